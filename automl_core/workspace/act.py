"""Use cases of the acting step: segments, the ranked list of rows to act on, action cards, and their export."""
from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from automl_core import acting
from automl_core import jobs as queue
from automl_core.acting.action import ActionCard, Actions, Goal, SegmentSearch
from automl_core.acting.action_list import ActionList
from automl_core.data.table import Column
from automl_core.explaining import explain_rows
from automl_core.framing import encode_target
from automl_core.jobs import Job, JobWatch
from automl_core.reporting.exports import safe_csv
from automl_core.store import Newest
from automl_core.workspace.context import Context, Recent, fingerprint
from automl_core.workspace.handed_over import has_cards_elsewhere
from automl_core.workspace.kept_cards import goal_marks, kept_to, leads_to
from automl_core.workspace.kept_recourse import LOOKING, keep_recourse
from automl_core.workspace.lever_choices import LeverChoices, lever_choices
from automl_core.workspace.list_reasons import MOST_REASONS, told_why
from automl_core.workspace.ongoing import Ongoing, making_cards
from automl_core.workspace.pilot_sides import rank_free, running_ids, running_sides
from automl_core.workspace.saved_goal import as_kept, fitted, goal_about, goal_in_file, gone_of, unseen_of
from automl_core.workspace.search import Searching
from automl_core.workspace.views import Run

TOO_MANY = ("Its rows and its money were counted when moves that the goal forbids were not left out yet, and are too high: look "
            "for actions again.")
LEAST_SHARE = 0.05  # a share too small to tell the time left by


