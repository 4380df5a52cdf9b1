"""Fit of the edge term to Lee 2026."""

from __future__ import annotations

import numpy as np
import pytest

from planaris.physics import DEFAULT_EDGE, LEE_2026, EdgeAnchor, EdgeTerm, PolarGrid, edge_nonuniformity_pct, fit_edge
from planaris.physics.edge_fit import LEE_ZONE_PRESSURE_KPA


def test_default_edge_is_what_the_fit_finds() -> None:
    found = fit_edge()
    # The default is rounded to four figures.
    assert found.amplitude_ratio == pytest.approx(DEFAULT_EDGE.amplitude_ratio, rel=1e-3)
    assert found.decay_length_mm == pytest.approx(DEFAULT_EDGE.decay_length_mm, rel=1e-3)


@pytest.mark.parametrize("n_r", [64, 200])
@pytest.mark.parametrize("anchor", LEE_2026)
def test_default_edge_meets_the_anchors(anchor: EdgeAnchor, n_r: int) -> None:
    # V13 allows one percentage point; two constants on two anchors must do far better on the fit's own grid.
    found = edge_nonuniformity_pct(DEFAULT_EDGE, anchor.ring_pressure_kPa, grid=PolarGrid(n_r=n_r))
    assert found == pytest.approx(anchor.nonuniformity_pct, abs=0.01 if n_r == 200 else 0.1)


def test_an_engineer_finds_the_best_ring_pressure() -> None:
    ratios = np.linspace(0.8, 2.0, 61)
    values = [edge_nonuniformity_pct(DEFAULT_EDGE, r * LEE_ZONE_PRESSURE_KPA) for r in ratios]
    best = int(np.argmin(values))
    assert 1.0 < ratios[best] < 1.7
    assert values[best] < 3.0 < min(values[0], values[-1])
    # One valley: falls to the best ratio and rises from it.
    assert np.all(np.diff(values[: best + 1]) < 0)
    assert np.all(np.diff(values[best:]) > 0)


def test_the_fit_finds_a_known_edge_again() -> None:
    known = EdgeTerm(amplitude_ratio=-0.7, decay_length_mm=5.0)
    anchors = [EdgeAnchor(ring, edge_nonuniformity_pct(known, ring)) for ring in (28.0, 34.0, 42.0)]
    found = fit_edge(anchors)
    # Least squares stops at a relative change of 1e-8; three anchors determine two numbers to about 1e-4.
    assert (found.amplitude_ratio, found.decay_length_mm) == pytest.approx((-0.7, 5.0), rel=1e-3)


def test_one_anchor_is_refused() -> None:
    with pytest.raises(ValueError, match="two anchors or more"):
        fit_edge(LEE_2026[:1])
