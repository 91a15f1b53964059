"""A team's own system on this machine: it takes what is signed, by key, and can be told to refuse, to wait or to lose an answer."""
from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SECRET = b"s" * 32
# What the processes that tell it need in their environment.
ENVIRONMENT = {"TEAM_SECRET": "whsec_" + base64.b64encode(SECRET).decode(), "NO_PROXY": "127.0.0.1"}


@dataclass
class Inbox:
    """What a team's system has taken: by key, so that what comes twice is one."""

    told: list[tuple[str, str, str]] = field(default_factory=list)
    answer: Callable[[str], int | None] = lambda key: 204
    wait: float = 0.0

    def take(self, key: str, stamp: str, signatures: str, body: bytes) -> int | None:
        content = f"{key}.{stamp}.".encode() + body
        wanted = "v1," + base64.b64encode(hmac.digest(SECRET, content, sha256)).decode()
        if wanted not in signatures.split() or abs(int(stamp) - time.time()) > 300:
            return 401
        answer = self.answer(key)
        if answer is None or answer < 300:
            found = json.loads(body)
            self.told.append((key, found["type"], found["data"]["referral"]))
        return answer

    def by_referral(self) -> dict[str, set[str]]:
        taken: dict[str, set[str]] = {}
        for key, kind, referral in self.told:
            if kind == "referral.queued":
                taken.setdefault(referral, set()).add(key)
        return taken


@contextmanager
def listening(inbox: Inbox, folder: Path) -> Iterator[str]:
    """Have the inbox listen; the path of the teams' settings that name it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            time.sleep(inbox.wait)
            heads = [str(self.headers[f"webhook-{name}"]) for name in ("id", "timestamp", "signature")]
            answer = inbox.take(heads[0], heads[1], heads[2], body)
            if answer is None:  # it took it, and its answer is lost
                self.close_connection = True
                return
            self.send_response(answer)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    file = folder / "teams.yml"
    address = f"http://127.0.0.1:{server.server_port}/hook"
    file.write_text(f"teams:\n  - {{service: beacon, webhook: '{address}', webhook_secret_env: TEAM_SECRET}}\n...\n")
    try:
        yield str(file)
    finally:
        server.shutdown()
        server.server_close()
