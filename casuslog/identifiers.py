"""Identifiers: making them, checking them, and finding the one that must never show: a BSN.

Sources: standaarden-en-wet.md sections 1.1 and 8 (OIN of 20 digits outbound, BSN vectors).
"""

from __future__ import annotations

import re
import zlib

import uuid_utils

BUCKETS = 64
"""How many buckets the cases are spread over. Fixed: another number would move every casus to another lane."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_OIN = re.compile(r"0000000[1-9]\d{12}|00000099\d{12}", re.ASCII)
_EIGHT = re.compile(r"\d{8}", re.ASCII)
_FOUR = re.compile(r"\d{4}", re.ASCII)
_NINE = re.compile(r"\d{9}", re.ASCII)
# Nine digits, up to three separators between each two, and no digit right before or after. The lookahead makes the
# finds overlap, so that a number in front of it does not hide a BSN.
_SEPARATED = r"[ .\-–\t\n\r\f\v\u00a0\u202f]{0,3}"
_NINE_IN_TEXT = re.compile(rf"(?=(?<!\d)(\d(?:{_SEPARATED}\d){{8}})(?!\d))", re.ASCII)
_SEPARATORS = re.compile(r"\D+", re.ASCII)
# The quick look that lets nearly every text pass: without separators, are there nine digits in a row at all?
_WITHOUT_SEPARATORS = dict.fromkeys(map(ord, " .-–\t\n\r\f\v\u00a0\u202f"))
_NINE_OR_MORE = re.compile(r"[0-9]{9}")


def new_id() -> str:
    """A UUIDv7 in lower case: unique, and within a process later ones sort after earlier ones."""
    return str(uuid_utils.uuid7())


def is_uuid(text: str) -> bool:
    """Whether it is a UUID of RFC 9562 (any version, that variant) in canonical lower-case form."""
    return _UUID.fullmatch(text) is not None


def bsn_ok(text: str) -> bool:
    """Whether it is a burgerservicenummer: nine digits that pass the elfproef, and not nine zeros."""
    return _NINE.fullmatch(text) is not None and text != "000000000" and _elfproef(text)


def oin_ok(text: str) -> bool:
    """Whether it is an organisatie-identificatienummer as it goes out: 20 digits.

    It begins with a register prefix: 00000001 to 00000009 (RSIN, KvK, Logius, ...) or 00000099, the test series.
    """
    return _OIN.fullmatch(text) is not None


def agb_ok(text: str) -> bool:
    """Whether it is an AGB-code of a provider: eight digits."""
    return _EIGHT.fullmatch(text) is not None


def kvk_ok(text: str) -> bool:
    """Whether it is a KvK-nummer: eight digits."""
    return _EIGHT.fullmatch(text) is not None


def gemeentecode_ok(text: str) -> bool:
    """Whether it has the form of a CBS gemeentecode: four digits, with leading zeros. See ``codes`` for which exist."""
    return _FOUR.fullmatch(text) is not None


def looks_like_bsn(text: str) -> bool:
    """Whether a BSN could be read in it: a run of exactly nine digits that passes the elfproef.

    Dots, spaces and dashes between the digits hide nothing (``999.990.342``, ``9999 90 342``). About one in eleven
    numbers of nine digits passes, so what carries free numbers must avoid runs of nine.
    """
    if _NINE_OR_MORE.search(text.translate(_WITHOUT_SEPARATORS)) is None:
        return False
    return any(bsn_ok(_SEPARATORS.sub("", found)) for found in _NINE_IN_TEXT.findall(text))


def casus_bucket(subject: str) -> str:
    """The bucket ``"00"`` to ``"63"`` of a subject: CRC-32 of its UTF-8 text, modulo 64. Part of the routing key.

    The same in every language and release, so that a casus stays in its lane.
    """
    return f"{zlib.crc32(subject.encode()) % BUCKETS:02d}"


def _elfproef(digits: str) -> bool:
    weighted = sum((9 - place) * int(digit) for place, digit in enumerate(digits[:8]))
    return (weighted - int(digits[8])) % 11 == 0
