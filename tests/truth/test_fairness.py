"""Audits of known truth: equal groups, a planted gap in selection, in errors, and in calibration; numbers too."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from automl_core.explaining import Audit, Fairness, audit
from automl_core.explaining.fairness_counts import mean_rate, odds_spread, rate_of, share_rate, share_spread
from automl_core.framing.dependent import codes_of, group_errors, welch


def classes(seed: int, rows: int = 3000, harder: float = 0.0, off: float = 0.0, base: float = 0.0) -> Fairness:
    """Group b is selected `harder` less often at equal outcomes, told `off` too little, and has the outcome `base` more often."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b", "c"], rows, p=[0.5, 0.3, 0.2]).astype(object)
    b = group == "b"
    p = np.clip(rng.beta(2, 3, rows) + base * b, 0.01, 0.99)
    y = (rng.random(rows) < p).astype(float)
    told = np.clip(p - off * b, 0, 1)
    selected = (p >= 0.5) & ~(b & (rng.random(rows) < harder))
    return audit(Audit(told, y, group, selected, "group", "Yes", seed))


def floor(runs: int) -> float:
    """95 % less two standard errors of what so many runs can show."""
    return float(0.95 - 2 * np.sqrt(0.95 * 0.05 / runs))


def test_intervals_of_equal_shares_cover_no_gap() -> None:
    rng, runs, covered = np.random.default_rng(0), 600, np.zeros(3)
    for seed in range(runs):
        rows, other = np.array([600, 360, 150]), np.array([300, 250, 40])
        hits, alarms = rng.binomial(rows, 0.55), rng.binomial(other, 0.1)
        one = share_spread(hits, rows, np.random.default_rng(seed))
        both = odds_spread((hits, rows), (alarms, other), np.random.default_rng(seed))
        covered += (one.low == 0, one.ratio_high == 1, both.low == 0)
    assert (covered / runs >= floor(runs)).all()


def test_equal_groups_cover_no_gap() -> None:
    made = [classes(seed) for seed in range(1000, 1030)]
    for name in ("parity", "found", "false_alarms", "odds", "residual"):
        assert np.mean([getattr(one, name).low == 0 for one in made]) >= floor(30), name
    assert not any("apart (95 % range" in one.sentences[0] for one in made if one.parity.low == 0)


def test_planted_gaps_are_found_and_named() -> None:
    unequal = [classes(seed, harder=0.4) for seed in range(20)]
    assert np.mean([one.parity.clear and one.odds.clear for one in unequal]) >= 0.9
    assert all("“b”" in one.sentences[0] for one in unequal if one.parity.clear)
    truth = 0.4 * 0.3125  # a beta(2, 3) lies above one half in 31.25 %
    assert np.mean([one.parity.low <= truth <= one.parity.high for one in unequal]) >= 0.85
    off = [classes(seed, off=0.1) for seed in range(20)]
    assert np.mean([one.residual.clear for one in off]) >= 0.9
    assert np.mean([one.parity.clear for one in off]) <= 0.2
    based = classes(1, rows=6000, base=0.15)
    assert based.parity.clear
    assert not based.residual.clear


def test_figures_are_those_of_fairlearn() -> None:
    from fairlearn.metrics import MetricFrame, selection_rate, true_positive_rate

    rng = np.random.default_rng(5)
    group = rng.choice(["a", "b"], 800).astype(object)
    y, selected = (rng.random(800) < 0.4).astype(int), rng.random(800) < 0.3
    frame = MetricFrame(metrics={"s": selection_rate, "t": true_positive_rate}, y_true=y, y_pred=selected.astype(int),
                        sensitive_features=group)
    made = audit(Audit(np.full(800, 0.4), y.astype(float), group, selected, "g", "Yes"))
    for one in made.groups:
        assert np.isclose(one.selected.value, frame.by_group.loc[one.group, "s"])
        assert np.isclose(one.found.value, frame.by_group.loc[one.group, "t"])
    assert np.isclose(made.parity.difference, frame.difference()["s"])
    assert np.isclose(made.parity.ratio, frame.ratio()["s"])


