"""What stands in a file that is to be brought in, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# A file with more problems than these is not worth listing further.
MOST_FINDINGS = 50
_INDEX = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, said so that whoever made the file can find it: "Row 700 (Name), phones 1, number: …"."""

    where: str
    field: str
    message: str
    name: str = ""

    def __str__(self) -> str:
        place = f"{self.where} ({self.name})" if self.name else self.where
        place = ", ".join(part for part in (place, self.field) if part)
        return f"{place}: {self.message}" if place else self.message


class BadFileError(Exception):
    """The file cannot be used; nothing was changed. `findings` says why, the first ones where there are very many."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(str(each) for each in findings))
        self.findings = tuple(findings)


@dataclass(frozen=True)
class Entry:
    """One service as a file gives it.

    `given` holds only what the file speaks about, as fields of the directory's documents: what it leaves out is kept as the
    directory has it. `otherwise` is for a service that is new, where the file says nothing. `notes` are for whoever looks at
    the preview.
    """

    where: str
    service_id: str
    name: str
    given: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    otherwise: Mapping[str, Any] = field(default_factory=dict)


def bad(message: str, where: str = "") -> BadFileError:
    """Give the error for a file with which one thing is wrong."""
    return BadFileError([Finding(where, "", message)])


def in_words(path: str) -> str:
    """Give where a field is, as people count: "phones[0].number" is "phones 1, number"."""
    return _INDEX.sub(lambda found: f" {int(found.group(1)) + 1}", path).replace(".", ", ")


def text_of(data: bytes) -> str:
    """Give a file's text. Raises `BadFileError` where it is not UTF-8, or holds what no text holds."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise bad("The file is saved as UTF-16. Save it again as UTF-8 (in a spreadsheet: “CSV UTF-8”).")
    if data.startswith(b"PK\x03\x04"):
        raise bad("This is a spreadsheet or an archive, not a CSV or JSON file. Save it as “CSV UTF-8” first.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = "The file is in another encoding than UTF-8. Save it again as UTF-8 (in a spreadsheet: “CSV UTF-8”)."
        raise bad(message, f"Line {line}") from None
    if not text.strip():
        raise bad("The file is empty.")
    if "\0" in text:
        raise bad("The file holds characters that no text has. It may be damaged.")
    return text
