"""What a model computes from the columns reaches those who use it: by name, wherever the model is told of."""
from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from automl_core import train
from automl_core.data.infer import table_from_frame
from automl_core.reporting import CardFacts, make_report, model_card
from automl_core.search import FolderJournal, SearchData, search
from automl_core.search.plan import Plan, RungOffer, Score
from automl_core.workspace.searched import ladder_lines
from automl_core.workspace.views import Run
from tests.unit.reporting import EVIL, PROBLEM, SUMMARY, inputs
from tests.unit.searching import fit_here
from tests.unit.test_search_dates import orders
from tests.unit.test_search_learned import PROBLEM as GONE
from tests.unit.test_search_learned import table

FORMULA = "days from ordered to shipped"


def offered(*names: str) -> tuple[RungOffer, ...]:
    return (RungOffer("rule", ("Rule",), SUMMARY.score, 1.0, 1.0, 1.0),
            RungOffer("single", ("LightGBM",), SUMMARY.score, 1.0, 1.0, 1.0, chosen=True, computed=names))


def test_formulas_of_the_model_are_named_by_command_report_and_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab named `price / area`, and nobody ever saw it: “with formulas” was all that was said."""
    fit_here(monkeypatch)
    found = train(orders(0, rows=700), "late", {"trials": 6, "families": ["lightgbm"], "folds": 3})
    assert FORMULA in found.report["model"]["computed"]
    assert any(FORMULA in line and line.startswith("Besides the columns") for line in found.sentences)
    found.save(tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as bundle:
        cards = [bundle.read(name).decode() for name in bundle.namelist() if name.endswith(".md")]
    assert any(f"## What it computes\n\n- {FORMULA}" in card for card in cards)


def test_what_is_learned_of_levels_and_texts_is_named_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit_here(monkeypatch)
    made = table_from_frame(table(600), "orders")
    plan = Plan(60, 2, families=("linear",), max_trials=1, folds=3)
    summary = search(SearchData(made.frame, made.columns, GONE), plan, FolderJournal(tmp_path)).summary
    assert set(summary.computed) == {"usual outcome by town", "what is written in note"}
    made = table_from_frame(table(600)[["price", "area", "gone"]], "orders")
    plain = SearchData(made.frame, made.columns, GONE)
    assert search(plain, plan, FolderJournal(tmp_path / "plain")).summary.computed_words == ""


def test_the_command_says_why_a_model_of_no_worse_a_score_is_not_handed_over() -> None:
    """A blend of six was handed over beside one model, 26 times smaller, whose score as printed was better."""
    rule, blend = offered()
    rule = replace(rule, score=Score(0.1, 0.05, 0.15), sentence="Far worse.")
    single = RungOffer("single", ("CatBoost",), SUMMARY.score, 0.06, 0.07, 0.2, sentence="Worse by the rows that chose.")
    run = Run("run", "project", "job", Plan(60, 1), datetime.now(UTC), replace(SUMMARY, ladder=(rule, single, blend)))
    _, first, second, third = ladder_lines(run)
    assert second.endswith(". Worse by the rows that chose.")
    assert "Far worse" not in first
    assert third.startswith("*")


def test_report_and_card_escape_formulas_and_do_not_grow_with_them() -> None:
    many = replace(SUMMARY, ladder=offered(EVIL, *(f"a{number} / b" for number in range(29))))
    assert many.computed_words.endswith("a10 / b and 18 more.")
    card = model_card(CardFacts(PROBLEM, many, ("a",), datetime(2026, 1, 1, tzinfo=UTC)))
    assert card.count(" / b\n") == 29
    assert "<img" not in card.replace("\\<", "")
    facts = dict(make_report(replace(inputs(), summary=many)).facts)
    assert facts["Computes"].endswith("a3 / b and 25 more")
    assert "Computes" not in dict(make_report(inputs()).facts)
