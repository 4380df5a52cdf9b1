"""A factory interface in a process of its own that a test kills: ``python gem_killed.py HOME EVENTS``.

It prints its port, waits for a line on stdin, then lets that many lots end, and prints when all are told.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "factory"))

from gem_bench import BenchPorts, dictionary

from planaris.factory import Face, FactorySettings, GemSettings
from planaris.historian import Home
from planaris.stream import Committed, LotEnded


async def main(home: Path, first: int, count: int) -> None:
    ports = BenchPorts()
    with Home.open(home, label="test") as opened:
        face = Face(FactorySettings(port=0, gem=GemSettings(software="0.1.0")), dictionary(), ports, opened.database)
        running = asyncio.ensure_future(face.run(lambda _, port: print(port, flush=True)))
        await asyncio.to_thread(sys.stdin.readline)
        for number in range(first, first + count):
            ports.items.put_nowait(Committed(number, float(number), LotEnded(f"L{number}", "completed", 1)))
        last = f"L{first + count - 1}"
        for _ in range(3_000):
            if not count or face.equipment.core.latest.values.get("lot_id") == last:
                break
            await asyncio.sleep(0.01)
        print("told", flush=True)
        await running


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
