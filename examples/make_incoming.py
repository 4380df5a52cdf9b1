"""Make an example's incoming.csv: what an upstream instrument measured on its wafers.

Run ``python examples/make_incoming.py oxide_ild``, or without a name for all. The film leaves each wafer with its own
mean, bowl and tilt, all smooth over the wafer; the instrument's noise is added at each of the 49 sites. Seeds are
fixed, so a table is always the same. Means, shapes and noise are chosen for the examples [design].
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from planaris.model import SITES_49

RADIUS_MM = 100.0
# Nearly all wafer means lie within this of the lot's mean: it is two sigma.
SPREAD_FRACTION = 0.01


@dataclass(frozen=True, slots=True)
class Deposit:
    """The film of a lot: mean thickness, typical centre-to-edge difference and tilt, and one sigma of the noise."""

    film: str
    lot_id: str
    seed: int
    wafers_count: int
    mean_nm: float
    bowl_nm: float
    tilt_nm: float
    noise_nm: float


DEPOSITS: Mapping[str, Deposit] = {
    "oxide_ild": Deposit("TEOS", "ILD001", 20250117, 25, 1500.0, 12.0, 6.0, 1.0),
    "oxide_endpoint": Deposit("TEOS", "ILE001", 20250117, 25, 1500.0, 12.0, 6.0, 1.0),
    "sti_ceria": Deposit("HDP", "STI001", 20250211, 5, 550.0, 8.0, 4.0, 0.8),
    "w_plug": Deposit("W", "WPL001", 20250312, 5, 400.0, 6.0, 4.0, 0.8),
    "cu_two_step": Deposit("Cu", "CUD001", 20250413, 5, 800.0, 10.0, 6.0, 1.2),
    "poly_si": Deposit("poly-Si", "MEM001", 20250514, 5, 2000.0, 20.0, 10.0, 1.5),
}


def table(deposit: Deposit) -> str:
    """Return the table as text: header lines, then one row per wafer and site."""
    chance = random.Random(deposit.seed)
    lines = [
        '# schema = "planaris/incoming/1"',
        f"# Film thickness before polish, {deposit.film}, 49 sites, measured upstream; made by make_incoming.py",
        "wafer_id,site,x_mm,y_mm,thickness_nm",
    ]
    for slot in range(1, deposit.wafers_count + 1):
        spread = max(-1.0, min(1.0, chance.gauss(0.0, 0.5)))
        mean_nm = deposit.mean_nm * (1.0 + SPREAD_FRACTION * spread)
        bowl_nm = chance.gauss(deposit.bowl_nm, deposit.bowl_nm / 4.0)
        tilt_x_nm, tilt_y_nm = chance.gauss(0.0, deposit.tilt_nm / 2.0), chance.gauss(0.0, deposit.tilt_nm / 2.0)
        for site, (x_mm, y_mm) in enumerate(zip(SITES_49.x_mm, SITES_49.y_mm, strict=True), start=1):
            x, y = x_mm / RADIUS_MM, y_mm / RADIUS_MM
            film_nm = mean_nm + bowl_nm * (x * x + y * y - 0.5) + tilt_x_nm * x + tilt_y_nm * y
            measured_nm = film_nm + chance.gauss(0.0, deposit.noise_nm)
            lines.append(f"{deposit.lot_id}-{slot:02d},{site},{x_mm:.3f},{y_mm:.3f},{measured_nm:.2f}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for name in sys.argv[1:] or DEPOSITS:
        target = Path(__file__).with_name(name) / "incoming.csv"
        target.write_text(table(DEPOSITS[name]), encoding="utf-8")
        sys.stdout.write(f"{target}\n")
