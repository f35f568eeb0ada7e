"""What each part of the search is worth: the same search without it, on the same tables and the same rows held back.

    PYTHONPATH=. python benchmarks/ablations.py --data ../shared/bench --budget 30

Parts are taken out in this process, which decides what is tried; the workers only fit. Writes `benchmarks/results/ablations.json`
and `ablations.md`. Run by hand on a quiet machine.
"""
from __future__ import annotations

import argparse
import importlib.util
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

from automl_core.data.infer import table_from_frame
from automl_core.data.schema import type_frame
from automl_core.data.table import Table
from automl_core.framing.problem import Problem
from automl_core.search import FolderJournal, SearchData, next_task, opening, search
from automl_core.search.contest import Contest
from automl_core.search.families import learners
from automl_core.search.model import Model
from automl_core.search.plan import Candidate, Plan
from automl_core.search.prepared import Prepared

RESULTS = Path(__file__).parent / "results"
TABLES = ("telco_churn", "ames_housing", "wine_quality_white", "insurance", "titanic", "airline_sentiment", "kc_house")
make_portfolio = opening.make_portfolio


@contextmanager
def features_off() -> Iterator[None]:
    """No formulas, no levels or texts coded by the target."""
    views = Prepared.views.fget  # type: ignore[attr-defined]
    plain = property(lambda self: views(self)._replace(codes=False, texts=False, formulas=False))
    with mock.patch.object(Prepared, "views", plain):
        yield


@contextmanager
def formulas_off() -> Iterator[None]:
    """No formulas."""
    views = Prepared.views.fget  # type: ignore[attr-defined]
    with mock.patch.object(Prepared, "views", property(lambda self: views(self)._replace(formulas=False))):
        yield


@contextmanager
def racing_off() -> Iterator[None]:
    """Every candidate that was begun is fitted on every fold."""
    with mock.patch.object(Contest, "_spared", return_value=True):
        yield


@contextmanager
def tuning_off() -> Iterator[None]:
    """Nothing beyond the portfolio."""
    with mock.patch.object(next_task, "propose", return_value=None):
        yield


@contextmanager
def order_shuffled() -> Iterator[None]:
    """The same candidates in any order."""
    def shuffled(*arguments: Any) -> tuple[Candidate, ...]:
        found = list(make_portfolio(*arguments))
        random.Random(0).shuffle(found)
        return tuple(found)

    with mock.patch.object(opening, "make_portfolio", shuffled):
        yield


