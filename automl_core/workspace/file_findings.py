"""Use cases of what happened and why on a file alone, and of fairness by a run: what the command line asks."""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core import acting, cleaning, framing
from automl_core.acting import GapStory, Pair, Periods
from automl_core.acting.action import Condition
from automl_core.acting.asked import known_values
from automl_core.acting.compare_groups import check_no_outcome, check_pair
from automl_core.acting.conditions import condition_of
from automl_core.data.table import Column, meant_column
from automl_core.errors import BadInput
from automl_core.explaining import Fairness
from automl_core.explaining.classes import counting
from automl_core.explaining.words import quote
from automl_core.framing.problem import Problem
from automl_core.workspace.cleaning import safe_recipe
from automl_core.workspace.fairness import Auditing
from automl_core.workspace.file_explained import check_class
from automl_core.workspace.files import Files
from automl_core.workspace.findings import Question, WhatHappened
from automl_core.workspace.requests import Request, in_table, shaped


@dataclass(frozen=True, slots=True)
class Asked:
    """A comparison in words: conditions such as `plan=basic` or `age=30..50` (from 30 to below 50), or a column that says when
    and the first day of the later period; `label` is the class that is counted."""

    first: tuple[str, ...] = ()
    second: tuple[str, ...] = ()
    when: str = ""
    since: str = ""
    label: str = ""


@dataclass(frozen=True)
class FileFindings:
    files: Files
    fairness: Auditing

    def happened(self, source: str, request: Request, label: str = "") -> WhatHappened:
        """Groups whose outcome differs, found on one half of a file's rows and confirmed on the other."""
        frame, columns, problem = self._opened(source, request)
        y, keep = framing.encode_target(frame[problem.target], problem)
        rows, problem = frame[keep].reset_index(drop=True), _counting(problem, y, label)
        found = acting.find_segments(rows, y, columns, problem, request.plan.seed)
        return WhatHappened(found, acting.tell_segments(rows, y, problem, found), False)

    def compare(self, source: str, request: Request, asked: Asked) -> GapStory:
        """Two groups of a file's rows, or two periods; BadInput when neither or both are asked for, or a part of what is said has
        no place in that."""
        frame, columns, problem = self._opened(source, request, _named(asked))
        question = _question(asked, columns, frame)
        y, keep = framing.encode_target(frame[problem.target], problem)
        rows, seed, problem = frame[keep].reset_index(drop=True), request.plan.seed, _counting(problem, y, asked.label)
        if question.periods is not None:
            return acting.compare_periods(rows, y, columns, problem, question.periods, seed)
        check_pair(question.pair, rows)  # typed by hand, so a slip of the pen is likelier than a question
        return acting.compare_groups(rows, y, columns, problem, question.pair, seed)

    def audit(self, run_id: str, columns: tuple[str, ...]) -> tuple[Fairness, ...]:
        """A run's out-of-fold answers by the groups of each column; BadInput without a column."""
        if not columns:
            raise BadInput("No protected column was named.", "Give --protected A,B.")
        run = self.fairness.search.run(run_id)
        known = self.fairness.search.goal.open(self.fairness.search.inputs(run))[1]
        own = [meant_column(known, column).name for column in columns]  # all of them before the first is worked on
        return tuple(self.fairness.audit_of(run, column) for column in own)

    def _opened(
        self, source: str, request: Request, named: tuple[str, ...] = ()
    ) -> tuple[pd.DataFrame, tuple[Column, ...], Problem]:
        """The rows after the safe fixes, their columns and the problem; BadInput when a column is `named` that is not there."""
        table = self.files.open(source)
        own = [meant_column(table.columns, name).name for name in named]  # before the fixes, which take long on many rows
        request = in_table(request, table.columns)
        check_no_outcome(request.target, own)
        recipe = safe_recipe(table, request.target, keep=request.named)
        done = cleaning.apply_recipe(recipe, table.frame)
        columns = cleaning.columns_after(recipe, table.columns, done.frame, table.rows)
        problem = shaped(framing.suggest_problem(done.frame, columns, request.target), request, done.frame, columns)
        framing.check_target(done.frame, problem)
        return done.frame, columns, problem


def _counting(problem: Problem, y: NDArray[np.generic], label: str) -> Problem:
    """The problem in which one class is counted (see `counting`). BadInput for a class that there is not, and for the other of
    two."""
    check_class(problem, label)
    if problem.task == "binary" and label not in ("", problem.positive):
        raise BadInput(f"Of two classes {quote(problem.positive)} is counted.", "Leave --class out: the other is what is left.")
    return counting(problem, y, label)


def _named(asked: Asked) -> tuple[str, ...]:
    """The columns that a comparison speaks of; BadInput when it asks for none, or for two, or in words that are no condition."""
    if bool(asked.first) == bool(asked.when):
        raise BadInput("Two groups or two periods can be compared.", "Give --first, or --when with --since.")
    if asked.when and not asked.since:
        raise BadInput("The day on which the later period starts is missing.", "Give --since 2024-07-01.")
    if asked.since and not asked.when:
        raise BadInput("A later period is asked for, and two groups.", "Give --when in place of --first, or leave --since out.")
    if asked.when and asked.second:
        raise BadInput("Two periods are asked for, and a second group.", "Leave --second out.")
    return (asked.when,) if asked.when else tuple(_parts(text)[0] for text in (*asked.first, *asked.second))


def _parts(text: str) -> tuple[str, str]:
    name, mark, value = (part.strip() for part in text.partition("="))
    if not mark or not name or not value:
        raise BadInput(f"“{text[:80]}” is no condition.", "Write COLUMN=VALUE, or COLUMN=LOW..HIGH for a number.")
    return name, value


def _question(asked: Asked, columns: tuple[Column, ...], frame: pd.DataFrame) -> Question:
    if asked.when:
        return Question(periods=Periods(meant_column(columns, asked.when).name, asked.since))
    first, second = (tuple(_condition(text, columns, frame) for text in texts) for texts in (asked.first, asked.second))
    return Question(Pair(first, second))


def _condition(text: str, columns: tuple[Column, ...], frame: pd.DataFrame) -> Condition:
    name, value = _parts(text)
    column = meant_column(columns, name)
    found = condition_of(column.name, value)
    return replace(found, values=known_values(value, frame[column.name], column)) if found.values else found
