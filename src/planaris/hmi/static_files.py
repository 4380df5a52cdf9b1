"""The page's own files, read once: what was not read cannot be asked for. Packed, and known by their content."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

STATIC = Path(__file__).with_name("static")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
}
# What is packed already, or too small to gain.
_PACK_ABOVE_BYTES = 512


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    packed: bytes | None
    kind: str
    tag: str


class StaticFiles:
    """Files below a folder by their relative path."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._files: dict[str, _File] = {}
        for path in sorted(folder.rglob("*")):
            kind = _TYPES.get(path.suffix)
            if kind is not None and path.is_file():
                self._files[path.relative_to(folder).as_posix()] = _read(path, kind)

    @property
    def names(self) -> tuple[str, ...]:
        """Every file there is."""
        return tuple(self._files)

    @property
    def weight_bytes(self) -> int:
        """What all of them take on the wire."""
        return sum(len(f.packed if f.packed is not None else f.content) for f in self._files.values())

    def answer(self, request: Request, name: str) -> Response:
        """Return a file, or that there is none; nothing where the browser has it."""
        found = self._files.get(name)
        if found is None:
            return Response("not found", 404, media_type="text/plain")
        headers = {"ETag": found.tag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == found.tag:
            return Response(status_code=304, headers=headers)
        packed = found.packed is not None and "gzip" in request.headers.get("accept-encoding", "")
        if packed:
            headers["Content-Encoding"] = "gzip"
        content = found.packed if packed and found.packed is not None else found.content
        return Response(content, 200, headers, media_type=found.kind)


def _read(path: Path, kind: str) -> _File:
    content = path.read_bytes()
    packed = gzip.compress(content, 9, mtime=0) if len(content) > _PACK_ABOVE_BYTES and path.suffix != ".png" else None
    if packed is not None and len(packed) >= len(content):
        packed = None
    return _File(content, packed, kind, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
