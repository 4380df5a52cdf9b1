"""The settings of virtual metrology for the PHM 2016 tool: lines, regimes, and which features the main method reads.

Chosen on the first 30 days of the labelled keys (fits on days 0 to 15, scores on days 15 to 30), and so are all
constants of the methods that say "days 0 to 30".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planaris.control.virtual_metrology.gaussian_process import fit
from planaris.control.virtual_metrology.line_history import HISTORY_FEATURES
from planaris.control.virtual_metrology.line_model import Fit
from planaris.control.virtual_metrology.trace_features import declared_features
from planaris.control.virtual_metrology.virtual_metrology import VirtualMetrology, virtual_metrology_for

# Chambers 1-3 and 4-6 are two lines with shared counters; stage A runs on both, stage B on the second only.
PHM_LINES = {"1-3": ("A",), "4-6": ("A", "B")}
STATIONS_COUNT = 3
MAIN_COUNTERS = ("dresser_usage", "pad_usage", "membrane_usage")
MAIN_FEATURES = (
    "polish_s",
    "buff_s",
    "dressing_s",
    "second_offset_s",
    "third_offset_s",
    "polish_slurry_c",
    "slurry_a_integral",
    "buff_slurry_a",
    "polish_head_rotation",
    "ring_integral",
    "polish_membrane_pressure",
    "polish_outer_pressure",
    "polish_center_pressure",
    "polish_ring_pressure",
    "polish_ripple_pressure",
    "polish_edge_pressure",
    "second_wafer_turns",
    "third_platen_turns",
    "followed",
    "polish_platen_rotation",
    "buff_platen_rotation",
)


def line_of(lowest_chamber: int) -> str:
    """Return the line of a key by its lowest chamber; three keys lack one, none lacks all of a line."""
    return "1-3" if lowest_chamber <= STATIONS_COUNT else "4-6"


def phm_station(chamber: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the station, from 0, of each chamber (n,) of its line."""
    return (chamber - 1) % STATIONS_COUNT


def phm_method(fitted: Fit = fit, *, both_sides: bool = False) -> VirtualMetrology:
    """Return virtual metrology for the challenge's tool; ``fitted`` fits parameters, e.g. with a memory.

    With labels on both sides of a step (the contest) the trees see every feature: the others help them there, and
    harm them where only the past is known.
    """
    if both_sides:
        others = (*(feature.name for feature in declared_features()), *HISTORY_FEATURES)
        return virtual_metrology_for(PHM_LINES, MAIN_COUNTERS, MAIN_FEATURES, others, fitted)
    return virtual_metrology_for(PHM_LINES, MAIN_COUNTERS, MAIN_FEATURES, fitted=fitted)
