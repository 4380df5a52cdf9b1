"""Chip scale: from a real layout to topography, hot spots and fill."""

from planaris.planarity.maps import ChipMaps, PatternMaps, pattern_maps

__all__ = ["ChipMaps", "PatternMaps", "pattern_maps"]
