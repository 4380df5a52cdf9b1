"""Scheduling: what moves next, and how fast a tool can be at best. Pure."""

from planaris.scheduling.bounds import Bound, throughput_bound
from planaris.scheduling.bounds_units import throughput_bound_units, unit_cycle_s
from planaris.scheduling.checker import Fault, Violation, check
from planaris.scheduling.checker_units import check_units
from planaris.scheduling.cluster import Cluster, ClusterPlan, ClusterRobot, ClusterStep, Handling
from planaris.scheduling.cluster_bound import ClusterBound, cluster_bound
from planaris.scheduling.cluster_check import check_cluster
from planaris.scheduling.cluster_plan import plan_cluster, search_cluster
from planaris.scheduling.cycle import cycle_system
from planaris.scheduling.difference import Constraint, DifferenceSystem, PositiveCycle
from planaris.scheduling.dispatch import decide, next_moves
from planaris.scheduling.dispatch_units import Unit, UnitsFloor, next_moves_units
from planaris.scheduling.floor import Action, Decision, Floor, Move
from planaris.scheduling.hold_units import UnitsAhead, holds_s
from planaris.scheduling.line import (
    PREPARE_S,
    Line,
    PlatenVisit,
    RoutedWafer,
    line_of,
    repeated,
    routed,
    visit_s,
    visits_of,
)
from planaris.scheduling.line_bounds import LineBound, best_mix, least_empty_s, line_bound
from planaris.scheduling.line_bounds_units import units_bound
from planaris.scheduling.line_units import UnitsLine, head_free_s, units_line_of
from planaris.scheduling.optimise import plan_by_cp_sat
from planaris.scheduling.pacing import LineWafer, entry_times_s, line_free_s
from planaris.scheduling.pacing_units import begin_hold_s
from planaris.scheduling.plan import Operation, What
from planaris.scheduling.play_floor import Played, Spread, StuckError
from planaris.scheduling.rolling import (
    Mishap,
    PlanBoard,
    Planner,
    PlanProblem,
    PlanRequest,
    RollingPlan,
    in_turn,
    on_time,
    seeded_mishaps,
    window,
)
from planaris.scheduling.schedule import LotToSchedule, Schedule, schedule_lots
from planaris.scheduling.simulate import play
from planaris.scheduling.simulate_units import play_units
from planaris.scheduling.verdict import Judged, Verdict, judge, judged_by, plan_by_play

__all__ = [
    "PREPARE_S",
    "Action",
    "Bound",
    "Cluster",
    "ClusterBound",
    "ClusterPlan",
    "ClusterRobot",
    "ClusterStep",
    "Constraint",
    "Decision",
    "DifferenceSystem",
    "Fault",
    "Floor",
    "Handling",
    "Judged",
    "Line",
    "LineBound",
    "LineWafer",
    "LotToSchedule",
    "Mishap",
    "Move",
    "Operation",
    "PlanBoard",
    "PlanProblem",
    "PlanRequest",
    "Planner",
    "PlatenVisit",
    "Played",
    "PositiveCycle",
    "RollingPlan",
    "RoutedWafer",
    "Schedule",
    "Spread",
    "StuckError",
    "Unit",
    "UnitsAhead",
    "UnitsFloor",
    "UnitsLine",
    "Verdict",
    "Violation",
    "What",
    "begin_hold_s",
    "best_mix",
    "check",
    "check_cluster",
    "check_units",
    "cluster_bound",
    "cycle_system",
    "decide",
    "entry_times_s",
    "head_free_s",
    "holds_s",
    "in_turn",
    "judge",
    "judged_by",
    "least_empty_s",
    "line_bound",
    "line_free_s",
    "line_of",
    "next_moves",
    "next_moves_units",
    "on_time",
    "plan_by_cp_sat",
    "plan_by_play",
    "plan_cluster",
    "play",
    "play_units",
    "repeated",
    "routed",
    "schedule_lots",
    "search_cluster",
    "seeded_mishaps",
    "throughput_bound",
    "throughput_bound_units",
    "unit_cycle_s",
    "units_bound",
    "units_line_of",
    "visit_s",
    "visits_of",
    "window",
]
