"""More time and tuning: a search goes on where it stopped, and looks near what worked once the portfolio is through."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl_core.errors import BadInput
from automl_core.search import FolderJournal, Outcome, executors, search
from automl_core.search import opening as opening_module
from automl_core.search import refits as refits_module
from automl_core.search.contest import Contest
from automl_core.search.executors import open_executor
from automl_core.search.families import families
from automl_core.search.journal import FoldResult
from automl_core.search.plan import Candidate, Plan
from automl_core.search.portfolio import make_portfolio
from automl_core.search.prepared import prepare
from automl_core.search.tuning import PATIENCE, propose
from tests.unit.searching import HereExecutor, make_data

ONE = ("lightgbm",)
SHORT = Plan(3_600, 2, families=("linear", "lightgbm"), folds=3, max_trials=3)


@pytest.fixture(scope="module", autouse=True)
def two_seeds() -> Iterator[None]:
    """A refit averages two seeds instead of five, in worker processes, too (see `fit_here`)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refits_module, "MOST_BAGS", 2)
        yield


def tuned_of(outcome: Outcome) -> list[str]:
    return [trial.label for trial in outcome.summary.leaderboard if ", tuned " in trial.label]


def make_contest(rows: int = 600, families: tuple[str, ...] = ONE) -> Contest:
    data = make_data(rows=rows)
    plan = Plan(60, 2, families=families, folds=2)
    prepared = prepare(data, plan)
    candidates = make_portfolio(data.problem, 3_000, plan, prepared.views)
    return Contest(prepared, plan, candidates, {}, folds=2)


def finish(contest: Contest, candidate: Candidate, quality: float) -> None:
    """Note fits of both folds whose predictions are as good as asked: noise around the truth."""
    random = np.random.default_rng(0)
    for fold in range(2):
        y = contest.prepared.y[contest.prepared.folds[fold][1]]
        contest.take(FoldResult(candidate.key, fold, np.clip(y * quality + random.normal(0, 0.5, len(y)), -5, 5)))


def test_tuning_goes_on_after_the_portfolio_and_is_kept(tmp_path: Path, here: HereExecutor,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_data(rows=600)
    monkeypatch.setattr(opening_module, "make_portfolio", lambda *asked: make_portfolio(*asked)[:2])  # all would take long
    plan = Plan(3_600, 2, families=ONE, folds=2, max_trials=5)
    outcome = search(data, plan, FolderJournal(tmp_path))
    assert len(tuned_of(outcome)) == 3
    here.fits.clear()
    again = search(data, plan, FolderJournal(tmp_path))
    assert [fit for fit in here.fits if fit[1] >= 0] == []
    assert tuned_of(again) == tuned_of(outcome)
    assert again.summary.score == outcome.summary.score


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """In worker processes, where fits end in any order."""
    return search(make_data(rows=400), SHORT, FolderJournal(tmp_path_factory.mktemp("local")))


def test_the_same_seed_gives_the_same_search(tmp_path: Path, local: Outcome) -> None:
    data = make_data(rows=400)
    first, second = local, search(data, SHORT, FolderJournal(tmp_path))
    for one, other in zip(first.summary.leaderboard, second.summary.leaderboard, strict=True):
        assert (one.key, one.score, one.fold_scores) == (other.key, other.score, other.fold_scores)
    assert first.summary.members == second.summary.members
    np.testing.assert_array_equal(first.model.predict_frame(data.frame), second.model.predict_frame(data.frame))


def test_more_time_repeats_nothing_and_tries_more(tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five candidates and too few rows to tune on: the second search ends before its time is over."""
    monkeypatch.setattr(opening_module, "make_portfolio", lambda *asked: make_portfolio(*asked)[:5])
    data = make_data(rows=400)
    first = search(data, SHORT, FolderJournal(tmp_path))
    done = {fit for fit in here.fits if fit[1] >= 0}
    here.fits.clear()
    spent = first.summary.fit_seconds
    more = replace(SHORT, budget_seconds=spent + 8, max_trials=0, first_seconds=3_600)
    second = search(data, more, FolderJournal(tmp_path))
    fresh = {fit for fit in here.fits if fit[1] >= 0}
    assert fresh
    assert not fresh & done
    assert {trial.key for trial in second.summary.leaderboard} > {trial.key for trial in first.summary.leaderboard}
    assert spent < second.summary.fit_seconds < spent + 1.1 * 8 + 5


def test_proposals_stay_in_their_ranges_and_near_the_best() -> None:
    contest = make_contest()
    for place, candidate in enumerate(contest.candidates):
        finish(contest, candidate, 0.5 + 0.02 * place)
    contest.plan = replace(contest.plan, max_trials=200)
    for _ in range(10):
        found = propose(contest)
        assert found is not None
        assert found.tuned
        for name, area in families().get("lightgbm").space.items():
            assert area.low * 0.99 <= found.options[name] <= area.high * 1.01
        contest.candidates += (found,)
        finish(contest, found, float(np.exp(-abs(np.log(found.options["learning_rate"] / 0.03)))))
    rates = [candidate.options["learning_rate"] for candidate in contest.candidates if candidate.tuned]
    assert len({candidate.key for candidate in contest.candidates}) == len(contest.candidates)
    assert abs(np.log(np.median(rates[5:]) / 0.03)) < 1.0


def test_tuning_ends_when_it_does_not_pay() -> None:
    contest = make_contest()
    contest.plan = replace(contest.plan, max_trials=200)
    for candidate in contest.candidates:
        finish(contest, candidate, 1.0)
    for _ in range(PATIENCE):
        found = propose(contest)
        assert found is not None
        contest.candidates += (found,)
        finish(contest, found, 0.1)
    assert propose(contest) is None


def test_few_rows_and_few_places_leave_no_room() -> None:
    small = make_contest(rows=400)
    for candidate in small.candidates:
        finish(small, candidate, 1.0)
    assert propose(small) is None
    full = make_contest()
    full.plan = replace(full.plan, max_trials=len(full.candidates))
    assert propose(full) is None


def test_linear_models_alone_are_not_tuned() -> None:
    contest = make_contest(families=("linear",))
    for candidate in contest.candidates:
        finish(contest, candidate, 1.0)
    assert propose(contest) is None


def test_a_cluster_gives_what_this_machine_gives(tmp_path: Path, local: Outcome) -> None:
    """A real Dask cluster of two processes, with codes of levels and texts and with formulas among what it learns."""
    from distributed import LocalCluster

    data = make_data(rows=400)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        address = cluster.scheduler_address.replace("tcp://", "dask://")
        away = search(data, replace(SHORT, executor=address), FolderJournal(tmp_path))
    assert [(trial.key, trial.score) for trial in away.summary.leaderboard] == [
        (trial.key, trial.score) for trial in local.summary.leaderboard]
    np.testing.assert_allclose(away.model.predict_frame(data.frame), local.model.predict_frame(data.frame), atol=1e-12)
    assert all(trial.state == "finished" for trial in away.summary.leaderboard)


def test_no_cluster_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "SCHEDULER_SECONDS", 1.0)
    with pytest.raises(BadInput, match="No Dask scheduler"):
        open_executor("dask://127.0.0.1:9", 2, tmp_path)
