"""The audit: pure functions over what was accepted and what is found in store, stream, effects and at subscribers.

Each breach is a sentence, so that whoever sees a number above nought can begin to look. What counts:

- *lost*: accepted, or logged by a reaction, and not found in a place where it is owed;
- *skipped*: a hole in the sequence of a stream, or in the numbers of a subscription;
- *out of order*: a new event of a casus before its predecessor or its cause; a repetition is none;
- *double*: an effect twice: logged twice, handled twice, numbered twice;
- *leaked*: an event at a subscriber of another gemeente.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from tests.faults.ledger import Accepted

BEGINS = "registreer-melding"
REACTION = "termijn-gestart"
"""What onderzoek logs, once, after each melding."""
REACTOR = "onderzoek"


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it was found. ``oorzaak`` is the position of its cause, ``name`` its type without prefix."""

    id: str
    service: str
    gemeente: str
    stroom: str
    casus: str
    sequence: int
    oorzaak: str | None = None
    name: str = ""

    @property
    def stream(self) -> tuple[str, str, str, str]:
        """Of which stream it is the ``sequence``-th."""
        return self.service, self.gemeente, self.stroom, self.casus

    @property
    def position(self) -> str:
        """Its place, as a cause is named."""
        return f"{self.service}/{self.gemeente}/{self.stroom}/{self.casus}/{self.sequence}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a subscriber received, in the order of arrival. ``event`` is ``None`` where the number was withheld."""

    number: int
    event: Event | None
    again: bool = False


@dataclass(slots=True)
class Subscriber:
    """A subscriber of one gemeente: the numbers it was given (event ids), and what arrived."""

    gemeente: str
    numbers: dict[int, list[str]] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)


@dataclass(slots=True)
class Evidence:
    """All that was found. ``stream`` and ``effects`` in the order in which they came to be; ``effects`` per service."""

    accepted: Sequence[Accepted] = ()
    store: Sequence[Event] = ()
    stream: Sequence[Event] = ()
    effects: Mapping[str, Sequence[Event]] = field(default_factory=dict)
    subscribers: Mapping[str, Subscriber] = field(default_factory=dict)


