"""The alarm catalogue and the commands: complete, consistent, twin's commands marked."""

from __future__ import annotations

from planaris.dictionary import Dictionary, alarm_templates
from planaris.model import Severity


def words(text: str) -> list[str]:
    return text.split()


# Alarm limits and interlocks of the tool, and what the controller itself raises.
NEEDED = words("""
    emo door_open leak over_temperature index_blocked transfer_blocked wafer_not_seen wafer_slip pad_dry
    ring_pressure_low path_overlap station_occupied di_pressure_lost consumable_expired slot_map_mismatch
    chuck_vacuum_weak torque_high motor_current_high motor_temperature_high speed_deviation flow_deviation
    pressure_deviation force_deviation membrane_leak slurry_pressure_low slurry_filter_clogged slurry_temperature
    platen_coolant_temperature pad_temperature_high cooling_water_temperature di_pressure_out_of_range
    cda_pressure_out_of_range exhaust_low
    device_timeout device_error handshake_lost link_lost unexpected_wafer slot_double slot_crossed wet_limit_exceeded
    removal_out_of_target wiwnu_out_of_limit consumable_warning trace_write_failed journal_failed heartbeat_lost
    process_aborted interlock_refused metrology_failed model_range make_safe_failed
""")
ROLES = {"operator", "process", "maintenance", "administrator", "host", "script"}


def test_every_needed_alarm_is_in_the_catalogue(dictionary: Dictionary) -> None:
    assert set(NEEDED) <= {t.name for t in dictionary.alarm_templates}
    assert tuple(alarm_templates().values()) == dictionary.alarm_templates


def test_every_alarm_has_a_source_in_the_tool(dictionary: Dictionary, units_dictionary: Dictionary) -> None:
    raised: set[str] = set()
    for found in (dictionary, units_dictionary):
        assert {a.source for a in found.alarms} <= {p.name for p in found.places}
        raised |= {a.template.name for a in found.alarms}
    assert raised == {t.name for t in dictionary.alarm_templates}


def test_an_architecture_raises_only_alarms_of_its_own_parts(
    dictionary: Dictionary, units_dictionary: Dictionary
) -> None:
    turning, swinging = ({a.template.name for a in d.alarms} for d in (dictionary, units_dictionary))
    assert turning - swinging == {"index_blocked"}
    assert swinging - turning == {"swing_blocked"}


def test_devices_can_raise_what_a_handshake_can_fail_with(dictionary: Dictionary) -> None:
    for name in ("handshake_lost", "device_timeout", "device_error", "interlock_refused"):
        raised = {a.source for a in dictionary.alarms if a.template.name == name}
        assert {d.name for d in dictionary.devices} <= raised


def test_locations_can_miss_or_find_a_wafer(dictionary: Dictionary) -> None:
    for name in ("wafer_not_seen", "unexpected_wafer"):
        raised = {a.source for a in dictionary.alarms if a.template.name == name}
        assert {p.name for p in dictionary.locations} | {"loadport1", "loadport2"} == raised


def test_categories_are_those_of_the_alarm_code_byte(dictionary: Dictionary) -> None:
    assert all(1 <= t.category <= 8 for t in dictionary.alarm_templates)
    personal = {t.name for t in dictionary.alarm_templates if t.category == 1}
    assert personal == {"emo", "door_open"}


def test_what_endangers_people_wafers_or_records_is_fatal(dictionary: Dictionary) -> None:
    for name in ("emo", "leak", "over_temperature", "link_lost", "heartbeat_lost", "journal_failed", "wafer_slip"):
        assert dictionary.alarm_template(name).severity is Severity.FATAL


def test_alarms_have_a_set_and_a_cleared_event_that_host_and_events_do_not_share(dictionary: Dictionary) -> None:
    alarm = dictionary.alarm("emo", "safety")
    assert len({alarm.alarm_id, alarm.set_event_id, alarm.cleared_event_id}) == 3
    events = {e.event_id for e in dictionary.events}
    assert not events & {n for a in dictionary.alarms for n in (a.set_event_id, a.cleared_event_id)}


def test_commands_name_their_roles(dictionary: Dictionary) -> None:
    assert [c.name for c in dictionary.commands if not c.roles or not set(c.roles) <= ROLES] == []


def test_exactly_the_world_s_commands_exist_on_the_twin_only(dictionary: Dictionary) -> None:
    twin_only = {c.name for c in dictionary.commands if c.twin_only}
    assert twin_only == {c.name for c in dictionary.commands if c.name.startswith("world.")}
    needed = words("place_cassette remove_cassette press_emo reset_emo inject_fault clear_fault change_part")
    assert {f"world.{name}" for name in needed} == twin_only


def test_a_host_can_run_a_lot_but_not_the_twin(dictionary: Dictionary) -> None:
    host = {c.name for c in dictionary.commands if "host" in c.roles}
    jobs = {f"job.{verb}" for verb in ("create", "start", "pause", "resume", "stop", "abort")}
    recipes = {"recipe.save", "recipe.receive", "recipe.obsolete"}
    assert host == jobs | recipes | {"wafer.abort", "tool.halt"}


def test_parameters_are_typed(dictionary: Dictionary) -> None:
    fault = {p.name: p for p in dictionary.command("world.inject_fault").parameters}
    assert {name: p.dtype for name, p in fault.items()} == {
        "fault": "str",
        "target": "str",
        "magnitude": "float",
        "duration_s": "float",
    }
    assert [name for name, p in fault.items() if not p.required] == ["magnitude", "duration_s"]
    assert dictionary.command("tool.halt").parameters == ()
