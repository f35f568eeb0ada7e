"""Use cases of an experiment that was run already: which column tells who was treated, what it measured, and the rows by gain."""
from __future__ import annotations

import math
from dataclasses import dataclass, replace
from io import BytesIO

import pandas as pd

from automl_core import acting
from automl_core.acting import Experiment
from automl_core.acting.action import Goal, Lever
from automl_core.acting.spelling import texts
from automl_core.codec import to_json
from automl_core.errors import BadInput
from automl_core.jobs import JobWatch
from automl_core.reporting.exports import safe_csv
from automl_core.workspace.act import Acting
from automl_core.workspace.context import Context
from automl_core.workspace.kept_cards import goal_marks
from automl_core.workspace.search import Searching
from automl_core.workspace.views import Run


@dataclass(frozen=True, slots=True)
class MeasuredExperiment:
    """The result of the goal's experiment, and the file of each row's expected gain (empty when refused)."""

    result: Experiment
    gains: str = ""


@dataclass(frozen=True)
class Experimenting:
    context: Context
    search: Searching
    act: Acting

    def result(self, project_id: str) -> Experiment | None:
        """The measured experiment of the present goal; None when the goal names none, or it was not measured yet."""
        run = self.search.last(project_id)
        return None if run is None else self.result_of(run)

    def result_of(self, run: Run) -> Experiment | None:
        """The same for one run."""
        kept = self._measured(run)
        return None if kept is None else kept.result

    def _measured(self, run: Run) -> MeasuredExperiment | None:
        goal = self.act.goal_of(run)
        if not goal.experiment:
            return None
        kept = (self.context.latest("experiment", run.project_id, MeasuredExperiment, parent_id=run.id + mark)
                for mark in goal_marks(goal))
        return next(filter(None, kept), None)

    def csv(self, project_id: str) -> bytes:
        """The rows by how much they gain from the treatment, most first; safe to open. BadInput when it was not measured."""
        run = self.search.needed(project_id)
        kept = self._measured(run)
        if kept is None or not kept.gains:
            raise BadInput("No experiment was measured.", "Measure it on the act page.")
        frame, _, _, _ = self.search.goal.open(self.search.inputs(run))
        gains = pd.read_parquet(self.context.store.file_path(kept.gains))["gain"].to_numpy(dtype="float64")
        return safe_csv(acting.experiment_frame(gains, frame, kept.result), excel=True)

    def declare(self, project_id: str, treatment: str, treated: str = "") -> Goal:
        """Name the column that says who was treated in an experiment (empty: none), keeping the rest of the goal.

        `treated` is the value that means so; it is needed only where words such as yes and no do not tell.
        """
        return self.act.save_goal(project_id, self.named(project_id, self.act.goal(project_id), treatment, treated))

    def named(self, project_id: str, goal: Goal, treatment: str, treated: str = "") -> Goal:
        """Any goal with that said in it; nothing is kept."""
        only = goal.experiment in self.search.opened(project_id)[2].excluded  # then it is there as the treatment alone
        levers = tuple(lever for lever in goal.levers if lever.column != goal.experiment or not (only or _bare(lever, goal)))
        if treatment and treatment not in {lever.column for lever in levers}:
            costs = {lever.column: lever.cost for lever in goal.levers}
            levers = (*levers, Lever(treatment, cost=costs.get(treatment, goal.contact_cost)))
        if treated:
            levers = tuple(replace(one, to=(treated,), step=math.nan, relative=False) if one.column == treatment else one
                           for one in levers)
        return replace(goal, experiment=treatment, levers=levers)

    def treatments(self, project_id: str) -> tuple[str, ...]:
        """Columns with two values that could say who was treated."""
        run = self.search.needed(project_id)

        def look() -> tuple[str, ...]:
            frame, columns, problem, _ = self.search.goal.open(self.search.inputs(run))
            names = [column.name for column in columns if column.name != problem.target]
            return tuple(name for name in names if frame[name].nunique() == 2)

        found: tuple[str, ...] = self.context.decisions.get(f"treatments {run.id}", look)
        return found

    def sides(self, project_id: str, treatment: str) -> tuple[str, ...]:
        """The values of a column that says who was treated."""
        frame, _, _, _ = self.search.goal.open(self.search.inputs(self.search.needed(project_id)))
        return tuple(sorted(map(str, texts(frame[treatment]).dropna().unique()))) if treatment in frame else ()

    def run(self, run_id: str, goal: Goal, watch: JobWatch) -> None:
        """The part of the acting job that is quick: measure the experiment of its goal, when that names one, on all rows with an
        outcome and a treatment (a random 50,000 of more), and keep it."""
        if not goal.experiment:
            return
        run = self.search.run(run_id)
        watch.progress(0.05, "Reading the experiment.", float("nan"))
        frame, columns, problem, _ = self.search.goal.open(self.search.inputs(run))
        result, gains = acting.measure_drawn(acting.ExperimentInputs(frame, columns, problem, goal))
        kept = MeasuredExperiment(result)
        if not result.refused:
            buffer = BytesIO()
            pd.DataFrame({"gain": gains}).to_parquet(buffer, index=False)
            kept = replace(kept, gains=self.context.store.write_file(run.project_id, buffer.getvalue(), ".parquet").id)
        self.context.save("experiment", run.project_id, kept, parent_id=run.id + goal_marks(goal)[0])


def _bare(lever: Lever, goal: Goal) -> bool:
    """Whether nobody has said more of the treatment's lever than the experiment itself: which value is the treatment."""
    plain = to_json(Lever(lever.column))  # as texts, for a NaN that was read equals no other
    return (to_json(replace(lever, to=(), cost=0.0)) == plain and len(lever.to) <= 1
            and lever.cost in (0.0, goal.contact_cost))
