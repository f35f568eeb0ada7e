"""Pilots before they begin: power as published, and a fair draw of the rows that there are."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from automl_core.acting.action import Condition, Lever
from automl_core.acting.effects import Effect
from automl_core.acting.moves import Move
from automl_core.acting.outcome import Outcome
from automl_core.acting.pilot_design import _strata, draw, due_date, plan_pilot, promised_change, rows_for
from automl_core.acting.pilot_files import match_outcomes, pilot_table
from automl_core.acting.pilot_groups import correction, model_freedom
from automl_core.acting.pilot_open import open_first, told_by_draw
from automl_core.acting.pilot_result import judge
from automl_core.acting.pilots import PilotChoice, PilotRows
from automl_core.acting.power import Change, chance_to_see, measure_power, total_rows
from automl_core.acting.statistics import rows_per_arm
from automl_core.acting.wording import CardSubject, pilot_sentence
from automl_core.errors import BadInput
from tests.unit.piloting import CARD, PROBLEM, customers, sent_back, started


def test_power_is_that_of_the_published_figures() -> None:
    # The study gives 411, 126 and 293 for rates it printed with three digits; those digits give 411.5, 125.7 and 293.8 rows.
    assert rows_per_arm(0.414, 0.320) == pytest.approx(411, abs=1)
    assert rows_per_arm(0.309, 0.160) == 126
    assert rows_per_arm(0.309, 0.208) == pytest.approx(293, abs=1)
    for now, then in ((0.414, 0.32), (0.309, 0.16), (0.309, 0.208)):
        needed = rows_per_arm(now, then)
        assert chance_to_see(Change(now, then), needed, needed) == pytest.approx(0.8, abs=0.005)
    power = measure_power(Change(0.309, 0.160, 0.208), available=3875)
    assert (power.per_arm, power.per_arm_weak, power.treated, power.held) == (126, 294, 126, 126)
    assert power.chance == pytest.approx(0.8, abs=0.01)
    assert 0.3 < power.chance_weak < 0.6
    assert power.smallest == pytest.approx(0.149, abs=0.003)
    assert "126 rows on each side" in power.sentence


def test_the_chance_with_the_rows_there_are() -> None:
    """The brief's card: 312 customers, 55.1 % to 42.5 %, two times 246 needed."""
    change = Change(0.551, 0.425, 0.482)
    power = measure_power(change, available=312)
    assert power.per_arm == 246
    assert (power.treated, power.held) == (156, 156)
    assert power.chance == pytest.approx(0.61, abs=0.02)
    assert "no more rows can be drawn" in power.sentence
    assert measure_power(Change(10.0, 12.0, spread=5.0), 1000).per_arm == 99
    assert measure_power(Change(0.5, 0.5), 100).sentence.startswith("No pilot")
    assert total_rows(100, 0.5) == 200
    assert total_rows(100, 0.2) == 313
    with pytest.raises(BadInput):
        measure_power(change, 100, treated_share=0.99)


def test_a_range_that_ends_at_nothing_says_that_no_pilot_sees_its_weak_end() -> None:
    """The range of a picked group ends where the change just pays: at nothing, where it is free."""
    rows = customers()
    told = plan_pilot(replace(CARD, low=0.0), rows, PilotChoice())
    assert (told.per_arm_weak, told.chance_weak) == (0, 0.0)
    assert told.per_arm == plan_pilot(CARD, rows, PilotChoice()).per_arm
    assert " (none can if the true change is at the weak end, which is no change at all)" in told.sentence
    down = replace(CARD, adjusted=-0.15, low=-0.2, high=0.0, better="down")
    assert "(none can if" in plan_pilot(down, rows, PilotChoice()).sentence
    assert "weak end" not in plan_pilot(replace(CARD, low=-0.05), rows, PilotChoice()).sentence
    made = Outcome(rows.y.astype(np.float64), "“Churn” = “Yes”", True, "share of rows")
    effect = Effect(0.15, 0.1, 0.2, 0.001, 0.05, 0.2, 1.0, np.ones(600, dtype=bool), 5, 0.2, 1.0, 600)
    subject = CardSubject(Move(Lever("Contract"), ("Month",), "One year"), (), effect, made, 0.4)
    assert re.search(r"2 × \d+ rows \(2 × \d+ if the true change is at the weak end\)\.$", pilot_sentence(subject))
    few = pilot_sentence(replace(subject, effect=replace(effect, moved=np.ones(70, dtype=bool))))
    assert few.endswith(". Only 70 of the rows with an outcome are such, so it has to take others, too.")
    ends = pilot_sentence(replace(subject, effect=replace(effect, low=0.0)))
    assert ends.endswith(" rows (no number is enough if the true change is at the weak end, which is no change at all).")


@settings(max_examples=60, deadline=None)
@given(st.integers(20, 400), st.sampled_from([0.2, 0.5, 0.7]), st.integers(0, 2**31))
def test_draw_is_fair_and_balanced(size: int, share: float, seed: int) -> None:
    rows = customers()
    allowed = rows_for(CARD, rows.frame)
    size = min(size, int(allowed.sum()))
    drawn = draw(CARD, rows, PilotChoice(size, share, seed=seed), size)
    assert len(drawn.positions) == size
    assert len(np.unique(drawn.positions)) == size
    assert allowed[drawn.positions].all()
    assert abs(drawn.treated.sum() - share * size) <= 1
    for stratum in np.unique(drawn.strata):
        inside = drawn.strata == stratum
        assert abs(drawn.treated[inside].sum() - share * inside.sum()) <= 1
    again = draw(CARD, rows, PilotChoice(size, share, seed=seed), size)
    assert (again.positions == drawn.positions).all()
    assert (again.treated == drawn.treated).all()


def test_no_two_pilots_draw_alike_unless_a_seed_says_so() -> None:
    """A seed that nobody chose is kept with the pilot, so that its draw can be made again; one of 0 was chosen."""
    rows = customers()
    made = [started(rows, choice=PilotChoice(rows=200)) for _ in range(3)]
    assert len({pilot.choice.seed for pilot, _, _ in made} - {None}) == 3
    assert len({tuple(drawn.positions) for _, _, drawn in made}) == 3
    for pilot, _, drawn in made:
        again = draw(CARD, rows, pilot.choice, 200)
        assert (again.positions == drawn.positions).all()
        assert (again.treated == drawn.treated).all()
    pilot, _, drawn = started(rows, choice=PilotChoice(rows=200, seed=0))
    assert pilot.choice.seed == 0
    assert (drawn.positions == started(rows, choice=PilotChoice(rows=200, seed=0))[2].positions).all()


def with_open(rows: PilotRows, still: np.ndarray) -> PilotRows:
    """The rows as they are while those `still` (n,) have no outcome."""
    churn = rows.frame["Churn"].where(~still)
    return replace(rows, y=np.where(still, np.nan, rows.y), frame=rows.frame.assign(Churn=churn))


def test_rows_where_one_can_still_act_are_drawn_and_others_only_when_asked_for() -> None:
    rows = customers(900)
    able, still = rows_for(CARD, rows.frame), np.arange(900) % 3 == 0
    mixed, open_ones = with_open(rows, still), np.flatnonzero(able & still)
    pilot, _, drawn = started(mixed, choice=PilotChoice(rows=100, seed=1))
    assert len(drawn.positions) == 100
    assert set(drawn.positions) <= set(open_ones)
    assert "None of them has an outcome yet." in pilot.sentence
    assert pilot.power.available == len(open_ones)
    few = plan_pilot(CARD, mixed, PilotChoice(rows=400))
    assert few.treated + few.held == len(open_ones) < 400
    assert f"there are {len(open_ones)}. {int((able & ~still).sum())} rows that have ended can be added." in few.sentence
    little = replace(CARD, adjusted=CARD.adjusted / 5, low=CARD.low / 5, high=CARD.high / 5)
    weak = plan_pilot(little, mixed, PilotChoice(rows=400))
    assert "and those are all that are open. Only rows without an outcome yet" in weak.sentence
    assert "no more rows can be drawn" not in weak.sentence  # others are named in the next sentence
    more, _, drawn = started(mixed, choice=PilotChoice(rows=400, seed=1, ended=True))
    assert set(drawn.positions) >= set(open_ones)
    assert len(drawn.positions) == 400
    for stratum in np.unique(drawn.strata):  # what differs most, whether it has ended, is the same on both sides
        inside = drawn.strata == stratum
        assert abs(drawn.treated[inside].sum() - inside.sum() / 2) <= 1
    ended = ~still[drawn.positions]
    assert drawn.strata[ended].min() > drawn.strata[~ended].max()
    assert f"{len(open_ones)} of them have no outcome yet; {400 - len(open_ones)} have ended" in more.sentence
    one = with_open(rows, np.arange(900) == open_ones[0])
    with pytest.raises(BadInput, match=r"Only 1 row without an outcome can get this change.*Add rows that have ended"):
        plan_pilot(CARD, one, PilotChoice())
    past, _, before = started(rows)
    assert "They are past rows, and the change is for their next period." in past.sentence
    assert "They are past rows" in past.power.sentence
    other = with_open(rows, ~able)  # none that this card is about
    assert (draw(CARD, other, PilotChoice(seed=1), 200).positions == before.positions).all()


