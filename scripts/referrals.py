"""`make referrals`: the staff's inbox on the command line. Whatever is done is in the audit."""
from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from outreach import bootstrap
from outreach.adapters.database import migrate
from outreach.privacy.key_files import KeyFileError
from outreach.privacy.sealing import CannotOpen, SealingError
from outreach.referrals.handoff import Letter
from outreach.referrals.inbox import OUTCOMES, Withdrawn
from outreach.referrals.records import NoSuchReferral, StoredReferral
from outreach.referrals.states import NotAllowed
from outreach.referrals.working_days import WEEKDAYS
from outreach.settings import SettingsError

DONE, REFUSED, UNUSABLE = 0, 1, 2


def show_list(chosen: argparse.Namespace) -> None:
    """Everything that waits, oldest first, and whether telling the teams is behind."""
    inbox = bootstrap.inbox()
    found = inbox.listing(chosen.by, ended=chosen.all)
    for each in found:
        print(_row(each))
    print(f"{len(found)} {'in all' if chosen.all else 'open'}")
    waiting, since = inbox.waiting()
    if since is not None:
        print(f"{waiting} notices still to be given, the oldest since {_time(since)}")


def show_one(chosen: argparse.Namespace) -> None:
    """Read one with the private key."""
    letter = bootstrap.inbox().open(chosen.id, chosen.by, bootstrap.referral_opener())
    for name, value in _lines(letter):
        print(f"{name:20} {_printable(value)}")


def acknowledge(chosen: argparse.Namespace) -> None:
    """Say that somebody deals with it."""
    bootstrap.inbox().acknowledge(chosen.id, chosen.by)


def close(chosen: argparse.Namespace) -> None:
    """Say that it is done, and how."""
    bootstrap.inbox().close(chosen.id, chosen.by, chosen.outcome)


def withdraw(chosen: argparse.Namespace) -> None:
    """Delete what was sealed, because the person asked for it."""
    bootstrap.inbox().withdraw(chosen.id, chosen.by)


def show_audit(chosen: argparse.Namespace) -> None:
    """Who did what."""
    for entry in bootstrap.inbox().audit():
        print(f"{_time(entry.at)}  {entry.by:24} {entry.action:22} {entry.referral_id or '-':16} {entry.detail}")


def _row(found: StoredReferral) -> str:
    outcome = f"  ({found.outcome})" if found.outcome else ""
    where = f"{found.area or '-':30} {found.team}  {found.rule}"
    return f"{found.id}  {found.state.value:12} {_time(found.created_at)}  {where}{outcome}"


def _lines(letter: Letter) -> list[tuple[str, object]]:
    answers, consent = letter.answers, letter.consent
    times = answers.safe_times
    windows = "; ".join(
        f"{','.join(WEEKDAYS[day][:3] for day in window.days)} {window.start}-{window.end}"
        for window in (times.windows if times else ())
    )
    told: list[tuple[str, object]] = [
        ("reference", letter.reference), ("written", _time(letter.written_at)), ("rule", letter.decision.rule),
        ("name", answers.name), ("contact", answers.contact), ("by", answers.contact_way),
        ("safe to contact", answers.safe_to_contact), ("safe times", times.words if times else None),
        ("  understood as", windows or None), ("voicemail", answers.voicemail),
        ("if someone answers", answers.if_someone_answers), ("code word", answers.code_word), ("place", answers.place),
        ("district", answers.district), ("outreach area", answers.outreach_area), ("16 or over", answers.over_16),
        ("describes as", answers.describes_as), ("help wanted", ", ".join(answers.help_wanted) or None),
        ("children at home", answers.children_at_home), ("needs", answers.needs), ("on behalf of", answers.on_behalf_of),
        ("person agreed", answers.person_agreed), ("consent", consent.purpose), ("  to", consent.recipient),
        ("  wording", consent.wording_version), ("  given", _time(consent.given_at)),
    ]  # fmt: skip
    words = {True: "yes", False: "no", None: "not said"}
    return [(name, words.get(value, value) if value is None or isinstance(value, bool) else value) for name, value in told]


def _printable(value: object) -> str:
    """Nothing that a terminal would obey."""
    return "".join(each if each.isprintable() else " " for each in str(value))


def _time(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make referrals", description=__doc__)
    parser.add_argument("--by", default=getpass.getuser(), help="who you are, for the audit")
    commands = parser.add_subparsers(required=True, metavar="list|open|acknowledge|close|withdraw|audit")
    verbs: tuple[tuple[str, Callable[[argparse.Namespace], None]], ...] = (
        ("list", show_list), ("open", show_one), ("acknowledge", acknowledge), ("close", close), ("withdraw", withdraw),
        ("audit", show_audit),
    )  # fmt: skip
    for verb, run in verbs:
        command = commands.add_parser(verb, help=run.__doc__)
        command.set_defaults(run=run)
        if verb == "list":
            command.add_argument("--all", action="store_true", help="those closed and withdrawn as well")
        elif verb != "audit":
            command.add_argument("id", help="as `list` shows it")
        if verb == "close":
            command.add_argument("--outcome", required=True, choices=OUTCOMES)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives the exit code: 0 done, 1 refused, 2 not usable."""
    chosen = _parser().parse_args(arguments)
    try:
        migrate(bootstrap.engine())
        chosen.run(chosen)
    except NoSuchReferral:
        return _complain(REFUSED, "there is no referral with this id")
    except Withdrawn:
        return _complain(REFUSED, "the person has taken it back: what was sealed is deleted")
    except (NotAllowed, CannotOpen) as error:
        return _complain(REFUSED, str(error))
    except (SettingsError, SealingError, KeyFileError) as error:
        return _complain(UNUSABLE, str(error))
    return DONE


def _complain(code: int, message: str) -> int:
    sys.stderr.write(f"referrals: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
