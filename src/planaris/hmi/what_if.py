"""What set-points would do to a wafer: the process package's physics on paper, with its interval.

Nothing here comes from the twin, whose truth deviates from all of it. Removal is that of all polishing steps of the
recipe at their nominal times, each on its platen's pad, of the recipe's film alone: what lies below it is not known
here. The interval is one of 95 %: every number's own interval (of fits, or what the sources say) and the spread of
heads, pads and wafers, taken as independent and put together in quadrature.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from planaris.model import ConditioningMode, PolishStep, Recipe, StepKind, ToolDescription
from planaris.physics import (
    DiskConstants,
    EdgeTerm,
    FreshnessConstants,
    HeatConstants,
    ModelFlag,
    PadConstants,
    PlatenBlock,
    PlatenDrive,
    PlatenGeometry,
    PlatenModel,
    PlatenState,
    PolarGrid,
    RemovalLaw,
    RingConstants,
    SlurryConstants,
    consumable_flags,
    cut_rate,
    disk_sharpness,
    flag_texts,
    groove_depth_mm,
    groove_volume_ml,
    platen_geometry,
    polish_block,
    polish_flags,
    pressure_matrix,
    removal_rate_nm_min,
    ring_wear_um,
    sweep_positions_mm,
    wafer_pressure,
    worn_ring_factor,
)
from planaris.processes import ProcessPackage

Array = NDArray[np.float64]
C = TypeVar("C")

# As fine as a profile is shown; the twin's own grid is finer.
RINGS_COUNT = 50
PAD_RINGS = 16
# A step is worked out in so many intervals: the pad warms and dulls within it.
INTERVALS_COUNT = 12
# Freshness of a pad that was conditioned and kept wet since its last wafer [design].
FRESH_AT_START = 0.9
AIR_TEMPERATURE_C = 22.0
# Of a normal distribution, 95 % lie within so many standard deviations.
SIGMAS_OF_95_PCT = 1.96
# Numbers whose intervals make the answer's, by what they are rebuilt from.
LAW_NUMBERS = (
    "kp_m2_N",
    "exponent_p",
    "exponent_v",
    "k2_nm_min",
    "threshold_kPa_m_s",
    "activation_kJ_mol",
    "activation_mechanical_kJ_mol",
)
EDGE_NUMBERS = ("amplitude_ratio", "decay_length_mm", "kernel_length_mm")
SPREADS = ("law.rate_sigma_pct", "variation.head_rate_pct", "variation.pad_rate_pct", "variation.wafer_rate_pct")


@dataclass(frozen=True, slots=True)
class Wear:
    """How worn things are: pad by its wafers, disk and ring by hours of polish."""

    pad_wafers_count: int = 0
    disk_h: float = 0.0
    ring_h: float = 0.0


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """A value outside where something holds: of the tool, or of the data behind the law."""

    step: int
    name: str
    value: float
    minimum: float
    maximum: float
    of: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Removal by radius, all (n,), with its interval; uniformity is of the radii inside the edge exclusion.

    ``inside``: pressure and speed at the radius are where the law's data were, in every step.
    """

    radii_mm: tuple[float, ...]
    removal_nm: tuple[float, ...]
    low_nm: tuple[float, ...]
    high_nm: tuple[float, ...]
    mean_nm: float
    mean_low_nm: float
    mean_high_nm: float
    wiwnu_pct: float
    wiwnu_low_pct: float
    wiwnu_high_pct: float
    pad_temperature_C: float
    inside: tuple[bool, ...]
    flags: tuple[str, ...]
    out_of_range: tuple[OutOfRange, ...]


