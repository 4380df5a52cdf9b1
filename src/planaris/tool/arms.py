"""Work of a robot's arms one by one: pick, place, and standing before the place that comes next."""

from __future__ import annotations

from planaris.model import Face, Wafer
from planaris.modules import Robot
from planaris.scheduling import Action, Move
from planaris.tool.handling import Handling
from planaris.tool.jobs import JobBook
from planaris.tool.marks import Marks
from planaris.tool.tool import Tool
from planaris.tool.work import Piece, WorkKind
from planaris.tool.workshop import Workshop


class Arms:
    """Makes pieces of work for robots whose arms hold wafers between moves. Each arm is a place of the map."""

    def __init__(self, tool: Tool, jobs: JobBook, shop: Workshop, marks: Marks, handling: Handling) -> None:
        self._tool, self._jobs, self._shop, self._marks, self._handling = tool, jobs, shop, marks, handling

    def piece(self, move: Move) -> Piece:
        """Return the work of a PICK, a PLACE or a GOTO."""
        robot = self._tool.dry_robot if move.resource == "dry_robot" else self._tool.wet_robot
        work = {Action.PICK: self._pick, Action.PLACE: self._place, Action.GOTO: self._goto}[move.action]
        piece = Piece(WorkKind(move.action.value), move.resource, lambda: work(piece, robot, move))
        piece.recover = robot.recover
        if move.action is Action.GOTO:
            piece.holds = {move.resource}
            piece.abort = piece.skip = lambda: None
        else:
            piece.holds = {move.resource, move.source, move.destination}
            piece.abort = lambda: self._give_up(piece)
        return piece

    async def _pick(self, piece: Piece, robot: Robot, move: Move) -> None:
        source, arm, material = move.source, move.destination, self._tool.material
        again = piece.begun
        if not again:
            await self._set_out(robot, source)
        wafer = self._begin(piece, f"{robot.name}.pick", source, move)
        if not (again and self._handling.seen_moved(source, arm)):
            await robot.ask(lambda: robot.pick(source, arm))
        material.confirm(wafer)
        if source in self._tool.cleaners:
            self._tool.cleaners[source].removed()
        self._shop.set_ready(arm)

    async def _place(self, piece: Piece, robot: Robot, move: Move) -> None:
        arm, destination, material = move.source, move.destination, self._tool.material
        again = piece.begun
        if not again:
            piece.wafer_id = material.at[arm].wafer_id
            await self._handling.flips.turn_for(robot, destination, arm)
        wafer = self._begin(piece, f"{robot.name}.place", destination, move)
        if not (again and self._handling.seen_moved(arm, destination)):
            await self._handling.flips.turn_for(robot, destination, arm)
            await robot.ask(lambda: robot.place(destination, arm))
        material.confirm(wafer)
        # Freed first: what happens at the destination is a piece of work of its own.
        self._shop.free(piece, destination)
        self._handling.arrived(wafer, destination)

    def _begin(self, piece: Piece, action: str, subject: str, move: Move) -> Wafer:
        """Commit the intent of a move, the first time after the interlocks permitted it; return its wafer."""
        material = self._tool.material
        if not piece.begun:
            self._tool.interlocks.permit(action, subject)
            wafer = material.intend(move.source, move.destination)
            piece.begun, piece.wafer_id = True, wafer.wafer_id
            self._jobs.progress_of(wafer).wait_s += self._shop.leave(move.source)
        wafer = material.at[move.source]
        if wafer.wafer_id not in material.in_motion():
            material.intend(move.source, move.destination)
        return wafer

    async def _set_out(self, robot: Robot, place: str) -> None:
        """Turn the wafers on the wet robot's arms for where they go next, on the way to a place.

        A wafer for the heads is turned before a swap begins, so that the head does not wait for it.
        """
        if robot is not self._tool.wet_robot or not self._tool.description.wet_robot.flip_s:
            return
        for arm in robot.arms:
            wafer = self._tool.material.at.get(arm)
            if wafer is not None:
                face = Face.UP if self._jobs.progress_of(wafer).polished else Face.DOWN
                await self._handling.flips.turn(robot, face, place, arm)

    async def _goto(self, _piece: Piece, robot: Robot, move: Move) -> None:
        await self._set_out(robot, move.destination)
        await robot.ask(lambda: robot.goto(move.destination))

    def _give_up(self, piece: Piece) -> None:
        """Leave a wafer where it is: cut short, and on its way home from there."""
        material = self._tool.material
        wafer = material.find(piece.wafer_id)
        if wafer is None:
            return
        material.cancel(wafer, "given up by a person")
        self._jobs.progress_of(wafer).cut_short = True
        self._marks.mark(wafer.wafer_id, "rework", f"move by {piece.resource} given up")
        self._shop.set_ready(material.where(wafer.wafer_id))
