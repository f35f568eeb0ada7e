"""What is handed on: the one-page report, the model card and files that are safe to open in a spreadsheet."""

from __future__ import annotations

from automl_core.reporting.card_page import CardPage, card_page
from automl_core.reporting.exports import csv_chunks, safe_csv, safe_xlsx
from automl_core.reporting.inputs import ReportInputs
from automl_core.reporting.memo import make_report
from automl_core.reporting.model_card import CardFacts, model_card
from automl_core.reporting.render import render
from automl_core.reporting.sections import SectionInputs

__all__ = [
    "CardFacts",
    "CardPage",
    "ReportInputs",
    "SectionInputs",
    "card_page",
    "csv_chunks",
    "make_report",
    "model_card",
    "render",
    "safe_csv",
    "safe_xlsx",
]
