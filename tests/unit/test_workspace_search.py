"""Searches through the workspace: one at a time, another rung, more time, attempts that were lost."""
from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_core import Workspace, explaining
from automl_core import jobs as queue
from automl_core.codec import from_json
from automl_core.errors import BadInput, Cancelled, Conflict, NotFound
from automl_core.framing.problem import Rung, Verdict
from automl_core.search import entry
from automl_core.search.journal import PATIENCE, FolderJournal
from automl_core.search.plan import Plan, RungOffer, Score
from automl_core.search.watch import SilentWatch
from automl_core.workspace import run_files
from automl_core.workspace.goal import Inputs
from automl_core.workspace.running import run_job
from automl_core.workspace.search_job import run_search
from automl_core.workspace.summaries import with_check
from automl_core.workspace.views import Run
from tests.unit.reporting import SUMMARY
from tests.unit.searching import fit_here, larger_steps

HEADED = "The quick check reached 0.95 with its boosted model, better than this one"
CHOSEN = (RungOffer("rule", ("rule",), SUMMARY.score, 1.0, 1.0, 1.0, chosen=True),)


def do_next(ws: Workspace, job_id: str) -> None:
    """Do the queued jobs up to this one, as a worker does."""
    while queue.job(ws.context.store, job_id).active:
        job = queue.lease(ws.context.store)
        assert job is not None
        run_job(ws, job.id)
        queue.finish(ws.context.store, job.id)


def test_two_searches_that_are_started_at_once_are_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither saw the other's job, and both ran."""
    ws = Workspace.open()
    project = ws.projects.start_sample("diabetes")
    seen = queue.jobs(ws.context.store, project)
    monkeypatch.setattr(queue, "jobs", lambda *_: seen)
    first = ws.search.start(project, Plan(budget_seconds=60))
    assert ws.search.start(project, Plan(budget_seconds=90)).id == first.id


def test_a_search_that_no_chosen_family_can_do_is_refused_before_it_starts(home: Path) -> None:
    ws = Workspace.open()
    project = ws.projects.start_sample("diabetes")
    ws.goal.save(project, replace(ws.goal.needed(project), metric="pinball", quantile=0.9))
    with pytest.raises(BadInput, match="Explainable boosting machine cannot predict the quantile of 90 %"):
        ws.search.start(project, Plan(families=("ebm",)))
    assert not [job for job in ws.jobs.active(project) if job.kind == "search"]


