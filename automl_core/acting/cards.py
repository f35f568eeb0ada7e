"""Action cards: for each lever who could change what, worth how much and how sure, with three numbers side by side.

The raw gap of the groups, what a model predicts when the value is changed, and the adjusted estimate that compares like with
like. Observed data earn B at best; grade D is a pattern and not advice, listed apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard, Actions, Goal, Lever
from automl_core.acting.aside import set_aside, text_notes
from automl_core.acting.checks import Checks, checked, with_checks
from automl_core.acting.conditions import usable
from automl_core.acting.controls import controls_of, unmoved_notes
from automl_core.acting.copies import Together, together
from automl_core.acting.covariates import Covariates, compared_columns, make_covariates
from automl_core.acting.crossing import PARTS
from automl_core.acting.desk import Desk
from automl_core.acting.given import compared_in, given_notes
from automl_core.acting.grading import Evidence, is_advice
from automl_core.acting.like_ids import like_id_notes, with_given
from automl_core.acting.not_compared import not_tried_notes, thin_notes, undrawn_notes, why_not_compared, word_notes
from automl_core.acting.nuisance import MOST_FIT_ROWS, fold_of, folds_for
from automl_core.acting.outcome import Outcome, make_outcome
from automl_core.acting.pairs import best_pairs, not_together_notes, pair_trials
from automl_core.acting.shared_rows import is_shown, shared_notes
from automl_core.acting.side_by_side import Hands, hands, side_by_side
from automl_core.acting.splits import make_splits
from automl_core.acting.stage import Stage, Trial
from automl_core.acting.statistics import held_by_family
from automl_core.acting.trials import lever_trials, work_of
from automl_core.acting.what_if import Predicts, WhatIf, held_words, predictor, quick_predictor
from automl_core.acting.worth import mean_words, row_values, valued
from automl_core.data.table import Column, find_column
from automl_core.explaining.words import counted_alike, quote
from automl_core.framing.problem import Problem

MOST_ROWS = 60_000
MOST_CARDS = 7
NO_LEVER = "The goal names nothing that can be changed, so there are no cards: name it as a lever to get some."
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class CardInputs:
    """`frame` is typed and cleaned, aligned with `y` (see `make_outcome`); `columns` are its columns. Without a `model` a small
    one is fitted for the what-if. Many rows may be worked on in `processes` (see `hands`). `whole` are all rows with an outcome,
    where those of `frame` were drawn from them."""

    model: Predicts | None
    frame: pd.DataFrame
    y: NDArray[np.generic]
    columns: tuple[Column, ...]
    problem: Problem
    goal: Goal
    seed: int = 0
    progress: Callable[[float, str], None] | None = None
    processes: bool = False
    whole: pd.DataFrame | None = None

    def told(self, share: float, words: str) -> None:
        """Tell how far it is."""
        if self.progress is not None:
            self.progress(share, words)


def make_cards(inputs: CardInputs) -> Actions:
    """Cards of grade A to C, best first by the low end of their net worth, at most seven; and patterns that are not advice.

    Every move of every lever is tried; groups are measured on rows that did not choose them; p values are corrected for all
    that was tried (Benjamini and Hochberg 1995), and a lever must hold by itself, however many moves of others do. A lever that
    the model must not see gets no card: it says who was treated in an experiment, which is measured by itself.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    for lever in inputs.goal.levers:
        find_column(inputs.columns, lever.column)
    inputs = replace(inputs, goal=valued(inputs.goal, inputs.frame),
                     problem=with_given(inputs.problem, inputs.columns, inputs.goal.given, inputs.frame))
    inputs, notes = _sampled(inputs)
    said = counted_alike(inputs.problem.weights), held_words(inputs.model, inputs.goal.later)
    notes = (*notes, *mean_words(inputs.goal, _priced_alone(inputs)), *filter(None, said))
    notes += tuple(f"{quote(name)} is not in this table any more: no card was checked by what it says."
                   for name in inputs.goal.negative_control if name not in inputs.frame)
    if not inputs.goal.levers:
        notes = (*notes, NO_LEVER)
    seen = tuple(lever for lever in inputs.goal.levers if lever.column not in inputs.problem.excluded)
    notes += tuple(f"{quote(lever.column)} is not to be seen by a model, so no card is made of it."
                   for lever in inputs.goal.levers if lever not in seen)
    inputs, rows = replace(inputs, goal=replace(inputs.goal, levers=seen)), len(inputs.frame)
    if not inputs.goal.levers or not rows:
        return _counted(Actions((), notes=notes), inputs)
    notes += given_notes(inputs.goal, inputs.problem, inputs.columns)
    notes += like_id_notes(inputs.columns, inputs.problem, _left_out(inputs.goal), inputs.frame)
    notes += text_notes(inputs.columns, inputs.problem, _left_out(inputs.goal))
    # matrices this small lose by being shared between threads, most of all beside other work
    with threadpool_limits(1), hands(rows, inputs.processes) as given:
        return _made(inputs, notes, given)


