"""Each promise broken on paper: what the audit says of evidence in which one thing is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults.audit import BEGINS, REACTION, Delivery, Event, Evidence, Findings, Subscriber, audit
from tests.faults.ledger import Accepted

GEMEENTEN = ("0086", "0080")
CASES = {"0086": ("casus-a", "casus-b"), "0080": ("casus-c",)}
WHERE = ("historie", "abonnement")


def melding(gemeente: str, casus: str, sequence: int) -> Event:
    """The ``sequence``-th event of a melding."""
    return Event(f"m-{casus}-{sequence}", "melding", gemeente, "melding", casus, sequence, name="gedaan")


def reaction(gemeente: str, casus: str) -> Event:
    """What onderzoek logs after the melding of this casus."""
    cause = melding(gemeente, casus, 1).position
    return Event(f"o-{casus}", "onderzoek", gemeente, "onderzoek", casus, 1, cause, REACTION)


def of_casus(gemeente: str, casus: str) -> list[Event]:
    """A melding of two events, the reaction to it, and a third event of the melding."""
    return [
        melding(gemeente, casus, 1),
        melding(gemeente, casus, 2),
        reaction(gemeente, casus),
        melding(gemeente, casus, 3),
    ]


def accepted(gemeente: str, casus: str) -> list[Accepted]:
    """The commands behind them: one that begins, one that follows."""
    ids = [melding(gemeente, casus, n).id for n in (1, 2, 3)]
    last = melding(gemeente, casus, 3).position
    return [
        Accepted(f"k-{casus}-1", "melding", BEGINS, gemeente, casus, tuple(ids[:2]), last, 1.0),
        Accepted(f"k-{casus}-2", "melding", "vervolg", gemeente, casus, (ids[2],), last, 2.0),
    ]


def sound() -> Evidence:
    """Evidence of a run in which nothing went wrong."""
    events = [event for gemeente in GEMEENTEN for casus in CASES[gemeente] for event in of_casus(gemeente, casus)]
    subscribers = {}
    for gemeente in GEMEENTEN:
        own = [event for event in events if event.gemeente == gemeente]
        subscribers[f"abonnee-{gemeente}"] = Subscriber(
            gemeente,
            {number: [event.id] for number, event in enumerate(own, start=1)},
            [Delivery(number, event) for number, event in enumerate(own, start=1)],
        )
    return Evidence(
        accepted=[one for gemeente in GEMEENTEN for casus in CASES[gemeente] for one in accepted(gemeente, casus)],
        store=list(events),
        stream=list(events),
        effects={service: list(events) for service in WHERE},
        subscribers=subscribers,
    )


def test_a_sound_run_has_no_findings() -> None:
    """Nothing is found where nothing is wrong, also not in deliveries, relays and reads that were repeated."""
    assert audit(sound()) == Findings()
    behind = sound()
    # The relay of melding is behind that of onderzoek: in the stream the reaction comes first, nowhere else.
    behind.stream = sorted(behind.stream, key=lambda event: event.service, reverse=True)
    assert audit(behind) == Findings()
    repeated = sound()
    repeated.stream = [event for event in repeated.stream for _ in range(2)]
    for subscriber in repeated.subscribers.values():
        subscriber.deliveries += [replace(one, again=True) for one in subscriber.deliveries]
    assert audit(repeated) == Findings()


Break = Callable[[Evidence], None]


def never_stored(found: Evidence) -> None:
    """An accepted command of which no event was kept, anywhere."""
    gone = melding("0086", "casus-b", 3).id
    _everywhere(found, lambda events: [event for event in events if event.id != gone])
    found.subscribers["abonnee-0086"].numbers.popitem()
    found.subscribers["abonnee-0086"].deliveries.pop()


def never_relayed(found: Evidence) -> None:
    """The last event of a casus is in the store and not in the stream."""
    found.stream = found.stream[:-1]


def never_handled(found: Evidence) -> None:
    """The last event of a casus has no effect in one service."""
    found.effects = {**found.effects, "historie": found.effects["historie"][:-1]}


def never_delivered(found: Evidence) -> None:
    """The last number of a subscription was given and did not arrive."""
    found.subscribers["abonnee-0080"].deliveries.pop()


def never_reacted(found: Evidence) -> None:
    """A melding without the reaction of onderzoek, nowhere."""
    gone = reaction("0080", "casus-c").id
    _everywhere(found, lambda events: [event for event in events if event.id != gone])
    subscriber = found.subscribers["abonnee-0080"]
    kept = [one.event for one in subscriber.deliveries if one.event is not None and one.event.id != gone]
    subscriber.numbers = {number: [event.id] for number, event in enumerate(kept, start=1)}
    subscriber.deliveries = [Delivery(number, event) for number, event in enumerate(kept, start=1)]


def skipped_in_the_stream(found: Evidence) -> None:
    """The second event of a casus never came by, the third did."""
    gone = melding("0086", "casus-a", 2).id
    found.stream = [event for event in found.stream if event.id != gone]


def skipped_number(found: Evidence) -> None:
    """A number was never given."""
    found.subscribers["abonnee-0086"].numbers.pop(2)


def skipped_delivery(found: Evidence) -> None:
    """A number did not arrive, the next ones did."""
    del found.subscribers["abonnee-0086"].deliveries[1]


def swapped_effects(found: Evidence) -> None:
    """The second event of a casus took effect before the first."""
    effects = list(found.effects["historie"])
    effects[0], effects[1] = effects[1], effects[0]
    found.effects = {**found.effects, "historie": effects}


def effect_before_its_cause(found: Evidence) -> None:
    """A service handled the reaction before the melding that caused it."""
    events = list(found.effects["historie"])
    events.insert(0, events.pop(2))
    found.effects = {**found.effects, "historie": events}


def second_before_first(found: Evidence) -> None:
    """The second event of a melding came by before the first."""
    found.stream = [found.stream[1], found.stream[0], *found.stream[2:]]


def delivered_before_its_cause(found: Evidence) -> None:
    """A subscriber got the reaction, under the first number, before the melding that caused it."""
    subscriber = found.subscribers["abonnee-0080"]
    events = [one.event for one in subscriber.deliveries if one.event is not None]
    events.insert(0, events.pop(2))
    subscriber.numbers = {number: [event.id] for number, event in enumerate(events, start=1)}
    subscriber.deliveries = [Delivery(number, event) for number, event in enumerate(events, start=1)]


def swapped_deliveries(found: Evidence) -> None:
    """A subscriber got number 2 before number 1."""
    deliveries = found.subscribers["abonnee-0080"].deliveries
    deliveries[0], deliveries[1] = deliveries[1], deliveries[0]


def logged_twice(found: Evidence) -> None:
    """One command logged its event twice: the second under an id that no answer names."""
    again = replace(melding("0086", "casus-a", 4), id="m-casus-a-again")
    _everywhere(found, lambda events: [*events, again])
    subscriber = found.subscribers["abonnee-0086"]
    number = len(subscriber.numbers) + 1
    subscriber.numbers[number] = [again.id]
    subscriber.deliveries.append(Delivery(number, again))


def handled_twice(found: Evidence) -> None:
    """One event took effect twice in one service."""
    effects = found.effects["abonnement"]
    found.effects = {**found.effects, "abonnement": [*effects, effects[-1]]}


def reacted_twice(found: Evidence) -> None:
    """onderzoek reacted to one melding twice."""
    again = replace(reaction("0080", "casus-c"), id="o-again", sequence=2)
    _everywhere(found, lambda events: [*events, again])
    subscriber = found.subscribers["abonnee-0080"]
    number = len(subscriber.numbers) + 1
    subscriber.numbers[number] = [again.id]
    subscriber.deliveries.append(Delivery(number, again))


def numbered_twice(found: Evidence) -> None:
    """One event got two numbers of one subscription."""
    subscriber = found.subscribers["abonnee-0080"]
    number = len(subscriber.numbers) + 1
    subscriber.numbers[number] = subscriber.numbers[1]
    subscriber.deliveries.append(replace(subscriber.deliveries[0], number=number))


def delivered_to_another(found: Evidence) -> None:
    """A subscriber got an event of another gemeente under a number of its own."""
    subscriber = found.subscribers["abonnee-0080"]
    number = len(subscriber.numbers) + 1
    subscriber.numbers[number] = []
    subscriber.deliveries.append(Delivery(number, melding("0086", "casus-a", 1)))


def numbered_for_another(found: Evidence) -> None:
    """An event of another gemeente was given a number, and withheld at delivery: that it exists is told."""
    subscriber = found.subscribers["abonnee-0080"]
    number = len(subscriber.numbers) + 1
    subscriber.numbers[number] = [melding("0086", "casus-a", 1).id]
    subscriber.deliveries.append(Delivery(number, None))


@pytest.mark.parametrize(
    ("broken", "kinds"),
    [
        (never_stored, {"lost"}),
        (never_relayed, {"lost"}),
        (never_handled, {"lost"}),
        (never_delivered, {"lost"}),
        (never_reacted, {"lost"}),
        (skipped_in_the_stream, {"skipped", "lost"}),
        (skipped_number, {"skipped"}),
        (skipped_delivery, {"skipped", "lost", "out_of_order"}),
        (swapped_effects, {"out_of_order"}),
        (effect_before_its_cause, {"out_of_order"}),
        (second_before_first, {"out_of_order"}),
        (delivered_before_its_cause, {"out_of_order"}),
        (swapped_deliveries, {"out_of_order"}),
        (logged_twice, {"double"}),
        (handled_twice, {"double"}),
        (reacted_twice, {"double"}),
        (numbered_twice, {"double"}),
        (delivered_to_another, {"leaked"}),
        (numbered_for_another, {"leaked"}),
    ],
    ids=lambda one: one.__name__ if callable(one) else "",
)
def test_one_thing_wrong_is_found_as_what_it_is(broken: Break, kinds: set[str]) -> None:
    """The same run with one breach has findings of exactly the kinds that the breach is, and says where."""
    found = sound()
    broken(found)
    findings = audit(found)
    assert {kind for kind, count in findings.counts().items() if count} == kinds
    assert all("casus-" in told or "subscri" in told or "m-casus" in told for told in findings.sentences())


def _everywhere(found: Evidence, change: Callable[[list[Event]], list[Event]]) -> None:
    found.store, found.stream = change(list(found.store)), change(list(found.stream))
    found.effects = {service: change(list(events)) for service, events in found.effects.items()}
