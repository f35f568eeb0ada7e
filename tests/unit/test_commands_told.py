"""Commands, options and settings stand in README or docs as they are in the code, and nothing stands there that is not."""
from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from automl_core.cli import _parser
from automl_core.search.offers import RUNGS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOLD = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
INNER = ("run-job", "--wait", "--parent")  # by which the app starts its own processes


def commands() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command."""
    found = next(action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(found.choices)


def options() -> set[str]:
    """All options of all commands."""
    return {option for command in commands().values() for action in command._actions for option in action.option_strings
            if option.startswith("--")}


def help_of(command: str) -> str:
    return " ".join(commands()[command].format_help().split())


@pytest.mark.parametrize("name", commands())
def test_each_command_says_what_each_of_its_arguments_is(name: str) -> None:
    silent = [action.dest for action in commands()[name]._actions if not action.help]
    assert not silent


@pytest.mark.parametrize("name", [name for name in commands() if name not in INNER])
def test_each_command_is_told(name: str) -> None:
    assert re.search(rf"(?:automl_core |`){name}(?=[ `\n])", TOLD)


@pytest.mark.parametrize("option", sorted(options() - {"--help", *INNER}))
def test_each_option_is_told(option: str) -> None:
    named = option.removeprefix("--").replace("-", "_")
    assert re.search(rf"{option}(?![a-z-])|`{named}`", TOLD)


def test_no_option_is_told_that_is_none() -> None:
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", TOLD)) <= options()


def test_no_command_is_told_that_is_none() -> None:
    assert set(re.findall(r"python -m automl_core ([a-z][a-z-]*)", TOLD)) <= set(commands())


@pytest.mark.parametrize("place", ["train", "choose", "README"])
def test_the_rungs_that_can_be_handed_over_are_all_named(place: str) -> None:
    said = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split()) if place == "README" else help_of(place)
    words = "|".join(RUNGS) if place == "README" else f"{', '.join(RUNGS[:-1])} or {RUNGS[-1]}"
    assert words in said


@pytest.mark.parametrize("name", ["serve", "worker", "run-job"])
def test_what_runs_until_it_is_stopped_promises_no_answer(name: str) -> None:
    """`--json` said that the last line is one JSON object: there is none, but for a refusal."""
    assert "print one JSON object as the last line" not in help_of(name)
    assert "print a refusal as one JSON object" in help_of(name)


def test_settings_are_told() -> None:
    read = set(re.findall(r"CLARION_[A-Z_]+[A-Z]", (ROOT / "automl_core" / "settings.py").read_text(encoding="utf-8")))
    assert read == set(re.findall(r"CLARION_[A-Z_]+[A-Z]", TOLD))
