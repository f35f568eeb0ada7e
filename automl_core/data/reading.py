"""Reading a user's file: always in a child process with limits; this process sees only the typed result or one sentence."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd

import automl_core
from automl_core.codec import to_json
from automl_core.data.keep import load_table
from automl_core.data.raw_cells import unpacked
from automl_core.data.source import shown
from automl_core.data.table import Kind, ReadLimits, ReadOptions, Table
from automl_core.errors import BadInput, ClarionError, MissingDependency

_ROOT: Final = Path(automl_core.__file__).resolve().parents[1]
_BLOCK: Final = 1 << 20
_DAMAGED: Final = "Open it in the program it comes from and save it again, or save it as CSV."


@dataclass(frozen=True, slots=True)
class _Request:
    path: Path
    name: str
    options: ReadOptions
    limits: ReadLimits
    mode: Literal["table", "rows"]
    whole: bool = False


def read_file(path: Path, name: str, options: ReadOptions | None = None, limits: ReadLimits | None = None) -> Table:
    """The typed table in a file. `name` is the user's name for it: shown in sentences, never used as a path.

    The child process is killed when it exceeds the limits. BadInput with one sentence for every file that cannot be read.
    """
    with reading(path, name, options, limits) as under_way:
        return under_way.table()


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A file that a child process is reading; `began` is of `time.monotonic`."""

    request: _Request
    folder: Path
    child: subprocess.Popen[bytes]
    began: float

    def table(self) -> Table:
        """The typed table, once it is read; BadInput as of `read_file`."""
        self.wait()
        table = load_table(self.folder / "table")
        shutil.rmtree(self.folder / "table")  # the block may go on for hours
        return table

    def wait(self) -> None:
        """Until the child has left a result, or its time is up. BadInput unless there is one."""
        seconds = self.request.limits.seconds
        try:
            code = self.child.wait(timeout=max(0.0, self.began + seconds - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise BadInput(
                f"{shown(self.request.name)} took longer than {seconds} seconds to read and was stopped.",
                "Upload a part of it, or save it as CSV.",
            ) from None
        _raise_answer(self.folder, self.request, code)


@contextmanager
def reading(
    path: Path, name: str, options: ReadOptions | None = None, limits: ReadLimits | None = None
) -> Iterator[Reading]:
    """Begins what `read_file` does, for a caller who has other work until the table is there; the child ends with the block."""
    with _begun(_Request(path, name, options or ReadOptions(), limits or ReadLimits(), "table")) as under_way:
        yield under_way


@dataclass(frozen=True, slots=True, eq=False)
class RawRows:
    """The rows of a file, for a schema to type: texts where it holds texts, and numbers, truths and dates where it holds these.
    `warnings` say what could not be read of it."""

    frame: pd.DataFrame
    warnings: tuple[str, ...] = ()


def read_rows(path: Path, name: str, limits: ReadLimits | None = None, whole: bool = True) -> RawRows:
    """The rows of a file to be scored, columns under their cleaned names. Each has its place, also one without a value, and what
    looks like a total or another table, unless `whole` is False: then they are the rows that `read_file` finds."""
    with _begun(_Request(path, name, ReadOptions(), limits or ReadLimits(), "rows", whole)) as under_way:
        under_way.wait()
        answer = json.loads((under_way.folder / "answer.json").read_text("utf-8"))
        frame = unpacked(pd.read_parquet(under_way.folder / "rows.parquet"), answer["names"])
        return RawRows(frame, tuple(answer["warnings"]))


def retype(table: Table, raw_path: Path, kinds: Mapping[str, Kind], limits: ReadLimits | None = None) -> Table:
    """The same file read again with the user's kinds for some columns; how it was read before stays as it was."""
    origin = table.origin
    text = origin.format == "csv"
    options = ReadOptions(
        sheet=origin.sheet,
        encoding=origin.encoding if text else "",
        delimiter=origin.delimiter.rstrip(" ") or origin.delimiter if text else "",
        kinds={column.name: kinds[column.name] for column in table.columns if column.name in kinds},
    )
    read = read_file(raw_path, origin.name, options, limits)
    return replace(read, origin=replace(read.origin, name=origin.name))


@contextmanager
def _begun(request: _Request) -> Iterator[Reading]:
    """The child at work in a private folder; both are gone at the end of the block."""
    size, digest = _digest(request.path, request.name)
    body = {
        "path": str(request.path.resolve()),
        "name": request.name,
        "mode": request.mode,
        "whole": request.whole,
        "size": size,
        "sha256": digest,
        "options": to_json(request.options),
        "limits": to_json(request.limits),
    }
    with tempfile.TemporaryDirectory(prefix="clarion-read-") as private:
        folder = Path(private)
        (folder / "request.json").write_text(json.dumps(body), "utf-8")
        with (folder / "errors.txt").open("wb") as errors:
            child = subprocess.Popen(
                [sys.executable, "-m", "automl_core.data.child", str(folder / "request.json")],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=folder,
                env=_environment(folder),
                start_new_session=True,
                umask=0o077,
            )
        try:
            yield Reading(request, folder, child, time.monotonic())
        finally:
            _kill(child)


def _raise_answer(folder: Path, request: _Request, code: int) -> None:
    answer_path = folder / "answer.json"
    answer: dict[str, Any] = json.loads(answer_path.read_text("utf-8")) if answer_path.exists() else {}
    if "error" in answer:
        error: type[ClarionError] = MissingDependency if answer.get("kind") == "MissingDependency" else BadInput
        raise error(answer["error"], answer["hint"])
    if code == 0 and answer:
        return
    trace = (folder / "errors.txt").read_bytes()[-20_000:]
    if (
        code in (-signal.SIGABRT, -signal.SIGKILL)
        or b"MemoryError" in trace
        or b"memory allocation" in trace
        or b"bad_alloc" in trace
    ):
        raise BadInput(
            f"{shown(request.name)} needs more memory than the {request.limits.memory_mb:,} MB allowed to read.",
            "Upload a part of it, or save it as CSV.",
        )
    if code == -signal.SIGXCPU:
        raise BadInput(f"{shown(request.name)} took too long to read and was stopped.", "Upload a part of it, or save it as CSV.")
    raise BadInput(f"{shown(request.name)} is damaged or of an unusual form and could not be read.", _DAMAGED)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """The whole process group, so that nothing the child started outlives it."""
    if child.poll() is None:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        child.wait()


def _digest(path: Path, name: str) -> tuple[int, str]:
    """Size and SHA-256, block by block: the file is never held in memory."""
    digest = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                size += len(block)
                digest.update(block)
    except OSError:
        raise BadInput(f"{shown(name)} cannot be opened.", "Check that the file exists and may be read.") from None
    return size, digest.hexdigest()


def _environment(folder: Path) -> dict[str, str]:
    """Only what Python needs: no secrets, one thread (threads cost address space), temporary files in the private folder."""
    kept = {
        key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
    }
    return kept | {
        "PYTHONPATH": str(_ROOT),
        "TMPDIR": str(folder),
        "HOME": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "ARROW_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }
