"""The nouns of the search: the plan, a candidate, a trial and what a run gave."""
from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from typing import Any, Literal

from automl_core.data.words import few_of, join_words

TrialState = Literal["finished", "truncated", "dropped", "failed"]
MANY_A_SECOND = 500  # rows for each second of the budget
MOST_A_SECOND = 5_000
MANY_CLASSES, LEAST_OF_CLASS = 10, 20  # classes from which rows are fewer, and rows of each that there are room for all the same
LONGEST_SEARCH = 86_400  # seconds that a search can be given: a day
LITTLE = 20.0  # seconds of budget in which boostings of thousands of columns do not end
View = Literal["plain", "coded", "formed", "lettered"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to search and with what.

    `families` empty means all that are installed; `folds` 0 lets the rows decide. `max_trials` is a number of candidates instead
    of a time: with it the same seed gives the same result. With `limited` the budget holds beside it: whichever comes first ends
    the search. `first_seconds` is the budget of the search that this one continues, which decided the number of folds; 0 when it
    continues none. `spent_seconds` of the budget were taken by the searches that this one continues, before it was given more.
    `student` asks for one model that is taught what the ensemble says.
    """

    budget_seconds: float = 60.0
    jobs: int = 2
    seed: int = 0
    folds: int = 0
    families: tuple[str, ...] = ()
    executor: str = "local"
    max_trials: int = 0
    first_seconds: float = 0.0
    spent_seconds: float = 0.0
    student: bool = False
    limited: bool = False

    @property
    def timed(self) -> bool:
        """Whether a time ends the search, with a number of candidates beside it or without."""
        return self.limited or not self.max_trials

    def hurried(self, rows: int) -> bool:
        """Whether rows are so many for the time that a first boosting, taken slowly, would take the time of all others."""
        return self.timed and rows >= MANY_A_SECOND * (self.first_seconds or self.budget_seconds)

    @property
    def little(self) -> bool:
        """Whether there is little time where columns are thousands. The searches that go on with one answer as it did."""
        return self.timed and (self.first_seconds or self.budget_seconds) < LITTLE

    @property
    def new_seconds(self) -> float:
        """The part of the budget that is this search's own: the time that was added, where it continues another."""
        return self.budget_seconds - self.spent_seconds

    @property
    def most_rows(self) -> int:
        """How many rows the search learns from at most: of more, hardly one candidate would end in time."""
        return int(MOST_A_SECOND * (self.first_seconds or self.budget_seconds)) if self.timed else sys.maxsize

    def rows_of(self, classes: int) -> int:
        """The same for so many classes: a boosting grows trees for each, so that a round on all those rows of a hundred classes
        took eight seconds. 0 where a number is learned."""
        most = self.most_rows
        if not self.timed or classes <= MANY_CLASSES:
            return most
        return min(most, max(most * MANY_CLASSES // classes, LEAST_OF_CLASS * classes))


def left_out_sentence(rows: int, left_out: int, seconds: float = 0.0, unheld: int = 0) -> str:
    """What a search says that looked at `rows` rows and at `left_out` more not at all; empty when it looked at all. `seconds` are
    those of a search that would (0: by the rows alone); none would where memory did not hold `unheld` of those left out."""
    if not left_out:
        return ""
    every = rows + left_out
    if 0 < unheld < left_out:
        return (f"The time was too short for all {every:,} rows, and the memory of this machine does not hold the "
                f"{rows + unheld:,} that there was time for with all their columns: it learned from {rows:,} of them, drawn at "
                "random. With fewer columns it learns from more.")
    if unheld:
        return (f"The memory of this machine does not hold all {every:,} rows with all their columns: it learned from {rows:,} "
                "of them, drawn at random. With fewer columns it learns from more.")
    return (f"The time was too short for all {every:,} rows: it learned from {rows:,} of them, drawn at random. "
            f"A new search of {math.ceil(seconds or every / MOST_A_SECOND):,} seconds or more looks at all.")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One configuration of one family on one view of the features. `key` is a hash of all that: the same on every machine.

    The views: "plain" columns, "coded" with what the target was for each level and text besides, "formed" with formulas too,
    "lettered" with letters of levels; the last two have the codes that there are, too, unless `coded` is False. `twin` is the
    key of the same candidate without formulas or letters: they must beat it. `tuned` ones were not in the portfolio. `teachers`
    are the weights by key of the ensemble that a student learns from.
    """

    key: str
    family: str
    label: str
    options: dict[str, Any] = field(default_factory=dict)
    view: View = "plain"
    twin: str = ""
    tuned: bool = False
    teachers: tuple[tuple[str, float], ...] = ()
    coded: bool = True


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate fitted on every fold. Scores are out of fold, in the problem's metric; `low` and `high` bound 95 %.

    `seconds` is the sum over folds; `row_ms` the median milliseconds of the fitted model alone for one row (NaN until measured);
    `mb` the size of the stored model. `reason` is a sentence when the trial is not finished.
    """

    key: str
    family: str
    label: str
    options: dict[str, Any]
    state: TrialState
    score: float
    low: float
    high: float
    fold_scores: tuple[float, ...] = ()
    rounds: tuple[int, ...] = ()
    seconds: float = 0.0
    row_ms: float = float("nan")
    mb: float = float("nan")
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """A score with its 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """All three to the same place, four digits of the score: 0.8067 (0.7735 to 0.8360), 12,350 (11,900 to 12,800)."""
        if self.mean == 0 or not math.isfinite(self.mean):
            return f"{self.mean:.4g} ({self.low:.4g} to {self.high:.4g})"
        widest = max(abs(self.mean), self.high - self.low if math.isfinite(self.high - self.low) else 0.0)
        places = 3 - math.floor(math.log10(widest))
        mean, low, high = (f"{round(part, places):z,.{max(0, places)}f}" for part in (self.mean, self.low, self.high))
        return f"{mean} ({low} to {high})"


WITHOUT = "Some columns that are learned from the target could not be learned: more time tries that again."


def shortcomings(summary: RunSummary, offer: RungOffer) -> str:
    """What time did not last for, of a search that hands over this rung, and what else it did without, in sentences; empty where
    nothing is missing."""
    told = []
    if not offer.refitted and summary.held_out:
        missed = f"{summary.held_out:,} of the {summary.rows:,} rows"
        told.append(f"It was not fitted again on all rows in time: it has not learned from {missed}."
                    if len(offer.members) == 1 else
                    f"Not all its models were fitted again on all rows in time: the others did not learn from {missed}.")
    if summary.without:
        told.append(WITHOUT)
    if summary.unread:
        names = join_words([f"“{name[:80]}”" for name in summary.unread])
        told.append(f"{names} {'was' if len(summary.unread) == 1 else 'were'} not used: what texts say is learned from other "
                    "groups, and each part of the rows that is learned from holds one alone.")
    told += filter(None, (summary.untaught, summary.unsuited))
    unheld = summary.unheld or (summary.left_out if summary.crowded else 0)
    return " ".join((*told, left_out_sentence(summary.rows, summary.left_out, summary.all_seconds, unheld))).rstrip()


def unseen_words(judged: int, rows: int) -> str:
    """On which rows a score was found, for the end of a sentence: on how many, where that is not all of them (`judged` 0: not
    noted in older runs)."""
    return f"on {judged:,} of {rows:,} rows, which it had not seen" if 0 < judged < rows else "on rows it had not seen"


def against_baseline(score: Score, baseline: Score, greater_is_better: bool) -> str:
    """A sentence when a model is not better than its baseline, one guess for every row; empty otherwise."""
    gap = score.mean - baseline.mean if greater_is_better else baseline.mean - score.mean
    if not gap <= 0:
        return ""
    apart = score.high < baseline.low or score.low > baseline.high
    return (f"It is {'worse' if apart else 'not better'} than the same guess for every row ({baseline.words.split(' ')[0]}): "
            "do not use it.")


@dataclass(frozen=True, slots=True)
class RungOffer:
    """One rung of the hand-over ladder: what can be handed over and what it costs.

    `row_ms_p50` and `row_ms_p95` are the milliseconds in which one row is answered, through all that a caller calls: NaN until
    the model is written. `chosen` marks the one handed over; `sentence` says why or why not, `found` the part of it that stays
    true whichever is chosen (empty in runs that were kept before this was noted). `money` is what a row's decision is
    worth with the amounts of the problem (NaN without). `also` are other names of the ladder that are this same model.
    `refitted` False says that time or memory did not last to fit all of it again on all rows. `computed` names what its models
    see besides the table's own columns: formulas, and what was learned of levels, texts and letters (empty in older runs, too).
    """

    name: str
    members: tuple[str, ...]
    score: Score
    row_ms_p50: float
    row_ms_p95: float
    mb: float
    chosen: bool = False
    sentence: str = ""
    money: float = float("nan")
    also: tuple[str, ...] = ()
    found: str = ""
    refitted: bool = True
    computed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a finished run tells: the handed-over model, the ladder and the leaderboard of what was tried (best first).

    `judged` are the rows that scores rest on, predicted by a model that had not seen them: fewer than `rows` where not all folds
    were fitted, and 0 in runs that were kept before this was noted. `refitted` False says that time or memory did not last to fit
    all of the model again on all rows. `left_out` are rows beyond `rows` that the search did not look at, too many for its time;
    a search of `all_seconds` would, unless memory was `crowded`, which no time mends: it did not hold `unheld` of them (0 where
    this was not noted yet). `resumed` fits were not made by this run of the search but left by one that was interrupted.
    `tried_all` says that nothing was left to try when it ended, however much time there were; False in older runs. `held_out` are
    the rows that what was not refitted has not learned from, `without` says that some learned columns were lost,
    `unread` are columns of text that were not used, `untaught` says why there is no student though one was asked for, `unsuited`
    which chosen families were not tried, and why.
    """

    task: str
    metric: str
    greater_is_better: bool
    score: Score
    baseline: Score
    ensemble: Score
    family: str
    members: tuple[str, ...]
    leaderboard: tuple[Trial, ...]
    ladder: tuple[RungOffer, ...]
    rows: int
    folds: int
    fit_seconds: float
    mb: float
    row_ms_p50: float
    row_ms_p95: float
    threshold: float = 0.5
    sentence: str = ""
    refitted: bool = True
    judged: int = 0
    left_out: int = 0
    all_seconds: float = 0.0
    factors: tuple[float, ...] = ()
    middle: bool = False
    crowded: bool = False
    resumed: int = 0
    unheld: int = 0
    tried_all: bool = False
    held_out: int = 0
    without: bool = False
    unread: tuple[str, ...] = ()
    untaught: str = ""
    unsuited: str = ""

    @property
    def computed(self) -> tuple[str, ...]:
        """What the model that is handed over sees besides the table's own columns, by name; () where it sees these alone."""
        return next((offer.computed for offer in self.ladder if offer.chosen), ())

    @property
    def computed_words(self) -> str:
        """The same as a sentence that names a dozen of them at most; empty where there is nothing."""
        return f"Besides the columns it sees what is computed from them: {self.computed_listed(12)}." if self.computed else ""

    def computed_listed(self, most: int) -> str:
        """The same as a list of so many names, and how many more there are."""
        return few_of([name[:160] for name in self.computed], most)
