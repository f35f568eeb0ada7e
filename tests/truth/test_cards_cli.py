"""A made-up market with known effects through the command line alone: spreadsheet, goal file, search, cards and plan."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cli import main
from tests.truth.markets import Market, market

Told = dict[str, Any]
GOAL = """
[goal]
outcome = "churn"
good = "No"
value = 100.0
capacity = {capacity}

[columns]
later = ["calls_after"]
never = ["gender"]

[[lever]]
column = "offer"
to = ["yes"]
cost = 12.0

[[lever]]
column = "paper"
forbidden = [["yes", "no"]]
cost = 12.0
"""


def table(seed: int, rows: int, path: Path) -> Market:
    """The market as a spreadsheet, with an id, a column that must not be used, and one that the outcome leaves behind."""
    made = market(seed, rows)
    rng = np.random.default_rng(seed + 1)
    calls = rng.poisson(1.0, rows) + (made.frame["churn"] == "Yes") * rng.poisson(0.5, rows)
    wide = made.frame.assign(customer=[f"K{place:06d}" for place in range(rows)], gender=rng.choice(["f", "m"], rows))
    wide = wide.assign(calls_after=calls)
    wide.to_csv(path, index=False)
    return made


def acted(
    seed: int, rows: int, folder: Path, capsys: pytest.CaptureFixture[str], budget: str
) -> tuple[Market, Told, pd.DataFrame]:
    data, goal, bundle, out = folder / "data.csv", folder / "goal.toml", folder / "model.zip", folder / "actions.csv"
    made = table(seed, rows, data)
    goal.write_text(GOAL.format(capacity=200), encoding="utf-8")
    assert main(["train", str(data), "--target", "churn", "--drop", "calls_after,gender", "--budget", budget, "--families",
                 "linear,lightgbm", "--jobs", "1", "--out", str(bundle)]) in (0, 1)
    capsys.readouterr()
    ranked = str(folder / "ranked.csv")
    assert main(["act", str(bundle), str(data), "--goal", str(goal), "--out", str(out), "--ranked", ranked, "--json"]) in (0, 1)
    told = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    with out.open(encoding="utf-8-sig", newline="") as handle:
        return made, told, pd.DataFrame(list(csv.DictReader(handle)))


def check(made: Market, told: Told, plan: pd.DataFrame) -> tuple[int, int]:
    """What must hold on any table; gives how many offer cards there are and how many hold the truth."""
    covered = number = 0
    for card in (*told["cards"], *told["patterns"]):
        assert card["lever"] in ("offer", "paper")
        assert (card["lever"], card["from"], card["to"]) != ("paper", "yes", "no")
        assert all(condition["column"] not in ("gender", "calls_after", "churn") for condition in card["conditions"])
        assert {"raw_gap", "what_if", "gain", "gain_low", "gain_high", "rows", "grade", "reasons", "support"} <= set(card)
        assert card["low"] <= card["adjusted"] <= card["high"]
        assert card["gain"] == pytest.approx(-card["adjusted"])
    for card in told["cards"]:
        mine = plan[plan["card"] == card["id"]]
        assert set(mine["lever"]) <= {card["lever"]}
        assert set(mine["to"]) <= {card["to"]}
    by_id = {f"K{place:06d}": place for place in range(len(made.frame))}
    assert len(plan) == told["plan"]["rows"] <= 200
    places = plan["customer"].map(by_id).to_numpy(dtype=np.int64) if len(plan) else np.empty(0, dtype=np.int64)
    offered = plan["lever"].to_numpy() == "offer" if len(plan) else np.empty(0, dtype=bool)
    assert (made.frame["offer"].to_numpy()[places[offered]] == "no").all()
    for card in told["cards"]:
        if card["lever"] == "offer":
            number += 1
            covered += card["low"] <= truth(made, card) <= card["high"]
    return number, covered


def truth(made: Market, card: Told) -> float:
    """The true mean change on the rows that a card's keys describe, read as a stranger would."""
    frame = made.frame

    def hold(conditions: list[Told]) -> np.ndarray:
        mask = np.ones(len(frame), dtype=bool)
        for one in conditions:
            values = frame[one["column"]]
            if one["values"]:
                mask &= values.isin(one["values"]).to_numpy()
            else:
                mask &= ((values >= (one["low"] if one["low"] is not None else -np.inf))
                         & (values < (one["high"] if one["high"] is not None else np.inf))).to_numpy()
        return mask

    rows = hold(card["conditions"]) & frame[card["lever"]].isin(card["from_values"]).to_numpy()
    if card["alike"]:
        rows &= np.any([hold(part) for part in card["alike"]], axis=0)
    assert int(rows.sum()) == card["rows"]
    return float((made.chance["yes"] - made.chance["no"])[rows].mean())


def test_a_market_through_the_command_line(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, told, plan = acted(81, 4000, tmp_path, capsys, "5")
    number, covered = check(made, told, plan)
    assert number >= 1
    assert covered >= number - (number > 1)
    assert len(plan) == 200
    assert (made.frame["contract"].to_numpy()[plan["customer"].str[1:].astype(int)] == "monthly").mean() > 0.6  # where it pays


@pytest.mark.slow
def test_markets_through_the_command_line(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    numbers = covered = idle = 0
    for seed in range(90, 110):
        folder = tmp_path / str(seed)
        folder.mkdir()
        made, told, plan = acted(seed, 5000, folder, capsys, "8")
        number, inside = check(made, told, plan)
        numbers, covered = numbers + number, covered + inside
        idle += any(card["lever"] == "paper" for card in told["cards"])
    assert numbers >= 18
    assert covered >= 0.85 * numbers
    assert idle <= 2
