"""Deploy

Put the model to work: one address that scores rows for other programs, and a page that scores a whole file.
"""
from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from automl_core.production.deployment import Deployment
from pages.ui import cards, deploy_view, forms, session
from pages.ui.border import border
from pages.ui.theme import TEXT_WIDTH
from pages.ui.words import ago, count, plain

ws = session.workspace()
project = cards.need_project()
run = ws.search.last(project)
if run is None:
    cards.empty("No model to deploy yet", "A search hands over the model.", "search", "Start a search")
    st.stop()


def deploy() -> None:
    """Deploy the newest model and keep its key for this visit."""
    made, key = ws.deploy.create(project)
    session.session().shown_once[made.id] = key
    st.rerun()


def endpoint(deployment: Deployment) -> None:
    """Address, key and ready-made calls with a real row."""
    key = session.session().shown_once.get(deployment.id, "")
    st.markdown("**Address**")
    st.code(deploy_view.score_address(deployment.id), language=None, wrap_lines=True)
    if key:
        st.markdown("**Key**: copy it now; it is shown only once, because Clarion keeps no copy of it.")
        st.code(key, language=None, wrap_lines=True)
    else:
        st.caption("Put your key in place of YOUR_KEY. A lost key cannot be shown again: make a further one below.")
    with border():
        deploy_view.calls(deployment.id, key or "YOUR_KEY", ws.deploy.example(deployment.id))


def score(deployment: Deployment) -> None:
    """Score a file here; the answer stays until the next one."""
    drafts = session.session().drafts
    done = forms.upload("A file with new rows", "score_upload", partial(ws.deploy.score_file, deployment.id))
    if done:
        drafts["scored"] = done
    if "scored" not in drafts:
        return
    scored, report = drafts["scored"]
    frame: pd.DataFrame = scored
    st.markdown(f"**{deploy_view.answered(frame)}** {plain(report.sentence)}", width=TEXT_WIDTH)
    flagged = int((frame["_quality"] != "ok").sum()) if "_quality" in frame else 0
    if flagged:
        st.warning(f"{count(flagged, 'row')} to look at; the column \\_reasons says why.", icon=":material/warning:")
    if report.reading:
        st.warning(plain(" ".join(report.reading), 1_000), title="As the file was read", icon=":material/warning:")
    cards.table(frame, "Scored rows", "scored", tall=320)
    st.download_button("Download all scored rows", partial(ws.files.csv, frame), file_name="scored.csv", mime="text/csv",
                       icon=":material/download:", on_click="ignore", key="scored_csv")


deployments = ws.deploy.deployments(project)
newest = next((item for item in deployments if not item.ended), None)
if newest is None:
    with st.container(border=True):
        st.markdown("The model answers on this server’s own port, to programs that have the key.", width=TEXT_WIDTH)
        if st.button("Deploy the model", type="primary", icon=":material/rocket_launch:", key="deploy"):
            with border():
                deploy()
    deploy_view.history(deployments)
    st.stop()
if newest.run != run.id:
    st.warning("A newer model was found since; the address below still answers with the older one.", title="Out of date",
               icon=":material/sync_problem:")
    if st.button("Deploy the newer model", type="primary", key="deploy"):
        with border():
            deploy()
st.caption(f"Deployed {ago(newest.created_at)}.")
st.subheader("Score a file", anchor=False)
st.markdown("The same columns as in training. Every row is kept; one that lacks an important column gets no answer.",
            width=TEXT_WIDTH)
score(newest)
st.subheader("For other programs", anchor=False)
endpoint(newest)
deploy_view.access(newest)
deploy_view.history(deployments)
cards.next_step("monitor", "Watch it at work", "what was scored, and whether the data still look like those it learned from.",
                primary=newest.run == run.id)
