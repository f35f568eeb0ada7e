"""A running job's line to the store: it tells how far it is and asks whether it shall stop."""
from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from automl_core.errors import ClarionError
from automl_core.store import Stop, Store

LOOK_EVERY = 0.2
TELL_EVERY = 0.2


class JobWatch:
    """Given to the code that does the work. Calls are cheap: they reach the store at most a few times a second."""

    def __init__(self, store: Store, job_id: str, attempt: int = 0) -> None:
        """`attempt` (0: any) is the start of the job this watch belongs to; an attempt that was lost hears “cancel”."""
        self._store = store
        self._job_id = job_id
        self._attempt = attempt
        self._looked = self._written_at = -math.inf
        self._stop: Stop = ""
        self._finish = False
        self._said = ("", -1.0)

    def progress(self, fraction: float, sentence: str, seconds_left: float = math.nan) -> None:
        """Tell how far the work is: a share of 1, what is being done, and the seconds left (NaN: unknown)."""
        said, now = (sentence, fraction), time.monotonic()
        same_words_lately = sentence == self._said[0] and now - self._written_at < TELL_EVERY
        if said == self._said or (same_words_lately and fraction < 1.0):
            return
        self._said, self._written_at = said, now
        with suppress(ClarionError):  # a busy store or a full disk passes: the work does not end for what is only said of it
            self._store.job_rows.progress(self._job_id, self._attempt, fraction, sentence, seconds_left)

    def finish(self) -> None:
        """Let `stop` say “finish” from now on; nothing is written, so that a signal's handler may call it anywhere."""
        self._finish = True

    def stop(self) -> Stop:
        """What the user asked for: "" (go on), "finish" or "cancel". Up to a fifth of a second old; once asked it stays.

        A job whose project was deleted is cancelled.
        """
        now = time.monotonic()
        if self._stop != "cancel" and now - self._looked >= LOOK_EVERY:
            self._looked = now
            found = self._store.job_rows.find(self._job_id)
            lost = found is None or found.state == "cancelled" or (self._attempt and found.attempts != self._attempt)
            self._stop = "cancel" if found is None or lost else found.stop
        return self._stop or ("finish" if self._finish else "")

    @property
    def fenced(self) -> bool:
        """Whether it belongs to one attempt of a job: taken for lost it may still run when the next one begins."""
        return self._attempt > 0

    def begins(self, values: Mapping[str, Any]) -> None:
        """Write into the job's body what it goes by, which is known only now that it begins."""
        self._store.job_rows.restate(self._job_id, self._attempt, {**values, "begun": True})

    def event(self, kind: str, body: Any) -> None:
        """Tell something that must not be lost, such as a finished trial."""
        self._store.job_rows.add_event(self._job_id, kind, body)
