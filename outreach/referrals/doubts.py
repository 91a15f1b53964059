"""When words are not taken as the answer at once: fears about being reached, sentences, where somebody else is.

Nothing is refused for good. What may be a name after all is asked back, and taken on a yes or when it is said again.
"""
from __future__ import annotations

import re

_OTHERS = (
    r"(?:he|hes|she|shes|they|theyre|someone|somebody|my (?:husband|wife|partner|ex|boyfriend|girlfriend|bf|gf|dad|mum|father"
    r"|mother|brother|sister|son|daughter|family|in laws|uncle|mother in law|father in law))"
)
_SEES = (
    r"(?:looks?|looking|checks?|checking|reads?|reading|sees?|hears?|listens?|listening|goes through|go through|going through"
    r"|tracks?|tracking|monitors?|monitoring|watch(?:es)?|has|got|knows?|controls?|took|takes|answers|picks up|opens?|uses?"
    r"|finds?|found)"
)
_PHONE = (
    r"(?:phones?|mobile|numbers?|texts?|messages?|emails?|e mails?|inbox|passwords?|calls?|voicemails?|post|letters?|it|them"
    r"|this|everything|me|my stuff)"
)
# "He looks at it", "she goes through my phone"; not "he never looks at it".
_THEY_SEE = re.compile(
    rf"\b{_OTHERS}(?: (?:always|often|still|also|can|could|might|will|may|is|would|just|then))* {_SEES}\b"
    rf"(?: (?:at|to|in|on|into|through|out|about|all|of))*(?: (?:my|the|our|this|that))?(?: {_PHONE}\b)?"
)
# "He hears me", "he's got everything": these may be danger.
_NO_PHONE = frozenset((
    "me", "everything", "all", "my", "the", "our", "this", "that", "at", "to", "in", "on", "into", "through", "out",
    "about", "of",
))  # fmt: skip
_SEES_ALONE = re.compile(_SEES)
_AROUND_A_FEAR = frozenset((
    "no", "not", "yes", "but", "and", "so", "cos", "because", "well", "sorry", "always", "sometimes", "my", "phone", "i",
    "think",
))  # fmt: skip
_NOT_THAT = re.compile(
    r"\b(?:not|dont use|do not use|never|cant use|anything but) (?:on |by |to )?(?:my|this|that|the|our) "
    r"(?:own |home |house )?(?:phone|mobile|number|texts?|emails?|landline|inbox)\b"
)
_NOTHING_SAFE = re.compile(
    r"\b(?:nothing|nowhere|none|no way|no where|no phone|no number)\b.{0,20}\b(?:is|are|s|feels) ?(?:really )?safe\b"
    r"|\b(?:no safe (?:way|one|phone|number)|none of (?:them|those|these)|not safe|isnt safe|its not safe|arent safe)\b"
)
_FINDING_OUT = re.compile(
    r"\b(?:what if|dont want|do not want|scared|afraid|worried|cant let)\b.{0,20}\b(?:he|she|they|him|her|them)\b"
    rf".{{0,15}}\b{_SEES}\b"
)

# What English sentences are made of, and names seldom.
_SENTENCE_WORDS = (
    "i im ive id ill my mine me we our us you your he hes she shes they theyre him his her hers them their it its this "
    "that these those am is are was were be been do does did dont doesnt didnt have has had havent hasnt can cant cannot "
    "could couldnt will wont would wouldnt should shouldnt may might must not no never nothing the a an to of for with "
    "without and or but if because so at on in into from by about before after until when where what who why how which "
    "there here now then only just please always know knows think want wants need needs say says tell see sees looks "
    "look checks check reads read hear hears listens call calls ring text texts email phone number home work safe scared "
    "what's he's she's it's i'm don't can't won't i've they're whats wheres hows u ur r im gonna one "
)
_SENTENCE = frozenset(_SENTENCE_WORDS.split())
_SUBJECT_WORDS = "i im ive ill you we he hes she shes they theyre it its dont not i'm i've he's she's they're it's don't"
_SUBJECTS = frozenset(_SUBJECT_WORDS.split())
_MOST_NAME_WORDS = 4
_THEIR_NAME = re.compile(
    r"^(?:no |and |well |ok )*(?:his|her|their|(?:my|the) (?:husband|wife|partner|ex|boyfriend|girlfriend)s?) names? "
    r"(?:is |was )?\w"
)
WHAT_IS_MEANT = frozenset((
    "what is that", "whats that", "what is this", "whats this", "what happens if i say yes", "what happens if i agree",
    "what does that mean", "what does this mean", "what do you mean", "what you mean", "wdym", "what do u mean",
    "i dont understand", "dont understand", "i do not understand", "i dont understand you", "not understand",
    "i no understand", "no understand", "huh", "what", "pardon", "eh", "sorry what", "sorry i dont understand",
    "i dont get it", "dont get it", "i dont know what you mean", "i dont know what that means", "im confused", "confused",
    "why", "why do you ask", "why do you need that", "why do you need it", "why do you need to know",
    "why do you want to know", "what for", "why does it matter", "like what", "such as", "say that again",
    "can you explain", "please explain", "explain", "can you say it again", "can you repeat that",
))  # fmt: skip


