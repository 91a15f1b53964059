"""Headers on every route of the assistant, from its own table of routes, and a browser that holds the page to them."""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from consoles import Console
from running import ROOT, Person, Running

from outreach.settings import load

PARAMETER = re.compile(r"<[^>]+>")
HEADERS = {
    "cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin", "permissions-policy": "camera=(), geolocation=(), microphone=(), notifications=()",
}  # fmt: skip
POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'", "connect-src": "'self'",
    "form-action": "'self' https://www.metoffice.gov.uk", "base-uri": "'none'", "frame-ancestors": "'self'",
}  # fmt: skip


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Every method and address that the assistant's own table of routes has."""
    from rasa.core import run
    from rasa.core.channels.channel import register
    from sanic import Sanic

    from channels.everywhere import protect

    app = Sanic("headers", configure_logging=False, register=False)
    register(run.create_http_input_channels(None, str(ROOT / "credentials.yml")), app, route="/")
    protect(app, load({}))
    app.router.finalize()
    found = {(method, "/" + PARAMETER.sub("chat.js", route.path)) for route in app.router.routes for method in route.methods}
    return sorted(found)


def policy_of(response: httpx.Response) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in response.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in parts}


def test_the_table_of_routes_holds_what_the_contract_names(addresses: list[tuple[str, str]]) -> None:
    paths = {path for _, path in addresses}
    assert {"/chat/api/session", "/chat/api/messages", "/chat/exit", "/health/live", "/health/ready", "/sms/twilio"} <= paths


def test_every_answer_of_the_assistant_has_the_headers(product: Running, addresses: list[tuple[str, str]]) -> None:
    with httpx.Client(base_url=product.url, timeout=20) as http:
        for method, path in [*addresses, ("GET", "/no/such"), ("PUT", "/chat"), ("POST", "/chat/static/chat.js"), ("OPTIONS", "/chat")]:
            response = http.request(method, path, content=b"{}" if method == "POST" else None)
            for name, value in HEADERS.items():
                assert response.headers.get(name) == value, (method, path, name, response.headers.get(name))
            assert policy_of(response) == POLICY, (method, path)
            assert "server" not in response.headers and "x-powered-by" not in response.headers
            assert "access-control-allow-origin" not in response.headers, "no other site reads an answer"


def test_the_chat_sets_no_cookie_anywhere(product: Running, addresses: list[tuple[str, str]]) -> None:
    person = Person(product.url)
    person.say("is there a refuge near me?")
    with httpx.Client(base_url=product.url, timeout=20) as http:
        for method, path in addresses:
            sent = {"Authorization": f"Bearer {person.token}", "Cookie": "mine=1"}
            assert "set-cookie" not in http.request(method, path, headers=sent).headers, (method, path)
        assert not http.cookies


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console that staff reach by https."""
    started = Console(tmp_path_factory.mktemp("secure"), {"CONSOLE_URL": "https://desk.example"}).start()
    yield started
    started.stop()


def cookies_of(console: Console, prefix: str) -> dict[str, str]:
    """The cookies that signing in sets, with their attributes, on a connection that keeps no cookies by itself."""
    kim, site = console.add("editor"), {"Sec-Fetch-Site": "same-origin"}
    door = httpx.get(f"{console.url}/sign-in")
    visitor = door.headers["set-cookie"].split(";")[0]
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', door.text)
    assert token
    done = httpx.post(f"{console.url}/sign-in", headers={**site, "Cookie": visitor}, data={
        "csrf": token[1], "login": kim.login, "password": kim.password, "code": kim.code()})
    assert done.status_code == 303, done.text
    lines = [*door.headers.get_list("set-cookie"), *done.headers.get_list("set-cookie")]
    found = {line.split("=")[0]: line.partition(";")[2] for line in lines}
    assert f"{prefix}session" in found and f"{prefix}visitor" in found
    return found


def test_over_https_the_consoles_cookies_belong_to_this_very_host_and_no_script(secure: Console) -> None:
    for name, attributes in cookies_of(secure, "__Host-").items():
        parts = {part.strip().lower() for part in attributes.split(";")}
        assert name.startswith("__Host-")
        assert {"path=/", "httponly", "samesite=strict", "secure"} <= parts and not any("domain" in part for part in parts), attributes


def test_without_https_they_are_no_less_hidden_from_script(console: Console) -> None:
    for attributes in cookies_of(console, "console-").values():
        parts = {part.strip().lower() for part in attributes.split(";")}
        assert {"path=/", "httponly", "samesite=strict"} <= parts, attributes


def test_the_page_names_no_script_style_or_picture_of_anybody_else() -> None:
    for page in (ROOT / "web").glob("*.html"):
        text = Path(page).read_text(encoding="utf-8")
        assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", re.sub(r'href="\{\{[^}]*\}\}"', "", text)), page
        assert not re.search(r"\son[a-z]+=|<style|\sstyle=", text), page
        assert all("src=" in script for script in re.findall(r"<script[^>]*>", text)), page
