"""The app in a test: its frame run without a server, on a real workspace whose projects stand at the stages of the walk."""
from __future__ import annotations

import io
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest, local_script_runner

from automl_core import Workspace
from automl_core import jobs as queue
from automl_core.acting import card_key
from automl_core.acting.action import Lever
from automl_core.jobs import Job
from automl_core.search.plan import Plan
from automl_core.workspace import kept_recourse
from automl_core.workspace import pilots as pilot_step
from automl_core.workspace.running import run_job
from tests.unit.searching import fit_here

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from pages.ui import forms, session  # noqa: E402 - found through the path set above

# A server reads the metadata of all installed packages once, when it starts; every AppTest does so anew, for half of its time.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)

# A run is waited for by asking a thousand times a second whether it has ended, and each time the page stops for that.
asking = local_script_runner.require_widgets_deltas


def ended(runner: local_script_runner.LocalScriptRunner, timeout: float = 3) -> None:
    """Wait for the end of a run, and ask then; a run that takes too long is ended as before."""
    began = time.monotonic()
    if runner._script_thread is not None:
        runner._script_thread.join(timeout)
    asking(runner, max(timeout - (time.monotonic() - began), 0.1))


local_script_runner.require_widgets_deltas = ended

HOSTILE = "<img src=x onerror=alert(1)> **b** [l](http://evil.example) ![i](http://evil.example/p.png) :material/bolt: $x$"
PAGES = {path.stem[3:]: f"../{path.name}" for path in sorted((ROOT / "pages").glob("[0-9][0-9]_*.py"))}
QUICK = Plan(budget_seconds=60, jobs=1, families=("linear", "lightgbm"), max_trials=3)
LEVERS = (Lever("contract", ("Yearly",), ("Monthly",), cost=20.0), Lever("discount", ("Yes",), ("No",), cost=30.0))
Visit = Callable[..., AppTest]


@dataclass(frozen=True)
class Stages:
    """One workspace and its projects by how far they are: nothing, data, goal, model, scored."""

    workspace: Workspace
    projects: dict[str, str]


@dataclass(frozen=True)
class Carded:
    """A workspace with a project that has action cards."""

    workspace: Workspace
    project: str

    def key(self, place: int = 0) -> str:
        usable = [card for card in self.workspace.act.cards(self.project) or () if card.grade != "D"]
        return card_key(usable[place])


def work(workspace: Workspace, job: Job) -> None:
    """Do a job here, as the worker’s child process does it."""
    leased = queue.lease(workspace.context.store, job_id=job.id)
    assert leased is not None
    run_job(workspace, job.id)
    queue.finish(workspace.context.store, job.id, leased.attempts)


def checked(workspace: Workspace, sample: str) -> str:
    """A project from a sample, its goal checked."""
    project = workspace.projects.start_sample(sample)
    work(workspace, workspace.jobs.active(project)[0])
    return project


def hostile_table() -> bytes:
    """A small table whose names and values try to be markup, with gaps and blanks to mend."""
    lines = [f'id,a,b,"{HOSTILE}",ok']
    for n in range(90):
        lines.append(f'{n},{"?" if n % 9 == 0 else n % 5},{"  x" if n % 2 else "y"},"{HOSTILE}",{"ja" if n % 3 else "nein"}')
    return "\n".join(lines).encode()


