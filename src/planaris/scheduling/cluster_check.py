"""Independent checker of a cluster tool's plan: follows modules, arms and wafers through picks and places. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from planaris.scheduling.checker import TICK_S, Fault, Violation
from planaris.scheduling.cluster import Cluster, ClusterPlan, Handling


def check_cluster(cluster: Cluster, wafers: int, plan: ClusterPlan) -> tuple[Violation, ...]:
    """Return every violation of a plan for ``wafers`` wafers."""
    handlings = sorted(plan.handlings, key=lambda h: (h.start_s, h.end_s))
    found = [
        *_robots(cluster, handlings),
        *_modules(cluster, handlings),
        *(v for wafer in range(wafers) for v in _wafer(cluster, wafer, [h for h in handlings if h.wafer == wafer])),
    ]
    return tuple(sorted(found, key=lambda v: v.time_s))


def _robots(cluster: Cluster, handlings: Sequence[Handling]) -> Iterable[Violation]:
    """One handling at a time, time to move between them, never more wafers than arms, a turn of the arms in a swap."""
    for robot in cluster.robots:
        held: set[int] = set()
        before: Handling | None = None
        for h in handlings:
            if h.robot != robot.name:
                continue
            where = h.module.partition(".")[0]
            if before is not None:
                way_s = robot.move_s.get((before.module.partition(".")[0], where), float("inf"))
                if not held and not cluster.empty_moves:
                    way_s = 0.0
                if before.module == h.module and before.kind == "pick" and h.kind == "place":
                    way_s = cluster.swap_s
                if h.start_s < before.end_s + way_s - TICK_S:
                    early = f"{h.kind} at {h.module} begins {before.end_s + way_s - h.start_s:.2f} s too early"
                    yield Violation(Fault.OVERLAP, robot.name, h.start_s, early)
            if h.kind == "pick":
                held.add(h.wafer)
                if len(held) > robot.arms:
                    yield Violation(Fault.ARM, robot.name, h.start_s, f"holds {sorted(held)}")
            elif h.wafer in held:
                held.remove(h.wafer)
            else:
                yield Violation(Fault.ARM, robot.name, h.start_s, f"places {h.wafer}, which it does not hold")
            before = h


def _modules(cluster: Cluster, handlings: Sequence[Handling]) -> Iterable[Violation]:
    """A module holds one wafer, and is empty and clean when one comes."""
    by_module: dict[str, list[Handling]] = defaultdict(list)
    for h in handlings:
        if h.step in range(len(cluster.steps)):
            by_module[h.module].append(h)
    for module, own in by_module.items():
        holds, free_s, count = -1, 0.0, 0
        for h in own:
            if h.kind == "place":
                if holds >= 0 or h.start_s < free_s - TICK_S:
                    yield Violation(Fault.OCCUPIED, module, h.start_s, f"{h.wafer} comes; free from {free_s:.1f} s")
                holds = h.wafer
            else:
                holds, free_s, count = -1, h.end_s, count + 1
                if module in cluster.cleaned and count % cluster.clean_every == 0:
                    free_s += cluster.clean_s


def _wafer(cluster: Cluster, wafer: int, own: Sequence[Handling]) -> Iterable[Violation]:
    """Port, every step in order in one of its modules for its time, and back to the same port."""
    port = cluster.ports[wafer // cluster.port_size]
    wanted = [("pick", -1)]
    for step in range(len(cluster.steps)):
        wanted += [("place", step), ("pick", step)]
    wanted.append(("place", len(cluster.steps)))
    if [(h.kind, h.step) for h in own] != wanted:
        yield Violation(Fault.ROUTE, str(wafer), own[0].start_s if own else 0.0, "not every step once and in order")
        return
    if own[0].start_s < -TICK_S:
        yield Violation(Fault.PRECEDENCE, str(wafer), own[0].start_s, "before the plan begins")
    for number, h in enumerate(own):
        legal = cluster.steps[h.step].modules if 0 <= h.step < len(cluster.steps) else (port,)
        if h.module not in legal:
            yield Violation(Fault.ROUTE, str(wafer), h.start_s, f"{h.kind} at {h.module}, not in {legal}")
        least_s = cluster.pick_s if h.kind == "pick" else cluster.place_s
        if h.end_s - h.start_s < least_s - TICK_S:
            yield Violation(Fault.TOO_SHORT, str(wafer), h.start_s, f"{h.kind} takes {h.end_s - h.start_s:.2f} s")
        if number == 0:
            continue
        before = own[number - 1]
        if h.kind == "pick":
            least_s = cluster.steps[h.step].time_s
            if h.module != before.module:
                yield Violation(Fault.ROUTE, str(wafer), h.start_s, f"picked at {h.module}, is in {before.module}")
        else:
            robot = next(r for r in cluster.robots if r.name == h.robot)
            way = before.module.partition(".")[0], h.module.partition(".")[0]
            least_s = robot.move_s.get(way, float("inf"))  # for ever: the robot does not reach both
            if h.robot != before.robot:
                yield Violation(Fault.ARM, str(wafer), h.start_s, f"changes from {before.robot} to {h.robot}")
        if h.start_s < before.end_s + least_s - TICK_S:
            yield Violation(Fault.TOO_SHORT, str(wafer), h.start_s, f"{h.kind} {least_s:g} s after the one before")
