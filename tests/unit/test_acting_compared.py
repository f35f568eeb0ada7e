"""What rows are compared on: all that a date says, columns that only look like an id, and many columns beside few rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import (
    Actions,
    Goal,
    Lever,
    Roles,
    UpliftRoles,
    compare,
    find_actions,
    measure_uplift,
    segments_of,
    suggest_goal,
    uplift,
)
from automl_core.acting.cards import CardInputs, _stage
from automl_core.acting.copies import together
from automl_core.acting.covariates import Covariates, make_covariates
from automl_core.acting.effects import Comparison, comparison_scores, estimate
from automl_core.acting.group_shares import with_shares
from automl_core.acting.like_ids import with_given
from automl_core.acting.moves import Move
from automl_core.acting.nuisance import Learner, fold_of
from automl_core.acting.outcome import make_outcome
from automl_core.acting.refutations import small_effect, strongest_observed
from automl_core.acting.trials import _drawn_by_chance
from automl_core.data.infer import table_from_frame
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem

PROBLEM = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes")


def visits(rows: int, seed: int) -> pd.DataFrame:
    """An idle offer that is made more often at weekends, when more churn."""
    random = np.random.default_rng(seed)
    at = pd.Timestamp("2025-01-01") + pd.to_timedelta(random.integers(0, 365 * 24 * 60, rows), unit="min")
    weekend = at.weekday >= 5
    offer = np.where(random.random(rows) < np.where(weekend, 0.7, 0.3), "new", "old")
    y = np.where(random.random(rows) < 0.3 + 0.15 * weekend, "Yes", "No")
    return pd.DataFrame({"visited_at": at, "size": random.normal(size=rows), "offer": offer, "y": y})


def of_offer(found: Actions) -> float:
    """How surely the move to the new offer was seen to do something: its estimate in standard errors, on everybody."""
    card = next(card for card in (*found.cards, *found.patterns) if card.to_value == "new")
    return card.adjusted / ((card.high - card.low) / 2 / 1.96)


def test_an_offer_of_weekends_is_compared_within_them() -> None:
    """Only days since 1970 were compared on: the idle offer was four errors from nothing, and a card."""
    found = [find_actions(visits(5000, seed), "y", "No", ["offer"]) for seed in (2,)]
    assert not any(one.cards for one in found)
    assert max(abs(of_offer(one)) for one in found) < 2.5


def test_the_parts_of_a_date_are_one_column() -> None:
    frame = visits(400, 0)
    frame.loc[::7, "visited_at"] = pd.NaT
    table = table_from_frame(frame, "visits")
    made = make_covariates(table.frame, table.columns, PROBLEM, ("y",))
    assert made.columns == ("visited_at", "size", "offer")
    assert made.names == ("visited_at",) * 3 + ("size", "offer")  # days, weekday and hour; in one year days tell the month
    assert np.isnan(made.matrix[::7, :3]).all()
    assert made.categorical == (1, 4)
    assert made.without("visited_at").names == ("size", "offer")
    assert made.only("visited_at").matrix.shape == (400, 3)
    assert made.only("visited_at").categorical == (1,)


def test_the_strongest_column_may_be_a_date() -> None:
    """All its parts are left out together: what is left of one would make up for another."""
    frame = visits(3000, 1)
    table = table_from_frame(frame, "visits")
    given = make_covariates(table.frame, table.columns, PROBLEM, ("y", "offer"))
    new = (frame["offer"] == "new").to_numpy()
    case = Comparison(np.where(frame["y"] == "Yes", 1.0, 0.0), ~new, new, given, True)
    small = small_effect(case)
    assert small is not None
    found = strongest_observed(case, small, small)
    assert found is not None
    assert found.column == "visited_at"


def risky(rows: int, seed: int, most: int = 10_000) -> pd.DataFrame:
    """An idle offer made to those of high risk, who churn more. The risk is nearly another number in each row."""
    random = np.random.default_rng(seed)
    risk = random.integers(0, most, rows)
    high = risk / most
    offer = np.where(random.random(rows) < 0.2 + 0.6 * high, "new", "old")
    y = np.where(random.random(rows) < 0.1 + 0.7 * high, "Yes", "No")
    return pd.DataFrame({"client_id": np.arange(rows) + 70_000, "risk_index": risk, "size": random.normal(size=rows),
                         "offer": offer, "y": y})


def test_what_looks_like_an_id_and_is_given_is_compared_on() -> None:
    """It was left out without a word, whoever named it as known before."""
    frame = risky(600, 2, 100_000)
    alone = find_actions(frame, "y", "No", ["offer"])
    assert [note for note in alone.notes if "id" in note] == [
        "“risk_index” looks like an id, so rows were not compared on it. If it tells something of a row, choose another use "
        "for it on the Data page, or name it as “given” in a goal file or in code."]
    assert abs(of_offer(alone)) > 3
    given = find_actions(frame, "y", "No", ["offer"], Roles(given=("risk_index",)))
    assert not any("risk_index" in note for note in given.notes)
    assert abs(of_offer(given)) < 2
    left_out = find_actions(frame, "y", "No", ["offer"], Roles(never=("risk_index",)))
    assert not any("risk_index" in note for note in left_out.notes)


def test_other_doors_use_what_is_given_too() -> None:
    frame = risky(600, 2, 100_000)
    roles = Roles(given=("risk_index",), never=("offer",))
    assert not segments_of(frame, "y", "Yes", Roles(never=("offer",))).segments
    assert "risk_index" in {one.column for one in segments_of(frame, "y", "Yes", roles).segments[0].conditions}
    drawn = frame.assign(offer=frame["offer"].map({"new": "yes", "old": "no"}))
    assert measure_uplift(drawn, "y", "offer").balance.randomised
    with pytest.raises(BadInput, match="differ in “risk_index”"):
        measure_uplift(drawn, "y", "offer", Roles(given=("risk_index",)))
    assert suggest_goal(PROBLEM, (Column("region", "int", "id"), Column("age", "int", "number"))).given == ("age",)


def test_a_column_that_somebody_sets_to_an_id_is_none_of_those_that_only_look_like_one() -> None:
    """A saved goal that named it as given overruled what was set on the Data page."""
    frame = pd.DataFrame({"share": np.arange(100) / 7, "code": np.arange(100) % 90, "key": np.arange(100) * 3})
    columns = (Column("share", "float", "id"), Column("code", "int", "id"), Column("key", "int", "id"))
    assert with_given(PROBLEM, columns, ("share", "code", "key"), frame).roles == {"key": "number"}


def lots(rows: int, seed: int) -> pd.DataFrame:
    """An idle offer drawn by lot."""
    random = np.random.default_rng(seed)
    return pd.DataFrame({"size": random.normal(size=rows), "age": random.integers(18, 80, rows),
                         "offer": np.where(random.random(rows) < 0.5, "new", "old"),
                         "y": np.where(random.random(rows) < 0.3, "Yes", "No")})


def test_copies_of_rows_make_no_card_surer() -> None:
    """Nothing was said of them, and the idle offer was a card: copies of what a fold holds out were learned from."""
    once = lots(1000, 1)
    alone, copied = (find_actions(frame, "y", "No", [Lever("offer", ("new",))]) for frame in (once, twice(once)))
    assert not copied.cards
    wide, narrow = (card.high - card.low for found in (alone, copied) for card in (*found.cards, *found.patterns))
    assert narrow == pytest.approx(wide, rel=0.1)
    assert not any("repeat" in note for note in alone.notes)
    assert any(note.startswith("1,000 rows of 2,000 repeat others in every column that rows are "
                                                                    "compared on. How sure") for note in copied.notes)


def dealt(seed: int, shops: int = 40, size: int = 50) -> pd.DataFrame:
    """An idle offer drawn row by row in shops, whose rows come from a branch of 100."""
    random = np.random.default_rng(seed)
    rows = shops * size
    return pd.DataFrame({"size": random.normal(size=rows), "branch": random.choice([f"b{one:02d}" for one in range(100)], rows),
                         "shop": [f"s{place % shops:02d}" for place in range(rows)],
                         "offer": np.where(random.random(rows) < 0.5, "yes", "no"),
                         "y": np.where(random.random(rows) < 0.3, "Yes", "No")})


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame]).sample(frac=1, random_state=0).reset_index(drop=True)


def test_copies_make_no_experiment_surer_nor_one_that_chance_did_not_decide() -> None:
    """Its range was too narrow by the root of two, and the levels of a wide category were treated alike in its copies."""
    once = dealt(0, 20).drop(columns="shop")
    alone, copied = (measure_uplift(frame, "y", "offer", UpliftRoles("No")) for frame in (once, twice(once)))
    assert copied.high - copied.low == pytest.approx(alone.high - alone.low, rel=0.1)
    assert "repeat" not in alone.sentence
    assert copied.sentence.endswith(" 1,000 rows of 2,000 repeat others in every column that rows are compared on. How sure this "
                                    "is counts them once.")


@pytest.mark.parametrize("seed", range(6))
def test_copies_in_groups_do_not_look_like_a_treatment_of_groups(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of honest draws, row by row in shops, six in ten were refused where each row came twice, as an experiment and in cards."""
    frame = twice(dealt(seed))
    monkeypatch.setattr(uplift, "_measured", lambda trial, *_: trial)
    assert measure_uplift(frame, "y", "offer", UpliftRoles("No", group="shop")) is not None
    table = table_from_frame(frame, "rows")
    problem = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes", group="shop")
    asked = CardInputs(None, table.frame, (frame["y"] == "Yes").to_numpy(), table.columns, problem, Goal("y", "No"))
    stage = _stage(asked, make_outcome(asked.y, problem), together(asked.frame, asked.y.astype(float), asked.columns, problem))
    given = make_covariates(asked.frame, asked.columns, problem, ("offer",))
    move = Move(Lever("offer", ("yes",)), ("no",), "yes")
    rows = (frame["offer"] == "no").to_numpy(), (frame["offer"] == "yes").to_numpy()
    assert _drawn_by_chance(move, *rows, given, stage) == (True, "")


