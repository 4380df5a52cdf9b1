"""The page's link to the tool: what pages look at for a while leaves nothing behind in the port."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from planaris import clock
from planaris.app.page_link import PageLink
from planaris.dictionary import build
from planaris.formats import load_tool
from planaris.processes import load_package
from planaris.stream import EventStream
from planaris.twin import Machine, TwinPort, make_truth

TOOL = load_tool(None)


def test_samples_of_what_nobody_looks_at_any_more_are_not_kept() -> None:
    """Pages come and go for hours of tool time: the port has the subscriptions of those that are there."""

    async def hours() -> list[int]:
        truth = make_truth(load_package("oxide_ild"), "TEOS", TOOL, 1)
        machine = Machine(TOOL, build(TOOL), truth, 1)
        port = TwinPort(machine)
        await port.connect()
        live = SimpleNamespace(stream=EventStream(clock.now_s, lambda _batch, _durable: None))
        facts = SimpleNamespace(speed=20.0)
        link = PageLink(
            cast("Any", None), cast("Any", live), cast("Any", None), port, None, cast("Any", facts), (),
            cast("Any", None), print,
        )  # fmt: skip
        fast = sorted(name for name in port.tags.rate_classes if name.endswith("fast"))
        kept: list[int] = []
        for _ in range(20):
            await link._follow(frozenset(fast))  # pyright: ignore[reportPrivateUsage]
            await asyncio.sleep(300.0)
            await link._follow(frozenset())  # pyright: ignore[reportPrivateUsage]
            kept.append(machine.samplers_count)
        await link.close()
        await port.close()
        machine.close()
        return kept

    assert set(clock.run(hours())) == {0}
