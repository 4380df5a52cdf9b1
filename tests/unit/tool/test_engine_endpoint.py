"""A wafer that an endpoint turns away or misses: cleaned, brought home, kept for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest
from engine_bench import EngineBench, nobody, order, play, route_recipe

from planaris.control import Decision, DecisionKind
from planaris.model import Block, DetectorKind, DetectorSetting, EndKind, Recipe, StepEnd
from planaris.modules import StepControl
from planaris.stream import AlarmSet, CleanEnded, StepEnded, StepStarted, WaferFinished, WaferMarked

# Friction is read on every platen, without a window.
END = StepEnd(EndKind.ENDPOINT, 10.0, 2.0, 15.0, detectors=(DetectorSetting(DetectorKind.FRICTION),))


@dataclass
class Says:
    """A detector that says one thing, 5 s into its step."""

    kind: DecisionKind

    def start(self, start_s: float) -> float:
        return start_s

    def step(self, state: float, block: Block) -> tuple[float, Decision]:
        time_s = float(block.time_s[-1])
        if time_s < state + 5.0:
            return state, Decision(DecisionKind.NONE, time_s)
        return state, Decision(self.kind, time_s, f"says {self.kind}", stop_s=time_s)


def two_platens() -> Recipe:
    """Return a recipe whose first platen ends by endpoint, and whose second goes by time."""
    recipe = route_recipe(1, 3)
    main, *rest = recipe.steps
    return replace(recipe, steps=(replace(main, end=END), *rest))


def played(kinds: Mapping[str, DecisionKind]) -> EngineBench:
    """Run a lot of two wafers in which each gets its decision."""

    def endpoint_of(wafer_id: str, recipe: Recipe, step: int, into_s: float) -> StepControl:
        del recipe, step, into_s
        return StepControl(Says(kinds[wafer_id]))

    return play(nobody, order(recipe=two_platens()), endpoint_of=endpoint_of)


@pytest.fixture(scope="module")
def turned_away() -> EngineBench:
    return played({"L1-01": DecisionKind.ABORT, "L1-02": DecisionKind.CALL})


def test_a_wafer_that_is_turned_away_goes_to_no_further_platen(turned_away: EngineBench) -> None:
    started = [(e.wafer_id, e.platen, e.kind) for e in turned_away.of(StepStarted)]
    assert [s[1:] for s in started if s[0] == "L1-01"] == [(1, "polish"), (1, "rinse")]
    assert [s[1:] for s in started if s[0] == "L1-02"] == [(1, "polish"), (1, "rinse"), (3, "polish"), (3, "rinse")]
    assert [e.reason for e in turned_away.of(StepEnded) if e.step == 0] == ["wafer", "endpoint"]


def test_it_is_cleaned_brought_home_and_marked_hold(turned_away: EngineBench) -> None:
    cleaned = {w: [e.station for e in turned_away.of(CleanEnded) if e.wafer_id == w] for w in ("L1-01", "L1-02")}
    assert cleaned["L1-01"]
    assert cleaned["L1-01"] == cleaned["L1-02"]
    assert [(m.wafer_id, m.mark) for m in turned_away.of(WaferMarked)] == [("L1-01", "hold")]
    assert "says abort" in turned_away.of(WaferMarked)[0].why
    assert {e.wafer_id for e in turned_away.of(WaferFinished)} == {"L1-01", "L1-02"}
    assert [a.alarm for a in turned_away.of(AlarmSet) if a.wafer_id == "L1-01"] == ["wafer_not_expected"]


def test_a_wafer_whose_endpoint_was_missed_is_polished_on_and_marked_hold() -> None:
    bench = played({"L1-01": DecisionKind.NONE, "L1-02": DecisionKind.CALL})
    assert [e.platen for e in bench.of(StepStarted) if e.wafer_id == "L1-01"] == [1, 1, 3, 3]
    assert [(m.wafer_id, m.mark) for m in bench.of(WaferMarked)] == [("L1-01", "hold")]
    assert bench.outcome() == "completed"
