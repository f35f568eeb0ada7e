"""Which rows to act on: ranked by what acting on them is expected to be worth, under a capacity or a budget."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Goal
from automl_core.acting.action_list import ActionList, ActionRow
from automl_core.acting.budget import expected_values, rows_paid_for
from automl_core.acting.contact import cost_taken
from automl_core.acting.levers import name_of
from automl_core.acting.list_words import assumptions, ended_by, list_sentence, unknown_words
from automl_core.acting.profit_draws import by_lot
from automl_core.acting.worth import missing_words, row_values, worth_words
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.explaining.classes import no_such_class
from automl_core.explaining.words import count, id_text, money, quote
from automl_core.framing.problem import Problem
from automl_core.framing.shares import Z

Floats = NDArray[np.float64]
DEFAULT_SHARE = 0.1


def middle_of(predictions: Floats, weights: Floats | None = None) -> float:
    """The median of the predictions that there are (0 without any); with `weights` (n,) that of the rows that each stands for."""
    told = np.isfinite(predictions)
    if not told.any():
        return 0.0
    if weights is None or not weights[told].any():
        return float(np.median(predictions[told]))
    return float(np.quantile(predictions[told], 0.5, weights=weights[told], method="inverted_cdf"))


def counted_by(taken: Floats, weights: Floats | None) -> Floats:
    """How often each of the rows `taken` (n,) counts by its weight, when together they are to be as many."""
    total = 0.0 if weights is None else float((taken * weights).sum())
    if weights is None or total <= 0:
        return taken
    counts: Floats = taken * weights * (taken.sum() / total)
    return counts


def risk(predictions: Floats, problem: Problem, goal: Goal, weights: Floats | None = None) -> Floats:
    """How much there is to win on each row: the probability that the outcome is not the wanted one, or, for numbers, how far
    the prediction lies on the unwanted side of the median prediction (0 on the wanted side), by `weights` where there are any.
    NaN where there is no prediction."""
    if problem.task == "regression":
        middle = middle_of(predictions, weights)
        away = predictions - middle if goal.good == "low" else middle - predictions
        return np.asarray(np.maximum(away, 0.0), dtype=np.float64)
    if goal.good not in problem.classes:
        raise no_such_class(problem, goal.good, "Choose the wanted class again.")
    if problem.task == "binary":
        return np.asarray(predictions if goal.good != problem.positive else 1.0 - predictions, dtype=np.float64)
    return np.asarray(1.0 - predictions[:, problem.classes.index(goal.good)], dtype=np.float64)


def dealt_by(predictions: Floats, problem: Problem, goal: Goal) -> Floats:
    """What the rows of a pilot are dealt by: their risk, and for numbers the prediction, turned so that more is less wanted. The
    risk ends at the median, where half of all rows would be alike."""
    if problem.task == "regression":
        return predictions if goal.good == "low" else -predictions
    return risk(predictions, problem, goal)


def rank_rows(
    frame: pd.DataFrame,
    predictions: Floats,
    columns: tuple[Column, ...],
    problem: Problem,
    goal: Goal,
    reasons: Sequence[tuple[str, ...]] | None = None,
) -> ActionList:
    """The rows to act on, best first, in order of expected worth: those first whose outcome `frame` does not know yet, where it
    knows that of others, for they can still be acted on.

    The worth of a row is `save_rate` x `risk` x its value minus `row_cost`, its value being what the goal's `value_column`
    says of it, or else the one `value` for all; rows not worth their cost are left out when money was given. Without money rows
    are ranked by risk. `frame`, `predictions` and `reasons` are aligned; the frame's index says which row of the table each is.
    A list of rows without an outcome alone is compared with others of such rows. The interval of the sum covers chance in the
    outcomes (Poisson-binomial) and that of a measured `save_rate`, taking the predicted probabilities as right. Sums and means
    go by the problem's weights, each sum for as many rows as are meant.
    """
    if len(frame) != len(predictions):
        raise BadInput("The table and its predictions differ in length.", "Score the table again.")
    weights = _weights(frame, problem)
    at_risk = np.nan_to_num(risk(predictions, problem, goal, weights))
    priced, stake = goal.priced, at_risk * row_values(frame, goal)
    worth = expected_values(stake, 1.0, goal.save_rate, goal.row_cost) if priced else np.full(len(at_risk), math.nan)
    unknown = unknown_rows(frame, problem)
    keys = (-at_risk, -stake, ~unknown) if goal.value_column else (-at_risk, ~unknown)
    order = np.lexsort((by_lot(len(frame)), *keys))
    limit = _limit(len(frame), int(unknown.sum()), goal)
    chosen = order[worth[order] > 0][:limit] if priced else order[:limit]
    pays = not priced or bool((worth > 0).any())
    alone = len(chosen) > 0 and bool(unknown[chosen].all())  # then those that ended are no other choice
    others = np.flatnonzero(unknown) if alone else np.arange(len(frame))
    shown = predictions if predictions.ndim == 1 else at_risk
    everyone, counts = (counted_by(np.ones(len(some)), None if weights is None else weights[some]) for some in (others, chosen))
    rows = _listed(chosen, (shown, worth, counts), _ids(frame, columns), reasons)
    total = float((counts * worth[chosen]).sum()) if priced else math.nan
    below, above = _reach(at_risk[chosen], counts * row_values(frame, goal)[chosen], goal, problem)
    made = ActionList(
        rows,
        limit,
        total,
        total - below,
        total + above,
        random_value=_cents((everyone * worth[others]).mean() * len(rows)) if priced and len(others) else math.nan,
        everyone_value=_cents((everyone * worth[others]).sum()) if priced else math.nan,
        expected_outcomes=float((counts * at_risk[chosen]).sum()),
        sentence="",
        assumptions=(*assumptions(goal, problem, priced), *worth_words(goal), *_weighed(weights, problem),
                     *(ended_by(goal, len(frame), len(rows)) if pays else ())),
        mean_risk=float((everyone * at_risk[others]).mean()) if len(others) else math.nan,
        limited_by=_limit_words(limit, len(others), goal),
        takes_everyone=len(rows) == len(others) > 0,
        ranked=len(frame),
        unknown=int(unknown[chosen].sum()),
        open=len(others) if alone else 0,
    )
    return replace(made, sentence=list_sentence(made, goal, problem, pays) + _beside(made, goal, frame))


def _listed(
    chosen: NDArray[np.int64], figures: tuple[Floats, Floats, Floats], ids: Sequence[str],
    reasons: Sequence[tuple[str, ...]] | None,
) -> tuple[ActionRow, ...]:
    """The chosen rows (m,) by rank; `figures` are what is shown of each row of the table and its worth (n,), and how often the
    chosen ones count (m,)."""
    (shown, worth, counts), made = figures, []
    for rank, row in enumerate(chosen.tolist(), 1):
        why = tuple(reasons[row]) if reasons is not None else ()
        made.append(ActionRow(rank, row, ids[row], float(shown[row]), float(worth[row]), why, float(counts[rank - 1])))
    return tuple(made)


def _beside(made: ActionList, goal: Goal, frame: pd.DataFrame) -> str:
    """What a list says besides whom it is about: rows whose outcome is known, what it is a part of, and what was taken."""
    still = sum(row.counts * row.expected_value for row in made.rows[:made.unknown])
    # of the others the sentence speaks itself
    words = unknown_words(made.unknown, len(made.rows), still, goal.currency) if made.mixed else ""
    return words + _part_words(made, goal) + missing_words(frame, goal) + cost_taken(goal)


def actions_frame(actions: ActionList, frame: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """The list as a table for export: rank, the row's own id (or its row of the cleaned table, counted from 0, by the index),
    prediction, worth, reasons. `frame` is the one that was ranked."""
    positions = [row.row for row in actions.rows]
    id_name = next((column.name for column in columns if column.role == "id" and column.name in frame), "")
    out: dict[str, object] = {free_name("rank", [id_name]): [row.rank for row in actions.rows]}
    # texts, for a spreadsheet keeps 15 digits of a number
    ids = frame[id_name].iloc[positions].map(name_of).tolist() if id_name else frame.index[positions].tolist()
    out[id_name or "row"] = ids
    out[free_name("prediction", [id_name])] = [row.prediction for row in actions.rows]
    if not math.isnan(actions.expected_value):
        out[free_name("expected_value", [id_name])] = [round(row.expected_value, 2) for row in actions.rows]
    for place in range(max((len(row.reasons) for row in actions.rows), default=0)):
        name = free_name(f"reason_{place + 1}", [id_name])
        out[name] = [row.reasons[place] if place < len(row.reasons) else "" for row in actions.rows]
    return pd.DataFrame(out)


def free_name(name: str, taken: Iterable[object]) -> str:
    """What a column that is added to a user's own is called, whose names are not touched."""
    names = {str(one) for one in taken}
    while name in names:
        name = f"action_{name}"
    return name


