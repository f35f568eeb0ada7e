"""A rule: at most four groups of rows told apart by two questions, each with its mean outcome (or the quantile asked for).

Shares of classes are drawn to those of all rows, as in the check: of ten rows with one outcome nobody knows that the next has it.
"""
from __future__ import annotations

from dataclasses import replace
from typing import Any

from automl_core.search import forest
from automl_core.search.family import Family, FitRequest, Fitted

DEPTH, LEAST_SHARE = 2, 0.02
DOUBT = 20.0  # rows' worth of all rows' shares in every group


def _fit(request: FitRequest) -> Fitted:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    settings: dict[str, Any] = {"max_depth": DEPTH, "random_state": request.seed,
                                "min_samples_leaf": max(1, round(LEAST_SHARE * len(request.y)))}
    tree = DecisionTreeRegressor(**settings) if request.task == "regression" else DecisionTreeClassifier(**settings)
    return forest.grow_one(replace(request, options={"smooth": DOUBT, **request.options}), tree)


FAMILY = Family(
    name="rule", title="Rule of two questions", package="", requires=(), fields=(), tasks=("binary", "multiclass", "regression"),
    fit=_fit, predict=forest.predict, predict_row=forest.predict_row, save=forest.save, load=forest.load, legible=True,
    fit_package="sklearn", fit_modules=("sklearn.tree",), cost=0.1,
    quantiles=True,
)
