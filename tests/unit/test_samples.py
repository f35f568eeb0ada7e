"""The samples load in one click, join without multiplying rows, and the made-up one holds the truth it claims."""

from __future__ import annotations

import math

import numpy as np
import pytest

from automl_core.samples import load_sample, samples
from automl_core.samples.subscription_churn import tables, truth


@pytest.mark.parametrize("name", sorted(samples().plugins))
def test_every_sample_loads(name: str) -> None:
    sample = samples().get(name)
    table, others = load_sample(name)
    assert sample.target in table.names
    assert table.column(sample.target).missing == 0
    assert all(name in table.names for name in sample.drop)
    assert set(others) == {label for label, _, _ in sample.keys}
    assert len(sample.story) > 20
    assert sample.truth


def test_nothing_is_broken() -> None:
    assert samples().broken == ()


def test_churn_is_always_the_same() -> None:
    first, second = tables(), tables()
    assert all(first[name].equals(second[name]) for name in first)


def test_churn_keeps_its_promises() -> None:
    table, others = load_sample("subscription_churn")
    assert table.rows == 4000
    assert set(others) == {"contracts", "support_tickets"}
    assert table.column("customer_id").role == "id"
    assert sum(column.kind == "date" for column in table.columns) == 2
    share = float((table.frame["churned"] == "Yes").mean())
    assert math.isclose(share, truth()["share_yes"], abs_tol=0.015)


def test_churn_effects_are_there() -> None:
    """A logistic regression on the true columns finds the true effects within four standard errors."""
    from sklearn.linear_model import LogisticRegression

    frame = load_sample("subscription_churn")[0].frame
    effects = truth()["effects"]
    columns = {
        "contract Monthly": frame["contract"] == "Monthly",
        "contract Two years": frame["contract"] == "Two years",
        "support ticket, each": frame["support_tickets count"],
        "months as customer, each": frame["months_as_customer"],
        "monthly fee, each 10 above 50": frame["monthly_fee"] / 10,
        "discount": frame["discount"] == "Yes",
        "payment Invoice": frame["payment"] == "Invoice",
        "newsletter": frame["newsletter"] == "Yes",
    }
    matrix = np.column_stack([values.to_numpy(dtype=float) for values in columns.values()])
    y = (frame["churned"] == "Yes").to_numpy()
    model = LogisticRegression(C=1e6, max_iter=5000).fit(matrix, y)
    chance = model.predict_proba(matrix)[:, 1]
    design = np.column_stack([np.ones(len(y)), matrix])
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ (design * (chance * (1 - chance))[:, None]))))[1:]
    for found, error, name in zip(model.coef_[0], errors, columns, strict=True):
        assert abs(found - effects.get(name, 0.0)) < 4 * error, name
