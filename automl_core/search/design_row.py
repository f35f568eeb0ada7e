"""Columns of a design for one row or some: the same numbers as `design_of` gives, several times faster for so little."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.search.design import Scale, squashed
from automl_core.search.family import Array

Places = NDArray[np.int64]
BLOCK = 1_000  # rows of a table worked out at once: what is made on the way stays small


@dataclass(frozen=True, slots=True, eq=False)
class RowDesign:
    """What `design_of` works out scale by scale, laid out for all numbers at once.

    `numbers`, `gaps` and the keys of `levels` are places in the row; `lines`, `bends` and `marks` are places in the design: of
    the numbers, of the knots (`bent` is the number of each) and of the columns for missing values. `levels` has, for each
    category, the place of each code; `coded`, `codes` and `cells` are the same as arrays: place in the row, code, place in the
    design.
    """

    scales: tuple[Scale, ...]
    width: int = field(init=False)
    numbers: Places = field(init=False)
    lines: Places = field(init=False)
    centres: Array = field(init=False)
    widths: Array = field(init=False)
    bent: Places = field(init=False)
    bends: Places = field(init=False)
    knots: Array = field(init=False)
    gaps: Places = field(init=False)
    marks: Places = field(init=False)
    levels: tuple[tuple[int, dict[float, int]], ...] = field(init=False)
    coded: Places = field(init=False)
    codes: Array = field(init=False)
    cells: Places = field(init=False)

    def __post_init__(self) -> None:
        starts = np.cumsum([0, *(scale.columns for scale in self.scales)]).tolist()
        placed = list(zip(range(len(self.scales)), starts, self.scales, strict=False))
        lines = [(number, start, scale) for number, start, scale in placed if not scale.category]
        knots = [(place, start + 1 + step, knot) for place, (_, start, scale) in enumerate(lines)
                 for step, knot in enumerate(scale.knots)]
        gaps = [(number, start + scale.columns - 1) for number, start, scale in placed if scale.gap]
        levels = tuple((number, {float(code): start + step for step, code in enumerate(scale.codes)})
                       for number, start, scale in placed if scale.category)
        cells = [(number, code, place) for number, known in levels for code, place in known.items()]
        found: dict[str, Any] = {
            "width": starts[-1],
            "numbers": _places(number for number, _, _ in lines), "lines": _places(start for _, start, _ in lines),
            "centres": np.array([scale.centre for _, _, scale in lines], dtype=np.float64),
            "widths": np.array([scale.width for _, _, scale in lines], dtype=np.float64),
            "bent": _places(place for place, _, _ in knots), "bends": _places(place for _, place, _ in knots),
            "knots": np.array([knot for _, _, knot in knots], dtype=np.float64),
            "gaps": _places(number for number, _ in gaps), "marks": _places(place for _, place in gaps),
            "levels": levels, "coded": _places(number for number, _, _ in cells),
            "codes": np.array([code for _, code, _ in cells], dtype=np.float64), "cells": _places(place for _, _, place in cells),
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def of(self, row: Array) -> Array:
        """(d,) columns of one row (p,)."""
        out = np.zeros(self.width)
        missing = np.isnan(row)
        if len(self.numbers):
            unknown = missing[self.numbers]
            z = squashed(np.where(unknown, self.centres, row[self.numbers]), self.centres, self.widths)
            z[unknown] = 0.0
            out[self.lines] = z
            if len(self.knots):
                beyond = np.maximum(z[self.bent] - self.knots, 0.0)
                beyond[unknown[self.bent]] = 0.0
                out[self.bends] = beyond
        if self.levels:
            values = row.tolist()
            for number, places in self.levels:
                place = places.get(values[number])
                if place is not None:
                    out[place] = 1.0
        out[self.marks] = missing[self.gaps]
        return out

    def table(self, matrix: Array) -> Array:
        """(n, d) columns of rows (n, p)."""
        out = np.zeros((len(matrix), self.width))
        for start in range(0, len(matrix), BLOCK):
            self._fill(out[start : start + BLOCK], matrix[start : start + BLOCK])
        return out

    def _fill(self, out: Array, matrix: Array) -> None:
        missing = np.isnan(matrix)
        if len(self.numbers):
            unknown = missing[:, self.numbers]
            z = squashed(np.where(unknown, self.centres, matrix[:, self.numbers]), self.centres, self.widths)
            z[unknown] = 0.0
            out[:, self.lines] = z
            if len(self.knots):
                beyond = np.maximum(z[:, self.bent] - self.knots, 0.0)
                beyond[unknown[:, self.bent]] = 0.0
                out[:, self.bends] = beyond
        if len(self.coded):
            out[:, self.cells] = matrix[:, self.coded] == self.codes
        out[:, self.marks] = missing[:, self.gaps]


def _places(found: Any) -> Places:
    return np.fromiter(found, dtype=np.int64)
