"""Files in and out. Every fault of a file is told at once, with path, value, limit, unit and remedy."""

from planaris.formats.incoming_file import load_incoming
from planaris.formats.job_files import JobFiles, load_job
from planaris.formats.lot_file import LotFile, load_lot
from planaris.formats.quantity import leaf_paths, show_quantity, value_at
from planaris.formats.recipe_file import load_cleaner_recipe, load_recipe
from planaris.formats.recipe_write import dump_recipe
from planaris.formats.tool_file import DEFAULT_TOOL, load_tool, tool_names
from planaris.formats.trace_files import (
    INCOMPLETE_KEY,
    TRACE_SCHEMA_KEY,
    TRACE_SCHEMA_VERSION,
    Trace,
    TraceFileError,
    read_trace,
    write_trace,
)

__all__ = [
    "DEFAULT_TOOL",
    "INCOMPLETE_KEY",
    "TRACE_SCHEMA_KEY",
    "TRACE_SCHEMA_VERSION",
    "JobFiles",
    "LotFile",
    "Trace",
    "TraceFileError",
    "dump_recipe",
    "leaf_paths",
    "load_cleaner_recipe",
    "load_incoming",
    "load_job",
    "load_lot",
    "load_recipe",
    "load_tool",
    "read_trace",
    "show_quantity",
    "tool_names",
    "value_at",
    "write_trace",
]
