"""The safety layer: independent of the process PLC, read by everybody, commanded by no one but people."""

from __future__ import annotations

from collections.abc import Callable

from planaris.twin.plc import VirtualPlc

INPUTS = ("emo", "door_open", "leak", "over_temperature")
# EMO and over-temperature take the drives' power; a door stops motion as well (equipment.md 1.6, rules 1, 2, 4).
_STOPPING = frozenset({"emo", "door_open", "over_temperature"})


class SafetyLayer:
    """Latched safety inputs. The controller can read them; no tag resets them."""

    def __init__(self, plc: VirtualPlc, stop: Callable[[], None]) -> None:
        self._plc, self._stop = plc, stop
        self._tripped: set[str] = set()

    @property
    def tripped(self) -> frozenset[str]:
        """Inputs that are tripped now."""
        return frozenset(self._tripped)

    def trip(self, name: str) -> None:
        """Trip an input: a pressed EMO, an open door, a leak."""
        if name not in INPUTS:
            raise ValueError(f"{name} is no safety input; they are {', '.join(INPUTS)}")
        self._tripped.add(name)
        self._plc.set({f"safety.{name}": True, "safety.healthy": False})
        if name in _STOPPING:
            self._stop()

    def reset(self, name: str) -> None:
        """Reset an input by hand, at the machine."""
        self._tripped.discard(name)
        self._plc.set({f"safety.{name}": False, "safety.healthy": not self._tripped})
