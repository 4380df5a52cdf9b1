"""Facility supplies: inside their plausible ranges, slowly swinging, sampled once a second."""

from __future__ import annotations

import asyncio

import numpy as np
from twin_case import TwinCase, all_blocks, dictionary_a, rows_of

from planaris.clock import run
from planaris.twin.facility import FACILITY_SIGNALS, Facility


def test_supplies_are_those_of_the_dictionary_and_stay_in_their_ranges() -> None:
    variables = {v.name: v for v in dictionary_a().rate_class("facility")}
    names = [f"facility.{signal.tag}" for signal in FACILITY_SIGNALS]
    assert sorted(names) == sorted(variables)
    course = Facility().values(np.arange(0.0, 4000.0))
    for name, values, signal in zip(names, course.T, FACILITY_SIGNALS, strict=True):
        template = variables[name].template
        assert template.minimum is not None
        assert template.maximum is not None
        assert template.minimum < values.min() - 5 * signal.noise
        assert values.max() + 5 * signal.noise < template.maximum
        # It moves over minutes by more than its noise, and from second to second by less.
        assert np.ptp(values) > 2 * signal.noise
        assert np.abs(np.diff(values)).max() < signal.noise


def test_they_are_read_at_one_hertz_with_noise_that_hangs_on_the_second() -> None:
    async def story() -> None:
        case = TwinCase()
        async with case.connected():
            subscriptions = [case.port.subscribe("facility", block_s) for block_s in (1.0, 60.0)]
            readers = [asyncio.create_task(all_blocks(s)) for s in subscriptions]
            await asyncio.sleep(300.0)
            for subscription in subscriptions:
                subscription.close()
            each, minutes = await asyncio.gather(*readers)
            assert len(each) == 300
            np.testing.assert_array_equal(rows_of(each), rows_of(minutes))
            times = np.concatenate([b.time_s for b in each])
            noise = (rows_of(each) - Facility().values(times)) / [s.noise for s in FACILITY_SIGNALS]
            assert np.abs(noise.std(axis=0) - 1.0).max() < 4.5 / np.sqrt(2 * 300)

    run(story())
