"""Drops of scores of labels: a column of noise that a model has fitted is not missed by them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from automl_core.explaining.drops import permutation_drops
from automl_core.framing.metrics import tune_threshold
from automl_core.search.model import Model
from tests.truth.explaining_data import fitted, logit

NAMES = ("x", "idle")


def table(rows: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """One in six is yes; idle says nothing."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": rng.normal(size=rows), "idle": rng.normal(size=rows)})
    return frame, logit(1.2 * frame["x"].to_numpy() - 2.0, rng)


@cache
def model(metric: str) -> Model:
    """Learned from few rows, so that idle moves its predictions; its threshold is that of many rows."""
    frame, y = table(150, 6)
    made = fitted(frame, y, "binary", options={"learning_rate": 0.1, "num_leaves": 8}, rounds=40).model
    made = replace(made, problem=replace(made.problem, metric=metric))
    many, came = table(20_000, 1)
    return replace(made, threshold=tune_threshold(came.astype(np.int64), made.predict_frame(many), made.problem))


@pytest.mark.parametrize("metric", ["f1", "balanced_accuracy", "mcc"])
def test_noise_is_no_more_missed_by_few_rows_than_by_many(metric: str) -> None:
    """The cut was tuned on the rows that judge, before they were shuffled: the best one for them as they are."""
    made, wanted = model(metric), [(name,) for name in NAMES]
    many, came = table(15_000, 2)
    large = [permutation_drops(made, made.encoder.matrix(many.iloc[part]), came[part], wanted, 0)
             for part in np.array_split(np.arange(15_000), 15)]
    truth = {name: float(np.mean([one[(name,)][0] for one in large])) for name in NAMES}
    found = []
    for seed in range(150):
        frame, y = table(100, 100 + seed)
        found.append(permutation_drops(made, made.encoder.matrix(frame), y, wanted, seed))
    for name in NAMES:
        drops = np.array([one[(name,)][0] for one in found])
        error = drops.std(ddof=1) / np.sqrt(len(drops))
        assert abs(drops.mean() - truth[name]) < 2.6 * error + 0.01, (name, drops.mean(), truth[name], error)
