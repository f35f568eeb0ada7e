"""The race: candidates in order, all on the same folds, until the time is up; then the hand-over.

Every fit is one task of one candidate and one fold, kept in the journal when it is done, so stopping, resuming and a crash
are the same thing.
"""
from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from automl_core.errors import BadInput, Cancelled
from automl_core.search.contest import Clock, Contest
from automl_core.search.executors import BROKEN, Executor, open_executor
from automl_core.search.families import families
from automl_core.search.handover import Outcome, Settlement, refit_seconds, settle
from automl_core.search.journal import FoldResult, Journal
from automl_core.search.plan import Candidate, Plan
from automl_core.search.portfolio import make_portfolio
from automl_core.search.prepared import Prepared, SearchData, prepare
from automl_core.search.watch import SilentWatch, Watch
from automl_core.search.worker import ALL_ROWS, FitTask, run_fit, warm

__all__ = ["Outcome", "search"]

ANCHORS = 2  # candidates whose first fold shows what a fold costs here
FIRST_FITS = 6.0  # seconds the very first fits may take, however small the budget
GRACE = 1.5  # seconds between asking workers to end and ending them
POLL = 0.2
MOST_LOSSES = 3  # a fit lost this often is given up, whoever was to blame
LOST: tuple[type[BaseException], ...] = (*BROKEN, CancelledError, OSError)  # the worker is gone, not the fit wrong


