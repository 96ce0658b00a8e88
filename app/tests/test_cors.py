from __future__ import annotations

import pytest

from tests.conftest import Connect

pytestmark = pytest.mark.anyio
ORIGIN = "https://chat.example"
PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type",
}


async def test_nobody_else_by_default(connect: Connect) -> None:
    async with connect() as http:
        preflight = await http.options("/api/chat", headers=PREFLIGHT)
        response = await http.get("/api/health", headers={"Origin": ORIGIN})
    assert preflight.status_code == 405
    assert "access-control-allow-origin" not in response.headers


async def test_only_named_origins(connect: Connect) -> None:
    async with connect(allowed_origins=(ORIGIN,)) as http:
        preflight = await http.options("/api/chat", headers=PREFLIGHT)
        response = await http.get("/api/health", headers={"Origin": ORIGIN})
        other = await http.get("/api/health", headers={"Origin": "https://evil.example"})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert "X-Release-Id" in response.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in other.headers
