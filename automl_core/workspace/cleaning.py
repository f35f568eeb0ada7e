"""Use cases of the cleaning step: findings, the recipe with undo and redo, and the cleaned table."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from automl_core import cleaning
from automl_core.cleaning.recipe import Finding, Recipe, RecipeStep
from automl_core.codec import from_json
from automl_core.data.table import Column, Table
from automl_core.errors import BadInput
from automl_core.framing.problem import Problem
from automl_core.store import Record
from automl_core.workspace.context import Context, StoredTable, fingerprint, open_table
from automl_core.workspace.data import NEW_TABLE, Data

BARE = "no steps"  # the parent of an empty recipe that is as if there had never been one


@dataclass(frozen=True)
class Cleaning:
    context: Context
    data: Data

    def recipe(self, project_id: str) -> Recipe:
        """The recipe as it stands; empty at first."""
        return self._history(project_id)[-1]

    def findings(self, project_id: str) -> tuple[Finding, ...]:
        """What is still wrong after the recipe, worst first."""
        table = self.data.table(project_id)
        recipe = self.recipe(project_id)
        problem = self.context.latest("problem", project_id, Problem)
        target = problem.target if problem and problem.target in table.names else ""
        stored = self.data.stored(project_id)
        frame, columns = self.apply_to(stored, recipe)
        key = "findings" + fingerprint(stored, recipe, target)
        found: tuple[Finding, ...] = self.context.profiles.get(key, lambda: cleaning.find(frame, columns, target))
        return found

    def apply(self, project_id: str, step: RecipeStep) -> Recipe:
        """Add one step to the end of the recipe."""
        return self._add(project_id, (step,))

    def fix_all_safe(self, project_id: str) -> Recipe:
        """Add every safe fix, and once more what those uncovered."""
        problem = self.context.latest("problem", project_id, Problem)
        table = self.data.table(project_id)
        return self.extend(project_id, safe_recipe(table, problem.target if problem else "", self.recipe(project_id)))

    def extend(self, project_id: str, recipe: Recipe) -> Recipe:
        """Add the steps of a recipe that are not there yet."""
        return self._add(project_id, recipe.steps)

    def add_step(self, project_id: str, kind: str, column: str, options: dict[str, Any], why: str = "") -> Recipe:
        """Learn a new step of that kind on the cleaned table and add it."""
        frame, _ = self.cleaned(project_id)
        return self.apply(project_id, cleaning.new_step(kind, column, options, why, frame))

    def undo(self, project_id: str, step_id: str = "") -> Recipe:
        """Take back the step of that id, or the last one; redo brings it back."""
        recipe = self.recipe(project_id)
        if not recipe.steps:
            return recipe
        gone = step_id or recipe.steps[-1].id
        return self._store(project_id, Recipe(tuple(step for step in recipe.steps if step.id != gone)))

    def redo(self, project_id: str) -> Recipe:
        """Bring back, at its place, the step that was undone last; steps of an earlier table stay gone."""
        again = self.undone(project_id)
        return self.recipe(project_id) if again is None else self._store(project_id, again)

    def undone(self, project_id: str) -> Recipe | None:
        """The recipe with the step that was undone last at its place; None when none is left that redo could bring back."""
        history = self._history(project_id)
        now = history[-1]
        present = {step.id for step in now.steps}
        for older in reversed(history[:-1]):
            missing = [step.id for step in older.steps if step.id not in present]
            if missing:
                again = {*present, missing[-1]}
                kept = tuple(step for step in older.steps if step.id in again)
                return Recipe(kept + tuple(step for step in now.steps if step.id not in {old.id for old in kept}))
        return None

    def cleaned(self, project_id: str) -> tuple[pd.DataFrame, tuple[Column, ...]]:
        """The table after the recipe (training rows: duplicates and rows without target are gone), and its columns."""
        return self.apply_to(self.data.stored(project_id), self.recipe(project_id))

    def titles(self) -> dict[str, str]:
        """What each kind of step does, for its button."""
        return {step.name: step.title for step in cleaning.cleaning_steps().plugins.values()}

    def apply_to(self, stored: StoredTable, recipe: Recipe, mark: str = "") -> tuple[pd.DataFrame, tuple[Column, ...]]:
        """A stored table after a recipe, from the cache when both are unchanged; `mark` is the fingerprint of both, if known."""

        def run() -> tuple[pd.DataFrame, tuple[Column, ...]]:
            table = open_table(self.context, stored)
            done = cleaning.apply_recipe(recipe, table.frame)
            return done.frame, cleaning.columns_after(recipe, table.columns, done.frame, table.rows)

        return self.context.cleaned.get("frame" + (mark or fingerprint(stored, recipe)), run)

    def recipe_id(self, project_id: str) -> str:
        """The record that stands for the recipe as it is: where undo and redo led back to it the one that held it first, for what
        was made with that is still true. "" while no step was ever taken, or all of them were taken back."""
        newest = self.context.store.latest(project_id, "recipe")
        return _stands_for(newest) if newest else ""

    def _records(self, project_id: str) -> tuple[Record, ...]:
        """The records of recipes since the table was read, oldest first."""
        records = self.context.store.list(project_id, "recipe")
        starts = [place for place, record in enumerate(records) if record.parent_id == NEW_TABLE]
        return records[starts[-1] if starts else 0 :]

    def _history(self, project_id: str) -> list[Recipe]:
        """The recipes since the table was read, oldest first; never empty."""
        return [from_json(Recipe, record.body) for record in self._records(project_id)] or [Recipe()]

    def _add(self, project_id: str, steps: tuple[RecipeStep, ...]) -> Recipe:
        recipe = self.recipe(project_id)
        known = {step.id for step in recipe.steps}
        new = tuple(step for step in steps if step.id not in known)
        if not new:
            return recipe
        return self._store(project_id, Recipe(recipe.steps + new))

    def _store(self, project_id: str, recipe: Recipe) -> Recipe:
        table = self.data.table(project_id)
        done = cleaning.apply_recipe(recipe, table.frame)
        if not len(done.frame):
            raise BadInput("This step would leave no rows at all.", "Undo another step first, or choose a milder one.")
        counted = replace(recipe, steps=done.steps)
        records = self._records(project_id)
        same = [record for record in records if fingerprint(from_json(Recipe, record.body)) == fingerprint(counted)]
        if same and same[-1] is records[-1]:
            return counted
        bare = not counted.steps and all(record.parent_id != NEW_TABLE for record in records)
        self.context.save("recipe", project_id, counted, parent_id=BARE if bare else _stands_for(same[-1]) if same else "")
        self.context.store.touch(project_id)
        return counted


def _stands_for(record: Record) -> str:
    """The id of the record that first held the recipe of this one; "" where that is the one of a table without a record."""
    if record.parent_id == BARE:
        return ""
    return record.id if record.parent_id in ("", NEW_TABLE) else record.parent_id


def safe_recipe(table: Table, target: str = "", start: Recipe | None = None, keep: tuple[str, ...] = ()) -> Recipe:
    """The recipe `start` with every safe fix, columns in `keep` left as they are: the same for pages and the command line.

    Twice, because one fix may uncover another (a spelling mended may leave a constant column).
    """
    recipe = start or Recipe()
    for _ in range(2):
        done = cleaning.apply_recipe(recipe, table.frame)
        columns = cleaning.columns_after(recipe, table.columns, done.frame, table.rows)
        found = cleaning.find(done.frame, columns, target, only_safe=True)
        known = {step.id for step in recipe.steps}
        new = tuple(step for step in cleaning.safe_fixes(found) if step.id not in known and step.column not in keep)
        if not new:
            break
        recipe = Recipe(recipe.steps + new)
    return recipe
