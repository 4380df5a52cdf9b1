"""The `job.*` commands: create a job from a lot's files, start it, stop it."""

from __future__ import annotations

from planaris.formats import JobFiles
from planaris.tool import AnswerStatus, CommandRequest, LotRun, RefusedError, SlotMapError, Tool


class JobFailedError(Exception):
    """A command that the run depends on was not done."""


class Jobs:
    """Jobs of one tool, one at a time."""

    def __init__(self, tool: Tool, known: dict[str, JobFiles]) -> None:
        self._tool, self._known = tool, known
        self.created: dict[str, LotRun] = {}
        self.outcomes: dict[str, str] = {}
        for verb, handler in {"job.create": self._create, "job.start": self._start, "job.abort": self._abort}.items():
            tool.commands.register(verb, handler)

    async def _create(self, request: CommandRequest) -> str:
        lot_id = str(request.arguments["lot_id"])
        files = self._known.get(lot_id)
        if files is None:
            raise RefusedError(f"no lot {lot_id} is known")
        self.created[lot_id] = LotRun(self._tool, files.lot, files.recipe, files.cleaner)
        return f"{len(files.lot.wafers)} wafers"

    async def _start(self, request: CommandRequest) -> str:
        job = self._job(request)
        expired = self._tool.consumables.expired()
        if expired:
            parts = ", ".join(f"{c.part} of {c.location}" for c in expired)
            raise RefusedError(f"interlock 14: past their life: {parts}; change them first")
        try:
            self.outcomes[job.lot.lot_id] = await job.run()
        except SlotMapError as error:
            self.outcomes[job.lot.lot_id] = "slot_map_mismatch"
            raise RefusedError(str(error)) from error
        return self.outcomes[job.lot.lot_id]

    async def _abort(self, request: CommandRequest) -> str:
        self._job(request).stop()
        return "no further wafer starts; those under way are finished"

    def _job(self, request: CommandRequest) -> LotRun:
        job = self.created.get(str(request.arguments["lot_id"]))
        if job is None:
            raise RefusedError(f"no job for lot {request.arguments['lot_id']}")
        return job


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
