"""What can be wrong with a text column, found on its distinct texts."""
from __future__ import annotations

import math
import re
from collections.abc import Iterator

import pandas as pd

from automl_core.cleaning.application import new_step
from automl_core.cleaning.finding_words import cells, rows, short
from automl_core.cleaning.recipe import Finding, Severity
from automl_core.cleaning.step import Options
from automl_core.data.numbers import find_number_style
from automl_core.data.spellings import find_spellings, find_yes_and_no, only_shortened, spelling_key, trimmed
from automl_core.data.table import Column, Reading
from automl_core.data.values import FALSE_WORDS, TRUE_WORDS, parse_number

# marks and abbreviations that mean nothing else; words such as “none” or “unknown” may be an answer
CLEAR = frozenset({
    "", "?", "??", "-", "--", "---", ".", "..", "n/a", "#n/a", "n.a.", "null", "nan", "nil", "#value!", "#ref!", "#null!",
    "#div/0!", "#name?", "(null)", "\\n", "k.a.", "nat", "<na>", "(blank)",
})
OPEN = frozenset({
    "na", "none", "unknown", "missing", "not available", "not applicable", "not known", "tbd", "unbekannt", "keine angabe",
    "undefined", "unspecified", "empty", "blank", "unk",
})
NUMBERS_SHARE = 0.9
RARE_LABEL = 0.01  # of an outcome's rows, up to which a mark such as “?” is no class of it
MOST_TEXTS = 50_000
LOOKED_AT = 300  # texts that tell names from numbers
_DIGIT = re.compile(r"\d")


def check_text(frame: pd.DataFrame, column: Column, is_target: bool) -> Iterator[Finding]:
    """Disguised missing, numbers as text, spaces and spellings of one text column, most common first."""
    counts = {str(text): int(count) for text, count in frame[column.name].value_counts().items()}
    yield from _disguised(frame, column, counts, is_target)
    if column.role == "text":
        return
    yield from _spaces(frame, column, counts)
    if is_target or column.kind == "bool":
        yield from _spellings(frame, column, counts, is_target)
        return
    numbers = list(_numbers(frame, column, counts))
    yield from numbers
    if not numbers and column.role == "category" and len(counts) <= MOST_TEXTS:
        yield from _spellings(frame, column, counts, False)


def _disguised(frame: pd.DataFrame, column: Column, counts: dict[str, int], is_target: bool) -> Iterator[Finding]:
    for tokens, clear in ((CLEAR, True), (OPEN, False)):
        hits = {text: count for text, count in counts.items() if text.strip().casefold() in tokens}
        if not hits or len(hits) == len(counts):
            continue
        count, total = sum(hits.values()), len(frame)
        safe = clear and not (is_target and _may_be_labels(hits, counts))
        listed = ", ".join(f"“{text[:80]}”" for text in list(hits)[:3])
        means = "means" if safe else "may mean"
        said = f"“{short(column)}” says {listed} in {rows(count, total)}, which {means} that the value is missing."
        fix = new_step("mark_missing", column.name, {"tokens": sorted({text.strip() for text in hits})}, said, frame)
        severity: Severity = "warning" if count > 0.01 * total else "info"
        yield Finding("disguised_missing", column.name, severity, count, total, said, tuple(hits)[:5], fix, safe)


def _may_be_labels(hits: dict[str, int], counts: dict[str, int]) -> bool:
    """Whether an outcome's texts that elsewhere mean missing may be classes of it: one of two (+ and -), or a frequent mark."""
    marks = sum(count for text, count in hits.items() if not any(map(str.isalpha, text)))
    return len(counts) - len(hits) < 2 or marks > RARE_LABEL * sum(counts.values())


def _numbers(frame: pd.DataFrame, column: Column, counts: dict[str, int]) -> Iterator[Finding]:
    real = {text: count for text, count in counts.items() if text.strip().casefold() not in CLEAR | OPEN and _DIGIT.search(text)}
    count = sum(real.values())
    others = sum(value for text, value in counts.items() if text not in real and text.strip().casefold() not in CLEAR | OPEN)
    if not real or count < NUMBERS_SHARE * (count + others) or len(real) < 3:
        return
    texts, sizes, step = list(real), list(real.values()), max(1, len(real) // LOOKED_AT)
    if find_number_style(texts[::step], sizes[::step]) is None:
        return  # what a few hundred of thousands of names say is enough
    shape = find_number_style(texts, sizes)
    if shape is None or shape.share * count < NUMBERS_SHARE * (count + others):
        return
    bad = [text for text in real if not _is_number(text, shape.reading)]
    lost = others + sum(counts[text] for text in bad)
    said = f"“{short(column)}” is kept as text but holds numbers in {cells(count + others - lost)}"
    said += f"; {cells(lost)} would become missing." if lost else "."
    fix = new_step("to_number", column.name, {}, said, frame)
    yield Finding("numbers_as_text", column.name, "warning", count, len(frame), said, tuple(real)[:5], fix, safe=lost == 0)


def _is_number(text: str, reading: Reading) -> bool:
    value = parse_number(text, reading)
    return value is not None and math.isfinite(value)


def _spaces(frame: pd.DataFrame, column: Column, counts: dict[str, int]) -> Iterator[Finding]:
    spaced = {text: count for text, count in counts.items() if text.strip() and trimmed(text) != text}
    if spaced:
        count = sum(spaced.values())
        said = f"“{short(column)}” has spaces too many in {rows(count, len(frame))}."
        fix = new_step("trim_spaces", column.name, {}, said, frame)
        severity: Severity = "warning" if any(trimmed(text) in counts for text in spaced) else "info"
        yield Finding("whitespace", column.name, severity, count, len(frame), said, tuple(spaced)[:5], fix, safe=True)


def _spellings(frame: pd.DataFrame, column: Column, counts: dict[str, int], is_target: bool) -> Iterator[Finding]:
    both = find_yes_and_no(counts)
    if not both or not only_shortened(both):
        merged = find_spellings(counts)
        # labels that are one another's spellings by their looks may be two classes, unless they say yes or no
        safe = not is_target or all(text.strip().lower() in TRUE_WORDS | FALSE_WORDS for text in _different(counts, merged))
        yield from _merging(frame, column, counts, merged, {}, safe)
    if both:  # “true” beside “yes” may be another answer, “Y” is none
        yield from _merging(frame, column, counts, both, {"spellings": both}, only_shortened(both))


def _different(counts: dict[str, int], merged: dict[str, str]) -> list[str]:
    """The texts that would become another one; spaces alone are the trimming's business."""
    return [text for text in counts if trimmed(text) != trimmed(merged.get(spelling_key(text), text))]


def _merging(
    frame: pd.DataFrame, column: Column, counts: dict[str, int], merged: dict[str, str], options: Options, safe: bool
) -> Iterator[Finding]:
    different = _different(counts, merged)
    if not different:
        return
    count = sum(counts[text] for text in different)
    spells = "spells" if safe else "may spell"
    said = f"“{short(column)}” {spells} the same value differently in {rows(count, len(frame))}, such as “{different[0][:80]}”."
    fix = new_step("merge_spellings", column.name, options, said, frame)
    yield Finding("spellings", column.name, "warning", count, len(frame), said, tuple(different)[:5], fix, safe)
