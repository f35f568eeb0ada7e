"""Rare outcomes: what is said of a row, a column and a change where nearly all predictions are a few percent."""
from __future__ import annotations

import math
import re
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Recipe
from automl_core.data.table import Column
from automl_core.explaining import (
    Allowed,
    Past,
    curve,
    fairness_words,
    open_rows,
    past_cases,
    quick_halves,
    rows_asked,
    smallest_flip,
    swap,
    table_doubt,
    table_what_if,
    what_if_rows,
    what_if_table,
)
from automl_core.explaining.changes import TableChange, TableWhatIf
from automl_core.explaining.drops import compare
from automl_core.explaining.explanation import Contribution
from automl_core.explaining.single import _sentence, explain_row
from automl_core.explaining.sure import sureness
from automl_core.explaining.weak_spots import _two
from automl_core.explaining.words import percent
from automl_core.framing.problem import Money, Problem, Task
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.features import Encoder, fit_encoder
from automl_core.search.model import Member, Model
from automl_core.search.plan import Score, Trial
from tests.unit.test_explaining_routes import COLUMNS, model, table, target

RARE = np.random.default_rng(5)


def test_a_small_prediction_is_held_against_small_predictions() -> None:
    """With a fixed reach of 5 points nearly every row counts as like this one, and their rate seems to contradict it."""
    frame, raw = table()
    made = model("binary", ("lightgbm",))
    cases = past_cases(made, frame, made.predict_frame(frame), target("binary", raw), np.arange(len(frame)), {"a": 1.0})
    said = RARE.choice([0.002, 0.04], 20_000, p=[0.8, 0.2])
    known = replace(cases, oof=said, outcomes=(RARE.random(20_000) < said).astype(np.float64))
    found = sureness(known, 0.002)
    assert found is not None
    assert found.near_high < 1
    assert found.low <= 0.2 <= found.high
    assert "off what was predicted" not in found.sentence


def test_ends_of_a_rare_class_and_losses_are_not_said_as_one() -> None:
    """“0.0 % to 0.0 %” was said of rows that are predicted 0.04 % and less."""
    frame, raw = table()
    made = model("binary", ("lightgbm",))
    cases = past_cases(made, frame, made.predict_frame(frame), target("binary", raw), np.arange(len(frame)), {"a": 1.0})
    said = np.linspace(0.0002, 0.0004, 400)
    found = sureness(replace(cases, oof=said, outcomes=np.zeros(400), positions=np.arange(400)), 0.0003)
    assert found is not None
    assert "Predicted 0.03 %. Of " in found.sentence
    assert "0.0 %" not in found.sentence
    one = sureness(replace(cases, oof=said[:1], outcomes=np.zeros(1), positions=np.arange(1)), 0.0002)
    assert one is not None
    assert "Of 1 past row predicted 0.02 %" in one.sentence
    assert _two(0.1231, 0.1238) == ("0.123", "0.124")
    assert _two(0.5, 0.25) == ("0.5", "0.25")


@pytest.mark.parametrize(("rates", "told"), [
    ((0.261, 0.264), "Of all, 26.1 % to 26.4 % are chosen, depending on the group: "),
    ((0.26, 0.26), "Of all, 26 % are chosen in every group; by chance they could be as far apart as 4.0 points.")])
def test_groups_that_are_alike_are_not_said_to_differ(rates: tuple[float, float], told: str) -> None:
    groups = [SimpleNamespace(group=name, selected=SimpleNamespace(value=rate, rows=100))
              for name, rate in zip("ab", rates, strict=True)]
    made: Any = SimpleNamespace(compared=groups)
    spread: Any = SimpleNamespace(clear=False, high=0.04)
    assert fairness_words._line(made, spread, lambda group: group.selected, "are chosen", "all").startswith(told)


def test_a_row_is_told_with_a_decimal_below_ten_percent() -> None:
    frame, _ = table()
    made = model("binary", ("lightgbm",))
    low = frame.iloc[int(np.argmin(made.predict_frame(frame)))].to_dict()
    found = explain_row(made, low, frame)
    assert found.prediction < 10
    assert f"is predicted at {found.prediction:.1f} %" in found.sentence


