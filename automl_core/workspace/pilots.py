"""Use cases of the pilots step: power, a draw, the file to carry out, outcomes that come back, and the track record."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from automl_core import acting
from automl_core import data as data_step
from automl_core.acting.action import ActionCard, Goal
from automl_core.acting.decisions import dealt_by
from automl_core.acting.identity import card_key as card_key  # for pages, too
from automl_core.acting.identity import pilot_key as pilot_key
from automl_core.acting.identity import same_goal
from automl_core.acting.measured_rate import MeasuredRate, measured_rates, without_rate
from automl_core.acting.pilot_columns import ROW
from automl_core.acting.pilot_design import barred, free_rows, rows_for
from automl_core.acting.pilot_open import open_first
from automl_core.acting.pilot_steps import next_step
from automl_core.acting.pilots import Pilot, PilotChoice, PilotResult, PilotRows, PilotState
from automl_core.acting.power import Power
from automl_core.acting.track_record import TrackRecord
from automl_core.codec import from_json, to_json
from automl_core.data.table import Column
from automl_core.errors import BadInput, Conflict, NotFound
from automl_core.explaining.words import count, quote
from automl_core.framing.problem import Problem
from automl_core.reporting.exports import safe_csv
from automl_core.store import Record
from automl_core.workspace.act import Acting
from automl_core.workspace.context import Context, Recent, fingerprint
from automl_core.workspace.ended_pilots import after_pilots
from automl_core.workspace.pilot_sides import KIND, Sides, assignment_of, kept_pilots, running_sides
from automl_core.workspace.saved_goal import goal_about
from automl_core.workspace.search import Searching
from automl_core.workspace.views import Run

CHANGE = "pilot_change"


def today() -> date:
    """The day by which outcomes are due or not."""
    return datetime.now(UTC).date()


@dataclass(frozen=True)
class Piloting:
    context: Context
    search: Searching
    act: Acting
    drawable: Recent[tuple[PilotRows, pd.Index]] = field(default_factory=lambda: Recent(2))
    planned: Recent[Power] = field(default_factory=lambda: Recent(24))
    opened: Recent[tuple[int, int]] = field(default_factory=lambda: Recent(24))

    def cards(self, project_id: str) -> tuple[ActionCard, ...]:
        """The newest action cards as they stand after their pilots: measured ones with grade A, first if they pay, retired ones
        last."""
        run = self.search.last(project_id)
        return () if run is None else self.cards_of(run)

    def cards_of(self, run: Run) -> tuple[ActionCard, ...]:
        """The action cards of one run for the present goal, as they stand after their pilots."""
        goal = self.act.goal_of(run)
        return self._measured(run.project_id, self.act.cards_of(run) or (), goal, goal)

    def former(self, project_id: str) -> tuple[ActionCard, ...]:
        """Cards made for another goal than the present one (see `Acting.former`), without those whose pilot failed."""
        found = self.act.former(project_id)
        if found is None:
            return ()
        # they lead to what is wanted now, but their money is by the amounts of another time
        return tuple(card for card in self._measured(project_id, found.cards, self.act.goal(project_id)) if card.grade != "D")

    def _measured(
        self, project_id: str, found: tuple[ActionCard, ...], wanted: Goal, priced: Goal | None = None
    ) -> tuple[ActionCard, ...]:
        """The cards after the pilots of the same outcome, their money by the amounts of `priced` (see `graded`)."""
        return after_pilots(found, reversed(self.all(project_id)), wanted, priced)

    def card(self, project_id: str, key: str) -> ActionCard:
        """One of the newest cards; NotFound when it is no longer among them."""
        for card in self.act.cards(project_id) or ():
            if card_key(card) == key:
                return card
        raise NotFound("This card is no longer there.", "Make the cards again on the act page, and choose one.")

    def plan(self, project_id: str, key: str, choice: PilotChoice) -> Power:
        """What a pilot of that card and size could see."""
        card, run = self.card(project_id, key), self.search.needed(project_id)
        return self.planned.get(self._mark(run, card, choice), lambda: acting.plan_pilot(card, self._rows(run)[0], choice))

    def open_rows(self, project_id: str, key: str) -> tuple[int, int]:
        """Rows that a pilot of that card may draw: how many have no outcome yet, and how many have ended and are drawn only when
        asked for, as the card is about open ones, too."""
        card, run = self.card(project_id, key), self.search.needed(project_id)

        def look() -> tuple[int, int]:
            rows, _ = self._rows(run)
            able = open_first(free_rows(card, rows), rows_for(card, rows.frame), rows, ended=False)
            return able.open, able.kept_out

        return self.opened.get(self._mark(run, card), look)

    def start(self, project_id: str, key: str, choice: PilotChoice) -> Pilot:
        """Draw the rows and keep the pilot; Conflict when this card has one that is running, or when pilots were started or
        changed meanwhile, whose rows may be among those that were drawn."""
        after = self.context.store.newest(project_id, KIND, CHANGE)
        card, run = self.card(project_id, key), self.search.needed(project_id)
        if any(pilot_key(pilot) == key and pilot.state == "running" for pilot in self.about(project_id)):
            raise Conflict("This card has a pilot already.", "Send its outcomes, or cancel it first.")
        rows, positions = self._rows(run)
        name = self.context.store.new_id("pil")
        choice = replace(choice, seed=acting.seed_of(name) if choice.seed is None else choice.seed)
        pilot, drawn = acting.start_pilot(card, rows, choice, datetime.now(UTC))
        assignment = acting.assignment_frame(card, rows.frame, drawn, pilot.id_columns, rows.goal, rows.y)
        assignment[ROW] = positions[drawn.positions]
        buffer = BytesIO()
        assignment.to_parquet(buffer, index=False)
        kept = self.context.store.write_file(project_id, buffer.getvalue(), ".parquet")
        pilot = replace(pilot, id=name, project_id=project_id, run=run.id, assignment=kept.id)
        self.context.save(KIND, project_id, pilot, parent_id=key, record_id=pilot.id, after=after)
        self.context.store.audit("user", "start pilot", pilot.id, "done")
        self.context.store.touch(project_id)
        return pilot

    def all(self, project_id: str) -> tuple[Pilot, ...]:
        """The pilots of a project, newest first."""
        return tuple(reversed(kept_pilots(self.context, project_id)))

    def about(self, project_id: str) -> tuple[Pilot, ...]:
        """Those of the outcome that is wanted now, newest first: only they say something of the present cards."""
        goal = self.act.goal(project_id)
        return tuple(pilot for pilot in self.all(project_id) if same_goal(pilot, goal))

    def get(self, pilot_id: str) -> Pilot:
        """One pilot; NotFound otherwise."""
        return from_json(Pilot, self._record(pilot_id).body)

    def csv(self, pilot_id: str) -> bytes:
        """`pilot_<id>.csv`: which row is on which side and what to set, with an empty column for the outcome. Safe to open."""
        pilot = self.get(pilot_id)
        return safe_csv(acting.pilot_table(pilot, self.assignment(pilot), pilot.goal.outcome), excel=True)

    def upload(self, pilot_id: str, file_name: str, stream: BinaryIO | bytes) -> PilotResult:
        """Read the outcomes that came back and judge the card once they are due; the file is kept. BadInput when it cannot be
        used, and then it is not."""
        record, pilot = self._open(pilot_id)
        store = self.context.store
        with store.passing_file(stream, self.context.settings.max_upload_mb) as path:
            result = self._result(pilot, path, file_name, early=False)
            with path.open("rb") as handle:
                kept = store.write_file(pilot.project_id, handle, ".upload")
        return self._judged(record, replace(pilot, sent=kept.id, sent_name=file_name), result)

    def decide(self, pilot_id: str, sent: str = "") -> PilotResult:
        """Judge the card by the outcomes that were sent, also when they are not due yet, which the verdict then says. Conflict
        when those are not the ones of the file `sent` (empty: whichever they are)."""
        record, pilot = self._open(pilot_id)
        if not pilot.sent:
            raise Conflict("No outcomes of this pilot were sent.", "Send its file first.")
        if sent not in ("", pilot.sent):
            raise Conflict("Other outcomes were sent since.", "Look at what came of them, then decide.")
        result = self._result(pilot, self.context.store.file_path(pilot.sent), pilot.sent_name, early=True)
        return self._judged(record, pilot, result)

    def _open(self, pilot_id: str) -> tuple[Record, Pilot]:
        """A running pilot; Conflict for others."""
        record = self._record(pilot_id)
        pilot = from_json(Pilot, record.body)
        if pilot.state == "cancelled":
            raise Conflict("This pilot was cancelled.", "Resume it first.")
        if pilot.state != "running":
            raise Conflict("This pilot has ended.", "Take its result back first, if it was wrong.")
        return record, pilot

    def _result(self, pilot: Pilot, path: Path, name: str, early: bool) -> PilotResult:
        sent = data_step.read_rows(path, name, self.search.goal.data.limits(), whole=False)
        matched = acting.match_outcomes(pilot, self.assignment(pilot), sent.frame, *self._asked(pilot))
        return acting.judge(pilot, matched, today(), early)

    def _judged(self, record: Record, pilot: Pilot, result: PilotResult) -> PilotResult:
        self._change(record, replace(pilot, result=result, state=acting.state_after(result)), "pilot outcomes")
        return result

    def next_step(self, card: ActionCard, pilot: Pilot | None) -> str:
        """What to do next about a card: what it says itself, or what its `pilot` waits for while one is running."""
        return next_step(card, pilot, today())

    def cancel(self, pilot_id: str) -> None:
        """End a running pilot without a result; `resume` undoes it."""
        self._move(pilot_id, "running", "cancelled")

    def resume(self, pilot_id: str) -> None:
        """Undo a cancellation: the same rows, the same sides. Conflict when another pilot is in its way by now."""
        pilot = self.get(pilot_id)
        if pilot.state == "cancelled":
            self._check_return(pilot)
        self._move(pilot_id, "cancelled", "running")

    def take_back(self, pilot_id: str) -> None:
        """Take a result back, as after a wrong file: the pilot runs again, and a saved goal that took its rate is back at the
        usual estimate. Conflict when another one is in its way by now."""
        record = self._record(pilot_id)
        pilot = from_json(Pilot, record.body)
        if pilot.result is None or pilot.state == "cancelled":
            raise Conflict("This pilot has no result to take back.", "Send its outcomes first.")
        if pilot.state != "running":
            self._check_return(pilot)
        goal = self.without_rate(pilot)
        self._change(record, replace(pilot, result=None, state="running", sent="", sent_name=""), "take back pilot result")
        if goal is not None:
            self.context.save("goal", pilot.project_id, goal)

    def without_rate(self, pilot: Pilot, goal: Goal | None = None) -> Goal | None:
        """A goal (None: the saved one) without the rate that this pilot measured; None where it has another one."""
        goal = goal or goal_about(self.context, pilot.project_id, self._asked(pilot)[0])
        left = goal and without_rate(goal, pilot)
        return None if left == goal else left

    def _check_return(self, pilot: Pilot) -> None:
        """Conflict when a pilot that is over cannot run again: its card has another one by now, or one has some of its rows, or
        rows that go together with them."""
        hint = "Cancel that one first."
        running = [one for one in self.all(pilot.project_id) if one.state == "running"]
        if any(pilot_key(one) == pilot_key(pilot) and same_goal(one, pilot.goal) for one in running):
            raise Conflict("This card has another pilot by now.", hint)
        run = self.search.run(pilot.run)
        frame, _, problem, _ = self.search.goal.open(self.search.inputs(run))
        mine = self.assignment(pilot)[ROW].to_numpy()
        taken = sorted({position for one in self.running(run) for position in one.arms})
        shared, together = int(np.isin(mine, taken).sum()), int(barred(frame, problem, taken)[mine].sum())
        if shared:
            raise Conflict(f"Another pilot has {count(shared, 'row')} of this one by now.", hint)
        if together:
            go = count(together, "row of this pilot goes", "rows of this pilot go")
            raise Conflict(f"{go} together with rows of another one by now: they have the same {quote(problem.group)}.", hint)

    def record(self, project_id: str, goal: Goal | None = None) -> TrackRecord:
        """What the project's measured cards promised and delivered; with a goal, in money only while its amounts are theirs."""
        return acting.track_record(self.all(project_id), goal)

    def rates(self, project_id: str) -> tuple[MeasuredRate, ...]:
        """How many bad outcomes turned good in ended pilots of what the goal can change, newest first."""
        return measured_rates(self.about(project_id), self.act.goal(project_id))

    def _rows(self, run: Run) -> tuple[PilotRows, pd.Index]:
        """What pilots are drawn from, and the positions of these rows in the cleaned table."""
        return self.drawable.get(self._mark(run), lambda: self._drawable(run))

    def _mark(self, run: Run, *more: Any) -> str:
        """Tells apart what is made of the rows that pilots are drawn from: a page asks at every click."""
        return fingerprint(run.id, self.act.goal_of(run), self.act.in_pilots(run.project_id), *more)

    def _drawable(self, run: Run) -> tuple[PilotRows, pd.Index]:
        frame, columns, problem, _ = self.search.goal.open(self.search.inputs(run))
        past, goal = self.search.drawable(run), self.act.goal_of(run)
        rows = frame.iloc[past.positions].reset_index(drop=True)
        taken = {position for one in self.running(run) for position in one.arms}
        busy = frozenset(at for at, position in enumerate(past.positions.tolist()) if position in taken)
        risk = dealt_by(past.oof, problem, goal)
        unseen = np.where(np.isin(past.positions, self.search.ranked(run).positions), risk, np.nan)
        return PilotRows(rows, columns, past.y, risk, problem, goal, busy, unseen), pd.Index(past.positions)

    def running(self, run: Run) -> tuple[Sides, ...]:
        """The running pilots that have rows of the run's table, whatever they are for."""
        return running_sides(self.context, self.search, run)

    def _asked(self, pilot: Pilot) -> tuple[Problem, Column | None]:
        """What a pilot's run predicted, and the column of the outcome, which says how its numbers are written."""
        _, columns, problem, _ = self.search.goal.open(self.search.inputs(self.search.run(pilot.run)))
        return problem, next((column for column in columns if column.name == problem.target), None)

    def assignment(self, pilot: Pilot) -> pd.DataFrame:
        """Which row is on which side."""
        return assignment_of(self.context, pilot)

    def _record(self, pilot_id: str) -> Record:
        record = self.context.store.get(pilot_id)
        if record.kind != KIND:
            raise NotFound("There is no such pilot.", "Open it from the pilots page.")
        return record

    def _move(self, pilot_id: str, before: PilotState, after: PilotState) -> None:
        record = self._record(pilot_id)
        pilot = from_json(Pilot, record.body)
        if pilot.state != before:
            raise BadInput(f"This pilot is {pilot.state}, not {before}.", "Reload the page.")
        self._change(record, replace(pilot, state=after), f"pilot {after}")

    def _change(self, record: Record, pilot: Pilot, what: str) -> None:
        self.context.store.update(record.id, to_json(pilot), record.version)
        # an updated record keeps its place among the others: by this one a report is known to be behind
        self.context.store.put(CHANGE, record.project_id, {"what": what}, parent_id=record.id)
        self.context.store.audit("user", what, record.id, "done")
        self.context.store.touch(record.project_id)
