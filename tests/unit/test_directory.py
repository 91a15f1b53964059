"""What the directory lets people see, and what it never does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outreach.adapters import database
from outreach.adapters.directory_repository import MOST_KEPT, DirectoryRepository, KeptDirectory
from outreach.adapters.wording_repository import WordingRepository
from outreach.content.importer import import_content
from outreach.directory.directory import Directory
from outreach.directory.gsm7 import BASIC
from outreach.directory.publishing import publish
from outreach.model import Area, Phone, Route, Schedule, Service, Topic, Url, documents
from outreach.settings import ROOT
from outreach.sms.rendering import service_line

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
NIGHT = datetime(2026, 11, 24, 23, 0, tzinfo=timezone.utc)
PLAIN = Service(
    id="line",
    organization="A charity",
    name="A line",
    kind="helpline",
    description="Somebody to talk to.",
    status="active",
    service_areas=("Hertfordshire",),
    phones=(Phone("0808 801 0327", cost="free", confirmed=True),),
    urls=(Url("website", "https://line.example", confirmed=True),),
    schedules=(Schedule("FREQ=DAILY", "09:00", "17:00", bank_holidays="as_usual", confirmed=True),),
    staff_notes="for staff alone",
    source="from a page",
)


class FakeRepository:
    """A directory in memory."""

    def __init__(self, *services: Service, topics: dict[str, Topic] | None = None) -> None:
        self._services = {service.id: service for service in services}
        self._topics = topics or {"topic": Topic("topic", tuple(self._services))}

    def as_it_is(self) -> FakeRepository:
        return self

    def service(self, service_id: str) -> Service | None:
        return self._services.get(service_id)

    def services(self, service_ids: tuple[str, ...]) -> dict[str, Service]:
        return {each: self._services[each] for each in service_ids if each in self._services}

    def topic(self, key: str) -> Topic | None:
        return self._topics.get(key)

    def areas(self) -> dict[str, Area]:
        listed = (("Hertfordshire", "county"), ("UK", "everyone"), ("Essex", "elsewhere"))
        return {name: Area(name, reach) for name, reach in listed}

    def district_names(self) -> frozenset[str]:
        return frozenset({"Watford", "Dacorum"})

    def routes(self) -> tuple[Route, ...]:
        return ()


def directory(*services: Service, show_unchecked: bool = True, now: datetime = NOON) -> Directory:
    return Directory(FakeRepository(*services), show_unchecked, lambda: now)


def test_a_service_on_hold_is_never_shown() -> None:
    held = replace(PLAIN, status="hold", assured_date=date(2026, 11, 1))
    assert directory(held).service("line") is None
    assert directory(held).signposts("topic") == []
    assert directory(held).phone("line") is None


def test_a_service_of_which_all_is_from_memory_is_never_shown() -> None:
    assert directory(replace(PLAIN, unconfirmed=("all",))).service("line") is None


def test_unchecked_services_vanish_with_one_setting() -> None:
    checked = replace(PLAIN, id="checked", assured_date=date(2026, 11, 1))
    shown = directory(PLAIN, checked, show_unchecked=False).signposts("topic")
    assert [service.id for service in shown] == ["checked"]
    assert directory(PLAIN, show_unchecked=False).service("line") is None


def test_a_card_says_when_it_was_last_checked() -> None:
    card = publish(PLAIN, True)
    checked = publish(replace(PLAIN, assured_date=date(2026, 11, 1)), True)
    assert card is not None
    assert checked is not None
    assert card.as_card(NOON)["last_checked"] is None
    assert checked.as_card(NOON)["last_checked"] == "2026-11-01"


def test_a_card_has_the_contract_shape() -> None:
    service = directory(PLAIN).service("line")
    assert service is not None
    card = service.as_card(NOON)
    assert set(card) == {"id", "name", "summary", "phones", "hours", "areas", "website", "last_checked"}
    assert card["phones"][0]["href"] == "tel:08088010327"
    assert {"number", "href", "cost", "on_bill"} <= set(card["phones"][0])
    assert card["hours"]["text"] == "Open now, until 5pm"
    assert card["hours"]["open_now"] is True
    assert datetime.fromisoformat(card["hours"]["next_change"]).hour == 17
    assert "for staff alone" not in str(card)


@pytest.mark.parametrize(
    ("field", "empty"),
    [("phones", []), ("website", None), ("schedules", None), ("service_areas", [])],
)
def test_an_unconfirmed_field_is_absent(field: str, empty: object) -> None:
    service = publish(replace(PLAIN, unconfirmed=(field,)), True)
    assert service is not None
    key = {"schedules": "hours", "service_areas": "areas"}.get(field, field)
    assert service.as_card(NOON)[key] == empty


def test_an_unconfirmed_cost_is_absent_from_the_phone_too() -> None:
    service = publish(replace(PLAIN, cost="free", unconfirmed=("cost",)), True)
    assert service is not None
    assert service.as_card(NOON)["phones"][0]["cost"] is None
    assert "ree" not in service_line(service.as_card(NOON))


def test_an_unconfirmed_phone_schedule_or_link_is_absent() -> None:
    vague = replace(
        PLAIN,
        phones=(Phone("0808 801 0327"),),
        schedules=(replace(PLAIN.schedules[0], confirmed=False),),
        urls=(Url("website", "https://line.example"),),
    )
    service = publish(vague, True)
    assert service is not None
    card = service.as_card(NOON)
    assert (card["phones"], card["hours"], card["website"]) == ([], None, None)


@pytest.mark.parametrize("number", ["09088 088 088", "0908 808 8088", "+44 908 808 8088", "(09088) 088088"])
def test_a_premium_number_never_leaves_even_from_the_database(number: str) -> None:
    service = publish(replace(PLAIN, phones=(Phone(number, confirmed=True),)), True)
    assert service is not None
    assert service.phone is None


def test_services_of_one_district_need_the_district() -> None:
    local = replace(PLAIN, id="local", service_areas=("Watford",))
    assert [each.id for each in directory(PLAIN, local).signposts("topic")] == ["line"]
    assert [each.id for each in directory(PLAIN, local).signposts("topic", "Watford")] == ["line", "local"]
    assert [each.id for each in directory(PLAIN, local).signposts("topic", "Dacorum")] == ["line"]


def test_outside_the_county_only_what_reaches_there_is_shown() -> None:
    national, essex = replace(PLAIN, id="uk", service_areas=("UK",)), replace(PLAIN, id="ex", service_areas=("Essex",))
    services = directory(PLAIN, national, essex)
    assert [each.id for each in services.signposts("topic", "Harlow (Essex)")] == ["uk", "ex"]
    assert [each.id for each in services.signposts("topic", "outside")] == ["uk"]


def test_no_list_is_longer_than_five() -> None:
    many = [replace(PLAIN, id=f"line-{number}") for number in range(8)]
    assert len(directory(*many).signposts("topic", limit=20)) == 5


def test_live_chat_hours_do_not_open_the_phone() -> None:
    chat = replace(PLAIN.schedules[0], opens="00:00", closes="24:00", attending_type="online")
    service = publish(replace(PLAIN, schedules=(*PLAIN.schedules, chat)), True)
    assert service is not None
    assert service.opening(NIGHT).open_now is False


def test_a_text_message_line_is_gsm7_and_says_the_number() -> None:
    curly = replace(PLAIN, name="Men’s “Line” – café…")
    service = publish(curly, True)
    assert service is not None
    line = service_line(service.as_card(NIGHT))
    assert line == "Men's \"Line\" - café...: 0808 801 0327. Free. Closed now. Opens tomorrow at 9am. Not yet checked."
    assert set(line) <= BASIC


def test_hours_come_as_a_sentence() -> None:
    assert directory(PLAIN).hours_sentence("line") == "It is open now, until 5pm."
    assert directory(PLAIN).hours_sentence("nothing") == ""


def test_a_service_survives_being_a_document() -> None:
    assert documents.service(documents.to_document(PLAIN)) == PLAIN


# The starter content, through a database.


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = database.connect(f"sqlite:///{tmp_path_factory.mktemp('content')}/outreach.db")
    database.migrate(engine)
    import_content(ROOT / "content", engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=[DirectoryRepository, KeptDirectory])
def starter(engine: Engine, request: pytest.FixtureRequest) -> Directory:
    return Directory(request.param(engine), True, lambda: NIGHT)


def ids(services: list[object]) -> list[str]:
    return [service.id for service in services]  # type: ignore[attr-defined]


def test_the_helpline_is_closed_at_night_and_the_national_line_is_open(starter: Directory) -> None:
    assert starter.phone("herts-da-helpline") == "08088 088 088"
    assert starter.hours_sentence("herts-da-helpline") == "It is closed now. It opens tomorrow at 9am."
    assert starter.phone("ndah") == "0808 2000 247"
    assert starter.hours_sentence("ndah") == "It is open 24 hours, every day."


@pytest.mark.parametrize(
    ("topic", "number"),
    [
        ("ask_male_victim", "0808 801 0327"),
        ("ask_lgbt_support", "0800 999 5428"),
        ("ask_young_person", "0800 1111"),
        ("ask_older_disabled_support", "0808 808 8141"),
        ("ask_perpetrator_help", "0808 802 4040"),
        ("ask_worried_about_someone", "08088 088 088"),
        ("ask_professional", "08088 088 088"),
        ("suicidal_or_self_harm", "116 123"),
        ("immediate_danger", "999"),
        ("ask_helpline", "08088 088 088"),
    ],
)
def test_the_promised_number_comes_first(starter: Directory, topic: str, number: str) -> None:
    assert starter.signposts(topic)[0].phone == number


def test_refuges_are_named_by_area_and_phone_and_never_by_address(starter: Directory) -> None:
    offered = starter.signposts("ask_refuge")
    assert {"herts-da-helpline", "ndah", "safer-places", "whwr"} <= set(ids(list(offered)))
    assert "address" not in str([service.as_card(NIGHT) for service in offered])


def test_help_for_people_who_harm_stands_alone(engine: Engine, starter: Directory) -> None:
    with engine.connect() as connection:
        keys = connection.execute(sa.select(database.topic.c.key)).scalars().all()
    for key in keys:
        kinds = {service.service.kind for service in starter.signposts(key)}
        assert "perpetrator" not in kinds or kinds == {"perpetrator"}, key


def test_housing_offers_the_council_of_the_district(starter: Directory) -> None:
    assert starter.signposts("ask_housing", "Dacorum")[0].id == "housing-dacorum"
    assert not [each for each in starter.signposts("ask_housing") if each.id.startswith("housing-")]


def test_everything_offered_says_how_to_reach_it_or_what_it_is(engine: Engine, starter: Directory) -> None:
    with engine.connect() as connection:
        keys = connection.execute(sa.select(database.topic.c.key)).scalars().all()
    for key in keys:
        offered = starter.signposts(key)
        assert 1 <= len(offered) <= 5, key
        assert any(service.phone or service.website for service in offered), key


def test_every_active_starter_service_has_a_card_and_a_line(engine: Engine, starter: Directory) -> None:
    with engine.connect() as connection:
        keys = connection.execute(sa.select(database.service.c.key)).scalars().all()
    shown = [service for key in keys if (service := starter.service(key))]
    assert len(shown) == 79
    for service in shown:
        assert set(service_line(service.as_card(NIGHT))) <= BASIC
        assert "memory" not in str(service.as_card(NIGHT))


def test_a_change_in_another_process_is_in_the_next_answer(engine: Engine, starter: Directory, tmp_path: Path) -> None:
    other = database.connect(str(engine.url))
    assert starter.service("galop") is not None
    revision = DirectoryRepository(engine).revision()
    with database.writing(other) as connection:
        table = database.service
        row = connection.execute(sa.select(table.c.document).where(table.c.key == "galop")).one()
        changed = sa.update(table).where(table.c.key == "galop").values(document={**row.document, "status": "hold"})
        connection.execute(changed)
        database.content_changed(connection)
    assert starter.service("galop") is None
    with database.writing(other) as connection:
        connection.execute(sa.update(table).where(table.c.key == "galop").values(document=row.document))
        database.content_changed(connection)
    assert starter.service("galop") is not None
    other.dispose()
    assert DirectoryRepository(engine).revision() == revision + 2


@contextmanager
def queries_of(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        sent.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_an_answer_from_what_is_kept_asks_for_the_revision_and_nothing_else(engine: Engine) -> None:
    kept = Directory(KeptDirectory(engine), True, lambda: NIGHT)
    first = kept.signposts("ask_refuge", "Dacorum")
    with queries_of(engine) as sent:
        assert kept.signposts("ask_refuge", "Dacorum") == first
        kept.phone("whwr")
        kept.name("sahwr")
        assert "Dacorum" in kept.districts()
    asked = [statement for statement in sent if statement.startswith("SELECT")]
    assert len(asked) == 4 and all("FROM content_revision" in statement for statement in asked)


def test_a_list_a_place_and_an_area_that_staff_change_are_in_the_next_answer_from_what_is_kept(engine: Engine) -> None:
    kept = Directory(KeptDirectory(engine), True, lambda: NIGHT)
    table = database.topic
    before = kept.signposts("ask_pets")
    with engine.connect() as connection:
        document = connection.execute(sa.select(table.c.document).where(table.c.key == "ask_pets")).scalar_one()
    for services, expected in ((["galop"], ["galop"]), (document["services"], ids(list(before)))):
        with database.writing(engine) as connection:
            changed = {**document, "services": services}
            connection.execute(sa.update(table).where(table.c.key == "ask_pets").values(document=changed))
            database.content_changed(connection)
        assert ids(list(kept.signposts("ask_pets"))) == expected


def test_what_is_kept_has_a_limit_and_is_right_beyond_it(engine: Engine) -> None:
    rows: Any = KeptDirectory(engine).as_it_is()
    nobody = [f"nobody-{number}" for number in range(MOST_KEPT)]
    asked = (["galop", *nobody], [*nobody[:5], "galop"], nobody[: MOST_KEPT - 10], [*nobody[5:300], "galop"], ["galop"])
    for ids_ in asked:
        assert rows.services(ids_).keys() == {"galop"} & set(ids_)
        assert len(rows._services) <= MOST_KEPT


def test_the_routes_come_in_their_order(engine: Engine) -> None:
    routes = DirectoryRepository(engine).routes()
    assert [route.id for route in routes] == ["under-16", "outside-county", "man", "outreach-area", "anybody-else"]
    assert len(routes[3].service_by_area) == 5


def test_published_wording_prefers_the_channel_and_the_latest(engine: Engine) -> None:
    repository = WordingRepository(engine)
    assert repository.published("utter_x", "sms") is None
    rows = [
        ("any", 1, "retired", "old"), ("any", 2, "published", "for all"), ("any", 3, "draft", "not yet"),
        ("sms", 1, "published", "for texts"),
    ]  # fmt: skip
    with database.writing(engine) as connection:
        for channel, version, status, text in rows:
            values = {"key": "utter_x", "channel": channel, "version": version, "status": status, "text": text}
            connection.execute(sa.insert(database.wording).values(**values))
    found, texted = repository.published("utter_x", "web"), repository.published("utter_x", "sms")
    assert found is not None
    assert texted is not None
    assert (found.text, found.version, found.buttons) == ("for all", 2, None)
    assert texted.text == "for texts"
