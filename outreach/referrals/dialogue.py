"""How a referral is talked through, one message at a time. Knows no Rasa: a state and a message in, a state and words out.

Consent comes first and only a clear yes goes on. Every question can be skipped (but consent, area and contact), gone back
to, corrected, interrupted by a question or left. Whoever leaves, however they leave, leaves nothing: the state is dropped.
A yes counts for the question that was asked last, and not for one that may never have been read.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from outreach.directory.whereabouts import Resolver, Whereabouts, heard
from outreach.model import Resolution
from outreach.model.place import ResolutionKind
from outreach.referrals import answers as read
from outreach.referrals import doubts, hearing, said_twice
from outreach.referrals.answers import SELF, Problem, SafeTimes
from outreach.referrals.consent import new_form_key
from outreach.referrals.hearing import VERY_SURE, Heard, plainly_answers
from outreach.referrals.steps import (
    AGREED,
    BY_NAME,
    CHANGE,
    CONSENT,
    ENOUGH,
    SKIP,
    STEPS,
    SUMMARY,
    State,
    Step,
    is_answered,
    next_step,
    response_of,
    summary,
)

__all__ = ["ConsentWording", "Dialogue", "Heard", "Outcome", "Say", "plainly_answers"]

AGREE = ("Yes, I agree", "No, not now")
TO_SEND = ("Yes, send it", "Change something", "Stop")
# What else a step's answers bring with them, and what goes when it is asked again.
_ALONG = {
    "place": ("district", "outreach_area"),
    "contact_way": ("contact", "contact_sealed", "safe_to_contact"),
    "contact": ("contact_sealed", "safe_to_contact"),
}
_PARTS = {
    "name": ("name",), "place": ("area", "town", "place", "postcode", "village"),
    "contact_way": ("how to reach me", "how you reach me", "way", "call", "text"),
    "contact": ("number", "email", "phone", "mobile", "contact"), "safe_times": ("times", "time", "days", "when"),
    "over_16": ("age", "16"), "voicemail": ("voicemail",), "if_someone_answers": ("someone else answers", "if someone"),
    "code_word": ("code", "code word"), "help_wanted": ("help",), "children_at_home": ("children", "kids"),
    "needs": ("needs", "language", "access", "interpreter"), "describes_as": ("woman", "man", "describe"),
}  # fmt: skip
_YES_OR_NO = ("safe_to_contact", "voicemail", "children_at_home")
# These take any words, so a statement that was understood as something else is answered first, when it is long enough.
_SHORT_WORDS = ("name", "code_word")
# Where a fear about being reached would be taken for the answer, and what is said to it.
_FEAR_AT = {
    "name": "referral_fear_before", "place": "referral_fear_before", "contact_way": "referral_fear_of_way",
    "contact": "referral_fear_of_way", "safe_times": "referral_fear_after", "code_word": "referral_fear_after",
    "describes_as": "referral_fear_after",
}  # fmt: skip
_MOST_TRIES = 2


@dataclass(frozen=True)
class Say:
    """Something to say: a response with its values and choices; `text` is said as it is, where the exact words count.

    `fixed` names one of `content/fixed_replies.yml` instead.
    """

    response: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    text: str | None = None
    fixed: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What comes of a message. `state` None: the form is over and nothing of it is kept.

    `question`: an intent to answer before anything is said here. `topic`: services to show after it. `send`: the person
    has said the second clear yes to what the state holds. `withdraw`: an earlier one is to be taken back, by the reference
    that the message gives.
    """

    state: State | None
    says: tuple[Say, ...] = ()
    question: str | None = None
    topic: str | None = None
    where: Whereabouts | None = None
    send: bool = False
    withdraw: bool = False


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

    def begin(self, said: Heard, now: datetime, known: Whereabouts | None = None) -> Outcome:
        """Explain and ask for consent. What the message tells already is used after a yes, and only then."""
        if hearing.says_under_16(said.text):
            return _under_16()
        state: State = {"step": CONSENT, "answers": {}, "skipped": [], "more": None, "tries": 0, "trail": [],
                        "undo": None, "before": self._told_before(said, known), "key": None,
                        "last_yes": said_twice.kept(None, said, now)}
        whose = hearing.for_whom(said)
        return Outcome(state, (self._ask_consent(state),)) if whose == SELF else self._ask_agreed(state, whose)

    def go_on(self, state: State, said: Heard, now: datetime) -> Outcome:
        """What a message comes to in a referral that was begun. The caller has dealt with danger and leaving before."""
        state = {**state, "answers": dict(state["answers"]), "skipped": list(state["skipped"]), "trail": list(state["trail"])}
        step, last_yes = state["step"], state.pop("last_yes", None)
        if said_twice.is_again(last_yes, step, said, now):
            if step == CONSENT:
                # Whatever was lost may be lost again: these words count only when there was time to read it.
                state["last_yes"] = last_yes
            # The long ones are asked alone: with words before them, a text would not show all of it at once.
            return self._again(state, None, *(() if step in (CONSENT, AGREED) else (Say(fixed="referral_said_twice"),)))
        outcome = self._hear(state, said, now)
        if outcome.state is not None and outcome.state["step"] != step:
            outcome.state["last_yes"] = said_twice.kept(step, said, now)
        return outcome

    def _hear(self, state: State, said: Heard, now: datetime) -> Outcome:
        step, maybe = state["step"], state.pop("maybe", None)
        if step == CHANGE and said.plain in hearing.BACK | hearing.NOTHING | {"never mind", "nevermind", "leave it"}:
            return self._ask_summary(state)
        left = self._leaves(said)
        if left is not None:
            return left
        if step == CONSENT:
            return self._hear_consent(state, said, now)
        if hearing.turns_to_another(step, said):
            return self._again(state, None, Say(fixed="referral_look_up_later"))
        if step == AGREED:
            return self._hear_agreed(state, said)
        if said.plain in hearing.BACK:
            return self._back(state)
        if step in (ENOUGH, SUMMARY, CHANGE):
            return self._hear_end(state, said)
        asked = BY_NAME[step]
        return self._hear_maybe(state, asked, said, maybe) or self._hear_answer(state, asked, said)

    @staticmethod
    def _leaves(said: Heard) -> Outcome | None:
        """The end of the form where somebody stops it, takes back an earlier one, or is under 16."""
        if hearing.takes_back_by_reference(said):
            return Outcome(None, (Say(fixed="referral_this_one"),), withdraw=True)
        if said.plain in hearing.STOP:
            return Outcome(None, (Say("utter_referral_left"),))
        if said.intent == "withdraw_referral" and said.confidence >= VERY_SURE:
            return Outcome(None, (Say("utter_referral_left"), Say(fixed="referral_earlier_one")))
        return _under_16() if hearing.says_under_16(said.text) else None

    # Consent

    def _ask_consent(self, state: State) -> Say:
        """All of it. A yes counts for the version that was shown, while it is the last or last but one thing that was said."""
        state.update(shown=self._consent.version, shortened=False)
        return Say(text=self._consent.text, choices=self._may_agree(state))

    @staticmethod
    def _may_agree(state: State) -> tuple[str, ...]:
        mine = state["answers"].get("on_behalf_of", SELF) == SELF
        return (*AGREE, "It's for someone else") if mine else AGREE

    def _ask_consent_shortly(self, state: State, shortly: Say) -> Outcome:
        """In fewer words; but not twice in a row, so that nobody agrees to what they last saw long ago, or not at all."""
        if state.get("shortened", True):
            return Outcome(state, (self._ask_consent(state),))
        state["shortened"] = True
        return Outcome(state, (replace(shortly, choices=self._may_agree(state)),))

    def _hear_consent(self, state: State, said: Heard, now: datetime) -> Outcome:
        if read.is_clear_yes(said.text) and state.get("shown") != self._consent.version:
            return Outcome(state, (self._ask_consent(state),))
        told = state.pop("before", {})
        if read.is_clear_yes(said.text):
            state["consent"] = {"version": self._consent.version, "given_at": now.isoformat()}
            state["key"] = new_form_key()
            state["answers"] = {**state["answers"], **told}
            state["trail"] = state["trail"] or [s.name for s in STEPS if s.name in state["answers"]]
            return self._ask_next(state, self._said_back(state))
        # Whatever else was said: what was told before it is not kept, and an earlier yes counts no more.
        state.pop("consent", None)
        if hearing.turns_to_another(CONSENT, said):
            return self._again(state, None, Say(fixed="referral_look_up_later"))
        if hearing.says_for_another(said):
            return self._ask_agreed(state, "someone")
        if said.plain in hearing.NO or (said.intent == "deny" and said.confidence >= VERY_SURE):
            return Outcome(None, (Say("utter_referral_declined"),))
        if doubts.asks_what_is_meant(said.text):
            return self._ask_consent_shortly(state, Say(fixed="referral_consent_plainer"))
        if hearing.not_asked_yet(said.text):
            return Outcome(None, (Say("utter_referral_not_agreed"),))
        if said.intent == "request_referral":
            return self._begin_again(state, said, told)
        if said.interrupts():
            return Outcome(state, (self._ask_consent(state),), question=said.intent)
        state["tries"] += 1
        if state["tries"] > _MOST_TRIES:
            return Outcome(None, (Say("utter_referral_declined"),))
        return self._ask_consent_shortly(state, Say("utter_referral_consent_unclear"))

    def _begin_again(self, state: State, said: Heard, told: Mapping[str, Any]) -> Outcome:
        """The request once more: its reply may have been lost, so all is explained again, and nothing that was told is lost."""
        whose = hearing.for_whom(said)
        if whose != SELF and state["answers"].get("on_behalf_of", SELF) == SELF:
            return self._ask_agreed(state, whose)
        state["before"] = {**told, **self._told_before(said, None)}
        return Outcome(state, (self._ask_consent(state),))

    def _ask_agreed(self, state: State, whose: str) -> Outcome:
        state.update(step=AGREED, before={}, tries=0, answers={"on_behalf_of": whose}, skipped=[], more=None, trail=[])
        return Outcome(state, (_have_they_agreed(),))

    def _hear_agreed(self, state: State, said: Heard) -> Outcome:
        if hearing.FOR_MYSELF.search(said.plain):
            state.update(step=CONSENT, answers={}, tries=0)
            return Outcome(state, (self._ask_consent(state),))
        agreed = read.yes_no(said.text)
        # "Ok" is nobody's agreement, and a long "no" may be about something else.
        if agreed is True and said.plain not in hearing.BARE_YES - {"yes", "yes please", "yeah", "yep"}:
            state["answers"]["person_agreed"] = True
            state.update(step=CONSENT, tries=0)
            return Outcome(state, (self._ask_consent(state),))
        if (agreed is False and said.words <= 5) or "not yet" in said.plain or hearing.not_asked_yet(said.text):
            return Outcome(None, (Say("utter_referral_not_agreed"),))
        if said.interrupts():
            return Outcome(state, (_have_they_agreed(),), question=said.intent)
        if said.intent == "request_referral":
            # The request once more, whose reply may have been lost.
            return Outcome(state, (_have_they_agreed(),))
        state["tries"] += 1
        if state["tries"] > _MOST_TRIES:
            return Outcome(None, (Say("utter_referral_not_agreed"),))
        return Outcome(state, (_have_they_agreed(),))

    # Asking

    def _ask_next(self, state: State, says: tuple[Say, ...] = ()) -> Outcome:
        state.update(step=next_step(state), tries=0)
        if state["step"] == SUMMARY:
            state["undo"] = None
        return Outcome(state, (*says, self._question(state)))

    def _ask_summary(self, state: State) -> Outcome:
        state.update(step=SUMMARY, tries=0, undo=None)
        return Outcome(state, (self._question(state),))

    def _question(self, state: State) -> Say:
        step, answers = state["step"], state["answers"]
        if step == CONSENT:
            return self._ask_consent(state)
        if step == AGREED:
            return _have_they_agreed()
        if step == ENOUGH:
            return Say("utter_referral_enough", choices=("Send now", "Add more"))
        if step == SUMMARY:
            return Say("utter_referral_summary", {"summary": summary(answers)}, TO_SEND)
        if step == CHANGE:
            return Say("utter_referral_ask_change", choices=self._changeable(state))
        asked = BY_NAME[step]
        if step == "place" and state.get("options"):
            return Say("utter_which_place", {"place": state["asked_place"]}, tuple(title for title, *_ in state["options"]))
        return Say(response_of(asked, answers), {"way": str(answers.get("contact_way") or "")}, asked.offered())

    def _again(self, state: State, question: str | None = None, *says: Say) -> Outcome:
        """Ask the same once more, after the answer to a question or something else that has to be said."""
        return Outcome(state, (*says, self._question(state)), question=question)

    # Answers

    def _hear_answer(self, state: State, step: Step, said: Heard) -> Outcome:
        if self._skips(step, said):
            return self._skip(state, step)
        put_right = self._correction(state, step.name, said)
        if put_right is not None:
            return put_right
        if hearing.says_man(said.text) and step.name != "describes_as" and state["answers"].get("on_behalf_of", SELF) == SELF:
            state["answers"]["describes_as"] = "man"
            return self._again(state, said.intent if said.interrupts() else None)
        if doubts.asks_what_is_meant(said.text):
            return self._again(state, None, Say(fixed="referral_in_your_time"))
        if said.is_question() or self._tells_something_else(step, said):
            return self._again(state, said.intent)
        doubt = self._doubt(state, step, said)
        if doubt is not None:
            return doubt
        if step.name == "contact_way":
            said = replace(said, text=doubts.without_fears(said.text)) if doubts.fears_being_seen(said.text) else said
        if step.name == "place":
            return self._hear_place(state, said)
        by_phone = step.name == "contact" and state["answers"].get("contact_way") != "email"
        if by_phone and said.own_number and said.plain in hearing.THIS_NUMBER:
            return self._take_own_number(state, said.own_number)
        value = self._value(state, step, said)
        if isinstance(value, Problem):
            return self._not_read(state, step, said, value)
        return self._take(state, step.name, value, said)

    # Doubts

    def _hear_maybe(self, state: State, step: Step, said: Heard, maybe: Mapping[str, Any] | None) -> Outcome | None:
        """What is said to "shall they call you that?". The same words again are a yes, whatever was said to them."""
        if maybe is None or step.name not in _SHORT_WORDS:
            return None
        agreed = maybe["asked"] and (said.plain in hearing.BARE_YES or read.yes_no(said.text) is True)
        if agreed or step.read(said.text, state["answers"]) == maybe["words"]:
            return self._take(state, step.name, maybe["words"], said)
        return self._again(state) if maybe["asked"] and said.plain in hearing.NO - hearing.NO_THANKS else None

    def _doubt(self, state: State, step: Step, said: Heard) -> Outcome | None:
        """What is said where the words are hardly the answer: a fear is answered, and what may be a name is asked back."""
        if self._is_only_a_fear(state, step, said):
            return self._again(state, None, Say(fixed=_FEAR_AT[step.name]))
        if step.name == "name" and doubts.names_another(said.text) and state["answers"].get("on_behalf_of", SELF) == SELF:
            return self._again(state, None, Say(fixed="referral_not_their_name"))
        if step.name not in _SHORT_WORDS or hearing.own_name(said.text) is not None:
            return None
        value = self._value(state, step, said)
        if isinstance(value, Problem) or doubts.is_likely_name(value):
            return None
        state["maybe"] = {"words": value, "asked": not doubts.is_sentence(value)}
        if not state["maybe"]["asked"]:
            return self._again(state, None, Say(fixed="referral_about_something_else"))
        return Outcome(state, (Say(fixed=f"referral_maybe_{step.name}", values={"words": value}, choices=("Yes", SKIP)),))

    def _is_only_a_fear(self, state: State, step: Step, said: Heard) -> bool:
        """Whether this tells that somebody else may see it, and answers nothing."""
        if step.name in ("contact_way", "contact") and doubts.says_nothing_is_safe(said.text):
            return hearing.contact_in(said.text) is None and isinstance(read.contact_way(said.text), Problem)
        if step.name not in _FEAR_AT or not doubts.fears_being_seen(said.text) or hearing.contact_in(said.text) is not None:
            return False
        if step.name == "contact_way":
            return isinstance(read.contact_way(doubts.without_fears(said.text)), Problem)
        if step.name in _SHORT_WORDS:
            return hearing.own_name(said.text) is None
        if step.name == "safe_times":
            return not hearing.tells_times(said.text)
        return step.name != "place" or not self._places(state, said)

    @staticmethod
    def _skips(step: Step, said: Heard) -> bool:
        if said.plain in hearing.SKIP:
            return True
        if said.plain in hearing.NO_THANKS:
            return step.name not in _YES_OR_NO
        if step.name == "safe_times":
            # "No" may mean that no time is safe.
            return said.plain in hearing.NOTHING - hearing.NO
        return step.free and said.plain in hearing.NOTHING

    def _skip(self, state: State, step: Step) -> Outcome:
        if not step.may_skip:
            return self._again(state, None, Say("utter_referral_cannot_skip"))
        self._forget(state, step.name)
        state["skipped"].append(step.name)
        state["trail"].append(step.name)
        return self._ask_next(state)

    @staticmethod
    def _tells_something_else(step: Step, said: Heard) -> bool:
        """Whether somebody tells of something else where any words would be taken for the answer."""
        if not said.interrupts(VERY_SURE) or said.words <= 3:
            return False
        if step.name in _SHORT_WORDS:
            return hearing.own_name(said.text) is None
        if step.name == "contact_way":
            # "He reads my texts" chooses no way.
            return hearing.way_wanted(said.text) is None and hearing.contact_in(said.text) is None
        return step.name == "safe_times" and not hearing.tells_times(said.text)

    @staticmethod
    def _value(state: State, step: Step, said: Heard) -> Any:
        """The answer in the message, or the Problem with it."""
        # Where any words are an answer, these are none: a code word "yes", or no times at all.
        nothing = said.plain in hearing.BARE_YES or (step.name == "safe_times" and said.plain in hearing.NO)
        only_marks = said.text.isascii() and not said.plain
        asked = "?" in said.text and (step.name in _SHORT_WORDS or step.name == "safe_times")
        if step.free and (nothing or only_marks or (asked and not hearing.tells_times(said.text))):
            return Problem.UNCLEAR
        if step.name == "children_at_home" and hearing.tells_of_children(said.text):
            return True
        if step.name == "name":
            return hearing.own_name(said.text) or step.read(said.text, state["answers"])
        return step.read(said.text, state["answers"])

    def _not_read(self, state: State, step: Step, said: Heard, problem: Problem) -> Outcome:
        if step.name == "contact_way":
            volunteered = self._volunteered(state, said)
            if volunteered is not None:
                return volunteered
            if doubts.wants_another_way(said.text):
                return self._again(state, None, Say(fixed="referral_only_these_ways"))
        if said.interrupts():
            return self._again(state, said.intent)
        unsafe = "not" in said.plain.split() or doubts.fears_being_seen(said.text)
        if problem is Problem.UNCLEAR and step.name in ("safe_to_contact", "voicemail") and unsafe:
            return self._take(state, step.name, False, said)
        if step.name == "help_wanted" and said.plain in hearing.NOTHING:
            return self._skip(state, step)
        if step.name == "contact":
            # These ask again in their own words.
            by_email = state["answers"].get("contact_way") == "email"
            return Outcome(state, (Say("utter_referral_bad_email" if by_email else "utter_referral_bad_number"),))
        return self._again(state, None, Say("utter_referral_bad_answer"))

    def _take(self, state: State, name: str, value: Any, said: Heard) -> Outcome:
        if name == "over_16" and value is False:
            return _under_16()
        if name == "safe_to_contact" and value is False:
            self._forget(state, "contact_way")
            return self._ask_next(state, (Say("utter_referral_not_safe"),))
        if name == "contact":
            self._forget(state, "contact")
        else:
            self._untrail(state, name)
        state["answers"][name] = value.to_dict() if isinstance(value, SafeTimes) else value
        state["trail"].append(name)
        if name == "contact_way":
            self._fit_to_way(state, said)
        return self._ask_next(state)

    def _take_own_number(self, state: State, sealed: str) -> Outcome:
        self._forget(state, "contact")
        state["answers"]["contact_sealed"] = sealed
        state["trail"].append("contact")
        return self._ask_next(state)

    def _fit_to_way(self, state: State, said: Heard) -> None:
        """Drop what belongs to another way of contact, and take the number or address that was given with the way."""
        answers = state["answers"]
        way = answers["contact_way"]
        given, kept = read.contact(said.text, way), read.contact(answers.get("contact"), way)
        if not isinstance(given, Problem) and given != answers.get("contact"):
            self._forget(state, "contact")
            answers["contact"] = given
        elif isinstance(kept, Problem) and not (way != "email" and "contact_sealed" in answers):
            self._forget(state, "contact")
        for step in STEPS:
            if not step.when(answers):
                self._forget(state, step.name)

    @staticmethod
    def _untrail(state: State, name: str) -> None:
        state["skipped"] = [each for each in state["skipped"] if each != name]
        state["trail"] = [each for each in state["trail"] if each != name]

    def _forget(self, state: State, name: str) -> None:
        """As if it had never been asked, with all that hangs on it."""
        for gone in (name, *_ALONG.get(name, ())):
            state["answers"].pop(gone, None)
            self._untrail(state, gone)

    # Places

    def _hear_place(self, state: State, said: Heard) -> Outcome:
        for title, district, area in state.get("options") or []:
            if said.plain == Heard(title).plain:
                return self._take_place(state, Whereabouts(title, district, area, outside=area is None))
        confirmed = next((name for name in state.pop("suggested", ()) if said.plain == Heard(name).plain), None)
        places = (confirmed,) if confirmed else self._places(state, said)
        elsewhere = bool(said.places) and not places
        where = None if elsewhere else heard(self._gazetteer, places, said.text, answering=confirmed is None)
        if where is None:
            if said.interrupts():
                return self._again(state, said.intent)
            return Outcome(state, (Say("utter_referral_bad_area"),))
        self._drop_options(state)
        return self._take_place(state, where) if where.question is None else self._ask_which(state, where.question, said)

    @staticmethod
    def _places(state: State, said: Heard) -> tuple[str, ...]:
        """The places that the message names, without those where the person is not."""
        of_another = state["answers"].get("on_behalf_of", SELF) != SELF
        return tuple(place for place in said.places if not doubts.is_elsewhere(said.text, place, of_another))

    def _ask_which(self, state: State, question: Resolution, said: Heard) -> Outcome:
        if question.kind is ResolutionKind.AMBIGUOUS:
            state["options"] = [[o.title, o.district or o.elsewhere, o.outreach_area] for o in question.options]
            state["asked_place"] = question.place or said.text[:60]
            return self._again(state)
        if question.kind is ResolutionKind.SUGGEST:
            state["suggested"] = list(question.suggestions)
            return Outcome(state, (Say("utter_place_suggested", choices=question.suggestions),))
        return Outcome(state, (Say("utter_referral_bad_area"),))

    @staticmethod
    def _drop_options(state: State) -> None:
        for gone in ("options", "asked_place", "suggested"):
            state.pop(gone, None)

    def _take_place(self, state: State, where: Whereabouts) -> Outcome:
        if where.outside or not where.area:
            return Outcome(None, (Say("utter_referral_outside", {"place": where.place or "That"}),),
                           topic="outside_county", where=where)
        self._drop_options(state)
        self._untrail(state, "place")
        self._keep_place(state["answers"], where)
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

    # Corrections

    def _correction(self, state: State, asked: str, said: Heard) -> Outcome | None:
        """A new value for something else than was asked ("no, my number is…"), or the wish to change it ("change my name")."""
        found = self._correct_contact(state, asked, said) or self._correct_name(state, asked, said)
        if found is not None or not said.corrects:
            return found
        if said.plain.startswith(("change ", "i want to change ", "can i change ", "please change ")):
            return self._jump(state, said)
        return self._correct_way(state, asked, said) or self._correct_place(state, asked, said)

    def _correct_contact(self, state: State, asked: str, said: Heard) -> Outcome | None:
        if asked in ("contact", "contact_way") or not said.gives_contact():
            return None
        return self._volunteered(state, said)

    def _volunteered(self, state: State, said: Heard) -> Outcome | None:
        """Take a number or address that was not asked for, or not yet. Whether it is safe is asked of each."""
        found, answers = hearing.contact_in(said.text), state["answers"]
        if found is None:
            return None
        way, contact = found
        if contact == answers.get("contact"):
            return self._again(state)
        known = hearing.way_wanted(said.text) or way or answers.get("contact_way")
        fits = known is not None and not isinstance(read.contact(contact, str(known)), Problem)
        had = is_answered("contact", answers)
        self._forget(state, "contact")
        answers["contact"] = contact
        if fits:
            answers["contact_way"] = known
        else:
            answers.pop("contact_way", None)
        for step in STEPS:
            if fits and not step.when(answers):
                self._forget(state, step.name)
        noted = () if fits else (Say(fixed="referral_number_noted"),)
        return self._ask_next(state, (Say("utter_referral_changed"),) if had else noted)

    def _correct_name(self, state: State, asked: str, said: Heard) -> Outcome | None:
        named = hearing.own_name(said.text)
        explicit = said.corrects or said.plain.startswith(("my name is", "call me"))
        if named is None or asked == "name" or not explicit or named == state["answers"].get("name"):
            return None
        if asked in ("if_someone_answers", "needs") and not said.corrects:
            return None
        self._untrail(state, "name")
        state["answers"]["name"] = named
        state["trail"].insert(0, "name")
        return self._again(state, None, Say("utter_referral_changed"))

    def _correct_way(self, state: State, asked: str, said: Heard) -> Outcome | None:
        way = hearing.way_wanted(said.text)
        if way is None or asked == "contact_way" or way == state["answers"].get("contact_way", way):
            return None
        state["answers"]["contact_way"] = way
        state["answers"].pop("safe_to_contact", None)
        self._untrail(state, "safe_to_contact")
        self._fit_to_way(state, said)
        return self._ask_next(state, (Say("utter_referral_changed"),))

    def _correct_place(self, state: State, asked: str, said: Heard) -> Outcome | None:
        """Another place. Where any words are an answer, one that is only named ("the Stevenage dentist") is not meant."""
        answers = state["answers"]
        free = asked in BY_NAME and BY_NAME[asked].free
        places = self._places(state, said)
        if "place" not in answers or asked == "place" or not places or (free and not said.says_where()):
            return None
        where = heard(self._gazetteer, places, said.text, answering=False)
        if where is None or where.place == answers["place"]:
            return None
        if where.area:
            self._keep_place(answers, where)
            return self._again(state, None, Say("utter_referral_changed"), *self._said_back(state))
        if not said.says_where():
            return None
        # Outside the county, or not clear: it is asked as if it were the question.
        self._forget(state, "place")
        state["step"] = "place"
        return self._hear_place(state, said)

    # Going back, changing, sending

    def _back(self, state: State) -> Outcome:
        if state["undo"] is not None:
            # In the middle of changing something: all is as it was read back.
            state.update(state["undo"])
            return self._ask_summary(state)
        while state["trail"] and not BY_NAME[state["trail"][-1]].when(state["answers"]):
            state["trail"].pop()
        if not state["trail"]:
            state.update(step=CONSENT, tries=0)
            return Outcome(state, (self._ask_consent(state),))
        last = state["trail"][-1]
        self._drop_options(state)
        self._forget(state, last)
        if BY_NAME[last].core:
            state["more"] = None
        state.update(step=last, tries=0)
        return self._again(state, None, Say("utter_referral_back"))

    def _hear_end(self, state: State, said: Heard) -> Outcome:
        """What is said to "is that enough", to the summary, and to "what would you like to change"."""
        step = state["step"]
        # A question mark takes any of these words back.
        if "?" not in said.text:
            decided = {ENOUGH: self._hear_enough, SUMMARY: self._hear_summary, CHANGE: self._hear_change}[step](state, said)
            if decided is not None:
                return decided
        put_right = self._correction(state, step, said)
        if put_right is not None:
            return put_right
        if said.is_question():
            return self._again(state, said.intent)
        named = self._jump(state, said) if step == CHANGE or self._wants_change(said) else None
        if named is not None:
            return named
        if said.interrupts():
            return self._again(state, said.intent)
        if step == SUMMARY:
            return Outcome(state, (Say("utter_referral_send_unclear", choices=TO_SEND),))
        return self._again(state, None, Say("utter_referral_bad_answer"))

    def _hear_enough(self, state: State, said: Heard) -> Outcome | None:
        if said.plain not in hearing.SEND_NOW | hearing.ADD_MORE:
            return None
        state["more"] = said.plain in hearing.ADD_MORE
        return self._ask_next(state)

    def _hear_summary(self, state: State, said: Heard) -> Outcome | None:
        if said.plain in hearing.SEND_IT or read.is_clear_yes(said.text):
            return Outcome(state, send=True)
        if said.plain in hearing.CHANGE_IT:
            state["step"] = CHANGE
            return self._again(state)
        if said.plain in hearing.NO or (said.intent == "deny" and said.confidence >= VERY_SURE and said.words <= 4):
            state["tries"] += 1
            # The first "no" may mean that a line is wrong, so both are offered. The second, or a "no, thanks", ends it.
            if state["tries"] > 1 or said.plain in hearing.NO_THANKS:
                return Outcome(None, (Say("utter_referral_left"),))
            return Outcome(state, (Say("utter_referral_send_unclear", choices=TO_SEND),))
        return None

    def _hear_change(self, state: State, said: Heard) -> Outcome | None:
        if said.plain not in ("something else", "other", "more"):
            return None
        rest = tuple(BY_NAME[n].title for n in self._open_to_change(state)[4:])
        return Outcome(state, (Say("utter_referral_ask_change", choices=rest or self._changeable(state)),))

    @staticmethod
    def _wants_change(said: Heard) -> bool:
        return hearing.WISH_TO_CHANGE.search(said.plain) is not None or said.words <= 2

    def _jump(self, state: State, said: Heard) -> Outcome | None:
        """Go to the question that the message names. After the summary, what it was is kept until the new answer is there."""
        named = next((s.name for s in STEPS if Heard(s.title).plain == said.plain), None) or next(
            (name for name, words in _PARTS.items() for word in words if re.search(rf"\b{word}\b", said.plain)), None
        )
        if named is None or not BY_NAME[named].when(state["answers"]):
            return None
        if state["step"] in (SUMMARY, CHANGE):
            state["undo"] = {**{each: state[each] for each in ("skipped", "trail")}, "answers": dict(state["answers"])}
        self._forget(state, named)
        state.update(step=named, tries=0)
        return self._again(state)

    @staticmethod
    def _open_to_change(state: State) -> list[str]:
        return [s.name for s in STEPS if s.name != "safe_to_contact" and s.when(state["answers"])]

    def _changeable(self, state: State) -> tuple[str, ...]:
        names = self._open_to_change(state)
        return (*(BY_NAME[n].title for n in names[:4]), "Something else")

    # What the first message told

    def _told_before(self, said: Heard, known: Whereabouts | None) -> dict[str, Any]:
        told: dict[str, Any] = {}
        named = hearing.own_name(said.text)
        if named:
            told["name"] = named
        places = tuple(place for place in said.places if not doubts.is_elsewhere(said.text, place, of_another=False))
        where = heard(self._gazetteer, places, said.text, answering=False)
        where = where if where and where.area else known
        if where and where.area:
            self._keep_place(told, where)
        contact = hearing.contact_in(said.text)
        if contact is not None:
            way = hearing.way_wanted(said.text) or contact[0]
            told["contact"] = contact[1]
            if way is not None and not isinstance(read.contact(contact[1], way), Problem):
                told["contact_way"] = way
        if hearing.says_man(said.text):
            told["describes_as"] = "man"
        return told


def _under_16() -> Outcome:
    return Outcome(None, (Say("utter_referral_under_16"),), topic="under_16")


def _have_they_agreed() -> Say:
    return Say("utter_referral_someone_else", choices=("Yes, they have agreed", "Not yet"))