def _limit(rows: int, unknown: int, goal: Goal) -> int:
    """The most rows that the list may have; where neither limits nor money say, a part of those that can still be acted on, which
    are the `unknown` ones where there are such."""
    limits = [rows]
    if goal.capacity > 0:
        limits.append(goal.capacity)
    if goal.budget > 0 and goal.row_cost > 0:
        limits.append(rows_paid_for(goal.budget, goal.row_cost))
    if _is_part(goal):
        limits.append(max(1, round(DEFAULT_SHARE * (unknown or rows))))
    return min(limits)


def _is_part(goal: Goal) -> bool:
    """Whether nothing says how many rows to list, so that it is a part of them."""
    return not goal.priced and goal.capacity <= 0 and not (goal.budget > 0 and goal.row_cost > 0)


def _part_words(actions: ActionList, goal: Goal) -> str:
    """Says of which rows the list is a tenth, where nobody said how many it should have."""
    rows = actions.open or actions.ranked
    if not _is_part(goal) or rows < 1 / DEFAULT_SHARE:
        return ""
    of = f"the {count(rows)} rows without an outcome" if actions.open else f"all {count(rows)} rows"
    return f" That is about a tenth of {of}: say how many you can act on."


def _limit_words(limit: int, rows: int, goal: Goal) -> str:
    """Which of the goal's limits keeps some rows out; empty when none does."""
    if limit >= rows:
        return ""
    if goal.capacity > 0 and limit == goal.capacity:
        return f"the limit of {count(limit, 'row')}"
    return f"the budget of {money(goal.budget, goal.currency)}" if goal.budget > 0 and goal.row_cost > 0 else ""


