"""Which rows a pilot draws first: those without an outcome yet, for there one can still act.

Rows that have ended stay out where there are open ones, unless somebody asks for them: what is known of them already could be
taken for what the pilot did.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_core.acting.outcome import make_outcome
from automl_core.acting.pilot_groups import Together, rows_together, strata_of, told_by_strata
from automl_core.acting.pilots import Floats, Mask, PilotRows
from automl_core.explaining.words import count
from automl_core.framing.dependent import codes_of, likeness


@dataclass(frozen=True, eq=False, slots=True)
class Drawable:
    """The rows that a pilot may draw (n,), those of them without an outcome (n,), which come first, and how many rows that have
    ended are kept out for that."""

    mask: Mask
    still: Mask
    kept_out: int = 0

    @property
    def open(self) -> int:
        """How many of the rows have no outcome yet."""
        return int(self.still.sum())

    def mean_of(self, values: Floats, size: int = 0) -> float:
        """The mean of values (n,) over the first `size` rows that are drawn (0: all of them): the open ones, then the others."""
        ended, first = self.mask & ~self.still, self.open if size <= 0 else min(self.open, size)
        then = int(ended.sum()) if size <= 0 else min(int(ended.sum()), size - first)
        parts = [(float(np.nanmean(values[kind])), many) for kind, many in ((self.still, first), (ended, then)) if many]
        return sum(mean * many for mean, many in parts) / (first + then) if parts else math.nan


def is_open(rows: PilotRows) -> Mask:
    """(n,) rows without an outcome yet."""
    return np.asarray(pd.isna(rows.y), dtype=bool)


def open_first(free: Mask, about: Mask, rows: PilotRows, ended: bool) -> Drawable:
    """Of the `free` rows (n,) the open ones where a card is `about` any (n,), and with `ended` those that have ended, too, less
    what goes together with open ones: these are drawn first, and a group only once. Where other pilots have all open ones, none
    is left, and those that have ended are still drawn only when asked for."""
    still = free & is_open(rows)
    if (ended and not still.any()) or not (about & is_open(rows)).any():
        return Drawable(free, still)
    others = free & ~still
    group = rows.problem.group
    if group and group in rows.frame:
        codes = codes_of(rows.frame[group].to_numpy())
        others &= ~np.isin(codes, codes[still])
    return Drawable(still | others, still) if ended else Drawable(still, still, int(others.sum()))


def values_of(rows: PilotRows) -> tuple[Floats, bool]:
    """(n,) the outcomes as pilots count them (NaN: none yet), and whether their mean is a share."""
    outcome = make_outcome(rows.y, rows.problem, "" if rows.problem.task == "regression" else rows.goal.good)
    return np.where(is_open(rows), math.nan, outcome.values), outcome.is_rate


def known_like(about: Mask, rows: PilotRows) -> Mask:
    """(n,) the rows with an outcome among those that a card is `about`; all with one where it is about none of them."""
    known = ~is_open(rows)
    return about & known if (about & known).any() else known


def mean_now(values: Floats, known: Mask, drawn: Drawable, rows: PilotRows, size: int = 0) -> float:
    """The mean outcome that the first `size` rows to be drawn (0: all) would have without a change. Of open rows it is not known:
    a share is that of the `known` rows (n,), moved by what the model says sets the two apart: of those that it has not learned
    from, where there are any."""
    if rows.problem.task == "regression" or not drawn.open:
        return float(np.nanmean(values[known]))
    fair = _unseen(known, rows)
    fair = fair if fair.any() else known
    now = float(np.nanmean(values[fair])) + float(np.nanmean(rows.risk[fair]))
    return min(max(now - drawn.mean_of(rows.risk, size), 0.0), 1.0)


def told_by_draw(about: Mask, rows: PilotRows, side: int) -> float:
    """The share of the variance of outcomes that the strata of a draw tell, whose smaller side has so many rows: that among rows
    with an outcome which no model had learned from, 0 where there are none. Where another model says what the risk would tell of
    these, it tells no more than that."""
    fair = _unseen(known_like(about, rows), rows)
    values, risks = values_of(rows)[0][fair], (rows.risk, rows.risk if rows.unseen is None else rows.unseen)
    return min(told_by_strata(values, np.nan_to_num(risk[fair]), strata_of(side)) for risk in risks)


def _unseen(known: Mask, rows: PilotRows) -> Mask:
    """(n,) those of the `known` rows whose outcome some model's risk was told without."""
    return known if rows.unseen is None else known & np.isfinite(rows.unseen)


def groups_drawn(rows: PilotRows, drawn: Drawable, about: Mask) -> Together | None:
    """The groups of the rows that a pilot may draw, and how alike their outcomes are, by the rows that have one; None when rows
    stand alone."""
    group = rows.problem.group
    if not group or group not in rows.frame or not drawn.mask.any():
        return None
    codes, values = codes_of(rows.frame[group].to_numpy()), values_of(rows)[0]
    if not drawn.open:
        return rows_together(group, codes[drawn.mask], values[drawn.mask])
    known = known_like(about, rows)
    return rows_together(group, codes[drawn.mask], values[drawn.mask], likeness(values[known], codes[known]))


def planned_words(drawn: Drawable, size: int, wanted: int) -> str:
    """Says of `size` rows to be drawn whether one can still act on them, and what is left when more are `wanted`."""
    if not drawn.open:
        return "They are past rows, whose outcomes are known: the pilot is for their next period."
    ended = max(0, size - drawn.open)
    if ended:
        return (f"{count(drawn.open)} of them {'has' if drawn.open == 1 else 'have'} no outcome yet and {_are(drawn.open)} drawn "
                f"first; {count(ended)} {'has' if ended == 1 else 'have'} ended, and there the pilot is for the next period.")
    words = f"Only rows without an outcome yet are drawn, for there one can still act: there {_are(drawn.open)} {drawn.open:,}."
    if drawn.kept_out and wanted > drawn.open:
        words += f" {count(drawn.kept_out, 'row')} that {'has' if drawn.kept_out == 1 else 'have'} ended can be added."
    return words


def drawn_words(open_rows: int, rows: int) -> str:
    """Says of the drawn rows how many of them have no outcome yet."""
    if not open_rows:
        return "They are past rows, and the change is for their next period."
    if open_rows == rows:
        return "None of them has an outcome yet."
    ended = rows - open_rows
    return (f"{count(open_rows)} of them {'has' if open_rows == 1 else 'have'} no outcome yet; {count(ended)} "
            f"{'has' if ended == 1 else 'have'} ended, and there the change is for the next period.")


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
