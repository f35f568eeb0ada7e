"""The candidates of a search in the order to try them: which of the listed ones suit the table, the goal and the plan."""
from __future__ import annotations

import hashlib
import json
import math
from itertools import pairwise
from typing import Any, NamedTuple

from automl_core.framing.problem import Problem
from automl_core.search.families import families, learners
from automl_core.search.family import Family
from automl_core.search.few_columns import FEW
from automl_core.search.log_target import LOG, OPTION
from automl_core.search.plan import Candidate, Plan, View
from automl_core.search.proven import Entry, entries_of, with_logs, with_steps
from automl_core.search.suited import MEDIAN, check_families, unsuited

# How many candidates are worth comparing by rows: on few rows the best of many is best by luck. Two to three times what
# AutoGluon 1.5 allows: the choice itself is cross-validated here, and bagged on few rows. There 24 gave better blends than 16 on
# samples of 700 rows of public tables, 36 did not.
_CAPS = ((100, 10), (500, 22), (2500, 36), (10_000, 60), (100_000, 100))
ANCHORED = 2  # places that show what a fit costs
PLUGINS_AT = 3  # where families from elsewhere come in


class Views(NamedTuple):
    """What a table has to look at: levels or texts to code by the target, texts among them, formulas, a target for logarithms,
    categories whose letters say more than their names. `slow` says that classes are so many that texts are coded for long,
    `wide` that features are so many for the rows that a line over all of them learns chance, `dates` that there are two of them
    or more. `features` is how many models see at least, 0 where that is not known."""

    codes: bool = False
    texts: bool = False
    formulas: bool = False
    logs: bool = False
    slow: bool = False
    letters: bool = False
    wide: bool = False
    dates: bool = False
    features: int = 0


PLAIN = Views()


def _with_letters(entries: list[Entry], every: list[Entry]) -> list[Entry]:
    """The first of the families that say so once more with letters of levels, every third place from the anchors on and after the
    family's own: a cheap one tells soon whether letters pay, and where they do not the others are not put off. `entries` are
    those of `every` that the plan allows: places do not hang on what it allows."""
    found, placed = list(entries), {entry.family for entry in every}
    saying = [family for family in families().plugins.values() if family.letters and family.name in placed]
    for number, family in enumerate(sorted(saying, key=lambda one: (one.ordered, one.cost, one.name))):
        first = next((entry for entry in entries if entry.family == family.name and not entry.formulas), None)
        if first is not None:
            found.insert(max(ANCHORED + 3 * number, found.index(first) + 1), _lettered(first))
    return found


def _lettered(entry: Entry) -> Entry:
    return entry._replace(label=f"{entry.label}, with letters", letters=True)


def _with_days(entries: list[Entry]) -> list[Entry]:
    """The first one with formulas soon after the anchors: how long something took is said by two dates together alone."""
    first = next((place for place, entry in enumerate(entries) if entry.formulas), 0)
    if first <= ANCHORED:
        return entries
    return [*entries[:ANCHORED], entries[first], *entries[ANCHORED:first], *entries[first + 1:]]


def _with_few(entries: list[Entry], plan: Plan, logs: bool) -> list[Entry]:
    """A line over few columns first: it takes little time, and a quick check has none better. The first boosting stays among the
    anchors, for it tells what others cost; in little time it would be cut off, and the line over all columns is through."""
    few = Entry("linear", "Linear model of few columns", {FEW: 1})
    few = with_logs([few])[0] if logs else few  # where the other lines do
    if plan.little:
        return [few, *entries]
    return [few, *entries[1:ANCHORED], *entries[:1], *entries[ANCHORED:]]


def _brought(family: Family, letters: bool) -> list[Entry]:
    """What a family without a place in the portfolio is tried with, where there are `letters` its first once more with them."""
    found = [Entry(family.name, label, dict(options)) for label, options in family.tried or ((family.title, {}),)]
    return [found[0], _lettered(found[0]), *found[1:]] if letters and family.letters else found


