"""Bodies of requests and answers: JSON, checked on the way in; every refusal says why."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from planaris.historian import RecordError
from planaris.hmi.accounts import AccountError
from planaris.hmi.passwords import BusyError
from planaris.hmi.protocol import ErrorBody, Fault
from planaris.hmi.security import TooLargeError
from planaris.model import InputFault

# A body comes within this time, or the request is given up [design].
BODY_LIMIT_S = 15.0

Endpoint = Callable[[Request], Awaitable[Response]]


class RefusedRequestError(Exception):
    """A request is refused."""

    def __init__(
        self, status: int, error: str, why: str, faults: tuple[InputFault, ...] = (), retry_after_s: float = 0.0
    ) -> None:
        self.status, self.error, self.why, self.faults, self.retry_after_s = status, error, why, faults, retry_after_s
        super().__init__(why)


def plain(value: Any) -> Any:
    """Return a value as JSON has it: dataclasses as objects, numbers that are none as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in cast("list[Any]", value)]
    return value


def answer(value: Any, status: int = 200) -> Response:
    """Return an answer in JSON; half characters are spelled out."""
    body = json.dumps(plain(value), separators=(",", ":"), allow_nan=False)
    return Response(body, status, media_type="application/json")


def fault_of(fault: InputFault) -> Fault:
    """Return a fault as the page gets it."""
    return {
        "path": fault.path,
        "value": str(fault.value),
        "problem": fault.problem,
        "limit": str(fault.limit or ""),
        "unit": fault.unit or "",
        "remedy": fault.remedy or "",
    }


def refusal(error: RefusedRequestError) -> Response:
    """Return a refusal."""
    body: ErrorBody = {"error": error.error, "why": error.why}
    if error.faults:
        body["faults"] = [fault_of(fault) for fault in error.faults]
    if error.retry_after_s:
        body["retry_after_s"] = error.retry_after_s
    response = answer(body, error.status)
    if error.retry_after_s:
        response.headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    return response


def answering(endpoint: Endpoint, failed: Callable[[str], None]) -> Endpoint:
    """Have an endpoint's refusals become answers; what fails inside is told and is a plain 500."""

    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except RefusedRequestError as error:
            return refusal(error)
        except AccountError as error:
            told = RefusedRequestError(error.status, error.error, error.why, retry_after_s=error.retry_after_s)
            return refusal(told)
        except BusyError as error:
            return refusal(RefusedRequestError(429, "busy", str(error), retry_after_s=error.retry_after_s))
        except TooLargeError as error:
            return refusal(RefusedRequestError(413, "size", str(error)))
        except RecordError as error:
            return refusal(RefusedRequestError(503, "records", error.problem))
        except Exception as error:
            failed(f"{request.method} {request.url.path}: {type(error).__name__}: {error}")
            return refusal(RefusedRequestError(500, "failed", "the server failed inside; an alarm says so"))

    return guarded


async def body_of(request: Request) -> dict[str, Any]:
    """Return a request's JSON object. Raises RefusedRequestError."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise RefusedRequestError(415, "type", "a body is application/json")
    try:
        async with asyncio.timeout(BODY_LIMIT_S):
            content = await request.body()
    except TimeoutError as error:
        raise RefusedRequestError(408, "slow", f"the body did not come within {BODY_LIMIT_S:g} s") from error
    try:
        found: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RefusedRequestError(400, "json", "the body is no JSON") from error
    if not isinstance(found, dict):
        raise RefusedRequestError(400, "json", "the body is no JSON object")
    return cast("dict[str, Any]", found)


def text_in(body: dict[str, Any], name: str, limit: int = 256) -> str:
    """Return a text of a body. Raises RefusedRequestError."""
    value = body.get(name)
    if not isinstance(value, str) or len(value) > limit:
        raise RefusedRequestError(422, "body", f"{name} is no text of up to {limit} characters")
    return value


def whole_in(request: Request, name: str, default: int, most: int) -> int:
    """Return a whole number of a request's query. Raises RefusedRequestError."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise RefusedRequestError(422, "query", f"{name} is no whole number")
    return min(int(text), most)
