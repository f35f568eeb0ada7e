"""Whom to move, learned from all rows and measured on rows that did not choose: policy trees on folds of the rows.

Each fold is answered by a tree of the other folds (a data-adaptive parameter: Hubbard, Kherad-Pajouh and van der Laan 2016), so
that a group is picked from nearly all rows and measured on all. But models behind the gains have seen the held rows, too, and
folds share most of what they learn from: what chance made of the rows they agree on, and that is no test. So whether there is
anything at all is asked of trees of either half, grown on the rows' own scores, on the other half.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.conditions import all_hold
from automl_core.acting.policy import (
    Leaf,
    Objective,
    Places,
    Sums,
    best_pair,
    best_side,
    leaf_of,
    sums_over,
    used_columns,
)
from automl_core.acting.splits import Cut, Floats, Splits, candidates

Mask = NDArray[np.bool_]
PARTS = 6  # the first three are one half
ALIKE = 0.65  # Jaccard: from so much on a group of a tree without some rows is taken for the group of all rows
MOST_TREES = 0.6  # of the folds must have such a group
OWN_SHARE = 0.368  # of what a rule brings on its own rows: rules of fewer rows look worse than it is (Efron 1983)


@dataclass(frozen=True, eq=False, slots=True)
class Group:
    """Whom to move, and the rows (n,) that tell how much it brings: of each fold those of the group that the others chose (None:
    everybody is meant, whom nobody chose)."""

    leaf: Leaf
    told: Mask | None


@dataclass(frozen=True, eq=False, slots=True)
class Crossed:
    """The groups to move, and the rows (n,) that trees of either half would move on the other half."""

    groups: tuple[Group, ...]
    halves: Mask


@dataclass(frozen=True, eq=False, slots=True)
class _Rule:
    """Groups in words, with their rows, (n,) each."""

    leaves: tuple[Leaf, ...]
    rows: tuple[Mask, ...]

    def moved(self, rows: NDArray[np.intp]) -> Mask:
        """Which of the `rows` are moved."""
        return np.asarray(np.any([mask[rows] for mask in self.rows], axis=0) if self.rows else np.zeros(len(rows), dtype=bool))


def crossed_policy(splits: Splits, objective: Objective, own: Floats, folds: NDArray[np.int64]) -> Crossed:
    """The groups of a rule of no, one or two splits, whichever brings most: on rows that did not choose it, where it must bring
    something, and to a third on its own. `folds` (n,) number six parts of the rows. `own` (n,) are gains that do not lean on
    models which have seen all rows: what either half picks by."""
    parts = [np.flatnonzero(objective.looked & (folds == part)) for part in range(PARTS)]
    whole, *others = _rules(splits, objective, parts, [(), *((part,) for part in range(PARTS))])
    told = [_brought([rule[depth] for rule in others], parts, objective.gain) for depth in range(len(whole))]
    rows = np.concatenate(parts)
    flattered = [float(objective.gain[rows][rule.moved(rows)].sum()) for rule in whole]
    worth = [OWN_SHARE * one + (1 - OWN_SHARE) * other for one, other in zip(flattered, told, strict=True)]
    moved = np.zeros(len(folds), dtype=bool)
    for best in sorted((depth for depth, gain in enumerate(told) if gain > 0), key=lambda depth: -worth[depth]):
        groups = _groups(whole[best], [rule[best] for rule in others], parts, objective.counted)
        if groups:  # a rule whose groups differ from fold to fold is none
            break
    else:
        return Crossed((), moved)
    if not any(group.leaf for group in groups):
        return Crossed(groups, moved)
    halves = [np.concatenate(parts[: PARTS // 2]), np.concatenate(parts[PARTS // 2 :])]
    for half, rule in zip(halves, _rules(splits, replace(objective, gain=own), halves, [(0,), (1,)]), strict=True):
        moved[half] = rule[best].moved(half)
    return Crossed(groups, moved)


def _groups(whole: _Rule, others: list[_Rule], parts: list[NDArray[np.intp]], counted: Mask) -> tuple[Group, ...]:
    """The groups of a rule of all rows that the rules without some of them have, too."""
    groups = []
    for leaf, mask in zip(whole.leaves, whole.rows, strict=True):
        rows = _told(mask, others, parts, counted) if leaf else None
        if rows is not None or not leaf:
            groups.append(Group(leaf, rows))
    return tuple(groups)


def _brought(rules: list[_Rule], parts: list[NDArray[np.intp]], gain: Floats) -> float:
    """What the rules bring, each on the part that did not choose it."""
    return sum(float(gain[rows][rule.moved(rows)].sum()) for rule, rows in zip(rules, parts, strict=True))


def _told(group: Mask, others: list[_Rule], parts: list[NDArray[np.intp]], counted: Mask) -> Mask | None:
    """The rows of each fold in the group of its tree that is most like `group`; None when too few trees have one."""
    told, found = np.zeros(len(group), dtype=bool), 0
    own = group & counted
    for rule, rows in zip(others, parts, strict=True):
        likeness = [float((own & mask).sum()) / max(1, int(((group | mask) & counted).sum())) if leaf else 0.0
                    for leaf, mask in zip(rule.leaves, rule.rows, strict=True)]
        if likeness and max(likeness) >= ALIKE:
            told[rows] = rule.rows[int(np.argmax(likeness))][rows]
            found += 1
    return told if found >= MOST_TREES * len(parts) else None


def _rules(
    splits: Splits, objective: Objective, parts: list[NDArray[np.intp]], left_out: list[tuple[int, ...]]
) -> list[tuple[_Rule, ...]]:
    """For each set of parts that is left out the rules of no, one and two splits that the other parts choose: of all columns by
    coarse cuts, and once more of those they name by fine ones."""
    first = _searched(splits, objective, parts, left_out)
    names = [frozenset(one.column for rule in rules for leaf in rule.leaves for one in leaf) for rules in first]
    if not any(names):
        return first
    fine = splits.finer(frozenset.union(*names))
    again = _searched(fine, objective, parts, left_out, names)
    return [tuple(sharp if any(sharp.leaves) else rule for rule, sharp in zip(*both, strict=True))
            for both in zip(first, again, strict=True)]


def _searched(
    splits: Splits,
    objective: Objective,
    parts: list[NDArray[np.intp]],
    left_out: list[tuple[int, ...]],
    names: list[frozenset[str]] | None = None,
) -> list[tuple[_Rule, ...]]:
    """The rules for each set of parts that is left out, by cuts of its columns `names` (None: of all)."""
    many = len(parts)
    of = np.zeros((len(objective.gain), 2 * many), dtype=np.float32)
    for place, part in enumerate(parts):
        of[part, place], of[part, many + place] = objective.gain[part], objective.counted[part]
    told = splits.sums(of)
    cuts = []
    for at, held in enumerate(left_out):
        kept = [part for part in range(many) if part not in held]
        gain, count = (told[:, [start + part for part in kept]].sum(axis=1) for start in (0, many))
        cuts.append(candidates(splits, gain, count, None if names is None else names[at]))
    mixes = [splits.mixed(some) for some in cuts]
    used = used_columns(*mixes)
    each = [sums_over(splits.basis[:, used], objective, part) for part in parts]
    whole = _total(each)
    made = []
    for held, some, mixed in zip(left_out, cuts, mixes, strict=True):
        sums = whole.less(_total([each[part] for part in held])) if held else whole
        made.append(_chosen(splits, some, mixed[used], sums, objective.least * (1 - len(held) / many)))
    return made


def _total(each: list[Sums]) -> Sums:
    return Sums(*(np.sum([getattr(one, name) for one in each], axis=0) for name in ("gain", "square", "count")))


def _chosen(splits: Splits, cuts: list[Cut], mixed: Floats, sums: Sums, least: float) -> tuple[_Rule, ...]:
    """The rules of no, one and two splits; where no split leaves a losing part out, everybody is moved or nobody."""
    stay: Places = ((),) if sums.gain[0, 0] > 0 else ()
    rules = [stay, stay, stay]
    if cuts:
        sides = sums.on(mixed)
        rules[1:] = [stay if found is None else found for found in (best_side(sides, least), best_pair(sides, least))]
    made = []
    for places in rules:
        leaves = tuple(leaf_of(splits, cuts, one) if one else () for one in places)
        made.append(_Rule(leaves, tuple(all_hold(leaf, splits.cells) for leaf in leaves)))
    return tuple(made)
