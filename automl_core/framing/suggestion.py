"""From a chosen target to a problem: its task, classes and metric, and one clear sentence when it cannot be predicted."""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from automl_core.data.spellings import find_yes_and_no
from automl_core.data.table import Column, find_column
from automl_core.data.values import FALSE_WORDS, TRUE_WORDS
from automl_core.errors import BadInput
from automl_core.framing.metrics import default_metric, get_metric, metrics_for
from automl_core.framing.problem import Money, Problem, Task

MOST_CLASSES = 100
MOST_NUMBER_CLASSES = 10
FEWEST_ROWS = 10
LARGEST_TARGET = 1e100
MERGE = "the cleaning step “Merge spellings” makes two values of them"
SAVE_AGAIN = "Save the goal again: the goal page shows the values that the target has now."
# What typing takes for yes or no, and what says it of an outcome alone: a column of 1 and 0 is one of numbers all the same.
YES, NO = TRUE_WORDS | {"1", "j", "si", "positive"}, FALSE_WORDS | {"0", "negative"}
# of one letter, a figure, or in other words' company: they mean yes or no only beside their opposite
VAGUE = {"1", "0", "y", "n", "t", "f", "j", "on", "off", "si"}
BESIDE_ONE = {"0", "-1"}  # there 1 says yes; of 1 and 2 it is a code as good as the other


def is_yes(text: str) -> bool | None:
    """Whether a word says yes or no; None when it says neither. A 1 says yes; `find_classes` tells it from a code."""
    word = text.strip().casefold()
    return True if word in YES else False if word in NO else None


