"""Plug-ins are found, and broken ones are named."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest

from automl_core.errors import BadInput
from automl_core.registry import discover, is_installed


@pytest.fixture
def socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "sockets_for_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    plugin = "from types import SimpleNamespace\nTHING = SimpleNamespace(name='{}', package='{}')\n"
    (folder / "good.py").write_text(plugin.format("good", ""))
    (folder / "rare.py").write_text(plugin.format("rare", "a_package_that_is_not_there"))
    (folder / "broken.py").write_text("import a_module_that_is_not_there\n")
    (folder / "empty.py").write_text("")
    (folder / "misspelt.py").write_text("THING = SimpleNamespce(name='misspelt')\n")
    (folder / "twin.py").write_text(plugin.format("good", ""))
    (folder / "_private.py").write_text("raise RuntimeError('never imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "sockets_for_test"
    for name in [name for name in sys.modules if name.startswith("sockets_for_test")]:
        del sys.modules[name]


def test_discover(socket: str) -> None:
    registry = discover(socket, "THING")
    assert sorted(registry.plugins) == ["good", "rare"]
    assert [plugin.name for plugin in registry.available()] == ["good"]
    assert {item.module.rsplit(".", 1)[-1] for item in registry.broken} == {"broken", "empty", "misspelt", "twin"}
    assert all(item.reason for item in registry.broken)


def test_unknown_name_lists_the_known(socket: str) -> None:
    with pytest.raises(BadInput, match="good, rare"):
        discover(socket, "THING").get("other")


def test_is_installed() -> None:
    assert is_installed("")
    assert is_installed("json")
    assert not is_installed("a_package_that_is_not_there")
