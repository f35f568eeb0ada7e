"""What a bundle's model says of a file's rows where that is honest: rows that it learned from are known again."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_core.errors import NotFound
from automl_core.explaining.words import count
from automl_core.framing import encode_target
from automl_core.framing.problem import Problem
from automl_core.production import Bundle
from automl_core.production.bundle import id_columns
from automl_core.production.learned import (
    may_be_told,
    remember,
    row_numbers,
    rows_in_doubt,
    rows_learned,
    without_other_ids,
)
from automl_core.search.model import Model
from automl_core.workspace.ranked import Predictions
from automl_core.workspace.search import Searching
from automl_core.workspace.views import Run

OTHERS = ("Give rows that it did not learn from, such as those whose outcome is not known yet; or act where the model was "
          "trained: there its answers to rows that it had not seen are kept.")

Kept = tuple[Predictions, pd.DataFrame]


@dataclass(frozen=True, slots=True, eq=False)
class FilePlaces:
    """The `places` (m,) of the rows of a file that may be ranked; they are at the `positions` (m,) of the search's cleaned table
    (-1: not of it), and `spots` (m,) say which of the search's predictions each gets (-1: none). Those `doubted` (m,) may have
    been learned from all the same. `said` tells what was left out or is in doubt (empty: nothing), `left_out` how many rows."""

    places: np.ndarray
    positions: np.ndarray
    doubted: np.ndarray
    spots: np.ndarray
    said: str = ""
    left_out: int = 0


def file_risks(
    bundle: Bundle, typed: pd.DataFrame, frame: pd.DataFrame, search: Searching
) -> tuple[np.ndarray, FilePlaces]:
    """Predictions (m,) or (m, classes) by models that had not seen the row, for those rows of a file, `typed` and as the model
    sees them (`frame`), aligned, that may be ranked; and which these are."""
    kept = kept_table(bundle, search)
    found = file_places(bundle, typed, frame, kept)
    predictions, again = _said(bundle.model, frame, found.places), found.spots >= 0
    if kept is not None:
        predictions[again] = kept[0].oof[found.spots[again]]
    return predictions, found


def file_places(bundle: Bundle, typed: pd.DataFrame, frame: pd.DataFrame, kept: Kept | None) -> FilePlaces:
    """Which of a file's rows, `typed` and as the model sees them (`frame`), may be ranked, by the table of the search (`kept`).

    Where the search that made the bundle is at hand, a row of its table gets what was said of it out of fold, or is left out when
    nothing was. Elsewhere rows that the bundle's sketch knows again are left out. Where rows have ids, one is of the table only
    when its id is; where they have none, rows equal to learned ones are left out only when nearly all of the file are.
    """
    model = bundle.model
    parts = _by_outcome(frame, model.problem)
    if kept is None:
        learned, doubted, said = _sketched(bundle, typed, parts)
        places = np.flatnonzero(~learned)
        none = np.full(len(places), -1)
        return FilePlaces(places, none, doubted[places], none, said, int(learned.sum()))
    past, table = kept
    columns = tuple((column.name, column.kind) for column in model.cleaned if column.name in model.sources)
    ids = tuple((column.name, column.kind) for column in model.cleaned
                if column.name in id_columns(model) and column.name in frame and column.name in table)
    known = np.asarray(encode_target(table[model.problem.target], model.problem)[1])
    every, taught = (remember(rows, columns, ids, most=len(table)) for rows in (table, table[known]))
    told = without_other_ids(every, frame)
    ours, learned, alike = np.zeros((3, len(frame)), dtype=bool)
    for part in parts:
        rows = told[part]
        learned[part], alike[part] = rows_learned(taught, rows), rows_in_doubt(taught, rows)
        ours[part] = rows_learned(every, rows) | rows_in_doubt(every, rows)
    # what was said out of fold of a row that this one may be is as true of one that equals it by chance
    spot = np.where(ours, _spots(told, table.iloc[past.positions], columns, ids), -1)
    learned &= spot < 0
    places = np.flatnonzero(~learned)
    said = ""
    if learned.any():
        said = (f"{_rows(learned)} left out of the list and the plan: the search used them, and no model that had not seen them "
                "told their risk. A longer search tells of more.")
    positions = np.where(spot[places] >= 0, past.positions[spot[places]], -1)
    doubted = alike & ~learned & (spot < 0)
    said = f"{said} {_doubt(doubted)}".strip()
    return FilePlaces(places, positions, doubted[places], spot[places], said, int(learned.sum()))


def _by_outcome(frame: pd.DataFrame, problem: Problem) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) rows with an outcome that the model knows, those that ended as no class of it, which it cannot have learned from, and
    those without an outcome. What is told of rows by how many of them equal learned ones is asked of each kind by itself."""
    if problem.target not in frame:
        none = np.zeros(len(frame), dtype=bool)
        return none, none, ~none
    still = frame[problem.target].isna().to_numpy()
    ended = np.asarray(encode_target(frame[problem.target], problem)[1])
    return ended, ~ended & ~still, still


