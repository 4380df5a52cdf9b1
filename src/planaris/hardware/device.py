"""A device command: a handshake over tags, as on a PLC.

The controller writes verb, arguments, a fresh id and `request`; the device echoes the id with `busy`, then
raises `done` or `error`; the controller drops `request`. A duplicate id is ignored by the device, so a lost
acknowledgement is cured by writing the same command again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from planaris.hardware.port import Port, PortError
from planaris.hardware.watch import TagWatch, WaitTimeoutError


class DeviceFailedError(Exception):
    """A device did not do what it was told: which, what, why and what to do."""

    def __init__(self, device: str, verb: str, problem: str, remedy: str) -> None:
        self.device = device
        self.verb = verb
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{device}.{verb}: {problem}; {remedy}")


class HandshakeLostError(DeviceFailedError):
    """The device never acknowledged the command."""


class DeviceTimeoutError(DeviceFailedError):
    """The device acknowledged but did not finish in time."""


class DeviceReportedError(DeviceFailedError):
    """The device answered with an error code."""

    def __init__(self, device: str, verb: str, code: int, text: str) -> None:
        self.code = code
        super().__init__(device, verb, f"error {code} ({text})", "clear the cause at the device, then retry")


@dataclass(frozen=True, slots=True)
class HandshakeLimits:
    """Time limits of a handshake, seconds of tool time."""

    acknowledge_s: float = 1.0
    retries_count: int = 3
    ask_again_s: float = 30.0


class Device:
    """Client side of one device's handshake. Commands of one device run one after another."""

    def __init__(
        self,
        port: Port,
        watch: TagWatch,
        name: str,
        verbs: Mapping[str, int],
        errors: Mapping[int, str],
        limits: HandshakeLimits | None = None,
        before: Callable[[str, str, float], None] = lambda _device, _verb, _arg2: None,
    ) -> None:
        self.name = name
        self._before = before
        self._port = port
        self._watch = watch
        self._verbs = verbs
        self._errors = errors
        self._limits = limits or HandshakeLimits()
        self._sts_id = f"{name}.sts.id"
        self._sts_done = f"{name}.sts.done"
        self._sts_error = f"{name}.sts.error"
        self._last_id: int | None = None

    async def do(self, verb: str, arg1: float = 0, arg2: float = 0, *, limit_s: float) -> None:
        """Run a verb to its end; raise a `DeviceFailedError` if it is not done within ``limit_s``.

        ``before`` is asked first, with the device, verb and second argument, and may raise.
        """
        self._before(self.name, verb, arg2)
        number = self._next_id()
        command = {
            f"{self.name}.cmd.verb": self._verbs[verb],
            f"{self.name}.cmd.arg1": arg1,
            f"{self.name}.cmd.arg2": arg2,
            f"{self.name}.cmd.id": number,
            f"{self.name}.cmd.request": True,
        }
        await self._acknowledged(command, verb, number)
        await self._finished(verb, limit_s)
        code = int(self._watch[self._sts_error])
        # Done is done: a release that does not get through is made good by the next command, which has a new id.
        with contextlib.suppress(PortError):
            await self._port.write({f"{self.name}.cmd.request": False})
        if code:
            raise DeviceReportedError(self.name, verb, code, self._errors.get(code, "unknown"))

    async def _acknowledged(self, command: Mapping[str, float | bool], verb: str, number: int) -> None:
        problem = "no acknowledgement"
        for _ in range(self._limits.retries_count + 1):
            try:
                await self._port.write(command)
            except PortError as error:
                problem = str(error)
                await asyncio.sleep(self._limits.acknowledge_s)
                continue
            try:
                await self._watch.until(
                    lambda: self._watch[self._sts_id] == number,
                    (self._sts_id,),
                    self._limits.acknowledge_s,
                    f"{self.name}.{verb} acknowledged",
                )
            except WaitTimeoutError:
                continue
            return
        tried = self._limits.retries_count + 1
        raise HandshakeLostError(
            self.name, verb, f"{problem} after {tried} tries", "check the link and the PLC, then retry"
        )

    async def _finished(self, verb: str, limit_s: float) -> None:
        """Wait for `done` or `error`; now and then ask outright, in case the news was lost on the way."""
        watch, tags = self._watch, (self._sts_done, self._sts_error)
        left_s = limit_s
        while True:
            slice_s = min(left_s, self._limits.ask_again_s)
            try:
                await watch.until(
                    lambda: watch[self._sts_done] > 0 or watch[self._sts_error] > 0,
                    tags,
                    slice_s,
                    f"{self.name}.{verb} done",
                )
            except WaitTimeoutError as error:
                left_s -= slice_s
                with contextlib.suppress(PortError):
                    await watch.ask((self._sts_id, *tags))
                if left_s <= 0 and not (watch[self._sts_done] > 0 or watch[self._sts_error] > 0):
                    problem = f"not done within {limit_s:g} s"
                    remedy = "look at the device, then abort or retry"
                    raise DeviceTimeoutError(self.name, verb, problem, remedy) from error
                continue
            return

    def _next_id(self) -> int:
        """Go on from the id the device shows, so that a restarted controller never repeats one."""
        seen = int(self._watch[self._sts_id])
        self._last_id = max(seen, self._last_id or 0) + 1
        return self._last_id
