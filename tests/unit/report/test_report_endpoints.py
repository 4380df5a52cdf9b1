"""The report's endpoints: decisions, trails and signal where a run has them, nothing where it has none."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from synthetic_run import RunPlan, write_run

from planaris.formats.trace_files import TraceFileError, write_trace
from planaris.report import write_report
from planaris.report.facts import read_facts
from planaris.report.sections import endpoints
from planaris.report.window_reading import optical_file, read_window


def _body(run: Path) -> str:
    section = endpoints(read_facts(run))
    assert section is not None
    return section.body


def _rows(body: str) -> list[list[str]]:
    found = re.findall(r"<tr>(<td.*?)</tr>", body)
    return [[re.sub("<.*?>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)] for row in found]


@pytest.fixture(scope="module")
def by_thickness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four wafers, the third held; the trace and window of the first two are there."""
    plan = RunPlan(wafers_count=4, traced_slots=(1, 2), endpoint="thickness", held_slots=(3,))
    return write_run(tmp_path_factory.mktemp("endpoint"), plan)


def test_a_run_without_endpoints_has_no_such_section(full_run: Path) -> None:
    assert endpoints(read_facts(full_run)) is None
    assert 'id="endpoints"' not in write_report(full_run).read_text(encoding="utf-8")


def test_the_page_names_the_section_and_marks_it(by_thickness: Path) -> None:
    html = write_report(by_thickness).read_text(encoding="utf-8")
    assert '<a href="#endpoints">Endpoints: signal and call</a>' in html
    found = re.search(r'<section id="endpoints".*?</section>', html, re.DOTALL)
    assert found is not None
    assert "rehearsal on the twin" in found[0]
    assert "truth" not in found[0]


def test_each_decision_counts_from_the_start_of_its_step(by_thickness: Path) -> None:
    body = _body(by_thickness)
    rows = _rows(body)
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert rows[1] == [
        "2", "■ 2", "3", "P3 main", "✓ call", "38.0", "40.0", "898.0 ± 0.2", "240.0", "foreseen to reach 890 nm"
    ]  # fmt: skip
    assert rows[2][4:] == ["! hold", "–", "–", "–", "–", "no endpoint by the latest time"]
    assert "3 of 4\u00a0steps that end by an endpoint were called." in body


def test_trails_are_drawn_in_the_colour_of_their_head_and_calls_are_marked(by_thickness: Path) -> None:
    body = _body(by_thickness)
    whole = body[body.index("<svg") : body.index("</svg>")]
    assert [re.findall(rf'class="ln h{head}" d="(M[^"]*)"', whole) != [] for head in (1, 2, 3, 4)] == [True] * 4
    assert len(re.findall(r'class="mk h', whole)) == 3  # the held wafer has no call
    assert "thickness, nm" in whole
    assert body.count("foreseen") > 3  # from calls to endpoints, in the close-up


def test_where_no_thickness_is_seen_confidence_is_shown(tmp_path: Path) -> None:
    body = _body(write_run(tmp_path, RunPlan(wafers_count=2, traced_slots=(), endpoint="confidence")))
    assert "confidence, %" in body
    assert "thickness, nm" not in body
    assert [row[7] for row in _rows(body)] == ["–", "–"]
    assert "Laser reflectance" not in body  # nothing was recorded


def test_the_signal_of_a_called_wafer_is_shown_with_its_call(by_thickness: Path) -> None:
    body = _body(by_thickness)
    assert "slot 2, wafer ILD001-02" in body
    assert "call at 38.0 s" in body
    assert len(re.findall(r'class="ln age\d"', body)) == 4


def test_the_window_is_read_sweep_by_sweep_and_divided_by_its_reference(by_thickness: Path) -> None:
    facts = read_facts(by_thickness)
    path = optical_file(facts, facts.record.endpoints[0])
    assert path is not None
    assert path.name == "ILD001-01_platen3_optical.parquet"
    seen = read_window(path)
    middle_s = seen.time_s - (30.0 + 54.0 + 2 * 64.0)
    # A mean over a sweep of 0.6 s flattens the fringe of 0.2 rad/s by less than 0.1 %.
    np.testing.assert_allclose(seen.lasers["platen.laser_reflectance"], 0.2 + 0.05 * np.cos(0.2 * middle_s), rtol=1e-3)
    assert seen.spectrum is not None
    assert seen.wavelength_nm is not None
    assert seen.spectrum.shape == (len(seen.time_s), 256)
    assert seen.wavelength_nm[[0, -1]].tolist() == [400.0, 800.0]
    assert optical_file(facts, facts.record.endpoints[3]) is None


def test_a_window_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    run = write_run(tmp_path, RunPlan(wafers_count=1, traced_slots=(1,), endpoint="thickness"))
    path = run / "traces" / "ILD001-01_platen3_optical.parquet"
    path.write_bytes(b"cut off")
    assert f"! {path.name}: cannot read as a trace" in _body(run)
    write_trace(path, {"platen.laser_reflectance": np.ones(3)}, np.arange(3.0), {})
    with pytest.raises(TraceFileError, match="window_under_wafer"):
        read_window(path)


@pytest.mark.parametrize("under", [0.0, 1.0])
def test_a_window_that_saw_only_wafer_or_none_gives_what_there_is(under: float, tmp_path: Path) -> None:
    path = tmp_path / "a_optical.parquet"
    columns = {"platen.window_under_wafer": np.full(5, under), "platen.laser_reflectance": np.full(5, 0.5)}
    write_trace(path, columns, np.arange(5.0), {})
    seen = read_window(path)
    assert {name: values.tolist() for name, values in seen.lasers.items()} == (
        {"platen.laser_reflectance": [0.5]} if under else {}
    )
