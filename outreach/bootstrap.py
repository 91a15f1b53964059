"""Builds what the processes need, once each. Everything else is handed what it needs and builds nothing."""
from __future__ import annotations

import os
from datetime import timedelta
from functools import cache

from sqlalchemy.engine import Engine

from outreach.adapters.conversations import Conversations
from outreach.adapters.database import connect
from outreach.adapters.directory_repository import DirectoryRepository
from outreach.adapters.referral_delivery import Mail, Webhook
from outreach.adapters.referrals import ReferralStore
from outreach.adapters.wording_repository import WordingRepository
from outreach.directory.directory import Directory
from outreach.directory.places import Gazetteer
from outreach.privacy import sealing
from outreach.privacy.key_files import KeyFileError, secret_key
from outreach.privacy.sealing import Opener, Sealer, SealingError
from outreach.referrals.afterwards import Afterwards
from outreach.referrals.consent_wording import CurrentConsent
from outreach.referrals.delivery import Deliverer, Sender
from outreach.referrals.dialogue import Dialogue
from outreach.referrals.handoff import HandOff
from outreach.referrals.inbox import Inbox
from outreach.referrals.records import EMAIL, WEBHOOK
from outreach.referrals.reference import References
from outreach.referrals.teams import CurrentTeams
from outreach.settings import Settings, SettingsError, load


@cache
def settings() -> Settings:
    """The settings in force. Raises `SettingsError`."""
    return load()


@cache
def engine() -> Engine:
    """The database, connected when it is first used."""
    return connect(settings().database_url)


@cache
def conversations() -> Conversations:
    """The rows of live conversations."""
    return Conversations(engine(), timedelta(minutes=settings().idle_minutes))


@cache
def directory() -> Directory:
    """The directory as the public may see it."""
    return Directory(DirectoryRepository(engine()), show_unchecked=settings().show_unchecked)


@cache
def wording() -> WordingRepository:
    """Staff's published wording."""
    return WordingRepository(engine())


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
    return Deliverer(ReferralStore(engine()), teams, senders)


@cache
def inbox() -> Inbox:
    """For the staff's side: what waits, and what becomes of it."""
    return Inbox(ReferralStore(engine()), timedelta(days=settings().referral_retention_days))


def referral_opener() -> Opener:
    """For the staff's side alone: opens with the private keys. Raises `SealingError`, `KeyFileError`."""
    return sealing.opener(settings().referral_private_keys)


def forget_everything_built() -> None:
    """For tests: build anew on the next call, with the settings of then."""
    everything = (
        settings, engine, conversations, directory, wording, gazetteer, references, hand_off, afterwards, deliverer, inbox,
    )  # fmt: skip
    for built in everything:
        built.cache_clear()
