"""The socket of cleaning steps: what a step is, and the two ways of applying one function to a column and to one row."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from automl_core.data.table import Row
from automl_core.errors import BadInput
from automl_core.registry import Field

Options = dict[str, Any]
Learn = Callable[[pd.DataFrame, str, Options], Options]
Apply = Callable[[pd.DataFrame, str, Options], tuple[pd.DataFrame, int]]
ApplyRow = Callable[[Row, str, Options], None]


@dataclass(frozen=True, slots=True)
class CleaningStep:
    """One kind of cleaning step.

    `learn(frame, column, options)` freezes what the data say into JSON options. `apply(frame, column, options)` gives a new
    frame and the number of cells it changed (of rows it removed when `drops_rows`), and touches no other column.
    `apply_row(row, column, options)` changes one typed row in place and agrees with `apply`. `scoring` False means training
    only. `idempotent` says that applying twice is applying once. `for_kinds` are the column kinds it makes sense for.
    The frame holds just the column, in training order, unless `whole_table` says that the step is about rows and all their
    columns; its column is then an empty string.
    """

    name: str
    title: str
    learn: Learn
    apply: Apply
    apply_row: ApplyRow
    fields: tuple[Field, ...] = ()
    package: str = ""
    drops_rows: bool = False
    scoring: bool = True
    idempotent: bool = True
    for_kinds: tuple[str, ...] = ("int", "float", "bool", "date", "text")
    whole_table: bool = False


def keep_options(frame: pd.DataFrame, column: str, options: Options) -> Options:
    """`learn` of a step that learns nothing: its options as they are."""
    need_column(frame, column)
    return dict(options)


def nothing(row: Row, column: str, options: Options) -> None:
    """`apply_row` of a step that leaves single rows alone."""


def need_column(frame: pd.DataFrame, column: str) -> pd.Series:
    """The column; BadInput naming it when it is not there."""
    if column not in frame.columns:
        raise BadInput(f"There is no column “{column[:80]}” to clean.", "Choose one of the table's columns.")
    series: pd.Series = frame[column]
    return series


def need_text(frame: pd.DataFrame, column: str) -> pd.Series:
    """The column when it holds text; BadInput otherwise."""
    series = need_column(frame, column)
    if series.dtype.kind in "iufMb":
        raise BadInput(f"“{column[:80]}” is not text, so this step does not apply to it.", "Choose a text column.")
    return series


def need_numbers(frame: pd.DataFrame, column: str) -> pd.Series:
    """The column when it holds numbers; BadInput otherwise."""
    series = need_column(frame, column)
    if series.dtype.kind not in "iuf":
        raise BadInput(f"“{column[:80]}” is not a number, so this step does not apply to it.", "Turn it into a number first.")
    return series


def replace_column(frame: pd.DataFrame, column: str, values: Any) -> pd.DataFrame:
    """A new frame with this column's values replaced, in the same place; the others are shared, not copied."""
    changed = frame.copy(deep=False)
    changed[column] = values
    return changed


def distinct_texts(series: pd.Series) -> tuple[np.ndarray[Any, np.dtype[np.intp]], list[str]]:
    """(n,) code of each cell (-1 when missing) and the distinct texts: work is done once a text, not once a cell."""
    codes, texts = pd.factorize(series)
    return codes, [str(text) for text in texts]


def map_texts(series: pd.Series, change: Callable[[str], str | None]) -> tuple[pd.Series, int]:
    """The text column with `change` applied to each cell that is there (None: missing), and how many cells changed."""
    codes, texts = distinct_texts(series)
    new = [change(text) for text in texts]
    different = np.array([before != after for before, after in zip(texts, new, strict=True)] + [False])
    count = int(different[codes].sum())
    if count == 0:
        return series, 0
    cells = np.array([*new, None], dtype=object)[codes]
    return pd.Series(cells, index=series.index, name=series.name).astype("str"), count


def is_text(series: pd.Series) -> bool:
    """Whether the column holds text (kinds bool and text)."""
    return series.dtype.kind not in "iufMb"
