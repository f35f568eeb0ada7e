"""Comparisons on small, strange and separated data; segment stories and their waterfall."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import (
    Pair,
    Periods,
    SampledContributions,
    compare_groups,
    compare_periods,
    counted_class,
    find_segments,
    gap_drivers,
    tell_segments,
    uplift,
)
from automl_core.acting.action import Condition, Goal, Lever
from automl_core.acting.cards import CardInputs, _stage, make_cards
from automl_core.acting.conditions import Cells, describe, holds
from automl_core.acting.copies import together
from automl_core.acting.covariates import Covariates
from automl_core.acting.findings.segments import Candidate, first_half
from automl_core.acting.gap import Amount, TwoGroups, _difference, _of_constants, amount
from automl_core.acting.gap_drivers import _without_copies
from automl_core.acting.gap_story import confirmed_parts, told
from automl_core.acting.mix import column_parts, make_levels, mix_parts
from automl_core.acting.nuisance import fold_of
from automl_core.acting.outcome import make_outcome
from automl_core.acting.spelling import texts
from automl_core.codec import from_json, to_json
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.explaining import Contributions, Fairness
from automl_core.explaining.fairness_counts import Spread
from automl_core.framing.dependent import codes_of, together_in
from automl_core.framing.problem import Problem
from automl_core.reporting.sections import SectionInputs, make_sections
from automl_core.workspace.fairness import Auditing
from automl_core.workspace.file_findings import _condition
from automl_core.workspace.findings import _levels
from automl_core.workspace.ranked import Predictions
from tests.truth.gaps import COLUMNS, PROBLEM, world

G = Pair((Condition("g", ("x",)),))


def test_parts_add_up_and_the_same_seed_says_the_same() -> None:
    one = world(3, 1500, "both")
    story = compare_groups(one.frame, one.y, COLUMNS, PROBLEM, G, 1)
    assert story.gap.value == pytest.approx(story.composition.value + story.behaviour.value)
    assert story.gap.value == pytest.approx(one.y[one.first].mean() - one.y[~one.first].mean())
    assert to_json(story) == to_json(compare_groups(one.frame, one.y, COLUMNS, PROBLEM, G, 1))
    assert to_json(from_json(type(story), to_json(story))) == to_json(story)
    assert story.columns[0].column == "n0"
    for word in ("cause", "will ", "guarantee", "prove"):
        assert word not in story.sentence.lower()
    turned = compare_groups(one.frame, one.y, COLUMNS, PROBLEM, Pair((Condition("g", ("z",)),)), 1)
    assert turned.behaviour.value == pytest.approx(-story.behaviour.value, abs=0.02)


def test_what_is_shown_and_what_is_left_over_add_up_however_many_columns_there_are() -> None:
    rng, rows = np.random.default_rng(2), 1200
    first = np.arange(rows) < rows // 2
    names = [f"a{k}" for k in range(14)]
    frame = pd.DataFrame({name: rng.normal(size=rows) + 0.3 * first for name in names}).assign(g=np.where(first, "x", "z"))
    y = (frame[names].sum(axis=1) + rng.normal(size=rows) > 2).to_numpy().astype(int)
    columns = (Column("g", "text", "category"), *(Column(name, "float", "number") for name in names))
    story = compare_groups(frame.astype({"g": "str"}), y, columns, PROBLEM, G)
    assert len(story.columns) == 12
    assert story.unassigned + sum(part.part.value for part in story.columns) == pytest.approx(story.composition.value)


def test_numbers_and_classes() -> None:
    one = world(4, 1200, "both")
    number = Problem("y", "regression", "rmse")
    story = compare_groups(one.frame, one.y * 1000.0, COLUMNS, number, G)
    assert story.units == "y"
    assert not story.is_rate
    assert abs(story.gap.value) > 50
    many = Problem("y", "multiclass", "log_loss", ("a", "b", "c"))
    classes = np.asarray(one.y + (one.frame["n2"] > 1), dtype=float)
    assert compare_groups(one.frame, classes, COLUMNS, many, G).outcome == "“y” = “c”"
    classes[:100] = np.nan
    some = compare_groups(one.frame, classes, COLUMNS, many, G)
    assert some.rows_first + some.rows_second == 1100
    assert find_segments(one.frame, classes, COLUMNS, many).outcome == "“y” = “c”"


def test_what_does_not_go_by_weights_says_so() -> None:
    one, weighed = world(4, 600, "both"), replace(PROBLEM, weights="w")
    words = "Rows count alike here, whatever “w” says."
    assert compare_groups(one.frame, one.y, COLUMNS, weighed, G).sentence.endswith(words)
    assert find_segments(one.frame, one.y, COLUMNS, weighed).note == words
    assert find_segments(one.frame, one.y, COLUMNS, PROBLEM).note == ""
    cards = make_cards(CardInputs(None, one.frame, one.y, COLUMNS, weighed, Goal("y", PROBLEM.classes[0], levers=(Lever("g"),))))
    assert words in cards.notes
    run = SimpleNamespace(summary=None, id="run")
    past = Predictions(np.full(600, 0.4), np.arange(600), one.y)
    search = SimpleNamespace(inputs=lambda _: None, predictions=lambda _: past, goal=SimpleNamespace(
        open=lambda _: (one.frame, COLUMNS, weighed, None), problem_of=lambda _: weighed))
    audited = Auditing(None, search).audit_of(run, "g")  # type: ignore[arg-type]
    assert words in audited.sentences
    (told,) = make_sections(SectionInputs(audits=(audited,)))
    assert told.lines[-2] == words
    assert "do not settle" in told.lines[-1]


def test_a_report_tells_the_widest_sure_gaps_and_names_the_other_columns() -> None:
    """The first two were told, and a third with a wide gap was left out without a word."""
    def audited(column: str, low: float, high: float = 0.5) -> Fairness:
        gap, none = Spread(high, low, high, 0.5, 0.4, 0.9), Spread(*[math.nan] * 6)
        return Fairness(column, "yes", True, (), gap, none, none, none, none, none, 900, (f"Of {column}.", "Found.", "Limits."))

    few = (audited("age", 0.0), audited("sex", 0.02), audited("where", 0.3), audited("since", 0.0, 0.9))
    (told,) = make_sections(SectionInputs(audits=few))
    assert told.lines == ("By “where”: Of where.", "Found.", "By “sex”: Of sex.", "Found.",
                          "Also compared, but not shown here, as the gaps that are sure are no wider: “age” and “since”.",
                          "Limits.")
    (two,) = make_sections(SectionInputs(audits=few[:2]))
    assert two.lines == ("By “sex”: Of sex.", "Found.", "By “age”: Of age.", "Found.", "Limits.")
    alarms = replace(few[0], column="post", parity=few[0].found, false_alarms=Spread(0.5, 0.25, 0.7, 0.5, 0.4, 0.9),
                     sentences=("Of post.", "Found.", "All the same.", "Limits."))
    (three,) = make_sections(SectionInputs(audits=(few[2], few[1], alarms)))
    assert three.lines == ("By “where”: Of where.", "Found.", "By “post”: Of post.", "All the same.",
                           "Also compared, but not shown here, as the gaps that are sure are no wider: “sex”.", "Limits.")


def test_few_rows_missing_values_and_strange_columns() -> None:
    one = world(5, 60, "null")
    story = compare_groups(one.frame, one.y, COLUMNS, PROBLEM, G)
    assert math.isnan(story.gap.value)
    assert "too few rows" in story.sentence
    one = world(5, 800, "both")
    frame = one.frame.copy()
    frame.loc[::3, "n0"] = np.nan
    frame["empty"], frame["same"] = np.nan, 1.0
    frame["many"] = [f"v{k}" for k in range(800)]
    columns = (*COLUMNS, Column("empty", "float", "number"), Column("same", "int", "number"), Column("many", "text", "category"))
    y = one.y.astype(float)
    y[:50] = np.nan
    story = compare_groups(frame, y, columns, PROBLEM, G)
    assert story.rows_first + story.rows_second == 750
    assert math.isfinite(story.behaviour.value)
    nobody = compare_groups(frame, y, columns, PROBLEM, Pair((Condition("g", ("nothing",)),)))
    assert nobody.rows_first == 0
    assert not nobody.found
    constant = compare_groups(frame, np.zeros(800), columns, PROBLEM, G)
    assert constant.gap.value == 0
    assert not constant.found


def test_a_sample_says_of_how_many_rows_it_was_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    one = world(5, 800, "both")
    assert compare_groups(one.frame, one.y, COLUMNS, PROBLEM, G).drawn_from == 0
    monkeypatch.setattr(sys.modules["automl_core.acting.compare_groups"], "MOST_ROWS", 500)
    story = compare_groups(one.frame, one.y, COLUMNS, PROBLEM, G)
    assert (story.rows_first + story.rows_second, story.drawn_from) == (500, 800)


def test_a_column_that_is_the_group_in_disguise_is_left_out() -> None:
    one = world(6, 1000, "behaviour")
    frame = one.frame.assign(copy=one.frame["g"].str.upper())
    story = compare_groups(frame, one.y, (*COLUMNS, Column("copy", "text", "category")), PROBLEM, G)
    assert "copy" in story.left_out
    assert story.support > 0.9


def test_of_a_date_what_tells_the_groups_apart_is_left_out_alone() -> None:
    """The hour tells shifts apart; the days were left out with it, and their trend was told as what the shift does."""
    rng = np.random.default_rng(0)
    days = rng.integers(0, 730, 3000)
    night = rng.random(3000) < 0.2 + 0.6 * days / 730
    hours = pd.to_timedelta(np.where(night, rng.integers(0, 8, 3000), rng.integers(8, 24, 3000)), unit="h")
    frame = pd.DataFrame({"ordered_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D") + hours,
                          "shift": np.where(night, "night", "day")})
    y = (rng.random(3000) < 0.1 + 0.6 * days / 730).astype(int)
    columns = (Column("ordered_at", "date", "date"), Column("shift", "text", "category"))
    story = compare_groups(frame, y, columns, PROBLEM, Pair((Condition("shift", ("night",)),)))
    assert not story.left_out
    assert "behaviour" not in story.confirmed
    assert story.composition.value == pytest.approx(story.gap.value, abs=0.04)
    assert story.gap.low > 0.05
    years = compare_groups(frame.assign(shift=np.where(days < 365, "old", "new")), y, columns, PROBLEM,
                           Pair((Condition("shift", ("new",)),)))
    assert years.left_out == ("ordered_at",)


def copies(seed: int) -> tuple[pd.DataFrame, np.ndarray, tuple[Column, ...], np.ndarray]:
    """The first group has more of `x`, which two columns nearly repeat and the outcome rises with, more so in the first group;
    what each row's outcome would be in the other group is known."""
    rng, rows = np.random.default_rng(seed), 6000
    first = np.arange(rows) < rows // 2
    x = rng.normal(size=rows) + 0.6 * first
    frame = pd.DataFrame({"g": np.where(first, "a", "b"), "x": x, "x2": x + 0.3 * rng.normal(size=rows),
                          "x3": 100 - 5 * x + rng.normal(size=rows), "n": rng.normal(size=rows)}).astype({"g": "str"})
    chance = 0.3 + 0.2 * np.tanh(x) + 0.25 * first * (x > 0.5)
    columns = (Column("g", "text", "category"), *(Column(name, "float", "number") for name in ("x", "x2", "x3", "n")))
    return frame, (rng.random(rows) < chance).astype(int), columns, 0.2 * np.tanh(x) + 0.125 * (x > 0.5)


