"""The search page: what is asked for, and what it says of what was found."""
from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import Any

import pytest

from automl_core.codec import from_json
from automl_core.framing.problem import Money
from automl_core.jobs import JobWatch
from automl_core.search.plan import Plan
from automl_core.workspace.search import Searching
from tests.pages.conftest import PAGES, Stages, Visit, texts, work
from tests.unit.searching import fit_here

LINES = [f"{n % 7},{n % 5},{'yes' if (n % 7) + (n % 3) > 5 else 'no'}" for n in range(120)]
TABLE = "\n".join(["a,b,left", *LINES]).encode()


@pytest.fixture
def wanted(stages: Stages) -> str:
    """A small table with a goal judged by labels."""
    workspace = stages.workspace
    project = workspace.projects.create("left")
    workspace.data.upload(project, "left.csv", TABLE)
    workspace.goal.save(project, replace(workspace.goal.suggest(project, "left"), metric="balanced_accuracy"))
    return project


def test_a_number_of_candidates_can_be_asked_for(visit: Visit, stages: Stages, wanted: str) -> None:
    """The help of the seed promised the same models, which a race against the clock does not keep; nothing else could be had."""
    app = visit(wanted, "search")
    told = next(box for box in app.number_input if box.label == "Random seed").proto.help
    assert "may differ" in told
    app.number_input(key="max_trials").set_value(4).run()
    assert app.segmented_control(key="budget").disabled
    assert app.number_input(key="exact_budget").disabled
    assert "Tries 4 candidates of all kinds of model, however long it takes" in texts(app)
    app.button(key="start_search").click().run()
    assert not app.exception
    job = next(job for job in stages.workspace.jobs.active(wanted) if job.kind == "search")
    stages.workspace.search.cancel(job.id)
    plan = from_json(Plan, job.body["plan"])
    assert (plan.max_trials, plan.budget_seconds) == (4, 86_400)


