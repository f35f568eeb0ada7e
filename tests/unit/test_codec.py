"""Frozen dataclasses survive JSON."""
from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from automl_core.acting.action import Condition
from automl_core.codec import from_json, known_by, to_json
from automl_core.framing.problem import Money, Problem
from automl_core.search.plan import Plan, Trial
from automl_core.workspace.context import fingerprint


@dataclass(frozen=True, slots=True)
class Inner:
    label: str
    pair: tuple[str, float]
    many: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Outer:
    kind: Literal["a", "b"]
    when: datetime
    inner: Inner | None = None
    table: dict[str, Inner] = field(default_factory=dict)
    number: float = math.nan


numbers = st.floats(allow_nan=False, allow_infinity=False)
inners = st.builds(Inner, st.text(), st.tuples(st.text(), numbers), st.lists(st.integers(-2**53, 2**53)).map(tuple))
times = st.datetimes(timezones=st.just(UTC))


@given(st.builds(Outer, st.sampled_from(["a", "b"]), times, st.none() | inners, st.dictionaries(st.text(), inners), numbers))
def test_round_trip(value: Outer) -> None:
    assert from_json(Outer, json.loads(json.dumps(to_json(value)))) == value


def test_nan_and_infinity_become_null_and_come_back_as_nan() -> None:
    value = Outer("a", datetime(2026, 1, 1, tzinfo=UTC), number=math.inf)
    text = json.dumps(to_json(value), allow_nan=False)
    assert math.isnan(from_json(Outer, json.loads(text)).number)


def test_real_nouns() -> None:
    problem = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes", money=Money(10.0, -1.0), roles={"zip": "category"})
    assert from_json(Problem, json.loads(json.dumps(to_json(problem)))) == problem
    trial = Trial("k", "linear", "Linear", {"C": [0.1, 1]}, "finished", 0.8, 0.7, 0.9, (0.8, 0.81), row_ms=0.1, mb=0.2)
    assert from_json(Trial, json.loads(json.dumps(to_json(trial)))) == trial


def test_unknown_keys_are_ignored() -> None:
    assert from_json(Plan, {"budget_seconds": 5, "from_the_future": 1}).budget_seconds == 5


def test_numpy_values_become_plain() -> None:
    assert to_json({"a": np.float64(1.5), "b": np.array([1, 2]), "c": np.float32("nan")}) == {"a": 1.5, "b": [1, 2], "c": None}


def test_what_does_not_count_in_comparing_does_not_tell_two_values_apart() -> None:
    """Words that were added to conditions hid every comparison that was kept before."""
    before = {"column": "k", "values": [], "low": None, "high": 1.0}
    said = Condition("k", (), high=1.0, only="0")
    assert to_json(said) == before | {"only": "0"}
    assert known_by([said, {"one": (said,)}]) == [before, {"one": [before]}]
    assert fingerprint(said) == fingerprint(replace(said, only="")) == fingerprint(before)
    assert from_json(Condition, before).only == ""
