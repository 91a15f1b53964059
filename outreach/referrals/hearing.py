"""What a message in the middle of a referral is: a word of the form's own, a name, a question, a correction, or an answer.

Nothing here knows the order of the questions; `dialogue` does.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outreach.referrals import answers as read
from outreach.referrals import doubts
from outreach.referrals.answers import Problem, SafeTimes
from outreach.referrals.reference import MISREAD, find_in
from outreach.referrals.steps import BY_NAME, Step
from outreach.understanding.catalogue import ANSWERABLE, FEELINGS


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


STOP = frozenset((
    "stop", "cancel", "leave it", "never mind", "nevermind", "forget it", "i changed my mind", "no stop", "stop this",
    "please stop", "dont send it", "do not send it", "dont send", "i dont want this", "quit this", "stop now",
    "bye", "bye bye", "goodbye",
))  # fmt: skip
BACK = frozenset(("back", "go back", "previous", "undo", "back please", "go back please"))
SKIP = frozenset((
    "skip", "pass", "next", "skip this", "skip it", "skip please", "rather not say", "id rather not say", "prefer not to say",
    "i prefer not to say", "id prefer not to say", "id rather not", "rather not", "dont want to say", "i dont want to say",
    "no answer", "no comment",
))  # fmt: skip
NO_THANKS = frozenset(("no thanks", "no thank you", "no ta"))
NO = NO_THANKS | {"no", "nope", "no not now", "not now", "no way", "nah", "no i dont", "i do not agree", "i dont agree"}
# To a question that asks for words of one's own, these give none.
NO_SUCH = frozenset((
    "i dont have one", "dont have one", "i havent got one", "havent got one", "i cant think of one", "cant think of one",
))  # fmt: skip
NOTHING = NO | NO_SUCH | {
    "none", "nothing", "not really", "no need", "not sure", "im not sure", "i dont know", "dont know", "idk",
}  # fmt: skip
# These are no words of one's own either: what was asked is asked again.
BARE_YES = frozenset(("yes", "yeah", "yep", "yes please", "y", "ok", "okay", "sure", "please", "k"))
SEND_NOW = frozenset((
    "send now", "send", "send it", "send it now", "now", "enough", "thats enough", "thats all", "no", "no more", "nothing else",
    "please send it", "yes send it", "yes send now",
)) | NO_THANKS  # fmt: skip
ADD_MORE = frozenset(("add more", "more", "add", "yes add more", "add some more"))
CHANGE_IT = frozenset(("change something", "change", "change it", "change that", "change some", "something else"))
# The second yes, beside those of `is_clear_yes`. Not "send" alone: somebody who texts it twice has not seen the summary.
SEND_IT = frozenset(("send it", "please send it", "send it please"))
FOR_ANOTHER = frozenset(("its for someone else", "someone else", "for someone else", "it is for someone else",
                         "its for somebody else", "for somebody else", "somebody else"))
FOR_MYSELF = re.compile(r"\b(?:for|it is|its) (?:me|myself)\b")
# The sender's own number, on SMS.
THIS_NUMBER = frozenset((
    "this", "this one", "this number", "use this number", "use this one", "this phone", "same", "same number",
    "the same number", "the same", "on this number", "the number im texting from",
    "the one im texting from", "the number i am texting from", "this is my number",
    "the one im using", "my number", "yes this one", "yes this number",
))  # fmt: skip

# What may be asked or told in mid-form: it is answered, and the form goes on.
INTERRUPTS = (ANSWERABLE | {"bot_challenge", "ask_capabilities", "talk_to_human", *FEELINGS}) - {
    "request_referral", "withdraw_referral", "ask_referral_status",
}  # fmt: skip
SURE = 0.6
VERY_SURE = 0.8

_ASKS = re.compile(
    r"^(?:(?:so|and|but|ok|wait|sorry|actually|hang on|no)[ ,]+)*(?:who|whos|what|whats|when|where|why|how|hows|which|can|could"
    r"|will|would|is|are|am|do|does|did|should|has|have|may)\b", re.IGNORECASE,
)
_CORRECTS = re.compile(
    r"^(?:no|nope|actually|sorry|wait|oh|oops|hang on|correction|i meant|thats wrong|that's wrong|wrong|please change)\b"
    r"|\b(?:i meant|should be|is wrong|was wrong|mistake|instead|change)\b", re.IGNORECASE,
)
WISH_TO_CHANGE = re.compile(r"\b(?:change|edit|fix|correct|update|different|wrong|isnt right|not right|redo)\b")
_CONTACT_GIVEN = re.compile(
    r"\b(?:my|her|his|their|the)\s+(?:new\s+|other\s+|work\s+|correct\s+|right\s+)?(?:number|mobile|phone|email|e-mail)\b",
    re.IGNORECASE,
)
_WAY_WANTED = re.compile(
    r"\b(?:call|ring|phone|text|txt|message|e-?mail)\s+(?:me|her|him|them)\b|\bby (?:phone|text|e-?mail)\b", re.IGNORECASE
)
_LIVES = re.compile(
    r"\b(?:i['’]?m|i am|we['’]?re|she['’]?s|he['’]?s|live|living|lives|staying|based|moved|area|town|place|postcode)\b",
    re.IGNORECASE,
)

_NAME = r"([^\W\d_][\w'’-]{1,30}(?:\s+[A-Z][\w'’-]{1,30})?)"
_SAYS_NAME = re.compile(
    r"(?<!not )(?<!n['’]t )(?<!dont )(?<!never )"
    rf"\b(?i:my name is|my name['’]s|call me|i am called|i['’]m called)\s+{_NAME}"
)
# "I'm Dee", with its capital, or "im dee in bushey": without either it may be anything ("i'm pregnant").
_IS_NAMED = re.compile(r"\b(?:[Ii]['’]?m|[Ii] am|[Tt]his is)\s+([A-Z][a-z][\w'’-]{0,30})\b")
_IS_NAMED_IN = re.compile(r"\b(?:i['’]?m|i am)\s+([a-z][\w'’-]{1,30})\s+(?:in|from|and my (?:number|email))\b", re.IGNORECASE)
_NOT_NAMES = _words(
    "in at from not a an the scared worried being on so really near back living afraid asking trying looking just under "
    "over  ready ok okay fine sure later after before tomorrow tonight today anytime when if instead please monday tuesday "
    "wednesday  thursday friday saturday sunday mornings evenings afternoons weekdays weekends only between any first again "
    "now soon  whenever during maybe sometime once every morning afternoon evening any always never muslim christian jewish "
    "hindu sikh  polish british english irish scottish welsh romanian indian pakistani bangladeshi chinese african asian "
    "black white deaf  blind gay bi trans lesbian straight autistic disabled pregnant homeless desperate alone safe unsafe "
    "broken ill sick  married single divorced separated stuck lost here there done out off up down away home very too also "
    "still always  urgent hard awful horrible confused sorry new born originally calling writing by via through with for no "
    "yes five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen "
    "twenty wrong right he she they him her it this that"
)
_ADJECTIVE = re.compile(r"(?:ing|ed|ful|less|ish|ous)$")

_UNDER_16 = re.compile(
    r"\b(?:i['’]?m|i am)\s+(?:only\s+|just\s+|nearly\s+|actually\s+)?"
    r"(?:[5-9]|1[0-5]|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen)\b"
    r"(?!\s*(?:[%.:/+-]\s*\d|%|weeks?|wks?|months?|mths?|days?|min(?:ute)?s?|hours?|hrs?|miles?|km|stone|kg|foot|feet|ft|am|pm"
    r"|o['’]?clock|years? (?:into|older|younger|in|sober|clean)|doors?|houses?))", re.IGNORECASE,
)
_FOR_ANOTHER = re.compile(
    r"^(?:(?:no|sorry|oh|actually|its|it is|this is|yes|but) )*(?:for|about) (?:my|a) "
    r"(?:friend|sister|mum|mam|mother|daughter|cousin|neighbour|colleague|aunt|auntie|nan|gran|mate|brother|dad|son)s?"
    r"(?! and (?:me|i)\b)\b"
)
_SAYS_MAN = re.compile(
    r"\b(?:i['’]?m|i am)\s+an?\s+(?:[a-z]+\s+)?(?:man|male|bloke|guy|lad|gentleman)\b(?!['’])", re.IGNORECASE
)
_PROFESSIONAL = re.compile(
    r"\b(?:my|our|refer an?|one of (?:my|our)) (?:client|patient|service user|pupil|tenant)s?\b"
    r"|\bon behalf of\b|\bcaseload\b|\bi work with (?:a|an|someone|somebody)\b", re.IGNORECASE,
)
_OTHERS = r"(?:friend|sister|mum|mam|mother|daughter|cousin|neighbour|colleague|aunt|auntie|nan|gran|mate|brother|dad|son)"
_SOMEONE = re.compile(
    rf"\b(?:refer|contact|ring|call|text|phone|email|talk to|speak to|help|visit)\s+(?:my|a)\s+{_OTHERS}\b"
    r"|\b(?:contact|ring|call|text|phone|email|talk to|speak to|support|visit)\s+her\b"
    rf"|\b(?:help|support|referral|it is|it['’]?s|this is)\s+for\s+(?:my|a)\s+{_OTHERS}\b(?! and (?:me|i)\b)"
    rf"|\bmy {_OTHERS} (?:needs|wants|would like|has asked|asked)\b|\brefer (?:her|him|them)\b"
    r"|\bfor (?:someone|somebody) else\b",
    re.IGNORECASE,
)
_NOT_ASKED = re.compile(
    r"\b(?:have\s?n['’]?t|have not|did\s?n['’]?t|did not|not)\s+(?:even\s+|yet\s+)?(?:asked|ask|told|tell|spoken to|talked to)"
    r"\s+(?:her|him|them)\b"
    r"|\b(?:she|he|they)\s+(?:does\s?n['’]?t|do\s?n['’]?t|does not|do not)\s+know\s+(?:yet|about (?:it|this)|i|im|i['’]m)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Heard:
    """A message as it was understood: what it says, the intent, how sure that is, and the places it names.

    `own_number`: on SMS, the sender's number as it was sealed by the channel.
    """

    text: str
    intent: str | None = None
    confidence: float = 0.0
    places: tuple[str, ...] = ()
    own_number: str | None = None

    @property
    def plain(self) -> str:
        """The text without case and punctuation, to compare with fixed words."""
        return " ".join(re.sub(r"[^a-z0-9 ]", " ", re.sub(r"['’]", "", self.text.lower())).split())

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split())

    @property
    def asks(self) -> bool:
        """Whether it has the form of a question."""
        return "?" in self.text or (self.words >= 3 and _ASKS.match(self.text) is not None)

    @property
    def corrects(self) -> bool:
        """Whether it has the form of a correction."""
        return _CORRECTS.search(self.text) is not None

    def interrupts(self, sure: float = SURE) -> bool:
        """Whether it was understood as something to be answered on its own."""
        return self.intent in INTERRUPTS and self.confidence >= sure

    def is_question(self) -> bool:
        """Whether it is a question that can be answered. Without a question mark it has to be surer."""
        return self.asks and self.interrupts(SURE if "?" in self.text else VERY_SURE)

    def gives_contact(self) -> bool:
        """Whether it says that a number or address is how to be reached, or puts one right."""
        return self.corrects or _CONTACT_GIVEN.search(self.text) is not None or _WAY_WANTED.search(self.text) is not None

    def says_where(self) -> bool:
        """Whether it says that somebody lives or is in a place, and does not just name one."""
        return _LIVES.search(self.text) is not None


def not_asked_yet(text: str) -> bool:
    """Whether somebody says that whom it is for does not know of it."""
    return _NOT_ASKED.search(text) is not None


def own_name(text: str) -> str | None:
    """What somebody says they are called, where that is plain."""
    match = _SAYS_NAME.search(text) or (None if text.isupper() else _IS_NAMED.search(text)) or _IS_NAMED_IN.search(text)
    if match is None:
        return None
    said = match.group(1)
    first = said.split()[0]
    if first.lower() in _NOT_NAMES or (first.islower() and _ADJECTIVE.search(first)):
        return None
    found = read.name(said)
    return None if isinstance(found, Problem) else found


def way_wanted(text: str) -> str | None:
    """How somebody asks to be reached: "text me". That a phone is spoken of is not enough."""
    way = read.contact_way(text) if _WAY_WANTED.search(text) else Problem.UNCLEAR
    return None if isinstance(way, Problem) else way


def contact_in(text: str) -> tuple[str | None, str] | None:
    """An address or number in somebody's words, and the way that it is for: "email", or None for call or text."""
    email = read.contact_email(text)
    if not isinstance(email, Problem):
        return "email", email
    number = read.contact_number(text)
    return None if isinstance(number, Problem) else (None, number)


