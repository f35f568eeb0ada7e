"""What a closer look leans on: weights that hardly any row lacks, looks that were in vain, and an order that was never tested."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.codec import from_json, to_json
from automl_core.explaining import Judged, Past, explain, weak_spots, with_evidence
from automl_core.explaining.closer_look import Interaction, Interactions, SpotCondition
from automl_core.explaining.explanation import ShapePoint
from automl_core.explaining.honesty import _warned
from automl_core.explaining.importance import shape
from automl_core.explaining.spot_conditions import conditions_of, describe, holds
from automl_core.framing.problem import Problem
from pages.ui.explain_charts import spot_words
from tests.truth.explaining_data import Made, fitted


def weighed() -> Made:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=300), "z": rng.normal(size=300), "w": rng.uniform(1, 2, 300)})
    made = fitted(frame[["x", "z"]], frame["x"].to_numpy() + rng.normal(size=300), "regression", "linear")
    return Made(replace(made.model, problem=replace(made.model.problem, weights="w")), replace(made.past, frame=frame))


def test_weights_are_asked_of_rows_that_are_learned_from() -> None:
    """One new row without outcome and weight, and the whole command ended: “w” cannot weigh rows."""
    made = weighed()
    frame, y = made.past.frame.copy(), made.past.y.copy()
    frame.loc[7, "w"], y[7] = np.nan, np.nan
    found = Past(frame, y, made.past.columns).weights(made.model.problem)
    assert found is not None
    assert found[7] == 0
    assert np.delete(found, 7).mean() == pytest.approx(1)
    told = with_evidence(explain(made.model, frame, y), made.model, replace(made.past, frame=frame, y=y), 2.0, 2)
    assert told.refits == 2
    assert "count alike" not in told.measured


def test_rows_count_alike_where_weights_cannot_be_used_and_it_is_said() -> None:
    made = weighed()
    frame = made.past.frame.assign(w=np.nan)
    told = with_evidence(explain(made.model, frame, made.past.y), made.model, replace(made.past, frame=frame), 2.0, 2)
    assert told.refits == 2
    assert told.measured.endswith("Rows count alike here, whatever “w” says.")


def test_what_a_closer_look_says_is_said_once() -> None:
    """Where rows cannot be halved each look wrote it again: the sentence stood there twice, then three times."""
    made = weighed()
    first = explain(made.model, made.past.frame, made.past.y)
    idle = replace(first, importance=tuple(replace(item, share=0.5, evidence=False) for item in first.importance))
    once = _warned(idle)
    assert once.sentence.count("A closer look found no evidence") == 1
    assert _warned(once) == once


def test_a_level_that_is_called_missing_is_a_level() -> None:
    """Nobody looked at its rows: the condition asked for those without a value, of which there are none, or others."""
    series = pd.Series(["a"] * 700 + ["missing"] * 100 + [None] * 200, name="c").astype("str").where(np.arange(1000) < 800)
    masks = {(describe(one), one.gone): holds(one, series.to_frame()) for one in conditions_of(series)}
    assert masks[("“c” is “missing”", False)].tolist() == [700 <= row < 800 for row in range(1000)]
    assert masks[("“c” is missing", True)].tolist() == [row >= 800 for row in range(1000)]
    frame = pd.DataFrame({"c": pd.Series(["a"] * 900 + ["missing"] * 100).astype("str")})
    y = np.where(frame["c"] == "missing", 5.0, 0.1) * np.random.default_rng(0).normal(size=1000)
    spots = weak_spots(Judged(frame, np.zeros(1000), y, np.zeros(1000), y, Problem("y", "regression", "rmse")), ("c",)).spots
    assert "“c” is “missing”" in spots[0].sentence


def test_a_report_tells_a_level_that_is_called_missing() -> None:
    series = pd.Series(["a"] * 700 + ["missing"] * 200, name="c").astype("str")
    observed = np.where(series == "missing", 90.0, 10.0)
    made = shape("c", series, series, observed)
    assert [(point.label, point.known, point.gone) for point in made.points] == [("a", True, False), ("missing", True, False)]
    without = series.where(np.arange(900) < 850)
    told = shape("c", without, without, observed).points
    assert [(point.label, point.known, point.gone) for point in told] == [
        ("a", True, False), ("missing", True, False), ("missing", False, True)]
    old = ShapePoint("missing", 9, 1.0)
    assert (old.known, old.gone) == (False, True)


def test_one_of_few_numbers_reads_as_a_number_in_sentence_and_chart() -> None:
    """It read “children” is “3” where the Act page says “children” is 3, and children = 3 on the chart beside it."""
    few = pd.DataFrame({"k": [1.0, 3.0] * 50, "c": pd.Series(["1", "3"] * 50).astype("str")})
    numbers, texts = conditions_of(few["k"]), conditions_of(few["c"])
    assert [describe(one) for one in numbers] == ["“k” is 1", "“k” is 3"]
    assert [describe(one) for one in texts] == ["“c” is “1”", "“c” is “3”"]
    gone = SpotCondition("k", ("missing",), gone=True)
    assert spot_words((numbers[1], texts[0], gone)) == "k is 3, c is 1, k is missing"
    assert [int(holds(one, few).sum()) for one in (*numbers, *texts)] == [50, 50, 50, 50]
    assert describe(from_json(SpotCondition, to_json(numbers[1]))) == "“k” is 3"
    assert describe(SpotCondition("k", ("3",))) == "“k” is “3”"  # of older records it is not known


def test_a_second_condition_is_worth_its_words_from_a_quarter_more_on() -> None:
    """As in groups whose outcome differs: here one that raised the loss beyond the mean by a fifth was tested, too."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: pd.Series(rng.choice(["in", "out"], 4000)).astype("str") for name in ("c", "d")})
    inside = frame == "in"
    loss = np.where(inside["c"], np.where(inside["d"], 1.1, 0.9), 0.0)  # 0.6 and 0.5 beyond the mean
    # c and d alone are tested in either half, and both together where they are worth it
    for more, tested in ((0.0, 4), (0.1, 6)):
        y = loss + more * np.where(inside["c"] & inside["d"], 1.0, -1.0) * inside["c"]
        found = weak_spots(Judged(frame, np.zeros(4000), y, np.zeros(4000), y, Problem("y", "regression", "rmse")), ("c", "d"))
        assert found.tested == tested


def test_what_was_kept_before_is_read_without_what_nobody_shows_of_it() -> None:
    """The mean part of a bin, and how many null models pairs were held against with what result, were kept for no reader."""
    point = {"label": "a", "rows": 9, "contribution": 0.5, "observed": 1.0, "value": 2.0, "spread": 0.1, "level": True}
    assert from_json(ShapePoint, point) == ShapePoint("a", 9, 1.0, 2.0, 0.1, True)
    pair = {"first": "a", "second": "b", "h2": 0.2, "strength": 1.0, "null": 0.3, "first_labels": ["1"], "second_labels": ["x"],
            "grid": [[1.0]], "sentence": "They depend on each other."}
    kept = from_json(Interactions, {"pairs": [pair], "looked_at": 1, "shuffles": 9, "sentence": "1 pair."})
    told = Interaction("a", "b", 0.2, 1.0, ("1",), ("x",), ((1.0,),), "They depend on each other.")
    assert kept == Interactions((told,), 1, "1 pair.")
