"""What can be set on a link: ids, time limits, sizes and who may connect."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterator
from dataclasses import dataclass

from planaris.model import InputError, InputFault


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer of SEMI E37 with the range of its setting in s (from memory of the standard, unverified)."""

    setting: str
    lowest_s: float
    highest_s: float
    runs: str
    on_expiry: str


TIMERS = (
    Timer("t3_s", 1.0, 120.0, "per open data transaction of ours", "the transaction fails, the link stays"),
    Timer("t5_s", 1.0, 240.0, "active side, from the end of a link or attempt", "it connects again"),
    Timer("t6_s", 1.0, 240.0, "Select, Deselect or Linktest of ours without an answer", "the link ends"),
    Timer("t7_s", 1.0, 240.0, "NOT SELECTED", "the link ends"),
    Timer("t8_s", 1.0, 120.0, "a message has come in part, from its last byte on", "the link ends"),
)
_COUNTS = {
    "device_id": (0, 0x7FFF),
    "max_message_bytes": (10, 0xFFFFFFFF),
    "max_connections_count": (1, 1024),
    "max_open_handlers_count": (1, 100_000),
    "max_held_bytes": (10, 2**32),
}


@dataclass(frozen=True, slots=True)
class HsmsSettings:
    """Settings of a link. Raises InputError with every fault.

    ``t3_s`` reply, ``t5_s`` between attempts to connect, ``t6_s`` control transaction, ``t7_s`` connected but not
    selected, ``t8_s`` between the bytes of a message; ``linktest_period_s`` of silence before a linktest, 0 for none.
    ``max_message_bytes`` counts header and body. ``allowed_peers``: addresses or networks, empty for everybody.
    ``strict_deselect``: a Deselect, which single-session HSMS does not use, is rejected instead of obeyed.
    ``max_connections_count`` sockets are held at once. Of one link ``max_open_handlers_count`` messages are handled at
    once, others wait, and beyond ``max_held_bytes`` of both new ones are aborted; a peer that leaves as many bytes
    of ours unread loses its link. ``unlimited_timers`` lets tests leave the ranges of T3 to T8.
    """

    device_id: int = 0
    t3_s: float = 45.0
    t5_s: float = 10.0
    t6_s: float = 5.0
    t7_s: float = 10.0
    t8_s: float = 5.0
    linktest_period_s: float = 30.0
    max_message_bytes: int = 16 * 2**20
    allowed_peers: tuple[str, ...] = ()
    strict_deselect: bool = False
    max_connections_count: int = 64
    max_open_handlers_count: int = 256
    max_held_bytes: int = 64 * 2**20
    unlimited_timers: bool = False

    def __post_init__(self) -> None:
        if faults := tuple(self._faults()):
            raise InputError("HSMS settings", faults)

    def _faults(self) -> Iterator[InputFault]:
        for timer in TIMERS:
            value = getattr(self, timer.setting)
            lowest, highest = (0.0, math.inf) if self.unlimited_timers else (timer.lowest_s, timer.highest_s)
            if not (lowest <= value <= highest and value > 0):
                limit = f"{timer.lowest_s:g}-{timer.highest_s:g}"
                yield InputFault(timer.setting, str(value), "out of range", limit, "s")
        if not 0 <= self.linktest_period_s <= 86_400:
            yield InputFault(
                "linktest_period_s", str(self.linktest_period_s), "out of range", "0-86400", "s", "0 sends none"
            )
        for name, (low, high) in _COUNTS.items():
            if not low <= getattr(self, name) <= high:
                yield InputFault(name, str(getattr(self, name)), "out of range", f"{low}-{high}")
        for k, peer in enumerate(self.allowed_peers):
            try:
                ipaddress.ip_network(peer)
            except ValueError as error:
                yield InputFault(f"allowed_peers[{k}]", peer, str(error), remedy="e.g. 192.168.1.5 or 192.168.1.0/24")

    def allows(self, address: str) -> bool:
        """Say whether a peer may connect, by the textual IP address of its socket."""
        if not self.allowed_peers:
            return True
        try:
            peer = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(peer, "ipv4_mapped", None)
        candidates = [peer] if mapped is None else [peer, mapped]
        networks = [ipaddress.ip_network(text) for text in self.allowed_peers]
        return any(candidate in network for candidate in candidates for network in networks)
