"""What the grade of a card is called, wherever it is told: on the page, on the printed sheet and in sentences."""

from __future__ import annotations

from dataclasses import dataclass, replace

from automl_core.acting.action import ActionCard, Grade


@dataclass(frozen=True, slots=True)
class GradeWords:
    """One grade: `short` on a badge, `long` on a sheet, `sure` as a sentence before the reasons, `trust` after “Evidence B: ”
    in a report, and the `verbs` of one change, and of two that are made together."""

    short: str
    long: str
    sure: str
    trust: str
    verbs: tuple[str, str]


GRADES: dict[Grade, GradeWords] = {
    "A": GradeWords("Tested in an experiment", "Tested in an experiment in which chance decided", "It was tested.",
                    "measured where chance decided", ("was measured to change it", "were measured to change it")),
    "B": GradeWords("Well supported", "Well supported by past data; not yet measured", "It is likely.",
                    "likely, after comparing like with like", ("is likely to change it", "are likely to change it")),
    "C": GradeWords("Test it first", "Test it first: something unseen could explain part of it", "It is possible: test it first.",
                    "something hidden may explain it, so test it first",
                    ("goes together with the change after comparing like with like; test it before a rollout",
                     "go together with the change after comparing like with like; test them before a rollout")),
    "D": GradeWords("Only a hint", "A pattern, not advice", "A pattern, not advice.",
                    "a pattern, not advice", ("is a pattern, not advice", "are a pattern, not advice")),
}
MEASURED = replace(GRADES["A"], long="Measured by a pilot in which chance decided")
RETIRED = replace(GRADES["D"], short="Retired by its pilot", long="Retired by a pilot in which chance decided",
                  sure=MEASURED.sure, trust="retired by a pilot in which chance decided")
DOUBTED = replace(  # chance decided, but not well enough
    GRADES["C"], sure="Chance was to decide who got the change; something not recorded may be behind it all the same.")


def grade_words(card: ActionCard) -> GradeWords:
    """What the grade of this card is called: a pilot may have measured it, or chance have decided who got the change."""
    if card.measured:
        return RETIRED if card.grade == "D" else MEASURED
    return DOUBTED if card.drawn and card.grade == "C" else GRADES[card.grade]
