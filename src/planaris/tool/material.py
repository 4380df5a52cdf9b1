"""The material map: location -> wafer. Intent committed, move, confirmation committed, then believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from planaris.hardware import DeviceFailedError
from planaris.model import Face, Wafer
from planaris.stream import (
    CarrierLifted,
    EventStream,
    FlipIntended,
    MoveCancelled,
    MoveIntended,
    PlaceConfirmed,
    WaferFlipped,
    WaferMoved,
    WaferRegistered,
)


def _any_face(_place: str) -> Face | None:
    return None


class MaterialError(Exception):
    """A move contradicts the map."""


class MaterialMap:
    """Where the tool believes each wafer is and which way it faces, and which moves and turns are under way.

    ``face_at`` says which way a wafer lies at a place, None where it may face either way: on an arm that turns it.
    ``permit`` raises for a place that nothing may leave now: while the tool is halted no move is intended.
    """

    def __init__(self, stream: EventStream, face_at: Callable[[str], Face | None] = _any_face) -> None:
        self._stream, self._face_at = stream, face_at
        self._faces: dict[str, Face] = {}
        self._turning: dict[str, Face] = {}
        self._at: dict[str, Wafer] = {}
        self._where: dict[str, str] = {}
        self._moving: dict[str, str] = {}
        self.permit: Callable[[str], None] = lambda _source: None

    @property
    def at(self) -> Mapping[str, Wafer]:
        """Location -> wafer."""
        return self._at

    def where(self, wafer_id: str) -> str:
        """Return a wafer's location."""
        return self._where[wafer_id]

    def in_motion(self) -> Mapping[str, str]:
        """Wafer -> destination of moves that were intended and not confirmed."""
        return self._moving

    def face(self, wafer_id: str) -> Face:
        """Return which way a wafer faces; while it is turned over, the way it was."""
        return self._face_at(self._where[wafer_id]) or self._faces.get(wafer_id, Face.UP)

    def turning(self) -> Mapping[str, Face]:
        """Wafer -> the way it is to face, of turns that were intended and not confirmed."""
        return self._turning

    def register(self, wafer: Wafer, location: str) -> None:
        """Make a wafer known at a location."""
        if location in self._at:
            raise MaterialError(
                f"{location} already holds {self._at[location].wafer_id}, not room for {wafer.wafer_id}"
            )
        if wafer.wafer_id in self._where:
            raise MaterialError(f"{wafer.wafer_id} is at {self._where[wafer.wafer_id]}, it cannot be at {location} too")
        self._stream.publish(WaferRegistered(wafer.wafer_id, wafer.lot_id, wafer.slot, wafer.kind, location))
        self._at[location] = wafer
        self._where[wafer.wafer_id] = location

    def restore(
        self,
        wafer: Wafer,
        location: str,
        destination: str = "",
        face: Face | None = None,
        turning: Face | None = None,
    ) -> None:
        """Take over what the journal told: where a wafer was confirmed last and how it lay, and what was under way."""
        if face is not None:
            self._faces[wafer.wafer_id] = face
        if turning is not None:
            self._turning[wafer.wafer_id] = turning
        self._at[location] = wafer
        self._where[wafer.wafer_id] = location
        if destination:
            self._moving[wafer.wafer_id] = destination

    def intend(self, source: str, destination: str, *, seen: bool = False) -> Wafer:
        """Commit the intent to move; only then may anything move. A move that was ``seen`` needs no permission."""
        if not seen:
            self.permit(source)
        wafer = self._at.get(source)
        if wafer is None:
            raise MaterialError(f"no wafer is known at {source}")
        if wafer.wafer_id in self._moving:
            raise MaterialError(f"{wafer.wafer_id} is on its way to {self._moving[wafer.wafer_id]}, not {destination}")
        self._need_free(destination, wafer)
        self._stream.commit(MoveIntended(wafer.wafer_id, source, destination))
        self._moving[wafer.wafer_id] = destination
        return wafer

    def confirm(self, wafer: Wafer, then: str | None = None) -> None:
        """Commit that sensors confirmed the intended move, then believe it.

        ``then`` intends the next move in the same commit, unless none is permitted now: a robot that has picked is
        about to place.
        """
        destination = self._moving.get(wafer.wafer_id)
        if destination is None:
            raise MaterialError(f"no move of {wafer.wafer_id} was intended")
        source = self._where[wafer.wafer_id]
        then = then if self._permitted(destination) else None
        if then is not None:
            self._need_free(then, wafer)
        self._stream.publish(WaferMoved(wafer.wafer_id, source, destination))
        if then is not None:
            self._stream.publish(MoveIntended(wafer.wafer_id, destination, then))
        self._stream.flush(durable=True)
        self._faces[wafer.wafer_id] = self.face(wafer.wafer_id)
        self._turning.pop(wafer.wafer_id, None)
        del self._moving[wafer.wafer_id]
        del self._at[source]
        self._at[destination] = wafer
        self._where[wafer.wafer_id] = destination
        if then is not None:
            self._moving[wafer.wafer_id] = then

    def cancel(self, wafer: Wafer, why: str) -> None:
        """Commit that an intended move did not happen: the wafer is where it was."""
        destination = self._moving.get(wafer.wafer_id)
        if destination is None:
            return
        self._stream.commit(MoveCancelled(wafer.wafer_id, self._where[wafer.wafer_id], destination, why))
        del self._moving[wafer.wafer_id]

    def declare(self, wafer: Wafer, location: str, principal: str) -> None:
        """Commit that a person says where a wafer is; that ends any move of it that was under way."""
        other = self._at.get(location)
        if other is not None and other.wafer_id != wafer.wafer_id:
            raise MaterialError(f"{location} holds {other.wafer_id} by the map, it cannot hold {wafer.wafer_id} too")
        source = self._where[wafer.wafer_id]
        self._stream.commit(PlaceConfirmed(wafer.wafer_id, source, location, principal))
        self._faces[wafer.wafer_id] = self.face(wafer.wafer_id)
        self._turning.pop(wafer.wafer_id, None)
        self._moving.pop(wafer.wafer_id, None)
        del self._at[source]
        self._at[location] = wafer
        self._where[wafer.wafer_id] = location

    def intend_flip(self, wafer: Wafer, face: Face) -> None:
        """Commit the intent to turn a wafer; only then may its wrist move. One that stands is not told again."""
        if self._turning.get(wafer.wafer_id) is not face:
            self._stream.commit(FlipIntended(wafer.wafer_id, self._where[wafer.wafer_id], face))
            self._turning[wafer.wafer_id] = face

    def confirm_flip(self, wafer: Wafer, face: Face) -> None:
        """Commit which way sensors show a wafer to face, then believe it; that ends its turn."""
        self._stream.commit(WaferFlipped(wafer.wafer_id, self._where[wafer.wafer_id], face))
        self._turning.pop(wafer.wafer_id, None)
        self._faces[wafer.wafer_id] = face

    def carrier_gone(self, load_port: int) -> None:
        """Commit that a carrier was lifted with all that lay in it: its wafers are no longer in the machine."""
        port = f"loadport{load_port}"
        gone = {place: w for place, w in self._at.items() if place.startswith(f"{port}.")}
        moving = [w.wafer_id for w in gone.values() if w.wafer_id in self._moving]
        if moving:
            raise MaterialError(f"{', '.join(moving)} of {port} is on its way")
        lots = ", ".join(dict.fromkeys(w.lot_id for w in gone.values()))
        self._stream.commit(CarrierLifted(load_port, lots, len(gone)))
        for place, wafer in gone.items():
            del self._at[place]
            del self._where[wafer.wafer_id]
            self._faces.pop(wafer.wafer_id, None)

    def find(self, wafer_id: str) -> Wafer | None:
        """Return a wafer of the map by its id."""
        location = self._where.get(wafer_id)
        return None if location is None else self._at[location]

    def _permitted(self, source: str) -> bool:
        try:
            self.permit(source)
        except DeviceFailedError:
            return False
        return True

    def _need_free(self, location: str, wafer: Wafer) -> None:
        if location in self._at or location in self._moving.values():
            raise MaterialError(f"{location} is not free for {wafer.wafer_id}")
