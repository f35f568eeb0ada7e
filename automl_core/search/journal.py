"""The journal of a search: every finished fit, kept at once, so that nothing finished is ever repeated or lost."""
from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from automl_core.codec import from_json, to_json
from automl_core.errors import disk
from automl_core.search.family import Array, Stages
from automl_core.search.lock import alone
from automl_core.search.plan import Candidate
from automl_core.search.watch import Watch

PATIENCE = 10.0  # seconds: a process that has lost its search to this one needs some to see it, or to be gone


@dataclass(frozen=True, slots=True)
class KeptStages:
    """`Stages` on disk: the predictions are mapped anew each time they are asked for, and take no memory in between."""

    rounds: tuple[int, ...]
    path: Path

    @property
    def predictions(self) -> NDArray[Any]:
        found: NDArray[Any] = np.load(self.path, mmap_mode="r", allow_pickle=False)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class KeptFiles(Mapping[str, bytes]):
    """A stored model on disk: its files are read each time they are asked for. `sizes` are their lengths in bytes."""

    path: Path
    sizes: dict[str, int]

    def __getitem__(self, name: str) -> bytes:
        if name not in self.sizes:
            raise KeyError(name)
        with np.load(self.path, allow_pickle=False) as stored:
            content: bytes = stored[f"file:{name}"].tobytes()
        return content

    def __iter__(self) -> Iterator[str]:
        return iter(self.sizes)

    def __len__(self) -> int:
        return len(self.sizes)


@dataclass(frozen=True, slots=True, eq=False)
class FoldResult:
    """One candidate fitted without one fold: `prediction` is of that fold's rows, in their order.

    `stages` are its predictions along the way, when the family has any. `files` is the stored model (kept for the first fold
    and for refits); `error` a sentence when the fit failed; `to_best` the share of its time until the best round; `bags` how many
    fits with other seeds it is the mean of (0: not known); `without` the kinds of learned columns that it had to do without,
    `partly` those that time left out a part of.
    """

    key: str
    fold: int
    prediction: Array
    rounds: int = 0
    seconds: float = 0.0
    truncated: bool = False
    row_ms: float = float("nan")
    error: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    stages: Stages | KeptStages | None = None
    to_best: float = 1.0
    bags: int = 1
    without: tuple[str, ...] = ()
    partly: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of the stored model."""
        return sum(self.files.sizes.values() if isinstance(self.files, KeptFiles) else map(len, self.files.values()))


class Journal(Protocol):
    """Where a search keeps what is finished."""

    @property
    def folder(self) -> Path:
        """A folder for the search's own work files."""

    def held(self, watch: Watch) -> AbstractContextManager[None]:
        """Meanwhile nobody else goes on with the search. Conflict when somebody does, and goes on doing so; Cancelled when the
        watch says so while waiting."""

    def results(self, fingerprint: str) -> dict[tuple[str, int], FoldResult]:
        """Finished fits of the same table and split, by candidate and fold."""

    def add(self, fingerprint: str, result: FoldResult, spent: float) -> FoldResult:
        """Keep one fit; `spent` are the seconds of the whole search so far. The same fit, with what is large on disk."""

    def keep(self, fingerprint: str, name: str, files: Mapping[str, bytes]) -> None:
        """Keep files about the search under a name."""

    def kept(self, fingerprint: str, name: str) -> dict[str, bytes]:
        """The files kept last under a name; none when there are none."""

    def note(self, fingerprint: str, name: str, value: float) -> None:
        """Keep one number about the search."""

    def notes(self, fingerprint: str) -> dict[str, float]:
        """The newest value of each number kept, `spent` among them."""

    def propose(self, fingerprint: str, candidate: Candidate) -> None:
        """Keep a candidate that is not in the portfolio."""

    def proposed(self, fingerprint: str) -> tuple[Candidate, ...]:
        """The candidates kept by `propose`, in order."""