class WhatIf:
    """Answers for one tool and package."""

    def __init__(self, package: ProcessPackage, tool: ToolDescription) -> None:
        self._package, self._tool = package, tool
        self._grid = PolarGrid(RINGS_COUNT, 8, tool.wafer_diameter_mm / 2.0)
        self._pad_edges_mm: Array = np.linspace(0.0, tool.platen.radius_mm, PAD_RINGS + 1)
        self._heat = _constants(HeatConstants, package, "heat")
        self._freshness = _constants(FreshnessConstants, package, "pad")
        self._disk = _constants(DiskConstants, package, "conditioner")
        self._pad = _constants(PadConstants, package, "pad")
        self._ring = _constants(RingConstants, package, "ring")
        self._edge = _constants(EdgeTerm, package, "edge")
        self._kernel_mm = package.value("edge.kernel_length_mm")
        self._geometry = lru_cache(maxsize=16)(self._geometry_of)
        self._matrix = lru_cache(maxsize=64)(self._matrix_of)
        self._cut_shape = lru_cache(maxsize=64)(self._cut_shape_of)

    def answer(self, recipe: Recipe, wear: Wear = Wear(), film: str = "") -> Profile:
        """Return what a recipe would remove. Raises KeyError for a film that the package does not know."""
        film = film or recipe.film
        steps = [(i, s) for i, s in enumerate(recipe.steps) if s.kind is not StepKind.RINSE]
        area = self._grid.ring_area_m2
        inside = self._grid.r_mm <= self._grid.radius_mm - recipe.edge_exclusion_mm
        flags = ModelFlag.NONE
        covered = np.ones(RINGS_COUNT, dtype=np.bool_)
        warm_C = 0.0
        laws = self._laws(film, [s for _, s in steps])
        blocks: list[PlatenBlock] = []
        for (_, step), law in zip(steps, laws, strict=True):
            block, seen = self._polished(step, law, wear, film)
            blocks.append(block)
            flags |= seen
            warm_C = max(warm_C, float(block.wafer_temperature_C.max()))
            covered &= self._covered(block, self._package.law_of(film, step.slurry_line))
        nominal = _sum([_taken(block.rate_nm_min, step) for block, (_, step) in zip(blocks, steps, strict=True)])
        ups, downs = np.zeros(RINGS_COUNT), np.zeros(RINGS_COUNT)
        mean, uneven = _mean(nominal, area, inside), _wiwnu(nominal, area, inside)
        mean_up = mean_down = uneven_up = uneven_down = 0.0
        for pair in self._variants(film, [s for _, s in steps], laws, blocks, wear):
            shifts = np.stack([one - nominal for one in pair])
            ups += np.maximum(shifts.max(axis=0), 0.0) ** 2
            downs += np.minimum(shifts.min(axis=0), 0.0) ** 2
            means = [_mean(one, area, inside) - mean for one in pair]
            spread = [_wiwnu(one, area, inside) - uneven for one in pair]
            mean_up, mean_down = mean_up + max(*means, 0.0) ** 2, mean_down + min(*means, 0.0) ** 2
            uneven_up, uneven_down = uneven_up + max(*spread, 0.0) ** 2, uneven_down + min(*spread, 0.0) ** 2
        spread_ratio = self._spread_ratio()
        ups, downs = ups + (spread_ratio * nominal) ** 2, downs + (spread_ratio * nominal) ** 2
        mean_up, mean_down = mean_up + (spread_ratio * mean) ** 2, mean_down + (spread_ratio * mean) ** 2
        return Profile(
            radii_mm=_rounded(self._grid.r_mm),
            removal_nm=_rounded(nominal),
            low_nm=_rounded(np.maximum(nominal - np.sqrt(downs), 0.0)),
            high_nm=_rounded(nominal + np.sqrt(ups)),
            mean_nm=round(mean, 2),
            mean_low_nm=round(max(0.0, mean - math.sqrt(mean_down)), 2),
            mean_high_nm=round(mean + math.sqrt(mean_up), 2),
            wiwnu_pct=round(uneven, 3),
            wiwnu_low_pct=round(max(0.0, uneven - math.sqrt(uneven_down)), 3),
            wiwnu_high_pct=round(uneven + math.sqrt(uneven_up), 3),
            pad_temperature_C=round(warm_C, 2),
            inside=tuple(bool(one) for one in covered),
            flags=flag_texts(flags),
            out_of_range=tuple(self._off(steps, film)),
        )

    # -- one evaluation ------------------------------------------------------------------------------------------
    def _laws(self, film: str, steps: Sequence[PolishStep]) -> list[RemovalLaw]:
        return [_constants(RemovalLaw, self._package, self._package.law_of(film, s.slurry_line)) for s in steps]

    def _variants(
        self,
        film: str,
        steps: Sequence[PolishStep],
        laws: Sequence[RemovalLaw],
        blocks: Sequence[PlatenBlock],
        wear: Wear,
    ) -> Iterator[tuple[Array, Array]]:
        """Yield removal at both ends of every number's interval.

        The pad's heat and freshness stay those of the nominal block: they do not depend on the law, and the edge moves
        load about without changing how much it is.
        """
        known = [
            (block, step, _law_rate(block, law, block.pressure_kPa))
            for block, step, law in zip(blocks, steps, laws, strict=True)
        ]

        def total(new_laws: Sequence[RemovalLaw], pressures_kPa: Sequence[Array]) -> Array:
            parts = [
                _taken(block.rate_nm_min * (_law_rate(block, law, pressure) / np.where(old > 0.0, old, 1.0)), step)
                for (block, step, old), law, pressure in zip(known, new_laws, pressures_kPa, strict=True)
            ]
            return _sum(parts)

        as_it_is = [block.pressure_kPa for block in blocks]
        prefixes = [self._package.law_of(film, step.slurry_line) for step in steps]
        for name in LAW_NUMBERS:
            numbers = [self._package.numbers.get(f"{prefix}.{name}") for prefix in prefixes]
            bounds = [number.interval if number is not None else None for number in numbers]
            if any(bounds):
                low, high = (
                    [
                        law if bound is None else replace(law, **{name: bound[end]})
                        for law, bound in zip(laws, bounds, strict=True)
                    ]
                    for end in (0, 1)
                )
                yield total(low, as_it_is), total(high, as_it_is)
        for name in EDGE_NUMBERS:
            interval = self._package.numbers[f"edge.{name}"].interval
            if interval is not None:
                low_kPa, high_kPa = ([self._pressure(step, wear, name, bound) for step in steps] for bound in interval)
                yield total(laws, low_kPa), total(laws, high_kPa)

    def _pressure(self, step: PolishStep, wear: Wear, name: str, bound: float) -> Array:
        """Return pressure by radius, (1, n), with one number of the edge moved."""
        edge = self._edge if name == "kernel_length_mm" else replace(self._edge, **{name: bound})
        kernel_mm = bound if name == "kernel_length_mm" else self._kernel_mm
        matrix = self._matrix(edge, kernel_mm, self._ring_lost_um(step, wear))
        zones = np.maximum(np.array([step.zone_pressure_kPa]) - step.back_pressure_kPa, 0.0)
        return wafer_pressure(matrix, zones, np.array([step.ring_pressure_kPa]))

    def _polished(self, step: PolishStep, law: RemovalLaw, wear: Wear, film: str) -> tuple[PlatenBlock, ModelFlag]:
        """Return a step worked out in `INTERVALS_COUNT` intervals, and its flags."""
        package, n = self._package, INTERVALS_COUNT
        geometry = self._geometry(step.sweep_amplitude_mm)
        lost_um = self._pad_lost_um(step, wear)
        depth_mm = groove_depth_mm(lost_um, self._pad)
        sharp = float(disk_sharpness(wear.disk_h, self._disk.disk_decay_h))
        cut = np.zeros(PAD_RINGS)
        if step.conditioning.mode is ConditioningMode.IN_SITU:
            shape = self._cut_shape(step.platen_speed_rpm, step.conditioning.disk_speed_rpm)
            cut = step.conditioning.downforce_N * sharp * shape
        model = PlatenModel(
            geometry=geometry,
            pressure_matrix=self._matrix(self._edge, self._kernel_mm, self._ring_lost_um(step, wear)),
            law=law,
            friction_coefficient=_friction(package, film),
            ring_friction_coefficient=package.value("friction.ring_friction_coefficient"),
            groove_volume_ml=max(1.0, float(groove_volume_ml(depth_mm, geometry.pad_area_m2, self._pad))),
            heat=self._heat,
            freshness=self._freshness,
            slurry=_constants(SlurryConstants, package, package.law_of(film, step.slurry_line)),
            disk=self._disk,
        )
        drive = PlatenDrive(
            zone_pressures_kPa=np.maximum(np.array([step.zone_pressure_kPa]) - step.back_pressure_kPa, 0.0).repeat(
                n, axis=0
            ),
            ring_pressure_kPa=np.full(n, step.ring_pressure_kPa),
            platen_speed_rpm=np.full(n, step.platen_speed_rpm),
            head_speed_rpm=np.full(n, step.head_speed_rpm),
            center_distance_mm=np.full(n, self._tool.platen.center_distance_mm),
            sweep_speed_mm_s=np.zeros(n),
            slurry_flow_ml_min=np.full(n, step.slurry_flow_ml_min),
            water_flow_ml_min=np.full(n, step.di_flow_ml_min),
            slurry_temperature_C=package.value("slurry.temperature_C"),
            platen_temperature_C=step.platen_temperature_C,
            air_temperature_C=AIR_TEMPERATURE_C,
            cut_um_h=np.broadcast_to(cut, (n, PAD_RINGS)),
        )
        state = PlatenState(
            temperature_C=np.full(PAD_RINGS, AIR_TEMPERATURE_C),
            populations=np.full((int(self._freshness.population_count), PAD_RINGS), FRESH_AT_START),
            solids_ratio=np.asarray(1.0),
        )
        block = polish_block(state, drive, model, step.end.time_s / n)
        flags = polish_flags(block, drive, model) | consumable_flags(
            groove_depth_mm=depth_mm,
            groove_min_mm=self._pad.groove_min_mm,
            sharpness=sharp,
            theta=block.theta.mean(),
            ring_lost_mm=1e-3 * self._ring_lost_um(step, wear),
            ring_limit_mm=self._ring.wear_limit_mm,
        )
        return block, flags

    def _covered(self, block: PlatenBlock, law: str) -> NDArray[np.bool_]:
        """Return where pressure and speed are those of the law's data."""
        given = self._package.group(law)
        pressure, speed = block.pressure_kPa.mean(axis=0), block.velocity_m_s.mean(axis=0)
        at = np.ones(RINGS_COUNT, dtype=np.bool_)
        for values, name in ((pressure, "pressure_{}_kPa"), (speed, "velocity_{}_m_s")):
            low, high = (given.get(f"valid_{name.format(end)}") for end in ("min", "max"))
            at &= (values >= (-math.inf if low is None else low)) & (values <= (math.inf if high is None else high))
        return at

    def _pad_lost_um(self, step: PolishStep, wear: Wear) -> Array:
        """Pad height that the conditioner took for so many wafers of this step, its disk at half its sharpness."""
        if step.conditioning.mode is ConditioningMode.OFF:
            return np.zeros(PAD_RINGS)
        each_s = step.conditioning.time_s or step.end.time_s
        shape = self._cut_shape(step.platen_speed_rpm, step.conditioning.disk_speed_rpm)
        return step.conditioning.downforce_N * 0.5 * shape * (wear.pad_wafers_count * each_s / 3600.0)

    def _ring_lost_um(self, step: PolishStep, wear: Wear) -> float:
        speed_m_s = 2.0 * math.pi / 60.0 * step.platen_speed_rpm * self._tool.platen.center_distance_mm * 1e-3
        lost = ring_wear_um(step.ring_pressure_kPa, speed_m_s, wear.ring_h * 3600.0, self._ring)
        return round(float(lost), 1)

    def _geometry_of(self, sweep_mm: float) -> PlatenGeometry:
        tool = self._tool
        return platen_geometry(
            self._grid,
            self._pad_edges_mm,
            tool.platen.center_distance_mm,
            sweep_mm,
            ring_inner_mm=tool.head.ring_inner_mm,
            ring_outer_mm=tool.head.ring_outer_mm,
        )

    def _matrix_of(self, edge: EdgeTerm, kernel_mm: float, ring_lost_um: float) -> Array:
        return pressure_matrix(
            self._grid.r_mm,
            self._tool.head.zone_outer_mm,
            edge,
            kernel_mm,
            float(worn_ring_factor(ring_lost_um, self._ring)),
            wafer_radius_mm=self._grid.radius_mm,
        )

    def _cut_shape_of(self, platen_speed_rpm: float, disk_speed_rpm: float) -> Array:
        radius_mm = self._disk.disk_radius_mm
        centers = sweep_positions_mm(0.8 * radius_mm, float(self._pad_edges_mm[-1]) - radius_mm)
        return cut_rate(
            self._pad_edges_mm,
            centers,
            np.full(len(centers), 1.0 / len(centers)),
            platen_speed_rpm=platen_speed_rpm,
            disk_speed_rpm=disk_speed_rpm,
            force_N=1.0,
            disk=self._disk,
        )

    def _spread_ratio(self) -> float:
        """Half the 95 % interval of what law, heads, pads and wafers scatter, relative."""
        numbers = self._package.numbers
        squares = [(0.01 * numbers[name].value) ** 2 for name in SPREADS if name in numbers]
        return SIGMAS_OF_95_PCT * math.sqrt(sum(squares))

    def _off(self, steps: Sequence[tuple[int, PolishStep]], film: str) -> list[OutOfRange]:
        found: list[OutOfRange] = []
        for number, step in steps:
            for limit in self._tool.ranges:
                value = getattr(step, limit.name, None)
                listed = value if isinstance(value, tuple) else (value,)
                for at, one in enumerate(cast("tuple[Any, ...]", listed)):
                    if isinstance(one, int | float) and not limit.minimum <= one <= limit.maximum:
                        name = f"{limit.name}[{at}]" if isinstance(value, tuple) else limit.name
                        found.append(OutOfRange(number, name, one, limit.minimum, limit.maximum, "tool"))
            found += self._off_law(number, step, film)
        return found

    def _off_law(self, number: int, step: PolishStep, film: str) -> list[OutOfRange]:
        """Return where a step as a whole leaves what the law's data covered."""
        given = self._package.group(self._package.law_of(film, step.slurry_line))
        outer = np.array(self._tool.head.zone_outer_mm)
        share = np.diff(outer**2, prepend=0.0) / outer[-1] ** 2
        pressure_kPa = float(share @ np.array(step.zone_pressure_kPa)) - step.back_pressure_kPa
        speed_m_s = 2.0 * math.pi / 60.0 * step.platen_speed_rpm * self._tool.platen.center_distance_mm * 1e-3
        checks = (
            ("mean_pressure_kPa", pressure_kPa, "pressure", "kPa"),
            ("velocity_m_s", speed_m_s, "velocity", "m_s"),
        )
        found: list[OutOfRange] = []
        for name, value, quantity, unit in checks:
            low = given.get(f"valid_{quantity}_min_{unit}", -math.inf)
            high = given.get(f"valid_{quantity}_max_{unit}", math.inf)
            if not low <= value <= high:
                found.append(OutOfRange(number, name, round(value, 3), low, high, "law"))
        return found


