"""Nouns kept decoded: shared while the stored body is the same, never older than it, never another project's."""
from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core import Workspace
from automl_core.codec import to_json
from automl_core.data import table_from_frame
from automl_core.errors import BadInput
from automl_core.workspace import cleaning as cleaning_step
from automl_core.workspace.context import Recent, fingerprint


@dataclass(frozen=True)
class Note:
    text: str


@pytest.fixture
def workspace(home: Path) -> Workspace:
    return Workspace.open()


def test_a_noun_is_decoded_once_and_again_when_it_changed(workspace: Workspace) -> None:
    context = workspace.context
    project, other = (workspace.projects.create(name) for name in ("One", "Two"))
    kept = context.save("note", project, Note("first"))
    assert context.latest("note", project, Note) is context.latest("note", project, Note)
    context.store.update(kept.id, to_json(Note("second")), kept.version)
    assert context.latest("note", project, Note) == Note("second")
    context.save("note", project, Note("third"))
    assert context.latest("note", project, Note) == Note("third")
    assert context.latest("note", other, Note) is None


def test_a_table_is_described_once(workspace: Workspace) -> None:
    """What thousands of columns are told by is asked for several times in each use case."""
    project = workspace.projects.create("One")
    workspace.data.put(project, table_from_frame(pd.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "a"]}), "t"))
    stored = workspace.data.stored(project)
    assert workspace.data.stored(project) is stored
    texts = json.dumps([to_json(stored), to_json(("a", 1))], sort_keys=True, ensure_ascii=False)
    assert fingerprint(stored, ("a", 1)) == hashlib.sha256(texts.encode()).hexdigest()[:16]
    assert fingerprint(replace(stored, rows=4)) != fingerprint(stored)


def test_a_goal_whose_rows_cannot_be_split_is_refused_when_it_is_saved(workspace: Workspace) -> None:
    project = workspace.projects.create("Panel")
    frame = pd.DataFrame({"day": [k // 5 for k in range(200)], "shop": [f"s{k % 5}" for k in range(200)],
                          "y": np.random.default_rng(0).normal(size=200)})
    workspace.data.put(project, table_from_frame(frame, "t"))
    problem = workspace.goal.suggest(project, "y")
    with pytest.raises(BadInput, match="occur all the time"):
        workspace.goal.save(project, replace(problem, time="day", group="shop"))
    assert workspace.goal.problem(project) is None
    workspace.goal.save(project, replace(problem, time="day"))


def test_a_body_that_differs_under_the_same_version_is_read_again(workspace: Workspace) -> None:
    """As after a backup was restored under a running server."""
    context = workspace.context
    kept = context.save("note", workspace.projects.create("One"), Note("first"))
    assert context.noun(Note, kept) == Note("first")
    assert context.noun(Note, replace(kept, body=to_json(Note("restored")))) == Note("restored")
    assert context.noun(Note, kept) == Note("first")


def test_more_is_kept_than_a_few_for_as_long_as_there_is_room() -> None:
    """Three tables, whatever their size, went for two projects and their profiles: each click cleaned the other's anew."""
    made: list[str] = []

    def kept(cache: Recent[str], *keys: str) -> list[str]:
        made.clear()
        for key in keys:
            cache.get(key, lambda key=key: made.append(key) or key)
        return list(made)

    few = Recent[str](2)
    assert kept(few, "a", "b", "a", "c", "a", "b") == ["a", "b", "c", "b"]
    weighed = Recent[str](2, len, room=7)
    assert kept(weighed, "a", "b", "c", "d", "a", "b") == ["a", "b", "c", "d"]
    assert kept(weighed, "large", "b", "a") == ["large"], "c and d went for it"
    assert kept(weighed, "too large", "large") == ["too large", "large"]
    assert kept(weighed, "too large") == [], "two are kept however large they are"


def test_tables_of_two_projects_stay_clean_while_both_are_profiled(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    projects = [workspace.projects.create(name) for name in ("One", "Two")]
    for place, project in enumerate(projects):
        workspace.data.put(project, table_from_frame(pd.DataFrame({"x": [place, 2, 3], "y": ["a", "b", "a"]}), "t"))

    def walk() -> None:
        for project in projects:
            workspace.cleaning.findings(project)
            workspace.data.profile(project)

    walk()
    done: list[object] = []
    read = cleaning_step.cleaning.apply_recipe
    monkeypatch.setattr(cleaning_step.cleaning, "apply_recipe", lambda *asked: done.append(asked) or read(*asked))
    walk()
    assert not done
