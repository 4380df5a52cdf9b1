"""Paths of the REST interface, and their description as OpenAPI."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

import planaris
from planaris.hmi.accounts import Session

Handler = Callable[[Request, Session], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of the REST interface. ``role`` '' is everybody who is signed in; ``query`` and ``body`` name fields."""

    method: str
    path: str
    text: str
    handler: Handler
    role: str = ""
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()


def openapi(entries: Iterable[Entry]) -> dict[str, Any]:
    """Return the description (OpenAPI 3.1) of paths."""
    paths: dict[str, Any] = {"/api/sign-in": {"post": _sign_in()}}
    for entry in entries:
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", entry.path)
        parameters: list[dict[str, Any]] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"\{(\w+)\}", path)
        ]
        parameters += [{"name": name, "in": "query", "schema": {"type": "string"}} for name in entry.query]
        if entry.method != "GET":
            token = {"name": "X-CSRF-Token", "in": "header", "required": True, "schema": {"type": "string"}}
            parameters.append(token)
        operation: dict[str, Any] = {
            "summary": entry.text,
            "parameters": parameters,
            "responses": {"200": {"description": "done"}, "default": {"$ref": "#/components/responses/Error"}},
        }
        if entry.role:
            operation["description"] = f"For the role {entry.role}."
        if entry.body:
            operation["requestBody"] = _body(entry.body)
        paths.setdefault(path, {})[entry.method.lower()] = operation
    error = {
        "type": "object",
        "required": ["error", "why"],
        "properties": {
            "error": {"type": "string"},
            "why": {"type": "string"},
            "faults": {"type": "array", "items": {"type": "object"}},
            "retry_after_s": {"type": "number"},
        },
    }
    content = {"application/json": {"schema": error}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Planaris, the operator's page", "version": planaris.__version__},
        "paths": paths,
        "components": {
            "responses": {"Error": {"description": "refused, with why", "content": content}},
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "planaris_session"}},
        },
        "security": [{"session": []}],
    }


def _body(fields: Iterable[str]) -> dict[str, Any]:
    schema = {"type": "object", "properties": {name: {} for name in fields}}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _sign_in() -> dict[str, Any]:
    return {
        "summary": "Sign in; the answer sets the session's cookie.",
        "security": [],
        "requestBody": _body(("user", "password")),
        "responses": {"200": {"description": "a session"}, "default": {"$ref": "#/components/responses/Error"}},
    }
