"""A seed is a run: the same stream, films and traces each time, whoever watches, in whatever process."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from spine_lots import Run, run_command, run_of, run_small, small_lot

from planaris.app import far_side, runner
from planaris.hardware import PortError
from planaris.tool import Tool
from planaris.twin import LinkModel, Machine

READERS = 50
SLOTS = (2, 3, 4)


@pytest.fixture(scope="module")
def lot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_lot(tmp_path_factory.mktemp("repeat") / "lot", SLOTS)


@pytest.fixture(scope="module")
def alone(lot: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The lot with seed 1, with nobody watching."""
    home = tmp_path_factory.mktemp("alone")
    return run_of(run_small(lot, home), home)


def assert_same(one: Run, other: Run) -> None:
    """Check that two runs are one: hash, films to the last bit, every sample of every trace."""
    assert other.meta["stream_hash"] == one.meta["stream_hash"]
    assert set(other.truth) == set(one.truth)
    for name, values in one.truth.items():
        assert np.array_equal(other.truth[name], values), name
    files = sorted(p.name for p in (one.folder / "traces").iterdir())
    assert sorted(p.name for p in (other.folder / "traces").iterdir()) == files
    for name in files:
        first: Any = pq.read_table(one.folder / "traces" / name)
        second: Any = pq.read_table(other.folder / "traces" / name)
        assert second.equals(first), name


def test_the_same_seed_in_a_fresh_home_is_the_same_run(alone: Run, lot: Path, tmp_path: Path) -> None:
    assert_same(alone, run_of(run_small(lot, tmp_path), tmp_path))


def test_another_seed_is_another_run(alone: Run, lot: Path, tmp_path: Path) -> None:
    other = run_of(run_small(lot, tmp_path, seed=2), tmp_path)
    assert other.meta["stream_hash"] != alone.meta["stream_hash"]
    assert not np.array_equal(other.truth["thickness_after_nm"], alone.truth["thickness_after_nm"])
    assert [t.payload["seed"] for t in (*alone.named("run_started"), *other.named("run_started"))] == [1, 2]


def test_a_process_of_its_own_with_other_hashing_is_the_same_run(alone: Run, lot: Path, tmp_path: Path) -> None:
    """Sets and dictionaries are ordered by PYTHONHASHSEED; no run may depend on it."""
    env = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Shanghai"}
    done = run_command("run", lot, "--home", tmp_path / "home", "--json", "--no-report", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert f'"stream_hash": "{alone.meta["stream_hash"]}"' in done.stdout


class Watched:
    """Fifty readers of random tags at random intervals, and subscribers of every rate class with odd block lengths."""

    def __init__(self) -> None:
        self.reads_count = self.blocks_count = 0

    async def read(self, tool: Tool, chance: random.Random) -> None:
        """Read a few tags now and then, as a display or a host does."""
        names = list(tool.port.tags)
        while True:
            await asyncio.sleep(chance.choice([0.001, 0.3, 4.0, 20.0]) * chance.uniform(0.5, 1.5))
            with suppress(PortError):
                await tool.port.read(chance.sample(names, chance.randint(1, 6)))
                self.reads_count += 1

    async def follow(self, tool: Tool, rate_class: str, chance: random.Random) -> None:
        """Subscribe for a while, leave, come again."""
        while True:
            await asyncio.sleep(chance.uniform(0.0, 40.0))
            subscription = tool.port.subscribe(rate_class, chance.choice([0.1, 0.37, 1.0, 3.0, 7.3]))
            for _ in range(chance.randint(1, 8)):
                await anext(subscription)
                self.blocks_count += 1
            subscription.close()

    def tool(self) -> type[Tool]:
        """Return a tool that is watched while it runs; the watchers publish nothing and give no command."""
        watched = self

        class WatchedTool(Tool):
            @asynccontextmanager
            async def running(self) -> AsyncGenerator[None]:
                async with super().running():
                    tasks = [asyncio.create_task(watched.read(self, random.Random(n))) for n in range(READERS)]
                    classes = self.port.tags.rate_classes
                    tasks += [
                        asyncio.create_task(watched.follow(self, name, random.Random(1000 + n)))
                        for n, name in enumerate(classes)
                    ]
                    try:
                        yield
                    finally:
                        for task in tasks:
                            task.cancel()
                        ends = await asyncio.gather(*tasks, return_exceptions=True)
                        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends

        return WatchedTool


def test_fifty_readers_and_other_subscribers_change_nothing(
    alone: Run, lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched()
    monkeypatch.setattr(runner, "Tool", watched.tool())
    assert_same(alone, run_of(run_small(lot, tmp_path), tmp_path))
    assert watched.reads_count > 20 * READERS
    assert watched.blocks_count > 200


def slow_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a link with delay and jitter between controller and twin."""

    def machine(*arguments: Any, **options: Any) -> Machine:
        return Machine(*arguments, link=LinkModel(latency_s=0.05, jitter_s=0.05), **options)

    monkeypatch.setattr(far_side, "Machine", machine)


def test_readers_change_nothing_on_a_link_with_jitter_either(
    lot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_link(monkeypatch)
    first = run_of(run_small(lot, tmp_path / "a"), tmp_path / "a")
    monkeypatch.setattr(runner, "Tool", Watched().tool())
    assert_same(first, run_of(run_small(lot, tmp_path / "b"), tmp_path / "b"))
