"""What stands between the network and Sanic 21.12, whose own reading of HTTP is too trusting and gets no more fixes.

It refuses a request whose head is not plain HTTP/1, gives a request so many seconds to arrive as a whole (Sanic's clock
begins anew with every byte), and makes room when too many connections are open.
"""
from __future__ import annotations

import asyncio
import re
import resource
import time
from typing import Any

import httptools
from sanic import Sanic
from sanic.exceptions import InvalidUsage, RequestTimeout
from sanic.http import Http, Stage
from sanic.server import HttpProtocol

# Files that a process needs beside its connections: the database, logs, libraries, the action server.
_OTHER_FILES = 200
_MOST_HEADERS = 100
_REQUEST_LINE = re.compile(rb"[A-Z]{1,16} (/[\x21-\x7e]*) HTTP/1\.([01])")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_LENGTH = re.compile(rb"[0-9]{1,12}")
_ONCE = (b"content-length", b"transfer-encoding", b"host", b"authorization", b"cookie", b"content-type")


def fault_of(head: bytes) -> str | None:
    """What is wrong with the head of a request (without the blank line at its end), or None where it is plain HTTP/1.

    Two lengths, or a length that is not one, are how a request is smuggled past a proxy. The rest makes Sanic fail.
    """
    line, *rest = head.split(b"\r\n")
    request = _REQUEST_LINE.fullmatch(line)
    if request is None:
        return "request line"
    try:
        httptools.parse_url(request[1])
    except httptools.HttpParserError:
        return "address"
    if len(rest) > _MOST_HEADERS:
        return "too many headers"
    headers: dict[bytes, list[bytes]] = {}
    for each in rest:
        found = _HEADER.fullmatch(each)
        if found is None:
            return "header"
        headers.setdefault(found[1].lower(), []).append(found[2].rstrip(b" \t"))
    if any(len(headers.get(name, ())) > 1 for name in _ONCE):
        return "a header that may come once"
    return _fault_of_length(headers, request[2])


def _fault_of_length(headers: dict[bytes, list[bytes]], version: bytes) -> str | None:
    length, coding = headers.get(b"content-length"), headers.get(b"transfer-encoding")
    if length is not None and (coding is not None or not _LENGTH.fullmatch(length[0])):
        return "length"
    if coding is not None and (coding[0] != b"chunked" or version == b"0"):
        return "transfer encoding"
    return None


class CarefulHttp(Http):
    """One connection's requests, each looked at before Sanic reads it, and each with an end to its patience."""

    __slots__ = ("__dict__",)

    def __init__(self, protocol: CarefulProtocol) -> None:
        super().__init__(protocol)
        self._within: float = protocol.app.config.RECEIVE_SECONDS
        self._until = 0.0
        self._receive_more = self._receive_in_time

    async def http1_request_header(self) -> None:
        """Look at the head as soon as it is whole. Raises InvalidUsage (400) or RequestTimeout (408)."""
        self._until = time.monotonic() + self._within
        while (end := self.recv_buffer.find(b"\r\n\r\n")) < 0 and len(self.recv_buffer) < self.HEADER_MAX_SIZE:
            await self._receive_more()
        if 0 <= end < self.HEADER_MAX_SIZE and fault_of(bytes(self.recv_buffer[:end])):
            raise InvalidUsage("Bad Request")
        await super().http1_request_header()
        # There is nothing to upgrade to, and for an upgrade Sanic forgets its limits of time.
        self.upgrade_websocket = False

    async def _receive_in_time(self) -> None:
        if self.stage is Stage.IDLE:
            # Between two requests Sanic's own limit for idle connections holds.
            await self.protocol.receive_more()
            return
        try:
            # As Sanic's `receive_more`, but made ready before a task waits: what came before that task began would be missed.
            self.protocol.transport.resume_reading()
            self.protocol._data_received.clear()
            await asyncio.wait_for(self.protocol._data_received.wait(), self._until - time.monotonic())
        except asyncio.TimeoutError:
            # What is missing is not waited for once more, to throw it away.
            self.keep_alive, self.request_body = False, None
            raise RequestTimeout("Request Timeout") from None


class CarefulProtocol(HttpProtocol):
    """Sanic's protocol, with `CarefulHttp` and no more connections than there is room for."""

    def _setup_connection(self) -> None:
        super()._setup_connection()
        self._http = CarefulHttp(self)

    def connection_made(self, transport: Any) -> None:
        """Let somebody in. When it gets crowded, the connection that has been silent longest goes; work in hand never does."""
        super().connection_made(transport)
        if len(self.connections) > self.app.config.MOST_CONNECTIONS:
            waiting = [other for other in self.connections if other is not self and _is_waiting(other)]
            if waiting:
                min(waiting, key=lambda other: other._time).abort()


def _is_waiting(protocol: HttpProtocol) -> bool:
    http = protocol._http if protocol._task else None
    return http is not None and http.stage in (Stage.IDLE, Stage.REQUEST)


def prepare(app: Sanic, receive_seconds: float) -> None:
    """Set the limits that `CarefulProtocol` goes by: for a whole request in seconds, and for open connections."""
    app.config.RECEIVE_SECONDS = receive_seconds
    app.config.MOST_CONNECTIONS = _room_for_connections()


def _room_for_connections() -> int:
    """As many files as this process may open, less those it needs itself. Asks for as many as it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 65_536 if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(100, most - _OTHER_FILES)
