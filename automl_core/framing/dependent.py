"""Rows that go together, such as those of one customer, counted as dependent: a few customers are few observations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Codes = NDArray[np.int64]
LEAST_TOGETHER = 3  # groups of rows; fewer say nothing about the next one


@dataclass(frozen=True, slots=True)
class Welch:
    """Welch's test that the weighted mean inside is larger: the gap, half of its 95 % interval, one-sided p; p is 1 where there
    are too few rows or no spread."""

    gap: float
    reach: float
    p: float


def codes_of(groups: NDArray[np.generic] | pd.Series) -> Codes:
    """Codes (n,) of who goes together; rows whose group is missing stand alone."""
    codes = np.asarray(pd.factorize(groups)[0], dtype=np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    return codes


def together_in(frame: pd.DataFrame, group: str) -> Codes | None:
    """Codes (n,) of the rows of a frame that go together by its column `group`; None when each stands alone."""
    if not group or group not in frame:
        return None
    codes = codes_of(frame[group])
    return codes if len(codes) and codes.max() < len(codes) - 1 else None


def resampled(rows: int, together: Codes | None, draws: int, generator: np.random.Generator) -> Floats:
    """(draws, n) how often each row is drawn; rows that go together are drawn together, but where all do."""
    groups = together if together is not None and together.any() else np.arange(rows)
    many = int(groups.max(initial=-1)) + 1
    return generator.multinomial(many, np.full(many, 1 / max(many, 1)), size=draws).astype(np.float64)[:, groups]


def widening(together: Codes) -> float:
    """What a variance of groups that come and go is too small by: there are few, and Student's t reaches farther than 1.96."""
    from scipy.special import stdtrit

    groups = effective(np.ones(len(together)), together)
    return float(groups / (groups - 1) * (stdtrit(groups - 1, 0.975) / 1.96) ** 2) if groups > 1.0 else math.inf


def effective(shares: Floats, together: Codes) -> float:
    """How many groups of one size rows of these shares (n,) of a mean are worth (Carter, Schnepel and Steigerwald 2017)."""
    sums = np.bincount(together, shares)
    return float(sums.sum() ** 2 / max(float((sums**2).sum()), 1e-300))


def mean_error(values: Floats, together: Codes) -> float:
    """The standard error of a mean of rows (n,) as whole groups of them come and go (Liang and Zeger 1986); infinite for one
    group."""
    groups = effective(np.ones(len(values)), together)
    sums = np.bincount(together, values - values.mean())
    return math.sqrt(float((sums**2).sum()) * groups / (groups - 1)) / len(values) if groups > 1 else math.inf


def welch(values: Floats, weights: Floats, inside: Mask, outside: Mask, together: Codes | None = None) -> Welch:
    """Variances of weighted means with the freedom of so many rows of equal weight as they are worth (Kish 1965).

    With groups `together` (n,) a group's influence is summed before it is squared (Liang and Zeger 1986), and the freedom is that
    of the side with fewer of them; the result is never surer than that of rows by themselves. The p value takes the larger of
    two errors, about each side's own mean and about that of both: few groups that happen to agree would otherwise seem sure.
    """
    from scipy.special import stdtr, stdtrit

    means, errors, worth = [], [], []
    for mask in (inside, outside):
        part, mass = values[mask], weights[mask]
        if len(part) < 10 or mass.sum() <= 0:
            return Welch(0.0, math.nan, 1.0)
        mean, size = float(np.average(part, weights=mass)), float(mass.sum()) ** 2 / float((mass**2).sum())
        means.append(mean)
        errors.append(float((mass**2 * (part - mean) ** 2).sum()) / float(mass.sum()) ** 2 * size / max(size - 1, 1e-9))
        worth.append(max(size - 1, 1e-9))
    error, gap = math.sqrt(sum(errors)), means[0] - means[1]
    if error == 0:
        return Welch(gap, 0.0, 1.0)
    freedom = sum(errors) ** 2 / sum(part**2 / rows for part, rows in zip(errors, worth, strict=True))
    alone = Welch(gap, float(stdtrit(freedom, 0.975)) * error, float(stdtr(freedom, -gap / error)))
    if together is None:
        return alone
    shares = [np.where(mask, weights, 0.0) / weights[mask].sum() for mask in (inside, outside)]
    groups = min(effective(share, together) for share in shares)
    if groups < LEAST_TOGETHER:
        return Welch(gap, math.nan, 1.0)
    few = groups / (groups - 1)
    middle = float(np.average(values[inside | outside], weights=weights[inside | outside]))
    own = shares[0] * (values - means[0]) - shares[1] * (values - means[1])
    error, null = (math.sqrt(float((np.bincount(together, part) ** 2).sum()) * few)
                   for part in (own, (shares[0] - shares[1]) * (values - middle)))
    p = float(stdtr(groups - 1, -gap / max(error, null)))
    return Welch(gap, max(alone.reach, float(stdtrit(groups - 1, 0.975)) * error), max(alone.p, p))


def group_errors(
    shares: list[Floats], missed: list[Floats], together: Codes, draws: int, generator: np.random.Generator
) -> Floats:
    """(draws, g) errors of g means as whole groups of rows come and go: `shares` (n,) are how much each row counts in a mean,
    `missed` (n,) how far it lies from it. They are normal with the covariance of the groups' sums, which is the limit of drawing
    groups, and heavier at the ends where few groups carry a mean."""
    sums = np.column_stack([np.bincount(together, share * off) for share, off in zip(shares, missed, strict=True)])
    groups = np.array([effective(share, together) for share in shares])
    sums *= np.sqrt(groups / np.maximum(groups - 1, 1e-9))
    values, vectors = np.linalg.eigh(sums.T @ sums)
    drawn = (generator.standard_normal((draws, len(shares))) * np.sqrt(np.maximum(values, 0))) @ vectors.T
    freedom = max(1.0, float(groups.min()) - 1)
    return np.asarray(drawn / np.sqrt(generator.chisquare(freedom, (draws, 1)) / freedom), dtype=np.float64)
