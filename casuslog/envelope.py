"""The envelope of an event: CloudEvents 1.0 in the NL GOV profile 1.1, all that stays readable.

Attribute names are the names on the wire. Nothing in here may identify a person: intermediaries log it.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from casuslog.events import TYPE_PREFIX

SPECVERSION = "1.0"
CONTENT_TYPE = "application/vnd.casuslog.event+avro"
"""Content type of the stored (encrypted) form in the log."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Where an event stands: the owner (tenant), the kind of stream and its id. Part of every key and predicate."""

    gemeente: str
    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.gemeente}/{self.kind}/{self.id}"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: a role, an organisation and a pseudonymous id, so that four eyes can be checked. Never a name."""

    rol: str
    organisatie: str | None
    id: str


def service_of(source: str) -> str:
    """The service in a ``source``."""
    return source.rpartition(":")[2]


class _Kept:
    """Where an envelope that was not opened yet keeps its text."""

    __slots__ = ("_text",)
    _text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope(_Kept):
    """The context attributes of one event."""

    id: str
    """UUIDv7; persistent, the idempotency key, reused on every re-send."""
    source: str
    """``urn:nld:oin:<OIN of the owner>:systeem:<service>``."""
    type: str
    time: datetime
    """When it was logged (UTC). The day of the fact is ``feitdatum``."""
    subject: str
    """Casus id (UUID), or the id of a dossier of its own: opaque, never a BSN."""
    dataschema: str
    """``/schemas/<16 hex>``: CRC-64-AVRO fingerprint of the clear schema."""
    sequence: int
    """1, 2, 3, ... gapless in the stream."""
    gemeente: str
    """The owner: the gemeente whose college answers for this act. It is the tenant."""
    stroom: str
    """Kind of stream: ``melding``, ``onderzoek``, ``beschikking``, ``pgb``, ``toezicht``, ``signaal``, ..."""
    feitdatum: date
    correlationid: str
    """UUID of the command with which it all began."""
    causationid: str
    """UUID of the command, or of the event that this is a reaction to."""
    oorzaak: str | None = None
    """Position of the causing event (see :class:`Position`), so that a consumer can wait for it."""
    traceparent: str | None = None
    corrigeert: str | None = None
    woongemeente: str | None = None
    uitvoerendegemeente: str | None = None
    betalendegemeente: str | None = None
    orgaan: str | None = None
    """Bevoegd bestuursorgaan, where a power was used."""
    titel: str | None = None
    """Under which title: ``eigen``, ``mandaat``, ``delegatie`` or ``open`` (the source leaves it open)."""
    thema: str | None = None
    actorrol: str
    actororganisatie: str | None = None
    actorid: str
    inrichtingversie: str | None = None
    """``<sleutel of the gemeente>@<version>`` of the inrichting that held on the day of the act."""
    grondslag: str = ""
    externereferentie: str | None = None
    geimporteerd: bool = False
    """Imported history: it triggers no reactions."""

    @property
    def service(self) -> str:
        """The service that logged it."""
        return service_of(self.source)

    @property
    def stream(self) -> Stream:
        """The stream it stands in."""
        return Stream(self.gemeente, self.stroom, self.subject)

    @property
    def position(self) -> Position:
        """Where it stands, for whoever must wait for it."""
        return Position(self.service, self.stream, self.sequence)

    @property
    def name(self) -> str:
        """``melding-geregistreerd`` of ``nl.overheid.wmo.melding-geregistreerd``; a version suffix stays."""
        return self.type.removeprefix(TYPE_PREFIX)

    @property
    def unread(self) -> str | None:
        """The text of an envelope that was not opened; ``None`` once it was, or when it never had one."""
        return self._text

    def attributes(self) -> dict[str, str]:
        """The CloudEvents attributes as strings; what is absent is left out."""
        if self._text is not None:
            return _in_order(_parsed(self._text))
        found: dict[str, str] = {"specversion": SPECVERSION, "sequencetype": "Integer"}
        for name, value in zip(_NAMES, _values_of(self), strict=True):
            if value.__class__ is str:
                if value:
                    found[name] = value
            elif value is not None and value is not False and value != "":
                found[name] = _as_text(value)
        return found

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> Envelope:
        """The envelope of these attributes; unknown ones are ignored (a later version may add some).

        Raises:
            KeyError: a required attribute is missing.
            ValueError: a date, moment or number does not parse.
        """
        made = object.__new__(cls)
        _fill(made, attributes)
        return made

    @classmethod
    def unopened(
        cls, text: str, gemeente: str, stroom: str, subject: str, sequence: int, event_id: str, event_type: str
    ) -> Envelope:
        """The envelope in a text of the log, not opened yet: that happens when something is asked that is not at hand.

        Reading a log costs half as much so, for most of what passes is asked for no more than where it stands.

        Args:
            text: the attributes as canonical JSON, as the chain has them (:func:`casuslog.store._chain.canonical`).
            gemeente, stroom, subject, sequence, event_id, event_type: what the store keeps beside that text; that they
                repeat it is part of what ``verify`` checks.

        Raises:
            KeyError, ValueError: the text is no envelope: here, or where an attribute is first asked for.
        """
        begin = text.find(_DATASCHEMA)
        end = text.find('"', begin + len(_DATASCHEMA))
        if begin < 0 or end < 0:
            return cls.from_attributes(_parsed(text))
        made = object.__new__(cls)
        _put_text(made, text)
        _put_dataschema(made, text[begin + len(_DATASCHEMA) : end])
        _put_gemeente(made, gemeente)
        _put_stroom(made, stroom)
        _put_subject(made, subject)
        _put_sequence(made, sequence)
        _put_id(made, event_id)
        _put_type(made, event_type)
        return made

    @classmethod
    def written(
        cls, text: str, stream: Stream, sequence: int, event_id: str, event_type: str, dataschema: str, time: datetime
    ) -> Envelope:
        """The envelope whose text was made just now, not opened; what its writer has at hand beside the text."""
        made = object.__new__(cls)
        _put_text(made, text)
        _put_dataschema(made, dataschema)
        _put_gemeente(made, stream.gemeente)
        _put_stroom(made, stream.kind)
        _put_subject(made, stream.id)
        _put_sequence(made, sequence)
        _put_id(made, event_id)
        _put_type(made, event_type)
        _put_time(made, time)
        return made

    if not TYPE_CHECKING:  # or every name would seem to be an attribute

        def __getattr__(self, name: str) -> Any:
            """Asked for where nothing stands yet."""
            if name == "_text":
                return None
            put, text = _PUTS.get(name), self._text
            if put is None:
                raise AttributeError(f"an envelope has no {name}", name=name, obj=self)
            if text is None:
                # Another thread has opened it since nothing stood here.
                return object.__getattribute__(self, name)
            at_a_glance = _AT_A_GLANCE.get(name)
            value = None if at_a_glance is None else at_a_glance(text)
            if value is None:
                _open(self, text)
                return getattr(self, name)
            put(self, value)
            return value


