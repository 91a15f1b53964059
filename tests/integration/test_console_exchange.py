"""The directory in and out over HTTP, and the public list of services."""
from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import jsonschema
import pytest
import sqlalchemy as sa
from consoles import Console, Staffer
from hsds_files import hsds_file

from outreach.adapters import database
from outreach.exchange import schema

# Seconds, on a machine that has nothing else to do.
TAKES_AT_MOST = 20 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@pytest.fixture
def own(start_console: Callable[..., Console]) -> Console:
    """A console with a directory to change."""
    return start_console(FEED_PER_MINUTE="100000")


def rows(console: Console) -> dict[str, Any]:
    table = database.service
    with console.engine.connect() as connection:
        return {row.key: row.document for row in connection.execute(sa.select(table.c.key, table.c.document))}


def recorded(console: Console) -> list[str]:
    """What the audit has, in its order."""
    with console.engine.connect() as connection:
        return [row[0] for row in connection.execute(sa.text("SELECT action FROM audit ORDER BY number"))]


def bring_in(staffer: Staffer, data: bytes, name: str = "services.json") -> str:
    """Bring a file in; gives the address of its page once it is read."""
    response = staffer.post("/exchange", {"kind": "information"}, files={"file": (name, data)})
    assert response.status_code == 303, response.text[-2000:]
    wait(staffer, response.headers["location"])
    return str(response.headers["location"])


def wait(staffer: Staffer, address: str) -> httpx.Response:
    until = time.monotonic() + TAKES_AT_MOST
    while True:
        page = staffer.get(address)
        if "refresh" not in page.headers:
            return page
        assert "<progress" in page.text
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.1)


def confirmed(publisher: Staffer, manager: Staffer, address: str) -> httpx.Response:
    assert publisher.post(f"{address}/ask").status_code == 303
    assert manager.post(f"{address}/apply").status_code == 303
    return wait(publisher, address)


@pytest.mark.parametrize("name", ["services.json", "services.csv"])
def test_what_is_taken_out_can_be_brought_in_again_and_changes_nothing(name: str, console: Console) -> None:
    publisher = console.signed_in("publisher")
    taken = publisher.get(f"/exchange/{name}")
    assert "attachment" in taken.headers["content-disposition"]
    assert "nosniff" in taken.headers["x-content-type-options"]
    page = publisher.get(bring_in(publisher, taken.content, name)).text
    assert re.search(r"The same already</dt><dd>107 services", page)
    assert "There is nothing to do" in page


def test_a_thousand_services_come_in_with_a_progress_bar_and_a_second_person(own: Console) -> None:
    publisher, manager = own.signed_in("publisher"), own.signed_in("manager")
    began = time.monotonic()
    response = publisher.post("/exchange", {"kind": "information"}, files={"file": ("many.json", hsds_file(1000))})
    address = response.headers["location"]
    first = publisher.get(address)
    assert "<progress" in first.text and first.headers["refresh"] == "1"
    page = wait(publisher, address).text
    assert "1,000 services" in page and "a second person has to confirm it" in page
    assert publisher.post(f"{address}/apply").status_code == 409
    done = confirmed(publisher, manager, address)
    assert "1,000 services were added" in done.text
    assert time.monotonic() - began < TAKES_AT_MOST
    assert len(rows(own)) == 1107
    found = httpx.get(f"{own.url}/open-referral/services", params={"search": "made-up 999"}).json()
    assert "Made-up service 999" in [each["name"] for each in found["contents"]]
    assert recorded(own)[-1] == "exchange.imported"


