"""Contact of a rough pad and a wafer: the half-space reference by FFT."""

from planaris.physics.contact.solver import ContactSolution, complementarity_ratio, solve_contact

__all__ = ["ContactSolution", "complementarity_ratio", "solve_contact"]
