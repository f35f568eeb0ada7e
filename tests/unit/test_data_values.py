"""One cell at a time: numbers, dates, texts; and a row agrees with a frame to the bit."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.data.cells import UNREADABLE, cell_reader
from automl_core.data.days import day_of, days_of
from automl_core.data.infer import table_from_frame
from automl_core.data.schema import type_frame, type_row
from automl_core.data.table import Column, Reading
from automl_core.data.values import parse_date, parse_number, to_text

EURO = Reading(decimal=",", thousands=".", unit="€")


@pytest.mark.parametrize(
    ("text", "reading", "number"),
    [
        ("12", Reading(), 12.0),
        (" -1.5e3 ", Reading(), -1500.0),
        ("1_000", Reading(), None),
        ("0x1F", Reading(), None),
        ("١٢", Reading(), 12.0),
        ("−5", Reading(), -5.0),
        ("(1.25)", Reading(), -1.25),
        ("1,234.5", Reading(thousands=","), 1234.5),
        ("12,34,567.00", Reading(thousands=","), 1234567.0),
        ("1,5", Reading(thousands=","), None),
        ("1.234,00", Reading(",", "."), 1234.0),
        ("1.5", Reading(",", "."), None),
        ("1\u202f234,5", Reading(",", " "), 1234.5),
        ("€ -1.234,50", EURO, -1234.5),
        ("-€1.234,50", EURO, -1234.5),
        ("3 kg", Reading(unit="kg"), 3.0),
        ("kg", Reading(unit="kg"), None),
        ("", Reading(), None),
    ],
)
def test_parse_number(text: str, reading: Reading, number: float | None) -> None:
    assert parse_number(text, reading) == number


@pytest.mark.parametrize(
    ("text", "formats", "moment"),
    [
        ("2023-01-31", "", datetime(2023, 1, 31)),
        ("20141013T000000", "", datetime(2014, 10, 13)),
        ("2023-01-01T01:00:00+02:00", "", datetime(2022, 12, 31, 23)),
        ("31/12/2023", "%d/%m/%Y", datetime(2023, 12, 31)),
        ("2023-02-30", "", None),
        ("Jan 11 2023", "|%d/%m/%Y|%b %d %Y", datetime(2023, 1, 11)),
        ("44927", "excel", datetime(2023, 1, 1)),
        ("1672531200", "epoch_s", datetime(2023, 1, 1)),
    ],
)
def test_parse_date(text: str, formats: str, moment: datetime | None) -> None:
    assert parse_date(text, tuple(formats.split("|"))) == moment


def test_text_of_values() -> None:
    assert [to_text(value) for value in (5, 5.0, 5.25, True, None, math.nan, "", datetime(2023, 1, 2), np.int64(7))] == [
        "5", "5", "5.25", "True", None, None, None, "2023-01-02", "7",
    ]  # fmt: skip


def test_null_tokens_are_missing_in_numbers_and_text_in_texts() -> None:
    assert cell_reader(Column("a", "float", "number"))("NA") is None
    assert cell_reader(Column("a", "float", "number"))("abc") is UNREADABLE
    assert cell_reader(Column("a", "float", "number"))(" ") is UNREADABLE
    assert cell_reader(Column("a", "text", "category"))("NA") == "NA"


def test_a_json_boolean_becomes_the_columns_own_label() -> None:
    column = Column("a", "bool", "category", examples=("No", "Yes"))
    assert type_row({"a": True}, (column,)) == {"a": "Yes"}


SCHEMA = (
    Column("n", "float", "number"),
    Column("i", "int", "number", reading=Reading(null_tokens=("NA",))),
    Column("e", "float", "number", reading=EURO),
    Column("d", "date", "date"),
    Column("m", "date", "date", reading=Reading(date_format="%d/%m/%Y")),
    Column("b", "bool", "category", examples=("yes", "no"), reading=Reading(null_tokens=("NA",))),
    Column("t", "text", "text"),
)
TEXTS = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "",
            " ",
            "NA",
            "null",
            "yes",
            "1",
            "01",
            "1e5",
            "1e400",
            "nan",
            "inf",
            "1_0",
            "1.234,5",
            "€ 3",
            "2023-02-28",
            "31/12/2023",
            "x",
            "9007199254740993",
        ]
    ),
    st.floats(allow_nan=False).map(repr),
    st.integers().map(str),
    st.text(max_size=12),
)
VALUES = st.one_of(
    TEXTS, st.floats(), st.integers(-(2**70), 2**70), st.booleans(), st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))
)


def _same(frame_value: Any, row_value: Any) -> bool:
    if isinstance(row_value, float):
        return (math.isnan(row_value) and pd.isna(frame_value)) or float(frame_value).hex() == row_value.hex()
    if row_value is None:
        return bool(pd.isna(frame_value))
    return bool(frame_value == row_value)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.fixed_dictionaries({column.name: VALUES for column in SCHEMA}), min_size=1, max_size=5))
def test_row_and_frame_agree(rows: list[dict[str, Any]]) -> None:
    frame = pd.DataFrame({column.name: pd.Series([row[column.name] for row in rows], dtype=object) for column in SCHEMA})
    typed = type_frame(frame, SCHEMA).frame
    for place, row in enumerate(rows):
        for name, value in type_row(row, SCHEMA).items():
            assert _same(typed[name].iloc[place], value), (name, row[name])


@settings(max_examples=15, deadline=None)
@given(st.lists(TEXTS, min_size=60, max_size=80))
def test_row_and_text_frame_agree_on_many_rows(cells: list[str | None]) -> None:
    frame = pd.DataFrame({column.name: pd.Series(cells, dtype="str") for column in SCHEMA})
    typed = type_frame(frame, SCHEMA).frame
    for place, cell in enumerate(cells):
        for name, value in type_row({column.name: cell for column in SCHEMA}, SCHEMA).items():
            assert _same(typed[name].iloc[place], value), (name, cell)


def test_decimals_of_a_database_are_scored_as_they_were_learned() -> None:
    """NUMERIC columns of databases and decimals of Parquet come as `Decimal`: what was numbers in training is no gap later."""
    cells = [Decimal("12.50"), Decimal(3), None, Decimal("NaN"), Decimal("7.00")]
    frame = pd.DataFrame({"price": pd.Series(cells * 4, dtype=object), "code": pd.Series([str(n) for n in range(20)])})
    table = table_from_frame(frame, "prices")
    assert table.column("price").kind == "float"
    typed = type_frame(frame, table.columns)
    assert not typed.unreadable
    np.testing.assert_array_equal(typed.frame["price"], table.frame["price"])
    price = table.columns[:1]
    assert [type_row({"price": cell}, price)["price"] for cell in cells[:2]] == [12.5, 3.0]
    assert all(math.isnan(type_row({"price": cell}, price)["price"]) for cell in (None, Decimal("NaN")))
    whole = Column("n", "int", "number")
    numbers = pd.DataFrame({"n": pd.Series([Decimal(5), Decimal("7.00")], dtype=object)})
    assert type_frame(numbers, (whole,)).frame["n"].tolist() == [5, 7]
    assert type_row({"day": Decimal(20230131)}, (Column("day", "date", "date", reading=Reading(date_format="%Y%m%d")),)) == {
        "day": datetime(2023, 1, 31)}
    assert [to_text(cell) for cell in (*cells, Decimal(10) ** 20, Decimal("0.5"), Decimal("-Infinity"))] == [
        "12.5", "3", None, None, "7", "1" + 20 * "0", "0.5", None]


def test_type_frame_reports_what_does_not_fit() -> None:
    typed = type_frame(pd.DataFrame({"n": ["1", "x", "NA"], "other": [1, 2, 3]}), SCHEMA[:2])
    assert typed.unreadable == {"n": 1}
    assert typed.missing_columns == ("i",)
    assert typed.extra_columns == ("other",)
    assert list(typed.frame.columns) == ["n", "i"]


def test_original_names_are_found() -> None:
    column = Column("amount_2", "int", "number", original_name=" amount")
    assert type_row({" amount": "5"}, (column,)) == {"amount_2": 5.0}
    assert type_frame(pd.DataFrame({" amount": ["5"]}), (column,)).frame["amount_2"].tolist() == [5]


def test_canonical_dtypes() -> None:
    raw = pd.DataFrame({column.name: ["1", "2"] for column in SCHEMA})
    dtypes = [str(dtype) for dtype in type_frame(raw, SCHEMA).frame.dtypes]
    assert dtypes == ["float64", "int64", "float64", "datetime64[us]", "datetime64[us]", "str", "str"]


@pytest.mark.parametrize("unit", ["us", "ms"])
def test_days_of_a_column_are_those_of_each_moment_to_the_bit(unit: str) -> None:
    far = datetime(9999, 12, 31, 23, 59, 59, 1000)
    moments = [datetime(1970, 1, 2), datetime(1, 1, 1, 0, 0, 1), far, datetime(2024, 2, 29, 7)]
    found = days_of(pd.Series([*moments, None], dtype=f"datetime64[{unit}]"))
    assert found[:4].tolist() == [day_of(moment) for moment in moments]
    assert (found[0], np.isnan(found[4])) == (1.0, True)
