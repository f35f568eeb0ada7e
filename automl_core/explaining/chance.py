"""Chance that belongs to a row: the same row gets the same draws whatever other rows are asked about with it, and on any day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Seeds = NDArray[np.uint64]
STEP = np.uint64(0x9E3779B97F4A7C15)


def row_seeds(rows: Floats, seed: int) -> Seeds:
    """(n,) one seed a row (n, p), by its values as single precision and `seed`; all missing values are one."""
    with np.errstate(over="ignore"):  # huge ones are alike
        values = np.ascontiguousarray(rows, dtype=np.float32) + np.float32(0)  # minus zero becomes zero
    bits = np.where(np.isnan(values), np.float32(np.nan), values).view(np.uint32).astype(np.uint64)
    found = _mixed(np.full(len(rows), seed, dtype=np.uint64) + STEP)
    for column in bits.T:
        found = _mixed((found ^ column) + STEP)
    return found


def same_seeds(rows: Floats, seed: int) -> Seeds:
    """(n,) the same seed for each row: what differs between two rows is then not chance."""
    return np.full(len(rows), seed, dtype=np.uint64)


def draws(seeds: Seeds, size: int) -> Floats:
    """(n, size) numbers between 0 and 1 by seed (SplitMix64; Steele, Lea and Flood 2014)."""
    states = seeds[:, None] + STEP * np.arange(1, size + 1, dtype=np.uint64)[None, :]
    return np.asarray((_mixed(states) >> np.uint64(11)) * 2.0**-53, dtype=np.float64)


def _mixed(states: Seeds) -> Seeds:
    states = (states ^ (states >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    states = (states ^ (states >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(states ^ (states >> np.uint64(31)), dtype=np.uint64)
