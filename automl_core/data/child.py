"""The process that opens an upload: under memory and time limits, it reads, types and writes parquet.

Started by `reading` as `python -m automl_core.data.child REQUEST`; answers in the request's own folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from automl_core.codec import from_json, to_json
from automl_core.data.infer import table_from_frame
from automl_core.data.keep import save_table
from automl_core.data.names import clean_names
from automl_core.data.raw_cells import packed
from automl_core.data.source import Raw, Source, SourceFile, shown, sources
from automl_core.data.table import ReadLimits, ReadOptions
from automl_core.data.unpack import unpack
from automl_core.errors import BadInput, ClarionError, MissingDependency
from automl_core.registry import is_installed


def main(request_path: str) -> int:
    """Serves one request file; 0 with a table or a refusal written, another code when neither could be."""
    request = json.loads(Path(request_path).read_text("utf-8"))
    folder = Path(request_path).parent
    limits = from_json(ReadLimits, request["limits"])
    _limit(limits)
    try:
        _serve(request, folder, limits)
    except ClarionError as error:
        _answer(folder, {"error": error.message, "hint": error.hint, "kind": type(error).__name__})
    except MemoryError:
        _answer(
            folder, {"error": f"{shown(request['name'])} needs more memory than allowed to read.", "hint": "Upload a part of it."}
        )
    except RecursionError:
        _answer(
            folder, {"error": f"{shown(request['name'])} is nested too deeply to be a table.", "hint": "Upload a flat table."}
        )
    return 0


def read_raw_here(
    path: Path, name: str, options: ReadOptions, limits: ReadLimits, folder: Path, whole: bool = False
) -> Raw:
    """Reads the file in this process, untyped. Only the child and tests on harmless files call this."""
    if path.stat().st_size == 0:
        raise BadInput(f"{shown(name)} is empty.", "Upload a file with a header line and rows.")
    unpacked = unpack(path, name, folder, options.sheet)
    with unpacked.path.open("rb") as stream:
        head = stream.read(8192)
    if unpacked.path != path and head[:4] == b"PK\x03\x04":
        raise BadInput(f"{shown(name)} is an archive inside an archive.", "Upload the table itself.")
    inner = replace(options, sheet="") if unpacked.members else options
    file = SourceFile(unpacked.path, name, head, inner, limits, whole)
    source = _source_of(file)
    if not is_installed(source.package):
        raise MissingDependency(
            f"Reading {source.title} files needs a package that is not installed.", f"pip install {source.package}"
        )
    raw = source.read(file)
    if len(raw.frame) > limits.rows or len(raw.frame.columns) > limits.columns:
        raise BadInput(f"{shown(name)} has more than {limits.rows:,} rows or {limits.columns:,} columns.", "Upload a part of it.")
    if unpacked.members:
        others = f"{shown(name)} holds {len(unpacked.members)} files; {shown(unpacked.member)} was read."
        raw = Raw(raw.frame, replace(raw.origin, sheets=unpacked.members, sheet=unpacked.member), (others, *raw.warnings))
    return raw


def _source_of(file: SourceFile) -> Source:
    """The source that recognises the content; the extension is not asked."""
    for source in sorted(sources().plugins.values(), key=lambda source: source.fallback):
        if source.matches(file):
            return source
    raise BadInput(f"{shown(file.name)} is of no kind that can be read.", "Upload a CSV, Excel, Parquet, JSON or SQLite file.")


def _serve(request: dict[str, Any], folder: Path, limits: ReadLimits) -> None:
    options = from_json(ReadOptions, request["options"])
    raw = read_raw_here(Path(request["path"]), request["name"], options, limits, folder, request["whole"])
    origin = replace(raw.origin, name=request["name"], size=request["size"], sha256=request["sha256"])
    if request["mode"] == "rows":
        packed(raw.frame).to_parquet(folder / "rows.parquet", index=False)
        _answer(folder, {"names": clean_names([str(label) for label in raw.frame.columns])[0], "warnings": raw.warnings})
        return
    table = table_from_frame(raw.frame, request["name"], origin, options.kinds)
    save_table(replace(table, warnings=(*raw.warnings, *table.warnings)), folder / "table")
    _answer(folder, {"table": True})


def _answer(folder: Path, body: dict[str, Any]) -> None:
    (folder / "answer.json").write_text(json.dumps(to_json(body)), "utf-8")


def _limit(limits: ReadLimits) -> None:
    """Address space, processor time, no core files; this process has the wall limit from outside."""
    os.umask(0o077)
    for what, amount in (
        (resource.RLIMIT_AS, limits.memory_mb << 20),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, 2 * limits.seconds + 5),
    ):
        with contextlib.suppress(ValueError, OSError):  # an outer limit may be lower already
            hard = resource.getrlimit(what)[1]
            resource.setrlimit(what, (amount if hard == resource.RLIM_INFINITY else min(amount, hard), hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
