"""Columns learned with the target: cross-fitted, the same for a table and a row, alive after storing."""
from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

from automl_core.data.infer import table_from_frame
from automl_core.framing.problem import Problem, Task
from automl_core.search import FolderJournal, SearchData, entry, search, text_scores
from automl_core.search import prepared as preparing
from automl_core.search.clock import Clock
from automl_core.search.codes import Coded, CodeSource, LevelMeans, fit_codes
from automl_core.search.crew import Crew
from automl_core.search.earlier import columns_name
from automl_core.search.encoder_files import encoder_files, encoder_from_files
from automl_core.search.feature import Feature
from automl_core.search.features import fit_encoder, with_codes
from automl_core.search.formula_files import formula_files, formulas_from_files
from automl_core.search.formula_lab import MOST_CROSSES, FormulaSource, _formulas, _learned, fit_formulas
from automl_core.search.formulas import Formula, FormulaKind
from automl_core.search.journal import FoldResult
from automl_core.search.log_target import best_scale, from_log, pays, to_log
from automl_core.search.next_task import _early, next_task
from automl_core.search.opening import open_contest
from automl_core.search.plan import Plan
from automl_core.search.portfolio import make_portfolio
from automl_core.search.prepared import prepare
from automl_core.search.race import Race
from automl_core.search.text import fit_text
from automl_core.search.watch import SilentWatch
from automl_core.search.worker import ALL_ROWS, Extras, ExtrasTask, FitTask
from tests.unit.searching import HereExecutor, fit_here, make_data

WORDS = {"Yes": ["refund", "angry", "broken", "late"], "No": ["thanks", "great", "quick", "happy"]}


def table(rows: int = 500, seed: int = 0) -> pd.DataFrame:
    """A town of 40 with its own risk, a text that speaks for the outcome, and two numbers whose ratio matters."""
    random = np.random.default_rng(seed)
    town = random.integers(0, 40, rows)
    price, area = random.uniform(50, 500, rows), random.uniform(20, 200, rows)
    risk = random.normal(0, 1.2, 40)[town] + 2.0 * (price / area > 4) - 1.0
    gone = np.where(random.random(rows) < 1 / (1 + np.exp(-risk)), "Yes", "No")
    text = [" ".join(random.choice(WORDS[label if random.random() < 0.8 else "No"], 3)) + f" order {random.integers(0, 900)}"
            for label in gone]
    return pd.DataFrame({"town": [f"town {code}" for code in town], "price": price, "area": area, "note": text, "gone": gone})


PROBLEM = Problem("gone", "binary", "roc_auc", ("No", "Yes"), "Yes")


def source(task: Task = "binary") -> tuple[CodeSource, pd.DataFrame]:
    found = table_from_frame(table(), "orders")
    encoder = fit_encoder(found.frame, found.columns, PROBLEM)
    y = (found.frame["gone"] == "Yes").to_numpy(dtype=np.float64)
    if task == "regression":
        y = 3.0 * y + found.frame["price"].to_numpy(dtype=np.float64) / 100
    return CodeSource(encoder.matrix(found.frame), encoder.features, encoder.terms(found.frame), y, task), found.frame


def test_a_row_never_sees_its_own_target() -> None:
    """Another outcome of one training row changes the codes of others, not its own."""
    given, _ = source("regression")  # where the parts do not depend on outcomes
    train = np.arange(400)
    before = fit_codes(given, train, 0)
    assert {type(code).__name__ for code in before.codes} == {"LevelMeans", "TextScores"}
    for row in (3, 77, 250):
        y = given.y.copy()
        y[row] += 0.7
        turned = fit_codes(CodeSource(given.matrix, given.features, given.terms, y, "regression"), train, 0)
        assert turned.values[row, 0] == pytest.approx(before.values[row, 0], abs=0.01)  # but for the overall mean
        assert turned.values[row, 1] == pytest.approx(before.values[row, 1], abs=1e-3)
        others = train[train != row]
        assert np.abs(turned.values[others] - before.values[others]).max() > 0.02


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_row_that_counts_twice_is_a_row_that_is_there_twice(task: Task) -> None:
    given, _ = source(task)
    train, left = np.arange(400), np.arange(400, 500)
    doubled = np.append(train, train[:150])
    weights = np.ones(500)
    weights[:150] = 2.0
    weighed = fit_codes(replace(given, weights=weights), train, 0)
    plain, repeated = fit_codes(given, train, 0), fit_codes(given, doubled, 0)
    for column, nearness in ((0, 1e-9), (1, 0.02)):
        spread = repeated.values[left, column].std()
        assert np.abs(weighed.values[left, column] - repeated.values[left, column]).max() <= nearness * max(spread, 1.0)
        assert np.abs(plain.values[left, column] - repeated.values[left, column]).max() > 0.05 * spread


