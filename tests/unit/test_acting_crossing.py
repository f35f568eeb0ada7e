"""Groups that are picked from all rows and measured on rows that did not choose them, on gains that are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Lever, Options, Roles, desk, find_actions, move_groups, pairs, trials
from automl_core.acting import splits as acting_splits
from automl_core.acting.action import Change, Condition
from automl_core.acting.conditions import all_hold
from automl_core.acting.crossing import PARTS, Crossed, Group, crossed_policies
from automl_core.acting.effects import Effect, best_of, estimate
from automl_core.acting.moves import Move
from automl_core.acting.policy import Leaf, Objective, Sides, surest_side
from automl_core.acting.scores import Scores, category_scores
from automl_core.acting.splits import Splits, candidates, make_splits
from automl_core.acting.stage import Stage, Trial
from automl_core.acting.wording import JUST_PAYS, JUST_WORKS
from automl_core.data.table import Column
from automl_core.framing.dependent import codes_of, effective

NOBODY = Crossed((), np.zeros(0, dtype=bool), 0)
COLUMNS = (Column("age", "float", "number"), Column("pay", "float", "number"), Column("region", "text", "category"))


def table(seed: int, rows: int) -> tuple[pd.DataFrame, np.random.Generator]:
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "age": generator.normal(40, 10, rows), "pay": generator.normal(size=rows),
        "region": generator.choice(["north", "south", "east", "west"], rows),
    })  # fmt: skip
    frame.loc[generator.random(rows) < 0.1, "pay"] = np.nan
    return frame, generator


def surely(gain: np.ndarray, rows: np.ndarray) -> float:
    """The mean gain of some rows in standard errors."""
    return float(gain[rows].sum() / np.sqrt((gain[rows] ** 2).sum())) if rows.any() else 0.0


def test_a_box_is_picked_from_all_rows_and_measured_on_nearly_all_of_its_rows() -> None:
    frame, generator = table(0, 3000)
    inside = ((frame["age"] >= 42) & (frame["pay"] >= 0)).to_numpy()
    gain = np.where(inside, 1.0, -1.0) + generator.normal(0, 4, 3000)
    everyone = np.ones(3000, dtype=bool)
    objective = Objective(gain, everyone, everyone, 100)
    found = next(crossed_policies(make_splits(frame, COLUMNS), objective, gain, np.arange(3000) % PARTS))
    (group,) = found.groups
    picked = all_hold(group.leaf, frame)
    assert (picked == inside).mean() > 0.9
    assert group.told is not None
    assert (group.told & picked).sum() > 0.8 * picked.sum()
    assert surely(gain, found.halves) > 3


def test_a_slope_needs_one_condition() -> None:
    """One split is not made two for what chance adds."""
    one = 0
    for seed in range(10):
        frame, generator = table(seed, 2000)
        gain = (frame["age"].to_numpy() - 42) / 10 + generator.normal(0, 4, 2000)
        everyone = np.ones(2000, dtype=bool)
        objective = Objective(gain, everyone, everyone, 100)
        found = next(crossed_policies(make_splits(frame, COLUMNS), objective, gain, np.arange(2000) % PARTS))
        columns = {condition.column for group in found.groups for condition in group.leaf}
        one += columns == {"age"}
    assert one >= 7


def groups_of(frame: pd.DataFrame, own: np.ndarray) -> list[Trial]:
    """The groups of a move whose gain on each row is `own`."""
    rows = len(frame)
    everyone, none, ones = np.ones(rows, dtype=bool), np.zeros(rows), np.ones(rows)
    parts = np.arange(rows) % PARTS
    scores = Scores(own, own, ones, everyone, everyone, everyone, everyone, ones, ones, ones, none, none, parts % 5, None)
    stage = Stage(frame, own, False, parts, parts % 5, parts, None, make_splits(frame, COLUMNS), 1.0, False, 0)
    root = estimate(scores, everyone)
    assert root is not None
    return move_groups._crossed(Trial(Move(Lever("offer")), (), scores, root, everyone, False, None, root), stage, 0.0)


@pytest.mark.parametrize(("sizes", "told"), [([1940, 3], False), ([50, 50, 50], True)])
def test_rows_worth_fewer_than_two_groups_tell_of_no_effect(sizes: list[int], told: bool) -> None:
    """Twenty customers of 1.1 customers' worth had an error and a range that ends."""
    groups = np.repeat(np.arange(19 + len(sizes)), [*sizes[:1], *[3] * 19, *sizes[1:]])
    rows = len(groups)
    everyone, none, ones = np.ones(rows, dtype=bool), np.zeros(rows), np.ones(rows)
    own = np.random.default_rng(0).normal(1, 1, rows)
    parts = np.arange(rows) % PARTS
    scores = Scores(own, own, ones, everyone, everyone, everyone, everyone, ones, ones, ones, none, none, parts % 5, groups)
    assert (estimate(scores, everyone) is not None) == told
    assert (effective(ones, codes_of(groups)) >= 2) == told


