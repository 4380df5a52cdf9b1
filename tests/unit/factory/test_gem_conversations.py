"""Golden conversations: what host, tool, people and time do, and every message of the equipment, in order, as SML.

``python tests/unit/factory/test_gem_conversations.py FILE`` prints a file with the equipment's lines as they are now.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gem_bench import BenchLine, GemBench

from planaris.factory.hsms import FailureReason
from planaris.factory.secs2 import Message, parse_sml, to_sml
from planaris.stream import from_json

FOLDER = Path(__file__).parent / "conversations"


class Watched(BenchLine):
    """A line that notes everything the equipment says, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def send(self, message: Message) -> int:
        self.said.append(to_sml(message, one_line=True))
        return super().send(message)

    def reply(self, system_bytes: int, message: Message) -> None:
        self.said.append(to_sml(message, one_line=True))
        super().reply(system_bytes, message)


class Conversation:
    """Plays the lines of a file but the equipment's."""

    def __init__(self) -> None:
        self.bench = GemBench()
        self.line = Watched()

    def play(self, who: str, what: str) -> list[str]:
        """Do what a line says; return what the equipment says then."""
        self.line.said.clear()
        getattr(self, f"_{who}")(what)
        self.bench.work()
        return list(self.line.said)

    def _link(self, what: str) -> None:
        if what == "lost":
            self.bench.lose()
        else:
            self.bench.select_on(self.line)

    def _host(self, what: str) -> None:
        (message,) = parse_sml(what)
        if message.primary:
            self.bench.raw(message.stream, message.function, message.body, wait=message.wait)
        elif message.function:
            self.bench.answer(message.stream, message.function - 1, message.body)
        else:
            (function,) = {m.function for _, m in self.line.sent if m.stream == message.stream}
            self.bench.fail(message.stream, function, FailureReason.ABORTED)

    def _silence(self, what: str) -> None:
        """Let T3 of one of the equipment's primaries run out."""
        stream, function = what[1:].split("F")
        self.bench.fail(int(stream), int(function), FailureReason.T3)

    def _tool(self, what: str) -> None:
        name, _, text = what.partition(" ")
        self.bench.happens(from_json(name, text))

    def _operator(self, what: str) -> None:
        control = self.bench.equipment.control
        acts = {
            "online": control.go_online,
            "offline": control.go_offline,
            "local": self.bench.equipment.switch_to_local,
            "remote": self.bench.equipment.switch_to_remote,
        }
        acts[what]()

    def _seconds(self, what: str) -> None:
        self.bench.wait(float(what))


def lines_of(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        who, _, what = line.partition(" ")
        if who and not who.startswith("#"):
            yield who, what.strip()


FILES = sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_conversation_goes_as_written(path: Path) -> None:
    conversation = Conversation()
    lines = list(lines_of(path))
    at = 0
    while at < len(lines):
        who, what = lines[at]
        said = conversation.play(who, what)
        expected = []
        while at + 1 < len(lines) and lines[at + 1][0] == "equipment":
            at += 1
            expected.append(lines[at][1])
        assert said == expected, f"after {who} {what}"
        at += 1


def test_there_are_conversations_and_each_says_something() -> None:
    assert len(FILES) >= 6
    assert all(sum(1 for who, _ in lines_of(path) if who == "equipment") >= 4 for path in FILES)


def _print(path: Path) -> None:
    conversation = Conversation()
    for line in path.read_text(encoding="utf-8").splitlines():
        who, _, what = line.partition(" ")
        if who == "equipment":
            continue
        print(line)
        if who and not who.startswith("#"):
            for said in conversation.play(who, what.strip()):
                print(f"equipment {said}")


if __name__ == "__main__":
    _print(Path(sys.argv[1]))
