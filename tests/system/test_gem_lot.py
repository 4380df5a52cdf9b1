"""A host and the equipment side over real sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from gem_bench import BenchPorts, dictionary

from planaris.factory import Face, FactorySettings, GemSettings, Host
from planaris.historian import Home
from planaris.stream import Committed, RunStarted, StepEnded

STEP = StepEnded("L.01", 1, 2, 1, "bulk", 55.0, "time", 180.0, 0.0)


async def _scenario(home: Path) -> None:
    ports = BenchPorts()
    settings = FactorySettings(port=0, gem=GemSettings(software="0.1.0"))
    face = Face(settings, dictionary(), ports, home)
    address: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
    running = asyncio.ensure_future(face.run(lambda host, port: address.set_result((host, port))))
    try:
        async with Host(*await address) as host:
            await host.establish(10.0)
            assert (host.model, host.software) == ("PLANARIS", "0.1.0")
            assert await host.online() == 2
            await host.learn()
            await host.subscribe("step_ended", "wafer_id", "duration_s", "tool.port_kind", "tool.tool_name")
            ports.items.put_nowait(Committed(1, 0.0, RunStarted("tool A", "twin", 1, "0.1.0")))
            ports.items.put_nowait(Committed(2, 60.0, STEP))
            told = await host.told(5.0)
            assert told.name == "step_ended"
            name = dictionary().tool_name
            expected = {"wafer_id": "L.01", "duration_s": 55.0, "tool.port_kind": "twin", "tool.tool_name": name}
            assert told.values == expected
            assert await host.values("tool.port_kind", "tool.control_state") == {
                "tool.port_kind": "twin",
                "tool.control_state": 5,
            }
            assert await host.command("job.start", lot_id="L1") == 0
            assert ports.requests[0].arguments == {"lot_id": "L1"}
    finally:
        running.cancel()
        await asyncio.wait([running])


@pytest.mark.timeout(60)
def test_a_host_establishes_communication_defines_a_report_and_gets_the_event(tmp_path: Path) -> None:
    with Home.open(tmp_path, label="test") as home:
        asyncio.run(_scenario(home.database))