def test_what_labels_are_compared_by_and_what_is_missing_is_said(
    visit: Visit, stages: Stages, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """“Worse by 0.01 Log loss” stood under balanced accuracies; a search of LightGBM alone has no model to read beside it; and
    of a number of candidates nobody knows how long they take: the page said that 23 hours were left."""
    left: list[float] = []
    progress = JobWatch.progress

    def listen(watch: JobWatch, fraction: float, sentence: str, seconds_left: float = math.nan) -> None:
        left.append(seconds_left)
        progress(watch, fraction, sentence, seconds_left)

    fit_here(monkeypatch)
    monkeypatch.setattr(JobWatch, "progress", listen)
    workspace = stages.workspace
    plan = Plan(86_400, 1, families=("lightgbm",), folds=2, max_trials=1)
    work(workspace, workspace.search.start(wanted, plan))
    assert left
    assert all(math.isnan(seconds) for seconds in left)
    app = visit(wanted, "search")
    heads = json.loads(app.dataframe[0].proto.columns)
    assert heads["Score"]["label"] == "Score", "a longer name was cut off"
    said = texts(app).replace("\\", "")
    assert "best Balanced accuracy first" in said
    assert "Models are compared by log loss" in said
    assert "the threshold is the best one for Balanced accuracy" in said
    assert "None of the models that were tried can be read as it is." in said


def test_what_is_compared_by_its_own_score_needs_no_word(visit: Visit, stages: Stages) -> None:
    said = texts(visit("model", "search"))
    assert "compared by log loss" not in said
    assert "can be read as it is." not in said


def test_the_leaderboard_writes_scores_by_their_size(visit: Visit) -> None:
    """An RMSE of 55 had four decimals, as an AUC has."""
    heads = json.loads(visit("model", "search").dataframe[0].proto.columns)
    assert heads["Score"]["type_config"]["format"] == "%.2f"


def test_a_choice_by_hand_ends_what_the_search_said_of_its_own(visit: Visit, stages: Stages, wanted: str,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that somebody had put aside still said that it was handed over."""
    fit_here(monkeypatch)
    workspace = stages.workspace
    work(workspace, workspace.search.start(wanted, Plan(60, 1, families=("linear", "rule"), folds=2, max_trials=2)))
    run = workspace.search.needed(wanted)
    assert "handed over." in _rungs(run)
    assert "handed over." not in _rungs(workspace.search.choose(wanted, next(iter(run.rungs))))


def _rungs(run: Any) -> str:
    return " ".join(offer.sentence for offer in run.summary.ladder)


def test_the_form_starts_from_what_was_typed_or_else_from_the_newest_search(
    visit: Visit, stages: Stages, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at another page, and the search itself, put kinds, folds and seed back: “Search again” was another search."""
    fit_here(monkeypatch)
    app = visit(wanted, "search")
    app.multiselect(key="families").set_value(["linear"]).run()
    app.number_input(key="folds").set_value(2)
    app.number_input(key="max_trials").set_value(1)
    app.number_input(key="seed").set_value(5).run()
    for page in ("data", "search"):
        app.switch_page(PAGES[page]).run()
    assert "Tries 1 candidate of Linear" in texts(app)
    app.button(key="start_search").click().run()
    work(stages.workspace, next(job for job in stages.workspace.jobs.active(wanted) if job.kind == "search"))
    plan = stages.workspace.search.needed(wanted).plan
    assert (plan.families, plan.folds, plan.max_trials, plan.seed) == (("linear",), 2, 1, 5)
    for again in (app.run(), visit(wanted, "search")):
        assert again.multiselect(key="families").value == ["linear"]
        assert [again.number_input(key=key).value for key in ("folds", "max_trials", "seed", "exact_budget")] == [2, 1, 5, None]
        assert again.segmented_control(key="budget").disabled
        assert next(one for one in again.expander if one.label == "More choices").proto.expanded  # there is why
    assert not visit(stages.projects["goal"], "search").multiselect(key="families").value


@pytest.mark.parametrize(("seed", "shown"), [(20261130123, 20261130123), (2**60, 2**53 - 1)])
def test_a_large_seed_of_a_command_does_not_break_the_page(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, stages: Stages, seed: int, shown: int
) -> None:
    """An error box stood in place of “Search again” and of all that follows it."""
    run = replace(stages.workspace.search.needed(stages.projects["model"]), plan=Plan(60.0, seed=seed))
    monkeypatch.setattr(Searching, "state", lambda *_: None)
    monkeypatch.setattr(Searching, "last", lambda *_: run)
    app = visit("model", "search")
    assert not app.exception
    assert app.number_input(key="seed").value == shown  # a browser counts no further
    assert app.button(key="start_search")


@pytest.mark.parametrize(("plan", "named", "exact"), [
    (Plan(120.0), "2 min", None), (Plan(45.0), "1 min", 45),
    (Plan(400.0, first_seconds=300.0, spent_seconds=310.0), "5 min", None),
    (Plan(1.0), "1 min", 5), (Plan(86_400.0, max_trials=999, folds=50), "1 min", None),
])
def test_a_time_is_offered_again_as_it_was_given(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, stages: Stages, plan: Plan, named: str, exact: int | None
) -> None:
    run = replace(stages.workspace.search.needed(stages.projects["model"]), plan=plan)
    monkeypatch.setattr(Searching, "state", lambda *_: None)
    monkeypatch.setattr(Searching, "last", lambda *_: run)
    app = visit("model", "search")
    assert not app.exception
    assert (app.segmented_control(key="budget").value, app.number_input(key="exact_budget").value) == (named, exact)


def test_pages_name_what_the_model_computes(visit: Visit, stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    """“With formulas” was all that was said of them."""
    workspace = stages.workspace
    found = workspace.search.last

    def formed(project: str) -> Any:
        run = found(project)
        assert run is not None
        assert run.summary is not None
        ladder = tuple(replace(offer, computed=("price / area",)) for offer in run.summary.ladder)
        return replace(run, summary=replace(run.summary, ladder=ladder))

    said = texts(visit("model", "search")).replace("\\", "")
    assert "what is computed from them" not in said
    monkeypatch.setattr(Searching, "last", lambda self, project: formed(project))
    monkeypatch.setattr(Searching, "state", lambda self, project: None)
    said = texts(visit("model", "search")).replace("\\", "")
    assert "Besides the columns it sees what is computed from them: price / area." in said
    assert "counts for the columns they are made from" in texts(visit("model", "explain"))


def test_amounts_are_told_in_the_currency_they_were_searched_with(
    visit: Visit, stages: Stages, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the goal was changed “$ 12.40 a row” was told of what had been € 12.40, or nothing where it has no amounts."""
    fit_here(monkeypatch)
    goal = stages.workspace.goal
    priced = replace(goal.needed(wanted), money=Money(true_positive=500.0, false_positive=-20.0, currency="€"))
    goal.save(wanted, priced)
    work(stages.workspace, stages.workspace.search.start(wanted, Plan(jobs=1, families=("rule",), max_trials=1)))
    for later in (priced.money, replace(priced.money, currency="$"), None):
        goal.save(wanted, replace(priced, money=later))
        said = texts(visit(wanted, "search")).replace("\\", "").replace("\u00a0", " ")
        assert re.search(r"; € [\d.,]+ a row", said)
        assert "$ " not in said
