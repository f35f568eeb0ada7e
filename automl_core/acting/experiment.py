"""An experiment that was run: what the treatment does, whom it helps most, and how many rows are worth treating.

The average effect is doubly robust on all rows (Robins, Rotnitzky and Zhao 1994). Rows worth treating are those whose expected
gain pays for the treatment; what treating so many brings is read off the curve of rows that had no part in their own ranking.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Goal, Lever
from automl_core.acting.budget import rows_paid_for
from automl_core.acting.conditions import all_hold, describe_all, told_on, usable
from automl_core.acting.decisions import free_name
from automl_core.acting.findings.segments import discover
from automl_core.acting.like_ids import with_given
from automl_core.acting.qini import CurvePoint, UpliftPart, by_gain
from automl_core.acting.uplift import Uplift, uplift_of
from automl_core.acting.uplift_asked import UpliftRoles, asked_uplift, treated_value
from automl_core.acting.wording import with_costs
from automl_core.acting.worth import row_values
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.explaining.words import count, counted_alike, interval, money, number, percent, quote
from automl_core.framing.problem import Problem
from automl_core.framing.validation import encode_target

Floats = NDArray[np.float64]
FIRST = 0.3
MOST_ROWS = 50_000  # that are measured
MOST_SAID = 3


@dataclass(frozen=True, slots=True)
class Experiment:
    """The result of one experiment; `refused` is empty, or the sentence that says why it cannot be read as one.

    `effect` is the mean change of the outcome: of the share of the wanted class (between -1 and 1), or of the number, which falls
    when a low one is wanted and the treatment works; with its 95 % range, as in `parts`. Gains (`curve`, `qini`, money) are
    changes in the wanted direction. `qini` judges the DR-learner's order, `simple_qini` the T-learner's; `ordered` says that
    the first one's range lies above zero; `auuc` is all of the area under its `curve` (NaN in results kept before it was told).
    `treat` is the share of rows worth treating, `rows` how many of the measured ones that is; `net` (money, NaN without a
    value) is what treating these brings after costs, `net_all` what treating all brings. `who` describes the 30 % ranked first
    in sentences; `curve` and `parts` are those of the DR-learner's order. `drawn_from` counts the rows with an outcome and a
    treatment when a random sample of them was measured (else 0); `reach` is how many of the rows worth treating the goal's
    limits pay for (None when they reach all). Where a column, `priced_by`, says what each row is worth, money is that of each
    row's own effect, and `treat`, `ordered`, `who` and the gains of rows go by the order in money, which `advice` judges; `qini`,
    `auuc`, `curve` and `parts` stay those of the order by effect. `value` is the one that means treated (empty in results kept
    before it was told).
    """

    treatment: str
    outcome: str = ""
    is_rate: bool = True
    treated: int = 0
    held: int = 0
    balance: str = ""
    auc: float = math.nan
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    qini: float = math.nan
    qini_low: float = math.nan
    qini_high: float = math.nan
    simple_qini: float = math.nan
    simple_low: float = math.nan
    simple_high: float = math.nan
    ordered: bool = False
    treat: float = math.nan
    rows: int = 0
    net: float = math.nan
    net_low: float = math.nan
    net_high: float = math.nan
    net_all: float = math.nan
    parts: tuple[UpliftPart, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    who: tuple[str, ...] = ()
    advice: str = ""
    sentence: str = ""
    refused: str = ""
    drawn_from: int = 0
    reach: int | None = None
    auuc: float = math.nan
    auuc_low: float = math.nan
    auuc_high: float = math.nan
    priced_by: str = ""
    value: str = ""

    @property
    def areas(self) -> str:
        """What the order of rows is worth, as a part of a sentence: in points of all rows for a share, else in the number."""
        scale, told = (100 if self.is_rate else 1), [("Qini", self.qini, self.qini_low, self.qini_high)]
        if math.isfinite(self.auuc):
            told.append(("AUUC", self.auuc, self.auuc_low, self.auuc_high))
        said = ", ".join(f"{name} {number(scale * value)} (95 % range {interval(number(scale * low), number(scale * high))})"
                         for name, value, low, high in told)
        return f"{said}, of the order by effect alone" if self.priced_by else said


@dataclass(frozen=True, eq=False, slots=True)
class ExperimentInputs:
    """A cleaned frame (n rows) with outcome and treatment, its columns, the problem, and the goal that names the treatment.
    `drawn_from` counts the rows that these were drawn from by chance; 0 when they are all."""

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    problem: Problem
    goal: Goal
    seed: int = 0
    drawn_from: int = 0


def measure_drawn(inputs: ExperimentInputs) -> tuple[Experiment, Floats]:
    """The same of a whole table: of its rows with an outcome and a treatment, a random 50,000 of more."""
    frame, goal, problem = inputs.frame, inputs.goal, inputs.problem
    known = np.asarray(encode_target(frame[problem.target], problem)[1])
    if goal.experiment in frame:
        known = known & frame[goal.experiment].notna().to_numpy()
    picked = among = np.flatnonzero(known)
    if len(among) > MOST_ROWS:
        picked = np.sort(np.random.default_rng(inputs.seed).choice(among, MOST_ROWS, replace=False))
    drawn = replace(inputs, frame=frame.iloc[picked].reset_index(drop=True),
                    drawn_from=len(among) if len(picked) < len(among) else 0)
    made, gains = measure_experiment(drawn)
    scores = np.full(len(frame), np.nan)
    scores[picked] = gains
    return made, scores


def measure_experiment(inputs: ExperimentInputs) -> tuple[Experiment, Floats]:
    """The result, and the expected gain of each row (n,) from treatment: NaN where outcome or treatment is missing, or refused.

    What cannot be read as an experiment (no two sides, too few rows, or treatment that was not left to chance) is refused in the
    result, not raised.
    """
    goal, problem = inputs.goal, with_given(inputs.problem, inputs.columns, inputs.goal.given, inputs.frame)
    lever = _treatment(goal)
    treated = lever.to[0] if lever is not None and len(lever.to) == 1 else ""
    never, later = (*problem.never, *goal.never, *goal.negative_control), (*problem.later, *goal.later)
    roles = UpliftRoles(goal.good, treated, never, later, problem.group, problem)
    try:
        worth = row_values(inputs.frame, goal) if goal.value_column else None
        found = uplift_of(asked_uplift(inputs.frame, problem.target, goal.experiment, roles, inputs.columns), inputs.seed, worth)
    except BadInput as error:
        return Experiment(goal.experiment, refused=str(error)), np.full(len(inputs.frame), np.nan)
    effect, low, high = _told(found.turned, found.effect, found.low, found.high)
    told = (_told(found.turned, part.effect, part.low, part.high) for part in found.ranking.parts)
    parts = (UpliftPart(part.share, part.rows, *each) for part, each in zip(found.ranking.parts, told, strict=True))
    made = Experiment(
        goal.experiment, found.outcome, found.is_rate, found.treated, found.held, found.balance.sentence, found.balance.auc,
        effect, low, high, found.ranking.qini, found.ranking.qini_low, found.ranking.qini_high,
        found.simple.qini, found.simple.qini_low, found.simple.qini_high, found.ranking.qini_low > 0, parts=tuple(parts),
        curve=found.ranking.curve, sentence=found.sentence + _drawn(inputs), drawn_from=inputs.drawn_from,
        auuc=found.ranking.auuc, auuc_low=found.ranking.auuc_low, auuc_high=found.ranking.auuc_high,
        priced_by="" if found.money is None else goal.value_column,
        value=treated_value(inputs.frame[goal.experiment], treated),
    )  # fmt: skip
    cost = treatment_cost(goal)
    made = _worth(made, found, goal, cost)
    made = replace(made, reach=_reach(made, goal, cost))
    unsaid = goal.value > 0 and not priced_treatment(goal)
    taken = " No cost of the treatment was given, so it is taken to be free." if unsaid else ""
    gains = found.scores if found.money is None else found.money.scores
    who = _who(inputs, gains) if made.ordered else ()
    return replace(made, who=who, advice=_advice(made, goal) + _first(made) + taken + _by_money(found, goal)), gains


def _treatment(goal: Goal) -> Lever | None:
    return next((lever for lever in goal.levers if lever.column == goal.experiment), None)


def treatment_cost(goal: Goal) -> float:
    """Money for treating one row, 0 where none was given: what another change costs is none of the treatment's."""
    lever = _treatment(goal)
    return (lever.cost if lever is not None else 0.0) or goal.contact_cost


