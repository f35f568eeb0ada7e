"""The money that pilots deliver where a column says what each row is worth, on made-up markets whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard
from automl_core.acting.pilot_design import start_pilot
from automl_core.acting.pilot_door import StartedPilot, judge_pilot
from automl_core.acting.pilot_files import assignment_frame, pilot_table
from automl_core.acting.pilot_result import graded
from automl_core.acting.pilots import PilotChoice, PilotRows
from automl_core.data.table import Column
from tests.unit.piloting import CARD, COLUMNS, GOAL, PROBLEM

EFFECT, COST, ROWS = 0.15, 2.0, 2000
FEE = replace(GOAL, value=100.0, value_column="fee")


def card_of(unit: float) -> ActionCard:
    """A card whose own money says that a unit of gain is worth `unit`."""
    nets = [1000 * (part * unit * EFFECT - COST) for part in (1.0, 0.5, 1.5)]
    return replace(CARD, rows=1000, cost=COST, adjusted=-EFFECT, low=-0.2, high=-0.1, better="down", worth=100.0,
                   net_value=nets[0], net_low=nets[1], net_high=nets[2])


@cache
def drawn() -> StartedPilot:
    """A pilot of 2,000 rows whose fees (mean 100, as wide) have nothing to do with the change."""
    fee = np.random.default_rng(97).gamma(1.0, 100.0, ROWS)
    ids = [f"C{place:05d}" for place in range(ROWS)]
    frame = pd.DataFrame({"customer": ids, "Contract": "Month", "fee": fee, "Churn": "Yes"})
    rows = PilotRows(frame, (*COLUMNS, Column("fee", "float", "number")), np.zeros(ROWS), np.full(ROWS, 0.5), PROBLEM, FEE)
    pilot, draw = start_pilot(card_of(140.0), rows, PilotChoice(rows=ROWS, seed=1), datetime(2026, 11, 24, tzinfo=UTC))
    assignment = assignment_frame(pilot.card, frame, draw, pilot.id_columns, FEE)
    return StartedPilot(pilot, draw, pilot_table(pilot, assignment, "Churn"), assignment, PROBLEM, COLUMNS[2])


def dealt(seed: int, unit: float) -> tuple[StartedPilot, NDArray[np.bool_]]:
    """The same with sides and fees dealt anew, a card of that `unit`, and who stays, (2, n): all held, and all treated."""
    rng, one = np.random.default_rng((97, seed)), drawn()
    assignment = one.assignment.assign(worth=rng.gamma(1.0, 100.0, ROWS), arm=rng.permutation(one.assignment["arm"]))
    luck = rng.random(ROWS)
    pilot = replace(one.pilot, card=card_of(unit))
    table = one.table.assign(arm=assignment["arm"])
    return replace(one, pilot=pilot, assignment=assignment, table=table), np.stack([luck < 0.5, luck < 0.5 + EFFECT])


def came_back(started: StartedPilot, stays: NDArray[np.bool_]) -> pd.DataFrame:
    arm = (started.table["arm"] == "treat").to_numpy(dtype=int)
    return started.table.assign(Churn=np.where(stays[arm, started.table["row"]], "No", "Yes"))


def test_what_a_pilot_delivered_is_measured_by_its_own_rows_whatever_its_card_made_of_them() -> None:
    """It went by the ratio of the card's own money and gain, which was picked and is unsure: 40 % too much of every pilot."""
    covered, ratios = [], []
    for seed in range(120):
        started, stays = dealt(seed, 100.0 * (1.4 if seed % 2 else 0.6))
        result = judge_pilot(started, came_back(started, stays))
        truth = started.pilot.treated * (100.0 * EFFECT - COST)
        covered.append(result.delivered_low <= truth <= result.delivered_high)
        ratios.append(result.delivered / truth)
        measured = graded(started.pilot.card, replace(started.pilot, result=result, state="raised"), FEE)
        assert np.isclose(measured.net_value, result.delivered / started.pilot.treated * 1000)
    print(f"{np.mean(covered):.3f} of the ranges, delivered over true {np.mean(ratios):.2f}, spread {np.std(ratios):.2f}")
    assert np.mean(covered) >= 0.9
    assert 0.95 <= np.mean(ratios) <= 1.05
    assert np.std(ratios) <= 0.3


def test_what_a_card_promises_of_the_treated_rows_is_their_share_of_its_money_and_range() -> None:
    pilot = drawn().pilot
    share = pilot.treated / pilot.card.rows
    promised = (pilot.promised, pilot.promised_low, pilot.promised_high)
    assert np.allclose(promised, share * np.array([pilot.card.net_value, pilot.card.net_low, pilot.card.net_high]))


def test_a_change_that_helps_small_customers_alone_delivers_what_it_brings_them() -> None:
    started, stays = dealt(3, 100.0)
    fee = started.assignment["worth"].to_numpy()
    stays = np.stack([stays[0], np.where(fee < 70, stays[1] | (np.random.default_rng(1).random(ROWS) < 0.5), stays[0])])
    result = judge_pilot(started, came_back(started, stays))
    truth = started.pilot.treated * (float((fee * (stays[1].astype(float) - stays[0])).mean()) - COST)
    assert result.delivered_low <= truth <= result.delivered_high
    assert result.delivered < 0.7 * started.pilot.treated * (100 * result.difference - COST)
    assert "worth" not in started.table
