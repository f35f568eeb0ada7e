"""The candidates that a search begins with, and their order."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.codec import from_json, to_json
from automl_core.data.infer import table_from_frame
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.search import FolderJournal, SearchData, portfolio
from automl_core.search.clock import Clock
from automl_core.search.contest import Contest
from automl_core.search.crew import Crew
from automl_core.search.families import families
from automl_core.search.haste import hastened
from automl_core.search.log_target import is_log
from automl_core.search.next_task import _anchor, next_task
from automl_core.search.opening import open_contest
from automl_core.search.plan import Candidate, Plan
from automl_core.search.portfolio import Views, candidate_cap, candidate_key, make_portfolio
from automl_core.search.prepared import prepare
from automl_core.search.proven import entries_of
from automl_core.search.race import Race
from automl_core.search.watch import SilentWatch
from tests.unit.modelling import PROBLEMS
from tests.unit.searching import HereExecutor
from tests.unit.test_search_learned import PROBLEM, table


def test_the_portfolio_varies_families_first() -> None:
    candidates = make_portfolio(PROBLEMS["binary"], 10_000, Plan())
    assert len({candidate.family for candidate in candidates[:5]}) >= 4
    assert len({candidate.key for candidate in candidates}) == len(candidates)
    assert {candidate.family for candidate in make_portfolio(PROBLEMS["binary"], 50, Plan())} == {
        candidate.family for candidate in candidates}
    assert candidates[0].key == make_portfolio(PROBLEMS["binary"], 10_000, Plan())[0].key
    three = Plan(families=("linear", "lightgbm", "catboost"))
    assert len(make_portfolio(PROBLEMS["binary"], 150, three)) == candidate_cap(150) == 12
    assert [candidate_cap(rows) for rows in (50, 1000, 2500, 10_000)] == [10, 27, 36, 60]
    assert {candidate.family for candidate in make_portfolio(PROBLEMS["binary"], 10_000, Plan(families=("ebm",)))} == {"ebm"}
    with pytest.raises(BadInput, match="no plug-in"):
        make_portfolio(PROBLEMS["binary"], 100, Plan(families=("magic",)))


def test_a_line_over_few_columns_comes_first_where_they_are_very_many(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 300))
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(300)])
    frame["y"] = pd.Series(np.where(x[:, 290] + 0.3 * random.normal(size=300) > 0, "Yes", "No")).astype("str")
    problem = replace(PROBLEMS["binary"], target="y")
    firsts = []
    for width in (300, 100):
        columns = tuple(Column(f"x{i}", "float", "number") for i in range(width))
        prepared = prepare(SearchData(frame, (*columns, Column("y", "bool", "category")), problem), Plan())
        journal, clock = FolderJournal(tmp_path / str(width)), Clock(5.0)
        contest = open_contest(prepared, Plan(budget_seconds=5), journal, clock)
        race = Race(contest, clock, Crew(HereExecutor(), None), journal, SilentWatch())
        first = race.contest.candidates[0]
        assert _anchor(race, set()) == (first, 0)
        assert (_anchor(race, {(first.key, 0)}) is None) == (width == 300)  # nothing is through before the line over few
        ample = open_contest(prepared, Plan(budget_seconds=60), FolderJournal(tmp_path / f"ample {width}"), clock)
        race = Race(ample, clock, Crew(HereExecutor(), None), journal, SilentWatch())
        assert _anchor(race, {(ample.candidates[0].key, 0)}) == (ample.candidates[1], 0)  # where there is time nobody waits
        for seconds in (5, 60):
            firsts.append(make_portfolio(problem, 300, Plan(budget_seconds=seconds), prepared.views)[:3])
    (few, line, _), (same, boosted, later), (usual, second, _), _ = firsts
    assert (few, line, second) == (same, later, boosted)  # where there is time a boosting is an anchor, as everywhere
    assert boosted.family == "lightgbm"
    assert few.label == "Linear model of few columns"
    assert line == usual  # other tables are searched as before
    assert line.label == "Linear model"
    assert not prepared.views.wide


def test_the_order_over_very_many_columns_goes_by_the_time_that_was_asked_for() -> None:
    """A job is left with a measured part of its time, and more time is added to what was spent."""
    def keys(plan: Plan) -> list[str]:
        return [candidate.key for candidate in make_portfolio(PROBLEMS["binary"], 300, plan, Views(wide=True))][:3]

    assert keys(Plan(18.4, first_seconds=25.0)) == keys(Plan(25.0))
    assert keys(Plan(130.0, first_seconds=10.0, spent_seconds=10.0)) == keys(Plan(10.0)) != keys(Plan(25.0))
    assert keys(Plan(5.0, max_trials=4)) == keys(Plan(60.0, max_trials=4))


def test_a_line_over_few_columns_learns_the_logarithm_where_the_others_do() -> None:
    for plan in (Plan(5), Plan(60)):
        plain, logs = (make_portfolio(PROBLEMS["regression"], 300, plan, Views(wide=True, logs=tail))[0]
                       for tail in (False, True))
        assert (plain.label, is_log(plain.options)) == ("Linear model of few columns", False)
        assert (logs.label, is_log(logs.options)) == ("Linear model of few columns, of the logarithm", True)


def test_what_the_portfolio_asks_of_lines_is_declared() -> None:
    asked = {name for task in ("binary", "regression") for one in make_portfolio(PROBLEMS[task], 300, Plan(), Views(wide=True))
             if one.family == "linear" for name in one.options}
    assert asked - {"loss", "alpha"} == {field.name for field in families().get("linear").fields} == {"bends", "few", "straight"}


def test_what_cannot_weigh_rows_is_not_tried_where_they_have_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABPFN_MODEL_CACHE_DIR", str(tmp_path))
    (tmp_path / "tabpfn-v3-classifier-v3_default.ckpt").touch()
    monkeypatch.setattr(portfolio, "learners", lambda: tuple(map(families().get, ("tabpfn", "linear"))))  # as if installed
    plain, weighed = PROBLEMS["binary"], replace(PROBLEMS["binary"], weights="size")
    assert {candidate.family for candidate in make_portfolio(plain, 500, Plan())} == {"tabpfn", "linear"}
    assert {candidate.family for candidate in make_portfolio(weighed, 500, Plan())} == {"linear"}
    with pytest.raises(BadInput, match="None of the chosen"):
        make_portfolio(weighed, 500, Plan(families=("tabpfn",)))


def test_a_family_that_is_not_listed_is_tried_early(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = entries_of("binary", False)
    monkeypatch.setattr(portfolio, "entries_of", lambda task, logs: [entry for entry in entries if entry.family != "extra_trees"])
    tried = [candidate.family for candidate in make_portfolio(PROBLEMS["binary"], 50, Plan())]
    assert tried.index("extra_trees") == 3


@pytest.mark.parametrize(("seconds", "longest"), [(1.0, 1.6), (3.4, 4.24), (6.0, 6.3), (60.0, 17.9)])
def test_first_fits_end_while_the_time_may_be_gone_beyond(
    seconds: float, longest: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 5 seconds on 25,000 rows of 200 columns the first boosting alone took 6: all took 9.4, where 7.5 are allowed."""
    monkeypatch.setattr(Race, "fit_task", lambda _self, _candidate, _fold, until, *_: until)
    columns = (Column("x", "float", "number"), Column("y", "bool", "category"))
    frame = pd.DataFrame({"x": np.arange(300.0) % 7, "y": pd.Series(["Yes", "No"] * 150).astype("str")})
    plan = Plan(budget_seconds=seconds, families=("lightgbm", "linear"))
    prepared = prepare(SearchData(frame, columns, replace(PROBLEMS["binary"], target="y")), plan)
    journal, clock = FolderJournal(tmp_path), Clock(seconds)
    race = Race(open_contest(prepared, plan, journal, clock), clock, Crew(HereExecutor(), None), journal, SilentWatch())
    assert next_task(race, 0.3) == pytest.approx(longest, abs=0.5 if seconds == 60 else 0.01)