def priced_treatment(goal: Goal) -> bool:
    """Whether somebody said what treating one row costs, be it nothing."""
    return treatment_cost(goal) > 0 or goal.contact_free


def _by_money(found: Uplift, goal: Goal) -> str:
    """By what rows are ranked where each has a worth of its own, and what that order is worth; else empty."""
    if found.money is None:
        return ""
    qini, low, high = (money(value, goal.currency)
                       for value in (found.money.ranking.qini, found.money.ranking.qini_low, found.money.ranking.qini_high))
    return (f" Rows are ranked by their gain times their own {quote(goal.value_column)}: that order has a Qini of {qini} a row "
            f"(95 % range {interval(low, high)}).")


def _drawn(inputs: ExperimentInputs) -> str:
    """Says of what the figures are, when not all rows were measured or they do not count by their weights."""
    alike = counted_alike(inputs.problem.weights)
    said = f" {alike}" if alike else ""
    if not inputs.drawn_from:
        return said
    drawn = f"{count(len(inputs.frame), 'row')} were drawn by chance from {count(inputs.drawn_from)} with an outcome"
    return f" To keep it quick, {drawn}: all figures are those of the rows drawn.{said}"


def _told(turned: float, effect: float, low: float, high: float) -> tuple[float, float, float]:
    """An effect and its range as changes of the outcome itself, not of what is wanted of it."""
    return (effect, low, high) if turned > 0 else (-effect, -high, -low)