@pytest.mark.parametrize("seed", range(3))
def test_near_copies_of_a_column_are_one_finding(seed: int) -> None:
    """Each had a part of its own, and the widest levels of all three were listed."""
    frame, y, columns, common = copies(seed)
    story = compare_groups(frame, y, columns, PROBLEM, Pair((Condition("g", ("a",)),)))
    parts = {part.column: part for part in story.columns}
    assert set(parts) - {"n"} < {"x", "x2", "x3"}
    assert len(parts) == 2
    whole = next(part for name, part in parts.items() if name != "n")
    assert {whole.column, *whole.also} == {"x", "x2", "x3"}
    assert whole.part.low <= common[:3000].mean() - common[3000:].mean() <= whole.part.high
    assert whole.label == f"{whole.column} + 2 more"
    assert f"{whole.column}” (and 2 columns that go with it)" in story.sentence
    mix = [driver for driver in story.drivers if driver.kind == "mix"]
    assert mix
    assert {driver.conditions[0].column for driver in mix} == {whole.column}
    assert all(driver.sentence.endswith(f" 2 other columns go with “{whole.column}” and are counted in.") for driver in mix)
    assert not any("that go with it) " in driver.sentence for driver in story.drivers)
    moved = [driver for driver in story.drivers if driver.kind == "behaviour" and len(driver.conditions) == 1]
    for one, other in combinations(moved, 2):  # the same rows are not told by two columns
        mine, theirs = (holds(driver.conditions[0], Cells(frame)) for driver in (one, other))
        assert one.conditions[0].column == other.conditions[0].column or (mine & theirs).sum() < 0.4 * (mine | theirs).sum()
    assert to_json(from_json(type(story), to_json(story))) == to_json(story)
    assert from_json(type(story), {**to_json(story), "columns": [
        {key: value for key, value in to_json(part).items() if key != "also"} for part in story.columns]}).columns[0].also == ()


