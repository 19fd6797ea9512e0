"""What the answer of a webhook means, and when it is tried again. Pure.

CloudEvents HTTP webhooks, section 2.2: 200, 201, 202 and 204 accept; 410 ends it; 415 refuses the form; 429 says later.
A receiver that is down refuses nothing in particular: it is tried again for days. One that refuses this very message
(another 4xx) would refuse it tomorrow too: it becomes a dead letter, and the next one goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EERSTE = timedelta(seconds=10)
LANGSTE = timedelta(hours=12)
OPGEVEN_NA = timedelta(days=4)
"""A weekend and two working days: long enough for somebody to notice. (Open Notificaties stops after one.)"""
LANGST_GEVRAAGD = timedelta(days=1)
"""The longest ``Retry-After`` that is honoured."""

ONBEREIKBAAR, TE_TRAAG, TE_DRUK = "onbereikbaar", "te_traag", "te_druk"
_LATER = {401: "geen_toegang", 403: "geen_toegang", 404: "niet_gevonden", 405: "niet_gevonden", 408: TE_TRAAG}


@dataclass(frozen=True, slots=True)
class Aangenomen:
    """The receiver has it."""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now; ``na`` is how long the receiver asks to wait."""

    reden: str
    na: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Afgewezen:
    """This message, now and always."""

    reden: str
    status: int


@dataclass(frozen=True, slots=True)
class Gestopt:
    """The receiver is gone for good (410)."""


Oordeel = Aangenomen | Later | Afgewezen | Gestopt


def oordeel(status: int, headers: Mapping[str, str], nu: datetime) -> Oordeel:
    """Of an answer; header names are in lower case."""
    if 200 <= status < 300:
        return Aangenomen()
    if status == 410:
        return Gestopt()
    if status in (429, 503):
        return Later(TE_DRUK, gevraagd(headers.get("retry-after"), nu))
    if 300 <= status < 400:
        return Later("omleiding")
    if status >= 500 or status < 200:
        return Later("storing_ontvanger")
    if status in _LATER:
        return Later(_LATER[status])
    return Afgewezen("niet_aangenomen", status)


def gevraagd(retry_after: str | None, nu: datetime) -> timedelta | None:
    """How long a ``Retry-After`` (seconds, or a date) asks to wait; ``None`` when it says nothing that can be read."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LANGST_GEVRAAGD)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment - nu, timedelta(0)), LANGST_GEVRAAGD)


def volgende(pogingen: int, gevraagd_na: timedelta | None = None) -> timedelta:
    """How long to wait after so many failures in a row: doubling, and never shorter than was asked."""
    gegroeid = min(EERSTE * float(2 ** min(pogingen - 1, 20)), LANGSTE)
    return max(gegroeid, gevraagd_na or timedelta(0))


@dataclass(frozen=True, slots=True)
class Toestemming:
    """A receiver wants messages: at most so many per minute, or without limit."""

    per_minuut: int | None


def toestemming(status: int, headers: Mapping[str, str], oorsprong: str, gevraagd_tempo: int) -> Toestemming | None:
    """What a receiver answered to the question whether it wants messages of ``oorsprong`` (section 4.1).

    ``None``: it did not say yes, whatever it said.
    """
    gaf = headers.get("webhook-allowed-origin", "").strip()
    if not 200 <= status < 300 or (gaf != "*" and gaf.lower() != oorsprong.lower()):
        return None
    return Toestemming(tempo(headers.get("webhook-allowed-rate"), gevraagd_tempo))


def tempo(text: str | None, gevraagd_tempo: int) -> int | None:
    """An allowed rate: a number per minute, ``*`` for none, and the one that was asked for where none was said."""
    found = (text or "").strip()
    if found == "*":
        return None
    if found.isascii() and found.isdigit() and int(found[:9]) > 0:
        return int(found[:9])
    return gevraagd_tempo
