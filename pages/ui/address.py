"""The address under which this server is seen from the browser."""
from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import streamlit as st


def origin() -> str:
    """Scheme, host and port of the page’s own address; the default one when the browser did not say."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else "http://127.0.0.1:8501"


def absolute(path: str) -> str:
    """A path on this server as a full address; an address that is full already stays as it is."""
    return path if path.startswith(("http://", "https://")) else origin() + path


def only_here(address: str) -> bool:
    """Whether a full address is one that a computer has for itself: no other one gets there by it."""
    host = (urlsplit(address).hostname or "").rstrip(".")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost" or host.endswith(".localhost")
