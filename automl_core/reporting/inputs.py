"""What a report is made of, and whether its model tells anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from automl_core.acting.action import ActionCard, Goal, SegmentSearch
from automl_core.acting.action_list import ActionList
from automl_core.explaining.explanation import Explanation
from automl_core.framing.problem import Problem, Verdict
from automl_core.reporting.sections import SectionInputs
from automl_core.search.plan import RunSummary


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """What the report is made of; parts that are None were not done. `rows` counts the table the model was made from.

    `goal` is the one that `actions` and `cards` were made for: it says which outcome is wanted and in which currency.
    """

    id: str
    project: str
    made_at: datetime
    problem: Problem
    summary: RunSummary
    rows: int
    verdict: Verdict | None = None
    explanation: Explanation | None = None
    segments: SegmentSearch | None = None
    actions: ActionList | None = None
    cards: tuple[ActionCard, ...] = ()
    goal: Goal | None = None
    data_name: str = ""
    version: str = ""
    more: SectionInputs = field(default_factory=SectionInputs)

    @property
    def currency(self) -> str:
        """What is written in front of amounts; empty when nobody said it."""
        if self.goal is not None:
            return self.goal.currency
        return self.problem.money.currency if self.problem.money is not None else ""


def useless(summary: RunSummary) -> bool:
    """Whether the model is not clearly better than the plain average: its interval reaches the average's score."""
    if summary.greater_is_better:
        return not summary.score.low > summary.baseline.mean
    return not summary.score.high < summary.baseline.mean
