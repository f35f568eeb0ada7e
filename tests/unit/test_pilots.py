"""Pilots: power as published, a fair draw, files that survive a spreadsheet, and verdicts that are earned."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.acting.action import ActionCard, Condition, Goal, Lever
from automl_core.acting.action import Change as Moved
from automl_core.acting.effects import Effect
from automl_core.acting.grading import Evidence, grade
from automl_core.acting.measured_rate import measured_rate, measured_rates
from automl_core.acting.moves import Move
from automl_core.acting.outcome import Outcome
from automl_core.acting.pilot_design import Draw, _strata, draw, due_date, plan_pilot, promised_change, rows_for, start_pilot
from automl_core.acting.pilot_files import assignment_frame, match_outcomes, pilot_table
from automl_core.acting.pilot_groups import correction, model_freedom
from automl_core.acting.pilot_open import open_first
from automl_core.acting.pilot_result import compare_sides, graded, in_order, judge, state_after
from automl_core.acting.pilots import Pilot, PilotChoice, PilotRows, money_of
from automl_core.acting.power import Change, chance_to_see, measure_power, total_rows
from automl_core.acting.statistics import rows_per_arm
from automl_core.acting.track_record import track_record
from automl_core.acting.wording import CardSubject, chance_decided, pilot_sentence
from automl_core.data.table import Column, Reading
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem
from automl_core.reporting.exports import safe_csv
from automl_core.reporting.sections import SectionInputs, make_sections
from pages.ui import pilot_charts
from pages.ui.theme import LIGHT

NAN = math.nan
PROBLEM = Problem("Churn", "binary", "roc_auc", ("No", "Yes"), "Yes")
GOAL = Goal("Churn", "No", value=700.0)
CARD = ActionCard(
    "Rows with a monthly contract", "Contract", "Month", "One year", 500, 0.3, 0.15, 0.15, 0.1, 0.2, 50_000.0, 30_000.0, 70_000.0,
    "C", 0.9, 0.07, "A sentence.", id="c1", from_values=("Month",), cost=20.0)  # fmt: skip
COLUMNS = (Column("customer", "text", "id"), Column("Contract", "text", "category"), Column("Churn", "bool", "category"))


def customers(rows: int = 600, seed: int = 0) -> PilotRows:
    rng = np.random.default_rng(seed)
    risk = rng.random(rows)
    y = (rng.random(rows) < risk).astype(np.int64)
    ids = [f"{number:05d}" if number % 3 else f"=C{number}" for number in range(rows)]
    contract = np.where(rng.random(rows) < 0.7, "Month", "One year")
    frame = pd.DataFrame({"customer": ids, "Contract": contract, "Churn": np.where(y == 1, "Yes", "No")})
    return PilotRows(frame, COLUMNS, y, risk, PROBLEM, GOAL)


def started(rows: PilotRows, card: ActionCard = CARD, choice: PilotChoice | None = None) -> tuple[Pilot, pd.DataFrame, Draw]:
    pilot, drawn = start_pilot(card, rows, choice or PilotChoice(rows=200, seed=1), datetime(2026, 11, 24, tzinfo=UTC))
    return pilot, assignment_frame(card, rows.frame, drawn, pilot.id_columns), drawn


def sent_back(table: pd.DataFrame, outcomes: list[str], target: str = "Churn") -> pd.DataFrame:
    """The pilot's file as it comes back from a spreadsheet: every cell a text, the outcome filled in."""
    text = safe_csv(table.assign(**{target: outcomes}))
    return pd.read_csv(io.BytesIO(text), dtype=str)


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
    assert freedom <= sum(len(pull) - 1 for pull in pulls) + 1e-9


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


def test_the_file_says_who_gets_what_and_is_safe_to_open() -> None:
    rows = customers()
    pilot, assignment, drawn = started(rows)
    table = pilot_table(pilot, assignment, "Churn")
    assert list(table.columns) == ["row", "customer", "arm", "change", "now", "set_to", "due", "Churn"]
    assert set(table.loc[table["arm"] == "treat", "set_to"]) == {"One year"}
    assert set(table.loc[table["arm"] == "hold", "set_to"]) == {""}
    assert list(table["row"]) == list(drawn.positions)
    text = safe_csv(table).decode()
    assert '"=C' not in text
    assert "\"'=C" in text
    number = replace(CARD, lever="Price", from_value="as it is", to_value="5 % lower", from_values=(), step=-0.05, relative=True)
    priced = replace(rows, frame=rows.frame.assign(Price=np.linspace(10, 50, 600)))
    _, assigned, _ = started(priced, number)
    moved = assigned[assigned["arm"] == "treat"]
    assert np.allclose(moved["set_to"].astype(float), moved["now"].astype(float) * 0.95, rtol=1e-4)


