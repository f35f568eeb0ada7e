"""The saved goal of acting and the form for it: whether they differ, and whether it is still the one that the form began from."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from automl_core.acting.action import Goal
from automl_core.codec import to_json
from automl_core.errors import Conflict
from automl_core.workspace.lever_choices import LeverChoices, spelled_as
from pages.ui import session
from pages.ui.border import show_error

ELSEWHERE = ("Another goal was saved since this form was begun.",
             "What you typed is still here: save it again to replace that goal, or undo your changes to see it.")
T = TypeVar("T")


def begun(project: str, goal: Goal) -> None:
    """The form begins from this saved goal, which the page read when it began to draw itself."""
    current = to_json(session.workspace().act.goal(project)) == to_json(goal)  # else it was saved while the page was drawn
    _goes_by(project, _newest(project) if current else "", goal)


def started(project: str, goal: Goal) -> Goal:
    """What the widgets were drawn from: the saved `goal`, or the one of before where another was saved elsewhere since."""
    record, before = session.session().drafts.get(f"act_base_{project}", ("", goal))
    return goal if record == _newest(project) else before


def renewed(project: str) -> None:
    """The saved goal was changed from here, beside the form: it goes on from that, unless another one was saved before."""
    record, before = session.session().drafts.get(f"act_base_{project}", (None, None))
    others = ("", *session.workspace().act.saves(project)[:-1])
    if record == others[-1]:
        _goes_by(project, _newest(project), before)


def save(project: str, draft: Goal) -> bool:
    """Keep what the form says; False when another goal was saved since it began, which `refused` then says: saved again, it
    replaces that one."""
    drafts = session.session().drafts
    record, before = drafts.get(f"act_base_{project}", (None, draft))
    try:
        session.workspace().act.save_goal(project, draft, record)
    except Conflict:
        _goes_by(project, _newest(project), before)
        drafts[f"act_refused_{project}"] = True
        return False
    return True


def _goes_by(project: str, record: str, goal: Goal) -> None:
    session.session().drafts[f"act_base_{project}"] = record, goal


def _newest(project: str) -> str:
    """The id of the record that holds the saved goal; empty where none was saved."""
    return ("", *session.workspace().act.saves(project))[-1]


def refused(project: str) -> None:
    """Says once that another goal was saved since the form began."""
    if session.session().drafts.pop(f"act_refused_{project}", False):
        show_error(Conflict(*ELSEWHERE))


def differs(draft: Goal, goal: Goal, choices: LeverChoices) -> bool:
    """Whether what the form says is not the saved goal."""
    return bool(to_json(_in_order(draft)) != to_json(_in_order(_as_listed(goal, choices))))


def _as_listed(goal: Goal, choices: LeverChoices) -> Goal:
    """The saved goal as the form spells it: one of before values were kept as the table spells them may say 2.0 of a 2."""
    found = {choice.column: choice for choice in choices.columns if not choice.number}
    return replace(goal, levers=tuple(
        spelled_as(lever, found[lever.column]) if lever.column in found else lever for lever in goal.levers))


def _in_order(goal: Goal) -> Goal:
    """The goal with all that has no order of its own sorted: a file may name it in another one than the form lists it. Values to
    change to keep theirs, for the first of many are tried."""
    levers = tuple(replace(lever, from_values=_sorted(lever.from_values), forbidden=_sorted(lever.forbidden))
                   for lever in goal.levers)
    other = {*goal.never, *goal.later, *goal.negative_control}  # a goal of before may name one of these as known, too
    given = tuple(name for name in goal.given if name not in other)
    return replace(goal, levers=levers, given=given, never=_sorted(goal.never), later=_sorted(goal.later),
                   negative_control=_sorted(goal.negative_control))


def _sorted(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(sorted(set(values), key=str))
