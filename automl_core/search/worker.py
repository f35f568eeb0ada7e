"""What a worker process does: one fit of one candidate on one part of the rows."""
from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.metric_rows import inverse_size, with_absent
from automl_core.framing.problem import Task
from automl_core.search.codes import Code, CodeSource, fit_codes
from automl_core.search.families import families
from automl_core.search.family import Array, Family, FitFailed, FitRequest, Fitted
from automl_core.search.feature import Feature
from automl_core.search.formula_lab import FormulaSource, fit_formulas
from automl_core.search.formulas import Formulas
from automl_core.search.journal import FoldResult
from automl_core.search.letter_lab import fit_letters
from automl_core.search.letters import Levels
from automl_core.search.log_target import family_options, from_log, is_log, to_log
from automl_core.search.soft import Rows, softened
from automl_core.search.text import Terms
from automl_core.search.unit import staged

ExtrasKind = Literal["codes", "letters", "formulas"]
EXTRAS_KINDS: tuple[ExtrasKind, ...] = ("codes", "letters", "formulas")  # in the order in which they lie in a model
ALL_ROWS = -1
LARGEST_SEED = 2**31 - 1_000  # what all libraries take, and the seeds after it for fits that are averaged
STAGED_ROWS = 4_000  # above, stopping at the best round of the rows it is judged by flatters a model by less than can be seen
ROWS_AT_ONCE = 50_000  # that are copied from what all workers share
ROWS_TIMED = 21  # to learn what one takes
# What numeric libraries raise on tables they cannot learn from: one candidate fails, the search goes on.
FAILURES = (FitFailed, ImportError, ValueError, TypeError, ArithmeticError, RuntimeError, LookupError, MemoryError,
            AttributeError, AssertionError, np.linalg.LinAlgError)


