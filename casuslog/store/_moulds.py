"""The texts of envelopes: what events of one kind have in common is checked and written once, and filled in after that.

A kind is an event class with its grondslag, under attributes that a service gives to most of what it appends: source,
kind of stream, who acted, which gemeenten, organ, title, theme, inrichting. What differs is checked for each event, or
was made here. The text is to the byte what :func:`casuslog.store._chain.canonical` gives (a test compares).
"""

from __future__ import annotations

from datetime import UTC, datetime
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any

from casuslog.envelope import SPECVERSION, Envelope, Stream
from casuslog.events import DomainEvent, Fact
from casuslog.profile import MAX_SEQUENCE, changing_ok, validate
from casuslog.recorded import Context

MOST = 2_000
"""Kinds that are remembered before all are dropped: a bound on memory. One takes some 1.5 kB."""

_KIND = (
    "source",
    "gemeente",
    "stroom",
    "actorrol",
    "actororganisatie",
    "actorid",
    "woongemeente",
    "uitvoerendegemeente",
    "betalendegemeente",
    "orgaan",
    "titel",
    "thema",
    "inrichtingversie",
    "geimporteerd",
)
_of_context = attrgetter(*_KIND[6:])
_PLACES = (
    "causationid",
    "correlationid",
    "externereferentie",
    "feitdatum",
    "id",
    "oorzaak",
    "sequence",
    "subject",
    "time",
    "traceparent",
)
"""What differs within a kind, in the order in which it stands in the text; never the first, which is ``actorid``."""
_MAY_BE_ABSENT = frozenset(("externereferentie", "oorzaak", "traceparent"))
Kind = tuple[Any, ...]


class Moulds:
    """The kinds that were met, each with its text, open where events differ."""

    def __init__(self) -> None:
        self._of_kind: dict[Kind, dict[tuple[type[DomainEvent], str], str]] = {}
        self._count = 0

    def of(self, kind: Kind) -> dict[tuple[type[DomainEvent], str], str]:
        """Those of a kind of context, by event class and grondslag."""
        # Not kept while there is none: a kind of which each event is checked by itself would stay for nothing.
        return self._of_kind.get(kind) or {}

    def put(self, kind: Kind, of_fact: tuple[type[DomainEvent], str], mould: str) -> None:
        """Remember one."""
        self._count += 1
        if self._count > MOST:
            self._of_kind.clear()
            self._count = 1
        self._of_kind.setdefault(kind, {})[of_fact] = mould


class Texts:
    """The texts of the envelopes of one append.

    Args:
        moulds: of the store.
        source: of its events.
        stream, context: as they were given.
        now: the moment of all of them.
    """

    __slots__ = ("_context", "_kind", "_moulds", "_now", "_of_kind", "_ok", "_shared", "_stream")

    def __init__(self, moulds: Moulds, source: str, stream: Stream, context: Context, now: datetime) -> None:
        actor, c = context.actor, context
        self._moulds = moulds
        self._context = context
        self._stream = stream
        self._now = now
        self._kind: Kind = (
            *(source, stream.gemeente, stream.kind, actor.rol, actor.organisatie, actor.id),
            *_of_context(context),
        )
        self._of_kind = moulds.of(self._kind)
        given = (stream.id, c.correlationid, c.causationid, c.oorzaak, c.traceparent)
        self._ok = now.tzinfo is UTC and changing_ok(*given, said=c.externereferentie)
        self._shared = (
            c.causationid,
            c.correlationid,
            _maybe("externereferentie", c.externereferentie),
            _maybe("oorzaak", c.oorzaak),
            stream.id,
            now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            _maybe("traceparent", c.traceparent),
        )

    def of(self, fact: Fact, event_id: str, version: int, dataschema: str) -> str:
        """The text of the envelope of a fact. Its day must have been judged: it may not lie in the future.

        Raises:
            InvalidInput: it breaks the profile.
        """
        if fact.attributes or fact.corrects or not self._ok or version > MAX_SEQUENCE:
            return self._checked(fact, event_id, version, dataschema)[0]
        of_fact = (type(fact.data), fact.grondslag)
        mould = self._of_kind.get(of_fact)
        if mould is None:
            text, envelope = self._checked(fact, event_id, version, dataschema)
            self._moulds.put(self._kind, of_fact, _mould(envelope))
            self._of_kind = self._moulds.of(self._kind)
            return text
        causation, correlation, reference, cause, subject, time, trace = self._shared
        day = fact.on.isoformat()
        return mould % (causation, correlation, reference, day, event_id, cause, version, subject, time, trace)

    def _checked(self, fact: Fact, event_id: str, version: int, dataschema: str) -> tuple[str, Envelope]:
        """The envelope by itself, checked in full, and its text."""
        given: dict[str, Any] = dict(zip(_KIND, self._kind, strict=True)) | dict(fact.attributes)
        c = self._context
        envelope = Envelope(
            id=event_id,
            type=fact.data.__event__.wire_type,
            dataschema=dataschema,
            sequence=version,
            subject=self._stream.id,
            time=self._now,
            feitdatum=fact.on,
            corrigeert=fact.corrects,
            grondslag=fact.grondslag,
            correlationid=c.correlationid,
            causationid=c.causationid,
            oorzaak=c.oorzaak,
            traceparent=c.traceparent,
            externereferentie=c.externereferentie,
            **given,
        )
        validate(envelope)
        return text_of(envelope), envelope


