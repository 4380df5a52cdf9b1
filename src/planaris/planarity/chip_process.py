"""Processes at chip scale from process packages: which films stand where, and rates at a pressure and a speed.

Package numbers below ``pattern.`` are the constants; the stacks here are of a 130–180 nm product (A).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType

from planaris.model import InputError, InputFault, Layer
from planaris.physics import ContactConstants, RemovalLaw, removal_rate_nm_min
from planaris.planarity.pattern_process import (
    ClearEndpoint,
    PatternConstants,
    PatternProcess,
    PatternStack,
    PolishStage,
    RecessConstants,
)
from planaris.processes import ProcessPackage, load_package

# 3 psi; mean sliding speed of 93 rpm on a centre distance of 125 mm: the default recipes' working point.
PRESSURE_kPa, VELOCITY_m_s = 20.684271879504, 1.217


@dataclass(frozen=True, slots=True)
class StageSetting:
    """What a stage is run with; ``slurry_line`` chooses the films' laws."""

    ends: float | ClearEndpoint
    pressure_kPa: float = PRESSURE_kPa
    velocity_m_s: float = VELOCITY_m_s
    slurry_line: int = 1


@dataclass(frozen=True, slots=True)
class ChipProduct:
    """Films of a product over and in its pattern, and the stages that it is usually given."""

    stack: PatternStack
    stages: tuple[StageSetting, ...]


PRODUCTS: Mapping[str, ChipProduct] = MappingProxyType(
    {
        "oxide_ild": ChipProduct(
            PatternStack((Layer("TEOS", 1500.0),), (Layer("TEOS", 1500.0),), 600.0, up_drawn=True),
            (StageSetting(180.0),),
        ),
        "sti_ceria": ChipProduct(
            PatternStack(
                (Layer("HDP", 550.0), Layer("SiN", 110.0)), (Layer("HDP", 850.0),), 420.0, up_drawn=True
            ),
            (StageSetting(ClearEndpoint(overpolish_s=20.0)),),
        ),
        "w_plug": ChipProduct(
            PatternStack(
                (Layer("W", 400.0), Layer("Ti", 30.0), Layer("TEOS", 800.0)), (Layer("W", 1230.0),), 830.0,
                up_drawn=False, fill_um=1.0,
            ),
            (StageSetting(ClearEndpoint(film="TEOS", overpolish_pct=10.0)),),
        ),
        "cu_two_step": ChipProduct(
            PatternStack(
                (Layer("Cu", 700.0), Layer("Ta", 25.0), Layer("TEOS", 600.0)), (Layer("Cu", 1050.0),), 350.0,
                up_drawn=False, fill_um=1.0,
            ),
            (
                StageSetting(ClearEndpoint(overpolish_pct=15.0)),
                StageSetting(ClearEndpoint(film="TEOS", overpolish_s=20.0), slurry_line=2),
            ),
        ),
    }
)  # fmt: skip
_RECESS = ("recess_scale_nm", "exponent_recess_width", "exponent_recess_space")
# Names that people type.
SHORT_NAMES: Mapping[str, str] = MappingProxyType(
    {"oxide": "oxide_ild", "ild": "oxide_ild", "sti": "sti_ceria", "w": "w_plug", "cu": "cu_two_step"}
)


def process_names() -> tuple[str, ...]:
    """Return the names of the processes that have a product at chip scale, short ones first."""
    return (*SHORT_NAMES, *PRODUCTS)


