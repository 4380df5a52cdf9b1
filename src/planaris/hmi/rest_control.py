"""Process control over HTTP: control charts with their limits, what they found, and run-to-run decisions with why."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from planaris.historian import AdjustmentRow, RunQueries
from planaris.hmi.accounts import Session
from planaris.hmi.answers import RefusedRequestError, answer, whole_in
from planaris.hmi.entry import Entry
from planaris.hmi.ports import PagePorts, StepCharts

# So many of the newest decisions, violations, faults and points are told where nobody says how many [design].
TOLD_COUNT, TOLD_LIMIT = 100, 500
_KEY = re.compile(r"(?P<recipe>[^/]{1,200})/(?P<step>\d{1,3})/(?P<platen>\d{1,2})")


class ProcessControl:
    """Answers about charts and decisions of the session."""

    def __init__(self, ports: PagePorts) -> None:
        self._ports = ports
        self._queries = RunQueries(ports.facts.folder / "run.db")

    def entries(self) -> tuple[Entry, ...]:
        """Return the paths."""
        return (
            Entry(
                "GET",
                "/api/control",
                "Control charts, what they found, and run-to-run decisions, newest first.",
                self._overview,
                query=("limit",),
            ),
            Entry(
                "GET",
                "/api/control/points",
                "The last points of a feature's chart, with its limits: key of /api/control, and feature.",
                self._points,
                query=("key", "feature", "limit"),
            ),
        )

    async def _overview(self, request: Request, _session: Session) -> Response:
        limit = max(1, whole_in(request, "limit", TOLD_COUNT, TOLD_LIMIT))
        charts = await self._ports.charts()
        return answer(await asyncio.to_thread(self._overview_body, charts, limit))

    def _overview_body(self, charts: Sequence[StepCharts], limit: int) -> dict[str, Any]:
        ask = self._queries
        learned = {row.wafer_id: row for row in ask.learned(newest=limit)}
        decisions = [
            {**_decision(row), "learned": learned.get(row.wafer_id)} for row in ask.adjustments(newest=limit)[::-1]
        ]
        violations = ask.chart_violations(newest=limit)[::-1]
        named = {(row.step, row.platen): row.step_name for row in ask.step_features(newest=TOLD_LIMIT)}
        told: list[dict[str, Any]] = []
        for chart in charts:
            at = _parts(chart.key)
            told.append({**at, **asdict(chart), "step_name": named.get((at["step"], at["platen"]), "")})
        return {
            "charts": told,
            "violations": violations,
            "faults": ask.faults_found(newest=limit)[::-1],
            "decisions": decisions,
        }

    async def _points(self, request: Request, _session: Session) -> Response:
        key, feature = request.query_params.get("key", ""), request.query_params.get("feature", "")
        limit = max(1, whole_in(request, "limit", TOLD_COUNT, TOLD_LIMIT))
        chart = next((one for one in await self._ports.charts() if one.key == key), None)
        if chart is None:
            raise RefusedRequestError(404, "chart", f"no chart {key[:200]}; /api/control tells those there are")
        return answer(await asyncio.to_thread(self._points_body, chart, feature, limit))

    def _points_body(self, chart: StepCharts, feature: str, limit: int) -> dict[str, Any]:
        at = _parts(chart.key)
        rows = self._queries.step_features(newest=limit, **at)
        out: dict[str, set[str]] = {}
        for row in self._queries.chart_violations(newest=TOLD_LIMIT):
            if (row.step, row.platen, row.feature) == (at["step"], at["platen"], feature):
                out.setdefault(row.wafer_id, set()).add(row.chart)
        limits = next((one for one in chart.limits if one.feature == feature), None)
        return {
            "key": chart.key,
            "feature": feature,
            "limits": limits,
            "points": [
                {
                    "wafer_id": row.wafer_id,
                    "time_s": row.time_s,
                    "head": row.head,
                    "value": row.by_name[feature],
                    "teaches": row.learned_count < row.learn_count,
                    "beyond": sorted(out.get(row.wafer_id, ())),
                }
                for row in rows
                if feature in row.by_name
            ],
        }


def _parts(key: str) -> dict[str, Any]:
    found = _KEY.fullmatch(key)
    if found is None:
        raise RefusedRequestError(404, "chart", f"{key[:200]} is no RECIPE/STEP/PLATEN")
    return {"recipe": found["recipe"], "step": int(found["step"]), "platen": int(found["platen"])}


def _decision(row: AdjustmentRow) -> dict[str, Any]:
    """Return a decision with what it moved, each with its value before and after."""
    times = zip(_names(row.times), row.time_before_s, row.time_after_s, strict=False)
    pressures = zip(_names(row.pressures), row.pressure_before_kPa, row.pressure_after_kPa, strict=False)
    return {
        "time_s": row.time_s,
        "wafer_id": row.wafer_id,
        "recipe": row.recipe,
        "head": row.head,
        "thread": row.thread,
        "mode": row.mode,
        "adjustment": row.adjustment,
        "why": row.why,
        "target_nm": row.target_nm,
        "expected_nm": row.expected_nm,
        "estimate_pct": row.estimate_pct,
        "estimate_sigma_pct": row.estimate_sigma_pct,
        "labels_count": row.labels_count,
        "moved": [
            *({"name": name, "unit": "s", "before": before, "after": after} for name, before, after in times),
            *({"name": name, "unit": "kPa", "before": before, "after": after} for name, before, after in pressures),
        ],
    }


def _names(text: str) -> list[str]:
    return [name for name in text.split("; ") if name]
