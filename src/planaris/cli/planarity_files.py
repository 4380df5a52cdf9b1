"""Files of a chip's study: maps, pictures, hot spots as table and as layout, and the report."""

from __future__ import annotations

import csv
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from planaris.cli.chip_wafers import write_density
from planaris.cli.planarity_picture import layer_picture
from planaris.formats.layout_write import write_rectangles
from planaris.planarity import HotSpot

if TYPE_CHECKING:
    from planaris.planarity import ChipStudy, LayerStudy, WaferOfDies

# Marker layers: one datatype for each kind; layer numbers above 900 are free in the common technologies [design].
MARKER_LAYER = 990
MARKER_DATATYPES = {"focus": 0, "step": 1, "dishing": 2, "erosion": 3}
_SURFACES = (
    "up_nm", "down_nm", "step_nm", "surface_nm", "thickness_nm", "dishing_nm", "erosion_nm", "cleared",
    "effective_density",
)  # fmt: skip


def write_study(made: ChipStudy, wafers: dict[str, WaferOfDies], notes: list[str], out: Path) -> list[Path]:
    """Write all files of a study into a folder and return their paths; OSError where it cannot be written."""
    from planaris.report.chip_page import chip_page

    out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    pictures: dict[str, bytes] = {}
    for layer in made.layers:
        stem = _stem(layer.name)
        written.append(_write_maps(layer, out / f"{stem}.npz"))
        pictures[layer.name] = layer_picture(layer, f"{made.top}, {layer.name}: {layer.process.name}")
        written.append(write_density(layer, made.top, out / f"{stem}.density.toml"))
        written.append(out / f"{stem}.png")
        written[-1].write_bytes(pictures[layer.name])
    written += _write_spots(made, out)
    written.append(out / "report.html")
    written[-1].write_text(chip_page(made, notes, pictures, wafers), encoding="utf-8")
    return written


def _stem(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_+" else "_" for c in name)


def _write_maps(layer: LayerStudy, path: Path) -> Path:
    """Write a layer's maps: density, outline, widths, share inside, and the surface."""
    maps, surface = layer.maps, layer.surface
    np.savez_compressed(
        path, allow_pickle=False,
        cell_um=np.float64(maps.cell_um), left_um=np.float64(maps.left_um), bottom_um=np.float64(maps.bottom_um),
        density=maps.density, perimeter_um_per_um2=maps.perimeter_um_per_um2, line_width_um=maps.line_width_um,
        line_space_um=maps.line_space_um, inside=maps.inside, time_s=np.float64(surface.time_s),
        **{name: getattr(surface, name) for name in _SURFACES},
    )  # fmt: skip
    return path


def _write_spots(made: ChipStudy, out: Path) -> list[Path]:
    table, markers = out / "hot_spots.csv", out / "hot_spots.gds"
    names = [f.name for f in fields(HotSpot)]
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "severity_ratio", "marker"])
        for spot in made.hot_spots:
            values = [getattr(spot, name) for name in names]
            rounded = [f"{v:.6g}" if isinstance(v, float) else v for v in values]
            marker = f"{MARKER_LAYER}/{MARKER_DATATYPES[spot.kind]}"
            writer.writerow([*rounded, f"{spot.severity_ratio:.4g}", marker])
    boxes: dict[tuple[int, int], list[list[int]]] = {}
    for spot in made.hot_spots:
        corners = (spot.left_um, spot.bottom_um, spot.right_um, spot.top_um)
        key = (MARKER_LAYER, MARKER_DATATYPES[spot.kind])
        boxes.setdefault(key, []).append([round(v / made.dbu_um) for v in corners])
    arrays = {key: np.array(rows, dtype=np.int64) for key, rows in boxes.items()}
    write_rectangles(markers, "HOT_SPOTS", arrays, made.dbu_um)
    return [table, markers]
