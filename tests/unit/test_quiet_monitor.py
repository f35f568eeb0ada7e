"""What raises no alarm in monitoring, for it comes with every batch, and what must be seen all the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.data.schema import type_frame
from automl_core.data.table import Column
from automl_core.framing.problem import Problem
from automl_core.production.checks import check_batch
from automl_core.production.contract import Contract
from automl_core.production.drift import compare
from automl_core.production.monitor import report_batch, with_predictions
from automl_core.workspace.ranked import Predictions
from automl_core.workspace.run_files import answers_of
from tests.promised import make_contract
from tests.unit.modelling import make_model

PROBLEM = Problem("y", "regression", "rmse")


def promise(frame: pd.DataFrame, columns: tuple[Column, ...]) -> Contract:
    return make_contract(type_frame(frame, columns).frame, columns, PROBLEM, None, {})


def days(first: str, count: int, span: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"since": (pd.Timestamp(first) + pd.to_timedelta(rng.integers(0, span, count), "D")).astype(str)})


def test_later_dates_are_what_new_rows_have() -> None:
    columns = (Column("since", "date", "date"),)
    known = promise(days("2024-01-01", 600), columns)
    later = report_batch(known, type_frame(days("2025-01-01", 300), columns), None, None, PROBLEM)
    assert later.status == "ok"
    assert later.columns[0].sentence == (
        "“since” is later than in training, as new rows are: median 2024-06-06 in training, median 2025-06-12 now.")
    assert not later.columns[0].drifted
    back = report_batch(known, type_frame(days("2022-01-01", 300), columns), None, None, PROBLEM)
    assert (back.status, back.columns[0].drifted) == ("act", True)
    same = report_batch(known, type_frame(days("2024-01-02", 300), columns), None, None, PROBLEM)
    assert same.columns[0].sentence == "“since” looks as in training."


TOWN = (Column("town", "text", "category"),)


def towns(seed: int, count: int, levels: int = 1_000) -> pd.DataFrame:
    return pd.DataFrame({"town": [f"t{k}" for k in np.random.default_rng(seed).integers(0, levels, count)]})


@pytest.mark.parametrize(("learned", "levels"), [(150, 1_000), (400, 1_000), (4_000, 1_000), (400, 100)])
def test_levels_that_training_hardly_saw_are_no_drift(learned: int, levels: int) -> None:
    """Of 1,000 towns 400 rows have 330: other rows have others, in most of them."""
    quiet = 0
    for seed in range(12):
        known = promise(towns(seed, learned, levels), TOWN)
        report = report_batch(known, type_frame(towns(100 + seed, 400, levels), TOWN), None, None, PROBLEM)
        quiet += report.status == "ok"
    assert quiet >= 11


def test_a_wave_of_new_levels_is_seen() -> None:
    for learned, levels in ((400, 5), (400, 100), (4_000, 1_000)):
        known = promise(towns(0, learned, levels), TOWN)
        same = towns(1, 400, levels)
        for new in (["there"] * 200, [f"there {k}" for k in range(200)]):
            batch = pd.DataFrame({"town": new + same["town"][200:].tolist()})
            report = report_batch(known, type_frame(batch, TOWN), None, None, PROBLEM)
            assert report.status != "ok", (learned, levels)
            assert report.columns[0].drifted or report.contract[0].kind == "unseen_level"
    few = promise(towns(0, 400, 5), TOWN)
    told = check_batch(few, type_frame(pd.DataFrame({"town": ["there"] * 40 + ["t1"] * 360}), TOWN))
    assert [(one.kind, one.severity) for one in told] == [("unseen_level", "warn")]


def test_towns_of_other_customers_are_no_drift() -> None:
    """Each customer has rows of one town: levels are chosen on other customers than those that tell how common they are."""
    grouped, columns = replace(PROBLEM, group="who"), (*TOWN, Column("who", "text", "id"))

    def of_customers(seed: int) -> pd.DataFrame:
        where = towns(seed, 500)["town"]
        return pd.DataFrame({"town": where.repeat(4), "who": [f"{seed} {k}" for k in np.repeat(np.arange(500), 4)]})

    quiet = 0
    for seed in range(8):
        known = make_contract(type_frame(of_customers(seed), columns).frame, columns, grouped, None, {})
        quiet += not compare(known, type_frame(of_customers(50 + seed), columns).frame, None)[0][0].drifted
    assert quiet >= 7


def test_a_wholesale_change_of_many_levels_matters() -> None:
    """40 shops of 2.5 % each, a batch of 9 of them: no share changes by much, and hardly anything is as it was."""
    known = promise(towns(0, 4_000, 40), TOWN)
    (told,), _ = compare(known, type_frame(towns(1, 500, 9), TOWN).frame, None)
    assert told.drifted
    assert told.effect > 0.5
    quiet = [compare(known, type_frame(towns(2 + seed, 500, 40), TOWN).frame, None)[0][0].drifted for seed in range(20)]
    assert sum(quiet) <= 2


def test_a_model_of_few_answers_is_held_against_its_own() -> None:
    """The models of the folds answer as few values each, a little beside: each of them was a change in every batch."""
    model, table = make_model(names=("linear",))
    rng = np.random.default_rng(0)
    frame = table.frame.iloc[rng.integers(0, 3, 600)].reset_index(drop=True)  # three kinds of rows
    folds = model.predict_frame(frame) + 0.05 * rng.normal(size=5)[np.arange(600) % 5]
    past = Predictions(folds, np.arange(600), np.zeros(600))
    known = answers_of(model, past, frame)
    assert len(np.unique(known)) == 3
    new = pd.Series(model.predict_frame(table.frame.iloc[rng.integers(0, 3, 400)]))
    base = promise(towns(0, 100, 5), TOWN)
    for answers, alarm in ((folds, True), (known, False)):
        moved = compare(with_predictions(base, model.problem, answers), towns(1, 400, 5), new)[1]
        assert moved is not None
        assert moved.drifted is alarm
    smooth = Predictions(rng.random(600), np.arange(600), np.zeros(600))
    assert answers_of(model, smooth, frame) is smooth.oof


def test_a_forest_of_few_different_answers_is_not_held_against_the_rows_it_knows() -> None:
    """Its leaves are pure: its own answers to whole numbers are these, and every new batch lay closer to the middle."""
    model, table = make_model(names=("extra_trees",))
    few = Predictions(np.round(np.random.default_rng(0).random(len(table.frame)), 1), np.arange(len(table.frame)),
                      np.zeros(len(table.frame)))
    assert answers_of(model, few, table.frame) is few.oof
    rule, table = make_model(names=("rule",))
    assert np.array_equal(answers_of(rule, few, table.frame), rule.predict_frame(table.frame))


def test_predictions_that_are_nearly_all_alike_are_measured_by_all_of_them() -> None:
    """Nine of ten answers lie within a thousandth: what moves them by as much is no change of what the model says."""
    rng = np.random.default_rng(0)

    def answers(count: int) -> np.ndarray:
        return np.where(rng.random(count) < 0.9, 0.01 + 0.001 * rng.normal(size=count), 0.5 + 0.1 * rng.normal(size=count))

    known = with_predictions(promise(towns(0, 100, 5), TOWN), PROBLEM, answers(5_000))
    for batch, alarm in ((answers(1_000) + 0.002, False), (answers(1_000) + 0.06, True)):
        moved = compare(known, towns(1, 1_000, 5), pd.Series(batch))[1]
        assert moved is not None
        assert moved.drifted is alarm


def lognormal(seed: int, count: int) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(seed).lognormal(size=(count, 10)), columns=[f"n{k}" for k in range(10)])


def warned(known: Contract, batch: pd.DataFrame, columns: tuple[Column, ...]) -> set[str]:
    return {one.column for one in check_batch(known, type_frame(batch, columns)) if one.severity == "warn"}


def test_few_training_rows_do_not_know_the_range() -> None:
    """Of 150 rows and ten columns one always has too narrow a range: nine of ten models said “watch” for good."""
    columns = tuple(Column(f"n{k}", "float", "number") for k in range(10))
    known = [promise(lognormal(seed, 150), columns) for seed in range(40)]
    alarms = sum(bool(warned(one, lognormal(100 + seed, 500), columns)) for seed, one in enumerate(known))
    assert alarms <= 2
    far = lognormal(7, 500)
    far.loc[:49, "n3"] = 1e4
    assert sum("n3" in warned(one, far, columns) for one in known) >= 38
    many = promise(lognormal(8, 5_000), columns)
    far.loc[10:, "n3"] = 1.0
    assert warned(many, far, columns) == {"n3"}, "2 % are enough where training had many rows"


def test_a_range_of_few_customers_is_known_as_badly() -> None:
    columns = (Column("n", "float", "number"), Column("who", "text", "id"))
    grouped = replace(PROBLEM, group="who")

    def of_customers(seed: int, count: int) -> pd.DataFrame:
        own = np.random.default_rng(seed).lognormal(size=count)
        return pd.DataFrame({"n": np.repeat(own, 40), "who": [f"{seed} {k}" for k in np.repeat(np.arange(count), 40)]})

    alarms = 0
    for seed in range(30):
        known = make_contract(type_frame(of_customers(seed, 30), columns).frame, columns, grouped, None, {})
        alarms += bool(warned(known, of_customers(100 + seed, 30), columns))
    assert alarms <= 2