@pytest.mark.parametrize(("worth", "beats"), [(0.0, False), (1_000.0, True)])
def test_two_changes_that_cost_money_do_not_pay_where_rows_are_worth_none(worth: float, beats: bool) -> None:
    """Their costs were taken for nothing there, so that the larger effect won."""
    rows = 400
    everyone, none, ones = np.ones(rows, dtype=bool), np.zeros(rows), np.ones(rows)
    parts, frame = np.arange(rows) % PARTS, pd.DataFrame({"age": ones, "offer": "old"})

    def trial(effect: float, also: tuple[Change, ...] = ()) -> Trial:
        own = effect + np.random.default_rng(0).normal(0, 0.1, rows)
        scores = Scores(own, own, ones, everyone, everyone, everyone, everyone, ones, ones, ones, none, none, parts % 5, None)
        root = estimate(scores, everyone)
        assert root is not None
        return Trial(Move(Lever("offer", cost=5.0)), (), scores, root, everyone, True, None, root, also)

    stage = Stage(frame, none, False, parts, parts % 5, parts, None, make_splits(frame, ()), 1.0, True, 0,
                         values=np.full(rows, worth))
    both = trial(2.0, (Change("gift", ("no",), "yes", 5.0),))
    assert pairs._beats(both, everyone, (trial(1.0), trial(0.5)), stage) == beats


def test_intervals_of_groups_that_were_picked_hold() -> None:
    """By 1.96 errors one in ten misses: a cut that chance favours is favoured in nearly all folds at once."""
    covered, shown = 0, 0
    for seed in range(500, 550):
        frame, generator = table(seed, 1200)
        true = np.where(frame["age"] >= 42, 1.0, -0.3)
        for group in groups_of(frame, true + generator.normal(0, 4, 1200)):
            if group.conditions:
                shown, effect = shown + 1, best_of(group.effect, group.rules, 0.0)
                covered += effect.low <= true[group.rows].mean() <= effect.high
    assert shown >= 40
    assert covered >= 0.93 * shown


def test_a_second_group_has_to_hold_by_itself_on_the_other_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a group that pays chance finds a second one, and what both bring together says nothing of it."""
    frame, generator = table(0, 1200)
    old = (frame["age"] >= 42).to_numpy()
    leaves = [(Condition("age", (), low=42.0),), (Condition("age", (), high=42.0),)]
    gain = np.where(old, 2.0, 1.0) + generator.normal(0, 4, 1200)
    everyone = np.ones(1200, dtype=bool)
    monkeypatch.setattr(move_groups, "MOST_ROWS", 0)  # the proof by halves alone
    for halves, held in ((everyone, [True, True]), (old, [True, False])):
        found = Crossed(tuple(Group(leaf, everyone & all_hold(leaf, frame)) for leaf in leaves), halves, 1)
        monkeypatch.setattr(move_groups, "crossed_policies", lambda *args, found=found: (found,))
        assert [group.effect.p < 0.01 for group in groups_of(frame, gain)] == held


def test_the_range_of_a_card_answers_for_its_group_being_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    """And ends where the change just pays: that it pays was shown by the plain range."""
    frame, generator = table(3, 1500)
    had = generator.random(1500) < 0.5
    lost = 0.5 - np.where(frame["age"] >= 42, 0.3, -0.05) * had
    frame = frame.assign(offer=np.where(had, "new", "old"), y=np.where(generator.random(1500) < lost, "yes", "no"))
    told: list[tuple[int, float, float, Effect]] = []

    def shown(effect: Effect, rules: int, stop: float, cost: float) -> Effect:
        told.append((rules, stop, effect.high, best_of(effect, rules, stop, cost)))
        return told[-1][-1]

    monkeypatch.setattr(desk, "best_of", shown)
    (card,) = find_actions(frame, "y", "no", [Lever("offer", ("new",), cost=3.0)], options=Options(value=100.0)).cards
    rules, stop, plain, wider = told[0]
    assert (rules, stop) == (1 + len(card.conditions), -0.03)
    assert card.high == wider.high > plain
    assert card.high <= stop
    assert card.net_low == pytest.approx(card.rows * (-100 * card.high - 3))
    assert JUST_PAYS not in card.overturn

    def cut(effect: Effect, rules: int, stop: float, cost: float) -> Effect:
        return best_of(effect, 10**12, stop, cost)  # so wide that only what it takes to pay ends the range

    monkeypatch.setattr(desk, "best_of", cut)
    (near,) = find_actions(frame, "y", "no", [Lever("offer", ("new",), cost=3.0)], options=Options(value=100.0)).cards
    assert (near.high, near.net_low) == (stop, 0.0)
    assert near.overturn.endswith(JUST_PAYS)
    (free,) = find_actions(frame, "y", "no", [Lever("offer", ("new",))]).cards  # without money
    assert (free.high, free.overturn.endswith(JUST_WORKS)) == (0.0, True)


def test_what_chance_makes_of_noise_does_not_hold_on_the_other_half() -> None:
    """Gains smoothed over all rows tell each tree what its held rows hold; the halves pick by the rows' own scores."""
    folds_sure = halves_sure = 0
    for seed in range(60):
        frame, generator = table(100 + seed, 1200)
        own = generator.normal(0, 4, 1200)
        cells = pd.qcut(frame["age"], 6).astype("str") + frame["region"]
        smooth = pd.Series(own).groupby(cells).transform("mean").to_numpy()
        everyone = np.ones(1200, dtype=bool)
        objective = Objective((own + smooth) / 2, everyone, everyone, 100)
        found = next(crossed_policies(make_splits(frame, COLUMNS), objective, own, np.arange(1200) % PARTS), NOBODY)
        sure = any(group.told is not None and surely(own, group.told) > 1.96 for group in found.groups)
        folds_sure += sure
        halves_sure += sure and surely(own, found.halves) > 1.96
    assert folds_sure >= 8
    assert halves_sure <= 6


