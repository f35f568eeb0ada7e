"""Columns that would follow a change and that a what-if leaves as they are: a total of a price, say, that the model uses, too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.words import join_words
from automl_core.explaining.groups import association
from automl_core.explaining.words import quote

Floats = NDArray[np.float64]
MOST_ROWS = 500
MOST_COLUMNS = 100
LEAST_ROWS = 20  # that tell anything of two columns
TOGETHER = 0.95
MADE_OF = 0.99  # of the variance of a column, by a formula of two others without a number to fit
MOST_PAIRS, SCREEN = 200, 0.9
WITHOUT = 0.1  # of what the other column alone leaves unexplained, the formula leaves at most that much


def kept_still(frame: pd.DataFrame, sources: Sequence[str], changed: Sequence[str], later: Sequence[str] = ()) -> str:
    """What is to be said where a what-if changes some columns and the model uses others (`sources`, of which 100 at most are
    looked at) that cannot stay as they are: named as measured `later`, computed from a changed one (sum, difference, product or
    ratio with another column), or going with one at 0.95 or more on 500 rows. Empty where there are none."""
    changed = [name for name in changed if name in frame]
    others = [name for name in sources if name in frame and name not in changed]
    if not changed:
        return ""
    found = {name: "measured after the change" for name in others if name in later}
    others = others[:MOST_COLUMNS]
    if len(frame) > MOST_ROWS:
        frame = frame.iloc[np.sort(np.random.default_rng(0).choice(len(frame), MOST_ROWS, replace=False))]
    for lever in changed:
        for name, how in {**_together(frame, lever, others), **_made_of(frame, lever, others)}.items():
            found.setdefault(name, how)
    if not found:
        return ""
    it, they, be = ("it", "it", "is") if len(found) == 1 else ("them", "they", "are")
    return (f"The model also uses {join_words([f'{quote(name)} ({how})' for name, how in found.items()])}. What is asked here "
            f"leaves {it} as {they} {be}, so the answer may show less than the change does, or be about a row that cannot be. "
            f"A model that was searched without {it} tells it whole.")


def _together(frame: pd.DataFrame, lever: str, others: list[str]) -> dict[str, str]:
    if len(frame) < LEAST_ROWS:
        return {}
    known = association(frame, (lever, *others))[0, 1:]
    return {name: f"goes with {quote(lever)}" for name, strength in zip(others, known, strict=True) if strength >= TOGETHER}


def _made_of(frame: pd.DataFrame, lever: str, others: list[str]) -> dict[str, str]:
    """Columns that are a sum, difference, product or ratio of the lever and another one, nearly or to the digit. Of two that are
    made of one another with the lever the later one of the table is told."""
    names = [name for name in others if _numeric(frame[name])]
    if len(names) < 2 or not _numeric(frame[lever]):
        return {}
    first, values = _floats(frame, [lever]), _floats(frame, names)
    with np.errstate(all="ignore"):
        made = {"{0} + {1}": first + values, "{0} × {1}": first * values, "{0} − {1}": first - values,
                "{1} − {0}": values - first, "{0} / {1}": first / values, "{1} / {0}": values / first}
    order = {name: place for place, name in enumerate(frame.columns)}
    at = [order[name] for name in names]  # what is computed stands behind what it is computed from, mostly
    found: dict[frozenset[int], tuple[int, str]] = {}
    for words, columns in made.items():
        columns = np.where(np.isfinite(columns), columns, np.nan)
        for place, target in _likely(columns, values):
            pair = frozenset((place, target))
            known = pair in found and at[found[pair][0]] >= at[target]
            if place != target and not known and _is_made(values[:, target], columns[:, place], values[:, place]):
                found[pair] = target, words.format(quote(lever), quote(names[place]))
    return {names[target]: f"about {words}" for target, words in reversed(found.values())}


def _numeric(series: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(series.dtype)


def _floats(frame: pd.DataFrame, names: list[str]) -> Floats:
    return np.column_stack([frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in names])


def _likely(made: Floats, values: Floats) -> list[tuple[int, int]]:
    """(column of `made`, column of `values`) of those pairs (n, k) that go along, the strongest 200; to be looked at closely."""
    strong = _scaled(made).T @ _scaled(values)
    order = np.argsort(-strong, axis=None)[:MOST_PAIRS]
    pairs = [(int(place) // strong.shape[1], int(place) % strong.shape[1]) for place in order]
    return [pair for pair in pairs if strong[pair] >= SCREEN]


def _scaled(columns: Floats) -> Floats:
    """(n, k) columns of length one around their means; nothing where a value is missing."""
    there = np.isfinite(columns)
    held = np.where(there, columns, 0.0)
    centred = np.where(there, held - held.sum(axis=0) / np.maximum(there.sum(axis=0), 1), 0.0)
    length = np.sqrt((centred**2).sum(axis=0))
    return centred / np.where(length > 0, length, 1.0)


def _is_made(column: Floats, made: Floats, other: Floats) -> bool:
    """Whether a column (n,) is the `made` one (n,), as it would not be a straight line of the `other` one (n,) alone."""
    there = np.isfinite(column) & np.isfinite(made)
    if there.sum() < LEAST_ROWS:
        return False
    held, beside = column[there] - column[there].mean(), other[there] - other[there].mean()
    spread, width = float(held @ held), float(beside @ beside)
    alone = spread - (float(held @ beside) ** 2 / width if width > 0 else 0.0)
    left = float(((column - made)[there] ** 2).sum())
    return spread > 0 and left <= (1 - MADE_OF) * spread and left <= WITHOUT * alone
