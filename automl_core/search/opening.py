"""How a search begins: what its workers see, and the contest with what earlier runs of the same search left."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from automl_core.framing.problem import Task
from automl_core.search.carried import Carried
from automl_core.search.clock import Clock
from automl_core.search.contest import Contest
from automl_core.search.families import families
from automl_core.search.haste import hastened
from automl_core.search.journal import FoldResult, Journal
from automl_core.search.offers import SIMPLE
from automl_core.search.plan import Candidate, Plan
from automl_core.search.portfolio import make_portfolio
from automl_core.search.prepared import Prepared
from automl_core.search.race import LATE_FIT, LOST_FIT
from automl_core.search.reserve import likely_team
from automl_core.search.schedule import ANCHORS, fold_count

LEARNING_SHARE = 0.4  # of the time that was added
SLOW = 4.0  # times what a fit may take: so slow it is taken to be there


def arrays_of(prepared: Prepared) -> dict[str, Any]:
    """What the workers see of a search: the matrix, the target, the folds, what texts hold and how levels are written."""
    arrays: dict[str, Any] = {"matrix": prepared.matrix, "y": prepared.y}
    if prepared.weights is not None:
        arrays["weights"] = prepared.weights
    if prepared.groups is not None:
        arrays["groups"] = prepared.groups
    for number, (train, valid) in enumerate(prepared.folds):
        arrays |= {f"train{number}": train, f"valid{number}": valid}
    for number, terms in enumerate(prepared.terms.values()):
        arrays |= {f"text{number}.starts": terms.starts, f"text{number}.places": terms.places,
                   f"text{number}.values": terms.values, f"text{number}.width": np.array(terms.width)}
    for number, levels in enumerate(prepared.levels.values()):
        arrays |= {f"levels{number}.{key}": value for key, value in levels.arrays().items()}
    return arrays


def open_contest(prepared: Prepared, plan: Plan, journal: Journal, clock: Clock) -> Contest:
    """The contest with what earlier runs of the same search left in the journal."""
    notes = journal.notes(prepared.fingerprint)
    clock.spent = notes.get("spent", 0.0)
    plan = replace(plan, spent_seconds=min(plan.spent_seconds, clock.spent))  # begun anew, all of the time is its own
    usual = make_portfolio(prepared.data.problem, len(prepared.y), plan, prepared.views)
    quick = bool(notes["quick"]) if "quick" in notes else not notes and prepared.hurried
    journal.note(prepared.fingerprint, "quick", float(quick))
    task = prepared.data.problem.task
    candidates = _begun_quickly(usual, task) if quick else usual
    longer = plan.spent_seconds > 0 or plan.budget_seconds > plan.first_seconds > 0
    if "slowness" in notes:
        slow = usual if longer else ()  # more time has come: they are tried, too
        candidates = hastened(candidates, notes["slowness"], tuple(one.key for one in candidates[:ANCHORS]), task)
        candidates += tuple(one for one in slow if one.key not in {other.key for other in candidates})
    candidates += tuple(candidate for candidate in journal.proposed(prepared.fingerprint)
                        if candidate.key not in {other.key for other in candidates})
    keys = {candidate.key for candidate in candidates}
    tried = {place: result for place, result in journal.results(prepared.fingerprint).items() if place[0] in keys}
    # what time has spoilt is tried again where there is more of it
    anew = longer and _time_to_learn(tuple(tried.values()), plan)
    kept = {place: result for place, result in tried.items()
            if not (longer and result.error in (LATE_FIT, LOST_FIT)) and not (anew and (result.without or result.partly))}
    contest = Contest(prepared, plan, candidates, {}, folds=int(notes.get("folds", 0)), hastened="slowness" in notes,
                      resumed=0 if plan.spent_seconds else len(kept))
    for place in sorted(kept):
        contest.take(kept[place])
        contest.without |= {(kind, place[1]) for kind in kept[place].without}
        contest.partly |= {(kind, place[1]) for kind in kept[place].partly}
    if longer:
        contest.spoilt = {place for place, result in kept.items() if result.truncated}
        for key in {key for key, _ in contest.spoilt}:
            if not contest.failure(key):
                contest.out.pop(key, None)  # it was behind as it was cut off
    anchors = candidates[:ANCHORS]
    if contest.folds and plan.first_seconds and all((candidate.key, 0) in tried for candidate in anchors):
        # a short first search may have had no time for more folds; what it fitted counts all the same
        contest.folds = max(contest.folds, fold_count(contest, anchors, max(clock.budget - clock.elapsed(), 0.0)))
        journal.note(prepared.fingerprint, "folds", contest.folds)
    # a student is what it was taught: where teachers or folds are others now, another is to take its place
    contest.candidates = tuple(one for one in candidates if not one.teachers or (
        contest.complete(one.key) and all(key in keys for key, _ in one.teachers)))
    if longer:
        contest.carried = _carried(contest, int(notes.get("compared", notes.get("folds", 0))))
    return contest


def _carried(contest: Contest, folds: int) -> Carried:
    """What an earlier search compared on so many folds, where there are others in use now."""
    if folds in (0, contest.folds):
        return Carried()
    then = replace(contest, folds=folds, results={place: one for place, one in contest.results.items() if place[1] < folds})
    through = {candidate.key: candidate.family for candidate in contest.candidates
               if then.complete(candidate.key) and not candidate.teachers}
    if not through:
        return Carried()
    best = sorted(through, key=lambda key: -then.mean_score(key))
    team = tuple(dict.fromkeys((best[0], *likely_team(then))))
    kinds = [{name} for name in SIMPLE] + [{name for name in through.values() if families().get(name).legible}]
    simple = dict.fromkeys(key for kind in kinds for key in [key for key in best if through[key] in kind][:1])
    first = {*team, *simple}
    return Carried(folds, team, tuple(simple), tuple(sorted(best, key=lambda key: key not in first)))


def _time_to_learn(tried: tuple[FoldResult, ...], plan: Plan) -> bool:
    """Whether columns that were lost or left out in part are learned anew: where the fits that did without can all be made again
    in a part of the time that was added. Till then they are as good as any."""
    seconds = sum(result.seconds for result in tried if result.without or result.partly)
    return not plan.timed or seconds <= LEARNING_SHARE * max(1, plan.jobs) * plan.new_seconds


def _begun_quickly(candidates: tuple[Candidate, ...], task: Task) -> tuple[Candidate, ...]:
    """Larger steps for the first boosting, too: that it is slow is known when it is over."""
    anchors = {candidate.key for candidate in candidates[:ANCHORS]}
    return hastened(candidates, SLOW, tuple(one.key for one in candidates if not {one.key, one.twin} & anchors), task)
