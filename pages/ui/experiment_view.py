"""Parts of the act page: an experiment that was run, what it shows, and whom to treat."""
from __future__ import annotations

import math
from functools import partial

import streamlit as st

from automl_core.acting import Experiment
from automl_core.acting.action import Goal
from automl_core.workspace.decision_words import priced_treatment, with_costs
from automl_core.workspace.ongoing import Ongoing
from pages.ui import act_form, cards, pilot_charts, session
from pages.ui.border import border
from pages.ui.cards import Fact
from pages.ui.theme import TEXT_WIDTH
from pages.ui.words import count, cut, lead, money, percent, plain, signed

NONE = "No experiment"


def section(project: str, goal: Goal, going: Ongoing) -> None:
    """Name the treatment column, measure it as a job unless one is `going`, and show the result."""
    ws, running = session.workspace(), going.here is not None or going.elsewhere is not None
    found = ws.experiment.result(project) if goal.experiment else None
    if going.here is not None and goal.experiment and found is None:
        if not going.outdated:  # else the job reads that of another goal, or none
            _reading(project)
    elif found is not None:
        result(project, found, goal)
    with st.expander("An experiment you have run already", icon=":material/labs:"):
        st.markdown("If a column of your table says who was treated, and chance decided it, Clarion measures the effect and whom "
                    "it helps most. Where chance did not decide, it says so and stops.", width=TEXT_WIDTH)
        names = [NONE, *ws.experiment.treatments(project)]
        if len(names) == 1 and not goal.experiment:
            st.caption("No column of this table has exactly two values.")
            return
        if goal.experiment and goal.experiment not in names:
            names.append(goal.experiment)
        place = names.index(goal.experiment) if goal.experiment else 0
        chosen = st.selectbox("Column that says who was treated", names, index=place,
                              key=f"experiment_{project}_{goal.experiment}")  # another one was saved: it starts from that
        wanted = "" if chosen in (None, NONE) else str(chosen)
        treated, before = _treated(project, goal, wanted) if wanted else ("", "")
        if (wanted != goal.experiment or (wanted and found is None) or treated != before) and not running:
            label = "Measure the experiment" if wanted else "Leave it out"
            if st.button(label, key="measure_experiment", icon=":material/labs:"):
                with border():
                    ws.experiment.declare(project, wanted, treated)
                    act_form.renew(project, lambda typed: ws.experiment.named(project, typed, wanted, treated))
                    if wanted:
                        ws.act.start(project)
                    st.rerun()


@st.fragment(run_every=2.0)
@border()
def _reading(project: str) -> None:
    """Waits for the experiment, which the job reads first, and then shows it while the job goes on."""
    if session.workspace().experiment.result(project) is not None:
        st.rerun()
    st.caption("The experiment is being read, too.")


def _treated(project: str, goal: Goal, wanted: str) -> tuple[str, str]:
    """The value that means treated as it is chosen, and as it is saved; empty when it is left to the words."""
    sides = session.workspace().experiment.sides(project, wanted)
    saved = next((lever.to[0] for lever in goal.levers if lever.column == wanted and len(lever.to) == 1), "")
    chosen = st.selectbox("Value that means treated", sides, index=sides.index(saved) if saved in sides else None,
                          key=f"treated_{project}_{wanted}_{saved}", placeholder="Left to its words, such as yes and no")
    return str(chosen or ""), saved if saved in sides else ""


def result(project: str, found: Experiment, goal: Goal) -> None:
    """What the experiment shows, or why it is none."""
    st.subheader("What your experiment shows", anchor=False)
    if found.refused:
        st.warning(plain(found.refused, 600), icon=":material/block:")
        return
    st.markdown(lead(found.sentence), width=TEXT_WIDTH)
    st.caption(plain(found.balance))
    scale, unit = (100, " points") if found.is_rate else (1, "")

    def size(value: float) -> str:
        """An effect as it is told: points of a rate, or the outcome's own units."""
        return f"{signed(scale * value, 3)}{unit}"

    def span(low: float, high: float) -> str:
        """Its 95 % range, the unit being told above it."""
        return f"{signed(scale * low, 3)} to {signed(scale * high, 3)}"

    facts = [Fact("Effect on average", size(found.effect), span(found.low, found.high))]
    top = next((part for part in found.parts if part.share >= 0.3), None)
    if top is not None and found.qini_low > 0:
        first = "it moves most" if goal.value_column else "ranked first"  # these are ranked by money
        facts.append(Fact(f"On the {percent(top.share)} {first}", size(top.effect), span(top.low, top.high)))
    facts.append(Fact("Worth treating", count(found.rows, "row"), f"{percent(found.treat)} of those measured"))
    if math.isfinite(found.net):
        facts.append(Fact(with_costs("Brings", priced_treatment(goal)), money(found.net, goal.currency),
                          f"{money(found.net_low, goal.currency)} to {money(found.net_high, goal.currency)}"))
    cards.facts(facts)
    if any(card.lever == goal.experiment for card in session.workspace().act.cards(project) or ()):
        st.caption(plain(f"The card about “{cut(goal.experiment, 40)}” above estimates the same effect in another way, only for "
                         "the rows that would change. The two need not agree to the digit: trust what lies in both ranges.", 400))
    st.markdown(f"**Do next:** {plain(found.advice, 600)}", width=TEXT_WIDTH)
    if found.who:
        cards.sentences(list(found.who), "Who gains most")
    cards.show(pilot_charts.experiment(found, session.palette()), "experiment_curve")
    st.caption(f"A second way of ranking (one model a side) gives {signed(scale * found.simple_qini, 2)} "
               f"({signed(scale * found.simple_low, 2)} to {signed(scale * found.simple_high, 2)}) by the same measure.")
    st.download_button("Download the rows by gain", partial(session.workspace().experiment.csv, project),
                       file_name="experiment.csv", mime="text/csv", icon=":material/download:", on_click="ignore",
                       key="experiment_csv")
    if found.drawn_from:
        st.caption(f"The file has the rows that were drawn, not all {count(found.drawn_from)}.")
