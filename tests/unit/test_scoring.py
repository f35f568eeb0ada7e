"""The one scoring path: a table and a row get the same answers, and every doubt has a reason."""
from __future__ import annotations

import math
import time
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.cleaning.application import new_step
from automl_core.cleaning.recipe import Recipe
from automl_core.errors import BadInput
from automl_core.production.scoring import Scorer
from automl_core.search.model import cleaned_row
from tests.unit.modelling import make_contract, make_frame, make_model

TASKS = ("binary", "multiclass", "regression")


@cache
def scorer(task: str = "binary") -> Scorer:
    model, table = make_model(task, ("lightgbm", "linear") if task != "multiclass" else ("linear", "extra_trees"))
    return Scorer(model, make_contract(model, table), ("customer id",))


def same(one: Any, other: Any) -> bool:
    if one is None or (isinstance(one, float) and math.isnan(one)):
        return other is None or (isinstance(other, float) and math.isnan(other))
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


def assert_agrees(found: Scorer, frame: pd.DataFrame) -> None:
    table = found.predict(frame)
    for place, row in enumerate(frame.to_dict("records")):
        answer = found.predict_row(row)
        assert list(answer) == list(table.columns)
        for name, value in answer.items():
            assert same(table[name].iloc[place], value), (name, table[name].iloc[place], value)


@pytest.mark.parametrize("task", TASKS)
def test_table_and_row_agree(task: str) -> None:
    frame = make_frame(40, seed=5)
    frame.loc[0, "contract"] = "Three year"
    frame.loc[1, "tenure"] = "9999"
    frame.loc[2, "charge"] = "a lot"
    frame.loc[3, "since"] = "1999-12-31"
    frame.loc[4, "since"] = "whenever"
    frame.loc[5, "note"] = ""
    assert_agrees(scorer(task), frame)


def test_columns_in_order() -> None:
    frame = make_frame(5)
    assert list(scorer().predict(frame).columns) == [
        "customer id", "prediction", "probability_No", "probability_Yes", "_quality", "_reasons"]
    answer = scorer("regression").predict(frame)
    assert list(answer.columns) == ["customer id", "prediction", "low", "high", "_quality", "_reasons"]
    width = np.where(answer["prediction"] < 0, 15.0, np.where(answer["prediction"] < 100, 40.0, 126.0))
    np.testing.assert_allclose(answer["high"] - answer["low"], width)
    shares = scorer("multiclass").predict(frame)[["probability_bronze", "probability_gold", "probability_silver"]]
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)


def test_labels_of_several_classes_follow_their_factors() -> None:
    model = replace(scorer("multiclass").model, factors=(0.2, 1.0, 5.0))
    made, frame = Scorer(model, scorer("multiclass").contract, ("customer id",)), make_frame(100, seed=3)
    assert_agrees(made, frame)
    scored = made.predict(frame)
    shares = scored[["probability_bronze", "probability_gold", "probability_silver"]].to_numpy()
    called = np.array(model.problem.classes)[(shares * model.factors).argmax(axis=1)]
    assert (scored["prediction"] == called).all()
    assert (called != np.array(model.problem.classes)[shares.argmax(axis=1)]).any()


@pytest.mark.parametrize("factors", [(), (1.0, 0.8, 1.2)])
def test_steps_of_a_scale_are_called_by_their_middle(factors: tuple[float, ...]) -> None:
    model = replace(scorer("multiclass").model, middle=True, factors=factors)
    made, frame = Scorer(model, scorer("multiclass").contract, ("customer id",)), make_frame(100, seed=3)
    assert_agrees(made, frame)
    scored = made.predict(frame)
    shares = scored[["probability_bronze", "probability_gold", "probability_silver"]].to_numpy() * (factors or 1.0)
    below = shares.cumsum(axis=1) / shares.sum(axis=1, keepdims=True)
    called = np.array([model.problem.classes.index(label) for label in scored["prediction"]])
    rows = np.arange(len(called))
    assert (below[rows, called] >= 0.5).all()
    assert (below[rows, called] - shares[rows, called] / shares.sum(axis=1) < 0.5).all()
    assert (called != shares.argmax(axis=1)).any()


