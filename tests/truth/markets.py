"""Made-up markets whose true effects are known, for the tests of action cards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_core.acting.action import ActionCard
from automl_core.acting.levers import eligible

Floats = np.ndarray


@dataclass(frozen=True)
class Market:
    """A table with two levers, `offer` (works on monthly customers most) and `paper` (does nothing), and the truth: the chance
    of churn of each row at each value of `offer`."""

    frame: pd.DataFrame
    chance: dict[str, Floats]

    def effect(self, card: ActionCard) -> float:
        """The true mean change of churn on the rows of a card."""
        if card.lever != "offer":
            return 0.0
        rows = eligible(card, self.frame)
        now = np.where(self.frame["offer"] == "yes", self.chance["yes"], self.chance["no"])
        return float((self.chance[card.to_value] - now)[rows].mean())

    def gain(self, chosen: np.ndarray, cards: tuple[ActionCard, ...], value: float, cost: float) -> float:
        """The true net money of giving each row the card it got (-1: none)."""
        total = 0.0
        for place, card in enumerate(cards):
            rows = chosen == place
            if card.lever == "offer":
                now = np.where(self.frame["offer"] == "yes", self.chance["yes"], self.chance["no"])
                total += value * float((now - self.chance[card.to_value])[rows].sum())
            total -= cost * float(rows.sum())
        return total


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def market(
    seed: int, rows: int = 6000, hidden: float = 0.0, null: bool = False, steered: float = 1.0, weak: float = 0.05
) -> Market:
    """Customers who are offered something more often when they are loyal, which lowers churn by itself.

    The true effect is 0.3 on monthly customers and `weak` on others; with `null` the offer does nothing either. `hidden` is the
    strength of a factor that nobody wrote down, `steered` how much the known columns decide who is offered something.
    """
    rng = np.random.default_rng(seed)
    tenure = rng.gamma(2.0, 14.0, rows)
    monthly = rng.random(rows) < sigmoid(1.0 - tenure / 25)
    spend = rng.normal(60, 20, rows)
    region = rng.choice(["north", "south", "east", "west"], rows)
    unseen = rng.normal(size=rows)
    loyal = np.tanh((tenure - 28) / 20)
    offered = rng.random(rows) < sigmoid(-0.3 + steered * (0.9 * loyal - 0.5 * monthly + 0.008 * (spend - 60)) + hidden * unseen)
    papered = rng.random(rows) < sigmoid(0.2 - 0.9 * loyal + 0.4 * monthly + hidden * unseen)
    effect = np.zeros(rows) if null else np.where(monthly, 0.3, weak)
    base = 0.42 + 0.12 * monthly - 0.14 * loyal + 0.04 * (region == "north") + 0.001 * (spend - 60)
    base = base - 0.10 * hidden * np.tanh(unseen)
    chance = {"no": np.clip(base, 0.01, 0.99), "yes": np.clip(base - effect, 0.01, 0.99)}
    churned = rng.random(rows) < np.where(offered, chance["yes"], chance["no"])
    frame = pd.DataFrame(
        {
            "tenure": np.round(tenure, 1),
            "contract": np.where(monthly, "monthly", "yearly"),
            "spend": np.round(spend, 2),
            "region": region,
            "offer": np.where(offered, "yes", "no"),
            "paper": np.where(papered, "yes", "no"),
            "churn": np.where(churned, "Yes", "No"),
        }
    )
    return Market(frame, chance)
