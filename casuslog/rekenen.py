"""Arithmetic on amounts in whole cents and on hours in minutes, without floats.

A percentage of a tariff is rounded to whole cents, half up, and only then multiplied (scenarios.yaml, conventies).
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from casuslog.termijnen import dagen_tussen

MINUTEN_PER_EENHEID = {"uur": 60, "dagdeel": 240, "etmaal": 1440}
"""Minutes in a unit; a dagdeel is four hours (WJ756, code 16)."""


_MOST_DIGITS = 15
"""Digits before the point: beyond them a Decimal is no longer exact."""


def cent(euro: str) -> int:
    """Euro's as text (``23.29``) in whole cents, half up.

    Raises:
        ValueError: it is no amount.
    """
    return _times(euro, 100)


def minuten(uren: str) -> int:
    """Hours as text (``3``, ``2.5``) in whole minutes, half up.

    Raises:
        ValueError: it is no number of hours.
    """
    return _times(uren, 60)


def _times(text: str, factor: int) -> int:
    try:
        number = Decimal(str(text).strip())
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number; write it with a point, as 23.29") from None
    if not number.is_finite() or number.adjusted() > _MOST_DIGITS:
        raise ValueError(f"{text!r} is no number that is counted with; write it with a point, as 23.29")
    return int((number * factor).quantize(Decimal(1), ROUND_HALF_UP))


def half_omhoog(teller: int, noemer: int) -> int:
    """``teller / noemer`` in whole numbers, half up; for amounts of nil and more."""
    return (2 * teller + noemer) // (2 * noemer)


def percentage_van(bedrag_cent: int, procent: int) -> int:
    """``procent`` of an amount, on whole cents, half up: 95 % of 46.70 is 44.37."""
    return half_omhoog(bedrag_cent * procent, 100)


def begonnen_weken(van: date, tot_en_met: date) -> int:
    """The weeks from ``van`` up to and including ``tot_en_met``; a week that has begun counts.

    Raises:
        ValueError: the period ends before it begins.
    """
    return (dagen_tussen(van, tot_en_met) + 6) // 7


def budget(tarief_cent: int, minuten_per_week: int, aantal_weken: int, *, eenheid: str = "uur") -> int:
    """What so many minutes a week cost over so many weeks at a tariff per ``eenheid``, in cents, half up."""
    return half_omhoog(tarief_cent * minuten_per_week * aantal_weken, MINUTEN_PER_EENHEID[eenheid])


def in_euro(bedrag_cent: int) -> str:
    """An amount as a person reads it: ``23,29 euro``."""
    teken = "-" if bedrag_cent < 0 else ""
    euro, rest = divmod(abs(bedrag_cent), 100)
    return f"{teken}{euro},{rest:02d} euro"
