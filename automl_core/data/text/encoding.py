"""Which encoding a text file is in: byte-order marks, valid UTF-8, then the legacy encoding that reads most like words."""

from __future__ import annotations

import codecs
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from automl_core.errors import BadInput

_BLOCK: Final = 1 << 20
_SAMPLE: Final = 1 << 16
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Order breaks ties: the more common encoding first.
_LEGACY: Final = (
    "cp1252",
    "cp932",
    "euc_jp",
    "gb18030",
    "big5",
    "euc_kr",
    "cp1251",
    "cp1250",
    "iso8859_7",
    "mac_roman",
    "koi8_r",
    "cp1254",
)
# The rows of each East Asian code table that hold the everyday characters (first byte of the double-byte code).
_EVERYDAY: Final = {
    "cp932": (0x81, 0x97),
    "euc_jp": (0xA4, 0xCF),
    "gb18030": (0xB0, 0xD7),
    "big5": (0xA4, 0xC6),
    "euc_kr": (0xB0, 0xC8),
}
_WESTERN: Final = frozenset("äöüÄÖÜßéèêëàâçîïôûùñóíáúåæøœÅÆØÉ€–’“”„ãõ°£§")


@dataclass(frozen=True, slots=True)
class Encoding:
    """`name` is Python's. `bad_lines` are the lines whose bytes are not valid in it (at most 20) and `bad` counts all of them."""

    name: str
    bad: int = 0
    bad_lines: tuple[int, ...] = ()
    has_nul: bool = False


def find_encoding(path: Path, wanted: str = "") -> Encoding:
    """The encoding of a file. A file with a few invalid bytes among valid UTF-8 is UTF-8 with bad lines, not something else."""
    if wanted:
        try:
            codecs.lookup(wanted)
        except LookupError:
            raise BadInput(f"There is no text encoding called “{wanted[:40]}”.", "Choose one such as utf-8 or cp1252.") from None
        return Encoding(wanted)
    with path.open("rb") as stream:
        head = stream.read(_SAMPLE)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, has_nul=False)
    wide = _without_mark(head)
    if wide:
        return Encoding(wide)
    if b"\x1b$" in head or b"\x1b(J" in head:
        return Encoding("iso2022_jp")
    good, bad, lines, sample, has_nul = _scan_utf8(path)
    if bad == 0 or good > 2 * bad:
        return Encoding("utf-8", bad, lines, has_nul)
    return Encoding(_most_like_words(sample), has_nul=has_nul)


def _without_mark(head: bytes) -> str:
    """UTF-16 or UTF-32 without a byte-order mark shows in where its zero bytes stand."""
    if len(head) < 8:
        return ""
    usable = head[: len(head) // 4 * 4][:4096]
    zeros = [usable[place::4].count(0) / (len(usable) / 4) for place in range(4)]
    if zeros[1] > 0.8 and zeros[2] > 0.8 and zeros[3] > 0.8:
        return "utf-32-le"
    if zeros[0] > 0.8 and zeros[1] > 0.8 and zeros[2] > 0.8:
        return "utf-32-be"
    if zeros[1] > 0.6 and zeros[3] > 0.6 and zeros[0] < 0.1:
        return "utf-16-le"
    return "utf-16-be" if zeros[0] > 0.6 and zeros[2] > 0.6 and zeros[1] < 0.1 else ""


def _scan_utf8(path: Path) -> tuple[int, int, tuple[int, ...], bytes, bool]:
    """Characters beyond ASCII that are valid UTF-8, lines that are not, those line numbers, bytes of interest, any NUL."""
    good = bad = line = 0
    lines: list[int] = []
    sample = bytearray()
    has_nul = False
    with path.open("rb") as stream:
        rest = b""
        while block := stream.read(_BLOCK):
            block = rest + block
            cut = max(block.rfind(b"\n"), block.rfind(b"\r")) + 1
            if cut == 0 and len(block) < 64 * _BLOCK:
                rest = block
                continue
            block, rest = (block[:cut], block[cut:]) if cut else (block, b"")
            has_nul = has_nul or b"\0" in block
            good, bad = _scan_block(block, line, (good, bad), lines, sample)
            line += block.count(b"\n")
        has_nul = has_nul or b"\0" in rest
        good, bad = _scan_block(rest, line, (good, bad), lines, sample)
    return good, bad, tuple(lines[:20]), bytes(sample), has_nul


def _scan_block(block: bytes, first_line: int, counts: tuple[int, int], lines: list[int], sample: bytearray) -> tuple[int, int]:
    good, bad = counts
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return good + len(block) - len(text), bad
    for place, line in enumerate(block.split(b"\n"), start=first_line + 1):
        if line.isascii():
            continue
        if len(sample) < _SAMPLE:
            sample += line + b"\n"
        try:
            good += len(line) - len(line.decode("utf-8"))
        except UnicodeDecodeError:
            bad += 1
            if len(lines) < 20:
                lines.append(place)
    return good, bad


def _most_like_words(sample: bytes) -> str:
    scores = {name: _score(sample, name) for name in _LEGACY}
    best = max(scores, key=lambda name: scores[name])
    if best == "cp1252" and not any(0x80 <= byte <= 0x9F for byte in sample):
        return "latin-1"
    return best


def _score(sample: bytes, name: str) -> float:
    """How much the sample reads like words in this encoding, per non-ASCII byte; minus infinity when it cannot be read at all."""
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    try:
        text = sample.decode(name)
    except UnicodeDecodeError:
        return -float("inf")
    high = sum(byte > 0x7F for byte in sample) or 1
    total = 0.0
    for place, sign in enumerate(text):
        if sign > "\x7f":
            before = text[place - 1] if place else " "
            after = text[place + 1] if place + 1 < len(text) else " "
            total += _likely(sign, before, after, name)
    return total / high


def _likely(sign: str, before: str, after: str, name: str) -> float:
    category = unicodedata.category(sign)
    if category in ("Cc", "Co", "Cn", "Cs"):
        return -6.0
    point = ord(sign)
    if 0xFF61 <= point <= 0xFF9F:
        return -1.0
    if point >= 0x2E80:
        return _likely_asian(sign, name)
    if category[0] in "SPN":
        return -1.0 if before.isalpha() and after.isalpha() and sign not in "’" else (0.2 if sign in _WESTERN else -0.5)
    if category == "Lu" and before.islower():
        return -1.5
    if 0x370 <= point <= 0x52F:
        alike = (before > "\x7f" and before.isalpha()) or (after > "\x7f" and after.isalpha())
        return 1.0 if alike else -0.7
    if before > "\x7f" and before.isalpha():
        return -0.7
    return 0.9 if sign in _WESTERN else 0.3


def _likely_asian(sign: str, name: str) -> float:
    """Per byte a double-byte character counts half, so everyday ones give 2 and rare ones little."""
    if name not in _EVERYDAY:
        return -3.0
    if 0x3040 <= ord(sign) <= 0x30FF:
        return 2.4 if name in ("cp932", "euc_jp") else -0.5
    code = sign.encode(name, "replace")
    low, high = _EVERYDAY[name]
    if len(code) != 2:
        return -1.0
    return 2.0 if low <= code[0] <= high else 0.4
