"""The goal form of acting: what is wanted, what it is worth, what can be changed, and what must stay out."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from automl_core.acting.action import MOST_LEVERS, MOST_ROWS, Goal, Lever
from automl_core.registry import Field
from automl_core.workspace.lever_choices import LeverChoices
from automl_core.workspace.views import Run
from pages.ui import act_levers, act_saved, act_words, forms, rate_offer, session
from pages.ui.border import border
from pages.ui.theme import FIELD_WIDTH, TEXT_WIDTH
from pages.ui.words import count, money, plain, quoted

MONEY = (
    Field("value", "Worth of one outcome turned good", "number", 0.0, minimum=0,
          help="In money, for each row that is turned (for a number: for each unit)."),
    Field("currency", "Currency", "text", "€"),
    Field("capacity", "Rows you can act on", "integer", 0, minimum=0,
          help="0 sets no limit: with money every row worth its cost, without money a tenth of those that you can still act on."),
    Field("budget", "Money you can spend", "number", 0.0, minimum=0, help="0 means no limit."),
    Field("contact_cost", "Cost of acting on one row", "number", None, minimum=0,
          help="For the list of rows to act on. Left empty: what the dearest change below costs. 0: acting costs nothing."),
    Field("save_rate", "Share that acting turns, %", "number", 20.0, minimum=0, maximum=100,
          help="For the list of rows; your estimate until a pilot has measured it."),
)


def summary(goal: Goal, numbers: bool = False) -> None:
    """The saved goal in one or two sentences; of `numbers` each unit is worth something."""
    words = f"Wanted: {quoted(goal.outcome)} is **{plain(goal.good)}**"
    if goal.value_column:
        words += f", worth what {quoted(goal.value_column, 40)} says of each row."
    else:
        each = f"a unit of {quoted(goal.outcome, 40)}" if numbers else "each"
        words += f", worth {plain(money(goal.value, goal.currency))} {each}." if goal.value else ". No money was given yet."
    if goal.priced:
        words += f" {act_words.cost_words(goal)}"
    if goal.levers:
        names = ", ".join(quoted(lever.column, 40) for lever in goal.levers[:5])
        words += f" You can change {names}{' and more' if len(goal.levers) > 5 else ''}."
    else:
        words += " Nothing was named yet that you can change."
    st.markdown(words, width=TEXT_WIDTH)


@st.fragment
def form(project: str, goal: Goal, beside: Callable[[bool], None]) -> None:
    """Edit, save, clear, download and upload the goal. Every widget starts from the saved goal, or from what was typed and not
    saved before the page was left; only Save keeps it.

    A fragment, so that what is typed draws the form anew and not the page. `beside` draws, into places of the page, the buttons
    that stand back while the form differs from the saved goal.
    """
    with border():
        _form(project, goal)
    beside(unsaved(project))


def _form(project: str, goal: Goal) -> None:
    state = session.session()
    start, key = _begun(project, goal)
    choices = session.workspace().act.levers(project)
    wanted = _wanted(project, start, choices, key)
    measured = rate_offer.offered(project, wanted, goal, key)
    taken = st.empty()  # what a row costs hangs on the changes, which are named below
    draft = rate_offer.still_measured(project, act_levers.levers(_roles(wanted, choices, key), choices, key), start)
    if measured is not None:  # what else was typed stays
        _restart(project, replace(draft, save_rate=measured.rate, save_range=(measured.low, measured.high)))
        st.rerun()
    if not draft.cost_given:
        taken.caption(act_words.cost_taken(draft), width=TEXT_WIDTH)
    changed = act_saved.differs(draft, goal, choices)
    state.drafts[f"act_changed_{project}"] = changed
    state.drafts[f"act_typed_{project}"] = draft if changed else None
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Save goal", type="primary" if changed else "secondary", icon=":material/flag:", key=f"{key}_save"):
            with border():
                saved = act_saved.save(project, draft)
                _restart(project, None if saved else draft)
                if saved:
                    session.note("The goal is saved.")
                st.rerun()
        if st.button("Undo changes", disabled=not changed, key=f"{key}_undo", icon=":material/undo:"):
            _restart(project, None)
            st.rerun()
        if st.button("Clear", key=f"{key}_clear", help="Start again from what the column names suggest."):
            _restart(project, _cleared(goal, choices))
            st.rerun()
    act_saved.refused(project)
    if changed:
        experiment = act_words.experiment_differs(draft, goal)
        st.caption(f"The form differs from the saved goal; cards are made for the saved one. {experiment}")
    _files(project, key)


def _begun(project: str, goal: Goal) -> tuple[Goal, str]:
    """What the widgets start from, and their key. Streamlit forgets what was typed while another page is open, and a new problem
    has others: then they are drawn anew, from the draft, unless it is about another outcome."""
    drafts, ws = session.session().drafts, session.workspace()
    run = ws.search.needed(project)
    if session.widget(f"{_key(run)}_good") is None:
        typed = drafts.get(f"act_typed_{project}")
        fits = typed and ws.act.fitted(run, typed)
        _restart(project, fits)
        if fits is None:
            act_saved.begun(project, goal)
    start: Goal = drafts.get(f"act_start_{project}") or act_saved.started(project, goal)
    return start, _key(run)


def _key(run: Run) -> str:
    turn = session.session().drafts.get(f"act_turn_{run.project_id}", 0)
    return f"act_{run.project_id}_{run.problem}_{turn}"


def unsaved(project: str) -> bool:
    """Whether something in the form was not saved when it was drawn last."""
    return bool(session.session().drafts.get(f"act_changed_{project}"))


def renew(project: str, change: Callable[[Goal], Goal]) -> None:
    """Draw the form anew when the saved goal was changed beside it; what is not saved in it stays, with the same `change`."""
    typed = session.session().drafts.get(f"act_typed_{project}")
    act_saved.renewed(project)
    _restart(project, typed and change(typed))


def _restart(project: str, start: Goal | None) -> None:
    """Draw every widget anew, from `start` or from the saved goal."""
    drafts = session.session().drafts
    drafts[f"act_turn_{project}"] = drafts.get(f"act_turn_{project}", 0) + 1
    drafts[f"act_typed_{project}"], drafts[f"act_changed_{project}"] = start, start is not None
    if start is None:
        drafts.pop(f"act_start_{project}", None)
    else:
        drafts[f"act_start_{project}"] = start


def _cleared(goal: Goal, choices: LeverChoices) -> Goal:
    return Goal(goal.outcome, goal.good, given=choices.given, currency=goal.currency)


def _wanted(project: str, start: Goal, choices: LeverChoices, key: str) -> Goal:
    classes = session.workspace().search.problem(project).classes or ("low", "high")
    good = st.selectbox(f"Wanted outcome of {quoted(start.outcome, 40)}", classes, key=f"{key}_good",
                        index=classes.index(start.good) if start.good in classes else 0)
    mean = bool(start.value_column)  # then the one value is that of the column, which a field shows as an amount
    given = {item.name: getattr(start, item.name) for item in MONEY} | {
        "contact_cost": start.contact_cost if start.cost_given else None,
        "value": round(start.value, 2) if mean else start.value, "save_rate": round(100 * start.save_rate, 6),
        "capacity": min(max(start.capacity, 0), MOST_ROWS)}
    with st.grid(3, min_column_width=FIELD_WIDTH):
        column = _worth(start, choices, key)
        values = forms.fields(MONEY[1:] if column else MONEY, key, given)
    amounts = {item.name: float(values[item.name] or 0) for item in MONEY if item.kind == "number" and item.name in values}
    rate = amounts["save_rate"] / 100
    kept = math.isclose(rate, start.save_rate, abs_tol=1e-8)  # the field has six digits of a percentage
    return replace(
        start, good=str(good), contact_cost=amounts["contact_cost"], budget=amounts["budget"],
        contact_free=values["contact_cost"] == 0, capacity=int(values["capacity"] or 0),
        value=amounts.get("value", start.value if column == start.value_column else 0.0), value_column=column,
        value_middle=start.value_middle if column == start.value_column else None,
        save_rate=start.save_rate if kept else rate, save_range=start.save_range if kept else (),
        currency=str(values["currency"] or "€")[:3])


def _worth(start: Goal, choices: LeverChoices, key: str) -> str:
    """The column that says what each row is worth; empty for one worth for all."""
    names = list(dict.fromkeys((*choices.amounts, *([start.value_column] if start.value_column else []))))
    place = names.index(start.value_column) if start.value_column else None
    column = st.selectbox("Column with the worth of each row", names, place, key=f"{key}_value_column",
                          placeholder="None: one worth for all",
                          help="Such as the customer’s yearly revenue: the list then goes by risk times worth.")
    return str(column) if column else ""


def _roles(start: Goal, choices: LeverChoices, key: str) -> Goal:
    """Which columns can be changed, which were measured afterwards, and which must not be used. Of those that the form does not
    offer it lists what the goal names: a file may say so of a date, or of a column that the model does not see."""
    names = [choice.column for choice in choices.columns]
    levers = [lever.column for lever in start.levers if lever.column in (*names, *choices.unlisted)]
    picked = st.multiselect("What you can change", [*names, *(n for n in levers if n not in names)], levers, key=f"{key}_levers",
                            max_selections=max(MOST_LEVERS, len(levers)),  # more may have been saved before this was refused
                            placeholder="Choose the columns that somebody decides: a contract, a discount, a channel",
                            help="Only these are ever proposed to be changed.")
    if missing := act_words.not_offered(start, choices):
        st.caption(missing)
    offered = [name for name in choices.suggested if name not in picked]
    if offered:
        st.caption(f"By their names these may be such columns: {', '.join(quoted(name, 30) for name in offered[:8])}.")
    rest = [name for name in names if name not in picked]
    left, right = st.columns(2, gap="medium")
    after, checks = ([n for n in role if n in rest or n not in names] for role in (start.later, start.negative_control))
    later = left.multiselect(
        "Measured only after the change", [*rest, *(n for n in after if n not in names)], default=after, key=f"{key}_later",
        help="What follows from the change, such as a total paid. Comparing on it would hide a part of the effect.")
    unset = [name for name in choices.later if name not in later and name in rest]
    if unset:
        left.caption(f"By their names, perhaps: {', '.join(quoted(name, 30) for name in unset[:6])}.")
    usable = [name for name in rest if name not in later]
    barred = [name for name in start.never if name in usable]
    never = right.multiselect("Never to be used here", usable, default=barred, key=f"{key}_never",
                              help="Neither compared on nor used to say who is meant: what you must not decide by.")
    others = [name for name in rest if name not in later and name not in never]
    checks = [name for name in checks if name in others or name not in names]
    control = st.multiselect(
        "No change can move these (a check)", [*others, *(n for n in checks if n not in names)], default=checks,
        key=f"{key}_negative_control", placeholder="None", help="Such as last year’s outcome. Where a change seems to move it, "
        "too, something is not recorded, and its card gets grade C at best.")
    known = [name for name in others if name not in control]
    extra = tuple(name for name in start.never if name not in names)  # columns the model left out stay named
    taken = {*later, *never, *extra, *control, *(name for name in picked if name not in levers)}
    given = tuple(name for name in start.given if name not in taken)
    marked = [name for name in start.given or choices.given if name in known]
    words = f"The other {count(len(known), 'column')} count as known before"
    st.caption(words + (f", among them {', '.join(quoted(name, 30) for name in marked[:6])}." if marked else "."))
    old = {lever.column: lever for lever in start.levers}
    treatment = tuple(one for one in start.levers if one.column not in (*names, *levers) and one.column == start.experiment)
    places = {lever.column: place for place, lever in enumerate(start.levers)}
    levers = sorted((*(old.get(name, Lever(name)) for name in picked), *treatment), key=lambda one: places.get(one.column, 99))
    return replace(start, levers=tuple(levers), later=tuple(later),
                   never=(*extra, *never), given=given, negative_control=tuple(control))


def _files(project: str, key: str) -> None:
    """The goal as a file, for the command line or another project."""
    with st.expander("The goal as a file"):
        st.download_button("Download goal.toml", session.workspace().act.goal_text(project), file_name="goal.toml",
                           mime="application/toml", icon=":material/download:", on_click="ignore", key=f"{key}_download")
        chosen = st.file_uploader("Use a goal.toml", type=["toml"], key=f"{key}_upload", max_upload_size=1)
        if chosen is not None:
            with border():
                read = session.workspace().act.read_goal_file(project, chosen.getvalue())
                forms.forget(chosen)
                _restart(project, read)
                session.note("The goal was read from the file into the form; save it to keep it.")
                st.rerun()
