"""The table of every route and who may call it, as the guard itself sees it: for docs/console-access.md and its tests."""
from __future__ import annotations

import re
from dataclasses import dataclass

from sanic import Sanic

from console.access import SAFE, Access, access_of
from outreach.staff import Role, Staff

_PARAMETER = re.compile(r"<([^:>]+)(?::([^>]+))?>")


@dataclass(frozen=True)
class Route:
    """A route with one method. `path` has its parameters in angle brackets."""

    method: str
    path: str
    access: Access

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.method not in SAFE

    def example(self) -> str:
        """An address of it, about something that is not there."""
        return _PARAMETER.sub(lambda found: "999999" if found[2] == "int" else "nothing-there", self.path)


def routes_of(app: Sanic) -> list[Route]:
    """Every route, by path."""
    found = {
        Route(method, "/" + _PARAMETER.sub(_named, route.path).strip("/"), access_of(route))
        for route in app.router.routes
        for method in route.methods
    }
    return sorted(found, key=lambda route: (route.path, route.method))


def table(app: Sanic) -> str:
    """The table in Markdown."""
    roles = list(Role)
    head = f"| what | not signed in | {' | '.join(role.value for role in roles)} |"
    rows = [head, "|" + "---|" * (len(roles) + 2)]
    for route in routes_of(app):
        door = "yes" if route.access.anybody else "to sign-in"
        may = ["yes" if route.access.lets(Staff("", "", frozenset({role}))) else "–" for role in roles]
        rows.append(f"| `{route.method} {route.path}` | {door} | {' | '.join(may)} |")
    return "\n".join(rows)


def _named(found: re.Match[str]) -> str:
    """A parameter as it is told of: its type only where it is not text."""
    return f"<{found[1]}:int>" if found[2] == "int" else f"<{found[1]}>"

