"""What people's words come to, for each question of the form. Nothing here raises on odd input: it names what is wrong."""
from __future__ import annotations

import re
import unicodedata
from enum import Enum

MOST_NAME = 60
MOST_WORDS = 300
MOST_CODE_WORD = 40
MOST_ANSWER = 200
# Joiners inside words of some scripts; every other invisible character is dropped.
JOINERS = "\u200c\u200d"
HELP = ("housing", "emotional support", "safety", "children", "money", "legal", "immigration", "health")


class Problem(Enum):
    """Why an answer cannot be taken as it is."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    UNCLEAR = "unclear"
    SEVERAL = "several"
    NOT_A_PHONE = "not_a_phone"
    NOT_UK = "not_uk"
    PREMIUM = "premium"
    EMERGENCY = "emergency"
    NOT_A_PERSONS_NUMBER = "not_a_persons_number"
    NOT_A_MOBILE = "not_a_mobile"
    NOT_AN_EMAIL = "not_an_email"
    NOT_A_NAME = "not_a_name"


def clean(text: object, most: int) -> str | Problem:
    """The words on one line, without control and invisible characters; a Problem where none or too many are left."""
    if not isinstance(text, str):
        return Problem.EMPTY
    # Cut before anything that takes time, well above what any answer may be.
    shown = (" " if each.isspace() else each for each in unicodedata.normalize("NFC", text[: 20 * MOST_WORDS]))
    kept = "".join(each for each in shown if each in JOINERS or not unicodedata.category(each).startswith("C"))
    line = " ".join(kept.split())
    if not line.strip(JOINERS + " "):
        return Problem.EMPTY
    return Problem.TOO_LONG if len(line) > most else line


def plain(text: object, most: int = MOST_ANSWER) -> str | Problem:
    """The words as they are compared: small, straight apostrophes gone, punctuation as spaces, but "?" kept."""
    line = clean(text, most)
    if isinstance(line, Problem):
        return line
    folded = unicodedata.normalize("NFKC", line).casefold()
    folded = re.sub(r"['’‘`´]", "", folded)
    return " ".join(re.sub(r"[^\w?+]+", " ", folded).split()) or Problem.UNCLEAR


def free_words(text: object, most: int = MOST_WORDS) -> str | Problem:
    """Somebody's own words, kept as they are."""
    return clean(text, most)


def code_word(text: object) -> str | Problem:
    """A word to say so that both know who is talking."""
    return clean(text, MOST_CODE_WORD)


LEAD_IN = re.compile(
    r"(?:(?:hi|hello|hey|yes|ok|okay|please|just|well|um|so)[,.!]?\s+)*"
    r"(?:(?:my|the|her|his|their)\s+(?:first\s+|full\s+)?name(?:['’]?s|\s+is)|i['’]?\s?am|i['’]?m|im"
    r"|(?:(?:you|they)\s+can\s+|please\s+|just\s+)*call\s+(?:me|her|him|them)"
    r"|it['’]?s|its|this\s+is|she['’]?s|he['’]?s|they(?:['’]re|\s+are)\s+called|i['’]?m\s+called|(?:people|friends)\s+call\s+me|name\s*:)\s+",
    re.IGNORECASE,
)
TRAILING = re.compile(r"[\s,.!]+(?:please|pls|thanks|thank you|ta|x+)?[\s,.!]*$", re.IGNORECASE)


def name(text: object) -> str | Problem:
    """What to call somebody: "my name is Dee" gives "Dee". Any script, 60 characters at most."""
    line = clean(text, MOST_ANSWER)
    if isinstance(line, Problem):
        return line
    bare = LEAD_IN.sub("", line, count=1) if LEAD_IN.match(line) else line
    bare = re.sub(r"^(?:just\s+)?(?:call(?:ed)?\s+(?:me\s+)?)", "", bare, flags=re.IGNORECASE) or bare
    bare = TRAILING.sub("", bare).strip(" ,.!?\"“”'") or bare
    if not any(each.isalpha() for each in bare) or re.search(r"@|://|www\.|\d{3}", bare):
        return Problem.NOT_A_NAME
    return Problem.TOO_LONG if len(bare) > MOST_NAME else bare


WOMAN = frozenset(
    (
        "woman", "female", "lady", "girl", "f", "w", "women", "she", "her", "hers", "shes",
    )
)  # fmt: skip
MAN = frozenset(
    (
        "man", "male", "bloke", "guy", "gentleman", "boy", "m", "men", "he", "him", "his", "hes", "lad", "fella",
    )
)  # fmt: skip
SAID_AROUND = frozenset(
    (
        "a", "an", "am", "im", "i", "identify", "as", "is", "its", "the", "just", "me", "cis", "young", "old",
        "older", "please",
    )
)  # fmt: skip


