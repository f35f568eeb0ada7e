"""Where numbers are cut in two: edges with few digits that part the rows as the cut does."""
from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

MOVED = 0.02  # of the rows may be on the other side of an edge that is rounded


def short_edges(values: NDArray[np.float64], cuts: NDArray[np.float64], exact: bool = False) -> list[float]:
    """The `cuts` of sorted `values` (n,) as edges with few digits, each above the lowest value and not above the highest.

    Digits are left out where that moves few rows to the other side, none when it has to be `exact`. A price such as 9.99, which
    many rows have, stays above the edge that it is cut at: there the edge is a short number between it and the value below.
    """
    low, high, made = float(values[0]), float(values[-1]), set()
    for cut in cuts.tolist():
        place = int(np.searchsorted(values, cut))
        edge = short_number(cut, high - low)
        if place and abs(int(np.searchsorted(values, edge)) - place) > (0 if exact else MOVED * len(values)):
            edge = short_between(float(values[place - 1]), float(values[place]))
        made.add(edge)
    return [edge for edge in sorted(made) if low < edge <= high]


def short_between(below: float, above: float) -> float:
    """A number with few digits above the one and not above the other: the upper one when both are whole, else their middle,
    rounded as far as it goes."""
    if below.is_integer() and above.is_integer():
        return above  # nobody counts half a call
    rounded = (round((below + above) / 2, digits) for digits in range(18))
    return next((edge for edge in rounded if below < edge <= above), above)


def short_number(value: float, spread: float) -> float:
    """The value with as few digits as keep it within a hundredth of the spread: the edge that is shown is the edge used."""
    if spread <= 0 or value.is_integer():
        return value
    return round(value, max(0, 2 - math.floor(math.log10(spread))))
