"""Use cases that make a model from a table alone, in this process: what the command line does to train, and to go on training,
and the door for frames likewise."""
from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from automl_core import framing
from automl_core import jobs as queue
from automl_core.codec import from_json, to_json
from automl_core.data.table import Table
from automl_core.errors import BadInput, ClarionError, DiskFull
from automl_core.framing.problem import Verdict
from automl_core.jobs import Job, JobWatch
from automl_core.search.executors import LocalExecutor
from automl_core.search.offers import RUNGS
from automl_core.search.plan import Plan
from automl_core.workspace.cleaning import safe_recipe
from automl_core.workspace.context import Context
from automl_core.workspace.goal import Inputs
from automl_core.workspace.headstart import Aside, Headstart, load_libraries
from automl_core.workspace.out_files import check_out, write_out
from automl_core.workspace.projects import Projects
from automl_core.workspace.requests import Request, in_table, shaped
from automl_core.workspace.search import Searching
from automl_core.workspace.search_job import run_search
from automl_core.workspace.summaries import summary_of
from automl_core.workspace.views import Run

WHOLE_CHECK = 30.0  # seconds of budget from which the check before the search takes its whole effort
CHECK_SHARE = 0.7  # of the budget, until when it may begin something new: the search waits for it in the end
LEAST_CHECK = 0.3  # of the budget, however long the table took to be read
COMMAND = "command line"  # who does the work, beside the name of this machine and process
BEAT = 1.0  # seconds between two words that this process lives
BESIDE_ROWS = 300_000  # above, the check's copies of the rows and the search's are not to be in memory at once


