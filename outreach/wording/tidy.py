"""What is typed or pasted, as plain text: no curly quotes, no characters that can't be seen."""
from __future__ import annotations

import re
import unicodedata

from outreach.directory.gsm7 import PLAIN

_BULLET = re.compile(r"^[*•–—-][ \t]+", re.MULTILINE)
_UNSEEN = frozenset(("Cc", "Cf", "Co", "Cs"))


def tidy(text: str) -> str:
    """The text with straight quotes and plain dashes, "- " before each item of a list, and one empty line between parts."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").replace("\u2028", "\n")
    seen = "".join(c for c in lines if c == "\n" or unicodedata.category(c) not in _UNSEEN)
    plain = "".join(PLAIN.get(c, c) for c in _BULLET.sub("- ", unicodedata.normalize("NFC", seen)))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in plain.split("\n"))).strip()
