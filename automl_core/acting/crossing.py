"""Whom to move, learned from all rows and measured on rows that did not choose: policy trees on folds of the rows.

Each fold is answered by a tree of the other folds (a data-adaptive parameter: Hubbard, Kherad-Pajouh and van der Laan 2016), so
that a group is picked from nearly all rows and measured on all. But models behind the gains have seen the held rows, too, and
folds share most of what they learn from: what chance made of the rows they agree on, and that is no test. So whether there is
anything at all is asked of trees of either half, grown on the rows' own scores, on the other half, and of `flips`.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    surest_side,
    used_columns,
)
from automl_core.acting.splits import Cut, Floats, Splits, candidates

Mask = NDArray[np.bool_]
Finer = dict[frozenset[str], Splits]
PARTS = 6  # the first three are one half
ALIKE = 0.65  # Jaccard: from so much on a group of a tree without some rows is taken for the group of all rows
MOST_TREES = 0.6  # of the folds must have such a group
PRICES = (1.5, 3.0)  # of the p values of the rules that are tried: two thirds of the level, and a third of it
SUREST = 3  # its place among the rules, after those of no, one and two splits
OWN_SHARE = 0.368  # of what a rule brings on its own rows: rules of fewer rows look worse than it is (Efron 1983)


@dataclass(frozen=True, eq=False, slots=True)
class Group:
    """Whom to move, and the rows (n,) that tell how much it brings: of each fold those of the group that the others chose (None:
    everybody is meant, whom nobody chose)."""

    leaf: Leaf
    told: Mask | None


@dataclass(frozen=True, eq=False, slots=True)
class Crossed:
    """The groups to move by the rule at this `place` among the rules, and the rows (n,) that trees of either half would move on
    the other half."""

    groups: tuple[Group, ...]
    halves: Mask
    place: int


@dataclass(frozen=True, eq=False, slots=True)
class Rule:
    """Groups in words, with their rows, (n,) each."""

    leaves: tuple[Leaf, ...]
    rows: tuple[Mask, ...]

    def moved(self, rows: NDArray[np.intp]) -> Mask:
        """Which of the `rows` are moved."""
        return np.asarray(np.any([mask[rows] for mask in self.rows], axis=0) if self.rows else np.zeros(len(rows), dtype=bool))


def crossed_policies(splits: Splits, objective: Objective, own: Floats, folds: NDArray[np.int64]) -> Iterator[Crossed]:
    """The groups of the rule to try first, and of one to try when that does not hold: that of the rules of no, one or two splits
    which brings most, on rows that did not choose it, where it must bring something, and to a third on its own; and the surest
    group. Nothing when no rule has groups that the folds agree on. `folds` (n,) number six parts of the rows. `own` (n,) are
    gains that do not lean on models which have seen all rows: what either half picks by."""
    parts = [np.flatnonzero(objective.looked & (folds == part)) for part in range(PARTS)]
    whole, *others = _rules(splits, objective, parts, [(), *((part,) for part in range(PARTS))])
    halves = [np.concatenate(parts[: PARTS // 2]), np.concatenate(parts[PARTS // 2 :])]
    by_half: list[tuple[Rule, ...]] = []
    tried: list[int] = []
    for best in _in_order(whole, others, parts, objective.gain):
        if tried and (SUREST not in (best, *tried) or whole[best].leaves == whole[tried[0]].leaves):
            continue
        groups = _groups(whole[best], [rule[best] for rule in others], parts, objective.counted)
        if not groups:  # a rule whose groups differ from fold to fold is none
            continue
        tried.append(best)
        moved = np.zeros(len(folds), dtype=bool)
        if any(group.leaf for group in groups):
            by_half = by_half or _rules(splits, replace(objective, gain=own), halves, [(0,), (1,)])
            for half, rule in zip(halves, by_half, strict=True):
                moved[half] = rule[best].moved(half)
        yield Crossed(groups, moved, best)
        if len(tried) == len(PRICES):
            return


def rules_of_all(splits: Splits, objective: Objective, kept: Finer | None = None) -> tuple[Rule, ...]:
    """The rules of no, one and two splits, and of the surest group, that all rows looked at choose. Finer splits are `kept` where
    the same rows are asked again."""
    return _rules(splits, objective, [np.flatnonzero(objective.looked)], [()], kept)[0]


def _in_order(
    whole: tuple[Rule, ...], others: list[tuple[Rule, ...]], parts: list[NDArray[np.intp]], gain: Floats
) -> list[int]:
    """The places of the rules that bring something, the one to try first in front."""
    rows = np.concatenate(parts)
    moved = np.array([np.concatenate([rule[place].moved(some) for rule, some in zip(others, parts, strict=True)])
                      for place in range(len(whole))])
    told = moved @ gain[rows]
    flattered = [float(gain[rows][rule.moved(rows)].sum()) for rule in whole]
    worth = OWN_SHARE * np.array(flattered) + (1 - OWN_SHARE) * told
    order = [int(place) for place in np.argsort(-worth[:SUREST], kind="stable") if told[place] > 0]
    if told[SUREST] <= 0:
        return order
    doubt = float(np.sqrt((gain[rows][moved[order[0]] != moved[SUREST]] ** 2).sum())) if order else 0.0
    first = not order or worth[SUREST] >= worth[order[0]] - doubt
    return [SUREST, *order] if first else [*order, SUREST]


def _groups(whole: Rule, others: list[Rule], parts: list[NDArray[np.intp]], counted: Mask) -> tuple[Group, ...]:
    """The groups of a rule of all rows that the rules without some of them have, too."""
    groups = []
    for leaf, mask in zip(whole.leaves, whole.rows, strict=True):
        rows = _told(mask, others, parts, counted) if leaf else None
        if rows is not None or not leaf:
            groups.append(Group(leaf, rows))
    return tuple(groups)


def _told(group: Mask, others: list[Rule], parts: list[NDArray[np.intp]], counted: Mask) -> Mask | None:
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
    splits: Splits, objective: Objective, parts: list[NDArray[np.intp]], left_out: list[tuple[int, ...]],
    kept: Finer | None = None,
) -> list[tuple[Rule, ...]]:
    """For each set of parts that is left out the rules that the other parts choose: of all columns by coarse cuts, and once more
    of those they name by fine ones."""
    first = _searched(splits, objective, parts, left_out)
    names = [frozenset(one.column for rule in rules for leaf in rule.leaves for one in leaf) for rules in first]
    if not any(names):
        return first
    asked, kept = frozenset.union(*names), {} if kept is None else kept
    fine = kept[asked] if asked in kept else kept.setdefault(asked, splits.finer(asked))
    again = _searched(fine, objective, parts, left_out, names)
    return [tuple(sharp if any(sharp.leaves) else rule for rule, sharp in zip(*both, strict=True))
            for both in zip(first, again, strict=True)]


def _searched(
    splits: Splits,
    objective: Objective,
    parts: list[NDArray[np.intp]],
    left_out: list[tuple[int, ...]],
    names: list[frozenset[str]] | None = None,
) -> list[tuple[Rule, ...]]:
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


def _chosen(splits: Splits, cuts: list[Cut], mixed: Floats, sums: Sums, least: float) -> tuple[Rule, ...]:
    """The rules of no, one and two splits, and the surest side; where no split leaves a losing part out, everybody is moved or
    nobody."""
    stay: Places = ((),) if sums.gain[0, 0] > 0 else ()
    rules = [stay, stay, stay, stay]
    if cuts:
        sides = sums.on(mixed)
        found = best_side(sides, least), best_pair(sides, least), surest_side(sides, least)
        rules[1:] = [stay if one is None else one for one in found]
    made = []
    for places in rules:
        leaves = tuple(leaf_of(splits, cuts, one) if one else () for one in places)
        made.append(Rule(leaves, tuple(all_hold(leaf, splits.cells) for leaf in leaves)))
    return tuple(made)
