"""The chat on the web: the page, its JSON contract, the forms for where there is no script, and leaving.

A conversation's token is its only key. It is minted here, told to the page once, and kept by the page in memory.
"""
from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, Sanic
from sanic.exceptions import PayloadTooLarge, SanicException
from sanic.request import Request
from sanic.response import HTTPResponse, empty, html, raw, redirect
from sanic.response import json as json_response

from channels import page, startup
from channels.counting import Counting, Writing
from channels.lasting import Lasting
from channels.limits import Limits
from channels.offers import Offer
from channels.turns import SAFETY_CHOICES, Reply, Turns
from outreach import bootstrap
from outreach.adapters.conversations import ConversationRow
from outreach.adapters.turn_locks import Busy, TurnLocks
from outreach.content.web_texts import web_text
from outreach.privacy import capability
from outreach.safety.exit_words import ExitWords
from outreach.settings import Settings
from outreach.watching import labels

logger = logging.getLogger(__name__)

MOST_BYTES = 16 * 1024
MOST_CHARACTERS = 1000
# So many turns wait for each other at most. Whoever comes beyond that would wait for longer than a turn may take. They get
# words for danger or leaving at once, which takes a parse, and else the fixed reply with the helpline.
MOST_AT_ONCE = 150
# A turn has words within its own time. Whoever waits for the one before as well has them so much later at most.
WAITS_LONGER = timedelta(seconds=0.5)
PURGE_EVERY = timedelta(seconds=60)
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".html": "text/html"}


class Refusal(Exception):
    """A request that gets a status and a plain reason instead of an answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def forgotten() -> Refusal:
    """What is answered to who writes into a conversation that is no more. A new one each time: an exception that is raised
    again holds on to every earlier request, and to what was said in it.
    """
    return Refusal(401, web_text("forgotten"))


@dataclass(frozen=True)
class Said:
    """What came in: a text, or the id of a choice.

    `mark` is the page's own for one sending of a text, and the same when that is tried again (the header `Idempotency-Key`, or
    a field of the plain form). It is empty where there is none: then the same words again are another message.
    """

    text: str | None = None
    choice: str | None = None
    mark: str = ""

    @property
    def name(self) -> str | None:
        """By which it is known if it comes again. Other words under the same mark, from a page that somebody went back to, are
        another message, and none is lost.
        """
        if self.text is None or not self.mark:
            return self.choice
        return hashlib.sha256(f"{self.mark}\n{self.text}".encode("utf-8", "replace")).hexdigest()


class WebChannel(InputChannel):
    """Rasa's input channel for the page."""

    @classmethod
    def name(cls) -> str:
        """The channel's name, by which wording is chosen."""
        return "web"

    def url_prefix(self) -> str:
        """Where the blueprint hangs: at the root, for `/chat` and `/health`."""
        return "/chat"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """All routes of the web channel. Everything they need is built when the server has started."""
        settings = bootstrap.settings()
        blueprint = Blueprint("web_channel")
        chat = Chat(settings)
        _listen(blueprint, chat)
        _api_routes(blueprint, chat)
        _page_routes(blueprint, chat)
        return blueprint


