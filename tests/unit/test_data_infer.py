"""Typing whole tables: kinds, readings, roles, and the count of every cell that was changed."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from automl_core.cleaning import Recipe, apply_recipe, new_step
from automl_core.codec import from_json, to_json
from automl_core.data import kinds, table_from_frame
from automl_core.data.cells import cell_reader
from automl_core.data.table import Column, Kind, Role, meant_column
from automl_core.errors import BadInput
from automl_core.workspace.row_times import sent_rows


def typed(cells: list[object], name: str = "x", kinds: dict[str, Kind] | None = None):
    """The column and its values for a table of one column."""
    table = table_from_frame(pd.DataFrame({name: pd.Series(cells, dtype=object)}), "t.csv", kinds=kinds)
    return table.columns[0], table.frame[table.names[0]]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2", ""], "int"),
        (["1", "2.5", "NA"], "float"),
        (["01", "02", "03"], "text"),
        (["+49170123456", "+49170123457"], "text"),
        (["9007199254740993", ""], "text"),
        (["9007199254740993", "9007199254740994"], "int"),
        (["yes", "No", "yes"], "bool"),
        (["Y", "N", "NA"], "bool"),
        (["ja", "nein"], "bool"),
        (["M", "F"], "text"),
        (["NA", "DE", "FR"], "text"),
        (["2023-01-01", "2023-01-02"], "date"),
        (["SEPT2", "MARCH1", "1E5"], "text"),
        (["A1", "A2"], "text"),
        (["1.0.2", "1.0.3"], "text"),
        (["10:30", "11:45"], "text"),
    ],
)
def test_kinds(cells: list[object], kind: Kind) -> None:
    assert typed(cells)[0].kind == kind


def test_a_few_bad_cells_are_counted_not_hidden() -> None:
    column, values = typed([str(number) + ".5" for number in range(99)] + [" "])
    assert (column.kind, column.coerced, column.coerced_examples, column.missing) == ("float", 1, (" ",), 1)
    assert values.isna().sum() == 1


def test_many_bad_cells_keep_it_text() -> None:
    assert typed([str(number) for number in range(90)] + ["abc"] * 10)[0].kind == "text"


def test_null_tokens_are_kept_in_the_reading() -> None:
    column, _ = typed(["1", "2", "NULL"])
    assert (column.reading.null_tokens, column.missing, column.coerced) == (("NULL",), 1, 0)


def test_plain_decimals_of_a_short_table_are_read_at_once_and_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of columns of a thousand rows are as many cells as one column of millions."""
    plain = [f"{number / 7:.3f}" for number in range(300)]
    columns = {"plain": plain, "gaps": [*plain[:290], *10 * ["n/a"]], "blank": [*plain[:299], " "],
               "comma": [*plain[:299], "1,5"], "codes": ["007", *plain[1:]], "whole": [str(number) for number in range(300)],
               "dotted": [f"{1 + number % 28}.3.{1900 + number % 90}" for number in range(300)]}
    columns["compact"] = [f"2023{1 + number % 12:02}{1 + number % 28:02}" for number in range(300)]
    quick = table_from_frame(pd.DataFrame(columns), "t")
    monkeypatch.setattr(kinds, "_QUICK", 10**9)
    slow = table_from_frame(pd.DataFrame(columns), "t")
    assert quick.columns == slow.columns
    pd.testing.assert_frame_equal(quick.frame, slow.frame)
    monkeypatch.undo()
    monkeypatch.setattr(kinds, "find_date_format", lambda *arguments: pytest.fail("One by one."))
    assert table_from_frame(pd.DataFrame({"plain": plain}), "t").columns[0].kind == "float"


def test_units_and_marks_are_read_and_said() -> None:
    column, values = typed(["$1,200.50", "$3,000.00", "$12.00"])
    assert (column.kind, column.reading.unit, column.reading.thousands, values.tolist()) == (
        "float",
        "$",
        ",",
        [1200.5, 3000.0, 12.0],
    )
    assert "$" in column.note


