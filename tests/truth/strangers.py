"""Made-up tables as a stranger would bring them: columns of all kinds that go together, and several levers of which some do
nothing, though known columns steer who has them in bends and by interactions. Nothing that matters is hidden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_core.acting import Lever
from tests.truth.markets import Floats, sigmoid

KINDS, SHARES = ("normal", "skewed", "whole", "few", "many", "flag", "bounded"), (0.22, 0.18, 0.12, 0.2, 0.08, 0.12, 0.08)
NUMBERS: dict[str, Callable[[Floats], Floats]] = {
    "normal": lambda z: 50 + 12 * z, "skewed": lambda z: np.exp(3 + 0.8 * z), "bounded": lambda z: 100 * sigmoid(1.7 * z),
    "whole": lambda z: np.floor(np.exp(1 + 0.7 * z)),
}  # fmt: skip


@dataclass(frozen=True)
class Stranger:
    """A table with the `outcome`, what to ask of it, which levers are `idle`, and the `expected` outcome of each row (a chance of
    the good one) were the levers as in a frame."""

    frame: pd.DataFrame
    good: str
    levers: tuple[Lever, ...]
    value: float
    idle: frozenset[str]
    expected: Callable[[pd.DataFrame], Floats]


@dataclass(frozen=True)
class Works:
    """What a lever does: the strength of each of its values (None: of a number) times the effect on each row, (n,)."""

    strength: dict[str, float] | None
    effect: Floats

    def on(self, values: pd.Series) -> Floats:
        if self.strength is None:
            return 0.6 * np.clip((values.to_numpy(dtype=np.float64) - 20) / 5, -3, 3) * self.effect
        return values.map(self.strength).to_numpy(dtype=np.float64) * self.effect


def stranger(seed: int, most: int = 4500) -> Stranger:
    rng = np.random.default_rng((4243, seed))
    rows, many = int(np.exp(rng.uniform(np.log(1500), np.log(most)))), int(rng.integers(6, 19))
    columns, seen = _columns(rng, rows, many)
    base = _rough(rng, seen, 1.0)
    kind = str(rng.choice(["class", "number", "money"], p=[0.5, 0.25, 0.25]))
    unit = {"class": float(rng.choice([50, 200, 700])), "number": 10.0, "money": 300.0}[kind]
    levers, idle, works = [], [], {}
    for place in range(int(rng.integers(2, 5))):
        name, size = f"lever{place}", rng.uniform(0.1, 0.35) if kind == "class" else rng.uniform(0.3, 0.9)
        if rng.random() < 0.55:
            idle.append(name)
        columns[name], strength = _held(rng, seen, base)
        works[name] = Works(strength, (name not in idle) * size * _whom(rng, seen))
        levers.append(Lever(name, cost=round(float(rng.choice([0, 0, 0.1, 0.25])) * size * unit, 2)))
    frame = pd.DataFrame({str(name): columns[str(name)] for name in rng.permutation(list(columns))})

    def expected(at: pd.DataFrame) -> Floats:
        lift = np.sum([one.on(at[name]) for name, one in works.items()], axis=0)
        if kind == "class":
            return np.clip(0.15 + 0.55 * sigmoid(1.3 * base - 0.3) + lift, 0.01, 0.99)
        return 10 * (5 + base + lift) if kind == "number" else 300 * np.exp(0.5 * base) * (1 + 0.7 * lift).clip(0.05)

    mean, noise = expected(frame), rng.normal(size=rows)
    if kind == "class":
        frame["outcome"] = np.where(rng.random(rows) < mean, "stays", "leaves")
    else:
        frame["outcome"] = (mean + 10 * noise if kind == "number" else mean * np.exp(0.6 * noise - 0.18)).round(2)
    value = unit if kind == "class" else 1.0
    return Stranger(frame, "stays" if kind == "class" else "high", tuple(levers), value, frozenset(idle), expected)


def _columns(rng: np.random.Generator, rows: int, many: int) -> tuple[dict[str, np.ndarray], Floats]:
    """Columns that share three factors, and what each says (rows, many) to those who decide: nothing but what is in the table."""
    factors, columns, seen = rng.normal(size=(rows, 3)), {}, []
    for place in range(many):
        z = factors @ rng.normal(0, 0.6, 3) * rng.choice([0, 0.6, 1]) + rng.normal(size=rows)
        z, kind = z / z.std(), str(rng.choice(KINDS, p=SHARES))
        if kind in NUMBERS:
            values = NUMBERS[kind](z).round(1)
            says = np.log(values + 0.5) if kind == "whole" else z
        else:
            levels = {"few": int(rng.integers(3, 7)), "many": int(rng.integers(10, 31)), "flag": 2}[kind]
            codes = np.digitize(z + 0.5 * rng.normal(size=rows), np.quantile(z, np.sort(rng.uniform(0.05, 0.95, levels - 1))))
            values, says = np.array([f"{kind[:1]}{code:02d}" for code in codes], dtype=object), rng.normal(size=levels)[codes]
        says = (says - says.mean()) / (says.std() + 1e-9)
        if rng.random() < 0.25:
            gone = rng.random(rows) < rng.uniform(0.02, 0.2) * 2 * sigmoid(factors[:, 0])
            says, values = np.where(gone, 0.5 * rng.normal(), says), np.where(gone, np.nan if kind in NUMBERS else None, values)
        columns[f"{kind}{place}"] = values
        seen.append(says)
    return columns, np.array(seen).T


def _rough(rng: np.random.Generator, seen: Floats, spread: float) -> Floats:
    """A bent sum of some columns with thresholds and interactions, of that standard deviation."""
    used = rng.choice(seen.shape[1], size=min(seen.shape[1], int(rng.integers(2, 6))), replace=False)
    made = seen[:, used] @ rng.normal(size=len(used))
    for _ in range(int(rng.integers(1, 4))):
        one, other = (seen[:, place] for place in rng.choice(used, 2, replace=False))
        bends = (one > rng.normal(0, 0.7), 0.7 * one * other, 1.5 * np.exp(-(one**2)), 1.5 * np.tanh(2 * one),
                 2.0 * ((one > 0) & (other > 0.3)))
        made = made + rng.normal(0, 1.2) * bends[int(rng.integers(len(bends)))]
    return np.asarray(spread * (made - made.mean()) / (made.std() + 1e-9), dtype=np.float64)


def _whom(rng: np.random.Generator, seen: Floats) -> Floats:
    """How much of its effect a lever has on each row: the same on all, on a half, on those where two things hold, or a slope."""
    one, other = (seen[:, place] for place in rng.choice(seen.shape[1], 2, replace=False))
    kinds = (np.ones(len(one)), 1.3 * (one > np.median(one)), 2.0 * ((one > -0.3) & (other > -0.3)), 0.6 + 0.6 * np.tanh(one))
    return np.asarray(kinds[int(rng.integers(len(kinds)))], dtype=np.float64)


def _held(rng: np.random.Generator, seen: Floats, base: Floats) -> tuple[np.ndarray, dict[str, float] | None]:
    """Who has what of a lever, by known columns and by what they say of the outcome, and how strong its values are."""
    steer = float(rng.choice([0.5, 1.0, 1.5]))
    pull = base * rng.choice([0, 0.5, 0.8]) * steer
    kind = str(rng.choice(["yes or no", "several", "number"], p=[0.45, 0.4, 0.15]))
    if kind == "yes or no":
        has = rng.random(len(base)) < sigmoid(rng.normal(0, 0.7) + _rough(rng, seen, steer) + pull)
        return np.where(has, "yes", "no").astype(object), {"no": 0.0, "yes": 1.0}
    if kind == "number":
        return (20 + 5 * (_rough(rng, seen, 0.6 * steer) + 0.6 * pull + rng.normal(size=len(base)))).round(1), None
    levels = list("abcd"[: int(rng.integers(3, 5))])
    leans = [rng.normal(0, 0.6) + _rough(rng, seen, 0.8 * steer) + pull * rng.normal(0, 0.7) for _ in levels]
    held = np.array(levels, dtype=object)[(np.array(leans).T + rng.gumbel(size=(len(base), len(levels)))).argmax(axis=1)]
    return held, dict(zip(levels, [0.0, *rng.uniform(-0.3, 1, len(levels) - 1)], strict=True))
