"""Work that blocks (the database, passwords) is done in threads, so that one slow page does not hold up the others."""
from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, TypeVar

T = TypeVar("T")
_THREADS = 8


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="console")


async def in_thread(call: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """Give what `call` gives, or raise what it raises, without blocking the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_pool(), partial(call, *arguments, **named))
