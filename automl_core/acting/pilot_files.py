"""The two files of a pilot: who is on which side, to be carried out; and the outcomes that come back, matched row by row."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard, Goal
from automl_core.acting.levers import after_of, handed_on, name_of
from automl_core.acting.outcome import make_outcome
from automl_core.acting.pilot_columns import (
    ARM,
    COLUMN,
    DUE,
    GROUP,
    KNOWN,
    NOW,
    OURS,
    ROW,
    SET_TO,
    SHARED,
    STRATUM,
    WORTH,
    column_in,
    column_of,
    folded,
    key_of,
    places_by,
    same_change,
    untold_by,
    untold_words,
)
from automl_core.acting.pilot_design import Draw
from automl_core.acting.pilot_outcomes import read_outcomes, wanted_words
from automl_core.acting.pilot_places import loosely, shared, strictly
from automl_core.acting.pilots import HOLD, TREAT, Mask, Pilot, Returned
from automl_core.acting.spelling import is_number, number_of
from automl_core.acting.statistics import gap_between
from automl_core.acting.worth import row_values
from automl_core.data.table import Column
from automl_core.data.values import to_text
from automl_core.errors import BadInput
from automl_core.explaining.words import plain, quote
from automl_core.framing.problem import Problem
from automl_core.framing.validation import encode_target

Floats = NDArray[np.float64]
LEAST_OLD = 20  # rows that all came back as they were before, from which on that is no chance
ROUNDED = 0.0051  # a spreadsheet that shows two decimals saves two


@dataclass(frozen=True, eq=False, slots=True)
class Matched:
    """Rows of a pilot with a known outcome, all (m,): wanted-class indicators or numbers, sides, strata and groups. Where whole
    groups were dealt, `uneven` is the p value of more rows missing on one side than on the other, as groups differ (0: not).
    `worth` is what a good outcome of each is worth, where a column said so when they were drawn. `old`: all came back with the
    outcome that they had before the pilot."""

    values: Floats
    treated: Mask
    strata: NDArray[np.int64]
    groups: NDArray[np.int64]
    returned: Returned
    uneven: float = 0.0
    worth: Floats | None = None
    old: bool = False


def assignment_frame(
    card: ActionCard, frame: pd.DataFrame, drawn: Draw, ids: tuple[str, ...], goal: Goal | None = None,
    known: NDArray[np.generic] | None = None,
) -> pd.DataFrame:
    """One line a drawn row, in the order of the table: `row` (its position), ids, `arm`, the column to change, its value now
    and the value to set (empty for rows that are held out; of levers moved together all, joined by “ + ”), stratum and group;
    what a good outcome of it is worth, where the `goal` names a column that says so; and the outcome `known` of it (n,; NaN:
    none yet)."""
    rows = frame.iloc[drawn.positions]
    held = ~drawn.treated
    made: dict[str, object] = {ROW: drawn.positions}
    for place, name in enumerate(ids):
        named = frame[name].map(name_of).astype("str")
        made[f"id_{place}"] = named.iloc[drawn.positions].to_numpy()
        made[f"{SHARED}_id_{place}"] = shared(named).iloc[drawn.positions].to_numpy()
    made[ARM] = np.where(drawn.treated, TREAT, HOLD)
    levers = (card.lever, *(one.lever for one in card.also))
    made[COLUMN] = " + ".join(levers)
    made[NOW] = rows[list(levers)].map(handed_on).astype("str").agg(" + ".join, axis=1).to_numpy()
    made[SET_TO] = np.where(held, "", _set_to(card, rows[card.lever]))
    made[STRATUM], made[GROUP] = drawn.strata, drawn.groups
    if goal is not None and goal.value_column:
        made[WORTH] = row_values(frame, goal)[drawn.positions]
    if known is not None:
        made[KNOWN] = np.asarray(known, dtype=np.float64)[drawn.positions]
    return pd.DataFrame(made)


def _set_to(card: ActionCard, now: pd.Series) -> NDArray[np.str_]:
    if math.isnan(card.step):
        return np.full(len(now), " + ".join((card.to_value, *(one.to_value for one in card.also))))
    after = after_of(card, pd.to_numeric(now, errors="coerce").to_numpy(dtype=np.float64))
    return np.array([handed_on(value) for value in after.tolist()], dtype=np.str_)


def pilot_table(pilot: Pilot, assignment: pd.DataFrame, target: str) -> pd.DataFrame:
    """The file a person carries out: ids under the table's own names, and an empty column for the outcome to come back in."""
    shown = {f"id_{place}": name for place, name in enumerate(pilot.id_columns)}
    taken = {*pilot.id_columns, target}
    ours = {name: name if name not in taken else f"pilot_{name}" for name in OURS}
    kept = [name for name in map(str, assignment) if name in (STRATUM, GROUP, WORTH, KNOWN) or name.startswith(f"{SHARED}_")]
    table = assignment.drop(columns=kept).assign(**{DUE: pilot.due}).rename(columns={**shown, **ours})
    table[target] = ""
    return table


