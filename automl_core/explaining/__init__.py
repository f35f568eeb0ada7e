"""Why the model predicts what it predicts: importance and what it rests on, shapes, pairs, single rows, what-if, weak spots."""
from __future__ import annotations

from automl_core.explaining.classes import classes_by_interest
from automl_core.explaining.contributions import (
    Contributions,
    contributions,
    explained_class,
    fixed_row_care,
    pick_background,
    reference_rows,
    row_care,
)
from automl_core.explaining.curves import curve
from automl_core.explaining.depth import evidence
from automl_core.explaining.fairness import audit
from automl_core.explaining.fairness_counts import Rate, Spread
from automl_core.explaining.fairness_figures import Audit, CalibrationPoint, Fairness, GroupFigures
from automl_core.explaining.flip import Allowed, smallest_flip
from automl_core.explaining.groups import association, column_groups
from automl_core.explaining.honesty import all_with_evidence, with_evidence
from automl_core.explaining.interactions import interactions
from automl_core.explaining.kept_still import kept_still
from automl_core.explaining.overview import (
    Asked,
    every_class,
    explain,
    explain_classes,
    mixed_outcomes,
    outcomes_shown,
    stratified,
)
from automl_core.explaining.protected import in_order, likely_protected, protected_groups
from automl_core.explaining.reasons import explain_rows
from automl_core.explaining.reference import Care, Reference, open_reference
from automl_core.explaining.refits import Past
from automl_core.explaining.single import explain_row, likeliest, what_if
from automl_core.explaining.sure import PastCases, of_class, past_cases, row_context
from automl_core.explaining.swap import Rows, open_rows
from automl_core.explaining.table_doubt import Halves, quick_halves
from automl_core.explaining.table_what_if import rows_asked, what_if_rows, what_if_table
from automl_core.explaining.weak_spots import Judged, weak_spots

__all__ = ["Allowed", "Asked", "Audit", "CalibrationPoint", "Care", "Contributions", "Fairness", "GroupFigures", "Halves",
           "Judged", "Past", "PastCases", "Rate", "Reference", "Rows", "Spread", "all_with_evidence", "association",
           "audit", "classes_by_interest", "column_groups", "contributions", "curve", "every_class", "evidence", "explain",
           "explain_classes", "explain_row", "explain_rows", "explained_class", "fixed_row_care", "in_order",
           "interactions", "kept_still", "likeliest", "likely_protected", "mixed_outcomes", "of_class", "open_reference",
           "open_rows", "outcomes_shown", "past_cases", "pick_background", "protected_groups", "quick_halves",
           "reference_rows", "row_care", "row_context", "rows_asked", "smallest_flip", "stratified", "weak_spots",
           "what_if", "what_if_rows", "what_if_table", "with_evidence"]
