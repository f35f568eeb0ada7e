"""What a caller says of a pilot, in any of the kinds that programs have for whole numbers and days."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from automl_core.acting.asked import flag, whole
from automl_core.acting.pilots import PilotChoice
from automl_core.acting.spelling import is_number
from automl_core.data.values import naive_datetime
from automl_core.errors import BadInput
from automl_core.explaining.words import quote


def checked_choice(choice: PilotChoice) -> PilotChoice:
    """The choice with plain numbers: 600.0 rows are 600. BadInput when rows, days or the seed are no whole number, the share is
    no number, or `ended` is neither true nor false; what a pilot cannot have is refused where it is planned."""
    share: Any = choice.treated_share
    if not is_number(share) or math.isnan(share):
        raise BadInput(f"“treated_share” is {quote(share)}, which is no number.", "Give a share such as 0.5.")
    return replace(choice, rows=whole(choice.rows, "“rows”"), treated_share=float(share), days=whole(choice.days, "“days”"),
                   seed=None if choice.seed is None else whole(choice.seed, "“seed”"), ended=flag(choice.ended, "“ended”"))


def day_of(given: object) -> date | None:
    """A day that is given as a date, a moment (of a zone: its day in UTC) or a text; BadInput when it is none of these."""
    if given is None:
        return None
    try:
        moment = naive_datetime(datetime.fromisoformat(given.strip()) if isinstance(given, str) else given)
    except ValueError:
        moment = None
    if moment is None:
        raise BadInput(f"“today” is {quote(given)}, which is no day.", "Give a day such as 2026-03-01, or leave it out.")
    return moment.date()
