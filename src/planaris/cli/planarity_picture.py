"""Pictures of a chip's maps: density, surface, step and recess, with hot spots outlined."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from planaris.planarity import LayerStudy

_DPI = 110
_PANEL_INCHES = 4.4


def layer_picture(study: LayerStudy, title: str) -> bytes:
    """Return a picture of one layer as PNG: density, surface, step left, and dishing or effective density."""
    surface, maps = study.surface, study.maps
    mean = float((surface.surface_nm * surface.inside).sum() / surface.inside.sum())
    recess = bool(np.any(surface.dishing_nm))
    panels: list[tuple[str, NDArray[np.float64], str, bool]] = [
        ("density", maps.density, "viridis", False),
        ("surface about its mean, nm", surface.surface_nm - mean, "RdBu_r", True),
        ("step left, nm", surface.step_nm, "magma", False),
        ("dishing, nm", surface.dishing_nm, "magma", False)
        if recess
        else ("density as the pad sees it", surface.effective_density, "viridis", False),
    ]
    return _drawn(study, panels, title)


def _drawn(study: LayerStudy, panels: list[tuple[str, NDArray[np.float64], str, bool]], title: str) -> bytes:
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt
    from matplotlib.patches import Rectangle

    maps = study.maps
    rows, columns = maps.shape
    left, bottom = maps.left_um / 1000.0, maps.bottom_um / 1000.0
    extent = (left, left + columns * maps.cell_um / 1000.0, bottom, bottom + rows * maps.cell_um / 1000.0)
    tall = min(max(rows / columns, 0.4), 2.5)
    figure: Any
    axes: Any
    figure, axes = plt.subplots(
        2, 2, figsize=(2 * _PANEL_INCHES + 1.2, 2 * _PANEL_INCHES * tall + 1.0), layout="constrained", squeeze=False
    )
    try:
        for panel, (label, values, colours, about_zero) in zip(axes.ravel(), panels, strict=True):
            bound = max(float(np.abs(values).max()), 1e-9)
            span = {"vmin": -bound, "vmax": bound} if about_zero else {}
            image = panel.imshow(
                values, origin="lower", extent=extent, cmap=colours, interpolation="nearest", aspect="equal", **span
            )
            figure.colorbar(image, ax=panel, shrink=0.85)
            panel.set_title(label, fontsize=10)
            panel.set(xlabel="mm", ylabel="mm")
        for spot in study.hot_spots:
            corner = (spot.left_um / 1000.0, spot.bottom_um / 1000.0)
            wide, high = (spot.right_um - spot.left_um) / 1000.0, (spot.top_um - spot.bottom_um) / 1000.0
            axes[0][1].add_patch(Rectangle(corner, wide, high, fill=False, edgecolor="black", linewidth=0.8))
        figure.suptitle(title, fontsize=11)
        picture = io.BytesIO()
        figure.savefig(picture, dpi=_DPI, format="png", metadata={"Software": ""})
        return picture.getvalue()
    finally:
        plt.close(figure)
