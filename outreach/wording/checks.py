"""What is wrong with wording, and what might be better. What blocks can't be saved or published; the rest is shown."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from outreach.content.placeholders import PLACEHOLDER, Directory
from outreach.directory import numbers
from outreach.directory.gsm7 import BASIC
from outreach.sms.alphabet import LONGEST, clean, segments
from outreach.wording.reading_age import reading_age
from outreach.wording.replies import SMS, WEB, Said
from outreach.wording.rules import NEXT_STEP, OF_A_SERVICE, Rules

TEXT, BUTTONS = "text", "buttons"

_TAG = re.compile(r"<\s*[a-zA-Z/!]")
_LINK = re.compile(r"!?\[[^\]]*\]\(|https?:|\bwww\.|\b[a-z][a-z0-9+.-]+://|\b(?:mailto|javascript|data|tel):", re.IGNORECASE)
_DOMAIN = re.compile(r"(?<![@.\w-])(?!example\.com)[\w-]+\.(?:org|com|net|gov|co|uk|nhs|info)\b", re.IGNORECASE)
_MARKS = re.compile(r"\*|^#|`|__|~~", re.MULTILINE)
# Digits as they are written in numbers: in groups, perhaps behind +44. Two separators in a row end a number.
_DIGITS = re.compile(r"\+?\(?\d+\)?(?:[ ().-]\(?\d+\)?)*")
_MOST_DIGITS = 4
_GENDERED = re.compile(
    r"\b(he|him|his|she|her|hers|husband|wife|boyfriend|girlfriend|mum|dad|ladies|sir|madam)\b", re.IGNORECASE
)
_ASKS_IF_SAFE = re.compile(r"\b(is it safe|are you safe|are you in danger)\b[^.]*\?", re.IGNORECASE)
_WAIT_THEN_55 = "wait for the prompt, then press 55"


@dataclass(frozen=True)
class Finding:
    """One thing that was found, on the field to which it belongs. `blocks`: it can't stay so."""

    field: str
    says: str
    blocks: bool = True


@dataclass(frozen=True)
class Checked:
    """All that was found, and figures that are shown beside it. `segments` and `characters` for a text message alone."""

    findings: tuple[Finding, ...]
    reading_age: int
    words: int
    segments: int | None = None
    characters: int | None = None

    @property
    def blocked(self) -> bool:
        """Whether it can't be saved or published."""
        return any(finding.blocks for finding in self.findings)

    @property
    def errors(self) -> list[Finding]:
        """What has to change."""
        return [finding for finding in self.findings if finding.blocks]

    @property
    def warnings(self) -> list[Finding]:
        """What might be better."""
        return [finding for finding in self.findings if not finding.blocks]


