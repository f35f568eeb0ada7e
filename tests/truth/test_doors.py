"""The public doors on known truth: groups of noise are seldom confirmed, and the interval of a pilot holds the true effect."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import ActionCard, Options, PilotChoice, PilotResult, Roles, compare, judge_pilot, pilot_of, segments_of
from tests.truth.gaps import world
from tests.truth.test_segments import customers, noise

EFFECT = 0.12
CARD = ActionCard(
    "All", "offer", "no", "yes", 0, 0.0, 0.0, EFFECT, 0.05, 0.2, 0.0, 0.0, 0.0, "C", 1.0, 0.1, "", from_values=("no",),
    counted="“y” = “yes”", better="up", is_rate=True)  # fmt: skip


@pytest.mark.parametrize("runs", [12, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("clustered", [False, True])
def test_noise_confirms_nothing_through_the_door(runs: int, clustered: bool) -> None:
    """At most 5 % of tables, and what chance adds in so many (two standard errors)."""
    false = 0
    for seed in range(runs):
        if clustered:
            frame, y = customers(2000 + seed, 8)
        else:
            frame, rng = noise(2000 + seed, 1500)
            y = rng.random(1500) < 0.27
        roles = Roles(group="customer") if clustered else None
        false += bool(segments_of(frame.assign(y=np.where(y, "yes", "no")), "y", "no", roles, seed).segments)
    assert false <= 0.05 * runs + 2 * np.sqrt(0.05 * 0.95 * runs)


@dataclass(frozen=True)
class Knows:
    """A model that knows the risk of each row."""

    def predict_frame(self, frame: pd.DataFrame) -> np.ndarray:
        return np.asarray(frame["use"], dtype=np.float64)


@dataclass(frozen=True)
class ByHeart:
    """A model that has learned every outcome by heart, and knows little else."""

    answers: np.ndarray

    def predict_frame(self, frame: pd.DataFrame) -> np.ndarray:
        return self.answers


def promised_by_heart(seed: int) -> tuple[float, bool]:
    """The chance that a pilot dealt by such a model promises to see its effect, and whether it does."""
    rng = np.random.default_rng(seed)
    use = rng.beta(2, 3, 480)
    happened = rng.random(480) < 0.25 + 0.4 * use
    frame = pd.DataFrame({"offer": np.where(np.arange(480) % 5, "no", "yes"), "use": use, "y": np.where(happened, "yes", "no")})
    model = ByHeart(np.where(happened, 0.7, 0.1) + 0.2 * use)
    card = replace(CARD, adjusted=0.15, low=0.08, high=0.22)
    started = pilot_of(card, frame, "y", None, Options(model=model, seed=seed), PilotChoice(rows=240, seed=seed))
    moved, at = (started.table["arm"] == "treat").to_numpy(), started.table["row"].to_numpy()
    later = np.where(rng.random(240) < 0.25 + 0.4 * use[at] + 0.15 * moved, "yes", "no")
    result = judge_pilot(started, started.table[["row"]].assign(y=later))
    return started.pilot.power.chance, result.p < 0.05


def test_a_model_promises_nothing_by_the_outcomes_that_it_learned() -> None:
    """It told 99 % of the variance of outcomes that it knew, and the chance was 100 %. Within three standard errors
    of 60 pilots."""
    said, seen = np.array([promised_by_heart(seed) for seed in range(60)]).mean(axis=0)
    assert 0.5 < said < 0.9
    assert seen == pytest.approx(said, abs=3 * np.sqrt(said * (1 - said) / 60))


def run_pilot(seed: int, effect: float, number: bool, houses: int, learned: bool) -> PilotResult:
    """A pilot of half of the rows of a table, by the doors alone; the change moves each drawn row's chance, or number."""
    rng = np.random.default_rng(seed)
    rows = 480
    use = rng.beta(2, 3, rows)
    house = np.arange(rows) % houses if houses else np.arange(rows)
    shift = rng.normal(0, 0.4, rows)[house] if houses else np.zeros(rows)

    def outcomes(at: np.ndarray, moved: np.ndarray) -> np.ndarray:
        if number:
            return np.asarray(3 * use[at] + shift[at] + rng.gamma(2, 0.3, len(at)) + effect * moved)
        return np.where(rng.random(len(at)) < 0.25 + 0.4 * use[at] + effect * moved, "yes", "no")

    every = np.arange(rows)
    frame = pd.DataFrame({"offer": "no", "use": use, "house": house, "y": outcomes(every, np.zeros(rows))}, index=every[::-1])
    frame.loc[frame.index % 5 == 0, "offer"] = "yes"
    roles = Roles(group="house") if houses else None
    options = Options(seed=seed) if learned else Options(model=Knows(), seed=seed)
    card = ActionCard(**{**{name: getattr(CARD, name) for name in CARD.__slots__}, "is_rate": not number,
                         "counted": "“y”" if number else CARD.counted, "adjusted": effect or EFFECT})
    started = pilot_of(card, frame, "y", roles, options, PilotChoice(rows=240, seed=seed))
    moved = (started.table["arm"] == "treat").to_numpy()
    return judge_pilot(started, started.table[["row"]].assign(y=outcomes(started.table["row"].to_numpy(), moved)))


def covered(seeds: range, effect: float = EFFECT, number: bool = False, houses: int = 0, learned: bool = False) -> int:
    found = [run_pilot(seed, effect, number, houses, learned) for seed in seeds]
    return sum(one.low <= effect <= one.high for one in found)


def test_pilots_cover_through_the_doors_quickly() -> None:
    """95 % of 60 pilots; fewer than 52 of them has a chance of 1 % when the interval is right."""
    assert covered(range(60)) >= 52


@pytest.mark.slow
@pytest.mark.parametrize(
    ("effect", "number", "houses", "learned"),
    [(EFFECT, False, 0, False), (0.0, False, 0, False), (0.3, True, 0, False), (0.3, True, 80, False), (EFFECT, False, 0, True)],
)
def test_pilots_cover_through_the_doors(effect: float, number: bool, houses: int, learned: bool) -> None:
    """Between 92 and 98 of 100: four standard errors of 600 pilots, three of the 300 with a model of their own."""
    seeds = range(300 if learned else 600)
    assert covered(seeds, effect, number, houses, learned) / len(seeds) == pytest.approx(0.95, abs=0.035)


@pytest.mark.parametrize("runs", [4, pytest.param(60, marks=pytest.mark.slow)])
def test_parts_of_a_gap_cover_through_the_door(runs: int) -> None:
    """The intervals of composition and behaviour hold the truth as often as they say."""
    held = []
    for seed in range(runs):
        one = world(700 + seed, 1500, "both")
        story = compare(one.frame.assign(y=one.y == 1), "y", {"g": "x"}, {"g": "z"}, good=False)
        parts = (story.composition, story.behaviour)
        held += [part.low <= truth <= part.high for part, truth in zip(parts, one.truth, strict=True)]
    assert np.mean(held) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / len(held))
