"""Who is involved in a casus, folded from what was recorded. The fold is pure and forgets nothing that still holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from casuslog.envelope import Envelope
from casuslog.events import VERNIETIGD
from casuslog.recorded import RecordedEvent

CLIENT = "client"
MELDER = "melder"
VAN_EEN_AANBIEDER = frozenset({"opdracht-verstrekt", "levering-gestart", "uitwerking-door-aanbieder-vastgelegd"})
"""Events that concern one aanbieder: with two in a casus, each sees its own."""
PERSONEN = frozenset({"inwoner", "budgethouder"})
"""Roles of whom a casus is about."""


@dataclass(frozen=True, slots=True)
class Involvement:
    """An organisation or person, as what, from which day to which (both included), and for which thema.

    ``door``: the gemeente in whose stream it was recorded; ``None`` where that plays no part.
    """

    organisatie: str
    als: str
    vanaf: date
    tot: date | None = None
    thema: str | None = None
    door: str | None = None

    def holds(self, on: date, thema: str | None) -> bool:
        """Whether it holds on a day for a thema; without a thema on either side it does not matter."""
        in_period = self.vanaf <= on and (self.tot is None or on <= self.tot)
        return in_period and (self.thema is None or thema is None or self.thema == thema)


@dataclass(frozen=True, slots=True)
class Consent:
    """What the person whom the casus is about lets another see, from a day on. An empty ``omvang`` takes it back.

    ``door``: the gemeente in whose stream it was recorded; ``None`` where that plays no part.
    """

    aan: str
    omvang: tuple[str, ...]
    vanaf: date
    door: str | None = None


@dataclass(frozen=True, slots=True)
class Involvements:
    """All involvement and consent of one casus, as each gemeente recorded it.

    A casus id is shared: any gemeente may begin a stream of its own under it. What it records there counts for its own
    streams, and for those of a gemeente that itself recorded it as involved: nobody grants rights in another's streams.
    """

    betrokken: Mapping[tuple[str | None, str, str, str | None], Involvement] = field(default_factory=dict)
    toestemming: Mapping[tuple[str | None, str], Consent] = field(default_factory=dict)
    opdrachten: Mapping[str, str | None] = field(default_factory=dict)
    """Per id of an event about an opdracht: of which aanbieder it is; ``None`` where that can no longer be read."""
    afgeschermd: frozenset[str] = frozenset()
    """The gemeenten that marked the casus as not safe to share."""

    @classmethod
    def of(cls, events: Iterable[RecordedEvent]) -> Involvements:
        """Folded from the events of a casus, of all its services, in any order that keeps each stream's own."""
        found = cls()
        for event in events:
            found = found.after(event)
        return found

    def after(self, event: RecordedEvent) -> Involvements:
        """With one event more. Events that say nothing of rights change nothing; destroyed ones give no right."""
        name = event.envelope.name
        if name == "betrokkenheid-vastgelegd" and event["organisatie"] is not VERNIETIGD:
            return self._involving(_read_involvement(event))
        if name == "toestemming-gegeven" and event["aan"] is not VERNIETIGD:
            e = event.envelope
            return self.consenting(Consent(event["aan"], tuple(event["omvang"]), e.feitdatum, e.gemeente))
        if name in VAN_EEN_AANBIEDER:
            aanbieder = None if event["aanbieder"] is VERNIETIGD else str(event["aanbieder"])
            return replace(self, opdrachten={**self.opdrachten, event.envelope.id: aanbieder})
        if name == "casus-afgeschermd":
            return replace(self, afgeschermd=self.afgeschermd | {event.envelope.gemeente})
        if name == "afscherming-opgeheven":
            return replace(self, afgeschermd=self.afgeschermd - {event.envelope.gemeente})
        if name == "melding-geregistreerd":
            return self._involving(who_reported(event.envelope))
        return self

    def involving(self, *involvements: Involvement) -> Involvements:
        """With these involvements more; a later one replaces the same party in the same capacity."""
        found = self
        for involvement in involvements:
            found = found._involving(involvement)
        return found

    def consenting(self, *consents: Consent) -> Involvements:
        """With these consents more."""
        given = {(consent.door, consent.aan): consent for consent in consents}
        return replace(self, toestemming={**self.toestemming, **given})

    def betrokken_bij(self, owner: str) -> Iterator[Involvement]:
        """The involvements that count for the streams of this gemeente."""
        trusted = self.trusted_by(owner)
        return (one for one in self.betrokken.values() if one.door in trusted)

    def toestemming_bij(self, owner: str) -> Iterator[Consent]:
        """The consents that count for the streams of this gemeente."""
        trusted = self.trusted_by(owner)
        return (one for one in self.toestemming.values() if one.door in trusted)

    def afgeschermd_voor(self, owner: str) -> bool:
        """Whether the streams of this gemeente may be delivered to nobody: it marked the casus, or one did that it
        recorded as involved. Nobody else can keep a gemeente from sharing its own.
        """
        return not self.afgeschermd.isdisjoint(self.trusted_by(owner))

    def trusted_by(self, owner: str) -> frozenset[str | None]:
        """Whose records count for the streams of ``owner``: its own, and of whom it recorded as involved."""
        recorded = (one.organisatie for one in self.betrokken.values() if one.door == owner)
        return frozenset({None, owner, *recorded})

    def working_together(self, owner: str) -> frozenset[str]:
        """This gemeente, and each that it and they recorded as involved, both: neither can claim it alone."""
        found, new = {owner}, {owner}
        while new:
            named = {one.organisatie for one in self.betrokken.values() if one.door in new}
            new = {other for other in named - found if not new.isdisjoint(self.trusted_by(other))}
            found |= new
        return frozenset(found)

    def _involving(self, one: Involvement) -> Involvements:
        return replace(self, betrokken={**self.betrokken, (one.door, one.organisatie, one.als, one.thema): one})


def _read_involvement(event: RecordedEvent) -> Involvement:
    return Involvement(
        organisatie=event["organisatie"],
        als=event["als"],
        vanaf=_day(event["vanaf"]),
        tot=None if event["tot"] is None else _day(event["tot"]),
        thema=event["thema"],
        door=event.envelope.gemeente,
    )


def who_reported(envelope: Envelope) -> Involvement:
    """Who reported is the client, or somebody on behalf of one: the envelope of the melding says which."""
    als = CLIENT if envelope.actorrol in PERSONEN else MELDER
    return Involvement(envelope.actorid, als, envelope.feitdatum, door=envelope.gemeente)


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
