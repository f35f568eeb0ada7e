"""A search from what was asked to the run that is kept: the one way of the command `train` and of the door for frames."""
from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from automl_core.settings import Settings
from automl_core.workspace.headstart import started_workers
from automl_core.workspace.train_options import TrainOptions, check_numbers

if TYPE_CHECKING:
    from automl_core.data.table import Table
    from automl_core.framing.problem import Verdict
    from automl_core.workspace.door import Workspace
    from automl_core.workspace.views import Run

Opening = Callable[[], AbstractContextManager[Callable[[], "Table"]]]


def train(
    target: str, options: TrainOptions, opening: Opening, settings: Settings, out: Path | None = None
) -> tuple[Workspace, Run, Verdict]:
    """Search for a model of the table that `opening` begins to open, in the workspace of the settings, which is given back with
    the run and its verdict; the bundle goes to `out`, if that is given.

    BadInput when the table or what is asked of it cannot be used.
    """
    began = time.monotonic()
    check_numbers(options)
    with started_workers(options.executor, int(options.jobs) or settings.jobs) as workers, opening() as opened:
        from automl_core.workspace.door import Workspace
        from automl_core.workspace.requests import request_from

        request = request_from(target, options, settings.jobs)
        workspace = Workspace.open(settings)
        run, verdict = workspace.file_training.train(opened, request, out, options.hand_over, workers, began)
    return workspace, run, verdict
