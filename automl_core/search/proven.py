"""The candidates that pay on many tables, with their options, in the order to try them: different families first.

LightGBM and CatBoost values: meta-tuned defaults of Holzmüller et al. 2024 (arXiv 2407.04491) and learned portfolios of TabRepo
(Salinas and Erickson 2023, arXiv 2311.02971) as AutoGluon ships them, with learning rates raised to suit minutes, not hours.
"""
from __future__ import annotations

from typing import Any, NamedTuple

from automl_core.framing.problem import Task
from automl_core.search.log_target import LOG, OPTION

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


class Entry(NamedTuple):
    """A place of the portfolio. `formulas` asks for the view with formulas, besides the same candidate without, `letters` for
    the one with letters of levels."""

    family: str
    label: str
    options: dict[str, Any]
    formulas: bool = False
    letters: bool = False


def entries_of(task: Task, logs: bool) -> list[Entry]:
    """The order that gave the best blends earliest on public tables of all sizes, learned greedily as in TabRepo."""
    if task == "regression":
        return with_logs(_number_entries()) if logs else _number_entries()
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


def with_logs(entries: list[Entry]) -> list[Entry]:
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


def with_steps(entries: list[Entry]) -> list[Entry]:
    """Some boostings once more step by step of a scale, each after the one that takes the steps for classes without an order."""
    found: list[Entry] = []
    for entry in entries:
        found.append(entry)
        if entry.family == "lightgbm" and entry.options in (_CAREFUL, _SMALL):
            found.append(entry._replace(family="ordered", label=entry.label.replace("LightGBM", "Ordered steps")))
    return found
