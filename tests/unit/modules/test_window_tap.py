"""A wafer is looked at where a step ends by an endpoint, and nobody computes a spectrum else."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from module_bench import ModuleBench, short_recipe, visit_of

from planaris import clock
from planaris.control import Decision, DecisionKind
from planaris.model import Block, EndKind, Recipe
from planaris.modules import Platen, StepControl


class Silent:
    """A detector that never decides."""

    def start(self, start_s: float) -> float:
        return start_s

    def step(self, state: float, block: Block) -> tuple[float, Decision]:
        return state, Decision(DecisionKind.NONE, float(block.time_s[-1]))


@pytest.mark.parametrize("looks", [True, False])
def test_what_the_window_sees_is_recorded_where_an_endpoint_asks(looks: bool) -> None:
    recipe = short_recipe(polish_s=8.0)
    if looks:
        steps = tuple(
            replace(s, end=replace(s.end, kind=EndKind.ENDPOINT, max_s=8.0)) if s.kind == "polish" else s
            for s in recipe.steps
        )
        recipe = replace(recipe, steps=steps)

    def silent(wafer_id: str, recipe: Recipe, step: int, into_s: float = 0.0) -> StepControl:
        del wafer_id, recipe, step, into_s
        return StepControl(Silent())

    async def scenario() -> ModuleBench:
        bench = ModuleBench()
        bench.context.endpoint_of = silent
        platen = Platen(1, bench.context)
        async with bench.serving():
            await bench.bring()
            await platen.polish(visit_of(recipe))
            assert bench.machine.process.platens[1].courses is None
            await asyncio.sleep(1.0)
        return bench

    traces = clock.run(scenario()).traces
    assert [t.header.kind for t in traces] == (["", "optical"] if looks else [""])
    assert all(t.finished for t in traces)
    if looks:
        window = traces[1]
        assert [s.name for s in window.spans] == [s.name for s in traces[0].spans]
        assert dict(zip(window.columns, window.widths, strict=True))["platen.spectrum"] == 256
        rows = np.concatenate(window.values)
        assert rows.shape == (window.rows_count, sum(window.widths))
        # A dozen turns at the recipe's speed, each with 16 flashes on the wafer and the reference.
        assert 100 < window.rows_count < 600
        assert 0.02 < 1.0 - window.column("platen.window_under_wafer").mean() < 0.1