def test_power_of_open_rows_goes_by_what_is_known_of_them() -> None:
    """Open rows of a low risk: what they would do is as their predictions say; how alike groups are, past ones tell."""
    rows = customers(4000)
    about = rows_for(CARD, rows.frame)
    still = (rows.risk < 0.3) & about
    mixed = with_open(rows, still)
    now = promised_change(CARD, mixed, open_first(about, about, mixed, ended=False)).now
    assert now == pytest.approx(1 - rows.y[still].mean(), abs=0.03)
    store = np.arange(4000) // 20
    y = (np.random.default_rng(1).random(4000) < np.where(store % 2, 0.8, 0.2)).astype(np.float64)
    grouped = replace(rows, y=y, frame=rows.frame.assign(store=store), problem=replace(PROBLEM, group="store"))
    half = with_open(grouped, store % 4 < 2)
    whole, told = plan_pilot(CARD, grouped, PilotChoice()), plan_pilot(CARD, half, PilotChoice())
    assert told.per_arm == pytest.approx(whole.per_arm, rel=0.2)
    drawn = draw(CARD, half, PilotChoice(seed=1, ended=True), 1600)
    assert set(store[drawn.positions]) >= set(store[rows_for(CARD, rows.frame) & (store % 4 < 2)])
    mixed_stores = with_open(grouped, np.arange(4000) % 20 < 3)
    drawn = draw(CARD, mixed_stores, PilotChoice(seed=1, ended=True), 4000)
    assert (drawn.positions % 20 < 3).all() or not set(store[drawn.positions[drawn.positions % 20 < 3]]) & set(
        store[drawn.positions[drawn.positions % 20 >= 3]])


def test_rows_that_have_ended_are_not_drawn_unasked_where_other_pilots_have_all_open_ones() -> None:
    rows = customers(900)
    still = np.arange(900) % 3 == 0
    taken = replace(with_open(rows, still), busy=frozenset(np.flatnonzero(still).tolist()))
    with pytest.raises(BadInput, match=r"No row without an outcome that no other pilot has .*Add rows that have ended.* or wait"):
        plan_pilot(CARD, taken, PilotChoice())
    assert len(draw(CARD, taken, PilotChoice(seed=1), 100).positions) == 0
    asked, _, drawn = started(taken, choice=PilotChoice(rows=100, seed=1, ended=True))
    assert "They are past rows" in asked.sentence
    assert not still[drawn.positions].any()


@pytest.mark.parametrize(("ended", "share", "apart"), [(0.5, 0.5, True), (0.93, 0.5, True), (0.1, 0.2, True), (0.99, 0.5, False)])
def test_no_stratum_holds_open_rows_and_such_that_have_ended(ended: float, share: float, apart: bool) -> None:
    """But where one kind has fewer than four units a side: it joins the other."""
    rows = customers(600)
    mask = np.arange(300) >= 300 * (1 - ended)
    risk = rows.risk[:300]
    made = _strata(risk, mask, share)
    mixed = [part for part in np.unique(made) if len(np.unique(mask[made == part])) > 1]
    assert (not mixed) == apart
    assert np.array_equal(np.unique(made), np.arange(made.max() + 1))
    assert 9 <= made.max() + 1 <= 11
    assert min(np.bincount(made)) * min(share, 1 - share) >= 4
    for kind in (mask, ~mask):
        assert (np.diff(made[kind][np.argsort(risk[kind])]) >= 0).all()


