"""Parts of the explain page: importance and what it rests on, one column, pairs, one row, and where the model fails."""
from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from automl_core.errors import BadInput
from automl_core.explaining.closer_look import Curve
from automl_core.explaining.explanation import Explanation, Importance, RowContext
from automl_core.explaining.words import counted_alike
from pages.ui import cards, curve_charts, explain_charts, explain_class, progress, session
from pages.ui.border import border
from pages.ui.charts import amount
from pages.ui.theme import CHOICE_WIDTH, NUMBER_WIDTH, TEXT_WIDTH, WHICH_ROW
from pages.ui.words import count, cut, estimate, lead, metric_title, plain, quoted, signed

SHOWN_ROWS = 1000
SHOWN_COLUMNS = 12
FIGURE_SPACE, CHOSEN = "\u2007", " ●"
FEW_ROWS = 5  # found by an id: a table for more would be empty


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
    running = progress.active(project, "explain")
    if running:
        asked = str(running.body.get("label", ""))
        if asked and asked != explanation.label:
            st.caption(f"This looks at {quoted(asked, 40)}; {quoted(explanation.label, 40)} can follow when it has ended.")
        progress.watch(running)
        return
    progress.failure(project, "explain")
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
    """The ranking as a table: share, what the score loses without it, direction, and how far the rank moves."""
    with st.expander("The same as a table, with how sure the order is"):
        rows = [{"Column": item.column, "Share": 100 * item.share,
                 "Rank": str(item.rank_low) if item.rank_low == item.rank_high else f"{item.rank_low} to {item.rank_high}",
                 "Order is": _order(item), "Direction": item.direction.capitalize(),
                 "Score worse by": _worse(item.drop, item.drop_low, item.drop_high),
                 "Use": _use(item.evidence, item.replaceable)} for item in explanation.importance[:300]]
        shown = pd.DataFrame(rows)
        if not explanation.refits:
            shown = shown.drop(columns=["Score worse by", "Use"])
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
    band = "the band says how far it moves when other rows are drawn" if found.method != "levels" else "lines are 95 % intervals"
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


