"""The goal form of acting draws what was saved, whatever the values are called."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState
from streamlit.testing.v1 import AppTest

from automl_core.acting import MeasuredRate
from automl_core.acting.action import ActionCard, Actions, Lever
from automl_core.acting.goal_file import goal_text
from automl_core.codec import from_json
from automl_core.errors import BadInput
from automl_core.framing.problem import Money, Problem
from automl_core.workspace.context import Context
from automl_core.workspace.goal import Framing
from automl_core.workspace.pilots import Piloting
from automl_core.workspace.search import Searching
from pages.ui import pilot_view, rate_offer, session
from tests.pages.conftest import PAGES, Stages, open_page, primary, texts, work
from tests.unit.carding import NAMES

LONG = "A plan with everything that is included "
LEVER = Lever("contract", to=(f"{LONG}at sea", f"{LONG}on land"), from_values=(f"{LONG}in winter", f"{LONG}in summer"),
              forbidden=((f"{LONG}in winter", f"{LONG}at sea"),))


@pytest.fixture
def project(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A project with a model; its goal is put back."""
    monkeypatch.setattr(session, "workspace", lambda: stages.workspace)
    found = stages.projects["scored"]
    before = stages.workspace.act.goal(found)
    yield found
    stages.workspace.act.save_goal(found, before)


def test_a_forbidden_move_between_values_that_begin_alike_stays_forbidden(stages: Stages, project: str) -> None:
    goal = replace(stages.workspace.act.goal(project), levers=(LEVER,))
    stages.workspace.act.save_goal(project, goal)
    app = open_page("act", project)
    assert not app.exception
    never = next(box for box in app.multiselect if box.label == "Never propose")
    assert len(never.options) == 4
    assert never.value == [LEVER.forbidden[0]]
    next(button for button in app.button if button.label == "Save goal").click().run()
    assert stages.workspace.act.goal(project).levers[0].forbidden == LEVER.forbidden


def test_a_step_of_a_file_is_shown_and_gives_way_to_values(stages: Stages, project: str) -> None:
    """A number of few values is a choice of values in the form: a step of a file was hidden there, and went before what was
    chosen."""
    act = stages.workspace.act
    column = next(one for one in act.levers(project).columns if not one.number and not math.isnan(one.low))
    act.save_goal(project, replace(act.goal(project), levers=(Lever(column.column, step=1.0),)))
    app = open_page("act", project)
    assert "differs from the saved goal" not in texts(app)
    steps = next(one for one in app.toggle if one.label.startswith("Moved by +1, not to a value"))
    assert next(box for box in app.multiselect if box.label == "To").disabled
    steps.set_value(False).run()
    next(box for box in app.multiselect if box.label == "To").set_value([column.values[0]]).run()
    next(button for button in app.button if button.label == "Save goal").click().run()
    lever = act.goal(project).levers[0]
    assert (lever.to, math.isnan(lever.step)) == ((column.values[0],), True)
    assert f'to = ["{column.values[0]}"]' in act.goal_text(project)
    many = next(one for one in act.levers(project).columns if one.number)
    act.save_goal(project, replace(act.goal(project), levers=(Lever(many.column, to=(many.values[0],)),)))
    app = open_page("act", project)
    next(one for one in app.toggle if one.label.startswith("Moved to “")).set_value(False).run()
    next(field for field in app.number_input if field.label == "Step (empty: found)").set_value(2.0).run()
    next(field for field in app.number_input if field.label == "Cost of each unit changed").set_value(3.0).run()
    next(button for button in app.button if button.label == "Save goal").click().run()
    lever = act.goal(project).levers[0]
    assert (lever.step, lever.to, lever.unit_cost) == (2.0, (), 3.0)


