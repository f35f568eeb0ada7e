"""What to do: groups that differ, rows to act on, and cards that say how sure an action is.

The public doors take a table in memory, an outcome, and what columns are: `find_actions` for cards, `segments_of` and `compare`
for groups, `decisions_of` for lists, `pilot_of` and `judge_pilot` for pilots, `measure_uplift` for experiments, and
`recourse_for` and `recourse_summary_for` for one row of a model and for many. Their words and numbers are those of the page and
the command line; docs/act.md has an example of each:

    >>> from automl_core.acting import Lever, Options, Roles, applied, assign, find_actions
    >>> found = find_actions(frame, "churned", "No", [Lever("contract", to=("one year",), cost=20.0)],
    ...                      Roles(never=("gender",), later=("total_paid",)), Options(value=700.0))  # doctest: +SKIP
    >>> found.cards[0].adjusted, found.cards[0].low, found.cards[0].high, found.cards[0].grade  # doctest: +SKIP
    >>> assign(found.cards, new_frame)   # which card each row gets, -1 for none  # doctest: +SKIP
    >>> applied(found.cards, new_frame)  # the frame with those changes made  # doctest: +SKIP
"""

from __future__ import annotations

from automl_core.acting.action import ActionCard, Actions, Condition, Goal, Lever, Segment, SegmentSearch
from automl_core.acting.as_data import card_dict, cards_frame, uplift_dict
from automl_core.acting.asked import Options, Roles
from automl_core.acting.budget import Chosen, choose, expected_values
from automl_core.acting.cards import CardInputs, make_cards
from automl_core.acting.compare_groups import Pair, compare_groups
from automl_core.acting.compare_periods import Periods, compare_periods
from automl_core.acting.decide import Decision, DecisionInputs, decide
from automl_core.acting.decisions import actions_frame, rank_rows
from automl_core.acting.door import applied, assign, find_actions
from automl_core.acting.doors import compare, segments_of
from automl_core.acting.experiment import Experiment, ExperimentInputs, experiment_frame, measure_drawn, measure_experiment
from automl_core.acting.finding import find_segments
from automl_core.acting.gap import Amount
from automl_core.acting.gap_story import GapStory
from automl_core.acting.given import compared_given
from automl_core.acting.goal import as_spelled, check_goal, good_of, suggest_goal, suggest_later, suggest_levers
from automl_core.acting.goal_file import goal_text, read_goal
from automl_core.acting.goal_in_table import in_columns, with_known_values
from automl_core.acting.identity import card_key, identity, pilot_key, same_goal
from automl_core.acting.levers import counts_forbidden, eligible, forbidden_by, moved
from automl_core.acting.list_door import DecidedList, Terms, decisions_of
from automl_core.acting.measured_rate import MeasuredRate
from automl_core.acting.newsvendor import Newsvendor, OrderRule, newsvendor
from automl_core.acting.own_names import typed
from automl_core.acting.pilot_design import Draw, draw, due_date, plan_pilot, seed_of, start_pilot
from automl_core.acting.pilot_door import StartedPilot, judge_pilot, pilot_of
from automl_core.acting.pilot_files import Matched, assignment_frame, match_outcomes, pilot_table
from automl_core.acting.pilot_result import graded, in_order, judge, state_after
from automl_core.acting.pilots import Pilot, PilotChoice, PilotResult, PilotRows, Returned
from automl_core.acting.planned import ActionPlan, PlanInputs, PlanLabels, plan_actions, plan_frame, planned_gain
from automl_core.acting.power import Change, Power, chance_to_see, measure_power
from automl_core.acting.profit import ProfitCurve, ProfitPoint, analytic_threshold, gains, profit_curve
from automl_core.acting.qini import CurvePoint, Ranking, UpliftPart
from automl_core.acting.randomised import Balance, check_randomised
from automl_core.acting.recourse import Recourse, RecourseAsk, RecourseOption, recourse
from automl_core.acting.recourse_door import recourse_for, recourse_summary_for
from automl_core.acting.recourse_many import Coverage, LeverReach, RecourseSummary, SummaryAsk
from automl_core.acting.recourse_summary import recourse_summary
from automl_core.acting.row_moves import Move
from automl_core.acting.segment_stories import SampledContributions, SegmentStory, ask_model, counted_class, tell_segments
from automl_core.acting.simple_rule import rule_or_none
from automl_core.acting.track_record import TrackRecord, track_record
from automl_core.acting.two_sides import Difference, compare_sides
from automl_core.acting.uplift import Uplift, measure_uplift, ranked_rows
from automl_core.acting.uplift_asked import UpliftRoles
from automl_core.acting.wording import ALIKE_COUNTED, WAYS
from automl_core.acting.worth import row_values, valued
from automl_core.framing.problem import Money

