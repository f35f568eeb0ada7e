"""The store's promises: rows, versions, files, links, keys, the trail, and deletion for good."""
from __future__ import annotations

import io
import math
import os
import sqlite3
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from automl_core.codec import to_json
from automl_core.errors import BadInput, ClarionError, Conflict, NotFound, Untrusted
from automl_core.settings import read_settings
from automl_core.store import Store, open_store, schema


@pytest.fixture
def store(home: Path) -> Store:
    return open_store(read_settings())


@pytest.fixture
def project(store: Store) -> str:
    return store.create_project("Churn").id


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def test_everything_written_is_the_owners_alone(store: Store, project: str, home: Path) -> None:
    store.write_file(project, b"a", ".csv")
    store.folder(project, "run-1")
    store.put("table", project, {})
    for path in [home, *home.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_connections_are_set_up_for_many_writers(store: Store) -> None:
    with store.database.read() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                 for name in ("journal_mode", "busy_timeout", "synchronous", "foreign_keys", "secure_delete")}
    assert found == {"journal_mode": "wal", "busy_timeout": 10_000, "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


@pytest.mark.parametrize("folder", ["with space", "ümlaut %41 #x", "q?a=1"])
def test_home_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    monkeypatch.setenv("CLARION_HOME", str(tmp_path / folder))
    settings = read_settings()
    if "?" in folder:
        settings = replace(settings, database_url=f"sqlite:///{tmp_path / 'plain.db'}")
    store = open_store(settings)
    stored = store.write_file(store.create_project("p").id, b"abc")
    assert store.file_path(stored.id).read_bytes() == b"abc"
    assert store.file_path(stored.id).is_relative_to(tmp_path / folder)


def test_projects_are_listed_by_their_last_change(store: Store) -> None:
    first, second = store.create_project("a"), store.create_project("b")
    assert [item.id for item in store.projects()] == [second.id, first.id]
    store.touch(first.id)
    assert [item.id for item in store.projects()] == [first.id, second.id]
    assert store.project(first.id).version == first.version, "a touch is no conflict"


def test_the_second_of_two_renames_is_told(store: Store, project: str) -> None:
    seen = store.project(project)
    store.rename_project(project, "Mine", seen.version)
    with pytest.raises(Conflict):
        store.rename_project(project, "Yours", seen.version)
    assert store.project(project).name == "Mine"
    with pytest.raises(NotFound):
        store.rename_project("prj_nothing", "x", 1)


@pytest.mark.parametrize("name", ["", "  ", "\n\t", "\ud800", "\x00"])
def test_a_name_must_show_something(store: Store, name: str) -> None:
    with pytest.raises(BadInput):
        store.create_project(name)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(exclude_categories=()), min_size=1, max_size=300),
       body=st.recursive(st.none() | st.booleans() | st.integers(-2**53, 2**53) | st.floats() | st.text(),
                         lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)))
def test_any_name_and_any_json_can_be_kept(store: Store, project: str, name: str, body: Any) -> None:
    made = store.create_project("x" + name)
    assert store.project(made.id).name == made.name
    assert len(made.name) <= 120
    assert "\n" not in made.name
    assert store.get(store.put("any", project, body).id).body == to_json(body)


def test_records_keep_their_order_kind_and_parent(store: Store, project: str) -> None:
    made = [store.put("trial", project, {"n": n, "score": math.nan}, parent_id="run_a" if n % 2 else "run_b") for n in range(6)]
    assert [item.body["n"] for item in store.list(project, "trial")] == list(range(6))
    assert [item.body["n"] for item in store.list(project, "trial", parent_id="run_a")] == [1, 3, 5]
    assert store.latest(project, "trial", parent_id="run_b") == made[4]
    assert store.latest(project, "run") is None
    assert store.list(store.create_project("other").id, "trial") == ()
    assert made[0].body["score"] is None


def test_the_newer_of_two_kinds_is_known(store: Store, project: str) -> None:
    assert not store.newer(project, "report", ("goal", "run"))
    store.put("report", project, 1)
    assert store.newer(project, "report", ("goal", "run"))
    store.put("goal", project, 2)
    assert not store.newer(project, "report", ("goal", "run"))
    assert store.newer(project, "report", ("run",))
    store.put("verdict", project, 3, parent_id="other")
    assert store.newer(project, "report", ("verdict",), ("mine",))
    assert not store.newer(project, "report", ("verdict",), ("mine", "other"))


