"""A phone in the terminal: signs texts as Twilio does, posts them, and shows the replies with their segments.

`make text` talks to the assistant that `make run` started with the same TWILIO_AUTH_TOKEN. No account is needed: any word
will do as the token. `--from` is another phone; `/again` sends the last text once more as Twilio would repeat it,
`/picture [words]` sends a picture, `/optout STOP` says what Twilio's opt-out says, and Ctrl-D ends.
"""
from __future__ import annotations

import argparse
import secrets
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import httpx
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from outreach.settings import Settings, SettingsError, load
from outreach.sms.alphabet import segments

PATH = "/sms/twilio"


class Phone:
    """Texts the assistant over HTTP as Twilio would."""

    def __init__(self, settings: Settings, number: str) -> None:
        host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
        self._reached_at = f"http://{host}:{settings.port}{PATH}"
        self._signed_for = settings.public_url.rstrip("/") + PATH
        self._validator = RequestValidator(settings.twilio_auth_token)
        self._number = number
        self._last: dict[str, str] = {}

    def send(self, body: str, **more: str) -> list[str]:
        """Text, and give the replies. Raises `httpx.HTTPError`."""
        self._last = {
            "MessageSid": f"SM{secrets.token_hex(16)}", "AccountSid": f"AC{'0' * 32}", "From": self._number, "To": "",
            "Body": body, "NumMedia": "0", "FromCity": "", **more,
        }
        return self.again()

    def again(self) -> list[str]:
        """Send the last text once more, with the same id."""
        signature = self._validator.compute_signature(self._signed_for, self._last)
        answer = httpx.post(self._reached_at, data=self._last, headers={"X-Twilio-Signature": signature}, timeout=20)
        answer.raise_for_status()
        # Our own server's answer, so it is no document from a stranger.
        return [message.text or "" for message in ElementTree.fromstring(answer.text).iter("Message")]


def typed() -> Iterator[str]:
    """The lines that somebody types, to the end."""
    while True:
        try:
            yield input("> ")
        except (EOFError, KeyboardInterrupt):
            print()
            return


def exchange(phone: Phone, line: str) -> list[str]:
    """Do what a line says."""
    command, _, rest = line.partition(" ")
    if command == "/again":
        return phone.again()
    if command == "/picture":
        return phone.send(rest, NumMedia="1", MediaUrl0="https://media.invalid/1", MediaContentType0="image/jpeg")
    if command == "/optout":
        return phone.send(rest, OptOutType=rest.upper())
    return phone.send(line)


def show(messages: list[str]) -> None:
    """Print replies as a phone would show them, and what each costs."""
    for message in messages:
        count = segments(message)
        print("\n".join(f"  | {line}" for line in message.splitlines()))
        print(f"  ({len(message)} characters, {count} segment{'s' if count > 1 else ''})")
    if not messages:
        print("  (no reply)")


def main() -> int:
    """Talk until the end of the input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="number", default="+447700900123", help="the phone that texts (an invented number)")
    try:
        settings = load()
    except SettingsError as error:
        sys.stderr.write(f"text: {error}\n")
        return 2
    if not settings.twilio_auth_token:
        sys.stderr.write("text: set TWILIO_AUTH_TOKEN to any word, in .env or here, for `make run` and `make text` alike\n")
        return 2
    phone = Phone(settings, parser.parse_args().number)
    for line in typed():
        try:
            show(exchange(phone, line))
        except httpx.HTTPStatusError as error:
            print(f"  refused: {error.response.status_code} {error.response.text.strip()}")
        except httpx.HTTPError as error:
            sys.stderr.write(f"text: the assistant can't be reached ({type(error).__name__}); is `make run` running?\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
