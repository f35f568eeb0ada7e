"""What each rung of a ladder loses against the ensemble on the harness's own rows held back, which no search has seen.

    PYTHONPATH=. python benchmarks/rungs.py --data ../shared/bench telco_churn=FOLDER [TABLE=FOLDER ...]

FOLDER holds the bundles of all rungs of one search on that table of the harness (its run keeps them). `ladders.py` has the same
out of fold. Writes `benchmarks/results/rungs.json` and prints the medians.
"""
from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np

from automl_core.production import load_bundle
from automl_core.production.bundle import Bundle
from benchmarks.ablations import RESULTS, open_harness
from benchmarks.ladders import loss


def names_of(bundle: Bundle) -> tuple[str, ...]:
    """The names on the ladder of the model that the bundle holds."""
    mine = next(offer for offer in bundle.facts["summary"]["ladder"] if offer["chosen"])
    return mine["name"], *mine.get("also", ())


def losses(harness: Any, name: str, folder: Path) -> dict[str, float]:
    """Per cent of the ensemble's score that each rung of a table's ladder loses on the rows held back."""
    spec = harness.load_spec(name)
    _, held, _, truth, classes = harness.split(spec)
    scores: dict[str, float] = {}
    for path in sorted(folder.rglob("*.zip")):
        bundle = load_bundle(path)
        said = bundle.predict(held)
        columns = ["prediction"] if classes is None else [f"probability_c{code}" for code in range(len(classes))]
        values = said[columns].to_numpy(np.float64)
        score = float(harness.score_predictions(spec, truth, values[:, 0] if classes is None else values, classes)[0])
        scores |= dict.fromkeys(names_of(bundle), score)
    return {rung: loss(score, scores["ensemble"], spec["metric"] == "roc_auc") for rung, score in scores.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True, help="the folder of the shared harness")
    parser.add_argument("tables", nargs="+", metavar="TABLE=FOLDER")
    arguments = parser.parse_args()
    harness = open_harness(arguments.data)
    found = {name: losses(harness, name, Path(folder)) for name, folder in (item.split("=", 1) for item in arguments.tables)}
    rungs = dict.fromkeys(rung for table in found.values() for rung in table)
    medians = {rung: statistics.median(table[rung] for table in found.values() if rung in table) for rung in rungs}
    print(json.dumps(medians, indent=2))
    (RESULTS / "rungs.json").write_text(json.dumps({"tables": found, "medians": medians}, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
