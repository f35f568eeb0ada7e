"""REST and report links against a workspace that only knows the methods they use."""
from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl_core.api import make_server
from automl_core.errors import BadInput, NotFound, Untrusted
from automl_core.guard import BODY_MB
from automl_core.workspace.deploy import ScoredText

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the test client says that it will want another HTTP package some day
    from starlette.testclient import TestClient

KEY = {"X-API-Key": "right"}
SCORE = "/api/v1/deployments/rec_1/score"


@dataclass
class FakeDeploy:
    scored: list[Any] = field(default_factory=list)

    def check_key(self, deployment_id: str, key: str) -> bool:
        return (deployment_id, key) in (("rec_1", "right"), ("rec_2", "other"))

    def score_rows(self, deployment_id: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for row in rows:
            for cell in row.values():
                if isinstance(cell, int):
                    float(cell)  # what scoring does: must not overflow
        if rows[0].get("raise") == "untrusted":
            raise Untrusted("The model is not the one that was stored.", "Deploy again.")
        if rows[0].get("raise") == "gone":
            raise NotFound("There is no such deployment.")
        if rows[0].get("raise") == "bug":
            raise ZeroDivisionError("secret-4711")
        self.scored.append(rows)
        return [{"prediction": row.get("a"), "low": math.nan} for row in rows]

    def score_text(self, deployment_id: str, body: bytes) -> ScoredText:
        if not body.strip():
            raise BadInput("The file is empty.", "Send rows.")
        return ScoredText([{"prediction": len(body)}], ("1 blank row was left out.",) if b"\n\n" in body else ())

    def outcomes(self, deployment_id: str, rows: list[dict[str, Any]]) -> int:
        return len(rows)

    def health(self, deployment_id: str) -> dict[str, Any]:
        return {"status": "ok", "target": "Churn"}


class FakeShare:
    def open(self, token: str) -> str | None:
        return "<!doctype html><title>Report \ud800</title>" if token == "good" else None


@pytest.fixture
def deploy() -> FakeDeploy:
    return FakeDeploy()


@pytest.fixture
def client(deploy: FakeDeploy) -> TestClient:
    return open_client(deploy)


def open_client(deploy: FakeDeploy, most_mb: int = 500) -> TestClient:
    workspace: Any = SimpleNamespace(deploy=deploy, share=FakeShare(), settings=SimpleNamespace(max_upload_mb=most_mb))
    return TestClient(make_server(workspace), raise_server_exceptions=False)


def test_rows_are_scored_in_order_and_nan_becomes_null(client: TestClient) -> None:
    reply = client.post(SCORE, headers=KEY, json={"rows": [{"a": 2}, {"a": "x\u2028\u0000"}, {"a": None}, {}]})
    assert reply.status_code == 200
    assert [row["prediction"] for row in reply.json()["predictions"]] == [2, "x\u2028\u0000", None, None]
    assert reply.json()["predictions"][0]["low"] is None


def test_whole_numbers_of_64_bits_stay_exact(client: TestClient) -> None:
    """The id 1234567890123456789 came back as 1.2345678901234568e18."""
    sent = [1234567890123456789, -(2**63), 2**63 - 1]
    found = client.post(SCORE, headers=KEY, json={"rows": [{"a": number} for number in sent]}).json()["predictions"]
    assert [one["prediction"] for one in found] == sent
    large = client.post(SCORE, headers=KEY, content=b'{"rows": [{"a": 9223372036854775808}]}').json()["predictions"]
    assert isinstance(large[0]["prediction"], float)


def test_both_ways_to_send_the_key(client: TestClient) -> None:
    for headers in ({"X-API-Key": "right"}, {"Authorization": "Bearer right"}):
        assert client.get("/api/v1/deployments/rec_1/health", headers=headers).json()["status"] == "ok"


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "wrong"}, {"X-API-Key": "other"}, {"Authorization": "Basic cmlnaHQ="},
                                     {"Authorization": "Bearer"}, {"X-API-Key": ""}])
