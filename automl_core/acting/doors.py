"""The other public doors of acting: a frame, an outcome and roles for groups that differ, and for two groups compared.

Like `find_actions` they take columns by their labels and a good outcome as its values, as text, or as "low"/"high" for a number.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import pandas as pd

from automl_core.acting.action import Condition, SegmentSearch
from automl_core.acting.asked import Roles, amount, known_values, whole
from automl_core.acting.compare_groups import Pair, check_no_outcome, check_pair, compare_groups
from automl_core.acting.compare_periods import Periods, compare_periods
from automl_core.acting.conditions import condition_of
from automl_core.acting.finding import find_segments
from automl_core.acting.gap_story import GapStory
from automl_core.acting.opened import Opened, opened
from automl_core.data.table import find_column
from automl_core.data.values import to_text
from automl_core.errors import BadInput
from automl_core.explaining.words import quote


def segments_of(
    frame: pd.DataFrame, outcome: Hashable, good: object = None, roles: Roles | Mapping[str, Any] | None = None, seed: int = 0
) -> SegmentSearch:
    """Groups of rows whose outcome differs from that of the rest: found on one half of the rows, confirmed on the other.

    `frame`, `outcome`, `good` and `roles` are those of `find_actions`; rows without an outcome are not used. What is counted is
    named in the answer: the positive class of two (as on cards), `good` of several, or the number; without `good` the class of
    several that is spoken of first. Columns that are `never` used or measured `later` describe no group, and rows of one `group`
    count as dependent. Of tables in which nothing goes with the outcome at most 5 % have any group confirmed. It takes 200 rows
    with an outcome: of fewer none is looked at, and `note` says so.

    BadInput as `find_actions` says.
    """
    seed = whole(seed, "“seed”")
    one = opened(frame, outcome, good, roles).own.known
    return find_segments(one.frame, one.y, one.columns, one.counting, seed)


def compare(
    frame: pd.DataFrame, outcome: Hashable, first: object, second: object = None, good: object = None,
    roles: Roles | Mapping[str, Any] | None = None,
) -> GapStory:
    """Two groups of rows compared: how much of the gap in the outcome is who they are (composition), and how much is other
    outcomes of the same kind of rows (behaviour).

    A group is a dictionary of columns and what they must be: a value, a list of values, or "30..50" for from 30 to below 50
    ("30..", "..50"); or one `Condition` or a list of them. All must hold. Without a `second` the rest is compared. `Periods` in
    the place of `first` compare the rows after a day (text, date or timestamp) with those before it. All else is as in
    `segments_of`.

    BadInput also when a group has no row or is described by the outcome, or a value does not occur.
    """
    one = opened(frame, outcome, good, roles).own.known
    if isinstance(first, Periods):
        if second is not None:
            raise BadInput("Two periods are asked for, and a second group.", "Leave the second group out.")
        split, start, end = (to_text(moment) or "" for moment in (first.split, first.start, first.end))
        periods = Periods(one.column(first.column), split, start, end)
        check_no_outcome(one.problem.target, (periods.column,))
        return compare_periods(one.frame, one.y, one.columns, one.counting, periods)
    pair = Pair(_group(first, one, "first"), () if second is None else _group(second, one, "second"))
    check_no_outcome(one.problem.target, (each.column for each in (*pair.first, *pair.second)))
    check_pair(pair, one.frame)
    return compare_groups(one.frame, one.y, one.columns, one.counting, pair)


def _group(asked: object, one: Opened, which: str) -> tuple[Condition, ...]:
    """The conditions of a group under the table's own names."""
    if isinstance(asked, Mapping):
        made = tuple(_condition(label, value, one) for label, value in asked.items())
    else:
        given = (asked,) if isinstance(asked, Condition) or not isinstance(asked, Iterable) else tuple(asked)
        if not all(isinstance(each, Condition) for each in given):
            raise BadInput(f"The {which} group is {quote(asked)}, which is no condition.",
                           'Give columns with their values, such as {"plan": "basic", "age": "30..50"}.')
        made = tuple(_own(each, one) for each in given)
    if not made:
        raise BadInput(f"The {which} group has no condition.", "Name a column and a value.")
    return made


def _own(asked: Any, one: Opened) -> Condition:
    """A `Condition` under the table's own names, its values as the column spells them; one value may stand for a tuple."""
    name = one.column(asked.column)
    limits = [math.nan if limit is None else amount(limit, f"“{key}” of the condition on {quote(name)}")
              for key, limit in (("low", asked.low), ("high", asked.high))]
    values = known_values(asked.values, one.frame[name], find_column(one.columns, name))
    return Condition(name, values, *limits)


def _condition(label: object, value: object, one: Opened) -> Condition:
    name = one.column(label)
    between = condition_of(name, value) if isinstance(value, str) else Condition(name)
    if isinstance(value, str) and not between.values:
        return between
    values = known_values(value, one.frame[name], find_column(one.columns, name))
    if not values:
        raise BadInput(f"No value of {quote(name)} is named.", "Give a value, a list of them, or a range such as 30..50.")
    return Condition(name, values)
