"""Parts of the pilots page: choose a card and a size, carry it out, send outcomes, and what came of it."""
from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from automl_core.acting import Pilot, PilotChoice, TrackRecord
from automl_core.acting.action import ActionCard
from automl_core.explaining.words import day, short_day
from automl_core.workspace import pilots
from automl_core.workspace.pilots import card_key, pilot_key
from pages.ui import cards, forms, nav, pilot_back, pilot_charts, session
from pages.ui.border import border
from pages.ui.cards import Fact
from pages.ui.theme import FIELD_WIDTH, TEXT_WIDTH
from pages.ui.words import count, cut, lead, number, percent, plain, quoted

STATES = {
    "running": ("Running", "blue", ":material/hourglass_top:"),
    "raised": ("Grade A: measured", "green", ":material/verified:"),
    "retired": ("Retired", "gray", ":material/block:"),
    "cancelled": ("Cancelled", "gray", ":material/close:"),
}
MOST_NAMED = 3
UNTOUCHED = PilotChoice(days=0)  # its days are those that the card says
SHARES = {"Half": 0.5, "One third": 1 / 3, "Two thirds": 2 / 3, "80 %": 0.8}


def title(card: ActionCard) -> str:
    """A card in a few words, for a list to choose from."""
    return f"{move_words(card, 40)} ({count(card.rows, 'row')}, grade {card.grade})"


def move_words(card: ActionCard, limit: int = 60) -> str:
    """The change in short: Contract: Month-to-month → One year; Discount → Yes. Names and values are cut to `limit`."""
    name, to = cut(card.lever, limit), cut(card.to_value, limit)
    if math.isfinite(card.step):
        return f"{name}: {to}"
    first = f"{name}: {cut(card.from_value or 'any', limit)} → {to}"
    return "; ".join([first, *(f"{cut(one.lever, limit)} → {cut(one.to_value, limit)}" for one in card.also)])


def open_pilots(project: str) -> dict[str, Pilot]:
    """The pilots that are running for the present goal, by the keys of their cards; read once for all the cards of a page."""
    newest_last = reversed(session.workspace().pilots.about(project))
    return {pilot_key(pilot): pilot for pilot in newest_last if pilot.state == "running"}


def card_pilot(project: str, card: ActionCard, pilot: Pilot | None) -> None:
    """The button under a card that leads to its running `pilot`, or starts one; none for what is only a hint, or was tested."""
    if card.grade in ("A", "D"):
        return
    if pilot is not None:
        if st.button("See its pilot", icon=":material/science:", key=f"pilot_of_{card_key(card)}"):
            nav.go("pilots", project)
        return
    if st.button("Test it in a pilot", icon=":material/science:", key=f"pilot_of_{card_key(card)}"):
        session.session().drafts[f"pilot_{project}"] = card_key(card)
        nav.go("pilots", project)


def not_offered(cards: list[ActionCard], states: dict[str, str]) -> str:
    """Why some of these cards, or all, cannot be chosen for a pilot: by the states of their pilots, for the keys of cards that
    have one. Empty where each can be."""
    running = [card for card in cards if states.get(card_key(card)) == "running"]
    tested = [card for card in cards if states.get(card_key(card)) in ("raised", "retired")]
    said = []
    if running:
        are, them = ("is", "it") if len(running) == 1 else ("are", "them")
        said.append(f"{_named(running)} {are} being tested: to test {them} again, send the outcomes to the running pilot above, "
                    "or cancel it there.")
    if tested:
        said.append(f"{_named(tested)} {'was' if len(tested) == 1 else 'were'} tested: what came of it is below.")
    if len(running) + len(tested) < len(cards):
        return " ".join(said)
    first = "No other card can be tested now." if cards else "No card of the present goal can be tested."
    return " ".join([first, *said, "To test something else, name more that you can change on the act page and look for actions."])


def _named(some: list[ActionCard]) -> str:
    """Cards by their moves, the first of many."""
    moves = ", ".join(quoted(move_words(card, 40), 160) for card in some[:MOST_NAMED])
    return f"{moves} and {count(len(some) - MOST_NAMED, 'other card')}" if len(some) > MOST_NAMED else moves