def test_what_a_row_is_held_against_is_the_start_of_its_parts_and_not_an_average_row() -> None:
    """Of trees the parts start at their expected log-odds: not at the mean of the predictions."""
    frame, _ = table()
    made = model("binary", ("lightgbm",))
    said = made.predict_frame(frame)
    for place, side in ((int(np.argmax(said)), "above"), (int(np.argmin(said)), "below")):
        found = explain_row(made, frame.iloc[place].to_dict(), frame)
        assert "average" not in found.sentence
        assert f", {side} the {percent(found.base / 100)} that the model says where nothing is known of a row" in found.sentence
        assert ", mostly because “" in found.sentence
    assert abs(found.base - 100 * said.mean()) > 0.2


def test_a_small_part_is_no_second_reason_and_a_large_one_against_is_named() -> None:
    """“mostly because “sex” = “female”” was said of one part in a hundred, and nothing of what pulled down by a third."""
    made = model("regression", ("lightgbm",))
    sizes = {"smoker": 15622.0, "age": -5606.0, "bmi": -4514.0, "sex": 166.0}
    parts = [Contribution(name, "x", size) for name, size in sizes.items()]
    words = _sentence(made, 18061.0, 13484.0, parts, "")
    assert words.endswith(", mostly because “smoker” = “x”, though “age” = “x” pulls the other way.")
    parts[3] = Contribution("sex", "x", 5000.0)
    assert _sentence(made, 18061.0, 13484.0, sorted(parts, key=lambda part: -abs(part.amount)), "").endswith(
        ", mostly because “smoker” = “x” and “sex” = “x”, though “age” = “x” pulls the other way.")
    assert _sentence(made, 10000.0, 13484.0, parts[:2], "").endswith(
        ", mostly because “age” = “x”, though “smoker” = “x” pulls the other way.")
    assert "though" not in _sentence(made, 23000.0, 13484.0, parts[:3], "")


def test_the_flip_says_where_the_answer_turns() -> None:
    frame, _ = table()
    made = replace(model("binary", ("lightgbm",)), threshold=0.4)
    row = frame[frame["a"] < -1].iloc[0].to_dict()
    found = smallest_flip(made, row, frame, (Allowed("a"), Allowed("b"), Allowed("c")))
    assert found is not None
    assert (found.before < 40) != (found.after < 40)
    assert "it turns at 40 %" in found.sentence


def test_the_figures_of_a_flip_are_told_apart_and_its_answers_are_named() -> None:
    """A change of half a point around the threshold: 30 % and 30 % would read as no change at all."""
    frame, _ = table()
    made = model("binary", ("linear",))
    rows = frame[frame["a"].notna()].iloc[:60]
    said = made.predict_frame(rows)
    row = rows.iloc[int(np.abs(said - 0.45).argmin())].to_dict()
    to = f"{row['a'] + 0.004:.6f}"
    before, after = (made.predict_row({**row, "a": value}) for value in (row["a"], float(to)))
    assert 0 < after - before < 0.01
    found = smallest_flip(replace(made, threshold=(before + after) / 2), row, frame, (Allowed("a", to=(to,)),))
    assert found is not None
    assert "“y” = “Yes” instead of “No” if " in found.sentence
    said_before, said_after, turns = re.findall(r"([\d.]+) %", found.sentence)
    assert float(said_before) < float(said_after)
    assert said_before != turns != said_after
    numbers = model("regression", ("linear",))
    goal = numbers.predict_row(row) + 1e-4
    near = smallest_flip(numbers, row, frame, (Allowed("a", to=(to,)),), goal)
    assert near is not None
    first, second = re.findall(r"would say ([\d.−]+) instead of ([\d.−]+) if", near.sentence)[0]
    assert first != second


def test_the_spread_of_small_predictions_fills_its_axis() -> None:
    frame, _ = table()
    made = model("binary", ("lightgbm",))
    said = made.predict_frame(frame)
    lowest = np.argsort(said)[:30]
    found = what_if_table(made, frame.iloc[lowest], (TableChange("b", "add", 0.0),), COLUMNS)
    most = 100 * float(said[lowest].max())
    assert most <= found.edges[-1] < 100 or most > 50
    assert found.edges[-1] <= 2.6 * most
    assert sum(found.before) == 30


