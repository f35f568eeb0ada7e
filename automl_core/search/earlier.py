"""Refits of an earlier search that more time goes on from: the same candidate on the same rows, by as many rounds, is not fitted
again, so that the time that was added goes into new fits."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from automl_core.search.extras_files import extras_from_files
from automl_core.search.journal import FoldResult
from automl_core.search.plan import Candidate
from automl_core.search.worker import ALL_ROWS, EXTRAS_KINDS, Extras

if TYPE_CHECKING:
    from automl_core.search.race import Race


def find_columns(race: Race) -> None:
    """The learned columns of the first fold and of all rows that kept models were fitted on: learned again, with more time or
    less, they could be others than those models take. With those of all rows, the refits that are left."""
    nothing, fingerprint = np.zeros((0, 0), dtype=np.float32), race.prepared.fingerprint
    for kind in EXTRAS_KINDS:
        for fold in (0, ALL_ROWS):
            files = race.journal.kept(fingerprint, columns_name(kind, fold))
            found = extras_from_files(Extras(kind, fold, (), (), nothing), files) if files else None
            if found is not None and (found.whole or (kind, fold) in race.contest.partly):
                race.take_extras(found, new=False)
                race.lasting |= {(kind, fold)}
        for fold in (fold for name, fold in race.contest.without if name == kind):
            race.go_without(kind, fold)
    notes = race.journal.notes(fingerprint)
    for candidate in race.contest.candidates:
        rounds = int(notes.get(_note(candidate), 0))
        if rounds and not race.contest.missing_extras(candidate, ALL_ROWS):
            race.contest.refitted[candidate.key] = rounds
        elif rounds:  # its columns are lost, and new ones will be kept
            race.journal.note(fingerprint, _note(candidate), 0)


def columns_name(kind: str, fold: int) -> str:
    """The name under which learned columns are kept."""
    return f"{kind}{fold if fold != ALL_ROWS else 'all'}"


def earlier_refits(race: Race, chosen: list[Candidate], wanted: dict[str, int]) -> dict[str, FoldResult]:
    """Those of the candidates that were fitted on all rows with these rounds before, by key."""
    found, notes = {}, race.journal.notes(race.prepared.fingerprint)
    for candidate in chosen:
        key, rounds = candidate.key, wanted[candidate.key]
        if race.contest.refitted.get(key) == rounds:
            files = race.journal.kept(race.prepared.fingerprint, _name(candidate, rounds))
            if files:
                found[key] = FoldResult(key, ALL_ROWS, np.zeros(0), rounds, files=files,
                                        bags=int(notes.get(_bags_note(candidate), 0)))
    return found


def keep_refits(race: Race, chosen: list[Candidate], wanted: dict[str, int], refits: dict[str, FoldResult]) -> None:
    """For a search that goes on from this one: those whose learned columns last, too."""
    for candidate in chosen:
        result, rounds = refits.get(candidate.key), wanted[candidate.key]
        lasts = all((kind, ALL_ROWS) in race.lasting for kind in race.contest.wanted_extras(candidate))
        if result is not None and result.files and lasts:
            race.journal.keep(race.prepared.fingerprint, _name(candidate, rounds), result.files)
            race.journal.note(race.prepared.fingerprint, _note(candidate), rounds)
            race.journal.note(race.prepared.fingerprint, _bags_note(candidate), result.bags)


def _name(candidate: Candidate, rounds: int) -> str:
    return f"{candidate.key}-whole-{rounds}"


def _note(candidate: Candidate) -> str:
    return f"refit {candidate.key}"


def _bags_note(candidate: Candidate) -> str:
    return f"bags {candidate.key}"
