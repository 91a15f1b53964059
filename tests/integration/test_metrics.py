"""The metrics of a running product: each moves when its thing happens, and nobody can be seen in any of them."""
from __future__ import annotations

import os
import re
import secrets
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from faults import Faulty
from form import ASKS, BY_TEXT, FIRST, MORE, YES, sent
from form import CANARIES as ANSWERS
from prometheus_client.parser import text_string_to_metric_families
from referring import holds
from running import Person, free_port
from sentences import EXAMPLES, is_static, something_not_understood
from test_nothing_is_logged import FLOWS
from test_referral_by_text import says
from texting import PUBLIC, TOKEN, Phone

from outreach.referrals.reference import find_in
from outreach.watching import labels
from scripts.keys import add_pair

# A stretch for which counts are held back that a test can wait for.
HELD_SECONDS = 0.6
LIMIT = 40


class Watched:
    """A product with everything on, which can be broken, and whoever reads its metrics."""

    def __init__(self, folder: Path) -> None:
        self.port, self.deliverer_port = free_port(), free_port()
        keys = folder / "keys"
        keys.mkdir()
        add_pair(keys / "referral.pub", keys / "referral.key")
        self.faulty = Faulty(
            folder, METRICS_PORT=str(self.port), DELIVERER_METRICS_PORT=str(self.deliverer_port),
            METRICS_HELD_MINUTES=str(HELD_SECONDS / 60), TWILIO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC, TURN_SECONDS="4",
            MESSAGES_PER_MINUTE=str(LIMIT), SMS_PER_NUMBER_PER_HOUR=str(LIMIT), REFERENCE_KEY_FILE=str(keys / "reference.key"),
            REFERRAL_PUBLIC_KEYS=str(keys / "referral.pub"), REFERRAL_PRIVATE_KEYS=str(keys / "referral.key"),
        )  # fmt: skip
        self.running = self.faulty.running

    def text(self) -> str:
        """All that both ports say."""
        return "".join(
            httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).raise_for_status().text
            for port in (self.port, self.deliverer_port)
        )

    def all(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(self.text()) for sample in family.samples
        }  # fmt: skip

    def value(self, name: str, **named: str) -> float:
        return self.all()[f"outreach_{name}", frozenset(named.items())]

    def person(self) -> Person:
        return Person(self.running.url)

    def comes_to(self, wanted: float, name: str, **named: str) -> None:
        """Wait until a metric has come so far."""
        until = time.monotonic() + 60
        while self.value(name, **named) < wanted:
            assert time.monotonic() < until, (name, named, self.value(name, **named), wanted)
            time.sleep(0.2)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Started once for all these tests, which look only at what they themselves change."""
    watched = Watched(tmp_path_factory.mktemp("watched"))
    # What goes on by itself has been all round, so that nothing of it is new while a test looks.
    watched.comes_to(2, "deliverer_rounds_total", ok="yes")
    watched.comes_to(1, "backlog_read")
    yield watched
    watched.running.stop()


Moves = dict[str, float]


def moved(watched: Watched, happens: Callable[[], Any]) -> Moves:
    """What was counted more after something happened than before: `name{label,label}`, and by how much."""
    before = watched.all()
    happens()
    found: Moves = {}
    for (name, named), value in watched.all().items():
        if name.startswith("outreach_") and not name.endswith(("_sum", "_bucket", "_seconds")) and "deliverer" not in name:
            more = value - before.get((name, named), 0)
            if more:
                found[f"{name.removeprefix('outreach_')}{{{','.join(sorted(v for _, v in named))}}}"] = more
    return found


# What is about the machine is seen as it happens


def test_a_turn_is_counted_with_its_time_its_action_and_its_request(watched: Watched) -> None:
    person = watched.person()
    found = moved(watched, lambda: person.say(EXAMPLES["ask_refuge"]))
    assert found == {
        "turns_total{answered,web}": 1, "turn_seconds_count{web}": 1, "action_seconds_count{yes}": 1, "requests_total{ok,web}": 1,
    }  # fmt: skip
    assert watched.value("turn_seconds_sum", channel="web") > 0
    assert watched.value("turn_seconds_bucket", channel="web", le="+Inf") == watched.value("turn_seconds_count", channel="web")


def test_a_beginning_is_counted(watched: Watched) -> None:
    assert moved(watched, watched.person) == {"conversations_total{web}": 1, "requests_total{ok,web}": 1}


def test_what_is_not_understood_and_what_is_out_of_scope_are_told_apart(watched: Watched) -> None:
    vague, person = something_not_understood(watched.running.url), watched.person()
    assert moved(watched, lambda: person.say(vague))["turns_total{not_understood,web}"] == 1
    assert moved(watched, lambda: person.say(EXAMPLES["out_of_scope"]))["turns_total{out_of_scope,web}"] == 1


def test_a_text_is_counted_as_one(watched: Watched) -> None:
    found = moved(watched, lambda: Phone(watched.running).text(EXAMPLES["ask_refuge"]))
    assert found == {
        "turns_total{answered,sms}": 1, "turn_seconds_count{sms}": 1, "action_seconds_count{yes}": 1, "requests_total{ok,sms}": 1,
        "conversations_total{sms}": 1,
    }  # fmt: skip


def test_a_failed_action_is_a_fixed_reply_with_its_cause(watched: Watched) -> None:
    person = watched.person()
    watched.faulty.breaks("fail outside")
    found = moved(watched, lambda: person.say(EXAMPLES["ask_refuge"]))
    watched.faulty.mends()
    assert is_static(person.last)
    assert (found["turns_total{fixed_reply,web}"], found["fixed_replies_total{action,web}"]) == (1, 1)
    assert found["action_seconds_count{no}"] == 1 and found["errors_total{ValueError}"] >= 1


def test_a_turn_that_is_too_slow_is_a_fixed_reply_with_its_cause(watched: Watched) -> None:
    person = watched.person()
    watched.faulty.breaks("sleep 4.5")
    found = moved(watched, lambda: person.say(EXAMPLES["ask_refuge"]))
    watched.faulty.mends()
    assert (found["turns_total{fixed_reply,web}"], found["fixed_replies_total{too_slow,web}"]) == (1, 1)
    assert found["errors_total{other}"] >= 1
    assert watched.value("turn_seconds_bucket", channel="web", le="4.0") < watched.value("turn_seconds_count", channel="web")
    watched.running.wait_until_ready()


def test_a_database_that_is_held_is_a_fixed_reply_and_an_error_of_its_class(watched: Watched) -> None:
    def begin() -> None:
        assert httpx.post(f"{watched.running.url}/chat/api/session", timeout=20).status_code == 503

    with closing(sqlite3.connect(watched.running.database, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        found = moved(watched, begin)
        holder.execute("ROLLBACK")
    assert found["fixed_replies_total{store,web}"] == 1 and found["requests_total{503,web}"] == 1
    assert found["errors_total{OperationalError}"] >= 1 and "conversations_total{web}" not in found


def test_what_is_refused_is_counted_by_its_status(watched: Watched) -> None:
    person = watched.person()

    def too_much() -> None:
        while person.post({"choice": "nothing-like-that"}).status_code != 429:
            pass

    found = moved(watched, too_much)
    assert found == {"requests_total{422,web}": LIMIT, "requests_total{429,web}": 1}
    assert moved(watched, lambda: person.http.get(f"/{secrets.token_hex(4)}")) == {"requests_total{404,other}": 1}
    assert moved(watched, lambda: person.http.post("/sms/twilio", content=b"x")) == {"requests_total{403,sms}": 1}
    broken = {"Authorization": f"Bearer {watched.person().token}"}
    assert moved(watched, lambda: person.http.post("/chat/api/messages", content=b"{", headers=broken)) == {"requests_total{400,web}": 1}


def test_a_text_beyond_the_limit_is_counted(watched: Watched) -> None:
    phone = Phone(watched.running)
    for _ in range(LIMIT):
        # What stands in for nothing: it begins no turn.
        phone.text("")
    assert moved(watched, lambda: phone.text("")) == {"texts_refused_total{}": 1, "requests_total{ok,sms}": 1}


def test_all_parts_work_and_the_model_is_named(watched: Watched) -> None:
    found = {part: watched.value("part_ready", part=part) for part in labels.PARTS}
    assert found == dict.fromkeys(labels.PARTS, 1)
    assert abs(time.time() - watched.value("parts_checked_timestamp_seconds")) < 120
    (build,) = [dict(named) for name, named in watched.all() if name == "outreach_build"]
    assert re.fullmatch(r"outreach-[0-9a-f]{16}", build["model"]) and re.fullmatch(r"\d+\.\d+\.\d+", build["version"])


def test_the_deliverer_goes_round_and_reads_what_waits(watched: Watched) -> None:
    rounds = watched.value("deliverer_rounds_total", ok="yes")
    watched.comes_to(rounds + 1, "deliverer_rounds_total", ok="yes")
    assert abs(time.time() - watched.value("deliverer_round_timestamp_seconds")) < 60
    assert watched.value("backlog_read") == 1
    assert watched.value("services_never_checked") > 0


# What could tell on somebody comes out later, and in fives


def test_danger_shows_when_there_were_five_and_not_in_the_counts_of_turns(watched: Watched) -> None:
    named = {"intent": "immediate_danger", "found_by": "matcher"}
    before = watched.value("safety_total", **named)
    person = watched.person()
    found = moved(watched, lambda: person.say(EXAMPLES["immediate_danger"]))
    assert {name for name in found if "safety" not in name} == {
        "turns_total{answered,web}", "turn_seconds_count{web}", "requests_total{ok,web}",
    }  # fmt: skip
    for _ in range(4):
        person.say(EXAMPLES["immediate_danger"])
    watched.comes_to(before + 5, "safety_total", **named)
    assert watched.value("safety_total", **named) % 5 == 0


@pytest.mark.parametrize("channel, door, leaves", [
    ("web", "word", lambda w: w.person().say("exit")),
    ("web", "meaning", lambda w: w.person().say(EXAMPLES["quick_exit"])),
    ("web", "page", lambda w: _leave_by_the_page(w.person())),
    ("sms", "word", lambda w: Phone(w.running).text("STOP")),
    ("sms", "meaning", lambda w: Phone(w.running).text(EXAMPLES["quick_exit"])),
])  # fmt: skip
def test_each_way_of_leaving_shows_when_there_were_five(watched: Watched, channel: str, door: str, leaves: Callable[[Watched], Any]) -> None:
    before = watched.value("left_total", channel=channel, door=door)
    for _ in range(5):
        leaves(watched)
    watched.comes_to(before + 5, "left_total", channel=channel, door=door)


def _leave_by_the_page(person: Person) -> None:
    assert person.http.post("/chat/exit", content=f"session={person.token}").status_code == 303


# Nobody can be seen


def test_nothing_that_anybody_wrote_is_in_any_metric_or_label(watched: Watched) -> None:
    canary, phone, person = f"quagga{secrets.token_hex(5)}", Phone(watched.running).begin(), watched.person()
    for send in FLOWS.values():
        send(watched.person(), canary)
    for said in [ASKS, YES, *(each.format(place="Bushey") for each in FIRST), "Add more", *MORE]:
        person.say(said)
    reference = sent(person)
    says(phone, *(said.format(place="Bushey") for said in BY_TEXT))
    by_text = find_in(says(phone, "YES"))
    assert by_text is not None
    says(phone, EXAMPLES["immediate_danger"], canary)
    time.sleep(2 * HELD_SECONDS)
    text = watched.text()
    with closing(sqlite3.connect(watched.running.database)) as database:
        ids = [row[0] for row in database.execute("SELECT id FROM referral")]
        teams = [row[0] for row in database.execute("SELECT DISTINCT team FROM referral")]
    assert len(ids) == 2
    secret = (canary, *ANSWERS, person.token, phone.number, phone.number[1:], reference, by_text, *ids, *teams, "127.0.0.1", "hitchin")
    assert [each for each in secret if holds(text, each)] == []


def test_every_label_is_one_of_a_closed_list(watched: Watched) -> None:
    closed: dict[str, set[str]] = {
        "channel": set(labels.CHANNELS), "outcome": set(labels.OUTCOMES), "cause": set(labels.CAUSES), "found_by": set(labels.FOUND_BY),
        "door": set(labels.DOORS), "entrance": set(labels.ENTRANCES), "status": set(labels.STATUSES), "part": set(labels.PARTS),
        "error": {*labels.ERRORS, labels.OTHER}, "ok": {"yes", "no"}, "of": {"service", "wording"},
        "intent": {"immediate_danger", "child_at_risk", "suicidal_or_self_harm", "quick_exit"},
        "state": {"queued", "delivered", "acknowledged", "closed", "withdrawn", "failed"},
    }  # fmt: skip
    for name, named in watched.all():
        if name != "outreach_build":
            assert [(k, v) for k, v in named if k != "le" and v not in closed[k]] == [], name


def test_nothing_of_it_is_on_a_public_port(watched: Watched) -> None:
    for address in (watched.running.url, watched.running.console_url):
        for path in ("/metrics", "/chat/metrics", "/health/metrics", "/metrics/"):
            answer = httpx.get(address + path)
            assert "outreach_" not in answer.text and answer.status_code in (303, 404), (path, answer.status_code)


def test_the_ports_listen_on_loopback_alone(watched: Watched) -> None:
    listening = [
        fields.split()[1] for table in ("tcp", "tcp6") for fields in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if fields.split()[3] == "0A"
    ]  # fmt: skip
    for port in (watched.port, watched.deliverer_port):
        assert [each for each in listening if int(each.split(":")[1], 16) == port] == [f"0100007F:{port:04X}"]


# Last: it starts the assistant anew, and every count with it.


def test_an_assistant_that_died_is_watched_again_and_forgets_what_idled(watched: Watched) -> None:
    watched.person()
    with closing(sqlite3.connect(watched.running.database)) as database, database:
        (number,) = database.execute("SELECT count(*) FROM conversation").fetchone()
        database.execute("UPDATE conversation SET touched_at = '2026-01-01 00:00:00'")
    os.kill(watched.running.pid_of("launcher.assistant"), signal.SIGKILL)
    watched.running.wait_until_ready(150)
    watched.comes_to(number, "conversations_idled_total")
    assert watched.value("turns_total", channel="sms", outcome="answered") == 0
