"""Which of many changes of one or two columns of a row is the least that turns the model's answer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.combined import CLOSE, Combined, combined
from automl_core.explaining.contributions import shown
from automl_core.explaining.swap import Rows, feature_places

Floats = NDArray[np.float64]
Picks = NDArray[np.int64]
SECOND = 0.1  # changing a second column adds this to the size
FEW = 2048  # changes are asked one by one: that takes a blend some 0.2 s
PART = 4096  # changes asked at once, the least first


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """One column's other values: features (k, q) to put in, texts, how large each change is (quantiles moved), what it costs
    (nothing where that is not known), and which of them similar rows have."""

    name: str
    features: Floats
    texts: tuple[str, ...]
    sizes: Floats
    money: Floats
    seen: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Aim:
    """What turns the answer: for a number that it reaches `goal`, `upward` or downward; else that it is on another `side`."""

    side: bool
    goal: float
    upward: bool


@dataclass(frozen=True, slots=True)
class Least:
    """A change: what it costs, how large it is, the options and which value of each, and what the model then says, as shown."""

    money: float
    size: float
    places: tuple[int, ...]
    picks: tuple[int, ...]
    after: float


def changes_of(rows: Rows, options: list[Options]) -> Combined:
    """The one row of `rows` with what the options may change in it; nothing is asked yet."""
    changed = []
    for option in options:
        moved = np.tile(rows.matrix[0], (len(option.texts) + 1, 1))
        moved[1:, feature_places(rows.model, option.name)] = option.features
        changed.append(moved)
    return combined(rows.model, rows.matrix[0], tuple(changed))


def least(rows: Rows, asked: Combined, options: list[Options], aim: Aim, seen: bool) -> tuple[Least | None, int]:
    """The least change of one or two columns that turns the answer, and how many were tried; of values that similar rows have
    when `seen`, else of those where one at least is not so."""
    singles = [_picks(len(options), {place: np.flatnonzero(option.seen == seen)}) for place, option in enumerate(options)]
    best = _first(rows, asked, options, _all(singles, len(options)), aim)
    pairs = []
    for a, b in combinations(range(len(options)), 2):
        money = options[a].money[:, None] + options[b].money[None, :]
        size = options[a].sizes[:, None] + options[b].sizes[None, :] + SECOND
        wanted = (options[a].seen[:, None] & options[b].seen[None, :]) == seen
        if best is not None:
            wanted &= (money < best.money) | ((money == best.money) & (size < best.size))
        first, second = np.nonzero(wanted)
        pairs.append(_picks(len(options), {a: first, b: second}))
    better = _first(rows, asked, options, _all(pairs, len(options)), aim)
    if better is not None and (best is None or (better.money, better.size) < (best.money, best.size)):
        best = better
    return best, sum(map(len, singles)) + sum(map(len, pairs))


def side_of(rows: Rows, found: Any, goal: float) -> NDArray[np.bool_]:
    """(m,) on which side of the decision predictions (m,) or (m, classes) are."""
    if rows.model.problem.task != "regression" and found.ndim == 2:
        return np.asarray(rows.model.called(found) == rows.place)
    return np.asarray(found >= (goal if rows.model.problem.task == "regression" else rows.model.threshold))


def _picks(columns: int, chosen: dict[int, Picks]) -> Picks:
    """(n, columns) which value each column gets, counted from 1: 0 leaves it as it is."""
    out = np.zeros((len(next(iter(chosen.values()))), columns), dtype=np.int64)
    for place, values in chosen.items():
        out[:, place] = values + 1
    return out


def _all(parts: list[Picks], columns: int) -> Picks:
    return np.concatenate(parts) if parts else np.zeros((0, columns), dtype=np.int64)


def _first(rows: Rows, asked: Combined, options: list[Options], picks: Picks, aim: Aim) -> Least | None:
    """The least of these changes (n, columns) that turns the answer: that of the least money, of alike ones the smallest. Many
    are asked to within `CLOSE`, and as the model says it where that leaves open what it answers."""
    money, sizes = np.zeros(len(picks)), SECOND * ((picks > 0).sum(axis=1) - 1)
    for place, option in enumerate(options):
        money += np.array([0.0, *option.money])[picks[:, place]]
        sizes += np.array([0.0, *option.sizes])[picks[:, place]]
    order = np.lexsort((sizes, money))
    for start in range(0, len(order), PART):
        some = picks[order[start : start + PART]]
        turned = _turned(rows, asked.asked(some), aim) if len(picks) <= FEW else _turned_near(rows, asked, some, aim)
        if turned.any():
            place = int(order[start + int(turned.argmax())])
            columns = np.flatnonzero(picks[place])
            after = rows.scale * shown(rows.model, asked.asked(picks[place : place + 1]), rows.place)[0]
            return Least(float(money[place]), float(sizes[place]), tuple(columns.tolist()),
                         tuple((picks[place, columns] - 1).tolist()), float(after))
    return None


def _turned(rows: Rows, found: Any, aim: Aim) -> NDArray[np.bool_]:
    """(m,) whether predictions turn the answer."""
    if rows.model.problem.task == "regression":
        return np.asarray(found >= aim.goal if aim.upward else found <= aim.goal)
    return np.asarray(side_of(rows, found, aim.goal) != aim.side)


def _turned_near(rows: Rows, asked: Combined, picks: Picks, aim: Aim) -> NDArray[np.bool_]:
    """The same of changes (m, columns)."""
    found = asked.near(picks)
    by: Any = CLOSE * max(1.0, float(np.abs(found).max())) if rows.model.problem.task == "regression" else CLOSE
    if found.ndim == 2:
        by = by * (np.arange(found.shape[1]) == rows.place)
    turned = _turned(rows, found, aim)
    unsure = np.flatnonzero(_turned(rows, found - by, aim) != _turned(rows, found + by, aim))
    if len(unsure):
        turned[unsure] = _turned(rows, asked.asked(picks[unsure]), aim)
    return turned
