"""Pairs of columns whose effects do not add up, told apart from pairs that only seem to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations, islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.explaining.additive import added_up, additive_outcomes
from automl_core.explaining.closer_look import Interaction, Interactions
from automl_core.explaining.contributions import shown
from automl_core.explaining.copies import among, together_of
from automl_core.explaining.overview import outcomes_shown
from automl_core.explaining.pair_test import Judge, confirmed
from automl_core.explaining.refits import LEAST_ROWS, Past, again, refits
from automl_core.explaining.swap import Rows, as_numbers, coded, feature_places, from_numbers, is_date, is_number, moments
from automl_core.explaining.words import apart, count, number, quote

Floats = NDArray[np.float64]
COLUMNS = 8
PLACES = 8  # of each column's grid
BACKGROUND = 60
SHUFFLES = 9
SHOWN = 3
SMALL = 1e-4
REFIT_SECONDS = 20.0
Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False, slots=True)
class _Grid:
    """One column's places: labels, features (k, q) to put in, the share of rows near each; their numbers, or their levels."""

    name: str
    labels: tuple[str, ...]
    features: Floats
    weights: Floats
    values: Floats | None = None
    levels: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class _Beyond:
    """What is left of a pair's joint effect when both single effects are taken away, (k, m); its size and Friedman's H2."""

    surface: Floats
    strength: float
    h2: float


def interactions(
    rows: Rows, past: Past, names: tuple[str, ...], seconds: float, progress: Progress | None = None
) -> Interactions:
    """The top three pairs among the first eight of `names` (most important first) that stand above the null.

    For each pair the joint partial dependence is compared with the sum of the single ones (Friedman and Popescu 2008), in
    log-odds for classes. The null is nine models of the same kind fitted on data in which effects add up: an additive boosting's
    predictions, its residuals dealt out anew (numbers) or its outcomes drawn anew (classes), alike in rows that go together. A
    pair counts when its size is above
    the largest of any pair in any null, and when it helps to predict rows that it was not learned from (`pair_test`): by chance
    that is so in one table of twenty at most. Fewer null models when the time is up, one at least.
    """
    tell = progress or (lambda fraction, sentence: None)
    began = time.monotonic()
    grids = [grid for grid in (_grid(rows, name) for name in names[:COLUMNS]) if grid is not None]
    pairs = list(combinations(range(len(grids)), 2))
    if not pairs:
        return Interactions((), 0, "There are no two columns whose effects could depend on each other.")
    background = _background(rows, past.seed)
    found = _all_pairs(rows, grids, background)
    null, shuffles = 0.0, 0
    for draw in additive_outcomes(rows.model, past, SHUFFLES):
        tell(shuffles / SHUFFLES, f"Comparing with data in which effects add up ({shuffles + 1} of {SHUFFLES}).")
        model = again(rows.model, replace(past, y=draw, seed=past.seed + shuffles))
        if model is None:
            break
        shadow = Rows(model, rows.frame, model.encoder.matrix(rows.frame), rows.place)
        regridded = [grid for grid in (_grid(shadow, grid.name) for grid in grids) if grid is not None]
        null = max(null, *(one.strength for one in _all_pairs(shadow, regridded, background).values()))
        shuffles += 1
        if time.monotonic() - began > seconds:
            break
    if not shuffles:
        few = int(np.isfinite(past.y).sum()) < LEAST_ROWS
        return Interactions((), len(pairs), "There are too few rows to tell which effects depend on each other." if few else
                            "No model could be fitted to data in which effects add up, so nothing is known of pairs of columns.")
    tell(0.95, "Asking rows that were not learned from.")
    passed = [pair for pair in found if found[pair].strength > null]
    real = _confirmed(rows, past, grids, background) if passed else frozenset[tuple[int, int]]()
    if real is None:
        return Interactions((), len(pairs), f"{count(len(passed), 'pair')} of columns may depend on each other, but "
                            "models could not be fitted to a half of the rows and asked on the other, so none is told.")
    ordered = sorted(real & set(passed), key=lambda pair: -found[pair].strength)
    kept = tuple(_interaction(rows, (grids[a], grids[b]), found[a, b]) for a, b in ordered[:SHOWN])
    return Interactions(kept, len(pairs), _sentence(len(ordered), len(pairs)))


def _confirmed(
    rows: Rows, past: Past, grids: list[_Grid], background: NDArray[np.int64]
) -> frozenset[tuple[int, int]] | None:
    """The pairs that help on the half that they were not learned from, both halves taken together; None where that cannot be
    asked."""
    names = [grid.name for grid in grids]
    found: dict[tuple[int, int], list[float]] = {pair: [] for pair in combinations(range(len(grids)), 2)}
    observed = outcomes_shown(rows.model, past.y, rows.place) / rows.scale
    together = together_of(past.frame, past.columns, rows.model.problem)
    for refit in islice(refits(rows.model, past, REFIT_SECONDS), 2):
        part = past.frame.iloc[refit.valid]
        added = added_up(rows.model, past, refit.train, part, np.random.default_rng(past.seed))
        if added is None:
            return None
        said = shown(rows.model, added[0], rows.place)
        judge = Judge(observed[refit.valid], said, rows.model.problem.task == "regression", among(together, refit.valid))
        shadow = Rows(refit.model, rows.frame, refit.model.encoder.matrix(rows.frame), rows.place)
        regridded = [_grid(shadow, name) for name in names]
        kept = [grid for grid in regridded if grid is not None]
        if len(kept) < len(grids):
            return None
        places = [_near(grid, part[grid.name]) for grid in kept]
        for (a, b), beyond in _all_pairs(shadow, kept, background).items():
            found[a, b].append(judge.z(beyond.surface, places[a], places[b]))
    return confirmed(found) if any(found.values()) else None


