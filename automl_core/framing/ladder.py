"""Do you need machine learning? The average, a simple rule, a linear and a quick boosted model on identical folds."""
from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Column
from automl_core.framing import rungs
from automl_core.framing.class_factors import TUNED, labelled_by_others
from automl_core.framing.columns import usable_columns
from automl_core.framing.comparison import RUNGS, Evidence, rule_on, smallest_class
from automl_core.framing.copied import copies_not_kept
from automl_core.framing.counted import counted_rows
from automl_core.framing.drawing import Drawn, draw_rows, most_rows
from automl_core.framing.leaks import search_leaks
from automl_core.framing.metric_rows import Decision, Floats, with_absent
from automl_core.framing.metrics import drawn_labels, get_metric, judging_of, metric_of
from automl_core.framing.partition import make_groupings
from automl_core.framing.problem import Problem, Rung, Verdict
from automl_core.framing.score_interval import Counting, score_with_interval
from automl_core.framing.simple_matrix import simple_matrix
from automl_core.framing.simple_rule import SimpleRule, learn_simple_rule
from automl_core.framing.suggestion import check_target
from automl_core.framing.validation import Folds, make_folds, row_groups
from automl_core.framing.verdict_words import Wording, leak_warning, rung_sentence, short_of_time, verdict_sentence

FOLDS = 5
ROWS_TO_TUNE = 3_000  # of factors of classes, for each fold and rung
LEAK_SHARE = 0.4  # of the time, for columns that know the answer

Progress = Callable[[float, str], None]
Scores = dict[str, list[float]]
Answers = dict[str, Floats]  # of each rung for the rows of a fold
LADDER = {"average": rungs.average, "rule": rungs.rule, "linear": rungs.linear, "boosted": rungs.boosted}


@dataclass(frozen=True, slots=True)
class Pace:
    """How thorough a check is: the share of its usual rows, and the moment (of `time.monotonic`) after which no other column is
    asked and no other fold begun; it is over at once when somebody `waits` for what comes after."""

    effort: float = 1.0
    until: float = math.inf
    waits: Callable[[], bool] = lambda: False

    def over(self) -> bool:
        """Whether nothing else is to be begun."""
        return time.monotonic() > self.until or self.waits()


WHOLE = Pace()


