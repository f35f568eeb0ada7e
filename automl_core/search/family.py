"""What a model family is: plain functions from arrays to arrays, so that every family fits, scores, stores and explains alike."""
from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl_core.errors import ClarionError
from automl_core.framing.problem import Task
from automl_core.registry import Field
from automl_core.search.feature import Feature

Array = NDArray[np.float64]
GRID = tuple(sorted({math.ceil(1.12 ** step) for step in range(90)}))  # rounds at which fits can be compared: 1 to 24,000


class Range(NamedTuple):
    """Where an option may lie when it is tuned."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


RATE = {"learning_rate": Range(0.015, 0.2, True)}  # of boostings


class FitFailed(ClarionError):
    """This family could not learn from this table; the search goes on without it."""


@dataclass(frozen=True, slots=True, eq=False)
class FitRequest:
    """One fit.

    `matrix` is (n, p) float64 with NaN for missing, `features` describe its columns; `y` holds floats, or class codes 0..k-1
    (binary: 1 is the positive class). With a validation part the family stops early on it and reports the best number of
    rounds; without, it uses `rounds`. `deadline` is in seconds of `time.monotonic`; when `stop_file` appears the fit ends too.
    A fit that is cut off still returns its best iteration. `stages` asks for the validation rows' predictions along the way,
    `bags` for that many fits with other seeds in one model, its raw scores their means: fewer when they would not end by
    `bags_until`. `once` says that nobody asks for the matrix after the fit, so that it need not stay beside the family's own form
    of it: see `let_go`.
    """

    matrix: Array
    y: Array
    features: tuple[Feature, ...]
    task: Task
    classes: int = 2
    options: Mapping[str, Any] = field(default_factory=dict)
    valid_matrix: Array | None = None
    valid_y: Array | None = None
    valid_weights: Array | None = None
    rounds: int = 0
    weights: Array | None = None
    deadline: float = float("inf")
    stop_file: str = ""
    threads: int = 1
    seed: int = 0
    stages: bool = False
    bags: int = 1
    bags_until: float = float("inf")
    once: bool = False

    def let_go(self) -> None:
        """The family has its own form of the matrix: what was given is freed, and `matrix` is empty from then on, unless
        somebody else asks for it."""
        if self.once:
            object.__setattr__(self, "matrix", self.matrix[:0].copy())

    def another(self, began: float, done: int) -> bool:
        """Whether one more fit with another seed is wanted, after so many since `began` by the monotonic clock."""
        now = time.monotonic()
        return done < self.bags and now + (now - began) / max(done, 1) <= self.bags_until

    def over(self) -> bool:
        """Whether the fit must end now."""
        return time.monotonic() > self.deadline or (bool(self.stop_file) and Path(self.stop_file).exists())


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """Predictions of the validation rows after so many rounds: `rounds` (s,) from `GRID`, `predictions` (s, n) or (s, n, k).

    They are of 32 bits, or of 64 where those keep too few digits of a number, and end with the last of the grid that the fit
    reached, patience included.
    """

    rounds: tuple[int, ...]
    predictions: NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fitted model in the family's own form. `rounds` is what a refit on more rows should use; `to_best` the share of the fit's
    time until they were reached. `said` is its prediction of the validation rows where the fit made it, and it takes long to.
    `bags` are the fits with other seeds that it is the mean of."""

    native: Any
    rounds: int
    truncated: bool = False
    stages: Stages | None = None
    to_best: float = 1.0
    said: Array | None = None
    bags: int = 1


def _usual(options: Mapping[str, Any], task: Task) -> float:
    return 1.0


