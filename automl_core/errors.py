"""What can go wrong, as sentences: every error says what, where and what to do."""
from __future__ import annotations


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


class Cancelled(ClarionError):
    """The user stopped the job and wants nothing kept."""

    exit_code = 1


class NotApplicable(ClarionError):
    """This check, step or test has nothing to say about this column: control flow, not a failure."""
