"""Frozen dataclasses to JSON and back: the one border where a value becomes a dict."""
from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
PLAIN = frozenset({str, int, bool, type(None)})


def to_json(value: Any) -> Any:
    """Plain JSON values (dict, list, str, finite float, int, bool, None) of dataclasses, tuples and dicts.

    NaN and infinities become None, because JSON has none. Datetimes become ISO 8601 text.
    """
    return _plain(value, _names)


def known_by(value: Any) -> Any:
    """The same without fields that do not count where two values are compared: what tells whether something is meant again."""
    return _plain(value, _compared)


def _plain(value: Any, names: Callable[[type], tuple[str, ...]]) -> Any:
    kind: type = type(value)
    if kind in PLAIN:  # what most values are: a contract of thousands of columns holds hundreds of thousands
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name), names) for name in names(kind)}
    if isinstance(value, dict):
        return {str(key): _plain(item, names) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, names) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return _plain(value.tolist(), names)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


@cache
def _compared(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind) if field.compare)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def from_json(kind: type[T], data: Any) -> T:
    """The dataclass `kind` from what `to_json` gave. Unknown keys are ignored, so older code reads newer files."""
    value: T = _decode(kind, data)
    return value


def _decode(kind: Any, data: Any) -> Any:
    if kind in PLAIN:
        return data
    origin = get_origin(kind)
    if kind is Any or origin is Literal:
        return data
    if origin in (Union, types.UnionType):
        if data is None:
            return None
        return _decode(next(option for option in get_args(kind) if option is not type(None)), data)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{name: _decode(hints[name], data[name]) for name in _names(kind) if name in data})
    if origin is tuple:
        items = get_args(kind)
        if len(items) == 2 and items[1] is Ellipsis:
            return tuple(_decode(items[0], item) for item in data)
        return tuple(_decode(item_kind, item) for item_kind, item in zip(items, data, strict=True))
    if origin is dict:
        return {key: _decode(get_args(kind)[1], item) for key, item in data.items()}
    if kind is float:
        return math.nan if data is None else float(data)
    if kind is datetime:
        return datetime.fromisoformat(data)
    return data
