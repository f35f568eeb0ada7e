"""What a report leads with and advises: its headline, its cards, its list and the next step."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from automl_core.acting.action import Change, Condition, Goal
from automl_core.acting.action_list import ActionRow
from automl_core.acting.decisions import rank_rows
from automl_core.framing.problem import Problem, Verdict
from automl_core.reporting import ReportInputs, make_report
from automl_core.reporting.sections import SectionInputs
from automl_core.search.plan import Score
from tests.unit.piloting import CARD, verdict
from tests.unit.reporting import EVIL, PROBLEM, SUMMARY, inputs


def test_a_measured_loss_neither_leads_nor_is_advised() -> None:
    made = inputs()
    (card,) = made.cards[:1]
    loss = replace(card, grade="A", measured=True, lever="Coupon", net_value=-5_000.0, net_low=-9_000.0, net_high=-1_000.0,
                   next_step="Do not roll it out as it is.", overturn="Other rows.")
    for cards in ((loss, card), (loss,)):
        report = make_report(replace(made, cards=cards))
        assert "Coupon" not in report.next_step
        assert "Coupon" not in " ".join(report.actions)
    doubtful = replace(loss, net_value=5_000.0, net_high=9_000.0)
    assert make_report(replace(made, cards=(doubtful, card))).next_step.startswith("“Contract”")
    assert make_report(replace(made, cards=(replace(doubtful, net_low=1.0), card))).next_step.startswith("“Coupon”")


def test_each_card_of_a_report_tells_the_three_numbers_and_what_would_overturn_it() -> None:
    """The adjusted one stood alone, and what would overturn a card was told of the first."""
    made = inputs()
    first = replace(made.cards[0], counted="“Churn” = “Yes”", raw_gap=-0.31, what_if=-0.14, adjusted=-0.15, better="down")
    other = replace(first, lever="Coupon", raw_gap=-0.05, overturn="Other rows.")
    report = make_report(replace(made, cards=(first, other)))
    told = [text for text in report.actions if "Evidence" in text]
    assert len(told) == 2
    for text, gap in zip(told, ("31.0", "5.0"), strict=True):
        assert (f". Change of “Churn” = “Yes”: as seen in the data −{gap} points, as the model says −14.0 points, like with like "
                "−15.0 points. Evidence C") in text
    assert [text for text in report.sure if text.startswith("On moving ")] == [
        "On moving “Contract”: a hidden factor could.", "On moving “Coupon”: other rows."]
    twice = make_report(replace(made, cards=(first, replace(other, lever="Contract", to_value="Two year"))))
    assert [text for text in twice.sure if text.startswith("On ")] == [
        "On “Contract” = “One year”: a hidden factor could.", "On “Contract” = “Two year”: other rows."]
    groups = make_report(replace(made, cards=(replace(first, who="Rows with “age” below 30"),
                                              replace(other, lever="Contract", who="Rows with “age” from 30"))))
    assert [text for text in groups.sure if text.startswith("On ")] == [
        "On “Contract” = “One year” for rows with “age” below 30: a hidden factor could.",
        "On “Contract” = “One year” for rows with “age” from 30: other rows."]


def test_a_card_of_two_levers_names_both() -> None:
    plain = inputs()
    both = replace(plain.cards[0], also=(Change("Discount", ("No",), "Yes", 30.0),))
    told = " ".join(make_report(replace(plain, cards=(both,))).actions)
    assert "Move “Contract” from “Monthly” to “One year” and “Discount” from “No” to “Yes” (2,000 rows)" in told


def test_a_card_of_a_group_says_in_the_report_which_group() -> None:
    """“Move “Contract” from “Monthly” to “One year” (1,335 rows)” stood for those of 14 months or more."""
    made = inputs()
    group = replace(made.cards[0], rows=1335, conditions=(Condition("tenure", low=14.0),))
    private = replace(group, conditions=(Condition("e-mail", ("a@example.org",)),))
    for card, words in ((group, "(1,335 rows where “tenure” is 14 or more)"), (private, "(1,335 rows of a group)"),
                        (replace(group, alike=((Condition("age", low=30.0),),)),
                         "(1,335 rows where “tenure” is 14 or more, those that have others like them)")):
        told = " ".join(make_report(replace(made, cards=(card,))).actions)
        assert f"to “One year” {words}: like rows" in told
        assert "example" not in told


def test_everyone_is_said_to_be_beyond_the_limit() -> None:
    made = inputs()
    assert made.actions is not None
    assert "everyone: € " in make_report(made).money.replace("\u00a0", " ")
    limited = replace(made, actions=replace(made.actions, limited_by="the limit of 500 rows"))
    assert "everyone (beyond the limit of 500 rows): €" in make_report(limited).money


@pytest.mark.parametrize(("good", "bad", "chance"), [("No", "Yes", "130"), ("Yes", "No", "370")])
def test_headline_names_the_unwanted_end(good: str, bad: str, chance: str) -> None:
    """The list is made as the app makes it; the explanation speaks of “Yes” either way."""
    p = np.concatenate([np.full(250, 0.9), np.full(250, 0.1), np.full(1500, 0.18)])
    goal = Goal("Churn", good, capacity=500)
    actions = rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, goal)
    at_risk = np.sort(p if good == "No" else 1 - p)[::-1]
    made = replace(inputs("Churn"), problem=PROBLEM, actions=actions, goal=goal, rows=2000)
    assert make_report(made).answer == (
        f"Act first on 500 of 2,000 rows: about {round(at_risk[:500].sum())} of them are expected to end as “Churn” = “{bad}”, "
        f"where as many picked at random would hold {chance}."
    )
    unknown = make_report(replace(made, goal=None, explanation=None)).answer
    assert "expected not to end as wanted" in unknown


def test_headline_of_several_classes_and_of_numbers() -> None:
    many = Problem("kind", "multiclass", "log_loss", ("a", "b", "c"))
    shares = np.tile([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]], (50, 1))
    goal = Goal("kind", "a", capacity=10)
    actions = rank_rows(pd.DataFrame({"x": range(100)}), shares, (), many, goal)
    made = replace(inputs("kind"), problem=many, actions=actions, goal=goal, rows=100)
    assert make_report(made).answer == (
        "Act first on 10 of 100 rows: about 9 of them are expected not to end as “kind” = “a”, "
        "where as many picked at random would hold 7."
    )
    number = Problem("cost", "regression", "rmse")
    for good, side in (("low", "highest"), ("high", "lowest")):
        goal = Goal("cost", good, capacity=10)
        actions = rank_rows(pd.DataFrame({"x": range(100)}), np.arange(100.0), (), number, goal)
        made = replace(inputs("cost"), problem=number, actions=actions, goal=goal, rows=100)
        assert make_report(made).answer == f"Act first on 10 of 100 rows: those with the {side} predicted “cost”."


def test_headline_of_rows_without_an_outcome() -> None:
    """Nothing can be done about rows that ended: the list, and what it is compared with, are of the others."""
    p = np.concatenate([np.full(1_800, 0.5), np.full(50, 0.2), np.full(150, 0.04)])
    frame = pd.DataFrame({"Churn": ["Yes"] * 1_800 + [None] * 200})
    goal = Goal("Churn", "No", capacity=50, value=100.0)
    made = replace(inputs("Churn"), problem=PROBLEM, goal=goal, rows=2_000)
    report = make_report(replace(made, actions=rank_rows(frame, p, (), PROBLEM, goal)))
    assert report.answer == ("Act first on 50 of the 200 rows without an outcome: about 10 of them are expected to end as "
                             "“Churn” = “Yes”, where as many picked at random would hold 4.")
    assert "; all rows without an outcome (beyond the limit of 50 rows): € 320." in report.money.replace("\u00a0", " ")
    every = make_report(replace(made, actions=rank_rows(frame, p, (), PROBLEM, replace(goal, capacity=200))))
    assert every.answer.startswith("Act on all 200 rows without an outcome: about 16 of them")
    assert every.money.startswith("Acting on all rows without an outcome: expected gain ")
    number, costs, low = Problem("cost", "regression", "rmse"), frame.rename(columns={"Churn": "cost"}), Goal("cost", "low")
    for capacity, told in ((50, "Act first on 50 of the 200 rows without an outcome: those with the highest predicted “cost”."),
                           (300, "those without an outcome first, then those with the highest predicted “cost”.")):
        actions = rank_rows(costs, p, (), number, replace(low, capacity=capacity))
        about = replace(inputs("cost"), problem=number, actions=actions, goal=low, rows=2_000)
        assert make_report(about).answer.endswith(told)


def test_a_card_whose_range_crosses_nothing_says_so_in_a_report() -> None:
    """Its ends were taken without their signs: from 4 points less to 10 points more was “4.0 to 10.0 points”."""
    made = inputs()
    open_end = replace(made.cards[0], low=-0.04, high=0.1, adjusted=0.03)
    told = " ".join(make_report(replace(made, cards=(open_end,))).actions)
    assert "3.0 points more often (95 % range 4.0 points less often to 10.0 points more often)" in told
    down = " ".join(make_report(replace(made, cards=(replace(open_end, better="down"),))).actions)
    assert "3.0 points less often (95 % range 4.0 points more often to 10.0 points less often)" in down
    sure = " ".join(make_report(replace(made, cards=(replace(open_end, low=0.01),))).actions)
    assert "(95 % range 1.0 to 10.0 points)" in sure


def test_a_list_of_one_row_is_told_as_one() -> None:
    made = inputs()
    assert made.actions is not None
    one = replace(made.actions, rows=made.actions.rows[:1], expected_outcomes=0.9)
    alone = replace(made.cards[0], rows=1)
    report = make_report(replace(made, actions=one, cards=(alone,)))
    assert report.answer == (
        "Act first on 1 of 7,043 rows: it has a chance of 90 % to end as “Contract” = “Yes”, where one picked at random has 26 %."
    )
    said = " ".join((report.answer, *report.actions, *report.sure, report.next_step, *(name for _, name in report.figures)))
    assert "(1 row)" in said
    assert not re.search(r"\b1 (rows|of them are)|first 1\b", said)
    assert "every tenth" not in said
    assert ("1", "row to act on") in report.figures
    everyone = make_report(replace(made, actions=replace(one, takes_everyone=True), rows=1)).answer
    assert everyone.startswith("Act on the only row there is: it has a chance of 90 %")
    few = replace(made.actions, rows=made.actions.rows[:3], expected_outcomes=0.7, mean_risk=0.1)
    answer = make_report(replace(made, actions=few)).answer
    assert answer.endswith("about 1 of them is expected to end as “Contract” = “Yes”, where as many picked at random would hold "
                           "fewer than 1.")


def test_each_value_that_a_card_starts_from_is_a_value_of_its_own() -> None:
    made = inputs(EVIL)
    several = replace(made.cards[0], from_value="Monthly or Yearly", from_values=("Monthly", "Yearly"))
    assert "from “Monthly” or “Yearly” to" in " ".join(make_report(replace(made, cards=(several,))).actions)


def test_rows_of_running_pilots_are_not_said_to_be_rows_that_no_model_predicted() -> None:
    made = inputs()
    assert made.actions is not None
    piloted = replace(made, actions=replace(made.actions, ranked=6443, in_pilots=600))
    assert make_report(piloted).answer.startswith("Act first on 500 of the 6,443 rows that are in no running pilot: about 400")
    some = replace(piloted, actions=replace(made.actions, ranked=2400, in_pilots=600))
    words = "the 2,400 rows that were predicted unseen and are in no running pilot: about"
    assert make_report(some).answer.startswith(f"Act first on 500 of {words}")
    everyone = replace(some, actions=replace(made.actions, ranked=2400, in_pilots=600, takes_everyone=True))
    assert make_report(everyone).answer.startswith(f"Act on all {words.removeprefix('the ')}")


def test_the_next_step_is_no_pilot_while_one_is_running() -> None:
    goal = Goal("Churn", "No", value=700.0)
    card = replace(CARD, next_step="Next: a pilot, 2 x 126 rows.")
    made = replace(inputs("Churn"), cards=(card,), goal=goal)
    assert make_report(made).next_step == "“Contract”: a pilot, 2 x 126 rows."
    pilot = replace(verdict(0.25)[0], state="running", result=None, card=replace(card, cost=5.0))
    waits = make_report(replace(made, more=SectionInputs(pilots=(pilot,)))).next_step
    assert waits == "“Contract”: its pilot is running until 24 December 2026: send its outcomes on the pilots page then."
    later = replace(made, made_at=datetime(2027, 1, 2, tzinfo=UTC), more=SectionInputs(pilots=(pilot,)))
    assert make_report(later).next_step.startswith("“Contract”: outcomes of its pilot were due on 24")
    for other in (replace(pilot, state="cancelled"), replace(pilot, goal=replace(goal, good="Yes")),
                  replace(pilot, card=replace(card, to_value="Two year"))):
        assert make_report(replace(made, more=SectionInputs(pilots=(other,)))).next_step == "“Contract”: a pilot, 2 x 126 rows."


def test_a_list_of_all_rows_is_not_compared_with_itself_in_a_report() -> None:
    made = inputs(EVIL)
    assert made.actions is not None
    assert "As many rows at random" in make_report(made).money
    everyone = make_report(replace(made, actions=replace(made.actions, takes_everyone=True)))
    assert everyone.money.startswith("Acting on all rows: expected gain € 50,000 if 20 % of bad outcomes turn good, an")
    assert "random" not in everyone.money
    assert re.match(r"Act on all [\d,]+ rows: about", everyone.answer)
    few = replace(made, summary=replace(SUMMARY, judged=3000), actions=replace(made.actions, takes_everyone=True))
    assert make_report(few).answer.startswith("Act on all 3,000 rows that were predicted unseen: about")


def test_a_model_no_better_than_the_average_is_not_acted_on() -> None:
    past = replace(inputs(EVIL), summary=replace(SUMMARY, score=Score(0.52, 0.48, 0.56), baseline=Score(0.5, 0.5, 0.5)))
    report = make_report(past)
    assert report.answer.startswith("Do not act on this model")
    assert "action list" not in " ".join((*report.actions, report.next_step))
    assert report.money == ""


def test_simple_answer_comes_first_when_it_is_enough() -> None:
    verdict = Verdict("average", "binary", "roc_auc", (), (), "Use the average.", 1.0, 100)
    made = ReportInputs("r", "p", datetime(2026, 1, 1, tzinfo=UTC), PROBLEM, SUMMARY, 100, verdict)
    assert make_report(made).answer == "Use the average."


def test_reasons_are_promised_for_the_rows_that_have_them() -> None:
    made = inputs()
    assert made.actions is not None
    bare = ActionRow(1, 5, "c1", 0.9, 100.0)
    told = replace(bare, reasons=("“tenure” is short",))
    for rows, words in (((told,) * 500, "500 rows, each with its reasons."),
                        ((told,) * 500 + (bare,) * 1500, "2,000 rows, the first 500 with their reasons."),
                        ((told,) * 40 + (bare,) + (told,) * 59, "100 rows, all with their reasons where the model gives any."),
                        ((told,) * 40 + (bare,) + (told,) * 9 + (bare,) * 50,
                         "100 rows, the first 50 with their reasons where the model gives any."),
                        ((told,), "1 row, with its reasons."), ((bare,) * 5, "the top: 5 rows.")):
        assert make_report(replace(made, actions=replace(made.actions, rows=rows))).actions[0].endswith(words)
