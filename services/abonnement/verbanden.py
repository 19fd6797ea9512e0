"""Which gemeenten share which thema's on a day: the facts of the samenwerkingsverbanden, folded. Pure.

A gemeente can be in several verbanden, and what is shared differs per thema and period. Sharing a verband opens the way
to a subscription and gives no right to a single casus.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from casuslog.recorded import RecordedEvent

VASTGESTELD, UITGETREDEN = "samenwerkingsverband-vastgesteld", "lid-uitgetreden"
_CENTRUM = "centrumgemeente"
"""Role by which one gemeente acts for all: such a verband is about that task, and not working together in general."""


@dataclass(frozen=True, slots=True)
class Deelname:
    """A gemeente in a verband with these themas: from a day on, until (not including) another."""

    verband: str
    gemeente: str
    themas: frozenset[str]
    vanaf: date
    tot: date | None
    centrum: bool
    """Whether one gemeente acts in it for all."""

    def loopt_op(self, dag: date) -> bool:
        """Whether it holds on a day."""
        return self.vanaf <= dag and (self.tot is None or dag < self.tot)


@dataclass(frozen=True, slots=True)
class Verbanden:
    """All participation that was ever established."""

    deelnames: tuple[Deelname, ...] = ()

    @classmethod
    def of(cls, events: Iterable[RecordedEvent]) -> Verbanden:
        """Folded from events in the order of their streams."""
        found = cls()
        for event in events:
            found = found.na(event)
        return found

    def na(self, event: RecordedEvent) -> Verbanden:
        """With one event more; of another kind it changes nothing."""
        if event.envelope.name == VASTGESTELD:
            vanaf, tot = _dag(event["geldig_vanaf"]), event["geldig_tot"]
            einde = None if tot is None else _dag(tot) + timedelta(days=1)
            centrum = any(_veld(rol, "rol") == _CENTRUM for rol in event["rollen"])
            nieuw = (
                Deelname(event["verband"], lid, frozenset(event["themas"]), vanaf, einde, centrum)
                for lid in event["leden"]
            )
            return Verbanden((*self._eindigend(event["verband"], None, vanaf), *nieuw))
        if event.envelope.name == UITGETREDEN:
            return Verbanden(tuple(self._eindigend(event["verband"], event["gemeente"], _dag(event["per"]))))
        return self

    def van(self, gemeente: str, dag: date) -> list[Deelname]:
        """In which verbanden a gemeente takes part on a day."""
        return [een for een in self.deelnames if een.gemeente == gemeente and een.loopt_op(dag)]

    def gezamenlijk(self, een: str, ander: str, dag: date) -> list[Deelname]:
        """The participation of ``een`` in verbanden in which ``ander`` takes part too on that day.

        It ends where the participation of either ends.
        """
        andere = {deelname.verband: deelname for deelname in self.van(ander, dag)}
        return [
            replace(deelname, tot=_eerste(deelname.tot, andere[deelname.verband].tot))
            for deelname in self.van(een, dag)
            if deelname.verband in andere
        ]

    def delen(self, een: str, ander: str, thema: str | None, dag: date) -> bool:
        """Whether two gemeenten share this thema on a day."""
        return any(thema in deelname.themas for deelname in self.gezamenlijk(een, ander, dag))

    def laatste_dag(self, een: str, ander: str, thema: str, dag: date) -> date | None:
        """The last day on which they share the thema without a break, as known now; ``None``: no end is known.

        Raises:
            LookupError: they do not share it on ``dag``.
        """
        loopt = [deelname.tot for deelname in self.gezamenlijk(een, ander, dag) if thema in deelname.themas]
        if not loopt:
            raise LookupError(f"{een} and {ander} do not share {thema} on {dag}")
        dagen = [tot for tot in loopt if tot is not None]
        return None if len(dagen) < len(loopt) else max(dagen) - timedelta(days=1)

    def _eindigend(self, verband: str, gemeente: str | None, per: date) -> Iterator[Deelname]:
        for een in self.deelnames:
            raakt = een.verband == verband and gemeente in (None, een.gemeente)
            if not raakt:
                yield een
            elif een.vanaf < per:
                yield replace(een, tot=_eerste(een.tot, per))


def _eerste(een: date | None, ander: date | None) -> date | None:
    return min(filter(None, (een, ander)), default=None)


def _dag(waarde: object) -> date:
    return waarde if isinstance(waarde, date) else date.fromisoformat(str(waarde))


def _veld(deel: object, naam: str) -> object:
    """A field of a part of an event that was read typed or as a mapping."""
    return deel.get(naam) if isinstance(deel, dict) else getattr(deel, naam)
