"""Messy and hostile files: each gives its expected table or one sentence, never a traceback; dangerous ones only in the child."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from automl_core.data import ReadLimits, ReadOptions, Table, read_file, table_from_frame
from automl_core.data.child import read_raw_here
from automl_core.errors import BadInput

SHARED = Path(__file__).parents[2].parent / "shared"
CORPUS = SHARED / "corpus"
EXPECTED: dict[str, dict[str, Any]] = (
    json.loads((CORPUS / "synthetic" / "expected.json").read_text("utf-8")) if (CORPUS / "synthetic").is_dir() else {}
)
LIMITS = ReadLimits(memory_mb=2048, seconds=60)
DANGEROUS = ("arch/", "hostile/", "db/", "parquet/", "json/deep", "struct/long_line")
# Refused when a target is chosen or a model is trained, not when the file is read.
LATER = ("target/", "struct/header_only", "struct/one_row", "parquet/zero_rows")
pytestmark = pytest.mark.shared


def read_here(path: Path, folder: Path, options: ReadOptions | None = None) -> Table:
    """Reads a harmless file in this process: the child costs most of a second a file."""
    raw = read_raw_here(path, path.name, options or ReadOptions(), LIMITS, folder)
    table = table_from_frame(raw.frame, path.name, raw.origin)
    return replace(table, warnings=(*raw.warnings, *table.warnings))


def outcome(read_it: Callable[[], Table]) -> Table | str:
    """The table, or the sentence that refuses it; any other exception fails the test."""
    try:
        return read_it()
    except BadInput as refusal:
        sentence = str(refusal)
    assert 20 < len(sentence) < 400
    assert str(CORPUS) not in sentence
    return sentence


def read(name: str, folder: Path) -> Table:
    """The synthetic file of this name."""
    path = CORPUS / "synthetic" / name
    return read_file(path, path.name, limits=LIMITS) if name.startswith(DANGEROUS) else read_here(path, folder)


@pytest.mark.parametrize("name", EXPECTED)
def test_synthetic(name: str, shared: Path, tmp_path: Path) -> None:
    expected = EXPECTED[name]
    table = outcome(lambda: read(name, tmp_path))
    if isinstance(table, str):
        assert expected.keys() & {"error", "accept", "error_or_limit", "check", "note"}, table
        assert "rows" not in expected or "accept" in expected or name.startswith(LATER), table
        return
    assert "error" not in expected or name.startswith(LATER)
    _compare(table, expected)


def _compare(table: Table, expected: dict[str, Any]) -> None:
    assert table.rows == expected.get("rows", table.rows)
    if expected.get("cols", len(table.columns)) != len(table.columns):
        # Columns that cannot be used are left out, and each is named.
        left_out = sum("was left out" in warning for warning in table.warnings)
        assert len(table.columns) + left_out >= expected["cols"] - 1
    if expected.get("header"):
        assert list(table.names) == expected["header"]
    for name, kind in expected.get("dtypes", {}).items():
        column = table.column(name)
        assert column.kind == kind or (kind == "float" and column.kind == "int" and column.missing), name
    for name, value in expected.get("first_row", {}).items():
        assert table.frame[name].iloc[0] == value
    if "first" in expected:
        assert [str(table.frame["when"].iloc[place])[:10] for place in (0, -1)] == [expected["first"], expected["last"]]
    if "sep" in expected:
        assert table.origin.delimiter == expected["sep"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("enc/mixed_latin1_in_utf8.csv", "line 62"),
        ("enc/nul_bytes.csv", "NUL"),
        ("dialect/unclosed_quote.csv", "never closed"),
        ("struct/preamble_footer.csv", "below the table"),
        ("struct/two_tables.csv", "second table"),
        ("struct/ragged_short.csv", "9 rows"),
        ("struct/ragged_long.csv", "7 rows"),
        ("struct/late_long_row.csv", "row 20002"),
        ("struct/trailing_delims.csv", "3 empty columns"),
        ("struct/duplicate_columns.csv", "occurred twice"),
        ("struct/header_only.csv", "no rows"),
        ("dates/ambiguous.csv", "month before day"),
        ("json/bad_line.jsonl", "line 31"),
        ("json/dup_keys.json", "last value"),
        ("xlsx/merged_title_and_groups.xlsx", "merged"),
        ("xlsx/multi_sheet_hidden_empty.xlsx", "“Hidden” hidden"),
        ("xlsx/formulas_no_cache.xlsx", "never calculated"),
        ("xlsx/error_cells.xlsx", "#DIV/0!"),
    ],
)
def test_every_change_is_said(name: str, words: str, shared: Path, tmp_path: Path) -> None:
    assert words in " ".join(read(name, tmp_path).warnings)


def test_coerced_cells_are_counted(shared: Path, tmp_path: Path) -> None:
    assert read("dates/impossible.csv", tmp_path).column("when").coerced == 24
    assert read("struct/late_type_change.csv", tmp_path).column("a").coerced == 1
    assert read("val/inf_nan.csv", tmp_path).column("x").coerced == 50


def test_encodings_give_the_same_names(shared: Path, tmp_path: Path) -> None:
    """All western files hold the same first 60 rows."""
    texts = {
        name: read(f"enc/{name}.csv", tmp_path).frame["name"].tolist()
        for name in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "cp1250", "mac_roman")
    }
    assert all(names == texts["utf-8"] for names in texts.values())


@pytest.mark.parametrize(
    ("name", "word"),
    [("shift_jis", "高橋"), ("euc_jp", "高橋"), ("gb18030", "北京市海淀区"), ("big5", "臺北市"), ("cyrillic_cp1251", "Москва")],
)
def test_other_scripts(name: str, word: str, shared: Path, tmp_path: Path) -> None:
    assert word in read(f"enc/{name}.csv", tmp_path).frame.iloc[0].tolist()


@pytest.mark.parametrize("path", sorted((CORPUS / "csv-spectrum" / "csvs").glob("*.csv")), ids=lambda path: path.stem)
def test_csv_spectrum_is_exact(path: Path, tmp_path: Path) -> None:
    raw = read_raw_here(path, path.name, ReadOptions(), LIMITS, tmp_path)
    records = [dict(zip(raw.frame.columns, row, strict=True)) for row in raw.frame.itertuples(index=False, name=None)]
    expected = json.loads((path.parents[1] / "json" / f"{path.stem}.json").read_text("utf-8"))
    expected = expected if isinstance(expected, list) else [expected]
    if path.stem == "location_coordinates":
        # The collection's own two files disagree about this one cell: the CSV is what was read.
        assert expected[0].pop("Contact Phone Number") == "1234567890"
        assert records[0].pop("Contact Phone Number") == "2095257564"
    assert _newlines(records) == _newlines(expected)


def _newlines(records: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{key: value.replace("\r\n", "\n") for key, value in record.items()} for record in records]


@pytest.mark.parametrize("folder", ["csvlint", "messytables"])
def test_public_collections(folder: str, shared: Path, tmp_path: Path) -> None:
    """Text files of other projects' tests: a table or a sentence."""
    for path in sorted((CORPUS / folder).rglob("*")):
        if path.suffix in (".csv", ".tsv", ".psv", ".ssv"):
            table = outcome(partial(read_here, path, tmp_path))
            assert isinstance(table, str) or len(table.columns) > 0


