"""A real browser in front of a real server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from frontend.build import build
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.front_door import FrontDoor
from tests.support.processes import APP, Running, server
from tests.support.scripted_server import ScriptedServer, completion_stream

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


# Ends with this folder: while Playwright runs, no other test can have an event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed (looked for chromium, chromium-browser, google-chrome)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "dist"
    build(APP / "frontend" / "src", folder)
    return folder


@pytest.fixture
def model() -> Iterator[ScriptedServer]:
    with ScriptedServer(completion_stream("The Nile, ", "at about ", "6650 km.", pause=0.15)) as scripted:
        yield scripted


@pytest.fixture
def chatbot(model: ScriptedServer, tmp_path: Path) -> Iterator[Running]:
    settings = {
        "LLM_PROVIDER": "openai_compatible",
        "OPENAI_BASE_URL": model.url,
        "OPENAI_MODEL": "small",
        "LLM_MAX_ATTEMPTS": "1",
        "RELEASE_ID": "2026-11-21-r42",
        "GIT_SHA": "4f2c9d1b7a60e3589c21d4f6a8b0c3e5d7f91a24",
    }
    with server(tmp_path, **settings) as it:
        yield it


@pytest.fixture
def door(site: Path, chatbot: Running) -> Iterator[FrontDoor]:
    with FrontDoor(site, chatbot.url) as it:
        yield it


@pytest.fixture
def complaints() -> list[str]:
    """What the browser had to say in its console."""
    return []


@pytest.fixture
def page(browser: Browser, door: FrontDoor, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB")
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    listen(opened, complaints)
    opened.goto(door.url)
    yield opened
    context.close()


def listen(page: Page, complaints: list[str]) -> None:
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
