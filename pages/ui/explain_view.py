"""Parts of the explain page: importance and what it rests on, one column, pairs, and where the model fails."""
from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from automl_core.explaining.closer_look import Curve
from automl_core.explaining.explanation import Explanation, Importance
from automl_core.explaining.words import counted_alike
from pages.ui import cards, curve_charts, explain_charts, progress, session
from pages.ui.border import border
from pages.ui.charts import amount
from pages.ui.theme import CHOICE_WIDTH, TEXT_WIDTH
from pages.ui.words import count, cut, estimate, metric_title, plain, quoted, signed


def all_rows(project: str, explanation: Explanation) -> None:
    """Importance, what the score needs, and the same as a table."""
    cards.show(explain_charts.importance(explanation, session.palette()), "importance")
    st.caption(f"Measured on {count(explanation.rows, 'row')}. A column the model relies on goes along with the outcome; "
               f"it need not cause it. {plain(f'{explanation.doubt_sentence} {_alike(project)}')}".rstrip())
    if explanation.refits:
        cards.show(explain_charts.drops(explanation, session.palette()), "drops")
        st.caption(plain(explanation.measured, 600))
    elif explanation.measured:  # looked at already, in vain
        st.markdown(plain(explanation.measured, 600), width=TEXT_WIDTH)
    else:
        deeper(project, "Whether the score needs these columns, and how sure their order is, takes a closer look.", "all",
               explanation)
    _groups(explanation)
    _stability(explanation)


def _alike(project: str) -> str:
    """Says that sizes do not go by the column of weights; empty where there is none."""
    return counted_alike(session.workspace().search.problem(project).weights)


def deeper(project: str, sentence: str, key: str, explanation: Explanation) -> None:
    """The button that starts the closer look, its progress while it runs, and why it failed."""
    going = session.workspace().explain.ongoing(project)
    if running := going.here:
        asked = str(running.body.get("label", ""))
        if asked and asked != explanation.label:
            st.caption(f"This looks at {quoted(asked, 40)}; {quoted(explanation.label, 40)} can follow when it has ended.")
        progress.watch(running)
        return
    if going.elsewhere is not None:
        progress.of_another(going.elsewhere)
        return
    progress.failure(project, "explain", session.workspace().explain.asked_for(project, explanation.label))
    with st.container(border=True):
        st.markdown(f"{plain(sentence)} It takes about a minute, in the background.", width=TEXT_WIDTH)
        if st.button("Look closer", icon=":material/search:", key=f"closer_{key}"):
            with border():
                session.workspace().explain.start(project, explanation.label)
                st.rerun()


def _groups(explanation: Explanation) -> None:
    if not explanation.groups:
        return
    found = {item.column: item for item in explanation.importance}
    with st.expander("Columns that say much the same"):
        st.markdown("The model may use either of them; what one gets, the other loses. Read them as one.", width=TEXT_WIDTH)
        cards.sentences([
            ", ".join(f"“{cut(name, 40)}” {100 * found[name].share:.1f} %" for name in group.columns if name in found)
            + ("; a model without " + " or ".join(f"“{cut(name, 40)}”" for name in spare) + " is as good" if spare else "")
            for group in explanation.groups
            for spare in [[name for name in group.columns if name in found and found[name].replaceable]]])


def _stability(explanation: Explanation) -> None:
    """The ranking as a table: share, what the score loses without it, direction, and how far the rank moves. How sure the order
    is only models that were fitted again can tell: other rows of one model leave two like columns in their places."""
    with st.expander("The same as a table" + (", with how sure the order is" if explanation.refits else "")):
        rows = [{"Column": item.column, "Share": 100 * item.share,
                 "Rank": str(item.rank_low) if item.rank_low == item.rank_high else f"{item.rank_low} to {item.rank_high}",
                 "Order is": _order(item), "Direction": item.direction.capitalize(),
                 "Score worse by": _worse(item.drop, item.drop_low, item.drop_high),
                 "Use": _use(item.evidence, item.replaceable)} for item in explanation.importance[:300]]
        shown = pd.DataFrame(rows)
        if not explanation.refits:
            shown = shown.drop(columns=["Rank", "Order is", "Score worse by", "Use"])
        st.dataframe(shown, hide_index=True, key="importance_table",
                     alt="Columns by share of the effect, with the range of their rank",
                     column_config={"Share": st.column_config.ProgressColumn(format="%.1f %%", min_value=0, max_value=100)})
        if explanation.refits:
            st.caption(f"“No evidence”: models of this kind use shuffled columns as much (their share is up to "
                       f"{100 * explanation.floor:.1f} %), or {metric_title(explanation.metric)} gets no worse without "
                       "the column. “Replaceable”: a model without the column is as good.")