def says_under_16(text: str) -> bool:
    """Whether somebody says an age under 16 of themselves, whatever was asked."""
    return _UNDER_16.search(text) is not None


def says_man(text: str) -> bool:
    """Whether somebody says of himself that he is a man, whatever was asked."""
    return _SAYS_MAN.search(text) is not None


def says_for_another(said: Heard) -> bool:
    """Whether somebody says, to the consent, that it is for another: "it's for my friend"."""
    return said.plain in FOR_ANOTHER or _FOR_ANOTHER.match(said.plain) is not None


def for_whom(said: Heard) -> str:
    """Whom a request is for, as `Answers.on_behalf_of` has it."""
    if _PROFESSIONAL.search(said.text) or said.intent == "ask_professional":
        return "professional"
    return "someone" if _SOMEONE.search(said.text) else "self"


# What plain answers are made of. A message with any other word in it may be danger, and is not held back from the reply to it.
_PLAIN = _words(
    "yes yeah yea yep yup y no nope nah n ok okay sure fine please thanks thank you not it its it's is the a an i im i'm am "
    "me my  that thats that's by on at with for in and or to be will do can they them would like prefer call calls phone "
    "ring text texts  message sms email emails mail number mobile landline address over under than old years year yo yrs "
    "any time anytime whenever  weekdays weekday weekends weekend monday mondays tuesday tuesdays wednesday wednesdays "
    "thursday thursdays friday fridays  saturday saturdays sunday sundays morning mornings afternoon afternoons evening "
    "evenings after before from till until  between pm safe unsafe none nothing"
)
_KINDS_OF_HELP = _words(
    "keep keeping get getting out safely help support housing house home emotional "
    "safety safe children child kids money legal law immigration visa health all"
    "everything"
)
# None of these is a name, a town or a code word when it stands in a short message that sounded like danger.
_DANGER_WORDS = _words(
    "he hes he's she shes she's they theyre him her us we me i im i'm ive my is are am not safe help police 999 now here "
    "home back  coming knife gun weapon kill killing die dying dead death hurt hurting hit hitting beat beating danger "
    "emergency sos save  scared bleeding blood attack attacked attacking exit leave leaving go going gone hide hiding close "
    "closed quick quickly run  running asap door outside inside downstairs upstairs behind watching baby kid kids child "
    "children mum dad son daughter  suicide suicidal end cut cutting overdose pills jump hang someone somebody fire locked "
    "trapped stabbed strangled choking  raped call ring please"
)
_CORRECTING = _words(
    "change actually sorry wait oh oops wrong instead meant should new name names called time times day days area town place "
    "code word age way help needs language interpreter voicemail line answer"
)
# Around a name or a reference these are none of them danger; nor is where somebody is, when it is about days and times.
_AROUND = _words("i im i'm am my me is it's please call not")
# As it is shown, or without its dashes.
_AS_SHOWN = re.compile(r"\b[0-9a-z]{4}[ -]?[0-9a-z]{4}[ -]?[0-9a-z]{2}\b", re.IGNORECASE)
# A postcode, times, or a number of ten digits may by chance be ten characters that fit.
_MAY_FIT_BY_CHANCE = ("place", "contact_way", "contact", "safe_times")
_WRITTEN_LIKE_ONE = re.compile(r"(?=\S*\d)[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{2}", re.IGNORECASE)
_AROUND_A_REFERENCE = _words(
    "i i've ive have had got get was given been my the a an this here here's heres is it it's its that that's ref reference "
    "number no code hi hello hey please thanks for referral and so"
)
_WHO_IS_WHERE = _words(
    "he hes he's she shes she's they him her are home out outside gone going go leaving kids children child we run"
)
# Where a fear about being reached is an answer, or what there is about one.
_OF_REACHING = ("name", "place", "contact_way", "contact", "safe_to_contact", "safe_times", "voicemail", "if_someone_answers")
_WHOSE = _words(
    "mum mums mum's mam's dads dad's friend friends friend's sister sisters sister's brothers work txt one other new own home"
)
_NOBODY_SEES = re.compile(
    r"(?:yes |yeah )*(?:nobody|noone|no one) (?:else )?(?:sees|reads|checks|knows|uses|looks at)(?: about)? (?:it|this|that)"
)
_MOTHER = _words("a an i'm im i am just single young new mum mam mother")
_PRONOUNS = _words("she her hers he him his they them theirs and or")
_TIMES = re.compile(
    r"\d|\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|week|weekdays?|weekends?|mornings?|afternoons?|evenings?|nights?|lunch"
    r"|noon|daytime|after|before|during|until|at (?:work|school|the gym|college))\b", re.IGNORECASE,
)
_NAMED_TIMES = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|weekdays?|weekends?|mornings?|afternoons?|evenings?|lunch(?:time)?|noon"
    r"|mon|tues?|weds?|thurs?|fri|daytime|(?:in|during) the day|(?:out|busy|away|at work) all day"
    r"|(?:school|office|working) hours|naps?(?: ?time)?"
    r"|(?:at|after|before|until|til|till|from) (?:about |around )?\d{1,2}(?:[.:]\d\d)?(?: ?(?:am|pm))?(?= |$)"
    r"|(?:at|after|before|during) (?:work|school|the gym|college|uni|nursery|the school run|lunch|tea|breakfast))\b",
    re.IGNORECASE,
)
_COUNTS_CHILDREN = re.compile(
    r"(?:(?:yes|just|i have|a|my|our|and|\d{1,2}|one|two|three|four|five|six|baby|little) ?)*"
    r"(?:kids?|child|children|boys?|girls?|sons?|daughters?|baby|babies|toddlers?|teenagers?)(?: please)?"
    r"(?: (?:is|are|aged|age|whos|who is|of)*(?: ?\d{1,2})(?: (?:and|years?|yrs?|yo|months?|weeks?|old|\d{1,2}))*)?"
    r"|(?:yes |and )*(?:one on the way|(?:im |i am )?(?:pregnant|expecting))"
)
_SELF_WORDS = frozenset(("i", "im", "i'm", "am"))
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_EMERGENCY = re.compile(r"(?<!\d)(?:999|112)(?!\d)")
_SAYS_TO_SAY = re.compile(r"^(?:just )?(?:say|tell|pretend|hang up|do not say|don['’]?t say)\b", re.IGNORECASE)


