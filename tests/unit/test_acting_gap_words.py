"""What a comparison of two groups says: of whom, how sure, and why it may say little."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Pair, compare_groups
from automl_core.acting.action import Condition
from automl_core.acting.gap_story import _signed, told
from automl_core.acting.outcome import make_outcome
from automl_core.data.table import Column
from automl_core.errors import BadInput
from tests.truth.gaps import COLUMNS, PROBLEM, world

G = Pair((Condition("g", ("x",)),))


def test_many_rows_without_any_alike_are_not_called_few() -> None:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"left": rng.normal(size=3000), "right": rng.normal(size=3000)})
    apart = frame["left"] + frame["right"]
    frame = frame.assign(g=np.where(apart > 0, "z", "w"))[apart.abs() > 1].reset_index(drop=True)
    columns = (Column("left", "float", "number"), Column("right", "float", "number"), Column("g", "text", "category"))
    y = (rng.random(len(frame)) < 0.3).astype(np.float64)
    story = compare_groups(frame, y, columns, PROBLEM, Pair((Condition("g", ("z",)),)))
    assert math.isnan(story.gap.value)
    assert "too few" not in story.sentence
    assert "Hardly any row of one side has one like it on the other" in story.sentence
    assert "Choose groups that share more." in story.sentence


def test_a_split_that_rests_on_few_rows_says_so_even_when_nothing_is_confirmed() -> None:
    one = world(9, 800, "null")
    story = compare_groups(one.frame, one.y, COLUMNS, PROBLEM, G)
    assert not story.confirmed
    outcome = make_outcome(one.y, PROBLEM)
    words = told(replace(story, support=0.19), outcome).sentence
    assert "no more than chance" in words
    assert "Only 19 % of the rows" in words
    assert "Only" not in told(replace(story, support=0.9), outcome).sentence


def test_rows_of_both_groups_are_told_and_left_out() -> None:
    """Both rates were of other rows than the sentence said."""
    one = world(3, 1500, "both")
    low, high = Condition("n0", (), high=0.5), Condition("n0", (), -0.5)
    both = int(((one.frame["n0"] < 0.5) & (one.frame["n0"] >= -0.5)).sum())
    story = compare_groups(one.frame, one.y, COLUMNS, PROBLEM, Pair((low,), (high,)))
    assert (story.first, story.second) == ("“n0” is below 0.5 (and not the other)", "“n0” is −0.5 or more (and not the other)")
    assert story.sentence.endswith(f" Left out: {both} rows of both groups.")
    assert story.rows_first == (one.frame["n0"] < -0.5).sum()
    assert "not the other" not in compare_groups(one.frame, one.y, COLUMNS, PROBLEM, G).sentence
    inner = Condition("n0", (), high=0.0)
    for pair in (Pair((low,), (low,)), Pair((inner,), (low,)), Pair((low,), (inner,))):
        with pytest.raises(BadInput, match=r"All rows of one group are in the other one, too\."):
            compare_groups(one.frame, one.y, COLUMNS, PROBLEM, pair)


def test_a_gap_that_is_not_confirmed_is_not_called_chance_beside_a_range_without_nothing() -> None:
    one = world(9, 800, "null")
    story, outcome = compare_groups(one.frame, one.y, COLUMNS, PROBLEM, G), make_outcome(one.y, PROBLEM)
    apart = replace(story, gap=replace(story.gap, value=-0.08, low=-0.143, high=-0.017), confirmed=())
    words = told(apart, outcome).sentence
    assert "no more than chance" not in words
    assert "Chance can still make that where several figures are looked at" in words


def test_nothing_is_told_with_a_sign_of_its_own() -> None:
    outcome = make_outcome(world(9, 300, "null").y, PROBLEM)
    assert _signed(-1e-12, outcome) == "0.0 points"
    assert _signed(-0.0004, outcome) == "−0.04 points"
    assert _signed(-0.004, outcome) == "−0.4 points"
