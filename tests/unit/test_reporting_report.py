"""The report page and the model card: complete, escaped, self-contained, and nothing personal."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from automl_core.acting.action import ActionCard, ActionList, ActionRow, Change, Condition, Goal, Segment, SegmentSearch
from automl_core.acting.decisions import rank_rows
from automl_core.acting.gap import Amount
from automl_core.acting.gap_drivers import Driver
from automl_core.acting.gap_story import GapStory
from automl_core.acting.segment_stories import SegmentStory
from automl_core.acting.wording import BANNED
from automl_core.cli_findings import compare
from automl_core.codec import from_json, to_json
from automl_core.explaining.explanation import ColumnGroup, Explanation, Importance, Shape, ShapePoint
from automl_core.explaining.words import numbers_alike
from automl_core.framing.problem import Leak, Problem, Rung, Verdict
from automl_core.reporting import CardFacts, ReportInputs, make_report, model_card, render
from automl_core.reporting.report import Report
from automl_core.reporting.sections import SectionInputs, make_sections
from automl_core.reporting.sentences import _matters
from automl_core.search.plan import RungOffer, RunSummary, Score, Trial
from tests.unit.test_pilots import CARD, verdict

EVIL = "<img src=x onerror=alert(1)>\"'{{7*7}}\u202e"
NAN = math.nan
PROMISES = re.compile(rf"\b({'|'.join(BANNED)})\b", re.I)
PROBLEM = Problem("Churn", "binary", "roc_auc", ("No", "Yes"), "Yes")
SUMMARY = RunSummary(
    "binary",
    "roc_auc",
    True,
    Score(0.849, 0.84, 0.858),
    Score(0.5, 0.5, 0.5),
    Score(0.85, 0.84, 0.86),
    "lightgbm",
    ("lightgbm",),
    (),
    (),
    7043,
    5,
    58.0,
    1.2,
    1.1,
    2.0,
)


def inputs(name: str = "Contract") -> ReportInputs:
    explanation = Explanation(
        (Importance(name, 0.6, 6.0, 1, 1, True), Importance("tenure", 0.4, 4.0, 2, 6, False)),
        (Shape(name, "category", (ShapePoint("Monthly", 300, 5.0, 43.0), ShapePoint("Two year", 300, -5.0, 3.0))),),
        26.5,
        "points",
        2000,
        "Yes",
        "…",
    )
    verdict = Verdict(
        "linear",
        "binary",
        "roc_auc",
        (Rung("average", 0.5, 0.5, 0.5), Rung("linear", 0.84, 0.83, 0.85)),
        (Leak(name, "strength", "amber", "x"),),
        "A linear model is nearly as good.",
        3.0,
        7043,
    )
    segment = Segment(
        (Condition(name, ("Monthly",)),), 300, 0.43, 0.1, 0.33, 0.3, 0.36, 1e-9, f"Where “{name}” is “Monthly”, 43 %."
    )
    actions = ActionList(
        (ActionRow(1, 5, "c1", 0.9, 100.0),) * 500,
        500,
        50_000.0,
        40_000.0,
        60_000.0,
        16_000.0,
        200_000.0,
        400.0,
        "…",
        ("Acting turns 20 % good: an assumption.",),
        0.265,
    )
    card = ActionCard(
        "Rows",
        name,
        "Monthly",
        "One year",
        2000,
        0.3,
        0.14,
        0.15,
        0.1,
        0.2,
        90_000.0,
        60_000.0,
        120_000.0,
        "C",
        0.8,
        0.07,
        "Rows: …",
        "A hidden factor could.",
        "Next: a pilot, 2 x 126 rows.",
    )
    return ReportInputs(
        "rep_1",
        f"My {name}",
        datetime(2026, 11, 22, tzinfo=UTC),
        replace(PROBLEM, target=name),
        SUMMARY,
        7043,
        verdict,
        explanation,
        SegmentSearch((segment,), 100, 20, "x", "share"),
        actions,
        (card, replace(card, grade="D")),
        Goal(name, "No", currency="€"),
        f"{name}.csv",
        "0.1",
    )


def test_full_report() -> None:
    report = make_report(inputs())
    assert report.answer.startswith("Act first on 500 of 7,043 rows: about 400")
    assert "132" in report.answer or "133" in report.answer
    assert "€ 50,000" in report.money
    assert report.drivers[0] == "“Contract”: 43 % are “Yes” at “Monthly”, 3.0 % at “Two year”."
    assert 3 <= len(report.actions) <= 5
    assert sum("Evidence C" in text for text in report.actions) == 1
    assert not any("Evidence D" in text for text in report.actions)
    assert any("85 of 100" in text for text in report.sure)
    assert any("may already know" in text for text in report.limits)
    assert report.next_step == "“Contract”: a pilot, 2 x 126 rows."
    assert to_json(from_json(Report, to_json(report))) == to_json(report)


def test_no_text_of_a_report_promises() -> None:
    """The words that no card below grade A may say are in nothing that stands around it, either."""
    page = render(make_report(inputs()))
    text = re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.S))
    assert "Evidence C" in text
    assert PROMISES.findall(text) == []


def test_a_measured_loss_neither_leads_nor_is_advised() -> None:
    made = inputs()
    (card,) = made.cards[:1]
    loss = replace(card, grade="A", measured=True, lever="Coupon", net_value=-5_000.0, net_low=-9_000.0, net_high=-1_000.0,
                   next_step="Do not roll it out as it is.", overturn="Other rows.")
    for cards in ((loss, card), (loss,)):
        report = make_report(replace(made, cards=cards))
        assert "Coupon" not in report.next_step
        assert "Coupon" not in " ".join(report.actions)
    doubtful = replace(loss, net_value=5_000.0, net_high=9_000.0)
    assert make_report(replace(made, cards=(doubtful, card))).next_step.startswith("“Contract”")
    assert make_report(replace(made, cards=(replace(doubtful, net_low=1.0), card))).next_step.startswith("“Coupon”")


def test_a_card_of_two_levers_names_both() -> None:
    plain = inputs()
    both = replace(plain.cards[0], also=(Change("Discount", ("No",), "Yes", 30.0),))
    told = " ".join(make_report(replace(plain, cards=(both,))).actions)
    assert "Move “Contract” from “Monthly” to “One year” and “Discount” from “No” to “Yes” (2,000 rows)" in told


def test_everyone_is_said_to_be_beyond_the_limit() -> None:
    made = inputs()
    assert made.actions is not None
    assert "everyone: € " in make_report(made).money.replace("\u00a0", " ")
    limited = replace(made, actions=replace(made.actions, limited_by="the limit of 500 rows"))
    assert "everyone (beyond the limit of 500 rows): €" in make_report(limited).money


@pytest.mark.parametrize(("good", "bad", "chance"), [("No", "Yes", "130"), ("Yes", "No", "370")])
def test_headline_names_the_unwanted_end(good: str, bad: str, chance: str) -> None:
    """The list is made as the app makes it; the explanation speaks of “Yes” either way."""
    p = np.concatenate([np.full(250, 0.9), np.full(250, 0.1), np.full(1500, 0.18)])
    goal = Goal("Churn", good, capacity=500)
    actions = rank_rows(pd.DataFrame({"x": p}), p, (), PROBLEM, goal)
    at_risk = np.sort(p if good == "No" else 1 - p)[::-1]
    made = replace(inputs("Churn"), problem=PROBLEM, actions=actions, goal=goal, rows=2000)
    assert make_report(made).answer == (
        f"Act first on 500 of 2,000 rows: about {round(at_risk[:500].sum())} of them are expected to end as “Churn” = “{bad}”, "
        f"where as many picked at random would hold {chance}."
    )
    unknown = make_report(replace(made, goal=None, explanation=None)).answer
    assert "expected not to end as wanted" in unknown


def test_headline_of_several_classes_and_of_numbers() -> None:
    many = Problem("kind", "multiclass", "log_loss", ("a", "b", "c"))
    shares = np.tile([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]], (50, 1))
    goal = Goal("kind", "a", capacity=10)
    actions = rank_rows(pd.DataFrame({"x": range(100)}), shares, (), many, goal)
    made = replace(inputs("kind"), problem=many, actions=actions, goal=goal, rows=100)
    assert make_report(made).answer == (
        "Act first on 10 of 100 rows: about 9 of them are expected not to end as “kind” = “a”, "
        "where as many picked at random would hold 7."
    )
    number = Problem("cost", "regression", "rmse")
    for good, side in (("low", "highest"), ("high", "lowest")):
        goal = Goal("cost", good, capacity=10)
        actions = rank_rows(pd.DataFrame({"x": range(100)}), np.arange(100.0), (), number, goal)
        made = replace(inputs("cost"), problem=number, actions=actions, goal=goal, rows=100)
        assert make_report(made).answer == f"Act first on 10 of 100 rows: those with the {side} predicted “cost”."


def test_headline_of_rows_without_an_outcome() -> None:
    """Nothing can be done about rows that ended: the list, and what it is compared with, are of the others."""
    p = np.concatenate([np.full(1_800, 0.5), np.full(50, 0.2), np.full(150, 0.04)])
    frame = pd.DataFrame({"Churn": ["Yes"] * 1_800 + [None] * 200})
    goal = Goal("Churn", "No", capacity=50, value=100.0)
    made = replace(inputs("Churn"), problem=PROBLEM, goal=goal, rows=2_000)
    report = make_report(replace(made, actions=rank_rows(frame, p, (), PROBLEM, goal)))
    assert report.answer == ("Act first on 50 of the 200 rows without an outcome: about 10 of them are expected to end as "
                             "“Churn” = “Yes”, where as many picked at random would hold 4.")
    assert "; all rows without an outcome (beyond the limit of 50 rows): € 320." in report.money.replace("\u00a0", " ")
    every = make_report(replace(made, actions=rank_rows(frame, p, (), PROBLEM, replace(goal, capacity=200))))
    assert every.answer.startswith("Act on all 200 rows without an outcome: about 16 of them")
    assert every.money.startswith("Acting on all rows without an outcome: expected gain ")
    number, costs, low = Problem("cost", "regression", "rmse"), frame.rename(columns={"Churn": "cost"}), Goal("cost", "low")
    for capacity, told in ((50, "Act first on 50 of the 200 rows without an outcome: those with the highest predicted “cost”."),
                           (300, "those without an outcome first, then those with the highest predicted “cost”.")):
        actions = rank_rows(costs, p, (), number, replace(low, capacity=capacity))
        about = replace(inputs("cost"), problem=number, actions=actions, goal=low, rows=2_000)
        assert make_report(about).answer.endswith(told)


def test_of_several_classes_report_and_model_card_say_which_one_is_explained() -> None:
    many = Problem("kind", "multiclass", "log_loss", ("Yes", "No", "Perhaps"))
    made = replace(inputs("kind"), problem=many, actions=None, verdict=None)
    report = make_report(made)
    assert report.drivers[0] == "This is about “kind” = “Yes”, one of 3 classes."
    assert len(report.drivers) == 1 + len(make_report(inputs("kind")).drivers)
    assert ("26 %", "“kind” = “Yes” overall") in report.figures
    assert report.answer.startswith("“kind” can be foreseen in part")  # all its classes, not the one that is explained
    card = model_card(CardFacts(many, SUMMARY, ("a",), made.made_at, explanation=made.explanation))
    assert "For kind = Yes:" in card
    assert "Called:" not in card
    tuned = replace(SUMMARY, factors=tuple(float(2 + place) for place in range(len(many.classes))))
    card = model_card(CardFacts(many, tuned, ("a",), made.made_at))
    assert f"multiplied by its factor: {many.classes[0]} × 2; {many.classes[1]} × 3" in card
    two = CardFacts(inputs("kind").problem, SUMMARY, ("a",), made.made_at, explanation=made.explanation)
    assert "For kind" not in model_card(two)


@pytest.mark.parametrize(("metric", "told"), [
    ("rmse", "“cost” on average"), ("mae", "median of “cost”, on average"), ("pinball", "90 % quantile of “cost”, on average"),
    ("mape", "predicted “cost” on average")])
def test_the_mean_of_predicted_quantiles_is_not_said_to_be_that_of_the_outcome(metric: str, told: str) -> None:
    made = inputs("cost")
    assert made.explanation is not None
    explanation = replace(made.explanation, units="cost", label="")
    number = Problem("cost", "regression", metric, quantile=0.9)
    report = make_report(replace(made, problem=number, explanation=explanation, actions=None, verdict=None))
    assert told in [label for _, label in report.figures]


def test_what_a_closer_look_found_no_evidence_for_is_no_driver() -> None:
    """As on the page; a column of a group is judged with it."""
    made = inputs("cost")
    assert made.explanation is not None
    idle = replace(made.explanation.importance[1], evidence=False)
    looked = replace(made.explanation, importance=(made.explanation.importance[0], idle), refits=8)
    report = make_report(replace(made, explanation=looked))
    assert not [line for line in report.drivers if "tenure" in line]
    assert [bar.label for bar in report.driver_bars] == ["cost"]
    assert not [line for line in report.limits if "order of the strongest" in line]
    weighed = make_report(replace(made, problem=replace(made.problem, weights="w"))).drivers
    assert weighed == (*make_report(made).drivers, "Rows count alike here, whatever “w” says.")
    together = replace(looked, groups=(ColumnGroup(("tenure", "cost"), 1.0, 10.0),))
    assert [bar.label for bar in make_report(replace(made, explanation=together)).driver_bars] == ["tenure + 1 more"]


def test_columns_that_say_much_the_same_are_one_driver_as_on_the_explain_page() -> None:
    """Near copies of one column took all three places."""
    made = inputs("x")
    assert made.explanation is not None
    points = (ShapePoint("low", 500, 0.0, 20.0), ShapePoint("high", 500, 0.0, 50.0))
    shares = {"x": 0.3, "x2": 0.28, "x3": 0.27, "z": 0.1}
    columns = tuple(Importance(name, share, 10 * share, 1, 3, True) for name, share in shares.items())
    group = ColumnGroup(("x", "x2", "x3"), 0.85, 8.5)
    explained = replace(made.explanation, importance=columns, shapes=(Shape("x", "category", points),), groups=(group,))
    report = make_report(replace(made, explanation=explained))
    assert report.drivers == ("“x” (2 other columns say much the same): 50 % are “Yes” at “high”, 20 % at “low”.",
                              "“z” carries 10 % of what moves the prediction.")
    assert [(bar.label, bar.text) for bar in report.driver_bars] == [("x + 2 more", "85 %"), ("z", "10 %")]
    pair = replace(explained, groups=(replace(group, columns=("x", "x2")),), importance=(*columns[:2], columns[3]))
    assert make_report(replace(made, explanation=pair)).drivers[0].startswith("“x” (“x2” says much the same): 50 %")


@pytest.mark.parametrize(("kind", "points", "told"), [
    ("number", (("1 to 5", 500, 20.0), ("6 to 9", 500, 22.0), ("missing", 300, 60.0)),
     "“x”: 22 % are “Yes” at 6 to 9, 20 % at 1 to 5; where it is missing, 60 %."),
    ("number", (("1 to 5", 500, 20.0), ("6 to 9", 500, 50.0), ("missing", 300, 36.0)),
     "“x”: 50 % are “Yes” at 6 to 9, 20 % at 1 to 5."),  # as the others are on average
    ("category", (("a", 700, 20.0), ("others", 100, 90.0), ("missing", 300, 60.0)),
     "“x”: 20 % are “Yes” at “a”; where it is missing, 60 %."),
    ("number", (("1 to 5", 500, 20.0), ("6 to 9", 500, 22.0), ("missing", 50, 29.0)),
     "“x”: 22 % are “Yes” at 6 to 9, 20 % at 1 to 5."),  # fifty rows stray as far by chance
    ("number", (("1 to 5", 500, 20.0), ("6 to 9", 500, 22.0), ("missing", 30, 90.0)),
     "“x”: 22 % are “Yes” at 6 to 9, 20 % at 1 to 5."),  # under 2 % of the rows
    ("number", (("missing", 300, 60.0),), "“x” carries 60 % of what moves the prediction."),
])
def test_rows_without_a_value_are_told_where_they_matter(
    kind: str, points: tuple[tuple[str, int, float], ...], told: str
) -> None:
    """Where missing incomes alone tell, the levels of those that are known said little."""
    made = inputs("x")
    assert made.explanation is not None
    shape = Shape("x", kind, tuple(ShapePoint(label, rows, 0.0, observed, spread=10.0) for label, rows, observed in points))
    explained = replace(made.explanation, shapes=(shape,))
    assert make_report(replace(made, explanation=explained)).drivers[0] == told
    number = replace(explained, units="x", label="")
    said = make_report(replace(made, explanation=number, problem=Problem("x", "regression", "rmse"), verdict=None)).drivers[0]
    assert ("where it is missing, " in said) == ("where it is missing, " in told) or points[-1][1:] == (50, 29.0)


def test_missing_numbers_are_told_where_chance_does_not_explain_them() -> None:
    """Beside one known level every difference was told, however small."""
    rng, told = np.random.default_rng(0), 0
    for _ in range(400):
        known, gone = 50 + rng.normal(0, 8, 200), 50 + rng.normal(0, 8, 100)
        points = [ShapePoint("a", len(part), 0.0, part.mean(), spread=part.std()) for part in (known, gone)]
        told += _matters(points[1], points[:1], False)
        assert _matters(replace(points[1], observed=points[0].observed + 8), points[:1], False)
    assert told <= 400 * 0.07
    assert not _matters(ShapePoint("missing", 100, 0.0, 50.1), [ShapePoint("a", 200, 0.0, 50.0)], False)  # of an old explanation
    assert _matters(ShapePoint("missing", 100, 0.0, 60.0), [ShapePoint("a", 9, 0.0, 50.0), ShapePoint("b", 9, 0.0, 51.0)], False)


def test_balanced_accuracy_is_not_the_share_that_is_right() -> None:
    """The likeliest class of 97 % is right in 97 of 100 rows, and its balanced accuracy is a half."""
    score = replace(SUMMARY, metric="balanced_accuracy", score=Score(0.8, 0.78, 0.82))
    made = replace(inputs("cost"), summary=score, actions=None, verdict=None)
    assert "it finds 80 of 100 on average over the classes (95 % range 78 to 82)" in make_report(made).answer
    assert "right in" not in make_report(made).answer
    right = make_report(replace(made, summary=replace(score, metric="accuracy")))
    assert "it is right in 80 of 100 cases (95 % range 78 to 82)" in right.answer


def test_a_card_whose_range_crosses_nothing_says_so_in_a_report() -> None:
    """Its ends were taken without their signs: from 4 points less to 10 points more was “4.0 to 10.0 points”."""
    made = inputs()
    open_end = replace(made.cards[0], low=-0.04, high=0.1, adjusted=0.03)
    told = " ".join(make_report(replace(made, cards=(open_end,))).actions)
    assert "3.0 points more often (95 % range 4.0 points less often to 10.0 points more often)" in told
    down = " ".join(make_report(replace(made, cards=(replace(open_end, better="down"),))).actions)
    assert "3.0 points less often (95 % range 4.0 points more often to 10.0 points less often)" in down
    sure = " ".join(make_report(replace(made, cards=(replace(open_end, low=0.01),))).actions)
    assert "(95 % range 1.0 to 10.0 points)" in sure


def test_narrow_ranges_of_scores_have_ends_that_differ() -> None:
    made = replace(inputs(), summary=replace(SUMMARY, score=Score(0.99004, 0.99002, 0.99006), metric="accuracy"))
    assert any("(95 % range 99.00 to 99.01)" in text for text in make_report(made).sure)
    made = replace(inputs(), summary=replace(SUMMARY, score=Score(0.99004, 0.99002, 0.99006), metric="f1"))
    assert any("(95 % range 0.99 to 0.9901)" in text for text in make_report(made).sure)


def test_nearly_all_is_not_all_of_a_hundred() -> None:
    for metric in ("accuracy", "roc_auc"):
        report = make_report(replace(inputs(), summary=replace(SUMMARY, score=Score(0.997, 0.994, 0.999), metric=metric)))
        assert report.figures[-1][0] == "99.7 of 100"
        assert any("99.7 of 100 cases (95 % range 99.4 to 99.9)" in text for text in report.sure)
    perfect = make_report(replace(inputs(), summary=replace(SUMMARY, score=Score(1.0, 0.99, 1.0), metric="accuracy")))
    assert perfect.figures[-1][0] == "100 of 100"


def test_one_part_and_one_candidate_are_told_as_such() -> None:
    held = replace(SUMMARY, folds=1, judged=1400, leaderboard=(Trial("x", "rule", "Rule", {}, "finished", 0.0, 0.0, 0.0),))
    card = model_card(CardFacts(PROBLEM, held, ("a",), inputs().made_at))
    assert "- On the rows held out: 0.849" in card
    assert "chosen from 1 candidate\n" in card
    asked = inputs()
    assert asked.segments is not None
    report = make_report(replace(asked, summary=held, segments=replace(asked.segments, looked_at=1)))
    assert any("rows, held out and predicted by a model that had not seen them: " in text for text in report.sure)
    assert any("(1 was looked at)" in text for text in report.sure)


def test_a_model_card_says_what_was_held_out() -> None:
    made = inputs("cost")
    card = model_card(CardFacts(made.problem, replace(SUMMARY, folds=1, judged=1400), ("a",), made.made_at))
    assert "- Validation: 1,400 rows held out, predicted by a model that had not seen them" in card
    assert "1 parts" not in card
    assert "- Validation: 5 parts, each" in model_card(CardFacts(made.problem, SUMMARY, ("a",), made.made_at))


def test_a_list_of_one_row_is_told_as_one() -> None:
    made = inputs()
    assert made.actions is not None
    one = replace(made.actions, rows=made.actions.rows[:1], expected_outcomes=0.9)
    alone = replace(made.cards[0], rows=1)
    report = make_report(replace(made, actions=one, cards=(alone,)))
    assert report.answer == (
        "Act first on 1 of 7,043 rows: it has a chance of 90 % to end as “Contract” = “Yes”, where one picked at random has 26 %."
    )
    said = " ".join((report.answer, *report.actions, *report.sure, report.next_step, *(name for _, name in report.figures)))
    assert "(1 row)" in said
    assert not re.search(r"\b1 (rows|of them are)|first 1\b", said)
    assert "every tenth" not in said
    assert ("1", "row to act on") in report.figures
    everyone = make_report(replace(made, actions=replace(one, takes_everyone=True), rows=1)).answer
    assert everyone.startswith("Act on the only row there is: it has a chance of 90 %")
    few = replace(made.actions, rows=made.actions.rows[:3], expected_outcomes=0.7, mean_risk=0.1)
    answer = make_report(replace(made, actions=few)).answer
    assert answer.endswith("about 1 of them is expected to end as “Contract” = “Yes”, where as many picked at random would hold "
                           "fewer than 1.")


def test_a_narrow_range_is_not_said_as_none() -> None:
    sharp = replace(inputs(), summary=replace(SUMMARY, score=Score(0.9889, 0.9864, 0.9910)))
    assert any("98.9 of 100 cases (95 % range 98.6 to 99.1)" in text for text in make_report(sharp).sure)


def test_currency_is_that_of_the_goal_and_the_data_are_named() -> None:
    page = render(make_report(replace(inputs(), goal=Goal("Contract", "No", currency="CHF"), data_name="customers.csv")))
    assert "€" not in page
    assert "CHF 50,000" in page.replace("\u00a0", " ")
    assert "customers.csv" in page
    assert "Expected gain 50,000 (" in make_report(replace(inputs(), goal=None)).money


def test_a_leak_without_a_column_is_told_in_its_own_words() -> None:
    asked = inputs()
    assert asked.verdict is not None
    copies = Leak("", "copied_rows", "red", "8 % of the rows have an exact copy.")
    both = make_report(replace(asked, verdict=replace(asked.verdict, leaks=(copies, *asked.verdict.leaks))))
    alone = make_report(replace(asked, verdict=replace(asked.verdict, leaks=(copies,))))
    assert copies.evidence in both.limits
    assert "“”" not in " ".join((*both.limits, *alone.limits))
    assert not any("already know" in line for line in alone.limits)


def test_bare_report() -> None:
    bare = ReportInputs("rep_1", "p", datetime(2026, 11, 22, tzinfo=UTC), PROBLEM, SUMMARY, 100)
    report = make_report(bare)
    assert report.money == ""
    assert report.answer
    assert report.next_step
    assert "<section" in render(report)
    number = Problem("cost", "regression", "rmse")
    worse = Score(1.2, 1.1, 1.3)
    summary = replace(SUMMARY, metric="rmse", task="regression", greater_is_better=False, baseline=worse)
    made = make_report(replace(bare, problem=number, summary=summary))
    assert "misses by about" in made.answer
    assert "further left" in made.ladder_title
    assert render(replace(made, ladder_bars=(), figures=()))


def test_each_value_that_a_card_starts_from_is_a_value_of_its_own() -> None:
    made = inputs(EVIL)
    several = replace(made.cards[0], from_value="Monthly or Yearly", from_values=("Monthly", "Yearly"))
    assert "from “Monthly” or “Yearly” to" in " ".join(make_report(replace(made, cards=(several,))).actions)


def test_a_report_says_how_many_rows_it_rests_on() -> None:
    """Not all folds are always fitted: only rows that were predicted unseen are measured, and only they are on the list."""
    report = make_report(replace(inputs(EVIL), summary=replace(SUMMARY, judged=3000)))
    assert report.answer.startswith("Act first on 500 of the 3,000 rows that were predicted unseen: about 400")
    assert report.sure[0].startswith("Measured on 3,000 of 7,043 rows in 5 parts, each predicted")
    once = make_report(replace(inputs(EVIL), summary=replace(SUMMARY, judged=1400, folds=1)))
    assert once.sure[0].startswith("Measured on 1,400 of 7,043 rows, held out and predicted by a model that had not seen")
    whole = make_report(replace(inputs(EVIL), summary=replace(SUMMARY, judged=7043)))
    assert whole.sure[0].startswith("Measured on 7,043 rows in 5 parts")


def test_rows_of_running_pilots_are_not_said_to_be_rows_that_no_model_predicted() -> None:
    made = inputs()
    assert made.actions is not None
    piloted = replace(made, actions=replace(made.actions, ranked=6443, in_pilots=600))
    assert make_report(piloted).answer.startswith("Act first on 500 of the 6,443 rows that are in no running pilot: about 400")
    some = replace(piloted, actions=replace(made.actions, ranked=2400, in_pilots=600))
    words = "the 2,400 rows that were predicted unseen and are in no running pilot: about"
    assert make_report(some).answer.startswith(f"Act first on 500 of {words}")
    everyone = replace(some, actions=replace(made.actions, ranked=2400, in_pilots=600, takes_everyone=True))
    assert make_report(everyone).answer.startswith(f"Act on all {words.removeprefix('the ')}")


def test_the_next_step_is_no_pilot_while_one_is_running() -> None:
    goal = Goal("Churn", "No", value=700.0)
    card = replace(CARD, next_step="Next: a pilot, 2 x 126 rows.")
    made = replace(inputs("Churn"), cards=(card,), goal=goal)
    assert make_report(made).next_step == "“Contract”: a pilot, 2 x 126 rows."
    pilot = replace(verdict(0.25)[0], state="running", result=None, card=replace(card, cost=5.0))
    waits = make_report(replace(made, more=SectionInputs(pilots=(pilot,)))).next_step
    assert waits == ("“Contract”: wait for the outcomes of its pilot, due on 24 December 2026, and send them on the pilots "
                     "page.")
    later = replace(made, made_at=datetime(2027, 1, 2, tzinfo=UTC), more=SectionInputs(pilots=(pilot,)))
    assert make_report(later).next_step.startswith("“Contract”: outcomes of its pilot were due on 24")
    for other in (replace(pilot, state="cancelled"), replace(pilot, goal=replace(goal, good="Yes")),
                  replace(pilot, card=replace(card, to_value="Two year"))):
        assert make_report(replace(made, more=SectionInputs(pilots=(other,)))).next_step == "“Contract”: a pilot, 2 x 126 rows."


def test_a_list_of_all_rows_is_not_compared_with_itself_in_a_report() -> None:
    made = inputs(EVIL)
    assert made.actions is not None
    assert "As many rows at random" in make_report(made).money
    everyone = make_report(replace(made, actions=replace(made.actions, takes_everyone=True)))
    assert everyone.money.startswith("Acting on all rows: expected gain € 50,000 if 20 % of bad outcomes turn good, an")
    assert "random" not in everyone.money
    assert re.match(r"Act on all [\d,]+ rows: about", everyone.answer)
    few = replace(made, summary=replace(SUMMARY, judged=3000), actions=replace(made.actions, takes_everyone=True))
    assert make_report(few).answer.startswith("Act on all 3,000 rows that were predicted unseen: about")


def test_a_model_no_better_than_the_average_is_not_acted_on() -> None:
    past = replace(inputs(EVIL), summary=replace(SUMMARY, score=Score(0.52, 0.48, 0.56), baseline=Score(0.5, 0.5, 0.5)))
    report = make_report(past)
    assert report.answer.startswith("Do not act on this model")
    assert "action list" not in " ".join((*report.actions, report.next_step))
    assert report.money == ""


def test_simple_answer_comes_first_when_it_is_enough() -> None:
    verdict = Verdict("average", "binary", "roc_auc", (), (), "Use the average.", 1.0, 100)
    made = ReportInputs("r", "p", datetime(2026, 1, 1, tzinfo=UTC), PROBLEM, SUMMARY, 100, verdict)
    assert make_report(made).answer == "Use the average."


def test_page_is_escaped_and_asks_for_nothing() -> None:
    page = render(make_report(inputs(EVIL)))
    assert "<img" not in page
    assert "{{7*7}}" in page
    assert "\u202e" not in page
    assert "<script" not in page
    assert not re.search(r"src|@import|url\(", page.replace("src=x", ""))
    assert "href" not in page
    assert 'name="robots" content="noindex' in page


def test_personal_values_and_small_groups_stay_out() -> None:
    made = inputs("E-mail")
    report = make_report(made)
    assert report.segments == ()
    assert "Monthly" not in report.drivers[0]
    assert made.segments is not None
    small = replace(made.segments.segments[0], rows=4, conditions=(Condition("x", ("y",)),))
    assert make_report(replace(inputs(), segments=SegmentSearch((small,), 1, 1, "x", "s"))).segments == ()


def test_what_happened_names_no_column_that_must_not_be_used_and_says_when_it_is_a_sample() -> None:
    amount = Amount(0.1, 0.05, 0.15, 1e-4)
    driver = Driver("mix", (Condition("gender", ("F",)),), 300, 0.6, 0.4, amount, 0.0, 1e-4, "Rows where “gender” is “F” …")
    story = GapStory("“plan” is “pro”", "that does not hold", 9000, 11_000, 0.3, 0.2, amount, amount, amount, 0.0, (), (driver,),
                     1, 1, 0.9, (), ("gap",), "“Churn” = “Yes”", "share of rows", True, False, "30 % have it.", 50_000)
    segment = Segment((Condition("gender", ("F",)),), 300, 0.43, 0.1, 0.33, 0.3, 0.36, 1e-9, "…")
    happened = SegmentStory(segment, 0.4, 0.5, 0.1, 5, (), 0.0, 0.0, "…")
    found = SectionInputs(stories=(happened,), comparisons=(replace(story, first="“gender” is “F”"), story))
    (section,) = make_sections(found, Goal("Churn", "No", never=("gender",)))
    assert section.lines == ("30 % have it. To keep it quick, 20,000 rows were drawn by chance from the 50,000 of both sides; "
                             "all figures here are those of the rows drawn.",)
    assert len(make_sections(found, Goal("Churn", "No"))[0].lines) == 4
    workspace = SimpleNamespace(file_findings=SimpleNamespace(compare=lambda *_: story))
    asked = SimpleNamespace(first=(), second=(), when="", since="", label="")
    data, words = compare(workspace, "f.csv", None, asked)  # type: ignore[arg-type]
    assert data["drawn_from"] == 50_000
    assert "drawn by chance from the 50,000" in words


def test_reasons_are_promised_for_the_rows_that_have_them() -> None:
    made = inputs()
    assert made.actions is not None
    bare = ActionRow(1, 5, "c1", 0.9, 100.0)
    told = replace(bare, reasons=("“tenure” is short",))
    for rows, words in (((told,) * 500, "500 rows, each with its reasons."),
                        ((told,) * 500 + (bare,) * 1500, "2,000 rows, the first 500 with their reasons."),
                        ((told,) * 40 + (bare,) + (told,) * 59, "100 rows, all with their reasons where the model gives any."),
                        ((told,) * 40 + (bare,) + (told,) * 9 + (bare,) * 50,
                         "100 rows, the first 50 with their reasons where the model gives any."),
                        ((told,), "1 row, with its reasons."), ((bare,) * 5, "the top: 5 rows.")):
        assert make_report(replace(made, actions=replace(made.actions, rows=rows))).actions[0].endswith(words)


def test_model_card_is_literal_markdown() -> None:
    made = inputs(EVIL)
    facts = CardFacts(
        made.problem, SUMMARY, (EVIL, "a_b*c"), made.made_at, EVIL, "ab" * 32, made.verdict, made.explanation, "0.1"
    )
    card = model_card(facts)
    assert "<img" not in card.replace("\\<", "")
    assert "a\\_b\\*c" in card
    assert "## Score" in card
    assert "| Linear model | 0.840 |" in card
    bare = model_card(CardFacts(Problem("n", "regression", "rmse"), SUMMARY, ("a",), made.made_at))
    assert "Predicts the number n" in bare


def test_scores_side_by_side_have_the_same_digits() -> None:
    """A report had 0.5, 0.864 and 0.86 under one another."""
    close = replace(SUMMARY, score=Score(0.86, 0.8512, 0.869))
    made = make_report(replace(inputs(), summary=close))
    assert [bar.text for bar in made.ladder_bars] == ["0.500", "0.840", "0.860"]
    assert dict(made.facts)["Score"] == "0.860 ROC AUC (0.851 to 0.869)"
    card = model_card(CardFacts(PROBLEM, close, ("a",), datetime(2026, 1, 1, tzinfo=UTC), verdict=inputs().verdict))
    assert "| Plain average | 0.500 | 0.500 to 0.500 |" in card
    assert "| Linear model | 0.840 | 0.830 to 0.850 |" in card
    assert "- Baseline: 0.500" in card
    assert numbers_alike([1234.0, 98.7]) == ("1,234", "99")
    assert numbers_alike([0.5, 0.00042]) == ("0.50000", "0.00042")
    assert numbers_alike([0.0, math.nan]) == ("0", "unknown")


def test_a_report_says_what_was_handed_over_where_something_simpler_is_enough() -> None:
    blend = replace(SUMMARY, family="ensemble", members=("LightGBM", "CatBoost"), score=Score(0.864, 0.855, 0.873))
    told = ("A linear model is nearly as good. What was handed over is an ensemble of 2 models: ROC AUC 0.864, against 0.840 for "
            "the linear model; it gains 0.024.")
    assert told in make_report(replace(inputs(), summary=blend)).sure
    own = (RungOffer("linear", ("Linear",), Score(0.86, 0.85, 0.87), 0.1, 0.2, 0.1),)
    assert make_report(replace(inputs(), summary=replace(blend, ladder=own))).sure[1].endswith(
        "ROC AUC 0.864, against 0.860 for the linear model; it gains 0.004.")  # of the same search, on the same rows
    worse = replace(blend, ladder=own, score=Score(0.859, 0.85, 0.87))
    assert make_report(replace(inputs(), summary=worse)).sure[1].endswith("for the linear model; it gains nothing.")
    same = replace(SUMMARY, family="linear", members=("Linear",))
    assert make_report(replace(inputs(), summary=same)).sure[1] == "A linear model is nearly as good."
    facts = CardFacts(PROBLEM, blend, ("a",), datetime(2026, 1, 1, tzinfo=UTC), verdict=inputs().verdict)
    assert "What was handed over is an ensemble of 2 models" in model_card(facts)
