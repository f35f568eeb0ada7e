"""Files through the child process: dialects, damage, limits; the parent sees a table or one sentence."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl_core.data import ReadLimits, ReadOptions, layout, load_table, read_file, read_rows, retype, save_table, type_frame
from automl_core.data.child import read_raw_here
from automl_core.data.infer import table_from_frame
from automl_core.data.layout import kind_of
from automl_core.data.reading import reading
from automl_core.data.sources import csv
from automl_core.data.table import Origin, Table
from automl_core.data.text.regular import regular_columns
from automl_core.errors import BadInput, NotFound


@pytest.fixture
def write(tmp_path: Path):
    """Writes a file of text and gives its path."""

    def put(text: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return put


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children are started as the product starts them, and not forked from one that has the libraries loaded."""
    monkeypatch.setattr(sys.modules["automl_core.data.reading"], "subprocess", subprocess)


def test_a_table_survives_being_kept(write, tmp_path: Path) -> None:
    table = read_file(write("id,when,flag,text\n1,2023-01-01,yes,a\n2,,no,\n"), "t.csv")
    save_table(table, tmp_path / "kept")
    again = load_table(tmp_path / "kept")
    pd.testing.assert_frame_equal(again.frame, table.frame)
    assert (again.columns, again.origin, again.warnings) == (table.columns, table.origin, table.warnings)
    assert table.origin.size == 44
    assert len(table.origin.sha256) == 64
    with pytest.raises(NotFound):
        load_table(tmp_path / "nowhere")