def _worse(drop: float, low: float, high: float) -> str:
    return estimate(drop, low, high) if math.isfinite(drop) else ""


def _order(item: Importance) -> str:
    """How far to trust a column's place; sure is only one that it alone can have."""
    if item.rank_low == item.rank_high:
        return "Sure"
    return "Nearly sure" if item.stable else "Not reliable"


def _use(evidence: bool, replaceable: bool) -> str:
    if not evidence:
        return "No evidence"
    return "Replaceable" if replaceable else "Used"


@st.fragment
@border()
def one_column(project: str, explanation: Explanation) -> None:
    """The curve of a column, with what was seen."""
    names = [item.column for item in explanation.importance if item.share > 0]
    if not names:
        st.markdown("The model uses no column: it gives every row the same answer.", width=TEXT_WIDTH)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Column", names, key="curve_column", width=CHOICE_WIDTH)
        lines = st.toggle("Single rows", key="curve_lines",
                          help="Draws the mean over all rows and some rows’ own lines. Columns that go together are pulled "
                               "apart, so values may be put together that never occur.")
    with border(), st.spinner("Following this column", show_time=True):
        found = session.workspace().explain.curve(project, chosen, "pdp" if lines else "ale", explanation.label)
        cards.show(curve_charts.curve(found, session.palette()), "curve")
        _reading(found, _alike(project))


def _reading(found: Curve, alike: str) -> None:
    band = ("the band says how far it moves when other rows are drawn" if found.method != "levels" else
            "lines say how far it moves when other rows are asked; how many past rows a level has is not in them")
    if found.kind == "category":
        rows = count(sum(point.rows for point in found.points))
        st.caption(f"Dots: the effect of each level on the prediction, everything else left as it is (rows of {rows} asked); "
                   f"{band}. Diamonds: how far what was seen lies from the mean; rare levels of few rows have none. Grey: under "
                   f"1 % of the rows. {plain(alike)}".rstrip())
    else:
        apart = " On the right: the rows where it is missing." if any(math.isnan(point.value) for point in found.points) else ""
        st.caption(f"Above: the effect on the prediction, for all but the 1 % of rows at each end; {band}. Below: what was seen "
                   f"(dots) and what was predicted (dashes). Pale or grey: fewer than 1 % of the rows.{apart} "
                   f"{plain(alike)}".rstrip())
    with st.expander("The same as a table"):
        cards.table(pd.DataFrame([
            {"Value": point.label, "Rows": point.rows, "Effect": signed(point.effect),
             "Seen": amount(point.observed, found.in_points), "Predicted": amount(point.predicted, found.in_points)}
            for point in found.points]), "The curve as a table", "curve_table", named="Value")


def interactions(project: str, explanation: Explanation) -> None:
    """Pairs of columns that depend on each other."""
    evidence = session.workspace().explain.evidence(project, explanation.label)
    if evidence is None:
        deeper(project, "Which columns depend on each other is told by models of data in which effects only add up.", "pairs",
               explanation)
        return
    st.markdown(plain(f"{evidence.interactions.sentence} {_alike(project)}", 600), width=TEXT_WIDTH)
    for place, pair in enumerate(evidence.interactions.pairs):
        st.subheader(f"{plain(pair.first, 40)} and {plain(pair.second, 40)}", anchor=False)
        cards.show(explain_charts.interaction(pair, explanation.in_points, session.palette()), f"pair_{place}")
        st.caption(f"What is left after both single effects were taken away: {100 * pair.h2:.0f} % of what the two do together.")


def weak_spots(project: str, explanation: Explanation) -> None:
    """Groups of rows that the model predicts worse than the rest."""
    evidence = session.workspace().explain.evidence(project, explanation.label)
    if evidence is None:
        deeper(project, "Groups of rows that are predicted badly are found on one half of the rows and kept when the other half "
                        "confirms them.", "weak", explanation)
        return
    found = evidence.weak_spots
    st.markdown(plain(found.sentence), width=TEXT_WIDTH)
    cards.covered(project, "Looked for")
    if found.spots:
        cards.show(explain_charts.weak_spots(found, session.palette()), "weak_spots")
        with st.expander("In words", expanded=True):
            cards.sentences([spot.sentence for spot in found.spots])
        st.caption("Be careful with decisions about these rows; more rows or more columns about them may help.")
