"""Explainable boosting machine (Nori et al. 2019): a curve a feature and a few pairs; learned by interpret, scored by tables."""
from __future__ import annotations

import io
import json
import warnings
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.problem import Task
from automl_core.registry import Field
from automl_core.search.family import Array, Family, FitFailed, FitRequest, Fitted, link
from automl_core.search.feature import Feature
from automl_core.search.unit import Unit, in_unit

if TYPE_CHECKING:
    import pandas as pd


FIRST_STEPS = 50  # of a fit, whose time ends nothing: as many as its columns, of very many not all
MORE_STEPS = 1.25
MOST_LEVELS = 500  # of a category, the commonest: a pair of columns has a score for each level of one and each of the other
MOST_PAIRED = 300  # features: of more, all pairs are looked through for as long as whole fits take, and no deadline ends that


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """How one feature's value becomes a bin: by `cuts` (numbers), or by the table `codes` of category codes (-1 is unknown).

    Bin 0 is missing; the last bin of every table of scores is unknown.
    """

    category: bool
    cuts: Array

    def places(self, values: Array) -> NDArray[np.int64]:
        """(n,) bins of the values."""
        missing = np.isnan(values)
        if not self.category:
            places = np.searchsorted(self.cuts, values, side="right") + 1
            places[missing] = 0
            return places
        codes = np.where(missing, 0, values).astype(np.int64)
        known = codes < len(self.cuts)
        places = np.where(known, self.cuts[np.where(known, codes, 0)].astype(np.int64) if len(self.cuts) else -1, -1)
        return np.where(missing, 0, places)


@dataclass(frozen=True, eq=False)  # without slots: what single rows need is made when the first one comes
class Glassbox:
    """Terms over one or two features: `scores[t]` (bins, k) or (bins, bins, k); a feature has bins for singles and for pairs."""

    task: Task
    intercept: Array
    terms: tuple[tuple[int, ...], ...]
    scores: tuple[Array, ...]
    single: tuple[Bins, ...]
    paired: tuple[Bins, ...]

    @cached_property
    def flat(self) -> Array:
        """(1 + all bins of all terms, k): the intercept, then the scores of one term after another."""
        return np.vstack([self.intercept, *(table.reshape(-1, len(self.intercept)) for table in self.scores)])

    @cached_property
    def steps(self) -> tuple[tuple[int, tuple[tuple[int, bool, list[float], int], ...]], ...]:
        """For each term where its scores begin in `flat`, and its features, each with kind, cuts and number of bins."""
        found, start = [], 1
        for term, table in zip(self.terms, self.scores, strict=True):
            level = self.single if len(term) == 1 else self.paired
            found.append((start, tuple((number, level[number].category, level[number].cuts.tolist(), bins)
                                       for number, bins in zip(term, table.shape, strict=False))))
            start += table[..., 0].size
        return tuple(found)


@dataclass(slots=True, eq=False)
class Clock:
    """The per-step callback of interpret: True ends the fit, of all its bags.

    A refit of one bag takes no more than a quarter more steps than it is told: what time cut off on the folds would otherwise not
    end here. Before a step for each column time ends nothing: such a model says the same for every row.
    """

    request: FitRequest
    steps: int = 0
    truncated: bool = False

    def __call__(self, bag: int, step: int, progress: bool, metric: float) -> bool:
        self.steps += 1
        self.truncated = self.truncated or (self.steps > min(len(self.request.features), FIRST_STEPS) and self.request.over())
        enough = self.request.rounds > 1 and self.request.bags == 1 and self.steps >= MORE_STEPS * self.request.rounds
        return self.truncated or enough


def _table(matrix: Array, features: tuple[Feature, ...]) -> pd.DataFrame:
    """Category codes as texts, too rare ones missing, numbers as they are: what interpret takes for nominal and continuous."""
    import pandas as pd

    columns: dict[str, Any] = {}
    for number, feature in enumerate(features):
        values = matrix[:, number]
        if feature.kind == "category":
            codes = np.array([*(str(code) for code in range(min(len(feature.levels), MOST_LEVELS))), None], dtype=object)
            columns[str(number)] = codes[np.where(values < MOST_LEVELS, values, -1).astype(np.int64)]
        else:
            columns[str(number)] = values
    return pd.DataFrame(columns)