def test_copies_confirm_no_group_that_their_own_half_found() -> None:
    """Copies of the rows that were searched were among those that checked what was found."""
    random = np.random.default_rng(0)
    found, alone, copied = 0, list[float](), list[float]()
    for _ in range(2):
        frame = pd.DataFrame({f"x{place}": random.normal(size=600) for place in range(6)})
        frame["y"] = np.where(random.random(600) < 0.3, "Yes", "No")
        found += len(segments_of(pd.concat([frame] * 3, ignore_index=True), "y", "Yes").segments)
        frame["first"] = random.random(600) < 0.5
        for wide, some in ((alone, frame), (copied, twice(frame))):
            gap = compare(some, "y", {"first": True}).gap
            wide.append(gap.high - gap.low)
    assert not found
    assert np.mean(copied) == pytest.approx(np.mean(alone), rel=0.05)


def test_copies_are_no_groups_that_tell_who_got_a_lever() -> None:
    """How common a lever is among copies of a row is whether the row has it."""
    random = np.random.default_rng(0)
    codes = np.concatenate([np.arange(1000), np.arange(200)])
    new, column = (random.random(1000) < 0.5).astype(float)[codes], random.normal(size=1000)[codes]
    learner, everyone = Learner(Covariates(column[:, None], (), ("size",)), rounds=20), np.ones(1200, dtype=bool)
    folds = fold_of(1200, codes, 0)
    assert with_shares(learner, [new], everyone, codes, folds, "") is learner
    assert with_shares(learner, [new], everyone, codes, folds, "shop") is learner  # whole shops have it
    differ = np.where(np.arange(1200) % 6 > 0, new, 1 - new)
    assert with_shares(learner, [differ], everyone, codes, folds, "") is learner
    assert with_shares(learner, [differ], everyone, codes, folds, "shop") is not learner


