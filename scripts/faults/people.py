"""People who talk, text and fill in forms, and know what they should hear. None of them is anybody."""
from __future__ import annotations

import asyncio
import itertools
import random
import secrets
import ssl
import xml.etree.ElementTree as ElementTree
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from outreach.referrals.reference import find_in
from scripts.faults.hearing import Came, is_fixed, is_reply
from scripts.faults.record import Filled, Record, Said, now

# The page gives up later than this, but nobody should wait so long.
GIVE_UP_SECONDS = 20.0
SMS_PATH = "/sms/twilio"

DANGER = "he's got a knife and he's outside the bedroom door"
WHERE_WERE_WE = "does it cost anything to ring the helpline"
ASKS = "please refer me to the outreach team, i'd like someone to contact me"
# What is said, what it is about, the reply that must come, and whether services come with it.
TALK = (
    ("is there a refuge i could go to", "services", "utter_ask_refuge", True),
    ("who can read this conversation, is it confidential", "words", "utter_ask_confidentiality_privacy", False),
    (DANGER, "danger", "utter_immediate_danger", False),
    ("is there a number i can ring to talk to someone", "services", "utter_ask_helpline", True),
    ("he decides what i wear and who i'm allowed to see", "words", "utter_ask_coercive_control", False),
    ("i want to kill myself", "danger", "utter_suicidal_or_self_harm", False),
)
TEXTS = (("is there a refuge i could go to", "services", "utter_ask_refuge"), (DANGER, "danger", "utter_immediate_danger"))
# The form's questions in their order, and what is answered to each. {name} is another in each form.
QUESTIONS = (
    ("consent", "Yes, I agree"),
    ("utter_referral_ask_name", "{name}"),
    ("utter_referral_ask_area", "Bushey"),
    ("utter_referral_ask_way", "text"),
    ("utter_referral_ask_number", "+447400998877"),
    ("utter_referral_ask_safe", "Yes, it's safe"),
    ("utter_referral_ask_times", "any time"),
    ("utter_referral_ask_age", "yes"),
    ("utter_referral_enough", "Send now"),
    ("utter_referral_summary", "yes"),
)
SENT = len(QUESTIONS)
# A phone of the run's own texts as much as several do, and no number is answered more than 60 times in an hour.
THREADS_OF_A_NUMBER = 10


def own_addresses() -> Iterator[str]:
    """Addresses of this machine, each for one person: all of 127.0.0.0/8 is, and strangers have 127.0.0.0/24 to themselves."""
    return (f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}" for number in range(200 * 62_500))


@dataclass(frozen=True, eq=False)
class Answer:
    """What came back over the wire. `status` is 0 where nothing did."""

    status: int
    took: float
    body: Any = None
    error: str = ""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of the web's contract; none where there are none."""
        found = self.body.get("messages") if isinstance(self.body, dict) else None
        return found if isinstance(found, list) else []

    @property
    def texts(self) -> list[str]:
        """Their words."""
        return [str(each.get("text", "")) for each in self.messages]

    def begins_with(self, response: str, channel: str) -> bool:
        """Whether the first thing that it says is this response."""
        return self.status == 200 and bool(self.texts) and response != "nothing" and is_reply(self.texts[0], response, channel)

    def without_words(self) -> Came | None:
        """What came, where it was no reply that could be right or wrong."""
        if self.status == 0:
            return Came.SILENCE if "Timeout" in self.error else Came.UNREACHED
        if is_fixed(self.texts) or any(is_reply(text, "utter_referral_failed") for text in self.texts):
            return Came.FIXED
        if self.status in (401, 429):
            return Came.FORGOTTEN if self.status == 401 else Came.REFUSED
        if self.status != 200:
            return Came.ERROR
        return None if self.messages else Came.SILENCE


async def asked(call: Callable[[], Awaitable[httpx.Response]], read: Callable[[httpx.Response], Any]) -> Answer:
    """Call, and read what comes. Whatever goes wrong on the way is part of the answer."""
    began = now()
    try:
        response = await asyncio.wait_for(call(), GIVE_UP_SECONDS)
        body = read(response)
    except (httpx.HTTPError, asyncio.TimeoutError, ValueError, ElementTree.ParseError) as error:
        kind = type(error).__name__
        return Answer(0, now() - began, error="Timeout" if "Timeout" in kind and kind != "ConnectTimeout" else kind)
    return Answer(response.status_code, now() - began, body)


def as_json(response: httpx.Response) -> Any:
    """A body of JSON, or None where there is none: an error page, nothing at all."""
    return response.json() if "json" in response.headers.get("content-type", "") else None


class OnThisMachine(httpx.AsyncHTTPTransport):
    """Finds every name on this machine, and checks the certificate against the name."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask there."""
        request.extensions = {**request.extensions, "sni_hostname": request.url.host}
        request.url = request.url.copy_with(host="127.0.0.1")
        return await super().handle_async_request(request)