def test_of_very_many_classes_the_most_frequent_are_coded() -> None:
    """Thirty columns of a hundred classes were 3,000 more; what there is of a class stays the same."""
    random = np.random.default_rng(0)
    rows, columns, classes = 600, 30, 100
    shares = 1.0 / np.arange(1, classes + 1)
    y = random.choice(classes, rows, p=shares / shares.sum())[random.permutation(rows)].astype(np.float64)
    levels = tuple(f"l{number}" for number in range(20))
    features = tuple(Feature(f"c{number}", (f"c{number}",), "category", levels) for number in range(columns))
    matrix = random.integers(0, 20, (rows, columns)).astype(np.float64)
    names = tuple(f"k{number}" for number in range(classes))
    train = np.arange(500)
    wide = CodeSource(matrix, features, {}, y, "multiclass", classes, names)
    coded = fit_codes(wide, train)
    assert coded.values.shape == (rows, 300)
    assert len(coded.features) == 300
    frequent = set(np.argsort(-np.bincount(y[train].astype(np.int64), minlength=classes), kind="stable")[:10])
    assert {feature.name for feature in coded.features if feature.sources == ("c0",)} == {
        f"c0 (usual outcome k{number})" for number in frequent}
    one = fit_codes(replace(wide, features=features[:1]), train)  # one column is told of all classes
    assert one.values.shape == (rows, classes)
    assert np.array_equal(one.values[:, sorted(frequent)], coded.values[:, :10])
    assert coded.codes[0].values.shape == (21, 10)  # type: ignore[union-attr]


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_rows_of_one_group_leave_texts_uncoded(task: Task) -> None:
    """No other rows could speak for them: a number's line was fitted on none, and all codes were lost with it."""
    given, _ = source(task)
    groups = np.repeat([0, 1], [400, 100])
    alone = fit_codes(replace(given, groups=groups), np.arange(400), 0)
    assert [type(code).__name__ for code in alone.codes] == ["LevelMeans"]
    assert alone.values.shape == (500, len(alone.features)) == (500, 1)
    both = fit_codes(replace(given, groups=groups), np.arange(500), 0)
    assert [type(code).__name__ for code in both.codes] == ["LevelMeans", "TextScores"]


@pytest.mark.parametrize(("groups", "coded"), [(2, False), (3, True)])
def test_what_no_fold_could_learn_is_not_learned_for_the_model_alone(groups: int, coded: bool) -> None:
    """Of two groups each training part has one: models with codes would have been judged without."""
    given = table()
    given["shop"] = [f"shop {number % groups}" for number in range(len(given))]
    found = table_from_frame(given, "orders")
    prepared = prepare(SearchData(found.frame, found.columns, replace(PROBLEM, group="shop")), Plan(60))
    assert prepared.terms
    assert (prepared.coded, prepared.views.codes) == (coded, coded)


def test_groups_that_follow_each_other_in_time_keep_their_texts() -> None:
    """The oldest fold learns from the first group alone: for its sake no text was looked at in any."""
    given = table()
    given["shop"], given["day"] = np.arange(500) * 6 // 500, pd.date_range("2024-01-01", periods=500)
    found = table_from_frame(given, "orders")
    prepared = prepare(SearchData(found.frame, found.columns, replace(PROBLEM, group="shop", time="day")), Plan(60, folds=5))
    assert prepared.groups is not None
    assert prepared.coded
    assert len(prepared.folds) == 4
    assert all(np.ptp(prepared.groups[train]) > 0 for train, _ in prepared.folds)


