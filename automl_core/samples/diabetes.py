"""Diabetes progression: real measurements that come with scikit-learn."""

from __future__ import annotations

import pandas as pd

from automl_core.samples.sample import Sample

_NAMES = {
    "age": "age",
    "sex": "sex",
    "bmi": "body mass index",
    "bp": "blood pressure",
    "s1": "total cholesterol",
    "s2": "LDL cholesterol",
    "s3": "HDL cholesterol",
    "s4": "cholesterol ratio",
    "s5": "log triglycerides",
    "s6": "blood sugar",
}


def tables() -> dict[str, pd.DataFrame]:
    """442 patients, ten measurements in their own units, and how far the disease had gone a year later."""
    from sklearn.datasets import load_diabetes

    data = load_diabetes(as_frame=True, scaled=False)
    frame = data.data.rename(columns=_NAMES)
    frame["sex"] = frame["sex"].astype(int).map({1: "group 1", 2: "group 2"})
    frame["age"] = frame["age"].astype(int)
    frame["progression"] = data.target.astype(int)
    return {"diabetes": frame}


SAMPLE = Sample(
    name="diabetes",
    title="Diabetes progression",
    story="442 patients, ten measurements: how far has the disease gone one year later?",
    target="progression",
    tables=tables,
    truth="Real data. Body mass index and triglycerides lead; a linear model explains about half and is hard to beat.",
    package="sklearn",
)
