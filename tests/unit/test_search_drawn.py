"""Where rows are too many for the time, the search learns from some drawn at random, and says so."""
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting.action import Goal
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing import Problem
from automl_core.production.learned import remember
from automl_core.search import FolderJournal, Outcome, SearchData, SilentWatch, memory, plan, search
from automl_core.search.plan import Plan
from automl_core.search.prepared import FEWEST, drawn, prepare
from automl_core.workspace import act as act_step
from automl_core.workspace import ranked
from automl_core.workspace.act import Acting
from automl_core.workspace.file_risks import file_places
from automl_core.workspace.going_on import with_more
from automl_core.workspace.ranked import Predictions, with_every, with_unseen
from automl_core.workspace.search import Searching
from automl_core.workspace.search_job import explaining_seconds
from automl_core.workspace.summaries import with_choice
from automl_core.workspace.views import Run
from tests.unit.modelling import PROBLEMS
from tests.unit.searching import fit_here, make_data


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


def test_many_classes_leave_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many trees a round as ten classes have on all the rows that the time allows; some rows of each class all the same."""
    minute = Plan(budget_seconds=60)
    assert [minute.rows_of(classes) for classes in (0, 2, 10, 20, 100)] == [300_000, 300_000, 300_000, 150_000, 30_000]
    assert minute.rows_of(1_000) == plan.LEAST_OF_CLASS * 1_000
    assert Plan(budget_seconds=1).rows_of(1_000) == 5_000
    assert Plan(budget_seconds=60, max_trials=3).rows_of(100) == Plan(budget_seconds=60, max_trials=3).most_rows
    monkeypatch.setattr(plan, "MOST_A_SECOND", 100)
    monkeypatch.setattr(plan, "MANY_CLASSES", 1)
    data: SearchData = make_data("multiclass", rows=1_500)
    prepared = prepare(data, Plan(9.0, 2))
    assert prepared.left_out == 1_500 - len(prepared.y) == pytest.approx(1_200, abs=2)


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


def heard(data: SearchData, short: Plan, folder: Path) -> tuple[Outcome, list[str]]:
    """A search, and the sentences that it said meanwhile."""
    told: list[str] = []

    class Listening(SilentWatch):
        def progress(self, fraction: float, sentence: str, seconds_left: float) -> None:
            told.append(sentence)

    return search(data, short, FolderJournal(folder), Listening()), told


def test_a_table_too_wide_for_the_memory_is_learned_from_fewer_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said before and after; the system would have ended the search without a word."""
    fit_here(monkeypatch)
    data: SearchData = make_data(rows=1_500)
    short = Plan(60, 2, families=("linear",), folds=3, max_trials=1)
    wide = prepare(data, short).matrix.shape[1]
    monkeypatch.setattr(memory, "machine_bytes", lambda: 4 * 4.5 * 8 * wide * 600)  # a quarter holds one fit of 600 rows
    prepared = prepare(data, short)
    assert (len(prepared.y), prepared.left_out, prepared.unheld) == (600, 900, 900)
    outcome, told = heard(data, short, tmp_path)
    assert (outcome.summary.rows, outcome.summary.left_out, outcome.summary.crowded) == (600, 900, True)
    assert any("does not hold all 1,500 rows" in sentence and "1 of 2 fits at once" in sentence for sentence in told)
    assert "memory of this machine does not hold all 1,500 rows" in outcome.summary.sentence
    assert "time was too short" not in outcome.summary.sentence
    chosen = with_choice(outcome.summary, outcome.summary.ladder[0].name, outcome.model)
    assert "memory of this machine does not hold all 1,500 rows" in chosen.sentence
    monkeypatch.setattr(memory, "machine_bytes", lambda: 1_000)
    with pytest.raises(BadInput, match="too many for the memory of this machine"):
        prepare(data, short)


