"""Text in the GSM 7-bit alphabet, so that one odd character does not halve what a text message holds."""

from __future__ import annotations

import unicodedata

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
PLAIN = {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " ", "•": "-", "`": "'"}


def to_gsm7(text: str) -> str:
    """Give the text with every character in the basic alphabet; accents are dropped where they must be."""
    return "".join(_plain(character) for character in text)


def _plain(character: str) -> str:
    if character in BASIC:
        return character
    if character in PLAIN:
        return PLAIN[character]
    decomposed = unicodedata.normalize("NFKD", character)
    return "".join(each for each in decomposed if each in BASIC)
