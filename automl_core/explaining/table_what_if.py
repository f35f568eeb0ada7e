"""What the model would say if something changed in the whole table, such as all prices by 5 %."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.schema import type_row
from automl_core.data.table import Column, find_column
from automl_core.data.words import join_words
from automl_core.errors import BadInput
from automl_core.explaining.changes import TableChange, TableWhatIf
from automl_core.explaining.contributions import shown
from automl_core.explaining.copies import together_of
from automl_core.explaining.swap import Rows, as_numbers, coded, feature_places, is_number, open_rows
from automl_core.explaining.table_doubt import NO_HALVES, Halves
from automl_core.explaining.words import count, counted_alike, number, quote
from automl_core.framing.dependent import sum_reach
from automl_core.search.model import Model

Floats = NDArray[np.float64]
_Answers = tuple[Floats, NDArray[np.int64]]
MOST_ROWS, LEAST_ROWS = 2_000, 300
BARS = 20
WARNING = ("This is what the model says about rows that look like that. In the past such rows differed in other ways, too: "
           "changing the value may bring less, nothing, or the opposite. A pilot tells.")


def what_if_table(
    model: Model, frame: pd.DataFrame, changes: tuple[TableChange, ...], columns: tuple[Column, ...], seed: int = 0,
    seconds: float = math.inf,
) -> TableWhatIf:
    """The predictions of a typed, cleaned frame before and after some changes in every row.

    Above 2,000 rows, or what a slow model does in `seconds`, a sample is asked, and counts are of the sample. Missing values stay
    missing under "percent" and "add", numbers below zero as they are under "percent".
    BadInput for unknown columns, ones the model does not use, and values that do not fit.
    """
    return what_if_rows(rows_asked(model, frame, seed), changes, columns, seed, seconds)


def rows_asked(
    model: Model, frame: pd.DataFrame, seed: int = 0, label: str = "", seen: pd.DataFrame | None = None
) -> Rows:
    """The rows that `what_if_rows` asks about, all or 2,000 of them, for the class `label`; BadInput when there are none. `seen`
    are all rows whose values are known ones, where the frame has not all of them."""
    if not len(frame):
        raise BadInput("There are no rows to ask about.", "Give a table with rows.")
    order = np.random.default_rng(seed).permutation(len(frame))
    return replace(open_rows(model, frame.iloc[np.sort(order[:MOST_ROWS])], label), seen=frame if seen is None else seen)


def what_if_rows(
    rows: Rows, changes: tuple[TableChange, ...], columns: tuple[Column, ...], seed: int = 0, seconds: float = math.inf,
    halves: Halves = NO_HALVES,
) -> TableWhatIf:
    """`what_if_table` on rows that are opened already. With `halves` the range holds the model's own doubt, too."""
    if not changes:
        raise BadInput("Nothing is changed.", "Change at least one column.")
    affordable = rows.affordable(seconds)
    rows = _drawn(rows, max(LEAST_ROWS, affordable // 2), seed)
    after, moved, outside = _after(rows, changes, columns)
    made = _compared(rows, (_answers(rows, rows.matrix), _answers(rows, after)), (moved, outside))
    few = _drawn(rows, max(LEAST_ROWS, affordable // max(1, 4 * len(halves.pairs))), seed)
    changed = _after(few, changes, columns)[0] if halves.pairs else few.matrix

    def told(model: Model) -> float:
        asked, then = replace(few, model=model), changed
        if model.encoder is not few.model.encoder:  # with columns that were learned anew
            asked = replace(few, model=model, matrix=model.encoder.matrix(few.frame))
            then = _after(asked, changes, columns)[0]
        return float((asked.predict(then) - asked.predict(asked.matrix)).mean())

    mean, reach = made.mean_after - made.mean_before, halves.reach(told)
    made = replace(made, low=mean - math.hypot(mean - made.low, reach), high=mean + math.hypot(made.high - mean, reach),
                   of_model=bool(halves.pairs))
    return replace(made, sentence=_sentence(rows, made, changes))


def _drawn(rows: Rows, most: int, seed: int) -> Rows:
    """The rows, or so many of them."""
    if most >= len(rows.frame):
        return rows
    return rows.take(np.sort(np.random.default_rng(seed).permutation(len(rows.frame))[:most]).astype(np.int64))


def _after(
    rows: Rows, changes: tuple[TableChange, ...], columns: tuple[Column, ...]
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """The encoder's matrix with the changes, (n,) rows that they change, and (n,) those where that is beyond what was seen."""
    moved = np.zeros(len(rows.frame), dtype=bool)
    outside = np.zeros(len(rows.frame), dtype=bool)
    after = rows.matrix.copy()
    for change in changes:
        values = _changed(rows, change, columns)
        now = rows.frame[change.column]
        differs = np.asarray((values.astype(object) != now.astype(object)) & ~(values.isna() & now.isna()), dtype=bool)
        moved |= differs
        outside |= differs & _outside(rows, change.column, values)
        levels, places = _distinct(values)
        after[:, feature_places(rows.model, change.column)] = coded(rows, change.column, levels)[places]
    return after, moved, outside


def _answers(rows: Rows, matrix: Floats) -> _Answers:
    """(m,) predictions in display units, and (m,) the class decided for: of several the called one, of two 1 from the threshold
    on; 0 for numbers."""
    if rows.model.problem.task != "multiclass":
        said = rows.predict(matrix)
        classes = rows.model.problem.task == "binary"
        return said, (said >= 100 * rows.model.threshold if classes else np.zeros(len(said))).astype(np.int64)
    chances = rows.model.predict_matrix(matrix)  # of 2,000 rows at most
    return rows.scale * shown(rows.model, chances, rows.place), rows.model.called(chances)


def _distinct(values: pd.Series) -> tuple[pd.Series, NDArray[np.int64]]:
    codes, levels = pd.factorize(values, use_na_sentinel=False)
    return pd.Series(levels), np.asarray(codes, dtype=np.int64)


def _changed(rows: Rows, change: TableChange, columns: tuple[Column, ...]) -> pd.Series:
    column = find_column(columns, change.column)
    if change.column not in rows.model.sources:
        raise BadInput(f"The model does not use {quote(change.column)}.", "Change a column that it uses.")
    series = rows.frame[change.column]
    if change.how in ("percent", "add"):
        if not is_number(series) or column.role == "category":
            raise BadInput(f"{quote(change.column)} holds no amounts.", "Set a value instead.")
        if not math.isfinite(change.amount):
            raise BadInput("The change is no number.", "Give a number such as 5.")
        values = as_numbers(series)
        if change.how == "add":
            return pd.Series(values + change.amount)
        return pd.Series(values * np.where(_below(change, series), 1.0, 1 + change.amount / 100))
    if change.how != "set":
        raise BadInput(f"{quote(change.how)} is no kind of change.", "Use percent, add or set.")
    typed = type_row({change.column: change.value}, (column,))[change.column]
    if typed is None or typed != typed:
        raise BadInput(f"{quote(change.value)} cannot be read as a value of {quote(change.column)}.", "Give one as in the table.")
    made = pd.Series([typed] * len(series))
    return made.astype("float64" if is_number(series) else series.dtype)


def _below(change: TableChange, series: pd.Series) -> NDArray[np.bool_]:
    """(n,) rows that a change leaves alone: a share of a number below zero would go the other way."""
    return as_numbers(series) < 0 if change.how == "percent" else np.zeros(len(series), dtype=bool)


def _outside(rows: Rows, name: str, values: pd.Series) -> NDArray[np.bool_]:
    """(n,) new values beyond all that were seen, in all rows and not only in those that are asked; of levels, also of those
    that are written as numbers, the ones that were not among them."""
    seen = (rows.frame if rows.seen is None else rows.seen)[name]
    if (is_number(seen) and not rows.model.encoder.has_levels(name)) or pd.api.types.is_datetime64_any_dtype(seen.dtype):
        all_seen, new = as_numbers(seen), as_numbers(values)
        known = all_seen[np.isfinite(all_seen)]
        return (new < known.min()) | (new > known.max()) if len(known) else np.isfinite(new)
    return np.asarray(~values.isin(set(seen.dropna())) & values.notna(), dtype=bool)


def _compared(
    rows: Rows, said: tuple[_Answers, _Answers], marks: tuple[NDArray[np.bool_], NDArray[np.bool_]]
) -> TableWhatIf:
    (before, decided_before), (after, decided_after) = said
    problem = rows.model.problem
    classes = problem.task != "regression"
    units = "points" if classes else problem.target
    difference = after - before
    mean = float(difference.mean())
    reach = sum_reach((difference - mean) / len(difference), together_of(rows.frame, rows.model.cleaned, problem))
    other = decided_before != decided_after
    reached = decided_after == (rows.place if problem.task == "multiclass" else 1)
    up = int((other & reached).sum()) if classes else int((difference > 0).sum())
    down = int((other & ~reached).sum()) if classes else int((difference < 0).sum())
    span = (0.0, _top(before, after)) if classes else _span(before, after)
    edges = np.linspace(*span, BARS + 1)
    counts = [tuple(int(n) for n in np.histogram(np.clip(part, *span), edges)[0]) for part in (before, after)]
    return TableWhatIf(
        len(before), int(marks[0].sum()), float(before.mean()), float(after.mean()), mean - reach, mean + reach, up, down,
        int(marks[1].sum()), tuple(float(edge) for edge in edges), counts[0], counts[1], units, "", WARNING, classes)


def _top(before: Floats, after: Floats) -> float:
    """The end of the axis of a rate: 100, or for a rare class the first of 1, 2, 5, 10, 20 and 50 that holds 99.5 % of rows."""
    most = max(float(np.quantile(part, 0.995)) for part in (before, after))
    return next((float(end) for end in (1, 2, 5, 10, 20, 50) if most <= end), 100.0)


def _span(before: Floats, after: Floats) -> tuple[float, float]:
    both = np.concatenate([before, after])
    low, high = (float(end) for end in np.quantile(both, [0.005, 0.995]))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _sentence(rows: Rows, made: TableWhatIf, changes: tuple[TableChange, ...]) -> str:
    problem = rows.model.problem
    below = [int(_below(change, rows.frame[change.column]).sum()) for change in changes]
    what = join_words([_change_words(change, bool(left)) for change, left in zip(changes, below, strict=True)])
    before, after, move = made.means
    span = f"95 % range {made.move_range}, {made.range_words}"
    if problem.task == "regression":
        found = f"If {what}, the model predicts {quote(problem.target)} at {after} on average instead of {before} "
        found = f"{found}({move}; {span})." if after != before else (
            f"If {what}, the model predicts {quote(problem.target)} at {after} on average as before.")
    else:
        label = problem.classes[rows.place]
        flips = made.flips_up + made.flips_down
        turned = f"{'changes' if flips == 1 else 'change'} sides ({made.flips_up:,} up, {made.flips_down:,} down)"
        if problem.task == "multiclass":
            up, down = (count(many, "becomes", "become") for many in (made.flips_up, made.flips_down))
            turned = f"{'gets' if flips == 1 else 'get'} another answer ({up} {quote(label)}, {down} another class)"
        moved = f" ({move}; {span})" if after != before else ""
        found = (f"If {what}, the model predicts {quote(problem.target)} = {quote(label)} at {after} on "
                 f"average instead of {before}{moved}. {flips:,} of {count(made.rows, 'row')} {turned}.")
    if made.outside:
        found += f" In {count(made.outside, 'row')} the new value lies beyond anything seen, where the model can only guess."
    for change, left in zip(changes, below, strict=True):
        if left:
            found += (f" In {count(left, 'row')} {quote(change.column)} is below zero and stays as it is: a share of it would go "
                      "the other way.")
    return f"{found} {counted_alike(problem.weights)}".rstrip()


def _change_words(change: TableChange, some: bool) -> str:
    name, way = quote(change.column), "rise" if change.amount >= 0 else "fall"
    if change.how == "percent":
        return f"all {name} {'above zero ' if some else ''}{way} by {number(abs(change.amount))} %"
    if change.how == "add":
        return f"all {name} {way} by {number(abs(change.amount))}"
    return f"{name} is {quote(change.value)} everywhere"
