"""Builds what the processes need, once each. Everything else is handed what it needs and builds nothing."""
from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from sqlalchemy.engine import Engine

from outreach.adapters.audit_log import AuditLog
from outreach.adapters.conversations import Conversations
from outreach.adapters.database import connect
from outreach.adapters.directory_repository import DirectoryRepository, KeptDirectory
from outreach.adapters.exchange import FeedRows, WholeDirectory
from outreach.adapters.many_versions import ManyVersions
from outreach.adapters.question_counts import QuestionCounts
from outreach.adapters.referral_delivery import Mail, Webhook
from outreach.adapters.referral_log import ReferralLog
from outreach.adapters.referral_work import ReferralWork
from outreach.adapters.referrals import ReferralStore
from outreach.adapters.service_search import ServiceSearch
from outreach.adapters.service_versions import ServiceVersions
from outreach.adapters.topic_lists import TopicLists
from outreach.adapters.wording_repository import WordingRepository
from outreach.adapters.wording_versions import WordingVersions
from outreach.directory.directory import Directory
from outreach.directory.places import Gazetteer
from outreach.directory.publishing import Freshness
from outreach.editing.services import ServiceEditing
from outreach.editing.signposting import Signposting
from outreach.exchange.feed import Feed
from outreach.exchange.imports import Imports
from outreach.privacy import sealing
from outreach.privacy.key_files import KeyFileError, secret_key
from outreach.privacy.sealing import Opener, Sealer, SealingError
from outreach.referrals.afterwards import Afterwards
from outreach.referrals.casework import Casework
from outreach.referrals.consent_wording import CurrentConsent
from outreach.referrals.delivery import Deliverer, Sender
from outreach.referrals.desks import Desks
from outreach.referrals.dialogue import Dialogue
from outreach.referrals.handoff import HandOff
from outreach.referrals.inbox import Inbox
from outreach.referrals.keeping import Keeping
from outreach.referrals.records import EMAIL, WEBHOOK
from outreach.referrals.reference import References
from outreach.referrals.teams import CurrentTeams
from outreach.reporting.counting import Tally
from outreach.settings import Settings, SettingsError, load
from outreach.wording.checks import Checker
from outreach.wording.desk import WordingDesk
from outreach.wording.previews import Remembering
from outreach.wording.replies import Replies
from outreach.wording.rules import Rules

# What one process alone needs is imported where it is built, so that no other process loads it.
if TYPE_CHECKING:
    from outreach.adapters.deliverer_metrics import DelivererMetrics
    from outreach.adapters.leavings import Leavings
    from outreach.adapters.metrics import Metrics
    from outreach.adapters.pace import Pace
    from outreach.adapters.repeats import Repeats
    from outreach.adapters.shared import Shared
    from outreach.adapters.turn_locks import TurnLocks
    from outreach.staff.accounts import Accounts
    from outreach.staff.passwords import Passwords
    from outreach.staff.sessions import Sessions
    from outreach.staff.signing_in import SignIn


@cache
def settings() -> Settings:
    """The settings in force. Raises `SettingsError`."""
    return load()


@cache
def engine() -> Engine:
    """The database, connected when it is first used."""
    return connect(settings().database_url)


@cache
def shared() -> Shared | None:
    """The Redis that the assistants share; None where there is one assistant, with what it knows in memory."""
    from outreach.adapters.shared import Shared

    given = settings()
    # Known to every assistant alike, and to nobody who has Redis alone.
    key = blake2b(f"{given.database_url} {given.redis_url}".encode(), person=b"shared-key").digest()
    return Shared(given.redis_url, key=key) if given.redis_url else None


def pace() -> Pace:
    """Counts how much somebody asks for."""
    from outreach.adapters.pace import Pace

    return Pace(shared())


def repeats(keep_seconds: float) -> Repeats | None:
    """The texts that the assistants answered, replies kept for so long; None where there is one assistant."""
    from outreach.adapters.repeats import Repeats

    redis = shared()
    return Repeats(redis, keep_seconds) if redis is not None else None


def leavings(keep_seconds: float) -> Leavings:
    """When somebody left by text, known to all assistants for so long."""
    from outreach.adapters.leavings import Leavings

    return Leavings(keep_seconds, shared())


def turn_locks(what: str) -> TurnLocks:
    """One at a time in a conversation, for `what` is done in it."""
    from outreach.adapters.turn_locks import TurnLocks

    return TurnLocks(what, shared())


