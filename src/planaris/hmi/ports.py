"""Where the page server is joined to the tool: what it is given and what it may ask. app wires the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from planaris.dictionary import Dictionary
from planaris.historian import RunRecord
from planaris.model import Block, Lot, Recipe, RecipeVersion, ToolDescription
from planaris.processes import ProcessPackage
from planaris.stream import Committed, Event
from planaris.tool import Answer, CommandRequest


@dataclass(frozen=True, slots=True)
class ToolFacts:
    """What a session's pages are told and nothing changes."""

    run_id: str
    folder: Path
    home: Path
    description: ToolDescription
    dictionary: Dictionary
    package: ProcessPackage
    film: str
    port_kind: str
    speed: float
    software: str
    started_utc: str


@dataclass(frozen=True, slots=True)
class JobLook:
    """A job as the tool has it now."""

    lot_id: str
    state: str
    load_port: int
    recipe: Recipe
    priority: int
    finished_count: int
    wafers_count: int
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuestionLook:
    """What a person must look at."""

    wafer_id: str
    why: str
    candidates: tuple[str, ...]
    look_at: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """A part's counters now."""

    location: str
    part: str
    serial: str
    wafers_count: int
    use_h: float
    life_pct: float


@dataclass(frozen=True, slots=True)
class Look:
    """What no event tells outright, as it is at tool time ``time_s``. ``lots`` are those the tool knows."""

    time_s: float
    link: str
    halted: str
    verbs: tuple[str, ...]
    jobs: tuple[JobLook, ...]
    lots: tuple[Lot, ...]
    questions: tuple[QuestionLook, ...]
    modules: Mapping[str, str]
    by_hand: Mapping[str, str]
    counters: tuple[Counted, ...]


@dataclass(frozen=True, slots=True)
class FeatureLimits:
    """What a feature is held against on its control chart; None where it may go as far as it will on that side."""

    feature: str
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class StepCharts:
    """The control charts of one step of a recipe on a platen (``recipe/step/platen``, platen 0 is what was measured
    afterwards); without ``limits`` while wafers still teach them."""

    key: str
    learned_count: int
    limits: tuple[FeatureLimits, ...]


@dataclass(frozen=True, slots=True)
class WorldLook:
    """What only a twin's world knows."""

    where: Mapping[str, str]
    flags: tuple[str, ...]
    carriers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FactoryLook:
    """The link to the factory host; ``messages`` are the last lines of its log in SML."""

    address: str = ""
    communication: str = "disabled"
    control: str = ""
    spool: str = ""
    spool_count: int = 0
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """Items that did not fit into the inbox: what the pages show is made anew."""

    events_count: int
    blocks_count: int


PageItem = Committed | Block | Lost


@dataclass(frozen=True, slots=True)
class Released:
    """What the library holds, oldest first, and content hash -> lot of those in use."""

    versions: tuple[RecipeVersion, ...]
    in_use: Mapping[str, str] = field(default_factory=dict[str, str])


class PagePorts(Protocol):
    """Everything the page server has of the tool. All coroutines are awaited on the server's own loop, in peer time."""

    @property
    def facts(self) -> ToolFacts:
        """What nothing changes."""
        ...

    @property
    def past(self) -> Sequence[Committed]:
        """Events of the session that came before the first item of `take`."""
        ...

    async def take(self) -> Sequence[PageItem]:
        """Wait until the tool told something and return it, in order."""
        ...

    async def look(self) -> Look:
        """Ask the controller; whoever gets an answer knows that it lives."""
        ...

    async def charts(self) -> Sequence[StepCharts]:
        """Return the control charts of fault detection as they are now."""
        ...

    async def world(self) -> WorldLook | None:
        """Ask a twin's world; None where there is none to ask."""
        ...

    async def truth(self, wafer_id: str) -> bytes | None:
        """Return what only a twin's world knows of a wafer (`planaris.twin.save_truth`), None on a machine."""
        ...

    def factory(self) -> FactoryLook:
        """Look at the factory interface; it lives on the server's loop."""
        ...

    async def submit(self, request: CommandRequest) -> Answer:
        """Give a command through the tool's one door and return its answer."""
        ...

    async def note(self, event: Event) -> None:
        """Put an audited event of the server's own into the chain; return when it is there."""
        ...

    async def recipes(self) -> Released:
        """Return what the recipe library holds."""
        ...

    async def runs(self) -> Sequence[RunRecord]:
        """Return the runs of the home."""
        ...

    async def follow(self, rate_classes: frozenset[str]) -> None:
        """Have blocks of these rate classes come by `take`, and of no others."""
        ...

    def failed(self, detail: str) -> None:
        """Tell that the server failed inside; the tool sets the alarm ``observer_failed``. Never raises nor waits."""
        ...

    def tell(self, text: str) -> None:
        """Tell the people at the console."""
        ...


Values = Mapping[str, Any]