def _made(inputs: CardInputs, notes: tuple[str, ...], given: Hands) -> Actions:
    outcome, levers = counted(inputs.y, inputs.problem, inputs.goal), inputs.goal.levers
    alike = together(inputs.frame, outcome.values, inputs.columns, compared_in(inputs.problem, inputs.goal))
    stage = _stage(inputs, outcome, alike)
    if alike.said:
        notes += (f"{alike.said} How sure a card is counts them once, its rows and money count all: remove them if they are "
                  "there by mistake.",)
    # what takes longest is begun first, so that all hands end at about the same time
    order = sorted(range(len(levers)), key=lambda place: -work_of(levers[place], inputs.frame[levers[place].column]))
    each = side_by_side(_tried, ((levers[place], stage, _given(inputs, (levers[place].column,))) for place in order), given)
    made: dict[int, tuple[Trial, ...]] = {}
    for ended, place in enumerate(order):
        inputs.told(0.5 * ended / len(order), f"Comparing like with like on “{levers[place].column[:80]}”.")
        if ended == len(order) - 1:  # there is a hand less than before to share with
            values = row_values(inputs.frame, inputs.goal) if inputs.goal.value_column else None
            desk = Desk(inputs.frame, inputs.goal, outcome, stage.worth > 0, _what_if(inputs, outcome), inputs.whole, values,
                        bool(inputs.problem.group))
        made[place] = next(each)
    trials = [trial for place in range(len(levers)) for trial in made[place]]
    for place, lever in enumerate(levers):
        column = find_column(inputs.columns, lever.column)
        notes = (*notes, *word_notes(lever, inputs.frame[lever.column], column))
        if made[place]:
            notes = (*notes, *not_tried_notes(lever, inputs.frame[lever.column]))
        else:
            notes = (*notes, why_not_compared(
                lever, inputs.frame, _given(inputs, (lever.column,)).columns, inputs.problem.group))
        notes = (*notes, *undrawn_notes(trial.undrawn for trial in made[place]))
    notes = (*notes, *thin_notes(inputs.frame, _given(inputs, ())))
    notes = (*notes, *not_together_notes(trials))
    inputs.told(0.5, "Trying two changes together.")
    pairs = ((one, other, stage, _given(inputs, (one.move.lever.column, other.move.lever.column)))
             for one, other in best_pairs(trials, desk.rank))
    for both in side_by_side(_paired, pairs, given):
        trials.extend(both)
    found = _picked(trials, desk, inputs, given)
    return _counted(replace(found, notes=(*notes, *found.notes)), inputs)


def _counted(found: Actions, inputs: CardInputs) -> Actions:
    """What was found, with the rows that have an outcome and those of them that were drawn."""
    if inputs.whole is None:
        return replace(found, rows=len(inputs.frame))
    return replace(found, rows=len(inputs.whole), drawn=len(inputs.frame))


def _tried(lever_of: tuple[Lever, Stage, Covariates]) -> tuple[Trial, ...]:
    return lever_trials(*lever_of)


def _paired(pair_of: tuple[Trial, Trial, Stage, Covariates]) -> list[Trial]:
    return pair_trials(*pair_of)


def counted(y: NDArray[np.generic], problem: Problem, goal: Goal) -> Outcome:
    """What effects are changes of: the positive class in yes/no tasks, the wanted class with more classes, or the number."""
    return make_outcome(y, problem, goal.good if problem.task == "multiclass" else "")


