"""The student: one boosting that learns half from the truth and half from what the ensemble says (docs/adr/0013).

Distillation after Bucila et al. (2006) and Fakoor et al. (2020). Its score is that of a model which learned nothing, and was told
nothing, by who has seen the rows that judge it: see `teachers`.
"""
from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from automl_core.search.carried import common_folds, through
from automl_core.search.contest import Contest, find_candidate
from automl_core.search.ensemble import blend
from automl_core.search.families import families
from automl_core.search.family import Array
from automl_core.search.journal import FoldResult
from automl_core.search.offers import ENSEMBLE, formulas_fail, make_ballot, make_offers
from automl_core.search.plan import Candidate
from automl_core.search.portfolio import candidate_key
from automl_core.search.progress import announce
from automl_core.search.teachers import (
    Untaught,
    fits_of,
    learn_columns,
    pairs_of,
    rows_each,
    said_without,
    shares,
    unsaid,
)

if TYPE_CHECKING:
    from automl_core.search.race import Race

SHARE = 0.5  # of what is learned that the ensemble says: benchmarks/results/student.md
LEAST_FOLDS = 3
MOST_BYTES = 500e6  # of the rows as a student learns them, in each worker
SLACK = 1.15
STUDENT_SHARE = 0.45  # of a search's own time
LEAST_LEFT = 0.3  # of what the likely teachers take, from which fewer of them may do


def lesson_seconds(contest: Contest, team: tuple[str, ...]) -> float:
    """What a student of this team (keys, the best first) should take with the workers there are; 0 where there will be none."""
    learner = None if _obstacle(contest, team) else _learner(contest)
    if learner is None:
        return 0.0
    folds, members = common_folds(contest), [find_candidate(contest.candidates, key) for key in team]
    kinds = {kind for member in members for kind in contest.wanted_extras(member)}
    learning = sum(extras.seconds for (kind, fold), extras in contest.extras.items() if fold == 0 and kind in kinds)
    pairs, rows = pairs_of(contest, folds), len(contest.prepared.folds[0][0])
    share = max((len(contest.prepared.y) - len(pair.rows)) / rows for pair in pairs) if pairs else 0.0
    teaching = len(pairs) * share * (learning + sum(contest.fold_seconds(member) for member in members))
    fits = (len(folds) + 1) * rows_each(contest) * contest.fold_seconds(learner)
    return SLACK * (teaching + fits) / max(1, contest.plan.jobs)


def teach(race: Race, end: float) -> str:
    """Let a student join the contest, fitted on all folds by `end`, a moment of the search. A sentence where there is none."""
    contest = race.contest
    race.crew.running.clear()
    race.crew.again.clear()
    known = len(contest.candidates)
    try:
        student = _meet(race, end)
        if all(candidate.key != student.key for candidate in contest.candidates):  # an interrupted search may have taught it
            race.watch.progress(race.fraction, "Teaching one model what the ensemble says.",
                                max(0.0, race.clock.budget - race.clock.elapsed()))
            _take(race, student, _fit_student(race, student, end))
    except Untaught as reason:
        race.crew.clear()
        taught_before = any(candidate.teachers for candidate in contest.candidates[:known])
        return "" if taught_before or race.watch.stop() == "finish" else str(reason)
    return ""


def taught(contest: Contest, candidate: Candidate) -> Array:
    """What a student learns of all rows, (n,) numbers or (n, k) shares: the truth alone where the ensemble says nothing."""
    folds = common_folds(contest)
    weights = dict(candidate.teachers)
    said = unsaid(contest)
    said[contest.positions(folds)] = shares(contest, blend(weights, {key: contest.out_of_fold(key, folds) for key in weights}))
    return _mixed(contest, said)


def _obstacle(contest: Contest, team: tuple[str, ...]) -> str:
    """Why there can be no student of this team (keys) whatever time there is, a sentence; empty where there can be one."""
    if len(common_folds(contest)) < LEAST_FOLDS:
        return f"There is no student: its lessons take {LEAST_FOLDS} folds or more."
    if _bytes(contest) > MOST_BYTES:
        return "There is no student: the table is too large for one."
    if len(team) < 2:
        return "There is no student: the best blend is one model."
    if _learner(contest) is None:
        return "There is no student: no boosting that could learn from an ensemble was tried."
    return ""


