"""What the report works out of a run's record, against the numbers the record was made from."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from synthetic_run import CYCLE_S, TARGET_NM, RunPlan, write_run

from planaris.historian import RunQueries
from planaris.physics import PolarGrid
from planaris.report.facts import read_facts
from planaris.report.targets import Judgement, Targets
from planaris.report.throughput import read_stays
from planaris.report.trace_reading import middle_wafer, read_visits
from planaris.report.truth import PartTruth, Truth, read_truth


def test_targets_judge_by_sign() -> None:
    targets = Targets(600.0, 5.0, 4.0, 3.0)
    assert targets.removal_window_nm == (570.0, 630.0)
    judged = [targets.judge_removal(nm) for nm in (569.9, 570.0, 600.0, 630.0, 630.1, math.nan)]
    low, high, fine, none = Judgement.LOW, Judgement.HIGH, Judgement.IN, Judgement.UNKNOWN
    assert judged == [low, fine, fine, fine, high, none]
    assert [targets.judge_wiwnu(v) for v in (4.0, 4.01, math.nan)] == [fine, Judgement.OVER, none]
    unknown = Targets(math.nan, 5.0, math.nan, 3.0)
    assert (unknown.judge_removal(600.0), unknown.judge_wiwnu(1.0)) == (none, none)
    assert len({judged.sign for judged in Judgement}) == len(Judgement)


def test_targets_come_from_the_lot_and_its_recipe(full_run: Path) -> None:
    targets = read_facts(full_run).targets
    assert targets == Targets(TARGET_NM, 5.0, 5.0, 3.0)


def test_a_wafers_line_says_what_its_finish_event_said(full_run: Path) -> None:
    facts = read_facts(full_run)
    rows = RunQueries(full_run / "run.db").wafers()
    assert [w.slot for w in facts.wafers] == list(range(1, 26))
    for line, row in zip(facts.wafers, rows, strict=True):
        assert (line.removal_nm, line.wiwnu_pct, line.head) == (row.removal_nm, row.wiwnu_pct, row.head)
        assert line.rate_nm_min == pytest.approx(row.removal_nm / 2.0)  # 120 s of polish
        assert line.polish_water_ml + line.clean_water_ml == pytest.approx(line.di_water_ml)
    assert [w.alarms[0].alarm for w in facts.wafers if w.alarms] == ["flow_deviation"]


def test_removal_at_sites_is_the_difference_where_both_maps_have_a_site(full_run: Path) -> None:
    facts = read_facts(full_run)
    dense, sparse = facts.wafers[0].sites, facts.wafers[1].sites
    assert dense is not None
    assert sparse is not None
    assert (len(dense.removal_nm), len(sparse.removal_nm)) == (49, 9)
    assert dense.removal_nm.mean() == pytest.approx(facts.wafers[0].removal_nm)
    assert sparse.removal_nm.mean() == pytest.approx(facts.wafers[1].removal_nm)
    assert sorted(set(np.round(sparse.radius_mm, 1).tolist())) == [0.0, 64.0, 96.0]


def test_incoming_maps_count_whether_they_came_with_the_lot_or_as_events(tmp_path: Path) -> None:
    removal: list[list[float]] = []
    for name, events in (("lot", False), ("events", True)):
        run = write_run(tmp_path / name, RunPlan(wafers_count=1, traced_slots=(), incoming_events=events))
        sites = read_facts(run).wafers[0].sites
        assert sites is not None
        removal.append(sites.removal_nm.tolist())
    assert removal[0] == removal[1]


def test_a_map_whose_values_do_not_fit_its_sites_is_no_map(tmp_path: Path) -> None:
    plan = {"x_mm": [0.0, 32.0], "y_mm": [0.0, 0.0]}
    entry = {"wafer_id": "ILD001-01", "stage": "incoming", "plan": plan, "thickness_nm": [1500.0]}
    meta = {"incoming": json.dumps([entry, "nonsense", {}])}
    run = write_run(tmp_path, RunPlan(wafers_count=1, traced_slots=(), meta=meta))
    assert read_facts(run).wafers[0].sites is None


def test_a_wafer_that_never_came_back_keeps_what_its_steps_used(aborted_run: Path) -> None:
    facts = read_facts(aborted_run)
    lost = facts.wafers[2]
    assert (lost.finished, lost.place, lost.head, lost.sites) == (False, "head3", 3, None)
    assert (lost.polish_s, lost.slurry_ml, lost.di_water_ml) == (57.0, 180.0, 200.0)
    assert math.isnan(lost.removal_nm)
    assert math.isnan(lost.wait_s)
    assert facts.judge(lost) == (Judgement.UNKNOWN, Judgement.UNKNOWN)


def test_throughput_counts_from_the_first_wafer_back_to_the_last(full_run: Path) -> None:
    facts = read_facts(full_run)
    finished = sorted(w.finished_s or 0.0 for w in RunQueries(full_run / "run.db").wafers())
    speed = facts.throughput
    assert speed.steady_wafers_per_h == pytest.approx(24 * 3600.0 / (finished[-1] - finished[0]))
    assert speed.lot_wafers_per_h < speed.steady_wafers_per_h < 3600.0 / CYCLE_S * 1.05
    assert (speed.bottleneck, speed.bound_wafers_per_h, speed.includes_metrology) == ("srd", 60.0, True)
    assert speed.reached_ratio == pytest.approx(speed.steady_wafers_per_h / 60.0)


def test_stays_follow_the_wafer_and_an_unended_one_lasts_to_the_end(aborted_run: Path) -> None:
    facts = read_facts(aborted_run)
    stays = read_stays(facts.record)
    assert not any(stay.module.startswith("loadport") for stay in stays)
    lost = [s for s in stays if s.wafer_id == facts.wafers[2].wafer_id]
    assert [s.module for s in lost if not s.work][-1] == "head3"
    assert next(s for s in lost if s.module == "head3").end_s == facts.record.last_s
    assert [s.work for s in lost if s.module.startswith("platen")] == ["P1 main", "P1 rinse", "P2 main"]


def test_the_middle_wafer_is_one_with_traces(full_run: Path, aborted_run: Path) -> None:
    facts = read_facts(full_run)
    middle = middle_wafer(facts)
    assert middle is not None
    assert middle.slot == 13
    visits, problems = read_visits(facts, middle.wafer_id)
    assert ([v.platen for v in visits], problems) == (["1", "2", "3"], [])
    assert visits[0].span_s[1] < visits[1].span_s[0]
    assert visits[0].units["platen.torque_Nm"] == "N·m"
    assert [step.name for step in visits[2].steps] == ["P3 main", "P3 rinse"]
    only = middle_wafer(read_facts(aborted_run))
    assert only is not None
    assert only.slot == 2


def test_a_lost_or_broken_trace_file_is_named(tmp_path: Path) -> None:
    run = write_run(tmp_path, RunPlan(wafers_count=1, traced_slots=(1,)))
    (run / "traces" / "ILD001-01_platen1.parquet").unlink()
    (run / "traces" / "ILD001-01_platen2.parquet").write_bytes(b"PAR1 not really")
    visits, problems = read_visits(read_facts(run), "ILD001-01")
    assert [v.platen for v in visits] == ["3"]
    assert len(problems) == 2
    assert all("platen1" in p or "platen2" in p for p in problems)


def test_truth_is_read_apart_and_missing_truth_is_none(full_run: Path, tmp_path: Path) -> None:
    truth = read_truth(full_run)
    assert truth is not None
    assert truth.removal_nm.shape == (25, 64, 32)
    assert truth.removal_nm.mean() == pytest.approx(TARGET_NM, rel=0.05)  # made within 5 % of the target
    assert PartTruth("platen2", "disk", "sharpness_fraction", 0.39) in truth.parts
    assert truth.map_of("no such wafer") is None
    assert read_truth(tmp_path) is None
    np.savez(tmp_path / "twin_truth.npz", something=np.zeros(3))
    assert read_truth(tmp_path) is None


def test_true_non_uniformity_is_area_weighted_inside_the_exclusion() -> None:
    grid = PolarGrid()
    step = np.where(grid.r_mm[:, None] < 50.0, 500.0, 600.0) + np.zeros((64, 32))
    truth = Truth(("w",), grid, step[None], ())
    mean_nm, wiwnu_pct = truth.mean_and_wiwnu(step, 0.0)
    # A quarter of the area at 500, three quarters at 600: mean 575, s = 100·sqrt(3)/4.
    assert mean_nm == pytest.approx(575.0)
    assert wiwnu_pct == pytest.approx(100.0 * 100.0 * math.sqrt(3.0) / 4.0 / 575.0)
