"""History over HTTP: events, audit chain, alarms, wafers with their maps and traces, runs and their files."""

from __future__ import annotations

import asyncio
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from planaris import clock
from planaris.formats.trace_files import TraceFileError, read_trace
from planaris.historian import MeasurementRow, RunQueries, audit_records, verify_audit
from planaris.hmi.accounts import Session
from planaris.hmi.answers import RefusedRequestError, answer, plain, whole_in
from planaris.hmi.entry import Entry
from planaris.hmi.ports import PagePorts, StepCharts
from planaris.hmi.security import FILE_POLICY
from planaris.model import SITE_PLANS, SitePlan, wiwnu_pct

ROWS_LIMIT = 1000
# So many of the newest wafers are told where nobody says how many [design]: a session may have any number of them.
WAFERS_COUNT = 500
# A picture of a trace has no more points than this [design].
TRACE_POINTS = 1200
TRACE_TAGS_LIMIT = 64
# A chain is looked at again after this long [design].
CHAIN_CHECK_S = 30.0
# What of a run's folder may be fetched.
_FILE_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".toml": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
}
Floats = NDArray[np.float64]


class History:
    """Answers about what was."""

    def __init__(self, ports: PagePorts) -> None:
        self._ports = ports
        self._folder = ports.facts.folder
        self._database = ports.facts.home / "tool.db"
        self._queries = RunQueries(self._folder / "run.db")
        self._chain: tuple[float, str, tuple[str, ...]] | None = None

    def entries(self) -> tuple[Entry, ...]:
        """Return the paths."""
        return (
            Entry("GET", "/api/events", "Events of the session.", self._events, query=("after", "kind", "limit")),
            Entry(
                "GET",
                "/api/audit",
                "Records of the audit chain, newest first.",
                self._audit,
                query=("before", "kind", "text", "limit"),
            ),
            Entry("GET", "/api/alarms/history", "Episodes of alarms, newest first.", self._alarms, query=("limit",)),
            Entry(
                "GET",
                "/api/wafers",
                "The newest wafers of the session, and limits of what was measured.",
                self._wafers,
                query=("limit",),
            ),
            Entry("GET", "/api/wafers/{wafer_id}", "One wafer: maps, profile, steps; truth apart.", self._wafer),
            Entry(
                "GET", "/api/wafers/{wafer_id}/traces", "Traces of one wafer.", self._traces, query=("platen", "tags")
            ),
            Entry("GET", "/api/runs", "Runs of the home, and files of each.", self._runs),
            Entry("GET", "/api/files/{run_id}/{path:path}", "A file of a run.", self._file),
        )

    # -- events, audit, alarms -----------------------------------------------------------------------------------
    async def _events(self, request: Request, _session: Session) -> Response:
        after = whole_in(request, "after", -1, 1 << 53)
        kinds = tuple(kind for kind in request.query_params.get("kind", "").split(",") if kind)[:50]
        limit = whole_in(request, "limit", 200, ROWS_LIMIT)
        rows = await asyncio.to_thread(self._queries.events, after, kinds, limit)
        body = [
            {"sequence": r.sequence, "time_s": r.time_s, "event": r.name, "values": json.loads(r.payload)} for r in rows
        ]
        return answer({"events": body})

    async def _audit(self, request: Request, _session: Session) -> Response:
        before, limit = whole_in(request, "before", 0, 1 << 53), whole_in(request, "limit", 200, ROWS_LIMIT)
        kinds = tuple(kind for kind in request.query_params.get("kind", "").split(",") if kind)[:50]
        text = request.query_params.get("text", "")[:100]
        rows = await asyncio.to_thread(audit_records, self._database, before, limit, kinds, text)
        chain, problems = await self._checked()
        entries = [
            {
                "sequence": r.number,
                "time_s": r.time_s,
                "run_id": r.run,
                "event": r.name,
                "values": json.loads(r.payload),
                "hash": r.hash,
            }
            for r in rows
        ]
        return answer({"entries": entries, "chain": chain, "problems": problems})

    async def _checked(self) -> tuple[str, tuple[str, ...]]:
        """Return whether the chain is intact, as of a moment ago."""
        now_s = clock.monotonic_s()
        if self._chain is None or now_s - self._chain[0] > CHAIN_CHECK_S:
            report = await asyncio.to_thread(verify_audit, self._database)
            self._chain = now_s, "intact" if report.intact else "broken", report.problems
        return self._chain[1], self._chain[2]

    async def _alarms(self, request: Request, _session: Session) -> Response:
        limit = whole_in(request, "limit", 200, ROWS_LIMIT)
        rows = await asyncio.to_thread(lambda: self._queries.alarms(newest=limit))
        return answer({"alarms": rows[::-1]})

    # -- wafers --------------------------------------------------------------------------------------------------
    async def _wafers(self, request: Request, _session: Session) -> Response:
        limit = whole_in(request, "limit", WAFERS_COUNT, ROWS_LIMIT)
        charts = await self._ports.charts()
        return answer(await asyncio.to_thread(self._wafer_rows, limit, charts))

    def _wafer_rows(self, limit: int, charts: Sequence[StepCharts]) -> dict[str, Any]:
        lots: dict[str, Any] = {}
        recipe = ""
        for row in self._queries.events(-1, ("lot_started",), limit):
            told = json.loads(row.payload)
            recipe = told["recipe"]
            target, off = told["target_removal_nm"], 0.01 * told["removal_tolerance_pct"]
            lots[told["lot_id"]] = {
                "removal_nm": {"target": target, "low": target * (1 - off), "high": target * (1 + off)},
                "wiwnu_pct": {"target": None, "low": None, "high": told["wiwnu_limit_pct"]},
            }
        latest = next(reversed(lots.values()), {})
        body = {"wafers": self._queries.wafers(newest=limit), "limits": latest, "limits_by_lot": lots}
        return {**body, "control": _control_limits(charts, recipe, latest["removal_nm"]["target"]) if latest else None}

    async def _wafer(self, request: Request, _session: Session) -> Response:
        wafer_id = request.path_params["wafer_id"]
        body = await asyncio.to_thread(self._wafer_body, wafer_id)
        truth = await self._ports.truth(wafer_id)
        body["truth"] = None if truth is None else await asyncio.to_thread(_true_map, truth, wafer_id)
        return answer(body)

    def _wafer_body(self, wafer_id: str) -> dict[str, Any]:
        ask = self._queries
        found = ask.wafers(wafer_id=wafer_id) if wafer_id else []
        if not found:
            raise RefusedRequestError(404, "wafer", f"no wafer {wafer_id[:100]} in this session")
        measured = ask.measurements(wafer_id=wafer_id)
        return {
            "wafer": found[-1],
            "maps": [_map(row) for row in measured if row.plan in SITE_PLANS],
            "profile": _profile(measured),
            "steps": ask.steps(wafer_id=wafer_id),
            "endpoints": ask.endpoints(wafer_id=wafer_id),
            "stays": ask.moves(wafer_id=wafer_id),
            "alarms": ask.alarms(wafer_id=wafer_id),
            "traces": ask.trace_files(wafer_id=wafer_id),
        }

    async def _traces(self, request: Request, _session: Session) -> Response:
        platen = whole_in(request, "platen", 0, 99)
        tags = [tag for tag in request.query_params.get("tags", "").split(",") if tag]
        if len(tags) > TRACE_TAGS_LIMIT:
            raise RefusedRequestError(422, "query", f"{TRACE_TAGS_LIMIT} tags at most")
        return answer(await asyncio.to_thread(self._trace_body, request.path_params["wafer_id"], platen, tags))

    def _trace_body(self, wafer_id: str, platen: int, tags: list[str]) -> dict[str, Any]:
        files = [
            row
            for row in self._queries.trace_files(wafer_id=wafer_id)
            if not row.of_window and platen in (0, row.platen)
        ]
        if not files:
            raise RefusedRequestError(404, "traces", f"no traces of {wafer_id[:100]} yet")
        row = files[-1]
        try:
            trace = read_trace(self._folder / row.file, tags or None)
        except TraceFileError as error:
            raise RefusedRequestError(404, "traces", error.problem) from error
        stride = max(1, math.ceil(len(trace.time_s) / TRACE_POINTS))
        time_s = _means(trace.time_s, stride)
        begun_s = float(trace.time_s[0]) if len(trace.time_s) else 0.0
        values = {name: _means(v.astype(np.float64), stride) for name, v in trace.columns.items() if v.ndim == 1}
        return {
            "wafer_id": wafer_id,
            "platen": row.platen,
            "head": row.head,
            "begun_s": begun_s,
            "time_s": [round(float(t) - begun_s, 4) for t in time_s],
            "values": {name: [float(f"{v:.6g}") for v in column] for name, column in values.items()},
            "steps": json.loads(trace.metadata.get("steps", "[]")),
        }

    # -- runs and files ------------------------------------------------------------------------------------------
    async def _runs(self, _request: Request, _session: Session) -> Response:
        runs = await self._ports.runs()
        current = self._ports.facts.run_id
        rows = [
            {
                "run_id": run.run_id,
                "lot_id": run.lot_id,
                "created_utc": run.created_utc,
                "current": run.run_id == current,
                "files": await asyncio.to_thread(_files_of, run.folder),
            }
            for run in runs
        ]
        return answer({"runs": rows})

    async def _file(self, request: Request, _session: Session) -> Response:
        run_id, asked = request.path_params["run_id"], request.path_params["path"]
        run = next((run for run in await self._ports.runs() if run.run_id == run_id), None)
        found = None if run is None else await asyncio.to_thread(_inside, run.folder, asked)
        if found is None:
            raise RefusedRequestError(404, "file", "no such file")
        kind = _FILE_KINDS[found.suffix]
        shown = found.suffix == ".html"
        response = FileResponse(found, media_type=kind, filename=None if shown else found.name)
        response.headers["Content-Security-Policy"] = FILE_POLICY
        return response


