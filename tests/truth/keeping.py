"""Limits of levers judged anew, from what a person wrote: which change of a row they allow, and all that carries changes out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd

from automl_core.acting import (
    Lever,
    PilotChoice,
    PilotRows,
    PlanInputs,
    PlanLabels,
    applied,
    assign,
    assignment_frame,
    draw,
    eligible,
    plan_actions,
    plan_frame,
)
from automl_core.acting.action import ActionCard, Goal
from automl_core.acting.opened import Opened
from automl_core.search.model import Model

SIZES = ("S", "M", "L")
PLANS = ("basic", "plus", "pro", "max")


def shop(seed: int, rows: int = 1500) -> pd.DataFrame:
    """Levers of every kind, all of which move the outcome; `before` is an outcome of earlier and `total` is measured later."""
    rng = np.random.default_rng(seed)
    age = rng.normal(size=rows)
    plan, size = rng.choice(4, rows, p=[0.4, 0.3, 0.2, 0.1]), rng.choice(3, rows, p=[0.4, 0.35, 0.25])
    price = np.round(2 * (20 + 3 * age + rng.normal(0, 4, rows))) / 2
    seats = rng.integers(1, 5, rows)
    alert = rng.random(rows) < 0.5
    chance = 0.7 - 0.1 * plan - 0.08 * size - 0.04 * seats + 0.015 * (price - 20) - 0.12 * alert - 0.05 * age
    return pd.DataFrame({
        "age": age, "plan": np.array(PLANS)[plan], "price": np.where(rng.random(rows) < 0.02, np.nan, price),
        "seats": seats, "size": pd.Categorical(np.array(SIZES)[size], SIZES, ordered=True), "alert": alert,
        "gender": rng.choice(["f", "m"], rows), "team": rng.integers(0, rows // 4, rows),
        "before": np.where(rng.random(rows) < np.clip(0.4 - 0.1 * age, 0.02, 0.98), "Yes", "No"),
        "total": 12 * price + rng.normal(0, 20, rows),
        "y": np.where(rng.random(rows) < np.clip(chance, 0.02, 0.98), "Yes", "No"),
    })  # fmt: skip


def allowed(lever: Lever, now: Any, then: Any) -> bool:
    """Whether what a person wrote of a lever allows this change of a row."""
    if lever.column in ("price", "seats"):
        return _number_allowed(lever, float(now), float(then))
    now, then = str(now), str(then)
    against = lever.direction and (SIZES.index(then) > SIZES.index(now)) != (lever.direction == "up")
    return (now != then and not against and (now, then) not in lever.forbidden
            and (not lever.to or then in lever.to) and (not lever.from_values or now in lever.from_values))


def _number_allowed(lever: Lever, now: float, then: float) -> bool:
    def same(one: float, other: float) -> bool:
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)

    def among(value: float, given: Iterable[Any]) -> bool:
        return any(same(value, float(one)) for one in given)

    if same(now, then) or any(same(now, float(a)) and same(then, float(b)) for a, b in lever.forbidden):
        return False
    if lever.direction and (then > now) != (lever.direction == "up"):
        return False
    if then < lever.low - 1e-9 or then > lever.high + 1e-9:
        return False
    if not math.isnan(lever.step) and not same(then, now * (1 + lever.step) if lever.relative else now + lever.step):
        return False
    return (not lever.to or among(then, lever.to)) and (not lever.from_values or among(now, lever.from_values))


def cost_of_change(lever: Lever, now: Any, then: Any) -> float:
    """What the change of one row costs."""
    return lever.cost + (lever.unit_cost * abs(float(then) - float(now)) if lever.unit_cost else 0.0)


@dataclass(frozen=True, eq=False)
class Case:
    """A caller's `frame`, the levers by column as a person wrote them, the cards, and limits of rows and money (0: none)."""

    frame: pd.DataFrame
    levers: Mapping[str, Lever]
    cards: Sequence[ActionCard]
    rows: int = 0
    budget: float = 0.0

    def checked(self, column: str, now: Any, then: Any) -> None:
        """The change of one row is one that its lever allows."""
        assert allowed(self.levers[column], now, then), (self.levers[column], now, then)


def levers_of(card: ActionCard) -> tuple[str, ...]:
    return (card.lever, *(one.lever for one in card.also))


