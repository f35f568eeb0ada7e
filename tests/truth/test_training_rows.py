"""Rows a model learned from are known again, and new ones are not taken for them."""
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.codec import from_json
from automl_core.production.learned import (
    Learned,
    learned_sentence,
    may_be_told,
    remember,
    rows_in_doubt,
    rows_learned,
    share_learned,
    without_other_ids,
)

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


IDS = (("customer", "text"),)


def customers(random: np.random.Generator, many: int, ages: int, first: str) -> pd.DataFrame:
    return rows(random, many, ages).assign(customer=[f"{first}{place}" for place in range(many)])


@pytest.mark.parametrize("many", [1_500, 20_000])
def test_a_row_is_a_learned_one_only_when_its_id_is(many: int) -> None:
    """New customers of whom some, or all, equal learned ones are ranked; the learned ones are known, in any company."""
    random = np.random.default_rng(many)
    training = customers(random, many, 3_000, "K")
    learned = remember(training, COLUMNS, IDS)
    assert learned.all_named == learned.whole == (many < 2_000)
    twins = training.sample(100, random_state=1).assign(customer=[f"N{place}" for place in range(100)])
    new = pd.concat([customers(random, 500, 3_000, "M"), twins], ignore_index=True)
    assert not rows_learned(learned, new).any()
    assert not rows_in_doubt(learned, new).any()
    again = rows_learned(learned, pd.concat([training.head(600), new], ignore_index=True))
    assert again[:600].all()
    assert again[600:].any() != learned.whole  # which ones is known only where all rows were kept
    assert may_be_told(learned, training)
    assert rows_learned(learned, training).all()


@pytest.mark.parametrize("many", [1_500, 20_000])
def test_the_training_table_is_known_without_its_ids_and_with_others(many: int) -> None:
    random = np.random.default_rng(many)
    training = customers(random, many, 3_000, "K")
    learned = remember(training, COLUMNS, IDS)
    for given in (training.drop(columns="customer"), training.assign(customer=None),
                  training.assign(customer=[f"N{place}" for place in range(many)])):
        assert rows_learned(learned, without_other_ids(learned, given)).all()
        assert rows_learned(learned, without_other_ids(learned, given.head(600))).all()
    assert without_other_ids(learned, training) is training
    few = pd.concat([training.head(50).assign(customer="new"), customers(random, 300, 3_000, "M")], ignore_index=True)
    assert without_other_ids(learned, few) is few


def test_equal_rows_without_ids_are_in_doubt_unless_nearly_all_are_equal() -> None:
    random = np.random.default_rng(5)
    training = rows(random, 1_500, 3_000)
    learned = remember(training, COLUMNS)
    mixed = pd.concat([training.head(100), rows(random, 200, 3_000).assign(age=-1)], ignore_index=True)
    assert not rows_learned(learned, mixed).any()
    assert np.array_equal(rows_in_doubt(learned, mixed), np.arange(300) < 100)
    nearly = pd.concat([training.head(290), mixed.tail(10)], ignore_index=True)
    assert np.array_equal(rows_learned(learned, nearly), np.arange(300) < 290)
    assert not rows_learned(learned, training.head(3)).any()  # as few as that may be equal by chance
    assert not rows_learned(learned, training.head(0)).any()


def test_sketches_of_before_ids_still_tell_the_training_table() -> None:
    random = np.random.default_rng(6)
    training = customers(random, 1_500, 3_000, "K")
    old = from_json(Learned, {"columns": [list(one) for one in COLUMNS], "numbers": list(remember(training, COLUMNS).numbers),
                              "whole": True, "twins": 0.0})
    assert rows_learned(old, training).all()
    new = pd.concat([training.head(50).assign(customer="new"), rows(random, 300, 3_000).assign(age=-1)], ignore_index=True)
    assert not rows_learned(old, new).any()
