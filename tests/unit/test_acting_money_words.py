"""Money of a change that nobody gave a cost for is never told as “after costs”, wherever it is told."""
from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import cards_frame, make_cards
from automl_core.acting.action import Change, Goal, Lever
from automl_core.acting.card_words import card_lines
from automl_core.acting.effects import Effect
from automl_core.acting.experiment import ExperimentInputs, _advice, measure_experiment, priced_treatment
from automl_core.acting.grading import Evidence, shortfalls
from automl_core.acting.pilot_result import _sentence, graded
from automl_core.acting.track_record import track_record
from automl_core.reporting.card_page import CardPage, card_page
from automl_core.reporting.sentences import card_sentences
from pages.ui.act_view import card_figures
from tests.unit.carding import COLUMNS, PROBLEM, inputs
from tests.unit.piloting import CARD, GOAL, verdict

NOW = datetime(2026, 11, 30, tzinfo=UTC)
FREE = replace(CARD, cost=0.0)


def printed(page: CardPage) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", card_page(page), flags=re.S))


@pytest.mark.parametrize(("cost", "said", "unsaid"), [
    (1.0, "after costs", "before costs"), (0.0, "before costs", "after costs")])
def test_every_text_of_a_card_says_whether_its_money_is_after_costs(cost: float, said: str, unsaid: str) -> None:
    """Its figure said that no cost was given, and sentence, report and print beside it “after costs”."""
    found = make_cards(inputs(levers=(Lever("offer", ("new",), cost=cost),)))
    card, goal = found.cards[0], replace(GOAL, value=100.0)
    page = printed(CardPage(card, goal, True, None, "p", NOW, "0"))
    texts = [" ".join(card_lines(card)), card_sentences(card, True, "€"), page, cards_frame(found)["sentence"].iloc[0],
             card_figures(card, goal)[-1].name]
    for text in texts:
        assert said in text, text
        assert unsaid not in text, text


def test_a_second_change_that_costs_something_makes_it_after_costs() -> None:
    both = replace(FREE, also=(Change("Discount", ("No",), "Yes", 30.0),))
    assert "after costs" in card_sentences(both, True, "€")
    assert card_figures(both, GOAL)[-1].name == "Worth after costs"


def test_what_a_pilot_delivered_says_that_no_cost_is_in_it() -> None:
    """“Delivered € 20,000 against € 21,000 promised” read as if all had been paid for."""
    paid, _ = verdict(0.25)
    free, _ = verdict(0.25, card=FREE)
    assert free.result is not None
    assert "before costs" not in graded(CARD, paid).sentence
    told = graded(FREE, free).sentence
    assert re.search(r"Delivered € [\d,]+ against € [\d,]+ promised, both before costs\.", told.replace("\u00a0", " ")), told
    loss = replace(free, result=replace(free.result, delivered=-5.0, delivered_low=-9.0, delivered_high=-1.0, by_rows=True))
    column = replace(GOAL, value_column="revenue")
    priced = replace(loss, card=replace(FREE, worth=700.0), goal=column)
    assert priced.result is not None
    words = _sentence(priced, priced.result, "")
    after = graded(priced.card, replace(priced, result=replace(priced.result, sentence=words)), column)
    for text in (after.sentence, after.next_step):
        assert not re.search("costs? more|At its cost", text), text
    assert "In money it does not pay." in after.sentence
    assert after.next_step.startswith("Do not roll it out as it is: it works, but it loses money")
    unsure = replace(priced, result=replace(priced.result, delivered=5.0))
    assert graded(priced.card, unsure, column).next_step.startswith("It works, but may lose money")


def test_the_record_of_pilots_says_how_many_are_before_costs() -> None:
    paid, _ = verdict(0.25)
    free = replace(paid, id="free", card=FREE)
    assert "before" not in track_record([paid]).sentence
    assert track_record([free]).sentence.endswith(" That is before costs.")
    assert track_record([free, paid]).sentence.endswith(" 1 of them is before costs.")
    assert track_record([free, replace(free, id="other")]).sentence.endswith(" All of it is before costs.")


def test_a_weak_end_that_brings_nothing_is_not_said_to_be_worth_no_cost() -> None:
    """Where each row has a worth of its own, an effect that is there may bring nothing, whatever it costs."""
    effect = Effect(-0.2, -0.3, -0.1, 1e-6, 0.02, -0.2, 1.0, np.ones(9, dtype=bool), 5, 0.2, 5.0, 1000)
    found = Evidence(effect, 1e-6, wanted=True, pays=False)
    assert shortfalls(found) == ("The weak end of its range is not worth the cost.",)
    assert shortfalls(replace(found, free=True)) == ("In money, the weak end of its range brings nothing.",)


@pytest.mark.parametrize(("more", "said"), [({"contact_cost": 2.0}, True), ({"contact_free": True}, True), ({}, False)])
def test_the_money_of_an_experiment_says_it_once(more: dict[str, Any], said: bool) -> None:
    """It said “after costs”, and in the next sentence that none was given."""
    goal = Goal("y", "No", 100.0, experiment="offer", levers=(Lever("offer", ("new",)),), **more)
    rng = np.random.default_rng(3)
    new = rng.random(2000) < 0.5
    frame = pd.DataFrame({"offer": np.where(new, "new", "old"), "idle": "a", "price": 1.0, "age": rng.normal(size=2000),
                          "size": rng.normal(size=2000), "y": np.where(rng.random(2000) < 0.5 - 0.2 * new, "Yes", "No")})
    made, _ = measure_experiment(ExperimentInputs(frame, COLUMNS, PROBLEM, goal))
    assert priced_treatment(goal) is said
    assert (" after costs (95 % range" in made.advice) is said
    assert made.advice.endswith(" No cost of the treatment was given, so it is taken to be free.") is not said
    nobody, some = (_advice(replace(made, treat=treat), goal) for treat in (0.0, 0.4))
    assert ("more than it costs" in f"{nobody} {some}") is bool(goal.contact_cost)
