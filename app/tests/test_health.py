from __future__ import annotations

import pytest

from tests.conftest import Connect

pytestmark = pytest.mark.anyio

IDENTITY = {"release_id": "r-42", "git_sha": "4f2c9d1", "image_digest": "sha256:9b2f"}


@pytest.mark.parametrize("path", ["/health", "/api/health"])
async def test_health_says_which_release_it_is(connect: Connect, path: str) -> None:
    async with connect(**IDENTITY) as http:
        response = await http.get(path)
    assert response.status_code == 200
    assert response.json() == {"status": "ok", **IDENTITY}
    assert response.headers["cache-control"] == "no-store"


async def test_what_is_not_known_is_null(connect: Connect) -> None:
    async with connect() as http:
        response = await http.get("/health")
    assert response.json() == {"status": "ok", "release_id": None, "git_sha": None, "image_digest": None}
    assert response.headers["x-release-id"] == "unknown"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/health", 200), ("GET", "/nowhere", 404), ("DELETE", "/api/chat", 405), ("POST", "/api/chat", 415)],
)
async def test_every_response_names_the_release(connect: Connect, method: str, path: str, status: int) -> None:
    async with connect(**IDENTITY) as http:
        response = await http.request(method, path)
    assert response.status_code == status
    assert response.headers["x-release-id"] == "r-42"
    assert response.headers["x-request-id"]


async def test_health_needs_neither_model_nor_table(connect: Connect) -> None:
    settings = {"session_store": "dynamodb", "session_table": "there-is-none", "bedrock_inference_profile": "none"}
    async with connect(**settings) as http:
        assert (await http.get("/health")).status_code == 200
