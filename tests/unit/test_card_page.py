"""A card as a page: complete alone, escaped, and honest about its grade."""
from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

from automl_core.acting.action import Change
from automl_core.acting.pilot_result import graded
from automl_core.acting.wording import BANNED
from automl_core.reporting.card_page import CardPage, card_page
from tests.unit.test_pilots import CARD, GOAL, verdict

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def shown(page: CardPage) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", card_page(page), flags=re.S))


def test_page_needs_nothing_else_and_escapes() -> None:
    hostile = replace(CARD, who='<img src=x onerror="alert(1)">', overturn="<script>x</script>")
    html = card_page(CardPage(hostile, GOAL, True, None, "<b>p</b>", NOW, "0"))
    assert "<img" not in html
    assert "<script" not in html
    assert not re.search(r"<[^>]*(?:src|href)=|url\(|@import", html)
    assert "&lt;b&gt;p" in html


def test_page_shows_three_numbers_money_and_the_pilot() -> None:
    text = shown(CardPage(CARD, GOAL, True, None, "p", NOW, "0"))
    words = ("+30.0", "+15.0", "As seen in the data", "What the model says", "Like compared with like", "Worth a pilot", "50,000")
    for part in words:
        assert part in text.replace("\u00a0", " "), part
    assert not any(re.search(rf"\b{word}\b", text) for word in BANNED)
    both = shown(CardPage(replace(CARD, also=(Change("Discount", ("No",), "Yes", 30.0),)), GOAL, True, None, "p", NOW, "0"))
    assert "“Contract” = “One year” and “Discount” = “Yes”" in both
    assert "cost of each € 50" in both.replace("\u00a0", " ")
    pilot, _ = verdict(0.25)
    measured = shown(CardPage(replace(CARD, grade="A"), GOAL, True, pilot, "p", NOW, "0"))
    assert "Measured by a pilot" in measured
    assert "chance decided which" in measured
    harm, _ = verdict(-0.25)
    retired = shown(CardPage(graded(CARD, harm), GOAL, True, harm, "p", NOW, "0"))
    assert "Retired by a pilot in which chance decided" in retired
    assert "Measured" in retired
    assert "Like compared with like" not in retired
    assert "What would overturn it" not in retired
    number = shown(CardPage(replace(CARD, adjusted=-3.5), replace(GOAL, good="low"), False, None, "p", NOW, "0"))
    assert "−3.5" in number
