"""The refits: what was chosen is fitted on all rows, with as many seeds as there is time for."""
from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from automl_core.errors import Cancelled
from automl_core.search.crew import Task
from automl_core.search.earlier import earlier_refits, keep_refits
from automl_core.search.families import families
from automl_core.search.journal import FoldResult
from automl_core.search.plan import Candidate
from automl_core.search.reserve import AFTER_SHARE
from automl_core.search.worker import ALL_ROWS, FitTask

if TYPE_CHECKING:
    from automl_core.search.race import Race

POLL = 0.2
SLACK, FINISH_SLACK = 0.5, 0.1  # how long a refit may be late; where somebody waits for the model
LEAST_SECONDS = 1.0  # for refits, whatever the race took: many fits take a tenth of it
FINISH_SECONDS = 0.3  # after “finish now”: what is not through by then is handed over as it was fitted on a fold
MOST_BAGS, BAGGED_ROWS = 5, 100_000
MORE_SEEDS = 2  # than an earlier refit averaged, from which another is worth its time
BAGGING_SHARE = 0.8  # of the time for refits, for seeds beyond the first
TURNS_SHARE = 0.95  # the same where one seed comes after the other: what the next will take is seen then
MOST_TREES = 2_500  # beyond those of the first seeds: a row goes through them in a millisecond


def refit(race: Race, wanted: dict[str, int], again: bool) -> dict[str, FoldResult]:
    """The candidates fitted on all rows with the given rounds, as far as they end in time; the caller falls back for the rest.

    `again` says that a search had used up its time when it was interrupted: the refit then has its own. A search that was told to
    finish has little. A worker that dies ends the refits. Those of an earlier search are taken as they are, but where
    clearly more seeds could be averaged in the time that is left.
    """
    clock, contest, crew = race.clock, race.contest, race.crew
    race.stop_file.unlink(missing_ok=True)
    chosen = sorted((item for item in contest.candidates if item.key in wanted), key=lambda item: list(wanted).index(item.key))
    earlier = earlier_refits(race, chosen, wanted)
    known = [candidate for candidate in chosen if candidate.key in earlier]
    chosen = [candidate for candidate in chosen if candidate.key not in earlier]
    whole = contest.plan.first_seconds or contest.plan.budget_seconds
    hard_end = max(clock.budget - AFTER_SHARE * race.room, clock.elapsed() + min(LEAST_SECONDS, 0.15 * whole))
    if race.watch.stop() == "finish":
        hard_end = min(hard_end, clock.elapsed() + FINISH_SECONDS)
    elif again:
        hard_end = max(hard_end, clock.elapsed() + 3.0 + 3.0 * sum(contest.fold_seconds(candidate) for candidate in chosen))
    crew.running.clear()
    crew.again.clear()
    lacking = {(kind, fold): None for candidate in chosen for fold in (ALL_ROWS, 0)
               for kind in contest.missing_extras(candidate, fold)}  # those of the first fold lack only in a search that goes on
    # without those of the first fold there is no model to fall back to
    first = any(fold == 0 for _, fold in lacking)
    columns_end = max(hard_end, clock.elapsed() + LEAST_SECONDS) if first else hard_end
    learning = [race.extras_task(kind, fold, columns_end) for kind, fold in lacking]
    for learned, extras in run_tasks(race, learning, columns_end, not first):
        lasts = extras.fold != ALL_ROWS or (extras.whole and time.time() < learned.until)  # no other is to use a part of them
        race.take_extras(extras, new=lasts)
    if race.watch.stop() == "finish":
        hard_end = min(hard_end, clock.elapsed() + FINISH_SECONDS)
    ready = [candidate for candidate in chosen if not contest.missing_extras(candidate, ALL_ROWS)]
    if not again:
        ready = _in_time(race, ready, hard_end)
        ready += _few(race, (ready, known), earlier, wanted, hard_end)
    bags = _bags(race, ready, wanted, hard_end)
    tasks = [replace(race.fit_task(candidate, ALL_ROWS, hard_end, wanted[candidate.key]), stop_file="",
                     bags=bags[candidate.key].most, bag_seconds=bags[candidate.key].seconds) for candidate in ready]
    # a fit cut off in its refit may be far from the one that was judged; the first fold's is not
    refits = {task.key: result for task, result in run_tasks(race, tasks, hard_end)
              if isinstance(task, FitTask) and not result.error and not result.truncated
              and (task.key not in earlier or result.bags > earlier[task.key].bags)}
    keep_refits(race, ready, wanted, refits)
    return earlier | refits


def _in_time(race: Race, chosen: list[Candidate], hard_end: float) -> list[Candidate]:
    """The first of the candidates that should be through before the end: a refit that is cut off is time lost to the others."""
    contest, jobs = race.contest, max(1, race.contest.plan.jobs)
    if not contest.plan.timed:
        return chosen
    left, work, found = hard_end - race.clock.elapsed(), 0.0, []
    for candidate in chosen:
        seconds = contest.refit_seconds(candidate)
        if max(seconds, (work + seconds) / jobs) <= left:
            found.append(candidate)
            work += seconds
    return found


