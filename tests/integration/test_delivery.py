"""Nothing that was confirmed to a person is lost, however the processes die, and nobody gets it twice."""
from __future__ import annotations

import importlib.util
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dying import PRIVATE, Nursery, deliverer, hand_off
from receiving import ENVIRONMENT, Inbox, listening
from referring import CANARIES, DEE, START, House, everything_in, sqlite

from outreach import bootstrap
from outreach.privacy.sealing import Opener
from outreach.referrals.consent import Consent, new_form_key, wording_version
from outreach.referrals.handoff import Letter
from outreach.referrals.reference import References
from outreach.referrals.states import State
from outreach.settings import ROOT

KILLS = 200


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def teams(inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A team with a webhook on this machine; the path of its settings."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with listening(inbox, tmp_path) as file:
        yield file


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "data").mkdir()
    return House(sqlite(tmp_path / "data"), key=b"k" * 32, private=PRIVATE)


def url_of(house: House) -> str:
    return str(house.engine.url)


def deliver_all(house: House, teams: str, seconds: float = 150) -> None:
    working = deliverer(url_of(house), teams)
    until = time.monotonic() + seconds
    while house.store.waiting()[0]:
        assert time.monotonic() < until, f"still waiting: {house.rows('outbox')[-3:]}"
        working.deliver_due()
        time.sleep(0.05)


def size_of(file: str) -> int:
    return Path(file).read_bytes().count(b"\n") if Path(file).exists() else 0


def wait_for_some(done: Callable[[], int], more: int, seconds: float) -> None:
    """Until a worker has got so much further: it takes a moment to begin, and a kill before that shows nothing."""
    wanted, until = done() + more, time.monotonic() + seconds
    while done() < wanted and time.monotonic() < until:
        time.sleep(0.001)


def test_however_the_processes_are_killed_each_confirmed_referral_is_delivered_once(
    house: House, inbox: Inbox, teams: str, tmp_path: Path
) -> None:
    chance = random.Random(20261121)
    refusals = random.Random(7)
    inbox.answer = lambda key: 503 if refusals.random() < 0.02 else None if refusals.random() < 0.02 else 204
    files = {name: str(tmp_path / name) for name in ("begun", "confirmed")}
    progress = {"submit": lambda: size_of(files["confirmed"]), "deliver": lambda: len(inbox.told)}
    with Nursery() as nursery:
        workers: dict[str, int] = {}
        for _ in range(KILLS):
            for role in ("submit", "deliver"):
                if role not in workers:
                    workers[role] = nursery.start(role=role, url=url_of(house), teams=teams, **files)
            role = chance.choice(("submit", "deliver"))
            # There is always more to submit, but not always something to deliver.
            wait_for_some(progress[role], chance.choice((0, 1, 2)), {"submit": 10, "deliver": 0.25}[role])
            time.sleep(chance.uniform(0.0, 0.03))
            nursery.kill(workers.pop(role))
    deliver_all(house, teams)

    begun = Path(files["begun"]).read_text().split()
    confirmed = dict(line.split() for line in Path(files["confirmed"]).read_text().splitlines())
    assert len(confirmed) > KILLS / 4, "the kills came too soon to show anything"
    references, taken = References(b"k" * 32), inbox.by_referral()
    stored = {each.reference_hash: each for each in house.store.all()}
    for reference in confirmed.values():
        found = stored[references.hash(reference)]
        assert found.state is State.DELIVERED
        assert len(taken[found.id]) == 1
        assert found.sealed is not None and Letter.opened(found.sealed, Opener([PRIVATE])).reference == reference
    # What is there was begun by somebody, and saying it again, as the form does after a failure, confirms it and adds nothing.
    again = hand_off(url_of(house))
    consent = Consent("referral", "beacon", wording_version("x"), START)
    forms = {references.hash_of_form(key): key for key in begun}
    known = {row["form_hash"] for row in house.rows("referral")}
    assert known <= set(forms)
    for form in known:
        reference = again.submit(DEE, consent, again.decide(DEE), forms[form])
        assert confirmed.get(forms[form], reference) == reference
    assert len(house.rows("referral")) == len(known) == len(taken)
    everything = everything_in(tmp_path / "data")
    assert [each for each in (*CANARIES, *list(confirmed.values())[:20]) if each.encode() in everything] == []