def kept_when_applied(case: Case) -> set[str]:
    """Every change of every row against the limits, and nothing else touched; gives the columns that were changed."""
    seen: set[str] = set()
    for limits in ({}, {"capacity": case.rows or None, "budget": case.budget or None}):
        chosen = assign(case.cards, case.frame, **limits)
        after = applied(case.cards, case.frame, **limits)
        assert not limits or (chosen >= 0).sum() <= (case.rows or math.inf)
        mine = {name: np.isin(chosen, [at for at, card in enumerate(case.cards) if name in levers_of(card)])
                for name in case.frame}
        spent = 0.0
        for name in case.frame:
            assert after[name][~mine[name]].reset_index(drop=True).equals(
                case.frame[name][~mine[name]].astype(after[name].dtype).reset_index(drop=True))
            tables = {"now": case.frame, "then": after}
            pairs = pd.DataFrame({key: one[name][mine[name]].astype(object) for key, one in tables.items()})
            for (now, then), count in pairs.value_counts(dropna=False).items():
                case.checked(name, now, then)
                spent += count * cost_of_change(case.levers[name], now, then)
                seen.add(name)
        assert not limits or spent <= (case.budget or math.inf) * (1 + 1e-6)
    return seen


@dataclass(frozen=True)
class Chances:
    """A model that knows nothing but an order: enough for a plan, and free."""

    problem: Any

    def predict_frame(self, frame: pd.DataFrame) -> np.ndarray:
        """(n,) a chance that differs by row and moves with the price."""
        price = frame["price"].to_numpy(dtype=np.float64, na_value=20.0)
        return np.clip(0.3 + 0.01 * price + 0.05 * frame["age"].to_numpy(dtype=np.float64), 0.05, 0.95)


def kept_when_planned(case: Case, one: Opened, goal: Goal) -> None:
    """Every line of actions.csv against the limits: the change, rows and money; and no row that a pilot has."""
    model = Chances(SimpleNamespace(task="binary", classes=("No", "Yes"), positive="Yes", target="y", weights=""))
    held, treated = frozenset(range(0, 60)), {place: frozenset({case.cards[0].id}) for place in range(60, 120)}
    inputs = PlanInputs(cast(Model, model), one.frame, one.columns, model.predict_frame(one.frame), goal, held, treated)
    table = plan_frame(plan_actions(case.cards, inputs), inputs, PlanLabels("2027-01-01", "run", {}, {}))
    assert len(table) <= (goal.capacity or math.inf)
    assert table["row"].is_unique
    assert not table["row"].isin(held).any()
    assert (table["card"][table["row"].isin(range(60, 120))] == case.cards[0].id).all()
    spent, meant = 0.0, {card.id: eligible(card, one.frame) for card in case.cards}
    for line in table.to_dict("records"):
        cost = 0.0
        parts = (str(line[key]).split(" + ") for key in ("lever", "from", "to"))
        for column, now, then in zip(*parts, strict=True):
            own = case.frame[column].iloc[line["row"]]
            assert float(now) == own if column in ("price", "seats") else now == str(own)
            case.checked(column, now, then)
            cost += cost_of_change(case.levers[column], now, then)
        assert meant[line["card"]][line["row"]]
        assert math.isclose(line["cost"], cost, abs_tol=1e-5)
        spent += cost
    assert spent <= (goal.budget or math.inf) * (1 + 1e-6)


def kept_when_piloted(case: Case, one: Opened, goal: Goal, seed: int) -> None:
    """Every line of a pilot's file: treated rows are set to what the limits allow, others to nothing."""
    busy = frozenset(range(0, 90))
    rows = PilotRows(one.frame, one.columns, one.y, Chances(None).predict_frame(one.frame), one.problem, goal, busy)
    for card in case.cards:
        drawn = draw(card, rows, PilotChoice(seed=seed), 120)
        table = assignment_frame(card, one.frame, drawn, ()) if len(drawn.positions) else pd.DataFrame({"arm": []})
        for line in table.to_dict("records"):
            assert line["row"] not in busy
            if line["arm"] == "hold":
                assert line["set_to"] == ""
                continue
            for column, now, then in zip(levers_of(card), line["now"].split(" + "), line["set_to"].split(" + "), strict=True):
                own = case.frame[column].iloc[line["row"]]
                assert float(now) == own if column in ("price", "seats") else now == str(own)
                case.checked(column, now, then)
