"""Breast cancer, Wisconsin: real measurements that come with scikit-learn."""

from __future__ import annotations

import pandas as pd

from automl_core.samples.sample import Sample


def tables() -> dict[str, pd.DataFrame]:
    """569 tumours, 30 measurements of their cells, and what they turned out to be."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer(as_frame=True)
    frame: pd.DataFrame = data.data.copy()
    frame["diagnosis"] = data.target.map({0: "malignant", 1: "benign"})
    return {"breast_cancer": frame}


SAMPLE = Sample(
    name="breast_cancer",
    title="Breast cancer",
    story="569 tumours measured under the microscope: which are malignant?",
    target="diagnosis",
    tables=tables,
    truth="Real data. Nearly separable: a linear model reaches a ROC AUC above 0.99, so a larger model hardly pays.",
    package="sklearn",
)
