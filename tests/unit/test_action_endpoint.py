"""The way to the action server: a connection that breaks is no failure, a server that is gone is."""
from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from channels.action_endpoint import ActionEndpoint

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"events": []}'
FALLBACK = {"events": [], "responses": [{"response": "utter_static_fallback"}]}
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def asked(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    await reader.readexactly(length)


def broken_off(how: str, first_answered: bool) -> tuple[Handler, list[int]]:
    """A server whose first connection breaks, at once or after an answer. Its later connections are whole."""
    connections: list[int] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        breaks = len(connections) == 1
        try:
            if not breaks or first_answered:
                await asked(reader)
                writer.write(ANSWER)
                await writer.drain()
            await asked(reader)
            if not breaks:
                writer.write(ANSWER)
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        if how == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()

    return handle, connections


async def calls(handle: Handler, times: int) -> list[Any]:
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    endpoint = ActionEndpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/webhook", 20)
    answers = [await endpoint.request(json={"next_action": "action_x"}) for _ in range(times)]
    await endpoint.close()
    server.close()
    return answers


@pytest.mark.parametrize("how", ["closed", "reset"])
@pytest.mark.parametrize("first_answered", [True, False])
def test_a_connection_that_breaks_is_replaced_and_nobody_hears_of_it(how: str, first_answered: bool) -> None:
    handle, connections = broken_off(how, first_answered)
    assert asyncio.run(calls(handle, 2)) == [{"events": []}] * 2
    assert len(connections) == 2


def test_a_server_that_is_gone_is_met_with_words() -> None:
    async def call() -> Any:
        # Held, so that nobody else listens there.
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
            return await ActionEndpoint(f"http://127.0.0.1:{port}/webhook", 3).request(json={"next_action": "action_x"})

    assert asyncio.run(call()) == FALLBACK


def test_a_server_that_says_nothing_is_asked_once() -> None:
    connections: list[int] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await asyncio.sleep(1)
        writer.close()

    async def call() -> Any:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        endpoint = ActionEndpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/webhook", 0.3)
        answer = await endpoint.request(json={"next_action": "action_x"})
        await endpoint.close()
        server.close()
        return answer

    assert asyncio.run(call()) == FALLBACK
    assert len(connections) == 1