@pytest.mark.parametrize("path", ["rec_1/score", "rec_1/outcomes", "rec_9/score"])
def test_no_call_without_the_deployments_own_key(client: TestClient, deploy: FakeDeploy, headers: Any, path: str) -> None:
    reply = client.post(f"/api/v1/deployments/{path}", headers=headers, json={"rows": [{"a": 1}]})
    assert reply.status_code == 401
    assert "key" in reply.json()["error"]
    assert not deploy.scored


def test_key_in_the_address_is_no_key(client: TestClient) -> None:
    assert client.get("/api/v1/deployments/rec_1/health?key=right&X-API-Key=right").status_code == 401


def test_guessing_keys_is_slowed_down(client: TestClient) -> None:
    codes = [client.get("/api/v1/deployments/rec_1/health", headers={"X-API-Key": str(n)}).status_code for n in range(25)]
    assert codes == [401] * 20 + [429] * 5
    right = client.get("/api/v1/deployments/rec_1/health", headers=KEY)
    assert right.status_code == 200, "wrong keys of others behind the same proxy must not lock out a right one"


@pytest.mark.parametrize(("body", "status"), [
    (b"", 400), (b"{", 400), (b"\xff\xfe", 400), (b"[" * 100_000, 400), (b'{"rows": NaN}', 400), (b"null", 422), (b"[]", 422),
    (b'{"rows": []}', 422), (b'{"rows": {}}', 422), (b'{"rows": [1]}', 422), (b'{"rows": [{"a": [1]}]}', 422),
    (b'{"rows": [{"a": {"b": 1}}]}', 422), (b'{"rows": [{"a": 1e400}]}', 422), (b'{"rows": [{"a": -1e999}]}', 422),
    (b'{"rows": [{"a": %s}]}' % (b"9" * 5000), 422), (b'{"rows": [{"a": %s}]}' % (b"9" * 300), 200),
    (b'{"rows": [{"a": "\\ud800"}]}', 200), (b'{"rows": [{"\\ud800": [1]}]}', 422),
])
def test_bad_bodies_get_a_sentence(client: TestClient, body: bytes, status: int) -> None:
    reply = client.post(SCORE, headers=KEY, content=body)
    assert reply.status_code == status
    if status != 200:
        assert set(reply.json()) == {"error"}


def test_errors_of_the_workspace_become_their_status(client: TestClient) -> None:
    codes = [client.post(SCORE, headers=KEY, json={"rows": [{"raise": kind}]}) for kind in ("untrusted", "gone", "bug")]
    assert [reply.status_code for reply in codes] == [503, 404, 500]
    assert "4711" not in codes[-1].text
    assert "Traceback" not in codes[-1].text
    assert "error" in codes[-1].json()


def test_csv_is_scored_and_other_types_are_refused(client: TestClient) -> None:
    csv = client.post(SCORE, headers={**KEY, "Content-Type": "text/csv; charset=utf-8"}, content=b"a\n1\n")
    assert csv.json() == {"predictions": [{"prediction": 4}]}
    gap = client.post(SCORE, headers={**KEY, "Content-Type": "text/csv"}, content=b"a\n\n1\n").json()
    assert gap == {"predictions": [{"prediction": 5}], "warnings": ["1 blank row was left out."]}
    assert client.post(SCORE, headers={**KEY, "Content-Type": "text/csv"}, content=b"").status_code == 422
    for media in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/octet-stream"):
        assert client.post(SCORE, headers={**KEY, "Content-Type": media}, content=b"a=1").status_code == 415
    outcomes = "/api/v1/deployments/rec_1/outcomes"
    assert client.post(outcomes, headers={**KEY, "Content-Type": "text/csv"}, content=b"a\n1").status_code == 415
    assert client.post(outcomes, headers=KEY, json={"rows": [{"id": 1, "Churn": "No"}]}).json() == {"kept": 1}


