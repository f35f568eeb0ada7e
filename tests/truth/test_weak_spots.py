"""Where a model fails: groups found on one half of rows whose truth is known, and confirmed on the other."""
from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from automl_core.explaining import Judged, weak_spots
from automl_core.explaining.weak_spots import _seen
from automl_core.framing.problem import Money
from tests.truth.explaining_data import problem_of


@pytest.mark.parametrize(("metric", "quantile"), [("pinball", 0.9), ("mae", 0.5), ("money", 0.9), ("pinball", 0.99)])
def test_a_quantile_is_off_where_another_share_lies_below_it_not_where_the_mean_does(metric: str, quantile: float) -> None:
    """Outcomes are skewed, and wilder in one group: the true quantile is far from the mean in both, and right in both."""
    generator = np.random.default_rng(3)
    frame = pd.DataFrame({"c": pd.Series(generator.choice(["a", "b", "b"], 4000)).astype("str")})
    scale = np.where(frame["c"] == "a", 3.0, 1.0)
    y = scale * generator.exponential(size=4000)
    money = Money(over=1.0, under=9.0) if metric == "money" else None
    problem = replace(problem_of("regression"), metric=metric, quantile=quantile, money=money)
    right = -scale * np.log(1 - quantile)
    even = weak_spots(Judged(frame, right, y, right, y, problem), ("c",))
    assert "“c” is “a”" in even.spots[0].sentence
    assert "so it is not off" in even.spots[0].sentence
    assert ("median" if quantile == 0.5 else f"{100 * quantile:.0f} % quantile") in even.spots[0].sentence
    assert even.loss == ("absolute error" if quantile == 0.5 else f"pinball loss of the {100 * quantile:.0f} % quantile")
    low = right * np.where(scale > 2, 0.4, 1.0)
    wrong = weak_spots(Judged(frame, low, y, low, y, problem), ("c",))
    assert "there it is off" in wrong.spots[0].sentence


def judged(seed: int, planted_gap: float, rows: int = 4000) -> Judged:
    """Predictions that are right everywhere, but for a group of some 6 % of the rows whose outcomes are `planted_gap` higher."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(generator.normal(size=(rows, 8)), columns=[f"x{n}" for n in range(8)])
    frame["c"] = generator.choice(["a", "b", "c", "d"], rows)
    frame["c"] = frame["c"].astype("str")
    group = ((frame["c"] == "a") & (frame["x1"] > 0.674)).to_numpy()
    said = np.full(rows, 0.3)  # every row is equally hard: only the planted group is worse
    y = (generator.random(rows) < said + planted_gap * group).astype(np.float64)
    return Judged(frame, said, y, 100 * said, 100 * y, problem_of("binary"), seed)


def spot_figures(seeds: range, gap: float) -> float:
    """The share of runs in which a group is told."""
    names = (*(f"x{n}" for n in range(8)), "c")
    return float(np.mean([bool(weak_spots(judged(seed, gap), names).spots) for seed in seeds]))


def test_weak_spots_are_seldom_false() -> None:
    assert spot_figures(range(10), 0.0) <= 0.2
    assert spot_figures(range(4), 0.45) == 1.0


def customers(seed: int, people: int = 50, each: int = 60, planted: float = 0.0) -> Judged:
    """Customers with many rows each, some of them harder to predict than others; those of kind a by `planted` on top."""
    generator = np.random.default_rng(seed)
    who, kind = np.repeat(np.arange(people), each), generator.choice(["a", "b", "c", "d"], people)
    harder = generator.gamma(4, 0.25, people) * (1 + planted * (kind == "a"))
    y, said = generator.normal(size=people * each) * harder[who], np.zeros(people * each)
    frame = pd.DataFrame({"who": [f"c{place}" for place in who], "kind": kind[who], "x": generator.normal(size=len(y)),
                          "size": generator.normal(size=people)[who], "age": generator.normal(size=people)[who]})
    return Judged(frame, said, y, said, y, replace(problem_of("regression"), group="who"), seed)


def test_a_customer_with_many_rows_is_no_weak_spot() -> None:
    """Counted row by row, nine in ten of these runs told of one."""
    names = ("kind", "size", "age", "x")
    assert sum(bool(weak_spots(customers(seed), names).spots) for seed in range(12)) <= 1
    found = [weak_spots(customers(seed, 200, 20, 1.0), names).spots for seed in range(4)]
    assert sum(bool(spots) and spots[0].conditions[0].column == "kind" for spots in found) >= 3


def test_a_weak_spot_of_few_wild_rows_is_told_by_their_whole_errors() -> None:
    """An error of 10 in most of a group and of 10,000 in some, 5 elsewhere. By losses that were cut for the search it was off by
    10, beside a mean that missed by 760."""
    generator = np.random.default_rng(0)
    off = np.concatenate([np.full(222, 10.0), np.full(18, 10_000.0), 5 * generator.choice([-1.0, 1.0], 3760)])
    frame = pd.DataFrame({"c": pd.Series(np.where(np.arange(4000) < 240, "a", "b")).astype("str")})
    found = weak_spots(Judged(frame, np.zeros(4000), off, np.zeros(4000), off, problem_of("regression")), ("c",)).spots
    assert {spot.conditions[0].values for spot in found} == {("a",)}
    for spot in found:
        assert spot.loss_inside == pytest.approx(spot.observed - spot.predicted)
        assert spot.loss_outside == pytest.approx(5)
        assert spot.gap == pytest.approx(spot.loss_inside - spot.loss_outside)
        assert spot.low <= off[:240].mean() - 5 <= spot.high
    wild = np.concatenate([np.full(400, 10.0), np.full(15, 100_000.0), np.full(3585, 5.0)])  # elsewhere it is worse by far
    frame["c"] = np.where(np.arange(4000) < 400, "a", "b")
    assert not weak_spots(Judged(frame, np.zeros(4000), wild, np.zeros(4000), wild, problem_of("regression")), ("c",)).spots


@pytest.mark.parametrize("level", [None, 0.5, 0.9])
def test_a_model_that_is_right_for_other_customers_is_seldom_called_off_for_three(level: float | None) -> None:
    """Each customer has an outcome of its own, hardly varied in its rows. Held against the normal curve the model was off in a
    quarter of such spots; at a 90 % quantile, which most have all their rows below, in two of three."""
    for people in (3, 8):
        who, said_off = np.repeat(np.arange(people), 30), np.zeros(2)
        frame = pd.DataFrame({"who": [f"c{place}" for place in who]})
        problem = replace(problem_of("regression"), group="who")
        if level is not None:
            problem = replace(problem, metric="pinball", quantile=level)
        right = np.full(len(who), 0.0 if level is None else NormalDist(0, 1.005).inv_cdf(level))
        for seed in range(400):
            generator = np.random.default_rng(seed)
            own = generator.normal(size=people)[who] + generator.normal(size=len(who)) / 10
            for place, y in enumerate((own, own + 3)):
                rows = Judged(frame, right, y, right, y, problem)
                told = _seen(rows, np.ones(len(who), dtype=bool), float(right[0]), float(y.mean()))
                said_off[place] += "there it is off" in told
        assert said_off[0] <= 36, people  # 5 % of 400 and chance
    assert said_off[1] >= 380  # of eight customers, where it is off by three times what they vary by


@pytest.mark.slow
def test_weak_spots_many_seeds() -> None:
    assert spot_figures(range(200), 0.0) <= 0.08  # 5 % and chance
    assert spot_figures(range(40), 0.3) >= 0.5
