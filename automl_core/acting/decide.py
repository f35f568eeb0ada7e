"""The decision that scores are for: whom to act on, what it is worth, against what, and how much the assumptions matter."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.action import Goal
from automl_core.acting.action_list import ActionList
from automl_core.acting.budget import expected_values
from automl_core.acting.contact import cost_taken
from automl_core.acting.decisions import counted_by, middle_of, risk
from automl_core.acting.outcome import make_outcome
from automl_core.acting.profit import LiftPart, ProfitCurve, curve_by_worth, gains, matrix_of, profit_curve
from automl_core.explaining.words import count, interval, money, number, percent, quote
from automl_core.framing.dependent import codes_of, effective, sum_reach
from automl_core.framing.problem import Problem
from automl_core.framing.shares import Z

Floats = NDArray[np.float64]
RATES = (0.05, 0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True, slots=True)
class Rival:
    """Another way to choose as many rows: its money by the outcomes that came, and how much the list brings beyond it (95 %)."""

    name: str
    value: float
    ahead: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The money of the same rows if acting turned this share of bad outcomes good."""

    save_rate: float
    value: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that a list of rows to act on rests on.

    `curve` is None without money, and for numbers. `value` is the list's money by the outcomes that came (not by predictions),
    with its 95 % range, for as many rows as are listed: by weights where rows have them, as the rows they stand for would on
    average bring; `rivals` are random choice, everyone, and the simple rule of the verdict when it was given.
    `break_even` is the save rate from which the list pays by these outcomes (NaN without a cost, or where nothing was lost;
    above 1 it cannot pay). `lift` are tenths of the ranking. `weighed` says what rows count by; empty where all count alike.
    `limited_by` names what keeps some of these rows out (see `ActionList`).
    """

    curve: ProfitCurve | None
    lift: tuple[LiftPart, ...]
    rows: int
    value: float
    low: float
    high: float
    rivals: tuple[Rival, ...]
    sensitivity: tuple[Sensitivity, ...]
    break_even: float
    sentence: str
    weighed: str = ""
    limited_by: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class DecisionInputs:
    """`predictions` of the rows the list was made from by models that had not seen them, their outcomes `y`, and the simple
    rule's predictions (None when there is none). All aligned; shapes as the model's. Rows of one of `groups` (n,) count as
    dependent, such as those of one customer. `weights` (n,) say how many rows each stands for (None: one), `values` (n,) what a
    good outcome of each is worth (None: the goal's one value; see `worth.row_values`)."""

    predictions: Floats
    y: NDArray[np.generic]
    problem: Problem
    goal: Goal
    rule: Floats | None = None
    seed: int = 0
    groups: NDArray[np.generic] | None = None
    weights: Floats | None = None
    values: Floats | None = None

    @property
    def saved(self) -> Floats | float:
        """What a good outcome is worth: (n,) of each row, or one amount for all."""
        return self.goal.value if self.values is None else self.values


def decide(inputs: DecisionInputs, actions: ActionList) -> Decision:
    """What the list `actions` is worth by the outcomes that came, and everything it rests on."""
    goal, problem = inputs.goal, inputs.problem
    at_risk = np.nan_to_num(risk(inputs.predictions, problem, goal, inputs.weights))
    chosen = np.array([row.row for row in actions.rows], dtype=np.int64)
    nan, together = math.nan, None if inputs.groups is None else codes_of(inputs.groups)
    curve: ProfitCurve | None = None
    lift: tuple[LiftPart, ...] = ()
    if problem.task == "regression":
        bad = np.maximum(_away(inputs), 0.0)
    else:
        bad = 1.0 - make_outcome(inputs.y, problem, goal.good).values
        curve, weights = _curve(inputs, at_risk, bad, together), inputs.weights
        lift = gains(at_risk, bad, together=together, weights=weights) if len(bad) else ()
    words = _weighed(inputs, len(bad), len(chosen), curve is not None)
    made = Decision(curve, lift, len(chosen), nan, nan, nan, (), (), nan, "", words)
    if goal.priced and len(chosen):
        worth = expected_values(bad, inputs.saved, goal.save_rate, goal.row_cost)
        values = np.broadcast_to(inputs.saved, bad.shape)[chosen]
        mine = None if together is None else together[chosen]
        counts = counted_by(np.ones(len(chosen)), None if inputs.weights is None else inputs.weights[chosen])
        value = float((counts * worth[chosen]).sum())
        reach = sum_reach(counts * (worth[chosen] - value / len(chosen)), mine, counts)
        least, most = -math.inf, math.inf
        if problem.task != "regression":  # all alike are no proof that the next one is, too; none or all can be turned, no more
            uneven = math.sqrt(float((counts * values**2).sum() / counts.sum()))
            reach = max(reach, _alike_reach(counts, goal.save_rate * uneven, mine))
            least = -len(chosen) * goal.row_cost
            most = least + goal.save_rate * float((counts * values).sum())
        lost = float((counts * values * bad[chosen]).sum())
        made = replace(
            made,
            value=value,
            low=max(value - reach, least),
            high=min(value + reach, most),
            rivals=_rivals(inputs, worth, chosen, together),
            sensitivity=_sensitivity(goal, lost, len(chosen)),
            break_even=goal.row_cost * len(chosen) / lost if goal.row_cost > 0 and lost > 0 else nan,
        )
    return replace(made, sentence=_sentence(made, inputs, actions), limited_by=actions.limited_by)


def _weighed(inputs: DecisionInputs, rows: int, listed: int, drawn: bool) -> str:
    """What rows count by, in words; `drawn` says that there is a curve."""
    if inputs.weights is None:
        return ""
    words = f"Rows count by {quote(inputs.problem.weights)}: {count(rows, 'row')} stand for {number(float(inputs.weights.sum()))}"
    words += ", and the curve is theirs" if drawn else ""
    return f"{words}; the list's money is that of {count(listed, 'row')} such as it lists."


def _away(inputs: DecisionInputs) -> Floats:
    middle = middle_of(inputs.predictions, inputs.weights)
    y = np.asarray(inputs.y, dtype=np.float64)
    return y - middle if inputs.goal.good == "low" else middle - y


def _curve(inputs: DecisionInputs, at_risk: Floats, bad: Floats, together: NDArray[np.int64] | None) -> ProfitCurve | None:
    """By the money of the goal when it has some, else by the matrix of the problem; None without either."""
    goal, seed, weights = inputs.goal, inputs.seed, inputs.weights
    if inputs.values is not None:
        return curve_by_worth(at_risk, bad, inputs.values, goal, seed, (together, weights))
    if goal.value > 0 and matrix_of(goal).of_decisions:
        return profit_curve(at_risk, bad, matrix_of(goal), seed, together, weights)
    if inputs.problem.task != "binary" or inputs.problem.money is None or not inputs.problem.money.of_decisions:
        return None
    y = np.asarray(inputs.y, dtype=np.float64)
    return profit_curve(inputs.predictions, y, inputs.problem.money, seed, together, weights)


def _rivals(
    inputs: DecisionInputs, worth: Floats, chosen: NDArray[np.int64], together: NDArray[np.int64] | None
) -> tuple[Rival, ...]:
    rows = len(worth)
    marked = np.zeros(rows)
    marked[chosen] = 1.0
    size = len(chosen)
    marked = counted_by(marked, inputs.weights)
    ways = [("As many at random", np.full(rows, size / rows)), ("Everyone", np.ones(rows))]
    if inputs.rule is not None:
        told = np.nan_to_num(inputs.rule, nan=float(np.nanmean(inputs.rule)))
        ways.append(("The simple rule", _top(risk(told, inputs.problem, inputs.goal, inputs.weights) * inputs.saved, size)))
    if inputs.values is not None:
        at_risk = np.nan_to_num(risk(inputs.predictions, inputs.problem, inputs.goal, inputs.weights))
        ways.append(("By risk alone", _top(at_risk, size)))
    return tuple(_rival(name, counted_by(taken, inputs.weights), marked, worth, together) for name, taken in ways)


def _top(scores: Floats, size: int) -> Floats:
    """Shares of the rows a ranking takes: where it cannot tell rows at its edge apart, each is taken with the same chance."""
    edge = float(np.sort(scores)[::-1][size - 1])
    above, level = scores > edge, scores == edge
    taken: Floats = above.astype(np.float64) + level * ((size - above.sum()) / max(1, level.sum()))
    return taken


def _rival(name: str, taken: Floats, marked: Floats, worth: Floats, together: NDArray[np.int64] | None) -> Rival:
    value = float((taken * worth).sum())
    ahead = (marked - taken) * worth
    same = np.array_equal(marked, taken)  # the same rows bring the same, however few there are
    reach = 0.0 if same else sum_reach(ahead, together, marked - taken)
    total = float(ahead.sum())
    return Rival(name, value, total, total - reach, total + reach)


def _alike_reach(counts: Floats, apart: float, together: NDArray[np.int64] | None) -> float:
    """The reach of a sum over rows that all ended alike, where ends are `apart`: half a row of each kind, or half a group."""
    rows = len(counts)
    alone = effective(counts, np.arange(rows) if together is None else together)
    rate = 0.5 / (alone + 1)
    return Z * apart * rows * math.sqrt(rate * (1 - rate) / alone)


def _sensitivity(goal: Goal, lost: float, rows: int) -> tuple[Sensitivity, ...]:
    """Money by rate, where `lost` is what the list's bad outcomes would be worth if they were good: by the outcomes that came, as
    the list's own money, for the rows chosen are those that predictions say pay, so by predictions it would always seem to."""
    rates = sorted({*RATES, goal.save_rate, *(end for end in goal.save_range if end > 0)})
    return tuple(Sensitivity(rate, rate * lost - rows * goal.row_cost) for rate in rates)


def _sentence(made: Decision, inputs: DecisionInputs, actions: ActionList) -> str:
    goal = inputs.goal
    if not actions.rows:
        return actions.sentence
    if math.isnan(made.value):
        return "Give the worth of one outcome and the cost of acting, and this says what the list is worth."

    def amount(value: float) -> str:
        return money(value, goal.currency)

    what = f"On past rows, acting on {count(made.rows, 'row')}"
    if inputs.problem.task != "regression":
        at_risk = risk(inputs.predictions, inputs.problem, goal) * (1.0 if inputs.values is None else inputs.values)
        least = float(at_risk[[row.row for row in actions.rows]].min())
        what = f"On past rows, acting on the {count(made.rows, 'row')} at a risk of {percent(least)} or more"
        if inputs.values is not None:  # the list goes by it
            rows = count(made.rows, "row")
            what = f"On past rows, acting on the {rows} with {amount(least)} or more at stake (risk times worth)"
    span = f"95 % range {interval(amount(made.low), amount(made.high))}"
    if not math.isfinite(made.low + made.high):
        span = f"{'one row is' if made.rows == 1 else 'they are'} too few for a range"
    words = (
        f"{what} would have brought {amount(made.value)} by the outcomes that came ({span}), "
        f"at {amount(goal.row_cost)} a row and {percent(goal.save_rate)} turned; "
    )
    words += "; ".join(f"{rival.name.lower()}: {amount(rival.value)}" for rival in made.rivals) + "."
    if made.break_even > 1:
        words += " It would not pay even if acting turned all of them."
    elif math.isfinite(made.break_even):
        words += f" It pays as long as acting turns {percent(made.break_even)} or more."
    return words + cost_taken(goal)
