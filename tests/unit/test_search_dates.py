"""Two dates say together how long something took: the days between them are a formula of their own."""
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.data.infer import table_from_frame
from automl_core.framing.problem import Problem
from automl_core.search import SearchData
from automl_core.search.feature import Feature
from automl_core.search.features import fit_encoder
from automl_core.search.formula_lab import FormulaSource, _formulas, fit_formulas
from automl_core.search.formulas import Formulas
from automl_core.search.plan import Plan
from automl_core.search.portfolio import make_portfolio
from automl_core.search.prepared import prepare

LATE = Problem("late", "binary", "roc_auc", ("no", "yes"), "yes")


def orders(seed: int, noise: bool = False, rows: int = 1500) -> pd.DataFrame:
    """Orders of three years, shipped within 60 days: one is late by how long it took, and by nothing that one date shows."""
    random = np.random.default_rng(seed)
    ordered = pd.Timestamp("2021-01-01") + pd.to_timedelta(random.integers(0, 1095, rows), "D")
    took = random.integers(1, 61, rows)
    shipped = pd.Series(ordered + pd.to_timedelta(took, "D")).mask(random.random(rows) < 0.03)
    chance = 0.5 if noise else 1 / (1 + np.exp(-(took - 30) / 4))
    return pd.DataFrame({"ordered": ordered, "shipped": shipped, "late": np.where(random.random(rows) < chance, "yes", "no")})


def source(frame: pd.DataFrame) -> FormulaSource:
    table = table_from_frame(frame, "orders")
    encoder = fit_encoder(table.frame, table.columns, LATE, 0)
    return FormulaSource(encoder.matrix(table.frame, {}), encoder.features, (frame["late"] == "yes").to_numpy(float), "binary")


def test_the_days_between_two_dates_are_found_and_are_the_same_for_one_row() -> None:
    frame = orders(0)
    given = source(frame)
    formed = fit_formulas(given, np.arange(1200), 0)
    first = formed.formulas.features[0]
    assert (first.name, first.sources) == ("days from ordered to shipped", ("ordered", "shipped"))
    days = (frame["shipped"] - frame["ordered"]).dt.days.to_numpy(dtype=float)
    assert formed.values[:, 0] == pytest.approx(days, nan_ok=True)
    alone = Formulas(formed.formulas.items[:1])
    assert np.array([alone.cells(row) for row in given.matrix.tolist()])[:, 0] == pytest.approx(days, nan_ok=True)


def test_days_between_dates_are_not_made_up() -> None:
    found = [fit_formulas(source(orders(seed, noise=True)), np.arange(1200), 0).formulas.features for seed in range(1, 7)]
    assert sum(any(feature.name.startswith("days from") for feature in features) for features in found) <= 2


def test_parts_of_dates_are_put_together_with_numbers_only() -> None:
    """A month times a year is nothing that anybody could read; the year of the sale less that of the house is its age."""
    given = source(orders(0).assign(built=np.random.default_rng(5).integers(1900, 2020, 1500)))
    made = [formula.feature for formula in _formulas(given, given.matrix, np.ones(given.matrix.shape[1]), given.y)]
    of_dates = [feature.name for feature in made if set(feature.sources) <= {"ordered", "shipped"}]
    assert of_dates == ["days from ordered to shipped"]
    assert "ordered (year) − built" in {feature.name for feature in made}
    one = without_column(given, "shipped")
    assert not any(feature.name.startswith("days from") for feature in one)


def without_column(given: FormulaSource, name: str) -> list[Feature]:
    """What is formed where a column is missing."""
    kept = [place for place, feature in enumerate(given.features) if name not in feature.sources]
    part = FormulaSource(given.matrix[:, kept], tuple(given.features[place] for place in kept), given.y, "binary")
    return [formula.feature for formula in _formulas(part, part.matrix, np.ones(len(kept)), part.y)]


@pytest.mark.parametrize(("columns", "pairs"), [(["ordered", "shipped"], True), (["ordered"], False)])
def test_two_dates_alone_are_enough_to_look_for_formulas(columns: list[str], pairs: bool) -> None:
    table = table_from_frame(orders(0, rows=400)[[*columns, "late"]], "orders")
    views = prepare(SearchData(table.frame, table.columns, LATE), Plan(folds=2)).views
    assert views.formulas is views.dates is pairs
    order = [candidate.view for candidate in make_portfolio(LATE, 400, Plan(), views)]
    assert ("formed" in order) is pairs
    assert not pairs or order.index("formed") == 2  # right after what shows what a fit costs
    assert "formed" not in [one.view for one in make_portfolio(LATE, 400, Plan(), views._replace(dates=False))][:4]


def test_two_dates_beyond_the_first_five_are_put_together() -> None:
    """No date of six tells anything alone."""
    frame = orders(0, rows=600)
    more = {f"date {number}": frame["ordered"] + pd.Timedelta(days=number) for number in range(5)}
    given = source(pd.DataFrame({**more, "ordered": frame["ordered"], "shipped": frame["shipped"], "late": frame["late"]}))
    made = {formula.feature.name for formula in _formulas(given, given.matrix, np.zeros(given.matrix.shape[1]), given.y)}
    assert "days from ordered to shipped" in made
