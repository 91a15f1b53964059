"""A thread of texts, without Rasa: what is answered, what is kept, and what leaves nothing."""
from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from nacl.public import PrivateKey, SealedBox

from channels import sms_threads
from channels.sms import Door, Incoming, _came_at, sealed_number
from channels.sms_limits import May, TextLimits
from channels.sms_once import REPLY_SECONDS, Once
from channels.sms_threads import Said, Threads
from channels.turns import STATIC_FALLBACK, Reply
from outreach import bootstrap
from outreach.adapters.conversations import Conversations, conversation
from outreach.adapters.database import connect, migrate
from outreach.adapters.leavings import Leavings
from outreach.adapters.text_conversations import TextConversations
from outreach.privacy import capability
from outreach.settings import load
from outreach.sms.texts import Texts
from outreach.sms.words import Words
from outreach.watching import labels

SENDER = "5" * 64
TEXTS = Texts.load(10)
LONG = [{"name": f"Service {n}", "phones": [{"number": f"01992 55500{n}", "cost": "normal rate"}], "website": f"https://{n}.example"}
        for n in range(9)]
REPLIES: dict[str, list[Reply]] = {
    "hi": [Reply("Hello there.", response="utter_greet")],
    "a refuge": [Reply("A place to stay.", services=LONG, response="utter_ask_refuge")],
    "which": [Reply("Which one?", {"a": ("Here", "/give_location"), "b": ("There", "/give_location")})],
    "consent": [Reply("Agree? Text YES or NO.", {"y": ("Yes, I agree", "=Yes, I agree"), "n": ("No", "=No")})],
    "long": [Reply("Which? " + "w " * 146, {"a": ("Here", "/give_location"), "b": ("There", "/give_location")})],
    "send": [Reply("A line. " * 45 + "\nSend it? Text YES or NO.", {"y": ("Yes, send it", "=Yes, send it")})],
    "danger": [Reply("Call 999 now.", {"x": ("Housing", "/ask_housing")}, response="utter_immediate_danger")],
    "bye now": [Reply("Bye.", command="exit", response="utter_quick_exit")],
    "broken": [Reply("Some words. " * 20), Reply("Sorry. 999.", response=STATIC_FALLBACK)],
    "emoji": [Reply("🙂🙂")],
}


