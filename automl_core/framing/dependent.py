"""Rows that go together, such as those of one customer, counted as dependent: a few customers are few observations.

One rule for every sum, mean, share and score: what rows of a group bring is summed before it is squared (Liang and Zeger 1986),
the variance is that of G groups, times G / (G - 1), and 95 % reach as far as Student's t of G - 1 degrees of freedom (Cameron
and Miller 2015). G is how many groups of one size they are worth (Carter, Schnepel and Steigerwald 2017): counted as they are,
20 customers of whom few have most of the rows gave intervals that held the truth in 83 %. Rows by themselves are groups of one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Codes = NDArray[np.int64]
LEAST_TOGETHER = 3  # groups of rows; a test of fewer finds nothing
LEAST_WORTH = 2.0  # groups of one size; the range of what fewer tell has no end


@dataclass(frozen=True, slots=True)
class Welch:
    """Welch's test that the weighted mean inside is larger: the gap, half of its 95 % interval, one-sided p; p is 1 where there
    are too few rows."""

    gap: float
    reach: float
    p: float


@dataclass(frozen=True, slots=True)
class TwoMeans:
    """Two means, the error of their difference, and what a test holds that against: the larger of it and of the error that there
    were if both sides were alike; with the degrees of freedom."""

    first: float
    second: float
    error: float
    tested: float
    freedom: float


def codes_of(groups: NDArray[np.generic] | pd.Series) -> Codes:
    """Codes (n,) of who goes together; rows whose group is missing stand alone."""
    import pandas as pd

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


def effective(shares: Floats, together: Codes | None = None) -> float:
    """How many groups of one size rows of these shares (n,) of a sum are worth (Carter, Schnepel and Steigerwald 2017); how many
    rows of one weight, where each stands alone (Kish 1965)."""
    sums = shares if together is None else np.bincount(together, shares)
    return float(sums.sum() ** 2 / max(float((sums**2).sum()), 1e-300))


def few(groups: float) -> float:
    """What the standard error of a sum over so many groups is too small by; infinite for one."""
    return math.sqrt(groups / (groups - 1)) if groups > 1 else math.inf


def student(groups: float) -> float:
    """How many standard errors 95 % reach to with so many groups."""
    from scipy.special import stdtrit

    return float(stdtrit(groups - 1, 0.975)) if groups > 1 else math.inf


def root_of_sums(parts: Floats, together: Codes | None) -> float:
    """The root of what groups of rows bring, squared: the standard error of a sum of many."""
    sums = parts if together is None else np.bincount(together, parts)
    return math.sqrt(float((sums**2).sum()))


def widening(together: Codes) -> float:
    """What a variance of groups that come and go is too small by: there are few, and Student's t reaches farther than 1.96."""
    groups = effective(np.ones(len(together)), together)
    return (few(groups) * student(groups) / 1.96) ** 2


def sum_error(parts: Floats, together: Codes | None = None, shares: Floats | None = None) -> float:
    """The standard error of a sum over rows, `parts` (n,), as rows, or groups of those that go `together` (n,), come and go;
    infinite for one. What they are worth goes by `shares` (n,), how much each row counts in the sum (None: all alike)."""
    groups = effective(np.ones(len(parts)) if shares is None else np.abs(shares), together)
    return few(groups) * root_of_sums(parts - parts.mean(), together) if groups > 1 else math.inf


def sum_reach(parts: Floats, together: Codes | None = None, shares: Floats | None = None) -> float:
    """Half of the 95 % range of a sum over rows, as `sum_error` counts them: never less than for rows by themselves, and infinite
    where they are worth fewer than two groups."""
    reach = 0.0
    for codes in (None,) if together is None else (None, together):
        groups = effective(np.ones(len(parts)) if shares is None else np.abs(shares), codes)
        reach = max(reach, student(groups) * sum_error(parts, codes, shares)) if groups >= LEAST_WORTH else math.inf
    return reach


def rows_worth(hits: Floats, together: Codes | None, weights: Floats | None = None) -> float:
    """How many rows of one weight that stand alone tell a share as surely as these (n,), which hit it (1) or not (0).

    By the spread of the sums of their groups (Korn and Graubard 1998), or by how alike rows of a group are, whichever makes
    fewer, with Student's t for the number of groups (for twice those that hold the rarer side, where these are fewer). Where
    hardly any hold it, rows of a group may all be alike, and it counts as one row.
    """
    rows = len(hits)
    counts = np.ones(rows) if weights is None else weights * (rows / weights.sum())
    alone = effective(counts)
    if together is None:
        return alone
    share, groups = float((counts * hits).sum()) / rows, effective(counts, together)
    if groups < LEAST_WORTH:
        return 1.0
    rare = counts * (hits if share <= 0.5 else 1 - hits)
    holding = effective(rare, together) if rare.any() else 0.0
    if holding < LEAST_WORTH:
        return groups
    spread = sum_error(counts * (hits - share), together, counts) ** 2
    by_sums = rows**3 / (rows - 1) * share * (1 - share) / max(spread, 1e-300)
    alike = likeness(hits, together)
    by_rows = 1 / ((1 - alike) / alone + alike / groups)
    reach = student(min(groups, 2 * holding)) / student(min(alone, 2 * effective(rare)))
    return max(1.0, min(alone, by_sums, by_rows) / reach**2)


def likeness(values: Floats, codes: Codes) -> float:
    """How alike `values` (n, NaN when unknown) of one group are, from 0 to 1: the intraclass correlation of the analysis of
    variance. 0 where rows of a group are no more alike than others, or none has a second row, or all are of one group."""
    known = np.isfinite(values)
    values, codes = values[known], codes[known]
    if not len(values):
        return 0.0
    values = values - values.mean()  # squares of what lies far from 0 leave only rounding
    sizes, sums = np.bincount(codes), np.bincount(codes, values)
    sizes, sums = sizes[sizes > 0], sums[sizes > 0]  # codes of a part of the rows
    explained = float((sums**2 / sizes).sum())
    return likeness_of(explained, float((values**2).sum()) - explained, sizes)


