"""Numbers and names in words: the same digits, units and escapes on every page."""
from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from automl_core.explaining.words import count, day

MISSING = "–"
DUST = 1e-9  # what arithmetic leaves of a score of zero
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|$~^=&\"'])")
_UNIT = re.compile(r"(?<=\d) (?=%)|(?<=[€$£¥]) (?=\d)")  # a number and its unit stay on one line
_MINUS = re.compile(r"−([^\s\d]{1,3})\s(?=\d)")  # and so does an amount below zero: the sign, the currency and the number
_SHORTCODE = re.compile(r":(?=[\w+/-])")
_ADDRESS = re.compile(r"(?i)(www|@|//)")
_JOINER = "\u2060"  # word joiner: invisible, no line ends there; keeps “:name:”, “//” and “@” from being an icon or a link

METRICS: dict[str, tuple[str, str]] = {
    "roc_auc": ("ROC AUC", "How often a random yes is ranked above a random no (of several classes: a class against the rest); "
                "0.5 is guessing, 1 is perfect."),
    "average_precision": ("Average precision", "How clean the top of the ranking is; best for a rare yes, or a rare class."),
    "log_loss": ("Log loss", "How far the probabilities are from the truth; lower is better."),
    "accuracy": ("Accuracy", "The share of rows that get the right answer."),
    "balanced_accuracy": ("Balanced accuracy", "The share of right answers, each class counting the same."),
    "f1": ("F1", "Balances missed cases and false alarms at the chosen threshold."),
    "f1_macro": ("F1 (macro)", "F1 averaged over the classes, each counting the same."),
    "mcc": ("Matthews correlation", "Agreement of answer and truth that chance does not explain."),
    "rmse": ("RMSE", "The typical error in the target’s units; large errors weigh more; lower is better."),
    "mae": ("MAE", "The average error in the target’s units; lower is better."),
    "r2": ("R²", "The share of the target’s variation that is explained."),
    "mape": ("MAPE", "The average error in percent of the truth; lower is better."),
    "rmsle": ("RMSLE", "The typical error as a ratio; for amounts over several magnitudes; lower is better."),
    "pinball": ("Pinball loss", "For a number that is rarely undercut or exceeded, as stock or time to plan; lower is better."),
    "ranked_probability": ("Ranked probability score", "For a scale: a miss by two steps costs more than one; lower is better."),
    "money": ("Money", "What the decisions are worth with the amounts you gave."),
}
TASKS = {"binary": "Yes or no", "multiclass": "One of several classes", "regression": "A number"}
KINDS = {"int": "Whole number", "float": "Number", "bool": "Yes/no", "date": "Date", "text": "Text"}
ROLES = {
    "number": "Number", "category": "Category", "text": "Free text", "date": "Date", "id": "Identifier",
    "constant": "Constant", "empty": "Empty",
}
FAMILIES = {
    "lightgbm": "LightGBM", "catboost": "CatBoost", "linear": "Linear", "extra_trees": "Extra trees",
    "ebm": "Explainable boosting", "random_forest": "Random forest", "xgboost": "XGBoost",
    "neighbours": "Nearest neighbours", "neural": "Neural network", "rule": "Rule", "tabpfn": "TabPFN",
    "ordered": "Ordered steps", "ensemble": "Ensemble", "baseline": "Baseline",
}
VERDICTS = {
    "average": "You do not need a model: the average does as well",
    "rule": "One simple rule is enough",
    "linear": "A simple linear model is enough",
    "ml_pays": "Machine learning pays",
    "not_enough_data": "There is not enough to tell yet",
}
RUNGS = {"average": "Average", "rule": "One rule", "linear": "Linear", "boosted": "Boosted trees"}


