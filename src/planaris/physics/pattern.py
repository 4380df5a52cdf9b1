"""Removal on a pattern in closed forms, each a limit of the next; one cell of density ρ, step h, blanket rate K.

Up areas cover ρ, down areas 1−ρ. All forms of one material conserve the load: ρ·K_up + (1−ρ)·K_dn = K.

1. Density (Stine 1997, Ouma 1998): the pad touches up areas alone until the step is gone.
2. Step height (Grillaert 1998, Smith 1999, B. Lee): below a contact height down areas take their part.
3. Two-level Greenwood–Williamson contact, exponential heights (Vasilev 2011): down over up is e^{−h/σ}.
4. Two materials (STI, Cu, W; Tugbawa 2002, B. Lee 2002): recess D of the fast one below the slow one.
"""

from __future__ import annotations

from dataclasses import dataclass

from planaris.physics._namespace import Array, ArrayLike, array_namespace


@dataclass(frozen=True, slots=True)
class ContactConstants:
    """Two-level contact: planarization scale σ, curvature gain α and summit radius of the width term, widths below.

    σ 120 nm without and 140 nm, α 11.25 with width terms (Vasilev 2011, T); R 30 µm (T).
    """

    sigma_nm: float = 120.0
    alpha: float = 0.0
    summit_radius_um: float = 30.0


# -- 1. density ----------------------------------------------------------------------------------------------------
def density_heights(
    start_nm: ArrayLike, step_nm: ArrayLike, density: ArrayLike, blanket_nm: ArrayLike
) -> tuple[Array, Array]:
    """Return (thickness on up areas, step) after a blanket removal K·t of an effective density.

    K_up = K/ρ until ρ·z₁ is gone; then z₀ − z₁ − K·t + ρ·z₁ with no step.
    """
    xp = array_namespace(start_nm, step_nm, density, blanket_nm)
    rho, step, gone = xp.asarray(density), xp.asarray(step_nm), xp.asarray(blanket_nm)
    standing = gone < rho * step
    up = xp.where(standing, start_nm - gone / rho, start_nm - step - gone + rho * step)
    return up, xp.where(standing, step - gone / rho, 0.0)


# -- 2. step height ------------------------------------------------------------------------------------------------
def contact_height_nm(density: ArrayLike, first_nm: float, second_nm: float, decay: float) -> Array:
    """Return h_c = a₁ + a₂·e^{−ρ/a₃}."""
    xp = array_namespace(density)
    return first_nm + second_nm * xp.exp(-xp.asarray(density) / decay)


def step_height_rates(
    blanket_nm_min: ArrayLike, density: ArrayLike, step_nm: ArrayLike, contact_nm: ArrayLike
) -> tuple[Array, Array]:
    """Return (K_up, K_dn): above h_c as by density, below K(1 + (1−ρ)/ρ·h/h_c) and K(1 − h/h_c)."""
    xp = array_namespace(blanket_nm_min, density, step_nm, contact_nm)
    share = xp.minimum(xp.asarray(step_nm) / contact_nm, 1.0)
    rho = xp.asarray(density)
    return blanket_nm_min * (1.0 + (1.0 - rho) / rho * share), blanket_nm_min * (1.0 - share)


def step_height_after_nm(step_nm: ArrayLike, density: ArrayLike, contact_nm: ArrayLike, blanket_nm: ArrayLike) -> Array:
    """Return the step after a blanket removal K·t: K/ρ down to h_c, then e^{−K·t/(ρ·h_c)}; exact for any step."""
    xp = array_namespace(step_nm, density, contact_nm, blanket_nm)
    step, rho = xp.asarray(step_nm), xp.asarray(density)
    linear = rho * xp.maximum(step - contact_nm, 0.0)
    left = xp.maximum(xp.asarray(blanket_nm) - linear, 0.0)
    falling = step - xp.minimum(xp.asarray(blanket_nm), linear) / rho
    return xp.where(left > 0.0, xp.minimum(step, contact_nm) * xp.exp(-left / (rho * contact_nm)), falling)


# -- 3. two-level contact ------------------------------------------------------------------------------------------
def contact_ratio(step_nm: ArrayLike, constants: ContactConstants, down_width_um: ArrayLike = 1.0) -> Array:
    """Return g = K_dn/K_up = e^{−h/σ}·(1 + 4αRh/w²)^{−½}; a narrower trench is never polished faster at equal h (A)."""
    xp = array_namespace(step_nm, down_width_um)
    h = xp.maximum(xp.asarray(step_nm), 0.0)
    bent = 4.0 * constants.alpha * constants.summit_radius_um * (1e-3 * h) / (down_width_um * down_width_um)
    return xp.exp(-h / constants.sigma_nm) / xp.sqrt(1.0 + bent)


