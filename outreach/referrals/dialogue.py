"""How a referral is talked through, one message at a time. Knows no Rasa: a state and a message in, a state and words out.

Consent comes first and only a clear yes goes on. Every question can be skipped (but consent, area and contact), gone back
to, corrected, interrupted by a question or left. Whoever leaves, however they leave, leaves nothing: the state is dropped.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from outreach.directory.whereabouts import Resolver, Whereabouts, heard
from outreach.model.place import ResolutionKind
from outreach.referrals import answers as read
from outreach.referrals.answers import Problem, SafeTimes
from outreach.referrals.consent import new_form_key
from outreach.referrals.steps import (
    AGREED,
    BY_NAME,
    CHANGE,
    CONSENT,
    ENOUGH,
    STEPS,
    SUMMARY,
    State,
    Step,
    next_step,
    response_of,
    summary,
)
from outreach.understanding.catalogue import ANSWERABLE

_STOP = {
    "stop", "cancel", "leave it", "never mind", "nevermind", "forget it", "i changed my mind", "no stop", "stop this",
    "dont send it", "do not send it", "i dont want this", "quit this", "no thanks", "no thank you",
}
_BACK = {"back", "go back", "previous", "undo"}
_SKIP = {
    "skip", "pass", "next", "skip this", "rather not say", "id rather not say", "prefer not to say", "i prefer not to say",
    "id rather not", "rather not", "dont want to say", "i dont want to say", "no answer",
}
_NO = {"no", "nope", "no not now", "not now", "no way", "nah", "no i dont", "i do not agree", "i dont agree"}
_SEND = {"yes send it", "send it", "send", "yes send", "yes please send it", "send now", "yes send it now", "please send it"}
_CORRECTS = re.compile(r"\b(no|actually|sorry|wrong|meant|mistake|correct(ion)?|change|instead|rather)\b", re.IGNORECASE)
_NAMES_SELF = re.compile(
    r"\b(?:my name is|call me|name's|i am called|i'm called|i'?m|this is)\s+([A-Za-z][\w'-]{1,30})\b", re.IGNORECASE
)
_NOT_NAMES = {
    "in", "at", "from", "not", "a", "the", "scared", "worried", "being", "on", "so", "really", "near", "back", "living",
    "afraid", "asking", "trying", "looking", "just", "under", "over", "ready", "ok", "okay", "fine", "sure",
}
_PROFESSIONAL = re.compile(
    r"\b(client|patient|service user|tenant of ours|pupil|on behalf of|i work (?:with|at|for)|caseload)\b", re.IGNORECASE
)
_OTHERS = r"(?:friend|sister|mum|mother|daughter|cousin|neighbour|colleague|aunt|nan|mate)"
_SOMEONE = re.compile(
    rf"\b(?:refer|help|support|contact|ring|call|for)\s+(?:my|a)\s+{_OTHERS}\b|\bfor (?:someone|somebody) else\b",
    re.IGNORECASE,
)
_PARTS = {
    "name": ("name",), "place": ("area", "town", "place", "postcode"), "contact_way": ("how to reach me", "way", "call", "text"),
    "contact": ("number", "email", "phone", "mobile", "contact"), "safe_times": ("times", "time", "days", "when"),
    "over_16": ("age", "16"), "voicemail": ("voicemail",), "if_someone_answers": ("someone else answers", "answers"),
    "code_word": ("code", "code word"), "help_wanted": ("help",), "children_at_home": ("children", "kids"),
    "needs": ("needs", "language", "access"), "describes_as": ("woman", "man", "describe"),
}
_MOST_TRIES = 2
_SURE = 0.6
_VERY_SURE = 0.8


@dataclass(frozen=True)
class Heard:
    """A message as it was understood: what it says, the intent, how sure that is, and the places it names."""

    text: str
    intent: str | None = None
    confidence: float = 0.0
    places: tuple[str, ...] = ()

    @property
    def plain(self) -> str:
        """The text without case and punctuation, to compare with fixed words."""
        return re.sub(r"[^a-z0-9 ]", "", self.text.lower().replace("'", "").replace("’", "")).strip()


@dataclass(frozen=True)
class Say:
    """Something to say: a response with its values and choices; `text` is said as it is, where the exact words count."""

    response: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    text: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What comes of a message. `state` None: the form is over and nothing of it is kept.

    `question`: an intent to answer before anything is said here. `topic`: services to show after it. `send`: the person
    has said the second clear yes to what the state holds.
    """

    state: State | None
    says: tuple[Say, ...] = ()
    question: str | None = None
    topic: str | None = None
    where: Whereabouts | None = None
    send: bool = False