def plain(text: object, limit: int = 400) -> str:
    """Any text as literal Markdown: nothing in it becomes a link, an image, an icon, a colour or a formula.

    Line breaks and control characters become spaces; the text is cut to `limit` characters.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    line = _MINUS.sub(f"−{_JOINER}\\1\u00a0", _UNIT.sub("\u00a0", cut(line, limit)))
    line = _PUNCTUATION.sub(r"\\\1", line)
    line = _SHORTCODE.sub(":" + _JOINER, line)
    line = _ADDRESS.sub(lambda match: match.group(0)[0] + _JOINER + match.group(0)[1:], line)
    return re.sub(r"^(\d+)(\\[.)])", r"\1" + _JOINER + r"\2", line)


def cut(text: str, limit: int = 80) -> str:
    """The text, shortened to `limit` characters with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def lead(text: str, limit: int = 900) -> str:
    """Sentences of the engine as literal Markdown, the first one in bold. A full stop inside “…” ends no sentence."""
    inside = 0
    for place, sign in enumerate(text):
        inside += (sign == "“") - (sign == "”")
        if sign == "." and inside == 0 and text[place + 1:place + 2] == " ":
            return f"**{plain(text[:place + 1], limit)}** {plain(text[place + 2:], limit)}"
    return f"**{plain(text, limit)}**"


def quoted(text: object, limit: int = 80) -> str:
    """A user’s string in typographic quotes, safe for Markdown."""
    return f"“{plain(text, limit)}”"


def label(text: object, limit: int = 28) -> str:
    """A user’s string for a chart: Plotly reads tags, so they are spelled as entities."""
    line = cut(" ".join(str(text).split()), limit)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def number(value: float, digits: int = 3) -> str:
    """A number with `digits` significant digits and thousands separated: 0.0123, 1.23, 1,230, 1.2 million."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e6:
        scale, word = next((s, w) for s, w in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")) if size >= s)
        return f"{_significant(value / scale, digits)} {word}"
    if size < 1e-4:
        return f"{value:.{digits - 1}e}".replace("-", "−", 1) if value < 0 else f"{value:.{digits - 1}e}"
    return _significant(value, digits)


def edge(value: float) -> str:
    """A bound as it is used, at most six significant digits; whole numbers of four digits have no mark, for they may be years."""
    if 1000 <= value < 10_000 and float(value).is_integer():
        return f"{value:.0f}"
    digits, space, scale = number(value, 6).partition(" ")
    return (digits.rstrip("0").rstrip(".") if "." in digits and "e" not in digits else digits) + space + scale


def _significant(value: float, digits: int) -> str:
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    if abs(value) >= 1000:
        places = 0
        value = round(value, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{places}f}"
    if "." in text and abs(value) >= 1 and float(value).is_integer():
        text = text.split(".")[0]
    return text.replace("-", "−")


def percent(share: float, digits: int = 2) -> str:
    """A share as percent with about two digits: 27 %, 3.4 %, under 0.1 %; 100 % only for all."""
    if share is None or not math.isfinite(share):
        return MISSING
    value = share * 100
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f} %".replace("-", "−")
    if abs(value) >= 99.95:
        return "over 99.9 %" if value > 0 else "under −99.9 %"
    if 0 < abs(value) < 0.1:
        return "under 0.1 %"
    places = 1 if abs(value) < 10 or abs(value) >= 99.5 or digits > 2 else 0  # 100 % only for all
    return f"{value:.{places}f} %".replace("-", "−")


def interval(low: float, high: float, unit: str = "") -> str:
    """An interval in words, with no more digits than its width supports: 0.838 to 0.852."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "not measured"
    places = _places(low, high)
    return f"{_to(low, places)} to {_to(high, places)}{unit}"


def estimate(value: float, low: float, high: float, sign: bool = False, unit: str = "") -> str:
    """An estimate with its interval, all three to the same place: 0.807 (0.774 to 0.836); `sign` gives each its sign."""
    if value is None or not math.isfinite(value):
        return MISSING
    if not (math.isfinite(low) and math.isfinite(high)):
        return (signed(value) if sign else score(value)) + unit
    places = _places(low, high)
    shown = [_to(part, places, sign) for part in (value, low, high)]
    return f"{shown[0]}{unit} ({shown[1]} to {shown[2]}{unit})"


