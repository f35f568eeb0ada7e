"""The socket of model families: one file, one `FAMILY`. `families()` gives those found here and in entry points."""
from __future__ import annotations

from functools import cache

from automl_core.registry import Registry, discover, is_installed
from automl_core.search.family import Family

__all__ = ["Family", "families", "learners"]


@cache
def families() -> Registry[Family]:
    """All families by name, with those whose file failed to import."""
    return discover(__name__, "FAMILY")


def learners() -> tuple[Family, ...]:
    """The families that can be fitted here: their scoring and their fitting package are installed."""
    return tuple(family for family in families().available() if is_installed(family.fit_package))
