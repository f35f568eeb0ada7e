"""Share

One page a manager can act on, frozen as it is now; a link opens it without a login until it expires or you revoke it.
"""
from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pandas as pd
import streamlit as st

from automl_core.explaining.words import day, short_day
from automl_core.reporting.report import Report
from automl_core.workspace.views import ReportLink
from pages.ui import cards, explain_class, forms, session
from pages.ui.address import absolute, only_here
from pages.ui.border import border
from pages.ui.figures import unique
from pages.ui.theme import CHOICE_WIDTH, TEXT_WIDTH
from pages.ui.words import cut, plain

DAYS = {"1 day": 1, "7 days": 7, "30 days": 30, "90 days": 90}
ws = session.workspace()
project = cards.need_project()
if ws.search.last(project) is None:
    cards.empty("Nothing to share yet", "A report tells what a model found.", "search", "Start a search")
    st.stop()


def preview(report: Report) -> None:
    """What the page says, in its own words."""
    with st.container(border=True):
        st.caption(f"Report of {day(report.made_at)}, {report.made_at:%H:%M} UTC")
        st.subheader(plain(report.title), anchor=False)
        st.markdown(f"**{plain(report.answer, 600)}**", width=TEXT_WIDTH)
        if report.money:
            st.markdown(plain(report.money, 600), width=TEXT_WIDTH)
        for title, lines in (("What drives it", report.drivers), ("Who stands out", report.segments),
                             ("What to do", report.actions), ("How sure", report.sure), ("What could be wrong", report.limits)):
            if lines:
                cards.sentences(lines, title)
        for part in report.sections:
            cards.sentences(part.lines, part.title)
        if report.next_step:
            st.markdown(f"**Next:** {plain(report.next_step)}", width=TEXT_WIDTH)


def link_form(report: Report, fresh: bool) -> None:
    """Make a link; its address is shown once, because only its fingerprint is kept."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        days = st.segmented_control("The link stays open for", list(DAYS), default="30 days", required=True, key="link_days")
        made = sum(link.report_id == report.id for link in ws.share.links(project))  # a second press of one button makes one link
        if st.button("Create link", type="primary" if fresh else "secondary", icon=":material/link:",
                     key=f"create_link_{report.id}_{made}"):
            with border():
                link, path = ws.share.create_link(report.id, DAYS.get(str(days), 30))
                session.session().shown_once[f"{report.id} {link.id}"] = absolute(path)
                st.rerun()
    for address in [kept for name, kept in session.session().shown_once.items() if name.startswith(report.id)][-1:]:
        st.markdown("**Copy the link now**: it is shown only once, because Clarion keeps no copy of it.", width=TEXT_WIDTH)
        st.code(address, language=None, wrap_lines=True)
        if only_here(address):
            st.warning("This link opens on this computer only. For others download the report and send the file; or have Clarion "
                       "served at an address that they reach, and `CLARION_PUBLIC_URL` set to it.", icon=":material/link_off:")
        with st.container(horizontal=True):
            st.link_button("Open the report", address, icon=":material/open_in_new:")
            if only_here(address):
                download(report, "Download the file", "report_file")


def download(report: Report, title: str, key: str) -> None:
    """The report as a file of its own."""
    st.download_button(title, partial(ws.share.html, report.id), file_name="report.html", mime="text/html",
                       icon=":material/download:", on_click="ignore", key=key)


def moment(at: datetime) -> str:
    """A day and a time of it."""
    return f"{short_day(at)}, {at:%H:%M} UTC"


def named(link: ReportLink) -> str:
    """A link in words that stay the same while it is open: a choice is known by its label."""
    return f"{moment(link.created_at)} (…{link.id[-4:]})"


def revoke(link: ReportLink) -> None:
    """Close one link; its address, if it is still on the screen, is taken away."""
    ws.share.revoke(link.id)
    session.session().shown_once.pop(f"{link.report_id} {link.id}", None)
    session.note(f"The link made on {plain(named(link))} is closed")


def links(reports: tuple[Report, ...]) -> None:
    """All links with their state; open ones can be revoked."""
    found = ws.share.links(project)
    if not found:
        return
    st.subheader("Links", anchor=False)
    now = datetime.now(UTC)

    def state(link: ReportLink) -> str:
        if link.revoked:
            return "Revoked"
        return "Expired" if link.expires_at <= now else "Open"

    made = {item.id: moment(item.made_at) for item in reports}
    st.dataframe(pd.DataFrame([
        {"Made": named(link), "Report of": made.get(link.report_id, "–"), "Open until": day(link.expires_at),
         "Views": link.views, "State": state(link)} for link in found
    ]), hide_index=True, key="links", alt="Share links with their state")
    usable = {link.id: link for link in found if state(link) == "Open"}
    if usable:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = usable[st.selectbox("Link to revoke", list(usable), format_func=lambda name: named(usable[name]),
                                         key=f"revoke_{project}", width=CHOICE_WIDTH)]
            if st.button("Revoke", key="revoke"):
                forms.confirm("Revoke link", f"Whoever has the link made on {plain(named(chosen))} is refused from now on.",
                              "Revoke for good", partial(revoke, chosen))


reports = ws.share.reports(project)
fresh = bool(reports) and not ws.share.behind(project)
if st.button("Make the report" if not reports else "Make a new report", type="secondary" if fresh else "primary",
             icon=":material/description:", key=f"make_report_{len(reports)}"):  # pressed twice, it makes one
    with border(), st.spinner("Writing the report", show_time=True):
        ws.share.make_report(project, label=explain_class.chosen(project))
        st.rerun()
if reports:
    labels = unique([f"{cut(item.title, 60)}, {item.made_at:%Y-%m-%d %H:%M:%S}" for item in reports])  # two in a second are two
    names = dict(zip(labels, reports, strict=True))
    report = names[st.selectbox("Report", list(names), key=f"report_{len(reports)}")] if len(reports) > 1 else reports[0]
    link_form(report, fresh)
    preview(report)
    with st.container(horizontal=True):
        download(report, "Download the report", "report_html")
        st.download_button("Download the model", lambda: ws.share.model_path(report.id).read_bytes(), file_name="model.zip",
                           mime="application/zip", icon=":material/folder_zip:", on_click="ignore", key="bundle",
                           help="Scores on any machine that has Python: unpack, install its requirements, run predict.py.")
    links(reports)
cards.next_step("deploy", "Put the model to work", "an address that scores new rows; a page that scores a file.", primary=False)
