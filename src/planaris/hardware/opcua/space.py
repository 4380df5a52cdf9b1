"""What both ends of the wire agree on: namespace, nodes, types, clock and the layout of a block of samples.

docs/reference/opcua.md tells the same to those who program a PLC.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import cast

import numpy as np
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes
from numpy.typing import NDArray

from planaris.clock import ns_of_utc, utc_of_ns
from planaris.hardware.port import PortError
from planaris.hardware.tags import OPTICAL, STATE, DType, Tag, TagTable, Value
from planaris.model import Block, Quality

NAMESPACE_URI = "urn:planaris:tool"
"""Namespace of the tags, the blocks, the clock and the identity."""

# Identifiers of nodes that are no tags; tags have their full name as string identifier.
TAGS, BLOCKS, IDENTITY, CLOCK = "Tags", "Blocks", "Identity", "Clock"

_NS = 1_000_000_000
_MAGIC, _MAGIC_TIMED = b"PLB1", b"PLB2"
# Magic, columns, samples, sequence, rate in mHz, PLC time of the first sample in ns, flags.
_HEADER = struct.Struct("<4sHHIIqI")
_FLAG_GAP = 1
_VARIANTS = {DType.BOOL: ua.VariantType.Boolean, DType.INT: ua.VariantType.Int32, DType.FLOAT: ua.VariantType.Double}
_TO_STATUS = {
    Quality.GOOD: StatusCodes.Good,
    Quality.UNCERTAIN: StatusCodes.Uncertain,
    Quality.BAD: StatusCodes.Bad,
}

# Facility supplies are sampled once a second, process sensors at 100 Hz (the dictionary's rate classes).
_FACILITY_RATE_Hz, _FAST_RATE_Hz = 1.0, 100.0


def rate_Hz(rate_class: str) -> float | None:
    """Return the sampling rate of a rate class, None of window sensors, which sample when their window passes."""
    if rate_class.endswith(f".{OPTICAL}"):
        return None
    return _FACILITY_RATE_Hz if rate_class == "facility" else _FAST_RATE_Hz


class BadBlockError(PortError):
    """A block node holds something that is no block."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What stands behind an endpoint, as it declares itself.

    ``kind`` is "twin" or "machine"; ``speed`` is PLC seconds per second, 1 on every machine; ``tags`` is the digest
    of the tag table; ``block_s`` is how long a block of samples is; ``world`` is where a twin takes what people do
    around it, '' on a machine.
    """

    kind: str
    tool: str
    speed: float
    tags: str
    block_s: float
    world: str = ""


def tags_digest(tags: TagTable) -> str:
    """Return a digest of all tags with their types, shapes, classes and access, in order."""
    rows = (f"{t.name} {t.dtype} {t.shape} {t.rate_class} {t.writable}" for t in tags.values())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


def variant_type(tag: Tag) -> ua.VariantType:
    """Return the OPC UA type of a tag: Boolean, Int32 or Double; samples are Float."""
    if tag.rate_class != STATE and not tag.writable and tag.dtype is DType.FLOAT:
        return ua.VariantType.Float
    return _VARIANTS[tag.dtype]


def to_variant(tag: Tag, value: Value) -> ua.Variant:
    """Return a value as its tag's OPC UA type, a one-dimensional array for a tag with a shape."""
    kind = variant_type(tag)
    if isinstance(value, tuple):
        return ua.Variant([_plain(kind, v) for v in value], kind, is_array=True)
    return ua.Variant(_plain(kind, value), kind)


def _plain(kind: ua.VariantType, value: float) -> float:
    if kind is ua.VariantType.Boolean:
        return bool(value)
    return int(value) if kind is ua.VariantType.Int32 else float(value)


def from_variant(tag: Tag, variant: ua.Variant | None) -> Value:
    """Return what a node's value says, as the tag's type; raise `BadValueError` if it is none."""
    value = None if variant is None else variant.Value
    return tag.cast(tuple(value) if isinstance(value, list) else float("nan") if value is None else value)