def test_texts_of_a_long_table_do_not_keep_its_numbers_in_memory_twice(tmp_path: Path) -> None:
    rows = 60_000
    words = pd.Series(["yes", "no", None] * (rows // 3), dtype="str")
    frame = pd.DataFrame({**{f"number {k}": np.arange(rows) / (k + 1) for k in range(20)}, "word": words})
    table = Table(frame, (), Origin("t.csv"))
    save_table(table, tmp_path / "kept")
    tracemalloc.start()
    again = load_table(tmp_path / "kept")
    kept = tracemalloc.get_traced_memory()[0]  # of the file as it was read; pyarrow has memory of its own for the frame
    tracemalloc.stop()
    assert kept < 0.2 * (tmp_path / "kept" / "table.arrow").stat().st_size
    pd.testing.assert_frame_equal(again.frame, table.frame)


def test_raw_text_scores_like_the_table(write) -> None:
    path = write("a;b\n1,5;x\n2,5;NA\n")
    table = read_file(path, "t.csv")
    typed = type_frame(read_rows(path, "t.csv").frame, table.columns)
    pd.testing.assert_frame_equal(typed.frame, table.frame)


def test_retype_reads_again(write) -> None:
    path = write("zip,n\n98178,1\n98125,2\n")
    table = read_file(path, "t.csv")
    assert table.column("zip").kind == "int"
    again = retype(table, path, {"zip": "text"})
    assert again.frame["zip"].tolist() == ["98178", "98125"]


def test_options_overrule(write) -> None:
    path = write("1;2\n3;4\n")
    assert read_file(path, "t.csv", ReadOptions(header_row=-2)).rows == 2
    assert read_file(path, "t.csv", ReadOptions(header_row=0)).names == ("1", "2")
    assert read_file(path, "t.csv", ReadOptions(delimiter=",", header_row=0)).names == ("1;2",)


def test_hostile_names_are_only_shown(write) -> None:
    table = read_file(write("a,b\n1,2\n"), "../../etc/passwd\n<script>")
    assert table.origin.name == "../../etc/passwd\n<script>"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"  \n \n", "no data"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "not a table"),
        (b"<html><body>a</body></html>", "web page"),
        (b"PK\x03\x04garbage", "damaged"),
        (b"PAR1garbagePAR1", "damaged"),
        (b"SQLite format 3\x00garbage", "damaged"),
        (b'{"a": ', "not valid JSON"),
        (gzip.compress(b"a,b\n1,2\n" * 1000, mtime=0)[:-30], "cut off"),
        (bytes(range(256)) * 40, ""),
    ],
)
def test_refusals_are_sentences(write, tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_raw_here(write(content), "upload.csv", ReadOptions(), ReadLimits(), tmp_path)
    assert words in caught.value.message
    assert "Traceback" not in str(caught.value)
    assert "/" not in str(caught.value)


def test_memory_and_time_are_limited(write, anew: None) -> None:
    path = write("a,b\n" + "1,2\n" * 10)
    with pytest.raises(BadInput, match=r"memory|damaged"):
        read_file(path, "t.csv", limits=ReadLimits(memory_mb=150))
    with pytest.raises(BadInput, match="longer than 0"):
        read_file(path, "t.csv", limits=ReadLimits(seconds=0))


def test_a_table_is_read_while_other_work_is_done_and_the_reading_ends_with_the_block(write, anew: None) -> None:
    path = write("a,b\n1,2\n3,4\n")
    with reading(path, "t.csv") as under_way:
        assert under_way.table().frame.equals(read_file(path, "t.csv").frame)
        assert under_way.folder.exists()
    assert not under_way.folder.exists()
    with pytest.raises(RuntimeError), reading(path, "t.csv") as under_way:
        raise RuntimeError
    assert under_way.child.poll() is not None
    assert not under_way.folder.exists()


def test_row_and_column_limits(write) -> None:
    with pytest.raises(BadInput, match="more than 5"):
        read_file(write("a,b\n" + "1,2\n" * 10), "t.csv", limits=ReadLimits(rows=5))
    with pytest.raises(BadInput, match="more than 3"):
        read_file(write(",".join("abcdefgh") + "\n" + ",".join("12345678") + "\n"), "t.csv", limits=ReadLimits(columns=3))


def test_nested_json(write) -> None:
    records = [{"id": number, "user": {"name": "a", "addr": {"zip": "0123"}}, "tags": [1, 2]} for number in range(3)]
    table = read_file(write(json.dumps(records), "t.json"), "t.json")
    assert table.names == ("id", "user.name", "user.addr.zip", "tags")
    assert table.frame["tags"].iloc[0] == "[1, 2]"


def test_nothing_is_left_behind(write, anew: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = tmp_path / "tmp"
    private.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(private))
    read_file(write("a,b\n1,2\n"), "t.csv")
    assert list(private.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "at_once"),
    [
        ("a,b,c\n1,x,\n2,,z\n3,y,w\n", True),
        ("a;b\r\n1;x\r\n2;y\r\n", True),
        ("a,b\n1,x\n2,y,more\n3,z\n", False),
        ("a,b\n1,x\n,\n3,z\n", False),
        ("a,b\n1,x\n\n3,z\n", False),
        ('a,b\n1,"x, y"\n3,z\n', False),
        ("a,b\n1,x\n3,z\nTotal,\n", False),
    ],
)
def test_only_regular_tables_are_cut_at_once_and_alike(content: str, at_once: bool, write, tmp_path: Path, monkeypatch) -> None:
    path = write(content)
    cut: list[bool] = []

    def watched(*asked: Any) -> Any:
        found = regular_columns(*asked)
        cut.append(found is not None)
        return found

    monkeypatch.setattr(csv, "regular_columns", watched)
    whole = read_raw_here(path, "t.csv", ReadOptions(), ReadLimits(), tmp_path)
    monkeypatch.setattr(csv, "regular_columns", lambda *asked: None)
    one_by_one = read_raw_here(path, "t.csv", ReadOptions(), ReadLimits(), tmp_path)
    assert cut == [at_once]
    pd.testing.assert_frame_equal(whole.frame, one_by_one.frame)
    assert (whole.origin, whole.warnings) == (one_by_one.origin, one_by_one.warnings)


@pytest.mark.parametrize("delimiter", ["§", "¦"])
def test_any_one_letter_parts_cells(delimiter: str, write, tmp_path: Path) -> None:
    content = "".join(f"{line}\n" for line in ("a,b,c", "1,x,2", "3,y,4", "5,z,6")).replace(",", delimiter)
    table = read_raw_here(write(content), "t.csv", ReadOptions(delimiter=delimiter), ReadLimits(), tmp_path)
    assert list(table.frame.columns) == ["a", "b", "c"]
    assert table.frame["b"].tolist() == ["x", "y", "z"]


