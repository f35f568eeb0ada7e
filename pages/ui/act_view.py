"""Parts of the act page: the action cards and the ranked list."""
from __future__ import annotations

import math
from functools import partial
from typing import Literal

import pandas as pd
import streamlit as st

from automl_core.acting import ALIKE_COUNTED, WAYS, Pilot
from automl_core.acting.action import ActionCard, Actions, Goal
from automl_core.explaining.words import NO_CHANGE, NOTHING
from automl_core.workspace.decision_words import grade_words, meant_words, range_words, sure_words, with_costs
from automl_core.workspace.pilots import card_key
from pages.ui import cards, charts, decision_view, pilot_view, session
from pages.ui.cards import Fact
from pages.ui.row_view import digits
from pages.ui.theme import TEXT_WIDTH
from pages.ui.words import count, cut, interval, label, lead, money, money_range, number, percent, plain, quoted, signed, span

COLOURS: dict[str, Literal["green", "blue", "gray"]] = {"A": "green", "B": "blue", "C": "gray", "D": "gray"}


def action_list(project: str, goal: Goal) -> None:
    """The ranked rows under the capacity, with what they are expected to bring."""
    actions = session.workspace().act.actions(project, goal.capacity)
    st.markdown(lead(actions.sentence), width=TEXT_WIDTH)
    cards.covered(project, "Ranked", ranked=True)
    _leans_on(project, goal)
    if math.isfinite(actions.expected_value) and goal.value:
        if not actions.takes_everyone:
            beyond = actions.limited_by
            cards.facts([
                Fact(f"{'First' if actions.mixed else 'Best'} {count(len(actions.rows), 'row')}",
                     money(actions.expected_value, goal.currency), money_range(actions.low, actions.high, goal.currency),
                     plain(range_words(goal, session.workspace().search.problem(project)))),
                Fact("As many at random", money(actions.random_value, goal.currency)),
                Fact("All without outcome" if actions.open else "Acting on everyone",
                     money(actions.everyone_value, goal.currency), "beyond the limit" if beyond else "",
                     f"Beyond {beyond}." if beyond else ""),
            ], columns=3)
        if actions.expected_value > 0:
            cards.show(charts.capacity(actions, session.palette(), goal.currency), "capacity_curve")
    frame = pd.DataFrame([
        {"Rank": row.rank, "Prediction": row.prediction, "Expected value": row.expected_value,
         "Reasons": "; ".join(cut(reason, 60) for reason in row.reasons)}
        for row in actions.rows[: cards.SHOWN_ROWS]
    ])
    if frame.empty:
        return
    names, shown_as = cards.row_names(row.id or str(row.row) for row in actions.rows[: cards.SHOWN_ROWS])
    frame.insert(1, "Row", names)
    if not goal.value:
        frame = frame.drop(columns="Expected value")
    config = st.column_config
    st.dataframe(frame, hide_index=True, key="action_list", height=cards.height(len(frame)),
                 alt=f"The {count(len(frame), 'row')} to act on first", column_config={
                     "Rank": config.NumberColumn(width=52),
                     "Row": shown_as,
                     "Prediction": config.NumberColumn(format=digits(frame["Prediction"]), width=88),
                     "Expected value": config.NumberColumn(f"Expected, {label(goal.currency, 4)}", format="%.2f", width=110),
                     "Reasons": config.TextColumn(width="large")})
    decision_view.about(project, goal, "Predictions and reasons speak of")
    if len(actions.rows) > len(frame):
        st.caption(f"The first {count(len(frame))} of {count(len(actions.rows))} rows; the download has all.")
    st.download_button(
        "Download the list as CSV", partial(session.workspace().act.actions_csv, project, goal.capacity), file_name="ranked.csv",
        mime="text/csv", icon=":material/download:", on_click="ignore", key="actions_csv",
    )
    if actions.assumptions:
        with st.expander("What this rests on"):
            cards.sentences(actions.assumptions)


def _leans_on(project: str, goal: Goal) -> None:
    """Says so when the predictions use a column that the goal of acting says never to use."""
    used = [item.column for item in session.workspace().act.levers(project).columns if item.column in goal.never]
    if used:
        st.caption(f"The predictions behind this list still use {', '.join(quoted(name, 40) for name in used[:5])}, which must "
                   "never be used here. Say so on the goal page, too, and search again: the model then leaves it out.")


def action_cards(project: str, found: Actions, goal: Goal) -> None:
    """Cards: who, what to change, how many, worth how much, how sure; or why there is none."""
    if not found.cards:
        st.markdown(without_cards(found), width=TEXT_WIDTH)
    else:
        st.markdown(standing(found), width=TEXT_WIDTH)
    pilots = pilot_view.open_pilots(project) if found.cards else {}
    for index, card in enumerate(found.cards):
        with st.container(border=True, key=f"card_{index}", gap="small"):
            _card(project, card, goal, pilots.get(card_key(card)))
    for note in found.notes:
        st.caption(plain(note))
    _patterns(found)


def without_cards(found: Actions) -> str:
    """Why there is no card: what was tried did not stand, or nothing could be tried, for the reasons that stand below."""
    if not found.tested:
        below = "; the reasons stand below. Name" if found.notes else ": name"
        return f"Nothing that you can change could be tried, so there is no card{below} other columns that you can change."
    listed = " What was tried is listed below as patterns." if found.patterns else ""
    return f"Nothing that you can change stood every check here: no card is better than a wrong one.{listed}"