def test_the_form_says_what_it_knows_and_what_is_not_saved(stages: Stages, project: str) -> None:
    stages.workspace.act.save_goal(project, replace(stages.workspace.act.goal(project), levers=(), value=0.0))
    app = open_page("act", project)
    told = texts(app).replace("\\", "")
    assert "Wanted: “churned” is **No**. No money was given yet. Nothing was named yet that you can change." in told
    assert "By their names these may be such columns: " in told
    assert "columns count as known before" in told
    assert "Name at least one column above that somebody can change, then save" in told
    assert "differs from the saved goal" not in told
    next(field for field in app.number_input if field.label == "Worth of one outcome turned good").set_value(700.0).run()
    assert "The form differs from the saved goal; cards are made for the saved one." in texts(app)
    next(button for button in app.button if button.label == "Save goal").click().run()
    assert "worth € 700 each." in texts(app).replace("\\", "").replace("\u00a0", " ")


def test_the_form_names_the_column_that_says_what_a_row_is_worth(stages: Stages, project: str) -> None:
    act = stages.workspace.act
    act.save_goal(project, replace(act.goal(project), value=0.0, capacity=20))
    by_risk = [row.row for row in act.actions(project).rows]
    app = open_page("act", project)
    next(box for box in app.selectbox if box.label == "Column with the worth of each row").set_value("monthly_fee").run()
    assert "Worth of one outcome turned good" not in [field.label for field in app.number_input]
    next(button for button in app.button if button.label == "Save goal").click().run()
    assert not app.exception
    assert not app.error
    goal, told = act.goal(project), texts(app).replace("\\", "")
    assert goal.value_column == "monthly_fee"
    assert "worth what “monthly_fee” says of each row." in told
    assert "that are worth most to act on, by their risk and “monthly_fee”" in told
    assert [row.row for row in act.actions(project).rows] != by_risk
    assert "differs from the saved goal" not in texts(open_page("act", project))
    assert 'value_column = "monthly_fee"' in act.goal_text(project)
    assert act.read_goal_file(project, act.goal_text(project).encode()) is not None
    slip = '\n[[lever]]\ncolumn = " contract "\nfrom = ["a plan that no row has"]\n'
    with pytest.raises(BadInput, match="No row has “a plan that no row has” in “contract”"):
        act.read_goal_file(project, (goal_text(replace(goal, levers=())) + slip).encode())
    with pytest.raises(BadInput, match="There is no column “ contrct ” in this table"):  # before single values are
        act.read_goal_file(project, (goal_text(replace(goal, levers=())) + slip.replace("contract", "contrct")).encode())
    assert act.goal(project) == goal
    made = stages.workspace.decide.decision(project, 20)
    assert made.curve is not None
    assert made.curve.in_money
    assert "By risk alone" in [rival.name for rival in made.rivals]


