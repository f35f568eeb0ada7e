"""What stands in the fields of a pilot is what was typed for it, or what its card says now."""
from __future__ import annotations

from dataclasses import replace

import pytest

from automl_core.workspace.act import Acting
from tests.pages.conftest import PAGES, Carded, open_page


def test_days_that_nobody_typed_are_those_of_the_card_as_it_is_now(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once anything else was typed they stayed those of the card before: outcomes were due too early."""
    project, act = page.project, page.workspace.act
    rows, days = f"pilot_rows_{project}_{page.key()}", f"pilot_days_{project}_{page.key()}"
    cards = tuple(replace(card, days=90) for card in act.cards(project) or ())
    app = open_page("pilots", project)
    assert app.number_input(key=days).value == 30
    app.number_input(key=rows).set_value(60).run()
    app.switch_page(PAGES["clean"]).run()
    monkeypatch.setattr(Acting, "cards_of", lambda self, run: cards)
    app.switch_page(PAGES["pilots"]).run()
    assert (app.number_input(key=rows).value, app.number_input(key=days).value) == (60, 90)
    app.number_input(key=days).set_value(45).run()
    app.switch_page(PAGES["clean"]).run()
    app.switch_page(PAGES["pilots"]).run()
    assert (app.number_input(key=rows).value, app.number_input(key=days).value) == (60, 45)
