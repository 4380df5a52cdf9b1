"""Dummy fill of a chip's layer where the chip stands: designed, placed, and polished again on exact densities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planaris.planarity.chip_cells import pad_filter
from planaris.planarity.extract import layer_maps
from planaris.planarity.fill_check import Violation, check_fill
from planaris.planarity.fill_choice import bounds, by_density, by_topography, capacity, place_squares
from planaris.planarity.fill_rules import FillRules
from planaris.planarity.fill_sites import FillSites, fill_sites
from planaris.planarity.layout import Layout
from planaris.planarity.maps import PatternMaps
from planaris.planarity.montage import Placed, PlacedPad, cut_out, field_maps, place_of
from planaris.planarity.pad_filter import PadFilter
from planaris.planarity.pattern_process import PatternProcess
from planaris.planarity.polish import polish
from planaris.planarity.topography import Topography

Ints = NDArray[np.int64]
# Below this a chip is flat for every exposure tool of a 200 mm line, and a ratio of two such figures says nothing.
LEAST_TIR_nm = 5.0


@dataclass(frozen=True, slots=True)
class Reticle:
    """A field that repeats over the wafer, with copies of the chip that is filled at ``targets``; maps on one grid."""

    source: str
    name: str
    width_um: float
    height_um: float
    street_fraction: float
    chips: tuple[Placed, ...]
    targets: tuple[int, ...]

    def with_target(self, maps: PatternMaps) -> PatternMaps:
        """Return the field's maps with other maps at all targets."""
        chips = list(self.chips)
        for number in self.targets:
            chips[number] = replace(chips[number], maps=maps)
        return field_maps(self.source, self.width_um, self.height_um, self.street_fraction, chips)

    def places(self, maps: PatternMaps) -> list[tuple[slice, slice]]:
        """Return the cells of each target in the field."""
        return [place_of(replace(self.chips[number], maps=maps)) for number in self.targets]


class Surroundings:
    """What a chip's polish takes from around it: other chips and copies of itself on a field, or its own repeats.

    The region is the field's part that holds all copies; ``copies`` are their cells in it, ``mask`` all of them.
    """

    def __init__(self, maps: PatternMaps, process: PatternProcess, reticle: Reticle | None) -> None:
        """Find the constant part of the field."""
        self._reticle = reticle
        self._pad: PadFilter | None = None
        self._where = (slice(0, maps.shape[0]), slice(0, maps.shape[1]))
        self.copies = [self._where]
        whole = maps
        if reticle is not None:
            whole = reticle.with_target(maps)
            places = reticle.places(maps)
            low = [min(place[k].start for place in places) for k in (0, 1)]
            high = [max(place[k].stop for place in places) for k in (0, 1)]
            self._where = (slice(low[0], high[0]), slice(low[1], high[1]))
            self.copies = [
                (slice(r.start - low[0], r.stop - low[0]), slice(c.start - low[1], c.stop - low[1])) for r, c in places
            ]
            self._pad = PlacedPad(whole, self._where, process)
        rows, columns = (s.stop - s.start for s in self._where)
        self.mask = np.zeros((rows, columns), dtype=np.bool_)
        for copy in self.copies:
            self.mask[copy] = True
        self.process = process

    def timed(self, maps: PatternMaps) -> PatternProcess:
        """Return the process with all stages as long as they take on the field with these maps in all copies."""
        if all(isinstance(stage.ends, float) for stage in self.process.stages):
            return self.process
        whole = maps if self._reticle is None else self._reticle.with_target(maps)
        times = polish(whole, self.process).stage_times_s
        stages = tuple(replace(stage, ends=took) for stage, took in zip(self.process.stages, times, strict=True))
        return replace(self.process, stages=stages)

    def region(self, maps: PatternMaps) -> PatternMaps:
        """Return the region's maps with these maps in all copies."""
        return maps if self._reticle is None else cut_out(self._reticle.with_target(maps), self._where)

    def pad_for(self, region: PatternMaps) -> PadFilter:
        """Return the pad's filter of the region."""
        return self._pad if self._pad is not None else pad_filter(region, self.process)

    def polished(self, maps: PatternMaps) -> Topography:
        """Return the region's surface after polish."""
        region = self.region(maps)
        return polish(region, self.timed(maps), pad=self.pad_for(region))

    def tir_nm(self, surface: Topography) -> float:
        """Return the range of the surface over all copies of the chip."""
        heights = surface.surface_nm[self.mask]
        return float(heights.max() - heights.min())


@dataclass(frozen=True, slots=True)
class FillTrial:
    """Squares of one way to fill (dbu, in the layout's coordinates), the chip's maps with them, and what remains.

    ``surface`` is of the region that holds all copies of the chip, ``TIR_nm`` of the copies.
    """

    name: str
    squares: Ints
    maps: PatternMaps
    surface: Topography
    TIR_nm: float


