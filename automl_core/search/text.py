"""Free text to weighted terms and a few topics: own tokens, TF-IDF and latent dimensions, alike for one row and for a table."""
from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl_core.search.writing import WORDS_ONLY, Way, fit_way

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Cells = tuple[NDArray[np.int64], NDArray[Any]]
TOKEN = re.compile(r"\w+", re.UNICODE)
DIMENSIONS = 16
TERMS = 20_000  # of each kind
PIECES_OF_LEVELS = 5_000
PIECES = (3, 4, 5)
MARK = "~"  # in front of a piece; no word has it
BATCH_TERMS = 1_000_000
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


class Batch(NamedTuple):
    """Some texts: how many terms each has, and the numbers of these terms, text by text."""

    lengths: list[int]
    terms: NDArray[np.int64]

    def counted(self, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Each text's different terms, in order: the text's place, the term's number (below `width`), and how often it comes."""
        rows = np.repeat(np.arange(len(self.lengths)), self.lengths)
        keys, counts = np.unique(rows * width + self.terms, return_counts=True)
        rows, terms = np.divmod(keys, max(width, 1))
        return rows, terms, counts


@dataclass(frozen=True, slots=True, eq=False)
class TextCoder:
    """TF-IDF over words, pairs of words and pieces of words, then a linear map `components` (words, dimensions) of the words.

    The first `words` places of the vocabulary are words and pairs; the others are pieces of three to five letters, which catch
    endings, misspellings and names. Each kind has length 1. `way` is how a text is written, which its terms leave out.
    """

    vocabulary: dict[str, int]
    words: int
    idf: Array
    components: Array
    way: Way = WORDS_ONLY
    _pieces: dict[str, list[int]] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """What each feature of a text is called."""
        return (*(f"topic {number + 1}" for number in range(self.components.shape[1])), *self.way.names)

    def cells(self, text: str | None) -> Cells:
        """The places of a text's known terms in the vocabulary, ascending, and their weights."""
        seen = self._seen(text)
        if not seen:
            return NOTHING
        _, places, weights = self._weighed(Batch([len(seen)], np.array(seen, dtype=np.int64)))
        return places, weights

    def _seen(self, text: str | None) -> list[int]:
        """The place of every known term of a text, each as often as it comes."""
        if not text:
            return []
        words = split_words(text)
        seen = [place for place in map(self.vocabulary.get, with_pairs(words)) if place is not None]
        for word in words:
            seen += self._known_pieces(word)
        return seen

    def _weighed(self, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
        """How many terms each text has, their places, ascending, and their weights."""
        rows, places, counts = batch.counted(len(self.vocabulary))
        weights = (1.0 + np.log(counts)) * self.idf[places]
        kind = 2 * rows + (places >= self.words)
        length = np.sqrt(np.bincount(kind, np.square(weights)))
        return np.bincount(rows, minlength=len(batch.lengths)), places, weights / length[kind]

    def _known_pieces(self, word: str) -> list[int]:
        """The places of a word's pieces; short words come again and again, so they are kept."""
        found = self._pieces.get(word)
        if found is None:
            found = [place for place in map(self.vocabulary.get, pieces(word)) if place is not None]
            if len(word) <= KEPT_LETTERS and len(self._pieces) < KEPT_WORDS:
                self._pieces[word] = found
        return found

    def table(self, texts: Iterable[str | None]) -> Terms:
        """The terms of many texts."""
        parts = [self._weighed(batch) for batch in _batches(map(self._seen, texts))]
        starts = np.cumsum(np.concatenate([[0], *(many for many, _, _ in parts)])).astype(np.int64)
        places = np.concatenate([NOTHING[0], *(part for _, part, _ in parts)])
        values = np.concatenate([NOTHING[1], *(part for _, _, part in parts)])
        return Terms(starts, places.astype(np.int32), values.astype(np.float32), len(self.vocabulary))

    def cell(self, text: str | None, cells: Cells) -> list[float]:
        """The features of one text with its cells: topics and how it is written; NaN when it is missing."""
        if text is None:
            return [math.nan] * len(self.names)
        places, weights = cells
        border = int(np.searchsorted(places, self.words))
        topics = (weights[:border].astype(np.float32)[:, None] * self.components[places[:border]]).sum(axis=0)
        return [*topics.tolist(), *self.way.cell(text)]

    def columns(self, series: pd.Series[Any], found: Terms) -> Array:
        """(n, features) of a column of texts whose terms are `found`."""
        topics = self.components.shape[1]
        out = np.empty((len(series), len(self.names)))
        out[:, :topics] = self.topics(found)
        missing = series.isna().to_numpy()
        texts = ("" if none else text for text, none in zip(series.tolist(), missing.tolist(), strict=True))
        out[:, topics:] = np.array([self.way.cell(text) for text in texts]).reshape(len(out), len(self.way.names))
        out[missing] = math.nan
        return out

    def topics(self, found: Terms) -> Array:
        """(n, dimensions) of texts whose terms are `found`."""
        out = np.empty((len(found.starts) - 1, self.components.shape[1]))
        rows, word = np.repeat(np.arange(len(out)), np.diff(found.starts)), found.places < self.words
        rows, values, places = rows[word], found.values[word], found.places[word]
        for topic in range(out.shape[1]):
            out[:, topic] = np.bincount(rows, values * self.components[places, topic], minlength=len(out))
        return out

    def document(self) -> dict[str, Any]:
        """What is stored as text: see `restored`."""
        return {"vocabulary": list(self.vocabulary), "words": self.words, "way": self.way.document()}

    def arrays(self) -> dict[str, Any]:
        """What is stored as arrays: see `restored`."""
        return {"idf": self.idf, "components": self.components}

    @staticmethod
    def restored(document: Mapping[str, Any], arrays: Mapping[str, Any]) -> TextCoder:
        """The coder whose `document` and `arrays` were stored."""
        vocabulary = {term: place for place, term in enumerate(document["vocabulary"])}
        way = Way.restored(document.get("way"))
        return TextCoder(vocabulary, int(document["words"]), arrays["idf"], arrays["components"], way)


def _batches(found: Iterable[list[int]]) -> Iterator[Batch]:
    """The terms of texts, as many texts together as have a million."""
    lengths: list[int] = []
    terms: list[int] = []
    for seen in found:
        lengths.append(len(seen))
        terms += seen
        if len(terms) >= BATCH_TERMS:
            yield Batch(lengths, np.array(terms, dtype=np.int64))
            lengths, terms = [], []
    if lengths:
        yield Batch(lengths, np.array(terms, dtype=np.int64))


def split_words(text: str) -> list[str]:
    """Lower-case words."""
    return TOKEN.findall(text[:MAX_CHARS].lower())


def with_pairs(words: list[str]) -> list[str]:
    """Words and pairs of neighbouring words."""
    return words + [f"{one} {two}" for one, two in pairwise(words)]


def pieces(word: str) -> list[str]:
    """Runs of three to five letters of a word with its borders, marked to tell them from words."""
    whole = f" {word} "
    return [f"{MARK}{whole[start:start + size]}" for size in PIECES for start in range(len(whole) - size + 1)]


def fit_text(texts: Sequence[str], seed: int = 0) -> TextCoder | None:
    """A coder learned from the texts of a column, without the target; None when they share too few words."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import svds

    if len(texts) > FITTED_TEXTS:
        chosen = np.sort(np.random.default_rng(seed).choice(len(texts), FITTED_TEXTS, replace=False))
        texts = [texts[int(place)] for place in chosen]
    counts = _spread(texts)
    kept = _most((term for term in counts if term[0] != MARK), counts, max(2, len(texts) // 5000))
    small = _most((term for term in counts if term[0] == MARK), counts, max(3, len(texts) // 2000))
    dimensions = min(DIMENSIONS, len(kept) - 1, len(texts) - 1)
    if dimensions < 2:
        return None
    vocabulary = {term: place for place, term in enumerate([*kept, *small])}
    idf = np.array([math.log((1 + len(texts)) / (1 + counts[term])) + 1.0 for term in vocabulary])
    found = TextCoder(vocabulary, len(kept), idf, np.zeros((len(kept), 0))).table(texts)
    whole: Any = csr_matrix((found.values.astype(np.float64), found.places, found.starts), shape=(len(texts), len(vocabulary)))
    matrix = whole[:, :len(kept)]
    start = np.random.default_rng(seed).standard_normal(min(matrix.shape))
    _, strength, directions = svds(matrix, k=dimensions, v0=start)
    order = np.argsort(-strength)
    return TextCoder(vocabulary, len(kept), idf, np.ascontiguousarray(_signed(directions[order]).T), fit_way(texts))


def fit_pieces(texts: Sequence[str], dimensions: int) -> TextCoder | None:
    """A coder of pieces of words alone, learned from different short texts without the target, with so many dimensions of what
    they share. None when they share too little."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import svds

    if len(texts) > FITTED_TEXTS:
        texts = [texts[int(place)] for place in np.linspace(0, len(texts) - 1, FITTED_TEXTS)]
    counts = _spread(texts)
    kept = _most((term for term in counts if term[0] == MARK), counts, max(2, len(texts) // 5000), PIECES_OF_LEVELS)
    if len(kept) <= dimensions + 1 or len(texts) <= dimensions + 1:
        return None
    vocabulary = {term: place for place, term in enumerate(kept)}
    idf = np.array([math.log((1 + len(texts)) / (1 + counts[term])) + 1.0 for term in vocabulary])
    plain = TextCoder(vocabulary, len(kept), idf, np.zeros((len(kept), 0)))
    found = plain.table(texts)
    matrix: Any = csr_matrix((found.values.astype(np.float64), found.places, found.starts), shape=(len(texts), len(kept)))
    _, strength, directions = svds(matrix, k=dimensions, v0=np.random.default_rng(0).standard_normal(min(matrix.shape)))
    return replace(plain, components=np.ascontiguousarray(_signed(directions[np.argsort(-strength)]).T))


def _spread(texts: Iterable[str]) -> dict[str, int]:
    """In how many texts each word, pair of words and piece of a word comes, in the order in which they first do."""
    numbers: dict[str, int] = {}
    known: dict[str, list[int]] = {}

    def numbered(terms: list[str]) -> list[int]:
        return [numbers.setdefault(term, len(numbers)) for term in terms]

    def seen(text: str) -> list[int]:
        words = split_words(text)
        found = numbered(with_pairs(words))
        for word in words:
            own = known.get(word)
            if own is None:
                own = numbered(pieces(word))
                if len(word) <= KEPT_LETTERS and len(known) < KEPT_WORDS:
                    known[word] = own
            found += own
        return found

    many = NOTHING[0]
    for batch in _batches(map(seen, texts)):
        _, terms, _ = batch.counted(len(numbers))
        more = np.bincount(terms, minlength=len(numbers))
        more[:len(many)] += many
        many = more
    for term, count in zip(numbers, many.tolist(), strict=True):
        numbers[term] = count
    return numbers


def _most(terms: Iterable[str], counts: Mapping[str, int], least: int, most: int = TERMS) -> list[str]:
    """The terms that come in most texts, in at least so many, by name."""
    often = sorted((term for term in terms if counts[term] >= least), key=lambda term: -counts[term])
    return sorted(often[:most])


def _signed(directions: Array) -> Array:
    """Each direction with its largest entry positive, so that the same data give the same numbers."""
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    out: Array = directions * signs[:, None]
    return out