@cache
def conversations() -> Conversations:
    """The rows of live conversations."""
    return Conversations(engine(), timedelta(minutes=settings().idle_minutes))


@cache
def directory() -> Directory:
    """The directory as the public may see it."""
    return Directory(KeptDirectory(engine()), show_unchecked=settings().show_unchecked, freshness=freshness())


def freshness() -> Freshness:
    """When a service is due to be checked again, and what becomes of it then."""
    return Freshness(settings().check_due_days, hide=settings().stale_entries == "hide")


@cache
def service_versions() -> ServiceVersions:
    """Every version of every service, for staff."""
    return ServiceVersions(engine())


@cache
def service_editing() -> ServiceEditing:
    """What staff can do with services."""
    return ServiceEditing(service_versions(), audit())


@cache
def service_search() -> ServiceSearch:
    """Lists of services, for staff."""
    return ServiceSearch(engine())


@cache
def signposting() -> Signposting:
    """What staff can do with which services are offered."""
    return Signposting(TopicLists(engine()), directory(), audit())


def whole_directory() -> WholeDirectory:
    """Every service as staff have it, for taking out."""
    return WholeDirectory(engine())


@cache
def imports() -> Imports:
    """The files that are on their way in, of this process."""

    def editing(service_ids: Sequence[str]) -> ServiceEditing:
        many = ManyVersions(engine(), audit(), service_ids)
        return ServiceEditing(many, many)

    return Imports(whole_directory(), editing, audit())


@cache
def feed() -> Feed:
    """What others may read of the directory."""
    return Feed(FeedRows(engine()), directory(), settings().show_unchecked, freshness())


@cache
def wording() -> WordingRepository:
    """Staff's published wording."""
    return WordingRepository(engine())


@cache
def wording_rules() -> Rules:
    """What every reply is held to."""
    return Rules.load()


@cache
def wording_desk() -> WordingDesk:
    """For the staff's side: changes wording."""
    replies, rules = Replies.load(), wording_rules()
    checker = Checker(rules, directory(), replies.targets)
    return WordingDesk(replies, WordingVersions(engine()), checker, rules.fixed, audit())


def wording_checker() -> Checker:
    """Checks many replies at once, for one page: what the directory shows is asked once."""
    return Checker(wording_rules(), Remembering(directory()), wording_desk().replies.targets)


@cache
def tally() -> Tally:
    """What is asked, counted in memory until it is written."""
    return Tally()


@cache
def metrics() -> Metrics:
    """What the assistant counts about itself."""
    from outreach.adapters.metrics import Metrics

    return Metrics(timedelta(minutes=settings().metrics_held_minutes))


def deliverer_metrics() -> DelivererMetrics:
    """What the deliverer shows of itself and of what waits."""
    from outreach.adapters.backlog import Backlogs
    from outreach.adapters.deliverer_metrics import DelivererMetrics

    given = settings()
    backlogs = Backlogs(engine(), given.referral_response_days, given.check_due_days)
    return DelivererMetrics(backlogs.now, timedelta(minutes=given.metrics_held_minutes))


@cache
def question_counts() -> QuestionCounts:
    """The counts of what is asked and what is not answered."""
    return QuestionCounts(engine())


@cache
def gazetteer() -> Gazetteer:
    """The places and postcodes of the county, from `content/`."""
    return Gazetteer.load()


@cache
def referral_dialogue(channel: str) -> Dialogue:
    """How a referral is talked through, with the consent wording of the channel (`web` or `sms`)."""
    return Dialogue(gazetteer(), CurrentConsent.load("sms" if channel == "sms" else "web"))


def sealer() -> Sealer | None:
    """Seals with the newest public key, read afresh; None where there is no key that can be used."""
    try:
        return sealing.sealer(settings().referral_public_keys)
    except SealingError:
        return None


def referrals_offered() -> str | None:
    """Why no referral can be taken, in one line; None when it can."""
    try:
        sealing.sealer(settings().referral_public_keys)
        references()
    except (SealingError, KeyFileError) as error:
        return str(error)
    return None


@cache
def references() -> References:
    """References and their hashes. Raises `KeyFileError`."""
    return References(secret_key(settings().reference_key_file))


@cache
def hand_off() -> HandOff:
    """Takes referrals. Raises `KeyFileError`."""
    rules = DirectoryRepository(engine())
    return HandOff(ReferralStore(engine()), rules, references(), sealer, settings().referral_response_days)


