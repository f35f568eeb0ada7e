"""JSON: a list of records, an object of columns or of records, or one object a line; nested objects become columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from automl_core.data.source import Raw, Source, SourceFile, shown
from automl_core.data.table import Origin
from automl_core.data.text.encoding import find_encoding
from automl_core.errors import BadInput

_DEPTH: Final = 5
_HINT: Final = 'Upload a list of records, such as [{"name": "a"}, …], or one record a line.'


def read_json(file: SourceFile) -> Raw:
    """The records of a JSON or JSON-lines file. Lists inside a record are kept as their JSON text."""
    encoding = find_encoding(file.path, file.options.encoding).name
    text = file.path.read_text(encoding, "replace").lstrip("\ufeff").strip()
    warnings: list[str] = []
    repeated: set[str] = set()
    records = _records(text, file, warnings, repeated)
    if not records:
        raise BadInput(f"{shown(file.name)} holds no records.", _HINT)
    if len(records) > file.limits.rows:
        raise BadInput(f"{shown(file.name)} has more than {file.limits.rows:,} records.", "Upload a part of it.")
    if repeated:
        warnings.append(f"The key {shown(sorted(repeated)[0])} occurs twice in a record; the last value was taken.")
    columns: dict[str, list[Any]] = {}
    for place, record in enumerate(records):
        for name, value in _flat("", record, 0):
            cells = columns.get(name)
            if cells is None:
                if len(columns) >= file.limits.columns:
                    raise BadInput(
                        f"{shown(file.name)} has more than {file.limits.columns:,} different keys.", "Upload a flat table."
                    )
                cells = columns[name] = [None] * len(records)
            cells[place] = value
    frame = pd.DataFrame(
        {place: pd.Series(cells, dtype=object) for place, cells in enumerate(columns.values())}, index=pd.RangeIndex(len(records))
    )
    frame.columns = pd.Index(list(columns), dtype=object)
    return Raw(frame, Origin(file.name, "json", encoding), tuple(warnings))


def _records(text: str, file: SourceFile, warnings: list[str], repeated: set[str]) -> list[Any]:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            seen: set[str] = set()
            repeated.update(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return found

    decoder = json.JSONDecoder(object_pairs_hook=pairs)
    try:
        whole = decoder.decode(text)
    except RecursionError:
        raise BadInput(f"{shown(file.name)} is nested too deeply to be a table.", _HINT) from None
    except ValueError:
        return _lines(text, decoder, file, warnings)
    return _as_records(whole, file)


def _lines(text: str, decoder: json.JSONDecoder, file: SourceFile, warnings: list[str]) -> list[Any]:
    """One record a line; lines that are not JSON are left out and named, unless they are many."""
    records: list[Any] = []
    bad: list[int] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                records.append(decoder.decode(line.strip()))
            except (ValueError, RecursionError):
                bad.append(number)
    most = 0 if file.whole else 0.1 * len(records)
    if len(records) < 2 or len(bad) > most or not all(isinstance(record, (dict, list)) for record in records):
        where = f" (line {bad[0]})" if bad else ""
        raise BadInput(f"{shown(file.name)} is not valid JSON{where}.", _HINT)
    if bad:
        count = "1 line" if len(bad) == 1 else f"{len(bad)} lines"
        warnings.append(f"{count} that could not be read as JSON left out (line {', '.join(map(str, bad[:5]))}).")
    return _as_records(records, file)


def _as_records(whole: Any, file: SourceFile) -> list[Any]:
    if isinstance(whole, dict):
        lists = {key: value for key, value in whole.items() if isinstance(value, list)}
        lengths = {len(value) for value in lists.values()}
        if (
            len(lists) == len(whole) > 0
            and len(lengths) == 1
            and not any(isinstance(cell, (dict, list)) for value in lists.values() for cell in value[:5])
        ):
            return [dict(zip(lists, cells, strict=True)) for cells in zip(*lists.values(), strict=True)]
        inner = [value for value in lists.values() if value and isinstance(value[0], dict)]
        if inner:
            return _as_records(max(inner, key=len), file)
        if whole and all(isinstance(value, dict) for value in whole.values()):
            return [{"key": key, **value} for key, value in whole.items()]
        return [whole] if whole else []
    if not isinstance(whole, list):
        raise BadInput(f"{shown(file.name)} holds a single value, not a table.", _HINT)
    if whole and all(isinstance(row, list) for row in whole):
        return _rows_to_records(whole)
    if whole and all(not isinstance(row, (dict, list)) for row in whole):
        return [{"value": row} for row in whole]
    if not all(isinstance(row, dict) for row in whole):
        raise BadInput(f"{shown(file.name)} mixes records with other values.", _HINT)
    return whole


def _rows_to_records(rows: list[list[Any]]) -> list[Any]:
    """A list of lists: the first one names the columns when it holds only texts."""
    head = rows[0]
    if head and all(isinstance(cell, str) for cell in head) and len(set(head)) == len(head):
        return [dict(zip(head, row, strict=False)) for row in rows[1:]]
    return [{f"column_{place}": cell for place, cell in enumerate(row, start=1)} for row in rows]


def _flat(prefix: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """user.name, user.addr.zip; what is deeper or a list stays as its JSON text."""
    for key, cell in value.items():
        name = f"{prefix}{key}"
        if isinstance(cell, dict) and depth < _DEPTH and cell:
            yield from _flat(f"{name}.", cell, depth + 1)
        elif isinstance(cell, (dict, list)):
            yield name, json.dumps(cell, ensure_ascii=False)
        else:
            yield name, cell


def _looks_like_json(file: SourceFile) -> bool:
    head = file.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] == b"{":
        return b'"' in head[:2000] or head[1:].lstrip()[:1] == b"}"
    return (head[:1] == b"[" and head[1:].lstrip()[:1] in (b"{", b"[", b"]", b'"')) or (
        file.name.lower().endswith((".json", ".jsonl", ".ndjson")) and head[:1] == b"["
    )


SOURCE = Source(
    name="json",
    title="JSON or JSON lines",
    suffixes=(".json", ".jsonl", ".ndjson"),
    read=read_json,
    matches=_looks_like_json,
)
