"""Whether a student pays: one LightGBM that learns the ensemble's out-of-fold answers, beside the same one that learns the truth.

    PYTHONPATH=. python benchmarks/student.py --data ../shared/bench --budget 30

Distillation as FAST-DAD has it (Fakoor et al. 2020), without made-up rows. Both have the same options, features, rounds and
seeds: only the target differs. Writes `benchmarks/results/student.json` and `student.md`.
"""
from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from automl_core.data.schema import type_frame
from automl_core.search import FolderJournal, Outcome, search
from automl_core.search.plan import Plan
from benchmarks.ablations import RESULTS, TABLES, Held, gain, open_harness, open_table

SHARES = (0.0, 0.5, 1.0)  # how much of the target is the teacher's answer
OPTIONS = {"learning_rate": 0.04, "num_leaves": 20, "min_data_in_leaf": 5, "feature_fraction": 0.6, "bagging_fraction": 0.8,
           "bagging_freq": 1, "lambda_l2": 1.0, "verbosity": -1, "num_threads": 2, "deterministic": True, "force_col_wise": True}
SEEDS = 3


def students(held: Held, found: Outcome) -> dict[str, float]:
    """Scores on the rows held back, greater is better, by the teacher's share of the target."""
    model = found.model
    matrix = model.extended(model.encoder.matrix(held.table.frame.iloc[found.positions]))
    used = [column for column in held.table.columns if column.name in set(model.sources)]
    new = model.extended(model.encoder.matrix(type_frame(held.rows, used).frame))
    teacher = found.oofs[next(offer.name for offer in found.summary.ladder if "ensemble" in (offer.name, *offer.also))]
    categories = [place for place, feature in enumerate(model.features) if feature.kind == "category"]
    objective = "cross_entropy" if held.problem.task == "binary" else "regression"
    scores = {}
    for share in SHARES:
        target = share * teacher + (1 - share) * found.y
        said = np.zeros(len(new))
        for seed in range(SEEDS):
            data = lightgbm.Dataset(matrix, target, categorical_feature=categories)
            booster = lightgbm.train(OPTIONS | {"objective": objective, "seed": seed}, data, 300)
            said += booster.predict(new) / SEEDS
        scores[f"{share:g}"] = held.score(said)
    return scores


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True, help="the folder of the shared harness")
    parser.add_argument("--budget", type=float, default=30.0)
    arguments = parser.parse_args()
    harness = open_harness(arguments.data)
    runs: list[dict[str, Any]] = []
    for name in TABLES:
        held = open_table(harness, name)
        if held.problem.task == "multiclass":
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = search(held.data, Plan(budget_seconds=arguments.budget, jobs=2), FolderJournal(Path(folder)))
        scores = students(held, found)
        used = {rung: held.score_of(model) for rung, model in found.rungs.items() if rung in ("single", "ensemble")}
        runs.append({"table": name, "students": scores, "rungs": used})
        sys.stderr.write(json.dumps(runs[-1]) + "\n")
    lines = ["Gain over the same LightGBM that learns the truth, in percent of its score on rows held back (three seeds).",
             "", "| table | half the teacher | all the teacher |", "|---|---|---|"]
    gains = {share: [gain(run["students"][share], run["students"]["0"]) for run in runs] for share in ("0.5", "1")}
    lines += [f"| {run['table']} | {half:+.2f} | {whole:+.2f} |"
              for run, half, whole in zip(runs, gains["0.5"], gains["1"], strict=True)]
    lines.append(f"| **median** | {statistics.median(gains['0.5']):+.2f} | {statistics.median(gains['1']):+.2f} |")
    kept = json.dumps({"budget_s": arguments.budget, "runs": runs}, indent=1) + "\n"
    (RESULTS / "student.json").write_text(kept, encoding="utf-8")
    (RESULTS / "student.md").write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
