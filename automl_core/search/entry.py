"""A search from end to end: prepare the columns, race, fit what was chosen on all rows, hand over."""
from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import replace

from automl_core.errors import BadInput
from automl_core.framing.suggestion import check_options
from automl_core.search.clock import Clock
from automl_core.search.crew import Crew
from automl_core.search.executors import LocalExecutor, open_executor
from automl_core.search.handover import Outcome, Settlement, settle
from automl_core.search.journal import FoldResult, Journal
from automl_core.search.lesson import teach
from automl_core.search.memory import crowded_sentence, fits_at_once
from automl_core.search.opening import arrays_of, open_contest
from automl_core.search.plan import Plan
from automl_core.search.prepared import Prepared, SearchData, prepare
from automl_core.search.race import LATE_FIT, LOST_FIT, Race
from automl_core.search.refits import refit
from automl_core.search.watch import SilentWatch, Watch
from automl_core.search.worker import give_back_memory

NOT_BY_TABLE = {  # what is told, and advised, of fits that ended for reasons that are not the table's
    LATE_FIT: ("Fits did not end in their time.", "Give the search more time."),
    LOST_FIT: ("Processes that fitted ended, probably for lack of memory.", "Use fewer columns or rows, or fewer jobs."),
}


def search(
    data: SearchData, plan: Plan, journal: Journal, watch: Watch | None = None, workers: LocalExecutor | None = None
) -> Outcome:
    """Search for `plan.budget_seconds` and hand over a model refitted on all rows.

    A journal with finished fits of the same search is continued: nothing is fitted twice and the time spent counts. `workers`
    were started for this plan before its data were ready; they end with the search. Raises Cancelled when the watch says
    cancel, BadInput when nothing can be learned from this table, Conflict when the same journal is gone on with elsewhere.
    """
    watch = watch or SilentWatch()
    if workers is not None:
        workers.folder = journal.folder
    with (closing(workers) if workers else nullcontext(), journal.held(watch),
          closing(workers or open_executor(plan.executor, max(1, plan.jobs), journal.folder)) as pool):
        clock = Clock(max(1.0, plan.budget_seconds))  # waiting for who has the journal is no part of the search
        watch.progress(0.0, "Preparing the columns.", clock.budget)
        check_options(data.problem)
        prepared = prepare(data, plan)
        plan, told = _in_memory(prepared, plan)
        if told:
            watch.progress(0.0, told, clock.budget)
        handle, prepared = pool.share(arrays_of(prepared)), prepared.without_matrix()
        contest = open_contest(prepared, plan, journal, clock)
        race = Race(contest, clock, Crew(pool, handle), journal, watch)
        give_back_memory()  # what reading, checking and encoding needed for a moment
        again = clock.spent > contest.plan.spent_seconds and clock.elapsed() >= race.refits_begin()
        race.run()
        if not race.has_any():
            raise _nothing_learned(tuple(contest.out.values()))
        untaught = teach(race, race.refits_begin()) if plan.student and watch.stop() != "finish" else ""
        watch.progress(0.95, "Fitting the chosen model on all rows.", max(0.0, clock.budget - clock.elapsed()))

        def refit_and_dismiss(wanted: dict[str, int]) -> dict[str, FoldResult]:
            refits = refit(race, wanted, again)
            pool.close()  # what the workers hold is not to stay beside the models of the whole ladder
            return refits

        outcome = settle(Settlement(contest, clock, refit_and_dismiss, watch.stop() == "finish", untaught))
        journal.note(prepared.fingerprint, "spent", outcome.summary.fit_seconds)  # what time is added to
        journal.note(prepared.fingerprint, "compared", outcome.summary.folds)  # what more time goes on from
        return outcome


def _nothing_learned(reasons: tuple[str, ...]) -> BadInput:
    """Why there is no model, given why each candidate was given up: the table is not to blame where time or memory was."""
    own = next((reason for reason in reasons if reason not in NOT_BY_TABLE), "")
    kinds = [kind for kind in NOT_BY_TABLE if kind in reasons]
    if not kinds:
        return BadInput(f"No model could learn from this table. {own}".rstrip(), "Add rows or columns.")
    if kinds == [LATE_FIT] and not own:
        return BadInput("No model was fitted before the time was over.", "Give the search more time.")
    told = " ".join(filter(None, (*(NOT_BY_TABLE[kind][0] for kind in kinds), own)))
    return BadInput(f"No model was fitted. {told}", " ".join(NOT_BY_TABLE[kind][1] for kind in kinds))


def _in_memory(prepared: Prepared, plan: Plan) -> tuple[Plan, str]:
    """The plan with as many fits at once as the memory of this machine holds, and what is to be said before it begins."""
    rows, features = prepared.shape
    jobs = fits_at_once(rows, features, prepared.data.frame, plan)
    left_out = (prepared.unheld, prepared.left_out)
    return replace(plan, jobs=jobs), crowded_sentence(len(prepared.y), left_out, (jobs, max(1, plan.jobs)))