def test_a_level_that_no_level_of_its_column_is_like_is_told_by_itself() -> None:
    """It was counted in with the level that shared most of its rows, were it a fiftieth of them or none."""
    rng, rows = np.random.default_rng(3), 2000
    plan = np.repeat(["A", "B", "C", "D"], rows // 4)
    other = np.array(["a", "b", "c", "d"])[np.searchsorted(["A", "B", "C", "D"], plan)]
    moved = rng.permutation(rows)[:300]
    other[moved] = "e"  # of all plans: it is like none
    frame = pd.DataFrame({"plan": plan, "other": other}).astype("str")
    levels = make_levels(frame, (plan == "A") + 0.1 * rng.normal(size=rows),
                         (Column("plan", "text", "category"), Column("other", "text", "category")))
    assert len(levels.alike) == 1
    told = {levels.conditions[place].values[0]: tuple(levels.conditions[at].values[0] for at in places)
            for place, places in levels.told.items()}
    head = levels.alike[0][0]
    alone = "e" if head == "plan" else ""
    assert told == {**{one: (one, one.lower()) for one in "ABCD"}, alone: (alone,)}
    first = rng.random(rows) < 0.5
    parts = column_parts(levels, mix_parts(levels, rng.normal(size=rows), first), None)
    assert [part.column for part in parts] == [head]
    assert {level.condition.values[0] for level in parts[0].levels} == set(told)


def test_candidates_are_copies_by_their_rows_and_not_by_their_names() -> None:
    """Another column of a group that speaks of other rows went with the copies, and so did each pair with one in it."""
    x, n = np.repeat(np.arange(4), 100), np.tile([True, False], 200)
    near = np.where(np.arange(400) % 20 == 0, 3 - x, x)

    def candidate(mask: np.ndarray, *names: str) -> Candidate:
        return Candidate(tuple(Condition(name, ("v",)) for name in names), mask, 1.0, 1.0)

    first, copied, elsewhere = candidate(x == 0, "x"), candidate(near == 0, "x2"), candidate(near == 3, "x2")
    left, pair, again = candidate(near != 0, "x2"), candidate((near == 0) & n, "x2", "n"), candidate((x == 0) & n, "x", "n")
    both = candidate((x == 0) & (near == 0), "x", "x2")
    found = _without_copies([first, both, copied, elsewhere, left, pair, again], (("x", "x2", "x3"),))
    assert [one for one, _ in found] == [first, elsewhere, again]
    assert [also for _, also in found] == [("x2", "x3"), ("x", "x3"), ("x2", "x3")]
    assert _without_copies([first, pair], (("x", "x2", "x3"),))[1] == (pair, ("x", "x3"))


def test_copies_take_no_place_of_what_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    """The strongest ten were taken, copies among them, and what came after them was not tested."""
    asked = []
    monkeypatch.setattr(gap_drivers, "discover", lambda frame, values, columns, most=10: (asked.append(most), ([], 0))[1])
    frame, y, columns, _ = copies(0)
    compare_groups(frame.iloc[::4], y[::4], columns, PROBLEM, Pair((Condition("g", ("a",)),)))
    assert asked == [5 * gap_drivers.MOST_TESTED]


def test_both_values_of_a_column_with_two_are_told_once() -> None:
    rng = np.random.default_rng(12)
    first = np.arange(4000) < 2000
    web = rng.random(4000) < np.where(first, 0.7, 0.3)
    y = (rng.random(4000) < np.where(web, 0.6, 0.2)).astype(int)
    frame = pd.DataFrame({"g": np.where(first, "x", "z"), "web": np.where(web, "yes", "no"),
                          "n": rng.normal(size=4000)}).astype({"g": "str", "web": "str"})
    columns = (Column("g", "text", "category"), Column("web", "bool", "category"), Column("n", "float", "number"))
    story = compare_groups(frame, y, columns, PROBLEM, G)
    mix = [driver for driver in story.drivers if driver.kind == "mix"]
    assert all(", on the rows that checked it)" in driver.sentence for driver in story.drivers)  # the gap is of all rows
    assert [driver.conditions[0].column for driver in mix] == ["web"]
    assert mix[0].conditions[0].values == ("yes",)  # the one that the first group has more of
    assert mix[0].effect.value == pytest.approx(0.4 * 0.4, abs=0.05)  # all that the column adds, not one value's half of it


def test_two_common_values_among_many_are_told_apart() -> None:
    """Both common values can rise together, at the cost of the rare ones: neither is the other's mirror."""
    rng = np.random.default_rng(13)
    first = np.arange(6000) < 3000
    rare = [f"r{number}" for number in range(12)]
    often, seldom = [0.55, 0.41, *[0.04 / 12] * 12], [0.4, 0.3, *[0.3 / 12] * 12]
    web = np.where(first, rng.choice(["a", "b", *rare], 6000, p=often), rng.choice(["a", "b", *rare], 6000, p=seldom))
    y = (rng.random(6000) < np.where(np.isin(web, ["a", "b"]), 0.6, 0.2)).astype(int)
    frame = pd.DataFrame({"g": np.where(first, "x", "z"), "web": web, "n": rng.normal(size=6000)})
    frame = frame.astype({"g": "str", "web": "str"})
    columns = (Column("g", "text", "category"), Column("web", "text", "category"), Column("n", "float", "number"))
    story = compare_groups(frame, y, columns, PROBLEM, G)
    told_of = {driver.conditions[0].values: driver.effect.value for driver in story.drivers if driver.kind == "mix"}
    assert all(len(values) == 1 for values in told_of)
    assert sum(told_of.values()) < 1.5 * 0.26 * 0.4  # not the whole of both, told of each


def test_the_words_of_a_comparison() -> None:
    one = world(3, 1500, "both")
    story = compare_groups(one.frame, one.y, COLUMNS, PROBLEM, G, 1)
    assert re.match(r"\d+ % have “y” = “Yes” where “g” is “x”, \d+ % where .+: [+−][\d.]+ points \(95 % range .+\)\.",
                    story.sentence)
    assert "of the gap goes with which rows there are" in story.sentence
    assert "with a different outcome of rows that are alike" in story.sentence
    outcome = make_outcome(one.y, PROBLEM)
    thin = told(replace(story, support=0.3), outcome)
    assert "Only 30 % of the rows have one like them on the other side" in thin.sentence
    after = compare_periods(one.frame, one.y, COLUMNS, PROBLEM, Periods("day", "2024-07-01"))
    assert re.match(r"Before, \d+ % have “y” = “Yes”; after, \d+ %", after.sentence)
    assert "of the change goes with" in after.sentence


def test_rows_that_go_together_widen_the_interval() -> None:
    one = world(7, 800, "null")
    repeated = pd.concat([one.frame.assign(who=np.arange(800))] * 4, ignore_index=True)
    alone = compare_groups(one.frame, one.y, COLUMNS, PROBLEM, G).gap
    together = compare_groups(repeated, np.tile(one.y, 4), COLUMNS, replace(PROBLEM, group="who"), G).gap
    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.1)


