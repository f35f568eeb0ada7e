"""Customers who leave: the problem and the columns that lists, goals and plans are tested on."""

from __future__ import annotations

from automl_core.data.table import Column
from automl_core.framing.problem import Problem

PROBLEM = Problem("Churn", "binary", "roc_auc", ("No", "Yes"), "Yes", never=("gender",))
COLUMNS = (
    Column("id", "text", "id"),
    Column("Contract", "text", "category"),
    Column("gender", "text", "category"),
    Column("tenure", "int", "number"),
    Column("Churn", "bool", "category"),
)
