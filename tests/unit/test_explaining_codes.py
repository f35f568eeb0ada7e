"""Numbers that are codes: their levels have no order, whether a protected column has them or the model does."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from automl_core.cleaning.recipe import Recipe
from automl_core.data.table import Column
from automl_core.explaining import Audit, audit, in_order, past_cases, protected_groups, what_if, what_if_table
from automl_core.explaining.changes import TableChange
from automl_core.explaining.sure import row_context
from automl_core.framing.problem import Problem
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.features import fit_encoder
from automl_core.search.model import Member, Model
from automl_core.search.plan import Score

COLUMNS = (Column("code", "int", "category"), Column("size", "float", "number"))


@cache
def table() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"code": rng.choice([1, 2, 7, 9], 400), "size": rng.normal(size=400)})
    return frame, frame["code"].map({1: 0.0, 2: 4.0, 7: 1.0, 9: 3.0}).to_numpy() + frame["size"].to_numpy()


@cache
def model() -> Model:
    frame, y = table()
    problem = Problem("y", "regression", "rmse")
    encoder = fit_encoder(frame, COLUMNS, problem)
    request = FitRequest(encoder.matrix(frame), y, encoder.features, "regression", rounds=40)
    native = families().get("lightgbm").fit(request).native
    return Model(problem, COLUMNS, COLUMNS, Recipe(), encoder, (Member("lightgbm", "lightgbm", 1.0, native),), Score(0, 0, 0))


def test_codes_of_a_protected_column_are_not_cut_by_their_number() -> None:
    """Of races 1, 2, 6, 8 and 9 all but the first were one group, “2 or more”."""
    race = pd.Series(np.repeat([1, 2, 6, 8, 9], [780, 80, 60, 50, 30]), name="race")
    assert set(protected_groups(race)) == {"1", "2", "6", "8", "9"}
    marital = pd.Series(np.tile(np.arange(1, 7), 50), name="marital_status")
    assert set(protected_groups(marital)) == set("123456")
    many = pd.Series(np.repeat(np.arange(20), 30), name="country")
    assert "below" in protected_groups(many)[0]
    coded = protected_groups(many, "category")
    assert len(set(coded)) == 8
    assert "(other)" in set(coded)
    shares = pd.Series(np.repeat([0.1, 0.2, 0.35, 0.5, 0.9], 40), name="share")
    assert all("below" in name or "more" in name for name in set(protected_groups(shares)))
    assert set(protected_groups(shares, "category")) == {"0.1", "0.2", "0.35", "0.5", "0.9"}


def test_rare_codes_are_shown_after_the_others() -> None:
    codes = pd.Series(np.concatenate([np.repeat(np.arange(20), 30), np.repeat(np.arange(5, 12), 60)]), name="country")
    labels, rng = protected_groups(codes, "category"), np.random.default_rng(0)
    p = rng.random(len(codes))
    made = audit(Audit(p, (rng.random(len(p)) < p).astype(float), labels, p > 0.5, "country", "Yes"))
    assert [group.group for group in in_order(made, codes, labels).groups] == [*map(str, range(5, 12)), "(other)"]


def test_a_code_between_known_ones_is_one_that_was_never_seen() -> None:
    """The model takes an unknown code as missing; 5 lies between 1 and 9, and nobody was told."""
    frame, y = table()
    row = {"code": 2, "size": 0.1}
    assert what_if(model(), row, {"code": "5"}, frame).unusual == ("code",)
    assert what_if(model(), row, {"code": "7"}, frame).unusual == ()
    assert what_if(model(), row, {"size": "99"}, frame).unusual == ("size",)
    assert what_if_table(model(), frame, (TableChange("code", "set", value="5"),), COLUMNS).outside == 400
    assert what_if_table(model(), frame, (TableChange("code", "set", value="7"),), COLUMNS).outside == 0
    cases = past_cases(model(), frame, y, y, np.arange(400), {"code": 0.7, "size": 0.3})
    assert row_context(cases, {**row, "code": 5}).flags == ("“code” = “5” was in no past row.",)
    assert row_context(cases, {**row, "code": 7.0}).flags == ()
    nearest = row_context(cases, {**row, "code": 7}).neighbours
    assert {one.values[0] for one in nearest} == {"7"}
    assert row_context(cases, {"code": None, "size": 0.1}).flags == ("“code” is missing here and in no past row.",)
