"""What rows are not compared on, such as free text, and what decided who got a change all the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Lever, Options, Roles, find_actions, typed
from automl_core.acting.action import Actions
from automl_core.acting.aside import set_aside, told_by
from automl_core.framing.problem import Problem
from tests.truth.markets import sigmoid

WORDS = ["late", "order", "phone", "refund", "shop", "again", "never", "sent", "box", "paid", "help", "thanks", "store", "visit"]
LEVERS = (Lever("gift", ("yes",), cost=2.0),)


def table(seed: int, where: str, pull: float = 1.2, rows: int = 4000) -> pd.DataFrame:
    """Angry customers get the gift less and leave more; how angry they are stands in a text, in the beginning of a code, or in a
    column that must not be used. The gift takes ten points off."""
    rng = np.random.default_rng([seed, 31])
    angry, known = rng.random(rows) < 0.4, rng.normal(size=(rows, 3))
    gift = rng.random(rows) < sigmoid(0.3 - pull * angry)
    left = rng.random(rows) < np.clip(0.35 + 0.25 * angry * (pull > 0) + 0.05 * np.tanh(known[:, 0]) - 0.1 * gift, 0, 1)
    frame = pd.DataFrame(known, columns=list("abc")).assign(gift=np.where(gift, "yes", "no"), left=np.where(left, "yes", "no"))
    if where == "text":
        said = [" ".join([*rng.choice(WORDS, 7), "angry" if one else "fine"][:: rng.choice([1, -1])]) for one in angry]
        return frame.assign(note=said)
    if where == "code":
        return frame.assign(code=[f"{'MUC' if one else 'BER'}-{number:06d}"
                                  for one, number in zip(angry, rng.permutation(rows), strict=True)])
    return frame.assign(mood=np.where(angry, "bad", "good"))


def found(seed: int, where: str, pull: float = 1.2) -> Actions:
    roles = Roles(never=("mood",)) if where == "never" else Roles()
    return find_actions(table(seed, where, pull), "left", "no", LEVERS, roles, Options(value=100.0, seed=seed))


@pytest.mark.parametrize(("where", "name"), [("text", "note"), ("code", "code"), ("never", "mood")])
def test_no_card_is_likely_where_a_column_that_is_not_compared_tells_who_got_it(where: str, name: str) -> None:
    """All were of grade B, with twice the truth, and said that they held against every check that past data allow."""
    made = found(1, where)
    assert [card.grade for card in made.cards] == ["C"]
    assert f"“{name}”, on which rows are not compared, tells in part who got it." in made.cards[0].reasons
    assert ("“note” is free text: rows were not compared on it." in made.notes) == (where == "text")


@pytest.mark.parametrize("where", ["text", "code", "never"])
def test_what_tells_nothing_takes_no_grade(where: str) -> None:
    assert [card.grade for card in found(2, where, pull=0.0).cards] == ["B"]


def scores(new: np.ndarray, groups: np.ndarray | None = None) -> Any:
    return SimpleNamespace(region=np.ones(len(new), dtype=bool), new=new, dose=None, groups=groups,
                           chance=np.full(len(new), 0.3))


def test_marks_of_columns_that_tell_nothing_seldom_seem_to_tell() -> None:
    """One of a hundred is allowed; more than 5 of 150 tables have a chance of 0.5 % then. With whole groups as with rows."""
    alarms, in_groups = 0, 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame({"note": [" ".join(rng.choice(WORDS, 6)) for _ in range(600)], "n": rng.gamma(1, 1, 600),
                              "shop": np.repeat(np.arange(60), 10), "town": rng.choice(list("abcdef"), 600)})
        made = typed(frame)
        aside = set_aside(made.frame, made.columns, Problem("y", "binary", "roc_auc", never=("n", "town")), (), ())
        assert {one.name for one in aside} >= {"n", "town"}
        alarms += bool(told_by(scores(rng.random(600) < 0.3), aside))
        towns = set_aside(made.frame.assign(town=np.repeat(rng.choice(list("abc"), 60), 10)), made.columns,
                          Problem("y", "binary", "roc_auc", never=("town",)), (), ())
        in_groups += bool(told_by(scores(np.repeat(rng.random(60) < 0.3, 10), frame["shop"].to_numpy()), towns))
    assert alarms <= 5
    assert in_groups <= 5


@pytest.mark.slow
@pytest.mark.parametrize("where", ["text", "code", "never"])
def test_no_card_above_c_full(where: str) -> None:
    grades = [card.grade for seed in range(100, 140) for card in found(seed, where).cards]
    assert grades.count("C") == len(grades) > 30
    still = [card.grade for seed in range(200, 240) for card in found(seed, where, pull=0.0).cards]
    print(f"{where}: {still.count('B')} of {len(still)} still B where it tells nothing")
    assert still.count("B") >= 0.85 * len(still)
