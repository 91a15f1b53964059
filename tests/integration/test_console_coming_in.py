"""Coming into the console over HTTP: the first manager, invitations, signing in and out, and what a stranger can't do."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable

import httpx
import pyotp
import pytest
import sqlalchemy as sa
from consoles import PASSWORD, Console, Somebody, Staffer
from running import ROOT
from webforms import fields_of

from outreach.adapters.audit_log import Wanted
from outreach.staff.tries import OF_A_NAME

AREA = "Watford and Three Rivers"
StartConsole = Callable[..., Console]
GOOD = {"password": PASSWORD, "again": PASSWORD}


def secret_on(page: httpx.Response) -> str:
    """The secret that the page shows, as somebody types it into their app."""
    found = re.search(r'<strong class="code">([A-Z2-7 ]+)</strong>', page.text)
    assert found, page.text
    return found[1].replace(" ", "")


def link_on(page: httpx.Response) -> str:
    found = re.search(r"<code>(http\S+/welcome/\S+)</code>", page.text)
    assert found, page.text
    return found[1]


def codes_on(page: httpx.Response) -> list[str]:
    return re.findall(r"<code>([a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4})</code>", page.text)


def command(console: Console, *arguments: str) -> tuple[int, str]:
    """`make console-user`, as its script."""
    given = {"DATABASE_URL": console.database_url, "CONSOLE_KEY_FILE": str(console.key_file), "CONSOLE_URL": console.url}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "scripts/console_user.py", *arguments], cwd=ROOT, capture_output=True, text=True,
        timeout=120, env={**os.environ, **given},
    )
    return done.returncode, done.stdout + done.stderr


def cookies_of(response: httpx.Response) -> dict[str, str]:
    return {each.partition("=")[0]: each for each in response.headers.get_list("set-cookie")}


def changes(manager: Staffer, somebody: Somebody, **fields: object) -> httpx.Response:
    """Open somebody's page, change these fields, and save."""
    path = f"/people/{somebody.id}"
    return manager.post(path, {**fields_of(manager.get(path).text, path), **fields})


def test_from_nobody_to_a_caseworker_who_is_in(start_console: StartConsole) -> None:
    """The command's link makes a manager; the manager's makes a caseworker; each link works once."""
    console = start_console()
    code, printed = command(console)
    link = printed.strip().splitlines()[-1]
    assert code == 0 and link.startswith(f"{console.url}/welcome/")
    dee = console.visitor()
    page = dee.get(link)
    picture = dee.get(f"{link}/picture.svg")
    assert picture.headers["content-type"] == "image/svg+xml" and picture.content.startswith(b"<svg")
    given = {"name": "Dee Jones", "login": "Dee@example.org", **GOOD, "code": pyotp.TOTP(secret_on(page)).now()}
    welcomed = dee.post(link, given)
    assert welcomed.status_code == 200 and len(codes_on(welcomed)) == 10
    assert "Hello, Dee Jones" in dee.get("/").text

    assert console.visitor().get(link).status_code == 410
    again = console.visitor().post(link, {**given, "login": "eve"})
    assert again.status_code == 410 and "no longer good" in again.text

    invited = dee.post("/people/invite", {"name": "Sam Lee", "login": "sam", "roles": ["caseworker"], "areas": [AREA]})
    sam = console.visitor()
    page = sam.get(link_on(invited))
    assert "Welcome, Sam Lee" in page.text and 'name="login"' not in page.text
    assert sam.post(link_on(invited), {**GOOD, "code": pyotp.TOTP(secret_on(page)).now()}).status_code == 200
    assert 'href="/referrals"' in sam.get("/").text and 'href="/people"' not in sam.get("/").text
    actions = [entry.action for entry in console.audit.page(Wanted(), 0, 10)[0]]
    assert actions == ["staff.joined", "staff.invited", "staff.manager_added"] and console.audit.verify().holds