def test_texts_that_are_not_looked_at_are_named_and_lines_can_be_read(tmp_path: Path, here: HereExecutor) -> None:
    given = table()
    given["shop"] = [f"shop {number % 2}" for number in range(len(given))]
    found = table_from_frame(given, "orders")
    data = SearchData(found.frame, found.columns, replace(PROBLEM, group="shop"))
    outcome = search(data, Plan(60, 2, families=("linear",), folds=2, max_trials=1), FolderJournal(tmp_path))
    assert "” was not used: what texts say is learned from other groups" in outcome.summary.sentence
    assert make_portfolio(PROBLEM, 500, Plan(), prepare(data, Plan(60)).views)[0].view == "plain"


def test_a_line_through_texts_that_does_not_converge_is_taken_as_it_is(recwarn: pytest.WarningsRecorder) -> None:
    random = np.random.default_rng(0)
    target = text_scores.TextTarget(random.integers(0, 2, 300).astype(float), "binary", 2)
    weights, _ = text_scores._class_line(csr_matrix(100 * random.normal(size=(300, 200))), target, np.arange(300), 1.0)
    assert np.isfinite(weights).all()
    assert not [str(one.message) for one in recwarn]


def test_texts_of_many_classes_are_coded_one_class_after_the_other_while_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The most frequent classes first. What time left out is a constant, which no model splits, and the columns are the same."""
    given, _ = source()
    random = np.random.default_rng(0)
    classes = np.minimum(random.geometric(0.3, len(given.y)) - 1, 11)
    several = replace(given, y=classes.astype(float), task="multiclass", classes=12, features=given.features[:0],
                      class_names=tuple("abcdefghijkl"))
    train, learned = np.arange(400), list[float]()
    whole = fit_codes(several, train, 0)
    line = text_scores._class_line

    def noted(matrix: Any, target: Any, rows: Any, mark: float) -> Any:
        learned.append(mark)
        return line(matrix, target, rows, mark)

    monkeypatch.setattr(text_scores, "_class_line", noted)
    cut = fit_codes(several, train, 0, time.monotonic() + 1e-3)
    assert (whole.whole, cut.whole) == (True, False)
    assert [feature.name for feature in cut.features] == [feature.name for feature in whole.features]
    assert 4 <= len(learned) < 4 * 12
    assert learned[:4] == [0.0] * 4
    known = sorted({int(mark) for mark in learned[: len(learned) // 4 * 4]})
    np.testing.assert_array_equal(cut.values[:, known], whole.values[:, known])
    others = [column for column in range(12) if column not in known]
    shares = np.array([np.mean(classes[train] == column) for column in others])
    assert (np.ptp(cut.values[:, others], axis=0) == 0).all()
    present = shares > 0
    np.testing.assert_allclose(1 / (1 + np.exp(-cut.values[0, others][present])), shares[present])


def test_where_texts_are_coded_for_long_one_candidate_need_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many classes: it is fitted first, while another worker learns the codes. In trials, and of few classes, none is."""
    frame = table(600)
    frame["kind"] = [f"k{number % 12}" for number in range(600)]
    found = table_from_frame(frame, "orders")
    problem = Problem("kind", "multiclass", "log_loss", tuple(sorted(set(frame["kind"]))))
    data, plan = SearchData(found.frame, found.columns, problem), Plan(60, 2, families=("linear", "lightgbm"), folds=2)
    prepared = prepare(data, plan)
    assert prepared.terms
    assert not prepared.views.slow  # so few texts are coded in a second
    monkeypatch.setattr(preparing, "MANY_TERMS", 0)
    contest = open_contest(prepared, plan, FolderJournal(tmp_path), Clock(60.0))
    race = Race(contest, Clock(60.0), Crew(Learning(), None), FolderJournal(tmp_path), SilentWatch())
    first = next_task(race, 0.0)
    assert isinstance(first, FitTask)
    assert (first.family, first.extras) == ("lightgbm", ())
    assert contest.candidates[0].label == "LightGBM, careful, without text codes"
    assert [candidate.view for candidate in contest.candidates[:3]] == ["plain", "coded", "coded"]
    usual = make_portfolio(problem, 600, plan, prepared.views._replace(slow=False))
    assert contest.candidates[1:] == usual
    assert make_portfolio(problem, 600, replace(plan, max_trials=9), prepared.views)[0].view == "coded"
    assert not prepare(SearchData(found.frame, found.columns, PROBLEM), plan).views.slow


