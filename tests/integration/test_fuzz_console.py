"""Whatever is sent to the console, signed in or not, it answers with a page, repeats nothing unescaped, logs nothing of it, and goes on."""
from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from consoles import TOKEN, Console, Somebody
from fuzzing import BYTES, CANARY, CARRIED, KINDS, LEAKS, METHODS, ODD_HEADERS, Answer, Headers, ask, encoded, examples, written
from hypothesis import given
from hypothesis import strategies as st
from referral_inbox import HERS, Inbox
from webforms import fields_of

from console.app import make_app
from console.routes import Route, routes_of
from outreach.settings import load
from outreach.staff import Role

FORM_TYPE = (b"Content-Type", b"application/x-www-form-urlencoded")
SAME_SITE = (b"Sec-Fetch-Site", b"same-origin")
# These end a session, or take its roles: they are called with bodies that are no form.
ENDS = ("/sign-out", "/sign-in", "/account/password", "/turn-off", "/new-link", "/people/<account_id>")
PARAMETER = re.compile(r"<([^:>]+)(:int)?>")


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    """A console of these tests' own, with referrals: what they send changes things."""
    started = Inbox.start(tmp_path_factory.mktemp("fuzzed"), tmp_path_factory.mktemp("keys"))
    yield started
    started.console.stop()


@pytest.fixture(scope="module")
def desk(inbox: Inbox) -> Console:
    return inbox.console


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    return routes_of(make_app(load({"CONSOLE_KEY_FILE": str(tmp_path_factory.mktemp("key") / "console.key")})))


@pytest.fixture(scope="module")
def everybody(desk: Console) -> Somebody:
    return desk.add(*(role.value for role in Role), areas=[HERS])


@pytest.fixture(scope="module")
def known(inbox: Inbox, desk: Console, everybody: Somebody) -> dict[str, list[str]]:
    """Values for the parameters of addresses that lead somewhere."""
    listed = re.findall(r'href="/services/([a-z0-9-]+)"', desk.with_session(everybody).get("/services").text)
    services = [each for each in listed if each not in ("new", "queue")][:3]
    assert services
    return {"service_id": services, "account_id": [everybody.id, desk.add("editor").id], "key": ["utter_greeting", "utter_ask_refuge"],
            "channel": ["web", "sms"], "number": ["1"], "referral_id": [inbox.came() for _ in range(3)], "name": ["console.css", *services]}  # fmt: skip


@pytest.fixture(autouse=True)
def it_goes_on_and_nothing_of_it_is_logged(desk: Console) -> Iterator[None]:
    before = len(desk.printed())
    yield
    desk.forget_tries()
    new = desk.printed()[before:]
    assert CANARY not in new and "a request failed" not in new and "uncaught" not in new, new[-3000:]
    assert desk.process.poll() is None and desk.visitor().get("/health/live").status_code == 200


def check(answer: Answer | None) -> Answer:
    assert answer is not None, "no answer"
    assert answer.status < 500, answer
    assert {"content-security-policy", "referrer-policy", "x-content-type-options", "x-frame-options"} <= set(answer.headers), answer
    assert "server" not in answer.headers
    if answer.kind == "text/html" and answer.body:
        assert f"<{CANARY}" not in answer.text and "<script" not in answer.text and "<img src=x" not in answer.text, "not escaped"
        assert not re.search(r"Traceback|File &#34;|sqlalchemy\.|\(psycopg|\(sqlite3", html.unescape(answer.text)), answer.text
        assert "</html>" in answer.text
    elif answer.body:
        assert answer.status in (200, 404) or not LEAKS.search(answer.text), answer
    if answer.status in (301, 302, 303):
        assert re.match(r"/(?!/)", answer.headers["location"]), answer.headers["location"]
    return answer


def filled(path: str, known: dict[str, list[str]], text: str, which: int) -> str:
    """A route's address, its parameters something that is there (`which`), or odd."""

    def value(found: re.Match[str]) -> str:
        there = known.get(found[1], [])
        return there[which % len(there)] if there and which else encoded(text) or "x"

    return PARAMETER.sub(value, path)


@pytest.fixture
def session(desk: Console, everybody: Somebody) -> tuple[Headers, str]:
    """A session's cookie, and the token of its forms."""
    staffer = desk.with_session(everybody)
    page = staffer.get("/account").text
    found = TOKEN.search(page)
    assert found, page
    return [(b"Cookie", f"console-session={staffer.http.cookies['console-session']}".encode()), SAME_SITE], found[1]


@given(data=st.data(), method=METHODS, text=CARRIED, which=st.integers(0, 3), headers=ODD_HEADERS, body=st.none() | BYTES)
@examples(120)
def test_every_address_without_signing_in(
    desk: Console, routes: list[Route], known: dict[str, list[str]], data: st.DataObject, method: str, text: str, which: int,
    headers: Headers, body: bytes | None,
) -> None:  # fmt: skip
    path = filled(data.draw(st.sampled_from([route.path for route in routes] + ["/<a>", "/<a>/<b>"])), known, text, which)
    answer = check(ask(desk.port, written(method, path, headers, body)))
    opens = [route for route in routes if route.access.anybody]
    if answer.status == 200 and not path.startswith(("/static", "/open-referral", "/health")):
        assert any(path.split("/")[1] == route.path.split("/")[1] for route in opens), (path, answer)


@given(data=st.data(), text=CARRIED, which=st.integers(0, 3), headers=ODD_HEADERS,
       query=st.lists(st.tuples(st.sampled_from(["text", "area", "kind", "status", "what", "page", "q", "after", "from", "to", "by"]), CARRIED),
                      max_size=3))  # fmt: skip