@dataclass
class Town:
    """Where people are: the door that they knock at, and what all of them need. `pause` is how many seconds one thinks.

    Each comes from an address of their own, so that the limits for one address are what they are in production.
    """

    door: str
    record: Record
    token: str
    public: str
    pause: float = 1.0
    tls: ssl.SSLContext | None = None
    addresses: Iterator[str] = field(default_factory=own_addresses)

    def client(self, address: str | None = None) -> httpx.AsyncClient:
        """A browser of one's own, at this address of this machine, or at one that nobody else has."""
        # Without TLS there is nothing to check, and reading every authority's certificate for each person takes long.
        transport = OnThisMachine(verify=self.tls or False, local_address=address or next(self.addresses))
        return httpx.AsyncClient(base_url=self.door, timeout=GIVE_UP_SECONDS, transport=transport)

    async def think(self) -> None:
        """Take one's time. Everybody does before each thing they say, so that a pause makes a rate."""
        await asyncio.sleep(self.pause * random.uniform(0.6, 1.4))


class Talker:
    """Somebody on the page: asks, is in danger, leaves, and comes back as somebody else."""

    door = "web"

    def __init__(self, town: Town) -> None:
        self.town = town
        self.http = town.client()
        self.token: str | None = None

    async def live(self) -> None:
        """Talk until cancelled."""
        try:
            while True:
                await self.talk()
        finally:
            await self.http.aclose()

    async def talk(self) -> None:
        """One conversation, from hello to leaving."""
        await self.begin()
        for text, about, response, services in random.sample(TALK, len(TALK)):
            await self.town.think()
            if self.token is None or await self.say(text, about, response, services) is Came.FORGOTTEN:
                return
        await self.town.think()
        await self.leave()

    async def begin(self) -> bool:
        """Open the page. Whether there is a conversation now."""
        await self.town.think()
        answer = await asked(lambda: self.http.post("/chat/api/session"), as_json)
        self.token = answer.body.get("session") if isinstance(answer.body, dict) else None
        came = answer.without_words() or self._judged(answer, "utter_greeting", False)
        self.note(answer, "greeting", came)
        return self.token is not None

    async def post(self, text: str) -> Answer:
        """Say something."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return await asked(lambda: self.http.post("/chat/api/messages", json={"text": text}, headers=headers), as_json)

    async def say(self, text: str, about: str, response: str, services: bool) -> Came:
        """Say something, and hear whether the right reply comes."""
        answer = await self.post(text)
        if about == "danger" and answer.begins_with(response, "web"):
            # What was vital came first. That something broke behind it may be said after it.
            came = Came.RIGHT
        else:
            came = answer.without_words() or self._judged(answer, response, services)
        self.note(answer, about, came)
        return came

    async def leave(self) -> None:
        """Leave by the word. Whoever comes back finds nothing."""
        answer = await self.post("exit")
        left = any(message.get("command") == "exit" for message in answer.messages)
        came = Came.RIGHT if left else answer.without_words() or Came.WRONG
        self.note(answer, "exit", came)
        if came is Came.RIGHT:
            await self.town.think()
            after = await self.post("is there a refuge i could go to")
            came = after.without_words() or Came.WRONG
            self.note(after, "after leaving", Came.RIGHT if came is Came.FORGOTTEN else came)

    @staticmethod
    def _judged(answer: Answer, response: str, services: bool) -> Came:
        right = any(is_reply(text, response) for text in answer.texts)
        shown = any(message.get("services") for message in answer.messages)
        return Came.RIGHT if right and (shown or not services) else Came.WRONG

    def note(self, answer: Answer, about: str, came: Came, why: str = "") -> None:
        """Take note of what came."""
        note = why or answer.error or (answer.texts[0][:60] if came is Came.WRONG and answer.texts else "")
        self.town.record.add(Said(now(), answer.took, self.door, about, came, answer.status, note))


class Filler(Talker):
    """Somebody who asks to be referred, and tells a form's questions apart. After trouble they ask where they were."""

    numbers = itertools.count()

    async def talk(self) -> None:
        """One form, to its end or until it is lost."""
        name, said_yes, reference = f"Dee {letters(next(self.numbers))}", False, None
        if not await self.begin():
            return
        at, answer = -1, None
        try:
            while at < SENT:
                await self.town.think()
                text = ASKS if at < 0 else QUESTIONS[at][1].format(name=name)
                said_yes = said_yes or at == SENT - 1
                answer, came = await self._answered(text, at + 1)
                while came in (Came.FIXED, Came.UNREACHED, Came.ERROR, Came.REFUSED):
                    # Nobody says the same every second for a minute; a conversation may send 60 messages in one.
                    await self.town.think()
                    await self.town.think()
                    answer, came, at = await self._went_on(name, at)
                if came is not Came.RIGHT:
                    return
                at = question_of(answer.texts)
            reference = find_in("\n".join(answer.texts)) if answer else None
        finally:
            self.town.record.add_form(Filled(name, said_yes, reference))

    async def _answered(self, text: str, expected: int) -> tuple[Answer, Came]:
        answer = await self.post(text)
        found = question_of(answer.texts)
        came = answer.without_words() or (Came.RIGHT if found == expected else Came.WRONG)
        self.note(answer, "form", came, f"expected {expected}: {heard_of(answer)}" if came is Came.WRONG else "")
        return answer, came

    async def _went_on(self, name: str, at: int) -> tuple[Answer, Came, int]:
        """After trouble: ask where we were. What was said last may have been taken, or not."""
        if at == SENT - 1:
            # The yes is the one thing to say again: whoever says it twice is told the same reference.
            answer = await self.post("yes")
            found = question_of(answer.texts)
            came = answer.without_words() or (Came.RIGHT if found in (SENT, SENT - 1) else Came.WRONG)
        else:
            answer = await self.post(ASKS if at < 0 else WHERE_WERE_WE)
            found = question_of(answer.texts)
            came = answer.without_words() or (Came.RIGHT if found in (at, at + 1) or (at < 0 and found == 0) else Came.WRONG)
        self.note(answer, "form", came, f"after trouble at {at}: {heard_of(answer)}" if came is Came.WRONG else "")
        return answer, came, at