def test_what_rows_would_do_is_that_of_those_that_will_be_drawn() -> None:
    """A hundred open rows of a low risk and thousands that ended: of two hundred half are open."""
    rows = customers(10_000)
    still = (rows.risk < 0.2) & rows_for(CARD, rows.frame) & (np.cumsum((rows.risk < 0.2) & rows_for(CARD, rows.frame)) <= 100)
    mixed, about = with_open(rows, still), rows_for(CARD, rows.frame)
    told = plan_pilot(CARD, mixed, PilotChoice(rows=200, ended=True))
    alone = plan_pilot(CARD, mixed, PilotChoice(rows=100))
    past = plan_pilot(CARD, rows, PilotChoice(rows=200))
    assert alone.per_arm < told.per_arm < 0.95 * past.per_arm, (alone.per_arm, told.per_arm, past.per_arm)
    able = open_first(about, about, mixed, ended=True)
    assert able.open == 100
    kinds = [1 - rows.risk[still].mean(), 1 - rows.risk[about & ~still].mean()]
    for size, wanted in ((50, kinds[0]), (200, np.mean(kinds)), (0, 1 - rows.risk[about].mean())):
        assert promised_change(CARD, mixed, able, size).now == pytest.approx(wanted, abs=0.02), size


def test_rows_of_one_group_stay_on_one_side() -> None:
    rows = customers()
    house = np.repeat(np.arange(200), 3)
    grouped = replace(rows, frame=rows.frame.assign(house=house), problem=replace(PROBLEM, group="house"))
    drawn = draw(CARD, grouped, PilotChoice(seed=5), 200)
    for name in np.unique(house[drawn.positions]):
        assert len(np.unique(drawn.treated[house[drawn.positions] == name])) == 1
    assert 200 <= len(drawn.positions) <= 203


def stores(groups: int, size: int) -> PilotRows:
    """Customers of a few stores; all have the contract of the card."""
    rows = customers(groups * size)
    frame = rows.frame.assign(Contract="Month", store=np.repeat(np.arange(groups), size))
    return replace(rows, frame=frame, problem=replace(PROBLEM, group="store"))


def test_a_pilot_of_groups_has_groups_on_both_sides() -> None:
    """Sizes are reached by whole groups: one store is no pilot, and two are told apart by what sets stores apart."""
    with pytest.raises(BadInput, match="have 8 values of “store”, each of which goes to one side as a whole, and a pilot needs"):
        plan_pilot(CARD, stores(8, 100), PilotChoice())
    many = stores(30, 150)
    with pytest.raises(BadInput, match="rows with the same “store” stay together") as caught:
        plan_pilot(CARD, many, PilotChoice(rows=200))
    assert caught.value.hint == "Choose 1,800 or more."
    for share in (0.5, 1 / 3, 0.8):
        pilot, _, drawn = started(many, CARD, PilotChoice(treated_share=share, seed=0))
        for side in (True, False):
            assert len(np.unique(drawn.groups[drawn.treated == side])) >= 6
        assert (pilot.power.treated, pilot.power.held) == (pilot.treated, pilot.held)
        assert "1,200 rows on each side (8 groups) see the promised change" in pilot.power.sentence
        assert pilot.power.sentence.startswith("Rows with the same “store” go to one side together")


def test_rows_that_are_alike_make_a_pilot_larger() -> None:
    rows = stores(200, 10)
    same = np.random.default_rng(0).random(200)[np.repeat(np.arange(200), 10)] < 0.5
    alike, unlike = replace(rows, y=same.astype(np.int64)), rows
    asked, plain = plan_pilot(CARD, alike, PilotChoice()), plan_pilot(CARD, unlike, PilotChoice())
    assert asked.per_arm > 8 * plain.per_arm
    assert "are alike, so 10.0 times as many are needed" in asked.sentence
    assert "alike" not in plain.sentence


def test_a_pilot_of_few_groups_stays_open() -> None:
    """An old pilot of two stores, or one whose stores did not all send: no verdict on what sets stores apart."""
    rows = stores(30, 150)
    pilot, assignment, drawn = started(rows, CARD, PilotChoice(seed=0))
    sides = [np.unique(drawn.groups[drawn.treated == side])[:5] for side in (True, False)]
    kept = np.isin(drawn.groups, np.concatenate(sides))
    back = sent_back(pilot_table(pilot, assignment, "Churn"), list(np.where(~kept, "", np.where(drawn.treated, "No", "Yes"))))
    result = judge(pilot, match_outcomes(pilot, assignment, back, rows.problem))
    assert result.verdict == "open"
    assert "They are of 5 groups with the change and 5 without" in result.sentence


