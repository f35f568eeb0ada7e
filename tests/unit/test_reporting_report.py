"""The report page and the model card: complete, escaped, self-contained, and nothing personal."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest

from automl_core.acting.action import Condition, Goal, Segment, SegmentSearch
from automl_core.acting.gap import Amount
from automl_core.acting.gap_drivers import Driver
from automl_core.acting.gap_story import GapStory
from automl_core.acting.segment_stories import SegmentStory
from automl_core.cli_findings import compare
from automl_core.codec import from_json, to_json
from automl_core.explaining.explanation import ColumnGroup, Importance, Shape, ShapePoint
from automl_core.explaining.words import numbers_alike
from automl_core.framing.problem import Leak, Problem
from automl_core.reporting import CardFacts, ReportInputs, make_report, model_card, render
from automl_core.reporting.report import Report
from automl_core.reporting.sections import SectionInputs, make_sections
from automl_core.reporting.sentences import _matters
from automl_core.search.plan import RungOffer, Score, Trial
from tests.promises import PROMISES
from tests.unit.reporting import EVIL, PROBLEM, SUMMARY, inputs


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
    steady = replace(made.explanation, importance=tuple(replace(one, stable=True) for one in made.explanation.importance))
    before = make_report(replace(made, explanation=steady)).limits
    assert "The order of the strongest columns was not tested: models fitted again could swap their places." in before
    assert [line for line in before if "must be checked again" in line]
    tested = make_report(replace(made, explanation=replace(steady, refits=8))).limits
    assert not [line for line in tested if "order of the strongest" in line]
    weighed = make_report(replace(made, problem=replace(made.problem, weights="w"))).drivers
    assert weighed == (*make_report(made).drivers, "Rows count alike here, whatever “w” says.")
    together = replace(looked, groups=(ColumnGroup(("tenure", "cost"), 1.0, 10.0),))
    assert [bar.label for bar in make_report(replace(made, explanation=together)).driver_bars] == ["tenure + 1 more"]


def test_columns_that_say_much_the_same_are_one_driver_as_on_the_explain_page() -> None:
    """Near copies of one column took all three places."""
    made = inputs("x")
    assert made.explanation is not None
    points = (ShapePoint("low", 500, 20.0), ShapePoint("high", 500, 50.0))
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
    shape = Shape("x", kind, tuple(ShapePoint(label, rows, observed, spread=10.0) for label, rows, observed in points))
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
        points = [ShapePoint("a", len(part), part.mean(), spread=part.std()) for part in (known, gone)]
        told += _matters(points[1], points[:1], False)
        assert _matters(replace(points[1], observed=points[0].observed + 8), points[:1], False)
    assert told <= 400 * 0.07
    assert not _matters(ShapePoint("missing", 100, 50.1), [ShapePoint("a", 200, 50.0)], False)  # of an old explanation
    assert _matters(ShapePoint("missing", 100, 60.0), [ShapePoint("a", 9, 50.0), ShapePoint("b", 9, 51.0)], False)


def test_balanced_accuracy_is_not_the_share_that_is_right() -> None:
    """The likeliest class of 97 % is right in 97 of 100 rows, and its balanced accuracy is a half."""
    score = replace(SUMMARY, metric="balanced_accuracy", score=Score(0.8, 0.78, 0.82))
    made = replace(inputs("cost"), summary=score, actions=None, verdict=None)
    assert "it finds 80 of 100 on average over the classes (95 % range 78 to 82)" in make_report(made).answer
    assert "right in" not in make_report(made).answer
    right = make_report(replace(made, summary=replace(score, metric="accuracy")))
    assert "it is right in 80 of 100 cases (95 % range 78 to 82)" in right.answer


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


def test_what_the_check_warned_of_is_a_limit() -> None:
    """It was told on the command line alone."""
    asked = inputs()
    assert asked.verdict is not None
    warned = "12 rows have an infinite value in “Price” and are left out of training."
    plain = make_report(asked).limits
    limits = make_report(replace(asked, verdict=replace(asked.verdict, warnings=(warned,)))).limits
    assert [line for line in limits if line != warned] == list(plain), "and costs no other limit its place"
    assert warned in limits


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


def test_a_report_says_how_many_rows_it_rests_on() -> None:
    """Not all folds are always fitted: only rows that were predicted unseen are measured, and only they are on the list."""
    report = make_report(replace(inputs(EVIL), summary=replace(SUMMARY, judged=3000)))
    assert report.answer.startswith("Act first on 500 of the 3,000 rows that were predicted unseen: about 400")
    assert report.sure[0].startswith("Measured on 3,000 of 7,043 rows in 5 parts, each predicted")
    once = make_report(replace(inputs(EVIL), summary=replace(SUMMARY, judged=1400, folds=1)))
    assert once.sure[0].startswith("Measured on 1,400 of 7,043 rows, held out and predicted by a model that had not seen")
    whole = make_report(replace(inputs(EVIL), summary=replace(SUMMARY, judged=7043)))
    assert whole.sure[0].startswith("Measured on 7,043 rows in 5 parts")


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
