"""A closer look takes back what the first sentence named as large without need."""
from __future__ import annotations

import numpy as np
import pandas as pd

from automl_core.cleaning.recipe import Recipe
from automl_core.data.table import Column
from automl_core.explaining import Past, explain, honesty, with_evidence
from automl_core.explaining.explanation import Explanation
from automl_core.explaining.words import percent
from automl_core.framing.problem import Problem
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.features import fit_encoder
from automl_core.search.model import Member, Model
from automl_core.search.plan import Score

PROBLEM = Problem("y", "regression", "rmse")


def linear(frame: pd.DataFrame, y: np.ndarray) -> tuple[Model, Past]:
    """A linear model of all columns, and the rows it learned from."""
    columns = (*(Column(name, "float", "number") for name in frame), Column("y", "float", "number"))
    encoder = fit_encoder(frame, columns[:-1], PROBLEM)
    native = families().get("linear").fit(FitRequest(encoder.matrix(frame), y, encoder.features, "regression")).native
    made = Model(PROBLEM, columns, columns, Recipe(), encoder, (Member("linear", "linear", 1.0, native),), Score(0, 0, 0))
    return made, Past(frame, y, columns)


def looked_at(frame: pd.DataFrame, y: np.ndarray) -> tuple[Explanation, Explanation]:
    """The same explained, before and after the closer look."""
    made, past = linear(frame, y)
    before = explain(made, frame, y)
    return before, with_evidence(before, made, past, 3.0)


def table() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"real": rng.normal(size=240), "idle": rng.normal(size=240)})
    return frame, 2 * frame["real"].to_numpy() + rng.normal(0, 2, 240)


def test_one_refit_is_told_as_one() -> None:
    frame, y = table()
    made, past = linear(frame, y)
    one = honesty._Seen({}, {})
    assert "1 model was fitted again on a half of 240 rows and tested on the other half." in honesty._measured(made, [one], past)
    assert "2 models were fitted again on halves of 240 rows" in honesty._measured(made, [one, one], past)


def test_a_column_named_first_without_evidence_is_said_to_have_none() -> None:
    before, after = looked_at(*table())
    assert "“idle”" in before.sentence
    assert after.refits >= 2
    assert after.sentence == f"{before.sentence} A closer look found no evidence that the answers need “idle”."


def test_what_the_answers_need_is_not_taken_back() -> None:
    frame, y = table()
    before, after = looked_at(frame, y + 2 * frame["idle"].to_numpy())
    assert after.sentence == before.sentence


def test_a_group_that_says_nothing_has_no_evidence_either() -> None:
    frame, y = table()
    twin = frame["idle"] + np.random.default_rng(1).normal(0, 0.05, 240)
    before, after = looked_at(frame.assign(twin=twin), y)
    assert [set(group.columns) for group in after.groups] == [{"idle", "twin"}]
    assert not after.groups[0].evidence
    named = " + ".join(f"“{name}”" for name in after.groups[0].columns)
    assert f"A closer look found no evidence that the answers need {named}." in after.sentence
    assert after.sentence != before.sentence


def test_the_first_sentence_names_groups_as_the_chart_does() -> None:
    """Single columns were said to carry 47 % above a chart whose first three bars were 61 %."""
    frame, y = table()
    twin = frame["real"] + np.random.default_rng(1).normal(0, 0.05, 240)
    before, _ = looked_at(frame.assign(twin=twin), y)
    group, idle = before.lines
    assert set(group.names) == {"real", "twin"}
    assert idle.names == ("idle",)
    named = " + ".join(f"“{name}”" for name in group.names)
    assert before.sentence.startswith(f"{named} and “idle” carry {percent(group.share + idle.share)} of what moves")
    assert "Columns joined by “+” say much the same and count as one." in before.sentence


def test_a_column_inside_a_group_is_judged_with_it() -> None:
    frame, y = table()
    twin = frame["real"] + np.random.default_rng(1).normal(0, 0.05, 240)
    before, after = looked_at(frame[["real"]].assign(twin=twin), y)
    assert [set(group.columns) for group in after.groups] == [{"real", "twin"}]
    assert after.sentence == before.sentence
