"""The desk: drafts, checks by a second pair of eyes, publishing, and the way back; every version kept."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outreach.adapters.database import connect, migrate, wording
from outreach.adapters.wording_repository import WordingRepository
from outreach.adapters.wording_versions import WordingVersions
from outreach.audit.actions import check
from outreach.model.wording import DRAFT, DROPPED, IN_REVIEW, PUBLISHED, REPLACED, RETIRED
from outreach.wording.checks import Checked, Finding
from outreach.wording.desk import MovedOn, NoSuchReply, NotTheirs, Refused, WordingDesk
from outreach.wording.differences import ADDED, REMOVED, differences
from outreach.wording.previews import Remembering, preview
from outreach.wording.replies import Button, Replies, Reply, Said

PETS = (Button("About pets", "ask_pets"),)
REPLIES = Replies(
    [
        Reply("utter_thanks", "Thank you", "Talk", {
            "web": Said("utter_thanks", "web", "You're welcome.", PETS), "sms": Said("utter_thanks", "sms", "Welcome."),
        }),
        Reply("utter_danger", "Danger", "Safety", {"web": Said("utter_danger", "web", "Call 999.")}),
    ],
    {"ask_pets": "Pets", "ask_cost": "Cost"},
)  # fmt: skip
NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)


class FakeAudit:
    """Keeps what was recorded, and refuses what the real one would refuse."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, Any, Any]] = []
        self.fails = False

    def record(
        self, by: str, action: str, subject: str, before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None, connection: Any = None,
    ) -> None:
        check(action, before, after)
        assert connection is not None, "not in the transaction of the change"
        if self.fails:
            raise RuntimeError("the audit is broken")
        self.rows.append((by, action, subject, before, after))


class FakeChecks:
    """Whatever holds the word "wrong" is wrong."""

    def check(self, said: Said) -> Checked:
        return Checked((Finding("text", "It is wrong."),) if "wrong" in said.text else (), 9, 3)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def audit() -> FakeAudit:
    return FakeAudit()


@pytest.fixture
def desk(engine: Engine, audit: FakeAudit) -> WordingDesk:
    moments = iter(NOW + timedelta(minutes=n) for n in range(1000))
    fixed = {"utter_danger": "It is fixed."}
    return WordingDesk(REPLIES, WordingVersions(engine), FakeChecks(), fixed, audit, lambda: next(moments))


def words(text: str, buttons: tuple[Button, ...] = PETS, channel: str = "web") -> Said:
    return Said("utter_thanks", channel, text, buttons if channel == "web" else ())


def save(desk: WordingDesk, text: str, by: str = "ed", buttons: tuple[Button, ...] = PETS, channel: str = "web") -> int:
    said = words(text, buttons, channel)
    return desk.save(by, said, "", desk.sides("utter_thanks")[channel].latest).version


def published(engine: Engine, channel: str = "web") -> str | None:
    """What the assistant would read at its next reply."""
    found = WordingRepository(engine).published("utter_thanks", channel)
    return found.text if found else None


def statuses(desk: WordingDesk, channel: str = "web") -> list[str]:
    return [version.status for version in desk.sides("utter_thanks")[channel].versions]


def test_before_anybody_wrote_the_products_own_is_said(desk: WordingDesk, engine: Engine) -> None:
    side = desk.sides("utter_thanks")["web"]
    assert (side.said.text, side.live, side.open, side.latest) == ("You're welcome.", None, None, 0) and not side.is_changed
    assert published(engine) is None


def test_a_draft_is_kept_and_not_said(desk: WordingDesk, engine: Engine) -> None:
    assert save(desk, "Any time.") == 1
    side = desk.sides("utter_thanks")["web"]
    assert side.open and (side.open.text, side.open.status, side.open.made_by) == ("Any time.", DRAFT, "ed")
    assert side.open.made_at == NOW and side.said.text == "You're welcome." and published(engine) is None


