"""The quick routes give what slow ones do: walked forests, added-up terms, tables of mixtures against coalitions and loops."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_core.explaining import (
    contributions,
    explain,
    explain_row,
    explain_rows,
    open_reference,
    overview,
    pick_background,
    reference_rows,
    row_care,
)
from automl_core.explaining.chance import draws, row_seeds
from automl_core.explaining.coalitions import enumerated
from automl_core.explaining.contributions import fixed_row_care, of_matrix
from automl_core.explaining.leaf_tables import leaf_tables, shapley_weights
from automl_core.explaining.orders import mixtures, plan
from automl_core.explaining.overview import _fixed
from automl_core.explaining.reference import Care, Reference, parted
from automl_core.explaining.threads import shared
from automl_core.explaining.woods import Woods, walked
from automl_core.framing.problem import Task
from automl_core.search.boxes import Valued
from automl_core.search.calibration import Calibration
from automl_core.search.family import Family
from automl_core.search.model import Model
from automl_core.search.packed import Packed
from tests.unit.test_explaining_routes import model, table, target

FULL = Care(60, 1_000)


def opened(made: Model, rows: int = 30) -> Reference:
    return open_reference(made, made.encoder.matrix(table()[0].tail(rows)))


def apart(found: np.ndarray, truth: np.ndarray) -> float:
    """What is wrong, as a share of all parts' sizes."""
    return float(np.abs(found - truth).sum() / np.abs(truth).sum())


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("family", ["extra_trees", "random_forest"])
def test_a_walked_forest_is_the_enumeration(family: str, task: Task) -> None:
    """Missing numbers, dates of several features and coded levels included; blends of forests too."""
    for members in ((family,), (family, "extra_trees")):
        made = model(task, members)
        reference = opened(made)
        assert len(reference.woods) == len(members)
        rows = made.encoder.matrix(table()[0].head(3))
        found = parted(reference, rows, FULL, row_seeds(rows, 0))
        assert found.doubt is not None
        assert float(np.max(found.doubt)) == 0
        for number in range(3):
            truth = enumerated(made, rows[number : number + 1], reference.matrix)
            np.testing.assert_allclose(found.phi[number], truth.phi[0], atol=2e-4 * float(np.abs(truth.phi).max()))
            np.testing.assert_allclose(found.base, truth.base, atol=1e-9)


