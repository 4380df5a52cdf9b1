"""Chip scale: from a real layout to topography, hot spots and fill."""

from planaris.planarity.chip_cells import pad_filter
from planaris.planarity.chip_process import (
    PRODUCTS,
    ChipProduct,
    StageSetting,
    chip_process,
    pattern_constants,
    process_names,
)
from planaris.planarity.extract import layer_maps
from planaris.planarity.fill import (
    FillDesign,
    FillTrial,
    LEAST_TIR_nm,
    Reticle,
    Surroundings,
    design_fill,
    reticle_of,
    trial,
    with_fill,
)
from planaris.planarity.fill_check import Violation, check_fill
from planaris.planarity.fill_rules import FillRules
from planaris.planarity.gradient import DensityGradient, Figure, polish_gradient, soft_tir, tir
from planaris.planarity.hot_spots import (
    EXPOSURE_TOOLS,
    ExposureTool,
    HotSpot,
    HotSpotLimits,
    exposure_tool,
    find_hot_spots,
)
from planaris.planarity.layout import LayerKey, Layout
from planaris.planarity.layout_build import check_layers
from planaris.planarity.layout_reader import read_layout
from planaris.planarity.levels import Level, polish_levels
from planaris.planarity.maps import ChipMaps, PatternMaps, pattern_maps
from planaris.planarity.montage import Placed, field_maps
from planaris.planarity.pad_filter import PadFilter
from planaris.planarity.pad_follow import PadFollow
from planaris.planarity.pad_kernel import KernelShape, deflection_ratio, kernel_weights
from planaris.planarity.pad_length import PRESSURE_EXPONENT, planarization_length_mm
from planaris.planarity.pattern_fit import MEASURED_RECESS, FittedConstant, PatternFit, fit_recesses, fit_steps
from planaris.planarity.pattern_process import (
    ClearEndpoint,
    PatternConstants,
    PatternProcess,
    PatternStack,
    PolishStage,
    RecessConstants,
)
from planaris.planarity.polish import polish
from planaris.planarity.study import ChipStudy, LayerStudy, study_chip, study_levels
from planaris.planarity.sweep import Mapper, SweepPoint, SweepRow, coarser, process_pool, sweep
from planaris.planarity.topography import Topography, TopographyStatistics, statistics
from planaris.planarity.wafer_dies import Die, WaferOfDies, density_areas, die_sites, polish_wafer

__all__ = [
    "EXPOSURE_TOOLS",
    "MEASURED_RECESS",
    "PRESSURE_EXPONENT",
    "PRODUCTS",
    "ChipMaps",
    "ChipProduct",
    "ChipStudy",
    "ClearEndpoint",
    "DensityGradient",
    "Die",
    "ExposureTool",
    "Figure",
    "FillDesign",
    "FillRules",
    "FillTrial",
    "FittedConstant",
    "HotSpot",
    "HotSpotLimits",
    "KernelShape",
    "LEAST_TIR_nm",
    "LayerKey",
    "LayerStudy",
    "Layout",
    "Level",
    "Mapper",
    "PadFilter",
    "PadFollow",
    "PatternConstants",
    "PatternFit",
    "PatternMaps",
    "PatternProcess",
    "PatternStack",
    "Placed",
    "PolishStage",
    "RecessConstants",
    "Reticle",
    "StageSetting",
    "Surroundings",
    "SweepPoint",
    "SweepRow",
    "Topography",
    "TopographyStatistics",
    "Violation",
    "WaferOfDies",
    "check_fill",
    "check_layers",
    "chip_process",
    "coarser",
    "deflection_ratio",
    "density_areas",
    "design_fill",
    "die_sites",
    "exposure_tool",
    "field_maps",
    "find_hot_spots",
    "fit_recesses",
    "fit_steps",
    "kernel_weights",
    "layer_maps",
    "pad_filter",
    "pattern_constants",
    "pattern_maps",
    "planarization_length_mm",
    "polish",
    "polish_gradient",
    "polish_levels",
    "polish_wafer",
    "process_names",
    "process_pool",
    "read_layout",
    "reticle_of",
    "soft_tir",
    "statistics",
    "study_chip",
    "study_levels",
    "sweep",
    "tir",
    "trial",
    "with_fill",
]
