"""Audits of small and strange groups, and the groups that columns are cut into."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.codec import from_json, to_json
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.explaining import Audit, Fairness, audit, in_order, likely_protected, protected_groups
from automl_core.explaining.fairness_counts import is_still, mean_spread, rate_of
from pages.ui import cards, fairness_view, findings_charts
from pages.ui.cards import Fact
from pages.ui.theme import LIGHT


def case(group: np.ndarray, seed: int = 0) -> Audit:
    rng = np.random.default_rng(seed)
    p = rng.random(len(group))
    return Audit(p, (rng.random(len(group)) < p).astype(float), group.astype(object), p > 0.5, "sex", "Yes")


def test_small_groups_are_shown_and_not_compared() -> None:
    made = audit(case(np.repeat(["a", "b", "c"], [300, 200, 30])))
    assert [group.group for group in made.groups] == ["a", "b", "c"]
    assert [group.group for group in made.compared] == ["a", "b"]
    assert any("“c” has fewer than 100 rows" in line for line in made.sentences)
    assert len(made.groups[0].calibration) == 5
    assert made.groups[2].calibration == ()
    assert from_json(Fairness, to_json(made)).groups == made.groups
    alone = audit(case(np.repeat(["a", "c"], [300, 30])))
    assert math.isnan(alone.parity.difference)
    assert "nothing can be compared" in alone.sentences[0]


def test_a_sentence_names_only_groups_with_enough_of_both_outcomes() -> None:
    group = np.repeat(["many", "some", "(missing)"], [1000, 1000, 300])
    y = np.concatenate([np.arange(1000) % 4 == 0, np.arange(1000) % 4 == 0, np.arange(300) < 5]).astype(float)
    selected = y > 0.5
    selected[:150] = False  # many: fewer found
    selected[-300:] = False  # (missing): none of its five is found, too few to be compared
    made = audit(Audit(np.where(selected, 0.9, 0.1), y, group.astype(object), selected, "sex", "Yes"))
    line = next(line for line in made.sentences if "are found" in line)
    assert "“many”" in line
    assert "(missing)" not in line
    assert "In “(missing)”, fewer than 20 rows are “Yes”: errors shown, but not compared." in made.sentences
    for which, marked in (("found", True), ("selected", False)):
        assert ("(missing) (not compared)" in findings_charts.rates(made, which, "Rates.", LIGHT).alt) == marked
    ends = [findings_charts.rates(made, which, "Rates.", LIGHT).figure.layout.xaxis.range for which in ("found", "false_alarms")]
    assert all(end[0] == 0 and end[1] <= 101 for end in ends), "a gap of 2 points does not look like one of 20"
    y, selected = 1 - y, ~selected
    other = audit(Audit(np.where(selected, 0.9, 0.1), y, group.astype(object), selected, "sex", "Yes"))
    assert "In “(missing)”, fewer than 20 rows are not “Yes”: errors shown, but not compared." in other.sentences


def test_a_group_whose_errors_rest_on_too_few_customers_is_named_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that are of the class in “c” are of two customers: its errors are left out, which a manager is told."""
    given = case(np.repeat(["a", "b", "c"], [400, 300, 200]))
    customer = np.arange(900)
    customer[(given.group == "c") & (given.y > 0.5)] %= 2
    made = audit(replace(given, together=customer))
    assert [(group.group, group.small, group.lumped) for group in made.groups] == [
        ("a", False, False), ("b", False, False), ("c", False, True)]
    assert math.isfinite(made.found.difference)
    (line,) = (line for line in made.sentences if "errors shown, but not compared" in line)
    assert "“c”" in line
    assert "“a”" not in line
    for which in ("found", "false_alarms"):
        alt = findings_charts.rates(made, which, "Errors.", LIGHT).alt
        assert alt.count("(not compared)") == 1
        assert "c (not compared)" in alt
    assert "not compared" not in findings_charts.rates(made, "selected", "Selected.", LIGHT).alt
    tables: list[pd.DataFrame] = []
    monkeypatch.setattr(cards, "table", lambda table, *_, **__: tables.append(table))
    fairness_view._table(made)
    marked = tables[0].set_index("Group")[["Found", "False alarms"]].map(lambda text: "(not compared)" in text)
    assert marked.all(axis=1).to_dict() == {"a": False, "b": False, "c": True}
    alone = audit(replace(case(given.group), together=np.arange(900)))
    assert not any("errors shown" in line for line in alone.sentences)


