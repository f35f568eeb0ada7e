"""The student: one boosting that learns half from the truth and half from what the ensemble says (docs/adr/0013).

Distillation after Bucila et al. (2006) and Fakoor et al. (2020). What the ensemble says of a row comes from fits that have not
seen it. Those have seen the rows that the student is then judged by, so that its score would be flattered: for its score the
ensemble is fitted anew without each pair of folds, and a student that is judged on one of them learns what is said of the other.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl_core.search.contest import Contest, find_candidate
from automl_core.search.ensemble import blend
from automl_core.search.family import Array
from automl_core.search.journal import FoldResult
from automl_core.search.offers import ENSEMBLE, Offer, make_ballot, make_offers
from automl_core.search.plan import Candidate
from automl_core.search.portfolio import candidate_key
from automl_core.search.progress import announce
from automl_core.search.refits import run_tasks
from automl_core.search.worker import Extras, ExtrasKind, FitTask

if TYPE_CHECKING:
    from automl_core.search.race import Race

SHARE = 0.5  # of what is learned that the ensemble says: benchmarks/results/student.md
LEARNERS = ("lightgbm", "xgboost", "catboost")
OF_SHARES = ("lightgbm", "xgboost")  # CatBoost reads its codes of levels off the copies of a row that come before
LEAST_FOLDS = 3
MOST_CELLS = 400_000  # rows times classes
SLACK = 1.15
MOST_SHARE = 0.45  # of a search's own time
NO_TIME = "There was no time for a student: it takes about {seconds:,.0f} seconds more."


class _Pair(NamedTuple):
    """Two folds that the ensemble is fitted without, and the rows (m,) that it then predicts."""

    first: int
    second: int
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Class:
    """Who teaches and who learns: weights by key, and the candidate whose options the student has."""

    teachers: dict[str, float]
    student: Candidate


def lesson_seconds(contest: Contest, team: tuple[str, ...]) -> float:
    """What a student of this team (keys, the best first) should take with the workers there are; 0 where there will be none."""
    folds = tuple(range(contest.folds))
    learners = [candidate for candidate in contest.candidates
                if contest.complete(candidate.key) and candidate.family in _learners(contest)]
    if len(team) < 2 or not learners or len(folds) < LEAST_FOLDS or _cells(contest) > MOST_CELLS:
        return 0.0
    members = [find_candidate(contest.candidates, key) for key in team]
    kinds = {kind for member in members for kind in contest.wanted_extras(member)}
    learning = sum(extras.seconds for (kind, fold), extras in contest.extras.items() if fold == 0 and kind in kinds)
    pairs = len(_pairs(contest, folds)) * (learning + sum(contest.fold_seconds(member) for member in members))
    best = max(learners, key=lambda candidate: contest.mean_score(candidate.key))
    fits = (len(folds) + 1) * _copies(contest) * contest.fold_seconds(best)
    return SLACK * (pairs + fits) / max(1, contest.plan.jobs)


def teach(race: Race, end: float) -> str:
    """Let a student join the contest, fitted on all folds by `end`, a moment of the search. A sentence where there is none."""
    contest, folds = race.contest, race.contest.common_folds()
    found = _meet(contest, folds)
    if isinstance(found, str):
        return found
    seconds = lesson_seconds(contest, tuple(found.teachers))
    if not contest.plan.max_trials and race.clock.elapsed() + seconds / SLACK > end:
        return NO_TIME.format(seconds=max(1.0, race.clock.elapsed() + seconds - end))
    race.watch.progress(race.fraction, "Teaching one model what the ensemble says.", max(0.0, end - race.clock.elapsed()))
    said = _said_by_pairs(race, found.teachers, folds, end)
    results = None if said is None else _fit_student(race, found.student, folds, said, end)
    if results is None:
        race.crew.clear()
        return "The student was not ready in time." if race.watch.stop() != "finish" else ""
    contest.candidates += (found.student,)
    for result in results:
        contest.take(race.journal.add(race.prepared.fingerprint, result, race.clock.elapsed()))
    announce(race, found.student)
    return ""


def taught(contest: Contest, candidate: Candidate) -> Array:
    """What a student learns of all rows, (n,) numbers or (n, k) shares: the truth alone where the ensemble says nothing."""
    folds = contest.common_folds()
    weights = dict(candidate.teachers)
    said = _nothing(contest)
    said[contest.positions(folds)] = _shares(contest, blend(weights, {key: contest.out_of_fold(key, folds) for key in weights}))
    return _mixed(contest, said)


def _meet(contest: Contest, folds: tuple[int, ...]) -> _Class | str:
    """Who teaches whom, or why nobody does."""
    if len(folds) < LEAST_FOLDS or not any(contest.complete(candidate.key) for candidate in contest.candidates):
        return f"There is no student: its lessons take {LEAST_FOLDS} folds or more."
    if _cells(contest) > MOST_CELLS:
        return "There is no student: the rows are too many to be taught."
    offers = make_offers(make_ballot(contest, folds, contest.positions(folds)))
    teachers = next(offer for offer in offers if offer.name == ENSEMBLE)
    if len(teachers.weights) < 2:
        return "There is no student: the best blend is one model."
    learners = [offer for offer in offers if len(offer.weights) == 1 and offer.family in _learners(contest)]
    if not learners:
        return "There is no student: no boosting that could learn from an ensemble was tried."
    base = find_candidate(contest.candidates, max(learners, key=lambda offer: offer.quality).name)
    return _Class(teachers.weights, _student(contest, base, teachers))


def _student(contest: Contest, base: Candidate, teachers: Offer) -> Candidate:
    options = dict(base.options)
    if base.family == "lightgbm" and _copies(contest) > 1:
        options["min_data_in_leaf"] = _copies(contest) * int(options.get("min_data_in_leaf", 20))
    weights = tuple(sorted(teachers.weights.items()))
    key = candidate_key(base.family, options | {"teachers": weights}, base.view, base.coded)
    return replace(base, key=key, label=f"{base.label}, taught by the ensemble", options=options, twin="", tuned=False,
                   teachers=weights)


def _said_by_pairs(race: Race, teachers: Mapping[str, float], folds: tuple[int, ...], end: float) -> dict[int, Array] | None:
    """By fold what the ensemble says of the other folds' rows, (n,) or (n, k) with NaN elsewhere, learned without that fold's;
    None where it was not ready by `end`."""
    contest = race.contest
    said = {fold: _nothing(contest) for fold in folds}
    for fold in folds:  # a fold whose training rows are all among another's: what was fitted without it says it already
        for other in _known(contest, fold, folds):
            rows = contest.prepared.folds[other][1]
            of_other = np.isin(contest.positions(folds), rows)
            said[fold][rows] = _shares(contest, blend(teachers, {
                key: contest.out_of_fold(key, folds)[of_other] for key in teachers}))
    pairs = _pairs(contest, folds)
    learned = _learn_columns(race, teachers, pairs, end)
    if learned is None:
        return None
    tasks = {(key, pair.first, pair.second): _pair_fit(race, key, pair, learned, end) for pair in pairs for key in teachers}
    found = {(task.key, task.fold, task.also): result for task, result in run_tasks(race, list(tasks.values()), end)
             if isinstance(task, FitTask) and _whole(result)}
    if len(found) < len(tasks):
        return None
    for pair in pairs:
        scales = {key: contest.scale(key, _rest(folds, pair)) for key in teachers}
        blended = _shares(contest, blend(teachers, {
            key: found[key, pair.first, pair.second].prediction * scales[key] for key in teachers}))
        for fold, other in ((pair.first, pair.second), (pair.second, pair.first)):
            of_other = np.isin(pair.rows, contest.prepared.folds[other][1])
            said[fold][pair.rows[of_other]] = blended[of_other]
    return said


def _learn_columns(
    race: Race, teachers: Mapping[str, float], pairs: list[_Pair], end: float
) -> dict[tuple[ExtrasKind, int, int], tuple[Extras, Any]] | None:
    """The learned columns of each pair with their handles; None where one was not ready."""
    kinds = dict.fromkeys(kind for key in teachers
                          for kind in race.contest.wanted_extras(find_candidate(race.contest.candidates, key)))
    tasks = [replace(race.extras_task(kind, pair.first, end), also=pair.second) for pair in pairs for kind in kinds]
    found: dict[tuple[ExtrasKind, int, int], tuple[Extras, Any]] = {}
    for task, extras in run_tasks(race, tasks, end):
        if isinstance(extras, Extras) and extras.whole:
            name = f"{extras.kind}-{task.fold}-{task.also}"
            handle = race.crew.pool.share({name: extras.values})
            found[extras.kind, task.fold, task.also] = replace(extras, values=extras.values[:0].copy()), handle
    return found if len(found) == len(tasks) else None


def _pair_fit(race: Race, key: str, pair: _Pair, learned: Mapping[tuple[ExtrasKind, int, int], tuple[Extras, Any]],
              end: float) -> FitTask:
    """The fit of one teacher without a pair of folds, by the rounds that are best on the others."""
    contest = race.contest
    candidate = find_candidate(contest.candidates, key)
    columns = [learned[kind, pair.first, pair.second] for kind in contest.wanted_extras(candidate)]
    rest = _rest(tuple(range(contest.folds)), pair)
    return replace(
        race.fit_task(candidate, pair.first, end, max(1, contest.best_rounds(key, rest))), also=pair.second,
        features=sum((extras.features for extras, _ in columns), contest.prepared.encoder.features),
        extras=tuple(handle for _, handle in columns))


def _fit_student(
    race: Race, student: Candidate, folds: tuple[int, ...], said: Mapping[int, Array], end: float
) -> list[FoldResult] | None:
    """The student on every fold, taught without it; None where one fit did not end in time."""
    tasks = [replace(race.fit_task(student, fold, end), taught=_mixed(race.contest, said[fold])) for fold in folds]
    results = {task.fold: result for task, result in run_tasks(race, tasks, end) if _whole(result)}
    return [results[fold] for fold in folds] if len(results) == len(folds) else None


def _whole(result: Any) -> bool:
    return isinstance(result, FoldResult) and not result.error and not result.truncated


def _pairs(contest: Contest, folds: tuple[int, ...]) -> list[_Pair]:
    """The pairs that have to be fitted without: either fold's training rows hold some of the other's."""
    found = []
    for first, second in combinations(folds, 2):
        if second not in _known(contest, first, folds) and first not in _known(contest, second, folds):
            rows = np.union1d(contest.prepared.folds[first][1], contest.prepared.folds[second][1])
            found.append(_Pair(first, second, rows))
    return found


def _known(contest: Contest, fold: int, folds: tuple[int, ...]) -> list[int]:
    """The other folds whose fits have seen no row that this fold's student is judged by: where time orders rows, the earlier."""
    train, valid = contest.prepared.folds[fold]
    return [other for other in folds if other != fold
            and not np.intersect1d(contest.prepared.folds[other][0], valid).size
            and np.isin(contest.prepared.folds[other][1], train).all()]


