"""The proxy alone, in front of stand-ins that misbehave: what everybody gets when nothing behind it is of any use."""
from __future__ import annotations

import json
import re
import secrets
import socket
import ssl
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import yaml
from backends import Backend
from proxied import CHAT, STAFF, Proxy

from outreach.settings import ROOT

SAFE = "https://www.metoffice.gov.uk/"
FIXED = {v.get("channel", "web"): v["text"] for v in yaml.safe_load(
    (ROOT / "data" / "responses" / "fallback.yml").read_text(encoding="utf-8"))["responses"]["utter_static_fallback"]}
SILENCE: list[str] = []
OUR_HEADERS = {
    "cache-control", "content-security-policy", "referrer-policy", "x-content-type-options", "permissions-policy",
    "cross-origin-resource-policy", "strict-transport-security",
}


@pytest.fixture(scope="module")
def backends() -> Iterator[list[Backend]]:
    started = [Backend(), Backend()]
    yield started
    for each in started:
        each.stop()


@pytest.fixture(scope="module")
def stood(backends: list[Backend]) -> Iterator[Proxy]:
    proxy = Proxy([each.address for each in backends], backends[0].address).start()
    yield proxy
    proxy.remove()


@pytest.fixture
def proxy(stood: Proxy, backends: list[Backend]) -> Iterator[Proxy]:
    """The proxy with two workers that are well, and that it has not seen fail."""
    all_are(backends, "well")
    # What failed too often is left alone for some seconds; nginx forgets that when it reads its configuration again.
    assert stood.switch("reload").returncode == 0
    until = time.monotonic() + 30
    while any(stood.get("/chat").status_code != 200 for _ in range(4)):
        assert time.monotonic() < until
    for each in backends:
        each.got.clear()
    yield stood
    stood.switch("on")


def all_are(backends: list[Backend], mode: str) -> None:
    for each in backends:
        each.mode = mode


def bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {secrets.token_urlsafe(32)}"}


def texts_of(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.status_code
    assert response.headers["content-type"].startswith("text/xml")
    return [message.text or "" for message in ElementTree.fromstring(response.text)]


def words_of(page: str) -> str:
    """What can be read on a page, without its tags."""
    body = page.partition('<section class="notice plain">')[2].partition("</section>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", body)).strip()


def everything_says_the_fixed_words(proxy: Proxy) -> None:
    page = proxy.get("/chat")
    assert page.status_code == 503 and page.headers["content-type"].startswith("text/html")
    assert words_of(page.text) == re.sub(r"\s+", " ", FIXED["web"]) + " Try again"
    for number in ("999", "08088088088", "08082000247"):
        assert f'href="tel:{number}"' in page.text
    form = proxy.ask("POST", "/chat", data={"session": "s", "text": "is there a refuge"})
    assert (form.status_code, form.text) == (503, page.text)
    said = proxy.ask("POST", "/chat/api/messages", json={"text": "hello"}, headers=bearer())
    assert said.status_code == 503, "the page then keeps what was typed, and says that there is trouble"
    assert said.json()["messages"] == [{"text": FIXED["web"], "choices": [], "services": [], "command": None}]
    begun = proxy.ask("POST", "/chat/api/session")
    assert (begun.status_code, begun.json()["session"], begun.json()["messages"]) == (503, None, said.json()["messages"])
    assert texts_of(proxy.ask("POST", "/sms/twilio", data={"Body": "hello"})) == [FIXED["sms"]]
    for name in ("style.css", "exit.js", "chat.js", "icon.svg"):
        file = proxy.get(f"/chat/static/{name}")
        assert (file.status_code, file.text) == (200, (ROOT / "web" / name).read_text(encoding="utf-8"))