@dataclass(frozen=True, slots=True)
class Family:
    """A model family.

    `predict(native, matrix)` gives (n,) probabilities of class 1, (n, k) class probabilities or (n,) numbers;
    `predict_row(native, row)` the same for one (p,) row: a float or (k,) array. `save` gives files by name, `load` takes them.
    `contributions(native, matrix)` gives `(phi, base)` in raw space: log-odds for binary, target units for numbers with phi
    (n, p) and base a float; softmax scores with phi (n, p, k) and base (k,). `base + phi.sum(axis=1)` is the raw prediction.
    `package` must be importable to score, `fit_package` to learn (its slow modules are `fit_modules`); `requires` are
    distributions that scoring needs beyond numpy and pandas. `legible` families can be read by a person as they are. `cost` is
    the time of a fit compared with LightGBM's, `effort(options, task)` that of its options compared with the family's usual ones.
    `seconds(options, rows, columns)` is what a fit should take where that follows from the table, and not from how long learning
    goes on, which is what LightGBM's fits tell: it counts until the family was tried. So long its scores are taken to be those of
    the family that it is `like`.
    `grows` says that rounds are trees of a boosting, of which more rows want a few
    more; `bagged` that it averages `FitRequest.bags` fits with other seeds, `in_turn` that it fits them one after the other, as
    many as end by `FitRequest.bags_until`. `ordered` families are only for classes that are steps of a scale, those with
    `most_classes` for so many at most: of more they are not tried (0: for any number), as they are not on more than `most_rows`
    or `most_features`. `lacks(task)` says what it cannot do without and this machine has not, as what its title is followed by.
    `quantiles` says that it can learn another quantile than the median, or absolute errors, as `options["loss"]` asks for,
    `hastens` that where time is short it may learn in larger steps, by its option `learning_rate`. `space` has a range for each
    option that is worth tuning. `tried` are the labels and options of the candidates of a family that has no place in the
    portfolio; none: one without options.
    `letters` says that where levels are misspelt or seldom its first candidate is tried once more with their letters.
    `refits` says that it is quick enough to be fitted again on halves of 10,000 rows while somebody waits: LightGBM stands in for
    others. `additive` says that its contributions are those of a sum of terms, whose zero is no reference: they are measured
    against the rows to compare with. `bounds(native)` is for one whose terms have one feature each, with nothing between them and
    the prediction but the link: what their sum is kept between, infinite where nothing is.
    `weighs` False says that it cannot let some rows count more than others: it is not tried where rows have weights.
    In the `taught` tasks it can learn soft targets: numbers, or shares of classes as copies of a row that count by them, of which
    `leaf_rows` is the option that counts rows, if it has one.
    """

    name: str
    title: str
    package: str
    requires: tuple[str, ...]
    fields: tuple[Field, ...]
    tasks: tuple[Task, ...]
    fit: Callable[[FitRequest], Fitted]
    predict: Callable[[Any, Array], Array]
    predict_row: Callable[[Any, Array], Any]
    save: Callable[[Any], dict[str, bytes]]
    load: Callable[[Mapping[str, bytes]], Any]
    contributions: Callable[[Any, Array], tuple[Array, Any]] | None = None
    legible: bool = False
    fit_package: str = ""
    fit_modules: tuple[str, ...] = ()
    cost: float = 1.0
    effort: Callable[[Mapping[str, Any], Task], float] = _usual
    seconds: Callable[[Mapping[str, Any], int, int], float] | None = None
    like: str = ""
    grows: bool = False
    bagged: bool = False
    in_turn: bool = False
    ordered: bool = False
    most_classes: int = 0
    most_rows: int = 0
    most_features: int = 0
    lacks: Callable[[Task], str] | None = None
    weighs: bool = True
    taught: tuple[Task, ...] = ()
    leaf_rows: str = ""
    quantiles: bool = False
    hastens: bool = False
    space: Mapping[str, Range] = field(default_factory=dict)
    tried: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    letters: bool = False
    refits: bool = False
    additive: bool = False
    bounds: Callable[[Any], tuple[float, float]] | None = None

    def work(self, options: Mapping[str, Any], task: Task) -> float:
        """How long a fit with these options should take, in fits of LightGBM."""
        return self.cost * self.effort(options, task)


def reached(rounds: int) -> tuple[int, ...]:
    """The rounds of the grid that a fit of so many rounds has stages for."""
    return tuple(stage for stage in GRID if stage <= rounds)


def share_until(began: float, moment: float) -> float:
    """The share of the time since `began` that had passed at `moment`, both by the monotonic clock; more than nothing."""
    return min(max((moment - began) / max(time.monotonic() - began, 1e-9), 0.01), 1.0)


def sigmoid(raw: Array) -> Array:
    """Probabilities of log-odds, without overflow."""
    out: Array = 0.5 * (1.0 + np.tanh(0.5 * raw))
    return out


def softmax(raw: Array) -> Array:
    """Class probabilities of raw scores along the last axis."""
    shifted = np.exp(raw - raw.max(axis=-1, keepdims=True))
    out: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return out


def link(task: Task, raw: Array) -> Array:
    """Raw scores to predictions: log-odds to probability, class scores to probabilities, numbers as they are."""
    if task == "binary":
        return sigmoid(raw)
    return softmax(raw) if task == "multiclass" else raw
