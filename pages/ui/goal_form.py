"""The goal form: target, metric, columns to leave out, how rows belong together, and money."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing.problem import Money, Problem, Renewed
from automl_core.registry import Field
from pages.ui import cards, charts, forms, session
from pages.ui import columns as column_table
from pages.ui.border import border
from pages.ui.theme import FIELD_WIDTH
from pages.ui.words import METRICS, TASKS, count, label, metric_title, plain, quoted

MONEY_YES_NO = (
    Field("true_positive", "Yes, and rightly so", "number", 0.0, help="What acting on a real case brings, for example 500."),
    Field("false_positive", "Yes, but a false alarm", "number", 0.0, help="What acting without need costs, for example −20."),
    Field("false_negative", "No, but a missed case", "number", 0.0, help="What a missed case costs, for example −100."),
    Field("true_negative", "No, and rightly so", "number", 0.0),
)
MONEY_NUMBER = (
    Field("over", "Each unit too high costs", "number", 0.0, minimum=0, help="What one unit provided and not needed costs."),
    Field("under", "Each unit too low costs", "number", 0.0, minimum=0, help="What one unit needed and not provided costs."),
)
LEAST_SHARE, MOST_SHARE = 0.1, 99.9  # per cent of a quantile, where none beyond was asked for
CURRENCY = Field("currency", "Currency", "text", "€")


def renew(project: str) -> None:
    """Draw every widget anew, from the saved goal, when it was changed beside the form, or what was typed is not wanted."""
    drafts = session.session().drafts
    drafts[f"goal_turn_{project}"] = _turn(project) + 1
    for name in ("typed", "start", "target"):
        drafts.pop(f"goal_{name}_{project}", None)


def form(project: str, columns: tuple[Column, ...], saved: Problem | None) -> Problem | None:
    """The problem as the widgets say it; None until a usable target is chosen. They start from what was typed and not saved
    before another page, or another target, was looked at, else from the saved goal."""
    names = [column.name for column in columns]
    target, drawn = _target(project, names, saved)
    if target is None:
        return None
    try:
        begun, base = _begun(project, target, saved, drawn)
    except BadInput as error:
        st.error(plain(f"{error.message} {error.hint}"), title="This column cannot be predicted")
        return None
    draft, steps = _asked(project, [name for name in names if name != target], begun)
    typed = _typed(project)
    kept = replace(draft, ordered=False, classes=begun.problem.classes) if waits(draft) else draft
    typed[target] = Renewed(kept, steps=steps if waits(draft) else ())
    if draft == base:
        typed.pop(target)
    return draft


def _turn(project: str) -> int:
    return int(session.session().drafts.get(f"goal_turn_{project}", 0))


def is_typed(project: str, target: str) -> bool:
    """Whether something was typed for a target and not saved."""
    return target in _typed(project)


def _typed(project: str) -> dict[str, Renewed]:
    """What was typed and not saved, by target."""
    found: dict[str, Renewed] = session.session().drafts.setdefault(f"goal_typed_{project}", {})
    return found


def _target(project: str, names: list[str], saved: Problem | None) -> tuple[str | None, bool]:
    """The chosen target (None: none of the table), and whether its widgets were drawn in the run before: what was not drawn
    Streamlit forgets."""
    drafts, key = session.session().drafts, f"target_{project}_{_turn(project)}"
    before = drafts.get(f"goal_target_{project}")
    first = before if before in names else saved.target if saved and saved.target in names else None
    drawn = session.widget(key) is not None
    target = st.selectbox("What do you want to predict?", names, index=None if first is None else names.index(first), key=key,
                          placeholder="Choose the column that says how it turned out")
    if target not in names:
        drafts.pop(f"goal_target_{project}", None)
        return None, drawn
    drafts[f"goal_target_{project}"] = target
    return str(target), drawn and target == before


def _begun(project: str, target: str, saved: Problem | None, drawn: bool) -> tuple[Renewed, Problem]:
    """What the widgets start from, and the problem without anything typed, both with the classes of now. BadInput when the target
    cannot be predicted."""
    goal, drafts = session.workspace().goal, session.session().drafts
    base = goal.of_now(project, saved if saved and saved.target == target else goal.suggest(project, target))
    if not drawn:
        drafts[f"goal_start_{project}"] = _typed(project).get(target)
    start: Renewed | None = drafts.get(f"goal_start_{project}")
    if start is None:
        return base, base.problem
    begun = goal.of_now(project, start.problem)
    steps = tuple(step for step in start.steps if step in begun.problem.classes)
    return Renewed(begun.problem, base.sentence or begun.sentence, begun.steps or steps), base.problem


def _asked(project: str, others: list[str], begun: Renewed) -> tuple[Problem, tuple[str, ...]]:
    """The problem as the widgets say it, and the steps of its scale that are in order."""
    key = f"{project}_{begun.problem.target}_{_turn(project)}"
    left, right = st.columns(2, gap="medium")
    with left:
        if begun.sentence:
            st.info(plain(begun.sentence), icon=":material/info:")
        start = _as_task(project, begun.problem, key)
        own = f"{key}_{start.task}"  # of what goes with a task; the other widgets keep what was chosen when it changes
        positive = _positive(start, own)
        start = _scale(start, own, begun.steps)
        metric = _metric(start, own)
        quantile = _quantile(start, metric, own)
    with right, border():
        _spread(project, start)
    left, right = st.columns(2, gap="medium")
    later = left.multiselect("Known only afterwards", others, default=[n for n in start.later if n in others], key=f"later_{key}",
                             help="Filled in after the outcome: a cancellation date, a final invoice. No model will see these.")
    never = right.multiselect("Never to be used", others, default=[n for n in start.never if n in others], key=f"never_{key}",
                              help="Identifiers, or anything you must not decide by.")
    start = _belonging(start, others, key)
    steps = tuple(session.widget(f"steps_{own}") or ()) if start.ordered else ()
    return replace(start, metric=metric, quantile=quantile, later=tuple(later), never=tuple(never), positive=positive,
                   money=_money(start, own)), steps


def _as_task(project: str, problem: Problem, key: str) -> Problem:
    """The problem with its target predicted as the task that is chosen, where the column leaves a choice."""
    goal = session.workspace().goal
    tasks = list(dict.fromkeys((*goal.tasks(project, problem.target), problem.task)))
    if len(tasks) == 1:
        st.markdown(f"{quoted(problem.target)} is **{TASKS[problem.task].lower()}**.")
        return problem
    chosen = st.segmented_control("Predict as", tasks, default=problem.task, required=True, key=f"task_{key}",
                                  format_func=lambda task: TASKS[task],
                                  help="Of a number a near miss is a small error; of classes an answer is right or wrong.")
    return goal.as_task(project, problem, chosen) if chosen in tasks else problem


def _spread(project: str, problem: Problem) -> None:
    profile = session.workspace().data.profile(project)
    item = next((column for column in profile.columns if column.name == problem.target), None)
    if item is None:
        return
    palette = session.palette()
    if item.counts and item.kind in ("int", "float"):  # whatever they are predicted as
        ends = (item.minimum, item.maximum)
        cards.show(charts.histogram(list(item.counts), list(item.edges), problem.target, palette, ends), "target_spread")
        return
    levels = column_table.levels(item)
    total = sum(rows for _, rows in levels) or 1
    if levels:
        names, shares = [name for name, _ in levels], [rows / total for _, rows in levels]
        cards.show(charts.distribution(names, shares, problem.target, palette), "target_spread")


def _metric(problem: Problem, key: str) -> str:
    options = list(dict.fromkeys((problem.metric, *session.workspace().goal.metrics(problem.task))))
    options = [name for name in options if (name != "money" or problem.money)
               and (name != "ranked_probability" or problem.ordered)]
    chosen = st.selectbox("Judged by", options, index=0, key=f"metric_{key}_{len(options)}", format_func=metric_title,
                          help="The default suits most goals.")
    st.caption(METRICS.get(chosen, ("", ""))[1])
    return str(chosen) if chosen in options else problem.metric


def _scale(problem: Problem, key: str, steps: tuple[str, ...] = ()) -> Problem:
    """Classes that are steps of a scale, in the order the user gives them. `steps` have an order already, the others not yet."""
    if problem.task != "multiclass":
        return problem
    ordered = st.checkbox("The classes are steps of a scale", problem.ordered or bool(steps), key=f"ordered_{key}",
                          help="As in poor, fair, good: a model then learns the steps, a near miss is a smaller one, and a row "
                               "is called the step with as much below as above it.")
    if not ordered:
        return replace(problem, ordered=False)
    start = problem.classes if problem.ordered else steps or by_number(problem.classes)
    chosen = st.multiselect("From lowest to highest", problem.classes, default=start, key=f"steps_{key}",
                            placeholder="Choose the lowest class first",
                            help="To change the order, remove classes and add them again.")
    if set(chosen) == set(problem.classes):
        return replace(problem, ordered=True, classes=tuple(chosen))
    if problem.ordered:
        st.caption("All classes are needed; the order before counts until then.")
        return replace(problem, ordered=True)
    left = len(problem.classes) - len(chosen)
    st.caption(f"Words do not say which class is higher: {count(left, 'class is', 'classes are')} left to choose, then the goal "
               "can be saved.")
    return replace(problem, ordered=True, classes=())


def by_number(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Classes that are numbers, by value; none where one is a word, for an order by letter is none of a scale."""
    try:
        return tuple(sorted(classes, key=float))
    except ValueError:
        return ()


