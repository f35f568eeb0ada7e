"""From the goal form to a card in a browser, as a manager would see it: at 1360 and 390 px, light and dark."""
from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watcher, pick, settle, shots
from tests.browser.test_walk import go, no_errors
from tests.serving import Server

pytestmark = pytest.mark.browser
LONG = 400_000


def choose(page: Page, name: str, *values: str) -> None:
    """Choose values in a multiselect by its label."""
    box = page.get_by_role("combobox", name=re.compile(rf"^{re.escape(name)}$")).first
    for value in values:
        box.fill(value)
        pick(page, box, value, exact=False)
    page.keyboard.press("Escape")
    settle(page)


def fill(page: Page, name: str, value: str, place: int = 0) -> None:
    """Type a number into a field by its label."""
    field = page.get_by_role("spinbutton", name=name).nth(place)
    field.fill(value)
    field.press("Tab")
    settle(page)


def test_goal_form_to_card(page: Page, browser: Browser, server: Server, searched: str, watcher: Watcher) -> None:
    project = searched
    go(page, server, "act", project)
    expect(page.get_by_text("Nothing was named yet that you can change")).to_be_visible()
    fill(page, "Worth of one outcome turned good", "700")
    choose(page, "What you can change", "contract", "newsletter")
    choose(page, "From", "Monthly")
    choose(page, "To", "Yearly")
    fill(page, "Cost of the change, each row", "20")
    shots(browser, {"act-empty": f"{server.url}/act?project={project}"})
    page.get_by_role("button", name="Save goal").click()
    expect(page.get_by_text("The goal is saved")).to_be_visible()
    page.get_by_role("button", name="Look for actions").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_text(re.compile("contract: Monthly → Yearly"))).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Like with like").first).to_be_visible()  # the progress says so, too, before there is a card
    no_errors(page)
    shots(browser, {"act": f"{server.url}/act?project={project}"})
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert watcher.errors == []
    assert watcher.others == set()
