"""The `world.*` command group: what people do around a twin. It does not exist on a real port."""

from __future__ import annotations

from collections.abc import Mapping

from planaris.model import Lot
from planaris.tool import CommandDoor, CommandRequest, RefusedError
from planaris.twin import World


def register_world(door: CommandDoor, world: World, lots: Mapping[str, Lot]) -> None:
    """Offer the world's verbs behind the one door, so that they are audited as every command."""

    async def place_cassette(request: CommandRequest) -> str:
        lot = lots.get(str(request.arguments["lot_id"]))
        if lot is None:
            raise RefusedError(f"no lot {request.arguments['lot_id']} is known")
        if lot.load_port != request.arguments["load_port"]:
            raise RefusedError(f"lot {lot.lot_id} belongs on load port {lot.load_port}")
        world.place_cassette(lot)
        return f"{lot.carrier.carrier_id} on load port {lot.load_port}"

    async def remove_cassette(request: CommandRequest) -> str:
        world.remove_cassette(int(request.arguments["load_port"]))
        return ""

    async def press_emo(_request: CommandRequest) -> str:
        world.press_emo()
        return ""

    async def reset_emo(_request: CommandRequest) -> str:
        world.reset_emo()
        return ""

    async def inject_fault(request: CommandRequest) -> str:
        given = request.arguments
        try:
            world.inject_fault(str(given["target"]), str(given["fault"]), float(given.get("magnitude", 0.0)))
        except ValueError as error:
            raise RefusedError(str(error)) from error
        return ""

    async def clear_fault(request: CommandRequest) -> str:
        world.clear_fault(str(request.arguments["target"]))
        return ""

    async def change_part(request: CommandRequest) -> str:
        location, part, serial = (str(request.arguments[name]) for name in ("location", "part", "serial"))
        try:
            world.change_part(location, part, serial)
        except ValueError as error:
            raise RefusedError(str(error)) from error
        return f"{part} {serial} at {location}"

    for verb, handler in {
        "world.place_cassette": place_cassette,
        "world.remove_cassette": remove_cassette,
        "world.press_emo": press_emo,
        "world.reset_emo": reset_emo,
        "world.inject_fault": inject_fault,
        "world.clear_fault": clear_fault,
        "world.change_part": change_part,
    }.items():
        door.register(verb, handler)