def changed(recipe: Recipe, step: int, values: Mapping[str, Any]) -> Recipe:
    """Return a recipe with set-points of one step replaced; what was typed for them is forgotten."""
    old = recipe.steps[step]
    known = {f.name for f in fields(PolishStep)}
    new = replace(old, **{k: v for k, v in values.items() if k in known})
    if "time_s" in values:
        time_s = float(values["time_s"])
        end = replace(old.end, time_s=time_s, min_s=min(old.end.min_s, time_s), max_s=max(old.end.max_s, time_s))
        new = replace(new, end=end)
    gone = tuple(f"steps[{step}].{'end.' if name == 'time_s' else ''}{name}" for name in values)
    if "time_s" in values:
        gone = (*gone, f"steps[{step}].end.min_s", f"steps[{step}].end.max_s")
    entered = {path: text for path, text in recipe.entered.items() if not path.startswith(gone)}
    return replace(recipe, steps=(*recipe.steps[:step], new, *recipe.steps[step + 1 :]), entered=entered)


def _constants(kind: type[C], package: ProcessPackage, group: str) -> C:
    given = package.group(group)
    names = {f.name for f in fields(kind)} & set(given)  # pyright: ignore[reportArgumentType]
    return kind(**{name: given[name] for name in names})


def _friction(package: ProcessPackage, film: str) -> float:
    name = f"film.{film}.friction_coefficient"
    return package.value(name if name in package.numbers else "friction.friction_coefficient")