def test_shares_of_few_rows_are_no_evidence_against_the_model() -> None:
    frame, _ = table()
    made = model("binary", ("lightgbm",))
    rows = open_rows(made, frame)
    said = made.predict_frame(frame)
    by_chance = [curve(rows, "c", 100.0 * (RARE.random(len(frame)) < said)).sentence for _ in range(20)]
    assert sum("The raw means" in sentence for sentence in by_chance) <= 1
    level = frame["c"].map({name: place % 2 for place, name in enumerate(sorted(frame["c"].dropna().unique()))}).fillna(0)
    assert "The raw means" in curve(rows, "c", 100.0 * level.to_numpy(dtype=np.float64)).sentence


def test_where_rows_have_weights_it_is_said_that_they_count_alike_and_the_past_does_not_contradict() -> None:
    """A table thinned to half yes, whose weights make yes 5 %: predictions go by the weights, counts of rows do not."""
    frame, raw = table()
    words = "Rows count alike here, whatever “w” says."
    tasks: tuple[Task, ...] = ("binary", "regression")
    for task in tasks:
        made = model(task, ("lightgbm",))
        weighed = replace(made, problem=replace(made.problem, weights="w"))
        cases = past_cases(made, frame, made.predict_frame(frame), target(task, raw), np.arange(len(frame)), {"a": 1.0})
        if task == "binary":
            cases = replace(cases, oof=np.full(len(frame), 0.05), outcomes=(RARE.random(len(frame)) < 0.5).astype(np.float64))
        plain, told = sureness(cases, 0.05), sureness(replace(cases, model=weighed), 0.05)
        assert plain is not None
        assert told is not None
        assert words not in plain.sentence
        assert told.sentence.endswith(f" {words}")
        assert "trust the past rows more" not in told.sentence
        assert ("trust the past rows more" in plain.sentence) == (task == "binary")
        table_told = what_if_table(weighed, frame, (TableChange("b", "add", 0.1),), COLUMNS)
        assert table_told.sentence.endswith(f" {words}")


def test_one_row_that_turns_is_told_as_one() -> None:
    """And a mean that moves by less than its digits is not said to go from a number to itself."""
    said: tuple[tuple[Task, str], ...] = (("binary", "1 of 300 rows changes sides (1 up, 0 down)."),
                                          ("multiclass", "1 of 300 rows gets another answer (1 becomes “"))
    for task, turned in said:
        made = model(task, ("lightgbm",))
        rows = open_rows(made, table()[0].head(300))
        change = TableWhatIf(300, 300, 20.0, 20.4, 0.1, 0.7, 1, 0, 0, (), (), (), "points", "", "")
        assert turned in table_what_if._sentence(rows, change, (TableChange("a", "add", 1.0),))
    rows = open_rows(model("regression", ("lightgbm",)), table()[0].head(300))
    for after, told in ((5.0 + 1e-12, "at 5 on average as before."),
                        (5.001, "at 5.001 on average instead of 5 (+0.001; 95 % range ")):
        change = TableWhatIf(300, 300, 5.0, after, 0.0, 0.0, 0, 0, 0, (), (), (), "y", "", "", False)
        assert told in table_what_if._sentence(rows, change, (TableChange("a", "add", 1.0),))


@pytest.mark.parametrize(("before", "after", "told"), [
    (27.8241, 27.4138, ("27.8 %", "27.4 %", "−0.4 points")), (27.82, 27.79, ("27.82 %", "27.79 %", "−0.03 points")),
    (0.07, 3.0, None), (27.5, 27.5, None)])
def test_means_of_a_what_if_and_their_change_are_told_with_the_same_digits(
    before: float, after: float, told: tuple[str, str, str] | None) -> None:
    """“27 % instead of 28 %” stood above figures that differ by 0.41 points."""
    found = TableWhatIf(300, 300, before, after, -0.52, -0.301, 1, 0, 0, (), (), (), "points", "", "")
    first, second, move = found.means
    assert told is None or found.means == told
    if move[:1] in "+−":
        shown = float(second.removesuffix(" %")) - float(first.removesuffix(" %"))
        assert shown == pytest.approx(float(move.removesuffix(" points").replace("−", "-")))
    assert found.move_range == "−0.5 to −0.3 points"
    near = replace(found, low=-0.41, high=-0.39)
    assert near.move_range == "−0.41 to −0.39 points"
    said = table_what_if._sentence(
        open_rows(model("binary", ("lightgbm",)), table()[0].head(300)), found, (TableChange("a", "add", 1.0),))
    span = "95 % range −0.5 to −0.3 points, by chance of rows alone: how far the model is right is not in it"
    assert before == after or f"({move}; {span})" in said


