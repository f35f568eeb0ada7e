"""Plug-ins: one file in a socket's folder is one plug-in, described by one module-level constant and its Fields."""
from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Generic, Literal, Protocol, TypeVar

from automl_core.errors import BadInput


@dataclass(frozen=True, slots=True)
class Field:
    """One option of a plug-in; one renderer turns it into a widget, a flag and a line of documentation."""

    name: str
    label: str
    kind: Literal["text", "number", "integer", "choice", "choices", "switch", "column"] = "text"
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    help: str = ""


class Named(Protocol):
    """What every plug-in constant has."""

    @property
    def name(self) -> str: ...

    @property
    def package(self) -> str:
        """Importable package it needs beyond the core, or an empty string."""


P = TypeVar("P", bound=Named)


@dataclass(frozen=True, slots=True)
class Broken:
    """A plug-in file that could not be imported: named, never hidden."""

    module: str
    reason: str


@dataclass(frozen=True, slots=True)
class Registry(Generic[P]):
    """The plug-ins found in one socket, by name, and those that failed."""

    plugins: dict[str, P]
    broken: tuple[Broken, ...] = ()

    def get(self, name: str) -> P:
        """The plug-in of that name; BadInput naming the known ones otherwise."""
        try:
            return self.plugins[name]
        except KeyError:
            known = ", ".join(sorted(self.plugins))
            raise BadInput(f"There is no plug-in called “{name[:60]}”.", f"Choose one of: {known}.") from None

    def available(self) -> tuple[P, ...]:
        """Plug-ins whose package is installed."""
        return tuple(plugin for plugin in self.plugins.values() if is_installed(plugin.package))


def is_installed(package: str) -> bool:
    """Whether the package can be imported, found without importing it. An empty name is always there."""
    return not package or importlib.util.find_spec(package) is not None


def discover(package: str, constant: str) -> Registry[Any]:
    """Every module-level `constant` in the modules of `package` and in the entry points `clarion.<last part>`."""
    found: dict[str, Any] = {}
    broken: list[Broken] = []
    folder = importlib.import_module(package)
    for module in sorted(info.name for info in pkgutil.iter_modules(folder.__path__)):
        if not module.startswith("_"):
            _take(f"{package}.{module}", constant, found, broken)
    for point in entry_points(group=f"clarion.{package.rsplit('.', 1)[-1]}"):
        _take(point.value.split(":")[0], constant, found, broken)
    return Registry(found, tuple(broken))


_BAD_PLUGIN = (ImportError, AttributeError, SyntaxError, NameError, TypeError, ValueError)


def _take(module: str, constant: str, found: dict[str, Any], broken: list[Broken]) -> None:
    try:
        plugin = getattr(importlib.import_module(module), constant)
    except _BAD_PLUGIN as error:
        broken.append(Broken(module, f"{type(error).__name__}: {error}"))
        return
    if plugin.name in found:
        broken.append(Broken(module, f"another plug-in is already called “{plugin.name}”"))
        return
    found[plugin.name] = plugin
