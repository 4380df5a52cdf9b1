"""How the wafer's edge answers to the retaining ring: a process engineer's first experiment, in physics alone.

    python examples/physics_edge_profile.py FOLDER

Polishes a 200 mm oxide wafer for a minute at 3 psi on a warm pad, once for each ring pressure; prints mean removal
and non-uniformity (100·std/mean, area weighted, 3 mm edge exclusion, 64 rings) and saves edge_profile.png in FOLDER.
Computed by the models behind the twin, not measured.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from planaris import physics

PSI_KPA = 6.894757293168
ZONE_PSI = 3.0
RING_PSI = (2.7, 3.3, 3.6, 4.2, 5.1, 6.0)
EDGE_EXCLUSION_MM = 3.0
POLISH_S, EDGE_S = 60.0, 0.1

GRID = physics.PolarGrid()
PAD_EDGES_MM = np.linspace(0.0, 254.0, 17)
# The law of processes/oxide_ild.toml: TEOS, 2.5 wt % silica, fitted to US 9,499,721.
LAW = physics.RemovalLaw(
    kp_m2_N=1.579e-13,
    k2_nm_min=3939.0,
    activation_kJ_mol=16.6,
    activation_mechanical_kJ_mol=8.75,
    temperature_ref_C=30.0,
    exponent_solids=1.67,
)


def platen() -> physics.PlatenModel:
    """Return one platen of tool A with a head of three zones and a new ring."""
    pad = physics.PadConstants()
    geometry = physics.platen_geometry(GRID, PAD_EDGES_MM, 125.0, 5.0, ring_inner_mm=100.5, ring_outer_mm=120.0)
    grooves_mm = np.full(len(PAD_EDGES_MM) - 1, pad.groove_depth_mm)
    return physics.PlatenModel(
        geometry=geometry,
        pressure_matrix=physics.pressure_matrix(GRID.r_mm, (85.0, 95.0, 99.0)),
        law=LAW,
        friction_coefficient=physics.FRICTION_COEFFICIENT["oxide"],
        ring_friction_coefficient=0.15,
        groove_volume_ml=float(physics.groove_volume_ml(grooves_mm, geometry.pad_area_m2, pad)),
    )


def polish(model: physics.PlatenModel, ring_psi: float) -> tuple[NDArray[np.float64], physics.ModelFlag]:
    """Return the removal profile in nm (n_r,) of one wafer, and the model's flags."""
    n = round(POLISH_S / EDGE_S)
    one = np.ones(n)
    e_mm, e_mm_s = physics.sweep_position(EDGE_S * np.arange(n, dtype=np.float64), 125.0, 5.0, 10.0)
    drive = physics.PlatenDrive(
        zone_pressures_kPa=np.full((n, 3), ZONE_PSI * PSI_KPA),
        ring_pressure_kPa=ring_psi * PSI_KPA * one,
        platen_speed_rpm=93.0 * one,
        head_speed_rpm=87.0,
        center_distance_mm=e_mm,
        sweep_speed_mm_s=e_mm_s,
        slurry_flow_ml_min=200.0 * one,
        water_flow_ml_min=0.0 * one,
        slurry_temperature_C=22.0,
        platen_temperature_C=22.0,
        air_temperature_C=22.0,
        cut_um_h=np.full((n, len(PAD_EDGES_MM) - 1), 30.0),
    )
    warm = physics.PlatenState(np.full(16, 33.0), np.full((3, 16), 0.9), 1.0)
    block = physics.polish_block(warm, drive, model, EDGE_S)
    return block.rate_nm_min.sum(axis=0) * EDGE_S / 60.0, physics.polish_flags(block, drive, model)


def picture(profiles: dict[float, NDArray[np.float64]], nonuniformity: dict[float, float], path: Path) -> None:
    """Draw profiles near the edge, and non-uniformity against ring pressure."""
    figure = Figure(figsize=(10.0, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    inside = GRID.r_mm >= 70.0
    for ring_psi, profile in profiles.items():
        relative = profile / profile[GRID.r_mm < 60.0].mean()
        left.plot(GRID.r_mm[inside], relative[inside], label=f"{ring_psi / ZONE_PSI:.2f}")
    left.axvline(GRID.radius_mm - EDGE_EXCLUSION_MM, color="0.6", linestyle=":")
    left.set(xlabel="radius in mm", ylabel="removal over that of the centre", title="Edge profile (model)")
    left.legend(title="ring / zone pressure", fontsize="small")
    right.plot([r / ZONE_PSI for r in nonuniformity], list(nonuniformity.values()), marker="o")
    right.set(
        xlabel="ring / zone pressure",
        ylabel="100·std/mean inside 3 mm, %",
        title="Non-uniformity (model)",
        ylim=(0.0, None),
    )
    figure.savefig(path, dpi=120)


def main(folder: Path) -> None:
    """Run the story and leave its picture in ``folder``."""
    model = platen()
    profiles: dict[float, NDArray[np.float64]] = {}
    nonuniformity: dict[float, float] = {}
    print(f"zone {ZONE_PSI:.1f} psi, 93/87 rpm, {POLISH_S:.0f} s")
    for ring_psi in RING_PSI:
        profile, flags = polish(model, ring_psi)
        profiles[ring_psi] = profile
        nonuniformity[ring_psi] = float(physics.nonuniformity_pct(profile, GRID, EDGE_EXCLUSION_MM))
        mean_nm = float(physics.area_mean(profile, GRID, EDGE_EXCLUSION_MM))
        outside = ", ".join(physics.flag_texts(flags)) or "in range"
        print(f"ring {ring_psi:.1f} psi: {mean_nm:6.1f} nm, {nonuniformity[ring_psi]:.2f} %, {outside}")
    best = min(nonuniformity, key=lambda psi: nonuniformity[psi])
    print(f"best ring pressure {best:.1f} psi, {best / ZONE_PSI:.2f} times the zone's")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "edge_profile.png"
    picture(profiles, nonuniformity, path)
    print(path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/physics_edge_profile.py FOLDER")
    main(Path(sys.argv[1]))