def test_rows_left_out_are_coded_by_the_whole_training_part() -> None:
    given, _ = source()
    train, left = np.arange(400), np.arange(400, 500)
    coded = fit_codes(given, train, 0)
    means = next(code for code in coded.codes if isinstance(code, LevelMeans))
    assert coded.values[left, 0] == pytest.approx(means.columns(given.matrix[left])[:, 0])
    level = int(given.matrix[400, means.place])
    mine = train[given.matrix[train, means.place] == level]
    prior = given.y[train].mean()
    assert means.values[level, 0] == pytest.approx((given.y[mine].sum() + 10 * prior) / (len(mine) + 10))
    assert means.values[-1, 0] == pytest.approx(prior)


def test_codes_are_alike_for_a_table_a_row_and_after_storing() -> None:
    given, frame = source()
    found = table_from_frame(table(), "orders")
    encoder = fit_encoder(found.frame, found.columns, PROBLEM)
    coded = fit_codes(given, np.arange(len(frame)), 0)
    whole = with_codes(encoder, coded.codes, coded.features)
    again = encoder_from_files(encoder_files(whole))
    matrix = whole.matrix(frame)
    assert matrix.shape[1] == encoder.plain + len(coded.features) == len(whole.features)
    assert again.matrix(frame) == pytest.approx(matrix, nan_ok=True, abs=1e-12)
    for number in (0, 5, 99):
        row = frame.iloc[number].to_dict()
        assert again.row(row) == pytest.approx(matrix[number], nan_ok=True, abs=1e-9)
    strange = {"town": "nowhere", "price": None, "area": 1.0, "note": None}
    assert np.isfinite(again.row(strange)[encoder.plain:]).all()