def test_one_group_that_does_not_report_is_not_rows_missing_unevenly() -> None:
    """Fifty rows of one of seven stores without the change: by rows p was 1e-16, by stores it is what one of fourteen may do."""
    rows = stores(14, 50)
    pilot, assignment, drawn = started(rows, CARD, PilotChoice(rows=700, seed=0))
    table, held = pilot_table(pilot, assignment, "Churn"), np.unique(drawn.groups[~drawn.treated])
    ends = np.where(drawn.treated | (np.random.default_rng(0).random(len(table)) < 0.3), "No", "Yes")

    def judged(lost: NDArray[np.bool_]) -> str:
        back = sent_back(table, list(np.where(lost, "", ends)))
        return judge(pilot, match_outcomes(pilot, assignment, back, rows.problem)).sentence

    assert "missing unevenly" not in judged(drawn.groups == held[0])
    half = np.arange(len(table)) % 2 == 0
    assert "missing unevenly" in judged(~drawn.treated & half & (np.random.default_rng(1).random(len(table)) < 0.7))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(1, 50), min_size=2, max_size=9), min_size=1, max_size=4))
def test_what_groups_of_unequal_size_tell_is_that_of_the_matrices(sizes: list[list[int]]) -> None:
    """The expected variance and its freedom, written out; never less corrected, nor freer, than groups of one size are."""
    pulls = [np.array(one) / sum(one) for one in sizes]
    shares = [sum(one) / sum(map(sum, sizes)) for one in sizes]
    expected, spread = 0.0, 0.0
    for share, pull in zip(shares, pulls, strict=True):
        off = np.eye(len(pull)) - pull[:, None]  # what lies off the mean, by the groups' sums; these vary as their shares squared
        corrected = share**2 * (off.T @ np.diag(correction(pull)) @ off) @ np.diag(pull**2)
        assert np.trace(corrected) >= share**2 * (pull**2).sum() * (1 - 1e-9)
        assert (correction(pull) >= 1 / (1 - pull) - 1e-9).all()
        expected, spread = expected + np.trace(corrected), spread + np.trace(corrected @ corrected)
    freedom = model_freedom(list(zip(shares, pulls, strict=True)))
    assert freedom == pytest.approx(expected**2 / spread)
    assert freedom <= sum(len(pull) - 1 for pull in pulls) + 1e-6


def test_groups_of_one_size_tell_as_much_as_there_are() -> None:
    assert correction(np.full(8, 1 / 8)) == pytest.approx(np.full(8, 8 / 7))
    assert model_freedom([(0.5, np.full(8, 1 / 8)), (0.5, np.full(8, 1 / 8))]) == pytest.approx(14)
    assert model_freedom([(1.0, np.ones(1))]) == 1.0  # one group alone tells nothing
    assert correction(np.ones(1)) == 1.0


def test_only_rows_of_the_card_are_drawn() -> None:
    rows = customers()
    narrow = replace(CARD, conditions=(Condition("customer", ("00001", "00002")),))
    assert rows_for(narrow, rows.frame).sum() <= 2
    with pytest.raises(BadInput, match="can get this change, and"):
        plan_pilot(narrow, rows, PilotChoice())
    with pytest.raises(BadInput, match="pattern"):
        plan_pilot(replace(CARD, grade="D"), rows, PilotChoice())
    with pytest.raises(BadInput):
        plan_pilot(CARD, rows, PilotChoice(rows=3))


def test_due_dates() -> None:
    assert due_date(datetime(2026, 11, 24, 23, 0, tzinfo=UTC), 30) == "2026-12-24"
    with pytest.raises(BadInput):
        due_date(datetime(2026, 11, 24, tzinfo=UTC), 0)


