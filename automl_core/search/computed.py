"""The names of what a model sees besides the table's own columns."""
from __future__ import annotations

from automl_core.search.codes import LevelMeans
from automl_core.search.letters import Letters
from automl_core.search.model import Model


def computed_names(model: Model) -> tuple[str, ...]:
    """Its formulas as they are written (`price / area`), those that say most first, then what was learned of whole columns: the
    usual outcome of levels, what texts speak for, letters. Each once, though members of several folds have their own.
    """
    formulas = [feature.name for feature in model.formulas.features]
    learned = [f"{_what(code)} {code.source}" for code in model.encoder.codes]
    return tuple(dict.fromkeys((*formulas, *learned)))


def _what(code: object) -> str:
    if isinstance(code, LevelMeans):
        return "usual outcome by"
    return "letters of" if isinstance(code, Letters) else "what is written in"