@pytest.mark.parametrize("gap", [False, True])
def test_numbers_are_handed_on_as_the_table_has_them(gap: bool) -> None:
    """An id that is rounded finds no row again, and “117,284” is another value than 117283.94."""
    rows, start = customers(), 12_345 if gap else 1_234_567_890_123_456
    ids = pd.Series(np.arange(start, start + 600))
    ids = ids.astype("float64").mask(rows.frame["Contract"] == "One year") if gap else ids  # a gap makes whole numbers decimal
    price = pd.Series(np.linspace(117_000, 118_000, 600).round(2))
    rows = replace(rows, frame=rows.frame.assign(customer=ids, Price=price))
    lower = replace(CARD, lever="Price", from_value="as it is", to_value="10 lower", from_values=(), step=-10.0,
                    conditions=(Condition("Contract", ("Month",)),))
    pilot, assignment, drawn = started(rows, lower)
    table = pilot_table(pilot, assignment, "Churn")
    assert list(table["customer"]) == [str(start + place) for place in drawn.positions]
    assert list(table["now"].astype(float)) == list(price.iloc[drawn.positions])
    treated = table[table["arm"] == "treat"]
    assert list(treated["set_to"].astype(float)) == list((price.iloc[drawn.positions[drawn.treated]] - 10).round(2))
    sent = sent_back(table, ["Yes"] * len(table)).drop(columns="row")
    assert match_outcomes(pilot, assignment, sent, PROBLEM).returned.matched == 200


@pytest.mark.parametrize("theirs", ["{:,}", "{}", "{}.0"])
def test_the_file_of_an_older_pilot_still_finds_its_rows(theirs: str) -> None:
    """Pilots of before kept numeric ids with marks, and their files have gone out so."""
    rows = customers()
    pilot, assignment, drawn = started(replace(rows, frame=rows.frame.assign(customer=np.arange(12_000, 12_600))))
    kept = assignment.assign(id_0=[f"{12_000 + place:,}" for place in drawn.positions])
    sent = sent_back(pilot_table(pilot, kept, "Churn"), ["Yes"] * 200).drop(columns="row")
    sent["customer"] = [theirs.format(12_000 + place) for place in drawn.positions]
    assert match_outcomes(pilot, kept, sent, PROBLEM).returned.matched == 200


def test_two_levers_moved_together_stay_together() -> None:
    both = replace(CARD, also=(Moved("Discount", ("No",), "Yes", cost=30.0),))
    rows = customers()
    rows = replace(rows, frame=rows.frame.assign(Discount="No"))
    pilot, assignment, _ = started(rows, both)
    treated = assignment[assignment["arm"] == "treat"]
    assert set(treated["change"]) == {"Contract + Discount"}
    assert set(treated["now"]) == {"Month + No"}
    assert set(treated["set_to"]) == {"One year + Yes"}
    assert "rows get “Contract” = “One year” and “Discount” = “Yes”" in pilot.sentence
    assert money_of(both, GOAL, 0.1, 10) == pytest.approx(10 * (70 - 50))


@pytest.mark.parametrize("spoil", ["none", "zeros", "shuffled", "extra"])
def test_outcomes_find_their_rows_again(spoil: str) -> None:
    pilot, assignment, _ = started(customers())
    table = pilot_table(pilot, assignment, "Churn")
    rng = np.random.default_rng(3)
    outcomes = list(np.where(rng.random(len(table)) < 0.3, "Yes", "No"))
    sent = sent_back(table, outcomes)
    if spoil == "zeros":
        sent["customer"] = [text.lstrip("0") + (".0" if text.isdigit() else "") for text in sent["customer"]]
    if spoil == "shuffled":
        sent = sent.sample(frac=1, random_state=0)
    if spoil == "extra":
        sent = pd.concat([sent, sent.head(2), sent.head(1).assign(customer="nobody")])
    matched = match_outcomes(pilot, assignment, sent, PROBLEM)
    assert matched.returned.matched == 200
    assert (matched.values == (np.array(outcomes) == "No")).all()
    assert (matched.treated == (assignment["arm"] == "treat").to_numpy()).all()
    if spoil == "extra":
        assert (matched.returned.unmatched, matched.returned.duplicates) == (1, 2)
        assert "1 line did not belong" in matched.returned.sentence


