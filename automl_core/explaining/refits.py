"""Models of the same kind, or what stands in for slow kinds, fitted again without some rows.

It is the honest way to ask what the score needs, and how sure ranks are.

The model that is handed over has learned from all rows, so nothing is left to test it on. Here the rows are split into halves by
the problem's own rules (groups together, time forward), and members like the model's are fitted on each half alone, codes and
formulas included. By the arithmetic of half-samples the spread of such refits is about that of the model itself under new data
(Politis, Romano and Wolf 1999).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Column
from automl_core.data.words import join_words
from automl_core.errors import BadInput
from automl_core.framing.metric_rows import inverse_size
from automl_core.framing.metrics import metric_of
from automl_core.framing.problem import Problem
from automl_core.framing.validation import make_folds, row_groups, usable_weights
from automl_core.search.codes import CodeSource, fit_codes
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.features import with_codes
from automl_core.search.formula_lab import FormulaSource, fit_formulas
from automl_core.search.letter_lab import fit_letters
from automl_core.search.letters import Letters, levels_of
from automl_core.search.log_target import family_options, to_log
from automl_core.search.model import NO_FORMULAS, Member, Model
from automl_core.search.plan import Trial
from automl_core.search.portfolio import loss_options
from automl_core.search.worker import FAILURES, LARGEST_SEED

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
STAND_IN = "lightgbm"  # for families that do not say that they are quick to fit again
MOST_ROWS = 10_000
LEAST_ROWS = 80
MOST_ROUNDS = 400
PAIRS = 4
FORMULA_SECONDS = 2.0
FIT_SECONDS = 10.0  # that each refit may take, however little time is left


@dataclass(frozen=True, slots=True)
class MemberSpec:
    """How one member is fitted again: its family's options, and rounds (0: stopped early on a tenth of the rows)."""

    family: str
    options: dict[str, Any] = field(default_factory=dict)
    rounds: int = 0
    exact: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """Rows with known outcomes to learn from again: `frame` typed and cleaned, `y` (n,) codes or numbers, `columns` of the frame.

    `trials` tell the options of the members, when they are known.
    """

    frame: pd.DataFrame
    y: Floats
    columns: tuple[Column, ...]
    trials: tuple[Trial, ...] = ()
    seed: int = 0

    def weights(self, problem: Problem) -> Floats | None:
        """(n,) how much each row counts, 1 on average over those with an outcome; None when all count alike, also where such a
        row has no weight that can be used. Rows without an outcome teach nothing, so theirs may be missing (they count 0)."""
        known = np.isfinite(self.y)
        values = usable_weights(self.frame[known], problem) if problem.weights else None
        if values is None:
            return None
        found = np.zeros(len(self.y))
        found[known] = values / values.mean()
        return found

    def learning_weights(self, problem: Problem) -> Floats | None:
        """(n,) the same while a model learns: by the inverse of the truth, too, where errors are judged relative to it."""
        given = self.weights(problem)
        if metric_of(problem).name != "mape":
            return given
        found, known = np.ones(len(self.y)), np.isfinite(self.y)
        found[known] = inverse_size(self.y[known])
        return found if given is None else found * given


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """A model that learned from `train` and did not see `valid` (positions in `Past.frame`)."""

    model: Model
    train: Places
    valid: Places


def spec_of(model: Model, member: Member, trials: tuple[Trial, ...]) -> MemberSpec:
    """The settings of a member from the search's list of what was tried; a slow kind of model is stood in for by LightGBM."""
    if not member.kind.refits:
        return MemberSpec(STAND_IN, loss_options(model.problem, STAND_IN), exact=False)
    trial = next((one for one in trials if one.family == member.family and one.label == member.label), None)
    if trial is None:
        return MemberSpec(member.family, loss_options(model.problem, member.family))
    rounds = int(np.median(trial.rounds)) if trial.rounds else 0
    return MemberSpec(member.family, family_options(trial.options), min(rounds, MOST_ROUNDS), rounds <= MOST_ROUNDS)


