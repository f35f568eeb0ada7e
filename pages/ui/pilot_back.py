"""Taking the result of a pilot back, and with it what rests on that."""
from __future__ import annotations

from functools import partial

from automl_core.acting import Pilot
from pages.ui import act_form, forms, session
from pages.ui.words import percent, quoted


def ask(pilot: Pilot) -> None:
    """The question before a result is taken back."""
    sent = f" as {quoted(pilot.sent_name, 60)}" if pilot.sent_name else ""
    words = (f"The pilot runs again, without its result and without the outcomes that were sent{sent}: send them again for a new "
             "verdict.")
    left = session.workspace().pilots.without_rate(pilot)
    if left is not None:
        words += (" The list of rows rests on what it measured: the share that acting turns is an estimate of "
                  f"{percent(left.save_rate)} again.")
    forms.confirm("Take the result back", words, "Take it back", partial(_take_back, pilot))


def _take_back(pilot: Pilot) -> None:
    """The result is taken back, and a rate that the goal has from it, saved or only typed."""
    ws = session.workspace()
    ws.pilots.take_back(pilot.id)
    act_form.renew(pilot.project_id, lambda typed: ws.pilots.without_rate(pilot, typed) or typed)
