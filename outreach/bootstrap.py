"""Builds what the processes need, once each. Everything else is handed what it needs and builds nothing."""
from __future__ import annotations

from datetime import timedelta
from functools import cache

from sqlalchemy.engine import Engine

from outreach.adapters.conversations import Conversations
from outreach.adapters.database import connect
from outreach.adapters.directory_repository import DirectoryRepository
from outreach.adapters.wording_repository import WordingRepository
from outreach.directory.directory import Directory
from outreach.directory.places import Gazetteer
from outreach.settings import Settings, load


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


def forget_everything_built() -> None:
    """For tests: build anew on the next call, with the settings of then."""
    for built in (settings, engine, conversations, directory, wording, gazetteer):
        built.cache_clear()
