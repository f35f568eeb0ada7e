"""Fields to widgets, and uploads that leave the server’s memory at once."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from automl_core.errors import ClarionError
from automl_core.registry import Field
from pages.ui import session
from pages.ui.border import border, show_error
from pages.ui.theme import TEXT_WIDTH
from pages.ui.words import quoted

T = TypeVar("T")
PACKED = ("gz", "bz2", "xz", "zip")  # a table may come packed, whatever its kind


def fields(
    items: tuple[Field, ...], prefix: str, values: dict[str, Any] | None = None, columns: tuple[str, ...] = ()
) -> dict[str, Any]:
    """One widget for each field; their values by name. `values` overrule the defaults."""
    given = values or {}
    return {item.name: field(item, f"{prefix}_{item.name}", given.get(item.name, item.default), columns) for item in items}


def field(item: Field, key: str, value: Any, columns: tuple[str, ...] = ()) -> Any:
    """The widget of one field and its value; limits are checked again here because browsers can be told otherwise."""
    tip = item.help or None
    if item.kind == "switch":
        return st.toggle(item.label, value=bool(value), key=key, help=tip)
    if item.kind in ("choice", "column"):
        options = list(columns if item.kind == "column" else item.choices)
        index = options.index(value) if value in options else None if item.kind == "column" else 0
        return st.selectbox(item.label, options, index=index, key=key, help=tip)
    if item.kind == "choices":
        options = list(item.choices or columns)
        return tuple(st.multiselect(item.label, options, default=[v for v in value or () if v in options], key=key, help=tip))
    if item.kind in ("number", "integer"):
        return _number(item, key, value, tip)
    return str(st.text_input(item.label, value=str(value or ""), key=key, help=tip, max_chars=2000))


def _number(item: Field, key: str, value: Any, tip: str | None) -> float | int | None:
    whole = item.kind == "integer"
    kind: Callable[[Any], Any] = int if whole else float
    low = None if item.minimum is None else kind(item.minimum)
    high = None if item.maximum is None else kind(item.maximum)
    entered = st.number_input(
        item.label, min_value=low, max_value=high, value=None if value is None else kind(value), key=key, help=tip,
        step=1 if whole else None, format=None if whole else "%.6g",
    )
    if entered is None:
        return None
    entered = max(entered, low) if low is not None else entered
    return min(entered, high) if high is not None else entered


def upload(label: str, key: str, take: Callable[[str, Any], T], help: str = "") -> T | None:
    """A file picker. The chosen file goes to `take(name, stream)` at once and its bytes leave the server’s memory.

    Then the page runs again with a fresh picker, and this returns what `take` gave, once. A refusal is shown beside it.
    """
    state = session.session()
    before: T | ClarionError | None = state.drafts.pop(f"upload_{key}", None)
    # without a list of types, which the picker cuts off where there is little room: what a file is, its content decides anyway
    chosen = st.file_uploader(label, key=f"{key}_{state.round}", help=help or None)
    st.caption(endings(), width=TEXT_WIDTH)
    if chosen is None:
        if not isinstance(before, ClarionError):
            return before
        show_error(before)
        return None
    _take(key, chosen, take)
    return None


def late(key: str, take: Callable[[str, Any], object]) -> None:
    """Stands where the picker of that key is drawn no more, as what it asked for came, or was called off, elsewhere meanwhile.

    A file that was sent from the page as it stood before goes to `take` all the same, and its refusal is shown here, once.
    """
    state = session.session()
    chosen = session.widget(f"{key}_{state.round}")
    if chosen is not None:
        _take(key, chosen, take)
    refused = state.drafts.pop(f"upload_{key}", None)
    if isinstance(refused, ClarionError):
        show_error(refused)


def _take(key: str, chosen: Any, take: Callable[[str, Any], object]) -> None:
    """Keep what `take` gives of a chosen file, or its refusal, for the run of the page that follows at once."""
    state = session.session()
    state.round += 1
    try:
        with st.spinner(f"Reading {quoted(chosen.name, 60)}", show_time=True):
            state.drafts[f"upload_{key}"] = take(chosen.name, chosen)
    except ClarionError as error:
        state.drafts[f"upload_{key}"] = error
    finally:
        forget(chosen)
    st.rerun()


def endings() -> str:
    """The endings of files that can be read, in a sentence that wraps on a phone."""
    named = ", ".join(f".{suffix}" for suffix in session.workspace().data.suffixes())
    return f"Files that end in {named} can be read, packed as {', '.join(f'.{name}' for name in PACKED)}, too."


def forget(chosen: Any) -> None:
    """Drop the bytes of an uploaded file from Streamlit’s memory now: left alone they stay until some later session ends."""
    context = get_script_run_ctx()
    chosen.close()
    if context is not None:
        context.uploaded_file_mgr.remove_file(session_id=context.session_id, file_id=chosen.file_id)


def confirm(title: str, sentence: str, button: str, act: Callable[[], None], no: str = "Keep it") -> None:
    """Ask before something that cannot be undone; `no` says what happens otherwise."""

    @st.dialog(title)
    def ask() -> None:
        """The dialog itself."""
        st.markdown(sentence)
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(no, key="confirm_no"):
                st.rerun()
            if st.button(button, type="primary", key="confirm_yes"):
                with border():
                    act()
                    st.rerun()

    ask()