def test_two_deliverers_at_once_tell_each_thing_once(house: House, inbox: Inbox, teams: str) -> None:
    for _ in range(60):
        house.submit()
    with Nursery() as nursery:
        for _ in range(3):
            # None of them is killed: a claim that is over so soon would only show that this machine is busy.
            nursery.start(role="deliver", url=url_of(house), teams=teams, lease="90")
        until = time.monotonic() + 60
        while house.store.waiting()[0] and time.monotonic() < until:
            time.sleep(0.05)
    assert len(inbox.told) == 60 and len({key for key, _, _ in inbox.told}) == 60


def test_a_receiver_that_takes_it_and_loses_its_answer_gets_one(house: House, inbox: Inbox, teams: str) -> None:
    lost = iter([None, 204])
    inbox.answer = lambda key: next(lost)
    house.submit()
    deliver_all(house, teams)
    assert len(inbox.told) == 2 and len({key for key, _, _ in inbox.told}) == 1


@pytest.mark.parametrize("status", [500, 404, 302, 410])
def test_a_receiver_that_refuses_is_told_again_later(house: House, inbox: Inbox, teams: str, status: int) -> None:
    inbox.answer = lambda key: status
    house.submit()
    working = deliverer(url_of(house), teams)
    working.deliver_due()
    (row,) = [row for row in house.rows("outbox") if row["target"] == "webhook"]
    assert (row["attempts"], row["delivered_at"], row["last_error"]) == (1, None, f"status {status}")
    inbox.answer = lambda key: 200
    deliver_all(house, teams)
    assert len(inbox.told) == 1


def test_a_receiver_that_does_not_answer_in_time_is_told_again_and_the_inbox_has_it_meanwhile(
    house: House, inbox: Inbox, teams: str
) -> None:
    inbox.wait = 1.0
    house.submit()
    begun = time.monotonic()
    deliverer(url_of(house), teams, seconds=0.3).deliver_due()
    assert time.monotonic() - begun < 3
    assert house.only().state is State.DELIVERED
    inbox.wait = 0.0
    deliver_all(house, teams)
    assert len({key for key, _, _ in inbox.told}) == 1


def test_a_team_s_address_where_nobody_listens_loses_nothing(house: House, inbox: Inbox, teams: str, tmp_path: Path) -> None:
    away = tmp_path / "away.yml"
    away.write_text("teams:\n  - {service: beacon, webhook: 'http://127.0.0.1:9/hook', webhook_secret_env: TEAM_SECRET}\n...\n")
    house.submit()
    deliverer(url_of(house), str(away)).deliver_due()
    deliver_all(house, teams)
    assert len(inbox.told) == 1


def test_an_e_mail_to_a_team_says_only_that_one_waits(house: House) -> None:
    from outreach.adapters.referral_delivery import Mail
    from outreach.referrals.records import EMAIL
    from outreach.referrals.teams import Team, Teams

    heard = MailServer()
    house.teams = Teams({"beacon": Team("beacon", email="duty@beacon.example")})
    house.deliverer._senders = {EMAIL: Mail("127.0.0.1", heard.port, "referrals@outreach.example", "", "", False)}
    reference = house.submit()
    house.deliverer.deliver_due()
    house.afterwards.withdraw(reference, "me")
    house.deliverer.deliver_due()
    heard.stop()
    assert [line for line in heard.lines if line.startswith("rcpt")] == ["rcpt TO:<duty@beacon.example>"] * 2
    text = "\n".join(heard.lines)
    assert "A referral is waiting" in text and "A referral was withdrawn" in text
    found = house.only()
    facts = (*CANARIES, reference, found.id, str(found.area), found.team, found.rule)
    assert [each for each in facts if each.lower() in text.lower()] == []
    assert text.count("Message-ID: <msg_") == 2


class MailServer:
    """Just enough SMTP to be written to."""

    def __init__(self) -> None:
        import socket

        self.lines: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as file:
                file.write(b"220 ready\r\n")
                file.flush()
                in_message = False
                for raw in file:
                    line = raw.decode().rstrip("\r\n")
                    self.lines.append(line)
                    if in_message:
                        in_message = line != "."
                        if in_message:
                            continue
                    reply = b"354 go on\r\n" if line == "data" else b"221 bye\r\n" if line == "quit" else b"250 ok\r\n"
                    in_message = line == "data"
                    file.write(reply)
                    file.flush()

    def stop(self) -> None:
        self.socket.close()


