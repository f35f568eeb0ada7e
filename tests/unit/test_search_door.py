"""The door of the search for frames: the same engine as the command `train`, the same refusals, and more time and other rungs."""
from __future__ import annotations

import gc
import json
import re
import shlex
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core import Trained, TrainOptions, train
from automl_core.cli import _parser, main
from automl_core.errors import BadInput
from automl_core.framing.metric_names import METRIC_NAMES
from automl_core.framing.problem import Money
from automl_core.jobs import JobWatch
from automl_core.production import load_bundle
from automl_core.search.families import families
from automl_core.search.offers import RUNGS
from automl_core.settings import read_settings, settings_in
from automl_core.workspace import train_door
from tests.unit.searching import HereExecutor, fit_here

DOCS = Path(__file__).parents[2] / "docs" / "search.md"
QUICK: dict[str, Any] = {"trials": 2, "families": ("linear", "rule"), "folds": 3, "jobs": 1}


def rows(many: int = 240) -> pd.DataFrame:
    random = np.random.default_rng(0)
    age, plan = random.integers(18, 80, many), random.choice(["basic", "plus", "gold"], many)
    left = random.random(many) < np.where(plan == "basic", 0.7, 0.1)
    return pd.DataFrame({"age": age, "plan": plan, "spent": random.normal(50, 9, many).round(2),
                         "left": np.where(left, "Yes", "No")})


@pytest.fixture(scope="module")
def found() -> Trained:
    with pytest.MonkeyPatch.context() as patch:
        fit_here(patch)
        return train(rows(), "left", QUICK)


def told(report: dict[str, Any]) -> dict[str, Any]:
    """What a report says but for times, names of runs and places."""
    def timeless(value: Any) -> Any:
        if isinstance(value, dict):
            clocks = ("run", "bundle", "fit_seconds", "seconds", "row_ms", "row_ms_p50", "row_ms_p95")
            return {key: timeless(item) for key, item in value.items() if key not in clocks}
        return [timeless(item) for item in value] if isinstance(value, list) else value

    made: dict[str, Any] = timeless(report)
    return made