def _worth(made: Experiment, found: Uplift, goal: Goal, cost: float) -> Experiment:
    """How many rows to treat, and what that brings by outcomes that did not choose them. Where a column says what a row is worth,
    each counts with its own effect times that: a mean worth is too much for those who are helped most and bring little."""
    value, curve, told, low = goal.value, made.curve, found.scores, found.low
    if found.money is not None:
        value, curve, told, low = 1.0, found.money.ranking.curve, found.money.scores, found.money.low
        made = replace(made, ordered=found.money.ranking.qini_low > 0)
    scores = told[np.isfinite(told)]
    pays = cost / value if value > 0 else 0.0
    everyone = 1.0 if low > pays else 0.0
    share = float(np.mean(scores > pays)) if made.ordered else everyone
    rows, grid = round(share * len(scores)), [point.share for point in curve]

    def net(name: str, at: float) -> float:
        gain = float(np.interp(at, grid, [getattr(point, name) for point in curve]))
        return len(scores) * ((value or 1.0) * gain - (cost if value else 0.0) * at)

    if 0 < share < 1 and net("gain", 1.0) >= net("gain", share):  # predicted gains are cautious; measured ones decide
        share, rows = 1.0, len(scores)
    if share > 0 and net("gain", share) <= 0:  # nor do predicted gains outweigh a loss that was measured
        share, rows = 0.0, 0
    if value <= 0:
        return replace(made, treat=share, rows=rows)
    return replace(made, treat=share, rows=rows, net=net("gain", share), net_low=net("low", share), net_high=net("high", share),
                   net_all=net("gain", 1.0))


def _who(inputs: ExperimentInputs, gains: Floats) -> tuple[str, ...]:
    """What the rows ranked first by their gains (n,) have in common: a description of the ranking, not a test."""
    known = np.flatnonzero(np.isfinite(gains))
    rows, scores = inputs.frame.iloc[known].reset_index(drop=True), gains[known]
    hidden = (inputs.goal.experiment, inputs.problem.target, *inputs.goal.never, *inputs.goal.later)
    candidates, _ = discover(rows, scores, usable(inputs.columns, inputs.problem, hidden), 20)
    first = np.zeros(len(scores), dtype=bool)
    first[by_gain(scores)[: round(FIRST * len(scores))]] = True
    said, used = [], set()
    for candidate in candidates:
        name = candidate.conditions[0].column
        if candidate.difference > 0 and len(candidate.conditions) == 1 and name not in used:
            mask = all_hold(candidate.conditions, rows)
            here, overall = float(mask[first].mean()), float(mask.mean())
            if here > overall:
                used.add(name)
                said.append(f"{percent(here)} of the {percent(FIRST)} ranked first are rows where "
                            f"{describe_all(told_on(candidate.conditions, rows))}; of all rows it is {percent(overall)}.")
    return tuple(said[:MOST_SAID])


