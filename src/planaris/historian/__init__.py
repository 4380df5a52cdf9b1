"""Records: the home and its journal, one run's database, traces, and questions about them."""

from planaris.historian.audit import AuditHead, AuditReport
from planaris.historian.crash_buffer import Recovered, last_sample_s, recover
from planaris.historian.errors import (
    HomeError,
    HomeLockedError,
    HomeSchemaError,
    HomeUnwritableError,
    JournalError,
    RecordError,
    RunDatabaseError,
    RunFolderError,
    TraceWriteError,
)
from planaris.historian.home import Home, backup_home, check_run_folder, check_writable
from planaris.historian.host_store import HostStore, HostStoreError, SpooledMessage
from planaris.historian.journal import (
    OFFICE,
    AuditRecord,
    SqliteJournal,
    WaferPlace,
    audit_records,
    journal_events,
    journal_runs,
    last_sequence,
    verify_audit,
    wafer_places,
)
from planaris.historian.page_store import Account, GivenKey, KeptSession, PageStore, PageStoreError
from planaris.historian.questions import query
from planaris.historian.recipe_shelf import RecipeShelf
from planaris.historian.records import ConsumableRecord, RunFolder, RunRecord
from planaris.historian.run_database import RunDatabase, read_metas
from planaris.historian.run_queries import RunQueries
from planaris.historian.run_rows import (
    AlarmRow,
    CleanRow,
    CommandRow,
    ConsumableRow,
    EndpointRow,
    EventRow,
    MeasurementRow,
    ModuleStateRow,
    StayRow,
    StepRow,
    TraceFileRow,
    WaferRow,
)
from planaris.historian.trace_recorder import StepRecording, TraceJob, TraceWriter

__all__ = [
    "OFFICE",
    "Account",
    "AlarmRow",
    "AuditHead",
    "AuditRecord",
    "AuditReport",
    "CleanRow",
    "CommandRow",
    "ConsumableRecord",
    "ConsumableRow",
    "EndpointRow",
    "EventRow",
    "GivenKey",
    "Home",
    "HomeError",
    "HomeLockedError",
    "HomeSchemaError",
    "HomeUnwritableError",
    "HostStore",
    "HostStoreError",
    "JournalError",
    "KeptSession",
    "MeasurementRow",
    "ModuleStateRow",
    "PageStore",
    "PageStoreError",
    "RecipeShelf",
    "RecordError",
    "Recovered",
    "RunDatabase",
    "RunDatabaseError",
    "RunFolder",
    "RunFolderError",
    "RunQueries",
    "RunRecord",
    "SpooledMessage",
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
    "audit_records",
    "backup_home",
    "check_run_folder",
    "check_writable",
    "journal_events",
    "journal_runs",
    "last_sample_s",
    "last_sequence",
    "query",
    "read_metas",
    "recover",
    "verify_audit",
    "wafer_places",
]
