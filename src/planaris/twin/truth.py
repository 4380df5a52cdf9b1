"""The twin's truth: the process package's numbers with seeded deviations that no controller or estimator is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np

from planaris.model import ToolDescription
from planaris.physics import (
    DiskConstants,
    EdgeTerm,
    FreshnessConstants,
    HeatConstants,
    MembraneConstants,
    PadConstants,
    RemovalLaw,
    RingConstants,
    SlurryConstants,
    disk_friction,
    disk_sharpness,
)
from planaris.processes import ProcessPackage
from planaris.twin.noise import stream_of

# Deviations of the truth from nominal constants, 1 sigma [design]: docs/reference/design-values.md.
LAW_SIGMA_PCT = 3.0
METROLOGY_BIAS_SIGMA_nm = 0.6
METROLOGY_REPEATABILITY_nm = 0.4
UPSTREAM_NOISE_nm = 1.0
UNDER_FILM_SIGMA_PCT = 1.0
# Slurry from batch to batch, 1 sigma [design]. Break-in of pads: +7 to +24 % in 50 to 130 min (Jeong 2021, S).
SLURRY_RATE_SIGMA_PCT = 1.0
BREAK_IN_GAIN_PCT = (7.0, 24.0)
BREAK_IN_S = (3000.0, 7800.0)
# What a part is follows from its serial number alone, not from the run it is used in.
PART_SEED = 0
GIMBAL_TILT_SIGMA_PCT = 0.4
PRESSURE_GAIN_SIGMA_PCT = 0.3
SENSOR_GAIN_SIGMA_PCT = 0.2
AIR_TEMPERATURE_C = 22.0


@dataclass(frozen=True, slots=True)
class HeadTruth:
    """How one head differs: rate and pressure gain, and a tilt that is fixed to the head's angle."""

    rate_ratio: float
    pressure_ratio: float
    tilt_ratio: float
    tilt_rad: float


@dataclass(frozen=True, slots=True)
class PadTruth:
    """How one pad and disk differ from nominal; break-in of its own where the pad is not the one it came with."""

    rate_ratio: float
    cut_ratio: float
    break_in_gain_pct: float | None = None
    break_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class FilmTruth:
    """How one film answers to one line's slurry."""

    law: RemovalLaw
    slurry: SlurryConstants
    friction_coefficient: float


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything the twin's physics runs on.

    ``film`` is the polished film; ``films`` has each film of the package, by slurry line. ``deviation_ratio`` is 0
    where the truth matches the nominal, for what draws deviations of its own. ``drag_ratio`` is what the drives'
    bearings and turning slurry are to nominal.
    """

    film: str
    films: Mapping[str, tuple[FilmTruth, ...]]
    heat: HeatConstants
    freshness: FreshnessConstants
    disk: DiskConstants
    pad: PadConstants
    ring: RingConstants
    membrane: MembraneConstants
    edge: EdgeTerm
    kernel_length_mm: float
    ring_friction_coefficient: float
    conditioner_friction_coefficient: float
    conditioner_cutting_fraction: float
    slurry_temperature_C: float
    heads: tuple[HeadTruth, ...]
    pads: tuple[PadTruth, ...]
    break_in_gain_pct: float
    break_in_s: float
    wafer_rate_sigma_pct: float
    pad_rate_sigma_pct: float
    disk_cut_sigma_pct: float
    metrology_bias_nm: float
    metrology_repeatability_nm: float
    deviation_ratio: float = 1.0
    drag_ratio: float = 1.0

    def film_on(self, slurry_line: int, material: str | None = None) -> FilmTruth:
        """Return a film, by default the polished one, under a line's slurry."""
        lines = self.films[material or self.film]
        return lines[min(slurry_line, len(lines)) - 1]

    def laws_on(self, slurry_line: int) -> dict[str, RemovalLaw]:
        """Return the laws of all films of the package under a line's slurry."""
        return {material: self.film_on(slurry_line, material).law for material in self.films}

    def pad_of(self, serial: str) -> tuple[float, float, float]:
        """Return (rate ratio, break-in gain in %, break-in time in s) of a pad, the same in every run."""
        chance = stream_of(PART_SEED, f"pad.{serial}")
        ratio = 1.0 + 0.01 * self.pad_rate_sigma_pct * float(np.clip(chance.standard_normal(), -2.5, 2.5))
        return ratio, float(chance.uniform(*BREAK_IN_GAIN_PCT)), float(chance.uniform(*BREAK_IN_S))

    def disk_of(self, serial: str) -> float:
        """Return the cut ratio of a disk."""
        chance = stream_of(PART_SEED, f"disk.{serial}")
        return 1.0 + 0.01 * self.disk_cut_sigma_pct * float(np.clip(chance.standard_normal(), -2.5, 2.5))

    def slurry_of(self, lot_number: str) -> float:
        """Return the rate ratio of a slurry batch."""
        chance = stream_of(PART_SEED, f"slurry.{lot_number}")
        sigma_pct = SLURRY_RATE_SIGMA_PCT if self.pad_rate_sigma_pct else 0.0
        return 1.0 + 0.01 * sigma_pct * float(np.clip(chance.standard_normal(), -2.5, 2.5))

    def disk_friction_after(self, disk_hours: float) -> float:
        """Return a disk's coefficient of friction on the pad after so many hours."""
        cut_ratio = disk_sharpness(disk_hours, self.disk.disk_decay_h)
        return float(disk_friction(self.conditioner_friction_coefficient, self.conditioner_cutting_fraction, cut_ratio))

    def wafer_rate_ratio(self, seed: int, wafer_id: str) -> float:
        """Return what makes one wafer polish faster than another and nothing explains."""
        return 1.0 + 0.01 * self.wafer_rate_sigma_pct * float(stream_of(seed, f"wafer.{wafer_id}").standard_normal())


