"""A phone that texts the product through Twilio's door, signed by Twilio's own library."""
from __future__ import annotations

import itertools
import secrets
import xml.etree.ElementTree as ElementTree
from typing import Any

import httpx
from running import Running
from twilio.request_validator import RequestValidator

from outreach.directory.gsm7 import BASIC
from outreach.sms.alphabet import segments
from outreach.sms.texts import Texts

TOKEN = "a-token-for-tests"
# Not where the tests reach it: the product stands behind a proxy, as it would.
PUBLIC = "https://texts.example.org"
PATH = "/sms/twilio"
TEXTS = Texts.load(10)
# Drawn one by one, two of some hundred phones would often be the same.
NUMBERS = itertools.count(secrets.randbelow(10**5))


class Phone:
    """A phone of its own number. `last` holds the fields of its last text."""

    def __init__(self, running: Running, number: str | None = None, public: str = PUBLIC) -> None:
        self.running = running
        self.http = httpx.Client(base_url=running.url, timeout=20)
        self.number = number or f"+4477009{next(NUMBERS) % 10**5:05}"
        self.public = public
        self.last: dict[str, str] = {}

    def fields(self, body: str, **more: str) -> dict[str, str]:
        return {
            "ToCountry": "GB", "MessageSid": f"SM{secrets.token_hex(16)}", "AccountSid": "AC0", "From": self.number,
            "To": "+441992000000", "Body": body, "NumMedia": "0", "NumSegments": "1", "FromCity": "", "FromZip": "", **more,
        }

    def signature(self, fields: dict[str, str], token: str = TOKEN, path: str = PATH) -> str:
        return str(RequestValidator(token).compute_signature(self.public + path, fields))

    def post(self, fields: dict[str, str], signature: str | None = None, **more: Any) -> httpx.Response:
        headers = {"X-Twilio-Signature": self.signature(fields) if signature is None else signature}
        return self.http.post(PATH, data=fields, headers={**headers, **more.pop("headers", {})}, **more)

    def text(self, body: str, **more: str) -> list[str]:
        """Text, and the messages that come back."""
        self.last = self.fields(body, **more)
        return self.again()

    def again(self) -> list[str]:
        return messages(self.post(self.last))

    def begin(self) -> Phone:
        assert self.text("hello") == [TEXTS.greeting]
        return self


def messages(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, (response.status_code, response.text)
    assert response.headers["content-type"].startswith("text/xml") and response.headers["cache-control"] == "no-store"
    root = ElementTree.fromstring(response.text)
    assert root.tag == "Response" and all(message.tag == "Message" for message in root)
    found = [message.text or "" for message in root]
    for message in found:
        assert message.strip() and set(message) <= BASIC and segments(message) <= 2, message
    return found
