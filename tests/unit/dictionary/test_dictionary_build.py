"""Declarations × tool description give a tool's instances; ids do not depend on the tool."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planaris.dictionary import Dictionary, UnknownNameError, UnknownStationError, build
from planaris.model import CleanerDescription, ToolDescription
from planaris.modules import ControlConstants

CONTROL = (
    "trace_block_s",
    "device_margin_ratio",
    "device_margin_s",
    "heartbeat_period_s",
    "handshake_ack_timeout_s",
    "handshake_retries_count",
    "handshake_ask_again_s",
)


def test_instances_follow_the_tool_description(carousel: ToolDescription) -> None:
    small = replace(carousel, load_ports=1, heads=2, platens=1, metrology=None)
    small = replace(small, head=replace(carousel.head, zone_outer_mm=(50.0, 100.0)))
    small = replace(small, cleaner=CleanerDescription(("brush1", "srd"), 10.0))
    names = {p.name for p in build(small).places}
    assert {"loadport1", "head2", "platen1", "conditioner1", "brush1", "srd"} <= names
    assert not {"loadport2", "head3", "platen2", "conditioner2", "brush2", "megasonic", "metrology"} & names
    head = {v.name for v in build(small).variables if v.place == "head2"}
    assert "head2.zone2_pressure_kPa" in head
    assert "head2.zone3_pressure_kPa" not in head


def test_parts_follow_the_architecture(carousel: ToolDescription, units: ToolDescription) -> None:
    turning, swinging = ({p.name for p in build(tool).places} for tool in (carousel, units))
    assert turning - swinging == {"loadcup", "carousel", "head3", "head4"}
    assert swinging - turning == {
        "exchange1", "exchange2", "swing1", "swing2", "platen4", "conditioner4",
        "dry_robot_b", "wet_robot_b", "stage_out",
    }  # fmt: skip
    holding = {p.name for p in build(units).locations}
    assert {"exchange1", "exchange2", "dry_robot", "dry_robot_b", "wet_robot", "wet_robot_b", "stage_out"} <= holding
    assert not {"dry_robot_b", "wet_robot_b", "stage_out"} & {p.name for p in build(units).devices}


def test_what_both_architectures_have_has_the_same_ids(dictionary: Dictionary, units_dictionary: Dictionary) -> None:
    ids = {v.name: v.variable_id for v in units_dictionary.variables}
    shared = {v.name: v.variable_id for v in dictionary.variables if v.name in ids}
    assert {"head2.up", "platen3.pad_wet", "wet_robot.wafer_present", "stage.wafer_id"} <= set(shared)
    assert shared == {name: ids[name] for name in shared}


def test_one_arm_and_one_stage_need_no_second_place(units: ToolDescription) -> None:
    small = replace(units, stages=1, wet_robot=replace(units.wet_robot, arms=1))
    names = {p.name for p in build(small).places}
    assert "dry_robot_b" in names
    assert not {"wet_robot_b", "stage_out"} & names


def test_a_place_keeps_its_ids_in_a_larger_tool(dictionary: Dictionary, largest: ToolDescription) -> None:
    other = build(largest)
    renamed = {"megasonic": "megasonic1", "srd": "srd1"}

    def in_other(name: str) -> str:
        place, dot, rest = name.partition(".")
        return renamed.get(place, place) + dot + rest

    assert {v.name: v.variable_id for v in dictionary.variables} == {
        v.name: other.variable(in_other(v.name)).variable_id for v in dictionary.variables
    }
    assert [a.alarm_id for a in dictionary.alarms] == [
        other.alarm(a.template.name, in_other(a.source)).alarm_id for a in dictionary.alarms
    ]


@pytest.mark.parametrize("tool", ["carousel", "largest", "units"])
def test_no_two_declarations_share_an_id(tool: str, request: pytest.FixtureRequest) -> None:
    found = build(request.getfixturevalue(tool))
    ids = [v.variable_id for v in found.variables]
    ids += [c.constant_id for c in found.constants]
    ids += [e.event_id for e in found.events]
    ids += [c.command_id for c in found.commands]
    ids += [number for a in found.alarms for number in (a.alarm_id, a.set_event_id, a.cleared_event_id)]
    assert len(ids) == len(set(ids))
    assert all(0 < number < 2**32 for number in ids)


def test_no_two_declarations_share_a_name(dictionary: Dictionary) -> None:
    for names in (
        [v.name for v in dictionary.variables],
        [a.name for a in dictionary.alarms],
        [p.name for p in dictionary.places],
        [*(e.name for e in dictionary.events), *(c.name for c in dictionary.constants)],
    ):
        assert len(names) == len(set(names))


def test_everything_is_found_again_by_name_and_by_id(dictionary: Dictionary) -> None:
    for v in dictionary.variables:
        assert dictionary.variable(v.name) is dictionary.variable_by_id(v.variable_id) is v
    for c in dictionary.constants:
        assert dictionary.constant(c.name) is dictionary.constant_by_id(c.constant_id) is c
    for e in dictionary.events:
        assert dictionary.event(e.name) is dictionary.event_by_id(e.event_id) is e
    for a in dictionary.alarms:
        assert dictionary.alarm(a.template.name, a.source) is dictionary.alarm_by_id(a.alarm_id) is a
        assert dictionary.alarm_template(a.template.name) is a.template
    for command in dictionary.commands:
        assert dictionary.command(command.name) is dictionary.command_by_id(command.command_id) is command


def test_an_unknown_name_is_answered_with_the_nearest(dictionary: Dictionary) -> None:
    with pytest.raises(UnknownNameError, match=r"no variable platen1\.sped_rpm; nearest platen1\.speed_rpm") as caught:
        dictionary.variable("platen1.sped_rpm")
    assert (caught.value.what, caught.value.name) == ("variable", "platen1.sped_rpm")
    with pytest.raises(UnknownNameError, match="no verb of srd transfer"):
        dictionary.verb("srd", "transfer")
    with pytest.raises(UnknownNameError, match=r"no alarm platen1\.wafer_slip; nearest"):
        dictionary.alarm("wafer_slip", "platen1")


def test_a_station_without_declaration_is_refused_by_name(carousel: ToolDescription) -> None:
    odd = replace(carousel, cleaner=CleanerDescription(("megasonic", "ozone", "plasma2"), 10.0))
    with pytest.raises(UnknownStationError, match="ozone, plasma2; known are megasonic, brush, srd"):
        build(odd)


def test_more_places_than_ids_are_refused(carousel: ToolDescription) -> None:
    with pytest.raises(ValueError, match="no ids are kept for head11, head12"):
        build(replace(carousel, heads=12))


def test_more_zones_than_ids_are_refused(carousel: ToolDescription) -> None:
    crowded = replace(carousel.head, zone_outer_mm=tuple(float(r) for r in range(10, 100, 10)))
    with pytest.raises(ValueError, match="9 zones; ids are kept for 8"):
        build(replace(carousel, head=crowded))


def test_equal_tools_share_one_dictionary(carousel: ToolDescription) -> None:
    assert build(carousel) is build(replace(carousel, aligner_s=7.0))
    assert build(carousel) is not build(replace(carousel, platens=2))


def test_texts_name_the_place(dictionary: Dictionary) -> None:
    pressure = dictionary.variable("head3.zone2_pressure_kPa")
    assert (pressure.text_en, pressure.text_zh) == ("Head 3 zone 2 pressure", "抛光头3分区2压力")
    slip = dictionary.alarm("wafer_slip", "head4")
    assert slip.text_en.startswith("Head 4: ")
    assert slip.text_zh.startswith("抛光头4：")
    assert dictionary.variable("safety.emo").text_en == "Emergency off pressed"


def test_units_are_shown_by_symbol(dictionary: Dictionary) -> None:
    shown = {name: dictionary.variable(name).unit for name in ("platen1.slurry_flow_ml_min", "slot", "srd.cmd.arg1")}
    assert shown == {"platen1.slurry_flow_ml_min": "ml/min", "slot": "", "srd.cmd.arg1": ""}
    assert dictionary.constant("chuck_vacuum_limit_kPa").unit == "kPa"
    assert dictionary.verb("aligner", "align").arguments[0].unit == "°"


def test_the_controller_starts_with_the_declared_constants(dictionary: Dictionary) -> None:
    control = ControlConstants()
    assert {
        "trace_block_s": control.trace_block_s,
        "device_margin_ratio": control.device_margin_ratio,
        "device_margin_s": control.device_margin_s,
        "heartbeat_period_s": control.heartbeat_period_s,
        "handshake_ack_timeout_s": control.handshake.acknowledge_s,
        "handshake_retries_count": control.handshake.retries_count,
        "handshake_ask_again_s": control.handshake.ask_again_s,
    } == {name: dictionary.constant(name).default for name in CONTROL}
    # The PLC goes to its safe state after 2 s of silence; at least one beat must be able to get lost.
    assert 2 * dictionary.constant("heartbeat_period_s").maximum <= 2.0
