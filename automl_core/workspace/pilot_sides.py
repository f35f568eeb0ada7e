"""Who is in a running pilot, and on which side: what lists, plans and other pilots have to leave alone."""
from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from automl_core.acting.levers import name_of
from automl_core.acting.pilot_files import ARM, ROW
from automl_core.acting.pilots import Pilot
from automl_core.workspace.context import Context
from automl_core.workspace.search import Searching
from automl_core.workspace.views import Run

KIND = "pilot"


@dataclass(frozen=True, slots=True)
class Sides:
    """A running pilot, and the sides ("treat" or "hold") of its rows by their positions in a run's cleaned table."""

    pilot: Pilot
    arms: dict[int, str]


def running_sides(context: Context, search: Searching, run: Run) -> tuple[Sides, ...]:
    """The running pilots that have rows of the run's table, newest first, whatever they are for: also those of cards that are no
    longer there, for what is done to their rows would still spoil them.

    Rows of another table, or of one that was cleaned otherwise, are known by their id.
    """
    pilots = [context.noun(Pilot, record) for record in reversed(context.store.list(run.project_id, KIND))]
    found = [Sides(pilot, _arms(context, search, run, pilot)) for pilot in pilots if pilot.state == "running"]
    return tuple(one for one in found if one.arms)


def running_ids(context: Context, project_id: str) -> tuple[str, ...]:
    """The ids of a project's running pilots."""
    return tuple(record.id for record in context.store.list(project_id, KIND) if context.noun(Pilot, record).state == "running")


def assignment_of(context: Context, pilot: Pilot) -> pd.DataFrame:
    """Which row is on which side."""
    return pd.read_parquet(context.store.file_path(pilot.assignment))


def _arms(context: Context, search: Searching, run: Run, pilot: Pilot) -> dict[int, str]:
    table = assignment_of(context, pilot)
    then, now = search.inputs(search.run(pilot.run)), search.inputs(run)
    if (then.table, then.recipe) == (now.table, now.recipe):
        return dict(zip(table[ROW].tolist(), table[ARM].tolist(), strict=True))
    frame = search.goal.open(now)[0]
    for place, name in enumerate(pilot.id_columns):
        if name not in frame or not table[f"id_{place}"].is_unique:
            continue
        ids = frame[name].map(name_of).astype("str")
        side = ids.map(dict(zip(table[f"id_{place}"], table[ARM], strict=True)))
        return {int(at): arm for at, arm in enumerate(side) if isinstance(arm, str)}
    return {}
