"""Files of a fill: the squares as a layout, pictures and figures before and after."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from planaris.cli.chip_input import what_if
from planaris.formats.layout_write import write_rectangles

if TYPE_CHECKING:
    from planaris.planarity import FillDesign, FillTrial, Layout, PatternProcess

_DPI = 110


def write_fill(
    made: FillDesign, others: list[FillTrial], chip: Layout, process: PatternProcess, out: Path
) -> list[Path]:
    """Write fill.gds (the squares alone, in the chip's coordinates), fill.png and report.html; return their paths."""
    from planaris.report.fill_page import fill_page

    out.mkdir(parents=True, exist_ok=True)
    layout, picture, report = out / "fill.gds", out / "fill.png", out / "report.html"
    write_rectangles(layout, f"{chip.top}_FILL"[:32], {made.rules.fill: made.by_topography.squares}, chip.dbu_um)
    trials = [made.before, made.by_density, made.by_topography, *others]
    picture.write_bytes(_picture(trials))
    note = what_if(process)
    page = fill_page(made, trials, chip.source, chip.top, process, [note] if note else [], picture.read_bytes())
    report.write_text(page, encoding="utf-8")
    return [layout, picture, report]


def _picture(trials: list[FillTrial]) -> bytes:
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    bound = max(float(np.abs(one.surface.surface_nm - one.surface.surface_nm.mean()).max()) for one in trials)
    figure: Any
    axes: Any
    images: dict[int, Any] = {}
    figure, axes = plt.subplots(2, len(trials), figsize=(3.4 * len(trials), 6.6), layout="constrained", squeeze=False)
    try:
        for column, one in enumerate(trials):
            maps = one.maps
            surface = one.surface.surface_nm - one.surface.surface_nm.mean()
            images[0] = axes[0][column].imshow(
                maps.density,
                origin="lower",
                extent=_extent(maps.density, maps.cell_um),
                vmin=0,
                vmax=1,
                cmap="viridis",
                interpolation="nearest",
            )
            images[1] = axes[1][column].imshow(
                surface,
                origin="lower",
                extent=_extent(surface, maps.cell_um),
                vmin=-bound,
                vmax=bound,
                cmap="RdBu_r",
                interpolation="nearest",
            )
            axes[0][column].set_title(f"{one.name}\ndensity {maps.mean_density:.3f}", fontsize=9)
            axes[1][column].set_title(f"TIR {one.TIR_nm:.1f} nm", fontsize=9)
            axes[1][column].set_xlabel("mm")
        figure.colorbar(images[0], ax=axes[0], shrink=0.8, label="density")
        figure.colorbar(images[1], ax=axes[1], shrink=0.8, label="surface about its mean, nm")
        data = io.BytesIO()
        figure.savefig(data, dpi=_DPI, format="png", metadata={"Software": ""})
        return data.getvalue()
    finally:
        plt.close(figure)


def _extent(values: NDArray[np.float64], cell_um: float) -> tuple[float, float, float, float]:
    rows, columns = values.shape
    return 0.0, columns * cell_um / 1000.0, 0.0, rows * cell_um / 1000.0
