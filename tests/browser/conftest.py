"""The real app and a headless Chromium; every request that leaves for another host is written down."""
from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from automl_core import Workspace
from automl_core.acting.action import Lever
from automl_core.search.plan import Plan
from tests.serving import ROOT, Server, running_server

FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--no-first-run"]
SHOTS = ROOT / "screenshots"
PATIENCE = 420.0
LEVERS = (Lever("contract", ("Yearly",), ("Monthly",), cost=20.0), Lever("discount", ("Yes",), ("No",), cost=30.0))
STILL = """document.addEventListener('DOMContentLoaded', () => document.head.append(Object.assign(document.createElement('style'),
  {textContent: '*, ::before, ::after {animation-iteration-count: 1 !important}'})))"""
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


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("browser") / "home") as running:
        yield running


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")
def workspace(server: Server) -> Iterator[Workspace]:
    """The server's own store, to bring a project as far as a test needs it without clicking through the whole walk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLARION_HOME", str(server.home))
        yield Workspace.open()


def wait(workspace: Workspace, job: str) -> None:
    """Wait until a job is done."""
    end = time.monotonic() + PATIENCE
    while workspace.jobs.get(job).state in ("queued", "running"):
        assert time.monotonic() < end, workspace.jobs.get(job)
        time.sleep(0.5)
    assert workspace.jobs.get(job).state == "done", workspace.jobs.get(job).error


@pytest.fixture(scope="package")
def searched(workspace: Workspace) -> str:
    """The sample, searched for a moment; nothing was said yet about acting. Tests that say something share it, too."""
    made = workspace.projects.start_sample("subscription_churn")
    plan = Plan(budget_seconds=60, jobs=1, families=("linear", "lightgbm"), max_trials=3)
    wait(workspace, workspace.search.start(made, plan).id)
    return made


@pytest.fixture(scope="package")
def project(workspace: Workspace, searched: str) -> str:
    """The same with a goal of acting and its cards."""
    goal = workspace.act.goal(searched)
    workspace.act.save_goal(searched, replace(goal, value=600.0, contact_cost=10.0, capacity=300, levers=LEVERS))
    wait(workspace, workspace.act.start(searched).id)
    return searched


@pytest.fixture
def watcher(server: Server) -> Watcher:
    return Watcher(urlsplit(server.url).netloc)


@pytest.fixture
def page(browser: Browser, watcher: Watcher) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1360, "height": 900}, accept_downloads=True)
    context.set_default_timeout(60_000)
    context.add_init_script(STILL)  # what turns while a job runs is drawn by the processor here, which the job needs
    yield watcher.watch(context.new_page())
    context.close()


def shots(browser: Browser, urls: dict[str, str], folder: Path | None = None) -> None:
    """Pictures of pages (by name) at 1360 px light and 390 px dark; with CLARION_SHOTS=all at both widths in both schemes.

    They are for people and prove nothing, and each costs three seconds: without a folder they are taken only when CLARION_SHOTS
    is set.
    """
    if folder is None and not os.environ.get("CLARION_SHOTS"):
        return
    folder = folder or SHOTS
    folder.mkdir(exist_ok=True)
    looks: list[tuple[int, Literal["light", "dark"]]] = [(1360, "light"), (390, "dark")]
    if os.environ.get("CLARION_SHOTS") == "all":
        looks += [(1360, "dark"), (390, "light")]
    for width, scheme in looks:
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


def photo(page: Page, name: str) -> None:
    """A picture of a page as it is shown, where pictures are asked for (see `shots`)."""
    if os.environ.get("CLARION_SHOTS"):
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


# nothing was drawn for a quarter of a second; what moves for ever, such as a progress, is not waited for
STILL = """since => {
    const looks = [document.body.scrollHeight, document.getElementsByTagName('*').length].join(), now = performance.now();
    if (since.looks !== looks) Object.assign(since, {looks, at: now, first: since.first ?? now});
    return now - since.at > 250 || now - since.first > 1500;
}"""


def settle(page: Page) -> None:
    """Wait until Streamlit has drawn the page (a plain page is ready when it is loaded)."""
    page.wait_for_load_state("load")
    if page.locator('[data-testid="stApp"]').count() or "/r/" not in page.url:
        page.locator("h1").first.wait_for(timeout=60_000)
        page.wait_for_function(
            "() => !document.querySelector('[data-testid=\"stSkeleton\"]') && "
            "document.querySelector('[data-testid=\"stApp\"]')?.getAttribute('data-test-script-state') !== 'running'",
            timeout=60_000)
    page.wait_for_function(STILL, arg=page.evaluate_handle("() => ({})"), polling=50)


def pick(page: Page, box: Locator, value: str, *, exact: bool = True) -> None:
    """Choose a value in a select; a menu that a rerun of the page or its scrolling shut is opened again."""
    option = page.get_by_role("option", name=value, exact=exact).first
    for _ in range(5):
        box.scroll_into_view_if_needed()
        page.wait_for_timeout(300)
        box.click()
        try:
            option.click(timeout=10_000)
            return
        except PlaywrightTimeout:
            page.locator("h1").first.click()
            settle(page)
    raise AssertionError(f"the menu never showed {value!r}")