def test_steps_of_a_scale_have_a_place_in_the_portfolio() -> None:
    """One candidate of the library's own defaults was all that minded the order, without a twin, tuning or larger steps."""
    scale = replace(PROBLEMS["multiclass"], ordered=True)
    found = make_portfolio(scale, 10_000, Plan(), Views(formulas=True))
    steps = [candidate for candidate in found if candidate.family == "ordered"]
    assert [candidate.label for candidate in steps] == [
        "Ordered steps, careful", "Ordered steps, small trees", "Ordered steps, careful, with formulas"]
    assert steps[2].twin == steps[0].key
    assert found.index(steps[0]) == 2, "anchors first"
    assert all({"learning_rate", "rounds", "patience"} <= set(candidate.options) for candidate in steps)
    later = hastened(found, 100.0, (), "multiclass")
    assert {candidate.label for candidate in later if candidate.family == "ordered"} == {
        f"{candidate.label}, in larger steps" for candidate in steps}
    assert families().get("ordered").space
    assert "ordered" not in {candidate.family for candidate in make_portfolio(replace(scale, ordered=False), 10_000, Plan())}


def test_a_scale_of_too_many_steps_is_searched_without_what_cannot_learn_it() -> None:
    """A limit of our own was a failed candidate, and a warning of every such search."""
    for several, there in ((16, True), (17, False)):
        scale = replace(PROBLEMS["multiclass"], ordered=True, classes=tuple(f"{number:02}" for number in range(several)))
        found = {candidate.family for candidate in make_portfolio(scale, 10_000, Plan())}
        assert ("ordered" in found) == there
    assert "lightgbm" in found
    with pytest.raises(BadInput, match="None of the chosen"):
        make_portfolio(scale, 10_000, Plan(families=("ordered",)))