def test_what_was_typed_is_kept_and_what_is_wrong_stands_beside_it(start_console: StartConsole) -> None:
    console = start_console()
    link = command(console)[1].strip().splitlines()[-1]
    dee = console.visitor()
    page = dee.get(link)
    wrong = dee.post(link, {"name": "Dee <b>Jones</b>", "login": "dee jones!", "password": "short", "again": "other", "code": ""})
    assert wrong.status_code == 422 and secret_on(wrong) == secret_on(page)
    assert 'value="Dee &lt;b&gt;Jones&lt;/b&gt;"' in wrong.text and 'value="dee jones!"' in wrong.text
    assert "short" not in wrong.text.replace('class="short"', "") and "At least 12" in wrong.text
    for field in ("login", "password", "again", "code"):
        assert f'href="#{field}"' in wrong.text and f'id="{field}-error"' in wrong.text
        assert re.search(rf'aria-describedby="[^"]*{field}-error"', wrong.text), field
    assert "<title>Error: " in wrong.text
    bad_code = dee.post(link, {"name": "Dee", "login": "dee", **GOOD, "code": "000000"})
    assert bad_code.status_code == 422 and 'href="#code"' in bad_code.text


def test_a_refusal_never_says_what_was_wrong(console: Console) -> None:
    dee = console.add("editor")
    pages = []
    for changed in ({"login": f"{dee.login}x"}, {"password": "not the password"}, {"code": "000000"}):
        visitor = Staffer(console.url, dee)
        response = visitor.sign_in(**changed)
        assert response.status_code == 422
        text = re.sub(r'value="[^"]*"', "", response.text)
        pages.append(text)
    assert pages[0] == pages[1] == pages[2] and "don't go together" in pages[0]


def test_a_code_is_not_taken_twice(console: Console) -> None:
    dee = console.add("editor")
    code = dee.code()
    assert Staffer(console.url, dee).sign_in(code=code).status_code == 303
    assert Staffer(console.url, dee).sign_in(code=code).status_code == 422


def test_after_five_wrong_passwords_the_right_one_has_to_wait(start_console: StartConsole) -> None:
    console = start_console()
    dee = console.add("editor")
    for _ in range(OF_A_NAME):
        assert Staffer(console.url, dee).sign_in(password="not the password").status_code == 422
    locked = Staffer(console.url, dee).sign_in()
    assert locked.status_code == 429 and "Have a short break" in locked.text
    nobody = Somebody("", "nobody-at-all", dee.secret)
    answers = [Staffer(console.url, nobody).sign_in().status_code for _ in range(OF_A_NAME + 1)]
    assert answers == [422] * OF_A_NAME + [429], "a name that nobody has is locked the same way"


def test_a_session_that_was_planted_is_never_taken_over(console: Console) -> None:
    dee, planted = console.add("editor"), "A" * 43
    staffer = Staffer(console.url, dee)
    staffer.http.cookies.set("console-session", planted, domain="127.0.0.1")
    response = staffer.sign_in()
    assert planted not in cookies_of(response)["console-session"]
    thief = console.visitor()
    thief.http.cookies.set("console-session", planted, domain="127.0.0.1")
    assert thief.get("/").status_code == 303


def test_signing_in_again_ends_the_session_before(console: Console) -> None:
    dee = console.add("editor")
    staffer = console.with_session(dee)
    before = staffer.http.cookies["console-session"]
    visitor = Staffer(console.url, dee)
    visitor.get("/sign-in")
    visitor.http.cookies.set("console-session", before, domain="127.0.0.1")
    visitor._token = ""
    visitor.get("/")
    given = {"login": dee.login, "password": PASSWORD, "code": dee.code()}
    assert visitor.post("/sign-in", given).status_code == 303
    assert staffer.get("/").status_code == 303


def test_the_cookie_is_out_of_reach(console: Console) -> None:
    cookie = cookies_of(Staffer(console.url, console.add("editor")).sign_in())["console-session"]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert parts == {"httponly", "path=/", "samesite=strict"}, "and no date: it goes when the browser is closed"


def test_over_https_the_cookie_goes_over_it_alone(start_console: StartConsole) -> None:
    console = start_console(CONSOLE_URL="https://console.example.org")
    dee, visitor = console.add("editor"), httpx.Client(base_url=console.url, headers={"Sec-Fetch-Site": "same-origin"})
    page = visitor.get("/sign-in")
    names = cookies_of(page)
    assert set(names) == {"__Host-visitor"} and "secure" in names["__Host-visitor"].lower()
    token = re.search(r'name="csrf" value="(\w+)"', page.text)
    assert token
    # Sent by hand: over plain HTTP no client gives it back.
    value = names["__Host-visitor"].partition(";")[0]
    given = {"csrf": token[1], "login": dee.login, "password": PASSWORD, "code": dee.code()}
    came = visitor.post("/sign-in", data=given, headers={"Cookie": value})
    assert came.status_code == 303 and "secure" in cookies_of(came)["__Host-session"].lower()