def _advice(made: Experiment, goal: Goal) -> str:
    total = made.treated + made.held
    everyone = "all rows" if made.drawn_from else f"all {total:,} rows"
    name = f"{quote(made.treatment)} = {quote(made.value)}" if made.value else quote(made.treatment)
    paid = goal.value > 0 and treatment_cost(goal) > 0
    if made.treat == 0:
        turned = -1.0 if goal.good == "low" and not made.is_rate else 1.0
        if max(turned * made.low, turned * made.high) < 0:
            return f"Treat nobody: {name} did harm."
        more = "more than it costs" if paid else "anything"
        return f"Treating nobody is the safe choice: {name} could not be shown to bring {more}."
    if made.treat >= 0.995:
        words = f"Treat {everyone} with {name}: leaving some out was not seen to bring more."
        if not made.ordered:
            words = f"Treat {everyone} with {name}."
    else:
        only = percent(made.treat) if made.drawn_from else f"{count(made.rows, 'row')} ({percent(made.treat)})"
        words = f"Treat the {only} ranked first with {name}: only these are expected to gain"
        words += " more than it costs." if paid else "."
    if math.isnan(made.net):
        return words
    span = interval(money(made.net_low, goal.currency), money(made.net_high, goal.currency))
    that = f"On the {total:,} rows drawn that" if made.drawn_from else "That"
    net = money(made.net, goal.currency)
    net = with_costs(net, 1.0) if priced_treatment(goal) else net  # else a sentence of its own says that there is none
    words += f" {that} brings {net} (95 % range {span})"
    return f"{words}; treating all brings {money(made.net_all, goal.currency)}." if made.treat < 0.995 else f"{words}."


def _reach(made: Experiment, goal: Goal, cost: float) -> int | None:
    """How many rows that are worth it hands and money reach; None when that is all of them."""
    limits = [goal.capacity] if goal.capacity > 0 else []
    if goal.budget > 0 and cost > 0:
        limits.append(rows_paid_for(goal.budget, cost))
    worth = round(made.treat * made.drawn_from) if made.drawn_from else made.rows
    return min(limits) if limits and min(limits) < worth else None


def _first(made: Experiment) -> str:
    """With whom to begin when hands or money do not reach all rows that are worth it."""
    if made.reach is None:
        return ""
    how = "begin with those ranked first" if _queued(made) else "let chance choose them"
    return f" Your limits reach {made.reach:,} of these rows: {how}."


def _queued(made: Experiment) -> bool:
    """Whether rows have a turn: where their order was seen to be worth something, or each row's own worth is known."""
    return made.ordered or bool(made.priced_by)


def experiment_frame(scores: Floats, frame: pd.DataFrame, made: Experiment) -> pd.DataFrame:
    """The rows with an expected gain, those that gain most first: `rank`, `row` (by the frame's index), `expected_gain`, `treat`,
    then the frame's columns, whose names go first: the new ones are called otherwise where one is taken.

    `treat` says which rows are worth it; `within_limits`, there when the goal's limits do not reach all of these, for which to do
    it: those ranked first, or those that chance picked where no order was seen to be worth anything.
    """
    order = by_gain(scores)
    ranks = np.arange(1, len(order) + 1)
    worth = ranks <= made.rows
    columns = {"rank": ranks, "row": frame.index[order], "expected_gain": scores[order], "treat": np.where(worth, "yes", "no")}
    if made.reach is not None:
        queue = ranks if _queued(made) else np.random.default_rng(0).permutation(len(order)) + 1
        taken = np.flatnonzero(worth)[np.argsort(queue[worth], kind="stable")][: made.reach]
        columns["within_limits"] = np.where(np.isin(np.arange(len(order)), taken), "yes", "no")
    added = pd.DataFrame({free_name(name, frame.columns): values for name, values in columns.items()})
    return pd.concat([added, frame.iloc[order].reset_index(drop=True)], axis=1)
