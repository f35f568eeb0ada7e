"""The loops over leaves of `leaf_tables`, compiled when they are first used and kept on disk where that can be written.

Imported only where a row is explained: the compiler is heavy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from automl_core.explaining.walk_kernel import compiled


def _shut_by(steps: tuple[Any, Any, Any, Any], begin: int, end: int, slots: Any) -> int:
    """The columns (bits) whose values in `slots` (slots,) go another way than the leaf's at one of its steps `begin` to `end`."""
    slot, cut, right, bit = steps
    shut = 0
    for step in range(begin, end):
        if (slots[slot[step]] > cut[step]) != right[step]:
            shut |= bit[step]
    return shut


shut_by: Any = compiled(_shut_by)


def _fill(leaves: tuple[Any, Any, Any, Any], steps: tuple[Any, Any, Any, Any], others: Any, weights: Any, table: Any) -> None:
    """Fills `table` (entries, m), which is 0, with the mean parts of each leaf's columns, by which of them shut a row out.

    `leaves` are the first steps (leaves + 1,), first entries (leaves + 1,), widths and values (leaves,); `others` (b, slots) is
    what cuts are compared with of the rows compared with; `weights` those of Shapley by how many columns were taken from each.
    """
    first, entry, width, value = leaves
    counts = np.zeros(1 << table.shape[1], np.int64)
    for leaf in range(len(value)):
        sets, columns = 1 << width[leaf], width[leaf]
        counts[:sets] = 0
        for other in range(others.shape[0]):
            counts[shut_by(steps, first[leaf], first[leaf + 1], others[other])] += 1
        for mine in range(sets):
            for theirs in range(sets):
                if counts[theirs] == 0 or mine & theirs:
                    continue  # a column that shuts both out lets no mixture reach the leaf
                taken, rest = 0, 0
                for column in range(columns):
                    taken += theirs >> column & 1
                    rest += mine >> column & 1
                share = value[leaf] * counts[theirs] / others.shape[0]
                for column in range(columns):
                    if theirs >> column & 1:
                        table[entry[leaf] + mine, column] += share * weights[taken - 1, rest]
                    elif mine >> column & 1:
                        table[entry[leaf] + mine, column] -= share * weights[taken, rest - 1]


fill: Any = compiled(_fill)


def _add(
    leaves: tuple[Any, Any, Any], steps: tuple[Any, Any, Any, Any], columns: Any, table: Any, slots: Any, phi: Any
) -> None:
    """Adds to `phi` (d,) the parts of one row, of which cuts are compared with `slots`. `columns` (leaves, m) are those of each
    leaf's path."""
    first, entry, width = leaves
    for leaf in range(len(width)):
        place = entry[leaf] + shut_by(steps, first[leaf], first[leaf + 1], slots)
        for column in range(width[leaf]):
            phi[columns[leaf, column]] += table[place, column]


add: Any = compiled(_add)
