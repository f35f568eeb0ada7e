"""Use cases of what happened and why: groups that differ, two groups compared, two periods compared. No model is needed."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core import acting, framing
from automl_core import jobs as queue
from automl_core.acting import GapStory, Pair, Periods, SegmentStory
from automl_core.acting.action import Condition, SegmentSearch
from automl_core.acting.conditions import conditions_of
from automl_core.acting.spelling import texts
from automl_core.codec import from_json, to_json
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem
from automl_core.jobs import Job, JobWatch
from automl_core.workspace.context import Context, fingerprint
from automl_core.workspace.goal import Inputs
from automl_core.workspace.search import Searching

MOST_VALUES = 50


@dataclass(frozen=True, slots=True)
class WhatHappened:
    """Confirmed groups and what each amounts to; `with_model` says whether a model told why."""

    search: SegmentSearch
    stories: tuple[SegmentStory, ...]
    with_model: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A comparison that was asked for: two groups, or two periods."""

    pair: Pair = field(default_factory=lambda: Pair(()))
    periods: Periods | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be compared: conditions by column (the most common value first), and columns that say when, with their first,
    middle and last day."""

    groups: dict[str, tuple[Condition, ...]]
    times: dict[str, tuple[str, str, str]]


@dataclass(frozen=True)
class Finding:
    context: Context
    search: Searching

    def start(self, project_id: str) -> Job:
        """Start looking for groups whose outcome differs; the running one when it is running already. BadInput when the goal does
        not fit the present table."""
        inputs = self.search.goal.inputs(project_id)
        self.search.goal.open(inputs)
        return queue.enqueue(self.context.store, project_id, "findings", to_json(inputs))

    def found(self, project_id: str) -> WhatHappened | None:
        """What was found in the present table for the present goal; None when it was not looked for."""
        if self.search.goal.problem(project_id) is None:
            return None
        return self.found_of(project_id, self.search.goal.inputs(project_id))

    def found_of(self, project_id: str, inputs: Inputs) -> WhatHappened | None:
        """The same for one table and goal."""
        return self.context.latest("what_happened", project_id, WhatHappened, parent_id=fingerprint(inputs))

    def answers(self, project_id: str, inputs: Inputs) -> tuple[GapStory, ...]:
        """The comparisons that were worked out for one table and goal, newest first, each question once."""
        asked = [from_json(Question, record.body)
                 for record in reversed(self.context.store.list(project_id, "asked", fingerprint(inputs)))]
        kept = {fingerprint(question): question for question in asked}.values()
        stories = (self.context.latest("comparison", project_id, GapStory, parent_id=fingerprint(inputs, question))
                   for question in kept)
        return tuple(story for story in stories if story is not None)

    def ask(self, project_id: str, question: Question) -> Job:
        """Start a comparison; BadInput when the question cannot be answered."""
        _, _, columns, _ = self._rows(self.search.goal.inputs(project_id))
        names = {column.name for column in columns}
        asked = [condition.column for condition in (*question.pair.first, *question.pair.second)]
        asked += [question.periods.column] if question.periods else []
        if not asked or not set(asked) <= names:
            raise BadInput("The comparison names no column of this table.", "Choose a column to compare by.")
        return queue.enqueue(self.context.store, project_id, "compare", self._asked(project_id, question))

    def job(self, project_id: str, question: Question) -> Job | None:
        """The newest job that answers this question about the present table; None when it was not asked."""
        wanted = fingerprint(self._asked(project_id, question))
        found = [job for job in queue.jobs(self.context.store, project_id)
                 if job.kind == "compare" and fingerprint(job.body) == wanted]
        return max(found, key=lambda job: job.created_at) if found else None

    def _asked(self, project_id: str, question: Question) -> dict[str, Any]:
        return {"inputs": to_json(self.search.goal.inputs(project_id)), "question": to_json(question)}

    def answer(self, project_id: str, question: Question) -> GapStory | None:
        """The answer to a question about the present table; None when it was not worked out."""
        if self.search.goal.problem(project_id) is None:
            return None
        key = fingerprint(self.search.goal.inputs(project_id), question)
        return self.context.latest("comparison", project_id, GapStory, parent_id=key)

    def choices(self, project_id: str) -> Choices:
        """Values and dates that a comparison may be asked for."""
        frame, _, columns, problem = self._rows(self.search.goal.inputs(project_id))
        groups, times = {}, {}
        for column in columns:
            role = problem.roles.get(column.name, column.role)
            series = frame[column.name].dropna()
            if column.name == problem.target or series.empty:
                continue
            if column.kind == "date":
                ordered = series.sort_values().astype("datetime64[us]").dt.strftime("%Y-%m-%d")
                times[column.name] = (ordered.iloc[0], ordered.iloc[len(ordered) // 2], ordered.iloc[-1])
            elif role in ("category", "number"):
                levels = _levels(frame, column, role == "number")
                if len(levels) > 1:
                    groups[column.name] = levels
        return Choices(groups, times)

    def run_segments(self, project_id: str, inputs: Inputs, watch: JobWatch) -> None:
        """The job: confirmed groups, what they amount to, and why when there is a model of the same inputs."""
        frame, y, columns, problem = self._rows(inputs)
        watch.progress(0.1, "Looking for groups whose outcome differs.", float("nan"))
        found = acting.find_segments(frame, y, columns, problem)
        sampled = None
        run = self.search.last(project_id)
        if found.segments and run is not None and self.search.inputs(run) == inputs:
            watch.progress(0.7, "Asking the model why they differ.", float("nan"))
            sampled = acting.ask_model(self.search.bundle(run).model, frame, acting.counted_class(y, problem))
        stories = acting.tell_segments(frame, y, problem, found, sampled)
        self.context.save("what_happened", project_id, WhatHappened(found, stories, sampled is not None),
                          parent_id=fingerprint(inputs))

    def run_comparison(self, project_id: str, inputs: Inputs, question: Question, watch: JobWatch) -> None:
        """The job: answer one question."""
        frame, y, columns, problem = self._rows(inputs)
        watch.progress(0.2, "Comparing like with like.", float("nan"))
        if question.periods is not None:
            story = acting.compare_periods(frame, y, columns, problem, question.periods)
        else:
            story = acting.compare_groups(frame, y, columns, problem, question.pair)
        self.context.save("comparison", project_id, story, parent_id=fingerprint(inputs, question))
        self.context.save("asked", project_id, question, parent_id=fingerprint(inputs))

    def _rows(self, inputs: Inputs) -> tuple[pd.DataFrame, NDArray[np.generic], tuple[Column, ...], Problem]:
        """The cleaned rows with a usable outcome, the outcome, the columns and the problem."""
        frame, columns, problem, _ = self.search.goal.open(inputs)
        y, keep = framing.encode_target(frame[problem.target], problem)
        return frame[keep].reset_index(drop=True), y, columns, problem


def _levels(frame: pd.DataFrame, column: Column, is_number: bool) -> tuple[Condition, ...]:
    if is_number and pd.api.types.is_numeric_dtype(frame[column.name].dtype):
        return conditions_of(frame, column)
    values = texts(frame[column.name].dropna()).value_counts().index[:MOST_VALUES]
    return tuple(Condition(column.name, (str(value),)) for value in values)
