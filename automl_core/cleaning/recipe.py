"""The recipe: the visible, undoable list of cleaning steps that is replayed on every new row."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["info", "warning", "serious"]


@dataclass(frozen=True, slots=True)
class RecipeStep:
    """One step: `kind` names its plug-in, `options` hold everything it learned (JSON values), so replay needs no old data.

    `changed` and `rows_removed` count its effect on the table it was made on. `why` is a sentence.
    """

    id: str
    kind: str
    column: str
    options: dict[str, Any] = field(default_factory=dict)
    why: str = ""
    changed: int = 0
    rows_removed: int = 0


@dataclass(frozen=True, slots=True)
class Recipe:
    steps: tuple[RecipeStep, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with the data. `fix` is the step that mends it, or None when only a person can.

    `safe` fixes lose no information a model could use and change no meaning; destructive ones are never safe.
    """

    kind: str
    column: str
    severity: Severity
    count: int
    total: int
    sentence: str
    examples: tuple[str, ...] = ()
    fix: RecipeStep | None = None
    safe: bool = False
