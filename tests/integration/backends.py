"""Stand-ins for workers behind the proxy, which misbehave as they are told and remember what reached them."""
from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Backend:
    """One worker. `mode` is `well`, a status as text, `hangs`, or `dies` (it hangs up once it has read the request)."""

    def __init__(self) -> None:
        self.mode = "well"
        self.got: list[tuple[str, str, bytes, dict[str, str]]] = []
        self.released = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    def stop(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                name = {key.lower(): value for key, value in self.headers.items()}
                backend.got.append((self.command, self.path, body, name))
                self.close_connection = True
                if backend.mode == "hangs":
                    backend.released.wait(30)
                elif backend.mode != "dies":
                    status = 200 if backend.mode == "well" else int(backend.mode)
                    said = b'{"from": "a worker"}'
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(said)))
                    self.send_header("X-Worker", backend.address)
                    self.end_headers()
                    self.wfile.write(said)

            do_GET = do_POST = do_DELETE = _answer  # noqa: N815

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        return Handler


def took(call: Any) -> float:
    """How many seconds a call takes."""
    began = time.monotonic()
    call()
    return time.monotonic() - began