def test_calibration_is_drawn_and_told_with_its_intervals() -> None:
    """Five points of 20 rows each: a zigzag by chance read as bad calibration."""
    made = audit(case(np.repeat(["a", "b"], [300, 100])))
    chart = findings_charts.calibration(made, LIGHT)
    lines = [trace for trace in chart.figure.data if trace.name]
    assert [trace.name for trace in lines] == ["a", "b"]
    for trace, group in zip(lines, made.groups, strict=True):
        rates = [point.observed for point in group.calibration]
        assert list(trace.error_y.array) == pytest.approx([100 * (rate.high - rate.value) for rate in rates])
        assert list(trace.error_y.arrayminus) == pytest.approx([100 * (rate.value - rate.low) for rate in rates])
        assert all(" to " in text and f"{rate.rows} rows" in text for text, rate in zip(trace.text, rates, strict=True))
    assert chart.alt.count(" to ") == 10
    assert "95 % intervals" in chart.sentence


@pytest.mark.parametrize("lots", [(5, 4, 2), (6, 5, 3)])
def test_a_gap_of_shares_is_100_points_at_most(lots: tuple[int, int, int]) -> None:
    """Six customers in each of two groups, 5 of them selected and 3: “at most 105 points” apart."""
    people, many, few = lots
    who, group = np.repeat(np.arange(2 * people), 20), np.repeat(["a", "b"], 20 * people).astype(object)
    selected = np.concatenate([np.arange(people) < many, np.arange(people) < few])[who]
    y = (np.arange(len(who)) % 2).astype(float)
    made = audit(Audit(np.where(selected, 0.9, 0.1), y, group, selected, "sex", "Yes", 0, who))
    assert made.parity.high <= 1
    assert made.odds.high <= 1
    assert made.found.high <= 1
    assert made.residual.high <= 2
    assert "(at most 100" in made.sentences[0]


def test_no_sentence_calls_a_model_fair() -> None:
    for seed in range(5):
        made = audit(case(np.repeat(["a", "b"], 200), seed))
        text = " ".join(made.sentences).lower()
        assert "fair" not in text
        assert "do not settle" in text


def test_nobody_selected_everybody_selected_one_class() -> None:
    one = case(np.repeat(["a", "b"], 200))
    for selected in (np.zeros(400, bool), np.ones(400, bool)):
        made = audit(Audit(one.prediction, one.y, one.group, selected, "g", "Yes"))
        assert not made.parity.clear
        assert not made.odds.clear
    only = audit(Audit(one.prediction, np.ones(400), one.group, one.selected, "g", "Yes"))
    assert math.isnan(only.odds.difference)
    assert "Too few rows" in " ".join(only.sentences)


def test_bad_audits() -> None:
    with pytest.raises(BadInput, match="only one group"):
        audit(case(np.repeat(["a"], 200)))
    one = case(np.repeat(["a", "b"], 200))
    with pytest.raises(BadInput, match="outcome"):
        audit(Audit(one.prediction, np.full(400, np.nan), one.group, one.selected, "g", "Yes"))


def test_groups_of_a_column() -> None:
    ages = protected_groups(pd.Series(np.arange(100), name="age"))
    assert pd.Series(ages).value_counts().to_list() == [25, 25, 25, 25]
    assert ages[0] == "below 25"
    assert ages[99] == "75 or more"
    few = protected_groups(pd.Series([0.0, 1.0, np.nan], name="senior"))
    assert list(few) == ["0", "1", "(missing)"]
    many = protected_groups(pd.Series([f"v{k % 30}" for k in range(300)], name="city").astype("str"))
    assert len(set(many)) == 8
    assert "(other)" in set(many)
    skewed = protected_groups(pd.Series([0.0] * 90 + list(range(1, 11)), name="children"))
    assert pd.Series(skewed).value_counts().to_dict() == {"below 1": 90, "1 or more": 10}
    with pytest.raises(BadInput, match="dates"):
        protected_groups(pd.Series(pd.date_range("2024-01-01", periods=3), name="born"))


