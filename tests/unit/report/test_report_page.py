"""The whole page: one file, honest about where it comes from, whatever the run left behind."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from synthetic_run import RunPlan, write_run

import planaris.report
from planaris.historian import RunDatabaseError
from planaris.report import write_report

HEADINGS = (
    "Lot against targets",
    "Rate and WIWNU over the lot",
    "Removal maps",
    "Radial profiles",
    "Modules and throughput",
    "Traces of",
    "Consumables",
    "Slurry and water",
    "Alarms",
    "Recipe",
    "Process package",
)
VOID = {"meta", "link", "br", "wbr"}
SIZE_LIMIT_BYTES = 3_000_000


class _Reader(HTMLParser):
    """Checks that tags close in order and collects text, ids and addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            assert not name.startswith("on"), f"{tag} has a script in {name}"
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href", "action"):
                self.addresses.append(value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another tag"

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.texts.append(data)


def _read(page: Path) -> tuple[_Reader, str]:
    html = page.read_text(encoding="utf-8")
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader, html


def _text(page: Path) -> str:
    """Return what a reader reads, every kind of space as one space."""
    return " ".join(" ".join(_read(page)[0].texts).split())


def _section(html: str, anchor: str) -> str:
    found = re.search(rf'<section id="{anchor}".*?</section>', html, re.DOTALL)
    assert found
    return found[0]


def _plans() -> dict[str, RunPlan]:
    return {
        "aborted": RunPlan(wafers_count=6, aborted_slots=(5, 6), traced_slots=(6,)),
        "no metrology": RunPlan(wafers_count=5, metrology=False, traced_slots=()),
        "no truth": RunPlan(wafers_count=5, truth=False, traced_slots=()),
        "one wafer": RunPlan(wafers_count=1, traced_slots=(1,)),
        "none finished": RunPlan(wafers_count=2, aborted_slots=(1, 2), truth=False, traced_slots=(), alarms=False),
        "bare meta": RunPlan(
            wafers_count=3,
            traced_slots=(),
            without_meta=(
                *("recipe", "tool_description", "process_package", "targets", "bound", "model_flags", "wall_s"),
                *("stream_hash", "seed", "software", "created_utc", "run_id", "tool_time_s", "tool", "port_kind"),
            ),
        ),
        "broken meta": RunPlan(
            wafers_count=3,
            traced_slots=(),
            meta={"recipe": "{", "bound": "[1]", "process_package": '{"a": 1}', "targets": "null", "wall_s": "soon"},
        ),
    }


def test_the_room_exports_one_thing() -> None:
    assert planaris.report.__all__ == ["write_report"]


def test_the_full_report_is_one_sound_file(full_run: Path) -> None:
    page = write_report(full_run)
    assert page == full_run / "report.html"
    assert page.stat().st_size < SIZE_LIMIT_BYTES
    reader, html = _read(page)
    assert not reader.tags & {"script", "iframe", "object", "embed"}
    assert len(reader.ids) == len(set(reader.ids))
    anchors = {address[1:] for address in reader.addresses if address.startswith("#")}
    assert anchors <= set(reader.ids)
    outside = [a for a in reader.addresses if not a.startswith(("#", "data:"))]
    assert outside == []
    assert "url(" not in html.replace("url(#", "")
    text = _text(page)
    for heading in HEADINGS:
        assert heading in text


def test_the_same_run_gives_the_same_file(full_run: Path) -> None:
    first = write_report(full_run).read_bytes()
    assert write_report(full_run).read_bytes() == first


def test_every_section_is_marked_twin(full_run: Path) -> None:
    _, html = _read(write_report(full_run))
    sections = re.findall(r"<section.*?</section>", html, re.DOTALL)
    assert len(sections) == len(HEADINGS)
    for section in sections:
        assert '<span class="mark">TWIN <span>rehearsal on the twin: not a certificate</span></span>' in section
    assert html.index('class="banner"') < html.index("<header")
    assert "@bottom-center" in html  # printed sheets


def test_the_verdict_counts_what_is_in_target_and_names_the_bottleneck(full_run: Path) -> None:
    text = _text(write_report(full_run))
    assert "24 of 25 wafers in target" in text
    assert "removal within 600 ± 30 nm on 24, WIWNU within 5.0 % on 25" in text
    assert "of the bound of 60.0 that the spin-rinse-dry sets" in text
    assert _verdict_sign(full_run) == "✗"


@pytest.mark.parametrize(
    ("plan", "sign"),
    [
        (RunPlan(wafers_count=3, traced_slots=()), "✓"),
        (RunPlan(wafers_count=3, traced_slots=(), bad_slots=(3,)), "✗"),
        (RunPlan(wafers_count=3, traced_slots=(), aborted_slots=(3,)), "✗"),
        (RunPlan(wafers_count=3, traced_slots=(), meta={"outcome": "stopped"}), "✗"),
    ],
)
def test_only_a_completed_lot_with_every_wafer_in_target_is_good(plan: RunPlan, sign: str, tmp_path: Path) -> None:
    run = write_run(tmp_path, plan)
    write_report(run)
    assert _verdict_sign(run) == sign


def _verdict_sign(run: Path) -> str:
    found = re.search(r'<p class="verdict"><b class="\w+">(.)</b>', (run / "report.html").read_text(encoding="utf-8"))
    assert found
    return found[1]


@pytest.mark.parametrize(("limit_pct", "drawn"), [("1.5", True), ("9.0", False)])
def test_a_limit_far_above_the_wafers_is_named_but_does_not_squeeze_them(
    limit_pct: str, drawn: bool, tmp_path: Path
) -> None:
    meta = {"targets": json.dumps({"target_removal_nm": 600.0, "wiwnu_limit_pct": float(limit_pct)})}
    plan = RunPlan(wafers_count=5, traced_slots=(), lot_event=False, meta=meta, without_meta=("recipe",))
    _, html = _read(write_report(write_run(tmp_path, plan)))
    trend = _section(html, "trend")
    assert f"limit {limit_pct} %" in trend
    assert ('class="limit"' in trend) == drawn


def test_each_wafer_stands_in_the_trend_in_its_heads_colour(full_run: Path) -> None:
    _, html = _read(write_report(full_run))
    trend = _section(html, "trend")
    for slot in range(1, 26):
        head = (slot - 1) % 4 + 1
        marks = re.findall(rf'<g class="mk (h\d)"[^>]*><title>slot {slot}, ILD001-{slot:02d}, head {head}: ', trend)
        assert marks == [f"h{head}"] * 2  # rate and WIWNU
    assert ">first wafer</text>" in trend


def test_profiles_name_measured_radii_and_draw_the_truth_as_a_line(full_run: Path) -> None:
    _, html = _read(write_report(full_run))
    profiles = _section(html, "profiles")
    radii = set(re.findall(r"measured at (\d+) mm: ", profiles))
    assert radii == {"0", "32", "64", "96"}  # of the 9 and 49 sites
    assert profiles.count('class="ln truth-line"') == 4
    assert len(re.findall(r'class="eb h\d"', profiles)) >= 12


def test_the_gantt_names_wafer_step_and_times_and_the_bound_its_bottleneck(full_run: Path) -> None:
    _, html = _read(write_report(full_run))
    gantt = _section(html, "gantt")
    # Slot 13 starts at 30 + 12·64 s, reaches platen 1 after 54 s and platen 2 a cycle later; the lot starts at 20 s.
    assert "slot 13, ILD001-13: platen 2, P2 main, 14:56 to 15:36 (40.0\u00a0s)" in gantt
    assert 'class="g3 stay"' in gantt
    assert "<b>spin-rinse-dry</b> ◀ bottleneck" in gantt


def test_water_is_told_apart_by_platen_and_cleaner(full_run: Path) -> None:
    _, html = _read(write_report(full_run))
    usage = _section(html, "usage")
    assert "slot 25: 0.60 l in the polisher, 3.60 l in the cleaner" in usage
    assert "429 ml per wafer, 10.7 l in all" in usage


def test_what_is_out_of_target_says_so_in_words_and_signs(full_run: Path) -> None:
    _, html = _read(write_report(full_run))
    rows = re.findall(r"<tr>.*?</tr>", _section(html, "lot"), re.DOTALL)
    bad = next(row for row in rows if "ILD001-07" in row)
    good = next(row for row in rows if "ILD001-08" in row)
    assert "▲" in bad
    assert "high" in bad
    assert "✓" in good
    assert "▲" not in good.replace('class="h3">▲', "")
    assert "49 sites" in next(row for row in rows if "ILD001-01" in row)
    assert "9 sites" in good
    assert "flow deviation" in good


def test_measured_and_true_maps_stand_apart(full_run: Path) -> None:
    _, html = _read(write_report(full_run))
    maps = _section(html, "maps")
    measured, _, truth = maps.partition('<div class="box truth">')
    assert measured.count("data:image/png") == 25
    assert truth.count("data:image/png") == 25
    assert 'class="site"' in measured
    assert 'class="site"' not in truth
    assert "twin’s truth" in truth
    assert "nm" in measured
    scale = re.compile(r'<div class="scale">([\d\u202f−]+) nm<span.*?</span>([\d\u202f−]+) nm')
    limits = [found.groups() for found in scale.finditer(maps)]
    assert len(limits) == 2
    assert limits[0] == limits[1]


def test_a_wafer_left_half_done_does_not_squeeze_the_colours_of_the_others(tmp_path: Path) -> None:
    run = write_run(tmp_path, RunPlan(wafers_count=6, aborted_slots=(5, 6), traced_slots=()))
    _, html = _read(write_report(run))
    lowest = re.search(r'<div class="scale">(\d+) nm', _section(html, "maps"))
    assert lowest
    assert int(lowest[1]) > 500  # the finished are near 600 nm, the others near 250 nm


def test_at_least_ten_traces_are_drawn_with_their_steps(full_run: Path) -> None:
    _, html = _read(write_report(full_run))
    traces = _section(html, "traces")
    assert traces.count('<svg class="plot"') >= 10
    assert traces.count("platen 2, P2 main") >= 10  # the shading's names
    assert "head.zone1_pressure_kPa" in traces


def test_alarms_carry_cause_and_remedy_of_the_dictionary(full_run: Path) -> None:
    text = _text(write_report(full_run))
    assert "Clogged filter or nozzle" in text
    assert "Check supply pressure and filter pressure drop" in text
    assert "head 2 is not up" in text


def test_borrowed_numbers_stand_first_with_what_would_fix_them(full_run: Path) -> None:
    _, html = _read(write_report(full_run))
    package = _section(html, "package")
    first, _, everything = package.partition("<details>")
    assert "law.<wbr>exponent_<wbr>v" in first
    assert "◇ borrowed" in first
    assert "rates at two or more platen speeds" in first
    assert "law.<wbr>kp_<wbr>m2_<wbr>N" not in first
    assert "law.<wbr>kp_<wbr>m2_<wbr>N" in everything
    assert "1.579·10⁻¹³" in everything


def test_consumables_tell_counter_from_truth(full_run: Path) -> None:
    _, html = _read(write_report(full_run))
    counted, _, truth = _section(html, "consumables").partition('<div class="box truth">')
    assert "! change soon" in counted  # disks at 92 %
    assert "1500 wafers" in counted
    assert "groove depth <b>0.52</b>\u00a0mm · freshness <b>0.873</b>" in truth
    assert "sharpness" not in counted


def test_the_recipe_shows_what_was_typed(full_run: Path) -> None:
    _, html = _read(write_report(full_run))
    recipe = _section(html, "recipe")
    assert "6000 Å" in recipe
    assert "5.2 psi" in recipe
    assert "P3 rinse" in recipe


@pytest.mark.parametrize("case", list(_plans()))
def test_whatever_is_missing_the_page_is_whole_and_says_so(case: str, tmp_path: Path) -> None:
    run = write_run(tmp_path, _plans()[case])
    reader, html = _read(write_report(run))
    text = " ".join(reader.texts)
    assert not re.search(r"\b(nan|NaN|None|inf)\b", text)
    assert "nan" not in " ".join(re.findall(r'd="[^"]*"', html))
    for heading in HEADINGS:
        assert heading in text


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("aborted", "The run ended aborted."),
        ("aborted", "✗ not finished, in head 1"),
        ("no metrology", "No wafer of 5 was measured"),
        ("no metrology", "twin’s truth"),
        ("none finished", "✓ No alarm was set in this run."),
        ("none finished", "The record holds no trace."),
        ("one wafer", "a rate needs two finished wafers"),
        ("bare meta", "UNKNOWN SOURCE"),
        ("bare meta", "The record states no bound."),
        ("bare meta", "The record holds no process package."),
    ],
)
def test_what_is_missing_is_named(case: str, words: str, tmp_path: Path) -> None:
    assert words in _text(write_report(write_run(tmp_path, _plans()[case])))


