"""What a run's summary says once a rung was chosen by hand, or beside what the quick check had found."""
from __future__ import annotations

from dataclasses import replace

from automl_core.errors import NotFound
from automl_core.framing.metric_rows import Cut, MiddleStep
from automl_core.framing.metrics import get_metric
from automl_core.framing.problem import Verdict
from automl_core.search.model import Model
from automl_core.search.offers import ENSEMBLE, companion_sentence
from automl_core.search.plan import RungOffer, RunSummary, against_baseline, shortcomings, unseen_words
from automl_core.workspace.views import Run

# what a rung said in the end of the search's own choice, in runs that were kept before `RungOffer.found` was noted
OLDER_ENDS = (", and it is what is handed over.", "; a faster one that is not worse is handed over.",
              "; a better one that is as quick, to the millisecond, is handed over.")


def summary_of(run: Run) -> RunSummary:
    """The summary of a finished run; NotFound when it has none."""
    if run.summary is None:
        raise NotFound("This search has not ended yet.", "Wait for it, or press Finish now.")
    return run.summary


def cut_of(summary: RunSummary) -> Cut:
    """What labels of the handed-over model are made by."""
    return MiddleStep(summary.factors) if summary.middle else summary.factors or summary.threshold


def with_choice(summary: RunSummary, rung: str, model: Model) -> RunSummary:
    """The summary with this rung of the ladder handed over, by the user's own choice."""
    offer = next(item for item in summary.ladder if item.name == rung)
    ladder = tuple(replace(item, chosen=item.name == rung, sentence=_found(item)) for item in summary.ladder)
    family = ENSEMBLE if len(model.members) > 1 else model.members[0].family
    metric = get_metric(summary.metric).title
    what = offer.members[0] if len(offer.members) == 1 else f"a blend of {len(offer.members)} models"
    unseen = unseen_words(summary.judged, summary.rows)
    sentence = f"You chose {what}: {metric} {offer.score.words} {unseen}, {offer.row_ms_p50:.2g} ms a row."
    worse = against_baseline(offer.score, summary.baseline, summary.greater_is_better)
    companion = companion_sentence(ladder, summary.leaderboard)
    sentence = " ".join(filter(None, (sentence, worse, companion, shortcomings(summary, offer))))
    return replace(summary, score=offer.score, family=family, members=offer.members, ladder=ladder, mb=offer.mb,
                   row_ms_p50=offer.row_ms_p50, row_ms_p95=offer.row_ms_p95, threshold=model.threshold, factors=model.factors,
                   middle=model.middle, sentence=sentence,
                   refitted=offer.refitted if summary.held_out else summary.refitted)  # older runs knew it of one rung alone


def _found(offer: RungOffer) -> str:
    """What the search found of a rung, without what it says of its own choice."""
    end = next((end for end in OLDER_ENDS if offer.sentence.endswith(end)), "")
    return offer.found or (f"{offer.sentence.removesuffix(end)}." if end else offer.sentence)


def with_check(run: Run, verdict: Verdict | None) -> RunSummary:
    """The summary, with a warning when the quick check had a model whose score lies outside the handed-over one's interval, and
    this one's outside that model's: of one that is no better than a guess its summary says enough."""
    summary = summary_of(run)
    if verdict is None or verdict.metric != summary.metric or not verdict.ladder:
        return summary
    sign = 1.0 if summary.greater_is_better else -1.0
    best = max(verdict.ladder, key=lambda rung: sign * rung.score)
    behind = best.score > summary.score.high if summary.greater_is_better else best.score < summary.score.low
    alike = best.low <= summary.score.mean <= best.high
    if not behind or alike or against_baseline(summary.score, summary.baseline, summary.greater_is_better):
        return summary
    warning = f"The quick check reached {best.score:,.4g} with its {best.rung} model, better than this one{_why_behind(run)}."
    return replace(summary, sentence=f"{summary.sentence} {warning}")


def _why_behind(run: Run) -> str:
    """Why a search found no model as good as the quick check's, and what to do; empty where that is not known."""
    summary, plan = summary_of(run), run.plan
    if run.by_hand and any(offer.chosen and run.by_hand in (offer.name, *offer.also) for offer in summary.ladder):
        return ""
    if run.stopped_after:
        return ": the search was stopped early, so give it more time"
    if plan.max_trials and (summary.tried_all or not plan.timed):
        return f": more trials{' or other kinds of model' if plan.families else ''} may find one as good"
    if summary.tried_all:
        return ": other kinds of model may be as good" if plan.families else ""
    return ": the time was too short for this table, so search longer"
