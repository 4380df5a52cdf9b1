"""Manual mode: a person works one module, verb by verb, while the engine leaves it alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from planaris.dictionary import ManualVerb, manual_verbs
from planaris.model import Wafer
from planaris.modules import Cleaner, Module
from planaris.stream import Event, ManualModeChanged
from planaris.tool.commands import CommandFailedError, CommandRequest, RefusedError
from planaris.tool.interlocks import InterlockError
from planaris.tool.manual_acts import Act, act, kind_of
from planaris.tool.material import MaterialError
from planaris.tool.work import Piece, WorkKind, WorkRefusedError

if TYPE_CHECKING:
    from planaris.tool.engine import Engine

# States in which a module rests between two verbs.
_RESTING = frozenset({"idle", "mapped", "holding", "finished"})
VERBS = {(verb.kind, verb.name): verb for verb in manual_verbs()}
_REFUSALS = (InterlockError, MaterialError, WorkRefusedError)


class ManualMode:
    """Which modules a person works by hand, and their verbs behind the one door.

    Every verb passes its role, the module's state, the interlocks, the material map (intent, move, confirmation) and
    the device's handshake. Wafers that were moved by hand are taken up by the engine when the module is given back.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine, self._tool, self._shop = engine, engine.tool, engine.shop
        self._modules = {module.name: module for module in engine.tool.modules}
        self._moved: dict[str, None] = {}
        door = engine.tool.commands
        door.register("module.manual_on", self._on)
        door.register("module.manual_off", self._off)
        door.register("module.manual", self._give)

    def restore(self, events: Iterable[Event]) -> None:
        """Take over what a journal tells: a module that was worked by hand still is."""
        for event in events:
            if isinstance(event, ManualModeChanged):
                if event.state == "on":
                    self._shop.manual[event.module] = event.principal
                else:
                    self._shop.manual.pop(event.module, None)

    # -- on and off ---------------------------------------------------------------------------------------------
    async def _on(self, request: CommandRequest) -> str:
        module = self._named(request)
        name = module.name
        if not request.reason.strip():
            raise RefusedError("manual mode needs a reason")
        if name in self._shop.manual:
            raise RefusedError(f"{name} is worked by hand already, by {self._shop.manual[name]}")
        if name in self._shop.failed:
            raise RefusedError(f"{name} has failed work; answer it first")
        working = self._works(module)
        if working:
            raise RefusedError(working)
        self._tool.stream.commit(ManualModeChanged(name, "on", request.principal, request.reason))
        self._shop.manual[name] = request.principal
        self._shop.look()
        return f"{name} is worked by hand; the engine leaves it alone"

    async def _off(self, request: CommandRequest) -> str:
        module = self._named(request)
        name = module.name
        if name not in self._shop.manual:
            raise RefusedError(f"{name} is not worked by hand")
        if name in self._shop.failed:
            raise RefusedError(f"{name} has failed work; answer it first")
        if name in self._shop.busy or module.state not in _RESTING:
            raise RefusedError(f"{name} works: {module.state}")
        self._tool.stream.commit(ManualModeChanged(name, "off", request.principal, request.reason))
        del self._shop.manual[name]
        self._take_up()
        self._engine.look_again()
        return f"{name} works by itself again"

    def _named(self, request: CommandRequest) -> Module:
        name = str(request.arguments["module"])
        module = self._modules.get(name)
        if module is None:
            raise RefusedError(f"no module {name}; there are: {', '.join(self._modules)}")
        return module

    def _works(self, module: Module) -> str:
        """Return how a module works for a job now, '' if it does not."""
        name, refused = module.name, self._shop.refused.get(module.name)
        if name in self._shop.busy or module.state not in _RESTING or (refused is not None and refused[0].begun):
            return f"{name} works for a job: {module.state}"
        if not name.startswith("platen"):
            return ""
        head = f"head{self._tool.head_over(int(name.removeprefix('platen')))}"
        wafer = self._tool.material.at.get(head)
        if head in self._shop.busy:
            return f"{name} works for a job: {head} is over it"
        if wafer is not None and self._engine.jobs.progress_of(wafer).next_platen is not None:
            return f"{wafer.wafer_id} waits over {name} to be polished"
        return ""

    # -- verbs --------------------------------------------------------------------------------------------------
    async def _give(self, request: CommandRequest) -> str:
        module = self._named(request)
        declared = self._declared(module, request)
        try:
            one = act(self._tool, module, declared.name, request.arguments)
            self._check(module, declared, one)
        except _REFUSALS as error:
            raise RefusedError(str(error)) from error
        failure = await self._run(module, one)
        if failure is not None:
            raise CommandFailedError(str(failure))
        carried = f"; {self._tool.material.at[one.destination].wafer_id} is at {one.destination}" if one.source else ""
        return f"{module.name} did {declared.name}{carried}"

    def _declared(self, module: Module, request: CommandRequest) -> ManualVerb:
        """Return the verb's declaration, if this person may give it to this module with these arguments."""
        name, kind = str(request.arguments["verb"]), kind_of(module)
        verb = VERBS.get((kind, name))
        if verb is None:
            offered = ", ".join(v.name for v in VERBS.values() if v.kind == kind)
            raise RefusedError(f"{module.name} has no manual verb {name}; it has: {offered}")
        if request.role not in verb.roles:
            raise RefusedError(f"role {request.role} may not {name} by hand; it takes {' or '.join(verb.roles)}")
        if module.name not in self._shop.manual:
            raise RefusedError(f"{module.name} is not worked by hand; give module.manual_on first")
        needed = {p.name for p in verb.parameters}
        given = request.arguments.keys() - {"module", "verb"}
        problems = [f"{missing}: missing" for missing in sorted(needed - given)]
        problems += [f"{extra}: unknown argument of {name}" for extra in sorted(given - needed)]
        if problems:
            raise RefusedError("; ".join(problems))
        return verb

    def _check(self, module: Module, verb: ManualVerb, one: Act) -> None:
        """Raise what forbids the verb now: the module's state, a halt, the interlocks, the map."""
        name = module.name
        if name in self._shop.failed:
            raise WorkRefusedError(f"{name} has failed work; answer it first")
        if name in self._shop.busy:
            raise WorkRefusedError(f"{name} works: {module.state}")
        if self._engine.halted and not verb.to_safety:
            raise WorkRefusedError(f"the tool is halted: {self._engine.halted}")
        if verb.trigger and (module.state, verb.trigger) not in module.TABLE:
            raise WorkRefusedError(f"{name} is {module.state}: it does not take '{verb.trigger}'")
        if verb.action:
            action = verb.action.replace("@module", name).replace("@cup", name.rstrip("0123456789"))
            self._tool.interlocks.permit(action, one.subject)
        taken = {one.source, one.destination} & self._shop.busy
        if taken:
            raise WorkRefusedError(f"{', '.join(sorted(taken))} is in use")
        if one.source:
            self._check_map(one)

    def _check_map(self, one: Act) -> None:
        material = self._tool.material
        wafer = material.at.get(one.source)
        if wafer is None:
            raise MaterialError(f"no wafer is known at {one.source}")
        if wafer.wafer_id in material.in_motion():
            raise MaterialError(f"{wafer.wafer_id} is on its way to {material.in_motion()[wafer.wafer_id]}")
        if "." in one.destination and one.destination != self._engine.jobs.progress_of(wafer).home:
            raise MaterialError(f"{one.destination} is not the slot of {wafer.wafer_id}")

    async def _run(self, module: Module, one: Act) -> Exception | None:
        """Run a verb as a piece of work and return what went wrong; its module is down until that is answered."""
        ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

        async def do() -> None:
            failure: Exception | None = None
            try:
                await self._act(piece, module, one)
            except InterlockError as error:  # came up since it was asked: nothing moved, and nothing starts by itself
                failure = error
                self._settle(module, one)
            except Exception as error:
                failure = error
                raise
            finally:
                if not ended.done():
                    ended.set_result(failure)

        piece = Piece(WorkKind.MANUAL, module.name, do, {module.name, one.source, one.destination} - {""}, begun=True)
        piece.recover = lambda: self._settle(module, one)
        piece.abort = lambda: None
        self._shop.start(piece)
        return await ended

    async def _act(self, piece: Piece, module: Module, one: Act) -> None:
        if one.face is not None:
            turned = self._tool.material.at[one.subject]
            self._tool.material.intend_flip(turned, one.face)
            await module.ask(one.do)
            self._tool.material.confirm_flip(turned, one.face)
            return
        if not one.source:
            await module.ask(one.do)
            if module.name in {"carousel"} or module.name.startswith("swing"):
                self._moved |= {w.wafer_id: None for p, w in self._tool.material.at.items() if p.startswith("head")}
            return
        material = self._tool.material
        if one.source not in material.at:
            return  # an earlier try moved it, as sensors showed
        wafer = material.intend(one.source, one.destination)
        piece.wafer_id = wafer.wafer_id
        self._left(wafer, one.source)
        await module.ask(one.do)
        material.confirm(wafer)
        self._arrived(wafer, one)

    def _settle(self, module: Module, one: Act) -> None:
        """Believe the sensors about a move that was not confirmed, and make the module ready."""
        module.recover()
        material = self._tool.material
        wafer = material.at.get(one.source)
        if wafer is None or material.in_motion().get(wafer.wafer_id) != one.destination:
            return
        watch = self._tool.watch
        other = one.destination if one.witness == one.source else one.source
        at_witness = watch.is_on(f"{one.witness}.wafer_present")
        if not at_witness and "." not in other and not watch.is_on(f"{other}.wafer_present"):
            return  # seen nowhere: a person says where it is with wafer.confirm_place
        if (one.witness if at_witness else other) == one.destination:
            material.confirm(wafer)
            self._arrived(wafer, one)
        else:
            material.cancel(wafer, "not moved, as sensors show")

    # -- what jobs must know ------------------------------------------------------------------------------------
    def _left(self, wafer: Wafer, source: str) -> None:
        job, progress = self._engine.jobs.of(wafer), self._engine.jobs.progress_of(wafer)
        if source in job.queue:
            job.queue.remove(source)
        progress.wait_s += self._shop.leave(source)

    def _arrived(self, wafer: Wafer, one: Act) -> None:
        self._moved[wafer.wafer_id] = None
        self._engine.moved_by_hand(wafer, one.source, one.destination)
        station = self._modules.get(one.source)
        if isinstance(station, Cleaner) and station.state == "finished":
            station.removed()

    def _take_up(self) -> None:
        """Let the engine go on with wafers that were moved and whose place works by itself."""
        for wafer_id in tuple(self._moved):
            wafer = self._tool.material.find(wafer_id)
            place = "" if wafer is None else self._tool.material.where(wafer_id)
            if place.removesuffix("_b") in self._shop.manual:
                continue
            del self._moved[wafer_id]
            if wafer is not None:
                self._engine.back_from_hand(wafer, place)
