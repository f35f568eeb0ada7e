"""Formulas as files."""
from __future__ import annotations

from collections.abc import Mapping

from automl_core.search.formulas import Formulas


def formula_files(formulas: Formulas) -> dict[str, bytes]:
    """No files when there are no formulas."""
    return {}


def formulas_from_files(files: Mapping[str, bytes]) -> Formulas:
    """The formulas that `formula_files` stored."""
    return Formulas()
