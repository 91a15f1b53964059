"""Every route of the console, called by everybody: what comes back is what docs/console-access.md says."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from consoles import Console, Somebody, Staffer
from sanic import Blueprint, Sanic

from console.access import Access, allow, everyone
from console.app import HEADERS, make_app
from console.menu import MENU
from console.routes import Route, routes_of, table
from outreach.settings import ROOT, load
from outreach.staff import Role

AREA = "Watford and Three Rivers"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Sanic:
    return make_app(load({"CONSOLE_KEY_FILE": str(tmp_path_factory.mktemp("key") / "console.key")}))


@pytest.fixture(scope="module")
def routes(app: Sanic) -> list[Route]:
    return routes_of(app)


@pytest.fixture(scope="module")
def somebody(console: Console) -> dict[Role, Somebody]:
    """One person for each role. Their sessions are made as they are needed: some routes end them."""
    return {role: console.add(role.value, areas=[AREA]) for role in Role}


def call(staffer: Staffer, route: Route, **headers: str) -> httpx.Response:
    if route.changes:
        return staffer.post(route.example(), headers=headers)
    return staffer.get(route.example(), headers=headers)


def refused(response: httpx.Response) -> bool:
    return response.status_code == 403


def sent_to_sign_in(response: httpx.Response) -> bool:
    return response.status_code == 303 and response.headers["location"].startswith("/sign-in")


def test_without_signing_in_there_is_nothing_but_the_door(console: Console, routes: list[Route]) -> None:
    for route in routes:
        response = call(console.visitor(), route)
        assert response.status_code < 500, (route, response.text)
        assert sent_to_sign_in(response) is not route.access.anybody, (route, response.status_code)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_each_role_gets_to_what_the_table_says(
    console: Console, routes: list[Route], somebody: dict[Role, Somebody], role: Role
) -> None:
    wrong = []
    for route in routes:
        if route.path == "/sign-in" and not route.changes:
            continue
        response = call(console.with_session(somebody[role]), route)
        may = route.access.anybody or not route.access.roles or role in route.access.roles
        signing_out = route.path == "/sign-out"
        if response.status_code >= 500 or refused(response) is may or (sent_to_sign_in(response) and not signing_out):
            wrong.append((route.method, route.path, response.status_code))
    assert wrong == []


@pytest.mark.parametrize("path", ["/audit?subject=%00", "/services?text=a%00b", "/signposting/%00", "/open-referral/services?q=%00"])
def test_an_address_with_what_is_no_text_is_refused_in_words(console: Console, path: str) -> None:
    # SQLite would take it; PostgreSQL breaks on it.
    staffer = console.signed_in(*(role.value for role in Role), areas=[AREA])
    response = staffer.get(path)
    assert response.status_code == 400 and response.text


def test_a_session_that_is_over_is_none(console: Console, routes: list[Route]) -> None:
    for route in routes:
        kim = console.add(*(role.value for role in Role), areas=[AREA])
        staffer = console.with_session(kim)
        if route.changes:
            staffer.get("/")
        console.age_sessions(kim, minutes=20, seconds=1)
        response = call(staffer, route)
        # A form that was open meanwhile has the token of the session that is over.
        over = refused(response) or response.status_code == 404 if route.access.anybody else sent_to_sign_in(response)
        assert over or (route.access.anybody and not route.changes), (route, response.status_code)


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "SELF"},
    {"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {},
], ids=str)
def test_another_sites_form_changes_nothing_even_with_cookie_and_token(
    console: Console, routes: list[Route], headers: dict[str, str]
) -> None:
    everybody = console.add(*(role.value for role in Role), areas=[AREA])
    staffer = console.with_session(everybody)
    staffer.get("/")
    del staffer.http.headers["Sec-Fetch-Site"]
    given = {name: console.url if value == "SELF" else value for name, value in headers.items()}
    for route in routes:
        if route.changes:
            assert refused(call(staffer, route, **given)), route
    assert staffer.get("/").status_code == 200, "still signed in: signing out was refused too"


def test_our_own_form_is_known_by_its_origin_where_a_browser_says_no_more(console: Console) -> None:
    staffer = console.with_session(console.add("manager"))
    staffer.get("/")
    del staffer.http.headers["Sec-Fetch-Site"]
    assert staffer.post("/sign-out", headers={"Origin": console.url}).status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 64, "somebody else's"])
def test_a_form_without_its_own_token_changes_nothing(console: Console, routes: list[Route], token: str) -> None:
    everybody = console.add(*(role.value for role in Role), areas=[AREA])
    staffer, other = console.with_session(everybody), console.with_session(everybody)
    other.get("/")
    given = other._token if token.startswith("somebody") else token
    for route in routes:
        if route.changes:
            response = staffer.http.post(route.example(), data={"csrf": given})
            assert refused(response) and "no longer current" in response.text, route
    assert staffer.get("/").status_code == 200


def test_every_answer_has_the_headers_that_keep_it_in_place(console: Console, routes: list[Route]) -> None:
    everybody = console.add(*(role.value for role in Role), areas=[AREA])
    staffer = console.with_session(everybody)
    public = "/open-referral"
    for path in [route.example() for route in routes if not route.changes] + ["/no/such/page", "/static/console.css"]:
        headers = staffer.get(path).headers
        for name, value in HEADERS.items():
            mine = headers.get(name)
            excepted = (name == "Cache-Control" and path.startswith(("/static", public))) or path.startswith(public)
            assert mine == value or (excepted and mine), (path, name, mine)
        assert "script-src" not in headers["Content-Security-Policy"]


def test_a_page_has_no_script_and_no_style_of_its_own(console: Console, routes: list[Route]) -> None:
    staffer = console.with_session(console.add(*(role.value for role in Role), areas=[AREA]))
    for route in routes:
        if not route.changes and "<" not in route.path:
            response = staffer.get(route.path)
            if response.status_code == 200 and "html" in response.headers["content-type"]:
                assert "<script" not in response.text and "<style" not in response.text, route
                assert " style=" not in response.text and "onclick" not in response.text, route
                assert response.text.count("<h1") == 1, route


def test_the_menu_shows_what_a_role_opens_and_nothing_else(
    console: Console, routes: list[Route], somebody: dict[Role, Somebody]
) -> None:
    opens = {route.path: route.access for route in routes if not route.changes}
    for item in MENU:
        if item.path in opens:
            assert opens[item.path].roles == item.roles, item
    for role in Role:
        text = console.with_session(somebody[role]).get("/").text
        for item in MENU:
            assert (f'href="{item.path}"' in text) is (role in item.roles and item.path in opens), (role, item)


def test_a_handler_that_does_not_say_who_may_call_it_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from console.sections import home

    async def open_to_all(request: object) -> None: ...

    # Beside one that says it, at the same address with another method: that does not speak for it.
    blueprint = Blueprint("home")
    blueprint.add_route(everyone(lambda request: None), "/forgotten", name="said")
    blueprint.add_route(open_to_all, "/forgotten", methods=["POST"])
    monkeypatch.setattr(home, "blueprint", blueprint)
    with pytest.raises(LookupError, match="does not say who may call it"):
        make_app(load({"CONSOLE_KEY_FILE": str(tmp_path / "console.key")}))


def test_allow_with_no_role_means_whoever_has_come_in() -> None:
    @allow()
    def handler() -> None: ...

    @everyone
    def public() -> None: ...

    assert handler.access == Access(frozenset())  # type: ignore[attr-defined]
    assert public.access.anybody  # type: ignore[attr-defined]


def test_the_table_in_the_docs_is_that_of_the_console(app: Sanic) -> None:
    assert table(app) in (ROOT / "docs" / "console-access.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def nothing_broke(console: Console) -> Iterator[None]:
    before = len(console.printed())
    yield
    assert "a request failed" not in console.printed()[before:]
