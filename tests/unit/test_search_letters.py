"""Letters of levels: misspelt towns whose clean names decide, the same for a table and a row, and nothing where there is none."""
from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.data.infer import table_from_frame
from automl_core.explaining.refits import Past, refits
from automl_core.explaining.swap import coded, feature_places, open_rows
from automl_core.framing.problem import Problem, Task
from automl_core.search import FolderJournal, Outcome, SearchData, letter_lab, letters, search
from automl_core.search.codes import CodeSource
from automl_core.search.encoder_files import encoder_files, encoder_from_files
from automl_core.search.features import fit_encoder, letter_columns, with_codes
from automl_core.search.letter_lab import DIMENSIONS, fit_letters
from automl_core.search.letters import Letters, find_lettered
from automl_core.search.plan import Plan
from automl_core.search.portfolio import Views, make_portfolio
from automl_core.search.prepared import prepare
from automl_core.search.text import Terms
from automl_core.search.text_scores import TextTarget, fit_text_scores
from automl_core.search.worker import ExtrasTask, run_extras
from tests.unit.searching import fit_here

TOWNS = ("Bangalore", "Chennai", "Hyderabad", "Mumbai", "Kolkata", "Delhi", "Pune", "Jaipur", "Lucknow", "Kanpur", "Nagpur",
         "Indore", "Thane", "Bhopal", "Visakhapatnam", "Patna", "Vadodara", "Ghaziabad", "Ludhiana", "Agra", "Nashik",
         "Faridabad", "Meerut", "Rajkot", "Varanasi", "Srinagar", "Aurangabad", "Dhanbad", "Amritsar", "Ranchi")
LETTERS = "aeioulnrst"
PROBLEM = Problem("gone", "binary", "roc_auc", ("No", "Yes"), "Yes")


def misspelt(name: str, random: np.random.Generator) -> str:
    """A letter more, less, or another, and sometimes another way to write a town."""
    if random.random() < 0.2:
        return name
    letters = list(name)
    for _ in range(int(random.integers(1, 3))):
        place, kind = int(random.integers(0, len(letters))), int(random.integers(0, 3))
        new = [LETTERS[int(random.integers(0, len(LETTERS)))]]
        letters[place:place + (kind != 1)] = [] if kind == 0 and len(letters) > 3 else new
    return ["{}", "{} city", "new {}", "{} "][int(random.integers(0, 4))].format("".join(letters))


def table(rows: int = 900, seed: int = 0, effect: float = 2.0) -> pd.DataFrame:
    """Customers of 30 towns, most of which are written in many ways; the town decides who is gone."""
    random = np.random.default_rng(seed)
    town = random.integers(0, len(TOWNS), rows)
    age = random.normal(40, 10, rows)
    risk = effect * np.where(np.arange(len(TOWNS)) % 2, 1.0, -1.0)[town] + 0.03 * (age - 40)
    gone = np.where(random.random(rows) < 1 / (1 + np.exp(-risk)), "Yes", "No")
    return pd.DataFrame({"town": [misspelt(TOWNS[code], random) for code in town], "age": age, "gone": gone})


def source(task: Task = "binary", seed: int = 0, effect: float = 2.0) -> tuple[CodeSource, pd.DataFrame]:
    found = table_from_frame(table(seed=seed, effect=effect), "customers")
    encoder = fit_encoder(found.frame, found.columns, PROBLEM)
    y = (found.frame["gone"] == "Yes").to_numpy(dtype=np.float64)
    levels = find_lettered({"town": found.frame["town"]})["town"]
    names, classes = (("a", "b", "c"), 3) if task == "multiclass" else ((), 2)
    if task == "multiclass":
        y = np.where(y == 1, 2.0, np.arange(len(y)) % 2)
    if task == "regression":
        y = 3.0 * y + found.frame["age"].to_numpy(dtype=np.float64) / 100
    matrix = encoder.matrix(found.frame)
    return CodeSource(matrix, encoder.features, {}, y, task, classes, names, levels={"town": levels}), found.frame


