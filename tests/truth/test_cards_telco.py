"""The card of a public table that the brief measured: from month to month to one year (skipped where the table is not there)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from automl_core.acting import Lever, Options, Roles, find_actions


@pytest.mark.shared
def test_a_yearly_contract_is_worth_half_of_what_it_looks_like(shared: Path) -> None:
    path = shared / "data/dev/telco_churn.csv"
    if not path.is_file():
        pytest.skip("The table is not there.")
    lever = Lever("Contract", ("One year",), ("Month-to-month",), cost=20.0)
    found = find_actions(pd.read_csv(path), "Churn", "No", [lever], Roles(later=("TotalCharges",)), Options(value=700.0))
    (card,) = [card for card in (*found.cards, *found.patterns) if not card.conditions]
    assert card.raw_gap == pytest.approx(-0.314, abs=0.03)
    assert -0.19 <= card.adjusted <= -0.11
    assert -0.23 <= card.low <= -0.16
    assert -0.13 <= card.high <= -0.07
    assert card.grade in "CD"
    assert card.reasons
    assert card.overturn
    print(card.sentence, card.reasons, card.raw_gap, card.adjusted, card.low, card.high, card.support)
