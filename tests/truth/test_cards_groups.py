"""Groups that rows belong to, such as shops: what they tell of who got a change, and what is dealt to them as a whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Roles, UpliftRoles, find_actions, measure_uplift
from automl_core.acting.covariates import Covariates
from automl_core.acting.effects import Comparison, comparison_scores, estimate
from automl_core.acting.group_shares import groups_tell, share_in_group, with_shares
from automl_core.acting.nuisance import Learner, fold_of
from automl_core.acting.randomised import check_experiment
from automl_core.errors import BadInput

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


def test_rows_are_compared_on_how_common_a_lever_is_in_their_group() -> None:
    """Without it the effect of a lever that does nothing is 0.06, at an error of 0.015 to 0.02."""
    told = []
    for seed in range(4):
        frame = shops(seed, 60, 40)
        new, codes = (frame["lever"] == "new").to_numpy(), frame["shop"].to_numpy()
        learner = with_shares(learner_of(frame, seed), [new.astype(float)], np.ones(2400, dtype=bool), codes,
                              fold_of(2400, codes, seed), "shop")
        assert learner.covariates.names == ("age", "size", "shop")
        y = (frame["y"] == "bad").to_numpy(dtype=float)
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
