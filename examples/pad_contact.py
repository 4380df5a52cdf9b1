"""From a pad's height map to the summits that carry a wafer.

    python examples/pad_contact.py FOLDER

Makes a seeded, periodic map of a conditioned pad (a measured one would be read here); presses it against a wafer with
the half-space reference; derives Greenwood and Williamson's summits from it twice, by counting peaks and by fitting the
response to load; and saves pad_contact.png in FOLDER. The map is synthetic and the contact computed, not measured.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from planaris.physics import contact

N, SPACING_UM = 256, 2.0
SEED = 4
# A synthetic pad: waves of 20 to 90 µm, spectrum falling with Hurst 0.8, heights of 5 µm rms.
LONGEST_UM, SHORTEST_UM, HURST, RMS_UM = 90.0, 20.0, 0.8, 5.0
PRESSURES_KPA = (30.0, 60.0, 120.0, 240.0)
PICTURE_KPA = 120.0


def pad_map(generator: np.random.Generator) -> NDArray[np.float64]:
    """Return heights in micrometres (n_y, n_x), periodic."""
    per_um = np.hypot(np.fft.fftfreq(N, SPACING_UM)[:, None], np.fft.rfftfreq(N, SPACING_UM)[None, :])
    kept = (per_um >= 1.0 / LONGEST_UM) & (per_um <= 1.0 / SHORTEST_UM)
    amplitude = np.where(kept, np.maximum(per_um, 1.0 / LONGEST_UM) ** -(1.0 + HURST), 0.0)
    heights = np.fft.irfft2(amplitude * np.fft.rfft2(generator.standard_normal((N, N))), s=(N, N))
    return RMS_UM * heights / heights.std()


def told(name: str, summits: contact.SummitPopulation) -> str:
    """Return a line on a set of summits."""
    return (
        f"{name}: {1e-6 * summits.summit_density_m2:.0f} summits per mm2, radius {summits.summit_radius_um:.1f} um, "
        f"sigma {summits.height_sigma_um:.2f} um"
    )


def picture(
    heights: NDArray[np.float64],
    pressed: contact.ContactSolution,
    counted: contact.SummitStatistics,
    fitted: contact.PadFit,
    path: Path,
) -> None:
    """Draw the map with its contacts, and load against separation for the reference and both sets of summits."""
    modulus_MPa = contact.reduced_modulus_MPa()
    figure = Figure(figsize=(10.5, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    side_um = N * SPACING_UM
    image = left.imshow(heights, origin="lower", extent=(0.0, side_um, 0.0, side_um), cmap="cividis")
    rows, columns = np.nonzero(pressed.contact)
    left.plot(SPACING_UM * (columns + 0.5), SPACING_UM * (rows + 0.5), "s", color="red", markersize=2.0)
    left.set(xlabel="µm", ylabel="µm", title=f"Pad map (synthetic), contacts at {PICTURE_KPA:.0f} kPa in red")
    figure.colorbar(image, ax=left, label="height, µm")
    right.plot(fitted.separation_um, fitted.pressure_kPa, "o", color="black", label="half-space reference")
    gap_um = np.linspace(fitted.separation_um.min() - 0.5, fitted.separation_um.max() + 0.5, 60)
    for name, summits, colour in (
        ("summits counted", counted.summits, "C0"),
        ("summits fitted", fitted.summits, "C1"),
    ):
        made = contact.summit_contact(gap_um - fitted.mean_height_um, summits, modulus_MPa)
        right.plot(gap_um, made.pressure_kPa, color=colour, label=name)
    right.set(xlabel="mean gap, µm", ylabel="mean pressure, kPa", yscale="log", title="Load against separation")
    right.legend()
    figure.savefig(path, dpi=120)


def main(folder: Path) -> None:
    """Run the story and leave its picture in ``folder``."""
    heights = pad_map(np.random.default_rng(SEED))
    modulus_MPa = contact.reduced_modulus_MPa()
    print(f"pad map {N} x {N} points, {SPACING_UM:g} um apart; reduced modulus {modulus_MPa:.0f} MPa")
    for points in (9, 5):
        seen = contact.summit_statistics(heights, SPACING_UM, points=9 if points == 9 else 5)
        warning = ", grid dependent" if seen.grid_dependent else ""
        print(told(f"counted, {points} points", seen.summits) + warning)
    pressed = contact.solve_contact(heights, SPACING_UM, PICTURE_KPA, modulus_MPa)
    print(
        f"{PICTURE_KPA:.0f} kPa: {100.0 * pressed.contact_area_ratio:.2f} % in contact, mean gap "
        f"{pressed.gap_um.mean():.2f} um, residual {pressed.residual_ratio:.0e} after {pressed.iterations} steps"
    )
    fitted = contact.fit_summits(heights, SPACING_UM, PRESSURES_KPA, modulus_MPa)
    print(told("fitted to the contact", fitted.summits) + f", misfit {100.0 * fitted.error_ratio:.0f} %")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pad_contact.png"
    picture(heights, pressed, contact.summit_statistics(heights, SPACING_UM), fitted, path)
    print(path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/pad_contact.py FOLDER")
    main(Path(sys.argv[1]))
