"""The wire between server and page: messages of the live channel, the state they carry, and the trace frame.

`docs/reference/hmi.md` tells it in words; the page's types are held to these by a test. Times named ``..._s`` are tool
time in seconds unless the name says otherwise.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

PROTOCOL_VERSION = 1

# -- what the page sends -------------------------------------------------------------------------------------------


class Hello(TypedDict):
    """First message of a page, within `HELLO_LIMIT_S`; ``csrf`` is its session's token."""

    t: Literal["hello"]
    v: int
    csrf: str


class Again(TypedDict):
    """Ask for a snapshot: a number was missing."""

    t: Literal["again"]


class Watch(TypedDict):
    """Say which traces are wanted from now on, up to `TRACES_LIMIT`, and how many samples a second of peer time."""

    t: Literal["watch"]
    tags: list[str]
    hz: float


class GivenCommand(TypedDict):
    """Give a command. The same ``key`` again gives the same answer and is done once; ``expires_s`` is peer time."""

    t: Literal["command"]
    key: str
    verb: str
    args: dict[str, str | int | float | bool]
    reason: str
    expires_s: float


# -- what the server sends -----------------------------------------------------------------------------------------


class Parameter(TypedDict):
    """An argument of a verb; ``dtype`` is str, int, float or bool. ``choices`` are all its values, none if any do."""

    name: str
    dtype: str
    required: bool
    unit: str
    en: str
    zh: str
    choices: list[str]


class VerbEntry(TypedDict):
    """A verb that this person may give; ``confirm``: ask first, ``reason``: it is refused without one."""

    en: str
    zh: str
    parameters: list[Parameter]
    confirm: bool
    reason: bool
    twin_only: bool


class ToolState(TypedDict):
    """The tool. ``banner`` is TWIN or the machine's name; ``halted`` says why it is, '' where it is not."""

    name: str
    port_kind: str
    banner: str
    state: str
    link: str
    halted: str
    speed: float
    run_id: str
    software: str
    protocol: int
    package: str
    film: str
    architecture: str
    load_ports: int
    platens: int
    heads: int
    slurry_lines: int
    stations: list[str]
    zone_outer_mm: list[float]
    wafer_diameter_mm: float


class TimeState(TypedDict):
    """Tool time as of the snapshot, and when the session began by the clock on the wall (ISO 8601, UTC)."""

    tool_time_s: float
    started_utc: str


class ModuleState(TypedDict):
    """A module. ``use`` is its state of use (SEMI E10), ``doing`` what it last began; ``wafers`` are those it holds."""

    kind: str
    en: str
    zh: str
    state: str
    doing: str
    use: str
    manual: bool
    quarantine: str
    wafers: list[str]


class WaferResults(TypedDict):
    """What was measured on a finished wafer, and how long things took; null where nothing was measured."""

    sites_count: int
    incoming_nm: float | None
    post_nm: float | None
    removal_nm: float | None
    wiwnu_pct: float | None
    range_pct: float | None
    polish_s: float | None
    wet_s: float | None
    finished_s: float


class WaferState(TypedDict):
    """A wafer; ``state`` is carrier, moving, polishing, cleaning, measuring, waiting or finished."""

    lot_id: str
    slot: int
    kind: str
    head: int
    place: str
    going: str
    state: str
    marks: list[str]
    results: WaferResults | None


class CarrierState(TypedDict):
    """A carrier on a load port; ``slots`` has one letter a slot: - empty, O occupied, D double, X crossed."""

    carrier_id: str
    slots: str
    lot_id: str


class LotEntry(TypedDict):
    """A lot that the tool knows."""

    load_port: int
    product: str
    recipe: str
    wafers_count: int
    carrier_id: str


class JobEntry(TypedDict):
    """A job."""

    state: str
    load_port: int
    recipe: str
    priority: int
    finished_count: int
    wafers_count: int
    failures: list[str]
    why: str


class AlarmEntry(TypedDict):
    """An alarm; ``state`` is set, acknowledged or cleared. Times are null until they come."""

    key: str
    alarm: str
    source: str
    severity: str
    state: str
    wafer_id: str
    detail: str
    set_s: float
    acknowledged_s: float | None
    acknowledged_by: str
    cleared_s: float | None


class AlarmsState(TypedDict):
    """Alarms that are set, by key, and the last ones that were, newest first."""

    active: dict[str, AlarmEntry]
    recent: list[AlarmEntry]


class ConsumableState(TypedDict):
    """Use of a part."""

    location: str
    part: str
    serial: str
    wafers_count: int
    use_h: float
    life_pct: float


class ChangeState(TypedDict):
    """The change of a part under way, at its step."""

    location: str
    part: str
    step: str
    previous: str
    passed_count: int
    principal: str
    why: str


class EndpointState(TypedDict):
    """How a step's endpoint was decided."""

    decision: str
    why: str
    called_s: float | None
    endpoint_s: float | None
    stop_s: float | None
    endpoint_nm: float | None
    sigma_nm: float | None
    rate_nm_min: float | None
    trail_s: list[float | None]
    trail_nm: list[float | None]
    trail_pct: list[float | None]
    step_name: str
    wafer_id: str


