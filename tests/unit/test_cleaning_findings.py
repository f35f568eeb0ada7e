"""Every planted fault is found, named in a sentence and mended by its own fix; a clean table has none."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning import Recipe, apply_recipe, checks_text, columns_after, find, findings, new_step, safe_fixes
from automl_core.data.infer import table_from_frame
from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing import Problem, check_target, suggest_problem
from automl_core.workspace.cleaning import safe_recipe

N = 400
RANDOM = np.random.default_rng(0)


def text(values: object) -> pd.Series:
    return pd.Series(values).astype("str")


def dirty() -> tuple[pd.DataFrame, tuple[Column, ...]]:
    random = np.random.default_rng(2)
    city = random.choice(["Berlin", "Paris", "Rome"], N).astype(object)
    city[:6], city[6:9], city[9:12] = "berlin", " Paris", "?"
    price = np.round(random.gamma(2, 50, N), 2)
    price[:2] = 90_000
    age = random.integers(18, 80, N).astype(float)
    age[20:40], age[40:60] = -999, np.nan
    frame = pd.DataFrame({
        "city": text(city), "price": price, "age": age, "amount": text([f"{v:,.2f} €" for v in random.gamma(3, 900, N)]),
        "same": text(["x"] * N), "nothing": np.full(N, np.nan), "code": text([f"C{i:05d}" for i in range(N)]),
        "street": text([f"street {i % 90}" for i in range(N)]),
        "mood": text(random.choice(["good", "bad", "unknown"], N)),
        "outcome": text(["Yes"] * 12 + ["No"] * (N - 14) + [None] * 2),
    })
    kinds = {"price": "float", "age": "int", "nothing": "float"}
    roles = {"price": "number", "age": "number", "nothing": "empty", "same": "constant", "code": "id"}
    columns = tuple(Column(n, kinds.get(n, "text"), roles.get(n, "category")) for n in frame)  # type: ignore[arg-type]
    return frame, columns


def kinds_of(frame: pd.DataFrame, columns: tuple[Column, ...]) -> set[tuple[str, str]]:
    return {(item.kind, item.column) for item in find(frame, columns, "outcome")}


def test_all_planted_faults_are_found_and_nothing_else() -> None:
    frame, columns = dirty()
    frame = pd.concat([frame, frame.iloc[:5]], ignore_index=True)
    assert kinds_of(frame, columns) == {
        ("spellings", "city"), ("whitespace", "city"), ("disguised_missing", "city"), ("outliers", "price"),
        ("disguised_missing", "age"), ("missing", "age"), ("numbers_as_text", "amount"), ("constant", "same"),
        ("empty_column", "nothing"), ("id_like", "code"), ("high_cardinality", "street"), ("disguised_missing", "mood"),
        ("duplicates", ""), ("missing_target", "outcome"), ("imbalanced_target", "outcome"),
    }


def test_worst_comes_first_and_each_says_one_sentence() -> None:
    frame, columns = dirty()
    found = find(frame, columns, "outcome")
    order = [("serious", "warning", "info").index(item.severity) for item in found]
    assert order == sorted(order)
    for item in found:
        assert item.sentence.endswith((".", "is."))
        assert 0 < item.count <= item.total


def test_safe_fixes_mend_what_they_name_and_change_no_meaning() -> None:
    frame, columns = dirty()
    found = find(frame, columns, "outcome")
    steps = safe_fixes(found)
    assert {(s.kind, s.column) for s in steps} == {
        ("mark_missing", "city"), ("trim_spaces", "city"), ("merge_spellings", "city"), ("to_number", "amount"),
        ("drop_column", "same"), ("drop_column", "nothing"),
    }  # rows without an outcome stay: they may be those that one can still act on
    recipe = Recipe((*steps, next(item.fix for item in found if item.kind == "missing_target" and item.fix is not None)))
    cleaned = apply_recipe(recipe, frame)
    after = columns_after(recipe, columns, cleaned.frame)
    assert set(cleaned.frame["city"].dropna()) == {"Berlin", "Paris", "Rome"}
    assert cleaned.frame["amount"].dtype == float
    assert len(cleaned.frame) == N - 2
    assert [c.name for c in after] == list(cleaned.frame.columns)
    amount = next(c for c in after if c.name == "amount")
    assert (amount.kind, amount.role) == ("float", "number")
    left = {(item.kind, item.column) for item in find(cleaned.frame, after, "outcome")}
    assert not left & {("spellings", "city"), ("whitespace", "city"), ("numbers_as_text", "amount")}
    assert ("missing_target", "outcome") not in left
    assert ("missing", "city") in left


def test_columns_no_step_touched_keep_their_counts() -> None:
    frame, columns = dirty()
    columns = columns_after(Recipe(), columns, frame)
    kept = tuple(step for step in safe_fixes(find(frame, columns, "outcome")) if not step.kind.startswith("drop_rows"))
    for steps in ((), kept):
        recipe = Recipe(steps)
        after = apply_recipe(recipe, frame).frame
        assert columns_after(recipe, columns, after, len(frame)) == columns_after(recipe, columns, after)
    shorter = frame.iloc[: len(frame) // 2]
    assert columns_after(Recipe(), columns, shorter, len(frame)) == columns_after(Recipe(), columns, shorter)
    assert columns_after(Recipe(), columns, shorter, len(frame)) != columns


def test_every_fix_ends_its_finding() -> None:
    frame, columns = dirty()
    for item in find(frame, columns, "outcome"):
        if item.fix is None:
            continue
        recipe = Recipe((item.fix,))
        cleaned = apply_recipe(recipe, frame).frame
        after = columns_after(recipe, columns, cleaned)
        again = [other for other in find(cleaned, after, "outcome") if (other.kind, other.column) == (item.kind, item.column)]
        assert not again or again[0].count < item.count, item.kind


def test_a_clean_table_has_no_findings() -> None:
    frame = pd.DataFrame({"x": RANDOM.normal(0, 1, N).clip(-2.5, 2.5), "k": text(RANDOM.choice(["a", "b"], N)),
                          "y": text(RANDOM.choice(["No", "Yes"], N)), "n": RANDOM.integers(0, 5, N)})
    columns = (Column("x", "float", "number"), Column("k", "text", "category"), Column("y", "bool", "category"),
               Column("n", "int", "number"))
    assert find(frame, columns, "y") == ()
    assert find(frame.iloc[:0], columns, "y") == ()


def test_what_reading_changed_is_told_with_its_count() -> None:
    column = Column("Total", "float", "number", coerced=11, coerced_examples=(" ",))
    found = find(pd.DataFrame({"Total": RANDOM.normal(0, 1, N).clip(-2, 2)}), (column,))
    assert [(item.kind, item.count) for item in found if item.kind == "read_as_number"] == [("read_as_number", 11)]
    assert any("11 cells (such as “ ”)" in item.sentence for item in found)


@pytest.mark.parametrize(("values", "kind"), [
    ([-1.0] * 8 + list(range(60)), "disguised_missing"), ([9999.0] * 8 + list(range(60)), "disguised_missing"),
    (list(range(-5, 60)), ""), ([99.0] * 8 + list(range(40, 100)), ""), ([0.0] * 8 + list(range(60)), ""),
])
def test_codes_for_missing_stand_apart(values: list[float], kind: str) -> None:
    found = find(pd.DataFrame({"x": np.array(values, dtype=float)}), (Column("x", "float", "number"),))
    assert {item.kind for item in found if item.kind == "disguised_missing"} == ({kind} if kind else set())


def test_codes_with_leading_zeros_are_no_numbers_and_dashes_are_no_spelling() -> None:
    zips = text(RANDOM.choice(["01234", "98765", "45678", "00001"], N))
    found = find(pd.DataFrame({"zip": zips}), (Column("zip", "text", "category"),))
    assert not [item for item in found if item.kind == "numbers_as_text"]
    marks = text(RANDOM.choice(["1.5", "15", "1-5", "x-ray"], N))
    assert not [item for item in find(pd.DataFrame({"m": marks}), (Column("m", "text", "category"),)) if item.kind == "spellings"]


@pytest.mark.parametrize("values", [
    ["A", "A-", "B", "B-"], ["BBB", "BBB-", "BB"], ["2.5 mg/ml", "25 mg/ml"], ["1.5 l", "15 l"], ["1/2 inch", "12 inch"],
    ["2-5 years", "25 years"], ["Android 1.1", "Android 11"], ["-1 level", "1 level"],
])
def test_a_mark_beside_a_digit_or_at_an_end_is_part_of_the_value(values: list[str]) -> None:
    found = find(pd.DataFrame({"x": text(values * 20)}), (Column("x", "text", "category"),), "y")
    assert not [item for item in found if item.kind == "spellings"]


def test_marks_between_letters_and_case_are_spellings_and_older_steps_replay_as_they_learned() -> None:
    values = text(["New York"] * 9 + ["new-york", "NEW  YORK", "St. Louis", "St Louis", "A-", "A"])
    step = new_step("merge_spellings", "x", {}, "", values.to_frame("x"))
    assert set(apply_recipe(Recipe((step,)), values.to_frame("x")).frame["x"]) == {"New York", "St Louis", "A-", "A"}
    older = replace(step, options={"spellings": {"a": "A"}})
    assert apply_recipe(Recipe((older,)), values.to_frame("x")).frame["x"].tolist()[-2:] == ["A", "A"]


def test_labels_of_the_outcome_are_merged_unasked_only_by_spaces_and_the_case_of_yes_and_no() -> None:
    for values, safe in (
        (["Grade B", "grade b", "other"], False), (["in-time", "in time", "late"], False), (["yes", "YES", "No", "no"], True),
    ):
        found = find(pd.DataFrame({"y": text(values * 20)}), (Column("y", "text", "category"),), "y")
        assert [item.safe for item in found if item.kind == "spellings"] == [safe]


@pytest.mark.parametrize(("values", "safe"), [
    (["+"] * 90 + ["-"] * 110, False), (["+"] * 199 + ["-"], False), (["a", "b", "c", "?"] * 50, False),
    (["a", "b"] * 99 + ["?"], True), (["a", "b", "b", "null"] * 50, True), (["a", "null"] * 50, False),
])
def test_a_mark_that_may_be_a_class_of_the_outcome_is_not_made_missing_unasked(values: list[str], safe: bool) -> None:
    table = table_from_frame(pd.DataFrame({"y": values}), "credit")
    assert [item.safe for item in find(table.frame, table.columns, "y") if item.kind == "disguised_missing"] == [safe]
    assert [item.safe for item in find(table.frame, table.columns) if item.kind == "disguised_missing"] == [True]


def test_steps_that_do_not_apply_are_refused_in_a_sentence() -> None:
    frame, _ = dirty()
    for kind, column in [("trim_spaces", "price"), ("clip_outliers", "city"), ("fill_missing", "nothing"), ("to_number", "mood"),
                         ("to_date", "city"), ("fill_missing", "none"), ("mark", "age")]:
        with pytest.raises(BadInput):
            new_step(kind, column, {}, "", frame)


def test_a_role_the_user_chose_survives_cleaning() -> None:
    frame, columns = dirty()
    chosen = tuple(replace(c, role="id") if c.name == "city" else c for c in columns)
    step = new_step("trim_spaces", "city", {}, "", frame)
    after = columns_after(Recipe((step,)), chosen, apply_recipe(Recipe((step,)), frame).frame)
    assert next(c for c in after if c.name == "city").role == "id"


def test_telco_total_charges_is_a_number_and_says_so(shared: Path) -> None:
    table = table_from_frame(pd.read_csv(shared / "data/dev/telco_churn.csv", dtype=str, keep_default_na=False), "telco")
    found = find(table.frame, table.columns, "Churn")
    assert table.column("TotalCharges").kind == "float"
    told = [item for item in found if item.column == "TotalCharges" and item.kind == "read_as_number"]
    assert [item.count for item in told] == [11]
    assert len(apply_recipe(Recipe(safe_fixes(found)), table.frame).frame) == 7043


def test_thousands_of_names_are_told_from_numbers_by_some(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    style = checks_text.find_number_style
    monkeypatch.setattr(checks_text, "find_number_style", lambda texts, counts: looked.append(len(texts)) or style(texts, counts))
    names = pd.DataFrame({"name": [f"v0_{number}" for number in range(6_000)]}).astype("str")
    assert not [found for found in find(names, (Column("name", "text", "category"),)) if found.kind == "numbers_as_text"]
    assert max(looked) < 1_000
    amounts = pd.DataFrame({"name": [*(f"{number},5 EUR" for number in range(5_900)), *100 * ["soon"]]}).astype("str")
    found = find(amounts, (Column("name", "text", "category"),))
    assert "numbers_as_text" in {one.kind for one in found}


def test_safe_fixes_alone_are_those_of_all_findings_and_ask_little_of_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, columns = dirty()
    everything = find(frame, columns, "outcome")
    alone = find(frame, columns, "outcome", only_safe=True)
    assert alone == tuple(item for item in everything if item.safe)
    assert safe_fixes(alone) == safe_fixes(everything) != ()
    monkeypatch.setattr(findings, "_check_column", lambda *asked: pytest.fail("One by one."))
    assert find(frame[["price", "age"]], columns, only_safe=True) == ()


YES_NO = ["yes"] * 30 + ["Yes"] * 40 + ["Y"] * 10 + ["no"] * 30 + ["N"] * 20


def test_an_outcome_that_spells_yes_and_no_in_several_ways_is_one_of_two_values_after_its_step() -> None:
    """Yes, Y, no and N were four classes, and no step made two of them."""
    table = table_from_frame(pd.DataFrame({"left": YES_NO, "n": range(130)}), "t")
    (found,) = [item for item in find(table.frame, table.columns, "left") if item.kind == "spellings"]
    assert found.fix is not None
    assert (found.safe, found.count, found.fix.kind) == (True, 60, "merge_spellings")
    recipe = safe_recipe(table, "left")
    frame = apply_recipe(recipe, table.frame).frame
    assert set(frame["left"]) == {"Yes", "no"}
    columns = columns_after(recipe, table.columns, frame, table.rows)
    problem = suggest_problem(frame, columns, "left")
    assert (problem.task, problem.classes, problem.positive) == ("binary", ("Yes", "no"), "Yes")
    assert apply_recipe(recipe, pd.DataFrame({"left": text(["y", "NO"]), "n": [1, 2]})).frame["left"].tolist() == ["Yes", "no"]


@pytest.mark.parametrize("values", [["Yes"] * 40 + ["No "] * 50 + ["Y  "] * 10 + ["N  "] * 5,
                                    ["Blue "] * 50 + ["BLUE"] * 5 + ["Red"] * 40 + ["Green"] * 9])
def test_merged_spellings_leave_no_space_that_was_trimmed(values: list[str]) -> None:
    """A label was taken from before spaces were trimmed: they came back, and the trimming was known and not done again."""
    table = table_from_frame(pd.DataFrame({"answer": text(values), "id": range(len(values))}), "t")
    for target in ("answer", "") if values[0] == "Yes" else ("",):
        recipe = safe_recipe(table, target)
        frame = apply_recipe(recipe, table.frame).frame
        assert set(frame["answer"]) == ({"Yes", "No"} if values[0] == "Yes" else {"Blue", "Red", "Green"})
        found = find(frame, columns_after(recipe, table.columns, frame, table.rows), target)
        assert not [one for one in found if one.kind in ("whitespace", "spellings")]
    told = next(one for one in find(table.frame, table.columns) if one.kind == "spellings")
    assert told.count == (15 if values[0] == "Yes" else 5)  # of spaces alone the trimming tells


def test_words_for_yes_that_may_mean_different_things_are_merged_when_asked_alone() -> None:
    values = ["true"] * 30 + ["TRUE"] * 4 + ["yes"] * 20 + ["no"] * 50
    table = table_from_frame(pd.DataFrame({"left": values}), "t")
    found = [item for item in find(table.frame, table.columns, "left") if item.kind == "spellings"]
    assert [(item.safe, item.count) for item in found] == [(False, 24), (True, 4)]
    frame = apply_recipe(safe_recipe(table, "left"), table.frame).frame
    with pytest.raises(BadInput, match=r"3 different values.*the cleaning step “Merge spellings” makes two values"):
        check_target(frame, Problem("left", "binary", "roc_auc", ("no", "true", "yes"), "yes"))
    several = Problem("left", "multiclass", "log_loss", ("no", "true", "yes"))
    assert any("spells yes and no in 3 ways" in said for said in check_target(frame, several))
    assert found[0].fix is not None
    assert set(apply_recipe(Recipe((found[0].fix,)), frame).frame["left"]) == {"true", "no"}
    for other in (["yes", "y", "maybe", "no"], ["yes", "y", "true"], ["a", "b", "c"]):
        frame = pd.DataFrame({"y": text(other * 20)})
        assert not [item for item in find(frame, (Column("y", "text", "category"),), "y") if item.kind == "spellings"]
        assert check_target(frame, Problem("y", "multiclass", "log_loss", tuple(sorted(set(other))))) == ()
