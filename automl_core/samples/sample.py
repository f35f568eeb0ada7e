"""The noun behind a sample and how its tables are loaded and joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import pandas as pd

from automl_core.data.combine import join
from automl_core.data.infer import table_from_frame
from automl_core.data.table import Origin, Table
from automl_core.registry import Registry, discover


@dataclass(frozen=True, slots=True)
class Sample:
    """`tables` gives its raw frames, the main one first. `drop` are columns that must not be used to predict `target`.

    `keys` say how the others join the main table: name -> (key there, key here). `truth` says what a good analysis must find.
    """

    name: str
    title: str
    story: str
    target: str
    tables: Callable[[], dict[str, pd.DataFrame]]
    drop: tuple[str, ...] = ()
    made_up: bool = False
    truth: str = ""
    keys: tuple[tuple[str, str, str], ...] = ()
    package: str = ""
    facts: Callable[[], Mapping[str, Any]] = dict


def samples() -> Registry[Sample]:
    """All samples that are plugged in."""
    found = discover("automl_core.samples", "SAMPLE")
    # This file is no sample: it is where samples are explained.
    return Registry(found.plugins, tuple(broken for broken in found.broken if broken.module != __name__))


@lru_cache(maxsize=4)
def load_sample(name: str) -> tuple[Table, dict[str, Table]]:
    """The sample's main table with the others joined to it, and those others as they are; BadInput for an unknown name."""
    sample = samples().get(name)
    frames = sample.tables()
    tables = {label: table_from_frame(frame, f"{label}.csv", Origin(f"{label}.csv", "sample")) for label, frame in frames.items()}
    main_name, *others = tables
    main = tables[main_name]
    for other, left_key, right_key in sample.keys:
        main = join(main, tables[other], left_key, right_key).table
    origin = Origin(f"{name}.csv", "sample", encoding="utf-8", delimiter=",")
    return replace(main, origin=origin), {label: tables[label] for label in others}
