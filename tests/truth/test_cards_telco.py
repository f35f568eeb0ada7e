"""The card of a public table that the brief measured: from month to month to one year (skipped where the table is not there)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from automl_core.acting import Lever, Options, Roles, find_actions
from automl_core.acting.action import ActionCard
from automl_core.cli import main

GOAL = """
[goal]
outcome = "Churn"
good = "No"
value = 700.0

[columns]
{roles}

[[lever]]
column = "Contract"
from = ["Month-to-month"]
to = ["One year"]
cost = {cost}
"""


def telco(shared: Path) -> Path:
    path = shared / "data/dev/telco_churn.csv"
    if not path.is_file():
        pytest.skip("The table is not there.")
    return path


def found(shared: Path, options: Options, cost: float = 20.0, later: tuple[str, ...] = ("TotalCharges",)) -> list[ActionCard]:
    lever = Lever("Contract", ("One year",), ("Month-to-month",), cost=cost)
    made = find_actions(pd.read_csv(telco(shared)), "Churn", "No", [lever], Roles(later=later), options)
    return [*made.cards, *made.patterns]


@pytest.mark.shared
def test_a_yearly_contract_is_worth_half_of_what_it_looks_like(shared: Path) -> None:
    (card,) = [card for card in found(shared, Options(value=700.0)) if not card.conditions]
    assert card.raw_gap == pytest.approx(-0.314, abs=0.03)
    assert -0.19 <= card.adjusted <= -0.11
    assert -0.23 <= card.low <= -0.16
    assert -0.13 <= card.high <= -0.07
    assert card.grade in "CD"
    assert card.reasons
    assert card.overturn
    print(card.sentence, card.reasons, card.raw_gap, card.adjusted, card.low, card.high, card.support)


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize(("value", "cost", "later"), [(700.0, 20.0, ()), (700.0, 70.0, ("TotalCharges",)), (0.0, 0.0, ()),
                                                      (100.0, 12.0, ("TotalCharges",)), (300.0, 40.0, ())])
def test_it_is_told_whatever_group_a_card_is_about(
    shared: Path, value: float, cost: float, later: tuple[str, ...]
) -> None:
    """With other money a group was picked, and what the move is for everybody was told nowhere."""
    made = found(shared, Options(value=value), cost, later)
    assert made
    for card in made:
        holds(card.whole_raw_gap, card.whole_adjusted, card.whole_low, card.whole_high)
        assert card.grade in "CD"


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize(("cost", "roles"), [(20.0, 'later = ["TotalCharges"]'), (70.0, "")])
def test_it_is_told_on_the_command_line(
    shared: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], cost: float, roles: str
) -> None:
    data, goal, bundle = str(telco(shared)), tmp_path / "goal.toml", str(tmp_path / "model.zip")
    goal.write_text(GOAL.format(cost=cost, roles=roles), encoding="utf-8")
    assert main(["train", data, "--target", "Churn", "--budget", "10", "--families", "linear,lightgbm", "--jobs", "1",
                 "--out", bundle]) in (0, 1)
    capsys.readouterr()
    assert main(["act", bundle, data, "--goal", str(goal), "--json"]) in (0, 1)
    told: dict[str, Any] = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert told["cards"] or told["patterns"]
    for card in (*told["cards"], *told["patterns"]):
        holds(card["whole_raw_gap"], card["whole_adjusted"], card["whole_low"], card["whole_high"])
        assert (card["whole_sentence"] != "") == bool(card["conditions"] or card["alike"])


def holds(raw: float, adjusted: float, low: float, high: float) -> None:
    """About 31 points as the groups are, and about half of that of like compared with like."""
    assert raw == pytest.approx(-0.314, abs=0.03)
    assert -0.19 <= adjusted <= -0.11
    assert low < adjusted < high < 0