@pytest.mark.parametrize(("low", "high", "told"), [
    (1.4996, 1.5004, "+1.4996 to +1.5004"), (-1.501, 1.5, "−1.5 to +1.5"), (1.4, 1.6, "+1.4 to +1.6"),
    (2.0, 2.0, "+2 at both ends"), (-math.inf, math.inf, "unknown")])
def test_ends_of_the_range_of_a_number_are_told_apart_by_more_digits(low: float, high: float, told: str) -> None:
    found = TableWhatIf(300, 300, 5.0, 6.5, low, high, 0, 0, 0, (), (), (), "y", "", "", False)
    assert found.move_range == told


def test_the_range_of_a_change_counts_rows_of_one_group_as_one_and_holds_the_truth() -> None:
    """Twenty customers with twenty rows each: taken as four hundred rows the range held the truth half of the time."""
    frame, _ = table()
    made = model("binary", ("lightgbm",))
    grouped = replace(made, problem=replace(made.problem, group="who"))
    change, held, wider = TableChange("a", "add", 1.0), 0, []
    of_all = what_if_table(made, frame, (change,), COLUMNS)
    truth = of_all.mean_after - of_all.mean_before
    for seed in range(20):
        places = np.repeat(np.random.default_rng(seed).choice(len(frame), 20), 20)
        rows = frame.iloc[places].assign(who=np.repeat(np.arange(20), 20))
        found, alone = (what_if_table(one, rows, (change,), COLUMNS) for one in (grouped, made))
        held += found.low <= truth <= found.high
        wider.append((found.high - found.low) / (alone.high - alone.low))
    assert held >= 17
    assert min(wider) > 4
    assert "by chance of rows alone" in found.sentence


LINE = (Column("x", "float", "number"), Column("z", "float", "number"), Column("y", "float", "target"))


def line(seed: int, task: Task = "regression", took: float = 0.01) -> tuple[Model, Past]:
    """Two hundred rows of y = 2 x + z + chance, and the line through them."""
    random = np.random.default_rng(seed)
    x, chance = random.normal(size=200), 3 * random.normal(size=200)
    z = 0.5 * x + random.normal(size=200)
    y = 2 * x + z + chance if task == "regression" else (2 * x + z + chance > 0).astype(np.float64)
    frame, problem = pd.DataFrame({"x": x, "z": z, "y": y}), Problem("y", task, "rmse")
    if task == "binary":
        problem = Problem("y", task, "roc_auc", positive="1", classes=("0", "1"))
    encoder = fit_encoder(frame, LINE[:-1], problem)
    native = families().get("linear").fit(FitRequest(encoder.matrix(frame), y, encoder.features, task, 2)).native
    made = Model(problem, LINE, LINE, Recipe(), encoder, (Member("linear", "a", 1.0, native),), Score(1.0, 1.0, 1.0))
    trial = Trial("k", "linear", "a", {}, "finished", 1.0, 1.0, 1.0, (1.0,), seconds=took)
    return made, Past(frame, y, LINE, (trial,), seed)


def test_the_range_of_a_change_holds_what_the_model_does_not_know() -> None:
    """A line says the same of every row: by chance of rows alone it was as good as sure, and wrong nine times in ten."""
    change, held = (TableChange("x", "add", 0.5),), np.zeros(2)
    for seed in range(30):
        made, past = line(seed)
        rows = open_rows(made, past.frame)
        alone, found = what_if_rows(rows, change, LINE), what_if_rows(rows, change, LINE, halves=quick_halves(made, past, 200))
        held += [one.low <= 1.0 <= one.high for one in (alone, found)]
    assert held[0] <= 6
    assert held[1] >= 26
    assert "by chance of rows alone: how far the model is right is not in it" in alone.sentence
    assert ("by chance of the rows asked and of those that the model learned from: that a model of this kind may be wrong "
            "altogether is not in it)") in found.sentence
    assert (found.mean_before, found.mean_after) == (alone.mean_before, alone.mean_after)


