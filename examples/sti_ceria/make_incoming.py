"""Make incoming.csv: what an upstream instrument measured on the 5 wafers of this example.

Run ``python examples/sti_ceria/make_incoming.py``. Deposition leaves each wafer with its own mean, bowl and tilt, all
smooth over the wafer; the instrument adds 0.8 nm (1 sigma) to each of the 49 sites. The seed is fixed, so the table
is always the same.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from planaris.model import SITES_49

SEED = 20250211
WAFERS = 5
RADIUS_MM = 100.0
MEAN_NM = 550.0
SPREAD_FRACTION = 0.01  # nearly all wafer means lie within this of the mean
BOWL_NM = 8.0  # typical centre-to-edge difference
TILT_NM = 4.0
NOISE_NM = 0.8


def table() -> str:
    """Return the table as text: header lines, then one row per wafer and site."""
    chance = random.Random(SEED)
    lines = [
        '# schema = "planaris/incoming/1"',
        "# Film thickness before polish, HDP, 49 sites, measured upstream; made by make_incoming.py",
        "wafer_id,site,x_mm,y_mm,thickness_nm",
    ]
    for slot in range(1, WAFERS + 1):
        spread = max(-1.0, min(1.0, chance.gauss(0.0, 0.5)))
        mean_nm = MEAN_NM * (1.0 + SPREAD_FRACTION * spread)
        bowl_nm = chance.gauss(BOWL_NM, abs(BOWL_NM) / 4.0)
        tilt_x_nm, tilt_y_nm = chance.gauss(0.0, TILT_NM / 2.0), chance.gauss(0.0, TILT_NM / 2.0)
        for site, (x_mm, y_mm) in enumerate(zip(SITES_49.x_mm, SITES_49.y_mm, strict=True), start=1):
            x, y = x_mm / RADIUS_MM, y_mm / RADIUS_MM
            film_nm = mean_nm + bowl_nm * (x * x + y * y - 0.5) + tilt_x_nm * x + tilt_y_nm * y
            measured_nm = film_nm + chance.gauss(0.0, NOISE_NM)
            lines.append(f"STI001-{slot:02d},{site},{x_mm:.3f},{y_mm:.3f},{measured_nm:.2f}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    target = Path(__file__).with_name("incoming.csv")
    target.write_text(table(), encoding="utf-8")
    sys.stdout.write(f"{target}\n")
