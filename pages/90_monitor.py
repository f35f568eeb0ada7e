"""Monitor

Whether what comes in still looks like what the model learned from, batch by batch.
"""
from __future__ import annotations

import pandas as pd
import streamlit as st

from automl_core.production.contract import BatchReport
from automl_core.production.deployment import Batch
from pages.ui import cards, charts, session
from pages.ui.border import border
from pages.ui.cards import Fact
from pages.ui.theme import TEXT_WIDTH
from pages.ui.words import ago, count, cut, estimate, interval, metric_title, number, percent, plain, score

STATUS = {
    "ok": ("Fine", "green", ":material/check_circle:"), "watch": ("Watch", "orange", ":material/visibility:"),
    "act": ("Act", "red", ":material/priority_high:"),
}
WHOLE = ("missing_column", "extra_column")  # a whole column, in no row more than in another
UNJUDGED = ("Too few rows to judge", "gray", ":material/hourglass_empty:")
ws = session.workspace()
project = cards.need_project()
if not ws.deploy.deployments(project):
    cards.empty("Nothing to watch yet", "Monitoring starts with the first scored rows.", "deploy", "Deploy the model")
    st.stop()
batches = ws.monitor.batches(project)
if not batches:
    cards.empty("No rows scored yet", "Score a file on the deploy page, or send rows to the address.", "deploy", "Score a file")
    st.stop()


def learned(batch: Batch) -> str:
    """What the model that answered this batch reached in its search: what the figures of a batch are to be held against."""
    found = ws.search.run(ws.deploy.get(batch.deployment_id).run).summary
    spread = estimate(found.score.mean, found.score.low, found.score.high)
    return f"In the search, on rows it had not seen, the model had {metric_title(found.metric)} {spread}."


def show(report: BatchReport, batch: Batch) -> None:
    """One batch: the light with its word, the contract, the drift."""
    word, colour, icon = STATUS[report.status] if report.columns or report.status != "ok" else UNJUDGED
    st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
    st.markdown(f"**{plain(report.sentence)}**", width=TEXT_WIDTH)
    drifted = [item for item in report.columns if item.drifted]
    facts = [Fact("Rows", count(report.rows)), Fact("Not as agreed", count(len(report.contract)))]
    if report.columns:
        facts.insert(1, Fact("Columns that moved", f"{len(drifted)} of {len(report.columns)}"))
    known = report.realised is not None and report.realised.trusted
    unsure = ("The outcomes say otherwise." if known else "Not yet confirmed by outcomes.",
              "Measured on rows that the model learned from: too good.")
    for name, figure, doubt in zip(("Estimated", "Measured"), (report.estimate, report.realised), unsure, strict=True):
        if figure:
            facts.append(Fact(
                f"{name} {metric_title(figure.metric)}", score(figure.value), interval(figure.low, figure.high),
                "Confirmed by outcomes so far." if figure.trusted else doubt))
    cards.facts(facts, columns=len(facts))
    if report.estimate or report.realised:
        st.markdown(plain(learned(batch)), width=TEXT_WIDTH)
    if report.prediction_drift:
        st.markdown(plain(report.prediction_drift.sentence), width=TEXT_WIDTH)
    if report.contract:
        st.subheader("Data contract", anchor=False)
        st.markdown("Where this batch is not what was agreed on in training.")
        st.dataframe(pd.DataFrame([
            {"Severity": {"note": "Note", "warn": "Warning", "refuse": "Refused"}[item.severity], "Column": item.column,
             "Rows": None if item.kind in WHOLE else item.count, "What": item.sentence} for item in report.contract[:300]
        ]), hide_index=True, key="contract", alt="Violations of the data contract", placeholder="All",
            column_config={"What": st.column_config.TextColumn(width="large")})
    if report.columns:
        st.subheader("Drift", anchor=False)
        cards.show(charts.drift(report.columns, session.palette()), "drift")
        with st.expander("All columns, then and now"):
            st.dataframe(pd.DataFrame([
                {"Column": item.name, "Moved": "Yes" if item.drifted else "No", "Distance": item.effect, "p": number(item.p, 2),
                 "Weight in the model": percent(item.importance), "Then": item.then, "Now": item.now}
                for item in report.columns[:300]
            ]), hide_index=True, key="drift_table", alt="Drift of each column")


st.subheader("Batches", anchor=False)
names = {f"{cut(item.name, 60)} · {count(item.rows, 'row')} · {ago(item.scored_at)} · {item.id[-4:]}": item
         for item in batches[:200]}
chosen = st.selectbox("Batch", list(names), key="batch")
batch = names[chosen] if chosen in names else batches[0]
report: BatchReport | None = None
with st.container(border=True), border(), st.spinner("Comparing with training", show_time=True):
    report = ws.monitor.report(project, batch.id)
    show(report, batch)
history = pd.DataFrame([
    {"Batch": item.name, "Scored": ago(item.scored_at), "Rows": item.rows,
     "Status": STATUS[item.report.status][0] if item.report else "Open it"}
    for item in batches[:200]
])
with st.expander(f"All batches ({len(batches)})"):
    st.dataframe(history, hide_index=True, key="history", alt="All scored batches with their status")
if report is not None and any(item.severity == "refuse" for item in report.contract):
    cards.next_step("deploy", "Score the mended file", "mend what it lacks (see Data contract above), then score it again.")
elif report is not None and report.status == "act":
    cards.next_step("data", "Bring newer data", "the world has moved; upload recent rows and search again.")
else:
    cards.next_step("deploy", "Score another file", "the more batches, the earlier a change is seen.")
