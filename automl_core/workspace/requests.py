"""What a search is asked for, by a command or a program, and the problem that makes of a suggested one."""
from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from automl_core import data as data_step
from automl_core import framing
from automl_core.acting.goal import said_as
from automl_core.data.table import meant_column
from automl_core.errors import BadInput
from automl_core.explaining.classes import no_such_class
from automl_core.framing.metric_names import QUANTILE, TASKS, metric_called
from automl_core.framing.problem import Money, Problem, Task
from automl_core.search.plan import LONGEST_SEARCH, Plan
from automl_core.workspace.projects import with_never
from automl_core.workspace.train_options import USUAL, TrainOptions, amounts_of, check_numbers


@dataclass(frozen=True, slots=True)
class Request:
    """What `train` and `check` work by; empty means detect. `steps` are ordered classes, lowest first."""

    target: str
    task: str = ""
    metric: str = ""
    drop: tuple[str, ...] = ()
    time: str = ""
    group: str = ""
    copies_together: bool = False
    weights: str = ""
    quantile: float | None = None
    ordered: bool = False
    steps: tuple[str, ...] = ()
    money: Money | None = None
    positive: str = ""
    plan: Plan = field(default_factory=Plan)

    @property
    def named(self) -> tuple[str, ...]:
        """Columns the request speaks of: cleaning must not drop them before they are looked up."""
        return tuple(name for name in (*self.drop, self.time, self.group, self.weights) if name)


def request_from(target: str, options: TrainOptions, jobs: int) -> Request:
    """What the options ask for, which name columns and classes by texts; `jobs` fit where they do not say how many. BadInput when
    a number among them cannot be used."""
    check_numbers(options)
    budget = options.budget or (LONGEST_SEARCH if options.trials else USUAL)
    plan = Plan(budget_seconds=float(budget), jobs=int(options.jobs) or jobs, seed=int(options.seed), folds=int(options.folds),
                families=tuple(options.families), executor=options.executor, max_trials=int(options.trials),
                student=bool(options.student) or options.hand_over == "student", limited=bool(options.trials and options.budget))
    money = amounts_of(options.money) if isinstance(options.money, Mapping) else options.money
    steps = () if isinstance(options.ordered, bool) else tuple(options.ordered)
    return Request(target, options.task, options.metric, tuple(options.drop), options.time, options.group,
                   options.copies_together, options.weights, options.quantile, options.ordered is not False, steps, money,
                   options.positive, plan)


def in_table(request: Request, columns: tuple[data_step.Column, ...]) -> Request:
    """The request with a table's own names for the columns it names: a script may have them as the file does, or as pandas makes
    them. BadInput for one that is not there."""
    def own(name: str) -> str:
        return meant_column(columns, name).name if name else ""

    return replace(request, target=meant_column(columns, request.target).name, drop=tuple(map(own, request.drop)),
                   time=own(request.time), group=own(request.group), weights=own(request.weights))


def shaped(problem: Problem, request: Request, frame: pd.DataFrame, columns: tuple[data_step.Column, ...]) -> Problem:
    """The suggested problem with what was asked for put in its place; BadInput for an unknown column, task, metric or class."""
    names = {column.name for column in columns}
    for name in (*request.drop, request.time, request.group, request.weights):
        if name and name not in names:
            raise BadInput(f"There is no column “{name[:80]}” in this table.", "Check its spelling.")
    task, metric, quantile = _judged(request, problem.task)
    if task != problem.task:
        problem = framing.problem_for(frame[request.target], request.target, task)
    if request.target in request.drop:
        raise BadInput(f"“{request.target[:80]}” is the target and cannot be dropped.", "Drop other columns.")
    problem = replace(with_never(problem, request.drop), time=request.time, group=request.group,
                      copies_together=request.copies_together, weights=request.weights, quantile=quantile,
                      ordered=request.ordered, money=request.money)
    if request.money is not None and problem.task == "multiclass":
        raise BadInput("Only a yes/no target or a number can have amounts of money.", "Leave out --money.")
    if request.positive:
        problem = replace(problem, positive=_positive(problem, request.positive))
    if request.ordered and problem.task == "multiclass":
        problem = replace(problem, classes=_steps(problem.classes, request.steps))
    return replace(problem, metric=framing.get_metric(metric).name) if metric else problem


def _judged(request: Request, detected: Task) -> tuple[Task, str, float]:
    """The task, the metric (empty: the usual one) and the quantile asked for. A quantile is one of a number and judged by the
    pinball loss, whether the task, the metric or only its level says so; BadInput for one of anything else."""
    asked = request.task.strip().casefold()
    task = "regression" if asked == QUANTILE else _task(asked) if asked else detected
    metric = metric_called(request.metric) if request.metric else ""
    if asked != QUANTILE and request.quantile is None:
        return task, metric, 0.5
    if task != "regression":
        raise BadInput("Only a number has quantiles, and this target is one of classes.",
                       "Leave out --quantile, or give --task quantile if the target holds numbers.")
    if metric not in ("", "pinball"):
        raise BadInput(f"A quantile is judged by the pinball loss, and not by {framing.get_metric(metric).name}.",
                       "Leave out --metric, or do not ask for a quantile.")
    return task, "pinball", 0.5 if request.quantile is None else request.quantile


def _positive(problem: Problem, label: str) -> str:
    """The class of two that somebody means; BadInput for none of them, and where there are not two."""
    if problem.task != "binary":
        raise BadInput("Only a target of two classes has a positive one.", "Leave out --positive.")
    found = said_as(label, problem.classes)
    if not found:
        raise no_such_class(problem, label, f"Give {' or '.join(f'“{name[:80]}”' for name in problem.classes)}.")
    return found


def _steps(classes: tuple[str, ...], steps: tuple[str, ...]) -> tuple[str, ...]:
    """The classes in the order of a scale: as given, or by value when they are numbers."""
    if steps:
        if sorted(steps) != sorted(classes):
            raise BadInput("The steps of the scale are not the classes of the target.",
                           f"Name each once, lowest first: {', '.join(name[:40] for name in classes[:10])}.")
        return steps
    try:
        return tuple(sorted(classes, key=float))
    except ValueError:
        raise BadInput("The classes are words, and words do not say which step is higher.",
                       f"Give their order, lowest first: --ordered {_listed(classes[:10])}") from None


def _listed(names: tuple[str, ...]) -> str:
    """Names as they are written in a list on the command line."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([name[:40] for name in names])
    return line.getvalue()


def _task(name: str) -> Task:
    tasks: dict[str, Task] = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}
    if name not in tasks:
        raise BadInput(f"“{name[:40]}” is not a task.", f"Choose {', '.join(TASKS)} or {QUANTILE}.")
    return tasks[name]