def test_a_blank_line_of_a_repeated_id_wipes_no_outcome() -> None:
    pilot, assignment, _ = started(customers())
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 200)
    again = sent.head(3).assign(Churn=[None, "", "No"])
    matched = match_outcomes(pilot, assignment, pd.concat([sent, again]), PROBLEM)
    assert (matched.returned.matched, matched.returned.duplicates, matched.returned.missing) == (200, 3, 0)
    assert list(matched.values[:4]) == [0, 0, 1, 0]
    assert "3 repeated lines, of which the last filled one counts" in matched.returned.sentence


def test_missing_outcomes_are_counted_and_wait() -> None:
    pilot, assignment, _ = started(customers())
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 50 + [""] * 149 + ["perhaps"])
    result = judge(pilot, match_outcomes(pilot, assignment, sent, PROBLEM))
    assert result.verdict == "open"
    assert (result.returned.missing, result.returned.unreadable) == (149, 1)
    assert "50 of 200 rows came back" in result.sentence
    assert "149 are still without one" in result.sentence
    single = match_outcomes(pilot, assignment, sent.assign(Churn=["Yes"] * 199 + [""]), PROBLEM)
    assert "1 is still without one" in single.returned.sentence
    assert state_after(result) == "running"
    empty = judge(pilot, match_outcomes(pilot, assignment, sent.assign(Churn=None), PROBLEM))
    assert empty.verdict == "open"
    assert "At least" in empty.sentence


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sent: sent.drop(columns="Churn"),
        lambda sent: sent.drop(columns=["customer", "row"]),
        lambda sent: sent.assign(customer="nobody"),
        lambda sent: sent.assign(customer=None),
        lambda sent: sent.head(0),
        lambda sent: sent.assign(Churn="perhaps"),
    ],
)
def test_files_that_cannot_be_used_get_a_sentence(spoil: object) -> None:
    pilot, assignment, _ = started(customers())
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 200)
    with pytest.raises(BadInput) as caught:
        match_outcomes(pilot, assignment, spoil(sent), PROBLEM)  # type: ignore[operator]
    assert caught.value.message.endswith(".")
    assert caught.value.hint


def test_a_table_without_ids_goes_by_row_and_numbers_are_read() -> None:
    rows = customers()
    y = np.random.default_rng(0).normal(100, 20, 600)
    problem = Problem("cost", "regression", "rmse")
    goal = Goal("cost", "low", value=2.0)
    plain = PilotRows(rows.frame[["Contract"]].assign(cost=y), COLUMNS[1:2], y, y, problem, goal)
    card = replace(CARD, adjusted=-30.0, low=-40.0, high=-20.0, cost=1.0)
    pilot, assignment, drawn = started(plain, card)
    table = pilot_table(pilot, assignment, "cost")
    assert list(table.columns) == ["row", "arm", "change", "now", "set_to", "due", "cost"]
    noise = np.random.default_rng(1).normal(100, 20, len(table)) - 30 * drawn.treated
    result = judge(pilot, match_outcomes(pilot, assignment, sent_back(table, [f"{v:.2f}" for v in noise], "cost"), problem))
    assert result.verdict == "raised"
    assert result.low < -30 < result.high
    assert result.delivered == pytest.approx(pilot.treated * (2.0 * -result.difference - 1.0))
    assert "grade A" in result.sentence
    assert result.sentence.startswith("Mean “cost”: ")


NO_FIRST = replace(PROBLEM, positive="No")


@pytest.mark.parametrize(("problem", "written", "means"), [
    (NO_FIRST, ("1", "0"), ("Yes", "No")), (NO_FIRST, ("1.0", "0.0"), ("Yes", "No")), (NO_FIRST, ("y", "n"), ("Yes", "No")),
    (PROBLEM, ("TRUE", "false"), ("Yes", "No")), (PROBLEM, ("ja", "nein"), ("Yes", "No")),
    (replace(PROBLEM, classes=("0", "1"), positive="0"), ("1", "0"), ("1", "0")),
    (replace(PROBLEM, classes=("0", "1"), positive="0"), ("1.0", "0.0"), ("1", "0")),
    (replace(PROBLEM, classes=("0", "1"), positive="0"), ("yes", "no"), ("1", "0")),
    (replace(PROBLEM, classes=("1", "2"), positive="2"), ("1.0", "2.0"), ("1", "2")),
    (replace(PROBLEM, classes=("Churned", "No"), positive="No"), ("1", "0"), ("Churned", "No")),
    (replace(PROBLEM, classes=("N", "Y"), positive="N"), ("1", "0"), ("Y", "N")),
])  # fmt: skip
def test_outcomes_mean_what_their_labels_mean_whichever_class_is_positive(
    problem: Problem, written: tuple[str, str], means: tuple[str, str]
) -> None:
    pilot, assignment, _ = started(customers())
    table, first = pilot_table(pilot, assignment, "Churn"), np.random.default_rng(2).random(200) < 0.3
    counted = replace(pilot, goal=replace(pilot.goal, good=means[0]))
    matched = match_outcomes(counted, assignment, sent_back(table, list(np.where(first, *written))), problem)
    assert matched.returned.unreadable == 0
    assert (matched.values == first).all()


