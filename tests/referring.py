"""For tests of referrals: a store of one's own, keys, and somebody's answers."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from nacl.public import PrivateKey
from sqlalchemy.engine import Engine

from outreach.adapters.audit_log import AuditLog
from outreach.adapters.database import connect, migrate
from outreach.adapters.referral_log import ReferralLog
from outreach.adapters.referral_work import ReferralWork
from outreach.adapters.referrals import ReferralStore
from outreach.content.place_files import read_places
from outreach.content.service_files import read_services
from outreach.model import OutreachArea, Route, documents
from outreach.privacy.sealing import Opener, Sealer
from outreach.referrals.afterwards import Afterwards
from outreach.referrals.answers import Answers, SafeTimes
from outreach.referrals.casework import Casework
from outreach.referrals.consent import Consent, new_form_key, wording_version
from outreach.referrals.delivery import Deliverer, NotTold
from outreach.referrals.desks import Desks
from outreach.referrals.handoff import HandOff
from outreach.referrals.inbox import Inbox
from outreach.referrals.keeping import Keeping
from outreach.referrals.records import WEBHOOK, Notice, StoredReferral
from outreach.referrals.reference import References
from outreach.referrals.teams import Team, Teams
from outreach.settings import ROOT

START = datetime(2026, 11, 20, 10, 0, tzinfo=timezone.utc)
KEEP_FOR = timedelta(days=90)
PLACES = read_places(ROOT / "content")
ROUTES = tuple(documents.route(each) for each in read_services(ROOT / "content", PLACES).routes.values())
AREAS = tuple(documents.outreach_area(each) for each in PLACES.outreach_areas.values())
AREA_NAMES = frozenset(area.name for area in AREAS)
DESKS = Desks.of(ROUTES, AREAS, {"beacon": "Beacon"}.get)

# Each answer is a canary: none of it may be found outside what is sealed.
DEE = Answers(
    name="Deirdre Quillfeather", place="Bushey", district="Hertsmere", outreach_area="Welwyn Hatfield and Hertsmere",
    contact_way="text", contact="+447400998877", safe_to_contact=True, safe_times=SafeTimes("tuesdays before the school run"),
    over_16=True, describes_as="woman", voicemail=False, if_someone_answers="say it is the Thistledown library",
    code_word="marmaladefox", help_wanted=("housing", "legal"), children_at_home=True, needs="a Tigrinya interpreter",
)
CANARIES = (
    "Quillfeather", "Bushey", "7400998877", "school run", "Thistledown", "marmaladefox", "Tigrinya", "interpreter",
)


class Rules:
    """The rules as the content's files have them."""

    def routes(self) -> tuple[Route, ...]:
        return ROUTES

    def outreach_areas(self) -> tuple[OutreachArea, ...]:
        return AREAS


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> datetime:
        self.now += timedelta(**time)
        return self.now


@dataclass
class Receiver:
    """A team's end of the webhook. `fails` says whether it refuses the next telling."""

    fails: Callable[[], bool] = lambda: False
    tries: list[tuple[str, str]] = field(default_factory=list)
    got: dict[str, Notice] = field(default_factory=dict)
    times: list[datetime] = field(default_factory=list)
    clock: Clock | None = None

    def send(self, notice: Notice, referral: StoredReferral, team: Team) -> None:
        self.tries.append((notice.key, notice.kind))
        if self.clock:
            self.times.append(self.clock())
        if self.fails():
            raise NotTold("Down")
        self.got[notice.key] = notice


class House:
    """Everything of referrals around a database."""

    def __init__(self, url: str, key: bytes = b"k" * 32, private: PrivateKey | None = None, told: bool = False) -> None:
        self.engine: Engine = connect(url)
        migrate(self.engine)
        self.clock = Clock()
        self.private = private or PrivateKey.generate()
        self.store = ReferralStore(self.engine)
        self.references = References(key)
        self.sealer: Sealer | None = Sealer(self.private.public_key)
        self.opener = Opener([self.private])
        self.hand_off = HandOff(self.store, Rules(), self.references, lambda: self.sealer, 2, self.clock)
        self.afterwards = Afterwards(self.store, self.references, KEEP_FOR, clock=self.clock)
        self.audit = AuditLog(self.engine, self.clock)
        self.inbox = Inbox(self.store, ReferralLog(self.engine, self.audit), KEEP_FOR, self.clock)
        self.work = ReferralWork(self.engine, self.audit)
        self.casework = Casework(
            self.work, lambda: DESKS, self.audit, lambda: self.sealer, lambda: self.opener, KEEP_FOR, self.clock
        )
        self.receiver = Receiver(clock=self.clock)
        teams = {"beacon": Team("beacon", "https://x.example/hook", (b"s" * 32,))} if told else {}
        self.teams = Teams(teams)
        self.keeping = Keeping(self.work, 365, self.clock)
        self.deliverer = Deliverer(
            self.store, lambda: self.teams, {WEBHOOK: self.receiver}, clock=self.clock, tidy=self.keeping.tidy
        )

    def consent(self) -> Consent:
        return Consent("referral", "beacon", wording_version("these words"), self.clock())

    def submit(self, answers: Answers = DEE, form_key: str | None = None, **changes: Any) -> str:
        answers = replace(answers, **changes)
        return self.hand_off.submit(answers, self.consent(), self.hand_off.decide(answers), form_key or new_form_key())

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}").mappings()]

    def only(self) -> StoredReferral:
        (found,) = self.store.all(ended=True)
        return found


def sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'outreach.db'}"


def holds(written: bytes | str, canary: str) -> bool:
    """Whether something of somebody's is in what was written. A few digits count where they stand alone: hashes and times have
    any by chance."""
    text = (written if isinstance(written, bytes) else written.encode()).lower()
    if not canary.isdigit() or len(canary) > 8:
        return canary.lower().encode() in text
    return re.search(rb"(?<![0-9a-f.])" + canary.encode() + rb"(?![0-9a-f])", text) is not None


def everything_in(folder: Path) -> bytes:
    """All that lies in a folder's files: the database, its log, and whatever else."""
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())
