"""Parts of the page on what happened: confirmed groups with their why, two groups compared, two periods compared."""
from __future__ import annotations

import math
from datetime import date

import streamlit as st

from automl_core.acting import GapStory, Pair, Periods, SegmentStory
from automl_core.acting.action import Condition
from automl_core.jobs import Job
from automl_core.workspace.findings import Question, WhatHappened
from pages.ui import cards, charts, findings_charts, progress, session
from pages.ui.border import border
from pages.ui.cards import Fact
from pages.ui.theme import FIELD_WIDTH, TEXT_WIDTH
from pages.ui.words import count, edge, lead, number, percent, plain, quoted, signed

OTHERS = "All others"
LIMIT = "This describes data as it was. Groups differ in more than is in the table, so it does not say what brings a gap about."


def groups(project: str, found: WhatHappened | None, label: str) -> None:
    """Groups whose outcome differs, or the way to look for them."""
    ws = session.workspace()
    going = ws.findings.ongoing(project, label)
    if going.here is not None:
        progress.watch(going.here)
        return
    if found is not None:
        _told(project, found, label, again=going.elsewhere is None)
    if going.elsewhere is not None:  # one after the other: each takes all processors
        progress.of_another(going.elsewhere, _other_question(project, going.elsewhere, label, found is None))
    elif found is None:
        progress.failure(project, "findings", ws.findings.asked_for(project, label))
        with st.container(border=True):
            st.markdown("Groups are looked for on one half of the rows and kept only when the other half confirms them.",
                        width=TEXT_WIDTH)
            if st.button("Look for groups", type="primary", icon=":material/travel_explore:", key="look_for_groups"):
                with border():
                    ws.findings.start(project, label)
                    st.rerun()


def _other_question(project: str, job: Job, label: str, waits: bool) -> str:
    """What a job looks for that was asked for something else: another class, another goal or other data."""
    asked = str(job.body.get("label", ""))
    if {**job.body, "label": label} == session.workspace().findings.asked_for(project, label):
        return f"This counts {quoted(asked, 40)}" + (f"; {quoted(label, 40)} can follow when it has ended." if waits else ".")
    return ("Groups are being looked for in other data or for another goal"
            + ("; these can follow when that has ended." if waits else "."))


def _told(project: str, found: WhatHappened, label: str, again: bool) -> None:
    """The groups, the first of them in words; `again`: newer reasons may be asked for."""
    search = found.search
    if not search.looked_at:
        st.markdown(plain(search.why_none), width=TEXT_WIDTH)
        return
    looked = f"{count(search.looked_at, 'group was', 'groups were')} looked at and {count(search.tested)} tested"
    if not search.segments:
        st.markdown(f"**No group differs from the rest by more than chance.** {looked}; none was confirmed.", width=TEXT_WIDTH)
        return
    st.markdown(f"**{plain(search.segments[0].sentence)}**", width=TEXT_WIDTH)
    st.caption(f"{looked}; {count(len(search.segments))} confirmed on rows that were not used to find them."
               + (f" {plain(search.note)}" if search.note else ""))
    cards.show(charts.segments(search, session.palette()), "happened_segments")
    if again and session.workspace().findings.could_tell_why(project, found):
        _again(project, found, label)
    _one_group(found)
    with st.expander("All in words"):
        cards.sentences([f"{story.segment.sentence} {story.sentence}" for story in found.stories])


def _again(project: str, found: WhatHappened, label: str) -> None:
    """The button that asks a model which was not there when the groups were looked for."""
    progress.failure(project, "findings", session.workspace().findings.asked_for(project, label))
    with st.container(border=True):
        st.markdown("The reasons below are those of an earlier model: there is a newer one now." if found.with_model else
                    "There is a model now that can say why these groups differ.", width=TEXT_WIDTH)
        if st.button("Look again with the model", icon=":material/travel_explore:", key="look_again"):
            with border():
                session.workspace().findings.start(project, label)
                st.rerun()


def _one_group(found: WhatHappened) -> None:
    st.subheader("One group", anchor=False)
    names = {index: charts.condition_words(story.segment.conditions) for index, story in enumerate(found.stories)}
    chosen = st.selectbox("Group", list(names), format_func=lambda index: names[index], key="happened_group")
    story = found.stories[chosen or 0]
    scale, unit = _scale(found.search.in_points)
    segment = story.segment
    span = f"{signed(segment.low * scale)} to {signed(segment.high * scale)}"
    facts = [Fact("Difference", f"{signed(segment.difference * scale)} {unit}", span,
                  "With its 95 % interval. It is measured on the rows that were not used to find the group, "
                  f"{count(segment.rows)} of them in it."),
             Fact("Share of all rows", percent(story.share_rows), count(story.rows, "row") if story.rows else "")]
    if math.isfinite(story.share_outcome):
        facts.append(Fact("Share of the outcome", percent(story.share_outcome), story.of_all or f"of all {found.search.outcome}",
                          "In all rows."))
    facts.append(Fact("Steady", f"{story.same_sign} of 5", "parts of all rows agree",
                      f"It tells {percent(story.explained)} of how the outcome varies from row to row."))
    cards.facts(facts)
    if story.reasons:
        _why(story, unit, scale)
    elif not found.with_model:
        st.caption("There was no model of this data when the groups were looked for, so nothing is said about why they differ.")
    else:
        st.caption("The group has too few rows in the sample to say why it differs.")


