"""Explanations by every route: they add up, know nothing of unused columns, and read well."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Recipe
from automl_core.data.table import Column
from automl_core.data.words import join_words
from automl_core.errors import BadInput
from automl_core.explaining import (
    Asked,
    classes_by_interest,
    contributions,
    every_class,
    explain,
    explain_classes,
    explain_row,
    explain_rows,
    pick_background,
    reasons,
    what_if,
)
from automl_core.explaining.contributions import Contributions, in_class, shown
from automl_core.explaining.importance import MOST_DIRECTIONS, importances
from automl_core.explaining.routes import Raw
from automl_core.explaining.words import interval, money, number, percent, quote
from automl_core.framing.problem import Problem, Task
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.features import fit_encoder
from automl_core.search.model import Member, Model
from automl_core.search.plan import Score

COLUMNS = (
    Column("n", "float", "number"),
    Column("k", "int", "number"),
    Column("c", "text", "category"),
    Column("d", "date", "date"),
    Column("idle", "float", "number"),
    Column("y", "text", "category"),
)
PROBLEMS: dict[Task, Problem] = {
    "binary": Problem("y", "binary", "log_loss", ("No", "Yes"), "Yes"),
    "multiclass": Problem("y", "multiclass", "log_loss", ("a", "b", "c")),
    "regression": Problem("y", "regression", "rmse"),
}


def table(rows: int = 400) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "n": np.where(rng.random(rows) < 0.1, math.nan, rng.normal(size=rows)),
            "k": rng.integers(0, 9, rows),
            "c": pd.Series(rng.choice(["x", "y", "z"], rows)).astype("str"),
            "d": pd.Series(pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 90, rows), "D")).astype("datetime64[us]"),
            "idle": np.zeros(rows),
        }
    )
    raw = 1.5 * frame["n"].fillna(0) + 0.3 * frame["k"] + 1.2 * frame["c"].eq("x") - 1.5 + rng.normal(size=rows) / 2
    return frame, raw.to_numpy()


@cache
def model(task: Task, members: tuple[str, ...]) -> Model:
    frame, raw = table()
    y = {"binary": (raw > 0).astype(float), "multiclass": np.digitize(raw, [-0.5, 1.0]).astype(float), "regression": raw * 10}[
        task
    ]
    encoder = fit_encoder(frame, COLUMNS[:-1], PROBLEMS[task])
    made = []
    for name in members:
        request = FitRequest(encoder.matrix(frame), y, encoder.features, task, 3 if task == "multiclass" else 2, rounds=25)
        made.append(Member(name, name, 1 / len(members), families().get(name).fit(request).native))
    return Model(PROBLEMS[task], COLUMNS, COLUMNS, Recipe(), encoder, tuple(made), Score(0.8, 0.7, 0.9))


ROUTES: list[tuple[Task, tuple[str, ...]]] = [
    ("binary", ("lightgbm",)),
    ("binary", ("linear",)),
    ("binary", ("lightgbm", "linear")),
    ("multiclass", ("lightgbm",)),
    ("multiclass", ("lightgbm", "linear")),
    ("regression", ("lightgbm",)),
    ("regression", ("lightgbm", "linear")),
    ("regression", ("extra_trees",)),
    ("binary", ("catboost",)),
    ("binary", ("ebm",)),
]


@pytest.mark.parametrize(("task", "members"), ROUTES)
def test_contributions_add_up(task: Task, members: tuple[str, ...]) -> None:
    made_model, frame = model(task, members), table()[0].head(60)
    made = contributions(made_model, frame, table()[0], 0)
    np.testing.assert_allclose(made.base + made.phi.sum(axis=1), made.prediction, atol=1e-6)
    place = 1 if task == "binary" else 0
    scale = 1.0 if task == "regression" else 100.0
    np.testing.assert_allclose(made.prediction, scale * shown(made_model, made_model.predict_frame(frame), place), atol=1e-9)
    if "idle" in made.names:
        assert np.abs(made.phi[:, made.names.index("idle")]).max() < 1e-6 * scale + 0.02 * np.abs(made.phi).max()


def test_other_class_mirrors_the_positive_one() -> None:
    frame = table()[0].head(20)
    for members in (("lightgbm",), ("lightgbm", "linear")):
        yes = contributions(model("binary", members), frame, table()[0], 0)
        no = contributions(model("binary", members), frame, table()[0], 0, label="No")
        np.testing.assert_allclose(no.phi, -yes.phi, atol=1e-6)
        np.testing.assert_allclose(no.prediction, 100 - yes.prediction, atol=1e-9)


def test_of_thousands_of_columns_those_used_most_have_a_direction() -> None:
    names = tuple(f"x{number}" for number in range(MOST_DIRECTIONS + 5))
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, len(names))), columns=list(names))
    phi = frame.to_numpy() * np.linspace(1, 2, len(names))
    found = importances(Contributions(phi, 0.0, phi.sum(axis=1), names, ""), frame, 0)
    assert [one.direction for one in found] == ["higher raises"] * MOST_DIRECTIONS + [""] * 5


def test_overview_finds_the_order_and_the_direction() -> None:
    frame, raw = table()
    seen: list[float] = []
    made = explain(model("binary", ("lightgbm",)), frame, (raw > 0).astype(int), 0, lambda f, s: seen.append(f))
    assert made.importance[0].column == "n"
    assert made.importance[0].direction == "higher raises"
    assert sum(one.share for one in made.importance) == pytest.approx(1)
    assert (made.units, made.label, made.rows) == ("points", "Yes", 400)
    assert seen == sorted(seen)
    shape = next(shape for shape in made.shapes if shape.column == "n")
    assert any(point.label == "missing" for point in shape.points)
    known = [point for point in shape.points if point.label != "missing"]
    assert known[-1].observed > known[0].observed
    assert sum(point.rows for point in shape.points) == 400


@pytest.mark.parametrize("column", ["c", "k"])
def test_outcomes_of_groups_are_those_of_all_rows_and_not_of_the_sample_that_was_explained(column: str) -> None:
    """A report said of 529 rows of 6,485 that 67 % left at 1 to 3 months; of all of them 57 % did."""
    frame, raw = table()
    y = (raw > 0).astype(int)
    made = explain(model("binary", ("lightgbm",)), frame, y, 0, seconds=1e-9)
    assert made.rows < 300  # a sample
    points = next(shape for shape in made.shapes if shape.column == column).points
    assert len(points) > 2
    for point in points:
        low, _, high = point.label.partition(" to ")
        mask = frame["c"] == point.label if column == "c" else frame["k"].between(float(low), float(high or low))
        assert point.observed == pytest.approx(100 * y[mask].mean(), abs=1e-9)
    numbers = next(shape for shape in made.shapes if shape.column == "n").points
    assert numbers[-1].label == "missing"
    assert numbers[-1].observed == pytest.approx(100 * y[frame["n"].isna()].mean(), abs=1e-9)


def test_sampled_overview_and_number_target() -> None:
    frame, raw = table()
    made = explain(model("regression", ("extra_trees",)), frame, raw * 10, 0)
    assert made.units == "y"
    assert made.label == ""
    assert made.importance[0].column == "n"


def test_one_row_and_what_if() -> None:
    frame, _ = table()
    made_model = model("binary", ("lightgbm",))
    row = {name: (None if pd.isna(value) and name == "c" else value) for name, value in frame.iloc[0].to_dict().items()}
    explained = explain_row(made_model, row, frame)
    assert explained.base + sum(part.amount for part in explained.contributions) == pytest.approx(explained.prediction)
    assert explained.prediction == pytest.approx(100 * made_model.predict_row(row))
    moved = what_if(made_model, row, {"n": "1.5", "c": "never seen"}, frame)
    assert moved.changed == ("n", "c")
    assert moved.unusual == ("c",)
    assert moved.after.prediction != moved.before.prediction
    assert moved.before == explained
    told = replace(explained, sentence="told already")
    assert what_if(made_model, row, {"n": "1.5"}, frame, before=told).before is told
    assert what_if(made_model, row, {"n": 99.0}, frame).unusual == ("n",)
    assert what_if(made_model, row, {"n": ""}, frame).after.prediction >= 0
    for bad in ({"n": "many"}, {"nope": "1"}, {"y": "Yes"}):
        with pytest.raises(BadInput):
            what_if(made_model, row, bad, frame)


def test_one_row_of_a_blend() -> None:
    frame, _ = table()
    explained = explain_row(model("binary", ("lightgbm", "linear")), frame.iloc[1].to_dict(), frame)
    assert explained.base + sum(part.amount for part in explained.contributions) == pytest.approx(explained.prediction)


def test_background_is_spread_over_predictions() -> None:
    frame, _ = table()
    made = model("binary", ("lightgbm",))
    picked = made.predict_frame(pick_background(made, frame, 0, 50))
    assert len(picked) == 50
    assert picked.mean() == pytest.approx(made.predict_frame(frame).mean(), abs=0.03)


def test_words() -> None:
    assert [number(v) for v in (0, 12345.6, 4.567, 0.01234, -1.5, math.nan)] == [
        "0",
        "12,346",
        "4.57",
        "0.0123",
        "−1.5",
        "unknown",
    ]
    assert [percent(v) for v in (0, 0.2654, 0.004, 0.9999, 1)] == ["0 %", "27 %", "0.4 %", "over 99.9 %", "100 %"]
    assert money(14321.0, "€") == "€ 14,300"
    assert quote("a\nb\x00" + "x" * 90).count("x") == 75
    assert interval("12 %", "18 %") == "12 to 18 %"
    assert join_words(["a", "b", "c"]) == "a, b and c"


def test_the_class_of_most_interest_is_the_commonest_that_does_not_crowd_out_the_others() -> None:
    several = Problem("y", "multiclass", "log_loss", ("3", "5", "6", "7"))
    codes = np.repeat([0.0, 1.0, 2.0, 3.0, math.nan], [2, 30, 45, 23, 90])
    assert classes_by_interest(several, codes) == ("6", "5", "7", "3")
    healthy = np.repeat([0, 1, 2, 3], [2, 8, 80, 10])
    assert classes_by_interest(several, healthy) == ("7", "5", "3", "6")
    assert classes_by_interest(replace(several, positive="5"), codes) == ("5", "6", "7", "3")
    assert classes_by_interest(PROBLEMS["binary"], np.zeros(9)) == ("Yes",)
    assert classes_by_interest(PROBLEMS["regression"], np.zeros(9)) == ("",)
    assert sorted(classes_by_interest(several, np.full(3, math.nan))) == ["3", "5", "6", "7"]


@pytest.mark.parametrize("family", ["lightgbm", "linear"])
def test_each_class_is_explained_by_the_column_that_it_hangs_on(family: str) -> None:
    """Known truth: “b” hangs on k, “c” on n, and “a” is what is left; all are told from one pass over the rows."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"n": rng.normal(size=600), "k": rng.normal(size=600), "idle": rng.normal(size=600)})
    y = np.where(frame["k"] > 1, 1.0, np.where(frame["n"] > 0.5, 2.0, 0.0))
    columns, problem = (*COLUMNS[:1], Column("k", "float", "number"), COLUMNS[4]), PROBLEMS["multiclass"]
    encoder = fit_encoder(frame, columns, problem)
    request = FitRequest(encoder.matrix(frame), y, encoder.features, "multiclass", 3, rounds=40)
    native = families().get(family).fit(request).native
    made = Model(problem, columns, columns, Recipe(), encoder, (Member(family, family, 1.0, native),), Score(0, 0, 0))
    found = {one.label: one for one in explain_classes(made, frame, y, every_class(made, y))}
    assert list(found) == ["a", "c", "b"]
    assert found["b"].importance[0].column == "k"
    assert found["b"].importance[0].share > 0.6
    assert found["c"].importance[0].column == "n"
    assert explain(made, frame, y) == found["a"]
    (alone,) = explain_classes(made, frame, y, Asked(("c",)))
    assert alone == found["c"]
    assert "“y” = “c”" in alone.sentence


