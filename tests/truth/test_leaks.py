"""Planted leaks are found; ordinary columns are left in peace."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.data.infer import table_from_frame
from automl_core.data.table import Column
from automl_core.framing import Leak, Problem, find_leaks, suggest_problem, twins
from automl_core.framing.leaks import _Known, _missing_area, _out_of_fold, _parts, search_leaks, strength
from automl_core.framing.metrics import METRICS

N = 2_000
BINARY = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes")


def base(seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.random.Generator]:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({f"x{i}": random.normal(size=N) for i in range(5)})
    flags = (frame["x0"] + frame["x1"] + random.logistic(size=N)).to_numpy() > 0.6
    frame["y"] = pd.Series(np.where(flags, "Yes", "No")).astype("str")
    return frame, flags, random


def columns_of(frame: pd.DataFrame) -> tuple[Column, ...]:
    kinds = {"f": ("float", "number"), "M": ("date", "date"), "i": ("int", "number")}
    return tuple(Column(name, *kinds.get(frame[name].dtype.kind, ("text", "category"))) for name in frame)  # type: ignore[arg-type]


def leaks(frame: pd.DataFrame, problem: Problem = BINARY) -> dict[str, Leak]:
    return {leak.column or leak.kind: leak for leak in find_leaks(frame, columns_of(frame), problem, 0)}


@pytest.mark.parametrize("seed", range(3))
def test_an_honest_table_has_none(seed: int) -> None:
    assert leaks(base(seed)[0]) == {}


def test_planted_leaks_are_found() -> None:
    frame, flags, random = base()
    frame["copy"] = flags + random.normal(0, 0.3, N)
    left = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 300, N), unit="D")).astype("datetime64[us]")
    frame["left_on"] = left.where(pd.Series(flags & (random.random(N) < 0.98)))
    frame["reason"] = pd.Series(np.where(flags, "moved away", "none")).astype("str")
    frame["survey"] = np.where(random.random(N) < np.where(flags, 0.8, 0.2), np.nan, random.normal(size=N))
    frame["closed_by"] = random.normal(size=N)
    found = leaks(frame)
    assert {name for name, leak in found.items() if leak.severity == "red"} == {"copy", "left_on", "reason"}
    assert found["survey"].kind == "missingness"
    assert found["closed_by"].kind == "name"
    assert len(found) == 5


def test_areas_from_counts_are_those_of_all_rows() -> None:
    random = np.random.default_rng(4)
    y = random.integers(0, 6, N)
    y[y == 4] = 3  # a class without rows
    fold = random.integers(0, 5, N)
    known = _Known(Problem("y", "multiclass", "log_loss", tuple("abcdef")), y, np.eye(6)[y], fold)
    area = METRICS["roc_auc"].score
    missing = random.random(N) < np.where(y == 2, 0.4, 0.1)
    for values in (y + random.normal(size=N), random.integers(0, 9, N).astype(float), np.where(missing, np.nan, y)):
        series = pd.Series(values)
        assert strength(series, known) == pytest.approx(area(y, _out_of_fold(_parts(series), known)), abs=1e-12)
    by_rows = [area((y == k).astype(np.int64), missing.astype(float)) for k in np.unique(y)]
    assert _missing_area(missing, known, y.astype(float)) == pytest.approx(max(max(one, 1 - one) for one in by_rows), abs=1e-12)


@pytest.mark.parametrize(("rows", "classes"), [(1_000, 100), (400, 100), (3_000, 100), (1_000, 2), (600, 0)])
def test_gaps_and_the_order_of_rows_are_no_leak_by_chance(rows: int, classes: int) -> None:
    """Of a hundred classes, most of them rare, one lies well or has a gap by chance; one gap of a number, too."""
    told: list[Leak] = []
    for seed in range(4):
        random = np.random.default_rng(seed)
        frame = pd.DataFrame({f"x{share}": np.where(random.random(rows) < share, np.nan, random.normal(size=rows))
                              for share in (0.0, 0.01, 0.05, 0.5)})
        for gaps in (1, 3):
            frame[f"g{gaps}"] = random.normal(size=rows)
            frame.loc[random.choice(rows, gaps, replace=False), f"g{gaps}"] = np.nan
        odds = 1 / np.arange(1, max(classes, 2) + 1) ** 1.2
        drawn = random.choice(len(odds), rows, p=odds / odds.sum())
        frame["y"] = pd.Series([f"k{k}" for k in drawn]).astype("str") if classes else random.normal(size=rows)
        labels = tuple(sorted(frame["y"].unique())) if classes else ()
        problem = (Problem("y", "binary", "roc_auc", labels, "k1") if classes == 2
                   else Problem("y", "multiclass", "log_loss", labels) if classes else Problem("y", "regression", "rmse"))
        told += search_leaks(frame, columns_of(frame), problem, seed).leaks
    assert told == []


def test_gaps_of_one_rare_class_are_told() -> None:
    random = np.random.default_rng(0)
    codes = random.integers(0, 100, 2_000)
    frame = pd.DataFrame({"x": random.normal(size=2_000), "gap": np.where(codes == 7, np.nan, random.normal(size=2_000))})
    frame["y"] = pd.Series([f"k{k}" for k in codes]).astype("str")
    found = leaks(frame, Problem("y", "multiclass", "log_loss", tuple(sorted(frame["y"].unique()))))
    assert (found["gap"].kind, found["gap"].severity) == ("missingness", "red")
    assert set(found) == {"gap"}


def test_columns_that_time_leaves_out_are_counted_and_their_names_are_read() -> None:
    frame, flags, _ = base()
    frame = frame.assign(cancel_code=np.where(flags, 1.0, 0.0), known=np.where(flags, 2.0, 3.0))
    late = search_leaks(frame, columns_of(frame), BINARY, 0, over=lambda: True)
    assert (late.looked_at, late.columns) == (1, 7)
    assert [(leak.column, leak.kind) for leak in late.leaks] == [("cancel_code", "name")]
    whole = search_leaks(frame, columns_of(frame), BINARY, 0)
    assert (whole.looked_at, whole.columns) == (7, 7)
    assert {leak.column for leak in whole.leaks} == {"cancel_code", "known"}


def test_a_number_known_in_advance() -> None:
    frame, _, random = base()
    frame["y"] = random.gamma(2, 10, N)
    frame["paid"] = frame["y"] * 1.2 + random.normal(0, 0.5, N)
    found = leaks(frame, Problem("y", "regression", "rmse"))
    assert list(found) == ["paid"]
    assert found["paid"].severity == "red"


def machines(seed: int, several: int = 60) -> tuple[pd.DataFrame, np.random.Generator]:
    """Fifty readings of each machine, of which a third fails: the outcome and the day of its installation are its own."""
    random = np.random.default_rng(seed)
    machine = np.repeat(np.arange(several), 50)
    day = pd.Timestamp("2015-01-01") + pd.to_timedelta(random.permutation(3_000)[:several], unit="D")
    fails = random.permutation(several) < several // 3
    frame = pd.DataFrame({"machine": [f"m{k}" for k in machine], "installed": day.to_numpy().astype("datetime64[us]")[machine],
                          "heat": random.normal(size=several * 50)})
    return frame.assign(y=np.where(fails[machine], "Yes", "No")), random


GROUPED = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes", group="machine")


@pytest.mark.parametrize("seed", range(3))
def test_what_tells_a_group_from_others_knows_no_answer(seed: int) -> None:
    """A date of its own for each machine ranked all pairs right by readings of the same machine, and was called a leak."""
    frame, random = machines(seed)
    assert [leak for name, leak in leaks(frame, GROUPED).items() if leak.kind == "single_column"] == []
    frame["told"] = (frame["y"] == "Yes") + random.normal(0, 0.2, len(frame))
    found = leaks(frame, GROUPED)
    assert (found["told"].kind, found["told"].severity) == ("single_column", "red")
    number = replace(GROUPED, task="regression", metric="rmse", classes=(), positive="")
    level = frame.assign(y=frame.groupby("machine")["heat"].transform("first"))
    assert {leak.kind for leak in leaks(level.drop(columns="told"), number).values()} == set()


def test_gaps_and_the_order_of_groups_are_no_leak_by_chance() -> None:
    """Sixty machines of fifty rows are sixty chances, not three thousand: a file in their order was “sorted by the outcome”."""
    told: list[Leak] = []
    for seed in range(6):
        frame, random = machines(seed, 60 if seed % 2 else 12)
        machine = frame["machine"].to_numpy()
        without = random.choice(np.unique(machine), 4, replace=False)
        frame["gap"] = np.where(np.isin(machine, without), np.nan, frame["heat"])
        told += leaks(frame, GROUPED).values()
    assert told == []


@pytest.mark.parametrize("own", [True, False])
def test_gaps_that_tell_beyond_groups_are_told(own: bool) -> None:
    """The outcome of each machine, or of each reading of few machines."""
    frame, random = machines(0, 60 if own else 12)
    if not own:
        frame["y"] = np.where(random.random(len(frame)) < 0.4, "Yes", "No")
    frame["gap"] = np.where(frame["y"] == "Yes", np.nan, frame["heat"])
    ordered = frame.sort_values("y", kind="stable", ignore_index=True)
    found = leaks(ordered, GROUPED)
    assert {name for name, leak in found.items() if leak.severity == "red"} >= {"gap"}
    assert leaks(ordered.drop(columns="gap"), GROUPED).keys() == {"row_order"}


def test_sorted_files_and_copied_rows_are_told() -> None:
    frame, _, _ = base()
    assert list(leaks(frame.sort_values("y", ignore_index=True))) == ["row_order"]
    copied = pd.concat([frame, frame.iloc[:200]], ignore_index=True)
    assert leaks(copied)["copied_rows"].severity == "red"


@pytest.mark.parametrize(("file", "target", "drop"), [
    ("telco_churn.csv", "Churn", "customerID"), ("insurance.csv", "charges", ""), ("titanic.csv", "Survived", "PassengerId"),
])
def test_real_tables_raise_no_red_flag(shared: Path, file: str, target: str, drop: str) -> None:
    table = table_from_frame(pd.read_csv(shared / "data/dev" / file, dtype=str, keep_default_na=False), file)
    problem = suggest_problem(table.frame, table.columns, target)
    kept = tuple(column for column in table.columns if column.name != drop)
    assert [leak for leak in find_leaks(table.frame, kept, problem, 0) if leak.severity == "red"] == []


@pytest.mark.parametrize("copies", [0, 8_000, 30_000])
def test_copies_among_very_many_rows_are_told_by_a_part_of_them(copies: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows were compared, however little time there was; a tenth at random would hold one copy in a hundred."""
    random = np.random.default_rng(0)
    rows = 120_000 - copies
    frame = pd.DataFrame({"x": random.normal(size=rows), "n": random.integers(0, 5_000, rows).astype(float)})
    frame["place"] = pd.Series(random.choice(list("abcde"), rows)).astype("str")
    frame["y"] = pd.Series(np.where(random.random(rows) < 0.4, "Yes", "No")).astype("str")
    frame.loc[::7, "x"] = np.nan
    table = pd.concat([frame, frame.sample(copies, random_state=0)], ignore_index=True).sample(frac=1.0, random_state=1)
    seen: list[int] = []
    compare = twins.copied_rows
    monkeypatch.setattr(twins, "MOST_ROWS", 12_000)
    monkeypatch.setattr(twins, "copied_rows", lambda part, *given: seen.append(len(part)) or compare(part, *given))
    found = twins.find_twins(table, columns_of(table), BINARY)
    assert 8_000 < seen[0] < 14_000
    if not copies:
        assert found == []
        return
    assert found[0].severity == "red"
    assert isinstance(found[0].repeats, int)
    assert (found[0].repeats, found[0].rows) == (pytest.approx(copies, rel=0.1), 120_000)
    few = table.assign(x=table["x"].round(0), n=1.0)  # a table of few categories is no copy, in part or whole
    assert twins.find_twins(few, columns_of(few), BINARY) == []
