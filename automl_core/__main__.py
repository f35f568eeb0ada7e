"""`python -m automl_core COMMAND`."""
from __future__ import annotations

import gc
import os
import sys
import traceback
from pathlib import Path
from types import TracebackType

SELDOM = 100_000  # objects made between two looks for circles: 700 would look at every library again and again while they load


def tell_unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What nobody foresaw: one sentence, exit code 3, and the traceback in a log that only the owner may read."""
    log = Path(os.environ.get("CLARION_HOME", ".clarion")) / "logs" / "command.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "w", encoding="utf-8") as handle:
            traceback.print_exception(kind, error, trace, file=handle)
        where = "; logs/command.log in the data folder says what"
    except OSError:
        where = ""
    print(f"Something went wrong inside Clarion ({kind.__name__}){where}.", file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(3)


if __name__ == "__main__":
    sys.excepthook = tell_unexpected
    if sys.argv[1:2] not in (["worker"], ["serve"]):  # these live as long as the app
        gc.set_threshold(SELDOM, 20, 20)

    from automl_core.cli import main

    code = main()
    gc.freeze()  # the process ends: nothing that it holds is looked through for circles once more
    sys.exit(code)
