"""Subscription churn: made up, three tables, and a truth that is written down, so that every step can be checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.samples.sample import Sample

ROWS: Final = 4000
SEED: Final = 20240131
_DAY_OF_RECORD: Final = np.datetime64("2024-01-31")
# The truth, in log-odds of leaving. What is not listed has no effect at all.
EFFECTS: Final[Mapping[str, float]] = {
    "contract Monthly": 1.5,
    "contract Yearly": 0.0,
    "contract Two years": -0.8,
    "support ticket, each": 0.55,
    "months as customer, each": -0.025,
    "monthly fee, each 10 above 50": 0.15,
    "discount": -0.6,
    "payment Invoice": 0.5,
}
_BASE: Final = -2.42
_Floats = npt.NDArray[np.float64]


def truth() -> Mapping[str, Any]:
    """What a good analysis finds: true effects, useful and useless lever, columns without effect, the best AUC possible."""
    return {
        "effects": dict(EFFECTS),
        "useful_lever": "contract",
        "useless_lever": "newsletter",
        "no_effect": ("region", "newsletter", "age", "channel"),
        "share_yes": 0.26,
        "best_roc_auc": 0.806,
    }


def tables() -> dict[str, pd.DataFrame]:
    """customers (one row each), contracts (one row each) and support_tickets (none to many rows each)."""
    rng = np.random.default_rng(SEED)
    months: _Floats = np.clip(rng.gamma(2.0, 16.0, ROWS).round(), 1, 120).astype(np.float64)
    # Long-standing customers hold long contracts more often: what looks like one effect is two.
    lean = (months - 30) / 40
    contract = _draw(rng, np.column_stack([0.6 - lean, 0.0 + 0.4 * lean, -0.6 + lean]), ("Monthly", "Yearly", "Two years"))
    fee: _Floats = np.round(np.clip(rng.normal(58, 18, ROWS), 15, 130), 2).astype(np.float64)
    tickets = rng.poisson(np.clip(0.35 + 0.012 * (fee - 50), 0.1, None))
    discount = rng.random(ROWS) < 0.25
    payment = _draw(rng, np.zeros((ROWS, 3)), ("Card", "Direct debit", "Invoice"))
    region = _draw(rng, np.zeros((ROWS, 4)), ("North", "East", "South", "West"))
    newsletter = rng.random(ROWS) < np.clip(0.35 + months / 300, 0, 0.8)
    # The newsletter goes to long-standing customers: it goes along with staying and causes nothing.
    chance = 1 / (1 + np.exp(-_log_odds(contract, tickets.astype(float), months, fee, discount, payment)))
    churned = rng.random(ROWS) < chance
    numbers = np.arange(10_001, 10_001 + ROWS)
    return {
        "customers": _customers(rng, numbers, months, (region, newsletter, churned)),
        "contracts": _contracts(rng, numbers, contract, (fee, discount, payment)),
        "support_tickets": _tickets(rng, numbers, tickets),
    }


def _log_odds(contract: Any, tickets: _Floats, months: _Floats, fee: _Floats, discount: Any, payment: Any) -> _Floats:
    """The formula everything is generated from."""
    odds = (
        _BASE + EFFECTS["contract Monthly"] * (contract == "Monthly") + EFFECTS["contract Two years"] * (contract == "Two years")
    )
    odds = odds + EFFECTS["support ticket, each"] * tickets + EFFECTS["months as customer, each"] * (months - 30)
    odds = odds + EFFECTS["monthly fee, each 10 above 50"] * (fee - 50) / 10
    result: _Floats = odds + EFFECTS["discount"] * discount + EFFECTS["payment Invoice"] * (payment == "Invoice")
    return result


def _draw(rng: np.random.Generator, scores: Any, labels: tuple[str, ...]) -> Any:
    """One label a row, with probabilities softmax(scores), drawn by the Gumbel trick."""
    return np.array(labels, dtype=object)[np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)]


def _customers(rng: np.random.Generator, numbers: Any, months: _Floats, parts: tuple[Any, Any, Any]) -> pd.DataFrame:
    region, newsletter, churned = parts
    age = np.clip(rng.normal(44, 14, ROWS).round(), 18, 90)
    days = (months * 30.44).astype(int) - rng.integers(0, 30, ROWS)
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{number}" for number in numbers],
            "customer_since": (_DAY_OF_RECORD - days.astype("timedelta64[D]")).astype("datetime64[us]"),
            "months_as_customer": months.astype(int),
            "age": age,
            "region": region,
            "channel": _draw(rng, np.zeros((ROWS, 3)), ("Web", "Shop", "Partner")),
            "newsletter": np.where(newsletter, "Yes", "No"),
            "churned": np.where(churned, "Yes", "No"),
        }
    )
    frame.loc[rng.random(ROWS) < 0.04, "age"] = np.nan
    return _soiled(frame)


def _soiled(frame: pd.DataFrame) -> pd.DataFrame:
    """What people do to a column that decides nothing: other spellings, stray spaces, a question mark for unknown."""
    rng = np.random.default_rng(SEED + 1)
    spelled, spaced, unknown = (rng.random(ROWS) < share for share in (0.04, 0.03, 0.02))
    frame.loc[spelled, "region"] = frame.loc[spelled, "region"].str.upper()
    frame.loc[spaced, "region"] = frame.loc[spaced, "region"] + " "
    frame.loc[unknown, "channel"] = "?"
    return frame


def _contracts(rng: np.random.Generator, numbers: Any, contract: Any, parts: tuple[Any, Any, Any]) -> pd.DataFrame:
    fee, discount, payment = parts
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{number}" for number in numbers],
            "contract": contract,
            "monthly_fee": fee,
            "discount": np.where(discount, "Yes", "No"),
            "payment": payment,
        }
    )
    return frame.iloc[rng.permutation(ROWS)].reset_index(drop=True)


def _tickets(rng: np.random.Generator, numbers: Any, tickets: Any) -> pd.DataFrame:
    owner = np.repeat(numbers, tickets)
    opened = _DAY_OF_RECORD - rng.integers(1, 180, len(owner)).astype("timedelta64[D]")
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{number}" for number in owner],
            "opened": opened.astype("datetime64[us]"),
            "topic": _draw(rng, np.zeros((len(owner), 4)), ("Billing", "Outage", "Speed", "Contract")),
            "hours_to_answer": np.round(rng.gamma(2.0, 9.0, len(owner)), 1),
        }
    )
    return frame.iloc[rng.permutation(len(owner))].reset_index(drop=True)


SAMPLE = Sample(
    name="subscription_churn",
    title="Subscription churn (made up)",
    story="4,000 customers of a made-up service, their contracts and support tickets: who leaves, and what would keep them?",
    target="churned",
    tables=tables,
    drop=("customer_id",),
    made_up=True,
    truth="Made up. Contract length, support tickets, months as customer, fee, discount and paying by invoice decide; "
    "the newsletter does nothing.",
    keys=(("contracts", "customer_id", "customer_id"), ("support_tickets", "customer_id", "customer_id")),
    facts=truth,
)
