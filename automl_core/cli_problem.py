"""The part of the command line that says what is predicted and how it is searched for: its options, and what they ask."""
from __future__ import annotations

import argparse
import csv
import math
import shlex
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.errors import BadInput
from automl_core.framing.metric_names import QUANTILE, TASKS, metrics_listed
from automl_core.search.plan import LONGEST_SEARCH, Plan
from automl_core.settings import read_settings

if TYPE_CHECKING:
    from automl_core.framing.problem import Money, Verdict
    from automl_core.workspace.requests import Request
    from automl_core.workspace.views import Run

MOST_FOLDS = 20


def fitted(run: Run) -> tuple[tuple[str, int], ...]:
    """The candidates that a search has fitted, each with the number of its folds."""
    trials = run.summary.leaderboard if run.summary else ()
    return tuple(sorted((trial.key, len(trial.fold_scores)) for trial in trials if trial.fold_scores))


def next_words(run_id: str, out: Path) -> str:
    """Names a search that has ended and says what to ask next: by its id, and with its bundle."""
    command, bundle = "python -m automl_core", shlex.quote(str(out))
    return (f"This search is {run_id}. Next, for its report: {command} report {run_id} --out report.html\n"
            f"Or, of rows in a file: {command} explain {bundle} FILE --row 0")


def warnings_of(verdict: Verdict, options: bool) -> tuple[str, ...]:
    """What is to be known of the table and its target, a sentence each; `options`: whether the command has those of a problem,
    so that they can be named."""
    hint = " Give --copies-together if new rows will not be copies." if options else ""
    return (*verdict.warnings, *((verdict.copies + hint,) if verdict.copies else ()))


def positive_words(verdict: Verdict, options: bool) -> tuple[str, ...]:
    """Which of two classes is predicted, as a sentence; nothing for other targets. `options` as in `warnings_of`."""
    hint = "; --positive names the other class" if options else ""
    return (f"Predicted is the chance of “{verdict.positive[:80]}”{hint}.",) if verdict.positive else ()


def check_train(budget: float | None, jobs: int) -> None:
    """BadInput for a budget or a number of workers that no search can have: before workers start."""
    if budget is not None and not 1 <= budget <= LONGEST_SEARCH:
        raise BadInput(f"A budget of {budget:g} seconds cannot be searched.", "Give 1 second or more, up to a day.")
    if jobs < 0:
        raise BadInput(f"{jobs:,} workers cannot search.", "Give --jobs of 1 or more; 0 takes as many as the settings say.")