def label_text(value: object) -> str:
    """The label of one target value as text: whole numbers without a decimal point, everything else as it is written."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def labels_of(series: pd.Series) -> pd.Series:
    """The labels of a target column as text; missing stays missing."""
    if series.dtype.kind in "iuf":
        codes, values = pd.factorize(series)
        texts = np.array([label_text(value) for value in values] + [None], dtype=object)
        return pd.Series(texts[codes], index=series.index, name=series.name).astype("str")
    return series.astype("str")


def detect_task(series: pd.Series, column: Column) -> Task:
    """The task a target column suggests.

    Two values are binary; text, and up to ten whole numbers that each occur often, are multiclass; other numbers regression.
    """
    values = series.dropna()
    distinct = values.nunique()
    if distinct == 2 or column.kind == "bool":
        return "binary"
    if column.kind in ("text", "date"):
        return "multiclass"
    whole = bool((values % 1 == 0).all()) if len(values) else False
    if whole and distinct <= MOST_NUMBER_CLASSES and len(values) >= 20 * distinct:
        return "multiclass"
    return "regression"


def suggest_problem(frame: pd.DataFrame, columns: tuple[Column, ...], target: str) -> Problem:
    """A problem for this target with sensible defaults; BadInput with one sentence when it cannot be one."""
    column = find_column(columns, target)
    if target not in frame.columns:
        raise BadInput(f"The target “{target[:80]}” is not in the table any more.", "Undo the step that dropped it.")
    task = detect_task(frame[target], column)
    problem = problem_for(frame[target], target, task)
    check_target(frame, problem)
    return problem


def problem_for(series: pd.Series, target: str, task: Task, metric: str = "") -> Problem:
    """The problem of this target as this task, with the classes found in `series` (none for a number)."""
    chosen = metric or default_metric(task)
    if task == "regression":
        return Problem(target, task, chosen)
    classes, positive = find_classes(series)
    return Problem(target, task, chosen, classes, positive if task == "binary" else "")


def possible_tasks(column: Column, rows: int) -> tuple[Task, ...]:
    """What a target column of so many rows can be predicted as: a number, yes or no, one of several classes."""
    found: list[Task] = ["regression"] if column.kind in ("int", "float") else []
    if column.distinct == 2:
        found.append("binary")
    elif column.distinct > 2 and not _too_many_classes(column.distinct, rows - column.missing):
        found.append("multiclass")
    return tuple(found)


def as_task(series: pd.Series, problem: Problem, task: Task) -> Problem:
    """The same goal with its target predicted as another task.

    What goes with a task is suggested anew: metric, classes and their scale, quantile, money. What goes with columns stays.
    """
    if task == problem.task:
        return problem
    return replace(problem_for(series, problem.target, task), later=problem.later, never=problem.never, time=problem.time,
                   group=problem.group, roles=problem.roles, copies_together=problem.copies_together, weights=problem.weights)


def find_classes(series: pd.Series) -> tuple[tuple[str, ...], str]:
    """Labels in order (numbers by value, text by letter) and the positive one: a word for yes, otherwise the rarer."""
    counts = labels_of(series.dropna()).value_counts()
    numeric = series.dtype.kind in "iuf"
    classes = tuple(sorted((str(label) for label in counts.index), key=(lambda text: (float(text), text)) if numeric else None))
    words = {label.strip() for label in classes}
    yes = [label for label in classes if is_yes(label) and (label.strip() != "1" or BESIDE_ONE & words)]
    if len(yes) == 1:
        return classes, yes[0]
    return classes, min(classes, key=lambda label: (int(counts[label]), -classes.index(label)), default="")


@dataclass(frozen=True, slots=True)
class ClassCount:
    """One class and how many rows have it."""

    label: str
    rows: int


def class_counts(series: pd.Series) -> tuple[ClassCount, ...]:
    """Classes by frequency, the most common first: what a page shows."""
    return tuple(ClassCount(str(label), int(rows)) for label, rows in labels_of(series.dropna()).value_counts().items())


def check_target(frame: pd.DataFrame, problem: Problem) -> tuple[str, ...]:
    """Warnings about the target as sentences; BadInput when nothing can be learned from it as this problem says."""
    name = problem.target[:80]
    if problem.target not in frame.columns:
        raise BadInput(f"There is no column “{name}” in this table.", "Choose one of its columns as the target.")
    series = frame[problem.target]
    present = series.dropna()
    if present.empty:
        raise BadInput(f"The target “{name}” is empty in every row.", "Choose a column that holds the outcome.")
    if present.nunique() == 1:
        only = label_text(present.iloc[0])[:80]
        raise BadInput(f"The target “{name}” is “{only}” in every row, so there is nothing to predict.", "Choose another target.")
    if len(present) < FEWEST_ROWS:
        have = "row has" if len(present) == 1 else "rows have"
        raise BadInput(f"Only {len(present)} {have} a value in the target “{name}”.", f"At least {FEWEST_ROWS} are needed.")
    metric = get_metric(problem.metric)
    if problem.task not in metric.tasks:
        fit = ", ".join(one.name for one in metrics_for(problem.task))
        raise BadInput(f"{metric.title} cannot judge a {problem.task} target.", f"Choose one of: {fit}; or another task.")
    check_options(problem)
    warnings = _check_number(present, problem) if problem.task == "regression" else _check_classes(present, problem)
    missing = len(series) - len(present)
    if missing:
        have, are = ("has", "is") if missing == 1 else ("have", "are")
        warnings.append(f"{missing:,} of {len(series):,} rows {have} no value in “{name}” and {are} left out of training.")
    return tuple(warnings)


def check_judged(frame: pd.DataFrame, problem: Problem) -> None:
    """BadInput when no search can be judged: a single row of a class is either learned from or asked about, never both.

    Rows of weight 0 are neither: no search counts them.
    """
    if problem.task != "binary":
        return
    series, one = frame[problem.target], "one row"
    if problem.weights and problem.weights in frame.columns:
        series, one = series[pd.to_numeric(frame[problem.weights], errors="coerce") != 0], "one row with a weight above 0"
    counts = labels_of(series.dropna()).value_counts()
    if counts.min() == 1:
        only = str(counts.idxmin())[:80]
        raise BadInput(f"Only {one} has “{only}” in “{problem.target[:80]}”, so no model of it can be judged.",
                       "Add rows that have it, at least two and better fifty, or choose another target.")


def check_options(problem: Problem) -> None:
    """BadInput when what the problem asks for does not go together."""
    if problem.metric == "pinball" and not 0 < problem.quantile < 1:
        raise BadInput(f"{problem.quantile:g} is no quantile.", "Give a number between 0 and 1, for example 0.9.")
    if problem.ordered and problem.task != "multiclass":
        raise BadInput("Only a target of several classes can be a scale of steps.",
                       "Predict it as one of several classes.")
    if problem.metric == "ranked_probability" and not problem.ordered:
        raise BadInput("The ranked probability score needs steps of a scale: by their letters alone no class is above another.",
                       "Say that the classes are steps of a scale (--ordered, with words in their order), or choose log loss.")
    if problem.weights and problem.weights in (problem.target, problem.time, problem.group):
        raise BadInput(f"“{problem.weights[:80]}” cannot be the weight of a row as well.", "Choose another column.")
    money = problem.money or Money()
    if problem.metric == "money" and problem.task == "regression" and min(money.over, money.under) <= 0:
        raise BadInput("A number judged by money needs a cost above 0 for each unit too high and for each unit too low.",
                       "Give both on the goal page (or as --money over=2,under=5), or choose another metric.")
    if problem.metric == "money" and problem.task == "binary" and not money.of_decisions:
        raise BadInput("A yes/no target judged by money needs what its decisions are worth.", "Give the amounts on the goal page "
                       "(or as --money true_positive=500,false_positive=-20), or choose another metric.")
    if (problem.task == "regression" and money.of_decisions) or (problem.task == "binary" and money.of_units):
        raise BadInput("The amounts of money do not go with this target.", "A yes/no target has them for right and wrong "
                       "decisions (true_positive and so on), a number for units too high and too low (over, under).")


def _check_number(present: pd.Series, problem: Problem) -> list[str]:
    name = problem.target[:80]
    if present.dtype.kind not in "iuf":
        raise BadInput(f"The target “{name}” is not a number, so it cannot be predicted as one.",
                       "Change its type, or predict it as one of several classes.")
    values = present.to_numpy(dtype=float)
    if np.abs(values[np.isfinite(values)]).max(initial=0.0) > LARGEST_TARGET:
        raise BadInput(f"The target “{name}” holds numbers beyond {LARGEST_TARGET:.0e}, whose errors cannot be computed.",
                       "Correct them, or choose another target.")
    if problem.metric == "rmsle" and values.min() < 0:
        raise BadInput(f"RMSLE needs a target without negative values, and “{name}” has some.", "Choose RMSE instead.")
    warnings, endless, zero = [], int(np.isinf(values).sum()), int((values == 0).sum())
    if endless:
        have, are = ("row has", "is") if endless == 1 else ("rows have", "are")
        warnings.append(f"{endless:,} {have} an infinite value in “{name}” and {are} left out of training.")
    if problem.metric == "mape" and zero:
        warnings.append(f"“{name}” is 0 in {zero:,} {'row' if zero == 1 else 'rows'}, where a percentage error has no meaning.")
    return warnings


def _too_many_classes(distinct: int, rows: int) -> bool:
    """Whether so many different values on so many rows are no classes that could be learned."""
    return distinct > MOST_CLASSES or (distinct > 20 and distinct > 0.5 * rows)


def _check_classes(present: pd.Series, problem: Problem) -> list[str]:
    name = problem.target[:80]
    counts = labels_of(present).value_counts()
    if _too_many_classes(len(counts), len(present)):
        raise BadInput(f"The target “{name}” has {len(counts):,} different values, too many for classes.",
                       "Choose a column with fewer values, or a number.")
    spelled = bool(find_yes_and_no({str(label): int(rows) for label, rows in counts.items()}))
    if problem.task == "binary" and len(counts) != 2:
        raise BadInput(f"The target “{name}” has {len(counts)} different values, and a yes/no target needs two.",
                       f"They all say yes or no: {MERGE}." if spelled else "Predict it as one of several classes.")
    unknown = [label for label in problem.classes if label not in counts.index]
    if unknown:
        raise BadInput(f"No row has the class “{unknown[0][:80]}” in “{name}”.", SAVE_AGAIN)
    beyond = [str(label) for label in counts.index if label not in problem.classes]
    if beyond:
        rows = int(counts[beyond[0]])
        said = f"“{name}” is “{beyond[0][:80]}” in {rows:,} {'row' if rows == 1 else 'rows'}"
        raise BadInput(f"{said}, which is no class of the goal.", SAVE_AGAIN)
    warnings = [f"Only one row has the class “{str(label)[:80]}”: no model can learn it." for label in counts.index[counts == 1]]
    if spelled and problem.task == "multiclass":
        warnings.append(f"“{name}” spells yes and no in {len(counts)} ways: {MERGE}.")
    share = float(counts.iloc[-1] / counts.sum())
    if problem.task == "binary" and problem.metric == "accuracy" and share < 0.05:
        warnings.append(f"Only {100 * share:.2g} % of the rows are “{str(counts.index[-1])[:80]}”: judge by ROC AUC or average "
                        "precision, not by accuracy.")
    return warnings
