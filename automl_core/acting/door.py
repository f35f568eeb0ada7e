"""The public door of acting: a frame, an outcome, levers and roles, and no trained model needed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard, Actions, Goal, Lever
from automl_core.acting.applying import changed
from automl_core.acting.asked import Options, Roles, checked_options, levers_of
from automl_core.acting.cards import CardInputs, make_cards
from automl_core.acting.costs import own_costs
from automl_core.acting.goal import check_goal, good_of
from automl_core.acting.levers import eligible
from automl_core.acting.limits import limits_of, within
from automl_core.acting.mappings import of_kind
from automl_core.acting.opened import Opened, opened
from automl_core.acting.own_names import in_own_names, names_of, typed
from automl_core.acting.worth import valued
from automl_core.errors import BadInput
from automl_core.explaining.words import count, quote


def find_actions(
    frame: pd.DataFrame,
    outcome: Hashable,
    good: object,
    levers: Sequence[Lever | Mapping[str, Any] | Hashable],
    roles: Roles | Mapping[str, Any] | None = None,
    options: Options | Mapping[str, Any] | None = None,
) -> Actions:
    """Action cards from past rows: who, what to change, worth how much and how sure.

    `frame` (n, columns) holds one row a case with any dtypes and index, missing values among them. Columns are named by their
    labels, whatever these are; cards name them as texts (column 0 is "0"). `outcome` is the column of what happened, `good` the
    wanted class as its values or as text ("No", 1, True, "yes" for the class that says so), or "low"/"high" for a number.
    `levers` are columns that can be changed, as `Lever` (values, step, cost, limits, forbidden moves), as a dictionary in the
    words of goal.toml, or just the label, which tries what the rows show. `roles` and `options` may be dictionaries of their
    fields, too. Rows without an outcome are not used, and `notes` count them.

    Effects on cards are changes of what `card.counted` names (the positive class in yes/no tasks: "yes", "1", "true", otherwise
    the rarer one), between -1 and 1, or of the number itself; `card.better` says whether up or down is wanted. `assign` says
    which card each row of a frame gets, `applied` makes the changes.

    Method: cross-fitted doubly robust scores (Chernozhukov et al. 2018), an exact policy tree of depth two (Zhou, Athey and
    Wager 2023) measured fold by fold on rows that did not choose it, Benjamini-Hochberg over all that was tried and within each
    lever, Holm among levers, placebo, random cause and robustness value (Chernozhukov, Cinelli et al. 2022). BadInput when a
    column is missing or has the name of another, `good` cannot come out, no row has a value that a lever names, an argument is
    no such thing, or the outcome has fewer than ten values or one value only.
    """
    options = checked_options(of_kind(options, Options, "options"))
    names = names_of(frame)
    worth = names.clean_of(options.value_column) if options.value_column not in ("", None) else ""
    one = opened(frame, outcome, good, roles, levers_of(levers, names))
    value = 0.0 if worth else float(options.value)
    goal = Goal(
        one.problem.target, good_of(good, one.problem), value, given=one.roles.given, never=one.roles.never, levers=one.levers,
        currency=options.currency, later=one.roles.later, experiment=one.roles.experiment, value_column=worth,
        negative_control=one.roles.negative_control,
    )  # fmt: skip
    check_goal(goal, one.problem, one.columns)
    past = one.known
    found = make_cards(CardInputs(options.model, past.frame, past.y, one.columns, one.problem, valued(goal, one.frame),
                                  options.seed, options.progress, options.processes))
    return in_own_names(replace(found, notes=(*_left_out(one), *found.notes)), names)


def _left_out(one: Opened) -> tuple[str, ...]:
    missing, name = int(np.isnan(one.y).sum()), quote(one.problem.target)
    have, are = ("has", "is") if missing == 1 else ("have", "are")
    return (f"{count(missing, 'row')} of {len(one.y):,} {have} no value in {name} and {are} not used.",) if missing else ()


def assign(
    cards: Actions | Iterable[ActionCard], frame: pd.DataFrame, *, capacity: int | None = None, budget: float | None = None
) -> NDArray[np.int64]:
    """The place of the card that each row of any `frame` (n, columns) gets, (n,); -1 for no change.

    Where several cards mean a row, the one with the best conservative worth per row wins (of the gain when there is no money), of
    equal ones the first. A row gets the same card whatever other rows are given with it.

    With a `capacity` (rows) or a `budget` (money; None: no limit, 0: none) no more rows get a card than that, and what their
    cards cost together is no more. They are those that bring the most together: in expected net money, or in gain when there is
    no money. Where a unit of a number has its price, each row costs what its own way does, as in the plan of the command `act`,
    and one that costs more than it brings gets no card. A row may then get a cheaper one of its cards, where the money does more
    with that. BadInput when a column of a card is missing, or a limit is below zero or no number.
    """
    limits = limits_of(capacity, budget)
    cards = cards_of(cards)
    rows = typed(frame, cards).frame
    if limits != (None, None):
        means = np.array([eligible(card, rows) for card in cards], dtype=bool).reshape(len(cards), len(rows)).T
        costs = np.array([own_costs(card, rows) for card in cards], dtype=np.float64).reshape(len(cards), len(rows)).T
        return within(cards, means, costs, limits)
    chosen = np.full(len(rows), -1, dtype=np.int64)
    for place in sorted(range(len(cards)), key=lambda place: (per_row(cards[place]), -place)):
        chosen[eligible(cards[place], rows)] = place
    return chosen


def cards_of(cards: Actions | Iterable[ActionCard]) -> tuple[ActionCard, ...]:
    """The cards of what was found, or those that are given; BadInput when they are none."""
    given: object = cards.cards if isinstance(cards, Actions) else (cards,) if isinstance(cards, ActionCard) else cards
    made = tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(isinstance(one, ActionCard) for one in made):
        raise BadInput("These are no action cards.", "Give the cards that find_actions found.")
    return made


def per_row(card: ActionCard) -> float:
    """The low end of a card's net money a row, or of its gain a row when there is no money."""
    if np.isfinite(card.net_low):
        return card.net_low / max(1, card.rows)
    return card.gain_low


def applied(
    cards: Actions | Iterable[ActionCard], frame: pd.DataFrame, *, capacity: int | None = None, budget: float | None = None
) -> pd.DataFrame:
    """A copy of the `frame` (n, columns) in which every row has had its card's change made (see `assign`, also for the limits).

    Index, labels and the dtype of every column that no row's change touches are as they were. A column that is changed keeps its
    dtype where that can hold the new values: categories get the new one, whole numbers stay whole unless moved by a fraction,
    then they become decimal; texts that spell numbers become numbers when moved by a step. BadInput as in `assign`.
    """
    cards = cards_of(cards)
    return changed(cards, frame, assign(cards, frame, capacity=capacity, budget=budget))
