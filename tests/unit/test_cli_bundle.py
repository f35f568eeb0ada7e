"""Commands of a bundle: predict, explain and monitor."""
from __future__ import annotations

import csv
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from openpyxl import load_workbook

from automl_core import Workspace
from automl_core.cli import main
from automl_core.codec import from_json, to_json
from automl_core.explaining.explanation import Explanation, RowExplanation
from automl_core.production import load_bundle
from automl_core.search.bands import Bands
from automl_core.workspace import file_risks, file_rows
from automl_core.workspace import files as files_module
from automl_core.workspace.files import Files
from tests.unit.commands import _too_late, call, has


def test_predict(bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "scored.csv"
    code, data = call(capsys, "predict", str(bundle), str(table), "--out", str(out), "--reasons")
    assert code in (0, 1)
    assert (data["rows"], data["refused"]) == (400, 0)
    has(data, ("rows", "refused", "flagged", "seconds"))
    with out.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 400
    has(rows[0], ("prediction", "probability_Yes", "probability_No", "_quality", "_reasons"))
    assert sum(bool(row["_reasons"]) for row in rows) == 400


def test_reasons_compare_with_the_rows_of_the_search_and_refused_rows_have_none(
        bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A row alone was compared with itself and had no reason, and refused rows had some, of which one was said to be the most
    frequent."""
    rows, one, out = pd.read_csv(table), tmp_path / "one.csv", tmp_path / "out.csv"

    def told(some: pd.DataFrame) -> tuple[str, list[str]]:
        some.to_csv(one, index=False)
        main(["predict", str(bundle), str(one), "--out", str(out), "--reasons"])
        return capsys.readouterr().err, pd.read_csv(out, keep_default_na=False)["_reasons"].astype(str).tolist()

    said, alone = told(rows.iloc[[3]])
    assert "The rows of the search are not in this workspace, so the reasons compare" in said
    assert alone == [""]
    said, refused = told(rows.drop(columns=list(load_bundle(bundle).model.sources[1:])))
    assert "400 refused" in said
    assert not any(" = " in text for text in refused)
    assert f"Most often: {max(refused, key=refused.count)}." in said
    monkeypatch.setenv("CLARION_HOME", str(bundle.parent / "home"))
    said, alone = told(rows.iloc[[3]])
    assert " = " in alone[0]
    assert "not in this workspace" not in said
    assert told(rows.iloc[[3, 4]])[1][0] == alone[0]


def test_scored_rows_are_written_as_the_file_is_named(
        bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a name that ends in .xlsx stood the bytes of a CSV; a name that says another kind is refused before scoring."""
    out = tmp_path / "scored.xlsx"
    assert call(capsys, "predict", str(bundle), str(table), "--out", str(out))[0] in (0, 1)
    lines = list(load_workbook(out).active.values)
    assert ("prediction" in lines[0], len(lines)) == (True, 401)
    monkeypatch.setattr(Files, "predict", _too_late)
    code, refused = call(capsys, "predict", str(bundle), str(table), "--out", str(tmp_path / "scored.txt"))
    assert (code, "is no name of a CSV or an Excel file" in refused["error"]) == (2, True)


def test_explain_and_one_row(bundle: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, data = call(capsys, "explain", str(bundle), str(table), "--row", "3")
    assert code == 0
    has(data, ("importance", "base", "rows", "row"))
    has(data["importance"][0], ("column", "share", "rank_low", "rank_high", "stable"))
    parts = sum(part["amount"] for part in data["row"]["contributions"])
    assert data["row"]["base"] + parts == pytest.approx(data["row"]["prediction"], abs=1e-6)
    assert data["label"] == "Yes"
    code, other = call(capsys, "explain", str(bundle), str(table), "--row", "3", "--class", "No")
    assert (code, other["label"]) == (0, "No")
    assert data["base"] + other["base"] == pytest.approx(100)
    assert data["row"]["prediction"] + other["row"]["prediction"] == pytest.approx(100)
    code, refused = call(capsys, "explain", str(bundle), str(table), "--class", "Maybe")
    assert code == 2
    assert refused["error"] == "“churned” has no class “Maybe”. Give one of “No” and “Yes”."


def quickly(patch: pytest.MonkeyPatch, bundle: Path) -> None:
    """The whole model is explained as the search did it."""
    told = from_json(Explanation, load_bundle(bundle).facts["explanation"])
    patch.setattr(file_rows, "rows_explained", lambda bundle, frame, label: told)


def test_a_row_that_is_not_there_is_refused_before_the_model_is_looked_at(
        bundle: Path, table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It was after the whole model had been explained, which may take a minute."""
    for module in (files_module, file_rows):
        monkeypatch.setattr(module, "cleaned_rows", _too_late)
    code, refused = call(capsys, "explain", str(bundle), str(table), "--row", "99999")
    assert code == 2
    assert refused["error"] == "There is no row 99999 in this file. Choose one from 0 to 399."


def test_one_row_is_explained_without_opening_cleaning_or_predicting_the_file_again(
        bundle: Path, table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundle and the file were opened twice, the rows cleaned three times and all predicted."""
    monkeypatch.setenv("CLARION_HOME", str(bundle.parent / "home"))
    quickly(monkeypatch, bundle)
    begun: list[str] = []

    def counted(module: Any, name: str) -> None:
        told = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given, **named: (begun.append(name), told(*given, **named))[1])

    for module, name in ((Files, "_read"), (files_module, "load_bundle"), (files_module, "cleaned_rows"),
                         (file_rows, "cleaned_rows"), (file_rows, "kept_table"), (file_risks, "kept_table"),
                         (file_risks, "_said")):
        counted(module, name)
    code, _ = call(capsys, "explain", str(bundle), str(table), "--row", "3")
    assert code == 0
    assert sorted(begun) == ["_read", "cleaned_rows", "kept_table", "load_bundle"]


def test_one_row_is_told_with_how_sure_it_is_and_past_rows_like_it_as_on_the_page(
        bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The command gave the reasons alone; of a row of the search's table it says what the page says, of a new one the like."""
    monkeypatch.setenv("CLARION_HOME", str(bundle.parent / "home"))
    quickly(monkeypatch, bundle)
    ws = Workspace.open()
    run = ws.search.run(str(load_bundle(bundle).facts["run"]))
    rows = ws.files.open("sample:subscription_churn").frame.head(300)
    new = rows.head(1).assign(customer_id="nobody", monthly_fee=99_999.0)
    path = tmp_path / "rows.csv"
    pd.concat([rows, new]).to_csv(path, index=False)
    position = int(ws.search.predictions(run).positions[7])
    around = to_json(ws.explain.row_context(run.project_id, position))
    code, data = call(capsys, "explain", str(bundle), str(path), "--row", str(position))
    told = data["row"]
    assert code == 0
    assert {name: told[name] for name in around} == json.loads(json.dumps(around))
    assert (len(told["neighbours"]), told["note"]) == (5, file_rows.REASONS)
    assert "had not seen them" in told["sureness"]["sentence"]
    assert main(["explain", str(bundle), str(path), "--row", "300", "--class", "No"]) == 0
    words = capsys.readouterr().err.splitlines()
    assert any("had “churned” = “No” (95 % range " in line and "had not seen them" not in line for line in words)
    assert any(line.startswith("“monthly_fee” = 99") and line.endswith(
        " lies above almost all past rows. Be careful with this answer.") for line in words)
    assert sum(" % alike, predicted " in line and ", outcome " in line for line in words) == 5
    assert words[-1].startswith("  ")  # all is told


@pytest.mark.parametrize("row", [0, 400])
def test_a_bundle_alone_says_of_one_row_what_it_can(
        row: int, bundle: Path, table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    quickly(monkeypatch, bundle)
    rows = pd.read_csv(table)
    pd.concat([rows, rows.head(1).assign(customer_id="nobody", monthly_fee=99_999.0)]).to_csv(table, index=False)
    code, data = call(capsys, "explain", str(bundle), str(table), "--row", str(row))
    assert code == 0
    assert (data["row"]["sureness"], data["row"]["neighbours"]) == (None, [])
    assert data["row"]["flags"] == (["99999 in “monthly_fee” is outside what training had."] if row else [])
    assert data["row"]["note"] == f"{file_rows.PERHAPS} {file_rows.NO_PAST}"


def test_a_bundle_alone_knows_how_far_off_its_numbers_are() -> None:
    model = SimpleNamespace(bands=Bands((), (-3.0,), (5.0,)))
    alone: Any = SimpleNamespace(model=model, predict=lambda frame: frame.assign(_reasons=""))
    sure = file_rows._alone(alone, pd.DataFrame({"a": [1.0]}), RowExplanation(20.0, 10.0, (), "points", "", "")).sureness
    assert sure is not None
    assert (sure.rows, sure.low, sure.high) == (0, 17.0, 25.0)
    assert sure.sentence == "Predicted 20; nine of ten such rows lie between 17 and 25."


def test_the_clock_does_not_decide_what_is_explained(bundle: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under load, the same row of the same bundle and file got other figures on each run."""
    from automl_core.explaining.reference import Reference
    from automl_core.workspace import file_explained as module

    counted: list[int] = []
    monkeypatch.setattr(module, "with_evidence", lambda told, model, past, seconds, fits=0: [counted.append(fits), told][1])
    file_rows = Workspace.open().file_rows
    before = file_rows.explain(str(bundle), str(table), position=3)
    monkeypatch.setattr("automl_core.explaining.reference._pace", lambda made: 0.1)
    monkeypatch.setattr(Reference, "meeting_seconds", lambda made: 0.1)
    monkeypatch.setattr(Reference, "enumerates", lambda made, seconds: False)
    after = file_rows.explain(str(bundle), str(table), position=3)
    assert to_json(after) == to_json(before)
    assert min(counted) > 0  # so many refits, not as many as there is time for


def test_monitor(bundle: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, data = call(capsys, "monitor", str(bundle), str(table), "--outcomes", str(table))
    assert code in (0, 1)
    has(data, ("status", "contract", "columns", "prediction_drift", "estimate", "realised"))
    assert data["status"] in ("ok", "watch", "act")
    assert data["realised"]["value"] > 0.6


def test_what_was_not_read_of_a_file_ends_with_1(
        bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It ended with 0, done without warnings, though it had some; and `monitor` said them in its JSON only."""
    head, *lines = table.read_text().splitlines()
    few, long, out = tmp_path / "few.csv", tmp_path / "long.csv", str(tmp_path / "scored.csv")
    few.write_text("\n".join([head, *lines[:60]]))
    long.write_text("\n".join([head, *lines[:59], lines[59] + ",more"]))
    cut = "1 row had too many cells; what did not fit was left out (row 61)."
    code, data = call(capsys, "predict", str(bundle), str(few), "--out", out)
    assert (code, data["flagged"], data["warnings"]) == (0, 0, [])
    code, data = call(capsys, "predict", str(bundle), str(long), "--out", out)
    assert (code, data["flagged"], data["refused"], data["warnings"]) == (1, 0, 0, [cut])
    monitor = Files.monitor
    monkeypatch.setattr(Files, "monitor", lambda *given: replace(monitor(*given), status="ok"))
    assert main(["monitor", str(bundle), str(few)]) == 0
    assert cut not in capsys.readouterr().err
    assert main(["monitor", str(bundle), str(long)]) == 1
    assert cut in capsys.readouterr().err


def test_a_swapped_file_in_the_bundle_is_refused(
        bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    swapped = tmp_path / "swapped.zip"
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(swapped, "w") as target:
        for info in source.infolist():
            body = source.read(info)
            target.writestr(info, body + b" " if info.filename.endswith("model.json") else body)
    assert main(["predict", str(swapped), str(table), "--out", str(tmp_path / "s.csv")]) == 2
    assert "Traceback" not in capsys.readouterr().err
