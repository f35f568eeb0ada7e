"""Use cases of the goal step: the problem, and the verdict whether machine learning is needed."""
from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from automl_core import framing
from automl_core import jobs as queue
from automl_core.cleaning.recipe import Recipe
from automl_core.data.table import Column, find_column
from automl_core.errors import BadInput, NotFound
from automl_core.framing.problem import Problem, Task, Verdict
from automl_core.jobs import Job, JobWatch
from automl_core.workspace.cleaning import Cleaning
from automl_core.workspace.context import Context, StoredTable, fingerprint, save_again, stands_for
from automl_core.workspace.data import Data


@dataclass(frozen=True, slots=True)
class Inputs:
    """The exact table, recipe and problem a job works on, by record id: later changes do not reach it."""

    table: str
    recipe: str
    problem: str


@dataclass(frozen=True, slots=True)
class _Named:
    """What the records of some inputs say, and the mark under which the cleaned table is kept."""

    stored: StoredTable
    recipe: Recipe
    problem: Problem
    mark: str


@dataclass(frozen=True)
class Framing:
    context: Context
    data: Data
    cleaning: Cleaning

    def suggest(self, project_id: str, target: str) -> Problem:
        """The problem that a target column suggests: task, metric, classes."""
        frame, columns = self.cleaning.cleaned(project_id)
        return framing.suggest_problem(frame, columns, target)

    def tasks(self, project_id: str, target: str) -> tuple[Task, ...]:
        """What a target column can be predicted as: a number, yes or no, one of several classes."""
        frame, columns = self.cleaning.cleaned(project_id)
        return framing.possible_tasks(find_column(columns, target), len(frame))

    def as_task(self, project_id: str, problem: Problem, task: Task) -> Problem:
        """The same goal with its target predicted as another task: metric and classes are suggested anew, columns stay."""
        return framing.as_task(self.cleaning.cleaned(project_id)[0][problem.target], problem, task)

    def of_now(self, project_id: str, problem: Problem) -> framing.Renewed:
        """The same goal with the classes that its target has now, and what changed in words."""
        return framing.renew_classes(*self.cleaning.cleaned(project_id), problem)

    def metrics(self, task: Task) -> tuple[str, ...]:
        """The names of the metrics that can judge this task, the one that is taken unless another is chosen first."""
        return tuple(dict.fromkeys((framing.default_metric(task), *(metric.name for metric in framing.metrics_for(task)))))

    def save(self, project_id: str, problem: Problem) -> Problem:
        """Keep the problem; BadInput when the target cannot be learned, a column is unknown or rows cannot be split like this."""
        frame, columns = self.cleaning.cleaned(project_id)
        names = {column.name for column in columns}
        unknown = [name for name in (*problem.excluded, problem.time, problem.group) if name and name not in names]
        if unknown:
            raise BadInput(f"There is no column “{unknown[0][:80]}” in this table.", "Choose one of its columns.")
        framing.check_target(frame, problem)
        framing.check_split(frame, columns, problem)
        if self.problem(project_id) != problem:
            save_again(self.context, "problem", project_id, problem)
            self.context.store.touch(project_id)
        return problem

    def problem(self, project_id: str) -> Problem | None:
        """The saved problem, or None."""
        return self.context.latest("problem", project_id, Problem)

    def needed(self, project_id: str) -> Problem:
        """The saved problem; NotFound when there is none."""
        problem = self.problem(project_id)
        if problem is None:
            raise NotFound("This project has no goal yet.", "Choose what to predict on the goal page.")
        return problem

    def inputs(self, project_id: str) -> Inputs:
        """The records that first held the table, the recipe and the problem of now, which may have been others meanwhile."""
        self.needed(project_id)
        newest = {kind: self.context.store.latest(project_id, kind) for kind in ("table", "problem")}
        return Inputs(recipe=self.cleaning.recipe_id(project_id),
                      **{kind: stands_for(record) if record else "" for kind, record in newest.items()})

    def start_check(self, project_id: str) -> Job:
        """Start the quick check whether machine learning is needed; the running one when it is running already."""
        return queue.enqueue(self.context.store, project_id, "check", self.asked_for(project_id))

    def asked_for(self, project_id: str) -> dict[str, str]:
        """What is asked for when that is started now: about which table, recipe and goal."""
        return _body(self.inputs(project_id))

    def verdict(self, project_id: str) -> Verdict | None:
        """The verdict for the present table, recipe and problem, or None when it was not made (or they changed)."""
        if self.problem(project_id) is None or not self.data.has_table(project_id):
            return None
        return self.verdict_of(project_id, self.inputs(project_id))

    def verdict_of(self, project_id: str, inputs: Inputs) -> Verdict | None:
        """The verdict that was made on exactly these inputs, or None."""
        return self.context.latest("verdict", project_id, Verdict, parent_id=fingerprint(inputs))

    def problem_of(self, inputs: Inputs) -> Problem:
        """The problem of some inputs, whatever the goal is now."""
        return self._named(inputs).problem

    def run_check(self, project_id: str, inputs: Inputs, watch: JobWatch | None, pace: framing.Pace | None = None) -> None:
        """The job: climb the ladder and keep the verdict, as thoroughly as the `pace` allows (none: wholly).

        Without a watch it says nothing: another piece of work tells how far the job is.
        """
        frame, columns, problem, _ = self.open(inputs)
        tell = None if watch is None else lambda share, words: watch.progress(share, words, float("nan"))
        verdict = framing.check(frame, columns, problem, progress=tell, pace=pace or framing.Pace())
        self.context.save("verdict", project_id, verdict, parent_id=fingerprint(inputs))

    def open(self, inputs: Inputs) -> tuple[pd.DataFrame, tuple[Column, ...], Problem, Recipe]:
        """The cleaned frame, its columns, the problem and the recipe behind some inputs.

        BadInput when the table has no column that the problem rests on: the file or a column was changed after the goal.
        """
        named = self._named(inputs)
        recipe, problem = named.recipe, named.problem
        frame, columns = self.cleaning.apply_to(named.stored, recipe, named.mark)
        gone = [name for name in (problem.target, problem.time, problem.group) if name and name not in frame]
        if gone:
            raise BadInput(f"The goal names the column “{gone[0][:80]}”, which this table does not have.",
                           "Choose on the goal page what to predict now.")
        return frame, columns, problem, recipe

    def _named(self, inputs: Inputs) -> _Named:
        """What these records say: read once, as records of these kinds never change (ADR 4) and a page asks ten times a click."""
        def read() -> _Named:
            store = self.context.store
            stored, problem = self.data.stored_of(inputs.table), self.context.noun(Problem, store.get(inputs.problem))
            recipe = self.context.noun(Recipe, store.get(inputs.recipe)) if inputs.recipe else Recipe()
            return _Named(stored, recipe, problem, fingerprint(stored, recipe))

        found: _Named = self.context.nouns.get(f"inputs {inputs.table} {inputs.recipe} {inputs.problem}", read)
        return found

    def fits(self, project_id: str) -> bool:
        """Whether there is a goal and the present table has the column that it predicts."""
        problem = self.problem(project_id)
        return problem is not None and problem.target in self.cleaning.cleaned(project_id)[0]


def _body(inputs: Inputs) -> dict[str, str]:
    return {"table": inputs.table, "recipe": inputs.recipe, "problem": inputs.problem}
