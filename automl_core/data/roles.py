"""How a column is used by a model: number, category, free text, date, id, constant or empty."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from automl_core.data.table import Kind, Role

_ID_NAME: Final = re.compile(
    r"(?:^|[\s_.#-])(?:id|ids|uuid|guid|key|pk|nr|number|index|idx|row|rownames?|row[_ ]?(?:id|number)|no\.?)$"
    r"|[a-z](?:ID|Id|Key|UUID|Uuid|GUID|No|Nr)$"
    r"|^(?:id|uuid|guid)[\s_-]|^unnamed:?[\s_]*0?$|^#$",
)
_DIGIT: Final = re.compile(r"\d")
_DECIMAL: Final = re.compile(r"(?<![\w.,-])[+-]?(?:\d+\.\d+(?![\d.])|\d+,\d+(?![\d,]))")  # no version, address or code
_UNSPACED: Final = re.compile(  # Thai to Burmese, Khmer, kana, Chinese characters
    "[\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def is_id_name(name: str) -> bool:
    """Whether the name says that the column numbers or names the rows: “id”, “customerID”, “order_key”, “row”."""
    stripped = name.strip()
    return bool(_ID_NAME.search(stripped) or _ID_NAME.search(stripped.lower()))


def role_of_numbers(name: str, kind: Kind, values: npt.NDArray[Any], distinct: int, missing: int) -> Role:
    """id for whole numbers that are (nearly) unique and named like one or run densely upwards; floats are numbers."""
    present = len(values) - missing
    if kind == "int" and present >= 2 and distinct > 0.95 * present:
        if is_id_name(name):
            return "id"
        if missing == 0 and distinct == present >= 20 and min(values[0], values[-1]) in (0, 1) and _runs_densely(values):
            return "id"
    return "number"


def _runs_densely(values: npt.NDArray[Any]) -> bool:
    """Strictly rising or falling with hardly a gap: a row number, not a measurement that happens to be sorted."""
    steps = np.diff(values.astype(np.float64))
    rising = bool(np.all(steps > 0) or np.all(steps < 0))
    return rising and abs(float(values[-1]) - float(values[0])) <= 1.05 * len(values)


def role_of_text(name: str, texts: Sequence[str], distinct: int, present: int) -> Role:
    """id, free text or category from a sample of distinct texts, their number and the number of cells that are there."""
    unique = distinct / present if present else 0.0
    words = float(np.mean([_words(text) for text in texts])) if texts else 0.0
    length = float(np.mean([len(text) for text in texts])) if texts else 0.0
    alone = unique > 0.95 and present >= 20 and words < 2  # each row has its own, and that is no sentence
    if alone and is_id_name(name):
        return "id"
    if alone and _sequences(texts, length):
        return "text"
    if alone and (_one_pattern(texts) or present >= 50) and not _amounts(texts):
        return "id"
    if present >= 10 and unique > 0.95 and is_id_name(name) and words < 3:
        return "id"
    if distinct >= 20 and ((words >= 4 and unique > 0.3) or (length > 50 and unique > 0.1) or (words >= 2.5 and unique > 0.5)):
        return "text"
    return "category"


def _words(text: str) -> float:
    """How many words a text has; where a script puts no spaces between them, two letters are about one."""
    spaced = len(text.split())
    return spaced if text.isascii() else max(spaced, 0.5 * len(_UNSPACED.findall(text)))


def _amounts(texts: Sequence[str]) -> bool:
    """Whether most hold a decimal number, as amounts with units and places on a map do: whatever it is, it says how much."""
    return sum(_DECIMAL.search(text) is not None for text in texts) > 0.5 * len(texts)


def _sequences(texts: Sequence[str], length: float) -> bool:
    """Whether these are long strings over a few letters, such as DNA, which are read, not looked up."""
    return length >= 20 and len(set().union(*texts)) <= 26 and all(map(str.isalpha, texts))


def _one_pattern(texts: Sequence[str]) -> bool:
    """Whether at least 90 % share one length and hold a digit, as codes do."""
    if not texts:
        return False
    lengths = [len(text) for text in texts]
    common = max(set(lengths), key=lengths.count)
    good = sum(len(text) == common and _DIGIT.search(text) is not None for text in texts)
    return good >= 0.9 * len(texts)
