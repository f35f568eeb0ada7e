"""Levers on rows: which rows of a table a card is about, and what moving a lever makes of a value."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeGuard, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard, Goal, Lever
from automl_core.acting.conditions import all_hold, any_hold
from automl_core.acting.spelling import holds_numbers, number_of, respelled, spelled, texts
from automl_core.errors import BadInput
from automl_core.explaining.single import is_missing, value_text
from automl_core.explaining.steps import kept_within, stepped
from automl_core.explaining.words import id_text, quote

Mask = NDArray[np.bool_]
T = TypeVar("T")


def handed_on(value: object) -> str:
    """A lever's value as a file gives it to another system: numbers in full and without marks, for just that will be set."""
    return spelled(value) if _is_number(value) else value_text(value)


def name_of(value: object) -> str:
    """An id as a file gives it to another system, which finds the row by it: numbers as the table has them, never rounded."""
    return id_text(value) if _is_number(value) else value_text(value)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float, np.number)) and not is_missing(value)


def spelled_alike(lever: Lever, numeric: bool) -> Lever:
    """The lever with its values spelled as `texts` spells those of its column: “2.0” and the number 2 are “2” in a column of
    numbers, and texts like any other in one of texts."""
    text = respelled if numeric else str
    return replace(
        lever, to=_once(map(text, lever.to)), from_values=_once(map(text, lever.from_values)),
        forbidden=_once((text(before), text(after)) for before, after in lever.forbidden),
    )  # fmt: skip


def _once(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))


def forbidden_moves(pairs: Iterable[tuple[str, str]], now: NDArray[np.float64], after: NDArray[np.float64]) -> Mask:
    """(n,) rows whose number would make one of these moves (from, to), but for what arithmetic in decimals loses."""
    found = np.zeros(len(now), dtype=bool)
    for before, to in pairs:
        start, end = number_of(str(before)), number_of(str(to))
        near = 1e-9 * (np.abs(now) + abs(end))
        found |= (np.abs(now - start) <= 1e-9 * abs(start)) & (np.abs(after - end) <= near)
    return found


def forbidden_by(card: ActionCard, goal: Goal) -> ActionCard:
    """The card with the moves that the goal forbids: cards did not carry them at first."""
    levers = {card.lever, *(one.lever for one in card.also)}
    said = {(lever.column, str(a), str(b)): None for lever in goal.levers if lever.column in levers for a, b in lever.forbidden}
    return replace(card, forbidden=tuple(dict.fromkeys((*card.forbidden, *said))))


def counts_forbidden(card: ActionCard, goal: Goal, frame: pd.DataFrame) -> bool:
    """Whether rows of the frame that a card was made on make a move that the goal forbids and the card does not know of: its
    figures, made before cards carried such moves, are of these rows, too."""
    kept_to = forbidden_by(card, goal)
    return kept_to.forbidden != card.forbidden and bool(eligible(card, frame).sum() > eligible(kept_to, frame).sum())


def eligible(card: ActionCard, frame: pd.DataFrame) -> Mask:
    """(n,) rows of a typed and cleaned frame that the card is about: in its group, at a value that would be changed, and of a
    kind that the new value was seen on; and no forbidden move. The raw gap counts rows beyond `alike`, too;
    where not even `alike` tells which rows have others to be compared with, and in patterns, other figures leave out the few
    that have none (`support`).

    For a numeric lever these are the rows with a known value whose new one stays within the card's limits. BadInput when the
    frame lacks a column of the card: any frame is made ready by `typed`.
    """
    missing = card.names.difference(frame.columns)
    if missing:
        raise BadInput(f"There is no column {quote(min(missing))} in this table, and a card speaks of it.",
                       "Give the rows with it, typed.")
    mask = all_hold(card.conditions, frame) & any_hold(card.alike, frame)
    for lever, values in ((card.lever, card.from_values), *((one.lever, one.from_values) for one in card.also)):
        if values:
            mask = mask & np.asarray(texts(frame[lever]).isin(values), dtype=bool)
        else:
            mask = mask & np.asarray(frame[lever].notna(), dtype=bool)
    if not math.isnan(card.step):
        mask = mask & kept_within(after_of(card, _now(card, frame)), card.lowest, card.highest)
        if card.relative:  # a share of a number below zero would go the other way
            mask = mask & (_now(card, frame) > 0)
    return np.asarray(mask & ~_forbidden(card, frame), dtype=bool)


def _forbidden(card: ActionCard, frame: pd.DataFrame) -> Mask:
    """(n,) rows that would make a move that the card forbids."""
    found = np.zeros(len(frame), dtype=bool)
    for name, to in ((card.lever, card.to_value), *((one.lever, one.to_value) for one in card.also)):
        pairs = tuple((before, after) for lever, before, after in card.forbidden if lever == name)
        if not pairs:
            continue
        if math.isnan(card.step):
            said = spelled_alike(Lever(name, (to,), forbidden=pairs), holds_numbers(frame[name]))
            found |= np.asarray(texts(frame[name]).isin([a for a, b in said.forbidden if b == said.to[0]]), dtype=bool)
        else:
            now = _now(card, frame)
            found |= forbidden_moves(pairs, now, after_of(card, now))
    return found


def moved(card: ActionCard, frame: pd.DataFrame, rows: Mask) -> pd.DataFrame:
    """The frame with the card's change made on `rows` (a mask); other rows stay as they are."""
    out = frame.copy()
    if not math.isnan(card.step):
        now = _now(card, frame)
        out[card.lever] = np.where(rows, after_of(card, now), now)
        return out
    for lever, to in ((card.lever, card.to_value), *((one.lever, one.to_value) for one in card.also)):
        out[lever] = set_value(frame[lever], to, rows)
    return out


def set_value(series: pd.Series, to: str, rows: Mask) -> pd.Series:
    """The column with `to` on `rows`, as a number when the column holds numbers, and as yes or no when it holds those."""
    if isinstance(series.dtype, pd.CategoricalDtype):  # it would refuse a value that is none of its categories
        series = series.astype(object).infer_objects()
    if holds_numbers(series):
        return series.astype("float64").mask(rows, float(to))
    return series.mask(rows, to == "True" if pd.api.types.is_bool_dtype(series.dtype) else to)


def after_of(card: ActionCard, now: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) the numbers that the card's step makes of those that rows have now."""
    return stepped(now, now * card.step if card.relative else card.step)


def _now(card: ActionCard, frame: pd.DataFrame) -> NDArray[np.float64]:
    return pd.to_numeric(frame[card.lever], errors="coerce").to_numpy(dtype=np.float64, na_value=math.nan)
