"""Two groups (or periods) whose gap is known: nothing, only other rows (composition), only other outcomes (behaviour), or
both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_core.data.table import Column
from automl_core.framing.problem import Problem

PROBLEM = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes")
COLUMNS = (
    Column("g", "text", "category"), Column("day", "date", "date"),
    *(Column(f"n{k}", "float", "number") for k in range(4)), *(Column(f"c{k}", "text", "category") for k in range(4)),
)


@dataclass(frozen=True)
class World:
    """`p_first` and `p_second` are each row's true chance as a row of the first and of the second group."""

    frame: pd.DataFrame
    y: np.ndarray
    first: np.ndarray
    p_first: np.ndarray
    p_second: np.ndarray

    @property
    def truth(self) -> tuple[float, float]:
        """Composition and behaviour."""
        difference = self.p_first - self.p_second
        behaviour = (difference[self.first].mean() + difference[~self.first].mean()) / 2
        gap = self.p_first[self.first].mean() - self.p_second[~self.first].mean()
        return float(gap - behaviour), float(behaviour)


def world(seed: int, rows: int, mode: str) -> World:
    """The first group is 45 % of the rows: the rows after 2024-07-01."""
    rng = np.random.default_rng(seed)
    first = rng.random(rows) < 0.45
    mixed, moved = mode in ("composition", "both"), mode in ("behaviour", "both")
    frame = pd.DataFrame({f"n{k}": rng.normal(size=rows) for k in range(4)})
    frame["n0"] += 0.7 * mixed * first
    for k in range(4):
        frame[f"c{k}"] = pd.Series(rng.choice(list("abcd"), rows)).astype("str")
    chance = np.where(first & mixed, 0.5, 0.25)
    frame["c0"] = pd.Series(np.where(rng.random(rows) < chance, "a", rng.choice(list("bcd"), rows))).astype("str")
    frame["g"] = pd.Series(np.where(first, "x", "z")).astype("str")
    days = np.where(first, 182, 0) + rng.integers(0, 182, rows)
    frame["day"] = (pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D")).astype("datetime64[us]")
    score = -1.2 + 0.8 * frame["n0"] + 0.7 * (frame["c0"] == "a") + 0.4 * (frame["n1"] > 0)
    shift = np.where(frame["c1"] == "a", 1.2, 0.2) * moved
    p_second, p_first = (1 / (1 + np.exp(-(score + more))) for more in (0.0, shift))
    p = np.where(first, p_first, p_second)
    return World(frame, (rng.random(rows) < p).astype(int), first, p_first.to_numpy(), p_second.to_numpy())
