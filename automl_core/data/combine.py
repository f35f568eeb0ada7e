"""Joining a second table without ever multiplying rows: its rows are summed up to one per key first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from automl_core.data.infer import table_from_frame
from automl_core.data.source import shown
from automl_core.data.table import Column, Table
from automl_core.errors import BadInput

# What may become of the right table's columns when several of its rows share a key.
WAYS: Final = ("mean", "sum", "minimum", "maximum", "latest", "most common", "leave out")


@dataclass(frozen=True, eq=False, slots=True)
class Joined:
    """`table` is the left table with the right one's columns added; `matched` and `unmatched` count left rows."""

    table: Table
    matched: int
    unmatched: int
    rows_before: int
    rows_after: int


def join(left: Table, right: Table, left_key: str, right_key: str, how: Mapping[str, str] | None = None) -> Joined:
    """Adds the right table to the left: rows and their order stay the left's.

    Where keys repeat on the right, its rows become one: how many there were, the mean of numbers, the latest date, the most
    common category; `how` overrules this per column with one of WAYS. Keys are compared as texts, so 7, "7" and 7.0 are one key.
    """
    left_column, right_column = left.column(left_key), right.column(right_key)
    for column, way in (how or {}).items():
        right.column(column)
        if way not in WAYS:
            raise BadInput(f"{shown(way)} is no way to sum up a column.", f"Choose one of: {', '.join(WAYS)}.")
    left_keys, right_keys = _keys(left, left_column), _keys(right, right_column)
    prefix = right.origin.name.rsplit(".", 1)[0][:40] or "other"
    one_each = right_keys.dropna().is_unique
    summed, sources = _one_row_each(right, right_keys, right_key, how or {}, None if one_each else f"{prefix} count")
    known = left_keys.isin(summed.index)
    matched = int(known.sum())
    if not matched:
        raise BadInput(
            f"No value of {shown(left_key)} occurs in {shown(right_key)} of the other table.",
            "Choose the columns that hold the same keys.",
        )
    taken = set(left.names)
    summed = summed.rename(columns={name: _free(str(name), prefix, taken) for name in summed.columns})
    long = {name: "Int64" for name in summed.columns if _is_long(summed[name])}  # exact beside what is missing
    added = summed.astype(long).reindex(left_keys).reset_index(drop=True)
    if not one_each:
        count = added.columns[0]
        added[count] = added[count].fillna(0).astype("int64")
    # the rows that found a partner may tell less than the other table: its 98178 was a text beside 01234
    typed = zip(added.columns, sources, strict=True)
    kinds = {str(name): source.kind for name, source in typed if source is not None and not _is_long(added[name])}
    extra = table_from_frame(added, left.origin.name, kinds=kinds)
    told = zip(extra.columns, sources, strict=True)
    columns = (*left.columns, *(_with_origin(column, source if one_each else None, right) for column, source in told))
    frame = pd.concat([left.frame, extra.frame], axis=1)
    missed = f"{len(left_keys) - matched:,} of {left.rows:,} rows found no partner in {shown(right.origin.name)}."
    warnings = (*left.warnings, *((missed,) if matched < left.rows else ()))
    table = replace(left, frame=frame, columns=columns, warnings=warnings)
    return Joined(table, matched, left.rows - matched, left.rows, table.rows)


def _keys(table: Table, column: Column) -> pd.Series[Any]:
    """Keys as texts; numbers without “.0”; missing stays missing and matches nothing."""
    series = table.frame[column.name]
    if column.kind in ("int", "float"):
        whole = series.dropna()
        if bool((whole == whole.round()).all()):
            return series.astype("Int64").astype("str").where(series.notna())
    return series.astype("str").where(series.notna()).str.strip()


def _one_row_each(
    right: Table, keys: pd.Series[Any], key: str, how: Mapping[str, str], count: str | None
) -> tuple[pd.DataFrame, list[Column | None]]:
    """The right table with one row a key, indexed by key, and the columns that its own came from, with the kind they have now;
    `count` names the column of row counts (None: keys are unique)."""
    frame = right.frame.drop(columns=[key])[keys.notna()]
    groups = keys[keys.notna()]
    others = [column for column in right.columns if column.name != key]
    if count is None:
        kept = [column for column in others if how.get(column.name) != "leave out"]
        return frame[[column.name for column in kept]].set_axis(pd.Index(groups.to_numpy()), axis=0), [*kept]
    grouped = frame.groupby(groups.to_numpy(), sort=False)
    columns: dict[str, Any] = {count: grouped.size()}
    sources: dict[str, Column | None] = {count: None}
    for column in others:
        way = how.get(column.name, _usual_way(column))
        if way == "leave out":
            continue
        label = column.name if way == "most common" else f"{column.name} ({way})"
        columns[label] = _sum_up(frame[column.name], groups, way, column)
        sources[label] = replace(column, kind="float") if way == "mean" else column
    return pd.DataFrame(columns), list(sources.values())


def _is_long(series: pd.Series[Any]) -> bool:
    """Whether a column holds whole numbers too long for a float."""
    return pd.api.types.is_integer_dtype(series.dtype) and len(series) > 0 and bool(series.abs().max() >= 2**53)


def _usual_way(column: Column) -> str:
    if column.role in ("id", "text", "empty", "constant"):
        return "leave out"
    if column.kind in ("int", "float"):
        return "mean"
    return "latest" if column.kind == "date" else "most common"


def _sum_up(series: pd.Series[Any], groups: pd.Series[Any], way: str, column: Column) -> pd.Series[Any]:
    grouped = series.groupby(groups.to_numpy(), sort=False)
    if way == "most common":
        # Ties go to the first in the alphabet, so that the same data always gives the same table.
        counted = (
            pd.DataFrame({"key": groups.to_numpy(), "value": series.to_numpy()}).dropna().value_counts().reset_index(name="n")
        )
        best = counted.sort_values(["n", "value"], ascending=[False, True]).drop_duplicates("key")
        return best.set_index("key")["value"]
    if way in ("mean", "sum") and column.kind not in ("int", "float"):
        raise BadInput(f"{shown(column.name)} holds no numbers, so it has no {way}.", "Choose another way.")
    if way == "mean":
        return grouped.mean()
    if way == "sum":
        return grouped.sum(min_count=1)
    return grouped.min() if way == "minimum" else grouped.max()


def _free(name: str, prefix: str, taken: set[str]) -> str:
    """A name the left table does not have yet."""
    wanted = name if name not in taken else f"{prefix} {name}"
    number = 2
    free = wanted
    while free in taken:
        free, number = f"{wanted}_{number}", number + 1
    taken.add(free)
    return free


def _with_origin(column: Column, source: Column | None, right: Table) -> Column:
    """The added column says where it came from; one taken over whole, from `source`, keeps the reading it was typed with."""
    note = f"from {shown(right.origin.name)}"
    if source is not None and source.kind == column.kind:
        return replace(column, role=source.role if source.role != "id" else column.role, reading=source.reading, note=note)
    return replace(column, note=note)
