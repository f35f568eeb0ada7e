"""What can go wrong, as sentences: every error says what, where and what to do."""
from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager


class ClarionError(Exception):
    """An error a person may read.

    `message` is one sentence saying what is wrong and where; `hint` says what to do. Neither holds a path, a secret or
    another exception's text. `exit_code` is the command line's: 2 refused (bad input), 3 failed.
    """

    exit_code = 3

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class BadInput(ClarionError):
    """The user's file, value or choice cannot be used as it is."""

    exit_code = 2


class NotFound(ClarionError):
    """Nothing is kept under this id, or it was deleted."""

    exit_code = 2


class Conflict(ClarionError):
    """Somebody else changed it in the meantime."""

    exit_code = 2


class Untrusted(ClarionError):
    """A stored file is not the one that was written: its hash differs."""

    exit_code = 2


class MissingDependency(ClarionError):
    """An optional package is not installed; the hint is the pip command."""

    exit_code = 2


class DiskFull(ClarionError):
    """There is no room left in the data folder; what was finished before is kept, and can be gone on from."""


class Cancelled(ClarionError):
    """The user stopped the job and wants nothing kept."""

    exit_code = 1


FULL = ("The disk of the data folder is full.", "Free some space and try again.")


@contextmanager
def disk() -> Iterator[None]:
    """Around what writes into the data folder: a sentence where it cannot."""
    try:
        yield
    except OSError as error:
        short = error.errno is None and "requested and" in str(error)  # how NumPy says that not all was written
        if short or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(*FULL) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise ClarionError("The data folder cannot be written.", "Check its permissions.") from error
        raise
