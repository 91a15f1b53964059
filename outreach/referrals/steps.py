"""The questions of a referral, in their order: what each asks, how its answer is read, and where it is kept."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from outreach.referrals import answers as read

State = dict[str, Any]

# The steps that are no question of their own table below.
CONSENT, AGREED, ENOUGH, SUMMARY, CHANGE = "consent", "agreed", "enough", "summary", "change"
SKIP = "Skip"


def _always(_: Mapping[str, Any]) -> bool:
    return True


@dataclass(frozen=True)
class Step:
    """One question. `name` is also the field of `Answers`; `free` means that any words are an answer.

    `title` names it in the summary and in the list of what can be changed; `when` says whether it applies to the
    answers so far.
    """

    name: str
    response: str
    title: str
    read: Callable[[str, Mapping[str, Any]], Any]
    choices: tuple[str, ...] = ()
    may_skip: bool = True
    free: bool = False
    core: bool = False
    when: Callable[[Mapping[str, Any]], bool] = _always

    def offered(self) -> tuple[str, ...]:
        """The choices under the question, skipping among them where it is allowed."""
        return (*self.choices, SKIP) if self.may_skip else self.choices


def _calls(answers: Mapping[str, Any]) -> bool:
    return answers.get("contact_way") == "call"


def _response_for_contact(answers: Mapping[str, Any]) -> str:
    return "utter_referral_ask_email" if answers.get("contact_way") == "email" else "utter_referral_ask_number"


# What the contact is called where it is the number that a text came from, which nobody here can read.
OWN_NUMBER = "the number you text from"

STEPS: tuple[Step, ...] = (
    Step("name", "utter_referral_ask_name", "Name", lambda t, a: read.name(t), free=True, core=True),
    Step("place", "utter_referral_ask_area", "Area", lambda t, a: read.clean(t, 80), may_skip=False, core=True),
    Step("contact_way", "utter_referral_ask_way", "How to reach me", lambda t, a: read.contact_way(t),
         ("Call", "Text", "Email"), may_skip=False, core=True),
    Step("contact", "utter_referral_ask_number", "Number or email",
         lambda t, a: read.contact(t, str(a.get("contact_way") or "call")), may_skip=False, core=True),
    Step("safe_to_contact", "utter_referral_ask_safe", "Safe to use", lambda t, a: read.yes_no(t),
         ("Yes, it's safe", "No"), may_skip=False, core=True),
    Step("safe_times", "utter_referral_ask_times", "Safe times", lambda t, a: read.safe_times(t), ("Any time",),
         free=True, core=True),
    Step("over_16", "utter_referral_ask_age", "16 or over", lambda t, a: read.over_16(t),
         ("Yes, 16 or over", "No, under 16"), core=True),
    Step("voicemail", "utter_referral_ask_voicemail", "Voicemail", lambda t, a: read.yes_no(t), ("Yes", "No"), when=_calls),
    Step("if_someone_answers", "utter_referral_ask_answers", "If someone else answers", lambda t, a: read.free_words(t),
         free=True, when=_calls),
    Step("code_word", "utter_referral_ask_code_word", "Code word", lambda t, a: read.code_word(t), free=True),
    Step("help_wanted", "utter_referral_ask_help", "Help wanted", lambda t, a: read.help_wanted(t)),
    Step("children_at_home", "utter_referral_ask_children", "Children at home", lambda t, a: read.yes_no(t), ("Yes", "No")),
    Step("needs", "utter_referral_ask_needs", "Language or access needs", lambda t, a: read.free_words(t), ("None",),
         free=True),
    Step("describes_as", "utter_referral_ask_describes", "Woman, man or another way", lambda t, a: read.describes_as(t),
         ("Woman", "Man"), free=True),
)
BY_NAME = {step.name: step for step in STEPS}


def response_of(step: Step, answers: Mapping[str, Any]) -> str:
    """The response that asks this question."""
    return _response_for_contact(answers) if step.name == "contact" else step.response


def is_answered(name: str, answers: Mapping[str, Any]) -> bool:
    """Whether a question has its answer."""
    return name in answers or (name == "contact" and "contact_sealed" in answers)


def next_step(state: State) -> str:
    """What to ask next: the first question without an answer, then whether that is enough, then the summary."""
    answers, skipped = state["answers"], state["skipped"]

    def open_ones(core: bool) -> list[str]:
        return [
            s.name for s in STEPS
            if s.core is core and not is_answered(s.name, answers) and s.name not in skipped and s.when(answers)
        ]

    core = open_ones(core=True)
    if core:
        return core[0]
    if state["more"] is None:
        return ENOUGH
    more = open_ones(core=False) if state["more"] else []
    return more[0] if more else SUMMARY


def shown(name: str, value: Any) -> str:
    """An answer as the summary reads it back."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return str(value.get("words", ""))
    if isinstance(value, (list, tuple)):
        return ", ".join(value) or "not sure yet"
    return str(value)


def summary(answers: Mapping[str, Any]) -> str:
    """All that would be sent, a line each."""
    found = {**answers, "contact": OWN_NUMBER} if "contact_sealed" in answers else answers
    lines = [f"- {s.title}: {shown(s.name, found[s.name])}" for s in STEPS if s.name in found]
    if answers.get("outreach_area"):
        # The area, and not "the team": by the rules a man's request goes no further than the gateway.
        lines.append(f"- Outreach area: {answers['outreach_area']}")
    if answers.get("on_behalf_of", "self") != "self":
        lines.insert(0, "- For: someone else, who has agreed")
    return "\n".join(lines)
