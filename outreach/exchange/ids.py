"""Names in the standard: HSDS wants a UUID for everything, the directory has short names ("herts-da-helpline").

A service's UUID is made from its short name, so it is the same in every export. A service that came from elsewhere keeps
the UUID that it came with: its short name is `hsds-` and that UUID.
"""

from __future__ import annotations

from uuid import UUID, uuid5

NAMESPACE = UUID("8f6f1f0e-3d0a-5c53-9c58-0a4b6f1c7d21")
FOREIGN = "hsds-"


def service_uuid(short_name: str) -> str:
    """Give the UUID of a service."""
    if short_name.startswith(FOREIGN) and (found := as_uuid(short_name[len(FOREIGN) :])):
        return found
    return made("service", short_name)


def foreign_name(uuid: str) -> str:
    """Give the short name of a service that came from elsewhere with this UUID."""
    return f"{FOREIGN}{UUID(uuid)}"


def made(*parts: object) -> str:
    """Give the UUID of something that has none of its own: the same words give the same UUID."""
    return str(uuid5(NAMESPACE, "/".join(str(part) for part in parts)))


def as_uuid(text: str) -> str | None:
    """Give a UUID as it is usually written, or None where the text is none."""
    try:
        return str(UUID(text)) if len(text) == 36 else None
    except ValueError:
        return None
