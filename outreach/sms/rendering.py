"""Services and choices as lines of a text message, out of the web channel's cards and titles."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from outreach.sms.alphabet import clean
from outreach.sms.pages import Block

Card = Mapping[str, Any]
_IN_BRACKETS = re.compile(r"\s*\([^)]*\)")
# What the page says as "Not yet checked by our staff".
NOT_CHECKED = "Not yet checked"
_ON_BILL = {True: "Can show on bills", False: "Not on most bills"}


def service_line(card: Card) -> str:
    """A service in one line: name, number, cost, if it shows on a bill, hours, and that nobody checked it. Never a link."""
    phone = next(iter(card.get("phones") or []), None)
    parts = [str(card["name"])]
    if phone is not None:
        parts = [f"{card['name']}: {_number(phone)}", _capital(phone.get("cost")), _ON_BILL.get(phone.get("on_bill"), "")]
    parts.append((card.get("hours") or {}).get("text") or "")
    parts.append(_how_sure(card))
    return clean(". ".join(part.rstrip(".") for part in parts if part) + ".")


def short_lines(card: Card) -> tuple[str, ...]:
    """A service's name, without what stands in brackets there, and its number: that nobody checked it, where there is room.

    Nothing where it has no number.
    """
    phone = next(iter(card.get("phones") or []), None)
    if phone is None:
        return ()
    short = clean(f"{_IN_BRACKETS.sub('', card['name'])}: {_number(phone)}.")
    return (f"{short} {_how_sure(card)}.", short) if _how_sure(card) else (short,)


def blocks(cards: Sequence[Card], said: str) -> list[Block]:
    """A line for each service, but for those whose number the words already gave."""
    return [Block(service_line(card), whole=True, shorter=short_lines(card)) for card in cards if not _already(card, said)]


def addresses(cards: Sequence[Card]) -> list[str]:
    """The web addresses of services, for whoever asks for them."""
    return list(dict.fromkeys(clean(f"{card['name']}: {card['website']}") for card in cards if card.get("website")))


def needs_address(cards: Sequence[Card]) -> bool:
    """Whether one of the services can be reached by its web address alone."""
    return any(card.get("website") and not card.get("phones") for card in cards)


def numbered(titles: Sequence[str]) -> str:
    """The choices of a reply, a line each, to be answered by number or by words."""
    return "\n".join(f"{number} {title}" for number, title in enumerate(titles, 1))


def shows_numbers(page: str, choices: str) -> bool:
    """Whether a page shows these numbered choices."""
    return bool(choices) and clean(choices) in page


def _already(card: Card, said: str) -> bool:
    phone = next(iter(card.get("phones") or []), None)
    return phone is not None and str(phone["number"]) in said


def _number(phone: Mapping[str, Any]) -> str:
    description = str(phone.get("description") or "")
    if phone.get("kind") != "sms":
        return f"{phone['number']} ({description})" if description else str(phone["number"])
    if description.startswith("text "):
        return f"{description} to {phone['number']}"
    return f"text {phone['number']}" + (f" ({description})" if description else "")


def _how_sure(card: Card) -> str:
    """That nobody checked it, or that the last check was too long ago; nothing where it is current."""
    if not card.get("last_checked"):
        return NOT_CHECKED
    if not card.get("check_due"):
        return ""
    checked = date.fromisoformat(card["last_checked"])
    return f"Last checked {checked.day} {checked:%b %Y}"


def _capital(text: str | None) -> str:
    return text[:1].upper() + text[1:] if text else ""
