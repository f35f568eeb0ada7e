"""One suite over every cleaning step that is plugged in."""
from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning import Recipe, apply_recipe, apply_recipe_row, cleaning_steps, new_step
from automl_core.data.values import is_missing

STEPS = cleaning_steps().plugins
OPTIONS: dict[str, dict[str, Any]] = {
    "mark_missing": {"tokens": ["?", "-1", "n/a"]},
    "replace_values": {"values": {"red": "rouge", "blue": ""}},
    "fill_missing": {},
}
NUMBER_OPTIONS: dict[str, dict[str, Any]] = {"replace_values": {"values": {"3": "30", "4": ""}}}


def make_frame(seed: int = 0, rows: int = 120) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    colours = random.choice(["red", "Red", " red ", "blue", "BLUE", "?", "green  field", "n/a"], rows).astype(object)
    colours[random.random(rows) < 0.1] = None
    amounts = random.choice(["1,200.50", "7", "-3.25", "1,000", "12.0"], rows).astype(object)
    amounts[:5] = [None, "12", "n/a", "1,000,000", "0.5"]
    days = random.choice(["31.01.2024", "01.02.2023", "15.07.2022", "28.02.2020"], rows).astype(object)
    days[3] = None
    number = random.normal(10, 3, rows)
    number[:4] = [np.nan, 1e6, -1, np.nan]
    moments = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 900, rows), unit="h"))
    moments.iloc[5] = pd.NaT
    frame = pd.DataFrame({
        "colour": pd.Series(colours).astype("str"), "amount": pd.Series(amounts).astype("str"),
        "day": pd.Series(days).astype("str"), "number": number, "count": np.append(random.integers(-2, 6, rows - 1), 99),
        "moment": moments.astype("datetime64[us]"), "flag": pd.Series(random.choice(["yes", "no"], rows), dtype="str"),
    })
    return pd.concat([frame, frame.iloc[:7]], ignore_index=True)


SUITED = {
    "to_number": ["amount"], "to_date": ["day"], "to_text": ["number", "count", "moment"], "trim_spaces": ["colour"],
    "merge_spellings": ["colour"], "clip_outliers": ["number", "count"], "drop_duplicates": [""],
    "fill_missing": ["colour", "number", "moment"], "drop_rows_without_target": ["colour", "number", "moment"],
    "mark_missing": ["colour", "number", "count"], "replace_values": ["colour", "count"],
}
CASES = [(name, column) for name in STEPS for column in SUITED.get(name, ["colour", "number", "count", "moment", "flag"])]


def step_for(name: str, column: str, frame: pd.DataFrame) -> Any:
    numeric = column in ("number", "count")
    options = NUMBER_OPTIONS.get(name, OPTIONS.get(name, {})) if numeric else OPTIONS.get(name, {})
    return new_step(name, column, options, "why", frame)


