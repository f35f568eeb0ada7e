"""Samples to try everything with: one file each, with known truth or from scikit-learn, never a copy of somebody's data."""

from __future__ import annotations

from automl_core.samples.sample import Sample, load_sample, samples

__all__ = ["Sample", "load_sample", "samples"]
