"""Virtual metrology of the tool: an estimate of each wafer's removal until its label is there, or instead of one."""

from planaris.control.virtual_removal.features import PAD_AGE, REMOVAL_FEATURES, removal_features, wafer_row
from planaris.control.virtual_removal.residual_model import WARM_UP_COUNT, LabelledWafer, ResidualModel
from planaris.control.virtual_removal.virtual_removal import (
    RegimeState,
    RemovalEstimate,
    VirtualRemoval,
    VirtualRemovalState,
    WaferLabel,
    WaferPolished,
)

__all__ = [
    "PAD_AGE",
    "REMOVAL_FEATURES",
    "WARM_UP_COUNT",
    "LabelledWafer",
    "RegimeState",
    "RemovalEstimate",
    "ResidualModel",
    "VirtualRemoval",
    "VirtualRemovalState",
    "WaferLabel",
    "WaferPolished",
    "removal_features",
    "wafer_row",
]
