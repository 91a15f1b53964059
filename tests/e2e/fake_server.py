"""A small stand-in that speaks the web channel's contract, for work on the page alone.

Run it with `python tests/e2e/fake_server.py [port]` and open /chat. It understands a few words only.
"""

from __future__ import annotations

import json
import mimetypes
import secrets
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from channels.page import template  # noqa: E402
from outreach.content.web_texts import web_text  # noqa: E402
from outreach.safety.exit_words import ExitWords  # noqa: E402

WEB = ROOT / "web"
STATIC = "/chat/static"
SAFE_SITE = "https://weather.example/"
LIMIT = 1000
MAX_BODY = 16 * 1024

Message = dict[str, Any]


def render_page(**values: Any) -> str:
    """The page as the server renders it; values left out are empty."""
    empty: dict[str, Any] = {"session": "", "messages": [], "said": "", "mark": "", "error": ""}
    fixed = {
        "safe_site": SAFE_SITE, "static": STATIC, "limit": LIMIT, "idle_minutes": "30", "exit_words": ExitWords.load("web").listed(),
    }  # fmt: skip
    return template().render(**{**empty, **fixed, **values})


def message(text: str, *, choices: list[str] | None = None, services: list[Message] | None = None) -> Message:
    """A message of the contract; each choice's id is made from its title."""
    titles = choices or []
    return {
        "text": text,
        "choices": [{"id": title.lower().replace(" ", "_"), "title": title} for title in titles],
        "services": services or [],
        "command": None,
    }


HELPLINE: Message = {
    "id": "county-helpline",
    "name": "Hertfordshire Domestic Abuse Helpline",
    "summary": "Someone to listen, and to talk through what you might want to do. For anyone aged 16 or over.",
    "phones": [{"number": "08088 088 088", "href": "tel:08088088088", "cost": "Free", "on_bill": False}],
    "hours": {
        "text": "Monday to Friday 9am to 9pm, weekends 9am to 4pm",
        "open_now": False,
        "next_change": "2026-11-22T09:00:00+00:00",
    },
    "areas": ["Hertfordshire"],
    "website": "https://www.hertshelp.example/helpline",
    "last_checked": None,
}
NATIONAL: Message = {
    "id": "national-helpline",
    "name": "National Domestic Abuse Helpline",
    "summary": "Open at any hour. They can look for a refuge place with you.",
    "phones": [{"number": "0808 2000 247", "href": "tel:08082000247", "cost": "Free", "on_bill": None}],
    "hours": {"text": "24 hours, every day", "open_now": True, "next_change": None},
    "areas": ["England"],
    "website": None,
    "last_checked": "2026-11-12",
}
GREETING = message(
    "Hello. I’m an automated assistant, not a person. I can tell you what help there is in Hertfordshire.\n"
    "I’m not for emergencies. If you are in danger now, call 999.\n"
    "You can leave at once with the Exit button. Nothing is kept on this device, and I forget this conversation "
    "after 30 minutes without a message.\n"
    "Is it safe for you to go on?",
    choices=["Yes, it is safe", "Tell me about privacy"],
)
REPLIES: list[tuple[tuple[str, ...], Message]] = [
    (
        ("danger", "knife", "999"),
        message(
            "If you are in danger now, call 999.\nIf you can’t speak, call from a mobile:\n"
            "- wait for the voice to ask, and cough or tap if you can\n- press 55 when it tells you to\n"
            "- it doesn’t send your location, so say where you are if you can\n"
            "When you can, the helpline is there for you: 08088 088 088, or at any hour 0808 2000 247.",
            choices=["Helpline", "How to leave safely"],
        ),
    ),
    (
        ("helpline", "number", "call", "ring"),
        message(
            "You can talk to someone about this. The helpline is closed just now, so the national line is here too.",
            services=[HELPLINE, NATIONAL],
            choices=["Support near me", "Somewhere safe to go"],
        ),
    ),
    (
        ("plan", "leave safely", "how_to_leave"),
        message(
            "I hear you. Leaving can be the most dangerous time, so it can help to plan it with someone.\n"
            "You might want to:\n- keep some money, keys and papers where you can reach them\n"
            "- agree a word with a friend that means “call 999”\n- think about the rooms that are safer, "
            "away from the kitchen and the bathroom\n- tell someone at school or work who to call\n"
            "- plan what you would say if someone asks where you are going\n"
            "Would you like the number of someone who can plan it with you?",
            choices=["Helpline", "Not now"],
        ),
    ),
]
DEFAULT = message("It’s not your fault. I can tell you about support, safety, housing or money.", choices=["Helpline"])


