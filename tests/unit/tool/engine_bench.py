"""An engine on a twin: lots made from the example, a person who acts at given times, everything told kept in a list."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from module_traces import NoTrace
from tool_bench import dictionary_a, tool_a

from planaris import clock
from planaris.dictionary import build
from planaris.formats import JobFiles, load_job
from planaris.model import CARRIER_SLOTS, Lot, Recipe, SlotState, ToolDescription, WaferKind
from planaris.modules import EndpointOf
from planaris.processes import load_package
from planaris.stream import Committed, Event, EventStream
from planaris.tool import Answer, CommandRequest, Engine, JobOrder, MakeTransport, Tool, Verbs, known_orders
from planaris.twin import Machine, TwinPort, World, make_truth

E = TypeVar("E", bound=Event)
EXAMPLE = Path(__file__).parents[3] / "examples" / "oxide_ild" / "lot.toml"


@cache
def example() -> JobFiles:
    """Return the example's files."""
    return load_job(EXAMPLE, None)


def route_recipe(*platens: int, polish_s: float = 20.0, name: str = "") -> Recipe:
    """Return the example's recipe cut to some platens, its polish steps made short."""
    recipe = example().recipe
    steps = tuple(
        replace(s, end=replace(s.end, time_s=polish_s, min_s=polish_s / 2, max_s=2 * polish_s))
        if s.kind == "polish"
        else s
        for platen in platens
        for s in recipe.steps_on(platen)
    )
    # What is measured after so short a polish is no matter here.
    return replace(recipe, name=name or recipe.name, steps=steps, removal_tolerance_pct=1000.0, wiwnu_limit_pct=1000.0)


def order(
    lot_id: str = "L1",
    slots: Sequence[int] = (1, 2),
    *,
    port: int = 1,
    recipe: Recipe | None = None,
    kind: WaferKind = WaferKind.PRODUCT,
) -> JobOrder:
    """Return what a job of some wafers is made of."""
    files = example()
    wafers = tuple(
        replace(w, wafer_id=f"{lot_id}-{w.slot:02d}", lot_id=lot_id, kind=kind)
        for w in files.lot.wafers
        if w.slot in slots
    )
    incoming = tuple(
        replace(m, wafer_id=f"{lot_id}-{m.wafer_id[-2:]}") for m in files.lot.incoming if int(m.wafer_id[-2:]) in slots
    )
    states = tuple(SlotState.OCCUPIED if n in slots else SlotState.EMPTY for n in range(1, CARRIER_SLOTS + 1))
    sampling = replace(files.lot.sampling, dense_slots=())
    carrier = replace(files.lot.carrier, carrier_id=f"C-{lot_id}", slots=states)
    lot = replace(
        files.lot, lot_id=lot_id, carrier=carrier, load_port=port, wafers=wafers, incoming=incoming, sampling=sampling
    )
    return JobOrder(lot, recipe or route_recipe(3), files.cleaner)


Act = Callable[["EngineBench"], Awaitable[object] | object]


class EngineBench:
    """Tool, twin and engine inside a running loop."""

    def __init__(
        self,
        orders: Sequence[JobOrder],
        seed: int = 1,
        tool: ToolDescription | None = None,
        make_transport: MakeTransport | None = None,
        endpoint_of: EndpointOf | None = None,
    ) -> None:
        self.orders = {o.lot.lot_id: o for o in orders}
        description, dictionary = (tool_a(), dictionary_a()) if tool is None else (tool, build(tool))
        truth = make_truth(load_package("oxide_ild"), "TEOS", description, seed)
        self.machine = Machine(description, dictionary, truth, seed)
        self.world = World(self.machine)
        self.kept: list[Committed] = []
        self.journal_failure: Exception | None = None
        self.stream = EventStream(clock.now_s, self._append)
        self.tool = Tool(
            description, dictionary, TwinPort(self.machine), self.stream, NoTrace.start, endpoint_of=endpoint_of
        )
        self.engine = Engine(self.tool, make_transport)
        Verbs(self.engine, known_orders(self.orders))
        self._keys = itertools.count(1)

    def _append(self, batch: Sequence[Committed], durable: bool) -> None:
        if self.journal_failure is not None:
            raise self.journal_failure
        self.kept += batch

    async def give(self, verb: str, /, role: str = "operator", **arguments: str | int | float | bool) -> Answer:
        """Give a command as a person."""
        key = f"k{next(self._keys)}"
        return await self.tool.commands.submit(CommandRequest(verb, arguments, "eva", role, "test", key))

    async def start(self, lot: Lot, priority: int = 0) -> None:
        """Place a lot's cassette, create and start its job."""
        self.world.place_cassette(lot)
        recipe = self.orders[lot.lot_id].recipe.name
        created = await self.give(
            "job.create", lot_id=lot.lot_id, load_port=lot.load_port, recipe=recipe, priority=priority
        )
        assert created.status == "done", created.why
        started = await self.give("job.start", lot_id=lot.lot_id)
        assert started.status == "done", started.why

    def named(self, kind: type[E]) -> list[tuple[float, E]]:
        """Return (time, event) of one kind."""
        return [(c.time_s, c.event) for c in self.kept if isinstance(c.event, kind)]

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of one kind."""
        return [event for _, event in self.named(kind)]

    @property
    def where(self) -> dict[str, str]:
        """Where the map has every wafer."""
        return {w.wafer_id: place for place, w in self.tool.material.at.items()}

    def known(self) -> None:
        """Hold the map to the truth: every wafer is where the tool believes it, or on its way from there."""
        moving = self.tool.material.in_motion()
        for wafer_id, place in self.world.where().items():
            assert place in {self.where[wafer_id], moving.get(wafer_id)}, f"{wafer_id} is truly at {place}"

    async def until(self, condition: Callable[[], object], limit_s: float = 3000.0) -> None:
        """Wait, looking ten times a second, until something is so."""
        async with asyncio.timeout(limit_s):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    def outcome(self, lot_id: str = "L1") -> str:
        """Return how a job ended."""
        job = self.engine.jobs.get(lot_id)
        assert job is not None
        return job.outcome


@asynccontextmanager
async def working(
    *orders: JobOrder,
    seed: int = 1,
    tool: ToolDescription | None = None,
    make_transport: MakeTransport | None = None,
    endpoint_of: EndpointOf | None = None,
) -> AsyncGenerator[EngineBench]:
    """Give a bench whose engine works inside the block."""
    bench = EngineBench(orders, seed, tool, make_transport, endpoint_of)
    async with bench.tool.running(), bench.engine.running():
        yield bench
    bench.machine.close()


def play(
    script: Callable[[EngineBench], Awaitable[None]],
    *orders: JobOrder,
    patience_s: float = 0.0,
    tool: ToolDescription | None = None,
    endpoint_of: EndpointOf | None = None,
) -> EngineBench:
    """Start a job for each order, play a person's script beside them, and wait until all is still."""

    async def main() -> EngineBench:
        async with working(*orders, tool=tool, endpoint_of=endpoint_of) as bench:
            for one in orders:
                await bench.start(one.lot)
            await script(bench)
            await bench.engine.still(patience_s)
            bench.engine.fail_jobs("")
            await bench.engine.still()
            bench.known()
        return bench

    return clock.run(main())


async def nobody(_bench: EngineBench) -> None:
    """Do nothing."""
