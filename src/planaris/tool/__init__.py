"""The tool: jobs, commands, interlocks, alarms, material. It knows one port and never which."""

from planaris.tool.alarms import AlarmBook, UnknownAlarmError
from planaris.tool.commands import Answer, AnswerStatus, CommandDoor, CommandRequest, RefusedError
from planaris.tool.consumables import ConsumableBook, Counter
from planaris.tool.interlocks import JOB_START, MOTION, RULES, InterlockError, Interlocks
from planaris.tool.journal import Journal
from planaris.tool.limits import Limit, LimitWatch, limits
from planaris.tool.lot_run import LotRun, SlotMapError
from planaris.tool.material import MaterialError, MaterialMap
from planaris.tool.progress import WaferProgress
from planaris.tool.recipe_library import RecipeLibrary, RecipeStore
from planaris.tool.results import evaluate, incoming_at
from planaris.tool.tool import Tool

__all__ = [
    "JOB_START",
    "MOTION",
    "RULES",
    "AlarmBook",
    "Answer",
    "AnswerStatus",
    "CommandDoor",
    "CommandRequest",
    "ConsumableBook",
    "Counter",
    "InterlockError",
    "Interlocks",
    "Journal",
    "Limit",
    "LimitWatch",
    "LotRun",
    "MaterialError",
    "MaterialMap",
    "RecipeLibrary",
    "RecipeStore",
    "RefusedError",
    "SlotMapError",
    "Tool",
    "UnknownAlarmError",
    "WaferProgress",
    "evaluate",
    "incoming_at",
    "limits",
]