def _spots(
    frame: pd.DataFrame, table: pd.DataFrame, columns: tuple[tuple[str, str], ...], ids: tuple[tuple[str, str], ...]
) -> np.ndarray:
    """(n,) which row of the table each of the frame's is: by its id where one has it, else by what they hold; -1: none."""
    spot = _matched(row_numbers(frame, columns), row_numbers(table, columns))
    if all(name in frame for name, _ in ids):
        named = _matched(row_numbers(frame, (*columns, *ids)), row_numbers(table, (*columns, *ids)))
        spot = np.where(named >= 0, named, spot)
    return spot


def _doubt(rows: np.ndarray, every: bool = True) -> str:
    """What is to be said of rows that equal learned ones and are ranked all the same; `every`: whether there are no more."""
    if not rows.any():
        return ""
    one = rows.sum() == 1
    equal, same, are = ("equals one", "it is the same", "it is") if one else ("equal ones", "they are the same", "they are")
    least = "" if every else "At least "
    return (f"{least}{count(int(rows.sum()), 'row')} {equal} that the model learned from, and no id tells whether {same}: "
            f"{are} ranked as new.")


def _said(model: Model, frame: pd.DataFrame, places: np.ndarray) -> np.ndarray:
    if not len(places):
        return np.empty((0, len(model.problem.classes)) if model.problem.task == "multiclass" else 0)
    return np.array(model.predict_frame(frame.iloc[places].reset_index(drop=True)), dtype=np.float64)


def kept_table(bundle: Bundle, search: Searching) -> Kept | None:
    """What may be ranked of the table that the bundle's model was made from, and that table; None when they are not here."""
    found = kept_rows(bundle, search)
    try:
        return None if found is None else (search.ranked(found[0]), found[1])
    except (NotFound, OSError):
        return None


def kept_rows(bundle: Bundle, search: Searching) -> tuple[Run, pd.DataFrame] | None:
    """The search that made the bundle, and its cleaned table; None when they are not here."""
    try:
        run = search.run(str(bundle.facts.get("run", "")))
        frame, _, problem, _ = search.goal.open(search.inputs(run))
    except (NotFound, OSError):
        return None
    asked = bundle.model.problem
    same = (problem.target, problem.task, problem.classes, problem.positive) == (
        asked.target, asked.task, asked.classes, asked.positive)
    return (run, frame) if same and set(bundle.model.sources) <= set(frame.columns) else None


def _matched(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(n,) which of `theirs` each of `mine` equals, -1 for none: the first of those alike the first, and so on."""
    order = np.argsort(theirs, kind="stable")
    ranked = theirs[order]
    first, end = np.searchsorted(ranked, mine, "left"), np.searchsorted(ranked, mine, "right")
    turn = pd.Series(mine).groupby(mine).cumcount().to_numpy()
    found = np.full(len(mine), -1)
    alike = end > first
    found[alike] = order[np.minimum(first + turn, end - 1)[alike]]
    return found


def _sketched(
    bundle: Bundle, typed: pd.DataFrame, parts: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, str]:
    """(n,) rows that the model learned from, by the sketch of the bundle, those (n,) that it may have learned from and that are
    ranked all the same, and what is to be said of them. The `parts` (see `_by_outcome`) are asked about by themselves: where
    single rows are not known, those without an outcome need not be left out with the others."""
    sketch, ended = bundle.contract.learned, parts[0]
    typed = without_other_ids(sketch, typed)
    learned, alike = np.zeros((2, len(typed)), dtype=bool)
    for part in parts:
        learned[part], alike[part] = rows_learned(sketch, typed[part]), rows_in_doubt(sketch, typed[part])
    doubted = alike & ~learned
    said = _doubt(doubted, sketch.whole)
    if learned.any():
        which = "them" if sketch.whole else "some or all of them"
        said = (f"{_rows(learned)} left out of the list and the plan: the model learned from {which}, so it tells their risk too "
                f"well. {OTHERS} {said}").strip()
        return learned, doubted, said
    if ended.any() and not may_be_told(sketch, typed[ended]):
        return learned, ended, ("Whether the model learned from these rows is not known; where it did, their risk and what "
                                "acting brings look too good.")
    return learned, doubted, said


def _rows(learned: np.ndarray) -> str:
    return f"{count(int(learned.sum()), 'row')} {'is' if learned.sum() == 1 else 'are'}"
