"""The race: candidates on the same folds until the time is up.

Every fit is one task of one candidate and one fold, kept in the journal when it is done, so stopping, resuming, giving more time
and a crash are the same thing.
"""
from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from automl_core.errors import Cancelled
from automl_core.search.carried import through
from automl_core.search.clock import Clock
from automl_core.search.contest import Contest
from automl_core.search.crew import Crew, Task
from automl_core.search.earlier import columns_name, find_columns
from automl_core.search.extras_files import extras_files
from automl_core.search.families import families
from automl_core.search.journal import FoldResult, Journal
from automl_core.search.lesson import STUDENT_SHARE, lesson_seconds, taught
from automl_core.search.next_task import next_task
from automl_core.search.plan import Candidate
from automl_core.search.prepared import Prepared
from automl_core.search.progress import announce, report
from automl_core.search.refits import POLL
from automl_core.search.reserve import likely_team, most_share, refit_seconds
from automl_core.search.watch import Watch
from automl_core.search.worker import ALL_ROWS, Extras, ExtrasKind, ExtrasTask, FitTask, give_back_memory

GRACE, FINISH_GRACE = 1.5, 0.2  # seconds between asking workers to end and ending them; where somebody waits for the model
AMPLE, MOST_SHARES = 1.3, 2.0  # times what a fit should take, and its share: a fit that ends is worth several that are cut off
LARGE = 4_000_000  # bytes of a fitted model from which passing it on leaves memory to be given back
LATE, LATE_FIRST = 3.0, 10.0  # seconds after its time at which a fit that looks at no clock is ended; while there is no model
LOST_FIT = "Its process ended, probably for lack of memory."
LATE_FIT = "It did not end in its time."


