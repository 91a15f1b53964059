"""A real Chromium, and the page on the project's server, or on the stand-in where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import fake_server
import pytest
from pages import Chat
from playwright.sync_api import Browser, Playwright, expect, sync_playwright
from shots import LAUNCH_ARGS, find_chromium

# Nothing waits so long where nothing is wrong.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)

OpenChat = Callable[..., Chat]


@pytest.fixture(scope="session")
def base_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the page is: `assistant_url` where the suite has one, else a stand-in."""
    try:
        yield str(request.getfixturevalue("assistant_url")).rstrip("/")
    except pytest.FixtureLookupError:
        server = fake_server.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The system's Chromium; without one these tests are skipped."""
    found = find_chromium()
    if found is None:
        pytest.skip("no Chromium on this machine: install one, or set CHROMIUM to its path")
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright, once."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    """One browser for all; each test has a context of its own."""
    running = playwright.chromium.launch(executable_path=chromium_path, args=LAUNCH_ARGS)
    yield running
    running.close()


@pytest.fixture
def open_chat(browser: Browser, base_url: str) -> Iterator[OpenChat]:
    """Gives a tab that has not opened the page yet; takes the options of a browser context."""
    made: list[Chat] = []

    def new(**options: Any) -> Chat:
        context = browser.new_context(**{"reduced_motion": "reduce", **options})
        context.set_default_timeout(PATIENCE_MS)
        made.append(Chat(context, base_url))
        return made[-1]

    yield new
    for chat in made:
        chat.context.close()
    assert [complaint for chat in made for complaint in chat.complaints] == []


@pytest.fixture
def chat(open_chat: OpenChat) -> Chat:
    """The page, open, greeting shown."""
    return open_chat().open()
