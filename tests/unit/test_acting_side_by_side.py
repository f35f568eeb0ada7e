"""Work in threads gives what work in turn gives, in the same order."""
from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

from automl_core.acting import Lever, Options, cards, find_actions
from automl_core.acting.side_by_side import LONG_ROWS, side_by_side, threads_for
from automl_core.codec import to_json


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_results_come_in_order(threads: int) -> None:
    assert list(side_by_side(lambda value: value * value, range(7), threads)) == [0, 1, 4, 9, 16, 25, 36]
    assert not list(side_by_side(lambda value: value, [], threads))


def test_two_go_on_at_once_and_no_more_are_begun_than_are_asked_for() -> None:
    together, begun = threading.Barrier(2, timeout=20), []

    def work(item: int) -> int:
        begun.append(item)
        if item < 2:
            together.wait()  # neither of the first two ends before the other has begun
        return item

    found = side_by_side(work, range(10), 2)
    assert next(found) == 0
    found.close()
    assert len(begun) <= 3


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_comes_at_its_turn(threads: int) -> None:
    found = side_by_side(lambda value: 6 // value, [3, 0, 1], threads)
    assert next(found) == 2
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_few_rows_are_not_worth_a_thread() -> None:
    assert threads_for(LONG_ROWS - 1) == 1


def test_cards_are_the_same_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    rows = 1500
    frame = pd.DataFrame({"age": random.normal(45, 12, rows), "use": random.gamma(3, 10, rows)})
    pull = (frame["age"] - 45) / 12
    for name in ("offer", "call", "gift"):
        frame[name] = np.where(random.random(rows) < 1 / (1 + np.exp(-0.5 * pull)), "yes", "no")
    stays = 0.4 + 0.2 * (frame["offer"] == "yes") + 0.15 * (frame["call"] == "yes") - 0.05 * pull
    frame["left"] = np.where(random.random(rows) < np.clip(stays, 0.02, 0.98), "No", "Yes")
    levers = tuple(Lever(name, ("yes",), cost=1.0) for name in ("offer", "call", "gift"))
    found = []
    for threads in (1, 2):
        monkeypatch.setattr(cards, "threads_for", lambda rows, threads=threads: threads)
        found.append(to_json(find_actions(frame, "left", "No", levers, options=Options(value=100.0))))
    assert found[0]["cards"]
    assert found[0] == found[1]