def _mean(values: Array, area: Array, inside: NDArray[np.bool_]) -> float:
    return float(np.average(values[inside], weights=area[inside]))


def _wiwnu(values: Array, area: Array, inside: NDArray[np.bool_]) -> float:
    """Standard deviation over the wafer's area, relative, in percent."""
    mean = _mean(values, area, inside)
    if mean <= 0:
        return 0.0
    return 100.0 * math.sqrt(float(np.average((values[inside] - mean) ** 2, weights=area[inside]))) / mean


def _taken(rates_nm_min: Array, step: PolishStep) -> Array:
    """Return what a step takes off at rates (intervals, n), in nm by radius."""
    return rates_nm_min.sum(axis=0) * (step.end.time_s / INTERVALS_COUNT / 60.0)


def _law_rate(block: PlatenBlock, law: RemovalLaw, pressure_kPa: Array) -> Array:
    """Return a law's own rate under a block's speed and temperature."""
    solids = block.solids_ratio[:, None]
    return removal_rate_nm_min(pressure_kPa, block.velocity_m_s, block.wafer_temperature_C, law, solids_ratio=solids)


def _sum(parts: Sequence[Array]) -> Array:
    return np.sum(np.stack(parts), axis=0)


def _rounded(values: Array) -> tuple[float, ...]:
    return tuple(round(float(v), 3) for v in values)
