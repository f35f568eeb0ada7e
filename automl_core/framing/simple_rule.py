"""The simple answer itself, learned on all rows and said in a sentence."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_core.data.words import first_few, join_words
from automl_core.framing.metric_rows import Floats
from automl_core.framing.partition import Table, best_table, choose_table, rank_tables
from automl_core.framing.problem import Problem
from automl_core.framing.rungs import Material, Questioned, fit_tree, judged_table, tree_leaves
from automl_core.framing.simple_matrix import Question
from automl_core.framing.verdict_words import number, percent

SHOWN = 6


@dataclass(frozen=True, eq=False, slots=True)
class SimpleRule:
    """`subject` names it in a sentence, `text` says it in full."""

    subject: str
    text: str


def learn_simple_rule(material: Material) -> SimpleRule:
    """The table or two-question tree that fits all rows best (by leave-one-out error); empty without usable columns."""
    rows = np.arange(len(material.y))
    singles = rank_tables(material.groupings, rows, material.targets, material.lessons)
    table = best_table(singles, rows, material.targets, material.lessons)
    fitted = fit_tree(material, rows, singles)
    leaves = tree_leaves(material, fitted)
    tree = None if leaves is None else choose_table((leaves,), rows, material.targets, material.lessons)
    found = [one for one in (table, tree) if one is not None]
    if not found:
        return SimpleRule("", "")
    best = min(found, key=lambda one: one.loss)
    judged = judged_table(best, material, rows)
    if fitted is not None and best is tree:
        return _tree_rule(material, fitted, judged)
    return _table_rule(material.problem, judged)


def _table_rule(problem: Problem, table: Table) -> SimpleRule:
    names = [grouping.column for grouping in table.groupings]
    sizes = [len(grouping.labels) for grouping in table.groupings]
    places = np.array(np.unravel_index(np.arange(len(table.counts)), sizes)).T
    parts = [
        [grouping.labels[place] for grouping, place in zip(table.groupings, row, strict=True)] for row in places
    ]
    listed = join_words([f"“{name[:80]}”" for name in names])
    kind = "a table of averages" if problem.level is None else "a table"
    return _made(problem, f"{kind} by {listed}", names, parts, table)


def _tree_rule(material: Material, fitted: Questioned, table: Table) -> SimpleRule:
    tree = fitted.tree.tree_
    leaves: dict[int, list[str]] = {}
    used: list[str] = []

    def walk(node: int, path: list[str]) -> None:
        if tree.children_left[node] < 0:
            leaves[node] = path
            return
        question = material.matrix.asked[fitted.places[tree.feature[node]]]
        if question.column not in used:
            used.append(question.column)
        below, above = _answers_in_words(question, float(tree.threshold[node]))
        walk(int(tree.children_left[node]), [*path, below])
        walk(int(tree.children_right[node]), [*path, above])

    walk(0, [])
    parts = [[join_words(leaves[node])] for node in sorted(leaves)]
    listed = join_words([f"“{name[:80]}”" for name in used])
    return _made(material.problem, f"a rule of a few questions about {listed}", ["part"], parts, table)


def _answers_in_words(question: Question, cut: float) -> tuple[str, str]:
    """The two sides of a question; missing numbers go where the training rows sent them."""
    name = f"“{question.column[:80]}”"
    if question.word:
        return f"{name} without “{question.level[:80]}”", f"{name} with “{question.level[:80]}”"
    if question.level:
        return f"{name} is not “{question.level[:80]}”", f"{name} is “{question.level[:80]}”"
    return f"{name} up to {number(cut)}", f"{name} over {number(cut)}"


def _made(problem: Problem, subject: str, names: list[str], parts: list[list[str]], table: Table) -> SimpleRule:
    answers = _answers(problem, table.values)
    frame = pd.DataFrame(parts, columns=names).assign(**answers, rows=table.counts.astype(int))
    frame = frame[frame["rows"] > 0].reset_index(drop=True)
    lines = []
    for _, row in frame.iterrows():
        lines.append(f"{', '.join(str(row[name]) for name in names)}: {_say(problem, row)}")
    target = f"“{problem.target[:80]}”" + (f" = “{problem.positive[:80]}”" if problem.task == "binary" else "")
    return SimpleRule(subject, f"{target} by {subject}: {'; '.join(first_few(lines, SHOWN, 'and '))}.")


def _answers(problem: Problem, values: Floats) -> dict[str, Floats]:
    if problem.task == "multiclass":
        return {f"probability_{label}": values[:, k] for k, label in enumerate(problem.classes)}
    if problem.task == "binary":
        return {f"probability_{problem.positive}": values[:, 0]}
    return {"prediction": np.expm1(values[:, 0]) if problem.metric == "rmsle" else values[:, 0]}


def _say(problem: Problem, row: pd.Series) -> str:
    if problem.task == "multiclass":
        shares = {label: float(row[f"probability_{label}"]) for label in problem.classes}
        label = max(shares, key=lambda name: shares[name])
        return f"“{label[:80]}” {percent(shares[label])}"
    if problem.task == "binary":
        return percent(float(row[f"probability_{problem.positive}"]))
    return number(float(row["prediction"]))
