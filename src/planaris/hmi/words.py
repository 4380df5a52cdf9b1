"""What the tool's dictionary calls things, in one language, for the page."""

from __future__ import annotations

from typing import Any

from planaris.control import catalogue
from planaris.dictionary import Dictionary, Parameter, change_sequences, manual_verbs


def words(dictionary: Dictionary, language: str, zones_count: int) -> dict[str, Any]:
    """Return texts by kind and name, in ``en`` or ``zh``.

    Variables stand under their generic names (``platen.speed_rpm``) and full ones (``platen1.speed_rpm``).
    """

    def said(thing: Any) -> str:
        return thing.text_zh if language == "zh" else thing.text_en

    def parameters(given: tuple[Parameter, ...]) -> list[dict[str, Any]]:
        return [
            {"name": p.name, "dtype": p.dtype, "required": p.required, "unit": p.unit, "text": said(p)} for p in given
        ]

    variables: dict[str, Any] = {}
    for one in dictionary.variables:
        template = one.template
        told = template.text_zh if language == "zh" else template.text_en
        zone = one.generic_name.rpartition(".")[2].removeprefix("zone")[:1] if template.per_zone else ""
        variables.setdefault(one.generic_name, {"text": told.replace("{zone}", zone), "unit": one.unit})
        variables[one.name] = {
            "text": said(one),
            "unit": one.unit,
            "minimum": template.minimum,
            "maximum": template.maximum,
            "rate_class": one.rate_class,
        }
    manual: dict[str, Any] = {}
    for verb in manual_verbs():
        entry = {"text": said(verb), "roles": list(verb.roles), "parameters": parameters(verb.parameters)}
        manual.setdefault(verb.kind, {})[verb.name] = entry
    return {
        "language": language,
        "places": {p.name: {"text": said(p), "scope": p.scope} for p in dictionary.places},
        "variables": variables,
        "events": {e.name: {"text": said(e)} for e in dictionary.events},
        "alarms": {
            a.name: {
                "text": a.text.in_language(language),
                "cause": a.cause.in_language(language),
                "remedy": a.remedy.in_language(language),
                "action": a.action.in_language(language),
                "severity": a.severity.value,
            }
            for a in dictionary.alarm_templates
        },
        "commands": {
            c.name: {"text": said(c), "roles": list(c.roles), "parameters": parameters(c.parameters)}
            for c in dictionary.commands
        },
        "codes": {
            c.name: {code.name: {"value": code.value, "text": said(code)} for code in c.by_value.values()}
            for c in dictionary.code_lists
        },
        "features": {
            name: {"text": spec.chinese if language == "zh" else spec.english}
            for name, spec in catalogue(zones_count).items()
        },
        "manual": manual,
        "maintenance": {
            s.part: {
                "text": said(s),
                "place": s.place,
                "by_hand": list(s.by_hand),
                "steps": [
                    {
                        "name": step.name,
                        "kind": step.kind,
                        "text": said(step),
                        "roles": list(step.roles),
                        "wait_s": step.wait_s,
                        "limit_kPa": step.limit_kPa,
                        "wafer": step.wafer,
                        "count": step.count,
                        "rate_pct": step.rate_pct,
                    }
                    for step in s.steps
                ],
            }
            for s in change_sequences()
        },
    }