@pytest.mark.parametrize("shops", [(3, 3), (3, 30), (6, 6)])
def test_few_shops_on_a_side_raise_no_false_alarm(shops: tuple[int, int]) -> None:
    """Shops differ from each other and the two regions do not: 2,000 times the truth, a gap of 0, should be missed in 5 %."""
    rng = np.random.default_rng(0)
    shop = np.repeat(np.arange(sum(shops)), 20)
    first = shop < shops[0]
    missed, sure, runs = 0, 0, 2000
    for _ in range(runs):
        y = rng.normal(size=sum(shops))[shop] + 0.5 * rng.normal(size=len(shop))
        found = amount(*_difference(y, first), shop, first)
        missed += not found.low <= 0 <= found.high
        sure += found.p < 0.025 / 3
    assert missed / runs < 0.05 + 2 * math.sqrt(0.05 * 0.95 / runs)
    assert sure / runs < 0.025 / 3 + 2 * math.sqrt(0.008 / runs)


def test_regions_of_few_shops_are_not_told_apart_by_what_sets_a_shop_apart() -> None:
    one = world(7, 1200, "null")
    shop = np.where(one.first, np.arange(1200) % 2, 2 + np.arange(1200) % 9)
    frame = one.frame.assign(shop=pd.Series([f"s{place}" for place in shop], dtype="str"))
    columns, problem = (*COLUMNS, Column("shop", "text", "category")), replace(PROBLEM, group="shop")
    y = np.where(np.isin(shop, [0, 1]), 1, one.y)
    story = compare_groups(frame, y, columns, problem, G)
    assert (story.too_few, story.found) == ("shop", False)
    assert "one side has too few values of it to say more: it takes 3" in story.sentence
    assert "Hardly any row" not in story.sentence