def kinds_used(model: Model) -> str:
    """Which kinds of model are fitted again, in a sentence: the model's own, or what stands in for those that do not
    say that they are quick enough."""
    own = list(dict.fromkeys(member.kind.title for member in model.members if member.kind.refits))
    slow = list(dict.fromkeys(member.kind.title for member in model.members if not member.kind.refits))
    if not slow:
        return f"They are of the model's own kind ({join_words(own)})."
    standing = families().get(STAND_IN).title
    left = f"{join_words(slow)} {'is' if len(slow) == 1 else 'are'} not fitted again here"
    rest = f"; {join_words(own)} as in the model" if own else ""
    return f"{left}, so {standing} stands in{rest}: the figures are of these, not of the model itself."


def refits(model: Model, past: Past, seconds: float, fits: int = 0) -> Iterator[Refit]:
    """Up to four pairs of halves, the two of a pair one after the other, until the time is up; two at least.
    With a number of `fits` it is these, and the time only stops a fit that does not come to its end.

    Nothing when there are fewer than 80 rows with an outcome, or the rows cannot be split by the problem's rules. It ends with a
    fit that takes twice the time (and more than ten seconds): what is cut off is no model of the same kind.
    """
    until, known = time.monotonic() + seconds, _known(past)
    if len(known) < LEAST_ROWS:
        return
    table = _Table(model, past, known)
    done, longest = 0, 0.0
    for pair in range(PAIRS):
        try:
            folds = make_folds(table.target, model.problem, table.frame, past.columns, 2, past.seed + pair)
        except BadInput:
            return
        for train, valid in folds:
            if (done >= fits) if fits else (done >= 2 and time.monotonic() + longest > until):
                return
            began = time.monotonic()
            made = table.fit(train, past.seed + done, max(FIT_SECONDS, 2 * seconds))
            if made is None:
                return
            done += 1
            yield Refit(made, known[train], known[valid])
            longest = max(longest, time.monotonic() - began)  # what is done with it included
        if model.problem.time:
            return  # the split by time is always the same


def _known(past: Past) -> Places:
    """The places of the rows with an outcome, 10,000 of them at most, with the mix of outcomes that all have."""
    known = np.flatnonzero(np.isfinite(past.y))
    if len(known) <= MOST_ROWS:
        return known
    generator = np.random.default_rng(past.seed)
    order = known[np.lexsort((generator.random(len(known)), past.y[known]))]
    return np.sort(order[((np.arange(MOST_ROWS) + generator.random()) * len(known) / MOST_ROWS).astype(np.int64)])


def why_none(model: Model, past: Past) -> str:
    """Why `refits` gives nothing, in a sentence or two."""
    known = _known(past)
    wanted = "What the score needs cannot be measured: for that models are fitted again on halves of the rows"
    if len(known) < LEAST_ROWS:
        return f"{wanted}, and of {LEAST_ROWS} rows with an outcome that it takes there are {len(known)}."
    try:
        table = _Table(model, past, known)
        make_folds(table.target, model.problem, table.frame, past.columns, 2, past.seed)
    except BadInput as error:
        return f"{wanted}, and these cannot be halved. {error.message}"
    return f"{wanted}, and no model of this kind could be fitted to a half of these in time."


def again(model: Model, past: Past, seconds: float = 60.0) -> Model | None:
    """A model of the same kind, or what stands in for it, fitted on all rows of `past` (10,000 at most), whose outcomes may be
    made up; None when a library cannot learn from them, or not in time, or there are fewer than 80 rows."""
    known = _known(past)
    if len(known) < LEAST_ROWS:
        return None
    return _Table(model, past, known).fit(np.arange(len(known)), past.seed, seconds)


