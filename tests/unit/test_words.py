"""Numbers in words, and user strings that stay literal."""
from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from automl_core.acting.action import Condition
from automl_core.acting.conditions import describe
from automl_core.data.words import few_of, first_few, join_words
from automl_core.explaining.explanation import ColumnGroup
from automl_core.explaining.words import (
    axis_value,
    change_range,
    edge,
    interval,
    number,
    numbers_alike,
    percent,
    points,
    signed,
    told_apart,
    told_by,
)
from automl_core.framing import verdict_words
from automl_core.framing.metrics import METRICS
from automl_core.framing.problem import Problem, Rung
from pages.ui import words
from pages.ui.charts import condition_words
from pages.ui.explain_charts import name_of
from pages.ui.row_view import digits
from tests.promises import PROMISES

NAN = float("nan")


def test_the_first_sentence_stands_out() -> None:
    assert words.lead("One. Two.") == "**One\\.** Two\\."
    assert words.lead("“St. Louis” leads by 1.5 points. Then more.") == "**“St\\. Louis” leads by 1\\.5 points\\.** Then more\\."
    assert words.lead("Only one") == "**Only one**"


@pytest.mark.parametrize(("items", "last", "text"), [
    ([], "and", ""), (["a"], "and", "a"), (["a", "b"], "and", "a and b"), (["a", "b", "c"], "and", "a, b and c"),
    (("a", "b", "c"), "or", "a, b or c"),
])
def test_lists_in_words(items: Sequence[str], last: str, text: str) -> None:
    assert join_words(items, last) == text


