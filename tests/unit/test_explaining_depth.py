"""Groups, drops, curves, one row's context, the whole table, weak spots: on small tables with every kind of column."""

from __future__ import annotations

import itertools
import math
import re
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from automl_core.codec import from_json, to_json
from automl_core.errors import BadInput
from automl_core.explaining import (
    Allowed,
    Past,
    all_with_evidence,
    association,
    column_groups,
    curve,
    every_class,
    evidence,
    explain,
    explain_classes,
    explain_row,
    groups,
    honesty,
    likeliest,
    of_class,
    open_rows,
    past_cases,
    row_context,
    rows_asked,
    smallest_flip,
    what_if,
    what_if_rows,
    what_if_table,
    with_evidence,
)
from automl_core.explaining.additive import additive_outcomes
from automl_core.explaining.changes import TableChange
from automl_core.explaining.closer_look import Curve, Evidence, SpotCondition
from automl_core.explaining.contributions import explained_class
from automl_core.explaining.depth import judged_rows
from automl_core.explaining.explanation import ColumnGroup
from automl_core.explaining.interactions import _grid, _sentence, interactions
from automl_core.explaining.refits import kinds_used, refits
from automl_core.explaining.spot_conditions import conditions_of, describe, holds
from automl_core.explaining.sure import sureness
from automl_core.explaining.weak_spots import weak_spots
from automl_core.explaining.words import percent
from automl_core.framing.shares import wilson
from automl_core.search.model import Model
from tests.unit.test_explaining_routes import COLUMNS, PROBLEMS, model, table, target


def past(task: str = "binary") -> Past:
    frame, raw = table()
    return Past(frame, target(task, raw), COLUMNS)  # type: ignore[arg-type]


def oof(made: Model) -> np.ndarray:
    return made.predict_frame(table()[0])


def test_association_of_every_kind_of_pair() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=600)
    level = pd.Series(np.where(x > 0.5, "high", np.where(x > -0.5, "mid", "low"))).astype("str")
    frame = pd.DataFrame({"x": x, "copy": -x + rng.normal(0, 0.1, 600), "level": level, "same": level.replace({"low": "l"}),
                          "noise": rng.normal(size=600), "flag": pd.Series(rng.choice(["a", "b"], 600)).astype("str"),
                          "constant": np.zeros(600), "empty": np.full(600, math.nan)})
    names = tuple(frame)
    found = pd.DataFrame(association(frame, names), names, names)
    assert found.loc["x", "copy"] > 0.98
    assert found.loc["level", "same"] > 0.98
    assert found.loc["x", "level"] > 0.9
    assert found.loc["noise", "flag"] < 0.15
    assert found.loc["level", "flag"] < 0.15
    assert found.loc["x", "constant"] == found.loc["x", "empty"] == 0
    np.testing.assert_allclose(found, found.T)
    assert [set(group) for group in column_groups(frame, names)] == [{"x", "copy", "level", "same"}]
    assert column_groups(frame.head(5), names) == ()


