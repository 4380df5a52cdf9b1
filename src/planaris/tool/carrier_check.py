"""Compares the carrier as it was scanned with the lot; nothing moves before they agree."""

from __future__ import annotations

from planaris.model import Lot, SlotState
from planaris.stream import CarrierMapped
from planaris.tool.tool import Tool

SLOT_LETTERS = {SlotState.EMPTY: "-", SlotState.OCCUPIED: "O", SlotState.DOUBLE: "D", SlotState.CROSSED: "X"}


class SlotMapError(Exception):
    """The scanned carrier is not what the lot says; nothing was moved."""

    def __init__(self, load_port: int, problems: tuple[str, ...]) -> None:
        self.load_port, self.problems = load_port, problems
        super().__init__(f"loadport{load_port}: " + "; ".join(problems))


async def check_carrier(tool: Tool, lot: Lot) -> None:
    """Scan the lot's carrier; block its port and raise `SlotMapError` if it is not as the lot says."""
    port = tool.load_ports[lot.load_port]
    seen = await port.ask(port.map)
    letters = "".join(SLOT_LETTERS[state] for state in seen)
    tool.stream.publish(CarrierMapped(lot.load_port, lot.carrier.carrier_id, letters))
    problems: list[str] = []
    for slot, state in enumerate(seen, start=1):
        expected = lot.wafer_in(slot) is not None
        if state in {SlotState.DOUBLE, SlotState.CROSSED}:
            problems.append(f"slot {slot} is {state.value}")
            _alarm(tool, f"slot_{state.value}", port.name, f"slot {slot}")
        elif expected is not (state is SlotState.OCCUPIED):
            problems.append(f"slot {slot} is {state.value}, the lot says {'a wafer' if expected else 'empty'}")
    if problems:
        tool.interlocks.mismatched_ports.add(port.name)
        _alarm(tool, "slot_map_mismatch", port.name, "; ".join(problems))
        raise SlotMapError(lot.load_port, tuple(problems))
    # A carrier that agrees takes the block of an earlier one away.
    if port.name in tool.interlocks.mismatched_ports:
        tool.interlocks.mismatched_ports.discard(port.name)
        for alarm in ("slot_map_mismatch", "slot_double", "slot_crossed"):
            tool.alarms.clear(alarm, port.name, f"{lot.carrier.carrier_id} is as its lot says")


def _alarm(tool: Tool, alarm: str, source: str, detail: str) -> None:
    tool.alarms.set(alarm, source, tool.alarms.severity_of(alarm), detail)
