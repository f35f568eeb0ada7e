"""Scores in words and the bars of the report."""

from __future__ import annotations

import math

from automl_core.explaining.explanation import Explanation
from automl_core.explaining.words import interval, number, numbers_alike, percent, plain, quote, told_apart
from automl_core.framing.metrics import METRICS
from automl_core.framing.problem import Verdict
from automl_core.reporting.report import Bar
from automl_core.search.plan import RunSummary, Score

RUNGS = {"average": "Plain average", "rule": "One rule", "linear": "Linear model", "boosted": "Quick boosted model"}
SIMPLE = {"average": "the plain average", "rule": "the rule", "linear": "the linear model"}
MOST_DRIVERS = 5


def _title(metric: str) -> str:
    return METRICS[metric].title if metric in METRICS else metric


def score_text(summary: RunSummary) -> str:
    """“0.852 ROC AUC (0.843 to 0.861)”."""
    score = summary.score
    mean, low, high = numbers_alike([score.mean, score.low, score.high])
    if low == high:
        mean, (low, high) = number(score.mean), told_apart(score.low, score.high, number)
    return f"{mean} {_title(summary.metric)} ({interval(low, high)})"


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
    """The five strongest columns, or groups as on the Explain page, with their share, without those that a closer look found no
    evidence for."""
    if explanation is None:
        return ()
    return tuple(Bar(_line(one.names), one.share, percent(one.share)) for one in explanation.drivers[:MOST_DRIVERS])


def _line(names: tuple[str, ...]) -> str:
    """A column, or the strongest of a group and how many go with it: there is little room."""
    return plain(names[0]) + (f" + {len(names) - 1} more" if len(names) > 1 else "")


def ladder_bars(summary: RunSummary, verdict: Verdict | None) -> tuple[Bar, ...]:
    """Each simple answer and the model with their intervals, in the run's metric; nothing when there is nothing to compare."""
    compared: list[tuple[str, Score]] = []
    if verdict is not None and verdict.metric == summary.metric:
        compared = [(RUNGS[rung.rung], Score(rung.score, rung.low, rung.high)) for rung in verdict.ladder]
    elif summary.baseline.mean == summary.baseline.mean:
        compared = [("Baseline", summary.baseline)]
    if not compared:
        return ()
    compared.append(("This model", summary.score))
    texts = numbers_alike([score.mean for _, score in compared])
    return tuple(Bar(name, score.mean, text, score.low, score.high)
                 for (name, score), text in zip(compared, texts, strict=True))


def handed_over(summary: RunSummary, verdict: Verdict | None) -> str:
    """What was handed over although something simpler is enough, and what it gains; empty where that itself is, or none is."""
    simple = verdict.verdict if verdict is not None else ""
    if simple not in SIMPLE or summary.family == simple:
        return ""
    own = next((offer.score for offer in summary.ladder if simple in (offer.name, *offer.also)), None)
    rung = next((one for one in verdict.ladder if one.rung == simple), None) if verdict is not None else None
    if own is None and simple == "average":
        own = summary.baseline
    if own is None and rung is not None and verdict is not None and verdict.metric == summary.metric:
        own = Score(rung.score, rung.low, rung.high)
    several = len(summary.members) > 1
    what = f"an ensemble of {len(summary.members)} models" if several else quote(*summary.members[:1] or (summary.family,))
    if own is None or not math.isfinite(own.mean):
        return f"What was handed over is {what} all the same."
    gain = (1 if summary.greater_is_better else -1) * (summary.score.mean - own.mean)
    mine, others = numbers_alike([summary.score.mean, own.mean])
    gained = f"{gain:,.{len(mine.partition('.')[2])}f}"  # of figures with the same digits
    if not float(gained.replace(",", "")):
        mine, others, gained = numbers_alike([summary.score.mean, own.mean, gain])
    found = f"What was handed over is {what}: {_title(summary.metric)} {mine}, against {others} for {SIMPLE[simple]}"
    return f"{found}; it gains {gained}." if gain > 0 else f"{found}; it gains nothing."
