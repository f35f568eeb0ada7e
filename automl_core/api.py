"""The REST interface and the report links: what other programs and people without a login reach. Never a traceback."""
from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NoReturn

from fastapi import Depends, FastAPI, Request, Response
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount, Route

from automl_core.codec import to_json
from automl_core.errors import BadInput, ClarionError, Conflict, MissingDependency, NotFound, Untrusted
from automl_core.guard import Tries, answer, read_body, security_middleware

if TYPE_CHECKING:
    from automl_core.workspace import Workspace

MOST_COLUMNS = 10_000
_STATUS: tuple[tuple[type[ClarionError], int], ...] = (
    (BadInput, 422), (NotFound, 404), (Conflict, 409), (Untrusted, 503), (MissingDependency, 503))


def make_api(workspace: Workspace) -> FastAPI:
    """The application to be mounted at /api/v1. Every call needs the deployment's key; every refusal is {"error": sentence}."""
    api = FastAPI(title="Clarion", version="1", docs_url=None, redoc_url=None, openapi_url="/openapi.json",
                  description="Score rows with a deployed model. Keys are made on the deploy page.")
    limit = Tries()
    bearer = HTTPBearer(auto_error=False, description="The deployment's key.")
    header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The deployment's key.")

    async def entitled(deployment_id: str, request: Request,
                       token: HTTPAuthorizationCredentials | None = Depends(bearer),  # noqa: B008
                       key: str | None = Depends(header)) -> None:
        given = token.credentials if token else key
        if not given or not await run_in_threadpool(workspace.deploy.check_key, deployment_id, given):
            limit.check(request)  # after the key: others behind the same proxy must not lock out a right one
            limit.miss(request)
            raise HTTPException(401, "This deployment and key do not belong together. Send its key in the header X-API-Key.")

    guarded: dict[str, Any] = {"dependencies": [Depends(entitled)], "responses": _responses()}

    @api.post("/deployments/{deployment_id}/score", openapi_extra=_body("rows to score", True), **guarded)
    async def score(deployment_id: str, request: Request) -> Response:
        """Score rows in order: JSON {"rows": [{column: value}]}, where a column that one row leaves out and others have is null;
        or a CSV with a header line, where `warnings` say what of it could not be read."""
        body = await read_body(request)
        if _media(request) == "text/csv":
            scored = await run_in_threadpool(workspace.deploy.score_text, deployment_id, body)
            told = {"warnings": list(scored.warnings)} if scored.warnings else {}
            return answer({"predictions": to_json(scored.predictions), **told})
        found = await run_in_threadpool(workspace.deploy.score_rows, deployment_id, _rows(request, body))
        return answer({"predictions": to_json(found)})

    @api.post("/deployments/{deployment_id}/outcomes", openapi_extra=_body("what came true", False), **guarded)
    async def outcomes(deployment_id: str, request: Request) -> Response:
        """Send what came true: JSON {"rows": [{id column: value, target column: outcome}]}."""
        rows = _rows(request, await read_body(request))
        return answer({"kept": await run_in_threadpool(workspace.deploy.outcomes, deployment_id, rows)})

    @api.get("/deployments/{deployment_id}/health", **guarded)
    async def health(deployment_id: str) -> Response:
        """Whether the deployment answers, what it predicts and since when."""
        return answer(to_json(await run_in_threadpool(workspace.deploy.health, deployment_id)))

    api.add_exception_handler(ClarionError, _refusal)
    api.add_exception_handler(HTTPException, _http_refusal)
    api.add_exception_handler(Exception, _unexpected)
    return api


def report_routes(workspace: Workspace) -> list[BaseRoute]:
    """The route /r/{token}: a frozen report as plain HTML for whoever has the link, and the same 404 for whoever has not."""
    limit = Tries()

    async def open_report(request: Request) -> Response:
        try:
            limit.check(request)
        except HTTPException as error:
            return _page(_NOTHING.format("Too many tries", str(error.detail)), 429, error.headers)
        page = await run_in_threadpool(workspace.share.open, request.path_params["token"])
        if page is None:
            limit.miss(request)
            words = ("This link does not open anything", "It may have expired or been closed. Ask for a new one.")
            return _page(_NOTHING.format(*words), 404)
        return _page(page, 200)

    return [Route("/r/{token}", open_report, methods=["GET"])]