class FakeTurns:
    """Answers from the table, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.before_answer: Callable[[], Coroutine[Any, Any, None]] | None = None

    async def say(self, sender: str, text: str, metadata: dict[str, Any] | None = None) -> list[Reply]:
        self.asked.append(("say", text))
        if self.before_answer:
            await self.before_answer()
        return REPLIES.get(text.lower(), [Reply(f"You said {text}.", response="utter_other")])

    async def choose(self, sender: str, title: str, payload: str, metadata: dict[str, Any] | None = None) -> list[Reply]:
        self.asked.append(("choose", payload))
        return [Reply(f"Chose {title}.")]

    async def without_memory(self, sender: str, text: str, cause: str = "") -> list[Reply]:
        if text == "bye now":
            return REPLIES[text]
        return [self.static() if text != "danger" else Reply("Call 999 now.", response="utter_immediate_danger")]

    def static(self, cause: str = "") -> Reply:
        return Reply("Sorry. 999.", response=STATIC_FALLBACK)


class Phone:
    """One phone and everything behind it, on a clock that the test moves."""

    def __init__(self) -> None:
        self.engine = connect("sqlite://")
        migrate(self.engine)
        self.seconds = 0.0
        self.turns = FakeTurns()
        self.tracker: Any = None
        self.idle, self.common_idle = timedelta(minutes=10), timedelta(minutes=30)
        self.leavings = Leavings(60, clock=lambda: self.seconds)
        self.threads = self.another_process(self.leavings)

    def another_process(self, leavings: Leavings | None = None) -> Threads:
        conversations = TextConversations(self.engine, self.idle, self.common_idle, self.now)
        store = SimpleNamespace(retrieve=self._retrieve)
        return Threads(SimpleNamespace(tracker_store=store), self.turns, conversations,  # type: ignore[arg-type]
                       TEXTS, Words.load(), 600, lambda: self.seconds, leavings=leavings)

    def now(self) -> datetime:
        return datetime(2026, 11, 24, 12) + timedelta(seconds=self.seconds)

    async def _retrieve(self, sender: str) -> Any:
        return self.tracker

    def text(self, words: str, not_words: bool = False) -> list[str]:
        return asyncio.run(self.threads.answer(SENDER, Said(words, not_words), {}))

    def rows(self) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(conversation)).scalar_one())

    def states(self) -> list[bytes | None]:
        """What is kept of threads."""
        with self.engine.connect() as connection:
            return list(connection.execute(sa.select(conversation.c.sealed_choices)).scalars())


@pytest.fixture
def phone() -> Phone:
    return Phone()


def test_a_hello_is_answered_by_the_greeting_alone(phone: Phone) -> None:
    assert phone.text("hi") == [TEXTS.greeting]
    assert phone.text("hi") == ["Hello there."]


def test_a_question_is_answered_behind_the_greeting_and_the_next_without_it(phone: Phone) -> None:
    assert phone.text("what?") == [TEXTS.greeting, "You said what?."]
    assert phone.text("and?") == ["You said and?."]


def test_nothing_stands_before_999_and_the_greeting_comes_later(phone: Phone) -> None:
    assert phone.text("danger") == ["Call 999 now.\n1 Housing"]
    assert phone.text("1") == [TEXTS.greeting, "Chose Housing."]


def test_a_turn_that_breaks_says_so_first(phone: Phone) -> None:
    (only,) = phone.text("broken")
    assert only.startswith("Sorry. 999.")


def test_more_brings_what_is_left_page_by_page_without_a_turn(phone: Phone) -> None:
    messages = phone.text("a refuge")[1:]
    while "MORE" in messages[-1]:
        messages += phone.text("more.")
    assert len(messages) > 1 and all(f"Service {n}: 01992 55500{n}" in "\n".join(messages) for n in range(9))
    assert phone.turns.asked == [("say", "a refuge")]
    assert phone.text("MORE") == [TEXTS.nothing_more]


@pytest.mark.parametrize("said", ["YES", "yes, send it", "send it", "yes please", "NO", "1"])
def test_a_question_that_waits_for_more_cannot_be_answered_yet(phone: Phone, said: str) -> None:
    phone.text("hi")
    (page,) = phone.text("send")
    assert "Send it?" not in page
    assert "Send it? Text YES or NO." in phone.text(said)[0] and phone.turns.asked[-1] == ("say", "send")
    phone.text("yes, send it")
    assert phone.turns.asked[-1] == ("choose", "=Yes, send it")


def test_anything_else_is_answered_though_there_was_more_to_read(phone: Phone) -> None:
    phone.text("hi")
    phone.text("send")
    assert phone.text("danger")[0].startswith("Call 999 now.")


def test_links_come_only_when_they_are_asked_for(phone: Phone) -> None:
    assert not any("example" in message for message in phone.text("a refuge"))
    first = phone.text("link")
    assert "https://0.example" in first[0] and first[0].startswith(TEXTS.addresses)
    assert phone.turns.asked == [("say", "a refuge")]


def test_a_choice_is_taken_by_number_or_words_while_it_is_on_offer(phone: Phone) -> None:
    assert phone.text("which")[1:] == ["Which one?\n1 Here\n2 There"]
    assert phone.text("2") == ["Chose There."]
    assert phone.text("2") == ["You said 2."]
    phone.text("which")
    assert phone.text("here!") == ["Chose Here."]


def test_a_reply_that_says_what_to_text_gets_no_numbers(phone: Phone) -> None:
    assert phone.text("consent")[1:] == ["Agree? Text YES or NO."]
    assert phone.text("1") == ["You said 1."], "no number was shown"
    phone.text("consent")
    phone.text("yes i agree")
    assert phone.turns.asked[-1] == ("choose", "=Yes, I agree")


def test_a_number_counts_only_once_its_list_was_seen(phone: Phone) -> None:
    assert "1 Here" not in phone.text("long")[1]
    assert phone.text("1") == ["You said 1."]
    phone.text("long")
    assert phone.text("MORE")[0].endswith("1 Here\n2 There")
    assert phone.text("1") == ["Chose Here."]


def test_a_keyword_is_a_choice_but_in_a_form_it_is_an_answer(phone: Phone) -> None:
    phone.text("hi")
    phone.text("Housing")
    assert phone.turns.asked[-1] == ("choose", "/ask_housing")
    phone.tracker = SimpleNamespace(active_loop_name="referral_form")
    phone.text("Housing")
    assert phone.turns.asked[-1] == ("say", "Housing")
    phone.text("more")
    assert phone.turns.asked[-1] == ("say", "more")


@pytest.mark.parametrize("text", ["MORE", "2", "yes", "NO.", "link"])
def test_what_answers_an_earlier_text_answers_nothing_in_a_new_conversation(phone: Phone, text: str) -> None:
    phone.text("which")
    phone.seconds += 601
    assert phone.text(text) == [TEXTS.greeting]
    assert phone.turns.asked == [("say", "which")]


def test_ten_idle_minutes_and_the_row_is_gone_with_the_webs_own_purge(phone: Phone) -> None:
    web = Conversations(phone.engine, phone.common_idle, phone.now)
    web.begin(capability.row_key("somebody on the web"), "g")
    phone.text("hi")
    phone.seconds += 599
    assert web.purge_idle() == 0
    assert phone.text("hi") == ["Hello there."], "a text begins the idle time anew"
    phone.seconds += 601
    assert web.purge_idle() == 1
    assert phone.rows() == 1, "the web's conversation has longer"


def test_a_turn_that_ends_late_keeps_nothing_alive(phone: Phone) -> None:
    phone.text("which")
    key = capability.row_key(SENDER)
    web = Conversations(phone.engine, phone.common_idle, phone.now)
    phone.seconds += 500
    row = web.find(key)
    assert row and web.save_state(key, row.generation, b"late")
    phone.seconds += 200
    assert phone.text("hi") == [TEXTS.greeting]


def test_leaving_by_words_that_had_to_be_understood_leaves_nothing(phone: Phone) -> None:
    phone.text("hi")
    assert phone.text("bye now") == []
    assert phone.rows() == 0
    assert phone.text("hi") == [TEXTS.greeting]


def test_a_reply_that_comes_after_somebody_left_is_not_sent(phone: Phone) -> None:
    phone.text("hi")

    async def leaves() -> None:
        phone.threads.forget(SENDER)

    phone.turns.before_answer = leaves
    assert phone.text("a refuge") == []
    assert phone.rows() == 0


def two_texts(phone: Phone, first: str, second: str, meanwhile: Callable[[], Coroutine[Any, Any, Any]] | None = None) -> list[Any]:
    """What is answered to two texts, the second sent while the first is in its turn; then `meanwhile`, before either is over."""
    async def slow() -> None:
        await asyncio.sleep(0.05)

    async def sent() -> list[Any]:
        answers = []
        for text in (first, second):
            answers.append(asyncio.ensure_future(phone.threads.answer(SENDER, Said(text), {})))
            await asyncio.sleep(0.01)
            phone.seconds += 0.5
        last = await meanwhile() if meanwhile else None
        return [*[await answer for answer in answers], last]

    phone.turns.before_answer = slow
    try:
        return asyncio.run(sent())
    finally:
        phone.turns.before_answer = None


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_text_that_waited_for_its_turn_while_somebody_left_is_not_answered(phone: Phone, elsewhere: bool) -> None:
    # Two texts in one second, and EXIT: the second would begin anew what was just forgotten, and light up the screen.
    phone.text("hi")
    others = phone.another_process(phone.leavings) if elsewhere else phone.threads

    async def leaves() -> None:
        others.forget(SENDER)

    assert two_texts(phone, "a refuge", "which", leaves)[:2] == [[], []]
    assert phone.rows() == 0 and ("say", "which") not in phone.turns.asked
    phone.seconds += 1
    assert phone.text("hi") == [TEXTS.greeting] and phone.rows() == 1, "who comes back is answered"


@pytest.mark.parametrize("elsewhere", [False, True])
def test_who_left_before_the_clock_was_put_back_is_answered(phone: Phone, elsewhere: bool) -> None:
    # By a clock that went back an hour the leaving seems to come after every text of that hour.
    phone.seconds = 7200.0
    phone.text("hi")

    async def leaves() -> None:
        (phone.another_process(phone.leavings) if elsewhere else phone.threads).forget(SENDER)

    asyncio.run(leaves())
    phone.seconds -= 3600
    assert phone.text("danger")[0].startswith("Call 999 now."), "nobody in danger meets silence"
    assert phone.text("and then?") == [TEXTS.greeting, "You said and then?."]


def test_a_text_that_came_after_somebody_left_by_meaning_is_answered(phone: Phone) -> None:
    left, answered, _ = two_texts(phone, "bye now", "danger")
    assert left == [] and answered[0].startswith("Call 999 now.")


@pytest.mark.parametrize("hangs", [False, True])
def test_whoever_left_by_meaning_leaves_no_reply_to_repeat_even_where_the_turn_hung(hangs: bool) -> None:
    async def answer(sender: str, said: Said, metadata: dict[str, Any]) -> list[str]:
        await asyncio.sleep(1.5 if hangs else 0)
        return []

    async def without_memory(sender: str, said: Said, cause: str) -> list[str]:
        return []

    async def left() -> list[str]:
        answered = await door._in_time(SENDER, Incoming("SM1", "+447700900123", Said("hes coming up"), ""))
        assert forgotten == [SENDER] and counted == [("sms", labels.BY_MEANING)], "before the hung turn is over"
        return answered

    forgotten: list[str] = []
    counted: list[tuple[str, str]] = []
    door: Any = Door(load({"TWILIO_AUTH_TOKEN": "0" * 32, "TURN_SECONDS": "0.05"}))
    door._threads = SimpleNamespace(answer=answer, without_memory=without_memory)
    door._once = SimpleNamespace(forget=forgotten.append)
    door._metrics = SimpleNamespace(left=lambda *how: counted.append(how))
    assert asyncio.run(left()) == []


def test_a_text_that_came_after_somebody_left_by_meaning_and_in_a_hurry_is_answered(phone: Phone) -> None:
    # The first waited too long, and was understood without its turn.
    late, answered, left = two_texts(phone, "which", "danger", lambda: phone.threads.without_memory(SENDER, Said("bye now")))
    assert (left, late) == ([], []) and answered[0].startswith("Call 999 now.")


def test_pictures_are_refused_kindly_and_their_words_are_answered(phone: Phone) -> None:
    assert phone.text("", not_words=True) == [TEXTS.greeting, TEXTS.cannot_open]
    assert phone.text("look at this", not_words=True) == [f"You said look at this.\n{TEXTS.cannot_open}"]
    assert phone.text("danger", not_words=True)[0].startswith("Call 999 now.")
    assert phone.text("") == [TEXTS.nothing_came]


def test_what_waited_too_long_is_understood_all_the_same(phone: Phone) -> None:
    async def hurried(words: str) -> list[str]:
        return await phone.threads.without_memory(SENDER, Said(words), "too_slow")

    phone.text("hi")
    assert asyncio.run(hurried("danger")) == ["Call 999 now."]
    assert asyncio.run(hurried("anything")) == ["Sorry. 999."]
    assert phone.rows() == 1
    assert asyncio.run(hurried("bye now")) == [] and phone.rows() == 0


def test_a_reply_that_the_alphabet_empties_is_no_silence(phone: Phone) -> None:
    phone.text("hi")
    assert phone.text("emoji") == ["Sorry. 999."]


def test_a_database_that_is_gone_is_no_silence(phone: Phone) -> None:
    with phone.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE conversation"))
    assert phone.text("hi") == ["Sorry. 999."]

    async def leaves() -> None:
        phone.threads.forget(SENDER)

    asyncio.run(leaves())


def test_what_cannot_be_forgotten_at_once_counts_as_forgotten_and_is_tried_again(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms_threads, "FORGET_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(sms_threads, "EMPTY_SECONDS", 0.01)
    phone.text("which")

    async def leaves() -> None:
        rename(phone, "conversation", "away")
        phone.threads.forget(SENDER)
        await asyncio.sleep(0.03)
        rename(phone, "away", "conversation")
        assert phone.rows() == 1
        until = time.monotonic() + 20
        while phone.rows():
            assert time.monotonic() < until, "it is never forgotten"
            await asyncio.sleep(0.01)

    asyncio.run(leaves())

    async def leaves_and_comes_back() -> list[str]:
        rename(phone, "conversation", "away")
        phone.threads.forget(SENDER)
        rename(phone, "away", "conversation")
        answer = await phone.threads.answer(SENDER, Said("2"), {})
        await asyncio.sleep(0.05)
        return answer

    phone.text("which")
    assert asyncio.run(leaves_and_comes_back()) == [TEXTS.greeting], "what was offered before is gone"
    assert phone.rows() == 1, "what has begun since stays"


def test_a_text_that_came_after_a_leaving_which_is_forgotten_late_is_answered(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms_threads, "FORGET_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(sms_threads, "EMPTY_SECONDS", 0.1)
    other = phone.another_process()
    phone.text("which")

    async def leaves(then: float) -> list[str]:
        rename(phone, "conversation", "away")
        phone.threads.forget(SENDER)
        rename(phone, "away", "conversation")
        phone.seconds += then
        # The other process does not know yet, and while it answers, it is done.
        phone.turns.before_answer = lambda: asyncio.sleep(0.05)
        answer = await other.answer(SENDER, Said("one"), {})
        assert phone.states() == [None], "nothing is kept of it"
        await asyncio.sleep(0.15)
        return answer

    assert asyncio.run(leaves(then=3)) == ["You said one."]
    assert phone.rows() == 0
    phone.text("which")
    assert asyncio.run(leaves(then=-3)) == [], "who left after that text is not answered"
    assert phone.rows() == 0


def test_an_exit_that_a_hanging_process_hears_late_forgets_and_leaves_what_was_said_since_its_answer(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms_threads, "EMPTY_SECONDS", 0.01)
    phone.seconds = 100.0
    phone.text("hi")

    async def hears_of_an_exit(left_at: float) -> None:
        phone.threads.forget(SENDER, left_at)

    async def answered(left_at: float) -> list[str]:
        phone.turns.before_answer = lambda: hears_of_an_exit(left_at)
        answer = await phone.threads.answer(SENDER, Said("one"), {})
        await asyncio.sleep(0.05)
        return answer

    assert asyncio.run(answered(90.0)) == ["You said one."]
    assert phone.rows() == 0
    phone.text("hi")
    assert asyncio.run(answered(99.0)) == [], "clocks of two machines differ by a little, and so this is a leaving just now"
    assert phone.rows() == 0


def rename(phone: Phone, old: str, new: str) -> None:
    with phone.engine.begin() as connection:
        connection.execute(sa.text(f"ALTER TABLE {old} RENAME TO {new}"))


def test_two_texts_at_once_are_both_answered_one_after_the_other(phone: Phone) -> None:
    async def both() -> list[list[str]]:
        return list(await asyncio.gather(*(phone.threads.answer(SENDER, Said(text), {}) for text in ("one", "two"))))

    assert asyncio.run(both()) == [[TEXTS.greeting, "You said one."], ["You said two."]]


def test_a_thread_cannot_be_read_from_the_row_alone(phone: Phone) -> None:
    phone.text("which")
    with phone.engine.connect() as connection:
        row = connection.execute(sa.select(conversation)).one()
    assert b"Here" not in row.sealed_choices and SENDER not in str(row)


# The same text twice


def test_a_repeat_gets_the_same_reply_and_no_second_turn() -> None:
    once, asked = Once(), []

    async def make() -> list[str]:
        asked.append(1)
        await asyncio.sleep(0.01)
        return ["reply"]

    async def run() -> list[list[str]]:
        together = await asyncio.gather(*(once.answer("SM1", SENDER, make) for _ in range(3)))
        return [*together, await once.answer("SM1", SENDER, make)]

    assert asyncio.run(run()) == [["reply"]] * 4
    assert asked == [1]


def test_after_ten_minutes_or_after_leaving_a_repeat_gets_nothing_and_begins_nothing() -> None:
    now = [0.0]
    once, asked = Once(lambda: now[0]), []

    async def make() -> list[str]:
        asked.append(1)
        return ["reply"]

    async def run() -> None:
        assert await once.answer("SM1", SENDER, make) == ["reply"]
        once.forget(SENDER)
        assert await once.answer("SM1", SENDER, make) == []
        assert await once.answer("SM2", SENDER, make) == ["reply"]
        now[0] += REPLY_SECONDS + 1
        assert await once.answer("SM2", SENDER, make) == []

    asyncio.run(run())
    assert asked == [1, 1]


def test_a_turn_goes_on_when_the_carrier_hangs_up_and_the_repeat_gets_its_reply() -> None:
    once = Once()

    async def make() -> list[str]:
        await asyncio.sleep(0.02)
        return ["reply"]

    async def run() -> list[str]:
        first = asyncio.ensure_future(once.answer("SM1", SENDER, make))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0.05)
        return await once.answer("SM1", SENDER, make)

    assert asyncio.run(run()) == ["reply"]


# Limits


def may(limits: TextLimits, sender: str) -> May:
    return asyncio.run(limits.may(sender))


def test_too_many_are_explained_once_and_then_met_by_silence() -> None:
    limits = TextLimits(3, 100)
    assert [may(limits, "a") for _ in range(6)] == [May.ANSWER] * 3 + [May.EXPLAIN] + [May.KEEP_SILENT] * 2
    assert may(limits, "b") is May.ANSWER


def test_a_flood_from_many_numbers_is_stopped_as_well() -> None:
    limits = TextLimits(10, 5)
    answers = [may(limits, str(number)) for number in range(8)]
    assert answers == [May.ANSWER] * 5 + [May.EXPLAIN] * 3
    assert may(limits, "7") is May.KEEP_SILENT


def test_one_numbers_flood_does_not_use_up_what_all_have() -> None:
    limits = TextLimits(2, 4)
    for _ in range(50):
        may(limits, "flood")
    assert may(limits, "somebody else") is May.ANSWER


# The number itself


def test_without_a_key_of_those_who_take_referrals_no_number_goes_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "sealer", lambda: None)
    assert sealed_number("+447700900123") is None


def test_with_their_key_they_alone_can_read_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = PrivateKey.generate()
    sealer = SimpleNamespace(seal=SealedBox(theirs.public_key).encrypt)
    monkeypatch.setattr(bootstrap, "sealer", lambda: sealer)
    sealed = sealed_number("+447700900123")
    assert sealed is not None and "7700" not in sealed
    assert SealedBox(theirs).decrypt(base64.b64decode(sealed)) == b"+447700900123"


def test_danger_is_answered_where_nothing_can_be_read(phone: Phone) -> None:
    with phone.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE conversation RENAME TO gone"))
    assert phone.text("danger") == ["Call 999 now."]
    assert phone.text("what?")[0].startswith("Sorry. 999.")


@pytest.mark.parametrize(("header", "moment"), [
    ("1764000000.123", 1764000000.123), ("", None), ("soon", None), ("nan", None), ("inf", None), ("-inf", None), (None, None),
])
def test_when_a_text_came_is_a_moment_or_not_known(header: str | None, moment: float | None) -> None:
    request: Any = SimpleNamespace(headers={} if header is None else {"x-request-start": header})
    assert _came_at(request) == moment
