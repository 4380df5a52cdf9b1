"""Codes on the wire: what they mean, and that they agree with the model."""

from __future__ import annotations

import pytest

from planaris.dictionary import Dictionary, UnknownNameError
from planaris.model import CARRIER_SLOTS, SITE_PLANS, SlotState

VERBS = {
    "loadport1": {"map": [], "release": []},
    "dry_robot": {
        "pick": ["station", "slot"],
        "place": ["station", "slot"],
        "pick_b": ["station", "slot"],
        "place_b": ["station", "slot"],
        "goto": ["station"],
    },
    "wet_robot": {
        "pick": ["station", "slot"],
        "place": ["station", "slot"],
        "pick_b": ["station", "slot"],
        "place_b": ["station", "slot"],
        "goto": ["station"],
        "flip": ["station", "face"],
        "flip_b": ["station", "face"],
    },
    "aligner": {"align": ["angle_deg"]},
    "loadcup": {"unload": ["head"], "rinse": ["head"], "load": ["head"], "chuck": ["head"]},
    "carousel": {"index": ["position"]},
    "head2": {"touch_down": [], "lift": [], "rechuck": ["vacuum_kPa"]},
    "platen3": {"slurry": ["line", "on"], "rinse": ["on"]},
    "conditioner1": {"down": [], "up": []},
    "megasonic": {"process": ["time_s"], "transfer": []},
    "brush2": {"process": ["time_s"], "transfer": []},
    "srd": {"process": ["time_s"]},
    "metrology": {"measure": ["plan"]},
    "stage": {},
}


@pytest.mark.parametrize("device", VERBS)
def test_devices_know_their_verbs_and_arguments(dictionary: Dictionary, device: str) -> None:
    found = {verb.name: [a.name for a in verb.arguments] for verb in dictionary.verbs_of(device)}
    assert found == VERBS[device]


def test_every_device_of_the_tool_is_covered_above(dictionary: Dictionary) -> None:
    classes = {p.scope for p in dictionary.devices}
    assert classes == {dictionary.place(name).scope for name in VERBS} - {"stage"}


def test_parts_of_a_unit_know_their_verbs_and_positions(units_dictionary: Dictionary) -> None:
    found = {verb.name: [a.name for a in verb.arguments] for verb in units_dictionary.verbs_of("exchange2")}
    assert found == VERBS["loadcup"]
    assert [verb.name for verb in units_dictionary.verbs_of("swing1")] == ["to"]
    positions = units_dictionary.code_list("swing_position").by_name
    assert {name: code.value for name, code in positions.items()} == {"exchange": 0, "table1": 1, "table2": 2}
    stations = units_dictionary.code_list("wet_station").by_name
    assert {p.name for p in units_dictionary.places if p.scope == "exchange"} <= set(stations)


def test_error_codes_are_fixed(dictionary: Dictionary) -> None:
    names = [code.name for code in dictionary.code_list("device_error").by_value.values()]
    assert " ".join(names) == (
        "none unknown_verb precondition timeout no_wafer wafer_present interlock hardware_fault bad_argument"
    )
    assert [dictionary.code("device_error", name) for name in names] == list(range(9))


def test_slot_states_are_those_of_the_model(dictionary: Dictionary) -> None:
    listed = dictionary.code_list("slot_state")
    assert [listed.name_of(value) for value in range(4)] == [state.value for state in SlotState]
    assert dictionary.variable("loadport1.slot_state").shape == (CARRIER_SLOTS,)


def test_site_plans_are_those_of_the_model_and_fit_the_result(dictionary: Dictionary) -> None:
    assert set(dictionary.code_list("site_plan").by_name) == set(SITE_PLANS)
    assert dictionary.variable("metrology.result_nm").shape == (max(map(len, SITE_PLANS.values())),)


def test_robots_reach_their_stations_by_the_same_code(dictionary: Dictionary) -> None:
    dry, wet = dictionary.code_list("dry_station").by_name, dictionary.code_list("wet_station").by_name
    assert {"loadport1", "loadport2", "aligner", "stage", "srd", "metrology"} <= set(dry)
    assert {"stage", "loadcup", "megasonic"} <= set(wet)
    assert dry["stage"].value == wet["stage"].value
    by_value = {code.value: code.name for code in (*dry.values(), *wet.values())}
    assert len(by_value) == len({*dry, *wet})


def test_zero_is_no_verb_and_no_station(dictionary: Dictionary) -> None:
    for listed in dictionary.code_lists:
        if listed.name.startswith("verbs.") or listed.name.endswith("_station"):
            assert 0 not in listed.by_value


def test_values_are_unambiguous(dictionary: Dictionary) -> None:
    for listed in dictionary.code_lists:
        assert len(listed.by_name) == len(listed.by_value) > 0
        for name in listed.by_name:
            assert listed.name_of(listed.value(name)) == name


def test_referenced_lists_exist(dictionary: Dictionary) -> None:
    known = {listed.name for listed in dictionary.code_lists}
    used = {v.codes for v in dictionary.variables}
    used |= {a.codes for p in dictionary.devices for verb in dictionary.verbs_of(p.name) for a in verb.arguments}
    used |= {p.codes for command in dictionary.commands for p in command.parameters}
    assert used - {None} <= known


def test_codes_translate_both_ways_and_refuse_what_they_do_not_know(dictionary: Dictionary) -> None:
    assert dictionary.code_name("wet_station", dictionary.code("wet_station", "loadcup")) == "loadcup"
    with pytest.raises(UnknownNameError, match="no device_error code 99"):
        dictionary.code_name("device_error", 99)
    with pytest.raises(UnknownNameError, match="no wet_station code srd"):
        dictionary.code("wet_station", "srd")
    with pytest.raises(UnknownNameError, match="no code list dry_stations; nearest dry_station"):
        dictionary.code_list("dry_stations")