class FolderJournal:
    """A journal in a folder: one line of JSON a fit, appended and synced, and one file of arrays beside it.

    The arrays are complete on disk before their line is written; a line torn by a crash is ignored, and so is a fit whose two
    files do not belong together.
    """

    def __init__(self, folder: Path, patience: float = PATIENCE) -> None:
        """`patience` is how many seconds whoever holds the search is waited for."""
        self._folder, self._patience = folder, patience
        self.waited = 0.0
        with disk():
            (folder / "fits").mkdir(parents=True, exist_ok=True)
        self._lines = folder / "trials.jsonl"

    @property
    def folder(self) -> Path:
        return self._folder

    @contextmanager
    def held(self, watch: Watch) -> Iterator[None]:
        began = time.monotonic()
        with alone(self._folder / "lock", watch, self._patience):
            self.waited = time.monotonic() - began
            yield

    def results(self, fingerprint: str) -> dict[tuple[str, int], FoldResult]:
        found: dict[tuple[str, int], FoldResult] = {}
        for line in self._read(fingerprint):
            if line["kind"] == "fit":
                result = self._open(line)
                if result is not None:
                    found[result.key, result.fold] = result
        return found

    def add(self, fingerprint: str, result: FoldResult, spent: float) -> FoldResult:
        name = f"{result.key}-{result.fold}.npz"
        files: dict[str, Any] = {f"file:{path}": np.frombuffer(content, dtype=np.uint8) for path, content in result.files.items()}
        stages = None
        if result.stages is not None:
            files["stage_rounds"] = np.array(result.stages.rounds)
            stages = KeptStages(result.stages.rounds, self._stages_of(name))
            beside = io.BytesIO()
            np.save(beside, result.stages.predictions, allow_pickle=False)
            _write(stages.path, beside.getvalue())
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, prediction=result.prediction, **files)
        _write(self._folder / "fits" / name, buffer.getvalue())
        self._append({"kind": "fit", "data": fingerprint, "key": result.key, "fold": result.fold, "rounds": result.rounds,
                      "seconds": result.seconds, "truncated": result.truncated, "row_ms": result.row_ms, "error": result.error,
                      "to_best": result.to_best, "file": name, "spent": spent, "without": list(result.without),
                      "partly": list(result.partly)})
        sizes = {path: len(content) for path, content in result.files.items()}
        return replace(result, stages=stages, files=KeptFiles(self._folder / "fits" / name, sizes))

    def _stages_of(self, name: str) -> Path:
        return self._folder / "fits" / f"{name.removesuffix('.npz')}-stages.npy"

    def keep(self, fingerprint: str, name: str, files: Mapping[str, bytes]) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **{path: np.frombuffer(content, dtype=np.uint8) for path, content in files.items()})
        _write(self._folder / "fits" / f"{name}.npz", buffer.getvalue())
        self._append({"kind": "files", "data": fingerprint, "name": name})

    def kept(self, fingerprint: str, name: str) -> dict[str, bytes]:
        if not any(line["kind"] == "files" and line["name"] == name for line in self._read(fingerprint)):
            return {}
        try:
            with np.load(self._folder / "fits" / f"{name}.npz", allow_pickle=False) as stored:
                return {path: stored[path].tobytes() for path in stored.files}
        except (OSError, ValueError, KeyError):
            return {}

    def note(self, fingerprint: str, name: str, value: float) -> None:
        self._append({"kind": "note", "data": fingerprint, "name": name, "value": value})

    def notes(self, fingerprint: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for line in self._read(fingerprint):
            if line["kind"] == "fit":
                found["spent"] = max(found.get("spent", 0.0), float(line["spent"]))
            elif line["kind"] == "note":
                found[line["name"]] = float(line["value"])
        return found

    def spent(self) -> float:
        """The seconds that the search has taken, as whoever went on with it last counted them; 0 when nobody did."""
        lines = self._read()
        return self.notes(str(lines[-1].get("data", ""))).get("spent", 0.0) if lines else 0.0

    def propose(self, fingerprint: str, candidate: Candidate) -> None:
        self._append({"kind": "candidate", "data": fingerprint, "candidate": to_json(candidate)})

    def proposed(self, fingerprint: str) -> tuple[Candidate, ...]:
        kept = [from_json(Candidate, line["candidate"]) for line in self._read(fingerprint) if line["kind"] == "candidate"]
        return tuple({candidate.key: candidate for candidate in kept}.values())

    def _read(self, fingerprint: str = "") -> list[dict[str, Any]]:
        if not self._lines.exists():
            return []
        lines: list[dict[str, Any]] = []
        for text in self._lines.read_text(encoding="utf-8").splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue  # torn by a crash: its fit is done again
            if isinstance(line, dict) and fingerprint in ("", line.get("data")):
                lines.append(line)
        return lines

    def _open(self, line: dict[str, Any]) -> FoldResult | None:
        try:
            with np.load(self._folder / "fits" / line["file"], allow_pickle=False) as stored:
                sizes = {name.removeprefix("file:"): len(stored[name]) for name in stored.files if name.startswith("file:")}
                files = KeptFiles(self._folder / "fits" / line["file"], sizes)
                stages = None
                if "stage_rounds" in stored.files:
                    stages = KeptStages(tuple(stored["stage_rounds"].tolist()), self._stages_of(line["file"]))
                    if stages.predictions.shape[:2] != (len(stages.rounds), len(stored["prediction"])):
                        return None  # of a renewed fit, whose process was killed before the rest was written
                return FoldResult(line["key"], line["fold"], stored["prediction"], line["rounds"], line["seconds"],
                                  line["truncated"], line["row_ms"], line["error"], files, stages, line.get("to_best", 1.0),
                                  without=tuple(line.get("without", ())), partly=tuple(line.get("partly", ())))
        except (OSError, ValueError, KeyError):
            return None  # a lost file is a fit to be done again

    def _append(self, line: dict[str, Any]) -> None:
        torn = self._lines.exists() and self._lines.stat().st_size > 0 and not _ends_line(self._lines)
        with disk(), self._lines.open("a", encoding="utf-8") as stream:
            stream.write(("\n" if torn else "") + json.dumps(line) + "\n")
            stream.flush()
            os.fsync(stream.fileno())


def _ends_line(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"


def _write(path: Path, content: bytes) -> None:
    """The whole file or nothing: written aside, synced, renamed."""
    aside = path.with_suffix(".part")
    with disk():
        with aside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
