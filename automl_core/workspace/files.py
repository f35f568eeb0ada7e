"""Use cases on files alone: what the command line asks of a table and a bundle, through the same steps as the pages."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from automl_core import acting, cleaning, framing
from automl_core import data as data_step
from automl_core import samples as sample_tables
from automl_core.acting import ActionPlan, Experiment, PlanInputs
from automl_core.acting.action import Actions
from automl_core.acting.action_list import ActionList
from automl_core.acting.card_words import card_lines, pattern_line
from automl_core.acting.recourse_many import RecourseSummary, SummaryAsk
from automl_core.cleaning.recipe import Finding
from automl_core.data.reading import RawRows
from automl_core.data.table import ReadLimits, Table
from automl_core.errors import BadInput
from automl_core.explaining import explain_rows
from automl_core.framing.problem import Verdict
from automl_core.production import Bundle, load_bundle
from automl_core.production.contract import BatchReport, with_reading
from automl_core.production.outcomes import beside, outcomes_in
from automl_core.reporting.exports import safe_csv, safe_xlsx
from automl_core.search.model import cleaned_rows
from automl_core.workspace.bundle_rows import outcomes_of
from automl_core.workspace.cleaning import safe_recipe
from automl_core.workspace.decide import planned_table
from automl_core.workspace.deploy import Deploying
from automl_core.workspace.ended_pilots import found_after_pilots
from automl_core.workspace.file_goal import check_file, goal_for, no_outcomes
from automl_core.workspace.file_risks import file_risks, kept_rows
from automl_core.workspace.file_worth import FileWorth, Judged, file_worth
from automl_core.workspace.kept_recourse import SECONDS
from automl_core.workspace.list_reasons import with_reasons
from automl_core.workspace.opening import existing, opening
from automl_core.workspace.out_files import is_workbook, write_out
from automl_core.workspace.pilot_sides import kept_apart, own_arms, rank_free, sides_in_file
from automl_core.workspace.projects import Projects
from automl_core.workspace.requests import Request, in_table, shaped

NOT_HERE = ("The rows of the search are not in this workspace, so the reasons compare each row with the others of the file; "
            "where all are alike there are none.")


@dataclass(frozen=True, slots=True, eq=False)
class Advice:
    """What `act` gives: cards and patterns, the plan of one action a row, the ranked list, and both as tables to export; with an
    experiment, its result and the rows by how much they gain. `aside` says which rows have no place in the plan and the list
    because the model learned from them (`left_out` of them), or that this is not known; it is empty where there is no doubt.
    `worth` is what such a list brought by the outcomes that came, `recourse` how many rows can be brought to the goal."""

    found: Actions
    plan: ActionPlan
    plan_table: pd.DataFrame
    actions: ActionList
    table: pd.DataFrame
    experiment: Experiment | None = None
    gains: pd.DataFrame | None = None
    aside: str = ""
    left_out: int = 0
    worth: FileWorth = field(default_factory=FileWorth)
    recourse: RecourseSummary | None = None

    @property
    def told(self) -> dict[str, list[dict[str, Any]]]:
        """The cards and the patterns as plain JSON values (docs/act.md)."""
        return {"cards": [acting.card_dict(card) for card in self.found.cards],
                "patterns": [acting.card_dict(card) for card in self.found.patterns]}

    @property
    def lines(self) -> tuple[str, ...]:
        """The same in words: all that each card says, and each pattern in a line."""
        return *(line for card in self.found.cards for line in card_lines(card)), *map(pattern_line, self.found.patterns)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The rows of a file with their predictions, and what is to be said of their reasons, and of how the file was read (empty:
    nothing)."""

    rows: pd.DataFrame
    note: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Files:
    projects: Projects
    deploy: Deploying

    def limits(self) -> ReadLimits:
        """What reading one file may cost."""
        return self.projects.goal.data.limits()

    def open(self, source: str) -> Table:
        """The table of a path, or of `sample:NAME`."""
        with opening(source, self.limits()) as table:
            return table()

    def profile(self, source: str) -> tuple[Table, tuple[Finding, ...]]:
        """A table and what is wrong with it."""
        table = self.open(source)
        return table, cleaning.find(table.frame, table.columns)

    def check(self, source: str, request: Request) -> Verdict:
        """The verdict whether machine learning is needed, after the safe fixes."""
        table = self.open(source)
        request = in_table(request, table.columns)
        recipe = safe_recipe(table, request.target, keep=request.named)
        done = cleaning.apply_recipe(recipe, table.frame)
        columns = cleaning.columns_after(recipe, table.columns, done.frame, table.rows)
        problem = shaped(framing.suggest_problem(done.frame, columns, request.target), request, done.frame, columns)
        verdict = framing.check(done.frame, columns, problem)
        return replace(verdict, warnings=(*table.warnings, *verdict.warnings))

    def predict(self, bundle_path: str, source: str, reasons: bool = False) -> Scored:
        """The scored rows of a file, in order; with `reasons`, why each row got its prediction, where it has one: compared with
        the rows of the search, or of the file where these are not at hand."""
        bundle = load_bundle(existing(bundle_path))
        read = self._read(source)
        raw = read.frame
        scored = bundle.predict(raw)
        if not reasons or (scored["_quality"] == "reject").all():  # a file is refused as a whole, for a column that is missing
            return Scored(scored, "", read.warnings)
        frame, kept = cleaned_rows(bundle.model, raw), kept_rows(bundle, self.deploy.search)
        why = explain_rows(bundle.model, frame, frame if kept is None else kept[1])
        scored["_reasons"] = [_joined(note, words) for note, words in zip(scored["_reasons"], why, strict=True)]
        return Scored(scored, "" if kept else NOT_HERE, read.warnings)

    def csv(self, frame: pd.DataFrame) -> bytes:
        """A frame as a CSV that no spreadsheet takes for formulas."""
        return safe_csv(frame)

    def write_table(self, frame: pd.DataFrame, out: Path) -> None:
        """A frame as the kind of file that its name says (see `check_table_out`), whose folder is made when it is not there; no
        cell of it is a formula."""
        write_out(out, safe_xlsx(frame) if is_workbook(out) else self.csv(frame))

    def write(self, out: Path, text: str) -> None:
        """A text as a UTF-8 file."""
        write_out(out, text.encode("utf-8"))

    def opened(self, bundle_path: str, source: str) -> tuple[Bundle, pd.DataFrame]:
        """A bundle, and the rows of a file as they stand there."""
        return load_bundle(existing(bundle_path)), self._read(source).frame

    def act(self, bundle_path: str, source: str, goal_text: str, processes: bool = False) -> Advice:
        """Action cards and the ranked list for the rows of a file under a goal, given as the text of a goal.toml; many rows in
        `processes`."""
        goal = acting.read_goal(goal_text)  # a slip in it is told before the bundle is opened
        bundle = load_bundle(existing(bundle_path))
        problem, goal = bundle.model.problem, goal_for(bundle, goal)
        raw = self._read(source, whole=False).frame  # a total is nobody to act on
        check_file(goal, bundle, raw)
        frame = cleaned_rows(bundle.model, raw)
        columns = cleaning.columns_after(bundle.model.recipe, bundle.model.columns, frame)
        goal = acting.valued(goal, frame)
        y, known = outcomes_of(bundle, frame)
        if not known.any():
            raise no_outcomes(bundle.model, raw)
        learned = {block.source: block.levels for block in bundle.model.encoder.blocks if block.levels}
        goal = acting.with_known_values(goal, frame, columns, learned)
        past = frame[known].reset_index(drop=True)
        found = acting.make_cards(acting.CardInputs(bundle.model, past, y, columns, problem, goal, processes=processes))
        run = str(bundle.facts.get("run", ""))
        found = found_after_pilots(self.deploy.context, self.deploy.search, run, found, goal)
        typed = data_step.type_frame(raw, bundle.model.columns).frame
        predictions, where = file_risks(bundle, typed, frame, self.deploy.search)
        rows = frame.iloc[where.places]  # their index says which rows of the file they are
        sides = sides_in_file(self.deploy.context, self.deploy.search, run, rows, where.positions)
        busy = [row for one in sides for row in one.arms]
        ranked = with_reasons(rank_free(rows, predictions, columns, problem, goal, busy), bundle, rows, goal)
        inputs = kept_apart(PlanInputs(bundle.model, rows, columns, predictions, goal), sides)
        plan = acting.plan_actions(found.cards, inputs)
        if where.left_out and rows.empty:
            nobody = "No row is left to be ranked or planned."
            plan, ranked = replace(plan, sentence=nobody), replace(ranked, sentence="")
        table = planned_table(plan, inputs, run, own_arms(plan, sides, goal), lambda places: explain_rows(
            bundle.model, rows.iloc[places].reset_index(drop=True), frame, unless=goal.good))
        judged = Judged(rows, columns, predictions, problem, goal, busy, where.doubted)
        advice = Advice(found, plan, table, ranked, acting.actions_frame(ranked, rows, columns), aside=where.said,
                        left_out=where.left_out, worth=file_worth(judged),
                        recourse=acting.recourse_summary(bundle.model, frame, goal, SummaryAsk(seconds=SECONDS)))
        if not goal.experiment:
            return advice
        result, gains = acting.measure_drawn(acting.ExperimentInputs(frame, columns, problem, goal))
        return replace(advice, experiment=result, gains=acting.experiment_frame(gains, frame, result))

    def monitor(self, bundle_path: str, batch: str, outcomes: str = "") -> BatchReport:
        """How a batch differs from training; with outcomes (the same rows: by their ids, else in the same order), the realised
        score."""
        bundle = load_bundle(existing(bundle_path))
        read = self._read(batch)
        raw = read.frame
        results = self._read(outcomes) if outcomes else RawRows(pd.DataFrame())
        told = results.frame if outcomes else None
        if told is not None and (len(told) != len(raw) or outcomes_in(bundle.model, told)[0] is None):
            raise BadInput(f"The outcomes need a column “{bundle.model.problem.target[:80]}” and one row for each of the "
                           f"batch's {len(raw):,}.", "Export them in the order of the batch.")
        if told is not None:
            told = beside(bundle.model, raw, told)
        return with_reading(self.deploy.report(bundle, raw, bundle.predict(raw), told), (*read.warnings, *results.warnings))

    def _read(self, source: str, whole: bool = True) -> RawRows:
        if source.startswith("sample:"):
            return RawRows(sample_tables.load_sample(source.removeprefix("sample:"))[0].frame)
        path = existing(source)
        return data_step.read_rows(path, path.name, self.limits(), whole)


def _joined(note: str, words: tuple[str, ...]) -> str:
    return "; ".join(part for part in (note, *words) if part)
