"""HTTP as no browser speaks it: the assistant and the console refuse it, say so, and go on."""
from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from consoles import Console
from fuzzing import CANARY, LEAKS, Answer, answer_on, ask, examples, written
from hypothesis import given
from hypothesis import strategies as st
from running import ROOT, Person, Running, free_port

from launcher.careful_http import fault_of

LINE = b"POST /chat/api/messages HTTP/1.1\r\nHost: x\r\n"
BROKEN = {
    "no version": b"GET /chat\r\n\r\n",
    "another version": b"GET /chat HTTP/3.0\r\n\r\n",
    "a space too many": b"GET  /chat HTTP/1.1\r\n\r\n",
    "no method": b" /chat HTTP/1.1\r\n\r\n",
    "an address that is no text": b"GET /\xff\xfe HTTP/1.1\r\n\r\n",
    "an address with a control": b"GET /\x00\x1b HTTP/1.1\r\n\r\n",
    "an address of another host": b"GET http://elsewhere.example/chat HTTP/1.1\r\n\r\n",
    "an address that is none": b"GET chat HTTP/1.1\r\n\r\n",
    "a port that is none": b"GET http://[::1:99999999/ HTTP/1.1\r\n\r\n",
    "a tunnel": b"CONNECT elsewhere.example:443 HTTP/1.1\r\n\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\n\r\n",
    "a header without a colon": b"GET /chat HTTP/1.1\r\nHost\r\n\r\n",
    "a header with a blank before the colon": b"GET /chat HTTP/1.1\r\nHost : x\r\n\r\n",
    "a folded header": b"GET /chat HTTP/1.1\r\nHost: x\r\n y\r\n\r\n",
    "a bare carriage return": b"GET /chat HTTP/1.1\r\nX: a\rb\r\n\r\n",
    "a NUL in a header": b"GET /chat HTTP/1.1\r\nX: a\0b\r\n\r\n",
    "a name that is no text": b"GET /chat HTTP/1.1\r\n\xc3\xa9: x\r\n\r\n",
    "two hosts": b"GET /chat HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a hundred headers and one": b"GET /chat HTTP/1.1\r\n" + b"X: a\r\n" * 101 + b"\r\n",
    "a negative length": LINE + b"Content-Length: -5\r\n\r\nhello",
    "a length in words": LINE + b"Content-Length: five\r\n\r\nhello",
    "a length with a plus": LINE + b"Content-Length: +5\r\n\r\nhello",
    "a length beyond numbers": LINE + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n",
    "no length": LINE + b"Content-Length:\r\n\r\n",
    "two lengths": LINE + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "the same length twice": LINE + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a length and chunks": LINE + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding that is none": LINE + b"Transfer-Encoding: gzip\r\n\r\nhello",
    "a coding in capitals": LINE + b"Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n",
    "two codings": LINE + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a coding twice": LINE + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "chunks of an old version": b"POST /chat HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two tokens": LINE + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\nContent-Length: 2\r\n\r\n{}",
    "an expectation that nobody meets": LINE + b"Expect: miracles\r\nContent-Length: 2\r\n\r\n{}",
}
BROKEN_CHUNKS = {
    "a chunk of no size": b"\r\nhello\r\n", "a chunk of a negative size": b"-5\r\nhello\r\n0\r\n\r\n",
    "a chunk that says too much": b"FFFFFFFFFFFF\r\nhello\r\n", "a chunk in words": b"five\r\nhello\r\n0\r\n\r\n",
    "a line without an end before a chunk": b"5;" + b"x" * 300,
}  # fmt: skip


@pytest.fixture(scope="module")
def own_console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    started = Console(tmp_path_factory.mktemp("console")).start()
    yield started
    started.stop()


@pytest.fixture(params=["assistant", "console"])
def port(request: pytest.FixtureRequest, product: Running, own_console: Console) -> int:
    return product.port if request.param == "assistant" else own_console.port


@pytest.fixture(autouse=True)
def nothing_is_logged_and_nobody_fell_over(product: Running, own_console: Console) -> Iterator[None]:
    servers: tuple[Running | Console, ...] = (product, own_console)
    seen = [len(server.printed()) for server in servers]
    yield
    assert own_console.process.poll() is None
    for server, before in zip(servers, seen):
        new = server.printed()[before:]
        assert CANARY not in new and "uncaught" not in new and "a request failed" not in new, new[-2000:]


def is_a_refusal(answer: Answer | None) -> bool:
    if answer is None:
        return False
    assert 400 <= answer.status < 500, answer
    assert "content-security-policy" in answer.headers and answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers and not LEAKS.search(answer.text), answer.text
    if answer.kind == "application/json":
        assert set(answer.json()) == {"error"}
    else:
        assert answer.kind == "text/html" and "<h1" in answer.text
    return True


@pytest.mark.parametrize("what", BROKEN)
def test_broken_http_is_refused_in_words(port: int, what: str) -> None:
    assert is_a_refusal(ask(port, BROKEN[what]))


@pytest.mark.parametrize("what", BROKEN_CHUNKS)
def test_broken_chunks_are_refused_in_words(port: int, what: str) -> None:
    head = b"POST /chat/exit HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert is_a_refusal(ask(port, head + BROKEN_CHUNKS[what], hang_up=True))


def test_a_head_without_an_end_is_refused_before_it_fills_the_memory(port: int) -> None:
    answer = ask(port, b"GET /chat HTTP/1.1\r\nX: " + b"a" * 100_000)
    assert answer is None or answer.status == 413


