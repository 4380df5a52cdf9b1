"""Numbers and names as people read them."""

from __future__ import annotations

import math

import pytest

from planaris.report.text import (
    breakable,
    clock,
    duration,
    esc,
    general,
    num,
    place_name,
    plural,
    signed,
    with_unit,
)


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, -math.inf])
def test_a_missing_number_is_a_dash_everywhere(missing: float | None) -> None:
    shown = [num(missing), with_unit(missing, 1, "nm"), signed(missing, 1, "%"), general(missing)]
    assert [*shown, duration(missing), clock(missing)] == ["–"] * 6


def test_numbers_have_thin_spaces_a_real_minus_and_their_unit_on_the_same_line() -> None:
    assert num(12345.678, 1) == "12\u202f345.7"
    assert num(-0.5, 1) == "−0.5"
    assert with_unit(600.0, 0, "nm") == "600\u00a0nm"
    assert signed(2.0, 1, "%") == "+2.0\u00a0%"
    assert signed(-2.0, 1, "%") == "−2.0\u00a0%"


def test_numbers_of_unknown_size_keep_four_digits() -> None:
    assert general(1.579e-13) == "1.579·10⁻¹³"
    assert general(27.57903) == "27.58"
    assert general(0.0) == "0"
    assert (general(5000.0), general(10000.0)) == ("5000", "10\u202f000")
    assert general(-2.5e7) == "−2.5·10⁷"


def test_times() -> None:
    assert duration(59.94) == "59.9\u00a0s"
    assert duration(125.0) == "2\u00a0min 05\u00a0s"
    assert duration(7325.0) == "2\u00a0h 02\u00a0min"
    assert (clock(65.0), clock(3725.0)) == ("01:05", "1:02:05")


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("loadport1.07", "load port 1 slot 7"),
        ("dry_robot", "dry robot"),
        ("srd", "spin-rinse-dry"),
        ("loadcup", "load cup"),
        ("exchange2", "exchange 2"),
        ("wet_robot_b", "wet robot arm B"),
        ("units", "polishing units"),
        ("head12", "head 12"),
        ("brush1", "brush 1"),
        ("ILD001-17", "ILD001-17"),
        ("", ""),
    ],
)
def test_places_are_named_as_people_say_them(place: str, name: str) -> None:
    assert place_name(place) == name


def test_html_is_escaped() -> None:
    assert esc('<b a="1">&') == "&lt;b a=&quot;1&quot;&gt;&amp;"
    assert breakable("law.kp_m2<") == "law.<wbr>kp_<wbr>m2&lt;"


def test_plurals() -> None:
    assert (plural(1, "wafer"), plural(0, "wafer"), plural(25, "wafer")) == (
        "1\u00a0wafer",
        "0\u00a0wafers",
        "25\u00a0wafers",
    )
