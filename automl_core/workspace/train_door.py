"""The public door of the search: a frame, a target and what the command `train` takes, searched by the same engine."""
from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import weakref
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_core.acting.asked import several
from automl_core.acting.mappings import of_kind
from automl_core.acting.own_names import Names, names_of
from automl_core.codec import to_json
from automl_core.data.infer import table_from_frame
from automl_core.data.table import Table
from automl_core.data.values import to_text
from automl_core.errors import BadInput
from automl_core.explaining.words import quote
from automl_core.framing.problem import Money, Verdict
from automl_core.production import Bundle
from automl_core.search.plan import RungOffer, Trial
from automl_core.settings import settings_in
from automl_core.store import Store
from automl_core.workspace.door import Workspace
from automl_core.workspace.out_files import check_out, write_out
from automl_core.workspace.searched import idle_words, is_warned, missed_words, report_of, sentences_of
from automl_core.workspace.summaries import summary_of
from automl_core.workspace.train_options import TrainOptions
from automl_core.workspace.training import train as search_table
from automl_core.workspace.views import Run

NAME = "frame"  # of a table that has no file
OPTIONS = {field.name for field in fields(TrainOptions)}


@dataclass(frozen=True, eq=False, slots=True)
class Trained:
    """A search that has ended, and the model that it hands over.

    `sentences` say it for people, and `warned` that some of them are to be read before the model is used. `bundle` is the model,
    as `load_bundle` gives it. `run` is the search as it is kept; `verdict` says whether machine learning is needed at all.
    """

    sentences: tuple[str, ...]
    warned: bool
    bundle: Bundle = field(repr=False)
    run: Run = field(repr=False)
    verdict: Verdict = field(repr=False)
    _place: _Place = field(repr=False)

    @property
    def report(self) -> dict[str, Any]:
        """Plain JSON values by the keys of `train --json`; `bundle` is empty, for `save` writes it where it is wanted."""
        told: dict[str, Any] = to_json(report_of(self.run, self.verdict, "", options=True))
        return told | {"warnings": [_in_python(text) for text in told["warnings"]]}

    @property
    def leaderboard(self) -> tuple[Trial, ...]:
        """What was tried, best first."""
        return summary_of(self.run).leaderboard

    @property
    def ladder(self) -> tuple[RungOffer, ...]:
        """What can be handed over, from simple to strong; `chosen` marks what is."""
        return summary_of(self.run).ladder

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """One answer a row, in order, with the index of the frame: see `Scorer.predict`."""
        return self.bundle.predict(frame)

    def predict_row(self, mapping: Mapping[str, Any]) -> dict[str, Any]:
        """One answer by the fast path, equal to `predict`'s."""
        return self.bundle.predict_row(mapping)

    def save(self, path: str | Path) -> Path:
        """Write the bundle, which `load_bundle` and the command line open. BadInput when it cannot be written there."""
        out = Path(path)
        check_out(out)
        write_out(out, self._place.workspace.context.store.file_path(self.run.bundle).read_bytes())
        return out

    def more(self, seconds: float = 300.0, hand_over: str = "") -> Trained:
        """The same search after so many seconds more: what it has fitted stays, and it goes on from there. A rung that was chosen
        before stays chosen, unless `hand_over` names another. BadInput when its project has had another search since."""
        with _refusing():
            run, verdict = self._place.workspace.file_training.more(self.run.id, seconds, None, hand_over)
        idle = idle_words(run, self._place.workspace.search.runs(run.project_id))
        return _trained(run, verdict, self._place, (missed_words(run), idle))

    def choose(self, rung: str) -> Trained:
        """The same search with another rung of its ladder handed over. BadInput when the ladder has no such rung."""
        with _refusing():
            run, verdict = self._place.workspace.file_training.choose(self.run.id, rung, None)
        return _trained(run, verdict, self._place)