def test_a_frame_gives_what_the_command_gives_for_its_file(
        found: Trained, home: Path, tmp_path: Path, here: HereExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    """The same keys, candidates, scores, words and, to the bit, predictions."""
    path, out = tmp_path / "rows.csv", tmp_path / "m.zip"
    rows().to_csv(path, index=False)
    code = main(["train", str(path), "--target", "left", "--trials", "2", "--families", "linear,rule", "--folds", "3", "--jobs",
                 "1", "--out", str(out), "--json"])
    captured = capsys.readouterr()
    data = json.loads(captured.out.strip().splitlines()[-1])
    assert list(found.report) == list(data)
    assert told(found.report) == told(data)
    assert found.warned == (code == 1)
    timeless = re.sub(r"[\d.]+ ms", "- ms", captured.err)
    for text in found.sentences:
        assert re.sub(r"[\d.]+ ms", "- ms", text.replace("“positive”", "--positive")) in timeless
    pd.testing.assert_frame_equal(found.predict(rows()), load_bundle(out).predict(rows()))


def test_what_is_given_is_frozen_and_answers_rows(found: Trained, tmp_path: Path) -> None:
    assert [trial.family for trial in found.leaderboard] == [trial["family"] for trial in found.report["leaderboard"]]
    assert sum(offer.chosen for offer in found.ladder) == 1
    scored = found.predict(rows().set_index(pd.Index(range(100, 340))))
    assert scored.index[0] == 100
    one = found.predict_row(rows().iloc[3].to_dict())
    assert one["prediction"] == scored["prediction"].iloc[3]
    assert one["probability_Yes"] == pytest.approx(scored["probability_Yes"].iloc[3], abs=1e-9)
    path = found.save(tmp_path / "models" / "m.zip")
    pd.testing.assert_frame_equal(load_bundle(path).predict(rows()), found.predict(rows()))
    assert "bundle" not in repr(found)
    with pytest.raises(FrozenInstanceError):
        found.warned = True  # type: ignore[misc]
    with pytest.raises(BadInput, match="is a folder"):
        found.save(tmp_path)


def test_another_rung_and_more_time_are_new_values(found: Trained, here: HereExecutor) -> None:
    before, other = found.report, next(offer for offer in found.ladder if not offer.chosen)
    chosen = found.choose(other.name)
    assert [offer.name for offer in chosen.ladder if offer.chosen] == [other.name]
    assert found.report == before
    more = chosen.more(1.0)
    assert any(other.name in (offer.name, *offer.also) and offer.chosen for offer in more.ladder)  # what was chosen stays chosen
    assert {trial.key for trial in more.leaderboard} >= {trial.key for trial in found.leaderboard}
    known = {trial.key for trial in found.leaderboard}
    assert not [key for key, fold in here.fits if key in known and fold >= 0]  # what was fitted stays
    idle = {"No further candidate was fitted in this time.", "No further candidate was fitted: nothing was left to try."}
    assert bool(idle & set(more.sentences)) == ({trial.key for trial in more.leaderboard} == known)
    with pytest.raises(BadInput, match="There is no rung “magic” to hand over"):
        found.choose("magic")


def test_a_temporary_folder_goes_with_the_last_value_that_needs_it(here: HereExecutor) -> None:
    first = train(rows(), "left", QUICK)
    folder = first._place.workspace.settings.home
    other = first.choose("rule")
    del first
    gc.collect()
    assert folder.is_dir()
    del other
    gc.collect()
    assert not folder.exists()


def test_a_refused_search_leaves_no_folder(
        tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []

    def folder(prefix: str) -> str:
        made.append(tmp_path / f"{prefix}{len(made)}")
        made[-1].mkdir()
        return str(made[-1])

    monkeypatch.setattr(train_door.tempfile, "mkdtemp", folder)
    with pytest.raises(BadInput, match="cannot be dropped"):
        train(rows(), "left", {**QUICK, "drop": "left"})
    assert len(made) == 1
    assert not made[0].exists()
    assert here.fits == []


class Stopped(HereExecutor):
    """Somebody presses Ctrl+C twice when three fits are through."""

    def submit(self, task: Any, *arguments: Any) -> Any:
        if len(self.fits) == 3:
            raise KeyboardInterrupt
        return super().submit(task, *arguments)


def test_a_search_that_is_kept_goes_on_when_it_was_stopped_and_commands_find_it(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept"
    fit_here(monkeypatch, Stopped())
    with pytest.raises(KeyboardInterrupt):
        train(rows(), "left", QUICK, kept)
    here = fit_here(monkeypatch)
    other = train(rows().assign(age=rows()["age"].to_numpy()[::-1]), "left", QUICK, kept)
    assert other.report["resumed"] == 0  # the same columns and counts, but other rows
    again = train(rows(), "left", QUICK, str(kept))
    assert again.report["resumed"] == 3
    assert here.fits
    monkeypatch.setenv("CLARION_HOME", str(kept))
    assert main(["choose", again.run.id, "rule", "--out", str(tmp_path / "m.zip"), "--json"]) in (0, 1)
    assert json.loads(capsys.readouterr().out.strip().splitlines()[-1])["model"]["family"] == "rule"


def test_a_folder_holds_all_there_is_and_the_settings_own_is_as_they_say(
        home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARION_DATABASE_URL", "sqlite:////elsewhere/clarion.db")
    assert settings_in(home) == read_settings()
    other = settings_in(tmp_path / "other")
    assert other.database_url == f"sqlite:///{tmp_path / 'other' / 'clarion.db'}"
    assert other.files_url == (tmp_path / "other" / "files").as_uri()


def test_columns_are_named_by_their_labels_and_classes_by_their_values(here: HereExecutor) -> None:
    """Whole numbers as labels, an index of its own, categories, truths and dates."""
    frame = rows().assign(left=rows()["left"] == "Yes", plan=rows()["plan"].astype("category"))
    frame["day"] = pd.date_range("2024-01-01", periods=len(frame), freq="D")
    frame = frame[["left", "plan", "age", "day", "spent"]].set_axis([0, 1, "how old", ("a", 1), 4], axis=1).iloc[::-1]
    asked = {**QUICK, "positive": False, "drop": [4], "time": ("a", 1), "metric": "AP", "hand_over": "rule"}
    one = train(frame, 0, asked)
    assert (one.report["positive"], one.report["metric"]) == ("False", "average_precision")
    problem = one.bundle.model.problem
    assert (problem.target, problem.time, problem.never) == ("0", "('a', 1)", ("4",))
    assert len(one.predict(frame)) == len(frame)
    assert "4" not in one.bundle.model.sources


def asked_on_the_command_line(*words: str) -> TrainOptions:
    from automl_core.cli_problem import options_of

    return options_of(_parser().parse_args(["train", "rows.csv", "--target", "left", "--out", "m.zip", *words]))


def test_the_door_takes_what_the_command_takes() -> None:
    """Each option of `train` but where the model is written, under the same name and with the same default."""
    options = vars(_parser().parse_args(["train", "rows.csv", "--target", "left", "--out", "m.zip"]))
    aside = {"command", "data", "target", "out", "json", "run"}
    assert set(options) - aside == {field.name for field in fields(TrainOptions)}
    assert asked_on_the_command_line() == TrainOptions()
    names = train_door.names_of(rows())
    full = asked_on_the_command_line("--drop", "age", "--group", "plan", "--ordered", "No,Yes", "--money", "true_positive=5",
                                     "--families", "linear,rule", "--positive", "No", "--budget", "9")
    said = TrainOptions(drop=["age"], group="plan", ordered=["No", "Yes"], money={"true_positive": 5}, positive="No", budget=9,
                        families=["linear", "rule"])
    own = train_door._named(said, names)
    assert replace(own, money=None) == replace(full, money=None)
    assert train_door._named(replace(said, money=Money(true_positive=5)), names) == own


@pytest.mark.parametrize(("target", "options", "sentence"), [
    ("lef", {}, "There is no column “lef” in this table. Perhaps “left” is meant."),
    ("left", {"drop": ["agee"]}, "There is no column “agee” in this table. Perhaps “age” is meant."),
    ("left", {"budgt": 5}, "“budgt” is no part of “options”. Write “budget”."),
    ("left", {"budget": 0.5}, "A budget of 0.5 seconds cannot be searched. Give 1 second or more, up to a day."),
    ("left", {"budget": "long"}, "A budget of “long” seconds cannot be searched."),
    ("left", {"jobs": -3}, "-3 workers cannot search. Give “jobs” of 1 or more; 0 takes as many as the settings say."),
    ("left", {"trials": 2.5}, "This number of trials or folds, or this seed, cannot be used."),
    ("left", {"quantile": "0.9"}, "“0.9” is no quantile."),
    ("left", {"quantile": 0.9}, "Only a number has quantiles, and this target is one of classes. Leave out “quantile”, or give"),
    ("left", {"metric": 5}, "“metric” is “5”, which is no text. Give its name, or leave it out."),
    ("left", {"metric": "beauty"}, "There is no metric called “beauty”."),
    ("left", {"metric": "money"}, "(or as “money” true_positive=500,false_positive=-20)"),
    ("left", {"money": {"gain": 5}}, "“gain” is no part of “money”."),
    ("left", {"money": {"over": "dear"}}, "“dear” cannot be the amount of over."),
    ("left", {"money": {}}, "All amounts of “money” are 0."),
    ("left", {"positive": "Maybe"}, "Maybe"),
    ("spent", {"positive": "Yes"}, "Only a target of two classes has a positive one. Leave out “positive”."),
    ("plan", {"ordered": True}, "The classes are words, and words do not say which step is higher."),
    ("left", {"families": "magic"}, "magic"),
    ("left", {"hand_over": "magic"}, "There is no rung “magic” to hand over."),
])
def test_refusals_are_sentences_in_the_words_of_the_door(
        target: str, options: dict[str, Any], sentence: str, here: HereExecutor) -> None:
    with pytest.raises(BadInput) as refused:
        train(rows(), target, {"jobs": 1, **options})
    assert sentence in str(refused.value)
    assert "--" not in str(refused.value)
    assert here.fits == []


@pytest.mark.parametrize(("frame", "sentence"), [
    ([[1, 2]], "The table is no pandas DataFrame but “list”."),
    (pd.concat([rows(), rows()[["age"]]], axis=1), "More than one column is called “age”."),
    (rows().head(0), "left"), (rows().assign(left=None), "left"),
])
def test_frames_that_cannot_be_learned_from(frame: Any, sentence: str, here: HereExecutor) -> None:
    with pytest.raises(BadInput, match=sentence):
        train(frame, "left", QUICK)


def test_what_there_is_to_be_known_is_said(here: HereExecutor) -> None:
    """A rung that is not there, rows without an outcome and copies of rows, as the command says it."""
    frame = pd.concat([rows(60)] * 4 + [rows(2).assign(left=None)])
    one = train(frame, "left", {**QUICK, "families": ("linear",), "trials": 1, "hand_over": "rule"})
    assert one.warned
    assert "2 of 242 rows have no value in “left” and are left out of training." in one.report["warnings"]
    assert any("Give “copies_together” if new rows will not be copies." in text for text in one.report["warnings"])
    assert one.sentences[-1] == "This search has no model for the rung “rule”, so its own choice is handed over."


def test_a_model_that_is_not_to_be_used_is_warned_of(here: HereExecutor) -> None:
    """The sentence stood among the others, and `warned` was false."""
    random = np.random.default_rng(4)
    noise = pd.DataFrame({"a": random.normal(size=60), "b": random.normal(size=60), "t": random.permutation(30 * ["no", "yes"])})
    one = train(noise, "t", {**QUICK, "families": ("linear",), "trials": 1})
    worse = "It is not better than the same guess for every row (0.5000): do not use it."
    assert (one.warned, one.report["warnings"], one.report["leaks"]) == (True, [worse], [])
    assert "\n".join(one.sentences).count(worse) == 1


def test_a_search_that_is_ended_early_says_so(here: HereExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(JobWatch, "stop", lambda self: "finish")
        one = train(rows(), "left", {"budget": 40, "families": ("linear", "rule"), "folds": 3, "jobs": 1})
        trials = train(rows(), "left", QUICK)
    assert (one.report["stopped"], one.warned) == (True, False)
    assert re.fullmatch(r"Stopped after \d+ of 40 s\.", one.sentences[0])
    assert re.fullmatch(r"Stopped after \d+ s\.", trials.sentences[0])  # nobody knows how long trials take
    more = one.more(1.0)
    assert not more.report["stopped"]
    assert not any(text.startswith("Stopped") for text in more.sentences)


def examples() -> tuple[list[str], list[str]]:
    """The blocks of Python in docs/search.md, and its commands; a minute more is a second here."""
    text = DOCS.read_text(encoding="utf-8").replace("more(60)", "more(1)").replace("--budget 60 --out", "--budget 1 --out")
    return (re.findall(r"```python\n(.*?)```", text, re.DOTALL),
            re.findall(r"^    python -m automl_core (.*)$", text, re.MULTILINE))


def test_the_examples_in_the_docs_run(
        tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One after the other."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    blocks = examples()[0]
    for block in blocks:
        exec(compile(block, "docs/search.md", "exec"), names)  # noqa: S102
    assert len(blocks) >= 4
    assert names["found"].report["task"] == "binary"
    assert names["better"].report["trials"] >= names["found"].report["trials"]
    assert "nan" not in capsys.readouterr().out


def test_the_commands_in_the_docs_run(
        home: Path, tmp_path: Path, here: HereExecutor, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    """One after the other, each of the run that the one before it named."""
    monkeypatch.chdir(tmp_path)
    blocks, commands = examples()
    exec(compile(blocks[0], "docs/search.md", "exec"), {})  # noqa: S102
    assert len(commands) >= 6
    run = ""
    for command in commands:
        assert main([*shlex.split(command.replace("RUN_ID", run)), "--json"]) in (0, 1), command
        run = json.loads(capsys.readouterr().out.strip().splitlines()[-1]).get("run", run)


@pytest.mark.parametrize("name", [*(field.name for field in fields(TrainOptions)), *RUNGS, *METRIC_NAMES["binary"],
                                  *METRIC_NAMES["multiclass"], *METRIC_NAMES["regression"], *families().plugins])
def test_each_option_rung_metric_and_family_is_told_in_the_guide(name: str) -> None:
    assert re.search(rf"`{name}`", DOCS.read_text(encoding="utf-8"))