def contact_rates(
    blanket_nm_min: ArrayLike,
    density: ArrayLike,
    step_nm: ArrayLike,
    constants: ContactConstants,
    down_width_um: ArrayLike = 1.0,
) -> tuple[Array, Array]:
    """Return (K_up, K_dn) with K_up = K/(ρ + (1−ρ)g): h→0 blanket on both, h/σ→∞ K/ρ and 0, ρ→1 K."""
    ratio = contact_ratio(step_nm, constants, down_width_um)
    up = blanket_nm_min / (density + (1.0 - density) * ratio)
    return up, up * ratio


def contact_step_after_nm(
    step_nm: ArrayLike, density: ArrayLike, sigma_nm: float, blanket_nm: ArrayLike, iterations: int = 40
) -> Array:
    """Return the step after a blanket removal K·t by two-level contact without width terms.

    dh/dt = −K(1−g)/(ρ + (1−ρ)g) has the integral ρ·h + σ·ln(1 − e^{−h/σ}) = const − K·t, solved by bisection: stable
    for any removal.
    """
    xp = array_namespace(step_nm, density, blanket_nm)
    h0, rho = xp.asarray(step_nm), xp.asarray(density)
    floor = 1e-300

    def level(h: Array) -> Array:
        return rho * h + sigma_nm * xp.log(xp.maximum(-xp.expm1(-h / sigma_nm), floor))

    target = level(h0) - xp.asarray(blanket_nm)
    low, high = 0.0 * (h0 + target), h0 + 0.0 * target
    for _ in range(iterations):
        middle = 0.5 * (low + high)
        above = level(middle) > target
        low, high = xp.where(above, low, middle), xp.where(above, middle, high)
    return xp.where(h0 > 0.0, 0.5 * (low + high), 0.0 * target)


# -- 4. two materials ----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class TwoMaterials:
    """Slow material (up, share ``density``) and fast one that recedes; blanket rates, and the largest recess."""

    density: float
    fast_nm_min: float
    slow_nm_min: float
    largest_recess_nm: float

    @property
    def selectivity(self) -> float:
        """s = K_f/K_s; below 1 the fast material protrudes, by the same formulas."""
        return self.fast_nm_min / self.slow_nm_min

    @property
    def steady_recess_nm(self) -> float:
        """D_ss = d_max·ρ(s−1)/(1+ρ(s−1)); 0 at s = 1."""
        excess = self.density * (self.selectivity - 1.0)
        return self.largest_recess_nm * excess / (1.0 + excess)

    @property
    def steady_rate_nm_min(self) -> float:
        """Common rate K_f/(1+ρ(s−1)) at the steady recess."""
        return self.fast_nm_min / (1.0 + self.density * (self.selectivity - 1.0))

    @property
    def time_constant_min(self) -> float:
        """τ = τ₂/(1+ρ(s−1)), τ₂ = s·ρ·d_max/K_f: of dD/dt by the rates below."""
        second = self.selectivity * self.density * self.largest_recess_nm / self.fast_nm_min
        return second / (1.0 + self.density * (self.selectivity - 1.0))

    def rates_nm_min(self, recess_nm: ArrayLike) -> tuple[Array, Array]:
        """Return (fast, slow): K_f(1 − D/d_max) and K_s(1 + (1−ρ)/ρ·D/d_max)."""
        xp = array_namespace(recess_nm)
        share = xp.asarray(recess_nm) / self.largest_recess_nm
        fast = self.fast_nm_min * (1.0 - share)
        return fast, self.slow_nm_min * (1.0 + (1.0 - self.density) / self.density * share)

    def recess_nm(self, time_min: ArrayLike, start_nm: ArrayLike = 0.0) -> Array:
        """Return D after a time: towards D_ss from either side."""
        xp = array_namespace(time_min, start_nm)
        left = xp.exp(-xp.asarray(time_min) / self.time_constant_min)
        return self.steady_recess_nm + (start_nm - self.steady_recess_nm) * left

    def slow_loss_nm(self, time_min: ArrayLike) -> Array:
        """Return what the slow film loses from D = 0: K_ss·t − (K_ss − K_s)·τ(1 − e^{−t/τ})."""
        xp = array_namespace(time_min)
        t = xp.asarray(time_min)
        tau, steady = self.time_constant_min, self.steady_rate_nm_min
        return steady * t + (steady - self.slow_nm_min) * tau * xp.expm1(-t / tau)


def recess_limit_nm(
    width_um: ArrayLike, space_um: ArrayLike, scale_nm: float, width_exponent: float, space_exponent: float
) -> Array:
    """Return d_max = B·w^α·s^β of copper lines (Tugbawa 2002: B 33.3 nm, α 0.303, β 0.259, I)."""
    return scale_nm * width_um**width_exponent * space_um**space_exponent


def edge_rounding_factor(space_um: ArrayLike, gain: float = 3.04, decay_um: float = 22.5) -> Array:
    """Return 1 + C·e^{−s/s_c}: what rounded edges make of the oxide's rate between copper lines (Tugbawa 2002, I)."""
    xp = array_namespace(space_um)
    return 1.0 + gain * xp.exp(-xp.asarray(space_um) / decay_um)
