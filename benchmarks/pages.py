"""How long the explain and act pages take from an input to the settled page, in a real browser, on a searched project.

Run by hand on an idle machine: `PYTHONPATH=. python benchmarks/pages.py [table.csv target]` (without a table: the sample).
It starts the app in a fresh home, searches, looks closer and for actions, then drives both pages in headless Chromium.
An interaction is over when the script has run and ended and nothing in the page changed any more for a quarter of a second; the
time counts to the last change. Not counted is what a table's canvas holds for screen readers: the grid writes it a fifth of a
second after it has drawn, and nobody sees it. The first load of a page and the first opening of each tab are listed apart.
Figures go to benchmarks/results/pages.json.
"""
from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Locator, Page, sync_playwright

from tests.browser.conftest import FLAGS, settle
from tests.serving import running_server

if TYPE_CHECKING:
    from automl_core import Workspace

WATCH = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const w = window.__watch = {input: 0, last: 0, ran: false};
  for (const kind of ['pointerdown', 'keydown', 'change'])
    document.addEventListener(kind, () => { w.input = performance.now(); w.last = w.input; w.ran = false; }, true);
  new MutationObserver(seen => {
    w.ran = w.ran || seen.some(one => one.attributeName === 'data-test-script-state');
    const outside = one => !(one.target.closest ? one.target : one.target.parentElement)?.closest('canvas');
    if (seen.some(outside)) w.last = performance.now();
  }).observe(app, {
    subtree: true, childList: true,
    attributes: true, characterData: true, attributeFilter: ['data-test-script-state', 'data-stale', 'd', 'x', 'transform',
    'aria-selected', 'value']});
}"""
QUIET = """() => {
  const w = window.__watch, app = document.querySelector('[data-testid="stApp"]');
  return (w.ran || performance.now() - w.input > 3000)
    && app.getAttribute('data-test-script-state') === 'notRunning' && performance.now() - w.last > 250
    && !document.querySelector('[data-testid="stSkeleton"], [data-testid="stSpinner"]');
}"""
SEARCH_SECONDS = 60
ROUNDS = 5 * (False,)  # of all tabs, after the first: of few interactions, a 95th percentile is their largest one


class Clock:
    """Times of interactions by page and name."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name
        self.first: dict[str, float] = {}
        self.times: list[tuple[str, float]] = []

    def open(self, url: str) -> None:
        """Load the page; how long that takes is kept apart."""
        began = time.perf_counter()
        self.page.goto(url)
        settle(self.page)
        self.first["load"] = 1000 * (time.perf_counter() - began - 0.7)
        self.page.evaluate(WATCH)

    def did(self, what: str, first: bool = False) -> None:
        """Wait for the page to settle after an input, and keep the time."""
        self.page.wait_for_timeout(60)  # the browser has sent the input by now
        self.page.wait_for_function(QUIET, polling=25, timeout=120_000)
        took = float(self.page.evaluate("() => window.__watch.last - window.__watch.input"))
        if first:
            self.first[what] = took
        else:
            self.times.append((what, took))

    def tab(self, name: str, first: bool = False) -> None:
        """Open a tab."""
        self.page.get_by_role("tab", name=name, exact=True).click()
        self.did(f"tab {name}", first)

    def choose(self, label: str, place: int) -> None:
        """Choose another value of a select box."""
        box = self.page.get_by_role("combobox", name=label).first
        box.click()
        options = self.page.get_by_role("option")
        options.nth(place % max(1, options.count())).click()
        self.did(f"select {label}")

    def row(self, place: int) -> None:
        """Click on the left end of a row of the table of rows (a canvas), where it is chosen."""
        tables = self.page.get_by_test_id("stDataFrame").all()
        y = 35 + 35 * place + 17
        table = next(one for one in tables if (one.bounding_box() or {"height": 0})["height"] > max(y, 200))  # no summary
        table.click(position={"x": 14, "y": y})
        self.did("choose a row")

    def click(self, what: str, target: Locator) -> None:
        """Click, and wait."""
        target.click()
        self.did(what)

    def number(self, label: str, value: str) -> None:
        """Type a number."""
        field = self.page.get_by_role("spinbutton", name=label).first
        field.fill(value)
        field.press("Enter")
        self.did(f"number {label}")

    def figures(self) -> dict[str, Any]:
        """p50, p95 and the slowest kinds of interaction, in milliseconds."""
        took = [value for _, value in self.times]
        kinds = {name: round(max(value for other, value in self.times if other == name)) for name, _ in self.times}
        return {"interactions": len(took), "p50_ms": round(statistics.median(took)),
                "p95_ms": round(statistics.quantiles(took, n=20)[18]), "max_ms": round(max(took)),
                "slowest": dict(sorted(kinds.items(), key=lambda item: -item[1])[:6]),
                "first_ms": {name: round(value) for name, value in self.first.items()}}