def test_one_shop_is_compared_with_another_by_their_rows() -> None:
    """Rows of a shop go together, but where shops themselves are compared nothing but their rows can be."""
    one = world(7, 1500, "behaviour")
    frame = one.frame.assign(shop=one.frame["g"] + "1")
    columns = (*(column for column in COLUMNS if column.name != "g"), Column("shop", "text", "category"))
    pair = Pair((Condition("shop", ("x1",)),), (Condition("shop", ("z1",)),))
    story = compare_groups(frame, one.y, columns, replace(PROBLEM, group="shop"), pair)
    assert story.by_rows == "shop"
    assert "This speaks of these values of “shop” alone, as their rows are compared one by one." in story.sentence
    plain = compare_groups(frame, one.y, columns, PROBLEM, pair)
    assert (story.gap, story.behaviour) == (plain.gap, plain.behaviour)
    assert to_json(from_json(type(story), to_json(story))) == to_json(story)


def test_whole_numbers_with_gaps_are_found_as_they_are_written() -> None:
    ages = pd.DataFrame({"age": [30.0, 31.5, np.nan, 30.0], "flag": [True, False, True, False]})
    for written in ("30", "30.0"):
        assert holds(Condition("age", (written,)), ages).tolist() == [True, False, False, True]
    assert holds(Condition("age", ("31.5", "unknown")), ages).tolist() == [False, True, False, False]
    assert holds(Condition("flag", ("True",)), ages).tolist() == [True, False, True, False]
    assert [one.values for one in _levels(ages, Column("age", "float", "category"), False)] == [("30",), ("31.5",)]
    column = (Column("age", "float", "number"),)
    for text, words in (("age=..50", "“age” is below 50"), ("age=30..", "“age” is 30 or more"), ("age=30", "“age” is “30”"),
                        ("age=30..50", "“age” is from 30 to below 50")):
        assert describe(_condition(text, column, ages)) == words
    for text in ("age=a..b", "age=..", "age=33"):
        with pytest.raises(BadInput, match=r"No row has “|stands for no value"):
            _condition(text, column, ages)
    paid = (Column("paid", "int", "number"),)
    assert _condition("paid=yes", paid, pd.DataFrame({"paid": [0, 1]})).values == ("1",)  # as every other door takes it


