"""The candidates in the order to try them: different families first, then what pays on many tables.

LightGBM and CatBoost values: meta-tuned defaults of Holzmüller et al. 2024 (arXiv 2407.04491) and learned portfolios of TabRepo
(Salinas and Erickson 2023, arXiv 2311.02971) as AutoGluon ships them, with learning rates raised to suit minutes, not hours.
"""
from __future__ import annotations

import hashlib
import json
import math
from itertools import pairwise
from typing import Any, NamedTuple

from automl_core.framing.problem import Problem, Task
from automl_core.search.families import families, learners
from automl_core.search.family import Family
from automl_core.search.few_columns import FEW
from automl_core.search.log_target import LOG, OPTION
from automl_core.search.plan import Candidate, Plan, View
from automl_core.search.suited import MEDIAN, check_families, unsuited

# How many candidates are worth comparing by rows: on few rows the best of many is best by luck. Two to three times what
# AutoGluon 1.5 allows: the choice itself is cross-validated here, and bagged on few rows. There 24 gave better blends than 16 on
# samples of 700 rows of public tables, 36 did not.
_CAPS = ((100, 10), (500, 22), (2500, 36), (10_000, 60), (100_000, 100))
ANCHORED = 2  # places that show what a fit costs
PLUGINS_AT = 3  # where families from elsewhere come in

_CAREFUL = {
    "learning_rate": 0.04, "num_leaves": 20, "min_data_in_leaf": 2, "feature_fraction": 0.43, "bagging_fraction": 0.71,
    "bagging_freq": 1, "lambda_l1": 0.51, "lambda_l2": 0.51, "cat_l2": 0.87, "cat_smooth": 48.7, "max_cat_to_onehot": 16,
    "min_data_per_group": 32, "rounds": 2000, "patience": 80,
}
_SMALL = {
    "learning_rate": 0.06, "num_leaves": 8, "min_data_in_leaf": 15, "feature_fraction": 0.5, "bagging_fraction": 0.8,
    "bagging_freq": 1, "lambda_l2": 1.0, "rounds": 2000, "patience": 60,
}
_TINY = {
    "learning_rate": 0.05, "num_leaves": 5, "min_data_in_leaf": 12, "feature_fraction": 0.73, "bagging_fraction": 0.85,
    "bagging_freq": 1, "lambda_l1": 0.24, "lambda_l2": 0.30, "extra_trees": True, "cat_smooth": 5.1, "cat_l2": 0.011,
    "min_data_per_group": 93, "rounds": 2000, "patience": 60,
}
_TUNED = {  # the meta-tuned defaults of Holzmüller et al. for classes, and for numbers
    "classes": {"learning_rate": 0.04, "num_leaves": 50, "min_data_in_leaf": 40, "min_sum_hessian_in_leaf": 1e-7,
                "bagging_fraction": 0.75, "bagging_freq": 1, "rounds": 1500, "patience": 60},
    "numbers": {"learning_rate": 0.05, "num_leaves": 100, "min_data_in_leaf": 3, "min_sum_hessian_in_leaf": 1e-7,
                "bagging_fraction": 0.7, "bagging_freq": 1, "rounds": 1500, "patience": 60},
}
_LARGE = {
    "learning_rate": 0.06, "num_leaves": 255, "min_data_in_leaf": 5, "feature_fraction": 0.5, "bagging_fraction": 0.9,
    "bagging_freq": 1, "lambda_l2": 1.0, "rounds": 1500, "patience": 40,
}
_HUGE = {
    "learning_rate": 0.05, "num_leaves": 512, "min_data_in_leaf": 2, "feature_fraction": 0.4, "bagging_fraction": 0.95,
    "bagging_freq": 1, "lambda_l2": 1.0, "rounds": 1500, "patience": 40,
}
_DEEP = {
    "learning_rate": 0.04, "num_leaves": 84, "min_data_in_leaf": 3, "feature_fraction": 0.53, "bagging_fraction": 0.98,
    "bagging_freq": 1, "lambda_l1": 0.027, "lambda_l2": 0.84, "cat_l2": 0.16, "cat_smooth": 0.0093, "max_cat_to_onehot": 42,
    "min_data_per_group": 75, "rounds": 2000, "patience": 60,
}
_WIDE_LEAVES = {
    "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 100, "feature_fraction": 0.6, "bagging_fraction": 0.8,
    "bagging_freq": 1, "lambda_l2": 5.0, "cat_smooth": 30.0, "rounds": 1500, "patience": 60,
}
_RANDOM_CUTS = {
    "learning_rate": 0.06, "num_leaves": 39, "min_data_in_leaf": 3, "feature_fraction": 0.46, "bagging_fraction": 0.88,
    "bagging_freq": 1, "lambda_l1": 0.24, "lambda_l2": 0.36, "extra_trees": True, "cat_l2": 0.34, "cat_smooth": 15.4,
    "max_cat_to_onehot": 16, "min_data_per_group": 9, "rounds": 2000, "patience": 60,
}
# one statistic a category instead of crosses, and no ordered boosting: a twentieth of the time of CatBoost's own defaults
_CATBOOST = {"learning_rate": 0.06, "depth": 6, "l2_leaf_reg": 3.0, "boosting_type": "Plain", "bootstrap_type": "Bernoulli",
             "subsample": 0.9, "max_ctr_complexity": 1, "one_hot_max_size": 10, "rounds": 1500, "patience": 50}