@pytest.mark.parametrize("classes", [("left", "stayed"), ("1", "2"), ("on time", "late"), ("off", "sold")])
def test_one_and_zero_are_refused_where_no_label_means_yes(classes: tuple[str, str]) -> None:
    pilot, assignment, _ = started(customers())
    problem = replace(PROBLEM, classes=classes, positive=classes[0])
    with pytest.raises(BadInput, match="can be read, for example “0”") as caught:
        match_outcomes(pilot, assignment, sent_back(pilot_table(pilot, assignment, "Churn"), ["0"] * 200), problem)
    assert "Write one of: “" in caught.value.hint


@pytest.mark.parametrize(("reading", "written", "means"), [
    (Reading(",", "."), "1.234", 1234.0), (Reading(","), "1,234", 1.234), (Reading(".", ","), "1,234", 1234.0),
    (Reading(","), "1,5", 1.5), (Reading("."), "1,5", 1.5), (Reading(",", "."), "12.5", 12.5),
])  # fmt: skip
def test_numbers_that_come_back_are_read_as_the_column_was(reading: Reading, written: str, means: float) -> None:
    """A file of three-digit decimals alone does not say what its commas are; the table that it came from did."""
    pilot, assignment, _ = started(customers())
    problem, column = Problem("Churn", "regression", "rmse"), Column("Churn", "float", "number", reading=reading)
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), [written] * 200)
    assert set(match_outcomes(pilot, assignment, sent, problem, column).values) == {means}


def verdict(effect: float, seed: int = 4) -> tuple[Pilot, float]:
    """A pilot of 400 rows whose change truly moves the share that stays by `effect`."""
    rows = customers(900)
    pilot, assignment, drawn = started(rows, choice=PilotChoice(rows=400, seed=2))
    rng = np.random.default_rng(seed)
    stays = rng.random(len(assignment)) < 0.5 + effect * drawn.treated
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), list(np.where(stays, "No", "Yes")))
    result = judge(pilot, match_outcomes(pilot, assignment, sent, PROBLEM))
    return replace(pilot, result=result, state=state_after(result)), result.difference


def test_a_card_is_raised_or_retired_and_the_record_is_kept() -> None:
    raised, gain = verdict(0.25)
    nothing, _ = verdict(0.0)
    harm, _ = verdict(-0.25)
    assert (raised.state, nothing.state, harm.state) == ("raised", "retired", "retired")
    after = graded(CARD, raised)
    assert after.grade == "A"
    assert after.adjusted == gain
    assert after.net_low < after.net_value < after.net_high
    assert "measured" in after.sentence
    assert after.reasons == ("Chance decided who got the change among 400 rows, so it was measured and not only compared.",)
    assert "hidden" not in after.overturn
    assert graded(CARD, nothing).grade == "D"
    dearer = graded(CARD, raised, replace(GOAL, value=2 * GOAL.value))  # the goal as it is now, not as it was then
    assert dearer.net_value + 500 * CARD.cost == pytest.approx(2 * (after.net_value + 500 * CARD.cost))
    assert harm.result is not None
    assert "did harm" in harm.result.sentence
    assert graded(CARD, None) is CARD
    record = track_record([nothing, raised, replace(raised, state="running")])
    assert len(record.items) == 2
    assert record.promised == pytest.approx(raised.promised + nothing.promised)
    assert record.ratio_low < record.ratio < record.ratio_high
    assert record.sentence.startswith("Our last 2 cards promised € ")
    assert track_record([]).sentence == "No card has been measured by a pilot yet."
    free = replace(raised, promised=NAN, promised_low=NAN, promised_high=NAN)
    assert "outcomes" in track_record([free]).sentence


