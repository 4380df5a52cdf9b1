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
from planaris.planarity.gradient import DensityGradient, Figure, polish_gradient, soft_tir, tir
from planaris.planarity.hot_spots import EXPOSURE_TOOLS, ExposureTool, HotSpot, HotSpotLimits, find_hot_spots
from planaris.planarity.layout import LayerKey, Layout
from planaris.planarity.layout_build import check_layers
from planaris.planarity.layout_reader import read_layout
from planaris.planarity.maps import ChipMaps, PatternMaps, pattern_maps
from planaris.planarity.pad_filter import PadFilter
from planaris.planarity.pad_kernel import KernelShape, deflection_ratio, kernel_weights
from planaris.planarity.pad_length import PRESSURE_EXPONENT, planarization_length_mm
from planaris.planarity.pattern_process import (
    ClearEndpoint,
    PatternConstants,
    PatternProcess,
    PatternStack,
    PolishStage,
    RecessConstants,
)
from planaris.planarity.polish import polish
from planaris.planarity.study import ChipStudy, LayerStudy, study_chip
from planaris.planarity.topography import Topography, TopographyStatistics, statistics

__all__ = [
    "EXPOSURE_TOOLS",
    "PRESSURE_EXPONENT",
    "PRODUCTS",
    "ChipMaps",
    "ChipProduct",
    "ChipStudy",
    "ClearEndpoint",
    "DensityGradient",
    "ExposureTool",
    "Figure",
    "HotSpot",
    "HotSpotLimits",
    "KernelShape",
    "LayerKey",
    "LayerStudy",
    "Layout",
    "PadFilter",
    "PatternConstants",
    "PatternMaps",
    "PatternProcess",
    "PatternStack",
    "PolishStage",
    "RecessConstants",
    "StageSetting",
    "Topography",
    "TopographyStatistics",
    "check_layers",
    "chip_process",
    "deflection_ratio",
    "find_hot_spots",
    "kernel_weights",
    "layer_maps",
    "pad_filter",
    "pattern_constants",
    "pattern_maps",
    "planarization_length_mm",
    "polish",
    "polish_gradient",
    "process_names",
    "read_layout",
    "soft_tir",
    "statistics",
    "study_chip",
    "tir",
]
