"""Uplift on simulated experiments: effects and Qini against the truth, and no answer where chance did not decide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from automl_core.acting.covariates import make_covariates
from automl_core.acting.nuisance import fold_of
from automl_core.acting.qini import Ranking, judge_ranking
from automl_core.acting.randomised import check_randomised
from automl_core.acting.rates import Range
from automl_core.acting.uplift import Uplift, UpliftRoles, _mean_effect, _psi, _Trial, measure_uplift, ranked_rows, treated_rows
from automl_core.data.infer import table_from_frame
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem

Floats = np.ndarray


def experiment(seed: int, rows: int = 2000, chance: str = "random", spread: float = 0.3) -> tuple[pd.DataFrame, Floats]:
    """Customers, an offer, whether they stayed; and the true effect on each: it helps those with a high `use`."""
    rng = np.random.default_rng(seed)
    use, age = rng.random(rows), rng.integers(18, 80, rows)
    plan = rng.choice(["basic", "plus", "pro"], rows)
    effect = spread * (use - 0.3)
    base = 0.35 + 0.15 * (plan == "pro") + 0.1 * (age > 50)
    lean = {"random": 0.5 * np.ones(rows), "chosen": 0.25 + 0.5 * use, "slightly": 0.42 + 0.16 * (age > 50)}[chance]
    treated = rng.random(rows) < lean
    stayed = rng.random(rows) < np.clip(base + effect * treated, 0, 1)
    frame = pd.DataFrame(
        {
            "use": use,
            "age": age,
            "plan": plan,
            "offer": np.where(treated, "treat", "hold"),
            "stayed": np.where(stayed, "yes", "no"),
        }
    )
    frame.loc[rng.random(rows) < 0.03, "age"] = np.nan
    return frame, effect


def measured(seed: int, rows: int = 2000, spread: float = 0.3) -> tuple[Uplift, Floats]:
    frame, effect = experiment(seed, rows, spread=spread)
    return measure_uplift(frame, "stayed", "offer", UpliftRoles(good="yes"), seed=seed), effect


def true_ranking(uplift: Uplift, effect: Floats, seed: int) -> Ranking:
    """What the ranking of these rows is truly worth: gains by the known effects instead of outcomes."""
    return judge_ranking(uplift.scores, effect, fold_of(len(effect), None, seed))


@dataclass
class Coverage:
    """Shares of experiments whose ranges hold the truth; how many rankings were `shown`."""

    mean: float
    qini: float
    auuc: float
    top: float
    shown: int


def coverage(seeds: int, rows: int = 2000) -> Coverage:
    """Of the mean effect, the Qini, the area under the curve, and the effect on the 30 % ranked first."""
    held = np.zeros((seeds, 4), dtype=bool)
    shown = 0
    for seed in range(seeds):
        found, effect = measured(seed, rows)
        told, truth = found.ranking, true_ranking(found, effect, seed)
        top = told.parts[2]
        held[seed] = (
            found.low <= effect.mean() <= found.high, told.qini_low <= truth.qini <= told.qini_high,
            told.auuc_low <= truth.auuc <= told.auuc_high, top.low <= truth.parts[2].effect <= top.high,
        )  # fmt: skip
        shown += told.qini_low > 0
    return Coverage(*held.mean(axis=0).tolist(), shown)


def test_ranges_cover_quickly() -> None:
    found = coverage(8, 1500)  # a right range misses more than 2 of 8 with a chance of 0.6 %
    assert min(found.mean, found.qini, found.auuc, found.top) >= 6 / 8


def test_a_treatment_without_effect_on_a_rare_outcome_is_not_told_to_work() -> None:
    """100 of 1,600 rows were treated and none of them left, of 2 % who do: that happens in one experiment in eight."""
    frame, _ = experiment(5, 1600)
    rng = np.random.default_rng(5)
    treated = rng.permutation(1600) < 100
    frame["offer"] = np.where(treated, "treat", "hold")
    frame["stayed"] = np.where(~treated & (rng.random(1600) < 0.02), "no", "yes")
    found = measure_uplift(frame, "stayed", "offer", UpliftRoles(good="yes"))
    assert 0.01 < found.effect < 0.04
    assert found.low < 0 < found.high


@pytest.mark.slow
def test_ranges_cover_the_truth() -> None:
    found = coverage(100)
    assert min(found.mean, found.qini, found.auuc, found.top) >= 0.9, found
    assert found.shown >= 50


def test_no_order_is_shown_where_all_gain_alike_on_a_file_sorted_by_its_outcome() -> None:
    """10 % stay without the offer and 30 % with it, whatever the plan; those who stayed come first. The first 30 %
    were said to gain 30 points, all 19, and the range of the Qini lay above zero."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        plan, treated = rng.random(1600) < 0.5, rng.random(1600) < 0.5
        stayed = rng.random(1600) < np.where(treated, 0.3, 0.1)
        frame = pd.DataFrame({"plan": plan, "offer": np.where(treated, "treat", "hold"), "stayed": np.where(stayed, "yes", "no")})
        found = measure_uplift(frame.iloc[np.argsort(~stayed, kind="stable")].reset_index(drop=True), "stayed", "offer",
                               UpliftRoles(good="yes"), seed=seed)
        assert found.low < 0.2 < found.high
        assert max(found.ranking.qini_low, found.simple.qini_low) <= 0
        assert abs(found.ranking.parts[2].effect - found.effect) < 0.1


