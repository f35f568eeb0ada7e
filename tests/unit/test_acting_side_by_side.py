"""Work in threads and in processes gives what work in turn gives, in the same order."""
from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Lever, Options, find_actions, side_by_side
from automl_core.acting.side_by_side import LONG_ROWS, MANY_ROWS, ONE, Hands
from automl_core.codec import to_json


@contextmanager
def threads(many: int) -> Iterator[Hands]:
    with ThreadPoolExecutor(many) as pool:
        yield Hands(many, pool.submit) if many > 1 else ONE


def square(value: int) -> int:
    return value * value


def whose(value: int) -> int:
    """The number of the process; the fourth piece of work kills a process that is not this test's."""
    if value == 3 and str(os.getpid()) != os.environ["CLARION_TEST_PID"]:
        os._exit(1)
    return value


@pytest.mark.parametrize("many", [1, 2, 3])
def test_results_come_in_order(many: int) -> None:
    with threads(many) as given:
        assert list(side_by_side.side_by_side(square, range(7), given)) == [0, 1, 4, 9, 16, 25, 36]
        assert not list(side_by_side.side_by_side(square, [], given))


def test_two_go_on_at_once_and_no_more_are_begun_than_are_asked_for() -> None:
    together, begun, ended = threading.Barrier(2, timeout=20), [], []

    def work(item: int) -> int:
        begun.append(item)
        if item < 2:
            together.wait()  # neither of the first two ends before the other has begun
        ended.append(item)
        return item

    with threads(2) as given:
        found = side_by_side.side_by_side(work, range(10), given)
        assert next(found) == 0
        found.close()
        assert len(begun) <= 3
        assert sorted(begun) == sorted(ended)


@pytest.mark.parametrize("many", [1, 2])
def test_an_error_comes_at_its_turn(many: int) -> None:
    with threads(many) as given:
        found = side_by_side.side_by_side(lambda value: 6 // value, [3, 0, 1], given)
        assert next(found) == 2
        with pytest.raises(ZeroDivisionError):
            next(found)


def test_few_rows_are_not_worth_a_thread_nor_some_more_a_process() -> None:
    with side_by_side.hands(LONG_ROWS - 1, True) as given:
        assert given is ONE
    with side_by_side.hands(MANY_ROWS - 1, True) as given:
        assert not given.processes
    with side_by_side.hands(MANY_ROWS, False) as given:
        assert not given.processes


def test_what_a_lost_process_had_to_do_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARION_TEST_PID", str(os.getpid()))
    monkeypatch.setattr(side_by_side, "os", type("two", (), {"cpu_count": staticmethod(lambda: 2)}))
    with side_by_side.hands(MANY_ROWS, True) as given:
        assert given.processes
        assert list(side_by_side.side_by_side(whose, range(8), given)) == list(range(8))


def test_where_no_process_can_start_threads_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(side_by_side, "os", type("two", (), {"cpu_count": staticmethod(lambda: 2)}))
    monkeypatch.setattr(side_by_side, "LocalExecutor", full)
    with side_by_side.hands(MANY_ROWS, True) as given:
        assert not given.processes
        assert list(side_by_side.side_by_side(square, range(3), given)) == [0, 1, 4]


def test_cards_are_the_same_in_threads_and_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    rows = 500
    frame = pd.DataFrame({"age": random.normal(45, 12, rows), "use": random.gamma(3, 10, rows)})
    pull = (frame["age"] - 45) / 12
    for name in ("offer", "call"):
        frame[name] = np.where(random.random(rows) < 1 / (1 + np.exp(-0.5 * pull)), "yes", "no")
    stays = 0.4 + 0.2 * (frame["offer"] == "yes") + 0.15 * (frame["call"] == "yes") - 0.05 * pull
    frame["left"] = np.where(random.random(rows) < np.clip(stays, 0.02, 0.98), "No", "Yes")
    levers = tuple(Lever(name, ("yes",), cost=1.0) for name in ("offer", "call"))

    def cards(processes: bool) -> object:
        options = Options(value=100.0, processes=processes)
        return to_json(find_actions(frame, "left", "No", levers, options=options))

    alone = cards(False)
    assert alone["cards"]  # type: ignore[index]
    monkeypatch.setattr(side_by_side, "os", type("two", (), {"cpu_count": staticmethod(lambda: 2)}))
    monkeypatch.setattr(side_by_side, "LONG_ROWS", 0)
    assert cards(False) == alone
    monkeypatch.setattr(side_by_side, "MANY_ROWS", 0)
    assert cards(True) == alone
