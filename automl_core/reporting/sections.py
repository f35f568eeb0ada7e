"""Short sections of the report, there only when the work behind them was done: findings, tests, track record, fairness."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from automl_core.acting.action import Condition, Goal
from automl_core.acting.conditions import describe_all
from automl_core.acting.experiment import Experiment
from automl_core.acting.gap_story import GapStory
from automl_core.acting.pilot_result import cost_now, did_harm, ended_words
from automl_core.acting.pilots import Pilot, change_words
from automl_core.acting.segment_stories import SegmentStory
from automl_core.acting.track_record import TrackRecord
from automl_core.data.words import join_words
from automl_core.explaining import Fairness, Spread
from automl_core.explaining.words import count, day, percent, quote
from automl_core.reporting.report import Section

MOST_LINES = 4
MOST_AUDITS = 2
SMALLEST_GROUP = 5
# Columns whose values may point at a person: their values stay out of a page that is shared by a link.
PERSONAL = re.compile(r"e-?mail|phone|mobile|iban|passport|ssn|street|address|(first|last|full|sur)[ _]?name|^name$|birth", re.I)


@dataclass(frozen=True, slots=True)
class SectionInputs:
    """What was done besides the model; each part is empty when it was not."""

    stories: tuple[SegmentStory, ...] = ()
    comparisons: tuple[GapStory, ...] = ()
    experiment: Experiment | None = None
    pilots: tuple[Pilot, ...] = ()
    record: TrackRecord | None = None
    audits: tuple[Fairness, ...] = ()
    unaudited: Mapping[str, str] = field(default_factory=dict)


def make_sections(inputs: SectionInputs, goal: Goal | None = None) -> tuple[Section, ...]:
    """The sections that have something to say, in the order of the walk; every text is final and names no small group.

    Money is said where it is by the amounts of `goal`, as in the rest of the report; without one as it was said then.
    """
    made = (
        Section("What happened", _happened(inputs, goal.never if goal is not None else ())),
        Section("What the experiment showed", _experiment(inputs.experiment)),
        Section("What pilots showed", _pilots(inputs, goal)),
        Section("Fair to everybody?", _fairness(inputs.audits, inputs.unaudited)),
    )
    return tuple(section for section in made if section.lines)


def _happened(inputs: SectionInputs, never: tuple[str, ...]) -> tuple[str, ...]:
    """Comparisons that were asked for, then confirmed groups with what they amount to; none of a column that must not be used."""
    lines = []

    def withheld(conditions: tuple[Condition, ...]) -> bool:
        return any(_personal(one.column) or one.column in never for one in conditions)

    told = [one for one in inputs.comparisons
            if not any(quote(name) in f"{one.sentence} {one.first} {one.second}" for name in never)]
    for story in told[:2]:
        if min(story.rows_first, story.rows_second) >= SMALLEST_GROUP and not _personal(f"{story.first} {story.second}"):
            lines.append(f"{story.sentence} {story.drawn}".strip())
            named = [one for one in story.drivers if not withheld(one.conditions)]
            lines.extend(driver.sentence for driver in named[:1])
    for one in inputs.stories:
        conditions = one.segment.conditions
        if one.segment.rows >= SMALLEST_GROUP and not withheld(conditions):
            told_of = one.of_all and math.isfinite(one.share_outcome)
            share = f", with {percent(one.share_outcome)} {one.of_all}" if told_of else ""
            lines.append(f"Where {describe_all(conditions)}: {percent(one.share_rows)} of all rows{share}.")
    return tuple(lines[:MOST_LINES])


def _experiment(found: Experiment | None) -> tuple[str, ...]:
    if found is None:
        return ()
    if found.refused:
        return (f"{quote(found.treatment)} cannot be read as an experiment. {found.refused}",)
    who = () if _personal(" ".join(found.who)) else found.who[:1]
    by = "effect" if found.priced_by else "gain"
    return (found.sentence, f"Ranked by {by}, on rows the ranking had not seen: {found.areas}.", *who, found.advice)


def _pilots(inputs: SectionInputs, goal: Goal | None) -> tuple[str, ...]:
    """The track record first, then each pilot with its result, then those that are running."""
    lines = [inputs.record.sentence] if inputs.record is not None and inputs.record.items else []
    for pilot in inputs.pilots:
        move = change_words(pilot.card)
        if pilot.state == "running":
            lines.append(f"{move}: a pilot is running on {count(pilot.treated + pilot.held, 'row')}; outcomes are due on "
                         f"{day(date.fromisoformat(pilot.due[:10]))}.")
        elif pilot.result is not None and pilot.state in ("raised", "retired"):
            why = "it did harm" if did_harm(pilot, pilot.result) else "the effect was not seen"
            end = "measured, grade A" if pilot.state == "raised" else f"retired, because {why}"
            by = goal or pilot.goal
            cost = cost_now(pilot.card, goal) if goal is not None else pilot.card.whole_cost
            lines.append(f"{move} ({end}): {ended_words(pilot, pilot.result, by, cost)}")
    return tuple(lines[:MOST_LINES])


def _fairness(audits: tuple[Fairness, ...], unaudited: Mapping[str, str]) -> tuple[str, ...]:
    """What differs between groups of people, the columns with the widest sure gap first, or why that is not known; what is so
    for all of them, and what it cannot settle, once."""
    lines: list[str] = []
    ordered = sorted(audits, key=_sure_gap, reverse=True)
    for audit in ordered[:MOST_AUDITS]:
        lines += [f"By {quote(audit.column)}: {audit.sentences[0]}", *_errors(audit)] if audit.sentences else []
    others = join_words([quote(audit.column) for audit in ordered[MOST_AUDITS:]])
    if others:
        lines.append(f"Also compared, but not shown here, as the gaps that are sure are no wider: {others}.")
    first = ordered[0] if ordered else None
    last = tuple(filter(None, (first.note, *first.sentences[-1:]))) if first and len(first.sentences) > 2 else ()
    return (*lines, *(f"By {quote(name)}: {why}" for name, why in unaudited.items()), *last)


def _errors(audit: Fairness) -> tuple[str, ...]:
    """What is said of the errors: of a class who is found, or who is called so all the same where that gap is wider."""
    wider = audit.is_class and _sure(audit.false_alarms) > _sure(audit.found)
    return audit.sentences[2:3] if wider else audit.sentences[1:2]


def _sure_gap(audit: Fairness) -> float:
    """The widest of the gaps told here, as far as chance cannot make it."""
    told = (audit.parity, audit.found, audit.false_alarms) if audit.is_class else (audit.residual, audit.error)
    return max(map(_sure, told))


def _sure(spread: Spread) -> float:
    return spread.low if spread.clear else 0.0


def _personal(text: str) -> bool:
    return PERSONAL.search(text) is not None
