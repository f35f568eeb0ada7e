"""Names of tasks and metrics as they are typed. Nothing is loaded for them: help lists them before anything is computed."""
from __future__ import annotations

QUANTILE = "quantile"  # as a task: a number, judged by the pinball loss
TASKS = ("binary", "multiclass", "regression")
METRIC_NAMES: dict[str, tuple[str, ...]] = {
    "binary": ("roc_auc", "average_precision", "log_loss", "accuracy", "balanced_accuracy", "f1", "f1_macro", "mcc", "money"),
    "multiclass": ("log_loss", "roc_auc", "average_precision", "accuracy", "balanced_accuracy", "f1_macro", "mcc",
                   "ranked_probability"),
    "regression": ("rmse", "mae", "r2", "mape", "rmsle", "pinball", "money"),
}
ALIASES = {
    "auc": "roc_auc", "auroc": "roc_auc", "roc": "roc_auc",
    "ap": "average_precision", "auprc": "average_precision", "pr_auc": "average_precision",
    "logloss": "log_loss", "cross_entropy": "log_loss", "neg_log_loss": "log_loss",
    "acc": "accuracy", "macro_f1": "f1_macro", "matthews": "mcc", "matthews_corrcoef": "mcc", "rps": "ranked_probability",
    "root_mean_squared_error": "rmse", "neg_root_mean_squared_error": "rmse",
    "mean_absolute_error": "mae", "neg_mean_absolute_error": "mae", "r2_score": "r2", "r²": "r2",
    "mean_absolute_percentage_error": "mape", "root_mean_squared_log_error": "rmsle",
    "quantile": "pinball", "quantile_loss": "pinball", "pinball_loss": "pinball",
}


def metric_called(name: str) -> str:
    """A metric's own name for one that other tools have for it: AUC is roc_auc. A name that nobody knows stays as it is."""
    plain = name.strip().casefold().replace("-", "_").replace(" ", "_")
    known = {one for names in METRIC_NAMES.values() for one in names}
    return plain if plain in known else ALIASES.get(plain, name)


def metrics_listed() -> str:
    """All metrics in one line, by what they judge, the usual one of each first."""
    said = {"binary": "a yes/no target", "multiclass": "several classes", "regression": "a number"}
    return "; ".join(f"{said[task]}: {', '.join(names)}" for task, names in METRIC_NAMES.items())
