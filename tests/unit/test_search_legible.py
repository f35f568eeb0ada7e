"""Of what is as good and as quick, the model that can be read is handed over, and the ladder says so."""
from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from automl_core.framing.metrics import METRICS
from automl_core.search import handover
from automl_core.search.offers import Ballot, Offer, choose, read_instead
from automl_core.search.plan import Plan

BLEND = Offer("ensemble", "Ensemble", {"a": 0.5, "b": 0.5}, np.zeros(2), 0.9, 0.8, limit=0.0027)
LINEAR = Offer("linear", "Linear model", {"c": 1.0}, np.zeros(2), 0.8994, 0.1, legible=True, plain=True,
               gap=0.0006, error=0.002, limit=0.0027)


def test_a_legible_one_is_preferred_among_equals_alone() -> None:
    assert choose((BLEND, LINEAR)) is LINEAR
    assert choose((BLEND, replace(LINEAR, legible=False))) is BLEND
    assert choose((BLEND, replace(LINEAR, plain=False))) is BLEND  # codes of texts, letters, a logarithm
    assert choose((BLEND, replace(LINEAR, error=0.0005))) is BLEND  # beyond one standard error
    assert choose((BLEND, replace(LINEAR, gap=0.001))) is BLEND  # beyond 0.1 % of the score
    quicker = replace(BLEND, name="quick", weights={"a": 1.0})
    assert choose((quicker, replace(LINEAR, row_ms=1.2))) is quicker
    better = replace(LINEAR, name="glass box", weights={"d": 1.0}, quality=0.8996, gap=0.0004)
    assert choose((BLEND, LINEAR, better)) is better


def judged_by(plan: Plan) -> Any:
    """What is asked of a contest where a rung is told."""
    return SimpleNamespace(prepared=SimpleNamespace(judge=METRICS["roc_auc"], metric=METRICS["roc_auc"]), plan=plan)


def test_where_size_decides_nothing_is_said_of_speed() -> None:
    """With a number of trials a small slow model was called the faster one, beside milliseconds that said the opposite."""
    slow = replace(BLEND, name="large", weights={"a": 1.0}, row_ms=4.0)
    better = replace(BLEND, name="better", weights={"b": 1.0}, quality=0.91)
    for plan, ends in ((Plan(), ("a faster one that is not worse is", "and can be read is", "as quick, to the millisecond, is")),
                       (Plan(max_trials=8), ("a smaller one that is not worse is", "as small, and can be read is",
                                             "as small, to the megabyte, is"))):
        told = handover._why(judged_by(plan), slow, BLEND), handover._why(judged_by(plan), BLEND, LINEAR)
        told = *told, handover._why(judged_by(plan), BLEND, better)
        assert [one.endswith(f"{end} handed over.") for one, end in zip(told, ends, strict=True)] == [True] * 3


def test_the_ladder_says_why_the_legible_one_is_handed_over() -> None:
    contest = judged_by(Plan())
    assert handover._why(contest, LINEAR, LINEAR).endswith("and it is what is handed over. It can be read as it is.")
    other = replace(BLEND, name="single", weights={"a": 1.0}, gap=0.0002, error=0.002)
    assert handover._why(contest, other, LINEAR).endswith("one that is not worse, as quick, and can be read is handed over.")
    assert handover._why(contest, BLEND, LINEAR).endswith("one that is not worse, as quick, and can be read is handed over.")
    assert handover._why(contest, BLEND, BLEND).endswith("and it is what is handed over.")


def test_a_legible_one_that_only_the_choice_makes_look_worse_is_handed_over() -> None:
    """A blend that is chosen by the rows it is compared on looks better there than it is: on Telco by 0.0009, where on other rows
    the linear model was as good, eight times as quick and could be read."""
    random = np.random.default_rng(0)
    y = (random.random(4_000) < 0.5).astype(np.float64)
    signal = 2 * y - 1
    said = {key: 1 / (1 + np.exp(-signal - random.normal(0, 1.5, len(y)))) for key in "abc"}
    offers = (replace(BLEND, prediction=said["a"]), replace(LINEAR, prediction=said["c"], gap=0.004, error=0.001))
    ballot = Ballot(METRICS["roc_auc"], y, {}, {}, {})
    honest = {"small": said["b"], "legible": said["b"] + 1e-9, "ensemble": said["b"]}
    chosen = read_instead(ballot, offers, honest)
    assert (chosen.name, chosen.even, chosen.as_good) == ("linear", True, True)
    assert read_instead(ballot, offers, honest | {"ensemble": np.clip(said["b"] + 0.05 * signal, 0, 1)}).name == "ensemble"
    assert read_instead(ballot, offers, {}).name == "ensemble"  # of many rows there are none without a part in the choice
    slower = (replace(offers[0], row_ms=0.8), replace(offers[1], row_ms=1.4))
    assert read_instead(ballot, slower, honest).name == "ensemble"
    hidden = (offers[0], replace(offers[1], plain=False))
    assert read_instead(ballot, hidden, honest).name == "ensemble"
    contest = judged_by(Plan())
    told = handover._why(contest, chosen, chosen)
    assert told == ("Worse than the best by 0.004 ROC AUC on the rows that chose, but as good on rows without a part in it, "
                    "and it is what is handed over. It can be read as it is.")
    assert "can be read is handed over" in handover._why(contest, offers[0], chosen)
