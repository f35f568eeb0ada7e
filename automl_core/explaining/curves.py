"""How the prediction goes with one column, over what was observed and no further."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.errors import BadInput
from automl_core.explaining.closer_look import Curve, CurvePoint
from automl_core.explaining.copies import among, together_of
from automl_core.explaining.curve_doubt import disagreement, with_common
from automl_core.explaining.swap import (
    Rows,
    as_dates,
    as_numbers,
    coded,
    feature_places,
    from_numbers,
    is_date,
    is_number,
    moments,
    with_values,
)
from automl_core.explaining.words import apart, edge, number, quote
from automl_core.framing.dependent import Codes, resampled, sum_reach, widening

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
BINS = 20
DRAWS = 50
FEW = 12  # numbers with no more values than this are looked at value by value
LEVELS = 12
LINES = 50
THIN = 0.01
TAILS = (0.01, 0.99)
LEVEL_ROWS = 300
PDP_ROWS = 200
LEAST_ROWS, LEAST_LINES = 200, 30
STILL = 1e-9  # effects no further apart are the same
MISSING = "missing"


def curve(
    rows: Rows, name: str, observed: Floats, method: str = "ale", seed: int = 0, seconds: float = math.inf
) -> Curve:
    """The curve of one column: accumulated local effects for numbers and dates, the change by level for others.

    `observed` (n,) are the outcomes of the rows in display units, NaN when unknown. With `method` "pdp" it is the partial
    dependence of numbers with up to 50 single rows' lines. A slow model is asked about fewer rows, to be done in `seconds`.
    BadInput when the model does not use the column.
    """
    if name not in rows.model.sources:
        raise BadInput(f"The model does not use {quote(name)}.", "Choose a column that it uses.")
    calls = rows.affordable(seconds)
    if calls < 3 * len(rows.frame):
        kept = np.sort(np.random.default_rng(seed).permutation(len(rows.frame))[: max(calls // 3, LEAST_ROWS)]).astype(np.int64)
        rows, observed = rows.take(kept), observed[kept]
    series = rows.frame[name]
    units = "points" if rows.model.problem.task != "regression" else rows.model.problem.target
    if not (is_date(series) or is_number(series)) or series.nunique() < 2 or not _numeric_feature(rows, name):
        return _by_level(rows, name, observed, seed, calls)
    values = as_numbers(series)
    edges = _edges(values)
    if len(edges) < 2:
        return _by_level(rows, name, observed, seed, calls)
    kind = "date" if is_date(series) else "number"
    features = coded(rows, name, from_numbers(series, edges))
    if method == "pdp":
        return _partial(rows, (name, kind, units), (values, edges, features), observed, _few(calls, len(edges), PDP_ROWS))
    return _accumulated(rows, (name, kind, units), (values, edges, features), observed, seed)


def _numeric_feature(rows: Rows, name: str) -> bool:
    return any(feature.kind in ("number", "date") for feature in rows.model.encoder.features if feature.sources == (name,))


def _edges(values: Floats) -> Floats:
    """Ends of 20 bins of about equal size between the 1 % and the 99 % quantile; the values themselves when there are few."""
    known = values[np.isfinite(values)]
    if not len(known):
        return known
    low, high = np.quantile(known, TAILS)
    inside = np.unique(known[(known >= low) & (known <= high)])
    if len(inside) <= FEW:
        return inside
    middle = known[(known >= low) & (known <= high)]
    return np.unique(np.quantile(middle, np.linspace(0, 1, BINS + 1), method="inverted_cdf"))


def _accumulated(
    rows: Rows, what: tuple[str, str, str], inputs: tuple[Floats, Floats, Floats], observed: Floats, seed: int
) -> Curve:
    """Accumulated local effects (Apley and Zhu 2020): each row moves only to the ends of its own bin, so a column that goes
    along with this one stays where it belongs. Bands from 50 bootstrap samples of the rows, or of those that go together."""
    values, edges, features = inputs
    place = np.searchsorted(edges, values, side="left")  # bin k is (edge k-1, edge k]; the first edge's own rows join bin 1
    place = np.where(values == edges[0], 1, place)
    inside = np.isfinite(values) & (place >= 1) & (place < len(edges))
    here = np.flatnonzero(inside)
    part = rows.take(here)
    up = rows.predict(with_values(part, what[0], features[place[here]]))
    down = rows.predict(with_values(part, what[0], features[place[here] - 1]))
    step, bins = up - down, place[here] - 1
    size, ones = len(edges) - 1, np.ones(len(step))
    line = _centred(_sums(step, bins, ones, size), _shares(values[here], edges, ones))
    together = among(_together(rows), here)
    drawn = [_centred(_sums(step, bins, weights, size), _shares(values[here], edges, weights))
             for weights in resampled(len(step), together, DRAWS, np.random.default_rng(seed))]
    wider = 1.0 if together is None else math.sqrt(widening(together))
    wider = wider if math.isfinite(wider) else math.nan  # one group tells nothing of others
    low, high = (line + wider * (end - line) for end in np.quantile(drawn, [0.025, 0.975], axis=0))
    predicted = rows.predict(rows.matrix)
    near = _nearest(values, edges)
    points = [
        _point(label, (line[k], low[k], high[k]), near == k, (observed, predicted), float(value))
        for k, (label, value) in enumerate(zip(_labels(edges, what[1]), edges, strict=True))
    ]
    missing = ~np.isfinite(values)
    if missing.any():
        points.append(_point(MISSING, _beyond_known(rows, what[0], inside, missing, seed), missing, (observed, predicted)))
    points = with_common(points, np.where(missing, len(edges), near), observed, _together(rows))
    said = _sentence(what, points, _of_class(rows))
    return Curve(what[0], what[1], "ale", tuple(points), what[2], said, of_class=_of_class(rows))


def _beyond_known(rows: Rows, name: str, inside: Mask, missing: Mask, seed: int) -> tuple[float, float, float]:
    """How far the prediction lies from its mean over known values, where the curve is 0, when the value is missing, with its 95 %
    band: some 300 rows without their value, or with one of another row where they have none."""
    generator = np.random.default_rng(seed)
    most = int(np.clip(len(rows.frame) // 3, LEAST_LINES, LEVEL_ROWS))
    picked = np.sort(generator.permutation(np.flatnonzero(inside | missing))[:most]).astype(np.int64)
    part, gone = rows.take(picked), missing[picked]
    given = generator.choice(np.flatnonzero(inside), len(picked))
    other = rows.matrix[given][:, feature_places(rows.model, name)]
    other[~gone] = _without(rows, name)
    step = (rows.predict(with_values(part, name, other)) - rows.predict(part.matrix)) * np.where(gone, -1.0, 1.0)
    return _mean_with_band(step, among(_together(rows), picked))


def _without(rows: Rows, name: str) -> Floats:
    """(q,) the features of a number or date that is missing."""
    gone = pd.Series([None], dtype="datetime64[us]" if is_date(rows.frame[name]) else "float64")
    return coded(rows, name, gone).ravel()


def _mean_with_band(step: Floats, together: Codes | None) -> tuple[float, float, float]:
    """The mean of rows (n,) with its 95 % interval: that of other groups where rows go together, NaN where there is one group."""
    mean, reach = float(step.mean()), sum_reach(step, together) / len(step)
    return (mean, mean - reach, mean + reach) if math.isfinite(reach) else (mean, math.nan, math.nan)


def _sums(step: Floats, bins: NDArray[np.int64], weights: Floats, size: int) -> Floats:
    """The mean step of each bin, one after the other."""
    total = np.bincount(bins, weights=weights * step, minlength=size)
    count = np.bincount(bins, weights=weights, minlength=size)
    return np.asarray(np.cumsum(np.where(count > 0, total / np.maximum(count, 1e-12), 0.0)), dtype=np.float64)


def _centred(line: Floats, shares: Floats) -> Floats:
    """The line with a zero in front, its mean over the rows taken away."""
    whole = np.concatenate([[0.0], line])
    return np.asarray(whole - shares @ whole, dtype=np.float64)


def _shares(values: Floats, edges: Floats, weights: Floats) -> Floats:
    """(k,) how much of the rows, whose values lie between the ends, lies at each place: a row between two of them counts at both,
    at the nearer one more. Where most have one value, a bin's mean is not that of its ends."""
    right = np.clip(np.searchsorted(edges, values), 1, len(edges) - 1)
    part = (values - edges[right - 1]) / (edges[right] - edges[right - 1])
    counts = [np.bincount(at, weights * share, minlength=len(edges)) for at, share in ((right, part), (right - 1, 1 - part))]
    return np.asarray(sum(counts) / weights.sum(), dtype=np.float64)


