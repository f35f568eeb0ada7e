"""The verdict in a manager's words: each score said in its own metric's terms."""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from automl_core.data import words as spoken
from automl_core.framing.comparison import Evidence, Ruling
from automl_core.framing.metrics import get_metric
from automl_core.framing.problem import Leak, Problem, Rung

NAMES = {"average": "the average", "rule": "a simple table", "linear": "a linear model", "boosted": "a quick boosted model"}


def number(value: float) -> str:
    """Three significant digits with thousands marks: 41.2, 0.845, 101,000."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "no number"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    rounded = round(value, 2 - math.floor(math.log10(abs(value))))
    return f"{rounded:,.{digits}f}"


def percent(value: float) -> str:
    """A share in per cent as all sentences write it, with one decimal where they have none: figures stand beside others here."""
    return spoken.percent(value, 1 if 0.1 <= abs(value) < 0.995 else 0)


def said(problem: Problem, score: float) -> str:
    """What an answer with this score does: “misses by 41.2 on average”."""
    name = problem.metric
    currency = problem.money.currency if problem.money else ""
    phrases = {
        "roc_auc": lambda: (f"puts a “{problem.positive[:80]}” above another row in {percent(score)} of pairs"
                            if problem.task == "binary" else f"tells two classes apart in {percent(score)} of pairs"),
        "log_loss": lambda: f"gives what really happened a chance of {percent(math.exp(-score))}",
        "accuracy": lambda: f"is right in {percent(score)} of the rows",
        "balanced_accuracy": lambda: f"is right in {percent(score)} of the rows of a typical class",
        "rmse": lambda: f"misses by {number(score)} (RMSE)",
        "mae": lambda: f"misses by {number(score)} on average",
        "mape": lambda: f"misses by {percent(score)} on average",
        "r2": lambda: f"explains {percent(score)} of the differences",
        "money": lambda: f"{'earns' if score >= 0 else 'costs'} {number(abs(score))} {currency} a row".replace("  ", " "),
    }
    if name in phrases:
        return phrases[name]()
    return f"reaches {number(score)} in {get_metric(name).title}"


def brief(problem: Problem, score: float) -> str:
    """The bare figure in the unit of `said`, for an interval."""
    if problem.metric == "log_loss":
        return percent(math.exp(-score))
    if problem.metric in ("roc_auc", "accuracy", "balanced_accuracy", "mape", "r2"):
        return percent(score)
    return number(score)


def interval(problem: Problem, rung: Rung) -> str:
    """“95 % interval 24.1 to 25.8”, the smaller figure first; of what costs, costs. Ends that read alike are told once."""
    turn = -1 if problem.metric == "money" and rung.score < 0 else 1
    low, high = sorted((turn * rung.low, turn * rung.high), key=lambda value: -value if problem.metric == "log_loss" else value)
    return f"95 % interval {spoken.interval(brief(problem, low), brief(problem, high))}"


def subject(rung: str, problem: Problem, rule: str) -> str:
    """The rung as the subject of a sentence."""
    if rung == "average" and problem.metric == "f1_macro":
        return "a guess drawn by how often each class comes"
    if rung == "average":
        mean = problem.task == "regression" and problem.level is None
        return "guessing the average" if mean else "the same guess for every row"
    return rule if rung == "rule" and rule else NAMES[rung]


def rung_sentence(rung: str, problem: Problem, score: float, rule: str) -> str:
    """One rung's sentence on the ladder."""
    text = f"{subject(rung, problem, rule)} {said(problem, score)}."
    return text[0].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Wording:
    """What the sentences are made of: the ruling, its evidence, the rungs by name and the rule's name."""

    ruling: Ruling
    evidence: Evidence
    problem: Problem
    rungs: Mapping[str, Rung]
    rule: str

    def full(self, name: str) -> str:
        """“a linear model misses by 41.2 on average (95 % interval 40.1 to 42.3)”."""
        rung = self.rungs[name]
        return f"{subject(name, self.problem, self.rule)} {said(self.problem, rung.score)} ({interval(self.problem, rung)})"

    def bare(self, name: str) -> str:
        """“50.2 for guessing the average”."""
        return f"{self.figure(name)} for {subject(name, self.problem, self.rule)}"

    def figure(self, name: str) -> str:
        """A rung's score beside the one that the sentence is about: costs beside what costs."""
        told = self.ruling.chosen if self.ruling.verdict in ("rule", "linear") else self.ruling.top
        costs = self.problem.metric == "money" and self.rungs[told].score < 0
        return brief(self.problem, -self.rungs[name].score if costs else self.rungs[name].score)


def verdict_sentence(words: Wording) -> str:
    """What to do and why, in one sentence with the figures in it."""
    ruling, evidence = words.ruling, words.evidence
    best, average = words.full(ruling.top), words.bare("average")
    if ruling.verdict == "average":
        better = evidence.reduction(ruling.top, "average")
        if evidence.compare(ruling.top, "average").low > 0:
            return f"The average is enough: {best}, against {average}, only {percent(better)} less error."
        return f"The average is enough: nothing we tried is clearly better; {best}, against {average}."
    if ruling.verdict == "not_enough_data":
        needed = f"; about {ruling.rows_needed:,} rows would tell" if ruling.rows_needed > evidence.rows else ""
        if not ruling.settled_by_rows:
            rows = max(evidence.rows, evidence.given)
            return f"There is not enough data: {rows:,} rows with {evidence.rarest:,} of the rarer outcome{needed}."
        if evidence.sampled and ruling.rows_needed <= evidence.given:  # the table has what was not looked at
            seen = f"on {evidence.rows:,} of {evidence.given:,} rows {best}, against {average}"
            return f"The rows looked at are too few to be sure: {seen}, which may be chance{needed}."
        seen = f"on {evidence.rows:,} rows {best}, against {average}"
        return f"There is not enough data to be sure: {seen}, which may be chance{needed}."
    if ruling.verdict == "ml_pays":
        simple = "linear" if evidence.level("linear") >= evidence.level("rule") else "rule"
        return f"Machine learning pays: {best}, against {words.bare(simple)} and {average}."
    word = "A simple rule" if ruling.verdict == "rule" else "A simple linear model"
    other = "boosted" if ruling.top == ruling.chosen else ruling.top
    return f"{word} is enough: {words.full(ruling.chosen)}, against {average}; {_not_better(words, other)}."


def _not_better(words: Wording, other: str) -> str:
    found = words.evidence.compare(other, words.ruling.chosen)
    how = "no better" if found.mean <= 0 else "not clearly better" if found.low <= 0 else "only slightly better"
    return f"{NAMES[other]} is {how} ({words.figure(other)})"


def short_of_time(columns: tuple[int, int], folds: tuple[int, int]) -> str:
    """A last sentence on what there was no time for, of (done, all) columns and folds; empty when all was looked at."""
    missed = []
    if columns[0] < columns[1]:
        missed.append(f"{columns[1] - columns[0]:,} of {columns[1]:,} columns were not checked for knowing the answer")
    if folds[0] < folds[1]:
        missed.append(f"the comparison rests on {folds[0]} of {folds[1]} parts of the rows")
    return f" Time was short: {', and '.join(missed)}." if missed else ""


def leak_warning(leaks: tuple[Leak, ...]) -> str:
    """A second sentence when a column seems to know the answer; empty otherwise."""
    red = [leak for leak in leaks if leak.severity == "red" and leak.column]
    if not red:
        return ""
    names = ", ".join(f"“{leak.column[:80]}”" for leak in red[:3])
    return f" But look at {names} first: {'it seems' if len(red) == 1 else 'they seem'} to know the answer in advance."