@pytest.mark.parametrize("meetings", [1, 5])
def test_a_thinned_walk_is_unbiased_and_tells_its_error(meetings: int) -> None:
    made = model("binary", ("extra_trees",))
    reference = opened(made, 100)
    woods, rows = reference.woods[0], made.encoder.matrix(table()[0].head(10))
    truth, _ = walked(woods, rows, 100, row_seeds(rows, 0))
    tries = [walked(woods, rows, meetings, row_seeds(rows, seed)) for seed in range(300 // meetings)]
    off = np.array([found - truth for found, _ in tries])
    told = np.sqrt(np.mean([np.square(error) for _, error in tries]))
    assert apart(np.mean([found for found, _ in tries], axis=0), truth) < 0.03
    assert 0.5 < math.sqrt(float(np.square(off).mean())) / told < 2.0


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_linear_blends_are_the_enumeration(task: Task) -> None:
    """Nothing is asked of the model: mixtures are added up, calibrated or not."""
    plain = model(task, ("linear", "linear"))
    for made in (plain, replace(plain, calibration=Calibration(0.6, 0.4))):
        reference = opened(made)
        assert (len(reference.terms), reference.samples) == (2, False)
        rows = made.encoder.matrix(table()[0].head(3))
        found = parted(reference, rows, replace(FULL, alone=True), row_seeds(rows, 0))
        truth = np.concatenate([enumerated(made, rows[n : n + 1], reference.matrix).phi for n in range(3)])
        assert apart(found.phi, truth) < 0.02


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("members", [("lightgbm", "extra_trees", "linear"), ("neural", "linear"), ("extra_trees", "linear")])
def test_every_mixed_blend_is_near_the_enumeration(members: tuple[str, ...], task: Task) -> None:
    """Each member by its own route, calibrated or not, within 2 % where every column's orders are gone through often enough."""
    plain = model(task, members)
    for made in (plain, replace(plain, calibration=Calibration(0.6, 0.4)))[: 1 if task == "regression" else 2]:
        reference = opened(made)
        rows = made.encoder.matrix(table()[0].head(3))
        found = parted(reference, rows, Care(600, 1_000), row_seeds(rows, 0))
        truth = np.concatenate([enumerated(made, rows[n : n + 1], reference.matrix).phi for n in range(3)])
        assert apart(found.phi, truth) < 0.02
        assert found.doubt is not None
        assert float(found.doubt.max()) < 0.1


def test_many_rows_at_once_are_the_plain_loop() -> None:
    """The table of mixtures gives what one prediction after the other along each order gives."""
    made = model("binary", ("lightgbm", "neural"))
    reference = replace(opened(made), copy=None)
    rows = made.encoder.matrix(table()[0].head(7))
    found = parted(reference, rows, Care(3, 3), row_seeds(rows, 5))
    orders = plan(rows, reference.matrix, reference.source, 3, row_seeds(rows, 5))
    said, base = made.predict_matrix(rows), float(made.predict_matrix(reference.matrix).mean())
    phi = np.zeros((7, len(made.sources)))
    for walk in range(2 * orders.pairs):
        blend = reference.matrix[orders.other[walk]].copy()
        before = float(made.predict_matrix(blend[None])[0])
        for column in orders.order[walk]:
            own = reference.source == column
            blend[own] = rows[orders.row[walk], own]
            after = float(made.predict_matrix(blend[None])[0])
            phi[orders.row[walk], column] += (after - before) / 6
            before = after
    size = np.abs(phi)
    phi += size / size.sum(axis=1, keepdims=True) * (said - base - phi.sum(axis=1))[:, None]
    np.testing.assert_allclose(found.phi, phi, atol=1e-9)


def test_a_mixture_has_the_row_s_values_where_the_order_has_been() -> None:
    made = model("binary", ("lightgbm",))
    rows, others = made.encoder.matrix(table()[0].head(4)), made.encoder.matrix(table()[0].tail(9))
    reference = opened(made)
    orders = plan(rows, others, reference.source, 4, row_seeds(rows, 0))
    walk, step = orders.states()
    mixed = mixtures(rows, others, orders, reference.source, (walk, step))
    for number in range(0, len(walk), 7):
        taken = np.isin(reference.source, orders.order[walk[number], : step[number]])
        wanted = np.where(taken, rows[orders.row[walk[number]]], others[orders.other[walk[number]]])
        np.testing.assert_array_equal(mixed[number], wanted)
    assert sorted(np.bincount(orders.other[: orders.pairs], minlength=9))[-1] <= 4


def test_the_rough_copy_changes_the_chance_and_not_the_values() -> None:
    made = model("binary", ("lightgbm", "neural"))
    reference, rows = opened(made), made.encoder.matrix(table()[0].head(12))
    assert reference.copy is not None
    bare = replace(reference, copy=None)
    truth = np.concatenate([enumerated(made, rows[n : n + 1], reference.matrix).phi for n in range(12)])
    seeds = [row_seeds(rows, seed) for seed in range(60)]
    with_copy, without = ([parted(one, rows, Care(3, 3), own).phi for own in seeds] for one in (reference, bare))
    assert np.mean([apart(one, truth) for one in with_copy]) < np.mean([apart(one, truth) for one in without])
    assert apart(np.mean(with_copy, axis=0), truth) < 0.03


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_tables_of_leaves_are_a_walk_against_all_rows(task: Task) -> None:
    """Missing numbers and categories included, and a row to compare with that has nothing but missing values."""
    made = model(task, ("lightgbm", "neural"))
    others = made.encoder.matrix(table()[0].tail(30))
    others[3] = np.nan
    reference, rows = open_reference(made, others), made.encoder.matrix(table()[0].head(25))
    rows[0], rows[1] = np.nan, reference.matrix[7]
    assert reference.copy is not None
    assert len(reference.copy.outputs) == reference.prediction.shape[1]
    for tables in reference.copy.outputs:
        trees = Woods(tables.met, shapley_weights(int(tables.width.max())), 1.0)
        truth, error = walked(trees, rows, len(others), row_seeds(rows, 0))
        assert not error.any()
        np.testing.assert_allclose(tables.parts(rows), truth[:, :, 0], atol=1e-12)
        assert np.abs(tables.parts(rows[1:2]) - truth[:1, :, 0]).max() > 0.01


def test_tables_of_leaves_of_trees_that_cut_nothing_give_nothing() -> None:
    made = model("regression", ("lightgbm",))
    reference = opened(made)
    assert reference.copy is not None
    met = reference.copy.outputs[0].met
    nodes = np.array([(np.inf, 0, 0)], dtype=met.wood.valued.trees.nodes.dtype)
    bare = replace(met, wood=replace(met.wood, valued=Valued(Packed(nodes, 1), np.ones((1, 1)))), values=np.ones((1, 1)))
    assert not leaf_tables(bare).parts(reference.matrix).any()


@pytest.mark.parametrize("members", [("lightgbm", "neural"), ("extra_trees", "linear"), ("linear", "linear"), ("random_forest",)])
def test_what_is_said_of_a_row_does_not_hang_on_the_rows_beside_it(members: tuple[str, ...]) -> None:
    """A list, a plan and a file ask about other rows together, the latter after a restart perhaps."""
    made, frame = model("binary", members), table()[0]
    many = contributions(made, frame.iloc[:60], frame)
    for picked in ([57, 3], [40, 41, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14], [30]):
        few = contributions(made, frame.iloc[picked], frame)
        np.testing.assert_allclose(few.phi, many.phi[picked], atol=1e-9)
    (alone,) = explain_rows(made, frame.iloc[[57]].reset_index(drop=True), frame)
    assert alone == explain_rows(made, frame.iloc[:60], frame)[57]


PROGRAM = """
import json, sys
from automl_core.explaining import explain_rows
from tests.unit.test_explaining_routes import model, table
frame, picked = table()[0], json.loads(sys.argv[1])
print(json.dumps(explain_rows(model("binary", ("lightgbm", "neural")), frame.iloc[picked].reset_index(drop=True), frame)))
"""


@pytest.mark.slow
def test_two_fresh_processes_give_the_same_reasons() -> None:
    told = []
    for picked in ([5, 30, 31, 32], [200, 30, 5]):
        done = subprocess.run([sys.executable, "-c", PROGRAM, json.dumps(picked)], capture_output=True, text=True, check=True,
                              cwd=Path(__file__).parents[2])
        told.append(dict(zip(picked, json.loads(done.stdout.splitlines()[-1]), strict=True)))
    first, second = told
    assert all(first[place] and first[place] == second[place] for place in (5, 30))


def test_draws_are_even_and_a_row_s_own() -> None:
    rows = np.random.default_rng(0).normal(size=(4_000, 5))
    rows[0, 0], rows[1, 0] = 0.0, np.nan
    drawn = draws(row_seeds(rows, 0), 6)
    assert 0 <= drawn.min() < drawn.max() < 1
    assert np.abs(np.histogram(drawn, 10, (0, 1))[0] / drawn.size - 0.1).max() < 0.01
    assert np.abs(np.corrcoef(drawn.T) - np.eye(6)).max() < 0.08
    assert np.array_equal(row_seeds(rows[::-1], 0)[::-1], row_seeds(rows, 0))
    assert np.array_equal(row_seeds(np.array([[-0.0, -np.nan]]), 3), row_seeds(np.array([[0.0, np.nan]]), 3))
    assert not np.isin(row_seeds(rows, 1), row_seeds(rows, 0)).any()
    written = row_seeds(np.array([[1.5, -2.0, np.nan]]), 7)
    assert written.tolist() == [1245412868410869540]  # the same in every process, on every machine
    assert draws(written, 2).tolist() == [[0.7224955723790966, 0.6487558269700084]]
    assert len(row_seeds(np.array([[1e300, -1e300]]), 0)) == 1


def test_a_row_alone_is_told_alike_on_a_slower_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """How much care 50 ms allow is settled once; the pace of another day changes nothing."""
    made, frame = model("binary", ("lightgbm", "neural")), table()[0]
    row, background = frame.iloc[2].to_dict(), pick_background(model("binary", ("lightgbm", "neural")), frame)
    monkeypatch.setattr(Reference, "enumerates", lambda made, seconds: False)  # as with many columns
    reference = replace(opened(made, 100), alone=0.0, pace=1e-3, turn=1e-3)  # of a quick day
    told = replace(reference, care=row_care(reference))
    slower = replace(told, pace=100 * reference.pace, alone=1.0)
    assert explain_row(made, row, background, "", slower) == explain_row(made, row, background, "", told)
    assert row_care(replace(slower, care=None)) != told.care
    monkeypatch.setattr(Reference, "enumerates", lambda made, seconds: made.enumerable)
    assert explain_row(made, row, background, "", replace(reference, care=row_care(reference))).doubt == 0


def asleep(made: Model, seconds: float) -> Model:
    """The model with members that let the clock go on for so long a row, as one does that waits for processors."""
    members = []
    for member in made.members:
        slow = replace(member)

        def predict(native: Any, matrix: np.ndarray, kind: Family = member.kind) -> np.ndarray:
            time.sleep(seconds * len(matrix))
            return kind.predict(native, matrix)

        object.__setattr__(slow, "kind", replace(member.kind, predict=predict))
        members.append(slow)
    return replace(made, members=tuple(members))


def test_the_care_for_a_row_alone_goes_by_the_clock() -> None:
    """What a row waits for counts, too: by the processor's time it would get hundreds of orders."""
    made = asleep(model("binary", ("neural",)), 2e-4)
    assert 8 <= row_care(opened(made)).rounds < 80


def test_one_row_starts_one_thread_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine each takes milliseconds until it has its turn."""
    made = model("binary", ("neural",))
    reference, rows = opened(made), made.encoder.matrix(table()[0].head(1))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    started = []
    start = threading.Thread.start

    def counted(thread: threading.Thread) -> None:
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", counted)
    parted(reference, rows, Care(40, 40, alone=True), row_seeds(rows, 0))
    assert len(started) <= 1


@pytest.mark.parametrize("jobs", [0, 1, 2, 9])
def test_shared_work_keeps_its_order_and_tells_what_failed(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert shared(lambda job: time.sleep(0.001 * (job % 3)) or job * job, range(jobs)) == [job * job for job in range(jobs)]
    if jobs:
        with pytest.raises(ZeroDivisionError):
            shared(lambda job: 1 / (jobs - 1 - job), range(jobs))


@pytest.mark.parametrize("members", [("neural",), ("neural", "linear")])
def test_one_row_of_a_network_is_near_the_enumeration(members: tuple[str, ...]) -> None:
    """Within 2 % of all parts' sizes by paired orders too, with as many as a network is quick enough for."""
    made = model("binary", members)
    reference, rows = opened(made, 100), made.encoder.matrix(table()[0].head(6))
    off = []
    for row in rows:
        found = parted(reference, row[None], Care(500, 100, alone=True), row_seeds(row[None], 0))
        assert float(found.base) + found.phi.sum() == pytest.approx(float(made.predict_matrix(row[None])[0]), abs=1e-9)
        off.append(apart(found.phi, enumerated(made, row[None], reference.matrix).phi))
    assert np.mean(off) < 0.02


def test_a_reference_of_another_model_is_not_believed() -> None:
    """What was worked out for one model must never explain another: the rows are kept, all else is made again."""
    frame = table()[0]
    first, second = model("binary", ("extra_trees",)), model("binary", ("random_forest", "linear"))
    row = frame.iloc[2].to_dict()
    background = pick_background(second, frame)
    own = explain_row(second, row, background, "", open_reference(second, second.encoder.matrix(background)))
    stale = explain_row(second, row, background, "", open_reference(first, first.encoder.matrix(background)))
    assert own.prediction == stale.prediction
    assert [part.column for part in own.contributions] == [part.column for part in stale.contributions]
    for mine, other in zip(own.contributions, stale.contributions, strict=True):
        assert mine.amount == pytest.approx(other.amount, abs=1e-6)
    matrix = second.encoder.matrix(frame.head(3))
    fresh = of_matrix(second, matrix, reference_rows(second, background), Care(4, 4))
    old = of_matrix(second, matrix, reference_rows(first, background), Care(4, 4))
    np.testing.assert_allclose(fresh.prediction, old.prediction)
    np.testing.assert_allclose(old.base + old.phi.sum(axis=1), old.prediction, atol=1e-6)


@pytest.mark.parametrize("members", [("lightgbm",), ("lightgbm", "linear"), ("linear", "linear"), ("extra_trees",)])
def test_two_thousand_rows_are_explained_when_there_are_so_many(members: tuple[str, ...]) -> None:
    frame, raw = table(2_300, 1)
    made = explain(model("binary", members), frame, target("binary", raw).astype(int), 0)
    assert made.rows == 2_000
    assert made.importance[0].column == "a"
    assert math.isfinite(made.doubt)


@pytest.mark.parametrize(("a_row", "most"), [(0.02, 5), (0.0, 40)])
def test_slow_trees_are_not_timed_for_long(monkeypatch: pytest.MonkeyPatch, a_row: float, most: int) -> None:
    """The look at how many rows there is time for costs a small part of that time."""
    seen = []
    exact = overview.exact

    def slow(made: Model, rows: np.ndarray, reference: np.ndarray | None = None) -> object:
        seen.append(len(rows))
        end = time.thread_time() + a_row * len(rows)
        while time.thread_time() < end:
            pass
        return exact(made, rows, reference)

    frame, raw = table(300, 1)
    monkeypatch.setattr(overview, "exact", slow)
    monkeypatch.setattr(import_module("automl_core.explaining.contributions"), "exact", slow)
    made = explain(model("binary", ("lightgbm",)), frame, target("binary", raw).astype(int), 0, seconds=0.9 if a_row else 60.0)
    assert max(seen) == most
    assert made.rows == (100 if a_row else 300)


def test_what_is_sampled_says_so() -> None:
    frame, raw = table(600, 1)
    sampled = explain(model("binary", ("neural", "lightgbm")), frame, target("binary", raw).astype(int), 0)
    assert sampled.doubt > 0
    assert "estimates" in sampled.doubt_sentence
    exact = explain(model("binary", ("lightgbm",)), frame, target("binary", raw).astype(int), 0)
    assert exact.doubt == 0
    assert exact.doubt_sentence == ""
    assert contributions(model("binary", ("lightgbm",)), frame.head(3), frame).doubt.tolist() == [0.0] * 3


def test_empty_and_single_rows() -> None:
    made = model("binary", ("extra_trees", "lightgbm"))
    frame = table()[0]
    assert contributions(made, frame.head(0), frame).phi.shape == (0, len(made.sources))
    alone = contributions(made, frame.head(1), frame.head(1))
    np.testing.assert_allclose(alone.phi, 0, atol=1e-9)  # compared with itself alone


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_few_rows_of_a_forest_are_those_of_many(task: Task) -> None:
    """A forest goes through few rows another way than through many: the same numbers."""
    made = model(task, ("extra_trees",))
    rows = made.encoder.matrix(table()[0].head(40))
    many = made.predict_matrix(rows)
    few = np.concatenate([made.predict_matrix(rows[start : start + 5]) for start in range(0, 40, 5)])
    np.testing.assert_allclose(few, many, atol=1e-12)
    np.testing.assert_allclose([made.members[0].predict_row(row) for row in rows], many, atol=1e-12)


def test_a_fixed_effort_does_not_hang_on_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of a file got other figures on each run under load: its orders were as many as there was time for."""
    made = model("binary", ("lightgbm", "extra_trees", "linear"))
    reference = opened(made)
    slow = replace(reference, pace=1.0, alone=1.0, turn=1.0)
    assert reference.samples
    assert fixed_row_care(slow) == fixed_row_care(reference)
    assert _fixed(made, slow, 2_000) == _fixed(made, reference, 2_000)
    monkeypatch.setattr(Reference, "enumerates", lambda made, seconds: False)
    assert row_care(slow).rounds == 8
