"""Free text to weighted terms and a few topics: own tokens, TF-IDF and latent dimensions, alike for one row and for a table."""
from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
Cells = tuple[NDArray[np.int64], Array]
TOKEN = re.compile(r"\w+", re.UNICODE)
DIMENSIONS = 16
TERMS = 5000
MAX_CHARS = 5000  # a longer text says nothing more to so coarse a summary, and a hostile one must not cost seconds
NOTHING: Cells = (np.zeros(0, dtype=np.int64), np.zeros(0))


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The terms of n texts as a sparse matrix (n, width) by rows.

    Row i has the columns `places[starts[i]:starts[i + 1]]` with `values`, of length 1 in the Euclidean sense, or none.
    """

    starts: NDArray[np.int64]
    places: NDArray[np.int32]
    values: NDArray[np.float32]
    width: int


@dataclass(frozen=True, slots=True, eq=False)
class TextCoder:
    """TF-IDF over words and pairs of words, then a linear map `components` (terms, dimensions) fitted by truncated SVD."""

    vocabulary: dict[str, int]
    idf: Array
    components: Array

    @property
    def names(self) -> tuple[str, ...]:
        """What each feature of a text is called."""
        return (*(f"topic {number + 1}" for number in range(self.components.shape[1])), "words")

    def cells(self, text: str | None) -> Cells:
        """The places of a text's known terms in the vocabulary, ascending, and their weights."""
        counts = Counter(place for place in map(self.vocabulary.get, terms(text or "")) if place is not None)
        if not counts:
            return NOTHING
        places = np.array(sorted(counts), dtype=np.int64)
        weights = np.array([1.0 + math.log(counts[int(place)]) for place in places]) * self.idf[places]
        weights /= math.sqrt(float(np.square(weights).sum()))
        return places, weights

    def table(self, texts: Sequence[str | None]) -> Terms:
        """The terms of many texts."""
        cells = [self.cells(text) for text in texts]
        starts = np.cumsum([0, *(len(places) for places, _ in cells)]).astype(np.int64)
        places = np.concatenate([part for part, _ in cells]) if cells else NOTHING[0]
        values = np.concatenate([part for _, part in cells]) if cells else NOTHING[1]
        return Terms(starts, places.astype(np.int32), values.astype(np.float32), len(self.vocabulary))

    def cell(self, text: str | None, cells: Cells) -> list[float]:
        """The features of one text with its cells: topics and the number of words; NaN when it is missing."""
        if text is None:
            return [math.nan] * len(self.names)
        places, weights = cells
        topics = (weights.astype(np.float32)[:, None] * self.components[places]).sum(axis=0)
        return [*topics.tolist(), float(len(text.split()))]

    def columns(self, series: pd.Series[Any], found: Terms) -> Array:
        """(n, features) of a column of texts whose terms are `found`."""
        out = np.empty((len(series), len(self.names)))
        missing = series.isna().tolist()
        for row, text in enumerate(series.tolist()):
            own = slice(int(found.starts[row]), int(found.starts[row + 1]))
            out[row] = self.cell(None if missing[row] else text, (found.places[own].astype(np.int64), found.values[own]))
        return out

    def document(self) -> dict[str, Any]:
        """What is stored as text: see `restored`."""
        return {"vocabulary": list(self.vocabulary)}

    def arrays(self) -> dict[str, Any]:
        """What is stored as arrays: see `restored`."""
        return {"idf": self.idf, "components": self.components}

    @staticmethod
    def restored(document: Mapping[str, Any], arrays: Mapping[str, Any]) -> TextCoder:
        """The coder whose `document` and `arrays` were stored."""
        vocabulary = {term: place for place, term in enumerate(document["vocabulary"])}
        return TextCoder(vocabulary, arrays["idf"], arrays["components"])


def terms(text: str) -> list[str]:
    """Lower-case words and pairs of neighbouring words."""
    words = TOKEN.findall(text[:MAX_CHARS].lower())
    return words + [f"{one} {two}" for one, two in pairwise(words)]


def fit_text(texts: Sequence[str], seed: int = 0) -> TextCoder | None:
    """A coder learned from the texts of a column, without the target; None when they share too few words."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import svds

    documents = [Counter(terms(text)) for text in texts]
    spread = Counter(term for document in documents for term in document)
    kept = [term for term, count in spread.most_common(TERMS) if count >= max(2, len(texts) // 2000)]
    dimensions = min(DIMENSIONS, len(kept) - 1, len(texts) - 1)
    if dimensions < 2:
        return None
    vocabulary = {term: place for place, term in enumerate(sorted(kept))}
    idf = np.array([math.log((1 + len(texts)) / (1 + spread[term])) + 1.0 for term in vocabulary])
    found = TextCoder(vocabulary, idf, np.zeros((len(vocabulary), 0))).table(texts)
    matrix: Any = csr_matrix((found.values.astype(np.float64), found.places, found.starts), shape=(len(texts), len(vocabulary)))
    start = np.random.default_rng(seed).standard_normal(min(matrix.shape))
    _, strength, directions = svds(matrix, k=dimensions, v0=start)
    order = np.argsort(-strength)
    return TextCoder(vocabulary, idf, np.ascontiguousarray(_signed(directions[order]).T))


def _signed(directions: Array) -> Array:
    """Each direction with its largest entry positive, so that the same data give the same numbers."""
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    out: Array = directions * signs[:, None]
    return out