@pytest.mark.parametrize(("value", "text"), [
    (0, "0"), (0.01234, "0.0123"), (1.2345, "1.23"), (12, "12"), (12.5, "12.5"), (123.4, "123"), (1234.5, "1,230"),
    (999999, "1,000,000"), (1234567, "1.23 million"), (2.5e9, "2.50 billion"), (-3.14159, "−3.14"), (NAN, "–"), (3.0, "3"),
])
def test_number(value: float, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(("value", "text"), [
    (0.27, "27 %"), (0.034, "3.4 %"), (0.0004, "under 0.1 %"), (0, "0 %"), (1, "100 %"), (-0.05, "−5.0 %"), (NAN, "–"),
    (0.9949, "99 %"), (0.9951, "99.5 %"), (0.99999, "over 99.9 %"), (1.5, "150 %"),
])
def test_percent(value: float, text: str) -> None:
    assert words.percent(value) == text


def test_what_rounds_to_nothing_has_no_sign() -> None:
    assert words.score(-3e-16) == words.score(3e-16) == words.score(0.0) == "0.000"
    assert words.score(-0.212) == "−0.212"


@pytest.mark.parametrize(("value", "text"), [
    (0.853, "0.853"), (0.5, "0.500"), (1.0, "1.000"), (-0.1, "−0.100"), (53.21, "53.2"), (29_012.1234, "29,000"),
    (0.0123, "0.0123"), (0.00031234, "0.000312"), (-0.0031, "−0.00310"),
])
def test_a_score_in_small_units_keeps_its_digits(value: float, text: str) -> None:
    """An error of 0.0003 read 0.000, whatever the model."""
    assert words.score(value) == text
    assert words.estimate(value, NAN, NAN) == text


@pytest.mark.parametrize(("size", "written"), [
    (0.853, "0.8530"), (1.0, "1.0000"), (53.21234, "53.21"), (29_012.1234, "29012"), (0.00031234, "0.0003123"), (3e-16, "0.0000"),
    (0.0, "0.0000"),
])
def test_a_column_writes_scores_by_their_size(size: float, written: str) -> None:
    """An error of 29,012 had four decimals, one of 0.0003 one digit."""
    assert words.decimals(size, 4) % size == written
    assert words.decimals(NAN, 4) == "%.4f"


@pytest.mark.parametrize(("values", "form"), [
    ([0.2, 0.9], "%.3f"), ([0.2, 9.0], "%.3f"), ([0.2, 120.0], "%.1f"), ([0.0004, 0.0021], "%.5f"), ([], "%.3f"), ([NAN], "%.3f"),
])
def test_predictions_in_small_units_keep_their_digits(values: list[float], form: str) -> None:
    assert digits(pd.Series(values, dtype=float)) == form


def test_interval_has_no_more_digits_than_its_width() -> None:
    assert words.interval(0.8382, 0.8521) == "0.838 to 0.852"
    assert words.interval(1200.4, 5000.2) == "1,200 to 5,000"
    assert words.interval(NAN, 1) == "not measured"


def test_interval_and_estimate_have_equal_decimals() -> None:
    assert words.interval(4183.2, 4958.7) == "4,180 to 4,960"
    assert words.estimate(0.80671, 0.77352, 0.83600) == "0.807 (0.774 to 0.836)"
    assert words.estimate(4580.4, 4183.2, 4958.7) == "4,580 (4,180 to 4,960)"
    assert words.estimate(3.66, -4.61, 11.98, sign=True) == "+4 (−5 to +12)"
    assert words.estimate(1.4, -0.8, 3.7, sign=True) == "+1.4 (−0.8 to +3.7)"
    assert words.estimate(0.01, -0.2, 0.2, sign=True, unit=" %") == "+0.01 % (−0.20 to +0.20 %)"
    assert words.estimate(0.001, -2, 2, sign=True) == "0.0 (−2.0 to +2.0)"
    assert words.estimate(0.8, NAN, NAN) == "0.800"
    assert words.estimate(NAN, 0, 1) == "–"


def test_a_bound_is_written_as_it_is_and_a_year_as_a_year() -> None:
    assert [edge(value) for value in (2015.0, 12345.0, 0.123456, 1234.5)] == ["2015", "12,345", "0.123456", "1,234.5"]
    assert [words.edge(value) for value in (2015.0, 4.96, 28.8, 12345.0, 1.5e6, -0.5, 100.0, 1e-7)] == [
        "2015", "4.96", "28.8", "12,345", "1.5 million", "−0.5", "100", "1.00000e-07"]
    assert condition_words((Condition("year", (), float("nan"), 2015.0),)) == "year under 2015"
    assert describe(Condition("price", (), 12345.0, float("nan"))) == "“price” is 12,345 or more"


def test_counts_and_times() -> None:
    assert words.count(1, "row") == "1 row"
    assert words.count(7043, "row") == "7,043 rows"
    assert words.count(2, "has", "have") == "2 have"
    assert words.duration(80) == "1 min 20 s"
    assert words.duration(3700) == "1 h 1 min"
    assert words.duration(NAN) == "some time"
    assert words.money(-40, "€") == "−€\u00a040"
    assert words.money(1234.5, "$") == "$\u00a01,230"
    assert words.money_range(-math.inf, math.inf) == "no range"
    assert words.signed(3.14) == "+3.1"
    assert words.signed(-0.5) == "−0.50"
    assert words.size(970_000) == "970 kB"


@pytest.mark.parametrize("currency", ["€", "$", "CHF"])
def test_no_line_ends_between_a_minus_sign_and_its_amount(currency: str) -> None:
    shown = words.plain(f"It costs {words.money(-90.6, currency)} a row, −40 in all")
    assert f"−\u2060{currency}\u00a090" in shown.replace("\\", "")
    assert "−40" in shown


def test_ago() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert words.ago(now - timedelta(seconds=5), now) == "just now"
    assert words.ago(now - timedelta(minutes=5), now) == "5 minutes ago"
    assert words.ago(now - timedelta(hours=25), now) == "yesterday"
    assert words.ago(now - timedelta(days=30), now) == "21 October 2026"


@pytest.mark.parametrize("text", [
    "**bold**", "[a](http://evil.example)", "![i](http://evil.example/p.png)", "<b>x</b>", "`code`", "$x^2$", "# title", "- item",
    "> quote", "a | b", "~~gone~~", "{x}", "&amp;", "1. one",
])
def test_plain_escapes_markdown(text: str) -> None:
    escaped = words.plain(text)
    assert escaped.replace("\\", "").replace("\u2060", "") == text
    for mark in "*[]()<>`$#|~{}&":
        for position, character in enumerate(escaped):
            if character == mark:
                assert escaped[position - 1] == "\\", escaped


@pytest.mark.parametrize("text", [
    ":material/bolt:", ":red[x]", ":tada:", "www.evil.example", "http://evil.example", "me@evil.example",
])
def test_plain_breaks_shortcodes_and_addresses(text: str) -> None:
    assert "\u2060" in words.plain(text)
    assert words.plain(text).replace("\\", "").replace("\u2060", "") == text


def test_plain_is_one_short_line() -> None:
    assert words.plain("a\nb\tc\x00d") == "a b c d"
    assert len(words.plain("x" * 1000, 80)) == 80
    assert words.quoted("a*b") == "“a\\*b”"


def test_a_number_and_its_unit_stay_on_one_line() -> None:
    assert words.plain("64 % of € 14") == "64\u00a0% of €\u00a014"


def test_label_spells_tags() -> None:
    assert words.label("<a href='x'>b</a> & c", 60) == "&lt;a href='x'&gt;b&lt;/a&gt; &amp; c"


def test_every_metric_has_words_and_every_word_a_metric() -> None:
    assert set(words.METRICS) == set(METRICS)


@pytest.mark.parametrize(("low", "high", "text"), [
    (48_500.0, 53_700.0, "€ 48,500 to 53,700"), (0.0, 12.5, "€ 0 to 12.50"), (-40.0, 1_230.0, "−€ 40 to € 1,230"),
    (-1_230.0, -40.0, "−€ 1,230 to −€ 40"), (NAN, NAN, "– to –"),
    (1_200_000.0, 1_600_000.0, "€ 1.20 to 1.60 million"), (-2_000_000.0, 160_000.0, "−€ 2 million to € 160,000")])
def test_a_range_of_money_names_the_currency_once(low: float, high: float, text: str) -> None:
    assert words.money_range(low, high, "€").replace("\u00a0", " ") == text


def test_years_on_an_axis_have_no_mark() -> None:
    assert [axis_value(value) for value in (2017.0, 12_345.0, 31.4567, 999.0)] == ["2017", "12,345", "31.5", "999"]


def test_two_shares_that_differ_do_not_read_alike() -> None:
    assert told_apart(0.361, 0.355) == ("36.1 %", "35.5 %")
    assert told_apart(0.3611, 0.3614) == ("36.11 %", "36.14 %")
    assert told_apart(0.5, 0.2) == ("50 %", "20 %")
    assert told_apart(0.36, 0.36) == ("36 %", "36 %")


@pytest.mark.parametrize(("share", "text"), [
    (0.0, "0 %"), (-0.0, "0 %"), (1e-12, "0 %"), (-1e-12, "0 %"), (0.0004, "0.04 %"), (-0.0004, "−0.04 %"), (0.004, "0.4 %"),
    (1e-6, "under 0.001 %"), (0.265, "26 %"), (0.9999, "over 99.9 %"), (1.0, "100 %"), (NAN, "unknown"),
])
def test_no_share_is_said_as_none_that_is_not(share: float, text: str) -> None:
    assert percent(share) == text


def test_changes_and_ranges_never_round_to_nothing() -> None:
    """“0.0 points more to 0.0 points less”, “-0.0” and “0 % to 0 %” say nothing."""
    assert [points(value) for value in (0.0, -0.0, 1e-12, 0.0004, -0.0004, 3e-6, 0.126)] == [
        "0.0 points", "0.0 points", "0.0 points", "0.04 points", "0.04 points", "under 0.001 points", "12.6 points"]
    assert [signed(value, points) for value in (-0.0004, 0.0, -1e-12, 0.02)] == [
        "−0.04 points", "0.0 points", "0.0 points", "+2.0 points"]
    assert signed(-4.5, number) == "−4.5"
    assert told_apart(0.02, 0.0203, points) == ("2.00 points", "2.03 points")
    assert told_apart(12.31, 12.33, number) == ("12.31", "12.33")
    assert interval(*told_apart(0.0, 0.0004)) == "0 to 0.04 %"
    assert interval("0 %", "0 %") == "0 % at both ends"
    assert interval("unknown", "unknown") == "unknown"

    def side(value: float) -> str:
        return "more" if value > 0 else "less"

    assert change_range(0.02, 0.1, points, side) == "2.0 to 10.0 points"
    assert change_range(-0.1, -0.02, points, side) == "2.0 to 10.0 points"
    assert change_range(-0.0004, 0.0003, points, side) == "0.03 points more to 0.04 points less"
    assert change_range(-1.0, 3.0, number, side) == "1 less to 3 more"


def test_what_is_under_what_is_shown_has_no_sign_and_all_of_it_no_decimal() -> None:
    assert signed(3e-6, points) == signed(-3e-6, points) == "under 0.001 points"
    assert (signed(0.031, points), signed(-0.031, points)) == ("+3.1 points", "−3.1 points")
    assert (percent(-5e-6), percent(-0.05), percent(-1.0), percent(1.0)) == ("under 0.001 %", "−5.0 %", "−100 %", "100 %")


@pytest.mark.parametrize(("values", "told"), [
    ((0.5, 0.8641, 0.86), ("0.500", "0.864", "0.860")), ((12_345.0, 0.0003), ("12,345", "0.0003")),
    ((12_345.0, -0.0003, 1_200.5, 0.0), ("12,345", "−0.0003", "1,200", "0")), ((12.34, 0.0123), ("12.340", "0.012")),
    ((NAN, 12_345.0, 0.0003), ("unknown", "12,345", "0.0003"))])
def test_numbers_side_by_side_have_no_more_decimals_than_say_something(values: tuple[float, ...], told: tuple[str, ...]) -> None:
    assert numbers_alike(values) == told


ROOT = Path(__file__).parents[2]
TOLD = (  # where people read what goes with an outcome, what a change does, and what a pilot or an experiment showed
    "automl_core/acting/**/*.py", "automl_core/explaining/**/*.py", "automl_core/reporting/**/*.py", "automl_core/cli_act.py",
    "automl_core/cli_explain.py", "automl_core/cli_findings.py", "automl_core/workspace/[!s]*.py", "pages/[4-7]*.py",
    "pages/ui/[!gs]*.py",
)  # fmt: skip


def said_in(path: Path) -> list[str]:
    """The texts of a program, without what it says of itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [node.value for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in own]


def test_no_text_about_effects_promises() -> None:
    """Cards and reports were looked at as they are shown; pages of pilots, explanations, groups and experiments, and what `act`
    says in a terminal, were not: a pilot of some size “will often miss” smaller effects."""
    files = [path for pattern in TOLD for path in ROOT.glob(pattern)]
    assert {"pilot_view.py", "explain_view.py", "findings_view.py", "experiment_view.py", "cli_act.py", "cards.py"} <= {
        path.name for path in files}
    found = {(path.name, text) for path in files for text in said_in(path) if PROMISES.search(text)}
    assert found == set()
    pages = list((ROOT / "automl_core/reporting/templates").glob("*.html"))
    assert pages
    assert [path.name for path in pages if PROMISES.search(path.read_text(encoding="utf-8"))] == []


def test_a_long_list_is_told_by_its_first_ones_with_the_mark_of_thousands() -> None:
    """Only some of ten places wrote the mark; “or 1 more” takes the room of the one that it hides."""
    names = [f"n{place}" for place in range(1206)]
    assert few_of(names, 2) == "n0, n1 and 1,204 more"
    assert few_of(names[:4], 2, "or") == "n0, n1 or 2 more"
    assert "; ".join(first_few(names, 2, "and ")) == "n0; n1; and 1,204 more"
    for most in (3, 4):
        values = tuple(names[:most + 1])
        assert condition_words((Condition("x", values),)).endswith("n2 or n3" if most == 3 else "n2 or 2 more")
        named = name_of(ColumnGroup(tuple(names[:most + 1]), 0.1, 0.1))
        assert named == ("n0 + n1 + n2 + n3" if most == 3 else "n0 + n1 + n2 + 2 more")
    assert [few_of(names[:most], 2) for most in (0, 1, 2, 3)] == ["", "n0", "n0 and n1", "n0, n1 and n2"]


def test_what_is_written_tells_as_much_apart_as_it_can() -> None:
    assert told_by((0, 1, 3), lambda places: (f"{value:.{places}f}" for value in (1.04, 1.12)), 2) == ("1.0", "1.1")
    assert told_by((0, 1), lambda places: (f"{value:.{places}f}" for value in (1.04, 1.041)), 2) == ("1.0", "1.0")


@pytest.mark.parametrize(("share", "text"), [
    (0.9996, "over 99.9 %"), (1.0, "100 %"), (0.0003, "0.03 %"), (0.0, "0 %"), (0.996, "99.6 %"), (0.5, "50.0 %"),
    (0.845, "84.5 %"), (0.034, "3.4 %"), (-0.2, "−20.0 %"), (1.019, "101.9 %")])
def test_a_verdict_says_all_only_of_all(share: float, text: str) -> None:
    """It was right in 100 % of the rows where it was wrong in four of 10,000, and in 0.0 % where it was right in three."""
    assert verdict_words.percent(share) == text
    problem = Problem("y", "binary", "accuracy", ("No", "Yes"), "Yes")
    assert verdict_words.said(problem, share) == f"is right in {text} of the rows"


def test_the_ends_of_a_verdict_that_read_alike_are_one() -> None:
    problem = Problem("y", "binary", "accuracy", ("No", "Yes"), "Yes")
    told = [verdict_words.interval(problem, Rung("linear", 0.9, *ends)) for ends in ((0.831, 0.849), (1.0, 1.0), (0.98, 0.9997))]
    assert told == ["95 % interval 83.1 to 84.9 %", "95 % interval 100 % at both ends", "95 % interval 98.0 to over 99.9 %"]


@pytest.mark.parametrize(("low", "high", "text"), [
    (-9.7, 0.3, "−9.7 to 0.3"), (-14.0, 0.4, "−14.0 to 0.4"), (-9.7, 0.03, "−9.70 to 0.03"), (0.0, 12.0, "0 to 12"),
    (250.0, 1400.0, "200 to 1,400")])
def test_an_end_beyond_nothing_is_never_written_as_nothing(low: float, high: float, text: str) -> None:
    """“−10 to 0” of a range that held nothing."""
    assert words.interval(low, high) == text