def to_status(quality: Quality) -> ua.StatusCode:
    """Return a quality as a status code."""
    return ua.StatusCode(ua.UInt32(_TO_STATUS[quality]))


def from_status(status: ua.StatusCode | None) -> Quality:
    """Return a status code as a quality; none at all means good (OPC UA part 4, 7.7)."""
    if status is None or status.is_good():
        return Quality.GOOD
    return Quality.BAD if status.is_bad() else Quality.UNCERTAIN


def to_date(time_ns: int) -> ua.DateTime:
    """Return PLC time as a date, to the microsecond."""
    return cast(ua.DateTime, utc_of_ns(time_ns))


def from_date(date: ua.DateTime) -> int:
    """Return a time stamp as PLC time in ns."""
    return ns_of_utc(date)


def node_id(name: str, namespace: int) -> ua.NodeId:
    """Return the id of a node of ours."""
    return ua.NodeId(ua.String(name), ua.Int16(namespace))


def standard(number: int) -> ua.NodeId:
    """Return the id of a node of the standard."""
    return ua.NodeId(ua.Int32(number))


def to_ns(time_s: float) -> int:
    """Return seconds as whole ns."""
    return round(time_s * _NS)


def to_s(time_ns: int) -> float:
    """Return ns as seconds."""
    return time_ns / _NS


@dataclass(frozen=True, slots=True)
class WireBlock:
    """A block as it travels: values (n, columns), quality (n,), time of its first sample in PLC ns, its rate.

    Without a rate, 0, ``after_ns`` (n,) says how long after the first each sample was taken.
    """

    first_ns: int
    rate_Hz: float
    sequence: int
    gap: bool
    values: NDArray[np.float32]
    quality: NDArray[np.uint8]
    after_ns: NDArray[np.int64] | None = None

    @property
    def first_sample(self) -> int:
        """Number of the first sample on the PLC's clock: sample k is taken at k/rate."""
        return round(self.first_ns * self.rate_Hz / _NS)


def encode_block(block: Block, first_ns: int, rate_Hz: float | None) -> bytes:
    """Return a block's bytes; without a rate each sample carries its time."""
    samples, columns = block.values.shape
    flags = _FLAG_GAP if block.gap else 0
    magic, rate_mHz = (_MAGIC_TIMED, 0) if rate_Hz is None else (_MAGIC, round(rate_Hz * 1000))
    header = _HEADER.pack(magic, columns, samples, block.sequence, rate_mHz, first_ns, flags)
    values = np.ascontiguousarray(block.values, "<f4").tobytes() + block.quality.astype(np.uint8).tobytes()
    if rate_Hz is not None:
        return header + values
    return header + np.round((block.time_s - block.time_s[0]) * _NS).astype("<i8").tobytes() + values


def decode_block(data: bytes) -> WireBlock:
    """Return the block of some bytes; raise `BadBlockError` if they are none."""
    if len(data) < _HEADER.size:
        raise BadBlockError(f"a block of {len(data)} bytes is shorter than its header of {_HEADER.size}")
    magic, columns, samples, sequence, rate_mHz, first_ns, flags = _HEADER.unpack_from(data)
    timed = magic == _MAGIC_TIMED
    begin = _HEADER.size + (8 * samples if timed else 0)
    wanted = begin + samples * (4 * columns + 1)
    if magic not in {_MAGIC, _MAGIC_TIMED} or len(data) != wanted or timed == bool(rate_mHz):
        raise BadBlockError(
            f"a block begins with {magic!r} and has {len(data)} bytes; {_MAGIC!r} and {wanted} expected"
        )
    after_ns = np.frombuffer(data, "<i8", samples, _HEADER.size).astype(np.int64) if timed else None
    values = np.frombuffer(data, "<f4", samples * columns, begin).reshape(samples, columns).astype(np.float32)
    quality = np.frombuffer(data, np.uint8, samples, begin + 4 * samples * columns)
    return WireBlock(first_ns, rate_mHz / 1000, sequence, bool(flags & _FLAG_GAP), values, quality, after_ns)
