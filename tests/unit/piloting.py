"""A card and its customers, a pilot of them that is started, sent back and judged."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from automl_core.acting.action import ActionCard, Goal
from automl_core.acting.pilot_design import Draw, start_pilot
from automl_core.acting.pilot_files import assignment_frame, match_outcomes, pilot_table
from automl_core.acting.pilot_result import judge, state_after
from automl_core.acting.pilots import Pilot, PilotChoice, PilotRows
from automl_core.data.table import Column
from automl_core.framing.problem import Problem
from automl_core.reporting.exports import safe_csv

NAN = math.nan
PROBLEM = Problem("Churn", "binary", "roc_auc", ("No", "Yes"), "Yes")
GOAL = Goal("Churn", "No", value=700.0)
CARD = ActionCard(
    "Rows with a monthly contract", "Contract", "Month", "One year", 500, 0.3, 0.15, 0.15, 0.1, 0.2, 50_000.0, 30_000.0, 70_000.0,
    "C", 0.9, 0.07, "A sentence.", id="c1", from_values=("Month",), cost=20.0)  # fmt: skip
COLUMNS = (Column("customer", "text", "id"), Column("Contract", "text", "category"), Column("Churn", "bool", "category"))


def customers(rows: int = 600, seed: int = 0) -> PilotRows:
    rng = np.random.default_rng(seed)
    risk = rng.random(rows)
    y = (rng.random(rows) < risk).astype(np.int64)
    ids = [f"{number:05d}" if number % 3 else f"=C{number}" for number in range(rows)]
    contract = np.where(rng.random(rows) < 0.7, "Month", "One year")
    frame = pd.DataFrame({"customer": ids, "Contract": contract, "Churn": np.where(y == 1, "Yes", "No")})
    return PilotRows(frame, COLUMNS, y, risk, PROBLEM, GOAL)


def started(rows: PilotRows, card: ActionCard = CARD, choice: PilotChoice | None = None) -> tuple[Pilot, pd.DataFrame, Draw]:
    pilot, drawn = start_pilot(card, rows, choice or PilotChoice(rows=200, seed=1), datetime(2026, 11, 24, tzinfo=UTC))
    return pilot, assignment_frame(card, rows.frame, drawn, pilot.id_columns, None, rows.y), drawn


def sent_back(table: pd.DataFrame, outcomes: list[str], target: str = "Churn") -> pd.DataFrame:
    """The pilot's file as it comes back from a spreadsheet: every cell a text, the outcome filled in."""
    text = safe_csv(table.assign(**{target: outcomes}))
    return pd.read_csv(io.BytesIO(text), dtype=str)


def verdict(effect: float, seed: int = 4, card: ActionCard = CARD) -> tuple[Pilot, float]:
    """A pilot of 400 rows whose change truly moves the share that stays by `effect`."""
    rows = customers(900)
    pilot, assignment, drawn = started(rows, card, PilotChoice(rows=400, seed=2))
    rng = np.random.default_rng(seed)
    stays = rng.random(len(assignment)) < 0.5 + effect * drawn.treated
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), list(np.where(stays, "No", "Yes")))
    result = judge(pilot, match_outcomes(pilot, assignment, sent, PROBLEM))
    return replace(pilot, result=result, state=state_after(result)), result.difference