@dataclass(slots=True, eq=False)
class Race:
    """One running search: the contest, the clock and the place where fits run."""

    contest: Contest
    clock: Clock
    pool: Executor
    handle: Any
    journal: Journal
    watch: Watch
    running: dict[Future[Any], tuple[FitTask, int]] = field(default_factory=dict)  # with how often each was lost before
    again: list[tuple[FitTask, int]] = field(default_factory=list)  # lost with a worker, to be fitted again one by one
    told: set[str] = field(default_factory=set)
    ending: float = 0.0
    reported: float = 0.0

    @property
    def stop_file(self) -> Path:
        return self.journal.folder / "stop"

    @property
    def prepared(self) -> Prepared:
        return self.contest.prepared

    def end(self) -> float:
        """The moment of the search at which the race must end to leave time for the hand-over."""
        budget = self.clock.budget
        return budget - min(0.4 * budget, 1.5 + 0.03 * budget + 1.4 * refit_seconds(self.contest))

    def run(self) -> None:
        """Until nothing is left to try or the time is up. Cancelled when the watch says so."""
        self.stop_file.unlink(missing_ok=True)
        while True:
            self._look_around()
            while not self.ending and len(self.running) < max(1, self.contest.plan.jobs):
                if not self._start_next():
                    break
            if not self.running:
                break
            done, _ = wait(self.running, timeout=POLL, return_when=FIRST_COMPLETED)
            self._collect(done)
            self._report()
            if self.ending and time.monotonic() - self.ending > GRACE and self.has_any():
                self.running.clear()
                self.pool.rebuild()
                break
        self.stop_file.unlink(missing_ok=True)
        for candidate in self.contest.candidates:
            self._tell(candidate)

    def submit(self, task: FitTask, losses: int = 0) -> None:
        """Hand a fit to a worker; a pool that broke meanwhile is rebuilt first."""
        try:
            future = self.pool.submit(run_fit, self.handle, task)
        except BROKEN:
            alone = len(self.running) == 1
            for item in self._rebuild():
                self._lose(*item, alone)
            future = self.pool.submit(run_fit, self.handle, task)
        self.running[future] = (task, losses)

    def task(self, candidate: Candidate, fold: int, until: float, rounds: int = 0) -> FitTask:
        """The fit of one candidate without one fold, or on all rows; `until` is a moment of the search."""
        problem = self.prepared.data.problem
        return FitTask(
            candidate.key, candidate.family, candidate.options, fold, self.prepared.encoder.features, problem.task,
            self.prepared.classes, self.clock.until(until), str(self.stop_file), rounds, self.contest.plan.seed)

    def has_any(self) -> bool:
        """Whether anything can be handed over yet: a fit whose model is kept, which only the first fold's is."""
        return any(fold == 0 and not result.error for (_, fold), result in self.contest.results.items())

    def _start_next(self) -> bool:
        """Start one more fit if there is one. A fit that was lost runs alone: if it is lost again, it is to blame itself."""
        if self.again:
            if self.running:
                return False
            task, losses = self.again.pop(0)
            self.submit(replace(task, until=max(task.until, self.clock.until(self._share_ends(self.clock.elapsed())))), losses)
            return True
        if any(losses for _, losses in self.running.values()):
            return False
        following = self._next_task()
        if following is not None:
            self.submit(following)
        return following is not None

    def _look_around(self) -> None:
        how = self.watch.stop()
        if how == "cancel":
            raise Cancelled("The search was cancelled.", "Nothing was kept.")
        if not self.ending and (how == "finish" or self.clock.elapsed() >= self.end()) and self.has_any():
            self.ending = time.monotonic()
            self.stop_file.touch()

    def _collect(self, done: Iterable[Future[Any]]) -> None:
        """Take what came back first, then see to what was lost: a process that dies takes every fit of its pool with it."""
        alone = len(self.running) == 1
        lost, broken = [], False
        for future in done:
            item = self.running.pop(future)
            try:
                self._take(future.result())
            except LOST as error:
                lost.append(item)
                broken = broken or isinstance(error, BROKEN)
        if broken:
            lost += self._rebuild()
        for task, losses in lost:
            self._lose(task, losses, alone)

    def _rebuild(self) -> list[tuple[FitTask, int]]:
        """A new pool for the broken one, and the fits that were lost with it; what had come back by then is taken."""
        self.pool.rebuild()
        lost = []
        for future, item in self.running.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                self._take(future.result())
            else:
                lost.append(item)
        self.running.clear()
        return lost

    def _lose(self, task: FitTask, losses: int, alone: bool) -> None:
        """Fit a lost task again, unless it has been lost before and was alone now, or has been lost too often."""
        if self.ending:
            return
        losses += 1
        if losses == 1 or (losses < MOST_LOSSES and not alone):
            self.again.append((task, losses))
        else:
            said = "Its process ended, probably for lack of memory."
            self._take(FoldResult(task.key, task.fold, self.prepared.y[:0], error=said))

    def _take(self, result: FoldResult) -> None:
        if result.truncated and self.stop_file.exists():
            return  # cut off by the end of the race, not by its own share: not comparable, so not kept
        self.journal.add(self.prepared.fingerprint, result, self.clock.elapsed())
        self.contest.take(result)
        candidate = next(item for item in self.contest.candidates if item.key == result.key)
        if not result.error and result.fold == 0:
            families().get(candidate.family).load(result.files)  # loads its library here while workers work: needed at the end
        if self.contest.complete(candidate.key) or candidate.key in self.contest.out:
            self._tell(candidate)

    def _tell(self, candidate: Candidate) -> None:
        known = self.contest.complete(candidate.key) or candidate.key in self.contest.out
        if known and candidate.key not in self.told:
            self.told.add(candidate.key)
            if self.contest.tried(candidate.key):
                self.watch.trial(self.contest.trial(candidate))

    def _report(self) -> None:
        if time.monotonic() - self.reported < 0.5:
            return
        self.reported = time.monotonic()
        left = max(0.0, self.clock.budget - self.clock.elapsed())
        names = {candidate.key: candidate.label for candidate in self.contest.candidates}
        trying = sorted({names[task.key] for task, _ in self.running.values()})
        done = len(self.told)
        count = f"{done} of {len(names)} candidates done."
        sentence = f"Trying {' and '.join(trying)}; {count}" if trying else count
        fraction = max(self.clock.elapsed() / self.clock.budget, 0.9 * done / len(names))
        self.watch.progress(min(fraction, 0.95), sentence, left)

    def _next_task(self) -> FitTask | None:
        contest, now = self.contest, self.clock.elapsed()
        if not contest.folds:
            return self._anchor_task(now)
        busy = {(task.key, task.fold) for task, _ in self.running.values()}
        for candidate in contest.candidates:
            if candidate.key in contest.out or contest.complete(candidate.key):
                continue
            places = [(candidate.key, fold) for fold in range(contest.folds)]
            open_folds = [fold for key, fold in places if (key, fold) not in contest.results and (key, fold) not in busy]
            if not open_folds or not self._fits(candidate, len(open_folds), now):
                continue
            return self.task(candidate, open_folds[0], self._share_ends(now))
        return None

    def _share_ends(self, now: float) -> float:
        """The moment at which a fit started now has had its share of the time."""
        share = 0.35 * (self.end() - now) * max(1, self.contest.plan.jobs) / max(1, self.contest.folds)
        return min(self.end(), now + max(1.0, share))

    def _anchor_task(self, now: float) -> FitTask | None:
        """First the first fold of the anchors; once their cost is known, the number of folds follows."""
        contest = self.contest
        anchors = contest.candidates[:ANCHORS]
        known = [(candidate.key, 0) in contest.results for candidate in anchors]
        if all(known):
            self._choose_folds(anchors)
            return self._next_task()
        busy = {(task.key, task.fold) for task, _ in self.running.values()}
        for candidate, done in zip(anchors, known, strict=True):
            if not done and (candidate.key, 0) not in busy:
                return self.task(candidate, 0, max(min(self.end(), now + 0.3 * self.clock.budget), now + FIRST_FITS))
        return None

    def _choose_folds(self, anchors: tuple[Candidate, ...]) -> None:
        """As many folds as let the anchors finish in a third of the time: a candidate stopped before its last is wasted."""
        contest = self.contest
        cost = sum(contest.results[candidate.key, 0].seconds for candidate in anchors)
        room = 0.35 * max(self.end() - self.clock.elapsed(), 0.0) * max(1, contest.plan.jobs)
        contest.folds = min(len(self.prepared.folds), max(1, int(room / max(cost, 1e-3))))
        self.journal.note(self.prepared.fingerprint, "folds", contest.folds)

    def _fits(self, candidate: Candidate, folds: int, now: float) -> bool:
        """Whether the candidate can get through before the end; one that cannot is out, so that its time goes to others."""
        seconds = self.contest.fold_seconds(candidate)
        if now + max(seconds, seconds * folds / max(1, self.contest.plan.jobs)) <= self.end():
            return True
        busy = any(task.key == candidate.key for task, _ in self.running.values())
        if self.contest.good(candidate.key) or busy:
            return now + 0.5 * seconds <= self.end()
        self.contest.out[candidate.key] = "Not tried: its fits would not have ended in time."
        self._tell(candidate)
        return False