@examples(40)
@given(st.lists(st.one_of(
    st.binary(max_size=40), st.sampled_from([
        b"GET ", b"POST ", b"/chat", b" HTTP/1.1", b"\r\n", b"\n", b"\r\n\r\n", b": ", b"Host: x", b"Content-Length: 3", b"\0",
        b"Transfer-Encoding: chunked", b"Connection: keep-alive", b"Expect: 100-continue", CANARY.encode(), b"PRI * HTTP/2.0",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ])), max_size=12))  # fmt: skip
def test_bytes_that_are_no_http_never_bring_it_down(product: Running, own_console: Console, parts: list[bytes]) -> None:
    for each in (product.port, own_console.port):
        answer = ask(each, b"".join(parts), hang_up=True)
        assert answer is None or answer.status < 500, answer


def test_a_second_request_behind_the_first_is_answered_for_itself(product: Running) -> None:
    """A request hidden in another's body stays a body."""
    hidden = b"DELETE /chat/api/session HTTP/1.1\r\nHost: x\r\n\r\n"
    body = b"session=" + hidden
    with socket.create_connection(("127.0.0.1", product.port), 10) as wire:
        wire.sendall(b"POST /chat/exit HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        first = answer_on(wire)
        wire.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        second = answer_on(wire)
    assert first and first.status == 303
    assert second and second.json() == {"live": True}


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_plain_http_of_both_versions_is_answered(port: int, version: bytes) -> None:
    answer = ask(port, b"GET /health/live HTTP/%b\r\nHost: x\r\nConnection: close\r\n\r\n" % version)
    assert answer and answer.status == 200


def test_an_upgrade_to_something_else_is_answered_as_if_it_were_not_asked_for(port: int) -> None:
    upgrade = [(b"Upgrade", b"websocket"), (b"Sec-WebSocket-Version", b"13"), (b"Sec-WebSocket-Key", b"x" * 24)]
    answer = ask(port, written("GET", "/health/live", upgrade))
    assert answer and answer.status == 200


@given(st.binary(max_size=300))
@examples(300)
def test_no_bytes_break_the_look_at_a_head(head: bytes) -> None:
    assert fault_of(head) is None or isinstance(fault_of(head), str)


# Slow clients and many of them. The limits are short here, and the same code as in the product.

SMALL = """
from sanic import Sanic
from sanic.response import text
from launcher import careful_http
import asyncio, sys
app = Sanic("small", configure_logging=False, register=False)
app.ctx.working = 0
@app.post("/slowly")
async def slowly(request):
    app.ctx.working += 1
    await asyncio.sleep(3)
    return text("done")
@app.get("/working")
async def working(request):
    return text(str(app.ctx.working))
@app.route("/", methods=["GET", "POST"])
async def at_once(request):
    return text(str(len(request.body)))
careful_http.prepare(app, receive_seconds=1.5)
app.config.MOST_CONNECTIONS = int(sys.argv[2])
app.run("127.0.0.1", int(sys.argv[1]), access_log=False, motd=False, protocol=careful_http.CarefulProtocol)
"""
Small = Callable[[int], int]


@pytest.fixture
def small() -> Iterator[Small]:
    """Starts a server that does nothing else, with room for so many connections; its port."""
    started = []

    def start(most: int) -> int:
        port = free_port()
        process = subprocess.Popen([sys.executable, "-c", SMALL, str(port), str(most)], cwd=ROOT,
                                   env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL)
        started.append(process)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                if ask(port, written("GET", "/")):
                    return port
            except OSError:
                time.sleep(0.1)
        raise AssertionError("it did not start")

    yield start
    for process in started:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("begins", [b"POST / HTTP/1.1\r\nX: ", b"POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n",
                                    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"G"], ids=["head", "body", "chunks", "line"])
def test_a_client_that_sends_a_byte_at_a_time_is_let_go(small: Small, begins: bytes) -> None:
    """Each byte would begin Sanic's own clock anew."""
    with socket.create_connection(("127.0.0.1", small(100)), 10) as wire:
        wire.sendall(begins)
        for _ in range(60):
            time.sleep(0.1)
            try:
                wire.sendall(b"5")
            except OSError:
                return
        pytest.fail("it was still listened to after six seconds")


def test_a_client_that_is_let_go_for_its_slowness_is_told_so(small: Small) -> None:
    answer = ask(small(100), b"POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\nhello")
    assert answer and answer.status == 408 and answer.headers["connection"] == "close"


def test_when_it_is_crowded_who_has_been_silent_longest_goes_and_newcomers_are_answered(small: Small) -> None:
    port = small(20)
    working = socket.create_connection(("127.0.0.1", port), 10)
    working.sendall(b"POST /slowly HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
    until = time.monotonic() + 30
    while (begun := ask(port, written("GET", "/working"))) is None or begun.text != "1":
        assert time.monotonic() < until, "it is not worked on"
    idle = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(60)]
    for _ in range(5):
        answer = ask(port, written("POST", "/", body=b"hello"))
        assert answer and answer.text == "5"
    done = answer_on(working)
    assert done and done.text == "done", "what is being worked on is never given up for somebody new"
    for wire in (*idle, working):
        wire.close()


def test_hundreds_of_silent_connections_keep_nobody_from_being_answered(product: Running, person: Person) -> None:
    silent = [socket.create_connection(("127.0.0.1", product.port), 10) for _ in range(300)]
    half = [socket.create_connection(("127.0.0.1", product.port), 10) for _ in range(200)]
    for wire in half:
        wire.sendall(LINE + b"Content-Length: 500\r\n\r\n{")
    assert person.say("is there a refuge near me?")
    for wire in (*silent, *half):
        wire.close()
