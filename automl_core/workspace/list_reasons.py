"""Why the model says what it says of the first rows of a list."""
from __future__ import annotations

from dataclasses import replace

import pandas as pd

from automl_core.acting.action import Goal
from automl_core.acting.action_list import ActionList, ActionRow
from automl_core.explaining import explain_rows
from automl_core.production import Bundle

MOST_REASONS = 500  # a longer list is sorted anyway, and reasons cost time


def with_reasons(actions: ActionList, bundle: Bundle, frame: pd.DataFrame, goal: Goal) -> ActionList:
    """The list of rows of a cleaned `frame` with the reasons of its first rows, each compared with the others."""
    first = actions.rows[:MOST_REASONS]
    if not first:
        return actions
    rows = frame.iloc[[row.row for row in first]].reset_index(drop=True)
    return told_why(actions, explain_rows(bundle.model, rows, frame, unless=goal.good))


def told_why(actions: ActionList, why: list[tuple[str, ...]]) -> ActionList:
    """The list with these reasons of its first `MOST_REASONS` rows, in their order."""
    return replace(actions, rows=tuple(map(_with_reasons, actions.rows, why)) + actions.rows[MOST_REASONS:])


def _with_reasons(row: ActionRow, why: tuple[str, ...]) -> ActionRow:
    return replace(row, reasons=why)
