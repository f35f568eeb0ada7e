"""Learned columns of a fold as files: a search that goes on uses the very columns that its models were fitted on."""
from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from automl_core.search.encoder_files import encoder_files, encoder_from_files
from automl_core.search.features import assemble, with_codes
from automl_core.search.formula_files import formula_files, formulas_from_files
from automl_core.search.formulas import Formulas
from automl_core.search.worker import Extras

VALUES, SECONDS, PARTLY = "values.npy", "seconds.json", "partly.json"


def extras_files(extras: Extras) -> dict[str, bytes]:
    """What computes the columns, and their values."""
    if isinstance(extras.learned, Formulas):
        files = formula_files(extras.learned)
    else:
        files = encoder_files(with_codes(assemble((), {}), extras.learned, extras.features))
    values = io.BytesIO()
    np.save(values, extras.values, allow_pickle=False)
    files = files | {VALUES: values.getvalue(), SECONDS: json.dumps(extras.seconds).encode()}
    return files if extras.whole else files | {PARTLY: b"true"}


def extras_from_files(empty: Extras, files: Mapping[str, bytes]) -> Extras:
    """The columns that `extras_files` stored; `empty` says of which kind and fold they are."""
    values = np.load(io.BytesIO(files[VALUES]), allow_pickle=False)
    empty = replace(empty, seconds=float(json.loads(files[SECONDS])), whole=PARTLY not in files)
    if empty.kind == "formulas":
        formulas = formulas_from_files(files)
        return replace(empty, learned=formulas, features=formulas.features, values=values)
    encoder = encoder_from_files(files)
    return replace(empty, learned=encoder.codes, features=encoder.features[encoder.plain:], values=values)
