"""Mishaps with wafers in the twin: left on the pad at the lift, slipped out, broken; and what its pads show of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from planaris.twin.mover import Mover
from planaris.twin.plc import VirtualPlc

# A wafer comes up with a head only if the vacuum holds it: -400 mmHg (docs/reference/design-values.md).
HOLDING_kPa = 53.3


@dataclass(slots=True)
class HeadFault:
    """``vacuum_lost_kPa`` is what a head's vacuum lacks; ``sticks_count`` how many pulls the pad's water outlasts."""

    vacuum_lost_kPa: float = 0.0
    sticks_count: int = 0


class Mishaps:
    """Wafers that are not where devices think. A wafer on a pad, outside its head, is at the place ``platenN``.

    ``reseat`` is told a platen whose wafer came or went; ``dropped`` are the heads that ever left one on a pad.
    """

    def __init__(self, plc: VirtualPlc, mover: Mover, reseat: Callable[[int], None]) -> None:
        self._plc, self._mover, self._reseat = plc, mover, reseat
        self._faults: dict[int, HeadFault] = {}
        self._loose: set[str] = set()
        self.dropped: set[str] = set()

    def fault_of(self, head: int) -> HeadFault:
        """Return what is wrong with a head's hold."""
        return self._faults.setdefault(head, HeadFault())

    def loose(self, wafer_id: str) -> bool:
        """Whether a wafer slipped out or broke, so that no head can take it up."""
        return wafer_id in self._loose

    def clear(self, head: int) -> None:
        """Mend a head's hold."""
        self._faults.pop(head, None)

    def _holds(self, head: int, vacuum_kPa: float) -> bool:
        fault = self._faults.get(head)
        if fault is None:
            return True
        if fault.sticks_count > 0:
            fault.sticks_count -= 1
            return False
        return abs(vacuum_kPa) - fault.vacuum_lost_kPa >= HOLDING_kPa

    def lifted(self, head: int, platen: int, vacuum_kPa: float) -> None:
        """Let a head that comes up from a platen bring its wafer, or leave it there."""
        if platen and self._mover.places.get(f"head{head}") is not None and not self._holds(head, vacuum_kPa):
            self._drop(head, platen)

    def chucked_again(self, head: int, platen: int, vacuum_kPa: float) -> None:
        """Try to take up the wafer that was left on the pad under a head; a loose one is out of reach."""
        place = f"platen{platen}"
        wafer = self._mover.places.get(place)
        if wafer is None or wafer.wafer_id in self._loose or not self._holds(head, vacuum_kPa):
            return
        self._mover.places.move(place, f"head{head}")
        self._mover.sensor(f"head{head}")
        self._show(platen)

    def slip(self, head: int, platen: int) -> None:
        """Let a head's wafer slip out onto the pad."""
        wafer = self._mover.places.get(f"head{head}")
        if wafer is None or not platen:
            raise ValueError(f"head{head} presses no wafer on a pad")
        self._loose.add(wafer.wafer_id)
        self._drop(head, platen)

    def shatter(self, location: str, platen_of: Callable[[int], int]) -> None:
        """Break the wafer at a location; over a pad its pieces lie there, elsewhere no sensor sees it any more."""
        wafer = self._mover.places.get(location)
        if wafer is None:
            raise ValueError(f"no wafer at {location}")
        wafer.broken = True
        head = int(location.removeprefix("head")) if location.startswith("head") else 0
        platen = platen_of(head) if head else 0
        if platen:
            self.slip(head, platen)
        else:
            self._mover.sensor(location)

    def take(self, location: str) -> None:
        """Take a wafer, whole or in pieces, out of the machine, as a person does."""
        wafer = self._mover.places.take(location)
        self._loose.discard(wafer.wafer_id)
        if location.startswith("platen"):
            self._show(int(location.removeprefix("platen")))
        else:
            self._mover.sensor(location)

    def _drop(self, head: int, platen: int) -> None:
        self.dropped.add(f"head{head}")
        self._mover.places.move(f"head{head}", f"platen{platen}")
        self._mover.sensor(f"head{head}")
        self._show(platen)

    def _show(self, platen: int) -> None:
        self._plc.set({f"platen{platen}.slip": self._mover.places.get(f"platen{platen}") is not None})
        self._reseat(platen)
