"""Refits keep the problem's own rules: rows of one group never speak for each other."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Recipe
from automl_core.data.table import Column
from automl_core.explaining import explain, honesty, with_evidence
from automl_core.explaining import refits as room
from automl_core.explaining.refits import Past, again, refits, why_none
from automl_core.explaining.shadows import EXPLAINED, Noise, noise_floor
from automl_core.explaining.twins import replaceable
from automl_core.framing.problem import Problem
from automl_core.search.calibration import Calibration
from automl_core.search.codes import PARTS, Coded, CodeSource, fit_codes
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.features import fit_encoder, with_codes
from automl_core.search.model import Member, Model
from automl_core.search.plan import Score
from tests.truth.explaining_data import Made, fitted, logit

COLUMNS = (Column("who", "text", "category"), Column("x", "float", "number"), Column("shop", "text", "category"),
           Column("y", "text", "category"))
PROBLEM = Problem("y", "binary", "log_loss", ("No", "Yes"), "Yes", group="shop")


def grouped() -> tuple[Model, Past]:
    """Sixty shops with one outcome each, and levels that each belong to one shop: a level tells its shop's outcome."""
    rng = np.random.default_rng(0)
    shop = np.repeat(np.arange(60), 10)
    frame = pd.DataFrame({"who": pd.Series([f"w{s}_{n % 2}" for n, s in enumerate(shop)]).astype("str"),
                          "x": rng.normal(size=600), "shop": pd.Series([f"s{s}" for s in shop]).astype("str")})
    y = rng.integers(0, 2, 60).astype(float)[shop]
    encoder = fit_encoder(frame, COLUMNS[:-1], PROBLEM)
    plain = encoder.matrix(frame)
    coded = fit_codes(CodeSource(plain, encoder.features, {}, y, "binary"), np.arange(600))
    encoder = with_codes(encoder, coded.codes, coded.features)
    native = families().get("linear").fit(FitRequest(encoder.matrix(frame), y, encoder.features, "binary")).native
    made = Model(PROBLEM, COLUMNS, COLUMNS, Recipe(), encoder, (Member("linear", "linear", 1.0, native),), Score(0, 0, 0))
    return made, Past(frame, y, COLUMNS)


def learned(monkeypatch: pytest.MonkeyPatch, past: Past, model: Model, whole: bool) -> list[np.ndarray]:
    """The codes that the rows of each refit learned from."""
    seen: list[np.ndarray] = []

    def spy(source: CodeSource, train: np.ndarray, *rest: Any) -> Coded:
        coded = fit_codes(source, train, *rest)
        seen.append(coded.values[train])
        return coded

    monkeypatch.setattr(room, "fit_codes", spy)
    assert again(model, past) is not None if whole else len(list(refits(model, past, 3.0))) >= 2
    return seen