def test_what_rests_on_the_newest_record_is_not_put_after_a_newer_one(store: Store, project: str) -> None:
    none = store.newest(project, "pilot", "pilot_change")
    store.put("goal", project, 1)
    first = store.put("pilot", project, 2, after=none)
    with pytest.raises(Conflict):
        store.put("pilot", project, 3, after=none)
    after = store.newest(project, "pilot", "pilot_change")
    assert after.id == first.id
    store.put("pilot_change", project, 4)
    with pytest.raises(Conflict):
        store.put("pilot", project, 5, after=after)
    assert store.list(project, "pilot") == (first,)


def test_updates_are_optimistic(store: Store, project: str) -> None:
    record = store.put("goal", project, {"a": 1})
    assert store.update(record.id, {"a": 2}, record.version).version == 2
    with pytest.raises(Conflict):
        store.update(record.id, {"a": 3}, record.version)
    assert store.get(record.id).body == {"a": 2}
    with pytest.raises(NotFound):
        store.update("rec_nothing", {}, 1)


def test_a_result_put_again_under_its_id_is_replaced_but_never_anothers(store: Store, project: str) -> None:
    store.put("run", project, {"n": 1}, id="run_abc123")
    store.put("run", project, {"n": 2}, id="run_abc123")
    assert [item.body for item in store.list(project, "run")] == [{"n": 2}]
    with pytest.raises(ClarionError):
        store.put("run", store.create_project("other").id, {"n": 3}, id="run_abc123")
    with pytest.raises(BadInput):
        store.put("run", project, {}, id="../../etc/passwd")


def test_nothing_can_be_put_into_a_project_that_is_gone(store: Store, project: str, home: Path) -> None:
    store.delete_project(project)
    with pytest.raises(NotFound):
        store.put("table", project, {})
    with pytest.raises(NotFound):
        store.write_file(project, b"late")
    assert not [path for path in (home / "files").rglob("*") if path.is_file()]
    with pytest.raises(NotFound):
        store.delete_project(project)


def test_files_come_back_as_written(store: Store, project: str) -> None:
    stream = io.BytesIO(b"x" * 3_000_000)
    stream.seek(0, io.SEEK_END)
    stored = store.write_file(project, stream, ".parquet")
    assert stored.size == 3_000_000
    assert store.file_path(stored.id).read_bytes() == b"x" * 3_000_000
    assert store.check_store() == ()


def test_too_large_files_leave_nothing(store: Store, project: str, home: Path) -> None:
    with pytest.raises(BadInput, match="larger than 1 MB"):
        store.write_file(project, io.BytesIO(b"x" * 1_100_000), limit_mb=1)
    assert [path for path in home.rglob("*") if path.is_file() and "clarion.db" not in path.name] == []


@pytest.mark.parametrize("suffix", ["/../x", ".a/b", "csv", ".CSV\0", ".." , ".a.b"])
def test_a_suffix_is_no_path(store: Store, project: str, suffix: str) -> None:
    with pytest.raises(BadInput):
        store.write_file(project, b"x", suffix)


@pytest.mark.parametrize("bad", [
    "../x", "..", ".", "", "/etc", "a/b", "a\\b", "%2e%2e", "a\0b", "data-secret/../x", "é", "x" * 300])
def test_ids_and_folder_names_never_name_a_path(store: Store, project: str, bad: str) -> None:
    for call in (lambda: store.folder(bad, "run"), lambda: store.folder(project, bad), lambda: store.log_path(bad)):
        with pytest.raises(BadInput):
            call()
    with pytest.raises(NotFound):
        store.file_path(bad)
    with pytest.raises(ClarionError):
        store.write_file(bad, b"x")


@pytest.mark.parametrize("harm", ["flip", "truncate", "swap", "remove"])
def test_changed_files_are_never_opened(store: Store, project: str, harm: str) -> None:
    stored, other = store.write_file(project, b"model-a" * 100), store.write_file(project, b"model-b" * 100)
    path = store.file_path(stored.id)
    if harm == "flip":
        path.write_bytes(b"Model-a" + path.read_bytes()[7:])
        os.utime(path, ns=(1, 1))
    elif harm == "truncate":
        os.truncate(path, 10)
    elif harm == "swap":
        path.write_bytes(store.file_path(other.id).read_bytes())
    else:
        path.unlink()
    with pytest.raises(Untrusted):
        store.file_path(stored.id)
    assert len(store.check_store()) == 1


