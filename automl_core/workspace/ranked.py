"""Predictions of every row that they are honest for: out of fold, and by the final model where it had not seen the row."""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from automl_core.framing import encode_target
from automl_core.framing.validation import row_groups
from automl_core.search.model import Model

MOST_UNSEEN = 200_000  # predicted while somebody waits for a list


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Predictions (n,) or (n, classes) by models that had not seen the row, the positions (n,) of their rows in the cleaned
    table, the outcomes (n,; NaN where a row has none yet), and the positions (m,) of all rows that the final model learned from
    (none: not kept)."""

    oof: np.ndarray
    positions: np.ndarray
    y: np.ndarray
    learned: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))


def with_unseen(past: Predictions, frame: pd.DataFrame, model: Model, seed: int) -> Predictions:
    """The same with the rows of the cleaned `frame` that have an outcome and are as new to the final model as a row to come,
    predicted by it. At most `MOST_UNSEEN` of them, drawn at random; in table order.

    A row that the model learned from stays out, tested or not, and so does what the search's folds would not hold apart from it:
    the rest of its group, its copies where copies are kept together, and in time all that is not later than every learned row.
    """
    return _more(past, _known(past.learned, frame, model), frame, model, seed) if len(past.learned) else past


def with_every(past: Predictions, frame: pd.DataFrame, model: Model, seed: int) -> Predictions:
    """The same with all other rows that have an outcome, predicted by the final model, whether it learned from them or not.
    At most `MOST_UNSEEN` of them.

    Good enough to deal rows into parts of about equal risk, by which no answer of a pilot stands or falls; for nothing else.
    """
    return _more(past, past.positions, frame, model, seed)


def with_open(past: Predictions, frame: pd.DataFrame, model: Model, seed: int) -> Predictions:
    """The same with the rows that have no outcome yet, predicted by the final model, which cannot have learned from them: those
    that one can still act on. At most `MOST_UNSEEN` of them. A row that ended as no class of the model has ended all the same."""
    new = np.flatnonzero(frame[model.problem.target].isna())
    return _joined(past, new, np.full(len(new), np.nan), frame, model, seed)


def _known(learned: np.ndarray, frame: pd.DataFrame, model: Model) -> np.ndarray:
    """(m,) positions of all rows whose answer the model may know from the `learned` ones."""
    problem = model.problem
    known = np.zeros(len(frame), dtype=bool)
    known[learned] = True
    groups = row_groups(frame, model.cleaned, problem)  # of all rows: few of many copies may have been drawn
    if groups is not None:
        known |= np.isin(groups, groups[learned])
    if problem.time:
        times = frame[problem.time]
        known |= ~(times > times.iloc[learned].max()).to_numpy(dtype=bool, na_value=False)
    return np.flatnonzero(known)


def _more(past: Predictions, taken: np.ndarray, frame: pd.DataFrame, model: Model, seed: int) -> Predictions:
    y, known = encode_target(frame[model.problem.target], model.problem)
    place = np.cumsum(known) - 1  # of a row with an outcome among those
    fresh = known.copy()
    fresh[taken] = False
    new = np.flatnonzero(fresh)
    return _joined(past, new, y[place[new]], frame, model, seed)


def _joined(past: Predictions, new: np.ndarray, y: np.ndarray, frame: pd.DataFrame, model: Model, seed: int) -> Predictions:
    """The same with the `new` rows (m,) of the frame and their outcomes `y` (m,); of many some, drawn at random."""
    if not len(new):
        return past
    if len(new) > MOST_UNSEEN:
        picked = np.sort(np.random.default_rng(seed).choice(len(new), MOST_UNSEEN, replace=False))
        new, y = new[picked], y[picked]
    said = model.predict_frame(frame.iloc[new].reset_index(drop=True))
    positions = np.concatenate([past.positions, new])
    order = np.argsort(positions, kind="stable")
    return Predictions(np.concatenate([past.oof, said])[order], positions[order],
                       np.concatenate([past.y, y])[order], past.learned)