class ProcessState(TypedDict):
    """A platen's step, '' where it has none; ``targets`` are the step's set-points by name with unit suffix.

    ``endpoint`` is the platen's last one, with its own wafer and step."""

    wafer_id: str
    lot_id: str
    head: int
    recipe: str
    step: int
    step_name: str
    kind: str
    started_s: float | None
    ended: str
    time_s: float | None
    targets: dict[str, float | list[float]]
    endpoint: EndpointState | None


class FactoryState(TypedDict):
    """The link to the factory host; ``address`` is '' where there is none. ``messages`` are the last ones in SML."""

    address: str
    communication: str
    control: str
    spool: str
    spool_count: int
    messages: list[str]


class ThroughputState(TypedDict):
    """Wafers an hour over the last finished ones, and when the next is due; null while nobody knows."""

    wafers_h: float | None
    next_finish_s: float | None
    finished_count: int


class Question(TypedDict):
    """What a person must look at."""

    wafer_id: str
    why: str
    candidates: list[str]
    look_at: list[str]


class TruthState(TypedDict):
    """What only a twin's world knows, apart from all that is measured: where wafers are, and faults put in."""

    where: dict[str, str]
    flags: list[str]
    carriers: list[int]


class State(TypedDict):
    """Everything that a page shows live. ``truth`` is there on a twin only. Maps are keyed by names as text."""

    tool: ToolState
    time: TimeState
    modules: dict[str, ModuleState]
    material: dict[str, str]
    wafers: dict[str, WaferState]
    carriers: dict[str, CarrierState]
    lots: dict[str, LotEntry]
    jobs: dict[str, JobEntry]
    alarms: AlarmsState
    consumables: dict[str, ConsumableState]
    changes: dict[str, ChangeState]
    process: dict[str, ProcessState]
    factory: FactoryState
    throughput: ThroughputState
    questions: list[Question]
    verbs: dict[str, VerbEntry]
    truth: NotRequired[TruthState]


class Snapshot(TypedDict):
    """The whole state; differences go on from number ``n``."""

    t: Literal["snapshot"]
    n: int
    state: State


Path = list[str]

# `del` is a word of Python, so that this type is made by a call.
Diff = TypedDict("Diff", {"t": Literal["diff"], "n": int, "set": list[tuple[Path, Any]], "del": list[Path]})
"""What changed since number ``n`` - 1: paths taken away, then values set. A path is a list of keys."""


class Beat(TypedDict):
    """The controller answered just now. Without one for 2 s nothing that is shown is live."""

    t: Literal["beat"]
    n: int
    tool_time_s: float


class AnswerMessage(TypedDict):
    """Answer to a command: accepted (taken up; another answer follows), done, refused, failed, expired, or unknown
    (it was given before the server died, and nobody knows whether it was done)."""

    t: Literal["answer"]
    key: str
    status: Literal["accepted", "done", "refused", "failed", "expired", "unknown"]
    why: str
    command_id: str


class Watching(TypedDict):
    """Which traces the frames that follow carry: their channels are indices into ``tags``. ``refused`` says why not."""

    t: Literal["watching"]
    tags: list[str]
    refused: dict[str, str]
    hz: float


class ErrorMessage(TypedDict):
    """A message made no sense; too many of them end the channel."""

    t: Literal["error"]
    why: str


class Bye(TypedDict):
    """The last message: why the channel closes. ``code`` is expired, password, signed_out, hello, forbidden, malformed,
    slow, full or stopping."""

    t: Literal["bye"]
    code: str
    why: str


ServerMessage = Snapshot | Diff | Beat | AnswerMessage | Watching | ErrorMessage | Bye
ClientMessage = Hello | Again | Watch | GivenCommand

# -- sign-in -------------------------------------------------------------------------------------------------------


class SessionBody(TypedDict):
    """A session: who, in which role, and the token that every request but GET and the channel's hello carry."""

    user: str
    role: str
    must_change_password: bool
    csrf: str
    expires_at: str


class Fault(TypedDict):
    """One fault of something that was entered: where, which value, what is wrong, limit, unit, what to do."""

    path: str
    value: str
    problem: str
    limit: str
    unit: str
    remedy: str


class ErrorBody(TypedDict):
    """What every answer above 399 says."""

    error: str
    why: str
    faults: NotRequired[list[Fault]]
    retry_after_s: NotRequired[float]


# -- limits of the channel [design] --------------------------------------------------------------------------------

HELLO_LIMIT_S = 5.0
BEAT_S = 0.5
# A page takes the values for stale after this long without a beat.
STALE_S = 2.0
MESSAGE_LIMIT_BYTES = 64 * 1024
TRACES_LIMIT = 64
TRACE_HZ_LIMIT = 20.0
# Header of a trace frame, 24 bytes: kind, version, channels, sequence, t0_s, dt_s, samples, reserved. Then channel
# indices (u16, one more of 0 where their number is odd), then values (f32) by channel, NaN where there is none.
TRACE_HEADER = "<BBHIdfHH"
TRACE_KIND, TRACE_VERSION = 1, 1