def searched(tmp_path: Path, frame: pd.DataFrame) -> Outcome:
    found = table_from_frame(frame, "customers")
    plan = Plan(60, 1, families=("linear", "rule"), max_trials=3, folds=3)
    return search(SearchData(found.frame, found.columns, PROBLEM), plan, FolderJournal(tmp_path))


def test_a_town_that_is_misspelt_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Known truth: the clean name decides. Levels alone are known by name too seldom; letters tell most of it."""
    fit_here(monkeypatch)
    outcome = searched(tmp_path, table())
    scores = {trial.label: trial.score for trial in outcome.summary.leaderboard}
    assert scores["Linear model, with letters"] > scores["Linear model"] + 0.12
    model = outcome.model
    assert [type(code) for code in model.encoder.codes][-1] is Letters
    fresh = table_from_frame(table(seed=1), "customers").frame
    whole = model.predict_frame(fresh)
    assert np.mean((whole > 0.5) == (fresh["gone"] == "Yes")) > 0.75  # 0.87 knows the towns
    rows = [model.predict_row(row) for row in fresh.head(30).drop(columns="gone").to_dict("records")]  # type: ignore[arg-type]
    assert rows == pytest.approx(whole[:30], abs=1e-9)
    opened = open_rows(model, fresh.head(40))
    again = coded(opened, "town", opened.frame["town"])  # what-ifs go through one column alone
    assert again == pytest.approx(opened.matrix[:, feature_places(model, "town")], nan_ok=True)
    assert np.nanmax(np.abs(coded(opened, "town", opened.frame["town"][::-1]) - again)) > 0.1
    assert model.predict_frame(fresh.head(0)).shape == (0,)


def test_letters_that_say_nothing_are_not_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit_here(monkeypatch)
    kept = 0
    for seed in range(3):
        outcome = searched(tmp_path / str(seed), table(500, seed + 10, effect=0.0))
        assert "Linear model, with letters" in {trial.label for trial in outcome.summary.leaderboard}
        kept += any(isinstance(code, Letters) for code in outcome.model.encoder.codes)
    assert kept <= 1


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_row_is_told_by_others(task: Task) -> None:
    """Its own outcome changes what others are told, not what itself is; nor does it count itself."""
    given, frame = source(task)
    train = np.arange(700)
    before = fit_letters(given, train, 0)
    scores = slice(DIMENSIONS, before.values.shape[1] - 1)
    assert [feature.name for feature in before.features][:2] == ["town (letters 1)", "town (letters 2)"]
    assert before.features[-1].name == "town (how common)"
    assert {feature.sources for feature in before.features} == {("town",)}
    several = task == "multiclass"
    assert before.features[DIMENSIONS].name == ("town (letters speak for a)" if several else "town (letters speak for)")
    assert len(before.features) == before.values.shape[1] == DIMENSIONS + (3 if several else 1) + 1
    names = frame["town"].iloc[train]
    others = names.map(names.value_counts()).to_numpy() - 1
    assert before.values[train, -1] == pytest.approx(np.log1p(np.where(others >= 2, others, 0)))
    if task == "regression":  # where the parts do not depend on outcomes
        y = given.y.copy()
        y[7] += 5.0
        turned = fit_letters(replace(given, y=y), train, 0)
        assert turned.values[7, scores] == pytest.approx(before.values[7, scores], abs=1e-9)
        assert np.abs(turned.values[train, scores] - before.values[train, scores]).max() > 0.02


def test_a_row_that_counts_twice_is_a_row_that_is_there_twice() -> None:
    given, _ = source("regression")
    train = np.arange(700)
    weights = np.where(np.arange(len(given.y)) < 150, 2.0, 1.0)
    cases = ((replace(given, weights=weights), train), (given, np.append(train, train[:150])), (given, train))
    weighed, repeated, plain = (fit_letters(one, rows, 0).values[700:, DIMENSIONS] for one, rows in cases)
    assert weighed == pytest.approx(repeated, abs=0.01 * repeated.std())
    assert np.abs(plain - repeated).max() > 0.05 * repeated.std()


def test_a_row_keeps_its_class_however_much_it_counts() -> None:
    """The mean of a class among rows of that class is not it: 0.1 * 3 / 0.1 is a bit more than 3."""
    given, _ = source("multiclass")
    random = np.random.default_rng(0)
    y = random.integers(0, 8, len(given.y)).astype(np.float64)
    weighed = replace(given, y=y, classes=8, weights=random.choice([0.1, 0.3, 0.7, 1.9], len(y)))
    train = np.arange(700)
    sums = letter_lab._summed(weighed, given.levels["town"], train, train % 3)
    assert set(sums.y.tolist()) == set(range(8))
    assert sums.y[sums.of_row].tolist() == y[train].tolist()


def test_how_common_a_level_is_leaves_out_rows_that_belong_together() -> None:
    given, frame = source()
    groups, train = np.arange(len(given.y)) // 7, np.arange(700)
    names = frame["town"].iloc[train].reset_index(drop=True)
    together = pd.DataFrame({"town": names, "group": groups[train]}).groupby(["town", "group"])["town"].transform("size")
    others = (names.map(names.value_counts()) - together).to_numpy()
    values = fit_letters(replace(given, groups=groups), train, 0).values
    assert values[train, -1] == pytest.approx(np.log1p(np.where(others >= 2, others, 0)))


def test_levels_beyond_those_kept_are_as_common_to_rows_learned_from_as_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "KNOWN", 5)
    given, frame = source()
    coded = fit_letters(given, np.arange(700), 0)
    often = coded.codes[0].often  # type: ignore[union-attr]
    assert len(often) == 5
    kept = frame["town"].iloc[:700].isin(list(often)).to_numpy()
    assert (coded.values[:700, -1] > 0).tolist() == kept.tolist()


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_column_that_one_third_alone_has_leaves_the_others_theirs(task: Task) -> None:
    """Its rows, all of one group, have no others that could speak for them."""
    given, _ = source(task)
    groups, town = np.arange(len(given.y)) // 100, given.levels["town"]
    alone = replace(town, places=np.where(groups == 2, town.places, -1).astype(np.int32))
    coded = fit_letters(replace(given, groups=groups, levels={"alone": alone, "town": town}), np.arange(700), 0)
    assert [code.source for code in coded.codes] == ["town"]


def test_letters_tell_of_the_most_frequent_classes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred classes of ten columns were 1,090 columns, with four fits for each class."""
    monkeypatch.setattr(letter_lab, "MOST_SPOKEN", 6)
    given, frame = source("multiclass")
    y = np.repeat(np.arange(8), [50, 50, 300, 50, 50, 200, 50, 150]).astype(np.float64)
    y = np.random.default_rng(0).permutation(y)
    names = tuple("abcdefgh")
    levels = {"town": given.levels["town"], "place": given.levels["town"]}
    several = replace(given, y=y, classes=8, class_names=names, levels=levels)
    coded = fit_letters(several, np.arange(900), 0)
    width = DIMENSIONS + 3 + 1
    assert coded.values.shape[1] == len(coded.features) == 2 * width
    assert [feature.name for feature in coded.features[DIMENSIONS:width - 1]] == [
        f"town (letters speak for {name})" for name in "cfh"]
    whole = fit_letters(replace(several, levels={"town": given.levels["town"]}), np.arange(900), 0)
    assert whole.values.shape[1] == DIMENSIONS + 6 + 1
    same = [place for place, feature in enumerate(whole.features) if feature.name in {one.name for one in coded.features[:width]}]
    assert coded.values[:, :width] == pytest.approx(whole.values[:, same], nan_ok=True)
    assert coded.codes[0].cell(frame["town"][0]) == pytest.approx(  # type: ignore[union-attr, arg-type]
        coded.codes[0].of([frame["town"][0]])[0].tolist())  # type: ignore[union-attr]


