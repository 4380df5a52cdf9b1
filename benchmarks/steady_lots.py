"""Lot after lot through a whole tool on its twin, two carriers at once: its rate, and every wafer's wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark_result import NotRunError
from planaris import clock
from planaris.dictionary import build
from planaris.formats import JobFiles, load_job
from planaris.model import Lot, Recipe, ToolDescription
from planaris.modules import StepSpan, TraceFile, TraceHeader
from planaris.processes import load_package
from planaris.stream import AlarmSet, Committed, EventStream, WaferFinished
from planaris.tool import Engine, Tool
from planaris.twin import Machine, TwinPort, World, make_truth

EXAMPLE = Path(__file__).parents[1] / "examples" / "oxide_ild" / "lot.toml"
# Wafers at either end that fill and empty the tool.
SKIPPED_COUNT = 8
LOOK_S = 1.0


class _NoTrace:
    """A recording that keeps nothing."""

    def append(self, time_s: NDArray[np.float64], values: NDArray[np.float32]) -> None: ...

    def finish(self, spans: Sequence[StepSpan]) -> TraceFile:
        return TraceFile("", len(spans), 0)


def no_trace(header: TraceHeader, columns: tuple[str, ...], widths: tuple[int, ...] = ()) -> _NoTrace:
    del header, columns, widths
    return _NoTrace()


@dataclass
class Steady:
    """What came back, in tool time."""

    finished_s: list[float] = field(default_factory=list[float])
    to_clean_s: list[float] = field(default_factory=list[float])
    alarms: list[str] = field(default_factory=list[str])

    @property
    def wafers_per_h(self) -> float:
        """The steady rate: without the wafers that fill and empty the tool."""
        inner = self.finished_s[SKIPPED_COUNT:-SKIPPED_COUNT]
        return 3600.0 * (len(inner) - 1) / (inner[-1] - inner[0])

    @property
    def spread_s(self) -> float:
        """The 95th percentile of the time from polish end to clean start, above its least."""
        waits = sorted(self.to_clean_s)
        return waits[int(0.95 * (len(waits) - 1))] - waits[0]

    def listen(self, batch: Sequence[Committed]) -> None:
        """Take events."""
        for item in batch:
            if isinstance(item.event, WaferFinished):
                self.finished_s.append(item.time_s)
                self.to_clean_s.append(item.event.polish_to_clean_s)
            # A carrier is taken away here while wafers of the other are in the tool, and put back at once.
            elif isinstance(item.event, AlarmSet) and item.event.alarm != "carrier_removed":
                self.alarms.append(f"{item.event.alarm} ({item.event.source}): {item.event.detail}")


def staged(recipe: Recipe, polish_s: Sequence[float], rinse_s: float) -> Recipe:
    """Return the example's recipe with one stage for each polish time, each with a rinse of the same time."""
    steps = [
        replace(step, end=replace(step.end, time_s=time_s, min_s=0.0, max_s=600.0))
        for stage, main_s in enumerate(polish_s, start=1)
        for step, time_s in zip(recipe.steps_on(stage), (main_s, rinse_s), strict=True)
    ]
    return replace(recipe, steps=tuple(steps))


def example(tool: ToolDescription) -> JobFiles:
    """Return the example's files, checked against a tool."""
    job = load_job(EXAMPLE, None)
    return replace(job, tool=tool)


def run_steady(job: JobFiles, recipe: Recipe, *, lots_count: int = 4, seed: int = 1) -> Steady:
    """Run lots of 25 wafers, one after another on two load ports, and return what came back.

    Raises `NotRunError` if a lot does not end well.
    """
    return clock.run(_run(job, recipe, lots_count, seed))


async def _run(job: JobFiles, recipe: Recipe, lots_count: int, seed: int) -> Steady:
    dictionary = build(job.tool)
    truth = make_truth(load_package(recipe.process_package), recipe.film, job.tool, seed)
    machine = Machine(job.tool, dictionary, truth, seed)
    world, seen = World(machine), Steady()
    stream = EventStream(clock.now_s, lambda _batch, _durable: None)
    stream.listen(seen.listen)
    tool = Tool(job.tool, dictionary, TwinPort(machine), stream, no_trace)
    engine = Engine(tool)
    async with tool.running(), engine.running(), asyncio.TaskGroup() as tasks:
        # The dry arm, and the PLC of the load port, may still be at work on the last wafer of the other carrier.
        first = asyncio.Event()
        for port in (1, 2):
            numbers = range(port, lots_count + 1, 2)
            tasks.create_task(_port(engine, world, [_lot(job.lot, n, port) for n in numbers], recipe, job, first))
    machine.close()
    return seen


def _lot(lot: Lot, number: int, port: int) -> Lot:
    lot_id = f"LOT{number:03d}"
    wafers = tuple(replace(w, wafer_id=f"{lot_id}-{w.slot:02d}", lot_id=lot_id) for w in lot.wafers)
    sampling = replace(lot.sampling, dense_slots=())
    carrier = replace(lot.carrier, carrier_id=f"CAR-{number:04d}")
    return replace(
        lot, lot_id=lot_id, wafers=wafers, load_port=port, incoming=(), sampling=sampling, carrier=carrier
    )  # fmt: skip


async def _port(
    engine: Engine, world: World, lots: list[Lot], recipe: Recipe, job: JobFiles, first: asyncio.Event
) -> None:
    """Bring one carrier after another to a load port, work for its lot, take it away."""
    for lot in lots:
        if lot.load_port == 1:
            first.set()
        await first.wait()  # the first lot goes first
        world.place_cassette(lot)
        one = engine.jobs.create(lot, recipe, job.cleaner)
        engine.start_job(one)
        while not one.ended or engine.tool.load_ports[lot.load_port].state != "idle":  # noqa: ASYNC110 two conditions
            await asyncio.sleep(LOOK_S)
        if one.outcome != "completed":
            raise NotRunError(f"{lot.lot_id} {one.outcome}: {'; '.join(one.failures)}")
        for wafer in one.lot.wafers:
            engine.tool.material.declare(wafer, f"removed.{wafer.wafer_id}", "who takes the carrier away")
        world.remove_cassette(lot.load_port)
