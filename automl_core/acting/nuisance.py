"""Cross-fitted helpers of an effect estimate: each row's value comes from models that have not seen the row.

A linear model, straight or bent whichever loses less, is blended by out-of-fold loss with a boosted one that begins where it
ends (a small super learner, van der Laan, Polley and Hubbard 2007): the first does not waste rows on what a line tells, the
second finds thresholds and interactions in what is left. Where it finds some, the line is drawn once more with bent sums and
differences of the numbers it used most, and with bumps over them, and what loses least is kept. Where many columns tell nothing
it is nearly level.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.acting import linear, trees
from automl_core.acting.covariates import Covariates
from automl_core.framing.dependent import codes_of

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Folds = NDArray[np.int64]
FOLDS, FEW_FOLDS = 5, 3
ROUNDS = 100
MOST_FIT_ROWS = 8_000
MANY_ROWS = 5 * MOST_FIT_ROWS  # from so many on most fits learn from no fewer rows by three folds than by five
LEAST_BENT_ROWS = 500
MOST_BENT = 200  # columns of the bent design
LEAST_CROSSED_ROWS = 1_000
LEAST_GAIN = 0.002  # of the line's loss, that trees must take off before the line is drawn again
MOST_CROSSED = 3  # numbers whose sums and differences are bent
PLENTY = 5_000  # with so many rows to judge by, the first fold tells which design is worth fitting, and whether trees are
PENALTY, LEVEL_PENALTY = 1.0, 1_000.0
FEW_ROWS = 20  # for each column of a line: of fewer it follows chance
HINT = 1.5  # errors of a correlation: columns that tell less of a target are taken to tell nothing
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def folds_for(rows: int) -> int:
    """How many folds the helpers of a table of so many rows are fitted on."""
    return FEW_FOLDS if rows >= MANY_ROWS else FOLDS


def fold_of(rows: int, groups: NDArray[np.generic] | None, seed: int, folds: int = FOLDS) -> Folds:
    """A fold number for each row; all rows of one group share it, and rows whose group is missing stand alone."""
    generator = np.random.default_rng(seed)
    if groups is None:
        return np.asarray(generator.permutation(rows) % folds, dtype=np.int64)
    codes = codes_of(groups)
    return np.asarray((generator.permutation(int(codes.max(initial=-1)) + 2) % folds)[codes], dtype=np.int64)


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """One fold: the places of the rows that are learned from, and of the `rows` that are answered."""

    train: NDArray[np.intp]
    rows: NDArray[np.intp]


@dataclass(frozen=True, eq=False, slots=True)
class Case:
    """What is to be told: the `target` (n,), the rows whose target is known, and the parts."""

    target: Floats
    learn_from: Mask
    parts: tuple[Part, ...]
    binary: bool

    @property
    def judged(self) -> NDArray[np.intp]:
        """The rows answered whose target is known."""
        rows = np.concatenate([part.rows for part in self.parts])
        return np.asarray(rows[self.learn_from[rows]])

    def loss(self, told: Floats) -> float:
        """What predictions (n,) lose on the judged rows."""
        rows = self.judged
        return _loss(self.target[rows], told[rows], self.binary)


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """A line of each part (None where its target does not vary), and what it tells, (n,), also as a raw score; with the
    `penalty` that it was drawn with."""

    design: Floats
    betas: tuple[Floats | None, ...]
    told: Floats
    raw: Floats
    penalty: float = PENALTY


@dataclass(frozen=True, eq=False, slots=True)
class Blend:
    """A line, what boosted models tell that begin where it ends (n,), the gain of each covariate in them, and the share of them
    with the least out-of-fold loss."""

    line: Line
    boosted: Floats
    gains: Floats
    share: float
    loss: float

    @property
    def told(self) -> Floats:
        """The blend's predictions, (n,)."""
        return np.asarray(self.share * self.boosted + (1 - self.share) * self.line.told, dtype=np.float64)


@dataclass(frozen=True, eq=False, slots=True)
class CrossFit:
    """Predictions of every row, (n,), and, where trees told more than the line, the blend and the case that they come from: only
    there does it matter whether the models have rows enough (see `Learner.halves`)."""

    whole: Floats
    best: Blend | None = None
    case: Case | None = None

    @property
    def bent(self) -> bool:
        """Whether the target is no straight line."""
        return self.best is not None