def likeness_of(between: float, within: float, sizes: Codes | Floats) -> float:
    """The same, by the sums of squares between and within groups of these `sizes` (g,)."""
    rows, groups = int(sizes.sum()), len(sizes)
    if not 1 < groups < rows:
        return 0.0
    between, within = between / (groups - 1), max(0.0, within) / (rows - groups)
    usual = (rows - float((sizes.astype(np.float64) ** 2).sum()) / rows) / (groups - 1)
    return min(1.0, max(0.0, (between - within) / max(between + (usual - 1) * within, 1e-300)))


def rows_of_group(codes: Codes) -> float:
    """How many rows the group of a row has, on average over rows; 1 where each stands alone."""
    return float((np.bincount(codes).astype(np.float64) ** 2).sum()) / len(codes) if len(codes) else 1.0


def design(alike: float, rows: float) -> float:
    """How many of so many `rows` of a group, which are as `alike` as that, tell as much as one that stands alone (Kish 1965)."""
    return 1 + max(0.0, rows - 1) * alike


def half_row(size: float) -> float:
    """The squared error of a mean of so many rows that are all alike, by half a row of each kind, where kinds lie 1 apart."""
    rate = 0.5 / (size + 1)
    return rate * (1 - rate) / size


def unvaried(error: float, values: Floats, shares: list[Floats], together: Codes | None) -> float:
    """The `error` of a difference of means of `values` (n,) with half a group of each kind added to the variance of a side that
    does not vary; `shares` (n,) are what rows count of each side."""
    counted = np.any([share > 0 for share in shares], axis=0)
    unknown = sum(half_row(effective(share, together)) for share in shares if np.ptp(values[share > 0]) == 0)
    return math.hypot(error, (float(np.ptp(values[counted])) or 1.0) * math.sqrt(unknown))


def two_means(first: Floats, second: Floats, counts: tuple[Floats, Floats] | None = None) -> TwoMeans:
    """The means of two sides, whose rows count as much as `counts` says (None: all alike), with variances of their own (Welch)
    and the freedom of so many rows of one weight as they are worth (Kish 1965); each side needs two rows.

    A side that does not vary has half a row of each kind added to its variance (not to its mean), for an interval of no width
    would be a lie: of all errors it may have one. A test takes the variance of both sides together where that gives more: ten
    rows that all fail, among rows of which nine in ten do, are no evidence.
    """
    weights = (np.ones(len(first)), np.ones(len(second))) if counts is None else counts
    every, mass = np.concatenate([first, second]), np.concatenate(weights)
    spread = float(np.ptp(every[mass > 0])) or 1.0  # as of a share, where all are equal
    means, errors, worth = [], [], []
    for part, own in zip((first, second), weights, strict=True):
        size = effective(own)
        mean = float(np.average(part, weights=own))
        error = float((own**2 * ((part - mean) / spread) ** 2).sum()) / float(own.sum()) ** 2 * size / max(size - 1, 1e-9)
        if np.ptp(part[own > 0]) == 0:
            error = half_row(size)
        means.append(mean)
        errors.append(error)
        worth.append(max(size, 1 + 1e-9))
    middle = np.average(every, weights=mass)
    alike = float(np.average(((every - middle) / spread) ** 2, weights=mass)) * sum(1 / size for size in worth)
    freedom = sum(errors) ** 2 / sum(part**2 / (size - 1) for part, size in zip(errors, worth, strict=True))
    return TwoMeans(means[0], means[1], spread * math.sqrt(sum(errors)), spread * math.sqrt(max(sum(errors), alike)), freedom)


def welch(values: Floats, weights: Floats, inside: Mask, outside: Mask, together: Codes | None = None) -> Welch:
    """Welch's test of the weighted means of `values` (n,), as `two_means` tells them; each side needs ten rows.

    With groups `together` (n,) a group's influence is summed before it is squared (Liang and Zeger 1986), and the freedom is that
    of the side with fewer of them; the result is never surer than that of rows by themselves. The p value takes the larger of
    two errors, about each side's own mean and about that of both: few groups that happen to agree would otherwise seem sure.
    """
    from scipy.special import stdtr, stdtrit

    sides = (inside, outside)
    if min(int(mask.sum()) for mask in sides) < 10 or min(float(weights[mask].sum()) for mask in sides) <= 0:
        return Welch(0.0, math.nan, 1.0)
    told = two_means(values[inside], values[outside], (weights[inside], weights[outside]))
    gap = told.first - told.second
    alone = Welch(gap, float(stdtrit(told.freedom, 0.975)) * told.error, float(stdtr(told.freedom, -gap / told.tested)))
    if together is None:
        return alone
    shares = [np.where(mask, weights, 0.0) / weights[mask].sum() for mask in sides]
    groups = min(effective(share, together) for share in shares)
    if groups < LEAST_TOGETHER:
        return Welch(gap, math.nan, 1.0)
    middle = float(np.average(values[inside | outside], weights=weights[inside | outside]))
    own = shares[0] * (values - told.first) - shares[1] * (values - told.second)
    error, null = (few(groups) * root_of_sums(part, together)
                   for part in (own, (shares[0] - shares[1]) * (values - middle)))
    error = unvaried(error, values, shares, together)
    p = float(stdtr(groups - 1, -gap / max(error, null)))
    return Welch(gap, max(alone.reach, student(groups) * error), max(alone.p, p))


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
