"""What the goal form of acting asks about each column that can be changed."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from automl_core.acting.action import MOST_DAYS, Direction, Goal, Lever
from automl_core.data.words import first_few
from automl_core.workspace.lever_choices import LeverChoice, LeverChoices, spelled_as
from pages.ui import act_words
from pages.ui.theme import FIELD_WIDTH, NARROW_FIELD_WIDTH
from pages.ui.words import count, cut, plain, quoted, signed

DIRECTIONS: dict[str, Direction] = {"Both ways": "", "Only up": "up", "Only down": "down"}
ARROW = " → "
MOST_MOVES = 200  # a longer list to choose from is slow and cannot be read
MOST_NAMED = 8
LONGEST = 200  # a choice is known by its label: values that begin alike must not be cut to the same one


def levers(goal: Goal, choices: LeverChoices, key: str) -> Goal:
    """The goal with what is said of each of its levers: values or steps, limits, moves that must not be proposed, costs."""
    found = {choice.column: choice for choice in choices.columns}
    places = {column: place for place, column in enumerate(found)}  # they stay, whatever is picked
    said = []
    for lever in goal.levers:
        if lever.column not in found:  # a date of a file; or the model left it out: it only says who was treated
            said.append(lever)
            if lever.column in choices.unlisted:
                st.caption(act_words.as_in_file(lever))
            continue
        with st.container(border=True, gap="small"):
            st.markdown(f"**{plain(lever.column)}**")
            if alone := act_words.one_value(found[lever.column]):
                st.caption(alone)
            said.append(_lever(lever, found[lever.column], f"{key}_{places[lever.column]}_{lever.column}"))
    return replace(goal, levers=tuple(said))


def _lever(lever: Lever, choice: LeverChoice, key: str) -> Lever:
    made = _number(lever, choice, key) if choice.number else _category(lever, choice, key)
    unit: float | None = lever.unit_cost
    with st.grid(3 if choice.number else 2, min_column_width=FIELD_WIDTH):
        cost = st.number_input("Cost of the change, each row", 0.0, value=lever.cost, key=f"{key}_cost", format="%.6g")
        if choice.number:
            unit = st.number_input("Cost of each unit changed", 0.0, value=lever.unit_cost, key=f"{key}_unit_cost", format="%.6g",
                                   help="Comes on top: at 2, a change by 5 costs 10 more.")
        known = min(max(lever.days, 0), MOST_DAYS)  # a goal of before this was refused must open, to be mended
        days = st.number_input("Days until it shows", 0, MOST_DAYS, value=known, key=f"{key}_days")
    return replace(made, cost=float(cost or 0), unit_cost=float(unit or 0), days=int(days or 0))


def _category(lever: Lever, choice: LeverChoice, key: str) -> Lever:
    lever = spelled_as(lever, choice)  # a file may say 2.0 of what is listed as 2
    values = list(dict.fromkeys((*choice.values, *lever.to, *lever.from_values)))
    rows = dict(zip(choice.values, choice.rows, strict=True))
    rare = choice.of > len(choice.values)  # of what is not listed then, nobody counted the rows
    names: dict[str, Any] = {"format_func": lambda value: cut(value, LONGEST) + (
        "" if rare and value not in rows else f" ({count(rows.get(value, 0))})")}
    steps = math.isfinite(lever.step) and st.toggle(
        f"Moved by {_step_words(lever)}, not to a value", value=True, key=f"{key}_steps",
        help="So says the goal as a file. Switch it off to choose values under “To”.")
    left, right = st.columns(2, gap="medium")
    names["placeholder"] = "Any value"
    sources = left.multiselect("From", values, default=list(lever.from_values), key=f"{key}_from", **names)
    targets = right.multiselect("To", values, default=list(lever.to), key=f"{key}_to", disabled=steps, **names)
    if rare:
        st.caption(f"These are the {count(len(choice.values))} commonest of {count(choice.of, 'value')}: name another one in the "
                   "goal as a file.")
    lever, targets = (lever, []) if steps else (replace(lever, step=math.nan, relative=False), targets)
    pairs = [(a, b) for a in sources or values for b in targets or values if a != b]
    chosen = [pair for pair in pairs if pair in lever.forbidden]
    forbidden = st.multiselect("Never propose", pairs, default=chosen, key=f"{key}_forbidden",
                               format_func=lambda pair: f"{cut(pair[0], LONGEST)}{ARROW}{cut(pair[1], LONGEST)}",
                               placeholder="Moves that must not be proposed") if 1 < len(pairs) <= MOST_MOVES else chosen
    if len(pairs) > MOST_MOVES:
        kept = f"; {count(len(chosen), 'move stays', 'moves stay')} forbidden" if chosen else ""
        st.caption(f"{count(len(pairs), 'move')} are too many to list{kept}. To say which must never be proposed, name fewer "
                   "values in From and To, or write them under “forbidden” in the goal as a file.")
    unlisted = [pair for pair in lever.forbidden if pair not in pairs]  # as of steps, or of values that are not named any more
    kept = _kept_forbidden(unlisted, key)
    return replace(lever, from_values=tuple(sources), to=tuple(targets), forbidden=(*forbidden, *kept))


def _step_words(lever: Lever) -> str:
    """The step of a lever: “−5 %” or “10”."""
    return f"{signed(100 * lever.step, 3)} %" if lever.relative else signed(lever.step, 3)


def _kept_forbidden(pairs: Sequence[tuple[str, str]], key: str) -> tuple[tuple[str, str], ...]:
    """The forbidden moves that the form does not list, unless somebody lifts them."""
    if not pairs:
        return ()
    named = "; ".join(first_few([f"{cut(a, 40)}{ARROW}{cut(b, 40)}" for a, b in pairs], MOST_NAMED, "and "))
    moves = count(len(pairs), "forbidden move that is", "forbidden moves that are")
    kept = st.toggle(f"Keep {moves} not listed here", value=True, key=f"{key}_unlisted",
                     help=plain(f"Never proposed while this is on: {named}.", 900))
    return tuple(pairs) if kept else ()


def _number(lever: Lever, choice: LeverChoice, key: str) -> Lever:
    nan = math.nan
    if lever.to and st.toggle(f"Moved to {', '.join(quoted(one, 30) for one in lever.to[:6])}, not by steps", value=True,
                              key=f"{key}_values", help="So says the goal as a file. Switch it off to choose a step."):
        return replace(lever, step=nan, relative=False)
    shown = next(word for word, name in DIRECTIONS.items() if name == lever.direction)
    word = st.segmented_control("May go", list(DIRECTIONS), default=shown, key=f"{key}_direction", required=True)
    span = f"{choice.low:,.6g} to {choice.high:,.6g}"
    with st.grid(4, min_column_width=NARROW_FIELD_WIDTH, vertical_alignment="bottom"):
        step = st.number_input("Step (empty: found)", value=_known(lever.step), key=f"{key}_step", format="%.6g",
                               help="−5 lowers it by five. Left empty, steps that rows like these show are tried.")
        share = st.toggle("Step is a share", lever.relative, key=f"{key}_relative", help="0.1 then means ten percent.")
        low = st.number_input("Not below", value=_known(lever.low), key=f"{key}_low", format="%.6g", help=f"In the data: {span}.")
        high = st.number_input("Not above", value=_known(lever.high), key=f"{key}_high", format="%.6g",
                               help=f"In the data: {span}.")
    return replace(
        lever, to=(), direction=DIRECTIONS.get(word or "", ""), step=nan if step is None else float(step), relative=bool(share),
        low=nan if low is None else float(low), high=nan if high is None else float(high),
        forbidden=_kept_forbidden(lever.forbidden, key))


def _known(value: float) -> float | None:
    """A number as its field starts: empty where there is none, or none that a field can hold."""
    return value if math.isfinite(value) else None
