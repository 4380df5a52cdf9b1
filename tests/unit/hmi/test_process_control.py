"""What pages are told of process control and training: charts with limits, what is beyond them, decisions, scores."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from page_served import make_accounts
from starlette.requests import Request

from planaris.clock import utc_of_text
from planaris.historian import PageStore, RunDatabase, Score
from planaris.hmi import FeatureLimits, StepCharts
from planaris.hmi.accounts import Session
from planaris.hmi.answers import RefusedRequestError
from planaris.hmi.ports import PagePorts, ToolFacts
from planaris.hmi.rest_control import ProcessControl
from planaris.hmi.rest_history import History
from planaris.hmi.rest_training import Training, points_of
from planaris.model import WaferKind
from planaris.stream import (
    ChartViolated,
    Committed,
    Event,
    FaultFound,
    FeaturesTaken,
    LotStarted,
    RecipeAdjusted,
    RemovalLearned,
    WaferRegistered,
)

RECIPE = "ild@0123abcd"
SPEED, REMOVAL = "head_speed_error_pct", "removal_error_pct"
CHARTS = (
    StepCharts(
        f"{RECIPE}/0/1", 6, (FeatureLimits(SPEED, 0.1, -0.2, 0.4), FeatureLimits("platen_torque_Nm", 40, None, 44))
    ),
    StepCharts(f"{RECIPE}/1/2", 4, ()),
    StepCharts(f"{RECIPE}/6/0", 6, (FeatureLimits(REMOVAL, 1.0, -2.0, 4.0),)),
)
SESSION = Session(
    "",
    "paul",
    "process",
    "",
    utc_of_text("2026-01-01T00:00:00+00:00"),
    must_change=False,
    seen=utc_of_text("2026-01-01T00:00:00+00:00"),
)


class Ports:
    """A tool that has charts."""

    def __init__(self, folder: Path, kind: str = "twin") -> None:
        self.facts = cast("ToolFacts", SimpleNamespace(folder=folder, home=folder, port_kind=kind))

    async def charts(self) -> Sequence[StepCharts]:
        return CHARTS


def features(wafer: str, values: tuple[float, float], learned: int) -> FeaturesTaken:
    return FeaturesTaken(wafer, 1, 2, 0, "P1 main", RECIPE, f"{SPEED},platen_torque_Nm", values, learned, 6)


def decided(wafer: str, kind: str, why: str, after_s: float) -> RecipeAdjusted:
    return RecipeAdjusted(
        wafer, "ild", 2, "ild, TEOS", "head2/a/b", (1.0,), "control", kind, why, 600.0, 601.0, 1.5, 0.4, 7,
        "P1 main; P2 main", (40.0, 40.0), (after_s, 40.0), "P1 main zone 3", (30.0,), (31.0,),
    )  # fmt: skip


TOLD: tuple[Event, ...] = (
    LotStarted("L", "TEOS", "ild", "oxide_ild", "C", 1, 3, 600.0, 5.0, 5.0),
    *(WaferRegistered(f"W{n}", "L", n, WaferKind.PRODUCT, f"loadport1.{n:02d}") for n in (1, 2, 3)),
    decided("W1", "hold", "too few labels: 0 of 3", 40.0),
    features("W1", (0.1, 40.0), 5),
    features("W2", (0.2, 41.0), 6),
    RemovalLearned("W1", "ild, TEOS", 601.0, 603.5, 0.4, "", 0.3, 0.4, 1),
    features("W3", (1.9, 41.0), 6),
    ChartViolated("W3", 1, 2, 0, "P1 main", "shewhart", SPEED, 18.0, 3.0, ""),
    ChartViolated("W3", 1, 2, 0, "P1 main", "ewma", SPEED, 3.6, 0.6, ""),
    ChartViolated("W3", 1, 2, 0, "P1 main", "t2", "", 300.0, 20.0, f"{SPEED} 290"),
    FaultFound("W3", 1, 2, 0, "P1 main", "head_speed_drift", "head2", 99.0, 1, SPEED, "warn"),
    decided("W3", "adjust", "", 41.25),
)


def request(query: str = "", body: object = None) -> Request:
    content = b"" if body is None else json.dumps(body).encode()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": headers}
    return Request(scope, receive)


def asked(entries: Any, method: str, path: str, query: str = "", body: object = None) -> Any:
    """Return what a path answers."""
    entry = next(e for e in entries if (e.method, e.path) == (method, path))
    return json.loads(bytes(asyncio.run(entry.handler(request(query, body), SESSION)).body))


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[PagePorts]:
    with RunDatabase(tmp_path / "run.db") as records:
        records([Committed(n, float(n), event) for n, event in enumerate(TOLD, start=1)])
        yield cast("PagePorts", Ports(tmp_path))


def test_the_overview_tells_charts_findings_and_decisions(ports: PagePorts) -> None:
    body = asked(ProcessControl(ports).entries(), "GET", "/api/control")
    assert [(c["step"], c["platen"], c["step_name"], c["learned_count"]) for c in body["charts"]] == [
        (0, 1, "P1 main", 6),
        (1, 2, "", 4),
        (6, 0, "", 6),
    ]
    assert body["charts"][0]["limits"][1] == {"feature": "platen_torque_Nm", "mean": 40, "low": None, "high": 44}
    assert [v["chart"] for v in body["violations"]] == ["t2", "ewma", "shewhart"]
    assert [(f["fault"], f["source"], f["planned"]) for f in body["faults"]] == [("head_speed_drift", "head2", "warn")]
    last, first = body["decisions"]
    assert (last["wafer_id"], last["adjustment"], last["learned"]) == ("W3", "adjust", None)
    assert last["moved"] == [
        {"name": "P1 main", "unit": "s", "before": 40.0, "after": 41.25},
        {"name": "P2 main", "unit": "s", "before": 40.0, "after": 40.0},
        {"name": "P1 main zone 3", "unit": "kPa", "before": 30.0, "after": 31.0},
    ]
    assert (first["why"], first["learned"]["measured_nm"]) == ("too few labels: 0 of 3", 603.5)
    assert len(asked(ProcessControl(ports).entries(), "GET", "/api/control", "limit=1")["violations"]) == 1


def test_points_of_a_chart_say_which_taught_and_which_are_beyond(ports: PagePorts) -> None:
    entries = ProcessControl(ports).entries()
    body = asked(entries, "GET", "/api/control/points", f"key={RECIPE}/0/1&feature={SPEED}")
    assert body["limits"] == {"feature": SPEED, "mean": 0.1, "low": -0.2, "high": 0.4}
    assert [(p["wafer_id"], p["value"], p["teaches"], p["beyond"]) for p in body["points"]] == [
        ("W1", 0.1, True, []),
        ("W2", 0.2, False, []),
        ("W3", 1.9, False, ["ewma", "shewhart"]),
    ]
    other = asked(entries, "GET", "/api/control/points", f"key={RECIPE}/0/1&feature=platen_torque_Nm&limit=2")
    assert [(p["wafer_id"], p["beyond"]) for p in other["points"]] == [("W2", []), ("W3", [])]
    with pytest.raises(RefusedRequestError, match="no chart nobody/0/1"):
        asked(entries, "GET", "/api/control/points", f"key=nobody/0/1&feature={SPEED}")


def test_the_trend_of_wafers_has_the_limits_that_the_tool_learned(ports: PagePorts) -> None:
    body = asked(History(ports).entries(), "GET", "/api/wafers")
    assert body["control"] == pytest.approx({"mean": 606.0, "low": 588.0, "high": 624.0})
    assert len(body["wafers"]) == 3
    assert len(asked(History(ports).entries(), "GET", "/api/wafers", "limit=2")["wafers"]) == 2


@pytest.mark.parametrize(
    ("attempt", "reaction_s", "total_s", "points"),
    [(1, 60.0, 300.0, 100), (2, 60.1, 300.0, 60), (3, 1.0, None, 20), (0, None, 300.1, 0)],
)
def test_points_are_for_the_remedy_the_word_and_the_cure(
    attempt: int, reaction_s: float | None, total_s: float | None, points: int
) -> None:
    assert points_of(attempt, reaction_s, total_s) == points


def test_scores_outlive_the_server_and_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planaris.historian.page_store.SCORES_COUNT", 5)
    make_accounts(tmp_path)
    facts = cast("PagePorts", Ports(tmp_path)).facts
    given = {
        "fault": "jammed",
        "target": "aligner",
        "attempt": 1,
        "reaction_s": 12.3456,
        "total_s": None,
        "gave_up": False,
    }
    with PageStore(tmp_path / "tool.db") as store:
        kept = asked(Training(facts, store).entries(), "POST", "/api/training", body=given)
        assert (kept["user"], kept["reaction_s"], kept["points"]) == ("paul", 12.346, 60)
        assert (
            asked(Training(facts, store).entries(), "POST", "/api/training", body={**given, "gave_up": True})["points"]
            == 0
        )
    with PageStore(tmp_path / "tool.db") as store:
        assert [s["points"] for s in asked(Training(facts, store).entries(), "GET", "/api/training")["scores"]] == [
            0,
            60,
        ]
        for number in range(9):
            store.keep_score(Score("max", "", "jammed", str(number), 1, 1.0, 1.0, 100))
        assert [score.target for score in store.scores(50)] == ["8", "7", "6", "5", "4"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"attempt": -1}, "attempt"),
        ({"attempt": True}, "attempt"),
        ({"reaction_s": "soon"}, "reaction_s"),
        ({"total_s": -1.0}, "total_s"),
        ({"fault": "x" * 65}, "fault"),
    ],
)
def test_a_score_that_makes_no_sense_is_refused(tmp_path: Path, wrong: dict[str, Any], why: str) -> None:
    make_accounts(tmp_path)
    given = {"fault": "jammed", "target": "aligner", "attempt": 1, "reaction_s": 1.0, "total_s": 2.0}
    with PageStore(tmp_path / "tool.db") as store:
        entries = Training(cast("PagePorts", Ports(tmp_path)).facts, store).entries()
        with pytest.raises(RefusedRequestError, match=why):
            asked(entries, "POST", "/api/training", body={**given, **wrong})
        machine = Training(cast("PagePorts", Ports(tmp_path, "opcua")).facts, store).entries()
        with pytest.raises(RefusedRequestError, match="no training on a machine"):
            asked(machine, "POST", "/api/training", body=given)
        assert store.scores(9) == []
