"""Wafer maps as small pictures: a polar grid onto pixels, pixels into an indexed PNG."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from planaris.physics import PolarGrid, sample_at

Floats = NDArray[np.float64]

WAFER_RADIUS_MM = 100.0


def pixel_grid(size: int) -> tuple[Floats, Floats]:
    """Return x and y in mm of the pixel centres of a wafer's picture, (size, size) each, first row at the top."""
    along_mm = (np.arange(size) + 0.5) / size * 2 * WAFER_RADIUS_MM - WAFER_RADIUS_MM
    return np.broadcast_to(along_mm, (size, size)), np.broadcast_to(-along_mm[:, None], (size, size))


def picture(values: Floats, grid: PolarGrid, size: int, edge_mm: float = WAFER_RADIUS_MM) -> Floats:
    """Return a map (r, theta) as a picture (size, size); NaN beyond ``edge_mm``: nothing is shown where nothing is."""
    x_mm, y_mm = pixel_grid(size)
    shown = np.array(sample_at(values, grid, x_mm, y_mm), dtype=np.float64)
    shown[np.hypot(x_mm, y_mm) > edge_mm] = np.nan
    return shown


def data_uri(shown_map: Floats, low: float, high: float, ramp: NDArray[np.uint8]) -> str:
    """Return a picture (h, w) as a PNG data URI: ``low``..``high`` over the ramp, clipped; NaN is transparent."""
    scaled = (shown_map - low) / (high - low if high > low else 1.0)
    shown = np.nan_to_num(np.clip(scaled, 0.0, 1.0), nan=-1.0)
    index = np.where(shown < 0, 0, 1 + np.rint(shown * 254)).astype(np.uint8)
    palette = np.concatenate([np.zeros((1, 3), dtype=np.uint8), ramp[np.linspace(0, 255, 255).astype(int)]])
    return "data:image/png;base64," + base64.b64encode(_png(index, palette)).decode("ascii")


def _png(index: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """Encode palette indices (h, w) as PNG (ISO/IEC 15948); palette entry 0 is transparent."""
    height, width = index.shape
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # a leading 0 in each row: no filter
    rows[:, 1:] = index
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette.tobytes()),
        (b"tRNS", b"\x00"),
        (b"IDAT", zlib.compress(rows.tobytes(), 6)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
