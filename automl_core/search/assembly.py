"""From refitted candidates to a model that scores: members, the learned columns they need, threshold and interval."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from automl_core.framing.class_factors import tune_factors
from automl_core.framing.metrics import judged_apart, judging_threshold, tune_threshold
from automl_core.framing.score_interval import score_with_interval
from automl_core.search.bands import bounded, fit_bands
from automl_core.search.calibration import Calibration
from automl_core.search.codes import Code
from automl_core.search.contest import Contest, find_candidate
from automl_core.search.families import families
from automl_core.search.family import Array
from automl_core.search.feature import Feature
from automl_core.search.features import Encoder, with_codes
from automl_core.search.formulas import Formula, Formulas
from automl_core.search.journal import FoldResult
from automl_core.search.log_target import is_log
from automl_core.search.model import Member, Model
from automl_core.search.plan import Candidate, Score
from automl_core.search.worker import ALL_ROWS, EXTRAS_KINDS, ExtrasKind


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What to assemble: the members' weights by candidate, and the honest out-of-fold predictions of `folds`, with `y` (n,)."""

    weights: dict[str, float]
    prediction: Array
    y: Array
    folds: tuple[int, ...]
    calibration: Calibration | None = None
    row_weights: Array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """The learned columns in the model: its encoder and formulas, and where the columns of each kind and fold lie."""

    encoder: Encoder
    formulas: Formulas
    places: dict[tuple[ExtrasKind, int], tuple[int, ...]]


def score_of(contest: Contest, folds: tuple[int, ...], prediction: Array) -> Score:
    """Score and interval in the problem's metric of predictions for the rows of `folds`; see `Prepared.judged`."""
    prepared, rows = contest.prepared, contest.positions(folds)
    y, counting = prepared.y[rows], prepared.counting(rows)
    said, decision = prepared.judged(y, prediction, counting, contest.fold_of(folds))
    return Score(*score_with_interval(prepared.metric, y, said, contest.plan.seed, decision, counting))


def assemble_model(contest: Contest, order: Order, refits: dict[str, FoldResult], loaded: dict[str, Any]) -> Model:
    """The model; a member that was not refitted in time is the one that did not see the first fold's rows.

    `loaded` keeps what was loaded, by candidate: most members are in several models, and what is made for their rows with them.
    """
    prepared = contest.prepared
    problem = prepared.data.problem
    sources = {key: ALL_ROWS if key in refits else 0 for key in order.weights}
    layout = _lay_out(contest, sources)
    members = []
    for key, weight in order.weights.items():
        candidate = find_candidate(contest.candidates, key)
        if key not in loaded:
            files = refits[key].files if key in refits else contest.results[key, 0].files
            loaded[key] = families().get(candidate.family).load(files)
        seen = _inputs(contest, candidate, sources[key], layout)
        logs = is_log(candidate.options)
        members.append(Member(candidate.family, candidate.label, weight, loaded[key], seen, logs,
                              contest.scale(key, order.folds)))
    bands = (bounded(fit_bands(order.y, order.prediction, order.row_weights), prepared.y) if problem.task == "regression"
             else None)
    threshold = tune_threshold(order.y, order.prediction, problem, order.row_weights) if problem.task == "binary" else 0.5
    own = judging_threshold(order.y, order.prediction, problem, order.row_weights) if judged_apart(problem) else None
    counting = prepared.counting(contest.positions(order.folds))
    factors = tune_factors(prepared.metric, order.y, order.prediction, counting) if problem.task == "multiclass" else ()
    data = prepared.data
    score = score_of(contest, order.folds, order.prediction)
    return Model(problem, data.schema or data.columns, data.columns, data.recipe, layout.encoder, tuple(members), score,
                 threshold, bands, layout.formulas, order.calibration, factors, prepared.metric.decision.middle, own)


def _lay_out(contest: Contest, sources: dict[str, int]) -> _Layout:
    """All learned columns that the members need, those of one kind side by side, each fold's once."""
    needed = dict.fromkeys((kind, fold) for key, fold in sources.items()
                           for kind in contest.wanted_extras(find_candidate(contest.candidates, key)))
    encoder = contest.prepared.encoder
    places: dict[tuple[ExtrasKind, int], tuple[int, ...]] = {}
    start = encoder.plain
    codes: list[Code] = []
    code_features: list[Feature] = []
    formulas: list[Formula] = []
    for kind, fold in sorted(needed, key=lambda one: (EXTRAS_KINDS.index(one[0]), one[1])):  # formulas come last
        extras = contest.extras[kind, fold]
        width = len(extras.features)
        places[kind, fold] = tuple(range(start, start + width))
        start += width
        if isinstance(extras.learned, Formulas):
            formulas += extras.learned.items
        else:
            codes += extras.learned
            code_features += extras.features
    return _Layout(with_codes(encoder, tuple(codes), tuple(code_features)), Formulas(tuple(formulas)), places)


def _inputs(contest: Contest, candidate: Candidate, fold: int, layout: _Layout) -> tuple[int, ...]:
    """The features the member sees; empty when it sees all there are."""
    plain = tuple(range(layout.encoder.plain))
    seen = sum((layout.places[kind, fold] for kind in contest.wanted_extras(candidate)), plain)
    return () if len(seen) == len(layout.encoder.features) + len(layout.formulas.items) else seen
