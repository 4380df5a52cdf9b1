"""The plant of the run-to-run study: a whole tool on its mismatched twin, lot after lot, pads changed on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from benchmark_result import NotRunError
from planaris import clock
from planaris.app.run_to_run import controls
from planaris.dictionary import build
from planaris.formats import JobFiles, load_job
from planaris.model import SITES_49, Lot, MapStage, ProcessFault, Recipe, SamplingPlan, ThicknessMap
from planaris.modules import ControlConstants
from planaris.processes import load_package
from planaris.stream import AlarmSet, Committed, EventStream, WaferFinished
from planaris.tool import CommandRequest, Engine, Tool
from planaris.twin import CAMPAIGN, Machine, TwinPort, World, make_truth
from steady_lots import EXAMPLE, LOOK_S, no_trace

WAFERS_PER_LOT = 25
# Spread of the incoming films [design, as examples/make_incoming.py]: from lot to lot, from wafer to wafer, 1 sigma.
LOT_SIGMA_FRACTION, WAFER_SIGMA_FRACTION = 0.003, 0.005
UPSTREAM_NOISE_nm = 1.0
# What a lot's slurry flow lacks, evenly spread up to this, in units of the flow's warning band [design].
MOST_LACK = 1.0


@dataclass(frozen=True)
class Story:
    """What happens: seed of the truth, lots, and the pads that are new before a lot (lot number from 1 -> platens).

    With ``wandering_slurry`` each lot gets a slurry flow of its own, as a supply that is not held gives it.
    """

    seed: int
    wandering_slurry: bool = False
    lots_count: int = 20
    new_pads: Mapping[int, Sequence[int]] = field(default_factory=lambda: {6: (1,), 11: (2,), 16: (3,)})


@dataclass
class Campaign:
    """What came of it, wafer by wafer in the order they were finished."""

    wafers: list[WaferFinished] = field(default_factory=list[WaferFinished])
    events: list[Committed] = field(default_factory=list[Committed])
    alarms: list[str] = field(default_factory=list[str])

    def listen(self, batch: Sequence[Committed]) -> None:
        """Take events."""
        for item in batch:
            if isinstance(item.event, WaferFinished):
                self.wafers.append(item.event)
            elif isinstance(item.event, AlarmSet) and item.event.alarm != "carrier_removed":
                self.alarms.append(f"{item.event.alarm} ({item.event.source}): {item.event.detail}")
            self.events.append(item)


def incoming_lot(base: Lot, number: int, seed: int) -> Lot:
    """Return one more lot with films of its own: mean, bowl and tilt of every wafer by chance."""
    chance = np.random.default_rng([seed, number])
    lot_id = f"LOT{number:03d}"
    x, y = np.array(SITES_49.x_mm) / 100.0, np.array(SITES_49.y_mm) / 100.0
    lot_nm = 1500.0 * (1.0 + LOT_SIGMA_FRACTION * chance.standard_normal())
    wafers = tuple(replace(w, wafer_id=f"{lot_id}-{w.slot:02d}", lot_id=lot_id) for w in base.wafers)
    maps: list[ThicknessMap] = []
    for wafer in wafers:
        mean_nm = lot_nm * (1.0 + WAFER_SIGMA_FRACTION * chance.standard_normal())
        bowl_nm, (tilt_x, tilt_y) = chance.normal(12.0, 3.0), chance.normal(0.0, 3.0, 2)
        film = mean_nm + bowl_nm * (x * x + y * y - 0.5) + tilt_x * x + tilt_y * y
        seen = film + UPSTREAM_NOISE_nm * chance.standard_normal(len(x))
        maps.append(
            ThicknessMap(wafer.wafer_id, MapStage.INCOMING, SITES_49, tuple(map(float, seen)), "upstream ellipsometer")
        )
    carrier = replace(base.carrier, carrier_id=f"CAR-{number:04d}")
    port = 2 - number % 2
    return replace(
        base, lot_id=lot_id, wafers=wafers, incoming=tuple(maps), carrier=carrier, load_port=port,
        sampling=SamplingPlan(dense_slots=()),
    )  # fmt: skip


def run_campaign(story: Story, recipe: Recipe) -> Campaign:
    """Polish a story's lots one after another on a tool of the campaign profile, under the recipe's own control.

    Raises `NotRunError`.
    """
    return clock.run(_campaign(story, recipe))


async def _campaign(story: Story, recipe: Recipe) -> Campaign:
    job = load_job(EXAMPLE, None)
    dictionary, package = build(job.tool), load_package(recipe.process_package)
    truth = make_truth(package, recipe.film, job.tool, story.seed)
    machine = Machine(job.tool, dictionary, truth, story.seed, profile=CAMPAIGN)
    world, seen = World(machine), Campaign()
    stream = EventStream(clock.now_s, lambda _batch, _durable: None)
    stream.listen(seen.listen)
    constants = ControlConstants(trace_block_s=5.0)
    tool = Tool(
        job.tool, dictionary, TwinPort(machine), stream, no_trace, (), constants, None, controls(package, job.tool)
    )
    engine = Engine(tool)
    async with tool.running(), engine.running():
        for number in range(1, story.lots_count + 1):
            for platen in story.new_pads.get(number, ()):
                await new_pad(tool, world, platen, f"PAD-{story.seed}-{number}-{platen}")
            if story.wandering_slurry:
                lack = float(np.random.default_rng([story.seed, number, 1]).uniform(0.0, MOST_LACK))
                for platen in tool.platens:
                    world.clear_fault(f"platen{platen}")
                    world.inject_fault(f"platen{platen}", ProcessFault.SLURRY_DROP.value, lack)
            await _lot_through(engine, world, incoming_lot(job.lot, number, story.seed), recipe, job)
    machine.close()
    return seen


async def new_pad(tool: Tool, world: World, platen: int, serial: str) -> None:
    """Change a pad on the twin, and say so to the tool."""
    world.change_part(f"platen{platen}", "pad", serial)
    arguments = {"location": f"platen{platen}", "part": "pad", "serial": serial}
    request = CommandRequest("consumable.change", arguments, "ann", "maintenance", "worn", serial)
    answer = await tool.commands.submit(request)
    if answer.status.value != "done":
        raise NotRunError(answer.why)


async def _lot_through(engine: Engine, world: World, lot: Lot, recipe: Recipe, job: JobFiles) -> None:
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
