"""The command that says why a model predicts what it predicts, of a whole file or of one row; the command line is in `cli`."""
from __future__ import annotations

import argparse
from typing import Any

from automl_core import Workspace
from automl_core.codec import to_json
from automl_core.explaining.words import number, percent
from automl_core.workspace.file_rows import FileRow

Said = tuple[dict[str, Any], str]


def explain(workspace: Workspace, arguments: argparse.Namespace) -> Said:
    """The model explained on the rows of a file and, with `--row`, one of them as the page shows it."""
    found, row = workspace.file_rows.explain(arguments.bundle, arguments.data, arguments.label, arguments.row)
    data: dict[str, Any] = {
        "importance": found.importance, "base": found.base, "rows": found.rows, "units": found.units, "label": found.label,
        "shapes": found.shapes, "groups": found.groups, "floor": found.floor, "refits": found.refits, "measured": found.measured}
    if row is None:
        return data, f"{found.sentence} {found.doubt_sentence}".rstrip()
    data["row"] = {**to_json(row.explanation), **to_json(row.around), "note": row.note}
    return data, "\n".join(_row_words(row))


def _row_words(row: FileRow) -> list[str]:
    """Why, how sure, what is unusual, and the nearest past rows with their outcomes: one line each."""
    why, around = row.explanation, row.around
    said = [f"{why.sentence} {why.doubt_sentence}".rstrip()]
    if around.sureness is not None:
        said.append(around.sureness.sentence)
    said += [f"{flag} Be careful with this answer." for flag in around.flags]
    if around.neighbours:
        said.append("Past rows like this one (columns the model uses more count more):")
    for past in around.neighbours:
        told = percent(past.prediction / 100, 3) if why.in_points else number(past.prediction)
        values = ", ".join(f"{name} = {value}" for name, value in zip(around.columns, past.values, strict=True))
        said.append(f"  {100 * past.likeness:.0f} % alike, predicted {told}, outcome {past.outcome}: {values}")
    return [*said, row.note] if row.note else said
