"""What the groups that rows belong to tell of who got a change: shops differ in more than their columns say.

Where rows of a group have a lever more alike than chance makes them, what sets groups apart steers it: then rows are compared on
how common it is in their group (Mundlak 1978), which tells all that groups do of a lever drawn in each at a rate of its own. A
draw by lot, in the whole table or as many in each group, has no such share: it would only repeat the row's own lever.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.covariates import Covariates
from automl_core.acting.linear import MOST_LEVELS
from automl_core.acting.nuisance import Folds, Learner
from automl_core.acting.scores import given_to_groups
from automl_core.framing.dependent import Codes, codes_of, likeness

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
SHUFFLES = 999  # none of them is as uneven: p < 0.001
OF_WHOLE = 19  # p < 0.05: wholes are few to see it by, and to miss what steers them costs more than a range a sixth wider
FIRST, BEYOND = 30, 20.0  # shuffles that tell how far chance goes, and times as far: nobody need shuffle on
LEAST_LIKE = 0.0025  # of the variance lies between groups: what tells it has a correlation of 0.05 with the lever
WHOLE = 0.9  # of the variance of a number that lies between groups: there is nothing within them to compare
WHOLE_OF_TWO = 0.85  # of a lever of two values: where one row in 25 strays, too few rows of either have any to compare with
LARGE = 10  # rows of a group that hardly tell by their share what one of them has


def groups_tell(values: Floats, codes: Codes, shuffles: int = SHUFFLES) -> bool:
    """Whether rows of one group have `values` (n,) more alike than in each of so many `shuffles` among all rows, and enough so to
    mislead. Groups that are more even than by chance, as where each got as many, tell nothing, nor do rows that
    stand alone: how far these vary is no measure of how far groups do."""
    together = np.bincount(codes, minlength=1)[codes] > 1
    values, codes = values[together], codes_of(codes[together])
    if not len(values) or likeness(values, codes) < LEAST_LIKE:
        return False
    centred, sizes = values - values.mean(), np.bincount(codes)

    def between(one: Floats) -> float:
        return float((np.bincount(codes, one) ** 2 / sizes).sum())

    random, uneven, found = np.random.default_rng(0), between(centred), list[float]()
    while len(found) < shuffles:
        found.append(between(random.permutation(centred)))
        if found[-1] >= uneven:
            return False
        if len(found) == FIRST:
            error = max(float(np.std(found, ddof=1)), float((centred**2).mean() * np.sqrt(2 * (1 - 1 / sizes).sum())))
            if uneven > np.mean(found) + BEYOND * error:
                return True
    return True


def share_in_group(values: Floats, known: Mask, codes: Codes) -> Floats:
    """(n,) the mean of the `known` values in each row's group, drawn to the mean of all by how alike rows of groups are. A group
    of fewer than ten is told without the row itself, whose own value it would be (NaN where it has no other row)."""
    like = max(likeness(values[known], codes_of(codes[known])), LEAST_LIKE)
    prior, middle = (1 - like) / like, float(values[known].mean())
    own = np.where(known, values, 0.0)
    sums, counts = (np.bincount(codes, one)[codes] for one in (own, known.astype(np.float64)))
    small = counts < LARGE
    sums, counts = np.where(small, sums - own, sums), np.where(small, counts - known, counts)
    share = (sums + prior * middle) / (counts + prior) if prior > 0 else sums / np.maximum(counts, 1)
    return np.asarray(np.where(counts > 0, share, np.nan), dtype=np.float64)


def with_shares(
    learner: Learner, levers: Sequence[Floats], among: Mask, groups: NDArray[np.generic] | None, folds: Folds, name: str
) -> Learner:
    """A learner that knows of each lever (n,), known `among` some rows, how common it is in a row's group, under the `name` of
    the groups, where these tell it beyond what covariates do; the same one where they do not, or where whole groups have it.
    So it does of every category that has more levels than a line has room for, each a group; where whole groups have the lever,
    these are asked by one row each. Groups without a name are copies of a row, of which each repeats what the others have."""
    given = learner.covariates
    own = None if groups is None else codes_of(groups)
    sources = [(name, own)] if own is not None and name else []
    sources += [(wide, codes_of(codes)) for wide, codes in wide_categories(given)]
    if not sources:
        return learner
    added: list[tuple[str, Floats]] = []
    for values in levers:
        told, binary = None, bool(np.isin(values[among], (0, 1)).all())
        asked, shuffles, whole = np.flatnonzero(among), SHUFFLES, own is not None and _whole(values, among, own, binary)
        if own is not None and whole:  # a group is one observation of who has it
            asked, shuffles = asked[np.unique(own[asked], return_index=True)[1]], OF_WHOLE
        for source, codes in sources:
            inside = codes_of(codes[asked])
            if _whole(values, among, codes, binary) or not groups_tell(values[asked], inside, shuffles):
                continue
            if told is None and own is not None and whole and binary:
                told = learner.group_chance(values == 1, among, folds, own)
            elif told is None:
                told = learner.cross_fit(np.where(among, values, 0.0), among, folds, binary)
            if groups_tell((values - told)[asked], inside, shuffles):
                added.append((source, share_in_group(values, among, codes)))
    if not added:
        return learner
    names = (*given.names, *(source for source, _ in added))
    more = Covariates(np.column_stack([given.matrix, *(share for _, share in added)]), given.categorical, names, given.wide)
    return Learner(more, learner.most, learner.rounds, learner.seed, learner.bends)


def _whole(values: Floats, among: Mask, codes: Codes, binary: bool) -> bool:
    """Whether whole groups have a lever, also where most of them have one row, whose others then say for certain what it has."""
    if binary and given_to_groups(values == 1, among, codes):
        return True
    return likeness(values[among], codes_of(codes[among])) >= (WHOLE_OF_TWO if binary else WHOLE)


def wide_categories(covariates: Covariates) -> list[tuple[str, Floats]]:
    """The categories of more levels than a line has columns for, with the codes (n,) of these (NaN: none of them)."""
    columns = {covariates.names[place]: covariates.matrix[:, place] for place in covariates.categorical} | dict(covariates.wide)
    return [(name, codes) for name, codes in columns.items() if len(np.unique(codes[~np.isnan(codes)])) > MOST_LEVELS]