def check(
    frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem, seed: int = 0, progress: Progress | None = None,
    pace: Pace = WHOLE,
) -> Verdict:
    """The verdict on a typed, cleaned frame; BadInput when the target cannot be predicted at all.

    Every rung learns and answers on the same folds (five, repeated on tables of few cells), and the rule is chosen inside each
    training part. Large tables are sampled so that an answer takes seconds, and more so with a `pace` of less effort;
    `Verdict.rows` says how many rows were used. What time was too short for is said.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    started = time.monotonic()
    report = progress or (lambda fraction, sentence: None)
    warnings = check_target(frame, problem)  # of all rows: a class may have none that counts
    counted = counted_rows(frame, problem, np.arange(len(frame)))
    frame = frame if counted.all() else frame[counted].reset_index(drop=True)
    unkept = copies_not_kept(frame, columns, problem)
    warnings = (*warnings, *([unkept] if unkept else []))
    report(0.02, "Looking for columns that know the answer")
    looking = replace(pace, until=started + LEAK_SHARE * (pace.until - started))
    leaks = search_leaks(frame, columns, problem, seed, looking.over)
    drawn = draw_rows(frame, columns, problem, seed, pace.effort)
    y = drawn.y
    material = make_material(drawn, columns, problem, seed, pace.effort)
    folds = _repeated_folds(y, problem, drawn.frame, columns, seed)
    if pace.effort < 1.0 and len(y) < len(drawn.given):
        folds = folds[:1]  # where time does not last for all rows, it does not last for repeats
    folds = folds[:max(1, int(most_rows(columns, problem, pace.effort) / len(y)))]
    # matrices this small only lose by being shared between threads, most of all beside other work
    with threadpool_limits(1):
        scores, first, done = _climb(material, folds, report, pace)
    evidence = _weigh(scores, folds, material, drawn)
    ruling = rule_on(evidence)
    rule = learn_simple_rule(material)
    ladder = _ladder(first, scores, material, rule)
    words = Wording(ruling, evidence, problem, {str(rung.rung): rung for rung in ladder}, rule.subject)
    sentence = verdict_sentence(words) + leak_warning(leaks.leaks)
    sentence += short_of_time((leaks.looked_at, leaks.columns), (done, sum(map(len, folds))))
    report(1.0, "Done")
    seconds = round(time.monotonic() - started, 3)
    task, metric = problem.task, problem.metric
    return Verdict(ruling.verdict, task, metric, ladder, leaks.leaks, sentence, seconds, len(y), rule.text, warnings,
                   problem.positive)


def make_material(
    drawn: Drawn, columns: tuple[Column, ...], problem: Problem, seed: int, effort: float = 1.0
) -> rungs.Material:
    """What the rungs share, from rows that all have a target."""
    frame, y, used = drawn.frame, drawn.y, usable_columns(columns, problem)
    matrix = simple_matrix(frame, used)
    work = rungs.working_scale(y, problem)
    weights = drawn.weights(problem)
    lessons = rungs.lesson_weights(y, problem, weights)
    wide = matrix.trees.shape[1] > rungs.SEEN
    # in little time a boosting looks at the columns of many that tell most alone: to bin all takes longer than to learn
    dataset = None if wide and effort < 1.0 else rungs.boosted_dataset(matrix, work, seed, lessons)
    rounds = max(rungs.FEWEST_ROUNDS, round(effort * rungs.ROUNDS)) if wide else rungs.ROUNDS
    targets = rungs.one_hot_targets(y, problem)
    return rungs.Material(problem, matrix, make_groupings(frame, used), y, work, targets, dataset, seed, rounds, weights,
                          lessons, row_groups(frame, columns, problem))


def _repeated_folds(
    y: NDArray[np.generic], problem: Problem, frame: pd.DataFrame, columns: tuple[Column, ...], seed: int
) -> tuple[Folds, ...]:
    repeats = 1 if problem.time else 3 if len(y) <= 1_000 else 2 if len(y) <= 5_000 else 1
    return tuple(make_folds(y, problem, frame, columns, FOLDS, seed + repeat) for repeat in range(repeats))


def _decision(material: rungs.Material, train: NDArray[np.int64]) -> Decision:
    """Labels are cut at the training share of the positive class, for accuracy at a half, and where they are judged by money by
    its amounts: amounts beside another metric have no part in it, as in the search."""
    problem = material.problem
    if problem.task != "binary" or problem.metric in ("accuracy", "money") or not get_metric(problem.metric).labels:
        return judging_of(problem)
    share = float(np.average(material.targets[train], axis=0, weights=material.weights_of(train))[0])
    return Decision(share - 1e-9, problem.money)


def _climb(
    material: rungs.Material, repeats: tuple[Folds, ...], report: Progress, pace: Pace
) -> tuple[dict[str, Floats], dict[str, list[tuple[float, float, float]]], int]:
    """Fold scores of each rung, for the first repeat (which holds every row once) each fold's score with its interval, and how
    many folds there was time for. Where it was one alone, scores of parts of its rows: one score tells nothing of chance."""
    metric = metric_of(material.problem)
    folds = [pair for repeat in repeats for pair in repeat]
    answers: list[Answers] = []
    for train, valid in folds:
        said = {name: LADDER[name](material, train, valid) for name in RUNGS}
        if material.problem.task == "multiclass":  # as a search has it
            said = {name: with_absent(answer, material.y[train]) for name, answer in said.items()}
        answers.append(said)
        report(0.1 + 0.85 * len(answers) / len(folds), f"Checked part {len(answers)} of {len(folds)}")
        if len(answers) < len(folds) and pace.over():
            break
    done = len(answers)
    answers, places = _called(material, repeats, answers), range(len(repeats[0]))
    scores: Scores = {name: [] for name in RUNGS}
    first: dict[str, list[tuple[float, float, float]]] = {name: [] for name in RUNGS}
    for place, ((train, valid), said) in enumerate(zip(folds, answers, strict=False)):
        decision, weights = _decision(material, train), material.weights_of(valid)
        for name, answer in said.items():
            scores[name].append(metric.score(material.y[valid], answer, decision, weights))
            if place in places:
                first[name].append(score_with_interval(metric, material.y[valid], answer, material.seed, decision, weights))
    if done == 1 < len(folds):
        scores = _parts_of_one(material, folds[0], answers[0])
    return {name: np.array(values) for name, values in scores.items()}, first, done


def _fifths(material: rungs.Material, rows: int) -> NDArray[np.int64]:
    """(n,) random parts of the rows of the only fold."""
    fifths: NDArray[np.int64] = np.random.default_rng(material.seed).permutation(rows) % FOLDS
    return fifths


def _called(material: rungs.Material, repeats: tuple[Folds, ...], answers: list[Answers]) -> list[Answers]:
    """The answers of folds; where a metric of labels of several classes asks for factors, the labels by those that are best on
    the other folds of the same repeat (of one fold alone on its other parts), as two classes are cut at their share."""
    problem, metric = material.problem, metric_of(material.problem)
    if metric.name == "f1_macro":
        answers = [{**said, "average": drawn_labels(said["average"], material.seed + place)}
                   for place, said in enumerate(answers)]
    if problem.task != "multiclass" or metric.name not in TUNED:
        return answers
    found: list[Answers] = []
    for repeat in repeats:
        said, tested = answers[len(found):len(found) + len(repeat)], [valid for _, valid in repeat]
        if not said:
            break
        rows, sizes = np.concatenate(tested[:len(said)]), [len(valid) for valid in tested[:len(said)]]
        parts = np.repeat(np.arange(len(said)), sizes) if len(said) > 1 else _fifths(material, len(rows))
        groups = None if material.groups is None else material.groups[rows]
        counting, whole = Counting(material.weights_of(rows), groups), {}
        for name in RUNGS:
            p = np.concatenate([one[name] for one in said])
            labels = labelled_by_others(metric, material.y[rows], p, parts, counting, ROWS_TO_TUNE)
            whole[name] = np.split(labels, np.cumsum(sizes)[:-1])
        found += [{name: whole[name][place] for name in RUNGS} for place in range(len(said))]
    return found


def _parts_of_one(material: rungs.Material, fold: tuple[NDArray[np.int64], NDArray[np.int64]], answers: Answers) -> Scores:
    """Scores of each rung on random fifths of the rows of the only fold; what it learned from is the same for all of them, for
    which the comparison's allowance of a whole fold is wide enough."""
    (train, valid), metric = fold, metric_of(material.problem)
    decision, part = _decision(material, train), _fifths(material, len(fold[1]))
    fifths = [part == k for k in range(FOLDS)]
    return {name: [metric.score(material.y[valid[mine]], answer[mine], decision, material.weights_of(valid[mine]))
                   for mine in fifths] for name, answer in answers.items()}