def test_rows_left_out_for_time_are_not_put_down_to_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit_here(monkeypatch)
    monkeypatch.setattr(plan, "MOST_A_SECOND", 100)
    data: SearchData = make_data(rows=1_500)
    short = Plan(8, 2, families=("linear",), folds=3)
    wide = prepare(data, short).matrix.shape[1]
    monkeypatch.setattr(memory, "machine_bytes", lambda: 4 * 4.5 * 8 * wide * 600)
    prepared = prepare(data, short)
    assert (len(prepared.y), prepared.left_out, prepared.unheld) == (600, 900, 200)
    outcome, told = heard(data, short, tmp_path)
    assert any("does not hold the 800 rows that there is time for" in sentence for sentence in told)
    words = ("The time was too short for all 1,500 rows, and the memory of this machine does not hold the 800 that there was "
             "time for with all their columns: it learned from 600 of them")
    chosen = with_choice(outcome.summary, outcome.summary.ladder[0].name, outcome.model)
    assert words in outcome.summary.sentence
    assert words in chosen.sentence
    older = replace(outcome.summary, unheld=0)  # kept before this was noted
    assert "does not hold all 1,500 rows" in with_choice(older, older.ladder[0].name, outcome.model).sentence


def test_fits_at_once_are_as_many_as_the_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, four = pd.DataFrame({"x": np.zeros(20_000)}), Plan(jobs=4)
    found = {}
    for gigabytes in (1, 4, 8, 10, 16):
        monkeypatch.setattr(memory, "machine_bytes", lambda held=gigabytes: held * 10**9)
        found[gigabytes] = (memory.rows_that_fit(20_000, 4_000, frame, four), memory.fits_at_once(20_000, 4_000, frame, four))
    assert [jobs for _, jobs in found.values()] == [1, 1, 2, 3, 4]
    assert found[1][0] < 20_000 // 4
    assert [rows for rows, _ in list(found.values())[2:]] == [20_000] * 3
    assert memory.rows_that_fit(300, 20, frame, four) == 300
    assert memory.fits_at_once(20_000, 4_000, frame, Plan(jobs=4, executor="dask://host:1")) == 4  # not on this machine


def test_the_memory_of_a_container_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit, none = tmp_path / "memory.max", tmp_path / "none"
    limit.write_text("max\n")
    monkeypatch.setattr(memory, "LIMITS", (limit, none))
    whole = memory.machine_bytes()
    limit.write_text("1000000\n")
    assert memory.machine_bytes() == 1_000_000 < whole


