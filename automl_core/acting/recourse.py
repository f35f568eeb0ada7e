"""What would have to change for one row to reach the goal: up to three ways within the goal's levers, cheapest first.

Every combination of at most three allowed changes is a candidate; candidates are tried in order of cost, so the first that
reaches the goal is a cheapest one (Ustun, Spangher and Liu 2019 call it recourse). What the model says after a change is not
what the change does: recourse is a list of things to try.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Goal, Lever
from automl_core.acting.asked import whole
from automl_core.acting.row_moves import Move, is_cut, moves_of, similar_rows, spread, supported
from automl_core.acting.row_ways import Asked, Grid, changed, ways_of
from automl_core.acting.spelling import is_number
from automl_core.data.table import Row
from automl_core.data.words import join_words
from automl_core.errors import BadInput
from automl_core.explaining.classes import no_such_class
from automl_core.explaining.combined import CLOSE, Combined
from automl_core.explaining.similar import PastRows
from automl_core.explaining.single import encode_row
from automl_core.explaining.steps import MOST_STEPS
from automl_core.explaining.words import money, number, percent, quote
from automl_core.search.model import Model

Floats = NDArray[np.float64]
MOST_CHANGES = 3
MOST_OPTIONS = 3
MOST_WAYS = 10  # that can be asked for
MOST_CANDIDATES = 300_000


@dataclass(frozen=True, slots=True)
class RecourseOption:
    """A set of changes that reaches the goal. `before` and `after` are the probability of the wanted class, or the number."""

    moves: tuple[Move, ...]
    cost: float
    before: float
    after: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Recourse:
    """The ways for one row, cheapest first; empty when it is there already, or none is within the limits.

    `target` is what counts as reached: at least that probability of the wanted class, or that number or better; NaN where it is
    that the model calls the row the wanted one of several classes. `closest` is the best that the limits allow when nothing
    reaches it. `left_out` counts values that no similar row has. `tried` combinations were asked of the model; `complete` says
    that all cheaper ones were. `cut` are levers of which there are more values than were tried.
    """

    options: tuple[RecourseOption, ...]
    now: float
    target: float
    reached: bool
    closest: RecourseOption | None
    tried: int
    left_out: int
    complete: bool
    sentence: str
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecourseAsk:
    """What is asked: the probability of the wanted class or the number to reach (NaN: that the model's own answer is the wanted
    class, or the median number), at most how many changes, and how many ways."""

    target: float = math.nan
    changes: int = MOST_CHANGES
    options: int = MOST_OPTIONS


def recourse(model: Model, row: Row, goal: Goal, background: pd.DataFrame, ask: RecourseAsk | None = None) -> Recourse:
    """Ways for one typed, cleaned row to reach the goal; `background` are cleaned past rows, to compare with.

    Only levers of the goal that the model uses move, to values that are allowed and that similar past rows have. BadInput when
    the goal has no lever that the model uses, or the target makes no sense.
    """
    ask = settled(model, goal, background, ask)
    opened = open_row(model, row, goal, PastRows(background), ask)
    found = opened.found
    if not found.reached:
        found = search(goal, found, Asked(opened.combined, ways_of(opened.grid, ask.changes, MOST_CANDIDATES)), ask)
    return replace(found, sentence=_sentence(found, model, goal, aim_words(found.target, model, goal, ask)))


def settled(model: Model, goal: Goal, background: pd.DataFrame, ask: RecourseAsk | None) -> RecourseAsk:
    """What is asked, with the number to reach where none was given. BadInput as `recourse` says."""
    ask = ask or RecourseAsk()
    changes, options = (whole(asked, what, f"Give a whole number from 1 to {most}.", (1, most)) for what, asked, most in (
        ("“changes”", ask.changes, MOST_CHANGES), ("“options”", ask.options, MOST_WAYS)))
    ask = replace(ask, changes=changes, options=options)
    if not is_number(ask.target):
        raise BadInput(f"What is to be reached is {quote(ask.target)}, which is no number.", "Give a number, or leave it out.")
    if not levers_used(model, goal):
        raise BadInput("The goal names nothing that you can change and the model looks at.", "Add a lever on the act page.")
    target = _target(model, goal, background, ask.target)
    return replace(ask, target=target) if model.problem.task == "regression" else ask


def levers_used(model: Model, goal: Goal) -> tuple[Lever, ...]:
    """The goal's levers that the model looks at."""
    return tuple(lever for lever in goal.levers if lever.column in model.sources)


@dataclass(frozen=True, slots=True, eq=False)
class OpenedRow:
    """A row before ways are looked for: what is known of it, the allowed moves of each lever that similar rows have, and the
    encoded row with what these make of it."""

    found: Recourse
    grid: Grid
    combined: Combined