def test_rows_that_are_alike_by_chance_or_come_again_are_no_copies() -> None:
    random = np.random.default_rng(0)
    of_few = pd.DataFrame({name: random.choice(list("abc"), 3000) for name in ("one", "two", "three", "four", "five")})
    of_few["six"] = np.where(random.random(3000) < 0.9, of_few["one"], "a")  # equal pairs are many times those of chance
    of_few["y"] = np.where(random.random(3000) < 0.1, "Yes", "No")
    again = pd.concat([lots(1500, 0), lots(1500, 0).assign(y=lots(1500, 1)["y"])], ignore_index=True)
    for frame in (of_few, again, pd.concat([again, again.head(60)], ignore_index=True)):
        table = table_from_frame(frame, "rows")
        found = together(table.frame, np.where(frame["y"] == "Yes", 1.0, 0.0), table.columns, PROBLEM)
        assert found.codes is None
        assert not found.said


def test_many_columns_that_say_nothing_make_an_effect_no_less_sure() -> None:
    """The line followed what chance made of 200 columns: the error was twice what it is without them."""
    random = np.random.default_rng(0)
    new, columns = random.random(2000) < 0.5, random.normal(size=(2000, 200))
    y = (random.random(2000) < 0.4 - 0.1 * new).astype(float)
    given = Covariates(columns, (), tuple(f"column {place}" for place in range(200)))
    scores = comparison_scores(Comparison(y, ~new, new, given, True), Learner(given, rounds=20), 2)
    assert scores is not None
    found = estimate(scores, np.ones(2000, dtype=bool))
    assert found is not None
    assert found.error < 1.1 * 2 * y.std() / np.sqrt(2000)
    assert found.high < 0


def test_what_many_weak_columns_explain_together_is_not_left_in_an_effect() -> None:
    """The line that loses least is shrunk: by it an idle lever had four errors of effect."""
    random = np.random.default_rng(0)
    columns = random.normal(size=(2000, 200))
    score = columns @ np.full(200, 0.06)
    new = random.random(2000) < 1 / (1 + np.exp(-score))
    y = (random.random(2000) < 1 / (1 + np.exp(0.4 - score))).astype(float)
    given = Covariates(columns, (), tuple(f"column {place}" for place in range(200)))
    scores = comparison_scores(Comparison(y, ~new, new, given, True), Learner(given, rounds=20), 2)
    assert scores is not None
    found = estimate(scores, np.ones(2000, dtype=bool))
    assert found is not None
    assert abs(found.estimate) < 2 * found.error


@pytest.mark.parametrize("dates", [["2020-01-06", "2020-01-13"], ["2020-01-01", "9999-12-31"], [None, None]])
def test_dates_that_say_little_add_little(dates: list[str | None]) -> None:
    """A far day for “open” could not be told in nanoseconds."""
    frame = pd.DataFrame({"d": pd.Series(dates * 30, dtype="datetime64[us]"), "y": ["No", "Yes"] * 30})
    table = table_from_frame(frame, "dates")
    columns = tuple(column for column in table.columns if column.role == "date")
    made: Covariates = make_covariates(table.frame, columns, PROBLEM, ())
    assert made.matrix.shape[1] <= (3 if "9999-12-31" in dates else 1)
