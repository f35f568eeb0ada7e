"""What stays when another model of a search is handed over: what was found of the same table, and of that model before."""
from __future__ import annotations

from automl_core.store import Record
from automl_core.workspace.context import Context
from automl_core.workspace.summaries import summary_of
from automl_core.workspace.views import Run

OF_TABLE = ("segments", "experiment")  # made without the model
OF_MODEL = ("cards", "recourse", "evidence", "explanation", "row_orders")


def carry(context: Context, run: Run, made: Run) -> None:
    """Keep for a new run what was found for the run that it was chosen from, as far as no model has a say in it, and all that was
    found for an earlier run of the same search that handed over the same model."""
    earlier = next((one for one in _of_search(context, run) if one.id != made.id and _chosen(one) == _chosen(made)), None)
    if earlier is not None:
        _copy(context, earlier, made, (*OF_TABLE, *OF_MODEL))
    _copy(context, run, made, OF_TABLE)


def has_cards_elsewhere(context: Context, run: Run) -> bool:
    """Whether cards were made for another model of the same search."""
    others = [one.id for one in _of_search(context, run) if one.id != run.id]
    records = context.store.list(run.project_id, "cards") if others else ()
    return any(record.parent_id.startswith(tuple(others)) for record in records)


def _of_search(context: Context, run: Run) -> list[Run]:
    """The runs of one search, newest first: each hands over another model than the one before it."""
    return [context.noun(Run, record) for record in reversed(context.store.list(run.project_id, "run", parent_id=run.job_id))]


def _chosen(run: Run) -> str:
    return next(offer.name for offer in summary_of(run).ladder if offer.chosen)


def _copy(context: Context, source: Run, made: Run, kinds: tuple[str, ...]) -> None:
    """The newest record of each kind, class and goal of one run, kept for another one."""
    for kind in kinds:
        newest: dict[str, Record] = {}
        for record in reversed(context.store.list(source.project_id, kind)):
            if record.parent_id.startswith(source.id):
                newest.setdefault(record.parent_id, record)
        for record in reversed(newest.values()):
            context.store.put(kind, made.project_id, record.body, parent_id=made.id + record.parent_id.removeprefix(source.id))
