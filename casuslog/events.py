"""What an event is: a fact that a professional would say aloud, declared once, with the meaning of every field.

An event type is a frozen dataclass under :func:`event_type`. Every field says what it means and to which privacy class
it belongs::

    @event_type("melding-bevestigd", service="melding", rule="Wmo 2015 art. 2.3.2 lid 1")
    class MeldingBevestigd(DomainEvent):
        \"\"\"Het college heeft de ontvangst van de melding bevestigd.\"\"\"

        aan: Annotated[tuple[str, ...], feit("wie de bevestiging kreeg", codes="betrokkene")]

The Avro schema in ``schemas/<service>/<Name>.avsc`` is generated from the class (``casuslog schema write``) and guarded
by the schema gate, so that the class and the public contract cannot drift apart.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar, cast, dataclass_transform, get_type_hints

TYPE_PREFIX = "nl.overheid.wmo."
"""Prefix of every wire type. NL GOV profile for CloudEvents: reverse DNS, no organisation name."""


class Privacy(StrEnum):
    """The class of a field: it decides in which encrypted block, under which key, its value is kept.

    Facts about a casus are still about a person, so both classes are encrypted at rest and in the log.
    """

    FEIT = "feit"
    """Codes, dates, amounts, hours, ids."""
    PERSOONSGEGEVEN = "persoonsgegeven"
    """Name, address, BSN, free text, health, scores."""


@dataclass(frozen=True, slots=True)
class FieldMark:
    """What an event field means, and its privacy class."""

    privacy: Privacy
    doc: str
    codes: str | None = None
    """Name of the dated code list (``schemas/codelijsten/<name>.yaml``) that the value comes from."""
    unit: str | None = None
    """Unit of a number: ``eurocent``, ``minuut_per_week``, ``dag``, ``week``, ``procent``."""


def feit(doc: str, *, codes: str | None = None, unit: str | None = None) -> FieldMark:
    """Mark a field as ``feit``: a code, date, amount, quantity or id."""
    return FieldMark(Privacy.FEIT, doc, codes, unit)


def persoonsgegeven(doc: str) -> FieldMark:
    """Mark a field as ``persoonsgegeven``: name, address, BSN, free text, health, scores."""
    return FieldMark(Privacy.PERSOONSGEGEVEN, doc)


@dataclass(frozen=True, slots=True)
class EventMeta:
    """What is known of an event type besides its fields."""

    name: str
    wire_type: str
    service: str
    rule: str
    version: int
    stream: str = ""
    """Kind of stream in which it stands: that of its service unless it says otherwise; empty where several services
    log it."""


class DomainEvent:
    """Base of every event type. Holds no behaviour: an event is a value."""

    __slots__ = ()
    __event__: ClassVar[EventMeta]


class Part:
    """Base of a value inside an event (a budget line, a product line): a frozen dataclass without a life of its own."""

    __slots__ = ()


_E = TypeVar("_E", bound=DomainEvent)
_P = TypeVar("_P", bound=Part)
_TYPES: dict[str, type[DomainEvent]] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event_type(wire: str, *, service: str, rule: str = "", version: int = 1, stream: str | None = None) -> Any:
    """Declare an event type.

    Args:
        wire: what follows :data:`TYPE_PREFIX` in the wire type: ``<object>-<voltooid deelwoord>``, lower case.
        service: the folder under ``schemas/`` that holds the contract: the owning service, or a shared room.
        rule: the article or bron under which the fact usually holds; a :class:`Fact` may name a more exact one.
        version: major version; from 2 on the wire type ends in ``.v2``.
        stream: kind of stream in which it stands, where that is not called as the service.

    Raises:
        TypeError: a field has no mark, or the name or the wire type was declared before.
    """

    def declare(cls: type[_E]) -> type[_E]:
        made = dataclass(frozen=True, kw_only=True)(cls)
        suffix = f".v{version}" if version > 1 else ""
        kind = service if stream is None else stream
        meta = EventMeta(cls.__name__, f"{TYPE_PREFIX}{wire}{suffix}", service, rule, version, kind)
        _check_marks(made)
        known = _TYPES.get(meta.wire_type)
        if known is not None and known.__qualname__ != made.__qualname__:
            raise TypeError(f"{meta.wire_type} is declared twice: {known.__name__} and {made.__name__}")
        made.__event__ = meta
        _TYPES[meta.wire_type] = made
        return made

    return declare


@dataclass_transform(frozen_default=True, kw_only_default=True)
def part(cls: type[_P]) -> type[_P]:
    """Declare a :class:`Part`; its fields carry marks as the fields of an event do, all of one privacy class."""
    made = dataclass(frozen=True, kw_only=True)(cls)
    _check_marks(made)
    return made


def event_types() -> Mapping[str, type[DomainEvent]]:
    """All declared event types by wire type."""
    return MappingProxyType(_TYPES)


def field_marks(cls: type) -> dict[str, FieldMark]:
    """The mark of each field of an event type or part, in order."""
    hints = get_type_hints(cls, include_extras=True)
    return {f.name: _mark_of(hints[f.name]) for f in dataclasses.fields(cls)}


def _mark_of(hint: Any) -> FieldMark:
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, FieldMark):
            return extra
    raise TypeError(f"no feit(...) or persoonsgegeven(...) on {hint!r}")


def _check_marks(cls: type) -> None:
    for name, hint in get_type_hints(cls, include_extras=True).items():
        if name == "__event__":
            continue
        try:
            _mark_of(hint)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}.{name}: {error}") from None


CLIENT = "client"
"""The betrokkene of a fact unless it says otherwise: the person whom the casus is about."""


@dataclass(frozen=True, slots=True)
class Fact:
    """An event with the day of the fact: what *decide* yields and *evolve* folds.

    ``on`` is the day on which it happened (feitdatum), which is not the day on which it was recorded.
    ``rule`` is the article or bron under which it holds; empty means the one of the event type.
    ``betrokkene`` is whose data it holds (a mantelzorger is a person too): the encryption key is per betrokkene.
    ``corrects`` is the id of the event that this one corrects.
    ``attributes`` are envelope attributes that the decision itself determines (``titel``, ``orgaan``).
    """

    data: DomainEvent
    on: date
    rule: str = ""
    betrokkene: str = CLIENT
    corrects: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def grondslag(self) -> str:
        """The rule to show: the fact's own, else the one of its type."""
        return self.rule or self.data.__event__.rule


class Vernietigd:
    """The value of a field whose key has been destroyed. There is one: :data:`VERNIETIGD`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "vernietigd"

    def __bool__(self) -> bool:
        return False


VERNIETIGD = Vernietigd()
"""What a reader gets in the place of a value that can no longer be read: an answer, not an error and not ``None``."""


def is_destroyed(event: DomainEvent) -> bool:
    """Whether its facts can no longer be read: the key of its class ``feit`` has been destroyed.

    An *evolve* asks it before it looks inside: a destroyed dossier folds to an answer, not to an error.
    """
    return any(getattr(event, name) is VERNIETIGD for name in _facts_of(cast(type, type(event))))


@functools.cache
def _facts_of(cls: type) -> tuple[str, ...]:
    return tuple(name for name, mark in field_marks(cls).items() if mark.privacy is Privacy.FEIT)
