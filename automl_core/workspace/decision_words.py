"""What a list rests on in words: the best threshold, how well the ranking finds the bad outcomes, and the share that turns."""

from __future__ import annotations

import math

from automl_core.acting import Decision, ProfitCurve
from automl_core.acting.action import Goal
from automl_core.acting.card_words import meant_words as meant_words  # these five for pages, too
from automl_core.acting.card_words import sure_words as sure_words
from automl_core.acting.experiment import priced_treatment as priced_treatment
from automl_core.acting.grade_words import grade_words as grade_words
from automl_core.acting.list_words import turn_words
from automl_core.acting.wording import with_costs as with_costs
from automl_core.explaining.words import count, interval, money, number, percent, quote
from automl_core.framing.problem import Problem


def threshold_words(curve: ProfitCurve, threshold: float, currency: str) -> str:
    """From where one acts: a risk, or an amount at stake."""
    return f"{money(threshold, currency)} at stake" if curve.in_money else percent(threshold)


def best_words(curve: ProfitCurve, currency: str) -> str:
    """The best threshold and the one with the best worst case."""
    best, robust = curve.best, curve.robust
    ends = f"{money(best.low, currency)} to {money(best.high, currency)}"
    words = (f"Most money, {money(best.profit, currency)} ({ends}), comes from acting on {count(best.rows, 'row')}, those at "
             f"{threshold_words(curve, best.threshold, currency)} or more.")
    if robust.rows != best.rows:
        words += f" The choice with the best worst case is {count(robust.rows, 'row')}."
    return words


def honest_words(curve: ProfitCurve, currency: str) -> str:
    """What the best threshold brings on rows that did not choose it, and the one that the amounts alone give."""
    span = interval(money(curve.honest_low, currency), money(curve.honest_high, currency))
    words = f"Measured on rows that did not choose the cut-off: {money(curve.honest, currency)} ({span})."
    if math.isfinite(curve.analytic):
        least = money(curve.analytic, currency) + " at stake" if curve.in_money else f"a risk of {percent(curve.analytic)}"
        words += f" By your amounts alone, acting pays from {least} on."
    return words


def lift_words(made: Decision) -> str:
    """What the first part of the ranking holds; empty where nothing was bad."""
    if not made.lift or not math.isfinite(made.lift[0].gain):
        return ""
    top = made.lift[0]
    return (f"The {percent(top.share)} most at risk hold {percent(top.gain)} of the bad outcomes, {number(top.lift)} times as "
            "many as a random pick.")


def turned_words(problem: Problem) -> str:
    """The share that is an assumption: “of bad outcomes that acting turns”; of a number that of the rows that acting moves."""
    if problem.task == "regression":
        return f"of rows that acting moves to the typical {quote(problem.target)}"
    return "of bad outcomes that acting turns"


def range_words(goal: Goal, problem: Problem) -> str:
    """What the range beside the money of a list rests on."""
    share = percent(goal.save_rate)
    if goal.save_range:
        return f"95 % range by chance and by what the pilot leaves open of {share} turned."
    return f"95 % range by chance alone, if {share} {turn_words(problem)}: an assumption until a pilot measures it."


def sensitivity_words(made: Decision, goal: Goal, problem: Problem) -> str:
    """The money of the same rows at other shares that acting turns; empty without money."""
    each = "; ".join(f"{percent(item.save_rate)}: {money(item.value, goal.currency)}" for item in made.sensitivity)
    return f"By the share {turned_words(problem)}: {each}." if each else ""