BROKEN = {
    "a file cut in half": (lambda data: data[: len(data) // 2], "cut off"),
    "another encoding": (lambda data: data.replace(b"Made-up", "Réel".encode("latin-1")), "another encoding than UTF-8"),
    "a wrong type in row 700": (
        lambda data: json.dumps([
            {**each, "phones": [{**each["phones"][0], "number": 1923200000}]} if number == 700 else each
            for number, each in enumerate(json.loads(data), start=1)
        ]).encode(),
        "Entry 700 (Made-up service 699), phones 1, number: text is wanted here, not a number",
    ),
    "a premium-rate number": (lambda data: data.replace(b"01923 200000", b"09123 200000"), "begin 09"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_file_that_is_wrong_is_named_and_changes_nothing(name: str, console: Console) -> None:
    spoil, said = BROKEN[name]
    publisher, before = console.signed_in("publisher"), rows(console)
    address = bring_in(publisher, spoil(hsds_file(1000)))
    page = publisher.get(address)
    assert said in page.text.replace("&#39;", "'")
    assert "Nothing was changed" in page.text
    assert publisher.post(f"{address}/ask").status_code == publisher.post(f"{address}/apply").status_code == 409
    assert rows(console) == before


def test_what_is_no_number_and_no_status_needs_no_second_person(own: Console) -> None:
    publisher = own.signed_in("publisher")
    table = b"id,eligibility\r\ngalop,\"Anybody, of any age\"\r\n# end,\r\n"
    address = bring_in(publisher, table, "services.csv")
    page = publisher.get(address).text
    assert "Anybody, of any age" in page and "Who it is for" in page
    assert publisher.post(f"{address}/apply").status_code == 303
    assert "1 changed" in wait(publisher, address).text
    assert rows(own)["galop"]["eligibility"] == "Anybody, of any age"
    assert rows(own)["galop"]["phones"][0]["confirmed"] is True
    shown = httpx.get(f"{own.url}/open-referral/services/galop").json()
    assert shown["eligibility_description"] == "Anybody, of any age"


def test_nobody_else_sees_a_file_before_a_second_person_is_asked(own: Console) -> None:
    publisher, other, editor = own.signed_in("publisher"), own.signed_in("manager"), own.signed_in("editor")
    address = bring_in(publisher, hsds_file(3))
    assert other.get(address).status_code == 404
    assert other.post(f"{address}/apply").status_code == 404
    assert publisher.post(f"{address}/ask").status_code == 303
    assert other.get(address).status_code == 200
    assert editor.get(address).status_code == editor.get("/exchange").status_code == 403
    assert editor.get("/exchange/services.json").status_code == 403


def test_a_change_by_somebody_else_meanwhile_stops_it_and_says_so(own: Console) -> None:
    publisher = own.signed_in("publisher")
    first = bring_in(publisher, b"id,eligibility\ngalop,first\n# end,\n", "a.csv")
    second = bring_in(publisher, b"id,eligibility\ngalop,second\n# end,\n", "b.csv")
    assert publisher.post(f"{second}/apply").status_code == 303
    wait(publisher, second)
    assert publisher.post(f"{first}/apply").status_code == 303
    assert "changed by somebody else" in wait(publisher, first).text
    assert rows(own)["galop"]["eligibility"] == "second"


def test_a_form_without_a_file_says_so(console: Console) -> None:
    publisher = console.signed_in("publisher")
    response = publisher.post("/exchange", {"kind": "information"}, files={"file": ("", b"")})
    assert response.status_code == 422 and "Choose a file first" in response.text


def test_a_dropped_file_is_gone(console: Console) -> None:
    publisher = console.signed_in("publisher")
    address = bring_in(publisher, hsds_file(2))
    assert publisher.post(f"{address}/drop").status_code == 303
    gone = publisher.get(address)
    assert gone.status_code == 404 and "no longer here" in gone.text


# The public list


def test_anybody_can_read_the_public_list_page_by_page(console: Console) -> None:
    page = httpx.get(f"{console.url}/open-referral/services", params={"per_page": "20"})
    assert page.headers["access-control-allow-origin"] == "*"
    first = page.json()
    jsonschema.Draft202012Validator(schema.schema("page")).validate(first)
    assert (first["page_number"], first["size"], first["first_page"], first["last_page"]) == (1, 20, True, False)
    seen = []
    for number in range(1, first["total_pages"] + 1):
        answer = httpx.get(f"{console.url}/open-referral/services", params={"per_page": "20", "page": str(number)}).json()
        seen += [each["id"] for each in answer["contents"]]
        for each in answer["contents"]:
            assert list(schema.problems(each)) == []
    assert len(seen) == len(set(seen)) == first["total_items"] > 50
    assert answer["last_page"] is True


def test_the_public_list_holds_nothing_that_only_staff_may_see(console: Console) -> None:
    text = "".join(
        httpx.get(f"{console.url}/open-referral/services", params={"per_page": "100", "page": number}).text for number in "12"
    )
    documents = rows(console)
    for key, document in documents.items():
        for field in ("staff_notes", "source", "email"):
            assert not document.get(field) or document[field] not in text, f"{field} of {key}"
        hidden = document["status"] != "active" or "all" in document["unconfirmed"]
        assert not hidden or f'"value":"{key}"' not in text.replace('": "', '":"'), key
    unconfirmed = next(each for each in documents.values() if each["status"] == "active" and "phones" in each["unconfirmed"])
    answer = httpx.get(f"{console.url}/open-referral/services/{unconfirmed['id']}")
    assert "phones" not in answer.json()


def test_a_service_is_found_by_its_uuid_or_its_short_name(console: Console) -> None:
    by_name = httpx.get(f"{console.url}/open-referral/services/herts-da-helpline").json()
    assert by_name["phones"][0]["number"] == "08088 088 088"
    assert httpx.get(f"{console.url}/open-referral/services/{by_name['id']}").json() == by_name
    on_hold = next(key for key, document in rows(console).items() if document["status"] == "hold")
    for name in (on_hold, "nobody-knows-this", "8f6f1f0e-3d0a-5c53-9c58-0a4b6f1c7d22"):
        assert httpx.get(f"{console.url}/open-referral/services/{name}").status_code == 404


def test_the_public_list_can_be_narrowed(console: Console) -> None:
    galop = httpx.get(f"{console.url}/open-referral/services", params={"search": "galop"}).json()
    assert [each["name"] for each in galop["contents"]] == ["Galop LGBT+ abuse helpline"]
    term = next(a["taxonomy_term_id"] for a in galop["contents"][0]["attributes"] if a.get("label") == "Kind of help")
    helplines = httpx.get(f"{console.url}/open-referral/services", params={"taxonomy_term_id": term}).json()
    assert 5 < helplines["total_items"] < 40


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=101", "per_page=-1", "colour=red", "taxonomy_term_id=x", "page=1e9"])
def test_a_query_that_makes_no_sense_is_refused_in_words(query: str, console: Console) -> None:
    answer = httpx.get(f"{console.url}/open-referral/services?{query}")
    assert answer.status_code == 400 and answer.json()["error"]


def test_a_page_far_behind_the_last_is_empty(console: Console) -> None:
    page = httpx.get(f"{console.url}/open-referral/services?page=9999999").json()
    assert page["empty"] is True and page["contents"] == [] and page["last_page"] is True


def test_an_answer_is_known_again_until_something_changes(own: Console) -> None:
    address = f"{own.url}/open-referral/services/galop"
    tag = httpx.get(address).headers["etag"]
    again = httpx.get(address, headers={"If-None-Match": tag})
    assert again.status_code == 304 and again.content == b""
    publisher = own.signed_in("publisher")
    there = bring_in(publisher, b"id,eligibility\ngalop,changed\n# end,\n", "a.csv")
    publisher.post(f"{there}/apply")
    wait(publisher, there)
    assert httpx.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_the_root_says_what_this_is(console: Console) -> None:
    assert httpx.get(f"{console.url}/open-referral/").json() == httpx.get(f"{console.url}/open-referral").json()
    assert httpx.get(f"{console.url}/open-referral").json()["version"] == "3.0"


def test_who_asks_too_often_waits(start_console: Callable[..., Console]) -> None:
    console = start_console(FEED_PER_MINUTE="3")
    codes = [httpx.get(f"{console.url}/open-referral/services?per_page=1").status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]


def test_whoever_has_many_of_the_newer_addresses_asks_as_one(start_console: Callable[..., Console]) -> None:
    console = start_console(FEED_PER_MINUTE="3", TRUSTED_PROXIES="1")

    def asked(*addresses: str) -> list[int]:
        feed = f"{console.url}/open-referral/services?per_page=1"
        return [httpx.get(feed, headers={"X-Forwarded-For": address}).status_code for address in addresses]

    assert asked(*(f"2001:db8:1:2::{number}" for number in range(1, 6))) == [200, 200, 200, 429, 429]
    assert asked("2001:db8:1:3::1", "192.0.2.1") == [200, 200]


def test_without_unchecked_services_the_list_has_only_what_was_checked(start_console: Callable[..., Console]) -> None:
    console = start_console(SHOW_UNCHECKED="no")
    assert httpx.get(f"{console.url}/open-referral/services").json()["total_items"] == 0
    assert httpx.get(f"{console.url}/open-referral/services/galop").status_code == 404