def test_pairs_of_columns_are_counted_together_and_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three hundred columns are 45,000 pairs: one by one they took seconds of an explanation that was given a part of one."""
    rng, calls, counted = np.random.default_rng(0), [], groups._cramer
    levels = {f"c{place}": rng.choice(list("abcde")[: 2 + place % 4], 200).astype(object) for place in range(20)}
    for place in range(1, 20, 3):
        levels[f"c{place}"] = np.where(rng.random(200) < 0.7, levels[f"c{place - 1}"], levels[f"c{place}"])
        levels[f"c{place}"][rng.random(200) < 0.2] = None
    frame = pd.DataFrame({name: pd.Series(cells, dtype="str") for name, cells in levels.items()})
    monkeypatch.setattr(groups, "_cramer", lambda *asked: calls.append(1) or counted(*asked))
    found = association(frame, tuple(frame))
    assert len(calls) < 20  # of 190 pairs
    for first, second in ((0, 1), (3, 4), (4, 5), (10, 19)):
        table = pd.crosstab(frame[f"c{first}"], frame[f"c{second}"]).to_numpy(dtype=float)
        rows, (r, k) = table.sum(), table.shape
        phi = chi2_contingency(table, correction=False).statistic / rows - (r - 1) * (k - 1) / (rows - 1)
        least = min(r - (r - 1) ** 2 / (rows - 1), k - (k - 1) ** 2 / (rows - 1)) - 1
        assert found[first, second] == pytest.approx(math.sqrt(min(1.0, max(0.0, phi) / least)), abs=1e-9)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_closer_look(task: str) -> None:
    made, rows = model(task, ("lightgbm",)), past(task)  # type: ignore[arg-type]
    found = with_evidence(explain(made, rows.frame, rows.y), made, rows, 4.0)  # time for more than two refits
    assert found.refits >= 2
    assert found.importance[0].column == "a"
    assert found.importance[0].drop == max(item.drop for item in found.importance) > 0
    assert all(item.drop_low < item.drop < item.drop_high for item in found.importance if item.drop)
    assert all(item.rank_low <= place + 1 <= item.rank_high for place, item in enumerate(found.importance))
    assert "not learned from" in found.measured
    deep = evidence(made, rows, oof(made), found, 1.0)
    assert from_json(Evidence, to_json(deep)) == from_json(Evidence, to_json(from_json(Evidence, to_json(deep))))
    assert deep.curves[0].column == "a"
    assert deep.interactions.sentence.startswith("10 pairs of the columns used most were looked at; ")
    assert deep.interactions.looked_at == 10


def test_the_closer_look_measures_once_what_the_score_needs_and_ranks_columns_for_each_class() -> None:
    made, rows = model("multiclass", ("lightgbm",)), past("multiclass")
    before = explain_classes(made, rows.frame, rows.y, every_class(made, rows.y))
    found = all_with_evidence(before, made, rows, 2.0)
    assert [one.label for one in found] == [one.label for one in before]
    assert len({one.label for one in found}) == 3
    drops = [{item.column: item.drop for item in one.importance} for one in found]
    assert drops[0] == drops[1] == drops[2]
    assert all(one.refits == found[0].refits >= 2 for one in found)
    assert all(item.rank_low <= place + 1 <= item.rank_high for one in found for place, item in enumerate(one.importance))
    deep = evidence(made, rows, oof(made), found[1], 0.5)
    place = made.problem.classes.index(found[1].label)
    level = deep.curves[0].points
    assert sum(point.predicted * point.rows for point in level) / sum(point.rows for point in level) == pytest.approx(
        100 * made.predict_frame(rows.frame)[:, place].mean(), abs=5)


def test_what_the_class_asked_for_uses_much_is_measured_however_much_others_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(honesty, "MOST_DROPS", 2)
    monkeypatch.setattr(honesty, "refits", lambda model, past, *_: refits(model, past, 0.0))
    made, rows = model("multiclass", ("lightgbm",)), past("multiclass")
    first, other, _ = explain_classes(made, rows.frame, rows.y, every_class(made, rows.y))
    shares = {"a": 0.06, "b": 0.05, "c": 0.89}
    twins = (ColumnGroup(("a", "b"), 0.1, 1.0),)
    first = replace(first, groups=twins, importance=tuple(
        replace(item, share=shares.get(item.column, 0.0)) for item in first.importance))
    other = replace(other, importance=tuple(
        replace(item, share=0.5 if item.column in ("c", "d") else 0.0) for item in other.importance))
    found, _ = all_with_evidence((first, other), made, rows, 60.0)
    assert {item.column for item in found.importance if math.isfinite(item.drop)} == {"a", "b", "c"}


def test_what_fails_and_what_would_be_are_told_of_the_class_asked_for() -> None:
    made, rows = model("multiclass", ("lightgbm",)), past("multiclass")
    asked = rows_asked(made, rows.frame, 0, "c")
    told = what_if_rows(asked, (TableChange("a", "add", 1.0),), COLUMNS)
    assert "“y” = “c” at" in told.sentence
    assert told.mean_before == pytest.approx(100 * made.predict_frame(rows.frame)[:, 2].mean())
    judged = judged_rows(made, rows, oof(made), "c")
    assert judged.observed.mean() == pytest.approx(100 * (rows.y == 2).mean())
    off = replace(judged, oof=np.where(rows.frame["b"].to_numpy()[:, None] > 0, judged.oof[:, ::-1], judged.oof))
    spots = weak_spots(off, ("a", "b", "c")).spots
    assert spots
    assert "Of “y” = “c” it says" in spots[0].sentence


def test_too_few_rows_are_said() -> None:
    made, rows = model("binary", ("lightgbm",)), past()
    few = Past(rows.frame.head(30), rows.y[:30], COLUMNS)
    found = with_evidence(explain(made, few.frame, few.y), made, few, 0.5)
    assert found.refits == 0
    assert math.isnan(found.importance[0].drop)
    deep = evidence(made, few, oof(made)[:30], found, 0.5)
    assert "too few rows" in deep.interactions.sentence
    assert "too few rows" in deep.weak_spots.sentence
    blank = Past(rows.frame, np.full(400, math.nan), COLUMNS)
    assert with_evidence(found, made, blank, 0.5).refits == 0


def test_curves_of_every_kind_of_column() -> None:
    frame, raw = table()
    made = model("binary", ("linear", "lightgbm"), learned=True)
    observed = 100 * target("binary", raw)
    rows = open_rows(made, frame)
    numbers = curve(rows, "a", observed)
    assert (numbers.kind, numbers.method) == ("number", "ale")
    *known, missing = numbers.points
    assert known[-1].effect > known[0].effect
    assert abs(float(np.average([p.effect for p in known], weights=[p.rows for p in known]))) < 3
    assert sum(point.rows for point in known) <= int(frame["a"].notna().sum())
    assert (missing.label, missing.rows) == ("missing", int(frame["a"].isna().sum()))
    assert curve(rows, "d", observed).kind == "date"
    assert curve(open_rows(made, frame.assign(d=frame["d"].where(frame["b"] > 0))), "d", observed).points[-1].label == "missing"
    levels = curve(rows, "c", observed)
    assert levels.kind == "category"
    assert len(levels.points) == 12
    lines = curve(rows, "a", observed, "pdp")
    assert len(lines.lines) == 50
    with pytest.raises(BadInput):
        curve(rows, "y", observed)
    odd = frame.assign(a=1.0)
    assert curve(open_rows(made, odd), "a", observed).points
    assert not curve(open_rows(made, frame.assign(a=math.nan)), "a", observed * math.nan).points[0].thin


def test_row_context() -> None:
    frame, raw = table()
    made = model("binary", ("lightgbm",))
    y = target("binary", raw)
    cases = past_cases(made, frame, oof(made), y, np.arange(400), {"a": 0.6, "b": 0.2, "c": 0.1, "d": 0.1})
    row = frame.iloc[7].to_dict()
    around = row_context(cases, row, 7)
    assert len(around.neighbours) == 5
    assert 7 not in [item.position for item in around.neighbours]
    assert around.neighbours[0].likeness >= around.neighbours[-1].likeness
    assert row_context(cases, row).neighbours[0].position == 7
    assert around.flags == ()
    sure = around.sureness
    assert sure is not None
    assert sure.low <= sure.rate <= sure.high
    assert sure.rows >= 50
    odd = row_context(cases, {**row, "a": 99.0, "b": None, "c": "new"})
    assert len(odd.flags) == 3
    assert "“c” = “new” was in no past row." in odd.flags
    numbers = past_cases(model("regression", ("lightgbm",)), frame, oof(model("regression", ("lightgbm",))),
                         target("regression", raw), np.arange(400), {"a": 1.0})
    found = sureness(numbers, 1.0)
    assert found is not None
    assert found.low < found.high
    assert wilson(0.5, 100) == pytest.approx((0.404, 0.596), abs=1e-3)


@pytest.mark.parametrize("most", [400, 150])
def test_how_sure_a_past_row_is_asks_what_a_model_said_that_had_not_seen_it(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The final model has learned from the row and is surer of it: among predictions of unseen rows that is another place."""
    frame, raw = table()
    made, y = model("binary", ("lightgbm",)), target("binary", raw)
    monkeypatch.setattr(sys.modules["automl_core.explaining.sure"], "MOST_PAST", most)
    said = np.linspace(0.3, 0.7, 400)
    said[7] = math.nan
    cases = past_cases(made, frame, said, y, np.arange(400) + 1000, {"a": 1.0})
    for place in (20, 380):
        found = row_context(cases, frame.iloc[place].to_dict(), place + 1000).sureness
        others = replace(cases, outcomes=np.where(cases.positions == place + 1000, 1 - cases.outcomes, cases.outcomes))
        without = row_context(others, frame.iloc[place].to_dict(), place + 1000).sureness
        assert found == without  # its own outcome does not count
        assert found is not None
        assert found.near_low <= 100 * said[place] <= found.near_high
        assert f"Predicted {percent(said[place])}" in found.sentence
        assert found.sentence.endswith("models that had not seen them.")
    final = percent(float(made.predict_frame(frame.iloc[[7]])[0]))
    for position in (1007, -1):  # no model had left it out, or it is new
        found = row_context(cases, frame.iloc[7].to_dict(), position).sureness
        assert found is not None
        assert found.sentence.startswith(f"Predicted {final}.")
        assert "had not seen" not in found.sentence
    numbers = of_class(past_cases(model("multiclass", ("lightgbm",)), frame, oof(model("multiclass", ("lightgbm",))),
                                  target("multiclass", raw), np.arange(400), {"a": 1.0}),
                       oof(model("multiclass", ("lightgbm",))), target("multiclass", raw), np.arange(400), "c")
    assert numbers.unseen(9) == pytest.approx(oof(model("multiclass", ("lightgbm",)))[9, 2])


