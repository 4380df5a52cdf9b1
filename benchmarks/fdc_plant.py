"""A platen of the twin under its real controller's module, wafer after wafer: features as the tool takes them.

Everything between cassette and head is left out: wafers appear under heads, which turn over the platen in order. What
is measured is what the tool's own platen module, port and twin give: on the campaign profile, whose sensors are sampled
at 10 Hz, or on the full one at 100 Hz, which takes three times as long and averages noise ten times as often.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planaris.control import StepFeatures
from planaris.dictionary import Dictionary, build
from planaris.formats import load_recipe, load_tool
from planaris.hardware import TagWatch
from planaris.model import FaultPlan, Recipe, Severity, ToolDescription, WaferKind
from planaris.modules import (
    ControlConstants,
    ModuleContext,
    Platen,
    ProcessDeviationError,
    StepSpan,
    TraceFile,
    TraceHeader,
    Visit,
)
from planaris.processes import load_package
from planaris.twin import CAMPAIGN, FULL, Machine, TwinPort, World, make_truth
from planaris.twin.wafers import TrueWafer

_EXAMPLE = Path(__file__).parents[1] / "examples" / "oxide_ild"
PLATEN = 1
HEADS = 4
_FILM_NM = 1500.0
# Between two wafers the head lifts, the carousel turns and the next one comes: 58 s a cycle, 50 s of them polish.
_BETWEEN_S = 8.0


class _NoTrace:
    """A recording that keeps nothing."""

    def append(self, time_s: NDArray[np.float64], values: NDArray[np.float32]) -> None: ...

    def finish(self, spans: Sequence[StepSpan]) -> TraceFile:
        return TraceFile("", len(spans), 0)


def _no_trace(header: TraceHeader, columns: tuple[str, ...], widths: tuple[int, ...] = ()) -> _NoTrace:
    del header, columns, widths
    return _NoTrace()


def _permit(action: str, subject: str) -> None:
    """Allow everything: there is no other machine around the platen."""
    del action, subject


def _alarm(alarm: str, source: str, severity: Severity, detail: str, wafer_id: str = "") -> None:
    """Hear nothing: bands and limits are not what is measured."""
    del alarm, source, severity, detail, wafer_id


@cache
def tool() -> ToolDescription:
    """Return reference tool A."""
    return load_tool()


@cache
def _dictionary() -> Dictionary:
    return build(tool())


@cache
def recipe(learn_count: int) -> Recipe:
    """Return the example's recipe under fault detection."""
    return replace(load_recipe(_EXAMPLE / "recipe.toml", tool()), fault_detection=FaultPlan(learn_count))


class FaultPlant:
    """One machine, and its platen's module. Use inside `serving`; seeds deviate the truth as in any run."""

    def __init__(self, seed: int, learn_count: int, *, campaign: bool = False) -> None:
        truth = make_truth(load_package("oxide_ild"), "TEOS", tool(), seed)
        profile = CAMPAIGN if campaign else FULL
        self.machine = Machine(tool(), _dictionary(), truth, seed, profile=profile)
        self.world = World(self.machine)
        self.recipe = recipe(learn_count)
        self._port = TwinPort(self.machine)
        self._watch = TagWatch(self._port)
        context = ModuleContext(
            tool(), _dictionary(), self._port, self._watch, lambda _event: None, _permit,
            _alarm, _no_trace, ControlConstants(trace_block_s=5.0 if campaign else 4.0),
        )  # fmt: skip
        self._platen = Platen(PLATEN, context)
        self._count = 0

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[FaultPlant]:
        """Connect and keep watch, module and heartbeat alive inside the block."""
        await self._port.connect()
        tasks = [asyncio.create_task(self._watch.run())]
        await self._watch.ready()
        tasks += [asyncio.create_task(self._platen.serve()), asyncio.create_task(self._beat())]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._port.close()
            self.machine.close()

    async def _beat(self) -> None:
        count = 0
        while True:
            count += 1
            await self._port.write({"plc.sp_heartbeat_count": count})
            await asyncio.sleep(1.0)

    async def polish(self, head: int) -> tuple[StepFeatures, ...]:
        """Polish one new wafer with a head and return the features of its steps."""
        self._count += 1
        process, name = self.machine.process, f"head{head}"
        grid = process.grid
        film = np.full((grid.n_r, grid.n_theta), _FILM_NM)
        wafer = TrueWafer(f"W{self._count}", 1, WaferKind.PRODUCT, film, film.copy())
        self.machine.places.put(name, wafer)
        self.machine.handling.sensor(name)
        self.machine.plc.set({"carousel.position": (PLATEN + 1 - head) % HEADS})
        process.seat_heads()
        process.hold(head, True)
        await asyncio.sleep(_BETWEEN_S)
        steps = self.recipe.steps_on(PLATEN)
        visit = Visit(wafer.wafer_id, 1, head, self.recipe, self.recipe.steps.index(steps[0]), steps)
        try:
            await self._platen.ask(lambda: self._platen.polish(visit))
        except ProcessDeviationError:  # a band ended the step: what it was until then counts
            self._platen.recover()
            await self._platen.rinse(on=False)
        self.machine.places.take(name)
        self.machine.handling.sensor(name)
        process.hold(head, False)
        process.seat_heads()
        return self._platen.taken
