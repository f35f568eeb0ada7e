"""Projects

From a table to a decision somebody can act on: start with a file of yours or a sample, or go on where you stopped.
"""
from __future__ import annotations

from functools import partial

import streamlit as st

from automl_core.samples import Sample
from automl_core.workspace.views import ProjectCard
from pages.ui import forms, nav, session
from pages.ui.border import border
from pages.ui.theme import BESIDE_WIDTH, CARD_WIDTH, TEXT_WIDTH
from pages.ui.words import ago, count, cut, plain, quoted

SHOWN = 20
ws = session.workspace()


def start(sample: Sample) -> None:
    """A project from a sample, opened at the verdict that is being made."""
    with st.spinner(f"Making {quoted(sample.title)} ready", show_time=True):
        project = ws.projects.start_sample(sample.name)
    session.open_project(project)
    nav.go("goal", project)


def take(name: str, stream: object) -> str:
    """A project named after the file, opened at its data; nothing is left behind when the file is refused."""
    project = ws.projects.create(cut(name.rsplit(".", 1)[0] or name, 80))
    try:
        ws.data.upload(project, name, stream)  # type: ignore[arg-type]
    except BaseException:
        ws.projects.delete(project)
        raise
    return project


@st.dialog("Rename project")
def rename(card: ProjectCard) -> None:
    """Ask for the new name."""
    name = st.text_input("Name", value=card.name, max_chars=120)
    if st.button("Save the name", type="primary"):
        with border():
            ws.projects.rename(card.id, name, card.version)
            st.rerun()


def delete(card: ProjectCard) -> None:
    """Delete a project and everything in it."""
    ws.projects.delete(card.id)
    if session.session().project == card.id:
        session.open_project("")


def sample_card(sample: Sample, primary: bool) -> None:
    """One sample with its story and its button."""
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{plain(sample.title)}**")
        st.markdown(plain(sample.story))
        st.space("stretch")
        st.caption("Made up, with a known truth" if sample.made_up else "Real data")
        if st.button("Start with this", key=f"sample_{sample.name}", type="primary" if primary else "secondary", width="stretch"):
            with border():
                start(sample)


def project_row(card: ProjectCard, primary: bool) -> None:
    """One project: what it is, how far it is, and what can be done with it."""
    stage = nav.page_file(card.stage).title
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width=BESIDE_WIDTH, gap=None):
            st.markdown(f"**{plain(card.name, 120)}**")
            st.caption(f"{plain(card.sentence)} · {ago(card.updated_at)} · go on with {stage}")
        with st.container(horizontal=True, width="content"):
            if st.button("Open", key=f"open_{card.id}", type="primary" if primary else "secondary"):
                session.open_project(card.id)
                nav.go(card.stage, card.id)
            picked = st.menu_button("More", ["Rename", "Delete"], key=f"more_{card.id}")
    if picked == "Rename":
        rename(card)
    elif picked == "Delete":
        forms.confirm("Delete project", f"{quoted(card.name)} with its data, models, reports and links will be gone for good.",
                      "Delete for good", partial(delete, card))


cards = ws.projects.list()
if cards:
    st.subheader("Your projects", anchor=False)
    page = st.pagination(-(-len(cards) // SHOWN), key="projects_page") if len(cards) > SHOWN else 1
    for index, card in enumerate(cards[(page - 1) * SHOWN : page * SHOWN]):
        project_row(card, primary=index == 0 and page == 1)
    if len(cards) > SHOWN:
        st.caption(f"{count(len(cards), 'project')} in all.")

st.subheader("Start with your own file", anchor=False)
st.markdown("One row for each customer, order or machine; one column that says how it turned out.", width=TEXT_WIDTH)
made = forms.upload("A table: CSV, Excel, Parquet, JSON or SQLite", "home_upload", take)
if made:
    session.open_project(made)
    nav.go("data", made)

st.subheader("Or start with a sample", anchor=False)
with st.grid(3, min_column_width=CARD_WIDTH):
    for index, sample in enumerate(sorted(ws.projects.samples(), key=lambda item: not item.made_up)):
        sample_card(sample, primary=not cards and index == 0)