class Chat:
    """What the routes do, free of where they hang."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.exit_words = ExitWords.load("web")
        self.metrics = bootstrap.metrics()
        self.limits = Limits(settings.messages_per_minute, settings.sessions_per_minute, bootstrap.pace())
        # One message at a time in a conversation: what is on offer can't change between a look at it and its use. It is held
        # outside the turn's own lock, and nothing inside a turn asks for it. It is this process's own: a conversation stays
        # with one, and where it doesn't, `use_choices` still gives a choice to one alone.
        self.locks = TurnLocks("web")
        self._at_once = 0
        self._lasting = Lasting("an answer", expected=(Refusal,))
        # What could not be deleted when it was to be forgotten. It counts as forgotten, and is tried again.
        self._still_to_forget: set[str] = set()
        self.turns: Turns = None  # type: ignore[assignment]  # set by `start`, before the first request
        self.page = page.template()

    def start(self, app: Sanic) -> None:
        """Build what needs the loaded agent."""
        startup.prepare(app, self.settings)
        self.agent = app.ctx.agent
        counting = Counting(app.ctx.agent, "web", bootstrap.tally())
        self.turns = Turns(app.ctx.agent, "web", self.settings.turn_seconds, counting, self.metrics)
        self.conversations = bootstrap.conversations()

    async def begin(self) -> tuple[str | None, list[Reply]]:
        """A new conversation and its greeting. Without a database: no token, and the fixed reply."""
        token, generation = capability.new_token(), secrets.token_hex(8)
        try:
            self.conversations.begin(capability.row_key(token), generation)
        except Exception as error:  # noqa: BLE001
            logger.error("a conversation could not begin: %s", type(error).__name__)
            return None, [self.turns.static(labels.STORE)]
        self.metrics.begun("web")
        replies = [await self.turns.utter("utter_greeting", token)]
        self._remember(token, generation, Offer().followed_by(replies))
        return token, replies

    async def check_pace(self, token: str, address: str, text: str | None) -> None:
        """Refuse what comes too fast; never an exit."""
        if not (text is not None and self.exit_words.match(text)) and not await self.limits.may_speak(token, address):
            raise Refusal(429, web_text("too_many_messages"))

    async def answer(self, token: str, said: Said) -> list[Reply]:
        """The replies to a text or to a choice that the last reply offered. Raises `Refusal`."""
        if said.text is not None and self.exit_words.match(said.text):
            await self.leave(token, labels.BY_WORD)
            return [Reply("", command="exit")]
        if self._at_once >= MOST_AT_ONCE:
            return await self._without_memory(token, said, labels.TOO_SLOW)
        self._at_once += 1
        try:
            return await self._in_time(token, said)
        finally:
            self._at_once -= 1

    async def _in_time(self, token: str, said: Said) -> list[Reply]:
        try:
            longest = self.settings.turn_seconds + WAITS_LONGER.total_seconds()
            return await self._lasting.within(longest, self._answer(token, said))
        except asyncio.TimeoutError:
            logger.error("a message waited too long for its answer")
            return await self._without_memory(token, said, labels.TOO_SLOW)

    async def _answer(self, token: str, said: Said) -> list[Reply]:
        try:
            async with self.locks.hold(token, self.settings.turn_seconds):
                return await self._answer_alone(token, said)
        except Busy:
            return await self._without_memory(token, said, labels.TOO_SLOW)

    async def _answer_alone(self, token: str, said: Said) -> list[Reply]:
        key = capability.row_key(token)
        try:
            row = self.conversations.find(key)
            if row is None or key in self._still_to_forget:
                raise forgotten()
            offer = Offer.read(token, row.sealed_choices)
            again = offer.again(said.name)
            if again:
                return again
            if said.choice in SAFETY_CHOICES and said.choice not in offer.choices:
                # Below the reply of a turn that broke, which left no offer: nobody who leaves is told that they can't.
                return await self._without_memory(token, said, labels.FAILED)
            if said.choice is not None:
                self._take(token, row, offer, said.choice)
        except Refusal:
            raise
        except Exception as error:  # noqa: BLE001
            logger.error("a conversation could not be read: %s", type(error).__name__)
            return await self._without_memory(token, said, labels.STORE)
        replies = await self._turn(token, offer, said)
        if any(reply.command == "exit" for reply in replies):
            await self.leave(token, labels.BY_MEANING)
        elif not any(reply.broken for reply in replies):
            # A database that has just kept somebody waiting is not asked again: words go out within ten seconds.
            self._remember(token, row.generation, offer.taken(said.name).followed_by(replies))
        return replies

    async def _without_memory(self, token: str, said: Said, cause: str) -> list[Reply]:
        replies = await self.turns.without_memory(token, said.text, said.choice, cause)
        if any(reply.command == "exit" for reply in replies):
            await self.forget(token)
        return replies

    def _take(self, token: str, row: ConversationRow, offer: Offer, choice: str) -> None:
        """Take a choice before its turn: nobody has it twice, even where workers share no lock, or where the turn breaks."""
        if choice not in offer.choices or row.sealed_choices is None:
            raise Refusal(422, web_text("choice_gone"))
        taken = offer.taken(choice).sealed(token)
        if not self.conversations.use_choices(capability.row_key(token), row.generation, row.sealed_choices, taken):
            raise Refusal(422, web_text("choice_gone"))

    async def _turn(self, token: str, offer: Offer, said: Said) -> list[Reply]:
        if said.choice is None:
            return await self.turns.say(token, said.text or "")
        title, payload = offer.choices[said.choice]
        return await self.turns.choose(token, title, payload)

    def title_of(self, token: str, choice: str) -> str:
        """What stands on the button of a choice that is on offer or was pressed last; nothing where it is none."""
        try:
            row = self.conversations.find(capability.row_key(token))
            return Offer.read(token, row.sealed_choices).title_of(choice) if row is not None else ""
        except Exception:  # noqa: BLE001 - the answer says what has to be said, this only repeats what was pressed
            return ""

    def _remember(self, token: str, generation: str, offer: Offer) -> None:
        try:
            self.conversations.save_choices(capability.row_key(token), generation, offer.sealed(token))
        except Exception as error:  # noqa: BLE001 - the words still go out; a button may then be refused kindly
            logger.error("choices could not be kept: %s", type(error).__name__)

    async def leave(self, token: str, door: str) -> None:
        """Somebody left, through one of `labels.DOORS`: their conversation is forgotten at once."""
        self.metrics.left("web", door)
        await self.forget(token)

    async def forget(self, token: str) -> None:
        """Forget at once. A turn that is running saves nothing any more: its conversation is not there."""
        key = capability.row_key(token)
        try:
            self.conversations.forget(key)
        except Exception as error:  # noqa: BLE001 - nobody who leaves is given an error; it is tried again
            logger.error("a conversation could not be forgotten at once: %s", type(error).__name__)
            self._still_to_forget.add(key)

    def purge(self) -> None:
        """Forget what has idled too long, and what could not be forgotten when it was to be."""
        self.metrics.idled(self.conversations.purge_idle())
        for key in list(self._still_to_forget):
            self.conversations.forget(key)
            self._still_to_forget.discard(key)


def _listen(blueprint: Blueprint, chat: Chat) -> None:
    @blueprint.listener("after_server_start")
    async def start(app: Sanic, loop: asyncio.AbstractEventLoop) -> None:
        chat.start(app)
        app.add_task(_purge_forever(chat))
        keep = timedelta(days=chat.settings.counts_retention_days)
        app.ctx.counts = Writing(bootstrap.tally(), bootstrap.question_counts(), keep)
        app.add_task(app.ctx.counts.go_on())

    @blueprint.listener("before_server_stop")
    async def stop(app: Sanic, loop: asyncio.AbstractEventLoop) -> None:
        # For the texts' counts too: there is one tally. A server that never got ready has none.
        if hasattr(app.ctx, "counts"):
            app.ctx.counts.write()

    @blueprint.exception(PayloadTooLarge)
    async def too_large(request: Request, error: SanicException) -> HTTPResponse:
        return json_response({"error": web_text("too_much")}, 413)

    @blueprint.exception(Exception)
    async def broken(request: Request, error: Exception) -> HTTPResponse:
        if isinstance(error, SanicException):
            return json_response({"error": "There is nothing here."}, error.status_code)
        logger.error("a request failed: %s", type(error).__name__, exc_info=error)
        return json_response({"error": "Something went wrong.", "messages": as_contract([chat.turns.static()])}, 500)

    @blueprint.exception(Refusal)
    async def refused(request: Request, refusal: Refusal) -> HTTPResponse:
        return json_response({"error": refusal.reason}, refusal.status)


async def _purge_forever(chat: Chat) -> None:
    while True:
        try:
            chat.purge()
        except Exception as error:  # noqa: BLE001 - tried again in a minute
            logger.error("conversations could not be purged: %s", type(error).__name__)
        await asyncio.sleep(PURGE_EVERY.total_seconds())


def as_contract(replies: list[Reply]) -> list[dict[str, Any]]:
    """Replies in the form that the contract of the web channel gives them."""
    return [
        {
            "text": reply.text,
            "choices": [{"id": i, "title": title} for i, (title, _) in reply.choices.items()],
            "services": [_as_card(service) for service in reply.services],
            "command": reply.command,
        }
        for reply in replies
    ]


def _as_card(service: dict[str, Any]) -> dict[str, Any]:
    """A service in the contract's form. Whether it is open stands beside its hours, so these are the ordinary ones; what never
    changes ("Open 24 hours, every day") says all by itself.
    """
    hours = service.get("hours")
    if not hours or "usual" not in hours:
        return service
    ordinary = hours["usual"] if hours["next_change"] else None
    shown = {"text": ordinary or hours["text"], "open_now": hours["open_now"], "next_change": hours["next_change"]}
    return {**service, "hours": shown}


def _api_routes(blueprint: Blueprint, chat: Chat) -> None:
    @blueprint.post("/api/session")
    async def begin(request: Request) -> HTTPResponse:
        _check_size(request)
        if not await chat.limits.may_begin(_address(request, chat.settings)):
            raise Refusal(429, web_text("too_many_conversations"))
        token, replies = await chat.begin()
        return json_response({"session": token, "messages": as_contract(replies)}, 200 if token else 503)

    @blueprint.post("/api/messages")
    async def messages(request: Request) -> HTTPResponse:
        _check_size(request)
        token = _bearer(request)
        said = _said(_json_body(request), str(request.headers.get("idempotency-key", "")))
        await chat.check_pace(token, _address(request, chat.settings), said.text)
        return json_response({"messages": as_contract(await chat.answer(token, said))})

    @blueprint.delete("/api/session")
    async def forget(request: Request) -> HTTPResponse:
        await chat.leave(_bearer(request), labels.BY_PAGE)
        return empty(204)


def _page_routes(blueprint: Blueprint, chat: Chat) -> None:
    def drawn(session: str | None, replies: list[Reply], said: str = "", error: str = "", status: int = 200) -> HTTPResponse:
        body = chat.page.render(
            session=session or "", messages=as_contract(replies), said=said, error=error, mark=secrets.token_hex(8),
            safe_site=chat.settings.safe_site, static="/chat/static", limit=MOST_CHARACTERS,
            idle_minutes=f"{chat.settings.idle_minutes:g}", exit_words=chat.exit_words.listed(),
        )
        return html(body, status)

    @blueprint.get("/", strict_slashes=False)
    async def show(request: Request) -> HTTPResponse:
        return drawn(None, [])

    @blueprint.post("/", strict_slashes=False)
    async def without_script(request: Request) -> HTTPResponse:
        """The same conversation as plain forms, the token in a hidden field. It shows the last exchange alone."""
        _check_size(request)
        token = _field(request, "session")
        if not token:
            if not await chat.limits.may_begin(_address(request, chat.settings)):
                return drawn(None, [], error=web_text("too_many_conversations"), status=429)
            token_or_none, replies = await chat.begin()
            return drawn(token_or_none, replies)
        typed, pressed = _field(request, "text"), _field(request, "choice")
        try:
            said = _said({"choice": pressed} if pressed else {"text": typed}, _field(request, "mark"))
            await chat.check_pace(token, _address(request, chat.settings), said.text)
            words = typed if said.choice is None else chat.title_of(token, said.choice)
            replies = await chat.answer(token, said)
        except Refusal as refusal:
            kept = None if refusal.status == 401 else token
            return drawn(kept, [], said="" if kept is None else typed, error=refusal.reason, status=refusal.status)
        if any(reply.command == "exit" for reply in replies):
            return _leave(chat.settings)
        return drawn(token, replies, said=words)

    @blueprint.get("/exit")
    async def leave(request: Request) -> HTTPResponse:
        return _leave(chat.settings)

    @blueprint.post("/exit")
    async def leave_and_forget(request: Request) -> HTTPResponse:
        """A beacon's or a form's way out. A beacon reads no answer; a form follows it to the safe site."""
        token = _exit_token(request)
        if token:
            await chat.leave(token, labels.BY_PAGE)
        beacon = request.headers.get("sec-fetch-dest", "") == "empty"
        return empty(204) if beacon else _leave(chat.settings)

    @blueprint.get("/static/<name:str>")
    async def static(request: Request, name: str) -> HTTPResponse:
        file = page.FOLDER / name
        # Looked up among what is there, so no name can lead anywhere else.
        if file.parent != page.FOLDER or file.suffix not in (".css", ".js", ".svg") or file.name not in _names(page.FOLDER):
            return json_response({"error": "There is nothing here."}, 404)
        return raw(file.read_bytes(), content_type=f"{_TYPES[file.suffix]}; charset=utf-8")


def _names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def _leave(settings: Settings) -> HTTPResponse:
    # "executionContexts" would reload the page that is just being left, so it is not named.
    return redirect(settings.safe_site, status=303, headers={"Clear-Site-Data": '"cache", "cookies", "storage"'})


def _check_size(request: Request) -> None:
    if len(request.body or b"") > MOST_BYTES:
        raise Refusal(413, web_text("too_much"))


def _json_body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Refusal(400, "This request could not be read.") from None
    if not isinstance(body, dict):
        raise Refusal(400, "This request could not be read.")
    return body


def _said(body: dict[str, Any], mark: str) -> Said:
    """The text or the choice of a request: exactly one of them. Raises `Refusal`."""
    text, choice = body.get("text"), body.get("choice")
    if choice is not None and text is None:
        if not isinstance(choice, str) or not choice:
            raise Refusal(422, web_text("choice_gone"))
        return Said(choice=choice)
    if not isinstance(text, str) or choice is not None:
        raise Refusal(422, "Please send a message or a choice.")
    if len(text) > MOST_CHARACTERS:
        raise Refusal(422, web_text("too_long", MOST_CHARACTERS))
    if not text.strip():
        raise Refusal(422, web_text("nothing_written"))
    return Said(text, mark=mark)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 20 <= len(token) <= 100 or not token.isascii():
        raise forgotten()
    return str(token)


def _field(request: Request, name: str) -> str:
    try:
        return str((request.form or {}).get(name) or "")
    except Exception:  # noqa: BLE001 - Sanic raises all sorts on a broken form
        raise Refusal(400, "This request could not be read.") from None


def _exit_token(request: Request) -> str:
    """The token in the body of a beacon or form: form data, JSON, or bare text. Never an error: somebody is leaving."""
    try:
        found = _field(request, "session")
        if not found:
            body = (request.body or b"")[:1000].decode("utf-8", "ignore").strip()
            found = str(json.loads(body).get("session", "")) if body.startswith("{") else body.removeprefix("session=")
        # Every token is; what JSON can carry may not even be text.
        return found[:100] if found.isascii() else ""
    except Exception:  # noqa: BLE001
        return ""


def _address(request: Request, settings: Settings) -> str:
    """The address of whoever asks, behind as many proxies as the settings say can be believed."""
    # A proxy may add a line of its own behind the one that came in.
    lines = ",".join(request.headers.getall("x-forwarded-for", []))
    forwarded = [part.strip() for part in lines.split(",") if part.strip()]
    if settings.trusted_proxies and len(forwarded) >= settings.trusted_proxies:
        return str(forwarded[-settings.trusted_proxies])
    return str(request.ip)