def of_ones(seeds: int, rows: int) -> list[Uplift]:
    """Experiments that raise the share of ones by 5 points, asked for by nothing but names."""
    found = []
    for seed in range(seeds):
        rng = np.random.default_rng(3000 + seed)
        x, treated = rng.random(rows), rng.integers(0, 2, rows)
        y = (rng.random(rows) < 0.3 + 0.2 * x + 0.05 * treated).astype(int)
        found.append(measure_uplift(pd.DataFrame({"x": x, "y": y, "t": treated}), "y", "t", seed=seed))
    return found


def test_an_outcome_of_ones_goes_up_where_more_of_them_come() -> None:
    found = of_ones(4, 3000)
    assert sum(one.low <= 0.05 <= one.high for one in found) >= 3  # a right range misses more than 1 of 4 with a chance of 1.4 %
    assert np.mean([one.effect for one in found]) == pytest.approx(0.05, abs=0.027)  # three standard errors
    assert "moved “y” = “1” by " in found[0].sentence


@pytest.mark.slow
def test_ranges_of_ones_cover_the_truth() -> None:
    assert 0.9 <= np.mean([one.low <= 0.05 <= one.high for one in of_ones(100, 2000)]) <= 1.0


@pytest.mark.slow
def test_a_treatment_that_helps_all_alike_has_no_order_to_show() -> None:
    found = [measured(500 + seed, 1500, spread=0.0)[0] for seed in range(60)]
    assert sum(one.ranking.qini_low > 0 for one in found) <= 5  # 2.5 % nominal; more than 5 of 60 has a chance of 0.3 %


def test_refused_where_chance_did_not_decide() -> None:
    for chance, column, rows in (("chosen", "use", 1000), ("slightly", "age", 3000)):
        frame, _ = experiment(1, rows, chance)
        with pytest.raises(BadInput, match="not left to chance") as caught:
            measure_uplift(frame, "stayed", "offer", UpliftRoles(good="yes"))
        assert column in caught.value.message