def is_only_a_reference(text: str) -> bool:
    """Whether this is a reference, with at most the words around one, so that it doesn't say what is wanted with it.

    Something written like one counts too, though a letter in it is wrong.
    """
    found = find_in(text)
    if found is None or len(text) > 100:
        return _WRITTEN_LIKE_ONE.fullmatch(text.strip()) is not None
    characters = found.replace("-", "")
    words = {word.lower().replace("’", "'") for word in re.findall(r"[^\W_][\w'’]*", text)}
    return all(word in _AROUND_A_REFERENCE or word.upper().translate(MISREAD) in characters for word in words)


def takes_back_by_reference(said: Heard) -> bool:
    """Whether an earlier referral is to be taken back, and which one is said as well, if with a slip."""
    named = find_in(said.text) is not None or _WRITTEN_LIKE_ONE.search(said.text) is not None
    return named and said.intent == "withdraw_referral" and said.confidence >= SURE


def turns_to_another(step: str, said: Heard) -> bool:
    """Whether somebody gives the reference of an earlier referral, or asks how it stands, where this step was asked."""
    if is_only_a_reference(said.text):
        written = _AS_SHOWN.search(said.text)
        return step not in _MAY_FIT_BY_CHANCE or (written is not None and _WORD.search(written.group()) is not None)
    # Where times, a number or a name are given, that is what was asked for.
    answers = contact_in(said.text) or own_name(said.text) or (step == "safe_times" and _names_times(said.text))
    if said.intent != "ask_referral_status" or answers:
        return False
    return (said.confidence >= VERY_SURE and said.words > 2) or ("?" in said.text and said.confidence >= SURE)


