"""Scheduling: what moves next, and how fast a tool can be at best. Pure."""

from planaris.scheduling.bounds import Bound, throughput_bound, visit_s
from planaris.scheduling.bounds_units import throughput_bound_units, unit_cycle_s
from planaris.scheduling.dispatch import Action, Floor, Move, next_moves
from planaris.scheduling.dispatch_units import Unit, UnitsFloor, next_moves_units
from planaris.scheduling.pacing import LineWafer, entry_times_s, hold_s
from planaris.scheduling.pacing_units import begin_hold_s

__all__ = [
    "Action",
    "Bound",
    "Floor",
    "LineWafer",
    "Move",
    "Unit",
    "UnitsFloor",
    "begin_hold_s",
    "entry_times_s",
    "hold_s",
    "next_moves",
    "next_moves_units",
    "throughput_bound",
    "throughput_bound_units",
    "unit_cycle_s",
    "visit_s",
]
