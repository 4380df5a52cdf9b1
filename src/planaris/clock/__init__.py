"""Tool time and peer time. The only module of Planaris that may ask for the time."""

from planaris.clock.deadlock import DeadlockError
from planaris.clock.mortal import KilledError, Life, run_mortal
from planaris.clock.peer import monotonic_s, utc_now
from planaris.clock.virtual import VirtualTimeLoop, now_s, run

__all__ = [
    "DeadlockError",
    "KilledError",
    "Life",
    "VirtualTimeLoop",
    "monotonic_s",
    "now_s",
    "run",
    "run_mortal",
    "utc_now",
]
