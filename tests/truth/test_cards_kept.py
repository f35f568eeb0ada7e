"""No change that anybody carries out is one that was not allowed (T2): on cards, in plans, in pilots; of two levers, too."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import combinations

import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from automl_core.acting import Lever, Options, Roles, eligible, find_actions, identity
from automl_core.acting.action import ActionCard, Change, Goal
from automl_core.acting.asked import levers_of as levers_asked
from automl_core.acting.costs import mean_cost, mean_distance
from automl_core.acting.goal import check_goal
from automl_core.acting.levers import forbidden_by
from automl_core.acting.moves import Move, category_moves, is_numeric, numeric_moves
from automl_core.acting.opened import Opened, opened
from automl_core.acting.own_names import names_of
from automl_core.acting.wording import to_words
from automl_core.errors import BadInput
from tests.promises import BANNED
from tests.truth.keeping import PLANS, SIZES, Case, kept_when_applied, kept_when_piloted, kept_when_planned, levers_of, shop

ROLES = Roles(never=("gender",), later=("total",), negative_control=("before",), group="team")
MONEY = st.sampled_from([0.0, 1.0, 4.0])
SMALL = shop(0, 500)
CARD = ActionCard("All rows", "", "", "", 0, *[0.0] * 8, "B", 1.0, 0.0, "", better="down", counted="“y” = “Yes”")


def of(values: tuple[object, ...], most: int = 2) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(st.sampled_from(values), max_size=most, unique=True).map(tuple)


def moves_of(values: tuple[object, ...]) -> st.SearchStrategy[tuple[tuple[object, object], ...]]:
    pairs = st.tuples(st.sampled_from(values), st.sampled_from(values)).filter(lambda pair: pair[0] != pair[1])
    return st.lists(pairs, max_size=5).map(tuple)


HALVES = tuple(value / 2 for value in range(24, 57))
SIDES = st.sampled_from(["", "up", "down"])
plan = st.builds(Lever, st.just("plan"), to=of(PLANS), from_values=of(PLANS), forbidden=moves_of(PLANS), cost=MONEY)
size = st.builds(Lever, st.just("size"), to=of(SIZES), from_values=of(SIZES), forbidden=moves_of(SIZES), cost=MONEY,
                 direction=SIDES)
seats = st.builds(Lever, st.just("seats"), to=of((1, 2, 3, 4)), from_values=of((1, "2", 3.0, "4.0")), cost=MONEY, unit_cost=MONEY,
                  forbidden=moves_of((1, "2", 3.0, 4)), direction=SIDES, low=st.sampled_from([math.nan, 1.5, 2]),
                  high=st.sampled_from([math.nan, 3.0, 3.5]))
alert = st.builds(Lever, st.just("alert"), cost=MONEY)
STEPS = (*[math.nan] * 3, -5.0, -2.5, -0.5, 0.5, 2.0, 5.0)


@st.composite
def price(draw: st.DrawFn) -> Lever:
    """A number moved by any step, by half, by a share of itself, or to values that rows have."""
    to, relative = draw(st.one_of(st.just(()), st.just((18.0, 22.5)))), draw(st.booleans())
    step = math.nan if to else draw(st.sampled_from((math.nan, -0.5, -0.1, 0.1, 0.5) if relative else STEPS))
    starts = draw(st.lists(st.sampled_from(HALVES), max_size=6, unique=True))
    made = (-3.0, -2.0, 2.0, 3.0) if math.isnan(step) else (step,)  # those that are tried where no step is given
    forbidden = tuple((now, now * (1 + far) if relative and far == step else now + far) for now in starts for far in made)
    return Lever("price", to, draw(of((16.0, 18.0, 20.5, 21.0))), step, relative, draw(MONEY), forbidden,  # type: ignore[arg-type]
                 draw(SIDES), draw(st.sampled_from([math.nan, 12.0, 17.5])), draw(st.sampled_from([math.nan, 22.5, 30.0])),
                 unit_cost=draw(MONEY))


goals = st.lists(st.one_of(plan, size, seats, price(), alert), min_size=1, max_size=4, unique_by=lambda lever: lever.column)
limits = st.tuples(st.sampled_from([0, 7, 150]), st.sampled_from([0.0, 25.0, 400.0]))


def asked(levers: list[Lever], frame: pd.DataFrame, limit: tuple[int, float]) -> tuple[Opened, Goal]:
    """The table and the goal as the door makes them of what a person wrote; what it refuses is nothing to test."""
    try:
        one = opened(frame, "y", "No", ROLES, levers_asked(levers, names_of(frame)))
        goal = Goal("y", "No", 50.0, levers=one.levers, capacity=limit[0], budget=limit[1], never=("gender",), later=("total",),
                    negative_control=("before",))
        check_goal(goal, one.problem, one.columns)
    except BadInput:
        reject()
    return one, goal


def changes(lever: Lever, values: pd.Series) -> tuple[Move, ...]:
    return numeric_moves(lever, values.to_numpy(dtype=float), 3.0) if is_numeric(lever, values) else category_moves(lever, values)


def cards_of(one: Opened, goal: Goal) -> list[ActionCard]:
    """A card of every move, and of every two moves of values of different levers, each with an effect of its own."""
    single = [move for lever in goal.levers for move in changes(lever, one.frame[lever.column])]
    both = [pair for pair in combinations(single, 2) if pair[0].lever.column != pair[1].lever.column
            and not pair[0].numeric and not pair[1].numeric]
    made = []
    for place, (move, *more) in enumerate([*((move,) for move in single), *both[:40]]):
        lever, values = move.lever, one.frame[move.lever.column]
        also = tuple(Change(other.lever.column, other.from_values, other.to, mean_cost(other, one.frame[other.lever.column]),
                            mean_distance(other, one.frame[other.lever.column])) for other in more)
        gain = 0.05 + 0.01 * (place % 7)
        card = replace(
            CARD, lever=lever.column, to_value=to_words(move), adjusted=-gain, low=-2 * gain, high=-gain / 2, also=also,
            from_values=move.from_values, step=move.step, relative=move.relative, lowest=lever.low, highest=lever.high,
            cost=mean_cost(move, values), distance=mean_distance(move, values))
        card = forbidden_by(card, goal)
        rows = eligible(card, one.frame)
        if not rows.any():
            continue
        far = [mean_distance(each, one.frame.loc[rows, each.lever.column]) for each in (move, *more)]
        paid = [mean_cost(each, one.frame.loc[rows, each.lever.column]) for each in (move, *more)]
        also = tuple(replace(change, cost=money, distance=mean)
                     for change, money, mean in zip(also, paid[1:], far[1:], strict=True))
        net = int(rows.sum()) * (goal.value * gain - sum(paid))
        card = replace(card, rows=int(rows.sum()), cost=paid[0], distance=far[0], also=also, net_value=net, net_low=net / 2,
                       net_high=2 * net)
        made.append(replace(card, id=identity(card)))
    return made


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(levers=goals, limit=limits, seed=st.integers(0, 9))
def test_what_is_carried_out_keeps_to_the_limits(levers: list[Lever], limit: tuple[int, float], seed: int) -> None:
    """All moves that the levers allow, alone and by twos, as cards: in the table, in the plan and in the pilot's file."""
    one, goal = asked(levers, SMALL, limit)
    cards = cards_of(one, goal)
    assume(cards)
    case = Case(SMALL, {lever.column: lever for lever in levers}, cards, *limit)
    kept_when_applied(case)
    kept_when_planned(case, one, goal)
    kept_when_piloted(replace(case, cards=cards[:12]), one, goal, seed)