def test_rows_left_out_can_be_ranked_and_rows_learned_from_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The final model is new to rows that were not drawn; to rows that no fold tested, but it learned from, it is not."""
    fit_here(monkeypatch)
    monkeypatch.setattr(plan, "MOST_A_SECOND", 100)
    data: SearchData = make_data(rows=1_500)
    blank = data.frame.assign(**{data.problem.target: data.frame[data.problem.target].where(np.arange(1_500) % 10 > 0)})
    data = replace(data, frame=blank)
    outcome = search(data, Plan(6, 2, families=("linear",), folds=3), FolderJournal(tmp_path))
    assert (len(outcome.learned), outcome.summary.left_out) == (600, 750)
    tested = outcome.positions[:100]
    past = Predictions(outcome.oof[:100], tested, outcome.y[:100], outcome.learned)
    found = with_unseen(past, data.frame, outcome.model, 0)
    fresh = np.setdiff1d(np.flatnonzero(blank[data.problem.target].notna()), outcome.learned)
    assert np.array_equal(found.positions, np.sort(np.concatenate([tested, fresh])))
    new = np.isin(found.positions, fresh)
    assert np.allclose(found.oof[new], outcome.model.predict_frame(data.frame.iloc[fresh]))
    assert np.array_equal(found.oof[~new], past.oof[np.argsort(tested)])
    target = blank[data.problem.target].to_numpy()[found.positions]
    assert np.array_equal(target == data.problem.positive, found.y == 1)
    every = with_every(found, data.frame, outcome.model, 0)
    assert np.array_equal(every.positions, np.flatnonzero(blank[data.problem.target].notna()))
    old = replace(past, learned=np.empty(0, dtype=np.int64))  # kept before this was noted
    assert with_unseen(old, data.frame, outcome.model, 0) is old
    monkeypatch.setattr(ranked, "MOST_UNSEEN", 50)
    assert len(with_unseen(past, data.frame, outcome.model, 0).positions) == 150


def test_rows_without_an_outcome_can_be_ranked_and_drawn_but_judge_no_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Customers of today are in the table of the past ones: the final model, which knows nothing of them, scores them."""
    fit_here(monkeypatch)
    data: SearchData = make_data(rows=600)
    target, today = data.problem.target, np.arange(600) % 10 == 0
    frame = data.frame.assign(**{target: data.frame[target].where(~today)})
    short = Plan(600, 2, families=("linear",), folds=3, max_trials=1)
    outcome = search(replace(data, frame=frame), short, FolderJournal(tmp_path))
    past = Predictions(outcome.oof, outcome.positions, outcome.y, outcome.learned)
    searching: Any = Searching(
        SimpleNamespace(arrays=SimpleNamespace(get=lambda key, make: past if key == "oof" else make()),
                        bundles=SimpleNamespace(get=lambda key, make: SimpleNamespace(model=outcome.model))),
        SimpleNamespace(problem_of=lambda _: data.problem, open=lambda _: (frame, data.columns, data.problem, None)))
    run = Run("run", "project", "job", Plan(600, 1), datetime.now(UTC), outcome.summary, oof="oof")
    searching = replace(searching, context=SimpleNamespace(**vars(searching.context), latest=lambda *_, **__: run))
    listed = searching.ranked(run)
    assert np.array_equal(listed.positions, np.arange(600))
    assert np.array_equal(np.isnan(listed.y), today)
    assert np.allclose(listed.oof[today], outcome.model.predict_frame(frame[today]))
    assert np.array_equal(searching.judged(run).positions, np.flatnonzero(~today))
    assert np.isnan(searching.drawable(run).y).sum() == today.sum()
    assert searching.covered("project") == (540, 540)
    assert searching.covered("project", ranked=True) == (600, 600)  # of more than fit into a table the first are shown
    assert searching.drawn_from("project") == (600, 600)
    goal = Goal(target, next(name for name in data.problem.classes if name != data.problem.positive), value=100.0, capacity=100)
    context = SimpleNamespace(lists=SimpleNamespace(get=lambda _, make: make()), store=SimpleNamespace(list=lambda *_: ()))
    act = Acting(context, searching)  # type: ignore[arg-type]
    for name, made in (("goal_of", goal), ("reasons", [()] * 600)):
        monkeypatch.setattr(Acting, name, lambda *_, made=made: made)
    rows = act.actions_of(run)
    assert (rows.unknown, len(rows.rows)) == (60, 100)
    assert {row.row for row in rows.rows[:60]} == set(np.flatnonzero(today).tolist())
    judged = act.past_actions_of(run)
    assert {row.row for row in judged.rows} <= set(range(540))
    piloted = searching.judged(run).positions[[row.row for row in judged.rows[:30]]].tolist()
    monkeypatch.setattr(act_step, "running_sides", lambda *_: (SimpleNamespace(arms=dict.fromkeys(piloted, "treat")),))
    left = act.past_actions_of(run)
    assert [row.row for row in left.rows[:70]] == [row.row for row in judged.rows[30:]]
    assert (left.in_pilots, judged.in_pilots) == (30, 0)
    assert left.sentence.endswith(" 30 rows of a running pilot are left out.")
    monkeypatch.setattr(Searching, "ranked", lambda self, run: replace(self.judged(run)))  # its cache had no room for both
    monkeypatch.setattr(Acting, "actions_of", lambda *_: "the list itself")
    assert act.past_actions_of(run) == "the list itself"