def test_signing_out_ends_it_on_the_server(console: Console) -> None:
    staffer = console.signed_in("editor")
    token = staffer.http.cookies["console-session"]
    response = staffer.post("/sign-out")
    assert response.status_code == 303 and response.headers["clear-site-data"] == '"cache"'
    staffer.http.cookies.set("console-session", token, domain="127.0.0.1")
    assert staffer.get("/").status_code == 303


def test_idle_and_absolute_limits_are_those_of_the_settings(start_console: StartConsole) -> None:
    console = start_console(CONSOLE_IDLE_MINUTES="5", CONSOLE_HOURS="1")
    dee = console.add("editor")
    idle = console.with_session(dee)
    console.age_sessions(dee, minutes=4)
    assert idle.get("/").status_code == 200
    console.age_sessions(dee, minutes=5, seconds=5)
    assert idle.get("/").status_code == 303
    worked = console.with_session(dee)
    for _ in range(15):
        console.age_sessions(dee, minutes=4)
        last = worked.get("/").status_code
    assert last == 303


@pytest.mark.parametrize("there", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "javascript:x",
                                   "/a\nSet-Cookie:x"])
def test_after_signing_in_nobody_is_sent_elsewhere(console: Console, there: str) -> None:
    dee = console.add("editor")
    visitor = Staffer(console.url, dee)
    visitor.get("/sign-in", params={"next": there})
    response = visitor.post("/sign-in", {"login": dee.login, "password": PASSWORD, "code": dee.code(), "next": there})
    assert response.headers["location"] == "/"


def test_whoever_was_signed_out_comes_back_to_where_they_were(console: Console) -> None:
    dee = console.add("auditor")
    visitor = Staffer(console.url, dee)
    sent = visitor.get("/audit?by=console&action=")
    page = visitor.get(sent.headers["location"])
    assert 'name="next" type="hidden" value="/audit?by=console&amp;action="' in page.text
    back = visitor.post("/sign-in", {"login": dee.login, "password": PASSWORD, "code": dee.code(), "next": "/audit?by=console"})
    assert back.headers["location"] == "/audit?by=console"


def test_a_manager_signs_somebody_out_and_turns_them_off(console: Console) -> None:
    manager, sam = console.signed_in("manager"), console.add("editor")
    staffer = console.with_session(sam)
    assert manager.post_and_follow(f"/people/{sam.id}/sign-out").text.count("Signed out everywhere.") == 1
    assert staffer.get("/").status_code == 303
    again = console.with_session(sam)
    manager.post(f"/people/{sam.id}/turn-off")
    assert again.get("/").status_code == 303
    assert Staffer(console.url, sam).sign_in().status_code == 422


def test_a_changed_role_counts_at_once(console: Console) -> None:
    manager, sam = console.signed_in("manager"), console.add("publisher")
    staffer = console.with_session(sam)
    assert staffer.get("/services").status_code == 200
    assert changes(manager, sam, roles=["auditor"]).status_code == 303
    assert staffer.get("/services").status_code == 303
    assert console.with_session(sam).get("/services").status_code == 403


def test_rights_that_another_manager_took_away_do_not_come_back(console: Console) -> None:
    dee, kim = console.signed_in("manager"), console.signed_in("manager")
    sam = console.add("caseworker", "editor", areas=[AREA], name="Sam Le")
    path = f"/people/{sam.id}"
    opened = fields_of(dee.get(path).text, path)
    assert changes(kim, sam, roles=["editor"], areas=[]).status_code == 303
    told = dee.post(path, {**opened, "name": "Sam Lee"})
    assert told.status_code == 409 and "Somebody changed this while you had it open" in told.text
    assert "Sam Lee" in told.text and "Caseworker" in told.text and AREA in told.text
    # The form has it as it stands now: pressing the button again brings nothing back.
    again = fields_of(told.text, path)
    assert (again["name"], again["roles"], again.get("areas")) == ("Sam Le", "editor", None)
    assert "Saved." in dee.post_and_follow(path, {**again, "name": "Sam Lee"}).text
    with console.engine.connect() as connection:
        row = connection.execute(sa.text("SELECT name, roles, areas FROM staff WHERE id = :id"), {"id": sam.id}).one()
    assert (row.name, row.roles, row.areas) == ("Sam Lee", '["editor"]', "[]")