def deployed(workspace: Workspace) -> str:
    """A project that went all the way: searched, reported, shared, deployed, a file scored; its name is hostile."""
    project = checked(workspace, "subscription_churn")
    workspace.projects.rename(project, HOSTILE, workspace.projects.get(project).version)
    work(workspace, workspace.search.start(project, QUICK))
    workspace.share.create_link(workspace.share.make_report(project).id, 30)
    deployment, _ = workspace.deploy.create(project)
    rows = workspace.data.table(project).frame.head(200).to_csv(index=False).encode()
    workspace.deploy.score_file(deployment.id, f"{HOSTILE[:40]}.csv", io.BytesIO(rows))
    return project


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    """Made once by real calls; a test that changes a project makes one of its own or leaves the stage as it was."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLARION_HOME", str(tmp_path_factory.mktemp("stages")))
        fit_here(patch)
        workspace = Workspace.open()
        projects = {"nothing": workspace.projects.create("Nothing yet"), "data": workspace.projects.create(HOSTILE)}
        workspace.data.upload(projects["data"], f"{HOSTILE[:40]}.csv", io.BytesIO(hostile_table()))
        projects["goal"] = checked(workspace, "diabetes")
        projects["model"] = checked(workspace, "diabetes")
        work(workspace, workspace.search.start(projects["model"], QUICK))
        projects["scored"] = deployed(workspace)
    return Stages(workspace, projects)


@pytest.fixture
def visit(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> Visit:
    """Open a page of the project at a stage of the walk: `visit("model", "explain")`; no stage: no project is open."""
    monkeypatch.setattr(session, "workspace", lambda: stages.workspace)

    def go(stage: str, page: str) -> AppTest:
        return open_page(page, stages.projects.get(stage, stage))

    return go


@pytest.fixture
def workspace(home: Path) -> Iterator[Workspace]:
    """A workspace of one test’s own, without a worker; pages work on it."""
    session.workspace.cache_clear()
    yield session.workspace()
    session.workspace.cache_clear()


def copied(workspace: Workspace, folder: Path) -> Workspace:
    """A workspace of its own with all that another one holds."""
    shutil.copytree(workspace.context.settings.home, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLARION_HOME", str(folder))
        return Workspace.open()


@pytest.fixture(scope="session")
def first_cards(stages: Stages, tmp_path_factory: pytest.TempPathFactory) -> Carded:
    """On a copy of the stages, whose search is as good as another one; only copies of it are worked on."""
    workspace, project = copied(stages.workspace, tmp_path_factory.mktemp("cards") / "home"), stages.projects["scored"]
    goal = workspace.act.goal(project)
    workspace.act.save_goal(project, replace(goal, value=600.0, contact_cost=10.0, capacity=300, levers=LEVERS))
    work(workspace, workspace.act.start(project))
    return Carded(workspace, project)


@pytest.fixture(scope="module")
def carded(first_cards: Carded, tmp_path_factory: pytest.TempPathFactory) -> Carded:
    """A project with cards, of one file's own."""
    return Carded(copied(first_cards.workspace, tmp_path_factory.mktemp("carded") / "home"), first_cards.project)


@pytest.fixture(autouse=True)
def one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks for actions looks for ways to the goal in one row: in up to 300 where `first_cards` are made, which are asked."""
    monkeypatch.setattr(kept_recourse, "SECONDS", 1e-9)


@pytest.fixture
def page(carded: Carded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Carded]:
    """The project with its cards and no pilot that counts, whichever test ran before. Outcomes are sent when they are due."""
    monkeypatch.setattr(session, "workspace", lambda: carded.workspace)
    monkeypatch.setattr(pilot_step, "today", lambda: date(2100, 1, 1))
    yield carded
    pilots = carded.workspace.pilots
    for pilot in pilots.all(carded.project):
        if pilot.state in ("raised", "retired"):
            pilots.take_back(pilot.id)
        if pilot.state != "cancelled":
            pilots.cancel(pilot.id)


def at_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked from now on, each question answered with yes: a test run knows no dialog of its own."""
    asked: list[str] = []

    def yes(title: str, sentence: str, button: str, act: Callable[[], None], no: str = "") -> None:
        asked.append(sentence)
        act()
        st.rerun()

    monkeypatch.setattr(forms, "confirm", yes)
    return asked


def open_page(page: str, project: str = "") -> AppTest:
    """The app at a page, as somebody with the address would open it."""
    app = AppTest.from_file(str(ROOT / "pages" / "ui" / "frame.py"), default_timeout=60)
    if project:
        app.query_params["project"] = project
    return (app if page == "home" else app.switch_page(PAGES[page])).run()


def texts(app: AppTest) -> str:
    """Everything that is written on the page as Markdown."""
    found = [*app.markdown, *app.caption, *app.title, *app.subheader, *app.error, *app.warning, *app.info]
    return "\n".join(str(element.value) for element in found)


def press(app: AppTest, label: str) -> None:
    """Press the first button of that label."""
    next(button for button in app.button if button.label == label).click().run()


def primary(app: AppTest) -> list[str]:
    """Labels of the primary buttons shown."""
    return [button.label for button in app.button if button.proto.type == "primary"]
