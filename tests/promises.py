"""Words that promise what data cannot: no text about an effect has one."""
from __future__ import annotations

import re

BANNED = ("causes", "cause of", "will", "guarantees", "guaranteed", "proves", "proven")
PROMISES = re.compile(rf"\b({'|'.join(BANNED)})\b", re.I)