def test_another_rung_can_be_handed_over_and_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit_here(monkeypatch)
    larger_steps(monkeypatch)
    ws = Workspace.open()
    project = ws.projects.start_sample("diabetes")
    job = ws.search.start(project, Plan(budget_seconds=60, jobs=1, families=("linear", "lightgbm"), max_trials=4, folds=3))
    run_job(ws, job.id)
    first = ws.search.needed(project)
    assert first.summary is not None
    chosen = next(offer.name for offer in first.summary.ladder if offer.chosen)
    assert first.rungs
    other = next(iter(first.rungs))
    second = ws.search.choose(project, other)
    assert ws.search.needed(project) == second
    assert second.summary is not None
    assert next(offer.name for offer in second.summary.ladder if offer.chosen) == other
    offer = next(offer for offer in first.summary.ladder if offer.name == other)
    assert (second.summary.score, second.summary.members) == (offer.score, offer.members)
    frame, _, _, _ = ws.goal.open(ws.search.inputs(first))
    before, after = (ws.search.bundle(run).predict(frame.head(20))["prediction"].to_numpy() for run in (first, second))
    assert not np.allclose(before, after)
    assert ws.explain.explanation(project) is not None
    assert len(ws.search.predictions(second).oof) == len(ws.search.predictions(first).oof)
    back = ws.search.choose(project, chosen)
    assert np.allclose(ws.search.bundle(back).predict(frame.head(20))["prediction"].to_numpy(), before)
    with pytest.raises(BadInput, match="not among those"):
        ws.search.choose(project, "magic")
    model, found = ws.search.bundle(back).model, ws.search.predictions(back)
    shown = ws.explain.explanation(project)
    assert shown is not None
    shared = run_files.metadata_of(ws.goal, back, model.problem, (shown,))
    write, others = run_files.write_bundle, list[Any]()

    def meanwhile(*given: Any) -> None:
        write(*given)
        if not others:
            others.append(back)
            others[0] = run_files._write(ws.context, back, model, found, shared)

    monkeypatch.setattr(run_files, "write_bundle", meanwhile)  # another choice at the same moment: one file was both's
    for bundle, oof in (run_files._write(ws.context, back, model, found, shared), others[0]):
        assert ws.search.open_bundle(bundle).model.problem == model.problem
        assert ws.context.store.file_path(oof).stat().st_size > 0
    again = queue.enqueue(ws.context.store, project, "search", job.body | {"journal": job.id, "rung": other})
    run_job(ws, again.id)
    handed = ws.search.needed(project)
    assert handed.by_hand == other
    run_job(ws, again.id)  # it was killed before it said that it was done
    assert ws.search.needed(project) == handed
    kept = ws.context.store.list(project, "run", parent_id=again.id)
    assert {record.version for record in kept} == {1}  # no id speaks of another model than before
    explained, place = explaining.explain_classes, sys.modules["automl_core.workspace.search"]

    def slow(*given: Any) -> Any:
        ws.context.save("run", project, replace(first, id="run_newer", job_id="job_newer"), "job_newer", "run_newer")
        return explained(*given)

    monkeypatch.setattr(place, "explain_classes", slow)
    with pytest.raises(Conflict, match="meantime"):
        ws.search.choose(project, chosen)
    assert ws.search.needed(project).id == "run_newer"


@pytest.mark.parametrize(("plan", "run", "summary", "low", "end"), [
    ({}, {}, {}, 0.94, ": the time was too short for this table, so search longer."),
    ({"max_trials": 3}, {}, {}, 0.94, ": more trials may find one as good."),
    ({"max_trials": 3, "families": ("rule",)}, {}, {}, 0.94, ": more trials or other kinds of model may find one as good."),
    ({}, {"by_hand": "rule"}, {"ladder": CHOSEN}, 0.94, "."),
    ({}, {"by_hand": "linear"}, {"ladder": CHOSEN}, 0.94, ": the time was too short for this table, so search longer."),
    ({}, {"stopped_after": 2.0}, {}, 0.94, ": the search was stopped early, so give it more time."),
    ({"families": ("rule",)}, {}, {"tried_all": True}, 0.94, ": other kinds of model may be as good."),
    ({}, {}, {"tried_all": True}, 0.94, "."),
    ({}, {}, {}, 0.84, None),  # this one lies within the interval of the check's
    ({}, {}, {"baseline": Score(0.85, 0.85, 0.85)}, 0.94, None),  # it is not to be used: no advice on how to have more of it
])
def test_why_the_quick_check_was_better_is_said_only_where_it_is_known(
        plan: dict[str, Any], run: dict[str, Any], summary: dict[str, Any], low: float, end: str | None) -> None:
    """Whatever had happened, the time was blamed."""
    verdict = Verdict("ml_pays", "binary", "roc_auc", (Rung("average", 0.5, 0.5, 0.5), Rung("boosted", 0.95, low, 0.96)), (), "",
                      1.0, 7043)
    told = replace(SUMMARY, sentence="Handed over.", **summary)
    kept = Run("run_1", "p", "job_1", Plan(**plan), datetime.now(UTC), told, **run)
    assert with_check(kept, verdict).sentence == ("Handed over." if end is None else f"Handed over. {HEADED}{end}")