def _ids(frame: pd.DataFrame, columns: tuple[Column, ...]) -> list[str]:
    for column in columns:
        if column.role == "id" and column.name in frame:
            return [id_text(value) for value in frame[column.name].tolist()]
    return [str(place) for place in frame.index]


def _weights(frame: pd.DataFrame, problem: Problem) -> Floats | None:
    """How many rows each stands for, (n,); the mean where a row does not tell. None where all count alike."""
    if not problem.weights or problem.weights not in frame:
        return None
    given = pd.to_numeric(frame[problem.weights], errors="coerce").to_numpy(dtype=np.float64, na_value=math.nan)
    known = np.isfinite(given) & (given >= 0)
    return np.where(known, given, float(given[known].mean())) if known.any() else None


def unknown_rows(frame: pd.DataFrame, problem: Problem) -> NDArray[np.bool_]:
    """(n,) rows without an outcome, where others have one."""
    if problem.target not in frame:
        return np.zeros(len(frame), dtype=bool)
    unknown = frame[problem.target].isna().to_numpy()
    return np.asarray(unknown & ~unknown.all(), dtype=bool)


def _cents(amount: float) -> float:
    """A sum without what rounding leaves of nothing: costs that just pay were worth € 3e−14."""
    return round(float(amount), 6) + 0.0


def _weighed(weights: Floats | None, problem: Problem) -> tuple[str, ...]:
    """Says so where rows do not count alike."""
    if weights is None:
        return ()
    return (f"Totals count rows by {quote(problem.weights)}, each for as many rows as it lists.",)


def _reach(at_risk: Floats, values: Floats, goal: Goal, problem: Problem) -> tuple[float, float]:
    """How far below and above its middle the money reaches in 95 % of cases: each row turns good with chance save_rate x risk;
    numbers fully or not at all. What a pilot leaves open of the save rate moves all rows at once. `values` are what a good
    outcome of each row is worth, as often as it counts; NaN without money."""
    if not goal.priced:
        return math.nan, math.nan
    if problem.task == "regression":
        variance = values**2 * goal.save_rate * (1 - goal.save_rate) * at_risk**2
    else:
        chance = goal.save_rate * at_risk
        variance = values**2 * chance * (1 - chance)
    chance_reach, stake = Z * math.sqrt(float(variance.sum())), float((values * at_risk).sum())
    ends = goal.save_range or (goal.save_rate, goal.save_rate)
    below, above = (math.hypot(chance_reach, stake * (end - goal.save_rate)) for end in ends)
    return below, above