def test_reasons_of_several_classes_speak_of_the_risk_or_of_the_likeliest_class() -> None:
    made, frame, _ = model("multiclass", ("lightgbm",)), *table()
    rows = frame.head(40)
    said = made.predict_frame(rows)
    told = {label: contributions(made, rows, frame, label=label).phi for label in "abc"}
    risk = told["c"]
    names = list(made.sources)
    for place, why in enumerate(explain_rows(made, rows, frame, unless="c")):
        most = int(np.abs(risk[place]).argmax())
        assert why[0].startswith(f"{names[most]} = ")
        assert ("(+" in why[0]) == (risk[place, most] < 0)
    likeliest = explain_rows(made, rows, frame)
    for place in range(40):
        phi = told["abc"[int(said[place].argmax())]][place]
        most = int(np.abs(phi).argmax())
        assert likeliest[place][0].startswith(f"{names[most]} = ")
        assert ("(+" in likeliest[place][0]) == (phi[most] > 0)


def test_reasons_of_a_list_name_the_class_where_they_could_be_read_the_wrong_way_round() -> None:
    """“(+12 points)” in actions.csv was of the risk, or, where the predicted class is the wanted one, of what is wanted."""
    frame = table()[0]
    for task, unless, ending in (("multiclass", "c", " not to end as “c”)"), ("binary", "Yes", " to end as “Yes”)"),
                                 ("binary", "No", " points)"), ("binary", "", " points)"), ("regression", "low", ")")):
        made = model(task, ("lightgbm",))
        told = [why for row in explain_rows(made, frame.head(10), frame, unless=unless) for why in row]
        assert told
        assert all(why.endswith(ending) for why in told), (task, unless)
        assert unless in ("c", "Yes") or not any("end as" in why for why in told)


def test_the_parts_of_a_row_are_worked_out_for_the_class_that_is_told_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """For all classes of all rows it took as many times as long as there are classes."""
    asked: list[int] = []

    def counted(made: Model, raw: Raw, matrix: np.ndarray, label: str = "") -> Contributions:
        asked.append(len(matrix))
        return in_class(made, raw, matrix, label)

    monkeypatch.setattr(reasons, "in_class", counted)
    made, frame, _ = model("multiclass", ("lightgbm",)), *table()
    assert len(explain_rows(made, frame.head(40), frame)) == 40
    assert len(asked) > 1
    assert sum(asked) == 40
