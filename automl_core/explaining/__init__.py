"""Why the model predicts what it predicts: importance, shapes, single rows and what-if."""
from __future__ import annotations

from automl_core.explaining.contributions import Contributions, contributions, pick_background
from automl_core.explaining.overview import explain
from automl_core.explaining.reasons import explain_rows
from automl_core.explaining.single import explain_row, what_if

__all__ = ["Contributions", "contributions", "explain", "explain_row", "explain_rows", "pick_background", "what_if"]
