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
_PLACE = "\0"
"""Marks one while a mould is made: no text holds it, for JSON escapes it."""
_MAY_BE_ABSENT = frozenset(("externereferentie", "oorzaak", "traceparent"))
Kind = tuple[Any, ...]
Mould = tuple[str, ...]
"""What stands before, between and after the places."""
OfFact = tuple[type[DomainEvent], str]
"""An event class and its grondslag."""


class Moulds:
    """The kinds that were met, each with its text, open where events differ."""

    def __init__(self) -> None:
        self._of_kind: dict[Kind, dict[OfFact, Mould]] = {}
        self._count = 0

    def of(self, kind: Kind) -> dict[OfFact, Mould]:
        """Those of a kind of context, by event class and grondslag."""
        # Not kept while there is none: a kind of which each event is checked by itself would stay for nothing.
        return self._of_kind.get(kind) or {}

    def put(self, kind: Kind, of_fact: OfFact, mould: Mould) -> None:
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

    __slots__ = ("_context", "_filled", "_kind", "_moulds", "_now", "_of_kind", "_ok", "_shared", "_stream")

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
            _moment(now),
            _maybe("traceparent", c.traceparent),
        )
        self._filled: dict[OfFact, tuple[str, str, str, str]] = {}
        """Moulds with what is shared filled in: before, between and after the day, the id and the number."""

    def of(self, fact: Fact, event_id: str, version: int, dataschema: str) -> str:
        """The text of the envelope of a fact. Its day must have been judged: it may not lie in the future.

        Raises:
            InvalidInput: it breaks the profile.
        """
        if fact.attributes or fact.corrects or not self._ok or version > MAX_SEQUENCE:
            return self._checked(fact, event_id, version, dataschema)[0]
        of_fact = (type(fact.data), fact.grondslag)
        filled = self._filled.get(of_fact)
        if filled is None:
            mould = self._of_kind.get(of_fact)
            if mould is None:
                text, envelope = self._checked(fact, event_id, version, dataschema)
                self._moulds.put(self._kind, of_fact, _mould(envelope))
                self._of_kind = self._moulds.of(self._kind)
                return text
            filled = self._filled[of_fact] = self._with_shared(mould)
        before, after_day, after_id, after_number = filled
        return f"{before}{fact.on.isoformat()}{after_day}{event_id}{after_id}{version}{after_number}"

    def _with_shared(self, mould: Mould) -> tuple[str, str, str, str]:
        p, (causation, correlation, reference, cause, subject, time, trace) = mould, self._shared
        return (
            "".join((p[0], causation, p[1], correlation, p[2], reference, p[3])),
            p[4],
            "".join((p[5], cause, p[6])),
            "".join((p[7], subject, p[8], time, p[9], trace, p[10])),
        )

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


def _mould(envelope: Envelope) -> Mould:
    """The text of an envelope without what differs within its kind."""
    attributes = envelope.attributes()
    parts = {name: f',"{name}":{encode_basestring(value)}' for name, value in attributes.items()}
    parts |= {name: _PLACE if name in _MAY_BE_ABSENT else f',"{name}":"{_PLACE}"' for name in _PLACES}
    return tuple(("{" + "".join([parts[name] for name in sorted(parts)])[1:] + "}").split(_PLACE))


def text_of(envelope: Envelope) -> str:
    """The text of an envelope that keeps to the profile: its attributes in the one form of the chain.

    Written out in the order of the names: a third of the time that a dictionary takes which is sorted and quoted again.
    Only free texts are quoted; the profile gives all else a form that leaves nothing to quote (a test compares).
    """
    e, quoted, maybe = envelope, encode_basestring, _maybe
    time = _moment(e.time)
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


def _moment(utc: datetime) -> str:
    # Day and time by themselves, without the zone: written in half the time.
    return f"{utc.date().isoformat()}T{utc.time().isoformat('microseconds')}Z"


def _maybe(name: str, value: str | None) -> str:
    return f',"{name}":{encode_basestring(value)}' if value else ""
