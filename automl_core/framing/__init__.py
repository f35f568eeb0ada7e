"""Framing: what is to be predicted, how it is judged and validated, and whether a model is needed at all."""
from automl_core.framing.columns import usable_columns
from automl_core.framing.ladder import check
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
from automl_core.framing.problem import Leak, Money, Problem, Rung, Task, Verdict
from automl_core.framing.score_interval import Difference, ScoreInterval, paired_difference, score_with_interval
from automl_core.framing.suggestion import check_target, class_counts, detect_task, problem_for, suggest_problem
from automl_core.framing.validation import default_folds, encode_target, make_folds

__all__ = [
    "METRICS", "Decision", "Difference", "Leak", "Metric", "Money", "Problem", "Rung", "ScoreInterval", "Task", "Verdict",
    "bayes_threshold", "check", "check_target", "class_counts", "decision_of", "default_folds", "default_metric",
    "detect_task", "encode_target", "find_leaks", "get_metric", "make_folds", "metrics_for", "paired_difference",
    "predicted_codes", "problem_for", "score_with_interval", "suggest_problem", "tune_threshold",
    "usable_columns",
]
