"""Texts that a spreadsheet would calculate: one guard for every file that is written. Needs the standard library only."""
from __future__ import annotations

import re

# What starts a formula in some spreadsheet, after white space or invisible characters as well.
_FORMULA = re.compile(r"[\s\x00\ufeff\u200b-\u200f\u2060]*[=+\-@＝＋－＠﹦﹢﹣﹫]|[\t\r\n\x00]")

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


def safe_text(text: str) -> str:
    """The text, with a leading apostrophe if a spreadsheet would take it for a formula; a negative number is none."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
