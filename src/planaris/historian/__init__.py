"""Records: the home and its journal, one run's database, traces, and questions about them."""

from planaris.historian.audit import AuditHead, AuditReport
from planaris.historian.crash_buffer import Recovered, recover
from planaris.historian.errors import (
    HomeError,
    HomeLockedError,
    HomeSchemaError,
    HomeUnwritableError,
    JournalError,
    RecipeConflictError,
    RecordError,
    RunDatabaseError,
    RunFolderError,
    TraceWriteError,
)
from planaris.historian.home import Home, backup_home, check_run_folder, check_writable
from planaris.historian.journal import (
    SqliteJournal,
    WaferPlace,
    journal_events,
    journal_runs,
    last_sequence,
    verify_audit,
    wafer_places,
)
from planaris.historian.questions import query
from planaris.historian.records import ConsumableRecord, RecipeRecord, RecipeState, RunFolder, RunRecord
from planaris.historian.run_database import RunDatabase
from planaris.historian.run_queries import RunQueries
from planaris.historian.run_rows import (
    AlarmRow,
    CleanRow,
    CommandRow,
    ConsumableRow,
    MeasurementRow,
    ModuleStateRow,
    StayRow,
    StepRow,
    TraceFileRow,
    WaferRow,
)
from planaris.historian.trace_recorder import StepRecording, TraceJob, TraceWriter

__all__ = [
    "AlarmRow",
    "AuditHead",
    "AuditReport",
    "CleanRow",
    "CommandRow",
    "ConsumableRecord",
    "ConsumableRow",
    "Home",
    "HomeError",
    "HomeLockedError",
    "HomeSchemaError",
    "HomeUnwritableError",
    "JournalError",
    "MeasurementRow",
    "ModuleStateRow",
    "RecipeConflictError",
    "RecipeRecord",
    "RecipeState",
    "RecordError",
    "Recovered",
    "RunDatabase",
    "RunDatabaseError",
    "RunFolder",
    "RunFolderError",
    "RunQueries",
    "RunRecord",
    "SqliteJournal",
    "StayRow",
    "StepRecording",
    "StepRow",
    "TraceFileRow",
    "TraceJob",
    "TraceWriteError",
    "TraceWriter",
    "WaferPlace",
    "WaferRow",
    "backup_home",
    "check_run_folder",
    "check_writable",
    "journal_events",
    "journal_runs",
    "last_sequence",
    "query",
    "recover",
    "verify_audit",
    "wafer_places",
]
