"""How much to believe a card: the evidence grade and the sentences that say why.

A is measured by an experiment; B needs every check; C means that something hidden could explain it; D is a pattern, not advice.
"""

from __future__ import annotations

from dataclasses import dataclass

from automl_core.acting.action import Grade
from automl_core.acting.effects import Effect
from automl_core.acting.overlap import LEAST_SUPPORT
from automl_core.acting.refutations import Benchmark
from automl_core.acting.scores import LEAST_CHANCE
from automl_core.acting.wording import chance_decided
from automl_core.explaining.words import count, percent, quote

LEVEL = 0.05
LEAST_CLUSTERS = 6
GOOD_SUPPORT = 0.8
# How many times as strong as the strongest known column a hidden factor must be to cancel a card of grade B: in effect, who
# got the change must look as good as random (what known columns steer, unknown ones steer, too: Altonji, Elder and Taber 2005).
# Once is not enough: a hidden factor as strong as the known ones leaves a strong real effect standing, inflated by a quarter
# (tests/truth/test_cards_hidden.py).
STEERED = 8.0
HELD = "It held against every check that past data allow. A factor unlike all known columns shows in none: a pilot is still due."


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the grade rests on. `p` is corrected, `pays` says that the weak end of the interval is still worth it; the checks
    are None when they were not made. `together` names another lever that goes together with this one for an unknown reason,
    `steered` says that known columns tell who got the change, `clearly` that it is more than a hint, `few` that rows
    are too few to see that; `control` names an outcome that no lever can change and that this one seems to; `undrawn` says that
    it is said to be an experiment and was not read as one, `free` that no cost of it was given, `aside` names a column that rows
    are not compared on and that tells who got the change."""

    effect: Effect
    p: float
    wanted: bool
    pays: bool
    numeric: bool = False
    randomised: bool = False
    benchmark: Benchmark | None = None
    placebo: bool | None = None
    random_cause: bool | None = None
    unconfirmed: bool = False
    together: str = ""
    steered: bool = False
    clearly: bool = False
    few: bool = False
    control: str = ""
    undrawn: bool = False
    free: bool = False
    aside: str = ""
    least: float = LEAST_CHANCE


def is_advice(found: Evidence) -> bool:
    """Whether it may be shown as an action at all, before the attempts to break it."""
    return not shortfalls(found)


def shortfalls(found: Evidence) -> tuple[str, ...]:
    """Why it is a pattern and not advice; empty when it is advice so far."""
    said = []
    if not found.wanted:
        said.append("The change goes the wrong way.")
    elif found.p >= LEVEL or found.effect.low * found.effect.high <= 0:
        said.append("After comparing like with like, no effect can be told from chance.")
    elif not found.pays:
        said.append("In money, the weak end of its range brings nothing." if found.free
                    else "The weak end of its range is not worth the cost.")
    if found.effect.same_sign < found.effect.blocks:
        said.append(f"Only {found.effect.same_sign} of {found.effect.blocks} parts of the rows agree on the direction.")
    if found.effect.support < LEAST_SUPPORT:
        said.append(_supported(found))
    if 0 < found.effect.clusters < LEAST_CLUSTERS:
        groups = count(found.effect.clusters, "group of rows is", "groups of rows are")
        said.append(f"Only {groups} on one side: the change cannot be told from the groups.")
    if found.placebo is False:
        said.append("A placebo that changes nothing seemed to have an effect, too.")
    if found.random_cause is False:
        said.append("A column of random numbers moved the estimate.")
    if found.unconfirmed and not said:
        said.append("No group held on the rows that did not choose it.")
    return tuple(said)


def grade(found: Evidence) -> tuple[Grade, tuple[str, ...]]:
    """The grade and why it is not a better one."""
    short = shortfalls(found)
    if short:
        return "D", short
    said = []
    if found.control:
        said.append(f"It seems to change {quote(found.control)}, too, which no change can: the rows that have it differ from the "
                    "others in something that is not recorded.")
    if found.randomised:
        return ("C", tuple(said)) if said else ("A", (chance_decided(),))
    if found.numeric and found.undrawn:
        said.append("A number is compared with rows that are that much higher or lower, even where chance decided how high: only "
                    "values named under “To” are read as an experiment.")
    elif found.numeric:
        said.append("A number is compared with rows that happen to be that much higher or lower; nobody moved it by that step.")
    if found.effect.support < GOOD_SUPPORT:
        said.append(_supported(found))
    if found.benchmark is None:
        said.append("No known column could be left out to see how much a hidden one might matter.")
    elif found.effect.firm_robustness < found.benchmark.strength:
        said.append(f"A hidden factor only as strong as {found.benchmark.words} would be enough to cancel it.")
    elif found.clearly:
        said.append(f"Known columns tell in part {_decided(found)}; unknown ones may, too.")
    elif found.effect.firm_robustness < STEERED * found.benchmark.strength:  # of a lever drawn by lot, too, where rows are few
        said.append(f"A hidden factor {STEERED:g} times as strong as {found.benchmark.words} would be enough to cancel it.")
    elif found.steered:
        said.append(f"Known columns tell a little of {_decided(found)}, perhaps by chance; unknown ones may tell more.")
    elif found.few:
        said.append(f"The rows are too few to see whether known columns decide a part of {_decided(found)}.")
    if found.aside:
        said.append(f"{quote(found.aside)}, on which rows are not compared, tells in part {_decided(found)}.")
    if found.together:
        said.append(f"It goes together with {quote(found.together)} beyond what known columns tell: something is not recorded.")
    return ("C", tuple(said)) if said else ("B", (HELD,))


def _supported(found: Evidence) -> str:
    """How many rows have others to be compared with, and when rows have none."""
    few = "" if found.numeric else f": of those like the rest fewer than {100 * found.least:.2g} in 100 have the change"
    return f"Only {percent(found.effect.support)} of the rows have others to be compared with{few}."


def _decided(found: Evidence) -> str:
    return "how high it is" if found.numeric else "who got it"