_CATBOOST_SHALLOW = _CATBOOST | {"depth": 4, "learning_rate": 0.08, "l2_leaf_reg": 4.6}
_CATBOOST_CROSSES = _CATBOOST | {"learning_rate": 0.08, "max_ctr_complexity": 2, "one_hot_max_size": 3}
# even trees only: CatBoost's SHAP values of uneven ones do not add up, and such trees cannot be cut off after the best round
_CATBOOST_DEEP = _CATBOOST | {"depth": 8, "l2_leaf_reg": 2.8}
_XGBOOST = {  # the meta-tuned defaults of Holzmüller et al. for classes, and for numbers
    "classes": {"learning_rate": 0.08, "max_depth": 6, "min_child_weight": 5e-6, "reg_lambda": 0.0, "subsample": 0.65,
                "colsample_bylevel": 0.9, "rounds": 1000, "patience": 60},
    "numbers": {"learning_rate": 0.05, "max_depth": 9, "min_child_weight": 2.0, "reg_lambda": 0.0, "subsample": 0.7,
                "rounds": 1000, "patience": 60},
}
_FOREST = {"trees": 300, "max_features": 0.4, "min_samples_leaf": 1}
_FOREST_CLASSES = _FOREST | {"criterion": "entropy", "smooth": 0.15}
_EBM = {"pairs": 10, "outer_bags": 1, "learning_rate": 0.04}


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


class Entry(NamedTuple):
    """A place of the portfolio. `formulas` asks for the view with formulas, besides the same candidate without, `letters` for
    the one with letters of levels."""

    family: str
    label: str
    options: dict[str, Any]
    formulas: bool = False
    letters: bool = False


def _entries(task: Task, logs: bool) -> list[Entry]:
    """The order that gave the best blends earliest on public tables of all sizes, learned greedily as in TabRepo."""
    if task == "regression":
        return _with_logs(_number_entries()) if logs else _number_entries()
    return [
        Entry("linear", "Linear model", {}),
        Entry("lightgbm", "LightGBM, careful", _CAREFUL),
        Entry("extra_trees", "Extra trees", _FOREST_CLASSES),
        Entry("rule", "Rule of two questions", {}),
        Entry("lightgbm", "LightGBM, large trees", _LARGE),
        Entry("catboost", "CatBoost", _CATBOOST),
        Entry("lightgbm", "LightGBM, small trees", _SMALL),
        Entry("ebm", "Explainable boosting machine", _EBM),
        Entry("lightgbm", "LightGBM, careful, with formulas", _CAREFUL, True),
        Entry("catboost", "CatBoost, crossed categories", _CATBOOST_CROSSES),
        Entry("random_forest", "Random forest", _FOREST_CLASSES | {"trees": 200}),
        Entry("catboost", "CatBoost, shallow", _CATBOOST_SHALLOW),
        Entry("linear", "Linear model with bends", {"bends": 5}),
        Entry("catboost", "CatBoost, deep", _CATBOOST_DEEP),
        Entry("lightgbm", "LightGBM, huge trees", _HUGE),
        Entry("lightgbm", "LightGBM", _TUNED["classes"]),
        Entry("lightgbm", "LightGBM, large trees, with formulas", _LARGE, True),
        Entry("lightgbm", "LightGBM, wide leaves", _WIDE_LEAVES),
        Entry("extra_trees", "Extra trees, small leaves", _FOREST_CLASSES | {"min_samples_leaf": 3, "max_features": 0.6}),
        Entry("catboost", "CatBoost with formulas", _CATBOOST, True),
        Entry("lightgbm", "LightGBM, deep", _DEEP),
        Entry("lightgbm", "LightGBM, random cuts", _RANDOM_CUTS),
        Entry("lightgbm", "LightGBM, tiny trees", _TINY),
        Entry("xgboost", "XGBoost", _XGBOOST["classes"]),
        Entry("neural", "Neural network", {}),
        Entry("neighbours", "Nearest neighbours", {}),
    ]


