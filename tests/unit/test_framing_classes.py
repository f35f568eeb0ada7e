"""A goal whose target has other values by now: after cleaning, or in a new file."""
from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.data.infer import table_from_frame
from automl_core.data.table import Table
from automl_core.errors import BadInput
from automl_core.framing import check_target, encode_target, renew_classes, suggest_problem
from automl_core.framing.problem import Money, Problem
from automl_core.workspace.ranked import Predictions, with_open


def table(*labels: Any) -> Table:
    """A table of forty rows of each label, with another column."""
    values = [label for label in labels for _ in range(40)]
    return table_from_frame(pd.DataFrame({"x": np.arange(len(values)), "answer": values}), "answers")


def asked(*labels: Any) -> Problem:
    made = table(*labels)
    return suggest_problem(made.frame, made.columns, "answer")


def now(problem: Problem, *labels: Any) -> tuple[Problem, str]:
    """What the goal is on a table of these labels, and what is said of it; it can be checked there."""
    made = table(*labels)
    found = renew_classes(made.frame, made.columns, problem)
    if set(found.problem.classes) == {str(label) for label in labels}:
        check_target(made.frame, found.problem)
    return found.problem, found.sentence


def test_classes_that_are_the_same_stay_as_they_were_ordered() -> None:
    scale = replace(asked("low", "mid", "high"), ordered=True, classes=("low", "mid", "high"))
    assert now(scale, "high", "low", "mid") == (scale, "")
    assert now(Problem("answer", "regression", "rmse"), 1.5, 2.5) == (Problem("answer", "regression", "rmse"), "")


def test_a_class_that_cleaning_merged_is_none_any_more() -> None:
    saved = replace(asked("Maybe", "No", "Yes", "maybe"), later=("x",), metric="accuracy")
    found, words = now(saved, "Maybe", "No", "Yes")
    assert found == replace(saved, classes=("Maybe", "No", "Yes"))
    assert "“maybe” is gone" in words


def test_a_class_of_a_new_file_is_one() -> None:
    saved = asked("a", "b", "c")
    found, words = now(saved, "a", "b", "c", "d")
    assert found.classes == ("a", "b", "c", "d")
    assert "“d” is new" in words


def test_two_classes_that_are_left_are_yes_or_no() -> None:
    found, words = now(replace(asked("Kept", "kept", "left"), later=("x",)), "Kept", "left")
    assert (found.task, found.classes, found.later) == ("binary", ("Kept", "left"), ("x",))
    assert found.metric == "log_loss", "it judges both"
    assert "“kept” is gone" in words
    assert "two values are left" in words


def test_other_words_for_yes_and_no_keep_their_worth() -> None:
    """Of a yes/no target with other labels no save was accepted, nor could it be chosen anew."""
    saved = replace(asked("Yes", "No"), money=Money(true_positive=5.0))
    found, words = now(saved, "J", "N")
    assert (found.classes, found.positive, found.money) == (("J", "N"), "J", saved.money)
    assert "the case you look for is “J”" in words
    chosen = replace(saved, positive="No")
    assert now(chosen, "Never", "No")[0].positive == "No"
    assert now(asked(0, 1), 1, 2)[0].classes == ("1", "2")


def test_a_scale_keeps_its_order_where_it_can() -> None:
    """Where a new class stands only the user can say."""
    scale = replace(asked("low", "mid", "high"), ordered=True, classes=("low", "mid", "high"))
    four = replace(asked("low", "mid", "high", "top"), ordered=True, classes=("low", "mid", "high", "top"))
    assert now(four, "high", "low", "mid")[0] == scale
    made = table("low", "mid", "high", "top")
    found = renew_classes(made.frame, made.columns, scale)
    assert (found.problem.ordered, found.steps) == (False, ("low", "mid", "high"))
    assert "its place on the scale" in found.sentence


def test_what_cannot_be_asked_any_more_is_refused_and_not_changed() -> None:
    """Three values are no yes or no: the user says what they are."""
    saved = asked("Yes", "No")
    assert now(saved, "Yes", "No", "Maybe") == (saved, "")
    assert now(saved, "Yes") == (saved, "")
    many = [f"v{n}" for n in range(120)]
    assert now(asked("v1", "v2", "v3"), *many)[0].classes == ("v1", "v2", "v3")


def test_rows_of_a_class_that_is_none_are_not_lost_in_silence() -> None:
    """They were left out of check, search and scores, and no sentence said so."""
    frame = table("a", "b", "c", "d").frame
    with pytest.raises(BadInput, match="“d” in 40 rows") as refused:
        check_target(frame, asked("a", "b", "c"))
    assert "Save the goal again" in refused.value.hint


def test_a_row_that_has_ended_otherwise_is_not_one_to_act_on() -> None:
    """Rows whose outcome the model does not know were taken for rows without one: a pilot drew them first."""
    problem = asked("a", "b", "c")
    target = pd.Series(["a", "b", "c", "d", None], dtype="str")
    frame = pd.DataFrame({"x": range(5), "answer": target})
    model: Any = SimpleNamespace(problem=problem, predict_frame=lambda rows: np.full((len(rows), 3), 1 / 3))
    y, known = encode_target(target, problem)
    past = Predictions(np.full((3, 3), 1 / 3), np.flatnonzero(known), y.astype(float))
    found = with_open(past, frame, model, 0)
    assert found.positions.tolist() == [0, 1, 2, 4]
    assert np.isnan(found.y).tolist() == [False, False, False, True]
