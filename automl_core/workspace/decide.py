"""Use cases of deciding: what a list is worth, recourse for one row, plans with reasons, and the files that are handed on."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from automl_core import __version__, acting
from automl_core.acting.action import Goal
from automl_core.acting.action_list import ActionList
from automl_core.acting.decide import Decision
from automl_core.acting.identity import card_key, pilot_key
from automl_core.acting.newsvendor import Newsvendor
from automl_core.acting.planned import ActionPlan, PlanInputs, PlanLabels, PlannedAction
from automl_core.acting.recourse import Recourse, RecourseAsk, typical
from automl_core.acting.recourse_many import RecourseSummary
from automl_core.acting.recourse_summary import others
from automl_core.data import type_row
from automl_core.errors import BadInput
from automl_core.explaining.words import id_text
from automl_core.framing.problem import Problem
from automl_core.framing.validation import given_weights
from automl_core.reporting.card_page import CardPage, card_page
from automl_core.reporting.exports import safe_csv, safe_xlsx
from automl_core.workspace.context import Context, Recent, fingerprint
from automl_core.workspace.kept_recourse import kept_recourse
from automl_core.workspace.list_reasons import MOST_REASONS
from automl_core.workspace.pilot_sides import Sides, kept_apart, own_arms
from automl_core.workspace.pilots import Piloting
from automl_core.workspace.search import Searching
from automl_core.workspace.views import Run

VALID_DAYS = 90  # of actions: how long a change takes to show says nothing of how long it stays worth making


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One row of the plan: its own id (or its position), what to do, what it gains (see `acting.planned_gain`), and reasons for
    its prediction, the strongest first."""

    name: str
    action: PlannedAction
    gain: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Deciding:
    context: Context
    search: Searching
    pilots: Piloting
    ways: Recent[Recourse] = field(default_factory=lambda: Recent(60))

    def decision(self, project_id: str, capacity: int = 0) -> Decision:
        """What the list is worth by the outcomes that came, against random choice, everyone and the simple rule; where it names
        rows without an outcome, what one as long of past rows is worth."""
        run = self.search.needed(project_id)
        goal = self.pilots.act.goal_of(run)

        def make() -> Decision:
            actions = self.pilots.act.past_actions_of(run, capacity)
            past = self.search.judged(run)
            rows, problem = self.search.goal.open(self.search.inputs(run))[0].iloc[past.positions], self._problem(run)
            weights = given_weights(rows, problem)
            values = acting.row_values(rows, goal) if goal.value_column else None
            inputs = acting.DecisionInputs(past.oof, past.y, problem, goal, self._rule(run), run.plan.seed,
                                           self._groups(run, past.positions), weights, values)
            return acting.decide(inputs, actions)

        key = "decision" + fingerprint(run.id, goal, capacity, self.pilots.act.in_pilots(project_id))
        made: Decision = self.context.decisions.get(key, make)
        return made

    def newsvendor(self, project_id: str) -> Newsvendor:
        """How much to provide, for a number whose errors cost differently; BadInput when no such costs were given."""
        run = self.search.needed(project_id)
        problem = self._problem(run)
        if problem.task != "regression" or problem.money is None:
            raise BadInput("No costs of too much and too little were given.", "Give both on the goal page, for a number.")
        past = self.search.predictions(run)
        groups, frame = self._groups(run, past.positions), self.search.goal.open(self.search.inputs(run))[0]
        weights = given_weights(frame.iloc[past.positions], problem)
        return acting.newsvendor(past.oof, past.y.astype(np.float64), problem.money, run.plan.seed, groups, weights)

    def recourse(self, project_id: str, position: int, ask: RecourseAsk | None = None) -> Recourse:
        """What could change for the row at a position of the cleaned table, within the goal's levers, cheapest first; they
        are worked out once."""
        run, ask = self.search.needed(project_id), ask or RecourseAsk()
        goal = self.pilots.act.goal_of(run)
        return self.ways.get(f"{run.id} {position} {fingerprint(goal, ask)}", lambda: self._recourse(run, position, goal, ask))

    def _recourse(self, run: Run, position: int, goal: Goal, ask: RecourseAsk) -> Recourse:
        frame, _, _, _ = self.search.goal.open(self.search.inputs(run))
        if not 0 <= position < len(frame):
            raise BadInput(f"There is no row {position}.", f"Choose one from 0 to {len(frame) - 1}.")
        model = self.search.bundle(run).model
        row = type_row(dict(frame.iloc[position]), model.cleaned)
        if model.problem.task == "regression" and math.isnan(ask.target):  # the same for every row: worked out once
            ask = replace(ask, target=self.context.decisions.get(
                f"typical {run.id}", lambda: typical(model, others(frame, -1, run.plan.seed))))
        return acting.recourse(model, row, goal, others(frame, position, run.plan.seed), ask)

    def recourse_summary(self, project_id: str) -> RecourseSummary | None:
        """How many rows can be brought to the goal, and at what cost, as it was worked out with the cards; None where it was
        not for the newest model, or not for what the goal allows now."""
        run = self.search.needed(project_id)
        return kept_recourse(self.context, run, self.pilots.act.goal_of(run))

    def plan(self, project_id: str) -> ActionPlan:
        """One action a row from the cards that are advice, under the goal's budget and capacity."""
        run, cards = self.search.needed(project_id), self.pilots.cards(project_id)
        key = "plan" + fingerprint(run.id, self.pilots.act.goal_of(run), cards, self.pilots.act.in_pilots(run.project_id))

        def make() -> ActionPlan:
            named = [replace(card, id=card_key(card)) for card in cards]  # of before cards had ids: by it the side is found
            return acting.plan_actions(named, kept_apart(self._plan_inputs(run), self._sides(run)))

        made: ActionPlan = self.context.decisions.get(key, make)
        return made

    def plan_rows(self, project_id: str, most: int = 100) -> tuple[PlannedRow, ...]:
        """The first rows of the plan as they are shown: which row, what to do, and why the model rates it as it does."""
        run, made = self.search.needed(project_id), self.plan(project_id)

        def make() -> tuple[PlannedRow, ...]:
            inputs, first = self._plan_inputs(run), made.actions[:most]
            rows = inputs.frame.iloc[[action.row for action in first]].reset_index(drop=True)
            named = next((column.name for column in inputs.columns if column.role == "id" and column.name in rows), "")
            places = inputs.frame.index[[action.row for action in first]]
            names = [id_text(value) for value in (rows[named] if named else places)]
            why = self.pilots.act.reasons(run, [action.row for action in first])
            goal, is_rate = self.pilots.act.goal_of(run), self._problem(run).task != "regression"
            gains = [acting.planned_gain(action, goal, is_rate) for action in first]
            return tuple(PlannedRow(*each) for each in zip(names, first, gains, why, strict=True))

        found: tuple[PlannedRow, ...] = self.context.decisions.get("plan rows" + fingerprint(run.id, made, most), make)
        return found

    def plan_csv(self, project_id: str) -> bytes:
        """actions.csv with segment, lever, money, grade, pilot side and reasons; safe to open in a spreadsheet."""
        return safe_csv(self._plan_frame(project_id), excel=True)

    def plan_xlsx(self, project_id: str) -> bytes:
        """The same as a workbook."""
        return safe_xlsx(self._plan_frame(project_id), "Actions")

    def list_xlsx(self, project_id: str, capacity: int = 0) -> bytes:
        """The ranked list as a workbook."""
        run = self.search.needed(project_id)
        actions: ActionList = self.pilots.act.actions_of(run, capacity)
        inputs = self._plan_inputs(run)
        return safe_xlsx(acting.actions_frame(actions, inputs.frame, inputs.columns), "Actions")

    def card_html(self, project_id: str, key: str) -> str:
        """One card as a page that prints on one sheet and needs nothing else."""
        card = next((one for one in self.pilots.cards(project_id) if card_key(one) == key), None)
        card = card or self.pilots.card(project_id, key)
        run = self.search.needed(project_id)
        found = [pilot for pilot in self.pilots.about(project_id) if pilot_key(pilot) == key and pilot.state != "cancelled"]
        goal, is_rate = self.pilots.act.goal_of(run), self._problem(run).task != "regression"
        return card_page(CardPage(card, goal, is_rate, found[0] if found else None, *self._headed(project_id)))

    def pilot_card_html(self, pilot_id: str) -> str:
        """The card of a pilot in the same way: as it stands now, or, once it is no longer among the cards of the present goal and
        model, as it was drawn for the pilot and stood after it."""
        pilot = self.pilots.get(pilot_id)
        key = pilot_key(pilot)
        if any(one.id == pilot_id for one in self.pilots.about(pilot.project_id)) and any(
            card_key(card) == key for card in self.pilots.cards(pilot.project_id)
        ):
            return self.card_html(pilot.project_id, key)
        card = acting.graded(pilot.card, pilot)
        return card_page(CardPage(card, pilot.goal, pilot.is_rate, pilot, *self._headed(pilot.project_id)))

    def _headed(self, project_id: str) -> tuple[str, datetime, str]:
        """What a page says of itself: project, time and version."""
        return self.context.store.project(project_id).name, datetime.now(UTC), __version__

    def _plan_frame(self, project_id: str) -> pd.DataFrame:
        run = self.search.needed(project_id)
        made = self.plan(project_id)
        arms = own_arms(made, self._sides(run), self.pilots.act.goal_of(run))
        return planned_table(made, self._plan_inputs(run), run.id, arms, lambda places: self.pilots.act.reasons(run, places))

    def _sides(self, run: Run) -> list[Sides]:
        """The running pilots, with the sides of their rows by the place among the rows with predictions."""
        place = {int(position): at for at, position in enumerate(self.search.ranked(run).positions)}
        return [Sides(one.pilot, {place[position]: arm for position, arm in one.arms.items() if position in place})
                for one in self.pilots.running(run)]

    def _plan_inputs(self, run: Run) -> PlanInputs:
        frame, columns, _, _ = self.search.goal.open(self.search.inputs(run))
        past = self.search.ranked(run)
        rows = frame.iloc[past.positions].set_axis(past.positions)
        return PlanInputs(self.search.bundle(run).model, rows, columns, past.oof, self.pilots.act.goal_of(run))

    def _rule(self, run: Run) -> np.ndarray | None:
        """The simple rule's answers for the rows that a list is judged by, none of which it had seen; None where it has none."""
        past = self.search.judged(run)
        frame, columns, problem, _ = self.search.goal.open(self.search.inputs(run))
        rows = frame.iloc[past.positions].reset_index(drop=True)
        return acting.rule_or_none(rows, past.y, columns, problem, run.plan.seed)

    def _groups(self, run: Run, positions: np.ndarray) -> np.ndarray | None:
        """(n,) the groups of rows at these positions, where the problem has any: of one customer, say."""
        frame, _, problem, _ = self.search.goal.open(self.search.inputs(run))
        return frame[problem.group].iloc[positions].to_numpy() if problem.group and problem.group in frame else None

    def _problem(self, run: Run) -> Problem:
        return self.search.goal.problem_of(self.search.inputs(run))


def planned_table(
    plan: ActionPlan, inputs: PlanInputs, version: str, arms: dict[int, str],
    explained: Callable[[list[int]], list[tuple[str, ...]]],
) -> pd.DataFrame:
    """actions.csv: one line a planned row, with reasons for the first 500, and the day until which it holds. `explained` gives
    the reasons of rows by their place in the frame of `inputs`."""
    first = [action.row for action in plan.actions[:MOST_REASONS]]
    reasons = dict(zip(first, explained(first), strict=True))
    until = (datetime.now(UTC) + timedelta(days=VALID_DAYS)).date().isoformat()
    return acting.plan_frame(plan, inputs, PlanLabels(until, version, arms, reasons))
