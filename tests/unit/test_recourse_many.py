"""Ways for one row among many thousand combinations: the same answers, without asking the trees about each of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from automl_core.acting import row_ways
from automl_core.acting.action import Goal, Lever
from automl_core.acting.recourse import Recourse, RecourseAsk, recourse, wanted
from automl_core.acting.row_moves import moves_of, similar_rows, supported
from automl_core.acting.row_ways import Asked, changed, ways_of
from automl_core.data.schema import type_row
from automl_core.data.table import Table
from automl_core.explaining.combined import CLOSE
from automl_core.explaining.similar import PastRows
from automl_core.explaining.single import encode_row, row_frame
from automl_core.search.feature import Feature
from automl_core.search.formulas import Formula, Formulas
from automl_core.search.model import Model
from tests.unit.modelling import make_model
from tests.unit.moved import moved

LEVERS = (Lever("charge", cost=1.0, unit_cost=0.5), Lever("tenure", cost=3.0), Lever("contract", cost=20.0),
          Lever("active", cost=8.0))
GOODS = {"binary": "No", "multiclass": "bronze", "regression": "low"}
BLEND = ("lightgbm", "extra_trees", "linear", "xgboost")


@cache
def world(task: str) -> tuple[Model, Table]:
    return make_model(task, BLEND)


def goal_of(task: str) -> Goal:
    return Goal(world(task)[0].problem.target, GOODS[task], levers=LEVERS)


def hardest(task: str, count: int) -> list[int]:
    model, table = world(task)
    scores = wanted(model, model.predict_frame(table.frame), goal_of(task))
    return [int(place) for place in np.argsort(-scores if task == "regression" else scores)[::17][:count]]


def found_for(task: str, place: int, ask: RecourseAsk, model: Model | None = None) -> Recourse:
    made, table = world(task)
    row = type_row(dict(table.frame.iloc[place]), made.cleaned)
    return recourse(model or made, row, goal_of(task), table.frame, ask)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_many_combinations_have_the_answers_that_asking_each_of_them_gives(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in hardest(task, 2):
        for aim in (np.nan, -1e6 if task == "regression" else 0.9999):
            quick = found_for(task, place, RecourseAsk(aim))
            with monkeypatch.context() as patched:
                patched.setattr(row_ways, "FEW", 10**9)
                slow = found_for(task, place, RecourseAsk(aim))
            assert slow.reached or slow.tried > row_ways.FEW
            assert quick.sentence == slow.sentence
            assert (quick.tried, quick.complete, quick.now) == (slow.tried, slow.complete, slow.now)
            pairs = [*zip(quick.options, slow.options, strict=True)]
            assert (quick.closest is None) == (slow.closest is None)
            if quick.closest is not None and slow.closest is not None:
                pairs.append((quick.closest, slow.closest))
            for one, other in pairs:
                assert one.after == pytest.approx(other.after, abs=1e-9)
                assert (one.moves, one.cost) == (other.moves, other.cost)


def test_trees_are_not_asked_about_every_combination(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three numbers of forty values each are 69,000 combinations, which took a blend of a search thirteen seconds."""
    made, table = make_model("binary", ("lightgbm", "extra_trees"))
    asked: list[int] = []

    class Counted:
        """Counts the rows that a member is asked about."""

        def __init__(self, kind: Any) -> None:
            self.kind = kind

        def __getattr__(self, name: str) -> Any:
            return getattr(self.kind, name)

        def predict(self, native: Any, matrix: Any) -> Any:
            asked.append(len(matrix))
            return self.kind.predict(native, matrix)

    for member in made.members:
        object.__setattr__(member, "kind", Counted(member.kind))
    row = type_row(dict(table.frame.iloc[int(np.argmax(made.predict_frame(table.frame)))]), made.cleaned)
    asked.clear()
    found = recourse(made, row, replace(goal_of("binary"), levers=LEVERS), table.frame, RecourseAsk(0.9999))
    assert (found.options, found.complete) == ((), True)
    assert found.tried > 5_000
    assert sum(asked) < 100


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_what_is_near_is_what_the_model_says(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind of member, one whose numbers were learned as logarithms, and formulas of one lever and of two."""
    monkeypatch.setattr(row_ways, "FEW", 0)
    made, table = world(task)
    places = [next(at for at, feature in enumerate(made.features) if feature.sources == (name,)) for name in ("tenure", "charge")]
    other = next(at for at, feature in enumerate(made.features) if feature.sources == ("since",))
    formulas = Formulas(tuple(Formula("ratio", pair, Feature(f"formula {pair}", ("tenure", "charge"), "number"))
                              for pair in ((other, places[0]), (places[1], places[0]))))
    wide = len(made.encoder.features)
    plain = tuple(replace(one, inputs=tuple(range(wide))) for one in made.members)
    for members in (plain, tuple(
        replace(one, inputs=tuple(wide if place == places[1] else wide + 1 if both and place == places[0] else place
                                  for place in range(wide)), logs=task == "regression")
        for both in (False, True) for one in plain[:2])):
        model = replace(made, members=members, formulas=formulas)
        for place in (3, 40):
            row = type_row(dict(table.frame.iloc[place]), model.cleaned)
            near = similar_rows(model, row, goal_of(task), PastRows(table.frame))
            grid = [kept for lever in LEVERS if (kept := tuple(m for m in moves_of(lever, row, near) if supported(m, near)))]
            ways = ways_of(grid, 3, 10**6)
            base = row_frame(model, row, table.frame)
            asked = Asked(changed(model, encode_row(model, row), grid, table.frame), ways)
            some = np.random.default_rng(0).permutation(len(ways.picks))[:400]
            said = asked.exactly(some)
            size = max(1.0, float(np.abs(said).max())) if task == "regression" else 1.0  # as ways are asked: 32 bits of a sum
            assert np.allclose(asked.near(some), said, rtol=CLOSE / 10, atol=CLOSE / 10 * size)
            frame = moved(base, [ways.moves(int(at)) for at in some])
            assert np.array_equal(asked.exactly(some), model.predict_frame(frame))
            assert np.allclose(asked.now(), model.predict_frame(base), rtol=CLOSE / 10)
