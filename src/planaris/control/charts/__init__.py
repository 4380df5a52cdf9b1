"""Control charts, one a file, each `step(state, point) -> (state, signal)` and replayable."""

from planaris.control.charts.cusum import CusumChart, CusumState
from planaris.control.charts.ewma import EwmaChart, EwmaState
from planaris.control.charts.hotelling import HotellingChart, t2_limit
from planaris.control.charts.run_rules import NELSON, WESTERN_ELECTRIC, Pattern, RunRule
from planaris.control.charts.shewhart import ShewhartChart
from planaris.control.charts.signal import ChartSignal
from planaris.control.charts.spe import SpeChart, spe_limit, spe_quantile
from planaris.control.charts.subspace import Subspace

__all__ = [
    "NELSON",
    "WESTERN_ELECTRIC",
    "ChartSignal",
    "CusumChart",
    "CusumState",
    "EwmaChart",
    "EwmaState",
    "HotellingChart",
    "Pattern",
    "RunRule",
    "ShewhartChart",
    "SpeChart",
    "Subspace",
    "spe_limit",
    "spe_quantile",
    "t2_limit",
]
