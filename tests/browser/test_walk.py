"""A person walks all pages in a browser: on the sample, and on an uploaded file with odd headers."""
from __future__ import annotations

import ast
import random
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Download, Page, expect

from tests.browser.conftest import Watcher, pick, settle, shots
from tests.serving import Server

pytestmark = pytest.mark.browser
LONG = 240_000
ODD = ["Kunden-Nr", "Ort ❄", "Ort ❄", "", "<b>Preis</b> in €", "=Rabatt", "Gekündigt?"]


def go(page: Page, server: Server, key: str, project: str) -> None:
    """Open a page by its address, as somebody with a link would."""
    page.goto(f"{server.url}/{key}?project={project}")
    settle(page)


def project_of(page: Page) -> str:
    return parse_qs(urlsplit(page.url).query)["project"][0]


def start_search(page: Page, budget: str) -> None:
    page.get_by_text(budget, exact=True).click()
    page.get_by_role("button", name="Start search").click()
    expect(page.get_by_role("button", name="Finish now")).to_be_visible()


def await_model(page: Page) -> None:
    expect(page.get_by_text("Leaderboard", exact=True)).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Handed over", exact=True)).to_be_visible()


def no_errors(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)


def share(page: Page, browser: Browser, server: Server, project: str, watcher: Watcher) -> str:
    """Make a report and a link, and open it as a manager would: a fresh browser that has never been here."""
    go(page, server, "share", project)
    page.get_by_role("button", name="Make the report").click()
    page.get_by_role("button", name="Create link").click()
    link = page.get_by_test_id("stCode").first.inner_text().strip()
    assert re.search(r"/r/[\w-]{43}$", link)
    context = browser.new_context(viewport={"width": 390, "height": 844})
    manager = watcher.watch(context.new_page())
    answer = manager.goto(link)
    assert answer is not None
    assert answer.status == 200
    assert "sandbox" in answer.headers["content-security-policy"]
    assert manager.locator('[data-testid="stApp"]').count() == 0
    assert manager.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
    return link


def deploy_and_score(page: Page, server: Server, project: str) -> dict[str, object]:
    """Deploy, and run the Python program that the page offers for copying, as it stands."""
    go(page, server, "deploy", project)
    page.get_by_role("button", name="Deploy the model").click()
    expect(page.get_by_text("it is shown only once")).to_be_visible()
    page.get_by_role("tab", name="Python").click()
    program = page.get_by_test_id("stCode").filter(has_text="urllib.request").locator("code").inner_text()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-500:]
    found: dict[str, object] = ast.literal_eval(done.stdout)[0]
    return found


def download(page: Page, name: str) -> Download:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).click()
    return waiting.value


def test_walk_on_the_sample(page: Page, browser: Browser, server: Server, watcher: Watcher, tmp_path: Path) -> None:
    page.goto(server.url)
    settle(page)
    page.get_by_role("button", name="Start with this").first.click()
    expect(page.get_by_text(re.compile("all four on the same folds"))).to_be_visible(timeout=LONG)
    project = project_of(page)
    go(page, server, "data", project)
    go(page, server, "clean", project)
    page.get_by_role("button", name=re.compile("Fix all safe")).click()
    expect(page.get_by_role("button", name="Undo").first).to_be_visible()
    go(page, server, "search", project)
    start_search(page, "2 min")
    second = watcher.watch(page.context.new_page())
    second.goto(page.url)
    expect(second.get_by_role("button", name="Finish now")).to_be_visible()
    second.close()
    page.reload()
    shots(browser, {"search-live": f"{server.url}/search?project={project}"})
    finish = page.get_by_role("button", name="Finish now")
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=LONG)
    if finish.is_visible():  # what comes after the search needs a model, not the best one
        finish.click()
    await_model(page)
    go(page, server, "explain", project)
    page.get_by_role("tab", name="What if").click()
    settle(page)
    no_errors(page)
    go(page, server, "act", project)
    expect(page.get_by_text("Rows to act on", exact=True)).to_be_visible()
    no_errors(page)
    link = share(page, browser, server, project, watcher)
    bundle = tmp_path / "model.zip"
    download(page, "Download the model").save_as(bundle)
    assert "predict.py" in zipfile.ZipFile(bundle).namelist()
    report = tmp_path / "report.html"
    download(page, "Download the report").save_as(report)
    assert "<html" in report.read_text(encoding="utf-8")
    answer = deploy_and_score(page, server, project)
    assert answer["prediction"] in ("Yes", "No")
    go(page, server, "monitor", project)
    expect(page.get_by_text(re.compile("too few to judge")).first).to_be_visible()
    no_errors(page)
    for key in ("goal", "what_happened", "fairness", "pilots"):
        go(page, server, key, project)
        no_errors(page)
    keys = ("", "data", "clean", "goal", "search", "explain", "act", "pilots", "share", "deploy", "monitor")
    shots(browser, {key or "home": f"{server.url}/{key}?project={project}" for key in keys} | {"report": link})
    go(page, server, "share", project)
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke for good").click()
    page.wait_for_timeout(1500)
    gone = page.context.request.get(link)
    assert gone.status == 404
    assert watcher.others == set()
    assert watcher.errors == []


def odd_file(path: Path) -> Path:
    """A German export: semicolons, decimal commas, a byte order mark, doubled, empty and hostile names."""
    random.seed(7)
    lines = [";".join(ODD)]
    for number in range(600):
        town, price = random.choice(["Köln", "Ulm", "Bonn"]), 20 + 80 * random.random()
        gone = random.random() < 1 / (1 + 2.718 ** (-(price - 60) / 12))
        lines.append(f'{number};{town};{random.choice(["N", "S"])};x{number % 3};{price:.2f}'.replace(".", ",")
                     + f';{random.randint(0, 30)};{"ja" if gone else "nein"}')
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    return path


def test_walk_on_an_odd_file(page: Page, browser: Browser, server: Server, watcher: Watcher, tmp_path: Path) -> None:
    page.goto(server.url)
    settle(page)
    page.locator('input[type="file"]').first.set_input_files(odd_file(tmp_path / "Kunden <i>Ende März.csv"))
    expect(page.get_by_role("heading", name="Data")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("600", exact=True).first).to_be_visible()
    project = project_of(page)
    go(page, server, "clean", project)
    no_errors(page)
    go(page, server, "goal", project)
    pick(page, page.get_by_role("combobox").first, "Gekündigt?")
    page.get_by_role("button", name="Save and check").click()
    expect(page.get_by_text(re.compile("all four on the same folds"))).to_be_visible(timeout=LONG)
    go(page, server, "search", project)
    start_search(page, "10 min")
    finish = page.get_by_role("button", name="Finish now")
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=LONG)
    if finish.is_visible():  # a fast machine may have tried every candidate on these 600 rows by now
        finish.click()
    await_model(page)
    for key in ("explain", "act"):
        go(page, server, key, project)
        no_errors(page)
    share(page, browser, server, project, watcher)
    answer = deploy_and_score(page, server, project)
    assert answer["prediction"] in ("ja", "nein")
    go(page, server, "monitor", project)
    no_errors(page)
    assert page.evaluate("window.__xss") is None
    assert watcher.others == set()
    assert watcher.errors == []
