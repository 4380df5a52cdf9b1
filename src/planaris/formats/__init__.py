"""Files in and out. Every fault of a file is told at once, with path, value, limit, unit and remedy.

Trace and table files have their own modules here, so that reading a recipe does not load the array libraries.
"""

from planaris.formats.density_file import DensityFile, dump_density, load_density
from planaris.formats.described_lot import describe_lot
from planaris.formats.fill_rules_file import load_fill_rules
from planaris.formats.incoming_file import load_incoming
from planaris.formats.job_files import FindRecipe, JobFiles, fit_job, load_job
from planaris.formats.levels_file import load_levels
from planaris.formats.lot_file import LotFile, load_lot
from planaris.formats.montage_file import load_montage
from planaris.formats.quantity import leaf_paths, show_quantity, value_at
from planaris.formats.recipe_diff import ChangeKind, RecipeChange, diff_recipes
from planaris.formats.recipe_file import (
    RECIPE_LIMIT_BYTES,
    load_any_recipe,
    load_cleaner_recipe,
    load_recipe,
    parse_recipe,
)
from planaris.formats.recipe_hash import SHORT_HASH_LENGTH, content_name, recipe_hash
from planaris.formats.recipe_schema import recipe_schema
from planaris.formats.recipe_write import dump_recipe
from planaris.formats.tool_file import DEFAULT_TOOL, load_tool, tool_names

__all__ = [
    "DEFAULT_TOOL",
    "RECIPE_LIMIT_BYTES",
    "SHORT_HASH_LENGTH",
    "ChangeKind",
    "DensityFile",
    "FindRecipe",
    "JobFiles",
    "LotFile",
    "RecipeChange",
    "content_name",
    "describe_lot",
    "diff_recipes",
    "dump_density",
    "dump_recipe",
    "fit_job",
    "leaf_paths",
    "load_any_recipe",
    "load_cleaner_recipe",
    "load_density",
    "load_fill_rules",
    "load_incoming",
    "load_job",
    "load_levels",
    "load_lot",
    "load_montage",
    "load_recipe",
    "load_tool",
    "parse_recipe",
    "recipe_hash",
    "recipe_schema",
    "show_quantity",
    "tool_names",
    "value_at",
]
