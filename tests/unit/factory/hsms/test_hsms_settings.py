"""Settings tell all their faults at once, and say who may connect."""

from __future__ import annotations

from typing import Any

import pytest

from planaris.factory.hsms import HsmsSettings
from planaris.model import InputError


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        HsmsSettings(
            device_id=0x8000,
            t3_s=0.5,
            t5_s=241.0,
            t6_s=float("nan"),
            t7_s=-1.0,
            t8_s=121.0,
            linktest_period_s=-1.0,
            max_message_bytes=9,
            allowed_peers=("10.0.0.1", "nonsense", "10.0.0.1/8"),
            max_connections_count=0,
            max_open_handlers_count=0,
            max_held_bytes=0,
        )
    assert [fault.path for fault in caught.value.faults] == [
        *("t3_s", "t5_s", "t6_s", "t7_s", "t8_s", "linktest_period_s", "device_id", "max_message_bytes"),
        *("max_connections_count", "max_open_handlers_count", "max_held_bytes"),
        *("allowed_peers[1]", "allowed_peers[2]"),
    ]
    assert str(caught.value.faults[0]) == "t3_s = 0.5: out of range; limit 1-120 s"


def test_the_defaults_are_those_of_the_reference() -> None:
    s = HsmsSettings()
    assert (s.t3_s, s.t5_s, s.t6_s, s.t7_s, s.t8_s, s.linktest_period_s) == (45.0, 10.0, 5.0, 10.0, 5.0, 30.0)
    assert s.max_message_bytes == 16 * 2**20


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        *(("t3_s", 1.0, 120.0), ("t5_s", 1.0, 240.0), ("t6_s", 1.0, 240.0), ("t7_s", 1.0, 240.0), ("t8_s", 1.0, 120.0)),
        *(("linktest_period_s", 0.0, 86_400.0), ("device_id", 0, 0x7FFF), ("max_message_bytes", 10, 0xFFFFFFFF)),
        *(("max_connections_count", 1, 1024), ("max_open_handlers_count", 1, 100_000), ("max_held_bytes", 10, 2**32)),
    ],
)
def test_the_ends_of_a_range_are_legal_and_what_lies_beyond_is_not(name: str, low: float, high: float) -> None:
    for value in (low, high):
        HsmsSettings(**{name: value})  # pyright: ignore[reportArgumentType]
    for value in (low - 1, high + 1):
        with pytest.raises(InputError, match=f"{name} = "):
            HsmsSettings(**{name: value})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("setting", [{"t3_s": 0.01}, {"t8_s": 500.0}])
def test_tests_may_leave_the_ranges(setting: dict[str, Any]) -> None:
    HsmsSettings(**setting, unlimited_timers=True)
    with pytest.raises(InputError):
        HsmsSettings(**setting)
    with pytest.raises(InputError):
        HsmsSettings(t3_s=0.0, unlimited_timers=True)


@pytest.mark.parametrize(
    ("allowed", "peer", "may"),
    [
        ((), "192.168.1.5", True),
        (("192.168.1.5",), "192.168.1.5", True),
        (("192.168.1.5",), "192.168.1.6", False),
        (("192.168.1.0/24", "::1"), "192.168.1.77", True),
        (("192.168.1.0/24", "::1"), "::1", True),
        (("192.168.1.0/24",), "::ffff:192.168.1.7", True),
        (("fe80::/10",), "fe80::1%eth0", True),
        (("192.168.1.0/24",), "", False),
        (("192.168.1.0/24",), "::1", False),
    ],
)
def test_peers_are_allowed_by_address_or_network(allowed: tuple[str, ...], peer: str, may: bool) -> None:
    assert HsmsSettings(allowed_peers=allowed).allows(peer) is may