def test_numbers_that_people_write_alike_are_one_level_and_long_ones_keep_their_digits() -> None:
    long = 2**53 + 1
    frame = pd.DataFrame({"share": [0.3, 0.1 + 0.2, math.nan, 0.5], "code": [long, long - 1, 7, 8]})
    assert holds(Condition("share", ("0.3",)), frame).tolist() == [True, True, False, False]
    assert holds(Condition("share", (repr(0.1 + 0.2), "0.5")), frame).tolist() == [True, True, False, True]
    for kind in ("int64", "Int64"):
        cells = Cells(frame.astype({"code": kind}))
        assert holds(Condition("code", (str(long),)), cells).tolist() == [True, False, False, False]
        assert holds(Condition("code", ("7.0", str(long - 1))), cells).tolist() == [False, True, True, False]
        assert texts(frame["code"].astype(kind)).tolist() == [str(long), str(long - 1), "7", "8"]


def test_bad_questions() -> None:
    one = world(8, 300, "null")
    with pytest.raises(BadInput, match="no condition"):
        compare_groups(one.frame, one.y, COLUMNS, PROBLEM, Pair(()))
    with pytest.raises(BadInput, match="no column"):
        compare_groups(one.frame, one.y, COLUMNS, PROBLEM, Pair((Condition("nowhere", ("x",)),)))
    for periods, words in ((Periods("c0", "2024-01-01"), "neither dates"), (Periods("day", "soon"), "not a date"),
                           (Periods("day", ""), "No date"), (Periods("n0", "x"), "not a number")):
        with pytest.raises(BadInput, match=words):
            compare_periods(one.frame, one.y, COLUMNS, PROBLEM, periods)


