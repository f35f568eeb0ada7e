"""An experiment as the goal declares it: measured with money, or refused in one sentence; and the report's sections of it."""

from __future__ import annotations

import io
import math
import re
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import (
    Experiment,
    ExperimentInputs,
    Roles,
    UpliftRoles,
    experiment_frame,
    measure_drawn,
    measure_experiment,
    measure_uplift,
)
from automl_core.acting.action import Goal, Lever
from automl_core.acting.experiment import _advice, _drawn, _reach, _worth
from automl_core.acting.qini import CurvePoint, UpliftPart
from automl_core.acting.uplift import _sentence, uplift_of
from automl_core.acting.uplift_asked import AskedUplift, asked_uplift, treated_rows, treated_value
from automl_core.acting.worth import valued
from automl_core.data.infer import table_from_frame
from automl_core.errors import BadInput
from automl_core.explaining.words import number
from automl_core.framing.problem import Problem
from automl_core.reporting.sections import SectionInputs, make_sections
from automl_core.workspace.experiment import Experimenting
from pages.ui import pilot_charts
from pages.ui.theme import LIGHT
from tests.truth.test_uplift import experiment

PROBLEM = Problem("stayed", "binary", "roc_auc", ("no", "yes"), "yes")
GOAL = Goal("stayed", "yes", value=100.0, levers=(Lever("offer", ("treat",), cost=5.0),), experiment="offer")


def inputs(chance: str, rows: int = 3000) -> ExperimentInputs:
    table = table_from_frame(experiment(3, rows, chance, 0.6)[0], "t")
    return ExperimentInputs(table.frame, table.columns, PROBLEM, GOAL)


def test_measured_with_money_and_rows() -> None:
    asked = inputs("random", 2000)
    made, scores = measure_experiment(asked)
    assert not made.refused
    assert made.low < 0.12 < made.high  # the mean of 0.6 * (use - 0.3)
    assert made.ordered
    assert 0.4 < made.treat < 0.9  # worth it where 0.6 * (use - 0.3) > 0.05, that is for 62 % of the rows
    assert made.net_low < made.net < made.net_high
    assert made.net > made.net_all
    assert any("use" in line for line in made.who)
    assert "Your limits" not in made.advice
    poor, _ = measure_experiment(replace(asked, goal=replace(GOAL, capacity=900, budget=500.0)))
    assert poor.advice == f"{made.advice} Your limits reach 100 of these rows: begin with those ranked first."
    other = (Lever("offer", ("treat",)), Lever("use", cost=50.0))  # what another change costs is none of the treatment's
    unsaid, _ = measure_experiment(replace(asked, goal=replace(GOAL, levers=other)))
    assert unsaid.net > made.net
    assert unsaid.treat > made.treat
    assert unsaid.advice.endswith(" No cost of the treatment was given, so it is taken to be free.")
    table = experiment_frame(scores, asked.frame, made)
    assert (table["treat"] == "yes").sum() == made.rows
    assert table["expected_gain"].is_monotonic_decreasing
    sections = make_sections(SectionInputs(experiment=made))
    assert [section.title for section in sections] == ["What the experiment showed"]
    curve = np.array([(point.share, point.gain) for point in made.curve])
    assert made.auuc == pytest.approx(np.trapezoid(curve[:, 1], curve[:, 0]), abs=1e-3)  # the area under the line that is shown
    assert made.auuc - made.qini == pytest.approx(curve[-1, 1] / 2, abs=1e-9)
    assert made.auuc_low < made.auuc < made.auuc_high
    assert f", AUUC {number(100 * made.auuc)} (95 % range {number(100 * made.auuc_low)} to " in sections[0].lines[1]
    assert "AUUC" not in replace(made, auuc=math.nan).areas  # kept before it was told