def test_what_time_left_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing goes on after the end: steps that look at no clock are short, and are followed by a look."""
    given, _ = source("multiclass")
    train = np.arange(700)
    assert fit_letters(given, train, 0).whole
    assert not fit_letters(given, train, 0, time.monotonic() - 1.0).whole
    learned: list[int] = []

    def slow(texts: Any, dimensions: int) -> Any:
        learned.append(len(texts))
        time.sleep(0.06)
        return fit_pieces(texts, dimensions)

    def never(*arguments: Any) -> Any:
        raise AssertionError("Too late.")

    fit_pieces = letter_lab.fit_pieces
    monkeypatch.setattr(letter_lab, "fit_pieces", slow)
    monkeypatch.setattr(letter_lab, "MOST_LEVELS", 100)
    assert fit_letters(given, train, 0).whole
    assert learned == [100]
    monkeypatch.setattr(letter_lab, "fit_text_scores", never)
    late = fit_letters(given, train, 0, time.monotonic() + 0.05)
    assert (late.codes, late.whole) == ((), False)


def test_names_of_levels_are_read_where_letters_are_learned_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that learns codes would parse a million of them for nothing."""
    given, _ = source()
    arrays = {"matrix": given.matrix, "y": given.y, "train0": np.arange(700)}
    arrays |= {f"levels0.{key}": value for key, value in given.levels["town"].arrays().items()}
    read: list[int] = []
    restored = letters.Levels.restored
    monkeypatch.setattr(letters.Levels, "restored", staticmethod(lambda arrays: read.append(1) or restored(arrays)))
    for kind, times in (("codes", 0), ("letters", 1)):
        task = ExtrasTask(kind, 0, given.features, "binary", 2, (), (), time.time() + 60.0, 0, ("town",))  # type: ignore[arg-type]
        run_extras(arrays, task)
        assert len(read) == times


