"""`make console-user`: a one-time link by which somebody comes into the staff console.

Without more, the link makes a new manager. `DO="list"` shows who there is. `DO="link NAME"` takes password and second factor
from the person with that sign-in name, and gives a link by which they set new ones: for a manager who lost both, where there
is no other. Whatever is done is in the audit.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from outreach import bootstrap
from outreach.adapters.database import migrate
from outreach.privacy.key_files import KeyFileError
from outreach.settings import SettingsError, console_url
from outreach.staff.accounts import COMMAND_LINE
from outreach.staff.records import Account, NotPossible
from outreach.staff.signing_in import plain_login

DONE, REFUSED, UNUSABLE = 0, 1, 2


def new_manager() -> None:
    """A link for a new manager."""
    _show(bootstrap.staff_accounts().manager_link(), "makes a manager", 24)


def show_list() -> None:
    """Everybody with an account."""
    for account in bootstrap.staff_accounts().all():
        roles = ", ".join(sorted(role.value for role in account.roles)) or "no role"
        print(f"{_printable(account.login):32} {_state(account):12} {roles:40} {_printable(account.name)}")


def new_link(login: str) -> None:
    """A link for somebody who cannot come in. Raises LookupError, NotPossible."""
    accounts = bootstrap.staff_accounts()
    found = [account for account in accounts.all() if account.login == plain_login(login)]
    if not found:
        raise LookupError
    _show(accounts.reset(COMMAND_LINE, found[0].id), "sets a new password and second factor", 72)


def _show(token: str, does: str, hours: int) -> None:
    print(f"Once, and within {hours} hours, this {does}:\n{console_url(bootstrap.settings())}/welcome/{token}")


def _state(account: Account) -> str:
    if account.disabled_at:
        return "turned off"
    return "active" if account.joined else "invited"


def _printable(text: str) -> str:
    """Nothing that a terminal would obey."""
    return "".join(each if each.isprintable() else " " for each in text)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives the exit code: 0 done, 1 refused, 2 not usable."""
    parser = argparse.ArgumentParser(prog="make console-user", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="list|link")
    commands.add_parser("list", help=show_list.__doc__)
    commands.add_parser("link", help=new_link.__doc__).add_argument("login", help="as `list` shows it")
    chosen = parser.parse_args(arguments)
    try:
        migrate(bootstrap.engine())
        if chosen.command == "list":
            show_list()
        elif chosen.command == "link":
            new_link(chosen.login)
        else:
            new_manager()
    except LookupError:
        return _complain(REFUSED, "nobody has this sign-in name")
    except NotPossible as error:
        return _complain(REFUSED, str(error))
    except (SettingsError, KeyFileError) as error:
        return _complain(UNUSABLE, str(error))
    return DONE


def _complain(code: int, message: str) -> int:
    sys.stderr.write(f"console-user: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
