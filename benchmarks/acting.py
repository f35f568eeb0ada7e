"""How long action cards take: 50,000 rows x 50 columns with five levers, on two cores: in two processes as in a job and in `act`,
and in threads as `find_actions` works unless it is asked for processes.

    PYTHONPATH=. python benchmarks/acting.py

Three levers of levels and two of numbers, made up; some of them work. Writes `benchmarks/results/acting.json`. The bar is 60 s
(in two processes).
"""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_core.acting import Lever, Options, find_actions

RESULT = Path(__file__).parent / "results" / "acting.json"
ROWS, NUMBERS, LEVELS = 50_000, 34, 10
BAR = 60.0


def make_table() -> pd.DataFrame:
    """34 numbers, 10 columns of levels, five levers and a yes/no outcome: 50 columns."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({f"number {k}": random.normal(size=ROWS).round(4) for k in range(NUMBERS)})
    for k in range(LEVELS):
        frame[f"level {k}"] = random.choice([f"l{place}" for place in range(3 + 4 * k)], ROWS)
    pull = (frame["number 0"] + 0.5 * frame["number 1"]).to_numpy()
    offer = random.random(ROWS) < 1 / (1 + np.exp(-pull))
    plan = np.clip(np.round(1.5 + 0.4 * pull + random.normal(0, 0.8, ROWS)), 0, 3).astype(int)
    alert = random.random(ROWS) < 0.5
    price, visits = 50 + 5 * pull + random.normal(0, 8, ROWS), np.round(6 + pull + random.normal(0, 2, ROWS))
    monthly = (frame["level 0"] == "l0").to_numpy()
    chance = 0.45 - 0.2 * offer * monthly - 0.05 * plan + 0.004 * (price - 50) + 0.004 * (visits - 6) ** 2 - 0.05 * np.tanh(pull)
    lost = random.random(ROWS) < np.clip(chance, 0.02, 0.98)
    return frame.assign(
        offer=np.where(offer, "yes", "no"), plan=np.array(["basic", "plus", "pro", "max"])[plan],
        alert=np.where(alert, "on", "off"),
        price=price.round(2), visits=visits, left=np.where(lost, "Yes", "No"),
    )  # fmt: skip


def measured(frame: pd.DataFrame, processes: bool) -> dict[str, Any]:
    """The time that cards take, how far they were when, and how many they are."""
    began, told = time.perf_counter(), []
    levers = (
        Lever("offer", ("yes",), cost=5.0), Lever("plan", cost=3.0), Lever("alert", ("on",), cost=1.0),
        Lever("price", cost=2.0, direction="down"), Lever("visits", cost=1.0),
    )  # fmt: skip
    options = Options(value=100.0, progress=lambda share, words: told.append((round(time.perf_counter() - began, 1), words)),
                      processes=processes)
    found = find_actions(frame, "left", "No", levers, options=options)
    return {"seconds": round(time.perf_counter() - began, 1), "cards": len(found.cards), "tested": found.tested, "steps": told}


def main() -> None:
    """Measure both ways once, print and write the figures."""
    frame = make_table()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    result: dict[str, Any] = {"rows": len(frame), "columns": frame.shape[1], "levers": 5}
    result |= measured(frame, True) | {"bar_s": BAR, "in_threads": measured(frame, False), "machine": machine}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    print(f"In two processes {result['seconds']} s, in threads {result['in_threads']['seconds']} s.")


if __name__ == "__main__":
    main()
