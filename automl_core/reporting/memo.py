"""The one-page report in words: the answer first, then money, drivers, actions, how sure, limits and the next step."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

from automl_core.acting.action import ActionCard
from automl_core.acting.action_list import ActionList
from automl_core.acting.list_words import expected_words, foremost, gain_words
from automl_core.acting.pilot_result import in_order
from automl_core.acting.pilot_steps import next_step, running_pilot
from automl_core.acting.pilots import change_words
from automl_core.explaining.explanation import Explanation, Importance
from automl_core.explaining.words import count, interval, level_name, money, number, percent, plain, quote
from automl_core.framing.problem import Verdict
from automl_core.reporting.figures import driver_bars, handed_over, ladder_bars, score_figure, score_text, score_words
from automl_core.reporting.inputs import ReportInputs, useless
from automl_core.reporting.report import Report
from automl_core.reporting.sections import make_sections
from automl_core.reporting.sentences import card_sentences, driver_sentences, segment_sentences

MOST_ACTIONS = 5
MOST_LIMITS = 6
LEAST_LEFT_ALONE = 20  # rows of a list, of which two are then left alone


def make_report(inputs: ReportInputs) -> Report:
    """The report, frozen: every text is final, holds aggregates only, and names no group below five rows."""
    return Report(
        id=inputs.id,
        title=_title(inputs),
        project=plain(inputs.project),
        made_at=inputs.made_at,
        answer=_answer(inputs),
        money=_money(inputs),
        drivers=driver_sentences(inputs.explanation, inputs.problem),
        driver_bars=driver_bars(inputs.explanation),
        segments=segment_sentences(inputs.segments),
        actions=_actions(inputs),
        sure=_sure(inputs),
        limits=_limits(inputs),
        next_step=_next_step(inputs),
        ladder_bars=ladder_bars(inputs.summary, inputs.verdict),
        facts=_facts(inputs),
        version=inputs.version,
        figures=_figures(inputs),
        ladder_title=_ladder_title(inputs),
        sections=make_sections(inputs.more, inputs.goal),
    )


def _title(inputs: ReportInputs) -> str:
    return f"{plain(inputs.problem.target)}: what to do"


def _subject(inputs: ReportInputs) -> str:
    """What the model foresees: of several classes any of them, else the one spoken of, or the number."""
    return quote(inputs.problem.target) if inputs.problem.task == "multiclass" else _counted(inputs)


def _counted(inputs: ReportInputs) -> str:
    """What is explained: one class, or the number."""
    label = inputs.explanation.label if inputs.explanation else inputs.problem.positive
    return f"{quote(inputs.problem.target)} = {quote(label)}" if label else quote(inputs.problem.target)


def _of_rows(inputs: ReportInputs) -> str:
    """The rows that an action list is picked from: those that a model which had not seen them predicted, less those of pilots."""
    if inputs.actions and inputs.actions.open:
        return f"of the {count(inputs.actions.open, 'row')} without an outcome"
    judged = (inputs.actions.ranked if inputs.actions else 0) or inputs.summary.judged or inputs.rows
    piloted = inputs.actions.in_pilots if inputs.actions else 0
    if not piloted and judged >= inputs.rows:
        return f"of {inputs.rows:,} rows"
    said = ["were predicted unseen"] * (judged + piloted < inputs.rows) + ["are in no running pilot"] * (piloted > 0)
    return f"of the {judged:,} rows that {' and '.join(said)}"


def _whom(inputs: ReportInputs, actions: ActionList) -> str:
    if actions.takes_everyone:
        everyone = _of_rows(inputs).removeprefix("of ").removeprefix("the ")
        if actions.open:
            return f"the only {everyone.removeprefix('1 ')}" if len(actions.rows) == 1 else f"all {everyone}"
        return "the only row there is" if len(actions.rows) == 1 else f"all {everyone}"
    return f"{len(actions.rows):,} {_of_rows(inputs)}"


def _first(actions: ActionList) -> str:
    return "" if actions.takes_everyone else "first "


def _answer(inputs: ReportInputs) -> str:
    if useless(inputs.summary):
        return f"Do not act on this model: it foresees {_subject(inputs)} no better than the plain average does."
    actions, classes = inputs.actions, inputs.problem.task != "regression"
    if actions is not None and actions.rows and classes:
        return (
            f"Act {_first(actions)}on {_whom(inputs, actions)}: {expected_words(actions)} {_unwanted_end(inputs)}"
            f"{_at_random(actions)}."
        )
    if inputs.verdict is not None and inputs.verdict.verdict in ("average", "rule"):
        return inputs.verdict.sentence
    if actions is not None and actions.rows and inputs.goal is not None:
        some = "those without an outcome first, then " if actions.mixed else ""
        those = "" if actions.takes_everyone else f": {some}those with the {foremost(inputs.goal, inputs.problem)}"
        return f"Act {_first(actions)}on {_whom(inputs, actions)}{those}."
    return f"{_subject(inputs)} can be foreseen in part: {score_words(inputs.summary)}."


def _at_random(actions: ActionList) -> str:
    """What as many rows picked at random would hold; nothing where the list holds no more."""
    chance = actions.mean_risk * len(actions.rows)
    if not actions.expected_outcomes > chance:
        return ""
    if len(actions.rows) == 1:
        return f", where one picked at random has {percent(chance)}"
    return f", where as many picked at random would hold {number(round(chance)) if chance >= 0.5 else 'fewer than 1'}"


def _unwanted_end(inputs: ReportInputs) -> str:
    """What the listed rows are at risk of. The goal decides it, never the model's positive class, which may be the wanted one."""
    if inputs.goal is None:
        return "not to end as wanted"
    target, good = quote(inputs.problem.target), inputs.goal.good
    bad = [label for label in inputs.problem.classes if label != good]
    return f"to end as {target} = {quote(bad[0])}" if len(bad) == 1 else f"not to end as {target} = {quote(good)}"


