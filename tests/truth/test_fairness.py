"""Audits of known truth: equal groups, a planted gap in selection, in errors, and in calibration; numbers too."""

from __future__ import annotations

import numpy as np

from automl_core.explaining import Audit, Fairness, audit
from automl_core.explaining.fairness_counts import odds_spread, share_spread


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
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate

    rng = np.random.default_rng(5)
    group = rng.choice(["a", "b", "c"], 900).astype(object)
    y, selected = (rng.random(900) < 0.4).astype(int), rng.random(900) < np.where(group == "c", 0.45, 0.3)
    metrics = {"s": selection_rate, "t": true_positive_rate, "f": false_positive_rate}
    frame = MetricFrame(metrics=metrics, y_true=y, y_pred=selected.astype(int), sensitive_features=group)
    made = audit(Audit(np.full(900, 0.4), y.astype(float), group, selected, "g", "Yes"))
    for one in made.groups:
        assert np.isclose(one.selected.value, frame.by_group.loc[one.group, "s"])
        assert np.isclose(one.found.value, frame.by_group.loc[one.group, "t"])
        assert np.isclose(one.false_alarms.value, frame.by_group.loc[one.group, "f"])
    gaps, ratios = frame.difference(), frame.ratio()
    for spread, name in ((made.parity, "s"), (made.found, "t"), (made.false_alarms, "f")):
        assert np.isclose(spread.difference, gaps[name])
        assert np.isclose(spread.ratio, ratios[name])
    assert np.isclose(made.odds.difference, gaps[["t", "f"]].max())
    assert np.isclose(made.odds.ratio, ratios[["t", "f"]].min())


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
