"""What stands before every request: a cap on its body, a count of wrong keys and tokens, and careful headers on its answer."""
from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from automl_core.workspace import Workspace

BODY_MB = 32
TRIES = 20
_MB = 1 << 20
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    # The pages need inline styles and evaluated scripts (their framework's), but nothing from any other host.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
        "frame-src 'self' data: blob:; frame-ancestors 'self'; object-src 'none'; base-uri 'self'; form-action 'self'"),
}


def security_middleware(workspace: Workspace) -> list[Middleware]:
    """Headers on every answer, and a cap on every body, counted while it arrives."""
    return [Middleware(Guard, most_mb=workspace.settings.max_upload_mb)]


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON in ASCII: characters that UTF-8 cannot carry (lone surrogates of a user's text) stay escaped."""
    sent = {"Cache-Control": "no-store", **(headers or {})}
    return Response(json.dumps(value, allow_nan=False), status, sent, "application/json")


@dataclass
class Tries:
    """Counts wrong keys and tokens by address: 20 within a minute, then nothing is looked up for that address."""

    most: int = TRIES
    seconds: float = 60.0
    missed: dict[str, list[float]] = field(default_factory=dict)

    def check(self, request: Request) -> None:
        """HTTPException 429 when this address has missed too often."""
        recent = [at for at in self.missed.get(_address(request), ()) if at > time.monotonic() - self.seconds]
        if len(recent) >= self.most:
            raise HTTPException(429, "Too many wrong tries. Wait a minute.", {"Retry-After": str(int(self.seconds))})

    def miss(self, request: Request) -> None:
        """Count one miss; forgets addresses whose misses are old."""
        now = time.monotonic()
        self.missed.setdefault(_address(request), []).append(now)
        if len(self.missed) > 1000:
            self.missed = {key: times for key, times in self.missed.items() if times[-1] > now - self.seconds}
        del self.missed[_address(request)][: -self.most]


class Guard:
    """ASGI middleware: refuses bodies above the cap and adds the headers that make a browser careful."""

    def __init__(self, app: ASGIApp, most_mb: int) -> None:
        self.app = app
        self.most = most_mb

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = BODY_MB if scope["path"].startswith("/api/") else self.most
        started = False
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > (most + 1) * _MB:
                _too_large(most)
            return message

        async def careful(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            declared = Headers(scope=scope).get("content-length", "0")
            if declared.isdecimal() and int(declared[:18]) > (most + 1) * _MB:
                _too_large(most)
            await self.app(scope, counted, careful)
        except HTTPException as error:
            if started:
                raise
            await answer({"error": error.detail}, error.status_code)(scope, receive, careful)


async def read_body(request: Request) -> bytes:
    """The body, at most 32 MB, counted while it arrives."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MB * _MB:
            _too_large(BODY_MB)
    return bytes(body)


def _too_large(most: int) -> NoReturn:
    raise HTTPException(413, f"More than {most} MB were sent. Send the rows in several calls.")


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