def test_only_what_is_quickly_fitted_again_as_it_is_tells_a_models_doubt() -> None:
    made, past = line(0, "binary")
    halves = quick_halves(made, past, 200)
    found = what_if_rows(open_rows(made, past.frame, "0"), (TableChange("x", "add", 0.5),), LINE, halves=halves)
    assert (len(halves.pairs), halves.share, found.of_model) == (4, 1.0, True)
    assert found.low < found.mean_after - found.mean_before < found.high < 0  # more of x makes “0” rarer
    slow, few = line(0, took=9.0), replace(past, frame=past.frame.head(60), y=past.y[:60])
    by_time = replace(made, problem=replace(made.problem, time="x"))
    near = replace(made, members=(replace(made.members[0], family="neighbours"),))  # another kind would stand in for it
    standing = (near, replace(past, trials=(replace(past.trials[0], family="neighbours"),)))
    for one in (slow, (made, few), (by_time, past), standing, (made, replace(past, trials=()))):
        assert quick_halves(*one, 200).pairs == ()


def test_a_model_that_learned_from_more_rows_than_were_tested_doubts_less() -> None:
    """Of 800 rows a fold tested 200: the range was twice as wide as what the model does not know."""
    made, past = line(0)
    assert quick_halves(made, past, 800).share == 0.25
    assert quick_halves(made, replace(past, y=np.where(np.arange(200) < 100, past.y, math.nan)), 800).share == 0.125


def test_what_takes_long_to_be_fitted_again_is_left_after_the_first_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search's seconds leave out the columns that a refit learns anew: eight of them took half a minute of a page."""
    made, past = line(0)
    fitted = []

    def slowly(*given: Any) -> Any:
        for place in range(8):
            fitted.append(place)
            until = time.process_time() + 0.02
            while time.process_time() < until:
                pass
            yield SimpleNamespace(model=made)

    monkeypatch.setattr(table_doubt, "refits", slowly)
    assert len(quick_halves(made, past, 200).pairs) == 4
    monkeypatch.setattr(table_doubt, "FIT_SECONDS", 0.015)
    fitted.clear()
    assert quick_halves(made, replace(past, trials=(replace(past.trials[0], seconds=0.01),)), 200).pairs == ()
    assert fitted == [0]


def test_a_models_doubt_is_asked_of_the_rows_that_there_is_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each click encoded and predicted all rows nine times."""
    made, past = line(0)
    many = pd.concat([past.frame] * 20, ignore_index=True)
    halves, rows = quick_halves(made, past, 200), rows_asked(made, many)
    asked: dict[int, int] = {}
    told = swap.Rows.predict

    def predict(self: swap.Rows, matrix: np.ndarray) -> np.ndarray:
        asked[id(self.model)] = asked.get(id(self.model), 0) + len(matrix)
        return told(self, matrix)

    monkeypatch.setattr(swap.Rows, "predict", predict)
    monkeypatch.setattr(swap.Rows, "affordable", lambda self, seconds: 5_600)
    encoded, encode = [], Encoder.matrix

    def matrix(self: Encoder, frame: pd.DataFrame, terms: Any = None) -> np.ndarray:
        encoded.append(len(frame))
        return encode(self, frame, terms)

    monkeypatch.setattr(Encoder, "matrix", matrix)
    what_if_rows(rows, (TableChange("z", "set", value="1"),), LINE, 0, 0.1, halves)
    assert asked.pop(id(made)) == 4_000
    assert set(asked.values()) == {2 * 350}
    assert sum(encoded) == 2  # the new value, of all rows and of those that the halves are asked about


def test_what_a_column_is_worth_to_a_metric_of_labels_is_no_matter_of_amounts() -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 500)
    before = np.clip(0.3 + 0.4 * y + random.normal(0, 0.1, 500), 0.05, 0.95)
    plain = Problem("y", "binary", "accuracy", ("No", "Yes"), "Yes")
    assert compare(plain, y, before, random.permutation(before))[0] > 0.2
    paid = replace(plain, money=Money(true_positive=500, false_positive=-20))  # says yes to all rows
    assert compare(paid, y, before, random.permutation(before))[0] > 0.2
