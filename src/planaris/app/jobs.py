"""Gives the tool's commands as a script does."""

from __future__ import annotations

from planaris.formats import JobFiles
from planaris.tool import AnswerStatus, CommandRequest, JobOrder, Tool


class JobFailedError(Exception):
    """A command that the run depends on was not done."""


def order_of(files: JobFiles) -> JobOrder:
    """Return what a lot's files say of its job."""
    return JobOrder(files.lot, files.recipe, files.cleaner)


class Script:
    """Gives commands as a script does: one principal, a key a command, and no going on after a refusal."""

    def __init__(self, tool: Tool, principal: str, reason: str) -> None:
        self._tool, self._principal, self._reason, self._count = tool, principal, reason, 0

    async def give(self, verb: str, role: str, **arguments: str | int | float) -> str:
        """Give a command; raise `JobFailedError` unless it is done."""
        self._count += 1
        key = f"{self._principal}-{self._count}"
        request = CommandRequest(verb, arguments, self._principal, role, self._reason, key)
        answer = await self._tool.commands.submit(request)
        if answer.status is not AnswerStatus.DONE:
            raise JobFailedError(f"{verb} {answer.status.value}: {answer.why}")
        return answer.why