def pick_row(project: str, label: str = "") -> int:
    """The row chosen in the table of rows (sorted by prediction, of a class if one is named, highest first), or found by its
    name; at the start the first.

    Its number is a button: a click on it is told at once, while the table tells of a selected row only after a sixth of a second.
    """
    st.markdown("Click the number of a row; the highest predictions come first, each made by a model that had not seen the row.",
                width=TEXT_WIDTH)
    shown = _listed(project, label).iloc[:, :SHOWN_COLUMNS]
    head = f"Prediction of {cut(label, 20)}" if label else "Prediction"
    places, key = [int(place) for place in shown.index], f"rows_{project}"
    kept = session.session().drafts.get(key)
    at = places.index(kept) if kept in places else 0
    number = st.column_config.ButtonColumn(
        "Row", alignment="left", pinned=True, key=f"{key}_look", on_click=_clicked, args=(key, places),
        help="# and its row of the cleaned table, counted from 0. Click one to look at that row.")
    st.dataframe(
        shown.set_axis(_numbers(places, at)), key=key, height=248 if len(shown) > FEW_ROWS else "auto",
        placeholder="–", alt="Rows of the table with their prediction", column_config=cards.days(shown) | {
            "_index": number,
            "prediction": st.column_config.NumberColumn(head, format=digits(shown["prediction"]), pinned=True)},
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(f"Row #{places[at]}", anchor=False, width="content")
        st.button("Previous", icon=":material/chevron_left:", key=f"{key}_previous", disabled=at == 0,
                  on_click=_keep, args=(key, places[max(at - 1, 0)]))
        st.button("Next", icon=":material/chevron_right:", icon_position="right", key=f"{key}_next",
                  disabled=at + 1 == len(places), on_click=_keep, args=(key, places[min(at + 1, len(places) - 1)]))
    return places[at]


def _numbers(places: list[int], at: int) -> list[str]:
    """What the buttons of rows say, with a mark on the chosen one. A browser sorts them as texts: spaces as wide as a figure in
    front make that the order of the numbers, and a mark behind does not change it."""
    width = len(f"#{max(places)}")
    return [f"#{place}".rjust(width, FIGURE_SPACE) + (CHOSEN if row == at else "") for row, place in enumerate(places)]


def _clicked(key: str, places: list[int]) -> None:
    """Keep the row whose number was clicked; where it stood in the table, whatever it is sorted by now."""
    click = session.widget(f"{key}_look")
    if click is not None and 0 <= click["row"] < len(places):
        _keep(key, places[click["row"]])


def _keep(key: str, place: int) -> None:
    """Look at this row, in the other tabs and on the act page, too."""
    session.session().drafts[key] = place


def _listed(project: str, label: str) -> pd.DataFrame:
    """The first rows, or those of the id or number asked for."""
    explain = session.workspace().explain
    asked = st.text_input("Find a row", key=f"find_{project}", placeholder="its id, or #12", help=WHICH_ROW, width=NUMBER_WIDTH)
    if asked.strip():
        try:
            with st.spinner("Looking for the row", show_time=True):
                return explain.find(project, asked, label)
        except BadInput as error:
            st.info(f"{plain(error.message)} {plain(error.hint)}", icon=":material/info:")
    with st.spinner("Listing the rows", show_time=True):  # the final model scores what has no outcome yet
        known, rows = session.workspace().search.covered(project, ranked=True)
    rest = f"; the other {count(rows - known)} were not predicted so" if known < rows else ""
    if known > SHOWN_ROWS:
        st.caption(f"The first {count(SHOWN_ROWS)} of {count(known, 'row')}{rest}. Find any of them by its id or #number.")
    elif known < rows:
        st.caption(f"These are {count(known, 'row')}{rest}.")
    with st.spinner("Listing the rows", show_time=True):
        return explain.top(project, SHOWN_ROWS, label)


def whose(project: str, position: int) -> str:
    """Whether the model that is asked knows the row, and whose the prediction in the list is then."""
    if session.workspace().explain.learned_from(project, position):
        return "the final model, which learned from this row as well; the prediction in the list is by one that had not seen it."
    return "the final model, which has not learned from this row; so the prediction in the list is its own."


def digits(predictions: pd.Series) -> str:
    """Three decimals for probabilities and other small numbers, one for large ones."""
    return "%.3f" if not len(predictions) or abs(predictions).max() <= 10 else "%.1f"


@st.fragment
@border()
def one_row(project: str) -> None:
    """Why one row gets its prediction, how sure that is, and past rows like it."""
    asked = explain_class.chosen(project)
    position = pick_row(project, asked)
    with border(), st.spinner("Explaining this row", show_time=True):
        explain = session.workspace().explain
        row = explain.row(project, position, asked)
        classes = session.workspace().search.problem(project).classes
        if len(classes) > 2:
            chosen = st.selectbox("Class to explain for this row", classes, index=classes.index(row.label), width=CHOICE_WIDTH,
                                  key=f"class_{project}_{position}_{asked}",
                                  help="At the start the one chosen above, or else the one that this row is called.")
            row = explain.row(project, position, chosen)
        st.markdown(lead(row.sentence), width=TEXT_WIDTH)
        cards.show(explain_charts.waterfall(row, session.palette()), "reasons")
        st.caption("Orange raises, blue lowers the prediction; the parts add up exactly. "
                   f"{plain(row.doubt_sentence)} They come from {whose(project, position)}")
        _around(explain.row_context(project, position, row.label), row.in_points)


def _around(around: RowContext, in_points: bool) -> None:
    st.subheader("How sure is this?", anchor=False)
    if around.sureness is not None:
        st.markdown(plain(around.sureness.sentence), width=TEXT_WIDTH)
    for flag in around.flags:
        st.warning(f"{plain(flag)} Be careful with this answer.", icon=":material/warning:")
    if around.neighbours:
        st.subheader("Past rows like this one", anchor=False)
        st.markdown("The five nearest past rows; columns the model uses more count more.", width=TEXT_WIDTH)
        cards.table(pd.DataFrame([
            {"Alike": f"{100 * item.likeness:.0f} %", "Predicted": amount(item.prediction, in_points), "Outcome": item.outcome,
             **dict(zip(around.columns, item.values, strict=True))} for item in around.neighbours]),
            "The five nearest past rows with their outcomes", "neighbours")
    else:
        st.caption("There are no past rows to compare with.")