def _places(low: float, high: float) -> int:
    """Decimals that the width of an interval supports; below zero when even tens say too much, but no end is rounded to zero."""
    width = abs(high - low)
    places = 3 if width == 0 else min(6, 1 - math.floor(math.log10(width)))
    for more in (places, max(places, 0), max(places, 0) + 1, max(places, 0) + 2):
        if all(round(end, more) for end in (low, high) if abs(end) > DUST):
            return more
    return max(places, 0)


def _to(value: float, places: int, sign: bool = False) -> str:
    text = f"{round(value, places):{'+' if sign else ''}z,.{max(0, places)}f}"
    return (text if text.strip("+0.") else text.lstrip("+")).replace("-", "−")


def score(value: float) -> str:
    """A score with three decimals when it lies between -1 and 1, else, and when it is small, three significant digits."""
    if value is None or not math.isfinite(value):
        return MISSING
    small = DUST < abs(value) < 0.1
    return number(value) if small or abs(value) > 1 else f"{value:z.3f}".replace("-", "−")


def decimals(size: float, digits: int) -> str:
    """How a column writes numbers of about this size with so many significant digits: %.4f of 0.853, %.0f of 29,012."""
    places = digits - math.ceil(math.log10(size)) if DUST < size < math.inf else digits
    return f"%.{max(0, places)}f"


def signed(value: float, digits: int = 2) -> str:
    """A number that always carries its sign: +3.1, −0.4."""
    if not math.isfinite(value):
        return MISSING
    text = number(abs(value), digits)
    return text if value == 0 else ("+" if value > 0 else "−") + text


def money(value: float, currency: str = "€") -> str:
    """An amount with its currency: € 1,230, −€ 40, € 12.34, € 1.23 million. The engine’s sentences have no cents of small amounts
    and write millions out: € 12.3, € 1,230,000."""
    if value is None or not math.isfinite(value):
        return MISSING
    sign = "−" if value < 0 else ""
    if abs(value) < 100 and not float(value).is_integer():
        return f"{sign}{currency}\u00a0{abs(value):,.2f}"
    return f"{sign}{currency}\u00a0{number(abs(value), 3)}"


def money_range(low: float, high: float, currency: str = "€") -> str:
    """Two amounts as one range, the currency once: € 48,500 to 53,700; a range without an end is none."""
    if math.isinf(low) or math.isinf(high):
        return "no range"
    return span(money(low, currency), money(high, "").replace("\u00a0", "") if low >= 0 else money(high, currency))


def span(first: str, last: str) -> str:
    """Two written amounts as one range; a scale that both carry stands once: 1.20 to 1.60 million."""
    scale = " " + last.rpartition(" ")[2]
    return f"{first.removesuffix(scale) if scale.strip().isalpha() else first} to {last}"


def duration(seconds: float) -> str:
    """A length of time: 4 s, 1 min 20 s, 2 h 5 min."""
    if seconds is None or not math.isfinite(seconds):
        return "some time"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def milliseconds(value: float) -> str:
    """A latency: 0.8 ms, 12 ms."""
    return MISSING if not math.isfinite(value) else f"{number(value, 2)} ms"


def size(count_of_bytes: float) -> str:
    """A file size: 970 kB, 4.2 MB."""
    if count_of_bytes < 1e6:
        return f"{max(1, round(count_of_bytes / 1e3)):,} kB"
    return f"{number(count_of_bytes / 1e6, 2)} MB" if count_of_bytes < 1e9 else f"{number(count_of_bytes / 1e9, 2)} GB"


def ago(moment: datetime, now: datetime | None = None) -> str:
    """How long ago a moment was: just now, 5 minutes ago, yesterday, 3 November 2026."""
    current = now or datetime.now(UTC)
    when = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = (current - when).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{count(seconds // 60, 'minute')} ago"
    if seconds < 86400:
        return f"{count(seconds // 3600, 'hour')} ago"
    if seconds < 7 * 86400:
        days = int(seconds // 86400)
        return "yesterday" if days == 1 else f"{days} days ago"
    return day(when)


def metric_title(name: str) -> str:
    """The usual name of a metric."""
    return METRICS.get(name, (name.replace("_", " "), ""))[0]


def family_title(name: str) -> str:
    """The usual name of a model family."""
    return FAMILIES.get(name, name.replace("_", " ").capitalize())