def test_a_family_of_another_package_says_all_of_itself_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quantiles, tuning and larger steps were lists of names in our own files, and such a family had one candidate."""
    own = replace(families().get("lightgbm"), name="elsewhere", title="Elsewhere", tried=(
        ("Elsewhere, slow", {"learning_rate": 0.05}), ("Elsewhere, quick", {"learning_rate": 0.1})))
    monkeypatch.setitem(families().plugins, "elsewhere", own)
    pinball = replace(PROBLEMS["regression"], metric="pinball", quantile=0.9)
    found = [one for one in make_portfolio(pinball, 10_000, Plan()) if one.family == "elsewhere"]
    assert [one.label for one in found] == ["Elsewhere, slow", "Elsewhere, quick"]
    assert all(one.options["loss"] == "quantile" for one in found)
    assert [one.options["learning_rate"] for one in hastened(tuple(found), 100.0, (), "regression")] == [0.1, 0.2]
    monkeypatch.setitem(families().plugins, "elsewhere", replace(own, quantiles=False, tried=()))
    assert "elsewhere" not in {one.family for one in make_portfolio(pinball, 10_000, Plan())}
    plain = [one.label for one in make_portfolio(PROBLEMS["regression"], 10_000, Plan()) if one.family == "elsewhere"]
    assert plain == ["Elsewhere"]


def test_a_family_from_elsewhere_says_itself_whether_letters_are_worth_a_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which families get the letters of misspelt levels was a list of four names in our own files."""
    own = replace(families().get("lightgbm"), name="elsewhere", title="Elsewhere", tried=(("Slow", {}), ("Quick", {"rounds": 9})))
    monkeypatch.setitem(families().plugins, "elsewhere", own)
    monkeypatch.setitem(families().plugins, "linear", replace(families().get("linear"), letters=False))
    found = make_portfolio(PROBLEM, 10_000, Plan(), Views(letters=True))
    assert [one.label for one in found if one.family == "elsewhere"] == ["Slow", "Slow, with letters", "Quick"]
    assert {one.family for one in found if one.view == "lettered"} == {"elsewhere", "lightgbm", "catboost"}
    monkeypatch.setitem(families().plugins, "elsewhere", replace(own, letters=False))
    assert not [one for one in make_portfolio(PROBLEM, 10_000, Plan(), Views(letters=True))
                if one.family == "elsewhere" and one.view == "lettered"]


@pytest.mark.parametrize("text", [False, True])
def test_formulas_and_letters_are_compared_with_the_same_columns_without_them(text: bool) -> None:
    """CatBoost codes levels itself, and where there are no texts gets no codes: with formulas it had them all the same, so that
    formulas of noise were credited with what the codes did."""
    given = table_from_frame(table() if text else table().drop(columns="note"), "orders")
    prepared = prepare(SearchData(given.frame, given.columns, PROBLEM), Plan(60))
    assert prepared.coded
    candidates = make_portfolio(PROBLEM, 50_000, Plan(), prepared.views._replace(letters=True))
    found = candidates + hastened(candidates, 100.0, (), "binary")
    contest, by_key = Contest(prepared, Plan(60), found, {}), {item.key: item for item in found}
    judged = [item for item in found if item.twin]
    assert {item.view for item in judged if item.family == "catboost"} == {"formed", "lettered"}
    for item in judged:
        codes = ("codes",) if text or item.family != "catboost" else ()
        assert contest.wanted_extras(by_key[item.twin]) == codes
        assert contest.wanted_extras(item)[:-1] == codes
    assert all(candidate_key(item.family, item.options, item.view, item.coded) == item.key for item in found)


def test_proposals_of_before_see_what_they_saw() -> None:
    """Notes of a search that was begun before say nothing of codes: CatBoost with formulas had them."""
    stored = to_json(Candidate("k", "catboost", "CatBoost, tuned 1", {}, "formed", tuned=True))
    assert from_json(Candidate, {name: value for name, value in stored.items() if name != "coded"}).coded