def more_is_better(problem: Problem, goal: Goal, outcome: Outcome) -> bool:
    """Whether more of what is counted is wanted."""
    return goal.good == outcome.chosen if problem.task != "regression" else goal.good != "low"


def _sampled(inputs: CardInputs) -> tuple[CardInputs, tuple[str, ...]]:
    known = np.flatnonzero(np.isfinite(np.asarray(inputs.y, dtype=np.float64)))
    notes: list[str] = []
    whole: pd.DataFrame | None = None
    if len(known) > MOST_ROWS:
        whole = inputs.frame.iloc[known]
        notes.append(f"To keep it quick, {MOST_ROWS:,} of {len(known):,} rows were drawn by chance to be compared; a card’s rows "
                     "and money are counted on all.")
        known = np.sort(np.random.default_rng(inputs.seed).choice(known, MOST_ROWS, replace=False))
    if len(known) > 1.25 * MOST_FIT_ROWS:
        notes.append(f"Each of the models behind a comparison learned from {MOST_FIT_ROWS:,} rows; all {len(known):,} were used.")
    frame = inputs.frame.iloc[known].reset_index(drop=True)
    return replace(inputs, frame=frame, y=np.asarray(inputs.y)[known], whole=whole), tuple(notes)


def _given(inputs: CardInputs, levers: tuple[str, ...]) -> Covariates:
    """What rows are compared on when these levers are moved."""
    problem = compared_in(inputs.problem, inputs.goal)
    return make_covariates(inputs.frame, inputs.columns, problem, (*_left_out(inputs.goal), *levers))


def _priced_alone(inputs: CardInputs) -> bool:
    """Whether each row is priced by itself: rows are compared on what says its worth, whichever lever is moved."""
    goal = inputs.goal
    held = (*_left_out(goal), *(lever.column for lever in goal.levers))
    compared = compared_columns(inputs.columns, compared_in(inputs.problem, goal), held)
    return goal.value_column in {column.name for column in compared}


def _left_out(goal: Goal) -> tuple[str, ...]:
    return (*goal.never, *goal.later, *goal.negative_control)


def _describing(inputs: CardInputs) -> tuple[Column, ...]:
    """The columns that groups are described by: no lever, and none that rows are not compared on."""
    levers = {lever.column for lever in inputs.goal.levers}
    return tuple(one for one in usable(inputs.columns, inputs.problem, _left_out(inputs.goal)) if one.name not in levers)


def _stage(inputs: CardInputs, outcome: Outcome, alike: Together) -> Stage:
    goal, problem, rows, groups = inputs.goal, inputs.problem, len(inputs.frame), alike.codes
    sign = 1.0 if more_is_better(problem, goal, outcome) else -1.0
    return Stage(
        frame=inputs.frame,
        y=outcome.values,
        binary=outcome.is_rate,
        folds=fold_of(rows, groups, inputs.seed, folds_for(rows)),
        blocks=fold_of(rows, groups, inputs.seed),
        parts=fold_of(rows, groups, inputs.seed + 77, PARTS),
        groups=groups,
        splits=make_splits(inputs.frame, _describing(inputs)),
        worth=sign * (goal.value or 1.0),
        priced=goal.value > 0,
        seed=inputs.seed,
        experiment=goal.experiment,
        values=row_values(inputs.frame, goal) if goal.value_column else None,
        compared=_priced_alone(inputs),
        group=problem.group if problem.group in inputs.frame else "",
        once=alike.once,
    )


def _what_if(inputs: CardInputs, outcome: Outcome) -> WhatIf:
    if inputs.model is not None:
        return WhatIf(predictor(inputs.model, inputs.problem, outcome))
    # held as it was, what is measured only after the lever would take away a part of what the lever does
    known = usable(inputs.columns, inputs.problem, (*inputs.goal.never, *inputs.goal.later))
    # it must see what is moved, be that a date, which describes no group
    seen = {column.name for column in known}
    more = (find_column(inputs.columns, lever.column) for lever in inputs.goal.levers if lever.column not in seen)
    return WhatIf(quick_predictor(inputs.frame, outcome, (*known, *more)))


