"""A running job on the page: polled every second, found again after a reload, stoppable."""
from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from automl_core.jobs import Job
from pages.ui import session, words
from pages.ui.border import border

ACTIVE = ("queued", "running")


def active(project: str, kind: str) -> Job | None:
    """The queued or running job of that kind in the project."""
    return next((job for job in session.workspace().jobs.active(project) if job.kind == kind), None)


def watch(job: Job) -> None:
    """Progress, sentence, time left and Cancel of a job, until it ends; then the page runs again."""
    _live(job.id)


def of_another(job: Job, words: str = "Another model is being looked at; this one can follow when it has ended.") -> None:
    """Says that it is another model, or what `words` say, that is being looked at, with the progress of that and Cancel."""
    st.caption(words)
    watch(job)


def failure(project: str, kind: str, about: Mapping[str, object] | None = None) -> None:
    """One sentence about the newest job of that kind, when it failed: not where it was asked `about` something else, as another
    model or goal, by its body."""
    job = session.workspace().jobs.last(project, kind)
    if job is not None and about is not None and any(job.body.get(name) != value for name, value in about.items()):
        return
    failed(job)


def failed(job: Job | None) -> None:
    """One sentence about a job, when it failed."""
    if job and job.state == "failed":
        reason = words.plain(job.error or "It stopped without saying why.")
        st.error(f"{reason} You can start it again; nothing else was changed.", title="The last try failed",
                 icon=":material/error:")


@st.fragment(run_every=1.0)
@border()
def _live(job_id: str) -> None:
    job = session.workspace().jobs.get(job_id)
    if job.state not in ACTIVE:
        st.rerun()
    with st.container(border=True):
        bar(job)
        st.button("Cancel", key=f"cancel_{job_id}", disabled=bool(job.stop), on_click=stop, args=(job_id, "cancel"))


@border()
def stop(job_id: str, how: str) -> None:
    """Ask the job to stop; the next look at it shows that it was asked."""
    session.workspace().jobs.stop(job_id, how)


def bar(job: Job) -> None:
    """The bar itself with its sentence and the time left."""
    sentence = words.plain(job.sentence or ("Waiting for the worker." if job.state == "queued" else "Starting."))
    if job.stop:
        sentence = "Stopping; this takes a few seconds."
    share = min(1.0, max(0.0, job.progress if job.progress == job.progress else 0.0))
    st.progress(share, text=sentence)
    left = job.seconds_left
    if left == left and left > 0 and not job.stop:
        st.caption(f"About {words.duration(left)} left. You can leave or close this page; the work goes on.")
    else:
        st.caption("You can leave or close this page; the work goes on.")
