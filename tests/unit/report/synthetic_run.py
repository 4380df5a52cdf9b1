"""A made-up run folder for the report's tests: plausible numbers, every kind of event, no tool behind it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planaris.formats.trace_files import write_trace
from planaris.historian import RunDatabase
from planaris.model import (
    SITE_PLANS,
    Conditioning,
    ConditioningMode,
    EndKind,
    MapStage,
    PolishStep,
    Recipe,
    Severity,
    SitePlan,
    StepEnd,
    StepKind,
    WaferKind,
    WetLimits,
    range_pct,
    wiwnu_pct,
)
from planaris.physics import PolarGrid, sample_at
from planaris.processes import load_package
from planaris.stream import (
    AlarmCleared,
    AlarmSet,
    CarrierMapped,
    CleanEnded,
    CleanStarted,
    Committed,
    ConsumableUsed,
    EndpointDecided,
    Event,
    InterlockRefused,
    LotEnded,
    LotStarted,
    RunEnded,
    RunStarted,
    StepEnded,
    StepStarted,
    TraceRecorded,
    WaferFinished,
    WaferMeasured,
    WaferMoved,
    WaferRegistered,
)

Floats = NDArray[np.float64]

LOT_ID = "ILD001"
TARGET_NM = 600.0
CYCLE_S = 64.0
GRID = PolarGrid()
_PLATEN_TAGS = (
    "speed_rpm torque_Nm motor_current_A motor_temperature_C pad_temperature_C coolant_temperature_C "
    "coolant_return_temperature_C coolant_flow_l_min slurry_flow_ml_min slurry_pressure_kPa slurry_temperature_C "
    "slurry_filter_drop_kPa di_flow_ml_min di_pressure_kPa arm_position_deg vibration_mm_g conditioner_force_N "
    "conditioner_speed_rpm conditioner_torque_Nm conditioner_current_A conditioner_arm_mm conditioner_height_mm "
    "rinse_pressure_kPa drain_flow_ml_min exhaust_velocity_m_s enclosure_temperature_C"
)
_HEAD_TAGS = (
    "zone1_pressure_kPa zone2_pressure_kPa zone3_pressure_kPa ring_pressure_kPa back_pressure_kPa zone1_flow_l_min "
    "zone2_flow_l_min zone3_flow_l_min ring_flow_l_min vacuum_kPa downforce_N height_mm speed_rpm torque_Nm "
    "motor_current_A motor_temperature_C sweep_mm sweep_speed_mm_s sweep_current_A supply_pressure_kPa "
    "union_temperature_C cavity_temperature_C"
)
TAGS = (*(f"platen.{tag}" for tag in _PLATEN_TAGS.split()), *(f"head.{tag}" for tag in _HEAD_TAGS.split()))


@dataclass(frozen=True)
class RunPlan:
    """What the made-up run holds. ``aborted_slots`` never come back; ``bad_slots`` are far out of target.

    With ``endpoint`` "thickness" or "confidence" the third platen's step is decided by a detector that tells one;
    wafers of ``held_slots`` are never called.
    """

    wafers_count: int = 25
    aborted_slots: tuple[int, ...] = ()
    bad_slots: tuple[int, ...] = ()
    metrology: bool = True
    truth: bool = True
    traced_slots: tuple[int, ...] = (12, 13, 14)
    alarms: bool = True
    lot_event: bool = True
    incoming_events: bool = False
    endpoint: str = ""
    held_slots: tuple[int, ...] = ()
    meta: dict[str, str] = field(default_factory=dict[str, str])
    without_meta: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Wafer:
    wafer_id: str
    slot: int
    head: int
    start_s: float
    before_nm: Floats
    removal_nm: Floats
    incoming_nm: tuple[float, ...]


class _Log:
    """Events in any order, sorted by time when they are written."""

    def __init__(self) -> None:
        self.items: list[tuple[float, Event]] = []

    def add(self, time_s: float, event: Event) -> None:
        self.items.append((time_s, event))

    def committed(self) -> list[Committed]:
        ordered = sorted(self.items, key=lambda item: item[0])
        return [Committed(k, time_s, event) for k, (time_s, event) in enumerate(ordered, 1)]


def write_run(folder: Path, plan: RunPlan | None = None) -> Path:
    """Write run.db, traces/*.parquet and twin_truth.npz of a made-up lot into a folder and return it."""
    plan = plan or RunPlan()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "traces").mkdir()
    chance = np.random.default_rng(7)
    wafers = [_wafer(slot, plan, chance) for slot in range(1, plan.wafers_count + 1)]
    log = _Log()
    log.add(0.0, RunStarted("tool_a", "twin", 42, "planaris 0.1.0"))
    log.add(0.1, CarrierMapped(1, "CAR-0017", "O" * plan.wafers_count + "-" * (25 - plan.wafers_count)))
    started = LotStarted(
        LOT_ID, "200 mm TEOS", "oxide_ild", "oxide_ild", "CAR-0017", 1, plan.wafers_count, TARGET_NM, 5.0, 5.0
    )
    if plan.lot_event:
        log.add(20.0, started)
    for wafer in wafers:
        _journey(log, wafer, plan, chance)
        for platen in (1, 2, 3) if wafer.slot in plan.traced_slots else ():
            _trace(log, folder, wafer, platen, chance)
            if plan.endpoint and platen == 3:
                _optical(folder, wafer, chance)
    _happenings(log, plan, wafers)
    end_s = max(time_s for time_s, _ in log.items) + 1.0
    finished = plan.wafers_count - len(plan.aborted_slots)
    outcome = "completed" if not plan.aborted_slots else "aborted"
    log.add(end_s, LotEnded(LOT_ID, outcome, finished))
    log.add(end_s + 0.5, RunEnded(outcome, "all wafers back" if outcome == "completed" else "platen 2 stopped"))
    with RunDatabase(folder / "run.db") as database:
        database(log.committed())
        database.set_metas({k: v for k, v in _meta(plan, wafers, outcome, end_s).items() if k not in plan.without_meta})
    if plan.truth:
        _write_truth(folder, wafers)
    return folder


def _wafer(slot: int, plan: RunPlan, chance: np.random.Generator) -> _Wafer:
    head = (slot - 1) % 4 + 1
    rate = (1.0, 1.015, 0.985, 1.005)[head - 1] * (0.968 if slot == 1 else 1.0) * (1.004 - 0.0006 * slot)
    if slot in plan.bad_slots:
        rate *= 1.09
    if slot in plan.aborted_slots:
        rate *= 0.42  # one platen and a bit of the next
    r, theta = GRID.r_mm[:, None] / 100.0, GRID.theta_rad[None, :]
    edge = np.exp(-(1.0 - r) / 0.035)
    shape = 1.0 + 0.018 * r**2 + (0.06 - 0.02 * head) * edge + 0.006 * r * np.cos(theta - head)
    shape = shape + (0.09 * edge + 0.04 * r * np.cos(theta) if slot in plan.bad_slots else 0.0)
    wobble = float(chance.normal(0.0, 0.003))
    removal_nm = TARGET_NM * rate * (1.0 + wobble) * shape
    before_nm = 1500.0 + 12.0 * np.cos(theta) * r + 6.0 * r**2 + float(chance.normal(0.0, 4.0))
    incoming_nm = _at_sites(before_nm, SITE_PLANS["49"], chance, 1.0)
    start_s = 30.0 + CYCLE_S * (slot - 1)
    return _Wafer(f"{LOT_ID}-{slot:02d}", slot, head, start_s, before_nm, removal_nm, incoming_nm)


def _at_sites(values: Floats, plan: SitePlan, chance: np.random.Generator, sigma_nm: float) -> tuple[float, ...]:
    x, y = np.array(plan.x_mm), np.array(plan.y_mm)
    return tuple((sample_at(values, GRID, x, y) + chance.normal(0.0, sigma_nm, len(plan))).tolist())


def _journey(log: _Log, wafer: _Wafer, plan: RunPlan, chance: np.random.Generator) -> None:
    """Take one wafer from its slot through the tool and back, or to platen 2 where it stays."""
    slot_place = f"loadport1.{wafer.slot:02d}"
    log.add(20.0, WaferRegistered(wafer.wafer_id, LOT_ID, wafer.slot, WaferKind.PRODUCT, slot_place))
    if plan.incoming_events:
        stage = MapStage.INCOMING
        log.add(20.0, WaferMeasured(wafer.wafer_id, stage, "49", "upstream ellipsometer", wafer.incoming_nm))
    t, place = wafer.start_s, slot_place

    def go(destination: str, after_s: float) -> None:
        nonlocal t, place
        t += after_s
        log.add(t, WaferMoved(wafer.wafer_id, place, destination))
        place = destination

    for destination, after_s in (
        ("dry_robot", 3.0),
        ("aligner", 5.5),
        ("dry_robot", 9.0),
        ("stage", 5.5),
        ("wet_robot", 6.0),
        ("loadcup", 7.0),
        (f"head{wafer.head}", 12.0),
    ):
        go(destination, after_s)
    t += 6.0
    polish_start_s = t
    for platen in (1, 2, 3):
        if platen == 2 and wafer.slot in plan.aborted_slots:
            step = StepStarted(wafer.wafer_id, platen, wafer.head, 3, "P2 main", "polish")
            log.add(t, step)
            log.add(t + 11.0, StepEnded(wafer.wafer_id, 2, wafer.head, 3, "P2 main", 11.0, "abort", 37.0, 0.0))
            return
        for number, (name, kind, length_s, slurry_ml, water_ml) in enumerate(
            ((f"P{platen} main", "polish", 40.0, 143.0, 0.0), (f"P{platen} rinse", "rinse", 6.0, 0.0, 200.0))
        ):
            step = 2 * platen - 1 + number
            log.add(t, StepStarted(wafer.wafer_id, platen, wafer.head, step, name, kind))
            t += length_s
            ended = StepEnded(wafer.wafer_id, platen, wafer.head, step, name, length_s, "time", slurry_ml, water_ml)
            log.add(t, ended)
            if plan.endpoint and name == "P3 main":
                log.add(
                    t, endpoint_of(wafer.wafer_id, wafer.head, t - length_s, plan, held=wafer.slot in plan.held_slots)
                )
        t += CYCLE_S - 46.0
    polish_end_s = t
    for destination, after_s in (("loadcup", 4.0), ("wet_robot", 8.0), ("megasonic", 7.0)):
        go(destination, after_s)
    clean_start_s = t
    for k, (station, length_s) in enumerate((("megasonic", 40.0), ("brush1", 40.0), ("brush2", 40.0), ("srd", 50.0))):
        if k:
            go(station, 10.0)
        log.add(t, CleanStarted(wafer.wafer_id, station))
        t += length_s
        log.add(t, CleanEnded(wafer.wafer_id, station, 900.0))
    dry_s = t
    go("dry_robot", 4.0)
    plan_name = "49" if wafer.slot in (1, 25) else "9"
    post: tuple[float, ...] = ()
    if plan.metrology:
        go("metrology", 5.5)
        t += 90.0 if plan_name == "49" else 25.0
        post = _at_sites(wafer.before_nm - wafer.removal_nm, SITE_PLANS[plan_name], chance, 0.4)
        log.add(t, WaferMeasured(wafer.wafer_id, MapStage.POST, plan_name, "inline reflectometer", post))
        go("dry_robot", 3.0)
    go(slot_place, 5.5)
    log.add(t, _finished(wafer, post, plan_name, (polish_start_s, polish_end_s, clean_start_s, dry_s)))


def _finished(wafer: _Wafer, post: tuple[float, ...], plan_name: str, at_s: tuple[float, ...]) -> WaferFinished:
    before = dict(zip(zip(SITE_PLANS["49"].x_mm, SITE_PLANS["49"].y_mm, strict=True), wafer.incoming_nm, strict=True))
    sites = SITE_PLANS[plan_name]
    places = zip(sites.x_mm, sites.y_mm, strict=True)
    removal = tuple(before[place] - value for place, value in zip(places, post, strict=True)) if post else ()
    polish_start_s, polish_end_s, clean_start_s, dry_s = at_s
    mean = math.fsum(removal) / len(removal) if removal else math.nan
    return WaferFinished(
        wafer_id=wafer.wafer_id,
        slot=wafer.slot,
        head=wafer.head,
        kind=WaferKind.PRODUCT,
        sites_count=len(removal),
        incoming_nm=math.fsum(wafer.incoming_nm) / len(wafer.incoming_nm),
        post_nm=math.fsum(post) / len(post) if post else math.nan,
        removal_nm=mean,
        wiwnu_pct=wiwnu_pct(removal),
        range_pct=range_pct(removal),
        polish_s=120.0,
        wait_s=38.0 + 3.0 * (wafer.slot % 5),
        wet_s=dry_s - polish_start_s,
        polish_to_clean_s=clean_start_s - polish_end_s,
        slurry_ml=3 * 143.0,
        di_water_ml=3 * 200.0 + 4 * 900.0,
    )


def _happenings(log: _Log, plan: RunPlan, wafers: list[_Wafer]) -> None:
    for platen in (1, 2, 3):
        for k, wafer in enumerate(wafers, 1):
            at_s = wafer.start_s + 60.0 + CYCLE_S * platen
            log.add(at_s, ConsumableUsed("pad", f"platen{platen}", 900 + k, 12.0 + k / 90, 60.0 + 0.067 * k))
            log.add(at_s, ConsumableUsed("disk", f"platen{platen}", 2100 + k, 27.3 + k / 90, 91.0 + 0.04 * k))
    for wafer in wafers:
        at_s = wafer.start_s + 300.0
        log.add(at_s, ConsumableUsed("ring", f"head{wafer.head}", 700 + wafer.slot, 8.0, 35.2))
        log.add(at_s, ConsumableUsed("membrane", f"head{wafer.head}", 2600 + wafer.slot, 30.0, 52.1))
    if plan.alarms and wafers:
        where = wafers[min(7, len(wafers) - 1)]
        detail = "slurry flow 21 % below its set point for 3.0 s"
        log.add(600.0, AlarmSet("flow_deviation", "platen2", Severity.WARNING, where.wafer_id, detail))
        log.add(655.0, AlarmCleared("flow_deviation", "platen2"))
        log.add(700.0, AlarmSet("device_timeout", "wet_robot", Severity.ERROR, "", "pick at load cup took > 12 s"))
        log.add(710.0, InterlockRefused("heads_up", "index the carousel", "head 2 is not up"))


def _tag_values(tag: str, t: Floats, chance: np.random.Generator) -> Floats:
    """Return a ramp to a set point and back with noise, oddities for a few tags."""
    levels = {"speed_rpm": 93.0, "slurry_flow_ml_min": 200.0, "ring_pressure_kPa": 35.9, "conditioner_force_N": 22.2}
    level = levels.get(tag, 27.6 if "zone" in tag and "pressure" in tag else 10.0 + 3.0 * len(tag))
    shape = np.clip(t / 2.0, 0.0, 1.0) * np.clip((49.0 - t) / 1.5, 0.0, 1.0)
    values = level * shape * (1.0 + chance.normal(0.0, 0.006, len(t)))
    if "temperature" in tag:
        values = 24.0 + 14.0 * (1.0 - np.exp(-t / 18.0)) + chance.normal(0.0, 0.15, len(t))
    if "sweep_mm" in tag or "arm_mm" in tag:
        values = 5.0 * np.sin(2.0 * np.pi * t / 6.0)
    if tag == "di_flow_ml_min":
        values = np.where(t > 43.0, 2000.0, 0.0) + chance.normal(0.0, 8.0, len(t))
    return values


def _trace(log: _Log, folder: Path, wafer: _Wafer, platen: int, chance: np.random.Generator) -> None:
    start_s = wafer.start_s + 54.0 + CYCLE_S * (platen - 1)
    t = np.arange(0.0, 50.0, 0.01)
    columns = {tag: _tag_values(tag.partition(".")[2], t, chance).astype(np.float32) for tag in TAGS}
    columns["platen.torque_Nm"][1500:1520] = np.nan
    steps = [
        {"name": f"P{platen} main", "start_s": start_s, "end_s": start_s + 43.0},
        {"name": f"P{platen} rinse", "start_s": start_s + 43.0, "end_s": start_s + 49.0},
    ]
    file = f"traces/{wafer.wafer_id}_platen{platen}.parquet"
    metadata = {
        "run_id": f"run-0001-{LOT_ID}",
        "wafer_id": wafer.wafer_id,
        "slot": str(wafer.slot),
        "head": str(wafer.head),
        "platen": str(platen),
        "recipe": "oxide_ild",
        "port_kind": "twin",
        "steps": json.dumps(steps),
        "units": json.dumps({}),
    }
    write_trace(folder / file, columns, start_s + t, metadata)
    recorded = TraceRecorded(wafer.wafer_id, platen, wafer.head, 2 * platen - 1, file, len(t), len(columns))
    log.add(start_s + 51.0, recorded)


def endpoint_of(wafer_id: str, head: int, start_s: float, plan: RunPlan, *, held: bool) -> EndpointDecided:
    """Return a decision on a step of 40 s: 1050 nm, falling 240 nm a minute, called at 38 s, stopped at 40 s."""
    since_s = np.arange(0.0, 38.5, 0.5)
    thickness_nm = 1050.0 - 4.0 * since_s if plan.endpoint == "thickness" else np.full(len(since_s), np.nan)
    thickness_nm[0] = np.nan
    trail = (tuple((start_s + since_s).tolist()), tuple(thickness_nm.tolist()), tuple((2.0 * since_s).tolist()))
    if held:
        why = "no endpoint by the latest time"
        return EndpointDecided(
            wafer_id, 3, head, 5, "P3 main", "hold", why,
            math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, *trail,
        )  # fmt: skip
    return EndpointDecided(
        wafer_id, 3, head, 5, "P3 main", "call", "foreseen to reach 890 nm", start_s + 38.0, start_s + 40.0,
        start_s + 40.0, float(thickness_nm[-1]), 0.25 if plan.endpoint == "thickness" else math.nan, 240.0, *trail,
    )  # fmt: skip


def _optical(folder: Path, wafer: _Wafer, chance: np.random.Generator) -> None:
    """Write what the window saw: 16 flashes a turn, then the reference, which reads 0.8 of full scale."""
    start_s = wafer.start_s + 54.0 + CYCLE_S * 2
    t = start_s + np.arange(0.0, 49.0, 0.65 / 17)
    under = np.arange(len(t)) % 17 != 16
    fringe = 0.2 + 0.05 * np.cos(0.2 * (t - start_s))
    laser = 0.8 * np.where(under, fringe, 1.0)
    wave = 0.2 + 0.05 * np.cos(np.linspace(0.0, 20.0, 256)[None, :] + 0.1 * (t - start_s)[:, None])
    spectrum = 0.8 * np.where(under[:, None], wave + chance.normal(0.0, 0.001, wave.shape), 1.0)
    columns = {"platen.window_under_wafer": under, "platen.laser_reflectance": laser, "platen.spectrum": spectrum}
    write_trace(folder / f"traces/{wafer.wafer_id}_platen3_optical.parquet", columns, t, {"wafer_id": wafer.wafer_id})


_TRUE_PARTS = (
    ("platen1", "pad", "groove_depth_mm", 0.52),
    ("platen1", "pad", "freshness_fraction", 0.873),
    ("platen1", "disk", "sharpness_fraction", 0.41),
    ("platen2", "disk", "sharpness_fraction", 0.39),
    ("head1", "ring", "lost_um", 520.0),
)


def _write_truth(folder: Path, wafers: list[_Wafer]) -> None:
    shape = (len(wafers), GRID.n_r, GRID.n_theta)
    before = np.array([w.before_nm for w in wafers]).reshape(shape)
    np.savez_compressed(
        folder / "twin_truth.npz",
        wafer_id=np.array([w.wafer_id for w in wafers], dtype=np.str_),
        slot=np.array([w.slot for w in wafers], dtype=np.int64),
        head=np.array([w.head for w in wafers], dtype=np.int64),
        r_mm=GRID.r_mm,
        theta_rad=GRID.theta_rad,
        thickness_before_nm=before,
        thickness_after_nm=before - np.array([w.removal_nm for w in wafers]).reshape(shape),
        part_location=np.array([row[0] for row in _TRUE_PARTS]),
        part_name=np.array([row[1] for row in _TRUE_PARTS]),
        part_quantity=np.array([row[2] for row in _TRUE_PARTS]),
        part_value=np.array([row[3] for row in _TRUE_PARTS]),
    )


def _steps() -> tuple[PolishStep, ...]:
    steps: list[PolishStep] = []
    for platen in (1, 2, 3):
        for name, kind, length_s, zone_kPa, slurry, water in (
            ("main", StepKind.POLISH, 40.0, 27.579, 200.0, 0.0),
            ("rinse", StepKind.RINSE, 6.0, 6.895, 0.0, 2000.0),
        ):
            steps.append(
                PolishStep(
                    name=f"P{platen} {name}",
                    platen=platen,
                    kind=kind,
                    end=StepEnd(EndKind.TIME, length_s, length_s - 2, length_s + 20),
                    zone_pressure_kPa=(zone_kPa, zone_kPa, zone_kPa),
                    ring_pressure_kPa=1.3 * zone_kPa,
                    back_pressure_kPa=0.0,
                    platen_speed_rpm=93.0,
                    head_speed_rpm=87.0,
                    slurry_line=1,
                    slurry_flow_ml_min=slurry,
                    di_flow_ml_min=water,
                    conditioning=Conditioning(ConditioningMode.IN_SITU, 22.2, 73.0, 19.0),
                    sweep_amplitude_mm=5.0,
                    sweep_per_min=10.0,
                    platen_temperature_C=25.0,
                    ramp_s=2.0,
                )
            )
    return tuple(steps)


def _incoming(wafer: _Wafer) -> dict[str, object]:
    return {
        "wafer_id": wafer.wafer_id,
        "stage": "incoming",
        "plan": asdict(SITE_PLANS["49"]),
        "thickness_nm": wafer.incoming_nm,
        "instrument": "upstream ellipsometer",
    }


def _meta(plan: RunPlan, wafers: list[_Wafer], outcome: str, end_s: float) -> dict[str, str]:
    recipe = Recipe(
        "oxide_ild", "1", "oxide_ild", "TEOS", TARGET_NM, 5.0, 5.0, 3.0, _steps(), WetLimits(), "oxide_clean"
    )
    entered = {"steps[0].ring_pressure_kPa": "5.2 psi", "target_removal_nm": "6000 Å"}
    shown = {name: getattr(recipe, name) for name in Recipe.__dataclass_fields__ if name not in ("steps", "wet_limits")}
    shown |= {"steps": [asdict(s) for s in recipe.steps], "wet_limits": asdict(recipe.wet_limits), "entered": entered}
    busy_s = {
        "dry_robot": 42.0,
        "aligner": 12.0,
        "wet_robot": 28.0,
        "carousel": 58.0,
        "megasonic": 50.0,
        "brush1": 50.0,
        "brush2": 50.0,
        "srd": 60.0,
        "metrology": 36.2,
    }
    bound = {"busy_s": busy_s, "bottleneck": "srd", "wafers_per_h": 56.0, "bound_wafers_per_h": 60.0}
    limits = {
        "pad_life_wafers_count": 1500,
        "disk_life_h": 30,
        "ring_life_wafers_count": 2000,
        "membrane_life_wafers_count": 5000,
    }
    return {
        "run_id": f"run-0001-{LOT_ID}",
        "created_utc": "2026-01-02T03:04:05Z",
        "software": "0.1.0",
        "tool": "tool_a",
        "port_kind": "twin",
        "seed": "42",
        "speed": "inf",
        "lot_id": LOT_ID,
        "recipe": json.dumps(shown, default=str),
        "tool_description": json.dumps({"name": "tool_a", "consumable_limits": limits}),
        "process_package": json.dumps(load_package("oxide_ild").as_rows()),
        **({} if plan.incoming_events else {"incoming": json.dumps([_incoming(w) for w in wafers])}),
        "targets": json.dumps({"target_removal_nm": TARGET_NM, "edge_exclusion_mm": 3.0}),
        "bound": json.dumps({**bound, "bound_makespan_s": 1900.0, "includes_metrology": True}),
        "model_flags": json.dumps([]),
        "tool_time_s": repr(end_s),
        "wall_s": "2.41",
        "stream_hash": "5d41402abc4b2a76b9719d911017c592ae7f3c1d",
        "outcome": outcome,
        **plan.meta,
    }
