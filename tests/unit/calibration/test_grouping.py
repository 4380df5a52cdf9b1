"""Rows of one film and one family of consumables make a group; replicates stay together."""

from __future__ import annotations

import numpy as np
import pytest
from calibration_samples import grid, table

from planaris.calibration.grouping import abrasive_family, is_fixed_abrasive, keys_of, level_codes, make_group
from planaris.calibration.table import labels_of, table_from_columns


@pytest.mark.parametrize(
    ("abrasive", "family"),
    [
        ("colloidal silica, Fuso sphere", "colloidal silica"),
        ("core-shell colloidal silica (aminosilane, inside)", "core-shell colloidal silica (aminosilane, inside)"),
        ("", ""),
    ],
)
def test_a_variant_after_a_comma_is_no_family(abrasive: str, family: str) -> None:
    assert abrasive_family(abrasive) == family


def test_fixed_abrasive_is_seen_by_pad_or_abrasive() -> None:
    assert is_fixed_abrasive("fixed-abrasive A", "")
    assert is_fixed_abrasive("P1", "500 nm ceria fixed in pad")
    assert is_fixed_abrasive("3M MWR66 fixed abrasive", "none")
    assert not is_fixed_abrasive("IC1010", "colloidal silica")


def test_films_abrasives_and_compositions_part_groups_pads_do_not() -> None:
    keys, code = keys_of(
        table_from_columns(
            {
                "film": ["W", "W", "TEOS", "W", "W"],
                "abrasive": ["silica, a", "silica, b", "silica, a", "alumina", "silica, a"],
                "pad": ["A", "B", "A", "A", "A"],
                "other_chem": ["Fe 5 ppm", "Fe 9 ppm", "Fe 5 ppm", "Fe 5 ppm", "BTA 5 ppm"],
                "pressure_kPa": [20.0] * 5,
                "velocity_m_s": [1.0] * 5,
                "removal_rate_nm_min": [10.0] * 5,
            }
        )
    )
    assert len(keys) == 4
    assert code[0] == code[1]
    assert len(set(code.tolist())) == 4


def test_replicates_are_one_condition() -> None:
    p, v = grid()
    twice = np.repeat(p, 2), np.repeat(v, 2)
    group = make_group(keys_of(table(*twice, twice[0]))[0][0], table(*twice, twice[0] * twice[1]))
    assert group.rows.count == 30
    assert group.conditions == 15
    assert all(len(np.unique(group.fold[2 * i : 2 * i + 2])) == 1 for i in range(15))


def test_rows_without_removal_are_counted_and_left_out() -> None:
    p, v = grid()
    rate = p * v
    rate[:3] = 0.0
    group = make_group(keys_of(table(p, v, rate))[0][0], table(p, v, rate))
    assert (group.rows.count, group.dry_rows) == (12, 3)


def test_a_condition_that_a_row_lacks_is_not_used() -> None:
    p, v = grid()
    solids = np.full(len(p), 2.0)
    solids[0] = np.nan
    made = table(p, v, p * v, {"abrasive_wt_pct": solids})
    assert "abrasive_wt_pct" not in make_group(keys_of(made)[0][0], made).rows.conditions


def test_long_tables_are_thinned_evenly() -> None:
    p = np.linspace(5, 40, 50_000)
    made = table(p, np.ones_like(p), p)
    group = make_group(keys_of(made)[0][0], made)
    assert group.rows.count == 2000
    assert group.rows.pressure_kPa.min() == pytest.approx(5.0)
    assert group.rows.pressure_kPa.max() == pytest.approx(40.0)
    assert int(group.fold.max()) == 19
    assert make_group(keys_of(made)[0][0], made, sample=False).rows.count == 50_000


def test_unseen_consumables_have_no_level() -> None:
    assert level_codes(labels_of(["B", "X", "A"]), ("A", "B")).tolist() == [1, -1, 0]