@dataclass(frozen=True)
class FileTraining:
    context: Context
    projects: Projects
    search: Searching

    def train(
        self, opened: Callable[[], Table], request: Request, out: Path | None, rung: str = "",
        workers: LocalExecutor | None = None, began: float = math.nan,
    ) -> tuple[Run, Verdict]:
        """A project from a table: safe fixes, goal, verdict and search, in this process; the bundle goes to `out`, if that is
        given.

        `opened` gives the table, which may still be being read (see `opening`).
        A search that was asked alike and whose command was killed is gone on with, from what it had fitted and spent.
        `rung` names the rung of the ladder to hand over instead of the one the search chooses, when the search has it.
        `workers` have been started for it; they end with it. `began` is when the budget began (of `time.monotonic`; NaN: now).
        """
        began = time.monotonic() if math.isnan(began) else began
        _check_rung(rung)
        if out is not None:
            check_out(out)
        loading = Aside(load_libraries)
        job, inputs = self._begun(opened(), request, rung)
        project_id = job.project_id
        loading.wait()
        with self._own(job) as watch:
            share = min(1.0, request.plan.budget_seconds / WHOLE_CHECK)
            until = max(began + CHECK_SHARE * request.plan.budget_seconds,
                        time.monotonic() + LEAST_CHECK * request.plan.budget_seconds)
            pace = framing.Pace(share, until, lambda: watch.stop() == "finish")
            beside = Aside(lambda: self.projects.goal.run_check(project_id, inputs, None, pace))  # the verdict
            most = request.plan.rows_of(len(self.projects.goal.problem_of(inputs).classes))
            if min(self.projects.goal.data.table_of(inputs.table).rows, most) > BESIDE_ROWS:
                beside.wait()
            start = Headstart(time.monotonic() - began, workers, beside)
            run = run_search(self.search, job, inputs, request.plan, watch, start)
        return self._written(run, out)

    def _begun(self, table: Table, request: Request, rung: str = "") -> tuple[Job, Inputs]:
        """The job of this search, which is done here, and what it takes: in the project and from the journal of one that was
        asked alike and interrupted, else in a new project."""
        queue.recover(self.context.store)  # a command that was killed has left its job as if it ran
        body = {"plan": to_json(request.plan), "request": to_json(request), "rung": rung}
        for left in queue.interrupted(self.context.store, "search"):
            if left.body.get("request") == body["request"] and self._of(left, table):
                again = body | {"inputs": left.body["inputs"], "journal": left.body.get("journal", left.id)}
                job = queue.enqueue(self.context.store, left.project_id, "search", again, worker=COMMAND)
                if job.worker == queue.identity(COMMAND):  # else another command was faster
                    return job, from_json(Inputs, left.body["inputs"])
        project_id, inputs = self._ready(table, request)
        return queue.enqueue(self.context.store, project_id, "search", body | {"inputs": to_json(inputs)}, worker=COMMAND), inputs

    def _of(self, left: Job, table: Table) -> bool:
        """Whether a job is about this very table, read in the same way."""
        stored = self.projects.goal.data.stored_of(str(left.body["inputs"]["table"]))
        return (stored.origin, stored.columns, stored.rows) == (table.origin, table.columns, table.rows)

    def _ready(self, table: Table, request: Request) -> tuple[str, Inputs]:
        """A new project with a table, its safe fixes and its goal: its id and what a search takes."""
        request = in_table(request, table.columns)
        project_id = self.projects.create(Path(table.origin.name).stem[:100] or "table")
        goal = self.projects.goal
        goal.data.put(project_id, table)
        goal.cleaning.extend(project_id, safe_recipe(table, request.target, keep=request.named))
        frame, columns = goal.cleaning.cleaned(project_id)
        problem = shaped(goal.suggest(project_id, request.target), request, frame, columns)
        goal.save(project_id, problem)
        return project_id, goal.inputs(project_id)

    def more(self, run_id: str, seconds: float, out: Path | None, rung: str = "") -> tuple[Run, Verdict]:
        """More time for a finished search, in this process; the new bundle goes to `out`. A rung that was chosen before stays
        chosen unless another `rung` is named.

        BadInput when the project has had another search since, or one is under way.
        """
        _check_rung(rung)
        if out is not None:
            check_out(out)
        run = self._newest(run_id)
        queue.recover(self.context.store)  # a command that was killed has left its job as if it ran
        job = self.search.more(run.project_id, seconds, COMMAND, rung)
        if job.worker != queue.identity(COMMAND):
            raise BadInput("A search of this project is under way already.", "Wait until it ends, or finish it from its page.")
        with self._own(job) as watch:
            run = run_search(self.search, job, from_json(Inputs, job.body["inputs"]), from_json(Plan, job.body["plan"]), watch)
        return self._written(run, out)

    def choose(self, run_id: str, rung: str, out: Path | None) -> tuple[Run, Verdict]:
        """Another rung of a finished search's ladder as a new run, with its own explanation; its bundle goes to `out`.

        BadInput when the ladder has no such rung, or the project has had another search since.
        """
        _check_rung(rung)
        if out is not None:
            check_out(out)
        run = self.search.needed(self._newest(run_id).project_id)  # after an earlier choice what is handed over now
        offers = {name: offer for offer in summary_of(run).ladder for name in (offer.name, *offer.also)}
        if rung not in offers:
            raise BadInput(f"This search has no model for the rung “{rung}”.", f"Choose one of: {', '.join(offers)}.")
        return self._written(run if offers[rung].chosen else self.search.choose(run.project_id, rung), out)

    def _newest(self, run_id: str) -> Run:
        """A run of the newest search of its project; BadInput for one of an earlier search."""
        run = self.search.run(run_id)
        newest = self.search.needed(run.project_id)
        if (newest.journal or newest.job_id) != (run.journal or run.job_id):  # more time and another rung are the same search
            raise BadInput(f"“{run_id[:40]}” is not the newest search of its project.", f"Go on with the newest: {newest.id}.")
        return run

    @contextmanager
    def _own(self, job: Job) -> Iterator[JobWatch]:
        """A job that is done in this process. The first Ctrl+C ends it with the best so far, a second one at once.

        A request to end counts as the first Ctrl+C, however often it comes: `timeout` sends it to the command, and once more to
        its whole group.
        """
        watch = JobWatch(self.context.store, job.id)
        before: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def finish(number: int, frame: FrameType | None) -> None:
            if number == signal.SIGINT:
                signal.signal(number, before[number])
            watch.finish()

        interruptible = threading.current_thread() is threading.main_thread()
        if interruptible:
            for number in before:
                signal.signal(number, finish)
        try:
            with self._beating(job, watch):
                yield watch
        except (KeyboardInterrupt, DiskFull):  # the same command goes on from what was fitted
            with suppress(ClarionError):  # the disk is full: the next command finds that this process is gone
                queue.fail(self.context.store, job.id, queue.ENDED)
            raise
        except BaseException:
            queue.fail(self.context.store, job.id, "The search ended early.")
            raise
        finally:
            if interruptible:
                for number, handler in before.items():
                    signal.signal(number, handler)
        queue.finish(self.context.store, job.id)

    @contextmanager
    def _beating(self, job: Job, watch: JobWatch) -> Iterator[None]:
        """Says meanwhile that this process lives: refits and explaining are silent for longer than another machine waits. And,
        for the pages, that it was asked to end."""
        ended = threading.Event()

        def beat() -> None:
            alive = True
            while alive and not ended.wait(BEAT):
                with suppress(ClarionError):  # a busy store passes
                    alive = queue.beat(self.context.store, job)
                    if watch.stop() == "finish":
                        queue.request_stop(self.context.store, job.id, "finish")

        thread = threading.Thread(target=beat, name="command beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _written(self, run: Run, out: Path | None) -> tuple[Run, Verdict]:
        try:
            if out is not None:
                write_out(out, self.context.store.file_path(run.bundle).read_bytes())
        except BadInput as error:
            raise BadInput(error.message, f"The search is kept as {run.id}: give “more” another place.") from None
        verdict = self.projects.goal.verdict_of(run.project_id, self.search.inputs(run))  # whatever the goal is now
        assert verdict is not None
        read = self.projects.goal.data.stored_of(run.table)
        positive = self.projects.goal.problem_of(self.search.inputs(run)).positive  # older verdicts do not tell
        return run, replace(verdict, warnings=(*read.warnings, *verdict.warnings), positive=positive)


def _check_rung(rung: str) -> None:
    """BadInput for the name of no rung; empty is the search's own choice."""
    if rung and rung not in RUNGS:
        raise BadInput(f"There is no rung “{rung[:40]}” to hand over.", f"Choose one of: {', '.join(RUNGS)}.")
