"""Cards that speak of the same rows say that what they bring does not add up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from automl_core.acting.shared_rows import shared_notes


def trials(*spans: tuple[int, int]) -> list[Any]:
    place = np.arange(1000)
    return [SimpleNamespace(rows=(place >= low) & (place < high)) for low, high in spans]


def test_rows_of_several_cards_are_counted_once_and_told() -> None:
    told = "% of the rows of these cards are in more than one card, so the cards’"
    assert shared_notes(trials((0, 400), (300, 500), (350, 500)), True) == (f"40 {told} amounts of money do not add up.",)
    assert shared_notes(trials((0, 400), (0, 400)), False) == (f"100 {told} changes do not add up.",)


def test_cards_of_rows_of_their_own_say_nothing() -> None:
    for spans in ((), ((0, 400),), ((0, 400), (400, 900)), ((0, 500), (499, 1000))):
        assert shared_notes(trials(*spans), True) == ()
