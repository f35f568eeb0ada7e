"""The four rungs of the ladder: each learns on training rows and answers for the others, on whatever fold it is given.

Answers are what the metrics take: binary `(n,)` probability of the positive class, multiclass `(n, k)`, regression `(n,)`.
"""
from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.logistic import fit_predict
from automl_core.framing.metric_rows import Floats, inverse_size
from automl_core.framing.metrics import best_number
from automl_core.framing.partition import Grouping, Table, best_table, choose_table, part_codes, rank_tables
from automl_core.framing.problem import Problem
from automl_core.framing.simple_matrix import SimpleMatrix

ROUNDS = 150
FEWEST_ROUNDS = 90  # where thousands of columns are looked at in little time: fewer and larger steps
SEEN = 250  # columns that a tree looks at on the most: of thousands all would take minutes
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Material:
    """What all rungs share: the matrices, the groupings, `y` (n,) and `work` (n,), y on the scale in which errors are squared.

    `dataset` holds the binned rows; None where it is not worth making: there a boosting bins the columns that it looks at itself.
    `weights` (n,) say how much rows count in scores, `lessons` (n,) while learning, `groups` (n,) which
    belong together (None: each stands alone). `kept` are the tables that were `ranked` last.
    """

    problem: Problem
    matrix: SimpleMatrix
    groupings: tuple[Grouping, ...]
    y: NDArray[np.generic]
    work: Floats
    targets: Floats
    dataset: Any
    seed: int
    rounds: int = ROUNDS
    weights: Floats | None = None
    lessons: Floats | None = None
    groups: Rows | None = None
    kept: dict[bytes, list[Table]] = field(default_factory=dict)

    def weights_of(self, rows: Rows) -> Floats | None:
        """(m,) how much these rows count, 1 on average over all; None when all count the same."""
        return None if self.weights is None else self.weights[rows]

    def lessons_of(self, rows: Rows) -> Floats | None:
        """(m,) how much these rows count while a rung learns: more where errors count as shares of a small truth."""
        return None if self.lessons is None else self.lessons[rows]

    def ranked(self, rows: Rows) -> list[Table]:
        """The tables over single columns learned on these rows, the best first; kept until others are asked for: a rule and a
        boosting of very many columns want the same."""
        place = rows.tobytes()
        if place not in self.kept:
            self.kept.clear()
            self.kept[place] = rank_tables(self.groupings, rows, self.targets[rows], self.lessons_of(rows))
        return self.kept[place]


def working_scale(y: NDArray[np.generic], problem: Problem) -> Floats:
    """y as fitted: its logarithm when the metric measures ratios, otherwise itself."""
    values = y.astype(float)
    return np.log1p(np.clip(values, 0, None)) if problem.metric == "rmsle" else values


def lesson_weights(y: NDArray[np.generic], problem: Problem, weights: Floats | None) -> Floats | None:
    """(n,) how much rows count while learning, by their `weights` (n,) in scores; None when all count the same."""
    if problem.metric != "mape":
        return weights
    return inverse_size(y) * (1.0 if weights is None else weights)


def one_hot_targets(y: NDArray[np.generic], problem: Problem) -> Floats:
    """(n, k) indicator of each class; binary (n, 1) of the positive one; regression (n, 1) on the working scale."""
    if problem.task == "multiclass":
        return np.eye(len(problem.classes))[y.astype(np.int64)]
    return working_scale(y, problem)[:, None]


def _answer(values: Floats, problem: Problem) -> Floats:
    """(n, k) or (n,) raw answers as the metric takes them."""
    if problem.task == "multiclass":
        clipped = np.clip(values, 1e-6, None)
        shares: Floats = clipped / clipped.sum(axis=1, keepdims=True)
        return shares
    flat = values.reshape(len(values))
    if problem.task == "binary":
        return np.clip(flat, 1e-6, 1 - 1e-6)
    return np.expm1(flat) if problem.metric == "rmsle" else flat


def average(material: Material, train: Rows, valid: Rows) -> Floats:
    """The same answer for every row: class shares, the mean, or the median when the metric asks for it."""
    targets, weights = material.targets[train], material.weights_of(train)
    constant = np.average(targets, axis=0, weights=weights)
    if material.problem.level is not None:
        constant = np.array([quantile_of(targets[:, 0], material.problem.level, weights)])
    if material.problem.metric == "mape":
        constant = np.array([best_number(material.problem, material.y[train], weights)])
    return _answer(np.tile(constant, (len(valid), 1)), material.problem)