def test_a_pilot_measures_how_many_bad_outcomes_turn_good_and_its_range_holds_the_truth() -> None:
    """Of rows that end badly in 30 or 70 of 100 cases, 25 % turn good; the ranges hold that in 94 % or more of 400 pilots."""
    pilot, _ = verdict(0.25)
    assert pilot.result is not None
    held, treated, codes = 0, np.arange(400) % 2 == 0, np.arange(400)
    strata, bad = codes // 200, np.where(codes < 200, 0.3, 0.7)
    for seed in range(400):
        good = np.random.default_rng(seed).random(400) < 1 - bad * np.where(treated, 0.75, 1.0)
        found = compare_sides(good.astype(float), treated, strata, codes)
        result = replace(pilot.result, difference=found.difference, low=found.low, high=found.high, held_mean=found.held)
        made = measured_rate(replace(pilot, result=result))
        if made is None:
            held += found.high > 0  # nothing turned good on the whole, and none is offered
            continue
        held += made.low <= 0.25 <= made.high
    assert held >= 0.94 * 400


def test_only_what_an_ended_pilot_of_a_share_measured_is_offered() -> None:
    raised, gain = verdict(0.25)
    result, levers = raised.result, (Lever("Contract"),)
    assert result is not None
    made = measured_rate(raised)
    assert made is not None
    assert made.rate == pytest.approx(gain / (1 - result.held_mean), abs=6e-4)
    assert made.low < made.rate < made.high
    assert made.sentence.startswith("The pilot of “Contract” = “One year” measured that ")
    for other in (replace(raised, state="running"), replace(raised, state="cancelled"), replace(raised, is_rate=False),
                  replace(raised, result=None), replace(raised, result=replace(result, difference=-0.1)),
                  replace(raised, result=replace(result, early=True))):  # what shows early is not what shows in the end
        assert measured_rate(other) is None
    assert measured_rates([raised, raised], replace(GOAL, levers=levers)) == (made,)
    assert measured_rates([raised], GOAL) == ()  # it can be done no longer


def test_a_change_that_works_at_a_loss_is_not_rolled_out_and_leads_nothing() -> None:
    """Grade A says how sure the effect is; whether it is worth its cost is the money's to say."""
    raised, _ = verdict(0.25)
    pays, loses = graded(CARD, raised), graded(replace(CARD, cost=900.0), raised)
    doubtful = graded(replace(CARD, cost=150.0), raised)
    assert [card.grade for card in (pays, loses, doubtful)] == ["A"] * 3
    assert doubtful.net_low < 0 < doubtful.net_value
    assert pays.next_step.startswith("Roll it out")
    assert loses.next_step.startswith("Do not roll it out as it is")
    assert doubtful.next_step.startswith("It works, but may cost more than it brings")
    retired, free = graded(CARD, verdict(0.0)[0]), graded(replace(CARD, net_value=NAN), raised, replace(GOAL, value=0.0))
    assert free.next_step == pays.next_step
    assert in_order([retired, loses, CARD, doubtful, pays]) == (pays, CARD, loses, doubtful, retired)
    assert in_order([CARD, free]) == (free, CARD)


def test_a_record_without_money_adds_up_one_outcome_only() -> None:
    raised, _ = verdict(0.25)
    churn = replace(raised, promised=NAN)
    revenue = replace(churn, is_rate=False, goal=Goal("revenue", "high"), started=raised.started + timedelta(days=1))
    both = [churn, revenue]
    alone = track_record([churn])
    for goal, found, unit in ((churn.goal, churn, ""), (revenue.goal, revenue, "revenue"), (None, revenue, "revenue")):
        record = track_record(both, goal)
        assert (len(record.items), record.others, record.unit) == (1, 1, unit)
        assert record.promised == track_record([found]).promised
    assert track_record([churn, churn]).promised == pytest.approx(2 * alone.promised)
    assert track_record([raised, replace(revenue, promised=raised.promised)]).others == 0  # money adds up


def test_a_card_whose_amounts_changed_since_its_pilot_has_one_price() -> None:
    raised, _ = verdict(0.25)
    assert raised.result is not None
    told = graded(CARD, raised, GOAL)
    assert told.sentence == f"{CARD.who}. {raised.result.sentence}"
    assert "Delivered €" in told.sentence
    for card, goal in ((CARD, replace(GOAL, value=7000.0)), (CARD, replace(GOAL, currency="$")), (replace(CARD, cost=1.0), GOAL)):
        after = graded(card, raised, goal)
        assert "€" not in after.sentence
        assert "elivered" not in after.sentence
        assert after.sentence.startswith(told.sentence.partition(" Delivered")[0])
        assert after.sentence.endswith(raised.result.returned.sentence)
    column = replace(GOAL, value_column="fee")  # its mean moves with the table, and with it what the card is worth
    by_row = replace(raised, goal=column)
    for value, still in ((GOAL.value + 1e-6, True), (3 * GOAL.value, False)):
        assert ("Delivered €" in graded(CARD, by_row, replace(column, value=value)).sentence) is still
    costly = replace(raised, card=replace(CARD, cost=900.0), result=replace(raised.result, delivered=-5.0))
    assert "does not pay" not in graded(CARD, costly, GOAL).sentence