def test_halves_pick_by_what_no_model_of_the_other_half_told(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"x": generator.normal(size=600), "lever": generator.choice(["new", "old"], 600)})
    frame["y"] = np.where(generator.random(600) < 0.4 + 0.1 * (frame["x"] > 0), "yes", "no")
    scored = category_scores
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    def asked(splits: Splits, objective: Objective, own: np.ndarray, folds: np.ndarray) -> tuple[Crossed, ...]:
        seen.append((objective.gain, own))
        return ()

    def told_nothing(*args: Any) -> Scores:
        made = scored(*args)
        assert made is not None
        return replace(made, told=np.zeros(600))

    monkeypatch.setattr(move_groups, "crossed_policies", asked)
    find_actions(frame, "y", "no", [Lever("lever", ("new",))])
    monkeypatch.setattr(trials, "category_scores", told_nothing)
    find_actions(frame, "y", "no", [Lever("lever", ("new",))])
    (gain, own), (other_gain, other_own) = seen
    assert not np.allclose(gain, other_gain)
    assert np.allclose(own, other_own)


def test_pairs_are_picked_by_what_no_model_of_the_other_half_told(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"x": generator.normal(size=600), "lever": generator.choice(["new", "old"], 600)})
    frame["y"] = np.where(generator.random(600) < 0.4 + 0.1 * (frame["x"] > 0), "yes", "no")
    seen: list[np.ndarray] = []

    def asked(splits: Splits, objective: Objective) -> tuple[Leaf, ...]:
        seen.append(objective.gain)
        return ()

    def both(whole: Trial, stage: Stage, cost: float) -> list[Trial]:
        for told in (whole.scores.told, np.zeros(600)):
            move_groups._looked(replace(whole, scores=replace(whole.scores, told=told)), stage, cost)
        return []

    monkeypatch.setattr(move_groups, "fit_policy", asked)
    monkeypatch.setattr(move_groups, "_crossed", both)
    find_actions(frame, "y", "no", [Lever("lever", ("new",))])
    with_told, without = seen
    assert np.ptp(without) > 0
    assert np.allclose(with_told, without)


def test_nobody_is_moved_where_every_row_loses_and_everybody_where_every_row_gains() -> None:
    frame, _ = table(0, 1000)
    rows, splits = np.ones(1000, dtype=bool), make_splits(frame, COLUMNS)
    for gain, leaves in ((-1.0, []), (1.0, [()])):
        gains = np.full(1000, gain)
        found = next(crossed_policies(splits, Objective(gains, rows, rows, 50), gains, np.arange(1000) % PARTS), NOBODY)
        assert [group.leaf for group in found.groups] == leaves


