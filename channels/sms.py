"""The same conversation by text message: Twilio's requests, checked and answered in the answer itself, as TwiML.

No number is kept, and nobody is ever texted first. A sender is a keyed hash of the number (`outreach.sms.senders`).
"""
from __future__ import annotations

import asyncio
import base64
import html
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, text
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from channels import startup
from channels.counting import Counting
from channels.lasting import Lasting
from channels.sms_limits import May, TextLimits
from channels.sms_once import REPLY_SECONDS, Once
from channels.sms_threads import MOST_SECONDS, Said, Threads
from channels.turns import Turns
from outreach import bootstrap
from outreach.adapters.text_conversations import TextConversations
from outreach.privacy.key_files import KeyFileError
from outreach.safety.exit_words import ExitWords
from outreach.settings import Settings
from outreach.sms.alphabet import clean
from outreach.sms.senders import Senders, is_a_phone
from outreach.sms.texts import Texts
from outreach.sms.words import Words
from outreach.watching import labels

logger = logging.getLogger(__name__)

MOST_BYTES = 32 * 1024
MOST_CHARACTERS = 1600
MOST_FIELDS = 200
# Twilio hangs up after 15 seconds. A text may have to wait for the turn before it, so this is not the turn's own limit.
ANSWER_WITHIN = 9.5
_FORM = "application/x-www-form-urlencoded"


class Form(dict[str, list[str]]):
    """Twilio's form, blank fields kept: its signature covers them."""

    @classmethod
    def read(cls, body: bytes) -> Form:
        """Read a raw body. Empty when it is none: that is never what was signed."""
        form = cls()
        try:
            pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError:
            return form
        for name, value in pairs:
            form.setdefault(name, []).append(value)
        return form

    def getlist(self, name: str) -> list[str]:
        """All values of a field, as Twilio's validator asks for them."""
        return self[name]

    def first(self, name: str) -> str:
        """The first value of a field, or nothing."""
        return self.get(name, [""])[0]


@dataclass(frozen=True)
class Incoming:
    """One text."""

    message: str
    number: str
    said: Said
    opt_out: str

    @classmethod
    def of(cls, form: Form) -> Incoming:
        """What Twilio's form says. A picture, a voice message or a place on a map is known by its traces, and not fetched."""
        media = form.first("NumMedia")
        not_words = media not in ("", "0") or any(form.first(name) for name in ("MediaUrl0", "Latitude", "Longitude"))
        said = Said(form.first("Body").strip()[:MOST_CHARACTERS], not_words)
        return cls(form.first("MessageSid") or form.first("SmsSid"), form.first("From").strip(), said,
                   form.first("OptOutType").strip().upper())


def twiml(messages: list[str]) -> HTTPResponse:
    """The answer to Twilio: these messages, or, with none, nothing at all."""
    inside = "".join(f"<Message>{html.escape(message, quote=False)}</Message>" for message in messages)
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Response>{inside}</Response>'
    return text(body, content_type="text/xml; charset=utf-8", headers={"Cache-Control": "no-store"})


def sealed_number(number: str) -> str | None:
    """The number as only those who take referrals can read it, or None where there is no key to seal it with."""
    sealer = bootstrap.sealer()
    return None if sealer is None else base64.b64encode(sealer.seal(number.encode())).decode()


