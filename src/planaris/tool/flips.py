"""Wafers turned over on the wet robot's arms as the place they go to needs it: intent, turn, confirmation."""

from __future__ import annotations

from planaris.model import Face
from planaris.modules import Robot, face_shown
from planaris.tool.tool import Tool


class Flips:
    """Turns wafers over."""

    def __init__(self, tool: Tool) -> None:
        self._tool = tool

    async def turn_for(self, robot: Robot, place: str, arm: str = "") -> None:
        """Have an arm's wafer face as a place needs it, on the way there; nothing is done where it does already."""
        face = self._tool.description.face_at(place)
        if face is not None and robot is self._tool.wet_robot:
            await self.turn(robot, face, place, arm)

    async def turn(self, robot: Robot, face: Face, toward: str = "", arm: str = "") -> None:
        """Have an arm's wafer face up or down, on the way to a place if one is named."""
        material, arm = self._tool.material, arm or robot.name
        wafer = material.at.get(arm)
        if wafer is None:
            return
        right = material.face(wafer.wafer_id) is face and wafer.wafer_id not in material.turning()
        if right and face_shown(self._tool.watch, arm) is face:
            return
        material.intend_flip(wafer, face)
        await robot.ask(lambda: robot.flip(face, toward, arm))
        material.confirm_flip(wafer, face)
