"""Files that are scored: every row has its answer, and its values are those that stand in the file."""
from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from automl_core.data.child import read_raw_here
from automl_core.data.raw_cells import packed, unpacked
from automl_core.data.reading import read_rows
from automl_core.data.schema import type_frame
from automl_core.data.table import Column, Reading, ReadLimits, ReadOptions
from automl_core.errors import BadInput
from automl_core.production import Bundle, load_bundle
from automl_core.production.batch import read_csv
from automl_core.production.outcomes import beside
from tests.unit.deploying import Deployed, deploy, found, taught
from tests.unit.modelling import make_contract, make_frame, make_model


@pytest.fixture
def deployed(home: Path, tmp_path: Path) -> Callable[..., Deployed]:
    return partial(deploy, tmp_path)


@pytest.mark.parametrize(("body", "rows"), [
    ("tenure,charge,contract\n12,50,One year\n,,\n70,20,Two year\n", 3),
    ("tenure,charge,contract\n12,50,One year\n,,\n70,,\n", 3),
    ("contract,charge,tenure\nTotal Care,12,\n", 1),
    ("contract;charge;tenure;churned\n" + "One year;12;3;\n" * 59 + "Total Wine & More;12;;\n", 60),
    ("tenure,charge,contract\n12,50,One year\n,,\nname,price,stock\na,b,c\n70,20,Two year\n", 5),
    ("tenure\n12\n\n70\n\n\n", 3),
    ('tenure\n12\n""\n70\n""\n', 4),
])
def test_every_row_of_a_file_is_read_to_be_scored(tmp_path: Path, body: str, rows: int) -> None:
    """Rows without a value, and those that looked like totals or another table, had no answer: all below slid up by one."""
    (tmp_path / "rows.csv").write_text(body)
    assert len(read_raw_here(tmp_path / "rows.csv", "rows.csv", ReadOptions(), ReadLimits(), tmp_path, whole=True).frame) == rows


@pytest.mark.parametrize("body", [
    "tenure\n12\n\n70\n",
    "tenure\r\n12\r\n\r\n\r\n70\r\n\r\n", "\ntenure\n12\n\n70", 'tenure\n12\n""\n70\n""\n', "tenure\n\n12\n",
    "tenure\n", "tenure,charge\n12,50\n\n70,20\n\n",
])
def test_a_bundle_alone_reads_the_rows_that_all_other_ways_read(body: str, tmp_path: Path) -> None:
    """It left out the empty lines of a file of one column: all answers below slid up."""
    (tmp_path / "rows.csv").write_bytes(body.encode())
    page = read_raw_here(tmp_path / "rows.csv", "rows.csv", ReadOptions(), ReadLimits(), tmp_path, whole=True).frame
    alone = read_csv(tmp_path / "rows.csv")
    assert [list(map(str, page.columns)), len(page)] == [list(alone.columns), len(alone)]
    assert alone.iloc[:, 0].fillna("").tolist() == page.iloc[:, 0].fillna("").tolist()


def test_every_row_of_a_sheet_is_read_to_be_scored(tmp_path: Path) -> None:
    sheet = {"contract": ["One year", None, "Total Care"], "tenure": [12.0, None, None], "charge": [50.0, None, 7.0]}
    pd.DataFrame(sheet).to_excel(tmp_path / "rows.xlsx", index=False)
    read = partial(read_raw_here, tmp_path / "rows.xlsx", "rows.xlsx", ReadOptions(), ReadLimits(), tmp_path)
    assert [len(read(whole=True).frame), len(read().frame)] == [3, 1]


