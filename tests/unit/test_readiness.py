"""Readiness: a model that loads and understands nothing is not called ready."""
from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from channels import startup
from outreach import bootstrap
from outreach.settings import load


class FakeAgent:
    """Takes every message for one thing."""

    def __init__(self, intent: str | None, error: Exception | None = None) -> None:
        self._intent = intent
        self._error = error

    async def parse_message(self, text: str) -> dict[str, Any]:
        if self._error is not None:
            raise self._error
        return {"text": text, "intent": {"name": self._intent, "confidence": 1.0}}


@pytest.fixture(autouse=True)
def a_database_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'outreach.db'}")
    bootstrap.forget_everything_built()
    yield
    bootstrap.forget_everything_built()


def failing(agent: FakeAgent | None) -> list[str]:
    return asyncio.run(startup.failing_parts(agent, load()))  # type: ignore[arg-type]


def test_a_known_sentence_that_is_understood_is_well() -> None:
    assert "understanding" not in failing(FakeAgent(startup.KNOWN_INTENT))


@pytest.mark.parametrize("agent", [None, FakeAgent("greet"), FakeAgent(None), FakeAgent(None, RuntimeError("no model"))])
def test_a_known_sentence_that_is_not_understood_is_said(agent: FakeAgent | None) -> None:
    assert "understanding" in failing(agent)


def test_a_database_without_its_tables_is_said() -> None:
    assert "database" in failing(FakeAgent(startup.KNOWN_INTENT))
