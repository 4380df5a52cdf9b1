"""Pads and the heads over them: what a platen takes, what lies on its pad, heads that do not come up from it."""

from __future__ import annotations

import contextlib

from planaris.hardware import WaitTimeoutError
from planaris.model import Wafer, WaferKind
from planaris.modules import PadOccupiedError, Platen, WaferLeftOnPadError
from planaris.tool.failures import HeadNotUpError
from planaris.tool.jobs import JobBook
from planaris.tool.marks import Marks
from planaris.tool.tool import Tool
from planaris.tool.wet import WetWatch
from planaris.tool.work import Piece, WorkKind
from planaris.tool.workshop import Workshop

# How often it is looked whether a head comes up at all [design].
LOOK_AGAIN_S = 1.0


class PadWork:
    """Base of the transports: what becomes of platens and heads when a visit does not end as it should."""

    def __init__(self, tool: Tool, jobs: JobBook, shop: Workshop, marks: Marks, wet: WetWatch) -> None:
        self._tool, self._jobs, self._shop, self._marks, self._wet = tool, jobs, shop, marks, wet
        # Movers that are busy with nothing but to stand still until a head is up.
        self._still: set[str] = set()

    def _mover_of(self, head: int) -> tuple[WorkKind, str]:
        """Return which kind of work moves a head, and the module that does it."""
        raise NotImplementedError

    def platen_under(self, head: int) -> int | None:
        """Return the platen a head stands over, None where it is handed wafers."""
        return next((n for n in self._tool.platens if self._tool.head_over(n) == head), None)

    # -- what a platen takes, and what lies on its pad --------------------------------------------------------
    def _lies_on_pad(self, wafer: Wafer, platen: str, *, slipped: bool) -> None:
        """Follow the sensors: the head came up empty, so the wafer is on the pad; breakage closes the platen."""
        material = self._tool.material
        material.intend(material.where(wafer.wafer_id), platen, seen=True)
        material.confirm(wafer)
        self._marks.mark(wafer.wafer_id, "scrap" if slipped else "rework", f"left its head on {platen}")
        if slipped:
            self.breakage(platen, wafer.wafer_id)

    def breakage(self, platen: str, wafer_id: str) -> None:
        """Quarantine a platen; wafers on the other heads finish and are marked suspect."""
        self._tool.quarantine.open(platen, f"{wafer_id} broke or slipped out")
        for place, other in self._tool.material.at.items():
            if place.startswith("head") and other.wafer_id != wafer_id:
                self._marks.mark(other.wafer_id, "suspect", f"on a head when {wafer_id} broke or slipped on {platen}")

    async def _take_up(self, wafer: Wafer, platen: Platen) -> None:
        """Pull a wafer that was left on the pad up with the head that is over it, and let it go on."""
        head, progress = self._tool.head_over(platen.number), self._jobs.progress_of(wafer)
        if not head or f"head{head}" in self._tool.material.at:
            what = "no empty head is over the pad"
            raise PadOccupiedError(platen.name, "rechuck", what, "turn one there, or take the wafer out")
        await platen.ask(lambda: platen.rechuck(head))
        self._tool.material.intend(platen.name, f"head{head}", seen=True)
        self._tool.material.confirm(wafer)
        progress.head, progress.cut_short = head, False
        progress.visits_done += 1
        self._marks.mark(wafer.wafer_id, "suspect", f"was left on {platen.name}")
        self._shop.set_ready(f"head{head}")

    def takes(self, platen: int, kind: WaferKind) -> bool:
        """Whether a platen is up and takes wafers of a kind."""
        name = f"platen{platen}"
        taken = name in self._shop.out or name in self._tool.material.at
        return not taken and not self._closed(name, kind)

    def may_visit(self, wafer: Wafer, platen: int) -> str:
        """Return why a wafer may not be polished on a platen now; '' if it may."""
        name = f"platen{platen}"
        failed = self._shop.failed.get(name)
        if failed is not None:
            return f"{name} is down: {failed.error}"
        if name in self._shop.manual:
            return f"{name} is worked by hand"
        if name in self._tool.material.at:
            return f"{self._tool.material.at[name].wafer_id} lies on {name}"
        head = self._tool.material.where(wafer.wafer_id)
        return self._closed(name, wafer.kind) or self._tool.maintenance.head_refusal(head, wafer.kind)

    def _closed(self, platen: str, kind: WaferKind) -> str:
        """Return what closes a platen to wafers of a kind: quarantine, or a part that is not qualified yet."""
        return self._tool.quarantine.refusal(platen, kind) or self._tool.maintenance.refusal(platen, kind)

    def _works(self, platen: int) -> bool:
        """Whether a platen has work under way, that a person had done again or that never failed."""
        module = self._tool.platens[platen]
        return module.name not in self._shop.failed and module.state not in {module.INITIAL, "failed"}

    # -- heads that stay down ---------------------------------------------------------------------------------
    def _lock(self, head: int) -> None:
        """Keep what would move a head where it is: the head should be up and is not."""
        kind, module = self._mover_of(head)
        piece = Piece(kind, module, lambda: self._bring_up(module, head))

        def recover() -> None:
            """Hold the mover while an answer brings the head up; one that is up again holds nobody up."""
            if self._up(head):
                # Said to nobody: visits that are answered at the same time go on before the rule asks for a turn.
                piece.holds.discard(module)
                self._shop.busy.discard(module)
                self._still.discard(module)
            else:
                piece.holds.add(module)
                self._still.add(module)

        piece.recover = recover
        self._shop.lock(piece, HeadNotUpError(f"head{head}", module))

    async def _bring_up(self, mover: str, head: int) -> None:
        """Bring a locked head up on a person's answer; where its platen has work under way, that does it."""
        tried = False
        while not self._up(head):
            number = self.platen_under(head)
            if number is not None and self._works(number):
                await self._comes_up(head)
            elif number is None or tried:
                raise HeadNotUpError(f"head{head}", mover)
            else:
                tried = True
                await self._secure(head, self._tool.platens[number])
        self._still.discard(mover)

    def _moves(self, head: int) -> bool:
        """Whether what moves a head does so, or is about to; a head that is down lets nothing move."""
        mover = self._mover_of(head)[1]
        return mover in self._shop.busy and mover not in self._still and self._up(head)

    def _up(self, head: int) -> bool:
        return self._tool.watch.is_on(f"head{head}.up")

    async def _comes_up(self, head: int) -> None:
        """Wait a while for a head to come up."""
        up = f"head{head}.up"
        with contextlib.suppress(WaitTimeoutError):
            await self._tool.watch.until(lambda: self._up(head), (up,), LOOK_AGAIN_S, f"head{head} up")

    async def _secure(self, head: int, platen: Platen) -> None:
        """Have a platen bring the head over it up, rinse on; a wafer that stays on the pad is that platen's work."""

        async def if_down() -> None:
            if not self._up(head):  # work that was answered at the same time may have brought it up
                await platen.secure(head)

        await platen.ask(if_down)
        wafer = self._tool.material.at.get(f"head{head}")
        if wafer is not None and platen.left_on_pad(head):
            self._lies_on_pad(wafer, platen.name, slipped=False)
            piece = Piece(WorkKind.VISIT, platen.name, lambda: self._take_up(wafer, platen), set(), wafer.wafer_id)
            self._shop.lock(piece, WaferLeftOnPadError(f"head{head}", platen.name))