@dataclass(frozen=True, eq=False, slots=True)
class Learner:
    """The covariates made ready once, for many targets: bins for the boosted model, a design matrix for the linear one.

    `most` caps the rows that one fit learns from; every row is predicted whatever its size. `bends` lets the line bend. `ready`
    is the plain design, where it is known.
    """

    covariates: Covariates
    most: int = MOST_FIT_ROWS
    rounds: int = ROUNDS
    seed: int = 0
    bends: bool = True
    ready: InitVar[Floats | None] = None
    design: Floats = field(init=False)
    bent: Floats | None = field(init=False)
    binned: Any = field(init=False)

    def __post_init__(self, ready: Floats | None) -> None:
        plain = linear.design(self.covariates) if ready is None else ready
        object.__setattr__(self, "design", plain)
        bent = linear.curved(self.covariates, plain, MOST_BENT) if self.bends and len(plain) >= LEAST_BENT_ROWS else None
        object.__setattr__(self, "bent", bent)
        object.__setattr__(self, "binned", trees.binned(self.covariates))

    def cross_fit(self, target: Floats, learn_from: Mask, folds: Folds, binary: bool, asked: Mask | None = None) -> Floats:
        """Predictions (n,) of `target`, learned on the rows `learn_from` of the other folds; for every row, or for those `asked`
        and learned from (NaN elsewhere)."""
        return self.cross_fits(target, learn_from, folds, binary, asked).whole

    def cross_fits(self, target: Floats, learn_from: Mask, folds: Folds, binary: bool, asked: Mask | None = None) -> CrossFit:
        """As `cross_fit`, with what the models were."""
        wanted = np.ones(len(target), dtype=bool) if asked is None else asked | learn_from
        parts = []
        for fold in np.unique(folds):
            inside = folds == fold
            parts.append(Part(self._picked(np.flatnonzero(learn_from & ~inside), int(fold)), np.flatnonzero(inside & wanted)))
        case = Case(target, learn_from, tuple(parts), binary)
        first = replace(case, parts=case.parts[:1])
        tried = first if len(first.judged) >= PLENTY else case
        line = self._line(tried)
        if self.covariates.matrix.shape[1] == 0:
            return CrossFit(line.told if tried is case else _drawn(line.design, case, penalty=line.penalty).told)
        best = self._blended(line, tried)
        bent = self.bends and len(self.design) >= LEAST_CROSSED_ROWS and best.loss < (1 - LEAST_GAIN) * tried.loss(line.told)
        for redrawn in self._redrawn(best, tried) if bent else ():
            best = min(best, self._blended(redrawn, tried), key=lambda one: one.loss)
        if tried is not case:
            line = _drawn(best.line.design, case, best.line.betas, best.line.penalty)
            best = replace(best, line=line, boosted=line.told) if best.share == 0 else self._blended(line, case, best)
        return CrossFit(best.told, best, case) if bent else CrossFit(best.told)

    def halves(self, fitted: CrossFit, groups: NDArray[np.generic] | None = None) -> tuple[Floats, ...]:
        """What the same models tell, (n,) each, when they learn from either half of the rows, or of their groups; empty for a
        straight target."""
        if fitted.best is None or fitted.case is None:
            return ()
        half = fold_of(len(fitted.case.target), groups, self.seed, 2)
        return tuple(self._half(fitted.best, fitted.case, half == side) for side in (0, 1))

    def _half(self, best: Blend, case: Case, half: Mask) -> Floats:
        """What the design and the share of a blend tell (n,) when they learn from one half of the rows."""
        case = replace(case, parts=tuple(Part(part.train[half[part.train]], part.rows) for part in case.parts))
        line = _drawn(best.line.design, case, penalty=best.line.penalty)
        if best.share == 0:
            return line.told
        return replace(self._blended(line, case), share=best.share).told

    def _line(self, case: Case) -> Line:
        designs = [self.design, *([] if self.bent is None else [self.bent])]
        return min((_shrunk(design, case) for design in designs), key=lambda line: case.loss(line.told))

    def _redrawn(self, best: Blend, case: Case) -> list[Line]:
        """The line with bent sums and differences of the numbers that trees used most, and with bumps over them together: what
        loses less than the line by either."""
        used = [place for place in linear.numbers(self.covariates) if best.gains[place] > 0]
        used = sorted(used, key=lambda place: -best.gains[place])[:MOST_CROSSED]
        designs = [draw(self.covariates, best.line.design, used) for draw in (linear.crossed, linear.smooth)]
        lines = [_drawn(design, case, penalty=best.line.penalty) for design in designs if design is not None]
        return [line for line in lines if case.loss(line.told) < case.loss(best.line.told)]

    def _blended(self, line: Line, case: Case, before: Blend | None = None) -> Blend:
        """A line with boosted models that begin where it ends, so that their trees are left for what no line can tell; the first
        part's is that of the blend `before`, when there is one."""
        boosted, gains = line.told.copy(), np.zeros(self.covariates.matrix.shape[1])
        for place, (part, beta) in enumerate(zip(case.parts, line.betas, strict=True)):
            if place == 0 and before is not None:
                boosted[part.rows] = before.boosted[part.rows]
            elif beta is not None:
                booster = trees.grown(
                    self.binned, part.train, case.target[part.train], case.binary, self.rounds, line.design[part.train] @ beta
                )
                rest = trees.raw_scores(booster, self.covariates.matrix[part.rows])
                boosted[part.rows] = linear.answer(line.raw[part.rows] + rest, case.binary)
                gains += booster.feature_importance("gain")
        losses = [case.loss(share * boosted + (1 - share) * line.told) for share in SHARES]
        best = int(np.argmin(losses)) if np.isfinite(losses).any() else len(SHARES) - 1
        return Blend(line, boosted, gains, SHARES[best], losses[best])

    def group_chance(self, rows: Mask, among: Mask, folds: Folds, codes: Folds) -> Floats:
        """The chance (n,) that a row's whole group is one of those marked by `rows`, learned from one observation a group: the
        means of its rows, by ridge logistic regression blended with the plain share. `codes` (n,) number the groups."""
        sizes = np.bincount(codes[among], minlength=codes.max() + 1).astype(np.float64)
        here = np.flatnonzero(sizes)
        means = np.column_stack([np.bincount(codes, column * among, len(sizes))[here] / sizes[here] for column in self.design.T])
        has = (np.bincount(codes, rows & among, len(sizes))[here] / sizes[here] > 0.5).astype(np.float64)
        part = np.zeros(len(sizes), dtype=np.int64)
        part[codes] = folds
        plain, straight = np.empty(len(here)), np.empty(len(here))
        for fold in np.unique(part[here]):
            inside = part[here] == fold
            plain[inside] = float((has[~inside].sum() + 0.5) / ((~inside).sum() + 1))
            straight[inside] = linear.predict(means[inside], linear.fit(means[~inside], has[~inside], True), True)
        share = _best_share(has, plain, straight, True)
        told = np.full(len(sizes), float(has.mean()))
        told[here] = share * straight + (1 - share) * plain
        return np.asarray(told[codes], dtype=np.float64)

    def gains(self, target: Floats, binary: bool) -> Floats:
        """How much each covariate helps to tell `target`, as shares that sum to 1 (all zero when none does)."""
        if np.ptp(target) == 0 or self.covariates.matrix.shape[1] == 0:
            return np.zeros(self.covariates.matrix.shape[1])
        train = self._picked(np.arange(len(target)), 0)
        if np.ptp(target[train]) == 0:
            return np.zeros(self.covariates.matrix.shape[1])
        found = trees.gains_of(self.binned, train, target[train], binary, self.rounds)
        return found / found.sum() if found.sum() > 0 else found

    def _picked(self, rows: NDArray[np.intp], salt: int) -> NDArray[np.intp]:
        if len(rows) <= self.most:
            return rows
        return np.sort(np.random.default_rng((self.seed, salt)).choice(rows, self.most, replace=False))


