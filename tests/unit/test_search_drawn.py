"""Where rows are too many for the time, the search learns from some drawn at random, and says so."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl_core.search import FolderJournal, SearchData, plan, search
from automl_core.search.plan import Plan
from automl_core.search.prepared import FEWEST, drawn, prepare
from automl_core.workspace.summaries import with_choice
from tests.unit.modelling import PROBLEMS
from tests.unit.test_search_race import fit_here, make_data


def test_each_class_keeps_its_share_and_the_rarest_two_rows() -> None:
    y = np.repeat([0, 1, 2, 3], [7_996, 1_940, 60, 4])
    places = drawn(y, PROBLEMS["multiclass"], 1_000, 3)
    counts = np.bincount(y[places])
    assert tuple(counts) == (800, 194, 6, FEWEST)
    assert (np.diff(places) > 0).all()
    assert np.array_equal(places, drawn(y, PROBLEMS["multiclass"], 1_000, 3))
    assert not np.array_equal(places, drawn(y, PROBLEMS["multiclass"], 1_000, 4))
    assert np.array_equal(drawn(y, PROBLEMS["multiclass"], 10_000, 3), np.arange(10_000))


def test_numbers_are_drawn_evenly() -> None:
    y = np.sort(np.random.default_rng(0).normal(size=20_000))
    places = drawn(y, PROBLEMS["regression"], 5_000, 0)
    assert len(places) == len(set(places.tolist())) == 5_000
    assert abs(y[places].mean() - y.mean()) < 0.05


def test_how_many_a_plan_looks_at() -> None:
    assert Plan(budget_seconds=5).most_rows == 25_000
    assert Plan(budget_seconds=300, first_seconds=5).most_rows == 25_000  # more time for a search goes on with the same rows
    assert Plan(budget_seconds=5, max_trials=3).most_rows > 10**9


def test_a_search_that_left_rows_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit_here(monkeypatch)
    monkeypatch.setattr(plan, "MOST_A_SECOND", 100)
    data: SearchData = make_data(rows=1_500)
    short = Plan(8, 2, families=("linear",), folds=3)
    prepared = prepare(data, short)
    assert (len(prepared.y), prepared.left_out) == (800, 700)
    assert len(set(prepared.positions.tolist())) == 800
    outcome = search(data, short, FolderJournal(tmp_path))
    assert (outcome.summary.rows, outcome.summary.left_out) == (800, 700)
    assert "1,500 rows: it learned from 800" in outcome.summary.sentence
    chosen = with_choice(outcome.summary, outcome.summary.ladder[0].name, outcome.model)
    assert "1,500 rows: it learned from 800" in chosen.sentence
    target = data.frame[data.problem.target].to_numpy()[outcome.positions]
    assert np.array_equal(target == data.problem.positive, outcome.y == 1)
    whole = prepare(data, replace(short, budget_seconds=60))
    assert (len(whole.y), whole.left_out) == (1_500, 0)
