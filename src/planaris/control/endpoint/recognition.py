"""Early recognition: in the first sweeps, say whether this is the wafer that the recipe means."""

from __future__ import annotations

from dataclasses import dataclass

# Sweeps that must agree before a wafer is turned away.
VOTES_COUNT = 3


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the recipe and the lot expect: incoming thickness within a tolerance, and the target.

    A film within ``nearly_fraction`` of the way to the target is nearly clear: the step has nothing to do.
    """

    film_nm: float
    target_nm: float
    tolerance_fraction: float = 0.12
    nearly_fraction: float = 0.1


def recognise(
    expected: Expectation,
    thickness_nm: float,
    misfit: float,
    misfit_limit: float,
    bare_misfit: float,
    *,
    bright: bool,
    brighter: bool,
) -> str:
    """Return '' for the expected wafer, else wrong_film, blank, nearly_clear, reworked or too_thick.

    ``misfit`` is of the expected stack at its best thickness, ``bare_misfit`` of the bare substrate. ``bright`` says
    that the wafer reflects more than the expected stack can through any window, ``brighter`` that it reflects more than
    the bare substrate too: a metal has no fringes to misfit.
    """
    if bright and brighter:
        return "wrong_film"
    if bare_misfit < misfit and (bare_misfit < misfit_limit or thickness_nm < 0.02 * expected.film_nm):
        return "blank"
    if bright or misfit > misfit_limit:
        return "wrong_film"
    way_nm = expected.film_nm - expected.target_nm
    if thickness_nm - expected.target_nm < expected.nearly_fraction * way_nm:
        return "nearly_clear"
    if thickness_nm < (1.0 - expected.tolerance_fraction) * expected.film_nm:
        return "reworked"
    if thickness_nm > (1.0 + expected.tolerance_fraction) * expected.film_nm:
        return "too_thick"
    return ""
