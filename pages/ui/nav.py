"""The pages: found in the folder, described by their own first lines."""
from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import streamlit as st

FOLDER = Path(__file__).parents[1]
ICONS = {
    "home": "home", "data": "table", "clean": "cleaning_services", "goal": "flag", "search": "query_stats",
    "what_happened": "insights", "explain": "lightbulb", "fairness": "balance", "act": "bolt", "pilots": "science",
    "share": "share", "deploy": "rocket_launch", "monitor": "monitor_heart",
}
SECTIONS = {"0": "", "1": "Prepare", "2": "Prepare", "3": "Prepare", "4": "Model", "5": "Model", "6": "Decide", "7": "Decide",
            "8": "Run", "9": "Run"}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One page: its file, its key (also its address), and what its docstring says: the title and one sentence."""

    key: str
    path: Path
    title: str
    sentence: str
    section: str

    @property
    def icon(self) -> str:
        """The Material symbol beside the title."""
        return f":material/{ICONS.get(self.key, 'description')}:"


@cache
def page_files() -> tuple[PageFile, ...]:
    """Every `NN_name.py` of the folder, in order. The docstring’s first line is the title, the rest the sentence."""
    return tuple(_describe(path) for path in sorted(FOLDER.glob("[0-9][0-9]_*.py")))


def _describe(path: Path) -> PageFile:
    key = path.stem[3:]
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or key.capitalize()
    title, _, rest = text.partition("\n")
    return PageFile(key, path, title.strip().rstrip("."), " ".join(rest.split()), SECTIONS[path.name[0]])


def page_file(key: str) -> PageFile:
    """The page of that key."""
    return next(page for page in page_files() if page.key == key)


def make_page(page: PageFile) -> st.Page:
    """Streamlit’s page object: the first page is the default one."""
    return st.Page(
        page.path, title=page.title, icon=page.icon, help=page.sentence or None,
        url_path="" if page.key == "home" else page.key, default=page.key == "home",
    )


def go(key: str, project: str = "") -> None:
    """Leave for another page, carrying the project in the URL."""
    st.switch_page(make_page(page_file(key)), query_params={"project": project} if project else None)
