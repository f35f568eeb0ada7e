"""Files that are scored: every row has its answer, and its values are those that stand in the file."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from automl_core.data.child import read_raw_here
from automl_core.data.table import ReadLimits, ReadOptions
from automl_core.errors import BadInput
from tests.unit.deploying import Deployed, deploy, found
from tests.unit.modelling import make_model


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