class _Table:
    """The known rows, encoded once for all refits."""

    def __init__(self, model: Model, past: Past, known: Places) -> None:
        self.model = model
        self.frame = past.frame.iloc[known].reset_index(drop=True)
        self.y = past.y[known]
        given, learning = past.weights(model.problem), past.learning_weights(model.problem)
        self.weights, self.learning = (None if one is None else one[known] for one in (given, learning))
        self.groups = _groups(self.frame, past.columns, model.problem)
        classes = model.problem.task != "regression"
        self.target: NDArray[np.generic] = self.y.astype(np.int64) if classes else self.y
        self.specs = [spec_of(model, member, past.trials) for member in model.members]
        encoder = model.encoder
        self.matrix = encoder.matrix(self.frame)[:, : encoder.plain]
        self.terms = encoder.terms(self.frame) if encoder.codes else {}
        self.levels = {code.source: levels_of(self.frame[code.source]) for code in encoder.codes if isinstance(code, Letters)}
        others = any(not isinstance(code, Letters) for code in encoder.codes)
        self.codings = ((fit_codes, others), (fit_letters, bool(self.levels)))

    def fit(self, train: Places, seed: int, seconds: float) -> Model | None:
        """A model like the whole one, learned from `train`; None when a library cannot, or its members take longer."""
        model, problem = self.model, self.model.problem
        plain = model.encoder.features[: model.encoder.plain]
        classes = max(2, len(problem.classes))
        matrix, features, encoder = self.matrix[train], plain, model.encoder
        if encoder.codes:
            source = CodeSource(self.matrix, plain, self.terms, self.y, problem.task, classes, problem.classes, self.groups,
                                self.weights, self.levels)
            coded = [fit(source, train, seed) for fit, wanted in self.codings if wanted]
            encoder = with_codes(encoder, sum((one.codes for one in coded), ()), sum((one.features for one in coded), ()))
            matrix = np.hstack([matrix, *(one.values[train] for one in coded)])
            features = (*features, *encoder.features[encoder.plain:])
        formulas = NO_FORMULAS
        if model.formulas.items:
            given = FormulaSource(self.matrix, plain, self.y, problem.task, classes, self.groups, self.weights, problem.classes)
            formed = fit_formulas(given, train, seed, time.monotonic() + FORMULA_SECONDS)
            formulas = formed.formulas
            matrix, features = np.hstack([matrix, formed.values[train]]), (*features, *formulas.features)
        members, until = [], time.monotonic() + seconds
        for member, spec in zip(model.members, self.specs, strict=True):
            y = to_log(self.y[train]) if member.logs else self.y[train]
            whole = FitRequest(matrix, y, features, problem.task, classes, spec.options, seed=seed % LARGEST_SEED, deadline=until)
            if self.learning is not None:
                whole = replace(whole, weights=self.learning[train])
            request = early_or_given(whole, spec)
            try:
                fitted = families().get(spec.family).fit(request)
            except FAILURES:
                return None
            if fitted.truncated:
                return None
            members.append(Member(spec.family, member.label, member.weight, fitted.native, (), member.logs, member.scale))
        own = all(spec.family == member.family for member, spec in zip(model.members, self.specs, strict=True))
        return replace(model, encoder=encoder, formulas=formulas, members=tuple(members),
                       calibration=model.calibration if own else None)  # it is that of the model's own kind


def _groups(frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem) -> Places | None:
    """(n,) the rows that must not speak for each other; None when they all stand alone, or cannot be told apart."""
    try:
        return row_groups(frame, columns, problem)
    except BadInput:
        return None  # halves cannot be made by it either


def early_or_given(request: FitRequest, spec: MemberSpec) -> FitRequest:
    """The fit with its rounds, or with a tenth of its rows to stop early on."""
    if spec.rounds:
        return replace(request, rounds=spec.rounds)
    if not families().get(spec.family).grows:
        return request
    order = np.random.default_rng(request.seed).permutation(len(request.y))
    aside, kept = np.sort(order[: max(10, len(order) // 10)]), np.sort(order[max(10, len(order) // 10) :])
    if request.task != "regression" and len(np.unique(request.y[kept])) < len(np.unique(request.y)):
        return replace(request, rounds=60)
    weights = request.weights
    return replace(request, matrix=request.matrix[kept], y=request.y[kept], valid_matrix=request.matrix[aside],
                   valid_y=request.y[aside], options={**request.options, "rounds": MOST_ROUNDS},
                   weights=None if weights is None else weights[kept],
                   valid_weights=None if weights is None else weights[aside])