@st.fragment
@border()
def start(project: str, usable: list[ActionCard]) -> None:
    """From a card to a running pilot: what a size can see, then the draw. A fragment: a choice does not draw the page anew."""
    by_key = {card_key(card): card for card in usable}
    named = [title(card) for card in usable]  # a choice is known by its label: the same words for others are numbered
    titles = {key: name if named.count(name) == 1 else f"{name}, {place}"
              for place, (key, name) in enumerate(zip(by_key, named, strict=True), start=1)}
    drafts, kept = session.session().drafts, f"pilot_{project}"
    place = list(by_key).index(drafts[kept]) if drafts.get(kept) in by_key else 0
    chosen = by_key[st.selectbox("Card to test", list(by_key), place, format_func=lambda key: titles[key],
                                 key=f"pilot_card_{project}")]
    drafts[kept] = card_key(chosen)
    st.markdown(plain(chosen.sentence, 700), width=TEXT_WIDTH)
    still, kept_out = session.workspace().pilots.open_rows(project, card_key(chosen))
    choice = size(project, chosen, kept_out > 0)
    with border():
        power = session.workspace().pilots.plan(project, card_key(chosen), choice)
        rate = math.isnan(_spread(project))
        cards.facts([
            Fact("Get the change", count(power.treated)), Fact("Stay as they are", count(power.held)),
            Fact("Chance to see it", percent(power.chance),
                 f"weak end: {percent(power.chance_weak)}" if power.per_arm_weak else "",
                 "How often a pilot of this size finds the promised effect when it is real; weak end: when the effect is only "
                 "as large as the low end of its interval."),
            Fact("Smallest effect seen", _size(power.smallest, rate), "" if rate else cut(chosen.counted, 20),
                 "A pilot of this size finds a true effect as large as this in 80 of 100 cases; smaller ones it often misses."),
        ])
        st.markdown(plain(power.sentence, 600), width=TEXT_WIDTH)
        if choice.rows > power.available and (choice.ended or not still):
            some, rows = session.workspace().search.drawn_from(project)
            of = " that are in no other pilot" if session.workspace().act.in_pilots(project) else ""
            if some < rows:
                of += f", among {count(some)} of the {count(rows, 'row')}; of a large table no more are looked at"
            st.caption(f"You asked for {count(choice.rows, 'row')}, and {count(power.available)} can be drawn: those this card "
                       f"is about{of}.")
        # each card has a button of its own, or a second press would start the next card in the list
        if st.button("Start the pilot", type="primary", icon=":material/science:", key=f"start_pilot_{card_key(chosen)}"):
            session.workspace().pilots.start(project, card_key(chosen), choice)
            for name in (kept, f"{kept}_{card_key(chosen)}"):
                drafts.pop(name, None)
            session.note("The pilot has started: download its file next")
            st.rerun()


def size(project: str, card: ActionCard, both: bool) -> PilotChoice:
    """How many rows, which share gets the change, how long, and the seed; where a card is about `both` open rows and such that
    have ended, whether to add these. The fields start from what was typed for this card before another one, or another page,
    was looked at: what is not drawn Streamlit forgets."""
    key, drafts = f"{project}_{card_key(card)}", session.session().drafts
    shown = card.days or 30  # until somebody types others; a card of the same key may name other ones when it is made again
    start: PilotChoice = drafts.get(f"pilot_{key}", UNTOUCHED)
    shares = list(SHARES.values())
    with st.grid(3, min_column_width=FIELD_WIDTH):
        rows = st.number_input("Rows in all", 20, None, start.rows or None, step=10, key=f"pilot_rows_{key}",
                               placeholder="as many as needed", help="Empty takes as many as the promised effect asks for.")
        share = st.selectbox("Who gets the change", list(SHARES), shares.index(start.treated_share), key=f"pilot_share_{key}",
                             help="Half needs the fewest rows. Chance decides which ones.")
        days = st.number_input("Days until outcomes are known", 1, 3650, start.days or shown, key=f"pilot_days_{key}",
                               help="The pilot is decided once they are due. The days until the change shows, if you named them.")
    add = both and st.checkbox("Add rows that have ended", start.ended, key=f"pilot_ended_{key}",
                               help="Rows without an outcome yet come first, for there one can still act. In rows that have "
                                    "ended the change is for their next period: the outcome that is known does not count.")
    with st.expander("Seed of the draw"):
        seed = st.number_input("Random seed", 0, 2**31 - 1, start.seed, key=f"pilot_seed_{key}",
                               placeholder="its own for each pilot",
                               help="The same seed draws the same rows. Empty gives each pilot a seed of its own.")
    made = PilotChoice(int(rows or 0), SHARES.get(str(share), 0.5), int(days), None if seed is None else int(seed), add)
    drafts[f"pilot_{key}"] = replace(made, days=0) if made.days == shown else made
    if drafts[f"pilot_{key}"] == UNTOUCHED:
        del drafts[f"pilot_{key}"]
    return made


