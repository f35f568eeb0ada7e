"""The model card that travels in the bundle: Markdown, with every user string escaped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from automl_core.explaining.explanation import Explanation
from automl_core.explaining.words import count, number, numbers_alike, percent, plain
from automl_core.framing.metrics import judged_apart
from automl_core.framing.problem import Problem, Verdict
from automl_core.reporting.figures import RUNGS, handed_over, score_text
from automl_core.search.plan import RunSummary

LIMITS = (
    "- It repeats patterns of past rows; it does not know what an action brings about.",
    "- Rows unlike those it was made from get a warning in `_quality`, and their predictions are less sure.",
    "- Check it against outcomes as they come in; prices, rules or customers may change.",
)


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the model card says; parts that are None are left out."""

    problem: Problem
    summary: RunSummary
    columns: tuple[str, ...]
    made_at: datetime
    data_name: str = ""
    data_sha256: str = ""
    verdict: Verdict | None = None
    explanation: Explanation | None = None
    version: str = ""


def escape(text: object) -> str:
    """A user's string as literal Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$&])", r"\\\1", plain(text))


def model_card(facts: CardFacts) -> str:
    """The card in Markdown: purpose, data, score, comparison, columns, limits."""
    made = f"Made {facts.made_at:%Y-%m-%d} by Clarion {facts.version}".rstrip() + "."
    sections = [
        [f"# Model card: {escape(facts.problem.target)}"],
        ["## Purpose", "", _purpose(facts.problem), "", made],
        _data(facts),
        _score(facts.problem, facts.summary),
        _need(facts.verdict, facts.summary) if facts.verdict is not None else [],
        _use(facts.explanation, facts.problem) if facts.explanation is not None else [],
        ["## What it computes", "", *(f"- {escape(name)}" for name in facts.summary.computed)] if facts.summary.computed else [],
        ["## Columns it expects", "", ", ".join(escape(name) for name in facts.columns)],
        ["## Limits", "", *LIMITS],
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _data(facts: CardFacts) -> list[str]:
    lines = [
        "## Data",
        "",
        f"- Rows: {facts.summary.rows:,}" + (
            f", drawn at random from {facts.summary.rows + facts.summary.left_out:,}" if facts.summary.left_out else ""),
        f"- Validation: {_validated(facts.summary)}",
    ]
    if facts.data_name:
        lines.append(f"- File: {escape(facts.data_name)}")
    if facts.data_sha256:
        lines.append(f"- SHA-256: {escape(facts.data_sha256)}")
    return lines


def _validated(summary: RunSummary) -> str:
    if summary.folds > 1:
        return f"{summary.folds} parts, each predicted by a model that had not seen it"
    held = count(summary.judged, "row") if summary.judged else "some rows"
    return f"{held} held out, predicted by a model that had not seen them"


def _score(problem: Problem, summary: RunSummary) -> list[str]:
    lines = [
        "## Score",
        "",
        f"- {'Out of fold' if summary.folds > 1 else 'On the rows held out'}: {score_text(summary)}",
        f"- Baseline: {numbers_alike([summary.baseline.mean, summary.score.mean])[0]}",
        f"- Family: {escape(summary.family)}, chosen from {count(len(summary.leaderboard), 'candidate')}",
        f"- One row: {number(summary.row_ms_p50)} ms (95 % below {number(summary.row_ms_p95)} ms), size {number(summary.mb)} MB",
    ]
    if problem.task == "binary":
        lines.append(f"- Called {escape(problem.positive)} from probability {number(summary.threshold)}"
                     f"{', which the amounts of money say; the score is read at its own' if judged_apart(problem) else ''}")
    called = "the class with the largest probability"
    if summary.middle:
        called = "the step of the scale with as much probability below as above it"
        if not summary.factors:
            lines.append(f"- Called: {called}")
    if summary.factors:
        each = "; ".join(f"{escape(label)} × {number(factor)}"
                         for label, factor in zip(problem.classes, summary.factors, strict=True))
        lines.append(f"- Called: {called}, after each is multiplied by its factor: {each}")
    return lines


def _need(verdict: Verdict, summary: RunSummary) -> list[str]:
    texts = numbers_alike([part for one in verdict.ladder for part in (one.score, one.low, one.high)])
    rows = [f"| {RUNGS[one.rung]} | {score} | {low} to {high} |"
            for one, score, low, high in zip(verdict.ladder, texts[::3], texts[1::3], texts[2::3], strict=True)]
    table = ["", "| answer | score | 95 % range |", "|---|---|---|", *rows] if rows else []
    said = f"{verdict.sentence} {handed_over(summary, verdict)}".rstrip()
    return ["## Is a model needed?", "", escape_sentence(said), *table]


def _use(explanation: Explanation, problem: Problem) -> list[str]:
    rows = [f"| {escape(one.column)} | {percent(one.share)} |" for one in explanation.importance[:20]]
    about = [f"For {escape(problem.target)} = {escape(explanation.label)}:", ""] if problem.task == "multiclass" else []
    return ["## What it uses", "", *about, "| column | share |", "|---|---|", *rows]


def escape_sentence(text: str) -> str:
    """A sentence of ours that quotes user strings, as literal Markdown on one line of any length."""
    return re.sub(r"([\\`*_{}\[\]#|<>~$&])", r"\\\1", " ".join(text.split()))


def _purpose(problem: Problem) -> str:
    if problem.task == "regression":
        return f"Predicts the number {escape(problem.target)} of a row."
    classes = ", ".join(escape(name) for name in problem.classes[:20])
    return f"Predicts which of {len(problem.classes)} classes of {escape(problem.target)} a row has: {classes}."