def everybody_gets_out(proxy: Proxy) -> None:
    for way_out in (
        proxy.get("/chat/exit"), proxy.ask("POST", "/chat/exit", data={"session": "s"}),
        proxy.ask("POST", "/chat", data={"session": "s", "text": "Exit now!"}),
    ):
        assert (way_out.status_code, way_out.headers["location"]) == (303, SAFE)
        assert way_out.headers["clear-site-data"] == '"cache", "cookies", "storage"'
    assert proxy.ask("POST", "/chat/exit", data={"session": "s"}, headers={"Sec-Fetch-Dest": "empty"}).status_code == 204


@pytest.mark.parametrize("mode", ["500", "502", "503", "504", "dies"])
def test_when_the_workers_break_everybody_gets_words_and_gets_out(proxy: Proxy, backends: list[Backend], mode: str) -> None:
    all_are(backends, mode)
    everything_says_the_fixed_words(proxy)
    everybody_gets_out(proxy)


def test_when_the_workers_hang_nobody_waits_ten_seconds_and_leaving_waits_for_nothing(
    proxy: Proxy, backends: list[Backend]
) -> None:
    all_are(backends, "hangs")

    def timed(method: str, path: str, **options: object) -> tuple[int, float]:
        began = time.monotonic()
        status = proxy.ask(method, path, **options).status_code
        return status, time.monotonic() - began

    with ThreadPoolExecutor(8) as pool:
        waiting = [
            pool.submit(timed, "GET", "/chat"), pool.submit(timed, "POST", "/chat/api/messages", json={"text": "hello"}),
            pool.submit(timed, "POST", "/chat/api/session"), pool.submit(timed, "POST", "/sms/twilio", data={"Body": "hello"}),
        ]
        out = [timed("GET", "/chat/exit"), timed("POST", "/chat/exit", data={"session": "s"})]
        answered = [each.result() for each in waiting]
    assert [status for status, _ in answered] == [503, 503, 503, 200]
    assert all(8 < seconds < 12 for _, seconds in answered), answered
    assert [status for status, _ in out] == [303, 303]
    # The quickest of some, as one may be held up by this machine: what waits for a worker does so each time.
    assert min(out[0][1], *(timed("GET", "/chat/exit")[1] for _ in range(3))) < 1.5, out
    assert out[1][1] < 4 or timed("POST", "/chat/exit", data={"session": "s"})[1] < 4, out


def test_the_off_switch_answers_everybody_at_once_and_on_is_as_before(proxy: Proxy, backends: list[Backend]) -> None:
    assert proxy.switch("off").stdout.startswith("off")
    everything_says_the_fixed_words(proxy)
    everybody_gets_out(proxy)
    assert all(each.got == [] for each in backends), "nobody behind it is asked"
    assert proxy.ask("GET", "/", url=proxy.console_url).status_code == 200, "staff go on"
    assert proxy.switch("on").stdout.startswith("on")
    assert proxy.get("/chat").json() == {"from": "a worker"}


def test_a_text_that_leaves_is_met_by_silence_also_when_nothing_else_works(proxy: Proxy, backends: list[Backend]) -> None:
    all_are(backends, "503")
    exits = yaml.safe_load((ROOT / "content" / "exit_words.yml").read_text(encoding="utf-8"))["sms"]
    for said in [*exits, "Exit!", " exit. ", "EXIT NOW", "STOP", "stop all", "HELP", "info", "START"]:
        assert texts_of(proxy.ask("POST", "/sms/twilio", data={"From": "+441", "Body": said, "NumMedia": "0"})) == SILENCE, said
    assert texts_of(proxy.ask("POST", "/sms/twilio", data={"Body": "arret", "OptOutType": "STOP"})) == SILENCE
    for said in ["help!!", "exits", "how do I leave him", "exit now please", "next exit"]:
        assert texts_of(proxy.ask("POST", "/sms/twilio", data={"Body": said})) == [FIXED["sms"]], said


