"""How many rows that lack the wanted answer could be brought to it, at what cost, and which change does it alone.

The ways of single rows (see `recourse`), looked for in many rows: which share is reached at most at a cost, and which share at
none (Ley, Mishra and Magazzeni 2023 draw such curves for directions of change).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Direction, Goal, Lever
from automl_core.acting.asked import whole
from automl_core.acting.recourse import (
    MOST_CANDIDATES,
    OpenedRow,
    RecourseAsk,
    aim_words,
    levers_used,
    open_row,
    reaches,
    search,
    settled,
    typical,
)
from automl_core.acting.recourse_many import Coverage, LeverReach, RecourseSummary, SummaryAsk, summary_words
from automl_core.acting.row_moves import Move
from automl_core.acting.row_ways import Asked, Ways, alone, ways_of
from automl_core.acting.spelling import is_number
from automl_core.data.schema import type_row
from automl_core.data.table import Row
from automl_core.errors import BadInput
from automl_core.explaining.similar import PastRows
from automl_core.explaining.words import quote
from automl_core.framing.dependent import codes_of, rows_worth, together_in
from automl_core.framing.shares import wilson
from automl_core.search.model import Model

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Key = tuple[str, Direction]
MOST_ASKED = 2000  # that can be asked for
BACKGROUND_ROWS = 20_000  # past rows that one row is compared with
AT_ONCE = 5000  # rows that the model is asked about until enough of them are at risk


@dataclass(frozen=True, slots=True)
class _Looked:
    """Of one row: what its cheapest way costs (NaN: none), what each lever's cheapest change costs that reaches the goal alone
    (NaN: none does), and whether all was tried."""

    cost: float
    alone: dict[Key, float]
    sure: bool


def recourse_summary(model: Model, frame: pd.DataFrame, goal: Goal, ask: SummaryAsk | None = None) -> RecourseSummary:
    """For how many rows of a typed, cleaned frame that are not at the goal now `recourse` finds a way, and at what cost.

    Each row is compared with the others of the frame, as `recourse` does with past rows, and keeps the same limits. The same seed
    looks at the same rows, in the same order; with `seconds` a slow model at fewer of them. BadInput when the ask makes no sense;
    without a lever that the model uses, and where every row is there, the summary is empty and its sentence says so.
    """
    ask, began = _checked(ask or SummaryAsk()), time.monotonic()
    empty = RecourseSummary(len(frame), len(frame), 0, 0, 0, 0, 0, math.nan, 0.0, 1.0, math.nan, (), (), (), (), "")
    levers = levers_used(model, goal)
    if not levers:
        nothing = "No row can be brought to the goal: it names nothing that you can change and the model looks at."
        return replace(empty, sentence=nothing)
    ways = replace(ask.ways, options=1)
    if model.problem.task == "regression" and math.isnan(ways.target) and len(frame):
        ways = replace(ways, target=typical(model, others(frame, -1, ask.seed)))
    ways = settled(model, goal, frame, ways)
    drawn, asked, at_risk = _drawn(model, frame, goal, ways, ask)
    compared = _compared(len(frame), ask.seed)
    past = PastRows(frame.iloc[compared])
    found: dict[int, _Looked] = {}
    target, passed = math.nan, 0
    for place in drawn.tolist():
        if found and time.monotonic() - began > ask.seconds:
            break
        row = type_row(dict(frame.iloc[place]), model.cleaned)
        opened = open_row(model, row, goal, past, ways, *_left_out(compared, place).tolist())
        if opened.found.reached:  # just at the aim, by the last digits of one row's prediction
            passed += 1
            continue
        target = opened.found.target
        found[place] = _looked(row, goal, opened, ways)
        if ask.progress is not None:
            ask.progress((len(found) + passed) / len(drawn))
    made = replace(empty, asked=asked, at_risk=at_risk - passed, drawn=len(drawn) - passed, target=target)
    if found:
        made = _with_range(_counted(made, found, levers), together_in(frame, model.problem.group))
    return replace(made, sentence=summary_words(made, aim_words(target, model, goal, ways) if found else "", goal.currency))


def others(frame: pd.DataFrame, position: int, seed: int, most: int = BACKGROUND_ROWS) -> pd.DataFrame:
    """Rows of a frame but the one at a position, some of many by chance: the first ones of a file may be its oldest."""
    places = _compared(len(frame), seed, most)
    kept: pd.DataFrame = frame.iloc[np.delete(places, _left_out(places, position, most))]
    return kept


def _compared(rows: int, seed: int, most: int = BACKGROUND_ROWS) -> Places:
    """The places of all rows, or of some drawn by chance, in their order: one more than a row is compared with."""
    if rows <= most + 1:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most + 1, replace=False))


def _left_out(compared: Places, position: int, most: int = BACKGROUND_ROWS) -> Places:
    """Where among the rows compared the one at a position is, or, of more than are needed, the last one; none where neither."""
    own = np.flatnonzero(compared == position)
    return own if len(own) or len(compared) <= most else np.array([len(compared) - 1])


def _checked(ask: SummaryAsk) -> SummaryAsk:
    """What is asked, in plain numbers; BadInput when it makes no sense."""
    rows = whole(ask.rows, "“rows”", f"Give a whole number from 1 to {MOST_ASKED:,}.", (1, MOST_ASKED))
    seed = whole(ask.seed, "“seed”")
    if not is_number(ask.seconds) or not ask.seconds > 0:
        raise BadInput(f"{quote(ask.seconds)} seconds are given.", "Give more than none.")
    return replace(ask, rows=rows, seed=seed)


def _drawn(
    model: Model, frame: pd.DataFrame, goal: Goal, ways: RecourseAsk, ask: SummaryAsk
) -> tuple[Places, int, int]:
    """The positions of rows at risk to look at, by chance, and of how many rows that were asked about how many are at risk."""
    order = np.random.default_rng(ask.seed).permutation(len(frame))
    found: list[Places] = []
    asked = many = 0
    while asked < len(order) and many < ask.rows:
        some = order[asked:asked + AT_ONCE]
        here = some[~reaches(model, model.predict_frame(frame.iloc[some]), goal, ways)]
        found.append(here)
        asked, many = asked + len(some), many + len(here)
    places = np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
    return places[:ask.rows], asked, many


def _looked(row: Row, goal: Goal, opened: OpenedRow, ask: RecourseAsk) -> _Looked:
    """The cheapest way of one row, of single changes first: of several together only those that cost less are asked about."""
    by_itself = _by_itself(row, goal, opened, ask)
    best = min((cost for cost in by_itself.values() if not math.isnan(cost)), default=math.inf)
    ways = ways_of(opened.grid, ask.changes, MOST_CANDIDATES)
    left = _cheaper(ways, best)
    if len(left.picks):
        found = search(goal, opened.found, Asked(opened.combined, left), ask)
        best = found.options[0].cost if found.options else best
    return _Looked(best if math.isfinite(best) else math.nan, by_itself, ways.complete and not opened.found.cut)


def _by_itself(row: Row, goal: Goal, opened: OpenedRow, ask: RecourseAsk) -> dict[Key, float]:
    """What the cheapest change of each lever, of a number each way, costs that reaches the goal alone; NaN where none does."""
    if not opened.grid:
        return {}
    there = reaches(opened.combined.model, opened.combined.asked(alone(opened.grid)), goal, ask)
    found: dict[Key, float] = {}
    for move, reached in zip((move for moves in opened.grid for move in moves), there.tolist(), strict=True):
        key = move.column, _direction(move, row)
        found[key] = np.fmin(found.get(key, math.nan), move.cost if reached else math.nan)
    return {key: float(cost) for key, cost in found.items()}


def _direction(move: Move, row: Row) -> Direction:
    if not isinstance(move.value, float):
        return ""
    return "up" if move.value > float(str(row[move.column])) else "down"


def _cheaper(ways: Ways, cost: float) -> Ways:
    """The combinations of several changes that cost less."""
    keep = (ways.changes > 1) & (ways.cost < round(cost, 9) if math.isfinite(cost) else True)
    return replace(ways, picks=ways.picks[keep], cost=ways.cost[keep], changes=ways.changes[keep], steps=ways.steps[keep])


def _counted(made: RecourseSummary, found: dict[int, _Looked], levers: tuple[Lever, ...]) -> RecourseSummary:
    """With what was found of the rows looked at, by their positions."""
    rows, costs = len(found), np.array([one.cost for one in found.values()], dtype=np.float64)
    values, counts = np.unique(np.round(costs[np.isfinite(costs)], 9), return_counts=True)
    curve = tuple(Coverage(float(cost), int(many), int(many) / rows)
                  for cost, many in zip(values, np.cumsum(counts), strict=True))
    unsure = sum(math.isnan(one.cost) and not one.sure for one in found.values())
    return replace(made, looked=rows, reached=int(counts.sum()), unsure=unsure, curve=curve, levers=_levers(found, levers),
                   positions=tuple(found), costs=tuple(costs.tolist()))


def _levers(found: dict[int, _Looked], levers: tuple[Lever, ...]) -> tuple[LeverReach, ...]:
    """What each lever does alone, those that no row may change with no row; of a number each direction that some row may go."""
    keys = dict.fromkeys(key for one in found.values() for key in one.alone)
    movable = {column for column, _ in keys}
    missing = [(lever.column, _meant(lever)) for lever in levers if lever.column not in movable]
    made = []
    for column, direction in (*keys, *missing):
        costs = [one.alone.get((column, direction), math.nan) for one in found.values()]
        known = [cost for cost in costs if not math.isnan(cost)]
        made.append(LeverReach(column, direction, len(known), len(known) / len(found),
                               float(np.median(known)) if known else math.nan))
    return tuple(sorted(made, key=lambda one: (-one.rows, one.median_cost if one.rows else math.inf, one.column, one.direction)))


def _meant(lever: Lever) -> Direction:
    """The direction that a lever names: its own, else that of its step."""
    if lever.direction or math.isnan(lever.step):
        return lever.direction
    return "up" if lever.step > 0 else "down"


def _with_range(made: RecourseSummary, together: Places | None) -> RecourseSummary:
    """With the share of rows that have no way, and its range; rows that go together are worth fewer."""
    missed = np.isnan(np.array(made.costs))
    worth: float = len(missed)
    if together is not None:
        worth = rows_worth(missed.astype(np.float64), codes_of(together[list(made.positions)]))
    share = float(missed.mean())
    low, high = wilson(share, worth)
    return replace(made, infeasible=share, low=low, high=high)