def _fit(request: FitRequest) -> Fitted:
    from interpret.glassbox import ExplainableBoostingClassifier, ExplainableBoostingRegressor

    request, unit = in_unit(request)
    clock = Clock(request)
    several = request.task == "multiclass"
    settings: dict[str, Any] = {
        "feature_types": ["nominal" if feature.kind == "category" else "continuous" for feature in request.features],
        "interactions": 0 if several or not 2 <= len(request.features) <= MOST_PAIRED else int(request.options.get("pairs", 10)),
        "outer_bags": max(int(request.options.get("outer_bags", 1)), request.bags),
        "n_jobs": 1, "random_state": request.seed, "callback": clock,
        "learning_rate": float(request.options.get("learning_rate", 0.04)), "max_bins": int(request.options.get("max_bins", 256)),
        "smoothing_rounds": int(request.options.get("smoothing_rounds", 75)),
        "max_rounds": int(request.options.get("rounds", 5000)),
    }
    regression = request.task == "regression"
    model = ExplainableBoostingRegressor(**settings) if regression else ExplainableBoostingClassifier(**settings)
    target = request.y if regression else request.y.astype(np.int64)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about empty columns and about its own plots of missing values, which are not used
            model.fit(_table(request.matrix, request.features), target, sample_weight=request.weights)
    except (ValueError, TypeError, RuntimeError, KeyError, IndexError) as error:
        raise FitFailed(f"The explainable boosting machine could not learn from this table ({str(error)[:120]}).") from error
    # a fit that ended by itself is told again to do so: twice its steps and a quarter are never reached
    steps = clock.steps if clock.truncated else 2 * clock.steps
    return Fitted(_tables(request, model, unit), max(1, steps), clock.truncated, bags=request.bags)


def _tables(request: FitRequest, model: Any, unit: Unit) -> Glassbox:
    several = request.task == "multiclass"
    outputs = request.classes if several else 1
    seen = np.asarray(model.classes_, dtype=np.int64) if several else None
    intercept = np.asarray(model.intercept_, dtype=np.float64).reshape(-1)
    scores = [np.asarray(table, dtype=np.float64) for table in model.term_scores_]
    if seen is not None:
        # a class that these rows lack gets a raw score that no other can lose to
        full = np.full(outputs, -30.0)
        full[seen] = intercept if len(intercept) == len(seen) else [-intercept[0] / 2, intercept[0] / 2]
        intercept = full
        scores = [_spread(table, seen, outputs) for table in scores]
    else:
        scores = [unit.spread * table[..., None] for table in scores]
        intercept = unit.back(intercept)
    features = range(len(request.features))
    single = tuple(_bins(model.bins_[number][0], request.features[number]) for number in features)
    paired = tuple(_bins(model.bins_[number][-1], request.features[number]) for number in features)
    return Glassbox(request.task, intercept, tuple(tuple(int(place) for place in term) for term in model.term_features_),
                    tuple(scores), single, paired)


def _spread(table: Array, seen: NDArray[np.int64], outputs: int) -> Array:
    """Scores of the classes seen in training, (..., k) over all classes; with two seen classes interpret keeps log-odds."""
    if len(seen) == 2 and (table.ndim == 1 or table.shape[-1] != 2):
        table = np.stack([-table / 2, table / 2], axis=-1)
    out = np.zeros((*table.shape[:-1], outputs))
    out[..., seen] = table
    return out


def _bins(level: Any, feature: Feature) -> Bins:
    if feature.kind != "category":
        return Bins(False, np.asarray(level, dtype=np.float64))
    table = np.full(len(feature.levels), -1.0)
    table[MOST_LEVELS:] = 0.0  # missing, as they were when it learned
    for text, place in level.items():
        table[int(text)] = place
    return Bins(True, table)