def test_a_published_draft_is_what_the_assistant_reads_next(desk: WordingDesk, engine: Engine, audit: FakeAudit) -> None:
    number = save(desk, "Any time.")
    desk.submit("ed", "utter_thanks", "web", number)
    assert desk.sides("utter_thanks")["web"].open.status == IN_REVIEW  # type: ignore[union-attr]
    desk.publish("pub", "utter_thanks", "web", number)
    side = desk.sides("utter_thanks")["web"]
    assert published(engine) == "Any time." and published(engine, "sms") is None
    assert side.live and (side.live.published_by, side.open) == ("pub", None) and side.is_changed
    assert [(row[0], row[1]) for row in audit.rows] == [
        ("ed", "wording.drafted"), ("ed", "wording.submitted"), ("pub", "wording.published"),
    ]  # fmt: skip
    assert audit.rows[-1][3]["text"] == "You're welcome." and audit.rows[-1][4]["text"] == "Any time."


def test_every_save_is_a_version_and_no_words_are_ever_lost(desk: WordingDesk) -> None:
    for text in ("One.", "Two.", "Three."):
        save(desk, text)
    side = desk.sides("utter_thanks")["web"]
    assert [(v.version, v.text) for v in side.versions] == [(3, "Three."), (2, "Two."), (1, "One.")]
    assert statuses(desk) == [DRAFT, REPLACED, REPLACED]


def test_saving_the_same_again_makes_no_new_version(desk: WordingDesk) -> None:
    assert save(desk, "One.") == save(desk, "One.") == 1
    with pytest.raises(Refused, match="nothing was changed"):
        save(desk, "Welcome.", channel="sms")


def test_the_second_of_two_who_began_together_is_shown_the_firsts(desk: WordingDesk) -> None:
    desk.save("ann", words("Ann's."), "", based_on=0)
    with pytest.raises(MovedOn) as moved:
        desk.save("bob", words("Bob's."), "", based_on=0)
    assert moved.value.latest and (moved.value.latest.text, moved.value.latest.made_by) == ("Ann's.", "ann")
    desk.save("bob", words("Bob's and Ann's."), "", based_on=1)
    assert [v.text for v in desk.sides("utter_thanks")["web"].versions] == ["Bob's and Ann's.", "Ann's."]


def test_an_old_form_does_not_undo_what_was_published_meanwhile(desk: WordingDesk) -> None:
    desk.publish("pub", "utter_thanks", "web", save(desk, "Published."))
    with pytest.raises(MovedOn):
        desk.save("bob", words("From an old page."), "", based_on=0)


def test_a_draft_that_was_replaced_cannot_be_published(desk: WordingDesk, engine: Engine) -> None:
    seen = save(desk, "What the publisher read.")
    save(desk, "What somebody slipped in.")
    with pytest.raises(MovedOn):
        desk.publish("pub", "utter_thanks", "web", seen)
    assert published(engine) is None


def test_one_click_says_an_earlier_version_again_and_keeps_the_history(
    desk: WordingDesk, engine: Engine, audit: FakeAudit
) -> None:
    for text in ("First.", "Second."):
        desk.publish("pub", "utter_thanks", "web", save(desk, text))
    desk.restore("pub", "utter_thanks", "web", 1)
    assert published(engine) == "First." and statuses(desk) == [PUBLISHED, RETIRED, RETIRED]
    newest = desk.sides("utter_thanks")["web"].versions[0]
    assert (newest.version, newest.note, newest.made_by) == (3, "Version 1 again", "pub")
    assert audit.rows[-1][1] == "wording.rolled_back" and audit.rows[-1][3]["text"] == "Second."