def _inside(folder: Path, asked: str) -> Path | None:
    """Return a file of a folder that may be fetched; None for all else, and for what only seems to be inside."""
    if "\0" in asked or "\\" in asked or len(asked) > 500:
        return None
    try:
        base = folder.resolve(strict=True)
        path = (base / asked).resolve(strict=True)
    except (OSError, ValueError):
        return None
    hidden = any(part.startswith(".") for part in Path(asked).parts)
    return path if path.is_relative_to(base) and path.is_file() and not hidden and path.suffix in _FILE_KINDS else None


def _files_of(folder: Path) -> list[str]:
    found = [path for path in folder.rglob("*.html") if path.is_file()]
    return sorted(path.relative_to(folder).as_posix() for path in found)[:ROWS_LIMIT]


def _control_limits(charts: Sequence[StepCharts], recipe: str, target_nm: float) -> dict[str, float] | None:
    """Return the limits of fault detection's chart of the measured removal, in nm; None where it has none yet."""
    for chart in charts:
        name, platen = chart.key.partition("@")[0], chart.key.rpartition("/")[2]
        found = next((one for one in chart.limits if one.feature == "removal_error_pct"), None)
        if name == recipe and platen == "0" and found is not None and found.low is not None and found.high is not None:
            return {
                key: target_nm * (1.0 + 0.01 * error_pct)
                for key, error_pct in (("mean", found.mean), ("low", found.low), ("high", found.high))
            }
    return None


