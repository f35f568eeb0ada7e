"""What a search costs as rows and budgets grow: seconds to the first finished fit, wall time against the budget, peak memory.

    PYTHONPATH=. python benchmarks/cost.py growth          # 10k, 100k and 1M rows x 30 columns, 240 s
    PYTHONPATH=. python benchmarks/cost.py budget          # 300 to 1M rows, 5 s to 600 s

Made-up tables (numbers, levels, dates, a little missing, a target that depends on some of them) go as Parquet through the command
line, as a user's would. Memory is the sum over the process and its workers. Writes `benchmarks/results/growth.json` or
`budget.json`. Run by hand on a quiet machine: the whole budget grid takes an hour.
"""
from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

RESULTS = Path(__file__).parent / "results"
GROWTH = ((10_000, 240.0), (100_000, 240.0), (1_000_000, 240.0))
BUDGETS = ((300, 5.0), (300, 30.0), (10_000, 5.0), (10_000, 30.0), (10_000, 120.0), (100_000, 5.0), (100_000, 30.0),
           (1_000_000, 5.0), (1_000_000, 10.0), (1_000_000, 60.0), (1_000_000, 240.0), (10_000, 600.0))
EVERY = 0.25


def make_table(rows: int) -> pd.DataFrame:
    """30 columns and a yes/no target: 20 numbers, 7 columns of levels (3 to 2,000), 2 dates, 1 number as text with its unit."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({f"number {k}": random.normal(0, 1, rows).round(4) for k in range(20)})
    frame.loc[random.random(rows) < 0.1, "number 3"] = np.nan
    levels = {}
    for k, many in enumerate((3, 5, 10, 20, 50, 300, 2_000)):
        levels[k] = random.integers(0, many, rows)
        frame[f"level {k}"] = np.array([f"l{number}" for number in range(many)])[levels[k]]
    for k in range(2):
        frame[f"date {k}"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 1_500, rows), unit="D")
    frame["length"] = [f"{value:.1f} km" for value in random.gamma(2, 20, rows)]
    odds = (frame["number 0"] + 0.5 * frame["number 1"] * frame["number 2"] + (levels[2] % 3 == 0) + np.sin(levels[5])
            + 0.5 * (frame["date 0"].dt.month == 12) - 1.5)
    frame["answer"] = np.where(random.random(rows) < 1 / (1 + np.exp(-odds)), "yes", "no")
    return frame


def measure(rows: int, budget: float, folder: Path) -> dict[str, Any]:
    """One `train` through the command line, watched from outside."""
    source, home, out = folder / f"rows{rows}.parquet", folder / "home", folder / "model.zip"
    if not source.exists():
        make_table(rows).to_parquet(source)
    command = [sys.executable, "-m", "automl_core", "train", str(source), "--target", "answer", "--budget", str(budget),
               "--out", str(out), "--json"]
    began, first, peak = time.monotonic(), math.nan, 0
    with tempfile.TemporaryFile("w+") as answer:
        where = {**os.environ, "CLARION_HOME": str(home)}
        process = subprocess.Popen(command, stdout=answer, stderr=subprocess.DEVNULL, env=where)
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            peak = max(peak, resident(watched))
            journals = home.rglob("trials.jsonl") if math.isnan(first) else ()
            if any('"kind": "fit"' in path.read_text(encoding="utf-8") for path in journals):
                first = time.monotonic() - began
            time.sleep(EVERY)
        wall = time.monotonic() - began
        answer.seek(0)
        told = json.loads(answer.read().strip().splitlines()[-1])
    for path in home.rglob("trials.jsonl"):
        path.unlink()
    return {"rows": rows, "budget_s": budget, "wall_s": round(wall, 1), "search_s": round(told.get("fit_seconds", math.nan), 1),
            "allowed_s": round(1.1 * budget + 2, 1), "first_fit_s": round(first, 2), "peak_mb": round(peak / 1e6),
            "score": told.get("score", {}).get("mean"), "trials": told.get("trials"), "error": told.get("error", "")}


def resident(process: psutil.Process) -> int:
    """Bytes held by the process and all below it."""
    total = 0
    try:
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.Error:
        pass  # one ended between being listed and being asked
    return total


def exponent(runs: list[dict[str, Any]], name: str) -> float:
    """The power of the rows that a figure grows with, by least squares in logarithms."""
    logs = np.log([[run["rows"], max(run[name], 1e-3)] for run in runs])
    return round(float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0]), 3)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("growth", "budget"))
    what = parser.parse_args().what
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for rows, budget in GROWTH if what == "growth" else BUDGETS:
            runs.append(measure(rows, budget, Path(folder)))
            sys.stderr.write(json.dumps(runs[-1]) + "\n")
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    found: dict[str, Any] = {"machine": machine, "runs": runs}
    if what == "growth":
        found["exponents"] = {name: exponent(runs, name) for name in ("first_fit_s", "peak_mb")}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{what}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
