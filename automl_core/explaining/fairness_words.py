"""The figures of a fairness audit in sentences for a manager: what differs, by how much, and what that does not say."""

from __future__ import annotations

import math
from collections.abc import Callable

from automl_core.data.words import few_of
from automl_core.explaining.fairness_counts import LEAST_EACH, SMALL_ROWS, Rate, Spread
from automl_core.explaining.fairness_figures import Fairness, GroupFigures
from automl_core.explaining.words import Write, interval, level_name, number, percent, points, quote, told_apart

Pick = Callable[[GroupFigures], Rate]
AGAIN = "where it is"
LIMITS = (
    "These figures do not settle whether the model treats people rightly: that depends on what is decided with it, and where "
    "groups differ in the outcome itself, not all of these gaps can close at once."
)


def sentences(made: Fairness) -> tuple[str, ...]:
    """What a manager should know, the selection first."""
    lines = _class_lines(made) if made.is_class else _number_lines(made)
    for few, why in ((True, f"fewer than {SMALL_ROWS} rows"), (False, "rows of fewer than 5 groups of rows that go together")):
        small = [group for group in made.groups if group.small and (group.rows < SMALL_ROWS) == few]
        if small:
            lines.append(f"{_named(small)} {'has' if len(small) == 1 else 'have'} {why}: shown, but not compared.")
    if math.isfinite(made.found.difference):  # else no errors are compared, which was said
        lines += _left_out(made)
    return (*lines, LIMITS)


def _left_out(made: Fairness) -> list[str]:
    """Which groups' errors are not compared with the others', and why."""
    target, lines = quote(made.label), []
    known = [group for group in made.compared if not group.lumped]
    for what, few in ((f"are {target}", [group for group in known if group.found.rows < LEAST_EACH]),
                      (f"are not {target}", [group for group in known if group.false_alarms.rows < LEAST_EACH])):
        if few:
            lines.append(f"In {_named(few)}, fewer than {LEAST_EACH} rows {what}: errors shown, but not compared.")
    lumped = [group for group in made.compared if group.lumped]
    if lumped:
        lines.append(f"In {_named(lumped)}, the rows that are {target}, or those that are not, are of fewer than 5 groups of "
                     "rows that go together: errors shown, but not compared.")
    return lines


def _where(made: Fairness, group: GroupFigures) -> str:
    """A group with its column: “yes” alone may be the outcome as well."""
    return f"where {quote(made.column)} is {quote(group.group)}"


def _named(groups: list[GroupFigures]) -> str:
    """Their names, of many the first three."""
    return few_of([quote(group.group) for group in groups], 3)


def _class_lines(made: Fairness) -> list[str]:
    target = quote(made.label)
    if len(made.compared) < 2:
        return ["Fewer than two groups are large enough, so nothing can be compared."]
    lines = [_line(made, made.parity, lambda group: group.selected, f"are predicted to be {target}", "all")]
    if made.found.difference == made.found.difference:
        lines.append(_line(made, made.found, lambda group: group.found, "are found", f"those that are {target}"))
        lines.append(_line(made, made.false_alarms, lambda group: group.false_alarms, f"are called {target} all the same",
                           f"those that are not {target}"))
    else:
        lumped = ", or these are of too few groups of rows that go together," if any(one.lumped for one in made.compared) else ""
        lines.append(f"Too few rows are {target}, or are not{lumped or ','} to compare the errors.")
    lines.append(_off(made, percent, points))
    return lines


def _line(made: Fairness, spread: Spread, pick: Pick, verb: str, among: str) -> str:
    rich = [group for group in made.compared if (among == "all" or group.rich) and pick(group).rows]
    ranked = sorted(rich, key=lambda group: pick(group).value)
    low, high = ranked[0], ranked[-1]
    most, least = told_apart(pick(high).value, pick(low).value)
    if spread.clear:
        span = interval(*told_apart(spread.low, spread.high, points))
        return f"Of {among}, {most} {verb} {_where(made, high)} and {least} {AGAIN} {quote(low.group)}: " \
               f"{points(spread.difference)} apart (95 % range {span})."
    if most == least:
        return f"Of {among}, {most} {verb} in every group; by chance they could be as far apart as {points(spread.high)}."
    return f"Of {among}, {least} to {most} {verb}, depending on the group: no more apart than chance can make " \
           f"(at most {points(spread.high)})."


def _off(made: Fairness, level: Write, gap: Callable[[float], str]) -> str:
    ranked = sorted(made.compared, key=lambda group: group.residual.value)
    low, high = ranked[0], ranked[-1]
    if not made.residual.clear:
        return ("How far the predictions are off on average differs by no more than chance can make from group to group "
                f"(at most {gap(made.residual.high)}).")
    (said, came), (told, was) = (told_apart(one.predicted, one.observed.value, level) for one in (high, low))
    return (f"The predictions are off by group: {_where(made, high)} they say {said} and it was {came}, {AGAIN} "
            f"{quote(low.group)} they say {told} and it was {was}.")


def _below(made: Fairness) -> str:
    """How many outcomes are below the quantile that was predicted, by group."""
    ranked = sorted(made.compared, key=lambda group: group.residual.value)
    low, high = ranked[0], ranked[-1]
    if not made.residual.clear:
        return (f"How many outcomes are below what was predicted, their {level_name(made.level)}, differs by no more than "
                f"chance can make from group to group (at most {points(made.residual.high)}).")
    return (f"The predictions are the {level_name(made.level)}, so {number(100 * made.level)} % of the outcomes should be below "
            f"them: {_where(made, high)} {percent(high.residual.value)} are, {AGAIN} {quote(low.group)} "
            f"{percent(low.residual.value)}.")


def _number_lines(made: Fairness) -> list[str]:
    if len(made.compared) < 2:
        return ["Fewer than two groups are large enough, so nothing can be compared."]
    ranked = sorted(made.compared, key=lambda group: group.error.value)
    low, high, spread = ranked[0], ranked[-1], made.error
    what = made.error_name
    if spread.clear:
        span = interval(*told_apart(spread.low, spread.high, number))
        most, least = told_apart(high.error.value, low.error.value, number)
        errors = (f"The {what} is {most} {_where(made, high)} and {least} {AGAIN} "
                  f"{quote(low.group)}: {number(spread.difference)} apart (95 % range {span}).")
    else:
        least, most = told_apart(low.error.value, high.error.value, number)
        errors = (f"The {what} is {least} to {most}, depending on the group: no more apart than chance can make."
                  if least != most else f"The {what} is {most} in every group.")
    off = _below(made) if math.isfinite(made.level) else _off(made, number, lambda value: number(abs(value)))
    return [off, errors]
