"""A person tests a card: from the card to the pilot’s file, outcomes sent back early, grade A, and the card’s page on a phone."""
from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from automl_core import Workspace
from pages.ui.pilot_view import title
from tests.browser.conftest import Watcher, photo, settle, shots
from tests.serving import Server

pytestmark = pytest.mark.browser

def filled(path: Path) -> Path:
    """The pilot's file with outcomes that came: 30 points more of the treated stay."""
    sent = pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    stays = np.random.default_rng(0).random(len(sent)) < 0.5 + 0.3 * (sent["arm"] == "treat")
    sent["churned"] = np.where(stays, "No", "Yes")
    sent.to_csv(path, index=False)
    return path


def test_card_to_pilot_to_grade_a(
    page: Page, server: Server, project: str, workspace: Workspace, watcher: Watcher, tmp_path: Path
) -> None:
    browser = page.context.browser
    assert browser is not None
    url = {"pilots": f"{server.url}/pilots?project={project}"}
    chosen = workspace.act.cards(project)[-1]
    page.goto(f"{server.url}/act?project={project}")
    settle(page)
    page.get_by_role("button", name="Test it in a pilot").last.click()  # not that of the card which is offered first
    page.wait_for_url(re.compile(f"/pilots\\?.*project={project}"))
    settle(page)
    expect(page.get_by_role("combobox", name="Card to test")).to_have_value(title(chosen))
    shots(browser, {"pilots-choose": url["pilots"]})
    page.get_by_role("spinbutton", name="Rows in all").fill("300")
    page.get_by_role("spinbutton", name="Rows in all").press("Enter")
    settle(page)
    page.get_by_role("button", name="Start the pilot").click()
    expect(page.get_by_text("Download who gets the change")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download who gets the change").click()
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    assert re.fullmatch(r"pilot_pil_\w+\.csv", file.name)
    shots(browser, {"pilots-running": url["pilots"]})
    page.locator("input[type=file]").first.set_input_files(str(filled(file)))
    expect(page.get_by_text("there is no verdict before")).to_be_visible(timeout=120_000)  # they are due in 30 days
    shots(browser, {"pilots-early": url["pilots"]})
    page.get_by_role("button", name="Decide now, before they are due").click()
    expect(page.get_by_text("Grade A: measured")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("This was decided before outcomes were due")).to_be_visible()
    expect(page.get_by_text("Promised and delivered")).to_be_visible()
    expect(page.get_by_text("No card has been measured by a pilot until its outcomes were due.")).to_be_visible()
    page.reload()
    settle(page)
    expect(page.get_by_text("Grade A: measured")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
    shots(browser, {"pilots-ended": url["pilots"]})
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Print this card").click()
    card = tmp_path / "card.html"
    waiting.value.save_as(card)
    sheet = page.context.new_page()
    sheet.goto(card.as_uri())
    pdf = sheet.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 1  # it prints on one sheet
    for width in (1360, 390):
        for scheme in ("light", "dark"):
            sheet.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            sheet.set_viewport_size({"width": width, "height": 900})
            photo(sheet, f"card-{width}-{scheme}")
            assert sheet.evaluate("document.documentElement.scrollWidth") <= width
            assert sheet.evaluate("[...document.querySelectorAll('.figures dd')].every(one => one.offsetHeight < 40)"), "one line"
    assert not watcher.others
    assert not watcher.errors
