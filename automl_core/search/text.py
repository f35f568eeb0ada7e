"""Free text to a few numbers: own tokens, TF-IDF and latent dimensions, computed alike for one row and for a table."""
from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOKEN = re.compile(r"\w+", re.UNICODE)
DIMENSIONS = 16
TERMS = 5000
MAX_CHARS = 5000  # a longer text says nothing more to so coarse a summary, and a hostile one must not cost seconds


@dataclass(frozen=True, slots=True, eq=False)
class TextCoder:
    """TF-IDF over words and pairs of words, then a linear map `components` (terms, dimensions) fitted by truncated SVD."""

    vocabulary: dict[str, int]
    idf: NDArray[np.float64]
    components: NDArray[np.float64]

    @property
    def dimensions(self) -> int:
        return int(self.components.shape[1])

    def code(self, text: str) -> NDArray[np.float64]:
        """(dimensions,) of one text; zeros when it holds no known word."""
        counts = Counter(place for place in map(self.vocabulary.get, terms(text)) if place is not None)
        if not counts:
            return np.zeros(self.dimensions)
        places = np.array(sorted(counts), dtype=np.intp)
        weights = np.array([1.0 + math.log(counts[int(place)]) for place in places]) * self.idf[places]
        weights /= math.sqrt(float(np.square(weights).sum()))
        coded: NDArray[np.float64] = (weights[:, None] * self.components[places]).sum(axis=0)
        return coded


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
    rows, places, weights = _cells(documents, vocabulary, idf)
    matrix: Any = csr_matrix((weights, (rows, places)), shape=(len(texts), len(vocabulary)))
    start = np.random.default_rng(seed).standard_normal(min(matrix.shape))
    _, strength, directions = svds(matrix, k=dimensions, v0=start)
    order = np.argsort(-strength)
    return TextCoder(vocabulary, idf, np.ascontiguousarray(_signed(directions[order]).T))


def _cells(
    documents: list[Counter[str]], vocabulary: dict[str, int], idf: NDArray[np.float64]
) -> tuple[list[int], list[int], list[float]]:
    """Row, column and value of every filled cell of the TF-IDF matrix, rows of length 1."""
    rows: list[int] = []
    places: list[int] = []
    weights: list[float] = []
    for number, document in enumerate(documents):
        known = [(vocabulary[term], 1.0 + math.log(count)) for term, count in document.items() if term in vocabulary]
        if not known:
            continue
        cells = np.array([weight * idf[place] for place, weight in known])
        cells /= math.sqrt(float(np.square(cells).sum()))
        rows.extend([number] * len(known))
        places.extend(place for place, _ in known)
        weights.extend(cells.tolist())
    return rows, places, weights


def _signed(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each direction with its largest entry positive, so that the same data give the same numbers."""
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    out: NDArray[np.float64] = directions * signs[:, None]
    return out