def describes_as(text: object) -> str | Problem:
    """ "woman", "man", or somebody's own words."""
    line = clean(text, MOST_NAME)
    words = plain(text, MOST_NAME)
    if isinstance(line, Problem) or isinstance(words, Problem):
        return line if isinstance(line, Problem) else Problem.UNCLEAR
    core = [each for each in words.split() if each not in SAID_AROUND]
    if core and set(core) <= WOMAN:
        return "woman"
    if core and set(core) <= MAN:
        return "man"
    return line


HELP_WORDS: tuple[tuple[str, str], ...] = (
    ("housing", r"hous\w*|home\w*|accommodation|rent|tenan\w*|mortgage|refuge|council|flat|move|moving|live|hostel|evict\w*"),
    ("emotional support", r"emotion\w*|counsel\w*|talk|talking|listen\w*|feel\w*|anxi\w*|confidence|support|upset"),
    ("safety", r"safe\w*|protect\w*|locks?|alarm|leave|leaving|getting (?:out|away)|injunction|non ?mol\w*|danger"),
    ("children", r"child\w*|kids?|son|sons|daughters?|baby|babies|school|nursery|contact"),
    ("money", r"money|financ\w*|debts?|bills?|benefits?|universal credit|uc|bank\w*|income|cash"),
    ("legal", r"legal\w*|law|lawyers?|solicitors?|court|divorce|custody|police|orders?|injunction"),
    ("immigration", r"immigra\w*|visas?|passport|home office|asylum|settle\w*|leave to remain|spouse visa|brp|nrpf|recourse"),
    ("health", r"health\w*|doctors?|gp|medical\w*|injur\w*|mental\w*|medication|drugs?|alcohol|drink\w*|pregnan\w*|disab\w*"),
)
NOT_KNOWN = re.compile(r"\b(?:not sure|unsure|dont know|do not know|dunno|idk|no idea|anything|not certain|whatever)\b")


def help_wanted(text: object) -> tuple[str, ...] | Problem:
    """Which kinds of help, out of words or numbers 1 to 8, in the order of HELP; "not sure" gives none."""
    words = plain(text, MOST_WORDS)
    if isinstance(words, Problem):
        return words
    if re.search(r"\b(?:all|everything)\b", words) and not re.search(r"\b(?:except|but|not)\b", words):
        return HELP
    rest = NOT_KNOWN.sub(" ", words)
    if re.search(r"\b(?:not|except|dont|without|no)\b", rest):
        return Problem.UNCLEAR
    # These words are of immigration alone; "home" and "leave" in them would count for others.
    alone = re.sub(r"\b(?:home office|leave to remain)\b", "visa", rest)
    alone = re.sub(r"\bsafe home\b", "home", re.sub(r"\bmental health support\b", "mental health", alone))
    numbers = {int(each) for each in re.findall(r"\d+", alone)}
    if numbers - set(range(1, len(HELP) + 1)):
        return Problem.UNCLEAR
    chosen = {HELP[each - 1] for each in numbers} | {
        kind for kind, pattern in HELP_WORDS if re.search(rf"\b(?:{pattern})\b", _without_of(alone, kind))
    }
    if not chosen:
        return () if rest != words else Problem.UNCLEAR
    return tuple(kind for kind in HELP if kind in chosen)


def _without_of(words: str, kind: str) -> str:
    """ "Housing support" is about housing: the word counts for emotional support only where it stands alone."""
    if kind != "emotional support":
        return words
    others = "|".join(pattern for other, pattern in HELP_WORDS if other not in (kind,))
    words = re.sub(rf"\b(?:{others})\s+support\b", " ", words)
    return re.sub(r"\bsupport\s+(?:with|for|about|around)\b", " ", words)


WAYS = {
    "call": r"call|calls|called|phone|phoned|phoning|calling|ring|rings|voice|telephone|tel",
    "text": r"text|texts|texted|texting|sms|txt|txts|message|messages|msg",
    "email": r"email|emails|emailed|mail|e mail|emailing",
}


def contact_way(text: object) -> str | Problem:
    """ "call", "text" or "email"."""
    words = plain(text)
    if isinstance(words, Problem):
        return words
    words = re.sub(r"\btext message\b", "text", words)
    words = re.sub(r"\b(?:dont|do not|not|no|never|rather than|instead of)\s+(?:a |by |to |me |please )*(?:\w+)", " ", words)
    found = {way for way, pattern in WAYS.items() if re.search(rf"\b(?:{pattern})\b", words)}
    return found.pop() if len(found) == 1 else Problem.UNCLEAR
