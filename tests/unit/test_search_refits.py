"""The refits: what is fitted on all rows in the time that is left."""
from __future__ import annotations

import math
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_core.search import FolderJournal
from automl_core.search.contest import Clock, Contest
from automl_core.search.crew import Crew
from automl_core.search.journal import FoldResult
from automl_core.search.plan import Candidate, Plan
from automl_core.search.prepared import prepare
from automl_core.search.race import Race
from automl_core.search.refits import MOST_BAGS, refit
from automl_core.search.watch import SilentWatch
from tests.unit.test_search_race import HereExecutor, make_data


class Noting(HereExecutor):
    """Notes how many fits each refit averages."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, int] = {}
        self.seconds: dict[str, float] = {}

    def submit(self, task: Any, *arguments: Any) -> Future[Any]:
        self.seen[arguments[1].key], self.seconds[arguments[1].key] = arguments[1].bags, arguments[1].bag_seconds
        future: Future[Any] = Future()
        future.set_result(FoldResult(arguments[1].key, -1, np.zeros(0)))
        return future


def test_quick_families_are_averaged_over_more_seeds_than_slow_ones(tmp_path: Path) -> None:
    prepared = prepare(make_data(), Plan(folds=2))
    seconds = {"slow": 4.0, "quick": 0.2, "forest": 0.2, "cut": 0.1, "whole": 0.1}
    order = (Candidate("slow", "catboost", "Slow"), Candidate("quick", "lightgbm", "Quick"),
             Candidate("forest", "extra_trees", "Forest"), Candidate("cut", "ebm", "Cut off by time"),
             Candidate("whole", "ebm", "Through"))
    results = {(key, 0): FoldResult(key, 0, np.zeros(0), 1, took, key == "cut", to_best=0.7) for key, took in seconds.items()}
    contest = Contest(prepared, Plan(), order, results, folds=2)
    clock = Clock(60.0, spent=46.0)  # 11.6 seconds are left: a slow fit of 8 seconds can be made once
    noting = Noting()
    race = Race(contest, clock, Crew(noting, None), FolderJournal(tmp_path), SilentWatch())
    assert set(refit(race, dict.fromkeys(seconds, 1), False)) == set(seconds)
    assert noting.seen == {"slow": MOST_BAGS, "quick": MOST_BAGS, "forest": 1, "cut": 1, "whole": MOST_BAGS}
    assert 8 < noting.seconds["slow"] <= 0.95 * 11.6  # enough for one only, unless it is quicker than it was on the folds
    assert noting.seconds["quick"] > 2
    assert math.isinf(noting.seconds["whole"])


@pytest.mark.parametrize(("family", "more"), [("lightgbm", True), ("ebm", False)])
def test_beside_a_fit_that_takes_nearly_all_the_time_one_seed_after_the_other_is_averaged(
    tmp_path: Path, family: str, more: bool
) -> None:
    """Where all seeds must end together there is no way back, so that the usual share of the time is left to chance."""
    prepared = prepare(make_data(), Plan(folds=2, jobs=2))
    seconds = {"slow": 5.0, "quick": 1.0}
    order = (Candidate("slow", "catboost", "Slow"), Candidate("quick", family, "Quick"))
    results = {(key, 0): FoldResult(key, 0, np.zeros(0), 1, took, to_best=0.7) for key, took in seconds.items()}
    contest = Contest(prepared, Plan(jobs=2), order, results, folds=2)
    once = {candidate.key: contest.refit_seconds(candidate) for candidate in order}
    spent = 0.96 * 60.0 - 1.1 * once["slow"]  # enough for the slow one, but more than 0.8 of the time
    noting = Noting()
    race = Race(contest, Clock(60.0, spent=spent), Crew(noting, None), FolderJournal(tmp_path), SilentWatch())
    assert set(refit(race, dict.fromkeys(seconds, 1), False)) == set(seconds)
    assert (noting.seen["quick"] > 1) is more
    if more:
        assert 3 * once["quick"] < noting.seconds["quick"] < 1.1 * once["slow"]


def test_so_many_fits_are_averaged_that_a_row_is_answered_quickly(tmp_path: Path) -> None:
    """2,500 trees more than those of one seed each, dealt out in turn: 1,300 and 4 x 200 leave no room for another 1,300."""
    prepared = prepare(make_data(), Plan(folds=2))
    order = (Candidate("heavy", "lightgbm", "Heavy"), Candidate("light", "lightgbm", "Light"))
    results = {("heavy", 0): FoldResult("heavy", 0, np.zeros(0), 1300, 0.1),
               ("light", 0): FoldResult("light", 0, np.zeros(0), 200, 0.2)}
    noting = Noting()
    race = Race(Contest(prepared, Plan(), order, results, folds=2), Clock(60.0, spent=20.0), Crew(noting, None),
                FolderJournal(tmp_path), SilentWatch())
    refit(race, {"heavy": 1300, "light": 200}, False)
    assert noting.seen == {"heavy": 2, "light": 5}
