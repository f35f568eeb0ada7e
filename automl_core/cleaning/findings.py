"""What is wrong with a table, worst first, each with the step that would mend it."""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from automl_core.cleaning.application import new_step
from automl_core.cleaning.checks_text import check_text
from automl_core.cleaning.finding_words import cells, rows, short
from automl_core.cleaning.recipe import Finding, Severity
from automl_core.cleaning.step import is_text
from automl_core.cleaning.steps.clip_outliers import fences
from automl_core.data.repeats import repeats
from automl_core.data.table import Column

ORDER = {"serious": 0, "warning": 1, "info": 2}
MANY_MISSING = 0.05
MANY_LEVELS = 50
SENTINELS = (-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0, -99999.0, 999999.0)


def find(
    frame: pd.DataFrame, columns: tuple[Column, ...], target: str = "", only_safe: bool = False
) -> tuple[Finding, ...]:
    """Everything found in a typed frame, the most damaging first; `target` adds what only matters to the outcome.

    The columns may be described by the table as it was read or after a recipe: what a recipe mended is not found again. With
    `only_safe` there are just the findings with a safe fix: the others take most of the time on thousands of columns.
    """
    if len(frame) == 0:
        return ()
    found: list[Finding] = []
    cells = dict(frame.items())
    for column in columns:
        if column.name not in cells or (only_safe and _differing_numbers(cells[column.name])):
            continue
        # alone, because a fix is tried out to count its effect: on thousands of columns the others would be copied each time
        found.extend(_check_column(cells[column.name].to_frame(), column, column.name == target, only_safe))
    if not only_safe:
        found.extend(_duplicates(frame))
    if target in cells and not only_safe:
        found.extend(_check_outcome(frame, target))
    found = [item for item in found if item.safe or not only_safe]
    return tuple(sorted(found, key=lambda item: (ORDER[item.severity], -item.count / max(1, item.total), item.column, item.kind)))


def _differing_numbers(series: pd.Series) -> bool:
    """Whether these are numbers, not all of them the same: whatever else is found in such needs somebody's judgement."""
    if series.dtype.kind not in "iuf":
        return False
    values = series.to_numpy()
    return bool(np.fmin.reduce(values) < np.fmax.reduce(values))


def _check_column(frame: pd.DataFrame, column: Column, is_target: bool, only_safe: bool = False) -> Iterator[Finding]:
    series = frame[column.name]
    yield from _read_as_number(column, len(frame))
    distinct = series.nunique()
    if distinct == 0:
        yield _drop(frame, column, "empty_column", f"“{short(column)}” is empty in every row.", safe=not is_target)
        return
    if not is_target and not only_safe:
        yield from _missing(frame, column)
    if distinct == 1:
        if not is_target and not series.isna().any():
            said = f"“{short(column)}” is the same in every row, so it tells nothing."
            yield _drop(frame, column, "constant", said, safe=True)
        return
    if is_text(series):
        in_text = list(check_text(frame, column, is_target))
        yield from in_text
        if any(item.kind == "numbers_as_text" for item in in_text):
            return
    elif series.dtype.kind in "iuf" and not is_target and column.role != "id":
        yield from _sentinels(frame, column)
        yield from _outliers(frame, column)
    if not is_target:
        yield from _identity(frame, column, distinct)


def _read_as_number(column: Column, total: int) -> Iterator[Finding]:
    if column.coerced and column.kind in ("int", "float", "date"):
        what = "dates" if column.kind == "date" else "numbers"
        listed = ", ".join(f"“{text[:80]}”" for text in column.coerced_examples[:3])
        such = f" (such as {listed})" if listed else ""
        said = f"“{short(column)}” was read as {what}: {cells(column.coerced)}{such} were none and became missing."
        said = said if column.coerced > 1 else said.replace("were none", "was none")
        severity: Severity = "warning" if column.coerced > 0.01 * total else "info"
        yield Finding("read_as_number", column.name, severity, column.coerced, total, said, column.coerced_examples)


def _missing(frame: pd.DataFrame, column: Column) -> Iterator[Finding]:
    count, total = int(frame[column.name].isna().sum()), len(frame)
    if not count:
        return
    share = count / total
    severity: Severity = "warning" if share > MANY_MISSING else "info"
    said = f"“{short(column)}” has no value in {rows(count, total)}; models can use that as it is."
    # filling hides that a value was missing, which a model could have used: never done without being asked
    fix = new_step("fill_missing", column.name, {"how": "typical"}, said, frame)
    yield Finding("missing", column.name, severity, count, total, said, fix=fix)


