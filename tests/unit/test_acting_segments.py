"""Segments on planted truth: conditions, halves, words."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import finding, findings
from automl_core.acting.action import Condition
from automl_core.acting.conditions import all_hold, conditions_of, describe, holds, told_on
from automl_core.acting.finding import FindingKind, find_segments, finding_kinds
from automl_core.acting.findings import segments as halves
from automl_core.acting.findings.segments import find_groups
from automl_core.acting.outcome import make_outcome
from automl_core.acting.statistics import benjamini_hochberg, held_by_family, rows_per_arm, welch
from automl_core.data.table import Column
from automl_core.framing.problem import Problem

PROBLEM = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes", later=("later",), never=("never",))


def planted(rows: int = 3000, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, tuple[Column, ...]]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "plan": rng.choice(["a", "b", "c"], rows),
            "age": rng.integers(18, 80, rows),
            "noise": rng.normal(size=rows),
            "later": rng.normal(size=rows),
            "never": rng.normal(size=rows),
        }
    )
    frame["plan"] = frame["plan"].astype("str").mask(rng.random(rows) < 0.05)
    rate = np.where(frame["plan"].eq("a") & frame["age"].lt(34), 0.6, 0.2)
    y = (rng.random(rows) < rate).astype(int)
    frame["later"] = y + rng.normal(size=rows) / 10
    frame["never"] = y
    columns = (Column("plan", "text", "category"), *(Column(n, "float", "number") for n in ("age", "noise", "later", "never")))
    return frame, y, columns


def test_planted_pair_is_found_and_excluded_columns_are_not() -> None:
    frame, y, columns = planted()
    search = find_segments(frame, y, columns, PROBLEM, 0)
    best = search.segments[0]
    assert {c.column for c in best.conditions} == {"plan", "age"}
    assert best.low < 0.4 < best.high
    assert best.difference == pytest.approx(0.4, abs=0.1)
    assert not {c.column for s in search.segments for c in s.conditions} & {"later", "never"}
    assert 1 <= len(search.segments) <= search.tested <= 20 < search.looked_at
    assert "“plan” is “a”" in best.sentence
    assert "95 % range" in best.sentence


def test_same_seed_same_answer_and_number_target() -> None:
    frame, y, columns = planted()
    assert find_segments(frame, y, columns, PROBLEM, 3) == find_segments(frame, y, columns, PROBLEM, 3)
    number = find_segments(frame, y * 1000.0 + 5, columns, Problem("y", "regression", "rmse"), 0)
    assert number.segments
    assert number.units == "y"


def test_little_or_strange_data_gives_nothing_rather_than_failing() -> None:
    frame, y, columns = planted(150)
    assert find_segments(frame, y, columns, PROBLEM, 0).segments == ()
    frame, y, columns = planted(1000)
    assert find_segments(frame, np.zeros(1000, int), columns, PROBLEM, 0).segments == ()
    assert find_segments(frame, y, (), PROBLEM, 0).segments == ()
    frame["age"] = math.nan
    emptied = find_segments(frame, y, columns, PROBLEM, 0)
    assert not {c.column for s in emptied.segments for c in s.conditions} & {"age"}


def test_groups_stay_in_one_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows that segments are looked for on share no group with those that confirm them."""
    frame, y, columns = planted(1000)
    frame["who"] = np.random.default_rng(7).permutation(np.arange(1000) // 50)
    grouped = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes", group="who")
    seen: list[set[int]] = []
    discover_on, confirm_on = halves.discover, halves._confirm

    def discover(part: pd.DataFrame, *rest: Any) -> Any:
        seen.append(set(part["who"]))
        return discover_on(part, *rest)

    def confirm(part: pd.DataFrame, *rest: Any) -> Any:
        seen.append(set(part["who"]))
        return confirm_on(part, *rest)

    monkeypatch.setattr(halves, "discover", discover)
    monkeypatch.setattr(halves, "_confirm", confirm)
    find_groups(frame, y, columns, grouped, 0)
    first, second, third, fourth = seen  # one way, then the halves swapped
    assert first | second == set(range(20))
    assert not first & second
    assert (third, fourth) == (second, first)
    assert min(len(first), len(second)) >= 5
    find_groups(frame, y, columns, PROBLEM, 0)
    assert seen[4] & seen[5]


def test_why_no_group_was_looked_at_is_not_what_is_untrue() -> None:
    """Of 1,000 rows of one large shop and some small ones it was said that it takes 200; of 40,000, that no town has 50."""
    frame, y, columns = planted(1000)
    frame["shop"] = [f"s{max(0, place - 900) // 5}" for place in range(1000)]
    found = find_groups(frame, y, columns, Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes", group="shop"), 0)
    assert found.note == ("The rows go together in too few or too uneven groups to find something on one half and confirm it on "
                          "the other: each half needs 100 rows with an outcome.")
    assert "it takes 200" in find_groups(frame[:150], y[:150], columns, PROBLEM, 0).note
    towns = pd.DataFrame({"town": [f"t{place % 200}" for place in range(40_000)]})
    found = find_groups(towns, np.arange(40_000) % 3 % 2, (Column("town", "text", "category"),), PROBLEM, 0)
    assert found.note == ("No column parts the rows into groups of 50 or more, and of 5 % or more, in each half, so no group was "
                          "looked at.")


def test_conditions_cover_a_column_once() -> None:
    frame, _, columns = planted()
    for column in columns[:3]:
        masks = [holds(c, frame) for c in conditions_of(frame, column)]
        assert (np.sum(masks, axis=0) == frame[column.name].notna()).all()
    few = pd.DataFrame({"k": [0, 1, 1, 2, 2]})
    assert [describe(c) for c in conditions_of(few, Column("k", "int", "number"))] == [
        "“k” is below 1",
        "“k” is from 1 to below 2",
        "“k” is 2 or more",
    ]
    assert all_hold((), few).all()
    assert describe(Condition("c", ("x", "y"))) == "“c” is “x” or “y”"


def test_a_range_in_which_rows_have_one_value_is_told_by_it() -> None:
    """Of yes and no as 1 and 0 it was said “is below 1”."""
    yes = pd.DataFrame({"k": [1.0, 0.0, np.nan, 1.0]})
    both = conditions_of(yes, Column("k", "int", "number"))
    assert [describe(c) for c in told_on(both, yes)] == ["“k” is 0", "“k” is 1"]
    assert told_on(both, yes) == both  # who reads the keys finds the rows by the limits
    for more, words in (([1.0, 0.0, 9.0], ["“k” is 0", "“k” is 1 or more"]), ([1.0, 0.0, -1.5], ["“k” is below 1", "“k” is 1"]),
                        ([0.0, 1.0, 2.0, 3.0, 4.0], ["“k” is below 1", "“k” is 1 or more"])):
        assert [describe(c) for c in told_on(told_on(both, yes), pd.DataFrame({"k": more}))] == words
    half = (Condition("k", (), 0.25, 0.75), Condition("c", ("x",)), Condition("k", (), 7.0))
    wide = pd.DataFrame({"k": [0.5, 1.0], "c": "x"})
    assert [c.only for c in told_on(half, wide)] == ["0.5", "", ""]


def test_what_one_half_has_not_is_not_left_out_of_the_words() -> None:
    """The half that looked had no 7, and “is 3” was told of a row that has it."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"k": rng.integers(0, 4, 4000)})
    y = np.where(frame["k"] == 3, rng.random(len(frame)) < 0.7, rng.random(len(frame)) < 0.2).astype(int)
    columns = (Column("k", "int", "number"),)
    assert "Where “k” is 3, " in find_groups(frame, y, columns, PROBLEM, 0).segments[0].sentence
    frame.loc[17, "k"] = 7
    y[17] = 1
    (segment, *_) = find_groups(frame, y, columns, PROBLEM, 0).segments
    assert "Where “k” is 3 or more, " in segment.sentence


def test_outcome_counts_the_chosen_class() -> None:
    y = np.array([0, 1, 1])
    assert make_outcome(y, PROBLEM).values.tolist() == [0, 1, 1]
    assert make_outcome(y, PROBLEM, "No").values.tolist() == [1, 0, 0]
    many = Problem("y", "multiclass", "log_loss", ("a", "b", "c"))
    assert make_outcome(np.array([0, 0, 1, 1, 2]), many).values.tolist() == [0, 0, 0, 0, 1]


def test_statistics_against_known_values() -> None:
    assert benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert benjamini_hochberg([]) == []
    assert held_by_family([1e-9, 0.03, 0.2], ["a", "b", "b"]) == pytest.approx([3e-9, 0.06, 0.2])
    assert held_by_family([0.01, 0.03], ["a", "b"]) == pytest.approx([0.02, 0.03])
    assert held_by_family([], []) == []
    assert abs(rows_per_arm(0.414, 0.32) - 411) <= 3
    assert abs(rows_per_arm(0.309, 0.16) - 126) <= 3
    assert rows_per_arm(0.3, 0.3) == 0
    assert rows_per_arm(10, 12, spread=10) == 393
    gap = welch(np.zeros(20), np.ones(20))
    assert gap.low < -1 < gap.high


def test_socket_finds_it() -> None:
    assert not finding_kinds().broken
    assert set(finding_kinds().plugins) == {"segments"}
    assert all(isinstance(kind, FindingKind) for kind in finding_kinds().plugins.values())
    frame, y, columns = planted()
    assert find_segments(frame, y, columns, PROBLEM, 0) == find_groups(frame, y, columns, PROBLEM, 0)


SECOND = """
from automl_core.acting.action import Condition, Segment, SegmentSearch
from automl_core.acting.finding import FindingKind

def find(frame, y, columns, problem, seed):
    new = Segment((Condition("noise", (), 9.0),), 60, 0.9, 0.0, 0.9, 0.8, 1.0, 0.001, "Planted.")
    return SegmentSearch((new, new), 7, 2, "x", "x")

FINDING = FindingKind("planted", "Planted", find)
"""


def test_a_second_file_runs_without_another_edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame, y, columns = planted()
    before = find_segments(frame, y, columns, PROBLEM, 0)
    (tmp_path / "planted.py").write_text(SECOND)
    monkeypatch.setattr(findings, "__path__", [*findings.__path__, str(tmp_path)])
    finding.finding_kinds.cache_clear()
    try:
        after = find_segments(frame, y, columns, PROBLEM, 0)
    finally:
        finding.finding_kinds.cache_clear()
        sys.modules.pop("automl_core.acting.findings.planted", None)
    assert after.segments[0].sentence == "Planted." or after.segments[1].sentence == "Planted."
    assert (after.looked_at, after.tested) == (before.looked_at + 7, before.tested + 2)
    assert len({frozenset(map(repr, segment.conditions)) for segment in after.segments}) == len(after.segments)


def test_no_more_groups_are_tested_than_were_looked_at() -> None:
    """Both halves look and both are tested: a table with few conditions must not say that more were tested than looked at."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"plan": rng.choice(["a", "b"], 420), "sex": rng.choice(["f", "m"], 420)})
    y = (rng.random(420) < 0.2 + 0.4 * frame["plan"].eq("a")).astype(int).to_numpy()
    found = find_groups(frame, y, (Column("plan", "text", "category"), Column("sex", "text", "category")), PROBLEM)
    assert found.tested > 0
    assert found.looked_at >= found.tested
