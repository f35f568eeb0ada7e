"""Copies that are to be kept together: beside groups, where they are few, and where they cannot be told from chance."""
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.cli import main
from automl_core.data.infer import table_from_frame
from automl_core.errors import BadInput
from automl_core.framing import Problem, encode_target, find_leaks, make_folds
from automl_core.framing.ladder import check
from automl_core.framing.validation import Folds, row_groups

GONE = Problem("gone", "binary", "roc_auc", ("no", "yes"), "yes", copies_together=True)
VISITS = 300


def visits(copies: int) -> pd.DataFrame:
    """Visits of 50 customers, the first ones filed once more under one of seven others."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"customer": [f"c{number % 50}" for number in range(VISITS)], "spent": random.normal(60, 12, VISITS),
                          "shop": random.choice(["a", "b", "c"], VISITS), "gone": random.choice(["no", "yes"], VISITS)})
    again = frame.iloc[:copies].assign(customer=[f"c{50 + number % 7}" for number in range(copies)])
    return pd.concat([frame, again], ignore_index=True)


def folds_of(frame: pd.DataFrame, problem: Problem) -> Folds:
    y, _ = encode_target(frame["gone"], problem)
    return make_folds(y, problem, frame, table_from_frame(frame, "visits").columns, 5, 0)


def torn(folds: Folds, copies: int) -> int:
    """How many copies lie on the other side than their row, in some fold."""
    sides = [np.isin(np.arange(VISITS + copies), train) for train, _ in folds]
    return sum(any(side[place] != side[VISITS + place] for side in sides) for place in range(copies))


def test_copies_stay_together_beside_a_group_column() -> None:
    """Copies of a visit filed under two customers fell on both sides, though both were asked for."""
    frame = visits(12)
    problem = replace(GONE, group="customer")
    folds = folds_of(frame, problem)
    assert torn(folds, 12) == 0
    for train, valid in folds:
        assert not set(frame["customer"].iloc[train]) & set(frame["customer"].iloc[valid])
    assert torn(folds_of(frame, replace(problem, copies_together=False)), 12) > 0
    columns = table_from_frame(frame, "visits").columns
    assert any("copies are kept on one side" in leak.evidence for leak in find_leaks(frame, columns, problem, 0))


def test_groups_that_copies_chain_into_one_are_refused_and_not_split() -> None:
    frame = visits(200)
    problem = replace(GONE, group="customer")
    with pytest.raises(BadInput, match="most rows would stay together"):
        folds_of(frame, problem)
    columns = table_from_frame(frame, "visits").columns
    groups = row_groups(frame, columns, problem)  # what is judged later must not fail by it
    assert groups is not None
    assert len(np.unique(groups)) == 1
    assert len(folds_of(frame, replace(problem, copies_together=False))) == 5


def test_few_copies_are_kept_together_where_that_was_asked_for() -> None:
    """Below one per cent nothing was kept, without a word."""
    assert torn(folds_of(visits(2).drop(columns="customer"), GONE), 2) == 0
    single = visits(60)[["spent", "gone"]]  # copies of a single number were taken for chance
    assert torn(folds_of(single, GONE), 60) == 0
    assert row_groups(visits(0), table_from_frame(visits(0), "visits").columns, GONE) is None


def test_that_rows_alike_by_chance_are_not_kept_together_is_said() -> None:
    """In 800 rows of four columns of three levels the wish was not followed, and nothing told of it."""
    random = np.random.default_rng(1)
    frame = pd.DataFrame({name: random.choice(["low", "middle", "high"], 800) for name in "abcd"})
    frame["gone"] = np.where(random.random(800) < np.where(frame["a"] == "low", 0.7, 0.3), "yes", "no")
    columns = table_from_frame(frame, "levels").columns
    told = [said for said in check(frame, columns, GONE).warnings if said.startswith("Copies are not kept together")]
    assert len(told) == 1
    assert "of 800 rows repeat others" in told[0]
    assert not check(frame, columns, replace(GONE, copies_together=False)).warnings
    assert not [said for said in check(visits(12), table_from_frame(visits(12), "v").columns, GONE).warnings if "Copies" in said]


def test_copies_that_are_kept_together_are_no_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code said that something was to be seen to, after the option had seen to it."""
    monkeypatch.setenv("CLARION_HOME", str(tmp_path / "home"))
    path = tmp_path / "visits.csv"
    visits(60).drop(columns="customer").assign(paid=lambda rows: (rows["spent"] * 1.19).round(2)).to_csv(path, index=False)
    asked = ("check", str(path), "--target", "gone", "--json")
    assert main([*asked]) == 1
    assert [leak["severity"] for leak in json.loads(capsys.readouterr().out.splitlines()[-1])["leaks"]] == ["red"]
    code = main([*asked, "--copies-together"])
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (code, told["warnings"]) == (0, [])
    (leak,) = told["leaks"]
    assert (leak["kind"], leak["severity"]) == ("copied_rows", "amber")
    assert leak["evidence"].endswith("copies are kept on one side of every split.")