def _few(race: Race, candidates: tuple[list[Candidate], list[Candidate]], earlier: dict[str, FoldResult],
         wanted: dict[str, int], hard_end: float) -> list[Candidate]:
    """Those of an earlier search's refits that would be means of clearly more seeds now. The candidates are those that have to be
    fitted, which go first, and those that were; of an older version it is not known how many seeds they had."""
    ready, known = candidates
    short = {item.key for item in known if 0 < earlier[item.key].bags <= MOST_BAGS - MORE_SEEDS}
    if not race.contest.plan.timed or not short:
        return []
    found = [item for item in _in_time(race, [*ready, *(item for item in known if item.key in short)], hard_end)
             if item.key in short]
    bags = _bags(race, [*ready, *found], wanted, hard_end)

    def seeds(item: Candidate) -> float:
        return min(bags[item.key].most, bags[item.key].seconds / max(race.contest.refit_seconds(item), 1e-3))

    return [item for item in found if seeds(item) >= earlier[item.key].bags + MORE_SEEDS]


class Bags(NamedTuple):
    """How many fits with other seeds are averaged at most, and the seconds in which those beyond the first must end."""

    most: int
    seconds: float


def _bags(race: Race, chosen: list[Candidate], wanted: dict[str, int], hard_end: float) -> dict[str, Bags]:
    """How many fits with other seeds are averaged in each refit, by candidate: more on few rows, when there is time.

    One more at a time for the one that has fewest, the quickest first, as long as all together should end in time and answer for
    a row in a few milliseconds. The time that is left is dealt out as that plan has it: families that fit one seed after the
    other use theirs for as many more as it holds. `wanted` are their rounds by key.
    """
    contest, jobs = race.contest, max(1, race.contest.plan.jobs)
    once = {item.key: 1 for item in chosen}
    growing = {item.key for item in chosen if families().get(item.family).bagged and not _cut(race, item)}
    if len(contest.prepared.y) > BAGGED_ROWS:
        return {key: Bags(1, math.inf) for key in once}
    if not contest.plan.timed:
        return {key: Bags(MOST_BAGS if key in growing else 1, math.inf) for key in once}
    seconds = {item.key: max(contest.refit_seconds(item), 1e-3) for item in chosen}
    trees = {item.key: _trees(race, item, wanted[item.key]) for item in chosen}
    left = hard_end - race.clock.elapsed()

    def quick(bags: dict[str, int]) -> bool:
        return sum(trees[key] * (count - 1) for key, count in bags.items()) <= MOST_TREES

    def through(bags: dict[str, int]) -> float:
        return _makespan([seconds[key] * count for key, count in bags.items()], jobs)

    in_turn = {item.key for item in chosen if item.key in growing and families().get(item.family).in_turn}
    planned = _more(once, growing, seconds, lambda bags: quick(bags) and through(bags) <= BAGGING_SHARE * left)
    # beside a long fit there is room for many short ones, where they can still end with one less
    planned = _more(planned, in_turn, seconds, lambda bags: quick(bags) and through(bags) <= through(once))
    most = _more(planned, in_turn, seconds, quick)
    share = TURNS_SHARE if len(chosen) <= jobs else BAGGING_SHARE  # nothing waits behind them
    room = max(share * left / max(through(planned), 1e-9), 1.0)
    return {key: Bags(most[key], room * seconds[key] * planned[key] if key in in_turn else math.inf) for key in once}


def _more(bags: dict[str, int], growing: Iterable[str], seconds: dict[str, float],
          allowed: Callable[[dict[str, int]], bool]) -> dict[str, int]:
    """One more at a time for the one of `growing` that has fewest, the quickest first, as long as it is allowed."""
    open_ = set(growing)
    while open_:
        key = min(open_, key=lambda name: (bags[name], seconds[name]))
        more = bags | {key: bags[key] + 1}
        if more[key] <= MOST_BAGS and allowed(more):
            bags = more
        else:
            open_.remove(key)
    return bags


def _trees(race: Race, candidate: Candidate, rounds: int) -> int:
    """How many trees one more seed of a boosting adds to what a row goes through."""
    prepared = race.prepared
    several = prepared.classes if prepared.data.problem.task == "multiclass" else 1
    return rounds * several if families().get(candidate.family).grows else 0


def _cut(race: Race, candidate: Candidate) -> bool:
    """Whether time cut off a fit that learns in steps and not tree by tree: what more of them would cost is not known."""
    return not families().get(candidate.family).grows and any(
        result.truncated for result in race.contest.good(candidate.key).values())


def _makespan(seconds: list[float], jobs: int) -> float:
    """When the last of these tasks ends, each given in turn to the worker that is free first."""
    ends = [0.0] * jobs
    for took in seconds:
        ends[ends.index(min(ends))] += took
    return max(ends)


def run_tasks(race: Race, tasks: Sequence[Task], hard_end: float, hurries: bool = True) -> list[tuple[Task, Any]]:
    """All of the tasks that comes back before the end, as many of them at once as memory holds (there may be more workers);
    nothing more once a worker died. Where the search is told to finish meanwhile and this `hurries`, the end is near; the tasks
    themselves end with their workers."""
    came: list[tuple[Task, Any]] = []
    crew, waiting, slack = race.crew, list(tasks), SLACK
    while (waiting or crew.running) and not crew.again and race.clock.elapsed() < hard_end + slack:
        how = race.watch.stop()
        if how == "cancel":
            raise Cancelled("The search was cancelled.", "Nothing was kept.")
        if how == "finish" and hurries:
            hard_end, slack = min(hard_end, race.clock.elapsed() + FINISH_SECONDS), FINISH_SLACK
        while waiting and len(crew.running) < max(1, race.contest.plan.jobs):
            crew.submit(waiting.pop(0))
        came += crew.collect(POLL)
    return came
