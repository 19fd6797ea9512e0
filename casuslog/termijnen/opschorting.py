"""Suspension of the besluit term: Awb 4:15 lid 1 under a. No other term of the Wmo path can be suspended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

_DAG = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Opschorting:
    """An invitation to complete the aanvraag (Awb 4:5).

    ``hersteltermijn_tot_en_met`` is the last day of the term given for it; without a term nothing is suspended.
    ``aangevuld_op`` is the day on which the aanvraag was completed; None while that has not happened.
    """

    uitgenodigd_op: date
    hersteltermijn_tot_en_met: date | None = None
    aangevuld_op: date | None = None

    def dagen(self) -> frozenset[date]:
        """The days that do not count: from the day after the invitation until completion or the end of the term given.

        The day of completion counts again; the last day of an unused term does not.
        """
        if self.hersteltermijn_tot_en_met is None:
            return frozenset()
        einde = self.hersteltermijn_tot_en_met
        if self.aangevuld_op is not None:
            einde = min(einde, self.aangevuld_op - _DAG)
        eerste = self.uitgenodigd_op + _DAG
        return frozenset(eerste + timedelta(days=n) for n in range((einde - eerste).days + 1))


def opgeschorte_dagen(opschortingen: Iterable[Opschorting], *, uiterlijk: date) -> int:
    """How many days the term stood still: each day once, and only for invitations while the term still ran.

    Args:
        opschortingen: in the order of the invitations.
        uiterlijk: the last day without any suspension.
    """
    dagen: frozenset[date] = frozenset()
    for opschorting in sorted(opschortingen, key=lambda o: o.uitgenodigd_op):
        if opschorting.uitgenodigd_op <= uiterlijk + timedelta(days=len(dagen)):
            dagen |= opschorting.dagen()
    return len(dagen)
