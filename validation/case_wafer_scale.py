"""V12 and V13: friction power, the pad's warming, and the edge of the wafer, through the functions the twin runs on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from case_result import CaseResult, Series, citation, rows_of
from planaris.physics import (
    DEFAULT_EDGE,
    LEE_2026,
    EdgeAnchor,
    EdgeTerm,
    PlatenDrive,
    PlatenModel,
    PlatenState,
    PolarGrid,
    RemovalLaw,
    edge_nonuniformity_pct,
    fit_edge,
    friction_power_W,
    platen_geometry,
    polish_block,
    pressure_matrix,
)
from planaris.processes import load_package

Array = NDArray[np.float64]

_NAME = "wafer_scale"
_KPA_PER_PSI = 6.894757293168
_POWER_LIMIT_PCT, _RISE_LIMIT_PCT, _NU_LIMIT, _BORDER_LIMIT_MM = 1.0, 30.0, 1.0, 3.0
_M_S_PER_FT_S = 0.3048
# Tool A, as its description has it; Shin 2025 states no ring pressure, 1.25 times the zone's is taken.
_ZONES_MM = (85.0, 95.0, 99.0)
_RING_RATIO = 1.25
_START_C = 23.0
# Share of its largest effect from which a zone counts as acting.
_ONSET_SHARE = 0.1


def run() -> list[CaseResult]:
    """Return power, warming, non-uniformity and zone borders."""
    values = {r["quantity"]: float(r["value"]) for r in rows_of(_NAME)}
    return [_power(values), _rise(values), _edge(values), _borders(values)]


def _power(values: dict[str, float]) -> CaseResult:
    printed = values["friction_power_cof0.18"]
    made = float(friction_power_W(0.18, 6.0 * _KPA_PER_PSI, 3.14 * _M_S_PER_FT_S, np.pi * 0.1016**2))
    error = 100.0 * abs(made / printed - 1.0)
    return CaseResult(
        case="V12 power",
        what="friction power of an 8-inch wafer at 6 psi",
        source=citation(_NAME),
        rows=1,
        constants=0,
        model="mu·P·V·A",
        limit=f"{_POWER_LIMIT_PCT:g} %",
        ok=error <= _POWER_LIMIT_PCT,
        error_pct=error,
        notes=(f"{made:.1f} W against {printed:g} W; mu 0.18 and 3.14 ft/s as printed",),
    )


def warming(minutes: float = 1.5) -> tuple[Array, Array]:
    """Return times in s and the hottest pad ring's temperature in °C, at 2 psi, 93 rpm, 150 ml/min, by `oxide_ild`."""
    package, grid = load_package("oxide_ild"), PolarGrid()
    edges_mm = np.linspace(0.0, 254.0, 17)
    n = round(600 * minutes)
    one = np.ones(n)
    model = PlatenModel(
        geometry=platen_geometry(grid, edges_mm, 125.0, 0.0, ring_inner_mm=100.5, ring_outer_mm=120.0),
        pressure_matrix=pressure_matrix(grid.r_mm, _ZONES_MM),
        law=RemovalLaw(package.value("law.kp_m2_N")),
        friction_coefficient=package.value("friction.friction_coefficient"),
        ring_friction_coefficient=package.value("friction.ring_friction_coefficient"),
        groove_volume_ml=26.0,
    )
    drive = PlatenDrive(
        zone_pressures_kPa=np.full((n, 3), 2.0 * _KPA_PER_PSI),
        ring_pressure_kPa=_RING_RATIO * 2.0 * _KPA_PER_PSI * one,
        platen_speed_rpm=93.0 * one,
        head_speed_rpm=87.0 * one,
        center_distance_mm=125.0,
        sweep_speed_mm_s=0.0,
        slurry_flow_ml_min=150.0 * one,
        water_flow_ml_min=0.0 * one,
        slurry_temperature_C=_START_C,
        platen_temperature_C=_START_C,
        air_temperature_C=_START_C,
        cut_um_h=np.zeros((n, 16)),
    )
    state = PlatenState(np.full(16, _START_C), np.full((3, 16), 0.9), np.asarray(1.0))
    block = polish_block(state, drive, model, 0.1)
    return 0.1 * np.arange(1, n + 1, dtype=np.float64), block.temperature_C.max(axis=1)


