"""Work of the robots, the aligner, the cleaner and metrology."""

from __future__ import annotations

import math
from collections.abc import Callable

from planaris.clock import now_s
from planaris.model import MapStage, Wafer
from planaris.modules import Robot, WaferNotSeenError
from planaris.scheduling import Action, Move
from planaris.stream import WaferMeasured
from planaris.tool.flips import Flips
from planaris.tool.jobs import JobBook
from planaris.tool.marks import Marks
from planaris.tool.tool import Tool
from planaris.tool.transport import Transport
from planaris.tool.wet import WetWatch
from planaris.tool.work import Piece, WorkKind
from planaris.tool.workshop import Workshop


class Handling:
    """Makes pieces of work for what every tool has on both sides of its polishing part."""

    def __init__(
        self, tool: Tool, jobs: JobBook, shop: Workshop, transport: Transport, marks: Marks, wet: WetWatch
    ) -> None:
        self._tool, self._jobs, self._shop, self._transport = tool, jobs, shop, transport
        self._marks, self._wet = marks, wet
        self.flips = Flips(tool)
        self.on_home: Callable[[Wafer], None] = lambda _wafer: None

    # -- robots -----------------------------------------------------------------------------------------------
    def transfer(self, move: Move) -> Piece:
        """Return the work of a robot that carries a wafer."""
        piece = Piece(WorkKind.TRANSFER, move.resource, lambda: self._transfer(piece, move))
        piece.holds = {move.resource, move.source, move.destination}
        piece.abort = lambda: self._give_up(move.resource)
        piece.recover = self._robot(move.resource).recover
        return piece

    def carry_on(self, robot: str, wafer: Wafer) -> Piece:
        """Return the work of a robot that holds a wafer and must put it down where it belongs next."""
        piece = self.transfer(Move(Action.TRANSFER, robot, robot, self.next_place(wafer)))
        piece.begun, piece.wafer_id = True, wafer.wafer_id
        return piece

    def next_place(self, wafer: Wafer) -> str:
        """Return where a wafer on a robot goes next."""
        progress = self._jobs.progress_of(wafer)
        if progress.dried and not progress.post_nm and self._metrology_free():
            return "metrology"
        in_wet_arm = self._tool.material.where(wafer.wafer_id) == "wet_robot"
        if not math.isnan(progress.dried_s) or (progress.cut_short and math.isnan(progress.chucked_s)):
            if not in_wet_arm:
                return progress.home
            # The wet arm reaches no carrier; behind a stage that the next wafer took, the way home is the cleaner's.
            first = self._tool.description.cleaner.stations[0]
            return first if not self._free("stage") and self._free(first) else "stage"
        if in_wet_arm:
            return self._tool.description.cleaner.stations[0] if progress.polished else "loadcup"
        return "stage" if progress.aligned else "aligner"

    def _metrology_free(self) -> bool:
        return self._tool.metrology is not None and self._free("metrology")

    def _free(self, place: str) -> bool:
        material = self._tool.material
        return place not in {*material.at, *material.in_motion().values(), *self._shop.busy, *self._shop.out}

    def _robot(self, name: str) -> Robot:
        return self._tool.dry_robot if name == "dry_robot" else self._tool.wet_robot

    async def _transfer(self, piece: Piece, move: Move) -> None:
        robot, material = self._robot(move.resource), self._tool.material
        if robot.name not in material.at:
            await self._pick(piece, robot, move)
        wafer = material.at[robot.name]
        if wafer.wafer_id not in material.in_motion():
            material.intend(robot.name, move.destination)
        if not self.seen_moved(robot.name, move.destination):
            await self.flips.turn_for(robot, move.destination)
            await robot.ask(lambda: robot.place(move.destination))
        material.confirm(wafer)
        # Freed first: what happens at the destination is a piece of work of its own.
        self._shop.free(piece, move.destination)
        self.arrived(wafer, move.destination)

    async def _pick(self, piece: Piece, robot: Robot, move: Move) -> None:
        material, source = self._tool.material, move.source
        again = piece.begun
        if not again:
            self._tool.interlocks.permit(f"{robot.name}.pick", source)
            wafer = material.intend(source, robot.name)
            piece.begun, piece.wafer_id = True, wafer.wafer_id
            job = self._jobs.of(wafer)
            if source in job.queue:
                job.queue.remove(source)
                self._tool.idle_pads.begun(job.progress[wafer.wafer_id])
            job.progress[wafer.wafer_id].wait_s += self._shop.leave(source)
        wafer = material.at[source]
        if wafer.wafer_id not in material.in_motion():
            material.intend(source, robot.name)
        if not (again and self.seen_moved(source, robot.name)):
            await robot.ask(lambda: robot.pick(source))
        material.confirm(wafer, then=move.destination)
        progress = self._jobs.progress_of(wafer)
        if source == progress.home:
            progress.left_carrier_s = now_s()
        if source in self._tool.cleaners:
            self._tool.cleaners[source].removed()
        following = self._transport.taken(source) if robot.name == "wet_robot" else None
        if following is None:
            self._shop.free(piece, source)
        else:
            piece.holds.discard(source)
            self._shop.start(following)

    def seen_moved(self, source: str, destination: str) -> bool:
        """Whether sensors show a wafer at its destination already; raise if they show it nowhere."""
        watch = self._tool.watch
        here = "." not in source and watch.is_on(f"{source}.wafer_present")
        there = "." not in destination and watch.is_on(f"{destination}.wafer_present")
        if here and there:
            raise WaferNotSeenError(source, "move", f"{destination}.wafer_present", expected=False)
        if not here and not there and "." not in source:
            raise WaferNotSeenError(source, "move", f"{source}.wafer_present", expected=True)
        return there

    def _give_up(self, robot: str) -> None:
        """Leave a wafer where it is: cut short, and on its way home from there."""
        material, moving = self._tool.material, self._tool.material.in_motion()
        held = material.at.get(robot)  # halted between pick and place, it is not on its way anywhere
        for wafer_id in dict.fromkeys((*moving, *(() if held is None else (held.wafer_id,)))):
            wafer = material.find(wafer_id)
            if wafer is None:
                continue
            where = material.where(wafer_id)
            if robot in {where, moving.get(wafer_id)}:
                material.cancel(wafer, "given up by a person")
                self._jobs.progress_of(wafer).cut_short = True
                self._marks.mark(wafer_id, "rework", f"move by {robot} given up")
                if where in self._transport.whole_transfers:
                    self._shop.start(self.carry_on(robot, wafer))
                else:
                    self._shop.set_ready(where)

    # -- what happens where a wafer was put down ----------------------------------------------------------------
    def arrived(self, wafer: Wafer, location: str) -> None:
        """Start what happens to a wafer at a place it was just put down."""
        progress = self._jobs.progress_of(wafer)
        if location == progress.home:
            self.on_home(wafer)
        elif location == "aligner" and not progress.cut_short:
            self._follow(WorkKind.ALIGN, wafer, location, lambda: self._align(wafer))
        elif location in self._tool.cleaners:
            self._follow(WorkKind.CLEAN, wafer, location, lambda: self._clean(wafer, location))
        elif location == "metrology":
            self._follow(WorkKind.MEASURE, wafer, location, lambda: self._measure(wafer))
        else:
            self._shop.set_ready(location)

    def _follow(self, kind: WorkKind, wafer: Wafer, location: str, work: Callable[[], object]) -> None:
        piece = Piece(kind, location, work, {location}, wafer.wafer_id, begun=True)  # type: ignore[arg-type]
        piece.skip = lambda: self._skip(kind, wafer, location, cut=False)
        piece.abort = lambda: self._skip(kind, wafer, location, cut=True)
        if location == self._tool.description.cleaner.stations[-1]:
            piece.skip = piece.abort = None  # nothing that is wet goes on from the dryer
        module = next(m for m in self._tool.modules if m.name == location)
        piece.recover = module.recover
        self._shop.start(piece)

    def _skip(self, kind: WorkKind, wafer: Wafer, location: str, *, cut: bool) -> None:
        mark = {WorkKind.ALIGN: "suspect", WorkKind.MEASURE: "hold"}.get(kind, "rework")
        progress = self._jobs.progress_of(wafer)
        if cut and kind is WorkKind.ALIGN:
            progress.cut_short, mark = True, "rework"
        if kind is WorkKind.CLEAN:
            self._tool.cleaners[location].finish()
            if location == self._tool.description.cleaner.stations[-1]:
                progress.dried_s = now_s()
            self._wet.cleaned(wafer.wafer_id, location)
        self._shop.due.pop(location, None)
        self._marks.mark(wafer.wafer_id, mark, f"{kind.value} left out at {location}")
        self._shop.set_ready(location)

    async def _align(self, wafer: Wafer) -> None:
        aligner = self._tool.aligner
        await aligner.ask(lambda: aligner.align(0.0))
        self._jobs.progress_of(wafer).aligned = True
        self._shop.set_ready("aligner")

    def station_transfer(self, move: Move) -> Piece:
        """Return the work of handing a wafer to the next cleaner station."""
        piece = Piece(WorkKind.STATION_TRANSFER, move.source, lambda: self._station_transfer(piece, move))
        piece.holds = {move.source, move.destination}
        piece.recover = self._tool.cleaners[move.source].recover
        piece.abort = lambda: self._stay(move.source)
        return piece

    def _stay(self, source: str) -> None:
        """Give a station's transfer up: its wafer stays, kept wet, and may be handed on again."""
        material = self._tool.material
        wafer = material.at[source]
        material.cancel(wafer, "given up by a person")
        self._tool.cleaners[source].recover()
        self._shop.set_ready(source)

    async def _station_transfer(self, piece: Piece, move: Move) -> None:
        material, cleaner = self._tool.material, self._tool.cleaners[move.source]
        again = piece.begun
        if not again:
            self._tool.interlocks.permit("cleaner.transfer", move.destination)
            wafer = material.intend(move.source, move.destination)
            piece.begun, piece.wafer_id = True, wafer.wafer_id
            self._jobs.progress_of(wafer).wait_s += self._shop.leave(move.source)
        wafer = material.at[move.source]
        if not (again and self.seen_moved(move.source, move.destination)):
            await cleaner.ask(lambda: cleaner.transfer(move.destination))
        material.confirm(wafer)
        self._shop.free(piece, move.destination)
        self.arrived(wafer, move.destination)

    async def _clean(self, wafer: Wafer, station: str) -> None:
        job, progress = self._jobs.of(wafer), self._jobs.progress_of(wafer)
        cleaner, setting = self._tool.cleaners[station], job.cleaning[station]
        stations = self._tool.description.cleaner.stations
        # Until the cleaning may begin the wafer waits as before, and its limit runs.
        self._tool.interlocks.permit("cleaner.process", station)
        if station == stations[0] and math.isnan(progress.clean_start_s):
            progress.clean_start_s = now_s()
        self._wet.over(wafer.wafer_id)
        self._shop.expect(station, now_s() + setting.time_s)
        await cleaner.ask(lambda: cleaner.process(wafer.wafer_id, setting))
        self._shop.due.pop(station, None)
        progress.di_water_ml += setting.di_flow_ml_min * setting.time_s / 60.0
        if station.startswith("brush"):
            self._tool.consumables.brushed(station, setting.time_s)
        if station == stations[-1]:
            progress.dried_s = now_s()
        self._wet.cleaned(wafer.wafer_id, station)
        self._shop.set_ready(station)

    async def _measure(self, wafer: Wafer) -> None:
        metrology, job = self._tool.metrology, self._jobs.of(wafer)
        description = self._tool.description.metrology
        assert metrology is not None
        assert description is not None
        progress = job.progress[wafer.wafer_id]
        progress.plan = plan = job.lot.sampling.plan_for(wafer.slot, wafer.kind)
        self._shop.expect("metrology", now_s() + description.time_s_by_plan[plan])
        progress.post_nm = await metrology.ask(lambda: metrology.measure(plan))
        self._shop.due.pop("metrology", None)
        self._tool.stream.publish(
            WaferMeasured(wafer.wafer_id, MapStage.POST, plan, description.instrument, progress.post_nm)
        )
        self._shop.set_ready("metrology")