def test_the_exit_words_of_the_plain_page_lead_out_also_when_nothing_else_works(proxy: Proxy, backends: list[Backend]) -> None:
    all_are(backends, "503")
    exits = yaml.safe_load((ROOT / "content" / "exit_words.yml").read_text(encoding="utf-8"))["web"]
    for said in [*exits, "Exit!", " x "]:
        answer = proxy.ask("POST", "/chat", data={"session": "s", "text": said})
        assert (answer.status_code, answer.headers.get("location")) == (303, SAFE), said
    # nginx sees only what it holds in memory: so nothing up to the limit was put on the disk.
    answer = proxy.ask("POST", "/chat", data={"session": "s" * 65_000, "text": "exit"})
    assert answer.status_code == 303
    for said in ["exits", "how do I leave", "leave now or later"]:
        assert proxy.ask("POST", "/chat", data={"session": "s", "text": said}).status_code == 503, said


def test_a_message_that_was_sent_to_a_worker_is_never_sent_to_another(proxy: Proxy, backends: list[Backend]) -> None:
    for mode in ("dies", "503"):
        all_are(backends, mode)
        for each in backends:
            each.got.clear()
        assert proxy.ask("POST", "/chat/api/messages", json={"text": "once"}, headers=bearer()).status_code == 503
        assert sum(len(each.got) for each in backends) == 1


def test_when_a_worker_is_gone_the_other_answers_and_nobody_notices(backends: list[Backend]) -> None:
    all_are(backends, "well")
    gone = Backend()
    gone.stop()
    proxy = Proxy([backends[0].address, gone.address]).start()
    try:
        backends[0].got.clear()
        for _ in range(30):
            assert proxy.ask("POST", "/chat/api/messages", json={"text": "x"}, headers=bearer()).status_code == 200
        assert len(backends[0].got) == 30
    finally:
        proxy.remove()


def test_a_conversation_stays_with_one_worker_and_conversations_spread(proxy: Proxy, backends: list[Backend]) -> None:
    workers = set()
    for _ in range(20):
        mine = bearer()
        asked = {proxy.ask("POST", "/chat/api/messages", json={}, headers=mine).headers["x-worker"] for _ in range(3)}
        assert len(asked) == 1
        workers |= asked
    assert workers == {each.address for each in backends}
    again = {"X-Twilio-Signature": secrets.token_hex(16)}
    repeats = {proxy.ask("POST", "/sms/twilio", data={"Body": "x"}, headers=again).headers["x-worker"] for _ in range(4)}
    assert len(repeats) == 1, "a text that the carrier sends twice comes to the worker that knows it"


def test_the_insides_are_not_shown_outside(proxy: Proxy, backends: list[Backend]) -> None:
    for path in ("/health/ready", "/metrics", "/health", "/webhooks/rest/webhook", "/version", "/fallback/page.html", "/leave",
                 "/chat/nothing", "/.env", "/chat/static/../../.env"):  # fmt: skip
        assert proxy.get(path).status_code == 404, path
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert proxy.ask("GET", path, url=proxy.console_url).status_code == 404, path
    assert all(each.got == [] for each in backends)
    assert proxy.get("/health/live").status_code == 200
    all_are(backends, "503")
    assert (proxy.get("/health/live").status_code, proxy.get("/health/live").json()) == (503, {"live": False})


def test_what_is_too_large_is_refused_kindly(proxy: Proxy, backends: list[Backend]) -> None:
    refused = proxy.ask("POST", "/chat/api/messages", content=b"x" * 70_000, headers=bearer())
    assert refused.status_code == 413 and "shorter" in refused.json()["error"]
    assert proxy.ask("POST", "/chat/api/messages", content=b"x" * 60_000, headers=bearer()).status_code == 200
    assert proxy.ask("POST", "/chat/exit", content=b"x" * 70_000).status_code == 303, "leaving is not refused"
    assert [len(got[2]) for each in backends for got in each.got] == [60_000]
    assert list((proxy.run / "body").rglob("*")) == [] or all(not p.is_file() for p in (proxy.run / "body").rglob("*"))