def _rise(values: dict[str, float]) -> CaseResult:
    time_s, hottest_C = warming()
    read = values["pad_temperature_rise_90s"]
    made = float(hottest_C[-1]) - _START_C
    error = 100.0 * abs(made / read - 1.0)
    return CaseResult(
        case="V12 warming",
        what="the pad warms in 90 s at 2 psi, 93 rpm, 150 ml/min",
        source=citation(_NAME),
        rows=1,
        constants=0,
        model="heat balance of pad rings, constants of oxide_ild",
        limit=f"{_RISE_LIMIT_PCT:g} %",
        ok=error <= _RISE_LIMIT_PCT,
        error_pct=error,
        notes=(
            f"+{made:.1f} K at the hottest ring against +{read:g} K",
            "no fit, but the share of heat that enters the pad (0.9, A) was chosen with this row in view",
            "the ring pressure is not stated: 1.25 times the wafer's is taken",
        ),
        series=(
            Series(
                "hottest ring",
                np.array([read]),
                np.array([made]),
                x=np.array([90.0]),
                x_label="time, s",
                curve_x=time_s,
                curve=hottest_C - _START_C,
            ),
        ),
        y_label="temperature rise, K",
    )


def _one_anchor(anchor: EdgeAnchor, other: EdgeAnchor, decay_length_mm: float) -> float:
    """Return the other anchor's non-uniformity by an amplitude fitted to one, the decay length taken from elsewhere."""
    from scipy.optimize import brentq

    def off(amplitude: float) -> float:
        edge = EdgeTerm(float(amplitude), decay_length_mm)
        return edge_nonuniformity_pct(edge, anchor.ring_pressure_kPa) - anchor.nonuniformity_pct

    amplitude = float(brentq(off, -3.0, -0.3))
    return edge_nonuniformity_pct(EdgeTerm(amplitude, decay_length_mm), other.ring_pressure_kPa)


def _edge(values: dict[str, float]) -> CaseResult:
    anchors = tuple(EdgeAnchor(psi * _KPA_PER_PSI, values[f"NU_single_zone_ring_{psi:g}psi"]) for psi in (5.0, 6.0))
    assert anchors == LEE_2026, "the physics' own anchors are this table's"
    edge = fit_edge(anchors)
    made = np.array([edge_nonuniformity_pct(edge, a.ring_pressure_kPa) for a in anchors])
    measured = np.array([a.nonuniformity_pct for a in anchors])
    # The first change of sign of the edge term lies at 0.757 decay lengths; Fukuda saw 4 mm disturbed.
    sign_mm = _first_sign_change_mm(edge)
    borrowed_mm = edge.decay_length_mm * values["edge_range_stacked"] / sign_mm
    low, high = (_one_anchor(anchors[i], anchors[1 - i], borrowed_mm) for i in (0, 1))
    blind = np.array([high, low])
    curve_psi = np.linspace(2.0, 7.0, 51)
    curve = np.array([edge_nonuniformity_pct(edge, p * _KPA_PER_PSI) for p in curve_psi])
    return CaseResult(
        case="V13 edge",
        what="non-uniformity of a one-zone head at two ring pressures",
        source=citation(_NAME),
        rows=2,
        constants=2,
        model="A·(c·p_ring - p_zone)·exp(-s/L)·cos(s/L + phi), phi from zero net load",
        limit=f"{_NU_LIMIT:g} point",
        ok=bool(np.all(np.abs(made - measured) <= _NU_LIMIT) and np.all(np.abs(blind - measured) <= _NU_LIMIT)),
        error_pct=float(100.0 * np.mean(np.abs(made / measured - 1.0))),
        left_out_pct=float(100.0 * np.mean(np.abs(blind / measured - 1.0))),
        notes=(
            f"A {edge.amplitude_ratio:.3f}, L {edge.decay_length_mm:.2f} mm: two constants meet two anchors exactly, "
            f"which proves only that one edge can ({made[0]:.2f} and {made[1]:.2f} %)",
            f"left out: with L {borrowed_mm:.2f} mm from the 4 mm that Fukuda saw disturbed, A fitted to one anchor "
            f"gives the other as {blind[0]:.1f} % at 5 psi and {blind[1]:.1f} % at 6 psi: within one point",
            "the zone pressure is not stated: 2.5 psi is taken",
        ),
        series=(
            Series(
                "3 mm exclusion",
                measured,
                made,
                x=np.array([5.0, 6.0]),
                x_label="ring pressure, psi",
                curve_x=curve_psi,
                curve=curve,
            ),
        ),
        y_label="non-uniformity, %",
    )