def test_models_with_the_same_columns_have_them_packed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each rung of a ladder was measured and written with texts that were compressed anew."""
    found = table_from_frame(table(200), "orders")
    encoder = fit_encoder(found.frame, found.columns, PROBLEM)
    y = (found.frame["gone"] == "Yes").to_numpy(dtype=np.float64)
    given = CodeSource(encoder.matrix(found.frame), encoder.features, encoder.terms(found.frame), y, "binary")
    one, other = (fit_codes(given, np.arange(rows)) for rows in (200, 150))
    packed, pack = list[int](), np.savez_compressed

    def counted(*arguments: Any, **arrays: Any) -> None:
        packed.append(len(arrays))
        pack(*arguments, **arrays)

    monkeypatch.setattr(np, "savez_compressed", counted)
    files = [encoder_files(with_codes(encoder, learned.codes, learned.features)) for learned in (one, other, one, other, one)]
    assert len(packed) == 2
    assert files[0] == files[2] == files[4]
    assert files[1] == files[3] != files[0]
    assert encoder_files(encoder) != files[0]
    fresh = encoder_from_files(files[0])
    assert encoder_files(fresh) == files[0]


def lab(task: Task, seed: int, noise: bool = False) -> FormulaSource:
    random = np.random.default_rng(seed)
    n = 1500
    matrix = np.column_stack([random.uniform(1, 10, n), random.uniform(1, 10, n), random.normal(0, 1, n),
                              random.integers(0, 6, n), random.integers(0, 5, n)]).astype(np.float64)
    matrix[random.random(n) < 0.05, 1] = np.nan
    matrix[random.random(n) < 0.05, 3] = np.nan
    signal = np.nan_to_num(matrix[:, 0] / matrix[:, 1], nan=1.0)
    y = random.normal(0, 1, n) if noise else np.log(signal) + random.normal(0, 0.3, n)
    if task == "binary":
        y = (y > 0).astype(np.float64)
    if task == "multiclass":
        y = np.digitize(y, [-0.5, 0.5]).astype(np.float64)
    levels = tuple("abcdef")
    numbers = (Feature(name, (name,), "number") for name in ("price", "area", "luck"))
    features = (*numbers, Feature("town", ("town",), "category", levels), Feature("kind", ("kind",), "category", levels[:5]))
    return FormulaSource(matrix, features, y, task, 3)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_ratio_that_matters_is_found_and_computed_alike(task: Task) -> None:
    given = lab(task, 1)
    formed = fit_formulas(given, np.arange(1200), 0)
    names = [feature.name for feature in formed.formulas.features]
    assert {"price / area", "area / price"} & set(names)
    assert formed.formulas.features[0].sources in (("price", "area"), ("area", "price"))
    assert len(names) <= 5
    again = formulas_from_files(formula_files(formed.formulas))
    columns = again.columns(given.matrix)
    assert columns == pytest.approx(formed.formulas.columns(given.matrix), nan_ok=True)
    cells = np.array([again.cells(row) for row in given.matrix[:200].tolist()])
    assert cells == pytest.approx(columns[:200], nan_ok=True, abs=1e-12)
    assert columns[1200:] == pytest.approx(formed.values[1200:], nan_ok=True)


def test_values_of_formulas_are_kept_in_as_many_bits_as_fits_read() -> None:
    given = lab("binary", 1)
    wide, narrow = (fit_formulas(given, np.arange(1200), 0, kept=kept) for kept in (np.float64, np.float32))
    assert (wide.values.dtype, narrow.values.dtype) == (np.float64, np.float32)
    np.testing.assert_array_equal(narrow.values, wide.values.astype(np.float32))
    assert narrow.values.shape[1] > 0


def crossed(seed: int, noise: bool = False, classes: int = 4) -> FormulaSource:
    """Two categories of which neither says anything alone: where they differ in parity the outcome is mostly the last class."""
    random = np.random.default_rng(seed)
    n = 1500
    matrix = np.column_stack([random.integers(0, 4, n), random.integers(0, 6, n), random.normal(0, 1, n)]).astype(np.float64)
    matrix[random.random(n) < 0.03, 0] = np.nan
    differ = (np.nan_to_num(matrix[:, 0]) + matrix[:, 1]) % 2 == 1
    last = random.random(n) < (0.3 if noise else np.where(differ, 0.55, 0.05))
    y = np.where(last, classes - 1, random.integers(0, classes - 1, n)).astype(np.float64)
    features = (Feature("town", ("town",), "category", tuple("abcd")), Feature("kind", ("kind",), "category", tuple("abcdef")),
                Feature("luck", ("luck",), "number"))
    return FormulaSource(matrix, features, y, "multiclass", classes, class_names=tuple(f"k{code}" for code in range(classes)))


def test_two_categories_that_decide_one_of_several_classes_are_crossed() -> None:
    given, train = crossed(0), np.arange(1200)
    formed = fit_formulas(given, train, 0)
    best = formed.formulas.items[0]
    assert best.feature.name in ("town with kind (usual outcome k3)", "kind with town (usual outcome k3)")
    assert set(best.feature.sources) == {"town", "kind"}
    town, kind = np.meshgrid(np.arange(4), np.arange(6), indexing="ij")
    grid = np.column_stack([town.ravel(), kind.ravel(), np.zeros(24)]).astype(np.float64)
    told, differ = best.column(grid), (town + kind).ravel() % 2 == 1
    assert told[differ] == pytest.approx(np.full(12, 0.55), abs=0.2)
    assert told[~differ] == pytest.approx(np.full(12, 0.05), abs=0.1)
    turned = given.y.copy()
    turned[7] = 3.0 - turned[7]
    parts = train % 5
    before, after = (_learned(replace(given, y=y), best, train, parts)[1] for y in (given.y, turned))
    assert before[7] == pytest.approx(after[7], abs=1e-3)  # a row is told by others: but for the overall mean
    stored = formulas_from_files(formula_files(formed.formulas))
    assert stored.columns(given.matrix) == pytest.approx(formed.formulas.columns(given.matrix))
    assert stored.columns(given.matrix)[1200:] == pytest.approx(formed.values[1200:])
    assert np.mean([len(fit_formulas(crossed(seed, noise=True), train, 0).formulas.items) for seed in range(4)]) < 2


def test_crosses_tell_of_the_most_frequent_classes_only() -> None:
    """A hundred classes of one pair of categories would be a hundred columns."""
    given = crossed(0, classes=100)
    whole = replace(given, features=given.features + given.features[:1], matrix=np.hstack([given.matrix, given.matrix[:, :1]]))
    told = [formula for formula in _formulas(whole, whole.matrix, np.ones(4), whole.y) if formula.kind == "cross_mean"]
    assert len(told) == 3 * (MOST_CROSSES // 3)
    assert 99 in {formula.label for formula in told}
    counts = np.bincount(given.y.astype(np.int64))
    assert min(counts[[formula.label for formula in told]]) >= np.sort(counts)[-MOST_CROSSES // 3]


def test_formulas_of_weighed_rows_are_those_of_rows_that_count() -> None:
    """Three rows in four tell of another ratio and weigh next to nothing; what levels are usual goes by weight, too."""
    given, others = lab("regression", 1), np.arange(1500) % 4 > 0
    matrix = given.matrix.copy()
    matrix[others, 0] = np.random.default_rng(0).uniform(1, 10, int(others.sum()))
    y = np.where(others, 3.0 * matrix[:, 2] * matrix[:, 0], given.y)
    mixed = replace(given, matrix=matrix, y=y)
    weighed = replace(mixed, weights=np.where(others, 4e-6, 4.0))
    train = np.arange(1500)
    names = [{feature.name for feature in fit_formulas(source, train, 0).formulas.features} for source in (mixed, weighed)]
    assert not {"price / area", "area / price"} & names[0]
    assert {"price / area", "area / price"} & names[1]


@pytest.mark.parametrize(("kind", "inputs"), [("cross_mean", (3, 4)), ("group_difference", (0, 3))])
def test_a_usual_value_counts_a_row_as_often_as_it_weighs(kind: FormulaKind, inputs: tuple[int, int]) -> None:
    given, train = lab("regression", 2), np.arange(1500)
    doubled = np.append(train, train[:400])
    formula = Formula(kind, inputs, Feature("usual", ("town",), "number"))
    weights = np.where(train < 400, 2.0, 1.0)
    tables = [_learned(source, formula, rows, rows % 5)[0].table
              for source, rows in ((replace(given, weights=weights), train), (given, doubled), (given, train))]
    assert tables[0] == pytest.approx(tables[1])
    assert np.abs(tables[0] - tables[2]).max() > 0.01


def test_noise_has_few_formulas_and_no_time_has_none() -> None:
    kept = [len(fit_formulas(lab("regression", seed, noise=True), np.arange(1200), 0).formulas.items) for seed in range(6)]
    assert np.mean(kept) < 4
    assert np.mean([len(fit_formulas(crossed(seed, noise=True), np.arange(1200), 0).formulas.items) for seed in range(4)]) < 2
    assert fit_formulas(lab("regression", 0), np.arange(1200), 0, until=0.0).formulas.items == ()
    assert formulas_from_files({}).items == ()


def test_logarithms_there_and_back() -> None:
    random = np.random.default_rng(0)
    y: NDArray[np.float64] = np.exp(random.normal(3, 1, 4000))
    assert pays(y)
    assert not pays(random.normal(0, 1, 4000))
    assert not pays(-y)
    assert from_log(to_log(y)) == pytest.approx(y)
    flat = np.full(4000, float(from_log(np.array([to_log(y).mean()]))[0]))
    assert best_scale(y, flat) * flat[0] == pytest.approx(y.mean())


@pytest.mark.parametrize(("unit", "tried"), [(1000.0, True), (1.0, True), (0.3, True), (0.02, False), (1e-6, False)])
def test_a_logarithm_that_bends_nothing_does_not_pay(unit: float, tried: bool) -> None:
    """Of 1 + 0.02 it is 0.02: the tail is as long as before, and the model of it the same model once more."""
    random = np.random.default_rng(0)
    assert pays(unit * np.exp(random.normal(0, 1, 4000))) == tried
    assert pays(unit * np.where(random.random(4000) < 0.6, 0.0, np.exp(random.normal(0, 1, 4000)))) == tried


def test_a_metric_of_logarithms_has_them_tried_whatever_the_tail() -> None:
    data = make_data("regression")
    even = replace(data, frame=data.frame.assign(**{data.problem.target: np.linspace(1.0, 100.0, len(data.frame))}))
    for metric, logs in (("rmse", False), ("rmsle", True)):
        prepared = prepare(replace(even, problem=replace(data.problem, metric=metric)), Plan(folds=2))
        assert not pays(prepared.y)
        assert prepared.views.logs == logs


def test_a_search_with_texts_and_levels_hands_over_one_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits take place here; in workers of a cluster and of this machine tests/unit/test_search_tuning.py has the same columns."""
    fit_here(monkeypatch)
    found = table_from_frame(table(600), "orders")
    plan = Plan(60, 2, families=("linear", "lightgbm"), max_trials=6, folds=3)
    outcome = search(SearchData(found.frame, found.columns, PROBLEM), plan, FolderJournal(tmp_path))
    assert outcome.summary.score.mean > 0.8
    assert any(trial.label.endswith("with formulas") for trial in outcome.summary.leaderboard)
    for model in outcome.rungs.values():
        assert model.encoder.codes
        whole = model.predict_frame(found.frame.head(30))
        rows = [model.predict_row(row) for row in found.frame.head(30).drop(columns="gone").to_dict("records")]
        assert rows == pytest.approx(whole, abs=1e-9)


