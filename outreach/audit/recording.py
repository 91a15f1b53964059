"""What those who change something need of the audit."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Audit(Protocol):
    """Where it is recorded who did what."""

    def record(
        self, by: str, action: str, subject: str, before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None, connection: Any = None,
    ) -> None:
        """Add a row, in the transaction of `connection` where one is given; else it is kept when this returns."""
