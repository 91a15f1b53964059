"""The chat page as the tests use it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, Request, Route

WEATHER = "<!doctype html><title>Weather</title><p>Sunny spells</p>"

WITNESSED = "left: "
# A page that is being left answers no debugger, so it says itself what is on it when it tells the server, and after.
WITNESS = """{
    const send = navigator.sendBeacon.bind(navigator);
    const report = () => console.log("left: " + JSON.stringify({
        covered: document.documentElement.classList.contains("gone"),
        nodes: document.body.childNodes.length,
        text: document.documentElement.textContent.trim(),
        html: document.documentElement.outerHTML,
    }));
    navigator.sendBeacon = (...what) => {
        report();
        setTimeout(report, 150);
        return send(...what);
    };
}"""


class Chat:
    """One tab on the chat page, in a browser that lets nothing out to another host.

    `outside` lists what was asked of other hosts. Those get a small page from here, or nothing while `hold_outside`.
    """

    def __init__(self, context: BrowserContext, base_url: str) -> None:
        self.context = context
        self.base_url = base_url
        self.outside: list[str] = []
        self.complaints: list[str] = []
        self.tokens: list[str] = []
        self.hold_outside = False
        self.held: list[Route] = []
        context.route(lambda url: not url.startswith(base_url), self._answer_outside)
        context.on("request", self._note_token)
        self.page: Page = context.new_page()
        self.snapshots: list[dict[str, Any]] = []
        self.page.add_init_script(WITNESS)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda line: self._note_line(line.text))

    def _answer_outside(self, route: Route) -> None:
        self.outside.append(route.request.url)
        if self.hold_outside:
            self.held.append(route)
        else:
            route.fulfill(body=WEATHER, content_type="text/html")

    def _note_line(self, line: str) -> None:
        if line.startswith(WITNESSED):
            self.snapshots.append(json.loads(line.removeprefix(WITNESSED)))
        elif "Security Policy" in line:
            self.complaints.append(line)

    def _note_token(self, request: Request) -> None:
        bearer = request.headers.get("authorization", "")
        if bearer:
            self.tokens.append(bearer.removeprefix("Bearer "))

    def open(self) -> Chat:
        """Opens the page and waits for the greeting."""
        self.page.goto(f"{self.base_url}/chat")
        self.replies.first.wait_for()
        return self

    @property
    def replies(self) -> Locator:
        """The replies on the page."""
        return self.page.locator(".theirs")

    @property
    def said(self) -> Locator:
        """What the person said, on the page."""
        return self.page.locator(".mine")

    @property
    def field(self) -> Locator:
        """Where the person types."""
        return self.page.get_by_label("Your message")

    @property
    def exit(self) -> Locator:
        """The way out."""
        return self.page.locator("[data-exit]")

    def notice(self, name: str) -> Locator:
        """A notice of the page."""
        return self.page.locator(f"[data-notice={name}]")

    @property
    def safe_site(self) -> str:
        """Where Exit goes."""
        found = self.page.locator("html").get_attribute("data-safe-site")
        assert found
        return found

    def send(self, text: str) -> None:
        """Types and presses Enter."""
        self.field.fill(text)
        self.page.keyboard.press("Enter")

    def say(self, text: str) -> str:
        """Sends `text` and gives the reply's text."""
        before = self.replies.count()
        self.send(text)
        self.replies.nth(before).wait_for()
        return self.replies.nth(before).inner_text()

    def shift_three_times(self) -> None:
        """The keys that leave."""
        for _ in range(3):
            self.page.keyboard.press("Shift")

    def mock(self, path: str, status: int = 200, **body: Any) -> None:
        """From now on `path` answers this; what is held stays held."""
        answer = json.dumps(body)
        self.page.route(f"**{path}", lambda r: r.fulfill(status=status, content_type="application/json", body=answer))

    def mock_reply(self, **message: Any) -> None:
        """From now on every message is answered by this one."""
        full = {"text": "", "choices": [], "services": [], "command": None, **message}
        self.mock("/chat/api/messages", messages=[full])

    def hold(self, path: str) -> list[Route]:
        """From now on requests to `path` wait in the list that is given."""
        waiting: list[Route] = []
        self.page.route(f"**{path}", lambda route: waiting.append(route))
        return waiting

    def unmock(self, path: str) -> None:
        """Lets `path` reach the server again."""
        self.page.unroute(f"**{path}")

    def as_left(self, count: int) -> list[dict[str, Any]]:
        """The page as it was when it told the server, and a moment later: what was on it, as its own eyes saw it."""
        self.wait_until(lambda: len(self.snapshots) >= count)
        return self.snapshots

    def wait_until(self, so: Callable[[], object]) -> bool:
        """Whether it becomes so. What comes from the browser meanwhile is heard of."""
        until = time.monotonic() + 30
        while not so():
            if time.monotonic() > until:
                return False
            self.page.wait_for_timeout(50)
        return True

    def history_length(self) -> int:
        """The number of entries in the tab's history."""
        return int(self.page.evaluate("history.length"))

    def server_status(self, token: str) -> int:
        """What the server answers to a message with `token`."""
        request = urllib.request.Request(
            f"{self.base_url}/chat/api/messages",
            data=json.dumps({"text": "hello"}).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def server_forgot(self, token: str) -> bool:
        """Whether the server stops knowing `token` soon: a beacon takes a moment."""
        return self.wait_until(lambda: self.server_status(token) == 401)
