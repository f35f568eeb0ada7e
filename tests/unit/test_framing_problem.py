"""Suggested problems, refusals and folds."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing import (
    Money,
    Pace,
    Problem,
    check_judged,
    check_target,
    default_folds,
    encode_target,
    find_leaks,
    make_folds,
    suggest_problem,
    usable_columns,
)
from automl_core.framing import simple_matrix as matrix_step
from automl_core.framing.copied import copied_rows
from automl_core.framing.ladder import check
from automl_core.framing.validation import check_split

RANDOM = np.random.default_rng(0)
N = 600


def text(values: object) -> pd.Series:
    return pd.Series(values, dtype="str")


FRAME = pd.DataFrame({
    "churn": text(RANDOM.choice(["No", "Yes"], N, p=[0.8, 0.2])),
    "flag": RANDOM.integers(0, 2, N),
    "grade": RANDOM.integers(3, 8, N),
    "colour": text(RANDOM.choice(["red", "green", "blue"], N)),
    "price": RANDOM.gamma(2, 100, N),
    "size": np.where(RANDOM.random(N) < 0.1, np.nan, RANDOM.integers(0, 2, N)),
    "same": text(["x"] * N),
    "day": pd.date_range("2024-01-01", periods=N, freq="h").astype("datetime64[us]"),
    "customer": text([f"c{i % 40}" for i in range(N)]),
})
KINDS = {"churn": "bool", "flag": "int", "grade": "int", "colour": "text", "price": "float", "size": "int", "same": "text",
         "day": "date", "customer": "text"}
ROLES = {"int": "number", "float": "number", "bool": "category", "text": "category", "date": "date"}
COLUMNS = tuple(Column(name, kind, "constant" if name == "same" else ROLES[kind]) for name, kind in KINDS.items())  # type: ignore[arg-type]


@pytest.mark.parametrize(("target", "task", "metric", "classes", "positive"), [
    ("churn", "binary", "roc_auc", ("No", "Yes"), "Yes"),
    ("flag", "binary", "roc_auc", ("0", "1"), "1"),
    ("size", "binary", "roc_auc", ("0", "1"), "1"),
    ("grade", "multiclass", "log_loss", ("3", "4", "5", "6", "7"), ""),
    ("colour", "multiclass", "log_loss", ("blue", "green", "red"), ""),
    ("price", "regression", "rmse", (), ""),
])
def test_suggestions(target: str, task: str, metric: str, classes: tuple[str, ...], positive: str) -> None:
    found = suggest_problem(FRAME, COLUMNS, target)
    assert (found.task, found.metric, found.classes, found.positive) == (task, metric, classes, positive)


def test_the_rarer_class_is_positive_without_a_word_for_yes() -> None:
    frame = pd.DataFrame({"t": text(["good"] * 30 + ["bad"] * 10)})
    assert suggest_problem(frame, (Column("t", "text", "category"),), "t").positive == "bad"


@pytest.mark.parametrize(("rows", "positive"), [
    ({"1": 30, "2": 70}, "1"), ({"1": 70, "2": 30}, "2"), ({"1": 70, "0": 30}, "1"), ({"1": 70, "-1": 30}, "1"),
    ({"yes": 70, "1": 30}, "yes"), ({"sim": 70, "nunca": 30}, "sim"),
])
def test_one_says_yes_only_beside_what_says_no(rows: dict[str, int], positive: str) -> None:
    """Of 1 and 2, a code as good as the other, 1 was always the positive one."""
    series = text([label for label, count in rows.items() for _ in range(count)])
    assert suggest_problem(pd.DataFrame({"t": series}), (Column("t", "text", "category"),), "t").positive == positive


@pytest.mark.parametrize(("series", "kind", "says"), [
    (text(["x"] * 30), "text", "in every row"),
    (text([None] * 30), "text", "empty in every row"),
    (text(["a", "b"]), "text", "Only 2 rows"),
    (text([f"v{i}" for i in range(300)]), "text", "too many for classes"),
])
def test_refusals_are_sentences(series: pd.Series, kind: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        suggest_problem(pd.DataFrame({"t": series}), (Column("t", kind, "category"),), "t")  # type: ignore[arg-type]


def test_warnings_name_single_classes_and_missing_targets() -> None:
    frame = pd.DataFrame({"t": text(["a"] * 20 + ["b"] * 20 + ["c"] + [None] * 4)})
    problem = suggest_problem(frame, (Column("t", "text", "category"),), "t")
    said = " ".join(check_target(frame, problem))
    assert "Only one row has the class “c”" in said
    assert "4 of 45 rows" in said


def test_a_single_row_that_counts_is_as_few_as_a_single_one() -> None:
    """Of two positives one had a weight of 0, which a search leaves out."""
    frame = pd.DataFrame({"t": text(["no"] * 50 + ["yes", "yes"]), "w": [1.0] * 51 + [0.0]})
    problem = Problem("t", "binary", "roc_auc", ("no", "yes"), "yes")
    check_judged(frame, problem)
    check_judged(frame.assign(w=1.0), replace(problem, weights="w"))
    with pytest.raises(BadInput, match="Only one row with a weight above 0 has “yes” in “t”"):
        check_judged(frame, replace(problem, weights="w"))


def test_infinite_targets_are_said() -> None:
    frame = pd.DataFrame({"t": [*np.arange(30.0), np.inf, -np.inf, 0.0]})
    said = check_target(frame, Problem("t", "regression", "mape"))
    assert said == ("2 rows have an infinite value in “t” and are left out of training.",
                    "“t” is 0 in 2 rows, where a percentage error has no meaning.")


@pytest.mark.parametrize(("copied", "told"), [(3, "120 of 180 rows repeat others"), (1.04, "")])
def test_many_rows_that_repeat_others_are_said(copied: float, told: str) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=60), "b": random.normal(size=60), "t": random.permutation(30 * [0.0, 1.0])})
    frame = frame.iloc[np.arange(round(60 * copied)) % 60].reset_index(drop=True)
    columns = (Column("a", "number", "number"), Column("b", "number", "number"), Column("t", "number", "number"))
    problem = suggest_problem(frame, columns, "t")
    verdict = check(frame, columns, problem, pace=Pace(0.1))
    assert told in verdict.copies
    assert bool(told) == bool(verdict.copies)
    assert check(frame, columns, replace(problem, copies_together=True), pace=Pace(0.1)).copies == ""


@pytest.mark.parametrize("problem", [
    Problem("t", "regression", "rmse"), Problem("t", "binary", "roc_auc", ("a", "b"), "a"),
    Problem("t", "regression", "rmse", ordered=True),
])
def test_a_target_of_another_task_is_refused_in_words_of_pages(problem: Problem) -> None:
    """Pages show these sentences, and have no --task."""
    with pytest.raises(BadInput) as refused:
        check_target(pd.DataFrame({"t": text(["a", "b", "c"] * 10)}), problem)
    assert refused.value.hint.endswith("redict it as one of several classes.")


def test_a_metric_of_another_task_is_refused() -> None:
    with pytest.raises(BadInput, match="cannot judge") as refused:
        check_target(FRAME, Problem("price", "regression", "roc_auc"))
    assert refused.value.hint.startswith("Choose one of: rmse, mae, r2,")


def test_classes_that_are_no_scale_have_no_ranked_score() -> None:
    """Cat, dog and horse were judged as steps, by their letters: a cat called a horse was further off than one called a dog."""
    frame = pd.DataFrame({"t": text(["cat", "dog", "horse"] * 20)})
    animals = Problem("t", "multiclass", "ranked_probability", ("cat", "dog", "horse"))
    with pytest.raises(BadInput, match="needs steps of a scale") as refused:
        check_target(frame, animals)
    assert "--ordered" in refused.value.hint
    assert check_target(frame, replace(animals, ordered=True)) == ()
    assert check_target(frame, replace(animals, metric="log_loss")) == ()


@pytest.mark.parametrize("money", [None, Money(under=5.0), Money(over=5.0), Money(), Money(over=-1.0, under=2.0)])
def test_money_of_a_number_needs_both_costs(money: Money | None) -> None:
    """One cost alone asks for the largest or the smallest number there is, and none was taken for 1 each."""
    problem = Problem("price", "regression", "money", money=money)
    for ask in (lambda: check_target(FRAME, problem), lambda: check(FRAME, COLUMNS, problem)):
        with pytest.raises(BadInput, match="needs a cost above 0"):
            ask()
    assert check_target(FRAME, replace(problem, metric="rmse")) == ()
    assert check_target(FRAME, replace(problem, money=Money(over=1.0, under=5.0))) == ()
    with pytest.raises(BadInput, match="do not go with this target"):
        check_target(FRAME, replace(problem, money=Money(over=1.0, under=5.0, true_positive=3.0)))


@pytest.mark.parametrize(("money", "words"), [
    (None, "needs what its decisions are worth"), (Money(), "needs what its decisions are worth"),
    (Money(over=1.0, under=1.0), "needs what its decisions are worth"), (Money(5.0, over=1.0), "do not go with this target"),
])
def test_money_of_a_yes_no_target_needs_what_decisions_are_worth(money: Money | None, words: str) -> None:
    """Without amounts a right answer was taken to be worth 1, and judged as a number is."""
    problem = replace(suggest_problem(FRAME, COLUMNS, "size"), metric="money", money=money)
    for ask in (lambda: check_target(FRAME, problem), lambda: check(FRAME, COLUMNS, problem)):
        with pytest.raises(BadInput, match=words):
            ask()
    (missing,) = check_target(FRAME, replace(problem, money=Money(true_positive=5.0)))
    assert "have no value" in missing


def test_the_target_is_coded_with_the_positive_class_as_one() -> None:
    y, keep = encode_target(FRAME["size"], suggest_problem(FRAME, COLUMNS, "size"))
    assert keep.sum() == FRAME["size"].notna().sum() == len(y)
    assert np.array_equal(y, FRAME["size"].dropna().astype(int))
    y, keep = encode_target(text(["red", "pink", None, "blue"]), suggest_problem(FRAME, COLUMNS, "colour"))
    assert keep.tolist() == [True, False, False, True]
    assert y.tolist() == [2, 0]


def test_excluded_columns_and_roles() -> None:
    problem = Problem("churn", "binary", "roc_auc", ("No", "Yes"), "Yes", later=("price",), never=("flag",), group="customer",
                      roles={"colour": "id"})
    assert [column.name for column in usable_columns(COLUMNS, problem)] == ["grade", "size", "day"]


def folds_of(problem: Problem, frame: pd.DataFrame = FRAME, folds: int = 5) -> tuple:
    y, keep = encode_target(frame[problem.target], problem)
    assert keep.all()
    return y, make_folds(y, problem, frame, tuple(column for column in COLUMNS if column.name in frame), folds, 0)


def test_random_folds_partition_the_rows_and_keep_the_classes_even() -> None:
    y, folds = folds_of(suggest_problem(FRAME, COLUMNS, "churn"))
    assert sorted(np.concatenate([valid for _, valid in folds])) == list(range(N))
    for train, valid in folds:
        assert not set(train) & set(valid)
        assert len(train) + len(valid) == N
        assert abs(y[valid].mean() - y.mean()) < 0.01
    again = make_folds(y, suggest_problem(FRAME, COLUMNS, "churn"), FRAME, COLUMNS, 5, 0)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(folds, again, strict=True))


def test_number_folds_are_even_in_level() -> None:
    y, folds = folds_of(suggest_problem(FRAME, COLUMNS, "price"))
    assert np.std([y[valid].mean() for _, valid in folds]) < 0.03 * y.mean()


def test_a_group_is_never_on_both_sides() -> None:
    problem = Problem("churn", "binary", "roc_auc", ("No", "Yes"), "Yes", group="customer")
    _, folds = folds_of(problem)
    for train, valid in folds:
        assert not set(FRAME["customer"].iloc[train]) & set(FRAME["customer"].iloc[valid])
        assert 80 <= len(valid) <= 160


def test_time_folds_only_look_back() -> None:
    problem = Problem("churn", "binary", "roc_auc", ("No", "Yes"), "Yes", time="day")
    mixed = FRAME.sample(frac=1, random_state=1).reset_index(drop=True)
    _, folds = folds_of(problem, mixed)
    assert len(folds) == 5
    for train, valid in folds:
        assert mixed["day"].iloc[train].max() < mixed["day"].iloc[valid].min()


def test_in_time_no_row_of_a_validated_group_or_copy_trains() -> None:
    problem = Problem("churn", "binary", "roc_auc", ("No", "Yes"), "Yes", time="day", group="customer")
    spans = FRAME.assign(customer=text([f"c{k}" for k in (np.arange(N) + np.random.default_rng(1).integers(0, 40, N)) // 30]))
    _, folds = folds_of(problem, spans)
    _, whole = folds_of(replace(problem, group=""), spans)
    assert [len(valid) for _, valid in folds] == [len(valid) for _, valid in whole]
    for (train, valid), (every, _) in zip(folds, whole, strict=True):
        assert spans["day"].iloc[train].max() < spans["day"].iloc[valid].min()
        strangers = ~spans["customer"].iloc[every].isin(spans["customer"].iloc[valid]).to_numpy()
        assert np.array_equal(train, every[strangers])
        assert 10 <= len(train) < len(every)
    panel = FRAME.assign(customer=text([f"c{k % 20}" for k in range(N)]))
    with pytest.raises(BadInput, match="occur all the time"):
        folds_of(problem, panel)
    with pytest.raises(BadInput, match="occur all the time"):
        check_split(panel, COLUMNS, problem)
    check_split(spans, COLUMNS, problem)
    check_split(panel, COLUMNS, replace(problem, time=""))
    copied = pd.concat([FRAME, FRAME.iloc[:60].assign(day=FRAME["day"].iloc[-60:].to_numpy())], ignore_index=True)
    _, folds = folds_of(replace(problem, group="", never=("day",), copies_together=True), copied)
    train, valid = folds[-1]
    assert set(range(N + 10, N + 60)) <= set(valid)
    assert not set(range(10, 60)) & set(train)


def test_copied_rows_stay_together_but_a_table_of_few_categories_is_no_copy() -> None:
    copied = pd.concat([FRAME, FRAME.iloc[:60]], ignore_index=True)
    problem = Problem("churn", "binary", "roc_auc", ("No", "Yes"), "Yes", copies_together=True)
    assert copied_rows(FRAME, COLUMNS, problem) is None
    assert copied_rows(copied, COLUMNS, problem) is not None
    _, folds = folds_of(problem, copied)
    for train, _ in folds:
        inside = set(train)
        assert all((i in inside) == (N + i in inside) for i in range(60))
    few = tuple(column for column in COLUMNS if column.name in ("churn", "flag", "colour"))
    assert copied_rows(FRAME, few, problem) is None


def test_copies_are_kept_together_whatever_their_ids_and_outcomes() -> None:
    """What the leak check says of copies is what the folds do: both look at the columns a model sees."""
    copied = pd.concat([FRAME, FRAME.iloc[:60]], ignore_index=True)
    copied["number"] = text([f"n{i}" for i in range(len(copied))])
    copied.loc[N:, "churn"] = np.where(copied.loc[N:, "churn"] == "Yes", "No", "Yes")
    columns = (*COLUMNS, Column("number", "text", "id"))
    problem = Problem("churn", "binary", "roc_auc", ("No", "Yes"), "Yes", copies_together=True)
    y, _ = encode_target(copied["churn"], problem)
    for train, _ in make_folds(y, problem, copied, columns, 5, 0):
        inside = set(train)
        assert all((i in inside) == (N + i in inside) for i in range(60))
    told = {leak.kind: leak for leak in find_leaks(copied, columns, problem, 0)}
    assert "copies are kept on one side" in told["copied_rows"].evidence
    told = {leak.kind: leak for leak in find_leaks(copied, columns, replace(problem, time="day"), 0)}
    assert "copies are kept on one side" in told["copied_rows"].evidence  # nothing is learned from copies of what is judged
    told = {leak.kind: leak for leak in find_leaks(copied, columns, replace(problem, copies_together=False), 0)}
    assert "keep them together" in told["copied_rows"].evidence


def test_copies_may_fall_on_both_sides_unless_they_are_to_be_kept_together() -> None:
    copied = pd.concat([FRAME, FRAME.iloc[:60]], ignore_index=True)
    _, folds = folds_of(Problem("churn", "binary", "roc_auc", ("No", "Yes"), "Yes"), copied)
    split = sum((i in inside) != (N + i in inside) for inside in (set(train) for train, _ in folds) for i in range(60))
    assert split > 0


def test_folds_shrink_for_a_rare_class_and_for_the_budget() -> None:
    frame = pd.DataFrame({"churn": text(["Yes"] * 3 + ["No"] * 97), "x": np.arange(100.0)})
    _, folds = folds_of(Problem("churn", "binary", "roc_auc", ("No", "Yes"), "Yes"), frame)
    assert len(folds) == 3
    asked = [(1_000, 10), (1_000, 60), (7_000, 10), (7_000, 60), (15_000, 60), (30_000, 60), (50_000, 60), (50_000, 240),
             (1_000_000, 60)]
    assert [default_folds(rows, budget) for rows, budget in asked] == [5, 8, 3, 5, 3, 3, 3, 3, 10]
    assert [default_folds(50_000, 60, hurried) for hurried in (False, True)] == [3, 5]  # a fifth is held out and not a third


def test_a_rule_of_three_columns_lists_them_with_a_comma() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.normal(size=1500) for name in "abc"})
    chance = np.where(frame["a"] > 0, np.where(frame["b"] > 0, 0.95, 0.6), np.where(frame["c"] > 0, 0.4, 0.05))
    frame["y"] = np.where(rng.random(1500) < chance, "Yes", "No")
    columns = (*(Column(name, "float", "number") for name in "abc"), Column("y", "bool", "category"))
    problem = Problem("y", "binary", "roc_auc", ("No", "Yes"), "Yes")
    assert "a few questions about “a”, “c” and “b”" in check(frame.astype({"y": "str"}), columns, problem).rule


def test_a_linear_rung_of_many_columns_is_made_of_those_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten thousand columns all were standardised, and 9,600 thrown away."""
    rng, made, scaled = np.random.default_rng(0), [], matrix_step._standardised
    frame = pd.DataFrame(rng.normal(size=(60, 900)), columns=[f"x{place}" for place in range(900)])
    columns = tuple(Column(name, "float", "number") for name in frame)
    monkeypatch.setattr(matrix_step, "_standardised", lambda values: made.append(1) or scaled(values))
    found = matrix_step.simple_matrix(frame, columns)
    assert len(made) == found.linear.shape[1] == matrix_step.MOST_ONE_HOT
    assert found.trees.shape[1] == found.questions.shape[1] == 900


def test_of_words_that_are_as_common_the_same_ones_are_taken_in_every_process() -> None:
    """Sets of words have another order in each process, and the order decided between ties: a verdict changed from run to run."""
    words = [f"word{place:03d}" for place in range(150)]
    frame = pd.DataFrame({"text": [" ".join(words[::-1])] * 40})
    counted, flags = matrix_step._words(frame["text"])
    assert list(flags) == words[: matrix_step.MOST_WORDS]
    assert counted.tolist() == [150.0] * 40
