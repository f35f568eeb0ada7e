"""Commands that search for a model, give a search more time or choose another rung; the command line itself is in `cli`.

Nothing that takes long to load is imported before the workers of a search have started.
"""
from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.cli_problem import next_words, options_of
from automl_core.settings import read_settings
from automl_core.workspace.searched import idle_words, is_warned, ladder_lines, missed_words, report_of, sentences_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from automl_core import Workspace
    from automl_core.data.table import Table
    from automl_core.framing.problem import Verdict
    from automl_core.workspace.views import Run

Said = tuple[dict[str, Any], str, int]


def train(arguments: argparse.Namespace) -> Said:
    """A search from a file, in this process."""
    out, settings = Path(arguments.out), read_settings()
    from automl_core.workspace import training

    def opening() -> AbstractContextManager[Callable[[], Table]]:
        from automl_core.workspace.opening import opening, read_limits

        return opening(arguments.data, read_limits(settings))

    _, run, verdict = training.train(arguments.target, options_of(arguments), opening, settings, out)
    return _searched(run, verdict, out, missed_words(run), options=True)


def more(workspace: Workspace, arguments: argparse.Namespace) -> Said:
    """More time for a finished search, with a sentence where it fitted no further candidate."""
    out = Path(arguments.out)
    run, verdict = workspace.file_training.more(arguments.run_id, arguments.budget, out, arguments.hand_over)
    data, sentence, code = _searched(run, verdict, out, missed_words(run))
    idle = idle_words(run, workspace.search.runs(run.project_id))
    return data, f"{sentence}\n{idle}" if idle else sentence, code


def choose(workspace: Workspace, arguments: argparse.Namespace) -> Said:
    """Another rung of a finished search, handed over instead."""
    out = Path(arguments.out)
    return _searched(*workspace.file_training.choose(arguments.run_id, arguments.rung, out), out)


def _searched(run: Run, verdict: Verdict, out: Path, missed: str = "", options: bool = False) -> Said:
    """What a search gave; `missed` says that the rung which was to be handed over is none of its."""
    said = [*sentences_of(run, verdict, options), *ladder_lines(run), next_words(run.id, out), *([missed] if missed else [])]
    return report_of(run, verdict, str(out), options), "\n".join(said), 1 if missed or is_warned(run, verdict) else 0