def test_a_report_has_one_price_after_the_amounts_changed() -> None:
    raised, _ = verdict(0.25)
    asked = replace(GOAL, levers=(Lever("Contract", ("One year",), cost=CARD.cost),))
    found = SectionInputs(pilots=(raised,), record=track_record([raised], asked))
    told = " ".join(make_sections(found, asked)[0].lines)
    assert "promised € " in told
    assert "Delivered € " in told
    dearer = replace(asked, levers=(replace(asked.levers[0], cost=1.0),))
    for goal in (replace(asked, value=7000.0), replace(asked, currency="$"), dearer, replace(asked, levers=())):
        record = track_record([raised], goal)
        (section,) = make_sections(replace(found, record=record), goal)
        assert "€" not in " ".join(section.lines)
        assert section.lines[0] == record.sentence
        assert "outcomes" in record.sentence
        assert section.lines[1].endswith(graded(replace(CARD, cost=1.0), raised, goal).sentence.removeprefix(f"{CARD.who}. "))


def test_a_report_says_why_a_card_was_retired() -> None:
    for effect, why in ((-0.25, "retired, because it did harm"), (0.0, "retired, because the effect was not seen")):
        (section,) = make_sections(SectionInputs(pilots=(verdict(effect)[0],)))
        assert why in section.lines[0]


def test_amounts_of_different_outcomes_add_up_in_money_alone() -> None:
    raised, _ = verdict(0.25)
    euros = replace(raised, is_rate=False, goal=replace(GOAL, outcome="cost", good="high"))
    both = track_record([raised, euros])
    assert (len(both.items), both.currency, both.others) == (2, GOAL.currency, 0)
    later = replace(euros, promised=NAN, started=raised.started + timedelta(days=1))
    newest, asked = track_record([raised, later]), track_record([raised, later], replace(GOAL, value=7000.0))
    assert (len(newest.items), newest.unit, newest.others) == (1, "cost", 1)
    assert newest.sentence.startswith("The only measured card promised ")
    assert newest.sentence.endswith(" Another measured card was of another outcome and is not counted here.")
    assert (len(asked.items), asked.unit, asked.others) == (1, "", 1)
    assert "outcomes and delivered" in asked.sentence
    nothing = track_record([raised, later], Goal("visits", "low"))
    assert (nothing.items, nothing.others) == ((), 2)
    assert nothing.sentence == "No card of this goal has been measured by a pilot yet."


def test_a_record_of_numbers_without_money_counts_in_the_number() -> None:
    raised, _ = verdict(0.25)
    number = replace(raised, is_rate=False, goal=Goal("cost", "high"), promised=NAN)
    assert re.match(r"The only measured card promised [\d.]+ in “cost” and delivered", track_record([number]).sentence)
    drawn = pilot_charts.record(track_record([number]), LIGHT)
    assert "outcome" not in drawn.alt
    assert drawn.figure.layout.xaxis.title.text == "Worth of the treated rows, cost"
    harm, _ = verdict(-0.25)
    turned = pilot_charts.record(track_record([replace(harm, promised=NAN)]), LIGHT)
    assert re.search(r"delivered −\d+ outcomes", turned.alt)
    assert turned.figure.layout.xaxis.title.text == "Worth of the treated rows, outcomes"


def test_what_chance_decided_is_said_alike_with_a_pilot_and_without() -> None:
    effect = Effect(0.2, 0.1, 0.3, 0.001, 0.05, 0.2, 1.0, np.ones(300, dtype=bool), 5, 0.2, 1.0, 600)
    letter, why = grade(Evidence(effect, 0.001, wanted=True, pays=True, randomised=True))
    raised, _ = verdict(0.25)
    assert (letter, why) == ("A", (chance_decided(),))
    assert tuple(reason.replace(" among 400 rows", "") for reason in graded(CARD, raised).reasons) == why


