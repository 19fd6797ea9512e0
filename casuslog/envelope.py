"""The envelope of an event: CloudEvents 1.0 in the NL GOV profile 1.1, all that stays readable.

Attribute names are the names on the wire. Nothing in here may identify a person: intermediaries log it.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
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
        return self.source.rpartition(":")[2]

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

    def attributes(self) -> dict[str, str]:
        """The CloudEvents attributes as strings; what is absent is left out."""
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
        shape = _shape(tuple(attributes))
        time = datetime.fromisoformat(str(attributes["time"]))
        made = object.__new__(cls)
        # Slot by slot, as the frozen class would do it itself: its keyword arguments took half of all reading.
        for put, value in zip(shape.puts, shape.values(attributes), strict=True):
            put(made, value)
        for put, value in shape.absent:
            put(made, value)
        _put_time(made, time if time.tzinfo is UTC else time.astimezone(UTC))
        _put_feitdatum(made, date.fromisoformat(str(attributes["feitdatum"])))
        _put_sequence(made, int(attributes["sequence"]))
        _put_geimporteerd(made, attributes.get("geimporteerd") == "true")
        return made


_NAMES = tuple(f.name for f in dataclasses.fields(Envelope))
_values_of = attrgetter(*_NAMES)
_REQUIRED = tuple(f.name for f in dataclasses.fields(Envelope) if f.default is dataclasses.MISSING)
_DEFAULTS = {f.name: f.default for f in dataclasses.fields(Envelope) if f.default is not dataclasses.MISSING}
_Put = Callable[[Envelope, Any], None]
_PUTS: dict[str, _Put] = {name: getattr(Envelope, name).__set__ for name in _NAMES}
_put_time, _put_feitdatum, _put_sequence, _put_geimporteerd = (
    _PUTS[name] for name in ("time", "feitdatum", "sequence", "geimporteerd")
)


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
