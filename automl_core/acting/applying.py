"""The changes of cards made in a caller's own frame: nothing else of it is touched, and dtypes stay where they can."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard
from automl_core.acting.levers import moved
from automl_core.acting.own_names import names_of, typed
from automl_core.acting.spelling import holds_numbers, number_of, texts
from automl_core.framing.suggestion import is_yes

Mask = NDArray[np.bool_]


def changed(cards: Sequence[ActionCard], frame: pd.DataFrame, chosen: NDArray[np.int64]) -> pd.DataFrame:
    """A copy of the frame (n, columns) with the change of card `chosen` (n,; -1: none) made on each row."""
    out, names, rows = frame.copy(), names_of(frame), typed(frame, cards).frame
    for place, card in enumerate(cards):
        mine = np.asarray(chosen == place, dtype=bool)
        if not mine.any():
            continue
        if math.isnan(card.step):
            for lever, to in ((card.lever, card.to_value), *((one.lever, one.to_value) for one in card.also)):
                at = names.place(lever)
                out.isetitem(at, _set(out.iloc[:, at], frame.iloc[:, at], rows[lever], (to, mine)).array)
        else:
            at, now = names.place(card.lever), rows[card.lever]
            after = moved(card, rows, mine)[card.lever].to_numpy(dtype=np.float64)[mine]
            out.isetitem(at, _stepped(out.iloc[:, at], now, after, mine).array)
    return out


def _set(series: pd.Series[Any], given: pd.Series[Any], read: pd.Series[Any], change: tuple[str, Mask]) -> pd.Series[Any]:
    """The column with the value that the `change` spells on its rows, just as another row has it if one does in the column as it
    was `given`: an earlier change may have moved that row. `read` is it typed."""
    to, rows = change
    if isinstance(series.dtype, pd.SparseDtype):
        dense = _set(series.astype(series.dtype.subtype), given.astype(series.dtype.subtype), read, change)
        kept = dense.dtype == series.dtype.subtype  # whole numbers that became decimal would lose that
        return dense.astype(series.dtype) if kept else dense
    if holds_numbers(series):
        number, yes = number_of(to), is_yes(to)
        if math.isnan(number) and yes is None:  # a level such as “2+”, of which these rows have numbers alone
            return _put(series.astype(object), [to] * int(rows.sum()), rows)
        # a yes or no that this column holds as 1 or 0
        return _numbers(series, np.full(int(rows.sum()), float(bool(yes)) if math.isnan(number) else number), rows)
    same = np.flatnonzero((texts(read) == to).to_numpy(dtype=bool, na_value=False))
    if isinstance(series.dtype, pd.CategoricalDtype):
        value = given.iloc[same[0]] if len(same) else _parsed(to, series.dtype.categories.to_series())
        if value not in series.dtype.categories:
            series = series.cat.add_categories([value])
    else:
        value = given.iloc[same[0]] if len(same) else _parsed(to, given)
    return _put(series, [value] * int(rows.sum()), rows)


def _parsed(to: str, like: pd.Series[Any]) -> Any:
    """The value of a column's kind that a text spells."""
    like = like.infer_objects()
    if pd.api.types.is_bool_dtype(like.dtype):
        return bool(is_yes(to))
    if isinstance(like.dtype, pd.DatetimeTZDtype):
        return pd.Timestamp(to, tz="UTC").tz_convert(like.dtype.tz)
    if like.dtype.kind == "M":
        return pd.Timestamp(to)
    if holds_numbers(like):
        number = number_of(to)
        return int(number) if like.dtype.kind in "iu" and number.is_integer() else number
    return to


def _stepped(series: pd.Series[Any], now: pd.Series[Any], after: NDArray[np.float64], rows: Mask) -> pd.Series[Any]:
    """The column with the numbers `after` on `rows`; `now` are its values as numbers, for columns of texts and the like."""
    if isinstance(series.dtype, pd.SparseDtype):
        return _stepped(series.astype(series.dtype.subtype), now, after, rows)
    if isinstance(series.dtype, pd.CategoricalDtype):
        plain = _stepped(pd.Series(now.to_numpy(), index=series.index, name=series.name), now, after, rows)
        levels = series.dtype.categories.union(pd.Index(plain.dropna().unique()), sort=None)
        return plain.astype(pd.CategoricalDtype(levels, series.dtype.ordered))
    if series.dtype.kind in "iuf" and holds_numbers(series):
        return _numbers(series, after, rows)
    numbers = pd.to_numeric(now, errors="coerce").to_numpy(dtype=np.float64)
    whole = np.all(numbers % 1 == 0)
    plain = pd.Series(numbers.astype(np.int64) if whole else numbers, index=series.index, name=series.name)
    return _numbers(plain, after, rows)


def _numbers(series: pd.Series[Any], values: NDArray[np.float64], rows: Mask) -> pd.Series[Any]:
    """The column with these numbers on `rows`; whole numbers become decimal only where the new ones do not fit, and short
    decimals take them as near as they can."""
    plain: np.dtype[Any] = getattr(series.dtype, "numpy_dtype", series.dtype)  # type: ignore[arg-type]
    fits = False
    if series.dtype.kind == "f":
        fits = not np.any(np.abs(values) > np.finfo(plain.name).max)
    elif series.dtype.kind in "iu":
        room = np.iinfo(plain.name)
        fits = bool(np.all((values % 1 == 0) & (values >= room.min) & (values <= room.max)))
    if fits:
        return _put(series, values.astype(plain), rows)
    if series.dtype.kind in "iuf":
        arrow = isinstance(series.dtype, pd.ArrowDtype)
        series = series.astype("double[pyarrow]" if arrow else "float64" if series.dtype == plain else "Float64")
    return _put(series, values, rows)


def _put(series: pd.Series[Any], values: Any, rows: Mask) -> pd.Series[Any]:
    """The column with other values on some rows, whatever its index; in a column of objects any value is one."""
    if series.dtype == object:
        cells = series.to_numpy(copy=True)
        for at, value in zip(np.flatnonzero(rows), values, strict=True):
            cells[at] = value
        return pd.Series(cells, index=series.index, name=series.name, dtype=object)
    out = series.copy()
    out.iloc[np.flatnonzero(rows)] = values
    return out
