"""Probabilities and intervals on data whose truth is known: they hold as often as they say, also where a plain one would not."""
from __future__ import annotations

import numpy as np
import pytest

from automl_core.framing.metrics import METRICS
from automl_core.search.bands import COVERAGE, Bands, bounded, fit_bands
from automl_core.search.calibration import SLOPES, Calibration, calibrate, fit_calibration

LOG_LOSS = METRICS["log_loss"]


def expected_calibration_error(truth: np.ndarray, p: np.ndarray) -> float:
    """Mean distance of the share of yes from the mean probability over 15 bins of equal size."""
    parts = np.array_split(np.argsort(p, kind="stable"), 15)
    return float(np.mean([abs(truth[part].mean() - p[part].mean()) for part in parts]))


def make_yes_no(rows: int, random: np.random.Generator, stretch: float, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes (n,) and the probabilities of a model whose log-odds are stretched and shifted."""
    odds = random.normal(-1.0, 1.5, rows)
    y = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    return y, 1 / (1 + np.exp(-(stretch * odds + shift)))


@pytest.mark.parametrize(("stretch", "shift"), [(2.0, 0.5), (0.5, -0.4), (1.0, 1.0)])
def test_wrong_probabilities_are_mended(stretch: float, shift: float) -> None:
    random = np.random.default_rng(3)
    y, p = make_yes_no(8_000, random, stretch, shift)
    calibration, mended = calibrate("binary", y, p, np.arange(len(y)) % 5)
    assert calibration is not None
    assert calibration.slope == pytest.approx(1 / stretch, rel=0.1)
    assert expected_calibration_error(y, mended) < 0.02 < 0.04 < expected_calibration_error(y, p)
    new_y, new_p = make_yes_no(50_000, random, stretch, shift)
    assert expected_calibration_error(new_y, calibration.apply(new_p)) < 0.015


def test_several_classes_are_mended() -> None:
    random = np.random.default_rng(5)
    raw = random.normal(0, 1.2, (4_000, 4))
    true = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    y = (random.random((4_000, 1)) > np.cumsum(true, axis=1)).sum(axis=1).clip(max=3).astype(float)
    sure = true**2.5 / (true**2.5).sum(axis=1, keepdims=True)
    calibration, mended = calibrate("multiclass", y, sure, np.arange(len(y)) % 5)
    assert calibration is not None
    assert calibration.slope == pytest.approx(0.4, rel=0.1)
    assert LOG_LOSS.score(y, mended) == pytest.approx(LOG_LOSS.score(y, true), abs=0.01)
    assert LOG_LOSS.score(y, mended) < LOG_LOSS.score(y, sure) - 0.1


def test_right_probabilities_are_left_alone() -> None:
    """At most one in five would be changed by a gain above one standard error; a change does no harm on new rows either."""
    changed, harm = 0, []
    for seed in range(40):
        random = np.random.default_rng(seed)
        y, p = make_yes_no(3_000, random, 1.0, 0.0)
        calibration, _ = calibrate("binary", y, p, np.arange(len(y)) % 5)
        changed += calibration is not None
        new_y, new_p = make_yes_no(20_000, random, 1.0, 0.0)
        mended = new_p if calibration is None else calibration.apply(new_p)
        harm.append(LOG_LOSS.score(new_y, mended) - LOG_LOSS.score(new_y, new_p))
    assert changed <= 8
    assert np.mean(harm) < 0.0005


def test_few_rows_and_numbers_are_left_alone() -> None:
    y, p = make_yes_no(2_999, np.random.default_rng(0), 3.0, 0.0)
    assert calibrate("binary", y, p, np.arange(len(y)) % 5)[0] is None
    assert calibrate("regression", y, p, np.arange(len(y)) % 5)[0] is None


def test_the_row_path_equals_the_table_path() -> None:
    random = np.random.default_rng(1)
    p = np.append(random.random(200), [0.0, 1.0, 1e-15])
    both = Calibration(0.7, -0.3)
    np.testing.assert_allclose([both.apply_row(float(value)) for value in p], both.apply(p), atol=1e-12)
    shares = random.dirichlet(np.ones(4), 50)
    np.testing.assert_allclose([both.apply_row(row) for row in shares], both.apply(shares), atol=1e-12)
    assert np.all(np.diff(both.apply(np.sort(p))) >= 0)  # the order of rows, and so every ranking, stays


def test_a_perfect_model_gives_finite_numbers() -> None:
    y = (np.arange(4_000) % 2).astype(float)
    found = fit_calibration(y, y.copy())
    assert np.isfinite([found.slope, found.shift]).all()


def test_a_slope_at_its_limit_keeps_the_mean() -> None:
    """A model that is far too sure of what it hardly knows: the shift of its own slope made 3 % of 5 %."""
    random = np.random.default_rng(3)
    y = (random.random(6_000) < 0.05).astype(float)
    p = random.binomial(20, 0.05 + 0.01 * y) / 20  # as of a forest of whole trees: many rows have no chance at all
    weights = random.integers(1, 4, 6_000).astype(float)
    for mass in (None, weights):
        found = fit_calibration(y, p, mass)
        assert found.slope == SLOPES[0]
        assert np.average(found.apply(p), weights=mass) == pytest.approx(np.average(y, weights=mass), abs=1e-6)


def make_numbers(rows: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes whose error grows with the number and is lopsided, and the predictions of a model that knows the mean."""
    mean = random.uniform(1, 10, rows)
    return mean * (0.5 + random.exponential(0.5, rows)), mean


def test_intervals_hold_overall_and_in_every_part() -> None:
    inside, parts = [], []
    for seed in range(30):
        random = np.random.default_rng(seed)
        bands = fit_bands(*make_numbers(2_000, random))
        y, prediction = make_numbers(4_000, random)
        low, high = bands.around(prediction)
        held = (low <= y) & (y <= high)
        inside.append(held.mean())
        parts.append([held[third].mean() for third in np.array_split(np.argsort(prediction), 3)])
    assert abs(np.mean(inside) - COVERAGE) < 0.01
    assert min(inside) > COVERAGE - 0.03
    assert np.all(np.abs(np.mean(parts, axis=0) - COVERAGE) < 0.02)


def test_one_width_for_all_would_not_hold_in_every_part() -> None:
    """That the bins are needed: a single band misses far more large numbers than it says."""
    random = np.random.default_rng(0)
    single = fit_bands(*(part[:149] for part in make_numbers(2_000, random)))
    assert single.edges == ()
    y, prediction = make_numbers(20_000, random)
    low, high = single.around(prediction)
    thirds = [np.mean(((low <= y) & (y <= high))[third]) for third in np.array_split(np.argsort(prediction), 3)]
    assert max(thirds) - min(thirds) > 0.08


@pytest.mark.parametrize("rows", [5, 19, 40, 200])
def test_few_rows_give_wider_intervals_never_too_narrow_ones(rows: int) -> None:
    held = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        bands = fit_bands(*make_numbers(rows, random))
        y, prediction = make_numbers(50, random)
        low, high = bands.around(prediction)
        held.append(np.mean((low <= y) & (y <= high)))
        assert bands.around_one(float(prediction[0])) == (low[0], high[0])
    # with fewer than 39 rows on a side no quantile is far enough out: the widest errors seen stand in
    assert np.mean(held) > (COVERAGE if rows >= 39 else 1 - 2 / (rows + 1)) - 0.02


@pytest.mark.parametrize("level", [0.01, 0.99])
def test_an_interval_holds_its_own_prediction_also_of_an_outer_quantile(level: float) -> None:
    random = np.random.default_rng(8)
    y = random.normal(0, 1, 4000)
    prediction = np.full(4000, float(np.quantile(y, level)))
    low, high = fit_bands(y, prediction).around(prediction)
    assert (low <= prediction).all()
    assert (prediction <= high).all()
    assert float(np.mean((low <= y) & (y <= high))) >= COVERAGE


def test_weighted_rows_decide_how_wide_intervals_are() -> None:
    random = np.random.default_rng(9)
    wide = random.random(20_000) < 0.5
    y = random.normal(0, np.where(wide, 5.0, 1.0))
    weights = np.where(wide, 0.01, 1.0)
    low, high = fit_bands(y, np.zeros(20_000), weights).around(np.zeros(1))
    assert high[0] - low[0] == pytest.approx(2 * 1.645, rel=0.15)


def test_rows_of_one_fold_are_calibrated_by_halves() -> None:
    """A large table is judged on one fold alone: its probabilities are mended all the same, and judged by the other half."""
    random = np.random.default_rng(5)
    p = random.beta(1, 3, 20_000)
    y = (random.random(len(p)) < p).astype(float)
    sure = p**2 / (p**2 + (1 - p) ** 2)
    calibration, mended = calibrate("binary", y, sure, np.zeros(len(y), dtype=np.int64))
    assert calibration is not None
    assert calibration.slope == pytest.approx(0.5, abs=0.03)
    assert np.abs(mended - p).mean() < 0.01


def make_counts(rows: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes that are never negative, many of them nought, and what a linear model says of them, below nought at times."""
    mean = random.gamma(0.5, 4.0, rows)
    return random.poisson(mean).astype(float), 1.2 * mean - 1.5 + random.normal(0, 0.5, rows)


def test_an_interval_of_a_number_that_is_never_negative_ends_at_nought_and_holds_as_often() -> None:
    for seed in range(10):
        random = np.random.default_rng(seed)
        y, prediction = make_counts(2_000, random)
        free = fit_bands(y, prediction)
        bands = bounded(free, y)
        new_y, new = make_counts(20_000, random)
        low, high = bands.around(new)
        below, above = free.around(new)
        assert (below < 0).mean() > 0.3  # half of them promised what cannot be
        assert (low >= 0).all()
        assert (high >= low).all()
        free_held = (below <= new_y) & (new_y <= above)
        assert ((low <= new_y) & (new_y <= high))[free_held].all()
        np.testing.assert_array_equal(low[below >= 0], below[below >= 0])
        assert [bands.around_one(float(one)) for one in new[:300]] == list(zip(low[:300], high[:300], strict=True))


def test_shares_end_at_the_whole_but_what_only_happens_to_be_small_does_not() -> None:
    random = np.random.default_rng(4)
    share = np.clip(random.normal(0.6, 0.4, 3_000), 0.0, 1.0)
    for whole in (1.0, 100.0):
        bands = bounded(fit_bands(whole * share, np.full(3_000, 0.6 * whole)), whole * share)
        assert (bands.least, bands.most) == (0.0, whole)
        low, high = bands.around(np.array([-0.5, 0.0, 0.9, 1.5]) * whole)
        assert (low >= 0).all()
        assert (high <= whole).all()
        assert (low <= high).all()
        assert bands.around_one(1.5 * whole) == (low[-1], high[-1])
    for y in (random.uniform(0.0, 1.0, 3_000), np.minimum(share, 0.9), np.append(share[share < 1], 1.0), 7 * share):
        assert bounded(fit_bands(y, np.full(len(y), 0.6)), y).most is None


def test_a_number_that_can_be_negative_keeps_its_interval() -> None:
    """Where one row in ninety is negative, and none of a hundred happened to be, intervals lose less than a hundredth."""
    random = np.random.default_rng(6)
    y = random.normal(0, 1, 400)
    free = fit_bands(y, np.zeros(400))
    assert bounded(free, y) == free
    assert bounded(free, np.abs(y[:59])) == free
    lost = []
    for _ in range(200):
        seen, new = random.normal(2.3, 1, 100), random.normal(2.3, 1, 2_000)  # 1.1 % are negative
        held = [np.mean((ends[0] <= new) & (new <= ends[1])) for ends in
                (bands.around(np.full(2_000, 2.3)) for bands in (fit_bands(seen, np.full(100, 2.3)),
                                                                 bounded(fit_bands(seen, np.full(100, 2.3)), seen)))]
        lost.append(held[0] - held[1])
    assert np.mean(lost) < 0.01


def test_an_interval_is_no_point_because_both_its_ends_were_cut_off() -> None:
    bands = Bands((50.0,), (-2.0, -20.0), (3.0, 1.0), 0.0, 100.0)
    low, high = bands.around(np.array([-5.0, 40.0, 90.0, 130.0]))
    assert list(zip(low, high, strict=True)) == [(0.0, 3.0), (38.0, 43.0), (70.0, 91.0), (80.0, 100.0)]
    assert [bands.around_one(one) for one in (-5.0, 40.0, 90.0, 130.0)] == list(zip(low, high, strict=True))


def test_a_count_that_came_to_a_hundred_is_no_share_and_twenty_rows_say_little() -> None:
    random = np.random.default_rng(8)
    free = Bands((), (-1.0,), (1.0,))
    counts = np.append(random.poisson(3.0, 2_000), [0, 0, 100, 100]).astype(float)
    assert (bounded(free, counts).least, bounded(free, counts).most) == (0.0, None)
    assert bounded(free, np.append(random.poisson(0.02, 500), [0.0, 1.0, 1.0]).clip(max=1.0)).most is None  # seldom, not a share
    points = np.append(random.integers(0, 100, 200), [0.0] * 5 + [100.0] * 20)
    assert bounded(free, points).most == 100.0
    assert bounded(free, np.abs(random.normal(size=59))) == free
    assert bounded(free, np.abs(random.normal(size=60))).least == 0.0


def test_what_is_no_number_has_no_interval() -> None:
    bands = Bands((), (-1.0,), (1.0,), 0.0, 1.0)
    assert np.isnan(bands.around_one(float("nan"))).all()
    assert np.isnan(bands.around(np.array([np.nan]))).all()


def make_weighted(rows: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, probabilities and weights: those of a fifth of the rows are too sure, and it counts for most; the rest hold."""
    sure = random.random(rows) < 0.2
    odds = random.normal(-1.0, 1.5, rows)
    y = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    return y, 1 / (1 + np.exp(-np.where(sure, 2.5 * odds + 0.5, odds))), np.where(sure, 9.0, 0.2) * random.uniform(0.5, 1.5, rows)


def test_rows_that_count_more_decide_what_probabilities_mean() -> None:
    gains = []
    for seed in range(5):
        random = np.random.default_rng(seed)
        y, p, weights = make_weighted(30_000, random)
        calibration, mended = calibrate("binary", y, p, np.arange(len(y)) % 5, weights)
        assert calibration is not None
        assert calibration.slope == pytest.approx(0.4, rel=0.12)
        new_y, new, counted = make_weighted(50_000, random)
        plain, _ = calibrate("binary", y, p, np.arange(len(y)) % 5)
        loss = {name: LOG_LOSS.score(new_y, said, weights=counted) for name, said in (
            ("raw", new), ("weighed", calibration.apply(new)), ("plain", plain.apply(new) if plain else new))}
        gains.append(loss["raw"] - loss["weighed"])
        assert loss["weighed"] < min(loss["raw"], loss["plain"])
        assert weighted_error(new_y, calibration.apply(new), counted) < 0.02 < weighted_error(new_y, new, counted)
        assert LOG_LOSS.score(y, mended, weights=weights) < LOG_LOSS.score(y, p, weights=weights)
    assert min(gains) > 0.05


def test_rows_that_go_together_are_one_word_for_a_calibration() -> None:
    """Twelve shops of 260 rows, whose odds differ by chance: on other shops the probabilities hold as they are."""
    random, taken = np.random.default_rng(2), {True: 0, False: 0}
    for _ in range(30):
        shop = np.repeat(np.arange(12), 260)
        odds = random.normal(-1.0, 1.0, len(shop))
        y = (random.random(len(shop)) < 1 / (1 + np.exp(-(odds + random.normal(0, 1.0, 12)[shop])))).astype(float)
        for together in taken:
            found, _ = calibrate("binary", y, 1 / (1 + np.exp(-odds)), shop % 4, None, shop if together else None)
            taken[together] += found is not None
    assert taken[True] < 0.5 * taken[False]


def weighted_error(truth: np.ndarray, p: np.ndarray, weights: np.ndarray) -> float:
    """The expected calibration error where rows count by their weights: 15 bins that count for as much."""
    order = np.argsort(p, kind="stable")
    bins = np.minimum(15 * np.cumsum(weights[order]) / weights.sum(), 14.999).astype(int)
    parts = [order[bins == place] for place in range(15)]
    return float(np.mean([abs(np.average(truth[part] - p[part], weights=weights[part])) for part in parts]))


def test_a_weight_of_two_is_the_row_twice_in_a_calibration() -> None:
    random = np.random.default_rng(2)
    y, p = make_yes_no(3_000, random, 2.0, 0.5)
    weights = random.integers(0, 3, len(y)).astype(float)
    twice = np.repeat(np.arange(len(y)), weights.astype(int))
    found, other = fit_calibration(y, p, weights), fit_calibration(y[twice], p[twice])
    assert (found.slope, found.shift) == pytest.approx((other.slope, other.shift), abs=1e-6)
    shares = random.dirichlet(np.ones(3), len(y))
    of_three = random.integers(0, 3, len(y)).astype(float)
    assert fit_calibration(of_three, shares, weights).slope == pytest.approx(
        fit_calibration(of_three[twice], shares[twice]).slope, abs=1e-3)
    assert fit_calibration(y, p, np.full(len(y), 7.0)) == fit_calibration(y, p)


def test_right_probabilities_of_weighted_rows_are_left_alone() -> None:
    """By what they are worth: of a few rows that count for nearly all, chance would make a calibration."""
    changed, harm = 0, []
    for seed in range(40):
        random = np.random.default_rng(seed)
        y, p = make_yes_no(8_000, random, 1.0, 0.0)
        calibration, _ = calibrate("binary", y, p, np.arange(len(y)) % 5, random.gamma(1, 1, len(y)))
        changed += calibration is not None
        new_y, new = make_yes_no(20_000, random, 1.0, 0.0)
        mended = new if calibration is None else calibration.apply(new)
        harm.append(LOG_LOSS.score(new_y, mended) - LOG_LOSS.score(new_y, new))
    assert changed <= 8
    assert np.mean(harm) < 0.0005
    y, p = make_yes_no(8_000, np.random.default_rng(0), 3.0, 0.0)
    weights = np.where(np.arange(len(y)) < 1_000, 1.0, 1e-4)
    assert calibrate("binary", y, p, np.arange(len(y)) % 5, weights)[0] is None
    assert calibrate("binary", y, p, np.arange(len(y)) % 5, np.full(len(y), 0.01))[0] is not None
