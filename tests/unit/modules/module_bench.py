"""Modules on a twin, without a tool around them: what is announced, alarmed and traced is kept in lists."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planaris.dictionary import Dictionary, build
from planaris.formats import load_recipe, load_tool
from planaris.hardware import TagWatch
from planaris.model import FilmStack, Layer, Recipe, Severity, ToolDescription, Wafer, WaferKind
from planaris.modules import (
    Carousel,
    ControlConstants,
    LoadCup,
    Module,
    ModuleContext,
    StepSpan,
    TraceFile,
    TraceHeader,
    Visit,
)
from planaris.processes import load_package
from planaris.stream import Event
from planaris.twin import Machine, TwinPort, World, make_truth
from planaris.twin.wafers import TrueWafer

EXAMPLE = Path(__file__).parents[3] / "examples" / "oxide_ild"
PLATEN = 1
# One turn brings head 1 from the load cup over platen 1.
HEAD = 1


@cache
def tool_a() -> ToolDescription:
    """Return reference tool A."""
    return load_tool()


@cache
def dictionary_a() -> Dictionary:
    """Return the dictionary of reference tool A."""
    return build(tool_a())


@cache
def recipe_ild() -> Recipe:
    """Return the example's recipe."""
    return load_recipe(EXAMPLE / "recipe.toml", tool_a())


def short_recipe(polish_s: float = 14.0, rinse_s: float = 4.0) -> Recipe:
    """Return the example's recipe for platen 1 alone, made short."""
    recipe = recipe_ild()
    steps = tuple(
        replace(s, end=replace(s.end, time_s=rinse_s if s.kind == "rinse" else polish_s)) for s in recipe.steps_on(1)
    )
    return replace(recipe, steps=steps)


@dataclass
class KeptTrace:
    """One trace as it came."""

    header: TraceHeader
    columns: tuple[str, ...]
    widths: tuple[int, ...] = ()
    times_s: list[NDArray[np.float64]] = field(default_factory=list[NDArray[np.float64]])
    values: list[NDArray[np.float32]] = field(default_factory=list[NDArray[np.float32]])
    spans: tuple[StepSpan, ...] = ()
    finished: bool = False

    def append(self, time_s: NDArray[np.float64], values: NDArray[np.float32]) -> None:
        self.times_s.append(time_s)
        self.values.append(values)

    def finish(self, spans: Sequence[StepSpan]) -> TraceFile:
        self.spans, self.finished = tuple(spans), True
        return TraceFile("traces/kept.parquet", self.rows_count, len(self.columns))

    @property
    def rows_count(self) -> int:
        return sum(len(t) for t in self.times_s)

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one column over the whole trace."""
        return np.concatenate(self.values)[:, self.columns.index(name)].astype(np.float64)

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Return the samples' times."""
        return np.concatenate(self.times_s)


@dataclass(frozen=True)
class KeptAlarm:
    """One alarm that a module raised."""

    alarm: str
    source: str
    severity: Severity
    detail: str
    wafer_id: str


class ModuleBench:
    """A context whose other end is a twin."""

    def __init__(self, seed: int = 1, tool: ToolDescription | None = None) -> None:
        self.tool = tool or tool_a()
        dictionary = dictionary_a() if tool is None else build(tool)
        truth = make_truth(load_package("oxide_ild"), "TEOS", self.tool, seed)
        self.machine = Machine(self.tool, dictionary, truth, seed)
        self.world = World(self.machine)
        self.port = TwinPort(self.machine)
        self.watch = TagWatch(self.port)
        self.events: list[Event] = []
        self.alarms: list[KeptAlarm] = []
        self.traces: list[KeptTrace] = []
        self.refusal: Exception | None = None
        self.asked: list[tuple[str, str]] = []
        self.context = ModuleContext(
            self.tool, dictionary, self.port, self.watch, self.events.append, self._permit, self._alarm,
            self._trace, ControlConstants(trace_block_s=4.0),
        )  # fmt: skip

    def _permit(self, action: str, subject: str) -> None:
        self.asked.append((action, subject))
        if self.refusal is not None:
            raise self.refusal

    def _alarm(self, alarm: str, source: str, severity: Severity, detail: str, wafer_id: str = "") -> None:
        self.alarms.append(KeptAlarm(alarm, source, severity, detail, wafer_id))

    def _trace(self, header: TraceHeader, columns: tuple[str, ...], widths: tuple[int, ...] = ()) -> KeptTrace:
        self.traces.append(KeptTrace(header, columns, widths))
        return self.traces[-1]

    def put_wafer(self, location: str, wafer_id: str = "W1") -> TrueWafer:
        """Put a true wafer with a flat film somewhere; its sensor shows it."""
        grid = self.machine.process.grid
        film = np.full((grid.n_r, grid.n_theta), 1500.0)
        wafer = TrueWafer(wafer_id, 1, WaferKind.PRODUCT, film, film.copy())
        self.machine.places.put(location, wafer)
        self.machine.handling.sensor(location)
        return wafer

    async def bring(self, *, with_wafer: bool = True) -> None:
        """Load a wafer on head 1 and turn it over platen 1; nothing of this is kept. Call inside `serving`."""
        if with_wafer:
            self.put_wafer("loadcup")
            await LoadCup(self.context).load(HEAD)
        await Carousel(self.context).index()
        self.events.clear()
        self.asked.clear()

    async def tags(self, *names: str) -> Mapping[str, float]:
        """Read tags as they are now, past the watch."""
        samples = await self.port.read(names)
        return {s.tag: float(s.value) for s in samples if not isinstance(s.value, tuple)}

    @asynccontextmanager
    async def serving(self, *modules: Module) -> AsyncGenerator[None]:
        """Connect and keep watch and modules alive inside the block."""
        await self.port.connect()
        tasks = [asyncio.create_task(self.watch.run())]
        await self.watch.ready()
        tasks += [asyncio.create_task(module.serve()) for module in modules]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.port.close()
            self.machine.close()


def model_wafer(slot: int = 1) -> Wafer:
    """Return a product wafer."""
    return Wafer(f"W{slot}", "L1", slot, WaferKind.PRODUCT, FilmStack((Layer("TEOS", 1500.0),)))


def visit_of(recipe: Recipe) -> Visit:
    """Return wafer W1's visit to platen 1 on head 1."""
    return Visit("W1", 1, HEAD, recipe, 0, recipe.steps_on(PLATEN))