def test_a_few_rows_tell_the_header_of_a_wide_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking at 200 rows of ten thousand columns takes seconds."""
    looked_at: list[str] = []
    monkeypatch.setattr(layout, "kind_of", lambda cell: looked_at.append(cell) or kind_of(cell))
    for width in (100, 4_000):
        looked_at.clear()
        assert layout.find_layout([[f"c{place}" for place in range(width)], *([["1.5"] * width] * 150)]).header_row == 0
        assert len(looked_at) < 100_000


@pytest.mark.parametrize(
    ("first", "rows", "header"),
    [
        (["0", "1", "2", "3", "y"], [["1.5", "2", "7", "8", "0"], ["2.5", "3", "1", "4", "1"]], True),
        (["", "0", "1", "2", "y"], [["0", "2.5", "7", "8", "0.5"], ["1", "3.5", "1", "4", "0.7"]], True),
        (["", "0", "1", "2"], [["0", "2.5", "7", "8"], ["1", "3.5", "1", "4"]], True),
        (["0", "1", "species"], [["2.5", "3", "a"], ["1.5", "2", "b"], ["1.5", "2", "b"], ["1.5", "2", "a"]], True),
        (["1", "2", "a"], [["2.5", "3", "a"], ["1.5", "2", "b"], ["1.5", "2", "b"], ["1.5", "2", "a"]], False),
        (["1", "2", "Smith"], [["2", "3", "Jones"], ["3", "7", "Miller"], ["4", "2", "Brown"]], False),
        (["1", "2", "Smith", "Rome"], [["2", "3", "Jones", "Paris"], ["3", "7", "Miller", "Paris"]], False),
        (["0", "2", "3", "4", "y"], [["1.5", "2", "7", "8", "0"], ["2.5", "3", "1", "4", "1"]], False),
    ],
)
def test_columns_that_are_numbered_and_an_outcome_with_a_name_are_a_header(
    first: list[str], rows: list[list[str]], header: bool
) -> None:
    assert (layout.find_layout([first, *rows]).header_row == 0) == header


@pytest.mark.parametrize(
    ("content", "names", "first"),
    [
        ("mpg,cyl,hp\nMazda RX4,21.0,6,110\nFiat,30,4,\nVolvo,20,4,90\n", ("rownames", "mpg", "cyl", "hp"), "Mazda RX4"),
        ("mpg,cyl,hp\n21.0,6,110,\n20,4,90,\n", ("mpg", "cyl", "hp"), 21.0),
        ("mpg,cyl,hp\n21.0,6,110,\n20,4,90,\n21,4,90,old\n", ("mpg", "cyl", "hp", "column_4"), 21.0),
        ("mpg,cyl,hp\n21.0,6,110,4,5\n20,4,90,4,5\n", ("mpg", "cyl", "hp", "column_4", "column_5"), 21.0),
    ],
)
def test_a_header_one_name_short_begins_at_the_second_cell(
    content: str, names: tuple[str, ...], first: object, write, tmp_path: Path
) -> None:
    for options in (ReadOptions(), ReadOptions(header_row=0)):
        raw = read_raw_here(write(content), "t.csv", options, ReadLimits(), tmp_path)
        table = table_from_frame(raw.frame, "t.csv")
        assert (table.names, table.frame.iloc[0, 0]) == (names, first)
        assert any("one name fewer" in said for said in raw.warnings) == (first == "Mazda RX4")


@pytest.mark.parametrize(("cells", "kind"), [([1234567890123456789, 1234567890123456790], "int"), ([10**20, 10**20 + 1], "text")])
def test_decimals_without_places_keep_their_digits(cells: list[int], kind: str, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": pa.array([Decimal(cell) for cell in cells], pa.decimal128(38, 0))}), path)
    table = table_from_frame(read_raw_here(path, "t.parquet", ReadOptions(), ReadLimits(), tmp_path).frame, "t")
    assert (table.columns[0].kind, [str(cell) for cell in table.frame["x"]]) == (kind, [str(cell) for cell in cells])
