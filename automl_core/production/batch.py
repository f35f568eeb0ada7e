"""Scoring a CSV file where nothing but the bundle is installed."""
from __future__ import annotations

import csv
import errno
import io
import os
import shutil
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TextIO

import pandas as pd

from automl_core.data.formulas import safe_text
from automl_core.errors import BadInput, ClarionError
from automl_core.production.bundle import load_bundle

DELIMITERS = ",;\t|"
HEAD, LONGEST_HEAD, FIRST_LINES = 65_536, 1_000_000, 20


def read_csv(path: Path) -> pd.DataFrame:
    """All cells as text; encoding UTF-8 or Windows-1252, delimiter by the first line."""
    try:
        content = path.read_bytes()
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
        delimiter = _delimiter(text[:HEAD])
        labels, lines = _head(text[:LONGEST_HEAD], delimiter)
        # a cell more in every line is the name of the row, unless it is what stands behind a delimiter at the end
        named = all(len(line) == len(labels) + 1 for line in lines) and any(line[-1] for line in lines)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.ParserWarning)  # of that delimiter
            one = len(labels) == 1 and not named  # an empty line is a row there, but for those at the end
            frame = pd.read_csv(io.StringIO(_ended(text) if one else text), sep=delimiter, dtype=str, keep_default_na=False,
                                index_col=None if named else False, skip_blank_lines=not one)
        return frame.set_axis(labels, axis=1) if len(labels) == frame.shape[1] else frame
    except OSError as error:
        raise BadInput(f"“{path.name[:80]}” could not be opened.", "Check the name.") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError, csv.Error) as error:
        raise BadInput(f"“{path.name[:80]}” is no CSV table.", "It needs a line of column names and one line a row.") from error


def _ended(text: str) -> str:
    """A text from its first line that is not blank to its last."""
    lines = text.splitlines(keepends=True)
    kept = [place for place, line in enumerate(lines) if line.strip()]
    return "".join(lines[kept[0]:kept[-1] + 1]) if kept else text


def _head(head: str, delimiter: str) -> tuple[list[str], list[list[str]]]:
    """The names of the columns as they stand, those that are alike, too, and the first lines after them."""
    read = csv.reader(io.StringIO(head), delimiter=delimiter)
    told = (line for line in read if len(line) > 1 or "".join(line).strip())
    labels, lines = next(told, []), []
    with suppress(csv.Error):  # a very long cell
        lines = list(islice(told, FIRST_LINES))
    return labels, lines


def _delimiter(head: str) -> str:
    first = next(csv.reader([line for line in head.splitlines() if line.strip()][:1], delimiter="\x00"), [""])[0]
    return max(DELIMITERS, key=first.count)


def main(folder: Path, arguments: Sequence[str]) -> int:
    """`in.csv out.csv`: score the first into the second. 0 done, 1 some rows flagged, 2 refused with one sentence."""
    if len(arguments) != 2:
        sys.stderr.write("Usage: python predict.py in.csv out.csv\n")
        return 2
    try:
        bundle = load_bundle(folder)
        with _whole(Path(arguments[1])) as out:
            scored = bundle.predict(read_csv(Path(arguments[0])))
            _harmless(scored).to_csv(out, index=False, quoting=csv.QUOTE_NONNUMERIC)
    except ClarionError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    flagged = int((scored["_quality"] != "ok").sum())
    sys.stderr.write(f"{len(scored)} rows scored, {flagged} flagged.\n")
    return 1 if flagged else 0


@contextmanager
def _whole(out: Path) -> Iterator[TextIO]:
    """A file to write that takes the place of `out` once all of it is there; BadInput when it cannot be written, known at once
    unless a disk is full. What is no file, as a pipe, is written as it comes."""
    aside: Path | None = None
    try:
        there = out.exists()
        if out.is_file() or not there:
            aside = out.resolve().with_name(f".{out.resolve().name}.{os.getpid()}.part")
        if there and not os.access(out, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        with (aside or out).open("w", encoding="utf-8", newline="") as handle:
            if aside and there:
                shutil.copymode(out, aside)
            yield handle
        if aside:
            aside.replace(out.resolve())
    except OSError as error:
        raise BadInput(f"“{out.name[:80]}” could not be written: {error.strerror}.", "Choose another place.") from error
    finally:
        if aside:
            with suppress(OSError):
                aside.unlink()


def _harmless(scored: pd.DataFrame) -> pd.DataFrame:
    """The answers with every text, column names too, that a spreadsheet would run as a formula made plain."""
    texts = {name: scored[name].map(_plain) for name in scored.columns if scored[name].dtype.kind not in "fi"}
    return scored.assign(**texts).rename(columns=safe_text)


def _plain(value: object) -> object:
    return safe_text(value) if isinstance(value, str) else value
