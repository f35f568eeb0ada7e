"""The public door of acting: a frame, an outcome, levers and roles, and no trained model needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard, Actions, Goal, Lever
from automl_core.acting.cards import CardInputs, make_cards
from automl_core.acting.goal import check_goal
from automl_core.acting.levers import eligible, moved
from automl_core.acting.what_if import Predicts
from automl_core.data.infer import table_from_frame
from automl_core.data.table import Table
from automl_core.errors import BadInput
from automl_core.framing import encode_target, suggest_problem
from automl_core.framing.problem import Problem


@dataclass(frozen=True, slots=True)
class Roles:
    """What columns are to acting. `given` were known before a lever was moved, as is every column that is not named; `never` are
    used nowhere; `later` were measured after a lever was moved; `group` names the column whose rows go together; `experiment`
    a lever whose value was drawn by chance."""

    given: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    group: str = ""
    experiment: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Options:
    """`value` is money per outcome turned good (0: no money; cards are then ranked by rows times gain), `currency` its sign. A
    `value_column` takes its place: the column that says it of each row, whose mean counts for cards.

    `model` predicts a typed frame (`predict_frame`) for the what-if; without one a small boosted model is fitted. The same
    `seed` gives the same cards. `progress(share, words)` is told how far it is. With `processes` many rows are worked on in two
    processes: for programs that can be imported once more (`if __name__ == "__main__":`).
    """

    value: float = 0.0
    currency: str = "€"
    model: Predicts | None = None
    seed: int = 0
    progress: Callable[[float, str], None] | None = None
    processes: bool = False
    value_column: str = ""


def find_actions(
    frame: pd.DataFrame,
    outcome: str,
    good: str,
    levers: Sequence[Lever | str],
    roles: Roles | None = None,
    options: Options | None = None,
) -> Actions:
    """Action cards from past rows: who, what to change, worth how much and how sure.

    `frame` (n, columns) holds one row a case with any dtypes, missing values among them; `outcome` names its column of what
    happened, `good` the wanted class as text ("1", "No") or "low"/"high" for a number. `levers` are columns that can be changed,
    as `Lever` (values, step, cost, limits, forbidden moves) or just the name, which tries what the rows show. Rows without an
    outcome are not used.

    Effects on cards are changes of what `card.counted` names (the positive class in yes/no tasks: "yes", "1", "true", otherwise
    the rarer one), between -1 and 1, or of the number itself; `card.better` says whether up or down is wanted. `assign` says
    which card each row of a frame gets, `applied` makes the changes.

    Method: cross-fitted doubly robust scores (Chernozhukov et al. 2018), an exact policy tree of depth two (Zhou, Athey and
    Wager 2023) measured fold by fold on rows that did not choose it, Benjamini-Hochberg over all that was tried, placebo, random
    cause and robustness value (Chernozhukov, Cinelli et al. 2022). BadInput when a column is missing or nothing can be compared.
    """
    roles, options = roles or Roles(), options or Options()
    table = typed(frame)
    if outcome not in table.names:
        raise BadInput(f"There is no column “{outcome[:80]}” in this table.", "Name the column that says how it turned out.")
    problem = _problem(table, outcome, good, roles)
    made = tuple(lever if isinstance(lever, Lever) else Lever(lever) for lever in levers)
    value = 0.0 if options.value_column else options.value
    goal = Goal(
        outcome, good, value, given=roles.given, never=roles.never, levers=made, currency=options.currency,
        later=roles.later, experiment=roles.experiment, value_column=options.value_column,
    )  # fmt: skip
    check_goal(goal, problem, table.columns)
    encoded, known = encode_target(table.frame[outcome], problem)
    past = table.frame[known].reset_index(drop=True)
    y = np.asarray(encoded)
    return make_cards(CardInputs(options.model, past, y, table.columns, problem, goal, options.seed, options.progress,
                                 options.processes))


def _problem(table: Table, outcome: str, good: str, roles: Roles) -> Problem:
    from dataclasses import replace

    from automl_core.framing.suggestion import check_target, problem_for

    if good in ("low", "high") and pd.api.types.is_numeric_dtype(table.frame[outcome].dtype):
        problem = problem_for(table.frame[outcome], outcome, "regression")
        check_target(table.frame, problem)
    else:
        problem = suggest_problem(table.frame, table.columns, outcome)
    return replace(problem, group=roles.group, never=roles.never)


def typed(frame: pd.DataFrame) -> Table:
    """Any frame as the typed table that acting works on (numbers, dates and texts; see `data.table.Table`)."""
    return table_from_frame(frame.reset_index(drop=True), "frame")


def assign(cards: Sequence[ActionCard], frame: pd.DataFrame) -> NDArray[np.int64]:
    """The place of the card that each row of any frame gets, (n,); -1 for no change.

    Where several cards mean a row, the one with the best conservative worth per row wins (of the gain when there is no money), of
    equal ones the first.
    """
    rows = typed(frame).frame
    chosen = np.full(len(rows), -1, dtype=np.int64)
    for place in sorted(range(len(cards)), key=lambda place: (per_row(cards[place]), -place)):
        chosen[eligible(cards[place], rows)] = place
    return chosen


def per_row(card: ActionCard) -> float:
    """The low end of a card's net money a row, or of its gain a row when there is no money."""
    if np.isfinite(card.net_low):
        return card.net_low / max(1, card.rows)
    return card.gain_low


def applied(cards: Sequence[ActionCard], frame: pd.DataFrame) -> pd.DataFrame:
    """A typed copy of the frame in which every row has had its card's change made (see `assign`)."""
    out = typed(frame).frame
    chosen = assign(cards, frame)
    for place, card in enumerate(cards):
        out = moved(card, out, chosen == place)
    return out
