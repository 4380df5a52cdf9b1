"""Dates to numbers and texts, and back."""

from __future__ import annotations

import pytest

from planaris.clock import ns_of_utc, utc_of_ns, utc_of_text

NS = 1_772_366_400_000_000_000


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("2026-03-01T12:00:00", ""),
        ("2026-03-01T12:00:00Z", ""),
        ("2026-03-01T13:00:00+01:00", ""),
        ("260301120000", "%y%m%d%H%M%S"),
    ],
)
def test_a_text_is_a_date_in_utc_unless_it_names_a_zone(text: str, pattern: str) -> None:
    assert ns_of_utc(utc_of_text(text, pattern)) == NS
    assert utc_of_text(text, pattern) == utc_of_ns(NS)


@pytest.mark.parametrize(("text", "pattern"), [("soon", ""), ("2026-13-01", ""), ("26030112", "%y%m%d%H%M%S")])
def test_what_is_no_date_is_refused(text: str, pattern: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        utc_of_text(text, pattern)