def test_an_edge_between_two_coarse_cuts_is_found() -> None:
    frame, generator = table(3, 4000)
    edge = float(frame["age"].quantile(11 / 24))
    inside = ((frame["age"] >= edge) & (frame["region"] != "north")).to_numpy()
    gain = np.where(inside, 1.0, -1.0) + generator.normal(0, 1, 4000)
    everyone = np.ones(4000, dtype=bool)
    objective = Objective(gain, everyone, everyone, 100)
    found = next(crossed_policies(make_splits(frame, COLUMNS), objective, gain, np.arange(4000) % PARTS))
    (group,) = found.groups
    assert (all_hold(group.leaf, frame) == inside).mean() > 0.99  # the nearest of eleven quantiles is wrong on three rows in 100


def test_a_card_asks_for_the_pilot_that_would_be_dealt() -> None:
    """Copies count once in a card's range, and are dealt one by one: a card spoke of whole groups, and of half as many rows again
    as the page that plans its pilot."""
    frame, generator = table(3, 1500)
    had = generator.random(1500) < 0.5
    lost = 0.5 - np.where(frame["age"] >= 42, 0.3, -0.05) * had
    frame = frame.assign(offer=np.where(had, "new", "old"), y=np.where(generator.random(1500) < lost, "yes", "no"))
    levers, options = [Lever("offer", ("new",), cost=3.0)], Options(value=100.0)
    copied, houses = pd.concat([frame] * 2, ignore_index=True), frame.assign(house=np.arange(1500) // 3)
    assert "whole groups" not in find_actions(copied, "y", "no", levers, options=options).cards[0].next_step
    assert "in whole groups" in find_actions(houses, "y", "no", levers, Roles(group="house"), options).cards[0].next_step


def test_two_looks_share_the_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second rule is asked where the first does not hold, and costs three times its p value."""
    frame, generator = table(0, 1200)
    old = (frame["age"] >= 42).to_numpy()
    gain = np.where(old, 2.0, 0.0) + generator.normal(0, 4, 1200)
    everyone = np.ones(1200, dtype=bool)
    monkeypatch.setattr(move_groups, "MOST_ROWS", 0)  # the proof by halves alone

    def rule(edge: Condition, halves: np.ndarray) -> Crossed:
        return Crossed((Group((edge,), everyone & all_hold((edge,), frame)),), halves, 1)

    good, idle = rule(Condition("age", (), low=42.0), old), rule(Condition("age", (), high=42.0), ~old)
    told = {}
    for name, rules in {"first": (good, idle), "second": (idle, good)}.items():
        monkeypatch.setattr(move_groups, "crossed_policies", lambda *args, rules=rules: iter(rules))
        (told[name],) = groups_of(frame, gain)
    assert told["first"].conditions == told["second"].conditions == good.groups[0].leaf
    assert told["second"].effect.p == pytest.approx(2 * told["first"].effect.p)
    assert (told["first"].rules, told["second"].rules) == (2, 3)
    plain = estimate(told["first"].scores, old)
    assert plain is not None
    assert told["first"].effect.p == pytest.approx(1.5 * plain.p)


def test_the_surest_side_is_one_of_the_fewer_rows() -> None:
    """Of many regions one always gains least by chance: the rest without it is surer than all, and no better."""
    none = np.zeros((4, 4))
    sides = Sides(np.array([100.0, 1.0, 60.0, 41.0]), np.array([400.0, 100.0, 225.0, 275.0]),
                  np.array([2_800.0, 200.0, 1_400.0, 1_600.0]), none, none, none)
    assert surest_side(sides, 100) == ((2,),)
    assert surest_side(sides, 1_500) is None


def test_many_levels_leave_room_for_other_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six sets of levels a column at most, and of a table with very many sides the commonest levels alone."""
    generator = np.random.default_rng(0)
    names = [f"c{place}" for place in range(6)]
    frame = pd.DataFrame({name: [f"v{one:02d}" for one in generator.integers(0, 20, 4000)] for name in names})
    frame["age"] = generator.normal(40, 10, 4000)
    columns = (*(Column(name, "text", "category") for name in names), Column("age", "float", "number"))
    splits = make_splits(frame, columns)
    gain = np.where(frame["age"] >= 45, 0.4, -0.4) + generator.normal(0, 4, 4000)
    sums = splits.sums(np.column_stack([gain, np.ones(4000)]))
    cuts = candidates(splits, sums[:, 0], sums[:, 1])
    sets = [splits.sides[cut[0]].column for cut in cuts if len(cut) > 1]
    assert max(map(sets.count, names)) <= 6
    assert any(splits.sides[cut[0]].column == "age" for cut in cuts)
    monkeypatch.setattr(acting_splits, "MOST_SIDES", 100)
    few = make_splits(frame, columns)
    assert len([side for side in few.sides[::2] if side.column == "c0"]) == 8
    assert len([side for side in splits.sides[::2] if side.column == "c0"]) == 20