def match_outcomes(
    pilot: Pilot, assignment: pd.DataFrame, sent: pd.DataFrame, problem: Problem, column: Column | None = None
) -> Matched:
    """The outcomes of `sent` (texts, or what the cells of a file or frame hold) put to the rows of the pilot.

    Rows are found by the table's own id when the file has it, else by `row`; a spreadsheet's changes to an id (a dropped leading
    zero, “.0”, the apostrophe of a formula guard) do no harm as long as ids of the table stay unlike (see `places`).
    Of a repeated id the last filled line counts. Names of columns and of levers may carry that apostrophe, too. Texts are read as
    numbers by the target's `column`; what is a number already stays that.
    BadInput when there is no id, no outcome column, no line of this pilot, or when the file is that of a pilot of another change.
    """
    names = {folded(name): str(name) for name in sent.columns}
    target = names.get(folded(problem.target), names.get("outcome", ""))
    sent = sent.assign(**{str(name): _as_text(sent[name]) for name in sent.columns if name != target})
    if not target:
        raise BadInput(
            f"The file has no column {quote(problem.target)}.", "Add it with the outcome of each row, and send it again."
        )
    if sent.empty:
        raise BadInput("The file has no rows.", "Send the pilot’s file with the outcomes filled in.")
    same_change(pilot, assignment, sent, names)
    key, theirs = key_of(pilot, assignment, names)
    if sent[theirs].isna().all():
        raise BadInput(f"The column {quote(theirs)} of the file is empty.", "It says which row an outcome belongs to; keep it.")
    lines = pd.DataFrame({"value": sent[target].to_numpy()})
    filled = lines["value"].map(lambda value: str(value).strip() != "", na_action="ignore").fillna(False).astype(bool)
    said = _read(lines["value"], problem, column)[2].where(filled)
    at, doubted = places_by(key, assignment, sent[theirs], said)
    untold = int(untold_by(assignment[key]).sum())
    if at.isna().all():
        wrong = "Its lines may mean several rows each" if doubted else "No line of the file belongs to this pilot"
        own = f"Send the pilot’s own file, which has the column {quote(column_of(ROW, pilot))}."
        raise BadInput(f"{wrong}.", own if untold else f"Its {quote(theirs)} must be those of the pilot’s own file.")
    last = lines.assign(at=at)[filled & at.notna()].drop_duplicates("at", keep="last")
    values = pd.Series([None] * len(assignment), dtype=object)
    values.loc[last["at"].astype(int)] = last["value"].to_numpy(dtype=object)
    _same_values(pilot, assignment, at, (sent, names))
    switched = _switched(pilot, assignment, last["at"], (sent, names))
    lost = _Lost(int(at.isna().sum()) - doubted, int(at.notna().sum()) - at.nunique(), doubted,
                 untold_words(untold, theirs, pilot))
    return _matched(pilot, assignment, (values, switched), (problem, column), lost)


