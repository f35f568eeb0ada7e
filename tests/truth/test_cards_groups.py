"""Groups that rows belong to, such as shops: what they tell of who got a change, and what is dealt to them as a whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Lever, Options, Roles, UpliftRoles, find_actions, measure_uplift
from automl_core.acting.covariates import Covariates, make_covariates, thin_levels
from automl_core.acting.effects import Comparison, Effect, comparison_scores, estimate
from automl_core.acting.group_shares import groups_tell, share_in_group, with_shares
from automl_core.acting.not_compared import thin_notes
from automl_core.acting.nuisance import Learner, fold_of
from automl_core.acting.randomised import check_experiment
from automl_core.acting.scores import given_to_groups
from automl_core.acting.statistics import gap_between, unseen_variance
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem

Floats = np.ndarray


def shops(seed: int, many: int = 100, rows: int = 50, number: bool = False) -> pd.DataFrame:
    """Good shops use the lever more, which does nothing, and lose fewer customers; no column says which are good."""
    rng = np.random.default_rng((61, seed))
    shop = np.repeat(np.arange(many), rows)
    u = rng.normal(size=many)[shop]
    dose = u + rng.normal(size=len(u)) if number else (rng.random(len(u)) < 1 / (1 + np.exp(-u))).astype(float)
    lever = dose if number else np.where(dose == 1, "new", "old")
    bad = rng.random(len(u)) < np.clip(0.5 - 0.12 * np.tanh(u), 0, 1)
    return pd.DataFrame({"shop": shop, "lever": lever, "age": rng.normal(size=len(u)), "size": rng.normal(size=len(u)),
                         "y": np.where(bad, "bad", "good")})


def learner_of(frame: pd.DataFrame, seed: int = 0) -> Learner:
    return Learner(Covariates(frame[["age", "size"]].to_numpy(), (), ("age", "size")), seed=seed)


def test_an_idle_lever_that_good_shops_use_more_is_no_experiment_and_has_no_card() -> None:
    """It was a card of grade A, and of B or C where nobody spoke of an experiment."""
    made = shops(0, 60, 40)
    frame = made.assign(shop=[f"s{place}" for place in made["shop"]])
    found = find_actions(frame, "y", "good", ["lever"], roles=Roles(group="shop", experiment="lever"))
    assert found.cards == ()
    assert "rows with the same “shop” were treated alike more often than by chance" in " ".join(found.notes)
    with pytest.raises(BadInput, match="Treatment was not left to chance: rows with the same “shop”"):
        measure_uplift(frame, "y", "lever", UpliftRoles(treated="new", good="good", group="shop"))


def test_a_region_whose_shops_miss_one_of_the_five_parts_has_its_card() -> None:
    """Four of four parts agreed, and it was no card: only four of five did."""
    rng, many, each = np.random.default_rng(62), 60, 40
    part = fold_of(many * each, np.repeat(np.arange(many), each), 0)[::each]
    north = np.zeros(many, dtype=bool)
    north[rng.choice(np.flatnonzero(part < 4), 18, replace=False)] = True
    new = np.zeros(many, dtype=bool)
    new[np.concatenate([np.flatnonzero(north)[::2], np.flatnonzero(~north)[::2]])] = True
    shop = np.repeat(np.arange(many), each)
    lost = rng.random(len(shop)) < 0.6 - 0.4 * (north & new)[shop]
    frame = pd.DataFrame({
        "shop": [f"s{place:02d}" for place in shop], "region": np.where(north, "north", "south")[shop],
        "layout": np.where(new, "new", "old")[shop], "age": rng.normal(45, 12, len(shop)).round(1),
        "y": np.where(lost, "bad", "good"),
    })
    lever = Lever("layout", ("new",), cost=10.0)
    found = find_actions(frame, "y", "good", [lever], Roles(group="shop"), Options(value=100.0))
    (card,) = found.cards
    assert card.conditions[0].values == ("north",)
    assert card.gain_low <= 0.4 <= card.gain_high


def test_rows_are_compared_on_how_common_a_lever_is_in_their_group() -> None:
    """Without it the effect of a lever that does nothing is 0.06, at an error of 0.015 to 0.02."""
    told = []
    for seed in range(4):
        frame = shops(seed, 60, 40)
        new, codes = (frame["lever"] == "new").to_numpy(), frame["shop"].to_numpy()
        learner = with_shares(learner_of(frame, seed), [new.astype(float)], np.ones(2400, dtype=bool), codes,
                              fold_of(2400, codes, seed), "shop")
        assert learner.covariates.names == ("age", "size", "shop")
        y = np.asarray(frame["y"] == "bad", dtype=np.float64)
        scores = comparison_scores(Comparison(y, ~new, new, learner.covariates, True, codes, seed), learner)
        assert scores is not None
        effect = estimate(scores, np.ones(2400, dtype=bool))
        assert effect is not None
        told.append(effect.estimate)
    assert abs(np.mean(told)) < 0.036  # three errors of a mean of four


@pytest.mark.parametrize("size", [2, 5, 50])
def test_a_draw_by_lot_within_groups_stays_one(size: int) -> None:
    """0.1 % nominal: more than 3 of 400 have a chance of 0.1 %. Groups that got as many each are no less drawn by lot."""
    codes = np.repeat(np.arange(1000 // size), size)
    told = 0
    for seed in range(400):
        rng = np.random.default_rng((62, seed))
        told += groups_tell((rng.random(1000) < (0.5, 0.1)[seed % 2]).astype(float), codes)
    assert told <= 3
    even = np.tile(np.arange(size) < size // 2, 1000 // size)
    assert not groups_tell(even.astype(float), codes)
    rng = np.random.default_rng(size)
    frame = pd.DataFrame({"age": rng.normal(size=1000), "size": rng.normal(size=1000)})
    learner, everyone, folds = learner_of(frame), np.ones(1000, dtype=bool), fold_of(1000, codes, 0)
    assert with_shares(learner, [even.astype(float)], everyone, codes, folds, "shop") is learner
    assert check_experiment(learner.covariates, even, folds, codes, "shop").randomised


@pytest.mark.parametrize("share", [0.05, 0.02])
def test_a_lot_that_few_rows_draw_is_one_where_many_rows_stand_alone(share: float) -> None:
    """Rows alone do not vary between groups, and by their number chance seemed to make less of it: 17 and 54 of 300 such draws
    were none of chance, where 0.1 % are nominal. Towns that do differ are still told."""
    codes = np.repeat(np.arange(3100), [70] * 100 + [1] * 3000)
    draws = [np.random.default_rng((71, seed)).permutation(10_000) < share * 10_000 for seed in range(300)]
    assert sum(groups_tell(drawn.astype(float), codes) for drawn in draws) <= 2
    rates = 2 * share * (np.arange(3100) % 2)
    told = [groups_tell((np.random.default_rng(seed).random(10_000) < rates[codes]).astype(float), codes) for seed in range(10)]
    assert sum(told) >= 9


def test_a_draw_by_lot_at_a_rate_of_each_groups_own_is_compared_within_it() -> None:
    """Exactly 12 or 28 of 40 in each shop: without a row itself, how many others have it would say for certain whether it has."""
    codes = np.repeat(np.arange(50), 40)
    has = np.concatenate([np.random.default_rng((63, shop)).permutation(40) < (12, 28)[shop % 2] for shop in range(50)])
    share = share_in_group(has.astype(float), np.ones(2000, dtype=bool), codes)
    assert len(np.unique(share.round(9))) == 2
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.normal(size=2000), "size": rng.normal(size=2000)})
    folds, everyone = fold_of(2000, codes, 0), np.ones(2000, dtype=bool)
    told = with_shares(learner_of(frame), [has.astype(float)], everyone, codes, folds, "shop").cross_fit(
        has.astype(float), everyone, folds, True)
    assert 0.2 < told.min() < 0.4 < 0.6 < told.max() < 0.8


def test_what_a_small_group_tells_of_a_row_leaves_out_the_row() -> None:
    codes, has = np.array([0, 0, 0, 1, 1, 2]), np.array([1.0, 1.0, 0.0, 0.0, 1.0, 1.0])
    share = share_in_group(has, np.ones(6, dtype=bool), codes)
    assert share[0] == share[1] < share[2]
    assert share[3] > share[4]
    assert np.isnan(share[5])


def test_a_number_is_compared_on_its_mean_in_the_group_where_it_varies_there() -> None:
    frame, everyone = shops(1, 40, 25, number=True), np.ones(1000, dtype=bool)
    codes, dose = frame["shop"].to_numpy(), frame["lever"].to_numpy()
    folds = fold_of(1000, codes, 0)
    assert with_shares(learner_of(frame), [dose], everyone, codes, folds, "shop").covariates.names[2:] == ("shop",)
    whole = np.random.default_rng(0).normal(size=40)[codes]
    for values in (whole, np.random.default_rng(1).permutation(dose), (whole > 0).astype(float)):
        assert with_shares(learner_of(frame), [values], everyone, codes, folds, "shop").covariates.names[2:] == ()


def customers(sizes: list[int], seed: int = 0) -> tuple[np.ndarray, Floats, Learner]:
    """Who has which row, whether he has a lever (the same in each of his rows), and what is known before, which tells of it."""
    rng = np.random.default_rng((68, seed))
    who, known = np.repeat(np.arange(len(sizes)), sizes), rng.normal(size=len(sizes))
    has = (rng.random(len(sizes)) < 1 / (1 + np.exp(0.4 - 0.7 * known))).astype(float)[who]
    columns = np.column_stack([known[who] + 0.3 * rng.normal(size=len(who)), rng.normal(size=len(who))])
    return who, has, Learner(Covariates(columns, (), ("age", "size")), seed=seed)


@pytest.mark.parametrize(("sizes", "stray"), [([1] * 700 + [3] * 300, 0.0), ([5] * 300, 0.03), ([40] * 50, 0.03)])
def test_what_customers_of_few_rows_have_as_a_whole_is_not_told_by_their_other_rows(sizes: list[int], stray: float) -> None:
    """Two rows a customer were asked for: of 1.6 the other rows of a customer said for certain what a row has, and 44 % of the
    rows had any to compare with."""
    who, has, learner = customers(sizes)
    new, everyone, folds = has == 1, np.ones(len(who), dtype=bool), fold_of(len(who), who, 0)
    new = new ^ (np.random.default_rng(0).random(len(who)) < stray)
    assert with_shares(learner, [new.astype(float)], everyone, who, folds, "customer") is learner
    y = (np.random.default_rng(1).random(len(who)) < 0.3).astype(float)
    scores = comparison_scores(Comparison(y, ~new, new, learner.covariates, True, who), learner)
    assert scores is not None
    assert scores.near.sum() > 0.9 * scores.eligible.sum()


def branches(seed: int, many: int = 200, rows: int = 4000) -> tuple[Covariates, np.ndarray, Floats]:
    """Good branches, of which there are many, use an idle lever more."""
    rng = np.random.default_rng((64, seed))
    branch = rng.integers(0, many, rows)
    a = rng.normal(size=many)[branch]
    new = rng.random(rows) < 1 / (1 + np.exp(-a))
    frame = pd.DataFrame({"branch": [f"b{place}" for place in branch], "x": rng.normal(size=rows)})
    columns = (Column("branch", "text", "category"), Column("x", "float", "number"))
    covariates = make_covariates(frame, columns, Problem("y", "binary", "roc_auc", ("no", "yes"), "yes"), ())
    return covariates, new, (rng.random(rows) < np.clip(0.4 + 0.1 * a, 0, 1)).astype(float)


def test_rows_are_compared_on_every_level_of_a_category() -> None:
    """Of 200 branches the 50 commonest were: the effect of a lever that does nothing came out as 0.05, at an error of 0.016."""
    told = []
    for seed in range(3):
        covariates, new, y = branches(seed)
        everyone = np.ones(len(y), dtype=bool)
        folds = fold_of(len(y), None, seed)
        learner = with_shares(Learner(covariates, seed=seed), [new.astype(float)], everyone, None, folds, "")
        scores = comparison_scores(Comparison(y, ~new, new, learner.covariates, True, None, seed), learner)
        assert scores is not None
        effect = estimate(scores, everyone)
        assert effect is not None
        told.append(effect.estimate)
    assert abs(np.mean(told)) < 0.034  # three errors of a mean of three


def test_a_category_of_numbers_is_compared_on_by_level() -> None:
    """A branch numbered 1 to 200 was one number, whatever its role."""
    rng = np.random.default_rng(0)
    branch = rng.integers(0, 200, 4000)
    numbered = pd.DataFrame({"branch": branch, "x": rng.normal(size=4000)})
    named = numbered.assign(branch=[f"b{place}" for place in branch])
    problem = Problem("y", "binary", "roc_auc", ("no", "yes"), "yes")
    x = Column("x", "float", "number")
    by_name = make_covariates(named, (Column("branch", "text", "category"), x), problem, ())
    by_number = make_covariates(numbered, (Column("branch", "int", "category"), x), problem, ())
    assert by_number.categorical == by_name.categorical == (0,)
    assert np.array_equal(by_number.matrix, by_name.matrix, equal_nan=True)
    assert np.array_equal(by_number.wide[0][1], by_name.wide[0][1], equal_nan=True)
    told = make_covariates(numbered, (Column("branch", "int", "number"), x), replace(problem, roles={"branch": "category"}), ())
    assert np.array_equal(told.matrix, by_name.matrix, equal_nan=True)
    plain = make_covariates(numbered, (Column("branch", "int", "number"), x), problem, ())
    assert np.array_equal(plain.matrix[:, 0], branch)
    some = numbered.assign(branch=np.where(branch < 5, np.nan, branch))
    gaps = make_covariates(some, (Column("branch", "float", "category"), x), problem, ())
    assert np.isnan(gaps.wide[0][1][branch < 5]).all()


def test_customers_that_a_lot_drew_as_a_whole_are_not_told_by_their_branch() -> None:
    """Rows of a customer share his branch and his lever: 200 branches of three customers always told, and the variance was 1.37
    times what it is without. Branches that do steer it are told."""
    who = np.repeat(np.arange(600), 5)
    branch, everyone, folds = (who // 3).astype(float), np.ones(3000, dtype=bool), fold_of(3000, who, 0)
    matrix = np.column_stack([np.where(branch < 50, branch, np.nan), np.random.default_rng(0).normal(size=3000)])
    learner = Learner(Covariates(matrix, (0,), ("branch", "x"), (("branch", branch),)))
    told = {0.0: 0, 1.5: 0}
    for seed in range(12):
        rng = np.random.default_rng((72, seed))
        pull, luck = rng.normal(size=200)[who // 3], rng.random(600)[who]
        for strength in told:
            has = (luck < 1 / (1 + np.exp(-strength * pull))).astype(float)
            told[strength] += with_shares(learner, [has], everyone, who, folds, "customer") is not learner
    assert told[0.0] <= 2  # of 12 a twentieth; more have a chance of 2 %
    assert told[1.5] >= 11


def test_an_experiment_that_small_levels_of_a_category_tell_was_none() -> None:
    """None of 500 levels differs enough by itself, and a model is told the 50 commonest."""
    covariates, new, _ = branches(0, 500, 6000)
    folds = fold_of(6000, None, 0)
    with pytest.raises(BadInput, match="some levels of “branch” have clearly more treated rows"):
        check_experiment(covariates, new, folds, None)
    assert check_experiment(covariates, np.random.default_rng(0).permutation(new), folds, None).randomised


def test_levels_that_are_too_rare_to_be_compared_are_told() -> None:
    rare = [f"b{place}" for place in np.arange(400).repeat(5)]
    frame = pd.DataFrame({"branch": rare, "kind": np.arange(2000) % 60, "x": np.arange(2000.0)}).astype({"kind": "str"})
    columns = (Column("branch", "text", "category"), Column("kind", "text", "category"), Column("x", "float", "number"))
    covariates = make_covariates(frame, columns, Problem("y", "binary", "roc_auc", ("no", "yes"), "yes"), ())
    assert thin_levels(frame, covariates) == {"branch": 0.875}
    assert np.nanmax(covariates.matrix[:, 1]) == 49
    assert len(np.unique(dict(covariates.wide)["kind"])) == 60
    assert len(dict(covariates.rows(np.arange(7)).without("branch").wide)["kind"]) == 7
    assert thin_notes(frame, covariates) == ("88 % of the rows have a value of “branch” that is too rare for rows to be compared "
                                             "on it.",)


def test_one_stray_row_does_not_make_an_experiment_of_whole_shops_one_of_rows() -> None:
    """Rows of a shop share its size: as draws of their own, 15 of 20 honest experiments were refused for it."""
    refused = 0
    for seed in range(20):
        rng = np.random.default_rng((65, seed))
        shop, size = np.repeat(np.arange(60), 50), rng.normal(size=60)
        treated = (rng.permutation(60) < 30)[shop]
        treated[7] = not treated[7]
        try:
            check_experiment(Covariates(size[shop][:, None], (), ("size",)), treated, fold_of(3000, shop, 0), shop, "shop")
        except BadInput:
            refused += 1
    assert refused <= 1
    mixed = (np.arange(3000) % 50 < 5 + 40 * (shop % 2)).astype(bool)  # a tenth of each shop differs: these were no whole shops
    with pytest.raises(BadInput, match="treated alike more often"):
        check_experiment(Covariates(np.empty((3000, 0)), (), ()), mixed, fold_of(3000, shop, 0), shop, "shop")


def test_a_stray_row_of_customers_of_few_rows_leaves_an_experiment_one() -> None:
    """Of 1.6 rows a customer each was a draw of its own once a row strayed, and rows of a customer were alike beyond chance."""
    who, known = np.repeat(np.arange(1000), [1] * 700 + [3] * 300), Covariates(np.empty((1600, 0)), (), ())
    for seed in range(5):
        treated = (np.random.default_rng((69, seed)).permutation(1000) < 500)[who]
        treated[-1] = not treated[-1]
        assert check_experiment(known, treated, fold_of(1600, who, 0), who, "customer").randomised


@pytest.mark.parametrize("size", [2, 20])
def test_a_draw_of_few_rows_one_by_one_is_none_of_whole_groups(size: int) -> None:
    """Where 2 % are treated, all but one row in fifty are as most of their group: 0 groups were said to have been treated."""
    who = np.arange(10_000) // size
    treated = np.random.default_rng(70).permutation(10_000) < 190
    known = Covariates(np.empty((10_000, 0)), (), ())
    assert check_experiment(known, treated, fold_of(10_000, who, 0), who, "customer").randomised
    assert not given_to_groups(treated, np.ones(10_000, dtype=bool), who)
    assert given_to_groups((who < 20) ^ (np.arange(10_000) > 9990), np.ones(10_000, dtype=bool), who)


def rare(seed: int, alike: bool) -> tuple[Floats, Floats, Floats, Effect]:
    """Ten of 210 customers of ten rows each are dealt an idle offer as a whole; one in ten churns, in all of his rows or in one
    by one. The outcome, who was treated, the customers, and the effect."""
    rng = np.random.default_rng((66, seed))
    who = np.repeat(np.arange(210), 10)
    y = (rng.random(210 if alike else 2100) < 0.1).astype(float)
    y, new = (y[who] if alike else y), who < 10
    scores = comparison_scores(Comparison(y, ~new, new, Covariates(np.empty((2100, 0)), (), ()), True, who, seed))
    assert scores is not None
    effect = estimate(scores, np.ones(2100, dtype=bool))
    assert effect is not None
    return y, new, who, effect


def test_a_rare_outcome_of_few_whole_groups_is_not_told_from_their_lack_of_it() -> None:
    """None of ten customers churns in 0.9^10 = 35 % of the tables, and p was 0.03 in the middle one of these, by a hundred rows:
    an effect was told in 13 of 60 tables. More than 6 of 60 have a chance of 3 % when 5 % are told."""
    told = [rare(seed, True) for seed in range(60)]
    none = [effect for y, new, _, effect in told if not y[new].any()]
    assert len(none) >= 10
    assert min(effect.error for effect in none) > 0.07  # sqrt(0.1 * 0.9 / 10) is 0.095, where a tenth churn
    assert sum(effect.p < 0.05 for *_, effect in told) <= 6
    assert sum(effect.low <= 0 <= effect.high for *_, effect in told) >= 54


def test_where_rows_of_a_group_are_no_more_alike_groups_take_nothing_off() -> None:
    """The events of a hundred rows that stand alone are in as many customers, and their error is that of rows."""
    told = [rare(seed, False) for seed in range(40)]
    assert np.mean([effect.error for *_, effect in told]) < 0.045  # sqrt(0.1 * 0.9 / 100) is 0.03
    y, new, who, _ = told[0]
    y = np.where(new, np.arange(2100) % 10 == 0, y).astype(float)  # ten rows of ten customers
    assert unseen_variance(y, new) == unseen_variance(y, new, who) == 0.0
    y = np.where(new, who < 2, y).astype(float)  # twenty rows of two customers
    assert unseen_variance(y, new) == 0.0 < unseen_variance(y, new, who)


def test_a_segment_whose_customers_are_all_alike_has_a_range_as_of_so_few() -> None:
    """None of 200 rows of 20 customers has what 15 % have elsewhere: the range was 8 points wide, as of 200 rows. Where one in
    twenty has it, it is none's in 36 % of tables: 16 of 77 such ranges held the truth."""
    who = np.repeat(np.arange(420), 10)
    inside, held, none = who < 20, 0, 0
    for seed in range(200):
        rng = np.random.default_rng((67, seed))
        y = (rng.random(420) < np.where(np.arange(420) < 20, 0.05, 0.15)).astype(float)[who]
        if y[inside].any():
            continue
        gap, none = gap_between(y, inside, who), none + 1
        held += gap.low <= -0.1 <= gap.high
        assert gap.high - gap.low > 0.12
        assert gap.p < 0.05
    assert none > 50
    assert held >= 0.9 * none