def test_a_line_that_is_no_json_is_refused_where_each_row_has_its_answer(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"tenure": 1}\n' * 20 + '{"tenure"\n' + '{"tenure": 1}\n' * 20)
    read = partial(read_raw_here, tmp_path / "rows.jsonl", "rows.jsonl", ReadOptions(), ReadLimits(), tmp_path)
    assert len(read().frame) == 40
    with pytest.raises(BadInput, match=r"not valid JSON \(line 21\)"):
        read(whole=True)


def test_what_was_not_read_of_a_file_is_said_with_its_answers(deployed: Callable[..., Deployed]) -> None:
    """A row of delimiters had no answer, and what reading had to say was thrown away."""
    here = deployed(make_model("binary", ("linear",))[0])
    body = b"tenure,charge,contract\n12,50,One year\n,,\n\n70,20,Two year,more\n,,\n"
    told = ["1 row had too many cells; what did not fit was left out (row 5).", "1 blank row was left out."]
    scored, report = here.workspace.deploy.score_file(here.deployment, "rows.csv", body)
    assert len(scored) == 4
    assert [sentence for severity, _, sentence in found(report, "reading") if severity == "note"] == told
    text = here.workspace.deploy.score_text(here.deployment, body)
    assert (len(text.predictions), list(text.warnings)) == (4, told)


def german(frame: pd.DataFrame) -> pd.DataFrame:
    """As a German office writes it."""
    days = pd.to_datetime(frame["since"]).dt.strftime("%d.%m.%Y").fillna("")
    amounts = [f"{1000 + float(text):,.2f}".translate(str.maketrans(",.", ".,")) if text else "" for text in frame["charge"]]
    return frame.assign(charge=amounts, since=days)


@pytest.mark.parametrize("suffix", ["xlsx", "parquet", "json"])
def test_numbers_and_dates_of_a_workbook_are_not_read_by_the_marks_of_the_texts_learned_from(
        tmp_path: Path, suffix: str) -> None:
    """A model of “1.234,50” and 31.12.2023 took the number 1.234 for 1234, and 12.5 and every date for missing."""
    model = taught("binary", german)
    rows = pd.DataFrame({
        "customer id": [1234567890123456789, 2], "tenure": [12, 3], "charge": [1.234, 12.5], "contract": ["One year", None],
        "active": [True, False], "since": pd.to_datetime(["2023-12-31", "2020-02-03"]), "note": ["late", "2"]})
    path = tmp_path / f"rows.{suffix}"
    if suffix == "xlsx":
        rows.assign(**{"customer id": ["A-1", 2]}).to_excel(path, index=False)
    elif suffix == "parquet":
        rows.to_parquet(path)
    else:
        days = rows["since"].dt.strftime("%d.%m.%Y")
        path.write_text(json.dumps([{**row, "since": day} for row, day in zip(rows.to_dict("records"), days, strict=True)]))
    read = read_rows(path, path.name).frame
    typed = type_frame(read, model.columns)
    assert typed.unreadable == {}
    assert typed.frame["charge"].tolist() == [1.234, 12.5]
    assert typed.frame["since"].tolist() == rows["since"].tolist()
    assert typed.frame["active"].tolist() == ["Yes", "No"]
    scored = Bundle(model, make_contract(model, make_model()[1]), {}).predict(read)
    assert scored["customer id"].tolist() == ["A-1" if suffix == "xlsx" else 1234567890123456789, 2]


def test_cells_of_any_type_come_out_of_the_reading_process_as_they_went_in() -> None:
    moment = datetime(2023, 12, 31, 10, 30)
    mixed: list[Any] = ["1.234", 1.234, 7, True, moment, None, "", 10**30, 2**60]
    frame = pd.DataFrame({"mixed": mixed, "gaps": pd.Series([1, None] * 4 + [2**60], dtype="Int64"), "none": [None] * 9,
                          "numbers": pd.Series([1, 2.5, None] * 3, dtype=object), "moments": [moment, None, moment] * 3})
    out = unpacked(packed(frame), [*frame.columns])
    assert out["mixed"].tolist() == ["1.234", 1.234, 7, True, moment, None, None, str(10**30), 2**60]
    assert out["gaps"].equals(frame["gaps"])
    assert out["none"].isna().all()
    assert (out["numbers"].dtype, out["moments"].dtype) == ("float64", "datetime64[us]")
    comma = Column("mixed", "float", "number", reading=Reading(decimal=",", thousands="."))
    assert type_frame(out, (comma,)).frame["mixed"].tolist()[:3] == [1234.0, 1.234, 7.0]


def test_outcomes_are_joined_by_the_ids_that_both_files_have(deployed: Callable[..., Deployed], tmp_path: Path) -> None:
    """By position, the score of a batch in another order was noise, and said to be measured."""
    here = deployed(make_model("binary", ("linear",))[0])
    rows, told, batch = make_frame(120, seed=3), tmp_path / "outcomes.csv", tmp_path / "batch.csv"
    rows.drop(columns="churned").to_csv(batch, index=False)
    turned = rows[["customer id", "churned"]].iloc[::-1]
    turned.to_csv(told, index=False)
    bundle = load_bundle(here.path)
    model, wanted = bundle.model, here.workspace.deploy.report(bundle, rows, bundle.predict(rows)).realised
    assert here.workspace.files.monitor(str(here.path), str(batch), str(told)).realised == wanted
    others = turned.assign(**{"customer id": ["other", *turned["customer id"][1:]]})
    with pytest.raises(BadInput, match=r"The “customer id” of the outcomes is not that of the batch in every row\."):
        beside(model, rows, others)
    twice = rows.assign(**{"customer id": ["A", "A", "B"] * 40})
    assert beside(model, twice, twice) is twice
    padded, kept = (rows.assign(**{"customer id": [form(number) for number in range(120)]}) for form in (
        lambda number: f"{number:05}", lambda number: f"{number}.0"))
    assert beside(model, padded, kept) is kept  # a spreadsheet's ids
    turned = beside(model, padded, kept.iloc[::-1])
    assert turned["customer id"].tolist() == kept["customer id"].tolist()
    empty = rows.assign(**{"customer id": ""})
    assert beside(model, rows, empty) is empty
    with pytest.raises(BadInput, match="more than once"):
        beside(model, twice, twice.iloc[::-1])
    unnamed = rows[["churned"]].iloc[::-1]
    assert beside(model, rows, unnamed) is unnamed
