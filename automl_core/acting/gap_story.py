"""The noun of a comparison, and its sentences: a gap, what it is made of, and what drives it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from automl_core.acting.conditions import describe_all
from automl_core.acting.gap import LEAST_ROWS, Amount
from automl_core.acting.gap_drivers import Driver, Drivers
from automl_core.acting.mix import ColumnPart
from automl_core.acting.outcome import Outcome
from automl_core.data.words import join_words
from automl_core.explaining.words import count, interval, number, percent, points, quote, signed, told_apart

ERROR = 0.025  # Holm over the gap and its two parts; the drivers have the other half of the 5 %
ENOUGH_ALIKE = 0.5
CHECKED = "on the rows that checked it"  # as all figures of a driver are; those of the gap are of all rows


@dataclass(frozen=True, slots=True)
class GapStory:
    """The mean outcome of two groups compared. Amounts are first minus second (after minus before), in outcome units.

    `gap` = `composition` + `behaviour`; `columns` says where the composition comes from (its parts leave `unassigned` over:
    columns acting together). `confirmed` tells which of "gap", "composition" and "behaviour" are more than chance. `drivers` were
    confirmed on held-out rows. `support` is the share of rows with a like in the other group; `left_out` names columns that tell
    the groups apart by themselves. With too few rows the amounts are NaN. `drawn_from` counts the rows of both groups when only a
    random sample of them was compared, else 0. `by_rows` names the column whose rows go together when it is what is compared:
    its rows are then taken one by one. `too_few` names it when fewer than three of its values on a side said nothing.
    """

    first: str
    second: str
    rows_first: int
    rows_second: int
    mean_first: float
    mean_second: float
    gap: Amount
    composition: Amount
    behaviour: Amount
    unassigned: float
    columns: tuple[ColumnPart, ...]
    drivers: tuple[Driver, ...]
    looked_at: int
    tested: int
    support: float
    left_out: tuple[str, ...]
    confirmed: tuple[str, ...]
    outcome: str
    units: str
    is_rate: bool
    over_time: bool
    sentence: str = ""
    drawn_from: int = 0
    by_rows: str = ""
    too_few: str = ""

    @property
    def found(self) -> bool:
        """Whether anything is more than chance."""
        return bool(self.confirmed or self.drivers)

    @property
    def drawn(self) -> str:
        """Says of how many rows a sample was drawn; empty when all rows were compared."""
        if not self.drawn_from:
            return ""
        return (f"To keep it quick, {count(self.rows_first + self.rows_second, 'row')} were drawn by chance from the "
                f"{count(self.drawn_from)} of both sides; all figures here are those of the rows drawn.")


def confirmed_parts(gap: Amount, composition: Amount, behaviour: Amount) -> tuple[str, ...]:
    """Which of the three are more than chance at 2.5 % together (Holm 1979)."""
    parts = sorted((("gap", gap), ("composition", composition), ("behaviour", behaviour)), key=lambda item: item[1].p)
    kept: list[str] = []
    for place, (name, part) in enumerate(parts):
        if part.p * (3 - place) >= ERROR:
            break
        kept.append(name)
    return tuple(name for name in ("gap", "composition", "behaviour") if name in kept)


def told(story: GapStory, outcome: Outcome) -> GapStory:
    """The story with its sentence."""
    return replace(story, sentence=" ".join(_sentences(story, outcome)))


def _sentences(story: GapStory, outcome: Outcome) -> list[str]:
    if not (story.rows_first and story.rows_second):
        return [_nobody(story)]
    measure = f"have {outcome.label}" if outcome.is_rate else f"is the mean of {outcome.label}"
    first, second = outcome.levels(story.mean_first, story.mean_second)
    opening = (f"Before, {second} {measure}; after, {first}" if story.over_time else
               f"{first} {measure} where {story.first}, {second} where {story.second}")
    if story.gap.p != story.gap.p:
        return [f"{opening}.", _why_not(story)]
    spread = f"{opening}: {_signed(story.gap.value, outcome)} ({_range(story.gap, outcome)})."
    lines = [spread] if story.confirmed else [spread, _chance(story)]
    if story.by_rows:
        lines.append(f"This speaks of these values of {quote(story.by_rows)} alone, as their rows are compared one by one.")
    whole = "change" if story.over_time else "gap"
    if story.support < ENOUGH_ALIKE:
        lines.append(f"Only {percent(story.support)} of the rows have one like them on the other side: the split below speaks of "
                     "those and should not be relied on.")
    if not story.confirmed:
        return lines
    mix = f"{_signed(story.composition.value, outcome)} of the {whole} goes with which rows there are " \
          f"({_range(story.composition, outcome)})"
    rate = f"{_signed(story.behaviour.value, outcome)} with a different outcome of rows that are alike " \
           f"({_range(story.behaviour, outcome)})"
    lines.append(f"{mix}, {rate}.")
    if "composition" in story.confirmed and story.columns:
        names = [f"{quote(part.column)}{_also(part.also)}" for part in story.columns[:3] if part.part.low * part.part.high > 0]
        if names:
            lines.append(f"The rows differ most in {join_words(names)}.")
    return lines


def _chance(story: GapStory) -> str:
    """Why a gap that was not confirmed may be none; its range is that of one figure that is looked at alone."""
    if story.gap.low * story.gap.high > 0:
        return "Chance can still make that where several figures are looked at, as here: do not rely on it."
    return "That is no more than chance can make."


def _nobody(story: GapStory) -> str:
    """What there is to say when one side has no row."""
    if not story.over_time:
        return (f"There is no row with a known outcome where {story.second if story.rows_first else story.first}, so there is "
                "nothing to compare. Choose another group.")
    side, other = ("before", "a later") if story.rows_first else ("after", "an earlier")
    return f"There is no row with a known outcome in the time {side}, so there is nothing to compare. Choose {other} day."


def _why_not(story: GapStory) -> str:
    """Why a gap was not split."""
    if min(story.rows_first, story.rows_second) < LEAST_ROWS:
        return f"There are too few rows to say more: it takes {LEAST_ROWS} on each side."
    if story.too_few:
        return (f"Rows with the same {quote(story.too_few)} go together, and one side has too few values of it to say more: it "
                "takes 3 of much the same size on each side.")
    names = ", ".join(quote(name) for name in story.left_out[:3])
    told_apart = f", as {names} {'tells' if len(story.left_out) == 1 else 'tell'} the two apart" if names else ""
    other = "dates" if story.over_time else "groups"
    return (f"Hardly any row of one side has one like it on the other{told_apart}: what the two differ in cannot be separated. "
            f"Choose {other} that share more.")


def with_words(drivers: Drivers, outcome: Outcome, over_time: bool) -> tuple[Driver, ...]:
    """The drivers with their sentences."""
    return tuple(replace(driver, sentence=_driver_words(driver, outcome, over_time)) for driver in drivers.drivers)


def _driver_words(driver: Driver, outcome: Outcome, over_time: bool) -> str:
    here, there = ("after", "before") if over_time else ("in the first group", "in the second")
    where = describe_all(driver.conditions)
    if driver.kind == "mix":
        first, second = told_apart(driver.share_first, driver.share_second)
        return (f"Rows where {where} are {first} {here} and {second} {there}: "
                f"{_signed(driver.effect.value, outcome)} ({_range(driver.effect, outcome)}, {CHECKED})."
                f"{_along(driver)}")
    verb = "moved by" if over_time else "differs by"
    return (f"Where {where}, the outcome of rows that are alike {verb} {_signed(driver.effect.value, outcome)} "
            f"({_range(driver.effect, outcome)}, {CHECKED}), elsewhere by {_signed(driver.elsewhere, outcome)}."
            f"{_along(driver)}")


def _along(driver: Driver) -> str:
    """Says of how many other columns a driver is, too."""
    if not driver.also:
        return ""
    one = len(driver.also) == 1
    named = "these columns" if len(driver.conditions) > 1 else quote(driver.conditions[0].column)
    told = f"{'is' if one else 'are'} counted in" if driver.kind == "mix" else "would say much the same"
    return f" {count(len(driver.also), 'other column')} {'goes' if one else 'go'} with {named} and {told}."


def _also(names: tuple[str, ...]) -> str:
    """How many columns go along with one that is named."""
    return f" (and {count(len(names), 'column')} that {'goes' if len(names) == 1 else 'go'} with it)" if names else ""


def _signed(value: float, outcome: Outcome) -> str:
    return signed(value, points if outcome.is_rate else number)


def _range(amount: Amount, outcome: Outcome) -> str:
    return f"95 % range {interval(_signed(amount.low, outcome), _signed(amount.high, outcome))}"
