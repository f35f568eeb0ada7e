"""What a worker process does: one fit of one candidate on one part of the rows."""
from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from automl_core.framing.problem import Task
from automl_core.search.families import families
from automl_core.search.family import Array, Family, FitFailed, FitRequest, Fitted
from automl_core.search.features import Feature
from automl_core.search.journal import FoldResult

ALL_ROWS = -1
# What numeric libraries raise on tables they cannot learn from: one candidate fails, the search goes on.
FAILURES = (FitFailed, ImportError, ValueError, TypeError, ArithmeticError, RuntimeError, LookupError, MemoryError,
            np.linalg.LinAlgError)


@dataclass(frozen=True, slots=True)
class FitTask:
    """One fit. `fold` ALL_ROWS is a refit on everything with `rounds`; `until` is in seconds since 1970."""

    key: str
    family: str
    options: dict[str, Any]
    fold: int
    features: tuple[Feature, ...]
    task: Task
    classes: int
    until: float
    stop_file: str = ""
    rounds: int = 0
    seed: int = 0


@lru_cache(maxsize=2)
def _from_folder(folder: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: np.load(Path(folder) / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in names}


def open_arrays(handle: Any) -> dict[str, Any]:
    """The arrays of a handle that an executor gave."""
    return handle if isinstance(handle, dict) else _from_folder(*handle)


def warm(package: str, seconds: float) -> str:
    """Import a package before it is needed, and take long enough that every worker gets to do so."""
    began = time.monotonic()
    import_module(package)
    time.sleep(max(0.0, seconds - (time.monotonic() - began)))
    return package


def run_fit(handle: Any, task: FitTask) -> FoldResult:
    """Fit, and predict the rows left out. A fit that fails is a result with a sentence, never an exception."""
    began = time.monotonic()
    try:
        family = families().get(task.family)
        for module in family.fit_modules:
            import_module(module)
        began = time.monotonic()  # a library is imported once a worker: not what a fit of this family costs
        arrays = open_arrays(handle)
        chosen = np.ones(len(arrays["y"]), dtype=bool) if task.fold == ALL_ROWS else np.asarray(arrays[f"train{task.fold}"])
        valid = np.zeros(len(arrays["y"]), dtype=bool) if task.fold == ALL_ROWS else np.asarray(arrays[f"valid{task.fold}"])
        matrix, y = np.ascontiguousarray(arrays["matrix"][chosen]), np.asarray(arrays["y"][chosen])
        left_out = np.ascontiguousarray(arrays["matrix"][valid])
        final = task.fold == ALL_ROWS
        fitted = family.fit(FitRequest(
            matrix, y, task.features, task.task, task.classes, task.options, rounds=task.rounds, seed=task.seed,
            deadline=time.monotonic() + task.until - time.time(), stop_file=task.stop_file,
            valid_matrix=None if final else left_out, valid_y=None if final else np.asarray(arrays["y"][valid])))
        prediction = np.zeros(0) if final else family.predict(fitted.native, left_out)
        if not np.isfinite(prediction).all():
            return FoldResult(task.key, task.fold, np.zeros(0), error=f"{family.title} gave numbers that are not finite.")
        files = family.save(fitted.native) if task.fold <= 0 else {}
        return FoldResult(task.key, task.fold, prediction, fitted.rounds, time.monotonic() - began, fitted.truncated,
                          _row_ms(family, fitted, matrix) if task.fold == 0 else float("nan"), files=files)
    except FAILURES as error:
        sentence = str(error) if isinstance(error, FitFailed) else f"The fit failed ({type(error).__name__}: {str(error)[:120]})."
        return FoldResult(task.key, task.fold, np.zeros(0), seconds=time.monotonic() - began, error=sentence)


def _row_ms(family: Family, fitted: Fitted, matrix: Array) -> float:
    """Median milliseconds to score one row with the fitted model alone."""
    times = []
    for row in matrix[:21]:
        began = time.perf_counter()
        family.predict_row(fitted.native, row)
        times.append(time.perf_counter() - began)
    return 1000.0 * float(np.median(times))