@pytest.mark.parametrize(
    ("cells", "first", "guessed"),
    [
        (["13/04/2023", "03/04/2023"], "2023-04-13", False),
        (["03/04/2023", "04/05/2023"], "2023-03-04", True),
        (["03.04.2023", "04.05.2023"], "2023-04-03", True),
        (["3/12/2016", "14/2/2016"], "2016-12-03", False),
        (["Jan 5, 2023", "Feb 6, 2023"], "2023-01-05", False),
        (["05-Jan-23", "06-Feb-23"], "2023-01-05", False),
        (["2015-02-24 11:35:52 -0800"] * 2, "2015-02-24", False),
    ],
)
def test_dates(cells: list[object], first: str, guessed: bool) -> None:
    table = table_from_frame(pd.DataFrame({"when": cells}), "t.csv")
    assert table.columns[0].kind == "date"
    assert str(table.frame["when"].iloc[0])[:10] == first
    assert any("when" in warning for warning in table.warnings) == guessed


@pytest.mark.parametrize(
    ("cells", "years", "said"),
    [
        (["13.01.68", "14.02.75", "15.03.45", "16.04.12"], [1968, 1975, 1945, 2012], "years from 19"),
        (["13.01.68", "14.02.55", "15.03.25"], [2068, 2055, 2025], "years up to 2068"),
        (["13-Jan-68", "29-Feb-72"], [1968, 1972], "years from 19"),
        (["13.01.75", "14.02.24"], [1975, 2024], ""),
        (["13.01.1975", "14.02.2050"], [1975, 2050], ""),
    ],
)
def test_years_of_two_digits_are_past_beside_the_last_century_and_read_so_again(
    cells: list[object], years: list[int], said: str
) -> None:
    table = table_from_frame(pd.DataFrame({"born": cells}), "t")
    assert table.frame["born"].dt.year.tolist() == years
    assert [said in words for words in table.warnings] == ([True] if said else [])
    assert sent_rows(table, "")[0]["born"] == cells[0]
    kept = from_json(Column, to_json(table.columns[0]))
    assert [cell_reader(kept)(cell).year for cell in cells] == years
    step = new_step("to_date", "born", {}, "", pd.DataFrame({"born": cells}, dtype="str"))
    assert apply_recipe(Recipe((step,)), pd.DataFrame({"born": cells}, dtype="str")).frame["born"].dt.year.tolist() == years


def test_a_decided_date_column_settles_its_neighbour() -> None:
    frame = pd.DataFrame({"open": ["03/04/2023", "05/06/2023"], "sure": ["25/12/2023", "24/12/2023"]})
    table = table_from_frame(frame, "t.csv")
    assert str(table.frame["open"].iloc[0])[:10] == "2023-04-03"
    assert "like the other dates" in " ".join(table.warnings)


@pytest.mark.parametrize(
    ("name", "cells", "role"),
    [
        ("customerID", [f"{number:04d}-AB" for number in range(60)], "id"),
        ("id", [str(7 * number % 101) for number in range(60)], "id"),
        ("row", [str(number) for number in range(60)], "id"),
        ("price", [str(100 + number * number) for number in range(60)], "number"),
        ("measure", [f"{number / 7:.5f}" for number in range(60)], "number"),
        ("paid", [str(number * 13 % 61) for number in range(60)], "number"),
        ("comment", [f"this is the long comment number {number}" for number in range(60)], "text"),
        ("city", ["Rome", "Oslo"] * 30, "category"),
        ("same", ["1"] * 60, "constant"),
        ("gone", [None] * 60, "empty"),
        ("null", ["NA"] * 60, "empty"),
        ("day", [f"2023-01-{1 + number % 28:02d}" for number in range(60)], "date"),
    ],
)
def test_roles(name: str, cells: list[object], role: Role) -> None:
    assert typed(cells, name)[0].role == role


REVIEW = "这家餐厅的味道非常好服务也很周到下次还会再来推荐给大家"


@pytest.mark.parametrize(
    ("cells", "role"),
    [
        ([f"{10 + number * 1.37:.2f}Nm" for number in range(60)], "category"),
        ([f"{1000 + number * 13.5:.1f}mAh" for number in range(60)], "category"),
        ([f"{52 + number / 100:.4f},{13 + number / 90:.4f}" for number in range(60)], "category"),
        ([REVIEW[number % 20 :] + REVIEW[: number % 7] for number in range(60)], "text"),
        ([f"{'acgt'[number % 4]}{'gattaca' * 8}{'acgt'[number // 4 % 4]}{'acgt'[number // 16]}" for number in range(60)], "text"),
        ([f"192.168.{number}.1" for number in range(60)], "id"),
        ([f"V-{10 + number}.25" for number in range(60)], "id"),
        ([f"{REVIEW[number % 20]}{REVIEW[number // 7]}" for number in range(60)], "id"),  # names of two letters
        ([f"{number * 7919 % 10007:x}-ab" for number in range(60)], "id"),
        ([f"user{number}@example.com" for number in range(60)], "id"),
    ],
)
def test_texts_of_one_word_that_differ_in_each_row_are_no_ids_when_they_say_something(cells: list[object], role: Role) -> None:
    assert typed(cells)[0].role == role