def candidate_cap(rows: int) -> int:
    """How many candidates may be compared on so many rows: log-log interpolated."""
    if rows <= _CAPS[0][0]:
        return _CAPS[0][1]
    for (low, few), (high, many) in pairwise(_CAPS):
        if rows <= high:
            share = math.log(rows / low) / math.log(high / low)
            return round(math.exp(math.log(few) + share * math.log(many / few)))
    return _CAPS[-1][1]


def candidate_key(family: str, options: dict[str, Any], view: View = "plain", coded: bool = True) -> str:
    """A hash of family, options, view and whether codes are seen there: the same on every machine."""
    seen = [view] if coded else [view, "without codes"]
    return hashlib.sha256(json.dumps([family, options, *seen], sort_keys=True).encode()).hexdigest()[:16]


def make_portfolio(problem: Problem, rows: int, plan: Plan, columns: Views = PLAIN) -> tuple[Candidate, ...]:
    """The candidates for this problem in order. BadInput when the plan names a family that is not there or none fits the task."""
    shape = rows, columns.features
    fitting = {family.name for family in learners() if not unsuited(problem, family, shape)}
    check_families(problem, plan.families, fitting, shape)
    allowed = fitting & set(plan.families) if plan.families else fitting
    every = entries_of(problem.task, columns.logs)
    every = with_steps(every) if problem.ordered else every
    entries = [entry for entry in every if entry.family in allowed and (columns.formulas or not entry.formulas)]
    entries = _with_days(entries) if columns.dates else entries
    entries = _with_letters(entries, every) if columns.letters else entries
    if columns.wide and "linear" in allowed:
        entries = _with_few(entries, plan, columns.logs)
    listed = {entry.family for entry in entries}
    entries[PLUGINS_AT:PLUGINS_AT] = [
        entry for name in sorted(allowed - listed) for entry in _brought(families().get(name), columns.letters)]
    most = plan.max_trials or candidate_cap(rows)
    chosen = entries[:most]
    if not plan.max_trials:  # no family is cut: a plug-in needs no place in the list above
        kept = {entry.family for entry in chosen}
        later = {entry.family: entry for entry in reversed(entries[most:])}
        chosen += [entry for name, entry in later.items() if name not in kept]
    found = tuple(_candidate(entry, problem, columns) for entry in chosen)
    if not columns.slow or not plan.timed:
        return found
    # one that need not wait for the codes of texts: should they take all the time, there is a model
    soon = next((entry for entry in chosen if entry.family == "lightgbm"), chosen[0])
    alone = soon._replace(label=f"{soon.label}, without text codes", formulas=False, letters=False)
    return (_candidate(alone, problem, PLAIN), *found)[:plan.max_trials or None]


def loss_options(problem: Problem, family: str) -> dict[str, Any]:
    """The options that make a family predict what the metric asks for, where it can."""
    if problem.level is None or not families().get(family).quantiles:
        return {}
    return {"loss": "absolute"} if problem.level == MEDIAN else {"loss": "quantile", "alpha": problem.level}


def _in_any_unit(problem: Problem, options: dict[str, Any]) -> dict[str, Any]:
    """The options without what would make predictions of a number depend on its unit.

    LightGBM takes `lambda_l1` from a leaf's sum of gradients: of squared errors these are in the target's unit, so it is nothing
    for prices and all there is for shares. Gradients of logarithms, absolute errors and classes have no unit.
    """
    free = problem.task != "regression" or options.get(OPTION) == LOG or "loss" in options
    return options if free else {name: value for name, value in options.items() if name != "lambda_l1"}


def _candidate(entry: Entry, problem: Problem, columns: Views) -> Candidate:
    options = _in_any_unit(problem, entry.options | loss_options(problem, entry.family))
    # CatBoost codes levels itself, in order, so that no row sees its own target
    base: View = "coded" if columns.codes and (columns.texts or entry.family != "catboost") else "plain"
    without = candidate_key(entry.family, options, base)
    if not (entry.formulas or entry.letters):
        return Candidate(without, entry.family, entry.label, options, base)
    view: View = "formed" if entry.formulas else "lettered"
    coded = base == "coded" or not columns.codes
    key = candidate_key(entry.family, options, view, coded)
    return Candidate(key, entry.family, entry.label, options, view, without, coded=coded)
