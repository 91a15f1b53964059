"""What all tests share: one running product, and people who talk to it."""
from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import hypothesis
import pytest
from consoles import Console
from engines import Postgres, Redis
from running import Person, Running

StartRunning = Callable[..., Running]

# The same examples in every run, so that a run fails for what was changed and for nothing else. For a look at others, by hand:
# `--hypothesis-profile=anew`, or FUZZ_EXAMPLES for those that talk to the product.
hypothesis.settings.register_profile(
    "same", derandomize=True, deadline=None, database=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("anew", parent=hypothesis.settings.get_profile("same"), derandomize=False)
hypothesis.settings.load_profile("same")
# httpx gives up after five seconds, which is no fault on a busy machine. Where an answer has to be quicker, a test measures it.
httpx._config.DEFAULT_TIMEOUT_CONFIG.__init__(timeout=30)  # type: ignore[misc]


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The product, started once for all tests that don't break it."""
    running = Running(tmp_path_factory.mktemp("product")).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def assistant_url(product: Running) -> str:
    """Where it answers."""
    return product.url


@pytest.fixture
def person(assistant_url: str) -> Person:
    """Somebody who has just opened the page."""
    return Person(assistant_url)


@pytest.fixture
def start_product(tmp_path: Path) -> Iterator[StartRunning]:
    """Starts a product of one's own, to break: `start_product(SHOW_UNCHECKED="no")`."""
    started: list[Running] = []

    def start(**environment: str) -> Running:
        folder = tmp_path / str(len(started))
        folder.mkdir()
        started.append(Running(folder, environment))
        return started[-1].start()

    yield start
    for running in started:
        running.stop()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server for all tests that don't break it: `postgres.create("name")` gives an empty database."""
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server.start()
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of the test's own, up to date and otherwise empty: the test runs on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'outreach.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"test_{secrets.token_hex(8)}"
    yield server.copy_of_migrated(name)
    server.drop(name)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis for all tests that don't break it."""
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server.start()
    server.remove()


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """The staff console alone, started once, with the starter directory in a database of its own."""
    started = Console(tmp_path_factory.mktemp("console"))
    yield started.start()
    started.stop()


@pytest.fixture(autouse=True)
def nobody_has_tried_to_sign_in(request: pytest.FixtureRequest) -> None:
    """All tests come from one address, which may try only so often in a quarter of an hour."""
    shared = request.getfixturevalue("console") if "console" in request.fixturenames else None
    if isinstance(shared, Console):
        shared.forget_tries()


@pytest.fixture
def start_console(tmp_path: Path) -> Iterator[Callable[..., Console]]:
    """Starts a console of one's own: `start_console(CONSOLE_IDLE_MINUTES="0.05")`."""
    started: list[Console] = []

    def start(**environment: str) -> Console:
        folder = tmp_path / f"console-{len(started)}"
        folder.mkdir()
        started.append(Console(folder, environment))
        return started[-1].start()

    yield start
    for each in started:
        each.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick tests first, the browser last: while it runs, Playwright keeps an event loop going in this very thread."""
    order = {"unit": 0, "nlu": 1, "integration": 2, "e2e": 3}
    items.sort(key=lambda item: order.get(item.path.parent.name, 0))