def _money(inputs: ReportInputs) -> str:
    actions = inputs.actions
    if useless(inputs.summary) or actions is None or math.isnan(actions.expected_value) or not actions.rows:
        return ""
    gain = _gain(inputs, actions)
    if actions.takes_everyone:
        every = "all rows without an outcome" if actions.open else "all rows"
        return f"Acting on {every}: {gain}."
    everyone = "all rows without an outcome" if actions.open else "everyone"
    beyond = f" (beyond {actions.limited_by})" if actions.limited_by else ""
    return (
        f"{gain[0].upper()}{gain[1:]}. As many rows at random: {money(actions.random_value, inputs.currency)}; "
        f"{everyone}{beyond}: {money(actions.everyone_value, inputs.currency)}."
    )


def _gain(inputs: ReportInputs, actions: ActionList) -> str:
    """What the list brings and what that rests on; of a report without a goal the range alone."""
    if inputs.goal is not None:
        return gain_words(actions, replace(inputs.goal, currency=inputs.currency), inputs.problem)
    span = interval(money(actions.low, inputs.currency), money(actions.high, inputs.currency))
    return f"expected gain {money(actions.expected_value, inputs.currency)} (95 % range {span})"


def _actions(inputs: ReportInputs) -> tuple[str, ...]:
    """Three to five things to do, the surest first; none when the model tells nothing."""
    if useless(inputs.summary):
        return ("Collect more rows, or columns that say more about each of them, and search again.",)
    found = []
    if inputs.actions is not None and inputs.actions.rows:
        found.append(_work_through(inputs.actions))
    classes = inputs.problem.task != "regression"
    found.extend(card_sentences(card, classes, inputs.currency) for card in _firm(inputs) if not card.net_value < 0)
    found = found[: MOST_ACTIONS - 1]
    segments = segment_sentences(inputs.segments)
    if len(found) < 3 and segments:
        found.append(f"Ask why this group differs. {segments[0]}")
    if inputs.actions is None or len(inputs.actions.rows) >= LEAST_LEFT_ALONE:
        found.append("Leave every tenth row of the list alone, chosen by chance: the difference shows what acting is worth.")
    if len(found) < 3:
        found.append("Score new rows every month, and compare what was predicted with what happened.")
    return tuple(found[:MOST_ACTIONS])