def test_bombs_leave_this_process_small(shared: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in ("arch/xlsx_bomb_320MB.xlsx", "arch/gz_bomb_300MB.csv.gz", "parquet/bomb_20M_rows_rle.parquet"):
        with pytest.raises(BadInput):
            read(name, Path())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize("name", ["OOM_alloc.xls", "OOM_alloc2.xls", "OOM_alloc3.xls"])
def test_memory_bombs_in_workbooks(name: str, shared: Path) -> None:
    table = outcome(lambda: read_file(CORPUS / "calamine" / name, name, limits=LIMITS))
    assert isinstance(table, str) or table.rows > 0


def test_telco(shared: Path) -> None:
    path = SHARED / "data" / "dev" / "telco_churn.csv"
    table = read_file(path, path.name)
    charges = table.column("TotalCharges")
    assert (table.rows, charges.kind, charges.coerced, charges.coerced_examples, charges.missing) == (
        7043,
        "float",
        11,
        (" ",),
        11,
    )
    assert table.column("customerID").role == "id"
    assert table.column("Churn").kind == "bool"


DATASETS = json.loads((SHARED / "data" / "datasets.json").read_text("utf-8"))["datasets"] if (SHARED / "data").is_dir() else []


@pytest.mark.parametrize("facts", [facts for facts in DATASETS if facts["set"] == "dev"], ids=lambda facts: facts["name"])
def test_development_tables(facts: dict[str, Any], shared: Path, tmp_path: Path) -> None:
    table = read_here(shared / "data" / facts["file"], tmp_path)
    assert (table.rows, len(table.columns)) == (facts["rows"], facts["columns"])
    assert table.origin.delimiter == facts["separator"]
    assert table.column(facts["target"]).missing == facts["target_missing"]
    numbers = {"binary": ("int", "bool", "text"), "multiclass": ("int", "text"), "regression": ("int", "float")}
    assert table.column(facts["target"]).kind in numbers[facts["task"]]
    assert table.warnings == ()


@pytest.mark.parametrize("name", ["pass_protected.xlsx", "pass_protected.xlsb"])
def test_a_locked_workbook_is_called_locked(name: str, shared: Path, tmp_path: Path) -> None:
    """The library takes it for a broken one, and a broken file has another cure."""
    said = outcome(lambda: read_here(CORPUS / "calamine" / name, tmp_path))
    assert isinstance(said, str)
    assert "protected by a password" in said
