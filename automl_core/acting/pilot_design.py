"""The design of a pilot: which rows may be drawn, how many are needed, and the draw: chance decides who gets the change.

Rows are dealt inside strata of about equal predicted risk, so that both sides start alike (Imbens and Rubin 2015, chapter 9).
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard
from automl_core.acting.levers import eligible
from automl_core.acting.pilot_groups import FEWEST_GROUPS, LEAST_GROUPS, LEAST_SIDE, Together, strata_of
from automl_core.acting.pilot_open import (
    Drawable,
    drawn_words,
    groups_drawn,
    is_open,
    known_like,
    mean_now,
    open_first,
    planned_words,
    told_by_draw,
    values_of,
)
from automl_core.acting.pilots import (
    Floats,
    Mask,
    Pilot,
    PilotChoice,
    PilotRows,
    change_words,
    promise_of,
    promised_money,
)
from automl_core.acting.power import FEWEST_SIDE, Change, Power, fewest_rows, measure_power, power_of, total_rows
from automl_core.acting.spelling import texts
from automl_core.errors import BadInput
from automl_core.explaining.words import count, day, quote
from automl_core.framing.dependent import codes_of
from automl_core.framing.problem import Problem


@dataclass(frozen=True, eq=False, slots=True)
class Draw:
    """The drawn rows: positions in the frame (m,), who gets the change (m,), strata (m,), and groups that go together."""

    positions: NDArray[np.int64]
    treated: Mask
    strata: NDArray[np.int64]
    groups: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))


def rows_for(card: ActionCard, frame: pd.DataFrame) -> Mask:
    """(n,) the rows that a pilot of the card may draw: those the card is about, less those already at the new value."""
    mask = eligible(card, frame)
    if math.isnan(card.step):
        mask = mask & ~np.asarray(texts(frame[card.lever]) == card.to_value, dtype=bool)
    return np.asarray(mask, dtype=bool)


def free_rows(card: ActionCard, rows: PilotRows) -> Mask:
    """(n,) those of `rows_for` that are in no other running pilot, nor go together with rows that are: two changes at once could
    not be told apart."""
    return rows_for(card, rows.frame) & ~barred(rows.frame, rows.problem, rows.busy)


def barred(frame: pd.DataFrame, problem: Problem, busy: Collection[int]) -> Mask:
    """(n,) the rows at the places `busy`, and all that go together with them."""
    mask = np.isin(np.arange(len(frame)), list(busy))
    if problem.group and problem.group in frame:
        codes = codes_of(frame[problem.group].to_numpy())
        mask = np.isin(codes, codes[mask])
    return np.asarray(mask, dtype=bool)


def promised_change(card: ActionCard, rows: PilotRows, drawn: Drawable | None = None, size: int = 0) -> Change:
    """The change a card promises on its rows, or on the first `size` of those `drawn` (0: all): the mean wanted outcome now, with
    the adjusted effect, and at its weak end."""
    about = rows_for(card, rows.frame)
    drawn = drawn or open_first(about, about, rows, ended=True)
    values, is_rate = values_of(rows)
    known = known_like(about, rows)
    if not about.any() or not known.any():
        return Change(math.nan, math.nan)
    now = mean_now(values, known, drawn, rows, size)
    spread = math.nan if is_rate else float(np.nanstd(values[known]))
    promise = promise_of(card, is_rate)
    weak_end = min(promise[1:], key=abs) if promise.low * promise.high >= 0 else math.nan
    return Change(now, now + promise.effect, now + weak_end, spread)


def plan_pilot(card: ActionCard, rows: PilotRows, choice: PilotChoice) -> Power:
    """What a pilot of that size could see. BadInput when too few rows, or too few groups of rows that go together, can be drawn
    to compare two sides, or when the card is a pattern only."""
    if card.grade == "D":
        raise BadInput(
            "This card is a pattern and not advice, so there is nothing to test.", "Choose a card of grade C or better."
        )
    free = free_rows(card, rows)
    about = rows_for(card, rows.frame)
    able = open_first(free, about, rows, choice.ended)
    available, together, busy = int(able.mask.sum()), groups_drawn(rows, able, about), int(about.sum() - free.sum())
    size, kept_out = choice.rows or able.open, able.kept_out if able.open else 0
    for _ in range(2):  # the more rows it takes, the more of them have ended, whose mean is another
        change = promised_change(card, rows, able, size)
        planned = measure_power(change, available, choice.rows, choice.treated_share, together)
        if choice.rows or not able.open or planned.treated + planned.held <= size:
            break
        size = planned.treated + planned.held
    _check_rows(able, choice, busy)
    if together is None:
        smaller = min(planned.treated, planned.held)
        change = replace(change, told=told_by_draw(about, rows, smaller))
        planned = power_of(change, available, (planned.treated, planned.held), None, kept_out)
    else:
        _check_groups(together, choice)
        drawn = draw(card, rows, choice, planned.treated + planned.held)  # whole groups are seldom just as many rows
        treated = int(drawn.treated.sum())
        planned = power_of(change, available, (treated, len(drawn.positions) - treated), together, kept_out)
    size = planned.treated + planned.held
    wanted = max(choice.rows or total_rows(planned.per_arm, choice.treated_share), size)
    return _without(busy, replace(planned, sentence=f"{planned.sentence} {planned_words(able, size, wanted)}"))


def _check_rows(able: Drawable, choice: PilotChoice, busy: int) -> None:
    """BadInput when there are, or would be drawn, too few rows to compare two sides."""
    available, fewest = int(able.mask.sum()), fewest_rows(choice.treated_share)
    if available < fewest:
        free, hint = (" that no other pilot has", ", or wait until that one has ended") if busy else ("", "")
        still = " without an outcome" if (able.open or able.kept_out) and not choice.ended else ""
        widen = "Add rows that have ended, or widen" if able.kept_out else "Widen"
        raise BadInput(
            f"{_only(available)}{still}{free} can get this change, and a pilot needs {fewest}.",
            f"{widen} the group of the card{hint}.",
        )
    if choice.rows and choice.rows < fewest:
        raise BadInput(
            f"{_few(choice)} too few for this pilot: {FEWEST_SIDE} on each side are the fewest that can be compared.",
            f"Choose {fewest} or more.",
        )


def _without(busy: int, power: Power) -> Power:
    """Says how many rows are left out for another pilot."""
    if not busy:
        return power
    left = f"{count(busy, 'row is', 'rows are')} left out, because another pilot is running on {'it' if busy == 1 else 'them'}."
    return replace(power, sentence=f"{power.sentence} {left}")


def _check_groups(together: Together, choice: PilotChoice) -> None:
    """BadInput when there are, or would be drawn, too few groups to compare two sides."""
    name, fewest = quote(together.column), fewest_rows(choice.treated_share, FEWEST_GROUPS)
    if together.groups < fewest:
        only = count(together.groups, "value", "values")
        raise BadInput(
            f"The rows that can get this change have {only} of {name}, each of which goes to one side as a whole, and a pilot "
            f"needs {fewest}.",
            "Widen the group of the card.",
        )
    least = math.ceil(fewest * together.rows - 1e-9)
    if choice.rows and choice.rows < least:
        raise BadInput(
            f"{_few(choice)} too few for this pilot: rows with the same {name} stay together, and {FEWEST_GROUPS} values of it "
            "on each side are the fewest that can be compared.",
            f"Choose {least:,} or more.",
        )


def _few(choice: PilotChoice) -> str:
    return count(choice.rows, "row is", "rows are")


def _only(available: int) -> str:
    return f"Only {count(available, 'row')}" if available else "No row"


def draw(card: ActionCard, rows: PilotRows, choice: PilotChoice, size: int) -> Draw:
    """Draw `size` of the card's rows and deal them to the two sides by chance, inside strata of the predicted risk.

    Rows of one group (`problem.group`) stay on one side, else an effect could spill over; of groups at least as many are drawn
    as can be compared. The same seed gives the same draw; without one it is that of 0, as a plan needs, for a
    pilot that starts always has one. No row is drawn that another running pilot has. Rows without an outcome come first; those
    that have ended are strata of their own, where each kind has four units a side.
    """
    random = np.random.default_rng(choice.seed or 0)
    able = open_first(free_rows(card, rows), rows_for(card, rows.frame), rows, choice.ended)
    available = np.flatnonzero(able.mask)
    group = rows.problem.group
    if group and group in rows.frame:
        codes = codes_of(rows.frame[group].to_numpy())
        fewest = fewest_rows(choice.treated_share, FEWEST_GROUPS if choice.rows else LEAST_GROUPS)
    else:
        codes, fewest = np.arange(len(rows.frame), dtype=np.int64), 0
    units, places = np.unique(codes[available], return_inverse=True)
    sizes = np.bincount(places)
    ended = np.bincount(places, able.still[available]) == 0
    order = random.permutation(len(units))
    order = order[np.argsort(ended[order], kind="stable")]
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = order[(before < size) | (np.arange(len(units)) < fewest)]  # whole groups until the size is reached
    risk = np.bincount(places, np.nan_to_num(rows.risk[available])) / sizes
    strata = _strata(risk[chosen], ended[chosen], choice.treated_share)
    treated = _deal(strata, choice.treated_share, random)
    side = np.full(len(units), -1)
    side[chosen] = treated
    stratum = np.zeros(len(units), dtype=np.int64)
    stratum[chosen] = strata
    taken = side[places] >= 0
    return Draw(available[taken], side[places][taken] == 1, stratum[places][taken], codes[available][taken])


def _strata(risk: Floats, ended: Mask, share: float) -> NDArray[np.int64]:
    """Parts of equal size by risk, what has ended after what has not: ten in all, or fewer so that each side of each has four
    units. No part holds both kinds, but where one of them has not four units a side."""
    side, kinds = min(share, 1 - share), [np.flatnonzero(~ended), np.flatnonzero(ended)]
    wanted = strata_of(len(risk) * side)
    if min(map(len, kinds)) * side < LEAST_SIDE:
        kinds = [np.lexsort((risk, ended))]
    made, parts = np.zeros(len(risk), dtype=np.int64), 0
    for kind in kinds:
        ordered = kind[np.lexsort((risk[kind], ended[kind]))]
        mine = min(strata_of(len(kind) * side), max(1, round(wanted * len(kind) / max(1, len(risk)))))
        made[ordered] = parts + np.arange(len(kind)) * mine // max(1, len(kind))
        parts += mine
    return made


def _deal(strata: NDArray[np.int64], share: float, random: np.random.Generator) -> Mask:
    """Shuffle each stratum and give its first part the change; what rounding leaves over is carried to the next stratum."""
    treated, dealt, given = np.zeros(len(strata), dtype=bool), 0, 0
    for stratum in np.unique(strata):
        members = random.permutation(np.flatnonzero(strata == stratum))
        dealt += len(members)
        wanted = math.floor(dealt * share + 0.5)
        treated[members[: wanted - given]] = True
        given = wanted
    return treated


def start_pilot(card: ActionCard, rows: PilotRows, choice: PilotChoice, started: datetime) -> tuple[Pilot, Draw]:
    """A pilot drawn now, with what the card promises for its treated rows; the caller gives it an id, a project and a run.

    A choice without a seed gets a fresh one, kept with the pilot, so that the draw can be made again. BadInput as `plan_pilot`
    and `due_date` say.
    """
    if choice.seed is None:
        choice = replace(choice, seed=secrets.randbelow(2**31))
    power = plan_pilot(card, rows, choice)
    due = due_date(started, choice.days)
    drawn = draw(card, rows, choice, power.treated + power.held)
    treated, is_rate = int(drawn.treated.sum()), rows.problem.task != "regression"
    promised = promised_money(card, rows.goal, is_rate, treated)
    ids = tuple(column.name for column in rows.columns if column.role == "id" and column.name in rows.frame)
    held, strata = len(drawn.positions) - treated, len(np.unique(drawn.strata))
    pilot = Pilot(
        "", "", "", card, rows.goal, choice, power, started, due, treated, held, strata, ids, is_rate, *promised,
    )  # fmt: skip
    still = int(is_open(rows)[drawn.positions].sum())
    return replace(pilot, sentence=_pilot_sentence(pilot, drawn_words(still, treated + held))), drawn


def _pilot_sentence(pilot: Pilot, which: str) -> str:
    return (
        f"{pilot.treated:,} rows get {change_words(pilot.card)}, {pilot.held:,} stay as they are; chance decided which. {which} "
        f"Outcomes are due on {day(date.fromisoformat(pilot.due))}."
    )


def seed_of(pilot_id: str) -> int:
    """The seed of a pilot that nobody chose one for: kept with it, so that the draw can be made again."""
    return int.from_bytes(hashlib.sha256(pilot_id.encode()).digest()[:4], "big") >> 1


def due_date(started: datetime, days: int) -> str:
    """The day outcomes are due, as YYYY-MM-DD. BadInput outside a day and ten years."""
    if not 1 <= days <= 3650:
        raise BadInput(f"A pilot cannot run for {days} days.", "Choose 1 to 3,650.")
    return date.fromordinal(started.astimezone(UTC).date().toordinal() + days).isoformat()
