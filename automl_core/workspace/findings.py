"""Use cases of what happened and why: groups that differ, two groups compared, two periods compared. No model is needed."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core import acting, framing
from automl_core import jobs as queue
from automl_core.acting import GapStory, Pair, Periods, SegmentStory
from automl_core.acting.action import Condition, SegmentSearch
from automl_core.acting.conditions import conditions_of, told_on
from automl_core.acting.spelling import texts
from automl_core.codec import from_json, known_by, to_json
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.explaining.classes import by_rows, no_such_class
from automl_core.explaining.words import quote
from automl_core.framing.problem import Problem
from automl_core.jobs import Job, JobWatch
from automl_core.workspace.context import Context, Recent, fingerprint
from automl_core.workspace.goal import Inputs
from automl_core.workspace.ongoing import Ongoing, asked
from automl_core.workspace.saved_goal import goal_about
from automl_core.workspace.search import Searching
from automl_core.workspace.views import Run

MOST_VALUES = 50
Shares = tuple[tuple[str, float], ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WhatHappened:
    """Confirmed groups and what each amounts to; `with_model` says whether a model told why, and `run` of which search it is
    ("" in what was kept before this was told)."""

    search: SegmentSearch
    stories: tuple[SegmentStory, ...]
    with_model: bool
    run: str = ""


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
    """Of several classes findings count one, `label`; unasked the good one of the saved goal of acting, or else the one that a
    model would be explained for first. What was found is kept for each class."""

    context: Context
    search: Searching
    shares: Recent[Shares] = field(default_factory=lambda: Recent(4))
    offered: Recent[Choices] = field(default_factory=lambda: Recent(4))

    def classes(self, project_id: str) -> Shares:
        """The classes with their share of the rows, where one of several is counted; empty where there is nothing to choose."""
        return self._classes(self.search.goal.inputs(project_id))

    def _classes(self, inputs: Inputs) -> Shares:
        def count() -> Shares:
            _, y, _, problem = self._rows(inputs)
            rows = np.bincount(y.astype(np.int64), minlength=len(problem.classes))
            return tuple(zip(problem.classes, (rows / max(int(rows.sum()), 1)).tolist(), strict=True))

        several = self.search.goal.problem_of(inputs).task == "multiclass"
        return self.shares.get(fingerprint(inputs), count) if several else ()

    def unasked(self, project_id: str) -> str:
        """The class that is counted when nobody chose one; empty where there is nothing to choose."""
        return self._label(project_id, self.search.goal.inputs(project_id), "")

    def _label(self, project_id: str, inputs: Inputs, label: str) -> str:
        problem = self.search.goal.problem_of(inputs)
        if problem.task != "multiclass":
            return ""
        if label and label not in problem.classes:
            raise no_such_class(problem, label)
        goal = goal_about(self.context, project_id, problem)
        wanted = goal.good if goal else ""
        return label or wanted or by_rows(problem, np.array([share for _, share in self._classes(inputs)]))[0]

    def start(self, project_id: str, label: str = "") -> Job:
        """Start looking for groups whose outcome differs; the running one when it is running already. BadInput when the goal does
        not fit the present table."""
        self.search.goal.open(self.search.goal.inputs(project_id))
        return queue.enqueue(self.context.store, project_id, "findings", self.asked_for(project_id, label))

    def asked_for(self, project_id: str, label: str = "") -> dict[str, Any]:
        """What is asked for when that is started now: about which table and goal, and for which class."""
        inputs = self.search.goal.inputs(project_id)
        body: dict[str, Any] = to_json(inputs)
        return body | _named(self._label(project_id, inputs, label))

    def ongoing(self, project_id: str, label: str = "") -> Ongoing:
        """What is looking for groups now: for just this class in the present table and goal, and for anything else."""
        return asked(self.context.store, project_id, "findings", self.asked_for(project_id, label))

    def found(self, project_id: str, label: str = "") -> WhatHappened | None:
        """What was found in the present table for the present goal; None when it was not looked for."""
        if self.search.goal.problem(project_id) is None:
            return None
        inputs = self.search.goal.inputs(project_id)
        return self._kept("what_happened", WhatHappened, project_id, self._label(project_id, inputs, label), (inputs,))

    def looked(self, project_id: str) -> bool:
        """Whether the newest groups are those of the present table and goal, of whichever class."""
        newest = self.context.store.latest(project_id, "what_happened")
        if newest is None or self.search.goal.problem(project_id) is None:
            return False
        inputs = self.search.goal.inputs(project_id)
        classes = self.search.goal.problem_of(inputs).classes
        return newest.parent_id in {_place(label, (inputs,)) for label in ("", *classes)}

    def could_tell_why(self, project_id: str, found: WhatHappened) -> bool:
        """Whether there is a model of the present table and goal that was not asked yet why these groups differ."""
        run = self._model_of(project_id, self.search.goal.inputs(project_id))
        return bool(found.search.segments) and run is not None and (
            not found.with_model or found.run not in ("", run.id))

    def _model_of(self, project_id: str, inputs: Inputs) -> Run | None:
        """The newest search that ended with a model, where it is one of these inputs."""
        run = self.search.last(project_id)
        return run if run is not None and self.search.inputs(run) == inputs else None

    def found_of(self, project_id: str, inputs: Inputs) -> WhatHappened | None:
        """The same for one table and goal: of the class that is counted unasked, or else of another one."""
        kept = (self._kept("what_happened", WhatHappened, project_id, label, (inputs,))
                for label in self._labels(project_id, inputs))
        return next((found for found in kept if found is not None), None)

    def _labels(self, project_id: str, inputs: Inputs) -> tuple[str, ...]:
        """All that may be counted, what is counted unasked first."""
        return tuple(dict.fromkeys((self._label(project_id, inputs, ""), *dict(self._classes(inputs)))))

    def _kept(self, kind: str, noun: type[T], project_id: str, label: str, of: tuple[Any, ...]) -> T | None:
        """What was kept of a class; before one could be chosen the rarest was counted, as only the words of the outcome say."""
        found = self.context.latest(kind, project_id, noun, parent_id=_place(label, of))
        if found is not None or not label:
            return found
        earlier = self.context.latest(kind, project_id, noun, parent_id=_place("", of))
        told = earlier.search.outcome if isinstance(earlier, WhatHappened) else getattr(earlier, "outcome", "")
        return earlier if told == f"{quote(self.search.goal.problem_of(of[0]).target)} = {quote(label)}" else None

    def answers(self, project_id: str, inputs: Inputs) -> tuple[GapStory, ...]:
        """The comparisons that were worked out for one table and goal, newest first, each question once a class."""
        asked = [from_json(Question, record.body)
                 for record in reversed(self.context.store.list(project_id, "asked", fingerprint(inputs)))]
        kept = {fingerprint(question): question for question in asked}.values()
        stories = (self._kept("comparison", GapStory, project_id, label, (inputs, question))
                   for question in kept for label in self._labels(project_id, inputs))
        return tuple(story for story in stories if story is not None)

    def ask(self, project_id: str, question: Question, label: str = "") -> Job:
        """Start a comparison; BadInput when the question cannot be answered."""
        _, _, columns, _ = self._rows(self.search.goal.inputs(project_id))
        names = {column.name for column in columns}
        asked = [condition.column for condition in (*question.pair.first, *question.pair.second)]
        asked += [question.periods.column] if question.periods else []
        if not asked or not set(asked) <= names:
            raise BadInput("The comparison names no column of this table.", "Choose a column to compare by.")
        return queue.enqueue(self.context.store, project_id, "compare", self._asked(project_id, question, label))

    def job(self, project_id: str, question: Question, label: str = "") -> Job | None:
        """The newest job that answers this question about the present table; None when it was not asked."""
        wanted = fingerprint(self._asked(project_id, question, label))
        found = [job for job in queue.jobs(self.context.store, project_id)
                 if job.kind == "compare" and fingerprint(job.body) == wanted]
        return max(found, key=lambda job: job.created_at) if found else None

    def _asked(self, project_id: str, question: Question, label: str) -> dict[str, Any]:
        inputs = self.search.goal.inputs(project_id)
        return {"inputs": to_json(inputs), "question": known_by(question)} | _named(self._label(project_id, inputs, label))

    def answer(self, project_id: str, question: Question, label: str = "") -> GapStory | None:
        """The answer to a question about the present table; None when it was not worked out."""
        if self.search.goal.problem(project_id) is None:
            return None
        inputs = self.search.goal.inputs(project_id)
        return self._kept("comparison", GapStory, project_id, self._label(project_id, inputs, label), (inputs, question))

    def choices(self, project_id: str) -> Choices:
        """Values and dates that a comparison may be asked for."""
        inputs = self.search.goal.inputs(project_id)
        return self.offered.get(fingerprint(inputs), lambda: self._choices(inputs))

    def _choices(self, inputs: Inputs) -> Choices:
        frame, _, columns, problem = self._rows(inputs)
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

    def run_segments(self, project_id: str, inputs: Inputs, watch: JobWatch, label: str = "") -> None:
        """The job: confirmed groups, what they amount to, and why when there is a model of the same inputs."""
        frame, y, columns, problem = self._rows(inputs, label)
        watch.progress(0.1, "Looking for groups whose outcome differs.", float("nan"))
        found = acting.find_segments(frame, y, columns, problem)
        sampled = None
        run = self._model_of(project_id, inputs)
        if found.segments and run is not None:
            watch.progress(0.7, "Asking the model why they differ.", float("nan"))
            sampled = acting.ask_model(self.search.bundle(run).model, frame, acting.counted_class(y, problem))
        stories = acting.tell_segments(frame, y, problem, found, sampled)
        told = run.id if run is not None and sampled is not None else ""
        self.context.save("what_happened", project_id, WhatHappened(found, stories, sampled is not None, told),
                          parent_id=_place(label, (inputs,)))

    def run_comparison(self, project_id: str, job: dict[str, Any], watch: JobWatch) -> None:
        """The job: answer one question."""
        inputs, question, label = from_json(Inputs, job["inputs"]), from_json(Question, job["question"]), job.get("label", "")
        frame, y, columns, problem = self._rows(inputs, label)
        watch.progress(0.2, "Comparing like with like.", float("nan"))
        if question.periods is not None:
            story = acting.compare_periods(frame, y, columns, problem, question.periods)
        else:
            story = acting.compare_groups(frame, y, columns, problem, question.pair)
        self.context.save("comparison", project_id, story, parent_id=_place(label, (inputs, question)))
        self.context.save("asked", project_id, question, parent_id=fingerprint(inputs))

    def _rows(self, inputs: Inputs, label: str = "") -> tuple[pd.DataFrame, NDArray[np.generic], tuple[Column, ...], Problem]:
        """The cleaned rows with a usable outcome, the outcome, the columns and the problem, in which `label` is counted."""
        frame, columns, problem, _ = self.search.goal.open(inputs)
        y, keep = framing.encode_target(frame[problem.target], problem)
        return frame[keep].reset_index(drop=True), y, columns, replace(problem, positive=label or problem.positive)


def _place(label: str, of: tuple[Any, ...]) -> str:
    """Under what the findings of a class are kept; where there is nothing to choose, under what they are about alone."""
    return fingerprint(*of, *([label] if label else []))


def _named(label: str) -> dict[str, str]:
    return {"label": label} if label else {}


def _levels(frame: pd.DataFrame, column: Column, is_number: bool) -> tuple[Condition, ...]:
    if is_number and pd.api.types.is_numeric_dtype(frame[column.name].dtype):
        return told_on(conditions_of(frame, column), frame)
    values = texts(frame[column.name].dropna()).value_counts().index[:MOST_VALUES]
    return tuple(Condition(column.name, (str(value),)) for value in values)
