"""What a report of customers who leave is made of, with all of its parts."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

from automl_core.acting.action import ActionCard, Condition, Goal, Segment, SegmentSearch
from automl_core.acting.action_list import ActionList, ActionRow
from automl_core.explaining.explanation import Explanation, Importance, Shape, ShapePoint
from automl_core.framing.problem import Leak, Problem, Rung, Verdict
from automl_core.reporting import ReportInputs
from automl_core.search.plan import RunSummary, Score

EVIL = "<img src=x onerror=alert(1)>\"'{{7*7}}\u202e"
NAN = math.nan
PROBLEM = Problem("Churn", "binary", "roc_auc", ("No", "Yes"), "Yes")
SUMMARY = RunSummary(
    "binary",
    "roc_auc",
    True,
    Score(0.849, 0.84, 0.858),
    Score(0.5, 0.5, 0.5),
    Score(0.85, 0.84, 0.86),
    "lightgbm",
    ("lightgbm",),
    (),
    (),
    7043,
    5,
    58.0,
    1.2,
    1.1,
    2.0,
)


def inputs(name: str = "Contract") -> ReportInputs:
    explanation = Explanation(
        (Importance(name, 0.6, 6.0, 1, 1, True), Importance("tenure", 0.4, 4.0, 2, 6, False)),
        (Shape(name, "category", (ShapePoint("Monthly", 300, 43.0), ShapePoint("Two year", 300, 3.0))),),
        26.5,
        "points",
        2000,
        "Yes",
        "…",
    )
    verdict = Verdict(
        "linear",
        "binary",
        "roc_auc",
        (Rung("average", 0.5, 0.5, 0.5), Rung("linear", 0.84, 0.83, 0.85)),
        (Leak(name, "strength", "amber", "x"),),
        "A linear model is nearly as good.",
        3.0,
        7043,
    )
    segment = Segment(
        (Condition(name, ("Monthly",)),), 300, 0.43, 0.1, 0.33, 0.3, 0.36, 1e-9, f"Where “{name}” is “Monthly”, 43 %."
    )
    actions = ActionList(
        (ActionRow(1, 5, "c1", 0.9, 100.0),) * 500,
        500,
        50_000.0,
        40_000.0,
        60_000.0,
        16_000.0,
        200_000.0,
        400.0,
        "…",
        ("Acting turns 20 % good: an assumption.",),
        0.265,
    )
    card = ActionCard(
        "Rows",
        name,
        "Monthly",
        "One year",
        2000,
        0.3,
        0.14,
        0.15,
        0.1,
        0.2,
        90_000.0,
        60_000.0,
        120_000.0,
        "C",
        0.8,
        0.07,
        "Rows: …",
        "A hidden factor could.",
        "Next: a pilot, 2 x 126 rows.",
    )
    return ReportInputs(
        "rep_1",
        f"My {name}",
        datetime(2026, 11, 22, tzinfo=UTC),
        replace(PROBLEM, target=name),
        SUMMARY,
        7043,
        verdict,
        explanation,
        SegmentSearch((segment,), 100, 20, "x", "share"),
        actions,
        (card, replace(card, grade="D")),
        Goal(name, "No", currency="€"),
        f"{name}.csv",
        "0.1",
    )