def test_no_range_of_a_share_goes_beyond_all_of_it() -> None:
    pilot, assignment, _ = started(customers(), replace(CARD, adjusted=0.5, low=0.45, high=0.55), PilotChoice(seed=1))
    outcomes = np.where(assignment["arm"] == "treat", "No", "Yes")
    back = sent_back(pilot_table(pilot, assignment, "Churn"), list(outcomes))
    result = judge(pilot, match_outcomes(pilot, assignment, back, PROBLEM))
    assert result.high > 1
    assert " to +100.0 points)" in result.sentence
    ended = replace(pilot, result=result, state=state_after(result))
    assert graded(CARD, ended).high == 1
    assert graded(CARD, ended).net_high == pytest.approx(CARD.rows * (GOAL.value - CARD.cost))
    assert pilot.possible(-1.2) == -1
    assert replace(pilot, is_rate=False).possible(12.0) == 12


def test_outcomes_that_go_missing_on_one_side_keep_the_pilot_open() -> None:
    rows = customers(900)
    pilot, assignment, drawn = started(rows, choice=PilotChoice(rows=400, seed=2))
    outcomes = np.where(np.random.default_rng(0).random(400) < 0.5, "No", "Yes").astype(object)
    outcomes[np.flatnonzero(drawn.treated)[:70]] = ""
    result = judge(
        pilot, match_outcomes(pilot, assignment, sent_back(pilot_table(pilot, assignment, "Churn"), list(outcomes)), PROBLEM)
    )
    assert result.verdict == "open"
    assert "unevenly" in result.sentence


def test_no_verdict_before_outcomes_are_due_unless_asked_for() -> None:
    """Whoever looks every day stops at a good one: what came early is kept and not compared."""
    rows = customers(900)
    pilot, assignment, drawn = started(rows, choice=PilotChoice(rows=400, seed=2, days=10))
    stays = np.random.default_rng(4).random(400) < 0.5 + 0.25 * drawn.treated
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), list(np.where(stays, "No", "Yes")))
    matched = match_outcomes(pilot, assignment, sent, PROBLEM)
    waiting = judge(pilot, matched, date(2026, 12, 3))
    assert (waiting.verdict, waiting.waits) == ("open", True)
    assert math.isnan(waiting.difference)
    assert waiting.sentence.startswith("400 of 400 rows came back with an outcome. Outcomes are due on 4 December 2026, and")
    early = judge(pilot, matched, date(2026, 12, 3), early=True)
    assert (early.verdict, early.early, early.waits) == ("raised", True, False)
    assert "decided before outcomes were due on 4 December 2026" in early.sentence
    (measured,) = re.findall(r"a difference of ([+−][\d.]+) points", early.sentence)
    assert f"Measured {measured} (" in pilot_charts.promised(replace(pilot, result=early), LIGHT).alt, "the same digits"
    assert "decided before" in graded(CARD, replace(pilot, result=early, state="raised"), replace(GOAL, value=1.0)).sentence
    few = match_outcomes(pilot, assignment, pilot_table(pilot, assignment, "Churn"), PROBLEM)
    nothing = judge(pilot, few, date(2026, 12, 3))
    assert (nothing.verdict, nothing.waits) == ("open", False), "no verdict to offer on a file without outcomes"
    assert "At least 10 on each side are needed" in nothing.sentence
    for then in (judge(pilot, matched, date(2026, 12, 4)), judge(pilot, matched, date(2026, 12, 5), early=True)):
        assert (then.verdict, then.early) == ("raised", False)
        assert "decided before" not in then.sentence


def test_due_dates() -> None:
    assert due_date(datetime(2026, 11, 24, 23, 0, tzinfo=UTC), 30) == "2026-12-24"
    with pytest.raises(BadInput):
        due_date(datetime(2026, 11, 24, tzinfo=UTC), 0)


def test_all_alike_outcomes_give_an_interval_with_width() -> None:
    treated = np.arange(100) % 2 == 0
    found = compare_sides(np.ones(100), treated, np.zeros(100, dtype=np.int64), np.arange(100))
    assert found.low < 0 < found.high
    tiny = compare_sides(np.array([0.0, 1.0]), np.array([True, False]), np.zeros(2, dtype=np.int64), np.arange(2))
    assert tiny.difference == -1


def test_a_card_that_counts_the_class_nobody_wants_promises_the_same() -> None:
    """A card that lowers churn has negative figures; a pilot counts those who stay, a measured card churn again."""
    rows = customers()
    down = replace(CARD, adjusted=-0.15, low=-0.2, high=-0.1, better="down", now=0.4, then=0.25)
    plain, turned = started(rows)[0], started(rows, down)[0]
    assert turned.promised == pytest.approx(plain.promised)
    assert turned.promised_low == pytest.approx(plain.promised_low)
    assert turned.promised > 0
    assert turned.power.chance == pytest.approx(plain.power.chance)
    measured, gain = verdict(0.25)
    card = graded(down, measured)
    assert card.adjusted == -gain
    assert card.then == pytest.approx(card.now - gain)
    assert card.low < card.adjusted < card.high < 0
    assert card.net_value == pytest.approx(graded(CARD, measured).net_value)


