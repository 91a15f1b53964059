"""What the fuzz tests share: requests written byte by byte, what every answer has to be, and how many examples are tried.

The examples are the same in every run. `FUZZ_EXAMPLES=2000` tries so many, drawn anew: for a long look by hand.
"""
from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

CANARY = "quaggafuzz"
# Longer than anybody waits, and the most that any answer may take.
PATIENCE = 10.0
_MORE = os.environ.get("FUZZ_EXAMPLES")
# How code and frameworks give themselves away.
LEAKS = re.compile(r"Traceback|File \"|line \d+, in |sanic|werkzeug|sqlalchemy|psycopg|sqlite3|Error:|Exception\b|\.py\b", re.IGNORECASE)

Headers = list[tuple[bytes, bytes]]


def examples(number: int) -> Any:
    """The decorator of a fuzz test that tries so many examples."""
    return settings(
        max_examples=int(_MORE) if _MORE else number, derandomize=not _MORE, deadline=None, database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large,
                               HealthCheck.filter_too_much, HealthCheck.large_base_example],
    )  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").split(";")[0]

    def json(self) -> Any:
        return json.loads(self.body)


def ask(port: int, data: bytes, patience: float = PATIENCE, hang_up: bool = False) -> Answer | None:
    """Send these bytes; what is answered, or None where the connection is closed without a word. Raises on silence."""
    with socket.create_connection(("127.0.0.1", port), patience) as wire:
        wire.settimeout(patience)
        try:
            wire.sendall(data)
            if hang_up:
                wire.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before it was read whole: the answer may be there all the same
        return answer_on(wire, data[:5] == b"HEAD ")


def answer_on(wire: socket.socket, head_only: bool = False) -> Answer | None:
    """The next answer on an open connection."""
    response = HTTPResponse(wire, method="HEAD" if head_only else "GET")
    try:
        response.begin()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    except TimeoutError:
        raise
    except (HTTPException, ConnectionError):
        return None
    finally:
        response.close()


def written(method: str, path: str | bytes, headers: Iterable[tuple[bytes, bytes]] = (), body: bytes | None = None) -> bytes:
    """A request as bytes, with its length."""
    target = path.encode() if isinstance(path, str) else path
    lines = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: fuzz.example", b"Connection: close"]
    lines += [name + b": " + value for name, value in headers]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def as_header(text: str) -> bytes:
    """Text as a header can carry it: no line ends, no controls."""
    return re.sub(rb"[\x00-\x08\x0a-\x1f\x7f]", b"", text.encode("utf-8", "surrogatepass")).strip()


# Text as nobody types it: everything that Unicode has, halves of characters included, and what has broken programs before.
NASTY = st.sampled_from([
    "", " ", "\0", "\ud83d", "\udc00\ud800", "\x1b[2J", "\u202e", "\ufeff", "\U0010ffff", "a" * 1001, "é" * 999, "%00", "%ff%fe", "%",
    "../../etc/passwd", "..%2f..%2fvar", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'--", "${jndi:ldap://x}",
    "{{7*7}}", "{phone.herts-da-helpline}", "%s%n", "/restart", "/give_location{\"place\": 1}", "0", "-1", "9" * 400, "1e309", "NaN",
    "true", "null", "[]", "{}", "exit", "\r\nSet-Cookie: a=b", "AL1 1AA", "07700 900123", "٣٤٥", "mon-fri 9-17", "25:61", "2026-02-30",
])  # fmt: skip
TEXT = st.one_of(NASTY, st.text(max_size=60), st.text(st.characters(categories=["Cs", "Cc", "Co", "Cn", "Mn", "Zs"]), max_size=20))
# Every text carries it, so that it can be looked for wherever it must not be.
CARRIED = st.one_of(TEXT.map(lambda text: f"<{CANARY}>{text}"), TEXT.map(lambda text: f"{text} {CANARY}"), TEXT)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from([2**63, -(2**64), 10**400]), CARRIED),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(CARRIED, inner, max_size=4)), max_leaves=8,
)  # fmt: skip
BYTES = st.one_of(
    st.binary(max_size=200), CARRIED.map(lambda text: text.encode("utf-8", "surrogatepass")),
    CARRIED.map(lambda text: text.encode("utf-16", "surrogatepass")),
    st.sampled_from([b"[" * 5000, b'{"a":' * 3000, b"{" + b'"a":1,' * 500, b"\xff\xfe", b"\xef\xbb\xbf{}", b"x" * 20_000, b"x" * 70_000,
                     b"a=b&" * 3000, b"%ff=%ff", b"--x\r\nContent-Disposition: form-data; name=text\r\n\r\nhello\r\n--x--\r\n"]),
)  # fmt: skip
KINDS = st.sampled_from([
    b"application/json", b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x", b"multipart/form-data",
    b"multipart/form-data; boundary=\xff", b"text/plain;charset=\xe9", b"application/json; charset=utf-7", b";;;=", b"",
])  # fmt: skip
ODD_HEADERS: st.SearchStrategy[Headers] = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from([
                b"Accept", b"Accept-Encoding", b"Accept-Language", b"Authorization", b"Content-Encoding", b"Cookie", b"Forwarded",
                b"If-Modified-Since", b"If-None-Match", b"Origin", b"Range", b"Referer", b"Sec-Fetch-Dest", b"Sec-Fetch-Site", b"Upgrade",
                b"User-Agent", b"X-Forwarded-For", b"X-Forwarded-Host", b"X-HTTP-Method-Override", b"X-Request-ID",
                b"X-Twilio-Signature",
            ]),
            st.one_of(CARRIED.map(as_header), st.binary(max_size=20).map(lambda raw: as_header(raw.decode("latin-1"))),
                      st.sampled_from([b"*/*;q=x", b"bytes=-1", b"websocket", b"a=b; $=; =;;", b"Bearer " + b"a" * 60, b"same-origin"])),
        ),
        st.just((b"Expect", b"100-continue")),
    ),
    max_size=4, unique_by=lambda header: header[0],
)  # fmt: skip
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "X"])


def encoded(text: str) -> str:
    """Text as part of an address."""
    from urllib.parse import quote_from_bytes

    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")