@pytest.mark.parametrize("whole", [True, False])
def test_codes_of_a_refit_do_not_know_their_own_group(monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    """All rows of a level are one shop's, so without that shop nothing is known of it: each part has the others' mean alone."""
    model, past = grouped()
    for values in learned(monkeypatch, past, model, whole):
        assert len(np.unique(values.round(12))) <= PARTS
    alone = replace(model, problem=replace(PROBLEM, group=""))
    for values in learned(monkeypatch, past, alone, whole):
        assert len(np.unique(values.round(12))) > PARTS  # without groups a level does tell


def test_why_there_are_no_refits_is_said() -> None:
    model, past = grouped()
    few = replace(past, frame=past.frame.head(70), y=past.y[:70])
    assert "of 80 rows with an outcome that it takes there are 70" in why_none(model, few)
    one = replace(past, frame=past.frame.assign(shop="s0"))
    assert "All rows share one value of “shop”" in why_none(model, one)
    found = with_evidence(explain(model, one.frame, one.y), model, one, 0.5)
    assert (found.refits, found.measured) == (0, why_none(model, one))


def test_a_group_that_all_rows_share_is_no_group() -> None:
    model, past = grouped()
    one = replace(past, frame=past.frame.assign(shop="s0"))
    assert list(refits(model, one, 1.0)) == []
    assert again(model, one) is not None


def boosted() -> Made:
    """x moves the outcome, z does not."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=400), "z": rng.normal(size=400)})
    return fitted(frame, 2 * frame["x"].to_numpy() + rng.normal(size=400), "regression", options={"learning_rate": 0.1})


def test_a_slow_noise_floor_leaves_whole_refits(monkeypatch: pytest.MonkeyPatch) -> None:
    """It took all the time, each refit was one tree, and shuffling x cost such a model a tenth of what it costs this one."""
    made = boosted()

    def slowly(*asked: Any) -> Noise:
        time.sleep(0.3)
        return Noise(0.9, frozenset(), True)

    monkeypatch.setattr(honesty, "noise_floor", slowly)
    found = with_evidence(explain(made.model, made.past.frame, made.past.y), made.model, made.past, 0.2)
    x = next(item for item in found.importance if item.column == "x")
    assert x.evidence
    assert x.drop > 0.8  # of rmse: 1 with x, 5 ** 0.5 without
    trees = [refit.model.members[0].native.boosters[0].num_trees() for refit in refits(made.model, made.past, 0.0)]
    assert trees == [80, 80]


def test_what_is_cut_off_is_no_refit(monkeypatch: pytest.MonkeyPatch) -> None:
    made = boosted()
    monkeypatch.setattr(room, "FIT_SECONDS", 0.0)
    assert list(refits(made.model, made.past, 0.0)) == []
    assert again(made.model, made.past, 0.0) is None
    assert not noise_floor(made.model, made.past, (), 0.0).known


def test_slow_parts_are_of_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    made, explained = boosted(), [0]
    family = families().get("lightgbm")

    def slowly(native: Any, matrix: np.ndarray) -> Any:
        assert family.contributions is not None
        time.sleep(0.005 * len(matrix))
        explained[0] += len(matrix)
        return family.contributions(native, matrix)

    slow = replace(family, contributions=slowly)
    monkeypatch.setattr("automl_core.explaining.shadows.families", lambda: SimpleNamespace(get=lambda name: slow))
    began = time.monotonic()
    found = noise_floor(made.model, made.past, (), 1.5)
    assert found.known
    assert ("x",) in found.beyond
    assert 100 <= explained[0] < EXPLAINED
    assert time.monotonic() - began < 3.0


def skewed(metric: str, family: str, quantile: float = 0.5) -> tuple[Model, Past]:
    """Outcomes that no column tells, exp of normal numbers, and a model of them that has one member."""
    rng = np.random.default_rng(0)
    made = fitted(pd.DataFrame({"x": rng.normal(size=1000)}), np.exp(rng.normal(size=1000)), "regression", rounds=2)
    problem = replace(made.model.problem, metric=metric, quantile=quantile)
    return replace(made.model, problem=problem, members=(Member(family, family, 1.0, None),)), made.past


@pytest.mark.parametrize("family", ["lightgbm", "neighbours"])
@pytest.mark.parametrize(("metric", "quantile", "truth"), [("pinball", 0.9, np.exp(1.2816)), ("mae", 0.5, 1.0),
                                                           ("mape", 0.5, np.exp(-1.0))])
def test_refits_minimise_what_the_model_was_told_to(family: str, metric: str, quantile: float, truth: float) -> None:
    """They all said the mean, 1.65: of absolute percentage errors it is the median by the inverse of the outcome."""
    model, past = skewed(metric, family, quantile)
    made = again(model, replace(past, trials=()))
    assert made is not None
    assert np.median(made.predict_frame(past.frame)) == pytest.approx(truth, rel=0.2)


def test_the_noise_floor_and_twins_learn_by_the_weights_that_the_model_did(monkeypatch: pytest.MonkeyPatch) -> None:
    model, past = skewed("mape", "lightgbm")
    twin = past.frame["x"] + np.random.default_rng(1).normal(0, 0.01, 1000)
    both = fitted(past.frame.assign(twin=twin), past.y, "regression", rounds=2)
    model, past = replace(both.model, problem=model.problem), both.past
    seen, family = [], families().get("lightgbm")

    def fit(request: FitRequest) -> Any:
        seen.append(request)
        return family.fit(request)

    for module in ("shadows", "twins"):
        monkeypatch.setattr(f"automl_core.explaining.{module}.families",
                            lambda: SimpleNamespace(get=lambda name: replace(family, fit=fit)))
    assert noise_floor(model, past).known
    halves = next(refits(model, past, 0.0, 1))
    drops = {(name,): (1.0, 0.5, 1.5) for name in ("x", "twin")}
    replaceable(halves, past, explain(model, past.frame, past.y), drops)
    assert len(seen) > 3
    for request in seen:
        common = request.y > np.quantile(past.y, 0.02)
        assert np.ptp((request.weights * request.y)[common]) == pytest.approx(0, abs=1e-9)
        assert request.options.get("loss") == ("absolute" if request in seen[2:] else None)


def test_a_slip_beside_the_fits_of_twins_is_no_fit_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it stood in one `try`: an error of our own read as “nothing can be left out”."""
    model, past = skewed("mape", "lightgbm")
    twin = past.frame["x"] + np.random.default_rng(1).normal(0, 0.01, 1000)
    both = fitted(past.frame.assign(twin=twin), past.y, "regression", rounds=2)
    model, past = replace(both.model, problem=model.problem), both.past
    halves, told = next(refits(model, past, 0.0, 1)), explain(model, past.frame, past.y)
    drops = {(name,): (1.0, 0.5, 1.5) for name in ("x", "twin")}

    def broken(*_: Any) -> Any:
        raise TypeError("a slip")

    with monkeypatch.context() as patched:
        patched.setattr("automl_core.explaining.twins.compare", broken)
        with pytest.raises(TypeError, match="a slip"):
            replaceable(halves, past, told, drops)
    failing = SimpleNamespace(get=lambda name: replace(families().get(name), fit=broken))
    monkeypatch.setattr("automl_core.explaining.twins.families", lambda: failing)
    assert replaceable(halves, past, told, drops) == ()


def test_the_calibration_of_another_kind_of_model_is_not_that_of_what_stands_in() -> None:
    """One that was far too sure made all that boostings said of it nearly even, and their scores fell by nothing."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=400)})
    made = fitted(frame, logit(4 * frame["x"].to_numpy(), rng), "binary", options={"learning_rate": 0.1}, rounds=30)
    for family, same in (("lightgbm", True), ("neighbours", False)):
        sure = replace(made.model, members=(Member(family, family, 1.0, None),), calibration=Calibration(0.1))
        for one in (again(sure, made.past), next(refits(sure, made.past, 0.0)).model):
            assert one is not None
            assert one.calibration == (sure.calibration if same else None)
            assert (one.predict_frame(frame).std() < 0.1) == same
