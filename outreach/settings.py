"""Every setting of the product, once: name, default, and what it does.

`load` reads them from the environment (and `.env`, which `make run` reads into it). `docs/settings.md` is made from this
table and a test fails when the two differ.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """A setting is missing or bad. The message is one line that names it, what it holds and what is wanted."""


def _text(raw: str) -> str:
    return raw


def _port(raw: str) -> int:
    port = int(raw)
    if not 1 <= port <= 65535:
        raise ValueError("a port is between 1 and 65535")
    return port


def _port_or_none(raw: str) -> int:
    return 0 if raw == "0" else _port(raw)


def _positive(raw: str) -> float:
    value = float(raw)
    if not 0 < value < float("inf"):
        raise ValueError("a number above 0 is wanted")
    return value


def _whole(raw: str) -> int:
    value = int(raw)
    if value < 1:
        raise ValueError("a whole number of 1 or more is wanted")
    return value


def _open_days(raw: str) -> int:
    value = int(raw)
    if value != 0 and value < 60:
        raise ValueError("0, or a whole number of 60 or more is wanted")
    return value


def _yes_no(raw: str) -> bool:
    try:
        return {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}[raw.strip().lower()]
    except KeyError:
        raise ValueError("yes or no is wanted") from None


def _count(raw: str) -> int:
    if not raw.isascii() or not raw.isdigit() or int(raw) > 10:
        raise ValueError("a whole number from 0 to 10 is wanted")
    return int(raw)


def _log_level(raw: str) -> str:
    if raw.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        raise ValueError("DEBUG, INFO, WARNING, ERROR or CRITICAL is wanted")
    return raw.upper()


def _mark_or_hide(raw: str) -> str:
    if raw not in ("mark", "hide"):
        raise ValueError("mark or hide is wanted")
    return raw


def _web_address(raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("an address beginning with http:// or https:// is wanted")
    return raw


def _web_address_or_none(raw: str) -> str:
    return _web_address(raw) if raw else ""


def _ancestors(raw: str) -> str:
    # systemd and the shell take quotes away; a browser reads what is left as the name of a site, and refuses our own.
    if {"self", "none"} & set(raw.split()):
        raise ValueError("'self' and 'none' have quotes of their own: FRAME_ANCESTORS=\"'self' https://...\" is wanted")
    return _text(raw)


def _database(raw: str) -> str:
    if not raw.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg2://")):
        raise ValueError("sqlite:///PATH or postgresql://… is wanted")
    return raw


def _redis_or_none(raw: str) -> str:
    if raw and not raw.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("redis://…, rediss://… or unix://… is wanted")
    return raw


def _optional_folder(raw: str) -> Path | None:
    if not raw:
        return None
    path = Path(raw)
    if not path.is_dir():
        raise ValueError("that folder does not exist")
    return path


@dataclass(frozen=True)
class Setting:
    """One row of the table: the environment variable, its default as text, how to read it, and help in one sentence."""

    name: str
    default: str
    read: Callable[[str], Any]
    help: str
    secret: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting("HOST", "127.0.0.1", _text, "The address on which the assistant listens."),
    Setting("PORT", "8080", _port, "The assistant's port."),
    Setting("CONSOLE_PORT", "8081", _port, "The staff console's port."),
    Setting("ACTIONS_PORT", "5055", _port, "The action server's port. It listens on loopback alone."),
    Setting("DATABASE_URL", f"sqlite:///{ROOT / 'var' / 'outreach.db'}", _database,
            "Where everything is stored: SQLite for one machine, or PostgreSQL.", secret=True),
    Setting("REDIS_URL", "", _redis_or_none,
            "The Redis in which several assistants keep whose turn it is, limits and repeated texts. Without it: in memory.",
            secret=True),
    Setting("PUBLIC_URL", "http://127.0.0.1:8080", _web_address, "The address under which people reach the assistant."),
    Setting("SAFE_SITE", "https://www.metoffice.gov.uk/", _web_address,
            "Where Exit goes: a page that anybody might have open."),
    Setting("FRAME_ANCESTORS", "'self'", _ancestors,
            "The sites that may show the chat in a frame, as in a Content-Security-Policy."),
    Setting("SHOW_UNCHECKED", "yes", _yes_no,
            "Whether services that staff have not yet checked are shown, marked so. With no, none of them is."),
    Setting("CHECK_DUE_DAYS", "90", _whole, "A service is due to be checked again so many days after it was last checked."),
    Setting("STALE_ENTRIES", "mark", _mark_or_hide,
            "What becomes of services past that: mark shows them with the day of the last check, hide shows none of them."),
    Setting("IDLE_MINUTES", "30", _positive, "A web conversation is forgotten after so many minutes without a message."),
    Setting("TURN_SECONDS", "8", _positive, "A turn that takes longer gets the fixed reply with the helpline."),
    Setting("ACTION_SECONDS", "5", _positive, "An action that takes longer is given up."),
    Setting("MESSAGES_PER_MINUTE", "60", _whole, "How many messages one conversation may send in a minute."),
    Setting("SESSIONS_PER_MINUTE", "120", _whole,
            "How many conversations one address may begin in a minute. Many people may share one address."),
    Setting("TRUSTED_PROXIES", "0", _count,
            "How many proxies stand in front: that many last entries of X-Forwarded-For are believed."),
    Setting("MODEL_DIR", "", _optional_folder,
            "A folder with another sentence encoder (model.onnx, tokenizer.json, head.npz or none) than the project's own."),
    Setting("LOG_LEVEL", "WARNING", _log_level, "How much is logged. No level logs what anybody wrote."),
    Setting("TWILIO_AUTH_TOKEN", "", _text,
            "The secret with which Twilio signs what it sends. Without it there is no service by text message.", secret=True),
    Setting("SMS_IDLE_MINUTES", "10", _positive, "A conversation by text is forgotten after so many minutes without a text."),
    Setting("SMS_PER_NUMBER_PER_HOUR", "60", _whole, "How many texts from one number are answered in an hour."),
    Setting("SMS_PER_MINUTE_IN_ALL", "300", _whole, "How many texts are answered in a minute, from all numbers together."),
    Setting("SMS_KEY_FILE", str(ROOT / "var" / "keys" / "sms.key"), Path,
            "The key that turns numbers into senders, made when there is none. With another key, threads begin anew."),
    Setting("REFERRAL_PUBLIC_KEYS", str(ROOT / "var" / "keys" / "referral.pub"), _text,
            "The teams' public key, a file or base64; of several the last one seals. Without one no referral is offered."),
    Setting("REFERRAL_PRIVATE_KEYS", str(ROOT / "var" / "keys" / "referral.key"), Path,
            "The file with the teams' private keys. Only the staff's side reads it; the assistant's machine can do without."),
    Setting("REFERENCE_KEY_FILE", str(ROOT / "var" / "keys" / "reference.key"), Path,
            "The key under which references are hashed, made when there is none. With another key, no old reference is known."),
    Setting("REFERRAL_TEAMS_FILE", str(ROOT / "content" / "teams.yml"), Path,
            "The file that says how each team is told that a referral waits."),
    Setting("REFERRAL_RESPONSE_DAYS", "2", _whole, "The stated time in which a team answers a referral, in working days."),
    Setting("REFERRAL_RETENTION_DAYS", "90", _whole, "A referral is deleted so many days after it was closed or withdrawn."),
    Setting("REFERRAL_LONG_OPEN_DAYS", "60", _whole, "The console lists apart what has been open for more than so many days."),
    Setting("REFERRAL_OPEN_DAYS", "365", _open_days,
            "An open referral with which nothing is done for so many days is deleted, after 30 days' notice. With 0, never."),
    Setting("COUNTS_RETENTION_DAYS", "400", _whole,
            "Counts of what is asked are deleted after so many days. They hold no words and no conversation."),
    Setting("CONSOLE_URL", "", _web_address_or_none,
            "The address under which staff reach the console, if not its own host and port. With https, so are its cookies."),
    Setting("CONSOLE_IDLE_MINUTES", "20", _positive, "Staff are signed out after so many minutes without doing anything."),
    Setting("CONSOLE_HOURS", "8", _positive, "Staff are signed out so many hours after they came in, whatever they do."),
    Setting("FEED_PER_MINUTE", "120", _whole, "How often one address may ask for the public list of services in a minute."),
    Setting("CONSOLE_KEY_FILE", str(ROOT / "var" / "keys" / "console.key"), Path,
            "The console's key, made when there is none: it seals second factors. With another key, nobody's codes are right."),
    Setting("METRICS_PORT", "0", _port_or_none,
            "The assistant's port for /metrics, never the public one. With 0 there is none. Each assistant needs its own."),
    Setting("DELIVERER_METRICS_PORT", "0", _port_or_none,
            "The deliverer's port for /metrics: referrals, services and drafts, out of the database. With 0 there is none."),
    Setting("METRICS_HOST", "127.0.0.1", _text, "The address on which /metrics is served. It asks for no password."),
    Setting("METRICS_HELD_MINUTES", "60", _positive,
            "Counts of danger, of leaving and of referrals are held back so many minutes, so that they show no moment."),
    Setting("SMTP_HOST", "", _text, "The mail server for notices to teams. Needed only where a team wants e-mail."),
    Setting("SMTP_PORT", "587", _port, "The mail server's port."),
    Setting("SMTP_STARTTLS", "yes", _yes_no, "Whether mail is sent over an encrypted connection."),
    Setting("SMTP_USER", "", _text, "The name for the mail server, where it wants one."),
    Setting("SMTP_PASSWORD", "", _text, "The password for the mail server.", secret=True),
    Setting("SMTP_FROM", "referrals@localhost", _text, "The address from which notices to teams are sent."),
)


@dataclass(frozen=True)
class Settings:
    """The settings in force. Attribute names are the variables' names in lower case."""

    host: str
    port: int
    console_port: int
    actions_port: int
    database_url: str
    redis_url: str
    public_url: str
    safe_site: str
    frame_ancestors: str
    show_unchecked: bool
    check_due_days: int
    stale_entries: str
    idle_minutes: float
    turn_seconds: float
    action_seconds: float
    messages_per_minute: int
    sessions_per_minute: int
    trusted_proxies: int
    model_dir: Path | None
    log_level: str
    twilio_auth_token: str
    sms_idle_minutes: float
    sms_per_number_per_hour: int
    sms_per_minute_in_all: int
    sms_key_file: Path
    referral_public_keys: str
    referral_private_keys: Path
    reference_key_file: Path
    referral_teams_file: Path
    referral_response_days: int
    referral_retention_days: int
    referral_long_open_days: int
    referral_open_days: int
    counts_retention_days: int
    console_url: str
    console_idle_minutes: float
    console_hours: float
    feed_per_minute: int
    console_key_file: Path
    metrics_port: int
    deliverer_metrics_port: int
    metrics_host: str
    metrics_held_minutes: float
    smtp_host: str
    smtp_port: int
    smtp_starttls: bool
    smtp_user: str
    smtp_password: str
    smtp_from: str


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read every setting from `environment` (the process's own by default).

    A secret one may be in a file, which the variable's name with `_FILE` behind it names. Raises `SettingsError` with one line
    for the first that cannot be used. An empty value counts as not set.
    """
    source = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        raw = (secret(setting.name, source) if setting.secret else source.get(setting.name)) or setting.default
        try:
            values[setting.name.lower()] = setting.read(raw)
        except (ValueError, TypeError) as error:
            shown = "(not shown)" if setting.secret else repr(raw)
            raise SettingsError(f"setting {setting.name}={shown} is not usable: {error}") from None
    return Settings(**values)


def secret(name: str, environment: Mapping[str, str]) -> str:
    """The secret of this name, given by itself or by a file that NAME_FILE names; empty where it is not given.

    Raises `SettingsError` where both are given, or the file cannot be read.
    """
    value, file = environment.get(name, ""), environment.get(f"{name}_FILE", "")
    if not file:
        return value
    if value:
        raise SettingsError(f"setting {name} is given twice, by itself and as {name}_FILE: take one away")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingsError(f"setting {name}_FILE={file!r} is not usable: it cannot be read ({type(error).__name__})") from None


def console_url(settings: Settings) -> str:
    """The address under which staff reach the console, without a slash at the end."""
    if settings.console_url:
        return settings.console_url.rstrip("/")
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared with, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.console_port}"