def test_labels_follow_the_threshold() -> None:
    scored = scorer().predict(make_frame(100, seed=3))
    assert ((scored["probability_Yes"] >= 0.4) == (scored["prediction"] == "Yes")).all()


def test_every_doubt_has_a_reason() -> None:
    frame = make_frame(6, seed=1).assign(contract="One year", charge="50", since="2021-05-05", tenure="12")
    frame.loc[1, "contract"] = "Three year"
    frame.loc[2, "tenure"] = "9999"
    frame.loc[3, "charge"] = "a lot"
    frame.loc[4, "since"] = "1999-12-31"
    scored = scorer().predict(frame)
    assert scored["_quality"].tolist() == ["ok", "warn", "warn", "warn", "warn", "ok"]
    assert "“Three year” in “contract” was not seen" in scored["_reasons"][1]
    assert "9999 in “tenure” is outside" in scored["_reasons"][2]
    assert "the value in “charge” is no number" in scored["_reasons"][3]
    assert "1999-12-31 in “since” is outside" in scored["_reasons"][4]
    assert scored["_reasons"][0] == ""


def test_rows_later_than_training_are_not_unusual_for_it() -> None:
    """Each of them was flagged, for good, once the model used a date."""
    frame = make_frame(4).assign(contract="One year", charge="50", tenure="12", since=["2031-05-05", "1999-12-31"] * 2)
    assert scorer().predict(frame)["_quality"].tolist() == ["ok", "warn"] * 2
    assert_agrees(scorer(), frame)


@pytest.mark.parametrize("listed", [{"One year": 0.5, "": 0.5}, {}])
def test_a_level_that_training_may_have_had_is_not_called_unseen(listed: dict[str, float]) -> None:
    """The contract lists 200 levels, and the encoder keeps none that came once: of the others nobody knows."""
    known = scorer()
    columns = tuple(replace(column, levels=listed) if column.name == "contract" else column for column in known.contract.columns)
    frame = make_frame(3).assign(contract=["Three year", "Two year", "One year"], charge="50", since="2021-05-05", tenure="12")
    found = replace(known, contract=replace(known.contract, columns=columns))
    told = found.predict(frame)["_reasons"].tolist()
    assert told == ["“Three year” in “contract” is not among the levels the model knows", "", ""]
    assert_agrees(found, frame)


def test_what_is_cut_in_a_reason_is_marked() -> None:
    level = "Three years and then month by month, one"
    frame = make_frame(2).assign(contract=[level, f"{level} more"])
    told = scorer().predict(frame)["_reasons"]
    assert "“Three years and then month by month, one” in" in told[0]
    assert "“Three years and then month by month, on…” in" in told[1]


def test_a_missing_column_warns_or_rejects() -> None:
    frame = make_frame(3)
    warned = scorer().predict(frame.drop(columns="active"))
    assert set(warned["_quality"]) == {"warn"}
    assert warned["prediction"].notna().all()
    rejected = scorer().predict(frame.drop(columns="tenure"))
    assert set(rejected["_quality"]) == {"reject"}
    assert rejected["prediction"].isna().all()
    assert rejected["probability_Yes"].isna().all()
    assert_agrees(scorer(), frame.drop(columns="tenure"))
    assert_agrees(scorer(), frame.drop(columns="active"))
    with pytest.raises(BadInput, match="None of the columns"):
        scorer().predict(frame[["tier"]])
    with pytest.raises(BadInput, match="None of the columns"):
        scorer().predict_row({"tier": "gold"})


