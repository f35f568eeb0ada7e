"""Joining never multiplies rows, and the profile counts what is there."""

from __future__ import annotations

import pandas as pd
import pytest

from automl_core.data import join, profile, table_from_frame
from automl_core.errors import BadInput


def make(frame: pd.DataFrame, name: str):
    """A typed table."""
    return table_from_frame(frame, name)


def test_join_sums_up_first() -> None:
    left = make(pd.DataFrame({"key": [1, 2, 3], "x": ["a", "b", "c"]}), "left.csv")
    right = make(
        pd.DataFrame(
            {
                "id": ["1", "1", "2", "2"],
                "x": [1.0, 3.0, 5.0, 5.0],
                "city": ["Rome", "Oslo", "Oslo", "Oslo"],
                "day": ["2023-01-01", "2023-02-01", "2023-01-05", ""],
            }
        ),
        "right.csv",
    )
    joined = join(left, right, "key", "id")
    assert (joined.rows_before, joined.rows_after, joined.matched, joined.unmatched) == (3, 3, 2, 1)
    frame = joined.table.frame
    assert frame["right count"].tolist() == [2, 2, 0]
    assert frame["x (mean)"].tolist()[:2] == [2.0, 5.0]
    assert frame["city"].tolist()[:2] == ["Oslo", "Oslo"]
    assert str(frame["day (latest)"].iloc[0])[:10] == "2023-02-01"
    assert joined.table.names == ("key", "x", "right count", "x (mean)", "city", "day (latest)")


def test_join_of_unique_keys_takes_columns_over() -> None:
    left = make(pd.DataFrame({"key": ["a", "b", None]}), "left.csv")
    right = make(pd.DataFrame({"key": ["b", "a"], "n": [2, 1]}), "right.csv")
    table = join(left, right, "key", "key").table
    assert table.frame["n"].tolist()[:2] == [1, 2]
    assert pd.isna(table.frame["n"].iloc[2])


def test_join_reads_the_other_table_as_it_was_read() -> None:
    """Of the rows that find a partner none may show what a column is."""
    left = make(pd.DataFrame({"key": ["a", "b", "x"], "zip": ["c", "d", "e"]}), "left.csv")
    long = 1234567890123456789
    other = pd.DataFrame({
        "key": ["a", "b", "c"], "zip": ["98178", "98125", "01234"], "when": ["03/04/2023", "05/06/2023", "25/12/2023"],
        "long": [long, long + 1, 5], "price": ["5 €", "7 €", "1.5 €"],
    })
    table = join(left, make(other, "right.csv"), "key", "key").table
    assert table.frame["right zip"].tolist()[:2] == ["98178", "98125"]
    assert table.frame["long"].tolist()[:2] == [str(long), str(long + 1)]
    assert [(column.name, column.kind, column.reading.unit) for column in table.columns[2:]] == [
        ("right zip", "text", ""), ("when", "date", ""), ("long", "text", ""), ("price", "float", "€")]
    several = make(pd.concat([other, other.iloc[:1]]), "right.csv")
    summed = join(left, several, "key", "key").table
    assert summed.column("right zip").kind == "text"
    assert summed.frame["right zip"].tolist()[:2] == ["98178", "98125"]


def test_join_lets_the_user_choose() -> None:
    left = make(pd.DataFrame({"key": [1]}), "left.csv")
    right = make(pd.DataFrame({"key": [1, 1], "n": [2.5, 1.5], "t": ["a", "b"]}), "right.csv")
    assert join(left, right, "key", "key", {"n": "sum", "t": "leave out"}).table.frame["n (sum)"].tolist() == [4.0]
    with pytest.raises(BadInput):
        join(left, right, "key", "key", {"t": "mean"})


def test_join_without_a_match_is_refused() -> None:
    left, right = make(pd.DataFrame({"key": [1]}), "l"), make(pd.DataFrame({"key": [2], "n": [1]}), "r")
    with pytest.raises(BadInput, match="No value"):
        join(left, right, "key", "key")


def test_profile() -> None:
    frame = pd.DataFrame(
        {
            "n": ["1", "2", "2", ""],
            "f": ["0.5", "1.5", "9.5", "3"],
            "t": ["a", "b", "a", "a"],
            "d": ["2023-01-01", "2023-01-03", "", "2023-01-02"],
            "e": [None] * 4,
        }
    )
    found = profile(make(frame, "t.csv"))
    by_name = {column.name: column for column in found.columns}
    assert (found.rows, found.missing, found.duplicates) == (4, 6, 0)
    assert by_name["n"].counts == (1, 2)
    assert (
        by_name["f"].minimum,
        by_name["f"].maximum,
        by_name["f"].median,
        sum(by_name["f"].counts),
        len(by_name["f"].edges),
    ) == (0.5, 9.5, 2.25, 4, 13)
    assert by_name["t"].levels == (("a", 3), ("b", 1))
    assert (by_name["d"].first, by_name["d"].last) == ("2023-01-01", "2023-01-03")
    assert by_name["e"].counts == ()
