"""The nouns of the goal: what to predict, how it is judged, what is known when, and what a decision is worth."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from automl_core.data.table import Role

Task = Literal["binary", "multiclass", "regression"]
MEDIAN_METRICS = ("mae", "mape")


@dataclass(frozen=True, slots=True)
class Money:
    """Value per row of each outcome of a yes/no decision, or cost per unit of over- and under-estimating a number."""

    true_positive: float = 0.0
    false_positive: float = 0.0
    false_negative: float = 0.0
    true_negative: float = 0.0
    over: float = 0.0
    under: float = 0.0
    currency: str = "€"

    @property
    def of_decisions(self) -> bool:
        """Whether it says what yes/no decisions are worth: any of the four amounts is set."""
        return any((self.true_positive, self.false_positive, self.false_negative, self.true_negative))

    @property
    def of_units(self) -> bool:
        """Whether it says what a unit too high or too low costs."""
        return bool(self.over or self.under)


@dataclass(frozen=True, slots=True)
class Problem:
    """What to predict.

    `classes` are the labels in a fixed order (empty for regression); `positive` is the label that `probability` speaks of in
    binary tasks. `later` columns are known only after the outcome, `never` columns must not be used: neither reaches a model.
    `quantile` in (0, 1) is the level that the pinball loss asks for. `weights` names a column that says how much a row counts,
    in learning and in scores. `ordered` says that the classes are steps of a scale, in their order.
    `roles` overrule the detected roles. `copies_together` keeps exact copies of a row on one side of every split: right when
    copies will not come again in new data, too hard when they will.
    """

    target: str
    task: Task
    metric: str
    classes: tuple[str, ...] = ()
    positive: str = ""
    later: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    time: str = ""
    group: str = ""
    money: Money | None = None
    roles: dict[str, Role] = field(default_factory=dict)
    copies_together: bool = False
    quantile: float = 0.5
    weights: str = ""
    ordered: bool = False

    @property
    def excluded(self) -> tuple[str, ...]:
        """Columns that no model may see, the target among them."""
        return (self.target, *self.later, *self.never, *((self.weights,) if self.weights else ()))

    @property
    def level(self) -> float | None:
        """The quantile a number should be predicted at when its metric is not about the mean, else None.

        The pinball loss asks for its own, absolute errors for the median, money for what the costs of too high and too low make
        of it (the newsvendor's quantile).
        """
        if self.task != "regression" or self.metric not in (*MEDIAN_METRICS, "pinball", "money"):
            return None
        if self.metric == "pinball":
            return self.quantile
        money = self.money
        priced = self.metric == "money" and money is not None and money.over + money.under > 0
        return money.under / (money.over + money.under) if priced and money is not None else 0.5


@dataclass(frozen=True, slots=True)
class Renewed:
    """A problem with the classes of now, and what changed as sentences (empty: nothing did). `steps` are the classes left of a
    scale on which the new ones have no place yet: then the problem is no scale until it is given."""

    problem: Problem
    sentence: str = ""
    steps: tuple[str, ...] = ()


COPIES_TOLD = 0.05  # of the rows: fewer that repeat others move no score by much
VerdictName = Literal["average", "rule", "linear", "ml_pays", "not_enough_data"]


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: its mean score over the same folds with a 95 % interval, in the problem's metric."""

    rung: Literal["average", "rule", "linear", "boosted"]
    score: float
    low: float
    high: float
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Leak:
    """A column that seems to know the answer. `red` should be left out, `amber` should be looked at.

    Of copies that splits do not keep together: how many of the rows `repeats` counts, which repeat another one, and of how many
    `rows`. Both are 0 otherwise and in older records.
    """

    column: str
    kind: str
    severity: Literal["amber", "red"]
    evidence: str
    repeats: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether machine learning is needed at all, from the ladder on identical folds. `warnings` are sentences about the target,
    and of a verdict on a file about the file. `positive` is the class of two that is predicted; empty in older records."""

    verdict: VerdictName
    task: Task
    metric: str
    ladder: tuple[Rung, ...]
    leaks: tuple[Leak, ...]
    sentence: str
    seconds: float
    rows: int
    rule: str = ""
    warnings: tuple[str, ...] = ()
    positive: str = ""

    @property
    def copies(self) -> str:
        """A sentence when so many rows repeat others that scores rest on them; empty otherwise."""
        for leak in self.leaks:
            if leak.repeats > 0 and leak.repeats >= COPIES_TOLD * leak.rows:
                return f"{leak.repeats:,} of {leak.rows:,} rows repeat others: scores rest on seeing copies again."
        return ""