def add_problem(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the options of a problem to a command, which is given back."""
    command.add_argument("--target", required=True)
    command.add_argument("--task", default="", metavar="TASK",
                         help=f"{', '.join(TASKS)}, or {QUANTILE} for a quantile of a number; without it the target decides")
    command.add_argument("--metric", default="", metavar="METRIC", help=f"what models are judged by, of {metrics_listed()}; the "
                         "first of each unless another is given; usual other names are known, such as auc and logloss")
    command.add_argument("--positive", default="", metavar="LABEL", help="which of two classes is predicted; without it the one "
                         "that says yes, else the rarer one")
    command.add_argument("--drop", default="", metavar="A,B",
                         help="columns that no model may see; a name with a comma stands in double quotes: '\"A, B\",C'")
    command.add_argument("--time", default="")
    command.add_argument("--group", default="")
    command.add_argument("--weights", default="", metavar="COLUMN", help="how much each row counts")
    command.add_argument("--quantile", type=float, default=None, metavar="LEVEL", help="predict the value that this share of "
                         "rows stays below, such as 0.9, judged by `--metric pinball` (which alone means 0.5)")
    command.add_argument("--ordered", nargs="?", const="", default=None, metavar="LOW,...,HIGH",
                         help="the classes are steps of a scale; words need their order, quoted as in --drop")
    command.add_argument("--money", default="", metavar="NAME=AMOUNT,...", help="what a row's decision is worth, as on the goal "
                         "page: true_positive, false_positive, false_negative and true_negative of a yes/no target (costs are "
                         "below 0), over and under of a number (what each unit too high or too low costs), and currency; "
                         "`--metric money` needs it")
    command.add_argument("--copies-together", action="store_true", help="keep exact copies of a row on one side of every split")
    return command


def add_search(command: argparse.ArgumentParser) -> None:
    """Add the options of how it is searched for."""
    command.add_argument("--budget", type=float, default=None, metavar="SECONDS",
                         help=f"1 to {LONGEST_SEARCH}; 60 unless --trials is given")
    command.add_argument("--jobs", type=int, default=0, metavar="N", help="how many workers; 0: as the settings say")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--trials", type=int, default=0, metavar="N", help="this many candidates instead of a time")
    command.add_argument("--folds", type=int, default=0, help="0 lets the rows decide")
    command.add_argument("--families", default="", metavar="A,B", help="only these kinds of model")
    command.add_argument("--hand-over", default="", metavar="RUNG", help="rule, linear, legible, small, single or ensemble")
    command.add_argument("--executor", default="local", help="local, or dask://HOST:PORT")


def add_class(command: argparse.ArgumentParser, also: str = "") -> argparse.ArgumentParser:
    """Add the option that says which class is spoken of; the command is given back."""
    command.add_argument("--class", dest="label", default="", metavar="CLASS", help="which class to speak of; without it, of "
                         f"several, the commonest, unless three of four rows are of it{also}")
    return command


def request_of(arguments: argparse.Namespace) -> Request:
    """What the options ask for; BadInput when a number among them cannot be used."""
    from automl_core.workspace.requests import Request

    trials = getattr(arguments, "trials", 0)
    folds, seed = getattr(arguments, "folds", 0), getattr(arguments, "seed", 0)
    if trials < 0 or seed < 0 or not (folds == 0 or 2 <= folds <= MOST_FOLDS):
        raise BadInput("This number of trials or folds, or this seed, cannot be used.",
                       f"Give trials and a seed of 0 or more, and 2 to {MOST_FOLDS} folds (0 lets the rows decide).")
    budget = getattr(arguments, "budget", 0.0) or (float(LONGEST_SEARCH) if trials else 60.0)
    plan = Plan(budget_seconds=budget, jobs=getattr(arguments, "jobs", 0) or read_settings().jobs,
                seed=seed, folds=folds,
                families=parts_of(getattr(arguments, "families", "")), executor=getattr(arguments, "executor", "local"),
                max_trials=trials)
    return Request(arguments.target, arguments.task, arguments.metric, parts_of(arguments.drop), arguments.time, arguments.group,
                   arguments.copies_together, arguments.weights, arguments.quantile, arguments.ordered is not None,
                   parts_of(arguments.ordered or ""), money_of(arguments.money), arguments.positive, plan)


def money_of(text: str) -> Money | None:
    """The amounts in “true_positive=500,false_positive=-20”; None when there are none. BadInput for what is none."""
    from automl_core.framing.problem import Money

    names = tuple(field.name for field in fields(Money))
    given: dict[str, Any] = {}
    for part in parts_of(text):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in names or name in given or not value:
            raise BadInput(f"“{part[:80]}” is no amount of --money, or given twice.",
                           f"Write NAME=AMOUNT of: {', '.join(names)}.")
        given[name] = value[:3] if name == "currency" else _amount(name, value)
    if given and not any(amount for name, amount in given.items() if name != "currency"):
        raise BadInput("All amounts of --money are 0.", "Give at least one, for example true_positive=500.")
    return Money(**given) if given else None


def _amount(name: str, text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount) or (name in ("over", "under") and amount < 0):
        raise BadInput(f"“{text[:40]}” cannot be the amount of {name}.", "Give a number; over and under are costs of 0 or more.")
    return amount


def parts_of(text: str) -> tuple[str, ...]:
    """The names in “A,B”; one that holds a comma stands in double quotes, as in a CSV file."""
    try:
        parts = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:
        raise BadInput(f"The names in “{text[:80]}” cannot be told apart.", "Write them as A,B without line breaks.") from None
    return tuple(part.strip() for part in parts if part.strip())
