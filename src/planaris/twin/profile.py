"""How finely a twin computes: every sensor and a fine wafer map, or only what control and the film need."""

from __future__ import annotations

from dataclasses import dataclass

from planaris.twin.chunks import FINE_EDGES, EdgePlan
from planaris.twin.noise import SAMPLE_RATE_Hz


@dataclass(frozen=True, slots=True)
class TwinProfile:
    """What a twin spends time on. Handshakes, devices, actuators, wear and removal are the same in every profile.

    The film has ``film_rings`` x ``film_angles`` cells. ``edges`` says where a platen's time is cut. Process sensors
    are sampled ``sample_rate_Hz`` times a second.
    """

    film_rings: int = 64
    film_angles: int = 32
    edges: EdgePlan = FINE_EDGES
    sample_rate_Hz: int = SAMPLE_RATE_Hz


FULL = TwinProfile()
# Many wafers for few results: edges a second apart move removal by 0.01 %, the coarse map by 0.4 % [design].
CAMPAIGN = TwinProfile(film_rings=16, film_angles=8, edges=EdgePlan(per_s=1, chunk_count=40), sample_rate_Hz=10)