def test_a_draft_stays_while_an_earlier_version_is_said_again(desk: WordingDesk) -> None:
    desk.publish("pub", "utter_thanks", "web", save(desk, "First."))
    desk.publish("pub", "utter_thanks", "web", save(desk, "Second."))
    save(desk, "A draft.")
    desk.restore("pub", "utter_thanks", "web", 1)
    side = desk.sides("utter_thanks")["web"]
    assert side.open and side.open.text == "A draft." and side.said.text == "First."


def test_what_is_said_already_is_not_said_again(desk: WordingDesk) -> None:
    desk.publish("pub", "utter_thanks", "web", save(desk, "First."))
    with pytest.raises(Refused):
        desk.restore("pub", "utter_thanks", "web", 1)


def test_back_to_what_came_with_the_product(desk: WordingDesk, engine: Engine, audit: FakeAudit) -> None:
    desk.publish("pub", "utter_thanks", "web", save(desk, "First."))
    desk.use_products_own("pub", "utter_thanks", "web")
    assert published(engine) is None and desk.sides("utter_thanks")["web"].said.text == "You're welcome."
    assert audit.rows[-1][1] == "wording.retired" and audit.rows[-1][4]["text"] == "You're welcome."
    with pytest.raises(MovedOn):
        desk.use_products_own("pub", "utter_thanks", "web")


def test_buttons_follow_the_product_until_staff_change_them(desk: WordingDesk, engine: Engine) -> None:
    desk.publish("pub", "utter_thanks", "web", save(desk, "First."))
    found = WordingRepository(engine).published("utter_thanks", "web")
    assert found and found.buttons is None
    desk.publish("pub", "utter_thanks", "web", save(desk, "First.", buttons=()))
    found = WordingRepository(engine).published("utter_thanks", "web")
    assert found and found.buttons == ()
    desk.publish("pub", "utter_thanks", "web", save(desk, "First.", buttons=(Button("Cost", "ask_cost"),)))
    found = WordingRepository(engine).published("utter_thanks", "web")
    assert found and found.buttons == ({"title": "Cost", "payload": "/ask_cost"},)


def test_a_wording_for_every_channel_goes_on_for_the_other_one(desk: WordingDesk, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.insert(wording).values(key="utter_thanks", channel="any", version=1, text="Both.", status="published"))
    assert desk.sides("utter_thanks")["web"].said.text == "Both."
    desk.publish("pub", "utter_thanks", "web", save(desk, "Web's own."))
    assert (published(engine), published(engine, "sms")) == ("Web's own.", "Both.")
    desk.use_products_own("pub", "utter_thanks", "sms")
    assert (published(engine), published(engine, "sms")) == ("Web's own.", None)


def test_what_a_check_blocks_is_neither_kept_nor_published(desk: WordingDesk, engine: Engine) -> None:
    with pytest.raises(Refused, match="It is wrong"):
        save(desk, "Something wrong.")
    with engine.begin() as connection:
        connection.execute(sa.insert(wording).values(
            key="utter_thanks", channel="web", version=7, text="Gone wrong since.", status="draft",
        ))  # fmt: skip
    with pytest.raises(Refused):
        desk.publish("pub", "utter_thanks", "web", 7)
    assert published(engine) is None


def test_a_fixed_reply_is_nobodys_to_change(desk: WordingDesk) -> None:
    with pytest.raises(NotTheirs):
        desk.save("ed", Said("utter_danger", "web", "Stay calm."), "", 0)
    for act in (desk.publish, desk.restore):
        with pytest.raises(NotTheirs):
            act("pub", "utter_danger", "web", 1)


@pytest.mark.parametrize(("key", "channel", "version"), [
    ("utter_nothing", "web", 1), ("utter_thanks", "fax", 1), ("utter_thanks", "web", 9),
])  # fmt: skip
def test_what_there_is_not_is_not_found(desk: WordingDesk, key: str, channel: str, version: int) -> None:
    for act in (desk.submit, desk.drop, desk.publish, desk.restore):
        with pytest.raises(NoSuchReply):
            act("pub", key, channel, version)


