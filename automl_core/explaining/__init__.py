"""Why the model predicts what it predicts: importance, shapes, single rows and what-if."""
from __future__ import annotations

from automl_core.explaining.contributions import Contributions, contributions, pick_background
from automl_core.explaining.fairness import Audit, Fairness, audit
from automl_core.explaining.overview import explain
from automl_core.explaining.protected import likely_protected, protected_groups
from automl_core.explaining.reasons import explain_rows
from automl_core.explaining.single import explain_row, what_if

__all__ = ["Audit", "Contributions", "Fairness", "audit", "contributions", "explain", "explain_row", "explain_rows",
           "likely_protected", "pick_background", "protected_groups", "what_if"]