@dataclass(slots=True)
class Findings:
    """What is wrong, in sentences; empty is well."""

    lost: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many of each."""
        return {one.name: len(getattr(self, one.name)) for one in fields(self)}

    def sentences(self) -> list[str]:
        """All of them, with their kind."""
        return [f"{one.name}: {told}" for one in fields(self) for told in getattr(self, one.name)]

    def beyond(self, known: Findings) -> Findings:
        """Those that ``known`` does not have."""
        return Findings(*(_new(getattr(self, one.name), getattr(known, one.name)) for one in fields(self)))


def audit(evidence: Evidence) -> Findings:
    """Hold everything against everything."""
    return Findings(
        lost=list(_lost(evidence)),
        skipped=list(_skipped(evidence)),
        out_of_order=list(_out_of_order(evidence)),
        double=list(_double(evidence)),
        leaked=list(_leaked(evidence)),
    )


def _new(now: Iterable[str], before: Iterable[str]) -> list[str]:
    return list((Counter(now) - Counter(before)).elements())


def _lost(evidence: Evidence) -> Iterator[str]:
    stored = {event.id: event for event in evidence.store}
    for one in evidence.accepted:
        for event_id in one.events:
            if event_id not in stored:
                yield f"{one.command} {one.key}: event {event_id} was answered and is not in the store of {one.service}"
    begun = {event.casus for event in evidence.store if (event.service, event.name) == (REACTOR, REACTION)}
    for one in evidence.accepted:
        if one.command == BEGINS and one.casus not in begun:
            yield f"casus {one.casus}: {REACTOR} never reacted to its melding"
    for place, found in _places(evidence):
        for event in stored.values():
            if event.id not in found and (place.gemeente in {None, event.gemeente}):
                yield f"{event.position} ({event.id}) is not {place.where}"


@dataclass(frozen=True, slots=True)
class _Place:
    where: str
    gemeente: str | None = None


def _places(evidence: Evidence) -> Iterator[tuple[_Place, set[str]]]:
    """Where every logged event of a casus is owed, with what is there."""
    yield _Place("in the stream"), {event.id for event in evidence.stream}
    for service, effects in evidence.effects.items():
        yield _Place(f"handled by {service}"), {event.id for event in effects}
    for name, subscriber in evidence.subscribers.items():
        arrived = {one.event.id for one in subscriber.deliveries if one.event is not None}
        yield _Place(f"at subscriber {name}", subscriber.gemeente), arrived


def _skipped(evidence: Evidence) -> Iterator[str]:
    for where, events in [("store", evidence.store), ("stream", evidence.stream), *evidence.effects.items()]:
        sequences = defaultdict(set)
        for event in events:
            sequences[event.stream].add(event.sequence)
        for stream, seen in sequences.items():
            yield from (f"{where}: {'/'.join(stream)} has no {n}" for n in _holes(seen))
    for name, subscriber in evidence.subscribers.items():
        yield from (f"subscription {name} never gave number {n}" for n in _holes(subscriber.numbers))
        arrived = {one.number for one in subscriber.deliveries}
        yield from (f"subscriber {name} never got number {n}" for n in _holes(arrived))


def _holes(seen: Iterable[int]) -> list[int]:
    numbers = set(seen)
    return sorted(set(range(1, max(numbers, default=0) + 1)) - numbers)


def _out_of_order(evidence: Evidence) -> Iterator[str]:
    # The logs of two services come by two relays, of which one may be behind: that the cause is there first is promised
    # where an event has its effect, and to subscribers.
    yield from (f"stream: {told}" for told in _disorder(replace(event, oorzaak=None) for event in evidence.stream))
    for service, effects in evidence.effects.items():
        yield from (f"effects of {service}: {told}" for told in _disorder(effects))
    for name, subscriber in evidence.subscribers.items():
        events = [one.event for one in subscriber.deliveries if one.event is not None]
        yield from (f"subscriber {name}: {told}" for told in _disorder(events))
        highest = 0
        for one in subscriber.deliveries:
            if one.number > highest + 1:
                yield f"subscriber {name}: number {one.number} came new after {highest}"
            highest = max(highest, one.number)


def _disorder(events: Iterable[Event]) -> Iterator[str]:
    """New events before their predecessor in the stream, or before their cause (where that is found at all)."""
    listed = list(events)
    first: dict[str, int] = {}
    for n, event in enumerate(listed):
        first.setdefault(event.position, n)
    for position, n in first.items():
        event = listed[n]
        stream = position.rpartition("/")[0]
        for before in (f"{stream}/{event.sequence - 1}", event.oorzaak):
            if before in first and first[before] > n:
                yield f"{position} came before {before}"


def _double(evidence: Evidence) -> Iterator[str]:
    owed = {event_id for one in evidence.accepted for event_id in one.events}
    for event in evidence.store:
        # What no other event caused, a command did; and each that was carried out was answered.
        if event.oorzaak is None and event.id not in owed:
            yield f"store: {event.position} ({event.id}) was logged, and no answer names it"
    yield from (f"store: event {id} stands there {n} times" for id, n in _repeated(e.id for e in evidence.store))
    reactions = (e.casus for e in evidence.store if (e.service, e.name) == (REACTOR, REACTION))
    yield from (f"casus {casus}: {REACTOR} reacted {n} times to its melding" for casus, n in _repeated(reactions))
    for service, effects in evidence.effects.items():
        yield from (f"{service} handled event {id} {n} times" for id, n in _repeated(event.id for event in effects))
    for name, subscriber in evidence.subscribers.items():
        yield from _numbered_twice(name, subscriber)


def _numbered_twice(name: str, subscriber: Subscriber) -> Iterator[str]:
    given = [event_id for ids in subscriber.numbers.values() for event_id in ids]
    yield from (f"subscription {name} gave event {id} {n} numbers" for id, n in _repeated(given))
    carried = defaultdict(set)
    for one in subscriber.deliveries:
        if one.event is not None:
            carried[one.number].add(one.event.id)
    yield from (f"subscriber {name} got {len(ids)} events as number {n}" for n, ids in carried.items() if len(ids) > 1)


def _repeated(ids: Iterable[str]) -> Iterator[tuple[str, int]]:
    return ((one, n) for one, n in Counter(ids).items() if n > 1)


def _leaked(evidence: Evidence) -> Iterator[str]:
    owner = {event.id: event.gemeente for event in evidence.store}
    for name, subscriber in evidence.subscribers.items():
        for one in subscriber.deliveries:
            if one.event is not None and one.event.gemeente != subscriber.gemeente:
                yield f"subscriber {name} of {subscriber.gemeente} got {one.event.position}"
        for number, ids in subscriber.numbers.items():
            foreign = [id for id in ids if owner.get(id, subscriber.gemeente) != subscriber.gemeente]
            yield from (f"subscription {name} of {subscriber.gemeente} numbered {id} as {number}" for id in foreign)


__all__ = ["Delivery", "Event", "Evidence", "Findings", "Subscriber", "audit"]
