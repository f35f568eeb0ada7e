"""Use cases of the sharing step: the frozen report, its links, and the bundle to take away."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from automl_core import __version__, reporting
from automl_core.codec import from_json
from automl_core.errors import BadInput, NotFound
from automl_core.reporting.report import Report
from automl_core.store import Record
from automl_core.workspace import explained
from automl_core.workspace.act import Acting
from automl_core.workspace.context import Context, fingerprint
from automl_core.workspace.experiment import Experimenting
from automl_core.workspace.explain import Explaining
from automl_core.workspace.fairness import Auditing
from automl_core.workspace.findings import Finding
from automl_core.workspace.pilots import Piloting
from automl_core.workspace.search import Searching
from automl_core.workspace.summaries import summary_of
from automl_core.workspace.views import ReportLink, Run

LONGEST_DAYS = 365
REPORTED = ("run", "goal", "cards", "segments", "experiment", "pilot", "pilot_change", "what_happened", "comparison",
        "protected")  # by a report
OF_THE_MODEL = ("explanation", "verdict")  # what of these is about another class, or about another goal, no report tells


@dataclass(frozen=True)
class Sharing:
    context: Context
    search: Searching
    explaining: Explaining
    acting: Acting
    experiment: Experimenting
    pilots: Piloting
    findings: Finding
    fairness: Auditing

    def make_report(self, project_id: str, run_id: str = "", label: str = "") -> Report:
        """Freeze what is known of a run (the newest by default) into a report. Of several classes it speaks of `label` where the
        model was explained for it, else of the one spoken of unasked."""
        run = self.search.run(run_id) if run_id else self.search.needed(project_id)
        inputs = self.search.inputs(run)
        frame, _, problem, _ = self.search.goal.open(inputs)
        table = self.search.goal.data.stored_of(inputs.table)
        report_id = self.context.store.new_id("rep")
        explanation = self.explaining.explanation_of(run, label) or self.explaining.explanation_of(run)
        report = reporting.make_report(reporting.ReportInputs(
            id=report_id, project=self.context.store.project(project_id).name, made_at=datetime.now(UTC), problem=problem,
            summary=summary_of(run), verdict=self.search.goal.verdict_of(project_id, inputs),
            explanation=explanation, segments=self.acting.segments_of(run),
            actions=self.acting.actions_of(run), cards=self.pilots.cards_of(run), rows=len(frame),
            goal=self.acting.goal_of(run), more=self._more(run, explanation.label if explanation else ""),
            data_name=table.origin.name, version=__version__))
        self.context.save("report", project_id, report, parent_id=run.id, record_id=report_id)
        self.context.store.touch(project_id)
        return report

    def _more(self, run: Run, label: str) -> reporting.SectionInputs:
        """What else was done on the data of this run, of several classes about `label`."""
        inputs = self.search.inputs(run)
        audits, unaudited = self.fairness.audits_of(run, label)
        found, pilots = self.findings.found_of(run.project_id, inputs), self.pilots.all(run.project_id)
        return reporting.SectionInputs(
            stories=found.stories if found else (), comparisons=self.findings.answers(run.project_id, inputs),
            experiment=self.experiment.result_of(run), pilots=pilots,
            record=self.pilots.record(run.project_id, self.acting.goal_of(run)), audits=audits, unaudited=unaudited)

    def reports(self, project_id: str) -> tuple[Report, ...]:
        """The project's reports, newest first."""
        found = reversed(self.context.store.list(project_id, "report"))
        return tuple(from_json(Report, record.body) for record in found)

    def behind(self, project_id: str) -> bool:
        """Whether something that a report tells was found or changed after the newest report was made."""
        store, run = self.context.store, self.search.last(project_id)
        if run is None or not store.exists(project_id, "report"):
            return False
        told = self.explaining.explanation_of(run)
        place = explained.place_of(self.context, run, told.label if told else "")
        of_run = (run.id, place, fingerprint(self.search.inputs(run)))
        return not (store.newer(project_id, "report", REPORTED) and store.newer(project_id, "report", OF_THE_MODEL, of_run))

    def html(self, report_id: str) -> str:
        """One report as a page that needs nothing else."""
        return reporting.render(from_json(Report, self._report(report_id).body))

    def create_link(self, report_id: str, days: int = 30) -> tuple[ReportLink, str]:
        """A link to one report; returns it and its address `/r/TOKEN`, which is shown only now."""
        if not 1 <= days <= LONGEST_DAYS:
            raise BadInput(f"A link cannot be open for {days} days.", f"Choose 1 to {LONGEST_DAYS}.")
        record = self.context.store.get(report_id)
        link, token = self.context.store.create_link(record.project_id, report_id, datetime.now(UTC) + timedelta(days=days))
        self.context.store.audit("user", "share", report_id, "done")
        return (ReportLink(link.id, report_id, link.created_at, link.expires_at, link.revoked, link.views),
                f"{self.context.settings.public_url}/r/{token}")

    def links(self, project_id: str) -> tuple[ReportLink, ...]:
        """Every link of the project, newest first."""
        return tuple(ReportLink(link.id, link.record_id, link.created_at, link.expires_at, link.revoked, link.views)
                     for link in self.context.store.links(project_id))

    def revoke(self, link_id: str) -> None:
        """Close a link at once."""
        self.context.store.revoke_link(link_id)
        self.context.store.audit("user", "revoke", link_id, "done")

    def open(self, token: str) -> str | None:
        """The page behind a token; None for an unknown, expired or revoked one."""
        link = self.context.store.open_link(token)
        return None if link is None else self.html(link.record_id)

    def model_path(self, report_id: str) -> Path:
        """The model.zip of the model that a report is about."""
        return self.context.store.file_path(self.search.run(self._report(report_id).parent_id).bundle)

    def _report(self, report_id: str) -> Record:
        record = self.context.store.get(report_id)
        if record.kind != "report":
            raise NotFound("There is no such report.", "Make one on the share page.")
        return record
