"""How many rows a pilot needs, and the chance that the rows there are show the change.

Two proportions or two means, two-sided at 5 %, aiming at a chance of 80 % (Fleiss, Levin and Paik 2003, chapter 4). Rows that go
together count as fewer (see `pilot_groups`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from automl_core.acting.pilot_groups import LEAST_GROUPS, Together, design_freedom, freedom, strata_of
from automl_core.acting.power_of_shares import chance_counted, few_expected
from automl_core.acting.statistics import rows_per_arm
from automl_core.errors import BadInput
from automl_core.explaining.words import count, percent, quote
from automl_core.framing.shares import Z

CHANCE = 0.8
FEWEST_SIDE = 10  # with fewer outcomes on a side nothing is compared
ENOUGH_BACK = 0.8  # of the drawn rows: with less, those that answered may differ from those that did not
LEAST_DRAWN = math.ceil(FEWEST_SIDE / ENOUGH_BACK)  # on each side, so that enough is left when as many go missing as may


@dataclass(frozen=True, slots=True)
class Change:
    """A change to be seen: the mean outcome `now`, `then`, and `weak` when the true change lies at the weak end of its interval
    (NaN when that interval reaches beyond zero). `spread` is the standard deviation of a number, NaN for rates; the strata of the
    draw tell a share `told` of the variance, which the comparison of the two sides leaves out."""

    now: float
    then: float
    weak: float = math.nan
    spread: float = math.nan
    told: float = 0.0


@dataclass(frozen=True, slots=True)
class Power:
    """What a pilot of some size can see.

    `per_arm` rows on each side see the promised change with a chance of 80 % or more, `per_arm_weak` (0: none can) one at the
    weak end; both are `LEAST_DRAWN` at least. `treated` and `held` are the rows of the pilot at hand; `chance` and `chance_weak`
    what they see with. `smallest` is the change that they see with 80 %.
    """

    per_arm: int
    per_arm_weak: int
    available: int
    treated: int
    held: int
    chance: float
    chance_weak: float
    smallest: float
    sentence: str


def chance_to_see(change: Change, treated: float, held: float, together: Together | None = None) -> float:
    """The chance (0 to 1) that a pilot with so many rows on each side finds the change from `now` to `then` at 5 %."""
    gap = abs(change.then - change.now)
    if min(treated, held) < 1 or gap == 0 or not math.isfinite(gap):
        return 0.0
    critical, doubt = _critical(change, treated, held, together)
    shares, rows = (_share(change.then), _share(change.now)), (treated, held)
    if math.isnan(change.spread) and few_expected(shares, rows):
        if together is None:
            rows = _as_alone(treated, shares[0], change), _as_alone(held, shares[1], change)
        return chance_counted(shares, rows, together)
    if together is not None:
        treated, held = treated / together.design, held / together.design
    each = 1 / treated + 1 / held
    if math.isfinite(change.spread):
        variance = under = (1 - change.told) * change.spread**2 * each
    else:  # each side with its own variance, as it is compared: weighted by unequal sides the pooled one misleads
        after, before = _left(change.then, change), _left(change.now, change)
        variance = after / treated + before / held
        under = variance + (1 - change.told) * gap**2 / 4 * each  # the rows of both sides together vary by more
    under_change, under_null = math.sqrt(variance), math.sqrt(under)
    if under_change == 0:
        return 1.0
    return _normal((gap - critical * under_null) / (doubt * under_change))


def _left(share: float, change: Change) -> float:
    """The variance that strata leave of a side with such a share: they tell as much of it as without the change."""
    whole, now = (_share(one) * (1 - _share(one)) for one in (share, change.now))
    return whole - change.told * min(now, whole)


def _as_alone(rows: float, share: float, change: Change) -> float:
    """How many rows without strata tell such a share as surely as these."""
    left = _left(share, change)
    return rows * share * (1 - share) / left if left > 0 else rows


def _critical(change: Change, treated: float, held: float, together: Together | None) -> tuple[float, float]:
    """How many standard errors a difference must reach, more of them when few groups, or few rows with a number, tell how large
    the error is; and by how much the difference counted in such errors then varies (the normal approximation to the noncentral t;
    Johnson and Welch 1940)."""
    degrees = design_freedom(treated, held, together)
    if together is None and math.isfinite(change.spread):
        degrees = freedom((1 / treated, 1 / held), (treated, held), strata_of(min(treated, held)))
    if math.isinf(degrees):
        return Z, 1.0
    from scipy.special import stdtrit

    critical = float(stdtrit(degrees, 0.975))
    return critical, math.sqrt(1 + critical**2 / (2 * degrees))


def measure_power(
    change: Change, available: int, rows: int = 0, treated_share: float = 0.5, together: Together | None = None
) -> Power:
    """The power of a pilot of `rows` rows out of the `available` ones (0: as many as the promised change asks for, or all).

    BadInput when the share that gets the change is not between 10 and 90 %.
    """
    if not 0.1 <= treated_share <= 0.9:
        raise BadInput("The share of rows that get the change is not between 10 % and 90 %.", "Choose half, which needs fewest.")
    needed = side_rows(change, together)
    least = fewest_rows(treated_share, LEAST_DRAWN)
    if together is not None:
        least = max(least, math.ceil(fewest_rows(treated_share, LEAST_GROUPS) * together.rows))
    wanted = rows or (max(_total(change, needed, treated_share, together), least) if needed else available)
    rows = max(0, min(wanted, available))
    treated = math.floor(rows * treated_share + 0.5)  # as the draw rounds
    return power_of(change, available, (treated, rows - treated), together)


def power_of(
    change: Change, available: int, sides: tuple[int, int], together: Together | None = None, kept_out: int = 0
) -> Power:
    """The power of a pilot with so many rows that get the change, and so many that do not. Beside the `available` rows so many
    were `kept_out`, which could be drawn, too."""
    treated, held = sides
    weak_change, weak = replace(change, then=change.weak), math.isfinite(change.weak)
    needed = side_rows(change, together)
    made = Power(
        needed, side_rows(weak_change, together) if weak else 0, available, treated, held,
        chance_to_see(change, treated, held, together), chance_to_see(weak_change, treated, held, together) if weak else 0.0,
        smallest_change(change, treated, held, together), "",
    )  # fmt: skip
    return replace(made, sentence=_sentence(made, change, together, kept_out))


def side_rows(change: Change, together: Together | None = None) -> int:
    """Rows that each side of a pilot needs: see `rows_per_arm`, but never so few that it cannot be judged once a fifth of the
    outcomes is lost; 0 when no number of rows can see the change. Of rows that go together, whole groups."""
    needed = rows_per_arm(change.now, change.then, change.spread)
    if not needed:
        return 0
    if together is None:
        rows = max(needed, LEAST_DRAWN)
        while chance_to_see(change, rows, rows) < CHANCE - 0.01:  # of a rare outcome the formula asks for too few
            rows += max(1, rows // 200)
        return rows
    groups = max(LEAST_GROUPS, math.ceil(max(needed, LEAST_DRAWN) * together.design / together.rows))
    while chance_to_see(change, groups * together.rows, groups * together.rows, together) < CHANCE:
        groups += max(1, groups // 200)  # few of them: that few groups hardly tell their spread asks for a third more at most
    return math.ceil(groups * together.rows - 1e-9)


def fewest_rows(treated_share: float, side: int = FEWEST_SIDE) -> int:
    """The fewest rows of a pilot whose smaller side has `side` rows: by default as many as can be compared at all."""
    return math.ceil(side / min(treated_share, 1 - treated_share) - 1e-9)


def total_rows(per_arm: int, treated_share: float) -> int:
    """All rows of a pilot that is as sharp as one with `per_arm` on each side: unequal arms need more."""
    return math.ceil(per_arm / 2 * (1 / treated_share + 1 / (1 - treated_share)) - 1e-9)


def _total(change: Change, per_arm: int, treated_share: float, together: Together | None) -> int:
    """All rows of a pilot with such a share that sees the change: some more where the smaller side varies more than the other."""
    rows = total_rows(per_arm, treated_share)
    if treated_share != 0.5:
        while chance_to_see(change, rows * treated_share, rows * (1 - treated_share), together) < CHANCE:
            rows += max(1, rows // 200)
    return rows


def smallest_change(change: Change, treated: int, held: int, together: Together | None = None) -> float:
    """The smallest change (a share, or units) that so many rows see with a chance of 80 %; NaN when none can be seen."""
    if min(treated, held) < 1:
        return math.nan
    if math.isfinite(change.spread):
        design = 1.0 if together is None else together.design
        critical, doubt = _critical(change, treated, held, together)
        return (critical + 0.841621 * doubt) * change.spread * math.sqrt((1 - change.told) * design * (1 / treated + 1 / held))
    upward = change.then >= change.now
    low, high = 0.0, (1 - _share(change.now)) if upward else _share(change.now)
    side = 1 if upward else -1

    def seen(size: float) -> bool:
        return chance_to_see(replace(change, then=change.now + side * size), treated, held, together) >= CHANCE

    if not seen(high):
        return math.nan
    for _ in range(25):
        middle = (low + high) / 2
        low, high = (low, middle) if seen(middle) else (middle, high)
    return high


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def _sentence(power: Power, change: Change, together: Together | None, kept_out: int) -> str:
    rows, few = power.treated + power.held, power.per_arm == LEAST_DRAWN and together is None
    if power.per_arm == 0:
        return "No pilot of any size can see a change of nothing."
    least = f", the fewest of which {FEWEST_SIDE} are left if a fifth is lost," if few else ""
    if together is not None:
        least = f" ({count(round(power.per_arm / together.rows), 'group')})"
    sure = chance_to_see(change, power.per_arm, power.per_arm, together)
    seen = "80 %" if together is None and not few and sure < CHANCE + 0.025 else percent(sure)
    needed = f"{power.per_arm:,} rows on each side{least} see the promised change with a chance of {seen}"
    if power.per_arm_weak > power.per_arm:
        needed += f" ({power.per_arm_weak:,} if the true change is at the weak end)"
    elif change.weak == change.now:
        needed += " (none can if the true change is at the weak end, which is no change at all)"
    if together is not None:
        needed = f"{_together_words(together)} {needed}"
    if power.treated == power.held == power.per_arm and power.chance >= CHANCE - 0.005:
        return f"{needed}, and that is what this pilot has."
    here = f"With {power.treated:,} that get the change and {power.held:,} that do not, the chance is {percent(power.chance)}"
    if rows == power.available and power.chance < CHANCE - 0.005:
        if kept_out:
            return f"{needed}. {here}, and those are all that are open."
        return f"{needed}. {here}, and no more rows can be drawn: widen the group, or let it run on new rows."
    return f"{needed}. {here}."


def _together_words(together: Together) -> str:
    """Why more rows are needed than of single ones."""
    words = f"Rows with the same {quote(together.column)} go to one side together"
    if together.design < 1.05:
        return f"{words}."
    return f"{words} and are alike, so {together.design:.1f} times as many are needed as of single rows."