@pytest.mark.parametrize("most", [400, 395])
def test_past_rows_of_a_few_customers_are_few(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three customers with a hundred rows each, two of them yes: counted as 300 rows they contradicted the prediction."""
    frame, _ = table()
    monkeypatch.setattr(sys.modules["automl_core.explaining.sure"], "MOST_PAST", most)
    who = np.repeat([f"k{place}" for place in range(4)], 100)
    made = replace(model("binary", ("lightgbm",)), problem=replace(PROBLEMS["binary"], group="who"))
    said, y = np.repeat([0.6, 0.6, 0.6, 0.1], 100), np.repeat([1.0, 1.0, 0.0, 0.0], 100)
    cases = past_cases(made, frame.assign(who=who), said, y, np.arange(400), {"a": 1.0})
    found = sureness(cases, 0.6)
    assert found is not None
    assert found.rows >= 295
    assert (found.low, found.high) == pytest.approx([100 * end for end in wilson(found.rate / 100, 3)], abs=0.5)
    assert "these count as about 3." in found.sentence
    assert "trust the past rows more" not in found.sentence
    alone = sureness(replace(cases, together=None), 0.6)
    assert alone is not None
    assert "count as" not in alone.sentence
    assert "trust the past rows more" in alone.sentence


def test_past_rows_that_go_together_contradict_a_right_prediction_seldom() -> None:
    """Twenty customers or rows with their copies, twenty each, that all turn out alike, as often as predicted."""
    frame, _ = table()
    copies = frame.iloc[np.repeat(np.arange(80), 5)].reset_index(drop=True)
    made = replace(model("binary", ("lightgbm",)), problem=replace(PROBLEMS["binary"], copies_together=True))
    base = past_cases(made, copies, np.full(400, 0.6), np.zeros(400), np.arange(400), {"a": 1.0})
    assert base.together is not None
    assert (base.together == np.repeat(np.arange(80), 5)).all()
    off = {"alone": 0, "together": 0}
    for seed in range(200):
        codes = np.repeat(np.arange(20), 20)
        came = (np.random.default_rng(seed).random(20) < 0.6).astype(np.float64)[codes]
        for name, together in (("alone", None), ("together", codes)):
            found = sureness(replace(base, outcomes=came, together=together), 0.6)
            assert found is not None
            off[name] += "trust the past rows more" in found.sentence
    assert off["alone"] > 100
    assert off["together"] <= 14


def test_what_a_past_row_has_is_not_called_unseen_where_a_sample_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past rows above some number are drawn from: a level or a gap of one that was not drawn was seen nonetheless."""
    frame, raw = table()
    made, y = model("binary", ("lightgbm",)), target("binary", raw)
    monkeypatch.setattr(sys.modules["automl_core.explaining.sure"], "MOST_PAST", 50)
    kept = past_cases(made, frame, oof(made), y, np.arange(400), {"b": 0.5, "c": 0.5}).positions
    other = int(np.setdiff1d(np.arange(400), kept)[0])
    frame = frame.assign(c=frame["c"].where(np.arange(400) != other, "rare"), b=frame["b"].where(np.arange(400) != other))
    cases = past_cases(made, frame, oof(made), y, np.arange(400), {"b": 0.5, "c": 0.5})
    assert len(cases.frame) == 50
    row = frame.iloc[other].to_dict()
    assert row_context(cases, row).flags == ()
    assert row_context(cases, {**row, "c": "new"}).flags == ("“c” = “new” was in no past row.",)
    texts = replace(made, cleaned=tuple(replace(one, role="text") if one.name == "c" else one for one in COLUMNS))
    cases = past_cases(texts, frame, oof(made), y, np.arange(400), {"b": 0.5, "c": 0.5})
    assert row_context(cases, {**row, "c": "a new text"}).flags == ()


def test_pairs_are_counted_as_people_speak() -> None:
    assert _sentence(0, 1).startswith("1 pair of the columns used most was looked at; none")
    assert _sentence(1, 28) == ("28 pairs of the columns used most were looked at; 1 goes beyond what models of purely additive "
                                "data show.")
    assert _sentence(5, 28).endswith("5 go beyond what models of purely additive data show; the 3 that do so most are shown.")


def test_places_of_a_pair_are_told_apart_and_years_have_no_mark() -> None:
    frame, _ = table()
    made = model("binary", ("lightgbm",))
    years = np.arange(400) % 6 + 2018.0
    close = frame.assign(a=years, b=12_340 + np.arange(400) % 5.0)
    grids = [_grid(open_rows(made, close), name) for name in "ab"]
    assert [grid.labels for grid in grids if grid] == [
        ("2018", "2019", "2020", "2021", "2022", "2023"), ("12,340", "12,341", "12,342", "12,343", "12,344")]
    hours = frame.assign(d=(pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(400) % 3, "h")).astype("datetime64[us]"))
    grid = _grid(open_rows(made, hours), "d")
    assert grid is not None
    assert grid.labels == ("2026-01-01 00:00", "2026-01-01 01:00", "2026-01-01 02:00")
    found = conditions_of(pd.Series(np.repeat([2023.0, 12_345.678], 200), name="year"))
    assert [one.values for one in found] == [("2023",), ("12,345.678",)]
    assert [int(holds(one, pd.DataFrame({"year": [2023.0, 12_345.678]})).sum()) for one in found] == [1, 1]


