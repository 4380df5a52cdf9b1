"""Plans a cluster tool: a list scheduler over robot chains, and a seeded search for its weights. Pure.

A robot that is free looks at every wafer it could take. A chain begins there: pick, move, place; with two arms at an
occupied module it swaps and goes on with the wafer it took, until a place is free. Among chains the one that begins
first wins, each step having a head start in seconds; the search varies the head starts and keeps the best plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planaris.scheduling.cluster import Cluster, ClusterPlan, ClusterRobot, Handling

_NEVER_S = float("inf")


@dataclass(slots=True)
class _Place:
    """A module: its wafer and when it is done, from when it can take one, how many it has had since its clean."""

    wafer: int = -1
    done_s: float = 0.0
    free_s: float = 0.0
    count: int = 0
    reserved: bool = False


@dataclass(frozen=True, slots=True)
class _Leg:
    """Pick a wafer at a module and bring it to a step's module; ``swaps`` if a wafer must first come out there."""

    wafer: int
    source: str
    step: int
    destination: str
    swaps: bool


@dataclass(frozen=True, slots=True)
class ChainWeights:
    """What the list scheduler is steered by.

    ``head_start_s`` has one value for each transfer of the route; a robot does not commit itself to a chain that begins
    more than ``wait_s`` from now; without ``swaps`` a robot of two arms works with one; the first ``straight`` wafers
    are not taken out by a swap, which would delay the first to reach each module; ``noise_s`` is the width of a seeded
    noise on every comparison.
    """

    head_start_s: tuple[float, ...]
    wait_s: float = 30.0
    swaps: bool = True
    straight: int = 0
    noise_s: float = 0.0
    seed: int = 0


def plan_cluster(cluster: Cluster, wafers: int, weights: ChainWeights | None = None) -> ClusterPlan:
    """Return the plan of ``wafers`` wafers."""
    return _Planner(cluster, wafers, weights or ChainWeights((0.0,) * (len(cluster.steps) + 1))).run()