def test_keys_that_other_rows_of_a_call_have_are_missing_values() -> None:
    """Rows that leave nulls out were rejected, and one {} was a refusal of all, without its number."""
    frame = make_frame(4)
    rows = frame.to_dict("records")
    sparse = [rows[0], {name: cell for name, cell in rows[1].items() if name != "tenure"}, {}, rows[3]]
    whole = [rows[0], {**rows[1], "tenure": None}, dict.fromkeys(rows[0]), rows[3]]
    found = scorer()
    assert found.predict_rows(sparse) == [found.predict_row(row) for row in whole]
    assert [one["_quality"] == "reject" for one in found.predict_rows(sparse)] == [False] * 4
    spaced = [{" tenure ": "12", "charge": "5"}, {"tenure": "12"}, {"charge": "5"}]
    assert found.predict_rows(spaced)[0] == found.predict_row({"tenure": "12", "charge": "5"})
    assert found.predict_rows(rows[:1]) == [found.predict_row(rows[0])]
    with pytest.raises(BadInput, match=r"None of the columns this model uses is in row 2\."):
        found.predict_rows([rows[0], {}, {"tier": "gold"}])
    with pytest.raises(BadInput, match=r"None of the columns this model uses is in row 0\."):
        found.predict_rows([{}, {}])


def test_an_important_column_that_is_empty_throughout_is_as_one_that_is_not_there() -> None:
    """It passed as fine, whatever the model said then."""
    found, frame = scorer(), make_frame(40, seed=3)
    for gone in (frame.assign(tenure=""), frame.assign(tenure="soon")):
        rejected = found.predict(gone)
        assert set(rejected["_quality"]) == {"reject"}
        assert rejected["prediction"].isna().all()
        assert rejected.to_dict("records")[0].keys() == found.predict(frame).to_dict("records")[0].keys()
        answers = found.predict_rows(gone.to_dict("records"))
        assert [one["_reasons"] for one in answers] == rejected["_reasons"].tolist()
        assert {one["_quality"] for one in answers} == {"reject"}
    assert "“tenure” is empty in every row, and the model rests on it" in found.predict(frame.assign(tenure=""))["_reasons"][0]
    assert set(found.predict(frame.assign(active=""))["_quality"]) == {"ok"}, "nothing rests on it"
    assert not (found.predict(frame.head(29).assign(tenure=""))["_quality"] == "reject").any(), "too few to tell"


def test_a_gap_where_training_had_none_is_named() -> None:
    frame = make_frame(4, seed=3).assign(charge="50")
    frame.loc[1, "tenure"] = ""
    frame.loc[2, "charge"] = ""  # as 5 % of the training rows
    scored = scorer().predict(frame)
    assert [("tenure" in reasons, "charge" in reasons) for reasons in scored["_reasons"]] == [
        (False, False), (True, False), (False, False), (False, False)]
    assert "the value in “tenure” is missing, which it never was in training" in scored["_reasons"][1]
    assert_agrees(scorer(), frame)


def test_ids_are_found_under_the_header_they_had() -> None:
    """“Customer ID ” was cleaned to “customer id” in training; new files still have the old header."""
    model, table = make_model("binary", ("linear",))
    columns = tuple(replace(column, original_name=" Customer  ID ") if column.name == "customer id" else column
                    for column in model.columns)
    found = Scorer(replace(model, columns=columns), make_contract(model, table), ("customer id",))
    frame = make_frame(3)
    for header in (" Customer  ID ", "customer id"):
        given = frame.rename(columns={"customer id": header})
        assert found.predict(given)["customer id"].tolist() == frame["customer id"].tolist()
        assert_agrees(found, given)
    assert "customer id" not in found.predict(frame.drop(columns="customer id"))