def plainly_answers(state: Mapping[str, Any] | None, text: str) -> bool:
    """Whether a message is one of the form's own words, or a short plain answer to the question that was asked.

    Without a state it is a reference that was asked for.
    """
    words = {word.lower().replace("’", "'") for word in _WORD.findall(re.sub(r"\S+@\S+", " ", text))}
    if state is None:
        return find_in(text) is not None and not words & (_DANGER_WORDS - _AROUND)
    said = Heard(text)
    if said.plain in STOP | BACK | SKIP | NO | SEND_NOW | SEND_IT | ADD_MORE | CHANGE_IT or read.is_clear_yes(text):
        return True
    if said.words > 10 or _EMERGENCY.search(text):
        return False
    step = BY_NAME.get(str(state.get("step")))
    return _changes(text, words) or (step is not None and _plain_at(step, said, words, state["answers"]))


def may_answer(text: str) -> bool:
    """Whether a message plainly answers a question of the form's with what could be taken for leaving: a way, a time, no."""
    return any(plainly_answers({"step": step, "answers": {}}, text) for step in ("contact_way", "safe_times"))


def only_names_a_way(text: str) -> bool:
    """Whether a message says how somebody wants to be reached ("text", "call me"), and nothing else."""
    words = {word.lower() for word in _WORD.findall(text)}
    # "He might see it" answers that question too, but somebody may leave with it.
    return not doubts.is_plain_fear(text) and _plain_at(BY_NAME["contact_way"], Heard(text), words, {})


