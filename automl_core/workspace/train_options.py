"""What `train` takes besides its table and target, whether a command or a program asks. Nothing is loaded for it: workers of the
command start first."""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from automl_core.errors import BadInput
from automl_core.search.plan import LONGEST_SEARCH

if TYPE_CHECKING:
    from automl_core.framing.problem import Money

USUAL = 60.0  # seconds of budget where none is given
MOST_FOLDS = 20


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What a search is asked for; what is left out is detected, or usual. A program names columns by their labels.

    `task` is "binary", "multiclass", "regression" or "quantile", `metric` what models are judged by. No model sees the columns in
    `drop`. Rows later in `time` test those before, rows of one `group` stay on one side of every split, and so do exact copies
    with `copies_together`; `weights` is the column that says how much a row counts. `positive` is the class of two that is
    predicted. `quantile` is the share of rows that are to stay below a predicted number. `ordered` says that classes are steps of
    a scale: True for numbers, for words their order, lowest first. `money` is what decisions are worth (see `Money`).

    The search takes `budget` seconds, 60 unless `trials` says after how many candidates it ends: then the same `seed` gives the
    same result. With both it ends by whichever comes first. `folds` 0 lets the rows decide, `families` are the only kinds of
    model that are tried, `hand_over` the rung of the ladder that is handed over. With `student` time is kept to teach one model
    what the ensemble says. `jobs` workers fit (0: as the settings say) on this machine, or where `executor` says.
    """

    task: str = ""
    metric: str = ""
    budget: float | None = None
    drop: Any = ()
    time: Any = ""
    group: Any = ""
    weights: Any = ""
    copies_together: bool = False
    positive: Any = ""
    quantile: float | None = None
    ordered: Any = False
    money: Money | Mapping[str, Any] | None = None
    seed: int = 0
    trials: int = 0
    folds: int = 0
    families: Any = ()
    hand_over: str = ""
    jobs: int = 0
    executor: str = "local"
    student: bool = False


def check_numbers(options: TrainOptions) -> None:
    """BadInput for a budget, a number of workers or another number that no search can have: before workers start."""
    budget, jobs, quantile = options.budget, options.jobs, options.quantile
    if budget is not None and not (_is_number(budget) and 1 <= budget <= LONGEST_SEARCH):
        raise BadInput(f"A budget of {_said(budget)} seconds cannot be searched.", "Give 1 second or more, up to a day.")
    if not _is_whole(jobs):
        raise BadInput(f"{_said(jobs)} workers cannot search.",
                       "Give --jobs of 1 or more; 0 takes as many as the settings say.")
    whole = all(map(_is_whole, (options.trials, options.seed, options.folds)))
    if not whole or not (options.folds == 0 or 2 <= options.folds <= MOST_FOLDS):
        raise BadInput("This number of trials or folds, or this seed, cannot be used.",
                       f"Give trials and a seed of 0 or more, and 2 to {MOST_FOLDS} folds (0 lets the rows decide).")
    if quantile is not None and not _is_number(quantile):
        raise BadInput(f"{_said(quantile)} is no quantile.", "Give a number between 0 and 1, for example 0.9.")


def amounts_of(given: Mapping[str, Any]) -> Money | None:
    """The amounts of money by their names, as numbers or as texts of numbers; None when there are none. BadInput for one that
    cannot be, and when all are 0."""
    from automl_core.framing.problem import Money

    made: dict[str, Any] = {name: str(value)[:3] if name == "currency" else _amount(name, value) for name, value in given.items()}
    if made and not any(amount for name, amount in made.items() if name != "currency"):
        raise BadInput("All amounts of --money are 0.", "Give at least one, for example true_positive=500.")
    return Money(**made) if made else None


def money_names() -> tuple[str, ...]:
    """What amounts of money are called."""
    from automl_core.framing.problem import Money

    return tuple(field.name for field in fields(Money))


def _amount(name: str, value: object) -> float:
    try:
        amount = math.nan if isinstance(value, bool) or not isinstance(value, (str, Real)) else float(value)
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount) or (name in ("over", "under") and amount < 0):
        raise BadInput(f"“{str(value)[:40]}” cannot be the amount of {name}.",
                       "Give a number; over and under are costs of 0 or more.")
    return amount


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    """Whether it is a whole number of 0 or more."""
    return isinstance(value, Integral) and _is_number(value) and int(value) >= 0


def _said(value: Any) -> str:
    """A value as a sentence has it."""
    if not _is_number(value):
        return f"“{str(value)[:40]}”"
    return f"{int(value):,}" if isinstance(value, Integral) else f"{float(value):g}"
