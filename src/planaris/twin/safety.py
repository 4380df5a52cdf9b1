"""The safety layer: independent of the process PLC, read by everybody, commanded by no one but people."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from planaris.twin.plc import VirtualPlc

INPUTS = ("emo", "door_open", "leak", "over_temperature", "over_pressure", "exhaust_low", "drain_full")
# EMO, over-temperature and over-pressure take the drives' power, a door stops motion as well; a leak, a full drain
# and low exhaust close the chemicals (interlocks 1, 2, 4 and 3 of the catalogue).
STOPPING = frozenset({"emo", "door_open", "over_temperature", "over_pressure"})
CHEMICALS = frozenset({"leak", "exhaust_low", "drain_full"})


@dataclass(slots=True)
class SafetyLayer:
    """Latched safety inputs, wired to the drives' contactor and the chemical valves past the process PLC.

    The controller reads them through the PLC; no tag resets them. ``stop`` and ``close_chemicals`` act on the
    hardware, so they work while the PLC is dead; ``plc`` only shows what is tripped. ``tripped_s`` is when power went.
    """

    plc: VirtualPlc
    stop: Callable[[], None]
    close_chemicals: Callable[[], None]
    _tripped: set[str] = field(default_factory=set[str])
    tripped_s: float = 0.0

    @property
    def tripped(self) -> frozenset[str]:
        """Inputs that are tripped now."""
        return frozenset(self._tripped)

    @property
    def powered(self) -> bool:
        """Whether motion has power: no stopping input is tripped."""
        return not self._tripped & STOPPING

    @property
    def chemicals_allowed(self) -> bool:
        """Whether chemical valves may open."""
        return self.powered and not self._tripped & CHEMICALS

    def trip(self, name: str) -> None:
        """Trip an input: a pressed EMO, an open door, a leak."""
        if name not in INPUTS:
            raise ValueError(f"{name} is no safety input; they are {', '.join(INPUTS)}")
        if self.powered and name in STOPPING:
            self.tripped_s = asyncio.get_running_loop().time()
        self._tripped.add(name)
        self.show()
        if name in STOPPING:
            self.stop()
        else:
            self.close_chemicals()

    def reset(self, name: str) -> None:
        """Reset an input by hand, at the machine. Nothing starts again by itself."""
        self._tripped.discard(name)
        self.show()

    def show(self) -> None:
        """Let the PLC's tags say what is tripped, as its input modules see it."""
        tags = {f"safety.{name}": name in self._tripped for name in INPUTS}
        self.plc.set({**tags, "safety.healthy": not self._tripped})
