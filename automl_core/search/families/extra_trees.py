"""Extremely randomised trees (Geurts et al. 2006)."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from automl_core.registry import Field
from automl_core.search import forest
from automl_core.search.family import Family, FitRequest, Fitted, Range

PACE = (60.0, 12.0)  # nanoseconds for a row at a level of a tree, and for each column tried there, on five tables


def _fit(request: FitRequest) -> Fitted:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    def make(settings: dict[str, Any]) -> Any:
        if request.task == "regression":
            return ExtraTreesRegressor(bootstrap=False, **settings)
        return ExtraTreesClassifier(bootstrap=False, criterion=str(request.options.get("criterion", "gini")), **settings)

    return forest.grow(request, make)


def _seconds(options: Mapping[str, Any], rows: int, columns: int) -> float:
    return forest.growing_seconds(options, rows, columns, PACE)


FAMILY = Family(
    name="extra_trees", title="Extra trees", package="", requires=(),
    fields=(
        Field("trees", "Trees", "integer", 100, minimum=1, maximum=2000),
        Field("max_features", "Share of columns tried at a cut", "number", 0.75, minimum=0.01, maximum=1.0),
        Field("min_samples_leaf", "Rows a leaf at least", "integer", 1, minimum=1, maximum=1000),
        Field("smooth", "Rows' worth of doubt in every leaf", "number", 0.0, minimum=0.0, maximum=100.0),
    ),
    tasks=("binary", "multiclass", "regression"), fit=_fit, predict=forest.predict, predict_row=forest.predict_row,
    save=forest.save, load=forest.load, fit_package="sklearn", fit_modules=("sklearn.ensemble",), seconds=_seconds, cost=2.0,
    space={"max_features": Range(0.1, 1.0), "min_samples_leaf": Range(1, 20, True, True)},
)