@pytest.mark.parametrize(
    ("columns", "first", "said"),
    [
        ({"x": ["12,500", "0,125", "1,250"]}, 12.5, ""),
        ({"x": ["12,500", "1,250"]}, 12500, "“,” in “x” was read as the mark between thousands (nothing"),
        ({"x": ["12.500", "1.250"]}, 12.5, "“.” in “x” was read as the decimal mark (nothing"),
        ({"x": ["12.500", "1.25"]}, 12.5, ""),
        ({"x": ["12.500", "1.250"], "y": ["0.5", "1.5"]}, 12.5, ""),
        ({"x": ["12,500", "1,250"], "y": ["0.5", "1.5"]}, 12500, ""),
        ({"x": ["12,500", "1,250"], "y": ["0,5", "1,5"]}, 12.5, "“,” in “x” was read as the decimal mark (like the other"),
        ({"x": ["12.500", "1.250"], "y": ["0,5", "1,5"]}, 12500, "“.” in “x” was read as the mark between thousands (like"),
        ({"x": ["12.500", "1.250"], "y": ["1.234.567,5", "1"]}, 12500, "“.” in “x” was read as the mark between thousands (like"),
        ({"x": ["12.500", "1.250"], "y": ["0,5", "1,5"], "z": ["0.5", "1.5"]}, 12.5, "“.” in “x” was read as the decimal mark"),
        ({"x": ["1.234e5", "1.250e3"]}, 123400, ""),
        ({"x": ["12500", "1250"]}, 12500, ""),
    ],
)
def test_marks_before_three_digits_are_settled_by_the_column_its_neighbours_or_said(
    columns: dict[str, list[str]], first: float, said: str
) -> None:
    table = table_from_frame(pd.DataFrame(columns), "t")
    assert table.frame["x"].iloc[0] == first
    assert [said in words for words in table.warnings] == ([True] if said else [])


def test_one_number_of_two_marks_among_thousands_shows_what_the_mark_is() -> None:
    cells = [f"{1 + number % 900}.{100 + number % 899}" for number in range(5_000)]
    column, values = typed([*cells, "1.234.567"])
    assert (column.coerced, values.iloc[-1], values.iloc[1]) == (0, 1_234_567, 2101)


def test_forced_kinds() -> None:
    column, values = typed(["44927", "44928"], kinds={"x": "date"})
    assert (column.kind, str(values.iloc[0])[:10]) == ("date", "2023-01-01")
    assert typed(["1", "2"], kinds={"x": "text"})[1].tolist() == ["1", "2"]
    column, values = typed(["1", "b", "c"], kinds={"x": "int"})
    assert (column.coerced, column.missing) == (2, 2)


def test_frames_in_memory() -> None:
    frame = pd.DataFrame(
        {
            "flag": [True, False, True],
            "level": pd.Categorical(["a", "b", "a"]),
            "when": pd.to_datetime(["2023-01-01", None, "2023-01-03"], utc=True),
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "mixed": [1, "a", None],
        }
    )
    table = table_from_frame(frame, "memory")
    assert [column.kind for column in table.columns] == ["bool", "text", "date", "int", "text"]
    assert [str(dtype) for dtype in table.frame.dtypes] == ["str", "str", "datetime64[us]", "float64", "str"]
    assert table.frame["flag"].tolist() == ["True", "False", "True"]
    assert table.frame["mixed"].tolist()[:2] == ["1", "a"]


