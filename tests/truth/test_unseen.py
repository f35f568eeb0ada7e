"""Rows that a list may rank are as new to the model as those to come: what it tells of them is what it tells of strangers."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.data.infer import table_from_frame
from automl_core.framing.metrics import METRICS
from automl_core.framing.problem import Problem
from automl_core.search import FolderJournal, Outcome, SearchData, next_task, plan, search
from automl_core.search import opening as opening_module
from automl_core.search.plan import Plan
from automl_core.search.portfolio import make_portfolio
from automl_core.workspace.ranked import Predictions, with_unseen
from tests.unit.searching import fit_here

Rows = Callable[[np.random.Generator], pd.DataFrame]
PROBLEM = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes")


def shops(random: np.random.Generator) -> pd.DataFrame:
    """200 shops of 20 rows and 900 of one: chance goes by shop alone, and columns know the shop but nothing of its chance."""
    shop = np.concatenate([np.repeat(np.arange(200), 20), np.arange(200, 1_100)])
    chance = random.beta(0.5, 0.5, 1_100)[shop]
    frame = pd.DataFrame(random.normal(size=(1_100, 4))[shop], columns=list("abcd"))
    frame = frame.assign(shop=[f"s{one}" for one in shop], y=_said(random, chance))
    return frame.sample(frac=1, random_state=1, ignore_index=True)


def copies(random: np.random.Generator) -> pd.DataFrame:
    """500 rows six times over with their outcomes, and 1,200 single ones: nothing can be told but by knowing a copy."""
    kept = np.concatenate([np.repeat(np.arange(500), 6), np.arange(500, 1_700)])
    frame = pd.DataFrame(random.normal(size=(1_700, 3))[kept], columns=list("abc"))
    return frame.assign(y=_said(random, random.random(1_700))[kept]).sample(frac=1, random_state=1, ignore_index=True)


def days(random: np.random.Generator) -> pd.DataFrame:
    """300 days of 15 rows, each day with a chance of its own that says nothing of the next."""
    day = np.repeat(np.arange(300), 15)
    chance = random.beta(0.4, 0.4, 300)[day]
    return pd.DataFrame({"day": day, "a": random.normal(size=len(day)), "y": _said(random, chance)})


def _said(random: np.random.Generator, chance: np.ndarray) -> np.ndarray:
    return np.where(random.random(len(chance)) < chance, "Yes", "No")


def searched(frame: pd.DataFrame, problem: Problem, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[SearchData, Outcome]:
    """A forest, which keeps its rows in mind, that learned from 1,800 at most; others would be tried until the time is over."""
    fit_here(monkeypatch)
    monkeypatch.setattr(opening_module, "make_portfolio", lambda *asked: make_portfolio(*asked)[:1])
    monkeypatch.setattr(next_task, "propose", lambda contest: None)
    monkeypatch.setattr(plan, "MOST_A_SECOND", 300)
    table = table_from_frame(frame, "rows")
    data = SearchData(table.frame, table.columns, problem)
    outcome = search(data, Plan(6, 2, families=("extra_trees",), folds=3), FolderJournal(folder))
    assert outcome.summary.left_out > 1_000
    return data, outcome


def added(data: SearchData, outcome: Outcome, learned: np.ndarray) -> tuple[np.ndarray, float]:
    """The positions of the rows that are ranked beyond those tested, and how well they are (NaN where fewer than 2)."""
    past = Predictions(outcome.oof, outcome.positions, outcome.y, learned)
    found = with_unseen(past, data.frame, outcome.model, 0)
    new = ~np.isin(found.positions, outcome.positions)
    score = METRICS["roc_auc"].score(found.y[new].astype(float), found.oof[new]) if new.sum() > 1 else float("nan")
    return found.positions[new], score


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("make", "problem"), [(shops, replace(PROBLEM, group="shop")), (copies, replace(PROBLEM, copies_together=True))])
def test_what_shares_a_group_or_is_a_copy_was_seen(
    make: Rows, problem: Problem, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranked, they would be told apart with an AUC of 0.7 and more, of which nothing is left on strangers."""
    frame = make(np.random.default_rng(seed))
    data, outcome = searched(frame, problem, tmp_path, monkeypatch)
    places, score = added(data, outcome, outcome.learned)
    assert len(places) > 200
    assert abs(score - 0.5) < 4 * np.sqrt(1 / (3 * len(places)))
    left = np.setdiff1d(np.arange(len(frame)), np.concatenate([outcome.learned, places]))
    answers = (frame["y"].to_numpy()[left] == "Yes").astype(float)
    known = METRICS["roc_auc"].score(answers, outcome.model.predict_frame(data.frame.iloc[left]))
    assert known > 0.7
    names = ["shop"] if problem.group else list("abc")
    strangers = ~pd.MultiIndex.from_frame(frame[names]).isin(pd.MultiIndex.from_frame(frame.iloc[outcome.learned][names]))
    assert np.array_equal(places, np.flatnonzero(strangers))


def test_in_time_only_what_is_later_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = days(np.random.default_rng(2))
    data, outcome = searched(frame, replace(PROBLEM, time="day"), tmp_path, monkeypatch)
    last = frame["day"].to_numpy()[outcome.learned].max()
    places, _ = added(data, outcome, outcome.learned)
    assert np.array_equal(places, np.flatnonzero(frame["day"] > last))
    early = outcome.learned[frame["day"].to_numpy()[outcome.learned] < 200]  # as if no later one had been learned from
    places, _ = added(data, outcome, early)
    assert len(places) > 500
    assert (frame["day"].to_numpy()[places] > frame["day"].to_numpy()[early].max()).all()