def _weigh(scores: dict[str, Floats], repeats: tuple[Folds, ...], material: rungs.Material, drawn: Drawn) -> Evidence:
    problem, y = material.problem, material.y
    metric = metric_of(problem)
    perfect = np.eye(len(problem.classes))[y.astype(np.int64)] if problem.task == "multiclass" else y.astype(float)
    share = float(np.mean([len(valid) / len(train) for repeat in repeats for train, valid in repeat]))
    rarest, worth = len(drawn.given), len(y)
    if problem.task != "regression":
        rarest, seen = (smallest_class(one, len(problem.classes)) for one in (drawn.given, y))
        worth = max(worth, round(len(drawn.given) * seen / max(1, rarest)))
    turned = {name: metric.sign * values for name, values in scores.items()}
    best = metric.sign * metric.score(y, perfect, weights=material.weights)
    return Evidence(turned, best, share, len(y), rarest, problem.metric == "money", len(drawn.given), worth)


def _ladder(
    first: dict[str, list[tuple[float, float, float]]], scores: dict[str, Floats], material: rungs.Material, rule: SimpleRule
) -> tuple[Rung, ...]:
    """Each rung with its mean score and the 95 % interval over rows, the folds' own intervals pooled. Rows of a group are no rows
    of their own: with groups it is the interval of Student's t over the folds, which share none."""
    from scipy.special import stdtrit

    made = []
    low, high = get_metric(material.problem.metric).bounds
    for name in RUNGS:
        values = np.array(first[name])
        values = values[np.isfinite(values).all(axis=1)]
        score = float(np.nanmean(scores[name])) if np.isfinite(scores[name]).any() else float("nan")
        below = float(np.sqrt(((values[:, 0] - values[:, 1]) ** 2).sum())) / max(1, len(values))
        above = float(np.sqrt(((values[:, 2] - values[:, 0]) ** 2).sum())) / max(1, len(values))
        if material.problem.group and len(values) > 1:
            below = above = (float(np.std(values[:, 0], ddof=1)) / math.sqrt(len(values))
                             * float(stdtrit(len(values) - 1, 0.975)))
        rung = Rung(name, score, max(score - below, low), min(score + above, high))  # type: ignore[arg-type]
        made.append(replace(rung, sentence=rung_sentence(name, material.problem, score, rule.subject)))
    return tuple(made)
