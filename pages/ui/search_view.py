"""A search on the page: live while it runs, its leaderboard afterwards."""
from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from automl_core.framing.problem import Problem, Verdict
from automl_core.jobs import Job
from automl_core.search.plan import RungOffer, RunSummary, Score, Trial
from automl_core.workspace.views import RunState
from pages.ui import cards, charts, forms, progress, session
from pages.ui.border import border
from pages.ui.theme import BESIDE_WIDTH
from pages.ui.words import count, decimals, family_title, interval, metric_title, milliseconds, money, plain, quoted, score, size

RUNGS = {"rule": "A rule to remember", "linear": "Linear", "legible": "Can be read as it is",
         "small": "Fastest that is not worse", "student": "Taught by the blend", "single": "Best single model",
         "ensemble": "Best blend"}
CHOSEN = "It is explained, which takes some seconds. Action cards are made anew, unless it was handed over before."
KEPT = "The model is kept; only groups and cards are not looked for."
IN_UNITS = ("rmse", "mae", "pinball")
LONGEST_HEAD = 15  # signs that the head of a score has room for on a phone
STATES = {"finished": "Finished", "truncated": "Stopped by time", "dropped": "Given up early", "failed": "Failed"}


def jobs() -> int:
    """How many trials may run at the same time."""
    return session.workspace().context.settings.jobs