def _partial(
    rows: Rows, what: tuple[str, str, str], inputs: tuple[Floats, Floats, Floats], observed: Floats, few: int
) -> Curve:
    """Partial dependence (Friedman 2001) with single rows' lines, each centred on its own mean over the values that rows
    have (Goldstein et al. 2015)."""
    values, edges, features = inputs
    picked = np.sort(np.random.default_rng(0).permutation(len(rows.frame))[:few])
    part = rows.take(picked)
    surface = np.column_stack([rows.predict(with_values(part, what[0], feature)) for feature in features])
    near = _nearest(values, edges)
    usual = surface @ _shares(values[near >= 0], edges, np.ones(int((near >= 0).sum())))
    centred = surface - usual[:, None]
    together = among(_together(rows), picked)
    predicted = rows.predict(rows.matrix)
    points = [
        _point(label, _mean_with_band(centred[:, k], together), near == k, (observed, predicted), float(value))
        for k, (label, value) in enumerate(zip(_labels(edges, what[1]), edges, strict=True))
    ]
    missing = ~np.isfinite(values)
    if missing.any():
        step = rows.predict(with_values(part, what[0], _without(rows, what[0]))) - usual
        points.append(_point(MISSING, _mean_with_band(step, together), missing, (observed, predicted)))
    lines = tuple(tuple(float(value) for value in row) for row in centred[:LINES])
    points = with_common(points, np.where(missing, len(edges), near), observed, _together(rows))
    said = _sentence(what, points, _of_class(rows))
    return Curve(what[0], what[1], "pdp", tuple(points), what[2], said, lines, _of_class(rows))


