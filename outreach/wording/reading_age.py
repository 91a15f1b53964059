"""How old a reader has to be, by textstat's Flesch-Kincaid grade."""
from __future__ import annotations

import re
from functools import lru_cache

from outreach.content.placeholders import PLACEHOLDER

_STARTS_SCHOOL = 5


@lru_cache(maxsize=2048)
def reading_age(text: str) -> int:
    """Years of age, 5 at least. A line is a sentence even without a full stop; numbers and placeholders are left out."""
    prose = re.sub(r"[\d+]+", " ", PLACEHOLDER.sub(" ", text))
    lines = [re.sub(r"^- ", "", line).strip() for line in prose.split("\n")]
    sentences = "\n".join(line if line[-1] in ".?:" else f"{line}." for line in lines if re.search(r"[A-Za-z]{2}", line))
    if not sentences:
        return _STARTS_SCHOOL
    # Its dictionary of syllables is for the staff's side alone; the assistant's process does without.
    import textstat

    return max(_STARTS_SCHOOL, round(float(textstat.flesch_kincaid_grade(sentences)) + _STARTS_SCHOOL))