def test_pairs_of_a_model_of_logarithms_are_held_against_numbers_that_have_one() -> None:
    frame, _ = table()
    made, known = model("regression", ("lightgbm",), logs=True), past("regression")
    drawn = np.concatenate(additive_outcomes(made, known, 3))
    assert drawn.min() >= 0
    assert np.quantile(drawn, 0.9) == pytest.approx(np.quantile(known.y, 0.9), rel=0.3)
    told = interactions(open_rows(made, frame.head(200)), known, ("a", "b"), 0.1).sentence
    assert told.startswith("1 pair of the columns used most was looked at; ")


def test_that_no_model_could_be_fitted_is_not_called_too_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["automl_core.explaining.interactions"], "again", lambda *given: None)
    found = interactions(open_rows(model("binary", ("lightgbm",)), table()[0].head(200)), past(), ("a", "b"), 0.1)
    assert "too few rows" not in found.sentence
    assert found.sentence.startswith("No model could be fitted")


def test_pairs_that_could_not_be_asked_on_other_rows_are_not_called_none(monkeypatch: pytest.MonkeyPatch) -> None:
    room = sys.modules["automl_core.explaining.interactions"]
    monkeypatch.setattr(room, "again", lambda *given: model("binary", ("linear",)))  # adds up: whatever is found is beyond it
    monkeypatch.setattr(room, "refits", lambda *given: iter(()))
    found = interactions(open_rows(model("binary", ("lightgbm",)), table()[0].head(200)), past(), ("b", "c"), 0.1)
    assert not found.pairs
    assert "none goes beyond" not in found.sentence
    assert "could not be fitted to a half" in found.sentence