def test_keys_of_a_row_may_have_spaces_around_them_as_labels_of_a_table_may() -> None:
    """“ tenure” was said to be missing from a row, and read from a table."""
    frame = make_frame(3)
    spaced = frame.set_axis([f" {name} " for name in frame.columns], axis=1)
    assert_agrees(scorer(), spaced)
    assert_agrees(scorer(), spaced.drop(columns=" note "))
    assert scorer().predict_row(spaced.iloc[0].to_dict()) == scorer().predict_row(frame.iloc[0].to_dict())
    model = scorer().model
    assert cleaned_row(model, spaced.iloc[0].to_dict()) == cleaned_row(model, frame.iloc[0].to_dict())
    both = frame.assign(**{" tenure": "1"})  # which is another column there: the exact one is read
    assert scorer().predict_row(both.iloc[0].to_dict()) == scorer().predict_row(frame.iloc[0].to_dict())


def repeated() -> Scorer:
    """A model whose file had the header “charge” twice; the second became “charge_2” there."""
    model, table = make_model("binary", ("linear",))
    tenure = next(column for column in model.columns if column.name == "tenure")
    second = replace(tenure, name="charge_2", original_name="charge")
    encoder = replace(model.encoder, blocks=tuple(
        replace(block, source="charge_2") if block.source == "tenure" else block for block in model.encoder.blocks))
    columns = (*(column for column in model.columns if column.name != "tenure"), second)
    contract = make_contract(model, table)
    promises = tuple(replace(promise, name="charge_2") if promise.name == "tenure" else promise for promise in contract.columns)
    return Scorer(replace(model, columns=columns, cleaned=columns, encoder=encoder), replace(contract, columns=promises), ())


def test_of_two_columns_with_one_header_each_is_read() -> None:
    found, frame = repeated(), make_frame(6)
    twice = frame.rename(columns={"tenure": "charge"})  # charge stands after it
    named = frame.rename(columns={"tenure": "charge", "charge": "charge_2"})
    pd.testing.assert_frame_equal(found.predict(twice), found.predict(named))
    spaced = twice.set_axis([" charge" if name == "charge" else name for name in twice.columns], axis=1)
    pd.testing.assert_frame_equal(found.predict(spaced), found.predict(named))
    trimmed = named.set_axis([f" {name} " for name in named.columns], axis=1)
    pd.testing.assert_frame_equal(found.predict(trimmed), found.predict(named))
    once = frame.drop(columns="tenure")
    assert all("charge_2" in text for text in found.predict(once)["_reasons"])  # not “charge” once more
    assert_agrees(found, once)


def test_labels_that_are_numbers_and_a_cell_that_cannot_be_read() -> None:
    model, table = make_model("binary", ("linear",))
    places = {column.name: str(place) for place, column in enumerate(model.columns)}
    columns = tuple(replace(column, original_name=places[column.name]) for column in model.columns)
    found = Scorer(replace(model, columns=columns), make_contract(model, table), ())
    frame = make_frame(3)[[column.name for column in model.columns if column.name in make_frame(1)]]
    frame.loc[1, "charge"] = "a lot"
    numbered = frame.rename(columns={name: int(place) for name, place in places.items()})
    assert found.predict(numbered)["_reasons"].tolist() == found.predict(frame)["_reasons"].tolist()


@pytest.mark.parametrize("task", TASKS)
def test_a_table_without_rows_has_answers_without_rows(task: str) -> None:
    families = ("lightgbm", "xgboost", "catboost", "linear", "extra_trees")
    model, table = make_model(task, families)
    found = Scorer(model, make_contract(model, table), ("customer id",))
    answers = found.predict(make_frame(3).iloc[:0])
    assert len(answers) == 0
    assert list(answers.columns) == list(found.predict(make_frame(3)).columns)


def test_without_known_importance_every_needed_column_is_important() -> None:
    model, table = make_model("binary", ("linear",))
    contract = make_contract(model, table)
    contract = replace(contract, columns=tuple(replace(column, importance=0.0) for column in contract.columns))
    found = Scorer(model, contract, ())
    frame = make_frame(3).drop(columns="active")
    assert set(found.predict(frame)["_quality"]) == {"reject"}
    assert_agrees(found, frame)


