"""A card on the act page: six figures whose words fit two to a line on a phone, nothing said twice, amounts that agree."""
from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from automl_core.acting.action import ActionCard, Actions, Goal, Lever
from automl_core.acting.action_list import ActionList
from automl_core.acting.card_words import card_lines, sure_words
from automl_core.acting.decide import Decision
from automl_core.acting.outcome import Outcome
from automl_core.acting.pilot_files import match_outcomes, pilot_table
from automl_core.acting.pilot_result import graded, judge
from automl_core.acting.pilot_steps import next_step
from automl_core.acting.pilots import Pilot
from automl_core.acting.wording import whole_words
from automl_core.data.infer import table_from_frame
from automl_core.framing.problem import Problem
from automl_core.reporting.card_page import CardPage, card_page
from automl_core.reporting.sentences import card_sentences
from automl_core.workspace import ended_pilots
from automl_core.workspace.kept_cards import leads_to
from automl_core.workspace.lever_choices import lever_choices
from pages.ui import act_words, cards
from pages.ui.act_view import card_figures, standing, three_ways, without_cards
from pages.ui.decision_view import apart
from tests.unit.piloting import CARD, GOAL, customers, sent_back, started, verdict

WIDE = replace(CARD, counted="“Churn” = “Yes”", rows=1_234_567, raw_gap=-0.3141, what_if=-0.0712, adjusted=-0.1692, low=-0.2073,
               high=-0.1231, net_value=-1_234_567.0, net_low=-2_000_000.0, net_high=160_432.0)


@pytest.mark.parametrize("card", [WIDE, replace(WIDE, grade="A"), replace(WIDE, cost=0.0), CARD])
def test_figures_of_a_card_fit_two_to_a_line_on_a_phone(card: ActionCard) -> None:
    shown = [*card_figures(card, GOAL), *three_ways(card)]
    assert len(shown) == 6
    for fact in shown:
        assert len(fact.name) <= 20, fact
        assert len(fact.value) <= 15, fact
        assert len(fact.note) <= 21, fact


def test_a_number_whose_name_says_equals_is_no_share() -> None:
    """Its cards were told in percent; old cards do not say what they count, and are known by the quotes."""
    sales = replace(WIDE, counted="“Sales = net”", now=250.0, then=253.0, adjusted=3.0, low=2.0, high=4.0)
    for card in (sales, replace(sales, is_rate=False)):
        now = next(fact for fact in card_figures(card, GOAL) if "now" in fact.value)
        assert (now.value, now.note) == ("250 now", "253 then")
        assert three_ways(card)[-1].value == "+3"
        assert [fact.note for fact in three_ways(card)[:2]] == ["“Sales = net”"] * 2  # its unit
    assert card_figures(WIDE, GOAL) == card_figures(replace(WIDE, is_rate=True), GOAL)
    assert leads_to(replace(sales, better="up"), Goal("Sales = net", "high"))


def test_a_change_that_arithmetic_lost_is_none() -> None:
    """It was told as “+1.39e-15” and “−0.000000 to 0.000000”."""
    fact = three_ways(replace(WIDE, adjusted=1.39e-17, low=-2e-17, high=3e-17))[-1]
    assert (fact.value, fact.note) == ("0", "no measurable change")
    little = three_ways(replace(WIDE, adjusted=-0.0002, low=-0.0004, high=0.0001))[-1]
    assert (little.value, little.note) == ("−0.0200", "−0.040 to 0.010")


