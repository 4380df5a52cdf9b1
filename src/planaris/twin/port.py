"""The twin's port: the same seam as a real PLC's, with physics behind the tags."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from planaris.hardware import (
    STATE,
    LinkState,
    NotWritableError,
    PortError,
    PortKind,
    Sample,
    Subscription,
    TagTable,
    UnknownTagError,
    Value,
)
from planaris.model import Quality
from planaris.twin.machine import Machine
from planaris.twin.sampling import SampledSubscription


class TwinPort:
    """Port onto a `Machine`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._link = LinkState.DISCONNECTED
        self._sampled: list[tuple[str, SampledSubscription]] = []

    @property
    def kind(self) -> PortKind:
        """Always the twin."""
        return PortKind.TWIN

    @property
    def tags(self) -> TagTable:
        """All tags of the machine."""
        return self._machine.plc.tags

    @property
    def link(self) -> LinkState:
        """State of the link."""
        return self._link

    async def connect(self) -> None:
        """Open the link."""
        self._link = LinkState.CONNECTING
        await asyncio.sleep(self._machine.plc.delay_s())
        self._link = LinkState.CONNECTED

    async def read(self, names: Sequence[str]) -> tuple[Sample, ...]:
        """Return present values after the link's delay; evaluating them commits nothing."""
        self._check(names)
        await asyncio.sleep(self._machine.plc.delay_s())
        now_s = asyncio.get_running_loop().time()
        rows: dict[str, Mapping[str, float]] = {}
        samples: list[Sample] = []
        for name in names:
            owner = name.split(".", 1)[0]
            if self.tags[name].rate_class == STATE:
                value = self._machine.plc.values[name]
            else:
                if owner not in rows:
                    rows[owner] = self._machine.sensors_now(owner, now_s)
                value = rows[owner][name]
            samples.append(Sample(name, value, now_s, Quality.GOOD))
        return tuple(samples)

    async def write(self, values: Mapping[str, Value]) -> None:
        """Write a group of tags; they take effect together after the link's delay."""
        self._check(values)
        if locked := [name for name in values if not self.tags[name].writable]:
            raise NotWritableError(f"not writable: {', '.join(locked)}")
        await asyncio.sleep(self._machine.plc.delay_s())
        self._machine.plc.write(values)

    def subscribe(self, rate_class: str, block_s: float = 1.0) -> Subscription:
        """Start a subscription of a rate class."""
        if self._link is not LinkState.CONNECTED:
            raise PortError("not connected")
        if rate_class == STATE:
            return self._machine.plc.subscribe()
        if rate_class not in self.tags.rate_classes:
            raise UnknownTagError([rate_class])
        owner = rate_class.split(".", 1)[0]
        subscription = SampledSubscription(
            self._machine.owner(owner), rate_class, block_s, self._machine.plc.delay_s, self._went_on
        )
        self._sampled.append((owner, subscription))
        self._went_on()
        return subscription

    def _went_on(self) -> None:
        """Tell the machine what samplers still want."""
        self._sampled = [(owner, s) for owner, s in self._sampled if not s.ended]
        self._machine.sampling([(owner, s.next_sample_s) for owner, s in self._sampled])

    async def close(self) -> None:
        """Close the link and end all subscriptions."""
        for _, subscription in tuple(self._sampled):
            subscription.close()
        self._machine.plc.close()
        self._link = LinkState.DISCONNECTED

    def _check(self, names: Sequence[str] | Mapping[str, Value]) -> None:
        if self._link is not LinkState.CONNECTED:
            raise PortError("not connected")
        self.tags.check(names)
