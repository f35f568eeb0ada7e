"""A caller's frame under the caller's own column names: any labels, of which none may mean two columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from automl_core.acting.action import ActionCard, Actions, Condition
from automl_core.acting.identity import identity
from automl_core.acting.spelling import number_of, respelled, texts
from automl_core.data.infer import table_from_frame
from automl_core.data.names import clean_names, column_instead, printable
from automl_core.data.schema import is_text
from automl_core.data.table import Kind, Table
from automl_core.errors import BadInput
from automl_core.explaining.words import quote
from automl_core.framing.suggestion import VAGUE, is_yes


@dataclass(frozen=True, slots=True)
class Names:
    """The columns of a caller's frame, in order: `labels` as they are, `own` as texts (which is how cards name them), and `clean`
    as a typed table has them: on one line, never blank."""

    labels: tuple[Hashable, ...]
    own: tuple[str, ...]
    clean: tuple[str, ...]

    def place(self, name: object) -> int:
        """Which column a name means: a label itself, or its text with or without the spaces around it. -1 for none."""
        if isinstance(name, np.generic):  # as a generator draws them from a list of columns
            name = name.item()
        if name is None or (isinstance(name, float) and math.isnan(name)):  # pandas keeps either for the other
            return next((place for place, text in enumerate(self.own) if text in ("None", "nan")), -1)
        for found in (self.labels, self.own, tuple(map(printable, self.own))):
            for place, label in enumerate(found):
                if type(label) is type(name) and label == name:
                    return place
        number = isinstance(name, Hashable) and not isinstance(name, str)
        return self.labels.index(name) if number and name in self.labels else -1

    def clean_of(self, name: object) -> str:
        """The clean name of the column that is meant; BadInput when there is none, with what is spelled most like it."""
        place = self.place(name)
        if place < 0:
            raise BadInput(f"There is no column {quote(name)} in this table.", column_instead(str(name), self.clean))
        return self.clean[place]


def names_of(frame: Any) -> Names:
    """The names of a frame's columns; BadInput when it is no frame, or two of its columns could not be told apart."""
    if not isinstance(frame, pd.DataFrame):
        kind = quote(type(frame).__name__)
        raise BadInput(f"The table is no pandas DataFrame but {kind}.", "Give a DataFrame with one row a case.")
    labels = tuple(frame.columns.tolist())
    texts = [str(label) for label in labels]
    seen: dict[str, str] = {}
    for text in texts:
        said = printable(text)
        if said and said in seen:
            how = f"is called {quote(said)}" if seen[said] == text else f"would be called {quote(said)} here"
            raise BadInput(f"More than one column {how}.", "Rename all but one of them.")
        seen[said] = text
    clean = clean_names(texts)[0]
    own = tuple(text if printable(text) else name for text, name in zip(texts, clean, strict=True))
    return Names(labels, own, tuple(clean))


def typed(frame: pd.DataFrame, cards: Sequence[ActionCard] = ()) -> Table:
    """Any frame (n, columns) as the typed table (n, columns) that cards are asked of (see `data.table.Table`), its columns under
    the names that cards have for them: their labels as texts. `eligible` and `moved` take its `frame`.

    With `cards` only the columns that these name are typed, and read as the cards need them: in a few rows a text such as "1.0"
    would be taken for a number, and what was True and False may come as 1 and 0. BadInput when such a column is missing, or two
    columns have one name.
    """
    names = names_of(frame)
    wanted: dict[str, Kind | None] = dict.fromkeys(names.own)
    if cards:
        wanted = {name: None for card in cards for name in sorted(card.names)}
        wanted |= {name: kind for card in cards for name, kind in _kinds(card)}
    places = [names.place(name) for name in wanted]
    if -1 in places:
        missing = list(wanted)[places.index(-1)]
        raise BadInput(f"There is no column {quote(missing)} in this table, and a card speaks of it.", "Give the rows with it.")
    some = frame.iloc[:, places].reset_index(drop=True)
    some.columns = pd.Index([names.clean[place] for place in places], dtype=object)
    kinds = {names.clean[place]: kind for place, (name, kind) in zip(places, wanted.items(), strict=True)
             if kind is not None and _holds_texts(some.iloc[:, places.index(place)])}
    table = table_from_frame(some, "frame", kinds=kinds)
    columns = tuple(replace(column, name=name) for column, name in zip(table.columns, wanted, strict=True))
    frame = table.frame.set_axis(list(wanted), axis=1)
    return replace(table, frame=_yes_as_said(frame, cards), columns=columns)