@pytest.mark.parametrize("seen", ["", "yesterday", "2026-11-21", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_what_was_seen_of_a_person_has_to_be_known(console: Console, seen: str) -> None:
    manager, sam = console.signed_in("manager"), console.add("editor")
    assert changes(manager, sam, seen=seen).status_code == 409


def test_the_last_manager_stays(start_console: StartConsole) -> None:
    console = start_console()
    manager = console.signed_in("manager")
    refused = manager.post(f"/people/{manager.id}/turn-off")
    assert refused.status_code == 409 and "This is the only manager" in refused.text
    assert manager.me
    refused = changes(manager, manager.me, roles=["editor"])
    assert refused.status_code == 409 and "This is the only manager" in refused.text
    assert manager.get("/people").status_code == 200


def test_a_lost_phone_is_replaced_by_another_managers_link(console: Console) -> None:
    manager, sam = console.signed_in("manager"), console.add("editor")
    staffer = console.with_session(sam)
    link = link_on(manager.post(f"/people/{sam.id}/new-link"))
    assert staffer.get("/").status_code == 303 and Staffer(console.url, sam).sign_in().status_code == 422
    page = staffer.get(link)
    assert staffer.post(link, {**GOOD, "code": pyotp.TOTP(secret_on(page)).now()}).status_code == 200
    assert staffer.get("/").status_code == 200


def test_the_command_line_lets_the_last_manager_in_again(start_console: StartConsole) -> None:
    console = start_console()
    dee = console.add("manager")
    code, printed = command(console, "list")
    assert code == 0 and dee.login in printed and "active" in printed
    code, printed = command(console, "link", dee.login.upper())
    assert code == 0 and "/welcome/" in printed
    assert command(console, "link", "nobody")[0] == 1
    assert console.visitor().get(printed.strip().splitlines()[-1]).status_code == 200


def test_ones_own_account(console: Console) -> None:
    staffer = console.signed_in("editor")
    assert staffer.get("/account").status_code == 200
    wrong = staffer.post("/account/password", {"password": "not the password", "new": "another long one", "again": "another long one"})
    assert wrong.status_code == 422 and "not your password" in wrong.text
    page = staffer.post_and_follow("/account/password", {"password": PASSWORD, "new": "another long one", "again": "another long one"})
    assert "Your password is changed" in page.text and "Your password is changed" not in staffer.get("/account").text
    codes = codes_on(staffer.post("/account/recovery-codes", {"password": "another long one"}))
    assert len(codes) == 10
    phone = staffer.get("/account/phone")
    moved = staffer.post("/account/phone", {"password": "another long one", "code": pyotp.TOTP(secret_on(phone)).now()})
    assert len(codes_on(moved)) == 10 and set(codes_on(moved)).isdisjoint(codes)
    assert staffer.me
    visitor = Staffer(console.url, staffer.me)
    came = visitor.sign_in(password="another long one", code=codes_on(moved)[0])
    assert came.status_code == 303 and "You have 9 left" in visitor.get("/").text


def test_the_audit_page_tells_who_did_what_and_that_the_chain_holds(console: Console) -> None:
    manager = console.signed_in("manager", name="Dee Jones")
    sam = console.add("editor", name="Sam <Lee>")
    changes(manager, sam, roles=["publisher"])
    auditor = console.signed_in("auditor")
    page = auditor.get("/audit", params={"by": manager.id, "action": "staff.changed"})
    assert "The chain holds" in page.text and "changed roles, areas or name of <strong>Sam &lt;Lee&gt;</strong>" in page.text
    assert "<del>editor</del>" in page.text and "<ins>publisher</ins>" in page.text
    assert "1 row<" in page.text.replace("1 rows", "")
    nothing = auditor.get("/audit", params={"since": "2001-01-01", "until": "2001-12-31"})
    assert "0 rows" in nothing.text
    assert auditor.get("/audit", params={"since": "yesterday", "page": "x", "by": "'"}).status_code == 200


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("day", ["9999-12-31", "9999-12-30", "0001-01-01", "1999-12-31", "2100-01-01"])
def test_a_day_that_nothing_can_be_of_is_named_beside_its_field(console: Console, name: str, day: str) -> None:
    page = console.with_session(console.add("auditor")).get("/audit", params={name: day})
    assert page.status_code == 200
    assert f'id="{name}-error"' in page.text and "Choose a day between 1 January 2000 and 31 December 2099." in page.text


def test_the_first_and_the_last_day_of_the_audit_can_be_chosen(console: Console) -> None:
    page = console.with_session(console.add("auditor")).get("/audit", params={"since": "2000-01-01", "until": "2099-12-31"})
    assert page.status_code == 200 and 'id="since-error"' not in page.text and 'id="until-error"' not in page.text
    assert 'min="2000-01-01"' in page.text and 'max="2099-12-31"' in page.text


def test_the_audit_page_says_where_the_chain_is_broken(start_console: StartConsole) -> None:
    console = start_console()
    auditor = console.signed_in("auditor")
    for _ in range(3):
        console.signed_in("editor")
    with console.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_no_update")
        connection.exec_driver_sql("UPDATE audit SET by = 'somebody' WHERE number = 2")
    page = auditor.get("/audit")
    assert page.status_code == 200 and "The chain is broken at row 2" in page.text


# What a stranger sends


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/no/such/page", 404), ("GET", "/static/../app.py", 404), ("GET", "/static/%2e%2e%2fapp.py", 404),
    ("POST", "/static/console.css", 405), ("PUT", "/", 405), ("GET", "/welcome/" + "x" * 3000, 410),
])
def test_errors_are_pages_of_our_own_that_repeat_nothing(console: Console, method: str, path: str, status: int) -> None:
    response = console.visitor().http.request(method, path + "?q=<i>planted</i>")
    assert response.status_code == status, response.text
    assert "planted" not in response.text and "Traceback" not in response.text and "sanic" not in response.text.lower()
    assert "<h1>" in response.text and "default-src 'none'" in response.headers["content-security-policy"]


