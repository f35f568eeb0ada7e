"""The error border: a sentence for what a person can mend, a code for what only we can. Never a traceback, never a path."""
from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from automl_core.errors import ClarionError, Conflict, NotFound
from pages.ui.words import plain

log = logging.getLogger("clarion.pages")


@contextmanager
def border() -> Iterator[None]:
    """Turn every error inside into a readable message; what stands after the block still runs."""
    try:
        yield
    except ClarionError as error:
        show_error(error)
    except Exception as error:  # noqa: BLE001 - one of the two borders: nobody may see a traceback
        show_unexpected(error)


def show_error(error: ClarionError) -> None:
    """The error’s own sentence and hint."""
    title = "That did not work"
    if isinstance(error, NotFound):
        title = "Nothing here"
    elif isinstance(error, Conflict):
        title = "Changed elsewhere"
    text = plain(error.message)
    if error.hint:
        text += " " + plain(error.hint)
    st.error(text, title=title, icon=":material/error:")


def show_unexpected(error: Exception) -> bool:
    """A code to report; the traceback goes to the server’s log under the same code. True: it was shown."""
    code = secrets.token_hex(4)
    log.error("error %s", code, exc_info=error)
    st.error(
        f"Your data is safe. Reload the page; if this stays, report the code {code}.",
        title="Something went wrong on our side", icon=":material/error:",
    )
    return True