def called_points() -> Model:
    """A model of a number that is called as the units of classes are."""
    made = model("regression", ("lightgbm",))
    return replace(made, problem=replace(made.problem, target="points"))


def test_a_number_called_points_is_no_percentage() -> None:
    frame, raw = table()
    made, row = called_points(), frame.iloc[0].to_dict()
    one = explain_row(made, row, frame.head(50))
    assert (one.units, one.in_points) == ("points", False)
    assert explain_row(model("binary", ("lightgbm",)), row, frame.head(50)).in_points
    whole = explain(made, frame, target("regression", raw), 0)
    assert (whole.units, whole.in_points) == ("points", False)
    for name in ("a", "c"):
        line = curve(open_rows(made, frame), name, target("regression", raw))
        assert (line.units, line.in_points) == ("points", False)
        assert "points " not in line.sentence
        assert curve(open_rows(model("binary", ("lightgbm",)), frame), name, 100 * target("binary", raw)).in_points
    told = what_if_table(made, frame, (TableChange("a", "add", 1.0),), COLUMNS)
    assert (told.units, told.in_points) == ("points", False)
    flip = smallest_flip(made, row, frame, (Allowed("a"), Allowed("b")), one.prediction + 0.2)
    assert flip is not None
    assert "%" not in flip.sentence


