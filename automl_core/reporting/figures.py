"""Scores in words and the bars of the report."""

from __future__ import annotations

from automl_core.explaining.explanation import Explanation
from automl_core.explaining.words import interval, number, percent, plain, told_apart
from automl_core.framing.metrics import METRICS
from automl_core.framing.problem import Verdict
from automl_core.reporting.report import Bar
from automl_core.search.plan import RunSummary

RUNGS = {"average": "Plain average", "rule": "One rule", "linear": "Linear model", "boosted": "Quick boosted model"}
MOST_DRIVERS = 5


def _title(metric: str) -> str:
    return METRICS[metric].title if metric in METRICS else metric


def score_text(summary: RunSummary) -> str:
    """“0.852 ROC AUC (0.843 to 0.861)”."""
    score = summary.score
    return f"{number(score.mean)} {_title(summary.metric)} ({interval(*told_apart(score.low, score.high, number))})"


def score_figure(summary: RunSummary) -> tuple[str, str]:
    """The score as one number with its label."""
    if summary.metric == "roc_auc":
        return f"{_hundreds(summary.score.mean)[0]} of 100", "pairs put in the right order"
    if summary.metric == "accuracy":
        return f"{_hundreds(summary.score.mean)[0]} of 100", "predicted right"
    if summary.metric in ("rmse", "mae"):
        return number(summary.score.mean), "typical miss"
    return number(summary.score.mean), _title(summary.metric)


def score_words(summary: RunSummary) -> str:
    """The score as a manager would say it, with its 95 % range."""
    score = summary.score
    low, high = sorted((score.low, score.high))
    if summary.metric == "roc_auc":
        return (
            f"of two rows with different outcomes the model puts the right one first in {_of_hundred(score.mean, low, high)}"
        )
    if summary.metric == "accuracy":
        return f"it is right in {_of_hundred(score.mean, low, high)}"
    if summary.metric == "balanced_accuracy":  # not the share that is right: a rare class counts as much as a common one
        return f"of the rows of a class it finds {_of_hundred(score.mean, low, high, 'on average over the classes')}"
    span = interval(*told_apart(low, high, number))
    if summary.metric in ("rmse", "mae"):
        return f"it misses by about {number(score.mean)} (95 % range {span})"
    if summary.metric == "r2":
        return f"it explains {percent(score.mean)} of the differences (95 % range {interval(*told_apart(low, high))})"
    return f"{_title(summary.metric)} is {number(score.mean)} (95 % range {span})"


def _of_hundred(mean: float, low: float, high: float, what: str = "cases") -> str:
    """85 of 100 cases with the range; with a decimal or two where whole cases would make the range look like nothing."""
    value, first, last = _hundreds(mean, low, high)
    return f"{value} of 100 {what} (95 % range {interval(first, last)})"


def _hundreds(mean: float, *ends: float) -> tuple[str, ...]:
    """Shares as so many of 100, with a decimal or two where whole ones would call nearly all all, or two ends one."""
    for places in (0, 1, 2):
        texts = tuple(f"{100 * part:.{places}f}" for part in (mean, *ends))
        if len(set(texts[1:])) == len(set(ends)) and (mean == 1 or float(texts[0]) < 100):
            break
    return texts


def driver_bars(explanation: Explanation | None) -> tuple[Bar, ...]:
    """The five strongest columns with their share, without those that a closer look found no evidence for."""
    if explanation is None:
        return ()
    return tuple(Bar(plain(one.column), one.share, percent(one.share)) for one in explanation.drivers[:MOST_DRIVERS])


def ladder_bars(summary: RunSummary, verdict: Verdict | None) -> tuple[Bar, ...]:
    """Each simple answer and the model with their intervals, in the run's metric; nothing when there is nothing to compare."""
    bars = []
    if verdict is not None and verdict.metric == summary.metric:
        bars = [Bar(RUNGS[rung.rung], rung.score, number(rung.score), rung.low, rung.high) for rung in verdict.ladder]
    elif summary.baseline.mean == summary.baseline.mean:
        bars = [
            Bar("Baseline", summary.baseline.mean, number(summary.baseline.mean), summary.baseline.low, summary.baseline.high)
        ]
    if not bars:
        return ()
    score = summary.score
    return (*bars, Bar("This model", score.mean, number(score.mean), score.low, score.high))
