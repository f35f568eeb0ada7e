"""The list of rows to act on in words: what it says, and what that rests on."""

from __future__ import annotations

import math

from automl_core.acting.action import Goal
from automl_core.acting.action_list import ActionList
from automl_core.acting.budget import rows_paid_for
from automl_core.acting.contact import each_costs
from automl_core.explaining.words import count, interval, money, number, percent, quote
from automl_core.framing.problem import Problem


def list_sentence(actions: ActionList, goal: Goal, problem: Problem, pays: bool) -> str:
    """The list in words; `pays` says whether any row is worth its cost, for else more money would not help."""
    if not actions.rows:
        if actions.ranked and not actions.capacity and pays:
            spend, cost = (money(amount, goal.currency) for amount in (goal.budget, goal.row_cost))
            return f"The money you can spend, {spend}, does not pay for one row: acting on one costs {cost}."
        return "No row is worth acting on at this value and cost."
    reached = f"{_begun(actions)}{_chosen_by(actions, goal, problem)}"
    if problem.task != "regression":
        bad = [label for label in problem.classes if label != goal.good]
        end = f"to end as {quote(problem.target)} = {quote(bad[0])}"
        if len(bad) > 1:
            end = f"not to end as {quote(problem.target)} = {quote(goal.good)}"
        reached += f": {expected_words(actions)} {end}"
    if math.isnan(actions.expected_value):
        return f"{reached}."
    gain = gain_words(actions, goal, problem)
    if actions.takes_everyone:
        choice = "" if goal.capacity or goal.budget else " Say how many you can act on, and the list becomes a choice."
        return f"{reached}; {gain}.{choice}"
    beyond = f", which is beyond {actions.limited_by}" if actions.limited_by else ""
    return (
        f"{reached}; {gain}. As many at random bring {money(actions.random_value, goal.currency)}, "
        f"{'all of them' if actions.open else 'everyone'} {money(actions.everyone_value, goal.currency)}{beyond}."
    )


def _begun(actions: ActionList) -> str:
    """“Act on the 100 rows”, and of which, where it is of some."""
    rows, there = count(len(actions.rows), "row"), " without an outcome" if actions.open else ""
    if actions.takes_everyone:
        return f"Act on the only row {there.strip() or 'there is'}" if len(actions.rows) == 1 else f"Act on all {rows}{there}"
    return f"Of the {count(actions.open, 'row')}{there}, act on the {rows}" if actions.open else f"Act on the {rows}"


def _chosen_by(actions: ActionList, goal: Goal, problem: Problem) -> str:
    """By what the rows were chosen, where they were."""
    if actions.takes_everyone:
        return ""
    if actions.mixed:
        return " that come first"
    if goal.value_column:
        return f" that are worth most to act on, by their risk and {quote(goal.value_column)}"
    return " most at risk" if problem.task != "regression" else f" with the {foremost(goal, problem)}"


def expected_words(actions: ActionList) -> str:
    """How many of the rows are expected to end badly, up to the end itself; of a single row its chance."""
    if len(actions.rows) == 1:
        return f"it has a chance of {percent(actions.expected_outcomes)}"
    about = round(actions.expected_outcomes)
    if about > 1:
        return f"about {number(about)} of them are expected"
    return "about 1 of them is expected" if about else "fewer than 1 of them is expected"


def foremost(goal: Goal, problem: Problem) -> str:
    """What numbers are ranked by: “highest predicted “cost””."""
    if goal.value_column:
        return f"highest expected worth, by risk and {quote(goal.value_column)}"
    return f"{'highest' if goal.good == 'low' else 'lowest'} predicted {quote(problem.target)}"


def turn_words(problem: Problem) -> str:
    """What acting does to a share: “of bad outcomes turn good”; of a number “of rows move to the typical “price””."""
    if problem.task == "regression":
        return f"of rows move to the typical {quote(problem.target)}"
    return "of bad outcomes turn good"


def gain_words(actions: ActionList, goal: Goal, problem: Problem) -> str:
    """What the list brings and within which ends, with what they rest on: “expected gain € 900 if 20 % of bad outcomes turn
    good, an assumption; chance alone makes it € 100 to € 1,700”."""
    span = interval(money(actions.low, goal.currency), money(actions.high, goal.currency))
    words = f"expected gain {money(actions.expected_value, goal.currency)} if {percent(goal.save_rate)} {turn_words(problem)}"
    if goal.save_range:
        return f"{words}, {_measured(goal)}; with that and chance it is {span} in 95 % of cases"
    return f"{words}, an assumption; chance alone makes it {span} in 95 % of cases"


def _measured(goal: Goal) -> str:
    """“measured by a pilot, 9 to 19 %”."""
    return f"measured by a pilot, {interval(*(percent(end) for end in goal.save_range))}"


def assumptions(goal: Goal, problem: Problem, priced: bool) -> tuple[str, ...]:
    """What the list rests on, in sentences."""
    if not priced:
        return ("No money was given, so rows are ranked by risk alone.",)
    if problem.task == "regression":
        first = f"Acting moves {percent(goal.save_rate)} of rows to the typical {quote(problem.target)}"
    else:
        first = f"Acting turns {percent(goal.save_rate)} of bad outcomes good"
    first += f": {_measured(goal)}." if goal.save_range else ": an assumption until a pilot measures it."
    first += " The predicted chances are taken as right."
    cost = f"{each_costs(goal)}."
    if goal.value_column:
        return (first, f"{cost[0].upper()}{cost[1:]}")
    return (first, f"One is worth {money(goal.value, goal.currency)}; {cost}")


def ended_by(goal: Goal, known: int, listed: int) -> tuple[str, ...]:
    """Says so when money ends the list before the rows that can be acted on do."""
    if goal.budget <= 0 or goal.row_cost <= 0 or listed != rows_paid_for(goal.budget, goal.row_cost):
        return ()
    if listed >= (goal.capacity or known):
        return ()
    return (f"The money you can spend, {money(goal.budget, goal.currency)}, pays for {count(listed, 'row')}, and that ends "
            "the list.",)


def unknown_words(unknown: int, rows: int, worth: float = math.nan, currency: str = "") -> str:
    """Says of the rows without an outcome among those of a list or a plan that they come first, and what they alone are expected
    to bring: of the whole sum no more than that can still be had."""
    if not unknown:
        return ""
    if unknown == rows:
        return f" {'Its outcome is' if rows == 1 else 'The outcomes of all of them are'} not known yet."
    which = f"{count(unknown)} of them {'has' if unknown == 1 else 'have'}"
    they = "It is" if unknown == 1 else "They are"
    alone = "" if math.isnan(worth) else f" {they} expected to bring {money(worth, currency)} of that."
    return f" {which} no outcome yet and {'is' if unknown == 1 else 'are'} listed first, for there one can still act.{alone}"
