"""The command that says who to act on and what to change; the command line itself is in `cli`. Its files: docs/act.md."""
from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from automl_core import Workspace
from automl_core.codec import to_json
from automl_core.errors import BadInput
from automl_core.workspace.file_goal import has_experiment
from automl_core.workspace.out_files import check_own_files, check_table_out, experiment_out

Said = tuple[dict[str, Any], str, int]


def act(workspace: Workspace, arguments: argparse.Namespace) -> Said:
    """Cards, patterns, the plan of one action a row (`--out`), the ranked list (`--ranked`) and what it is worth, how many
    rows can be brought to the goal, and an experiment's result."""
    files = workspace.files
    outs = [Path(out) for out in (arguments.out, arguments.ranked) if out]
    for out in outs:
        check_table_out(out)
    goal = _goal_text(Path(arguments.goal))
    check_own_files((*outs, experiment_out(Path(arguments.out))) if arguments.out and has_experiment(goal) else outs)
    advice = files.act(arguments.bundle, arguments.data, goal, processes=True)
    if arguments.out:
        files.write_table(advice.plan_table, Path(arguments.out))
    if arguments.ranked:
        files.write_table(advice.table, Path(arguments.ranked))
    found, plan = advice.found, advice.plan
    decisions = to_json(advice.actions) | {"rows": len(advice.actions.rows)}
    planned = {"rows": len(plan.actions), "net": plan.net, "cost": plan.cost, "exact": plan.exact, "sentence": plan.sentence,
               "gains": plan.gains_sentence, "out": arguments.out}
    notes = (*found.notes, *([advice.aside] if advice.aside else []))
    listed, worth = advice.actions.sentence, advice.worth
    recourse = advice.recourse
    said = (*advice.lines, *notes, plan.sentence, plan.gains_sentence, listed, recourse.sentence if recourse else "")
    sentences = [one for one in (*said, *(one for one in worth.sentences if one != listed)) if one]
    data = {**advice.told, "tested": found.tested, "rows": found.rows, "drawn": found.drawn, "notes": notes,
            "left_out": advice.left_out, "plan": planned, "decisions": decisions, "worth": worth, "recourse": recourse}
    if advice.experiment is None:
        return data, "\n".join(sentences), 1 if advice.left_out else 0
    made = advice.experiment
    data["experiment"] = made
    sentences += [made.refused] if made.refused else [made.balance, made.sentence, *made.who, made.advice]
    if arguments.out and advice.gains is not None and not made.refused:
        files.write_table(advice.gains, experiment_out(Path(arguments.out)))
    return data, "\n".join(sentences), 1 if made.refused or advice.left_out else 0


def _goal_text(path: Path) -> str:
    if not path.is_file():
        raise BadInput(f"There is no file “{path.name[:80]}”.", "Give the path of a goal.toml.")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"“{path.name[:80]}” is not UTF-8 text.", "Save it as UTF-8.") from None
