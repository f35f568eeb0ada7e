"""What a list of a file's rows is worth by the outcomes that came: what the act page says of it, for the command line."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_core import acting, framing
from automl_core.acting import Decision
from automl_core.acting.action import Goal
from automl_core.acting.newsvendor import Newsvendor
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.explaining.words import count
from automl_core.framing.problem import Problem
from automl_core.framing.validation import given_weights
from automl_core.workspace.decision_words import best_words, honest_words, lift_words, sensitivity_words
from automl_core.workspace.pilot_sides import rank_free


@dataclass(frozen=True, slots=True)
class FileWorth:
    """What the list is worth (None where no listed row has an outcome that its prediction had not seen), and how much to provide
    of a number whose errors cost differently (None where no such costs were given). `sentences` say both."""

    decision: Decision | None = None
    newsvendor: Newsvendor | None = None
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """Typed and cleaned rows with `predictions` by models that had not seen them, aligned; those at the places `busy` are in a
    running pilot. Of those `doubted` (n,) it is not sure that the models had not seen them (None: of none)."""

    rows: pd.DataFrame
    columns: tuple[Column, ...]
    predictions: np.ndarray
    problem: Problem
    goal: Goal
    busy: Sequence[int] = ()
    doubted: np.ndarray | None = None


def file_worth(given: Judged, seed: int = 0) -> FileWorth:
    """The list that would be of the rows with an outcome alone, judged by it."""
    problem, goal = given.problem, given.goal
    if problem.target not in given.rows:
        return FileWorth()
    y, known = framing.encode_target(given.rows[problem.target], problem)
    if not known.any():
        return FileWorth()
    places = np.flatnonzero(known)
    rows, predictions = given.rows.iloc[places].reset_index(drop=True), given.predictions[places]
    groups = rows[problem.group].to_numpy() if problem.group and problem.group in rows else None
    try:  # what cannot be judged is no reason to lose cards, list and plan, which are made already
        weights, values = given_weights(rows, problem), acting.row_values(rows, goal) if goal.value_column else None
        busy = np.flatnonzero(np.isin(places, given.busy)).tolist()
        actions = rank_free(rows, predictions, given.columns, problem, goal, busy)
        rule = acting.rule_or_none(rows, y, given.columns, problem, seed)
        inputs = acting.DecisionInputs(predictions, y, problem, goal, rule, seed, groups, weights, values)
        decision = acting.decide(inputs, actions)
    except BadInput as error:
        return FileWorth(sentences=(f"What the list is worth is not told. {error}",))
    provide, said = None, ""
    if problem.task == "regression" and problem.money is not None:
        try:
            provide = acting.newsvendor(predictions, y.astype(np.float64), problem.money, seed, groups, weights)
        except BadInput as error:
            said = f"How much to provide is not told. {error}"
    doubted = 0 if given.doubted is None else int(given.doubted[places].sum())
    told = _sentences(decision, provide, said, goal, problem)
    return FileWorth(decision, provide, (_doubt(doubted), *told) if doubted else told)


def _doubt(rows: int) -> str:
    """What is to be said of figures by rows that the model may have learned from."""
    may = "may be one that the model learned from" if rows == 1 else "may be ones that the model learned from"
    return (f"{count(rows, 'row')} of those by which the list is judged {may}; then what it would have brought looks too good.")


def _sentences(
    decision: Decision, provide: Newsvendor | None, said: str, goal: Goal, problem: Problem
) -> tuple[str, ...]:
    curve = decision.curve
    drawn = (best_words(curve, goal.currency), honest_words(curve, goal.currency)) if curve and curve.best.rows else ()
    each = (decision.sentence, decision.weighed, *drawn, lift_words(decision), sensitivity_words(decision, goal, problem),
            provide.sentence if provide else said)
    return tuple(one for one in each if one)
