"""The OPC UA port where the contract ends: a PLC that dies and comes back, other clocks, tools and clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from opcua_rig import OpcuaRig, RigPort
from port_rigs import DEVICE, VERB, connected, dictionary_a

from planaris.clock import SameLoop, now_s, run
from planaris.hardware import STATE, HandshakeLostError, LinkState, PortError, PortKind, tags_from
from planaris.hardware.opcua import OpcuaPort, tags_digest
from planaris.hardware.opcua.feeds import SampledFeed
from planaris.hardware.opcua.space import NAMESPACE_URI, BadBlockError, decode_block, encode_block, node_id
from planaris.model import Block, Quality
from planaris.twin import LinkModel

SPEED, WAFER = "platen1.sp_speed_rpm", "stage.wafer_present"


def rig_of(port: object) -> OpcuaRig:
    assert isinstance(port, OpcuaRig)
    return port


async def until(condition: Callable[[], bool], limit_s: float = 60.0) -> None:
    """Look every hundredth of a second."""
    for _ in range(round(limit_s * 100)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


async def linked(port: OpcuaPort, state: LinkState) -> None:
    """Wait until the link is so."""
    await until(lambda: port.link is state)


# -- what stands behind ------------------------------------------------------------------------------------------


def test_a_twin_behind_the_wire_is_shown_as_a_twin() -> None:
    async def story() -> tuple[PortKind, PortKind]:
        async with connected(OpcuaRig) as c:
            return RigPort(rig_of(c.rig), "").kind, c.port.kind

    assert run(story()) == (PortKind.OPCUA, PortKind.TWIN)


def test_a_plc_of_another_tool_is_refused() -> None:
    async def story() -> None:
        async with connected(OpcuaRig) as c:
            rig = rig_of(c.rig)
            fewer = tags_from(dictionary_a())
            other = OpcuaPort(
                f"127.0.0.1:{rig.line.port}", type(fewer)(list(fewer.values())[:-1]), SameLoop(), synchronised_s=0.0
            )
            with pytest.raises(PortError, match="other tags"):
                await other.connect()
            assert other.link is LinkState.DISCONNECTED

    run(story())


def test_the_digest_knows_every_property_of_a_tag() -> None:
    tags = tags_from(dictionary_a())
    first = next(iter(tags.values()))
    changes = {"writable": not first.writable, "rate_class": "facility", "shape": (3,), "name": "x.y"}
    digests = {tags_digest(tags)}
    for field, value in changes.items():
        digests.add(tags_digest(type(tags)([replace(first, **{field: value}), *list(tags.values())[1:]])))
    assert len(digests) == len(changes) + 1


# -- the link lost and back --------------------------------------------------------------------------------------


def test_a_lost_link_marks_values_and_comes_back_with_a_snapshot_and_a_gap() -> None:
    async def story() -> None:
        async with connected(OpcuaRig, LinkModel(0.02)) as c:
            rig, port = rig_of(c.rig), rig_of(c.rig).port
            state, fast = port.subscribe(STATE), port.subscribe("platen1.fast", 0.5)
            snapshot = await anext(state)
            assert not snapshot.gap
            for _ in range(2):
                assert not (await anext(fast)).gap
            await rig.stop_server()
            rig.line.cut()
            await linked(port, LinkState.CONNECTING)
            marked = await anext(state)
            assert set(marked.quality.tolist()) == {Quality.BAD}
            assert set(marked.tags) == set(snapshot.tags)
            with pytest.raises(PortError):
                await port.read([WAFER])
            with pytest.raises(PortError):
                await port.write({SPEED: 1.0})
            lost_s = now_s()
            rig.change({WAFER: True})
            await rig.start_server()
            await linked(port, LinkState.CONNECTED)
            back = await anext(state)
            assert back.gap
            assert set(back.quality.tolist()) == {Quality.GOOD}
            assert back.values[0, back.tags.index(WAFER)] == 1
            blocks = [await anext(fast) for _ in range(4)]
            after = [b for b in blocks if b.time_s[0] > lost_s]
            assert [b.gap for b in after] == [True, *[False] * (len(after) - 1)]
            assert [b.sequence for b in blocks] == list(range(blocks[0].sequence, blocks[0].sequence + 4))

    run(story())


def test_a_command_whose_answer_was_lost_with_the_link_is_done_once() -> None:
    async def story() -> None:
        async with connected(OpcuaRig, LinkModel(0.05)) as c:
            rig, port = rig_of(c.rig), rig_of(c.rig).port
            doing = asyncio.create_task(c.device.do(VERB, limit_s=60.0))
            await until(lambda: bool(c.rig.starts))
            # The PLC has the command and moves; its answer never comes.
            rig.line.cut()
            await linked(port, LinkState.CONNECTING)
            await linked(port, LinkState.CONNECTED)
            await doing
            assert len(c.rig.starts) == 1
            assert [s.value for s in await port.read([f"{DEVICE}.sts.done"])] == [True]

    run(story())


def test_a_plc_that_stays_away_fails_a_command_by_name() -> None:
    async def story() -> None:
        async with connected(OpcuaRig) as c:
            rig = rig_of(c.rig)
            await rig.stop_server()
            rig.line.cut()
            await linked(rig.port, LinkState.CONNECTING)
            with pytest.raises(HandshakeLostError, match=f"{DEVICE}.{VERB}"):
                await c.device.do(VERB, limit_s=10.0)
            assert c.rig.starts == []

    run(story())


# -- two clocks --------------------------------------------------------------------------------------------------


def test_times_of_another_clock_are_told_in_tool_time() -> None:
    async def story() -> None:
        async with connected(OpcuaRig, LinkModel(0.03)) as c:
            rig = rig_of(c.rig)
            assert rig.server is not None
            rig.server._epoch_ns = 1_900_000_000_000_000_000
            port = OpcuaPort(f"127.0.0.1:{rig.line.port}", tags_from(dictionary_a()), SameLoop())
            await port.connect()
            state, fast = port.subscribe(STATE), port.subscribe("head1.fast", 0.2)
            await anext(state)
            begun_s = now_s()
            rig.change({WAFER: True})
            changed = await anext(state)
            while WAFER not in changed.tags:
                changed = await anext(state)
            # The line is even, so the offset is exact but for the resolution of a time stamp.
            assert changed.time_s[0] == pytest.approx(begun_s, rel=0, abs=2e-6)
            (sample,) = await port.read([WAFER])
            assert sample.time_s == pytest.approx(now_s() - 0.03, rel=0, abs=2e-6)
            await anext(fast)
            block = await anext(fast)
            np.testing.assert_allclose(np.diff(block.time_s), 0.01, atol=1e-9)
            assert block.time_s[-1] == pytest.approx(now_s() - 0.04, abs=0.11)
            await port.close()

    run(story())


# -- any client --------------------------------------------------------------------------------------------------


def test_a_foreign_client_finds_texts_units_and_access_and_writes_whole_groups() -> None:
    async def story() -> None:
        async with connected(OpcuaRig) as c:
            rig = rig_of(c.rig)
            async with Client(f"opc.tcp://127.0.0.1:{rig.server_port}") as client:
                index = await client.get_namespace_index(NAMESPACE_URI)
                speed, present = (client.get_node(node_id(name, index)) for name in (SPEED, WAFER))
                variable = dictionary_a().variable(SPEED)
                assert (await speed.read_description()).Text == variable.text_en
                texts = {
                    str((await p.read_browse_name()).Name): await p.read_value() for p in await speed.get_properties()
                }
                assert texts["Unit"] == variable.unit
                assert texts["TextZh"].Text == variable.text_zh
                assert ua.AccessLevel.CurrentWrite in await speed.get_access_level()
                assert ua.AccessLevel.CurrentWrite not in await present.get_access_level()
                double = ua.DataValue(ua.Variant(55.0, ua.VariantType.Double))
                boolean = ua.DataValue(ua.Variant(True, ua.VariantType.Boolean))
                writes = [
                    ua.WriteValue(speed.nodeid, AttributeIds.Value, Value=double),
                    ua.WriteValue(present.nodeid, AttributeIds.Value, Value=boolean),
                ]
                codes = await client.uaclient.write(ua.WriteParameters(writes))
                assert [code.is_good() for code in codes] == [False, False]
                assert await speed.read_value() == 0.0
                codes = await client.uaclient.write(ua.WriteParameters(writes[:1]))
                assert codes[0].is_good()
                assert await speed.read_value() == 55.0
                wrong = ua.DataValue(ua.Variant("fast", ua.VariantType.String))
                codes = await client.uaclient.write(
                    ua.WriteParameters([ua.WriteValue(speed.nodeid, AttributeIds.Value, Value=wrong)])
                )
                assert codes[0].name == "BadTypeMismatch"

    run(story())


def test_every_tag_has_its_node() -> None:
    async def story() -> None:
        async with connected(OpcuaRig) as c:
            rig = rig_of(c.rig)
            async with Client(f"opc.tcp://127.0.0.1:{rig.server_port}") as client:
                index = await client.get_namespace_index(NAMESPACE_URI)
                for name in tags_from(dictionary_a()):
                    await client.get_node(node_id(name, index)).read_value()

    run(story())


# -- blocks ------------------------------------------------------------------------------------------------------


def test_a_block_goes_through_its_bytes_unchanged() -> None:
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    quality = np.array([2, 0, 1], dtype=np.uint8)
    block = Block("platen1.fast", ("a", "b"), np.array([0.1, 0.11, 0.12]), values, quality, 7, True)
    found = decode_block(encode_block(block, 100_000_000, 100.0))
    np.testing.assert_array_equal(found.values, values)
    np.testing.assert_array_equal(found.quality, quality)
    assert (found.first_ns, found.rate_Hz, found.sequence, found.gap) == (100_000_000, 100.0, 7, True)
    assert found.first_sample == 10


def test_samples_of_a_window_carry_their_times_and_widths() -> None:
    times = np.array([0.1, 0.117, 0.75])
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    quality = np.full(3, 2, dtype=np.uint8)
    sent = Block("platen1.optical", ("a", "s"), times, rows, quality, 3, widths=(1, 3))
    wire = decode_block(encode_block(sent, 5_100_000_000, None))

    async def story() -> None:
        feed = SampledFeed("platen1.optical", ("a", "s"), (1, 3), 1.0, lambda: 0.11, 1.0)
        feed.arrived(wire, 5_000_000_000)
        feed.arrived(wire, 5_000_000_000)
        got = await anext(feed)
        # What was before the subscription is not told, and nothing twice.
        np.testing.assert_allclose(got.time_s, times[1:], atol=1e-9)
        np.testing.assert_array_equal(got.column("s"), rows[1:, 1:])
        feed.end()
        with pytest.raises(StopAsyncIteration):
            await anext(feed)

    run(story())


def test_the_layout_is_the_documented_one() -> None:
    block = Block("facility", ("a",), np.array([2.0]), np.array([[1.5]], np.float32), np.array([2], np.uint8), 258)
    data = encode_block(block, 2_000_000_000, 1.0)
    assert data.hex(" ") == (
        "50 4c 42 31 01 00 01 00 02 01 00 00 e8 03 00 00 00 94 35 77 00 00 00 00 00 00 00 00 00 00 c0 3f 02"
    )


@pytest.mark.parametrize("data", [b"", b"PLB1", b"x" * 33])
def test_what_is_no_block_is_refused(data: bytes) -> None:
    with pytest.raises(BadBlockError):
        decode_block(data)
