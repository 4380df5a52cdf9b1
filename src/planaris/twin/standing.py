"""How low head and disk stand on a pad: on what wear has left of pad and retaining ring."""

from __future__ import annotations

from planaris.model import ToolDescription
from planaris.physics import mean_wear_mm
from planaris.twin.head import TrueHead
from planaris.twin.platen import TruePlaten


def head_height_mm(platen: TruePlaten, head: TrueHead, tool: ToolDescription) -> float:
    """Return where a head stands that its ring carries on the pad: below 0 by what both have lost."""
    ring_mm, center_mm = tool.head.ring_outer_mm, tool.platen.center_distance_mm
    pad_mm = mean_wear_mm(platen.pad_lost_um, platen.edges_mm, center_mm - ring_mm, center_mm + ring_mm)
    return -pad_mm - 1e-3 * head.ring_lost_um


def disk_height_mm(platen: TruePlaten, tool: ToolDescription) -> float:
    """Return where a conditioner's disk stands on the pad that it sweeps: 0 on a new one."""
    return -mean_wear_mm(platen.pad_lost_um, platen.edges_mm, 0.0, tool.platen.radius_mm)