@dataclass(frozen=True, slots=True)
class FitTask:
    """One fit. `fold` ALL_ROWS is a refit on everything with `rounds`; `until` is in seconds since 1970.

    `extras` are the handles of the fold's learned columns, to be put after the plain ones. `relative` says that an error counts
    by its share of the truth. More seeds than one are fitted as long as all end within `bag_seconds`. With `also`, other folds,
    it learns without any of them, by `rounds`, and predicts all. A student learns what it is `taught` in place of the truth: (n,)
    numbers, or (n, k) shares of classes, of all rows.
    """

    key: str
    family: str
    options: dict[str, Any]
    fold: int
    features: tuple[Feature, ...]
    task: Task
    classes: int
    until: float
    stop_file: str = ""
    rounds: int = 0
    seed: int = 0
    extras: tuple[Any, ...] = ()
    bags: int = 1
    bag_seconds: float = float("inf")
    relative: bool = False
    also: tuple[int, ...] = ()
    taught: Array | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ExtrasTask:
    """Learn columns from the target on the training rows of one fold (or on all rows): codes, letters or formulas.

    `texts` are the columns whose terms are coded, `lettered` those whose levels' letters are. With `also` other folds are left
    out, too.
    """

    kind: ExtrasKind
    fold: int
    features: tuple[Feature, ...]
    task: Task
    classes: int
    class_names: tuple[str, ...]
    texts: tuple[str, ...]
    until: float
    seed: int = 0
    lettered: tuple[str, ...] = ()
    also: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Extras:
    """Learned columns of one fold: what computes them, their features, and `values` (n, q) float32 for all rows. `whole` is False
    where time left out a part."""

    kind: ExtrasKind
    fold: int
    learned: tuple[Code, ...] | Formulas
    features: tuple[Feature, ...]
    values: NDArray[np.float32]
    seconds: float = 0.0
    whole: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Shelf(Mapping[str, Any]):
    """Arrays in a folder, each mapped when it is asked for: one that stayed mapped would count as memory of every process."""

    folder: str
    names: tuple[str, ...]

    def __getitem__(self, name: str) -> Any:
        if name not in self.names:
            raise KeyError(name)
        return np.load(Path(self.folder) / f"{name}.npy", mmap_mode="r", allow_pickle=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def open_arrays(handle: Any) -> Mapping[str, Any]:
    """The arrays of a handle that an executor gave."""
    return handle if isinstance(handle, dict) else Shelf(*handle)


def run_fit(handle: Any, task: FitTask) -> FoldResult:
    """Fit, and predict the rows left out. A fit that fails is a result with a sentence, never an exception."""
    result = _fit(handle, task)
    give_back_memory()
    return result


def give_back_memory() -> None:
    """Hand freed memory back to the system: what one fit needed for a moment would otherwise stay with its process."""
    with suppress(AttributeError, OSError, TypeError):  # another C library does so by itself
        ctypes.CDLL(None).malloc_trim(0)


def _fit(handle: Any, task: FitTask) -> FoldResult:
    began = time.monotonic()
    try:
        family = families().get(task.family)
        for module in family.fit_modules:
            import_module(module)
        began = time.monotonic()  # a library is imported once a worker: not what a fit of this family costs
        arrays = open_arrays(handle)
        chosen, valid = _rows_learned(arrays, task), _rows_left_out(arrays, task)
        logs = is_log(task.options)
        truth = to_log(np.asarray(arrays["y"])) if logs else arrays["y"]
        y = np.asarray(truth[chosen])
        extras = [open_arrays(extra) for extra in task.extras]
        blocks = [(arrays, "matrix"), *((extra, next(iter(extra))) for extra in extras)]
        left_out = _side_by_side(blocks, valid)
        final = task.fold == ALL_ROWS
        judged = not final and not task.also
        rows = Rows(_side_by_side(blocks, chosen), y, _weights(task, arrays, chosen))
        if task.taught is not None:
            said = task.taught[chosen]
            rows = softened(rows, to_log(np.maximum(said, 0.0)) if logs else said)
        request = FitRequest(
            rows.matrix, rows.y, task.features, task.task, task.classes, family_options(task.options),
            rounds=task.rounds, seed=task.seed % LARGEST_SEED,
            deadline=time.monotonic() + task.until - time.time(), stop_file=task.stop_file,
            valid_matrix=left_out if judged else None, valid_y=np.asarray(truth[valid]) if judged else None,
            weights=rows.weights, valid_weights=_weights(task, arrays, valid) if judged else None,
            stages=left_out.shape[0] <= STAGED_ROWS, bags=task.bags, bags_until=began + task.bag_seconds, once=True)
        few = request.matrix[:ROWS_TIMED].copy()
        del rows  # their matrix, too, is let go when the family has its own
        fitted = family.fit(request)
        prediction = np.zeros(0) if final else family.predict(fitted.native, left_out) if fitted.said is None else fitted.said
        stages = fitted.stages
        if logs:
            prediction = from_log(prediction)
            stages = stages and replace(
                stages, predictions=staged(from_log(stages.predictions.astype(np.float64)), task.task, arrays["y"]))
        if not final and task.task == "multiclass":
            prediction = with_absent(prediction, y)
            stages = stages and replace(stages, predictions=with_absent(stages.predictions, y))
        if not np.isfinite(prediction).all():
            return FoldResult(task.key, task.fold, np.zeros(0), error=f"{family.title} gave numbers that are not finite.")
        kept = final or (judged and task.fold == 0)
        files = family.save(fitted.native) if kept else {}
        return FoldResult(task.key, task.fold, prediction, fitted.rounds, time.monotonic() - began, fitted.truncated,
                          _row_ms(family, fitted, few) if kept and not final else float("nan"), files=files, stages=stages,
                          to_best=fitted.to_best, bags=fitted.bags)
    except FAILURES as error:
        return FoldResult(task.key, task.fold, np.zeros(0), seconds=time.monotonic() - began, error=failure_of(error))


def _rows_learned(arrays: Mapping[str, Any], task: FitTask | ExtrasTask) -> NDArray[Any]:
    """The places of the rows to learn from."""
    if task.fold == ALL_ROWS:
        return np.arange(len(arrays["y"]))
    chosen = np.asarray(arrays[f"train{task.fold}"])
    return reduce(np.intersect1d, (np.asarray(arrays[f"train{fold}"]) for fold in task.also), chosen)


def _rows_left_out(arrays: Mapping[str, Any], task: FitTask) -> NDArray[Any]:
    """The places of the rows to predict."""
    if task.fold == ALL_ROWS:
        return np.arange(0)
    left_out = np.asarray(arrays[f"valid{task.fold}"])
    return reduce(np.union1d, (np.asarray(arrays[f"valid{fold}"]) for fold in task.also), left_out)


def failure_of(error: BaseException) -> str:
    """The sentence on a fit that ended with this error."""
    return str(error) if isinstance(error, FitFailed) else f"The fit failed ({type(error).__name__}: {str(error)[:120]})."


def _side_by_side(blocks: list[tuple[Mapping[str, Any], str]], part: NDArray[Any]) -> Array:
    """(m, p) these rows of all blocks, each the array of a name among others, put where they belong some at a time: at no moment
    twice in memory. Each time the block is mapped anew: all that was read of it would count as memory of this process."""
    places = np.flatnonzero(part) if part.dtype == np.bool_ else part
    widths = [arrays[name].shape[1] for arrays, name in blocks]
    found = np.empty((len(places), sum(widths)))
    begin = 0
    for (arrays, name), width in zip(blocks, widths, strict=True):
        for start in range(0, len(places), ROWS_AT_ONCE):
            some = slice(start, start + ROWS_AT_ONCE)
            found[some, begin:begin + width] = arrays[name][places[some]]
        begin += width
    return found


def _weights(task: FitTask, arrays: Mapping[str, Any], rows: NDArray[Any]) -> Array | None:
    """How much rows count while learning: by their weights, and by the inverse of the truth where errors are relative to it."""
    given = np.asarray(arrays["weights"][rows]) if "weights" in arrays else None
    if not task.relative:
        return given
    found: Array = inverse_size(np.asarray(arrays["y"], dtype=np.float64))[rows] * (1.0 if given is None else given)
    return found


def run_extras(handle: Any, task: ExtrasTask) -> Extras:
    """Learn codes, letters or formulas without the rows left out; they come with values for all rows."""
    extras = _learn(handle, task)
    give_back_memory()
    return extras


def _learn(handle: Any, task: ExtrasTask) -> Extras:
    began = time.monotonic()
    arrays = open_arrays(handle)
    y = np.asarray(arrays["y"])
    train = _rows_learned(arrays, task)
    until = began + task.until - time.time()
    groups = np.asarray(arrays["groups"]) if "groups" in arrays else None
    weights = np.asarray(arrays["weights"]) if "weights" in arrays else None
    if task.kind == "formulas":
        given = FormulaSource(arrays["matrix"], task.features, y, task.task, task.classes, groups, weights, task.class_names)
        formed = fit_formulas(given, train, task.seed, until, np.float32)
        return Extras("formulas", task.fold, formed.formulas, formed.formulas.features, formed.values, time.monotonic() - began,
                      formed.whole)
    terms = {name: Terms(arrays[f"text{number}.starts"], arrays[f"text{number}.places"], arrays[f"text{number}.values"],
                         int(arrays[f"text{number}.width"])) for number, name in enumerate(task.texts)}
    levels = {name: Levels.restored({key: arrays[f"levels{number}.{key}"] for key in ("places", "names")})
              for number, name in enumerate(task.lettered if task.kind == "letters" else ())}
    source = CodeSource(arrays["matrix"], task.features, terms, y, task.task, task.classes, task.class_names, groups, weights,
                        levels)
    coded = fit_letters(source, train, task.seed, until) if task.kind == "letters" else fit_codes(source, train, task.seed, until)
    return Extras(task.kind, task.fold, coded.codes, coded.features, coded.values.astype(np.float32), time.monotonic() - began,
                  coded.whole)


def _row_ms(family: Family, fitted: Fitted, matrix: Array) -> float:
    """Median milliseconds to score one of these rows with the fitted model alone."""
    times = []
    for row in matrix:
        began = time.perf_counter()
        family.predict_row(fitted.native, row)
        times.append(time.perf_counter() - began)
    return 1000.0 * float(np.median(times))