def pick_families(start: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds of model to try, by name (none: all that are installed), starting from some; one that is not installed says what
    it lacks."""
    found = session.workspace().search.families()
    titles = {item.name: item.title for item in found if item.installed}
    chosen = st.multiselect("Kinds of model", list(titles), [name for name in start if name in titles], key="families",
                            placeholder="All that are installed", format_func=lambda name: titles.get(name, family_title(name)))
    for item in found:
        if not item.installed:
            st.caption(f"{plain(item.title, 60)} is unavailable: {plain(item.needs, 90)}")
    return tuple(name for name in chosen if name in titles)


def copies(project: str) -> None:
    """Where many rows repeat others: what the scores of the newest search rest on, and what to do about it."""
    ws = session.workspace()
    run = ws.search.last(project)
    verdict = ws.goal.verdict_of(project, ws.search.inputs(run)) if run else None
    if verdict and verdict.copies:
        st.caption(f"{verdict.copies} Keep copies together on the goal page if new rows will not be copies.")


def live(project: str) -> None:
    """The running search: progress, best so far, leaderboard, Finish now and Cancel; polled every second."""
    _live(project)


@st.fragment(run_every=1.0)
@border()
def _live(project: str) -> None:
    ws = session.workspace()
    state = ws.search.state(project)
    if state is None or state.job.state not in progress.ACTIVE:
        st.rerun()
    job, kept = state.job, state.summary is not None
    if kept and job.stop == "finish":  # that was done: what goes on does not hear it
        job = replace(job, stop="")
    done = [trial for trial in state.trials if trial.state in ("finished", "truncated")]
    with st.container(border=True):
        progress.bar(job)
        with st.container(horizontal=True):
            st.button("Finish now", type="primary", key="finish", disabled=bool(job.stop) or kept or not done,
                      on_click=progress.stop, args=(job.id, "finish"), help="Stops searching and keeps the best so far.")
            lost = KEPT if kept else "Stops searching; no model is handed over."
            if st.button("Cancel", key="cancel", disabled=bool(job.stop), help=lost):
                _cancel(job, bool(done), kept)
    if not done:
        st.caption("The first results take a few seconds.")
        return
    inputs = ws.search.inputs(state.run)  # its own: the goal may have been changed since it began
    metric = ws.goal.problem_of(inputs).metric
    best, baseline = done[0], _baseline(ws.goal.verdict_of(project, inputs))
    text = f"Best so far: **{plain(best.label)}** with {metric_title(metric)} {score(best.score)}"
    if baseline:
        text += f", against {score(baseline.mean)} without a model"
    st.markdown(f"{text}. {count(len(done), 'candidate')} scored.")
    leaderboard(state.trials, metric, baseline)


def _cancel(job: Job, found: bool, kept: bool) -> None:
    """Stop a search for good; asks first where it has `found` something that would be lost. Once its model is `kept` only what
    is looked for with it is."""
    stop = partial(progress.stop, job.id, "cancel")
    if not found:
        stop()
        st.rerun()
    if kept:
        forms.confirm("Cancel the rest", KEPT, "Cancel the rest", stop, "Go on")
        return
    forms.confirm("Cancel the search", "It then hands over no model. “Finish now” keeps the best so far.", "Cancel the search",
                  stop, "Go on searching")


def ended_early(project: str, state: RunState | None, where: str = " Look for them on the Act page.") -> None:
    """Where a search was cancelled or failed after its model was kept: what is missing, until somebody looks for it again."""
    later = session.workspace().jobs.last(project, "act")
    if state is None or state.summary is None or state.job.state not in ("cancelled", "failed") or (
            later is not None and later.created_at > state.job.created_at):
        return
    how = "was cancelled" if state.job.state == "cancelled" else "failed"
    why = f" {plain(state.job.error)}" if state.job.error and how == "failed" else ""
    st.info(f"Looking for groups and cards {how}; the model is kept.{why}{where}", icon=":material/info:")


def ladder(project: str, summary: RunSummary) -> None:
    """The other models that could be handed over, each with its price and a button that takes it."""
    run = session.workspace().search.last(project)
    if run is None:
        return
    for offer in summary.ladder:
        if offer.chosen or offer.name not in run.rungs:
            continue
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            with st.container(width=BESIDE_WIDTH, gap="xsmall"):
                names = ", ".join([RUNGS.get(offer.name, offer.name), *(_aside(name) for name in offer.also)])
                st.markdown(f"**{plain(names)}**: {plain(charts.offer_name(offer))}")
                st.caption(f"{metric_title(summary.metric)} {score(offer.score.mean)} "
                           f"({interval(offer.score.low, offer.score.high)}); {costs(project, offer)}. {plain(offer.sentence)}")
            if st.button("Hand this over", key=f"rung_{offer.name}", help=CHOSEN):
                with border(), st.spinner("Explaining the model"):
                    session.workspace().search.choose(project, offer.name)
                    st.rerun()


def costs(project: str, offer: RungOffer) -> str:
    """How long a row takes on a rung, what its bundle weighs and what its decisions are worth."""
    return (f"{milliseconds(offer.row_ms_p50)} a row, {milliseconds(offer.row_ms_p95)} for the slowest twentieth, "
            f"{size(1e6 * offer.mb)}{_worth(project, offer)}")


def _aside(name: str) -> str:
    """The name of a rung inside a sentence."""
    title = RUNGS.get(name, name)
    return title[:1].lower() + title[1:]


def _worth(project: str, offer: RungOffer) -> str:
    """What the rung's decisions are worth by the amounts that it was searched with, whatever the goal says now."""
    terms = session.workspace().search.problem(project).money
    return f"; {money(offer.money, terms.currency)} a row" if terms is not None and math.isfinite(offer.money) else ""


def unit(problem: Problem, metric: str) -> str:
    """A sentence that names the unit of scores, where they have one."""
    return f"In units of {quoted(problem.target, 40)}. " if metric in IN_UNITS else ""


def _baseline(verdict: Verdict | None) -> Score | None:
    """The constant answer’s score from the check, when it was made."""
    if verdict is None:
        return None
    rung = next((rung for rung in verdict.ladder if rung.rung == "average"), None)
    return Score(rung.score, rung.low, rung.high) if rung else None


def leaderboard(trials: tuple[Trial, ...], metric: str, baseline: Score | None) -> None:
    """All trials, best first, under the pinned baseline; trials that did not finish say why."""
    rows = []
    if baseline:
        rows.append({"Place": "–", "Candidate": "Baseline: no model", "Score": baseline.mean,
                     "95 % interval": interval(baseline.low, baseline.high), "Kind": "Baseline", "Seconds": None,
                     "State": "Pinned"})
    place = 0
    for trial in trials:
        ok = trial.state in ("finished", "truncated")
        place += ok
        rows.append({
            "Place": str(place) if ok else "–", "Candidate": trial.label, "Score": trial.score if ok else None,
            "95 % interval": interval(trial.low, trial.high) if ok else "", "Kind": family_title(trial.family),
            "Seconds": trial.seconds or None, "State": trial.reason if not ok and trial.reason else STATES[trial.state],
        })
    config, title, table = st.column_config, metric_title(metric), pd.DataFrame(rows)
    written = decimals(float(pd.to_numeric(table["Score"]).abs().median()), 4)
    st.dataframe(
        table, hide_index=True, key="leaderboard", height=cards.height(len(rows)), placeholder="–",
        alt=f"Leaderboard of {len(trials)} candidates by {title}",
        column_config={
            "Place": config.TextColumn(width=50), "Candidate": config.TextColumn(width=175, pinned=True),
            "Score": config.NumberColumn(title if len(title) <= LONGEST_HEAD else "Score", help=title, format=written, width=105),
            "Seconds": config.NumberColumn(format="%.1f", width=80), "State": config.TextColumn(width="large"),
        },
    )
