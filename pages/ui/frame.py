"""The frame around every page: browser tab, logo, stepper, title, error border. Streamlit runs this file."""
from __future__ import annotations

import streamlit as st

from automl_core import __version__
from automl_core.errors import NotFound
from pages.ui import nav, session, stepper, theme
from pages.ui.border import border
from pages.ui.words import plain

st.set_page_config(
    page_title="Clarion",
    page_icon=str(theme.STATIC / "favicon.svg"),
    layout="wide",
    menu_items={"Get help": None, "Report a bug": None, "About": f"Clarion {__version__}: from a table to a decision."},
)
files = nav.page_files()
current = st.navigation([nav.make_page(page) for page in files], position="hidden")
st.logo(str(theme.STATIC / f"logo-{session.palette().name}.svg"), size="large", icon_image=str(theme.STATIC / "favicon.svg"))
here = next(page for page in files if nav.make_page(page).url_path == current.url_path)

session.enter(here.key)

with st.container(width=theme.PAGE_WIDTH, key="page"):
    with border():
        project = None
        if identity := session.project_id():
            try:
                project = session.workspace().projects.get(identity)
            except NotFound:
                session.open_project("")
                st.warning("This project does not exist any more. Choose another one.", icon=":material/info:")
        stepper.sidebar(files, here, project)
        stepper.headline(files, here, project)
        session.say_notes()
        current.run()
    st.space("medium")
    st.caption(f"Clarion {plain(__version__)} · everything stays on this machine")