def test_figures_of_a_sample_are_not_told_as_those_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the page and from the command line they are those of the same rows, which have an outcome and a treatment."""
    asked, given = inputs("random", 400), []
    frame = asked.frame.copy()
    frame.loc[:59, "stayed"], frame.loc[60:99, "offer"] = None, None
    place = sys.modules["automl_core.acting.experiment"]
    monkeypatch.setattr(place, "MOST_ROWS", 250)
    answer = Experiment("offer", rows=250), np.arange(250.0)
    monkeypatch.setattr(place, "measure_experiment", lambda one: given.append(one) or answer)
    run = SimpleNamespace(id="r", project_id="p", plan=SimpleNamespace(seed=5))
    opened = SimpleNamespace(open=lambda _: (frame, asked.columns, asked.problem, None))
    search = SimpleNamespace(run=lambda _: run, inputs=lambda _: None, goal=opened)
    store = SimpleNamespace(write_file=lambda _, body, __: given.append(body) or SimpleNamespace(id="f"))
    context = SimpleNamespace(save=lambda *_, **__: None, store=store)
    act = SimpleNamespace(goal_of=lambda _: GOAL)
    Experimenting(context, search, act).run("r", GOAL, SimpleNamespace(progress=lambda *_: None))  # type: ignore[arg-type]
    drawn, gains = given[0], pd.read_parquet(io.BytesIO(given[1]))["gain"]
    assert (len(drawn.frame), drawn.drawn_from) == (250, 300)
    assert drawn.frame[["stayed", "offer"]].notna().all(axis=None)
    assert frame.loc[gains.notna(), "use"].tolist() == drawn.frame["use"].tolist()
    assert " 250 rows were drawn by chance from 300 with an outcome: all figures are those of the rows" in _drawn(drawn)
    _, scores = measure_drawn(replace(asked, frame=frame))
    assert np.array_equal(scores, gains, equal_nan=True)
    assert drawn.frame.equals(given[2].frame)
    made = Experiment("offer", treated=25_000, held=25_000, ordered=True, treat=0.6, rows=30_000, net=9.0, drawn_from=500_000)
    assert "Treat the 60 % ranked first" in _advice(made, GOAL)
    assert "On the 50,000 rows drawn that brings € 9" in _advice(made, GOAL)
    assert "Treat all rows with “offer”" in _advice(replace(made, treat=1.0), GOAL)
    assert _reach(made, replace(GOAL, capacity=100_000), 5.0) == 100_000  # of 300,000 that are worth it


def test_a_treatment_that_was_measured_to_lose_is_for_nobody() -> None:
    """Predicted gains say that most rows pay; measured ones say that treating them loses, and treating all loses more."""
    points = tuple(CurvePoint(share, -0.1 * share, -0.2 * share, 0.01, 0.0) for share in (0.0, 0.5, 1.0))
    lost = Experiment("offer", ordered=True, curve=points)
    found = SimpleNamespace(scores=np.linspace(-0.1, 0.5, 600), low=0.0, money=None)
    for goal in (GOAL, replace(GOAL, value=0.0)):
        told = _worth(lost, found, goal, 5.0)  # type: ignore[arg-type]
        assert (told.treat, told.rows) == (0, 0)
        assert _advice(told, goal).startswith("Treating nobody is the safe choice")
        harm = replace(told, effect=-0.059, low=-0.067, high=-0.052, value="1")
        assert _advice(harm, goal) == "Treat nobody: “offer” = “1” did harm."
    spared = replace(lost, is_rate=False, low=0.2, high=0.5, treat=0.0)
    assert "did harm" in _advice(spared, Goal("cost", "low"))  # the number rose where a low one is wanted


def test_the_outcome_is_what_the_problem_says() -> None:
    """A count of visits from 0 to 6 looks like classes; a weight that follows the treatment does not say who chose it."""
    rng = np.random.default_rng(0)
    arm = rng.integers(0, 2, 700)
    frame = pd.DataFrame({"x": rng.normal(size=700), "arm": arm, "w": np.where(arm == 1, 2.0, 1.0) + 0.01 * rng.random(700),
                          "visits": np.minimum(6, rng.poisson(1.5 + arm))})
    table = table_from_frame(frame, "t")
    goal = Goal("visits", "low", levers=(Lever("arm", ("1",)),), experiment="arm")
    problem = Problem("visits", "regression", "rmse", weights="w")
    made, _ = measure_experiment(ExperimentInputs(table.frame, table.columns, problem, goal))
    assert not made.refused
    assert made.low < 1 < made.high
    assert made.sentence.endswith("Rows count alike here, whatever “w” says.")


def test_files_keep_the_users_own_columns_and_say_what_the_limits_reach() -> None:
    frame = pd.DataFrame({"treat": ["a", "b", "c", "d"], "rank": [9, 8, 7, 6], "row": list("wxyz")})
    made = Experiment("treat", ordered=True, rows=3, reach=2)
    table = experiment_frame(np.array([0.1, 0.4, np.nan, 0.2]), frame, made)
    assert table["treat"].tolist() == ["b", "d", "a"]
    assert table["rank"].tolist() == [8, 6, 9]
    assert table["action_row"].tolist() == [1, 3, 0]
    assert table["action_treat"].tolist() == ["yes"] * 3
    assert table["within_limits"].tolist() == ["yes", "yes", "no"]
    some = experiment_frame(np.array([0.1, 0.4]), pd.DataFrame({"x": list("abcd")}).iloc[[1, 3]], made)
    assert some["row"].tolist() == [3, 1]  # of the file, where rows without an outcome stand between them
    dealt = experiment_frame(np.arange(100.0), pd.DataFrame({"x": range(100)}), replace(made, ordered=False, rows=100, reach=30))
    assert (dealt["within_limits"] == "yes").sum() == 30
    assert (dealt["within_limits"] == "yes")[:30].sum() < 20  # by chance, as the page says
    assert "within_limits" not in experiment_frame(np.arange(4.0), frame, replace(made, reach=None))


def test_refused_where_chance_did_not_decide_or_rows_are_few() -> None:
    for asked, words in ((inputs("chosen", 1000), "not left to chance"), (inputs("random", 150), "untreated rows")):
        made, scores = measure_experiment(asked)
        assert words in made.refused
        assert np.isnan(scores).all()
        assert make_sections(SectionInputs(experiment=made))[0].lines[0].startswith("“offer” cannot be read")
    assert make_sections(SectionInputs()) == ()


def test_a_number_that_should_be_low_is_told_to_fall() -> None:
    """Costs fall by 8, and most where `use` is high: words and figures say so, gains and money are above zero."""
    rng = np.random.default_rng(0)
    use, offer = rng.random(2000), rng.integers(0, 2, 2000)
    cost = 100 + 5 * rng.normal(size=2000) - 16 * use * offer
    table = table_from_frame(pd.DataFrame({"use": use, "offer": offer, "cost": cost}), "t")
    goal = Goal("cost", "low", value=2.0, levers=(Lever("offer", cost=1.0),), experiment="offer")
    made, _ = measure_experiment(ExperimentInputs(table.frame, table.columns, Problem("cost", "regression", "rmse"), goal))
    assert made.low < -8 < made.high < 0
    first = next(part for part in made.parts if part.share >= 0.3)
    assert first.low < first.effect < first.high < made.effect
    assert f"moved “cost” by −{abs(made.effect):.3g} on average" in made.sentence
    assert f"among the 30 % ranked first the effect is −{abs(first.effect):.3g}" in made.sentence
    assert "It works better for some than for others" in made.sentence
    parts = (UpliftPart(0.3, 1, -100.0, 0.0, 0.0),)
    dear = SimpleNamespace(turned=-1.0, is_rate=False, outcome="cost", effect=-1234.0, low=-1300.0, high=-1200.0, treated=1,
                           held=1, money=None, ranking=SimpleNamespace(qini_low=1.0, parts=parts))
    assert "moved cost by +1,234 on average (95 % range +1,200 to +1,300)" in _sentence(dear, "“mail” = “yes”")  # type: ignore[arg-type]
    assert made.qini_low > 0
    assert made.net > 0


def asked(frame: pd.DataFrame, roles: object = None, outcome: Any = "y", treatment: Any = "t") -> AskedUplift:
    return asked_uplift(frame, outcome, treatment, roles, ())  # type: ignore[arg-type]


def table_of(y: Any, t: Any) -> pd.DataFrame:
    return pd.DataFrame({"x": np.arange(len(y)) % 7, "shop": np.arange(len(y)) % 9, "y": y, "t": t})


ONES = np.arange(60) % 3 == 0
SIDES = np.arange(60) % 2


@pytest.mark.parametrize("outcome", [
    ONES, ONES.astype(int), ONES.astype(float), np.where(ONES, "yes", "no"), np.where(ONES, "Y", "N"),
    pd.array([None, *ONES[1:]], dtype="boolean"), pd.Categorical(ONES.astype(int)), np.where(ONES, "positive", "negative"),
])  # fmt: skip
def test_of_two_classes_the_one_that_says_yes_is_wanted_unless_another_is_named(outcome: Any) -> None:
    """However its column is stored, and however the class is spelled; the rarer class here says yes."""
    frame = table_of(outcome, SIDES)
    words = "positive" in frame["y"].astype(str).tolist()
    yes = asked(frame).good
    for good in ("", None, *(("Positive",) if words else (True, 1, 1.0, np.int8(1), "YES", "1", "true"))):
        made = asked(frame, UpliftRoles(good=good))
        assert made.good == yes == made.problem.positive, good
    for good in ("negative",) if words else (False, 0, "No", "0.0"):
        assert asked(frame, UpliftRoles(good=good)).good == next(name for name in made.problem.classes if name != yes), good


@pytest.mark.parametrize("outcome", [np.where(ONES, "left", "stayed"), np.where(ONES, 1, 2), np.where(ONES, 5.5, 7.5),
                                     np.array(["a", "b", "c"] * 20)])
def test_where_no_class_says_yes_the_wanted_one_is_asked_for(outcome: Any) -> None:
    """The effect on the rarer one would as soon be that on the bad one."""
    with pytest.raises(BadInput, match="in “y” is wanted") as refused:
        asked(table_of(outcome, SIDES))
    assert refused.value.hint == "Name it as “good”."
    assert asked(table_of(outcome, SIDES), UpliftRoles(good=outcome[0])).good == str(outcome[0])
    with pytest.raises(BadInput, match="“perhaps” is not a possible outcome of “y”"):
        asked(table_of(outcome, SIDES), UpliftRoles(good="perhaps"))


def test_a_count_is_a_number_unless_one_of_its_values_is_wanted() -> None:
    visits = np.arange(90) % 4
    for good, wanted in (("", "high"), ("High", "high"), ("low", "low")):
        made = asked(table_of(visits, np.arange(90) % 2), UpliftRoles(good=good))
        assert (made.problem.task, made.good) == ("regression", wanted)
    made = asked(table_of(visits, np.arange(90) % 2), UpliftRoles(good=3))
    assert (made.problem.task, made.good) == ("multiclass", "3")


@pytest.mark.parametrize("sides", [SIDES, SIDES == 1, SIDES.astype(float), np.where(SIDES, "yes", "no"),
                                   pd.array(SIDES == 1, dtype="boolean"), pd.Categorical(SIDES)])
def test_the_treated_value_may_be_named_as_the_frame_has_it(sides: Any) -> None:
    made = asked(table_of(ONES, sides))
    for treated in ("", None, True, 1, 1.0, np.int64(1), "YES", "1", "True"):
        assert (treated_rows(made.frame[made.treatment], treated) == SIDES).all(), treated
    for treated in (False, 0, "no", "0.0"):
        assert (treated_rows(made.frame[made.treatment], treated) == 1 - SIDES).all(), treated
    with pytest.raises(BadInput, match="No row has “sms” in the treatment “t”"):
        treated_rows(made.frame[made.treatment], "sms")
    arms = asked(table_of(ONES, SIDES + 2))
    assert (treated_rows(arms.frame["t"], 3) == SIDES).all()
    with pytest.raises(BadInput, match="not clear which of “2” and “3”"):
        treated_rows(arms.frame["t"])


@pytest.mark.parametrize(("values", "treated"), [
    ((1, 2), ""), (("B", "C"), ""), (("N", "S"), ""), (("t", "u"), ""), ((1, 0), "1"), ((1, -1), "1"), (("y", "n"), "y"),
    (("T", "C"), "T"), (("t", "f"), "t"), (("control", "sms"), "sms"), (("treat", "2"), "treat"), ((0, 2), "2"),
    (("treat", "email"), ""), (("hold", "none"), "")])
def test_a_letter_or_a_figure_means_treated_only_beside_its_opposite(values: tuple[Any, Any], treated: str) -> None:
    """Of arms 1 and 2 the first was taken for the treatment without a word, and the effect came out the wrong way round."""
    series = pd.Series([values[place % 2] for place in range(10)], name="arm")
    if treated:
        assert treated_value(series) == treated
        return
    with pytest.raises(BadInput, match="It is not clear which of"):
        treated_value(series)
    assert treated_value(series, values[1]) == str(values[1])


def test_which_value_means_treated_is_said() -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"x": rng.normal(size=600), "t": rng.integers(2, 4, 600)})
    frame["y"] = (rng.random(600) < np.where(frame["t"] == 3, 0.8, 0.3)).astype(int)
    made = measure_uplift(frame, "y", "t", {"treated": 3})
    assert made.sentence.startswith("The treatment (“t” = “3”) moved “y” = “1” by +")


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [("a", 1), ("a", 2), ("b", 1), ("b", 2)], ["x\n", "the\nshop", "y", "t "]])
def test_columns_of_an_experiment_are_named_by_their_labels(labels: list[Any]) -> None:
    frame = table_of(ONES, SIDES).set_axis(pd.Index(labels, tupleize_cols=False), axis=1).set_index(np.repeat(np.arange(30), 2))
    x, shop, y, t = labels
    for roles in (UpliftRoles(never=(x,), group=shop), Roles(never=[x], group=shop, experiment=t), Roles(group=shop, id=x),
                  {"never": [x], "group": shop}):
        made = asked(frame, roles, y, t)
        clean = list(made.frame.columns)
        assert (made.treatment, made.problem.never, made.problem.group) == (clean[3], (clean[3], clean[0]), clean[1])
        assert (treated_rows(made.frame[clean[3]]) == SIDES).all()
    named = asked(table_of(ONES, SIDES), UpliftRoles(problem=replace(PROBLEM, target="y", never=("x",))))
    assert named.problem.never == ("t", "x")


def test_the_roles_of_other_doors_are_those_of_an_experiment_as_a_dictionary_too() -> None:
    """“given” and “id” were no part of the roles there, and a negative control was compared on."""
    frame = table_of(ONES, SIDES).assign(before=np.arange(60) % 5, customer=[f"c{place}" for place in range(60)])
    said: dict[str, Any] = {"given": ["x"], "never": "shop", "id": "customer", "negative_control": ["before"], "experiment": "t"}
    for roles in (said, Roles(**said), {**said, "treated": 1, "good": "yes"}):
        made = asked(frame, roles)
        assert made.problem.never == ("t", "shop", "customer", "before")
    assert asked(frame, {**said, "treated": 0}).treated == 0
    with pytest.raises(BadInput, match="“treted” is no part of “roles”") as refused:
        asked(frame, {"treted": 1})
    assert refused.value.hint == "Write “treated”."


@pytest.mark.parametrize(("wrong", "words"), [
    ({"roles": ["t"]}, "Give UpliftRoles"), ({"roles": UpliftRoles(never=("nope",))}, "no column “nope”"),
    ({"roles": Roles(later="nope")}, "no column “nope”"), ({"roles": Roles(experiment="x")}, "is no lever"),
    ({"roles": UpliftRoles(group="t")}, "a lever and as the group"), ({"roles": UpliftRoles(never=("y",))}, "is the outcome"),
    ({"outcome": 0}, "no column “0”"), ({"treatment": None}, "no column"), ({"treatment": "y"}, "outcome and as the treatment"),
    ({"roles": UpliftRoles(problem={"task": "binary"})}, "Give a Problem"),  # type: ignore[arg-type]
    ({"roles": UpliftRoles(problem=PROBLEM)}, "The problem speaks of “stayed”"), ({"frame": {"y": [1]}}, "no pandas DataFrame"),
    ({"roles": UpliftRoles(never=("t",))}, "“t” is the treatment and is named as “never”"),
    ({"roles": Roles(later="t", experiment="t")}, "“t” is the treatment and is named as “later”"),
    ({"roles": Roles(id="t")}, "a lever and as the name of a row"), ({"seed": -1}, "0 or more"),
])  # fmt: skip
def test_a_mistake_about_an_experiment_gets_one_sentence(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words) as refused:
        measure_uplift(**({"frame": table_of(ONES, SIDES), "outcome": "y", "treatment": "t"} | wrong))
    assert "\n" not in str(refused.value)


def helped_small(rows: int) -> tuple[pd.DataFrame, np.ndarray]:
    """An offer that helps small customers most, who bring little, and what it truly brings of each row: its effect times what the
    row spends. Small ones bring less than the 25 it costs, large ones more."""
    rng = np.random.default_rng(5)
    small, treated = rng.random(rows) < 0.5, rng.random(rows) < 0.5
    spend = np.where(small, rng.uniform(20, 60, rows), rng.uniform(300, 500, rows)).round(2)
    effect = np.where(small, 0.3, 0.15)
    stayed = rng.random(rows) < 0.4 + effect * treated
    frame = pd.DataFrame({"spend": spend, "age": rng.integers(18, 80, rows), "offer": np.where(treated, "treat", "hold"),
                          "stayed": np.where(stayed, "yes", "no")})
    return frame, effect * spend


def test_money_of_an_experiment_sums_what_each_row_is_worth_times_its_own_gain() -> None:
    """Mean worth times mean effect promised more than twice what treating all brings, and treated the half that costs more than
    it brings."""
    frame, brings = helped_small(4500)
    table = table_from_frame(frame, "t")
    goal = Goal("stayed", "yes", value_column="spend", levers=(Lever("offer", ("treat",), cost=25.0),), experiment="offer")
    goal = valued(goal, table.frame)
    asked = ExperimentInputs(table.frame, table.columns, PROBLEM, goal)
    made, gains = measure_experiment(asked)
    assert not made.refused
    whole = float((brings - 25).sum())
    assert abs(made.net_all - whole) < 1.5 * (made.net_high - made.net_low) / 2
    assert made.net_all < 0.8 * len(frame) * (goal.value * made.effect - 25)  # what was said
    listed = experiment_frame(gains, table.frame, made)
    treated = listed.loc[listed["treat"] == "yes", "row"].to_numpy()
    assert len(treated) == made.rows
    assert (frame["spend"].to_numpy()[treated] > 100).mean() > 0.9
    truly = float((brings[treated] - 25).sum())
    assert truly > 1.2 * whole
    assert made.net_low <= truly <= made.net_high
    assert listed["expected_gain"].iloc[:100].mean() == pytest.approx(0.15 * 490, rel=0.5)  # in money, as it is ranked by
    assert " Rows are ranked by their gain times their own “spend”: that order has a Qini of " in made.advice
    assert made.who
    assert "spend" in made.who[0]
    plain, _ = measure_experiment(replace(asked, goal=replace(goal, value_column="", value=goal.value)))
    assert (plain.effect, plain.low, plain.high, plain.qini) == (made.effect, made.low, made.high, made.qini)
    free, _ = measure_experiment(replace(asked, goal=replace(goal, levers=(Lever("offer", ("treat",)),), contact_free=True)))
    assert free.net_low <= float(brings.sum()) <= free.net_high
    assert free.net_high - free.net_low < 2 * 1.96 * 500 * math.sqrt(len(frame))


def test_an_order_by_money_is_told_beside_an_effect_that_is_the_same_for_all() -> None:
    """The first sentence said to treat all or none, the next whom to treat first; the only Qini was of the effect."""
    rng = np.random.default_rng(1)
    treated, spend = rng.random(4000) < 0.5, rng.uniform(5, 800, 4000).round(2)
    stayed = rng.random(4000) < 0.4 + 0.1 * treated
    table = table_from_frame(pd.DataFrame({"spend": spend, "offer": np.where(treated, "treat", "hold"),
                                           "stayed": np.where(stayed, "yes", "no")}), "t")
    goal = Goal("stayed", "yes", value_column="spend", levers=(Lever("offer", ("treat",), cost=25.0),), experiment="offer")
    made, _ = measure_experiment(ExperimentInputs(table.frame, table.columns, PROBLEM, valued(goal, table.frame)))
    assert made.ordered
    assert made.qini_low <= 0
    assert made.advice.startswith("Treat the ")
    assert "treat all, none" not in made.sentence
    assert "No order of rows by this effect alone could be shown to gain more than another." in made.sentence
    low = re.search(r"that order has a Qini of € [\d.,]+ a row \(95 % range € ([\d.,]+) to € [\d.,]+\)\.$", made.advice)
    assert low is not None
    assert float(low[1].replace(",", "")) > 0
    assert made.areas.endswith("), of the order by effect alone")
    assert "Ranked by effect, on rows" in make_sections(SectionInputs(experiment=made))[0].lines[1]
    assert "Rows treated, largest effect first, %" in str(pilot_charts.experiment(made, LIGHT).figure.layout.xaxis.title.text)


@pytest.mark.parametrize("good", ["yes", "no"])
def test_money_of_few_events_is_no_surer_because_each_row_has_a_worth_of_its_own(good: str) -> None:
    """Worths that differ by a cent made nearly all outcomes differ from one another where the good one is common, so that the
    small side without an event brought no error, and an order by money was shown by chance too often."""
    rng = np.random.default_rng(2)
    treated = np.arange(1000) % 10 == 0
    left = np.isin(np.arange(1000), rng.choice(np.flatnonzero(~treated), 9, replace=False))
    frame = pd.DataFrame({"use": rng.random(1000), "offer": np.where(treated, "treat", "hold"),
                          "left": np.where(left, "yes", "no")})
    asked = asked_uplift(frame, "left", "offer", UpliftRoles(good=good), ())
    alike = uplift_of(asked, 0, np.full(1000, 100.0)).money
    differ = uplift_of(asked, 0, 100 + 0.01 * rng.random(1000)).money
    assert differ is not None
    assert alike is not None
    assert differ.low == pytest.approx(alike.low, rel=0.01)
    reaches = [told.ranking.qini - told.ranking.qini_low for told in (differ, alike)]
    assert reaches[0] == pytest.approx(reaches[1], rel=0.05)