@dataclass(frozen=True, slots=True)
class FillDesign:
    """A layer before and after fill: by topography, and by density alone for comparison; violations of the first."""

    rules: FillRules
    before: FillTrial
    by_density: FillTrial
    by_topography: FillTrial
    sites_count: int
    violations: tuple[Violation, ...]

    @property
    def indicated(self) -> bool:
        """Say whether there is anything to gain."""
        return self.before.TIR_nm >= LEAST_TIR_nm


def trial(
    name: str,
    layout: Layout,
    rules: FillRules,
    cell_dbu: int,
    squares: Ints,
    around: Surroundings | None,
    process: PatternProcess,
) -> FillTrial:
    """Return a layer with some fill: exact maps of drawn shapes and squares together, polished where it stands."""
    maps = layer_maps(with_fill(layout, rules, squares), {rules.name: (*rules.drawn, rules.fill)}, cell_dbu)[rules.name]
    place = around if around is not None else Surroundings(maps, process, None)
    surface = place.polished(maps)
    return FillTrial(name, squares, maps, surface, place.tir_nm(surface))


def with_fill(layout: Layout, rules: FillRules, squares: Ints) -> Layout:
    """Return a layout with squares added to the top cell's fill layer."""
    if not len(squares):
        return layout
    top = layout.cells[0]
    own = top.rectangles.get(rules.fill)
    added = squares.astype(np.int32) if own is None else np.concatenate([own, squares.astype(np.int32)])
    cells = (replace(top, rectangles={**top.rectangles, rules.fill: added}), *layout.cells[1:])
    return replace(layout, cells=cells, layers=layout.layers | {rules.fill})


def design_fill(
    layout: Layout,
    rules: FillRules,
    process: PatternProcess,
    cell_dbu: int,
    reticle: Reticle | None = None,
    *,
    progress: Callable[[str], None] | None = None,
) -> FillDesign:
    """Return the fill of a layer: squares at legal sites, sized by the gradient of the polished chip's TIR.

    Where TIR is below `LEAST_TIR_nm` already, fill by topography is no more than what the least density asks for.
    """

    def say(text: str) -> None:
        if progress is not None:
            progress(text)

    nothing = np.zeros((0, 4), dtype=np.int64)
    maps = layer_maps(layout, {rules.name: (*rules.drawn, rules.fill)}, cell_dbu)[rules.name]
    around = Surroundings(maps, process, reticle)
    surface = around.polished(maps)
    before = FillTrial("before", nothing, maps, surface, around.tir_nm(surface))
    sites = fill_sites(layout, rules)
    lower, upper = bounds(maps, rules, capacity(sites, cell_dbu, maps))
    say(f"{len(sites.largest)} sites, room for {float(upper.mean()):.3f} of density")

    def placed(name: str, added: NDArray[np.float64]) -> FillTrial:
        squares = _squares(layout, sites, place_squares(sites, cell_dbu, maps, added, upper))
        return trial(name, layout, rules, cell_dbu, squares, around, process)

    even = by_density(maps, lower, upper, rules.target_fraction)
    plain = placed("by density", even)
    if before.TIR_nm >= LEAST_TIR_nm and len(sites.largest):
        region = around.region(maps)
        added = by_topography(
            region, around.copies, around.mask, around.timed(plain.maps), around.pad_for(region), lower, upper,
            plain=even, size_um=float(sites.sizes[sites.largest].mean()) * layout.dbu_um,
            progress=lambda value: say(f"TIR {value:.1f} nm before squares are placed"),
        )  # fmt: skip
    else:
        added = lower
    best = placed("by topography", added)
    if before.TIR_nm >= LEAST_TIR_nm and plain.TIR_nm < best.TIR_nm:
        # What was designed on smooth densities came out worse once squares stood there.
        best = replace(plain, name=best.name)
    return FillDesign(rules, before, plain, best, len(sites.largest), check_fill(layout, best.squares, rules))


def _squares(layout: Layout, sites: FillSites, chosen: Ints) -> Ints:
    return sites.squares(chosen) + np.array([layout.box[0], layout.box[1]] * 2)


def reticle_of(
    source: str,
    name: str,
    size_um: tuple[float, float],
    street_fraction: float,
    chips: Sequence[Placed],
    targets: Sequence[int],
) -> Reticle:
    """Return a reticle whose chips fit it; InputError where they do not."""
    made = Reticle(source, name, *size_um, street_fraction, tuple(chips), tuple(targets))
    field_maps(source, *size_um, street_fraction, chips)
    return made