def test_the_share_of_a_class_is_of_rows_as_they_count() -> None:
    """One row may stand for many: the most frequent class is learned first, the others have their shares."""
    terms = Terms(np.arange(13), np.tile(np.arange(4, dtype=np.int32), 3), np.ones(12, dtype=np.float32), 4)
    y, weights = np.tile([0.0, 0.0, 1.0, 2.0], 3), np.tile([1.0, 1.0, 10.0, 3.0], 3)
    target = TextTarget(y, "multiclass", 3, weights)
    scored = fit_text_scores("note", terms, target, np.arange(12), np.arange(12) % 3, time.monotonic() - 1.0)
    assert scored[0].intercept[[0, 2]] == pytest.approx([math.log(2 / 13), math.log(3 / 12)])
    assert np.abs(scored[0].weights).max(axis=0).tolist()[::2] == [0.0, 0.0]


def test_pure_luck_looks_like_pure_luck_on_the_rows_learned_from() -> None:
    """Letters learned of towns that decide nothing tell as little of the rows they were learned from as of others."""
    told = []
    for seed in range(4):
        given, _ = source(seed=seed, effect=0.0)
        values = fit_letters(given, np.arange(700), 0).values[:700, DIMENSIONS]
        told.append(np.corrcoef(values, given.y[:700])[0, 1])
    assert abs(float(np.mean(told))) < 0.08


def test_letters_are_alike_for_a_table_a_row_and_after_storing() -> None:
    given, frame = source("multiclass")
    frame = frame.copy()
    frame.loc[3, "town"] = None
    encoder = fit_encoder(frame, table_from_frame(table(), "customers").columns, PROBLEM)
    coded = fit_letters(given, np.arange(700), 0)
    whole = with_codes(encoder, coded.codes, coded.features)
    again = encoder_from_files(encoder_files(whole))
    matrix = whole.matrix(frame)
    assert matrix.shape[1] == encoder.plain + len(coded.features) == len(again.features)
    assert again.matrix(frame) == pytest.approx(matrix, nan_ok=True, abs=1e-12)
    assert np.isnan(matrix[3, encoder.plain:]).all()
    assert matrix[700:, encoder.plain:] == pytest.approx(coded.values[700:], abs=1e-9)
    for row in [*range(20), 800]:
        assert again.row(frame.iloc[row].to_dict()) == pytest.approx(matrix[row], nan_ok=True, abs=1e-9)
    assert np.isfinite(again.row({"town": "nowhere at all", "age": 1.0})[encoder.plain:]).all()
    assert np.isfinite(again.row({"town": "", "age": 1.0})[encoder.plain:]).all()


