"""Make the pictures of docs/explanations/chip-scale.md: what the model is made of, and one chip in three processes."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

mpl.use("Agg")
from matplotlib import pyplot as plt

from planaris.planarity import (
    PatternMaps,
    chip_process,
    deflection_ratio,
    pad_filter,
    pattern_maps,
    polish,
    polish_gradient,
    statistics,
)

Map = NDArray[np.float64]
IMAGES = Path(__file__).parents[1] / "docs" / "images"
DPI, CELL_um, CELLS = 90, 50.0, 120
COLOURS = 128  # enough for the colour scales, and a fifth of the bytes


def die() -> PatternMaps:
    """Return a synthetic die of 6 mm: blocks of several densities, one corner empty."""
    density = np.full((CELLS, CELLS), 0.35)
    density[10:55, 8:60] = 0.72
    density[65:110, 10:40] = 0.22
    density[65:110, 45:75] = 0.5
    density[10:45, 70:112] = 0.12
    density[80:118, 82:118] = 0.0
    density[52:70, 80:112] = 0.9
    area = density * CELL_um**2
    return pattern_maps(CELL_um, 0.0, 0.0, area, 2.0 * area / 0.5, np.ones((CELLS, CELLS)))


def _save(figure: Any, name: str) -> None:
    figure.savefig(IMAGES / name, dpi=DPI, metadata={"Software": ""})
    plt.close(figure)
    Image.open(IMAGES / name).convert("RGB").quantize(COLOURS).save(IMAGES / name, optimize=True)


def parts() -> None:
    """Draw kernel, split of the load and steps over time."""
    figure, axes = plt.subplots(1, 3, figsize=(12.0, 3.4), layout="constrained")
    radius = np.linspace(0.0, 2.0, 400)
    axes[0].plot(radius, deflection_ratio(radius))
    axes[0].axvline(1.0, color="0.6", linestyle=":", label="rim of the load, L/2")
    axes[0].set(xlabel="distance over a = L/2", ylabel="weight over its centre", ylim=(0.0, None),
                title="pad kernel, cut at 2a")  # fmt: skip
    axes[0].legend(fontsize=8)
    step = np.linspace(0.0, 700.0, 300)
    for k, rho in enumerate((0.1, 0.3, 0.6)):
        low = np.exp(-step / 130.0)
        up = 1.0 / (rho + (1.0 - rho) * low)
        axes[1].plot(step, up, color=f"C{k}", label=f"density {rho:g}, up")
        axes[1].plot(step, up * low, color=f"C{k}", linestyle="--")
        axes[1].axhline(1.0 / rho, color=f"C{k}", linestyle=":", linewidth=0.8)
    axes[1].set(xlabel="step, nm", ylabel="pressure over the wafer's", yscale="log", ylim=(0.01, 15.0),
                title="two-level contact, σ 130 nm (dashed: down)")  # fmt: skip
    axes[1].legend(fontsize=8)
    process = chip_process("oxide")
    area = np.array([[0.1], [0.3], [0.6], [0.9]]) * CELL_um**2
    times = np.arange(5.0, 181.0, 5.0)
    for k in range(4):
        maps = pattern_maps(CELL_um, 0.0, 0.0, area[k : k + 1], 4.0 * area[k : k + 1], np.ones((1, 1)))
        steps = [polish(maps, process, time_s=float(t)).step_nm[0, 0] for t in times]
        axes[2].plot(times, steps, label=f"density {float(area[k, 0]) / CELL_um**2:g}")
    axes[2].set(xlabel="time, s", ylabel="step, nm", title="oxide over 600 nm of metal")
    axes[2].legend(fontsize=8)
    _save(figure, "chip-model.png")


def _show(axes: Any, values: Map, title: str, colours: str = "viridis") -> None:
    span = CELLS * CELL_um / 1000.0
    shown = axes.imshow(values, origin="lower", extent=(0.0, span, 0.0, span), cmap=colours)
    axes.set_title(title, fontsize=9)
    axes.figure.colorbar(shown, ax=axes, shrink=0.8)


def chip() -> None:
    """Draw the die's density and its surface in three processes, and what a gradient says of its oxide."""
    maps = die()
    figure, axes = plt.subplots(2, 3, figsize=(12.0, 7.2), layout="constrained")
    oxide = chip_process("oxide")
    _show(axes[0, 0], maps.density, "drawn density", "magma")
    _show(axes[0, 1], pad_filter(maps, oxide).smooth(maps.density), "as the pad sees it, L 3 mm", "magma")
    for at, name in (((0, 2), "oxide"), ((1, 0), "sti"), ((1, 1), "cu")):
        surface = polish(maps, chip_process(name))
        shown = surface.surface_nm - surface.surface_nm.mean()
        title = f"{name}: surface, nm; TIR {statistics(surface).TIR_nm:.0f} nm after {surface.time_s:.0f} s"
        _show(axes[at], shown, title)
    timed = replace(oxide, stages=(replace(oxide.stages[0], ends=120.0),))
    gradient = polish_gradient(maps, timed).by_density
    bound = float(np.quantile(np.abs(gradient), 0.995))
    _show(axes[1, 2], np.clip(gradient, -bound, bound), "oxide, 120 s: dTIR/d(density), nm per cell", "coolwarm")
    for one in axes.flat:
        one.set(xlabel="mm")
    _save(figure, "chip-maps.png")


def main() -> int:
    """Draw both."""
    IMAGES.mkdir(exist_ok=True)
    parts()
    chip()
    return 0


if __name__ == "__main__":
    sys.exit(main())
