"""A calibrated law as TOML text and back: the whole law, so that a prediction from the file is the same."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import tomlkit
from pydantic import TypeAdapter, ValidationError

from planaris.calibration.form import constants_of
from planaris.calibration.law import CalibratedLaw
from planaris.model import InputError, InputFault

LAW_SCHEMA = "planaris/law/1"
_ADAPTER: TypeAdapter[CalibratedLaw] = TypeAdapter(CalibratedLaw)


def law_to_toml(law: CalibratedLaw, source: str = "") -> str:
    """Return a law as TOML text; ``source`` says which table it was fitted to."""
    head: dict[str, Any] = {"schema": LAW_SCHEMA, "source": source}
    body: dict[str, Any] = _without_none(_ADAPTER.dump_python(law, mode="python"))
    for group, made in zip(body["groups"], law.groups, strict=True):
        group["form"] = {"formula": str(made.form), **group["form"]}
    return tomlkit.dumps(head | body)


def law_from_toml(text: str, source: str = "law") -> CalibratedLaw:
    """Read a law from TOML text; raise InputError listing every fault."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(source, (InputFault("(TOML)", "(text)", f"not TOML: {error}"),)) from error
    if raw.get("schema") != LAW_SCHEMA:
        fault = InputFault("schema", str(raw.get("schema", "(missing)")), "is no law of this kind", LAW_SCHEMA)
        raise InputError(source, (fault,))
    try:
        law = _ADAPTER.validate_python(raw)
    except ValidationError as error:
        faults = tuple(_fault(e) for e in error.errors(include_url=False, include_context=False))
        raise InputError(source, faults) from error
    faults = tuple(_inconsistent(law))
    if faults:
        raise InputError(source, faults)
    return law


def _without_none(value: Any) -> Any:
    """TOML has no null: leave such entries out, their default is None."""
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return str(value) if isinstance(value, str) else value


def _fault(error: Any) -> InputFault:
    path = ""
    for part in error["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    value = error.get("input")
    shown = "(missing)" if error["type"] == "missing" else str(value)[:60]
    return InputFault(path, shown, str(error["msg"]), remedy="write the law again with calibrate")


def _inconsistent(law: CalibratedLaw) -> list[InputFault]:
    """Faults that single values cannot show: constants that do not belong to the form."""
    found: list[InputFault] = []
    for i, group in enumerate(law.groups):
        path = f"groups[{i}]"
        levels = {label: len(names) for label, names in group.level_names.items()}
        labels = {group.form.kp_level, group.form.threshold_level} - {""}
        conditions = {*group.form.kp_by, *group.form.k2_by, *group.form.threshold_by, group.form.oxidiser} - {""}
        conditions |= {"slurry_ml_min"} if group.form.supply else set()
        conditions |= {"temperature_C"} if group.form.activation else set()
        wanting = [
            *(("level_names", label) for label in sorted(labels - levels.keys())),
            *(("scales.conditions", name) for name in sorted(conditions - {c for c, _ in group.scales.conditions})),
            *(("ranges", name) for name in sorted({"pressure_kPa", "velocity_m_s"} - group.ranges.keys())),
        ]
        found += [InputFault(f"{path}.{part}", name, "is missing, and the form needs it") for part, name in wanting]
        if wanting:
            continue
        wanted = tuple(c.name for c in constants_of(group.form, group.scales, levels))
        if group.names != wanted:
            found.append(InputFault(f"{path}.names", ", ".join(group.names), "do not fit the form", ", ".join(wanted)))
        size = len(wanted)
        if len(group.theta) != size or [len(row) for row in group.covariance] != [size] * size:
            found.append(InputFault(f"{path}.theta, covariance", "(sizes)", "do not fit the names", str(size)))
    return found
