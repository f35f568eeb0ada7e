"""Commands that search for a model, give a search more time or choose another rung; the command line itself is in `cli`.

Nothing that takes long to load is imported before the workers of a search have started.
"""
from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.cli_problem import check_train, fitted, next_words, positive_words, request_of, warnings_of
from automl_core.settings import read_settings

if TYPE_CHECKING:
    from automl_core import Workspace
    from automl_core.framing.problem import Verdict
    from automl_core.workspace.views import Run

Said = tuple[dict[str, Any], str, int]


def train(open_workspace: Callable[[], Workspace], arguments: argparse.Namespace) -> Said:
    """A search from a file, in this process; the workspace is opened once its workers have started."""
    check_train(arguments.budget, arguments.jobs)
    began, out = time.monotonic(), Path(arguments.out)
    from automl_core.workspace.headstart import started_workers

    settings = read_settings()
    with started_workers(arguments.executor, arguments.jobs or settings.jobs) as workers:
        from automl_core.workspace.opening import opening, read_limits

        with opening(arguments.data, read_limits(settings)) as opened:
            request = request_of(arguments)
            training = open_workspace().file_training
            run, verdict = training.train(opened, request, out, arguments.hand_over, workers, began)
    return _as_wanted(_searched(run, verdict, out, options=True), run.by_hand)


def more(workspace: Workspace, arguments: argparse.Namespace) -> Said:
    """More time for a finished search, with a sentence where it fitted no further candidate."""
    out = Path(arguments.out)
    run, verdict = workspace.file_training.more(arguments.run_id, arguments.budget, out, arguments.hand_over)
    (data, sentence, code), runs = _as_wanted(_searched(run, verdict, out), run.by_hand), workspace.search.runs(run.project_id)
    before = next((one for one in runs if one.job_id != run.job_id), runs[-1])
    if fitted(run) != fitted(before):
        return data, sentence, code
    return data, f"{sentence}\nNo further candidate was fitted in this time.", code


def choose(workspace: Workspace, arguments: argparse.Namespace) -> Said:
    """Another rung of a finished search, handed over instead."""
    out = Path(arguments.out)
    return _searched(*workspace.file_training.choose(arguments.run_id, arguments.rung, out), out)


def _as_wanted(said: Said, wanted: str) -> Said:
    """The answer, with a sentence where the rung that was to be handed over is none of the search's."""
    data, sentence, _ = said
    if not wanted or any(wanted in (offer.name, *offer.also) and offer.chosen for offer in data["ladder"]):
        return said
    missed = f"This search has no model for the rung “{wanted}”, so its own choice is handed over."
    return data, f"{sentence}\n{missed}", 1


def _searched(run: Run, verdict: Verdict, out: Path, options: bool = False) -> Said:
    summary, warnings = run.summary, warnings_of(verdict, options)
    assert summary is not None
    data = {"run": run.id, "task": summary.task, "metric": summary.metric, "score": summary.score, "baseline": summary.baseline,
            "verdict": verdict.verdict, "positive": verdict.positive, "trials": len(summary.leaderboard),
            "fit_seconds": summary.fit_seconds,
            "model": {"family": summary.family, "members": summary.members, "mb": summary.mb,
                      "row_ms_p50": summary.row_ms_p50, "row_ms_p95": summary.row_ms_p95},
            "ensemble": summary.ensemble, "ladder": summary.ladder, "leaderboard": summary.leaderboard, "bundle": str(out),
            "resumed": summary.resumed, "warnings": warnings}
    warned = any(trial.state == "failed" for trial in summary.leaderboard) or not summary.refitted or bool(warnings)
    leaking = any(leak.severity == "red" for leak in verdict.leaks)
    left = f"{summary.resumed:,} {'fit' if summary.resumed == 1 else 'fits'} that an interrupted search had left"
    sentences = [*([f"It went on from {left}."] if summary.resumed else []), verdict.sentence,
                 *positive_words(verdict, options), summary.sentence, *warnings, next_words(run.id, out)]
    return data, "\n".join(sentences), 1 if warned or leaking else 0