def _parts(model: Glassbox, matrix: Array) -> list[Array]:
    """(n, k) of each term."""
    single = {term[0]: model.single[term[0]].places(matrix[:, term[0]]) for term in model.terms if len(term) == 1}
    several = {number for term in model.terms if len(term) > 1 for number in term}
    paired = {number: model.paired[number].places(matrix[:, number]) for number in several}
    return [table[single[term[0]]] if len(term) == 1 else table[tuple(paired[number] for number in term)]
            for term, table in zip(model.terms, model.scores, strict=True)]


def _predict(model: Glassbox, matrix: Array) -> Array:
    raw = np.repeat(model.intercept[None, :], len(matrix), axis=0)
    for part in _parts(model, matrix):
        raw += part
    return link(model.task, raw if model.task == "multiclass" else raw[:, 0])


def _predict_row(model: Glassbox, row: Array) -> Any:
    values = row.tolist()
    chosen = [0]
    for start, features in model.steps:
        place = 0
        for number, category, cuts, bins in features:
            place = place * bins + _place(category, cuts, values[number]) % bins  # -1 is the last
        chosen.append(start + place)
    raw = np.cumsum(model.flat[chosen], axis=0)[-1]
    return link(model.task, raw) if model.task == "multiclass" else float(link(model.task, raw)[0])


def _place(category: bool, cuts: list[float], value: float) -> int:
    if value != value:
        return 0
    if not category:
        return 1 + bisect_right(cuts, value)
    return int(cuts[int(value)]) if int(value) < len(cuts) else -1


def _contributions(model: Glassbox, matrix: Array) -> tuple[Array, Any]:
    """The terms themselves; a pair gives half to each of its features."""
    phi = np.zeros((len(matrix), len(model.single), len(model.intercept)))
    for term, part in zip(model.terms, _parts(model, matrix), strict=True):
        for number in term:
            phi[:, number] += part / len(term)
    return (phi, model.intercept) if model.task == "multiclass" else (phi[:, :, 0], float(model.intercept[0]))


def _save(model: Glassbox) -> dict[str, bytes]:
    arrays = {f"scores{number}": table for number, table in enumerate(model.scores)}
    for name, level in (("single", model.single), ("paired", model.paired)):
        arrays |= {f"{name}{number}": bins.cuts for number, bins in enumerate(level)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    document = {"task": model.task, "intercept": model.intercept.tolist(), "terms": model.terms,
                "categories": [bins.category for bins in model.single]}
    return {"ebm.json": json.dumps(document).encode(), "ebm.npz": buffer.getvalue()}


def _load(files: Mapping[str, bytes]) -> Glassbox:
    stored = json.loads(files["ebm.json"])
    categories = stored["categories"]
    with np.load(io.BytesIO(files["ebm.npz"]), allow_pickle=False) as arrays:
        scores = tuple(arrays[f"scores{number}"] for number in range(len(stored["terms"])))
        single, paired = (tuple(Bins(category, arrays[f"{name}{number}"]) for number, category in enumerate(categories))
                          for name in ("single", "paired"))
    terms = tuple(tuple(term) for term in stored["terms"])
    return Glassbox(stored["task"], np.array(stored["intercept"]), terms, scores, single, paired)


FAMILY = Family(
    name="ebm", title="Explainable boosting machine", package="", requires=(),
    fields=(
        Field("pairs", "Pairs of columns", "integer", 10, minimum=0, maximum=200, help="How many pairs may act together."),
        Field("outer_bags", "Repeats that are averaged", "integer", 1, minimum=1, maximum=50),
        Field("learning_rate", "Learning rate", "number", 0.04, minimum=0.001, maximum=1.0),
    ),
    tasks=("binary", "multiclass", "regression"), fit=_fit, predict=_predict, predict_row=_predict_row, save=_save, load=_load,
    contributions=_contributions, legible=True, fit_package="interpret", fit_modules=("interpret.glassbox",), cost=3.0,
    bagged=True,
    hastens=True, refits=True, additive=True,
)