def _arrays(prepared: Prepared) -> dict[str, Any]:
    arrays: dict[str, Any] = {"matrix": prepared.matrix, "y": prepared.y}
    for number, (train, valid) in enumerate(prepared.folds):
        arrays |= {f"train{number}": train, f"valid{number}": valid}
    return arrays


def _open(prepared: Prepared, plan: Plan, journal: Journal, clock: Clock) -> Contest:
    """The contest with what earlier runs of the same search left in the journal."""
    notes = journal.notes(prepared.fingerprint)
    clock.spent = notes.get("spent", 0.0)
    candidates = make_portfolio(prepared.data.problem, len(prepared.y), plan)
    keys = {candidate.key for candidate in candidates}
    kept = {place: result for place, result in journal.results(prepared.fingerprint).items() if place[0] in keys}
    contest = Contest(prepared, plan, candidates, {}, folds=int(notes.get("folds", 0)))
    for place in sorted(kept):
        contest.take(kept[place])
    return contest


def search(data: SearchData, plan: Plan, journal: Journal, watch: Watch | None = None) -> Outcome:
    """Search for `plan.budget_seconds` and hand over a model refitted on all rows.

    A journal with finished fits of the same search is continued: nothing is fitted twice and the time spent counts. Raises
    Cancelled when the watch says cancel, BadInput when nothing can be learned from this table.
    """
    watch = watch or SilentWatch()
    clock = Clock(max(1.0, plan.budget_seconds))
    jobs = max(1, plan.jobs)
    with closing(open_executor(plan.executor, jobs, journal.folder)) as pool:
        for _ in range(jobs):
            pool.submit(warm, "automl_core.search.worker", 0.2)
        watch.progress(0.0, "Preparing the columns.", clock.budget)
        prepared = prepare(data, plan)
        contest = _open(prepared, plan, journal, clock)
        race = Race(contest, clock, pool, pool.share(_arrays(prepared)), journal, watch)
        again = clock.spent > 0
        race.run()
        if not race.has_any():
            raise BadInput("No model could learn from this table.", next(iter(contest.out.values()), "Add rows or columns."))
        watch.progress(0.95, "Fitting the chosen model on all rows.", max(0.0, clock.budget - clock.elapsed()))
        return settle(Settlement(contest, clock, lambda wanted: _refit(race, wanted, again)))


def _refit(race: Race, wanted: dict[str, int], again: bool) -> dict[str, FoldResult]:
    """The candidates fitted on all rows with the given rounds, as far as they end in time; the caller falls back for the rest.

    `again` says that the search was interrupted: the refit then has its own time. A worker that dies ends the refits.
    """
    clock, contest = race.clock, race.contest
    race.stop_file.unlink(missing_ok=True)
    chosen = [candidate for candidate in contest.candidates if candidate.key in wanted]
    hard_end = clock.budget + 0.5
    if again:
        hard_end = max(hard_end, clock.elapsed() + 3.0 + 3.0 * sum(contest.fold_seconds(candidate) for candidate in chosen))
    race.running.clear()
    for candidate in chosen:
        race.submit(replace(race.task(candidate, ALL_ROWS, hard_end, wanted[candidate.key]), stop_file=""))
    results: dict[str, FoldResult] = {}
    lost = False
    while race.running and not lost and clock.elapsed() < hard_end + 0.5:
        if race.watch.stop() == "cancel":
            raise Cancelled("The search was cancelled.", "Nothing was kept.")
        done, _ = wait(race.running, timeout=POLL, return_when=FIRST_COMPLETED)
        for future in done:
            task, _ = race.running.pop(future)
            try:
                results[task.key] = future.result()
            except LOST:
                lost = True
    # a fit cut off in its refit may be far from the one that was judged; the first fold's is not
    return {key: result for key, result in results.items() if not result.error and not result.truncated}