def quantile_of(values: Floats, level: float, weights: Floats | None) -> float:
    """A quantile of values (n,), of which each counts by its weight."""
    if weights is None:
        return float(np.quantile(values, level))
    return float(np.quantile(values, level, weights=weights, method="inverted_cdf")) if weights.sum() > 0 else math.nan


def rule(material: Material, train: Rows, valid: Rows) -> Floats:
    """The best table of averages over one or two columns, or a tree of depth two, chosen inside the training rows."""
    weights = material.lessons_of(train)
    singles = material.ranked(train)
    table = best_table(singles, train, material.targets[train], weights)
    leaves = tree_leaves(material, fit_tree(material, train, singles))
    if table is None and leaves is None:
        return average(material, train, valid)
    tree = None if leaves is None else choose_table((leaves,), train, material.targets[train], weights)
    best = min((found for found in (table, tree) if found is not None), key=lambda found: found.loss)
    return _answer(judged_table(best, material, train).predict(valid), material.problem)


def judged_table(table: Table, material: Material, train: Rows) -> Table:
    """The table with the answers that the metric asks for: where that is a quantile, the one of each part in the training rows,
    and the overall one in parts of fewer than 20 rows."""
    quantile = material.problem.level
    if quantile is None:
        return table
    codes = part_codes(table.groupings)
    weights = material.lessons_of(train)
    values = np.full(len(table.values), quantile_of(material.work[train], quantile, weights))
    for part in np.flatnonzero(table.counts >= 20):
        mine = codes[train] == part
        values[part] = quantile_of(material.work[train][mine], quantile, None if weights is None else weights[mine])
    return replace(table, values=values[:, None])


@dataclass(frozen=True, eq=False, slots=True)
class Questioned:
    """A fitted tree and the `places` (m,) of the questions it may ask, among those of the matrix."""

    tree: Any
    places: Rows


def fit_tree(material: Material, train: Rows, singles: list[Table]) -> Questioned | None:
    """A depth-two tree on the training rows, each leaf of at least 30 rows or 2 % of them; None without columns or rows.

    Of very many questions it is asked those about the columns that tell most alone, by the tables over `singles`.
    """
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    least = max(30, round(0.02 * len(train)))
    questions = material.matrix.questions
    if questions.shape[1] == 0 or len(train) < 2 * least:
        return None
    kind = DecisionTreeRegressor if material.problem.task == "regression" else DecisionTreeClassifier
    goal = material.work[train] if material.problem.task == "regression" else material.y[train].astype(np.int64)
    places = strongest(tuple(question.column for question in material.matrix.asked), singles)
    known = questions[train] if len(places) == questions.shape[1] else questions[np.ix_(train, places)]
    tree = kind(max_depth=2, min_samples_leaf=least, random_state=0).fit(known, goal, material.lessons_of(train))
    return Questioned(tree, places)


def strongest(names: tuple[str, ...], singles: list[Table]) -> Rows:
    """Places of the names to look at: all of them, or of more than `SEEN` those of the `SEEN` columns that tell most alone.

    `singles` are the tables over single columns, the best first; a column that has none is always looked at.
    """
    if len(names) <= SEEN:
        return np.arange(len(names))
    weak = {table.groupings[0].column for table in singles[SEEN:]}
    return np.array([place for place, name in enumerate(names) if name not in weak], dtype=np.int64)


def tree_leaves(material: Material, fitted: Questioned | None) -> Grouping | None:
    """The leaves of a tree as parts of all rows; None without a tree."""
    if fitted is None:
        return None
    leaves = fitted.tree.apply(material.matrix.questions[:, fitted.places])
    codes = np.unique(leaves, return_inverse=True)[1].astype(np.int64)
    return Grouping("", codes, tuple(str(leaf) for leaf in range(int(codes.max()) + 1)))


def linear(material: Material, train: Rows, valid: Rows) -> Floats:
    """Ridge or L2 logistic regression, its penalty chosen inside the training rows; where the metric asks for a quantile, the
    line is moved to that quantile of its errors."""
    features = material.matrix.linear
    if features.shape[1] == 0:
        return average(material, train, valid)
    if material.problem.task == "regression":
        known = features[train], material.work[train], material.lessons_of(train)
        return _answer(_ridge(*known, features[valid], material.problem.level), material.problem)
    return _answer(_logistic(material, train, valid), material.problem)


