"""Numbers and addresses at which somebody can be reached, out of their own words."""
from __future__ import annotations

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumberType as Kind

from outreach.referrals.words import MOST_ANSWER, Problem, clean

MOST_EMAIL = 254
# The country code of the United Kingdom and of the Crown dependencies, whose numbers people here have too.
UK_CODE = 44
CANDIDATE = re.compile(r"(?:\+|\b00)?[\d(][\d\s().\-–—/]{1,28}\d")
# The letter O typed for a nought, among digits.
LETTER_O = re.compile(r"(?<![^\W\d_])[oO](?=[\s\d]*\d)|(?<=\d)[oO](?![^\W\d_])")
# Ofcom keeps these for drama: they ring nobody, so training and demonstrations use them.
DRAMA = re.compile(r"\+44(?:7700900|1632960)\d{3}")
PREMIUM = frozenset((Kind.PREMIUM_RATE, Kind.SHARED_COST, Kind.PERSONAL_NUMBER, Kind.PAGER))
FREEPHONE = frozenset((Kind.TOLL_FREE, Kind.VOICEMAIL))
PREMIUM_PREFIX = re.compile(r"\+44(?:9|70|8[47])")
FREEPHONE_PREFIX = re.compile(r"\+44(?:80|500)")
SHORTEST = 9


def contact(text: object, way: str) -> str | Problem:
    """The number or address for a way of contact: call, text or email."""
    return contact_email(text) if way == "email" else contact_number(text, way)


def contact_number(text: object, way: str = "call") -> str | Problem:
    """One UK number out of somebody's words, as E.164 ("+44…"). For the way "text" it must be a mobile."""
    line = clean(text, MOST_ANSWER)
    if isinstance(line, Problem):
        return line
    candidates = [each for each in (_dialled(found) for found in CANDIDATE.findall(LETTER_O.sub("0", _ascii(line)))) if each]
    long_enough = list(dict.fromkeys(each for each in candidates if len(each.lstrip("+0")) >= SHORTEST))
    if not long_enough:
        return Problem.EMERGENCY if any(len(each) <= 6 for each in candidates) else Problem.NOT_A_PHONE
    if len(long_enough) > 1:
        return Problem.SEVERAL
    return _checked(long_enough[0], way)


def contact_email(text: object) -> str | Problem:
    """One e-mail address out of somebody's words, well formed; nothing is asked of the network."""
    line = clean(text, MOST_EMAIL + MOST_ANSWER)
    if isinstance(line, Problem):
        return line
    parts = [part.strip("<>()[]{},;:!?\"'“”‘’.") for part in re.split(r"[\s,;]+", line) if "@" in part]
    if not parts:
        return Problem.NOT_AN_EMAIL
    if len(set(parts)) > 1:
        return Problem.SEVERAL
    try:
        found = validate_email(parts[0].removeprefix("mailto:"), check_deliverability=False)
    except (EmailNotValidError, UnicodeError, ValueError):
        return Problem.NOT_AN_EMAIL
    return str(found.normalized)


def _ascii(line: str) -> str:
    """Digits of other scripts as ours, and the keypad's emoji as digits."""
    return "".join(str(int(each)) if each.isdigit() and each.isdecimal() else each for each in line)


def _dialled(found: str) -> str:
    """What is dialled: "+44 (0)20…" and "0044…" come to "+4420…"."""
    bare = re.sub(r"^(\+|00)\s*(\d{2})\s*\(\s*0\s*\)", r"\1\2", found.strip())
    digits = re.sub(r"[^\d+]", "", bare)
    digits = re.sub(r"^00", "+", digits)
    digits = re.sub(r"^\+440", "+44", digits)
    return re.sub(r"^44(?=\d{10}$)", "+44", digits)


def _checked(digits: str, way: str) -> str | Problem:
    try:
        number = phonenumbers.parse(digits, "GB")
    except phonenumbers.NumberParseException:
        return Problem.NOT_A_PHONE
    if number.country_code != UK_CODE:
        return Problem.NOT_UK
    written: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if DRAMA.fullmatch(written):
        return written if way != "text" or written.startswith("+447") else Problem.NOT_A_MOBILE
    kind = phonenumbers.number_type(number)
    if kind in PREMIUM or PREMIUM_PREFIX.match(written):
        return Problem.PREMIUM
    if kind in FREEPHONE or FREEPHONE_PREFIX.match(written):
        return Problem.NOT_A_PERSONS_NUMBER
    if not phonenumbers.is_valid_number(number):
        return Problem.NOT_A_PHONE
    if way == "text" and kind not in (Kind.MOBILE, Kind.FIXED_LINE_OR_MOBILE):
        return Problem.NOT_A_MOBILE
    return written


def contact_shown(contact: str) -> str:
    """A number as people here write it, spaces and all; an address as it is."""
    try:
        return str(phonenumbers.format_number(phonenumbers.parse(contact, "GB"), phonenumbers.PhoneNumberFormat.NATIONAL))
    except phonenumbers.NumberParseException:
        return contact