def test_only_levels_that_share_letters_are_looked_at() -> None:
    random = np.random.default_rng(0)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    words = ["".join(random.choice(letters, 8)) for _ in range(500)]
    codes = [f"{''.join(random.choice(letters, 2))}-{random.integers(1000, 9999)}" for _ in range(500)]
    columns = {"words": words, "codes": codes, "numbered": [f"town {random.integers(0, 400)}" for _ in range(900)],
               "clean": TOWNS * 20, "misspelt": list(table()["town"]) + [None] * 5}
    assert list(find_lettered({name: pd.Series(column) for name, column in columns.items()})) == ["misspelt"]


def test_of_very_many_columns_those_that_promise_most_have_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of clean names are put before some columns: the fewer of these, the more there is to gain."""
    compared: list[int] = []
    alike = letters._alike

    def counting(names: tuple[str, ...]) -> float:
        compared.append(len(names))
        return alike(names)

    monkeypatch.setattr(letters, "_alike", counting)
    random = np.random.default_rng(1)
    clean = np.array([100, 500, 0, 300] * 11)  # of 600 rows
    frame = pd.DataFrame({f"town {number}": [*random.choice(TOWNS[:5], many), *(misspelt(TOWNS[place % 30], random) for place in
                                                                               range(600 - many))]
                          for number, many in enumerate(clean)})
    found = table_from_frame(frame.assign(gone=["Yes", "No"] * 300), "customers")
    named = prepare(SearchData(found.frame, found.columns, PROBLEM), Plan(60, 1, folds=2)).levels
    assert list(named) == [name for name in frame if name in named]  # in their order
    kept = [int(clean[int(name.split()[1])]) for name in named]
    assert len(kept) == letters.MOST_COLUMNS
    assert len(compared) == letters.MOST_LOOKED
    assert kept.count(0) == 11
    assert kept.count(100) == letters.MOST_COLUMNS - 11
    few = letter_columns(found.frame[["town 1", "town 2"]], fit_encoder(found.frame, found.columns[1:3], PROBLEM))
    assert list(few) == [name for name in ("town 1", "town 2") if find_lettered({name: found.frame[name]})]


def test_a_table_without_such_levels_pays_nothing() -> None:
    frame = table().assign(town=[TOWNS[number % 30] for number in range(900)])
    found = table_from_frame(frame, "customers")
    plan = Plan(60, 1, folds=2)
    clean = prepare(SearchData(found.frame, found.columns, PROBLEM), plan)
    assert not clean.views.letters
    assert all(candidate.view != "lettered" for candidate in make_portfolio(PROBLEM, 900, plan, clean.views))
    dirty = table_from_frame(table(), "customers")
    views = prepare(SearchData(dirty.frame, dirty.columns, PROBLEM), plan).views
    assert views == Views(codes=views.codes, formulas=True, letters=True, features=views.features)
    found_ = make_portfolio(PROBLEM, 900, plan, views)
    lettered = [candidate for candidate in found_ if candidate.view == "lettered"]
    assert {candidate.family for candidate in lettered} >= {"linear", "lightgbm"}
    twins = {candidate.key: candidate for candidate in found_}
    assert all(twins[candidate.twin].options == candidate.options for candidate in lettered)
    assert all(candidate.view != "lettered" for candidate in found_[:2])


def test_models_with_letters_are_fitted_again_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On halves: what explaining says of a score is said of such models."""
    fit_here(monkeypatch)
    outcome = searched(tmp_path, table())
    found = table_from_frame(table(), "customers")
    model = outcome.model
    y = (found.frame["gone"] == "Yes").to_numpy(dtype=np.float64)
    made = list(refits(model, Past(found.frame, y, found.columns, outcome.summary.leaderboard), 1.0))
    assert len(made) >= 2
    for one in made:
        said = one.model.predict_frame(found.frame.iloc[one.valid])
        assert any(isinstance(code, Letters) for code in one.model.encoder.codes)
        assert np.mean((said > 0.5) == (y[one.valid] == 1)) > 0.7