def _near(grid: _Grid, series: pd.Series) -> NDArray[np.int64]:
    """(n,) the place of the grid that is nearest to each row's value; -1 for levels without a place and missing values."""
    if grid.values is None:
        return np.asarray(series.astype("object").map({level: at for at, level in enumerate(grid.levels)}).fillna(-1),
                          dtype=np.int64)
    numbers = as_numbers(series)
    near = np.abs(np.nan_to_num(numbers)[:, None] - grid.values[None, :]).argmin(axis=1)
    return np.where(np.isfinite(numbers), near, -1).astype(np.int64)


def _grid(rows: Rows, name: str) -> _Grid | None:
    """Up to eight places of a column: quantiles of numbers and dates, or the most common levels."""
    series = rows.frame[name]
    if is_number(series) or is_date(series):
        numbers = as_numbers(series)
        known = numbers[np.isfinite(numbers)]
        if not len(known):
            return None
        found = np.unique(known)
        values: Floats = found if len(found) <= PLACES else np.unique(
            np.quantile(known, np.linspace(0.02, 0.98, PLACES), method="inverted_cdf"))
        near = np.abs(known[:, None] - values[None, :]).argmin(axis=1)
        picked: pd.Series = from_numbers(series, values)
        labels = moments(picked) if is_date(series) else apart(values.tolist())
        weights = np.asarray(np.bincount(near, minlength=len(values)), dtype=np.float64)
    else:
        counts = series.value_counts().iloc[:PLACES]
        labels, picked = tuple(str(v) for v in counts.index), pd.Series(list(counts.index))
        weights = np.asarray(counts.to_numpy(), dtype=np.float64)
    if len(labels) < 2:
        return None
    numeric = is_number(series) or is_date(series)
    return _Grid(name, labels, coded(rows, name, picked), weights / weights.sum(), as_numbers(picked) if numeric else None,
                 () if numeric else tuple(picked))


def _background(rows: Rows, seed: int) -> NDArray[np.int64]:
    return np.sort(np.random.default_rng(seed).permutation(len(rows.frame))[:BACKGROUND]).astype(np.int64)


def _all_pairs(rows: Rows, grids: list[_Grid], background: NDArray[np.int64]) -> dict[tuple[int, int], _Beyond]:
    """Every pair's surface beyond adding up."""
    base = rows.matrix[background]
    return {(a, b): _beyond(rows, base, grids[a], grids[b]) for a, b in combinations(range(len(grids)), 2)}


def _beyond(rows: Rows, base: Floats, first: _Grid, second: _Grid, raw: bool = True) -> _Beyond:
    """The joint effect over both grids, centred by rows and columns with the weights of their places."""
    k, m = len(first.labels), len(second.labels)
    stack = np.tile(base, (k * m, 1)).reshape(k, m, len(base), -1)
    stack[:, :, :, feature_places(rows.model, first.name)] = first.features[:, None, None, :]
    stack[:, :, :, feature_places(rows.model, second.name)] = second.features[None, :, None, :]
    predicted = rows.predict(stack.reshape(k * m * len(base), -1))
    if raw and rows.model.problem.task != "regression":
        share = np.clip(predicted / 100.0, SMALL, 1 - SMALL)
        predicted = np.log(share / (1 - share))
    joint = predicted.reshape(k, m, len(base)).mean(axis=2)
    u, v = first.weights, second.weights
    centred = joint - float(u @ joint @ v)
    surface = centred - (centred @ v)[:, None] - (u @ centred)[None, :]
    weight = np.outer(u, v)
    size, whole = float((weight * surface**2).sum()), float((weight * centred**2).sum())
    return _Beyond(surface, size**0.5, min(1.0, size / whole) if whole > 1e-12 else 0.0)


def _interaction(rows: Rows, pair: tuple[_Grid, _Grid], found: _Beyond) -> Interaction:
    """The pair with its picture in display units."""
    first, second = pair
    shown = _beyond(rows, rows.matrix[_background(rows, 1)], first, second, raw=False).surface
    unit = " points" if rows.model.problem.task != "regression" else ""
    top = np.unravel_index(int(np.abs(shown).argmax()), shown.shape)
    amount = float(shown[top])
    word = "higher" if amount > 0 else "lower"
    sentence = (f"{quote(first.name)} and {quote(second.name)} depend on each other: at {quote(first.labels[top[0]])} with "
                f"{quote(second.labels[top[1]])} the prediction is {number(abs(amount), 2)}{unit} {word} than the two effects "
                "added up.")
    grid = tuple(tuple(float(value) for value in row) for row in shown)
    return Interaction(first.name, second.name, found.h2, found.strength, first.labels, second.labels, grid, sentence)


def _sentence(beyond: int, looked_at: int) -> str:
    pairs = f"{count(looked_at, 'pair')} of the columns used most {'was' if looked_at == 1 else 'were'} looked at"
    if not beyond:
        return f"{pairs}; none goes beyond what models of purely additive data show. The columns' effects can be read one by one."
    few = f"; the {SHOWN} that do so most are shown" if beyond > SHOWN else ""
    return f"{pairs}; {beyond} {'go' if beyond > 1 else 'goes'} beyond what models of purely additive data show{few}."
