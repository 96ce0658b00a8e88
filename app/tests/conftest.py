"""Shared fixtures: a clean environment, the application, and an AWS emulator."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from chatbot.application import create_app
from chatbot.settings import Settings

from tests.support.ports import free_port
from tests.support.processes import clean_environment
from tests.support.waiting import wait_until

REGION = "ap-northeast-1"
PROFILE = f"arn:aws:bedrock:{REGION}:000000000000:inference-profile/apac.amazon.nova-lite-v1:0"

Connect = Callable[..., contextlib.AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither this machine's settings nor its AWS accounts reach a test."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.fixture
def connect() -> Connect:
    """A client of an application with the given settings, without a network between them."""

    @contextlib.asynccontextmanager
    async def client(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(Settings(**settings))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://chatbot") as http,
        ):
            http.app = app  # type: ignore[attr-defined]
            yield http

    return client


@pytest.fixture
def aws_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, str]]:
    """Point every AWS client of this process at one address; the variables are returned for other processes."""

    def point(url: str) -> dict[str, str]:
        variables = {
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return variables

    return point


@pytest.fixture(scope="session")
def ministack_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("ministack")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = clean_environment(
        GATEWAY_PORT=str(port), BIND_HOST="127.0.0.1", MINISTACK_REGION=REGION, HOME=str(folder), TMPDIR=str(folder)
    )
    program = Path(sys.executable).with_name("ministack")
    with (folder / "log").open("wb") as sink:
        process = subprocess.Popen([program], cwd=folder, env=environment, stdout=sink, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: _healthy(url) or process.poll() is not None, "the emulator answers", seconds=30)
        assert process.poll() is None, (folder / "log").read_text()
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def ministack(ministack_url: str, aws_at: Callable[[str], dict[str, str]]) -> dict[str, str]:
    """The emulator as this test's AWS."""
    return aws_at(ministack_url)


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_ministack/health", timeout=1) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
