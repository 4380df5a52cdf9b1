"""The tool: its modules, material, alarms, interlocks, commands and the tasks that keep them alive."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager

from planaris.dictionary import Dictionary
from planaris.hardware import LinkState, Port, PortError, TagWatch
from planaris.model import Architecture, Block, ToolDescription
from planaris.modules import (
    Aligner,
    Carousel,
    Cleaner,
    ControlConstants,
    DualArmRobot,
    EndpointOf,
    Exchange,
    LoadCup,
    LoadPort,
    Metrology,
    Module,
    ModuleContext,
    Platen,
    Robot,
    StartTrace,
    Swing,
)
from planaris.stream import EventStream, LinkChanged
from planaris.tool.alarms import AlarmBook
from planaris.tool.commands import CommandDoor
from planaris.tool.consumables import ConsumableBook, Counter
from planaris.tool.fault_watch import FaultWatch
from planaris.tool.idle_pads import IdlePads
from planaris.tool.interlocks import Interlocks
from planaris.tool.limits import LimitWatch
from planaris.tool.maintenance import Maintenance
from planaris.tool.material import MaterialMap
from planaris.tool.quarantine import Quarantine
from planaris.tool.run_to_run import RunToRunDesk
from planaris.tool.run_to_run_memory import ControlOf, Memory, no_control
from planaris.tool.tag_alarms import TagAlarms
from planaris.tool.use_keeper import UseKeeper

# Events that need no durability of their own wait at most this long for their commit [design].
FLUSH_S = 0.1
# Facility supplies are looked at in blocks of this length [design].
FACILITY_BLOCK_S = 5.0
# All state tags are read outright this often [design].
REFRESH_S = 10.0


class NoSuchPartError(LookupError):
    """A tool of another architecture was asked for a part."""

    def __init__(self, tool: str, part: str) -> None:
        self.tool, self.part = tool, part
        super().__init__(f"tool {tool} has no {part}")


class Tool:
    """One tool on one port."""

    def __init__(
        self,
        description: ToolDescription,
        dictionary: Dictionary,
        port: Port,
        stream: EventStream,
        start_trace: StartTrace,
        counters: Iterable[Counter] = (),
        constants: ControlConstants | None = None,
        endpoint_of: EndpointOf | None = None,
        control_of: ControlOf = no_control,
        memory: Memory | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.description, self.port, self.stream = description, port, stream
        self.watch = TagWatch(port)
        self.alarms = AlarmBook(stream, dictionary, loop.time)
        self.limits = LimitWatch(self.alarms)
        self._tag_alarms = TagAlarms(description, self.watch, self.alarms, self.head_over)
        self.linked, self._unlinked_s = True, 0.0
        self.interlocks = Interlocks(
            self.watch,
            description,
            dictionary,
            stream,
            alarms=lambda: {(a.alarm, a.source) for a in self.alarms.active},
            expired=lambda: [f"{c.part} of {c.location}" for c in self.consumables.expired()],
            linked=lambda: self.linked,
        )
        self.commands = CommandDoor(stream, dictionary, loop.time)
        self.use = UseKeeper(stream)
        stream.listen(self.use)
        self.material = MaterialMap(stream, description.face_at)
        self.quarantine = Quarantine(stream, self.alarms)
        self.idle_pads = IdlePads(description, stream, self.alarms)
        self.fault_watch = FaultWatch(stream, self.alarms, len(description.head.zone_outer_mm))
        self.consumables = ConsumableBook(description, stream, self.alarms, counters)
        self.consumables.on_change = self.fault_watch.changed
        self.consumables.offer(self.commands)
        self.run_to_run = RunToRunDesk(description, stream, self.alarms, self.consumables, control_of, memory)
        self.run_to_run.offer(self.commands)
        self.by_hand: Mapping[str, str] = {}
        self.maintenance = Maintenance(description, stream, self.commands, lambda: self.by_hand)
        self._constants = constants or ControlConstants()
        context = ModuleContext(
            description,
            dictionary,
            port,
            self.watch,
            stream.publish,
            self.interlocks.permit,
            self.alarms.set,
            start_trace,
            self._constants,
            self._check_limits,
            *(() if endpoint_of is None else (endpoint_of,)),
        )
        self.gate = context.gate
        self.material.permit = lambda source: self.gate.check(source, "move", 0.0)
        self.load_ports = {n: LoadPort(n, context) for n in range(1, description.load_ports + 1)}
        self.dry_robot, self.wet_robot = (
            (DualArmRobot if times.arms > 1 else Robot)(name, context)
            for name, times in (("dry_robot", description.dry_robot), ("wet_robot", description.wet_robot))
        )
        self.aligner = Aligner(context)
        turning = description.architecture is Architecture.CAROUSEL
        self._load_cup, self._carousel = (LoadCup(context), Carousel(context)) if turning else (None, None)
        units = range(1, description.units.count + 1) if description.units is not None else ()
        self.exchanges = {n: Exchange(n, context) for n in units}
        self.swings = {n: Swing(n, context) for n in units}
        self.platens = {n: Platen(n, context) for n in range(1, description.platens + 1)}
        self.cleaners = {name: Cleaner(name, context) for name in description.cleaner.stations}
        self.metrology = Metrology(context) if description.metrology is not None else None
        self.modules: tuple[Module, ...] = (
            *self.load_ports.values(),
            self.dry_robot,
            self.wet_robot,
            self.aligner,
            *(module for module in (self._load_cup, self._carousel) if module is not None),
            *self.exchanges.values(),
            *self.swings.values(),
            *self.platens.values(),
            *self.cleaners.values(),
            *((self.metrology,) if self.metrology else ()),
        )

    @property
    def load_cup(self) -> LoadCup:
        """The load cup. Raises `NoSuchPartError` on a tool of units."""
        if self._load_cup is None:
            raise NoSuchPartError(self.description.name, "load cup")
        return self._load_cup

    @property
    def carousel(self) -> Carousel:
        """The carousel. Raises `NoSuchPartError` on a tool of units."""
        if self._carousel is None:
            raise NoSuchPartError(self.description.name, "carousel")
        return self._carousel

    def head_over(self, platen: int) -> int:
        """Return the head over a platen, 0 where there is none."""
        if self._carousel is not None:
            return self._carousel.head_at(platen)
        unit = self.description.unit_of(platen)
        return unit if self.swings[unit].platen == platen else 0

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Connect, keep modules, watch and heartbeat alive inside the block, then close the port."""
        loop = asyncio.get_running_loop()

        def flush_soon() -> None:
            loop.call_later(FLUSH_S, self.stream.flush_if_possible)

        self.stream.on_staged = flush_soon
        await self.port.connect()
        self.stream.publish(LinkChanged(self.port.link.value, f"port {self.port.kind.value}"))
        failure: Exception | None = None
        async with asyncio.TaskGroup() as tasks:
            senses = [tasks.create_task(self.watch.run(), name="watch")]
            await self.watch.ready(self._constants.device_margin_s)
            self.watch.listen(self._on_tags)
            senses.append(tasks.create_task(self._heartbeat(), name="heartbeat"))
            senses.append(tasks.create_task(self._facility(), name="facility"))
            senses.append(tasks.create_task(self._refresh(), name="refresh"))
            modules = [tasks.create_task(module.serve(), name=module.name) for module in self.modules]
            try:
                yield
            except Exception as error:  # told as it is, not in the group's wrapping
                failure = error
            finally:
                # Modules first: on their way to a safe state they still need to see tags and the PLC its heartbeat.
                for task in modules:
                    task.cancel()
                await asyncio.wait(modules)
                for task in senses:
                    task.cancel()
        await self.port.close()
        self.stream.on_staged = lambda: None
        self.stream.flush_if_possible()
        if failure is not None:
            raise failure

    async def _heartbeat(self) -> None:
        """Beat; a beat that does not get through is a lost link, one that does again a link regained."""
        count = 0
        while True:
            count += 1
            try:
                await self.port.write({"plc.sp_heartbeat_count": count})
            except PortError as error:
                self._link_is(False, str(error))
            else:
                self._link_is(True, "")
            await asyncio.sleep(self._constants.heartbeat_period_s)

    def _link_is(self, up: bool, detail: str) -> None:
        if up is self.linked:
            return
        self.linked = up
        now_s = asyncio.get_running_loop().time()
        state = self.port.link
        if not up and state is LinkState.CONNECTED:
            # The beat failed, and the port has found its peer again since.
            state = LinkState.CONNECTING
        self.stream.publish(LinkChanged(state.value, detail or f"port {self.port.kind.value}"))
        if up:
            away_s = now_s - self._unlinked_s
            self.alarms.clear("link_lost", "tool", f"the link is back after {away_s:.1f} s, beats get through")
        else:
            self._unlinked_s = now_s
            self.alarms.set("link_lost", "tool", self.alarms.severity_of("link_lost"), detail)

    async def _refresh(self) -> None:
        """Read all state tags outright now and then: a change notice may have been lost."""
        while True:
            await asyncio.sleep(REFRESH_S)
            with contextlib.suppress(PortError):
                await self.watch.refresh()

    async def _facility(self) -> None:
        """Hold the facility's supplies against their limits."""
        subscription = self.port.subscribe("facility", FACILITY_BLOCK_S)
        try:
            async for block in subscription:
                self._check_limits(block)
        finally:
            subscription.close()

    def _check_limits(self, block: Block, wafer_id: str = "") -> list[str]:
        return [excess.detail for excess in self.limits.check(block, wafer_id) if excess.limit.aborts]

    def _on_tags(self, changed: Mapping[str, float]) -> None:
        self._tag_alarms(changed)
