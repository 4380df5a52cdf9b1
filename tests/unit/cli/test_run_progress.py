"""Progress: lines are sparse where nobody watches, the last one is never lost, and speed is tool over wall time."""

from __future__ import annotations

import io

import pytest

from planaris.app.request import Progress
from planaris.cli import progress as progress_module
from planaris.cli.progress import LiveDisplay, PlainDisplay, clock_text, display_for, line_text, speed_text


def at(wall_s: float, finished_count: int = 0) -> Progress:
    return Progress(wall_s * 500, wall_s, "L1-01", "platen1", "polish", finished_count, 25)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(progress_module, "log", said.append)
    return said


def test_first_line_at_once_then_one_in_two_seconds_and_the_last(lines: list[str]) -> None:
    with PlainDisplay() as display:
        for tenth in range(1, 52):
            display.show(at(tenth / 10, finished_count=tenth // 10))
    # 0.1, 2.1, 4.1 s, then what the run ended with
    assert [line.split(" ")[0] for line in lines] == ["0/25", "2/25", "4/25", "5/25"]


def test_the_last_line_is_told_also_when_the_run_breaks_off(lines: list[str]) -> None:
    def broken_run() -> None:
        with PlainDisplay() as display:
            display.show(at(0.1))
            display.show(at(0.2, finished_count=3))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken_run()
    assert lines[-1].startswith("3/25")


def test_a_line_says_wafers_time_speed_and_what_happens() -> None:
    assert line_text(at(2.0, 4)) == "4/25 wafers · tool time 0:16:40 · 500× · L1-01 platen1 polish"
    assert line_text(Progress(0.0, 0.0, "", "", "", 0, 25)) == "0/25 wafers · tool time 0:00:00"


@pytest.mark.parametrize(
    ("time_s", "text"), [(0.0, "0:00:00"), (59.9, "0:00:59"), (3725.0, "1:02:05"), (90000.0, "25:00:00")]
)
def test_clock(time_s: float, text: str) -> None:
    assert clock_text(time_s) == text


def test_speed() -> None:
    assert [speed_text(3000, 2), speed_text(0, 2), speed_text(10, 0)] == ["1,500×", "", ""]


def test_terminal_gets_a_live_display_with_the_last_state() -> None:
    from rich.console import Console

    assert isinstance(display_for(terminal=False), PlainDisplay)
    display = display_for(terminal=True)
    assert isinstance(display, LiveDisplay)
    screen = io.StringIO()
    display._bar.live.console = Console(file=screen, force_terminal=True, width=120)
    with display:
        display.show(at(1.0, 3))
        display.show(at(1.01, 25))
    last = screen.getvalue().rsplit("\r", 1)[-1]
    assert "TWIN" in last
    assert "25/25" in last
    assert "L1-01 platen1 polish" in last