def numbers(seed: int, off: float = 0.0, wider: float = 0.0) -> Fairness:
    rng = np.random.default_rng(seed)
    group = rng.choice(["m", "f"], 1500).astype(object)
    truth = rng.normal(100, 20, 1500)
    told = truth + rng.normal(0, 5, 1500) * np.where(group == "f", 1 + wider, 1) - off * (group == "f")
    return audit(Audit(told, truth, group, None, "sex", "", seed))


def test_numbers_by_group() -> None:
    equal = [numbers(seed) for seed in range(80)]
    assert np.mean([one.residual.low == 0 for one in equal]) >= floor(80)
    assert np.mean([one.error.low == 0 for one in equal]) >= floor(80)
    low = [numbers(seed, off=3) for seed in range(60)]
    assert np.mean([one.residual.low <= 3 <= one.residual.high for one in low]) >= floor(60)
    assert all(one.residual.clear for one in low)
    assert all(numbers(seed, wider=0.5).error.clear for seed in range(10))


def rare(seed: int, base: float = 0.01, lumps: int = 1, off: float = 0.0) -> Fairness:
    """Right predictions of about 1 %, for groups of 5,000, 150 and 100 rows: the small ones often have none that came true. With
    `lumps` as many rows are one customer's, of whom all or none come true; `off` is told too little in c."""
    rng = np.random.default_rng(seed)
    group = np.repeat(["a", "b", "c"], np.array([5000, 150, 100]) * lumps).astype(object)
    told = np.repeat(min(base, 1 - base) * rng.gamma(20, 0.05, len(group) // lumps), lumps)
    told = told if base < 0.5 else 1 - told
    chance = np.repeat(rng.random(len(group) // lumps), lumps)
    y = (chance < told + off * (group == "c")).astype(float)
    who = np.repeat(np.arange(len(group) // lumps), lumps) if lumps > 1 else None
    return audit(Audit(told, y, group, told > 0.5, "race", "Yes", seed, who))


@pytest.mark.parametrize(("base", "lumps"), [(0.01, 1), (0.02, 1), (0.99, 1), (0.01, 5)])
def test_a_small_group_in_which_a_rare_outcome_did_not_happen_is_not_off(base: float, lumps: int) -> None:
    """None of 100 came true where 1 is told: that happens in 37 of 100 audits, and was called a gap without doubt."""
    runs = 100
    made = [rare(seed, base, lumps) for seed in range(runs)]
    assert np.mean([one.residual.low == 0 for one in made]) >= floor(runs)
    rates = [group.residual for one in made for group in one.groups]
    assert np.mean([rate.low <= 0 <= rate.high for rate in rates]) >= floor(3 * runs)
    assert all(-base * 1.2 <= rate.low and rate.high <= 1.2 * (1 - base) for rate in rates), "no share is below 0 or above 1"


def test_a_small_group_of_a_rare_outcome_that_is_off_by_far_is_found() -> None:
    made = [rare(seed, off=0.15) for seed in range(20)]
    assert np.mean([one.residual.clear for one in made]) >= 0.9
    assert np.mean([one.residual.low <= 0.15 <= one.residual.high for one in made]) >= 0.85


def claims(seed: int) -> Fairness:
    """Right means of numbers of which 98 % are zero; groups of 5,000, 150 and 100 rows."""
    rng = np.random.default_rng(seed)
    group = np.repeat(["a", "b", "c"], [5000, 150, 100]).astype(object)
    risk = rng.gamma(20, 0.05, len(group))
    y = np.where(rng.random(len(group)) < 0.02 * risk, rng.gamma(4, 250, len(group)), 0.0)
    return audit(Audit(20 * risk, y, group, None, "race", "", seed))


def test_a_small_group_without_a_claim_is_not_off() -> None:
    runs = 100
    made = [claims(seed) for seed in range(runs)]
    assert np.mean([one.residual.low == 0 for one in made]) >= floor(runs)
    assert np.mean([one.error.low == 0 for one in made]) >= floor(runs)
    none = [group for one in made for group in one.groups if group.observed.value == 0]
    assert len(none) > 10
    assert all(group.residual.low <= 0 <= group.residual.high for group in none)


def quantiles(seed: int, level: float, told: float = 1.0, rows: int = 1500) -> Fairness:
    """Skewed outcomes, three times as wild for f, and their true quantiles, for f times `told`."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["m", "f"], rows).astype(object)
    scale = np.where(group == "f", 3.0, 1.0)
    said = -scale * np.log(1 - level) * np.where(group == "f", told, 1)
    return audit(Audit(said, scale * rng.exponential(size=rows), group, None, "sex", "", seed, level=level))


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_right_quantiles_are_not_off_though_the_mean_of_the_outcomes_is_another(level: float) -> None:
    right = [quantiles(seed, level) for seed in range(40)]
    assert np.mean([one.residual.low == 0 for one in right]) >= floor(40)
    even = next(one for one in right if not one.residual.clear)
    named = "median" if level == 0.5 else "90 % quantile"
    assert f"below what was predicted, their {named}, differs by no more than chance" in even.sentences[0]
    assert ("mean error" if level == 0.5 else "mean pinball loss") in even.sentences[1]
    low = [quantiles(seed, level, 0.6) for seed in range(10)]
    assert all(one.residual.clear for one in low)
    share = 1 - (1 - level) ** 0.6
    assert np.mean([one.residual.low <= level - share <= one.residual.high for one in low]) >= 0.9
    assert f"so {100 * level:.0f} % of the outcomes should be below them: where “sex” is “m” " in low[0].sentences[0]
    assert low[0].groups[0].calibration == ()


def test_of_outcomes_that_equal_the_quantile_as_many_count_as_it_asks_for() -> None:
    """Six of ten are zero, and so is the median: it is right, in a group that has no zeros as well."""
    rng = np.random.default_rng(0)
    group = np.repeat(["m", "f"], 1000).astype(object)
    outcome = np.where(group == "f", rng.exponential(size=2000), np.where(rng.random(2000) < 0.6, 0.0, 1.0))
    made = audit(Audit(np.where(group == "f", np.log(2), 0.0), outcome, group, None, "sex", "", level=0.5))
    assert not made.residual.clear


@cache
def customers(seed: int, gap: float = 0.0, people: int = 60, each: int = 30) -> Fairness:
    """Customers of 30 rows that are much alike in risk, and more of theirs come true than is told, or fewer, by chance."""
    rng = np.random.default_rng(seed)
    who, sex = np.repeat(np.arange(people), each), rng.choice(["m", "f"], people)
    told = np.clip(rng.beta(3, 3, people)[who] + rng.normal(0, 0.1, people * each) + gap * (sex[who] == "m"), 0.01, 0.99)
    y = (rng.random(len(told)) < np.clip(told + rng.normal(0, 0.1, people)[who], 0, 1)).astype(float)
    return audit(Audit(told, y, sex[who].astype(object), told > 0.5, "sex", "Yes", seed, who))


@cache
def machines(seed: int) -> Fairness:
    """The same of numbers: a machine is off by its own amount, and more or less surely."""
    rng = np.random.default_rng(seed)
    who, kind, truth = np.repeat(np.arange(60), 30), rng.choice(["m", "f"], 60), rng.normal(100, 20, 1800)
    told = truth + rng.normal(0, 3, 60)[who] + rng.normal(0, 5, 1800) * rng.gamma(4, 0.25, 60)[who]
    return audit(Audit(told, truth, kind[who].astype(object), None, "kind", "", seed, who))


def test_rows_of_one_customer_are_no_proof_of_a_gap() -> None:
    """Counted row by row, six in ten of these audits called equal groups apart."""
    runs = 25
    classes, numbers = [customers(seed) for seed in range(runs)], [machines(seed) for seed in range(runs)]
    for name in ("parity", "found", "false_alarms", "odds", "residual"):
        assert np.mean([getattr(one, name).low == 0 for one in classes]) >= floor(runs), name
    for name in ("residual", "error"):
        assert np.mean([getattr(one, name).low == 0 for one in numbers]) >= floor(runs), name
    assert all(customers(seed, gap=0.2, people=300, each=10).parity.clear for seed in range(3))


def test_a_group_of_one_customer_is_shown_and_not_compared() -> None:
    rng = np.random.default_rng(0)
    group, who = np.repeat(["a", "b", "c"], [300, 300, 200]).astype(object), np.concatenate([np.arange(600), np.full(200, 600)])
    told = rng.random(800)
    made = audit(Audit(told, (rng.random(800) < told).astype(float), group, told > 0.5, "g", "Yes", 0, who))
    assert [one.group for one in made.compared] == ["a", "b"]
    assert "“c” has rows of fewer than 5 groups of rows that go together: shown, but not compared." in made.sentences


def test_errors_are_not_compared_where_all_of_one_outcome_are_rows_of_one_customer() -> None:
    """All 25 of group “c” that came true are of one customer, of 200: found or not is one draw, and looked like 25."""
    rng = np.random.default_rng(0)
    group = np.repeat(["a", "b", "c"], [400, 400, 225]).astype(object)
    who = np.concatenate([np.arange(1000), np.full(25, 1000)])
    y = np.concatenate([rng.random(800) < 0.3, np.zeros(200), np.ones(25)]).astype(float)
    told = np.where(y > 0.5, 0.4, 0.2) + 0.4 * rng.random(1025)
    told[-25:] = 0.9
    made = audit(Audit(told, y, group, told > 0.5, "g", "Yes", 0, who))
    assert [one.group for one in made.compared if one.rich] == ["a", "b"]
    assert made.found.low == 0
    assert "“c”" not in next(line for line in made.sentences if "are found" in line or "those that are" in line)
    assert made.parity.high > 0
    two = group != "b"
    alone = audit(Audit(told[two], y[two], group[two], told[two] > 0.5, "g", "Yes", 0, who[two]))
    assert math.isnan(alone.found.difference)
    assert any("of too few groups of rows that go together, to compare the errors" in line for line in alone.sentences)


@pytest.mark.parametrize(("people", "share", "uneven"), [(12, 0.5, False), (40, 0.1, False), (40, 0.5, True), (150, 0.02, True)])
def test_intervals_of_a_rate_hold_the_truth_where_rows_are_of_few_customers(people: int, share: float, uneven: bool) -> None:
    """Customers have their own risk, with half of all spread between them, and some many more rows than others: row by row, half
    of the intervals missed the truth and more."""
    runs, held, alone = 300, np.zeros(2), 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        rows = np.minimum(5 * rng.zipf(1.8, people), 100) if uneven else np.full(people, 20)
        who = np.repeat(np.arange(people), rows)
        hits = rng.random(len(who)) < rng.beta(share, 1 - share, people)[who]
        rate, mean = share_rate(hits, who), mean_rate(rng.normal(size=people)[who] + rng.normal(size=len(who)), who)
        held += (rate.low <= share <= rate.high, mean.low <= 0 <= mean.high)
        plain = rate_of(int(hits.sum()), len(hits))
        alone += plain.low <= share <= plain.high
    assert (held / runs >= floor(runs)).all()
    assert alone / runs < 0.6


def test_intervals_of_a_rate_are_as_they_were_where_rows_stand_alone() -> None:
    rng, runs, held, wider = np.random.default_rng(0), 300, 0, []
    for _ in range(runs):
        hits, values, who = rng.random(600) < 0.2, rng.normal(size=600), np.repeat(np.arange(60), 10)
        rate = share_rate(hits, np.arange(600))
        assert (rate.low, rate.high) == pytest.approx((share_rate(hits, None).low, share_rate(hits, None).high), abs=1e-9)
        one, other = mean_rate(values, np.arange(600)), mean_rate(values)
        assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=1e-9)
        told = share_rate(hits, who)  # customers of ten rows that have nothing in common
        held += told.low <= 0.2 <= told.high
        wider.append((told.high - told.low) / (rate.high - rate.low))
    assert held / runs >= floor(runs)
    assert np.median(wider) < 1.15
    none, one_customer = np.zeros(400, dtype=bool), np.zeros(30, dtype=np.int64)
    assert share_rate(none, np.repeat(np.arange(40), 10)).high == pytest.approx(rate_of(0, 40).high)  # ten alike may be one
    assert share_rate(none[:30], one_customer).high > 0.7
    assert math.isnan(mean_rate(np.ones(30), one_customer).low)


def test_figures_of_groups_are_those_of_customers() -> None:
    """Shares, errors and residuals of both groups of 25 audits: row by row 33 % (selected) to 79 % held the truth."""
    runs = 25
    classes, numbers = [customers(seed) for seed in range(runs)], [machines(seed) for seed in range(runs)]
    for made, name, truth in ((classes, "selected", 0.5), (classes, "observed", 0.5), (classes, "found", 0.672),
                              (classes, "false_alarms", 0.333), (classes, "residual", 0.0), (numbers, "residual", 0.0),
                              (numbers, "error", 4.768)):
        rates = [getattr(group, name) for one in made for group in one.groups]
        assert np.mean([rate.low <= truth <= rate.high for rate in rates]) >= floor(2 * runs), name
    for rate in (point.observed for one in classes for group in one.groups for point in group.calibration):
        alone = rate_of(round(rate.value * rate.rows), rate.rows)
        assert rate.high - rate.low > alone.high - alone.low


def test_groups_of_rows_are_counted_once_in_a_test_of_means() -> None:
    """Of 300 tests of nothing at 5 % on 40 customers of 20 rows, some 15 are wrong."""
    together, wrong, inside = np.repeat(np.arange(40), 20), np.zeros(2), np.repeat(np.arange(40) < 15, 20)
    for seed in range(300):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=40)[together] + rng.normal(size=800)
        wrong += [welch(values, np.ones(800), inside, ~inside, codes).p < 0.05 for codes in (together, None)]
    assert wrong[0] <= 300 * (0.05 + 2 * np.sqrt(0.05 * 0.95 / 300))
    assert wrong[1] > 60
    alone = welch(values, np.ones(800), inside, ~inside)
    assert welch(values, np.ones(800), inside, ~inside, np.arange(800)).p == pytest.approx(alone.p, rel=0.2)
    assert welch(values, np.ones(800), together == 3, together != 3, together).p == 1.0
    assert codes_of(np.array(["a", None, "a", None], dtype=object)).tolist() == [0, 1, 0, 2]
    shares = [part / part.sum() for part in (inside, ~inside)]
    drawn = group_errors(shares, [values - values[part].mean() for part in (inside, ~inside)], together, 4000, rng)
    each = values.reshape(40, 20).mean(axis=1)
    expected = [each[part].std(ddof=1) / np.sqrt(part.sum()) for part in (np.arange(40) < 15, np.arange(40) >= 15)]
    assert np.quantile(np.abs(drawn), 0.68, axis=0) == pytest.approx(expected, rel=0.12)


@pytest.mark.parametrize(("rows", "rate"), [(10, 0.8), (20, 0.9), (50, 0.95), (50, 0.98), (50, 0.05)])
def test_a_few_rows_that_happen_to_agree_are_no_evidence(rows: int, rate: float) -> None:
    """Of 1,000 tests of nothing at 5 %, some 50 may be wrong: with the variances of both sides alone, a group whose rows all fail
    is found in 11 to 36 % of them. Nor where the scale is another."""
    wrong, inside = 0, np.arange(rows + 500) < rows
    for seed in range(1000):
        values = (np.random.default_rng(seed).random(rows + 500) < rate).astype(float)
        wrong += welch(values / 1000, np.ones(rows + 500), inside, ~inside).p < 0.05
    assert wrong <= 1000 * (0.05 + 2 * np.sqrt(0.05 * 0.95 / 1000))


def test_a_perfect_split_is_found() -> None:
    """All of one group fail and none of the other: nothing varies on either side, which was read as p = 1."""
    inside, ones = np.arange(300) < 60, np.ones(300)
    for scale in (1e-200, 1e-3, 1.0, 1e6):
        found = welch(scale * inside, ones, inside, ~inside)
        assert found.gap == pytest.approx(scale)
        assert found.p < 1e-9
        assert 0 < found.reach < 0.1 * scale
        assert welch(scale * ~inside, ones, inside, ~inside).p > 0.999
    assert welch(ones, ones, inside, ~inside).p == 0.5  # nothing differs
    for people, least, most in ((4, 0.01, 0.1), (20, 1e-9, 1e-4)):  # who have all their rows alike: fewer tell less
        who = np.arange(60) % people, people + np.arange(240) % people
        found = welch(inside.astype(float), ones, inside, ~inside, np.concatenate(who))
        assert least < found.p < most
        assert (found.reach < found.gap / 2) == (people == 20)
