"""What the chip-scale model says of published patterns: the cases of validation/, and that they can fail."""

from __future__ import annotations

import numpy as np
import pytest

import case_chip_cu
import case_chip_oxide
import case_chip_sti
import case_chip_w
from case_result import CaseResult

RESULTS = {r.case: r for case in (case_chip_oxide, case_chip_sti, case_chip_cu, case_chip_w) for r in case.run()}


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_a_published_pattern_is_met_within_its_limit(result: CaseResult) -> None:
    assert result.ok, "\n".join((result.limit, *result.notes))


def test_the_case_numbers_asked_for_are_there() -> None:
    assert {name.split()[0] for name in RESULTS} == {"V5", "V6", "V7", "V9", "V10", "V15"}


def test_copper_without_rounded_edges_or_spill_misses_its_limit() -> None:
    rows = case_chip_cu._rows()
    x = case_chip_cu.fit(rows)
    for k in (2, 3):  # rounding, spill
        without = x.copy()
        without[k] = 0.0
        misses = [case_chip_cu.closed(row, without) - row.measured for row in rows]
        assert 10.0 * float(np.sqrt(np.mean(np.square(misses)))) > 107.0


def test_tungsten_s_order_turns_over_with_a_short_over_polish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_chip_w, "_OVER_POLISH_PCT", 20.0)
    assert not case_chip_w.run()[0].ok