def _plan_of(row: MeasurementRow) -> SitePlan:
    return SITE_PLANS[row.plan]


def _map(row: MeasurementRow) -> dict[str, Any]:
    plan = _plan_of(row)
    return {
        "stage": row.stage,
        "plan": row.plan,
        "instrument": row.instrument,
        "time_s": row.time_s,
        "x_mm": plan.x_mm,
        "y_mm": plan.y_mm,
        "thickness_nm": row.thickness_nm,
    }


def _profile(rows: list[MeasurementRow]) -> dict[str, Any] | None:
    """Return measured removal by radius, the mean of the sites on each, where both maps have them."""
    by_stage = {row.stage: row for row in rows if row.plan in SITE_PLANS}
    if not {"incoming", "post"} <= by_stage.keys():
        return None
    thickness = {
        stage: {
            (round(x, 2), round(y, 2)): t
            for x, y, t in zip(_plan_of(row).x_mm, _plan_of(row).y_mm, row.thickness_nm, strict=True)
        }
        for stage, row in by_stage.items()
    }
    removed: dict[float, list[float]] = {}
    for site, after in thickness["post"].items():
        before = thickness["incoming"].get(site)
        if before is not None and math.isfinite(before - after):
            removed.setdefault(round(math.hypot(*site), 1), []).append(before - after)
    radii = sorted(removed)
    return {"radius_mm": radii, "removal_nm": [math.fsum(removed[r]) / len(removed[r]) for r in radii]}


def _true_map(content: bytes, wafer_id: str) -> dict[str, Any] | None:
    """Return a wafer's true removal on a coarse grid, None where it was not polished yet."""
    with np.load(io.BytesIO(content), allow_pickle=False) as truth:
        ids = [str(one) for one in truth["wafer_id"]]
        if wafer_id not in ids:
            return None
        at = ids.index(wafer_id)
        removal = np.asarray(truth["thickness_before_nm"][at] - truth["thickness_after_nm"][at], dtype=np.float64)
        r_mm, theta = np.asarray(truth["r_mm"], dtype=np.float64), np.asarray(truth["theta_rad"], dtype=np.float64)
    radial = removal.mean(axis=1)
    stride_r, stride_t = max(1, len(r_mm) // 32), max(1, len(theta) // 16)
    r, t = r_mm[::stride_r], theta[::stride_t]
    inside = r_mm <= r_mm[-1] - 3.0
    weights = r_mm[inside]
    return {
        "x_mm": [round(float(v), 2) for v in np.outer(r, np.cos(t)).ravel()],
        "y_mm": [round(float(v), 2) for v in np.outer(r, np.sin(t)).ravel()],
        "removal_nm": [round(float(v), 2) for v in removal[::stride_r, ::stride_t].ravel()],
        "removal_mean_nm": round(float(np.average(radial[inside], weights=weights)), 3),
        "wiwnu_pct": plain(wiwnu_pct(tuple(float(v) for v in removal[inside].ravel()))),
        "profile": {"radius_mm": [float(v) for v in r_mm], "removal_nm": [round(float(v), 2) for v in radial]},
    }


def _means(values: Floats, stride: int) -> Floats:
    """Return means of so many neighbours; NaN where all are."""
    if stride == 1 or not len(values):
        return values
    starts = np.arange(0, len(values), stride)
    good = np.isfinite(values)
    counts = np.add.reduceat(good, starts, dtype=np.int64)
    sums = np.add.reduceat(np.where(good, values, 0.0), starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts > 0, sums / counts, np.nan)