def chip_process(
    name: str | ProcessPackage, *, stack: PatternStack | None = None, stages: Sequence[StageSetting] | None = None
) -> PatternProcess:
    """Return a process at chip scale: ``oxide``, ``sti``, ``w``, ``cu``, a package's full name, or a package.

    A package of another name needs ``stack`` and ``stages``. Raises InputError for an unknown name, a package without
    pattern numbers, and films that it has no law for.
    """
    if isinstance(name, str):
        full = SHORT_NAMES.get(name, name)
        if full not in PRODUCTS:
            fault = InputFault(
                "process", name, "is not known at chip scale", ", ".join(process_names()), remedy="use one of these"
            )
            raise InputError(name, (fault,))
        package = load_package(full)
    else:
        package = name
    product = PRODUCTS.get(package.name)
    if (stack is None or stages is None) and product is None:
        fault = InputFault("stack", package.name, "has no usual product", remedy="give films and stages")
        raise InputError(package.name, (fault,))
    films = stack if stack is not None else product.stack if product else None
    given = stages if stages is not None else product.stages if product else ()
    assert films is not None
    _check(package, films, given)
    materials = {layer.material for layer in (*films.up, *films.down)}
    return PatternProcess(
        name=package.name,
        stack=films,
        constants=pattern_constants(package, recess=len(materials) > 1),
        stages=tuple(_stage(package, films, one) for one in given),
        notes=package.notes,
    )


def pattern_constants(package: ProcessPackage, *, recess: bool) -> PatternConstants:
    """Return a package's constants on patterns, with those of a recess or without; InputError naming all that lack."""
    given = package.group("pattern")
    needed = ("planarization_length_mm", "sigma_nm", *(_RECESS if recess else ()))
    lacking = [name for name in needed if name not in given]
    if lacking:
        raise InputError(
            package.name,
            tuple(
                InputFault(f"numbers.pattern.{name}", "missing", "the model needs it", remedy="add it with its source")
                for name in lacking
            ),
        )
    return PatternConstants(
        planarization_length_mm=given["planarization_length_mm"],
        contact=ContactConstants(
            given["sigma_nm"], given.get("width_gain_ratio", 0.0), given.get("summit_radius_um", 30.0)
        ),
        recess=RecessConstants(
            *(given[name] for name in _RECESS),
            saturation_um=given.get("recess_saturation_um", 0.0),
            space_cap_um=given.get("recess_space_cap_um", 0.0),
            rounding_ratio=given.get("rounding_ratio", 0.0),
            rounding_um=given.get("rounding_um", 22.5),
        )
        if recess
        else None,
        cut_ratio=given.get("cut_ratio", 2.0),
        edge_shift_um=given.get("edge_shift_um", 0.0),
        thresholds={
            film.material: package.value(name)
            for film in package.films
            if (name := f"film.{film.material}.pattern_threshold_ratio") in package.numbers
        },
    )


def _check(package: ProcessPackage, films: PatternStack, stages: Sequence[StageSetting]) -> None:
    known = {film.material for film in package.films}
    faults = [
        InputFault("stack", layer.material, f"{package.name} has no removal law for it", ", ".join(sorted(known)),
                   remedy="use a film of the package")
        for layer in (*films.up, *films.down)
        if layer.material not in known
    ]  # fmt: skip
    faults += [
        InputFault(f"stages[{k}].slurry_line", str(one.slurry_line), "no such slurry line", str(package.slurry_lines),
                   remedy="use one of the package's lines")
        for k, one in enumerate(stages)
        if one.slurry_line > package.slurry_lines
    ]  # fmt: skip
    if faults:
        raise InputError(package.name, tuple(faults))


def _stage(package: ProcessPackage, films: PatternStack, setting: StageSetting) -> PolishStage:
    materials = dict.fromkeys(layer.material for layer in (*films.up, *films.down))
    return PolishStage({m: _rate(package, m, setting) for m in materials}, setting.ends)


def _rate(package: ProcessPackage, material: str, setting: StageSetting) -> float:
    """Return a blanket film's rate at the law's own temperature."""
    line = min(setting.slurry_line, package.slurry_lines)
    given = package.group(package.law_of(material, line))
    law = RemovalLaw(**{f.name: given[f.name] for f in fields(RemovalLaw) if f.name in given})
    return float(removal_rate_nm_min(setting.pressure_kPa, setting.velocity_m_s, law.temperature_ref_C, law))
