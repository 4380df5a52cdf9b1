"""Tool descriptions: reference tool A, and every way a description can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from planaris.formats import load_tool, tool_names
from planaris.model import IdlePadDescription, InputFault, PlanningDescription, ToolDescription

FaultsOf = Callable[[Callable[[], object]], dict[str, InputFault]]
TOOL_A = (resources.files("planaris.formats") / "tools" / "tool_a.toml").read_text(encoding="utf-8")


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(old: str, new: str) -> Path:
        assert old in TOOL_A
        path = tmp_path / "tool.toml"
        path.write_text(TOOL_A.replace(old, new, 1), encoding="utf-8")
        return path

    return write


def test_tool_a_is_the_default_and_has_the_reference_times(tool_a: ToolDescription) -> None:
    assert "tool_a" in tool_names()
    assert load_tool("tool_a") == tool_a
    # Reference configuration A, design values: pick / place / move / empty move of both robots, then the load cup.
    dry, wet, cup = tool_a.dry_robot, tool_a.wet_robot, tool_a.load_cup
    assert (dry.pick_s, dry.place_s, dry.move_s, dry.empty_move_s) == (3.0, 3.0, 2.5, 2.0)
    assert (wet.pick_s, wet.place_s, wet.move_s, wet.empty_move_s) == (4.0, 4.0, 3.0, 3.0)
    assert cup.unload_s + cup.head_rinse_s + cup.load_s + cup.chuck_s == 25.0
    assert (tool_a.aligner_s, tool_a.carrier_map_s, tool_a.carousel_index_s, tool_a.lift_s) == (6.0, 20.0, 5.0, 1.0)
    assert tool_a.cleaner.stations == ("megasonic", "brush1", "brush2", "srd")
    assert tool_a.cleaner.exchange_s == 10.0
    assert tool_a.metrology is not None
    assert dict(tool_a.metrology.time_s_by_plan) == {"9": 25.0, "49": 90.0}
    assert (tool_a.load_ports, tool_a.heads, tool_a.platens) == (2, 4, 3)


def test_ranges_are_in_model_units(tool_a: ToolDescription) -> None:
    zone, force = tool_a.range_of("zone_pressure_kPa"), tool_a.range_of("conditioning.downforce_N")
    assert zone is not None
    assert force is not None
    assert (zone.minimum, zone.maximum) == pytest.approx((0.5 * 6.894757293168, 7 * 6.894757293168))
    assert (force.minimum, force.maximum) == pytest.approx((13.3446648, 31.1375513))


def test_the_ring_of_tool_a_stays_on_its_platen(tool_a: ToolDescription) -> None:
    platen = tool_a.platen
    assert platen.center_distance_mm + platen.sweep_max_mm + tool_a.head.ring_outer_mm <= platen.radius_mm


def test_a_head_that_overhangs_is_refused_with_the_sum(
    changed: Callable[[str, str], Path], faults_of: FaultsOf
) -> None:
    path = changed("center_distance_mm = 125", "center_distance_mm = 130")
    (fault,) = faults_of(lambda: load_tool(path)).values()
    assert (fault.path, fault.value, fault.limit, fault.unit) == ("platen.center_distance_mm", "130", "<= 254", "mm")
    assert "130 + 5 + 120 = 255 mm" in fault.problem
    assert "1 mm" in fault.remedy


def test_a_declared_overhang_is_taken(changed: Callable[[str, str], Path]) -> None:
    path = changed("center_distance_mm = 125", "center_distance_mm = 130\noverhang_allowed_mm = 1")
    assert load_tool(path).platen.center_distance_mm == 130.0


@pytest.mark.parametrize(
    ("old", "new", "path", "problem"),
    [
        ('"brush2"', '"brush7"', "cleaner.stations[2]", "unknown module"),
        ('"brush2"', '"brush1"', "cleaner.stations[2]", "stands twice"),
        ('"carousel"', '"linear"', "architecture", "unknown choice"),
        ("heads = 4", "heads = 3", "heads", "one head for each platen"),
        ("ring_inner_mm = 100.5", "ring_inner_mm = 99", "head.ring_inner_mm", "does not fit into the ring"),
        ("ring_outer_mm = 120", "ring_outer_mm = 100", "head.ring_outer_mm", "the ring has no width"),
        ("[85, 95, 99]", "[85, 85, 99]", "head.zone_outer_mm", "from the centre out"),
        ("[85, 95, 99]", "[85, 95, 101]", "head.zone_outer_mm", "past the wafer's edge"),
        ("pick_s = 3", "pick_s = -3", "dry_robot.pick_s", "out of range"),
        ("9 = 25", "13 = 25", "metrology.time_s_by_plan.13", "unknown site plan"),
        ("49 = 90", "49 = 0", "metrology.time_s_by_plan.49", "out of range"),
        ("ring_pressure_psi = [0, 10]", "ring_pressure_psi = [10, 0]", "ranges.ring_pressure_psi", "begins after"),
        ("ring_pressure_psi = [0, 10]", "ring_pressure_psi = 10", "ranges.ring_pressure_psi", "must be two numbers"),
        ("ring_pressure_psi = [0, 10]", "ring_presure_psi = [0, 10]", "ranges.ring_presure_psi", "unknown recipe"),
        ("ramp_s = [0, 10]", "zone_pressure_kPa = [3, 48]", "ranges.zone_pressure_kPa", "given twice"),
        ("disk_life_h = 30", "disc_life_h = 30", "consumable_limits.disc_life_h", "unknown limit"),
        ("disk_life_h = 30", "disk_life_h = 0", "consumable_limits.disk_life_h", "above 0"),
        ("aligner_s = 6", "alinger_s = 6", "alinger_s", "unknown key"),
    ],
)
def test_one_fault(
    changed: Callable[[str, str], Path], faults_of: FaultsOf, *, old: str, new: str, path: str, problem: str
) -> None:
    file = changed(old, new)
    faults = faults_of(lambda: load_tool(file))
    assert list(faults) == [path]
    assert problem in faults[path].problem


def test_zones_in_disorder_are_shown_in_order(changed: Callable[[str, str], Path], faults_of: FaultsOf) -> None:
    file = changed("[85, 95, 99]", "[95, 85.5, 99]")
    (fault,) = faults_of(lambda: load_tool(file)).values()
    assert (fault.limit, fault.remedy) == ("each > the one before", "[85.5, 95, 99] would be in order")


def test_a_tool_that_is_not_there_lists_those_that_are(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(lambda: load_tool("tool_z")).values()
    assert fault.limit == ", ".join(tool_names())


def test_metrology_may_be_absent(tmp_path: Path) -> None:
    start, end = TOOL_A.index("[metrology]"), TOOL_A.index("# Legal range")
    path = tmp_path / "tool.toml"
    path.write_text(TOOL_A[:start] + TOOL_A[end:], encoding="utf-8")
    assert load_tool(path).metrology is None


def test_planning_is_read_and_may_be_left_out(changed: Callable[[str, str], Path], faults_of: FaultsOf) -> None:
    assert load_tool("tool_a").planning == PlanningDescription(2.0, 60.0, 16)
    few = changed("wafers_count = 16", "wafers_count = 1")
    assert set(faults_of(lambda: load_tool(few))) == {"planning.wafers_count"}
    table = TOOL_A[TOOL_A.index("[planning]") : TOOL_A.index("[ranges]")]
    assert load_tool(changed(table, "")).planning is None


def test_dummies_after_idle_are_read_and_off_unless_asked_for(
    changed: Callable[[str, str], Path], faults_of: FaultsOf
) -> None:
    assert load_tool("tool_a").idle_pad is None
    asked = "[idle_pad]\nlimit_s = 1800\ndummies_count = 2\n\n[ranges]"
    assert load_tool(changed("[ranges]", asked)).idle_pad == IdlePadDescription(1800.0, 2)
    bad = changed("[ranges]", asked.replace("1800", "0").replace("count = 2", "count = 0"))
    assert set(faults_of(lambda: load_tool(bad))) == {"idle_pad.limit_s", "idle_pad.dummies_count"}