def _first_sign_change_mm(edge: EdgeTerm) -> float:
    """Return the distance from the edge at which the edge term first changes its sign."""
    from planaris.physics import edge_phase_rad

    return (0.5 * np.pi - edge_phase_rad(edge.decay_length_mm, 100.0)) * edge.decay_length_mm


def _borders(values: dict[str, float]) -> CaseResult:
    grid = PolarGrid(n_r=200)
    matrix = pressure_matrix(grid.r_mm, _ZONES_MM, DEFAULT_EDGE)
    membrane = pressure_matrix(grid.r_mm, _ZONES_MM, EdgeTerm(0.0, DEFAULT_EDGE.decay_length_mm))
    outer = grid.r_mm > 70.0
    found = np.array(
        [
            _crossing(grid.r_mm[outer], (matrix[:, 0] - matrix[:, 1])[outer]),
            _crossing(grid.r_mm[outer], (matrix[:, 1] - matrix[:, 2])[outer]),
            _crossing(grid.r_mm[outer], (_ONSET_SHARE * membrane[:, 2].max() - membrane[:, 2])[outer]),
        ]
    )
    read = np.array([values["zone3_outer"], values["zone2_outer"], values["zone1_onset"]])
    off = np.abs(found - read)
    shown = grid.r_mm > 60.0
    nothing = np.full(int(shown.sum()), np.nan)
    return CaseResult(
        case="V13 borders",
        what="borders of the pressure zones, and where the outermost begins to act",
        source=citation(_NAME),
        rows=3,
        constants=1,
        model="Gaussian of 6.5 mm over the zones, load conserved ring by ring",
        limit=f"{_BORDER_LIMIT_MM:g} mm",
        ok=bool(np.all(off <= _BORDER_LIMIT_MM)),
        error_pct=float(100.0 * np.mean(off / read)),
        notes=(
            f"zones of equal effect meet at {found[0]:.1f} mm (85) and {found[1]:.1f} mm (95); the outermost reaches a "
            f"tenth of its largest effect at {found[2]:.1f} mm (85)",
            "the smoothing length is a working value within its range of 5 to 8 mm, no fit",
        ),
        series=tuple(
            Series(
                label,
                nothing,
                nothing,
                x=grid.r_mm[shown],
                x_label="radius, mm",
                curve_x=grid.r_mm[shown],
                curve=membrane[shown, k],
            )
            for k, label in enumerate(("zone to 85 mm", "zone 85-95 mm", "zone 95-99 mm"))
        ),
        y_label="pressure per zone pressure (membrane alone)",
    )


def _crossing(radii_mm: Array, values: Array) -> float:
    """Return the last radius at which values go from above to below zero, between cells."""
    k = int(np.flatnonzero((values[:-1] > 0.0) & (values[1:] <= 0.0))[-1])
    share = values[k] / (values[k] - values[k + 1])
    return float(radii_mm[k] + share * (radii_mm[k + 1] - radii_mm[k]))