def test_refused_where_only_two_columns_together_tell() -> None:
    """No column differs by itself between the sides: only a model of all tells them apart, beyond that of shuffled ones."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 1000))
    treated = rng.random(1000) < np.where(a * b > 0, 0.75, 0.25)
    frame = pd.DataFrame({"a": a, "b": b, "offer": np.where(treated, "treat", "hold"), "sales": rng.normal(size=1000)})
    with pytest.raises(BadInput, match="the other columns tell who was treated"):
        measure_uplift(frame, "sales", "offer", UpliftRoles(good="high"))


@pytest.mark.slow
def test_real_experiments_are_seldom_refused() -> None:
    refused = 0
    for seed in range(200):
        frame, _ = experiment(2000 + seed, 800)
        try:
            check(frame, seed)
        except BadInput:
            refused += 1
    assert refused <= 2


def check(frame: pd.DataFrame, seed: int) -> None:
    """The check alone, which is what decides."""
    table = table_from_frame(frame, "t")
    problem = Problem("stayed", "binary", "roc_auc", ("no", "yes"), "yes", never=("offer",))
    covariates = make_covariates(table.frame, table.columns, problem, ())
    treated = treated_rows(table.frame["offer"]) == 1
    balance = check_randomised(covariates, treated, fold_of(len(frame), None, seed))
    if not balance.randomised:
        raise BadInput(balance.sentence)


def test_the_ranking_finds_those_it_helps() -> None:
    frame, effect = experiment(3, 4000, spread=0.5)
    found = measure_uplift(frame, "stayed", "offer", UpliftRoles(good="yes"))
    table = ranked_rows(found, frame)
    assert list(table["rank"][:2]) == [1, 2]
    top = effect[table["row"].to_numpy()[:1000]].mean()
    assert top > effect.mean() + 0.1
    assert found.ranking.qini_low > 0
    assert found.ranking.parts[0].effect > found.effect
    assert "It works better for some than for others" in found.sentence


def test_numbers_groups_and_gaps() -> None:
    rng = np.random.default_rng(0)
    rows = 1200
    house = np.repeat(np.arange(rows // 2), 2)
    arm = rng.integers(0, 2, rows // 2)[house]
    x = rng.normal(size=rows)
    cost = 100 + 10 * x + 5 * rng.normal(size=rows // 2)[house] - 8 * arm + rng.normal(0, 5, rows)
    frame = pd.DataFrame({"x": x, "house": house, "arm": arm, "cost": cost})
    frame.loc[:40, "cost"] = np.nan
    frame["arm"] = frame["arm"].astype("float")
    frame.loc[50:60, "arm"] = np.nan
    found = measure_uplift(frame, "cost", "arm", UpliftRoles(good="low", group="house"))
    assert abs(found.effect - 8) < 1.5 * (found.high - found.low) / 2  # three standard errors
    assert f"moved “cost” by −{found.effect:.3g} on average (95 % range −{found.high:.3g} to −{found.low:.3g})" in found.sentence
    assert np.isnan(found.scores[:41]).all()
    assert np.isfinite(found.scores[70:]).all()
    assert len(ranked_rows(found, frame)) == rows - 41 - 11


@pytest.mark.parametrize(("shops", "words"), [(1, "1 value of it was treated, 19 not"), (9, "9 values of it were treated, 11")])
def test_few_groups_treated_as_a_whole_are_no_experiment(shops: int, words: str) -> None:
    """What sets one shop apart from nineteen others is not an effect."""
    rng = np.random.default_rng(0)
    shop = np.repeat(np.arange(20), 150)
    sales = 100 + rng.normal(0, 10, 20)[shop] + rng.normal(0, 5, len(shop))
    frame = pd.DataFrame({"x": rng.normal(size=len(shop)), "shop": shop, "offer": (shop < shops).astype(int), "sales": sales})
    with pytest.raises(BadInput, match=words):
        measure_uplift(frame, "sales", "offer", UpliftRoles(good="high", group="shop"))


def test_a_side_that_is_nearly_one_group_is_no_experiment() -> None:
    """All treated rows are of one shop, some of whose rows were not: no fold can learn about the treated without it."""
    rng = np.random.default_rng(0)
    shop = np.repeat(np.arange(4), 300)
    offer = ((shop == 0) & (np.arange(1200) % 2 == 0)).astype(int)
    frame = pd.DataFrame({"x": rng.normal(size=1200), "shop": shop, "offer": offer, "sales": rng.normal(size=1200)})
    with pytest.raises(BadInput, match="Nearly all rows of one side belong together"):
        measure_uplift(frame, "sales", "offer", UpliftRoles(good="high", group="shop"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.assign(offer="treat"), "has 1 value, not two"),
        (lambda frame: frame.assign(offer=np.arange(len(frame)) % 3), "has 3 values"),
        (lambda frame: frame.assign(offer=np.where(frame["offer"] == "treat", "blue", "red")), "not clear which"),
        (lambda frame: frame.head(120), "untreated rows"),
    ],
)
def test_what_is_no_experiment_gets_a_sentence(change: object, words: str) -> None:
    frame, _ = experiment(0, 600)
    with pytest.raises(BadInput, match=words):
        measure_uplift(change(frame), "stayed", "offer")  # type: ignore[operator]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_models_of_both_sides_know_what_no_line_tells(seed: int) -> None:
    """Who gains is decided by two signs together: the order by two models finds it, and the mean effect is measured as exactly as
    the noise allows (with the true means known its standard error would be 0.04)."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=(3, 4000))
    treated, effect = rng.random(4000) < 0.5, np.where((a > 0) ^ (b > 0), 1.5, -1.5)
    frame = pd.DataFrame({"a": a, "b": b, "c": c, "offer": np.where(treated, "treat", "hold"),
                          "sales": c + 2 * np.abs(a) + treated * effect + rng.normal(size=4000)})
    found = measure_uplift(frame, "sales", "offer", UpliftRoles(good="high"), seed=seed)
    assert found.simple.qini_low > 0.8 * judge_ranking(effect, effect, fold_of(4000, None, seed)).qini
    assert found.low < effect.mean() < found.high
    assert found.high - found.low < 1.5 * 2 * 1.96 * np.hypot(2 / np.sqrt(4000), 1.5 / np.sqrt(4000))


