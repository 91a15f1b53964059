"""Changing services: versions, a second person, publishing, going back. Nothing is lost, and nothing goes out unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outreach.adapters import database
from outreach.adapters.directory_repository import DirectoryRepository
from outreach.adapters.service_versions import ServiceVersions
from outreach.audit.actions import check as check_declared
from outreach.content.importer import import_content
from outreach.editing.errors import Mistakes, MovedOn, NeedsSecondPerson, NoSuchService, NotAllowed, NothingChanged
from outreach.editing.rules import FOR_STAFF, sensitive
from outreach.editing.services import ServiceEditing
from outreach.editing.versions import Action, Document, State
from outreach.settings import ROOT
from outreach.staff import Role, Staff

EDITOR = Staff("e1", "Edith", frozenset({Role.EDITOR}))
PUBLISHER = Staff("p1", "Pat", frozenset({Role.PUBLISHER}))
OTHER_PUBLISHER = Staff("p2", "Priya", frozenset({Role.PUBLISHER, Role.EDITOR}))
AUDITOR = Staff("a1", "Ada", frozenset({Role.AUDITOR}))
LINE = "herts-da-helpline"
OTHER_NUMBER = "0808 801 0327"


@dataclass
class FakeAudit:
    """Keeps what was recorded, and refuses what is not declared, as the real one does."""

    rows: list[tuple[str, str, str, Any, Any]] = field(default_factory=list)
    breaks: bool = False

    def record(self, by: str, action: str, subject: str, before: Any = None, after: Any = None, connection: Any = None) -> None:
        assert connection is not None, "not in the transaction of the change"
        check_declared(action, before, after)
        if self.breaks:
            raise OSError("the audit is away")
        self.rows.append((by, action, subject, before, after))

    @property
    def actions(self) -> list[str]:
        return [action for _, action, *_ in self.rows]


class Clock:
    """A time that stands until it is moved."""

    now = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("editing") / "content.db"
    engine = database.connect(f"sqlite:///{file}")
    database.migrate(engine)
    import_content(ROOT / "content", engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return file


@pytest.fixture
def engine(template: Path, tmp_path: Path) -> Iterator[Engine]:
    (tmp_path / "own.db").write_bytes(template.read_bytes())
    engine = database.connect(f"sqlite:///{tmp_path / 'own.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def audit() -> FakeAudit:
    return FakeAudit()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def editing(engine: Engine, audit: FakeAudit, clock: Clock) -> ServiceEditing:
    return ServiceEditing(ServiceVersions(engine), audit, clock)


@pytest.fixture
def live(engine: Engine) -> Callable[[], dict[str, Any]]:
    """What the assistant reads now."""

    def read() -> dict[str, Any]:
        with engine.connect() as connection:
            table = database.service
            return dict(connection.execute(sa.select(table.c.document).where(table.c.key == LINE)).one().document)

    return read


def changed(editing: ServiceEditing, **fields: Any) -> Document:
    return {**editing.entry(LINE).head.document, **fields}


def drafted(editing: ServiceEditing, by: Staff, **fields: Any) -> int:
    """Save a draft of the helpline; its number."""
    return editing.save(by, LINE, changed(editing, **fields), editing.entry(LINE).head.number).number


def another_number(editing: ServiceEditing) -> dict[str, Any]:
    phone = editing.entry(LINE).head.document["phones"][0]
    return {"phones": [{**phone, "number": OTHER_NUMBER}]}


def live_number(editing: ServiceEditing) -> int:
    live = editing.entry(LINE).live
    assert live is not None
    return live.number


def test_what_was_imported_is_version_one_once_somebody_changes_it(editing: ServiceEditing, live: Any) -> None:
    imported = live()
    drafted(editing, EDITOR, description="New words.")
    first = editing.entry(LINE).version(1)
    assert first is not None
    assert (dict(first.document), first.state, first.action) == (imported, State.PUBLISHED, Action.IMPORTED)


def test_a_draft_changes_nothing_that_people_see(editing: ServiceEditing, live: Any) -> None:
    before = live()
    drafted(editing, EDITOR, description="New words.")
    assert live() == before


def test_an_editor_alone_cannot_publish(editing: ServiceEditing, live: Any) -> None:
    number = drafted(editing, EDITOR, description="New words.")
    before = live()
    with pytest.raises(NotAllowed):
        editing.publish(EDITOR, LINE, number, 1)
    with pytest.raises(NotAllowed):
        editing.withdraw(EDITOR, LINE, "because")
    assert live() == before


@pytest.mark.parametrize(
    "who", [AUDITOR, Staff("c", "C", frozenset({Role.CASEWORKER})), Staff("m", "M", frozenset({Role.MANAGER}))]
)
def test_who_neither_edits_nor_publishes_can_change_nothing(editing: ServiceEditing, who: Staff) -> None:
    for attempt in (
        lambda: editing.save(who, LINE, changed(editing, description="x"), 1),
        lambda: editing.assure(who, LINE, "phone", 1),
        lambda: editing.withdraw(who, LINE, "because"),
        lambda: editing.create(who, {**changed(editing), "id": "a-new-one"}),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_a_publisher_publishes_words_of_their_own_at_once(editing: ServiceEditing, live: Any, audit: FakeAudit) -> None:
    number = drafted(editing, PUBLISHER, description="New words.")
    editing.publish(PUBLISHER, LINE, number, 1)
    assert live()["description"] == "New words."
    assert audit.actions == ["service.drafted", "service.published"]
    before, after = audit.rows[-1][3:]
    assert before["changes"].keys() == after["changes"].keys() == {"description"}
    assert after["changes"]["description"] == "New words."


def test_the_next_answer_has_it(editing: ServiceEditing, engine: Engine) -> None:
    repository = DirectoryRepository(engine)
    before = repository.revision()
    editing.publish(PUBLISHER, LINE, drafted(editing, PUBLISHER, name="The county line"), 1)
    service = repository.service(LINE)
    assert service is not None and service.name == "The county line"
    assert repository.revision() == before + 1
    with engine.connect() as connection:
        row = connection.execute(sa.select(database.service).where(database.service.c.key == LINE)).one()
    assert (row.name, row.edited_at is not None) == ("The county line", True)


def test_a_later_import_keeps_its_hands_off_what_staff_published(editing: ServiceEditing, engine: Engine, live: Any) -> None:
    editing.publish(PUBLISHER, LINE, drafted(editing, PUBLISHER, description="New words."), 1)
    import_content(ROOT / "content", engine)
    assert live()["description"] == "New words."


@pytest.mark.parametrize("what", ["number", "kind of number", "hold", "second number", "hidden numbers", "everything hidden"])
def test_numbers_and_status_need_a_second_person(editing: ServiceEditing, live: Any, what: str) -> None:
    phone = changed(editing)["phones"][0]
    fields: dict[str, dict[str, Any]] = {
        "number": {"phones": [{**phone, "number": OTHER_NUMBER}]},
        "kind of number": {"phones": [{**phone, "kind": "sms"}]},
        "hold": {"status": "hold"},
        "second number": {"phones": [phone, {**phone, "number": OTHER_NUMBER}]},
        "hidden numbers": {"unconfirmed": ["phones"]},
        "everything hidden": {"unconfirmed": ["all"]},
    }
    before = live()
    number = drafted(editing, PUBLISHER, **fields[what])
    with pytest.raises(NeedsSecondPerson):
        editing.publish(PUBLISHER, LINE, number, 1)
    assert live() == before
    editing.publish(OTHER_PUBLISHER, LINE, number, 1)
    assert live() != before


def test_a_second_person_who_had_a_hand_in_it_is_none(editing: ServiceEditing) -> None:
    drafted(editing, PUBLISHER, **another_number(editing))
    number = drafted(editing, OTHER_PUBLISHER, description="And new words.")
    for one_of_them in (PUBLISHER, OTHER_PUBLISHER):
        with pytest.raises(NeedsSecondPerson):
            editing.publish(one_of_them, LINE, number, 1)


def test_words_can_be_published_by_the_one_who_wrote_them_even_after_another_draft(editing: ServiceEditing, live: Any) -> None:
    drafted(editing, EDITOR, description="New words.")
    editing.publish(PUBLISHER, LINE, drafted(editing, PUBLISHER, alert="Closed on Friday."), 1)
    assert (live()["description"], live()["alert"]) == ("New words.", "Closed on Friday.")


def test_an_approval_is_for_what_was_seen(editing: ServiceEditing, live: Any) -> None:
    """A draft that is older than a withdrawal does not bring the service back."""
    number = drafted(editing, EDITOR, description="New words.")
    editing.withdraw(OTHER_PUBLISHER, LINE, "the number was taken over")
    with pytest.raises(MovedOn):
        editing.publish(PUBLISHER, LINE, number, 1)
    assert live()["status"] == "hold"
    # Whoever has seen that it is on hold puts it back knowingly, and is not its author.
    editing.publish(PUBLISHER, LINE, number, live_number(editing))
    assert live()["status"] == "active"


def test_a_withdrawal_takes_one_publisher_and_a_reason(editing: ServiceEditing, live: Any, audit: FakeAudit) -> None:
    with pytest.raises(Mistakes):
        editing.withdraw(PUBLISHER, LINE, "  ")
    editing.withdraw(PUBLISHER, LINE, "the number was taken over")
    assert live()["status"] == "hold"
    assert audit.actions == ["service.withdrawn"]
    with pytest.raises(NothingChanged):
        editing.withdraw(PUBLISHER, LINE, "again")


def test_putting_back_what_was_withdrawn_needs_a_second_person(editing: ServiceEditing, live: Any) -> None:
    editing.withdraw(PUBLISHER, LINE, "the number was taken over")
    back = editing.roll_back(PUBLISHER, LINE, 1)
    assert (back.state, live()["status"]) == (State.DRAFT, "hold")
    with pytest.raises(NeedsSecondPerson):
        editing.publish(PUBLISHER, LINE, back.number, live_number(editing))
    editing.publish(OTHER_PUBLISHER, LINE, back.number, live_number(editing))
    assert live()["status"] == "active"


def test_one_click_goes_back_to_what_people_saw_before(editing: ServiceEditing, live: Any, audit: FakeAudit) -> None:
    before = live()
    editing.publish(OTHER_PUBLISHER, LINE, drafted(editing, EDITOR, **another_number(editing)), 1)
    assert live()["phones"][0]["number"] == OTHER_NUMBER
    version = editing.roll_back(PUBLISHER, LINE, 1)
    assert live() == before
    assert (version.number, version.made_by, version.note) == (3, "p1", "Back to version 1")
    assert audit.rows[-1][:3] == ("p1", "service.rolled_back", LINE)


def test_an_editor_cannot_go_back_in_public(editing: ServiceEditing, live: Any) -> None:
    editing.publish(PUBLISHER, LINE, drafted(editing, PUBLISHER, description="New words."), 1)
    with pytest.raises(NotAllowed):
        editing.roll_back(EDITOR, LINE, 1)
    assert live()["description"] == "New words."


def test_what_was_never_public_becomes_a_draft_again(editing: ServiceEditing, live: Any) -> None:
    before = live()
    number = drafted(editing, EDITOR, description="New words.")
    editing.reject(PUBLISHER, LINE, number, "not yet")
    again = editing.roll_back(EDITOR, LINE, number)
    assert (again.state, again.document["description"], live()) == (State.DRAFT, "New words.", before)


def test_a_wrong_number_is_not_gone_back_to(editing: ServiceEditing, engine: Engine, live: Any) -> None:
    """What would be refused today is refused in an old version too."""
    with database.writing(engine) as connection:
        table = database.service
        wrong = {**live(), "phones": [{**live()["phones"][0], "number": "09088 088 088"}]}
        connection.execute(
            sa.update(table).where(table.c.key == LINE).values(document=wrong, edited_at=datetime.now(timezone.utc))
        )
    editing.publish(OTHER_PUBLISHER, LINE, drafted(editing, EDITOR, **another_number(editing)), 1)
    with pytest.raises(Mistakes):
        editing.roll_back(PUBLISHER, LINE, 1)
    assert live()["phones"][0]["number"] == OTHER_NUMBER


def test_when_two_edit_the_same_the_second_is_told_and_overwrites_nothing(editing: ServiceEditing) -> None:
    opened = changed(editing)
    first = editing.save(EDITOR, LINE, {**opened, "description": "First."}, 1)
    with pytest.raises(MovedOn) as met:
        editing.save(OTHER_PUBLISHER, LINE, {**opened, "description": "Second."}, 1)
    assert met.value.theirs == first
    # Knowing of it, the second may go on; the first stays in the history.
    editing.save(OTHER_PUBLISHER, LINE, {**opened, "description": "Second."}, first.number)
    said = [version.document["description"] for version in editing.entry(LINE).versions]
    assert said[:2] == ["Second.", "First."]


def test_a_check_meanwhile_disturbs_nobody_who_edits(editing: ServiceEditing) -> None:
    opened = changed(editing)
    editing.assure(OTHER_PUBLISHER, LINE, "phone", 1)
    number = editing.save(PUBLISHER, LINE, {**opened, "description": "New words."}, 1).number
    version = editing.publish(PUBLISHER, LINE, number, 1)
    assert version.document["assured_date"] == "2026-11-24"


def test_saving_the_same_again_makes_no_version(editing: ServiceEditing) -> None:
    with pytest.raises(NothingChanged):
        editing.save(EDITOR, LINE, changed(editing), 1)


def test_a_check_with_the_service_is_dated_and_signed(editing: ServiceEditing, live: Any, audit: FakeAudit) -> None:
    before = live()
    version = editing.assure(EDITOR, LINE, "phone", 1, "spoke to the volunteer on duty")
    assert live() == {**before, "assured_date": "2026-11-24", "assurer": "Edith"}
    assert version.note == "Checked by phone. spoke to the volunteer on duty"
    assert audit.rows[-1][4]["way"] == "phone"
    with pytest.raises(Mistakes):
        editing.assure(EDITOR, LINE, "telepathy", 1)


def test_a_check_is_of_what_was_seen(editing: ServiceEditing, live: Any) -> None:
    """Whoever rang the old number has not made sure of the new one."""
    number = drafted(editing, EDITOR, **another_number(editing))
    editing.publish(PUBLISHER, LINE, number, 1)
    for seen in (1, None):
        with pytest.raises(MovedOn):
            editing.assure(EDITOR, LINE, "phone", seen)
    assert (live()["phones"][0]["number"], live()["assured_date"]) == (OTHER_NUMBER, None)
    editing.assure(EDITOR, LINE, "phone", number)
    assert live()["assured_date"] == "2026-11-24"


def test_two_who_check_the_same_words_disturb_each_other_not(editing: ServiceEditing, live: Any) -> None:
    editing.assure(OTHER_PUBLISHER, LINE, "website", 1)
    editing.assure(EDITOR, LINE, "phone", 1)
    assert live()["assurer"] == "Edith"


def test_nobody_types_in_when_something_was_checked(editing: ServiceEditing, live: Any) -> None:
    number = drafted(editing, PUBLISHER, description="New words.", assured_date="2026-01-01", assurer="Me")
    editing.publish(PUBLISHER, LINE, number, 1)
    assert (live()["assured_date"], live()["assurer"]) == (None, None)


def test_a_check_is_of_the_day_in_england(editing: ServiceEditing, clock: Clock, live: Any) -> None:
    clock.now = datetime(2026, 6, 30, 23, 30, tzinfo=timezone.utc)
    editing.assure(EDITOR, LINE, "phone", live_number(editing))
    assert live()["assured_date"] == "2026-07-01"


def test_what_is_scheduled_comes_out_at_its_time_and_not_before(editing: ServiceEditing, clock: Clock, live: Any) -> None:
    number = drafted(editing, EDITOR, **another_number(editing))
    editing.schedule(PUBLISHER, LINE, number, 1, clock.now + timedelta(hours=2))
    assert editing.publish_due() == 0
    clock.now += timedelta(hours=1, minutes=59)
    assert editing.publish_due() == 0
    clock.now += timedelta(minutes=1)
    assert editing.publish_due() == 1
    assert live()["phones"][0]["number"] == OTHER_NUMBER
    assert editing.publish_due() == 0


def test_a_time_that_has_gone_by_is_refused(editing: ServiceEditing, clock: Clock) -> None:
    number = drafted(editing, EDITOR, description="x")
    with pytest.raises(Mistakes):
        editing.schedule(PUBLISHER, LINE, number, 1, clock.now)


def test_a_year_that_was_mistyped_keeps_no_correction_waiting_for_ever(editing: ServiceEditing, clock: Clock) -> None:
    number = drafted(editing, EDITOR, description="x")
    for at in (datetime(2206, 11, 25, tzinfo=timezone.utc), datetime.max.replace(tzinfo=timezone.utc)):
        with pytest.raises(Mistakes, match="within a year"):
            editing.schedule(PUBLISHER, LINE, number, 1, at)
    assert editing.schedule(PUBLISHER, LINE, number, 1, clock.now + timedelta(days=365))


def test_scheduling_needs_a_second_person_too(editing: ServiceEditing, clock: Clock) -> None:
    number = drafted(editing, PUBLISHER, **another_number(editing))
    with pytest.raises(NeedsSecondPerson):
        editing.schedule(PUBLISHER, LINE, number, 1, clock.now + timedelta(hours=1))


def test_what_changed_after_its_approval_is_looked_at_again(
    editing: ServiceEditing, clock: Clock, live: Any, audit: FakeAudit
) -> None:
    number = drafted(editing, EDITOR, description="New words.")
    editing.schedule(PUBLISHER, LINE, number, 1, clock.now + timedelta(hours=1))
    editing.withdraw(PUBLISHER, LINE, "the number was taken over")
    clock.now += timedelta(hours=2)
    assert editing.publish_due() == 0
    pending = editing.entry(LINE).pending
    assert pending is not None
    assert (pending.state, pending.publish_at, live()["status"]) == (State.IN_REVIEW, None, "hold")
    assert "changed after this was approved" in pending.review_note
    assert audit.actions[-1] == "service.unscheduled"


def test_a_check_after_approval_does_not_hold_up_the_schedule(editing: ServiceEditing, clock: Clock, live: Any) -> None:
    number = drafted(editing, EDITOR, description="New words.")
    editing.schedule(PUBLISHER, LINE, number, 1, clock.now + timedelta(hours=1))
    editing.assure(EDITOR, LINE, "phone", live_number(editing))
    clock.now += timedelta(hours=2)
    assert editing.publish_due() == 1
    assert (live()["description"], live()["assured_date"]) == ("New words.", "2026-11-24")


def test_a_draft_on_top_takes_the_scheduled_one_off(editing: ServiceEditing, clock: Clock, live: Any) -> None:
    number = drafted(editing, EDITOR, description="New words.")
    editing.schedule(PUBLISHER, LINE, number, 1, clock.now + timedelta(hours=1))
    drafted(editing, EDITOR, description="Better words.")
    clock.now += timedelta(hours=2)
    assert editing.publish_due() == 0
    assert live()["description"] != "New words."


def test_an_author_takes_back_their_own_and_no_one_elses(editing: ServiceEditing) -> None:
    number = drafted(editing, EDITOR, description="New words.")
    editing.submit(EDITOR, LINE, number)
    with pytest.raises(NotAllowed):
        editing.reject(Staff("e2", "Eve", frozenset({Role.EDITOR})), LINE, number)
    editing.reject(EDITOR, LINE, number)
    assert editing.entry(LINE).pending is None


def test_a_new_service_is_seen_by_nobody_until_a_second_person_publishes_it(editing: ServiceEditing, engine: Engine) -> None:
    document = {**changed(editing), "id": "a-new-line", "name": "A new line"}
    version = editing.create(PUBLISHER, document)
    assert DirectoryRepository(engine).service("a-new-line") is None
    with pytest.raises(NeedsSecondPerson):
        editing.publish(PUBLISHER, "a-new-line", version.number, None)
    editing.publish(OTHER_PUBLISHER, "a-new-line", version.number, None)
    service = DirectoryRepository(engine).service("a-new-line")
    assert service is not None and service.name == "A new line"


def test_a_short_name_is_given_once(editing: ServiceEditing) -> None:
    with pytest.raises(Mistakes) as met:
        editing.create(EDITOR, changed(editing))
    assert [mistake.field for mistake in met.value.mistakes] == ["id"]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"phones": [{"number": "09088 088 088", "confirmed": True}]}, "phones[0].number"),
        ({"phones": [{"number": "0808 808 808", "confirmed": True}]}, "phones[0].number"),
        ({"phones": [{"number": "08088 808 088", "confirmed": True}]}, "phones[0].number"),
        ({"phones": [{"number": "12345 67", "confirmed": True}]}, "phones[0].number"),
        ({"phones": [{"number": OTHER_NUMBER}, {"number": OTHER_NUMBER}]}, "phones[1].number"),
        ({"description": "Ring 0908 808 8088."}, "description"),
        ({"description": "Ring 0808 808 8808."}, "description"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"service_areas": ["Narnia"]}, "service_areas[0]"),
        ({"kind": "perpetrator"}, "kind"),
        ({"schedules": [{"rrule": "FREQ=DAILY", "opens": "25:00", "closes": "09:00"}]}, "schedules[0].opens"),
        ({"schedules": [{"rrule": "FREQ=DAILY", "opens": "09:00", "closes": "09:00"}]}, "schedules[0].closes"),
        ({"schedules": [{"rrule": "FREQ=DAILY;INTERVAL=2", "opens": "09:00", "closes": "17:00", "valid_from": "0026-01-05"}]},
         "schedules[0].valid_from"),
        ({"urls": [{"kind": "website", "url": "http://plain.example"}]}, "urls[0].url"),
        ({"kind": "refuge", "description": "We are at SG1 1AA."}, "description"),
    ],
)
def test_what_is_wrong_is_named_with_its_field_and_not_kept(
    editing: ServiceEditing, fields: dict[str, Any], where: str
) -> None:
    with pytest.raises(Mistakes) as met:
        drafted(editing, EDITOR, **fields)
    assert where in [mistake.field for mistake in met.value.mistakes]
    assert len(editing.entry(LINE).versions) == 1


def test_a_change_by_the_files_after_a_draft_is_a_version_of_its_own(
    editing: ServiceEditing, engine: Engine, live: Any
) -> None:
    drafted(editing, EDITOR, description="New words.")
    with database.writing(engine) as connection:
        table = database.service
        connection.execute(sa.update(table).where(table.c.key == LINE).values(document={**live(), "alert": "From the files."}))
    editing.assure(EDITOR, LINE, "phone", live_number(editing))
    versions = editing.entry(LINE).versions
    assert [(each.number, each.state, each.action) for each in versions] == [
        (4, State.PUBLISHED, Action.ASSURED),
        (3, State.SUPERSEDED, Action.IMPORTED),
        (2, State.DRAFT, Action.EDITED),
        (1, State.SUPERSEDED, Action.IMPORTED),
    ]
    assert live()["alert"] == "From the files."


def test_a_change_that_cannot_be_recorded_is_not_made(editing: ServiceEditing, audit: FakeAudit, live: Any) -> None:
    before, audit.breaks = live(), True
    with pytest.raises(OSError, match="audit"):
        editing.withdraw(PUBLISHER, LINE, "because")
    assert live() == before
    assert len(editing.entry(LINE).versions) == 1


def test_the_audit_holds_no_notes_for_staff(editing: ServiceEditing, audit: FakeAudit) -> None:
    editing.publish(PUBLISHER, LINE, drafted(editing, PUBLISHER, staff_notes="Mrs Example told us", source="her letter"), 1)
    assert "Mrs Example" not in str(audit.rows) and "her letter" not in str(audit.rows)
    assert audit.rows[-1][4]["changes"].keys() == FOR_STAFF


def test_the_audit_names_who_checked_by_their_account_alone(editing: ServiceEditing, audit: FakeAudit) -> None:
    """Nobody can take a name out of the audit again."""
    editing.assure(EDITOR, LINE, "phone", 1)
    editing.publish(PUBLISHER, LINE, drafted(editing, PUBLISHER, alert="Closed on Friday."), live_number(editing))
    assert ("e1", "service.assured") in [(by, action) for by, action, *_ in audit.rows]
    assert audit.rows[0][4]["changes"] == {"assured_date": "2026-11-24"}
    assert "Edith" not in str(audit.rows)


def test_bringing_in_is_all_or_nothing(editing: ServiceEditing, live: Any) -> None:
    before = live()
    good, bad = {**before, "description": "Brought in."}, {**before, "id": "bad-one", "phones": [{"number": "0900 000 0000"}]}
    with pytest.raises(Mistakes) as met:
        editing.take_in(PUBLISHER, OTHER_PUBLISHER, [good, bad], "a file")
    assert met.value.mistakes[0].field.startswith("bad-one: phones[0]")
    assert live() == before
    told: list[int] = []
    assert editing.take_in(PUBLISHER, None, [good], "a file", told.append) == 1
    assert (live()["description"], told) == ("Brought in.", [1])
    assert editing.take_in(PUBLISHER, None, [good], "a file") == 0


def test_brought_in_numbers_need_a_second_person(editing: ServiceEditing, live: Any) -> None:
    document = {**live(), **another_number(editing)}
    for confirmed_by in (None, PUBLISHER):
        with pytest.raises(NeedsSecondPerson):
            editing.take_in(PUBLISHER, confirmed_by, [document], "a file")
    assert editing.take_in(PUBLISHER, OTHER_PUBLISHER, [document], "a file") == 1


def test_what_does_not_exist_is_said_so(editing: ServiceEditing) -> None:
    with pytest.raises(NoSuchService):
        editing.entry("nothing")
    with pytest.raises(NoSuchService):
        editing.withdraw(PUBLISHER, "nothing", "because")
    with pytest.raises(NoSuchService):
        editing.roll_back(PUBLISHER, LINE, 77)


def test_a_service_that_nobody_sees_may_be_drafted_alone() -> None:
    document = {"status": "hold", "phones": [], "unconfirmed": []}
    assert sensitive(None, document) == []
    assert sensitive(None, {**document, "status": "active"}) and sensitive(None, {**document, "phones": [{"number": "1"}]})