def _firm(inputs: ReportInputs) -> tuple[ActionCard, ...]:
    """The cards that are more than patterns, those that surely pay first."""
    return in_order(card for card in inputs.cards if card.grade != "D")


def _work_through(actions: ActionList) -> str:
    rows, told = len(actions.rows), [place for place, row in enumerate(actions.rows, 1) if row.reasons]
    words = f"Work through the action list from the top: {count(rows, 'row')}"
    if len(told) == rows:
        return f"{words}, {'each ' if rows > 1 else ''}with its reasons."
    if len(told) < 2:
        return f"{words}."
    some = " where the model gives any" if len(told) < told[-1] else ""
    return f"{words}, {'all' if told[-1] == rows else f'the first {count(told[-1])}'} with their reasons{some}."


def _sure(inputs: ReportInputs) -> tuple[str, ...]:
    summary = inputs.summary
    judged = summary.judged or summary.rows
    some = f"{judged:,} of {summary.rows:,}" if judged < summary.rows else f"{summary.rows:,}"
    parts = f"{some} rows in {summary.folds} parts, each predicted by a model that had not seen it"
    how = parts if summary.folds > 1 else f"{some} rows, held out and predicted by a model that had not seen them"
    found = [
        f"Measured on {how}: "
        f"{score_words(summary)}."
    ]
    if inputs.verdict is not None:
        found.append(_enough(inputs, inputs.verdict))
    if inputs.segments is not None and inputs.segments.tested:
        found.append(
            f"Groups were found on one half of the rows and confirmed on the other: {len(inputs.segments.segments)} of "
            f"{inputs.segments.tested} tested held ({count(inputs.segments.looked_at, 'was', 'were')} looked at)."
        )
        found.extend(filter(None, (inputs.segments.note,)))
    found.extend(_overturned(inputs))
    return tuple(found)


def _overturned(inputs: ReportInputs) -> list[str]:
    """What would overturn each of the first cards, whether one or several are told."""
    told = [card for card in _firm(inputs)[:MOST_ACTIONS - 1] if card.overturn]
    alike = {(card.lever, change_words(card), card.overturn) for card in told}
    of_lever, of_change = Counter(lever for lever, _, _ in alike), Counter(change for _, change, _ in alike)

    def about(card: ActionCard) -> str:
        change = change_words(card)
        if of_lever[card.lever] == 1:
            return f"On moving {quote(card.lever)}"
        return f"On {change}" if of_change[change] == 1 else f"On {change} for {card.who[:1].lower()}{card.who[1:]}"

    said = [(about(card), card.overturn) for card in told]
    return [f"{about}: {words[:1].lower()}{words[1:]}" for about, words in dict.fromkeys(said)]


def _enough(inputs: ReportInputs, verdict: Verdict) -> str:
    """What is enough, and what was handed over where that is more."""
    return f"{verdict.sentence} {handed_over(inputs.summary, verdict)}".rstrip()


def _limits(inputs: ReportInputs) -> tuple[str, ...]:
    tested = any(card.grade == "A" for card in inputs.cards)
    what = "Except for grade A, these are" if tested else "These are"
    found = [f"{what} patterns in past rows. They tell what goes together; only a pilot shows what an action brings."]
    if inputs.actions is not None:
        found.extend(inputs.actions.assumptions[:2])
    warned = inputs.verdict.warnings[:2] if inputs.verdict is not None else ()
    found.extend(warned)
    if inputs.verdict is not None:
        names = ", ".join([quote(leak.column) for leak in inputs.verdict.leaks if leak.column][:3])
        if names:
            found.append(f"Check whether {names} may already know the outcome: if so, the score is too good.")
        found.extend(leak.evidence for leak in inputs.verdict.leaks if not leak.column)
    found.extend(_order(inputs.explanation))
    found.append("If customers, prices or rules change, the model must be checked again; the monitor page does that.")
    return tuple(found[:MOST_LIMITS + len(warned)])


