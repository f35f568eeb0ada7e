"""The encoder as files: JSON for what can be read, one npz for the arrays."""
from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from automl_core.codec import from_json, to_json
from automl_core.search.codes import Code, LevelMeans
from automl_core.search.feature import Feature
from automl_core.search.features import Block, Encoder, assemble, with_codes
from automl_core.search.letters import Letters
from automl_core.search.text import TextCoder
from automl_core.search.text_scores import TextScores


def encoder_files(encoder: Encoder) -> dict[str, bytes]:
    """The encoder as JSON, and as an npz of plain arrays when it has any: made once for all models that share it, as the rungs of
    a ladder do, each measured and then written. Texts take a second."""
    key = tuple(id(code) for code in encoder.codes)
    if key not in encoder._files:
        encoder._files[key] = (encoder.codes, _made(encoder))  # the codes stay, and so do the numbers that name them
    return dict(encoder._files[key][1])


def _made(encoder: Encoder) -> dict[str, bytes]:
    arrays: dict[str, Any] = {}
    texts = {}
    for number, (name, coder) in enumerate(encoder.texts.items()):
        texts[name] = coder.document()
        arrays |= {f"text{number}.{key}": value for key, value in coder.arrays().items()}
    codes: list[dict[str, Any]] = []
    for number, code in enumerate(encoder.codes):
        if isinstance(code, LevelMeans):
            codes.append({"kind": "means", "source": code.source, "place": code.place})
            arrays[f"code{number}.values"] = code.values
        elif isinstance(code, Letters):
            codes.append({"kind": "letters", **code.document()})
            arrays |= {f"code{number}.{key}": value for key, value in code.arrays().items()}
        else:
            codes.append({"kind": "text", "source": code.source})
            arrays |= {f"code{number}.{key}": value for key, value in code.arrays().items()}
    document = {"blocks": to_json(encoder.blocks), "texts": texts, "codes": codes,
                "code_features": to_json(encoder.features[encoder.plain:])}
    files = {"encoder.json": json.dumps(document, ensure_ascii=False).encode()}
    if arrays:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        files["encoder.npz"] = buffer.getvalue()
    return files


def encoder_from_files(files: Mapping[str, bytes]) -> Encoder:
    """The encoder that `encoder_files` stored."""
    document = json.loads(files["encoder.json"])
    stored: dict[str, Any] = {}
    if "encoder.npz" in files:
        with np.load(io.BytesIO(files["encoder.npz"]), allow_pickle=False) as opened:
            stored = {name: opened[name] for name in opened.files}
    texts = {name: TextCoder.restored(facts, _under(stored, f"text{number}"))
             for number, (name, facts) in enumerate(document["texts"].items())}
    codes: list[Code] = []
    for number, facts in enumerate(document["codes"]):
        arrays = _under(stored, f"code{number}")
        if facts["kind"] == "means":
            codes.append(LevelMeans(facts["source"], int(facts["place"]), arrays["values"]))
        elif facts["kind"] == "letters":
            codes.append(Letters.restored(facts, arrays))
        else:
            codes.append(TextScores.restored(facts["source"], arrays))
    encoder = assemble(tuple(from_json(Block, block) for block in document["blocks"]), texts)
    return with_codes(encoder, tuple(codes), tuple(from_json(Feature, item) for item in document["code_features"]))


def _under(stored: Mapping[str, Any], start: str) -> dict[str, Any]:
    return {name.removeprefix(f"{start}."): value for name, value in stored.items() if name.startswith(f"{start}.")}