@dataclass(frozen=True)
class Acting:
    context: Context
    search: Searching
    explained: Recent[dict[int, tuple[str, ...]]] = field(default_factory=lambda: Recent(2))

    def goal(self, project_id: str) -> Goal:
        """The newest saved goal of acting that fits the newest model, else the one that its problem suggests."""
        return self.goal_of(self.search.needed(project_id))

    def goal_of(self, run: Run) -> Goal:
        """The goal of acting on one run's model, whatever the project predicts now. Unsaved, of several classes the commonest is
        wanted: the first of them may be one that hardly any row has."""
        _, columns, problem, _ = self.search.goal.open(self.search.inputs(run))
        saved = goal_about(self.context, run.project_id, problem)
        if saved is not None and (fits := self.fitted(run, saved)) is not None:
            return fits
        suggested = acting.suggest_goal(problem, columns)
        if problem.task != "multiclass":
            return suggested
        rows = np.bincount(self.search.predictions(run).y.astype(np.int64), minlength=len(problem.classes))
        return replace(suggested, good=problem.classes[int(rows.argmax())])

    def fitted(self, run: Run, goal: Goal) -> Goal | None:
        """A goal as it fits one run's model (see `saved_goal.fitted`); None where it wants another outcome."""
        return fitted(self.search.goal, self.search.inputs(run), goal)

    def gone(self, project_id: str) -> tuple[str, ...]:
        """The columns that the saved goal changes, measures by or counts worth by, and that the newest model's table has not."""
        run = self.search.needed(project_id)
        saved = goal_about(self.context, project_id, self.search.problem(project_id))
        return () if saved is None else gone_of(self.search.goal, self.search.inputs(run), saved)

    def unseen(self, project_id: str) -> tuple[str, ...]:
        """The columns that the saved goal changes, that the newest model's table has and that the model must not see."""
        problem = self.search.problem(project_id)
        saved = goal_about(self.context, project_id, problem)
        gone = self.gone(project_id)
        return () if saved is None else tuple(name for name in unseen_of(problem, saved) if name not in gone)

    def save_goal(self, project_id: str, goal: Goal, after: str | None = None) -> Goal:
        """Keep the goal, its values spelled as the table's; BadInput when a lever or column is unknown, and Conflict when the one
        saved last is not that of the record `after` (None: whichever it is)."""
        goal = as_kept(self.search.goal, self.search.inputs(self.search.needed(project_id)), goal)
        self.context.save("goal", project_id, goal, after=None if after is None else Newest(("goal",), after))
        self.context.store.touch(project_id)
        return goal

    def saves(self, project_id: str) -> tuple[str, ...]:
        """The ids of the records of the project's saved goals, newest last."""
        return tuple(record.id for record in self.context.store.list(project_id, "goal"))

    def start(self, project_id: str) -> Job:
        """Start looking for segments and making cards; what is at it already, for the present goal, where there is such work."""
        going = self.ongoing(project_id)
        if going.here is not None and not going.outdated:
            return going.here
        return queue.enqueue(self.context.store, project_id, "act", self.asked_for(project_id))

    def ongoing(self, project_id: str) -> Ongoing:
        """What is looking for segments and making cards now, for the newest model and for another one."""
        run = self.search.last(project_id)
        return Ongoing() if run is None else making_cards(self.context.store, run, goal_marks(self.goal_of(run))[0])

    def asked_for(self, project_id: str) -> dict[str, str]:
        """What is asked for when that is started now: about which model, and for which goal."""
        run = self.search.needed(project_id)
        return {"run": run.id, "goal": goal_marks(self.goal_of(run))[0]}

    def begin(self, run_id: str, watch: JobWatch) -> Goal:
        """The goal that a job goes by, which is the one saved now: not when it was asked for, and not what is saved meanwhile."""
        goal = self.goal_of(self.search.run(run_id))
        watch.begins({"goal": goal_marks(goal)[0]})
        return goal

    def segments(self, project_id: str) -> SegmentSearch | None:
        """Segments confirmed for the newest model; None when they were not looked for."""
        run = self.search.last(project_id)
        return None if run is None else self.segments_of(run)

    def segments_of(self, run: Run) -> SegmentSearch | None:
        """Segments confirmed on one run's rows; None also when they name a column that must not be used by now."""
        kept = self.context.latest("segments", run.project_id, SegmentSearch, parent_id=run.id)
        if kept is None:
            return None
        never = self.goal_of(run).never
        named = {condition.column for segment in kept.segments for condition in segment.conditions}
        return None if named & set(never) else kept

    def found(self, project_id: str) -> Actions | None:
        """Cards, patterns and what was looked at, for the newest model and the present goal; None when they were not made."""
        run = self.search.last(project_id)
        return None if run is None else self.found_of(run)

    def found_of(self, run: Run) -> Actions | None:
        """The same for one run."""
        goal = self.goal_of(run)
        kept = next(filter(None, (self.context.latest("cards", run.project_id, Actions, parent_id=run.id + mark)
                                  for mark in goal_marks(goal))), None)
        if kept is None:
            return None
        found = kept_to(kept, goal)
        old = (*kept.cards, *kept.patterns)
        if all(acting.forbidden_by(card, goal).forbidden == card.forbidden for card in old):
            return found  # made since cards carry such moves: no table is needed to know
        counts = self.context.decisions.get(
            f"forbidden {run.id} {fingerprint(goal, kept)}", lambda: self._count_forbidden(run, goal, old))
        told = tuple(replace(card, reasons=(*card.reasons, TOO_MANY)) if too_many else card
                     for card, too_many in zip((*found.cards, *found.patterns), counts, strict=True))
        return replace(found, cards=told[:len(kept.cards)], patterns=told[len(kept.cards):])

    def _count_forbidden(self, run: Run, goal: Goal, cards: tuple[ActionCard, ...]) -> tuple[bool, ...]:
        """For each card whether rows that it was made on make a move that the goal forbids and it does not know of."""
        frame, _, problem, _ = self.search.goal.open(self.search.inputs(run))
        _, known = encode_target(frame[problem.target], problem)
        rows = frame.loc[known]
        return tuple(acting.counts_forbidden(card, goal, rows) for card in cards)

    def cards(self, project_id: str) -> tuple[ActionCard, ...] | None:
        """Action cards for the newest model and the present goal; None when they were not made."""
        run = self.search.last(project_id)
        return None if run is None else self.cards_of(run)

    def former(self, project_id: str) -> Actions | None:
        """What was found last for the newest model, whatever the goal was then, without cards that name what must not be used
        by now or lead to another outcome than the one wanted; None when nothing was."""
        run = self.search.last(project_id)
        records = [] if run is None else self.context.store.list(project_id, "cards")
        made = [record for record in records if run is not None and record.parent_id.startswith(run.id)]
        if not made:
            return None
        goal = self.goal(project_id)
        found = kept_to(self.context.noun(Actions, made[-1]), goal)
        banned = {*goal.never, *goal.later, *goal.negative_control}
        wanted = tuple(card for card in found.cards if not banned & card.names and leads_to(card, goal))
        return replace(found, cards=wanted)

    def of_another_model(self, project_id: str) -> bool:
        """Whether there are cards of another model of the newest search, and none of the one that is handed over."""
        run = self.search.last(project_id)
        return run is not None and self.former(project_id) is None and has_cards_elsewhere(self.context, run)

    def cards_of(self, run: Run) -> tuple[ActionCard, ...] | None:
        """Action cards of one run for the present goal."""
        kept = self.found_of(run)
        return None if kept is None else kept.cards

    def levers(self, project_id: str) -> LeverChoices:
        """What the goal form offers: columns that may be levers with their values, and what their names suggest."""
        run = self.search.needed(project_id)
        found: LeverChoices = self.context.decisions.get(f"levers {run.id}", lambda: self._levers(run))
        return found

    def _levers(self, run: Run) -> LeverChoices:
        frame, columns, problem, _ = self.search.goal.open(self.search.inputs(run))
        return lever_choices(frame, columns, problem)

    def goal_text(self, project_id: str) -> str:
        """The goal as a goal.toml."""
        return acting.goal_text(self.goal(project_id))

    def read_goal_file(self, project_id: str, content: bytes) -> Goal:
        """The goal that a goal.toml says, as it would be kept; BadInput when it is not one or does not fit, or names a value of a
        lever that no row has: the form offers no such value, and in a file it is a slip."""
        return goal_in_file(self.search.goal, self.search.inputs(self.search.needed(project_id)), content)

    def actions(self, project_id: str, capacity: int = 0) -> ActionList:
        """The rows to act on, best first, under a capacity (0: that of the goal), by out-of-fold predictions."""
        return self.actions_of(self.search.needed(project_id), capacity)

    def actions_of(self, run: Run, capacity: int = 0) -> ActionList:
        """The rows of one run to act on. Rows of a running pilot are left out: those that it holds out stay as they are, and to
        those that it treats nothing but its own change is done, else it could not tell what that does."""
        goal = self.goal_of(run)
        key = "actions" + fingerprint(run.id, goal, capacity, self.in_pilots(run.project_id))
        actions: ActionList = self.context.lists.get(key, lambda: self._rank(run, goal, capacity))
        return actions

    def past_actions_of(self, run: Run, capacity: int = 0) -> ActionList:
        """The list as it would be of rows whose outcome is known alone, by which it can be judged; without reasons. Rows count
        among those that are `judged`."""
        known = self.search.judged(run)
        if np.array_equal(known.positions, self.search.ranked(run).positions):
            return self.actions_of(run, capacity)
        frame, columns, problem, _ = self.search.goal.open(self.search.inputs(run))
        goal = self.goal_of(run)
        rows = frame.iloc[known.positions].set_axis(known.positions)
        goal = replace(goal, capacity=capacity or goal.capacity)
        return rank_free(rows, known.oof, columns, problem, goal, self._busy(run, known.positions))

    def actions_csv(self, project_id: str, capacity: int = 0) -> bytes:
        """The list as a CSV that no spreadsheet takes for formulas, its letters as they are in Excel, too."""
        actions = self.actions(project_id, capacity)
        frame, columns = self._past_rows(self.search.needed(project_id))
        return safe_csv(acting.actions_frame(actions, frame, columns), excel=True)

    def run_act(self, run_id: str, goal: Goal, watch: JobWatch) -> None:
        """The job: segments, then cards for the levers of the goal that it goes by, and how many rows these can bring there."""
        run = self.search.run(run_id)
        frame, columns, problem, _ = self.search.goal.open(self.search.inputs(run))
        watch.progress(0.1, "Looking for groups whose outcome differs.", float("nan"))
        y, known = encode_target(frame[problem.target], problem)  # a short search may have checked its models on a part of them
        rows, y = frame.loc[known].reset_index(drop=True), y.astype(np.float64)
        unseen = replace(problem, never=tuple(dict.fromkeys((*problem.never, *goal.never))))
        segments = acting.find_segments(rows, y, columns, unseen, run.plan.seed)
        self.context.save("segments", run.project_id, segments, parent_id=run.id)
        if goal.levers:
            began = time.monotonic()

            def report(share: float, words: str) -> None:
                left = (time.monotonic() - began) * (1 - share) / share if share > LEAST_SHARE else math.nan
                watch.progress(0.3 + 0.6 * share, words, left)

            bundle = self.search.bundle(run)
            found = acting.make_cards(
                acting.CardInputs(bundle.model, rows, y, columns, problem, goal, run.plan.seed, report, processes=True))
            self.context.save("cards", run.project_id, found, parent_id=run.id + goal_marks(goal)[0])
            keep_recourse(self.context, run, goal, bundle.model, frame,
                       lambda share: watch.progress(0.9 + 0.1 * share, LOOKING, math.nan))

    def _rank(self, run: Run, goal: Goal, capacity: int) -> ActionList:
        frame, columns = self._past_rows(run)
        bundle = self.search.bundle(run)
        if capacity:
            goal = replace(goal, capacity=capacity)
        known = self.search.ranked(run)
        busy = self._busy(run, known.positions)
        ranked = rank_free(frame, known.oof, columns, bundle.model.problem, goal, busy)
        return told_why(ranked, self.reasons(run, [row.row for row in ranked.rows[:MOST_REASONS]]))

    def in_pilots(self, project_id: str) -> tuple[str, ...]:
        """The ids of the running pilots, whose rows lists and plans leave alone."""
        return running_ids(self.context, project_id)

    def _busy(self, run: Run, positions: np.ndarray) -> list[int]:
        """The places, among these positions of the cleaned table, of the rows that are in a running pilot."""
        taken = [position for one in running_sides(self.context, self.search, run) for position in one.arms]
        found: list[int] = np.flatnonzero(np.isin(positions, taken)).tolist()
        return found

    def reasons(self, run: Run, places: list[int]) -> list[tuple[str, ...]]:
        """Why the model says what it says of these rows that a list may rank, by their place among them; of several classes, why
        they are at risk not to end as the goal wants.

        Kept for a run and what is wanted: another capacity or price asks about much the same rows, and reasons are what a list
        takes longest for.
        These mappings, alone among what `Recent` keeps, are added to; nothing in them is changed. Asked about again, after a
        restart or among other rows, the reasons of a row are the same: it is compared with rows of the run's own folds, as on the
        explain page, by chance of its own.
        """
        wanted = self.goal_of(run).good
        known = self.explained.get(f"{run.id} {wanted}", dict)
        new = [place for place in dict.fromkeys(places) if place not in known]
        if new:
            frame, _, _, _ = self.search.goal.open(self.search.inputs(run))
            rows = frame.iloc[self.search.ranked(run).positions[new]].reset_index(drop=True)
            background = frame.iloc[self.search.predictions(run).positions]
            found = explain_rows(self.search.bundle(run).model, rows, background, unless=wanted)
            for place, why in zip(new, found, strict=True):
                known.setdefault(place, why)  # another session may have been first
        return [known[place] for place in places]

    def _past_rows(self, run: Run) -> tuple[pd.DataFrame, tuple[Column, ...]]:
        """The cleaned rows that a list may rank, aligned with their predictions; the index is their row of the cleaned
        table, counted from 0."""
        frame, columns, _, _ = self.search.goal.open(self.search.inputs(run))
        positions = self.search.ranked(run).positions
        return frame.iloc[positions].set_axis(positions), columns