def explain_page(page: Page, url: str) -> dict[str, Any]:
    """Tabs, columns, rows, what if."""
    clock = Clock(page, "explain")
    clock.open(url)
    tabs = ["One column", "Pairs", "One row", "What if", "Failures", "All rows"]
    for first in (True, *ROUNDS):
        for name in tabs:
            clock.tab(name, first)
    clock.tab("One column")
    for place in range(1, 9):
        clock.choose("Column", place)
    for _ in range(4):
        clock.click("toggle single rows", page.get_by_text("Single rows"))
    clock.tab("One row")
    for place in (1, 2, 3, 4, 5, 0, 3):
        clock.row(place)
    clock.tab("What if")
    for place in (2, 3, 1):
        clock.row(place)
        clock.click("predict", page.get_by_role("button", name="Predict with these values"))
        clock.click("flip", page.get_by_role("button", name="Find it"))
    clock.click("whole table", page.get_by_text("The whole table", exact=True))
    for place in (1, 0, 2):
        clock.choose("Column", place)
        clock.click("ask the model", page.get_by_role("button", name="Ask the model"))
    return clock.figures()


def act_page(page: Page, url: str) -> dict[str, Any]:
    """Tabs of the list, what it is worth, one action each, and ways for one row."""
    clock = Clock(page, "act")
    clock.open(url)
    tabs = ["Worth", "One each", "One row", "Many rows", "The list"]
    for first in (True, *ROUNDS):
        for name in tabs:
            clock.tab(name, first)
    page.get_by_text("Change what is wanted").click()
    page.wait_for_timeout(1000)
    for value in ("650", "700", "750", "800", "620", "600"):
        clock.number("Worth of one outcome", value)
    clock.tab("One row")
    for place in (1, 2, 3, 1, 4, 5, 2, 4, 3, 5):
        clock.row(place)
    for share in ("60", "70", "55", "65", "75", "50"):
        clock.number("Probability of", share)
    for most in ("1", "2", "3", "1", "2", "3"):
        clock.click("changes at most", page.get_by_role("radio", name=most, exact=True).first)
    return clock.figures()


def wait(workspace: Workspace, job: str) -> None:
    """Wait for a job; raises when it did not end well."""
    while workspace.jobs.get(job).state in ("queued", "running"):
        time.sleep(0.3)
    if workspace.jobs.get(job).state != "done":
        raise RuntimeError(workspace.jobs.get(job).error)


def prepared(workspace: Workspace, table: str, target: str) -> str:
    """A project that was searched, looked closer at, and has cards."""
    from automl_core.acting.action import Lever
    from automl_core.search.plan import Plan

    if table:
        project = workspace.projects.create("Benchmark")
        workspace.data.upload(project, Path(table).name, Path(table).read_bytes())
        workspace.goal.save(project, workspace.goal.suggest(project, target))
        levers = (Lever("Contract", ("One year",), ("Month-to-month",), cost=20.0),
                  Lever("TechSupport", ("Yes",), ("No",), cost=30.0))
    else:
        project = workspace.projects.start_sample("subscription_churn")
        levers = (Lever("contract", ("Yearly",), ("Monthly",), cost=20.0), Lever("discount", ("Yes",), ("No",), cost=30.0))
    wait(workspace, workspace.search.start(project, Plan(budget_seconds=SEARCH_SECONDS, jobs=2)).id)
    goal = workspace.act.goal(project)
    workspace.act.save_goal(project, replace(goal, value=600.0, contact_cost=10.0, capacity=300, levers=levers))
    wait(workspace, workspace.explain.start(project).id)
    wait(workspace, workspace.act.start(project).id)
    return project


def main() -> None:
    """Prepare, drive, print and keep the figures. CLARION_BENCH_HOME keeps the home for another run."""
    table, target = [*sys.argv[1:3], "", ""][:2]
    kept = os.environ.get("CLARION_BENCH_HOME", "")
    home = Path(kept or tempfile.mkdtemp()) / "home"
    os.environ["CLARION_HOME"] = str(home)
    chromium = next(path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path)
    with running_server(home) as server, sync_playwright() as playwright:
        from automl_core import Workspace

        workspace = Workspace.open()
        known = workspace.projects.list()
        project = known[0].id if known else prepared(workspace, table, target)
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        figures: dict[str, Any] = {}
        for name, drive in (("explain", explain_page), ("act", act_page)):
            page = browser.new_context(viewport={"width": 1360, "height": 900}).new_page()
            page.set_default_timeout(60_000)
            figures[name] = drive(page, f"{server.url}/{name}?project={project}")
        browser.close()
    figures["table"] = Path(table).name if table else "subscription_churn"
    figures["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(json.dumps(figures, indent=1))
    Path("benchmarks/results/pages.json").write_text(json.dumps(figures, indent=1) + "\n")
    if not kept:
        shutil.rmtree(home.parent, ignore_errors=True)


if __name__ == "__main__":
    main()
