"""The noun behind a plug-in source: what it opens, how it recognises it, and what reading gives before typing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from automl_core.data.table import Origin, ReadLimits, ReadOptions
from automl_core.registry import Field, Registry, discover


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to read, already unpacked. `name` is the user's name for it: shown, never used as a path. `whole` asks for every
    row below the header, as answers must stand beside them: also those without a value, and what looks like a total or another
    table."""

    path: Path
    name: str
    head: bytes
    options: ReadOptions
    limits: ReadLimits
    whole: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Raw:
    """What a source read: cells as text (or as the library typed them), column labels as they stood in the file."""

    frame: pd.DataFrame
    origin: Origin
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of file. `matches` looks at the first bytes; the last resort (`fallback`) is asked when nobody else knows it.

    `read` raises BadInput with one sentence for a file it cannot use.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    read: Callable[[SourceFile], Raw]
    matches: Callable[[SourceFile], bool]
    package: str = ""
    fields: tuple[Field, ...] = field(default_factory=tuple)
    fallback: bool = False


def shown(name: str) -> str:
    """A user's string in quotes, cut to 80 characters, for a sentence."""
    return f"“{name[:80]}”"


def sources() -> Registry[Source]:
    """All sources that are plugged in."""
    return discover("automl_core.data.sources", "SOURCE")