def search_cluster(cluster: Cluster, wafers: int, *, seed: int = 1, tries: int = 200) -> ClusterPlan:
    """Return the best of ``tries`` plans; same seed, same plan.

    Three starts share the tries: with swaps, without, and with the first wafer taken straight. From each, weights are
    drawn around the best so far.
    """
    rng = np.random.default_rng(seed)
    plain = ChainWeights((0.0,) * (len(cluster.steps) + 1))
    starts = (plain, replace(plain, swaps=False), replace(plain, straight=1))
    found = [
        best
        for number, start in enumerate(starts)
        if (best := _climb(cluster, wafers, start, rng, (tries + number) // len(starts))) is not None
    ]
    if not found:
        raise DeadEndError(f"none of {tries} plans brings all wafers back")
    return min(found, key=lambda plan: plan.makespan_s)


def _climb(
    cluster: Cluster, wafers: int, start: ChainWeights, rng: np.random.Generator, tries: int
) -> ClusterPlan | None:
    kept, best = start, _tried(cluster, wafers, start)
    for _ in range(tries - 1):
        drawn = _drawn(kept, rng)
        plan = _tried(cluster, wafers, drawn)
        if plan is not None and (best is None or plan.makespan_s <= best.makespan_s):
            best, kept = plan, drawn
    return best


def _tried(cluster: Cluster, wafers: int, weights: ChainWeights) -> ClusterPlan | None:
    try:
        return plan_cluster(cluster, wafers, weights)
    except DeadEndError:
        return None


def _drawn(kept: ChainWeights, rng: np.random.Generator) -> ChainWeights:
    """Return weights near some: a few head starts moved, now and then another wait, noise or number of first wafers."""
    count = len(kept.head_start_s)
    wide_s = float(rng.choice([2.0, 8.0, 25.0]))
    drawn = np.array(kept.head_start_s) + rng.normal(0.0, wide_s, count) * (rng.random(count) < 0.4)
    return ChainWeights(
        tuple(float(x) for x in drawn),
        float(rng.choice([5.0, 15.0, 30.0, 60.0])) if rng.random() < 0.3 else kept.wait_s,
        kept.swaps,
        int(rng.integers(4)) if rng.random() < 0.2 else kept.straight,
        float(rng.choice([0.0, 0.0, 2.0, 6.0])),
        int(rng.integers(1 << 30)),
    )


class DeadEndError(Exception):
    """No chain is left although wafers are on the tool: these weights lead nowhere."""


class _Planner:
    def __init__(self, cluster: Cluster, wafers: int, weights: ChainWeights) -> None:
        self._cluster, self._wafers, self._weights = cluster, wafers, weights
        self._rng = np.random.default_rng(weights.seed)
        self._places = {m: _Place() for step in cluster.steps for m in step.modules}
        self._next = 0
        self._at: dict[str, str] = {r.name: "" for r in cluster.robots}
        self._free_s = {r.name: 0.0 for r in cluster.robots}
        self._handlings: list[Handling] = []
        self._back = 0
        self._robot_of = [cluster.robot_of(step) for step in range(len(cluster.steps) + 1)]
        self._step_at = {m: n for n, step in enumerate(cluster.steps) for m in step.modules}

    def run(self) -> ClusterPlan:
        now_s = 0.0
        while self._back < self._wafers:
            later_s = _NEVER_S
            started = False
            for robot in self._cluster.robots:
                if self._free_s[robot.name] > now_s:
                    later_s = min(later_s, self._free_s[robot.name])
                    continue
                chains = self._chains(robot)
                if not chains:
                    continue
                begins_s, chain = self._first(robot, chains, now_s)
                if begins_s - now_s > self._weights.wait_s:
                    later_s = min(later_s, begins_s - self._weights.wait_s)
                    continue
                self._do(robot, chain, now_s)
                started = True
            if started:
                continue
            later_s = min([later_s, *(p.done_s for p in self._places.values() if p.done_s > now_s)])
            if later_s == _NEVER_S:
                raise DeadEndError(f"no chain is left at {now_s:.1f} s with {self._back} of {self._wafers} back")
            now_s = max(later_s, now_s + 1e-9)
        return ClusterPlan(tuple(sorted(self._handlings, key=lambda h: h.start_s)))

    def _first(
        self, robot: ClusterRobot, chains: Sequence[tuple[_Leg, ...]], now_s: float
    ) -> tuple[float, tuple[_Leg, ...]]:
        w = self._weights
        rated: list[tuple[float, int, float, tuple[_Leg, ...]]] = []
        for chain in chains:
            begins_s = self._begins_s(robot, chain[0], now_s)
            noise_s = w.noise_s * float(self._rng.random()) if w.noise_s else 0.0
            rated.append((begins_s - w.head_start_s[chain[0].step] + noise_s, chain[0].step, begins_s, chain))
        _, _, begins_s, chain = min(rated, key=lambda r: r[:2])
        return begins_s, chain

    def _begins_s(self, robot: ClusterRobot, leg: _Leg, now_s: float) -> float:
        at = self._at[robot.name]
        arrives_s = now_s + (self._cluster.empty_way_s(robot, at, leg.source) if at else 0.0)
        place = self._places.get(leg.source)
        ready_s = place.done_s if place is not None else 0.0
        # No earlier than lets it go straight into its destination, which may still be cleaned.
        free_s = self._places[leg.destination].free_s if leg.destination in self._places and not leg.swaps else 0.0
        if leg.swaps:
            free_s = self._places[leg.destination].done_s + self._cluster.pick_s + self._cluster.swap_s
        straight_s = free_s - self._cluster.pick_s - robot.way_s(leg.source, leg.destination)
        if leg.swaps:
            straight_s -= self._cluster.pick_s + self._cluster.swap_s
        return max(arrives_s, ready_s, straight_s)

    # -- what could be done -------------------------------------------------------------------------------------
    def _chains(self, robot: ClusterRobot) -> list[tuple[_Leg, ...]]:
        cluster = self._cluster
        found: list[tuple[_Leg, ...]] = []
        if self._next < self._wafers and self._robot_of[0] is robot:
            found.append(self._chain(robot, self._next, cluster.port_of(self._next), 0))
        for module, place in self._places.items():
            step = self._step_at[module] + 1
            if place.wafer >= 0 and not place.reserved and self._robot_of[step] is robot:
                found.append(self._chain(robot, place.wafer, module, step))
        return [chain for chain in found if chain]

    def _chain(self, robot: ClusterRobot, wafer: int, source: str, step: int) -> tuple[_Leg, ...]:
        """Return the legs from a wafer to a free place, () if there is no way without waiting for another robot."""
        legs: list[_Leg] = []
        while True:
            if step == len(self._cluster.steps):
                return (*legs, _Leg(wafer, source, step, self._cluster.port_of(wafer), swaps=False))
            modules = self._cluster.steps[step].modules
            free = [m for m in modules if self._places[m].wafer < 0 and not self._places[m].reserved]
            if free:
                soonest = self._best_free(robot, wafer, source, step, free)
                return (*legs, _Leg(wafer, source, step, soonest, swaps=False))
            swappable = [
                m
                for m in modules
                if self._weights.swaps
                and robot.arms > 1
                and not self._places[m].reserved
                and self._places[m].wafer >= self._weights.straight
                and self._robot_of[step + 1] is robot
                and not self._cleans_after(m)
                and m != source
            ]
            if not swappable:
                return ()
            module = min(swappable, key=lambda m: self._places[m].done_s)
            legs.append(_Leg(wafer, source, step, module, swaps=True))
            wafer, source, step = self._places[module].wafer, module, step + 1

    def _best_free(self, robot: ClusterRobot, wafer: int, source: str, step: int, free: Sequence[str]) -> str:
        """Return the free place that is clean first; among equals the one with the shortest way there and on."""
        on = (
            (self._cluster.port_of(wafer),)
            if step + 1 == len(self._cluster.steps)
            else self._cluster.steps[step + 1].modules
        )
        following = self._robot_of[step + 1]

        def way_s(module: str) -> float:
            return robot.way_s(source, module) + min(following.way_s(module, m) for m in on)

        return min(free, key=lambda m: (self._places[m].free_s, way_s(m)))

    def _cleans_after(self, module: str) -> bool:
        c = self._cluster
        return module in c.cleaned and (self._places[module].count + 1) % c.clean_every == 0

    # -- doing it -----------------------------------------------------------------------------------------------
    def _do(self, robot: ClusterRobot, chain: tuple[_Leg, ...], now_s: float) -> None:
        c, name = self._cluster, robot.name
        first = chain[0]
        if first.step == 0:
            self._next += 1
        time_s = self._begins_s(robot, first, now_s)
        time_s = self._picked(name, first, time_s)
        for number, leg in enumerate(chain):
            time_s += robot.way_s(leg.source, leg.destination)
            if leg.swaps:
                other = chain[number + 1]
                time_s = max(time_s, self._places[leg.destination].done_s)
                time_s = self._picked(name, other, time_s) + c.swap_s
            if leg.step < len(c.steps):
                place = self._places[leg.destination]
                time_s = max(time_s, place.free_s)
                self._record(name, "place", leg.wafer, leg.destination, leg.step, time_s, c.place_s)
                time_s += c.place_s
                place.wafer, place.done_s = leg.wafer, time_s + c.steps[leg.step].time_s
            else:
                self._record(name, "place", leg.wafer, leg.destination, leg.step, time_s, c.place_s)
                time_s += c.place_s
                self._back += 1
            self._at[name] = leg.destination
        self._free_s[name] = time_s

    def _picked(self, robot: str, leg: _Leg, time_s: float) -> float:
        c = self._cluster
        self._record(robot, "pick", leg.wafer, leg.source, leg.step - 1, time_s, c.pick_s)
        ends_s = time_s + c.pick_s
        place = self._places.get(leg.source)
        if place is not None:
            place.wafer, place.free_s = -1, ends_s
            if leg.source in c.cleaned:
                place.count += 1
                if place.count % c.clean_every == 0:
                    place.free_s = ends_s + c.clean_s
        return ends_s

    def _record(self, robot: str, kind: str, wafer: int, module: str, step: int, start_s: float, time_s: float) -> None:
        self._handlings.append(Handling(robot, kind, wafer, module, step, start_s, start_s + time_s))