def test_the_target_is_not_needed_and_not_used() -> None:
    frame = make_frame(20, seed=2)
    full = scorer().predict(frame)
    pd.testing.assert_frame_equal(full, scorer().predict(frame.drop(columns=["churned", "tier", "value"])))
    pd.testing.assert_frame_equal(full, scorer().predict(frame.assign(churned="Yes")))


def test_typed_and_text_rows_score_alike() -> None:
    frame = make_frame(30, seed=4)
    typed = frame.assign(tenure=frame["tenure"].astype(int), charge=pd.to_numeric(frame["charge"]))
    typed["since"] = pd.to_datetime(frame["since"])
    one, two = scorer().predict(frame), scorer().predict(typed)
    np.testing.assert_allclose(one["probability_Yes"], two["probability_Yes"], rtol=1e-12)
    assert_agrees(scorer(), typed)


def test_the_index_and_the_order_of_rows_are_kept() -> None:
    frame = make_frame(10)
    shuffled = frame.sample(frac=1, random_state=0)
    expected = scorer().predict(frame)["probability_Yes"].loc[shuffled.index]
    np.testing.assert_allclose(scorer().predict(shuffled)["probability_Yes"], expected)
    assert len(scorer().predict(frame.iloc[:0])) == 0


def test_the_recipe_is_replayed() -> None:
    model, table = make_model("binary", ("linear",))
    step = new_step("fill_missing", "charge", {}, "", table.frame)
    filled = type(model)(model.problem, model.columns, model.cleaned, Recipe((step,)), model.encoder, model.members, model.score)
    found = Scorer(filled, make_contract(model, table), ())
    frame = make_frame(20, seed=6).assign(charge="")
    assert_agrees(found, frame)
    plain = Scorer(model, make_contract(model, table), ())
    assert not np.allclose(found.predict(frame)["probability_Yes"], plain.predict(frame)["probability_Yes"])


ODD = st.sampled_from(["One year", "12", "1e400", "3,5", "2021-02-30", "=1+1", "Yes", "nan", "∞"])
TEXT, NUMBER = st.text(max_size=12), st.one_of(st.integers(-10**12, 10**12), st.floats(allow_nan=True))
CELL = st.one_of(st.none(), TEXT, NUMBER, st.booleans(), st.dates(), ODD)
ROW = st.fixed_dictionaries(dict.fromkeys(("tenure", "charge", "contract", "active", "since", "note"), CELL))


@settings(max_examples=120, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=4))
def test_any_row_scores_like_its_table(rows: list[dict[str, Any]]) -> None:
    frame = pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=object) for name in rows[0]})
    assert_agrees(scorer(), frame)


def test_a_row_is_fast() -> None:
    row = make_frame(1).to_dict("records")[0]
    found = scorer()
    times = []
    for _ in range(200):
        began = time.perf_counter()
        found.predict_row(row)
        times.append(time.perf_counter() - began)
    assert np.median(times) < 0.005


@pytest.mark.parametrize(("task", "clash"), [("binary", "prediction"), ("binary", "probability_Yes"), ("regression", "low"),
                                             ("regression", "_quality")])
def test_an_id_that_is_called_like_an_answer_is_kept_beside_it(task: str, clash: str) -> None:
    """It was overwritten: the file's own ids were gone."""
    model, table = make_model(task, ("linear",))
    columns = tuple(replace(column, name=clash) if column.name == "customer id" else column for column in model.columns)
    found = Scorer(replace(model, columns=columns), make_contract(model, table), (clash,))
    frame = make_frame(5).rename(columns={"customer id": clash})
    scored = found.predict(frame)
    assert scored[f"{clash}_2"].tolist() == frame[clash].tolist()
    assert scored[clash].tolist() != frame[clash].tolist()
    assert_agrees(found, frame)
