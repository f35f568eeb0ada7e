"""A table from the results of the shared harness: Clarion beside its peers, data set by data set.

    python benchmarks/accuracy.py RESULTS.jsonl [MORE.jsonl] --budget 60 --name accuracy-60

The harness runs the systems; this only reads what it wrote (the newest run of a system on a data set counts) and writes
`benchmarks/results/NAME.json` and `NAME.md`.
"""
from __future__ import annotations

import argparse
import json
import math
import statistics
from pathlib import Path
from typing import Any

OURS, DEFAULT = "clarion", "lightgbm_default"
PEERS = ("autogluon_medium", "mljar_perform", "flaml", "histgb_default", "h2o")
GREATER = {"roc_auc": True, "log_loss": False, "rmse": False}
RESULTS = Path(__file__).parent / "results"
Runs = dict[str, dict[str, dict[str, Any]]]


def read(paths: list[Path], budget: float) -> Runs:
    """Runs by data set and system."""
    found: Runs = {}
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            run = json.loads(line)
            if run["budget_s"] == budget:
                split = run.get("split", 0)
                name = run["dataset"] + (f", split {split}" if split else "")
                found.setdefault(name, {})[run["system"]] = run
    return {name: runs for name, runs in found.items() if OURS in runs}


def quality(run: dict[str, Any]) -> float:
    """The score, greater is better; a failed run is worse than any."""
    score = run.get("score")
    return -math.inf if score is None else score if GREATER[run["metric"]] else -score


def compare(runs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What one data set says: rank among the peers that ran, wins, and the score from default LightGBM (0) to best peer (1)."""
    mine = quality(runs[OURS])
    peers = {name: quality(runs[name]) for name in PEERS if name in runs}
    base = quality(runs[DEFAULT]) if DEFAULT in runs else math.nan
    best = max(peers.values(), default=math.nan)
    span = best - base
    return {
        "rank": 1 + sum(other > mine for other in peers.values()), "of": 1 + len(peers),
        "wins": {name: mine > other for name, other in peers.items()}, "beats_default": bool(mine > base),
        "normalised": (mine - base) / abs(span) if math.isfinite(span) and span else None,
    }


def table(found: Runs) -> tuple[list[str], dict[str, Any]]:
    """Markdown lines, and the summary."""
    systems = [OURS, *(name for name in PEERS if any(name in runs for runs in found.values())), DEFAULT]
    lines = ["| data set | rows | metric | " + " | ".join(systems) + " | rank | normalised | fit s | row ms | MB | peak MB |",
             "|" + "---|" * (len(systems) + 9)]
    compared = {}
    for name, runs in sorted(found.items()):
        ours, told = runs[OURS], compare(runs)
        compared[name] = told
        scores = [f"{runs[system]['score']:.5g}" if runs.get(system, {}).get("score") is not None
                  else "failed" if system in runs else "not run" for system in systems]
        normal = f"{told['normalised']:.2f}" if told["normalised"] is not None else ""
        lines.append(f"| {name} | {ours['train_rows']} | {ours['metric']} | " + " | ".join(scores) +
                     f" | {told['rank']} of {told['of']} | {normal} | {ours['fit_s']:.0f} | {ours['single_row_ms']:.2f} | "
                     f"{ours['deploy_mb']:.1f} | {ours['peak_rss_mb']:.0f} |")
    normalised = [told["normalised"] for told in compared.values() if told["normalised"] is not None]
    judged = [told for told in compared.values() if told["of"] > 1]
    pairs = {peer: [told["wins"][peer] for told in compared.values() if peer in told["wins"]] for peer in PEERS}
    summary = {
        "data_sets": len(compared), "with_peers": len(judged),
        "mean_rank": statistics.mean(told["rank"] for told in judged) if judged else None,
        "wins": {peer: [sum(won), len(won)] for peer, won in pairs.items()},
        "beats_default": [sum(told["beats_default"] for told in compared.values()),
                          sum(DEFAULT in runs for runs in found.values())],
        "median_normalised": statistics.median(normalised) if normalised else None,
        "median_mb": statistics.median(runs[OURS]["deploy_mb"] for runs in found.values()),
        "longest_fit_s": max(runs[OURS]["fit_s"] for runs in found.values()),
        "slowest_row_ms": max(runs[OURS]["single_row_ms"] for runs in found.values()),
        "highest_peak_mb": max(runs[OURS]["peak_rss_mb"] for runs in found.values()),
    }
    return lines, summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="+", type=Path)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--name", default="accuracy")
    arguments = parser.parse_args()
    found = read(arguments.results, arguments.budget)
    lines, summary = table(found)
    facts = "\n".join(f"- {key.replace('_', ' ')}: {value}" for key, value in summary.items())
    RESULTS.mkdir(exist_ok=True)
    text = f"# Accuracy at {arguments.budget:g} s on 2 cores\n\n{facts}\n\n" + "\n".join(lines) + "\n"
    (RESULTS / f"{arguments.name}.md").write_text(text, encoding="utf-8")
    (RESULTS / f"{arguments.name}.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