def test_on_a_file_a_card_says_until_when_its_pilot_is_running(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command proposed to start the pilot that was running."""
    pilot, _, _ = started(customers())
    pilot = replace(pilot, due=datetime(2222, 1, 5, tzinfo=UTC).isoformat())
    search: Any = SimpleNamespace(run=lambda _: SimpleNamespace(project_id="p"))
    card = replace(CARD, next_step="Next: a pilot.")
    other = replace(card, id="", lever="Offer", to_value="Yes")

    def steps(*kept: Pilot) -> list[str]:
        monkeypatch.setattr(ended_pilots, "kept_pilots", lambda *_: list(kept))
        context: Any = None
        found = ended_pilots.found_after_pilots(context, search, "run", Actions((card, other), (), 9, 400), GOAL)
        return [card_lines(one)[-1] for one in found.cards]

    assert steps(pilot) == ["Do next: Its pilot is running until 5 January 2222: send its outcomes on the pilots page then.",
                            "Do next: A pilot."]
    elsewhere = replace(pilot, goal=replace(GOAL, good="Yes"))
    assert steps(replace(pilot, state="cancelled"), elsewhere) == ["Do next: A pilot."] * 2


def test_a_card_says_what_its_pilot_waits_for() -> None:
    rows = customers()
    pilot, assignment, _ = started(rows)
    before, after = date(2026, 12, 24), date(2026, 12, 25)
    assert next_step(replace(CARD, next_step="Next: a pilot."), None, before) == "A pilot."
    assert next_step(CARD, pilot, before).startswith("Its pilot is running until 24 December 2026: send its outcomes on ")
    assert next_step(CARD, pilot, after).startswith("Outcomes of its pilot were due on 24 December 2026: send them")
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), ["Yes"] * 50 + [""] * 150)
    came = replace(pilot, result=judge(pilot, match_outcomes(pilot, assignment, sent, rows.problem)))
    early = date(2026, 12, 23)
    kept = replace(came, result=judge(pilot, match_outcomes(pilot, assignment, sent, rows.problem), early))
    assert next_step(CARD, kept, early).endswith("decide it on the pilots page when they are due, on 24 December 2026.")
    assert next_step(CARD, kept, before) == "Outcomes of its pilot came and are due by now: decide it on the pilots page."
    for today in (before, after):
        said = next_step(CARD, came, today)
        assert said.startswith("Outcomes of its pilot came for 50 of 200 rows, not enough yet to decide it: ")
        assert "due" not in said


def test_where_all_outcomes_came_and_decide_nothing_the_next_step_is_not_to_send_more() -> None:
    """With two sides mixed up, or few groups, it said that 200 of 200 rows are not enough yet."""
    rows = customers()
    pilot, assignment, _ = started(rows)
    table = pilot_table(pilot, assignment, "Churn")

    def step(sent: pd.DataFrame) -> str:
        result = judge(pilot, match_outcomes(pilot, assignment, sent, rows.problem))
        assert result.verdict == "open"
        return next_step(CARD, replace(pilot, result=result), date(2026, 12, 25))

    mixed = table.assign(arm=table["arm"].map({"treat": "hold", "hold": "treat"}))
    why = "and do not decide it: the pilots page says why."
    assert step(sent_back(mixed, ["Yes"] * 200)) == f"Outcomes of its pilot came for 200 of 200 rows {why}"
    held = (table["arm"] == "hold").to_numpy()
    lost = held & (held.cumsum() <= 30)
    assert step(sent_back(table, list(np.where(lost, "", "No")))) == f"Outcomes of its pilot came for 170 of 200 rows {why}"
    assert "not enough yet" in step(sent_back(table, list(np.where(held & (held.cumsum() > 9), "", "No"))))


@pytest.mark.parametrize(("card", "last"), [
    (WIDE, "like with like"), (replace(WIDE, grade="A"), "measured"), (graded(WIDE, verdict(0.0)[0]), "measured")])
def test_the_three_numbers_have_one_name_each_wherever_they_are_told(card: ActionCard, last: str) -> None:
    """Page, report, printed card and text called them by three sets of names; a text told one card in two of them."""
    names = ("as seen in the data", "as the model says", last)
    assert tuple(fact.name.lower() for fact in three_ways(card)) == names
    printed = card_page(CardPage(card, GOAL, True, None, "p", datetime(2026, 11, 30, tzinfo=UTC), "0"))
    for told in (printed, *card_lines(card)[1:2], card_sentences(card, True, "€"), whole_words(card, True)):
        places = [told.lower().find(f"{name}{'</td>' if told is printed else ' '}") for name in names]
        assert -1 < places[0] < places[1] < places[2], (places, told)


def test_a_retired_card_does_not_stand_and_says_that_it_was_measured() -> None:
    retired = graded(WIDE, verdict(0.0)[0])
    assert retired.grade == "D"
    assert three_ways(retired)[-1].name == "Measured"
    assert three_ways(replace(WIDE, grade="D"))[-1].name == "Like with like"
    found = Actions((WIDE, retired), tested=12, rows=600)
    assert sure_words(retired).startswith("It was tested. ")
    printed = card_page(CardPage(retired, GOAL, True, None, "p", datetime(2026, 11, 30, tzinfo=UTC), "0"))
    assert printed.count("the card is retired") == 1
    assert standing(found) == ("12 moves were tried on 600 rows; 1 stands. It comes from data as it was, not from a test. 1 was "
                               "retired by its pilot.")
    assert standing(replace(found, rows=100_000, drawn=60_000)).startswith("12 moves were tried on 60,000 rows; ")
    assert standing(replace(found, cards=(retired, retired))).endswith("; none stands. 2 were retired by pilots.")
    assert standing(replace(found, cards=(replace(WIDE, grade="A"),))).endswith("; 1 stands.")


def test_columns_that_no_row_changes_are_not_offered_and_the_form_says_why() -> None:
    """They were missing from the list without a word, and a goal of a file that named one looked changed."""
    frame = pd.DataFrame({"plan": ["a", "b"] * 50, "half": pd.Series([3.0, np.nan] * 50), "idle": ["x"] * 100,
                          "none": pd.Series([np.nan] * 100), "churn": ["yes", "no"] * 50})
    table = table_from_frame(frame, "t")
    choices = lever_choices(table.frame, table.columns, Problem("churn", "binary", "roc_auc", ("no", "yes"), "yes"))
    assert {choice.column for choice in choices.columns} >= {"plan", "half"}
    goal = Goal("churn", "no", levers=(Lever("idle"), Lever("plan")))
    told = act_words.not_offered(goal, choices).replace("\\", "")
    assert told == ("Not offered, for no row shows what a change does: “none” (empty) and “idle” (one value only). The goal "
                    "names “idle”: saving leaves it out.")
    assert act_words.not_offered(replace(goal, levers=()), replace(choices, empty=(), constant=())) == ""
    notes = {choice.column: act_words.one_value(choice) for choice in choices.columns}
    assert notes["plan"] == ""
    assert notes["half"].startswith("Every row that has a value has “3”, so no card can come of it: try another value on")


def test_where_nothing_could_be_tried_no_check_is_said_to_have_failed() -> None:
    assert without_cards(Actions((), notes=("“idle” is empty.",))) == (
        "Nothing that you can change could be tried, so there is no card; the reasons stand below. Name other columns that you "
        "can change.")
    assert without_cards(Actions((), (WIDE,), tested=4)).endswith("What was tried is listed below as patterns.")


def test_rows_that_go_by_numbers_sort_as_such() -> None:
    """Row 10 came before row 2 where a list was sorted by its rows."""
    names, shown = cards.row_names(["10", "2", "0"])
    assert names.sort_values().tolist() == [0, 2, 10]
    assert shown["type_config"] == {"type": "number", "min_value": None, "max_value": None, "format": "%d", "step": None}
    for kept in (["10", "02"], ["1", "9007199254740993"], ["1", "-2"], ["1", "²"], ["a", "1"], ["1.0"], ["1", "nan"], []):
        names, shown = cards.row_names(kept)
        assert names.tolist() == kept
        assert shown["type_config"]["type"] == "text"


def _retired_card() -> None:
    from automl_core.acting import graded
    from pages.ui.act_view import _card
    from tests.unit.piloting import GOAL, verdict
    from tests.unit.test_act_view import WIDE

    _card("p", graded(WIDE, verdict(-0.25)[0]), GOAL, None)


def test_a_retired_card_is_drawn_without_an_empty_line() -> None:
    app = AppTest.from_function(_retired_card, default_timeout=60).run()
    assert not app.exception
    said = " ".join(str(item.value) for item in (*app.markdown, *app.caption))
    assert "which was measured where chance decided" in said
    assert "did harm" in said
    assert "overturn" not in said
    assert "pattern" not in said


def test_money_without_an_amount_is_no_figure() -> None:
    assert len(card_figures(replace(WIDE, net_value=math.nan), GOAL)) == 2


def test_a_share_is_never_below_none_or_above_all() -> None:
    for now, then, shown in ((0.04, -0.02, "0 % then"), (0.96, 1.03, "100 % then"), (0.4, math.nan, "– then")):
        assert card_figures(replace(WIDE, now=now, then=then), GOAL)[1].note == shown
    rate, amount = Outcome(np.zeros(1), "churn", True, "rows"), Outcome(np.zeros(1), "cost", False, "cost")
    assert (rate.level(-0.02), rate.level(1.03), rate.level(0.26), amount.level(-2.0)) == ("0 %", "100 %", "26 %", "−2")


def test_what_would_overturn_a_card_is_said_once() -> None:
    hidden = "A hidden factor only as strong as “tenure” would be enough to cancel it."
    card = replace(CARD, reasons=("Only 56 % of the rows have others to be compared with.", hidden),
                   overturn="A hidden factor only as strong as “tenure” would be enough to cancel this (strength 15 %).")
    assert card.own_reasons == ["Only 56 % of the rows have others to be compared with."]
    alone = replace(card, reasons=(hidden,))
    assert sure_words(alone) == "It is possible: test it first."
    assert card_lines(alone)[2:4] == (f"How sure: C. {sure_words(alone)}", f"What would overturn it: {card.overturn}")
    assert sure_words(card) == f"{sure_words(alone)} {card.reasons[0]}"
    page = card_page(CardPage(card, GOAL, True, None, "p", datetime(2026, 11, 30, tzinfo=UTC), "0")).replace("\u00a0", " ")
    assert card.reasons[0] in page
    assert hidden not in page
    other = replace(card, overturn="A hidden factor would have to be stronger than “tenure” to cancel this (strength 15 %).")
    assert other.own_reasons == list(card.reasons)


def test_a_list_whose_money_differs_from_what_came_says_why() -> None:
    made = Decision(None, (), 500, 32_400.0, 29_300.0, 35_400.0, (), (), 0.026, "It pays.")
    listed = ActionList((), 500, 16_700.0, 9_750.0, 23_700.0, 0.0, 0.0, 137.0, "Act.")
    assert "clearly less" in apart(made, listed, GOAL)
    assert "clearly more" in apart(made, replace(listed, expected_value=50_000.0, low=45_000.0, high=55_000.0), GOAL)
    assert apart(made, replace(listed, expected_value=30_000.0, low=25_000.0, high=35_000.0), GOAL) == ""
    assert "\u00a0" in apart(made, listed, GOAL)
    assert apart(made, replace(listed, low=math.nan, high=math.nan), GOAL) == ""
