"""A yes, a no, and an age, in people's words. Consent is taken from `is_clear_yes` alone."""
from __future__ import annotations

import re

from outreach.referrals.words import Problem, clean, plain

# Nothing but these is consent: a doubtful yes is asked again.
CLEAR_YES = frozenset(
    (
        "yes", "yes please", "yes thanks", "yes thank you", "yes i do", "yes i agree", "yes i do agree", "yes i consent",
        "yes i do consent", "yes i am sure", "yes im sure", "i agree", "i do agree", "i agree to this", "i consent",
        "i do consent", "i consent to this", "yes i agree to this", "yes i consent to this", "yes send it",
        "yes please send it", "yes send it please", "yes send now", "please yes",
    )
)  # fmt: skip


def is_clear_yes(text: object) -> bool:
    """Whether this is an explicit yes and nothing else. Kisses at its end do no harm."""
    line = clean(text, 60)
    if isinstance(line, Problem) or "?" in line or "…" in line or ".." in line:
        return False
    words = plain(re.sub(r"[ .!,]+x+$", "", line, flags=re.IGNORECASE))
    return words in CLEAR_YES and re.search(r"[^\w\s.,!'’]", line) is None


YES_WORDS = frozenset(
    (
        "yes", "yess", "yesss", "yeah", "yea", "yeh", "yep", "yup", "ya", "yah", "y", "yas", "aye", "ok", "okay",
        "oki", "k", "sure", "definitely", "absolutely", "certainly", "fine", "agreed", "correct", "true", "totally",
        "course",
    )
)  # fmt: skip
NO_WORDS = frozenset(
    (
        "no", "noo", "nooo", "nope", "nah", "na", "n", "never", "negative", "nay", "not", "dont", "doesnt", "isnt",
        "wont", "cant", "arent", "didnt", "wouldnt", "without",
    )
)  # fmt: skip
# Said with these, neither a yes nor a no is sure.
UNSURE = re.compile(
    r"\b(?:maybe|perhaps|possibly|dunno|unsure|depends|sometimes|usually|guess|suppose|think so|kind of|sort of|probably"
    r"|if|unless|but|except|only|idk|might|not sure|not certain|dont know|do not know|no idea|later)\b|\?"
)
WHOLE_YES = frozenset(
    (
        "please", "please do", "of course", "go on", "go on then", "go ahead", "go for it", "thats fine", "thats ok",
        "thats okay", "thats right", "it is", "i do", "i am", "i have", "i can", "it is safe", "its safe",
        "its fine", "its ok", "its okay", "they can", "you can", "they may", "no problem", "no worries", "why not",
        "works for me", "sounds good", "do it", "for sure", "safe", "they do", "we do", "there are", "i have kids",
        "i have children", "they have", "she has", "he has", "they agreed", "she agreed", "he agreed", "she does",
        "he does", "she did", "he did", "they did", "she knows", "he knows", "they know", "i did",
    )
)  # fmt: skip
WHOLE_NO = frozenset(
    (
        "i dont think so", "dont think so", "better not", "rather not", "id rather not", "id prefer not",
        "prefer not to", "no way", "not really", "not safe", "its not", "it isnt", "it is not", "i do not",
        "i am not", "im not", "i have not", "i havent", "please dont", "not at all", "none", "unsafe", "not yet",
        "absolutely not", "definitely not", "of course not", "certainly not", "no thanks", "no thank you", "no ta",
        "no chance", "there arent", "i dont", "they dont", "she doesnt", "he doesnt", "it is unsafe", "no kids",
        "no children",
    )
)  # fmt: skip
POLITE = re.compile(
    r"\b(?:please|pls|plz|thanks|thank you|ta|cheers|thx|x+|that|thats|is|it|its|go on|then|i|do|am|sorry|mate|love|ty)\b"
)


def yes_no(text: object) -> bool | Problem:
    """A yes or a no in one of its many forms. What could be either is UNCLEAR. Never use this for consent."""
    words = plain(text)
    if isinstance(words, Problem):
        emoji = text.strip() if isinstance(text, str) else ""
        return {"👍": True, "👎": False}.get(emoji[:1], words)
    if words in WHOLE_YES:
        return True
    if words in WHOLE_NO:
        return False
    if UNSURE.search(words):
        return Problem.UNCLEAR
    said = set(words.split())
    if said & NO_WORDS:
        # "Yes, it's not a problem" and "no, that's fine" could be meant either way.
        return Problem.UNCLEAR if said & YES_WORDS else False
    if words.split()[0] in YES_WORDS:
        return True
    rest = " ".join(POLITE.sub(" ", words).split())
    return True if rest in WHOLE_YES or (rest and set(rest.split()) <= YES_WORDS) else Problem.UNCLEAR


TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
NUMBER_WORDS = dict(zip(TEENS, range(10, 20))) | dict(zip(TENS, range(20, 100, 10)))
# A birthday to come, or an age of long ago: the number alone would mislead.
OTHER_TIME = re.compile(
    r"\b(?:was|were|when|since|until|till|next|soon|tomorrow|turn|turning|in a|ago|started|son|daughter|kid|kids)\b"
)


def over_16(text: object) -> bool | Problem:
    """Whether somebody is 16 or over: "17", "yes", "im 15", "in my thirties"."""
    words = plain(text, 100)
    if isinstance(words, Problem):
        return words
    if OTHER_TIME.search(words):
        return Problem.UNCLEAR
    if re.search(r"\b(?:under|below|younger than|less than|nearly|almost|not|not yet)\s+(?:16|sixteen)\b", words):
        return False
    if re.search(r"\b(?:over|above|older than|more than|at least)\s+(?:1[6-9]|sixteen|eighteen|[2-9]\d)\b", words):
        return _unless_denied(words)
    ages = [int(each) for each in re.findall(r"\b(\d{1,3})(?:s|yo|yrs?|years?|f|m)?\b", words)]
    spelled = (NUMBER_WORDS.get(re.sub(r"ties$", "ty", each)) for each in words.split())
    ages += [age for age in spelled if age is not None]
    if any(not 5 <= age <= 120 for age in ages):
        return Problem.UNCLEAR
    sides = {age >= 16 for age in ages}
    if len(sides) == 1:
        return Problem.UNCLEAR if re.search(r"\b(?:not|no|nope|under|below)\b", words) and True in sides else sides.pop()
    if sides:
        return Problem.UNCLEAR
    return True if re.search(r"\b(?:an adult|adult|grown up|pensioner|retired)\b", words) else yes_no(words)


def _unless_denied(words: str) -> bool | Problem:
    return Problem.UNCLEAR if re.search(r"\b(?:not|no|nope|nah)\b", words) else True
