"""What is told of a search that has ended: the values of its report, the sentences for people, and what there is to be known."""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl_core.framing.problem import Verdict
    from automl_core.search.plan import RungOffer
    from automl_core.workspace.views import Run


def report_of(run: Run, verdict: Verdict, bundle: str, options: bool) -> dict[str, Any]:
    """The report of a run by the keys of `train --json`; `bundle` says where its model was written. `options` as in
    `warnings_of`."""
    summary = run.summary
    assert summary is not None
    return {"run": run.id, "task": summary.task, "metric": summary.metric, "score": summary.score, "baseline": summary.baseline,
            "verdict": verdict.verdict, "positive": verdict.positive, "trials": len(summary.leaderboard),
            "fit_seconds": summary.fit_seconds,
            "model": {"family": summary.family, "members": summary.members, "mb": summary.mb,
                      "row_ms_p50": summary.row_ms_p50, "row_ms_p95": summary.row_ms_p95,
                      "computed": summary.computed},
            "ensemble": summary.ensemble, "ladder": summary.ladder, "leaderboard": summary.leaderboard, "bundle": bundle,
            "resumed": summary.resumed, "stopped": run.stopped_after > 0, "leaks": verdict.leaks,
            "warnings": (*_worse_words(run), *warnings_of(verdict, options), *_leak_words(verdict))}


def sentences_of(run: Run, verdict: Verdict, options: bool) -> tuple[str, ...]:
    """What a run says for people, the verdict first. `options` as in `warnings_of`."""
    summary = run.summary
    assert summary is not None
    left = f"{summary.resumed:,} {'fit' if summary.resumed == 1 else 'fits'} that an interrupted search had left"
    return (*([f"It went on from {left}."] if summary.resumed else []), *_stopped_words(run), verdict.sentence,
            *positive_words(verdict, options), summary.sentence, *filter(None, (summary.computed_words,)),
            *warnings_of(verdict, options), *_leak_words(verdict))


def ladder_lines(run: Run) -> tuple[str, ...]:
    """A line a rung of the ladder, from simple to strong, with what it scores and costs; the one handed over is marked. Why
    one of no worse a score is not handed over is said."""
    summary = run.summary
    assert summary is not None
    sign = 1 if summary.greater_is_better else -1
    mark = max((sign * offer.score.mean for offer in summary.ladder if offer.chosen), default=math.inf)
    lines = (_rung_line(offer, not offer.chosen and sign * offer.score.mean >= mark) for offer in summary.ladder)
    return ("What could be handed over (* is):", *lines)


def _rung_line(offer: RungOffer, explained: bool) -> str:
    names = ", ".join((offer.name, *offer.also))
    what = offer.members[0] if len(offer.members) == 1 else f"{len(offer.members)} models"
    worth = "" if math.isnan(offer.money) else f", {offer.money:,.4g} in money a row"
    why = f". {offer.sentence}" if explained and offer.sentence else ""
    return (f"{'*' if offer.chosen else '-'} {names}: {what}, {offer.score.words}; {offer.row_ms_p50:.2g} ms a row "
            f"(p95 {offer.row_ms_p95:.2g}), {offer.mb:.2g} MB{worth}{why}")


def is_warned(run: Run, verdict: Verdict) -> bool:
    """Whether there is something to be known before the model is used: of the table and its target, of a candidate that failed,
    of refits that time cut off, of a column that seems to know the answer, or that it is no better than one guess for all."""
    summary = run.summary
    assert summary is not None
    failed = any(trial.state == "failed" for trial in summary.leaderboard)
    leaking = any(leak.severity == "red" for leak in verdict.leaks)
    return failed or not summary.refitted or bool(warnings_of(verdict, False)) or leaking or bool(_worse_words(run))


def _worse_words(run: Run) -> tuple[str, ...]:
    """That the model is not better than one guess for every row, as its summary says it; nothing otherwise."""
    from automl_core.search.plan import against_baseline  # not before the workers of a search have started

    summary = run.summary
    assert summary is not None
    worse = against_baseline(summary.score, summary.baseline, summary.greater_is_better)
    return (worse,) if worse else ()


def _leak_words(verdict: Verdict) -> tuple[str, ...]:
    """What seems to know the answer, a sentence each; copies only where `warnings_of` does not tell them."""
    return tuple(f"“{leak.column[:80]}” seems to know the answer in advance. {leak.evidence}" if leak.column else leak.evidence
                 for leak in verdict.leaks if leak.severity == "red" and (leak.column or not verdict.copies))


def _stopped_words(run: Run) -> tuple[str, ...]:
    """When a search was ended by somebody, as a sentence; nothing where it came to its own end."""
    if not run.stopped_after:
        return ()
    whole = f" of {run.plan.new_seconds:,.4g}" if run.plan.timed else ""
    return (f"Stopped after {max(1, round(run.stopped_after)):,}{whole} s.",)


def missed_words(run: Run) -> str:
    """A sentence where the rung that was to be handed over is none of the search's; empty otherwise."""
    wanted, ladder = run.by_hand, run.summary.ladder if run.summary else ()
    if not wanted or any(wanted in (offer.name, *offer.also) and offer.chosen for offer in ladder):
        return ""
    return f"This search has no model for the rung “{wanted}”, so its own choice is handed over."


def idle_words(run: Run, runs: Sequence[Run]) -> str:
    """A sentence where more time fitted no further candidate than the search before it among the `runs` of its project, newest
    first; empty otherwise."""
    before = next((one for one in runs if one.job_id != run.job_id), runs[-1])
    if _fitted(run) != _fitted(before):
        return ""
    if run.summary and run.summary.tried_all:
        return "No further candidate was fitted: nothing was left to try."
    return "No further candidate was fitted in this time."


def _fitted(run: Run) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The candidates that a search has fitted, each with what it scored on its folds: one fitted anew scores otherwise."""
    trials = run.summary.leaderboard if run.summary else ()
    scores = {trial.key: tuple(f"{score:.9g}" for score in trial.fold_scores) for trial in trials if trial.fold_scores}
    return tuple(sorted(scores.items()))  # as texts: what cannot be judged is the same again


def warnings_of(verdict: Verdict, options: bool) -> tuple[str, ...]:
    """What is to be known of the table and its target, a sentence each; `options`: whether the caller can choose those of a
    problem, so that they can be named."""
    hint = " Give --copies-together if new rows will not be copies." if options else ""
    return (*verdict.warnings, *((verdict.copies + hint,) if verdict.copies else ()))


def positive_words(verdict: Verdict, options: bool) -> tuple[str, ...]:
    """Which of two classes is predicted, as a sentence; nothing for other targets. `options` as in `warnings_of`."""
    hint = "; --positive names the other class" if options else ""
    return (f"Predicted is the chance of “{verdict.positive[:80]}”{hint}.",) if verdict.positive else ()
