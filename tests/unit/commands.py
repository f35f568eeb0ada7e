"""Commands called in this process, for tests of the command line."""
from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from automl_core.cli import main


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def has(data: dict[str, Any], keys: Sequence[str]) -> None:
    assert set(keys) <= set(data), f"missing {set(keys) - set(data)}"


def _too_late(*given: Any, **named: Any) -> None:
    raise AssertionError("the work had begun")