def test_without_truth_nothing_speaks_of_truth(tmp_path: Path) -> None:
    text = _text(write_report(write_run(tmp_path, _plans()["no truth"])))
    assert "truth" not in text


def test_without_targets_no_wafer_is_called_in_target(tmp_path: Path) -> None:
    run = write_run(
        tmp_path, RunPlan(wafers_count=2, traced_slots=(), lot_event=False, without_meta=("targets", "recipe"))
    )
    text = _text(write_report(run))
    assert "The record states no targets." in text
    assert "0 of 2" in text


def test_another_port_is_not_called_twin(tmp_path: Path) -> None:
    run = write_run(tmp_path, RunPlan(wafers_count=1, traced_slots=(), meta={"port_kind": "opcua"}))
    text = _text(write_report(run))
    assert "OPCUA" in text
    assert "run on tool_a" in text
    assert "rehearsal" not in text


def test_text_from_the_record_cannot_become_markup(tmp_path: Path) -> None:
    evil = '<script>alert("x")</script>'
    meta = {
        **dict.fromkeys(("lot_id", "run_id", "software", "tool", "outcome", "seed", "created_utc", "port_kind"), evil),
        "recipe": json.dumps({"name": evil, "film": evil, "steps": [{"name": evil, "kind": evil}]}),
        "process_package": json.dumps([{"name": evil, "unit": evil, "source": evil, "note": evil, "borrowed": True}]),
        "bound": json.dumps({"busy_s": {evil: 60.0}, "bottleneck": evil, "bound_wafers_per_h": 60.0}),
        "model_flags": json.dumps([evil, {"name": evil, "detail": evil}]),
    }
    reader, html = _read(write_report(write_run(tmp_path, RunPlan(wafers_count=2, traced_slots=(), meta=meta))))
    assert "script" not in reader.tags
    assert "<script" not in html.lower()


def test_model_flags_are_named_with_their_meaning(tmp_path: Path) -> None:
    meta = {"model_flags": json.dumps(["hydrodynamic", {"name": "flow_range", "detail": "platen 2, 20 ml/min"}])}
    text = _text(write_report(write_run(tmp_path, RunPlan(wafers_count=1, traced_slots=(), meta=meta))))
    assert "speed over pressure beyond what this pad's and slurry's rate data support" in text
    assert "slurry flow outside 50–400 ml/min, where the mixing model holds; platen 2, 20 ml/min" in text


def test_a_folder_without_a_record_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"run\.db"):
        write_report(tmp_path)
    (tmp_path / "run.db").write_bytes(b"no database" * 100)
    with pytest.raises(RunDatabaseError, match=r"run\.db"):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    run = write_run(tmp_path, RunPlan(wafers_count=1, traced_slots=()))
    old = write_report(run).read_bytes()
    (run / ".report.html.part").mkdir()  # stands in the way also of root, who may write anywhere
    with pytest.raises(OSError, match=r"report\.html"):
        write_report(run)
    assert (run / "report.html").read_bytes() == old
