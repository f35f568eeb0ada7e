"""The part of the command line that says what is predicted and how it is searched for: its options, and what they ask."""
from __future__ import annotations

import argparse
import csv
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from automl_core.errors import BadInput
from automl_core.framing.metric_names import QUANTILE, TASKS, metrics_listed
from automl_core.search.plan import LONGEST_SEARCH
from automl_core.settings import read_settings
from automl_core.workspace.train_options import USUAL, TrainOptions, amounts_of, money_names

if TYPE_CHECKING:
    from automl_core.framing.problem import Money
    from automl_core.workspace.requests import Request


def next_words(run_id: str, out: Path) -> str:
    """Names a search that has ended and says what to ask next: by its id, and with its bundle."""
    command, bundle = "python -m automl_core", shlex.quote(str(out))
    return (f"This search is {run_id}. Next, for its report: {command} report {run_id} --out report.html\n"
            f"Or, of rows in a file: {command} explain {bundle} FILE --row 0")


def add_problem(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the options of a problem to a command, which is given back."""
    command.add_argument("--target", required=True, metavar="COLUMN", help="what is to be predicted")
    command.add_argument("--task", default="", metavar="TASK",
                         help=f"{', '.join(TASKS)}, or {QUANTILE} for a quantile of a number; without it the target decides")
    command.add_argument("--metric", default="", metavar="METRIC", help=f"what models are judged by, of {metrics_listed()}; the "
                         "first of each unless another is given; usual other names are known, such as auc and logloss")
    command.add_argument("--positive", default="", metavar="LABEL", help="which of two classes is predicted; without it the one "
                         "that says yes, else the rarer one")
    command.add_argument("--drop", default="", metavar="A,B",
                         help="columns that no model may see; a name with a comma stands in double quotes: '\"A, B\",C'")
    command.add_argument("--time", default="", metavar="COLUMN", help="when: later rows test what was learned from earlier ones")
    command.add_argument("--group", default="", metavar="COLUMN", help="whose: rows of one customer or shop stay on one side")
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
                         help=f"1 to {LONGEST_SEARCH}; {USUAL:g} unless --trials is given")
    command.add_argument("--jobs", type=int, default=0, metavar="N", help="how many workers; 0: as the settings say")
    command.add_argument("--seed", type=int, default=0, help="with --trials the same one gives the same model again")
    command.add_argument("--trials", type=int, default=0, metavar="N",
                         help="this many candidates instead of a time; with --budget whichever comes first")
    command.add_argument("--folds", type=int, default=0, help="0 lets the rows decide")
    command.add_argument("--families", default="", metavar="A,B", help="only these kinds of model")
    command.add_argument("--hand-over", default="", metavar="RUNG", help="rule, linear, legible, small, student, single or "
                         "ensemble")
    command.add_argument("--student", action="store_true", help="keep time to teach one model what the ensemble says")
    command.add_argument("--executor", default="local", help="local, or dask://HOST:PORT")


def add_class(command: argparse.ArgumentParser, also: str = "") -> argparse.ArgumentParser:
    """Add the option that says which class is spoken of; the command is given back."""
    command.add_argument("--class", dest="label", default="", metavar="CLASS", help="which class to speak of; without it, of "
                         f"several, the commonest, unless three of four rows are of it{also}")
    return command


def options_of(arguments: argparse.Namespace) -> TrainOptions:
    """What the options of a command ask for: those of a search only where it has them. BadInput when amounts are none."""
    ordered = False if arguments.ordered is None else parts_of(arguments.ordered) or True
    problem = TrainOptions(
        task=arguments.task, metric=arguments.metric, drop=parts_of(arguments.drop), time=arguments.time, group=arguments.group,
        weights=arguments.weights, copies_together=arguments.copies_together, positive=arguments.positive,
        quantile=arguments.quantile, ordered=ordered, money=money_of(arguments.money))
    if "trials" not in arguments:
        return problem
    return replace(problem, budget=arguments.budget, seed=arguments.seed, trials=arguments.trials, folds=arguments.folds,
                   families=parts_of(arguments.families), hand_over=arguments.hand_over, jobs=arguments.jobs,
                   executor=arguments.executor, student=arguments.student)


def request_of(arguments: argparse.Namespace) -> Request:
    """What the options ask for; BadInput when a number among them cannot be used."""
    from automl_core.workspace.requests import request_from

    return request_from(arguments.target, options_of(arguments), read_settings().jobs)


def money_of(text: str) -> Money | None:
    """The amounts in “true_positive=500,false_positive=-20”; None when there are none. BadInput for what is none."""
    if not text.strip():  # what knows the names is slow to load, and workers are waiting
        return None
    names, given = money_names(), dict[str, str]()
    for part in parts_of(text):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in names or name in given or not value:
            raise BadInput(f"“{part[:80]}” is no amount of --money, or given twice.",
                           f"Write NAME=AMOUNT of: {', '.join(names)}.")
        given[name] = value
    return amounts_of(given)


def parts_of(text: str) -> tuple[str, ...]:
    """The names in “A,B”; one that holds a comma stands in double quotes, as in a CSV file."""
    try:
        parts = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:
        raise BadInput(f"The names in “{text[:80]}” cannot be told apart.", "Write them as A,B without line breaks.") from None
    return tuple(part.strip() for part in parts if part.strip())
