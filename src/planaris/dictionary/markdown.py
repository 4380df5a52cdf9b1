"""The reference page of a tool's dictionary, in English or Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from planaris.dictionary.build import Dictionary
from planaris.dictionary.source import read_data
from planaris.dictionary.types import AlarmTemplate, Command, Parameter, Text, Variable


class _Bilingual(Protocol):
    @property
    def text_en(self) -> str: ...
    @property
    def text_zh(self) -> str: ...


class _Page:
    """One language's page: words, cells and tables."""

    def __init__(self, dictionary: Dictionary, language: str) -> None:
        if language not in {"en", "zh"}:
            raise ValueError(f"language must be en or zh, got {language}")
        self.dictionary = dictionary
        self.language = language
        self._words = {key: Text(*texts) for key, texts in read_data("page.toml").items()}

    def word(self, key: str) -> str:
        return self._words[key].in_language(self.language)

    def text(self, thing: _Bilingual) -> str:
        return thing.text_zh if self.language == "zh" else thing.text_en

    def aside(self, key: str, said: bool) -> str:
        if not said:
            return ""
        return f"（{self.word(key)}）" if self.language == "zh" else f" ({self.word(key)})"

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
        yield _row([self.word(column) for column in columns])
        yield _row(["---"] * len(columns))
        yield from map(_row, rows)
        yield ""

    def variables(self) -> Iterator[str]:
        by_place: dict[str, list[Variable]] = {}
        for variable in self.dictionary.variables:
            by_place.setdefault(variable.place, []).append(variable)
        yield from ("## " + self.word("variables"), "")
        for place, variables in by_place.items():
            title = self.text(self.dictionary.place(place)) if place else self.word("data_variables")
            yield from (f"### {title}", "")
            columns = ("id", "name", "unit", "format", "rate", "range", "meaning")
            yield from self.table(columns, map(self._variable, variables))

    def _variable(self, v: Variable) -> Sequence[object]:
        shape = "".join(f"[{n if n > 0 else 'n'}]" for n in v.shape)
        text = self.text(v) + self.aside("written", v.writable)
        limits = _range(v.template.minimum, v.template.maximum)
        return (v.variable_id, f"`{v.name}`", v.unit, v.secs_format + shape, v.rate_class, limits, text)

    def constants(self) -> Iterator[str]:
        yield from ("## " + self.word("constants"), "")
        rows = (
            (c.constant_id, f"`{c.name}`", c.unit, c.secs_format, c.default, _range(c.minimum, c.maximum), self.text(c))
            for c in self.dictionary.constants
        )
        yield from self.table(("id", "name", "unit", "format", "default", "range", "meaning"), rows)

    def events(self) -> Iterator[str]:
        yield from ("## " + self.word("events"), "")
        rows = (
            (e.event_id, f"`{e.name}`", self.text(e), " ".join(f"`{v}`" for v in e.variables))
            for e in self.dictionary.events
        )
        yield from self.table(("id", "name", "meaning", "carries"), rows)

    def alarms(self) -> Iterator[str]:
        yield from ("## " + self.word("alarms"), "")
        for template in self.dictionary.alarm_templates:
            yield from self._alarm(template)

    def _alarm(self, template: AlarmTemplate) -> Iterator[str]:
        ids = [f"{a.source} {a.alarm_id}" for a in self.dictionary.alarms if a.template is template]
        yield f"### {template.text.in_language(self.language)}"
        yield ""
        yield f"`{template.name}` · {self.word(template.severity.value)} · {', '.join(ids)}"
        yield ""
        for key, text in (("cause", template.cause), ("remedy", template.remedy), ("action", template.action)):
            yield f"- {self.word(key)}: {text.in_language(self.language)}"
        yield ""

    def commands(self) -> Iterator[str]:
        yield from ("## " + self.word("commands"), "")
        columns = ("id", "name", "meaning", "parameters", "roles")
        yield from self.table(columns, map(self._command, self.dictionary.commands))

    def _command(self, command: Command) -> Sequence[object]:
        text = self.text(command) + self.aside("twin_only", command.twin_only)
        parameters = ", ".join(self._parameter(p) for p in command.parameters)
        return (command.command_id, f"`{command.name}`", text, parameters, ", ".join(command.roles))

    def _parameter(self, p: Parameter) -> str:
        kind = p.codes or p.dtype
        return f"`{p.name}`{'' if p.required else '?'} {kind}: {self.text(p)}"

    def codes(self) -> Iterator[str]:
        yield from ("## " + self.word("codes"), "")
        for listed in self.dictionary.code_lists:
            if not listed.name.startswith("verbs."):
                yield from (f"### `{listed.name}`", "")
                rows = ((c.value, f"`{c.name}`", self.text(c)) for c in listed.by_value.values())
                yield from self.table(("value", "name", "meaning"), rows)
        yield from ("## " + self.word("verbs"), "")
        for device in self.dictionary.devices:
            yield from (f"### {self.text(device)}", "")
            rows = (
                (v.value, f"`{v.name}`", self.text(v), ", ".join(self._parameter(p) for p in v.arguments))
                for v in self.dictionary.verbs_of(device.name)
            )
            yield from self.table(("value", "name", "meaning", "parameters"), rows)


def _range(minimum: float | None, maximum: float | None) -> str:
    if maximum is None:
        return "" if minimum is None else f"≥ {minimum:g}"
    return f"≤ {maximum:g}" if minimum is None else f"{minimum:g} … {maximum:g}"


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def markdown(dictionary: Dictionary, language: str = "en") -> str:
    """Return the reference page of a tool's dictionary as Markdown, in ``en`` or ``zh``."""
    page = _Page(dictionary, language)
    lines = [f"# {page.word('title')} {dictionary.tool_name}".replace("： ", "："), "", page.word("note"), ""]
    for section in (page.variables, page.constants, page.events, page.alarms, page.commands, page.codes):
        lines += section()
    return "\n".join(lines).rstrip() + "\n"
