"""V11 to V13 within their limits, as `make validate` runs them."""

from __future__ import annotations

import pytest

import case_pad
import case_wafer_scale
from case_result import CaseResult

RESULTS = {r.case: r for r in (*case_pad.run(), *case_wafer_scale.run())}
# Left-out errors as measured, rounded up by a tenth: a change that generalises worse must be a wanted one.
LEFT_OUT_PCT = {"V11 contacts": 13.1, "V11 rate": 4.1, "V11 decay": 2.2, "V13 edge": 9.9}


@pytest.mark.parametrize("result", RESULTS.values(), ids=list(RESULTS))
def test_meets_its_limit(result: CaseResult) -> None:
    assert result.ok, result
    if result.left_out_pct is not None:
        assert result.left_out_pct <= LEFT_OUT_PCT[result.case]


def test_a_law_that_keeps_its_rate_does_worse() -> None:
    for case in ("V11 rate", "V11 decay"):
        preston, error = RESULTS[case].preston_pct, RESULTS[case].error_pct
        assert preston is not None
        assert error is not None
        assert error < 0.5 * preston


def test_a_larger_wear_constant_is_noticed() -> None:
    minutes, pv = case_pad.np.array([10.0]), case_pad.np.array([14.0])
    usual = case_pad.theta(pv, minutes, 6.1e-5)[0]
    assert case_pad.theta(pv, minutes, 12.2e-5)[0] < usual - 0.1
