"""A head has as many zones as its tool says: each with its set-point, its sensors and its fail state."""

from __future__ import annotations

import pytest

from planaris.twin.fail_states import FailState, Loss, acting
from planaris.twin.signals import head_signals


@pytest.mark.parametrize("zones_count", [1, 3, 5, 7])
def test_each_zone_is_driven_shown_and_vented(zones_count: int) -> None:
    head = head_signals(zones_count)
    driven, shown = {a.name: a.set_point for a in head.actuators}, {s.tag: s for s in head.signals}
    by_air = {a.name for a in head.actuators if a.by_air}
    vented = acting("head", Loss.AIR, zones_count)
    for zone in range(1, zones_count + 1):
        assert driven[f"zone{zone}"] == f"sp_zone{zone}_pressure_kPa"
        assert shown[f"zone{zone}_pressure_kPa"].actuator == f"zone{zone}"
        assert head.lag_index[f"zone{zone}_flow_l_min"] < len(head.lag_rate_per_s)
        assert vented[f"zone{zone}"] is FailState.VENTED
        assert f"zone{zone}" in by_air
    assert f"zone{zones_count + 1}" not in driven.keys() | vented.keys()
    assert len(head.lags) == len(head.lag_index) == len(head.lag_rate_per_s)
