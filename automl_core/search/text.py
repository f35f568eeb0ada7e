"""Free text to weighted terms and a few topics: own tokens, TF-IDF and latent dimensions, alike for one row and for a table."""
from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Cells = tuple[NDArray[np.int64], NDArray[Any]]
TOKEN = re.compile(r"\w+", re.UNICODE)
DIMENSIONS = 16
TERMS = 20_000  # of each kind
PIECES = (3, 4, 5)
FITTED_TEXTS = 50_000
KEPT_LETTERS, KEPT_WORDS = 40, 200_000
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
    """TF-IDF over words, pairs of words and pieces of words, then a linear map `components` (words, dimensions) of the words.

    The first `words` places of the vocabulary are words and pairs; the others are pieces of three to five letters, which catch
    endings, misspellings and names. Each of the two kinds has length 1.
    """

    vocabulary: dict[str, int]
    words: int
    idf: Array
    components: Array
    _pieces: dict[str, list[int]] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """What each feature of a text is called."""
        return (*(f"topic {number + 1}" for number in range(self.components.shape[1])), "words")

    def cells(self, text: str | None) -> Cells:
        """The places of a text's known terms in the vocabulary, ascending, and their weights."""
        words = split_words(text or "")
        seen = [place for place in map(self.vocabulary.get, with_pairs(words)) if place is not None]
        for word in words:
            seen += self._known_pieces(word)
        if not seen:
            return NOTHING
        places, counts = np.unique(np.array(seen, dtype=np.int64), return_counts=True)
        weights = (1.0 + np.log(counts)) * self.idf[places]
        border = int(np.searchsorted(places, self.words))
        for part in (slice(0, border), slice(border, len(places))):
            length = math.sqrt(float(np.square(weights[part]).sum()))
            weights[part] /= length or 1.0
        return places, weights

    def _known_pieces(self, word: str) -> list[int]:
        """The places of a word's pieces; short words come again and again, so they are kept."""
        found = self._pieces.get(word)
        if found is None:
            found = [place for place in map(self.vocabulary.get, pieces(word)) if place is not None]
            if len(word) <= KEPT_LETTERS and len(self._pieces) < KEPT_WORDS:
                self._pieces[word] = found
        return found

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
        border = int(np.searchsorted(places, self.words))
        topics = (weights[:border].astype(np.float32)[:, None] * self.components[places[:border]]).sum(axis=0)
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
        return {"vocabulary": list(self.vocabulary), "words": self.words}

    def arrays(self) -> dict[str, Any]:
        """What is stored as arrays: see `restored`."""
        return {"idf": self.idf, "components": self.components}

    @staticmethod
    def restored(document: Mapping[str, Any], arrays: Mapping[str, Any]) -> TextCoder:
        """The coder whose `document` and `arrays` were stored."""
        vocabulary = {term: place for place, term in enumerate(document["vocabulary"])}
        return TextCoder(vocabulary, int(document["words"]), arrays["idf"], arrays["components"])


def split_words(text: str) -> list[str]:
    """Lower-case words."""
    return TOKEN.findall(text[:MAX_CHARS].lower())


def with_pairs(words: list[str]) -> list[str]:
    """Words and pairs of neighbouring words."""
    return words + [f"{one} {two}" for one, two in pairwise(words)]


def pieces(word: str) -> list[str]:
    """Runs of three to five letters of a word with its borders; a sign in front tells them from words."""
    whole = f" {word} "
    return [f"~{whole[start:start + size]}" for size in PIECES for start in range(len(whole) - size + 1)]


def fit_text(texts: Sequence[str], seed: int = 0) -> TextCoder | None:
    """A coder learned from the texts of a column, without the target; None when they share too few words."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import svds

    if len(texts) > FITTED_TEXTS:
        chosen = np.sort(np.random.default_rng(seed).choice(len(texts), FITTED_TEXTS, replace=False))
        texts = [texts[int(place)] for place in chosen]
    spread = Counter[str]()
    parts = Counter[str]()
    for text in texts:
        words = split_words(text)
        spread.update(set(with_pairs(words)))
        parts.update({piece for word in set(words) for piece in pieces(word)})
    least = max(2, len(texts) // 5000)
    kept = sorted(term for term, count in spread.most_common(TERMS) if count >= least)
    small = sorted(term for term, count in parts.most_common(TERMS) if count >= max(3, len(texts) // 2000))
    dimensions = min(DIMENSIONS, len(kept) - 1, len(texts) - 1)
    if dimensions < 2:
        return None
    vocabulary = {term: place for place, term in enumerate([*kept, *small])}
    counts = spread | parts
    idf = np.array([math.log((1 + len(texts)) / (1 + counts[term])) + 1.0 for term in vocabulary])
    found = TextCoder(vocabulary, len(kept), idf, np.zeros((len(kept), 0))).table(texts)
    whole: Any = csr_matrix((found.values.astype(np.float64), found.places, found.starts), shape=(len(texts), len(vocabulary)))
    matrix = whole[:, :len(kept)]
    start = np.random.default_rng(seed).standard_normal(min(matrix.shape))
    _, strength, directions = svds(matrix, k=dimensions, v0=start)
    order = np.argsort(-strength)
    return TextCoder(vocabulary, len(kept), idf, np.ascontiguousarray(_signed(directions[order]).T))


def _signed(directions: Array) -> Array:
    """Each direction with its largest entry positive, so that the same data give the same numbers."""
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    out: Array = directions * signs[:, None]
    return out
