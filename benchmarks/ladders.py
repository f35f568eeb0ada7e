"""What the handed-over model, and the best single one, lose against the ensemble, and how long a row takes on each rung.

    PYTHONPATH=. python benchmarks/ladders.py REPORT.json [...]

Each REPORT is what `python -m automl_core train ... --json` printed for one data set (the name is the file's). Scores are out of
fold. Writes `benchmarks/results/ladders.json` and prints the medians.
"""
from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def loss(score: float, best: float, greater: bool) -> float:
    """Per cent of the ensemble's score that is lost; below 0 where something is gained."""
    return 100.0 * (best - score if greater else score - best) / abs(best)


def read(path: Path) -> dict[str, Any]:
    """One data set's figures; `single` is the best model that is not mixed of several, glass box or not."""
    report = json.loads(path.read_text(encoding="utf-8"))
    greater = report["metric"] in ("roc_auc", "average_precision", "accuracy", "balanced_accuracy", "f1", "f1_macro", "mcc", "r2")
    rungs = {name: rung for rung in report["ladder"] for name in (rung["name"], *rung.get("also", ()))}
    chosen, best = next(rung for rung in report["ladder"] if rung["chosen"]), report["ensemble"]["mean"]
    single = rungs.get("single", chosen)
    return {
        "table": path.stem, "metric": report["metric"], "members": chosen["members"],
        "handed_over_loses_percent": loss(chosen["score"]["mean"], best, greater),
        "single_loses_percent": loss(single["score"]["mean"], best, greater),
        "row_ms_p50": chosen["row_ms_p50"], "row_ms_p95": chosen["row_ms_p95"],
    }


def main(paths: list[str]) -> None:
    found = [read(Path(path)) for path in paths]
    keys = ("handed_over_loses_percent", "single_loses_percent", "row_ms_p50", "row_ms_p95")
    medians = {key: statistics.median(item[key] for item in found) for key in keys}
    medians |= {f"slowest_{key}": max(item[key] for item in found) for key in keys[2:]}
    print(json.dumps(medians, indent=2))
    (RESULTS / "ladders.json").write_text(json.dumps({"tables": found, "medians": medians}, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