def heard_of(answer: Answer) -> str:
    """How each of the messages begins, for whoever looks into a wrong one: what the product says, and never a person."""
    return " | ".join(text[:40].replace("\n", " ") for text in answer.texts)


def question_of(texts: list[str]) -> int:
    """Which of the form's questions was asked last, by its place; SENT where it was sent, -1 where none was asked."""
    for text in reversed(texts):
        if is_reply(text, "utter_referral_sent"):
            return SENT
        for place, (response, _) in enumerate(QUESTIONS):
            if is_reply(text, response):
                return place
    return -1


def letters(number: int) -> str:
    """A name that no other form has, of letters alone."""
    word = ""
    for _ in range(5):
        number, rest = divmod(number, 26)
        word = chr(ord("a") + rest) + word
    return f"Quill{word}"


class Texter:
    """Somebody with a phone, whose carrier signs."""

    door = "sms"
    numbers = itertools.count(secrets.randbelow(10**5))

    def __init__(self, town: Town) -> None:
        self.town = town
        self.http = town.client()
        self.validator = RequestValidator(town.token)
        self.number = self.new_number()

    @classmethod
    def new_number(cls) -> str:
        """A number that nobody else of this run has."""
        return f"+4477009{next(cls.numbers) % 10**5:05}"

    async def live(self) -> None:
        """Text until cancelled."""
        try:
            for thread in itertools.count(1):
                if thread % THREADS_OF_A_NUMBER == 0:
                    self.number = self.new_number()
                await self.town.think()
                await self.say("hello", "greeting", "greeting")
                for text, about, response in random.sample(TEXTS, len(TEXTS)):
                    await self.town.think()
                    await self.say(text, about, response)
                await self.town.think()
                await self.say("exit", "exit", "nothing")
        finally:
            await self.http.aclose()

    async def post(self, body: str) -> Answer:
        """Text something."""
        fields = {
            "MessageSid": f"SM{secrets.token_hex(16)}", "AccountSid": f"AC{'0' * 32}", "From": self.number, "To": "",
            "Body": body, "NumMedia": "0", "FromCity": "",
        }  # fmt: skip
        headers = {"X-Twilio-Signature": self.validator.compute_signature(self.town.public + SMS_PATH, fields)}
        return await asked(lambda: self.http.post(SMS_PATH, data=fields, headers=headers), as_texts)

    async def say(self, text: str, about: str, response: str) -> Came:
        """Text, and see whether the right reply comes."""
        answer = await self.post(text)
        came = self._judged(answer, response)
        note = answer.error or (answer.texts[0][:60] if came is Came.WRONG and answer.texts else "")
        self.town.record.add(Said(now(), answer.took, self.door, about, came, answer.status, note))
        return came

    @staticmethod
    def _judged(answer: Answer, response: str) -> Came:
        if answer.status == 200 and answer.body is not None:
            texts = answer.texts
            if response != "greeting" and answer.begins_with(response, "sms"):
                return Came.RIGHT
            if is_fixed(texts, "sms"):
                return Came.FIXED
            if response in ("nothing", "greeting"):
                # What was kept of an earlier thread may be there still, after trouble: then hello gets another hello.
                return Came.RIGHT if bool(texts) == (response == "greeting") else Came.WRONG
            return Came.RIGHT if any(is_reply(each, response, "sms") for each in texts) else Came.WRONG
        return answer.without_words() or Came.ERROR


def as_texts(response: httpx.Response) -> Any:
    """TwiML's messages, in the web's shape; None where it is none."""
    if response.status_code != 200 or "xml" not in response.headers.get("content-type", ""):
        return None
    return {"messages": [{"text": each.text or ""} for each in ElementTree.fromstring(response.text).iter("Message")]}
