"""How many rows a second a bundle scores in one call: the first one, which also makes what later ones look up, and later ones.

    PYTHONPATH=. python benchmarks/batch.py BUNDLE.zip=TABLE.csv [...]

Each table is repeated to 100,000 rows and given as read. Writes `benchmarks/results/batch.json`. Run by hand on a quiet machine.
"""
from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from automl_core.production.bundle import load_bundle

RESULTS = Path(__file__).parent / "results"
ROWS, CALLS = 100_000, 4


def measure(bundle: Path, table: Path) -> dict[str, Any]:
    """Rows a second through the whole path: checks, features, members, labels."""
    loaded, frame = load_bundle(bundle), pd.read_csv(table, low_memory=False)
    frame = pd.concat([frame] * (ROWS // len(frame) + 1), ignore_index=True).head(ROWS)
    seconds = []
    for _ in range(CALLS):
        began = time.perf_counter()
        loaded.predict(frame)
        seconds.append(time.perf_counter() - began)
    return {"table": table.stem, "members": [member.family for member in loaded.model.members],
            "first_rows_per_second": round(ROWS / seconds[0]), "rows_per_second": round(ROWS / statistics.median(seconds[1:]))}


def main(pairs: list[str]) -> None:
    found = [measure(*(Path(part) for part in pair.split("=", 1))) for pair in pairs]
    for item in found:
        print(item)
    report = {"rows": ROWS, "cpus": os.cpu_count(), "python": platform.python_version(), "tables": found}
    (RESULTS / "batch.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
