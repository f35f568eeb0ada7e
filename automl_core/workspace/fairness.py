"""Use cases of the fairness step: which columns are protected, and how the model's answers and errors differ by their groups."""
from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from automl_core import explaining
from automl_core.data.table import find_column
from automl_core.errors import BadInput
from automl_core.explaining import Fairness
from automl_core.explaining.copies import among, together_of
from automl_core.explaining.words import counted_alike
from automl_core.framing import predicted_codes
from automl_core.framing.problem import Problem
from automl_core.workspace import explained
from automl_core.workspace.context import Context, Recent, fingerprint
from automl_core.workspace.search import Searching
from automl_core.workspace.summaries import cut_of
from automl_core.workspace.views import Run


@dataclass(frozen=True, slots=True)
class Protected:
    """The columns that a project declares as protected."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class Auditing:
    context: Context
    search: Searching
    audited: Recent[Fairness] = field(default_factory=lambda: Recent(24))

    def choices(self, project_id: str) -> tuple[str, ...]:
        """Columns that can be declared: those with groups, whether the model uses them or not."""
        _, columns, problem, _ = self.search.goal.open(self.search.inputs(self.search.needed(project_id)))
        return tuple(column.name for column in columns if column.name != problem.target
                     and problem.roles.get(column.name, column.role) in ("number", "category") and column.kind != "date")

    def hints(self, project_id: str) -> tuple[str, ...]:
        """Columns whose names suggest it. Nothing is declared by itself."""
        _, columns, problem, _ = self.search.goal.open(self.search.inputs(self.search.needed(project_id)))
        return tuple(name for name in explaining.likely_protected(columns) if name != problem.target)

    def declared(self, project_id: str) -> tuple[str, ...]:
        """The declared columns that the table still has."""
        saved = self.context.latest("protected", project_id, Protected)
        known = set(self.choices(project_id)) if saved else set()
        return tuple(name for name in saved.columns if name in known) if saved else ()

    def declare(self, project_id: str, columns: tuple[str, ...]) -> None:
        """Keep the declared columns; BadInput when one has no groups."""
        unknown = [name for name in columns if name not in self.choices(project_id)]
        if unknown:
            raise BadInput(f"“{unknown[0][:80]}” is not a column with groups.", "Choose one of the list.")
        self.context.save("protected", project_id, Protected(columns))
        self.context.store.touch(project_id)

    def used(self, project_id: str) -> tuple[str, ...]:
        """Declared columns that the newest model learns from."""
        sources = self.search.bundle(self.search.needed(project_id)).model.sources
        return tuple(name for name in self.declared(project_id) if name in sources)

    def audit(self, project_id: str, column: str, label: str = "") -> Fairness:
        """The newest model's out-of-fold answers by the groups of one column.

        `label` chooses the class spoken of when there are several; without it as `unasked` says.
        """
        return self.audit_of(self.search.needed(project_id), column, label)

    def unasked(self, project_id: str) -> str:
        """The class of several that is spoken of unasked; "" where there is nothing to choose."""
        run = self.search.needed(project_id)
        problem = self.search.goal.problem_of(self.search.inputs(run))
        return self._class(run, problem) if problem.task == "multiclass" else ""

    def _class(self, run: Run, problem: Problem) -> str:
        """The one that the model is explained for; the rarest where it never was."""
        found = explained.class_of(self.context, run, problem)
        return found or problem.classes[_rarest(self.search.predictions(run).y, len(problem.classes))]

    def audit_of(self, run: Run, column: str, label: str = "") -> Fairness:
        """The same for one run."""
        problem = self.search.goal.problem_of(self.search.inputs(run))
        if problem.task == "multiclass" and label not in problem.classes:
            label = self._class(run, problem)
        return self.audited.get(fingerprint(run.id, column, label), lambda: self._audit(run, column, label))

    def _audit(self, run: Run, column: str, label: str) -> Fairness:
        frame, columns, problem, _ = self.search.goal.open(self.search.inputs(run))
        role = problem.roles.get(column, find_column(columns, column).role)
        past = self.search.predictions(run)
        values = frame[column].iloc[past.positions].reset_index(drop=True)
        groups = explaining.protected_groups(values, role)
        made = explaining.in_order(self._figures(run, column, label, groups), values, groups)
        alike = counted_alike(problem.weights)
        if not alike:
            return made
        return replace(made, sentences=(*made.sentences[:-1], alike, *made.sentences[-1:]), note=alike)

    def audits_of(self, run: Run, label: str = "") -> tuple[tuple[Fairness, ...], dict[str, str]]:
        """One run by each declared column, of several classes about `label`, and why it could not be compared by the others: they
        stop no report."""
        made, refused = [], {}
        for name in self.declared(run.project_id):
            try:
                made.append(self.audit_of(run, name, label))
            except BadInput as error:
                refused[name] = error.message
        return tuple(made), refused

    def _figures(self, run: Run, column: str, label: str, groups: np.ndarray) -> Fairness:
        frame, columns, problem, _ = self.search.goal.open(self.search.inputs(run))
        past = self.search.predictions(run)
        together = None if problem.group == column else among(together_of(frame, columns, problem), past.positions)
        y = np.asarray(past.y, dtype=np.float64)
        if problem.task == "regression":
            level = math.nan if problem.level is None or problem.metric == "mape" else problem.level
            return explaining.audit(explaining.Audit(past.oof, y, groups, None, column, "", together=together, level=level))
        cut = cut_of(run.summary) if run.summary else 0.5
        codes = predicted_codes(past.oof, cut)
        if problem.task == "binary":
            return explaining.audit(explaining.Audit(past.oof, y, groups, codes == 1, column, problem.positive,
                                                     together=together))
        place = problem.classes.index(label)
        case = explaining.Audit(past.oof[:, place], (y == place).astype(np.float64), groups, codes == place, column,
                                problem.classes[place], together=together)
        return explaining.audit(case)


def _rarest(y: np.ndarray, classes: int) -> int:
    counts = np.bincount(np.asarray(y, dtype=np.int64), minlength=classes)
    return int(np.where(counts > 0, counts, counts.max() + 1).argmin())