def _ridge(features: Floats, y: Floats, weights: Floats | None, new: Floats, level: float | None) -> Floats:
    """Ridge with the penalty of least generalised cross-validation error, all penalties from one eigendecomposition.

    With a `level` not the mean is answered but that quantile, by the errors on the rows themselves: these are too small by the
    freedom of the line, so they are stretched to what the errors on new rows are.
    """
    mean, centre = np.average(features, axis=0, weights=weights), np.average(y, weights=weights)
    left, target = features - mean, y - centre
    if weights is not None:
        left, target = left * np.sqrt(weights)[:, None], target * np.sqrt(weights)
    values, vectors = np.linalg.eigh(left.T @ left)
    values = np.clip(values, 0, None)
    moved = vectors.T @ (left.T @ target)
    total, n = float(target @ target), len(y)
    best, chosen, stretch = np.inf, moved * 0, 1.0
    for penalty in (0.1, 1.0, 10.0, 100.0, 1000.0):
        shrunk = moved / (values + penalty)
        error = max(total - 2 * float(shrunk @ moved) + float(values @ shrunk**2), 0.0)
        freedom = float((values / (values + penalty)).sum()) + 1
        left_over = max(1 - freedom / n, 0.05)
        score = error / n / left_over**2
        if score < best:
            best, chosen, stretch = score, shrunk, 1 / left_over
    slopes = vectors @ chosen
    moves = 0.0 if level is None else quantile_of((y - centre - (features - mean) @ slopes) * stretch, level, weights)
    answers: Floats = (new - mean) @ slopes + centre + moves
    return answers


def _logistic(material: Material, train: Rows, valid: Rows) -> Floats:
    features, y = material.matrix.linear, material.y.astype(np.int64)
    classes = max(2, len(material.problem.classes))
    shares = fit_predict(features[train], y[train], classes, features[valid], material.lessons_of(train))
    return shares[:, 1:] if material.problem.task == "binary" else shares


def boosted(material: Material, train: Rows, valid: Rows) -> Floats:
    """150 trees of 15 leaves, or fewer in larger steps: a cheap stand-in for what a search can reach."""
    import lightgbm

    trees, places, weights = material.matrix.trees, np.arange(material.matrix.trees.shape[1]), material.lessons_of(train)
    if not len(places):
        return average(material, train, valid)
    options = boosted_options(material.problem, len(train), material.seed)
    if material.dataset is not None:
        part = material.dataset.subset(np.sort(train).tolist())
    else:
        places = strongest(material.matrix.named, material.ranked(train))
        part = binned(trees[np.ix_(train, places)], material.work[train], material.seed, weights)
    options["feature_fraction"] = min(options["feature_fraction"], SEEN / len(places))
    options["learning_rate"] *= ROUNDS / material.rounds
    rounds = material.rounds
    if material.problem.task == "multiclass":
        rounds = max(40, rounds // max(1, len(material.problem.classes) // 3))
    booster = lightgbm.train(options, part, num_boost_round=rounds)
    answers = np.asarray(booster.predict(trees[valid] if len(places) == trees.shape[1] else trees[np.ix_(valid, places)],
                                         num_threads=1))
    return _answer(answers if answers.ndim == 2 else answers[:, None], material.problem)


def boosted_options(problem: Problem, rows: int, seed: int) -> dict[str, Any]:
    """LightGBM's options for this problem and number of training rows."""
    options: dict[str, Any] = {
        "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": max(20, round(0.005 * rows)), "verbosity": -1,
        "num_threads": 1, "seed": seed, "deterministic": True, "force_col_wise": True, "feature_pre_filter": False,
        "max_bin": 127, "feature_fraction": 0.8,
    }
    quantile = problem.level
    if problem.task == "binary":
        return {**options, "objective": "binary"}
    if problem.task == "multiclass":
        return {**options, "objective": "multiclass", "num_class": len(problem.classes), "learning_rate": 0.08}
    if quantile is None:
        return {**options, "objective": "regression"}
    if quantile == 0.5:
        return {**options, "objective": "regression_l1"}
    return {**options, "objective": "quantile", "alpha": quantile}


def boosted_dataset(matrix: SimpleMatrix, work: Floats, seed: int, weights: Floats | None = None) -> Any:
    """The binned rows that all folds share; None without columns."""
    return binned(matrix.trees, work, seed, weights) if matrix.trees.shape[1] else None


def binned(trees: Floats, work: Floats, seed: int, weights: Floats | None = None) -> Any:
    """Rows as LightGBM learns from them."""
    import lightgbm

    options = {"verbosity": -1, "max_bin": 127, "feature_pre_filter": False, "num_threads": 1, "seed": seed}
    return lightgbm.Dataset(trees, work, weight=weights, params=options, free_raw_data=False).construct()
