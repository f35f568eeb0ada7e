"""The one `Workspace`: every step's use cases, wired to each other and to the store."""
from __future__ import annotations

from dataclasses import dataclass

from automl_core.settings import Settings, read_settings
from automl_core.store import open_store
from automl_core.workspace.act import Acting
from automl_core.workspace.cleaning import Cleaning
from automl_core.workspace.context import Context
from automl_core.workspace.data import Data
from automl_core.workspace.decide import Deciding
from automl_core.workspace.deploy import Deploying
from automl_core.workspace.experiment import Experimenting
from automl_core.workspace.explain import Explaining
from automl_core.workspace.fairness import Auditing
from automl_core.workspace.file_findings import FileFindings
from automl_core.workspace.file_rows import FileRows
from automl_core.workspace.file_training import FileTraining
from automl_core.workspace.files import Files
from automl_core.workspace.findings import Finding
from automl_core.workspace.goal import Framing
from automl_core.workspace.jobs import Jobs
from automl_core.workspace.monitor import Monitoring
from automl_core.workspace.pilots import Piloting
from automl_core.workspace.projects import Projects
from automl_core.workspace.search import Searching
from automl_core.workspace.share import Sharing


@dataclass(frozen=True)
class Workspace:
    """All that a page, a REST call or a command can do. Its parts are the steps of the walk; every method returns nouns."""

    context: Context
    projects: Projects
    data: Data
    cleaning: Cleaning
    goal: Framing
    search: Searching
    explain: Explaining
    act: Acting
    pilots: Piloting
    decide: Deciding
    share: Sharing
    deploy: Deploying
    monitor: Monitoring
    jobs: Jobs
    files: Files
    findings: Finding
    fairness: Auditing
    experiment: Experimenting
    file_training: FileTraining
    file_findings: FileFindings
    file_rows: FileRows

    @property
    def settings(self) -> Settings:
        """Where this workspace lives and how much it may use."""
        return self.context.settings

    @classmethod
    def open(cls, settings: Settings | None = None) -> Workspace:
        """The workspace of the settings (by default those of the environment); its folder is made when it is not there."""
        settings = settings or read_settings()
        context = Context(settings, open_store(settings))
        data = Data(context)
        cleaning = Cleaning(context, data)
        goal = Framing(context, data, cleaning)
        search = Searching(context, goal)
        explain = Explaining(context, search)
        act = Acting(context, search)
        experiment = Experimenting(context, search, act)
        pilots = Piloting(context, search, act)
        decide = Deciding(context, search, pilots)
        findings, fairness = Finding(context, search), Auditing(context, search)
        share = Sharing(context, search, explain, act, experiment, pilots, findings, fairness)
        deploy = Deploying(context, search)
        monitor = Monitoring(context, deploy)
        projects = Projects(context, goal, act, share, deploy)
        files = Files(projects, deploy)
        return cls(context, projects, data, cleaning, goal, search, explain, act, pilots, decide, share, deploy, monitor,
                   Jobs(context), files, findings, fairness, experiment, FileTraining(context, projects, search),
                   FileFindings(files, fairness), FileRows(files, explain))