def _nearest(values: Floats, edges: Floats) -> NDArray[np.int64]:
    """(n,) the nearest place of the curve for each row; -1 beyond the curve's ends and for missing values."""
    place = np.searchsorted((edges[:-1] + edges[1:]) / 2, np.nan_to_num(values))
    return np.where(np.isfinite(values) & (values >= edges[0]) & (values <= edges[-1]), place, -1)


def _few(calls: int, places: int, most: int) -> int:
    """How many rows are put at every place of a curve when so many can be predicted."""
    return int(np.clip(2 * calls // (3 * max(places, 1)), LEAST_LINES, most))


def _by_level(rows: Rows, name: str, observed: Floats, seed: int, calls: int) -> Curve:
    """The mean change of the prediction when all of some 300 rows have that level; the 12 most common levels and missing."""
    series = rows.frame[name]
    units = "points" if rows.model.problem.task != "regression" else rows.model.problem.target
    numbers = is_number(series)
    common = list(series.dropna().value_counts().index[:LEVELS])
    common = sorted(common) if numbers else common
    levels: list[Any] = [*common, *([None] if series.isna().any() else [])]
    if not levels:
        return Curve(name, "category", "levels", (), units, f"{quote(name)} has no values to show.", of_class=_of_class(rows))
    features = coded(rows, name, pd.Series(levels, dtype=object if not is_date(series) else "datetime64[us]"))
    picked = np.sort(np.random.default_rng(seed).permutation(len(rows.frame))[: _few(calls, len(levels), LEVEL_ROWS)])
    part = rows.take(picked)
    surface = np.column_stack([rows.predict(with_values(part, name, feature)) for feature in features])
    masks = [np.asarray(series.isna()) if level is None else np.asarray(series == level) for level in levels]
    counts = np.array([mask.sum() for mask in masks], dtype=np.float64)
    centred = surface - (surface @ counts / counts.sum())[:, None]
    together = among(_together(rows), picked)
    predicted = rows.predict(rows.matrix)
    labels = [MISSING if level is None else edge(float(level)) if numbers else str(level) for level in levels]
    points = [
        _point(label, _mean_with_band(centred[:, k], together), masks[k], (observed, predicted))
        for k, label in enumerate(labels)
    ]
    place = np.where(np.any(masks, axis=0), np.argmax(masks, axis=0), -1)
    points = with_common(points, place, observed, _together(rows))
    said = _sentence((name, "category", units), points, _of_class(rows))
    return Curve(name, "category", "levels", tuple(points), units, said, of_class=_of_class(rows))


def _point(
    label: str, effect: tuple[float, float, float], mask: Mask, means: tuple[Floats, Floats], value: float = math.nan
) -> CurvePoint:
    observed, predicted = means
    seen = observed[mask]
    seen = seen[np.isfinite(seen)]
    return CurvePoint(
        label, float(effect[0]), float(effect[1]), float(effect[2]), int(mask.sum()),
        float(seen.mean()) if len(seen) else math.nan, float(predicted[mask].mean()) if mask.any() else math.nan, value,
        bool(mask.sum() < THIN * len(mask)), float(seen.var(ddof=1)) if len(seen) > 1 else math.nan,
    )


def _labels(places: Floats, kind: str) -> tuple[str, ...]:
    """What the places of a curve are called, so that no two are called alike."""
    return moments(as_dates(places)) if kind == "date" else apart(places.tolist())


def _together(rows: Rows) -> Codes | None:
    return together_of(rows.frame, rows.model.cleaned, rows.model.problem)


def _of_class(rows: Rows) -> bool:
    """Whether a class is explained: the units cannot say, for a number may be called “points”."""
    return rows.model.problem.task != "regression"


def _sentence(what: tuple[str, str, str], points: list[CurvePoint], of_class: bool) -> str:
    """The curve in words, and where the model and the data part."""
    name, kind, _ = what
    missing = next((point for point in points if kind != "category" and not math.isfinite(point.value)), None)
    known = [point for point in points if point is not missing]
    solid = [point for point in known if not point.thin] or known
    if not solid:
        return f"{quote(name)} has no values to show."
    high, low = max(solid, key=lambda point: point.effect), min(solid, key=lambda point: point.effect)
    unit = " points" if of_class else ""
    still = high.effect - low.effect < STILL
    if missing is not None and (abs(missing.effect) < STILL or (missing.thin and not still)):
        missing = None  # it moves nothing, or is a handful of rows: thin places are not spoken of either
    if still and missing is None:
        return f"The prediction does not move with {quote(name)}."
    span = number(high.effect - low.effect, 2)
    place = "from" if kind != "category" else "between"
    link = "to" if kind != "category" else "and"
    said = f"The prediction moves by {span}{unit} {place} {quote(name)} = {quote(low.label)} {link} {quote(high.label)}."
    if still:
        said = f"Where {quote(name)} is known the prediction does not move with it."
    if missing is not None:
        size, word = number(abs(missing.effect), 2), "higher" if missing.effect > 0 else "lower"
        said += f" Where it is missing the prediction is {size}{unit} {word} than on average where it is known."
    return f"{said} {disagreement(solid if missing is None else [*solid, missing], of_class)}".strip()
