"""Tool time and peer time. The only module of Planaris that may ask for the time."""

from planaris.clock.deadlock import DeadlockError
from planaris.clock.mortal import KilledError, Life, run_mortal
from planaris.clock.peer import Instant, later, monotonic_s, ns_of_utc, utc_now, utc_of_ns, utc_of_text
from planaris.clock.peer_loop import Peer, PeerThread, SameLoop
from planaris.clock.virtual import VirtualTimeLoop, longest_pause_s, now_s, run, watch_pauses

__all__ = [
    "DeadlockError",
    "Instant",
    "KilledError",
    "Life",
    "Peer",
    "PeerThread",
    "SameLoop",
    "VirtualTimeLoop",
    "later",
    "longest_pause_s",
    "monotonic_s",
    "now_s",
    "ns_of_utc",
    "run",
    "run_mortal",
    "utc_now",
    "utc_of_ns",
    "utc_of_text",
    "watch_pauses",
]
