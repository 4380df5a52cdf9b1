"""The public cluster-tool contest's instances, read from data/cluster_contest.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from planaris.scheduling import Cluster, ClusterRobot, ClusterStep

FILE = Path(__file__).parent / "data" / "cluster_contest.toml"
ROUTES = ("A", "B", "C", "D", "E")


def published_s(route: str) -> tuple[float, float]:
    """Return the published makespans of 25 and 75 wafers."""
    small, large = _read()["routes"][route]["published_s"]
    return float(small), float(large)


def contest(route: str, *, vacuum_arms: int = 2, empty_moves: bool = True) -> Cluster:
    """Return a route's instance: one arm in front, ``vacuum_arms`` in the vacuum robots."""
    data = _read()
    chambers = "AB" if route in "AB" else "CDE"
    steps = tuple(ClusterStep(tuple(modules), float(time_s)) for modules, time_s in data["routes"][route]["steps"])
    robots = [ClusterRobot("TM1", 1, _table(data["front"]["order"], data["front"]["move_s"]))]
    for name in ("TM2", "TM3"):
        ring = data["ring"].get(f"{name}_{chambers}")
        if ring:
            robots.append(ClusterRobot(name, vacuum_arms, _ring(ring, float(data["ring"]["step_s"]))))
    used = {module for step in steps for module in step.modules}
    return Cluster(
        name=route,
        robots=tuple(robots),
        ports=("LP1", "LP2", "LP3"),
        port_size=data["port_size"],
        steps=steps,
        pick_s=data["pick_s"],
        place_s=data["place_s"],
        swap_s=data["swap_s"],
        cleaned=frozenset(m for m in used if m.startswith("PM")) if chambers == "CDE" else frozenset(),
        clean_every=data["clean_every"],
        clean_s=data["clean_s"],
        empty_moves=empty_moves,
    )


def _read() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def _table(order: Sequence[str], move_s: Sequence[Sequence[float]]) -> Mapping[tuple[str, str], float]:
    return {(a, b): float(move_s[i][j]) for i, a in enumerate(order) for j, b in enumerate(order)}


def _ring(order: Sequence[str], step_s: float) -> Mapping[tuple[str, str], float]:
    size = len(order)
    return {
        (a, b): step_s * min((i - j) % size, (j - i) % size) for i, a in enumerate(order) for j, b in enumerate(order)
    }