class SmsChannel(InputChannel):
    """Rasa's input channel for texts. Without Twilio's secret it answers 503."""

    @classmethod
    def name(cls) -> str:
        """The channel's name, by which wording is chosen."""
        return "sms"

    def url_prefix(self) -> str:
        """Where the blueprint hangs."""
        return "/sms"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The one route. What it needs is built when the server has started."""
        settings = bootstrap.settings()
        blueprint = Blueprint("sms_channel")
        door = Door(settings) if settings.twilio_auth_token else None

        @blueprint.listener("after_server_start")
        async def start(app: Sanic, loop: asyncio.AbstractEventLoop) -> None:
            if door is not None:
                door.open(app)

        @blueprint.post("/twilio")
        async def twilio(request: Request) -> HTTPResponse:
            if door is None:
                return text("There is no service by text message here.", 503)
            try:
                return await door.answer(request)
            except Exception as error:  # somebody is waiting for words, and Twilio reads nothing but TwiML
                logger.error("a request failed: %s", type(error).__name__, exc_info=error)
                return door.fixed()

        return blueprint


class Door:
    """Lets in what Twilio signed, and answers it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._validator = RequestValidator(settings.twilio_auth_token)
        self._words = Words.load()
        self._exit_words = ExitWords.load("sms")
        self._texts = Texts.load(settings.sms_idle_minutes)
        self._limits = TextLimits(settings.sms_per_number_per_hour, settings.sms_per_minute_in_all, bootstrap.pace())
        self._once = Once(repeats=bootstrap.repeats(REPLY_SECONDS))
        self._lasting = Lasting("a text")
        self._senders: Senders | None = None
        self._metrics = bootstrap.metrics()

    def open(self, app: Sanic) -> None:
        """Build what needs the loaded agent. Without a key for numbers it stays closed, and the web goes on."""
        startup.prepare(app, self._settings)
        agent, idle = app.ctx.agent, timedelta(minutes=self._settings.sms_idle_minutes)
        counting = Counting(agent, SmsChannel.name(), bootstrap.tally())
        turns = Turns(agent, SmsChannel.name(), self._settings.turn_seconds, counting, self._metrics)
        conversations = TextConversations(bootstrap.engine(), idle, timedelta(minutes=self._settings.idle_minutes))
        self._threads = Threads(
            agent, turns, conversations, self._texts, self._words, idle.total_seconds(),
            locks=bootstrap.turn_locks("thread"), leavings=bootstrap.leavings(MOST_SECONDS),
            begun=lambda: self._metrics.begun(SmsChannel.name()),
        )  # fmt: skip
        try:
            self._senders = Senders.load(self._settings.sms_key_file)
        except KeyFileError as error:
            logger.error("no service by text message: %s", error)

    async def answer(self, request: Request) -> HTTPResponse:
        """The whole of a request. Nothing is looked at before the signature."""
        body = request.body or b""
        form = Form.read(body)
        if not self._validator.validate(self._address(request), form, request.headers.get("x-twilio-signature", "")):
            return text("This request isn't signed.", 403)
        if len(body) > MOST_BYTES:
            return text("That is too much at once.", 413)
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != _FORM:
            return text("A form is wanted.", 415)
        if self._senders is None:
            return text("There is no service by text message here.", 503)
        incoming = Incoming.of(form)
        # A machine's text is not answered, or two machines might go on for ever.
        if not incoming.message or not is_a_phone(incoming.number):
            return twiml([])
        sender = self._senders.id_of(incoming.number)
        came_at = _came_at(request)
        return twiml(await self._once.answer(incoming.message, sender, lambda: self._messages(sender, incoming, came_at)))

    def fixed(self) -> HTTPResponse:
        """The fixed reply, for when something broke."""
        return twiml(self._threads.static())

    def _address(self, request: Request) -> str:
        """The address as Twilio knows it, whatever stands in front of us."""
        query = f"?{request.query_string}" if request.query_string else ""
        return f"{self._settings.public_url.rstrip('/')}{request.path}{query}"

    async def _messages(self, sender: str, incoming: Incoming, came_at: float | None) -> list[str]:
        """What is sent back. Leaving comes before any limit, lock or turn."""
        words = incoming.said.text
        if incoming.opt_out == "STOP" or self._words.is_stop(words) or self._exit_words.match(words):
            self._metrics.left(SmsChannel.name(), labels.BY_WORD)
            self._threads.forget(sender, came_at)
            self._once.forget(sender)
            return []
        if incoming.opt_out in ("START", "HELP") or self._words.is_left_to_the_carrier(words):
            return []
        may = await self._limits.may(sender)
        if may is not May.ANSWER:
            self._metrics.text_refused()
            return [clean(self._texts.too_many)] if may is May.EXPLAIN else []
        return await self._in_time(sender, incoming)

    async def _in_time(self, sender: str, incoming: Incoming) -> list[str]:
        try:
            longest = min(ANSWER_WITHIN, self._settings.turn_seconds + 1.0)
            messages = await self._lasting.within(longest, self._turn(sender, incoming))
        except asyncio.TimeoutError:
            logger.error("a text waited too long for its answer")
            messages = await self._threads.without_memory(sender, incoming.said, labels.TOO_SLOW)
        if not messages:
            # The person has left, by words that had to be understood first.
            self._metrics.left(SmsChannel.name(), labels.BY_MEANING)
            self._once.forget(sender)
        return messages

    async def _turn(self, sender: str, incoming: Incoming) -> list[str]:
        try:
            sealed = sealed_number(incoming.number)
            return await self._threads.answer(sender, incoming.said, {"sealed_number": sealed} if sealed else {})
        except Exception as error:  # whatever broke, somebody is waiting for words
            logger.error("a text could not be answered: %s", type(error).__name__, exc_info=True)
            return self._threads.static()


def _came_at(request: Request) -> float | None:
    """When the proxy had the request, in seconds since 1970, where it says so. What it says is used of signed texts alone."""
    try:
        came_at = float(request.headers.get("x-request-start", ""))
    except ValueError:
        return None
    # "nan" and "inf" are numbers to Python, and no time: nobody's leaving may depend on them.
    return came_at if math.isfinite(came_at) else None
