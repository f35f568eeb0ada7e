"""Places of a curve and bins of a column are called so that no two of them read alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.explaining import curve, open_rows
from automl_core.explaining.importance import shape
from automl_core.explaining.words import ranges_apart
from pages.ui import curve_charts
from pages.ui.theme import LIGHT
from tests.truth.explaining_data import fitted


def table() -> tuple[pd.DataFrame, np.ndarray]:
    """Houses of one county, seen within three days, some before 1970."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"long": rng.uniform(-122.41, -121.79, 600), "lat": rng.uniform(47.2, 47.77, 600)})
    days = {"when": rng.uniform(0, 3, 600), "born": rng.integers(0, 20, 600) + 0.5}
    for name, first in (("when", "2026-03-01"), ("born", "1969-12-01")):
        frame[name] = (pd.Timestamp(first) + pd.to_timedelta(pd.Series(days[name]), unit="D")).astype("datetime64[us]")
    hours = (frame["when"] - frame["when"].min()).dt.total_seconds().to_numpy() / 3600
    return frame, 100_000 * (frame["long"].to_numpy() + 122) + 1000 * frame["lat"].to_numpy() + 500 * hours


@pytest.mark.parametrize("name", ["long", "lat", "when", "born"])
def test_no_two_places_of_a_curve_are_called_alike(name: str) -> None:
    """“The prediction moves by 60,000 from “long” = “−122” to “−122”.”"""
    frame, y = table()
    rows = open_rows(fitted(frame, y, "regression").model, frame)
    for method in ("ale", "pdp"):
        found = curve(rows, name, y, method)
        labels = [point.label for point in found.points]
        assert len(set(labels)) == len(labels), labels
        figure = curve_charts.curve(found, LIGHT).figure
        assert all(len(set(trace.x)) == len(labels) for trace in figure.data if trace.mode == "lines+markers")
    if name == "born":
        assert labels[0].startswith("1969-12-01")  # half a day is not the day after


@pytest.mark.parametrize("name", ["long", "lat", "when"])
def test_no_two_bins_of_a_driver_are_called_alike(name: str) -> None:
    frame, y = table()
    labels = [point.label for point in shape(name, frame[name], frame[name], y).points]
    assert len(set(labels)) == len(labels) == 12, labels


def test_ranges_have_as_few_digits_as_tell_them_apart() -> None:
    assert ranges_apart([(0.1234, 0.4), (0.4001, 0.9)]) == ("0.123 to 0.4", "0.4 to 0.9")
    assert ranges_apart([(-122.41, -122.38), (-122.3, -122.21)]) == ("−122.4", "−122.3 to −122.2")
    assert ranges_apart([(2019.0, 2019.0), (2020.0, 2021.0)]) == ("2019", "2020 to 2021")
    assert ranges_apart([]) == ()
    assert ranges_apart([(5.0, 5.0), (5.0, 5.0)]) == ("5", "5")
