"""Columns of plain numbers, told and read from Arrow's texts at once: of thousands of columns nearly all are such, and making a
Python text of each of their cells takes longer than everything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.numbers import is_code

_LOOK: Final = 64  # cells that tell most other columns apart
_FIRST_DATE, _LAST_DATE = 18_000_101, 21_991_231  # compact dates are whole numbers between these


@dataclass(frozen=True, eq=False, slots=True)
class PlainNumbers:
    """`values` (n,) are int64 where all are whole and there, else float64 with NaN for empty cells."""

    kind: Literal["int", "float"]
    values: npt.NDArray[Any]


def plain_numbers(series: pd.Series[Any], fewest: int) -> PlainNumbers | None:
    """The numbers of a column of plain decimals with more than `fewest` different ones; None for anything else.

    What it tells is what looking at every text would tell: texts of any other form are left to that, and so are empty columns,
    whole numbers that may be dates, codes, or too long for exact arithmetic.
    """
    if not isinstance(series.dtype, pd.StringDtype) or series.dtype.storage != "pyarrow" or len(series) <= fewest:
        return None
    import pyarrow as pa
    import pyarrow.compute as pc

    texts: Any = pa.array(series.array)
    try:
        for part in (texts.slice(0, _LOOK), texts):
            cells = pc.if_else(pc.equal(part, ""), None, part)
            found = pc.cast(cells, pa.float64())
    except pa.ArrowInvalid:
        return None
    values = found.to_numpy(zero_copy_only=False) if isinstance(found, pa.Array) else found.to_numpy()
    missing = np.isnan(values)
    here = values[~missing]
    if len(pd.unique(here[: 16 * fewest])) <= fewest and len(pd.unique(here)) <= fewest:
        return None
    if int(missing.sum()) != cells.null_count or not bool(np.isfinite(here).all()):
        return None  # “nan” and “inf” are texts that ask for a closer look
    whole = here == np.floor(here)
    if bool(whole.all()):
        return _whole(cells, values, missing)
    if bool(whole.any()) and is_code(pc.unique(pc.filter(cells.drop_null(), pa.array(whole))).to_pylist()):
        return None
    return PlainNumbers("float", values)


def _whole(cells: Any, values: npt.NDArray[np.float64], missing: npt.NDArray[np.bool_]) -> PlainNumbers | None:
    """Whole numbers, unless a closer look may say that they are none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    here = values[~missing]
    dated = (here >= _FIRST_DATE) & (here <= _LAST_DATE)
    if bool(dated.any()) or float(np.abs(here).max()) >= 2.0**53:
        return None
    try:
        pc.cast(cells, pa.int64())
    except pa.ArrowInvalid:  # 1.0 or 1e3: whole, but written as a decimal
        return None
    if bool(pc.any(pc.match_substring_regex(cells, r"^(?:0|\+)\d")).as_py()):
        return None
    return PlainNumbers("int", values + 0.0 if missing.any() else values.astype(np.int64))
