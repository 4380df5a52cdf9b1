"""The safety layer: independent of the process PLC, read by everybody, commanded by no one but people."""

from __future__ import annotations

from collections.abc import Callable

from planaris.twin.plc import VirtualPlc

INPUTS = ("emo", "door_open", "leak", "over_temperature")
# EMO and over-temperature take the drives' power, a door stops motion as well; a leak closes the chemicals
# (interlocks 1, 2, 4 and 3 of the catalogue).
_STOPPING = frozenset({"emo", "door_open", "over_temperature"})


class SafetyLayer:
    """Latched safety inputs. The controller can read them; no tag resets them."""

    def __init__(self, plc: VirtualPlc, stop: Callable[[], None], close_chemicals: Callable[[], None]) -> None:
        self._plc, self._stop, self._close_chemicals = plc, stop, close_chemicals
        self._tripped: set[str] = set()

    @property
    def tripped(self) -> frozenset[str]:
        """Inputs that are tripped now."""
        return frozenset(self._tripped)

    @property
    def powered(self) -> bool:
        """Whether motion has power: no stopping input is tripped."""
        return not self._tripped & _STOPPING

    @property
    def chemicals_allowed(self) -> bool:
        """Whether chemical valves may open."""
        return self.powered and "leak" not in self._tripped

    def trip(self, name: str) -> None:
        """Trip an input: a pressed EMO, an open door, a leak."""
        if name not in INPUTS:
            raise ValueError(f"{name} is no safety input; they are {', '.join(INPUTS)}")
        self._tripped.add(name)
        self._plc.set({f"safety.{name}": True, "safety.healthy": False})
        if name in _STOPPING:
            self._stop()
        elif name == "leak":
            self._close_chemicals()

    def reset(self, name: str) -> None:
        """Reset an input by hand, at the machine. Nothing starts again by itself."""
        self._tripped.discard(name)
        self._plc.set({f"safety.{name}": False, "safety.healthy": not self._tripped})
