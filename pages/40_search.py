"""Search

Find the best model in the time you give, and hand over the fastest one that is not worse.
"""
from __future__ import annotations

import streamlit as st

from automl_core.search.plan import Plan, RunSummary
from pages.ui import cards, charts, plan_form, progress, search_view, session
from pages.ui.border import border
from pages.ui.cards import Fact
from pages.ui.theme import BESIDE_WIDTH, TEXT_WIDTH
from pages.ui.words import count, duration, family_title, interval, metric_title, milliseconds, plain, score, size

MORE = {"1 min": 60, "5 min": 300, "15 min": 900}
ws = session.workspace()
project = cards.need_project()
problem = ws.goal.problem(project) if ws.data.has_table(project) else None
if problem is None:
    cards.empty("No goal yet", "A search needs to know what to predict.", "goal", "Set the goal")
    st.stop()


def results(summary: RunSummary) -> None:
    """What was found: the score, what it adds, and what it costs to run."""
    metric, unit = metric_title(summary.metric), search_view.unit(ws.search.problem(project), summary.metric)
    cards.facts([
        Fact(metric, score(summary.score.mean), interval(summary.score.low, summary.score.high),
             f"{unit}On rows the model had not seen while learning; the small figures are the 95 % interval."),
        Fact("Baseline", score(summary.baseline.mean), interval(summary.baseline.low, summary.baseline.high),
             f"{unit}Without a model: every row gets the same answer."),
        Fact("Handed over", family_title(summary.family),
             f"blend of {len(summary.members)}" if len(summary.members) > 1 else "one model"),
        Fact("One answer takes", milliseconds(summary.row_ms_p50), size(1e6 * summary.mb)),
    ])
    if summary.sentence:
        st.markdown(plain(summary.sentence, 1_000), width=TEXT_WIDTH)
    if summary.computed_words:
        st.caption(plain(summary.computed_words, 2_000), width=TEXT_WIDTH)
    search_view.copies(project)
    st.subheader("What could be handed over", anchor=False)
    cards.show(charts.offers(summary, session.palette()), "offers")
    for offer in summary.ladder:
        if offer.chosen and offer.sentence:
            st.caption(f"{search_view.costs(project, offer)}. {plain(offer.sentence)}")
    if compared := ws.search.compared(project):
        st.caption(plain(compared, 600), width=TEXT_WIDTH)
    search_view.ladder(project, summary)
    st.subheader("Leaderboard", anchor=False)
    tried = sum(trial.state in ("finished", "truncated") for trial in summary.leaderboard)
    same = f"the same {summary.folds} folds" if summary.folds > 1 else "the same held-out part"
    some = f"{summary.judged:,} of " if 0 < summary.judged < summary.rows else ""
    st.markdown(f"{count(tried, 'candidate')} scored on {same} of {some}{count(summary.rows, 'row')} in "
                f"{duration(summary.fit_seconds)}; best {metric} first.", width=TEXT_WIDTH)
    search_view.leaderboard(summary.leaderboard, summary.metric, summary.baseline)


def more_time(found: RunSummary) -> None:
    """Go on with the same search: nothing it has fitted is fitted again."""
    with st.container(border=True, horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        with st.container(width=BESIDE_WIDTH, gap="xsmall"):
            st.markdown("**Give it more time**")
            st.caption(
                f"This version reads the table in another way: begins anew, with {duration(found.fit_seconds)} and the new time."
                if ws.search.begins_anew(project) else
                f"Goes on after {duration(found.fit_seconds)} with what is not tried yet, and new settings near the best.")
            named = st.segmented_control("More time", list(MORE), default="5 min", required=True, key="more_time",
                                         label_visibility="collapsed")
        if st.button(f"Search {named} more", key="more", icon=":material/more_time:"):
            with border():
                ws.search.more(project, float(MORE.get(str(named), 300)))
                st.rerun()


state = ws.search.state(project)
running = progress.active(project, "search")
if running is not None:
    search_view.live(project)
    st.stop()

last = ws.search.last(project)
summary = state.summary if state and state.summary else last.summary if last else None
if state and state.summary is None and state.job.state == "failed":
    progress.failure(project, "search")
elif state and state.summary is None and state.job.state == "cancelled":
    before = "The model below is that of the search before." if summary else "No model was handed over."
    st.info(f"The last search was cancelled. {before}", icon=":material/info:")
elif state:
    search_view.ended_early(project, state)
stale = summary is not None and ws.search.stale(project)
newest = state.run.plan if state else last.plan if last else Plan()
if summary is None:
    with st.container(border=True):
        plan = plan_form.form(project, problem, newest)
        begin = st.button("Start search", type="primary", icon=":material/play_arrow:", key="start_search")
else:
    results(summary)
    if not stale:
        more_time(summary)
    with st.expander("Search again", expanded=stale):
        plan = plan_form.form(project, problem, newest)
        begin = st.button("Start search", type="primary" if stale else "secondary", key="start_search")
if begin:
    with border():
        ws.search.start(project, plan)
        session.session().drafts.pop("plan", None)
        st.rerun()
if summary is not None:
    cards.next_step("explain", "See what drives it", "the columns behind the answers, for all rows and for a single one.",
                    primary=not stale)