def make_server(workspace: Workspace) -> Starlette:
    """REST and report links without the pages (the command `serve`)."""
    routes = [Mount("/api/v1", app=make_api(workspace)), *report_routes(workspace)]
    return Starlette(routes=routes, middleware=security_middleware(workspace))


_REPORT_HEADERS = {
    "Content-Security-Policy": (
        "sandbox allow-popups; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_NOTHING = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    '<meta name="color-scheme" content="light dark"><title>{0}</title>'
    '<body style="font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1rem"><h1>{0}</h1>'
    "<p>{1}</p></html>")


def _page(html: str, status: int, headers: Any = None) -> Response:
    # A lone surrogate of a user's text has no bytes in UTF-8; the page is more than that character.
    return Response(html.encode("utf-8", "replace"), status, {**_REPORT_HEADERS, **(headers or {})}, "text/html; charset=utf-8")


def _media(request: Request) -> str:
    """The body's type without its parameters; JSON when none is named. 415 for any other than JSON and CSV."""
    media = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if media not in ("application/json", "text/csv"):
        raise HTTPException(415, "Send application/json or text/csv.")
    return media


def _rows(request: Request, body: bytes) -> list[dict[str, Any]]:
    """The rows of a JSON body: objects of texts, numbers, true, false and null. 400 when it is not JSON, BadInput otherwise."""
    if _media(request) != "application/json":
        raise HTTPException(415, "Send application/json.")
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant, parse_int=_number, parse_float=_number)
    except (ValueError, RecursionError):
        raise HTTPException(400, 'The body is not JSON. Send {"rows": [{"column": "value"}]}.') from None
    rows = value.get("rows") if isinstance(value, dict) else None
    if not isinstance(rows, list) or not rows:
        raise BadInput("The body has no rows.", 'Send {"rows": [{"column": "value"}]}.')
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            raise BadInput(f"Row {index} is not an object.", 'Send {"rows": [{"column": "value"}]}.')
        if len(row) > MOST_COLUMNS:
            raise BadInput(f"Row {index} has {len(row):,} columns.", f"Send at most {MOST_COLUMNS:,}.")
        for name, cell in row.items():
            if isinstance(cell, (dict, list)) or (isinstance(cell, float) and not math.isfinite(cell)):
                raise BadInput(f"Row {index} has no usable value in “{name[:80]}”.",
                               "Send a text, a number, true, false or null.")
    return rows


def _number(text: str) -> int | float:
    """A JSON number: an int when it fits into 64 bits, else a float (infinite when too large; refused with its row's number)."""
    if len(text) <= 20 and text.removeprefix("-").isdigit() and -(2**63) <= (number := int(text)) < 2**63:
        return number
    return float(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


async def _refusal(_: Request, error: Exception) -> Response:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    return answer({"error": str(error)}, status)


async def _http_refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = {**(error.headers or {}), **({"WWW-Authenticate": "Bearer"} if error.status_code == 401 else {})}
    return answer({"error": str(error.detail)}, error.status_code, headers)


async def _unexpected(_: Request, __: Exception) -> Response:
    return answer({"error": "Something went wrong inside Clarion. Try again; the server's log says what."}, 500)


def _body(what: str, csv: bool) -> dict[str, Any]:
    cell = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}, {"type": "null"}]}
    rows = {"type": "array", "minItems": 1, "description": what, "items": {"type": "object", "additionalProperties": cell}}
    content: dict[str, Any] = {
        "application/json": {"schema": {"type": "object", "required": ["rows"], "properties": {"rows": rows}}}}
    if csv:
        content["text/csv"] = {"schema": {"type": "string"}}
    return {"requestBody": {"required": True, "content": content}}


def _responses() -> dict[int | str, dict[str, Any]]:
    schema = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    words = {400: "Not JSON", 401: "Wrong key", 404: "No such deployment", 409: "The deployment has ended",
             413: "Too much at once", 415: "Neither JSON nor CSV", 422: "Rows that cannot be used", 429: "Too many wrong keys",
             503: "The stored model is damaged"}
    return {code: {"description": text, "content": {"application/json": {"schema": schema}}} for code, text in words.items()}
