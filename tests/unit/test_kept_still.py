"""A what-if moves a column alone: what the model uses besides, and what would follow, is said to stay as it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.explaining import kept_still


def table(rows: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    price, tenure = rng.normal(60, 15, rows), rng.integers(1, 40, rows)
    made = pd.DataFrame({"price": price, "tenure": tenure, "cost": rng.normal(30, 8, rows), "small": rng.normal(0, 0.001, rows),
                         "kind": rng.choice(["a", "b"], rows)})
    made["total"] = (price * tenure * rng.normal(1, 0.02, rows)).round(2)
    made.loc[::5, "total"] = np.nan
    return made.assign(margin=price - made["cost"], yearly=12 * price + 5, ratio=made["cost"] / price,
                       level=np.where(price > 60, "high", "low"), sum=price + tenure)


@pytest.mark.parametrize(("column", "how"), [
    ("total", "about “price” × “tenure”"), ("margin", "about “price” − “cost”"), ("ratio", "about “cost” / “price”"),
    ("yearly", "goes with “price”"), ("sum", "about “price” + “tenure”"), ("kind", "measured after the change"),
])
def test_what_follows_is_found_and_told(column: str, how: str) -> None:
    """“total_paid” stayed the old price times the months, and nothing said that the answer was of no possible row."""
    sources = ("price", "tenure", "cost", "small", column)
    said = kept_still(table(), sources, ("price",), ("kind",))
    assert said.startswith(f"The model also uses “{column}” ({how}). What is asked here leaves it as it is, so ")
    assert kept_still(table(), sources[:4], ("price",), ("kind",)) == ""  # not of the model: it tells the whole
    assert kept_still(table(), sources, ("price", column), ("kind",)) == ""  # changed as well


def test_several_are_told_together_and_what_only_seems_to_follow_is_not() -> None:
    frame = table()
    said = kept_still(frame, tuple(frame), ("price",), ())
    assert said.count("(about ") == 4
    assert "leaves them as they are" in said
    # “cost” and a trifle is nearly “cost”: the other column alone says as much
    assert kept_still(frame.assign(more=frame["cost"] - frame["small"] / 2), ("small", "cost", "more"), ("small",)) == ""
    assert kept_still(frame, ("price", "total"), ("none",)) == ""
    assert kept_still(frame.head(10), ("price", "tenure", "total"), ("price",)) == ""
    blank = frame.assign(total=np.nan, tenure=0)
    assert kept_still(blank, ("price", "tenure", "total"), ("price",)) == ""
