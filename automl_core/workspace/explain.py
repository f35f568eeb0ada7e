"""Use cases of the explaining step: the whole model, one row, and what if."""
from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from automl_core import explaining
from automl_core.codec import from_json
from automl_core.data import type_row
from automl_core.data.table import Row
from automl_core.errors import BadInput
from automl_core.explaining.explanation import Explanation, RowExplanation, WhatIf
from automl_core.production import Bundle
from automl_core.workspace.context import Context
from automl_core.workspace.search import Searching
from automl_core.workspace.views import Run


@dataclass(frozen=True)
class Explaining:
    context: Context
    search: Searching

    def explanation(self, project_id: str) -> Explanation | None:
        """The newest model explained; None while there is no model."""
        run = self.search.last(project_id)
        return None if run is None else self.explanation_of(run)

    def explanation_of(self, run: Run) -> Explanation | None:
        """One run's model explained."""
        record = self.context.store.latest(run.project_id, "explanation", parent_id=run.id)
        return from_json(Explanation, record.body) if record else None

    def rows(self, project_id: str) -> pd.DataFrame:
        """The cleaned training rows with the out-of-fold `prediction` (probability of the positive class, or value) in front.

        The index is the position that `row` and `what_if` take. A column of the user's own of that name is left out.
        """
        run = self.search.needed(project_id)
        past = self.search.predictions(run)
        frame, _, problem, _ = self.search.goal.open(self.search.inputs(run))
        score = past.oof if past.oof.ndim == 1 else past.oof.max(axis=1)
        shown = frame.iloc[past.positions].drop(columns=["prediction", "predicted class"], errors="ignore")
        shown.insert(0, "prediction", score)
        if problem.task == "multiclass":
            shown.insert(0, "predicted class", [problem.classes[index] for index in past.oof.argmax(axis=1)])
        return shown

    def row(self, project_id: str, position: int) -> RowExplanation:
        """Why the row at a position of the cleaned table gets its prediction."""
        run, bundle, row = self._open(project_id, position)
        return explaining.explain_row(bundle.model, row, self._background(run, bundle))

    def what_if(self, project_id: str, position: int, changes: dict[str, object]) -> WhatIf:
        """The same row with some values changed, before and after."""
        run, bundle, row = self._open(project_id, position)
        return explaining.what_if(bundle.model, row, changes, bundle.model.cleaned, self._background(run, bundle))

    def _open(self, project_id: str, position: int) -> tuple[Run, Bundle, Row]:
        run = self.search.needed(project_id)
        frame, _, _, _ = self.search.goal.open(self.search.inputs(run))
        if not 0 <= position < len(frame):
            raise BadInput(f"There is no row {position}.", f"Choose one from 0 to {len(frame) - 1}.")
        bundle = self.search.bundle(run)
        return run, bundle, type_row(dict(frame.iloc[position]), bundle.model.cleaned)

    def _background(self, run: Run, bundle: Bundle) -> pd.DataFrame:
        def sample() -> pd.DataFrame:
            frame, _, _, _ = self.search.goal.open(self.search.inputs(run))
            return explaining.pick_background(bundle.model, frame).reset_index(drop=True)

        background: pd.DataFrame = self.context.cleaned.get("background" + run.id, sample)
        return background
