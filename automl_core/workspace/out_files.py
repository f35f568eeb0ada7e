"""Files that a command writes: whether they can be written, known before the work whose result they are, and writing them."""
from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile

from automl_core.errors import BadInput


def check_out(out: Path) -> None:
    """BadInput when `write_out` could not write there: to be known before the work whose result it is."""
    name = out.name[:80] or "."
    try:
        if out.is_dir():
            raise BadInput(f"“{name}” is a folder.", f"Name a file in it, such as {name}/model.zip.")
        if out.exists():
            writable = os.access(out, os.W_OK)
        else:
            out.parent.mkdir(parents=True, exist_ok=True)
            writable = True
            with TemporaryFile(dir=out.parent):
                pass
    except OSError as error:
        raise BadInput(f"“{name}” could not be written: {error.strerror}.", "Choose another place.") from None
    if not writable:
        raise BadInput(f"“{name}” could not be written: it is read-only.", "Choose another place.")


def check_table_out(out: Path) -> None:
    """BadInput when `write_table` could not write there: a name that ends in another way would not say what the file holds."""
    if not out.is_dir() and not is_workbook(out) and out.suffix.casefold() not in (".csv", ""):
        raise BadInput(f"“{out.name[:80]}” is no name of a CSV or an Excel file.",
                       f"Write {out.stem[:80]}.csv or {out.stem[:80]}.xlsx.")
    check_out(out)


def check_own_files(outs: Iterable[Path]) -> None:
    """BadInput when two tables would be written to one file: the later one would take the place of the other."""
    seen: set[Path] = set()
    for out in outs:
        if out.resolve() in seen:
            raise BadInput(f"“{out.name[:80]}” is named for two tables.", "Give each a name of its own.")
        seen.add(out.resolve())


def check_not_read(outs: Iterable[str], read: Iterable[str]) -> None:
    """BadInput when a command would write over a file that it reads: the table of a user would be gone."""
    sources = [Path(name) for name in read]
    for out in map(Path, outs):
        try:
            there = out.resolve()  # a folder in between need not be there yet
            same = there.exists() and any(source.exists() and there.samefile(source) for source in sources)
        except (OSError, ValueError):  # what can be no file, such as a name that is too long, is told of where it is used
            same = False
        if same:
            raise BadInput(f"“{out.name[:80]}” is read by this command and would be written over.", "Name another file.")


def experiment_out(out: Path) -> Path:
    """Where the table of an experiment stands, beside that of the plan."""
    return out.with_name(f"{out.stem}_experiment{out.suffix or '.csv'}")


def is_workbook(out: Path) -> bool:
    """Whether a file is an Excel workbook by its name."""
    return out.suffix.casefold() == ".xlsx"


def write_out(out: Path, content: bytes) -> None:
    """Write a file the user asked for; BadInput when it cannot be written there."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(content)
    except OSError as error:
        raise BadInput(f"“{out.name[:80]}” could not be written: {error.strerror}.", "Choose another place.") from None
