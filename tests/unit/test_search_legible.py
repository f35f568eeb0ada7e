"""Of what is as good and as quick, the model that can be read is handed over, and the ladder says so."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_core.framing.metrics import METRICS
from automl_core.search import FolderJournal, handover, search
from automl_core.search.offers import Ballot, Offer, choose, make_offers, read_instead
from automl_core.search.plan import Plan, RungOffer
from tests.unit.searching import FAST, HereExecutor, make_data

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


Told = Callable[..., dict[str, RungOffer]]


@pytest.fixture
def told(tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch) -> Told:
    """The rungs by name of a small search that has a line, a boosting and a blend of both, which are what the test says they are:
    the blend is the best, others are far behind where nothing else is said."""
    data = make_data(rows=160)
    data = replace(data, problem=replace(data.problem, never=("tier", "value", "note", "since", "customer id")))

    def ladder(plan: Plan, **said: dict[str, Any]) -> dict[str, RungOffer]:
        def offers(ballot: Ballot, rows: int = 0) -> tuple[Offer, ...]:
            keys = {one.family: key for key, one in ballot.candidates.items()}
            usual = {"ensemble": {"weights": dict.fromkeys(keys.values(), 0.5), "quality": 0.9, "row_ms": 0.8},
                     "lightgbm": {"quality": 0.8, "gap": 0.1, "row_ms": 0.1},
                     "linear": {"quality": 0.8, "gap": 0.1, "row_ms": 9.0}}
            found = {offer.family or offer.name: replace(offer, gap=0.0, error=0.002, limit=0.0027, plain=True)
                     for offer in make_offers(ballot)}
            return tuple(replace(found[name], **usual[name] | said.get(name, {})) for name in usual)

        monkeypatch.setattr(handover, "make_offers", offers)
        summary = search(data, plan, FolderJournal(tmp_path / str(plan.limited))).summary
        return {name: offer for offer in summary.ladder for name in (offer.name, *offer.also)}

    return ladder


COUNTED = Plan(1e6, 1, folds=2, max_trials=2, families=FAST)  # by candidates, or by a time that is never short
LIKE_THE_BEST = {"quality": 0.8994, "gap": 0.0006, "row_ms": 0.1}


@pytest.mark.parametrize(("timed", "ends"), [
    (True, ("a faster one that is not worse is", "and can be read is", "as quick, to the millisecond, is")),
    (False, ("a smaller one that is not worse is", "as small, and can be read is", "as small, to the megabyte, is"))])
def test_where_size_decides_nothing_is_said_of_speed(timed: bool, ends: tuple[str, ...], told: Told) -> None:
    """With a number of trials a small slow model was called the faster one, beside milliseconds that said the opposite."""
    plan = replace(COUNTED, limited=timed)
    ladders = (told(plan, ensemble={"row_ms": 4.0}, lightgbm=LIKE_THE_BEST), told(plan, linear=LIKE_THE_BEST),
               told(plan, ensemble={"gap": 0.0002}, lightgbm={"quality": 0.91, "gap": 0.0}))
    assert [ladder["ensemble"].sentence.endswith(f"{end} handed over.") for ladder, end in zip(ladders, ends, strict=True)] == [
        True] * 3, [ladder["ensemble"].sentence for ladder in ladders]
    assert [ladder["small"].chosen for ladder in ladders] == [True] * 3
    assert ladders[2]["single"].sentence.endswith("and it is what is handed over.")


def test_the_ladder_says_why_the_legible_one_is_handed_over(told: Told) -> None:
    plan = replace(COUNTED, limited=True)
    ladder = told(plan, linear=LIKE_THE_BEST, lightgbm={"quality": 0.8998, "gap": 0.0002})
    assert ladder["linear"].chosen
    assert ladder["linear"].sentence.endswith("and it is what is handed over. It can be read as it is.")
    for name in ("single", "ensemble"):
        assert ladder[name].sentence.endswith("one that is not worse, as quick, and can be read is handed over.")
    assert told(plan)["ensemble"].sentence.endswith("and it is what is handed over.")


def test_the_ladder_says_that_only_the_choice_made_the_legible_one_look_worse(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "read_instead", lambda ballot, offers, honest: replace(offers[2], even=True))
    ladder = told(replace(COUNTED, limited=True), linear={"gap": 0.004, "row_ms": 0.1})
    assert ladder["linear"].sentence == (
        "Worse than the best by 0.004 ROC AUC on the rows that chose, but as good on rows without a part in it, "
        "and it is what is handed over. It can be read as it is.")
    assert "can be read is handed over" in ladder["ensemble"].sentence


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
