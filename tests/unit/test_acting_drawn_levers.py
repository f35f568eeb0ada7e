"""Cards of levers whose value was drawn by chance: which earn an A, and what is said where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from automl_core.acting import (
    ExperimentInputs,
    measure_experiment,
)
from automl_core.acting.action import Actions, Goal, Lever
from automl_core.acting.cards import CardInputs, make_cards
from automl_core.acting.covariates import make_covariates
from automl_core.acting.moves import category_moves
from automl_core.acting.not_compared import undrawn_notes
from automl_core.acting.randomised import check_experiment
from automl_core.acting.wording import told_ways
from automl_core.data.infer import table_from_frame
from automl_core.data.table import Column
from pages.ui.act_view import three_ways
from tests.unit.carding import COLUMNS, PROBLEM, inputs


def test_an_experiment_earns_an_a() -> None:
    rng = np.random.default_rng(4)
    made = inputs(levers=(Lever("offer", ("new",)),), value=0.0, experiment="offer")
    new = rng.random(len(made.frame)) < 0.5
    frame = made.frame.assign(offer=pd.Series(np.where(new, "new", "old")).astype("str"))
    y = (rng.random(len(new)) < 0.5 - 0.15 * new).astype(int)
    (card,) = make_cards(replace(made, frame=frame, y=y)).cards
    assert card.grade == "A"
    assert card.low < -0.15 < card.high


def test_figures_of_a_draw_are_called_measured_where_a_check_takes_the_a_away() -> None:
    """Nothing was compared like with like there, and the sentence about everybody said so."""
    made = an_experiment(1700, 0.0)
    rng, new = np.random.default_rng(1), (made.frame["offer"] == "new").to_numpy()
    table = table_from_frame(made.frame.assign(last=np.where(rng.random(1700) < 0.3 + 0.4 * new, "Yes", "No")), "t")
    goal = replace(made.goal, negative_control=("last",))
    (card,) = make_cards(replace(made, frame=table.frame, columns=table.columns, goal=goal)).cards
    assert (card.grade, card.is_tested, card.by_chance) == ("C", False, True)
    assert told_ways(card, (0.1, 0.2, 0.3), (), True).endswith("measured +30.0 points")
    assert three_ways(card)[-1].name == "Measured"
    assert not replace(card, drawn=False).by_chance


def an_experiment(rows: int, shifted: float) -> CardInputs:
    """One of ten columns is so many standard deviations higher where the offer is new."""
    rng = np.random.default_rng(0)
    new = rng.random(rows) < 0.5
    frame = pd.DataFrame({"offer": np.where(new, "new", "old")} | {f"x{place}": rng.normal(size=rows) for place in range(10)})
    frame["x0"] += np.where(new, shifted - frame.loc[new, "x0"].mean(), -frame.loc[~new, "x0"].mean())
    y = (rng.random(rows) < 0.6 - 0.3 * new).astype(int)
    frame["y"] = np.where(y == 1, "Yes", "No")
    table = table_from_frame(frame, "t")
    goal = Goal("y", "No", levers=(Lever("offer", ("new",)),), experiment="offer")
    return CardInputs(None, table.frame, y, table.columns, PROBLEM, goal)


def test_what_is_refused_as_an_experiment_has_no_card_of_grade_a() -> None:
    """One column differs beyond chance; nine more hide it from a model of who got it."""
    made = an_experiment(1700, 0.25)
    result, _ = measure_experiment(ExperimentInputs(made.frame, made.columns, made.problem, made.goal))
    assert "not left to chance" in result.refused
    found = make_cards(made)
    assert {card.grade for card in found.cards} <= {"B", "C"}
    why = "“offer” is not read as an experiment between “old” and “new”. Treatment was not left to chance: treated rows differ"
    assert [note for note in found.notes if note.startswith(why)]
    assert not [note for note in make_cards(replace(made, goal=replace(made.goal, experiment=""))).notes if "experiment" in note]


def test_an_experiment_of_few_rows_earns_no_a() -> None:
    """Nothing speaks against chance, but in so few rows hardly anything could: the experiment and its card say so."""
    made = an_experiment(800, 0.0)
    found = make_cards(made)
    (card,) = found.cards
    assert card.grade == "C"
    assert "too few to see" in " ".join(card.reasons)
    covariates = make_covariates(made.frame, made.columns, made.problem, ("offer",))
    balance = check_experiment(covariates, (made.frame["offer"] == "new").to_numpy(), np.arange(800) % 5, None)
    assert "no card of it is graded A" in balance.sentence
    (note,) = [note for note in found.notes if "experiment" in note]
    assert note.startswith("“offer” is not read as an experiment between “old” and “new”. Nothing speaks against chance: ")
    assert note.endswith(balance.sentence[balance.sentence.index("But of only 800 draws") :])


def discounts(rows: int, discount: np.ndarray, typed: str = "category") -> Actions:
    """What is found of a discount that was drawn by chance: each point of it keeps two customers of 100."""
    rng = np.random.default_rng(6)
    y = (rng.random(rows) < 0.5 - 0.02 * discount).astype(int)
    frame = pd.DataFrame({"offer": discount, "age": rng.normal(size=rows), "size": rng.normal(size=rows), "y": y})
    if typed == "category":
        frame["offer"] = frame["offer"].astype(int).astype("str")
    columns = (Column("offer", "float", "number") if typed == "number" else COLUMNS[0], *COLUMNS[3:])
    goal = Goal("y", "No", levers=(Lever("offer"),), experiment="offer")
    return make_cards(CardInputs(None, frame, y, columns, PROBLEM, goal))


def test_an_experiment_of_five_values_earns_an_a() -> None:
    """Its values were put together, as those of any lever with so many, and then none counted as drawn."""
    drawn = np.random.default_rng(7).permutation(np.arange(4500) % 5)
    found = discounts(4500, 5.0 * drawn)
    assert {(card.from_value, card.to_value) for card in found.cards} >= {("0", "20"), ("5", "20"), ("10", "20")}
    for card in found.cards:
        truth = -0.02 * (float(card.to_value) - float(card.from_value))
        assert card.grade == "A"
        assert card.low < truth < card.high
    assert not [note for note in found.notes if "experiment" in note]


def test_values_that_were_drawn_are_never_put_together() -> None:
    """From the commonest values on, as many moves as there is room for."""
    for values, starts in ((4, 4), (5, 5), (6, 4), (8, 2), (12, 2)):
        column = pd.Series(np.concatenate([np.full(40 + 5 * k, k) for k in range(values)])).astype("str")
        moves = category_moves(Lever("offer"), column, drawn=True)
        assert {len(move.from_values) for move in moves} == {1}
        assert {move.from_values[0] for move in moves} == {str(values - 1 - k) for k in range(starts)}
        assert len(moves) <= 20
        assert values == 4 or len({len(move.from_values) for move in category_moves(Lever("offer"), column)} - {1}) == 1


def test_an_experiment_of_a_number_says_that_it_is_compared_like_any_other() -> None:
    """It said that nobody moved the number, and nothing of the experiment."""
    drawn = np.random.default_rng(8).integers(0, 16, 3000).astype(float)
    found = discounts(3000, drawn, "number")
    note = ("“offer” is not read as an experiment: it is compared like any other number. To have it read as one, name two of its "
            "values under “To”.")
    assert note in found.notes
    assert found.cards
    for card in found.cards:
        assert card.grade == "C"
        assert "nobody moved it" not in " ".join(card.reasons)
        assert "even where chance decided how high" in card.reasons[0]


def test_pairs_of_values_that_are_no_experiment_are_counted() -> None:
    assert undrawn_notes(["", "One.", "One.", ""]) == ("One.",)
    assert undrawn_notes(["One.", "Two.", "Three."]) == ("One. Nor is it read as one between 2 other pairs of its values.",)
    assert undrawn_notes([""]) == undrawn_notes([]) == ()


def test_a_treatment_that_the_model_left_out_has_no_card() -> None:
    """It is measured as an experiment; the other levers are tried as ever."""
    made = inputs(800, levers=(Lever("offer", ("new",)), Lever("idle", ("a",))), value=0.0, experiment="offer")
    found = make_cards(replace(made, problem=replace(PROBLEM, never=("offer",))))
    assert "offer" not in {name for card in (*found.cards, *found.patterns) for name in card.names}
    alone = replace(made.goal, levers=made.goal.levers[:1])
    assert make_cards(replace(made, problem=replace(PROBLEM, never=("offer",)), goal=alone)).cards == ()


def test_an_experiment_that_known_columns_can_tell_was_none() -> None:
    made = inputs(levers=(Lever("offer", ("new",)),), value=0.0, experiment="offer")  # age decides who is offered it
    assert {card.grade for card in make_cards(made).cards} <= {"B", "C"}