def test_a_curve_that_was_kept_before_still_says_its_units() -> None:
    frame, raw = table()
    kept = to_json(curve(open_rows(model("binary", ("lightgbm",)), frame), "a", 100 * target("binary", raw)))
    del kept["of_class"]
    assert from_json(Curve, kept).in_points
    assert not from_json(Curve, {**kept, "units": "y"}).in_points


def test_what_if_in_the_whole_table() -> None:
    frame, _ = table()
    made = model("binary", ("lightgbm",))
    found = what_if_table(made, frame, (TableChange("a", "add", 1.0),), COLUMNS)
    before = 100 * made.predict_frame(frame)
    after = 100 * made.predict_frame(frame.assign(a=frame["a"] + 1))
    assert found.mean_before == pytest.approx(before.mean())
    assert found.mean_after == pytest.approx(after.mean())
    assert found.flips_up == int(((before < 50) & (after >= 50)).sum())
    assert found.flips_down == int(((before >= 50) & (after < 50)).sum())
    assert found.outside == int((frame["a"] + 1 > frame["a"].max()).sum())
    assert re.search(r"instead of [^.]*\.\d %.*\)\. \d+ of 400 rows change sides \(", found.sentence), found.sentence
    several = model("multiclass", ("lightgbm",))
    turned = what_if_table(several, frame, (TableChange("a", "add", 1.0),), COLUMNS)
    was, now = (several.predict_frame(part).argmax(axis=1) for part in (frame, frame.assign(a=frame["a"] + 1)))
    told = explained_class(several)
    assert turned.flips_up == int(((was != told) & (now == told)).sum())
    assert turned.flips_down == int(((was != now) & (now != told)).sum())
    assert f"{int((was != now).sum())} of 400 rows get another answer (" in turned.sentence
    assert found.changed == int(frame["a"].notna().sum())
    assert sum(found.before) == sum(found.after) == found.rows == 400
    level = what_if_table(made, frame, (TableChange("c", "set", value="l3"),), COLUMNS)
    assert level.mean_after == pytest.approx(float(100 * made.predict_frame(frame.assign(c="l3")).mean()))
    date = what_if_table(made, frame, (TableChange("d", "set", value="2026-02-01"),), COLUMNS)
    assert date.changed <= 400
    numbers = what_if_table(model("regression", ("lightgbm",)), frame, (TableChange("b", "percent", -5.0),), COLUMNS)
    assert numbers.units == "y"
    assert "pilot" in numbers.warning.lower()
    for bad in (TableChange("y", "set", value="Yes"), TableChange("zz", "add", 1.0), TableChange("c", "percent", 5.0),
                TableChange("a", "set", value="many"), TableChange("a", "percent", math.nan), TableChange("a", "halve")):
        with pytest.raises(BadInput):
            what_if_table(made, frame, (bad,), COLUMNS)
    with pytest.raises(BadInput):
        what_if_table(made, frame, (), COLUMNS)
    with pytest.raises(BadInput):
        what_if_table(made, frame.head(0), (TableChange("a", "add", 1.0),), COLUMNS)


