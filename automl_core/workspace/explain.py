"""Use cases of the explaining step: the whole model, one column, pairs, one row, what if, and where it fails."""
from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from automl_core import explaining
from automl_core import jobs as queue
from automl_core.acting.action import Goal, Lever
from automl_core.data import type_row
from automl_core.data.table import Row
from automl_core.errors import BadInput
from automl_core.explaining.changes import Flip, TableChange, TableWhatIf, WhatIf, cheapest_words
from automl_core.explaining.closer_look import Curve, Evidence
from automl_core.explaining.explanation import Explanation, RowContext, RowExplanation
from automl_core.explaining.flip import MOST_LEVERS
from automl_core.framing.problem import Problem
from automl_core.jobs import Job
from automl_core.production import Bundle
from automl_core.workspace import explained
from automl_core.workspace.context import Context, Recent
from automl_core.workspace.listed_rows import rows_found, rows_listed
from automl_core.workspace.ongoing import Ongoing, ongoing
from automl_core.workspace.saved_goal import fitted, goal_about
from automl_core.workspace.search import Searching
from automl_core.workspace.views import Run

CURVE_ROWS = 1_000
ASKED_SECONDS = 0.1  # of predicting while somebody waits


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """What a model's rows look like, opened once: past cases, encoded rows with their outcomes (class codes, or numbers), and
    rows to compare with."""

    cases: explaining.PastCases
    rows: explaining.Rows
    y: np.ndarray
    background: pd.DataFrame
    reference: explaining.Reference