def test_a_search_that_goes_on_has_the_columns_of_its_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At first there was no time to learn of texts; later there is, but the model of the first fold is one without them."""
    here = fit_here(monkeypatch)
    found = table_from_frame(table(400), "orders")
    data, plan = SearchData(found.frame, found.columns, PROBLEM), Plan(60, 2, families=("linear",), max_trials=3, folds=2)
    learned = []

    def short(source: CodeSource, train: Any, seed: int = 0, until: float = 0.0) -> Coded:
        learned.append(len(train))
        return fit_codes(source, train, seed, 0.0 if len(learned) < 5 else until)

    monkeypatch.setattr("automl_core.search.worker.fit_codes", short)
    submit = here.submit

    def lossy(task: Any, *arguments: Any) -> Future[Any]:
        if len(arguments) > 1 and isinstance(arguments[1], FitTask) and arguments[1].fold == ALL_ROWS:
            future: Future[Any] = Future()
            future.set_result(FoldResult(arguments[1].key, ALL_ROWS, np.zeros(0), error="It was lost."))
            return future
        return submit(task, *arguments)

    monkeypatch.setattr(here, "submit", lossy)
    search(data, plan, FolderJournal(tmp_path))
    assert len(learned) == 4  # of all rows twice: what was learned early of them was not whole
    outcome = search(data, plan, FolderJournal(tmp_path))
    assert not outcome.summary.refitted
    model = outcome.model
    assert [code.source for code in model.encoder.codes] == ["town"]
    assert all(len(member.native.scales) == len(model.encoder.features) for member in model.members)
    assert np.isfinite(model.predict_frame(found.frame)).all()


@pytest.mark.parametrize("whole", [True, False])
def test_columns_of_which_time_left_out_a_part_are_not_kept_for_more_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """Those of all rows, which no model rests on that could not be fitted again: with more time they are learned whole."""
    fit_here(monkeypatch)
    found = table_from_frame(table(400), "orders")
    data, plan = SearchData(found.frame, found.columns, PROBLEM), Plan(60, 1, families=("linear",), max_trials=2, folds=2)
    monkeypatch.setattr("automl_core.search.worker.fit_codes", lambda *given: replace(fit_codes(*given), whole=whole))
    journal = FolderJournal(tmp_path)
    search(data, plan, journal)
    fingerprint = prepare(data, plan).fingerprint
    assert journal.kept(fingerprint, columns_name("codes", 0))
    assert bool(journal.kept(fingerprint, columns_name("codes", ALL_ROWS))) is whole


class Learning(HereExecutor):
    """Notes which learned columns were asked for, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.learned: list[int] = []

    def submit(self, task: Any, *arguments: Any) -> Future[Any]:
        if len(arguments) > 1 and isinstance(arguments[1], ExtrasTask):
            self.learned.append(arguments[1].fold)
        return super().submit(task, *arguments)


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_a_worker_that_would_wait_learns_what_the_refits_want(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int) -> None:
    """Each part of the rows once, all rows among them: beside the first fold where there is a second worker, else at the end."""
    executor = Learning()
    monkeypatch.setattr(entry, "open_executor", lambda *arguments: executor)
    found = table_from_frame(table(400), "orders")
    plan = Plan(60, jobs, families=("linear",), max_trials=2, folds=3)
    outcome = search(SearchData(found.frame, found.columns, PROBLEM), plan, FolderJournal(tmp_path))
    assert outcome.summary.refitted
    assert sorted(executor.learned) == [ALL_ROWS, 0, 1, 2]
    assert executor.learned.index(ALL_ROWS) == (3 if jobs == 1 else 1)


