"""Every tag that the controller, the twin and the displays agreed on is declared, with its rate class and type."""

from __future__ import annotations

from itertools import product

import pytest

from planaris.dictionary import Dictionary, Variable


def words(text: str) -> list[str]:
    return text.split()


PLATEN = words("""
    speed_rpm torque_Nm motor_current_A motor_temperature_C pad_temperature_C coolant_temperature_C
    coolant_return_temperature_C coolant_flow_l_min slurry_flow_ml_min slurry_pressure_kPa slurry_temperature_C
    slurry_filter_drop_kPa di_flow_ml_min di_pressure_kPa arm_position_deg vibration_mm_g conditioner_force_N
    conditioner_speed_rpm conditioner_torque_Nm conditioner_current_A conditioner_arm_mm conditioner_height_mm
    rinse_pressure_kPa drain_flow_ml_min exhaust_velocity_m_s enclosure_temperature_C
""")
HEAD = words("""
    zone1_pressure_kPa zone2_pressure_kPa zone3_pressure_kPa ring_pressure_kPa back_pressure_kPa zone1_flow_l_min
    zone2_flow_l_min zone3_flow_l_min ring_flow_l_min vacuum_kPa downforce_N height_mm speed_rpm torque_Nm
    motor_current_A motor_temperature_C sweep_mm sweep_speed_mm_s sweep_current_A supply_pressure_kPa
    union_temperature_C cavity_temperature_C
""")
FACILITY = words("""
    di_pressure_kPa cda_pressure_kPa n2_pressure_kPa vacuum_kPa cooling_water_temperature_C exhaust_velocity_m_s
""")
PLATEN_SET_POINTS = words("""
    sp_speed_rpm sp_slurry_flow_ml_min sp_di_flow_ml_min sp_conditioner_force_N sp_conditioner_speed_rpm
    sp_conditioner_sweep_per_min sp_coolant_temperature_C sp_ramp_s sp_polish_limit_s
""")
HEAD_SET_POINTS = words("""
    sp_zone1_pressure_kPa sp_zone2_pressure_kPa sp_zone3_pressure_kPa sp_ring_pressure_kPa sp_back_pressure_kPa
    sp_speed_rpm sp_sweep_amplitude_mm sp_sweep_per_min sp_ramp_s
""")
DEVICES = words("""
    loadport1 loadport2 dry_robot aligner wet_robot loadcup carousel head1 head2 head3 head4 platen1 platen2 platen3
    conditioner1 conditioner2 conditioner3 megasonic brush1 brush2 srd metrology
""")
LOCATIONS = words("""
    dry_robot aligner stage wet_robot loadcup head1 head2 head3 head4 megasonic brush1 brush2 srd metrology
""")
SENSORS = words("""
    loadport1.slot_state loadport2.slot_state loadport1.carrier_present loadport2.carrier_present
    head1.up head2.up head3.up head4.up loadcup.down carousel.position conditioner1.up conditioner2.up conditioner3.up
    wet_robot.wrist wet_robot.flip_clear
    platen1.pad_wet platen2.pad_wet platen3.pad_wet safety.emo safety.door_open safety.leak safety.over_temperature
    safety.over_pressure safety.exhaust_low safety.drain_full srd.lid_shut platen1.slip platen2.slip platen3.slip
    platen1.slurry_valve_open platen2.slurry_valve_open platen3.slurry_valve_open
    platen1.polish_limit_reached platen2.polish_limit_reached platen3.polish_limit_reached
    platen1.rinse_valve_open platen2.rinse_valve_open platen3.rinse_valve_open
    safety.healthy plc.heartbeat_lost metrology.result_nm metrology.result_count
""")
HANDSHAKE = {
    "cmd.id": ("int", True),
    "cmd.verb": ("int", True),
    "cmd.arg1": ("float", True),
    "cmd.arg2": ("float", True),
    "cmd.request": ("bool", True),
    "sts.id": ("int", False),
    "sts.busy": ("bool", False),
    "sts.done": ("bool", False),
    "sts.error": ("int", False),
}