@pytest.fixture
def installed(tmp_path: Path, teams: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The settings of a product of one's own, its keys made and its database brought up to date."""
    folder = tmp_path / "data"
    folder.mkdir()
    given = {
        "DATABASE_URL": sqlite(folder), "REFERRAL_PUBLIC_KEYS": str(folder / "referral.pub"), "LOG_LEVEL": "DEBUG",
        "REFERRAL_PRIVATE_KEYS": str(folder / "referral.key"), "REFERENCE_KEY_FILE": str(folder / "reference.key"),
        "REFERRAL_TEAMS_FILE": teams,
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    bootstrap.forget_everything_built()
    assert script("keys").returncode == 0
    from outreach.adapters.database import migrate
    from outreach.content.importer import import_content

    migrate(bootstrap.engine())
    import_content(ROOT / "content", bootstrap.engine())
    yield given
    bootstrap.forget_everything_built()


def script(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, f"scripts/{name}.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=dict(os.environ), timeout=120)


def started_deliverer(log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [sys.executable, "-m", "launcher.deliverer"], cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT
        )


def test_the_deliverer_s_own_process_delivers_is_killed_and_goes_on(
    installed: dict[str, str], inbox: Inbox, tmp_path: Path
) -> None:
    log, handing = tmp_path / "log.txt", bootstrap.hand_off()
    consent = Consent("referral", "beacon", wording_version("x"), START)
    references = []
    process = started_deliverer(log)
    for round_number in range(3):
        references.append(handing.submit(DEE, consent, handing.decide(DEE), new_form_key()))
        until = time.monotonic() + 60
        while len(inbox.by_referral()) <= round_number and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL if round_number < 2 else signal.SIGTERM)
        code = process.wait(60)
        if round_number < 2:
            process = started_deliverer(log)
    assert code == 0
    assert [len(keys) for keys in inbox.by_referral().values()] == [1, 1, 1]
    written = log.read_text()
    assert [each for each in (*CANARIES, *references) if each.lower() in written.lower()] == []


def test_the_deliverer_does_not_start_with_settings_it_cannot_use(installed: dict[str, str], tmp_path: Path) -> None:
    Path(installed["REFERRAL_TEAMS_FILE"]).write_text("teams:\n  - {service: beacon, webhook: 'ftp://x'}\n...\n")
    log = tmp_path / "log.txt"
    assert started_deliverer(log).wait(60) != 0
    assert "deliverer: teams.yml:2: teams[0].webhook" in log.read_text()


def test_staff_work_the_inbox_from_the_command_line(installed: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    spec = importlib.util.spec_from_file_location("referrals_script", ROOT / "scripts" / "referrals.py")
    assert spec and spec.loader
    command = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(command)

    def run(*arguments: str, by: str = "kim") -> tuple[int, str, str]:
        code = command.main(["--by", by, *arguments])
        return (code, *capsys.readouterr())

    handing = bootstrap.hand_off()
    consent = Consent("referral", "beacon", wording_version("x"), START)
    reference = handing.submit(DEE, consent, handing.decide(DEE), new_form_key())
    bootstrap.deliverer().deliver_due()
    _, listed, _ = run("list")
    found = listed.split()[0]
    assert "delivered" in listed and "Welwyn Hatfield" in listed
    assert [each for each in (*CANARIES, reference) if each in listed] == []
    _, opened, _ = run("open", found)
    assert [each for each in (*CANARIES, reference) if each not in opened] == []
    with pytest.raises(SystemExit):
        run("close", found, "--outcome", "nonsense")
    assert run("acknowledge", found)[0] == 0
    assert run("close", found, "--outcome", "supported")[0] == 0
    assert run("acknowledge", found)[::2] == (1, "referrals: a referral that is closed cannot become acknowledged\n")
    assert run("withdraw", found)[0] == 0
    assert "taken it back" in run("open", found)[2]
    assert run("open", "0" * 16)[2] == "referrals: there is no referral with this id\n"
    assert "0 open" in run("list", by="lee")[1]
    told = re.findall(r" kim \(command line\) +referral\.(\w+)", run("audit")[1])
    assert told == ["listed", "opened", "acknowledged", "closed", "acknowledged", "withdrawn", "opened"]
    assert bootstrap.audit().verify().holds


def test_without_the_private_key_nothing_can_be_opened(installed: dict[str, str]) -> None:
    handing = bootstrap.hand_off()
    consent = Consent("referral", "beacon", wording_version("x"), START)
    handing.submit(DEE, consent, handing.decide(DEE), new_form_key())
    Path(installed["REFERRAL_PRIVATE_KEYS"]).unlink()
    (found,) = bootstrap.inbox().listing("kim")
    refused = script("referrals", "open", found.id)
    assert refused.returncode == 2 and refused.stdout == ""
    everything = everything_in(Path(installed["REFERRAL_PUBLIC_KEYS"]).parent)
    # A place and a word that the county's content has too say nothing of a person.
    assert [each for each in CANARIES if each.encode() in everything] == ["Bushey", "interpreter"]
