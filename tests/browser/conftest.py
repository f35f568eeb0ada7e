"""The real app and a headless Chromium; every request that leaves for another host is written down."""
from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.serving import ROOT, Server, running_server

FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--no-first-run"]
SHOTS = ROOT / "screenshots"
expect.set_options(timeout=30_000)  # the machine may be shared: a wait proves nothing by being short


@dataclass
class Watcher:
    """Hosts that pages asked for, and errors that they raised."""

    home: str
    others: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> Page:
        """Note every request to another host and every uncaught error of a page."""
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.home:
            self.others.add(parts.netloc)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("browser") / "home") as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next((path for path in ("chromium", "chromium-browser", "google-chrome") if shutil.which(path)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing, and the browser tests need it")
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=shutil.which(found), headless=True, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def watcher(server: Server) -> Watcher:
    return Watcher(urlsplit(server.url).netloc)


@pytest.fixture
def page(browser: Browser, watcher: Watcher) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1360, "height": 900}, accept_downloads=True)
    context.set_default_timeout(60_000)
    yield watcher.watch(context.new_page())
    context.close()


def shots(browser: Browser, urls: dict[str, str], folder: Path = SHOTS) -> None:
    """Pictures of pages (by name) at 1360 and 390 px, light and dark."""
    folder.mkdir(exist_ok=True)
    for scheme in ("light", "dark"):
        for width in (1360, 390):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            shown = context.new_page()
            for name, url in urls.items():
                shown.goto(url)
                settle(shown)
                scroll = shown.evaluate("document.querySelector('[data-testid=\"stMain\"]')?.scrollHeight || 0")
                shown.set_viewport_size({"width": width, "height": min(max(900, scroll), 4000)})
                shown.wait_for_timeout(300)
                shown.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
                shown.set_viewport_size({"width": width, "height": 900})
            context.close()


def settle(page: Page) -> None:
    """Wait until Streamlit has drawn the page (a plain page is ready when it is loaded)."""
    page.wait_for_load_state("load")
    if page.locator('[data-testid="stApp"]').count() or "/r/" not in page.url:
        page.locator("h1").first.wait_for(timeout=60_000)
        page.wait_for_function(
            "() => !document.querySelector('[data-testid=\"stSkeleton\"]') && "
            "document.querySelector('[data-testid=\"stApp\"]')?.getAttribute('data-test-script-state') !== 'running'",
            timeout=60_000)
    page.wait_for_timeout(700)