def test_a_pilot_of_the_size_it_asks_for_can_be_judged() -> None:
    """A huge effect asks for a handful of rows by the formula, and a handful is never compared."""
    huge = measure_power(Change(100.0, 20.0, 30.0, spread=30.0), available=500)
    assert (huge.per_arm, huge.treated, huge.held) == (13, 13, 13)
    assert huge.sentence.startswith("13 rows on each side, the fewest of which 10 are left if a fifth is lost, see the promised")
    uneven = measure_power(Change(100.0, 20.0, spread=30.0), 500, treated_share=0.8)
    assert (uneven.treated, uneven.held) == (52, 13)
    rows = customers()
    sure = replace(CARD, adjusted=0.5, low=0.45, high=0.55)
    for share in (0.5, 1 / 3, 0.8):
        pilot, assignment, _ = started(rows, sure, PilotChoice(treated_share=share, seed=1))
        outcomes = np.where(assignment["arm"] == "treat", "No", "Yes")
        back = sent_back(pilot_table(pilot, assignment, "Churn"), list(outcomes))
        assert judge(pilot, match_outcomes(pilot, assignment, back, PROBLEM)).verdict == "raised"
        for lost in ("treat", "hold"):  # two of one side, then two of the other as well
            back.loc[back.index[back["arm"] == lost][:2], "Churn"] = ""
            assert judge(pilot, match_outcomes(pilot, assignment, back, PROBLEM)).verdict == "raised"
    with pytest.raises(BadInput, match="too few for this pilot"):
        plan_pilot(CARD, rows, PilotChoice(rows=20, treated_share=0.8))


def test_rows_of_another_running_pilot_are_not_drawn() -> None:
    """Two changes at once on one row could not be told apart."""
    rows = customers()
    _, _, first = started(rows)
    busy = replace(rows, busy=frozenset(first.positions.tolist()))
    pilot, _, second = started(busy)
    assert not set(first.positions) & set(second.positions)
    assert pilot.power.available == rows_for(CARD, rows.frame).sum() - 200
    assert pilot.power.sentence.endswith(" 200 rows are left out, because another pilot is running on them.")
    assert "left out" not in started(rows)[0].power.sentence
    with pytest.raises(BadInput, match="that no other pilot has can get this change"):
        plan_pilot(CARD, replace(rows, busy=frozenset(range(599))), PilotChoice())
    house = np.repeat(np.arange(200), 3)
    frame, problem = rows.frame.assign(house=house), replace(PROBLEM, group="house")
    grouped = replace(rows, frame=frame, problem=problem, busy=frozenset({0, 30}))
    assert not set(house[draw(CARD, grouped, PilotChoice(), 600).positions]) & {0, 10}


def test_rows_that_the_model_learned_from_say_nothing_of_what_its_strata_tell() -> None:
    """Half of the rows are told by a model that knows their outcomes; the others by one that says 10 points too little."""
    rows, rng = customers(2000), np.random.default_rng(3)
    learned, still = rng.random(2000) < 0.5, rng.random(2000) < 0.3
    told = with_open(replace(rows, risk=np.where(learned & ~still, rows.y, rows.risk - 0.1)), still)
    plain = replace(told, unseen=np.where(learned, np.nan, told.risk))
    alone = with_open(replace(rows, risk=rows.risk - 0.1), still | learned)
    about, asked = rows_for(CARD, rows.frame), PilotChoice(rows=200)
    assert told_by_draw(about, plain, 100) == told_by_draw(about, alone, 100)
    assert told_by_draw(about, plain, 100) < told_by_draw(about, told, 100) - 0.2
    drawn = open_first(about, about, plain, ended=False)
    assert promised_change(CARD, plain, drawn).now == pytest.approx(1 - rows.risk[about & still].mean(), abs=0.03)
    none = replace(told, unseen=np.full(2000, np.nan))
    assert told_by_draw(about, none, 100) == 0.0
    assert plan_pilot(CARD, none, asked).chance < plan_pilot(CARD, plain, asked).chance
    better = replace(plain, unseen=np.where(learned, np.nan, rows.y))  # another model, which tells more than the one that deals
    assert told_by_draw(about, better, 100) == told_by_draw(about, plain, 100)


@pytest.mark.parametrize(("size", "share"), [(201, 0.5), (205, 0.5), (203, 0.5), (201, 0.3), (215, 0.3), (201, 0.7)])
def test_the_plan_names_the_sides_that_the_draw_makes(size: int, share: float) -> None:
    """Of 201 rows it named 100 and 101, and 101 and 100 were drawn."""
    pilot, _, _ = started(customers(), choice=PilotChoice(size, share, seed=1))
    assert (pilot.power.treated, pilot.power.held) == (pilot.treated, pilot.held)