def _rest(folds: tuple[int, ...], pair: _Pair) -> tuple[int, ...]:
    return tuple(fold for fold in folds if fold not in (pair.first, pair.second))


def _learners(contest: Contest) -> tuple[str, ...]:
    return LEARNERS if contest.prepared.data.problem.task == "regression" else OF_SHARES


def _copies(contest: Contest) -> int:
    """How often a row is there when its classes' shares are learned."""
    return {"regression": 1, "binary": 2}.get(contest.prepared.data.problem.task, contest.prepared.classes)


def _cells(contest: Contest) -> int:
    return len(contest.prepared.y) * _copies(contest)


def _nothing(contest: Contest) -> Array:
    """(n,) or (n, k) NaN."""
    rows, copies = len(contest.prepared.y), _copies(contest)
    return np.full(rows if copies == 1 else (rows, copies), np.nan)


def _shares(contest: Contest, prediction: Array) -> Array:
    """Predictions as a student is taught them: of two classes both shares, (m, 2)."""
    if contest.prepared.data.problem.task != "binary":
        return prediction
    shares: Array = np.column_stack([1 - prediction, prediction])
    return shares


def _mixed(contest: Contest, said: Array) -> Array:
    """Half the truth and half what is said, where something is."""
    y, copies = contest.prepared.y, _copies(contest)
    truth = y.astype(np.float64) if copies == 1 else np.eye(copies)[y.astype(np.int64)]
    mixed: Array = np.where(np.isnan(said), truth, SHARE * said + (1 - SHARE) * truth)
    return mixed
