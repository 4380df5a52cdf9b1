"""How finely a twin computes: every sensor and a fine wafer map, or only what control and the film need."""

from __future__ import annotations

from dataclasses import dataclass

from planaris.twin.chunks import FINE_EDGES, EdgePlan
from planaris.twin.noise import SAMPLE_RATE_Hz


@dataclass(frozen=True, slots=True)
class TwinProfile:
    """What a twin spends time on. Handshakes, devices, actuators, wear and removal are the same in every profile.

    The film has ``film_rings`` x ``film_angles`` cells. ``edges`` says where a platen's time is cut. Process sensors
    are sampled ``sample_rate_Hz`` times a second; those that show no actuator but lag behind the physics (torques,
    currents, temperatures) are evaluated at each sample, or with ``lags_held`` show what they were when their
    station's state was last committed.
    """

    film_rings: int = 64
    film_angles: int = 32
    edges: EdgePlan = FINE_EDGES
    sample_rate_Hz: int = SAMPLE_RATE_Hz
    lags_held: bool = False


FULL = TwinProfile()
# Many wafers for few results: removal differs from the full profile's by less than 0.1 % [design].
CAMPAIGN = TwinProfile(
    film_rings=16, film_angles=8, edges=EdgePlan(per_s=2, chunk_count=80), sample_rate_Hz=10, lags_held=True
)