def standing(found: Actions) -> str:
    """How many moves were tried, how many stand and what they rest on, and how many a pilot has retired."""
    grades = [card.grade for card in found.cards if card.grade != "D"]
    stand, retired = len(grades), len(found.cards) - len(grades)
    come = "It comes" if stand == 1 else "These come"
    source = ("" if set(grades) <= {"A"} else f" {come} from data as it was, not from a test." if "A" not in grades
              else " Those of grade A come from a test, the others from data as it was.")
    words = (f"{count(found.tested, 'move was', 'moves were')} tried on {count(found.drawn or found.rows, 'row')}; "
             f"{count(stand, 'stands', 'stand') if stand else 'none stands'}.{source}")
    if not retired:
        return words
    return f"{words} {count(retired, 'was', 'were')} retired by {'its pilot' if retired == 1 else 'pilots'}."


def former_cards(found: tuple[ActionCard, ...]) -> None:
    """What stood before the goal was changed, in words: its money and its order are those of the goal as it was."""
    if not found:
        return
    st.markdown("The goal was changed since: look again. These stood before, with the amounts of that time:", width=TEXT_WIDTH)
    cards.sentences([card.sentence for card in found])


def _card(project: str, card: ActionCard, goal: Goal, pilot: Pilot | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(f"{card.grade}: {grade_words(card).short}", color=COLOURS[card.grade])
        st.markdown(f"**{plain(pilot_view.move_words(card))}**")
    st.markdown(plain(meant_words(card), 900), width=TEXT_WIDTH)
    figures, ways = card_figures(card, goal), three_ways(card)
    if len(figures) == len(ways):
        cards.facts(figures + ways, columns=3, inside=True)
    else:
        cards.facts(figures, columns=2, inside=True)
        cards.facts(ways, columns=3, inside=True)
    st.caption("The last three are the same change seen three ways; go by the last one, "
               + ("which was measured where chance decided." if card.by_chance else "which compares like with like."))
    if card.whole_sentence:
        st.caption(plain(card.whole_sentence))
    st.markdown(f"**How sure: {card.grade}.** {plain(sure_words(card), 900)}", width=TEXT_WIDTH)
    if card.overturn:
        st.markdown(f"**What would overturn it:** {plain(card.overturn)}", width=TEXT_WIDTH)
    if card.next_step:
        st.markdown(f"**Do next:** {plain(session.workspace().pilots.next_step(card, pilot))}", width=TEXT_WIDTH)
    with st.container(horizontal=True, gap="small"):
        pilot_view.card_pilot(project, card, pilot)
        decision_view.card_page(project, card)


def card_figures(card: ActionCard, goal: Goal) -> list[Fact]:
    """Rows, the level now and then, and the money of a card; words short enough for two figures side by side on a phone."""
    rate = card.in_points
    found = [Fact("Rows", count(card.rows), f"{percent(card.support)} comparable",
                  "Rows that would change, have rows like them at the new value, and would still look like a real row; the small "
                  "figure is their share of the rows asked about."),
             Fact(plain(card.counted, 40), f"{_level(card.now, rate)} now", f"{_level(card.then, rate)} then")]
    if math.isfinite(card.net_value):
        found.append(Fact(with_costs("Worth", card.whole_cost), money(card.net_value, goal.currency),
                          span(_amount(card.net_low), _amount(card.net_high)),
                          "If all of it is real and every row changes; with its 95 % range."))
    return found


def three_ways(card: ActionCard) -> list[Fact]:
    """The same change seen in three ways, by the names that these have everywhere."""
    rate = card.in_points
    unit = "points" if rate else cut(card.counted, 20)
    seen, said, best = (name.capitalize() for name in WAYS[card.by_chance])
    return [Fact(seen, _bare_gap(card.raw_gap, rate), unit, "It mixes in who the rows are."
                 + (f" {ALIKE_COUNTED}" if card.alike else "")),
            Fact(said, _bare_gap(card.what_if, rate), unit, "How far the prediction moves with it alone."),
            Fact(best, _bare_gap(card.adjusted, rate), _range(card, rate),
                 "With its 95 % range.")]


def _patterns(found: Actions) -> None:
    """What was tried and is not advice, with the reason."""
    if not found.patterns:
        return
    with st.expander(f"Patterns, not advice ({len(found.patterns)})"):
        st.markdown("These differ in the data as it is, but did not stand the checks. Do not act on them. Each move is listed "
                    "once, those that differ most first, seven at most.", width=TEXT_WIDTH)
        for card in found.patterns:
            rate, (seen, _, best) = card.in_points, WAYS[card.by_chance]
            st.markdown(
                f"- **{plain(pilot_view.move_words(card))}**: {seen} {plain(_gap(card.raw_gap, rate))}, {best} "
                f"{plain(_gap(card.adjusted, rate))} ({plain(_range(card, rate))}). {plain(' '.join(card.reasons))}",
                width=TEXT_WIDTH)


def _level(value: float, rate: bool) -> str:
    """A mean outcome; what is estimated of a share may lie beyond all or none."""
    return percent(min(max(value, 0.0), 1.0)) if rate else number(value)


def _amount(value: float) -> str:
    return money(value, "").replace("\u00a0", "")


def _gap(value: float, rate: bool) -> str:
    return _bare_gap(value, rate) + (" points" if rate and math.isfinite(value) else "")


def _bare_gap(value: float, rate: bool) -> str:
    return signed(_told(value, rate), 3) if math.isfinite(value) else "unknown"


def _range(card: ActionCard, rate: bool) -> str:
    low, high = _told(card.low, rate), _told(card.high, rate)
    return NO_CHANGE if low == high == 0 else interval(low, high)


def _told(value: float, rate: bool) -> float:
    """A change as it is told: points of a rate, where what arithmetic loses is none, or the outcome’s own units."""
    return value if not rate else 0.0 if abs(100 * value) < NOTHING else 100 * value