_DATASCHEMA = '"dataschema":"'
_SOURCE = '"source":"urn:nld:oin:'
_IMPORTED = '"geimporteerd":"'
_TIME = '"time":"'
_FEITDATUM = '"feitdatum":"'
"""How they stand in a text of the log. No value can hold one: quotes in values are escaped."""
_MOMENT = len("2017-01-01T00:00:00.000000Z")


def _source(text: str) -> str | None:
    begin = text.find(_SOURCE) + len('"source":"')
    source = text[begin : text.find('"', begin)]
    return source if source.startswith("urn:nld:oin:") and "\\" not in source else None


def _imported(text: str) -> bool:
    return _IMPORTED in text and f'{_IMPORTED}true"' in text


def _time(text: str) -> datetime | None:
    begin = text.find(_TIME) + len(_TIME)
    try:
        time = datetime.fromisoformat(text[begin : begin + _MOMENT])
    except ValueError:
        return None
    return time if time.tzinfo is UTC else None


def _feitdatum(text: str) -> date | None:
    begin = text.find(_FEITDATUM) + len(_FEITDATUM)
    try:
        return date.fromisoformat(text[begin : begin + 10])
    except ValueError:
        return None


_AT_A_GLANCE: Mapping[str, Callable[[str], Any]] = {
    "source": _source,
    "geimporteerd": _imported,
    "time": _time,
    "feitdatum": _feitdatum,
}
"""What whoever passes events on asks of each; ``None`` where opening must tell."""