class ConsentWording(Protocol):
    """The consent wording in force."""

    @property
    def text(self) -> str:
        """The exact words."""

    @property
    def version(self) -> str:
        """Their version."""


class Dialogue:
    """Talks a referral through. Holds no state of its own."""

    def __init__(self, gazetteer: Resolver, consent: ConsentWording) -> None:
        self._gazetteer = gazetteer
        self._consent = consent

    def begin(self, said: Heard, known: Whereabouts | None = None) -> Outcome:
        """Explain and ask for consent. What the message tells already is used after a yes, and only then."""
        state: State = {"step": CONSENT, "answers": {}, "skipped": [], "more": None, "tries": 0, "trail": [],
                        "returning": False, "before": self._told_before(said, known), "key": None}
        if _PROFESSIONAL.search(said.text) or said.intent == "ask_professional":
            return self._ask_agreed(state, "professional")
        if _SOMEONE.search(said.text):
            return self._ask_agreed(state, "someone")
        return Outcome(state, (self._consent_question(),))

    def go_on(self, state: State, said: Heard, now: datetime) -> Outcome:
        """What a message comes to in a referral that was begun. The caller has dealt with danger and leaving before."""
        state = {**state, "answers": dict(state["answers"]), "skipped": list(state["skipped"]), "trail": list(state["trail"])}
        if said.plain in _STOP or (said.intent == "withdraw_referral" and said.confidence >= _VERY_SURE):
            return Outcome(None, (Say("utter_referral_left"),))
        step = state["step"]
        if step == CONSENT:
            return self._hear_consent(state, said, now)
        if step == AGREED:
            return self._hear_agreed(state, said)
        if said.plain in _BACK:
            return self._back(state)
        if step == ENOUGH:
            return self._hear_enough(state, said)
        if step == SUMMARY:
            return self._hear_summary(state, said)
        if step == CHANGE:
            return self._hear_change(state, said)
        return self._hear_answer(state, BY_NAME[step], said)

    # Consent

    def _consent_question(self) -> Say:
        return Say(text=self._consent.text, choices=("Yes, I agree", "No, not now", "It's for someone else"))

    def _hear_consent(self, state: State, said: Heard, now: datetime) -> Outcome:
        if read.is_clear_yes(said.text):
            state["consent"] = {"version": self._consent.version, "given_at": now.isoformat()}
            state["key"] = new_form_key()
            state["answers"] = {**state["answers"], **state.pop("before", {})}
            return self._ask_next(state, self._said_back(state))
        # Whatever else was said, what was told before consent is not kept.
        state["before"] = {}
        if "someone else" in said.plain:
            return self._ask_agreed(state, "someone")
        if said.plain in _NO or said.intent == "deny":
            return Outcome(None, (Say("utter_referral_declined"),))
        if self._asks(said, _SURE):
            return Outcome(state, (self._consent_question(),), question=said.intent)
        state["tries"] += 1
        if state["tries"] > _MOST_TRIES:
            return Outcome(None, (Say("utter_referral_declined"),))
        return Outcome(state, (Say("utter_referral_consent_unclear", choices=self._consent_question().choices),))

    def _ask_agreed(self, state: State, whose: str) -> Outcome:
        state.update(step=AGREED, before={}, tries=0)
        state["answers"] = {"on_behalf_of": whose}
        return Outcome(state, (Say("utter_referral_someone_else", choices=("Yes, they have agreed", "Not yet")),))

    def _hear_agreed(self, state: State, said: Heard) -> Outcome:
        agreed = read.yes_no(said.text)
        if agreed is True:
            state["answers"]["person_agreed"] = True
            state.update(step=CONSENT, tries=0)
            return Outcome(state, (Say(text=self._consent.text, choices=("Yes, I agree", "No, not now")),))
        if agreed is False or "not yet" in said.plain:
            return Outcome(None, (Say("utter_referral_not_agreed"),))
        if self._asks(said, _SURE):
            again = Say("utter_referral_someone_else", choices=("Yes, they have agreed", "Not yet"))
            return Outcome(state, (again,), question=said.intent)
        state["tries"] += 1
        if state["tries"] > _MOST_TRIES:
            return Outcome(None, (Say("utter_referral_not_agreed"),))
        return Outcome(state, (Say("utter_referral_someone_else", choices=("Yes, they have agreed", "Not yet")),))

    # Questions

    def _ask_next(self, state: State, says: tuple[Say, ...] = ()) -> Outcome:
        if state["returning"]:
            # Something was changed from the summary; what hangs on it may be open again, and comes first.
            upcoming = next_step(state)
            state["returning"] = upcoming != SUMMARY and upcoming != ENOUGH
            state["step"] = upcoming if state["returning"] else SUMMARY
        else:
            state["step"] = next_step(state)
        state["tries"] = 0
        return Outcome(state, (*says, self._question(state)))

    def _question(self, state: State) -> Say:
        step = state["step"]
        if step == ENOUGH:
            return Say("utter_referral_enough", choices=("Send now", "Add more"))
        if step == SUMMARY:
            return Say("utter_referral_summary", {"summary": summary(state["answers"])},
                       ("Yes, send it", "Change something", "Stop"))
        if step == CHANGE:
            return Say("utter_referral_ask_change", choices=self._changeable(state))
        asked = BY_NAME[step]
        if state.get("options") and step == "place":
            return Say("utter_which_place", {"place": state["asked_place"]}, tuple(title for title, *_ in state["options"]))
        way = {"call": "call", "text": "text", "email": "email"}.get(str(state["answers"].get("contact_way")), "")
        return Say(response_of(asked, state["answers"]), {"way": way}, asked.offered())

    def _hear_answer(self, state: State, step: Step, said: Heard) -> Outcome:
        if said.plain in _SKIP or (said.plain == "none" and step.name == "needs"):
            if not step.may_skip:
                return Outcome(state, (Say("utter_referral_cannot_skip"), self._question(state)))
            state["skipped"].append(step.name)
            state["trail"].append(step.name)
            return self._ask_next(state)
        corrected = self._correction(state, step, said)
        if corrected is not None:
            return corrected
        if step.free and self._asks(said, _VERY_SURE) and (said.text.rstrip().endswith("?") or len(said.text.split()) > 3):
            return Outcome(state, (self._question(state),), question=said.intent)
        if step.name == "place":
            return self._hear_place(state, said)
        value = step.read(said.text, state["answers"])
        if step.name == "contact_way" and isinstance(value, Problem):
            return self._hear_contact_at_once(state, said)
        if isinstance(value, Problem):
            return self._not_read(state, step, said, value)
        return self._take(state, step.name, value, said)

    def _not_read(self, state: State, step: Step, said: Heard, problem: Problem) -> Outcome:
        if self._asks(said, _SURE):
            return Outcome(state, (self._question(state),), question=said.intent)
        if problem is Problem.UNCLEAR and step.name == "safe_to_contact" and "not" in said.plain.split():
            return self._take(state, step.name, False, said)
        by_email = state["answers"].get("contact_way") == "email"
        reason = {
            "contact": "utter_referral_bad_email" if by_email else "utter_referral_bad_number",
            "place": "utter_referral_bad_area",
        }.get(step.name, "utter_referral_bad_answer")
        # The other replies ask again in their own words.
        again = (self._question(state),) if reason == "utter_referral_bad_answer" else ()
        return Outcome(state, (Say(reason), *again))

    def _take(self, state: State, name: str, value: Any, said: Heard) -> Outcome:
        if name == "over_16" and value is False:
            return Outcome(None, (Say("utter_referral_under_16"),), topic="under_16")
        state["trail"].append(name)
        if name == "safe_to_contact" and value is False:
            for gone in ("contact_way", "contact", "safe_to_contact"):
                state["answers"].pop(gone, None)
            return self._ask_next(state, (Say("utter_referral_not_safe"),))
        state["answers"][name] = value.to_dict() if isinstance(value, SafeTimes) else value
        if name in state["skipped"]:
            state["skipped"].remove(name)
        if name == "contact_way":
            self._forget_contact_of_another_way(state)
            if "contact" not in state["answers"]:
                self._fill_contact(state, said)
        if name == "contact":
            state["answers"].pop("safe_to_contact", None)
        return self._ask_next(state)

    def _hear_contact_at_once(self, state: State, said: Heard) -> Outcome:
        """Somebody asked how to be reached and gave the address or number straight away."""
        email = read.contact_email(said.text)
        if not isinstance(email, Problem):
            state["answers"].update(contact_way="email", contact=email)
            state["trail"].append("contact_way")
            return self._ask_next(state)
        return self._not_read(state, BY_NAME["contact_way"], said, Problem.UNCLEAR)

    @staticmethod
    def _forget_contact_of_another_way(state: State) -> None:
        contact = state["answers"].get("contact")
        way = state["answers"]["contact_way"]
        if contact is not None and isinstance(read.contact(contact, way), Problem):
            state["answers"].pop("contact", None)
            state["answers"].pop("safe_to_contact", None)

    @staticmethod
    def _fill_contact(state: State, said: Heard) -> None:
        found = read.contact(said.text, state["answers"]["contact_way"])
        if not isinstance(found, Problem):
            state["answers"]["contact"] = found

    # Places

    def _hear_place(self, state: State, said: Heard) -> Outcome:
        for title, district, area in state.get("options") or []:
            if said.plain == Heard(title).plain:
                return self._take_place(state, Whereabouts(title, district, area, outside=area is None))
        confirmed = next((name for name in state.pop("suggested", ()) if said.plain == Heard(name).plain), None)
        places = (confirmed,) if confirmed else said.places
        where = heard(self._gazetteer, places, said.text, answering=confirmed is None)
        if where is None:
            return self._not_read(state, BY_NAME["place"], said, Problem.UNCLEAR)
        question = where.question
        if question is None:
            return self._take_place(state, where)
        if question.kind is ResolutionKind.AMBIGUOUS:
            state["options"] = [[o.title, o.district or o.elsewhere, o.outreach_area] for o in question.options]
            state["asked_place"] = question.place or said.text[:60]
            return Outcome(state, (self._question(state),))
        if question.kind is ResolutionKind.SUGGEST:
            state["suggested"] = list(question.suggestions)
            return Outcome(state, (Say("utter_place_suggested", choices=question.suggestions),))
        return Outcome(state, (Say("utter_referral_bad_area"),))

    def _take_place(self, state: State, where: Whereabouts) -> Outcome:
        if where.outside or not where.area:
            return Outcome(None, (Say("utter_referral_outside", {"place": where.place or "That"}),),
                           topic="outside_county", where=where)
        self._keep_place(state["answers"], where)
        state.pop("options", None)
        state.pop("asked_place", None)
        state["trail"].append("place")
        return self._ask_next(state, self._said_back(state))

    @staticmethod
    def _keep_place(answers: dict[str, Any], where: Whereabouts) -> None:
        answers.update(place=where.place, district=where.district, outreach_area=where.area)

    @staticmethod
    def _said_back(state: State) -> tuple[Say, ...]:
        answers = state["answers"]
        if "outreach_area" not in answers:
            return ()
        return (Say("utter_referral_area_is", {"place": answers["place"], "area": answers["outreach_area"]}),)

    # Corrections, going back, changing

    def _correction(self, state: State, step: Step | None, said: Heard) -> Outcome | None:
        """A new value for something answered before ("no, my number is…"), or the wish to change it ("change my name")."""
        if not _CORRECTS.search(said.text):
            return None
        answers, asked = state["answers"], step.name if step else ""
        if "contact" in answers and asked != "contact":
            new = read.contact(said.text, answers["contact_way"])
            if not isinstance(new, Problem) and new != answers["contact"]:
                answers["contact"] = new
                answers.pop("safe_to_contact", None)
                return self._ask_next(state, (Say("utter_referral_changed"),))
        if "name" in answers and asked != "name":
            named = _own_name(said.text)
            if named and named != answers["name"]:
                answers["name"] = named
                return Outcome(state, (Say("utter_referral_changed"), self._question(state)))
        if "place" in answers and asked != "place" and said.places:
            where = heard(self._gazetteer, said.places, said.text, answering=False)
            if where and where.area and where.place != answers["place"]:
                self._keep_place(answers, where)
                return Outcome(state, (Say("utter_referral_changed"), *self._said_back(state), self._question(state)))
        if said.plain.startswith(("change ", "i want to change ", "can i change ")):
            return self._jump(state, said)
        return None

    def _back(self, state: State) -> Outcome:
        if not state["trail"]:
            state["step"] = CONSENT
            return Outcome(state, (self._consent_question(),))
        last = state["trail"].pop()
        self._reopen(state, last)
        state["step"], state["tries"] = last, 0
        return Outcome(state, (Say("utter_referral_back"), self._question(state)))

    @staticmethod
    def _reopen(state: State, name: str) -> None:
        state["answers"].pop(name, None)
        if name in state["skipped"]:
            state["skipped"].remove(name)
        if name == "place":
            for gone in ("district", "outreach_area"):
                state["answers"].pop(gone, None)
        if name in ("contact_way", "contact"):
            for gone in ("contact", "safe_to_contact"):
                state["answers"].pop(gone, None)
        state["more"] = None if BY_NAME[name].core and not state["returning"] else state["more"]

    def _hear_enough(self, state: State, said: Heard) -> Outcome:
        if said.plain in _SEND or said.plain in ("now", "enough", "thats enough", "thats all", "no", "no more"):
            state["more"] = False
        elif said.plain in ("add more", "more", "add", "yes add more", "add some more"):
            state["more"] = True
        else:
            return self._correction(state, None, said) or self._jump_or_ask_again(state, said)
        return self._ask_next(state)

    def _hear_summary(self, state: State, said: Heard) -> Outcome:
        if said.plain in _SEND or read.is_clear_yes(said.text):
            return Outcome(state, send=True)
        if said.plain in ("change something", "change", "no", "not yet") or (said.intent == "deny" and len(said.plain) < 20):
            state["step"] = CHANGE
            return Outcome(state, (self._question(state),))
        return self._correction(state, None, said) or self._jump_or_ask_again(state, said)

    def _hear_change(self, state: State, said: Heard) -> Outcome:
        if said.plain in ("something else", "other"):
            rest = tuple(BY_NAME[n].title for n in self._open_to_change(state)[4:])
            return Outcome(state, (Say("utter_referral_ask_change", choices=rest or self._changeable(state)),))
        return self._jump_or_ask_again(state, said)

    def _jump_or_ask_again(self, state: State, said: Heard) -> Outcome:
        jumped = self._jump(state, said)
        if jumped is not None:
            return jumped
        if self._asks(said, _SURE):
            return Outcome(state, (self._question(state),), question=said.intent)
        unclear = "utter_referral_send_unclear" if state["step"] == SUMMARY else "utter_referral_bad_answer"
        return Outcome(state, (Say(unclear), self._question(state)))

    def _jump(self, state: State, said: Heard) -> Outcome | None:
        """Go to the question that the message names, and back to the summary after it."""
        named = next((s.name for s in STEPS if s.title.lower() == said.text.strip().lower()), None) or next(
            (name for name, words in _PARTS.items() for word in words if re.search(rf"\b{word}\b", said.plain)), None
        )
        if named is None or not BY_NAME[named].when(state["answers"]):
            return None
        if state["step"] in (SUMMARY, CHANGE):
            state["returning"] = True
        self._reopen(state, named)
        state["step"], state["tries"] = named, 0
        return Outcome(state, (self._question(state),))

    @staticmethod
    def _open_to_change(state: State) -> list[str]:
        return [s.name for s in STEPS if s.name != "safe_to_contact" and s.when(state["answers"])]

    def _changeable(self, state: State) -> tuple[str, ...]:
        names = self._open_to_change(state)
        return (*(BY_NAME[n].title for n in names[:4]), "Something else")

    # What the first message told

    def _told_before(self, said: Heard, known: Whereabouts | None) -> dict[str, Any]:
        told: dict[str, Any] = {}
        named = _own_name(said.text)
        if named:
            told["name"] = named
        where = heard(self._gazetteer, said.places, said.text, answering=False)
        where = where if where and where.area else known
        if where and where.area:
            self._keep_place(told, where)
        way = read.contact_way(said.text)
        for candidate in ([way] if not isinstance(way, Problem) else ["text", "call", "email"]):
            contact = read.contact(said.text, candidate)
            if not isinstance(contact, Problem):
                told["contact"] = contact
                if not isinstance(way, Problem) or candidate == "email":
                    told["contact_way"] = candidate
                break
        return told

    @staticmethod
    def _asks(said: Heard, sure: float) -> bool:
        return said.intent in ANSWERABLE and said.confidence >= sure and said.intent != "request_referral"


def _own_name(text: str) -> str | None:
    match = _NAMES_SELF.search(text)
    if match is None or match.group(1).lower() in _NOT_NAMES or match.group(1).lower().endswith("ing"):
        return None
    found = read.name(match.group(1))
    return None if isinstance(found, Problem) else found


def plainly_answers(state: State | None, text: str) -> bool:
    """Whether a message is one of the form's own words, or a short plain answer to the question that was asked."""
    if state is None:
        return False
    said = Heard(text)
    if said.plain in _STOP | _BACK | _SKIP | _NO | _SEND or read.is_clear_yes(text):
        return True
    step = BY_NAME.get(state["step"])
    if step is None or len(text.split()) > 6:
        return False
    if step.name == "name":
        return len(text.split()) <= 2
    return not step.free and step.name != "place" and not isinstance(step.read(text, state["answers"]), Problem)