def test_an_attempt_waits_for_the_one_that_was_taken_for_lost_and_a_command_does_not_for_long(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its heartbeat stalled, and it may still hold the search: that is no failure of the next one."""
    class Seen(Exception):
        """The search was asked for."""

    journals: list[FolderJournal] = []

    def noted(data: Any, plan: Plan, journal: FolderJournal, *rest: Any) -> None:
        journals.append(journal)
        raise Seen

    monkeypatch.setattr(entry, "search", noted)
    ws = Workspace.open()
    project = ws.projects.start_sample("diabetes")
    job = ws.search.start(project, Plan(budget_seconds=60, jobs=1, families=("linear",), max_trials=1))
    with pytest.raises(Seen):
        do_next(ws, job.id)
    with pytest.raises(Seen):
        run_search(ws.search, job, from_json(Inputs, job.body["inputs"]), Plan(), queue.JobWatch(ws.context.store, job.id))
    assert [journal._patience for journal in journals] == [math.inf, PATIENCE]
    with journals[0].held(SilentWatch()):
        queue.request_stop(ws.context.store, job.id, "cancel")
        watch = queue.JobWatch(ws.context.store, job.id, 1)
        with pytest.raises(Cancelled), journals[0].held(watch):
            pass


def test_more_time_goes_on_with_the_same_search(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit_here(monkeypatch)
    ws = Workspace.open()
    project = ws.projects.start_sample("diabetes")
    with pytest.raises(NotFound):
        ws.search.more(project, 60)
    job = ws.search.start(project, Plan(budget_seconds=60, jobs=1, families=("linear",), max_trials=1))
    do_next(ws, job.id)
    first = ws.search.needed(project)
    job = ws.search.more(project, 60)
    assert ws.search.more(project, 60).id == job.id  # pressed twice
    do_next(ws, job.id)
    second = ws.search.needed(project)
    assert second.id != first.id
    assert second.journal == first.job_id
    assert first.summary is not None
    assert second.summary is not None
    assert len(second.summary.leaderboard) > len(first.summary.leaderboard)
    assert second.summary.folds == first.summary.folds
    assert not ws.search.begins_anew(project)
    lines = ws.context.store.folder(project, f"search-{first.job_id}") / "trials.jsonl"
    kept = lines.read_text(encoding="utf-8")
    lines.write_text(re.sub(r'"data": "\w{4}', '"data": "0000', kept), encoding="utf-8")  # of a version that split otherwise
    assert Workspace.open().search.begins_anew(project)
    lines.write_text(kept, encoding="utf-8")
    third = ws.search.more(project, 5)
    assert third.body["journal"] == first.job_id  # and so on, from the same fits
    ws.search.cancel(third.id)
    with pytest.raises(BadInput, match="a day"):
        ws.search.more(project, 90_000)
    ws.goal.save(project, replace(ws.goal.needed(project), metric="mae"))
    with pytest.raises(BadInput, match="changed since"):
        ws.search.more(project, 5)


def test_more_time_does_not_pay_for_what_a_cancelled_search_had_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its budget was over before it began: nothing was fitted, and refits were given time without end."""
    here, asked = fit_here(monkeypatch), list[bool]()
    refit = entry.refit
    monkeypatch.setattr(entry, "refit", lambda race, wanted, again: asked.append(again) or refit(race, wanted, again))
    ws = Workspace.open()
    project = ws.projects.start_sample("diabetes")
    do_next(ws, ws.search.start(project, Plan(budget_seconds=60, jobs=1, families=("linear",), max_trials=1)).id)
    first = ws.search.needed(project)
    journal = FolderJournal(ws.context.store.folder(project, f"search-{first.job_id}"))
    lines = (journal.folder / "trials.jsonl").read_text(encoding="utf-8").splitlines()
    late = {**next(line for line in map(json.loads, lines) if line["kind"] == "fit"), "spent": 500.0}
    journal._append(late)  # by one that was given 600 s and cancelled
    here.fits.clear()
    job = ws.search.more(project, 5)
    assert job.body["plan"]["spent_seconds"] == 500.0
    do_next(ws, job.id)
    assert {fit for fit in here.fits if fit[1] >= 0}
    assert asked == [False, False]
