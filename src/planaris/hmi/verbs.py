"""Which verbs a role is offered, and how the page is to ask for them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from planaris.dictionary import Dictionary, Parameter, change_sequences, manual_verbs
from planaris.hmi.protocol import Parameter as ParameterEntry
from planaris.hmi.protocol import VerbEntry


@cache
def asked() -> Mapping[str, frozenset[str]]:
    """Return the verbs that are confirmed, and those that take a reason."""
    text = (files("planaris.hmi") / "data" / "verbs.toml").read_text(encoding="utf-8")
    return {key: frozenset(verbs) for key, verbs in tomllib.loads(text).items()}


class VerbCatalogue:
    """Verbs of a tool's door as the page shows them."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        places = [place.name for place in dictionary.places]
        self._choices: Mapping[str, list[str]] = {
            "module": [p.name for p in dictionary.places if p.is_device],
            "part": sorted({sequence.part for sequence in change_sequences()}),
            "face": ["up", "down"],
            "source": places,
        }

    def for_role(self, role: str, offered: Iterable[str]) -> dict[str, VerbEntry]:
        """Return what of the verbs that the door offers a role may give, by name."""
        commands = [self._dictionary.command(verb) for verb in offered]
        return {
            command.name: {
                "en": command.text_en,
                "zh": command.text_zh,
                "parameters": [self._parameter(command.name, p) for p in command.parameters],
                "confirm": command.name in asked()["confirm"],
                "reason": command.name in asked()["reason"],
                "twin_only": command.twin_only,
            }
            for command in commands
            if role in command.roles
        }

    def needs_reason(self, verb: str) -> bool:
        """Whether a verb is refused without a reason."""
        return verb in asked()["reason"]

    def _parameter(self, verb: str, parameter: Parameter) -> ParameterEntry:
        choices = self._choices.get(parameter.name, [])
        if verb == "module.manual" and parameter.name == "verb":
            choices = sorted({manual.name for manual in manual_verbs()})
        if parameter.name == "module" and verb in {"work.retry", "module.clear"}:
            choices = [*choices, "all"]
        return {
            "name": parameter.name,
            "dtype": parameter.dtype,
            "required": parameter.required,
            "unit": parameter.unit,
            "en": parameter.text_en,
            "zh": parameter.text_zh,
            "choices": choices,
        }
