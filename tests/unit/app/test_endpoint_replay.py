"""Recorded samples through a step's detector: which blocks it is fed, and what comes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from planaris.app.endpoint_replay import RecordedVisit, blocks_of, replay
from planaris.control import Decision, DecisionKind
from planaris.formats.trace_files import Trace
from planaris.model import Block, DetectorKind, DetectorSetting, EndKind, StepEnd
from planaris.modules import StepControl, StepSpan

SPAN = StepSpan("main", 10.035, 12.0)
SPECTRUM = (DetectorSetting(DetectorKind.SPECTRUM, target_nm=900.0),)
BOTH = (*SPECTRUM, DetectorSetting(DetectorKind.FRICTION))


def end_by(detectors: tuple[DetectorSetting, ...]) -> StepEnd:
    return StepEnd(EndKind.ENDPOINT, time_s=20.0, min_s=1.0, max_s=60.0, detectors=detectors)


def visit() -> RecordedVisit:
    """Scalar sensors at 100 Hz and a window at uneven times, with the time itself as a signal."""
    fast_s = np.arange(900, 1300) / 100.0
    flash_s = np.sort(np.random.default_rng(1).uniform(9.0, 13.0, 300))
    spectrum = np.repeat(flash_s[:, None], 4, axis=1).astype(np.float32)
    fast = Trace(
        fast_s, {"platen.torque_Nm": fast_s.astype(np.float32), "head.torque_Nm": fast_s.astype(np.float32)}, {}
    )
    window = Trace(flash_s, {"platen.window_under_wafer": np.ones(300, np.float32), "platen.spectrum": spectrum}, {})
    return RecordedVisit(3, window, fast)


@dataclass
class Scripted:
    """A detector that answers by the newest sample's time."""

    says: dict[float, Decision]
    breaks_s: float = 1e9

    def start(self, start_s: float) -> Any:
        return start_s

    def step(self, state: Any, block: Block) -> tuple[Any, Decision]:
        now_s = float(block.time_s[-1])
        if now_s > self.breaks_s:
            raise ValueError("a bin is empty")
        due = [said for from_s, said in self.says.items() if now_s >= from_s]
        return state, due[-1] if due else Decision(DecisionKind.NONE, now_s, thickness_nm=1000.0 - now_s)


def test_blocks_are_those_of_a_live_platen() -> None:
    blocks = list(blocks_of(visit(), SPAN))
    fast = [b for b in blocks if b.rate_class == "platen3.fast"]
    window = [b for b in blocks if b.rate_class == "platen3.optical"]
    # The scalar sensors' first block is what is left of the 40 ms in which the step begins.
    assert fast[0].tags == ("platen3.torque_Nm",)
    assert [len(b.time_s) for b in fast[:3]] == [4, 4, 4]
    assert fast[0].time_s[0] == pytest.approx(10.04)
    # The window was open before: its 100 ms block is whole, and it ends on a multiple of tool time.
    assert 10.0 <= window[0].time_s[0] < SPAN.start_s
    assert {int(b.time_s[0] * 10) for b in window} == set(range(100, 120))
    assert all(int(b.time_s[0] * 10) == int(b.time_s[-1] * 10) for b in window)
    assert window[0].column("platen3.spectrum").shape == (len(window[0].time_s), 4)
    assert window[0].column("platen3.spectrum")[:, 3] == pytest.approx(window[0].time_s, rel=1e-6)
    newest = [b.time_s[-1] for b in blocks]
    assert max(newest) < SPAN.end_s
    # In the order of the blocks' ends, both kinds among each other.
    first_window = [b.rate_class for b in blocks].index("platen3.optical")
    assert [b.time_s[-1] < 10.1 for b in blocks[:first_window]] == [True] * first_window


def test_scalar_sensors_are_fed_only_to_who_reads_them() -> None:
    never = Scripted({})
    without = replay(visit(), end_by(SPECTRUM), StepControl(never), SPAN)
    both = replay(visit(), end_by(BOTH), StepControl(never), SPAN)
    assert len(without.decisions) == 20
    assert len(both.decisions) == len(list(blocks_of(visit(), SPAN)))


def test_the_first_final_decision_ends_it_and_stands() -> None:
    call = Decision(DecisionKind.CALL, 11.5, "there", endpoint_s=11.9, stop_s=11.7, thickness_nm=900.0)
    made = replay(visit(), end_by(SPECTRUM), StepControl(Scripted({11.5: call})), SPAN)
    assert made.final == call
    assert made.decisions[-1] is call
    assert made.decisions[-2].time_s < 11.5
    assert made.trail[-1] == (11.5, 900.0, 0.0)
    # The trail keeps every half second, and the last.
    assert all(b - a >= 0.5 for (a, *_), (b, *_) in zip(made.trail[:-1], made.trail[1:-1], strict=False))


def test_a_recording_that_ends_without_a_call_is_a_miss_with_the_sensors_fault_as_cause() -> None:
    sick = Decision(DecisionKind.FAULT, 11.0, "spectrum: dark")
    made = replay(visit(), end_by(SPECTRUM), StepControl(Scripted({11.0: sick})), SPAN)
    assert made.faults == ("spectrum: dark",)
    assert (made.final.kind, made.final.stop_s) == (DecisionKind.HOLD, None)
    assert made.final.why == "no endpoint in the 2.0 s recorded of the step, whose latest time is 60 s (spectrum: dark)"


def test_a_detector_that_breaks_is_told_and_does_not_call() -> None:
    made = replay(visit(), end_by(SPECTRUM), StepControl(Scripted({}, breaks_s=11.0)), SPAN)
    assert made.faults == ("ValueError: a bin is empty",)
    assert made.final.kind is DecisionKind.HOLD
    assert made.decisions[-1].time_s <= 11.0


def test_a_step_by_time_is_fed_whatever_there_is() -> None:
    by_time = StepEnd(EndKind.TIME, time_s=1.0, min_s=1.0, max_s=1.0)
    fast_only = RecordedVisit(3, None, visit().fast)
    assert replay(fast_only, by_time, StepControl(Scripted({})), SPAN).decisions
