"""Scheduling: what moves next, and how fast a tool can be at best. Pure."""

from planaris.scheduling.bounds import Bound, throughput_bound, visit_s
from planaris.scheduling.dispatch import Action, Floor, Move, next_moves
from planaris.scheduling.pacing import CarouselTimes, HeadWafer, LineWafer, entry_times_s, turn_times_s

__all__ = [
    "Action",
    "Bound",
    "CarouselTimes",
    "Floor",
    "HeadWafer",
    "LineWafer",
    "Move",
    "entry_times_s",
    "next_moves",
    "throughput_bound",
    "turn_times_s",
    "visit_s",
]