def test_numbers_below_zero_are_not_moved_by_a_share_of_them() -> None:
    """A balance of -100 that “rises” by 10 % fell to -110, where levers, cards and ways leave such numbers alone."""
    frame, _ = table()
    made, b = model("binary", ("lightgbm",)), frame["b"]
    for amount, verb in ((50.0, "rise"), (-50.0, "fall")):
        found = what_if_table(made, frame, (TableChange("b", "percent", amount),), COLUMNS)
        assert found.changed == int((b > 0).sum())
        after = frame.assign(b=b.where(b < 0, b * (1 + amount / 100)))
        assert found.mean_after == pytest.approx(100 * made.predict_frame(after).mean())
        assert found.sentence.startswith(f"If all “b” above zero {verb} by 50 %, ")
        told = f"In {int((b < 0).sum())} rows “b” is below zero and stays as it is: a share of it would go the other way."
        assert told in found.sentence
    for rows, change in ((frame[b > 0], TableChange("b", "percent", 10.0)), (frame, TableChange("b", "add", 10.0))):
        found = what_if_table(made, rows, (change,), COLUMNS)
        assert found.sentence.startswith("If all “b” rise by 10")
        assert "below zero" not in found.sentence


def test_what_is_in_the_table_is_not_beyond_it_when_few_rows_are_asked() -> None:
    frame = table()[0].round({"a": 2})
    made, ends = model("binary", ("lightgbm",)), (frame["a"].min(), frame["a"].max())
    for seed, end in itertools.product(range(6), ends):
        found = what_if_table(made, frame, (TableChange("a", "set", value=repr(float(end))),), COLUMNS, seed, 0.0)
        assert (found.rows, found.outside) == (300, 0), (seed, end)
    rare = frame.assign(c=np.where(np.arange(400) == 7, "rare", frame["c"]))
    asked = rows_asked(made, frame.drop(index=7), seen=rare)
    assert what_if_rows(asked, (TableChange("c", "set", value="rare"),), COLUMNS).outside == 0
    assert what_if_rows(asked, (TableChange("c", "set", value="none"),), COLUMNS).outside == 399


