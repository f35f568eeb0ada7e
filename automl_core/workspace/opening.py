"""The table a command names, read by another process while this one does something else."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from automl_core.data.reading import reading
from automl_core.data.table import ReadLimits, ReadOptions, Table
from automl_core.errors import BadInput
from automl_core.settings import Settings


def read_limits(settings: Settings) -> ReadLimits:
    """What reading one file may cost."""
    return ReadLimits(memory_mb=settings.parse_memory_mb, seconds=settings.parse_seconds)


@contextmanager
def opening(source: str, limits: ReadLimits) -> Iterator[Callable[[], Table]]:
    """Begins to read the table of a path, or of `sample:NAME`, in another process; what it yields waits for the table."""
    if source.startswith("sample:"):
        from automl_core.samples import load_sample

        yield lambda: load_sample(source.removeprefix("sample:"))[0]
        return
    path = existing(source)
    with reading(path, path.name, ReadOptions(), limits) as under_way:
        yield under_way.table


def existing(source: str) -> Path:
    """The path of a file; BadInput when there is none."""
    path = Path(source)
    if not path.is_file():
        raise BadInput(f"There is no file “{path.name[:80]}”.", "Check the path.")
    return path