def test_changes_of_all_levers_are_looked_at_two_at_once_among_them() -> None:
    """What the property test above looks at, by one goal: a lever of every kind, and pairs."""
    levers = [Lever("plan", ("pro", "max"), forbidden=(("basic", "pro"),)), Lever("seats", direction="up"), Lever("alert"),
              Lever("price", direction="down", low=12.0), Lever("size", direction="up")]
    one, goal = asked(levers, SMALL, (0, 0.0))
    cards = {(card.lever, *(change.lever for change in card.also)): card for card in cards_of(one, goal)}
    for names, card in cards.items():
        assert kept_when_applied(Case(SMALL, {lever.column: lever for lever in levers}, [card])) == set(names)
    assert set().union(*cards) == {"plan", "seats", "alert", "price", "size"}
    assert ("plan", "seats") in cards


def kept_to(seed: int, levers: list[Lever], limit: tuple[int, float], frame: pd.DataFrame) -> set[tuple[str, ...]]:
    """Make the cards of one goal, and look at every row that they would move; gives the levers that each of them moves."""
    try:
        found = find_actions(frame, "y", "No", levers, ROLES, Options(value=50.0))
    except BadInput:
        reject()
    described = {condition.column for card in (*found.cards, *found.patterns)
                 for condition in (*card.conditions, *(one for part in card.alike for one in part))}
    assert described <= {"age", "plan", "price", "seats", "size", "alert"} - {lever.column for lever in levers} | {"age"}
    for card in (*found.cards, *found.patterns):
        text = " ".join((card.who, card.sentence, card.overturn, card.next_step, *card.reasons)).lower()
        assert not [word for word in BANNED if re.search(rf"\b{word}\b", text)]
    one, goal = asked(levers, frame, limit)
    case = Case(frame, {lever.column: lever for lever in levers}, found.cards, *limit)
    for card in (*found.cards, *found.patterns):
        assert kept_when_applied(replace(case, cards=[card])) <= set(levers_of(card))
    if found.cards:
        kept_when_applied(case)
        kept_when_planned(case, one, goal)
        kept_when_piloted(case, one, goal, seed)
    return {levers_of(card) for card in (*found.cards, *found.patterns)}


def test_no_row_is_ever_moved_against_the_limits() -> None:
    """A goal whose forbidden moves would pay and whose price goes down to a limit; two levers are moved at once."""
    levers = [Lever("plan", ("pro", "max"), forbidden=(("basic", "pro"), ("plus", "max"))), Lever("alert", cost=1.0),
              Lever("price", direction="down", low=15.0, high=25.0, unit_cost=0.5), Lever("size", direction="up")]
    assert kept_to(5, levers, (300, 600.0), shop(5)) == {("plan",), ("price",), ("alert",), ("size",), ("size", "alert")}


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(levers=goals, limit=limits, seed=st.integers(0, 50))
def test_no_row_is_ever_moved_against_the_limits_full(levers: list[Lever], limit: tuple[int, float], seed: int) -> None:
    """The same of goals that are drawn anew each time."""
    kept_to(seed, levers, limit, shop(seed))
