"""Products for tests that need more than the shared one."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from faults import Faulty
from form import House, walk
from running import Running


@pytest.fixture(scope="session")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    """One product whose action server can be broken; `faulty` hands it out mended."""
    fragile = Faulty(tmp_path_factory.mktemp("faulty"))
    yield fragile
    fragile.running.stop()


@pytest.fixture
def faulty(fragile: Faulty) -> Iterator[Faulty]:
    """The product that can be broken, whole before and after."""
    fragile.running.wait_until_ready()
    yield fragile
    fragile.mends()


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A product with small limits, behind one proxy, that forgets after three idle seconds and shows no unchecked service."""
    running = Running(tmp_path_factory.mktemp("strict"), {
        "IDLE_MINUTES": "0.05", "MESSAGES_PER_MINUTE": "5", "SESSIONS_PER_MINUTE": "3", "TRUSTED_PROXIES": "1",
        "SHOW_UNCHECKED": "no",
    }).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One product that takes referrals, for all tests of them."""
    house = House(tmp_path_factory.mktemp("referrals"))
    yield house
    house.running.stop()


@pytest.fixture(scope="session")
def walked(house: House) -> dict[str, dict[str, Any]]:
    """What is kept of a conversation at each step of the form, from one that went through them all."""
    return walk(house)