def _yes_as_said(frame: pd.DataFrame, cards: Sequence[ActionCard]) -> pd.DataFrame:
    """The frame with yes and no spelled as the cards do. Each value goes by itself: other rows do not matter. Of two letters that
    could mean the same neither stands for the other: N is no F, where both are codes."""
    said: dict[str, list[str]] = {}
    for card in cards:
        for column, values in _values(card):
            said.setdefault(column, []).extend(values)
    for name, words in said.items():
        if not words or any(is_yes(word) is None for word in words) or _by_amount(name, cards):
            continue
        held = [text for text in texts(pd.Series(frame[name].dropna().unique())) if text not in words]
        other = {text: word for text in held for word in words
                 if is_yes(word) == is_yes(text) and not {word.casefold(), text.casefold()} <= VAGUE}
        if other:
            frame = frame.assign(**{name: texts(frame[name]).replace(other)})
    return frame


def _values(card: ActionCard) -> Iterable[tuple[str, tuple[str, ...]]]:
    """The columns that a card names by values, with these."""
    yield from ((one.column, one.values) for part in (card.conditions, *card.alike) for one in part)
    if math.isnan(card.step):
        yield from ((lever, (to, *values)) for lever, to, values in (
            (card.lever, card.to_value, card.from_values), *((one.lever, one.to_value, one.from_values) for one in card.also)))


def _by_amount(name: str, cards: Sequence[ActionCard]) -> bool:
    """Whether a card needs a column to be numbers."""
    return any((name, "float") in _kinds(card) for card in cards)


def _holds_texts(series: pd.Series[Any]) -> bool:
    """Whether the values are texts, of which typing would guess the kind."""
    return is_text(series.dtype.categories.to_series() if isinstance(series.dtype, pd.CategoricalDtype) else series)


def _kinds(card: ActionCard) -> Iterable[tuple[str, Kind]]:
    """What a card needs columns to be, where it tells."""
    for part in (card.conditions, *card.alike):
        for one in part:
            if not one.values:
                yield one.column, "float"
            elif _are_texts(one.values):
                yield one.column, "text"
    if not math.isnan(card.step):
        yield card.lever, "float"
        return
    for lever, values in ((card.lever, (card.to_value, *card.from_values)),
                          *((one.lever, (one.to_value, *one.from_values)) for one in card.also)):
        if _are_texts(values):
            yield lever, "text"


def _are_texts(values: Iterable[str]) -> bool:
    """Whether a value looks like a number, but is not spelled as a column of numbers would have it."""
    return any(not math.isnan(number_of(value)) and respelled(value) != value for value in values)


def in_own_names(found: Actions, names: Names) -> Actions:
    """The same cards and patterns, naming columns as the caller's frame does."""
    own = dict(zip(names.clean, names.own, strict=True))
    if all(clean == name for clean, name in own.items()):
        return found
    cards, patterns = (tuple(_renamed(card, lambda name: own.get(name, name)) for card in some)
                       for some in (found.cards, found.patterns))
    return replace(found, cards=cards, patterns=patterns)


def _renamed(card: ActionCard, own: Callable[[str], str]) -> ActionCard:
    def conditions(part: tuple[Condition, ...]) -> tuple[Condition, ...]:
        return tuple(replace(one, column=own(one.column)) for one in part)

    made = replace(
        card, lever=own(card.lever), conditions=conditions(card.conditions), alike=tuple(map(conditions, card.alike)),
        also=tuple(replace(one, lever=own(one.lever)) for one in card.also), benchmark=own(card.benchmark),
        forbidden=tuple((own(lever), before, after) for lever, before, after in card.forbidden),
    )  # fmt: skip
    return replace(made, id=identity(made))
