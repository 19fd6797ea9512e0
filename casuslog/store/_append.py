"""Appending facts to a stream: envelopes made and checked, bodies encoded, one INSERT for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from casuslog.clock import Clock, today
from casuslog.codec import Codec
from casuslog.envelope import Envelope, Stream
from casuslog.errors import Conflict, InvalidInput
from casuslog.events import Fact
from casuslog.identifiers import gemeentecode_ok, new_id
from casuslog.profile import check_size, validate
from casuslog.recorded import Context, Cursor, StoredEvent
from casuslog.store._chain import GENESIS, canonical, link
from casuslog.store.tables import events

_OF_CONTEXT = (
    "correlationid",
    "causationid",
    "oorzaak",
    "traceparent",
    "woongemeente",
    "uitvoerendegemeente",
    "betalendegemeente",
    "orgaan",
    "titel",
    "thema",
    "inrichtingversie",
    "externereferentie",
    "geimporteerd",
)
OF_FACT = frozenset(
    {
        "orgaan",
        "titel",
        "thema",
        "betalendegemeente",
        "uitvoerendegemeente",
        "woongemeente",
        "inrichtingversie",
    }
)
"""Attributes that a decision itself may determine (:attr:`casuslog.events.Fact.attributes`)."""


class LostRace(Conflict):
    """Another transaction was first. The same act, decided anew in a new transaction, may well succeed."""

    stream: Stream | None = None
    """The stream whose present version is not known yet: the transaction has to end before it can be read."""


@dataclass(frozen=True, slots=True)
class _Made:
    """An event about to be kept, with the text of its envelope."""

    envelope: Envelope
    text: str
    body: bytes
    prev_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: what every envelope of this store has in common."""

    service: str
    codec: Codec
    clock: Clock
    oin_of: Callable[[str], str]

    def append(
        self, conn: Connection, stream: Stream, expected: int, facts: Sequence[Fact], context: Context
    ) -> list[StoredEvent]:
        """See :meth:`casuslog.store.Transaction.append`. The transaction is lost when :class:`LostRace` is raised."""
        _check_stream(stream)
        for fact in facts:
            self._check_fact(fact)
        prev_hash = _hash_at(conn, stream, expected)
        made: list[_Made] = []
        for version, fact in enumerate(facts, expected + 1):
            made.append(self._made(stream, version, fact, context, prev_hash))
            prev_hash = made[-1].hash
        return _insert(conn, stream, expected, made) if made else []

    def _check_fact(self, fact: Fact) -> None:
        day = today(self.clock)
        if fact.on > day:
            raise InvalidInput(
                f"Een feit kan niet in de toekomst liggen: de dag van het feit is {fact.on}, vandaag is {day}.",
                errors={"feitdatum": [f"hooguit {day.isoformat()}"]},
            )
        unknown = fact.attributes.keys() - OF_FACT
        if unknown:
            raise ValueError(f"a fact cannot determine {', '.join(sorted(unknown))}; only {', '.join(sorted(OF_FACT))}")

    def _made(self, stream: Stream, version: int, fact: Fact, context: Context, prev_hash: bytes) -> _Made:
        envelope = self._envelope(stream, version, fact, context)
        validate(envelope)
        body = self.codec.encode(fact, envelope)
        attributes = envelope.attributes()
        check_size(attributes, body)
        text = canonical(attributes)
        return _Made(envelope, text, body, prev_hash, link(prev_hash, text, body))

    def _envelope(self, stream: Stream, version: int, fact: Fact, context: Context) -> Envelope:
        given: dict[str, Any] = {name: getattr(context, name) for name in _OF_CONTEXT}
        return Envelope(
            id=new_id(),
            source=f"urn:nld:oin:{self.oin_of(stream.gemeente)}:systeem:{self.service}",
            type=fact.data.__event__.wire_type,
            time=self.clock.now(),
            subject=stream.id,
            dataschema=self.codec.dataschema_of(type(fact.data)),
            sequence=version,
            gemeente=stream.gemeente,
            stroom=stream.kind,
            feitdatum=fact.on,
            corrigeert=fact.corrects,
            grondslag=fact.grondslag,
            actorrol=context.actor.rol,
            actororganisatie=context.actor.organisatie,
            actorid=context.actor.id,
            **{**given, **fact.attributes},
        )


