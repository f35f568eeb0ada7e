"""A manager's phone: the card in the report behind its link, at 390 px; and an analyst's what-if that moves the number."""
from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from automl_core import Workspace
from automl_core.acting.card_words import three_words
from automl_core.acting.grade_words import grade_words
from tests.browser.conftest import Watcher, photo, pick, settle
from tests.browser.test_walk import go, no_errors
from tests.serving import Server

pytestmark = pytest.mark.browser
PHONE = 390
BEYOND = """() => [...document.querySelectorAll('body *')].filter(one => {
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  return box.width > 0 && style.visibility !== 'hidden' && (box.right > innerWidth + 1 || box.left < -1);
}).map(one => one.tagName + ' ' + one.textContent.trim().slice(0, 60))"""
CUT = """() => [...document.querySelectorAll('p, li, dt, dd, h1, h2, h3, b, td, span')].filter(one =>
  getComputedStyle(one).overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1)
  .map(one => one.textContent.slice(0, 60))"""


def fits(page: Page) -> None:
    """Nothing scrolls sideways, sticks out of the screen or is cut off."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    assert page.evaluate(BEYOND) == []
    assert page.evaluate(CUT) == []


def test_a_manager_reads_the_card_on_a_phone(
    browser: Browser, server: Server, workspace: Workspace, project: str, watcher: Watcher
) -> None:
    cards = [card for card in workspace.pilots.cards(project) if card.grade != "D"]
    assert cards
    report = workspace.share.make_report(project)
    _, address = workspace.share.create_link(report.id)
    context = browser.new_context(viewport={"width": PHONE, "height": 844}, color_scheme="light")
    page = watcher.watch(context.new_page())
    answer = page.goto(f"{server.url}{address}")
    assert answer is not None
    assert answer.status == 200
    fits(page)
    photo(page, "report-card-390")
    move = page.get_by_text(re.compile(f"Move “{cards[0].lever}”")).first
    expect(move).to_be_visible()
    told = move.inner_text().replace("\xa0", " ")
    assert re.search(r"worth \D{0,3}[\d,.]+ after costs \(\D{0,3}[\d,.]+ to \D{0,3}[\d,.]+\)", told), told
    assert three_words(cards[0], cards[0].in_points, ranged=False) in told
    assert f"Evidence {cards[0].grade}: {grade_words(cards[0]).trust}" in told
    expect(page.get_by_text(re.compile(re.escape(cards[0].next_step.removeprefix("Next: ")[:30]), re.IGNORECASE)).first
           ).to_be_visible()
    context.close()
    assert watcher.errors == []
    assert watcher.others == set()


def test_what_if_moves_the_number(page: Page, server: Server, project: str, workspace: Workspace, watcher: Watcher) -> None:
    go(page, server, "explain", project)
    page.get_by_role("tab", name="What if").click()
    settle(page)
    names = workspace.explain.levers(project)
    assert names
    box = page.get_by_role("combobox", name=re.compile(names[0])).last
    pick(page, box, {"contract": "Yearly"}[names[0]])
    settle(page)
    page.get_by_role("button", name="Predict with these values").click()
    settle(page)
    values = page.get_by_test_id("stMetricValue")
    expect(values).to_have_count(2)
    before, after = (float(re.sub(r"[^\d.]", "", value)) for value in values.all_inner_texts())
    assert after < before  # a longer contract: the model says that fewer leave
    expect(page.get_by_text("not proof that changing the value changes the outcome")).to_be_visible()
    no_errors(page)
    assert watcher.errors == []