def running(pilot: Pilot) -> None:
    """A running pilot: its file, the way back for outcomes, and how it stands."""
    ws = session.workspace()
    with st.container(border=True, key=f"pilot_{pilot.id}"):
        _head(pilot)
        cards.facts([
            Fact("Get the change", count(pilot.treated)), Fact("Stay as they are", count(pilot.held)),
            Fact("Outcomes due", short_day(pd.Timestamp(pilot.due))),
            Fact("Chance to see it", percent(pilot.power.chance)),
        ], inside=True)
        st.download_button(
            "Download who gets the change", partial(ws.pilots.csv, pilot.id), file_name=f"pilot_{pilot.id}.csv", mime="text/csv",
            icon=":material/download:", on_click="ignore", key=f"csv_{pilot.id}")
        st.caption("One line a row: “treat” gets the change, “hold” does not. Fill in the last column when outcomes are known, "
                   "for both sides, and send the file back here.")
        forms.upload("Outcomes of this pilot", f"outcomes_{pilot.id}", partial(ws.pilots.upload, pilot.id))
        if pilot.result is not None:
            st.warning(plain(pilot.result.sentence, 900), title="Not decided yet", icon=":material/hourglass_top:")
            if pilot.sent_name:
                st.caption(f"By the file {quoted(pilot.sent_name, 60)}.")
            if pilot.result.waits:
                _decide(pilot)
        if st.button("Cancel this pilot", key=f"cancel_{pilot.id}", type="tertiary", icon=":material/close:"):
            with border():
                ws.pilots.cancel(pilot.id)
                session.note("The pilot is cancelled; it can be resumed below")
                st.rerun()


def _decide(pilot: Pilot) -> None:
    """The verdict on outcomes that were sent before they were due: now that they are, or early, which it then says."""
    early = pilots.today() < pilot.due_day
    if st.button("Decide now, before they are due" if early else "Decide with these outcomes", key=f"decide_{pilot.id}",
                 icon=":material/gavel:", help="The verdict says that it was early." if early else None):
        with border():
            session.workspace().pilots.decide(pilot.id, pilot.sent)
            st.rerun()


def ended(pilot: Pilot) -> None:
    """A pilot with a verdict, or a cancelled one, and the way back."""
    ws = session.workspace()
    with st.container(border=True, key=f"pilot_{pilot.id}"):
        _head(pilot)
        forms.late(f"outcomes_{pilot.id}", partial(ws.pilots.upload, pilot.id))
        if pilot.state == "cancelled":
            if st.button("Resume it", key=f"resume_{pilot.id}", icon=":material/undo:"):
                with border():
                    ws.pilots.resume(pilot.id)
                    st.rerun()
            return
        assert pilot.result is not None
        st.markdown(lead(pilot.result.sentence), width=TEXT_WIDTH)
        cards.show(pilot_charts.promised(pilot, session.palette()), f"promised_{pilot.id}")
        with st.container(horizontal=True):
            st.download_button(
                "Print this card", partial(ws.decide.pilot_card_html, pilot.id), file_name="card.html", mime="text/html",
                icon=":material/print:", on_click="ignore", key=f"card_{pilot.id}")
            if st.button("Take the result back", key=f"back_{pilot.id}", type="tertiary", icon=":material/undo:",
                         help="When the wrong file was sent: the pilot runs again."):
                pilot_back.ask(pilot)


def _head(pilot: Pilot) -> None:
    word, colour, icon = STATES[pilot.state]
    st.badge(word, color=colour, icon=icon)  # type: ignore[arg-type]
    st.markdown(f"**{plain(move_words(pilot.card))}**", width=TEXT_WIDTH)
    said = pilot.sentence
    if pilot.state in ("raised", "retired"):
        said = f"{count(pilot.treated, 'row')} got the change, {count(pilot.held)} stayed as they were; chance decided which."
    st.caption(plain(f"{said} Started on {day(pilot.started)}.", 500))


def kept(found: TrackRecord) -> None:
    """The track record of the project's cards."""
    st.subheader("Promised and delivered", anchor=False)
    if not found.items:
        st.caption(plain(found.sentence))
        return
    cards.show(pilot_charts.record(found, session.palette()), "track_record")


def _size(value: float, is_rate: bool) -> str:
    if not math.isfinite(value):
        return "none"
    return f"{100 * value:.1f} points" if is_rate else number(value)


def _spread(project: str) -> float:
    """NaN for classes: their effects are shares."""
    return 0.0 if session.workspace().search.problem(project).task == "regression" else math.nan