def _sentinels(frame: pd.DataFrame, column: Column) -> Iterator[Finding]:
    """A number such as -999 that stands far from all others and repeats is a code for “no value”."""
    numbers = frame[column.name].to_numpy(dtype=float)
    ends = np.nanmin(numbers), np.nanmax(numbers)
    if not any(float(value) in SENTINELS for value in ends):
        return  # at once: of thousands of columns hardly one has any
    values = frame[column.name].dropna()
    for value in (values.min(), values.max()):
        if float(value) not in SENTINELS:
            continue
        rest = values[values != value]
        count = len(values) - len(rest)
        if count < max(3, 0.002 * len(values)) or rest.nunique() < 5:
            continue
        low, high = float(rest.min()), float(rest.max())
        gap = (low - float(value)) if value < low else (float(value) - high)
        # -1 among counts from zero is the usual code too; anything else must stand well apart
        if gap >= 0.5 * (high - low) or (value < 0 <= low and gap >= 1):
            said = f"“{short(column)}” is {value:g} in {rows(count, len(frame))}, which looks like a code for a missing value."
            fix = new_step("mark_missing", column.name, {"tokens": [f"{value:g}"]}, said, frame)
            yield Finding("disguised_missing", column.name, "warning", count, len(frame), said, (f"{value:g}",), fix)


def _outliers(frame: pd.DataFrame, column: Column) -> Iterator[Finding]:
    values = frame[column.name].to_numpy(dtype=float)
    bounds = fences(values)
    if bounds is None:
        return
    outside = values[(values < bounds[0]) | (values > bounds[1])]
    # more than a few per cent beyond the fences is a long tail, not a handful of slips
    if not 0 < len(outside) <= 0.02 * len(values):
        return
    worst = sorted(set(outside), key=lambda value: -max(bounds[0] - value, value - bounds[1]))[:3]
    said = f"“{short(column)}” is far from the rest in {rows(len(outside), len(values))}, such as {worst[0]:,.6g}."
    fix = new_step("clip_outliers", column.name, {}, said, frame)
    yield Finding("outliers", column.name, "info", len(outside), len(values), said, tuple(f"{value:g}" for value in worst), fix)


def _identity(frame: pd.DataFrame, column: Column, distinct: int) -> Iterator[Finding]:
    if column.role == "id":
        said = f"“{short(column)}” names the rows ({distinct:,} different values in {len(frame):,} rows), so no model uses it."
        yield _drop(frame, column, "id_like", said, safe=False)
    elif column.role == "category" and distinct > MANY_LEVELS:
        said = f"“{short(column)}” has {distinct:,} different values; the rare ones are treated alike."
        yield Finding("high_cardinality", column.name, "info", distinct, len(frame), said)


def _drop(frame: pd.DataFrame, column: Column, kind: str, said: str, safe: bool) -> Finding:
    severity: Severity = "info" if kind == "id_like" else "warning"
    fix = new_step("drop_column", column.name, {}, said, frame)
    return Finding(kind, column.name, severity, len(frame), len(frame), said, fix=fix, safe=safe)


def _duplicates(frame: pd.DataFrame) -> Iterator[Finding]:
    count = int(repeats(frame).sum())
    if count:
        severity: Severity = "warning" if count > 0.01 * len(frame) else "info"
        said = f"{rows(count, len(frame)).capitalize()} repeat an earlier row in every column."
        said = said if count > 1 else said.replace("repeat an", "repeats an")
        fix = new_step("drop_duplicates", "", {}, said, frame)
        yield Finding("duplicates", "", severity, count, len(frame), said, fix=fix)


def _check_outcome(frame: pd.DataFrame, target: str) -> Iterator[Finding]:
    series, total, name = frame[target], len(frame), target[:80]
    missing = int(series.isna().sum())
    if missing:
        said = f"The outcome “{name}” has no value in {rows(missing, total)}, from which nothing can be learned"
        fix = new_step("drop_rows_without_target", target, {}, f"{said}.", frame)
        said += "; as long as they stay, they come first among the rows to act on."
        yield Finding("missing_target", target, "warning", missing, total, said, fix=fix)
    counts = series.value_counts()
    if len(counts) == 1:
        said = f"The outcome “{name}” is the same in every row, so there is nothing to predict."
        yield Finding("constant_target", target, "serious", total, total, said)
    if series.dtype.kind in "fM" or not 2 <= len(counts) <= 100:
        return
    single = [str(label)[:80] for label in counts.index[counts == 1]]
    if single and (is_text(series) or len(counts) <= 20):
        values = "1 value" if len(single) == 1 else f"{len(single)} values"
        said = f"The outcome “{name}” has {values} seen only once, such as “{single[0]}”."
        yield Finding("single_member_class", target, "warning", len(single), total, said, tuple(single[:5]))
    rare = int(counts.iloc[-1])
    if len(counts) == 2 and rare < 0.1 * counts.sum():
        said = f"Only {rows(rare, int(counts.sum()))} have the outcome “{str(counts.index[-1])[:80]}”: judge by ranking."
        severity: Severity = "warning" if rare < 0.02 * total else "info"
        yield Finding("imbalanced_target", target, severity, rare, total, said)