def test_periods_take_limits_and_numbers() -> None:
    one = world(9, 900, "null")
    story = compare_periods(one.frame, one.y, COLUMNS, PROBLEM, Periods("day", "2024-07-01", "2024-04-01", "2024-10-01"))
    day = one.frame["day"]
    assert story.rows_second == int(((day >= "2024-04-01") & (day < "2024-07-01")).sum())
    assert story.rows_first == int(((day >= "2024-07-01") & (day < "2024-10-01")).sum())
    assert compare_periods(one.frame, one.y, COLUMNS, PROBLEM, Periods("n0", "0")).over_time


def test_a_side_without_rows_is_said_and_not_compared() -> None:
    one = world(9, 300, "null")
    first, last = (one.frame["day"].agg(end).date().isoformat() for end in ("min", "max"))
    none = compare_periods(one.frame, one.y, COLUMNS, PROBLEM, Periods("day", first))
    assert none.sentence == ("There is no row with a known outcome in the time before, so there is nothing to compare. "
                             "Choose a later day.")
    ended = compare_periods(one.frame, one.y, COLUMNS, PROBLEM, Periods("day", last, end=last))
    assert ended.sentence.endswith("in the time after, so there is nothing to compare. Choose an earlier day.")
    nobody = compare_groups(one.frame, one.y, COLUMNS, PROBLEM, Pair((Condition("g", ("nobody",)),)))
    assert nobody.sentence == ("There is no row with a known outcome where “g” is “nobody”, so there is nothing to compare. "
                               "Choose another group.")


def test_holm() -> None:
    def p(value: float) -> Amount:
        return Amount(0, 0, 0, value)

    assert confirmed_parts(p(0.004), p(0.011), p(0.3)) == ("gap", "composition")
    assert confirmed_parts(p(0.02), p(0.02), p(0.02)) == ()


def test_segment_stories_and_what_is_not_explained() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"plan": pd.Series(rng.choice(["a", "b"], 3000)).astype("str"), "age": rng.normal(size=3000)})
    a = frame["plan"].eq("a").to_numpy()
    y = (rng.random(3000) < np.where(a, 0.5, 0.2)).astype(int)
    columns = (Column("plan", "text", "category"), Column("age", "float", "number"))
    search = find_segments(frame, y, columns, PROBLEM)
    assert counted_class(y, PROBLEM) == "Yes"
    plain = tell_segments(frame, y, PROBLEM, search)[0]
    assert plain.reasons == ()
    assert math.isnan(plain.not_explained)
    assert plain.same_sign == 5
    assert f"on the rows that checked it: {plain.segment.rows:,} in the group)." in plain.segment.sentence
    assert plain.sentence.startswith("Of all rows ")
    assert plain.sentence.endswith("in 5 of 5 parts of them.")
    inside = a if plain.segment.difference > 0 else ~a
    assert plain.rows == inside.sum() > plain.segment.rows
    assert plain.share_rows == pytest.approx(inside.mean())
    assert plain.share_outcome == pytest.approx(y[inside].sum() / y.sum())
    assert plain.explained == pytest.approx(np.corrcoef(a, y)[0, 1] ** 2)
    phi = np.column_stack([np.where(a, 10.0, -10.0), rng.normal(size=3000)])  # points: the model knows 20 of the 30
    told = SampledContributions(Contributions(phi, 35.0, 35 + phi.sum(axis=1), ("plan", "age"), "Yes"), np.arange(3000))
    story = tell_segments(frame, y, PROBLEM, search, told)[0]
    assert story.reasons[0].column == "plan"
    assert abs(story.reasons[0].part) == pytest.approx(0.2)
    total = sum(reason.part for reason in story.reasons) + story.others + story.not_explained
    assert total == pytest.approx(story.segment.difference)
    assert abs(story.not_explained) == pytest.approx(0.1, abs=0.05)
    few = tell_segments(frame, y, PROBLEM, search, SampledContributions(told.contributions, np.arange(10)))[0]
    assert few.reasons == ()


