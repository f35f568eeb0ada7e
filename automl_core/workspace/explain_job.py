"""The job of looking deeper into a model: what its importances rest on, curves, pairs and weak spots."""
from __future__ import annotations

import math

from automl_core import explaining
from automl_core.errors import BadInput, Cancelled
from automl_core.explaining.explanation import Explanation
from automl_core.jobs import JobWatch
from automl_core.workspace import explained
from automl_core.workspace.explain import Explaining

HONEST_SECONDS, PAIR_SECONDS = 30.0, 40.0


def run_explain(explain: Explaining, project_id: str, run_id: str, watch: JobWatch, label: str = "") -> None:
    """The job: what importances rest on, curves, pairs, weak spots. What is finished is kept when it is stopped.

    What the score needs is measured for all classes at once; what hangs on the class for `label` alone.
    """
    run = explain.search.run(run_id)
    explanation = explain.explanation_of(run, label)
    if explanation is None:
        raise BadInput("This model was never explained.", "Search again.")
    model, past, oof = explain.search.bundle(run).model, explain.past(run), explain.search.predictions(run).oof
    if not _looked_at(explanation):
        watch.progress(0.02, "Fitting again on halves of the rows, to see what the score needs.", math.nan)
        kept = (explained.explanation_of(explain.context, run, name)
                for name in model.problem.classes if name != explanation.label)
        others = [one for one in kept if one is not None and one.label != explanation.label and not _looked_at(one)]
        made = explaining.all_with_evidence((explanation, *others), model, past, HONEST_SECONDS)
        for one in made:
            explain.context.save("explanation", project_id, one, parent_id=explained.place_of(explain.context, run, one.label))
        explanation = made[0]
    _go_on(watch)

    def tell(share: float, words: str) -> None:
        watch.progress(0.4 + 0.6 * share, words, math.nan)
        _go_on(watch)

    found = explaining.evidence(model, past, oof, explanation, PAIR_SECONDS, tell)
    place = explained.place_of(explain.context, run, explanation.label)
    explain.context.save("evidence", project_id, found, parent_id=place)
    explain.context.store.touch(project_id)


def _looked_at(explanation: Explanation) -> bool:
    """Whether it was measured what the score needs, or said why that cannot be."""
    return bool(explanation.refits or explanation.measured)


def _go_on(watch: JobWatch) -> None:
    if watch.stop() == "cancel":
        raise Cancelled("Looking deeper was cancelled.", "What was finished is kept.")
