"""Questions in SQL over one run: its events, its views and all samples of its traces, answered by DuckDB."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from planaris.historian.errors import RunDatabaseError
from planaris.historian.run_views import VIEWS


def query(path: Path, sql: str) -> list[dict[str, Any]]:
    """Answer an SQL question about a run folder, one dictionary a row.

    There are the tables ``meta`` and ``events``, the views of run.db (``wafers``, ``steps``, ``stays``, ``alarms`` …)
    and, if the run has traces, ``traces``: every sample with ``time_s``, the tags (quote their names), and the
    ``file``, ``wafer_id``, ``platen``, ``head`` it belongs to. ``path`` is the run's folder or its run.db.
    Raises RunDatabaseError for a run that cannot be read or a question that cannot be answered.
    """
    import duckdb

    database = path / "run.db" if path.is_dir() else path
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": False}) as duck:
        # DuckDB's own SQLite reader must be fetched from the network; a run is small enough to hand over.
        try:
            source = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
            try:
                # By the views' text and not their names: the file of an older Planaris lacks those that came later.
                tables = {"meta": "meta", "events": "events", **{name: f"({text})" for name, text in VIEWS.items()}}
                for name, of in tables.items():
                    duck.register(f"_{name}", _table(source, of))
                    duck.execute(f'CREATE VIEW "{name}" AS SELECT * FROM "_{name}"')
            finally:
                source.close()
        except sqlite3.Error as error:
            raise RunDatabaseError(database, f"cannot be read: {error}", "is this the run.db of a run?") from error
        try:
            files = sorted((database.parent / "traces").glob("*.parquet"))
            # What windows saw is sampled at times of its own.
            for view, optical in (("traces", False), ("optical_traces", True)):
                if mine := [str(file) for file in files if ("_optical" in file.name) is optical]:
                    duck.execute(_traces(view, mine))
            answer = duck.execute(sql)
            names = [column[0] for column in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
        except duckdb.Error as error:
            raise RunDatabaseError(database, f"cannot answer: {error}") from error


def _table(source: sqlite3.Connection, of: str) -> Any:
    import pyarrow as pa

    cursor = source.execute(f"SELECT * FROM {of}")
    names = [column[0] for column in cursor.description]
    columns = list(zip(*cursor.fetchall(), strict=True)) or [()] * len(names)
    return pa.table([pa.array(values) for values in columns], names=names)


def _traces(view: str, files: list[str]) -> str:
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    # A window's file goes with the trace of its visit.
    return f"""CREATE VIEW {view} AS
        SELECT 'traces/' || parse_filename(samples.filename) AS file, known.wafer_id, known.platen, known.head,
            samples.* EXCLUDE (filename)
        FROM read_parquet([{listed}], union_by_name = true, filename = true) AS samples
        LEFT JOIN trace_files AS known
            ON known.file = 'traces/' || replace(parse_filename(samples.filename), '_optical', '')"""
