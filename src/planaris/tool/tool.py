"""The tool: its modules, material, alarms, interlocks, commands and the tasks that keep them alive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

from planaris.dictionary import Dictionary
from planaris.hardware import Port, TagWatch
from planaris.model import ToolDescription
from planaris.modules import (
    Aligner,
    Carousel,
    Cleaner,
    ControlConstants,
    LoadCup,
    LoadPort,
    Metrology,
    Module,
    ModuleContext,
    Platen,
    Robot,
    StartTrace,
)
from planaris.stream import EventStream, LinkChanged
from planaris.tool.alarms import AlarmBook
from planaris.tool.commands import CommandDoor
from planaris.tool.consumables import ConsumableBook, Counter
from planaris.tool.interlocks import Interlocks
from planaris.tool.material import MaterialMap

# Events that need no durability of their own wait at most this long for their commit [design].
FLUSH_S = 0.1
# Tags whose rise is an alarm of its own.
WATCHED: dict[str, str] = {
    "safety.emo": "emo",
    "safety.door_open": "door_open",
    "safety.leak": "leak",
    "safety.over_temperature": "over_temperature",
    "plc.heartbeat_lost": "heartbeat_lost",
}


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
    ) -> None:
        loop = asyncio.get_running_loop()
        self.description, self.port, self.stream = description, port, stream
        self.watch = TagWatch(port)
        self.alarms = AlarmBook(stream, dictionary, loop.time)
        self.interlocks = Interlocks(self.watch, description, dictionary, stream)
        self.commands = CommandDoor(stream, dictionary, loop.time)
        self.material = MaterialMap(stream)
        self.consumables = ConsumableBook(description, stream, self.alarms, counters)
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
        )
        self.gate = context.gate
        self.load_ports = {n: LoadPort(n, context) for n in range(1, description.load_ports + 1)}
        self.dry_robot, self.wet_robot = Robot("dry_robot", context), Robot("wet_robot", context)
        self.aligner, self.load_cup, self.carousel = Aligner(context), LoadCup(context), Carousel(context)
        self.platens = {n: Platen(n, context) for n in range(1, description.platens + 1)}
        self.cleaners = {name: Cleaner(name, context) for name in description.cleaner.stations}
        self.metrology = Metrology(context) if description.metrology is not None else None
        self.modules: tuple[Module, ...] = (
            *self.load_ports.values(),
            self.dry_robot,
            self.wet_robot,
            self.aligner,
            self.load_cup,
            self.carousel,
            *self.platens.values(),
            *self.cleaners.values(),
            *((self.metrology,) if self.metrology else ()),
        )

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
            await self.watch.ready()
            self.watch.listen(self._on_tags)
            senses.append(tasks.create_task(self._heartbeat(), name="heartbeat"))
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
        count = 0
        while True:
            count += 1
            await self.port.write({"plc.sp_heartbeat_count": count})
            await asyncio.sleep(self._constants.heartbeat_period_s)

    def _on_tags(self, changed: object) -> None:
        assert isinstance(changed, dict)
        for tag, alarm in WATCHED.items():
            if tag not in changed:
                continue
            source = tag.split(".")[0]
            if self.watch.is_on(tag):
                self.alarms.set(alarm, source, self.alarms.severity_of(alarm), f"{tag} is on")
            else:
                self.alarms.clear(alarm, source)