__all__ = [
    "ALIKE_COUNTED",
    "WAYS",
    "ActionCard",
    "ActionPlan",
    "Actions",
    "Amount",
    "Balance",
    "CardInputs",
    "Change",
    "Chosen",
    "Condition",
    "Coverage",
    "CurvePoint",
    "DecidedList",
    "Decision",
    "DecisionInputs",
    "Difference",
    "Draw",
    "Experiment",
    "ExperimentInputs",
    "GapStory",
    "Goal",
    "Lever",
    "LeverReach",
    "Matched",
    "MeasuredRate",
    "Money",
    "Move",
    "Newsvendor",
    "Options",
    "OrderRule",
    "Pair",
    "Periods",
    "Pilot",
    "PilotChoice",
    "PilotResult",
    "PilotRows",
    "PlanInputs",
    "PlanLabels",
    "Power",
    "ProfitCurve",
    "ProfitPoint",
    "Ranking",
    "Recourse",
    "RecourseAsk",
    "RecourseOption",
    "RecourseSummary",
    "Returned",
    "Roles",
    "SampledContributions",
    "Segment",
    "SegmentSearch",
    "SegmentStory",
    "StartedPilot",
    "SummaryAsk",
    "Terms",
    "TrackRecord",
    "Uplift",
    "UpliftPart",
    "UpliftRoles",
    "actions_frame",
    "analytic_threshold",
    "applied",
    "as_spelled",
    "ask_model",
    "assign",
    "assignment_frame",
    "card_dict",
    "card_key",
    "cards_frame",
    "chance_to_see",
    "check_goal",
    "check_randomised",
    "choose",
    "compare",
    "compare_groups",
    "compare_periods",
    "compare_sides",
    "compared_given",
    "counted_class",
    "counts_forbidden",
    "decide",
    "decisions_of",
    "draw",
    "due_date",
    "eligible",
    "expected_values",
    "experiment_frame",
    "find_actions",
    "find_segments",
    "forbidden_by",
    "gains",
    "goal_text",
    "good_of",
    "graded",
    "identity",
    "in_columns",
    "in_order",
    "judge",
    "judge_pilot",
    "make_cards",
    "match_outcomes",
    "measure_drawn",
    "measure_experiment",
    "measure_power",
    "measure_uplift",
    "moved",
    "newsvendor",
    "pilot_key",
    "pilot_of",
    "pilot_table",
    "plan_actions",
    "plan_frame",
    "plan_pilot",
    "planned_gain",
    "profit_curve",
    "rank_rows",
    "ranked_rows",
    "read_goal",
    "recourse",
    "recourse_for",
    "recourse_summary",
    "recourse_summary_for",
    "row_values",
    "rule_or_none",
    "same_goal",
    "seed_of",
    "segments_of",
    "start_pilot",
    "state_after",
    "suggest_goal",
    "suggest_later",
    "suggest_levers",
    "tell_segments",
    "track_record",
    "typed",
    "uplift_dict",
    "valued",
    "with_known_values",
]