@cache
def afterwards() -> Afterwards:
    """How a referral stands, and taking it back. Raises `KeyFileError`."""
    return Afterwards(ReferralStore(engine()), references(), timedelta(days=settings().referral_retention_days))


@cache
def deliverer() -> Deliverer:
    """Tells teams of referrals. Raises `ContentError` or `SettingsError` where the teams' settings cannot be used."""
    given = settings()
    teams = CurrentTeams(given.referral_teams_file, os.environ)
    if teams().needs_email() and not given.smtp_host:
        raise SettingsError("setting SMTP_HOST is missing: a team in the teams' file wants e-mail")
    mail = Mail(
        given.smtp_host, given.smtp_port, given.smtp_from, given.smtp_user, given.smtp_password, given.smtp_starttls,
    )  # fmt: skip
    senders: dict[str, Sender] = {WEBHOOK: Webhook(), EMAIL: mail}
    keeping = Keeping(referral_work(), given.referral_open_days)
    return Deliverer(ReferralStore(engine()), teams, senders, tidy=keeping.tidy)


@cache
def inbox() -> Inbox:
    """For the staff's side on the command line: what waits, and what becomes of it."""
    log = ReferralLog(engine(), audit())
    return Inbox(ReferralStore(engine()), log, timedelta(days=settings().referral_retention_days))


@cache
def referral_work() -> ReferralWork:
    """What is done about referrals, each with its line in the audit."""
    return ReferralWork(engine(), audit())


def referral_desks() -> Desks:
    """The teams whose referrals staff work, as the rules have them now. Their keys are what `Staff.areas` holds."""
    rules = DirectoryRepository(engine())

    def name_of(service_id: str) -> str | None:
        found = rules.service(service_id)
        return found.name if found else None

    return Desks.of(rules.routes(), rules.outreach_areas(), name_of)


@cache
def casework() -> Casework:
    """For the console alone: opens referrals, and says what becomes of them."""
    keep_for = timedelta(days=settings().referral_retention_days)
    return Casework(referral_work(), referral_desks, audit(), sealer, referral_opener, keep_for)


def referral_opener() -> Opener:
    """For the staff's side alone: opens with the private keys. Raises `SealingError`, `KeyFileError`."""
    return sealing.opener(settings().referral_private_keys)


def outreach_areas() -> tuple[str, ...]:
    """The names of the areas of the outreach service, read afresh."""
    return tuple(area.name for area in DirectoryRepository(engine()).outreach_areas())


@cache
def audit() -> AuditLog:
    """Who did what: adds to it, reads it, checks it."""
    return AuditLog(engine())


@cache
def staff_sessions() -> Sessions:
    """The sessions of staff."""
    from outreach.adapters.staff import StaffStore
    from outreach.staff.sessions import Sessions

    given = settings()
    return Sessions(StaffStore(engine()), timedelta(minutes=given.console_idle_minutes), timedelta(hours=given.console_hours))


@cache
def _passwords() -> Passwords:
    from outreach.staff.passwords import Passwords

    return Passwords()


@cache
def staff_accounts() -> Accounts:
    """The accounts of staff. Raises `KeyFileError`."""
    from outreach.adapters.staff import StaffStore
    from outreach.staff.accounts import Accounts
    from outreach.staff.second_factor import Factors
    from outreach.staff.tries import Tries

    key = secret_key(settings().console_key_file)
    return Accounts(StaffStore(engine()), staff_sessions(), _passwords(), Factors(key), Tries(key), audit())


@cache
def sign_in() -> SignIn:
    """Lets staff in. Raises `KeyFileError`."""
    from outreach.adapters.staff import StaffStore
    from outreach.staff.second_factor import Factors
    from outreach.staff.signing_in import SignIn
    from outreach.staff.tries import Tries

    key = secret_key(settings().console_key_file)
    return SignIn(StaffStore(engine()), staff_sessions(), _passwords(), Factors(key), Tries(key), audit())


def forget_everything_built() -> None:
    """For tests: build anew on the next call, with the settings of then."""
    everything = (
        settings, engine, shared, conversations, directory, wording, gazetteer, references, hand_off, afterwards, deliverer,
        inbox, referral_work, casework,
        wording_rules, wording_desk, tally, question_counts, audit, staff_sessions, staff_accounts, sign_in,
        metrics,
        imports, feed,
    )  # fmt: skip
    for built in everything:
        built.cache_clear()