_WHY = re.compile(
    r"^(?:but |and |so |ok )*(?:why (?:do|would|are|should)|what do) (?:you|u|they|i) (?:need|want|ask|asking|have to|give)\b"
)
# Ways that the team has not got.
_OTHER_WAYS = re.compile(
    r"\b(?:letters?|by post|in the post|write to me|visit|come (?:round|over|here|to me)|in person|face to face|meet|whats ?app"
    r"|facebook|messenger|instagram|insta|snap|snapchat|telegram|signal|zoom|video|facetime|skype)\b"
)


def plain(text: str) -> str:
    """Small letters, without apostrophes and punctuation."""
    return " ".join(re.sub(r"[^\w]+", " ", re.sub(r"['’]", "", text.lower())).split())


def fears_being_seen(text: str) -> bool:
    """Whether somebody says that another reads, hears or finds what is sent to them: "not my phone, he looks at it"."""
    said = plain(text)
    return any(fear.search(said) for fear in (_THEY_SEE, _NOT_THAT, _FINDING_OUT))


def is_plain_fear(text: str) -> bool:
    """Whether this is about what another sees of a phone or what is sent there, and nothing else: "he might see it"."""
    said = plain(text)
    found = _THEY_SEE.search(said)
    last = found.group().split()[-1] if found else "me"
    about_it = last not in _NO_PHONE and _SEES_ALONE.fullmatch(last) is None
    return about_it and not set(without_fears(text).split()) - _AROUND_A_FEAR


def says_nothing_is_safe(text: str) -> bool:
    """Whether somebody finds no way safe: "nothing is safe"."""
    return _NOTHING_SAFE.search(plain(text)) is not None


def asks_what_is_meant(text: str) -> bool:
    """Whether somebody did not understand a question, or asks why it is asked."""
    said = plain(text)
    return said in WHAT_IS_MEANT or _WHY.match(said) is not None


def without_fears(text: str) -> str:
    """What is left of a message besides: "email, he checks my phone" leaves "email"."""
    said = plain(text)
    for fear in (_FINDING_OUT, _THEY_SEE, _NOT_THAT):
        said = fear.sub(" ", said)
    return " ".join(said.split())


def names_another(text: str) -> bool:
    """Whether this gives the name of somebody else: "his name is…"."""
    return _THEIR_NAME.match(plain(text)) is not None


def is_likely_name(words: str) -> bool:
    """Whether this is short, and no sentence. In any script: only words of English sentences speak against a name."""
    each = _each(words)
    odd = len(_odd(each))
    if len(each) == 1 or odd == 0:
        return len(each) <= _MOST_NAME_WORDS
    # "My Nguyen" and "Do Thi Mai" are names, and so is "He".
    return odd == 1 and (len(each) == 2 or (len(each) <= _MOST_NAME_WORDS and all(word[:1].isupper() for word in each)))


def is_sentence(words: str) -> bool:
    """Whether this is so plainly a sentence that to ask back whether it is a name would be strange."""
    each = _each(words)
    told = any(word.lower().replace("’", "'") in _SUBJECTS for word in each)
    return told and len(each) >= _MOST_NAME_WORDS and 2 * len(_odd(each)) >= len(each)


def _each(words: str) -> list[str]:
    return [word.strip(".,;:!?\"“”()") for word in words.split()]


def _odd(words: list[str]) -> list[str]:
    return [word for word in words if word.lower().replace("’", "'") in _SENTENCE]


def is_elsewhere(text: str, place: str, of_another: bool) -> bool:
    """Whether a place is named as one where the person is not: "I left Hitchin", "not Hitchin", "he lives in Hitchin".

    `of_another`: the form is for somebody else, so that "she lives in Hitchin" says where they are.
    """
    where = r"(?:(?:in|near|at|from|around|by|to|outside|of) )*"
    not_there = r"(?:not|isnt|arent|never|left|leaving|fled|moved (?:out|away)|moved from|away from|used to live|used to be)"
    theirs = rf"(?:{_OTHERS}|mum|dad|family)s? (?:lives?|living|works?|working|is|are|stays?|moved)"
    against = [not_there] if of_another else [not_there, theirs, r"(?:hes|shes|theyre)"]
    name = re.escape(plain(place))
    return any(re.search(rf"\b{each} (?:living |working |based |back )?{where}{name}\b", plain(text)) for each in against)


def wants_another_way(text: str) -> bool:
    """Whether somebody would like to be reached in a way that there is not: a letter, a visit, WhatsApp."""
    return _OTHER_WAYS.search(plain(text)) is not None