class Checker:
    """Holds wording to the rules and to what the directory shows now."""

    def __init__(self, rules: Rules, directory: Directory, targets: Mapping[str, str]) -> None:
        """`targets` names the intents that a button can lead to."""
        self._rules = rules
        self._directory = directory
        self._targets = targets
        self._checks: tuple[Callable[[Said], Iterator[Finding]], ...] = (
            self._length, self._plain_text, self._placeholders, self._typed_numbers, self._promises, self._safety,
            self._phrases, self._style, self._buttons, self._text_message,
        )  # fmt: skip

    def check(self, said: Said) -> Checked:
        """All that is found in a reply."""
        findings = [finding for check in self._checks for finding in check(said)] if said.text else [_empty()]
        age, words = reading_age(said.text), len(said.text.split())
        if said.channel != SMS:
            return Checked(tuple(findings), age, words)
        filled = self.as_long_as_it_gets(said.text)
        return Checked(tuple(findings), age, words, segments(filled), len(filled))

    def as_long_as_it_gets(self, text: str) -> str:
        """A text message with everything filled in as long as it can be, in the alphabet of text messages."""

        def longest(match: re.Match[str]) -> str:
            name, service = match.groups()
            now = self._of_service(name, service) if service else None
            try:
                return max(now or "", self._rules.longest(name), key=len)
            except KeyError:
                return match.group(0)

        return clean(PLACEHOLDER.sub(longest, text))

    def _of_service(self, name: str, service: str) -> str | None:
        if name == "phone":
            return self._directory.phone(service)
        return self._directory.name(service) if name == "name" else self._directory.hours_sentence(service)

    def _length(self, said: Said) -> Iterator[Finding]:
        if len(said.text) > self._rules.number("most_characters"):
            yield Finding(TEXT, f"This is longer than {self._rules.number('most_characters')} characters.")
        most = self._rules.number("most_words_on_the_web")
        if said.channel == WEB and len(said.text.split()) > most:
            yield Finding(TEXT, f"This has more than {most} words. Somebody frightened reads short things best.", False)
        in_a_list = sum(line.startswith("- ") for line in said.text.split("\n"))
        if in_a_list > self._rules.number("most_in_a_list"):
            yield Finding(TEXT, f"No list is longer than {self._rules.number('most_in_a_list')}. This one has {in_a_list}.")

    def _plain_text(self, said: Said) -> Iterator[Finding]:
        bare = PLACEHOLDER.sub(" ", said.text)
        if _TAG.search(bare):
            yield Finding(TEXT, "Tags like <b> don't work here: people would see them as they are typed.")
        if _LINK.search(bare) or _DOMAIN.search(bare):
            yield Finding(TEXT, "Links and pictures don't work here. A website belongs to a service, whose card shows it.")
        if _MARKS.search(bare):
            yield Finding(TEXT, "Bold, headings and the like don't work here: people would see the signs. "
                                'Lines that begin with "- " make a list.')

    def _placeholders(self, said: Said) -> Iterator[Finding]:
        rest = PLACEHOLDER.sub(" ", said.text)
        if "{" in rest or "}" in rest:
            yield Finding(TEXT, "A brace { or } belongs to nothing here. A number is written {phone.name-of-the-service}.")
        own, found = self._rules.holds(said.key), set()
        for name, service in dict.fromkeys(PLACEHOLDER.findall(said.text)):
            if service:
                yield from self._service(name, service)
            elif name in own:
                found.add(name)
            else:
                yield Finding(TEXT, f"Nothing is known of {{{name}}} in this reply.")
        for missing in sorted(own - found):
            yield Finding(TEXT, f"This reply has to say {{{missing}}}: people need it.")

    def _service(self, name: str, service: str) -> Iterator[Finding]:
        shown = f"{{{name}.{service}}}"
        if name not in OF_A_SERVICE:
            yield Finding(TEXT, f"Nothing is known of {shown}. There is phone, hours and name.")
        elif self._directory.name(service) is None:
            yield Finding(TEXT, f"{shown}: no service of that name is shown to the public.")
        elif name == "phone" and not self._directory.phone(service):
            yield Finding(TEXT, f"{shown}: that service shows no number.")
        elif name == "hours" and not self._directory.hours_sentence(service):
            yield Finding(TEXT, f"{shown}: its hours are not known, so nothing will stand there.", False)

    def _typed_numbers(self, said: Said) -> Iterator[Finding]:
        may = {_only_digits(number) for number in self._rules.listed("short_numbers")}
        may |= {_only_digits(words) for words in self._rules.says(said.key, said.channel) if words[0].isdigit()}
        for match in _DIGITS.finditer(PLACEHOLDER.sub(" ", said.text)):
            typed, digits = match.group(0), _only_digits(match.group(0))
            if digits in may or len(digits) <= _MOST_DIGITS:
                continue
            if numbers.is_premium(typed):
                yield Finding(TEXT, f"{typed} begins 09: that is a premium-rate number, and never accepted.")
            else:
                yield Finding(TEXT, f"{typed} is typed out. Write {{phone.name-of-the-service}}, so that it stays right "
                                    "when the number changes.")

    def _promises(self, said: Said) -> Iterator[Finding]:
        lower = said.text.lower()
        for words in self._rules.says(said.key, said.channel):
            if words.lower() not in lower:
                yield Finding(TEXT, f"This reply always says: {words}")
        for service in self._rules.names_number_of(said.key, said.channel):
            if f"{{phone.{service}}}" not in said.text:
                yield Finding(TEXT, f"This reply always gives the number {{phone.{service}}}.")

    def _safety(self, said: Said) -> Iterator[Finding]:
        if re.search(r"\b55\b", said.text) and not (_WAIT_THEN_55 in said.text.lower() and "mobile" in said.text.lower()):
            yield Finding(TEXT, f'55 alone brings no help. Say "{_WAIT_THEN_55}", and that it works on mobiles.')
        if said.key not in self._rules.listed("may_ask_if_safe") and _ASKS_IF_SAFE.search(said.text):
            yield Finding(TEXT, 'Don\'t ask whether somebody is safe: a bare "no" could not be answered well. '
                                'Say "If you\'re in danger now, call 999."')

    def _phrases(self, said: Said) -> Iterator[Finding]:
        for field, words in ((TEXT, said.text), (BUTTONS, "\n".join(button.title for button in said.buttons))):
            for banned in self._rules.never_said(words, said.key):
                instead = f' You could say "{banned.instead}".' if banned.instead else ""
                yield Finding(field, f'"{banned.phrase}" is never said. {banned.why}{instead}')

    def _style(self, said: Said) -> Iterator[Finding]:
        most, age = self._rules.number("reading_age"), reading_age(said.text)
        if age > most:
            yield Finding(TEXT, f"This needs a reading age of about {age}; {most} is the most. Shorter sentences help.", False)
        gendered = sorted({match.group(0).lower() for match in _GENDERED.finditer(said.text)})
        if gendered:
            yield Finding(TEXT, f"Anybody may read this, and anybody may have hurt them. Could it do without: "
                                f"{', '.join(gendered)}?", False)
        if "!" in said.text:
            yield Finding(TEXT, "An exclamation mark can sound like shouting.", False)
        last = said.text.split("\n")[-1]
        if said.key not in self._rules.listed("no_next_step") and not NEXT_STEP.search(last):
            yield Finding(TEXT, "The last line gives no next step: a question, a number, or what they could do.", False)

    def _buttons(self, said: Said) -> Iterator[Finding]:
        if not said.buttons:
            return
        if said.channel == SMS:
            yield Finding(BUTTONS, "A text message has no buttons.")
        elif not self._rules.has_choices(said.key):
            yield Finding(BUTTONS, "The choices of this reply are made by the assistant.")
        if len(said.buttons) > self._rules.number("most_buttons"):
            yield Finding(BUTTONS, f"There is room for {self._rules.number('most_buttons')} buttons.")
        if len({button.intent for button in said.buttons}) < len(said.buttons):
            yield Finding(BUTTONS, "Two buttons lead to the same answer.")
        for button in said.buttons:
            yield from self._button(said, button.title, button.intent)

    def _button(self, said: Said, title: str, intent: str) -> Iterator[Finding]:
        if not title:
            yield Finding(BUTTONS, "Each button needs words on it.")
        elif len(title) > self._rules.number("longest_button"):
            yield Finding(BUTTONS, f'"{title}" is longer than {self._rules.number("longest_button")} characters.')
        if PLACEHOLDER.search(title) or "{" in title or _TAG.search(title) or _LINK.search(title) or "\n" in title:
            yield Finding(BUTTONS, f'"{title}": a button has plain words on it.')
        if intent not in self._targets:
            yield Finding(BUTTONS, f'"{title}": choose where it leads.')
        elif intent in self._rules.never_offered(said.key):
            yield Finding(BUTTONS, f'"{title}": this reply may not lead there.')

    def _text_message(self, said: Said) -> Iterator[Finding]:
        if said.channel != SMS:
            return
        strange = sorted({c for c in PLACEHOLDER.sub("", said.text) if c != "\n" and c not in BASIC})
        if strange:
            yield Finding(TEXT, f"A text message can't hold: {' '.join(strange)}")
        filled, room = self.as_long_as_it_gets(said.text), self._rules.number("room_for_a_service")
        if len(filled) > LONGEST:
            yield Finding(TEXT, f"With numbers and hours filled in, this can take {len(filled)} characters. Two segments hold "
                                f"{LONGEST}.")
        elif said.key in self._rules.listed("need_room") and len(filled) > room:
            yield Finding(TEXT, f"A service follows this reply. Above {room} characters it has to wait until somebody texts "
                                f"MORE; this has {len(filled)}.", False)
        told = self._rules.told_a_lock_screen(filled, said.key)
        if told:
            yield Finding(TEXT, "Whoever sees the phone lie there can read how this begins. Begin without: "
                                f"{', '.join(sorted(told))}")
        for word in sorted(self._rules.words_without_meaning(said.text, said.key)):
            yield Finding(TEXT, f"{word} means nothing when somebody texts it, or belongs to the phone company.")


def _empty() -> Finding:
    return Finding(TEXT, "Write what it says.")


def _only_digits(text: str) -> str:
    return re.sub(r"\D", "", text)
