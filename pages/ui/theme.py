"""The palette in numbers: the values of .streamlit/config.toml that charts need, for light and dark."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PAGE_WIDTH = 1120  # in CSS pixels, like all of these
TEXT_WIDTH = 720  # about 90 signs a line: longer lines are hard to read
BESIDE_WIDTH = 560  # text with a button beside it
FIELD_WIDTH, NARROW_FIELD_WIDTH = 200, 150  # the least a field of a form keeps before it wraps
CHOICE_WIDTH, NUMBER_WIDTH = 300, 220  # a select box, and a number, that stand alone
CARD_WIDTH, INSIDE_WIDTH = 240, 140  # the least that a card, and a figure inside one, keeps
FINDING_WIDTH = 370  # a finding with its fix beside it
ROW_WIDTH = 104  # of a column of ids: ten signs
WHICH_ROW = "The row’s own id, or # and its row of the cleaned table, counted from 0."
STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one mode. `accent` draws the thing spoken of, `neutral` everything beside it.

    `up` and `down` are the diverging pair of contributions (blue and orange: told apart by colour-blind readers, too).
    """

    name: str
    background: str
    surface: str
    text: str
    muted: str
    border: str
    primary: str
    accent: str
    neutral: str
    up: str
    down: str
    series: tuple[str, ...]


LIGHT = Palette(
    name="light",
    background="#FFFFFF",
    surface="#F4F6F9",
    text="#1A2330",
    muted="#5D6878",
    border="#D8DEE7",
    primary="#1F5FBF",
    accent="#1F5FBF",
    neutral="#8792A3",
    up="#C77800",
    down="#1F5FBF",
    series=("#1F5FBF", "#C77800", "#00805C", "#B8578F", "#2C8CCB", "#C24E00", "#6B7280"),
)

DARK = Palette(
    name="dark",
    background="#11151C",
    surface="#1A202A",
    text="#E7EBF1",
    muted="#98A3B3",
    border="#323C4B",
    primary="#3370EA",
    accent="#56B4E9",
    neutral="#7C889A",
    up="#E69F00",
    down="#56B4E9",
    series=("#56B4E9", "#E69F00", "#2BB58A", "#CC79A7", "#0091D5", "#E8743B", "#A5A5A5"),
)


def palette(mode: str | None) -> Palette:
    """The palette of a mode as the browser names it; light when unknown."""
    return DARK if mode == "dark" else LIGHT
