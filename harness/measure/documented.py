"""Numbers that documents give as "about" or "~" so much: one rule for all of them."""

from __future__ import annotations

ABOUT = 0.15
"""How far from a documented number, as a share of it, another still is about that number.

Documents that say about round to one digit, or to two: 15 % is what the first may hide in the
middle of its range (3.5 to 4.5 is 4), and for a count below ten it is the next number or none.
"""


def about(documented: float, observed: float) -> bool:
    """Whether `observed` is about `documented`: within 15 % of it, in the same unit."""
    return abs(observed - documented) <= ABOUT * abs(documented)
