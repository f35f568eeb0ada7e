"""TabPFN's library, kept from the network: left alone it reports usage, fetches weights and asks for a login.

It reads these switches while it is imported, so that whoever needs it imports it from here.
"""
from __future__ import annotations

import os

os.environ |= {
    "TABPFN_DISABLE_TELEMETRY": "1",
    "TABPFN_NO_BROWSER": "1",
    "HF_HUB_OFFLINE": "1",
    "TABPFN_ALLOW_CPU_LARGE_DATASET": "1",  # else it refuses more than 1,000 rows without a graphics card
}

import tabpfn
import torch

__all__ = ["tabpfn", "torch"]