def test_a_fault_shows_nothing_of_itself_and_logs_nothing_that_was_sent(start_console: StartConsole) -> None:
    console = start_console()
    with console.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE staff_link RENAME TO elsewhere"))
    response = console.visitor().get("/welcome/planted-token")
    assert response.status_code == 500 and "Something went wrong" in response.text
    assert "staff_link" not in response.text and "planted" not in response.text
    printed = console.printed()
    assert "a request failed: OperationalError" in printed and "planted" not in printed and "SELECT" not in printed


def test_passwords_codes_and_links_are_in_no_log(console: Console) -> None:
    staffer = Staffer(console.url, console.add("editor"))
    staffer.sign_in(password="planted password", code="planted-code")
    console.visitor().get("/welcome/planted-link")
    assert "planted" not in console.printed()


@pytest.mark.parametrize("body", [b"csrf=%ff&login=\xff\xfe", b"login=a%00b", b"&".join(b"a=b" for _ in range(6000))])
def test_what_is_no_form_is_refused(console: Console, body: bytes) -> None:
    response = console.visitor().http.post(
        "/sign-in", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert response.status_code == 400


@pytest.mark.parametrize("chunked", [False, True])
def test_a_form_that_is_too_long_is_refused(console: Console, chunked: bool) -> None:
    body = b"login=" + b"x" * 400_000
    content = (body[start : start + 10_000] for start in range(0, len(body), 10_000)) if chunked else body
    try:
        response = console.visitor().http.post(
            "/sign-in", content=content, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
    except httpx.TransportError:
        return  # Cut off while it was sending: refused as well.
    assert response.status_code == 413


def test_a_console_that_cannot_begin_says_why_in_a_line(console: Console) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "launcher.console"], cwd=ROOT, capture_output=True, text=True, timeout=120,
        env={**os.environ, "CONSOLE_KEY_FILE": "/proc/no/such/console.key"},
    )
    assert done.returncode != 0 and done.stderr.strip().startswith("console: the key file /proc/no/such/console.key")
    assert len(done.stderr.strip().splitlines()) == 1