@dataclass
class Sessions:
    """The conversations held, by token: the ids that the last reply offered."""

    offered: dict[str, set[str]] = field(default_factory=dict)
    pressed: dict[str, tuple[str, list[Message]]] = field(default_factory=dict)

    def open(self) -> tuple[str, list[Message]]:
        """A new conversation and its greeting."""
        token = secrets.token_urlsafe(32)
        return token, self._reply(token, GREETING)

    def say(self, token: str, text: str, choice: str) -> tuple[int, list[Message]]:
        """The status and messages of a turn."""
        if token not in self.offered:
            return 401, []
        pressed, again = self.pressed.get(token, ("", []))
        if choice and choice == pressed and choice not in self.offered[token]:
            return 200, again
        if len(text) > LIMIT or not (text or choice) or (choice and choice not in self.offered[token]):
            return 422, []
        said = (text or choice).lower()
        answer = next((answer for words, answer in REPLIES if any(word in said for word in words)), DEFAULT)
        self.pressed[token] = choice, self._reply(token, answer)
        return 200, self.pressed[token][1]

    def _reply(self, token: str, answer: Message) -> list[Message]:
        self.offered[token] = {choice["id"] for choice in answer["choices"]}
        return [answer]


class Handler(BaseHTTPRequestHandler):
    """One request of the contract."""

    protocol_version = "HTTP/1.1"
    sessions: Sessions

    def do_GET(self) -> None:
        """The page, its files, and the way out."""
        if self.path == "/chat":
            self._page()
        elif self.path == "/chat/exit":
            self._leave()
        elif self.path.startswith(STATIC + "/"):
            file = WEB / Path(self.path.split("?")[0]).name
            self._send(200, file.read_bytes(), mimetypes.guess_type(file.name)[0] or "text/plain")
        else:
            self._send(404)

    def do_POST(self) -> None:
        """Conversation by script, by form, and its end."""
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if length > MAX_BODY:
            self._json(413, {"error": "too large"})
        elif self.path == "/chat/api/session":
            token, messages = self.sessions.open()
            self._json(200, {"session": token, "messages": messages})
        elif self.path == "/chat/api/messages":
            self._message(json.loads(body))
        elif self.path in ("/chat", "/chat/exit"):
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            self._form(form) if self.path == "/chat" else self._forget(form.get("session", ""))

    def _message(self, body: dict[str, str]) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        status, messages = self.sessions.say(token, body.get("text", ""), body.get("choice", ""))
        self._json(status, {"messages": messages} if status == 200 else {"error": str(status)})

    def _form(self, form: dict[str, str]) -> None:
        token = form.get("session", "")
        if not token:
            token, messages = self.sessions.open()
            self._page(session=token, messages=messages)
            return
        text = form.get("text", "").replace("\r\n", "\n")
        status, messages = self.sessions.say(token, text, form.get("choice", ""))
        if status == 401:
            self._page(error="This conversation has been forgotten. You can start a new one.")
        elif status != 200:
            self._page(session=token, said=text, error=web_text("too_long", LIMIT) if text else web_text("choice_gone"))
        else:
            self._page(session=token, messages=messages, said=text or form["choice"].replace("_", " ").capitalize())

    def _forget(self, token: str) -> None:
        self.sessions.offered.pop(token, None)
        if self.headers.get("Sec-Fetch-Dest") == "empty":
            self._send(204)
        else:
            self._leave()

    def _leave(self) -> None:
        self._send(303, headers={"Location": SAFE_SITE, "Clear-Site-Data": '"cache", "cookies", "storage"'})

    def _page(self, **values: Any) -> None:
        self._send(200, render_page(**values).encode(), "text/html; charset=utf-8")

    def _json(self, status: int, value: dict[str, Any]) -> None:
        self._send(status, json.dumps(value).encode(), "application/json")

    def _send(self, status: int, body: bytes = b"", kind: str = "text/plain", headers: dict[str, str] | None = None) -> None:
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            f"form-action 'self' {SAFE_SITE}; base-uri 'none'"
        )
        every = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": policy,
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
        self.send_response(status)
        for name, value in {**every, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: what people write is not for logs."""


def start(port: int = 0) -> ThreadingHTTPServer:
    """A stand-in serving on loopback from a thread; port 0 picks a free one."""
    handler = type("BoundHandler", (Handler,), {"sessions": Sessions()})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    running = start(int(sys.argv[1]) if len(sys.argv) > 1 else 8090)
    print(f"http://127.0.0.1:{running.server_port}/chat")
    threading.Event().wait()