STUDENT = "student"  # is off unless it is asked for: the one variant with something more
VARIANTS: dict[str, Callable[[], Any]] = {
    "everything": ExitStack, "features off": features_off, "formulas off": formulas_off, "racing off": racing_off,
    "order shuffled": order_shuffled, "CatBoost off": ExitStack, "tuning off": tuning_off, STUDENT: ExitStack,
}


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A table of the harness as a search takes it, with the rows held back."""

    table: Table
    problem: Problem
    rows: pd.DataFrame
    judge: Callable[[Any], float]

    @property
    def data(self) -> SearchData:
        """What to search on."""
        return SearchData(self.table.frame, self.table.columns, self.problem)

    def score(self, said: Any) -> float:
        """The score of predictions on the rows held back, greater is better."""
        score = self.judge(np.column_stack([1 - said, said]) if self.problem.task == "binary" else said)
        return score if self.problem.metric == "roc_auc" else -score

    def score_of(self, model: Model) -> float:
        """The score of a model on the rows held back."""
        used = [column for column in self.table.columns if column.name in set(model.sources)]
        return self.score(model.predict_frame(type_frame(self.rows, used).frame))


def open_harness(folder: str) -> Any:
    """The shared harness as a module."""
    where = importlib.util.spec_from_file_location("harness", Path(folder) / "bench.py")
    assert where is not None
    assert where.loader is not None
    harness = importlib.util.module_from_spec(where)
    sys.modules["harness"] = harness
    where.loader.exec_module(harness)
    return harness


def open_table(harness: Any, name: str) -> Held:
    """One table of the harness, split as the harness splits it."""
    spec = harness.load_spec(name)
    known, held, y, truth, classes = harness.split(spec)
    frame = known.copy()
    labels = () if classes is None else tuple(f"c{code}" for code in range(len(classes)))
    frame["__target__"] = y if classes is None else [f"c{code}" for code in y]
    problem = Problem("__target__", spec["task"], spec["metric"], labels, "c1" if spec["task"] == "binary" else "")
    def judge(said: Any) -> float:
        return float(harness.score_predictions(spec, truth, said, classes)[0])

    return Held(table_from_frame(frame, name), problem, held, judge)


def run(harness: Any, name: str, variant: str, budget: float) -> dict[str, Any]:
    """The scores of all rungs, with what was handed over."""
    held = open_table(harness, name)
    plan = Plan(budget_seconds=budget, jobs=2)
    if variant == "CatBoost off":
        plan = replace(plan, families=tuple(family.name for family in learners() if family.name not in ("catboost", "ordered")))
    plan = replace(plan, student=variant == STUDENT)
    with tempfile.TemporaryDirectory() as folder, VARIANTS[variant]():
        found = search(held.data, plan, FolderJournal(Path(folder)))
    named = {name: found.rungs[offer.name] for offer in found.summary.ladder for name in (offer.name, *offer.also)}
    scores = {rung: held.score_of(model) for rung, model in {**named, "handed over": found.model}.items()}
    return {"table": name, "variant": variant, "scores": scores, "candidates": len(found.summary.leaderboard),
            "members": found.summary.members}


def gain(ours: float, without: float) -> float:
    """How much better with the part, in percent of the score without it."""
    return 100 * (ours - without) / abs(without)


def written(runs: list[dict[str, Any]], budget: float) -> str:
    """The table in Markdown."""
    by = {(item["table"], item["variant"]): item["scores"]["handed over"] for item in runs}
    others = [variant for variant in VARIANTS if variant != "everything"]
    lines = [f"Gain of each part in percent of the score without it, on rows held back ({budget:g} s, 2 workers, one run each: "
             "differences below about 0.3 % are noise).", "", "| table | " + " | ".join(others) + " |",
             "|" + "---|" * (len(others) + 1)]
    tables = dict.fromkeys(item["table"] for item in runs)

    def part(table: str, other: str) -> float:
        pair = by[table, "everything"], by[table, other]
        return gain(*(pair[::-1] if other == STUDENT else pair))

    for table in tables:
        lines.append(f"| {table} | " + " | ".join(f"{part(table, other):+.2f}" for other in others) + " |")
    medians = [statistics.median(part(table, other) for table in tables) for other in others]
    lines.append("| **median** | " + " | ".join(f"{value:+.2f}" for value in medians) + " |")
    for rung, variant in (("single", "everything"), ("single", STUDENT), ("student", STUDENT)):
        losses = [gain(item["scores"][rung], item["scores"]["ensemble"]) for item in runs
                  if item["variant"] == variant and {rung, "ensemble"} <= set(item["scores"])]
        if losses:
            lines += ["", f"The rung {rung} against the ensemble ({variant}, {len(losses)} tables): "
                      f"{statistics.median(losses):+.2f} % in the median."]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True, help="the folder of the shared harness")
    parser.add_argument("--budget", type=float, default=30.0)
    parser.add_argument("--tables", default=",".join(TABLES))
    arguments = parser.parse_args()
    harness = open_harness(arguments.data)
    runs = []
    for name in arguments.tables.split(","):
        for variant in VARIANTS:
            runs.append(run(harness, name, variant, arguments.budget))
            sys.stderr.write(f"{name}, {variant}: {runs[-1]['scores']['handed over']:.5g}\n")
    RESULTS.mkdir(exist_ok=True)
    kept = json.dumps({"budget_s": arguments.budget, "runs": runs}, indent=1) + "\n"
    (RESULTS / "ablations.json").write_text(kept, encoding="utf-8")
    (RESULTS / "ablations.md").write_text(written(runs, arguments.budget), encoding="utf-8")


if __name__ == "__main__":
    main()
