"""Exports: no formula survives, nothing else changes."""

from __future__ import annotations

import io

import openpyxl
import pandas as pd
import pytest

from automl_core.data.formulas import safe_text
from automl_core.errors import BadInput
from automl_core.reporting.exports import csv_chunks, safe_csv, safe_xlsx

ATTACKS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\x00=1", "＝1", "－1", "＋1", "＠x", " =1", "\ufeff=1"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_formula_gets_an_apostrophe(attack: str) -> None:
    assert safe_text(attack) == "'" + attack


@pytest.mark.parametrize("text", ["", "plain", "a=b", "5", "Müller", "“-”", "x-1", "-5", "-2.5", "-1e-07"])
def test_other_texts_stay(text: str) -> None:
    assert safe_text(text) == text


def test_csv_keeps_numbers_and_guards_headers() -> None:
    frame = pd.DataFrame({"=evil": ["=cmd|' /C calc'!A0", "ok", None], "n": [-1.5, 2.0, None], "k": [-1, 2, 3]})
    back = pd.read_csv(io.BytesIO(safe_csv(frame)))
    assert list(back.columns) == ["'=evil", "n", "k"]
    assert back["'=evil"].tolist()[:2] == ["'=cmd|' /C calc'!A0", "ok"]
    assert pd.isna(back["'=evil"][2])
    assert back["n"].tolist()[:2] == [-1.5, 2.0]
    assert back["k"].tolist() == [-1, 2, 3]


def test_another_delimiter_cannot_split_a_text() -> None:
    line = safe_csv(pd.DataFrame({"a": ["x;=1+1"]})).decode().splitlines()[1]
    assert line == '"x;=1+1"'


def test_duplicate_names_and_chunks() -> None:
    frame = pd.DataFrame([[1, "a"], [2, "=b"]], columns=["x", "x"])
    assert b"".join(csv_chunks([frame, frame])).decode().splitlines() == ['"x","x"', '1,"a"', '2,"\'=b"', '1,"a"', '2,"\'=b"']


def test_byte_order_mark_only_once() -> None:
    frame = pd.DataFrame({"ä": ["ö"]})
    assert b"".join(csv_chunks([frame, frame], excel=True)).count(b"\xef\xbb\xbf") == 1


def test_xlsx_has_no_formula_cell() -> None:
    frame = pd.DataFrame({"=h": [*ATTACKS, None], "n": [-1.5] * (len(ATTACKS) + 1)})
    frame["d"] = pd.Timestamp("2026-01-02")
    sheet = openpyxl.load_workbook(io.BytesIO(safe_xlsx(frame, sheet="a/b[c]"))).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert sheet["A2"].value == "=1+1"
    assert sheet["B2"].value == -1.5


def test_xlsx_refuses_too_many_columns() -> None:
    with pytest.raises(BadInput):
        safe_xlsx(pd.DataFrame([[1] * 16_385]))
