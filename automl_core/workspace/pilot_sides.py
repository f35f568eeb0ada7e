"""Who is in a running pilot, and on which side: what lists, plans and other pilots have to leave alone."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from automl_core.acting.action import Goal
from automl_core.acting.action_list import ActionList
from automl_core.acting.decisions import rank_rows
from automl_core.acting.identity import pilot_key, same_goal
from automl_core.acting.levers import name_of
from automl_core.acting.pilot_columns import ARM, ROW
from automl_core.acting.pilots import HOLD, TREAT, Pilot
from automl_core.acting.planned import ActionPlan, PlanInputs
from automl_core.data.table import Column
from automl_core.errors import NotFound
from automl_core.explaining.words import count
from automl_core.framing.problem import Problem
from automl_core.workspace.context import Context
from automl_core.workspace.search import Searching
from automl_core.workspace.views import Run

KIND = "pilot"


@dataclass(frozen=True, slots=True)
class Sides:
    """A running pilot, and the sides ("treat" or "hold") of its rows: by their positions in a run's cleaned table, or by their
    places among the rows that are asked about."""

    pilot: Pilot
    arms: dict[int, str]


def running_sides(context: Context, search: Searching, run: Run) -> tuple[Sides, ...]:
    """The running pilots that have rows of the run's table, newest first, whatever they are for: also those of cards that are no
    longer there, for what is done to their rows would still spoil them.

    Rows of another table, or of one that was cleaned otherwise, are known by their id.
    """
    found = [Sides(pilot, _arms(context, search, run, pilot)) for pilot in _running(context, run.project_id)]
    return tuple(one for one in found if one.arms)


def sides_in_file(
    context: Context, search: Searching, run_id: str, frame: pd.DataFrame, positions: np.ndarray
) -> tuple[Sides, ...]:
    """The running pilots of the project that a search belongs to, with the sides of their rows by their place in a file's cleaned
    `frame`; none where that search is not at hand.

    Rows are known by their ids, and where there are none by their `positions` (n,) in the search's table (-1: not of it).
    """
    try:
        run = search.run(run_id)
    except NotFound:
        return ()
    found = []
    for pilot in _running(context, run.project_id):
        arms = _by_ids(pilot, assignment_of(context, pilot), frame)
        if arms is None:
            kept = _arms(context, search, run, pilot) if (positions >= 0).any() else {}
            arms = {at: kept[row] for at, row in enumerate(positions.tolist()) if row in kept}
        found.append(Sides(pilot, arms))
    return tuple(found)


def rank_free(
    frame: pd.DataFrame, predictions: np.ndarray, columns: tuple[Column, ...], problem: Problem, goal: Goal, busy: Sequence[int]
) -> ActionList:
    """The list of the rows that are not at the places `busy`, which says how many are left out for a running pilot. Rows count
    among all of the frame."""
    free = np.flatnonzero(~np.isin(np.arange(len(frame)), busy))
    ranked = rank_rows(frame.iloc[free], predictions[free], columns, problem, goal)
    left = len(frame) - len(free)
    if not left:
        return ranked
    said = f"{ranked.sentence} {count(left, 'row')} of a running pilot {'is' if left == 1 else 'are'} left out."
    rows = tuple(replace(row, row=int(free[row.row])) for row in ranked.rows)
    return replace(ranked, rows=rows, sentence=said, in_pilots=left)


def kept_apart(inputs: PlanInputs, sides: Sequence[Sides]) -> PlanInputs:
    """The inputs of a plan that leaves running pilots alone; sides are by the place of a row in its frame."""
    held = frozenset(row for one in sides for row, arm in one.arms.items() if arm == HOLD)
    treated: dict[int, frozenset[str]] = {}
    for one in sides:
        card = frozenset({pilot_key(one.pilot)})
        treated.update({row: treated.get(row, frozenset()) | card for row, arm in one.arms.items() if arm == TREAT})
    return replace(inputs, held=held, treated=treated)


def own_arms(plan: ActionPlan, sides: Sequence[Sides], goal: Goal) -> dict[int, str]:
    """The side of each planned row in the running pilot of its own card, for what is wanted now."""
    by_card = {pilot_key(one.pilot): one.arms for one in sides if same_goal(one.pilot, goal)}
    return {action.row: by_card.get(action.card, {}).get(action.row, "") for action in plan.actions}


def running_ids(context: Context, project_id: str) -> tuple[str, ...]:
    """The ids of a project's running pilots."""
    return tuple(pilot.id for pilot in reversed(_running(context, project_id)))


def kept_pilots(context: Context, project_id: str) -> list[Pilot]:
    """A project's pilots, oldest first."""
    return [context.noun(Pilot, record) for record in context.store.list(project_id, KIND)]


def _running(context: Context, project_id: str) -> list[Pilot]:
    """A project's running pilots, newest first."""
    return [pilot for pilot in reversed(kept_pilots(context, project_id)) if pilot.state == "running"]


def assignment_of(context: Context, pilot: Pilot) -> pd.DataFrame:
    """Which row is on which side."""
    return pd.read_parquet(context.store.file_path(pilot.assignment))


def _arms(context: Context, search: Searching, run: Run, pilot: Pilot) -> dict[int, str]:
    table = assignment_of(context, pilot)
    then, now = search.inputs(search.run(pilot.run)), search.inputs(run)
    if (then.table, then.recipe) == (now.table, now.recipe):
        return dict(zip(table[ROW].tolist(), table[ARM].tolist(), strict=True))
    return _by_ids(pilot, table, search.goal.open(now)[0]) or {}


def _by_ids(pilot: Pilot, table: pd.DataFrame, frame: pd.DataFrame) -> dict[int, str] | None:
    """The sides of a pilot's rows by their places in a frame that has an id of theirs; None when it has none. A row without an id
    is known by none."""
    for place, name in enumerate(pilot.id_columns):
        drawn = table.set_index(f"id_{place}")[ARM].drop(name_of(None), errors="ignore")
        if name not in frame or frame[name].isna().all() or drawn.empty or not drawn.index.is_unique:
            continue
        side = frame[name].map(name_of, na_action="ignore").astype("object").map(drawn.to_dict())
        return {int(at): arm for at, arm in enumerate(side) if isinstance(arm, str)}
    return None
