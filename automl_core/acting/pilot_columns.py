"""What a pilot's own columns are called in its files, and by which of them the lines of a file are matched."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.levers import name_of
from automl_core.acting.pilot_places import places, shared, strictly
from automl_core.acting.pilots import Pilot
from automl_core.errors import BadInput
from automl_core.explaining.words import quote

ROW, ARM, COLUMN, NOW, SET_TO, STRATUM, DUE, GROUP = "row", "arm", "change", "now", "set_to", "stratum", "due", "group"
# kept, not handed out: what a row is worth, whether the table has an id like its own, and the outcome it had when it was drawn
WORTH, SHARED, KNOWN = "worth", "shared", "known"
OURS = (ROW, ARM, COLUMN, NOW, SET_TO, DUE)


def folded(value: object) -> str:
    """A name of a column however it is spelled."""
    return strictly(value).casefold()


def column_of(name: str, pilot: Pilot) -> str:
    """What the pilot's own file calls one of our columns: the table may have an id or an outcome of that name."""
    taken = {folded(one) for one in (*pilot.id_columns, pilot.goal.outcome)}
    return f"pilot_{name}" if name in taken else name


def column_in(names: dict[str, str], name: str, pilot: Pilot) -> str:
    """The file's column that the pilot's own file calls so; empty when it is not there. `names` are the file's by folded ones."""
    return names.get(column_of(name, pilot), "")


def key_of(pilot: Pilot, assignment: pd.DataFrame, names: dict[str, str]) -> tuple[str, str]:
    """The assignment's column and the file's one by which lines are matched: an id that tells all drawn rows, else `row`, else
    the id that tells most of them. BadInput when the file has none of these."""
    ids = [(f"id_{place}", names[folded(name)]) for place, name in enumerate(pilot.id_columns) if folded(name) in names]
    untold = {ours: int(untold_by(assignment[ours]).sum()) for ours, _ in ids}
    rows = [(ROW, names[name]) for name in (f"pilot_{ROW}", ROW)
            if name in names and name not in [folded(one) for one in pilot.id_columns]]
    found = [*(key for key in ids if not untold[key[0]]), *rows, *sorted(ids, key=lambda key: untold[key[0]])]
    if not found:
        wanted = pilot.id_columns[0] if pilot.id_columns else ROW
        hint = "It says which row an outcome belongs to; keep it in the file."
        raise BadInput(f"The file has no column {quote(wanted)}.", hint)
    return found[0]


def untold_by(ours: pd.Series) -> NDArray[np.bool_]:
    """(m,) drawn rows that an id cannot tell from the others: it is missing there, or stands on another drawn row, too."""
    return np.asarray((ours == name_of(None)) | ours.duplicated(keep=False), dtype=bool)


def places_by(key: str, assignment: pd.DataFrame, theirs: pd.Series, said: pd.Series) -> tuple[pd.Series, int]:
    """The places in the assignment that lines mean, by its column `key`, and how many may mean several (see `places`)."""
    doubtful = shared(assignment[key]) | assignment.get(f"{SHARED}_{key}", False)
    named = np.flatnonzero(assignment[key] != name_of(None))  # what is missing spells nobody
    at, doubted = places(assignment[key].iloc[named], theirs, said, doubtful.iloc[named])
    return at.map(pd.Series(named)), doubted


def untold_words(untold: int, theirs: str, pilot: Pilot) -> str:
    """That so many drawn rows cannot be found by the file's id, and what can bring their outcomes; empty where there are none."""
    if not untold:
        return ""
    return (f" {untold:,} of the drawn rows cannot be told by {quote(theirs)}, which is empty there or not theirs alone: only "
            f"the pilot’s own file, with its column {quote(column_of(ROW, pilot))}, can bring "
            f"{'its outcome' if untold == 1 else 'their outcomes'}.")


def same_change(pilot: Pilot, assignment: pd.DataFrame, sent: pd.DataFrame, names: dict[str, str]) -> None:
    """BadInput when the file says on every line that another column was changed: it belongs to another pilot. A file without
    sides and values to set, whose lines are found by an id and have no one day on which outcomes are due, is of no pilot: it is
    an export, whose own column may have that name."""
    due = column_in(names, DUE, pilot)
    of_a_pilot = (column_in(names, ARM, pilot) or column_in(names, SET_TO, pilot) or key_of(pilot, assignment, names)[0] == ROW
                  or (due and sent[due].nunique() == 1))
    column = column_in(names, COLUMN, pilot) if of_a_pilot else ""
    said = sent[column].dropna().map(strictly) if column else pd.Series(dtype=str)
    ours = {folded(name) for name in assignment[COLUMN]}
    theirs = said[said != ""]
    if len(theirs) and not theirs.map(folded).isin(ours).any():
        raise BadInput(
            f"This file is of another pilot: it changes {quote(theirs.iloc[0])}, this one {quote(assignment[COLUMN].iloc[0])}.",
            "Send it to the pilot that it was downloaded from.",
        )