def _mould(envelope: Envelope) -> str:
    """The text of an envelope with places for what differs within its kind."""
    attributes = envelope.attributes()
    parts = {name: f',"{name}":{encode_basestring(value)}'.replace("%", "%%") for name, value in attributes.items()}
    parts |= {name: "%s" if name in _MAY_BE_ABSENT else f',"{name}":"%s"' for name in _PLACES}
    return "{" + "".join([parts[name] for name in sorted(parts)])[1:] + "}"


def text_of(envelope: Envelope) -> str:
    """The text of an envelope that keeps to the profile: its attributes in the one form of the chain.

    Written out in the order of the names: a third of the time that a dictionary takes which is sorted and quoted again.
    Only free texts are quoted; the profile gives all else a form that leaves nothing to quote (a test compares).
    """
    e, quoted, maybe = envelope, encode_basestring, _maybe
    time = e.time.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return (
        f'{{"actorid":{quoted(e.actorid)}'
        f"{maybe('actororganisatie', e.actororganisatie)}"
        f',"actorrol":"{e.actorrol}"'
        f"{maybe('betalendegemeente', e.betalendegemeente)}"
        f',"causationid":"{e.causationid}"'
        f',"correlationid":"{e.correlationid}"'
        f"{maybe('corrigeert', e.corrigeert)}"
        f',"dataschema":"{e.dataschema}"'
        f"{maybe('externereferentie', e.externereferentie)}"
        f',"feitdatum":"{e.feitdatum.isoformat()}"{_IMPORTED if e.geimporteerd else ""},"gemeente":"{e.gemeente}"'
        f"{maybe('grondslag', e.grondslag)}"
        f',"id":"{e.id}"'
        f"{maybe('inrichtingversie', e.inrichtingversie)}{maybe('oorzaak', e.oorzaak)}{maybe('orgaan', e.orgaan)}"
        f',"sequence":"{e.sequence}","sequencetype":"Integer","source":"{e.source}","specversion":"{SPECVERSION}"'
        f',"stroom":"{e.stroom}","subject":"{e.subject}"'
        f"{maybe('thema', e.thema)}"
        f',"time":"{time}"'
        f"{maybe('titel', e.titel)}{maybe('traceparent', e.traceparent)}"
        f',"type":"{e.type}"'
        f"{maybe('uitvoerendegemeente', e.uitvoerendegemeente)}{maybe('woongemeente', e.woongemeente)}}}"
    )


_IMPORTED = ',"geimporteerd":"true"'


def _maybe(name: str, value: str | None) -> str:
    return f',"{name}":{encode_basestring(value)}' if value else ""