def _picked(trials: list[Trial], desk: Desk, inputs: CardInputs, given: Hands) -> Actions:
    """The seven best cards that hold, merged where they speak of the same rows, and the best of what did not hold."""
    corrected = held_by_family(
        [trial.effect.p if trial.chosen and desk.gain(trial.effect.estimate) > 0 else 1.0 for trial in trials],
        [(trial.move.lever.column, *(one.lever for one in trial.also)) for trial in trials],
    )
    weighed = [(trial, desk.evidence(trial, p)) for trial, p in zip(trials, corrected, strict=True)]
    weighed.sort(key=lambda pair: -desk.rank(pair[0]))
    kept: list[tuple[Trial, Evidence]] = []
    failed: list[tuple[Trial, Evidence]] = []
    checks: dict[int, Checks] = {}
    levers = tuple(lever.column for lever in inputs.goal.levers)
    moves: dict[int, list[Trial]] = {}
    for trial, found in weighed:
        if is_advice(found):
            moves.setdefault(id(trial.root), []).append(trial)
    asked: list[int] = []

    def told() -> list[Trial]:
        return [trial for trial, _ in kept]

    def asking() -> Iterator[Trial]:
        # what would be another card of nearly the same rows is never shown, so nobody need try to break it
        for root, trials in moves.items():
            if len(kept) < MOST_CARDS and not all(is_shown(trial, told()) for trial in trials):
                asked.append(root)
                yield trials[0]

    controls = controls_of(inputs.frame, inputs.goal.negative_control)
    asked_otherwise = (*inputs.goal.later, *inputs.goal.negative_control, *levers)
    aside = set_aside(inputs.frame, inputs.columns, compared_in(inputs.problem, inputs.goal), _left_out(inputs.goal),
                      asked_otherwise)
    attempts = side_by_side(partial(checked, levers=levers, controls=controls, aside=aside), asking(), given)
    for trial, found in weighed:
        if not is_advice(found):
            failed.append((trial, found))
            continue
        if len(kept) >= MOST_CARDS or is_shown(trial, told()):
            continue
        while id(trial.root) not in checks:
            inputs.told(0.6 + 0.4 * len(checks) / len(moves), "Trying to break what was found, "
                        f"{len(checks) + 1} of up to {len(moves)} moves.")
            made = next(attempts)
            checks[asked[len(checks)]] = made
        weighed_again = with_checks(found, checks[id(trial.root)])
        (kept if is_advice(weighed_again) else failed).append((trial, weighed_again))
    attempts.close()  # what is under way in threads ends before a model is asked what if
    cards = [desk.card(trial, found) for trial, found in kept]
    cards.sort(key=lambda card: -(card.net_low if inputs.goal.value > 0 else card.gain_low * card.rows))
    names = [name for name in inputs.goal.negative_control if name in inputs.frame]
    notes = unmoved_notes(names, [checks[id(trial.root)].asked for trial in told()])
    notes += shared_notes(told(), inputs.goal.value > 0)
    return Actions(tuple(cards), _patterns(kept, failed, desk), len(trials), notes=notes)


def _patterns(kept: list[tuple[Trial, Evidence]], failed: list[tuple[Trial, Evidence]], desk: Desk) -> tuple[ActionCard, ...]:
    """One pattern for each move without a card: everybody at the old value, the widest raw gap first."""
    moves = {trial.move for trial, _ in kept}
    told = []
    p = _of_everybody([trial for trial, _ in (*kept, *failed) if not trial.also])
    for trial, found in sorted(failed, key=lambda pair: -abs(pair[0].root.raw_gap)):
        if trial.move in moves or trial.also:
            continue
        moves.add(trial.move)
        whole = replace(trial, conditions=(), alike=(), effect=trial.root, rows=trial.root.moved, rules=1, everyone=False)
        again = replace(desk.evidence(replace(whole, chosen=True), p[id(trial.root)]), placebo=found.placebo)
        told.append(desk.card(whole, replace(again, random_cause=found.random_cause, unconfirmed=True)))
    return tuple(told[:MOST_CARDS])


def _of_everybody(trials: list[Trial]) -> dict[int, float]:
    """The p value of each move on everybody whom it is for, by the id of its effect, corrected for all moves that were tried."""
    roots = {id(trial.root): trial for trial in trials}
    p = held_by_family([trial.root.p for trial in roots.values()], [trial.move.lever.column for trial in roots.values()])
    return dict(zip(roots, p, strict=True))
