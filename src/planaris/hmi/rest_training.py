"""Scores of exercises on a twin: kept for everybody who trains, also over a restart of page or server."""

from __future__ import annotations

import math
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from planaris.clock import utc_now
from planaris.historian import PageStore, Score
from planaris.hmi.accounts import Session
from planaris.hmi.answers import RefusedRequestError, answer, body_of, text_in, whole_in
from planaris.hmi.entry import Entry
from planaris.hmi.ports import ToolFacts

# Points: the right remedy at once or at the second attempt, acknowledged in time, the alarm gone in time [design].
REMEDY_POINTS, SECOND_POINTS, ACKNOWLEDGED_POINTS, CLEARED_POINTS = 40, 20, 20, 40
ACKNOWLEDGE_LIMIT_S, CLEAR_LIMIT_S = 60.0, 300.0
SCORES_TOLD, SCORES_LIMIT = 50, 500
_ATTEMPTS_LIMIT = 10


def points_of(attempt: int, reaction_s: float | None, total_s: float | None) -> int:
    """Return the points of an exercise: see `planaris.historian.Score` for what is given."""
    points = REMEDY_POINTS if attempt == 1 else SECOND_POINTS if attempt == 2 else 0
    points += ACKNOWLEDGED_POINTS if reaction_s is not None and reaction_s <= ACKNOWLEDGE_LIMIT_S else 0
    return points + (CLEARED_POINTS if total_s is not None and total_s <= CLEAR_LIMIT_S else 0)


class Training:
    """Keeps and tells scores. There is no training on a machine."""

    def __init__(self, facts: ToolFacts, store: PageStore) -> None:
        self._facts, self._store = facts, store

    def entries(self) -> tuple[Entry, ...]:
        """Return the paths."""
        fields = ("fault", "target", "attempt", "reaction_s", "total_s", "gave_up")
        return (
            Entry("GET", "/api/training", "Scores of exercises, newest first.", self._scores, query=("limit",)),
            Entry("POST", "/api/training", "Keep the score of an exercise that is over.", self._keep, body=fields),
        )

    async def _scores(self, request: Request, _session: Session) -> Response:
        limit = whole_in(request, "limit", SCORES_TOLD, SCORES_LIMIT)
        return answer({"scores": [_told(score) for score in self._store.scores(limit)]})

    async def _keep(self, request: Request, session: Session) -> Response:
        if self._facts.port_kind != "twin":
            raise RefusedRequestError(409, "machine", "there is no training on a machine")
        body = await body_of(request)
        attempt, gave_up = body.get("attempt"), body.get("gave_up") is True
        if isinstance(attempt, bool) or not isinstance(attempt, int) or not 0 <= attempt <= _ATTEMPTS_LIMIT:
            raise RefusedRequestError(422, "body", f"attempt is no whole number from 0 to {_ATTEMPTS_LIMIT}")
        reaction_s, total_s = _seconds(body, "reaction_s"), _seconds(body, "total_s")
        score = Score(
            session.user,
            utc_now().isoformat(timespec="seconds"),
            text_in(body, "fault", 64),
            text_in(body, "target", 64),
            attempt,
            reaction_s,
            total_s,
            0 if gave_up else points_of(attempt, reaction_s, total_s),
        )
        self._store.keep_score(score)
        return answer(_told(score), 201)


def _told(score: Score) -> dict[str, Any]:
    return {
        "user": score.name,
        "ended_utc": score.ended_utc,
        "fault": score.fault,
        "target": score.target,
        "attempt": score.attempt,
        "reaction_s": score.reaction_s,
        "total_s": score.total_s,
        "points": score.points,
    }


def _seconds(body: dict[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value >= 0.0):
        raise RefusedRequestError(422, "body", f"{name} is no number of seconds")
    return round(float(value), 3)
