"""Every source, whatever is plugged in: declares itself fully and reads what it says it reads."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from automl_core.data.child import read_raw_here
from automl_core.data.source import Source
from automl_core.data.table import ReadLimits, ReadOptions
from automl_core.registry import discover

SOURCES = discover("automl_core.data.sources", "SOURCE")
FRAME = pd.DataFrame(
    {
        "id": range(1, 31),
        "name": ["a", "b", "c"] * 10,
        "amount": [number + 0.5 for number in range(30)],
        "day": pd.to_datetime(["2023-01-01", "2023-02-02"] * 15),
    }
)


def _write(name: str, folder: Path) -> Path:
    path = folder / f"table.{name}"
    if name == "csv":
        FRAME.to_csv(path, index=False)
    elif name == "excel":
        FRAME.to_excel(path.with_suffix(".xlsx"), index=False)
        return path.with_suffix(".xlsx")
    elif name == "parquet":
        FRAME.to_parquet(path, index=False)
    elif name == "json":
        FRAME.assign(day=FRAME["day"].dt.strftime("%Y-%m-%d")).to_json(path, orient="records")
    elif name == "sqlite":
        import sqlite3

        with sqlite3.connect(path) as connection:
            FRAME.assign(day=FRAME["day"].dt.strftime("%Y-%m-%d")).to_sql("t", connection, index=False)
    else:
        pytest.skip(f"no writer for {name}")
    return path


def test_none_is_broken() -> None:
    assert SOURCES.broken == ()


def test_one_fallback() -> None:
    assert sum(source.fallback for source in SOURCES.plugins.values()) == 1


@pytest.mark.parametrize("source", SOURCES.plugins.values(), ids=lambda source: source.name)
def test_declares_itself(source: Source) -> None:
    assert source.title
    assert all(suffix.startswith(".") for suffix in source.suffixes)
    assert all(field.label for field in source.fields)


@pytest.mark.parametrize("name", sorted(SOURCES.plugins))
def test_same_table_from_every_source(name: str, tmp_path: Path) -> None:
    """The same data comes out whatever it was written as, under a file name that says nothing."""
    from automl_core.data import read_file

    table = read_file(_write(name, tmp_path), "upload")
    assert table.names == ("id", "name", "amount", "day")
    assert [column.kind for column in table.columns] == ["int", "text", "float", "date"]
    assert [str(dtype) for dtype in table.frame.dtypes] == ["int64", "str", "float64", "datetime64[us]"]
    assert table.frame["amount"].tolist() == FRAME["amount"].tolist()
    assert table.frame["day"].tolist() == FRAME["day"].tolist()
    assert table.origin.format == name
    assert table.warnings == ()


@pytest.mark.parametrize("name", sorted(SOURCES.plugins))
def test_every_row_of_a_file_that_is_scored_keeps_its_place(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `whole` is asked for: a row without a value, and what looks like a total, have an answer beside them, too."""
    rows = FRAME.astype(object)
    rows.loc[12] = None
    rows.loc[29] = ["Total", None, 435.0, None]
    monkeypatch.setitem(globals(), "FRAME", rows.assign(id=rows["id"].astype("str").where(rows["id"].notna()),
                                                       amount=rows["amount"].astype(float), day=pd.to_datetime(rows["day"])))
    path = _write(name, tmp_path)
    read = read_raw_here(path, path.name, ReadOptions(), ReadLimits(), tmp_path, whole=True).frame
    assert len(read) == 30
    assert read.iloc[29, 0] == "Total"
    assert read.iloc[13, 0] == "14"