def test_whoever_asks_is_told_truly_to_the_worker_and_cannot_pretend(proxy: Proxy, backends: list[Backend]) -> None:
    pretended = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9", **bearer()}
    proxy.ask("POST", "/chat/api/messages", json={}, headers=pretended)
    ((_, _, _, headers),) = [got for each in backends for got in each.got]
    assert headers["x-forwarded-for"] == "127.0.0.1" and headers["host"] == CHAT
    assert "203.0.113.9" not in str(headers)


def test_a_flood_from_one_address_is_held_back_but_leaving_is_not(backends: list[Backend]) -> None:
    all_are(backends, "well")
    proxy = Proxy([backends[0].address], PROXY_REQUESTS_PER_SECOND="1").start()
    try:
        with proxy.client() as client:
            answers = [client.post("/chat/api/messages", json={}, headers=bearer()) for _ in range(130)]
            held = [answer for answer in answers if answer.status_code == 429]
            assert 100 <= len(answers) - len(held) < 130
            assert "wait" in held[0].json()["error"]
            # A second later there is room for one again: that may be this one, but then not the next.
            page = next(page for page in (client.get("/chat") for _ in range(10)) if page.status_code == 429)
            assert words_of(page.text).startswith("I'm sorry")
            assert client.get("/chat/exit").status_code == 303
            assert client.post("/chat/exit", data={"session": "s"}).status_code == 200, "the worker's own answer"
    finally:
        proxy.remove()


def test_plain_http_leads_to_https_and_strange_names_lead_nowhere(proxy: Proxy) -> None:
    moved = proxy.plain("/chat?a=b", CHAT)
    assert (moved.status_code, moved.headers["location"]) == (301, f"{proxy.url}/chat")
    assert proxy.plain("/", STAFF).headers["location"] == f"{proxy.console_url}/"
    assert proxy.plain("/", "elsewhere.test").status_code == 404
    sign = proxy.state / "acme" / ".well-known" / "acme-challenge" / "sign"
    sign.parent.mkdir(parents=True, exist_ok=True)
    sign.write_text("proof")
    assert proxy.plain("/.well-known/acme-challenge/sign", CHAT).text == "proof", "whoever gives out certificates may look"
    with pytest.raises(httpx.ConnectError):
        proxy.ask("GET", "/chat", url=f"https://elsewhere.test:{proxy.port}")


@pytest.mark.parametrize(("version", "let_in"), [
    (ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True),
])
def test_old_tls_is_refused(proxy: Proxy, version: ssl.TLSVersion, let_in: bool) -> None:
    context = ssl.create_default_context(cafile=str(proxy.certificate))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=CHAT) as tls:
                assert let_in and (tls.version() == "TLSv1.3" or (tls.cipher() or ("",))[0].startswith("ECDHE"))
        except ssl.SSLError:
            assert not let_in


def test_an_answer_of_the_proxys_own_has_every_header_once(proxy: Proxy, backends: list[Backend]) -> None:
    own = [proxy.get("/"), proxy.get("/nothing"), proxy.get("/chat/exit")]
    all_are(backends, "503")
    own += [proxy.get("/chat"), proxy.ask("POST", "/chat/api/messages"), proxy.ask("POST", "/sms/twilio"), proxy.get("/chat/static/style.css")]
    for answer in own:
        names = [name.lower() for name, _ in answer.headers.multi_items()]
        assert set(names) >= OUR_HEADERS and len(names) == len(set(names)), (answer.url.path, names)
        assert answer.headers["server"] == "nginx", "without a version"