def _why(story: SegmentStory, unit: str, scale: float) -> None:
    cards.show(findings_charts.waterfall(story, unit, scale, session.palette()), "happened_why")
    st.caption("The difference is that of the rows that checked the group. The parts are what the model makes of each column in "
               "a sample of all rows, inside the group against elsewhere. What they do not account for is not explained.")


def two_groups(project: str, label: str) -> None:
    """Choose two groups and see what their gap is made of."""
    with border():
        choices = session.workspace().findings.choices(project).groups
        if not choices:
            st.markdown("No column has groups to compare.", width=TEXT_WIDTH)
            return
        st.markdown("Choose two groups: their gap is split into which rows they have, and what happens to rows that are alike.",
                    width=TEXT_WIDTH)
        with st.grid(3, min_column_width=FIELD_WIDTH):
            column = st.selectbox("Column", list(choices), key="compare_column")
            levels = choices[column]
            names = [_level(level) for level in levels]
            one = st.selectbox("First group", range(len(levels)), format_func=lambda index: names[index],
                               key=f"compare_first_{column}")
            rest = [index for index in range(len(levels)) if index != one]
            other = st.selectbox("Second group", [*rest, -1], format_func=lambda index: OTHERS if index < 0 else names[index],
                                 key=f"compare_second_{column}_{one}")
        pair = Pair((levels[one],), () if other is None or other < 0 else (levels[other],))
        others = OTHERS if other == -1 else quoted(names[other], 30)
        _answered(project, Question(pair), (quoted(names[one], 30), others), label)


def _level(condition: Condition) -> str:
    """A value as it is, a range in words."""
    if condition.values:
        return " or ".join(condition.values)
    if condition.only:
        return condition.only
    if math.isnan(condition.low):
        return f"under {edge(condition.high)}"
    if math.isnan(condition.high):
        return f"{edge(condition.low)} or more"
    return f"{edge(condition.low)} to {edge(condition.high)}"


def two_periods(project: str, label: str) -> None:
    """Choose a date and see what the change is made of."""
    with border():
        times = session.workspace().findings.choices(project).times
        if not times:
            cards.empty("No dates to compare by", "This table has no column of dates, so there is no before and after. If a "
                        "column holds dates as text, say on the data page that its type is Date.", "data", "Look at the columns")
            return
        st.markdown("Choose a day: the change is split into which rows there are, and what happens to rows that are alike.",
                    width=TEXT_WIDTH)
        with st.grid(3, min_column_width=FIELD_WIDTH):
            column = st.selectbox("Column that says when", list(times), key="period_column")
            first, middle, last = (date.fromisoformat(day) for day in times[column])
            day = st.date_input("First day that counts as after", middle, min_value=first, max_value=last,
                                key=f"period_split_{column}", format="YYYY-MM-DD")
        if isinstance(day, date):
            _answered(project, Question(periods=Periods(column, day.isoformat())), ("After", "Before"), label)


def _answered(project: str, question: Question, names: tuple[str, str], label: str) -> None:
    ws = session.workspace()
    story = ws.findings.answer(project, question, label)
    if story is not None:
        _story(story, names)
        return
    job = ws.findings.job(project, question, label)
    if job is not None and job.active:
        progress.watch(job)
        return
    progress.failed(job)
    if st.button("Compare", type="primary", icon=":material/compare_arrows:", key="compare"):
        ws.findings.ask(project, question, label)
        st.rerun()


def _story(story: GapStory, names: tuple[str, str]) -> None:
    st.markdown(lead(story.sentence), width=TEXT_WIDTH)
    scale, unit = _scale(story.is_rate)
    level = percent if story.is_rate else number
    items = [Fact(names[0], level(story.mean_first), count(story.rows_first, "row")),
             Fact(names[1], level(story.mean_second), count(story.rows_second, "row"))]
    if story.over_time:
        items.reverse()
    if math.isfinite(story.support):
        items.append(Fact("Rows with one alike", percent(story.support), "on the other side", "Only these are compared."))
    cards.facts(items, columns=len(items))
    if story.drawn:
        st.caption(story.drawn)
    if not math.isfinite(story.gap.value):
        return
    cards.show(findings_charts.split(story, unit, scale, session.palette()), "gap_split")
    if story.columns:
        cards.show(findings_charts.mix(story, unit, scale, session.palette()), "gap_mix")
    st.subheader("What drove it" if "gap" in story.confirmed else "What pulls it either way", anchor=False)
    tested = f"{count(story.looked_at, 'group')} looked at, {count(story.tested)} tested on rows that were not used to find them"
    if story.drivers:
        cards.sentences([driver.sentence for driver in story.drivers])
        st.caption(f"{tested}, {count(len(story.drivers))} confirmed.")
    else:
        st.markdown(f"No single group was confirmed to drive it: {tested}.", width=TEXT_WIDTH)
    if story.left_out:
        names_out = ", ".join(story.left_out[:6])
        st.caption(plain(f"Not compared on, because they tell the two sides apart by themselves: {names_out}."))
    st.caption(LIMIT)


def _scale(in_points: bool) -> tuple[float, str]:
    """How differences are shown: those of shares as percentage points, numbers as they are."""
    return (100.0, "points") if in_points else (1.0, "")
