"""Outcomes that are sent to a pilot which ended elsewhere meanwhile are refused where it stands now, and once."""
from __future__ import annotations

from typing import BinaryIO

import pytest
from streamlit.testing.v1 import AppTest

from automl_core.acting import PilotChoice, PilotResult
from automl_core.workspace.pilots import Piloting
from tests.pages.conftest import Carded, at_once, open_page, texts
from tests.pages.test_pilots import outcomes

ENDED, CANCELLED = "This pilot has ended. Take its result back first", "This pilot was cancelled. Resume it first"


def _send(app: AppTest) -> str:
    """What the page says once a file was sent from it as it stands."""
    app.file_uploader[0].upload("corrected.csv", b"row,arm\n1,treat\n").run()
    assert not app.exception
    return texts(app).replace("\\", "")


@pytest.mark.parametrize("how", ["verdict", "cancel"])
def test_a_file_for_a_pilot_that_ended_in_another_tab_is_refused_where_it_stands_now(page: Carded, how: str) -> None:
    """It vanished: no picker is drawn there, and the verdict on the other file was taken for that on this one."""
    pilots = page.workspace.pilots
    pilot = pilots.start(page.project, page.key(), PilotChoice(rows=300))
    app = open_page("pilots", page.project)
    if how == "verdict":
        pilots.upload(pilot.id, "first.csv", outcomes(page, pilot.id, 0.3))
    else:
        pilots.cancel(pilot.id)
    told = _send(app)
    assert (ENDED if how == "verdict" else CANCELLED) in told
    assert [error.proto.title for error in app.error] == ["Changed elsewhere"]
    assert pilots.get(pilot.id).sent_name == ("first.csv" if how == "verdict" else "")
    app.run()
    assert not app.error, "told once"


def test_a_refusal_of_a_file_does_not_turn_up_when_the_pilot_runs_again(page: Carded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two send outcomes at the same time: the later one read of it after the result had been taken back, when it was untrue."""
    at_once(monkeypatch)
    pilots, first = page.workspace.pilots, Piloting.upload
    pilot = pilots.start(page.project, page.key(), PilotChoice(rows=300))
    app, file = open_page("pilots", page.project), outcomes(page, pilot.id, 0.3)

    def second(self: Piloting, pilot_id: str, name: str, stream: BinaryIO | bytes) -> PilotResult:
        first(self, pilot_id, "first.csv", file)
        return first(self, pilot_id, name, stream)

    with monkeypatch.context() as patch:
        patch.setattr(Piloting, "upload", second)
        assert ENDED in _send(app)
    app.button(key=f"back_{pilot.id}").click().run()
    assert pilots.get(pilot.id).state == "running"
    assert not app.error
    assert "This pilot has ended" not in texts(app).replace("\\", "")
