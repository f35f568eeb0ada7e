"""What a race tells its watch while it runs: each candidate once it is through, and how far all of it is."""
from __future__ import annotations

import time
from typing import TYPE_CHECKING

from automl_core.data.words import join_words
from automl_core.search.plan import Candidate
from automl_core.search.telling import tell
from automl_core.search.worker import FitTask

if TYPE_CHECKING:
    from automl_core.search.race import Race


def announce(race: Race, candidate: Candidate) -> None:
    """Tell the watch of a candidate that is through or out, once."""
    known = race.contest.complete(candidate.key) or candidate.key in race.contest.out
    if known and candidate.key not in race.announced:
        race.announced.add(candidate.key)
        if race.contest.tried(candidate.key):
            race.watch.trial(tell(race.contest, candidate))


def report(race: Race) -> None:
    """Tell the watch what is being tried and how far the race is, twice a second at most."""
    if time.monotonic() - race.reported < 0.5:
        return
    race.reported = time.monotonic()
    left = max(0.0, race.clock.budget - race.clock.elapsed())
    names = {candidate.key: candidate.label for candidate in race.contest.candidates}
    trying = sorted({names[task.key] if isinstance(task, FitTask) else f"new columns ({task.kind})"
                     for task, _ in race.crew.running.values()})
    done = len(race.announced)
    count = f"{done} of {len(names)} candidates done."
    sentence = f"Trying {join_words(trying)}; {count}" if trying else count
    spent = race.contest.plan.spent_seconds
    before = race.known if spent else 0  # time that was added begins with what is through already
    share = max((race.clock.elapsed() - spent) / max(race.room, 1e-3), 0.9 * (done - before) / max(1, len(names) - before))
    race.fraction = min(max(share, race.fraction), 0.95)
    race.watch.progress(race.fraction, sentence, left)
