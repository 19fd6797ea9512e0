"""Making what an append keeps: facts and context become envelopes, checked, with encoded bodies in one chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any, NamedTuple

from casuslog.clock import AMSTERDAM, Clock
from casuslog.codec import Codec
from casuslog.envelope import SPECVERSION, Envelope, Stream
from casuslog.errors import InvalidInput
from casuslog.events import Fact
from casuslog.identifiers import gemeentecode_ok, new_id
from casuslog.profile import MAX_BYTES, check_size, validate
from casuslog.recorded import Context, Cursor, StoredEvent
from casuslog.store._chain import link

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
_of_context = attrgetter(*_OF_CONTEXT)
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
_ROOMY = 2_000
"""More than the names and overhead of all attributes as headers take."""


class Made(NamedTuple):
    """An event about to be kept, with the text of its envelope."""

    envelope: Envelope
    text: str
    body: bytes
    prev_hash: bytes
    hash: bytes

    def kept_at(self, cursor: Cursor | None) -> StoredEvent:
        """The event as it stands in the store."""
        return StoredEvent(self.envelope, self.body, self.hash, self.prev_hash, cursor)


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: what every envelope of this store has in common."""

    service: str
    codec: Codec
    clock: Clock
    oin_of: Callable[[str], str]

    def make(
        self, stream: Stream, expected: int, facts: Sequence[Fact], context: Context, prev_hash: bytes
    ) -> list[Made]:
        """The events that follow version ``expected`` of a stream, whose hash is ``prev_hash``.

        Raises:
            InvalidInput: the stream has no owner, a fact lies in the future, or an envelope breaks the profile.
            ValueError: a fact determines an attribute that is not its to determine.
        """
        _check_stream(stream)
        now = self.clock.now()
        _check_facts(facts, now)
        common = self._common(stream, context, now)
        checked: set[tuple[Any, ...]] = set()
        texts = _Texts()
        made: list[Made] = []
        for version, fact in enumerate(facts, expected + 1):
            envelope = self._envelope(common, version, fact)
            _validate_once(envelope, fact, checked)
            one = self._made(envelope, fact, texts, prev_hash)
            made.append(one)
            prev_hash = one.hash
        return made

    def _common(self, stream: Stream, context: Context, now: datetime) -> dict[str, Any]:
        actor = context.actor
        return {
            "source": f"urn:nld:oin:{self.oin_of(stream.gemeente)}:systeem:{self.service}",
            "time": now,
            "gemeente": stream.gemeente,
            "stroom": stream.kind,
            "subject": stream.id,
            "actorrol": actor.rol,
            "actororganisatie": actor.organisatie,
            "actorid": actor.id,
            **dict(zip(_OF_CONTEXT, _of_context(context), strict=True)),
        }

    def _envelope(self, common: dict[str, Any], version: int, fact: Fact) -> Envelope:
        event_class = type(fact.data)
        given = {**common, **fact.attributes} if fact.attributes else common
        return Envelope(
            id=new_id(),
            type=event_class.__event__.wire_type,
            dataschema=self.codec.dataschema_of(event_class),
            sequence=version,
            feitdatum=fact.on,
            corrigeert=fact.corrects,
            grondslag=fact.grondslag,
            **given,
        )

    def _made(self, envelope: Envelope, fact: Fact, texts: _Texts, prev_hash: bytes) -> Made:
        body = self.codec.encode(fact, envelope)
        text = texts.of(envelope, fact)
        # A character takes four bytes at most: only what comes near the bound is measured exactly.
        if len(body) + 4 * len(text) + _ROOMY > MAX_BYTES:
            check_size(envelope.attributes(), body)
        return Made(envelope, text, body, prev_hash, link(prev_hash, text, body))


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


_OWN = ("dataschema", "feitdatum", "grondslag", "id", "sequence", "type")
"""What differs between the events of an append, in the order in which it stands in the text."""


class _Texts:
    """The texts of the envelopes of one append, most of it made once."""

    __slots__ = ("_first", "_mould")

    def __init__(self) -> None:
        self._mould = ""
        self._first = True

    def of(self, envelope: Envelope, fact: Fact) -> str:
        """The text of an envelope."""
        if self._first or fact.attributes or fact.corrects or not envelope.grondslag:
            self._first = False
            return text_of(envelope)
        if not self._mould:
            self._mould = _mould(envelope)
        e, quoted = envelope, encode_basestring  # the others have forms that leave nothing to quote
        return self._mould % (e.dataschema, e.feitdatum.isoformat(), quoted(e.grondslag), e.id, e.sequence, e.type)


def _mould(envelope: Envelope) -> str:
    attributes = envelope.attributes()
    places = {name: "%s" if name == "grondslag" else '"%s"' for name in _OWN}
    fixed = {name: encode_basestring(value).replace("%", "%%") for name, value in attributes.items()}
    return "{" + ",".join([f'"{name}":{text}' for name, text in sorted({**fixed, **places}.items())]) + "}"


def _check_stream(stream: Stream) -> None:
    if not gemeentecode_ok(stream.gemeente):
        raise InvalidInput("Een stroom heeft een eigenaar: noem de gemeente met haar code van vier cijfers.")


def _check_facts(facts: Sequence[Fact], now: datetime) -> None:
    # Amsterdam is ahead of UTC: its day need only be known for a fact of what is tomorrow in UTC.
    utc = now.date()
    for fact in facts:
        if fact.on > utc and fact.on > (day := now.astimezone(AMSTERDAM).date()):
            raise InvalidInput(
                f"Een feit kan niet in de toekomst liggen: de dag van het feit is {fact.on}, vandaag is {day}.",
                errors={"feitdatum": [f"hooguit {day.isoformat()}"]},
            )
        unknown = fact.attributes.keys() - OF_FACT if fact.attributes else None
        if unknown:
            raise ValueError(f"a fact cannot determine {', '.join(sorted(unknown))}; only {', '.join(sorted(OF_FACT))}")


def _validate_once(envelope: Envelope, fact: Fact, checked: set[tuple[Any, ...]]) -> None:
    """Check an envelope against the profile, unless one of this append differs from it only where nothing can be wrong.

    That is in its id, which was made here, its number in the stream, and its day, which :func:`_check_facts` judged.
    """
    differs = (envelope.type, envelope.grondslag, envelope.corrigeert, *sorted(fact.attributes.items()))
    if differs not in checked:
        validate(envelope)
        checked.add(differs)
