"""The generated reference page: everything is on it, in one language."""

from __future__ import annotations

import re

import pytest

from planaris.dictionary import Dictionary, markdown


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_declared_is_on_the_page(dictionary: Dictionary, language: str) -> None:
    page = markdown(dictionary, language)
    for v in dictionary.variables:
        assert f"| {v.variable_id} | `{v.name}` |" in page
    for thing in (*dictionary.constants, *dictionary.events, *dictionary.commands):
        assert f"| `{thing.name}` |" in page
    for alarm in dictionary.alarms:
        assert f"{alarm.source} {alarm.alarm_id}" in page
    for t in dictionary.alarm_templates:
        for text in (t.text, t.cause, t.remedy, t.action):
            assert text.in_language(language) in page


def test_languages_do_not_mix(dictionary: Dictionary) -> None:
    english, chinese = markdown(dictionary), markdown(dictionary, "zh")
    assert not re.search(r"[\u4e00-\u9fff]", english)
    headings = [line for line in chinese.splitlines() if line.startswith("#") and "`" not in line]
    assert all(re.search(r"[\u4e00-\u9fff]", heading) for heading in headings)


def test_table_rows_have_the_columns_of_their_heading(dictionary: Dictionary) -> None:
    columns = 0
    for line in markdown(dictionary).splitlines():
        found = len(re.findall(r"(?<!\\)\|", line))
        columns = (columns or found) if line.startswith("|") else 0
        assert not columns or found == columns, line


def test_open_ranges_and_writable_tags_are_shown(dictionary: Dictionary) -> None:
    page = markdown(dictionary)
    assert "| platen1.fast | 0 … 150 | Platen 1 speed |" in page
    assert "| state | 0 … 150 | Platen 1 speed set-point (written by the controller) |" in page
    assert "| F8 |  | ≥ 0 | Tool time |" in page


def test_an_unknown_language_is_refused(dictionary: Dictionary) -> None:
    with pytest.raises(ValueError, match="en or zh, got de"):
        markdown(dictionary, "de")
