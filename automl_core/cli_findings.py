"""Commands of what happened and why, and of fairness; the command line itself is in `cli`."""
from __future__ import annotations

import argparse
from typing import Any

from automl_core import Workspace
from automl_core.workspace.file_findings import Asked
from automl_core.workspace.requests import Request

Said = tuple[dict[str, Any], str]
OF = {"segment": "the rows that checked the group", "rows": "all rows", "share_rows": "all rows", "share_outcome": "all rows",
      "explained": "all rows", "same_sign": "all rows"}


def happened(workspace: Workspace, source: str, request: Request, label: str) -> Said:
    """Groups that differ: `segments`, `looked_at`, `tested`, `outcome`, which says the class that is counted, and `note`.

    Of each group `segment` holds the figures of the rows that checked it (`of` says so), all else those of all rows."""
    found = workspace.file_findings.happened(source, request, label)
    search = found.search
    listed = [{"segment": story.segment, "rows": story.rows, "share_rows": story.share_rows,
               "share_outcome": story.share_outcome, "explained": story.explained, "same_sign": story.same_sign, "of": OF,
               "sentence": f"{story.segment.sentence} {story.sentence}"} for story in found.stories]
    counts = f"{search.looked_at:,} groups looked at, {search.tested:,} tested, {len(search.segments):,} confirmed on other rows."
    data = {"segments": listed, "looked_at": search.looked_at, "tested": search.tested, "outcome": search.outcome,
            "note": search.note}
    return data, "\n".join([*(str(item["sentence"]) for item in listed), counts, *filter(None, (search.note,))])


def compare(workspace: Workspace, source: str, request: Request, arguments: argparse.Namespace) -> Said:
    """Two groups or two periods: the gap, what it is made of, and its drivers."""
    asked = Asked(tuple(arguments.first), tuple(arguments.second), arguments.when, arguments.since, arguments.label)
    story = workspace.file_findings.compare(source, request, asked)
    names = ("first", "second", "rows_first", "rows_second", "mean_first", "mean_second", "gap", "composition", "behaviour",
             "columns", "drivers", "looked_at", "tested", "support", "left_out", "confirmed", "outcome", "sentence", "drawn_from")
    said = [story.sentence, *([story.drawn] if story.drawn else []), *(driver.sentence for driver in story.drivers)]
    return {name: getattr(story, name) for name in names}, "\n".join(said)


def fairness(workspace: Workspace, run_id: str, columns: tuple[str, ...]) -> Said:
    """A run's answers and errors by the groups of each protected column."""
    found = workspace.file_findings.audit(run_id, columns)
    return {"audits": found}, "\n".join(f"{one.column}: {' '.join(one.sentences)}" for one in found)
