"""Which row of a pilot a line of a file means, by an id that a spreadsheet may have changed on its way."""

from __future__ import annotations

import numpy as np
import pandas as pd


def strictly(value: object) -> str:
    """An id, a name or a value as it was handed on: without blanks around it and the apostrophe of a formula guard."""
    return str(value).strip().removeprefix("'").strip()


def loosely(value: object) -> str:
    """The same however a spreadsheet spells it: without leading zeros, marks of thousands and “.0”, in small letters."""
    text = strictly(value)
    digits = text.replace(",", "").replace(" ", "")
    digits = digits.removesuffix(".0")
    return digits.lstrip("0") or "0" if digits.isdigit() else text.casefold()


def shared(ids: pd.Series) -> pd.Series:
    """(n,) whether a spreadsheet may make the id of each row that of another row, too."""
    return ids.map(loosely).duplicated(keep=False)


def places(ours: pd.Series, theirs: pd.Series, said: pd.Series, doubtful: pd.Series) -> tuple[pd.Series, int]:
    """(n,) the place in `ours` (m,) that each line of `theirs` (n,) means (NaN: none), and how many lines may mean several rows.

    A line means the row whose id it spells. One that spells nobody's means the row whose id is only like its own, but none that
    another line spells: “00123” and “123” may be two customers. Where zeros were lost they are one id on two lines: lines of a
    row that none of them spells, and whose id is `doubtful` (m,; see `shared`: a row that was not drawn may have a like one),
    count only while all of them that are filled have `said` (n,; NaN: empty) the same. Lines of another row are one customer's.
    """
    own, like = ours.map(strictly), ours.map(loosely)
    spelled, near = (theirs.map(spell, na_action="ignore").reset_index(drop=True) for spell in (strictly, loosely))
    exact = spelled.map(_alone(own))
    unnamed = like[~np.isin(np.arange(len(ours)), exact.dropna())]
    unsure = near.isin(unnamed)
    at = exact.where(exact.notna() | ~unsure, near.map(_alone(like)))
    several = said.reset_index(drop=True).groupby(at).transform("nunique") > 1
    doubted = unsure & (at.isna() | (several & at.isin(np.flatnonzero(doubtful))))
    return at.mask(doubted), int(doubted.sum())


def _alone(spelled: pd.Series) -> pd.Series:
    """The places of the spellings that one row alone has."""
    found = pd.Series(np.arange(len(spelled)), index=spelled.to_numpy())
    return found[~found.index.duplicated(keep=False)]