@dataclass(frozen=True, slots=True)
class _Lost:
    """Lines of a file that mean no row, that say a row once more, and that may mean several; and what is `told` of rows that none
    can mean."""

    unmatched: int
    duplicates: int
    doubted: int
    told: str


def _same_values(pilot: Pilot, assignment: pd.DataFrame, at: pd.Series, file: tuple[pd.DataFrame, dict[str, str]]) -> None:
    """BadInput when no line of this pilot (at `at` in the assignment) sets what the pilot sets there: another pilot of the column
    moves it elsewhere. Lines that do not say what they set, or say it in figures that cannot be read, tell nothing."""
    sent, names = file
    column = column_in(names, SET_TO, pilot)
    if not column:
        return
    pairs = pd.DataFrame({"ours": at.map(assignment[SET_TO]), "theirs": sent[column].reset_index(drop=True)}).dropna()
    pairs = pairs[(pairs["ours"] != "") & (pairs["theirs"].map(strictly) != "")]
    ours, theirs = pairs["ours"].tolist(), pairs["theirs"].tolist()
    if math.isnan(pilot.card.step):
        agree = [loosely(own) == loosely(said) for own, said in zip(ours, theirs, strict=True)]
    else:
        figures = [(number_of(own), number_of(strictly(said).replace(",", "."))) for own, said in zip(ours, theirs, strict=True)]
        agree = [abs(own - said) <= ROUNDED + 1e-6 * abs(own) for own, said in figures if not math.isnan(own - said)]
    if agree and not any(agree):
        raise BadInput(
            f"This file is of another pilot: it sets {quote(assignment[COLUMN].iloc[0])} to {quote(strictly(theirs[0]))}, this "
            f"one to {quote(ours[0])}.",
            f"Send it to the pilot that it is of; if it is this one’s all the same, empty the column {quote(column)}.",
        )


def _switched(pilot: Pilot, assignment: pd.DataFrame, last: pd.Series, file: tuple[pd.DataFrame, dict[str, str]]) -> Mask:
    """(m,) rows of this pilot whose line that counts names the other side than chance drew; `last` says where in the assignment
    each such line is, by the number of the line."""
    sent, names = file
    column = column_in(names, ARM, pilot)
    if not column:
        return np.zeros(len(assignment), dtype=bool)
    said = sent[column].reset_index(drop=True)[last.index].astype(str).str.strip().str.casefold()
    other = said.isin((TREAT, HOLD)) & (said != last.map(assignment[ARM]))
    return np.isin(np.arange(len(assignment)), last[other])


def _as_text(series: pd.Series) -> pd.Series:
    """The cells as texts, missing as None."""
    if isinstance(series.dtype, pd.StringDtype):
        return series
    return pd.Series([to_text(value) for value in series.tolist()], index=series.index, dtype=object)


def _stripped(value: object, numbers: bool) -> object:
    """A cell of the outcome as text, but a number where `numbers` are told, which no reading of texts may turn into another."""
    return value if numbers and is_number(value) else (to_text(value) or "").strip()


