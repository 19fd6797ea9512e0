"""The order in which foreign events are told."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from casuslog.envelope import Envelope
from casuslog.events import TYPE_PREFIX
from casuslog.readmodels._kept_form import as_json
from casuslog.readmodels.known import causes_first
from casuslog.recorded import StoredEvent

CASUS = str(uuid.uuid5(uuid.NAMESPACE_URL, "casus"))


def event(service: str, sequence: int, oorzaak: StoredEvent | None = None) -> StoredEvent:
    """An event of a service."""
    envelope = Envelope(
        id=str(uuid.uuid4()),
        source=f"urn:nld:oin:00000099000000860000:systeem:{service}",
        type=f"{TYPE_PREFIX}iets-gebeurd",
        time=datetime(2017, 3, 1, 9, tzinfo=UTC),
        subject=CASUS,
        dataschema="/schemas/0123456789abcdef",
        sequence=sequence,
        gemeente="0086",
        stroom=service,
        feitdatum=date(2017, 3, 1),
        correlationid=CASUS,
        causationid=CASUS,
        oorzaak=None if oorzaak is None else str(oorzaak.envelope.position),
        actorrol="systeem",
        actorid="casuslog",
    )
    return StoredEvent(envelope, b"")


def test_an_effect_comes_after_its_cause_and_a_stream_keeps_its_order() -> None:
    """In whatever order the moments of their clocks put them: every cause first, every stream by its sequence."""
    first = event("melding", 1)
    second = event("melding", 2)
    started = event("onderzoek", 1, first)
    aanvraag = event("beschikking", 1, second)
    for order in permutations([first, second, started, aanvraag]):
        told = list(causes_first(order))
        assert sorted(map(id, told)) == sorted(map(id, order))
        assert told.index(first) < told.index(second) < told.index(aanvraag)
        assert told.index(first) < told.index(started)


def test_what_is_in_order_stays_as_it_is() -> None:
    """Events without a cause among them keep the order of their moments."""
    events = [event("onderzoek", 5), event("melding", 3), event("melding", 4)]
    assert list(causes_first(events)) == events


def test_a_cause_that_is_not_known_holds_nothing_back() -> None:
    """The cause may stand in a stream that this service does not keep, or that the reader may not have."""
    effect = event("pgb", 1, event("beschikking", 9))
    assert list(causes_first([effect])) == [effect]


@given(st.dictionaries(st.text(), st.text()))
def test_an_envelope_is_kept_in_the_words_of_json(attributes: dict[str, str]) -> None:
    """What is kept of an envelope is byte for byte what the JSON library writes, whatever the values hold."""
    assert as_json(attributes) == json.dumps(attributes, ensure_ascii=False)