def waits(problem: Problem | None) -> bool:
    """Whether the order of the classes is still to be given: such a goal cannot be saved."""
    return problem is not None and problem.ordered and not problem.classes


def _quantile(problem: Problem, metric: str, key: str) -> float:
    if metric != "pinball":
        return problem.quantile
    start = float(f"{100 * problem.quantile:.10g}")
    percent = st.number_input("Predict the value that this share of rows stays below, in per cent", min(LEAST_SHARE, start),
                              max(MOST_SHARE, start), start, 1.0, format="%g", key=f"quantile_{key}",
                              help="90 plans for all but the highest tenth.")
    return problem.quantile if percent == start else float(f"{percent / 100:.10g}")


def _positive(problem: Problem, key: str) -> str:
    if problem.task != "binary":
        return problem.positive
    index = problem.classes.index(problem.positive) if problem.positive in problem.classes else 0
    chosen = st.segmented_control("The case you look for", problem.classes, default=problem.classes[index], required=True,
                                  key=f"positive_{key}", format_func=lambda name: label(name, 40))
    return chosen if chosen in problem.classes else problem.positive


def _belonging(problem: Problem, names: list[str], key: str) -> Problem:
    with st.expander("Rows that belong together, follow in time or count more"):
        st.markdown("The score is honest only when rows of one customer, or of the future, are not used to predict each other.")
        time = st.selectbox("Time column", names, index=names.index(problem.time) if problem.time in names else None,
                            placeholder="None", key=f"time_{key}")
        group = st.selectbox("Group column", names, index=names.index(problem.group) if problem.group in names else None,
                             placeholder="None", key=f"group_{key}", help="For example the customer, when one has several rows.")
        weights = st.selectbox("Weight column", names, index=names.index(problem.weights) if problem.weights in names else None,
                               placeholder="None", key=f"weights_{key}",
                               help="How much a row counts, as the number of customers it stands for. Rows of 0 are left out.")
        together = st.checkbox("Keep exact copies together", problem.copies_together, key=f"copies_{key}",
                               help="When rows were copied by mistake and copies will not come again in new data.")
    return replace(problem, time=time or "", group=group or "", weights=weights or "", copies_together=together)


def _money(problem: Problem, key: str) -> Money | None:
    if problem.task == "multiclass":
        st.caption("What a decision is worth can be said of two classes or of a number, not of several classes.")
        return None
    items = MONEY_YES_NO if problem.task == "binary" else MONEY_NUMBER
    given: dict[str, Any] = {} if problem.money is None else {
        item.name: getattr(problem.money, item.name) for item in (*items, CURRENCY)}
    with st.expander("What a decision is worth (optional)", expanded=problem.money is not None):
        st.markdown("Per row. With amounts given, Clarion says what acting on the model brings, and chooses the threshold by it."
                    if problem.task == "binary" else
                    "With both given, the act page says under “Worth” how much to provide, and what that saves.")
        with st.grid(2, min_column_width=FIELD_WIDTH):
            values = forms.fields((*items, CURRENCY), f"money_{key}", given)
    amounts = {item.name: float(values[item.name] or 0.0) for item in items}
    if not any(amounts.values()):
        return None
    return Money(**amounts, currency=str(values["currency"] or "€")[:3])
