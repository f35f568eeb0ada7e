"""What trees say on the way from another row to the row is what they predict at each step, in every kind of tree."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Recipe
from automl_core.data.table import Column
from automl_core.explaining import open_reference
from automl_core.explaining.chance import row_seeds
from automl_core.explaining.orders import mixtures, plan
from automl_core.explaining.paths import along, open_paths
from automl_core.explaining.reference import Care, Reference, parted
from automl_core.explaining.standing import standing
from automl_core.framing.problem import Task
from automl_core.search.calibration import Calibration
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.features import fit_encoder
from automl_core.search.model import Member, Model
from automl_core.search.plan import Score
from tests.unit.test_explaining_coalitions import TREES, wide
from tests.unit.test_explaining_routes import PROBLEMS, model, table


def check(made: Model, matrix: np.ndarray, rows: int = 3, rounds: int = 9) -> int:
    """How many members were met; all their values on all ways against predictions of all mixtures."""
    others, some = matrix[-20:], matrix[:rows]
    stands = standing(made, others)
    members, rest = open_paths(stands, made.members)
    source = stands.source
    orders = plan(some, others, source, rounds, row_seeds(some, 3))
    found = list(along(members, some, orders))
    steps = len(made.sources) + 1
    walk, step = np.repeat(np.arange(len(orders.row)), steps), np.tile(np.arange(steps), len(orders.row))
    whole = made.extended(mixtures(some, others, orders, source, (walk, step)))
    assert len(found) == len(members) == len(made.members) - len(rest)
    for met, values in zip(members, found, strict=True):
        truth = met.member.predict(whole)
        np.testing.assert_allclose(values.reshape(truth.shape), truth, atol=2e-6 * float(np.abs(truth).max()))
    return len(found)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("family", TREES)
def test_all_steps_of_a_way_are_what_trees_predict(family: str, task: Task) -> None:
    """Missing numbers, dates of several features and levels that are asked for as sets."""
    if task not in families().get(family).tasks:
        pytest.skip("not for this task")
    made = model(task, (family,))
    assert check(made, made.encoder.matrix(table()[0])) == (family != "ordered")


def test_formulas_bags_logarithms_and_members_of_their_own_features() -> None:
    """A cut on a formula of two columns is passed to and fro: its stretches are up to three."""
    assert check(*wide("binary", ("lightgbm", "lightgbm", "extra_trees", "linear")), rounds=70) == 3
    assert check(*wide("regression", ("extra_trees", "lightgbm"))) == 2
    joined = model("multiclass", ("lightgbm", "extra_trees", "xgboost"), learned=True)
    assert any(len(feature.sources) == 2 for feature in joined.features)
    matrix = joined.encoder.matrix(table()[0])
    assert check(joined, matrix, rounds=40) == 3
    assert check(replace(joined, members=joined.members[:1]), matrix, rows=1, rounds=1) == 1


@pytest.mark.parametrize("rounds", [8, 60])
def test_how_far_many_rows_are_off_is_no_less_than_they_say(rounds: int) -> None:
    """Twenty-four columns, a steep calibration: orders that were turned by one place, the rough copy's own chance, and
    sizes that chance adds to made rows off by up to 1.7 times what they told."""
    reference, rows, truth = told_with_care()
    tries = [parted(reference, rows, Care(rounds, 100), row_seeds(rows, seed)) for seed in range(12)]
    off = np.mean([np.abs(one.phi - truth).sum(axis=1) / np.abs(truth).sum(axis=1) for one in tries], axis=0)
    told = np.mean([one.doubt for one in tries if one.doubt is not None], axis=0)
    assert (off < 1.1 * told).all(), (off, told)
    assert (off > 0.3 * told).all(), (off, told)


@cache
def told_with_care() -> tuple[Reference, np.ndarray, np.ndarray]:
    """The reference of the wide blend, four rows of it, and their contributions after 4,000 orders."""
    made, matrix = wide_blend()
    reference, rows = open_reference(made, matrix[-100:]), matrix[:4]
    each = [parted(reference, rows, Care(2_000, 100), row_seeds(rows, 50 + seed)).phi for seed in range(2)]
    return reference, rows, np.mean(each, axis=0)


@cache
def wide_blend() -> tuple[Model, np.ndarray]:
    """Twenty-four columns that matter in pairs, two boostings and a forest, calibrated steeply; with the encoded rows."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(1_200, 24)), columns=list("abcdefghijklmnopqrstuvwx"))
    columns = tuple(Column(name, "float", "number") for name in frame)
    encoder = fit_encoder(frame, columns, PROBLEMS["binary"])
    matrix = encoder.matrix(frame)
    raw = sum(matrix[:, place] * matrix[:, place + 1] for place in range(0, 8)) + matrix[:, 0]
    y = (raw + generator.logistic(size=len(raw)) > 0).astype(float)
    members = []
    for place, name in enumerate(("lightgbm", "xgboost", "extra_trees")):
        native = families().get(name).fit(FitRequest(matrix, y, encoder.features, "binary", rounds=60, seed=place)).native
        members.append(Member(name, name, 1 / 3, native))
    made = Model(PROBLEMS["binary"], columns, columns, Recipe(), encoder, tuple(members), Score(0.8, 0.7, 0.9))
    return replace(made, calibration=Calibration(2.5, 0.2)), matrix


def test_a_blend_is_explained_on_more_processors_than_it_has_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """Walks were dealt out to more threads than there were, and those without any stopped all that opens a reference."""
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    made, matrix = wide("binary", ("lightgbm", "neural"), rounds=10)
    reference = open_reference(made, matrix[-30:])
    for rows in (matrix[:1], matrix[:3]):
        found = parted(reference, rows, Care(2, 2), row_seeds(rows, 0))
        np.testing.assert_allclose(found.base + found.phi.sum(axis=1), made.predict_matrix(rows), atol=1e-9)


def test_a_column_that_no_member_looks_at_has_no_part() -> None:
    """The rough copy learned from all columns, and its parts of those that the model does not see were told as the model's."""
    made, matrix = wide_blend()
    y, members = (matrix[:, 4] * matrix[:, 5] > 0).astype(float), []
    for place, member in enumerate(made.members):
        seen = tuple(range(3, 20 - place))
        request = FitRequest(matrix[:, seen], y, made.encoder.features[3 : 20 - place], "binary", rounds=20)
        members.append(replace(member, native=member.kind.fit(request).native, inputs=seen))
    blind = replace(made, members=tuple(members))
    found = parted(open_reference(blind, matrix[-50:]), matrix[:4], Care(20, 20), row_seeds(matrix[:4], 0))
    assert not found.phi[:, :3].any()
    assert not found.phi[:, 20:].any()
    assert np.abs(found.phi[:, 4:6]).sum() > 0.5 * np.abs(found.phi).sum()