@examples(100)
def test_every_page_with_anything_in_its_address(
    desk: Console, routes: list[Route], known: dict[str, list[str]], session: tuple[Headers, str], data: st.DataObject, text: str, which: int,
    headers: Headers, query: list[tuple[str, str]],
) -> None:  # fmt: skip
    pages = [route.path for route in routes if not route.changes]
    path = filled(data.draw(st.sampled_from(pages)), known, text, which)
    path += "?" + "&".join(f"{name}={encoded(value)}" for name, value in query) if query else ""
    mine, _ = session
    odd = [header for header in headers if header[0] not in (b"Cookie", b"Sec-Fetch-Site")]
    check(ask(desk.port, written("GET", path, [*mine, *odd])))


@given(data=st.data(), text=CARRIED, which=st.integers(0, 3), changed=st.lists(st.tuples(st.integers(0, 200), CARRIED), max_size=4),
       more=st.lists(st.tuples(CARRIED, CARRIED), max_size=2))  # fmt: skip
@examples(60)
def test_every_form_with_anything_in_its_fields(
    desk: Console, routes: list[Route], known: dict[str, list[str]], session: tuple[Headers, str], data: st.DataObject, text: str, which: int,
    changed: list[tuple[int, str]], more: list[tuple[str, str]],
) -> None:  # fmt: skip
    """The form as its page shows it, where there is one, with some fields changed."""
    forms = [route.path for route in routes if route.changes and not route.path.endswith(ENDS)]
    path = filled(data.draw(st.sampled_from(forms)), known, text, which)
    mine, token = session
    there = [(name, str(value)) for name, value in shown_form(desk, path, mine, token) if name != "csrf"]
    for index, value in changed:
        if there:
            there[index % len(there)] = (there[index % len(there)][0], value)
    pairs = [("csrf", token), *there, *more]
    body = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in pairs).encode()
    answer = check(ask(desk.port, written("POST", path, [*mine, FORM_TYPE], body)))
    assert answer.status in (200, 303, 400, 403, 404, 409, 410, 413, 422, 429), answer


def shown_form(desk: Console, path: str, mine: Headers, token: str) -> list[tuple[str, str]]:
    """The fields of a form: on a page of its own, on the page of what it is about, or, of a referral, when it is opened."""
    about = path.rpartition("/")[0] or "/"
    opening = written("POST", f"{about}/open", [*mine, FORM_TYPE], f"csrf={token}".encode())
    for request in (written("GET", path, mine), written("GET", about, mine), opening):
        shown = ask(desk.port, request)
        if shown and shown.status == 200 and f'action="{path}"' in shown.text:
            with suppress(AssertionError):  # a form of one button
                found = fields_of(shown.text, path)
                return [(name, one) for name, value in found.items() for one in (value if isinstance(value, list) else [value])]
    return []


@given(data=st.data(), body=BYTES, kind=KINDS, which=st.integers(0, 3))
@examples(60)
def test_every_form_with_a_body_that_is_none(
    desk: Console, routes: list[Route], known: dict[str, list[str]], session: tuple[Headers, str], data: st.DataObject, body: bytes, kind: bytes,
    which: int,
) -> None:  # fmt: skip
    path = filled(data.draw(st.sampled_from([route.path for route in routes if route.changes])), known, "x", which)
    mine, _ = session
    answer = check(ask(desk.port, written("POST", path, [*mine, (b"Content-Type", kind)], body)))
    assert answer.status in (400, 403, 404, 413), answer


@given(login=CARRIED, password=CARRIED, code=CARRIED, there=CARRIED)
@examples(12)
def test_nothing_signs_in_but_what_is_right(desk: Console, login: str, password: str, code: str, there: str) -> None:
    desk.forget_tries()
    page = ask(desk.port, written("GET", "/sign-in"))
    assert page
    token, visitor = TOKEN.search(page.text), page.headers["set-cookie"].split(";")[0]
    assert token
    pairs = {"csrf": token[1], "login": login, "password": password, "code": code, "next": there}
    body = "&".join(f"{name}={encoded(value)}" for name, value in pairs.items()).encode()
    answer = check(ask(desk.port, written("POST", "/sign-in", [(b"Cookie", visitor.encode()), SAME_SITE, FORM_TYPE], body)))
    assert answer.status in (400, 403, 422, 429), answer
    assert "console-session" not in answer.headers.get("set-cookie", "")


@given(file=st.one_of(BYTES, st.recursive(st.none() | st.integers() | CARRIED, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["id", "services", "name", "organization", "phones", "number", "schedules", "description", "extra"]), inner, max_size=5,
), max_leaves=15).map(lambda value: json.dumps(value).encode())), name=CARRIED, kind=st.sampled_from([b"json", b"csv", b"zip", b""]))  # fmt: skip
@examples(60)
def test_a_directory_of_anything_is_refused_in_words(desk: Console, session: tuple[Headers, str], file: bytes, name: str, kind: bytes) -> None:
    mine, token = session
    quoted = re.sub(rb'[\r\n"]', b"", name.encode("utf-8", "surrogatepass"))
    body = (b'--fuzz\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n' + token.encode()
            + b'\r\n--fuzz\r\nContent-Disposition: form-data; name="file"; filename="' + quoted + b"." + kind
            + b'"\r\nContent-Type: application/octet-stream\r\n\r\n' + file + b"\r\n--fuzz--\r\n")  # fmt: skip
    answer = check(ask(desk.port, written("POST", "/exchange", [*mine, (b"Content-Type", b"multipart/form-data; boundary=fuzz")], body)))
    assert answer.status in (200, 303, 400, 403, 413, 422), answer