@dataclass(slots=True, eq=False)
class Race:
    """One running search: the contest, the clock and the crew that fits."""

    contest: Contest
    clock: Clock
    crew: Crew
    journal: Journal
    watch: Watch
    announced: set[str] = field(default_factory=set)  # keys of candidates that the watch was told of
    known: int = 0  # how many of them when the race began
    loaded: set[str] = field(default_factory=set)
    early: set[str] = field(default_factory=set)
    cut: list[FoldResult] = field(default_factory=list)
    handles: dict[tuple[str, int], Any] = field(default_factory=dict)
    team: tuple[int, tuple[str, ...]] = (0, ())  # how many candidates were through when it was asked, and the keys
    lesson_seconds: float = 0.0  # seconds that teaching a student of that team takes
    lasting: set[tuple[str, int]] = field(default_factory=set)  # learned columns, by kind and fold, that the journal has
    asked: float = 0.0  # when somebody first asked for the model
    ending: float = 0.0
    reported: float = 0.0
    fraction: float = 0.0

    @property
    def stop_file(self) -> Path:
        return self.journal.folder / "stop"

    @property
    def prepared(self) -> Prepared:
        return self.contest.prepared

    @property
    def room(self) -> float:
        """The seconds that this search was given itself: not what the searches that it continues have taken."""
        return self.clock.budget - self.contest.plan.spent_seconds

    def end(self) -> float:
        """The moment of the search at which the race must end to leave time for a student, if one is wanted, and the hand-over.
        A student that would take most of the time gets what the race leaves."""
        end = self.refits_begin()
        return end - self.lesson_seconds if self.lesson_seconds <= STUDENT_SHARE * self.room else end

    def refits_begin(self) -> float:
        """The moment of the search at which refits must begin."""
        room, refits = self.room, refit_seconds(self.contest, self._team())
        # twice what refits need, where that is a fifth of the time: means over seeds are worth more than late candidates
        reserve = max(1.15 * refits, min(2.0 * refits, 0.2 * room))
        return self.clock.budget - min(most_share(self.contest.plan) * room, 1.2 + 0.03 * room + reserve)

    def _team(self) -> tuple[str, ...]:
        """Who would be fitted again if the race ended now; asked anew when a candidate is through; never without a time."""
        if not self.contest.plan.timed:
            return ()
        done = len(through(self.contest))
        if done != self.team[0]:
            self.team = done, likely_team(self.contest)
            self.lesson_seconds = lesson_seconds(self.contest, self.team[1]) if self.contest.plan.student else 0.0
        return self.team[1]

    def run(self) -> None:
        """Until nothing is left to try or the time is up. Cancelled when the watch says so."""
        self.stop_file.unlink(missing_ok=True)
        find_columns(self)
        for candidate in self.contest.candidates:
            announce(self, candidate)
        self.known = len(self.announced)
        while True:
            self._look_around()
            while not self.ending and len(self.crew.running) < (1 if self.hurried() else max(1, self.contest.plan.jobs)):
                if not self._start_next():
                    break
            if not self.crew.running:
                break
            self._take_all(self.crew.collect(POLL))
            self._give_up(self.crew.stop_late(self._patience()), LATE_FIT)
            self._leave_learning()
            report(self)
            if self.ending and time.monotonic() - self.ending > self._grace() and self.has_any():
                self.crew.clear()
                break
        self.stop_file.unlink(missing_ok=True)
        leader = self.contest.leader(self.cut)
        if leader is not None:
            self.contest.take(leader)
        for candidate in self.contest.candidates:
            announce(self, candidate)

    def fit_task(self, candidate: Candidate, fold: int, until: float, rounds: int = 0) -> FitTask:
        """The fit of one candidate without one fold, or on all rows; `until` is a moment of the search."""
        extras = tuple(self.handles[kind, fold] for kind in self.contest.wanted_extras(candidate))
        task = replace(self.plain_task(candidate, fold, until, rounds), features=self.contest.features(candidate, fold),
                       extras=extras)
        return replace(task, taught=taught(self.contest, candidate)) if candidate.teachers and fold == ALL_ROWS else task

    def plain_task(self, candidate: Candidate, fold: int, until: float, rounds: int = 0) -> FitTask:
        """The same of the plain columns alone."""
        problem = self.prepared.data.problem
        return FitTask(
            candidate.key, candidate.family, candidate.options, fold, self.prepared.encoder.features, problem.task,
            self.prepared.classes, self.clock.until(until), str(self.stop_file), rounds, self.contest.plan.seed,
            relative=self.prepared.metric.name == "mape")

    def extras_task(self, kind: ExtrasKind, fold: int, until: float) -> ExtrasTask:
        """The learning of codes, letters or formulas on one fold's training rows, or on all rows."""
        prepared = self.prepared
        problem = prepared.data.problem
        return ExtrasTask(kind, fold, prepared.encoder.features, problem.task, prepared.classes, problem.classes,
                          tuple(prepared.terms), self.clock.until(until), self.contest.plan.seed, tuple(prepared.levels))

    def has_any(self) -> bool:
        """Whether anything can be handed over yet: a fit whose model is kept, which only the first fold's is."""
        return any(result.fold == 0 and not result.error for result in (*self.contest.results.values(), *self.cut))

    def take_extras(self, extras: Extras, new: bool = True) -> None:
        """Keep learned columns where fits find them; `new` ones of the first fold and of all rows in the journal, too: models
        fitted on them are kept."""
        place = (extras.kind, extras.fold)
        if extras.fold != ALL_ROWS and not extras.whole:
            self.contest.partly.add(place)
        self.contest.extras[place] = replace(extras, values=extras.values[:0].copy())  # only fits need them
        name = columns_name(*place)
        self.handles[place] = self.crew.pool.share({name: extras.values})
        if extras.fold in (0, ALL_ROWS) and new:
            self.journal.keep(self.prepared.fingerprint, name, extras_files(extras))
            self.lasting |= {place}

    def go_without(self, kind: ExtrasKind, fold: int) -> None:
        """No columns where they were late, lost or failed: more time learns them, and fits anew what did without."""
        self.contest.without.add((kind, fold))
        self.take_extras(Extras(kind, fold, (), (), np.zeros((len(self.prepared.y), 0), dtype=np.float32)), new=False)

    def _patience(self) -> float:
        """How long after its time a fit may end."""
        return max(LATE, 0.1 * self.room) if self.has_any() else max(LATE_FIRST, 0.5 * self.room)

    def _grace(self) -> float:
        return FINISH_GRACE if self.watch.stop() == "finish" else GRACE

    def _start_next(self) -> bool:
        """Start one more task if there is one. A lost one runs alone: if it is lost again, it is to blame itself. One that ended
        with another that was late is not."""
        crew, now = self.crew, self.clock.elapsed()
        innocent = next((item for item in crew.again if not item[1]), None)
        if innocent is not None:
            crew.again.remove(innocent)
            crew.submit(replace(innocent[0], until=max(innocent[0].until, self.clock.until(self.share_ends(now)))))
            return True
        if crew.again:
            if crew.running:
                return False
            task, losses = crew.again.pop(0)
            crew.submit(replace(task, until=max(task.until, self.clock.until(self.share_ends(now)))), losses)
            return True
        if crew.suspects():
            return False
        following = next_task(self, now)
        if following is not None:
            crew.submit(following)
        return following is not None

    def share_ends(self, now: float) -> float:
        """The moment at which a fit started now has had its share of the time."""
        share = 0.35 * (self.end() - now) * max(1, self.contest.plan.jobs) / max(1, self.contest.folds)
        return min(self.end(), now + max(1.0, share))

    def fit_ends(self, candidate: Candidate, now: float) -> float:
        """When a fit started now is cut off: after its share, or what it should take where that is little more."""
        share = self.share_ends(now) - now
        return min(self.end(), now + max(share, min(AMPLE * self.contest.fold_seconds(candidate), MOST_SHARES * share)))

    def hurried(self) -> bool:
        """Whether somebody has asked for the model and waits: fits that can are to end at once, even if there is none yet."""
        return bool(self.asked) and time.monotonic() - self.asked > GRACE

    def _leave_learning(self) -> None:
        """Somebody waits for the model, and no fit has begun as its columns are being learned still: it goes without them."""
        tasks = [task for task, _ in self.crew.running.values()]
        if self.hurried() and tasks and not any(isinstance(task, FitTask) for task in tasks):
            self.crew.clear()
            self._give_up(tasks, LATE_FIT)

    def _look_around(self) -> None:
        how = self.watch.stop()
        if how == "cancel":
            self.stop_file.touch()  # workers of a cluster do not end with this process
            raise Cancelled("The search was cancelled.", "Nothing was kept.")
        if how == "finish" and not self.asked:
            self.asked = time.monotonic()
        if not self.ending and (how == "finish" or self.clock.elapsed() >= self.end()) and self.has_any():
            self.ending = time.monotonic()
            self.stop_file.touch()
        elif self.hurried():
            self.stop_file.touch()

    def _take_all(self, came: list[tuple[Task, Any]]) -> None:
        for task, result in came:
            if isinstance(result, Extras):
                # a part of what refits want is worse than nothing yet
                if result.fold != ALL_ROWS or (result.whole and time.time() < task.until):
                    self.take_extras(result)
            else:
                self._take(result)
        if self.ending:
            self.crew.again.clear()
        self.crew.again[:] = [item for item in self.crew.again if not _is_early(item[0])]
        self._give_up(self.crew.given_up, LOST_FIT)
        self.crew.given_up.clear()
        for task, why in self.crew.failed:
            self._give_up([task], why)
        self.crew.failed.clear()

    def _give_up(self, tasks: list[Task], why: str) -> None:
        """Go on without what was lost or did not end."""
        for task in tasks:
            if _is_early(task):
                continue
            if isinstance(task, ExtrasTask):
                self.go_without(task.kind, task.fold)
            else:
                self._take(FoldResult(task.key, task.fold, self.prepared.y[:0], error=why))

    def _take(self, result: FoldResult) -> None:
        waited = (result.key, result.fold) in self.contest.spoilt
        if waited and (not self.contest.renew(result) or (result.truncated and self.stop_file.exists())):
            return  # what was there is kept
        if waited:
            self.announced.discard(result.key)
        if result.truncated and self.stop_file.exists():
            self.cut.append(result)  # by the end of the race, not by its own share: not comparable, and more time fits it anew
            return
        large = result.size > LARGE
        candidate = next(item for item in self.contest.candidates if item.key == result.key)
        without, partly = (tuple(kind for kind in self.contest.wanted_extras(candidate) if (kind, result.fold) in missing)
                           for missing in (self.contest.without, self.contest.partly))
        result = replace(result, without=without, partly=partly)
        result = self.journal.add(self.prepared.fingerprint, result, self.clock.elapsed())
        self.contest.take(result)
        if not result.error and result.fold == 0 and candidate.family not in self.loaded:
            self.loaded.add(candidate.family)
            families().get(candidate.family).load(result.files)  # loads its library here while workers work: needed at the end
        if large:
            give_back_memory()
        if self.contest.complete(candidate.key) or candidate.key in self.contest.out:
            announce(self, candidate)


def _is_early(task: Task) -> bool:
    return isinstance(task, ExtrasTask) and task.fold == ALL_ROWS