@pytest.mark.parametrize(("values", "kind", "read"), [
    ([3, 1, None], "int", [3.0, 1.0, None]), ([True, False, None], "bool", ["True", "False", None]),
    (["b", "a", None], "text", ["b", "a", None]),
])
def test_categories_with_gaps_are_read(values: list[object], kind: str, read: list[object]) -> None:
    """A category of whole numbers is no column of whole numbers once a cell is missing."""
    levels = pd.Index([value for value in values if value is not None])
    table = table_from_frame(pd.DataFrame({"x": pd.Categorical(values, levels)}), "t")
    assert table.columns[0].kind == kind
    assert table.columns[0].missing == 1
    assert [None if pd.isna(value) else value for value in table.frame["x"].tolist()] == read


LONG = 1234567890123456789


@pytest.mark.parametrize(
    ("cells", "kind", "read"),
    [
        ([LONG, LONG + 1, None], "text", [str(LONG), str(LONG + 1), None]),
        ([LONG, LONG + 1], "int", [LONG, LONG + 1]),
        ([10**20, 10**20 + 1, None], "text", [str(10**20), str(10**20 + 1), None]),
        ([Decimal(LONG), Decimal(LONG + 1), None], "text", [str(LONG), str(LONG + 1), None]),
        ([Decimal("1.50"), Decimal(2), None], "float", [1.5, 2.0, None]),
        ([3, 1, None], "int", [3.0, 1.0, None]),
    ],
)
def test_long_whole_numbers_of_objects_keep_their_digits(cells: list[object], kind: str, read: list[object]) -> None:
    column, values = typed(cells)
    assert column.kind == kind
    assert [None if pd.isna(value) else value for value in values.tolist()] == read


def test_names_are_unique_and_kept() -> None:
    frame = pd.DataFrame([["1", "2", "3", "4"]])
    frame.columns = pd.Index(["a", "a", " a", ""])
    table = table_from_frame(frame, "t.csv")
    assert table.names == ("a", "a_2", "a_3", "column_4")
    assert [column.original_name for column in table.columns] == ["", "a", " a", ""]


@pytest.mark.parametrize(
    "odd", ["", "NA", "nan", "inf", " 7", "+5", "007", "-0", "1_000", "20200131", "9007199254740993", "1.0", "0x1"]
)
@pytest.mark.parametrize("places", [0, 2])
def test_plain_numbers_are_read_without_a_text_of_each_cell_and_alike(
    odd: str, places: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of thousands of columns nearly all are plain numbers."""
    regular = pd.DataFrame({"x": pd.Series([f"{number * 1.37:.{places}f}" for number in range(300)], dtype="str")})
    with monkeypatch.context() as patch:
        patch.setattr(kinds, "_texts", None)
        assert table_from_frame(regular, "t.csv").columns[0].kind == ("float" if places else "int")
    irregular = regular.assign(x=regular["x"].where(regular.index % 50 != 7, odd))
    at_once = table_from_frame(irregular, "t.csv")
    monkeypatch.setattr(kinds, "_plain", lambda series: None)
    looked_at = table_from_frame(irregular, "t.csv")
    assert at_once.columns == looked_at.columns
    pd.testing.assert_frame_equal(at_once.frame, looked_at.frame)


LABELS = tuple(Column(name, "int", "number", original_name=original) for name, original in (
    ("column_1", ""), ("price", " price"), ("x", ""), ("x_2", "x"), ("x_3", "x"), ("net total", "net\ntotal"), ("column_7", "")))


@pytest.mark.parametrize(("typed", "meant"), [
    ("price", "price"), (" price", "price"), ("price ", "price"), ("Unnamed: 0", "column_1"), ("Unnamed: 6", "column_7"),
    ("x", "x"), ("x.1", "x_2"), ("x.2", "x_3"), ("net\ntotal", "net total"),
])
def test_columns_are_found_by_the_names_that_a_script_has_for_them(typed: str, meant: str) -> None:
    """Those of the file and those of pandas, which differ from the clean ones."""
    assert meant_column(LABELS, typed).name == meant


@pytest.mark.parametrize(("typed", "hint"), [
    ("prise", "Perhaps “price” is meant."), ("PRICE", "Perhaps “price” is meant."), ("x.9", "Choose one of its columns."),
    ("Unnamed: 2", "Choose one of its columns."), ("", "Choose one of its columns."),
])
def test_a_name_of_no_column_is_refused_with_what_is_most_like_it(typed: str, hint: str) -> None:
    with pytest.raises(BadInput, match="There is no column") as refused:
        meant_column(LABELS, typed)
    assert refused.value.hint == hint
