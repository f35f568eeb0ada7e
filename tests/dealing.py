"""How tests are dealt out to the workers of pytest-xdist: long files first, and files that share what is costly to one worker."""
from __future__ import annotations

import pytest
from xdist.scheduler import LoadFileScheduling

TOGETHER = {
    "projects at every stage of the walk": ("tests/pages/",),
    "a server, a browser and a searched sample": ("tests/browser/",),
}
# By how a path begins. What is not named takes seconds and fills the end, so that no worker waits long for the other's last file.
# One worker waits for servers and browsers first, while the other one computes.
LONG = ("tests/browser/", "tests/pages/", "tests/truth/test_cards", "tests/truth/", "tests/faults/test_kills.py", "tests/faults/",
        "tests/unit/test_search_race.py", "tests/unit/test_workspace.py", "tests/unit/test_search_", "tests/unit/test_cli",
        "tests/unit/test_bundle_alone.py", "tests/contract/test_families.py", "tests/unit/test_explaining_",
        "tests/unit/test_acting_")


class Dealing(LoadFileScheduling):
    """By file as `--dist loadfile` does, except for those in TOGETHER: their session fixtures are made once, in one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return next((name for name, starts in TOGETHER.items() if file.startswith(starts)), file)


def place(item: pytest.Item) -> int:
    """Where a test's file comes in the order of LONG."""
    return next((number for number, start in enumerate(LONG) if item.nodeid.startswith(start)), len(LONG))
