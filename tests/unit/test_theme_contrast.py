"""The palette: equal in the configuration and in the charts, readable in both modes."""
from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pages.ui.theme import DARK, LIGHT, STATIC, Palette, palette
from tests.unit.colours import contrast

ROOT = Path(__file__).parents[2]
CONFIG: dict[str, Any] = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
MODES = [LIGHT, DARK]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_charts_and_configuration_have_the_same_colours(mode: Palette) -> None:
    theme = CONFIG["theme"][mode.name]
    assert theme["primaryColor"] == mode.primary
    assert theme["backgroundColor"] == mode.background
    assert theme["secondaryBackgroundColor"] == mode.surface
    assert theme["textColor"] == mode.text
    assert theme["grayColor"] == mode.muted
    assert theme["borderColor"] == mode.border
    assert tuple(theme["chartCategoricalColors"]) == mode.series


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_text_is_readable(mode: Palette) -> None:
    for background in (mode.background, mode.surface, CONFIG["theme"][mode.name]["sidebar"]["backgroundColor"]):
        assert contrast(mode.text, background) >= 7
        assert contrast(mode.muted, background) >= 4.5
        assert contrast(CONFIG["theme"][mode.name]["linkColor"], background) >= 4.5
    assert contrast("#FFFFFF", mode.primary) >= 4.5, "white text on the primary button"
    assert contrast(mode.primary, mode.background) >= 3, "the primary button and the chosen tab on the page"


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_marks_stand_out(mode: Palette) -> None:
    for colour in (*mode.series, mode.accent, mode.neutral, mode.up, mode.down):
        assert contrast(colour, mode.background) >= 3, colour


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#FFFFFF", "#767676") == pytest.approx(4.54, abs=0.01)


def test_unknown_mode_is_light() -> None:
    assert palette(None) is LIGHT
    assert palette("dark") is DARK


def test_server_is_hardened() -> None:
    server, client = CONFIG["server"], CONFIG["client"]
    assert server["address"] == "127.0.0.1"
    assert server["enableXsrfProtection"] is True
    assert server["enableStaticServing"] is False
    assert server["allowedHosts"] == ["127.0.0.1", "localhost", "[::1]"]
    assert client["showErrorDetails"] == "none"
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert "fontFaces" not in CONFIG["theme"]
    assert "http" not in (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"), "no address: nothing is fetched"


@pytest.mark.parametrize("name", ["favicon.svg", "logo-light.svg", "logo-dark.svg"])
def test_own_pictures_need_nothing_else(name: str) -> None:
    text = (STATIC / name).read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert not re.search(r"<script|href|url\(|@import|<text", text)
