"""Waiting for the rest of a request: what comes at the very moment in which the wait begins is not missed."""
from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from sanic.exceptions import RequestTimeout
from sanic.http import Stage
from sanic.server.protocols.base_protocol import SanicProtocol

from launcher.careful_http import CarefulHttp


class Protocol(SanicProtocol):
    """One connection as Sanic has it, without a network."""

    def __init__(self) -> None:
        self.transport: Any = SimpleNamespace(resume_reading=lambda: None)
        self._data_received = asyncio.Event()


def waiting(protocol: Protocol, seconds: float) -> CarefulHttp:
    http = CarefulHttp.__new__(CarefulHttp)
    http.protocol, http.stage, http._until = protocol, Stage.REQUEST, time.monotonic() + seconds
    return http


def test_a_body_that_comes_just_after_its_head_is_not_waited_for_in_vain() -> None:
    async def scenario() -> None:
        protocol = Protocol()
        receiving = asyncio.ensure_future(waiting(protocol, 1.0)._receive_in_time())
        # One turn of the loop: the wait has been begun, and nothing else has run yet.
        await asyncio.sleep(0)
        protocol._data_received.set()
        await receiving

    asyncio.run(scenario())


def test_a_body_that_does_not_come_is_given_up() -> None:
    async def scenario() -> None:
        with pytest.raises(RequestTimeout):
            await waiting(Protocol(), 0.05)._receive_in_time()

    asyncio.run(scenario())