def _shrunk(design: Floats, case: Case) -> Line:
    """The lines of a case: nearly level where columns are many beside its rows and tell nothing of the target, for a line that
    follows chance makes an effect seem half as sure as it is. Where they tell something it is not shrunk, though that may lose
    less: what many weak columns explain together would be left in the effect."""
    line = _drawn(design, case)
    if FEW_ROWS * design.shape[1] <= min(len(part.train) for part in case.parts):
        return line
    level, rows = _drawn(design, case, penalty=LEVEL_PENALTY), case.judged
    told, target = level.told[rows], case.target[rows]
    if not len(rows) or told.std() == 0 or target.std() == 0 or not case.loss(level.told) < case.loss(line.told):
        return line
    return level if float(np.corrcoef(told, target)[0, 1]) < HINT / np.sqrt(len(rows)) else line


def _drawn(design: Floats, case: Case, known: tuple[Floats | None, ...] = (), penalty: float = PENALTY) -> Line:
    """The lines of a case; of its first parts they may be `known`."""
    told, raw, betas = np.full(len(case.target), np.nan), np.full(len(case.target), np.nan), []
    near = None
    for place, part in enumerate(case.parts):
        values = case.target[part.train]
        varies = len(values) >= 2 and np.ptp(values) > 0
        if place < len(known):
            beta = known[place]
        else:
            beta = linear.fit(design[part.train], values, case.binary, penalty, near) if varies else None
        if beta is None:
            told[part.rows] = float(values.mean()) if len(values) else 0.0
        else:
            raw[part.rows] = design[part.rows] @ beta
            told[part.rows], near = linear.answer(raw[part.rows], case.binary), beta
        betas.append(beta)
    return Line(design, tuple(betas), told, raw, penalty)


def _best_share(target: Floats, straight: Floats, boosted: Floats, binary: bool) -> float:
    """The share of the boosted model with the least out-of-fold loss."""
    losses = [_loss(target, share * boosted + (1 - share) * straight, binary) for share in SHARES]
    return SHARES[int(np.argmin(losses))] if losses and np.isfinite(losses).any() else 1.0


def _loss(target: Floats, told: Floats, binary: bool) -> float:
    """Mean log loss of a chance, or mean squared error of a number; infinite without rows."""
    if not len(target):
        return float("inf")
    if not binary:
        return float(np.mean((target - told) ** 2))
    told = told.clip(1e-4, 1 - 1e-4)
    return -float(np.mean(target * np.log(told) + (1 - target) * np.log(1 - told)))
