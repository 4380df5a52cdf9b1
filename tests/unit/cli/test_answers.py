"""How the command line answers: strict JSON, and faults that a person can act on."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from planaris.cli.output import emit_json, fault_lines, plain
from planaris.model import InputError, InputFault


def test_json_has_null_for_what_is_no_number_and_text_for_paths(capsys: pytest.CaptureFixture[str]) -> None:
    emit_json({"a": math.nan, "b": (math.inf, 1.5), "c": Path("x/y"), "d": {"e": None, "f": True}, "g": "µ"})
    text = capsys.readouterr().out
    assert json.loads(text) == {"a": None, "b": [None, 1.5], "c": "x/y", "d": {"e": None, "f": True}, "g": "µ"}
    assert "µ" in text


def test_plain_leaves_whole_numbers_whole() -> None:
    assert plain([1, True, "1"]) == [1, True, "1"]


def test_fault_lines_show_unit_limit_and_remedy_where_there_is_one() -> None:
    error = InputError(
        "r.toml",
        (
            InputFault("a_psi", "12", "too high", "0-10", "psi", "use 10 or less"),
            InputFault("b_s", "(missing)", "is missing", unit="s"),
        ),
    )
    assert fault_lines(error) == (
        "r.toml: 2 faults\n"
        "  1. a_psi = 12 psi: too high (limit 0-10 psi)\n"
        "     -> use 10 or less\n"
        "  2. b_s = (missing): is missing"
    )


def test_a_file_name_that_is_no_utf8_is_json_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    emit_json({"source": "lot/\udcff.toml é"})
    text = capsys.readouterr().out
    assert "é" in text
    assert json.loads(text.encode("utf-8")) == {"source": "lot/\udcff.toml é"}