def test_a_draft_can_be_sent_back_or_given_up(desk: WordingDesk, audit: FakeAudit) -> None:
    number = save(desk, "One.")
    with pytest.raises(MovedOn):
        desk.send_back("pub", "utter_thanks", "web", number, "Too long.")
    desk.submit("ed", "utter_thanks", "web", number)
    desk.send_back("pub", "utter_thanks", "web", number, "Too long.")
    side = desk.sides("utter_thanks")["web"]
    assert side.open and (side.open.status, side.open.note) == (DRAFT, "Too long.")
    desk.drop("ed", "utter_thanks", "web", number)
    assert statuses(desk) == [DROPPED] and desk.sides("utter_thanks")["web"].open is None
    assert [row[1] for row in audit.rows[-2:]] == ["wording.rejected", "wording.rejected"]


def test_nothing_is_changed_when_it_cannot_be_recorded(desk: WordingDesk, engine: Engine, audit: FakeAudit) -> None:
    number = save(desk, "One.")
    audit.fails = True
    with pytest.raises(RuntimeError):
        desk.publish("pub", "utter_thanks", "web", number)
    assert published(engine) is None and statuses(desk) == [DRAFT]


def test_the_overview_has_every_reply_with_what_is_said_and_open(desk: WordingDesk) -> None:
    save(desk, "A draft.")
    desk.publish("pub", "utter_thanks", "sms", save(desk, "Short.", channel="sms"))
    sides = desk.overview()["utter_thanks"]
    assert sides["web"].open and not sides["web"].live and sides["sms"].said.text == "Short."
    assert set(desk.overview()) == {"utter_thanks", "utter_danger"}


def test_reading_tidies_what_was_typed(desk: WordingDesk) -> None:
    said, checked = desk.read("utter_thanks", "web", "“Hi”  \r\n\r\n\r\n• one", [Button(" ’s ", "ask_pets")])
    assert (said.text, said.buttons[0].title) == ('"Hi"\n\n- one', "'s") and not checked.blocked


# Beside it


def test_differences_are_told_word_by_word() -> None:
    found = differences(words("Ring us now."), words("Ring us soon.", (Button("Cost", "ask_cost"),)), REPLIES.targets)
    assert "now." in {piece.text for piece in found if piece.kind == REMOVED}
    assert "soon." in {piece.text for piece in found if piece.kind == ADDED}
    assert "".join(piece.text for piece in found if piece.kind != ADDED) == "Ring us now.\n\n[About pets: Pets]"
    assert "".join(piece.text for piece in found if piece.kind != REMOVED) == "Ring us soon.\n\n[Cost: Cost]"


class OneService:
    """A directory that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def phone(self, service_id: str) -> str | None:
        self.asked += 1
        return "0808 200 0247" if service_id == "line" else None

    def name(self, service_id: str) -> str | None:
        return None

    def hours_sentence(self, service_id: str) -> str:
        return ""


def test_a_preview_is_what_the_page_and_the_phone_show() -> None:
    seen = preview(words("In {area}:\n\n- Ring {phone.line}. {hours.line}\n- Or 999\n\nBye"), OneService(), {"area": "Hertsmere"})
    assert [block.is_list for block in seen.blocks] == [False, True, False]
    assert [(p.text, p.tappable) for p in seen.blocks[1].lines[0]] == [("Ring ", False), ("0808 200 0247", True), (".", False)]
    assert seen.message.startswith("In Hertsmere:") and seen.segments == 1 and seen.missing is None


def test_a_preview_says_what_has_no_value_now() -> None:
    assert preview(words("Ring {phone.gone}."), OneService(), {}).missing == "{phone.gone}"


def test_a_page_asks_the_directory_once_for_each_thing() -> None:
    directory = OneService()
    remembering = Remembering(directory)
    assert [remembering.phone("line") for _ in range(3)] == ["0808 200 0247"] * 3 and directory.asked == 1
