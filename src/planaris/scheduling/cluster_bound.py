"""Bounds of a cluster tool's steady state that no plan can beat. Pure.

A module is busy with place, work, pick, and until the next wafer can be placed: a robot of two arms turns between pick
and place; one of one arm must carry the wafer away, put it down, go empty to the next one, pick it and bring it, by the
shortest way there is. A clean after every n wafers adds its nth part. A robot makes its picks, places and loaded ways,
and unavoidable empty ones: each transfer is followed by another, so the cheapest assignment of where it ends to where
the next begins is a bound of every order; staying at a module whose wafer was just brought costs its whole work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planaris.scheduling.cluster import Cluster, ClusterRobot


@dataclass(frozen=True, slots=True)
class ClusterBound:
    """Busy seconds a wafer of each step's modules and each robot: plain (no empty ways, no gaps) and proven."""

    plain_s: Mapping[str, float]
    proven_s: Mapping[str, float]

    @property
    def cycle_s(self) -> float:
        """The proven shortest mean time between wafers."""
        return max(self.proven_s.values())

    @property
    def bottleneck(self) -> str:
        """What allows no shorter cycle."""
        return max(self.proven_s, key=lambda name: self.proven_s[name])

    @property
    def plain_cycle_s(self) -> float:
        """The shortest cycle by work alone."""
        return max(self.plain_s.values())


def cluster_bound(cluster: Cluster, ports: Sequence[str], *, cleans_per_wafer: float | None = None) -> ClusterBound:
    """Return the bounds for wafers from ``ports`` in equal parts.

    ``cleans_per_wafer`` replaces 1/n by what truly falls into a window of wafers, as between two lots of given sizes.
    """
    plain_s, proven_s = dict[str, float](), dict[str, float]()
    for number, step in enumerate(cluster.steps):
        name = "/".join(step.modules)
        cleans = 0.0
        if cluster.cleaned & set(step.modules):
            cleans = 1.0 / cluster.clean_every if cleans_per_wafer is None else cleans_per_wafer
        copies = len(step.modules)
        work_s = cluster.place_s + step.time_s + cluster.pick_s
        # A copy is cleaned after every n of its own wafers, of which each wafer is one copy's.
        plain_s[name] = (work_s + cleans * cluster.clean_s) / copies
        proven_s[name] = (work_s + _gap_s(cluster, number) * (1.0 - cleans) + cleans * cluster.clean_s) / copies
    for robot in cluster.robots:
        transfers = [n for n in range(len(cluster.steps) + 1) if cluster.robot_of(n) is robot]
        plain_s[robot.name], proven_s[robot.name] = _robot_s(cluster, robot, transfers, ports)
    return ClusterBound(plain_s, proven_s)


def _ends(cluster: Cluster, transfer: int, ports: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    sources = tuple(ports) if transfer == 0 else cluster.steps[transfer - 1].modules
    destinations = tuple(ports) if transfer == len(cluster.steps) else cluster.steps[transfer].modules
    return sources, destinations


def _gap_s(cluster: Cluster, step: int) -> float:
    """Return the least time from a pick's end to the next place's start at a step's module."""
    out, inward = cluster.robot_of(step + 1), cluster.robot_of(step)
    if out is not inward:
        return 0.0
    if out.arms > 1:
        return cluster.swap_s
    _, aways = _ends(cluster, step + 1, cluster.ports)
    sources, modules = _ends(cluster, step, cluster.ports)
    return min(
        out.way_s(m, away)
        + cluster.place_s
        + cluster.empty_way_s(out, away, source)
        + cluster.pick_s
        + out.way_s(source, m)
        for m in modules
        for away in aways
        for source in sources
    )


def _single(cluster: Cluster, transfer: int) -> bool:
    """Whether a transfer cannot follow itself: a place of one wafer is filled and emptied in turn."""
    into = transfer < len(cluster.steps) and len(cluster.steps[transfer].modules) == 1
    return into or (transfer > 0 and len(cluster.steps[transfer - 1].modules) == 1)


def _robot_s(
    cluster: Cluster, robot: ClusterRobot, transfers: Sequence[int], ports: Sequence[str]
) -> tuple[float, float]:
    """Return a robot's time a wafer, without and with unavoidable empty ways: a transport problem, solved as an LP."""
    from scipy.optimize import linprog

    loads: list[tuple[int, str, str]] = []
    for transfer in transfers:
        sources, destinations = _ends(cluster, transfer, ports)
        loads += [(transfer, a, b) for a in sources for b in destinations]
    handling_s = len(transfers) * (cluster.pick_s + cluster.place_s)
    cheapest_s = sum(min(robot.way_s(a, b) for t, a, b in loads if t == transfer) for transfer in transfers)
    if robot.arms > 1:  # a chain of swaps needs no empty way, and the ways of two wafers may be one
        return handling_s + cheapest_s, handling_s
    # Flows: how often a wafer is carried by each load, and how often one load is followed by another.
    n = len(loads)
    cost, most = np.zeros(n + n * n), np.full(n + n * n, np.inf)
    rows: list[np.ndarray] = []
    sides: list[float] = []
    for i, (_, a, b) in enumerate(loads):
        cost[i] = robot.way_s(a, b)
        for j, (later, c, _) in enumerate(loads):
            stays = loads[i][0] + 1 == later and b == c and cluster.steps[loads[i][0]].modules == (b,)
            # The only wafer there is the one just brought: the arm waits for its work.
            wait_s = cluster.steps[loads[i][0]].time_s if stays else 0.0
            cost[n + i * n + j] = max(cluster.empty_way_s(robot, b, c), wait_s)
            if loads[i][0] == later and _single(cluster, later):
                most[n + i * n + j] = 0.0
    for i in range(n):
        after, before = np.zeros(n + n * n), np.zeros(n + n * n)
        after[i] = before[i] = -1.0
        after[n + i * n : n + (i + 1) * n] = 1.0
        before[n + i :: n][:n] = 1.0
        rows += [after, before]
        sides += [0.0, 0.0]
    for transfer in transfers:
        once = np.zeros(n + n * n)
        once[[i for i, load in enumerate(loads) if load[0] == transfer]] = 1.0
        rows.append(once)
        sides.append(1.0)
        sources, destinations = _ends(cluster, transfer, ports)
        for port in ports if transfer in {0, len(cluster.steps)} else ():
            share = np.zeros(n + n * n)
            share[[i for i, (t, a, b) in enumerate(loads) if t == transfer and port in {a, b}]] = 1.0
            rows.append(share)
            sides.append(1.0 / len(ports))
    found = linprog(
        cost,
        A_eq=np.array(rows),
        b_eq=np.array(sides),
        bounds=list(zip(np.zeros(n + n * n), most, strict=True)),
        method="highs",
    )
    if not found.success or found.x is None or found.fun is None:
        raise ValueError(f"no bound of {robot.name}: {found.message}")
    return handling_s + cheapest_s, handling_s + float(found.fun)