def _order(explanation: Explanation | None) -> tuple[str, ...]:
    """Whether the strongest columns may stand in another order; before a closer look nobody knows."""
    strongest = () if explanation is None else explanation.drivers[:3]
    if explanation is None or not strongest:
        return ()
    if not all(one.stable for one in strongest if isinstance(one, Importance)):
        return ("The order of the strongest columns is not certain: other rows could swap their places.",)
    if explanation.refits or len(strongest) < 2:
        return ()
    return ("The order of the strongest columns was not tested: models fitted again could swap their places.",)


def _next_step(inputs: ReportInputs) -> str:
    if useless(inputs.summary):
        return "Use the plain average for now, and come back with more rows or with columns that say more."
    firm = [card for card in _firm(inputs) if card.next_step and not card.net_value < 0]
    if firm:
        pilot = running_pilot(firm[0], inputs.more.pilots, inputs.goal) if inputs.goal is not None else None
        waits = next_step(firm[0], pilot, inputs.made_at.date()) if pilot is not None else ""
        step = waits[:1].lower() + waits[1:] or firm[0].next_step.removeprefix("Next: ")
        return f"{quote(firm[0].lever)}: {step}"
    if inputs.actions is not None and inputs.actions.rows:
        first = min(100, len(inputs.actions.rows))
        if first == 1:
            return "Start with the one row of the action list, and write down what happened to it."
        return f"Start with the first {first} rows of the action list, and write down what happened to each."
    return "Decide who acts on the predictions and what one right decision is worth; then a ranked list can be made."


def _facts(inputs: ReportInputs) -> tuple[tuple[str, str], ...]:
    summary = inputs.summary
    facts = [
        ("Data", plain(inputs.data_name)),
        ("Rows", f"{inputs.rows:,}"),
        ("Predicts", plain(inputs.problem.target)),
        ("Model", f"{plain(summary.family)}, {len(summary.leaderboard)} tried"),
        ("Score", score_text(summary)),
        ("Computes", summary.computed_listed(5)),
        ("Report", plain(inputs.id)),
    ]
    return tuple((name, value) for name, value in facts if value)


def _figures(inputs: ReportInputs) -> tuple[tuple[str, str], ...]:
    found = []
    actions = inputs.actions
    if actions is not None and actions.rows:
        if not math.isnan(actions.expected_value):
            found.append((money(actions.expected_value, inputs.currency), "expected gain"))
        found.append((f"{len(actions.rows):,}", "row to act on" if len(actions.rows) == 1 else "rows to act on"))
    if inputs.explanation is not None:
        base = inputs.explanation.base
        classes = inputs.explanation.in_points
        found.append((percent(base / 100), f"{_counted(inputs)} overall") if classes else (number(base), _mean_of(inputs)))
    found.append(score_figure(inputs.summary))
    return tuple(found[:4])


def _mean_of(inputs: ReportInputs) -> str:
    """What the mean of the predictions is: no average of the outcome where a quantile is predicted."""
    problem = inputs.problem
    if problem.metric in ("mape", "rmsle"):
        return f"predicted {_counted(inputs)} on average"
    named = f"{level_name(problem.level)} of {_counted(inputs)}," if problem.level is not None else _counted(inputs)
    return f"{named} on average"


def _ladder_title(inputs: ReportInputs) -> str:
    side = "right" if inputs.summary.greater_is_better else "left"
    return f"further {side} is better"
