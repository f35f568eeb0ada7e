"""The contract of a table and of predictions, put together as a search does it for the bundles that it writes."""
from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Column
from automl_core.framing.problem import Problem
from automl_core.production.alike import going_together
from automl_core.production.contract import Contract, copied_by
from automl_core.production.monitor import contract_of, with_predictions
from automl_core.production.training_columns import columns_in_training, with_importance


def make_contract(
    frame: pd.DataFrame, columns: tuple[Column, ...], problem: Problem, predictions: NDArray[np.float64] | None,
    importance: dict[str, float], dropped: Collection[str] = (),
) -> Contract:
    """`predictions` are out of fold: (n,) probabilities or numbers, or (n, k); `importance` holds shares by column."""
    parts = with_importance(columns_in_training(frame, columns, problem, dropped), importance)
    made = contract_of(parts, frame, problem)
    together = going_together(frame, problem.group, copied_by(parts))
    return made if predictions is None else with_predictions(made, problem, predictions, together=together)