_STREAM = (events.c.gemeente, events.c.stroom, events.c.subject)
# Made once: building a statement costs more than sending it.
_HEAD = (
    select(events.c.version, events.c.hash)
    .where(*(column == bindparam(column.name) for column in _STREAM))
    .order_by(events.c.version.desc())
    .limit(1)
)
_INSERT = insert(events).returning(events.c.version, events.c.era, events.c.xid, events.c.position)


def version_of(conn: Connection, stream: Stream) -> int:
    """The version of a stream as this transaction sees it; 0 when it does not exist."""
    head = _head(conn, stream)
    return head.version if head else 0


def of_stream(stream: Stream) -> tuple[Any, ...]:
    """The predicate of one stream; the gemeente is always part of it."""
    values = (stream.gemeente, stream.kind, stream.id)
    return tuple(column == value for column, value in zip(_STREAM, values, strict=True))


def conflict(stream: Stream, expected: int, actual: int | None) -> LostRace:
    """The error for a stream that is at another version; ``actual`` is ``None`` while that is not known."""
    stands = "niet meer" if actual is None else f"op versie {actual} en niet"
    error = LostRace(
        f"De stroom {stream.kind} staat {stands} op versie {expected}. Lees opnieuw en beslis opnieuw.",
        expected=expected,
        actual=actual,
    )
    error.stream = stream if actual is None else None
    return error


class KeyTaken(Exception):
    """The INSERT met a row with the same key: another transaction committed first."""


def _check_stream(stream: Stream) -> None:
    if not gemeentecode_ok(stream.gemeente):
        raise InvalidInput("Een stroom heeft een eigenaar: noem de gemeente met haar code van vier cijfers.")


def _head(conn: Connection, stream: Stream) -> Any:
    return conn.execute(_HEAD, {"gemeente": stream.gemeente, "stroom": stream.kind, "subject": stream.id}).first()


def _hash_at(conn: Connection, stream: Stream, expected: int) -> bytes:
    # The snapshot must itself hold what was decided upon. That also stops a transaction that took its id early: it
    # would sort before the event that it follows, and readers would see version 2 first.
    head = _head(conn, stream)
    actual = head.version if head else 0
    if actual != expected:
        raise conflict(stream, expected, actual)
    return bytes(head.hash) if head else GENESIS


def _insert(conn: Connection, stream: Stream, expected: int, made: list[_Made]) -> list[StoredEvent]:
    try:
        rows = conn.execute(_INSERT, [_row(event) for event in made]).all()
    except IntegrityError as error:
        if _is_stream_key(error):
            raise KeyTaken(stream, expected) from error
        raise
    cursors = {row.version: Cursor(row.era, row.xid, row.position) for row in rows}
    return [StoredEvent(e.envelope, e.body, e.hash, e.prev_hash, cursors[e.envelope.sequence]) for e in made]


def _row(event: _Made) -> dict[str, Any]:
    envelope = event.envelope
    return {
        "gemeente": envelope.gemeente,
        "stroom": envelope.stroom,
        "subject": envelope.subject,
        "version": envelope.sequence,
        "event_id": envelope.id,
        "type": envelope.type,
        "envelope": event.text,
        "body": event.body,
        "prev_hash": event.prev_hash,
        "hash": event.hash,
        "logged_at": envelope.time,
    }


def _is_stream_key(error: IntegrityError) -> bool:
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return bool(diagnosis.constraint_name == "events_pkey")
    return "events.version" in str(error.orig)
