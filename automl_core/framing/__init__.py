"""Framing: what is to be predicted, how it is judged and validated, and whether a model is needed at all.

Names are imported when asked for: the search's workers need the nouns and the metrics, and must not pay for the rest.
"""
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl_core.framing.columns import usable_columns
    from automl_core.framing.ladder import Pace, check
    from automl_core.framing.leaks import find_leaks
    from automl_core.framing.metrics import (
        METRICS,
        Decision,
        Metric,
        bayes_threshold,
        decision_of,
        default_metric,
        get_metric,
        metrics_for,
        predicted_codes,
        tune_threshold,
    )
    from automl_core.framing.problem import Leak, Money, Problem, Renewed, Rung, Task, Verdict
    from automl_core.framing.renewal import renew_classes
    from automl_core.framing.score_interval import Difference, ScoreInterval, paired_difference, score_with_interval
    from automl_core.framing.suggestion import (
        as_task,
        check_judged,
        check_target,
        class_counts,
        detect_task,
        possible_tasks,
        problem_for,
        suggest_problem,
    )
    from automl_core.framing.validation import check_split, default_folds, encode_target, make_folds

__all__ = [
    "METRICS", "Decision", "Difference", "Leak", "Metric", "Money", "Pace", "Problem", "Renewed", "Rung", "ScoreInterval",
    "Task", "Verdict", "as_task", "bayes_threshold", "check", "check_judged", "check_split", "check_target", "class_counts",
    "decision_of", "default_folds", "default_metric", "detect_task", "encode_target", "find_leaks", "get_metric", "make_folds",
    "metrics_for", "paired_difference", "possible_tasks", "predicted_codes", "problem_for", "renew_classes",
    "score_with_interval", "suggest_problem", "tune_threshold", "usable_columns",
]

_HOMES = {
    "as_task": "suggestion", "bayes_threshold": "metrics", "check": "ladder", "check_judged": "suggestion",
    "check_split": "validation", "check_target": "suggestion", "class_counts": "suggestion", "Decision": "metrics",
    "decision_of": "metrics", "default_folds": "validation", "default_metric": "metrics", "detect_task": "suggestion",
    "Difference": "score_interval", "encode_target": "validation", "find_leaks": "leaks", "get_metric": "metrics",
    "Leak": "problem", "make_folds": "validation", "Metric": "metrics", "METRICS": "metrics", "metrics_for": "metrics",
    "Money": "problem", "Pace": "ladder", "paired_difference": "score_interval", "possible_tasks": "suggestion",
    "predicted_codes": "metrics", "Problem": "problem", "problem_for": "suggestion", "renew_classes": "renewal",
    "Renewed": "problem", "Rung": "problem", "score_with_interval": "score_interval", "ScoreInterval": "score_interval",
    "suggest_problem": "suggestion", "Task": "problem", "tune_threshold": "metrics", "usable_columns": "columns",
    "Verdict": "problem",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