@dataclass(frozen=True)
class Explaining:
    context: Context
    search: Searching
    opened: Recent[_Opened] = field(default_factory=lambda: Recent(2))
    cases: Recent[explaining.PastCases] = field(default_factory=lambda: Recent(2))
    asked: Recent[explaining.Rows] = field(default_factory=lambda: Recent(2))
    halves: Recent[explaining.Halves] = field(default_factory=lambda: Recent(2))
    curves: Recent[Curve] = field(default_factory=lambda: Recent(60))
    listed: Recent[pd.DataFrame] = field(default_factory=lambda: Recent(4))
    reasons: Recent[RowExplanation] = field(default_factory=lambda: Recent(200))
    around: Recent[RowContext] = field(default_factory=lambda: Recent(200))
    still: Recent[str] = field(default_factory=lambda: Recent(60))

    def explanation(self, project_id: str, label: str = "") -> Explanation | None:
        """The newest model explained, of several classes for `label` (unasked as `unasked` says); None while it was not."""
        run = self.search.last(project_id)
        return None if run is None else self.explanation_of(run, label)

    def explanation_of(self, run: Run, label: str = "") -> Explanation | None:
        """One run's model explained: with what its importances rest on, once that was looked at."""
        return explained.explanation_of(self.context, run, label) if label else explained.unasked(
            self.context, run, self._problem(run))

    def explain_class(self, project_id: str, label: str) -> Explanation:
        """The newest model explained for a class: kept when that was done before, else made now in a few seconds."""
        run = self.search.needed(project_id)
        found = self.explanation_of(run, label)
        return found or explained.made_for(self.context, run, label, self.search.bundle(run).model, self.past(run))

    def classes(self, project_id: str) -> tuple[tuple[str, float], ...]:
        """The classes that the newest model can be explained for, with their share of the past rows; none where there is nothing
        to choose: two are spoken of by one of them."""
        run = self.search.needed(project_id)
        problem = self.search.problem(project_id)
        if problem.task != "multiclass":
            return ()
        rows = np.bincount(self.search.predictions(run).y.astype(np.int64), minlength=len(problem.classes))
        return tuple(zip(problem.classes, (rows / max(int(rows.sum()), 1)).tolist(), strict=True))

    def evidence(self, project_id: str, label: str = "") -> Evidence | None:
        """Curves, pairs and weak spots of the newest model, for a class; None while they were not looked for."""
        run = self.search.last(project_id)
        return None if run is None else self._evidence(run, label)

    def _evidence(self, run: Run, label: str) -> Evidence | None:
        place = explained.place_of(self.context, run, label or self._unasked(run))
        return self.context.latest("evidence", run.project_id, Evidence, parent_id=place)

    def start(self, project_id: str, label: str = "") -> Job:
        """Start looking deeper into the newest model, for a class; the job that is at it when there is one, whatever its class
        is."""
        return self.ongoing(project_id).here or queue.enqueue(
            self.context.store, project_id, "explain", self.asked_for(project_id, label))

    def ongoing(self, project_id: str) -> Ongoing:
        """What is looking deeper now, into the newest model and into another one."""
        run = self.search.last(project_id)
        return Ongoing() if run is None else ongoing(self.context.store, run, "explain")

    def asked_for(self, project_id: str, label: str = "") -> dict[str, str]:
        """What is asked for when that is started now: about which model, and for which class."""
        run = self.search.needed(project_id)
        return {"run": run.id, "label": label or self._unasked(run)}

    def curve(self, project_id: str, column: str, method: str = "ale", label: str = "") -> Curve:
        """How the newest model's prediction, of a class, goes with one column: kept when it was looked at before, else made
        now."""
        run = self.search.needed(project_id)
        label = label or self._unasked(run)
        kept = self._evidence(run, label) if method == "ale" else None
        found = next((one for one in kept.curves if one.column == column), None) if kept else None

        def follow() -> Curve:
            opened, model = self._opened(run), self.search.bundle(run).model
            place = explaining.explained_class(model, label)
            observed = explaining.outcomes_shown(model, opened.y, place)
            return explaining.curve(replace(opened.rows, place=place), column, observed, method, run.plan.seed, ASKED_SECONDS)

        return found or self.curves.get(f"{run.id} {method} {(column, label)}", follow)

    def rows(self, project_id: str, label: str = "") -> pd.DataFrame:
        """The cleaned rows that a list may rank, with the `prediction` (probability of the positive class, of several classes of
        `label` or else of the one that the row is called, or value) by a model that had not seen the row in front: out of fold,
        or by the final model where the row was left out of the search.

        The index is the position that `row` and `what_if` take. A column of the user's own of that name is left out.
        """
        run = self.search.needed(project_id)
        return self.listed.get(f"{run.id} {label!r}", lambda: rows_listed(self.search, run, label))

    def top(self, project_id: str, most: int, label: str = "") -> pd.DataFrame:
        """The first `most` of these rows, the highest predictions first."""
        run = self.search.needed(project_id)

        def cut() -> pd.DataFrame:
            rows = self.rows(project_id, label)
            return rows.loc[rows["prediction"].sort_values(ascending=False, kind="stable").index[:most]]

        return self.listed.get(f"{run.id} {label!r} {most}", cut)

    def find(self, project_id: str, text: str, label: str = "") -> pd.DataFrame:
        """Those of these rows whose own id is `text`, or the one with that number in the cleaned table, counted from 0, where it
        is written #12 or rows have no id. BadInput when there is none, or it is not among them."""
        run = self.search.needed(project_id)
        frame, columns, _, _ = self.search.goal.open(self.search.inputs(run))
        return rows_found(self.rows(project_id, label), frame, columns, text)

    def learned_from(self, project_id: str, position: int) -> bool:
        """Whether the final model learned from the row at a position of the cleaned table."""
        return self.learned_by(self.search.needed(project_id), position)

    def learned_by(self, run: Run, position: int) -> bool:
        """The same of any run's final model."""
        past = self.search.predictions(run)
        return bool(np.isin(position, past.learned if len(past.learned) else past.positions))

    def row(self, project_id: str, position: int, label: str = "") -> RowExplanation:
        """Why the row at a position of the cleaned table gets its prediction: that of the class `label`; unasked the positive
        one, and of several classes the one that this row is called."""
        run, bundle, row = self._open(project_id, position)
        asked = label or explaining.likeliest(bundle.model, row)

        def explain() -> RowExplanation:
            opened = self._opened(run)
            return explaining.explain_row(bundle.model, row, opened.background, asked, opened.reference)

        return self.reasons.get(f"{run.id} {position} {asked}", explain)

    def row_context(self, project_id: str, position: int, label: str = "") -> RowContext:
        """How sure that prediction is by past rows like it, the nearest past cases, and what is unusual in the row."""
        run, _, row = self._open(project_id, position)
        return self.around.get(f"{run.id} {position} {label}", lambda: self.context_of(run, row, position, label))

    def context_of(self, run: Run, row: Row, position: int = -1, label: str = "") -> RowContext:
        """The same of any typed, cleaned row by the past rows of a run; `position` is its place among them (-1: it has none)."""
        cases, model = self.cases.get(run.id, lambda: self._cases(run)), self.search.bundle(run).model
        asked = label or explaining.likeliest(model, row)
        if asked and explaining.explained_class(model, asked) != explaining.explained_class(model):
            found = self.search.predictions(run)
            cases = explaining.of_class(cases, found.oof, found.y, found.positions, asked)
        return explaining.row_context(cases, row, position)

    def what_if(self, project_id: str, position: int, changes: dict[str, object], label: str = "") -> WhatIf:
        """The same row with some values changed, before and after: before is explained once, for the class that `row` says."""
        run, bundle, row = self._open(project_id, position)
        opened = self._opened(run)
        before = self.row(project_id, position, label)
        return explaining.what_if(bundle.model, row, changes, opened.background, opened.reference, before)

    def levers(self, project_id: str) -> tuple[str, ...]:
        """The columns that may be changed: the levers of the saved goal that the model uses; empty when none were named."""
        goal = self._goal(project_id)
        sources = self.search.bundle(self.search.needed(project_id)).model.sources
        return tuple(dict.fromkeys(lever.column for lever in goal.levers if lever.column in sources)) if goal else ()

    def kept_still(self, project_id: str, columns: tuple[str, ...]) -> str:
        """What is to be said where these are changed and the model uses columns that would follow them; empty: nothing."""
        run, goal = self.search.needed(project_id), self._goal(project_id)
        later = goal.later if goal else ()
        return self.still.get(f"{run.id} {columns} {later}", lambda: explaining.kept_still(
            self.past(run).frame, self.search.bundle(run).model.sources, columns, later))

    def flip(
        self, project_id: str, position: int, columns: tuple[str, ...], goal: float = math.nan, label: str = ""
    ) -> Flip | None:
        """The smallest change of one or two of these columns that turns the row's decision, within the limits of saved levers, or
        the cheapest one where these are `priced`. Of several classes the row then becomes `label`, or stops being it; unasked it
        stops being what it is called."""
        run, bundle, row = self._open(project_id, position)
        allowed, past = self._limits(project_id, columns), self._opened(run).cases.frame
        label = label or explaining.likeliest(bundle.model, row)
        found = explaining.smallest_flip(bundle.model, row, past, allowed, goal, label)
        saved = self._goal(project_id)
        if found is None or saved is None or math.isnan(found.money):
            return found
        return replace(found, sentence=f"{found.sentence} {cheapest_words(found, saved.currency)}")

    def priced(self, project_id: str, columns: tuple[str, ...]) -> bool:
        """Whether the saved goal says of all these columns, as many as `flip` looks at, what a change of them costs."""
        costs = [lever.cost + lever.unit_cost for lever in self._limits(project_id, columns[:MOST_LEVERS])]
        return all(map(math.isfinite, costs)) and any(cost > 0 for cost in costs)

    def _limits(self, project_id: str, columns: tuple[str, ...]) -> tuple[explaining.Allowed, ...]:
        saved = self._goal(project_id)
        limits = {lever.column: lever for lever in saved.levers} if saved else {}
        return tuple(_allowed(name, limits.get(name)) for name in columns)

    def what_if_table(self, project_id: str, changes: tuple[TableChange, ...], label: str = "") -> TableWhatIf:
        """What the model would say of all rows, of several classes about `label`, if something changed in each of them."""
        run = self.search.needed(project_id)
        model = self.search.bundle(run).model
        label = label or self._unasked(run)
        frame, _, problem, _ = self.search.goal.open(self.search.inputs(run))
        known = frame[frame[problem.target].notna()]  # also what no fold tested: the final model has seen it
        past = self.past(run)
        rows = self.asked.get(f"{run.id} {label}", lambda: explaining.rows_asked(model, past.frame, run.plan.seed, label, known))
        learned = len(self.search.predictions(run).learned) or len(past.y)  # an older search tells of none
        halves = self.halves.get(run.id, lambda: explaining.quick_halves(model, past, learned))
        return explaining.what_if_rows(rows, changes, model.cleaned, run.plan.seed, ASKED_SECONDS, halves)

    def _unasked(self, run: Run) -> str:
        return explained.class_of(self.context, run, self._problem(run))

    def _problem(self, run: Run) -> Problem:
        return self.search.goal.problem_of(self.search.inputs(run))

    def _goal(self, project_id: str) -> Goal | None:
        """The saved goal of acting as it fits the newest model, as the act page goes by it; None where there is none."""
        run = self.search.needed(project_id)
        saved = goal_about(self.context, project_id, self._problem(run))
        return None if saved is None else fitted(self.search.goal, self.search.inputs(run), saved)

    def _open(self, project_id: str, position: int) -> tuple[Run, Bundle, Row]:
        run = self.search.needed(project_id)
        frame, _, _, _ = self.search.goal.open(self.search.inputs(run))
        if not 0 <= position < len(frame):
            raise BadInput(f"There is no row {position}.", f"Choose one from 0 to {len(frame) - 1}.")
        bundle = self.search.bundle(run)
        return run, bundle, type_row(dict(frame.iloc[position]), bundle.model.cleaned)

    def past(self, run: Run) -> explaining.Past:
        """The rows the run learned from, with their outcomes and what was tried."""
        frame, columns, _, _ = self.search.goal.open(self.search.inputs(run))
        found = self.search.predictions(run)
        trials = run.summary.leaderboard if run.summary else ()
        rows = frame.iloc[found.positions].reset_index(drop=True)
        return explaining.Past(rows, found.y.astype(np.float64), columns, trials, run.plan.seed)

    def _opened(self, run: Run) -> _Opened:
        def make() -> _Opened:
            model, past, cases = self.search.bundle(run).model, self.past(run), self.cases.get(run.id, lambda: self._cases(run))
            picked = explaining.stratified(explaining.mixed_outcomes(model, past.y), CURVE_ROWS, run.plan.seed)
            background = explaining.pick_background(model, past.frame).reset_index(drop=True)
            rows = explaining.open_rows(model, past.frame.iloc[picked])
            reference = self._settled(run, explaining.open_reference(model, model.encoder.matrix(background)))
            return _Opened(cases, rows, past.y[picked], background, reference)

        return self.opened.get(run.id, make)

    def _cases(self, run: Run) -> explaining.PastCases:
        model, past, found = self.search.bundle(run).model, self.past(run), self.search.predictions(run)
        explanation = explained.first_of(self.context, run)
        shares = {item.column: item.share for item in explanation.importance} if explanation else {}
        return explaining.past_cases(model, past.frame, found.oof, past.y, found.positions, shares)

    def _settled(self, run: Run, reference: explaining.Reference) -> explaining.Reference:
        """With the care for a row alone that was settled when the run was first looked at, so that its reasons stay the same, but
        for chance: parts that nothing is left to lie within the doubt that was told. What earlier versions settled under another
        name was for another price of orders."""
        care = self.context.latest("row_orders", run.project_id, explaining.Care, parent_id=run.id)
        if care is None or (care.rounds and reference.enumerable):
            found = explaining.row_care(reference)
            if care is None or not found.rounds:
                self.context.save("row_orders", run.project_id, found, parent_id=run.id)
                care = found
        return replace(reference, care=care)


def _allowed(name: str, lever: Lever | None) -> explaining.Allowed:
    if lever is None:
        return explaining.Allowed(name)
    return explaining.Allowed(name, lever.to, lever.low, lever.high, lever.direction, lever.from_values, lever.forbidden,
                              lever.step, lever.relative, lever.cost, lever.unit_cost)
