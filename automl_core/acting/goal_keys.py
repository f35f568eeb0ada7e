"""Which sections and keys a goal.toml may have: any other would be read over, be it a limit or a column never to be used."""

from __future__ import annotations

from typing import Any

from automl_core.data.names import names_like
from automl_core.errors import BadInput
from automl_core.explaining.words import quote

KEYS = {
    "goal": ("outcome", "good", "value", "value_column", "currency", "capacity", "budget", "contact_cost", "contact_free",
             "save_rate", "save_range"),
    "columns": ("given", "later", "never", "negative_control"),
    "lever": ("column", "from", "to", "relative", "cost", "unit_cost", "forbidden", "direction", "low", "high", "days"),
    "experiment": ("treatment",),
}
ALL = tuple(key for keys in KEYS.values() for key in keys)
# What people write for a key that they do not look up, and what no spelling is near to.
MEANT = {"min": "low", "minimum": "low", "max": "high", "maximum": "high", "allowed": "to", "values": "to", "step": "to",
         "before": "from", "name": "column", "target": "outcome", "roles": "columns", "limit": "capacity", "rows": "capacity"}


def check_keys(data: dict[str, Any]) -> None:
    """BadInput for the first section or key of a goal file that is none, with the nearest one that is."""
    for name, section in data.items():
        if name not in KEYS:
            raise _unknown_section(name, section)
        for item in section if isinstance(section, list) else [section]:
            for key in item if isinstance(item, dict) else ():
                if key not in KEYS[name]:
                    raise _unknown_key(key, name)


def _unknown_section(name: str, value: object) -> BadInput:
    if owner := _owner(name):
        return BadInput(f"{quote(name)} stands in the goal file outside its section.",
                        f"Write it as a key under {_heading(owner)}.")
    near = _nearest(name, tuple(KEYS) if isinstance(value, dict) else (*KEYS, *ALL))
    if owner := _owner(near):
        return BadInput(f"{quote(name)} stands in the goal file outside any section.",
                        f"Write {quote(near)} under {_heading(owner)}, or leave it out.")
    known = ", ".join(map(_heading, KEYS))
    return BadInput(f"A goal file has no section {quote(name)}.",
                    f"Write {_heading(near)}, or leave it out." if near else f"A goal has {known}.")


def _unknown_key(key: str, section: str) -> BadInput:
    owner, near = _owner(key), _nearest(key, KEYS[section])
    other = near or _nearest(key, ALL)
    if owner:
        hint = f"Write it under {_heading(owner)}."
    elif other:
        hint = f"Write {quote(other)}{'' if near else f' under {_heading(_owner(other))}'}, or leave it out."
    else:
        hint = f"Its keys are {', '.join(map(quote, KEYS[section]))}."
    return BadInput(f"The goal file has {quote(key)} under {_heading(section)}, which is no key of it.", hint)


def _heading(section: str) -> str:
    return "[[lever]]" if section == "lever" else f"[{section}]"


def _owner(key: str) -> str:
    """The section that a key belongs to; empty when it belongs to none."""
    return next((name for name, keys in KEYS.items() if key in keys), "")


def _nearest(name: str, known: tuple[str, ...]) -> str:
    """The one of `known` that a name is spelled most like, or that people mean by it; empty when there is none."""
    plain = name.strip().casefold().replace("-", "_").replace(" ", "_")
    if MEANT.get(plain) in known:
        return MEANT[plain]
    return next(iter(names_like(name, known, 1)), "")