def _read(values: pd.Series, problem: Problem, column: Column | None) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Cells of the outcome as texts or numbers, which of them are filled, and what they read as."""
    text = values.map(lambda value: _stripped(value, problem.task == "regression"), na_action="ignore")
    filled = text.notna() & (text != "")
    return text, filled, read_outcomes(text.where(filled, None), problem, column)


def _matched(
    pilot: Pilot, assignment: pd.DataFrame, came: tuple[pd.Series, Mask], asked: tuple[Problem, Column | None],
    lost: _Lost,
) -> Matched:
    """What came for each row of the assignment (m,): its cell, and whether its line names the other side."""
    (problem, column), (values, switched) = asked, came
    text, filled, read = _read(values, problem, column)
    y, keep = encode_target(read, problem)
    good = "" if problem.task == "regression" else pilot.goal.good
    outcomes = make_outcome(y, problem, good).values if len(y) else np.empty(0)
    treated = np.asarray(assignment[ARM] == TREAT, dtype=bool)
    counts = Returned(
        assigned=len(assignment),
        matched=len(outcomes),
        unmatched=lost.unmatched,
        duplicates=lost.duplicates,
        missing=int((~filled).sum()),
        unreadable=int(filled.sum()) - len(outcomes),
        treated=int(treated[keep].sum()),
        held=int((~treated)[keep].sum()),
        sentence="",
        switched=int(switched[keep].sum()),
        doubted=lost.doubted,
    )
    if not len(outcomes) and counts.unreadable:
        example = plain(str(text[filled].iloc[0]))
        raise BadInput(f"No outcome in the file can be read, for example {quote(example)}.", wanted_words(problem))
    told = replace(counts, sentence=_said(counts) + lost.told)
    codes = assignment.loc[keep, [STRATUM, GROUP]].to_numpy(dtype=np.int64)
    worth = assignment.loc[keep, WORTH].to_numpy(dtype=np.float64) if WORTH in assignment else None
    uneven = _uneven(keep, treated, assignment[GROUP].to_numpy())
    known = assignment.loc[keep, KNOWN].to_numpy(dtype=np.float64) if KNOWN in assignment else np.empty(0)
    old = _as_before(np.asarray(y, dtype=np.float64), known, 0.0 if problem.classes else ROUNDED)
    return Matched(outcomes, treated[keep], codes[:, 0], codes[:, 1], told, uneven, worth, old)


def _as_before(y: Floats, known: Floats, rounded: float) -> bool:
    """Whether all outcomes (m,) are those `known` before (m,; NaN: none), but for what they were `rounded` by, and not all alike:
    in the table that rows were drawn from, those without an outcome have none."""
    if len(known) < LEAST_OLD or len(known) != len(y):
        return False
    apart = np.abs(y - known)
    return bool((apart <= rounded + 1e-6 * np.abs(known)).all()) and float(np.ptp(known)) > 100 * rounded


def _uneven(back: Mask, treated: Mask, groups: NDArray[np.int64]) -> float:
    """The p value of more rows coming back on one side, where the rows of a group come or do not come together; 0 for rows that
    stand alone, whom an exact test tells more."""
    if len(np.unique(groups)) == len(groups) or back.all():
        return 0.0
    return gap_between(back.astype(np.float64), treated, groups).p


def _said(counts: Returned) -> str:
    parts = [f"{counts.matched:,} of {counts.assigned:,} rows came back with an outcome"]
    if counts.missing:
        parts.append(f"{counts.missing:,} {_one(counts.missing, 'is', 'are')} still without one")
    if counts.unreadable:
        parts.append(f"{counts.unreadable:,} {_one(counts.unreadable, 'outcome', 'outcomes')} could not be read")
    if counts.unmatched:
        parts.append(f"{counts.unmatched:,} {_one(counts.unmatched, 'line', 'lines')} did not belong to this pilot")
    if counts.duplicates:
        lines = _one(counts.duplicates, "line", "lines")
        parts.append(f"{counts.duplicates:,} repeated {lines}, of which the last filled one counts")
    if counts.doubted:
        lines = _one(counts.doubted, "line", "lines")
        parts.append(f"{counts.doubted:,} {lines} may mean several rows, as their ids are alike, and did not count")
    said = ", ".join(parts) + "."
    if counts.switched:
        rows = _one(counts.switched, "row names", "rows name")
        said += (f" {counts.switched:,} {rows} the other side than was drawn: rows count where chance put them, but look "
                 "whether a column of the file was sorted alone.")
    return said


def _one(count: int, single: str, many: str) -> str:
    return single if count == 1 else many