def _learner(contest: Contest) -> Candidate | None:
    """The one that is taught, if there is any: of those that can be and are compared the best by the mean of their folds; with
    formulas or letters only where these are no noise."""
    folds = common_folds(contest)
    able = [one for one in contest.candidates
            if not one.teachers and set(folds) <= set(contest.good(one.key)) and _learns(contest, one.family)]
    rows = contest.positions(folds)
    for one in sorted(able, key=lambda one: -contest.mean_score(one.key, folds)):
        if not one.twin or not formulas_fail(make_ballot(contest, folds, rows, (one.key, one.twin)), one):
            return one
    return None


def _meet(race: Race, end: float) -> Candidate:
    """The student with its teachers, who are as many of the ensemble as there is time for, the heaviest; Untaught for none."""
    contest, timed = race.contest, race.contest.plan.timed
    left, folds = end - race.clock.elapsed(), common_folds(contest)
    if timed and (not through(contest) or left < LEAST_LEFT * race.lesson_seconds):
        raise Untaught(_no_time(race))
    offers = make_offers(make_ballot(contest, folds, contest.positions(folds)))
    weights = next(offer.weights for offer in offers if offer.name == ENSEMBLE)
    team = tuple(sorted(weights, key=lambda key: -weights[key]))
    obstacle = _obstacle(contest, team)
    learner = None if obstacle else _learner(contest)
    if learner is None:
        raise Untaught(obstacle)
    while timed and lesson_seconds(contest, team) / SLACK > left:
        team = team[:-1]
        if len(team) < 2:
            raise Untaught(_no_time(race))
    whole = sum(weights[key] for key in team)
    return _student(contest, learner, {key: weights[key] / whole for key in team})


def _student(contest: Contest, base: Candidate, teachers: dict[str, float]) -> Candidate:
    options = dict(base.options)
    counted = families().get(base.family).leaf_rows
    if counted in options:
        options[counted] *= rows_each(contest)
    weights = tuple(sorted(teachers.items()))
    key = candidate_key(base.family, options | {"teachers": weights}, base.view, base.coded)
    return replace(base, key=key, label=f"{base.label}, taught by the ensemble", options=options, twin="", tuned=False,
                   teachers=weights)


def _fit_student(race: Race, student: Candidate, end: float) -> list[FoldResult]:
    """The student on every fold, taught without it."""
    contest, folds = race.contest, common_folds(race.contest)
    said = said_without(race, dict(student.teachers), folds, end)
    missing = [race.extras_task(kind, fold, end) for fold in folds for kind in contest.missing_extras(student, fold)]
    for _, extras, handle in learn_columns(race, missing, end):  # of a search that goes on, which has learned none of them
        race.handles[extras.kind, extras.fold], contest.extras[extras.kind, extras.fold] = handle, extras
    tasks = [replace(race.fit_task(student, fold, end), taught=_mixed(contest, said[fold])) for fold in folds]
    return [result for _, result in sorted(fits_of(race, tasks, end), key=lambda one: one[0].fold)]


def _take(race: Race, student: Candidate, results: list[FoldResult]) -> None:
    """It is a candidate like the others from now on, also for a search that goes on from this one."""
    race.contest.candidates += (student,)
    for result in results:
        race.contest.take(race.journal.add(race.prepared.fingerprint, result, race.clock.elapsed()))
    race.journal.propose(race.prepared.fingerprint, student)
    announce(race, student)


def _no_time(race: Race) -> str:
    """That time was too short, and how much more is needed for time to be kept."""
    if not race.lesson_seconds:
        return "There was no time for a student."
    enough = math.ceil(race.lesson_seconds / STUDENT_SHARE)
    return f"There was no time for a student: a search of {enough:,} seconds keeps enough."


def _learns(contest: Contest, family: str) -> bool:
    return contest.prepared.data.problem.task in families().get(family).taught


def _bytes(contest: Contest) -> float:
    """Of the matrix with each row as often as it is learned."""
    columns = len(contest.prepared.encoder.features) + sum(
        len(extras.features) for (_, fold), extras in contest.extras.items() if fold == 0)
    return 8.0 * len(contest.prepared.y) * rows_each(contest) * columns


def _mixed(contest: Contest, said: Array) -> Array:
    """Half the truth and half what is said, where something is."""
    y, classes = contest.prepared.y, rows_each(contest)
    truth = y.astype(np.float64) if classes == 1 else np.eye(classes)[y.astype(np.int64)]
    mixed: Array = np.where(np.isnan(said), truth, SHARE * said + (1 - SHARE) * truth)
    return mixed