def test_large_bodies_are_refused_while_they_arrive(client: TestClient, deploy: FakeDeploy) -> None:
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(BODY_MB + 200):
            sent += 1
            yield b" " * (1 << 20)

    assert client.post(SCORE, headers=KEY, content=chunks()).status_code == 413
    declared = client.post(SCORE, headers={**KEY, "Content-Length": str(1 << 40)}, content=b"{}")
    assert declared.status_code == 413
    assert "MB" in declared.json()["error"]
    assert declared.headers["x-content-type-options"] == "nosniff"
    assert open_client(deploy, most_mb=1).post("/upload", content=b" " * (3 << 20)).status_code == 413


def test_unknown_addresses_and_methods_are_json(client: TestClient) -> None:
    assert client.get("/api/v1/nothing").json() == {"error": "Not Found"}
    assert client.delete(SCORE, headers=KEY).status_code == 405
    for path in ("..%2f..%2fetc", "%00", "%5c%5chost", "a%0d%0ab"):
        assert client.get(f"/api/v1/deployments/{path}/health", headers=KEY).status_code in (401, 404)


def test_openapi_describes_every_call_and_loads_nothing_from_elsewhere(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert set(described["paths"]) == {f"/deployments/{{deployment_id}}/{name}" for name in ("score", "outcomes", "health")}
    for path in described["paths"].values():
        for call in path.values():
            assert call["security"]
            assert "401" in call["responses"]
    assert client.get("/api/v1/docs").status_code == 404
    assert client.get("/docs").status_code == 404


def test_report_is_sandboxed_and_not_kept_by_anyone(client: TestClient) -> None:
    reply = client.get("/r/good")
    assert reply.status_code == 200
    assert "Report" in reply.text
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("sandbox")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert (reply.headers["cache-control"], reply.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert "noindex" in reply.headers["x-robots-tag"]
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert client.post("/r/good").status_code == 405
    assert client.delete("/r/good").status_code == 405


def test_wrong_links_look_alike_and_are_slowed_down(client: TestClient) -> None:
    replies = [client.get(f"/r/{token}") for token in ("unknown", "expired", "%F0%9F%98%80", "x" * 2000)]
    assert {reply.status_code for reply in replies} == {404}
    assert len({reply.text for reply in replies}) == 1
    codes = [client.get(f"/r/{n}").status_code for n in range(20)]
    assert codes == [404] * 16 + [429] * 4
    assert client.get("/r/good").status_code == 429


def test_viewing_a_good_link_often_is_fine(client: TestClient) -> None:
    assert {client.get("/r/good").status_code for _ in range(50)} == {200}


CELLS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())
JSON = st.recursive(
    CELLS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20)
SHAPED = st.fixed_dictionaries({"rows": st.lists(st.dictionaries(st.text(max_size=20), CELLS | JSON, max_size=5), max_size=4)})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=SHAPED | JSON)
def test_any_json_is_scored_or_refused(client: TestClient, body: Any) -> None:
    reply = client.post(SCORE, headers=KEY, content=json.dumps(body).encode())
    assert reply.status_code in (200, 400, 422)
    assert set(reply.json()) in ({"error"}, {"predictions"})


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200),
       media=st.sampled_from(["application/json", "text/csv", "text/html", ";", "application/json;x"]))
def test_any_bytes_are_scored_or_refused(client: TestClient, body: bytes, media: str) -> None:
    reply = client.post(SCORE, headers={**KEY, "Content-Type": media}, content=body)
    assert reply.status_code < 500
    assert isinstance(reply.json(), dict)


@pytest.mark.shared
def test_json_suite(client: TestClient, shared: Path) -> None:
    files = sorted((shared / "corpus" / "jsontestsuite" / "test_parsing").glob("*.json"))
    assert len(files) > 300
    for path in files:
        reply = client.post(SCORE, headers=KEY, content=path.read_bytes())
        wanted = {"y": {200, 422}, "n": {400, 422}, "i": {200, 400, 422}}[path.name[0]]
        assert reply.status_code in wanted, path.name
        assert "error" in reply.json()
        wrapped = client.post(SCORE, headers=KEY, content=b'{"rows": [{"a": ' + path.read_bytes() + b"}]}")
        assert wrapped.status_code in {200, 400, 422}, path.name