def test_deleted_is_deleted(store: Store, home: Path) -> None:
    canary = "canary-8f1d3c"
    project = store.create_project(f"P {canary}").id
    record = store.put("table", project, {"text": canary * 500})
    store.write_file(project, canary.encode(), ".csv")
    (store.folder(project, "run") / "x.txt").write_text(canary)
    store.create_link(project, record.id, soon())
    key = store.create_key(record.id)
    store.job_rows.add_event(store.job_rows.add(project, "search", {"c": canary}).id, "trial", {"c": canary})
    store.delete_project(project)
    assert not store.check_key(record.id, key)
    for path in home.rglob("*"):
        if path.is_file():
            assert canary.encode() not in path.read_bytes(), path
    assert store.check_store() == ()


def test_links_open_until_they_expire_or_are_revoked(store: Store, project: str) -> None:
    report = store.put("report", project, {})
    link, token = store.create_link(project, report.id, soon())
    assert len(token) >= 43
    opened = store.open_link(token)
    assert opened is not None
    assert (opened.record_id, opened.views) == (report.id, 1)
    assert store.links(project)[0].views == 1
    for wrong in ("", token[:-1], token + "x", link.id, "\ud800"):
        assert store.open_link(wrong) is None
    with store.database.write() as connection:
        connection.execute(update(schema.links).values(expires_at=time.time() - 1))
    assert store.open_link(token) is None
    _, second = store.create_link(project, report.id, soon())
    store.revoke_link(store.links(project)[0].id)
    assert store.open_link(second) is None


def test_link_ends_within_a_year(store: Store, project: str) -> None:
    report = store.put("report", project, {})
    for days in (-1, 0, 400):
        with pytest.raises(BadInput):
            store.create_link(project, report.id, datetime.now(UTC) + timedelta(days=days))
    with pytest.raises(NotFound):
        store.create_link(project, "rec_nothing", soon())


def test_only_hashes_of_secrets_are_kept(store: Store, project: str, home: Path) -> None:
    record = store.put("report", project, {})
    _, token = store.create_link(project, record.id, soon())
    key = store.create_key(record.id)
    kept = b"".join(path.read_bytes() for path in home.glob("clarion.db*"))
    assert token.encode() not in kept
    assert key.encode() not in kept


def test_a_key_opens_its_own_deployment_until_revoked(store: Store, project: str) -> None:
    mine, other = store.put("deployment", project, {}), store.put("deployment", project, {})
    key = store.create_key(mine.id)
    assert store.check_key(mine.id, key)
    assert not store.check_key(other.id, key)
    assert not store.check_key(mine.id, key[:-1])
    assert not store.check_key(mine.id, "\ud800")
    assert store.keys(mine.id)[0].last_used_at is not None
    store.revoke_key(store.keys(mine.id)[0].id)
    assert not store.check_key(mine.id, key)
    with pytest.raises(NotFound):
        store.create_key("rec_nothing")


@pytest.mark.parametrize("harm", ["UPDATE audit SET result='no' WHERE seq=2", "DELETE FROM audit WHERE seq=2",
                                  "UPDATE audit SET at=at+1 WHERE seq=3", "UPDATE audit SET seq=9 WHERE seq=4"])
def test_the_trail_shows_a_changed_line(store: Store, home: Path, harm: str) -> None:
    for number in range(5):
        store.audit("user \ud800", "deploy", f"rec_{number}", "done")
    assert store.verify_audit()
    with sqlite3.connect(home / "clarion.db") as connection:
        connection.execute(harm)
    assert not store.verify_audit()


