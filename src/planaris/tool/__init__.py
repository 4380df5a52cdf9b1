"""The tool: jobs, commands, interlocks, alarms, material. It knows one port and never which."""

from planaris.tool.alarms import AlarmBook, UnknownAlarmError
from planaris.tool.carousel import CarouselTransport
from planaris.tool.carrier_check import SlotMapError
from planaris.tool.commands import Answer, AnswerStatus, CommandDoor, CommandFailedError, CommandRequest, RefusedError
from planaris.tool.consumables import ConsumableBook, Counter, first_serial
from planaris.tool.engine import Engine, MakeTransport
from planaris.tool.equipment_state import E10State, ModuleUse, Use, shares_pct, step
from planaris.tool.fault_watch import FAULT_ALARMS, FaultOrder, FaultWatch
from planaris.tool.interlocks import JOB_START, MOTION, RULES, InterlockError, Interlocks
from planaris.tool.jobs import JOB_TABLE, KEPT_ENDED_COUNT, Job, JobBook, JobState, JobStateError, JobTrigger
from planaris.tool.journal import Journal
from planaris.tool.limits import Limit, LimitWatch, limits
from planaris.tool.maintenance import Change, Maintenance
from planaris.tool.manual import ManualMode
from planaris.tool.material import MaterialError, MaterialMap
from planaris.tool.plan_desk import PlanDesk, Planning
from planaris.tool.progress import WaferProgress
from planaris.tool.quarantine import QUARANTINE_TABLE, Quarantine, QuarantineError, QuarantineState
from planaris.tool.recipe_library import RecipeFinder, RecipeLibrary, RecipeStore
from planaris.tool.recovery import Question, Reconciled, ResolvedMove, reconcile
from planaris.tool.removal_estimates import RecipeEstimates
from planaris.tool.results import evaluate, incoming_at
from planaris.tool.run_to_run import RunToRunDesk
from planaris.tool.run_to_run_memory import ControlOf, Memory, RecipeControl, apply, no_control
from planaris.tool.story import JobStory, StepStory, Story, WaferStory
from planaris.tool.take_up import TakenUp, take_up, unanswered
from planaris.tool.tool import Tool
from planaris.tool.transport import FloorFacts, Transport
from planaris.tool.units import UnitsTransport
from planaris.tool.verbs import FindOrder, JobOrder, Verbs, known_orders
from planaris.tool.work import MEANINGS, FailedWork, Meaning, Piece, WorkKind, WorkRefusedError
from planaris.tool.workshop import Workshop

__all__ = [
    "FAULT_ALARMS",
    "JOB_START",
    "JOB_TABLE",
    "KEPT_ENDED_COUNT",
    "MEANINGS",
    "MOTION",
    "QUARANTINE_TABLE",
    "RULES",
    "AlarmBook",
    "Answer",
    "AnswerStatus",
    "CarouselTransport",
    "Change",
    "CommandDoor",
    "CommandFailedError",
    "CommandRequest",
    "ConsumableBook",
    "ControlOf",
    "Counter",
    "E10State",
    "Engine",
    "FailedWork",
    "FaultOrder",
    "FaultWatch",
    "FindOrder",
    "FloorFacts",
    "InterlockError",
    "Interlocks",
    "Job",
    "JobBook",
    "JobOrder",
    "JobState",
    "JobStateError",
    "JobStory",
    "JobTrigger",
    "Journal",
    "Limit",
    "LimitWatch",
    "Maintenance",
    "MakeTransport",
    "ManualMode",
    "MaterialError",
    "MaterialMap",
    "Meaning",
    "Memory",
    "ModuleUse",
    "Piece",
    "PlanDesk",
    "Planning",
    "Quarantine",
    "QuarantineError",
    "QuarantineState",
    "Question",
    "RecipeControl",
    "RecipeEstimates",
    "RecipeFinder",
    "RecipeLibrary",
    "RecipeStore",
    "Reconciled",
    "RefusedError",
    "ResolvedMove",
    "RunToRunDesk",
    "SlotMapError",
    "StepStory",
    "Story",
    "TakenUp",
    "Tool",
    "Transport",
    "UnitsTransport",
    "UnknownAlarmError",
    "Use",
    "Verbs",
    "WaferProgress",
    "WaferStory",
    "WorkKind",
    "WorkRefusedError",
    "Workshop",
    "apply",
    "evaluate",
    "first_serial",
    "incoming_at",
    "known_orders",
    "limits",
    "no_control",
    "reconcile",
    "shares_pct",
    "step",
    "take_up",
    "unanswered",
]
