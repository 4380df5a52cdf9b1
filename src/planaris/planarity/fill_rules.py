"""What dummy fill must obey, as a process states it for one layer."""

from __future__ import annotations

from dataclasses import dataclass

from planaris.planarity.layout import LayerKey


@dataclass(frozen=True, slots=True)
class FillRules:
    """Rules of one layer's fill, µm; fill is squares.

    ``sizes_um`` that squares may have; ``fill_space_um`` between squares, ``drawn_space_um`` to drawn shapes,
    ``keep_out_space_um`` to shapes of keep-out layers, ``edge_um`` to the chip's box. Drawn and fill together cover
    ``density_min_fraction`` to ``density_max_fraction`` of every window of ``window_um``, stepped by half a window from
    the box's lower left corner; ``target_fraction`` is what fill by density alone aims at.
    """

    name: str
    drawn: tuple[LayerKey, ...]
    fill: LayerKey
    keep_out: tuple[LayerKey, ...]
    sizes_um: tuple[float, ...]
    fill_space_um: float
    drawn_space_um: float
    keep_out_space_um: float
    edge_um: float
    window_um: float
    density_min_fraction: float
    density_max_fraction: float
    target_fraction: float