def open_row(model: Model, row: Row, goal: Goal, past: PastRows, ask: RecourseAsk, without: int = -1) -> OpenedRow:
    """A row made ready; `ask` is one of `settled`. It is not compared with the past row `without`."""
    encoded = encode_row(model, row)
    said = model.predict_matrix(encoded[None, :])
    near = similar_rows(model, row, goal, past, without)
    grid, left_out, cut = [], 0, []
    for lever in levers_used(model, goal):
        moves = moves_of(lever, row, near)
        kept = tuple(move for move in moves if supported(move, near))
        left_out += len(moves) - len(kept)
        if kept:
            grid.append(spread(lever, kept))
        if is_cut(lever, row, near, kept):
            cut.append(lever.column)
    now, target = float(wanted(model, said, goal)[0]), _target(model, goal, past.frame, ask.target)
    there = bool(reaches(model, said, goal, ask)[0])
    found = Recourse((), now, target, there, None, 0, left_out, True, "", tuple(cut))
    return OpenedRow(found, grid, changed(model, encoded, grid, past.frame))


def wanted(model: Model, predictions: Floats, goal: Goal) -> Floats:
    """(n,) the probability of the goal's good class, or the number itself."""
    problem = model.problem
    if problem.task == "regression":
        return np.asarray(predictions, dtype=np.float64)
    if goal.good not in problem.classes:
        raise no_such_class(problem, goal.good, "Choose the wanted class again.")
    if problem.task == "multiclass":
        return np.asarray(predictions[:, problem.classes.index(goal.good)], dtype=np.float64)
    return np.asarray(predictions if goal.good == problem.positive else 1.0 - predictions, dtype=np.float64)


def typical(model: Model, background: pd.DataFrame) -> float:
    """The number to reach where none was asked for: the median prediction of past rows. It takes longer than all the rest."""
    return float(np.median(model.predict_frame(background)))


def _target(model: Model, goal: Goal, background: pd.DataFrame, asked: float) -> float:
    if model.problem.task == "regression":
        return asked if math.isfinite(asked) else typical(model, background)
    if math.isfinite(asked):
        if not 0 < asked < 1:
            raise BadInput("The probability to reach is not between 0 and 1.", "Give a share such as 0.7.")
        return asked
    if model.problem.task == "multiclass":
        return math.nan  # the largest of several shares may be below a half, and the model may weigh them
    return model.threshold if goal.good == model.problem.positive else 1.0 - model.threshold


def reaches(model: Model, predictions: Floats, goal: Goal, ask: RecourseAsk) -> NDArray[np.bool_]:
    """(n,) whether predictions reach the number or probability that is asked; without one, whether the model answers with the
    good class, as it does wherever it scores."""
    problem, values = model.problem, wanted(model, predictions, goal)
    if math.isfinite(ask.target):
        return values <= ask.target if problem.task == "regression" and goal.good == "low" else values >= ask.target
    called = model.called(predictions)
    if problem.task == "multiclass":
        return np.asarray(called == problem.classes.index(goal.good), dtype=bool)
    return np.asarray((called == 1) == (goal.good == problem.positive), dtype=bool)


def search(goal: Goal, found: Recourse, asked: Asked, ask: RecourseAsk) -> Recourse:
    """Ask the model in order of effort, until enough different ways are found. Of equal efforts the one that gains most wins."""
    model = asked.combined.model
    side = -1.0 if model.problem.task == "regression" and goal.good == "low" else 1.0
    ways, options, held = asked.ways, list[RecourseOption](), list[int]()
    best = found.now if asked.few else float(wanted(model, asked.now(), goal)[0])
    closest, tried, columns = -1, 0, ways.columns
    for places in ways.batches():
        places = places[~_holds(held, columns[places])]  # who reaches it with less asks for no more
        if not len(places):
            continue
        tried += len(places)
        values, reached = _answers(goal, asked, places, ask)
        order = np.lexsort((-side * values, ways.steps[places], ways.changes[places], ways.cost[places]))
        for at in order[reached[order]].tolist():
            if _holds(held, columns[places[[at]]])[0]:
                continue
            options.append(_option(asked, int(places[at]), found.now, goal))
            held.append(int(columns[places[at]]))
            if len(options) == ask.options:
                return replace(found, options=tuple(options), tried=tried, complete=ways.complete)
        short = order[~reached[order]]
        if len(short):
            first = short[int(np.argmax(side * values[short]))]
            if side * (values[first] - best) > 0:
                closest, best = int(places[first]), float(values[first])
    near = _option(asked, closest, found.now, goal) if closest >= 0 and not options else None
    return replace(found, options=tuple(options), closest=near, tried=tried, complete=ways.complete)