def test_a_report_says_of_what_a_group_has_a_share() -> None:
    """“Of all such outcomes” named none, and numbers are no outcomes to be counted: theirs is a share of the sum."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"plan": pd.Series(rng.choice(["a", "b"], 2000)).astype("str")})
    a, columns = frame["plan"].eq("a").to_numpy(), (Column("plan", "text", "category"),)
    churned = (rng.random(2000) < np.where(a, 0.5, 0.2)).astype(int)
    spent = np.where(a, 30.0, 10.0) + rng.random(2000)
    for y, problem, of_all in ((churned, PROBLEM, f"of all “{PROBLEM.target}” = “Yes”"),
                               (spent, Problem("spent", "regression", "rmse"), "of the sum of “spent”")):
        stories = tell_segments(frame, y, problem, find_segments(frame, y, columns, problem))
        (section,) = make_sections(SectionInputs(stories=stories))
        assert f" % {of_all}." in section.lines[0]
        assert f" % {of_all};" in stories[0].sentence
        (earlier,) = make_sections(SectionInputs(stories=(replace(stories[0], of_all=""),)))
        assert earlier.lines[0].endswith(" of all rows.")


def test_rows_without_a_group_stand_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gaps, cards, folds and experiments: what is missing is no group of its own, however many rows lack it."""
    influence = np.random.default_rng(0).normal(size=400)
    missing = np.array([None] * 400, dtype=object)
    alone, apart = amount(0.1, influence), amount(0.1, influence, missing)
    assert apart.high - apart.low == pytest.approx(alone.high - alone.low, rel=0.1)
    assert len(np.unique(fold_of(400, missing, 0))) == 5
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=400), "arm": rng.integers(0, 2, 400), "sales": rng.normal(size=400)})
    frame["shop"] = pd.array([None] * 390 + [f"s{place % 2}" for place in range(10)], dtype="str")
    problem = Problem("sales", "regression", "rmse", group="shop")
    columns = (*(Column(name, "float", "number") for name in ("x", "arm", "sales")), Column("shop", "text", "id"))
    made = CardInputs(None, frame, frame["sales"].to_numpy(), columns, problem, Goal("sales", "high"))
    alike = together(frame, frame["sales"].to_numpy(), columns, problem)
    groups = _stage(made, make_outcome(made.y, problem), alike).groups
    assert groups is not None
    assert len(np.unique(codes_of(groups))) == 392
    half = first_half(400, together_in(frame, "shop"), np.random.default_rng(0))
    assert 150 < half.sum() < 250
    monkeypatch.setattr(uplift, "_measured", lambda trial, *_: trial)
    trial = uplift.measure_uplift(frame, "sales", "arm", uplift.UpliftRoles(good="high", group="shop"))
    assert len(np.unique(codes_of(trial.groups))) == 392  # type: ignore[attr-defined]


def test_all_against_none_is_no_chance() -> None:
    """Nothing varies on either side, which was read as p = 1."""
    one = world(4, 250, "null")
    whole = compare_groups(one.frame, one.first.astype(float), COLUMNS, PROBLEM, G)
    assert (whole.gap.value, whole.behaviour.value, whole.composition.value) == (1.0, 1.0, 0.0)
    assert max(whole.gap.p, whole.behaviour.p) < 1e-9 < whole.composition.p
    assert 0.93 < whole.gap.low < whole.gap.high == 1.0
    assert "chance" not in whole.sentence


def test_sides_that_do_not_vary_are_as_sure_as_their_rows_or_groups() -> None:
    first = np.arange(14) < 7
    every = np.ones(14, dtype=bool)
    of_rows = TwoGroups(first.astype(float), first, Covariates(np.empty((14, 0)), (), ()), True)
    rows = _of_constants(of_rows, every)
    assert rows.p == pytest.approx(2 / math.comb(14, 7))  # Fisher's exact test
    alike = _of_constants(replace(of_rows, y=np.ones(14)), every)
    assert (alike.value, alike.p) == (0.0, 1.0)
    assert alike.low == -alike.high < 0
    first = np.arange(1200) % 2 == 0
    for groups, p in ((2, 1.0), (3, 0.25), (20, 2 * 0.5**20)):
        together = np.arange(1200) // 2 % groups + groups * first
        found = _of_constants(replace(of_rows, first=first, y=first.astype(float), together=together), np.ones(1200, dtype=bool))
        assert found.p == pytest.approx(p)
        assert (found.low > 0) == (groups >= 20)