def _plain_at(step: Step, said: Heard, words: set[str], answers: Mapping[str, Any]) -> bool:
    """Whether this plainly answers this question."""
    text = said.text
    if step.name in _OF_REACHING and doubts.is_plain_fear(text):
        return True
    if step.name == "contact" and said.plain in THIS_NUMBER:
        return True
    if step.name in ("contact_way", "contact"):
        words = words - _WHOSE
    if step.name == "safe_to_contact" and _NOBODY_SEES.fullmatch(said.plain):
        return True
    if step.name == "describes_as" and words <= _MOTHER:
        return True
    if step.name == "help_wanted":
        return words <= _PLAIN | _KINDS_OF_HELP and not isinstance(step.read(text, answers), Problem)
    if step.name == "children_at_home" and tells_of_children(text):
        return True
    if step.name == "safe_times" and _names_times(text) and not words & (_DANGER_WORDS - _AROUND - _WHO_IS_WHERE):
        return True
    if step.name == "safe_times" or not (step.free or step.name == "place"):
        # "I am not safe" is no answer about a number.
        of_self = bool(words & _SELF_WORDS and words & {"safe", "unsafe"})
        return not of_self and words <= _PLAIN and not isinstance(step.read(text, answers), Problem)
    if step.name == "if_someone_answers" and _SAYS_TO_SAY.match(text):
        return not words & (_DANGER_WORDS - _AROUND - {"hang"})
    if step.name == "name" and own_name(text) is not None:
        return not words - _AROUND & _DANGER_WORDS
    if step.name == "describes_as" and words <= _PRONOUNS:
        return True
    # "BSL please" is polite; "please" alone is not an answer.
    rest = words - {"please"} if step.name == "needs" and len(words) > 1 else words
    return said.words <= 3 and not rest & _DANGER_WORDS


def tells_times(text: str) -> bool:
    """Whether days or times are named."""
    times = read.safe_times(text)
    return (isinstance(times, SafeTimes) and bool(times.windows)) or _TIMES.search(text) is not None


def _names_times(text: str) -> bool:
    """Whether days or times are named, and not only words that may stand beside them: "2 go", "before he sees", "this week"."""
    times = read.safe_times(text)
    return (isinstance(times, SafeTimes) and bool(times.windows)) or _NAMED_TIMES.search(text) is not None


def tells_of_children(text: str) -> bool:
    """Whether this counts children, and says nothing else: "two boys", "2 kids"."""
    return _COUNTS_CHILDREN.fullmatch(Heard(text).plain) is not None


def _changes(text: str, words: set[str]) -> bool:
    """Whether this plainly puts something right: "no, my number is…", "actually call me Sam", "change my number"."""
    name = own_name(text)
    rest = words - _CORRECTING - ({each.lower() for each in name.split()} if name else set())
    named = contact_in(text) is not None or name is not None or "change" in words
    return named and _CORRECTS.search(text) is not None and rest <= _PLAIN and not rest & {"safe", "unsafe"}