def train(
    frame: pd.DataFrame, target: Hashable, options: TrainOptions | Mapping[str, Any] | None = None, home: str | Path | None = None
) -> Trained:
    """Search for the best model of a target, and hand it over: the command `train` for a frame in memory.

    `frame` (n, columns) has one row a case, any dtypes and index; columns are named by their labels, whatever these are. Rows
    without a value in `target` are not learned from. `options` are `TrainOptions`, or a dictionary of its fields: {"budget": 60}
    searches a minute, {"trials": 20, "seed": 0} 20 candidates, and these give the same model each time and the same as the
    command on a file that is read as this table.

    All is kept in the folder `home`, where pages and commands find it (CLARION_HOME), and a search that was interrupted goes on
    when it is asked for again; without one in a temporary folder that goes with the answer. In a program's main thread the first
    Ctrl+C ends the search with the best so far, a second one at once.

    BadInput when the table, its target or an option cannot be used.
    """
    asked = of_kind(options, TrainOptions, "options")
    names = names_of(frame)
    own = names.clean_of(target)
    asked = _named(asked, names)
    folder = Path(tempfile.mkdtemp(prefix="clarion-")) if home is None else None
    try:
        settings = settings_in(folder or Path(str(home)))
        with _refusing():
            workspace, run, verdict = search_table(own, asked, lambda: nullcontext(lambda: _typed(frame)), settings)
        return _trained(run, verdict, _Place(workspace, folder), (missed_words(run),))
    except BaseException:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        raise


class _Place:
    """The workspace in which a search is kept. Its folder, if it is a temporary one, goes with the last value that needs it."""

    def __init__(self, workspace: Workspace, folder: Path | None) -> None:
        self.workspace = workspace
        weakref.finalize(self, _leave, workspace.context.store, folder)


def _leave(store: Store, folder: Path | None) -> None:
    store.close()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _trained(run: Run, verdict: Verdict, place: _Place, more: tuple[str, ...] = ()) -> Trained:
    """The value of a run, with `more` sentences where they are not empty; the first of them is a warning."""
    said = (*sentences_of(run, verdict, options=True), *(words for words in more if words))
    warned = is_warned(run, verdict) or bool(more and more[0])
    return Trained(tuple(map(_in_python, said)), warned, place.workspace.search.bundle(run), run, verdict, place)


def _typed(frame: pd.DataFrame) -> Table:
    """The table of a frame. Its values stand for the bytes of a file: a search goes on with fits of the same rows only."""
    table = table_from_frame(frame.reset_index(drop=True), NAME)
    rows = pd.util.hash_pandas_object(table.frame, index=False).to_numpy(dtype=np.uint64)
    return replace(table, origin=replace(table.origin, sha256=hashlib.sha256(rows.tobytes()).hexdigest()))


def _named(asked: TrainOptions, names: Names) -> TrainOptions:
    """The options with columns as the typed table calls them, and classes and kinds of model as texts."""
    for name in ("task", "metric", "hand_over", "executor"):
        if not isinstance(getattr(asked, name), str):
            raise BadInput(f"“{name}” is {quote(getattr(asked, name))}, which is no text.", "Give its name, or leave it out.")
    time, group, weights = ("" if label is None or label == "" else names.clean_of(label)
                            for label in (asked.time, asked.group, asked.weights))
    ordered = asked.ordered if isinstance(asked.ordered, bool) else tuple(map(_text, several(asked.ordered)))
    money = asked.money if asked.money is None else of_kind(asked.money, Money, "money")
    amounts = {one.name: getattr(money, one.name) for one in fields(Money) if money is not None}
    return replace(
        asked, drop=tuple(names.clean_of(label) for label in several(asked.drop)), positive=_text(asked.positive),
        families=tuple(map(_text, several(asked.families))), copies_together=bool(asked.copies_together), ordered=ordered,
        money=amounts or None, time=time, group=group, weights=weights)


def _text(value: object) -> str:
    return to_text(value) or ""


@contextmanager
def _refusing() -> Iterator[None]:
    """Refusals name the options as the door has them."""
    try:
        yield
    except BadInput as error:
        raise BadInput(_in_python(error.message), _in_python(error.hint)) from None


def _in_python(text: str) -> str:
    """A sentence in which an option is called as here, “copies_together”, and not as on the command line."""
    def own(found: re.Match[str]) -> str:
        name = found[1].replace("-", "_")
        return f"“{name}”" if name in OPTIONS else found[0]

    return re.sub(r"(?<!\S)--([a-z][a-z-]*[a-z])", own, text)
