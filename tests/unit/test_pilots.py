"""Verdicts of pilots that are earned: grades, money, measured rates, and the record of all."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from automl_core.acting.action import Goal, Lever
from automl_core.acting.effects import Effect
from automl_core.acting.grading import Evidence, grade
from automl_core.acting.measured_rate import measured_rate, measured_rates
from automl_core.acting.pilot_files import match_outcomes, pilot_table
from automl_core.acting.pilot_result import graded, in_order, judge, state_after
from automl_core.acting.pilots import PilotChoice
from automl_core.acting.track_record import track_record
from automl_core.acting.two_sides import compare_sides
from automl_core.acting.wording import chance_decided
from automl_core.reporting.sections import SectionInputs, make_sections
from automl_core.workspace.pilot_sides import _by_ids
from pages.ui import pilot_charts
from pages.ui.theme import LIGHT
from tests.unit.piloting import CARD, GOAL, NAN, PROBLEM, customers, sent_back, started, verdict


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


def test_a_verdict_that_came_early_is_said_and_not_summed() -> None:
    """A third of what a card brings in 90 days shows in ten: told as delivered, it made the promise look three times too high."""
    due, _ = verdict(0.25)
    assert due.result is not None
    early = replace(due, id="early", result=replace(due.result, early=True, delivered=due.result.delivered / 3))
    record, alone = track_record([early, due]), track_record([due])
    assert replace(record, early=0, sentence="") == replace(alone, sentence="")
    assert (record.early, record.others, len(record.items)) == (1, 0, 1)
    assert record.sentence == f"{alone.sentence} Another card was decided before its outcomes were due and is not counted here."
    both = track_record([early, early, due]).sentence
    assert both.endswith(" 2 more cards were decided before their outcomes were due and are not counted here.")
    none = track_record([early])
    assert (none.items, none.early) == ((), 1)
    assert none.sentence == "No card has been measured by a pilot until its outcomes were due."


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
    assert newest.sentence.endswith(" Another measured card was for another goal and is not counted here.")
    assert (len(asked.items), asked.unit, asked.others) == (1, "", 1)
    assert "outcomes and delivered" in asked.sentence
    gold = replace(raised, promised=NAN, goal=replace(GOAL, outcome="tier", good="gold"))
    silver = replace(gold, id="silver", goal=replace(gold.goal, good="silver"), started=raised.started + timedelta(days=1))
    apart = track_record([gold, silver])
    assert (len(apart.items), apart.items[0].pilot, apart.others) == (1, "silver", 1)
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
    assert result.high >= 1
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


@pytest.mark.parametrize("gaps", [0, 1, 2, 198])
def test_rows_without_an_id_do_not_hide_a_running_pilot_from_a_table_made_anew(gaps: int) -> None:
    """Two of them among the drawn rows freed all the others, and one held every row without an id of the new table."""
    rows = customers()
    ids = rows.frame["customer"].astype(object)
    drawn = started(rows)[2].positions  # by the seed alone, so that the same rows are drawn
    ids.iloc[drawn[:gaps]] = None
    pilot, assignment, _ = started(replace(rows, frame=rows.frame.assign(customer=ids)))
    anew = pd.DataFrame({"customer": [*ids[::-1], *[None] * 40]})
    found = _by_ids(pilot, assignment, anew)
    assert found == {599 - at: arm for at, arm in zip(drawn[gaps:], assignment["arm"][gaps:], strict=True)}
    whole = pd.Series(np.arange(600.0)).mask(ids.isna())
    pilot, assignment, _ = started(replace(rows, frame=rows.frame.assign(customer=whole)))
    assert len(_by_ids(pilot, assignment, pd.DataFrame({"customer": np.arange(650)})) or ()) == 200 - gaps
    assert _by_ids(pilot, assignment.assign(id_0="missing"), anew) is None
