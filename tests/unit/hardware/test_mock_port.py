"""The mock does what a test told it, and remembers what it was told."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from numpy.typing import NDArray
from port_rigs import dictionary_a

from planaris.clock import run
from planaris.hardware import LinkState, PortError, tags_from
from planaris.hardware.mock import MockPort

TAGS = tags_from(dictionary_a())
SPEED = "platen1.sp_speed_rpm"


def test_writes_are_remembered_with_their_time_and_told() -> None:
    async def story() -> None:
        told: list[object] = []
        port = MockPort(TAGS, on_write=told.append, delay_s=lambda: 0.5)
        await port.connect()
        await port.write({SPEED: 93})
        await port.write({"head1.cmd.request": 1, "head1.cmd.id": 4})
        assert port.written == [(1.0, {SPEED: 93.0}), (1.5, {"head1.cmd.request": True, "head1.cmd.id": 4})]
        assert told == [group for _, group in port.written]

    run(story())


def test_it_samples_the_signal_it_was_given() -> None:
    def signal(rate_class: str, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        assert rate_class == "platen1.fast"
        return np.outer(times_s, np.arange(len(TAGS.of_class(rate_class))))

    async def story() -> None:
        port = MockPort(TAGS, signal=signal)
        await port.connect()
        await asyncio.sleep(2.0)
        names = TAGS.of_class("platen1.fast")
        assert [s.value for s in await port.read(names[:3])] == [0.0, 2.0, 4.0]
        block = await anext(port.subscribe("platen1.fast", 0.05))
        np.testing.assert_allclose(block.values[:, 2], 2.0 * block.time_s, rtol=1e-6)

    run(story())


def test_it_refuses_a_connection_when_told_to() -> None:
    async def story() -> None:
        port = MockPort(TAGS)
        port.refuse_connection = True
        with pytest.raises(PortError):
            await port.connect()
        assert port.link is LinkState.DISCONNECTED
        port.refuse_connection = False
        await port.connect()
        assert port.link is LinkState.CONNECTED

    run(story())
