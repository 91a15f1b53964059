"""What people say through every flow is in no file of PostgreSQL's or Redis's, not even when these write down all they can."""
from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg2
import pytest
from engines import Postgres, Redis
from form import ASKS, CANARIES, FIRST, MORE, YES
from running import Person, Running
from test_nothing_is_logged import FLOWS
from texting import PUBLIC, TOKEN, Phone

from scripts.keys import add_pair

# Of the referral's answers, those that nothing else has: our content names places, PostgreSQL languages, and six digits turn up
# in what is sealed.
ANSWERS = [*(canary for canary in CANARIES if canary not in ("Bushey", "Hertsmere'", "Tigrinya", "998877")), "07400 998877"]


class Talkative:
    """The product on a PostgreSQL that logs every statement and a Redis that writes down every command."""

    def __init__(self, folder: Path) -> None:
        self.postgres, self.redis = Postgres(folder / "postgres").start(), Redis(folder / "redis").start()
        self._talk()
        keys = folder / "product" / "keys"
        keys.mkdir(parents=True)
        add_pair(keys / "referral.pub", keys / "referral.key")
        self.product = Running(folder / "product", {
            "DATABASE_URL": self.postgres.url, "REDIS_URL": self.redis.url, "TWILIO_AUTH_TOKEN": TOKEN, "PUBLIC_URL": PUBLIC,
            "SMS_PER_NUMBER_PER_HOUR": "100000", "SMS_PER_MINUTE_IN_ALL": "100000",
        }).start()  # fmt: skip

    def _talk(self) -> None:
        connection = psycopg2.connect(self.postgres.url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            for name, value in (("log_statement", "all"), ("log_parameter_max_length", "-1"), ("wal_compression", "off")):
                cursor.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            cursor.execute("SELECT pg_reload_conf()")
        connection.close()
        client = self.redis.client()
        for name, value in (("loglevel", "debug"), ("rdbcompression", "no"), ("appendonly", "yes"), ("slowlog-log-slower-than", "0")):
            client.config_set(name, value)

    def close(self) -> None:
        self.product.stop()
        self.postgres.remove()
        self.redis.remove()

    def everything(self) -> dict[str, bytes]:
        """What each of them has written, by file: data, write-ahead log, dump, list of commands, log, and slow commands."""
        connection = psycopg2.connect(self.postgres.url)
        connection.autocommit = True
        connection.cursor().execute("CHECKPOINT")
        connection.close()
        client = self.redis.client()
        client.save()
        slow = b"\n".join(bytes(entry["command"]) for entry in client.slowlog_get(10_000))
        found = {"slow commands": slow}
        for file in (f for engine in (self.postgres, self.redis) for f in (engine.log, *engine.data.rglob("*")) if f.is_file()):
            with suppress(FileNotFoundError):  # both go on working, and clear away
                found[str(file)] = file.read_bytes()
        return found


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talkative]:
    made = Talkative(tmp_path_factory.mktemp("talkative"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def said(talkative: Talkative) -> dict[str, str]:
    """A canary through every flow of the web, by text, and in a referral that was sent."""
    url, sent = talkative.product.url, {}
    for flow, send in FLOWS.items():
        sent[flow] = f"quagga{secrets.token_hex(5)}"
        send(Person(url), sent[flow])
    phone = Phone(talkative.product, "+447700900461")
    sent["a text message"], sent["a number"] = f"quagga{secrets.token_hex(5)}", "7700900461"
    for words in ("hello", f"i need a refuge {sent['a text message']}", "more"):
        phone.text(words)
    phone.again()
    person = Person(url)
    for words in [ASKS, YES, *[each.format(place="Bushey") for each in FIRST], "add more", *MORE, "yes, send it"]:
        if not person.commands():
            person.post({"text": words})
    sent.update({f"the answer {answer}": answer for answer in ANSWERS})
    time.sleep(1)
    return sent


def test_the_engines_have_written_down_what_they_could(talkative: Talkative, said: dict[str, str]) -> None:
    written = talkative.everything()
    together = b"".join(written.values())
    assert b"INSERT INTO conversation" in together and b"outreach:" in written["slow commands"]
    assert any("pg_wal" in name for name in written) and any(".aof" in name for name in written)
    assert any(name.endswith("dump.rdb") for name in written)


def test_none_of_their_files_holds_what_was_said(talkative: Talkative, said: dict[str, str]) -> None:
    found = []
    for name, content in talkative.everything().items():
        lower = content.lower()
        for what, canary in said.items():
            for written in (canary.lower().encode(), canary.lower().encode("utf-16-le")):
                at = lower.find(written)
                if at >= 0:
                    found.append((what, Path(name).name, content[max(0, at - 60):at + 60]))
    assert found == []


def test_what_the_launcher_prints_for_the_systems_journal_holds_none_of_it_either(talkative: Talkative, said: dict[str, str]) -> None:
    """The journal takes standard output and standard error as they are."""
    printed = talkative.product.printed().lower()
    assert [what for what, canary in said.items() if canary.lower() in printed] == []
    for secret in (talkative.postgres.password, talkative.redis.password, TOKEN):
        assert secret not in printed