def rows_of(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Typed rows as scoring makes them: numbers float, dates datetime, missing NaN for numbers and None for the rest."""
    rows = []
    for record in frame.to_dict("records"):
        row: dict[str, object] = {}
        for name, value in record.items():
            if frame[name].dtype.kind in "iuf":
                row[name] = float(value)
            elif frame[name].dtype.kind == "M":
                row[name] = None if is_missing(value) else value.to_pydatetime()
            else:
                row[name] = None if is_missing(value) else str(value)
        rows.append(row)
    return rows


def same(left: object, right: object) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (np.isnan(left) and np.isnan(right))
    return type(left) is type(right) and left == right


def test_every_step_imports() -> None:
    assert cleaning_steps().broken == ()
    assert len(STEPS) >= 12


@pytest.mark.parametrize(("name", "column"), CASES)
def test_frame_and_row_agree(name: str, column: str) -> None:
    step = step_for(name, column, make_frame())
    recipe, new = Recipe((step,)), make_frame(seed=9)
    by_frame = rows_of(apply_recipe(recipe, new, scoring=True).frame)
    by_row = [apply_recipe_row(recipe, row) for row in rows_of(new)]
    assert len(by_frame) == len(by_row) == len(new)
    for one, other in zip(by_frame, by_row, strict=True):
        assert one.keys() == other.keys()
        assert all(same(one[key], other[key]) for key in one), (one, other)


@pytest.mark.parametrize(("name", "column"), CASES)
def test_replay_is_repeatable_counts_and_leaves_the_rest_alone(name: str, column: str) -> None:
    frame = make_frame()
    before = frame.copy(deep=True)
    step = step_for(name, column, frame)
    stored = json.loads(json.dumps(step.options))
    assert stored == step.options, "options must be JSON values"
    first, second = apply_recipe(Recipe((step,)), frame), apply_recipe(Recipe((step,)), frame)
    pd.testing.assert_frame_equal(first.frame, second.frame)
    pd.testing.assert_frame_equal(frame, before)
    assert first.steps[0] == step
    assert step.changed + step.rows_removed > 0
    kept = frame.iloc[first.positions].reset_index(drop=True)
    for other in kept.columns.drop(column, errors="ignore"):
        pd.testing.assert_series_equal(first.frame[other], kept[other])
    assert isinstance(first.frame.index, pd.RangeIndex)
    for kind in first.frame.dtypes:
        assert str(kind) in ("int64", "float64", "datetime64[us]", "str")


@pytest.mark.parametrize(("name", "column"), CASES)
def test_once_is_enough(name: str, column: str) -> None:
    if not STEPS[name].idempotent:
        pytest.skip("this step says that twice is not once")
    step = step_for(name, column, make_frame())
    once = apply_recipe(Recipe((step,)), make_frame())
    twice = apply_recipe(Recipe((step, step)), make_frame())
    pd.testing.assert_frame_equal(once.frame, twice.frame)
    assert twice.steps[1].changed == 0
    assert twice.steps[1].rows_removed == 0


@pytest.mark.parametrize("name", list(STEPS))
def test_a_missing_column_changes_nothing_when_replayed(name: str) -> None:
    column = SUITED.get(name, ["number"])[0]
    step = step_for(name, column, make_frame())
    if STEPS[name].whole_table:
        assert not STEPS[name].scoring
        return
    other = make_frame().drop(columns=column)
    pd.testing.assert_frame_equal(apply_recipe(Recipe((step,)), other).frame, other)
    row = rows_of(other)[0]
    assert apply_recipe_row(Recipe((step,)), row) == row or any(value != value for value in row.values())


@pytest.mark.parametrize("name", list(STEPS))
def test_the_description_serves_every_surface(name: str) -> None:
    step = STEPS[name]
    assert step.title
    assert step.for_kinds
    assert len({field.name for field in step.fields}) == len(step.fields)
    assert step.drops_rows <= (not step.scoring), "a step that drops rows must not run when scoring"


def test_rows_survive_scoring_with_a_training_recipe() -> None:
    frame = make_frame()
    recipe = Recipe((step_for("drop_duplicates", "", frame), step_for("drop_rows_without_target", "colour", frame)))
    assert len(apply_recipe(recipe, frame).frame) < len(frame)
    assert len(apply_recipe(recipe, frame, scoring=True).frame) == len(frame)


def test_dates_and_numbers_come_out_as_written() -> None:
    frame = make_frame()
    recipe = Recipe((step_for("to_date", "day", frame), step_for("to_number", "amount", frame)))
    cleaned = apply_recipe(recipe, frame).frame
    assert cleaned["day"].iloc[0] == datetime.strptime(frame["day"].iloc[0], "%d.%m.%Y")
    assert cleaned["amount"].iloc[3] == 1_000_000
    assert np.isnan(cleaned["amount"].iloc[2])


def test_steps_together_are_the_same_as_one_by_one() -> None:
    """Steps on one column see that column alone and the frame is put together once: nobody may notice."""
    frame = make_frame()
    steps = [step_for(name, column, frame) for name, column in (
        ("mark_missing", "colour"), ("trim_spaces", "colour"), ("to_number", "amount"), ("drop_rows_without_target", "number"),
        ("merge_spellings", "colour"), ("drop_column", "moment"), ("drop_duplicates", ""), ("clip_outliers", "count"),
        ("fill_missing", "colour"), ("to_date", "day"), ("drop_column", "flag"))]
    together = apply_recipe(Recipe(tuple(steps)), frame)
    current, removed = frame, 0
    for step, counted in zip(steps, together.steps, strict=True):
        alone = apply_recipe(Recipe((step,)), current)
        assert alone.steps[0] == counted
        removed += counted.rows_removed
        current = alone.frame
    pd.testing.assert_frame_equal(together.frame, current, check_column_type=True)
    assert removed > 2
    assert len(together.positions) == len(frame) - removed
    pd.testing.assert_series_equal(together.frame["number"], frame["number"].iloc[together.positions].reset_index(drop=True))
    everything = tuple(step_for("drop_column", str(name), frame) for name in frame.columns)
    assert apply_recipe(Recipe(everything), frame).frame.shape == (len(frame), 0)


def test_a_wide_table_is_cleaned_in_seconds() -> None:
    """700 of 10,000 columns: each step must cost a column, not the table."""
    wide = pd.DataFrame(np.random.default_rng(0).integers(0, 9, (30, 10_000)), columns=[f"c{i}" for i in range(10_000)])
    began = time.process_time()
    steps = tuple(new_step("mark_missing", f"c{i}", {"tokens": ["3"]}, "", wide) for i in range(700))
    cleaned = apply_recipe(Recipe(steps), wide)
    assert time.process_time() - began < 10
    assert int(cleaned.frame.isna().sum().sum()) == int((wide.iloc[:, :700] == 3).sum().sum())