def of_class(dictionary: Dictionary, name: str) -> list[str]:
    return [v.name for v in dictionary.rate_class(name)]


def test_platen_and_head_sensors_are_the_fast_classes_of_their_place(dictionary: Dictionary) -> None:
    for n in (1, 2, 3):
        assert sorted(of_class(dictionary, f"platen{n}.fast")) == sorted(f"platen{n}.{tag}" for tag in PLATEN)
    for n in (1, 2, 3, 4):
        assert sorted(of_class(dictionary, f"head{n}.fast")) == sorted(f"head{n}.{tag}" for tag in HEAD)
    assert sorted(of_class(dictionary, "facility")) == sorted(f"facility.{tag}" for tag in FACILITY)


def test_there_is_no_other_rate_class(dictionary: Dictionary) -> None:
    fast = {f"platen{n}.fast" for n in (1, 2, 3)} | {f"head{n}.fast" for n in (1, 2, 3, 4)}
    assert {v.rate_class for v in dictionary.tags} == {*fast, "state", "facility"}
    assert {v.rate_class for v in dictionary.variables if not v.is_tag} == {""}


def test_state_class_holds_set_points_handshakes_and_sensors_and_nothing_else(dictionary: Dictionary) -> None:
    expected = {f"platen{n}.{tag}" for n, tag in product((1, 2, 3), PLATEN_SET_POINTS)}
    expected |= {f"head{n}.{tag}" for n, tag in product((1, 2, 3, 4), HEAD_SET_POINTS)}
    expected |= {f"{device}.{tag}" for device, tag in product(DEVICES, HANDSHAKE)}
    expected |= {f"{place}.wafer_present" for place in LOCATIONS}
    assert set(of_class(dictionary, "state")) == expected | {*SENSORS, "plc.sp_heartbeat_count"}


def test_the_controller_writes_set_points_and_commands_only(dictionary: Dictionary) -> None:
    def is_output(tag: Variable) -> bool:
        return ".sp_" in tag.name or ".cmd." in tag.name

    assert [t.name for t in dictionary.tags if t.writable is not is_output(t)] == []


@pytest.mark.parametrize(("tag", "expected"), HANDSHAKE.items())
def test_every_device_has_the_same_handshake(dictionary: Dictionary, tag: str, expected: tuple[str, bool]) -> None:
    assert [p.name for p in dictionary.devices] == DEVICES
    found = {dictionary.variable(f"{device}.{tag}") for device in DEVICES}
    assert {(v.dtype, v.writable) for v in found} == {expected}


def test_verb_tags_point_at_the_verbs_of_their_device(dictionary: Dictionary) -> None:
    for device in DEVICES:
        listed = dictionary.variable(f"{device}.cmd.verb").codes
        assert listed is not None
        declared = {verb.name: verb.value for verb in dictionary.verbs_of(device)}
        assert {c.name: c.value for c in dictionary.code_list(listed).by_name.values()} == declared


def test_arrays_and_their_types(dictionary: Dictionary) -> None:
    slots, result = dictionary.variable("loadport1.slot_state"), dictionary.variable("metrology.result_nm")
    assert (slots.shape, slots.dtype, slots.codes) == ((25,), "int", "slot_state")
    assert (result.shape, result.dtype, result.unit) == ((49,), "float", "nm")
    arrays = [v.name for v in dictionary.tags if v.shape]
    assert arrays == ["loadport1.slot_state", "loadport2.slot_state", "metrology.result_nm"]


def test_tags_are_numbers_and_yes_or_no(dictionary: Dictionary) -> None:
    assert {v.dtype for v in dictionary.tags} == {"float", "int", "bool"}
    assert all(v.dtype == "float" for v in dictionary.tags if v.rate_class != "state")


def test_generic_names_drop_the_number_of_the_place(dictionary: Dictionary) -> None:
    assert dictionary.variable("head3.zone2_pressure_kPa").generic_name == "head.zone2_pressure_kPa"
    assert dictionary.variable("platen1.speed_rpm").generic_name == "platen.speed_rpm"
    assert dictionary.variable("wafer_id").generic_name == "wafer_id"