_NAMES = tuple(f.name for f in dataclasses.fields(Envelope))
_values_of = attrgetter(*_NAMES)
_REQUIRED = tuple(f.name for f in dataclasses.fields(Envelope) if f.default is dataclasses.MISSING)
_DEFAULTS = {f.name: f.default for f in dataclasses.fields(Envelope) if f.default is not dataclasses.MISSING}
_Put = Callable[[Envelope, Any], None]
_PUTS: dict[str, _Put] = {name: getattr(Envelope, name).__set__ for name in _NAMES}
_put_time, _put_feitdatum, _put_sequence, _put_geimporteerd = (
    _PUTS[name] for name in ("time", "feitdatum", "sequence", "geimporteerd")
)
_put_id, _put_type, _put_gemeente, _put_stroom, _put_subject, _put_dataschema = (
    _PUTS[name] for name in ("id", "type", "gemeente", "stroom", "subject", "dataschema")
)
_put_text: _Put = _Kept.__dict__["_text"].__set__
_parse = json.JSONDecoder().decode
_begin = json.JSONDecoder().raw_decode


class _Shape(NamedTuple):
    """Which attributes an envelope came with. There are few such sets, and many envelopes of each."""

    puts: tuple[_Put, ...]
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    """The values for ``puts``."""
    absent: tuple[tuple[_Put, Any], ...]
    """What holds where an attribute was left out."""


@functools.lru_cache(maxsize=1024)
def _shape(names: tuple[str, ...]) -> _Shape:
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise KeyError(f"the envelope lacks {', '.join(missing)}")
    present = [name for name in _NAMES if name in names]
    absent = tuple((_PUTS[name], default) for name, default in _DEFAULTS.items() if name not in names)
    return _Shape(tuple(_PUTS[name] for name in present), itemgetter(*present), absent)


def _open(unopened: Envelope, text: str) -> None:
    attributes = _parsed(text)
    e = unopened
    beside = (e.gemeente, e.stroom, e.subject, str(e.sequence), e.id, e.type)
    if beside != _beside(attributes):
        raise ValueError(f"what is kept beside the envelope of {e.stream}/{e.sequence} is not what it says")
    _fill(unopened, attributes)


_beside = itemgetter("gemeente", "stroom", "subject", "sequence", "id", "type")


def _fill(made: Envelope, attributes: Mapping[str, Any]) -> None:
    shape = _shape(tuple(attributes))
    time = datetime.fromisoformat(str(attributes["time"]))
    day, sequence = date.fromisoformat(str(attributes["feitdatum"])), int(attributes["sequence"])
    # Slot by slot, as the frozen class would do it itself: its keyword arguments took half of all reading.
    for put, value in zip(shape.puts, shape.values(attributes), strict=True):
        put(made, value)
    for put, value in shape.absent:
        put(made, value)
    _put_time(made, time if time.tzinfo is UTC else time.astimezone(UTC))
    _put_feitdatum(made, day)
    _put_sequence(made, sequence)
    _put_geimporteerd(made, attributes.get("geimporteerd") == "true")
    _put_text(made, None)


def _parsed(text: str) -> dict[str, str]:
    # Our own texts begin at once and have nothing after their end; of any other the decoder says what it is.
    found, end = _begin(text) if text.startswith("{") else (None, -1)
    if end != len(text):
        found = _parse(text)
    if not isinstance(found, dict):
        raise ValueError("an envelope is a JSON object")
    return found


_ORDER = ("specversion", "sequencetype", *_NAMES)


def _in_order(attributes: Mapping[str, str]) -> dict[str, str]:
    names, values = _ordered(tuple(attributes))
    return dict(zip(names, values(attributes), strict=True))


@functools.lru_cache(maxsize=1024)
def _ordered(names: tuple[str, ...]) -> tuple[tuple[str, ...], Callable[[Mapping[str, str]], tuple[str, ...]]]:
    known = in_order(names)
    return known, itemgetter(*known)


def in_order(names: Collection[str]) -> tuple[str, ...]:
    """Names of attributes in the order of :meth:`Envelope.attributes`, without those that are none of its."""
    return tuple(name for name in _ORDER if name in names)


@dataclass(frozen=True, slots=True)
class Position:
    """Where an event stands among those of its service: what an answer to a command names and others await."""

    service: str
    stream: Stream
    sequence: int

    def __str__(self) -> str:
        return f"{self.service}/{self.stream}/{self.sequence}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """Read ``<service>/<gemeente>/<kind>/<id>/<sequence>``.

        Raises:
            ValueError: it has another form.
        """
        parts = text.split("/")
        if len(parts) != 5 or not parts[4].isdigit():
            raise ValueError(f"{text!r} is no position; it has the form service/gemeente/stroom/subject/sequence")
        service, gemeente, kind, stream_id, sequence = parts
        return cls(service, Stream(gemeente, kind, stream_id), int(sequence))


def _as_text(value: Any) -> str:
    if value is True:
        return "true"
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
