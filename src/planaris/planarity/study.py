"""A chip's study: maps of its layers, each polished from flat, and the places that leave the limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from planaris.model import InputError, InputFault
from planaris.planarity.extract import layer_maps
from planaris.planarity.hot_spots import ExposureTool, HotSpot, HotSpotLimits, find_hot_spots
from planaris.planarity.layout import Box, LayerKey, Layout
from planaris.planarity.maps import PatternMaps
from planaris.planarity.pattern_process import PatternProcess
from planaris.planarity.polish import polish
from planaris.planarity.topography import Topography, TopographyStatistics, statistics


@dataclass(frozen=True, slots=True)
class LayerStudy:
    """One layer: its maps, the surface after polish, figures of it, and places over a limit."""

    name: str
    maps: PatternMaps
    surface: Topography
    statistics: TopographyStatistics
    hot_spots: tuple[HotSpot, ...]


@dataclass(frozen=True, slots=True)
class ChipStudy:
    """A chip's layers under one process; ``surround`` None where dies repeat."""

    source: str
    top: str
    box: Box
    dbu_um: float
    process: PatternProcess
    tool: ExposureTool
    limits: HotSpotLimits
    surround: float | None
    layers: tuple[LayerStudy, ...]

    @property
    def hot_spots(self) -> tuple[HotSpot, ...]:
        """Places of all layers, worst first."""
        every = [spot for layer in self.layers for spot in layer.hot_spots]
        return tuple(sorted(every, key=lambda spot: -spot.severity_ratio))


def study_chip(
    layout: Layout,
    layers: Mapping[str, Sequence[LayerKey]],
    process: PatternProcess,
    cell_dbu: int,
    *,
    limits: HotSpotLimits,
    tool: ExposureTool,
    surround: float | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> ChipStudy:
    """Return a study of some layers, on cells of ``cell_dbu``; InputError where the model refuses the input."""
    made: list[LayerStudy] = []
    for name, maps in layer_maps(layout, layers, cell_dbu, progress=progress).items():
        try:
            surface = polish(maps, process, surround=surround)
        except ValueError as error:
            fault = InputFault(name, process.name, str(error), remedy="see docs/explanations/chip-scale.md")
            raise InputError(layout.source, (fault,)) from error
        spots = find_hot_spots(name, maps, surface, limits)
        made.append(LayerStudy(name, maps, surface, statistics(surface), spots))
    return ChipStudy(layout.source, layout.top, layout.box, layout.dbu_um, process, tool, limits, surround, tuple(made))
