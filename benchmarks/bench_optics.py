"""Reflectance of 1,000 film stacks at 256 wavelengths, against the tmm package in the same run."""

from __future__ import annotations

import importlib
import statistics
import time
from typing import Any

import numpy as np

from benchmark_result import Better, NotRunError, Result
from planaris.physics import reflectance, refractive_index, spectrum_wavelengths_nm

NAME = "optics"
STACKS, POINTS = 1000, 256
# The peer takes one wavelength of one stack a call; its time per stack is the same for each.
PEER_STACKS = 20
NEEDED = 50.0
LARGEST_DIFFERENCE = 1e-10
REPEATS = 7
MATERIALS = ("Cu", "Ta", "TEOS")


def run() -> list[Result]:
    """Time both on the same stacks and compare their numbers."""
    try:
        tmm: Any = importlib.import_module("tmm")
    except ImportError as missing:
        raise NotRunError("the package tmm is not installed (group dev)") from missing
    waves = spectrum_wavelengths_nm(POINTS)
    index = np.stack([refractive_index(m, waves) for m in MATERIALS])
    substrate = refractive_index("Si", waves)
    thickness_nm = np.random.default_rng(0).uniform(0.0, 800.0, (STACKS, len(MATERIALS)))
    ours_s: list[float] = []
    made = np.empty((STACKS, POINTS))
    for _ in range(REPEATS):
        begin = time.process_time()
        made = reflectance(waves, index, thickness_nm, substrate, 1.33)
        ours_s.append(time.process_time() - begin)
    peer = np.empty((PEER_STACKS, POINTS))
    begin = time.process_time()
    for s in range(PEER_STACKS):
        for k in range(POINTS):
            n = [1.33, *np.conj(index[:, k]), np.conj(substrate[k])]
            peer[s, k] = tmm.coh_tmm("s", n, [np.inf, *thickness_nm[s], np.inf], 0.0, waves[k])["R"]
    peer_s = (time.process_time() - begin) * STACKS / PEER_STACKS
    ours = statistics.median(ours_s)
    what = f"{POINTS} wavelengths x {STACKS} stacks of {len(MATERIALS)} films"
    difference = float(np.abs(made[:PEER_STACKS] - peer).max())
    return [
        Result(f"{what}, {1e3 * ours:.0f} ms", peer_s / ours, "x", NEEDED, Better.MORE, f"tmm, {peer_s:.1f} s"),
        Result("largest difference of R", difference, "", LARGEST_DIFFERENCE, Better.LESS, "tmm"),
    ]
