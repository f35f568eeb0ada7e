"""What acting found for other programs: as plain JSON values, and as a table with one row a card."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import pandas as pd

from automl_core.acting.action import ActionCard, Actions
from automl_core.acting.door import cards_of
from automl_core.acting.uplift import Uplift
from automl_core.codec import to_json
from automl_core.errors import BadInput

_COUNTED = ("gain", "gain_low", "gain_high", "whole_cost")  # what is reckoned from the figures that a card keeps
_SHORT = {"from_value": "from", "to_value": "to"}
_SEVERAL = ("conditions", "from_values", "also", "alike", "forbidden")  # no cell of a table holds these


def card_dict(card: ActionCard) -> dict[str, Any]:
    """All of a card as plain JSON values (None for what is not known), with the keys that the command `act` writes (docs/act.md):
    its fields, `from` and `to`, and `gain`, `gain_low`, `gain_high` and `whole_cost`. BadInput when it is no card."""
    (one,) = cards_of((card,))
    said = {**to_json(one), **{short: getattr(one, name) for name, short in _SHORT.items()}}
    made: dict[str, Any] = to_json(said | {name: getattr(one, name) for name in _COUNTED})
    return made


def cards_frame(found: Actions | Iterable[ActionCard]) -> pd.DataFrame:
    """The cards as a table, one row a card in their order, the columns named as in `card_dict`. What is a list there is left out,
    but for `reasons`, which are one text; numbers that are not known are NaN. BadInput when these are no cards."""
    names = [field.name for field in fields(ActionCard) if field.name not in _SEVERAL]
    rows = [{_SHORT.get(name, name): getattr(card, name) for name in (*names, *_COUNTED)} | {"reasons": " ".join(card.reasons)}
            for card in cards_of(found)]
    return pd.DataFrame(rows, columns=[_SHORT.get(name, name) for name in (*names, *_COUNTED)])


def uplift_dict(found: Uplift) -> dict[str, Any]:
    """All of a measured uplift as plain JSON values, None for what is not known; `scores` has one value a row of its table.
    BadInput when it is none."""
    if not isinstance(found, Uplift):
        raise BadInput("This is no measured uplift.", "Give what measure_uplift gave.")
    made: dict[str, Any] = to_json(found)
    return made
