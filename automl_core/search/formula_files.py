"""Formulas as files: JSON for what can be read, one npz for their tables."""
from __future__ import annotations

import io
import json
from collections.abc import Mapping

import numpy as np

from automl_core.codec import from_json, to_json
from automl_core.search.feature import Feature
from automl_core.search.formulas import Formula, Formulas


def formula_files(formulas: Formulas) -> dict[str, bytes]:
    """The formulas as files; none when there are no formulas."""
    if not formulas.items:
        return {}
    listed = [{"kind": item.kind, "inputs": item.inputs, "feature": to_json(item.feature)} for item in formulas.items]
    buffer = io.BytesIO()
    tables = {f"table{number}": item.table for number, item in enumerate(formulas.items) if item.table is not None}
    np.savez_compressed(buffer, allow_pickle=False, **tables)
    return {"formulas.json": json.dumps(listed, ensure_ascii=False).encode(), "formulas.npz": buffer.getvalue()}


def formulas_from_files(files: Mapping[str, bytes]) -> Formulas:
    """The formulas that `formula_files` stored."""
    if "formulas.json" not in files:
        return Formulas()
    with np.load(io.BytesIO(files["formulas.npz"]), allow_pickle=False) as stored:
        tables = {name: stored[name] for name in stored.files}
    return Formulas(tuple(
        Formula(item["kind"], (int(item["inputs"][0]), int(item["inputs"][1])), from_json(Feature, item["feature"]),
                tables.get(f"table{number}"))
        for number, item in enumerate(json.loads(files["formulas.json"]))))