def test_a_measured_range_stays_with_what_was_measured(
    stages: Stages, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pilot's range of “No” was kept for “Yes”, and a rate of 1/3, which no field holds, looked changed and lost it."""
    act, found = stages.workspace.act, MeasuredRate("the offer", 1 / 3, 0.2, 0.5, frozenset({"contract"}))
    act.save_goal(project, replace(act.goal(project), levers=(Lever("contract"),), save_rate=1 / 3, save_range=(0.2, 0.5)))
    monkeypatch.setattr(Piloting, "rates", lambda *_: (found,))
    app = open_page("act", project)
    assert "differs from the saved goal" not in texts(app)
    assert "The list uses it, with its range." in texts(app).replace("\\", "")
    levers = next(box for box in app.multiselect if box.label == "What you can change")
    levers.set_value([]).run()
    assert rate_offer.still_measured(project, replace(act.goal(project), levers=()), act.goal(project)).save_range == ()
    assert "differs from the saved goal" in texts(app)
    next(button for button in app.button if button.label == "Undo changes").click().run()
    next(box for box in app.selectbox if box.label.startswith("Wanted outcome")).set_value("Yes").run()
    assert "measured that" not in texts(app)
    next(button for button in app.button if button.label == "Save goal").click().run()
    assert (act.goal(project).good, act.goal(project).save_rate, act.goal(project).save_range) == ("Yes", 1 / 3, ())


def test_a_cost_of_acting_that_nobody_gave_is_left_empty_and_the_form_says_what_is_taken(stages: Stages, project: str) -> None:
    """It was 0 and looked given: the list said to act on everyone though the changes cost money."""
    act, label = stages.workspace.act, "Cost of acting on one row"
    act.save_goal(project, replace(act.goal(project), levers=(replace(LEVER, cost=12.0),), value=100.0))
    app = open_page("act", project)
    field = next(field for field in app.number_input if field.label == label)
    assert field.value is None
    told = texts(app).replace("\\", "").replace("\u00a0", " ")
    assert "the list takes € 12 a row, what the dearest change (“contract”) costs." in told
    assert "Acting on a row costs € 12, what the dearest change costs." in told
    assert "No cost of acting was given: € 12 a row is taken" in told
    next(one for one in app.number_input if one.label == "Cost of the change, each row").set_value(0.0).run()
    assert "and none of a change: the list takes acting to be free." in texts(app)
    next(one for one in app.number_input if one.label == label).set_value(0.0).run()
    assert "No cost of acting is given" not in texts(app)
    next(button for button in app.button if button.label == "Save goal").click().run()
    assert act.goal(project).contact_free
    assert next(field for field in app.number_input if field.label == label).value == 0
    assert "Acting on a row costs nothing." in texts(app).replace("\\", "")
    assert "differs from the saved goal" not in texts(app)


def test_what_is_typed_in_the_form_draws_the_buttons_that_stand_back_and_not_the_page(
    stages: Stages, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Save is the one to press while the form is not saved. The others are drawn by the fragment of the form, wherever they are
    on the page: 150 parts of it were sent anew for the colour of one button."""
    stages.workspace.act.save_goal(project, replace(stages.workspace.act.goal(project), levers=(LEVER,), value=100.0))
    drawn: dict[str, str | None] = {}
    button, number = st.button, st.number_input

    def note(call: Callable[..., Any]) -> Callable[..., Any]:
        return lambda label, *args, **more: drawn.update({label: ThreadState.get().fragment_id}) or call(label, *args, **more)

    monkeypatch.setattr(st, "button", note(button))
    monkeypatch.setattr(st, "number_input", note(number))
    app = open_page("act", project)
    assert primary(app) == ["Look for actions"]
    next(field for field in app.number_input if field.label == "Worth of one outcome turned good").set_value(700.0).run()
    assert primary(app) == ["Save goal"]
    form = drawn["Worth of one outcome turned good"]
    assert form is not None
    assert {drawn["Look for actions"], drawn["Share it with a manager"]} == {form}


@pytest.mark.parametrize(("tab", "words"), [
    ("One each", "Name above what you can change and look for actions: each row then gets the action that is worth most"),
    ("One row", "Name above, under “What you can change”, the columns that somebody decides"),
    ("Many rows", "Name above, under “What you can change”, the columns that somebody decides"),
])
def test_an_empty_tab_says_what_fills_it(stages: Stages, project: str, tab: str, words: str) -> None:
    stages.workspace.act.save_goal(project, replace(stages.workspace.act.goal(project), levers=()))
    app = open_page("act", project)
    app.session_state["act_tab"] = tab
    app.run()
    assert not app.exception
    assert words in texts(app)


def test_a_lever_with_too_many_moves_to_list_says_what_to_do(stages: Stages, project: str) -> None:
    lever = Lever("contract", to=tuple(f"plan {k}" for k in range(15)), from_values=tuple(f"old plan {k}" for k in range(15)),
                  forbidden=(("old plan 1", "plan 2"),))
    stages.workspace.act.save_goal(project, replace(stages.workspace.act.goal(project), levers=(lever,)))
    app = open_page("act", project)
    assert not app.exception
    assert "Never propose" not in [box.label for box in app.multiselect]
    told = " ".join(item.value for item in app.caption)
    assert "225 moves are too many to list; 1 move stays forbidden" in told
    assert "name fewer values in From and To" in told


def test_a_card_of_before_it_kept_to_forbidden_moves_owns_up_to_it(
    stages: Stages, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    act, read = stages.workspace.act, Context.latest
    column = next(choice.column for choice in act.levers(project).columns if choice.number)
    frame, _, _, _ = stages.workspace.search.goal.open(stages.workspace.search.inputs(stages.workspace.search.needed(project)))
    value = float(frame[column].dropna().iloc[0])
    moves = ((f"{value!r}", f"{value + 1!r}"), ("-77", "-74"))  # no row is at -77
    act.save_goal(project, replace(act.goal(project), levers=(Lever(column, step=1.0, forbidden=moves),)))
    card = from_json(ActionCard, {**dict.fromkeys(NAMES, 0.0), "lever": column, "step": 1.0, "reasons": ["So."]})
    cards = (card, replace(card, step=2.0), replace(card, step=3.0))
    kept = Actions(cards, cards, 3, 100)
    monkeypatch.setattr(Context, "latest", lambda self, kind, *more, **named: kept if kind == "cards" else read(
        self, kind, *more, **named))
    found = act.found(project)
    assert found is not None
    for some in (found.cards, found.patterns):
        assert [len(one.reasons) for one in some] == [2, 1, 1]
        assert "look for actions again" in some[0].reasons[1]


def test_forbidden_moves_that_are_not_listed_are_counted_and_can_be_lifted(stages: Stages, project: str) -> None:
    act = stages.workspace.act
    number = next(choice.column for choice in act.levers(project).columns if choice.number)
    levers = (replace(LEVER, forbidden=(*LEVER.forbidden, ("a plan of old", "another"))), Lever(number, forbidden=(("1", "2"),)))
    act.save_goal(project, replace(act.goal(project), levers=levers))
    app = open_page("act", project)
    assert not app.exception
    lifted = [box for box in app.toggle if "1 forbidden move that is not listed here" in box.label]
    assert len(lifted) == 2
    assert "a plan of old → another" in lifted[0].help.replace("\\", "")
    assert "differs from the saved goal" not in texts(app)
    lifted[0].set_value(False).run()
    assert "differs from the saved goal" in texts(app)
    next(button for button in app.button if button.label == "Save goal").click().run()
    assert [lever.forbidden for lever in act.goal(project).levers] == [LEVER.forbidden, (("1", "2"),)]


def test_another_order_of_what_has_none_is_no_change_of_the_form(stages: Stages, project: str) -> None:
    """A file may name values, forbidden moves and columns in another order than the table lists them."""
    act = stages.workspace.act
    goal, columns = act.goal(project), act.levers(project).columns
    choice = next(one for one in columns if not one.number and len(one.values) > 2)
    first, second, third = choice.values[:3]
    lever = Lever(choice.column, from_values=(second, first), forbidden=((second, third), (first, third)))
    never = (*(one.column for one in columns if one is not choice and one.column not in goal.later), "left out")
    stages.workspace.context.save("goal", project, replace(goal, given=(), levers=(lever,), never=never[-3:]))
    app = open_page("act", project)
    assert not app.exception
    assert "differs from the saved goal" not in texts(app)
    next(box for box in app.multiselect if box.label == "Never propose").set_value([(first, third)]).run()
    assert "differs from the saved goal" in texts(app)


def test_a_column_named_as_known_and_as_never_to_be_used_is_no_change_of_the_form(stages: Stages, project: str) -> None:
    """One that was saved before this was refused: Save names each once."""
    act = stages.workspace.act
    goal, names = act.goal(project), [one.column for one in act.levers(project).columns]
    taken = {*goal.later, *(lever.column for lever in goal.levers)}
    both, known, after = [name for name in names if name not in taken][:3]
    stages.workspace.context.save("goal", project, replace(goal, given=(both, known, after), never=(both,), later=(after,)))
    app = open_page("act", project)
    assert not app.exception
    assert "differs from the saved goal" not in texts(app)
    next(box for box in app.multiselect if box.label == "Never to be used here").set_value([both, known]).run()
    next(button for button in app.button if button.label == "Save goal").click().run()
    assert (act.goal(project).given, act.goal(project).never, act.goal(project).later) == ((), (both, known), (after,))


@pytest.mark.parametrize("stored", [False, True])
def test_a_number_that_a_file_spells_otherwise_is_no_change_of_the_form(stages: Stages, project: str, stored: bool) -> None:
    """`stored` as an earlier version kept it."""
    act = stages.workspace.act
    few = next(choice for choice in act.levers(project).columns if not choice.number and not math.isnan(choice.low))
    goal = replace(act.goal(project), levers=(Lever(few.column, (f"{few.values[0]}.0",), forbidden=(("1.0", "2.0"),)),))
    if stored:
        stages.workspace.context.save("goal", project, goal)
    else:
        assert act.save_goal(project, goal).levers[0].to == few.values[:1]
    app = open_page("act", project)
    assert not app.exception
    assert "differs from the saved goal" not in texts(app)


def test_what_must_never_be_used_names_no_group_and_is_owned_up_to_on_the_list(stages: Stages, project: str) -> None:
    act = stages.workspace.act
    before = act.segments(project)
    assert before is not None
    named = [condition.column for segment in before.segments for condition in segment.conditions]
    act.save_goal(project, replace(act.goal(project), levers=(), never=(named[0],)))
    assert act.segments(project) is None
    app = open_page("act", project)
    assert not app.exception
    assert f"still use “{named[0]}”" in " ".join(item.value for item in app.caption).replace("\\", "")
    work(stages.workspace, act.start(project))
    after = act.segments(project)
    assert after is not None
    assert named[0] not in [condition.column for segment in after.segments for condition in segment.conditions]


def _long_sentence() -> None:
    from pages.ui import cards
    cards.sentences(["word " * 150 + "end"])


def test_a_long_sentence_of_the_engine_is_not_cut() -> None:
    """A former card's sentence has some five hundred characters, and its advice stands last."""
    app = AppTest.from_function(_long_sentence).run()
    assert app.markdown[0].value.endswith("end")


def test_the_form_opens_whatever_was_saved_so_that_it_can_be_mended(stages: Stages, project: str) -> None:
    """Nine columns and eleven years were saved before they were refused; the form’s own fields hold less."""
    act = stages.workspace.act
    choices = act.levers(project).columns
    levers = tuple(Lever(choice.column, days=4000) for choice in choices[:9])
    assert len(levers) == 9
    goal = replace(act.goal(project), levers=levers, later=(), never=(), capacity=10**17)
    stages.workspace.context.save("goal", project, goal)
    app = open_page("act", project)
    assert not app.exception
    chosen = next(box for box in app.multiselect if box.label == "What you can change")
    assert len(chosen.value) == 9
    next(button for button in app.button if button.label == "Save goal").click().run()
    assert not app.exception
    assert "names 9 columns that can be changed, and 8 are the most" in texts(app)
    next(box for box in app.multiselect if box.label == "What you can change").set_value(chosen.value[:1]).run()
    next(button for button in app.button if button.label == "Save goal").click().run()
    assert not app.exception
    mended = act.goal(project)
    assert (len(mended.levers), mended.levers[0].days, mended.capacity) == (1, 3650, 10**9)


def test_acting_goes_on_about_the_model_after_the_goal_page_names_another_target(
    stages: Stages, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages.workspace.act.save_goal(project, replace(stages.workspace.act.goal(project), levers=(Lever("contract"),)))
    other = Problem("months_as_customer", "regression", "rmse", money=Money(over=1.0, under=2.0))
    monkeypatch.setattr(Framing, "problem", lambda self, project_id: other)
    app = open_page("act", project)
    assert not app.exception
    wanted = next(box for box in app.selectbox if box.label.startswith("Wanted outcome"))
    assert list(wanted.options) == ["No", "Yes"]
    assert "How much to provide" not in texts(app)
    app.session_state["act_tab"] = "One row"
    app.run()
    assert not app.exception
    assert "Number to reach" not in [field.label for field in app.number_input]
    assert math.isnan(pilot_view._spread(project))


def test_what_is_not_saved_is_there_after_another_page_and_ends_with_the_project(stages: Stages, project: str) -> None:
    """Streamlit forgets what is not drawn: a look at another page emptied a form that takes minutes to fill."""
    act, label = stages.workspace.act, "Worth of one outcome turned good"
    act.save_goal(project, replace(act.goal(project), levers=(), value=0.0))
    app = open_page("act", project)
    _amount(app, label).set_value(700.0).run()
    next(box for box in app.multiselect if box.label == "What you can change").set_value(["contract"]).run()
    _amount(app, "Cost of the change, each row").set_value(12.0).run()
    for page in ("data", "act"):
        app.switch_page(PAGES[page]).run()
    assert not app.exception
    assert (_amount(app, label).value, _amount(app, "Cost of the change, each row").value) == (700.0, 12.0)
    assert "differs from the saved goal" in texts(app)
    _amount(app, label).set_value(800.0).run()
    assert (_amount(app, label).value, _amount(app, "Cost of the change, each row").value) == (800.0, 12.0)
    app.query_params["project"] = stages.projects["model"]
    app.run()
    assert "differs from the saved goal" not in texts(app)
    app.query_params["project"] = project
    app.run()
    assert _amount(app, label).value == 0
    _amount(app, label).set_value(900.0).run()
    next(button for button in app.button if button.label == "Save goal").click().run()
    act.save_goal(project, replace(act.goal(project), value=50.0))  # as another tab does
    for page in ("data", "act"):
        app.switch_page(PAGES[page]).run()
    assert _amount(app, label).value == 50, "nothing is left of what was saved"
    act.save_goal(project, replace(act.goal(project), levers=(LEVER,)))
    form = "Change what is wanted, what it is worth and what you can change"
    app = open_page("act", project)
    assert not next(box for box in app.expander if box.label == form).proto.expanded
    _amount(app, label).set_value(60.0).run()
    for page in ("data", "act"):
        app.switch_page(PAGES[page]).run()
    assert next(box for box in app.expander if box.label == form).proto.expanded, "what is not saved is seen"


def test_what_is_not_saved_ends_with_the_model_that_it_was_about(
    stages: Stages, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unsaved “Clear” outlived a new target: Save was refused, and no field of the form could mend it."""
    search, act = stages.workspace.search, stages.workspace.act
    newest, others = search.needed(project), search.needed(stages.projects["model"])
    goal = act.goal(project)
    act.save_goal(project, replace(goal, value=50.0))
    app = open_page("act", project)
    next(button for button in app.button if button.label == "Clear").click().run()
    assert "differs from the saved goal" in texts(app)
    another = replace(others, project_id=project)
    with monkeypatch.context() as patch:
        patch.setattr(Searching, "last", lambda *_: another)
        app.run()  # in a tab that stayed open
        assert not app.exception
        assert "differs from the saved goal" not in texts(app)
        assert next(box for box in app.selectbox if box.label.startswith("Wanted outcome")).options == ["low", "high"]
        for page in ("data", "act"):
            app.switch_page(PAGES[page]).run()
        assert "differs from the saved goal" not in texts(app)
    assert act.fitted(newest, replace(goal, never=(*goal.never, "gone"), later=(*goal.later, "gone"))) == goal
    twice = next(one.column for one in act.levers(project).columns if one.column not in (*goal.later, *goal.never))
    before = act.fitted(newest, replace(goal, never=(twice,), later=(*goal.later, twice), given=(twice,)))
    assert before is not None
    assert (before.never, twice in before.later, twice in before.given) == ((twice,), False, False)  # no door would take it else
    assert act.fitted(newest, replace(goal, good="perhaps")) is None


def _amount(app: AppTest, label: str) -> Any:
    return next(field for field in app.number_input if field.label == label)