C = TypeVar("C")


def _constants(kind: type[C], package: ProcessPackage, group: str) -> C:
    """Build a physics constants record from the package's group; names agree by design."""
    given = package.group(group)
    names = {f.name for f in fields(kind)} & set(given)  # pyright: ignore[reportArgumentType]
    return kind(**{name: given[name] for name in names})


def nominal_law(package: ProcessPackage, film: str) -> RemovalLaw:
    """Return a film's removal law as the package states it."""
    return _constants(RemovalLaw, package, package.law_of(film))


def _films(
    package: ProcessPackage, film: str, law: RemovalLaw, friction_ratio: float, seed: int, scale: float
) -> Mapping[str, tuple[FilmTruth, ...]]:
    """Return each film's truth by slurry line; ``law`` is the polished film's on line 1, other laws deviate too."""
    laws = {package.law_of(film): law}
    found: dict[str, tuple[FilmTruth, ...]] = {}
    for entry in package.films:
        name = f"film.{entry.material}.friction_coefficient"
        friction = package.value(name if name in package.numbers else "friction.friction_coefficient")
        lines: list[FilmTruth] = []
        for prefix in entry.laws:
            if prefix not in laws:
                chance = stream_of(seed, f"truth.{prefix}")
                off = 1.0 + scale * 0.01 * LAW_SIGMA_PCT * np.clip(chance.standard_normal(2), -2.5, 2.5)
                other = _constants(RemovalLaw, package, prefix)
                laws[prefix] = replace(
                    other, kp_m2_N=other.kp_m2_N * float(off[0]), k2_nm_min=other.k2_nm_min * float(off[1])
                )
            slurry = _constants(SlurryConstants, package, prefix)
            lines.append(FilmTruth(laws[prefix], slurry, friction * friction_ratio))
        found[entry.material] = tuple(lines)
    return found


def make_truth(package: ProcessPackage, film: str, tool: ToolDescription, seed: int, *, matched: bool = False) -> Truth:
    """Draw the truth of one twin. ``matched`` leaves every deviation of the constants out."""
    chance = stream_of(seed, "truth")
    scale = 0.0 if matched else 1.0

    def off(sigma_pct: float) -> float:
        return 1.0 + scale * 0.01 * sigma_pct * float(np.clip(chance.standard_normal(), -2.5, 2.5))

    value = package.value
    law = nominal_law(package, film)
    law = replace(law, kp_m2_N=law.kp_m2_N * off(LAW_SIGMA_PCT), k2_nm_min=law.k2_nm_min * off(LAW_SIGMA_PCT))
    heat = _constants(HeatConstants, package, "heat")
    edge = _constants(EdgeTerm, package, "edge")
    heads = tuple(
        HeadTruth(
            rate_ratio=off(value("variation.head_rate_pct")),
            pressure_ratio=off(PRESSURE_GAIN_SIGMA_PCT),
            tilt_ratio=scale * 0.01 * GIMBAL_TILT_SIGMA_PCT * abs(float(chance.standard_normal())),
            tilt_rad=float(chance.uniform(0.0, 2.0 * np.pi)),
        )
        for _ in range(tool.heads)
    )
    pads = tuple(
        PadTruth(rate_ratio=off(value("variation.pad_rate_pct")), cut_ratio=off(value("variation.disk_cut_pct")))
        for _ in range(tool.platens)
    )
    heat = replace(
        heat,
        capacity_J_K=heat.capacity_J_K * off(LAW_SIGMA_PCT),
        pad_conductance_W_K=heat.pad_conductance_W_K * off(LAW_SIGMA_PCT),
    )
    edge = replace(edge, amplitude_ratio=edge.amplitude_ratio * off(LAW_SIGMA_PCT))
    friction_ratio = off(LAW_SIGMA_PCT)
    return Truth(
        film=film,
        films=_films(package, film, law, friction_ratio, seed, scale),
        heat=heat,
        freshness=_constants(FreshnessConstants, package, "pad"),
        disk=_constants(DiskConstants, package, "conditioner"),
        pad=_constants(PadConstants, package, "pad"),
        ring=_constants(RingConstants, package, "ring"),
        membrane=_constants(MembraneConstants, package, "membrane"),
        edge=edge,
        kernel_length_mm=value("edge.kernel_length_mm"),
        ring_friction_coefficient=value("friction.ring_friction_coefficient"),
        conditioner_friction_coefficient=value("friction.conditioner_friction_coefficient"),
        conditioner_cutting_fraction=value("friction.conditioner_cutting_fraction"),
        slurry_temperature_C=value("slurry.temperature_C"),
        heads=heads,
        pads=pads,
        break_in_gain_pct=value("pad.break_in_gain_pct"),
        break_in_s=value("pad.break_in_s"),
        wafer_rate_sigma_pct=scale * value("variation.wafer_rate_pct"),
        pad_rate_sigma_pct=scale * value("variation.pad_rate_pct"),
        disk_cut_sigma_pct=scale * value("variation.disk_cut_pct"),
        metrology_bias_nm=scale * METROLOGY_BIAS_SIGMA_nm * float(chance.standard_normal()),
        metrology_repeatability_nm=METROLOGY_REPEATABILITY_nm,
        deviation_ratio=scale,
        drag_ratio=1.0 + scale * 0.01 * LAW_SIGMA_PCT * float(stream_of(seed, "drive.drag").standard_normal()),
    )
