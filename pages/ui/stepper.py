"""The walk at a glance: where the project stands, in the sidebar and above the title."""
from __future__ import annotations

import streamlit as st

from automl_core.workspace.views import ProjectCard, StepState
from pages.ui import nav, session
from pages.ui.theme import TEXT_WIDTH
from pages.ui.words import cut, plain, quoted

MARKS = {
    "done": ":material/check_circle:", "todo": ":material/radio_button_unchecked:",
    "blocked": ":material/lock:", "stale": ":material/sync_problem:", "here": ":material/radio_button_checked:",
}
STALE = "The data, the recipe or the goal changed after this was made; search again to catch up."
STALE_GOAL = "The data, the recipe or the goal changed since the last check; save and check again."


def sidebar(files: tuple[nav.PageFile, ...], here: nav.PageFile, project: ProjectCard | None) -> None:
    """Links to all pages; with a project each carries the state of its step."""
    states = steps(project)
    with st.sidebar:
        home = files[0]
        st.page_link(nav.make_page(home), label=home.title, icon=home.icon, width="stretch", query_params=_params(project))
        if project:
            st.markdown(f"**{plain(cut(project.name, 40))}**")
        else:
            st.caption("Open a project to walk its steps.")
        section = ""
        for page in files[1:]:
            if page.section != section:
                section = page.section
                st.caption(section)
            _link(page, here, states.get(page.key), project)


def _link(page: nav.PageFile, here: nav.PageFile, state: StepState | None, project: ProjectCard | None) -> None:
    kind = state.state if state else "blocked"
    icon = MARKS["here"] if page.key == here.key and kind == "todo" else MARKS[kind]
    words = {"done": "Done", "todo": "To do", "blocked": "Not yet", "stale": "Out of date"}[kind]
    tip = f"{words}: {plain(state.sentence)}" if state and state.sentence else page.sentence
    st.page_link(
        nav.make_page(page), label=page.title, icon=icon, help=tip, width="stretch",
        disabled=project is None, query_params=_params(project),
    )


def headline(files: tuple[nav.PageFile, ...], here: nav.PageFile, project: ProjectCard | None) -> None:
    """Title and one sentence of the page, with the step’s number and the project above."""
    with st.container(gap=None):
        if here.key != files[0].key:
            place = f"Step {files.index(here)} of {len(files) - 1}"
            st.caption(f"{place} · {quoted(project.name)}" if project else place)
        st.title(here.title, anchor=False)
    st.markdown(here.sentence, width=TEXT_WIDTH)
    state = steps(project).get(here.key)
    if state and state.state == "stale":
        sentence = STALE_GOAL if here.key == "goal" else STALE
        st.warning(plain(state.sentence or sentence), title="Out of date", icon=MARKS["stale"])
        if not state.sentence and here.key not in ("goal", "search"):
            st.page_link(nav.make_page(nav.page_file("search")), label="Search again", icon=":material/query_stats:",
                         query_params=_params(project))


def steps(project: ProjectCard | None) -> dict[str, StepState]:
    """The state of each step of the project, by key; empty without one."""
    if project is None:
        return {}
    return {state.key: state for state in session.workspace().projects.steps(project.id)}


def _params(project: ProjectCard | None) -> dict[str, str] | None:
    return {"project": project.id} if project else None
