"""Cleaning: what is wrong with the data, the recipe that mends it, and its replay on every new row."""
from automl_core.cleaning.application import (
    Cleaned,
    apply_recipe,
    apply_recipe_row,
    cleaning_steps,
    columns_after,
    new_step,
    safe_fixes,
)
from automl_core.cleaning.findings import find
from automl_core.cleaning.recipe import Finding, Recipe, RecipeStep, Severity
from automl_core.cleaning.step import CleaningStep

__all__ = [
    "Cleaned", "CleaningStep", "Finding", "Recipe", "RecipeStep", "Severity", "apply_recipe", "apply_recipe_row",
    "cleaning_steps", "columns_after", "find", "new_step", "safe_fixes",
]