def test_explaining_takes_less_where_the_search_took_its_time() -> None:
    """Of time that was added, too: a minute after ten had eleven left by its end, however long it had taken."""
    for asked in (Plan(60.0), with_more(Plan(600.0), 600.0, 60.0)):
        assert [round(explaining_seconds(asked, gone), 2) for gone in (0.0, 50.0, 57.0, 65.0)] == [3.6, 3.6, 3.0, 1.44]


def test_rows_of_no_weight_are_left_out_of_the_search_and_ranked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest third weighs nothing: a fold in time that holds only such rows has no score."""
    fit_here(monkeypatch)
    made: SearchData = make_data(rows=300)
    weight = np.where(np.arange(300) < 200, 1.0 + np.arange(300) % 2, 0.0)
    columns = (*made.columns, Column("step", "int", "number"), Column("weight", "float", "number"))
    frame = made.frame.assign(step=np.arange(300), weight=weight)
    problem = replace(made.problem, time="step", weights="weight")
    data = SearchData(frame, columns, problem)
    short = Plan(600, 1, families=("linear",), folds=3, max_trials=1)
    prepared = prepare(data, short)
    assert np.array_equal(prepared.positions, np.arange(200))
    assert prepared.weights is not None
    assert (float(prepared.weights.mean()), prepared.left_out) == (pytest.approx(1.0), 0)
    outcome = search(data, short, FolderJournal(tmp_path))
    assert outcome.summary.score.mean > 0.5
    past = Predictions(outcome.oof, outcome.positions, outcome.y, outcome.learned)
    searching: Any = Searching(
        SimpleNamespace(arrays=SimpleNamespace(get=lambda key, make: past if key == "oof" else make()),
                        bundles=SimpleNamespace(get=lambda key, make: SimpleNamespace(model=outcome.model))),
        SimpleNamespace(problem_of=lambda inputs: problem, open=lambda inputs: (frame, columns, problem, None)))
    listed = searching.ranked(Run("run", "project", "job", short, datetime.now(UTC), outcome.summary, oof="oof"))
    assert np.array_equal(listed.positions, np.sort(np.append(outcome.positions, np.arange(200, 300))))
    assert np.isfinite(listed.oof).all()
    one = replace(data, frame=frame.assign(weight=np.where(frame["churned"] == "Yes", weight, 0.0)))
    with pytest.raises(BadInput, match="have the same outcome"):
        prepare(one, short)
    with pytest.raises(BadInput, match="cannot weigh rows"):
        prepare(replace(data, frame=frame.assign(weight=0.0)), short)


def test_rows_that_ended_as_no_class_of_the_model_hide_no_learned_ones_among_the_open() -> None:
    """They were asked about as if they had no outcome: beside many of them open rows that the model had learned from were
    ranked by it."""
    rng = np.random.default_rng(0)
    taught = pd.DataFrame({"a": rng.normal(size=300).round(6), "b": rng.normal(size=300).round(6)})
    others = pd.DataFrame({"a": rng.normal(size=200).round(6), "b": rng.normal(size=200).round(6), "left": "moved"})
    file = pd.concat([taught.head(100).assign(left=None), others], ignore_index=True).astype({"left": "str"})
    problem = Problem("left", "binary", "roc_auc", ("no", "yes"), "yes")
    sketch = remember(taught, (("a", "float"), ("b", "float")))
    bundle: Any = SimpleNamespace(model=SimpleNamespace(problem=problem), contract=SimpleNamespace(learned=sketch))
    assert file_places(bundle, file, file, None).places.tolist() == list(range(100, 300))
    named = file.assign(left=np.where(file["left"].isna(), None, "no")).astype({"left": "str"})
    assert file_places(bundle, named, named, None).places.tolist() == list(range(100, 300))