def test_a_pilot_says_its_day_as_pages_do() -> None:
    pilot, _, _ = started(customers())
    assert pilot.sentence.endswith("Outcomes are due on 24 December 2026.")


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


def test_the_file_of_another_pilot_is_refused_and_sides_that_were_switched_are_said() -> None:
    rows = customers()
    pilot, assignment, _ = started(rows)
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 200)
    with pytest.raises(BadInput, match="another pilot: it changes “Discount”, this one “Contract”"):
        match_outcomes(pilot, assignment, sent.assign(change="Discount"), PROBLEM)
    assert match_outcomes(pilot, assignment, sent.assign(change=None), PROBLEM).returned.matched == 200
    assert match_outcomes(pilot, assignment, sent.drop(columns=["change", "arm"]), PROBLEM).returned.switched == 0
    assert "other side" not in match_outcomes(pilot, assignment, sent, PROBLEM).returned.sentence
    sent.loc[:2, "arm"] = sent.loc[:2, "arm"].map({"treat": "hold", "hold": "treat"})
    found = match_outcomes(pilot, assignment, sent, PROBLEM)
    assert found.returned.switched == 3
    assert "3 lines name the other side than was drawn" in found.returned.sentence
    assert (found.treated == (assignment["arm"] == "treat").to_numpy()).all()


def test_the_file_of_another_pilot_of_the_same_column_is_refused_by_what_it_sets() -> None:
    rows = customers()
    pilot, assignment, _ = started(rows)
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 200)
    other = sent["set_to"].where(sent["set_to"].isna(), "Two years")
    with pytest.raises(BadInput, match="another pilot: it sets “Contract” to “Two years”, this one to “One year”"):
        match_outcomes(pilot, assignment, sent.assign(set_to=other), PROBLEM)
    for harmless in (None, sent["set_to"].str.upper(), sent["set_to"].where(sent.index > 50, "Two years")):
        assert match_outcomes(pilot, assignment, sent.assign(set_to=harmless), PROBLEM).returned.matched == 200
    number = replace(CARD, lever="Price", from_value="as it is", to_value="5 % lower", from_values=(), step=-0.05, relative=True)
    priced = replace(rows, frame=rows.frame.assign(Price=np.linspace(10, 50, 600)))
    pilot, assignment, _ = started(priced, number)
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 200)
    figures = sent["set_to"].astype(float)
    german = figures.map(lambda value: f"{value:.2f}".replace(".", ","), na_action="ignore")
    assert match_outcomes(pilot, assignment, sent.assign(set_to=german), PROBLEM).returned.matched == 200
    with pytest.raises(BadInput, match="another pilot: it sets “Price”"):
        match_outcomes(pilot, assignment, sent.assign(set_to=(figures / 0.95 * 0.9).astype(str).replace("nan", "")), PROBLEM)


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


@pytest.mark.parametrize("mark", ["=", "+", "-", "@"])
def test_names_that_a_spreadsheet_would_calculate_do_not_part_a_pilot_from_its_file(mark: str) -> None:
    """The file carries a formula guard's apostrophe in front of such a lever, id or outcome; the names of the pilot do not."""
    lever, key, target = f"{mark}30 day rate", f"{mark}customer", f"{mark}Churn"
    rows = customers()
    frame = rows.frame.rename(columns={"Contract": lever, "customer": key, "Churn": target})
    columns = (Column(key, "text", "id"), Column(lever, "text", "category"), Column(target, "bool", "category"))
    problem = replace(PROBLEM, target=target)
    rows = replace(rows, frame=frame, columns=columns, problem=problem, goal=replace(GOAL, outcome=target))
    pilot, assignment, _ = started(rows, replace(CARD, lever=lever))
    sent = sent_back(pilot_table(pilot, assignment, target), ["Yes"] * 200, target)
    assert sent["change"].iloc[0] == f"'{lever}"
    assert {f"'{key}", f"'{target}"} <= set(sent.columns)
    assert match_outcomes(pilot, assignment, sent, problem).returned.matched == 200
    with pytest.raises(BadInput, match="it changes “=Discount”, this one"):
        match_outcomes(pilot, assignment, sent.assign(change="'=Discount"), problem)
