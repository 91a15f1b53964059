"""Serves metrics on a port of their own, in a thread of its own. Nothing else is to be had there."""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

# Whoever connects and says nothing is not waited for.
SLOWEST_SECONDS = 10


class _Handler(WSGIRequestHandler):
    timeout = SLOWEST_SECONDS

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: it would be an address."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: the scraper sees that it got no answer."""


def new_registry() -> CollectorRegistry:
    """An empty registry, with the process's own memory, time and files."""
    # When a count began would be the moment of the first thing that was counted.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


def serve(registry: CollectorRegistry, host: str, port: int) -> _Server:
    """Serve until the process ends, or `shutdown` is called. Raises OSError where the port can't be had."""
    server = make_server(host, port, _app(registry), _Server, _Handler)
    threading.Thread(target=server.serve_forever, daemon=True, name="metrics").start()
    return server


def _app(registry: CollectorRegistry) -> Callable[[dict[str, Any], Callable[..., object]], Iterable[bytes]]:
    def answer(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or environ["PATH_INFO"] != "/metrics":
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"There is nothing here.\n"]
        start("200 OK", [("Content-Type", CONTENT_TYPE_PLAIN_0_0_4), ("Cache-Control", "no-store")])
        return [generate_latest(registry)]

    return answer