def test_nothing_that_was_asked_is_in_any_file_of_the_proxys(proxy: Proxy, backends: list[Backend]) -> None:
    """nginx's own errors hold a request's address and first line: they are to go nowhere."""
    for mode in ("well", "503", "dies"):
        all_are(backends, mode)
        for canary in ("marmaladefox",):
            proxy.get(f"/chat?q={canary}")
            proxy.get(f"/{canary}/..%2f..%2f{canary}")
            proxy.ask("POST", "/chat/api/messages", json={"text": canary}, headers={"Authorization": f"Bearer {canary}"})
            proxy.ask("POST", "/sms/twilio", data={"Body": canary, "From": "+447700900123"})
            proxy.ask("POST", "/chat", data={"session": canary, "text": canary * 3000})
    for file in [proxy.log, *proxy.run.rglob("*"), *proxy.state.rglob("*")]:
        if file.is_file():
            held = file.read_bytes()
            assert b"marmaladefox" not in held and b"7700900123" not in held, file
    assert "127.0.0.1" not in proxy.printed()


def test_workers_change_only_to_some_that_are_ready(proxy: Proxy, backends: list[Backend]) -> None:
    new = Backend()
    try:
        refused = proxy.switch("workers", "127.0.0.1:9")
        assert refused.returncode == 1 and "not ready" in refused.stderr
        new.mode = "503"
        assert proxy.switch("workers", new.address).returncode == 1
        assert proxy.get("/chat").headers["x-worker"] in {each.address for each in backends}
        new.mode = "well"
        done = proxy.switch("workers", new.address)
        assert done.returncode == 0 and f"worker: {new.address}" in done.stdout, done.stderr
        until = time.monotonic() + 30
        while proxy.get("/chat").headers["x-worker"] != new.address:
            assert time.monotonic() < until
        proxy.stop()
        proxy.start()
        assert proxy.get("/chat").headers["x-worker"] == new.address, "also after a restart"
        assert proxy.switch("workers", *(each.address for each in backends)).returncode == 0
    finally:
        new.stop()


@pytest.mark.parametrize(("name", "bad"), [
    ("PUBLIC_URL", "http://chat.charity.test"), ("SAFE_SITE", 'https://x/"; return 200'), ("PROXY_WORKERS", "assistant:8080"),
    ("PROXY_WORKERS", "127.0.0.1:1; server x"), ("PROXY_CERTIFICATE", "/does/not/exist"), ("PROXY_HTTPS_PORT", "many"),
    ("PROXY_CONSOLE_FROM", "everywhere"), ("FRAME_ANCESTORS", 'x"; add_header'), ("FRAME_ANCESTORS", "self"),
])
def test_a_bad_setting_stops_the_start_with_a_line_that_names_it(name: str, bad: str) -> None:
    proxy = Proxy(["127.0.0.1:9"])
    proxy.environment[name] = bad
    with pytest.raises(AssertionError) as error:
        proxy.start()
    assert f"setting {name} is not usable" in str(error.value)
    proxy.remove()


def test_the_console_can_be_kept_to_some_networks_and_the_public_list_stays_public(backends: list[Backend]) -> None:
    all_are(backends, "well")
    proxy = Proxy([backends[0].address], backends[1].address, PROXY_CONSOLE_FROM="192.0.2.0/24 2001:db8::/32").start()
    try:
        assert proxy.ask("GET", "/sign-in", url=proxy.console_url).status_code == 403
        assert proxy.ask("GET", "/open-referral/services", url=proxy.console_url).status_code == 200
    finally:
        proxy.remove()


def test_a_console_that_is_gone_says_so(backends: list[Backend]) -> None:
    proxy = Proxy([backends[0].address], "127.0.0.1:9").start()
    try:
        page = proxy.ask("GET", "/", url=proxy.console_url)
        assert page.status_code == 503 and "can’t be reached" in page.text
    finally:
        proxy.remove()


def test_the_fixed_answers_are_read_by_a_machine_as_well() -> None:
    for file in (ROOT / "deploy" / "fallback").glob("*.json"):
        assert isinstance(json.loads(file.read_text(encoding="utf-8")), dict)