def test_weak_spot_conditions_hold_where_they_say() -> None:
    frame, _ = table()
    for name in ("a", "c", "d"):
        if name == "d":
            continue
        for condition in conditions_of(frame[name]):
            mask = holds(condition, frame)
            assert 0 < mask.sum() < 400
            assert describe(condition)
    assert any(condition.values == ("missing",) for condition in conditions_of(frame["a"]))
    assert int(holds(SpotCondition("a", ("missing",), gone=True), frame).sum()) == int(frame["a"].isna().sum())
    few = pd.Series([1.0, 2.0] * 50, name="k")
    assert [condition.values for condition in conditions_of(few)] == [("1",), ("2",)]
    assert int(holds(SpotCondition("k", ("1",)), few.to_frame()).sum()) == 50
    made = model("multiclass", ("lightgbm",))
    rows = past("multiclass")
    assert weak_spots(judged_rows(made, rows, oof(made)), ("a", "b", "c")).looked_at > 10


def test_what_stands_in_is_named() -> None:
    assert "own kind (LightGBM)" in kinds_used(model("binary", ("lightgbm",)))
    slow = kinds_used(model("binary", ("extra_trees",)))
    assert "Extra trees is not fitted again here, so LightGBM stands in" in slow
    mixed = kinds_used(model("binary", ("extra_trees", "linear")))
    assert "stands in; " in mixed
    assert "as in the model" in mixed


def test_of_several_classes_the_one_that_is_likeliest_for_the_row_is_explained() -> None:
    frame, raw = table()
    made, y = model("multiclass", ("lightgbm",)), target("multiclass", raw)
    said, positions = oof(made), np.arange(400) * 3
    for place, label in enumerate("abc"):
        at = int(np.flatnonzero(said.argmax(axis=1) == place)[0])
        row = frame.iloc[at].to_dict()
        assert likeliest(made, row) == label
        one = explain_row(made, row, frame.head(50), label)
        assert one.prediction == pytest.approx(100 * said[at].max())
        assert one.sentence.startswith(f"“y” = “{label}” is predicted at ")
        asked = what_if(made, row, {"b": 2.0}, frame.head(50), before=one)
        assert asked.after.label == label
        cases = of_class(past_cases(made, frame, said, y, positions, {"a": 0.6, "c": 0.4}), said, y, positions, label)
        assert (cases.outcomes == (y == place)).all()
        around = row_context(cases, row)
        assert around.sureness is not None
        assert f"had “y” = “{label}” (" in around.sureness.sentence
        assert around.neighbours[0].prediction == pytest.approx(one.prediction)
        flip = smallest_flip(made, row, frame, (Allowed("a"), Allowed("b"), Allowed("c")), label=label)
        assert flip is not None
        assert flip.before == pytest.approx(one.prediction)
    assert likeliest(model("binary", ("lightgbm",)), row) == likeliest(model("regression", ("lightgbm",)), row) == ""


def test_another_class_of_a_sample_of_past_rows_keeps_to_these_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, raw = table()
    made, y, said = model("multiclass", ("lightgbm",)), target("multiclass", raw), oof(model("multiclass", ("lightgbm",)))
    monkeypatch.setattr(sys.modules["automl_core.explaining.sure"], "MOST_PAST", 150)
    positions = np.arange(400) + 1000
    cases = of_class(past_cases(made, frame, said, y, positions, {"a": 1.0}), said, y, positions, "c")
    assert len(cases.frame) == len(cases.oof) == 150
    assert cases.oof == pytest.approx(said[cases.positions - 1000, 2])
    assert (cases.outcomes == (y[cases.positions - 1000] == 2)).all()
