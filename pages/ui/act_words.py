"""What the goal form of acting says of what acting on a row costs, and of columns that cannot be changed."""
from __future__ import annotations

from collections.abc import Sequence

from automl_core.acting.action import Goal, Lever
from automl_core.data.words import few_of
from automl_core.workspace.lever_choices import LeverChoice, LeverChoices
from automl_core.workspace.ongoing import Ongoing
from pages.ui.words import money, plain, quoted

MOST_LISTED = 6
MADE_AGAIN = "Another model was handed over since cards were made: look for actions again."
GOAL_CHANGED = "The goal was changed since cards were made: look for actions again."
NOT_MADE = "No cards were made yet: look for actions on the act page."


def cost_words(goal: Goal) -> str:
    """What acting on a row costs, in a sentence."""
    if goal.row_cost:
        dearest = "" if goal.cost_given else ", what the dearest change costs"
        return f"Acting on a row costs {plain(money(goal.row_cost, goal.currency))}{dearest}."
    return "Acting on a row costs nothing." if goal.cost_given else "What acting on a row costs was not given."


def cost_taken(goal: Goal) -> str:
    """What the list takes where the cost of acting is left empty."""
    if goal.dearest is None:
        return ("No cost of acting is given, and none of a change: the list takes acting to be free. With a cost it leaves out "
                "the rows that are not worth it.")
    return (f"No cost of acting is given: the list takes {plain(money(goal.row_cost, goal.currency))} a row, what the dearest "
            f"change ({quoted(goal.dearest.column, 40)}) costs.")


def not_offered(goal: Goal, choices: LeverChoices) -> str:
    """Which columns cannot be changed as no row shows another value, and what becomes of those that the goal names."""
    names = [(name, "empty") for name in choices.empty] + [(name, "one value only") for name in choices.constant]
    if not names:
        return ""
    listed = few_of([f"{quoted(name, 30)} ({why})" for name, why in names], MOST_LISTED)
    words = f"Not offered, for no row shows what a change does: {listed}."
    left = [quoted(name, 30) for name, _ in names if name in {lever.column for lever in goal.levers}]
    return f"{words} The goal names {', '.join(left)}: saving leaves {'it' if len(left) == 1 else 'them'} out." if left else words


def as_in_file(lever: Lever) -> str:
    """How a column is changed for which the form has no fields."""
    said = [f"{way} {few_of([quoted(one, 30) for one in values], MOST_LISTED)}"
            for way, values in (("from", lever.from_values), ("to", lever.to)) if values]
    return f"{quoted(lever.column, 40)} is changed as the goal as a file says{': ' if said else ''}{' '.join(said)}."


def experiment_differs(draft: Goal, saved: Goal) -> str:
    """What saving does to the experiment, which the form has no field for; empty where it stays as it is."""
    if draft.experiment == saved.experiment:
        return ""
    if draft.experiment:
        return f"Saving names {quoted(draft.experiment, 40)} as the treatment of an experiment."
    return f"Saving leaves out the experiment with {quoted(saved.experiment, 40)}."


def coming(going: Ongoing, what: str) -> str:
    """What is said while cards are being made, of which something follows."""
    if going.outdated:
        return "Clarion is looking for actions for the goal as it was before: look again when that has ended."
    return f"Clarion is looking for actions: {what}."


def gone(names: Sequence[str]) -> str:
    """Which columns of the saved goal the table has no more, and what becomes of them; empty where it has all."""
    if not names:
        return ""
    listed, one = few_of([quoted(name, 30) for name in names], MOST_LISTED), len(names) == 1
    return f"{listed} {'is' if one else 'are'} not in this table any more: {'it is' if one else 'they are'} left out."


def unseen(names: Sequence[str]) -> str:
    """Which columns that the saved goal changes are kept from the model; empty where there are none."""
    if not names:
        return ""
    listed = few_of([quoted(name, 30) for name in names], MOST_LISTED)
    it = "it" if len(names) == 1 else "them"
    return f"The model must not see {listed}: no card can be made of {it}, and saving the goal leaves {it} out."


def one_value(choice: LeverChoice) -> str:
    """Says so of a column that has no second value to compare with."""
    if len(choice.values) > 1:
        return ""
    if not choice.values:
        return "It is empty in every row, so no card can come of it: load a table that holds it, or choose another column."
    return (f"Every row that has a value has {quoted(choice.values[0], 40)}, so no card can come of it: try another value on "
            "some rows and load what came of it, or choose another column.")
