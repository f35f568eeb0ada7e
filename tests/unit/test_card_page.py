"""A card as a page: complete alone, escaped, and honest about its grade."""
from __future__ import annotations

import ast
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from automl_core.acting.action import Change, Condition
from automl_core.acting.pilot_result import graded
from automl_core.reporting.card_page import CardPage, card_page
from automl_core.reporting.sentences import card_sentences
from tests.promises import BANNED
from tests.unit.piloting import CARD, GOAL, verdict

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def shown(page: CardPage) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", card_page(page), flags=re.S))


def test_page_needs_nothing_else_and_escapes() -> None:
    hostile = replace(CARD, who='<img src=x onerror="alert(1)">', overturn="<script>x</script>")
    html = card_page(CardPage(hostile, GOAL, True, None, "<b>p</b>", NOW, "0"))
    assert "<img" not in html
    assert "<script" not in html
    assert not re.search(r"<[^>]*(?:src|href)=|url\(|@import", html)
    assert "&lt;b&gt;p" in html


def test_page_says_what_tested_a_card_and_what_its_pilot_waits_for() -> None:
    """Grade A without a pilot comes from an experiment; a card whose pilot runs proposes no pilot."""
    card = replace(CARD, next_step="Next: a pilot with chance deciding.")
    tested = shown(CardPage(replace(card, grade="A"), GOAL, True, None, "p", NOW, "0"))
    assert "Tested in an experiment in which chance decided" in tested
    assert "pilot in which" not in tested
    assert "A pilot with chance deciding." in shown(CardPage(card, GOAL, True, None, "p", NOW, "0"))
    running = replace(verdict(0.25)[0], state="running", result=None)
    page = shown(CardPage(card, GOAL, True, running, "p", NOW, "0"))
    assert "Its pilot is running until 24 December 2026" in page.replace("\u00a0", " ")
    assert "A pilot with chance deciding." not in page


def test_page_of_a_group_tells_what_the_change_is_for_everybody() -> None:
    told = "For all 5,000 rows that the change is for, not only these: as seen in the data +20.0 points."
    assert told in shown(CardPage(replace(CARD, whole_sentence=told), GOAL, True, None, "p", NOW, "0")).replace("\u00a0", " ")
    assert "For all" not in shown(CardPage(CARD, GOAL, True, None, "p", NOW, "0"))


def test_page_says_that_the_bare_gap_counts_rows_without_others_like_them() -> None:
    said = "Rows that have none like them at the new value are counted, too."
    part = replace(CARD, alike=((Condition("Age", low=30.0),),))
    assert said in shown(CardPage(part, GOAL, True, None, "p", NOW, "0"))
    assert said not in shown(CardPage(CARD, GOAL, True, None, "p", NOW, "0"))


def test_page_shows_three_numbers_money_and_the_pilot() -> None:
    text = shown(CardPage(CARD, GOAL, True, None, "p", NOW, "0"))
    words = ("+30.0", "+15.0", "As seen in the data", "As the model says", "Like with like", "Test it first", "50,000")
    for part in words:
        assert part in text.replace("\u00a0", " "), part
    assert not any(re.search(rf"\b{word}\b", text) for word in BANNED)
    both = shown(CardPage(replace(CARD, also=(Change("Discount", ("No",), "Yes", 30.0),)), GOAL, True, None, "p", NOW, "0"))
    assert "“Contract” = “One year” and “Discount” = “Yes”" in both
    assert "cost of each € 50" in both.replace("\u00a0", " ")
    pilot, _ = verdict(0.25)
    measured = shown(CardPage(graded(CARD, pilot), GOAL, True, pilot, "p", NOW, "0"))
    assert "Measured by a pilot" in measured
    assert "chance decided which" in measured
    harm, _ = verdict(-0.25)
    retired = shown(CardPage(graded(CARD, harm), GOAL, True, harm, "p", NOW, "0"))
    assert "Retired by a pilot in which chance decided" in retired
    assert "Measured" in retired
    assert "Like with like" not in retired
    assert "What would overturn it" not in retired
    number = shown(CardPage(replace(CARD, adjusted=-3.5), replace(GOAL, good="low"), False, None, "p", NOW, "0"))
    assert "−3.5" in number


def test_what_a_grade_is_called_is_written_in_one_file() -> None:
    """Badge, sheet, text and report each had words of their own by grade: what one of them said of a card of chance, or of one
    that its pilot retired, the others did not hear of."""
    by_grade = {
        str(path.relative_to(ROOT))
        for path in (*(ROOT / "automl_core").rglob("*.py"), *(ROOT / "pages").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict) and [key.value for key in node.keys if isinstance(key, ast.Constant)] == list("ABCD")
        and any(" " in str(inner.value) for inner in ast.walk(node) if isinstance(inner, ast.Constant))}
    assert by_grade == {"automl_core/acting/grade_words.py"}


def test_a_card_that_its_pilot_retired_is_no_mere_pattern_in_a_report() -> None:
    retired = graded(CARD, verdict(0.0)[0])
    assert (retired.grade, retired.measured) == ("D", True)
    assert card_sentences(retired, True, "€").endswith("Evidence D: retired by a pilot in which chance decided.")
    assert card_sentences(replace(CARD, grade="D"), True, "€").endswith("Evidence D: a pattern, not advice.")