def test_a_crash_between_file_and_row_is_tidied_up(store: Store, project: str, home: Path) -> None:
    kept = store.write_file(project, b"kept")
    half, orphan, fresh = home / "tmp" / "fil_x.tmp", home / "files" / project / "fil_x", home / "files" / project / "fil_y"
    gone = home / "files" / "prj_deleted"
    gone.mkdir()
    for path in (half, orphan, fresh, gone / "fil_z"):
        path.write_bytes(b"left")
    for path in (half, orphan):
        os.utime(path, (1, 1))
    assert store.check_store() == ("1 half-written files are left.",)
    store.tidy()
    assert (half.exists(), orphan.exists(), gone.exists(), fresh.exists()) == (False, False, False, True)
    assert store.file_path(kept.id).read_bytes() == b"kept"
    assert store.check_store() == ()


def test_folders_of_work_that_nobody_can_go_on_from_are_tidied_up(store: Store, project: str, home: Path) -> None:
    """A job whose result names it may be gone on from, and so may one that a waiting job names, or that was ended and is open."""
    named, continued, failed, running, young, begun, ended = (
        store.job_rows.add(project, "search", {"n": number}) for number in range(7))
    again = store.job_rows.add(project, "search", {"journal": begun.id})
    store.put("run", project, {"job_id": named.id})
    store.job_rows.add(project, "search", {"journal": continued.id})
    for job in (named, continued, failed, running, young, begun, ended):
        folder = store.folder(project, f"search-{job.id}")
        for name in ("matrix.npy", "fits/a-0-stages.npy", "trials.jsonl"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(b"x")
        if job is not young:
            os.utime(folder, (1, 1))
        if job is not running:
            leased = store.job_rows.lease("here", job.id)
            assert leased is not None
            store.job_rows.end(job.id, leased.attempts, "failed", "It failed.")
    leased = store.job_rows.lease("here", again.id)
    assert leased is not None
    store.job_rows.end(again.id, leased.attempts, "failed", "It was ended.")
    other = store.folder(project, "run-1")
    os.utime(other, (1, 1))
    store.tidy({ended.id, again.id})
    left = {path.relative_to(home / "work" / project).as_posix() for path in (home / "work").rglob("*") if path.is_file()}
    for job, whole in ((named, False), (continued, True), (running, True), (young, True), (begun, True), (ended, True)):
        assert {f"search-{job.id}/trials.jsonl", f"search-{job.id}/fits/a-0-stages.npy"} <= left
        assert (f"search-{job.id}/matrix.npy" in left) == whole
    assert not (home / "work" / project / f"search-{failed.id}").exists()
    assert other.exists()


@pytest.mark.parametrize("step", ["replace", "fsync", "commit"])
def test_failing_at_any_step_of_a_write_leaves_the_store_whole(
        store: Store, project: str, home: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    if step == "commit":
        monkeypatch.setattr("automl_core.store.files.insert", broken)
    else:
        monkeypatch.setattr({"replace": "pathlib.Path.replace", "fsync": "os.fsync"}[step], broken)
    with pytest.raises((ClarionError, OSError), match=r"disk|space"):
        store.write_file(project, b"x")
    monkeypatch.undo()
    assert store.check_store() == ()
    store.write_file(project, b"y")


def test_a_damaged_or_newer_database_is_refused_with_a_sentence(home: Path) -> None:
    settings = read_settings()
    store = open_store(settings)
    with store.database.write() as connection:
        connection.execute(update(schema.meta).values(value="999"))
    store.close()
    with pytest.raises(ClarionError, match="newer version"):
        open_store(settings)
    for path in home.glob("clarion.db*"):
        path.unlink()
    (home / "clarion.db").write_bytes(b"this is no database" * 1000)
    with pytest.raises(ClarionError, match="damaged"):
        open_store(settings)


def test_a_home_that_cannot_be_made_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("CLARION_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(ClarionError, match="cannot be written"):
        open_store(read_settings())


def test_files_may_live_in_another_filesystem(home: Path, tmp_path: Path) -> None:
    store = open_store(replace(read_settings(), files_url=f"memory://bucket{tmp_path.name}"))
    project = store.create_project("p").id
    stored = store.write_file(project, b"far away", ".csv")
    assert store.file_path(stored.id).read_bytes() == b"far away"
    assert store.file_path(stored.id).is_relative_to(home)
    store.delete_project(project)
    assert store.check_store() == ()
    assert not store.place.filesystem.exists(store.place.path(project, stored.id + ".csv"))


def test_memory_databases_are_refused(home: Path) -> None:
    with pytest.raises(BadInput):
        open_store(replace(read_settings(), database_url="sqlite://"))