def _answers(goal: Goal, asked: Asked, places: NDArray[np.int64], ask: RecourseAsk) -> tuple[Floats, NDArray[np.bool_]]:
    """(n,) what is wanted of combinations, and whether they reach it; where what is near is not enough, the model is asked."""
    model, said = asked.combined.model, asked.near(places)
    reached = reaches(model, said, goal, ask)
    if not asked.few:
        size = CLOSE * max(1.0, float(np.abs(said).max())) if model.problem.task == "regression" else CLOSE
        by = size * (np.arange(len(model.problem.classes)) == model.problem.classes.index(goal.good)) if said.ndim == 2 else size
        unsure = np.flatnonzero(reaches(model, said - by, goal, ask) != reaches(model, said + by, goal, ask))
        if len(unsure):
            said[unsure] = asked.exactly(places[unsure])
            reached[unsure] = reaches(model, said[unsure], goal, ask)
    return wanted(model, said, goal), reached


def _holds(held: list[int], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) whether combinations change all the columns of one of those that are held, or more."""
    found = np.zeros(len(columns), dtype=bool)
    for one in held:
        found |= (columns & one) == one
    return found


def _option(asked: Asked, place: int, before: float, goal: Goal) -> RecourseOption:
    model, moves = asked.combined.model, asked.ways.moves(place)
    after = float(wanted(model, asked.exactly(np.array([place])), goal)[0])
    cost = sum(move.cost for move in moves)
    done = join_words([f"{quote(move.column)} from {quote(move.from_text)} to {quote(move.to_text)}" for move in moves])
    words = f"Change {done}: {_said(model, before)} now, {_said(model, after)} then"
    words += f", at {money(cost, goal.currency)}." if cost else "."
    return RecourseOption(moves, cost, before, after, words)


def _said(model: Model, value: float) -> str:
    return number(value) if model.problem.task == "regression" else percent(value)


def _how_near(value: float, target: float, model: Model) -> str:
    """How close the best within the limits comes: “to 69 %”, never to what reads as the aim itself."""
    if math.isfinite(target) and _said(model, value) == _said(model, target):
        return "just short of it"
    return f"to {_said(model, value)}"


def aim_words(target: float, model: Model, goal: Goal, ask: RecourseAsk) -> str:
    """What is to be reached, in words; NaN: the model's own answer of several classes."""
    if model.problem.task == "regression":
        return f"{quote(goal.outcome)} at {number(target)} or {'less' if goal.good == 'low' else 'more'}"
    outcome = f"{quote(goal.outcome)} = {quote(goal.good)}"
    if math.isnan(target):
        return f"{outcome} as the model’s answer"
    if not math.isfinite(ask.target) and goal.good != model.problem.positive:  # at its threshold the model says the other
        return f"{outcome} with more than {percent(target)}"
    return f"{outcome} with {percent(target)} or more"


def _sentence(found: Recourse, model: Model, goal: Goal, aim: str) -> str:
    now = _said(model, found.now)
    if found.reached:
        return f"This row is there already: {now} now, and the aim is {aim}."
    beyond = ""
    if found.left_out:
        what = "1 value was" if found.left_out == 1 else f"{found.left_out:,} values were"
        beyond = f" {what} left out, as hardly any similar row has {'it' if found.left_out == 1 else 'them'}."
    if not found.complete:
        beyond += (f" The search stopped at its limit of {MOST_CANDIDATES:,} combinations: not all ways with more changes were "
                   "tried. Allow fewer values of a lever.")
    if found.cut and not found.options:
        stepped = {lever.column for lever in goal.levers if not math.isnan(lever.step)} & {*found.cut}
        more = "a larger step, or narrower limits, may show more" if stepped else "narrower limits may show those between them"
        beyond += f" Of {join_words([quote(name) for name in found.cut])} no more than {MOST_STEPS} values were tried: {more}."
    if not found.options:
        words = f"None within your limits: no allowed change reaches {aim} (now {now})."
        if found.cut or not found.complete:
            words = f"None was found: no change that was tried reaches {aim} (now {now})."
        if found.closest is not None:
            words += f" The closest comes {_how_near(found.closest.after, found.target, model)}."
        return words + beyond
    count = len(found.options)
    ways = "One way" if count == 1 else f"{count} ways"
    return (
        f"{ways} to reach {aim} (now {now}), cheapest first; this is what the model expects, not yet a measured effect.{beyond}"
    )
