"""The `world.*` command group: what people do around a twin. It does not exist on a real port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from planaris.app.world_access import WorldAccess, WorldError, lot_text
from planaris.model import Lot
from planaris.tool import CommandDoor, CommandRequest, RefusedError


def register_world(door: CommandDoor, world: WorldAccess, lot_of: Callable[[str], Lot | None]) -> None:
    """Offer the world's verbs behind the one door, so that they are audited as every command."""

    async def ask(verb: str, **arguments: Any) -> None:
        try:
            await world.ask(verb, **arguments)
        except WorldError as error:
            raise RefusedError(str(error)) from error

    async def place_cassette(request: CommandRequest) -> str:
        lot = lot_of(str(request.arguments["lot_id"]))
        if lot is None:
            raise RefusedError(f"no lot {request.arguments['lot_id']} is known")
        if lot.load_port != request.arguments["load_port"]:
            raise RefusedError(f"lot {lot.lot_id} belongs on load port {lot.load_port}")
        await ask("place_cassette", lot=lot_text(lot))
        return f"{lot.carrier.carrier_id} on load port {lot.load_port}"

    async def remove_cassette(request: CommandRequest) -> str:
        await ask("remove_cassette", load_port=int(request.arguments["load_port"]))
        return ""

    async def press_emo(_request: CommandRequest) -> str:
        await ask("press_emo")
        return ""

    async def reset_emo(_request: CommandRequest) -> str:
        await ask("reset_emo")
        return ""

    async def inject_fault(request: CommandRequest) -> str:
        given = request.arguments
        target, fault, magnitude = str(given["target"]), str(given["fault"]), float(given.get("magnitude", 0.0))
        lasts_s = given.get("duration_s")
        await ask("inject_fault", target=target, fault=fault, magnitude=magnitude, duration_s=lasts_s)
        return "" if lasts_s is None else f"for {lasts_s:g} s of tool time"

    async def clear_fault(request: CommandRequest) -> str:
        await ask("clear_fault", target=str(request.arguments["target"]))
        return ""

    async def change_part(request: CommandRequest) -> str:
        location, part, serial = (str(request.arguments[name]) for name in ("location", "part", "serial"))
        await ask("change_part", location=location, part=part, serial=serial)
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
