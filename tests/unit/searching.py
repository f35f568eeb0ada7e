"""Searches of small tables for tests, and an executor that fits in this process: for tests of what a race decides."""
from __future__ import annotations

from concurrent.futures import Future
from functools import cache
from typing import Any

import numpy as np
import pytest

from automl_core.data.infer import table_from_frame
from automl_core.data.table import Table
from automl_core.search import Outcome, SearchData, entry
from automl_core.search import refits as refits_module
from automl_core.search.families import lightgbm
from automl_core.search.family import FitRequest
from automl_core.search.plan import Trial
from automl_core.search.worker import run_extras, run_fit
from automl_core.workspace import headstart
from tests.unit.modelling import PROBLEMS, make_frame

FAST = ("linear", "lightgbm")


def make_data(task: str = "binary", rows: int = 400) -> SearchData:
    table = _table(rows)
    return SearchData(table.frame.copy(), table.columns, PROBLEMS[task])


@cache
def _table(rows: int) -> Table:
    return table_from_frame(make_frame(rows), "customers")


class Log:
    """A watch that remembers, and asks for a stop after some trials."""

    def __init__(self, stop: str = "", after: int = 0) -> None:
        self.trials: list[Trial] = []
        self.fractions: list[float] = []
        self.how, self.after = stop, after

    def trial(self, trial: Trial) -> None:
        self.trials.append(trial)

    def progress(self, fraction: float, sentence: str, seconds_left: float) -> None:
        self.fractions.append(fraction)
        assert sentence

    def stop(self) -> str:
        return self.how if len(self.trials) >= self.after else ""


class HereExecutor:
    """Fits in this process, at once: for tests of what the race decides."""

    def __init__(self) -> None:
        self.fits: list[tuple[str, int]] = []

    def share(self, arrays: dict[str, Any]) -> Any:
        return arrays

    def submit(self, task: Any, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if task is run_fit:
            self.fits.append((arguments[1].key, arguments[1].fold))
        if task in (run_fit, run_extras):
            future.set_result(task(*arguments))
        else:
            future.set_result(None)
        return future

    def rebuild(self) -> None:
        """Nothing to start anew."""

    def close(self) -> None:
        """Nothing to end."""


def fit_here(monkeypatch: pytest.MonkeyPatch, executor: HereExecutor | None = None) -> HereExecutor:
    """Searches of this test, those of the command line, too, fit in this process and average two seeds in a refit instead of
    five: how many of them there are is asked of tests/unit/test_search_refits.py."""
    executor = executor or HereExecutor()
    monkeypatch.setattr(entry, "open_executor", lambda *arguments: executor)
    monkeypatch.setattr(headstart, "LocalExecutor", lambda jobs: executor)
    monkeypatch.setattr(refits_module, "MOST_BAGS", 2)
    return executor


def larger_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boostings of LightGBM that are fitted here are through in a third of the rounds: for tests that ask who is fitted on what,
    and not how well."""
    known = lightgbm.parameters_of

    def larger(request: FitRequest) -> dict[str, Any]:
        return known(request) | {"learning_rate": 4.0 * request.options.get("learning_rate", 0.1)}

    monkeypatch.setattr(lightgbm, "parameters_of", larger)


def assert_sound(outcome: Outcome, data: SearchData, log: Log) -> None:
    summary = outcome.summary
    assert len(outcome.oof) == len(outcome.y) == len(outcome.positions)
    assert np.isfinite(outcome.oof).all()
    assert sum(rung.chosen for rung in summary.ladder) == 1
    assert {trial.key for trial in summary.leaderboard} >= {trial.key for trial in log.trials}
    assert summary.score.low <= summary.score.mean <= summary.score.high
    prediction = outcome.model.predict_frame(data.frame)
    numbers = [name for name in data.frame.columns if data.frame[name].dtype.kind in "if"]
    row = outcome.model.predict_row({name: data.frame[name].iloc[0] for name in numbers})
    assert np.isfinite(np.asarray(row)).all()
    assert np.isfinite(prediction).all()


def _done(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(value)
    return future
