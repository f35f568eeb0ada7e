"""Clarion: the dashboard, the REST interface and the report links on one port. Start with `streamlit run app.py`."""
from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.routing import Mount

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from automl_core.api import make_api, report_routes  # noqa: E402 - the checkout must be importable first
from automl_core.guard import security_middleware  # noqa: E402
from automl_core.jobs.start import keep_worker  # noqa: E402
from pages.ui import session  # noqa: E402
from pages.ui.border import show_unexpected  # noqa: E402

workspace = session.workspace()


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, Any]]:
    """The worker lives as long as the server; what it was doing goes on after a crash of either."""
    keeper = asyncio.create_task(keep_worker(workspace.settings)) if workspace.settings.start_worker else None
    yield {}
    if keeper is not None:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper


app = st.App(
    ROOT / "pages" / "ui" / "frame.py",
    routes=[Mount("/api/v1", app=make_api(workspace)), *report_routes(workspace)],
    middleware=security_middleware(workspace),
    lifespan=lifespan,
    on_script_error=show_unexpected,
)
