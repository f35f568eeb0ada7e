"""Rows a model learned from are known again, and new ones are not taken for them."""
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.production.learned import Learned, learned_sentence, remember, share_learned

COLUMNS = (("plan", "text"), ("usage", "int"), ("age", "int"))


def rows(random: np.random.Generator, many: int, ages: int) -> pd.DataFrame:
    """Rows of which some equal another by chance: the more, the fewer ages there are."""
    return pd.DataFrame({
        "plan": random.choice(["basic", "plus", "max"], many), "usage": random.poisson(20, many),
        "age": random.integers(0, ages, many),
    })  # fmt: skip


@pytest.mark.parametrize(("many", "ages", "batch"), [(20_000, 3_000, 100), (20_000, 3_000, 300), (100_000, 60_000, 300)])
def test_new_rows_are_hardly_ever_called_known(many: int, ages: int, batch: int) -> None:
    random = np.random.default_rng(many + batch)
    alarms, twins = 0, []
    for _ in range(60):
        learned = remember(rows(random, many, ages), COLUMNS)
        twins.append(learned.twins)
        alarms += bool(learned_sentence(share_learned(learned, rows(random, batch, ages))))
    assert 0.02 < np.mean(twins) < 0.3
    assert alarms <= 1


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_training_rows_are_known_in_batches_of_hundreds(share: float) -> None:
    random = np.random.default_rng(int(10 * share))
    found = []
    for _ in range(30):
        training = rows(random, 20_000, 3_000)
        old = training.sample(int(600 * share), random_state=int(random.integers(1 << 30)))
        batch = pd.concat([old, rows(random, 600 - len(old), 3_000)])
        found.append(share_learned(remember(training, COLUMNS), batch))
    said = [bool(learned_sentence(one)) for one in found]
    assert np.mean(said) >= 0.95
    assert abs(np.nanmean(found) - share) < 0.07


def test_without_a_sketch_nothing_is_said() -> None:
    random = np.random.default_rng(0)
    share = share_learned(Learned(), rows(random, 100, 50))
    assert np.isnan(share)
    assert not learned_sentence(share)
