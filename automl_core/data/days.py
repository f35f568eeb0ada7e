"""Dates as numbers: days since 1970, the same of a column and of one moment, to the bit."""
from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DAY = 86_400_000_000  # microseconds; nanoseconds end in 2262, and 9999 is “open”
EPOCH = datetime(1970, 1, 1)


def days_of(series: pd.Series[Any]) -> NDArray[np.float64]:
    """(n,) days of a column of dates; NaN is missing."""
    days = series.astype("datetime64[us]").astype("int64").to_numpy() / DAY
    return np.where(series.isna(), math.nan, days)


def day_of(moment: datetime) -> float:
    """The days of one moment."""
    passed = moment - EPOCH
    # as float first, like a table's column: beyond 2**53 microseconds the exact quotient would differ
    return float(passed.days * DAY + passed.seconds * 1_000_000 + passed.microseconds) / DAY