def test_texts_are_the_same_whatever_comes_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many at once, in several parts, or alone; the vocabulary is counted as one would by hand."""
    texts = table(300)["note"].tolist()
    whole = fit_text(texts)
    monkeypatch.setattr("automl_core.search.text.BATCH_TERMS", 50)
    parts = fit_text(texts)
    assert whole is not None
    assert parts is not None
    assert list(whole.vocabulary) == list(parts.vocabulary)
    spread = {word: sum(word in text.split() for text in texts) for word in ("order", "refund", "late")}
    for word, count in spread.items():
        assert whole.idf[whole.vocabulary[word]] == np.log((1 + len(texts)) / (1 + count)) + 1
    assert {term for term in whole.vocabulary if " " not in term and term[0] != "~"} == {
        word for word in {word for text in texts for word in text.split()} if sum(word in text.split() for text in texts) >= 2}
    mixed = [None, "", "order !", *texts, "nothing known"]
    table_ = whole.table(mixed)
    assert parts.table(mixed).values.tolist() == table_.values.tolist()
    for row, text in enumerate(mixed):
        places, weights = whole.cells(text)
        own = slice(table_.starts[row], table_.starts[row + 1])
        assert table_.places[own].tolist() == places.tolist()
        np.testing.assert_array_equal(table_.values[own], weights.astype(np.float32))
    assert len(whole.table([]).starts) == 1


def test_what_refits_want_is_learned_whole_or_not_yet(tmp_path: Path) -> None:
    """Columns of all rows that came too late, or were lost with their process, are not kept: the refits ask for them again."""
    found = table_from_frame(table(300), "orders")
    plan = Plan(60, 2, families=("linear",), folds=2)
    prepared = prepare(SearchData(found.frame, found.columns, PROBLEM), plan)
    contest = open_contest(prepared, plan, FolderJournal(tmp_path), Clock(60.0))
    race = Race(contest, Clock(60.0), Crew(Learning(), None), FolderJournal(tmp_path), SilentWatch())
    values = np.zeros((len(prepared.y), 1), dtype=np.float32)

    def came(fold: int, seconds: float) -> None:
        task = replace(race.extras_task("codes", fold, 50.0), until=time.time() + seconds)
        race._take_all([(task, Extras("codes", fold, (), (), values))])

    came(ALL_ROWS, -1.0)
    assert ("codes", ALL_ROWS) not in contest.extras
    came(0, -1.0)
    assert ("codes", 0) in contest.extras
    race.crew.again.append((race.extras_task("codes", ALL_ROWS, 50.0), 1))
    race.crew.given_up += [race.extras_task("codes", ALL_ROWS, 50.0), race.extras_task("codes", 1, 50.0)]
    race._take_all([])
    assert race.crew.again == []
    assert set(contest.extras) == {("codes", 0), ("codes", 1)}
    came(ALL_ROWS, 20.0)
    assert ("codes", ALL_ROWS) in contest.extras


def test_refits_learn_for_themselves_when_half_the_time_is_over(tmp_path: Path) -> None:
    found = table_from_frame(table(300), "orders")
    plan = Plan(60, 2, families=("linear",), folds=2)
    prepared = prepare(SearchData(found.frame, found.columns, PROBLEM), plan)
    for spent, early in ((0.0, True), (40.0, False)):
        journal = FolderJournal(tmp_path / str(spent))
        contest = open_contest(prepared, plan, journal, Clock(60.0))
        race = Race(contest, Clock(60.0, spent=spent), Crew(Learning(), None), journal, SilentWatch())
        asked = [_early(race, "codes", spent) is not None for _ in range(2)]
        assert asked == [early, False]  # once
