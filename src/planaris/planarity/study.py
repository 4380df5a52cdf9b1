"""A chip's study: maps of its layers, polished from flat or one on another, and the places that leave the limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from planaris.model import InputError, InputFault
from planaris.planarity.extract import layer_maps
from planaris.planarity.hot_spots import ExposureTool, HotSpot, HotSpotLimits, find_hot_spots
from planaris.planarity.layout import Box, LayerKey, Layout
from planaris.planarity.levels import Level, polish_levels
from planaris.planarity.maps import PatternMaps
from planaris.planarity.pad_follow import PadFollow
from planaris.planarity.pattern_process import PatternProcess
from planaris.planarity.polish import polish
from planaris.planarity.topography import Topography, TopographyStatistics, statistics


@dataclass(frozen=True, slots=True)
class LayerStudy:
    """One layer: its process and maps, the surface after polish, figures of it, and places over a limit."""

    name: str
    process: PatternProcess
    maps: PatternMaps
    surface: Topography
    statistics: TopographyStatistics
    hot_spots: tuple[HotSpot, ...]


@dataclass(frozen=True, slots=True)
class ChipStudy:
    """A chip's layers after their polish; ``surround`` None where dies repeat.

    ``carried``: each layer lies on what the one before left; else each starts flat.
    """

    source: str
    top: str
    box: Box
    dbu_um: float
    tool: ExposureTool
    limits: HotSpotLimits
    surround: float | None
    layers: tuple[LayerStudy, ...]
    carried: bool

    @property
    def processes(self) -> tuple[PatternProcess, ...]:
        """The processes of the layers, one of each name."""
        return tuple({layer.process.name: layer.process for layer in self.layers}.values())

    @property
    def process_name(self) -> str:
        """Their names."""
        return ", ".join(process.name for process in self.processes)

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
            raise _refused(layout, name, process, error) from error
        made.append(_studied(name, process, maps, surface, limits))
    return ChipStudy(
        layout.source, layout.top, layout.box, layout.dbu_um, tool, limits, surround, tuple(made), carried=False
    )


def study_levels(
    layout: Layout,
    layers: Mapping[str, Sequence[LayerKey]],
    processes: Sequence[PatternProcess],
    cell_dbu: int,
    *,
    limits: HotSpotLimits,
    tool: ExposureTool,
    follow: PadFollow | None = None,
    surround: float | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> ChipStudy:
    """Return a study of levels from the lowest up, each by its process on what the one below left, as `polish_levels`.

    ``processes`` go with ``layers`` in their order. InputError where the model refuses the input.
    """
    maps = layer_maps(layout, layers, cell_dbu, progress=progress)
    levels = [Level(name, one, process) for (name, one), process in zip(maps.items(), processes, strict=True)]
    try:
        surfaces = polish_levels(levels, follow=follow, surround=surround)
    except ValueError as error:
        raise _refused(layout, ", ".join(maps), processes[0], error) from error
    made = [
        _studied(level.name, level.process, level.maps, surface, limits)
        for level, surface in zip(levels, surfaces, strict=True)
    ]
    return ChipStudy(
        layout.source, layout.top, layout.box, layout.dbu_um, tool, limits, surround, tuple(made), carried=True
    )


def _studied(
    name: str, process: PatternProcess, maps: PatternMaps, surface: Topography, limits: HotSpotLimits
) -> LayerStudy:
    spots = find_hot_spots(name, maps, surface, limits)
    return LayerStudy(name, process, maps, surface, statistics(surface), spots)


def _refused(layout: Layout, name: str, process: PatternProcess, error: ValueError) -> InputError:
    fault = InputFault(name, process.name, str(error), remedy="see docs/explanations/chip-scale.md")
    return InputError(layout.source, (fault,))