def _number_entries() -> list[Entry]:
    return [
        Entry("linear", "Linear model with bends", {"bends": 5}),
        Entry("lightgbm", "LightGBM, careful", _CAREFUL),
        Entry("catboost", "CatBoost, shallow", _CATBOOST_SHALLOW),
        Entry("extra_trees", "Extra trees", _FOREST),
        Entry("rule", "Rule of two questions", {}),
        Entry("linear", "Linear model, straight", {"straight": 1}),  # the others clip what is far from the middle
        Entry("lightgbm", "LightGBM", _TUNED["numbers"]),
        Entry("ebm", "Explainable boosting machine", _EBM),
        Entry("catboost", "CatBoost, crossed categories", _CATBOOST_CROSSES),
        Entry("lightgbm", "LightGBM, tiny trees", _TINY),
        Entry("lightgbm", "LightGBM, careful, with formulas", _CAREFUL, True),
        Entry("catboost", "CatBoost", _CATBOOST),
        Entry("lightgbm", "LightGBM, small trees", _SMALL),
        Entry("linear", "Linear model", {}),
        Entry("catboost", "CatBoost, deep", _CATBOOST_DEEP),
        Entry("random_forest", "Random forest", _FOREST | {"trees": 200}),
        Entry("extra_trees", "Extra trees, small leaves", _FOREST | {"min_samples_leaf": 3, "max_features": 0.6}),
        Entry("lightgbm", "LightGBM, deep", _DEEP),
        Entry("catboost", "CatBoost with formulas", _CATBOOST, True),
        Entry("lightgbm", "LightGBM, random cuts", _RANDOM_CUTS),
        Entry("lightgbm", "LightGBM, large trees", _LARGE),
        Entry("xgboost", "XGBoost", _XGBOOST["numbers"]),
        Entry("neural", "Neural network", {}),
        Entry("neighbours", "Nearest neighbours", {}),
    ]


def _with_logs(entries: list[Entry]) -> list[Entry]:
    """A number with a long tail: each model learns its logarithm first, and those that need not do so the number later. So does
    the straight line: a sum of parts with long tails has one itself, and its logarithm is no line."""
    found: list[Entry] = []
    waiting: list[Entry] = []
    for number, entry in enumerate(entries):
        found.append(entry._replace(label=f"{entry.label}, of the logarithm", options=entry.options | {OPTION: LOG}))
        if (entry.family != "linear" or "straight" in entry.options) and not entry.formulas:
            waiting.append(entry)
        if number % 2 and waiting:
            found.append(waiting.pop(0))
    return found + waiting


def _with_steps(entries: list[Entry]) -> list[Entry]:
    """Some boostings once more step by step of a scale, each after the one that takes the steps for classes without an order."""
    found: list[Entry] = []
    for entry in entries:
        found.append(entry)
        if entry.family == "lightgbm" and entry.options in (_CAREFUL, _SMALL):
            found.append(entry._replace(family="ordered", label=entry.label.replace("LightGBM", "Ordered steps")))
    return found


def _with_letters(entries: list[Entry], every: list[Entry]) -> list[Entry]:
    """The first of the families that say so once more with letters of levels, every third place from the anchors on and after the
    family's own: a cheap one tells soon whether letters pay, and where they do not the others are not put off. Of `every` entry
    there are those of families that the plan allows."""
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
    few = _with_logs([few])[0] if logs else few  # where the other lines do
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
    every = _entries(problem.task, columns.logs)
    every = _with_steps(every) if problem.ordered else every
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
