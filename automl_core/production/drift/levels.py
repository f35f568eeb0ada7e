"""Drift of categories against the level shares of training.

Levels that are rare in the batch and training together, fewer than five expected rows, are pooled: what is rare in one of them
only would be chosen by chance, and always be rarer in the other. p: chi-square of homogeneity. Effect: Jensen-Shannon distance
(base 2), less what chance gives at this size; with more than 30 levels at least the largest change of one share, because sums of
noise may hide it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.production.contract import ColumnContract
from automl_core.production.drift._test import Comparison, DriftTest, quoted

Floats = NDArray[np.float64]
MANY_LEVELS = 30
DRAWS = 60
LEAST_EXPECTED = 5


def compare(column: ColumnContract, values: pd.Series[Any], design: float = 1.0) -> Comparison:
    """`values` are labels. Those that training did not list count together with its own rest, where it has one."""
    names = [name for name in column.levels if name]
    codes, texts = pd.factorize(values if values.dtype == "str" else values.astype("str"))
    places = pd.Index(names, dtype="str").get_indexer(pd.Index(texts))
    new, told = places < 0, len(names)
    whole = "" not in column.levels  # then each level that is not listed is a new one
    places[new] = told + np.arange(int(new.sum())) if whole else told
    now = np.bincount(places[codes], minlength=told + 1).astype(np.float64)
    then = np.zeros(len(now))
    then[:told] = [column.levels[name] for name in names]
    then[told] = 0.0 if whole else max(0.0, 1 - then.sum())
    rows, reference_rows = max(1, round(now.sum() / design)), max(1, round(column.rows * (1 - column.missing_share)))
    rare = (now / now.sum() * rows + then * reference_rows) * min(rows, reference_rows) / (rows + reference_rows) < LEAST_EXPECTED
    shares, then = (np.append(part[~rare], part[rare].sum()) for part in (now / now.sum(), then))
    p = _p(shares * rows, then * reference_rows)
    moved = int(np.abs(shares - then).argmax())
    shown = [*map(quoted, [*names, *(texts[new] if whole else ())]), "levels not listed in training"]
    label = [*(one for one, pooled in zip(shown, rare, strict=False) if not pooled), "rare levels"][moved]
    return Comparison(
        _effect(shares, then, rows, reference_rows), p, f"{label} {_percent(then[moved])}", f"{label} {_percent(shares[moved])}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"


def _p(now: Floats, before: Floats) -> float:
    from scipy import stats

    table = np.array([now, before])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return 1.0
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def _effect(shares: Floats, then: Floats, rows: int, reference_rows: int) -> float:
    generator = np.random.default_rng(0)
    truth = (shares * rows + then * reference_rows) / (rows + reference_rows)
    truth = truth / truth.sum()
    first = generator.multinomial(rows, truth, DRAWS) / rows
    second = generator.multinomial(reference_rows, truth, DRAWS) / reference_rows
    distance = float(np.sqrt(max(0.0, float(divergence(shares, then)) - float(divergence(first, second).mean()))))
    if np.count_nonzero(truth) <= MANY_LEVELS:
        return distance
    return max(distance, float(np.abs(shares - then).max()) - float(np.abs(first - second).max(axis=1).mean()))


def divergence(a: Floats, b: Floats) -> Floats:
    """Jensen-Shannon divergence in bits, between 0 and 1, of shares along the last axis."""
    middle = (a + b) / 2
    total = np.zeros(a.shape[:-1])
    for part in (a, b):
        seen = part > 0
        total += 0.5 * np.sum(part * np.log2(np.divide(part, middle, out=np.ones_like(part), where=seen)), axis=-1)
    return np.asarray(total, dtype=np.float64)


TEST = DriftTest("levels", "Categories: chi-square and Jensen-Shannon", ("bool", "text"), compare, package="scipy")
