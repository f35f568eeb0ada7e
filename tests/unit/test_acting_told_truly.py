"""Sentences whose reason has to be the true one: a rare value, a pilot that came out noisy, rows of known worth under limits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Lever, Options, PilotChoice, find_actions, judge_pilot, pilot_of
from automl_core.acting.effects import Effect, Money, possible
from automl_core.acting.experiment import Experiment, experiment_frame
from automl_core.acting.pilot_files import match_outcomes, pilot_table
from automl_core.acting.pilot_result import _follows, judge
from automl_core.acting.two_sides import compare_sides
from automl_core.errors import BadInput
from automl_core.explaining.fairness_counts import rate_of
from automl_core.framing.shares import wilson
from tests.unit.piloting import CARD, PROBLEM, customers, sent_back, started


def test_a_rare_value_is_said_to_be_rare() -> None:
    """Dealt by a coin to one row in fifty, with an effect of three spreads: rows were said to be hardly alike, which they are."""
    rng = np.random.default_rng(0)
    new = rng.random(3_000) < 0.015
    frame = pd.DataFrame({"kind": np.where(new, "new", "old"), "age": rng.integers(18, 80, 3_000),
                          "price": rng.normal(60, 12, 3_000)})
    frame["sales"] = 100 + 30 * new + rng.normal(0, 10, 3_000)
    found = find_actions(frame, "sales", "high", [Lever("kind", ("new",))])
    told = f"Only {int(new.sum())} of 3,000 rows have “kind” = “new”"
    assert found.cards or any(told in note for note in found.notes), found.notes


def test_a_pilot_that_came_out_noisy_does_not_name_its_high_chance_as_the_reason() -> None:
    """“It cannot be ruled out, because the pilot had a chance of over 99.9 % to see it.”"""
    rng = np.random.default_rng(1)
    had = rng.random(600) < 0.5
    frame = pd.DataFrame({"offer": np.where(had, "new", "old"), "age": rng.integers(18, 80, 600)})
    frame["y"] = 20.0 * had + rng.normal(0, 8, 600)
    (card,) = find_actions(frame, "y", "high", [Lever("offer", ("new",))]).cards
    started = pilot_of(card, frame, "y", choice=PilotChoice(rows=60, seed=1))
    assert started.pilot.power.chance > 0.99
    result = judge_pilot(started, started.table.assign(y=rng.normal(0, 150, len(started.table))))
    assert "cannot be ruled out either, though by past rows the pilot had" in result.sentence
    usual = replace(started.pilot, power=replace(started.pilot.power, chance=0.87))
    assert "either, though the pilot had a chance of 87 % to see it." in _follows(usual, result)
    weak = replace(started.pilot, power=replace(started.pilot.power, chance=0.4))
    assert "either, because the pilot had a chance of 40 % to see it." in _follows(weak, result)


def test_rows_of_known_worth_have_a_turn_where_their_effect_has_no_order() -> None:
    """Chance chose among them, for half of what those ranked first bring."""
    made = Experiment("offer", treat=1.0, rows=100, reach=10, priced_by="revenue")
    frame = pd.DataFrame({"revenue": np.arange(100.0)})
    table = experiment_frame(np.arange(100.0), frame, made)
    assert table.loc[table["within_limits"] == "yes", "rank"].tolist() == list(range(1, 11))
    table = experiment_frame(np.arange(100.0), frame, replace(made, priced_by=""))
    assert table.loc[table["within_limits"] == "yes", "rank"].tolist() != list(range(1, 11))


def test_a_day_may_be_written_as_its_file_writes_days() -> None:
    """“No row has “05.03.2024””, of a file in which 200 rows have it."""
    rng = np.random.default_rng(2)
    early = rng.random(600) < 0.5
    frame = pd.DataFrame({"start": np.where(early, "05.03.2024", "20.03.2024"), "age": rng.integers(18, 80, 600)})
    frame["y"] = 20.0 * early + rng.normal(0, 8, 600)
    found = [find_actions(frame, "y", "high", [Lever("start", (day,))]).cards for day in ("05.03.2024", "2024-03-05")]
    assert found[0] == found[1]
    assert found[0][0].to_value == "2024-03-05"
    with pytest.raises(BadInput, match=r"No row has “06\.03\.2024”"):
        find_actions(frame, "y", "high", [Lever("start", ("06.03.2024",))])


def test_a_range_holds_its_share() -> None:
    """Of 0 of 300 its low end was 9e-19."""
    for hits, rows in ((0, 300), (300, 300), (7, 7), (0, 1)):
        low, high = wilson(hits / rows, rows)
        assert low <= hits / rows <= high


def test_one_function_gives_the_interval_of_a_share() -> None:
    """It stood in three files, two of which let the low end of 0 of 300 be 9e-19; and 1.959964 was typed in eight."""
    rate = rate_of(0, 300)
    assert (rate.low, rate.high) == wilson(0.0, 300)
    assert wilson(0.3, 0.5) == (0.0, 1.0)
    root = Path(__file__).parents[2] / "automl_core"
    typed = [path.name for path in root.rglob("*.py") if "1.959964" in path.read_text(encoding="utf-8")]
    assert typed == ["shares.py"]


def test_a_share_falls_to_nothing_at_most_and_so_does_its_money() -> None:
    """“8.0 points less (0.3 to 16.0)” of 9.9 %, and money to match."""
    rng = np.random.default_rng(3)
    had, age = rng.random(1_500) < 0.3, rng.integers(18, 80, 1_500)
    frame = pd.DataFrame({"plan": np.where(had, "care", "none"), "age": age,
                          "claim": np.where(rng.random(1_500) < np.where(had, 0.004, 0.07), "yes", "no")})
    (card,) = find_actions(frame, "claim", "no", [Lever("plan", ("care",), cost=1.0)], options=Options(value=300.0)).cards
    assert card.low == -card.now
    assert card.then >= 0
    assert card.net_high == pytest.approx(card.rows * (300 * card.now - 1))
    assert card.whole_low >= -frame.loc[~had, "claim"].eq("yes").mean() - 1e-9


def test_money_by_a_value_column_ends_where_the_share_does() -> None:
    """Points ended at all claims there were, and money beside them at more than these cost."""
    y, values = np.array([1.0, 0.0, 0.0, 0.0]), np.array([100.0, 300.0, 300.0, 300.0])
    plain = Effect(-0.2, -0.4, -0.05, 0.01, 0.1, -0.2, 1.0, np.ones(4, dtype=bool), 5, 1.0, 1.0, 4)
    told = possible(replace(plain, money=Money(-20.0, -60.0, -5.0, 10.0)), y, values)
    assert (told.low, told.high) == (-0.25, -0.05)
    assert told.money == Money(-20.0, -25.0, -5.0, 10.0)
    assert possible(replace(plain, estimate=-0.3), y).low == -0.3  # the estimate itself is never left out


def test_what_a_pilot_measured_ends_at_those_held_out() -> None:
    """Of 3 % no more can be lost, however wide the range of few rows is."""
    rows = customers(900)
    pilot, assignment, drawn = started(rows, CARD, PilotChoice(rows=60, seed=2))
    stays = np.ones(len(assignment), dtype=bool)
    stays[np.flatnonzero(~drawn.treated)[:1]] = False
    sent = sent_back(pilot_table(pilot, assignment, "Churn"), list(np.where(stays, "No", "Yes")))
    matched = match_outcomes(pilot, assignment, sent, PROBLEM)
    uncut, result = compare_sides(matched.values, matched.treated, matched.strata, matched.groups), judge(pilot, matched)
    assert uncut.high > 1 - result.held_mean
    assert result.high == pytest.approx(1 - result.held_mean)
    assert result.low == uncut.low