def mean_effect(values: Floats, treated: Floats, is_rate: bool, groups: Floats | None = None) -> Range:
    """The range of the mean effect where the models know nothing but each side's mean in the other folds; without their fits a
    thousand take a second."""
    folds = fold_of(len(values), groups, 0)
    psi, missed = np.empty(len(values)), np.empty(len(values))
    for fold in range(5):
        inside, others = folds == fold, folds != fold
        arms = tuple(np.full(int(inside.sum()), values[others & (treated == side)].mean()) for side in (True, False))
        psi[inside] = _psi(values[inside], treated[inside], arms, float(treated[others].mean()))
        missed[inside] = values[inside] - np.where(treated[inside], *arms)
    trial = _Trial(None, values, treated, is_rate, folds, groups, 0, 1.0)  # type: ignore[arg-type]
    return _mean_effect(trial, psi, missed)


@pytest.mark.parametrize(("treated", "rows", "share", "number"), [
    (100, 2100, 0.02, False), (100, 2100, 0.05, False), (1900, 2000, 0.98, False), (100, 2100, 0.02, True),
])  # fmt: skip
def test_a_side_with_hardly_an_event_is_no_effect(treated: int, rows: int, share: float, number: bool) -> None:
    """Without an effect the range left out zero in 13 of 100 where 100 of 2,100 were treated. More than 33 of 400 have a chance
    of less than 1 % when 5 % do."""
    alarms = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        side, happened = rng.permutation(rows) < treated, rng.random(rows) < share
        found = mean_effect(np.where(happened, rng.gamma(2, 20, rows), 0) if number else happened.astype(float), side, not number)
        alarms += not found.low <= 0 <= found.high
    assert alarms <= 33


@pytest.mark.parametrize(("treated", "shops"), [(10, 20), (10, 60), (50, 60)])
def test_shops_treated_as_a_whole_are_as_many_as_the_smaller_side_has(treated: int, shops: int) -> None:
    """Shops of very unequal size: 91 to 93 of 100 ranges held an effect of 3. Fewer than 370 of 400 have a chance of 1 % where
    95 of 100 hold it."""
    held = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        shop = np.repeat(np.arange(shops), np.ceil(20 * rng.lognormal(0, 1, shops)).astype(int))
        side = (rng.permutation(shops) < treated)[shop]
        found = mean_effect(rng.normal(0, 10, shops)[shop] + rng.normal(0, 10, len(shop)) + 3.0 * side, side, False, shop)
        held += found.low <= 3 <= found.high
    assert held >= 370


def test_none_of_a_hundred_treated_is_neither_an_effect_nor_an_order() -> None:
    """Who of the others has the outcome can be told, so where no treated row has it, those seem to lose most who often do."""
    rng = np.random.default_rng(0)
    use, treated = rng.random(1200), np.arange(1200) % 12 == 0
    happened = (rng.random(1200) < 0.12 * use**3) & ~treated
    frame = pd.DataFrame({"use": use, "offer": np.where(treated, "treat", "hold"), "left": np.where(happened, "yes", "no")})
    found = measure_uplift(frame, "left", "offer", UpliftRoles(good="no"))
    assert found.low < 0 < found.effect < found.high
    assert found.ranking.qini_low < 0
    assert found.ranking.curve[-1].low <= found.low + 1e-9
    assert found.ranking.curve[-1].high >= found.high - 1e-9
