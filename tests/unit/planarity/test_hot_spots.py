"""Hot spots: places over a limit, connected cells together, worst first; the focus budget by Rayleigh."""

from __future__ import annotations

import numpy as np
import pytest
from fill_samples import uniform

from planaris.model import InputError
from planaris.planarity import (
    EXPOSURE_TOOLS,
    HotSpotLimits,
    chip_process,
    exposure_tool,
    find_hot_spots,
    pattern_maps,
    polish,
)


def test_depth_of_focus_of_the_named_tools() -> None:
    assert EXPOSURE_TOOLS["pas5500-850"].depth_of_focus_nm == pytest.approx(248.0 / 0.64)
    assert EXPOSURE_TOOLS["arf-immersion"].depth_of_focus_nm == pytest.approx(152.5, abs=0.1)
    assert EXPOSURE_TOOLS["pas5500-275"].budget_nm == pytest.approx(365.0 / 0.57**2 / 3.0)


def test_two_islands_are_two_places() -> None:
    cells = 80
    density = np.full((cells, cells), 0.3)
    density[5:25, 5:25], density[50:70, 40:60] = 0.9, 0.8
    area = density * 50.0**2
    maps = pattern_maps(50.0, 100.0, 200.0, area, 2.0 * area, np.ones((cells, cells)))
    surface = polish(maps, chip_process("oxide"))
    mean = float(surface.surface_nm.mean())
    limit = 1.2 * float(np.abs(surface.surface_nm - mean).max())
    spots = find_hot_spots("m1", maps, surface, HotSpotLimits(focus_nm=limit))
    assert [spot.kind for spot in spots] == ["focus"] * len(spots)
    assert spots[0].worst_nm == pytest.approx(2.0 * float(np.abs(surface.surface_nm - mean).max()))
    assert all(spot.worst_nm > limit for spot in spots)
    assert [s.severity_ratio for s in spots] == sorted((s.severity_ratio for s in spots), reverse=True)
    over = 2.0 * np.abs(surface.surface_nm - mean) > limit
    assert sum(spot.cells_count for spot in spots) == over.sum()
    first = spots[0]
    assert 100.0 <= first.left_um < first.right_um <= 4100.0
    assert 200.0 <= first.bottom_um < first.top_um <= 4200.0
    assert find_hot_spots("m1", maps, surface, HotSpotLimits(focus_nm=2.1 * limit)) == ()


def test_a_uniform_chip_has_none_and_recess_is_told_by_kind() -> None:
    maps = uniform(0.5, 10)
    flat = polish(maps, chip_process("oxide"))
    assert find_hot_spots("m1", maps, flat, HotSpotLimits(focus_nm=1.0)) == ()
    copper = polish(maps, chip_process("cu"))
    limits = HotSpotLimits(erosion_nm=0.5 * float(copper.erosion_nm.max()))
    spots = find_hot_spots("m1", maps, copper, limits)
    assert [(spot.kind, spot.cells_count) for spot in spots] == [("erosion", 100)]


def test_ones_own_lens_has_its_own_budget() -> None:
    assert exposure_tool("pas5500-850") is EXPOSURE_TOOLS["pas5500-850"]
    assert exposure_tool("365,0.6").budget_nm == pytest.approx(365.0 / 0.36 / 3.0)
    assert exposure_tool("193,1.2,1.44").depth_of_focus_nm == pytest.approx(1.44 * 193.0 / 1.44)


@pytest.mark.parametrize(
    ("text", "count"),
    [("asml", 1), ("365", 1), ("365,0.5,1,1", 1), ("nan,0.5", 1), ("9,2,3", 3), ("193,1.35", 1), ("365,inf", 1)],
)
def test_what_is_no_lens_is_told(text: str, count: int) -> None:
    with pytest.raises(InputError) as refused:
        exposure_tool(text)
    assert len(refused.value.faults) == count
    assert all("WAVELENGTH_nm,NA" in (fault.remedy or "") for fault in refused.value.faults)