def test_likely_columns_are_a_hint() -> None:
    names = ("gender", "SeniorCitizen", "age", "page", "usage", "Sex", "marital_status", "price", "ethnicity")
    found = likely_protected(tuple(Column(name, "text", "category") for name in names))
    assert found == ("gender", "SeniorCitizen", "age", "Sex", "marital_status", "ethnicity")


def test_wilson_against_known_values() -> None:
    rate = rate_of(8, 10)
    assert (rate.low, rate.high) == pytest.approx((0.4902, 0.9433), abs=2e-4)
    assert math.isnan(rate_of(0, 0).value)
    assert rate_of(0, 50).low == 0


def test_groups_of_a_number_are_shown_from_low_to_high() -> None:
    rng = np.random.default_rng(3)
    ages = pd.Series(np.where(rng.random(1200) < 0.1, np.nan, rng.integers(18, 80, 1200)), name="age")
    labels = protected_groups(ages)
    p = rng.random(1200)
    made = audit(Audit(p, (rng.random(1200) < p).astype(float), labels, p > 0.5, "age", "Yes"))
    names = [group.group for group in in_order(made, ages, labels).groups]
    assert names[0].startswith("below ")
    assert names[-2].endswith(" or more")
    assert names[-1] == "(missing)"
    assert [name.split()[0] for name in names[1:-1]] == sorted(name.split()[0] for name in names[1:-1])
    texts = pd.Series(np.where(rng.random(1200) < 0.5, "b", "a"), name="sex")
    assert in_order(made, texts, labels) is made


def test_a_group_of_three_rows_does_not_press_the_others_together() -> None:
    made = audit(case(np.repeat(["a", "b", "x"], [300, 200, 3])))
    for chart in (findings_charts.off(made, LIGHT), findings_charts.rates(made, "selected", "Selected.", LIGHT)):
        assert "x (few" not in chart.alt
    assert [group.group for group in made.groups] == ["a", "b", "x"]  # the table has it
    few = audit(case(np.repeat(["a", "x"], [4, 3])))
    assert len(findings_charts.drawn(few).groups) == 2  # where all are that small, all are drawn


def test_quantiles_are_drawn_as_the_share_below_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(["a", "b"], [300, 200]).astype(object)
    made = audit(Audit(np.full(500, -np.log(0.1)), rng.exponential(size=500), group, None, "sex", "", level=0.9))
    chart = findings_charts.off(made, LIGHT)
    assert "90 % should be" in chart.sentence
    assert chart.figure.layout.xaxis.title.text == "Outcomes below what was predicted, %"
    assert "Mean pinball loss by group: " in findings_charts.errors(made, LIGHT).alt
    told: list[Fact] = []
    monkeypatch.setattr(cards, "facts", lambda items, **_: told.extend(items))
    monkeypatch.setattr(fairness_view.st, "caption", lambda text: None)
    fairness_view._headline(made)
    assert [(one.name, " points" in one.value) for one in told] == [("Outcomes below", True), ("Mean pinball loss", False)]
    tables: list[pd.DataFrame] = []
    monkeypatch.setattr(cards, "table", lambda table, *_, **__: tables.append(table))
    fairness_view._table(made)
    assert all(re.fullmatch(r"\d+(\.\d)? % \(\d+(\.\d)? to \d+(\.\d)? %\)", text) for text in tables[0]["Outcomes below"])
    assert from_json(Fairness, to_json(made)).level == 0.9


def test_a_gap_of_numbers_is_as_wide_as_its_groups_vary() -> None:
    """A group whose rows hardly vary was given the spread of the others: a bias that is sure was told as chance."""
    random = np.random.default_rng(0)
    loud, quiet = random.normal(0, 1_000, 5_000), random.normal(-60, 20, 150)
    found = mean_spread([loud, quiet], np.random.default_rng(1), still=(False, False))
    assert 20 < found.low < found.high < 100
    zeros = mean_spread([loud, np.full(150, -1.0)], np.random.default_rng(1), still=(False, True))
    assert zeros.high - zeros.low > 100  # a quiet year of a rare loss tells nothing
    assert is_still(np.append(np.zeros(95), np.ones(5)))
    assert not is_still(random.normal(size=100))
