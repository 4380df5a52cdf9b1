"""A law survives its file, and a broken file tells all its faults."""

from __future__ import annotations

import numpy as np
import pytest
from calibration_samples import grid, rates, table

from planaris.calibration import CalibratedLaw, calibrate, law_from_toml, law_to_toml, predict
from planaris.model import InputError
from planaris.physics import RemovalLaw

P, V = grid()


def _law() -> CalibratedLaw:
    pads = np.tile(["IC1010, stacked", 'Politex "soft"', "衬垫"], 15)
    p, v = np.repeat(P, 3), np.repeat(V, 3)
    solids = np.tile(np.repeat([1.0, 2.0, 4.0], 5), 3)
    rate = np.tile([0.6, 1.0, 1.7], 15) * rates(RemovalLaw(2e-13, k2_nm_min=900.0), p, v, 0.04) * solids**0.4
    return calibrate(table(p, v, rate, {"pad": pads.tolist(), "abrasive_wt_pct": solids}))


LAW = _law()


def test_a_law_from_its_file_is_the_same_law() -> None:
    assert law_from_toml(law_to_toml(LAW, "t.csv")) == LAW


def test_it_predicts_the_same() -> None:
    rows = table(P, V, P * V, {"pad": ["衬垫"] * 15, "abrasive_wt_pct": np.full(15, 3.0)})
    one, other = predict(LAW, rows), predict(law_from_toml(law_to_toml(LAW)), rows)
    np.testing.assert_array_equal(one.rate_nm_min, other.rate_nm_min)
    np.testing.assert_array_equal(one.high_nm_min, other.high_nm_min)


def test_the_file_says_what_it_is() -> None:
    text = law_to_toml(LAW, "rates.csv")
    assert text.startswith('schema = "planaris/law/1"\nsource = "rates.csv"')
    assert str(LAW.groups[0].form) in text


def _faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        law_from_toml(text, "law.toml")
    return [fault.path for fault in caught.value.faults]


def test_broken_files_are_told() -> None:
    text = law_to_toml(LAW)
    assert _faults("schema = ") == ["(TOML)"]
    assert _faults('schema = "other/1"') == ["schema"]
    assert _faults(text.replace("row_spread = ", "row_spreads = ")) == ["groups[0].row_spread"]
    assert _faults(text.replace("rows = ", 'rows = "many" #').replace("freedom = ", "freedoms = ")) == [
        "groups[0].freedom",
        "groups[0].rows",
    ]


def test_constants_that_do_not_fit_the_form_are_told() -> None:
    text = law_to_toml(LAW)
    assert _faults(text.replace('"ln_kp"', '"ln_k"')) == ["groups[0].names"]
    assert _faults(text.replace("abrasive_wt_pct = [", "abrasive = [").replace('kp_by = ["', 'kp_by = ["x')) != []


def test_a_law_with_a_window_survives() -> None:
    ph = np.repeat([2.5, 3.0, 4.0, 4.5, 5.0, 9.0, 10.0], 4)
    p = np.tile([10.0, 15.0, 20.0, 30.0], 7)
    open_share = np.repeat([0.02, 0.05, 1.0, 1.0, 1.0, 0.01, 0.01], 4)
    law = calibrate(table(p, np.ones(28), 9.0 * p * open_share, {"slurry_pH": ph}))
    assert law.groups[0].window is not None
    assert (law.groups[0].window.low, law.groups[0].window.high) == (4.0, 5.0)
    assert law_from_toml(law_to_toml(law)) == law
    made = predict(law, table(np.array([20.0, 20.0]), np.ones(2), np.ones(2), {"slurry_pH": [4.6, 9.0]}))
    assert made.flags(0) == ()
    assert made.flags(1) == ("ph_gate",)
    np.testing.assert_allclose(made.rate_nm_min, [180.0, 1.8], rtol=0.02)
